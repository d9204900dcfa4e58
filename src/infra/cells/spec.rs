//! What 5G cells, their devices and their jammers are made of.

use super::super::geometry::Position;
use super::super::ids::NodeId;
use super::super::mobility::TrajectoryPoint;
use super::super::nr::{
    BASE_NOISE_FIGURE_DB, BlockScheduler, BuildingLoss, CarLoss, Carrier, ChannelLayout, ControlCurves,
    DEVICE_NOISE_FIGURE_DB, Direction, Jammer, LinkConfig, LinkFidelity, PathLoss, PowerControl,
    ProportionalFair, UrbanMicro,
};
use crate::engine::{EntityStream, SimDuration, SimTime};
use std::sync::Arc;

/// A carrier that gNBs are on.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierSpec {
    /// Its name, such as `n78`.
    pub name: String,
    /// The carrier itself.
    pub carrier: Carrier,
    /// Links down.
    pub downlink: LinkConfig,
    /// Links up.
    pub uplink: LinkConfig,
}

impl CarrierSpec {
    /// A carrier with the usual links.
    #[must_use]
    pub fn new(name: impl Into<String>, carrier: Carrier) -> Self {
        CarrierSpec {
            name: name.into(),
            carrier,
            downlink: LinkConfig::new(carrier, Direction::Downlink),
            uplink: LinkConfig::new(carrier, Direction::Uplink),
        }
    }
}

/// One of the antennas of a gNB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SectorSpec {
    /// Where it looks, in degrees clockwise from north; `None` if it radiates everywhere alike.
    pub azimuth_deg: Option<f64>,
    /// Width of the main lobe between the points at half its power in degrees, above 0 to 360: 65.
    pub beamwidth_deg: f64,
    /// What it radiates less to the back in dB, 0 or more: 30.
    pub front_to_back_db: f64,
}

impl SectorSpec {
    /// An antenna that radiates everywhere alike.
    pub const OMNI: SectorSpec =
        SectorSpec { azimuth_deg: None, beamwidth_deg: 65.0, front_to_back_db: 30.0 };

    /// So many equal sectors, the first one of which looks to `azimuth_deg`; one radiates everywhere alike.
    #[must_use]
    pub fn around(count: u32, azimuth_deg: f64) -> Vec<SectorSpec> {
        if count <= 1 {
            return vec![SectorSpec::OMNI];
        }
        let step_deg = 360.0 / f64::from(count);
        (0..count)
            .map(|number| SectorSpec {
                azimuth_deg: Some((azimuth_deg + f64::from(number) * step_deg).rem_euclid(360.0)),
                ..SectorSpec::OMNI
            })
            .collect()
    }
}

/// What makes the access points of a class base stations of 5G (gNBs).
#[derive(Clone, Debug, PartialEq)]
pub struct GnbSpec {
    /// Its carriers, as numbers of those of [`CellularSpec::carriers`].
    pub carriers: Vec<usize>,
    /// Its sectors: each has a cell on each carrier.
    pub sectors: Vec<SectorSpec>,
    /// Power of each cell in dBm, over the whole carrier.
    pub transmit_dbm: f64,
    /// Greatest gain of the antennas in dB.
    pub antenna_gain_db: f64,
    /// Height of the antennas above the ground in metres, above 0.
    pub height_m: f64,
    /// Noise figure of the receiver in dB.
    pub noise_figure_db: f64,
    /// Share of each cell's resource blocks that are always in use, down, 0 to 0.95: of users that are not modelled, and of
    /// signals that are always sent.
    pub background_load: f64,
}

impl Default for GnbSpec {
    /// One cell on the first carrier: 44 dBm, 8 dB of antenna gain everywhere alike, 10 m above the ground.
    fn default() -> Self {
        GnbSpec {
            carriers: vec![0],
            sectors: vec![SectorSpec::OMNI],
            transmit_dbm: 44.0,
            antenna_gain_db: 8.0,
            height_m: 10.0,
            noise_figure_db: BASE_NOISE_FIGURE_DB,
            background_load: 0.0,
        }
    }
}

/// What surrounds a device; drawn once for each device.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum DeviceLoss {
    /// It is in the open.
    #[default]
    None,
    /// It is in a car.
    Car(CarLoss),
    /// It is in a building.
    Building {
        /// The building.
        building: BuildingLoss,
        /// How many metres behind the wall it is at most.
        deepest_m: f64,
    },
}

/// What makes the devices of a class devices of 5G.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceRadioSpec {
    /// Height of the antenna in metres, above 0; `None` for that of the position, at least 1.5 m.
    pub height_m: Option<f64>,
    /// Gain of the antenna in dB.
    pub antenna_gain_db: f64,
    /// Noise figure of the receiver in dB.
    pub noise_figure_db: f64,
    /// How it chooses its power. Its subcarrier spacing is not used: that of the carrier is.
    pub power: PowerControl,
    /// What surrounds it.
    pub loss: DeviceLoss,
    /// Bits a second that it receives and sends beside transfers, all the time: infinite for as much as it can. They are no
    /// packets, but take part in the sharing of cells.
    pub background_bps: [f64; 2],
}

impl Default for DeviceRadioSpec {
    /// A phone in the open without background traffic.
    fn default() -> Self {
        DeviceRadioSpec {
            height_m: None,
            antenna_gain_db: 0.0,
            noise_figure_db: DEVICE_NOISE_FIGURE_DB,
            power: PowerControl::default(),
            loss: DeviceLoss::None,
            background_bps: [0.0, 0.0],
        }
    }
}

/// Which links have a line of sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineOfSightChoice {
    /// By the probability of the path-loss model.
    #[default]
    ByModel,
    /// All.
    Always,
    /// None.
    Never,
}

/// How closely links are looked at.
#[derive(Clone, Debug, Default)]
pub enum FidelityChoice {
    /// The expectation of a period.
    #[default]
    Analytic,
    /// Each slot.
    Slots,
    /// Shannon's bound with a gap.
    Shannon {
        /// The gap in dB, 0 or more.
        gap_db: f64,
    },
    /// Models of one's own, for all carriers.
    Own {
        /// Down.
        downlink: Arc<dyn LinkFidelity>,
        /// Up.
        uplink: Arc<dyn LinkFidelity>,
    },
}

/// When a device goes to another cell by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HandoverKind {
    /// Event A3 (TS 38.331, 5.5.4.4): a neighbour is better by the offset and the hysteresis for long enough.
    A3 {
        /// Offset in dB, -15 to 15.
        offset_db: f64,
        /// Hysteresis in dB, 0 to 15.
        hysteresis_db: f64,
        /// For how long the neighbour must be better.
        time_to_trigger: SimDuration,
    },
    /// Always to the strongest one.
    Strongest,
    /// Only where its own can be received no longer.
    Sticky,
}

/// How devices choose their cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandoverSpec {
    /// When they go to another.
    pub kind: HandoverKind,
    /// Coefficient k of the filter of measurements, 0 to 19.
    pub filter: u32,
    /// How long nothing is sent at a handover, 0 to 1 s and below the period.
    pub interruption: SimDuration,
    /// A handover back to the cell before within this time is counted as a ping-pong.
    pub ping_pong: SimDuration,
    /// Whether devices without a cell attach to other access points (WiFi) in their range.
    pub falls_back: bool,
}

impl Default for HandoverSpec {
    /// A3 with 3 dB, no hysteresis and 256 ms; k 4; 50 ms of interruption.
    fn default() -> Self {
        HandoverSpec {
            kind: HandoverKind::A3 {
                offset_db: 3.0,
                hysteresis_db: 0.0,
                time_to_trigger: SimDuration::from_secs(0.256),
            },
            filter: 4,
            interruption: SimDuration::from_secs(0.05),
            ping_pong: SimDuration::from_secs(1.0),
            falls_back: true,
        }
    }
}

/// When a radio link counts as failed (TS 38.331, 5.3.10), and how long it is searched for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkFailureSpec {
    /// N310: out-of-sync indications, one each 200 ms, after which T310 starts, 1 to 20.
    pub n310: u32,
    /// N311: in-sync indications, one each 100 ms, that stop it, 1 to 10.
    pub n311: u32,
    /// T310: how long it runs before the link has failed, 0 to 6 s.
    pub t310: SimDuration,
    /// T311: how long another cell is searched before the connection is lost, 0 to 30 s.
    pub t311: SimDuration,
}

impl Default for LinkFailureSpec {
    fn default() -> Self {
        let second = SimDuration::from_secs(1.0);
        LinkFailureSpec { n310: 1, n311: 1, t310: second, t311: second }
    }
}

/// Where a jammer is.
#[derive(Clone, Debug, PartialEq)]
pub enum JammerPlace {
    /// At a place, whose height is that of its antenna.
    At(Position),
    /// On a way, at constant speed between its points: before the first it waits there, after the last it stays there.
    Way(Vec<TrajectoryPoint>),
    /// On a node, at least 1.5 m above the ground; silent while the node is not in the world.
    On(NodeId),
}

/// A jammer in the world.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedJammer {
    /// Its name.
    pub name: String,
    /// What it sends.
    pub jammer: Jammer,
    /// Where it is.
    pub place: JammerPlace,
    /// When it is switched on and off, in order and without overlaps; `None` for always on.
    pub windows: Option<Vec<(SimTime, SimTime)>>,
}

/// The 5G cells of a world, beside what gNBs and devices are by their classes.
#[derive(Clone, Debug)]
pub struct CellularSpec {
    /// Time between two measurements, 1 ms to 60 s: what is received and what links carry changes once in it.
    pub period: SimDuration,
    /// Carriers, at least one.
    pub carriers: Vec<CarrierSpec>,
    /// Path loss of all links.
    pub path_loss: Arc<dyn PathLoss>,
    /// Which links have a line of sight.
    pub line_of_sight: LineOfSightChoice,
    /// Whether links are shadowed.
    pub shadowing: bool,
    /// How closely links are looked at.
    pub fidelity: FidelityChoice,
    /// Who gets how much of a cell.
    pub scheduler: Arc<dyn BlockScheduler>,
    /// How devices choose their cells.
    pub handover: HandoverSpec,
    /// When links fail.
    pub failure: LinkFailureSpec,
    /// RSRP in dBm below which a cell serves nobody.
    pub least_dbm: f64,
    /// Sites that a device looks at closely, those with the least mean path loss: 1 to 64. The others count by their mean
    /// path loss.
    pub near_sites: u32,
    /// Metres beyond which sites are not received at all; `None` for where they are 10 dB below noise.
    pub horizon_m: Option<f64>,
    /// Metres that a device moves until it looks for its near sites anew.
    pub refresh_m: f64,
    /// Standard deviation of the error of measurements in dB, 0 for none.
    pub measurement_error_db: f64,
    /// Where the channels of a carrier are.
    pub layout: ChannelLayout,
    /// When control channels are lost.
    pub curves: ControlCurves,
    /// Jammers.
    pub jammers: Vec<PlacedJammer>,
}

impl CellularSpec {
    /// Cells in the streets of a city on these carriers, with all defaults.
    #[must_use]
    pub fn new(carriers: Vec<CarrierSpec>) -> Self {
        CellularSpec {
            period: SimDuration::from_secs(1.0),
            carriers,
            path_loss: Arc::new(UrbanMicro::default()),
            line_of_sight: LineOfSightChoice::ByModel,
            shadowing: true,
            fidelity: FidelityChoice::Analytic,
            scheduler: Arc::new(ProportionalFair::default()),
            handover: HandoverSpec::default(),
            failure: LinkFailureSpec::default(),
            least_dbm: -120.0,
            near_sites: 12,
            horizon_m: None,
            refresh_m: 25.0,
            measurement_error_db: 0.0,
            layout: ChannelLayout::default(),
            curves: ControlCurves::default(),
            jammers: Vec::new(),
        }
    }
}

impl DeviceLoss {
    /// A draw of the loss in dB at a carrier in hertz.
    pub(super) fn draw_db(&self, carrier_hz: f64, random: &mut EntityStream) -> f64 {
        match *self {
            DeviceLoss::None => 0.0,
            DeviceLoss::Car(car) => car.draw_db(random),
            DeviceLoss::Building { building, deepest_m } => {
                building.draw_db(carrier_hz, deepest_m, random)
            }
        }
    }
}
