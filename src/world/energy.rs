//! What of the energy of sites is recorded and summed up.

use super::core::Core;
use crate::energy::{EnergyFlows, SiteTotals};
use crate::engine::SimTime;
use crate::infra::{Infrastructure, NodeId, SiteId};
use crate::records::{Cell, ColumnSpec, RecordError, Records, Symbol, TableId, TableSpec};
use serde_json::{Value, json};

fn energy() -> TableSpec {
    TableSpec::new(
        "energy",
        "Energy of each site, and of its sampled nodes, in the period since the last sample",
        [
            ColumnSpec::float("t_s", "s", "end of the period"),
            ColumnSpec::category("site", "site"),
            ColumnSpec::category("node", "node; null in the row of the whole site"),
            ColumnSpec::float("energy_j", "J", "energy that nodes used"),
            ColumnSpec::float(
                "demand_j",
                "J",
                "energy that the site drew for it: with its overhead (PUE)",
            ),
            ColumnSpec::float(
                "green_j",
                "J",
                "part of the demand that came from the site's own sources",
            ),
            ColumnSpec::float("battery_j", "J", "part of the demand that came from the site's battery"),
            ColumnSpec::float("brown_j", "J", "part of the demand that came from the grid"),
            ColumnSpec::float("cost", "currency", "what the energy from the grid cost"),
            ColumnSpec::category("currency", "currency of the cost; null without a price"),
            ColumnSpec::float("carbon_g", "g", "CO2 equivalent of the energy from the grid"),
            ColumnSpec::float(
                "price_per_kwh",
                "currency/kWh",
                "price at the end of the period; null if there is none",
            ),
            ColumnSpec::float(
                "carbon_intensity_g_per_kwh",
                "g/kWh",
                "carbon intensity at the end of the period; null if there is none",
            ),
            ColumnSpec::float(
                "generation_j",
                "J",
                "energy that the site's own sources gave; null for nodes",
            ),
            ColumnSpec::float("charged_j", "J", "energy that the battery took; null for nodes"),
            ColumnSpec::float(
                "surplus_j",
                "J",
                "energy that was generated and not used; null for nodes",
            ),
            ColumnSpec::float(
                "battery_level_j",
                "J",
                "energy in the battery at the end; null if there is none",
            ),
            ColumnSpec::float("power_cap_w", "W", "cap at the end of the period; null if there is none"),
            ColumnSpec::float("over_cap_s", "s", "time above the cap; null for nodes"),
        ],
    )
}

const J_PER_KWH: f64 = 3.6e6;

/// The table `energy` and what was recorded last.
#[derive(Debug)]
pub(super) struct EnergyTable {
    table: TableId,
    sites: Vec<(Symbol, Option<Symbol>, SiteTotals)>,
    nodes: Vec<(NodeId, SiteId, EnergyFlows)>,
}

impl EnergyTable {
    /// Registers the table; `None` if there are no sites.
    pub(super) fn register(
        infrastructure: &Infrastructure,
        sampled: impl Fn(NodeId) -> bool,
        records: &mut dyn Records,
    ) -> Result<Option<Self>, RecordError> {
        if infrastructure.sites().len() == 0 {
            return Ok(None);
        }
        let table = records.table(energy())?;
        let mut sites = Vec::new();
        let mut nodes = Vec::new();
        for (id, account) in (0..).map(SiteId).zip(infrastructure.sites()) {
            let spec = account.spec();
            let currency = spec.price.is_some().then(|| records.symbol(&spec.currency));
            sites.push((records.symbol(&spec.name), currency, SiteTotals::default()));
            let own = infrastructure.site_nodes(id).iter().copied().filter(|&node| sampled(node));
            nodes.extend(own.map(|node| (node, id, EnergyFlows::default())));
        }
        Ok(Some(EnergyTable { table, sites, nodes }))
    }
}

impl Core {
    /// Writes the rows of a sample.
    pub(super) fn sample_energy(&mut self, now: SimTime) {
        let Some(energy) = &mut self.energy else { return };
        if !self.records.is_recorded(energy.table) {
            return;
        }
        self.infrastructure.settle(now);
        for (account, (site, currency, before)) in self.infrastructure.sites().zip(&mut energy.sites) {
            let totals = *account.totals();
            let flows = totals.flows - before.flows;
            let spec = account.spec();
            let price = spec.price.as_ref().map(|_| account.price(now) * J_PER_KWH);
            let carbon = spec.carbon.as_ref().map(|_| account.carbon_intensity(now) * J_PER_KWH);
            let cap_w = spec.cap_w.as_ref().map(|_| account.cap_w(now));
            let tail = [
                price.into(),
                carbon.into(),
                Cell::Float(totals.generation_j - before.generation_j),
                Cell::Float(totals.charged_j - before.charged_j),
                Cell::Float(totals.surplus_j - before.surplus_j),
                account.battery_j().into(),
                cap_w.into(),
                Cell::Float(totals.over_cap_s - before.over_cap_s),
            ];
            let cells = row(now, *site, None, &flows, *currency, tail);
            self.records.write(energy.table, &cells);
            *before = totals;
        }
        for (node, site, before) in &mut energy.nodes {
            let flows = self.infrastructure.node_flows(*node).unwrap_or_default();
            let (name, currency, _) = energy.sites[site.index()];
            let symbol = self.node_symbols[node.index()];
            let cells = row(now, name, Some(symbol), &(flows - *before), currency, [Cell::Null; 8]);
            self.records.write(energy.table, &cells);
            *before = flows;
        }
    }
}

fn row<'c>(
    now: SimTime,
    site: Symbol,
    node: Option<Symbol>,
    flows: &EnergyFlows,
    currency: Option<Symbol>,
    tail: [Cell<'c>; 8],
) -> [Cell<'c>; 19] {
    let [price, carbon, generation, charged, surplus, battery, cap, over_cap] = tail;
    [
        Cell::Float(now.as_secs()),
        Cell::Category(site),
        node.into(),
        Cell::Float(flows.energy_j),
        Cell::Float(flows.demand_j),
        Cell::Float(flows.green_j),
        Cell::Float(flows.battery_j),
        Cell::Float(flows.brown_j),
        Cell::Float(flows.cost),
        currency.into(),
        Cell::Float(flows.carbon_g),
        price,
        carbon,
        generation,
        charged,
        surplus,
        battery,
        cap,
        over_cap,
    ]
}

/// The part of the summary on sites, by their names; they must be settled.
pub(super) fn summary(infrastructure: &Infrastructure) -> Option<Value> {
    if infrastructure.sites().len() == 0 {
        return None;
    }
    let mut sites = serde_json::Map::new();
    for account in infrastructure.sites() {
        let (spec, totals) = (account.spec(), account.totals());
        let flows = totals.flows;
        let mut site = json!({
            "energy_j": flows.energy_j,
            "demand_j": flows.demand_j,
            "green_j": flows.green_j,
            "battery_j": flows.battery_j,
            "brown_j": flows.brown_j,
            "cost": flows.cost,
            "currency": spec.price.as_ref().map(|_| &spec.currency),
            "carbon_g": flows.carbon_g,
            "generation_j": totals.generation_j,
            "surplus_j": totals.surplus_j,
        });
        if let Some(level_j) = account.battery_j() {
            site["charged_j"] = totals.charged_j.into();
            site["battery_level_j"] = level_j.into();
        }
        if spec.cap_w.is_some() {
            site["over_cap_s"] = totals.over_cap_s.into();
        }
        sites.insert(spec.name.clone(), site);
    }
    Some(Value::Object(sites))
}
