//! The workload: missions that begin at their times, and how they answer the world.

use super::account::{Account, EngagementEnd, MissionOutcome};
use super::agriculture::Agriculture;
use super::config::{MissionKind, MissionPlan};
use super::cover;
use super::crew::Crew;
use super::patrol::Patrol;
use super::relay::Relay;
use super::streams::{FrameOutcome, Streams};
use super::video::StreamPlan;
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::engine::Phase;
use crate::infra::compute::Job;
use crate::infra::vehicles::VehicleEvent;
use crate::infra::{Infrastructure, JobOutcome, NodeId, TransferRecord};
use serde_json::json;

/// What timers are for: a message of a stream is complete.
pub(super) const STREAM: u32 = 0;
/// A mission begins.
const BEGIN: u32 = 1;
/// An observation period has passed.
pub(super) const OBSERVE: u32 = 2;
/// A battery is serviced.
pub(super) const SERVICE: u32 = 3;
/// A drone is told to follow again.
pub(super) const FOLLOW: u32 = 4;
/// A relay looks where it should be.
pub(super) const RELAY: u32 = 5;
/// The time of a mission is over.
pub(super) const END: u32 = 6;

/// A mission that waits or goes on.
#[derive(Debug)]
enum Mission {
    Patrol(Patrol),
    Agriculture(Box<Agriculture>),
    Relay(Relay),
}

impl Mission {
    fn account(&self) -> &Account {
        match self {
            Mission::Patrol(own) => &own.account,
            Mission::Agriculture(own) => &own.account,
            Mission::Relay(own) => &own.account,
        }
    }
}

/// Missions of vehicles, and their streams of video. See the [module](super).
#[derive(Debug)]
pub struct MissionWorkload {
    name: String,
    plans: Vec<MissionPlan>,
    missions: Vec<Mission>,
    crew: Crew,
    points: Vec<DecisionPoint>,
}

impl MissionWorkload {
    /// A workload of these missions and streams. A vehicle is in one mission at most.
    #[must_use]
    pub fn new(name: impl Into<String>, plans: Vec<MissionPlan>, streams: Vec<StreamPlan>) -> Self {
        let streams = Streams::new(streams);
        let has_drones = |plan: &MissionPlan| matches!(plan.kind, MissionKind::Agriculture(_));
        let mut points = Vec::new();
        if streams.asks_offloading() {
            points.push(DecisionPoint::Offloading);
        }
        if plans.iter().any(has_drones) {
            points.push(DecisionPoint::MissionEngagement);
        }
        let crew = Crew::new(streams, &plans);
        MissionWorkload { name: name.into(), plans, missions: Vec::new(), crew, points }
    }

    fn begin(&mut self, mission: u32, context: &mut dyn Context) {
        let crew = &mut self.crew;
        match &mut self.missions[mission as usize] {
            Mission::Patrol(own) => own.begin(crew, context),
            Mission::Agriculture(own) => own.begin(crew, context),
            Mission::Relay(own) => own.begin(crew, context),
        }
    }
}

impl Workload for MissionWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &self.points
    }

    fn vehicles(&self) -> Vec<NodeId> {
        self.plans.iter().flat_map(|plan| plan.kind.vehicles()).collect()
    }

    fn notes(&self, infrastructure: &Infrastructure) -> Vec<String> {
        let plans = self.crew.streams.plans();
        plans.filter_map(|stream| cover::note(stream, &self.plans, infrastructure)).collect()
    }

    fn start(&mut self, context: &mut dyn Context) {
        self.crew.start(&self.name, &self.plans, context);
        for (number, plan) in (0..).zip(&self.plans) {
            self.missions.push(match &plan.kind {
                MissionKind::Patrol(own) => {
                    Mission::Patrol(Patrol::new(&self.name, number, own.clone(), context))
                }
                MissionKind::Agriculture(own) => Mission::Agriculture(Box::new(Agriculture::new(
                    &self.name,
                    number,
                    (**own).clone(),
                    context,
                ))),
                MissionKind::Relay(own) => Mission::Relay(Relay::new(number, own.clone())),
            });
            let message = Message { code: BEGIN, subject: number, detail: 0 };
            context.set_timer(plan.start, Phase::Demand, message);
        }
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        let Message { code, subject, detail } = message;
        match code {
            STREAM => return self.crew.streams.on_timer(subject, context),
            BEGIN => return self.begin(subject, context),
            _ => {}
        }
        let (crew, slot) = (&mut self.crew, detail as usize);
        match (&mut self.missions[subject as usize], code) {
            (Mission::Agriculture(own), OBSERVE) => own.on_observe(crew, context),
            (Mission::Agriculture(own), FOLLOW) => own.on_follow(slot, context),
            (Mission::Agriculture(own), SERVICE) => own.on_serviced(slot, crew, context),
            (Mission::Patrol(own), SERVICE) => own.on_serviced(slot, crew, context),
            (Mission::Relay(own), SERVICE) => own.on_serviced(crew, context),
            (Mission::Relay(own), RELAY) => own.on_look(context),
            (Mission::Relay(own), END) => own.on_end(crew, context),
            _ => {}
        }
    }

    fn on_vehicle(&mut self, node: NodeId, event: VehicleEvent, context: &mut dyn Context) {
        let Some(member) = self.crew.member(node) else { return };
        let (crew, slot) = (&mut self.crew, member.slot as usize);
        if let VehicleEvent::Phase(phase) = event {
            crew.on_phase(node, phase, context);
        }
        match &mut self.missions[member.mission as usize] {
            Mission::Patrol(own) => own.on_event(slot, event, crew, context),
            Mission::Agriculture(own) => own.on_event(slot, event, crew, context),
            Mission::Relay(own) => own.on_event(event, crew, context),
        }
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        self.crew.streams.on_transfer_end(transfer, context);
    }

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        self.crew.streams.on_job_end(token, outcome, context);
    }

    fn on_sample(&mut self, context: &mut dyn Context) {
        self.crew.streams.on_sample(context);
    }

    fn finish(&mut self, context: &mut dyn Context) {
        let crew = &mut self.crew;
        for mission in &mut self.missions {
            match mission {
                Mission::Patrol(own) => own.finish(crew, context),
                Mission::Agriculture(own) => own.finish(crew, context),
                Mission::Relay(own) => own.finish(crew, context),
            }
        }
        crew.finish(context);
    }

    fn summary(&self) -> serde_json::Value {
        let accounts = || self.missions.iter().map(Mission::account);
        let sum = |of: &dyn Fn(&Account) -> f64| accounts().map(of).sum::<f64>();
        let count = |of: &dyn Fn(&Account) -> u64| accounts().map(of).sum::<u64>();
        let outcomes = MissionOutcome::ALL.map(|outcome| {
            let ended = accounts().filter(|own| own.outcome == Some(outcome)).count();
            (outcome.name().to_owned(), json!(ended))
        });
        let ends = EngagementEnd::ALL.map(|end| {
            let ended = count(&|own| own.engagement_ends[end as usize]);
            (end.name().to_owned(), json!(ended))
        });
        let weeds = count(&|own| own.weeds.passed);
        let detected = count(&|own| own.weeds.by_either);
        let frames = self.crew.streams.totals();
        let ended = FrameOutcome::ALL
            .map(|outcome| (outcome.name().to_owned(), json!(frames.ended[outcome as usize])));
        let delay = &frames.delays;
        json!({
            "missions": self.missions.len(),
            "outcomes": outcomes.into_iter().collect::<serde_json::Map<_, _>>(),
            "sorties": count(&|own| u64::from(own.sorties)),
            "covered_m2": sum(&|own| own.covered_m2),
            "worked_m": sum(&|own| own.worked_m),
            "energy_j": sum(&|own| own.energy_j),
            "weeds": {
                "passed": weeds,
                "detected": detected,
                "detected_by_vehicle": count(&|own| own.weeds.by_own),
                "detected_by_drone": count(&|own| own.weeds.by_helper),
                "missed": weeds - detected,
                "detected_share": (weeds > 0).then(|| detected as f64 / weeds as f64),
                "sprayed_l": sum(&|own| own.sprayed_l),
            },
            "engagements": {
                "count": count(&|own| u64::from(own.engagements)),
                "ended": ends.into_iter().collect::<serde_json::Map<_, _>>(),
                "station_s": sum(&|own| own.station_s),
                "overhead_s": sum(&|own| own.overhead_s),
                "energy_j": sum(&|own| own.engaged_j),
                "gained_s": sum(&|own| own.gained_s),
                "value": sum(&|own| own.value),
            },
            "frames": {
                "created": frames.created,
                "sent": frames.sent,
                "delivered": frames.delivered,
                "ended": ended.into_iter().collect::<serde_json::Map<_, _>>(),
                "sent_bytes": frames.sent_bytes,
                "delay_s": {
                    "mean": (frames.delay_s.count() > 0).then(|| frames.delay_s.mean()),
                    "p50": delay.quantile(0.5),
                    "p95": delay.quantile(0.95),
                    "p99": delay.quantile(0.99),
                },
            },
        })
    }
}
