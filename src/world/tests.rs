//! Events that fall together: what the world makes of faults, movement and batteries at once.

use super::WorldBuilder;
use crate::apps::tasks::{
    Application, Arrival, OnDeadline, OnHandover, TaskOptions, TaskWorkload, TraceArrival,
};
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::network::{LinkSpec, RadioSpec};
use crate::infra::{
    AccessPointSpec, ClassId, FaultTarget, FaultTimes, FeedPoint, LinkId, NodeClass, NodeId, Position,
    PositionFeed, Static, Tier, Trajectory, TrajectoryPoint,
};
use crate::placement::offloading::{OffloadingDecision, OffloadingPolicy, OffloadingView};
use crate::records::{Cell, RecordError, Records, Symbol, TableId, TableSpec};
use std::any::Any;

mod agents;
mod functions;
mod missions;
mod orchestration;
mod owners;
mod service_placement;
mod sessions;
mod workflows;

/// Keeps all rows as text.
#[derive(Debug, Default)]
struct Rows {
    tables: Vec<TableSpec>,
    symbols: Vec<String>,
    rows: Vec<(usize, Vec<String>)>,
}

impl Records for Rows {
    fn table(&mut self, spec: TableSpec) -> Result<TableId, RecordError> {
        self.tables.push(spec);
        Ok(TableId(self.tables.len() - 1))
    }

    fn is_recorded(&self, _: TableId) -> bool {
        true
    }

    fn write(&mut self, table: TableId, cells: &[Cell<'_>]) {
        let text = |cell: &Cell<'_>| match *cell {
            Cell::Null => String::new(),
            Cell::Float(value) => value.to_string(),
            Cell::Unsigned(value) => value.to_string(),
            Cell::Signed(value) => value.to_string(),
            Cell::Boolean(value) => value.to_string(),
            Cell::Category(Symbol(symbol)) => self.symbols[symbol as usize].clone(),
            Cell::Text(text) => text.to_string(),
        };
        let row = cells.iter().map(text).collect();
        self.rows.push((table.0, row));
    }

    fn symbol(&mut self, text: &str) -> Symbol {
        let known = self.symbols.iter().position(|known| known == text);
        Symbol(known.unwrap_or_else(|| {
            self.symbols.push(text.to_string());
            self.symbols.len() - 1
        }) as u32)
    }

    fn failure(&self) -> Option<String> {
        None
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// What a run has written and summed up.
struct Ran {
    rows: Box<Rows>,
    summary: serde_json::Value,
}

impl Ran {
    fn of(world: WorldBuilder) -> Self {
        let finished = world.build(Box::<Rows>::default()).unwrap().run().unwrap();
        Ran { summary: finished.summary, rows: finished.records.into_any().downcast().unwrap() }
    }

    /// The rows of a table, each as the given columns joined by blanks.
    fn table(&self, name: &str, columns: &[&str]) -> Vec<String> {
        let index = self.rows.tables.iter().position(|table| table.name == name).unwrap();
        let own = &self.rows.tables[index].columns;
        let column = |name: &&str| own.iter().position(|column| column.name == **name).unwrap();
        let columns: Vec<usize> = columns.iter().map(column).collect();
        let rows = self.rows.rows.iter().filter(|(table, _)| *table == index);
        rows.map(|(_, row)| columns.iter().map(|&at| row[at].as_str()).collect::<Vec<_>>().join(" "))
            .collect()
    }

    fn outcomes(&self) -> Vec<String> {
        self.table("tasks", &["outcome"])
    }

    fn handovers(&self) -> Vec<String> {
        self.table("handovers", &["t_s", "from", "to"])
    }
}

/// Sends the n-th task to the n-th node, and all others to the last.
#[derive(Debug)]
struct InTurn(Vec<NodeId>);

impl OffloadingPolicy for InTurn {
    fn decide(&mut self, _: &mut OffloadingView<'_>) -> OffloadingDecision {
        OffloadingDecision::Run(if self.0.len() > 1 { self.0.remove(0) } else { self.0[0] })
    }
}

fn world(duration_s: f64) -> WorldBuilder {
    WorldBuilder::new(1, SimDuration::from_secs(duration_s))
}

fn standing(x_m: f64) -> Static {
    Static::at(vec![Position::ground(x_m, 0.0)]).unwrap()
}

/// From the first place to the second in the given seconds, and on standing there.
fn moving(points: &[(f64, f64)]) -> Trajectory {
    let point = |&(time_s, x_m)| TrajectoryPoint { time_s, position: Position::ground(x_m, 0.0) };
    Trajectory::new(&[points.iter().map(point).collect()], false).unwrap()
}

/// An edge node of one core of 1000 MIPS at `x_m`, whose radio carries a megabyte a second.
fn access_point(world: &mut WorldBuilder, name: &str, x_m: f64, range_m: f64) -> NodeId {
    let mut class = NodeClass::new(name, Tier::Edge, 1);
    class.access_point = Some(AccessPointSpec {
        antenna_gain_db: 0.0,
        radio: RadioSpec { latency: SimDuration::ZERO, ..AccessPointSpec::new(8e6, 8e6).radio },
        range_m: Some(range_m),
        transmit_power_dbm: 20.0,
    });
    let class = world.class(class, standing(x_m));
    only(world, class)
}

fn only(world: &WorldBuilder, class: ClassId) -> NodeId {
    world.nodes_of(class).next().unwrap()
}

fn outage(world: &mut WorldBuilder, target: FaultTarget, times_s: &[f64]) {
    let times = times_s.iter().map(|&time_s| SimTime::from_secs(time_s)).collect();
    world.fault(target, FaultTimes::Given(times));
}

/// A task of 1000 MI at each time; its input has `upload_bytes`.
fn tasks(
    world: &mut WorldBuilder,
    device: NodeId,
    times_s: &[f64],
    upload_bytes: f64,
    deadline_s: Option<f64>,
    options: TaskOptions,
) {
    let constant = |value| Distribution::constant(value).unwrap();
    let arrival = |&time_s: &f64| TraceArrival {
        time: SimTime::from_secs(time_s),
        device: Some(0),
        length_mi: None,
        upload_bytes: None,
        download_bytes: None,
    };
    let application = Application {
        name: "app".into(),
        share: 1.0,
        arrival: Arrival::Trace(times_s.iter().map(arrival).collect()),
        activity: None,
        length_mi: constant(1000.0),
        upload_bytes: constant(upload_bytes),
        download_bytes: constant(0.0),
        cores: 1,
        memory_bytes: constant(0.0),
        accelerator: None,
        accelerated: None,
        class: crate::energy::JobClass::Compute,
        deadline_s: deadline_s.map(constant),
        delay_sensitivity: 0.5,
        first_active_s: None,
        predicted: None,
        cloud_share: 0.0,
    };
    let horizon = world.horizon();
    world.workload(TaskWorkload::new("tasks", vec![device], vec![application], options, horizon));
}

#[test]
fn an_upload_to_an_access_point_that_fails_is_lost_to_the_fault() {
    let mut world = world(20.0);
    let edge = access_point(&mut world, "edge", 0.0, 100.0);
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), standing(10.0));
    let device = only(&world, device);
    world.offloading("in_turn", InTurn(vec![edge]));
    outage(&mut world, FaultTarget::Node(edge), &[2.0]);
    tasks(&mut world, device, &[0.0], 5e6, None, TaskOptions::default());
    let ran = Ran::of(world);
    assert_eq!(ran.table("transfers", &["t_s", "sent_bytes", "outcome"]), ["2 2000000 lost_to_fault"]);
    assert_eq!(ran.outcomes(), ["lost_to_fault"]);
}

#[test]
fn bytes_that_found_no_other_way_were_not_sent() {
    let mut world = world(20.0);
    let edge = access_point(&mut world, "edge", 0.0, 100.0);
    let cloud = world.class(NodeClass::new("cloud", Tier::Cloud, 1), standing(0.0));
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), standing(10.0));
    let (cloud, device) = (only(&world, cloud), only(&world, device));
    let link = LinkSpec::new(edge, cloud, SimDuration::ZERO, 8e9);
    let link = world.link("up", link);
    world.offloading("in_turn", InTurn(vec![cloud]));
    outage(&mut world, FaultTarget::Link(link), &[2.0]);
    tasks(&mut world, device, &[0.0], 5e6, None, TaskOptions::default());
    let ran = Ran::of(world);
    assert_eq!(ran.table("transfers", &["t_s", "sent_bytes", "outcome"]), ["2 2000000 lost_to_fault"]);
    assert_eq!(ran.summary["network"]["sent_bytes"], 2e6);
}

#[test]
fn a_failed_device_attaches_to_nothing_until_it_is_repaired() {
    let mut world = world(20.0);
    access_point(&mut world, "edge", 0.0, 100.0);
    let path = moving(&[(0.0, 0.0), (2.0, 1.0), (3.0, 2.0), (9.0, 3.0)]);
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), path);
    let device = only(&world, device);
    outage(&mut world, FaultTarget::Node(device), &[1.0, 5.0]);
    assert_eq!(Ran::of(world).handovers(), ["0  edge", "1 edge ", "5  edge"]);
}

/// A vehicle that goes ten metres a second, a step each second.
#[derive(Debug)]
struct Drive(u32);

impl PositionFeed for Drive {
    fn next_step(&mut self, points: &mut Vec<FeedPoint>) -> Result<Option<f64>, String> {
        let time_s = f64::from(self.0);
        self.0 += 1;
        points.push(FeedPoint {
            number: 0,
            position: Position::ground(10.0 * time_s, 0.0),
            speed_m_per_s: None,
        });
        Ok(Some(time_s))
    }
}

#[test]
fn a_vehicle_drives_on_while_it_has_failed() {
    let mut world = world(12.0);
    access_point(&mut world, "start", 0.0, 40.0);
    access_point(&mut world, "end", 100.0, 40.0);
    let class = world.class(NodeClass::new("car", Tier::Device, 1), standing(0.0));
    world.feed(class, Drive(0));
    let car = only(&world, class);
    outage(&mut world, FaultTarget::Node(car), &[2.5, 9.5]);
    assert_eq!(Ran::of(world).handovers(), ["0  start", "2.5 start ", "9.5  end"]);
}

#[test]
fn a_device_does_not_go_over_to_an_access_point_that_has_failed_meanwhile() {
    let mut world = world(20.0);
    let here = access_point(&mut world, "here", 0.0, 80.0);
    let there = access_point(&mut world, "there", 100.0, 80.0);
    let path = moving(&[(0.0, 0.0), (10.0, 100.0)]);
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), path);
    let device = only(&world, device);
    // It was to go over at 5 s, in the middle.
    outage(&mut world, FaultTarget::Node(there), &[2.0]);
    world.offloading("in_turn", InTurn(vec![here]));
    tasks(&mut world, device, &[0.0], 6e6, None, TaskOptions::default());
    let ran = Ran::of(world);
    let at: Vec<f64> =
        ran.table("handovers", &["t_s"]).iter().map(|time| time.parse().unwrap()).collect();
    assert_eq!(ran.table("handovers", &["from", "to"]), [" here", "here "]);
    assert!((at[1] - 8.0).abs() < 1e-6, "{at:?}");
    assert_eq!(ran.outcomes(), ["done"]);
}

#[test]
fn a_task_of_a_device_out_of_coverage_is_lost_to_mobility() {
    let mut world = world(20.0);
    let edge = access_point(&mut world, "edge", 0.0, 100.0);
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), standing(200.0));
    let device = only(&world, device);
    world.offloading("in_turn", InTurn(vec![edge]));
    tasks(&mut world, device, &[1.0], 1e6, None, TaskOptions::default());
    assert_eq!(Ran::of(world).outcomes(), ["lost_to_mobility"]);
}

#[test]
fn a_result_for_which_the_serving_device_is_out_of_coverage_is_lost_to_mobility() {
    let mut world = world(20.0);
    access_point(&mut world, "edge", 0.0, 100.0);
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), standing(0.0));
    let path = moving(&[(0.0, 0.0), (1.4, 0.0), (1.6, 200.0)]);
    let server = world.class(NodeClass::new("car", Tier::Device, 1), path);
    let (device, server) = (only(&world, device), only(&world, server));
    world.offloading("in_turn", InTurn(vec![server]));
    tasks(&mut world, device, &[1.0], 0.0, None, TaskOptions::default());
    assert_eq!(Ran::of(world).outcomes(), ["lost_to_mobility"]);
}

#[test]
fn retries_over_a_radio_that_is_down_come_to_an_end() {
    let mut world = world(20.0);
    let edge = access_point(&mut world, "edge", 0.0, 100.0);
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), standing(0.0));
    let device = only(&world, device);
    outage(&mut world, FaultTarget::Link(LinkId(0)), &[0.5]);
    world.offloading("in_turn", InTurn(vec![edge]));
    let options = TaskOptions { fault_retries: 1000, ..TaskOptions::default() };
    tasks(&mut world, device, &[1.0], 1e6, None, options);
    assert_eq!(Ran::of(world).table("tasks", &["attempts"]), ["1"]);
}

#[test]
fn a_result_at_the_deadline_is_in_time_under_both_rules() {
    for on_deadline in [OnDeadline::Finish, OnDeadline::Drop] {
        let mut world = world(20.0);
        let device = world.class(NodeClass::new("phone", Tier::Device, 1), standing(0.0));
        let device = only(&world, device);
        let options = TaskOptions { on_deadline, ..TaskOptions::default() };
        tasks(&mut world, device, &[1.0, 5.0, 5.0], 0.0, Some(1.0), options);
        let mut outcomes = Ran::of(world).outcomes();
        outcomes.sort_unstable();
        assert_eq!(outcomes, ["done", "done", "missed_deadline"], "{on_deadline:?}");
    }
}

#[test]
fn a_handover_takes_nothing_that_was_started_after_it() {
    let mut world = world(20.0);
    let first = access_point(&mut world, "first", 0.0, 100.0);
    let second = access_point(&mut world, "second", 50.0, 100.0);
    let device = world.class(NodeClass::new("phone", Tier::Device, 1), standing(10.0));
    let device = only(&world, device);
    // Uploaded at 1 s; the fault hits the execution, and the device goes over to the other access point.
    outage(&mut world, FaultTarget::Node(first), &[1.5]);
    world.offloading("in_turn", InTurn(vec![first, second]));
    let options =
        TaskOptions { on_handover: OnHandover::Lose, fault_retries: 1, ..TaskOptions::default() };
    tasks(&mut world, device, &[0.0], 1e6, None, options);
    let ran = Ran::of(world);
    assert_eq!(ran.table("tasks", &["outcome", "attempts"]), ["done 2"]);
}

#[test]
fn no_more_energy_is_used_than_a_battery_holds() {
    let mut world = world(20.0);
    let edge = access_point(&mut world, "edge", 0.0, 100.0);
    let mut class = NodeClass::new("phone", Tier::Device, 1);
    class.interface.transmit_j_per_byte = 1e-3;
    class.battery = Some(crate::infra::BatterySpec::new(
        crate::energy::BatteryModel::ideal(100.0),
        Distribution::constant(1.0).unwrap(),
    ));
    let class = world.class(class, standing(0.0));
    let device = only(&world, class);
    world.offloading("in_turn", InTurn(vec![edge]));
    tasks(&mut world, device, &[0.0], 1e6, None, TaskOptions::default());
    let ran = Ran::of(world);
    assert_eq!(ran.table("faults", &["t_s", "subject", "change"]), ["1 phone battery_empty"]);
    assert_eq!(ran.summary["tiers"]["device"]["energy_j"], 100.0);
}

/// A governor, a signal and a site of a study in Rust.
#[test]
fn frequencies_and_sites_can_be_built_in_rust() {
    use crate::energy::{
        FrequencySteps, Interpolation, LinearPower, OperatingPoint, Outside, Performance, Signal,
        SiteSpec,
    };
    use crate::placement::frequency::{FrequencyDecision, FrequencyGovernor, FrequencyView};
    use crate::records::NoRecords;
    use crate::world::GovernorTimes;
    use std::sync::Arc;

    /// The slow step while the signal says that energy is dear.
    #[derive(Debug)]
    struct ByPrice;

    impl FrequencyGovernor for ByPrice {
        fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
            let price =
                view.infrastructure().signal("price").map_or(0.0, |p| p.value(view.now().as_secs()));
            FrequencyDecision::Step(if price > 1.5 { 0 } else { view.steps().last() })
        }
    }

    let mut world = WorldBuilder::new(1, SimDuration::from_secs(100.0));
    let mut server = NodeClass::new("server", Tier::Cloud, 1);
    server.power = LinearPower { idle_w: 10.0, busy_w: 10.0 }.into();
    let point = |ghz: f64| OperatingPoint::new(ghz * 1e9, 1.0).unwrap();
    let steps = FrequencySteps::new(vec![point(1.0), point(2.0)], Performance::default()).unwrap();
    server.frequency = Some(steps);
    let class = world.class(server, Static::at(vec![Position::default()]).unwrap());
    let nodes: Vec<NodeId> = world.nodes_of(class).collect();
    let points = [(0.0, 1.0), (40.0, 2.0)];
    let price = Signal::new(&points, Interpolation::Hold, 100.0, Outside::Hold).unwrap();
    let mut site = SiteSpec::new("here");
    site.price = Some(Arc::new(price.clone()));
    world.infrastructure().signal("price", Arc::new(price));
    world.infrastructure().site(site, nodes.clone());
    let times = GovernorTimes { period: SimDuration::from_secs(15.0), on_load_change: false };
    world.governor("by_price", ByPrice, times);
    let mut simulation = world.build(Box::new(NoRecords)).unwrap();
    simulation.kernel().run_until(SimTime::from_secs(44.0));
    assert_eq!(simulation.world().infrastructure().frequency_step(nodes[0]), 1);
    simulation.kernel().run_until(SimTime::from_secs(46.0));
    assert_eq!(simulation.world().infrastructure().frequency_step(nodes[0]), 0);
    let summary = simulation.run().unwrap().summary;
    // 10 W for 40 s, and at twice the price for 60 s.
    assert_eq!(summary["sites"]["here"]["cost"], 1600.0);
    assert_eq!(summary["frequency"]["changes"], 1);
}
