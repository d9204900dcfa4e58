//! The table of signals: what devices receive of the sites around them.

use super::core::Core;
use crate::engine::{SimDuration, SimTime};
use crate::infra::NodeId;
use crate::records::{Cell, ColumnSpec, RecordError, Records, TableId, TableSpec};

/// Of which devices signals are sampled, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct RadioSampling {
    /// Time between samples, above zero.
    pub interval: SimDuration,
    /// The devices.
    pub devices: Vec<NodeId>,
    /// How many sites of each, the strongest.
    pub sites: usize,
}

/// What is sampled, and its table.
#[derive(Debug)]
pub(super) struct RadioTable {
    pub(super) sampling: RadioSampling,
    table: TableId,
}

fn spec() -> TableSpec {
    TableSpec::new(
        "radio",
        "What devices receive of the strongest sites in whose range they are, at each sample",
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::category("device", "device"),
            ColumnSpec::category("site", "access point"),
            ColumnSpec::float("distance_m", "m", "distance between the two, heights included"),
            ColumnSpec::float("path_loss_db", "dB", "path loss, with shadowing"),
            ColumnSpec::float("received_power_dbm", "dBm", "received power"),
            ColumnSpec::float(
                "rate_bps",
                "bit/s",
                "rate that the site's radio gives at this power; null below the threshold, and of models \
                 without one",
            ),
            ColumnSpec::boolean("attached", "whether the device is attached to the site"),
        ],
    )
}

impl RadioTable {
    pub(super) fn register(
        sampling: RadioSampling,
        records: &mut dyn Records,
    ) -> Result<Self, RecordError> {
        Ok(RadioTable { sampling, table: records.table(spec())? })
    }
}

impl Core {
    /// Writes one sample of signals; the time to the next, if there is one.
    pub(super) fn sample_radio(&mut self, now: SimTime) -> Option<SimDuration> {
        let radio = self.radio.as_ref()?;
        if self.records.is_recorded(radio.table) {
            for &device in &radio.sampling.devices {
                if !self.infrastructure.node(device).is_available() {
                    continue;
                }
                for seen in self.infrastructure.strongest_sites(device, now, radio.sampling.sites) {
                    self.records.write(
                        radio.table,
                        &[
                            Cell::Float(now.as_secs()),
                            Cell::Category(self.node_symbols[device.index()]),
                            Cell::Category(self.node_symbols[seen.site.index()]),
                            Cell::Float(seen.signal.distance_m),
                            Cell::Float(seen.signal.path_loss_db),
                            Cell::Float(seen.signal.received_dbm),
                            seen.rate_bps.into(),
                            Cell::Boolean(seen.attached),
                        ],
                    );
                }
            }
        }
        Some(radio.sampling.interval)
    }
}
