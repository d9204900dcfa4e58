//! What detectors and responses can see.

use super::{Feature, Features};
use crate::engine::{SimTime, Stream};
use crate::infra::cells::{Cell, CellReport, Cells, DeviceReport, Heard, ServingReport, Truth};
use crate::infra::{CellId, Infrastructure, NodeId};
use crate::records::ColumnSpec;

/// A device after a period, as a detector sees it.
#[derive(Clone, Copy, Debug)]
pub struct DetectionView<'a> {
    number: usize,
    now: SimTime,
    report: &'a DeviceReport,
    features: &'a Features,
    truth: Option<&'a Truth>,
}

impl<'a> DetectionView<'a> {
    /// A view of the device with this number, with features [made](Features::of) of the report.
    #[must_use]
    pub fn new(
        number: usize,
        now: SimTime,
        report: &'a DeviceReport,
        features: &'a Features,
        truth: Option<&'a Truth>,
    ) -> Self {
        DetectionView { number, now, report, features, truth }
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> NodeId {
        self.report.device
    }

    /// Its number among all devices of 5G, from 0: for what a detector keeps of each.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The end of the period.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// All that was measured.
    #[must_use]
    pub fn report(&self) -> &'a DeviceReport {
        self.report
    }

    /// The cell of the device.
    #[must_use]
    pub fn cell(&self) -> Option<CellId> {
        self.report.serving.map(|serving| serving.cell)
    }

    /// What a detector looks at.
    #[must_use]
    pub fn features(&self) -> &'a Features {
        self.features
    }

    /// What it should find: `None` where nothing of a jammer has arrived, and of detectors that do not
    /// [need](super::AnomalyDetector::needs_truth) it.
    #[must_use]
    pub fn truth(&self) -> Option<&'a Truth> {
        self.truth
    }
}

impl Features {
    /// The features of a report; all are missing without a cell.
    #[must_use]
    pub fn of(report: &DeviceReport) -> Features {
        let mut features = Features::default();
        let Some(serving) = &report.serving else { return features };
        let (measured, channels) = (&serving.measured, &serving.channels);
        let (down, up) = (&serving.downlink, &serving.uplink);
        for (feature, value) in [
            (Feature::Rsrp, measured.rsrp_dbm),
            (Feature::Rsrq, measured.rsrq_db),
            (Feature::Rssi, measured.rssi_dbm),
            (Feature::Sinr, measured.sinr_db),
            (Feature::Cqi, down.cqi),
            (Feature::DlMcs, down.mcs),
            (Feature::DlBrate, down.brate_bps),
            (Feature::DlOk, down.ok),
            (Feature::DlNok, down.nok),
            (Feature::DlSinr, down.sinr_db),
            (Feature::UlMcs, up.mcs),
            (Feature::UlBrate, up.brate_bps),
            (Feature::UlOk, up.ok),
            (Feature::UlNok, up.nok),
            (Feature::PuschSnr, channels.pusch_sinr_db),
            (Feature::PuschRsrp, serving.pusch_rsrp_dbm),
            (Feature::PucchSnr, channels.pucch_sinr_db),
            (Feature::Phr, serving.headroom_db),
        ] {
            features.set(feature, Some(value));
        }
        features.set(Feature::NeighbourRsrp, serving.neighbour.map(|(_, rsrp_dbm)| rsrp_dbm));
        features.set(Feature::DlBler, down.block_error);
        features.set(Feature::UlBler, up.block_error);
        features.set(Feature::MacPdr, serving.mac_pdr());
        features.set(Feature::IpPdr, report.ip_pdr());
        features
    }
}

/// A device with an alarm, as a response sees it.
#[derive(Debug)]
pub struct ResponseView<'a> {
    pub(crate) number: usize,
    pub(crate) now: SimTime,
    pub(crate) report: &'a DeviceReport,
    pub(crate) serving: &'a ServingReport,
    pub(crate) features: &'a Features,
    pub(crate) score: f64,
    pub(crate) alarms_in_a_row: u32,
    pub(crate) neighbours: &'a [Heard],
    pub(crate) cells: &'a Cells,
    pub(crate) infrastructure: &'a Infrastructure,
    pub(crate) random: &'a mut Stream,
}

impl ResponseView<'_> {
    /// The device.
    #[must_use]
    pub fn device(&self) -> NodeId {
        self.report.device
    }

    /// Its number among all devices of 5G, from 0: for what a response keeps of each.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// What was measured of its cell.
    #[must_use]
    pub fn serving(&self) -> &ServingReport {
        self.serving
    }

    /// What detectors look at.
    #[must_use]
    pub fn features(&self) -> &Features {
        self.features
    }

    /// The score of the detector that gives the alarm.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.score
    }

    /// Periods in a row with an alarm, this one among them.
    #[must_use]
    pub fn alarms_in_a_row(&self) -> u32 {
        self.alarms_in_a_row
    }

    /// All cells; a [`CellId`] is an index into them.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        self.cells.cells()
    }

    /// All cells in the last period.
    #[must_use]
    pub fn cell_reports(&self) -> &[CellReport] {
        self.cells.cell_reports()
    }

    /// The cells that the device has heard, filtered, the strongest first; its own may be among them.
    #[must_use]
    pub fn neighbours(&self) -> &[Heard] {
        self.neighbours
    }

    /// Whether the device may not choose a cell at present: a response or workload has barred it for a time.
    #[must_use]
    pub fn is_barred(&self, cell: CellId) -> bool {
        self.cells.is_barred(self.number, self.now, cell)
    }

    /// Share of a cell's resource blocks that was in use down in the last period, 0 to 1.
    #[must_use]
    pub fn load(&self, cell: CellId) -> f64 {
        self.cell_reports().get(cell.index()).map_or(0.0, |report| report.prb_use[0])
    }

    /// The cells of the same gNB and sector on other carriers, in their order, if the gNB works.
    pub fn other_carriers(&self) -> impl Iterator<Item = CellId> + '_ {
        let serving = self.serving.cell;
        let own = &self.cells()[serving.index()];
        let is_sibling = move |cell: &Cell| (cell.site, cell.sector) == (own.site, own.sector);
        let numbered = (0..).map(CellId).zip(self.cells());
        numbered
            .filter(move |(id, cell)| *id != serving && cell.is_up && is_sibling(cell))
            .map(|(id, _)| id)
    }

    /// The best access point that is no gNB (WiFi) in whose range the device is.
    #[must_use]
    pub fn wifi(&self) -> Option<NodeId> {
        self.infrastructure.best_access_point(self.device(), self.now)
    }

    /// The infrastructure. What it knows of reports is on loan to this view.
    #[must_use]
    pub fn infrastructure(&self) -> &Infrastructure {
        self.infrastructure
    }

    /// The responses' own random stream.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// The features of this decision, in the order of [`feature_columns`].
    #[must_use]
    pub fn decision_features(&self) -> [Option<f64>; COLUMNS] {
        let seen = |feature| self.features.get(feature);
        let best = self.neighbours.iter().find(|heard| heard.cell != self.serving.cell);
        [
            Some(self.score),
            Some(f64::from(self.alarms_in_a_row)),
            seen(Feature::Rsrp),
            seen(Feature::Rsrq),
            seen(Feature::Rssi),
            seen(Feature::Sinr),
            seen(Feature::Cqi),
            seen(Feature::DlMcs),
            seen(Feature::DlBler),
            seen(Feature::UlBler),
            seen(Feature::PucchSnr),
            seen(Feature::PuschSnr),
            seen(Feature::DlBrate),
            best.map(|heard| heard.rsrp_dbm),
            best.map(|heard| self.load(heard.cell)),
            Some(self.other_carriers().count() as f64),
        ]
    }
}

/// Number of features of a decision.
const COLUMNS: usize = 16;

/// What is recorded of what responses see.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; COLUMNS] {
    [
        ColumnSpec::float("anomaly_score", "", "score of the detector that gives the alarm"),
        ColumnSpec::float("alarms_in_a_row", "", "periods in a row with an alarm of the device"),
        ColumnSpec::float("rsrp_dbm", "dBm", "power of the serving cell"),
        ColumnSpec::float("rsrq_db", "dB", "its share in all power"),
        ColumnSpec::float("rssi_dbm", "dBm", "all power in the carrier"),
        ColumnSpec::float("sinr_db", "dB", "SINR where the cell is measured"),
        ColumnSpec::float("cqi", "", "channel quality indicator"),
        ColumnSpec::float("dl_mcs", "", "coding scheme of the downlink"),
        ColumnSpec::float("dl_bler", "", "share of the downlink's blocks that were not received"),
        ColumnSpec::float("ul_bler", "", "share of the uplink's blocks that were not received"),
        ColumnSpec::float("pucch_snr_db", "dB", "SINR of the uplink's control channel"),
        ColumnSpec::float("pusch_snr_db", "dB", "SINR of the uplink's data"),
        ColumnSpec::float("dl_brate_bps", "bit/s", "rate delivered on the downlink"),
        ColumnSpec::float(
            "neighbour_rsrp_dbm",
            "dBm",
            "filtered power of the strongest other cell; null without one",
        ),
        ColumnSpec::float("neighbour_load", "", "share of its resource blocks in use; null without one"),
        ColumnSpec::float("other_carriers", "", "other carriers of the gNB's sector"),
    ]
}
