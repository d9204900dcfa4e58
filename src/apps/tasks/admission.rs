//! How tasks that announce a share of an instance find room.

use super::life::Stage;
use super::outcome::Outcome;
use super::workload::TaskWorkload;
use crate::apps::{Context, PredictedShares};
use crate::infra::compute::Refusal;
use crate::infra::{JobId, NodeId};

impl TaskWorkload {
    /// Finds and reserves room for a task that is admitted by the share it announces; whether there is any.
    pub(super) fn admit(&mut self, index: usize, node: NodeId, context: &mut dyn Context) -> bool {
        let task = &mut self.tasks[index];
        let device = &self.devices[task.device as usize];
        let application = &self.applications[usize::from(device.application)];
        let infrastructure = context.infrastructure();
        let tier = infrastructure.node(node).tier;
        let Some(share) = application.predicted.map(|shares| shares[tier as usize]) else { return true };
        let named = task.processor.filter(|&own| infrastructure.has_place(own, share, &task.job));
        let any = || infrastructure.least_booked(node, share, &task.job);
        let found = if task.processor.is_some() { named } else { any() };
        task.processor = found;
        task.admitted = found.is_some();
        if let Some(processor) = found
            && !self.options.slips.nothing_reserved
        {
            context.book(processor, share);
            task.booked = true;
        }
        found.is_some()
    }

    /// Takes back what was booked for a task that does not get there.
    pub(super) fn unbook(&mut self, index: usize, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        if !std::mem::take(&mut task.booked) {
            return;
        }
        let device = &self.devices[task.device as usize];
        let application = &self.applications[usize::from(device.application)];
        if let (Some(processor), Some(shares), Some(node)) =
            (task.processor, application.predicted, task.node)
        {
            let tier = context.infrastructure().node(node).tier;
            context.release(processor, shares[tier as usize]);
        }
    }

    /// The input has arrived where the policy wants to be asked again.
    pub(super) fn place(&mut self, index: usize, at: NodeId, context: &mut dyn Context) {
        let task = &mut self.tasks[index];
        let device = &self.devices[task.device as usize];
        let application = &self.applications[usize::from(device.application)];
        task.asks_on_arrival = false;
        let waited_s = context.now().since(task.created).as_secs();
        let request = task.request(device.node, application, waited_s);
        let choice = context.decide_on_arrival(task.asked, &request, at);
        let Some(node) = choice.node else {
            return self.end(index, Outcome::RefusedForCapacity, context);
        };
        task.processor = choice.processor;
        task.node = Some(node);
        if node == at || self.options.slips.free_upload_relay {
            return self.execute(index, node, context);
        }
        match context.start_transfer(at, node, task.upload_bytes, index as u64) {
            Ok(id) => task.stage = Stage::Relaying(id),
            Err(refusal) => self.not_sent(index, refusal, context),
        }
    }

    /// Starts a task that is admitted by its share: where it was admitted before, or where there is room now.
    pub(super) fn submit_booked(
        &mut self,
        index: usize,
        node: NodeId,
        shares: PredictedShares,
        context: &mut dyn Context,
    ) -> Result<JobId, Refusal> {
        let share = shares[context.infrastructure().node(node).tier as usize];
        let admitted = self.tasks[index].admitted;
        self.unbook(index, context);
        let infrastructure = context.infrastructure();
        let processor = match self.tasks[index].processor {
            Some(own) if admitted || infrastructure.predicted().fits(own, share) => Some(own),
            Some(_) => None,
            None => infrastructure.least_booked(node, share, &self.tasks[index].job),
        };
        let processor = processor.ok_or(Refusal::Queue)?;
        let job = self.tasks[index].job;
        context.submit_job_on(processor, job, share, index as u64)
    }
}
