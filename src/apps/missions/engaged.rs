//! A drone that helps a vehicle: it is sent, keeps station, and comes home.

use super::account::{Account, EngagementEnd};
use super::config::Service;
use super::crew::Crew;
use super::engagement::{DroneFacts, DroneState, Objective, Trip};
use super::sweep::ground;
use super::traveller::{fill, service_s};
use super::video::Activity;
use crate::apps::Context;
use crate::energy::Moving;
use crate::engine::{SimDuration, SimTime};
use crate::infra::vehicles::{
    Destination, Reach, ReturnReason, VehicleCommand, VehicleEvent, VehiclePhase, VehicleRefusal,
    Waypoint,
};
use crate::infra::{Infrastructure, NodeId, Position, Tier};
use crate::records::Cell;

/// Bytes of a transfer by which the rate of a drone's link is estimated.
const PROBE_BYTES: f64 = 1e6;

/// What is asked of a drone that helps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Duty {
    pub(super) vehicle: NodeId,
    pub(super) height_m: f64,
    pub(super) offset_m: [f64; 3],
    pub(super) service: Service,
    pub(super) objective: Objective,
}

impl Duty {
    fn station(&self) -> Destination {
        Destination::Station { target: self.vehicle, offset_m: self.offset_m }
    }
}

/// What is known of a drone's way to the vehicle at a decision.
#[derive(Clone, Copy, Debug)]
struct Departure {
    time: SimTime,
    home: Position,
    vehicle: Position,
    wind_m_per_s: f64,
    detection: f64,
    predicted: Option<Reach>,
    energy_j: f64,
}

/// An engagement that goes on.
#[derive(Clone, Copy, Debug)]
struct Engagement {
    departure: Departure,
    armed: Option<SimTime>,
    took_off: Option<SimTime>,
    /// When it was on station for the first time, where the vehicle was, and the energy up to then.
    arrival: Option<(SimTime, Position, f64)>,
    /// Since when it is on station.
    station_since: Option<SimTime>,
    station_s: f64,
    /// When it turned back, and the energy up to then.
    turned: Option<(SimTime, f64)>,
    end: Option<EngagementEnd>,
    gained_s: f64,
}

/// What an event of a drone means for its mission.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Helped {
    /// Nothing.
    Nothing,
    /// It has come to its station, or left it.
    Station,
    /// It cannot follow yet, and is to be told again after a while.
    FollowLater,
    /// Its battery is to be serviced for so many seconds.
    Service(f64),
    /// It is home or lost, and no service follows.
    Down,
}

/// A drone that may help.
#[derive(Clone, Debug)]
pub(super) struct Helper {
    pub(super) node: NodeId,
    pub(super) state: DroneState,
    engagement: Option<Engagement>,
    /// Energy of its node before the mission.
    before_j: f64,
    /// Watts of its node, as it stood when it was last seen to.
    standing_w: f64,
    /// When its service ends.
    serviced: SimTime,
    /// Whether it is to be told again to follow.
    pub(super) follows_later: bool,
}

fn energy_j(node: NodeId, context: &mut dyn Context) -> f64 {
    let now = context.now();
    context.infrastructure().meter(node).energy_j(now)
}

impl Helper {
    pub(super) fn new(node: NodeId) -> Self {
        Helper {
            node,
            state: DroneState::Ready,
            engagement: None,
            before_j: 0.0,
            standing_w: 0.0,
            serviced: SimTime::ZERO,
            follows_later: false,
        }
    }

    pub(super) fn begin(&mut self, context: &mut dyn Context) {
        self.before_j = energy_j(self.node, context);
        self.standing_w = context.infrastructure().meter(self.node).power_w();
    }

    /// A way, as its vehicle is expected to go it, with what its node draws beside.
    pub(super) fn trip(&self, reach: Reach) -> Trip {
        let energy_j = reach.energy_j + self.standing_w * reach.time_s;
        Trip { time_s: reach.time_s, energy_j }
    }

    /// What the way home from a place is expected to take.
    pub(super) fn back(&self, infrastructure: &Infrastructure, from: Position) -> Trip {
        let reach = infrastructure.vehicle(self.node).map(|view| view.predict_return(from));
        reach.map_or(Trip::default(), |own| self.trip(own))
    }

    /// Energy since the mission began.
    pub(super) fn energy_j(&self, context: &mut dyn Context) -> f64 {
        energy_j(self.node, context) - self.before_j
    }

    /// Whether an engagement of it goes on: from the decision until it is down.
    pub(super) fn is_out(&self) -> bool {
        self.engagement.is_some()
    }

    /// Whether it helps now.
    pub(super) fn is_on_station(&self) -> bool {
        self.state == DroneState::OnStation
    }

    /// Energy, overhead and gain of the engagement that goes on, up to now.
    pub(super) fn so_far(&self, context: &mut dyn Context) -> (f64, f64) {
        let Some(own) = &self.engagement else { return (0.0, 0.0) };
        let departure = own.departure;
        let until = own.arrival.map(|(time, _, _)| time).or(own.turned.map(|(time, _)| time));
        let overhead_s = until.unwrap_or(context.now()).since(departure.time).as_secs();
        (energy_j(self.node, context) - departure.energy_j, overhead_s)
    }

    /// Adds to what the engagement has gained.
    pub(super) fn gain(&mut self, gained_s: f64) {
        if let Some(own) = &mut self.engagement {
            own.gained_s += gained_s;
        }
    }

    /// What a policy is told of it.
    pub(super) fn facts(
        &mut self,
        duty: &Duty,
        speed_m_per_s: f64,
        context: &mut dyn Context,
    ) -> DroneFacts {
        let now = context.now();
        let infrastructure = context.infrastructure();
        let target = infrastructure.position(duty.vehicle, now);
        let link_bps = link_bps(infrastructure, self.node, now);
        let battery_share = infrastructure.battery_level(self.node, now).unwrap_or(1.0);
        if !self.is_out() {
            self.standing_w = infrastructure.meter(self.node).power_w();
        }
        let mut facts = DroneFacts {
            node: self.node,
            state: self.state,
            distance_m: 0.0,
            reach: None,
            back: Trip::default(),
            battery_share,
            usable_j: f64::INFINITY,
            station_w: 0.0,
            ready_in_s: f64::INFINITY,
            link_bps,
        };
        let Some(view) = infrastructure.vehicle(self.node) else { return facts };
        let (home, spec) = (view.home(), view.spec());
        facts.distance_m = (home.x_m - target.x_m).hypot(home.y_m - target.y_m);
        let reach = match self.state {
            DroneState::OnStation => Some(Reach::default()),
            DroneState::Ready | DroneState::Underway => view.predict_reach(now, duty.station()),
            _ => None,
        };
        facts.reach = reach.map(|own| self.trip(own));
        facts.back = self.back(infrastructure, station_of(target, duty.offset_m));
        facts.usable_j = (view.battery_j(now) - view.reserve_j()).max(0.0);
        if self.state == DroneState::Ready {
            let suffices = |out: &Trip| out.energy_j + facts.back.energy_j <= facts.usable_j;
            facts.reach = facts.reach.filter(suffices);
        }
        let capacity_j =
            infrastructure.battery(self.node).map_or(0.0, |battery| battery.model().capacity_j);
        facts.ready_in_s = match self.state {
            DroneState::Ready => 0.0,
            DroneState::Serviced => self.serviced.since(now.min(self.serviced)).as_secs(),
            DroneState::Returning => {
                let back = self.back(infrastructure, infrastructure.position(self.node, now));
                back.time_s + duty.service.usual_s(capacity_j)
            }
            DroneState::Underway | DroneState::OnStation | DroneState::Gone => f64::INFINITY,
        };
        let cruising = Moving {
            airspeed_m_per_s: speed_m_per_s,
            ground_speed_m_per_s: speed_m_per_s,
            ..Moving::default()
        };
        facts.station_w = spec.propulsion.power_w(&cruising) + spec.payload_w + self.standing_w;
        facts
    }

    /// Sends it out; whether it goes.
    pub(super) fn engage(
        &mut self,
        duty: &Duty,
        detection: f64,
        wind_m_per_s: f64,
        context: &mut dyn Context,
    ) -> bool {
        let now = context.now();
        let energy_j = energy_j(self.node, context);
        let infrastructure = context.infrastructure();
        let vehicle = infrastructure.position(duty.vehicle, now);
        let view = infrastructure.vehicle(self.node);
        let departure = Departure {
            time: now,
            home: view.map_or(vehicle, |view| view.home()),
            vehicle,
            wind_m_per_s,
            detection,
            predicted: view.and_then(|view| view.predict_reach(now, duty.station())),
            energy_j,
        };
        self.engagement = Some(Engagement {
            departure,
            armed: None,
            took_off: None,
            arrival: None,
            station_since: None,
            station_s: 0.0,
            turned: None,
            end: None,
            gained_s: 0.0,
        });
        let command = VehicleCommand::TakeOff { altitude_m: duty.height_m };
        let goes = context.command_vehicle(self.node, command).is_ok();
        match (&mut self.engagement, goes) {
            (_, true) => self.state = DroneState::Underway,
            (Some(own), false) => own.end = Some(EngagementEnd::Refused),
            (None, false) => {}
        }
        goes
    }

    /// Tells it to keep station, or, if the vehicle is too far away for that, to go where that is.
    pub(super) fn follow(&mut self, duty: &Duty, context: &mut dyn Context) -> Helped {
        if self.state != DroneState::Underway {
            return Helped::Nothing;
        }
        let command = VehicleCommand::Follow { target: duty.vehicle, offset_m: duty.offset_m };
        match context.command_vehicle(self.node, command) {
            Ok(()) => Helped::Nothing,
            Err(VehicleRefusal::TargetTooFar { .. }) => {
                let now = context.now();
                let place = context.infrastructure().position(duty.vehicle, now);
                let route = vec![Waypoint::at(station_of(place, duty.offset_m))];
                let _ = context.command_vehicle(self.node, VehicleCommand::Route(route));
                Helped::FollowLater
            }
            Err(VehicleRefusal::TargetUnavailable) => Helped::FollowLater,
            Err(VehicleRefusal::Reserve | VehicleRefusal::Faulted | VehicleRefusal::NoEnergy { .. }) => {
                self.turn_back(EngagementEnd::Reserve, context);
                Helped::Nothing
            }
            // Whoever is lost is told of.
            Err(_) => {
                self.turn_back(EngagementEnd::Recalled, context);
                Helped::Nothing
            }
        }
    }

    /// Sends it home for a reason; the first one counts.
    pub(super) fn turn_back(&mut self, end: EngagementEnd, context: &mut dyn Context) {
        self.note_turn(end, context);
        self.go_home(context);
    }

    /// Sends it home, or down where it is. One that has not taken off yet refuses both, and is sent when it has.
    fn go_home(&self, context: &mut dyn Context) {
        if context.command_vehicle(self.node, VehicleCommand::ReturnToLaunch).is_err() {
            let _ = context.command_vehicle(self.node, VehicleCommand::Land);
        }
    }

    fn note_turn(&mut self, end: EngagementEnd, context: &mut dyn Context) {
        let now = context.now();
        self.leave_station(now);
        let used_j = energy_j(self.node, context);
        if let Some(own) = &mut self.engagement {
            if end == EngagementEnd::Lost {
                own.end = Some(end);
            }
            own.end.get_or_insert(end);
            own.turned.get_or_insert((now, used_j - own.departure.energy_j));
        }
        self.state = DroneState::Returning;
    }

    /// How an engagement ends that the policy ends now.
    pub(super) fn released(&self) -> EngagementEnd {
        match self.engagement.is_some_and(|own| own.arrival.is_some()) {
            true => EngagementEnd::Released,
            false => EngagementEnd::Recalled,
        }
    }

    fn leave_station(&mut self, now: SimTime) {
        if let Some(own) = &mut self.engagement
            && let Some(since) = own.station_since.take()
        {
            own.station_s += now.since(since).as_secs();
        }
        if self.state == DroneState::OnStation {
            self.state = DroneState::Underway;
        }
    }

    fn come_to_station(&mut self, duty: &Duty, context: &mut dyn Context) -> Helped {
        if self.state != DroneState::Underway {
            return Helped::Nothing;
        }
        let now = context.now();
        let used_j = energy_j(self.node, context);
        let place = context.infrastructure().position(duty.vehicle, now);
        let Some(own) = &mut self.engagement else { return Helped::Nothing };
        own.arrival.get_or_insert((now, place, used_j - own.departure.energy_j));
        own.station_since = Some(now);
        self.state = DroneState::OnStation;
        Helped::Station
    }

    /// Something has happened to it.
    pub(super) fn on_event(
        &mut self,
        event: VehicleEvent,
        duty: &Duty,
        context: &mut dyn Context,
    ) -> Helped {
        let now = context.now();
        match event {
            VehicleEvent::Phase(VehiclePhase::TakingOff) => {
                if let Some(own) = &mut self.engagement {
                    own.armed.get_or_insert(now);
                }
                Helped::Nothing
            }
            VehicleEvent::TookOff => {
                if let Some(own) = &mut self.engagement {
                    own.took_off.get_or_insert(now);
                }
                if self.state == DroneState::Returning {
                    self.go_home(context);
                }
                self.follow(duty, context)
            }
            VehicleEvent::RouteDone => self.follow(duty, context),
            VehicleEvent::TargetLost => {
                self.leave_station(now);
                let told = self.follow(duty, context);
                if told == Helped::Nothing { Helped::Station } else { told }
            }
            VehicleEvent::OnStation => self.come_to_station(duty, context),
            VehicleEvent::Phase(VehiclePhase::OnStation)
            | VehicleEvent::Phase(VehiclePhase::Disarmed) => Helped::Nothing,
            VehicleEvent::Phase(_) if self.state == DroneState::OnStation => {
                self.leave_station(now);
                Helped::Station
            }
            VehicleEvent::Returning(ReturnReason::Reserve) | VehicleEvent::Landing { forced: true }
                if self.is_out() =>
            {
                self.note_turn(EngagementEnd::Reserve, context);
                Helped::Station
            }
            VehicleEvent::Disarmed if self.is_out() => {
                self.note_turn(EngagementEnd::Recalled, context);
                match service_s(duty.service, self.node, context) {
                    Some(time_s) => {
                        self.state = DroneState::Serviced;
                        self.serviced = now + SimDuration::from_secs(time_s);
                        Helped::Service(time_s)
                    }
                    None => {
                        self.state = self.standing(context);
                        Helped::Down
                    }
                }
            }
            VehicleEvent::Lost(_) => {
                self.note_turn(EngagementEnd::Lost, context);
                self.state = DroneState::Gone;
                Helped::Down
            }
            _ => Helped::Nothing,
        }
    }

    /// What it is when it is down without a service: ready if it is at home.
    fn standing(&self, context: &mut dyn Context) -> DroneState {
        // A service of no time says whether it is there.
        match service_s(Service::Swap { time_s: 0.0 }, self.node, context) {
            Some(_) => DroneState::Ready,
            None => DroneState::Gone,
        }
    }

    pub(super) fn on_serviced(&mut self, service: Service, context: &mut dyn Context) {
        if self.state == DroneState::Serviced {
            fill(service, self.node, context);
            self.state = DroneState::Ready;
        }
    }

    /// Ends the engagement: it is added up, and its row is written.
    pub(super) fn close(
        &mut self,
        mission: u32,
        duty: &Duty,
        account: &mut Account,
        crew: &mut Crew,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        let is_home = matches!(self.state, DroneState::Ready | DroneState::Serviced);
        self.leave_station(now);
        let (used_j, overhead_s) = self.so_far(context);
        let Some(own) = self.engagement.take() else { return };
        let end = own.end.unwrap_or(EngagementEnd::Unfinished);
        account.engagements += 1;
        account.engagement_ends[end as usize] += 1;
        account.station_s += own.station_s;
        account.overhead_s += overhead_s;
        account.engaged_j += used_j;
        let Some(tables) = &crew.tables else { return };
        let Departure { time, home, vehicle, .. } = own.departure;
        let predicted = own.departure.predicted;
        let [x, y] = ground(home);
        let distance_m = (x - vehicle.x_m).hypot(y - vehicle.y_m);
        let span = |from: Option<SimTime>, to: Option<SimTime>| Some(to?.since(from?).as_secs());
        let arrived = own.arrival.map(|(time, _, _)| time);
        let arrival = own.arrival.map(|(_, place, _)| place);
        let turned = own.turned.filter(|_| is_home && end != EngagementEnd::Refused);
        let row = [
            Cell::Float(now.as_secs()),
            Cell::Category(tables.workload),
            Cell::Category(tables.names[mission as usize][0]),
            Cell::Category(context.node_symbol(duty.vehicle)),
            Cell::Category(context.node_symbol(self.node)),
            Cell::Category(tables.ends[end as usize]),
            Cell::Float(time.as_secs()),
            Cell::Float(x),
            Cell::Float(y),
            Cell::Float(vehicle.x_m),
            Cell::Float(vehicle.y_m),
            arrival.map(|place| place.x_m).into(),
            arrival.map(|place| place.y_m).into(),
            Cell::Float(distance_m),
            Cell::Float(own.departure.wind_m_per_s),
            Cell::Float(own.departure.detection),
            predicted.map(|reach| reach.arming_s).into(),
            span(Some(time), own.armed).into(),
            predicted.map(|reach| reach.take_off_s).into(),
            span(own.armed, own.took_off).into(),
            predicted.map(|reach| reach.cruise_s).into(),
            predicted.map(|reach| reach.approach_s).into(),
            span(own.took_off, arrived).into(),
            predicted.map(|reach| reach.time_s).into(),
            span(Some(time), arrived).into(),
            predicted.map(|reach| reach.energy_j).into(),
            own.arrival.map(|(_, _, used_j)| used_j).into(),
            Cell::Float(own.station_s),
            turned.map(|(time, _)| now.since(time).as_secs()).into(),
            turned.map(|(_, before_j)| used_j - before_j).into(),
            Cell::Float(used_j),
            Cell::Float(own.gained_s),
            Cell::Float(duty.objective.value(own.gained_s, used_j, overhead_s)),
        ];
        context.record(tables.engagements, &row);
    }

    /// What its streams mind.
    pub(super) fn activity(&self) -> Activity {
        match self.state {
            DroneState::OnStation => Activity::Working,
            DroneState::Underway | DroneState::Returning => Activity::Underway,
            _ => Activity::Parked,
        }
    }
}

/// The place of a station.
pub(super) fn station_of(target: Position, offset_m: [f64; 3]) -> Position {
    Position {
        x_m: target.x_m + offset_m[0],
        y_m: target.y_m + offset_m[1],
        z_m: target.z_m + offset_m[2],
    }
}

/// Bits a second that the network would carry from a node to the nearest edge node, or else to the cloud; 0 if it can
/// reach none.
fn link_bps(infrastructure: &mut Infrastructure, node: NodeId, now: SimTime) -> f64 {
    let seconds = [Tier::Edge, Tier::Cloud].into_iter().find_map(|tier| {
        let to = infrastructure.nearest(node, tier, now)?;
        infrastructure.estimated_transfer_s(now, node, to, PROBE_BYTES)
    });
    seconds.filter(|&seconds| seconds > 0.0).map_or(0.0, |seconds| 8.0 * PROBE_BYTES / seconds)
}
