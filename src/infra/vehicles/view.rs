//! What can be seen of a vehicle.

use super::super::geometry::{Leg, Position};
use super::super::ids::NodeId;
use super::super::infrastructure::Infrastructure;
use super::flight::Flight;
use super::follow;
use super::machine::Vehicle;
use super::plan::{Rules, at_height};
use super::power::{Ground, LegPower};
use super::{VehicleKind, VehicleMode, VehiclePhase, VehicleSpec, Waypoint};
use crate::engine::{SimDuration, SimTime};

/// Where a vehicle may be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Destination {
    /// A place, to stop there.
    Place(Position),
    /// The station of a node, as of [`VehicleCommand::Follow`](super::VehicleCommand::Follow).
    Station {
        /// The node.
        target: NodeId,
        /// Metres east, north and up of it.
        offset_m: [f64; 3],
    },
}

/// What it would take to get somewhere, if the target keeps its present velocity and the wind stays as it is. A battery
/// pays for the energy, and for what else the node draws meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reach {
    /// Seconds in all.
    pub time_s: f64,
    /// Joules of motion and payload in all.
    pub energy_j: f64,
    /// Seconds of it to arm; zero if it is in the air, or armed.
    pub arming_s: f64,
    /// Seconds of it to take off to the height of the destination; zero if it is in the air.
    pub take_off_s: f64,
    /// Seconds of it on the way: until it has arrived, or until its distance to the station is so small that it closes in
    /// in proportion to that.
    pub cruise_s: f64,
    /// Seconds of it to close in to the station.
    pub approach_s: f64,
}

impl Reach {
    fn add(&mut self, (seconds, energy_j): (f64, f64)) -> f64 {
        self.time_s += seconds;
        self.energy_j += energy_j;
        seconds
    }
}

/// Seconds that a prediction looks ahead at most.
const HORIZON_S: f64 = 3600.0;

/// A vehicle, to look at.
#[derive(Clone, Copy, Debug)]
pub struct VehicleView<'a> {
    infrastructure: &'a Infrastructure,
    vehicle: &'a Vehicle,
    spec: &'a VehicleSpec,
}

impl Infrastructure {
    /// A node as a vehicle; `None` if it is none.
    #[must_use]
    pub fn vehicle(&self, node: NodeId) -> Option<VehicleView<'_>> {
        let vehicle = self.vehicles.get(self.vehicles.of(node)?);
        let spec = self.class_of(node).vehicle.as_ref()?;
        Some(VehicleView { infrastructure: self, vehicle, spec })
    }
}

impl<'a> VehicleView<'a> {
    fn rules(&self) -> Rules<'a> {
        Rules { spec: self.spec, wind: &self.infrastructure.vehicles.wind }
    }

    /// What its class says.
    #[must_use]
    pub fn spec(&self) -> &'a VehicleSpec {
        self.spec
    }

    /// Its flight mode.
    #[must_use]
    pub fn mode(&self) -> VehicleMode {
        self.vehicle.mode(self.spec)
    }

    /// What it is doing.
    #[must_use]
    pub fn phase(&self) -> VehiclePhase {
        self.vehicle.phase
    }

    /// Where it returns to.
    #[must_use]
    pub fn home(&self) -> Position {
        self.vehicle.home
    }

    /// Whether its motors run.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.vehicle.is_armed
    }

    /// Whether it is above the ground.
    #[must_use]
    pub fn is_airborne(&self) -> bool {
        self.vehicle.is_airborne(self.spec)
    }

    /// Whether it follows commands to move: an aircraft in the air, a rover that is armed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.vehicle.is_ready(self.spec)
    }

    /// The node that it follows, if it does.
    #[must_use]
    pub fn target(&self) -> Option<NodeId> {
        self.vehicle.target()
    }

    /// The route that it was last told, whether it still follows that or not.
    #[must_use]
    pub fn route(&self) -> &'a [Waypoint] {
        &self.vehicle.route
    }

    /// Metres a second east, north and up.
    #[must_use]
    pub fn velocity(&self, now: SimTime) -> [f64; 3] {
        self.vehicle.velocity(now)
    }

    /// Change of the speed along its way in m/s2.
    #[must_use]
    pub fn acceleration_m_per_s2(&self, now: SimTime) -> f64 {
        self.vehicle.leg().acceleration_at(now)
    }

    /// Where it looks, in degrees clockwise from north.
    #[must_use]
    pub fn heading_deg(&self) -> f64 {
        self.vehicle.heading_deg
    }

    /// Horizontal speed through the air in m/s; over the ground of a rover.
    #[must_use]
    pub fn airspeed_m_per_s(&self, now: SimTime) -> f64 {
        let leg = self.vehicle.leg();
        let power = LegPower::new(self.spec, leg, &self.infrastructure.vehicles.wind, Ground::Aloft);
        let moving = power.moving(self.vehicle.speed_m_per_s(now), 0.0);
        match self.spec.kind {
            VehicleKind::Multicopter if self.is_airborne() => moving.airspeed_m_per_s,
            VehicleKind::Multicopter => 0.0,
            VehicleKind::Rover => moving.ground_speed_m_per_s,
        }
    }

    /// Speed through the air in the direction in which it looks, in m/s: below zero in a tail wind that is faster than it.
    #[must_use]
    pub fn headway_m_per_s(&self, now: SimTime) -> f64 {
        let [east, north, _] = self.vehicle.velocity(now);
        let height_m = self.vehicle.position(now).z_m;
        let [wind_east, wind_north] = self.infrastructure.vehicles.wind.at(height_m);
        let (to_east, to_north) = self.vehicle.heading_deg.to_radians().sin_cos();
        (east - wind_east) * to_east + (north - wind_north) * to_north
    }

    /// Whether it has given up what it did on account of its battery.
    #[must_use]
    pub fn is_by_reserve(&self) -> bool {
        self.vehicle.flight.is_by_reserve
    }

    /// Its present flight, or the last one if it is disarmed.
    #[must_use]
    pub fn flight(&self) -> &'a Flight {
        &self.vehicle.flight
    }

    /// Seconds of its present flight in each phase up to now, in the order of [`VehiclePhase::ALL`].
    #[must_use]
    pub fn phase_s(&self, now: SimTime) -> [f64; VehiclePhase::ALL.len()] {
        let mut seconds = self.vehicle.flight.phase_s;
        if self.vehicle.is_armed {
            seconds[self.vehicle.phase as usize] += now.since(self.vehicle.flight.phase_since).as_secs();
        }
        seconds
    }

    /// Metres along the way of its present flight, and joules of motion and of the whole node since it was armed.
    #[must_use]
    pub fn flight_totals(&self, now: SimTime) -> (f64, f64, f64) {
        let (node, flight) = (self.vehicle.node, &self.vehicle.flight);
        let leg = self.vehicle.leg();
        let on_leg_m = leg.position(self.vehicle.motion_since).distance_m(leg.position(now));
        (
            flight.distance_m + on_leg_m,
            self.infrastructure.motion_energy_j(node, now) - flight.motion_before_j,
            self.infrastructure.meter(node).energy_j(now) - flight.node_before_j,
        )
    }

    /// Joules that are left in its battery; infinite without one.
    #[must_use]
    pub fn battery_j(&self, now: SimTime) -> f64 {
        let battery = self.infrastructure.battery(self.vehicle.node);
        battery.map_or(f64::INFINITY, |battery| battery.available_j(now))
    }

    /// Joules that it would take its node to brake, return from where it is and land, without reserve.
    #[must_use]
    pub fn energy_home_j(&self, now: SimTime) -> f64 {
        let need = self.infrastructure.need(self.vehicle, self.rules(), 0.0, false);
        need.at_speed(self.vehicle.position(now), self.vehicle.speed_m_per_s(now)).0
    }

    /// Joules that are to be left when it has come home.
    #[must_use]
    pub fn reserve_j(&self) -> f64 {
        let battery = self.infrastructure.battery(self.vehicle.node);
        let share = if self.spec.reserve.enabled { self.spec.reserve.home_share } else { 0.0 };
        battery.map_or(0.0, |battery| share * battery.model().capacity_j)
    }

    /// What it would take to return from rest at a place: to go home, and of an aircraft to land and disarm there.
    #[must_use]
    pub fn predict_return(&self, from: Position) -> Reach {
        let mut reach = Reach::default();
        reach.cruise_s = reach.add(self.rules().return_cost(from, self.vehicle.home));
        reach
    }

    /// What it would take to get somewhere, arming and take-off to the height of the destination included if it stands.
    /// `None` if it cannot follow commands, the destination does not work, or it would not get there within an hour.
    #[must_use]
    pub fn predict_reach(&self, now: SimTime, destination: Destination) -> Option<Reach> {
        let node = self.infrastructure.node(self.vehicle.node);
        if self.vehicle.lost.is_some() || !node.is_available() {
            return None;
        }
        match destination {
            Destination::Place(place) => {
                let (mut reach, from, _) = self.risen(now, place.z_m);
                let is_rover = self.spec.kind == VehicleKind::Rover;
                let rules = self.rules();
                let legs = self.vehicle.way_to(rules, now, from, place);
                let ground = if is_rover { Ground::OnGround } else { Ground::Aloft };
                reach.cruise_s = reach.add(rules.cost(&legs, ground));
                Some(reach)
            }
            Destination::Station { target, offset_m } => {
                let target = self.extended(target, now)?;
                self.predict_follow(now, &|_| target, offset_m)
            }
        }
    }

    /// What it would take to come to the station at an offset (east, north, up, in metres) of something whose leg at any
    /// time is known, arming and take-off to its height included if it stands. `None` if it cannot follow commands or
    /// would not be there within an hour.
    #[must_use]
    pub fn predict_follow(
        &self,
        now: SimTime,
        target: &dyn Fn(SimTime) -> Leg,
        offset_m: [f64; 3],
    ) -> Option<Reach> {
        let node = self.infrastructure.node(self.vehicle.node);
        if self.vehicle.lost.is_some() || !node.is_available() {
            return None;
        }
        let (mut reach, place, velocity) = self.risen(now, target(now).position(now).z_m + offset_m[2]);
        self.close_in(&mut reach, now, place, velocity, target, offset_m)?;
        Some(reach)
    }

    /// What it takes to arm and to rise to a height, if it stands; where it is then, and its velocity.
    fn risen(&self, now: SimTime, top_m: f64) -> (Reach, Position, [f64; 3]) {
        let place = self.vehicle.position(now);
        let mut reach = Reach::default();
        if self.vehicle.is_ready(self.spec) {
            return (reach, place, self.vehicle.velocity(now));
        }
        let is_rover = self.spec.kind == VehicleKind::Rover;
        let altitude_m = if is_rover { 0.0 } else { (top_m - place.z_m).max(0.0) };
        let [arming, rising] = self.rules().take_off_cost(place, altitude_m);
        reach.arming_s = reach.add(arming);
        reach.take_off_s = reach.add(rising);
        (reach, at_height(place, place.z_m + altitude_m), [0.0; 3])
    }

    /// The way of a node if it keeps its velocity.
    fn extended(&self, target: NodeId, now: SimTime) -> Option<Leg> {
        let node = self.infrastructure.nodes().get(target.index())?;
        if !node.is_available() || target == self.vehicle.node {
            return None;
        }
        let leg = follow::continued(&self.infrastructure.leg(target), now);
        let (here, velocity) = (leg.position(now), follow::velocity(&leg, now));
        if velocity == [0.0; 3] {
            return Some(Leg::stay(here, now, SimTime::MAX));
        }
        let to = Position {
            x_m: here.x_m + velocity[0] * 2.0 * HORIZON_S,
            y_m: here.y_m + velocity[1] * 2.0 * HORIZON_S,
            z_m: here.z_m + velocity[2] * 2.0 * HORIZON_S,
        };
        Some(Leg::straight(here, to, now, now + SimDuration::from_secs(2.0 * HORIZON_S)))
    }

    fn close_in(
        &self,
        reach: &mut Reach,
        now: SimTime,
        place: Position,
        velocity: [f64; 3],
        target: &dyn Fn(SimTime) -> Leg,
        offset_m: [f64; 3],
    ) -> Option<()> {
        let (rules, own) = (self.rules(), &self.spec.follow);
        let ground = if self.spec.kind == VehicleKind::Rover { Ground::OnGround } else { Ground::Aloft };
        let (mut place, mut velocity) = (place, velocity);
        let ground_m = self.vehicle.home.z_m;
        let mut at = now + SimDuration::from_secs(reach.time_s);
        while reach.time_s < HORIZON_S {
            let target = target(at);
            let there = target.position(at);
            let station = Position {
                x_m: there.x_m + offset_m[0],
                y_m: there.y_m + offset_m[1],
                z_m: if ground == Ground::OnGround { place.z_m } else { there.z_m + offset_m[2] },
            };
            if place.distance_m(station) <= own.station_radius_m * (1.0 + 1e-6) {
                return Some(());
            }
            let step = follow::step(rules, own, place, velocity, at, &target, offset_m, ground_m);
            let power = LegPower::new(self.spec, &step.leg, rules.wind, ground);
            let seconds = step.leg.arrive.since(at).as_secs();
            reach.add((seconds, power.energy_j(step.leg.arrive)));
            if step.is_proportional {
                reach.approach_s += seconds;
            } else {
                reach.cruise_s += seconds;
            }
            (place, at) = (step.leg.to, step.leg.arrive);
            let speed = if step.leg.from == step.leg.to { 0.0 } else { step.leg.speed_at(at) };
            velocity = step.leg.direction().map(|part| part * speed);
        }
        None
    }
}
