//! What workloads do with accelerators: tasks come to them and leave them, and their nodes' power follows.

use super::{AcceleratorJob, AcceleratorRequest, Accelerators};
use crate::engine::{Phase, Schedule};
use crate::infra::compute::Refusal;
use crate::infra::event::{InfraEvent, JobOutcome, Notice};
use crate::infra::ids::{AcceleratorGroupId, AcceleratorJobId, NodeId, Owner};
use crate::infra::infrastructure::Infrastructure;

impl Infrastructure {
    /// The accelerators of all nodes.
    #[must_use]
    pub fn accelerators(&self) -> &Accelerators {
        &self.accelerators
    }

    /// Admits a task's part on an accelerator to the group of a node's devices where it is expected to be done first.
    ///
    /// # Errors
    /// [`Refusal::Accelerator`] if the node has no devices for it or is not available, [`Refusal::Queue`] if too many
    /// wait.
    pub fn submit_accelerated<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        request: AcceleratorRequest,
        owner: Owner,
    ) -> Result<AcceleratorJobId, Refusal> {
        if !self.nodes[node.index()].is_available() {
            return Err(Refusal::Accelerator);
        }
        let job = self.accelerators.submit(schedule.now(), node, request, owner)?;
        if let Some(group) = self.accelerators.job(job).map(|job| job.group) {
            self.after_accelerator_change(schedule, group);
        }
        Ok(job)
    }

    /// Takes a task off its accelerator; `None` if it has ended already.
    pub fn cancel_accelerated<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        job: AcceleratorJobId,
    ) -> Option<AcceleratorJob> {
        let ended = self.accelerators.cancel(schedule.now(), job)?;
        self.after_accelerator_change(schedule, ended.group);
        Some(ended)
    }

    pub(in crate::infra) fn on_accelerator_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        group: AcceleratorGroupId,
    ) {
        while let Some((id, job)) = self.accelerators.pop_done(schedule.now(), group) {
            self.notices.push_back(Notice::AcceleratedEnded { id, job, outcome: JobOutcome::Done });
        }
        self.after_accelerator_change(schedule, group);
    }

    /// Ends all that is on the accelerators of a node that goes.
    pub(in crate::infra) fn clear_accelerators<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        outcome: JobOutcome,
    ) {
        for group in self.accelerators.of_node(node) {
            while let Some((id, job)) = self.accelerators.pop_any(schedule.now(), group) {
                self.notices.push_back(Notice::AcceleratedEnded { id, job, outcome });
            }
            self.after_accelerator_change(schedule, group);
        }
    }

    /// Keeps the event of what is due next, and the power of the node.
    fn after_accelerator_change<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        group: AcceleratorGroupId,
    ) {
        let next = self.accelerators.groups[group.index()].next_due();
        let due = &mut self.accelerators.due[group.index()];
        match (next, *due) {
            (Some(time), Some(handle)) if schedule.reschedule(handle, time) => {}
            (Some(time), _) => {
                let event = InfraEvent::AcceleratorDue(group).into();
                *due = Some(schedule.at(time, Phase::Completion, event));
            }
            (None, Some(handle)) => {
                schedule.cancel(handle);
                *due = None;
            }
            (None, None) => {}
        }
        let node = self.accelerators.node(group);
        self.refresh(schedule, node, 0.0);
    }
}
