//! The audit: are the requirements of what is placed still met?
//!
//! A node whose offer has fallen below what is booked is at fault with the replicas that were placed there last, as many
//! as it takes until the rest fits; a link likewise with the interactions on it. An interaction whose way is too long, cut
//! or overbooked is led another way if there is one, and only at fault if not.

use super::book::{Applications, Entry};
use super::needs::{InteractionIndex, ReplicaIndex};
use super::placed::Way;
use super::placing::later_end;
use super::violation::{Violation, ViolationKind};
use crate::infra::assets::{AssetId, HAIR};
use crate::infra::ids::{ApplicationId, NodeId};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::network::{Ask, ChannelId, Direction, WayStep, radio_step};

impl Infrastructure {
    /// Adds what is not met of the requirements of an application now; nothing if all is well. Replicas that are not
    /// placed are left out, and so are interactions of replicas that are at fault themselves. Interactions that another
    /// way serves take it.
    pub fn audit(&mut self, id: ApplicationId, violations: &mut Vec<Violation>) {
        let mut book = std::mem::take(&mut self.applications);
        book.audit(self, id, violations);
        self.applications = book;
    }
}

impl Applications {
    fn audit(&mut self, own: &Infrastructure, id: ApplicationId, violations: &mut Vec<Violation>) {
        let first = violations.len();
        let shape = self.placed[id.index()].shape.clone();
        for replica in (0..shape.needs().replicas.len() as u32).map(ReplicaIndex) {
            if let Some(node) = self.placed[id.index()].node_of(replica) {
                violations.extend(self.replica_fault(own, id, replica, node));
            }
        }
        let end = violations.len();
        let mut reroutes = self.placed[id.index()].reroutes;
        for (index, needs) in (0..).map(InteractionIndex).zip(&shape.needs().interactions) {
            let at_fault =
                |replica| violations[first..end].iter().any(|fault| fault.replica == Some(replica));
            if end > first && (at_fault(needs.from) || at_fault(needs.to)) {
                continue;
            }
            if let Some(fault) = self.way_fault(own, id, index) {
                let later = later_end(&self.placed[id.index()], needs.from, needs.to);
                let fault = Violation { replica: Some(later), interaction: Some(index), ..fault };
                violations.push(fault);
            }
        }
        // What was led another way may have left room for those that found none before.
        while self.placed[id.index()].reroutes != reroutes {
            reroutes = self.placed[id.index()].reroutes;
            let mut place = end;
            while let Some(fault) = violations.get(place) {
                let index = fault.interaction;
                match index.and_then(|index| self.way_fault(own, id, index)) {
                    Some(fault) => {
                        let replica = violations[place].replica;
                        violations[place] = Violation { replica, interaction: index, ..fault };
                        place += 1;
                    }
                    None => {
                        violations.remove(place);
                    }
                }
            }
        }
    }

    fn replica_fault(
        &self,
        own: &Infrastructure,
        id: ApplicationId,
        replica: ReplicaIndex,
        node: NodeId,
    ) -> Option<Violation> {
        let fault = |kind, asset, needed, offered| Violation {
            replica: Some(replica),
            node: Some(node),
            asset,
            needed,
            offered,
            ..Violation::new(kind)
        };
        if !own.hosts_services(node) {
            return Some(fault(ViolationKind::NodeDown, None, 0.0, 0.0));
        }
        let placed = &self.placed[id.index()];
        for &(asset, needed) in &placed.needs().replicas[replica.index()].amounts {
            let Some(spec) = own.assets.catalogue.get(asset).filter(|spec| spec.checked) else {
                continue;
            };
            let offer = own.offer(node, asset);
            if own.is_consumed(asset) {
                let left = offer - own.reserved_by_others(node, asset);
                if self.booked(node, asset) > left + offer.abs() * HAIR
                    && self.must_leave(node, asset, left + offer.abs() * HAIR, id, replica)
                {
                    let short = fault(
                        ViolationKind::Asset,
                        Some(asset),
                        self.booked(node, asset),
                        left.max(0.0),
                    );
                    return Some(Violation { is_of_all: true, ..short });
                }
            } else if !spec.algebra.meets(offer, needed) {
                return Some(fault(ViolationKind::Asset, Some(asset), needed, offer));
            }
        }
        None
    }

    /// Whether a replica is among the last ones that must leave a node until what is booked of an asset fits.
    fn must_leave(
        &self,
        node: NodeId,
        asset: AssetId,
        left: f64,
        id: ApplicationId,
        replica: ReplicaIndex,
    ) -> bool {
        let mut over = self.booked(node, asset) - left;
        for entry in self.on_node[node.index()].iter().rev() {
            if over <= 0.0 {
                return false;
            }
            let own = &self.placed[entry.application.index()];
            let bookings = own.bookings_of(ReplicaIndex(entry.index)).iter();
            let freed: f64 =
                bookings.filter(|(booked, _)| *booked == asset).map(|(_, amount)| amount.get()).sum();
            over -= freed;
            if entry.application == id && entry.index == replica.0 {
                // One that holds nothing of it does not help.
                return freed > 0.0;
            }
        }
        false
    }

    /// What is wrong with the way of an interaction, unless another one could be found.
    fn way_fault(
        &mut self,
        own: &Infrastructure,
        id: ApplicationId,
        interaction: InteractionIndex,
    ) -> Option<Violation> {
        let placed = &self.placed[id.index()];
        let Way::Pinned { steps, stamp, is_wireless } = &placed.ways[interaction.index()] else {
            return None;
        };
        let network = &own.network;
        let limit_ns = placed.limits_ns[interaction.index()];
        let too_long = network.way_latency_ns(steps) > limit_ns;
        let cut = !network.way_is_up(steps)
            || *is_wireless && !self.radios_are_right(own, id, interaction, steps);
        let crowded =
            !too_long && !cut && steps.iter().any(|step| self.must_yield(own, step.channel, *stamp));
        if !too_long && !cut && !crowded {
            return None;
        }
        let ends = placed.needs().interactions[interaction.index()];
        let (from, to) = (placed.node_of(ends.from)?, placed.node_of(ends.to)?);
        let ask = Ask { limit_ns, bandwidth_bps: placed.bandwidths[interaction.index()].get() };
        // What it has booked itself does not stand in its way.
        let (steps, stamp, is_wireless) = (steps.clone(), *stamp, *is_wireless);
        self.leave_way(id, interaction);
        match self.find_way(own, from, to, ask) {
            Ok(_) => {
                let found = std::mem::take(&mut self.found);
                let list = self.list_of(&found);
                self.found = found;
                let stamp = self.next_stamp();
                self.enter_way(id, interaction, list, stamp, is_wireless);
                self.placed[id.index()].reroutes += 1;
                None
            }
            Err(fault) => {
                self.enter_way(id, interaction, steps, stamp, is_wireless);
                Some(fault)
            }
        }
    }

    /// Whether a way over a radio begins and ends with those to which its devices are attached.
    fn radios_are_right(
        &self,
        own: &Infrastructure,
        id: ApplicationId,
        interaction: InteractionIndex,
        steps: &[WayStep],
    ) -> bool {
        let placed = &self.placed[id.index()];
        let ends = placed.needs().interactions[interaction.index()];
        let radio = |replica| Some(own.endpoint(placed.node_of(replica)?)?.radio);
        let is_right = |radio: Option<_>, step: Option<&WayStep>, direction| match radio {
            None => false,
            Some(None) => true,
            Some(Some(link)) => step == Some(&radio_step(&own.network, link, direction)),
        };
        is_right(radio(ends.from), steps.first(), Direction::Back)
            && is_right(radio(ends.to), steps.last(), Direction::Forth)
    }

    /// Whether the interaction of a stamp is among the last ones that must leave a channel until the rest fits.
    fn must_yield(&self, own: &Infrastructure, channel: ChannelId, stamp: u64) -> bool {
        let booked_bps = self.channel_booked_bps[channel.0 as usize];
        let offered_bps = own.network.channel_bandwidth_bps(channel) * (1.0 + HAIR);
        if booked_bps <= offered_bps {
            return false;
        }
        let mut over_bps = booked_bps - offered_bps;
        for Entry { stamp: other, application, index } in
            self.on_channel[channel.0 as usize].iter().rev()
        {
            if over_bps <= 0.0 || *other < stamp {
                return false;
            }
            if *other == stamp {
                return true;
            }
            over_bps -= self.placed[application.index()].bandwidths[*index as usize].get();
        }
        false
    }
}
