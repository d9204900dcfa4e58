//! All vehicles in their world: commands, legs, power, wind, losses.

use super::super::event::{InfraEvent, NodeChange, Notice};
use super::super::geometry::{Leg, Position};
use super::super::ids::{NodeId, VehicleId};
use super::super::infrastructure::Infrastructure;
use super::flight::Flight;
use super::machine::{Order, Told, Vehicle};
use super::plan::Rules;
use super::power::LegPower;
use super::reserve::{self, Need};
use super::wind::Wind;
use super::{
    FaultPolicy, LossReason, ReturnReason, VehicleCommand, VehicleKind, VehicleRefusal, VehicleSpec,
    Waypoint,
};
use crate::engine::{Phase, Schedule, SimTime};

const NONE: u32 = u32::MAX;

/// All vehicles, and the wind.
#[derive(Debug, Default)]
pub(in crate::infra) struct Vehicles {
    all: Vec<Vehicle>,
    /// For each node its vehicle; empty if there are none.
    of_node: Vec<u32>,
    pub(super) wind: Wind,
}

impl Vehicles {
    pub(in crate::infra) fn new(wind: Wind) -> Self {
        Vehicles { wind, ..Vehicles::default() }
    }

    /// Makes a node a vehicle that stands at a place.
    pub(in crate::infra) fn add(&mut self, node: NodeId, nodes: usize, place: Position, home: Position) {
        self.of_node.resize(nodes, NONE);
        self.of_node[node.index()] = self.all.len() as u32;
        self.all.push(Vehicle::new(node, place, home));
    }

    pub(in crate::infra) fn of(&self, node: NodeId) -> Option<VehicleId> {
        self.of_node.get(node.index()).copied().filter(|&index| index != NONE).map(VehicleId)
    }

    pub(super) fn get(&self, id: VehicleId) -> &Vehicle {
        &self.all[id.index()]
    }

    /// Watts of motion and payload of a node.
    pub(in crate::infra) fn motion_w(&self, node: NodeId) -> f64 {
        self.of(node).map_or(0.0, |id| self.get(id).motion_w)
    }

    /// The wind.
    pub(super) fn rules<'a>(&'a self, spec: &'a VehicleSpec) -> Rules<'a> {
        Rules { spec, wind: &self.wind }
    }
}

/// A vehicle with what its rules are, borrowed part by part.
macro_rules! with_vehicle {
    ($self:ident, $id:expr, $vehicle:ident, $rules:ident) => {
        let Vehicles { all, wind, .. } = &mut $self.vehicles;
        let $vehicle = &mut all[$id.index()];
        let class = $self.nodes[$vehicle.node.index()].class;
        let Some(spec) = $self.classes[class.index()].vehicle.as_ref() else { return };
        let $rules = Rules { spec, wind };
    };
}

impl Infrastructure {
    /// The wind at a height above the ground in metres: metres a second to the east and north.
    #[must_use]
    pub fn wind_m_per_s(&self, height_m: f64) -> [f64; 2] {
        self.vehicles.wind.at(height_m)
    }

    /// All vehicles, in order.
    pub fn vehicle_nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.vehicles.all.iter().map(|vehicle| vehicle.node)
    }

    /// Joules that motion and payload of a node have drawn; none of a node that is no vehicle.
    #[must_use]
    pub fn motion_energy_j(&self, node: NodeId, now: SimTime) -> f64 {
        self.vehicles.of(node).map_or(0.0, |id| {
            let vehicle = self.vehicles.get(id);
            vehicle.motion_j + vehicle.motion_w * now.since(vehicle.motion_since).as_secs()
        })
    }

    /// Watts of motion and payload of a node, on average over its leg; none of a node that is no vehicle.
    #[must_use]
    pub fn motion_power_w(&self, node: NodeId) -> f64 {
        self.vehicles.motion_w(node)
    }

    /// Starts the wind.
    pub(in crate::infra) fn start_vehicles<E: From<InfraEvent>>(&self, schedule: &mut Schedule<E>) {
        if let Some(interval) = self.vehicles.wind.interval()
            && !self.vehicles.all.is_empty()
        {
            schedule.at(schedule.now() + interval, Phase::Environment, InfraEvent::WindDue.into());
        }
    }

    /// Handles [`InfraEvent::WindDue`]: the power of all that move changes with the wind.
    pub(in crate::infra) fn on_wind_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let moving = |vehicle: &Vehicle| vehicle.is_armed;
        for index in 0..self.vehicles.all.len() {
            if moving(&self.vehicles.all[index]) {
                self.settle_motion(schedule, VehicleId(index as u32));
            }
        }
        self.vehicles.wind.step();
        for index in 0..self.vehicles.all.len() {
            if moving(&self.vehicles.all[index]) {
                self.vehicles.all[index].margin = None;
                self.draw_motion(schedule, VehicleId(index as u32));
            }
        }
        self.start_vehicles(schedule);
    }

    /// The leg of a node to follow, if that works.
    fn target_leg(&self, target: Option<NodeId>) -> Option<Leg> {
        let node = target.filter(|node| self.nodes[node.index()].is_available())?;
        Some(self.motion.leg(node))
    }

    /// Tells a vehicle what to do.
    ///
    /// # Errors
    /// Why it does not do it. Nothing has changed then.
    pub fn command_vehicle<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        command: &VehicleCommand,
    ) -> Result<(), VehicleRefusal> {
        let id = self.vehicles.of(node).ok_or(VehicleRefusal::NotAVehicle)?;
        let order = self.accepted(id, command, schedule.now())?;
        self.settle_motion(schedule, id);
        let now = schedule.now();
        let target = match order {
            Order::Follow { target, .. } => self.target_leg(Some(target)),
            _ => None,
        };
        let node_before_j = self.meters[node.index()].energy_j(now);
        let mut told = Told::new();
        self.changed(id, |vehicle, rules| {
            if let VehicleCommand::Route(route) = command {
                vehicle.route.clear();
                vehicle.route.extend_from_slice(route);
            }
            if let Order::TakeOff { .. } = order {
                let from = vehicle.position(now);
                vehicle.flight = Flight {
                    number: vehicle.flight.number + u32::from(vehicle.flight.end.is_some()),
                    armed_at: now,
                    from,
                    phase_since: now,
                    motion_before_j: vehicle.motion_j,
                    node_before_j,
                    ..Flight::default()
                };
                vehicle.arm(rules, now, order, &mut told);
            } else {
                vehicle.obey(rules, now, order, target, &mut told);
            }
        });
        self.enter_leg(schedule, id);
        self.tell(id, &told);
        Ok(())
    }

    /// What a command comes to, if the vehicle can do it.
    fn accepted(
        &self,
        id: VehicleId,
        command: &VehicleCommand,
        now: SimTime,
    ) -> Result<Order, VehicleRefusal> {
        let vehicle = self.vehicles.get(id);
        let node = vehicle.node;
        let class = self.class_of(node);
        let spec = class.vehicle.as_ref().ok_or(VehicleRefusal::NotAVehicle)?;
        let rules = self.vehicles.rules(spec);
        if vehicle.lost.is_some() {
            return Err(VehicleRefusal::Lost);
        }
        if !self.nodes[node.index()].is_available() {
            return Err(VehicleRefusal::Unavailable);
        }
        if let VehicleCommand::TakeOff { altitude_m } = *command {
            let is_height = altitude_m > 0.0 && altitude_m.is_finite();
            if spec.kind == VehicleKind::Multicopter && !is_height {
                return Err(VehicleRefusal::Altitude { altitude_m });
            }
            if vehicle.is_armed {
                return Err(VehicleRefusal::AlreadyReady);
            }
            let place = vehicle.position(now);
            let [east, north] = self.vehicles.wind.at(place.z_m + altitude_m);
            let (wind_m_per_s, limit_m_per_s) =
                (east.hypot(north), spec.kinematics.airspeed_limit_m_per_s);
            if spec.kind == VehicleKind::Multicopter && wind_m_per_s >= limit_m_per_s {
                return Err(VehicleRefusal::Wind { wind_m_per_s, limit_m_per_s });
            }
            self.suffices_to_start(vehicle, rules, altitude_m, now)?;
            return Ok(Order::TakeOff { altitude_m });
        }
        if !vehicle.is_ready(spec) {
            return Err(VehicleRefusal::NotReady);
        }
        let order = self.order_of(vehicle, spec, command, now)?;
        match vehicle.order {
            Order::Land { forced: true } if vehicle.is_faulted => Err(VehicleRefusal::Faulted),
            Order::Land { forced: true } => Err(VehicleRefusal::Reserve),
            Order::Return(ReturnReason::Reserve) if *command != VehicleCommand::Land => {
                Err(VehicleRefusal::Reserve)
            }
            // So near the ground it cannot stop.
            Order::Land { .. } | Order::Return(_)
                if vehicle.is_landing() && vehicle.position(now).z_m - vehicle.home.z_m < 2.0 =>
            {
                Err(VehicleRefusal::TouchingDown)
            }
            _ => Ok(order),
        }
    }

    fn order_of(
        &self,
        vehicle: &Vehicle,
        spec: &VehicleSpec,
        command: &VehicleCommand,
        now: SimTime,
    ) -> Result<Order, VehicleRefusal> {
        let is_fine = |waypoint: &Waypoint| {
            let Position { x_m, y_m, z_m } = waypoint.place;
            let is_place = x_m.is_finite() && y_m.is_finite() && z_m.is_finite();
            let is_above = spec.kind == VehicleKind::Rover || z_m >= vehicle.home.z_m;
            let is_hold = waypoint.hold_s >= 0.0 && waypoint.hold_s.is_finite();
            let is_speed = waypoint.speed_m_per_s.is_none_or(|speed| speed > 0.0 && speed.is_finite());
            is_place && is_above && is_hold && is_speed
        };
        match command {
            VehicleCommand::Route(route) if route.is_empty() => Err(VehicleRefusal::EmptyRoute),
            VehicleCommand::Route(route) => match route.iter().position(|waypoint| !is_fine(waypoint)) {
                Some(index) => Err(VehicleRefusal::Waypoint { index: index as u32 }),
                None => Ok(Order::Route),
            },
            &VehicleCommand::Follow { target, offset_m } => {
                let is_known = target.index() < self.nodes.len() && target != vehicle.node;
                if !is_known || offset_m.iter().any(|part| !part.is_finite()) {
                    return Err(VehicleRefusal::NoSuchTarget);
                }
                if !self.nodes[target.index()].is_available() {
                    return Err(VehicleRefusal::TargetUnavailable);
                }
                let (here, there) = (vehicle.position(now), self.position(target, now));
                let distance_m = super::plan::over_ground_m(here, there);
                let limit_m = spec.follow.distance_limit_m;
                if distance_m > limit_m {
                    return Err(VehicleRefusal::TargetTooFar { distance_m, limit_m });
                }
                Ok(Order::Follow { target, offset_m })
            }
            VehicleCommand::Loiter => Ok(Order::Loiter),
            VehicleCommand::ReturnToLaunch => Ok(Order::Return(ReturnReason::Commanded)),
            VehicleCommand::Land => Ok(Order::Land { forced: false }),
            &VehicleCommand::TakeOff { altitude_m } => Ok(Order::TakeOff { altitude_m }),
        }
    }

    /// Whether the battery suffices to take off and land again, with the reserve.
    fn suffices_to_start(
        &self,
        vehicle: &Vehicle,
        rules: Rules<'_>,
        altitude_m: f64,
        now: SimTime,
    ) -> Result<(), VehicleRefusal> {
        let Some(battery) = self.battery(vehicle.node).filter(|_| rules.spec.reserve.enabled) else {
            return Ok(());
        };
        let place = vehicle.position(now);
        let height_m = if rules.spec.kind == VehicleKind::Rover { 0.0 } else { altitude_m };
        let [arming, rising] = rules.take_off_cost(place, height_m);
        let up = Position { z_m: place.z_m + height_m, ..place };
        let need = self.need(vehicle, rules, battery.model().capacity_j, false).at(up).0;
        let started_j = arming.1 + rising.1 + self.other_w(vehicle) * (arming.0 + rising.0);
        let (needed_j, left_j) = (need + started_j, battery.available_j(now));
        if left_j < needed_j { Err(VehicleRefusal::NoEnergy { needed_j, left_j }) } else { Ok(()) }
    }

    /// Watts of a vehicle's node that are not of motion.
    pub(super) fn other_w(&self, vehicle: &Vehicle) -> f64 {
        let powered = self.nodes[vehicle.node.index()].powered;
        let own_w = if powered { vehicle.motion_w } else { 0.0 };
        (self.meters[vehicle.node.index()].power_w() - own_w).max(0.0)
    }

    pub(super) fn need<'a>(
        &self,
        vehicle: &Vehicle,
        rules: Rules<'a>,
        capacity_j: f64,
        for_landing: bool,
    ) -> Need<'a> {
        Need { rules, home: vehicle.home, other_w: self.other_w(vehicle), capacity_j, for_landing }
    }

    /// Lets something happen to a vehicle.
    fn changed(&mut self, id: VehicleId, change: impl FnOnce(&mut Vehicle, Rules<'_>)) {
        with_vehicle!(self, id, vehicle, rules);
        change(vehicle, rules);
    }

    fn tell(&mut self, id: VehicleId, told: &Told) {
        let node = self.vehicles.get(id).node;
        self.notices.extend(told.iter().map(|&event| Notice::VehicleChanged { node, event }));
    }

    /// Handles [`InfraEvent::VehicleDue`].
    pub(in crate::infra) fn on_vehicle_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: VehicleId,
    ) {
        let now = schedule.now();
        self.settle_motion(schedule, id);
        let vehicle = &mut self.vehicles.all[id.index()];
        vehicle.due = None;
        let by_reserve = std::mem::take(&mut vehicle.reserve_due);
        let target = vehicle.target();
        let target = self.target_leg(target);
        let mut told = Told::new();
        self.changed(id, |vehicle, rules| {
            if by_reserve {
                vehicle.margin = None;
                let order = match vehicle.order {
                    Order::Return(_) => Order::Land { forced: true },
                    _ => Order::Return(ReturnReason::Reserve),
                };
                vehicle.obey(rules, now, order, None, &mut told);
            } else if !vehicle.next_leg(now) {
                vehicle.plan_done(rules, now, target, &mut told);
            }
        });
        self.enter_leg(schedule, id);
        self.tell(id, &told);
    }

    /// Adds what the leg has really taken up to now, where that differs from its mean.
    fn settle_motion<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, id: VehicleId) {
        let now = schedule.now();
        let vehicle = &self.vehicles.all[id.index()];
        let (node, since, leg) = (vehicle.node, vehicle.motion_since, *vehicle.leg());
        let mean_j = vehicle.motion_w * now.since(since).as_secs();
        let is_whole = now == leg.arrive || leg.from == leg.to;
        let mut more_j = 0.0;
        if vehicle.motion_w > 0.0 && !is_whole {
            let class = self.nodes[node.index()].class;
            if let Some(spec) = &self.classes[class.index()].vehicle {
                let power = LegPower::new(spec, &leg, &self.vehicles.wind, vehicle.ground(spec));
                more_j = power.energy_j(now) - power.energy_j(since) - mean_j;
            }
        }
        if more_j != 0.0 {
            more_j = self.correct(schedule, node, more_j);
        }
        let moved_m = leg.position(since).distance_m(leg.position(now));
        let vehicle = &mut self.vehicles.all[id.index()];
        vehicle.motion_j += mean_j + more_j;
        vehicle.motion_since = now;
        vehicle.flight.distance_m += moved_m;
        let height_m = leg.position(now).z_m - vehicle.home.z_m;
        vehicle.flight.greatest_height_m = vehicle.flight.greatest_height_m.max(height_m);
    }

    /// Settles what all vehicles have really taken up to now on legs that are not over.
    pub(crate) fn settle_vehicles<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        for index in 0..self.vehicles.all.len() {
            if self.vehicles.all[index].is_armed {
                let id = VehicleId(index as u32);
                self.settle_motion(schedule, id);
                self.draw_motion(schedule, id);
            }
        }
    }

    /// Draws energy from a node, or gives back what was drawn too much; returns what it was.
    fn correct<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        energy_j: f64,
    ) -> f64 {
        let drawn_j = match &mut self.batteries[node.index()] {
            Some(state) => state.take(schedule.now(), energy_j),
            None => {
                if !self.sites.is_empty() {
                    let flows = self.book_energy(node, energy_j, schedule.now());
                    self.book_unattributed(node, flows);
                }
                energy_j
            }
        };
        self.meters[node.index()].add_energy(drawn_j);
        drawn_j
    }

    /// Puts a vehicle on the present leg of its plan.
    fn enter_leg<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, id: VehicleId) {
        let vehicle = self.vehicles.get(id);
        let (node, leg) = (vehicle.node, *vehicle.leg());
        let attaches = self.nodes[node.index()].is_available();
        let change = self.motion.set_leg(schedule, node, leg, attaches);
        self.hand_over(schedule, node, change);
        self.draw_motion(schedule, id);
    }

    /// Lets a vehicle draw what its leg takes on average from now on.
    fn draw_motion<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, id: VehicleId) {
        let now = schedule.now();
        self.changed(id, |vehicle, rules| {
            vehicle.motion_since = now;
            vehicle.motion_w = if vehicle.is_armed {
                let leg = *vehicle.leg();
                LegPower::new(rules.spec, &leg, rules.wind, vehicle.ground(rules.spec)).mean_from_w(now)
            } else {
                0.0
            };
        });
        self.refresh(schedule, self.vehicles.get(id).node, 0.0);
    }

    /// Keeps the next event of a vehicle: the end of its leg, or the instant of its reserve before.
    pub(in crate::infra) fn arm_vehicle<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) {
        let Some(id) = self.vehicles.of(node) else { return };
        let now = schedule.now();
        let vehicle = self.vehicles.get(id);
        let mut time = vehicle.leg().arrive;
        let mut margin = vehicle.margin;
        let mut reserve_due = false;
        let class = self.nodes[node.index()].class;
        if let Some(battery) = self.battery(node)
            && let Some(spec) = &self.classes[class.index()].vehicle
            && let rules = self.vehicles.rules(spec)
            && let Some(for_landing) = reserve::watched(vehicle, rules)
        {
            let need = self.need(vehicle, rules, battery.model().capacity_j, for_landing);
            let power_w = self.meters[node.index()].power_w();
            let instant = reserve::instant(&need, &mut margin, vehicle.leg(), battery, power_w, now);
            if let Some(instant) = instant.filter(|&instant| instant < time) {
                (time, reserve_due) = (instant, true);
            }
        }
        let vehicle = &mut self.vehicles.all[id.index()];
        (vehicle.margin, vehicle.reserve_due) = (margin, reserve_due);
        match vehicle.due {
            Some(due) if time == SimTime::MAX => {
                schedule.cancel(due);
                vehicle.due = None;
            }
            Some(due) if schedule.reschedule(due, time) => {}
            _ if time == SimTime::MAX => {}
            _ => {
                let event = InfraEvent::VehicleDue(id).into();
                vehicle.due = Some(schedule.at(time, Phase::Environment, event));
            }
        }
    }

    /// Works the reserve of a vehicle out anew, as its battery holds something else.
    pub(in crate::infra) fn look_at_reserve<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) {
        if let Some(id) = self.vehicles.of(node) {
            self.vehicles.all[id.index()].margin = None;
            self.arm_vehicle(schedule, node);
        }
    }

    /// What a vehicle does when its node goes: it falls or lands in the air, and stands still on the ground.
    pub(in crate::infra) fn stop_vehicle<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        why: NodeChange,
    ) {
        let Some(id) = self.vehicles.of(node) else { return };
        if self.vehicles.get(id).lost.is_some() {
            return;
        }
        self.settle_motion(schedule, id);
        let now = schedule.now();
        let mut told = Told::new();
        let mut is_lost = false;
        self.changed(id, |vehicle, rules| {
            let lands = rules.spec.on_fault == FaultPolicy::Land && why == NodeChange::Failed;
            let place = vehicle.position(now);
            if !vehicle.is_airborne(rules.spec) {
                if vehicle.is_armed {
                    vehicle.flight.end = Some(LossReason::of(why).into());
                }
                vehicle.disarm(rules, now, place, &mut told);
            } else if lands {
                vehicle.is_faulted = true;
                vehicle.obey(rules, now, Order::Land { forced: true }, None, &mut told);
            } else {
                is_lost = true;
                vehicle.lose(rules, now, LossReason::of(why), &mut told);
            }
        });
        if is_lost {
            // What has fallen down does not work again.
            self.nodes[node.index()].present = false;
        }
        self.enter_leg(schedule, id);
        self.tell(id, &told);
    }
}
