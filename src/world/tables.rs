//! The tables that all workloads share.

use crate::infra::assets::Catalogue;
use crate::infra::dynamics::Attribute;
use crate::records::{ColumnSpec, RecordError, Records, Symbol, TableId, TableSpec};

fn nodes() -> TableSpec {
    TableSpec::new(
        "nodes",
        "State of the nodes at each sample; means are over the period since the last one",
        [
            ColumnSpec::float("t_s", "s", "end of the period"),
            ColumnSpec::category("node", "node"),
            ColumnSpec::category("tier", "its tier"),
            ColumnSpec::boolean("available", "whether it works, has energy and is in the world"),
            ColumnSpec::float("utilisation", "", "mean busy share of its cores, 0 to 1"),
            ColumnSpec::unsigned("running", "", "jobs that run"),
            ColumnSpec::unsigned("waiting", "", "jobs that wait"),
            ColumnSpec::float("power_w", "W", "mean power"),
            ColumnSpec::float("energy_j", "J", "energy used since the start of the run"),
            ColumnSpec::float("battery_level", "", "share left in its battery; null if it has none"),
        ],
    )
}

fn links() -> TableSpec {
    TableSpec::new(
        "links",
        "State of the links at each sample, a row for each direction",
        [
            ColumnSpec::float("t_s", "s", "end of the period"),
            ColumnSpec::category("link", "link, or radio of an access point"),
            ColumnSpec::category(
                "direction",
                "forth (from the first end), back, or both on a half-duplex link",
            ),
            ColumnSpec::boolean("up", "whether it works"),
            ColumnSpec::float("bandwidth_bps", "bit/s", "bandwidth"),
            ColumnSpec::float(
                "utilisation",
                "",
                "bytes carried in the period over those it could carry; above 1 where a transfer that is not fairly shared is booked at its end",
            ),
            ColumnSpec::unsigned("transfers", "", "transfers on it"),
            ColumnSpec::float("carried_bytes", "B", "bytes carried since the start of the run"),
        ],
    )
}

fn transfers() -> TableSpec {
    TableSpec::new(
        "transfers",
        "One row for each transfer over the network, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::float("started_s", "s", "when it was started"),
            ColumnSpec::category("from", "node that sent"),
            ColumnSpec::category("to", "node that received"),
            ColumnSpec::float("size_bytes", "B", "bytes to carry"),
            ColumnSpec::float("sent_bytes", "B", "bytes that left the sender"),
            ColumnSpec::unsigned("hops", "", "links on the last way taken"),
            ColumnSpec::unsigned("reroutes", "", "how often it was led another way"),
            ColumnSpec::category(
                "outcome",
                "delivered, dropped, refused_for_bandwidth, or what it was lost to",
            ),
        ],
    )
}

fn handovers(has_signals: bool) -> TableSpec {
    let power = |name: &'static str, of: &'static str| ColumnSpec::float(name, "dBm", of);
    let powers = [
        power("from_power_dbm", "power received of the access point before; null if there was none"),
        power("to_power_dbm", "power received of the access point after; null if there is none"),
    ];
    TableSpec::new(
        "handovers",
        "One row for each change of a device's access point",
        [
            ColumnSpec::float("t_s", "s", "when it happened"),
            ColumnSpec::category("device", "device"),
            ColumnSpec::category("from", "access point before; null out of coverage"),
            ColumnSpec::category("to", "access point after; null out of coverage"),
            ColumnSpec::float("x_m", "m", "where the device was, east of the origin"),
            ColumnSpec::float("y_m", "m", "where the device was, north of the origin"),
        ]
        .into_iter()
        .chain(powers.into_iter().filter(|_| has_signals))
        .collect::<Vec<_>>(),
    )
}

fn faults() -> TableSpec {
    TableSpec::new(
        "faults",
        "One row for each change of what is there: failures, repairs, empty batteries, arrivals, departures",
        [
            ColumnSpec::float("t_s", "s", "when it happened"),
            ColumnSpec::category("subject", "node or link"),
            ColumnSpec::category("kind", "node or link"),
            ColumnSpec::category(
                "change",
                "failed, repaired, battery_low, battery_empty, battery_charged, appeared or vanished",
            ),
        ],
    )
}

fn positions() -> TableSpec {
    TableSpec::new(
        "positions",
        "Where the devices are at each sample",
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::category("node", "device"),
            ColumnSpec::float("x_m", "m", "east of the origin"),
            ColumnSpec::float("y_m", "m", "north of the origin"),
            ColumnSpec::float("z_m", "m", "above the ground"),
            ColumnSpec::float("speed_m_per_s", "m/s", "speed"),
            ColumnSpec::category("access_point", "access point; null out of coverage"),
        ],
    )
}

fn frequencies() -> TableSpec {
    TableSpec::new(
        "frequencies",
        "One row for each change of a node's frequency",
        [
            ColumnSpec::float("t_s", "s", "when it changed"),
            ColumnSpec::category("node", "node"),
            ColumnSpec::float("frequency_hz", "Hz", "frequency from then on"),
            ColumnSpec::float("voltage_v", "V", "voltage from then on"),
            ColumnSpec::boolean(
                "capped",
                "whether the power cap of its site keeps it below what was decided",
            ),
            ColumnSpec::float("load", "", "busy share of its cores at that instant, 0 to 1"),
            ColumnSpec::float("power_w", "W", "power from then on"),
        ],
    )
}

/// The registered tables and the symbols that their rows use.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) nodes: TableId,
    pub(super) links: TableId,
    pub(super) transfers: TableId,
    pub(super) handovers: TableId,
    pub(super) faults: TableId,
    pub(super) positions: TableId,
    pub(super) movements: TableId,
    pub(super) tiers: TableId,
    /// If there are perturbations.
    pub(super) changes: Option<TableId>,
    /// If there are nodes with frequency steps.
    pub(super) frequencies: Option<TableId>,
    pub(super) names: Names,
}

/// Symbols of fixed words.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) node: Symbol,
    pub(super) link: Symbol,
    pub(super) failed: Symbol,
    pub(super) repaired: Symbol,
    pub(super) battery_empty: Symbol,
    pub(super) battery_low: Symbol,
    pub(super) battery_charged: Symbol,
    pub(super) appeared: Symbol,
    pub(super) vanished: Symbol,
    pub(super) forth: Symbol,
    pub(super) back: Symbol,
    pub(super) both: Symbol,
    pub(super) transfer_outcomes: [Symbol; 6],
    pub(super) tiers: [Symbol; 5],
    /// Of what perturbations change, by the index of the attribute.
    pub(super) attributes: Vec<Symbol>,
}

impl Tables {
    pub(super) fn register(
        records: &mut dyn Records,
        has_frequencies: bool,
        has_signals: bool,
        changes: Option<&Catalogue>,
    ) -> Result<Self, RecordError> {
        Ok(Tables {
            nodes: records.table(nodes())?,
            links: records.table(links())?,
            transfers: records.table(transfers())?,
            handovers: records.table(handovers(has_signals))?,
            faults: records.table(faults())?,
            positions: records.table(positions())?,
            movements: records.table(super::movements::table())?,
            tiers: records.table(super::tier_samples::table())?,
            changes: changes.map(|_| records.table(super::changes::table())).transpose()?,
            frequencies: if has_frequencies { Some(records.table(frequencies())?) } else { None },
            names: Names {
                node: records.symbol("node"),
                link: records.symbol("link"),
                failed: records.symbol("failed"),
                repaired: records.symbol("repaired"),
                battery_empty: records.symbol("battery_empty"),
                battery_low: records.symbol("battery_low"),
                battery_charged: records.symbol("battery_charged"),
                appeared: records.symbol("appeared"),
                vanished: records.symbol("vanished"),
                forth: records.symbol("forth"),
                back: records.symbol("back"),
                both: records.symbol("both"),
                transfer_outcomes: [
                    records.symbol("delivered"),
                    records.symbol("lost_to_fault"),
                    records.symbol("lost_to_battery"),
                    records.symbol("lost_to_mobility"),
                    records.symbol("dropped"),
                    records.symbol("refused_for_bandwidth"),
                ],
                tiers: crate::infra::Tier::ALL.map(|tier| records.symbol(tier.name())),
                attributes: {
                    let named = Attribute::ALL.iter().map(|attribute| attribute.name());
                    let assets = changes.into_iter().flat_map(Catalogue::iter);
                    let names = named.chain(assets.map(|(_, asset)| asset.name.as_str()));
                    names.map(|name| records.symbol(name)).collect()
                },
            },
        })
    }
}
