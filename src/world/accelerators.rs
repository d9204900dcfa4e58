//! What of accelerators whose time is modelled is sampled and summed up.

use super::core::Core;
use crate::engine::SimTime;
use crate::infra::{AcceleratorGroupId, Infrastructure, NodeId, Tier};
use crate::records::{Cell, ColumnSpec, RecordError, Records, Symbol, TableId, TableSpec};
use serde_json::{Value, json};

fn accelerators() -> TableSpec {
    TableSpec::new(
        "accelerators",
        "State of the accelerators of each node and type at each sample; means are over the period since the last one",
        [
            ColumnSpec::float("t_s", "s", "end of the period"),
            ColumnSpec::category("node", "node"),
            ColumnSpec::category("type", "type of accelerator"),
            ColumnSpec::category("class", "class of the type"),
            ColumnSpec::unsigned("devices", "", "devices that the node has"),
            ColumnSpec::float("utilisation", "", "mean share of them that computed, 0 to 1"),
            ColumnSpec::unsigned("running", "", "tasks on them"),
            ColumnSpec::unsigned("waiting", "", "tasks that wait for them"),
            ColumnSpec::float("memory_bytes", "B", "their memory that tasks hold"),
            ColumnSpec::float("power_w", "W", "their mean power, which is part of their node's"),
            ColumnSpec::float("energy_j", "J", "energy that they have used since the start of the run"),
            ColumnSpec::unsigned("done", "", "tasks that they have done since the start of the run"),
        ],
    )
}

/// The table `accelerators` and what was recorded last.
#[derive(Debug)]
pub(super) struct AcceleratorTable {
    table: TableId,
    groups: Vec<Sampled>,
}

#[derive(Debug)]
struct Sampled {
    group: AcceleratorGroupId,
    kind: Symbol,
    class: Symbol,
    busy_s: f64,
    energy_j: f64,
    since: SimTime,
}

impl AcceleratorTable {
    /// Registers the table; `None` if there are no accelerators whose time is modelled.
    pub(super) fn register(
        infrastructure: &Infrastructure,
        sampled: impl Fn(NodeId) -> bool,
        records: &mut dyn Records,
    ) -> Result<Option<Self>, RecordError> {
        let all = infrastructure.accelerators();
        if all.is_empty() {
            return Ok(None);
        }
        let table = records.table(accelerators())?;
        let groups = all.groups().filter(|&group| sampled(all.node(group))).map(|group| Sampled {
            group,
            kind: records.symbol(&all.spec(group).name),
            class: records.symbol(&all.spec(group).class_name),
            busy_s: 0.0,
            energy_j: 0.0,
            since: SimTime::ZERO,
        });
        Ok(Some(AcceleratorTable { table, groups: groups.collect() }))
    }
}

impl Core {
    /// Writes the rows of a sample.
    pub(super) fn sample_accelerators(&mut self, now: SimTime) {
        let Some(own) = &mut self.accelerators else { return };
        if !self.records.is_recorded(own.table) {
            return;
        }
        let all = self.infrastructure.accelerators();
        for last in &mut own.groups {
            let (group, count) = (last.group, all.spec(last.group).count);
            let period_s = now.since(last.since).as_secs();
            let mean = |change: f64| if period_s > 0.0 { change / period_s } else { 0.0 };
            let (busy_s, energy_j) = (all.busy_s(group, now), all.energy_j(group, now));
            self.records.write(
                own.table,
                &[
                    Cell::Float(now.as_secs()),
                    Cell::Category(self.node_symbols[all.node(group).index()]),
                    Cell::Category(last.kind),
                    Cell::Category(last.class),
                    Cell::Unsigned(u64::from(count)),
                    Cell::Float(mean(busy_s - last.busy_s) / f64::from(count.max(1))),
                    Cell::Unsigned(all.running(group)),
                    Cell::Unsigned(all.waiting(group) as u64),
                    Cell::Float(all.held_bytes(group)),
                    Cell::Float(mean(energy_j - last.energy_j)),
                    Cell::Float(energy_j),
                    Cell::Unsigned(all.done(group)),
                ],
            );
            (last.busy_s, last.energy_j, last.since) = (busy_s, energy_j, now);
        }
    }
}

/// The part of the summary on the accelerators of a tier; `None` if it has none whose time is modelled.
pub(super) fn summary(infrastructure: &Infrastructure, tier: Tier, now: SimTime) -> Option<Value> {
    let all = infrastructure.accelerators();
    let (mut devices, mut busy_s, mut energy_j, mut tasks) = (0_u64, 0.0, 0.0, 0);
    for group in all.groups().filter(|&group| infrastructure.node(all.node(group)).tier == tier) {
        devices += u64::from(all.spec(group).count);
        busy_s += all.busy_s(group, now);
        energy_j += all.energy_j(group, now);
        tasks += all.done(group);
    }
    let device_s = devices as f64 * now.as_secs();
    (devices > 0).then(|| {
        json!({
            "devices": devices,
            "utilisation": if device_s > 0.0 { busy_s / device_s } else { 0.0 },
            "energy_j": energy_j,
            "tasks": tasks,
        })
    })
}
