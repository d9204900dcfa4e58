//! The tables of 5G cells, and what the summary says of them.

mod tables;

use super::core::Core;
use crate::engine::{Quantiles, SimTime, Summary};
use crate::infra::cells::{
    CellCause, CellChange, CellReport, Cells, DeviceReport, LinkReport, ServingReport, Truth,
};
use crate::infra::{CellId, Infrastructure, JammerId, NodeId};
use crate::records::{Cell, RecordError, Records, Symbol, TableId};
use serde_json::{Value, json};

/// The tables of 5G cells, and sums for the summary.
#[derive(Debug)]
pub(super) struct CellTables {
    devices: TableId,
    cells: TableId,
    changes: TableId,
    jamming: TableId,
    cell_symbols: Vec<Symbol>,
    causes: [Symbol; CellCause::ALL.len()],
    /// Name and kind.
    jammer_symbols: Vec<[Symbol; 2]>,
    totals: Totals,
}

impl CellTables {
    /// Registers the tables; `None` without cells.
    pub(super) fn register(
        infrastructure: &Infrastructure,
        records: &mut dyn Records,
    ) -> Result<Option<Self>, RecordError> {
        let Some(own) = infrastructure.cells() else { return Ok(None) };
        let (devices, cells) = (records.table(tables::devices())?, records.table(tables::cells())?);
        let (changes, jamming) = (records.table(tables::changes())?, records.table(tables::jamming())?);
        let jammers = own.jammers().iter();
        Ok(Some(CellTables {
            devices,
            cells,
            changes,
            jamming,
            cell_symbols: own.cells().iter().map(|cell| records.symbol(&cell.name)).collect(),
            causes: CellCause::ALL.map(|cause| records.symbol(cause.name())),
            jammer_symbols: jammers
                .map(|jammer| [records.symbol(&jammer.name), records.symbol(jammer.kind)])
                .collect(),
            totals: Totals::default(),
        }))
    }

    pub(super) fn cell_symbol(&self, cell: CellId) -> Symbol {
        self.cell_symbols[cell.index()]
    }

    pub(super) fn kind_symbol(&self, jammer: JammerId) -> Symbol {
        self.jammer_symbols[jammer.index()][1]
    }

    fn write_device(
        &self,
        records: &mut dyn Records,
        node_symbols: &[Symbol],
        now: SimTime,
        report: &DeviceReport,
        attached_to: Option<NodeId>,
        truth: Option<&Truth>,
    ) {
        let node = |node: NodeId| node_symbols[node.index()];
        let serving = report.serving.as_ref();
        let site = serving.map(|serving| serving.site).or(attached_to);
        let of = |value: fn(&ServingReport) -> f64| Cell::from(serving.map(value));
        let row = [
            Cell::Float(now.as_secs()),
            Cell::Category(node(report.device)),
            site.map(node).into(),
            serving.map(|serving| self.cell_symbol(serving.cell)).into(),
            Cell::Float(report.place.x_m),
            Cell::Float(report.place.y_m),
            Cell::Float(report.speed_m_per_s),
            of(|own| own.distance_m),
            serving.map(|serving| serving.line_of_sight).into(),
            of(|own| own.measured.rsrp_dbm),
            of(|own| own.measured.rsrq_db),
            of(|own| own.measured.rssi_dbm),
            of(|own| own.measured.sinr_db),
            serving.and_then(|own| Some(self.cell_symbol(own.neighbour?.0))).into(),
            serving.and_then(|own| Some(own.neighbour?.1)).into(),
            of(|own| own.downlink.cqi),
            of(|own| f64::from(own.downlink.layers)),
            of(|own| own.downlink.mcs),
            of(|own| own.downlink.brate_bps),
            of(|own| own.downlink.ok),
            of(|own| own.downlink.nok),
            serving.and_then(|own| own.downlink.block_error).into(),
            of(|own| own.downlink.sinr_db),
            of(|own| own.downlink.waiting_bytes),
            of(|own| own.uplink.mcs),
            of(|own| own.uplink.brate_bps),
            of(|own| own.uplink.ok),
            of(|own| own.uplink.nok),
            serving.and_then(|own| own.uplink.block_error).into(),
            of(|own| own.channels.pusch_sinr_db),
            of(|own| own.pusch_rsrp_dbm),
            of(|own| own.channels.pucch_sinr_db),
            of(|own| own.uplink.waiting_bytes),
            of(|own| own.timing_advance_ns),
            of(|own| own.headroom_db),
            of(|own| own.channels.ssb_loss),
            of(|own| own.channels.pdcch_loss),
            of(|own| own.channels.pucch_loss),
            of(|own| own.channels.prach_loss),
            serving.and_then(ServingReport::mac_pdr).into(),
            Cell::Float(report.offered_bytes),
            Cell::Float(report.delivered_bytes),
            report.ip_pdr().into(),
            (serving.is_some() || truth.is_some())
                .then(|| truth.is_some_and(|truth| truth.jammed))
                .into(),
            truth.map(|truth| self.jammer_symbols[truth.jammer.index()][0]).into(),
            truth.filter(|truth| truth.jammed).map(|truth| self.kind_symbol(truth.jammer)).into(),
            truth.map(|truth| truth.jam_to_signal_db).into(),
            truth.map(|truth| truth.overlap).into(),
            truth.map(|truth| truth.on).into(),
        ];
        records.write(self.devices, &row);
    }

    fn write_jammer(&self, records: &mut dyn Records, now: SimTime, jammer: JammerId, own: &Cells) {
        let (Some(view), Some(&[name, kind])) =
            (own.jammers().get(jammer.index()), self.jammer_symbols.get(jammer.index()))
        else {
            return;
        };
        let row = [
            Cell::Float(now.as_secs()),
            Cell::Category(name),
            Cell::Category(kind),
            Cell::Boolean(view.is_on),
            Cell::Float(view.place.x_m),
            Cell::Float(view.place.y_m),
            Cell::Float(view.eirp_dbm),
        ];
        records.write(self.jamming, &row);
    }
}

/// Sums over all periods.
#[derive(Debug, Default)]
struct Totals {
    /// Seconds of devices with a cell.
    served_s: f64,
    /// Bits down and up.
    bits: [f64; 2],
    /// Blocks down and up, ok and not.
    blocks: [[f64; 2]; 2],
    offered_bytes: f64,
    delivered_bytes: f64,
    /// Seconds of cells, and of these the ones in which their blocks were in use, down and up.
    cell_s: f64,
    used_s: [f64; 2],
    sinr_db: Summary,
    sinr_quantiles_db: Quantiles,
    /// Seconds of devices that were jammed, those of them with a cell, and bits of both directions in these.
    jammed_s: f64,
    served_jammed_s: f64,
    jammed_bits: f64,
    /// By number, whether the device was ever jammed.
    ever_jammed: Vec<bool>,
}

impl Totals {
    fn add_device(&mut self, number: usize, report: &DeviceReport, jammed: bool, period_s: f64) {
        self.offered_bytes += report.offered_bytes;
        self.delivered_bytes += report.delivered_bytes;
        if jammed {
            self.jammed_s += period_s;
            if self.ever_jammed.len() <= number {
                self.ever_jammed.resize(number + 1, false);
            }
            self.ever_jammed[number] = true;
        }
        let Some(serving) = &report.serving else { return };
        self.served_s += period_s;
        let links = [&serving.downlink, &serving.uplink];
        let bits = links.map(|link: &LinkReport| link.brate_bps * period_s);
        for (direction, link) in links.into_iter().enumerate() {
            self.bits[direction] += bits[direction];
            self.blocks[direction][0] += link.ok;
            self.blocks[direction][1] += link.nok;
        }
        self.sinr_db.add(serving.measured.sinr_db);
        self.sinr_quantiles_db.add(serving.measured.sinr_db);
        if jammed {
            self.served_jammed_s += period_s;
            self.jammed_bits += bits[0] + bits[1];
        }
    }

    /// Adds a device that cannot be used at the end of the period.
    fn add_gone(&mut self, report: &DeviceReport) {
        self.offered_bytes += report.offered_bytes;
        self.delivered_bytes += report.delivered_bytes;
    }

    fn add_cell(&mut self, report: &CellReport, period_s: f64) {
        self.cell_s += period_s;
        for (sum, share) in self.used_s.iter_mut().zip(report.prb_use) {
            *sum += share * period_s;
        }
    }

    fn summary(&self, own: &Cells) -> Value {
        let counts = own.counts();
        let over = |part: f64, all: f64| (all > 0.0).then(|| part / all);
        let both = |values: [Option<f64>; 2]| json!({ "down": values[0], "up": values[1] });
        let lost = |[ok, nok]: [f64; 2]| over(nok, ok + nok);
        let all_blocks = [0, 1].map(|kind| self.blocks[0][kind] + self.blocks[1][kind]);
        let mean_db = (self.sinr_db.count() > 0).then(|| self.sinr_db.mean());
        let clear_s = self.served_s - self.served_jammed_s;
        let clear_bits = self.bits[0] + self.bits[1] - self.jammed_bits;
        let ever = self.ever_jammed.iter().filter(|&&jammed| jammed).count() as f64;
        let unserved_dbm = counts.strongest_unserved_dbm;
        json!({
            "devices": own.devices().len(),
            "attached_share": over(counts.attached_s, counts.device_s),
            "out_of_coverage_s": counts.out_of_coverage_s,
            "never_attached": counts.never_attached,
            "strongest_unserved_dbm": unserved_dbm.is_finite().then_some(unserved_dbm),
            "handovers": counts.handovers,
            "intra_site_changes": counts.intra_site_changes,
            "ping_pongs": counts.ping_pongs,
            "handover_failures": counts.handover_failures,
            "link_failures": counts.link_failures,
            "reestablished": counts.reestablished,
            "lost": counts.lost,
            "interruption_s": counts.interruption_s,
            "mean_stay_s": over(counts.stayed_s, counts.stays as f64),
            "goodput_bps": both(self.bits.map(|bits| over(bits, self.served_s))),
            "bler": both(self.blocks.map(lost)),
            "mac_pdr": over(all_blocks[0], all_blocks[0] + all_blocks[1]),
            "ip_pdr": over(self.delivered_bytes, self.offered_bytes),
            "prb_use": both(self.used_s.map(|used_s| over(used_s, self.cell_s))),
            "sinr_db": {
                "mean": mean_db,
                "p05": self.sinr_quantiles_db.quantile(0.05),
                "p50": self.sinr_quantiles_db.quantile(0.5),
            },
            "jammed_s": self.jammed_s,
            "jammed_device_share": over(ever, own.devices().len() as f64),
            "goodput_jammed_bps": over(self.jammed_bits, self.served_jammed_s),
            "goodput_clear_bps": over(clear_bits, clear_s),
        })
    }
}

impl Core {
    /// Records the period of 5G cells that has ended, whose reports of devices are at hand.
    pub(super) fn record_cells(&mut self, now: SimTime, reports: &[DeviceReport]) {
        let (Some(tables), Some(own)) = (&mut self.cells, self.infrastructure.cells()) else { return };
        let (from, to) = own.reported();
        let period_s = to.since(from).as_secs();
        let is_recorded = self.records.is_recorded(tables.devices);
        for (number, report) in reports.iter().enumerate() {
            if !report.is_available {
                tables.totals.add_gone(report);
                continue;
            }
            let truth = own.truth(report.device);
            let jammed = truth.is_some_and(|truth| truth.jammed);
            tables.totals.add_device(number, report, jammed, period_s);
            if is_recorded {
                let attached_to = self.infrastructure.attached_to(report.device);
                let symbols = &self.node_symbols;
                tables.write_device(&mut *self.records, symbols, now, report, attached_to, truth);
            }
        }
        let is_recorded = self.records.is_recorded(tables.cells);
        for ((cell, report), name) in
            own.cells().iter().zip(own.cell_reports()).zip(&tables.cell_symbols)
        {
            tables.totals.add_cell(report, period_s);
            if !is_recorded {
                continue;
            }
            let [ok, nok] = report.blocks_down;
            let row = [
                Cell::Float(now.as_secs()),
                Cell::Category(self.node_symbols[cell.site.index()]),
                Cell::Category(*name),
                Cell::from(report.users),
                Cell::from(report.active),
                Cell::Float(report.prb_use[0]),
                Cell::Float(report.prb_use[1]),
                Cell::Float(report.carried_bps[0]),
                Cell::Float(report.carried_bps[1]),
                (ok + nok > 0.0).then(|| nok / (ok + nok)).into(),
                Cell::Float(report.noise_rise_db),
                Cell::from(report.handovers_in),
                Cell::from(report.handovers_out),
                Cell::from(report.failures),
                Cell::from(report.access_attempts),
                Cell::from(report.access_failures),
                Cell::from(report.drops),
            ];
            self.records.write(tables.cells, &row);
        }
        if self.records.is_recorded(tables.jamming) {
            for view in own.jammers().iter().filter(|view| view.moves && view.is_on) {
                tables.write_jammer(&mut *self.records, now, view.id, own);
            }
        }
    }

    /// Records where jammers are at the start, after it, and which of them are on.
    pub(super) fn record_jammers(&mut self) {
        let (Some(tables), Some(own)) = (&self.cells, self.infrastructure.cells()) else { return };
        for view in own.jammers() {
            tables.write_jammer(&mut *self.records, SimTime::ZERO, view.id, own);
        }
    }

    /// Records that a jammer was switched. What is on from the start has been recorded already.
    pub(super) fn record_jammer(&mut self, now: SimTime, jammer: JammerId) {
        if now == SimTime::ZERO {
            return;
        }
        let (Some(tables), Some(own)) = (&self.cells, self.infrastructure.cells()) else { return };
        tables.write_jammer(&mut *self.records, now, jammer, own);
    }

    /// Records that a device has another cell.
    pub(super) fn record_cell_change(&mut self, now: SimTime, change: &CellChange) {
        let (Some(tables), Some(own)) = (&self.cells, self.infrastructure.cells()) else { return };
        if !self.records.is_recorded(tables.changes) {
            return;
        }
        let site = |cell: CellId| self.node_symbols[own.cell(cell).site.index()];
        let row = [
            Cell::Float(now.as_secs()),
            Cell::Category(self.node_symbols[change.device.index()]),
            change.from.map(|cell| tables.cell_symbol(cell)).into(),
            change.to.map(|cell| tables.cell_symbol(cell)).into(),
            change.from.map(site).into(),
            change.to.map(site).into(),
            Cell::Category(tables.causes[change.cause as usize]),
            change.rsrp_from_dbm.into(),
            change.rsrp_to_dbm.into(),
            Cell::Boolean(change.ping_pong),
            change.stayed_s.into(),
        ];
        self.records.write(tables.changes, &row);
    }

    /// What must be read before results of 5G cells are trusted: devices that never had one.
    pub(super) fn cells_note(&self) -> Option<String> {
        let own = self.infrastructure.cells()?;
        let (counts, least_dbm) = (own.counts(), own.spec().least_dbm);
        if counts.never_attached == 0 {
            return None;
        }
        let seen = match counts.strongest_unserved_dbm {
            dbm if dbm.is_finite() => {
                format!("the strongest that one of them received had an RSRP of {dbm:.1} dBm")
            }
            _ => "none of them received any".into(),
        };
        Some(format!(
            "{} of {} devices of 5G never had a cell; {seen}, and cells serve from {least_dbm} dBm on (`least_rsrp`)",
            counts.never_attached,
            own.devices().len()
        ))
    }

    /// What the summary says of 5G cells, if there are any.
    pub(super) fn cells_summary(&self) -> Option<Value> {
        let (tables, own) = (self.cells.as_ref()?, self.infrastructure.cells()?);
        let mut summary = tables.totals.summary(own);
        let (detection, responses) = super::anomaly::summary(self.anomaly.as_deref());
        summary["detection"] = detection;
        summary["responses"] = responses;
        Some(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::anomaly::tests::report;

    /// Two devices over two periods of 2 s: the first is jammed in the second one, the second one has no cell there.
    #[test]
    fn totals_are_those_by_hand() {
        let mut totals = Totals::default();
        let mut own = report(NodeId(0), NodeId(9), CellId(0));
        let rates = |own: &mut DeviceReport, down: f64, up: f64, blocks: [[f64; 2]; 2], sinr_db: f64| {
            let serving = own.serving.as_mut().unwrap();
            (serving.downlink.brate_bps, serving.uplink.brate_bps) = (down, up);
            [serving.downlink.ok, serving.downlink.nok] = blocks[0];
            [serving.uplink.ok, serving.uplink.nok] = blocks[1];
            serving.measured.sinr_db = sinr_db;
        };
        rates(&mut own, 8.0, 4.0, [[90.0, 10.0], [50.0, 0.0]], 20.0);
        totals.add_device(0, &own, false, 2.0);
        rates(&mut own, 2.0, 1.0, [[40.0, 60.0], [20.0, 30.0]], -4.0);
        totals.add_device(0, &own, true, 2.0);
        rates(&mut own, 5.0, 7.0, [[0.0, 0.0], [0.0, 0.0]], 11.0);
        own.delivered_bytes = 600.0;
        totals.add_device(1, &own, false, 2.0);
        own.serving = None;
        totals.add_device(1, &own, false, 2.0);
        // One that has left, with a transfer of which 600 bytes were carried.
        totals.add_gone(&own);
        let cell = |down: f64, up: f64| CellReport { prb_use: [down, up], ..CellReport::default() };
        totals.add_cell(&cell(0.5, 0.1), 2.0);
        totals.add_cell(&cell(0.25, 0.0), 1.0);
        // Three device-periods of 2 s with a cell.
        assert_eq!(totals.served_s, 6.0);
        assert_eq!(totals.bits, [30.0, 24.0]);
        assert_eq!(totals.blocks, [[130.0, 70.0], [70.0, 30.0]]);
        assert_eq!((totals.offered_bytes, totals.delivered_bytes), (5000.0, 3600.0));
        assert_eq!((totals.cell_s, totals.used_s), (3.0, [1.25, 0.2]));
        assert_eq!(totals.sinr_db.mean(), 9.0);
        let median_db = totals.sinr_quantiles_db.quantile(0.5).unwrap();
        let low_db = totals.sinr_quantiles_db.quantile(0.05).unwrap();
        assert!((median_db - 11.0).abs() < 0.12 && (low_db + 4.0).abs() < 0.05, "{median_db} {low_db}");
        assert_eq!((totals.jammed_s, totals.jammed_bits), (2.0, 6.0));
        assert_eq!(totals.ever_jammed, [true]);
    }
}
