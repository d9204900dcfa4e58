//! 5G cells: carriers, how signals spread, who is attached where.

use super::root::{PathLossKind, SchedulerKind};
use crate::scenario::{DataRate, Duration, Frequency, Gain, Length, PowerLevel, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether lines of sight are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineOfSightName {
    /// As likely as the model of the path loss has it.
    #[default]
    Model,
    /// All paths have one.
    Always,
    /// No path has one.
    Never,
}

/// How the goodput of a link is worked out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FidelityName {
    /// The expectation over a period: coding scheme, block errors, retransmissions.
    #[default]
    Analytic,
    /// Slot by slot: reports that are late, the outer loop, draws of errors.
    Slots,
    /// Shannon's bound with a gap.
    Shannon,
}

/// A table of coding schemes (TS 38.214, 5.1.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum McsTableName {
    /// Up to 64QAM.
    #[serde(rename = "64qam")]
    Qam64,
    /// Up to 256QAM.
    #[serde(rename = "256qam")]
    Qam256,
    /// Up to 64QAM at low rates, for ultra-reliable links.
    #[serde(rename = "low_efficiency")]
    LowEfficiency,
    /// Up to 1024QAM.
    #[serde(rename = "1024qam")]
    Qam1024,
}

/// A table of quality indicators (TS 38.214, 5.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CqiTableName {
    /// Up to 64QAM.
    #[serde(rename = "64qam")]
    Qam64,
    /// Up to 256QAM.
    #[serde(rename = "256qam")]
    Qam256,
    /// Up to 64QAM at low rates.
    #[serde(rename = "low_efficiency")]
    LowEfficiency,
}

/// What a receiver makes of several attempts at one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CombiningName {
    /// Nothing: each attempt fails for itself.
    None,
    /// Their powers add up.
    Chase,
    /// Each attempt brings further bits of the code.
    #[default]
    Incremental,
}

/// How blocks are retransmitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HarqSpec {
    /// What becomes of several attempts.
    pub combining: CombiningName,
    /// Attempts before a block is given up.
    #[schemars(range(min = 1, max = 4))]
    pub attempts: u32,
}

impl Default for HarqSpec {
    fn default() -> Self {
        HarqSpec { combining: CombiningName::default(), attempts: 4 }
    }
}

/// A carrier of cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CarrierSpecification {
    /// Its name, by which cells name it.
    pub name: String,
    /// Frequency of its middle: 410 MHz to 7.125 GHz, or 24.25 to 71 GHz.
    pub frequency: Frequency,
    /// Bandwidth with guard bands: one that has resource blocks at this spacing.
    pub bandwidth: Frequency,
    /// Distance of subcarriers: 15, 30, 60 or 120 kHz.
    pub spacing: Frequency,
    /// `fdd`, or the slots in turn, such as `DDDSU`: slots down, one with 10 symbols down and 2 up, slots up.
    pub duplex: String,
    /// Coding schemes down.
    pub mcs_table: McsTableName,
    /// Quality indicators down.
    pub cqi_table: CqiTableName,
    /// Layers down, which share the power.
    #[schemars(range(min = 1, max = 4))]
    pub layers: u32,
    /// Coding schemes up.
    pub uplink_mcs_table: McsTableName,
    /// Layers up.
    #[schemars(range(min = 1, max = 4))]
    pub uplink_layers: u32,
    /// What receivers lose beside the curves of block errors, 0 to 20 dB.
    pub margin: Gain,
    /// Retransmissions.
    pub harq: HarqSpec,
    /// Share of blocks that may be lost at the first attempt.
    pub target_error: Ratio,
}

impl Default for CarrierSpecification {
    fn default() -> Self {
        CarrierSpecification {
            name: "n78".into(),
            frequency: Frequency::from_hz(3.5e9),
            bandwidth: Frequency::from_hz(100e6),
            spacing: Frequency::from_hz(30e3),
            duplex: "DDDSU".into(),
            mcs_table: McsTableName::Qam256,
            cqi_table: CqiTableName::Qam256,
            layers: 1,
            uplink_mcs_table: McsTableName::Qam64,
            uplink_layers: 1,
            margin: Gain::from_db(0.0),
            harq: HarqSpec::default(),
            target_error: Ratio::from_fraction(0.1),
        }
    }
}

/// When devices change cells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CellHandoverSpec {
    /// Event A3 of TS 38.331: another cell is stronger by offset and hysteresis, for a time.
    A3 {
        /// How much stronger another cell must be, -15 to 15 dB.
        #[serde(default = "three_db")]
        offset: Gain,
        /// How much stronger beside that, and how much weaker it must become for the event to end, 0 to 15 dB.
        #[serde(default = "zero_db")]
        hysteresis: Gain,
        /// How long it must last; rounded up to whole periods.
        #[serde(default = "trigger_time")]
        time_to_trigger: Duration,
        /// k of the layer-3 filter: a new sample counts 2^(-k/4).
        #[serde(default = "usual_filter")]
        #[schemars(range(min = 0, max = 19))]
        filter: u32,
        /// How long nothing is carried, below the period and up to 1 s.
        #[serde(default = "usual_interruption")]
        interruption: Duration,
    },
    /// Always the strongest cell.
    Strongest {
        /// k of the layer-3 filter: a new sample counts 2^(-k/4).
        #[serde(default = "usual_filter")]
        #[schemars(range(min = 0, max = 19))]
        filter: u32,
        /// How long nothing is carried, below the period and up to 1 s.
        #[serde(default = "usual_interruption")]
        interruption: Duration,
    },
    /// The cell once chosen as long as it can be heard.
    Sticky {
        /// k of the layer-3 filter: a new sample counts 2^(-k/4).
        #[serde(default = "usual_filter")]
        #[schemars(range(min = 0, max = 19))]
        filter: u32,
        /// How long nothing is carried, below the period and up to 1 s.
        #[serde(default = "usual_interruption")]
        interruption: Duration,
    },
}

fn three_db() -> Gain {
    Gain::from_db(3.0)
}

fn zero_db() -> Gain {
    Gain::from_db(0.0)
}

fn trigger_time() -> Duration {
    Duration::from_secs(0.256)
}

fn usual_filter() -> u32 {
    4
}

fn usual_interruption() -> Duration {
    Duration::from_secs(0.05)
}

impl Default for CellHandoverSpec {
    fn default() -> Self {
        CellHandoverSpec::A3 {
            offset: three_db(),
            hysteresis: zero_db(),
            time_to_trigger: trigger_time(),
            filter: usual_filter(),
            interruption: usual_interruption(),
        }
    }
}

/// When a radio link has failed (TS 38.331, TS 38.133).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkFailureSpecification {
    /// Indications out of sync, one each 200 ms, that start the timer T310.
    #[schemars(range(min = 1, max = 20))]
    pub n310: u32,
    /// Indications in sync, one each 100 ms, that stop it.
    #[schemars(range(min = 1, max = 10))]
    pub n311: u32,
    /// Time after which the link has failed, up to 6 s.
    pub t310: Duration,
    /// Time to find another cell before the device is lost, up to 30 s.
    pub t311: Duration,
}

impl Default for LinkFailureSpecification {
    fn default() -> Self {
        let second = Duration::from_secs(1.0);
        LinkFailureSpecification { n310: 1, n311: 1, t310: second, t311: second }
    }
}

/// Where devices go that no cell serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CellFallbackName {
    /// To an access point that is no cell, if one is in range.
    #[default]
    Wifi,
    /// Nowhere.
    None,
}

/// 5G cells: those of the access points with the key `cell`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CellsSpec {
    /// Time between two measurements, 1 ms to 60 s, for which rates hold.
    pub period: Duration,
    /// Mean path loss.
    pub path_loss: PathLossKind,
    /// Which paths have a line of sight.
    pub line_of_sight: LineOfSightName,
    /// Whether the loss scatters around its mean.
    pub shadowing: bool,
    /// How goodput is worked out.
    pub fidelity: FidelityName,
    /// Gap to Shannon's bound for the fidelity `shannon`, 0 to 20 dB.
    pub shannon_gap: Gain,
    /// Who gets how much of a cell.
    pub scheduler: SchedulerKind,
    /// The carriers.
    #[schemars(length(min = 1))]
    pub carriers: Vec<CarrierSpecification>,
    /// When devices change cells.
    pub handover: CellHandoverSpec,
    /// When a link has failed.
    pub link_failure: LinkFailureSpecification,
    /// A return to the last cell within this time is a ping-pong.
    pub ping_pong: Duration,
    /// Received power of a resource element (RSRP) below which a cell serves nobody.
    pub least_rsrp: PowerLevel,
    /// Where devices go that no cell serves.
    pub fallback: CellFallbackName,
    /// How many sites around a device are received one by one; those beyond count by their mean.
    #[schemars(range(min = 1, max = 64))]
    pub near_sites: u32,
    /// Distance beyond which sites are not received at all; where they are 10 dB below the noise if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Length>,
    /// Standard deviation of errors of measured powers and qualities, 0 to 20 dB.
    pub measurement_error: Gain,
}

impl Default for CellsSpec {
    fn default() -> Self {
        CellsSpec {
            period: Duration::from_secs(1.0),
            path_loss: PathLossKind::of_kind("umi"),
            line_of_sight: LineOfSightName::default(),
            shadowing: true,
            fidelity: FidelityName::default(),
            shannon_gap: Gain::from_db(2.0),
            scheduler: SchedulerKind::of_kind("proportional_fair"),
            carriers: vec![CarrierSpecification::default()],
            handover: CellHandoverSpec::default(),
            link_failure: LinkFailureSpecification::default(),
            ping_pong: Duration::from_secs(1.0),
            least_rsrp: PowerLevel::from_dbm(-120.0),
            fallback: CellFallbackName::default(),
            near_sites: 12,
            horizon: None,
            measurement_error: Gain::from_db(0.0),
        }
    }
}

/// What makes an access point a base station of 5G cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CellSpecification {
    /// Carriers by name, each with a cell in each sector; all if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub carriers: Option<Vec<String>>,
    /// Sectors, evenly around; 1 for an antenna that sends everywhere alike.
    #[schemars(range(min = 1, max = 12))]
    pub sectors: u32,
    /// Direction of the first sector in degrees, clockwise from north.
    #[schemars(range(min = 0.0, max = 360.0))]
    pub azimuth: f64,
    /// Angle in degrees within which a sector's antenna loses less than 3 dB.
    #[schemars(range(min = 1.0, max = 360.0))]
    pub beamwidth: f64,
    /// Most that a sector's antenna loses, 0 to 60 dB.
    pub front_to_back: Gain,
    /// Height of the antenna; that of the calibrations of the model of path loss if left out: 25 m of `uma`, 35 m of
    /// `rma`, 3 m of `inh`, 10 m of others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<Length>,
    /// Noise figure of its receiver, 0 to 30 dB.
    pub noise_figure: Gain,
    /// Share of each cell's downlink that is always taken by devices outside the simulation, 0 to 0.95; of the uplink nothing is.
    pub background_load: Ratio,
}

impl Default for CellSpecification {
    fn default() -> Self {
        CellSpecification {
            carriers: None,
            sectors: 1,
            azimuth: 0.0,
            beamwidth: 65.0,
            front_to_back: Gain::from_db(30.0),
            height: None,
            noise_figure: Gain::from_db(5.0),
            background_load: Ratio::from_fraction(0.0),
        }
    }
}

/// What stands around a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InsideName {
    /// Nothing.
    #[default]
    None,
    /// A car: 9 dB, with a standard deviation of 5 dB (TR 38.901, 7.4.3.2).
    Car,
    /// A car with metal-coated windows: 20 dB.
    MetallisedCar,
    /// A building of plain glass and concrete (TR 38.901, 7.4.3.1).
    BuildingLow,
    /// A building with heat-reflecting glass.
    BuildingHigh,
}

/// Traffic of a device that takes part of its cell and is no part of any workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackgroundTrafficSpec {
    /// To the device; as much as it can get with more than the cell has, such as 1 Tbps.
    pub downlink: DataRate,
    /// From the device.
    pub uplink: DataRate,
}

/// The 5G modem of a device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CellRadioSpec {
    /// Gain of the antenna.
    pub antenna_gain: Gain,
    /// Noise figure of the receiver, 0 to 30 dB.
    pub noise_figure: Gain,
    /// Greatest power that it sends.
    pub most_power: PowerLevel,
    /// Power that should arrive of each 180 kHz if `alpha` is 1: P0 of TS 38.213. More is a better link on fewer blocks.
    pub target_power: PowerLevel,
    /// Share of the path loss that the power makes up for.
    pub alpha: Ratio,
    /// Height of the antenna; that of the device, or 1.5 m if it is lower, if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<Length>,
    /// What stands around it; the loss is drawn once for each device.
    pub inside: InsideName,
    /// Traffic beside the workloads.
    pub background: BackgroundTrafficSpec,
}

impl Default for CellRadioSpec {
    fn default() -> Self {
        CellRadioSpec {
            antenna_gain: Gain::from_db(0.0),
            noise_figure: Gain::from_db(7.0),
            most_power: PowerLevel::from_dbm(23.0),
            target_power: PowerLevel::from_dbm(-100.0),
            alpha: Ratio::from_fraction(1.0),
            height: None,
            inside: InsideName::default(),
            background: BackgroundTrafficSpec::default(),
        }
    }
}
