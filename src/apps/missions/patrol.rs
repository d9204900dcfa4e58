//! Missions of vehicles on ways of their own: scans, surveys and routes.

use super::account::{Account, MissionOutcome};
use super::config::PatrolPlan;
use super::crew::Crew;
use super::field::{ScannedField, pass_over};
use super::traveller::{TravelState, Travelled, Traveller};
use super::workload::SERVICE;
use crate::apps::{Context, Message};
use crate::engine::{EntityStream, Phase, SimDuration};
use crate::infra::vehicles::VehicleEvent;

/// A patrol that goes on.
#[derive(Debug)]
pub(super) struct Patrol {
    mission: u32,
    field: Option<ScannedField>,
    /// Width in metres of a strip that is worked on; 0 without a field.
    width_m: f64,
    travellers: Vec<Traveller>,
    /// One for each traveller, so that none changes what another one finds.
    random: Vec<EntityStream>,
    pub(super) account: Account,
}

/// Accounts for what a vehicle has passed since it was last accounted for, with no helper.
fn settle(
    traveller: &mut Traveller,
    (field, width_m): (Option<&ScannedField>, f64),
    account: &mut Account,
    random: &mut EntityStream,
) {
    let (from_m, to_m) = (traveller.settled_m, traveller.sweep.progress_m());
    traveller.settled_m = to_m;
    traveller.sweep.pieces(from_m, to_m, |[from, to], [low_m, high_m]| {
        account.worked_m += high_m - low_m;
        account.covered_m2 += (high_m - low_m) * width_m;
        let Some(field) = field else { return };
        // A density that cannot be drawn from was refused before the run.
        if let Ok(weeds) = pass_over(field, from, to, &|_| false, random) {
            account.weeds.add(weeds);
        }
    });
}

impl Patrol {
    pub(super) fn new(name: &str, mission: u32, plan: PatrolPlan, context: &mut dyn Context) -> Self {
        let stream = format!("{name}/weeds");
        let streams = context.streams();
        let of = |number: usize| streams.entity(&stream, u64::from(mission) << 32 | number as u64);
        let random = (0..plan.ways.len()).map(of).collect();
        let travel = |(node, way)| Traveller::new(node, way, plan.height_m, plan.end, plan.service);
        let travellers: Vec<Traveller> = plan.ways.into_iter().map(travel).collect();
        let account = Account {
            vehicle: travellers.first().map(|own| own.node),
            vehicles: travellers.len() as u32,
            area_m2: plan.area_m2,
            ..Account::default()
        };
        Patrol { mission, field: plan.field, width_m: plan.width_m, travellers, random, account }
    }

    pub(super) fn begin(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        self.account.started = Some(context.now());
        for number in 0..self.travellers.len() {
            let travelled = self.travellers[number].begin(context);
            let sweep = &self.travellers[number].sweep;
            self.account.planned_m += sweep.working_m(0.0, sweep.length_m());
            self.note(number, travelled, crew, context);
        }
    }

    pub(super) fn on_event(
        &mut self,
        number: usize,
        event: VehicleEvent,
        crew: &mut Crew,
        context: &mut dyn Context,
    ) {
        let travelled = self.travellers[number].on_event(event, context);
        self.note(number, travelled, crew, context);
    }

    pub(super) fn on_serviced(&mut self, number: usize, crew: &mut Crew, context: &mut dyn Context) {
        let travelled = self.travellers[number].on_serviced(context);
        crew.end_service(self.travellers[number].node, context);
        self.note(number, travelled, crew, context);
    }

    fn note(&mut self, number: usize, travelled: Travelled, crew: &mut Crew, context: &mut dyn Context) {
        let traveller = &mut self.travellers[number];
        settle(
            traveller,
            (self.field.as_ref(), self.width_m),
            &mut self.account,
            &mut self.random[number],
        );
        crew.set_activity(traveller.node, traveller.activity(), context);
        if let Travelled::Service(time_s) = travelled {
            crew.begin_service(traveller.node, context);
            let message = Message { code: SERVICE, subject: self.mission, detail: number as u64 };
            let due = context.now() + SimDuration::from_secs(time_s);
            context.set_timer(due, Phase::Demand, message);
        }
        if travelled == Travelled::Ended && self.travellers.iter().all(|own| own.state.is_final()) {
            self.close(crew, context);
        }
    }

    /// Sums up when nothing comes any more, or the run ends.
    fn close(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        if self.account.outcome.is_some() || self.account.started.is_none() {
            return;
        }
        let now = context.now();
        let has = |state: TravelState| self.travellers.iter().any(|own| own.state == state);
        let outcome = if !self.travellers.iter().all(|own| own.state.is_final()) {
            MissionOutcome::Unfinished
        } else if has(TravelState::Lost) {
            MissionOutcome::Lost
        } else if has(TravelState::Refused) {
            MissionOutcome::Refused
        } else if has(TravelState::Stranded) {
            MissionOutcome::Stranded
        } else {
            MissionOutcome::Done
        };
        self.account.outcome = Some(outcome);
        self.account.energy_j = self.travellers.iter().map(|own| own.energy_j(now, context)).sum();
        self.account.sorties = self.travellers.iter().map(|own| own.sorties).sum();
        crew.write_mission(self.mission, &self.account, context);
    }

    pub(super) fn finish(&mut self, crew: &mut Crew, context: &mut dyn Context) {
        for number in 0..self.travellers.len() {
            self.travellers[number].look(context);
            let traveller = &mut self.travellers[number];
            settle(
                traveller,
                (self.field.as_ref(), self.width_m),
                &mut self.account,
                &mut self.random[number],
            );
        }
        self.close(crew, context);
    }
}
