//! Instances with the loads of several control periods, as JSON of our own.

use super::error::{FunctionsError, check_length};
use super::instance::{Instance, InstanceParts, Normalisation};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The loads of a control period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadStep {
    /// Its number.
    pub t: u64,
    /// Requests that enter per second, by stream.
    pub load_rps: Vec<f64>,
}

/// An instance with the loads of several control periods.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceSeries {
    /// Its name; may be empty.
    pub name: String,
    /// What it is about; may be empty.
    pub note: String,
    /// The instance, with the loads of the first period.
    pub instance: Instance,
    /// The periods, at least one.
    pub steps: Vec<LoadStep>,
}

/// The form of the file: lists by node `n` and function `f`, counted from 0.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesFile {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(rename = "Nn")]
    nodes: usize,
    #[serde(rename = "Nf")]
    functions: usize,
    memory_capacity: Vec<u64>,
    memory_requirement: Vec<u64>,
    max_utilization: Vec<f64>,
    demand: Vec<Vec<f64>>,
    edges: Vec<[usize; 2]>,
    alpha: Vec<Vec<f64>>,
    beta: Vec<Vec<Vec<f64>>>,
    gamma: Vec<Vec<f64>>,
    delta: Vec<Vec<f64>>,
    #[serde(default)]
    normalisation: Normalisation,
    steps: Vec<StepFile>,
    /// Results of others, which are not read.
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "allowed in the file, but not used")]
    reference: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFile {
    #[serde(default)]
    t: u64,
    /// Where the loads come from in a longer trace; not used.
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "allowed in the file, but not used")]
    source_t: Option<u64>,
    load: Vec<Vec<f64>>,
}

/// Values by stream as rows by node.
pub(super) fn rows(instance: &Instance, value: impl Fn(usize) -> f64) -> Vec<Vec<f64>> {
    let row = |node| (0..instance.functions()).map(|f| value(instance.stream(node, f))).collect();
    (0..instance.nodes()).map(row).collect()
}

/// Each pair of neighbours once.
fn edges(instance: &Instance) -> Vec<[usize; 2]> {
    let ends = |arc| [instance.arc_from(arc), instance.arc_to(arc)];
    (0..instance.arcs()).map(ends).filter(|[from, to]| from < to).collect()
}

pub(super) fn read_text(path: &Path) -> Result<String, FunctionsError> {
    std::fs::read_to_string(path).map_err(|error| FunctionsError::File {
        action: "read",
        path: path.display().to_string(),
        problem: error.to_string(),
    })
}

/// What text stands for, or what is wrong where.
pub(super) fn parse<'t, T: Deserialize<'t>>(text: &'t str, file: &str) -> Result<T, FunctionsError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let place = [file, &path].into_iter().filter(|part| !part.is_empty() && *part != ".");
        FunctionsError::format(place.collect::<Vec<_>>().join(": "), error.inner())
    })?;
    reader.end().map_err(|error| FunctionsError::format(file, error))?;
    Ok(value)
}

impl InstanceSeries {
    /// An instance with the loads of several periods, the first of which it is given.
    ///
    /// # Errors
    /// If there are no periods, or their loads are not those of streams of the instance.
    pub fn new(mut instance: Instance, steps: Vec<LoadStep>) -> Result<Self, FunctionsError> {
        let Some(first) = steps.first() else {
            return Err(FunctionsError::Length { place: "steps".into(), found: 0, needed: 1 });
        };
        for (index, step) in steps.iter().enumerate() {
            let mut tried = instance.clone();
            tried
                .set_loads(&step.load_rps)
                .map_err(|error| within(&format!("steps[{index}]"), error))?;
        }
        instance.set_loads(&first.load_rps)?;
        Ok(InstanceSeries { name: String::new(), note: String::new(), instance, steps })
    }

    /// The instance in a period.
    #[must_use]
    pub fn at(&self, step: usize) -> Option<Instance> {
        let mut instance = self.instance.clone();
        // The loads have been checked when the series was made.
        instance.set_loads(&self.steps.get(step)?.load_rps).ok()?;
        Some(instance)
    }

    /// Reads a series from the text of a file; `file` is its name for messages, and may be empty.
    ///
    /// # Errors
    /// If the text is not of this form, a value is out of range, or a function fits nowhere.
    pub fn from_json(text: &str, file: &str) -> Result<Self, FunctionsError> {
        let read: SeriesFile = parse(text, file)?;
        let name = read.id.clone();
        let note = read.note.clone();
        let mut series = Self::of_file(read).map_err(|error| within(file, error))?;
        (series.name, series.note) = (name, note);
        Ok(series)
    }

    fn of_file(read: SeriesFile) -> Result<Self, FunctionsError> {
        let (nodes, functions) = (read.nodes, read.functions);
        check_length(|| "memory_capacity".into(), read.memory_capacity.len(), nodes)?;
        check_length(|| "memory_requirement".into(), read.memory_requirement.len(), functions)?;
        check_length(|| "beta".into(), read.beta.len(), nodes)?;
        for (n, own) in read.beta.iter().enumerate() {
            check_length(|| format!("beta[{n}]"), own.len(), nodes)?;
            for (m, own) in own.iter().enumerate() {
                check_length(|| format!("beta[{n}][{m}]"), own.len(), functions)?;
            }
        }
        let mut steps = Vec::with_capacity(read.steps.len());
        for (index, step) in read.steps.into_iter().enumerate() {
            let place = format!("steps[{index}].load");
            check_length(|| place.clone(), step.load.len(), nodes)?;
            for (n, row) in step.load.iter().enumerate() {
                check_length(|| format!("{place}[{n}]"), row.len(), functions)?;
            }
            steps.push(LoadStep { t: step.t, load_rps: step.load.into_iter().flatten().collect() });
        }
        let beta = read.beta;
        let parts = InstanceParts {
            memory_capacity_mb: read.memory_capacity,
            memory_requirement_mb: read.memory_requirement,
            max_utilisation: read.max_utilization,
            demand_s: read.demand,
            edges: read.edges,
            alpha: read.alpha,
            gamma: read.gamma,
            delta: read.delta,
            load_rps: vec![vec![0.0; functions]; nodes],
            normalisation: read.normalisation,
        };
        let instance = Instance::new(parts, |n, m, f| beta[n][m][f])?;
        instance.check_functions_fit()?;
        InstanceSeries::new(instance, steps)
    }

    /// Reads a series from a file.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), and if the file cannot be read.
    pub fn open(path: &Path) -> Result<Self, FunctionsError> {
        Self::from_json(&read_text(path)?, &path.display().to_string())
    }

    /// The series as text, in a form that [`from_json`](Self::from_json) reads. Rewards of forwarding are 0 where nodes are
    /// no neighbours.
    #[must_use]
    pub fn to_json(&self) -> String {
        let instance = &self.instance;
        let (nodes, functions) = (instance.nodes(), instance.functions());
        let mut beta = vec![vec![vec![0.0; functions]; nodes]; nodes];
        for arc in 0..instance.arcs() {
            let own = &mut beta[instance.arc_from(arc)][instance.arc_to(arc)];
            own.iter_mut().enumerate().for_each(|(f, reward)| *reward = instance.beta(arc, f));
        }
        let file = SeriesFile {
            id: self.name.clone(),
            note: self.note.clone(),
            nodes,
            functions,
            memory_capacity: (0..nodes).map(|node| instance.memory_capacity_mb(node)).collect(),
            memory_requirement: (0..functions).map(|f| instance.memory_requirement_mb(f)).collect(),
            max_utilization: (0..functions).map(|f| instance.max_utilisation(f)).collect(),
            demand: rows(instance, |s| instance.demand_s(s)),
            edges: edges(instance),
            alpha: rows(instance, |s| instance.alpha(s)),
            beta,
            gamma: rows(instance, |s| instance.gamma(s)),
            delta: rows(instance, |s| instance.delta(s)),
            normalisation: instance.normalisation(),
            steps: self
                .steps
                .iter()
                .map(|step| StepFile {
                    t: step.t,
                    source_t: None,
                    load: rows(instance, |s| step.load_rps[s]),
                })
                .collect(),
            reference: serde_json::Value::Null,
        };
        // Numbers and strings only, so that nothing can fail.
        serde_json::to_string(&file).unwrap_or_default()
    }
}

/// An error with the file or the list that it is in.
pub(super) fn within(outer: &str, error: FunctionsError) -> FunctionsError {
    if outer.is_empty() {
        return error;
    }
    let joined = |place: String| format!("{outer}: {place}");
    match error {
        FunctionsError::Range { place, found, allowed } => {
            FunctionsError::Range { place: joined(place), found, allowed }
        }
        FunctionsError::Length { place, found, needed } => {
            FunctionsError::Length { place: joined(place), found, needed }
        }
        FunctionsError::FitsNowhere { place, function, needed_mb, largest_mb } => {
            FunctionsError::FitsNowhere { place: joined(place), function, needed_mb, largest_mb }
        }
        FunctionsError::Unknown { place, what, found, allowed, suggestion } => {
            FunctionsError::Unknown { place: joined(place), what, found, allowed, suggestion }
        }
        FunctionsError::Format { place, problem } => {
            FunctionsError::Format { place: joined(place), problem }
        }
        other => other,
    }
}
