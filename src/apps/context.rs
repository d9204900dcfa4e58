//! What a workload may ask of the world.

use super::{DecisionEnd, Message, OffloadingChoice, OffloadingRequest};
use crate::engine::{EventHandle, Phase, RandomStreams, SimTime};
use crate::infra::compute::{JobRequest, Refusal};
use crate::infra::network::NetworkRefusal;
use crate::infra::{Infrastructure, JobId, NodeId, TransferId, TransferOutcome};
use crate::records::{Cell, RecordError, Symbol, TableId, TableSpec};

/// A decision whose outcome is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecisionId(pub u32);

/// The world as a workload sees it. A workload acts only through it, never on the infrastructure itself.
pub trait Context {
    /// The present instant.
    fn now(&self) -> SimTime;

    /// When the warm-up ends: what was created before is recorded, but not part of the summary.
    fn warm_up_end(&self) -> SimTime;

    /// The infrastructure, to look at. (Exclusive because estimates fill its route cache.)
    fn infrastructure(&mut self) -> &mut Infrastructure;

    /// Where random numbers come from.
    fn streams(&self) -> RandomStreams;

    /// Calls [`on_timer`](super::Workload::on_timer) with `message` at `time`.
    fn set_timer(&mut self, time: SimTime, phase: Phase, message: Message) -> EventHandle;

    /// Cancels a timer; nothing if it has fired.
    fn cancel_timer(&mut self, timer: EventHandle);

    /// Admits a job to a node; [`on_job_end`](super::Workload::on_job_end) tells of its end.
    ///
    /// # Errors
    /// What is short.
    fn submit_job(&mut self, node: NodeId, request: JobRequest, token: u64) -> Result<JobId, Refusal>;

    /// Takes a job off its node, without further notice.
    fn cancel_job(&mut self, job: JobId);

    /// Starts a transfer; [`on_transfer_end`](super::Workload::on_transfer_end) tells of its end.
    ///
    /// # Errors
    /// If there is no way, or a link takes no more.
    fn start_transfer(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: f64,
        token: u64,
    ) -> Result<TransferId, NetworkRefusal>;

    /// Ends a transfer, without further notice.
    fn abort_transfer(&mut self, transfer: TransferId, outcome: TransferOutcome);

    /// Asks the offloading policy where a task is to run. The world has checked the answer.
    fn decide_offloading(&mut self, request: &OffloadingRequest) -> OffloadingChoice;

    /// Tells what came of a decision: it is recorded, and the policy learns of it. To be called once for each
    /// decision; what is never told counts as unfinished when the run ends.
    fn resolve_decision(&mut self, decision: DecisionId, end: DecisionEnd);

    /// Registers a table.
    ///
    /// # Errors
    /// If the description is not valid, or another table has the name.
    fn table(&mut self, spec: TableSpec) -> Result<TableId, RecordError>;

    /// Whether rows of a table are kept; if not, finding them can be saved.
    fn is_recorded(&self, table: TableId) -> bool;

    /// Writes a row.
    fn record(&mut self, table: TableId, cells: &[Cell<'_>]);

    /// The symbol of a text that repeats.
    fn symbol(&mut self, text: &str) -> Symbol;

    /// The symbol of a node's name.
    fn node_symbol(&self, node: NodeId) -> Symbol;
}
