//! Assets that scenarios declare and node classes offer, and services that are placed by policies of a scenario.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stratosim::apps::{Context, Message, ServicePlacementRequest, Workload};
use stratosim::infra::NodeId;
use stratosim::infra::applications::{ApplicationNeeds, InteractionNeeds, ReplicaIndex, ReplicaNeeds};
use stratosim::infra::assets::{AssetId, Label};
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::scenario::{BuildWorkload, Document, Registry, WorkloadSite, load};

/// Places two services that talk to each other, of which the first needs a seat and a label.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pair {
    seats: f64,
    label: String,
    #[serde(default)]
    told: Option<Value>,
}

impl BuildWorkload for Pair {
    fn build(&self, _: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        Some(Box::new(self.clone()))
    }
}

impl Workload for Pair {
    fn name(&self) -> &str {
        "pair"
    }

    fn start(&mut self, context: &mut dyn Context) {
        let infrastructure = context.infrastructure();
        let catalogue = infrastructure.assets().catalogue();
        let (seats, zone) = (catalogue.id("seats").unwrap(), catalogue.id("zone").unwrap());
        let first = ReplicaNeeds {
            service: 0,
            amounts: vec![(AssetId::CORES, 1.0), (seats, self.seats)],
            labels: vec![(zone, vec![Label::from(&*self.label)])],
        };
        let second = ReplicaNeeds { service: 1, amounts: vec![(AssetId::CORES, 1.0)], labels: vec![] };
        let interaction = InteractionNeeds {
            from: ReplicaIndex(0),
            to: ReplicaIndex(1),
            interaction: 0,
            latency_s: 0.004,
            bandwidth_bps: 1e6,
        };
        let id = infrastructure.add_application(ApplicationNeeds {
            name: "pair".into(),
            services: vec!["front".into(), "back".into()],
            replicas: vec![first, second],
            interactions: vec![interaction],
        });
        let request = ServicePlacementRequest {
            application: id,
            number: 0,
            open: &[ReplicaIndex(0), ReplicaIndex(1)],
            nodes: None,
            previous: &[],
        };
        let choice = context.decide_service_placement(&request);
        let infrastructure = context.infrastructure();
        let result = match choice.result {
            Ok(placed) => {
                placed.iter().map(|(_, node)| infrastructure.node_name(*node)).collect::<Vec<_>>().into()
            }
            Err(failure) => Value::from(failure.describe(infrastructure, id)),
        };
        let assets = infrastructure.assets();
        let of = |asset| [0, 1, 2].map(|node| assets.offer(NodeId(node), asset));
        self.told = Some(json!({
            "result": result,
            "seats": of(seats),
            "availability": of(AssetId::AVAILABILITY),
            "processing_time_s": of(AssetId::PROCESSING_TIME_S),
            "zones": assets.labels(NodeId(1), zone).iter().map(ToString::to_string).collect::<Vec<_>>(),
            "architecture": assets.labels(NodeId(2), AssetId::ARCHITECTURE)[0].to_string(),
        }));
    }

    fn on_timer(&mut self, _: Message, _: &mut dyn Context) {}

    fn summary(&self) -> Value {
        self.told.clone().unwrap_or_default()
    }
}

/// Two servers with seats and zones, 5 ms from a third one, and 2 ms from each other.
fn told(seats: f64, label: &str, policy: &Value) -> Value {
    let scenario = json!({
        "duration": "1 s",
        "assets": {
            "zone": { "algebra": "symbolic", "unit": "1" },
            "seats": { "algebra": "additive", "unit": "seats" },
        },
        "nodes": [
            { "tier": "edge", "name": "server", "count": 2, "cores": 4, "availability": "97 %",
              "processing_time": "3 ms", "access_point": null,
              "assets": { "seats": 5, "zone": ["eu", "es"] } },
            { "tier": "edge", "name": "far", "cores": 4, "architecture": "aarch64", "access_point": null },
        ],
        "network": { "links": [
            { "a": "server-0", "b": "server-1", "latency": "2 ms", "bandwidth": "100 Mbps" },
            { "a": "server-1", "b": "far", "latency": "5 ms", "bandwidth": "100 Mbps" },
        ] },
        "workloads": [{ "kind": "pair", "seats": seats, "label": label }],
        "policies": { "service_placement": policy },
    });
    let mut registry = Registry::with_builtins();
    registry.workload::<Pair>("pair");
    let document = Document::parse("pair.json", &scenario.to_string()).unwrap();
    let loaded = load(&document, &registry, ".".as_ref()).unwrap_or_else(|why| panic!("{why}"));
    let recorder = Recorder::new(Destination::Memory, TableSelection::All);
    let finished = loaded.world.build(Box::new(recorder)).unwrap().run().unwrap();
    finished.summary["workloads"]["pair"].clone()
}

#[test]
fn what_classes_offer_is_what_nodes_have() {
    let told = told(5.0, "es", &json!({ "kind": "first_fit" }));
    assert_eq!(told["result"], json!(["server-0", "server-0"]));
    assert_eq!(told["seats"], json!([5.0, 5.0, 0.0]));
    assert_eq!(told["availability"], json!([0.97, 0.97, 1.0]));
    assert_eq!(told["processing_time_s"], json!([0.003, 0.003, 0.0]));
    assert_eq!(told["zones"], json!(["eu", "es"]));
    assert_eq!(told["architecture"], "aarch64");
}

#[test]
fn the_failing_requirement_is_told() {
    let first_fit = json!({ "kind": "first_fit" });
    assert_eq!(
        told(5.5, "es", &first_fit)["result"],
        "service \"front\" of \"pair\" needs 5.5 seats, but node \"far\" has 0"
    );
    assert_eq!(
        told(0.0, "us", &first_fit)["result"],
        "service \"front\" of \"pair\" needs another zone than node \"far\" has"
    );
    let apart = json!({ "kind": "static", "nodes": { "front": "server-0", "*": ["far"] } });
    assert_eq!(
        told(1.0, "eu", &apart)["result"],
        "the interaction of \"front\" with \"back\" in \"pair\" needs a way of at most 4 ms, but the best takes at least 5 ms"
    );
    let eclypse = json!({ "kind": "eclypse_static", "mapping": { "front": "server-0", "back": "far" } });
    let refused = told(1.0, "eu", &eclypse)["result"].as_str().unwrap().to_string();
    assert!(refused.starts_with("the policy's answer was refused: the interaction"), "{refused}");
    let apart = json!({ "kind": "static", "nodes": { "front": "server-0", "back": "server" } });
    assert_eq!(told(1.0, "eu", &apart)["result"], json!(["server-0", "server-0"]));
}

#[test]
fn each_policy_without_parameters_places_the_pair() {
    for kind in [
        "first_fit",
        "best_fit",
        "random",
        "round_robin",
        "eclypse_first_fit",
        "eclypse_best_fit",
        "greedy_latency",
        "co_location",
        "backtracking",
        "local_search",
        "simulated_annealing",
        "milp",
        "energy_aware",
        "carbon_aware",
    ] {
        let told = told(1.0, "eu", &json!({ "kind": kind }));
        let names = told["result"].as_array().map(Vec::len);
        // Those of ECLYPSE look at no ways.
        assert!(names == Some(2) || kind.starts_with("eclypse_"), "{kind}: {told}");
    }
}
