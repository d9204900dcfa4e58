//! What the world makes of user sessions: requests and their latency, instances, users that come and go.

use super::{Ran, world};
use crate::apps::agents::{AgentOptions, CarriedBy};
use crate::apps::orchestration::{ServiceFacts, ServiceRequirements};
use crate::apps::sessions::{Demand, SessionOptions, SessionService, SessionWorkload};
use crate::engine::{Distribution, SimDuration};
use crate::infra::compute::Resources;
use crate::infra::network::{LinkModel, LinkSpec};
use crate::infra::{NodeClass, NodeId, Position, Static, Tier};
use crate::placement::orchestration::{ControlPlane, Nearest};
use crate::world::WorldBuilder;

mod crowds;
mod instances;

fn millis(millis: u64) -> SimDuration {
    SimDuration::from_nanos(millis * 1_000_000)
}

fn constant(value: f64) -> Distribution {
    Distribution::constant(value).unwrap()
}

/// Platforms of two cores of 1000 MIPS, 1 km apart, each 5 ms and 8 Mbit/s from a switch; and devices, which stand where the
/// platforms do, in turn, each so far from the switch, too.
struct Ground {
    world: WorldBuilder,
    platforms: Vec<NodeId>,
    devices: Vec<NodeId>,
}

fn ground(duration_s: f64, platforms: u32, devices: u32) -> Ground {
    let mut world = world(duration_s);
    let switch = Static::at(vec![Position::ground(0.0, 0.0)]).unwrap();
    let switch = world.class(NodeClass::new("switch", Tier::Network, 1), switch);
    let switch = world.nodes_of(switch).next().unwrap();
    let mut nodes_of = |name: &str, tier, count: u32, cores| {
        let class = NodeClass {
            wireless: false,
            resources: Resources { memory_bytes: 1e9, storage_bytes: 1e9, accelerators: Vec::new() },
            ..NodeClass::new(name, tier, count).with_cores(cores, 1000.0)
        };
        let at = |number| Position::ground(f64::from(number % platforms) * 1000.0, 0.0);
        let class = world.class(class, Static::at((0..count).map(at).collect()).unwrap());
        let nodes: Vec<NodeId> = world.nodes_of(class).collect();
        for &node in &nodes {
            let link = LinkSpec::new(node, switch, millis(5), 8e6);
            world.link("link", LinkSpec { model: LinkModel::Unshared, ..link });
        }
        nodes
    };
    let platforms = nodes_of("platform", Tier::Edge, platforms, 2);
    let devices = nodes_of("device", Tier::Device, devices, 1);
    Ground { world, platforms, devices }
}

/// A service of one core whose instances are on these platforms.
fn service(instances: &[NodeId]) -> SessionService {
    SessionService {
        facts: ServiceFacts {
            name: "video".into(),
            requirements: ServiceRequirements {
                cores: 1.0,
                memory_bytes: 1e6,
                ..ServiceRequirements::default()
            },
            limit_s: 0.06,
            image_bytes: 0.0,
            instances: instances.to_vec(),
        },
        boot: SimDuration::ZERO,
        work_mi: constant(2.0),
        request_bytes: constant(1000.0),
        response_bytes: constant(2000.0),
        share: 1.0,
    }
}

impl Ground {
    /// One user on each device, who wants something every ten seconds, and asks again each minute.
    fn options(
        &mut self,
        plane: impl ControlPlane + 'static,
        services: Vec<SessionService>,
    ) -> SessionOptions {
        SessionOptions {
            platforms: self.platforms.clone(),
            devices: self.devices.clone(),
            per_node: 1,
            services,
            registry: None,
            interval_s: constant(10.0),
            demand: Demand::default(),
            presence: None,
            ask_again: SimDuration::from_secs(60.0),
            position_error_m: 0.0,
            redirects_at_once: false,
            requests_by: CarriedBy::Transfers,
            forced: Vec::new(),
            agents: AgentOptions::new("sessions"),
            plane: self.world.control_plane("plane", plane),
        }
    }

    fn run(mut self, options: SessionOptions) -> Ran {
        self.world.workload(SessionWorkload::new(options));
        Ran::of(self.world)
    }
}

#[test]
fn a_request_takes_its_ways_its_bytes_and_its_work() {
    for requests_by in [CarriedBy::Transfers, CarriedBy::Paths] {
        let mut ground = ground(25.0, 2, 2);
        let services = vec![service(&[ground.platforms[0]])];
        let options = SessionOptions { requests_by, ..ground.options(Nearest::default(), services) };
        let ran = ground.run(options);
        // There: 2 links of 5 ms and 8 kbit at 8 Mbit/s; 2 MI at 1000 MIPS, of which each of the two users has half; back:
        // 10 ms and 16 kbit.
        let latency_s = 0.027; // 10 + 1 + 4 + 10 + 2 ms
        let mut rows =
            ran.table("sessions", &["t_s", "user", "node", "latency_s", "violated", "outcome"]);
        let expected = [10.0, 20.0].into_iter().flat_map(|at_s: f64| {
            let row =
                move |user| format!("{} {user} platform-0 {latency_s} false done", at_s + latency_s);
            [row(0), row(1)]
        });
        let expected: Vec<String> = expected.collect();
        rows.sort_unstable();
        assert_eq!(rows, expected);
        let summary = &ran.summary["workloads"]["sessions"];
        assert_eq!((&summary["requests"], &summary["done"]), (&4.into(), &4.into()));
        assert!((summary["latency_s"]["mean"].as_f64().unwrap() - latency_s).abs() < 1e-9);
        assert_eq!((&summary["violation_share"], &summary["queries"]), (&0.0.into(), &2.into()));
    }
}

/// An instance with one core that Poisson users access, whose requests take exponential work, is an M/M/1 queue; where the
/// requests share the core, too, the mean time is 1 / (rate of service - rate of arrivals).
#[test]
fn an_instance_is_a_queue_with_poisson_users() {
    let mut ground = ground(20_000.0, 1, 1);
    let services = vec![SessionService {
        work_mi: Distribution::exponential(100.0).unwrap(),
        request_bytes: constant(0.0),
        response_bytes: constant(0.0),
        ..service(&ground.platforms)
    }];
    let options = SessionOptions {
        per_node: 60,
        interval_s: Distribution::exponential(10.0).unwrap(),
        ..ground.options(Nearest::default(), services)
    };
    let ran = ground.run(options);
    let summary = &ran.summary["workloads"]["sessions"];
    // 6 a second come, 10 a second could be served, and the way takes 20 ms.
    let mean_s = summary["latency_s"]["mean"].as_f64().unwrap();
    let expected_s = 0.02 + 1.0 / (10.0 - 6.0);
    assert!((mean_s / expected_s - 1.0).abs() < 0.03, "{mean_s} for {expected_s}");
    let requests = summary["requests"].as_f64().unwrap();
    // Four standard deviations of a Poisson number.
    assert!((requests - 120_000.0).abs() < 4.0 * 120_000.0_f64.sqrt(), "{requests}");
}
