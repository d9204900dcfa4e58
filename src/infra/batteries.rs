//! Batteries of nodes: when they are low or empty, when they are charged, and what comes of it.

use super::event::{InfraEvent, NodeChange, Notice};
use super::ids::NodeId;
use super::infrastructure::Infrastructure;
use super::node::{BatterySpec, Charger, Tier};
use crate::energy::Battery;
use crate::engine::{EntityStream, EventHandle, Phase, Schedule, SimDuration, SimTime};

/// What is expected of a battery next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Empty,
    Low,
    Charged,
}

/// A node's battery and its next event.
#[derive(Clone, Debug)]
pub(super) struct BatteryState {
    battery: Battery,
    initial_j: f64,
    /// Joules by which it was filled from outside, or emptied if negative.
    changed_j: f64,
    low_level: f64,
    restart_level: Option<f64>,
    /// Whether it was told that the battery is low.
    is_low: bool,
    expected: Expected,
    due: Option<EventHandle>,
    /// The charger, and when it is first connected.
    charger: Option<(Charger, SimTime)>,
    is_charging: bool,
}

impl BatteryState {
    /// A battery of one node, with the level and times that are drawn for it.
    pub(super) fn new(spec: &BatterySpec, random: &mut EntityStream) -> Self {
        let battery = Battery::new(spec.model, spec.level.sample(random));
        let charger = spec.charger.as_ref().map(|charger| {
            let first = SimTime::from_secs(charger.first_s.sample(random).max(0.0));
            (charger.clone(), first)
        });
        BatteryState {
            battery,
            initial_j: battery.level_j(SimTime::ZERO),
            changed_j: 0.0,
            low_level: spec.low_level,
            restart_level: spec.restart_level,
            is_low: battery.level(SimTime::ZERO) <= spec.low_level,
            expected: Expected::Empty,
            due: None,
            charger,
            is_charging: false,
        }
    }

    /// From `now` on the node draws this.
    pub(super) fn set_load(&mut self, now: SimTime, load_w: f64) {
        let charger = self.charger.as_ref().filter(|_| self.is_charging);
        self.battery.set_power(now, load_w, charger.map_or(0.0, |(charger, _)| charger.power_w));
    }

    pub(super) fn take(&mut self, now: SimTime, energy_j: f64) -> f64 {
        self.battery.take(now, energy_j)
    }

    /// What happens next if nothing else does.
    fn next(&self, powered: bool) -> (SimTime, Expected) {
        if !powered {
            let charged = self.restart_level.map_or(SimTime::MAX, |level| self.battery.rises_to(level));
            return (charged, Expected::Charged);
        }
        let empty = self.battery.empty_at();
        let low = if self.is_low { SimTime::MAX } else { self.battery.falls_to(self.low_level) };
        if low < empty { (low, Expected::Low) } else { (empty, Expected::Empty) }
    }
}

/// The batteries of all nodes of a tier together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BatteryTotals {
    /// Nodes with a battery.
    pub nodes: u32,
    /// Nodes whose battery is empty.
    pub empty: u32,
    /// Joules at the start.
    pub initial_j: f64,
    /// Joules that chargers gave, to the load or the battery.
    pub charged_j: f64,
    /// Joules by which perturbations have filled batteries, less those by which they have emptied them.
    pub changed_j: f64,
    /// Joules left.
    pub left_j: f64,
}

impl Infrastructure {
    /// The batteries of a tier: what they had and were given is what was drawn and is left.
    #[must_use]
    pub fn batteries_of(&self, tier: Tier, now: SimTime) -> BatteryTotals {
        let mut totals = BatteryTotals::default();
        for (node, state) in self.nodes.iter().zip(&self.batteries) {
            let Some(state) = state.as_ref().filter(|_| node.tier == tier) else { continue };
            totals.nodes += 1;
            totals.empty += u32::from(!node.powered);
            totals.initial_j += state.initial_j;
            totals.charged_j += state.battery.charged_j(now);
            totals.changed_j += state.changed_j;
            totals.left_j += state.battery.level_j(now);
        }
        totals
    }

    /// What is left of a node's battery, as a share in 0..=1; `None` if it has none.
    #[must_use]
    pub fn battery_level(&self, node: NodeId, now: SimTime) -> Option<f64> {
        self.battery(node).map(|battery| battery.level(now))
    }

    /// A node's battery; `None` if it has none.
    #[must_use]
    pub fn battery(&self, node: NodeId) -> Option<&Battery> {
        self.batteries[node.index()].as_ref().map(|state| &state.battery)
    }

    /// Fills or empties a node's battery to a share of its capacity in 0..=1; nothing of a node without one. A node
    /// whose battery was empty starts again if it is filled to its restart level, or at all if it has none.
    pub fn set_battery_level<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        level: f64,
    ) {
        self.change_battery(schedule, node, |battery, now| battery.set_level(now, level));
    }

    /// Changes the capacity of a node's battery to joules above 0; what is left stays, as far as it fits.
    pub fn set_battery_capacity<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        capacity_j: f64,
    ) {
        // Below a joule it would be none at all.
        self.change_battery(schedule, node, |battery, now| {
            battery.set_capacity(now, capacity_j.max(1.0))
        });
    }

    fn change_battery<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        change: impl FnOnce(&mut Battery, SimTime),
    ) {
        let now = schedule.now();
        let Some(state) = &mut self.batteries[node.index()] else { return };
        let before_j = state.battery.level_j(now);
        change(&mut state.battery, now);
        state.changed_j += state.battery.level_j(now) - before_j;
        let level = state.battery.level(now);
        let powered = &mut self.nodes[node.index()].powered;
        if !*powered && level > 0.0 && level >= state.restart_level.unwrap_or(0.0) {
            *powered = true;
            self.bring_up(schedule, node, NodeChange::BatteryCharged);
            return;
        }
        if *powered && !state.is_low && level <= state.low_level {
            state.is_low = true;
            self.notices.push_back(Notice::NodeChanged(node, NodeChange::BatteryLow));
        }
        self.arm_battery(schedule, node);
        self.look_at_reserve(schedule, node);
    }

    /// The power of a node's charger in watts; `None` if it has none.
    #[must_use]
    pub fn charger_power_w(&self, node: NodeId) -> Option<f64> {
        let state = self.batteries[node.index()].as_ref()?;
        state.charger.as_ref().map(|(charger, _)| charger.power_w)
    }

    /// Changes the power of a node's charger in watts (>= 0); nothing of a node without one.
    pub fn set_charger_power<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        power_w: f64,
    ) {
        let Some(state) = &mut self.batteries[node.index()] else { return };
        let Some((charger, _)) = &mut state.charger else { return };
        charger.power_w = power_w.max(0.0);
        self.refresh(schedule, node, 0.0);
    }

    /// Schedules the first connections of chargers.
    pub(super) fn start_chargers<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        for (node, state) in (0..).map(NodeId).zip(&self.batteries) {
            if let Some((_, first)) = state.as_ref().and_then(|state| state.charger.as_ref()) {
                schedule.at(*first, Phase::Environment, InfraEvent::ChargerDue(node).into());
            }
        }
    }

    pub(super) fn on_charger_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) {
        let Some(state) = &mut self.batteries[node.index()] else { return };
        let Some((charger, _)) = &state.charger else { return };
        state.is_charging = !state.is_charging;
        // The time between two connections counts from connection to connection.
        let rest =
            SimDuration::from_nanos(charger.every.as_nanos().saturating_sub(charger.lasts.as_nanos()));
        let next = if state.is_charging { charger.lasts } else { rest };
        if state.is_charging || charger.every > SimDuration::ZERO {
            let event = InfraEvent::ChargerDue(node).into();
            schedule.at(schedule.now() + next, Phase::Environment, event);
        }
        self.refresh(schedule, node, 0.0);
    }

    /// Keeps the next event of a battery after its load has changed.
    pub(super) fn arm_battery<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId) {
        let powered = self.nodes[node.index()].powered;
        let Some(state) = &mut self.batteries[node.index()] else { return };
        state.is_low &= state.battery.level(schedule.now()) <= state.low_level;
        let (time, expected) = state.next(powered);
        state.expected = expected;
        match state.due {
            Some(due) if time == SimTime::MAX => {
                schedule.cancel(due);
                state.due = None;
            }
            Some(due) if schedule.reschedule(due, time) => {}
            _ if time == SimTime::MAX => {}
            _ => {
                let event = InfraEvent::BatteryDue(node).into();
                state.due = Some(schedule.at(time, Phase::Environment, event));
            }
        }
    }

    pub(super) fn on_battery_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) {
        let Some(state) = &mut self.batteries[node.index()] else { return };
        state.due = None;
        match state.expected {
            Expected::Empty => {
                self.nodes[node.index()].powered = false;
                self.availability_changes += 1;
                self.take_down(schedule, node, NodeChange::BatteryEmpty);
            }
            Expected::Low => {
                state.is_low = true;
                self.notices.push_back(Notice::NodeChanged(node, NodeChange::BatteryLow));
                self.arm_battery(schedule, node);
            }
            Expected::Charged => {
                self.nodes[node.index()].powered = true;
                self.availability_changes += 1;
                self.bring_up(schedule, node, NodeChange::BatteryCharged);
            }
        }
    }
}
