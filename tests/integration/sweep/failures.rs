//! Runs that fail, and disks that do.

use super::{policies_and_devices, scenario, stratosim, sweep, tables, text_of, write};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use stratosim::apps::{Context, Message, Workload};
use stratosim::engine::{Phase, SimTime};
use stratosim::scenario::{BuildWorkload, Document, Registry, WorkloadSite};
use stratosim::sweep::{RunId, Sweep};

/// Panics after a second, or does nothing.
#[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bomb {
    goes_off: bool,
}

impl Workload for Bomb {
    fn name(&self) -> &str {
        "bomb"
    }

    fn start(&mut self, context: &mut dyn Context) {
        context.set_timer(SimTime::from_secs(1.0), Phase::Demand, Message::default());
    }

    fn on_timer(&mut self, _: Message, _: &mut dyn Context) {
        assert!(!self.goes_off, "the bomb went off");
    }

    fn summary(&self) -> Value {
        json!({ "alive": 1 })
    }
}

impl BuildWorkload for Bomb {
    fn build(&self, _: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        Some(Box::new(Bomb { goes_off: self.goes_off }))
    }
}

fn bombs() -> Sweep {
    let mut registry = Registry::with_builtins();
    registry.workload::<Bomb>("bomb");
    let mut scenario = scenario();
    scenario["workloads"] = json!([{ "kind": "bomb", "goes_off": false }]);
    let text = json!({
        "scenario": scenario,
        "axes": [{ "name": "bomb", "path": "workloads[0].goes_off", "values": [false, true] },
                 { "name": "devices", "path": "nodes[2].count", "values": [6, 12] }],
        "drop": [{ "bomb": true, "devices": 6 }],
        "replications": 2,
        "metrics": ["workloads.bomb.alive"]
    });
    let document = Document::parse("bombs.json", &text.to_string()).expect("it is JSON");
    Sweep::new(document, Path::new("."), registry).expect("it is good")
}

#[test]
fn a_run_that_panics_is_told_and_the_others_are_kept() {
    let directory = tempfile::tempdir().expect("it can be created");
    let out = directory.path().join("out");
    let results = bombs().jobs(2).out(&out).run().expect("the others run");
    let failed: Vec<RunId> = results.failed().map(|row| row.run).collect();
    assert_eq!(failed, [0, 1].map(|replication| RunId { point: 2, replication }));
    let text = fs::read_to_string(out.join("results.csv")).expect("it was written");
    let expected = "point,replication,seed,bomb,devices,workloads.bomb.alive,status,error\n\
                    0,0,40,false,6,1,done,\n0,1,41,false,6,1,done,\n\
                    1,0,40,false,12,1,done,\n1,1,41,false,12,1,done,\n\
                    2,0,40,true,12,,failed,it panicked: the bomb went off\n\
                    2,1,41,true,12,,failed,it panicked: the bomb went off\n";
    assert_eq!(text, expected);

    // Resuming tries the failed runs again, and only these.
    let tried = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&tried);
    let watch = move |progress: &stratosim::sweep::Progress| {
        told.lock().expect("nobody panicked").push((progress.finished, progress.total));
    };
    bombs().out(&out).resume().watch(watch).run().expect("the others ran");
    assert_eq!(*tried.lock().expect("nobody panicked"), [(4, 6), (5, 6), (6, 6)]);
    assert_eq!(fs::read_to_string(out.join("results.csv")).expect("it was written"), expected);

    // The command line says so by its exit code.
    let whole = directory.path().join("whole");
    let output = stratosim(&["merge", text_of(&whole), text_of(&out)]);
    let message = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(
        message,
        "2 runs failed:\n  00002-000 (bomb = true, devices = 12), seed 40: it panicked: the bomb went off\n  \
         00002-001 (bomb = true, devices = 12), seed 41: it panicked: the bomb went off\n"
    );
    assert_eq!(fs::read_to_string(whole.join("results.csv")).expect("it was written"), expected);
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_sweep_and_keeps_what_is_there() {
    let directory = tempfile::tempdir().expect("it can be created");
    let out = directory.path().join("out");
    // A directory stands where the result of a run is to go.
    let obstacle = out.join("runs/00003-000.json");
    fs::create_dir_all(obstacle.join("x")).expect("it is new");
    let keys = json!({ "axes": policies_and_devices(), "metrics": ["handovers"] });
    let file = write(directory.path(), &sweep(&keys));
    let output = stratosim(&["sweep", text_of(&file), "--out", text_of(&out), "--jobs", "1"]);
    let message = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("00003-000.json") && message.contains("--resume"), "{message}");
    assert!(!out.join("results.csv").exists());
    fs::remove_dir_all(&obstacle).expect("it is there");
    let output = stratosim(&["sweep", text_of(&file), "--out", text_of(&out), "--resume"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let undisturbed = directory.path().join("undisturbed");
    Sweep::from_file(&file).expect("it is good").out(&undisturbed).run().expect("it runs");
    assert_eq!(tables(&out), tables(&undisturbed));
}
