//! The energy of networks: what interfaces, radios and links draw, and to which network it is counted.

use super::event::InfraEvent;
use super::ids::{LinkId, NodeId, Owner};
use super::infrastructure::Infrastructure;
use super::network::{Carried, NetworkClass};
use super::node::{Node, NodeClass, Tier};
use super::virtual_machines::MIGRATIONS;
use crate::engine::{Schedule, SimTime};

const CLASSES: usize = NetworkClass::ALL.len();

/// What a network has drawn, in joules.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetworkEnergy {
    /// By the interfaces of nodes that sent and received. It is part of their nodes' energy.
    pub interfaces_j: f64,
    /// By the radios of access points, idle or not. It is part of their nodes' energy.
    pub radios_j: f64,
    /// By links between nodes and the fixed ends of direct networks, which are of no node.
    pub links_j: f64,
}

impl NetworkEnergy {
    /// All of it, in joules.
    #[must_use]
    pub fn total_j(&self) -> f64 {
        self.interfaces_j + self.radios_j + self.links_j
    }
}

/// The radio of an access point that draws power while it works.
#[derive(Clone, Copy, Debug)]
struct IdleRadio {
    node: NodeId,
    class: NetworkClass,
    tier: Tier,
    idle_w: f64,
    since: SimTime,
    is_on: bool,
    drawn_j: f64,
}

impl IdleRadio {
    fn energy_j(&self, now: SimTime) -> f64 {
        self.drawn_j + if self.is_on { self.idle_w * now.since(self.since).as_secs() } else { 0.0 }
    }
}

/// What interfaces and radios have drawn so far, by network and by tier.
#[derive(Clone, Debug, Default)]
pub(super) struct NetworkMeter {
    interfaces_j: [f64; CLASSES],
    radios_j: [f64; CLASSES],
    by_tier_j: [f64; Tier::ALL.len()],
    /// In the order of their nodes.
    idle: Vec<IdleRadio>,
}

impl NetworkMeter {
    pub(super) fn new(
        classes: &[NodeClass],
        access_points: &[(NodeId, LinkId)],
        nodes: &[Node],
    ) -> Self {
        let radio = |&(node, _): &(NodeId, LinkId)| {
            let class = &classes[nodes[node.index()].class.index()];
            let radio = &class.access_point.as_ref()?.radio;
            (radio.idle_w > 0.0).then_some(IdleRadio {
                node,
                class: radio.class,
                tier: class.tier,
                idle_w: radio.idle_w,
                since: SimTime::ZERO,
                is_on: false,
                drawn_j: 0.0,
            })
        };
        NetworkMeter {
            idle: access_points.iter().filter_map(radio).collect(),
            ..NetworkMeter::default()
        }
    }

    /// From `now` on the radio of a node, if it has one that draws idle power, is on or off.
    pub(super) fn set_radio(&mut self, now: SimTime, node: NodeId, is_on: bool) {
        if let Ok(index) = self.idle.binary_search_by_key(&node, |radio| radio.node) {
            let radio = &mut self.idle[index];
            radio.drawn_j = radio.energy_j(now);
            (radio.since, radio.is_on) = (now, is_on);
        }
    }
}

impl Infrastructure {
    /// What a network has drawn up to `now`. Interfaces and radios draw for bytes when a transfer leaves its way or
    /// hop, links between nodes as they carry.
    #[must_use]
    pub fn network_energy(&self, class: NetworkClass, now: SimTime) -> NetworkEnergy {
        let meter = &self.network_energy;
        let idle = meter.idle.iter().filter(|radio| radio.class == class);
        let own = (0..).map(LinkId).zip(self.network.links());
        let links = own.filter(|(_, link)| link.class == class && link.access_point().is_none());
        NetworkEnergy {
            interfaces_j: meter.interfaces_j[class as usize],
            radios_j: meter.radios_j[class as usize]
                + idle.map(|radio| radio.energy_j(now)).sum::<f64>(),
            // The sum of nothing is a negative zero.
            links_j: 0.0 + links.map(|(id, _)| self.network.link_energy_j(now, id)).sum::<f64>(),
        }
    }

    /// Joules of the energy of a tier's nodes that their interfaces and radios have drawn up to `now`.
    #[must_use]
    pub fn tier_network_energy_j(&self, tier: Tier, now: SimTime) -> f64 {
        let idle = self.network_energy.idle.iter().filter(|radio| radio.tier == tier);
        self.network_energy.by_tier_j[tier as usize] + idle.map(|radio| radio.energy_j(now)).sum::<f64>()
    }

    /// Whether any interface, radio or link can draw energy.
    #[must_use]
    pub fn has_network_energy(&self) -> bool {
        let draws = |class: &NodeClass| {
            let radio = class.access_point.as_ref().map(|own| &own.radio);
            class.interface.draws_energy()
                || class.wifi_radio.is_some_and(|own| own.power.is_some())
                || radio.is_some_and(|own| own.energy.is_any() || own.idle_w > 0.0)
        };
        self.classes.iter().any(draws) || self.network.links_draw_energy()
    }

    /// Draws the energy of what transfers have carried since the last call: from the interfaces at their ends, from
    /// the radios between, and from direct networks.
    pub(super) fn charge_carried<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        while let Some(carried) = self.network.take_carried() {
            self.charge_end(schedule, &carried, true);
            self.charge_end(schedule, &carried, false);
        }
    }

    fn charge_end<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        carried: &Carried,
        sends: bool,
    ) {
        let Some(end) = (if sends { carried.from } else { carried.to }) else { return };
        let mut per_byte = self.interface_j_per_byte(end.node, end.radio, sends);
        if sends {
            let amplifier = self.class_of(end.node).interface.amplifier_j_per_byte_m2;
            per_byte += amplifier * self.radio_distance_m(end.node, end.radio, schedule.now()).powi(2);
        }
        let drawn_j = self.draw(schedule, end.node, per_byte * carried.bytes, Some(carried.owner));
        self.network_energy.interfaces_j[end.class as usize] += drawn_j;
        self.network_energy.by_tier_j[self.nodes[end.node.index()].tier as usize] += drawn_j;
        let Some(radio) = end.radio else { return };
        let link = &self.network.links()[radio.index()];
        let energy_j = link.radio_j_per_byte(sends) * carried.bytes;
        let Some(access_point) = link.access_point() else {
            return self.network.book_radio_energy(radio, energy_j);
        };
        let drawn_j = self.draw(schedule, access_point, energy_j, None);
        self.network.book_radio_energy(radio, drawn_j);
        self.network_energy.radios_j[end.class as usize] += drawn_j;
        self.network_energy.by_tier_j[self.nodes[access_point.index()].tier as usize] += drawn_j;
    }

    /// Joules that a node draws for each byte that it sends, or else receives, by a radio or direct network or else by its
    /// links: what is said there of devices, or else of its interface. The amplifier's part is not in it.
    fn interface_j_per_byte(&self, node: NodeId, radio: Option<LinkId>, sends: bool) -> f64 {
        let interface = &self.class_of(node).interface;
        let own = if sends { interface.transmit_j_per_byte } else { interface.receive_j_per_byte };
        let links = self.network.links();
        radio.and_then(|radio| links[radio.index()].device_j_per_byte(sends)).unwrap_or(own)
    }

    /// Joules that a device draws for each byte that it sends to another node by the usual way at present, and for each
    /// that it receives from there, without the part of its amplifier.
    #[must_use]
    pub fn device_j_per_byte(&self, device: NodeId, other: NodeId) -> (f64, f64) {
        let ends = self.endpoint(device).zip(self.endpoint(other));
        let link = ends.and_then(|(device, other)| self.network.device_link(device, other));
        (self.interface_j_per_byte(device, link, true), self.interface_j_per_byte(device, link, false))
    }

    /// Draws energy at once from a node, on account of a transfer of this owner if it is the node's own. Returns what
    /// was drawn: a battery may have less.
    fn draw<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        energy_j: f64,
        owner: Option<Owner>,
    ) -> f64 {
        if energy_j <= 0.0 {
            return 0.0;
        }
        let drawn_j = match &mut self.batteries[node.index()] {
            Some(state) => state.take(schedule.now(), energy_j),
            None => {
                let flows = self.book_energy(node, energy_j, schedule.now());
                let copied = owner.filter(|owner| owner.workload == MIGRATIONS);
                let is_copy = copied
                    .is_some_and(|owner| self.virtual_machines.charge_migration(owner.token, flows));
                if !is_copy {
                    self.book_unattributed(node, flows);
                }
                energy_j
            }
        };
        self.meters[node.index()].add_energy(drawn_j);
        self.arm_battery(schedule, node);
        drawn_j
    }

    /// Draws energy of the WiFi radio of a device; returns what was drawn.
    pub(super) fn draw_radio<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        device: NodeId,
        energy_j: f64,
    ) -> f64 {
        let drawn_j = self.draw(schedule, device, energy_j, None);
        self.network_energy.interfaces_j[NetworkClass::Wlan as usize] += drawn_j;
        self.network_energy.by_tier_j[self.nodes[device.index()].tier as usize] += drawn_j;
        drawn_j
    }

    /// Metres from a device to the access point whose radio it has used; none over other links.
    fn radio_distance_m(&self, device: NodeId, radio: Option<LinkId>, now: SimTime) -> f64 {
        let access_point = radio.and_then(|radio| self.network.links()[radio.index()].access_point());
        access_point.map_or(0.0, |own| self.position(device, now).distance_m(self.position(own, now)))
    }
}
