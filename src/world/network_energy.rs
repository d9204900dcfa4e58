//! What of the energy of networks is recorded and summed up.

use super::core::Core;
use crate::engine::SimTime;
use crate::infra::network::NetworkClass;
use crate::infra::{Infrastructure, NetworkEnergy};
use crate::records::{Cell, ColumnSpec, RecordError, Records, Symbol, TableId, TableSpec};
use serde_json::{Value, json};

fn network_energy() -> TableSpec {
    TableSpec::new(
        "network_energy",
        "Energy that each network has drawn in the period since the last sample",
        [
            ColumnSpec::float("t_s", "s", "end of the period"),
            ColumnSpec::category("network", "wlan, man, wan or cellular"),
            ColumnSpec::float(
                "interfaces_j",
                "J",
                "by the interfaces of nodes that sent and received; part of their nodes' energy",
            ),
            ColumnSpec::float(
                "radios_j",
                "J",
                "by the radios of access points, idle or not; part of their nodes' energy",
            ),
            ColumnSpec::float("links_j", "J", "by links and the base stations of direct networks"),
        ],
    )
}

/// The table `network_energy` and what was recorded last.
#[derive(Debug)]
pub(super) struct NetworkEnergyTable {
    table: TableId,
    last: [(NetworkClass, Symbol, NetworkEnergy); NetworkClass::ALL.len()],
}

impl NetworkEnergyTable {
    /// Registers the table; `None` if nothing in the networks draws energy.
    pub(super) fn register(
        infrastructure: &Infrastructure,
        records: &mut dyn Records,
    ) -> Result<Option<Self>, RecordError> {
        if !infrastructure.has_network_energy() {
            return Ok(None);
        }
        let table = records.table(network_energy())?;
        let last = NetworkClass::ALL
            .map(|class| (class, records.symbol(class.name()), NetworkEnergy::default()));
        Ok(Some(NetworkEnergyTable { table, last }))
    }
}

impl Core {
    /// Writes the rows of a sample.
    pub(super) fn sample_network_energy(&mut self, now: SimTime) {
        let Some(own) = &mut self.network_energy else { return };
        if !self.records.is_recorded(own.table) {
            return;
        }
        for (class, name, last) in &mut own.last {
            let energy = self.infrastructure.network_energy(*class, now);
            self.records.write(
                own.table,
                &[
                    Cell::Float(now.as_secs()),
                    Cell::Category(*name),
                    Cell::Float(energy.interfaces_j - last.interfaces_j),
                    Cell::Float(energy.radios_j - last.radios_j),
                    Cell::Float(energy.links_j - last.links_j),
                ],
            );
            *last = energy;
        }
    }
}

/// The part of the summary on energy, where the nodes have drawn `nodes_j` in all.
pub(super) fn summary(infrastructure: &Infrastructure, nodes_j: f64, now: SimTime) -> Value {
    let mut networks = serde_json::Map::new();
    let mut links_j = 0.0;
    for class in NetworkClass::ALL {
        let energy = infrastructure.network_energy(class, now);
        links_j += energy.links_j;
        let own = json!({
            "interfaces_j": energy.interfaces_j,
            "radios_j": energy.radios_j,
            "links_j": energy.links_j,
            "total_j": energy.total_j(),
        });
        networks.insert(class.name().into(), own);
    }
    json!({
        "total_j": nodes_j + links_j,
        "nodes_j": nodes_j,
        "links_j": links_j,
        "networks": networks,
    })
}
