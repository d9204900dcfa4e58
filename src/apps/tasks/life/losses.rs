//! What becomes of tasks that are hit: by faults, by movement, by deadlines, or for want of a place.

use super::Stage;
use crate::apps::tasks::outcome::Outcome;
use crate::apps::tasks::workload::{OnHandover, RETRY, TaskWorkload};
use crate::apps::{Context, DecisionEnd, Message};
use crate::engine::Phase;
use crate::infra::network::NetworkRefusal;
use crate::infra::{Infrastructure, NodeId, TransferOutcome};

/// Whether a node that could be used has no access point to reach it by.
fn is_out_of_coverage(infrastructure: &Infrastructure, node: NodeId) -> bool {
    infrastructure.node(node).is_available()
        && infrastructure.class_of(node).wireless
        && infrastructure.attached_to(node).is_none()
}

/// What becomes of a task for which no node was found.
pub(super) fn why_nowhere(infrastructure: &Infrastructure, device: NodeId, attempts: u32) -> Outcome {
    let state = infrastructure.node(device);
    if !state.powered {
        Outcome::LostToBattery
    } else if !state.present || is_out_of_coverage(infrastructure, device) {
        Outcome::LostToMobility
    } else if !state.up || attempts > 1 {
        Outcome::LostToFault
    } else {
        Outcome::RefusedForCapacity
    }
}

impl TaskWorkload {
    /// The outcome of a transfer that could not be started, by what is wrong with its ends.
    pub(in crate::apps::tasks) fn not_sent(
        &mut self,
        index: usize,
        refusal: NetworkRefusal,
        context: &mut dyn Context,
    ) {
        let task = &self.tasks[index];
        let device = self.devices[task.device as usize].node;
        let infrastructure = context.infrastructure();
        let state = infrastructure.node(device);
        let mut ends = [Some(device), task.node].into_iter().flatten();
        let outcome = match refusal {
            NetworkRefusal::Bandwidth(_) => Outcome::RefusedForBandwidth,
            NetworkRefusal::Disconnected if !state.powered => Outcome::LostToBattery,
            NetworkRefusal::Disconnected if !state.present => Outcome::LostToMobility,
            NetworkRefusal::Disconnected if ends.any(|end| is_out_of_coverage(infrastructure, end)) => {
                Outcome::LostToMobility
            }
            NetworkRefusal::Disconnected => Outcome::LostToFault,
        };
        if let NetworkRefusal::Bandwidth(class) = refusal {
            self.tasks[index].refused_by = Some(class);
        }
        self.fail(index, outcome, context);
    }

    /// A task was hit: it starts anew if a fault did it and the rules allow, else it ends.
    pub(in crate::apps::tasks) fn fail(
        &mut self,
        index: usize,
        outcome: Outcome,
        context: &mut dyn Context,
    ) {
        let task = &mut self.tasks[index];
        let device = self.devices[task.device as usize].node;
        let again = outcome == Outcome::LostToFault
            && task.attempts <= self.options.fault_retries
            && context.infrastructure().node(device).is_available();
        if !again {
            return self.end(index, outcome, context);
        }
        self.unbook(index, context);
        let task = &mut self.tasks[index];
        task.by_class_s = Default::default();
        (task.upload_s, task.wait_s, task.execution_s) = (None, None, None);
        task.stage = Stage::Created;
        if let (Some(decision), Some(registered)) = (task.decision.take(), &self.registered) {
            let outcome = registered.outcomes[outcome as usize];
            context.resolve_decision(decision, DecisionEnd::scored(outcome, 0.0));
        }
        let time = context.now() + self.options.retry_delay;
        let message = Message { code: RETRY, subject: index as u32, detail: 0 };
        self.tasks[index].retry = Some(context.set_timer(time, Phase::Demand, message));
    }

    /// A task that waited after a fault is started anew.
    pub(in crate::apps::tasks) fn on_retry(&mut self, index: u32, context: &mut dyn Context) {
        let index = index as usize;
        if let Some(task) = self.tasks.get_mut(index) {
            task.retry = None;
            self.begin(index, context);
        }
    }

    pub(in crate::apps::tasks) fn on_deadline(&mut self, index: u32, context: &mut dyn Context) {
        let index = index as usize;
        let Some(task) = self.tasks.get_mut(index) else { return };
        task.deadline = None;
        match task.stage {
            Stage::Created => {}
            Stage::Executing(job) => {
                self.trace_executed(index);
                context.cancel_job(job, index as u64);
            }
            Stage::Accelerating(job) => self.drop_accelerated(index, job, context),
            Stage::Uploading(id) | Stage::Relaying(id) | Stage::Downloading(id) => {
                context.abort_transfer(id, index as u64, TransferOutcome::Dropped);
            }
        }
        self.end(index, Outcome::MissedDeadline, context);
    }

    /// The tasks of a device that its rule says are lost at a handover, but not those that were started anew at
    /// the same instant, after it.
    pub(in crate::apps::tasks) fn lose_transfers_of(
        &mut self,
        device: NodeId,
        context: &mut dyn Context,
    ) {
        for id in context.infrastructure().network().transfers_of(device) {
            let Some(owner) = context.infrastructure().network().owner(id) else { continue };
            let index = owner.token as usize;
            let now = context.now();
            let on_air = context.infrastructure().network().is_on_last_radio(id);
            let rule = self.options.on_handover;
            // Another workload's transfer may carry the same token, but not the same id.
            let own = self.tasks.get(index).is_some_and(|task| {
                let hit = match (rule, task.stage) {
                    (OnHandover::Lose, Stage::Uploading(own) | Stage::Relaying(own)) => own == id,
                    (OnHandover::LoseResultOnAir, Stage::Downloading(own)) => own == id && on_air,
                    (OnHandover::Continue, _) => false,
                    (_, Stage::Downloading(own)) => own == id,
                    _ => false,
                };
                task.stage_since < now && hit
            });
            let lost = TransferOutcome::LostToMobility;
            if own && context.abort_transfer(id, owner.token, lost).is_some() {
                self.end(index, Outcome::LostToMobility, context);
            }
        }
    }
}
