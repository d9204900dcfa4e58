//! What does not change during a run: carriers, gNBs and their places, and how signals spread between them and devices.

use super::super::geometry::Position;
use super::super::ids::{CellId, NodeId};
use super::super::nr::{
    AnalyticLink, Carrier, Direction, LinkConfig, LinkFidelity, LinkMemory, LinkPeriod, LinkState,
    NrError, PathLoss, PathLossRange, RadioPath, Shadowing, ShannonLink, SlotLink, flat, from_db,
    mw_from_dbm, noise_dbm, to_db,
};
use super::check::CellsError;
use super::spec::{CarrierSpec, CellularSpec, FidelityChoice, GnbSpec, LineOfSightChoice, SectorSpec};
use crate::engine::EntityStream;
use std::sync::Arc;

/// A carrier with what is computed from it again and again.
#[derive(Debug)]
pub(super) struct Band {
    pub(super) carrier: Carrier,
    /// Down and up.
    pub(super) links: [Arc<dyn LinkFidelity>; 2],
    pub(super) layers: [u32; 2],
    /// Slots in a second that can carry data, down and up.
    pub(super) slots_per_s: [f64; 2],
    /// Attempts at a block before it is given up, down and up.
    pub(super) attempts: [u32; 2],
    /// All subcarriers over one, in dB.
    pub(super) subcarriers_db: f64,
    /// Noise at a receiver that adds none, in milliwatts.
    pub(super) noise_mw: f64,
    /// Bits a second down and up at an SINR beyond all coding schemes.
    pub(super) peak_bps: [f64; 2],
}

impl Band {
    fn new(spec: &CarrierSpec, fidelity: &FidelityChoice) -> Result<Self, CellsError> {
        let named = |source: NrError| CellsError::Radio { part: spec.name.clone(), source };
        let link = |config: LinkConfig| -> Result<Arc<dyn LinkFidelity>, CellsError> {
            Ok(match fidelity {
                FidelityChoice::Analytic => Arc::new(AnalyticLink::new(config).map_err(named)?),
                FidelityChoice::Slots => Arc::new(SlotLink::new(config).map_err(named)?),
                FidelityChoice::Shannon { gap_db } => {
                    Arc::new(ShannonLink::new(config, *gap_db).map_err(named)?)
                }
                FidelityChoice::Own { downlink, uplink } => {
                    Arc::clone(if config.direction == Direction::Downlink { downlink } else { uplink })
                }
            })
        };
        let links = [link(spec.downlink)?, link(spec.uplink)?];
        let states = [LinkState::always(flat(from_db(60.0)))];
        let peak_bps = [0, 1].map(|direction: usize| {
            let mut random = <EntityStream as rand::SeedableRng>::seed_from_u64(0);
            let period = LinkPeriod::whole(1.0, &states);
            links[direction].period(&period, &mut LinkMemory::default(), &mut random).goodput_bps
        });
        Ok(Band {
            carrier: spec.carrier,
            layers: [spec.downlink.layers, spec.uplink.layers],
            slots_per_s: [spec.downlink, spec.uplink].map(|own| own.data_slots_per_s()),
            attempts: [spec.downlink, spec.uplink].map(|own| own.harq.attempts.max(1)),
            subcarriers_db: to_db(f64::from(spec.carrier.subcarriers())),
            noise_mw: mw_from_dbm(noise_dbm(spec.carrier.occupied_hz(), 0.0)),
            links,
            peak_bps,
        })
    }
}

/// A base station.
#[derive(Debug)]
pub(super) struct Gnb {
    pub(super) node: NodeId,
    /// Where its antennas are, their height in `z_m`.
    pub(super) place: Position,
    pub(super) carriers: Vec<usize>,
    pub(super) sectors: Vec<SectorSpec>,
    /// Power of each cell in dBm, and with the greatest gain of its antenna.
    pub(super) transmit_dbm: f64,
    pub(super) gain_db: f64,
    /// Power of each cell in milliwatts, antenna gain left out.
    pub(super) transmit_mw: f64,
    /// Factor by which the receiver raises noise.
    pub(super) noise_factor: f64,
    pub(super) background_load: f64,
    pub(super) first_cell: u32,
}

impl Gnb {
    pub(super) fn new(node: NodeId, place: Position, spec: &GnbSpec, first_cell: u32) -> Self {
        Gnb {
            node,
            place: Position { z_m: spec.height_m, ..place },
            carriers: spec.carriers.clone(),
            sectors: spec.sectors.clone(),
            transmit_dbm: spec.transmit_dbm,
            gain_db: spec.antenna_gain_db,
            transmit_mw: mw_from_dbm(spec.transmit_dbm),
            noise_factor: from_db(spec.noise_figure_db),
            background_load: spec.background_load,
            first_cell,
        }
    }

    /// The cell of a sector on the carrier with this place among the gNB's own.
    pub(super) fn cell(&self, sector: usize, carrier: usize) -> CellId {
        CellId(self.first_cell + (sector * self.carriers.len() + carrier) as u32)
    }
}

/// The path loss of a world: that of its model, with lines of sight and shadowing as chosen.
#[derive(Debug)]
pub(super) struct Spread {
    model: Arc<dyn PathLoss>,
    line_of_sight: LineOfSightChoice,
    shadowing: bool,
}

impl PathLoss for Spread {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        self.model.path_loss_db(path)
    }

    fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
        match self.line_of_sight {
            LineOfSightChoice::ByModel => self.model.line_of_sight_probability(path),
            LineOfSightChoice::Always => 1.0,
            LineOfSightChoice::Never => 0.0,
        }
    }

    fn shadowing(&self, path: &RadioPath) -> Shadowing {
        let shadowing = self.model.shadowing(path);
        if self.shadowing { shadowing } else { Shadowing { sigma_db: 0.0, ..shadowing } }
    }

    fn range(&self) -> PathLossRange {
        self.model.range()
    }
}

impl Spread {
    pub(super) fn new(spec: &CellularSpec) -> Self {
        Spread {
            model: Arc::clone(&spec.path_loss),
            line_of_sight: spec.line_of_sight,
            shadowing: spec.shadowing,
        }
    }

    /// Mean path loss in dB, over both states of the line of sight.
    pub(super) fn mean_db(&self, path: RadioPath) -> f64 {
        let seen = self.line_of_sight_probability(&path);
        let loss_db = |line_of_sight| self.model.path_loss_db(&RadioPath { line_of_sight, ..path });
        let seen_db = if seen > 0.0 { seen * loss_db(true) } else { 0.0 };
        seen_db + if seen < 1.0 { (1.0 - seen) * loss_db(false) } else { 0.0 }
    }
}

/// All that does not change.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) spread: Spread,
    pub(super) bands: Vec<Band>,
    pub(super) gnbs: Vec<Gnb>,
    /// For each carrier and another one: how much of the other's power falls into it, evenly spread.
    common: Vec<f64>,
}

impl Ground {
    pub(super) fn new(spec: &CellularSpec) -> Result<Self, CellsError> {
        let bands = spec.carriers.iter().map(|own| Band::new(own, &spec.fidelity));
        let bands = bands.collect::<Result<Vec<Band>, CellsError>>()?;
        let common = |own: &Carrier, other: &Carrier| {
            own.overlap(other.centre_hz(), other.occupied_hz()).map_or(0.0, |(from, to)| {
                ((to - from) * own.occupied_hz() / other.occupied_hz()).min(1.0)
            })
        };
        let pairs =
            bands.iter().flat_map(|own| bands.iter().map(|other| common(&own.carrier, &other.carrier)));
        Ok(Ground { common: pairs.collect(), spread: Spread::new(spec), gnbs: Vec::new(), bands })
    }

    /// Share of another carrier's power that falls into a carrier.
    pub(super) fn common(&self, carrier: usize, other: usize) -> f64 {
        self.common[carrier * self.bands.len() + other]
    }

    /// The path from a gNB to a place, whose height is that of an antenna.
    pub(super) fn path(&self, gnb: &Gnb, place: Position, carrier: usize) -> RadioPath {
        let (east_m, north_m) = (place.x_m - gnb.place.x_m, place.y_m - gnb.place.y_m);
        RadioPath {
            carrier_hz: self.bands[carrier].carrier.centre_hz(),
            distance_2d_m: (east_m * east_m + north_m * north_m).sqrt(),
            base_height_m: gnb.place.z_m,
            device_height_m: place.z_m,
            line_of_sight: false,
        }
    }
}
