//! Rules for all agents of an owner.

use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::NodeId;

/// What carries messages from node to node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedBy {
    /// Transfers: they share links with all else, are led around faults, and have rows in the table `transfers`.
    Transfers,
    /// The way as it is when a message is sent: propagation and sending at the bandwidth of the narrowest link, as if it
    /// were alone. One event a message; links are not loaded.
    Paths,
}

/// One way that messages do not pass for some time: what is left of a partition if it holds in one direction only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MailCut {
    /// The nodes whose messages do not pass, in ascending order.
    pub from: Vec<NodeId>,
    /// The nodes that they do not reach, in ascending order.
    pub to: Vec<NodeId>,
    /// When: from each first time to the second.
    pub spans: Vec<(SimTime, SimTime)>,
}

impl MailCut {
    fn holds(&self, now: SimTime, from: NodeId, to: NodeId) -> bool {
        self.spans.iter().any(|&(begin, end)| begin <= now && now < end)
            && self.from.binary_search(&from).is_ok()
            && self.to.binary_search(&to).is_ok()
    }
}

/// Rules for all agents of an owner.
#[derive(Clone, Debug)]
pub struct AgentOptions {
    /// Name of the owner in tables, and of the random streams: `agents/NAME` and those below it.
    pub name: String,
    /// What carries messages.
    pub carried_by: CarriedBy,
    /// Probability that a link loses a message, in 0..=1. A way of h links loses it with 1 - (1 - p)^h.
    pub loss: f64,
    /// Probability that a message is doubled, in 0..=1. Each of the two is lost and late for itself.
    pub doubled: f64,
    /// Probability that a message is late, in 0..=1.
    pub late: f64,
    /// Seconds by which late messages are late; one second if `None`.
    pub late_by: Option<Distribution>,
    /// Time that a `Full` message takes.
    pub handling_time: SimDuration,
    /// Work of a `Full` message in million instructions, at least 0, on cores that the agents of a node have reserved.
    pub handling_work_mi: f64,
    /// The same of a `Light` message.
    pub light_work_mi: f64,
    /// Work of a `Full` message in million instructions for each KiB of it, at least 0.
    pub work_mi_per_kib: f64,
    /// Cores that the agents of a node reserve, at least 1, if any work is above 0. Each message is worked on by all of
    /// them.
    pub cores: u32,
    /// Round trips before a message leaves, at least 0: those in which connections are set up.
    pub handshake_round_trips: f64,
    /// How long answers are waited for.
    pub timeout: SimDuration,
    /// The same of [asks](super::Agents::ask).
    pub ask_timeout: SimDuration,
    /// How often agents send requests again.
    pub retries: u32,
    /// How often [asks](super::Agents::ask) are sent again.
    pub ask_retries: u32,
    /// Where nothing passes at times: messages that are sent then are lost.
    pub cuts: Vec<MailCut>,
    /// Whether the memory of answers outlives the death of a node, as if it were on a disk, and behaviours are not told
    /// to forget. Timers, requests and what waits to be handled are lost in any case.
    pub keeps_state: bool,
}

impl AgentOptions {
    /// Transfers that lose nothing, handling that takes nothing, answers that are waited for 2 s with 3 retries; asks are
    /// not sent again.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        AgentOptions {
            name: name.into(),
            carried_by: CarriedBy::Transfers,
            loss: 0.0,
            doubled: 0.0,
            late: 0.0,
            late_by: None,
            handling_time: SimDuration::ZERO,
            handling_work_mi: 0.0,
            light_work_mi: 0.0,
            work_mi_per_kib: 0.0,
            cores: 1,
            handshake_round_trips: 0.0,
            timeout: SimDuration::from_secs(2.0),
            ask_timeout: SimDuration::from_secs(2.0),
            retries: 3,
            ask_retries: 0,
            cuts: Vec::new(),
            keeps_state: false,
        }
    }

    /// Whether these can be: to be asked before [`Agents::new`](super::Agents::new), which takes what is out of range for
    /// the nearest that is not.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn check(&self) -> Result<(), AgentOptionsError> {
        let error = |option, value, allowed| Err(AgentOptionsError { option, value, allowed });
        for (option, value) in [("loss", self.loss), ("doubled", self.doubled), ("late", self.late)] {
            if !(0.0..=1.0).contains(&value) {
                return error(option, value, "in 0..=1");
            }
        }
        for (option, value) in [
            ("handling_work", self.handling_work_mi),
            ("light_work", self.light_work_mi),
            ("work_per_kib", self.work_mi_per_kib),
            ("handshake_round_trips", self.handshake_round_trips),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return error(option, value, "at least 0 and finite");
            }
        }
        if self.cores == 0 {
            return error("cores", 0.0, "at least 1");
        }
        for (option, time) in [("timeout", self.timeout), ("ask_timeout", self.ask_timeout)] {
            if time == SimDuration::ZERO {
                return error(option, 0.0, "above 0");
            }
        }
        Ok(())
    }

    /// The nearest that [can be](Self::check).
    pub(super) fn mended(mut self) -> Self {
        for share in [&mut self.loss, &mut self.doubled, &mut self.late] {
            *share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        }
        for amount in [
            &mut self.handling_work_mi,
            &mut self.light_work_mi,
            &mut self.work_mi_per_kib,
            &mut self.handshake_round_trips,
        ] {
            *amount = if *amount >= 0.0 && amount.is_finite() { *amount } else { 0.0 };
        }
        self.cores = self.cores.max(1);
        self.timeout = self.timeout.max(SimDuration::from_nanos(1));
        self.ask_timeout = self.ask_timeout.max(SimDuration::from_nanos(1));
        self
    }

    /// Whether a message that is sent now does not pass.
    pub(super) fn is_cut(&self, now: SimTime, from: NodeId, to: NodeId) -> bool {
        self.cuts.iter().any(|cut| cut.holds(now, from, to))
    }

    /// Whether handling takes cores of the node.
    pub(super) fn takes_cores(&self) -> bool {
        [self.handling_work_mi, self.light_work_mi, self.work_mi_per_kib].iter().any(|work| *work > 0.0)
    }
}

/// An option of agents that is out of range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{option}` of agents is {value}, but must be {allowed}")]
pub struct AgentOptionsError {
    /// The option, as scenarios name it.
    pub option: &'static str,
    /// What it is.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}
