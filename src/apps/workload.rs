//! The trait that every workload implements, the built-in ones and a user's own alike.

use super::{Anomaly, Context, DecisionPoint};
use crate::infra::accelerators::AcceleratorJob;
use crate::infra::compute::Job;
use crate::infra::optical::{OpticalLayerId, SwitchId};
use crate::infra::vehicles::VehicleEvent;
use crate::infra::{
    HostId, HostState, Infrastructure, JobOutcome, LinkId, MigrationRecord, NodeChange, NodeId,
    TransferRecord, VmChange, VmId,
};
use std::fmt;

/// What a workload sets a timer for: sixteen bytes of its own meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What kind of thing is due.
    pub code: u32,
    /// Whom or what it concerns.
    pub subject: u32,
    /// Anything else.
    pub detail: u64,
}

/// Something that wants things to happen: it sets timers, runs jobs, sends bytes, asks for decisions and
/// records what came of it, all through its [`Context`].
///
/// ```
/// use stratosim::apps::{Context, Message, Workload};
/// use stratosim::engine::{Phase, SimDuration};
/// use stratosim::infra::compute::{Job, JobRequest};
/// use stratosim::infra::{JobOutcome, NodeId};
///
/// /// Runs one job a minute on node 0 and counts those that are done.
/// #[derive(Debug, Default)]
/// struct Batch { done: u64 }
///
/// impl Workload for Batch {
///     fn name(&self) -> &str { "batch" }
///     fn start(&mut self, context: &mut dyn Context) {
///         context.set_timer(context.now(), Phase::Demand, Message::default());
///     }
///     fn on_timer(&mut self, _: Message, context: &mut dyn Context) {
///         let job = JobRequest::new(5e4);
///         // A refusal is an answer too: the next job may fit.
///         let _ = context.submit_job(NodeId(0), job, 0);
///         let next = context.now() + SimDuration::from_secs(60.0);
///         context.set_timer(next, Phase::Demand, Message::default());
///     }
///     fn on_job_end(&mut self, _: u64, _: &Job, outcome: JobOutcome, _: &mut dyn Context) {
///         self.done += u64::from(outcome == JobOutcome::Done);
///     }
///     fn summary(&self) -> serde_json::Value { serde_json::json!({ "done": self.done }) }
/// }
/// ```
pub trait Workload: fmt::Debug + Send {
    /// The name under which its part of the summary appears.
    fn name(&self) -> &str;

    /// The decision points at which it asks: they give the table `decisions` its columns.
    fn decision_points(&self) -> &[DecisionPoint] {
        &[DecisionPoint::Offloading]
    }

    /// Nodes that it makes hosts of its own, which no other workload may have.
    fn hosts(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// Vehicles that it commands, which no other workload may command.
    fn vehicles(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// What a user should know of it before the run, of the infrastructure as it is at the start.
    fn notes(&self, infrastructure: &Infrastructure) -> Vec<String> {
        let _ = infrastructure;
        Vec::new()
    }

    /// Called once before the run: registers tables and sets the first timers.
    fn start(&mut self, context: &mut dyn Context);

    /// A timer that was set is due.
    fn on_timer(&mut self, message: Message, context: &mut dyn Context);

    /// The timer with this message is likely to be due next: what it concerns can be
    /// [prefetched](crate::engine::prefetch()). Returns the node whose transfers and jobs come with it, if it is known.
    fn prepare(&self, _message: &Message) -> Option<NodeId> {
        None
    }

    /// What has this token is likely to end now or to go on: it can be prefetched.
    fn prepare_token(&self, _token: u64) {}

    /// A job of this workload has ended; `token` is what it was submitted with.
    fn on_job_end(&mut self, _token: u64, _job: &Job, _outcome: JobOutcome, _context: &mut dyn Context) {
    }

    /// A part of this workload on an accelerator has ended; `token` is what it was submitted with.
    fn on_accelerated_end(
        &mut self,
        _token: u64,
        _job: &AcceleratorJob,
        _outcome: JobOutcome,
        _context: &mut dyn Context,
    ) {
    }

    /// A transfer of this workload has ended; the token is in the record's owner.
    fn on_transfer_end(&mut self, _transfer: &TransferRecord, _context: &mut dyn Context) {}

    /// A node has come or gone.
    fn on_node_change(&mut self, _node: NodeId, _change: NodeChange, _context: &mut dyn Context) {}

    /// A link has failed or was repaired.
    fn on_link_change(&mut self, _link: LinkId, _up: bool, _context: &mut dyn Context) {}

    /// A port of an optical circuit switch has failed or was repaired.
    fn on_port_change(
        &mut self,
        _layer: OpticalLayerId,
        _switch: SwitchId,
        _port: u32,
        _works: bool,
        _context: &mut dyn Context,
    ) {
    }

    /// Perturbations have changed what nodes or links offer: latencies, bandwidths, cores and the like; told once for
    /// all changes of an instant. Failures and repairs are told of beside.
    fn on_offers_change(&mut self, _context: &mut dyn Context) {}

    /// A virtual machine of this workload runs now, or was lost; `token` is what it was added with.
    fn on_vm_change(&mut self, _vm: VmId, _token: u64, _change: VmChange, _context: &mut dyn Context) {}

    /// A migration of a virtual machine of this workload has ended.
    fn on_migration_end(
        &mut self,
        _migration: &MigrationRecord,
        _token: u64,
        _context: &mut dyn Context,
    ) {
    }

    /// A host has gone into another state.
    fn on_host_change(&mut self, _host: HostId, _state: HostState, _context: &mut dyn Context) {}

    /// A device has gone over to another access point, or to none.
    fn on_handover(&mut self, _device: NodeId, _to: Option<NodeId>, _context: &mut dyn Context) {}

    /// Something has happened to a vehicle.
    fn on_vehicle(&mut self, _node: NodeId, _event: VehicleEvent, _context: &mut dyn Context) {}

    /// A detector gives an alarm about a radio link, and the response is to put what runs at its gNB elsewhere.
    fn on_anomaly(&mut self, _anomaly: &Anomaly, _context: &mut dyn Context) {}

    /// Whether it does anything about [anomalies](Self::on_anomaly); if no workload does, the response is refused.
    fn heeds_anomalies(&self) -> bool {
        false
    }

    /// It is time for a sample (`output.sample` in a scenario): workloads write rows about the period since the
    /// last one.
    fn on_sample(&mut self, _context: &mut dyn Context) {}

    /// Called once after the run: records what is unfinished.
    fn finish(&mut self, _context: &mut dyn Context) {}

    /// Its part of `summary.json`.
    fn summary(&self) -> serde_json::Value;
}
