//! A vehicle that scans a field and sprays what it sees, and drones that may help it.

use super::account::{Account, EngagementEnd, MissionOutcome};
use super::config::AgriculturePlan;
use super::crew::Crew;
use super::engaged::{Duty, Helped, Helper, station_of};
use super::engagement::{DroneFacts, EngagementDecision, EngagementRequest, Foresight, Trip};
use super::field::{Weeds, pass_over};
use super::sweep::ground;
use super::traveller::{TravelState, Travelled, Traveller};
use super::workload::{FOLLOW, OBSERVE, SERVICE};
use crate::apps::{Context, DecisionEnd, DecisionId, Message};
use crate::engine::{EntityStream, EventHandle, Phase, SimDuration, SimTime};
use crate::infra::vehicles::{TurnSpec, VehicleEvent, rest_to_rest_s};
use crate::infra::{Infrastructure, Leg, Position};
use crate::records::Symbol;
use rand::RngExt;
use rand_distr::StandardNormal;

/// Seconds until a drone that cannot follow is told again.
const FOLLOW_AGAIN_S: f64 = 5.0;

/// Most periods of a foresight: of longer ways they are longer than those of the observations.
const MOST_STEPS: f64 = 1e5;

/// A decision whose period goes on.
#[derive(Clone, Copy, Debug)]
struct Pending {
    id: DecisionId,
    decision: EngagementDecision,
    /// The value of the mission when it was made.
    value: f64,
}

/// A mission in agriculture that goes on.
#[derive(Debug)]
pub(super) struct Agriculture {
    mission: u32,
    plan: AgriculturePlan,
    duty: Duty,
    vehicle: Traveller,
    helpers: Vec<Helper>,
    engaged: Option<usize>,
    /// When a drone was last engaged or let go.
    changed: Option<SimTime>,
    /// Distances on the way between which a drone was on station, not accounted for yet; the last one may be open.
    stations: Vec<[f64; 2]>,
    /// Up to where on the way what help has gained is accounted for.
    gain_settled_m: f64,
    /// Working speed in m/s.
    speed_m_per_s: f64,
    /// When it was first in the field, and where on the way that was.
    entered: Option<(SimTime, f64)>,
    period: u64,
    measured: f64,
    measured_sum: f64,
    measurements: u64,
    pending: Option<Pending>,
    timer: Option<EventHandle>,
    foresight: Option<Foresight>,
    /// What came of decisions: all stayed, a drone was engaged, a drone was let go.
    decided: [Symbol; 3],
    weeds: EntityStream,
    noise: EntityStream,
    pub(super) account: Account,
}

impl Agriculture {
    pub(super) fn new(
        name: &str,
        mission: u32,
        plan: AgriculturePlan,
        context: &mut dyn Context,
    ) -> Self {
        let streams = context.streams();
        let duty = Duty {
            vehicle: plan.vehicle,
            height_m: plan.height_m,
            offset_m: plan.offset_m,
            service: plan.service,
            objective: plan.objective,
        };
        // A rover only arms, at whatever height.
        let vehicle = Traveller::new(
            plan.vehicle,
            plan.way.clone(),
            plan.height_m,
            plan.end,
            super::config::Service::None,
        );
        let account = Account {
            vehicle: Some(plan.vehicle),
            vehicles: 1 + plan.drones.len() as u32,
            area_m2: plan.area_m2,
            ..Account::default()
        };
        Agriculture {
            mission,
            duty,
            vehicle,
            helpers: plan.drones.iter().copied().map(Helper::new).collect(),
            engaged: None,
            changed: None,
            stations: Vec::new(),
            gain_settled_m: 0.0,
            speed_m_per_s: 1.0,
            entered: None,
            period: 0,
            measured: 0.0,
            measured_sum: 0.0,
            measurements: 0,
            pending: None,
            timer: None,
            foresight: None,
            decided: ["kept", "engaged", "released"].map(|name| context.symbol(name)),
            weeds: streams.entity(&format!("{name}/weeds"), u64::from(mission) << 32),
            noise: streams.entity(&format!("{name}/measurements"), u64::from(mission)),
            account,
            plan,
        }
    }

    pub(super) fn begin(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        self.account.started = Some(context.now());
        self.helpers.iter_mut().for_each(|own| own.begin(context));
        self.speed_m_per_s = self.working_speed(context.infrastructure());
        let travelled = self.vehicle.begin(context);
        let sweep = &self.vehicle.sweep;
        self.account.planned_m = sweep.working_m(0.0, sweep.length_m());
        if context.engagement_looks_ahead() {
            self.foresight = Some(self.look_ahead(context.now(), context.infrastructure()));
        }
        self.expect(context);
        self.note_travel(travelled, crew, context);
    }

    /// The least of the speeds that the vehicle and its way allow.
    fn working_speed(&self, infrastructure: &Infrastructure) -> f64 {
        let own = infrastructure.vehicle(self.plan.vehicle);
        let own = own.map_or(1.0, |view| view.spec().kinematics.speed_m_per_s);
        let on_way = self.plan.way.waypoints.iter().filter_map(|waypoint| waypoint.speed_m_per_s);
        on_way.fold(own, f64::min).max(1e-3)
    }

    fn expect(&mut self, context: &mut dyn Context) {
        let due = context.now() + SimDuration::from_secs(self.plan.period_s);
        let message = Message { code: OBSERVE, subject: self.mission, detail: 0 };
        self.timer = Some(context.set_timer(due, Phase::Control, message));
    }

    /// What lies ahead on the whole way, in steps of a period at the mean speed, turns included.
    fn look_ahead(&self, now: SimTime, infrastructure: &Infrastructure) -> Foresight {
        let sweep = &self.vehicle.sweep;
        let turning_s: f64 = infrastructure.vehicle(self.plan.vehicle).map_or(0.0, |view| {
            let spec = view.spec();
            let stop_s = self.speed_m_per_s / spec.kinematics.acceleration_m_per_s2;
            let TurnSpec { rate_deg_per_s, acceleration_deg_per_s2, pivot_deg } = spec.turn;
            let on_the_spot = sweep.turns_deg().filter(|turn| *turn > pivot_deg);
            on_the_spot
                .map(|turn| stop_s + rest_to_rest_s(turn, rate_deg_per_s, acceleration_deg_per_s2))
                .sum()
        });
        let turning_s = if turning_s.is_finite() { turning_s } else { 0.0 };
        let whole_s = sweep.length_m() / self.speed_m_per_s + turning_s;
        let steps = (whole_s / self.plan.period_s).ceil().clamp(1.0, MOST_STEPS);
        let step_m = sweep.length_m() / steps;
        let gain_of = |step: usize| {
            let (from_m, to_m) = (step as f64 * step_m, (step + 1) as f64 * step_m);
            let mut gain_s = 0.0;
            sweep.pieces(from_m, to_m, |[from, to], [low_m, high_m]| {
                gain_s += self.plan.field.mean_gain(from, to) * (high_m - low_m) / self.speed_m_per_s;
            });
            gain_s
        };
        let step_s = whole_s / steps;
        let points: Vec<Position> = (0..=steps as usize)
            .map(|step| {
                let [x_m, y_m] = sweep.at(step as f64 * step_m);
                Position::ground(x_m, y_m)
            })
            .collect();
        let leg_at = |time: SimTime| {
            let step = (time.since(now).as_secs() / step_s + 1e-9) as usize;
            let at = |step: usize| now + SimDuration::from_secs(step as f64 * step_s);
            match (points.get(step), points.get(step + 1)) {
                (Some(&from), Some(&to)) => Leg::straight(from, to, at(step), at(step + 1)),
                _ => Leg::stay(points[points.len() - 1], time, SimTime::MAX),
            }
        };
        let (mut out, mut home) = (Vec::new(), Vec::new());
        for helper in &self.helpers {
            let view = infrastructure.vehicle(helper.node);
            for (step, &place) in points.iter().enumerate().take(steps as usize) {
                let start = now + SimDuration::from_secs(step as f64 * step_s);
                let reach =
                    view.and_then(|view| view.predict_follow(start, &leg_at, self.plan.offset_m));
                let never = Trip { time_s: f64::INFINITY, energy_j: 0.0 };
                out.push(reach.map_or(never, |reach| helper.trip(reach)));
                home.push(helper.back(infrastructure, station_of(place, self.plan.offset_m)));
            }
        }
        let gain_s = (0..steps as usize).map(gain_of).collect();
        Foresight { period_s: step_s, gain_s, out, back: home }
    }

    /// The step of the foresight in which the vehicle is.
    fn step(&self, foresight: &Foresight) -> usize {
        let sweep = &self.vehicle.sweep;
        let share = sweep.progress_m() / sweep.length_m().max(1e-9);
        (share * foresight.periods() as f64 + 1e-9) as usize
    }

    /// The value of the mission so far.
    fn value(&self, context: &mut dyn Context) -> f64 {
        let open = self.helpers.iter().map(|own| own.so_far(context));
        let (open_j, open_s) = open.fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        let (energy_j, overhead_s) = (self.account.engaged_j + open_j, self.account.overhead_s + open_s);
        self.plan.objective.value(self.account.gained_s, energy_j, overhead_s)
    }

    fn is_helped(&self) -> bool {
        self.engaged.is_some_and(|drone| self.helpers[drone].is_on_station())
    }

    /// Notes where on the way help began or ended.
    fn note_station(&mut self, context: &mut dyn Context) {
        self.vehicle.look(context);
        let at_m = self.vehicle.sweep.progress_m();
        let is_open = self.stations.last().is_some_and(|[_, end]| end.is_infinite());
        match (self.is_helped(), is_open) {
            (true, false) => self.stations.push([at_m, f64::INFINITY]),
            (false, true) => {
                if let Some(last) = self.stations.last_mut() {
                    last[1] = at_m;
                }
            }
            _ => {}
        }
    }

    /// Accounts for what help has gained since that was last accounted for. No chance is in it, so that it may be done at
    /// any time.
    fn settle_gain(&mut self, context: &mut dyn Context) {
        self.vehicle.look(context);
        let (from_m, to_m) = (self.gain_settled_m, self.vehicle.sweep.progress_m());
        self.gain_settled_m = to_m;
        let mut gained_s = 0.0;
        for station in &self.stations {
            let (begin_m, end_m) = (station[0].max(from_m), station[1].min(to_m));
            self.vehicle.sweep.pieces(begin_m, end_m, |[from, to], [low_m, high_m]| {
                gained_s += self.plan.field.mean_gain(from, to) * (high_m - low_m) / self.speed_m_per_s;
            });
        }
        self.account.gained_s += gained_s;
        if let Some(drone) = self.engaged {
            self.helpers[drone].gain(gained_s);
        }
    }

    /// Accounts for what the vehicle has passed since that was last accounted for, and returns the mean detection of its own
    /// detector there, if it has worked at all. It is done at times that do not depend on the policy, so that the weeds do
    /// not either.
    fn settle(&mut self, context: &mut dyn Context) -> Option<f64> {
        self.settle_gain(context);
        let (from_m, to_m) = (self.vehicle.settled_m, self.vehicle.sweep.progress_m());
        self.vehicle.settled_m = to_m;
        let field = &self.plan.field;
        let (mut worked_m, mut seen_m) = (0.0, 0.0);
        let mut weeds = Weeds::default();
        let (stations, random) = (&self.stations, &mut self.weeds);
        self.vehicle.sweep.pieces(from_m, to_m, |[from, to], [low_m, high_m]| {
            let length_m = high_m - low_m;
            let helps = |share: f64| {
                let distance_m = low_m + share * length_m;
                stations.iter().any(|[begin_m, end_m]| (*begin_m..*end_m).contains(&distance_m))
            };
            // A density that cannot be drawn from was refused before the run.
            if let Ok(passed) = pass_over(field, from, to, &helps, random) {
                weeds.add(passed);
            }
            worked_m += length_m;
            seen_m += field.mean_own(from, to) * length_m;
        });
        let is_open = self.stations.last().is_some_and(|[_, end]| end.is_infinite());
        self.stations.clear();
        if is_open {
            self.stations.push([to_m, f64::INFINITY]);
        }
        self.account.worked_m += worked_m;
        self.account.covered_m2 += worked_m * self.plan.field.width_m;
        self.account.weeds.add(weeds);
        self.account.sprayed_l += weeds.by_either as f64 * self.plan.spray_l;
        (worked_m > 0.0).then(|| seen_m / worked_m)
    }

    /// A period has passed.
    pub(super) fn on_observe(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        self.timer = None;
        let seen = self.settle(context);
        // Drawn each period, so that one without work changes nothing of the next ones.
        let noise: f64 = self.noise.sample(StandardNormal);
        self.resolve(context);
        if self.vehicle.state != TravelState::Going {
            if !self.vehicle.state.is_final() && self.vehicle.state != TravelState::Ending {
                self.expect(context);
            }
            return;
        }
        // Where it stands or turns, it sees what is around it; on the way to the field there is nothing to see.
        if self.vehicle.sweep.reached() > 0 {
            let now = context.now();
            let here = ground(context.infrastructure().position(self.vehicle.node, now));
            let seen = seen.unwrap_or_else(|| self.plan.field.own.at(here));
            let measured = (seen + self.plan.noise * noise).clamp(0.0, 1.0);
            let before = if self.measurements == 0 { measured } else { self.measured };
            self.measured = measured;
            self.measured_sum += measured;
            self.measurements += 1;
            self.ask((measured - before) / self.plan.period_s, crew, context);
        }
        self.period += 1;
        self.expect(context);
    }

    /// Tells what came of the last decision.
    fn resolve(&mut self, context: &mut dyn Context) {
        let Some(pending) = self.pending.take() else { return };
        self.resolve_with(pending, self.value(context), context);
    }

    fn resolve_with(&self, pending: Pending, value: f64, context: &mut dyn Context) {
        let place = match pending.decision {
            EngagementDecision::Keep => 0,
            EngagementDecision::Engage(_) => 1,
            EngagementDecision::Disengage => 2,
        };
        let end = DecisionEnd::scored(self.decided[place], value - pending.value);
        context.resolve_decision(pending.id, end);
    }

    fn ask(&mut self, trend_per_s: f64, crew: &mut Crew, context: &mut dyn Context) {
        let now = context.now();
        let speed = self.speed_m_per_s;
        let facts: Vec<DroneFacts> =
            self.helpers.iter_mut().map(|own| own.facts(&self.duty, speed, context)).collect();
        let sweep = &self.vehicle.sweep;
        let (progress_m, length_m) = (sweep.progress_m(), sweep.length_m());
        let (entered, from_m) = *self.entered.get_or_insert((now, progress_m));
        let (elapsed_s, passed_m) = (now.since(entered).as_secs(), progress_m - from_m);
        let per_m_s = if passed_m > 0.0 { elapsed_s / passed_m } else { 1.0 / speed };
        let left_s = (length_m - progress_m) * per_m_s;
        let battery =
            self.plan.drones.first().and_then(|&drone| context.infrastructure().battery(drone));
        let capacity_j = battery.map_or(0.0, |battery| battery.model().capacity_j);
        let wind_m_per_s = wind(context.infrastructure(), self.duty.height_m);
        let ahead = self.foresight.as_ref().map(|foresight| (self.step(foresight), foresight));
        let request = EngagementRequest {
            workload: 0,
            mission: self.mission,
            period: self.period,
            period_s: self.plan.period_s,
            vehicle: self.plan.vehicle,
            measured: self.measured,
            trend_per_s,
            mean: self.measured_sum / self.measurements.max(1) as f64,
            left_m2: sweep.working_m(progress_m, length_m) * self.plan.field.width_m,
            area_m2: self.plan.area_m2,
            left_s,
            helper: self.plan.helper,
            drones: &facts,
            engaged: self.engaged,
            since_change_s: self.changed.map_or(f64::INFINITY, |changed| now.since(changed).as_secs()),
            wind_m_per_s,
            service_s: self.plan.service.usual_s(capacity_j),
            objective: self.plan.objective,
            ahead,
        };
        let choice = context.decide_engagement(&request);
        let value = self.value(context);
        self.pending = choice.id.map(|id| Pending { id, decision: choice.decision, value });
        match choice.decision {
            EngagementDecision::Keep => {}
            EngagementDecision::Engage(drone) => {
                self.let_go(None, crew, context);
                self.changed = Some(now);
                if self.helpers[drone].engage(&self.duty, self.measured, wind_m_per_s, context) {
                    self.engaged = Some(drone);
                    self.account.sorties += 1;
                    crew.set_activity(self.helpers[drone].node, self.helpers[drone].activity(), context);
                } else {
                    self.close_engagement(drone, crew, context);
                }
            }
            EngagementDecision::Disengage => {
                self.changed = Some(now);
                self.let_go(None, crew, context);
            }
        }
    }

    /// Sends the engaged drone home, for a reason or because the policy says so.
    fn let_go(&mut self, end: Option<EngagementEnd>, crew: &mut Crew, context: &mut dyn Context) {
        let Some(drone) = self.engaged else { return };
        let end = end.unwrap_or_else(|| self.helpers[drone].released());
        self.helpers[drone].turn_back(end, context);
        self.note_station(context);
        self.settle_gain(context);
        self.engaged = None;
        crew.set_activity(self.helpers[drone].node, self.helpers[drone].activity(), context);
    }

    fn close_engagement(&mut self, drone: usize, crew: &mut Crew, context: &mut dyn Context) {
        self.helpers[drone].close(self.mission, &self.duty, &mut self.account, crew, context);
    }

    pub(super) fn on_event(
        &mut self,
        slot: usize,
        event: VehicleEvent,
        crew: &mut Crew,
        context: &mut dyn Context,
    ) {
        let Some(drone) = slot.checked_sub(1) else {
            let travelled = self.vehicle.on_event(event, context);
            return self.note_travel(travelled, crew, context);
        };
        let helped = self.helpers[drone].on_event(event, &self.duty, context);
        self.note_station(context);
        let message = |code| Message { code, subject: self.mission, detail: drone as u64 };
        match helped {
            Helped::Nothing => return,
            Helped::Station => {}
            Helped::FollowLater => self.follow_later(drone, context),
            Helped::Service(time_s) => {
                crew.begin_service(self.helpers[drone].node, context);
                let due = context.now() + SimDuration::from_secs(time_s);
                context.set_timer(due, Phase::Demand, message(SERVICE));
            }
            Helped::Down => {}
        }
        // One that is on its way home is engaged no more, whoever sent it.
        let is_engaged = matches!(
            self.helpers[drone].state,
            super::engagement::DroneState::Underway | super::engagement::DroneState::OnStation
        );
        if self.engaged == Some(drone) && !is_engaged {
            self.settle_gain(context);
            self.engaged = None;
            self.changed = Some(context.now());
        }
        crew.set_activity(self.helpers[drone].node, self.helpers[drone].activity(), context);
        if matches!(helped, Helped::Service(_) | Helped::Down) {
            self.close_engagement(drone, crew, context);
            self.close(crew, context);
        }
    }

    /// A drone that could not follow is told again.
    pub(super) fn on_follow(&mut self, drone: usize, context: &mut dyn Context) {
        self.helpers[drone].follows_later = false;
        if self.helpers[drone].follow(&self.duty, context) == Helped::FollowLater {
            self.follow_later(drone, context);
        }
    }

    fn follow_later(&mut self, drone: usize, context: &mut dyn Context) {
        if std::mem::replace(&mut self.helpers[drone].follows_later, true) {
            return;
        }
        let due = context.now() + SimDuration::from_secs(FOLLOW_AGAIN_S);
        let message = Message { code: FOLLOW, subject: self.mission, detail: drone as u64 };
        context.set_timer(due, Phase::Demand, message);
    }

    pub(super) fn on_serviced(&mut self, drone: usize, crew: &mut Crew, context: &mut dyn Context) {
        self.helpers[drone].on_serviced(self.plan.service, context);
        crew.end_service(self.helpers[drone].node, context);
    }

    fn note_travel(&mut self, travelled: Travelled, crew: &mut Crew, context: &mut dyn Context) {
        crew.set_activity(self.vehicle.node, self.vehicle.activity(), context);
        let is_over = self.vehicle.state.is_final() || self.vehicle.state == TravelState::Ending;
        if is_over && self.engaged.is_some() {
            self.changed = Some(context.now());
            self.let_go(Some(EngagementEnd::FieldDone), crew, context);
        }
        if is_over {
            self.settle(context);
        }
        if travelled == Travelled::Ended {
            self.close(crew, context);
        }
    }

    /// Sums up when nothing comes any more.
    fn close(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        if self.vehicle.state.is_final() && !self.helpers.iter().any(Helper::is_out) {
            self.write(crew, context);
        }
    }

    fn write(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        if self.account.outcome.is_some() || self.account.started.is_none() {
            return;
        }
        if let Some(timer) = self.timer.take() {
            context.cancel_timer(timer);
        }
        let now = context.now();
        self.resolve(context);
        self.account.outcome = Some(match self.vehicle.state {
            TravelState::Done => MissionOutcome::Done,
            TravelState::Lost => MissionOutcome::Lost,
            TravelState::Refused => MissionOutcome::Refused,
            TravelState::Stranded => MissionOutcome::Stranded,
            _ => MissionOutcome::Unfinished,
        });
        let helpers: f64 = self.helpers.iter().map(|own| own.energy_j(context)).sum();
        self.account.energy_j = helpers + self.vehicle.energy_j(now, context);
        self.account.sorties += self.vehicle.sorties;
        self.account.value = self.value(context);
        crew.write_mission(self.mission, &self.account, context);
    }

    pub(super) fn finish(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        if self.account.started.is_none() || self.account.outcome.is_some() {
            return;
        }
        self.settle(context);
        for drone in 0..self.helpers.len() {
            if self.helpers[drone].is_out() {
                self.close_engagement(drone, crew, context);
            }
        }
        self.write(crew, context);
    }
}

/// Mean speed of the wind at a height, in m/s.
fn wind(infrastructure: &Infrastructure, height_m: f64) -> f64 {
    let [east, north] = infrastructure.wind_m_per_s(height_m);
    east.hypot(north)
}
