//! What changes as time goes on.

use super::{Draw, Names};
use crate::infra::dynamics::Attribute;
use crate::placement::offloading::TierName;
use crate::scenario::{DataRate, Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A quantity of what is changed: a number in its base unit, a text with a unit such as `"5 ms"`, or a text such as
/// `"20 %"` for a share of the base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AmountSpec {
    /// In the base unit of the attribute.
    Number(f64),
    /// With a unit of the attribute, or with `%` of the base.
    Text(String),
}

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeName {
    /// Propagation delay of links or cells.
    Latency,
    /// Bandwidth of links or cells, in each direction.
    Bandwidth,
    /// Bandwidth of links from their first end.
    BandwidthForth,
    /// Bandwidth of links towards their first end.
    BandwidthBack,
    /// Bandwidth of cells from the devices.
    Uplink,
    /// Bandwidth of cells to the devices.
    Downlink,
    /// Whether nodes, links or cells work: 1 or 0.
    Availability,
    /// Cores of nodes.
    Cores,
    /// Memory of nodes.
    Memory,
    /// Storage of nodes.
    Storage,
    /// Speed of nodes over that which their class has at its frequency.
    Speed,
    /// Energy in batteries over their capacity; a state, which each act changes from what it is.
    BatteryLevel,
    /// Capacity of batteries.
    BatteryCapacity,
    /// Power of chargers.
    ChargerPower,
}

/// What of nodes or links is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeSpec {
    /// What nodes or links are or offer to all.
    Named(AttributeName),
    /// What nodes offer of an asset to services.
    Asset(AttributeAsset),
}

/// An asset that is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeAsset {
    /// Its name: one of the scenario's `assets`, `accelerators`, `availability` or `processing_time_s`.
    pub asset: String,
}

impl From<AttributeName> for Attribute {
    fn from(name: AttributeName) -> Self {
        match name {
            AttributeName::Latency => Attribute::Latency,
            AttributeName::Bandwidth => Attribute::Bandwidth,
            AttributeName::BandwidthForth => Attribute::BandwidthForth,
            AttributeName::BandwidthBack => Attribute::BandwidthBack,
            AttributeName::Uplink => Attribute::Uplink,
            AttributeName::Downlink => Attribute::Downlink,
            AttributeName::Availability => Attribute::Availability,
            AttributeName::Cores => Attribute::Cores,
            AttributeName::Memory => Attribute::Memory,
            AttributeName::Storage => Attribute::Storage,
            AttributeName::Speed => Attribute::Speed,
            AttributeName::BatteryLevel => Attribute::BatteryLevel,
            AttributeName::BatteryCapacity => Attribute::BatteryCapacity,
            AttributeName::ChargerPower => Attribute::ChargerPower,
        }
    }
}

/// What strikes nodes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// All together.
    All,
    /// The nodes of each class.
    Class,
    /// The nodes of each tier.
    Tier,
    /// The nodes of each energy site; those of no site each by itself.
    Site,
}

/// A time from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// The first instant.
    pub from: Duration,
    /// The last instant.
    pub to: Duration,
}

fn certain() -> Ratio {
    Ratio::from_fraction(1.0)
}

/// When a perturbation acts: at the instants of a grid and at given ones, of which some may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleSpec {
    /// Distance of the instants of the grid; no grid if left out.
    pub every: Option<Duration>,
    /// The first instant of the grid.
    pub after: Duration,
    /// Given instants.
    pub at: Vec<Duration>,
    /// Windows outside of which it does not act; anywhere if left out.
    pub between: Vec<WindowSpec>,
    /// The last instant; none if left out.
    pub until: Option<Duration>,
    /// How often it acts at most; any number if left out.
    pub repeat: Option<u64>,
    /// Least time between two acts.
    pub cooldown: Duration,
    /// How far each instant of the grid may be late, at random, as a share of `every`.
    pub jitter: Ratio,
    /// With which probability it acts at an instant.
    pub probability: Ratio,
}

impl Default for ScheduleSpec {
    fn default() -> Self {
        ScheduleSpec {
            every: None,
            after: Duration::from_secs(0.0),
            at: Vec::new(),
            between: Vec::new(),
            until: None,
            repeat: None,
            cooldown: Duration::from_secs(0.0),
            jitter: Ratio::from_fraction(0.0),
            probability: certain(),
        }
    }
}

/// Between values of a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayInterpolation {
    /// A value holds until the next one, to the instant.
    #[default]
    Step,
    /// Straight lines, looked at as scheduled.
    Linear,
}

/// Where a value of a replay is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayMissing {
    /// The value before goes on; the base before the first one.
    #[default]
    Keep,
    /// The base counts.
    Base,
}

fn time_column() -> String {
    "t_s".into()
}

fn subject_column() -> String {
    "subject".into()
}

fn value_column() -> String {
    "value".into()
}

/// Values from a CSV file, plain or gzipped, with a row for each change of a node or link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaySpec {
    /// The file, relative to the scenario.
    pub file: String,
    /// The column of times in seconds from the start.
    #[serde(default = "time_column")]
    pub time: String,
    /// The column of names of nodes or links; other names than those selected are passed over.
    #[serde(default = "subject_column")]
    pub subject: String,
    /// The column of values; empty where one is missing.
    #[serde(default = "value_column")]
    pub value: String,
    /// The unit of the values; `%` for shares of the base, and the attribute's base unit if left out.
    #[serde(default)]
    pub unit: Option<String>,
    /// Names in the file of our nodes or links, where they differ: by ours.
    #[serde(default)]
    pub mapping: BTreeMap<String, String>,
    /// What is between values.
    #[serde(default)]
    pub interpolation: ReplayInterpolation,
    /// Time after which it begins anew; never if left out.
    #[serde(default)]
    pub period: Option<Duration>,
    /// What counts where a value is missing.
    #[serde(default)]
    pub missing: ReplayMissing,
}

/// A wave over the day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaveSpec {
    /// Greatest distance from the base, as a share of it; negative to be lowest at the peak.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub amplitude: f64,
    /// The period.
    #[serde(default = "a_day")]
    pub period: Duration,
    /// When in the period it is greatest.
    #[serde(default)]
    pub peak: Duration,
}

fn a_day() -> Duration {
    Duration::from_secs(86_400.0)
}

/// Traffic from one wired node to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandSpec {
    /// Where it enters the network.
    pub from: String,
    /// Where it leaves it.
    pub to: String,
    /// How much.
    pub rate: DataRate,
}

/// A change and how much it weighs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeightedSpec {
    /// Its weight.
    #[schemars(range(min = 0.0))]
    pub weight: f64,
    /// The change.
    pub change: ChangeSpec,
}

/// A change and how long it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseSpec {
    /// How long; the last one lasts for ever unless all are repeated.
    pub lasts: Duration,
    /// The change.
    pub change: ChangeSpec,
}

/// When a conditional change counts: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConditionSpec {
    /// Where the present value is above this.
    pub above: Option<AmountSpec>,
    /// Where the present value is below this.
    pub below: Option<AmountSpec>,
    /// From one time of each period to another one.
    pub during: Option<WindowSpec>,
    /// The period of `during`.
    pub period: Option<Duration>,
}

/// How something changes. Factors are factors of the base, never of what was there before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChangeSpec {
    /// Failure: each node or link, or each group, fails and is repaired with a probability at each instant.
    AvailabilityFlap {
        /// Probability of a failure at an instant.
        p_fail: Ratio,
        /// Probability of a repair at an instant.
        p_repair: Ratio,
    },
    /// Failure: groups of nodes, as `group_by` says, fail and are repaired together.
    CorrelatedFailure {
        /// Probability that a group fails at an instant.
        p_fail: Ratio,
        /// Probability that a group is repaired at an instant.
        p_repair: Ratio,
    },
    /// Failure: at each instant some of those that work are killed at random; for a time, or until restored.
    Kill {
        /// How many at an instant; give this or `share`.
        #[serde(default)]
        count: Option<u32>,
        /// Which share of all at an instant.
        #[serde(default)]
        share: Option<Ratio>,
        /// How long they are gone; until a `restore` if left out.
        #[serde(default)]
        lasts: Option<Duration>,
    },
    /// Failure: all selected are gone together from each instant on.
    Outage {
        /// How long; for ever if left out.
        #[serde(default)]
        lasts: Option<Duration>,
        /// Share of the base that is left.
        #[serde(default)]
        to: Ratio,
    },
    /// Failure: the links between groups of nodes are cut, so that each group is alone. It selects its links by itself.
    NetworkPartition {
        /// The groups; one group is parted from all other nodes.
        #[schemars(length(min = 1))]
        groups: Vec<Names>,
        /// How long; for ever if left out.
        #[serde(default)]
        lasts: Option<Duration>,
    },
    /// Failure: now and then the value is a multiple of the base for a time.
    LatencySpike {
        /// Probability at an instant, unless there is one.
        p: Ratio,
        /// The multiple.
        #[schemars(range(min = 0.0))]
        factor: f64,
        /// How long it lasts.
        lasts: Draw<Duration>,
    },
    /// Failure: now and then only a share of the base is left, and with a probability an instant it is over.
    Brownout {
        /// Probability at an instant that it begins.
        p: Ratio,
        /// Probability at an instant that it ends.
        p_end: Ratio,
        /// Share of the base that is left.
        to: Ratio,
    },
    /// Failure: now and then something else uses a resource up for a time.
    ResourceExhaustion {
        /// Probability at an instant, unless it is used up.
        p: Ratio,
        /// Share of the base that is left.
        #[serde(default)]
        to: Ratio,
        /// How long it lasts.
        lasts: Draw<Duration>,
    },
    /// Degrade: a share less at each instant.
    Reduce {
        /// Share of what is left.
        by: Ratio,
        /// Least share of the base.
        #[serde(default)]
        floor: Ratio,
    },
    /// Degrade: a share more at each instant.
    Increase {
        /// Share of what there is.
        by: Ratio,
        /// Greatest multiple of the base; none if left out.
        #[serde(default)]
        #[schemars(range(min = 1.0))]
        ceiling: Option<f64>,
    },
    /// Degrade: from the first instant on a multiple of the base.
    Scale {
        /// The multiple.
        #[schemars(range(min = 0.0))]
        factor: f64,
    },
    /// Degrade: from the first instant on this value, in place of the base.
    SetValue {
        /// The value.
        value: AmountSpec,
    },
    /// Degrade: in a straight line from the base at the first instant to a multiple of it.
    RampTo {
        /// The multiple.
        #[schemars(range(min = 0.0))]
        to: f64,
        /// How long it takes.
        over: Duration,
    },
    /// Degrade: exponentially from the base at the first instant towards a multiple of it.
    Decay {
        /// The multiple.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        to: f64,
        /// Time in which the distance falls to 37 %.
        time_constant: Duration,
    },
    /// Degrade: undoes what other perturbations have done to the same nodes or links, which begin anew.
    Restore {
        /// The name of the perturbation; all others if left out.
        #[serde(default)]
        of: Option<String>,
    },
    /// Noise: uniform around the base, anew at each instant.
    AdditiveJitter {
        /// Greatest distance.
        amplitude: AmountSpec,
    },
    /// Noise: normal around the base, anew at each instant.
    GaussianJitter {
        /// Standard deviation.
        standard_deviation: AmountSpec,
    },
    /// Noise: a random walk around the base that is reflected at a bound.
    BoundedRandomWalk {
        /// Greatest distance from the base.
        bound: AmountSpec,
        /// Standard deviation of a step, as a share of the bound.
        step: Ratio,
        /// Share of the way back to the base at each instant.
        #[serde(default)]
        reversion: Ratio,
    },
    /// Noise: a walk around the base with a velocity, which overshoots.
    MomentumWalk {
        /// Standard deviation in the long run.
        standard_deviation: AmountSpec,
        /// Share of the velocity that is kept at an instant.
        #[serde(default = "default_damping")]
        damping: Ratio,
        /// Share of the way back that is added to the velocity at an instant.
        #[serde(default = "default_pull")]
        pull: Ratio,
    },
    /// Noise: an Ornstein-Uhlenbeck process around the base, correlated in time and, if wanted, with each other.
    CorrelatedNoise {
        /// Standard deviation.
        standard_deviation: AmountSpec,
        /// Time in which the correlation falls to 37 %.
        time_constant: Duration,
        /// Correlation of any two of the nodes or links.
        #[serde(default)]
        common: Ratio,
    },
    /// Noise: a wave around the base.
    Seasonal {
        /// Greatest distance from the base, as a share of it.
        #[schemars(range(min = -1.0, max = 1.0))]
        amplitude: f64,
        /// The period.
        period: Duration,
        /// When in the period it is greatest.
        #[serde(default)]
        peak: Duration,
        /// Whether each has a peak of its own, drawn once.
        #[serde(default)]
        random_phases: bool,
    },
    /// Noise: at each instant a share of the base with a probability, until the next one.
    Dropout {
        /// The probability.
        p: Ratio,
        /// Share of the base that is left.
        #[serde(default)]
        to: Ratio,
    },
    /// Noise: impulses that are added with a probability and fade away.
    Impulse {
        /// Probability at an instant.
        p: Ratio,
        /// Height of an impulse; below zero downwards.
        amplitude: AmountSpec,
        /// Time in which it falls to 37 %.
        time_constant: Duration,
    },
    /// A factor drawn from a distribution, anew at each instant.
    Distribution {
        /// The distribution of the factor.
        factor: Draw<f64>,
    },
    /// Values of a file in place of the base.
    Replay(ReplaySpec),
    /// Load: a wave over the day, exactly periodic.
    DiurnalLoad(WaveSpec),
    /// Load: Poisson arrivals that each take something for an exponential time.
    ArrivalProcess {
        /// Mean time between arrivals at each node or link.
        mean_interval: Duration,
        /// Mean time that each stays.
        mean_stay: Duration,
        /// What each takes.
        takes: AmountSpec,
    },
    /// Load: traffic between nodes that takes bandwidth of the links on its routes.
    TrafficMatrix {
        /// The traffic.
        #[schemars(length(min = 1))]
        demands: Vec<DemandSpec>,
        /// How it varies.
        #[serde(default)]
        profile: Option<WaveSpec>,
    },
    /// Topology: each leaves after a time and comes back after another one, at exact instants.
    Churn {
        /// Time from the start or a return to leaving.
        stays: Draw<Duration>,
        /// Time from leaving to the return.
        away: Draw<Duration>,
    },
    /// Topology: a fixed number of those selected is there at a time, and they take turns at random.
    Rewire {
        /// Share that is there.
        active: Ratio,
        /// Probability at an instant that one gives its place to another one.
        p: Ratio,
    },
    /// Composition: all at once; factors multiply, offsets add, the last value set counts.
    AllOf {
        /// The changes.
        #[schemars(length(min = 1))]
        changes: Vec<ChangeSpec>,
    },
    /// Composition: at each instant one of them, each with the same probability.
    OneOf {
        /// The changes.
        #[schemars(length(min = 1))]
        changes: Vec<ChangeSpec>,
    },
    /// Composition: at each instant one of them, by weight.
    WeightedChoice {
        /// The changes.
        #[schemars(length(min = 1))]
        choices: Vec<WeightedSpec>,
    },
    /// Composition: one after the other.
    Chain {
        /// The changes.
        #[schemars(length(min = 1))]
        phases: Vec<PhaseSpec>,
        /// Whether it begins anew after the last one.
        #[serde(default)]
        repeat: bool,
    },
    /// Composition: one where a condition holds, another one or none elsewhere.
    Conditional {
        /// The condition.
        when: ConditionSpec,
        /// What changes where it holds.
        then: Box<ChangeSpec>,
        /// What changes where it does not.
        #[serde(default)]
        otherwise: Option<Box<ChangeSpec>>,
    },
}

fn default_damping() -> Ratio {
    Ratio::from_fraction(0.8)
}

fn default_pull() -> Ratio {
    Ratio::from_fraction(0.05)
}

/// A perturbation: what it selects, what of it changes, when and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DynamicsSpec {
    /// Its name, by which its random numbers are drawn; by its place in the list if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Nodes or classes of nodes.
    #[serde(default)]
    pub nodes: Option<Names>,
    /// All nodes of these tiers.
    #[serde(default)]
    pub tiers: Vec<TierName>,
    /// Links by name; `*` and `?` stand for any letters, or one.
    #[serde(default)]
    pub links: Option<Names>,
    /// All links between a node of the first and a node of the second.
    #[serde(default)]
    pub between: Option<(Names, Names)>,
    /// Access points whose radios are meant.
    #[serde(default)]
    pub cells: Option<Names>,
    /// Share of the selected ones that is changed, drawn once.
    #[serde(default = "certain")]
    pub share: Ratio,
    /// Which nodes are struck together, by changes that strike groups.
    #[serde(default)]
    pub group_by: Option<GroupBy>,
    /// What of them is changed.
    pub attribute: AttributeSpec,
    /// When.
    #[serde(default)]
    pub schedule: ScheduleSpec,
    /// How.
    pub change: ChangeSpec,
    /// Least value.
    #[serde(default)]
    pub min: Option<AmountSpec>,
    /// Greatest value.
    #[serde(default)]
    pub max: Option<AmountSpec>,
}
