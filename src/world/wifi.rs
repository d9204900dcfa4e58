//! The table of WiFi links, and what the summary says of them.

use super::core::Core;
use crate::engine::{Quantiles, SimTime, Summary};
use crate::infra::Infrastructure;
use crate::infra::wifi::{StationReport, Wifi, WifiLink};
use crate::records::{Cell, ColumnSpec, RecordError, Records, TableId, TableSpec};
use serde_json::{Value, json};

/// The table of links, and sums for the summary.
#[derive(Debug)]
pub(super) struct WifiTables {
    links: TableId,
    /// Seconds of stations with a link; bytes to them and from them; seconds of their exchanges.
    linked_s: f64,
    bytes: [f64; 2],
    airtime_s: f64,
    lost_bytes: f64,
    snr_db: Summary,
    snr_quantiles_db: Quantiles,
}

fn links() -> TableSpec {
    let float = ColumnSpec::float;
    TableSpec::new(
        "wifi_links",
        "Each station of modelled WiFi after each measurement period, in the order of nodes",
        [
            float("t_s", "s", "end of the measurement period"),
            ColumnSpec::category("device", "station"),
            ColumnSpec::category(
                "access_point",
                "access point of modelled WiFi that it is associated with at the end; all that is of its link is null \
                 without one, or where it is not heard",
            ),
            ColumnSpec::category("channel", "number of its channel"),
            float("distance_m", "m", "distance between the antennas at the last measurement"),
            float("rssi_dbm", "dBm", "power that the station receives"),
            float("snr_db", "dB", "ratio of that to noise"),
            float("dl_mcs", "", "index of the mode down"),
            float("dl_phy_bps", "bit/s", "rate of that mode"),
            float("dl_error", "", "share of what is sent down that is lost and sent again"),
            float("dl_carried_bytes", "B", "bytes of transfers carried down in the period"),
            float("dl_offered_bytes", "B", "the same with those that wait at the end"),
            float("dl_airtime", "", "share of the period in which frames down are on the channel"),
            float("ul_mcs", "", "index of the mode up"),
            float("ul_phy_bps", "bit/s", "rate of that mode"),
            float("ul_error", "", "share of what is sent up that is lost and sent again"),
            float("ul_carried_bytes", "B", "bytes of transfers carried up in the period"),
            float("ul_offered_bytes", "B", "the same with those that wait at the end"),
            float("ul_airtime", "", "share of the period in which frames up are on the channel"),
        ],
    )
    .detailed()
}

impl WifiTables {
    /// Registers the table; `None` without modelled WiFi.
    pub(super) fn register(
        infrastructure: &Infrastructure,
        records: &mut dyn Records,
    ) -> Result<Option<Self>, RecordError> {
        if infrastructure.wifi().is_none() {
            return Ok(None);
        }
        Ok(Some(WifiTables {
            links: records.table(links())?,
            linked_s: 0.0,
            bytes: [0.0; 2],
            airtime_s: 0.0,
            lost_bytes: 0.0,
            snr_db: Summary::default(),
            snr_quantiles_db: Quantiles::default(),
        }))
    }

    fn add(&mut self, report: &StationReport, period_s: f64) {
        for direction in 0..2 {
            self.bytes[direction] += report.tally.bytes[direction];
            self.airtime_s += report.tally.airtime_s[direction];
        }
        self.lost_bytes += report.lost_bytes;
        if let Some([down, _]) = &report.links {
            self.linked_s += period_s;
            self.snr_db.add(down.snr_db);
            self.snr_quantiles_db.add(down.snr_db);
        }
    }

    fn summary(&self, own: &Wifi, run_s: f64) -> Value {
        let counts = own.counts();
        let over = |part: f64, all: f64| (all > 0.0).then(|| part / all);
        let unserved_dbm = counts.strongest_unserved_dbm;
        json!({
            "access_points": own.access_points().count(),
            "stations": own.stations(),
            "associated_share": over(counts.associated_s, counts.station_s),
            "never_associated": counts.never_associated,
            "strongest_unserved_dbm": unserved_dbm.is_finite().then_some(unserved_dbm),
            "associations": counts.associations,
            "roams": counts.roams,
            "carried_bytes": { "down": self.bytes[0], "up": self.bytes[1] },
            "lost_bytes": self.lost_bytes,
            "goodput_bps": {
                "down": over(8.0 * self.bytes[0], self.linked_s),
                "up": over(8.0 * self.bytes[1], self.linked_s),
            },
            "airtime_per_access_point": over(self.airtime_s, run_s * own.access_points().count() as f64),
            "snr_db": {
                "mean": (self.snr_db.count() > 0).then(|| self.snr_db.mean()),
                "p05": self.snr_quantiles_db.quantile(0.05),
                "p50": self.snr_quantiles_db.quantile(0.5),
            },
            "radio_energy_j": counts.radio_j,
        })
    }
}

impl Core {
    /// Records the period of WiFi that has ended, whose reports are at hand.
    pub(super) fn record_wifi(&mut self, now: SimTime, reports: &[StationReport]) {
        let (Some(tables), Some(own)) = (&mut self.wifi, self.infrastructure.wifi()) else { return };
        let (from, to) = own.reported();
        let period_s = to.since(from).as_secs();
        let is_recorded = self.records.is_recorded(tables.links);
        for report in reports {
            tables.add(report, period_s);
            if !report.is_available || !is_recorded {
                continue;
            }
            let channel = report.serving.map(|(_, channel)| channel.to_string());
            let channel = channel.map(|channel| self.records.symbol(&channel));
            let link = report.links.as_ref();
            let of = |direction: usize, value: fn(&WifiLink) -> f64| {
                Cell::from(link.map(|links| value(&links[direction])))
            };
            let tally = &report.tally;
            let offered =
                |direction: usize| Cell::Float(tally.bytes[direction] + report.waiting_bytes[direction]);
            let row = [
                Cell::Float(now.as_secs()),
                Cell::Category(self.node_symbols[report.device.index()]),
                report.serving.map(|(site, _)| self.node_symbols[site.index()]).into(),
                channel.into(),
                Cell::from(Some(report.distance_m).filter(|metres| metres.is_finite())),
                of(0, |link| link.rssi_dbm),
                of(0, |link| link.snr_db),
                of(0, |link| f64::from(link.mode)),
                of(0, |link| link.rate_bps),
                of(0, |link| link.exchange.error()),
                Cell::Float(tally.bytes[0]),
                offered(0),
                Cell::Float(tally.airtime_s[0] / period_s),
                of(1, |link| f64::from(link.mode)),
                of(1, |link| link.rate_bps),
                of(1, |link| link.exchange.error()),
                Cell::Float(tally.bytes[1]),
                offered(1),
                Cell::Float(tally.airtime_s[1] / period_s),
            ];
            self.records.write(tables.links, &row);
        }
    }

    /// What must be read before results of WiFi are trusted: stations that never had an access point.
    pub(super) fn wifi_note(&self) -> Option<String> {
        let own = self.infrastructure.wifi()?;
        let counts = own.counts();
        // Beside cells, a device that never uses its WiFi is nothing to wonder at.
        if counts.never_associated == 0 || self.infrastructure.cells().is_some() {
            return None;
        }
        let seen = match counts.strongest_unserved_dbm {
            dbm if dbm.is_finite() => {
                format!("the strongest that one of them received had {dbm:.1} dBm")
            }
            _ => "none of them received any".into(),
        };
        Some(format!(
            "{} of {} stations of WiFi were never associated; {seen}, and frames are found from -82 dBm on",
            counts.never_associated,
            own.stations()
        ))
    }

    /// What the summary says of WiFi, if there is any.
    pub(super) fn wifi_summary(&self, now: SimTime) -> Option<Value> {
        let (tables, own) = (self.wifi.as_ref()?, self.infrastructure.wifi()?);
        Some(tables.summary(own, now.as_secs()))
    }
}
