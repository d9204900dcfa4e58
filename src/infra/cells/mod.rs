//! 5G cells in the world: who hears whom, who is served by which cell, who shares what with whom, and what is measured of it.
//!
//! | file | holds |
//! | --- | --- |
//! | `ground.rs` | what does not change: carriers, gNBs, how signals spread |
//! | `antenna.rs`, `near.rs` | what sectors radiate where; which sites a device looks at closely |
//! | `device.rs` | what is kept of each device |
//! | `receive.rs` | what a device receives, and what its link carries |
//! | `period.rs` | the period: what is done at its start and its end |
//! | `sharing.rs` | who has how much of a cell |
//! | `spec.rs` | what cells, devices and jammers are made of, and `check.rs` their checks |
//! | `report.rs` | what others are told: cells, reports of a period, changes, counts, commands |
//! | `handover.rs` | when a device goes to another cell by itself |
//! | `mobility.rs`, `link_failure.rs`, `access.rs` | what devices do about their cells, when links fail, who gets into a cell |
//! | `jammers.rs` | jammers: where they are, when they send, what arrives of it |
//! | `truth.rs` | what is known of the jamming of a device |
//!
//! A gNB is an access point: devices are attached to it as to any other. The cell within it is known here only. All physics
//! are those of [`nr`](super::nr).

mod access;
mod antenna;
mod check;
mod device;
mod ground;
mod handover;
mod jammers;
mod link_failure;
mod mobility;
mod near;
mod period;
mod receive;
mod report;
mod sharing;
mod spec;
mod truth;

#[cfg(test)]
mod world_tests;

pub use check::CellsError;
pub use report::{
    Cell, CellCause, CellChange, CellCounts, CellReport, DeviceReport, Heard, JammerView, LinkReport,
    RadioCommand, RadioRefusal, ServingReport,
};
pub use spec::{
    CarrierSpec, CellularSpec, DeviceLoss, DeviceRadioSpec, FidelityChoice, GnbSpec, HandoverKind,
    HandoverSpec, JammerPlace, LineOfSightChoice, LinkFailureSpec, PlacedJammer, SectorSpec,
};
pub use truth::Truth;

use self::device::DeviceState;
use self::ground::{Gnb, Ground};
use self::jammers::{Felt, Jammers};
use self::mobility::DeviceMobility;
pub(in crate::infra) use self::mobility::{RadioState, Step};
use self::near::Sites;
pub(in crate::infra) use self::period::Whereabouts;
use self::sharing::{CellState, Claims};
use super::geometry::Position;
use super::ids::{CellId, LinkId, NodeId};
use super::network::{LinkModel, Network, OwnRadio, RadioSpec};
use super::node::{Node, NodeClass};
use super::nr::{LinkMemory, MeasurementFilter, from_db};
use crate::engine::{EntityStream, RandomStreams, SimDuration, SimTime};
use smallvec::SmallVec;

/// Of a node that is no device of 5G.
const NO_DEVICE: u32 = u32::MAX;

/// All cells, devices and jammers, and their state.
#[derive(Debug)]
pub struct Cells {
    pub(super) spec: CellularSpec,
    ground: Ground,
    sites: Sites,
    streams: RandomStreams,
    cells: Vec<Cell>,
    states: Vec<CellState>,
    /// Devices of 5G, in the order of nodes.
    devices: Vec<NodeId>,
    /// By node.
    number_of: Vec<u32>,
    device_specs: Vec<DeviceRadioSpec>,
    device_states: Vec<DeviceState>,
    /// What links remember, down and up, by device; empty where they do not.
    memories: Vec<[LinkMemory; 2]>,
    scratch: [LinkMemory; 2],
    /// Weight of a new measurement in the filter of layer 3.
    filter_weight: f64,
    /// Errors of measurements, by device; empty without.
    measuring: Vec<EntityStream>,
    pub(super) jammers: Jammers,
    /// By device.
    mobility: Vec<DeviceMobility>,
    felt: Felt,
    claims: Claims,
    /// Cells whose shares are to be settled.
    dirty: Vec<CellId>,
    /// Devices that have another cell, or send again, or not.
    fresh: Vec<u32>,
    touched: Vec<NodeId>,
    near: Vec<u32>,
    /// Start of the present period, and how many have begun.
    opened: SimTime,
    periods: u64,
    /// How often gNBs have failed or been repaired.
    switches: u32,
    reports: Vec<DeviceReport>,
    cell_reports: Vec<CellReport>,
    truths: Vec<Option<Truth>>,
    pub(super) counts: CellCounts,
    /// What the reports are of.
    reported: (SimTime, SimTime),
}

impl Cells {
    /// All cells of the gNBs among these nodes, which start at these places.
    pub(super) fn new(
        spec: CellularSpec,
        classes: &[NodeClass],
        nodes: &[Node],
        start: impl Fn(NodeId) -> Position,
        streams: RandomStreams,
    ) -> Result<Self, CellsError> {
        spec.check()?;
        let mut ground = Ground::new(&spec)?;
        let (mut cells, mut states) = (Vec::new(), Vec::new());
        let (mut devices, mut device_specs, mut device_states) = (Vec::new(), Vec::new(), Vec::new());
        let mut number_of = vec![NO_DEVICE; nodes.len()];
        for class in classes {
            check_class(class, spec.carriers.len())?;
        }
        let mut last_class = None;
        for (id, node) in (0..).map(NodeId).zip(nodes) {
            let class = &classes[node.class.index()];
            if let Some(gnb) = &class.gnb {
                let own = class.site_radios.get(node.number as usize).copied().unwrap_or_default();
                let gnb = GnbSpec {
                    transmit_dbm: own.transmit_power_dbm.unwrap_or(gnb.transmit_dbm),
                    antenna_gain_db: own.antenna_gain_db.unwrap_or(gnb.antenna_gain_db),
                    ..gnb.clone()
                };
                let own = Gnb::new(id, start(id), &gnb, cells.len() as u32);
                for sector in 0..own.sectors.len() {
                    for &carrier in &own.carriers {
                        let name = class.node_name(node.number);
                        cells.push(Cell {
                            site: id,
                            gnb: ground.gnbs.len() as u32,
                            sector: sector as u16,
                            carrier: carrier as u16,
                            name: format!("{name}/{sector}/{}", spec.carriers[carrier].name),
                            is_up: true,
                        });
                        states.push(CellState::new(own.background_load));
                    }
                }
                ground.gnbs.push(own);
            }
            if let Some(radio) = &class.device_radio {
                if last_class != Some(node.class) {
                    last_class = Some(node.class);
                    device_specs.push(radio.clone());
                }
                let gains_db = ground.bands.iter().map(|band| {
                    let mut random = streams.entity("cells/loss", u64::from(id.0));
                    let loss_db = radio.loss.draw_db(band.carrier.centre_hz(), &mut random);
                    radio.antenna_gain_db - loss_db
                });
                let gains_db: SmallVec<[f64; 2]> = gains_db.collect();
                let random = streams.entity("cells/link", u64::from(id.0));
                let class = device_specs.len() as u32 - 1;
                let noise_factor = from_db(radio.noise_figure_db);
                device_states.push(DeviceState::new(class, noise_factor, gains_db, random));
                number_of[id.index()] = devices.len() as u32;
                devices.push(id);
            }
        }
        if cells.is_empty() {
            return Err(CellsError::Missing("cells need at least one gNB with a sector and a carrier"));
        }
        let remembers = matches!(spec.fidelity, FidelityChoice::Slots | FidelityChoice::Own { .. });
        let memories = if remembers { devices.len() } else { 0 };
        let measured = if spec.measurement_error_db > 0.0 { devices.as_slice() } else { &[] };
        let measuring = measured.iter().map(|id| streams.entity("cells/measuring", u64::from(id.0)));
        Ok(Cells {
            measuring: measuring.collect(),
            memories: vec![Default::default(); memories],
            scratch: Default::default(),
            filter_weight: MeasurementFilter::for_period(spec.handover.filter, spec.period.as_secs())
                .weight(),
            cell_reports: vec![CellReport::default(); cells.len()],
            truths: vec![None; devices.len()],
            reports: Vec::new(),
            mobility: devices.iter().map(|device| DeviceMobility::new(*device, streams)).collect(),
            jammers: Jammers::new(&spec, devices.len(), ground.gnbs.len(), streams),
            felt: Felt::default(),
            claims: Claims::default(),
            dirty: Vec::new(),
            fresh: Vec::new(),
            touched: Vec::new(),
            near: Vec::new(),
            opened: SimTime::ZERO,
            periods: 0,
            switches: 0,
            counts: CellCounts { strongest_unserved_dbm: f64::NEG_INFINITY, ..CellCounts::default() },
            reported: (SimTime::ZERO, SimTime::ZERO),
            sites: Sites::new(&spec, &ground),
            spec,
            ground,
            streams,
            cells,
            states,
            devices,
            number_of,
            device_specs,
            device_states,
        })
    }

    /// Adds the radio of a gNB to the network. Its rates are those of all its cells at their best, so that it never binds.
    pub(super) fn add_radio(&self, network: &mut Network, site: NodeId, spec: &RadioSpec) -> LinkId {
        let gnb = self.ground.gnbs.iter().find(|gnb| gnb.node == site);
        let sum_bps = |direction: usize| {
            let of = |gnb: &Gnb| {
                let peaks = gnb.carriers.iter().map(|&own| self.ground.bands[own].peak_bps[direction]);
                gnb.sectors.len() as f64 * peaks.sum::<f64>()
            };
            gnb.map_or(0.0, of)
        };
        let radio = network.add_radio(
            site,
            &RadioSpec {
                downlink_bps: sum_bps(0),
                uplink_bps: sum_bps(1),
                half_duplex: false,
                model: LinkModel::FairShare,
                down_model: None,
                transfer_limit: usize::MAX,
                ..spec.clone()
            },
        );
        network.serve_by(OwnRadio::Cells, radio);
        radio
    }

    /// Gives all devices channels of their own.
    pub(super) fn give_own_channels(&self, network: &mut Network, access_points: &[(NodeId, LinkId)]) {
        let Some(first) = self.ground.gnbs.first() else { return };
        let radio = access_points.iter().find(|(node, _)| *node == first.node);
        for &device in &self.devices {
            radio
                .iter()
                .for_each(|(_, radio)| network.give_own_channels(OwnRadio::Cells, device, *radio));
        }
    }

    /// What they are made of.
    #[must_use]
    pub fn spec(&self) -> &CellularSpec {
        &self.spec
    }

    /// Time between two measurements.
    #[must_use]
    pub fn period(&self) -> SimDuration {
        self.spec.period
    }

    /// All cells; a [`CellId`] is an index into them. In the order of gNBs, their sectors, their carriers.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// One cell.
    #[must_use]
    pub fn cell(&self, cell: CellId) -> &Cell {
        &self.cells[cell.index()]
    }

    /// The devices of 5G in the order of nodes: what is kept of each is in this order.
    #[must_use]
    pub fn devices(&self) -> &[NodeId] {
        &self.devices
    }

    /// The place of a device among [`Cells::devices`]; `None` of other nodes.
    #[must_use]
    pub fn number(&self, device: NodeId) -> Option<usize> {
        let number = self.number_of.get(device.index()).filter(|&&number| number != NO_DEVICE)?;
        Some(*number as usize)
    }

    /// The cell that serves a device.
    #[must_use]
    pub fn serving(&self, device: NodeId) -> Option<CellId> {
        self.device_states[self.number(device)?].serving
    }

    /// The cells that a device has heard at the start of the present period, the strongest first; those that do not work
    /// left out. O(cells of its near sites), for those who ask now and then.
    #[must_use]
    pub fn neighbours(&self, device: NodeId) -> Vec<Heard> {
        let Some(number) = self.number(device) else { return Vec::new() };
        let working = self.device_states[number].heard.iter().filter(|own| self.cell(own.cell).is_up);
        let mut heard: Vec<Heard> = working
            .map(|own| {
                let measured = self.powers_of(number, own, 0.0).measure(self.carrier_of(own.cell));
                Heard {
                    cell: own.cell,
                    rsrp_dbm: own.filtered_dbm,
                    rsrq_db: measured.rsrq_db,
                    sinr_db: measured.sinr_db,
                }
            })
            .collect();
        heard.sort_by(|one, other| {
            other.rsrp_dbm.total_cmp(&one.rsrp_dbm).then(one.cell.cmp(&other.cell))
        });
        heard
    }

    /// The working cells that a device hears, with their filtered RSRP in dBm, in the order of cells.
    pub(super) fn heard(&self, number: usize) -> impl Iterator<Item = (CellId, f64)> + Clone {
        let heard = self.device_states[number].heard.iter();
        heard.filter(|own| self.cell(own.cell).is_up).map(|own| (own.cell, own.filtered_dbm))
    }

    /// Metres from a gNB at which the mean path loss leaves a device on the ground the least RSRP that gives service; `None` of
    /// other nodes. Of several device classes, that with the best antenna.
    #[must_use]
    pub fn range_m(&self, site: NodeId) -> Option<f64> {
        let gain_db = self.device_specs.iter().map(|own| own.antenna_gain_db).reduce(f64::max);
        near::range_m(&self.ground, site, gain_db.unwrap_or(0.0), self.spec.least_dbm)
    }

    /// From when to when the reports are.
    #[must_use]
    pub fn reported(&self) -> (SimTime, SimTime) {
        self.reported
    }

    /// The reports of the last period, in the order of [`Cells::devices`]. Empty before the first has ended.
    #[must_use]
    pub fn reports(&self) -> &[DeviceReport] {
        &self.reports
    }

    /// The reports of cells of the last period, in their order.
    #[must_use]
    pub fn cell_reports(&self) -> &[CellReport] {
        &self.cell_reports
    }

    /// Lends the reports of devices, which are to be [given back](Self::return_reports) before the next period ends.
    pub fn take_reports(&mut self) -> Vec<DeviceReport> {
        std::mem::take(&mut self.reports)
    }

    /// Takes the reports back.
    pub fn return_reports(&mut self, reports: Vec<DeviceReport>) {
        self.reports = reports;
    }

    /// What is known of the jamming of a device in the last period; `None` if nothing has arrived.
    #[must_use]
    pub fn truth(&self, device: NodeId) -> Option<&Truth> {
        self.truths[self.number(device)?].as_ref()
    }

    /// The jammers, in the order of the scenario.
    #[must_use]
    pub fn jammers(&self) -> &[JammerView] {
        self.jammers.views()
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counts(&self) -> &CellCounts {
        &self.counts
    }
}

/// Checks what makes a class one of gNBs or of devices of 5G.
fn check_class(class: &NodeClass, carriers: usize) -> Result<(), CellsError> {
    let wrong = |what| Err(CellsError::Class { class: class.name.clone(), what });
    if let Some(gnb) = &class.gnb {
        if class.access_point.is_none() || class.wireless {
            return wrong("gNBs are access points, which stand still and are wired");
        }
        gnb.check(&class.name, carriers)?;
    }
    if let Some(device) = &class.device_radio {
        if !class.wireless {
            return wrong("devices of 5G are wireless");
        }
        device.check(&class.name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
