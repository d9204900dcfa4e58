//! Instances drawn as the published configuration says.

mod draw;
mod graph;
mod limits;
mod loads;
mod weights;

use super::error::FunctionsError;
use super::instance::{Instance, InstanceParts};
use super::published::read_published;
use super::series::{InstanceSeries, LoadStep, parse, read_text, rows};
use crate::engine::RandomStreams;
use draw::memories;
use limits::{Config, Count, DemandType, InstanceType, Limits};
use std::path::{Path, PathBuf};

/// Draws instances from the configuration of the published implementation: its `limits`, with `seed`, `max_steps`,
/// `min_run_time`, `max_run_time` and `run_time_step` beside them. What else is at the top is for its solvers, and not read.
///
/// Draws are uniform; real numbers are rounded to three digits after the point, whole ones include both ends. They come from
/// named streams of ours, one for each part, so that a change of one part leaves the others; the numbers that NumPy would
/// draw are not reproduced.
///
/// ```
/// use stratosim::placement::functions::InstanceGenerator;
/// let generator = InstanceGenerator::from_json(
///     r#"{"max_steps": 5, "limits": {
///         "Nn": {"min": 10, "max": 10}, "Nf": {"min": 2, "max": 2}, "neighborhood": {"k": 3},
///         "demand": {"values": [1.0, 1.2]}, "memory_capacity": {"min": 12, "max": 12},
///         "memory_requirement": {"values": [2, 3]}, "max_utilization": {"min": 0.65, "max": 0.75},
///         "load": {"trace_type": "fixed_sum", "values": ["auto"]},
///         "weights": {"alpha": {"min": 1.0, "max": 1.5}, "beta_multiplier": {"min": 0.7, "max": 0.9},
///                     "gamma": {"min": 0.05, "max": 0.15}, "delta_multiplier": {"min": 0.1, "max": 0.2}}}}"#,
///     "",
/// )?;
/// let drawn = generator.generate(4850)?;
/// assert_eq!((drawn.series.instance.arcs(), drawn.series.steps.len()), (30, 5));
/// # Ok::<(), stratosim::placement::functions::FunctionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct InstanceGenerator {
    config: Config,
    folder: PathBuf,
}

/// What has been drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The instance and its loads.
    pub series: InstanceSeries,
    /// What is worth knowing about it, such as that the neighbourhood falls into parts.
    pub notes: Vec<String>,
}

fn missing(key: &str) -> FunctionsError {
    FunctionsError::format(format!("limits.{key}"), "missing")
}

impl InstanceGenerator {
    /// Reads the text of a configuration, whole or its `limits` only; `file` is its name for messages, and may be empty.
    ///
    /// # Errors
    /// If it is not of that form, or a value is out of range, such as a minimum above its maximum.
    pub fn from_json(text: &str, file: &str) -> Result<Self, FunctionsError> {
        let value: serde_json::Value = parse(text, file)?;
        let config: Config = if value.get("limits").is_some() {
            parse(text, file)?
        } else {
            Config::of_limits(parse(text, file)?)
        };
        config.check()?;
        Ok(InstanceGenerator { config, folder: PathBuf::new() })
    }

    /// Reads a configuration from a file; folders in it are looked for beside it.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), and if the file cannot be read.
    pub fn open(path: &Path) -> Result<Self, FunctionsError> {
        let mut generator = Self::from_json(&read_text(path)?, &path.display().to_string())?;
        generator.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(generator)
    }

    /// The seed of the configuration; 0 if it has none.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.config.seed
    }

    /// The values of `Nn` or `Nf` that experiments are looped over: a list, or an interval with a step.
    ///
    /// # Errors
    /// If it is neither of these names, or it is missing.
    pub fn values_of(&self, key: &str) -> Result<Vec<usize>, FunctionsError> {
        let count = match key {
            "Nn" => &self.config.limits.nodes,
            "Nf" => &self.config.limits.functions,
            _ => return Err(FunctionsError::unknown("loop_over", "key", key, &["Nn", "Nf"])),
        };
        Ok(count.as_ref().ok_or_else(|| missing(key))?.values())
    }

    /// The same with a fixed number of nodes (`Nn`) or functions (`Nf`).
    ///
    /// # Errors
    /// If it is neither of these names.
    pub fn with(&self, key: &str, value: usize) -> Result<Self, FunctionsError> {
        let mut other = self.clone();
        let count = match key {
            "Nn" => &mut other.config.limits.nodes,
            "Nf" => &mut other.config.limits.functions,
            _ => return Err(FunctionsError::unknown("loop_over", "key", key, &["Nn", "Nf"])),
        };
        *count = Some(Count::of(value));
        other.config.check()?;
        Ok(other)
    }

    /// Draws an instance.
    ///
    /// # Errors
    /// If a list does not have one value a node or function, a function fits nowhere, a neighbourhood cannot be drawn, or a
    /// folder that is named cannot be read.
    pub fn generate(&self, seed: u64) -> Result<Generated, FunctionsError> {
        let limits = &self.config.limits;
        let streams = RandomStreams::new(seed);
        let base = match (&limits.instance_type, &limits.path) {
            (InstanceType::Drawn, _) => None,
            (InstanceType::LoadExisting, Some(path)) => Some(read_published(&self.folder.join(path))?),
            (InstanceType::LoadExisting, None) => return Err(missing("path")),
        };
        let known = base.as_ref().map(|series| &series.instance);
        let nodes = self.count("Nn", &limits.nodes, known.map(Instance::nodes), &streams)?;
        let functions = self.count("Nf", &limits.functions, known.map(Instance::functions), &streams)?;
        if let Some(known) = known
            && (known.nodes(), known.functions()) != (nodes, functions)
        {
            let found = format!("{nodes} nodes and {functions} functions");
            let allowed = format!(
                "{} and {}, as the instance at limits.path has",
                known.nodes(),
                known.functions()
            );
            return Err(FunctionsError::range("limits.Nn, limits.Nf", found, allowed));
        }
        let mut notes = Vec::new();
        let links = match (&limits.neighborhood, known) {
            (Some(own), _) => graph::neighbours(own, nodes, &streams)?,
            (None, Some(known)) => known_edges(known),
            (None, None) => return Err(missing("neighborhood")),
        };
        let memory_capacity_mb = match (&limits.memory_capacity, known) {
            (Some(own), _) => memories("memory_capacity", own, nodes, &streams)?,
            (None, Some(known)) => (0..nodes).map(|node| known.memory_capacity_mb(node)).collect(),
            (None, None) => return Err(missing("memory_capacity")),
        };
        let memory_requirement_mb = match (&limits.memory_requirement, known) {
            (Some(own), _) => memories("memory_requirement", own, functions, &streams)?,
            (None, Some(known)) => (0..functions).map(|f| known.memory_requirement_mb(f)).collect(),
            (None, None) => return Err(missing("memory_requirement")),
        };
        let demand_s = self.demand(nodes, functions, &memory_capacity_mb, known, &streams)?;
        let max_utilisation = match (&limits.max_utilization, known) {
            (Some(own), _) => {
                let mut stream = streams.stream("functions/instance/max_utilization");
                own.drawn("limits.max_utilization", functions, &mut stream)?
            }
            (None, Some(known)) => (0..functions).map(|f| known.max_utilisation(f)).collect(),
            (None, None) => return Err(missing("max_utilization")),
        };
        let weights = match (&limits.weights, known) {
            (Some(own), _) => weights::drawn(own, nodes, functions, &streams)?,
            (None, Some(known)) => weights::known(known),
            (None, None) => return Err(missing("weights")),
        };
        let parts = InstanceParts {
            memory_capacity_mb,
            memory_requirement_mb,
            max_utilisation,
            demand_s,
            edges: links,
            alpha: weights.alpha,
            gamma: weights.gamma,
            delta: weights.delta,
            load_rps: vec![vec![0.0; functions]; nodes],
            ..InstanceParts::default()
        };
        let beta = &weights.beta;
        let instance = Instance::new(parts, |n, m, f| beta.of(n, m, f))
            .map_err(|error| super::series::within("limits", error))?;
        instance.check_functions_fit().map_err(|error| super::series::within("limits", error))?;
        let components = instance.components();
        if components > 1 {
            notes.push(format!(
                "limits.neighborhood: the nodes fall into {components} parts without edges between them"
            ));
        }
        let steps = self.steps(&instance, base.as_ref(), &streams, &mut notes)?;
        Ok(Generated { series: InstanceSeries::new(instance, steps)?, notes })
    }

    fn count(
        &self,
        key: &str,
        count: &Option<Count>,
        known: Option<usize>,
        streams: &RandomStreams,
    ) -> Result<usize, FunctionsError> {
        match (count, known) {
            (Some(count), _) => {
                let mut stream = streams.stream(&format!("functions/instance/{key}"));
                count.drawn(&format!("limits.{key}"), &mut stream)
            }
            (None, Some(known)) => Ok(known),
            (None, None) => Err(missing(key)),
        }
    }

    fn demand(
        &self,
        nodes: usize,
        functions: usize,
        memory_mb: &[u64],
        known: Option<&Instance>,
        streams: &RandomStreams,
    ) -> Result<Vec<Vec<f64>>, FunctionsError> {
        let Some(demand) = &self.config.limits.demand else {
            let known = known.ok_or_else(|| missing("demand"))?;
            return Ok(rows(known, |s| known.demand_s(s)));
        };
        let mut stream = streams.stream("functions/instance/demand");
        let place = "limits.demand";
        let mut table = match demand.kind {
            DemandType::Homogeneous => {
                vec![demand.values.drawn(place, functions, &mut stream)?; nodes]
            }
            DemandType::Heterogeneous => (0..nodes)
                .map(|_| demand.values.drawn(place, functions, &mut stream))
                .collect::<Result<_, _>>()?,
        };
        if let Some(factors) = &demand.speedup_factors {
            for (node, own) in table.iter_mut().enumerate() {
                let memory = memory_mb[node];
                let Some(factor) = factors.get(&memory) else {
                    let place = format!("{place}.speedup_factors");
                    let problem = format!("there is no factor for nodes with {memory} MB");
                    return Err(FunctionsError::format(place, problem));
                };
                own.iter_mut().for_each(|value| *value /= factor);
            }
        }
        Ok(table)
    }

    /// The periods that are asked for.
    fn steps(
        &self,
        instance: &Instance,
        base: Option<&InstanceSeries>,
        streams: &RandomStreams,
        notes: &mut Vec<String>,
    ) -> Result<Vec<LoadStep>, FunctionsError> {
        let all = match (&self.config.limits.load, base) {
            (Some(load), _) => {
                loads::traces(load, instance, self.config.max_steps, &self.folder, streams, notes)?
            }
            (None, Some(base)) => base.steps.clone(),
            (None, None) => return Err(missing("load")),
        };
        let last = self.config.max_run_time.unwrap_or(self.config.max_steps);
        let first = self.config.min_run_time;
        // An interval of one moment stands for that moment.
        let last = last.max(first + 1).min(all.len());
        let chosen: Vec<LoadStep> =
            all.into_iter().take(last).skip(first).step_by(self.config.run_time_step).collect();
        if chosen.is_empty() {
            let allowed = format!("below the number of steps, {last}");
            return Err(FunctionsError::range("min_run_time", first, allowed));
        }
        Ok(chosen)
    }
}

/// Loads over time as the generator draws them, for nodes and functions that are there already; `load` is what its
/// configuration has as `load`. Notes are added on what is worth knowing.
pub(crate) fn draw_loads(
    load: serde_json::Value,
    instance: &Instance,
    steps: usize,
    streams: &RandomStreams,
    notes: &mut Vec<String>,
) -> Result<Vec<LoadStep>, FunctionsError> {
    let load: limits::Load =
        serde_json::from_value(load).map_err(|error| FunctionsError::format("limits.load", error))?;
    loads::check(&load)?;
    loads::traces(&load, instance, steps, Path::new(""), streams, notes)
}

/// Pairs of neighbours as the generator draws them: so many of each node, or each pair with a probability.
pub(crate) fn random_neighbours(
    k: Option<usize>,
    p: Option<f64>,
    nodes: usize,
    streams: &RandomStreams,
) -> Result<Vec<[usize; 2]>, FunctionsError> {
    graph::neighbours(&limits::Neighborhood { p, k, m: None, shape: None }, nodes, streams)
}

fn known_edges(known: &Instance) -> Vec<[usize; 2]> {
    (0..known.arcs()).map(|arc| [known.arc_from(arc), known.arc_to(arc)]).collect()
}

/// The `limits` alone, as a configuration.
impl Config {
    fn of_limits(limits: Limits) -> Config {
        Config { seed: 0, max_steps: 1, min_run_time: 0, max_run_time: None, run_time_step: 1, limits }
    }
}
