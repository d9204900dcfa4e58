//! Sampling the state of nodes and links at an interval.

use super::core::Core;
use crate::engine::{SimDuration, SimTime};
use crate::infra::{LinkId, NodeId, Tier};
use crate::records::Cell;

/// What is sampled, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// Time between samples; zero for none.
    pub interval: SimDuration,
    /// Tiers whose nodes are sampled into the `nodes` table.
    pub tiers: Vec<Tier>,
    /// Whether links are sampled.
    pub links: bool,
    /// Whether the devices' positions are sampled.
    pub positions: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling {
            interval: SimDuration::from_secs(10.0),
            tiers: vec![Tier::Edge, Tier::Fog, Tier::Cloud],
            links: true,
            positions: false,
        }
    }
}

/// What the samplers remember of the last sample.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    pub(super) sampling: Sampling,
    last: SimTime,
    nodes: Vec<(NodeId, f64, f64)>,
    /// Busy core seconds and energy of each tier at the last sample.
    pub(super) tiers: [(f64, f64); Tier::ALL.len()],
    carried_bytes: Vec<[f64; 2]>,
}

impl Sampler {
    pub(super) fn new(sampling: Sampling) -> Self {
        Sampler { sampling, ..Sampler::default() }
    }
}

impl Core {
    /// Writes one sample of everything that is sampled.
    pub(super) fn sample(&mut self, now: SimTime) {
        let period_s = now.since(self.sampler.last).as_secs();
        if self.records.is_recorded(self.tables.nodes) {
            self.sample_nodes(now, period_s);
        }
        if self.sampler.sampling.links && self.records.is_recorded(self.tables.links) {
            self.sample_links(now, period_s);
        }
        if self.sampler.sampling.positions && self.records.is_recorded(self.tables.positions) {
            self.sample_positions(now);
        }
        if self.records.is_recorded(self.tables.tiers) {
            self.sample_tiers(now, period_s);
        }
        self.sample_energy(now);
        self.sample_network_energy(now);
        self.sample_accelerators(now);
        self.sampler.last = now;
    }

    fn sample_nodes(&mut self, now: SimTime, period_s: f64) {
        if self.sampler.nodes.is_empty() {
            let tiers = &self.sampler.sampling.tiers;
            let nodes = (0..).map(NodeId).zip(self.infrastructure.nodes());
            self.sampler.nodes = nodes
                .filter(|(_, node)| tiers.contains(&node.tier))
                .map(|(id, _)| (id, 0.0, 0.0))
                .collect();
        }
        let mean = |change: f64| if period_s > 0.0 { change / period_s } else { 0.0 };
        for (id, busy_core_s, energy_j) in &mut self.sampler.nodes {
            let node = self.infrastructure.node(*id);
            let cores = f64::from(self.infrastructure.class_of(*id).cores);
            let meter = self.infrastructure.meter(*id);
            let (busy_now, energy_now) = (meter.busy_core_s(now), meter.energy_j(now));
            let (mut running, mut waiting) = (0, 0);
            for processor in self.infrastructure.serving(*id) {
                running += self.infrastructure.compute().running(processor) as u64;
                waiting += self.infrastructure.compute().waiting(processor) as u64;
            }
            let utilisation = if cores > 0.0 { mean(busy_now - *busy_core_s) / cores } else { 0.0 };
            self.records.write(
                self.tables.nodes,
                &[
                    Cell::Float(now.as_secs()),
                    Cell::Category(self.node_symbols[id.index()]),
                    Cell::Category(self.tables.names.tiers[node.tier as usize]),
                    Cell::Boolean(node.is_available()),
                    Cell::Float(utilisation),
                    Cell::Unsigned(running),
                    Cell::Unsigned(waiting),
                    Cell::Float(mean(energy_now - *energy_j)),
                    Cell::Float(energy_now),
                    self.infrastructure.battery_level(*id, now).into(),
                ],
            );
            (*busy_core_s, *energy_j) = (busy_now, energy_now);
        }
    }

    fn sample_links(&mut self, now: SimTime, period_s: f64) {
        let network = self.infrastructure.network();
        let names = &self.tables.names;
        self.sampler.carried_bytes.resize(network.links().len(), [0.0; 2]);
        for (id, last) in (0..).map(LinkId).zip(&mut self.sampler.carried_bytes) {
            let (forth, back) = network.link_state(now, id);
            let forth_name = if back.is_some() { names.forth } else { names.both };
            let directions = [Some((forth_name, forth)), back.map(|back| (names.back, back))];
            for ((name, state), last) in directions.into_iter().flatten().zip(last) {
                let carried_bps = 8.0 * (state.carried_bytes - *last) / period_s;
                let utilisation = if period_s > 0.0 { carried_bps / state.bandwidth_bps } else { 0.0 };
                self.records.write(
                    self.tables.links,
                    &[
                        Cell::Float(now.as_secs()),
                        Cell::Category(self.link_symbols[id.index()]),
                        Cell::Category(name),
                        Cell::Boolean(network.link_is_up(id)),
                        Cell::Float(state.bandwidth_bps),
                        Cell::Float(utilisation),
                        Cell::Unsigned(state.transfers as u64),
                        Cell::Float(state.carried_bytes),
                    ],
                );
                *last = state.carried_bytes;
            }
        }
    }

    fn sample_positions(&mut self, now: SimTime) {
        for (id, node) in (0..).map(NodeId).zip(self.infrastructure.nodes()) {
            if node.tier != Tier::Device || !node.present {
                continue;
            }
            let leg = self.infrastructure.leg(id);
            let place = leg.position(now);
            let attached = self.infrastructure.attached_to(id);
            self.records.write(
                self.tables.positions,
                &[
                    Cell::Float(now.as_secs()),
                    Cell::Category(self.node_symbols[id.index()]),
                    Cell::Float(place.x_m),
                    Cell::Float(place.y_m),
                    Cell::Float(place.z_m),
                    Cell::Float(leg.speed_at(now)),
                    attached.map(|node| self.node_symbols[node.index()]).into(),
                ],
            );
        }
    }
}
