//! A drone that keeps between a vehicle and the node that this sends to.

use super::account::{Account, MissionOutcome};
use super::config::RelayPlan;
use super::crew::Crew;
use super::traveller::{fill, service_s};
use super::video::Activity;
use super::workload::{END, RELAY, SERVICE};
use crate::apps::{Context, Message};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::Position;
use crate::infra::vehicles::{ReturnReason, VehicleCommand, VehicleEvent, VehiclePhase, Waypoint};

/// Where a relay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Starting,
    Keeping,
    Returning,
    Serviced,
    Done,
    Stranded,
    Lost,
    Refused,
}

/// A relay that goes on.
#[derive(Debug)]
pub(super) struct Relay {
    mission: u32,
    plan: RelayPlan,
    state: State,
    /// Where it was told to be.
    told: Option<Position>,
    /// Since when it is where it was told to be.
    station_since: Option<SimTime>,
    is_over: bool,
    before_j: f64,
    pub(super) account: Account,
}

impl Relay {
    pub(super) fn new(mission: u32, plan: RelayPlan) -> Self {
        let account = Account { vehicle: Some(plan.drone), vehicles: 1, ..Account::default() };
        Relay {
            mission,
            plan,
            state: State::Waiting,
            told: None,
            station_since: None,
            is_over: false,
            before_j: 0.0,
            account,
        }
    }

    fn message(&self, code: u32) -> Message {
        Message { code, subject: self.mission, detail: 0 }
    }

    pub(super) fn begin(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        let now = context.now();
        self.account.started = Some(now);
        self.before_j = context.infrastructure().meter(self.plan.drone).energy_j(now);
        if let Some(until) = self.plan.until {
            context.set_timer(until.max(now), Phase::Demand, self.message(END));
        }
        let look = now + SimDuration::from_secs(self.plan.period_s);
        context.set_timer(look, Phase::Control, self.message(RELAY));
        self.set_out(crew, context);
    }

    fn set_out(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        let command = VehicleCommand::TakeOff { altitude_m: self.plan.height_m };
        if context.command_vehicle(self.plan.drone, command).is_ok() {
            self.account.sorties += 1;
            self.state = State::Starting;
            self.tell_streams(crew, context);
        } else {
            self.end(
                if self.account.sorties == 0 { State::Refused } else { State::Stranded },
                crew,
                context,
            );
        }
    }

    fn tell_streams(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        let activity = match self.state {
            State::Keeping if self.station_since.is_some() => Activity::Working,
            State::Starting | State::Keeping | State::Returning => Activity::Underway,
            _ => Activity::Parked,
        };
        crew.set_activity(self.plan.drone, activity, context);
    }

    /// Where it should be now.
    fn place(&self, context: &mut dyn Context) -> Position {
        let now = context.now();
        let infrastructure = context.infrastructure();
        let from = infrastructure.position(self.plan.vehicle, now);
        let to = infrastructure.position(self.plan.sink, now);
        Position { z_m: self.plan.height_m, ..from.towards(to, self.plan.share) }
    }

    /// Sends it where it should be, if that is far enough from where it was told to be.
    fn keep(&mut self, context: &mut dyn Context) {
        if self.state != State::Keeping {
            return;
        }
        let place = self.place(context);
        if self.told.is_some_and(|told| told.distance_m(place) <= self.plan.tolerance_m) {
            return;
        }
        let route = VehicleCommand::Route(vec![Waypoint::at(place)]);
        if context.command_vehicle(self.plan.drone, route).is_ok() {
            self.told = Some(place);
        }
    }

    pub(super) fn on_look(&mut self, context: &mut dyn Context) {
        self.keep(context);
        if !self.is_over && self.account.outcome.is_none() {
            let look = context.now() + SimDuration::from_secs(self.plan.period_s);
            context.set_timer(look, Phase::Control, self.message(RELAY));
        }
    }

    /// Its time is over.
    pub(super) fn on_end(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        self.is_over = true;
        match self.state {
            State::Starting | State::Keeping => {
                self.leave_station(context.now());
                self.state = State::Returning;
                self.go_home(context);
                self.tell_streams(crew, context);
            }
            State::Waiting | State::Serviced => self.end(State::Done, crew, context),
            _ => {}
        }
    }

    /// Sends it home, or down where it is. One that has not taken off yet refuses both, and is sent when it has.
    fn go_home(&self, context: &mut dyn Context) {
        if context.command_vehicle(self.plan.drone, VehicleCommand::ReturnToLaunch).is_err() {
            let _ = context.command_vehicle(self.plan.drone, VehicleCommand::Land);
        }
    }

    fn leave_station(&mut self, now: SimTime) {
        if let Some(since) = self.station_since.take() {
            self.account.station_s += now.since(since).as_secs();
        }
    }

    pub(super) fn on_event(&mut self, event: VehicleEvent, crew: &mut Crew, context: &mut dyn Context) {
        let now = context.now();
        match event {
            VehicleEvent::TookOff if self.state == State::Starting => {
                self.state = State::Keeping;
                self.told = None;
                self.keep(context);
            }
            VehicleEvent::TookOff if self.state == State::Returning => self.go_home(context),
            VehicleEvent::RouteDone if self.state == State::Keeping => {
                self.station_since.get_or_insert(now);
            }
            VehicleEvent::Phase(phase) if phase != VehiclePhase::Loitering => self.leave_station(now),
            VehicleEvent::Returning(ReturnReason::Reserve) | VehicleEvent::Landing { forced: true } => {
                self.leave_station(now);
                self.state = State::Returning;
            }
            VehicleEvent::Disarmed if self.state == State::Returning => {
                if self.is_over {
                    return self.end(State::Done, crew, context);
                }
                let Some(time_s) = service_s(self.plan.service, self.plan.drone, context) else {
                    return self.end(State::Stranded, crew, context);
                };
                self.state = State::Serviced;
                crew.begin_service(self.plan.drone, context);
                let due = now + SimDuration::from_secs(time_s);
                context.set_timer(due, Phase::Demand, self.message(SERVICE));
            }
            VehicleEvent::Lost(_) => {
                self.leave_station(now);
                return self.end(State::Lost, crew, context);
            }
            _ => return,
        }
        self.tell_streams(crew, context);
    }

    pub(super) fn on_serviced(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        if self.state == State::Lost {
            return;
        }
        fill(self.plan.service, self.plan.drone, context);
        crew.end_service(self.plan.drone, context);
        if self.state == State::Serviced {
            self.set_out(crew, context);
        }
    }

    fn end(&mut self, state: State, crew: &mut Crew, context: &mut dyn Context) {
        self.state = state;
        self.tell_streams(crew, context);
        self.write(crew, context);
    }

    fn write(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        if self.account.outcome.is_some() || self.account.started.is_none() {
            return;
        }
        let now = context.now();
        self.account.outcome = Some(match self.state {
            State::Done => MissionOutcome::Done,
            State::Stranded => MissionOutcome::Stranded,
            State::Lost => MissionOutcome::Lost,
            State::Refused => MissionOutcome::Refused,
            // Without an end of its own it goes on until the run ends.
            _ if self.plan.until.is_none() => MissionOutcome::Done,
            _ => MissionOutcome::Unfinished,
        });
        let meter = context.infrastructure().meter(self.plan.drone);
        self.account.energy_j = meter.energy_j(now) - self.before_j;
        crew.write_mission(self.mission, &self.account, context);
    }

    pub(super) fn finish(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        self.leave_station(context.now());
        self.write(crew, context);
    }
}
