//! A vehicle on a way of its own: it starts, goes along, comes home when its battery asks for it, and goes on.

use super::config::{Service, Way, WayEnd};
use super::sweep::{Sweep, ground};
use super::video::Activity;
use crate::apps::Context;
use crate::engine::SimTime;
use crate::infra::vehicles::{ReturnReason, VehicleCommand, VehicleEvent, VehicleRefusal, Waypoint};
use crate::infra::{NodeId, Position};

/// Where a vehicle on a way stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TravelState {
    /// Its mission has not begun.
    Waiting,
    /// It arms and takes off.
    Starting,
    /// It is on its way.
    Going,
    /// Its way is done, and it does what is to be done then.
    Ending,
    /// It comes down before its way is done.
    Interrupted,
    /// Its battery is swapped or charged.
    Serviced,
    /// It has done its way.
    Done,
    /// It stands, its way not done.
    Stranded,
    /// It is lost.
    Lost,
    /// It could not set out.
    Refused,
}

impl TravelState {
    /// Whether nothing comes any more.
    pub(super) fn is_final(self) -> bool {
        matches!(
            self,
            TravelState::Done | TravelState::Stranded | TravelState::Lost | TravelState::Refused
        )
    }
}

/// What a vehicle's event means for its mission.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Travelled {
    /// Nothing.
    Nothing,
    /// It may have begun or ended to work, or is further on.
    Further,
    /// Its battery is to be serviced for so many seconds.
    Service(f64),
    /// Nothing comes any more.
    Ended,
}

/// A vehicle and its way.
#[derive(Debug)]
pub(super) struct Traveller {
    pub(super) node: NodeId,
    way: Way,
    height_m: f64,
    end: WayEnd,
    service: Service,
    pub(super) state: TravelState,
    pub(super) sweep: Sweep,
    /// Where it left its way, until it is there again.
    left_at: Option<Position>,
    /// The waypoint of its way that its present route begins with, and whether the place where it left comes before.
    route: (usize, bool),
    /// Up to where what it has passed is accounted for.
    pub(super) settled_m: f64,
    pub(super) sorties: u32,
    /// Energy of its node before the mission.
    pub(super) before_j: f64,
}

impl Traveller {
    pub(super) fn new(node: NodeId, way: Way, height_m: f64, end: WayEnd, service: Service) -> Self {
        let sweep = Sweep::new([0.0; 2], &way);
        Traveller {
            node,
            way,
            height_m,
            end,
            service,
            state: TravelState::Waiting,
            sweep,
            left_at: None,
            route: (0, false),
            settled_m: 0.0,
            sorties: 0,
            before_j: 0.0,
        }
    }

    /// Whether it works now, so that what it passes counts.
    pub(super) fn is_working(&self) -> bool {
        self.state == TravelState::Going && self.left_at.is_none() && self.sweep.is_working()
    }

    /// What its streams mind.
    pub(super) fn activity(&self) -> Activity {
        match self.state {
            _ if self.is_working() => Activity::Working,
            TravelState::Starting
            | TravelState::Going
            | TravelState::Ending
            | TravelState::Interrupted => Activity::Underway,
            _ => Activity::Parked,
        }
    }

    /// Brings the progress up to now.
    pub(super) fn look(&mut self, context: &mut dyn Context) {
        if self.state == TravelState::Going && self.left_at.is_none() {
            let now = context.now();
            let place = ground(context.infrastructure().position(self.node, now));
            self.sweep.place(place);
        }
    }

    /// Begins the mission.
    pub(super) fn begin(&mut self, context: &mut dyn Context) -> Travelled {
        let now = context.now();
        let start = ground(context.infrastructure().position(self.node, now));
        self.sweep = Sweep::new(start, &self.way);
        self.before_j = context.infrastructure().meter(self.node).energy_j(now);
        self.set_out(context)
    }

    /// Takes off, for the first time or again.
    pub(super) fn set_out(&mut self, context: &mut dyn Context) -> Travelled {
        let command = VehicleCommand::TakeOff { altitude_m: self.height_m };
        let begun = match context.command_vehicle(self.node, command) {
            // Up already, as another mission left it.
            Err(VehicleRefusal::AlreadyReady) => self.go_on(context),
            Err(_) => false,
            Ok(()) => {
                self.state = TravelState::Starting;
                true
            }
        };
        if begun {
            self.sorties += 1;
            return Travelled::Further;
        }
        let never = self.sorties == 0;
        self.state = if never { TravelState::Refused } else { TravelState::Stranded };
        Travelled::Ended
    }

    /// Goes along what is left of the way.
    fn go_on(&mut self, context: &mut dyn Context) -> bool {
        let first = self.sweep.reached();
        let resumed = self.left_at.map(Waypoint::at);
        let rest = self.way.waypoints[first.min(self.way.waypoints.len())..].iter().copied();
        let route: Vec<Waypoint> = resumed.into_iter().chain(rest).collect();
        self.route = (first, resumed.is_some());
        let is_told = context.command_vehicle(self.node, VehicleCommand::Route(route)).is_ok();
        if is_told {
            self.state = TravelState::Going;
        }
        is_told
    }

    /// Leaves the way where it is, to go on there later.
    fn leave(&mut self, context: &mut dyn Context) {
        if self.state == TravelState::Going && self.left_at.is_none() {
            self.look(context);
            // On the way to its first waypoint there is nothing to go on with.
            if self.sweep.reached() > 0 {
                let now = context.now();
                self.left_at = Some(context.infrastructure().position(self.node, now));
            }
        }
        self.state = TravelState::Interrupted;
    }

    /// Something has happened to it.
    pub(super) fn on_event(&mut self, event: VehicleEvent, context: &mut dyn Context) -> Travelled {
        match event {
            VehicleEvent::TookOff if self.state == TravelState::Starting => {
                if self.go_on(context) {
                    return Travelled::Further;
                }
                // It is told to come down, and the mission ends with that.
                self.state = TravelState::Interrupted;
                let _ = context.command_vehicle(self.node, VehicleCommand::Land);
                Travelled::Nothing
            }
            VehicleEvent::WaypointReached(number) if self.state == TravelState::Going => {
                let (first, resumes) = self.route;
                match (number as usize).checked_sub(usize::from(resumes)) {
                    Some(number) => self.sweep.reach(first + number),
                    None => self.left_at = None,
                }
                Travelled::Further
            }
            VehicleEvent::RouteDone if self.state == TravelState::Going => self.finish_way(context),
            VehicleEvent::Returning(ReturnReason::Reserve) | VehicleEvent::Landing { forced: true }
                if !self.state.is_final() && self.state != TravelState::Ending =>
            {
                self.leave(context);
                Travelled::Further
            }
            VehicleEvent::Disarmed | VehicleEvent::Home => self.on_down(context),
            VehicleEvent::Lost(_) => {
                self.look(context);
                self.state = TravelState::Lost;
                Travelled::Ended
            }
            _ => Travelled::Nothing,
        }
    }

    fn finish_way(&mut self, context: &mut dyn Context) -> Travelled {
        self.sweep.reach(self.way.waypoints.len().saturating_sub(1));
        self.state = TravelState::Ending;
        let command = match self.end {
            WayEnd::Return => VehicleCommand::ReturnToLaunch,
            WayEnd::Land => VehicleCommand::Land,
            WayEnd::Stay => {
                self.state = TravelState::Done;
                return Travelled::Ended;
            }
        };
        match context.command_vehicle(self.node, command) {
            Ok(()) => Travelled::Further,
            // It is on its way home already, and tells when it is there.
            Err(VehicleRefusal::Reserve | VehicleRefusal::Faulted) => Travelled::Further,
            Err(_) => {
                self.state = TravelState::Done;
                Travelled::Ended
            }
        }
    }

    fn on_down(&mut self, context: &mut dyn Context) -> Travelled {
        match self.state {
            TravelState::Ending => {
                self.state = TravelState::Done;
                Travelled::Ended
            }
            TravelState::Interrupted | TravelState::Starting | TravelState::Going => {
                match service_s(self.service, self.node, context) {
                    Some(time_s) => {
                        self.state = TravelState::Serviced;
                        Travelled::Service(time_s)
                    }
                    None => {
                        self.state = TravelState::Stranded;
                        Travelled::Ended
                    }
                }
            }
            _ => Travelled::Nothing,
        }
    }

    /// Its battery has been serviced.
    pub(super) fn on_serviced(&mut self, context: &mut dyn Context) -> Travelled {
        if self.state != TravelState::Serviced {
            return Travelled::Nothing;
        }
        fill(self.service, self.node, context);
        self.set_out(context)
    }

    /// Energy that it has used since the mission began.
    pub(super) fn energy_j(&self, now: SimTime, context: &mut dyn Context) -> f64 {
        context.infrastructure().meter(self.node).energy_j(now) - self.before_j
    }
}

/// How far in metres from its home a vehicle may be so that its battery is serviced.
const HOME_RADIUS_M: f64 = 5.0;

/// Seconds that a service takes; `None` if there is none, or the vehicle is not at home.
pub(super) fn service_s(service: Service, node: NodeId, context: &mut dyn Context) -> Option<f64> {
    let now = context.now();
    let infrastructure = context.infrastructure();
    let home = infrastructure.vehicle(node)?.home();
    let place = infrastructure.position(node, now);
    if (place.x_m - home.x_m).hypot(place.y_m - home.y_m) > HOME_RADIUS_M {
        return None;
    }
    match service {
        Service::None => None,
        Service::Swap { time_s } => Some(time_s),
        Service::Charge { power_w, level } => {
            let share = level - infrastructure.battery_level(node, now).unwrap_or(level);
            let capacity_j =
                infrastructure.battery(node).map_or(0.0, |battery| battery.model().capacity_j);
            Some((share * capacity_j / power_w).max(0.0))
        }
    }
}

/// Fills a battery as a service does.
pub(super) fn fill(service: Service, node: NodeId, context: &mut dyn Context) {
    match service {
        Service::None => {}
        Service::Swap { .. } => context.set_battery_level(node, 1.0),
        Service::Charge { level, .. } => {
            let now = context.now();
            let has = context.infrastructure().battery_level(node, now).unwrap_or(1.0);
            context.set_battery_level(node, level.max(has));
        }
    }
}
