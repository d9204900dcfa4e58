//! What it costs to audit and repair applications each step, while all latencies, bandwidths and offers change: sock
//! shops on the sparse hierarchies that ECLYPSE was measured on, and larger ones.
//!
//! `cargo bench --no-default-features --bench services`, or with sizes and a policy of one's own: `... -- 1000 50 40
//! best_fit` for 1 000 nodes, 50 applications and 40 steps. Each size runs in a process of its own, so that peak memory is
//! its own.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;
use stratosim::apps::{Context, Message, ServicePlacementRequest, Workload};
use stratosim::engine::{Phase, SimDuration, SimTime};
use stratosim::infra::applications::{
    ApplicationNeeds, InteractionNeeds, ReplicaIndex, ReplicaNeeds, Violation, ViolationKind,
};
use stratosim::infra::assets::AssetId;
use stratosim::infra::{ApplicationId, NodeId};
use stratosim::placement::services::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use stratosim::records::NoRecords;
use stratosim::scenario::{BuildWorkload, Document, Registry, WorkloadSite, library, load};

const SIZES: [(u32, u32, u32); 4] =
    [(200, 10, 100), (1_000, 50, 100), (1_000, 200, 50), (10_000, 1_000, 20)];
/// Tells the program to run one size in this process.
const ONE: &str = "--one";

/// What each step did.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    audit_s: f64,
    repair_s: f64,
    violations: usize,
    asked: usize,
    placed: usize,
}

static STEPS: Mutex<Vec<Step>> = Mutex::new(Vec::new());

/// Replicas one after the other, each on the nearest node to a neighbour that is placed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Near {
    #[serde(skip)]
    near: Vec<NodeId>,
}

/// Nodes that are looked at for one replica.
const MOST_LOOKED_AT: usize = 64;

impl ServicePlacementPolicy for Near {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        let start = view.checkpoint();
        let mut fault = Violation::new(ViolationKind::NodeDown);
        // Where nobody is placed, the first one goes where chance says.
        for attempt in 0..4 {
            view.rollback(start);
            let count = view.candidates().len().max(1);
            let shift = view.random().random_range(0..count);
            let placed = view.open().iter().try_for_each(|&replica| {
                let neighbour = view
                    .interactions_of(replica)
                    .find_map(|own| Some((view.node_of(own.other)?, own.needs.latency_s)));
                self.near.clear();
                match neighbour {
                    Some((node, limit_s)) => {
                        let near = view.distances(node, limit_s).take(MOST_LOOKED_AT);
                        self.near.extend(near.map(|(node, _)| node));
                    }
                    None => {
                        let around = view.candidates().iter().cycle().skip(shift);
                        self.near.extend(around.take(MOST_LOOKED_AT));
                    }
                }
                let found = self.near.iter().any(|&node| match view.assign(replica, node) {
                    Ok(()) => true,
                    Err(short) => {
                        fault = short;
                        false
                    }
                });
                if found { Ok(()) } else { Err(attempt) }
            });
            if placed.is_ok() {
                return view.decided();
            }
        }
        ServicePlacementDecision::Reject(fault)
    }
}

/// Audits sock shops each second and asks for places of what is at fault, without requests.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Auditor {
    applications: u32,
    #[serde(skip)]
    ids: Vec<ApplicationId>,
    #[serde(skip)]
    shops: Vec<ApplicationNeeds>,
}

fn sock_shop() -> ApplicationNeeds {
    let spec = library::application("sock_shop").expect("it is in the library");
    let number = |name: &str| {
        let place = spec.services.iter().position(|own| own.name == name);
        ReplicaIndex(place.expect("interactions are between services") as u32)
    };
    let replicas = (0..).zip(&spec.services).map(|(service, own)| {
        let needs = &own.requires;
        let amounts = [
            (AssetId::CORES, needs.cores),
            (AssetId::MEMORY_BYTES, needs.memory.as_bytes()),
            (AssetId::STORAGE_BYTES, needs.storage.as_bytes()),
            (AssetId::AVAILABILITY, needs.availability.as_fraction()),
        ];
        ReplicaNeeds { service, amounts: amounts.into(), labels: Vec::new() }
    });
    let replicas = replicas.collect();
    let mut interactions = Vec::new();
    for own in &spec.interactions {
        let (from, to) = (number(&own.from), number(&own.to));
        let there = InteractionNeeds {
            from,
            to,
            interaction: interactions.len() as u32,
            latency_s: own.latency.map_or(f64::INFINITY, |latency| latency.as_secs()),
            bandwidth_bps: own.bandwidth.as_bps(),
        };
        interactions.push(there);
        if own.symmetric {
            interactions.push(InteractionNeeds { from: to, to: from, ..there });
        }
    }
    assert_eq!(interactions.len(), 12);
    let services = spec.services.iter().map(|own| own.name.clone()).collect();
    ApplicationNeeds { name: "sock_shop".into(), services, replicas, interactions }
}

impl BuildWorkload for Auditor {
    fn build(&self, _: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let shops = vec![sock_shop(); self.applications as usize];
        Some(Box::new(Auditor { shops, ..self.clone() }))
    }
}

impl Workload for Auditor {
    fn name(&self) -> &str {
        "auditor"
    }

    fn start(&mut self, context: &mut dyn Context) {
        let shops = self.shops.drain(..);
        self.ids = shops.map(|shop| context.infrastructure().add_application(shop)).collect();
        context.set_timer(SimTime::ZERO, Phase::Control, Message::default());
    }

    fn on_timer(&mut self, _: Message, context: &mut dyn Context) {
        let mut step = Step::default();
        let mut found = Vec::new();
        for &id in &self.ids {
            found.clear();
            let started = Instant::now();
            context.infrastructure().audit(id, &mut found);
            step.audit_s += started.elapsed().as_secs_f64();
            step.violations += found.len();
            let started = Instant::now();
            let mut open: Vec<ReplicaIndex> = found.iter().filter_map(|own| own.replica).collect();
            let own = context.infrastructure().application(id);
            let missing = (0..own.needs().replicas.len() as u32).map(ReplicaIndex);
            open.extend(missing.filter(|&replica| own.node_of(replica).is_none()));
            open.sort_unstable();
            open.dedup();
            if !open.is_empty() {
                step.asked += 1;
                let request = ServicePlacementRequest {
                    application: id,
                    number: 0,
                    open: &open,
                    nodes: None,
                    previous: &[],
                };
                if context.decide_service_placement(&request).result.is_err() {
                    // All of it next time.
                    (0..7).for_each(|replica| context.displace(id, ReplicaIndex(replica)));
                }
            }
            step.placed += usize::from(context.infrastructure().application(id).is_placed());
            step.repair_s += started.elapsed().as_secs_f64();
        }
        STEPS.lock().expect("nobody panics").push(step);
        let next = context.now() + SimDuration::from_secs(1.0);
        context.set_timer(next, Phase::Control, Message::default());
    }

    fn summary(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

fn scenario(nodes: u32, applications: u32, steps: u32, policy: &str) -> String {
    let levels = r#"["l0", "l1", "l2", "l3"]"#;
    let jitter = |of: &str, attribute: &str| {
        format!(
            r#"{{ {of}, "attribute": "{attribute}", "schedule": {{ "every": "1 s" }},
                 "change": {{ "kind": "additive_jitter", "amplitude": "20 %" }} }}"#
        )
    };
    let (links, all) = (r#""links": "*""#, format!(r#""nodes": {levels}"#));
    let changes = [
        jitter(links, "latency"),
        jitter(links, "bandwidth"),
        jitter(&all, "cores"),
        jitter(&all, "memory"),
        jitter(&all, "storage"),
        format!(
            r#"{{ {all}, "attribute": "availability", "schedule": {{ "every": "1 s" }},
                 "change": {{ "kind": "availability_flap", "p_fail": "2 %", "p_repair": "50 %" }} }}"#
        ),
    ];
    format!(
        r#"{{
          "duration": "{steps} s",
          "infrastructure": {{ "library": "hierarchical", "nodes": {nodes}, "uplinks": 3, "values": "drawn" }},
          "dynamics": [{}],
          "workloads": [{{ "kind": "auditor", "applications": {applications} }}],
          "policies": {{ "service_placement": {{ "kind": "{policy}" }} }},
          "output": {{ "sample": {{ "interval": "0 s" }} }}
        }}"#,
        changes.join(", ")
    )
}

/// Peak resident memory of this process in MiB; zero where the system does not tell.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

fn run(nodes: u32, applications: u32, steps: u32, policy: &str) {
    let mut registry = Registry::with_builtins();
    registry.workload::<Auditor>("auditor").service_placement::<Near>("near");
    let text = scenario(nodes, applications, steps, policy);
    let document = Document::parse("services.json", &text).expect("it is JSON");
    let loaded = load(&document, &registry, ".".as_ref()).expect("it is good");
    let links = loaded.scenario.network.links.len();
    let simulation = loaded.world.build(Box::new(NoRecords)).expect("it fits together");
    let started = Instant::now();
    simulation.run().expect("it runs to its end");
    let run_s = started.elapsed().as_secs_f64();
    let all = STEPS.lock().expect("nobody panics");
    // The first step places all; it is told apart.
    let (first, rest) = all.split_first().expect("there is a step");
    let mut times: Vec<f64> = rest.iter().map(|own| own.audit_s + own.repair_s).collect();
    times.sort_unstable_by(f64::total_cmp);
    let count = rest.len() as f64;
    let mean = |of: fn(&Step) -> f64| rest.iter().map(of).sum::<f64>() / count;
    println!(
        "| {nodes} | {links} | {applications} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} | {:.3} | {:.1} | {:.0} |",
        1e3 * (first.audit_s + first.repair_s),
        1e3 * times[times.len() / 2],
        1e3 * times[times.len() * 95 / 100],
        1e3 * mean(|own| own.audit_s),
        1e3 * mean(|own| own.repair_s),
        mean(|own| own.violations as f64),
        mean(|own| own.asked as f64),
        mean(|own| own.placed as f64) / f64::from(applications),
        run_s,
        peak_mib()
    );
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments.retain(|argument| argument != "--bench");
    let is_one = arguments.first().is_some_and(|first| first == ONE);
    arguments.retain(|argument| argument != ONE);
    let numbers: Vec<u32> = arguments.iter().filter_map(|size| size.parse().ok()).collect();
    let policy = arguments.iter().find(|own| own.parse::<u32>().is_err());
    let policy = policy.map_or("near", String::as_str);
    if let (true, [nodes, applications, steps]) = (is_one, numbers.as_slice()) {
        return run(*nodes, *applications, *steps, policy);
    }
    let sizes = match numbers.as_slice() {
        [nodes, applications, steps] => vec![(*nodes, *applications, *steps)],
        _ => SIZES.to_vec(),
    };
    println!(
        "| nodes | links | applications | first ms | median ms | 95 % ms | audit ms | repair ms | violations | asked | placed | run s | peak MiB |"
    );
    println!("|{}", " ---: |".repeat(13));
    let program = std::env::current_exe().expect("the program has a path");
    for (nodes, applications, steps) in sizes {
        let size = [nodes, applications, steps].map(|number| number.to_string());
        let status = Command::new(&program).arg(ONE).args(size).arg(policy).status();
        assert!(status.is_ok_and(|status| status.success()), "{nodes} nodes failed");
    }
}
