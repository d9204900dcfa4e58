//! Load and energy of whole tiers at each sample.

use super::core::Core;
use crate::engine::SimTime;
use crate::infra::{NodeId, Tier};
use crate::records::{Cell, ColumnSpec, TableSpec};

pub(super) fn table() -> TableSpec {
    TableSpec::new(
        "tiers",
        "State of each tier at each sample; means are over the period since the last one",
        [
            ColumnSpec::float("t_s", "s", "end of the period"),
            ColumnSpec::category("tier", "tier"),
            ColumnSpec::unsigned("nodes", "", "its nodes"),
            ColumnSpec::unsigned("available", "", "those that work, have energy and are in the world"),
            ColumnSpec::float("utilisation", "", "mean busy share of all its cores, 0 to 1"),
            ColumnSpec::float(
                "predicted_utilisation",
                "",
                "mean of what tasks have booked of its instances at the end, 0 to 1; null if they book nothing",
            ),
            ColumnSpec::unsigned("running", "", "jobs that run"),
            ColumnSpec::unsigned("waiting", "", "jobs that wait"),
            ColumnSpec::float("power_w", "W", "mean power"),
            ColumnSpec::float("energy_j", "J", "energy used since the start of the run"),
            ColumnSpec::float(
                "battery_level",
                "",
                "mean share left in its batteries; null if it has none",
            ),
        ],
    )
    .detailed()
}

/// What is summed up over the nodes of a tier.
#[derive(Clone, Copy, Default)]
struct Sum {
    nodes: u64,
    available: u64,
    cores: f64,
    busy_core_s: f64,
    running: u64,
    waiting: u64,
    energy_j: f64,
    batteries: u64,
    battery_levels: f64,
}

impl Core {
    pub(super) fn sample_tiers(&mut self, now: SimTime, period_s: f64) {
        let infrastructure = &self.infrastructure;
        let mut sums = [Sum::default(); Tier::ALL.len()];
        for (id, node) in (0..).map(NodeId).zip(infrastructure.nodes()) {
            let sum = &mut sums[node.tier as usize];
            let meter = infrastructure.meter(id);
            sum.nodes += 1;
            sum.available += u64::from(node.is_available());
            sum.cores += f64::from(infrastructure.class_of(id).cores);
            sum.busy_core_s += meter.busy_core_s(now);
            sum.energy_j += meter.energy_j(now);
            for processor in infrastructure.serving(id) {
                sum.running += infrastructure.compute().running(processor) as u64;
                sum.waiting += infrastructure.compute().waiting(processor) as u64;
            }
            if let Some(level) = infrastructure.battery_level(id, now) {
                sum.batteries += 1;
                sum.battery_levels += level;
            }
        }
        let mean = |change: f64| if period_s > 0.0 { change / period_s } else { 0.0 };
        for (tier, sum) in Tier::ALL.into_iter().zip(&sums).filter(|(_, sum)| sum.nodes > 0) {
            let (busy_core_s, energy_j) = &mut self.sampler.tiers[tier as usize];
            let busy_cores = mean(sum.busy_core_s - *busy_core_s);
            let predicted = infrastructure.predicted();
            let books = predicted.mean_utilisation(tier, now).is_some();
            let row = [
                Cell::Float(now.as_secs()),
                Cell::Category(self.tables.names.tiers[tier as usize]),
                Cell::Unsigned(sum.nodes),
                Cell::Unsigned(sum.available),
                Cell::Float(if sum.cores > 0.0 { busy_cores / sum.cores } else { 0.0 }),
                books.then(|| predicted.utilisation(tier)).into(),
                Cell::Unsigned(sum.running),
                Cell::Unsigned(sum.waiting),
                Cell::Float(mean(sum.energy_j - *energy_j)),
                Cell::Float(sum.energy_j),
                (sum.batteries > 0).then(|| sum.battery_levels / sum.batteries as f64).into(),
            ];
            (*busy_core_s, *energy_j) = (sum.busy_core_s, sum.energy_j);
            self.records.write(self.tables.tiers, &row);
        }
    }
}
