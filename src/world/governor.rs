//! The decision point *frequency governor*: when it is asked, and what becomes of the answer.

use super::core::Core;
use super::decisions::Made;
use super::event::Event;
use crate::apps::{DecisionEnd, DecisionId, DecisionPoint};
use crate::engine::{Phase, RandomStreams, Schedule, SimDuration, SimTime, Stream};
use crate::infra::{HostState, Infrastructure, NodeId};
use crate::placement::frequency::{FrequencyDecision, FrequencyGovernor, FrequencyView};
use crate::records::{Records, Symbol};

/// When frequency governors are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GovernorTimes {
    /// Time between two decisions for each node; zero for none. The first is at the start.
    pub period: SimDuration,
    /// Whether it also decides as soon as the load of a node has changed.
    pub on_load_change: bool,
}

impl Default for GovernorTimes {
    fn default() -> Self {
        GovernorTimes { period: SimDuration::from_secs(1.0), on_load_change: false }
    }
}

/// A node as it was at the last decision.
#[derive(Clone, Copy, Debug)]
struct Governed {
    node: NodeId,
    since: SimTime,
    busy_core_s: f64,
    open: Option<Open>,
}

/// A recorded decision whose outcome is known and whose reward is still to come, with the meters as they were then.
#[derive(Clone, Copy, Debug)]
struct Open {
    decision: DecisionId,
    outcome: Symbol,
    time: SimTime,
    energy_j: f64,
    work: Option<Work>,
}

/// Work that the virtual machines of a host asked for and got, in million instructions.
#[derive(Clone, Copy, Debug)]
struct Work {
    requested_mi: f64,
    allocated_mi: f64,
}

impl Work {
    fn of(infrastructure: &Infrastructure, node: NodeId, now: SimTime) -> Option<Self> {
        let machines = infrastructure.virtual_machines();
        let account = machines.host_account(machines.host_of_node(node)?, now);
        Some(Work { requested_mi: account.requested_mi, allocated_mi: account.allocated_mi })
    }
}

/// What became of a decision, as recorded.
#[derive(Clone, Copy, Debug)]
struct Outcomes {
    applied: Symbol,
    kept: Symbol,
    capped: Symbol,
    refused: Symbol,
}

impl Outcomes {
    fn new(records: &mut dyn Records) -> Self {
        Outcomes {
            applied: records.symbol("applied"),
            kept: records.symbol("kept"),
            capped: records.symbol("capped"),
            refused: records.symbol("refused"),
        }
    }
}

/// The governor of a world and what it remembers.
#[derive(Debug)]
pub(super) struct Governor {
    policy: Box<dyn FrequencyGovernor>,
    times: GovernorTimes,
    random: Stream,
    nodes: Vec<Governed>,
    outcomes: Outcomes,
    /// Whether the decision after a change of load is scheduled.
    is_due: bool,
    pub(super) made: u64,
    pub(super) changes: u64,
    pub(super) refused: u64,
}

impl Governor {
    /// A governor of all nodes that have frequency steps.
    pub(super) fn new(
        policy: Box<dyn FrequencyGovernor>,
        times: GovernorTimes,
        infrastructure: &mut Infrastructure,
        streams: RandomStreams,
        records: &mut dyn Records,
    ) -> Self {
        let nodes = (0..infrastructure.nodes().len() as u32).map(NodeId);
        let nodes = nodes
            .filter(|&node| infrastructure.frequency_steps(node).is_some())
            .map(|node| Governed { node, since: SimTime::ZERO, busy_core_s: 0.0, open: None })
            .collect();
        if times.on_load_change {
            infrastructure.watch_loads();
        }
        Governor {
            policy,
            times,
            random: streams.stream("policy/frequency"),
            nodes,
            outcomes: Outcomes::new(records),
            is_due: false,
            made: 0,
            changes: 0,
            refused: 0,
        }
    }

    /// Schedules the first decisions.
    pub(super) fn start(&self, schedule: &mut Schedule<Event>) {
        if self.times.period > SimDuration::ZERO {
            schedule.at(SimTime::ZERO, Phase::Control, Event::GovernorPeriod);
        }
    }
}

impl Core {
    /// After each event: lets the governor decide at this instant, once all else has happened, if loads have
    /// changed.
    pub(super) fn watch_loads(&mut self, schedule: &mut Schedule<Event>) {
        let Some(governor) = &mut self.governor else { return };
        if !governor.is_due && self.infrastructure.has_load_changes() {
            governor.is_due = true;
            schedule.at(schedule.now(), Phase::Control, Event::GovernorLoad);
        }
    }

    pub(super) fn on_governor_period(&mut self, schedule: &mut Schedule<Event>) {
        let Some(governor) = &self.governor else { return };
        let (count, period) = (governor.nodes.len(), governor.times.period);
        for index in 0..count {
            self.govern(schedule, index, true);
        }
        schedule.after(period, Phase::Control, Event::GovernorPeriod);
    }

    pub(super) fn on_governor_load(&mut self, schedule: &mut Schedule<Event>) {
        let changed = self.infrastructure.take_load_changes();
        let Some(governor) = &mut self.governor else { return };
        governor.is_due = false;
        for node in changed {
            let Some(governor) = &self.governor else { return };
            if let Ok(index) = governor.nodes.binary_search_by_key(&node, |own| own.node) {
                self.govern(schedule, index, false);
            }
        }
    }

    /// Asks the governor about one node, and does what it says.
    fn govern(&mut self, schedule: &mut Schedule<Event>, index: usize, after_period: bool) {
        let now = schedule.now();
        let Some(governor) = &mut self.governor else { return };
        let Governed { node, since, busy_core_s, .. } = governor.nodes[index];
        if !self.infrastructure.node(node).is_available() || sleeps(&self.infrastructure, node) {
            return;
        }
        let meter = self.infrastructure.meter(node);
        let cores = f64::from(self.infrastructure.class_of(node).cores);
        let (passed_s, busy_now) = (now.since(since).as_secs(), meter.busy_core_s(now));
        let busy = if after_period && passed_s > 0.0 {
            (busy_now - busy_core_s) / passed_s
        } else {
            meter.busy_cores()
        };
        let load = if cores > 0.0 { (busy / cores).clamp(0.0, 1.0) } else { 0.0 };
        if after_period {
            let own = &mut governor.nodes[index];
            (own.since, own.busy_core_s) = (now, busy_now);
        }
        let random = &mut governor.random;
        let Some(mut view) = FrequencyView::new(node, now, load, &self.infrastructure, random) else {
            return;
        };
        governor.made += 1;
        let decision = governor.policy.decide(&mut view);
        let is_recorded = self.decisions.enabled(DecisionPoint::Frequency);
        let features = is_recorded.then(|| match decision {
            FrequencyDecision::Keep => view.features(view.step()),
            FrequencyDecision::Step(step) => view.features(step),
        });
        self.decisions.count();
        if let Some(features) = features {
            self.resolve_frequency(index, now);
            let made = Made {
                time: now,
                point: DecisionPoint::Frequency,
                workload: None,
                policy: None,
                subject: u64::from(node.0),
                device: Some(node),
                choice: None,
            };
            let decision_id = self.decisions.add(made, None, Some(&features));
            let outcome = self.apply_frequency(schedule, node, decision);
            let energy_j = self.infrastructure.meter(node).energy_j(now);
            let work = Work::of(&self.infrastructure, node, now);
            if let (Some(governor), Some(outcome)) = (&mut self.governor, outcome) {
                governor.nodes[index].open =
                    Some(Open { decision: decision_id, outcome, time: now, energy_j, work });
            }
        } else {
            self.apply_frequency(schedule, node, decision);
        }
    }

    /// Does what the governor says about a node.
    fn apply_frequency(
        &mut self,
        schedule: &mut Schedule<Event>,
        node: NodeId,
        decision: FrequencyDecision,
    ) -> Option<Symbol> {
        let governor = self.governor.as_mut()?;
        let FrequencyDecision::Step(step) = decision else { return Some(governor.outcomes.kept) };
        let state = self.infrastructure.node(node);
        if [state.frequency_step, state.wanted_step].map(usize::from) == [step, step] {
            return Some(governor.outcomes.kept);
        }
        Some(match self.infrastructure.set_frequency(schedule, node, step) {
            Ok(applied) if applied == step => {
                governor.changes += 1;
                governor.outcomes.applied
            }
            Ok(_) => {
                governor.refused += 1;
                governor.outcomes.capped
            }
            Err(_) => {
                governor.refused += 1;
                governor.outcomes.refused
            }
        })
    }

    /// Tells what came of the last decision about a node: the share that was got of what was asked for since, less
    /// its mean power over its greatest.
    ///
    /// Of a host the share is that of work; of another node it is that of the cores its jobs ask for now.
    fn resolve_frequency(&mut self, index: usize, now: SimTime) {
        let Some(own) = self.governor.as_mut().and_then(|governor| governor.nodes.get_mut(index)) else {
            return;
        };
        let (Some(open), node) = (own.open.take(), own.node) else { return };
        let infrastructure = &self.infrastructure;
        let served = match (open.work, Work::of(infrastructure, node, now)) {
            (Some(before), Some(after)) => {
                let asked = after.requested_mi - before.requested_mi;
                let got = after.allocated_mi - before.allocated_mi;
                if asked > 0.0 { (got / asked).clamp(0.0, 1.0) } else { 1.0 }
            }
            _ => 1.0 / infrastructure.demand_share(node).max(1.0),
        };
        let (meter, passed_s) = (infrastructure.meter(node), now.since(open.time).as_secs());
        let mean_w = if passed_s > 0.0 {
            (meter.energy_j(now) - open.energy_j) / passed_s
        } else {
            meter.power_w()
        };
        let last = infrastructure.frequency_steps(node).map_or(0, |steps| steps.last());
        let full_w = infrastructure.power_at_step(node, 1.0, last);
        let reward = served - if full_w > 0.0 { mean_w / full_w } else { 0.0 };
        let (records, symbols) = (&mut *self.records, &self.node_symbols);
        let end = DecisionEnd::scored(open.outcome, reward);
        // No policy of offloading learns of it.
        let _ = self.decisions.resolve(records, symbols, now, open.decision, end);
    }

    /// Tells what came of the decisions about frequencies that were the last of their nodes.
    pub(super) fn finish_frequencies(&mut self, now: SimTime) {
        let count = self.governor.as_ref().map_or(0, |governor| governor.nodes.len());
        for index in 0..count {
            self.resolve_frequency(index, now);
        }
    }
}

/// Whether a node is a host that sleeps or falls asleep, so that its clock does not matter.
fn sleeps(infrastructure: &Infrastructure, node: NodeId) -> bool {
    let machines = infrastructure.virtual_machines();
    let state = machines.host_of_node(node).map(|host| machines.fleet().states()[host.index()]);
    matches!(state, Some(HostState::Asleep | HostState::FallingAsleep))
}
