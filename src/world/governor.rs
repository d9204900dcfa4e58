//! The decision point *frequency governor*: when it is asked, and what becomes of the answer.

use super::core::Core;
use super::event::Event;
use crate::engine::{Phase, RandomStreams, Schedule, SimDuration, SimTime, Stream};
use crate::infra::{Infrastructure, NodeId};
use crate::placement::frequency::{FrequencyDecision, FrequencyGovernor, FrequencyView};

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
}

/// The governor of a world and what it remembers.
#[derive(Debug)]
pub(super) struct Governor {
    policy: Box<dyn FrequencyGovernor>,
    times: GovernorTimes,
    random: Stream,
    nodes: Vec<Governed>,
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
    ) -> Self {
        let nodes = (0..infrastructure.nodes().len() as u32).map(NodeId);
        let nodes = nodes
            .filter(|&node| infrastructure.frequency_steps(node).is_some())
            .map(|node| Governed { node, since: SimTime::ZERO, busy_core_s: 0.0 })
            .collect();
        if times.on_load_change {
            infrastructure.watch_loads();
        }
        Governor {
            policy,
            times,
            random: streams.stream("policy/frequency"),
            nodes,
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
        let Governed { node, since, busy_core_s } = governor.nodes[index];
        if !self.infrastructure.node(node).is_available() {
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
            governor.nodes[index] = Governed { node, since: now, busy_core_s: busy_now };
        }
        let random = &mut governor.random;
        let Some(mut view) = FrequencyView::new(node, now, load, &self.infrastructure, random) else {
            return;
        };
        governor.made += 1;
        let FrequencyDecision::Step(step) = governor.policy.decide(&mut view) else { return };
        let state = self.infrastructure.node(node);
        if [state.frequency_step, state.wanted_step].map(usize::from) == [step, step] {
            return;
        }
        match self.infrastructure.set_frequency(schedule, node, step) {
            Ok(applied) if applied == step => governor.changes += 1,
            _ => governor.refused += 1,
        }
    }
}
