//! What is counted of agents and their mail.

use super::mail::Parcel;
use super::message::{Address, AgentId};
use super::runtime::Agents;
use crate::engine::{Quantiles, SimDuration, Summary};
use serde_json::{Value, json};

/// How a copy of a message ends: exactly one of these, unless the run ends before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Delivered,
    Lost,
    DeadReceiver,
    Disconnected,
}

/// What is counted of the messages of a kind. `sent + doubled` are all copies; each that is not on its way any more is
/// one of `delivered`, `lost`, `dead_receiver` and `disconnected`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KindCounts {
    /// Messages sent, resends included.
    pub sent: u64,
    /// Those of them that were sent again: requests without an answer, and answers to requests that came again.
    pub resent: u64,
    /// Second copies that chance has made.
    pub doubled: u64,
    /// Copies that have arrived.
    pub delivered: u64,
    /// Copies that were lost on the way by chance.
    pub lost: u64,
    /// Copies whose receiver was not there.
    pub dead_receiver: u64,
    /// Copies that had no way, or lost it.
    pub disconnected: u64,
    /// Bytes of all copies.
    pub bytes: f64,
}

impl KindCounts {
    fn add(&mut self, other: &KindCounts) {
        self.sent += other.sent;
        self.resent += other.resent;
        self.doubled += other.doubled;
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.dead_receiver += other.dead_receiver;
        self.disconnected += other.disconnected;
        self.bytes += other.bytes;
    }

    fn end(&mut self, end: End) {
        *match end {
            End::Delivered => &mut self.delivered,
            End::Lost => &mut self.lost,
            End::DeadReceiver => &mut self.dead_receiver,
            End::Disconnected => &mut self.disconnected,
        } += 1;
    }

    /// Copies that were sent and have not ended.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        let ended = self.delivered + self.lost + self.dead_receiver + self.disconnected;
        (self.sent + self.doubled).saturating_sub(ended)
    }

    fn json(&self) -> Value {
        json!({
            "sent": self.sent,
            "resent": self.resent,
            "doubled": self.doubled,
            "delivered": self.delivered,
            "lost": self.lost,
            "dead_receiver": self.dead_receiver,
            "disconnected": self.disconnected,
            "in_flight": self.in_flight(),
            "bytes": self.bytes,
        })
    }
}

/// What is counted of an agent, for its mail as for what it does. As in the summary, the warm-up is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentCounts {
    /// Messages that it has sent, by kind, resends included.
    pub sent: Vec<u64>,
    /// Messages that have reached it, by kind.
    pub received: Vec<u64>,
    /// Bytes that it has sent, by kind, doubles included.
    pub bytes: Vec<f64>,
    /// Copies of its messages that were lost by chance.
    pub lost: u64,
    /// Messages of it that were doubled.
    pub doubled: u64,
    /// Messages that it has sent again.
    pub resent: u64,
    /// Requests of it without any answer.
    pub timed_out: u64,
    /// Seconds that it has worked: handling messages, and [busy](super::Mailbox::busy).
    pub busy_s: f64,
}

/// What is counted of an agent and no kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AgentTotals {
    lost: u64,
    doubled: u64,
    resent: u64,
    pub(super) timed_out: u64,
    pub(super) busy_s: f64,
}

/// What is counted of an agent since the last sample.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AgentPeriod {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) bytes: f64,
    pub(super) busy_s: f64,
}

/// What is counted of an agent and a kind.
#[derive(Clone, Copy, Debug, Default)]
struct OfKind {
    sent: u64,
    received: u64,
    bytes: f64,
}

/// What is counted of requests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestCounts {
    pub(super) asked: u64,
    pub(super) answered: u64,
    pub(super) timed_out: u64,
    /// Whose asker has died.
    pub(super) abandoned: u64,
    /// Copies of requests that had come before.
    pub(super) repeated: u64,
    /// Answers that nobody waited for.
    pub(super) stray: u64,
    /// Requests that were in a line when their asker gave up.
    pub(super) expired: u64,
}

/// What is counted of all agents.
#[derive(Debug)]
pub(super) struct Counts {
    /// By kind: from the end of the warm-up on, and since the last sample.
    kinds: Vec<KindCounts>,
    pub(super) period: Vec<KindCounts>,
    /// For each agent by kind.
    of_agents: Vec<OfKind>,
    pub(super) requests: RequestCounts,
    delivery_s: Summary,
    delivery_quantiles: Quantiles,
    pub(super) deaths: u64,
    pub(super) returns: u64,
    /// Messages of kinds that there are not.
    pub(super) unknown_kinds: u64,
    /// How often there were no cores for a message.
    pub(super) waits_for_cores: u64,
}

impl Counts {
    pub(super) fn new(kinds: usize) -> Self {
        Counts {
            kinds: vec![KindCounts::default(); kinds],
            period: vec![KindCounts::default(); kinds],
            of_agents: Vec::new(),
            requests: RequestCounts::default(),
            delivery_s: Summary::default(),
            delivery_quantiles: Quantiles::default(),
            deaths: 0,
            returns: 0,
            unknown_kinds: 0,
            waits_for_cores: 0,
        }
    }

    pub(super) fn add_agent(&mut self) {
        let places = self.of_agents.len() + self.kinds.len();
        self.of_agents.resize(places, OfKind::default());
    }

    fn of_agent(&mut self, agent: AgentId, kind: u16) -> Option<&mut OfKind> {
        self.of_agents.get_mut(agent.index() * self.kinds.len() + usize::from(kind))
    }
}

/// A number of the summary; null where there is none.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(null) }
}

impl Agents {
    /// Counts a message that is sent.
    pub(super) fn count_sent(
        &mut self,
        from: Address,
        parcel: &Parcel,
        is_resent: bool,
        is_doubled: bool,
        is_counted: bool,
    ) {
        let bytes = parcel.bytes * if is_doubled { 2.0 } else { 1.0 };
        let (resent, doubled) = (u64::from(is_resent), u64::from(is_doubled));
        let one = KindCounts { sent: 1, resent, doubled, bytes, ..KindCounts::default() };
        let kind = usize::from(parcel.kind);
        self.counts.period[kind].add(&one);
        if is_counted {
            self.counts.kinds[kind].add(&one);
        }
        let Address::Agent(id) = from else { return };
        let Some(agent) = self.agents.get_mut(id.index()) else { return };
        agent.period.sent += 1;
        agent.period.bytes += bytes;
        if is_counted {
            agent.totals.resent += resent;
            agent.totals.doubled += doubled;
            if let Some(own) = self.counts.of_agent(id, parcel.kind) {
                own.sent += 1;
                own.bytes += bytes;
            }
        }
    }

    /// Counts the end of a copy, so long `after` it was sent.
    pub(super) fn count_end(
        &mut self,
        (from, to): (Address, Address),
        kind: u16,
        end: End,
        after: SimDuration,
        is_counted: bool,
    ) {
        self.counts.period[usize::from(kind)].end(end);
        if is_counted {
            self.counts.kinds[usize::from(kind)].end(end);
        }
        if let (End::Lost, Address::Agent(id), true) = (end, from, is_counted)
            && let Some(agent) = self.agents.get_mut(id.index())
        {
            agent.totals.lost += 1;
        }
        if end != End::Delivered {
            return;
        }
        if let Address::Agent(id) = to
            && let Some(agent) = self.agents.get_mut(id.index())
        {
            agent.period.received += 1;
            if let Some(own) = self.counts.of_agent(id, kind).filter(|_| is_counted) {
                own.received += 1;
            }
        }
        if is_counted {
            self.counts.delivery_s.add(after.as_secs());
            self.counts.delivery_quantiles.add(after.as_secs());
        }
    }

    /// What is counted of an agent; nothing of one that there is not.
    #[must_use]
    pub fn counts(&self, agent: AgentId) -> AgentCounts {
        let Some(own) = self.agents.get(agent.index()) else { return AgentCounts::default() };
        let first = agent.index() * self.kinds.len();
        let kinds = self.counts.of_agents.get(first..first + self.kinds.len()).unwrap_or_default();
        let AgentTotals { lost, doubled, resent, timed_out, busy_s } = own.totals;
        AgentCounts {
            sent: kinds.iter().map(|kind| kind.sent).collect(),
            received: kinds.iter().map(|kind| kind.received).collect(),
            bytes: kinds.iter().map(|kind| kind.bytes).collect(),
            lost,
            doubled,
            resent,
            timed_out,
            busy_s,
        }
    }

    /// What is counted of the messages of each kind, from the end of the warm-up on.
    #[must_use]
    pub fn kind_counts(&self) -> &[KindCounts] {
        &self.counts.kinds
    }

    /// Their part of the summary of their owner, whatever has happened: what was sent before the end of the warm-up is
    /// left out.
    #[must_use]
    pub fn summary(&self) -> Value {
        let mut all = KindCounts::default();
        self.counts.kinds.iter().for_each(|kind| all.add(kind));
        let kinds: serde_json::Map<_, _> = (self.kinds.iter().zip(&self.counts.kinds))
            .map(|(kind, counts)| (kind.name.to_string(), counts.json()))
            .collect();
        let counts = &self.counts;
        let (delivery_s, quantiles) = (&counts.delivery_s, &counts.delivery_quantiles);
        let busy_s = self.agents.iter().map(|agent| agent.totals.busy_s);
        let mut mail = all.json();
        mail["delivery_s"] = json!({
            "mean": number(delivery_s.mean()),
            "p50": quantiles.quantile(0.5),
            "p95": quantiles.quantile(0.95),
            "p99": quantiles.quantile(0.99),
            "max": number(delivery_s.max()),
        });
        mail["unknown_kinds"] = json!(counts.unknown_kinds);
        mail["kinds"] = kinds.into();
        let requests = &counts.requests;
        json!({
            "agents": {
                "count": self.agents.len(),
                "deaths": counts.deaths,
                "returns": counts.returns,
                "waits_for_cores": counts.waits_for_cores,
                "busy_s": { "sum": busy_s.clone().fold(0.0, |sum, own| sum + own), "max": busy_s.fold(0.0, f64::max) },
            },
            "mail": mail,
            "requests": {
                "asked": requests.asked,
                "answered": requests.answered,
                "timed_out": requests.timed_out,
                "abandoned": requests.abandoned,
                "repeated": requests.repeated,
                "stray": requests.stray,
                "expired": requests.expired,
            },
        })
    }
}
