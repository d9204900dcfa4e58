//! Perturbations act on the infrastructure.

use super::target::{Attribute, Subject, Target};
use super::{Contribution, Dynamics, OfferChange};
use crate::engine::{Phase, Schedule, SimDuration, SimTime};
use crate::infra::event::{InfraEvent, Notice};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::network::Direction;

impl Infrastructure {
    /// Sets the first instants of all perturbations.
    pub(in crate::infra) fn start_perturbations<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
    ) {
        if let Some(dynamics) = &mut self.dynamics {
            dynamics.begin();
            dynamics.arm(schedule);
        }
    }

    /// Whether anything changes as time goes on.
    #[must_use]
    pub fn has_perturbations(&self) -> bool {
        self.dynamics.is_some()
    }

    /// From now on keeps each value that perturbations change, for [`Infrastructure::take_offer_changes`].
    pub fn watch_offers(&mut self) {
        if let Some(dynamics) = &mut self.dynamics {
            dynamics.watches = true;
        }
    }

    /// Hands the values that have changed since the last call to `take`, if they are
    /// [watched](Infrastructure::watch_offers).
    pub fn take_offer_changes(&mut self, mut take: impl FnMut(OfferChange)) {
        if let Some(dynamics) = &mut self.dynamics {
            dynamics.changed.drain(..).for_each(&mut take);
        }
    }

    /// Lets the perturbations act that are due.
    pub(in crate::infra) fn on_perturbations_due<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
    ) {
        let Some(mut dynamics) = self.dynamics.take() else { return };
        dynamics.act(schedule.now(), &mut self.network);
        if !dynamics.dirty.is_empty() {
            self.apply_changes(schedule, &mut dynamics);
        }
        dynamics.arm(schedule);
        self.dynamics = Some(dynamics);
    }

    fn apply_changes<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        dynamics: &mut Dynamics,
    ) {
        let now = schedule.now();
        let (mut any, mut latencies) = (false, false);
        for at in 0..dynamics.dirty.len() {
            let number = dynamics.dirty[at] as usize;
            dynamics.is_dirty[number] = false;
            let target = dynamics.targets[number];
            let base = self.present_base(&target, now);
            let value = dynamics.value(&target, base);
            if target.attribute.is_state() {
                dynamics.forget(&target);
            }
            let before = if target.attribute.is_state() { base } else { target.value };
            if value == before {
                continue;
            }
            dynamics.targets[number].value = value;
            any = true;
            latencies |= target.attribute == Attribute::Latency;
            if dynamics.watches {
                let Target { subject, attribute, .. } = target;
                dynamics.changed.push(OfferChange { subject, attribute, value, base });
            }
            match (target.subject, target.attribute) {
                // All that fails fails before anything is led around it.
                (Subject::Link(link), Attribute::Availability) => {
                    if (value < 0.5) != (before < 0.5) {
                        dynamics.links_changed.push((link, value < 0.5));
                    }
                }
                (Subject::Node(node), Attribute::Availability) => {
                    if (value < 0.5) != (before < 0.5) {
                        dynamics.nodes_changed.push((node, value < 0.5));
                    }
                }
                _ => self.apply_value(schedule, &target, value),
            }
        }
        dynamics.dirty.clear();
        if !any {
            return;
        }
        self.offers.changes += 1;
        if latencies {
            self.nearest.clear();
        }
        self.network.settle_changes(schedule);
        self.charge_carried(schedule);
        if !dynamics.links_changed.is_empty() || !dynamics.nodes_changed.is_empty() {
            self.network.routes().gather();
            let mut links = std::mem::take(&mut dynamics.links_changed);
            self.fail_links(schedule, &links);
            links.clear();
            dynamics.links_changed = links;
            for (node, fails) in dynamics.nodes_changed.drain(..) {
                self.fail_node(schedule, node, fails);
            }
            self.network.routes().settle();
        }
        self.notices.push_back(Notice::OffersChanged);
    }

    /// The base of an offer, or the present value of a state.
    fn present_base(&self, target: &Target, now: SimTime) -> f64 {
        match (target.attribute, target.subject) {
            (Attribute::BatteryLevel, Subject::Node(node)) => {
                self.battery(node).map_or(target.base, |battery| battery.level(now))
            }
            _ => target.base,
        }
    }

    fn apply_value<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        target: &Target,
        value: f64,
    ) {
        let now = schedule.now();
        match target.subject {
            Subject::Link(link) => {
                let direction = match target.attribute {
                    Attribute::Latency => {
                        return self.network.change_latency(link, SimDuration::from_secs(value));
                    }
                    Attribute::BandwidthForth | Attribute::Downlink => Direction::Forth,
                    Attribute::BandwidthBack | Attribute::Uplink => Direction::Back,
                    _ => Direction::Both,
                };
                self.network.change_bandwidth(now, link, direction, value);
            }
            Subject::Node(node) => match target.attribute {
                Attribute::Cores => self.set_node_cores(schedule, node, value),
                Attribute::Memory => self.set_node_memory(node, value),
                Attribute::Storage => self.set_node_storage(node, value),
                Attribute::Speed => self.set_node_speed(schedule, node, value),
                Attribute::BatteryLevel => self.set_battery_level(schedule, node, value),
                Attribute::BatteryCapacity => self.set_battery_capacity(schedule, node, value),
                Attribute::ChargerPower => self.set_charger_power(schedule, node, value),
                Attribute::Asset(asset) => self.set_offer(node, asset, value),
                // No attributes of nodes.
                _ => {}
            },
        }
    }
}

impl Dynamics {
    fn arm<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let next = self.next();
        if next < SimTime::MAX {
            let event = InfraEvent::PerturbationsDue.into();
            schedule.at(next, Phase::Environment, event);
        }
    }

    /// Leaves no contribution to a target that is a state.
    fn forget(&mut self, target: &Target) {
        let own = target.first as usize..(target.first + target.count) as usize;
        for at in own {
            let member = self.members_of[at] as usize;
            self.contributions[member] = Contribution::NEUTRAL;
        }
    }
}
