//! The configuration, as it is published.

use super::super::error::FunctionsError;
use super::draw::Draw;
use crate::engine::Stream;
use rand::RngExt;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

fn one() -> usize {
    1
}

/// The configuration of an experiment. Keys for solvers and output are not read.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) seed: u64,
    #[serde(default = "one")]
    pub(super) max_steps: usize,
    #[serde(default)]
    pub(super) min_run_time: usize,
    #[serde(default)]
    pub(super) max_run_time: Option<usize>,
    #[serde(default = "one")]
    pub(super) run_time_step: usize,
    pub(super) limits: Limits,
}

/// Whether an instance is drawn or read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum InstanceType {
    #[default]
    #[serde(alias = "random", alias = "generate", alias = "generate_new")]
    Drawn,
    LoadExisting,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    #[serde(rename = "Nn")]
    pub(super) nodes: Option<Count>,
    #[serde(rename = "Nf")]
    pub(super) functions: Option<Count>,
    pub(super) neighborhood: Option<Neighborhood>,
    pub(super) demand: Option<Demand>,
    pub(super) memory_requirement: Option<Memory>,
    pub(super) memory_capacity: Option<Memory>,
    pub(super) max_utilization: Option<Draw>,
    pub(super) load: Option<Load>,
    pub(super) weights: Option<Weights>,
    #[serde(default)]
    pub(super) instance_type: InstanceType,
    pub(super) path: Option<String>,
}

/// A number of nodes or functions: an interval, or values to loop over.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    min: Option<usize>,
    max: Option<usize>,
    step: Option<usize>,
    values: Option<Vec<usize>>,
}

impl Count {
    pub(super) fn of(value: usize) -> Count {
        Count { min: Some(value), max: Some(value), step: None, values: None }
    }

    fn check(&self, place: &str) -> Result<(), FunctionsError> {
        let most = super::super::instance::MAX_INSTANCE_SIZE;
        let allowed = format!("from 1 to {most}");
        let given = [(".min", self.min), (".max", self.max)];
        for (key, value) in given.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            if !(1..=most).contains(&value) {
                return Err(FunctionsError::range(format!("{place}{key}"), value, allowed));
            }
        }
        for (index, &value) in self.values.iter().flatten().enumerate() {
            if !(1..=most).contains(&value) {
                return Err(FunctionsError::range(format!("{place}.values[{index}]"), value, allowed));
            }
        }
        if self.step == Some(0) {
            return Err(FunctionsError::range(format!("{place}.step"), 0, "at least 1"));
        }
        match (self.min, self.max, &self.values) {
            (Some(min), Some(max), _) if min > max => {
                let allowed = format!("at most {place}.max, which is {max}");
                Err(FunctionsError::range(format!("{place}.min"), min, allowed))
            }
            (Some(_), Some(_), _) => Ok(()),
            (_, _, Some(values)) if !values.is_empty() => Ok(()),
            _ => Err(FunctionsError::format(place, "give min and max, or values")),
        }
    }

    /// What is looped over.
    pub(super) fn values(&self) -> Vec<usize> {
        match (&self.values, self.min, self.max) {
            (Some(values), _, _) => values.clone(),
            (None, Some(min), Some(max)) => (min..=max).step_by(self.step.unwrap_or(1).max(1)).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn drawn(&self, place: &str, stream: &mut Stream) -> Result<usize, FunctionsError> {
        match (self.min, self.max, self.values.as_deref()) {
            (Some(min), Some(max), _) => Ok(stream.random_range(min..=max)),
            (_, _, Some([only])) => Ok(*only),
            _ => Err(FunctionsError::format(
                place,
                "there are several values; loop over them, or give min and max",
            )),
        }
    }
}

/// Who are neighbours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Neighborhood {
    pub(super) p: Option<f64>,
    pub(super) k: Option<usize>,
    pub(super) m: Option<usize>,
    pub(super) shape: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum DemandType {
    #[default]
    Homogeneous,
    Heterogeneous,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Demand {
    #[serde(rename = "type", alias = "demand_type", default)]
    pub(super) kind: DemandType,
    /// By memory of a node in MB: times are divided by it.
    #[serde(default, deserialize_with = "factors")]
    pub(super) speedup_factors: Option<BTreeMap<u64, f64>>,
    #[serde(flatten)]
    pub(super) values: Draw,
}

fn factors<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<BTreeMap<u64, f64>>, D::Error> {
    use serde::de::Error;
    let named: Option<BTreeMap<String, f64>> = Option::deserialize(reader)?;
    let Some(named) = named else { return Ok(None) };
    let read = |(name, factor): (String, f64)| {
        let memory = name.parse::<u64>().map_err(|_| {
            D::Error::custom(format!("{name:?} is not a memory in MB, such as \"4096\""))
        })?;
        if factor.is_finite() && factor > 0.0 {
            Ok((memory, factor))
        } else {
            Err(D::Error::custom(format!("the factor of {memory} MB is {factor}; it must be above 0")))
        }
    };
    named.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// Memories: values, some of several, an interval, or classes of nodes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    pub(super) values: Option<Vec<u64>>,
    pub(super) values_from: Option<Vec<u64>>,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    /// Parts of the nodes, and what each node of the part has.
    pub(super) repeated_values: Option<Vec<(f64, u64)>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Load {
    pub(super) trace_type: String,
    pub(super) min: Option<Draw>,
    pub(super) max: Option<Draw>,
    pub(super) values: Option<serde_json::Value>,
    pub(super) path: Option<String>,
}

/// The weights of the objective, by ratios or by times.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weights {
    pub(super) alpha: Option<Draw>,
    pub(super) beta: Option<Draw>,
    pub(super) beta_multiplier: Option<Draw>,
    pub(super) gamma: Option<Draw>,
    pub(super) delta_multiplier: Option<Draw>,
    #[serde(rename = "type", default)]
    pub(super) kind: DemandType,
    pub(super) initialization_time: Option<Draw>,
    pub(super) input_data: Option<InputData>,
    pub(super) edge_network_latency: Option<Draw>,
    pub(super) cloud_network_latency: Option<Draw>,
    pub(super) edge_bandwidth: Option<Draw>,
    pub(super) cloud_bandwidth: Option<Draw>,
}

/// Sizes from a truncated normal distribution.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputData {
    pub(super) avg: f64,
    pub(super) std: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Config {
    /// Refuses what is out of range wherever it is.
    pub(super) fn check(&self) -> Result<(), FunctionsError> {
        for (key, value) in [("max_steps", self.max_steps), ("run_time_step", self.run_time_step)] {
            if !(1..=10_000_000).contains(&value) {
                return Err(FunctionsError::range(key, value, "from 1 to 10 million"));
            }
        }
        if let Some(last) = self.max_run_time.filter(|last| *last < self.min_run_time) {
            let allowed = format!("at most max_run_time, which is {last}");
            return Err(FunctionsError::range("min_run_time", self.min_run_time, allowed));
        }
        let limits = &self.limits;
        for (key, count) in [("limits.Nn", &limits.nodes), ("limits.Nf", &limits.functions)] {
            if let Some(count) = count {
                count.check(key)?;
            }
        }
        let draws = [
            ("demand", limits.demand.as_ref().map(|demand| &demand.values)),
            ("max_utilization", limits.max_utilization.as_ref()),
        ];
        for (key, draw) in draws {
            if let Some(draw) = draw {
                draw.check(&format!("limits.{key}"))?;
            }
        }
        if let Some(weights) = &limits.weights {
            for (key, draw) in weights.draws() {
                draw.check(&format!("limits.weights.{key}"))?;
            }
        }
        for (key, memory) in [
            ("limits.memory_requirement", &limits.memory_requirement),
            ("limits.memory_capacity", &limits.memory_capacity),
        ] {
            if let Some(memory) = memory {
                super::draw::check_memory(key, memory)?;
            }
        }
        if let Some(load) = &limits.load {
            super::loads::check(load)?;
        }
        Ok(())
    }
}

impl Weights {
    fn draws(&self) -> impl Iterator<Item = (&'static str, &Draw)> {
        [
            ("alpha", &self.alpha),
            ("beta", &self.beta),
            ("beta_multiplier", &self.beta_multiplier),
            ("gamma", &self.gamma),
            ("delta_multiplier", &self.delta_multiplier),
            ("initialization_time", &self.initialization_time),
            ("edge_network_latency", &self.edge_network_latency),
            ("cloud_network_latency", &self.cloud_network_latency),
            ("edge_bandwidth", &self.edge_bandwidth),
            ("cloud_bandwidth", &self.cloud_bandwidth),
        ]
        .into_iter()
        .filter_map(|(key, draw)| Some((key, draw.as_ref()?)))
    }
}
