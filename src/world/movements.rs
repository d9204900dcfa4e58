//! Every step of every movement, as it happens.

use super::core::Core;
use crate::engine::SimTime;
use crate::infra::{Leg, NodeId};
use crate::records::{Cell, ColumnSpec, TableSpec};

pub(super) fn table() -> TableSpec {
    TableSpec::new(
        "movements",
        "One row for each step of a movement, written when it begins: what a node does until its next row",
        [
            ColumnSpec::float("t_s", "s", "when the step began"),
            ColumnSpec::category("node", "node that moves or attaches"),
            ColumnSpec::float("x_m", "m", "where it is then, east of the origin"),
            ColumnSpec::float("y_m", "m", "north of the origin"),
            ColumnSpec::float("z_m", "m", "above the ground"),
            ColumnSpec::float("speed_m_per_s", "m/s", "mean speed of the step; 0 of a stay"),
            ColumnSpec::float(
                "heading_deg",
                "deg",
                "direction of the step, clockwise from north, 0 to 360; null if it does not move over the ground",
            ),
            ColumnSpec::float("to_x_m", "m", "where the step ends, east of the origin"),
            ColumnSpec::float("to_y_m", "m", "north of the origin"),
            ColumnSpec::float("to_z_m", "m", "above the ground"),
            ColumnSpec::float(
                "until_s",
                "s",
                "when it comes to an end unless something intervenes; null if it has none",
            ),
            ColumnSpec::category("access_point", "access point from then on; null out of coverage"),
        ],
    )
    .detailed()
}

/// The last row of each node, so that none is written twice.
#[derive(Debug, Default)]
pub(super) struct Movements {
    last: Vec<Option<(Leg, Option<NodeId>)>>,
}

impl Core {
    pub(super) fn record_movement(&mut self, now: SimTime, node: NodeId) {
        let leg = self.infrastructure.leg(node);
        let attached = self.infrastructure.attached_to(node);
        self.movements.last.resize(self.node_symbols.len(), None);
        let last = &mut self.movements.last[node.index()];
        if last.replace((leg, attached)) == Some((leg, attached)) {
            return;
        }
        let place = leg.position(now);
        // What is over is a stay where it ended.
        let goes_on = now < leg.arrive;
        let speed_m_per_s = if goes_on { leg.speed_m_per_s() } else { 0.0 };
        self.records.write(
            self.tables.movements,
            &[
                Cell::Float(now.as_secs()),
                Cell::Category(self.node_symbols[node.index()]),
                Cell::Float(place.x_m),
                Cell::Float(place.y_m),
                Cell::Float(place.z_m),
                Cell::Float(speed_m_per_s),
                leg.heading_deg().filter(|_| speed_m_per_s > 0.0).into(),
                Cell::Float(leg.to.x_m),
                Cell::Float(leg.to.y_m),
                Cell::Float(leg.to.z_m),
                (leg.arrive < SimTime::MAX).then(|| leg.arrive.as_secs()).into(),
                attached.map(|node| self.node_symbols[node.index()]).into(),
            ],
        );
    }
}
