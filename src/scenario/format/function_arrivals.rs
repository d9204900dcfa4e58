//! When requests of functions arrive.

use super::functions::{ByStream, IntervalSpec};
use crate::scenario::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How requests lie within a step of a rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WithinSpec {
    /// As a Poisson process.
    #[default]
    Poisson,
    /// As many as the rate says, at times that are uniform within the step.
    Uniform,
    /// At equal distances while the rate stays the same.
    Equidistant,
    /// With gaps of a gamma distribution.
    Gamma {
        /// Coefficient of variation of the gaps, above 0; 1 is a Poisson process.
        #[schemars(range(min = 0.0))]
        cv: f64,
    },
    /// As a Poisson process whose rate is modulated by states that follow each other in a cycle.
    Mmpp {
        /// Factor of the rate in each state; 1 in the mean over time.
        #[schemars(length(min = 1))]
        multipliers: Vec<f64>,
        /// Mean time in each state, drawn from an exponential distribution.
        #[schemars(length(min = 1))]
        stay: Vec<Duration>,
    },
}

/// What rates are after their last step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterName {
    /// They stay as they are in the last step.
    #[default]
    Hold,
    /// They begin anew.
    Repeat,
    /// There are no more requests.
    Stop,
}

/// A number, or one that is drawn for each function at each node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum NumberOrInterval {
    /// Always the same.
    One(f64),
    /// Drawn.
    Drawn(IntervalSpec),
}

/// Which of the loads that would fill nodes up is taken for a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaturationName {
    /// Their mean over nodes.
    #[default]
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The least for functions with even numbers, the greatest for the others.
    MinMax,
}

/// How service times of an instance are drawn around its mean ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceName {
    /// From an exponential distribution.
    #[default]
    Exponential,
    /// They are what the instance says.
    Constant,
}

/// At which nodes requests of a trace enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpreadName {
    /// All functions of an application at one node, drawn by chance.
    #[default]
    ByApplication,
    /// Those of each function at all nodes alike.
    Even,
}

/// When requests arrive at nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FunctionArrivalsSpec {
    /// At the same rate all the time.
    Constant {
        /// Requests per second of each function at each node.
        rate: ByStream,
        /// How they lie in time.
        #[serde(default)]
        within: WithinSpec,
    },
    /// At rates of a file.
    Rates {
        /// CSV with the columns `t_s`, `node`, `function` and `rps`, in equal steps, relative to the scenario.
        file: String,
        /// How requests lie within a step.
        #[serde(default)]
        within: WithinSpec,
        /// What rates are after the last step.
        #[serde(default)]
        after: AfterName,
    },
    /// At rates that swing by chance, cut off at bounds.
    Clipped {
        /// Lower bound of each function at each node, in requests per second.
        min: NumberOrInterval,
        /// Upper bound.
        max: NumberOrInterval,
        /// Length of a step; the epoch if left out.
        #[serde(default)]
        step: Option<Duration>,
        /// Number of steps; enough for the run if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        steps: Option<u32>,
        /// How requests lie within a step.
        #[serde(default)]
        within: WithinSpec,
        /// What rates are after the last step.
        #[serde(default)]
        after: AfterName,
    },
    /// At rates that swing by chance between two bounds.
    Sinusoidal {
        /// Lower bound of each function at each node, in requests per second.
        min: NumberOrInterval,
        /// Upper bound.
        max: NumberOrInterval,
        /// Length of a step; the epoch if left out.
        #[serde(default)]
        step: Option<Duration>,
        /// Number of steps; enough for the run if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        steps: Option<u32>,
        /// How requests lie within a step.
        #[serde(default)]
        within: WithinSpec,
        /// What rates are after the last step.
        #[serde(default)]
        after: AfterName,
    },
    /// At rates that swing by chance, with the same sum over nodes at all times.
    FixedSum {
        /// The sum for each function, in requests per second; what would fill nodes up if they shared their memory out
        /// equally among the functions if left out.
        #[serde(default)]
        sums: Option<Vec<f64>>,
        /// Which of these loads it is then.
        #[serde(default)]
        saturation: SaturationName,
        /// Length of a step; the epoch if left out.
        #[serde(default)]
        step: Option<Duration>,
        /// Number of steps; enough for the run if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        steps: Option<u32>,
        /// How requests lie within a step.
        #[serde(default)]
        within: WithinSpec,
        /// What rates are after the last step.
        #[serde(default)]
        after: AfterName,
    },
    /// At rates of an instance of the problem, which also has the memory of nodes and functions, service times, weights
    /// and neighbours.
    Instance {
        /// A file of ours, a configuration with `limits`, or a folder of the published implementation.
        file: String,
        /// Seed of a configuration; that which stands in it if left out.
        #[serde(default)]
        seed: Option<u64>,
        /// Length of a step; the epoch if left out.
        #[serde(default)]
        step: Option<Duration>,
        /// How service times are drawn.
        #[serde(default)]
        service: ServiceName,
        /// How requests lie within a step.
        #[serde(default)]
        within: WithinSpec,
        /// What rates are after the last step.
        #[serde(default)]
        after: AfterName,
    },
    /// At the rates of the Azure Functions Trace 2019. Its functions take the place of those of the workload, which lend
    /// them in turn what the trace does not say.
    #[serde(rename = "azure_2019")]
    Azure2019 {
        /// The folder of its files, relative to the scenario.
        path: String,
        /// The start of the window, from that of the trace.
        #[serde(default)]
        from: Duration,
        /// The end of the window; that of the run if left out.
        #[serde(default)]
        until: Option<Duration>,
        /// Which part of the functions is taken, by chance; all if left out.
        #[serde(default)]
        sample: Option<Ratio>,
        /// How many of these, those with most requests first; all if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        top: Option<u32>,
        /// What starts the functions that are taken; anything if left out.
        #[serde(default)]
        triggers: Option<Vec<String>>,
        /// At which nodes requests enter.
        #[serde(default)]
        spread: SpreadName,
        /// How requests lie within a minute; `uniform` makes them as many as in the trace.
        #[serde(default = "uniform")]
        within: WithinSpec,
        /// What rates are after the window.
        #[serde(default)]
        after: AfterName,
    },
    /// The requests of the Azure Functions Invocation Trace 2021. Its functions take the place of those of the workload,
    /// which lend them in turn what the trace does not say.
    #[serde(rename = "azure_2021")]
    Azure2021 {
        /// Its file, or the folder with it, relative to the scenario.
        path: String,
        /// The start of the window, from that of the trace.
        #[serde(default)]
        from: Duration,
        /// The end of the window; that of the run if left out.
        #[serde(default)]
        until: Option<Duration>,
        /// Which part of the functions is taken, by chance; all if left out.
        #[serde(default)]
        sample: Option<Ratio>,
        /// How many of these, those with most requests first; all if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        top: Option<u32>,
        /// At which nodes requests enter.
        #[serde(default)]
        spread: SpreadName,
    },
}

fn uniform() -> WithinSpec {
    WithinSpec::Uniform
}
