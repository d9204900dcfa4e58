//! Three offloading policies, one of them our own, tried on the same trams and the same tasks.
//!
//! Arrivals, sizes and movements come from streams of their own, so that the three runs differ in the
//! policy alone (common random numbers): all create the same tasks.

use std::error::Error;
use stratosim::placement::offloading::{CloudOnly, Nearest};
use stratosim::prelude::*;

/// The nearest edge node while it has cores free, else the cloud.
#[derive(Debug)]
struct Spill;

impl OffloadingPolicy for Spill {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let edge = view.nearest(Tier::Edge).filter(|&node| view.has_room(node));
        edge.or_else(|| view.nearest(Tier::Cloud)).into()
    }
}

/// Trams go to and fro on parallel lines of 2 km at 10 m/s, a line every 100 m, all in step.
#[derive(Debug)]
struct Tram;

impl MobilityModel for Tram {
    fn start(&mut self, mover: &mut Mover<'_>) -> Leg {
        let terminal = Position::ground(0.0, 100.0 * f64::from(mover.index));
        self.next_leg(&Leg::stay(terminal, mover.now, mover.now), mover)
    }

    fn next_leg(&mut self, previous: &Leg, mover: &mut Mover<'_>) -> Leg {
        let (from, ride) = (previous.to, SimDuration::from_secs(200.0));
        let to = Position::ground(2000.0 - from.x_m, from.y_m);
        Leg::straight(from, to, mover.now, mover.now + ride)
    }
}

fn run(name: &str, policy: impl OffloadingPolicy + 'static) -> Result<(), Box<dyn Error>> {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(600.0));
    let mut edge = NodeClass::new("edge", Tier::Edge, 4).with_cores(4, 10_000.0);
    edge.access_point = Some(AccessPointSpec::new(100e6, 300e6));
    let edge = world.class(edge, Static::grid(Area::rectangle(2000.0, 2000.0)?, 2, 2)?);
    let cloud = NodeClass::new("cloud", Tier::Cloud, 1).with_cores(64, 10_000.0);
    let cloud = world.class(cloud, Static::at(vec![Position::default()])?);
    let trams = world.class(NodeClass::new("tram", Tier::Device, 20), Tram);
    let cloud = world.nodes_of(cloud).next().ok_or("no cloud")?;
    for site in world.nodes_of(edge) {
        world.link("uplink", LinkSpec::new(site, cloud, SimDuration::from_secs(0.015), 100e6));
    }
    let mut counting = Application::poisson("passenger counting", 1.0, 3000.0, 500e3, 1e3)?;
    counting.deadline_s = Some(Distribution::constant(1.0)?);
    let (devices, rules) = (world.nodes_of(trams).collect(), TaskOptions::default());
    let tasks = TaskWorkload::new("tasks", devices, vec![counting], rules, world.horizon());
    world.workload(tasks).offloading(name, policy);
    let finished = world.build(Box::new(NoRecords))?.run()?;
    let tasks = &finished.summary["workloads"]["tasks"];
    let number = |path| tasks.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    let [created, in_time] = ["/created", "/success_share"].map(number);
    let [mean_s, p95_s] = ["/service_s/mean", "/service_s/p95"].map(number);
    println!("{name:10} {created:>8} {in_time:>10.3} {mean_s:>9.3} {p95_s:>10.3}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("policy      created  in time   mean, s  95 %, s");
    run("spill", Spill)?;
    run("nearest", Nearest::default())?;
    run("cloud_only", CloudOnly::default())
}
