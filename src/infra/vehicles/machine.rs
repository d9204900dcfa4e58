//! One vehicle: what it is told, what it does, and which legs come of it.

use super::super::geometry::{Leg, Position};
use super::super::ids::NodeId;
use super::flight::Flight;
use super::flight::FlightEnd;
use super::follow;
use super::plan::{Legs, Plan, Rules, at_height, over_ground_m};
use super::power::Ground;
use super::reserve::Margin;
use super::{
    Corners, LossReason, ReturnReason, VehicleEvent, VehicleKind, VehicleMode, VehiclePhase,
    VehicleSpec, Waypoint,
};
use crate::engine::{EventHandle, SimTime};
use smallvec::SmallVec;

/// What a vehicle is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    /// Nothing: it is disarmed, or a rover that was only armed.
    Stand,
    TakeOff {
        altitude_m: f64,
    },
    Route,
    Loiter,
    Follow {
        target: NodeId,
        offset_m: [f64; 3],
    },
    Return(ReturnReason),
    Land {
        forced: bool,
    },
}

/// What the present plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Standing,
    SpoolingUp,
    Rising,
    Braking,
    Turning,
    OnLine,
    /// A rover on its way to hold.
    Stopping,
    Holding,
    Staying,
    Stepping,
    /// The target of a step was gone.
    Waiting,
    Climbing,
    GoingHome,
    Descending,
    SpoolingDown,
}

/// What is told, in order.
pub(super) type Told = SmallVec<[VehicleEvent; 6]>;

/// Speed in m/s below which a vehicle stands.
const STANDING_M_PER_S: f64 = 1e-3;

/// Change of heading in degrees that a rover makes on its way from a stand.
const SLIGHT_DEG: f64 = 10.0;

/// A vehicle and its state.
#[derive(Debug)]
pub(in crate::infra) struct Vehicle {
    pub(super) node: NodeId,
    pub(super) home: Position,
    pub(super) order: Order,
    stage: Stage,
    pub(super) phase: VehiclePhase,
    pub(super) is_armed: bool,
    pub(super) lost: Option<LossReason>,
    /// Whether its node has failed in the air.
    pub(super) is_faulted: bool,
    legs: Legs,
    current: usize,
    pub(super) route: Vec<Waypoint>,
    next: usize,
    /// Where a rover looks, and an aircraft as it last flew, in degrees clockwise from north.
    pub(super) heading_deg: f64,
    /// Whether it is at the station of its target.
    is_on_station: bool,
    pub(super) due: Option<EventHandle>,
    /// Whether what is due is an intervention on account of the battery.
    pub(super) reserve_due: bool,
    /// Watts of motion and payload, on average over the leg.
    pub(super) motion_w: f64,
    /// Since when, and joules before.
    pub(super) motion_since: SimTime,
    pub(super) motion_j: f64,
    /// What the reserve asked for when that was last worked out.
    pub(super) margin: Option<Margin>,
    pub(super) flight: Flight,
}

impl Vehicle {
    pub(super) fn new(node: NodeId, place: Position, home: Position) -> Self {
        let mut legs = Legs::new();
        legs.push(Leg::stay(place, SimTime::ZERO, SimTime::MAX));
        Vehicle {
            node,
            home,
            order: Order::Stand,
            stage: Stage::Standing,
            phase: VehiclePhase::Disarmed,
            is_armed: false,
            lost: None,
            is_faulted: false,
            legs,
            current: 0,
            route: Vec::new(),
            next: 0,
            heading_deg: 0.0,
            is_on_station: false,
            due: None,
            reserve_due: false,
            motion_w: 0.0,
            motion_since: SimTime::ZERO,
            motion_j: 0.0,
            margin: None,
            flight: Flight::default(),
        }
    }

    /// The leg that it is on.
    pub(super) fn leg(&self) -> &Leg {
        &self.legs[self.current]
    }

    pub(super) fn position(&self, now: SimTime) -> Position {
        self.leg().position(now)
    }

    /// Where it is on its way to on the ground or in the air at rest, and how fast it is.
    pub(super) fn speed_m_per_s(&self, now: SimTime) -> f64 {
        if self.leg().from == self.leg().to { 0.0 } else { self.leg().speed_at(now) }
    }

    pub(super) fn velocity(&self, now: SimTime) -> [f64; 3] {
        let speed = self.speed_m_per_s(now);
        self.leg().direction().map(|part| part * speed)
    }

    /// Whether an aircraft is off the ground.
    pub(super) fn is_airborne(&self, spec: &VehicleSpec) -> bool {
        spec.kind == VehicleKind::Multicopter
            && !matches!(self.stage, Stage::Standing | Stage::SpoolingUp | Stage::SpoolingDown)
    }

    /// Whether it follows commands to move: an aircraft in the air, a rover that is armed.
    pub(super) fn is_ready(&self, spec: &VehicleSpec) -> bool {
        match spec.kind {
            VehicleKind::Multicopter => self.is_airborne(spec),
            VehicleKind::Rover => self.is_armed && self.stage != Stage::SpoolingUp,
        }
    }

    pub(super) fn ground(&self, spec: &VehicleSpec) -> Ground {
        if self.is_airborne(spec) { Ground::Aloft } else { Ground::OnGround }
    }

    pub(super) fn mode(&self, spec: &VehicleSpec) -> VehicleMode {
        let is_rover = spec.kind == VehicleKind::Rover;
        match (self.order, is_rover) {
            (Order::Stand | Order::Loiter, true) => VehicleMode::Hold,
            (Order::Stand, false) => VehicleMode::Stabilize,
            (Order::TakeOff { .. }, _) => VehicleMode::Guided,
            (Order::Route, _) => VehicleMode::Auto,
            (Order::Loiter, false) => VehicleMode::Loiter,
            (Order::Follow { .. }, _) => VehicleMode::Follow,
            (Order::Return(_), _) => VehicleMode::Rtl,
            (Order::Land { .. }, _) => VehicleMode::Land,
        }
    }

    /// Whether it comes down.
    pub(super) fn is_landing(&self) -> bool {
        self.stage == Stage::Descending
    }

    /// The node that it follows.
    pub(super) fn target(&self) -> Option<NodeId> {
        match self.order {
            Order::Follow { target, .. } => Some(target),
            _ => None,
        }
    }

    /// Goes on to the next leg of the plan; whether there was one.
    pub(super) fn next_leg(&mut self, now: SimTime) -> bool {
        let is_more = self.current + 1 < self.legs.len();
        if is_more {
            self.current += 1;
        }
        // Legs that end at once are over already.
        is_more && (self.leg().arrive > now || self.next_leg(now))
    }

    fn enter(&mut self, phase: VehiclePhase, now: SimTime, told: &mut Told) {
        if self.phase != phase {
            self.flight.leave(self.phase, now);
            self.phase = phase;
            told.push(VehicleEvent::Phase(phase));
        }
    }

    fn plan<'a>(&'a mut self, rules: Rules<'a>, now: SimTime) -> Plan<'a> {
        self.current = 0;
        Plan::new(rules, &mut self.legs, now)
    }

    fn stay(&mut self, rules: Rules<'_>, now: SimTime, place: Position, seconds: Option<f64>) {
        let mut plan = self.plan(rules, now);
        match seconds {
            Some(seconds) => plan.stay(place, seconds),
            None => plan.stay_for_ever(place),
        }
    }

    /// Starts the motors.
    pub(super) fn arm(&mut self, rules: Rules<'_>, now: SimTime, order: Order, told: &mut Told) {
        let place = self.position(now);
        self.order = order;
        self.is_armed = true;
        self.is_faulted = false;
        told.push(VehicleEvent::Armed);
        self.enter(VehiclePhase::Arming, now, told);
        self.stage = Stage::SpoolingUp;
        let spool_s = rules.spec.kinematics.spool_up_s;
        if spool_s > 0.0 {
            self.stay(rules, now, place, Some(spool_s));
        } else {
            self.after_spool_up(rules, now, place, told);
        }
    }

    fn after_spool_up(&mut self, rules: Rules<'_>, now: SimTime, place: Position, told: &mut Told) {
        if let (Order::TakeOff { altitude_m }, VehicleKind::Multicopter) = (self.order, rules.spec.kind)
        {
            self.stage = Stage::Rising;
            self.enter(VehiclePhase::TakingOff, now, told);
            let top = at_height(place, self.home.z_m.max(place.z_m) + altitude_m);
            self.plan(rules, now).line(place, top, 0.0, 0.0, None);
        } else {
            told.push(VehicleEvent::TookOff);
            self.loiter(rules, now, place, told);
        }
    }

    fn loiter(&mut self, rules: Rules<'_>, now: SimTime, place: Position, told: &mut Told) {
        self.order = Order::Loiter;
        self.stage = Stage::Staying;
        self.enter(VehiclePhase::Loitering, now, told);
        self.stay(rules, now, place, None);
    }

    /// Sets out to do something else; an aircraft or rover that moves brakes first, unless it follows.
    pub(super) fn obey(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        order: Order,
        target: Option<Leg>,
        told: &mut Told,
    ) {
        let (place, speed) = (self.position(now), self.speed_m_per_s(now));
        let direction = self.leg().direction();
        self.order = order;
        self.is_on_station = false;
        self.next = 0;
        if let Order::Return(reason) = order {
            told.push(VehicleEvent::Returning(reason));
            self.flight.is_by_reserve |= reason == ReturnReason::Reserve;
        }
        let follows = matches!(order, Order::Follow { .. });
        if speed > STANDING_M_PER_S && !follows {
            self.enter(VehiclePhase::Stopping, now, told);
            self.stage = Stage::Braking;
            let ground_m = self.home.z_m;
            self.plan(rules, now).brake(place, direction, speed, ground_m);
            if self.legs.is_empty() {
                self.begin(rules, now, place, target, told);
            }
            return;
        }
        self.begin(rules, now, place, target, told);
    }

    /// Begins what it is to do, at rest but for following.
    fn begin(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        place: Position,
        target: Option<Leg>,
        told: &mut Told,
    ) {
        match self.order {
            Order::Stand | Order::Loiter | Order::TakeOff { .. } => self.loiter(rules, now, place, told),
            Order::Route => self.head_for(rules, now, place, 0.0, told),
            Order::Follow { .. } => self.step(rules, now, place, target, told),
            Order::Return(_) if rules.spec.kind == VehicleKind::Rover => {
                self.enter(VehiclePhase::Returning, now, told);
                self.drive(rules, now, place, self.home, None);
            }
            Order::Return(_) => {
                self.enter(VehiclePhase::Returning, now, told);
                let top_m = self.home.z_m + rules.return_height_m(place, self.home);
                self.stage = Stage::Climbing;
                let top = at_height(place, top_m);
                self.plan(rules, now).delayed_line(place, top, None);
                if self.legs.is_empty() {
                    self.go_home(rules, now, place, told);
                }
            }
            Order::Land { forced } => self.descend(rules, now, place, forced, told),
        }
    }

    fn go_home(&mut self, rules: Rules<'_>, now: SimTime, place: Position, told: &mut Told) {
        self.stage = Stage::GoingHome;
        let above = at_height(self.home, place.z_m);
        self.turn_to(place, above);
        let own = rules.spec.return_home;
        let mut plan = self.plan(rules, now);
        plan.delayed_line(place, above, Some(own.speed_m_per_s));
        plan.stay(above, own.hover_s);
        if self.legs.is_empty() {
            self.descend(rules, now, place, false, told);
        }
    }

    fn descend(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        place: Position,
        forced: bool,
        told: &mut Told,
    ) {
        if rules.spec.kind == VehicleKind::Rover {
            self.touch_down(rules, now, place, told);
            return;
        }
        self.stage = Stage::Descending;
        told.push(VehicleEvent::Landing { forced });
        self.enter(VehiclePhase::Landing, now, told);
        let ground_m = self.home.z_m;
        self.plan(rules, now).descent(place, ground_m);
        if self.legs.is_empty() {
            self.touch_down(rules, now, place, told);
        }
    }

    fn touch_down(&mut self, rules: Rules<'_>, now: SimTime, place: Position, told: &mut Told) {
        let forced = matches!(self.order, Order::Land { forced: true });
        if rules.spec.kind == VehicleKind::Multicopter {
            told.push(VehicleEvent::Landed { forced });
        }
        self.stage = Stage::SpoolingDown;
        self.enter(VehiclePhase::Disarming, now, told);
        let disarm_s = rules.spec.kinematics.disarm_s;
        if disarm_s > 0.0 {
            self.stay(rules, now, place, Some(disarm_s));
        } else {
            self.disarm(rules, now, place, told);
        }
    }

    /// Switches the motors off.
    pub(super) fn disarm(&mut self, rules: Rules<'_>, now: SimTime, place: Position, told: &mut Told) {
        let forced = matches!(self.order, Order::Land { forced: true });
        self.order = Order::Stand;
        self.stage = Stage::Standing;
        if std::mem::take(&mut self.is_armed) {
            self.flight.end.get_or_insert(match (forced, self.flight.is_by_reserve) {
                (true, _) => FlightEnd::Forced,
                (false, true) => FlightEnd::Reserve,
                (false, false) => FlightEnd::Commanded,
            });
            // Told first, so that whoever takes off again on it does not do so before the flight is recorded.
            told.push(VehicleEvent::Disarmed);
            self.enter(VehiclePhase::Disarmed, now, told);
        }
        self.stay(rules, now, place, None);
    }

    /// Loses it: it lies on the ground from now on.
    pub(super) fn lose(&mut self, rules: Rules<'_>, now: SimTime, why: LossReason, told: &mut Told) {
        let place = at_height(self.position(now), self.home.z_m);
        self.lost = Some(why);
        self.flight.end = Some(why.into());
        self.order = Order::Stand;
        self.stage = Stage::Standing;
        self.is_armed = false;
        told.push(VehicleEvent::Lost(why));
        self.enter(VehiclePhase::Lost, now, told);
        self.stay(rules, now, place, None);
    }

    fn turn_to(&mut self, from: Position, to: Position) {
        if let Some(heading) = Leg::straight(from, to, SimTime::ZERO, SimTime::ZERO).heading_deg() {
            self.heading_deg = heading;
        }
    }

    /// Puts a rover on its way to a place: it turns on the spot first if it has to.
    fn drive(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        place: Position,
        to: Position,
        speed: Option<f64>,
    ) {
        let heading = Leg::straight(place, to, SimTime::ZERO, SimTime::ZERO).heading_deg();
        let turn_deg = heading.map_or(0.0, |heading| turn_deg(self.heading_deg, heading));
        self.turn_to(place, to);
        self.stage = Stage::OnLine;
        let turn_s = if turn_deg > SLIGHT_DEG { turn_s(rules.spec, turn_deg) } else { 0.0 };
        let mut plan = self.plan(rules, now);
        plan.stay(place, turn_s);
        plan.line(place, to, 0.0, 0.0, speed);
        if self.legs.is_empty() {
            self.stay(rules, now, place, Some(1e-3));
        }
    }

    /// The legs from `from` on to a place, as of a route with this waypoint alone until that is reached: it brakes, turns
    /// and goes.
    pub(super) fn way_to(&self, rules: Rules<'_>, now: SimTime, from: Position, to: Position) -> Legs {
        let is_rover = rules.spec.kind == VehicleKind::Rover;
        let mut legs = Legs::new();
        let mut plan = Plan::new(rules, &mut legs, SimTime::ZERO);
        let speed = self.speed_m_per_s(now);
        let place = if speed > STANDING_M_PER_S {
            plan.brake(from, self.leg().direction(), speed, self.home.z_m)
        } else {
            from
        };
        let goal = if is_rover { at_height(to, place.z_m) } else { to };
        let radius_m = if is_rover { rules.spec.kinematics.accept_radius_m } else { 0.0 };
        let ahead_m = place.distance_m(goal);
        if ahead_m <= radius_m.max(1e-6) {
            return legs;
        }
        let end = place.towards(goal, (ahead_m - radius_m) / ahead_m);
        let heading = Leg::straight(place, end, SimTime::ZERO, SimTime::ZERO).heading_deg();
        let turn = heading.map_or(0.0, |heading| turn_deg(self.heading_deg, heading));
        if is_rover && turn > SLIGHT_DEG {
            plan.stay(place, turn_s(rules.spec, turn));
        }
        plan.delay(place, end);
        let leave = self.corner_m_per_s(rules, place, end, goal, 0.0, &Waypoint::at(goal), None);
        plan.line(place, end, 0.0, leave, None);
        if leave <= STANDING_M_PER_S {
            plan.stay(end, rules.spec.kinematics.settle_s);
        }
        legs
    }

    /// Heads for the next waypoint of the route, at this speed now.
    fn head_for(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        place: Position,
        speed: f64,
        told: &mut Told,
    ) {
        let is_rover = rules.spec.kind == VehicleKind::Rover;
        let mut speed = speed;
        loop {
            let Some(waypoint) = self.route.get(self.next).copied() else {
                told.push(VehicleEvent::RouteDone);
                self.loiter(rules, now, place, told);
                return;
            };
            let on_ground = |to: Position| if is_rover { at_height(to, place.z_m) } else { to };
            let goal = on_ground(waypoint.place);
            let radius_m = if is_rover { rules.spec.kinematics.accept_radius_m } else { 0.0 };
            let ahead_m = place.distance_m(goal);
            if ahead_m <= radius_m.max(1e-6) {
                if self.reached(rules, now, place, speed, told) {
                    return;
                }
                // What is there already is passed; a rover that moves goes on.
                speed = if is_rover { speed } else { 0.0 };
                continue;
            }
            self.enter(VehiclePhase::Cruising, now, told);
            let end = place.towards(goal, (ahead_m - radius_m) / ahead_m);
            let turn = match Leg::straight(place, end, SimTime::ZERO, SimTime::ZERO).heading_deg() {
                Some(heading) => turn_deg(self.heading_deg, heading),
                None => 0.0,
            };
            if is_rover && speed > STANDING_M_PER_S && turn > rules.spec.turn.pivot_deg {
                // It stops to turn, in the direction in which it goes.
                self.stage = Stage::Turning;
                let (east, north) = self.heading_deg.to_radians().sin_cos();
                let ground_m = place.z_m;
                self.plan(rules, now).brake(place, [east, north, 0.0], speed, ground_m);
                return;
            }
            self.turn_to(place, end);
            let next = self.route.get(self.next + 1).copied();
            let leave = self.corner_m_per_s(rules, place, end, goal, speed, &waypoint, next.as_ref());
            self.stage = Stage::OnLine;
            let is_standing = speed <= STANDING_M_PER_S;
            let turns = is_rover && is_standing && turn > SLIGHT_DEG;
            let turn_s = if turns { turn_s(rules.spec, turn) } else { 0.0 };
            let mut plan = self.plan(rules, now);
            plan.stay(place, turn_s);
            if is_standing {
                plan.delay(place, end);
            }
            plan.line(place, end, speed, leave, waypoint.speed_m_per_s);
            if leave <= STANDING_M_PER_S {
                plan.stay(end, rules.spec.kinematics.settle_s);
            }
            return;
        }
    }

    /// The speed at the end of a line of the route.
    #[allow(clippy::too_many_arguments, reason = "two lines and what is at their ends")]
    fn corner_m_per_s(
        &self,
        rules: Rules<'_>,
        from: Position,
        end: Position,
        goal: Position,
        speed: f64,
        waypoint: &Waypoint,
        next: Option<&Waypoint>,
    ) -> f64 {
        let limits = rules.limits(from, end, waypoint.speed_m_per_s);
        let reachable = limits.reachable_m_per_s(speed, from.distance_m(end)).min(limits.speed_m_per_s);
        let is_rover = rules.spec.kind == VehicleKind::Rover;
        let radius_m = rules.spec.kinematics.accept_radius_m;
        // A rover has entered the radius before it stops, which it does within it.
        let stop =
            if is_rover { limits.reachable_m_per_s(0.0, radius_m * 0.85).min(reachable) } else { 0.0 };
        let Some(next) = next.filter(|_| waypoint.hold_s <= 0.0) else { return stop };
        let next_goal = if is_rover { at_height(next.place, end.z_m) } else { next.place };
        let length_m = goal.distance_m(next_goal).min(end.distance_m(next_goal));
        if length_m <= radius_m * if is_rover { 1.0 } else { 1e-3 } {
            return stop;
        }
        let (one, other) = (
            Leg::straight(from, end, SimTime::ZERO, SimTime::ZERO).direction(),
            Leg::straight(end, next_goal, SimTime::ZERO, SimTime::ZERO).direction(),
        );
        let cosine = one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
        let turn = cosine.clamp(-1.0, 1.0).acos().to_degrees();
        if is_rover && turn > rules.spec.turn.pivot_deg {
            return stop;
        }
        let after = rules.limits(end, next_goal, next.speed_m_per_s);
        let corners = rules.spec.kinematics.corners;
        let kept = match corners {
            // The less of its speed the nearer the turn is to one that it makes on the spot.
            Corners::ByAngle if is_rover => 1.0 - turn / rules.spec.turn.pivot_deg.min(180.0),
            _ => corners.kept_share(180.0 - turn),
        };
        let speed = kept * limits.speed_m_per_s.min(after.speed_m_per_s);
        // The next line is long enough to stop on it.
        let stoppable =
            after.reachable_m_per_s(0.0, (length_m - if is_rover { radius_m } else { 0.0 }) * 0.85);
        speed.min(reachable).min(stoppable)
    }

    /// The next waypoint is reached; whether a plan has been made.
    fn reached(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        place: Position,
        speed: f64,
        told: &mut Told,
    ) -> bool {
        let waypoint = self.route[self.next];
        told.push(VehicleEvent::WaypointReached(self.next as u32));
        self.flight.waypoints += 1;
        self.next += 1;
        let is_last = self.next == self.route.len();
        if speed > STANDING_M_PER_S && (is_last || waypoint.hold_s > 0.0) {
            // A rover that has entered the radius comes to a stand.
            self.stage = if waypoint.hold_s > 0.0 { Stage::Stopping } else { Stage::Turning };
            let direction = self.leg().direction();
            self.plan(rules, now).brake(place, direction, speed, place.z_m);
            if !self.legs.is_empty() {
                return true;
            }
        }
        if waypoint.hold_s > 0.0 {
            self.hold(rules, now, place, waypoint.hold_s, told);
            return true;
        }
        false
    }

    /// Stays at a waypoint.
    fn hold(&mut self, rules: Rules<'_>, now: SimTime, place: Position, hold_s: f64, told: &mut Told) {
        self.stage = Stage::Holding;
        self.enter(VehiclePhase::Holding, now, told);
        self.stay(rules, now, place, Some(hold_s));
    }

    /// A step towards the station of its target, which is on this leg; none if it is gone.
    fn step(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        place: Position,
        target: Option<Leg>,
        told: &mut Told,
    ) {
        let Order::Follow { offset_m, .. } = self.order else { return };
        let own = rules.spec.follow;
        let there = target.map(|leg| leg.position(now));
        let is_near = there.is_some_and(|there| over_ground_m(place, there) <= own.distance_limit_m);
        let Some(target) = target.filter(|_| is_near) else {
            if self.stage == Stage::Waiting {
                told.push(VehicleEvent::TargetLost);
                self.loiter(rules, now, place, told);
                return;
            }
            self.stage = Stage::Waiting;
            let (direction, speed) = (self.leg().direction(), self.speed_m_per_s(now));
            let ground_m = self.home.z_m;
            let mut plan = self.plan(rules, now);
            let rest = if speed > STANDING_M_PER_S {
                plan.brake(place, direction, speed, ground_m)
            } else {
                place
            };
            plan.stay(rest, own.timeout_s.max(1e-3));
            return;
        };
        let speed = self.velocity(now);
        let next = follow::step(rules, &own, place, speed, now, &target, offset_m, self.home.z_m);
        self.stage = Stage::Stepping;
        let station = there.unwrap_or(place);
        let height_m =
            if rules.spec.kind == VehicleKind::Rover { place.z_m } else { station.z_m + offset_m[2] };
        let station =
            Position { x_m: station.x_m + offset_m[0], y_m: station.y_m + offset_m[1], z_m: height_m };
        let gap_m = place.distance_m(station);
        if gap_m <= own.station_radius_m * (1.0 + 1e-6) {
            self.enter(VehiclePhase::OnStation, now, told);
            if !std::mem::replace(&mut self.is_on_station, true) {
                told.push(VehicleEvent::OnStation);
            }
        } else if !self.is_on_station || gap_m > 2.0 * own.station_radius_m {
            self.is_on_station = false;
            self.enter(VehiclePhase::Approaching, now, told);
        }
        if let Some(heading) = next.leg.heading_deg() {
            self.heading_deg = heading;
        }
        self.legs.clear();
        self.current = 0;
        self.legs.push(next.leg);
    }

    /// The plan is done: what comes next. `target` is the leg of the node that it follows, if that is there.
    pub(super) fn plan_done(
        &mut self,
        rules: Rules<'_>,
        now: SimTime,
        target: Option<Leg>,
        told: &mut Told,
    ) {
        let place = self.leg().to;
        let speed = self.speed_m_per_s(now);
        match self.stage {
            Stage::Standing | Stage::Staying => self.stay(rules, now, place, None),
            Stage::SpoolingUp => self.after_spool_up(rules, now, place, told),
            Stage::Rising => {
                told.push(VehicleEvent::TookOff);
                self.loiter(rules, now, place, told);
            }
            Stage::Braking => self.begin(rules, now, place, target, told),
            Stage::Stopping => {
                let reached = self.next.checked_sub(1).and_then(|before| self.route.get(before));
                let hold_s = reached.map_or(0.0, |waypoint| waypoint.hold_s);
                self.hold(rules, now, place, hold_s, told);
            }
            Stage::Turning | Stage::Holding => self.head_for(rules, now, place, 0.0, told),
            Stage::OnLine if matches!(self.order, Order::Return(_)) => {
                told.push(VehicleEvent::Home);
                if self.order == Order::Return(ReturnReason::Reserve) {
                    self.touch_down(rules, now, place, told);
                    return;
                }
                self.loiter(rules, now, place, told);
            }
            Stage::OnLine => {
                let rest = if self.leg().from == self.leg().to { 0.0 } else { speed };
                if !self.reached(rules, now, place, rest, told) {
                    self.head_for(rules, now, place, rest, told);
                }
            }
            Stage::Stepping | Stage::Waiting => self.step(rules, now, place, target, told),
            Stage::Climbing => self.go_home(rules, now, place, told),
            Stage::GoingHome => self.descend(rules, now, place, false, told),
            Stage::Descending => self.touch_down(rules, now, place, told),
            Stage::SpoolingDown => self.disarm(rules, now, place, told),
        }
    }
}

/// The least turn from one heading to another, in degrees, 0 to 180.
fn turn_deg(from: f64, to: f64) -> f64 {
    let difference = (to - from).rem_euclid(360.0);
    difference.min(360.0 - difference)
}

/// Seconds of a turn on the spot: a trapezoid of the rate.
pub(super) fn turn_s(spec: &VehicleSpec, turn_deg: f64) -> f64 {
    super::profile::rest_to_rest_s(turn_deg, spec.turn.rate_deg_per_s, spec.turn.acceleration_deg_per_s2)
}
