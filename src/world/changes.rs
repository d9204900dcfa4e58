//! What perturbations change, value by value.

use super::core::Core;
use crate::engine::SimTime;
use crate::infra::dynamics::Subject;
use crate::records::{Cell, ColumnSpec, TableSpec};

pub(super) fn table() -> TableSpec {
    TableSpec::new(
        "changes",
        "One row for each value that a perturbation changes, in the attribute's own unit",
        [
            ColumnSpec::float("t_s", "s", "when it changed"),
            ColumnSpec::category("kind", "node or link"),
            ColumnSpec::category("subject", "node, link or radio of an access point"),
            ColumnSpec::category(
                "attribute",
                "latency (s), bandwidth or the bandwidth of a direction (bit/s), availability (1 or 0), cores, memory \
                 and storage (B), speed (over that of its frequency), battery_level (share), battery_capacity (J), \
                 charger_power (W), or the name of an asset (in its unit)",
            ),
            ColumnSpec::float("value", "", "its value from then on"),
            ColumnSpec::float("base", "", "the value that it changes around; of a battery's level the one before"),
        ],
    )
    .detailed()
}

impl Core {
    pub(super) fn record_offer_changes(&mut self, now: SimTime) {
        let Core { infrastructure, records, tables, node_symbols, link_symbols, .. } = self;
        let Some(table) = tables.changes else { return };
        infrastructure.take_offer_changes(|change| {
            let (kind, subject) = match change.subject {
                Subject::Node(node) => (tables.names.node, node_symbols[node.index()]),
                Subject::Link(link) => (tables.names.link, link_symbols[link.index()]),
            };
            records.write(
                table,
                &[
                    Cell::Float(now.as_secs()),
                    Cell::Category(kind),
                    Cell::Category(subject),
                    Cell::Category(tables.names.attributes[change.attribute.index()]),
                    Cell::Float(change.value),
                    Cell::Float(change.base),
                ],
            );
        });
    }
}
