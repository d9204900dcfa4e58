//! Runs and sweeps that were made apart, as the results of one sweep.

use super::SweepError;
use super::axis::AxisColumn;
use super::metrics;
use super::plan::RunId;
use super::results::{SweepResults, Unsorted};
use crate::output::{ReadError, RunReader};
use crate::scenario::{Path as JsonPath, Segment};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The level of confidence where no sweep says one.
const CONFIDENCE: f64 = 0.95;

/// What of a scenario does not change what it simulates, or is told apart otherwise.
const NOT_COMPARED: [&str; 5] = ["name", "description", "$schema", "seed", "output"];

/// The results of several directories as those of one sweep.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The results.
    pub results: SweepResults,
    /// What the first axis shows for each of the directories, in the order in which they were given; empty
    /// if there is no axis that tells them apart.
    pub labels: Vec<Value>,
}

/// A directory that was gathered.
struct Part {
    directory: PathBuf,
    content: Content,
}

enum Content {
    Sweep(SweepResults),
    Run(Run),
}

struct Run {
    seed: u64,
    /// What tells it from runs that are no replications of it.
    scenario: Value,
    fingerprint: Option<String>,
    metrics: metrics::Metrics,
}

impl SweepResults {
    /// The results in these directories, each of a run or a finished sweep, as if one sweep had made them.
    ///
    /// Runs whose scenarios differ in nothing but the seed are replications of one point. Where several
    /// directories are left, a first axis tells them apart: by the value of the scenario in which they
    /// differ, if it is one (or the `kind` of an object), else by the names of the directories.
    ///
    /// # Errors
    /// If a directory is neither, cannot be read, or two sweeps have different axes.
    ///
    /// ```no_run
    /// use stratosim::sweep::{SweepResults, compare};
    /// let gathered = SweepResults::gather(&["runs/nearest".into(), "runs/cloud".into()])?;
    /// for row in compare(&gathered.results, None, "nearest", &[])?.rows {
    ///     println!("{}: {} -> {}", row.metric, row.baseline_mean, row.candidate_mean);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn gather(directories: &[PathBuf]) -> Result<Gathered, SweepError> {
        if directories.is_empty() {
            return Err(SweepError::Refused("give at least one directory of a run or a sweep".into()));
        }
        let parts: Vec<Part> = directories.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
        let sweeps = parts.iter().filter(|part| matches!(part.content, Content::Sweep(_))).count();
        if sweeps == 0 {
            return gather_runs(parts);
        }
        if sweeps < parts.len() {
            return Err(SweepError::Refused(
                "some of the directories are runs and some are sweeps; give runs only, or sweeps only"
                    .into(),
            ));
        }
        gather_sweeps(parts)
    }
}

fn open(directory: &Path) -> Result<Part, SweepError> {
    let refused = |error: ReadError| SweepError::Refused(error.to_string());
    let content = if directory.join("sweep.json").is_file() {
        Content::Sweep(SweepResults::read(directory)?)
    } else if directory.join("run.json").is_file() {
        let run = RunReader::open(directory).map_err(refused)?;
        Content::Run(Run::new(&run))
    } else {
        return Err(SweepError::Refused(format!(
            "{} is the directory of neither a run nor a sweep: it has no run.json and no sweep.json",
            directory.display()
        )));
    };
    Ok(Part { directory: directory.to_path_buf(), content })
}

impl Run {
    fn new(run: &RunReader) -> Run {
        let mut scenario = run.run()["scenario"].clone();
        let seed = scenario["seed"].as_u64().unwrap_or_default();
        if let Some(scenario) = scenario.as_object_mut() {
            scenario.retain(|key, _| !NOT_COMPARED.contains(&key.as_str()));
        }
        Run {
            seed,
            scenario,
            fingerprint: run.run()["fingerprint"].as_str().map(str::to_string),
            metrics: metrics::choose(run.summary(), None),
        }
    }
}

/// The name of a directory: the last part of its path, or all of it if that is shared.
fn names(directories: &[&Path]) -> Vec<Value> {
    let short = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let whole = |path: &Path| path.display().to_string();
    let all: Vec<Option<String>> = directories.iter().map(|path| short(path)).collect();
    let name = |(path, own): (&&Path, &Option<String>)| match own {
        Some(own) if all.iter().flatten().filter(|other| *other == own).count() == 1 => own.clone(),
        _ => whole(path),
    };
    directories.iter().zip(&all).map(|pair| Value::String(name(pair))).collect()
}

fn gather_runs(parts: Vec<Part>) -> Result<Gathered, SweepError> {
    let mut groups: Vec<(PathBuf, Vec<Run>)> = Vec::new();
    // The group of each directory.
    let mut members = Vec::with_capacity(parts.len());
    for Part { directory, content } in parts {
        let Content::Run(run) = content else { continue };
        let same = |(_, runs): &(PathBuf, Vec<Run>)| runs.iter().any(|own| own.scenario == run.scenario);
        let member = groups.iter().position(same).unwrap_or(groups.len());
        members.push(member);
        match groups.get_mut(member) {
            Some((first, runs)) => {
                if runs.iter().any(|own| own.seed == run.seed) {
                    return Err(SweepError::Refused(format!(
                        "{} and {} (or a replication of it) are the same run: scenario and seed are equal",
                        directory.display(),
                        first.display()
                    )));
                }
                runs.push(run);
            }
            None => groups.push((directory, vec![run])),
        }
    }
    let (columns, shown) = match groups.len() {
        1 => (Vec::new(), Vec::new()),
        _ => {
            let (name, labels) = tell_apart(&groups);
            (vec![AxisColumn { name, unit: String::new() }], labels)
        }
    };
    let labels = members.iter().filter_map(|&group| shown.get(group).cloned()).collect();
    let points = (0..groups.len()).map(|group| shown.get(group).cloned().into_iter().collect());
    let points: Vec<Vec<Value>> = points.collect();
    let mut runs = Vec::new();
    for (point, (_, group)) in groups.into_iter().enumerate() {
        let mut group = group;
        group.sort_by_key(|run| run.seed);
        runs.extend(group.into_iter().zip(0..).map(|(run, replication)| Unsorted {
            run: RunId { point, replication },
            seed: run.seed,
            error: None,
            fingerprint: run.fingerprint,
            metrics: run.metrics,
        }));
    }
    Ok(Gathered { results: SweepResults::from_runs(columns, points, runs, CONFIDENCE), labels })
}

/// The scalar values of a scenario by their paths.
fn leaves(value: &Value, path: &mut Vec<Segment>, found: &mut BTreeMap<String, (Vec<Segment>, Value)>) {
    let inner: Vec<(Segment, &Value)> = match value {
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (Segment::Index(index), value)).collect()
        }
        Value::Object(object) => {
            object.iter().map(|(key, value)| (Segment::Key(key.clone()), value)).collect()
        }
        scalar => {
            let name = JsonPath::from(path.clone()).to_string();
            found.insert(name, (path.clone(), scalar.clone()));
            return;
        }
    };
    for (segment, value) in inner {
        path.push(segment);
        leaves(value, path, found);
        path.pop();
    }
}

/// The name of the axis that tells groups of runs apart, and the label of each group.
fn tell_apart(groups: &[(PathBuf, Vec<Run>)]) -> (String, Vec<Value>) {
    let all: Vec<BTreeMap<String, (Vec<Segment>, Value)>> = groups
        .iter()
        .map(|(_, runs)| {
            let mut found = BTreeMap::new();
            let scenario = runs.first().map_or(&Value::Null, |run| &run.scenario);
            leaves(scenario, &mut Vec::new(), &mut found);
            found
        })
        .collect();
    let mut differing: BTreeMap<&str, &[Segment]> = BTreeMap::new();
    for found in &all {
        for (name, (path, value)) in found {
            if all.iter().any(|other| other.get(name).map(|(_, value)| value) != Some(value)) {
                differing.insert(name, path);
            }
        }
    }
    // The kind of an object stands for all that is in the object.
    let spanning = |path: &[Segment]| {
        let is_kind = matches!(path.last(), Some(Segment::Key(key)) if key == "kind");
        let object = &path[..path.len().saturating_sub(1)];
        differing.len() == 1 || is_kind && differing.values().all(|other| other.starts_with(object))
    };
    for (name, path) in &differing {
        let values: Vec<Value> = all
            .iter()
            .map(|found| found.get(*name).map_or(Value::Null, |(_, value)| value.clone()))
            .collect();
        let distinct = values.iter().enumerate().all(|(index, value)| !values[..index].contains(value));
        if spanning(path) && distinct {
            return ((*name).to_string(), values);
        }
    }
    let directories: Vec<&Path> = groups.iter().map(|(directory, _)| directory.as_path()).collect();
    ("run".to_string(), names(&directories))
}

fn gather_sweeps(mut parts: Vec<Part>) -> Result<Gathered, SweepError> {
    for (index, part) in parts.iter().enumerate() {
        let place = part.directory.canonicalize().ok();
        if place.is_some() && parts[..index].iter().any(|own| own.directory.canonicalize().ok() == place)
        {
            return Err(SweepError::Refused(format!("{} is given twice", part.directory.display())));
        }
    }
    if parts.len() == 1
        && let Some(Part { content: Content::Sweep(results), .. }) = parts.pop()
    {
        return Ok(Gathered { results, labels: Vec::new() });
    }
    let directories: Vec<&Path> = parts.iter().map(|part| part.directory.as_path()).collect();
    let names = names(&directories);
    let mut columns: Option<Vec<AxisColumn>> = None;
    let (mut points, mut runs) = (Vec::new(), Vec::new());
    let mut confidence = CONFIDENCE;
    for (part, name) in parts.iter().zip(&names) {
        let Content::Sweep(results) = &part.content else { continue };
        let first = columns.get_or_insert_with(|| {
            confidence = results.confidence();
            results.axes().to_vec()
        });
        if first != results.axes() {
            let list = |axes: &[AxisColumn]| {
                axes.iter().map(|axis| axis.name.as_str()).collect::<Vec<_>>().join(", ")
            };
            return Err(SweepError::Refused(format!(
                "the sweeps have different axes: {} has {}, and those before it have {}",
                part.directory.display(),
                list(results.axes()),
                list(first)
            )));
        }
        let offset = points.len();
        for point in 0..results.points() {
            let mut own = vec![name.clone()];
            own.extend_from_slice(results.labels(point));
            points.push(own);
        }
        runs.extend(results.rows().iter().map(|row| Unsorted {
            run: RunId { point: offset + row.run.point, ..row.run },
            seed: row.seed,
            error: row.error.clone(),
            fingerprint: row.fingerprint.clone(),
            metrics: results.named_metrics(row).collect::<Map<String, Value>>(),
        }));
    }
    let mut axes = vec![AxisColumn { name: "sweep".into(), unit: String::new() }];
    axes.extend(columns.unwrap_or_default());
    Ok(Gathered { results: SweepResults::from_runs(axes, points, runs, confidence), labels: names })
}
