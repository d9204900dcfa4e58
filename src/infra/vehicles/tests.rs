//! Vehicles in a world of their own: against measured times, closed forms, and what must always hold.

mod energy;
mod losses;
mod measured;
mod properties;

use super::*;
use crate::energy::BatteryModel;
use crate::engine::{Distribution, Kernel, Model, RandomStreams, Schedule, SimTime};
use crate::infra::{
    BatterySpec, FaultTarget, FaultTimes, InfraBuilder, InfraEvent, Infrastructure, Leg, NodeClass,
    NodeId, Notice, Position, Static, Tier,
};

/// An infrastructure alone, with what vehicles have told and the legs that they were on.
pub(super) struct Field {
    pub(super) infrastructure: Infrastructure,
    pub(super) told: Vec<(f64, NodeId, VehicleEvent)>,
    /// For each vehicle its legs, each with when it was left.
    pub(super) legs: Vec<Vec<(Leg, SimTime)>>,
    /// How much was told before the last command.
    pub(super) known: usize,
}

impl Model for Field {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.infrastructure.handle(schedule, event);
        self.listen(schedule.now());
    }
}

impl Field {
    pub(super) fn listen(&mut self, now: SimTime) {
        while let Some(notice) = self.infrastructure.take_notice() {
            if let Notice::VehicleChanged { node, event } = notice {
                self.told.push((now.as_secs(), node, event));
            }
        }
        let nodes: Vec<NodeId> = self.infrastructure.vehicle_nodes().collect();
        self.legs.resize(nodes.len(), Vec::new());
        for (legs, node) in self.legs.iter_mut().zip(nodes) {
            let leg = self.infrastructure.leg(node);
            if let Some((_, left)) = legs.last_mut() {
                *left = now;
            }
            if legs.last().is_none_or(|(last, _)| *last != leg) {
                legs.push((leg, now));
            }
        }
    }
}

/// A world of vehicles that stand in a row 10 m apart, from the origin to the east.
pub(super) struct Setup {
    pub(super) spec: VehicleSpec,
    pub(super) count: u32,
    pub(super) battery_j: Option<f64>,
    pub(super) wind: WindSpec,
    pub(super) faults: Vec<(u32, Vec<f64>)>,
}

pub(super) fn setup(preset: &str) -> Setup {
    let spec = vehicle_preset(preset).expect("a preset");
    Setup { spec, count: 1, battery_j: None, wind: WindSpec::default(), faults: Vec::new() }
}

impl Setup {
    pub(super) fn build(self) -> Kernel<Field> {
        let mut builder = InfraBuilder::new(RandomStreams::new(7));
        let places = (0..self.count).map(|number| Position::ground(10.0 * f64::from(number), 0.0));
        let battery = self.battery_j.map(|capacity_j| {
            BatterySpec::new(BatteryModel::ideal(capacity_j), Distribution::constant(1.0).unwrap())
        });
        let class = NodeClass {
            vehicle: Some(self.spec),
            battery,
            ..NodeClass::new("vehicle", Tier::Device, self.count)
        };
        builder.class(class, Box::new(Static::at(places.collect()).unwrap()));
        builder.wind(self.wind);
        for (node, times) in self.faults {
            let times = times.into_iter().map(SimTime::from_secs).collect();
            builder.fault(FaultTarget::Node(NodeId(node)), FaultTimes::Given(times));
        }
        let infrastructure = builder.build().unwrap();
        let mut kernel =
            Kernel::new(Field { infrastructure, told: Vec::new(), legs: Vec::new(), known: 0 });
        kernel.model.infrastructure.start(&mut kernel.schedule);
        kernel.model.listen(SimTime::ZERO);
        kernel
    }
}

pub(super) fn command(kernel: &mut Kernel<Field>, node: u32, command: &VehicleCommand) {
    attempt(kernel, node, command).expect("a command that is followed");
}

pub(super) fn attempt(
    kernel: &mut Kernel<Field>,
    node: u32,
    command: &VehicleCommand,
) -> Result<(), VehicleRefusal> {
    kernel.model.known = kernel.model.told.len();
    let done = kernel.model.infrastructure.command_vehicle(&mut kernel.schedule, NodeId(node), command);
    kernel.model.listen(kernel.now());
    done
}

/// Runs until a vehicle tells this after the last command, and returns when it did; fails after two hours.
pub(super) fn until(kernel: &mut Kernel<Field>, node: u32, event: VehicleEvent) -> f64 {
    let known = kernel.model.known;
    let end = kernel.now().as_secs() + 7200.0;
    while kernel.now().as_secs() < end {
        let found = kernel.model.told[known..]
            .iter()
            .find(|(_, who, what)| *who == NodeId(node) && *what == event);
        if let Some((time_s, ..)) = found {
            return *time_s;
        }
        if kernel.step().is_none() {
            break;
        }
    }
    panic!("{event:?} never came; told were {:?}", &kernel.model.told[known..]);
}

pub(super) fn route(places: &[(f64, f64, f64)]) -> VehicleCommand {
    let waypoint = |&(x_m, y_m, z_m): &(f64, f64, f64)| Waypoint::at(Position { x_m, y_m, z_m });
    VehicleCommand::Route(places.iter().map(waypoint).collect())
}

/// In the air at this height.
pub(super) fn aloft(setup: Setup, altitude_m: f64) -> Kernel<Field> {
    let mut kernel = setup.build();
    command(&mut kernel, 0, &VehicleCommand::TakeOff { altitude_m });
    until(&mut kernel, 0, VehicleEvent::TookOff);
    kernel
}

pub(super) fn height_m(kernel: &Kernel<Field>, time_s: f64) -> f64 {
    let time = SimTime::from_secs(time_s);
    let legs = &kernel.model.legs[0];
    let leg = legs.iter().rev().find(|(leg, _)| leg.depart <= time).map(|(leg, _)| leg);
    leg.map_or(0.0, |leg| leg.position(time).z_m)
}
