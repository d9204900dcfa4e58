//! What does a way to collaborate cost, and what does it give when the network parts? Six sites on a ring, 5 ms from each to the next, of
//! which two are cut off for twenty minutes of an hour: no collaboration, a centre, three replicas, and a policy of our own.

use std::error::Error;
use stratosim::apps::agents::{AgentOptions, CarriedBy};
use stratosim::apps::geo::{GeoPlan, GeoWorkload, KindPlan, LeaderRule, ReadRule, UserPlan};
use stratosim::engine::SimTime;
use stratosim::infra::network::LinkSpec;
use stratosim::infra::{FaultTarget, FaultTimes};
use stratosim::placement::scopes::{Centralised, LocalOnly, Nearest, ResourceScopePolicy, ScopeView};
use stratosim::prelude::*;
use stratosim::replication::{GroupOptions, Mode, ValueKind};
use stratosim::scope::{Catalogue, Ownership, Place, ResourceKind, SiteIndex};

const SITES: u32 = 6;

/// Two replicas: on the site itself, and on the other side of the ring.
#[derive(Debug)]
struct Opposite;

impl ResourceScopePolicy for Opposite {
    fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
        let here = view.request().site;
        let sites = [here, (here + SITES / 2) % SITES];
        Some(Place::Both(sites.map(|site| Place::Site(SiteIndex(site))).to_vec()))
    }
}

fn plan(nodes: Vec<NodeId>, mode: Mode, reads: ReadRule) -> Result<GeoPlan, Box<dyn Error>> {
    let kind = ResourceKind {
        name: "pod".into(),
        service: "pods".into(),
        ownership: Ownership::Global,
        is_divisible: false,
    };
    let seconds = SimDuration::from_secs;
    Ok(GeoPlan {
        names: (1..=SITES).map(|site| format!("site-{site}")).collect(),
        sites: nodes,
        catalogue: Catalogue::new(vec![kind], Vec::new())?,
        kinds: vec![KindPlan {
            mode,
            reads,
            request_bytes: 1024.0,
            response_bytes: 4096.0,
            work_mi: [10.0; 4],
            calls: Vec::new(),
            share: 1.0,
            mix: [1.0, 90.0, 8.0, 1.0],
            scope: None,
            initial: 100,
            zipf: 0.9,
            locality: 0.6,
        }],
        scopes: Vec::new(),
        users: UserPlan {
            rate_per_s: vec![2.0; SITES as usize],
            from: SimTime::ZERO,
            until: SimTime::from_secs(3600.0),
            fail_over: false,
        },
        requests: Vec::new(),
        removals: Vec::new(),
        agents: AgentOptions {
            carried_by: CarriedBy::Paths,
            timeout: seconds(1.0),
            retries: 1,
            ..AgentOptions::new("geo")
        },
        heartbeat: seconds(1.0),
        unavailable_after: seconds(3.0),
        neighbours: 3,
        group: GroupOptions::default(),
        leader: LeaderRule::Creator,
        agreement_timeout: seconds(5.0),
        demand_epoch: seconds(3600.0),
    })
}

fn run(
    policy: Box<dyn ResourceScopePolicy>,
    (mode, reads): (Mode, ReadRule),
) -> Result<serde_json::Value, Box<dyn Error>> {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(3700.0));
    let class = NodeClass::new("site", Tier::Edge, SITES).with_cores(8, 10_000.0);
    let class = world.class(class, Static::at(vec![Position::ground(0.0, 0.0); SITES as usize])?);
    let nodes: Vec<NodeId> = world.nodes_of(class).collect();
    let mut ring = Vec::new();
    for (at, &node) in nodes.iter().enumerate() {
        let next = nodes[(at + 1) % nodes.len()];
        let link = LinkSpec::new(node, next, SimDuration::from_secs(0.005), 1e9);
        ring.push(world.link(format!("ring-{at}"), link));
    }
    // The first two sites are alone.
    for link in [ring[1], ring[5]] {
        let times = FaultTimes::Given([1200.0, 2400.0].map(SimTime::from_secs).to_vec());
        world.fault(FaultTarget::Link(link), times);
    }
    world.workload(GeoWorkload::new(plan(nodes, mode, reads)?));
    world.boxed_resource_scope("own", policy);
    let finished = world.build(Box::new(NoRecords))?.run()?;
    Ok(finished.summary["workloads"]["geo"].clone())
}

/// Its name, the policy, and how replicas are kept equal.
type Case = (&'static str, Box<dyn ResourceScopePolicy>, (Mode, ReadRule));

fn main() -> Result<(), Box<dyn Error>> {
    let eventual = (Mode::Eventual, ReadRule::Local);
    let strong = (Mode::Strong, ReadRule::Linearisable);
    let counter = (Mode::Convergent(ValueKind::Counter), ReadRule::Local);
    let nearest = || Box::new(Nearest::default());
    let cases: [Case; 6] = [
        ("no collaboration", Box::new(LocalOnly {}), eventual),
        ("one site for all", Box::new(Centralised::default()), eventual),
        ("3 nearest, eventual", nearest(), eventual),
        ("3 nearest, strong", nearest(), strong),
        ("3 nearest, counter", nearest(), counter),
        ("opposite, eventual", Box::new(Opposite), eventual),
    ];
    println!("{:<20} {:>10} {:>10} {:>10} {:>10}", "", "done", "reads", "writes", "stale");
    for (name, policy, mode) in cases {
        let own = run(policy, mode)?;
        let share =
            |value: &serde_json::Value| format!("{:.2} %", 100.0 * value.as_f64().unwrap_or(0.0));
        let ms = |value: &serde_json::Value| format!("{:.2} ms", 1e3 * value.as_f64().unwrap_or(0.0));
        println!(
            "{name:<20} {:>10} {:>10} {:>10} {:>10}",
            share(&own["all"]["availability"]),
            ms(&own["latency_s"]["read"]["p50"]),
            ms(&own["latency_s"]["write"]["p50"]),
            share(&own["staleness"]["stale_share"]),
        );
    }
    Ok(())
}
