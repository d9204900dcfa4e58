//! Rows of tables seen while the run goes on: which edge node is the slowest, minute by minute.
//!
//! The observer is told of each row on the thread that simulates, before it is in any file. Here it keeps the tasks
//! of a minute and prints what they came to when the first row of the next minute comes; it might as well send them
//! to a dashboard or to a learner.

use std::collections::BTreeMap;
use std::error::Error;
use stratosim::output::{RowObserver, Rows};
use stratosim::prelude::*;
use stratosim::scenario::{Document, Registry, load};

const SCENARIO: &str = r#"{
  "duration": "5 min",
  "nodes": [{ "tier": "edge", "count": 4 }, { "tier": "device", "count": 50 }],
  "policies": { "offloading": { "kind": "nearest" } },
  "output": { "tables": ["tasks"] }
}"#;

/// Tasks and seconds of service of each node in the present minute.
#[derive(Default)]
struct SlowestNode {
    minute: u64,
    nodes: BTreeMap<String, (u32, f64)>,
}

impl SlowestNode {
    fn tell(&mut self) {
        let nodes = std::mem::take(&mut self.nodes);
        let means =
            nodes.into_iter().map(|(node, (tasks, sum_s))| (node, tasks, sum_s / f64::from(tasks)));
        if let Some((node, tasks, mean_s)) = means.max_by(|one, other| one.2.total_cmp(&other.2)) {
            println!(
                "minute {}: {node} with {mean_s:.3} s on average of {tasks} tasks",
                self.minute + 1
            );
        }
    }
}

impl RowObserver for SlowestNode {
    fn row(&mut self, rows: Rows<'_>, row: usize) {
        let cell = |name| rows.spec().column(name).map(|column| rows.cell(row, column));
        if let (Some(Cell::Float(t_s)), Some(Cell::Text(node)), Some(Cell::Float(service_s))) =
            (cell("t_s"), cell("node"), cell("service_s"))
        {
            let minute = (t_s / 60.0) as u64;
            if minute > self.minute {
                self.tell();
                self.minute = minute;
            }
            let (tasks, sum_s) = self.nodes.entry(node.to_owned()).or_default();
            *tasks += 1;
            *sum_s += service_s;
        }
    }
}

impl Drop for SlowestNode {
    fn drop(&mut self) {
        self.tell();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let document = Document::parse("follow.json", SCENARIO)?;
    let loaded = load(&document, &Registry::with_builtins(), ".".as_ref())?;
    let mut recorder = Recorder::new(Destination::Discard, TableSelection::All);
    recorder.observe(["tasks"], SlowestNode::default());
    let finished = loaded.world.build(Box::new(recorder))?.run()?;
    drop(finished.records);
    let tasks = &finished.summary["workloads"]["tasks"];
    println!("all: {} s on average of {} tasks", tasks["service_s"]["mean"], tasks["created"]);
    Ok(())
}
