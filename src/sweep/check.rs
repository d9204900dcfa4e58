//! Checking every point before anything is run.

use super::SweepError;
use super::metrics;
use super::plan::{Plan, RunId, unknown_names};
use crate::output::{Destination, Recorder, TableSelection};
use crate::records::TableSpec;
use crate::scenario::{Diagnostic, Diagnostics, Origin, Path, Registry, did_you_mean, load};
use crate::world::Finished;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Loads and builds the scenario of each point, and holds the names of metrics and tables to what the runs
/// will have. Gives the expected cost of each point in arbitrary units: nodes times simulated time.
pub(super) fn check(
    plan: &Plan,
    registry: &Registry,
    interrupted: &AtomicBool,
) -> Result<Vec<f64>, SweepError> {
    let names = Mutex::new(Names::default());
    let found: Vec<Option<Result<f64, Diagnostics>>> = (0..plan.points().len())
        .into_par_iter()
        .map(|point| {
            let goes_on = !interrupted.load(Ordering::Relaxed);
            goes_on.then(|| check_point(plan, registry, point, &names))
        })
        .collect();
    let mut costs = Vec::with_capacity(found.len());
    let mut errors = Vec::new();
    for (point, found) in found.into_iter().enumerate() {
        match found {
            None => return Err(SweepError::Interrupted("before the first run".into())),
            Some(Ok(cost)) => costs.push(cost),
            Some(Err(diagnostics)) => {
                errors.extend(diagnostics.iter().map(|error| (point, error.clone())));
            }
        }
    }
    if !errors.is_empty() {
        return Err(SweepError::BadInput(merged(plan, errors)));
    }
    names.into_inner().unwrap_or_else(PoisonError::into_inner).check(plan)?;
    Ok(costs)
}

fn check_point(
    plan: &Plan,
    registry: &Registry,
    point: usize,
    names: &Mutex<Names>,
) -> Result<f64, Diagnostics> {
    let (cost, finished) = unrun(plan, registry, point)?;
    let metrics = metrics::choose(&finished.summary, None);
    let recorder = finished.records.into_any().downcast::<Recorder>().ok();
    let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
    for (spec, _) in recorder.iter().flat_map(|recorder| recorder.tables()) {
        if !names.tables.contains(spec.name.as_ref()) {
            names.tables.insert(spec.name.to_string());
        }
    }
    if plan.replications.metric().is_some_and(|metric| !metrics.contains_key(&metric.to_string())) {
        names.without_metric.insert(point);
    }
    for (index, path) in plan.metrics.iter().flatten().enumerate() {
        if !metrics::choose(&finished.summary, Some(std::slice::from_ref(path))).is_empty() {
            names.chosen.insert(index);
        }
    }
    for (name, _) in metrics {
        names.metrics.insert(name);
    }
    Ok(cost)
}

/// The world of a point that ends before it starts, and the expected cost of the point: the numbers of its
/// summary mean nothing, their names all.
fn unrun(plan: &Plan, registry: &Registry, point: usize) -> Result<(f64, Finished), Diagnostics> {
    let document = plan.scenario(RunId { point, replication: 0 })?;
    let loaded = load(&document, registry, plan.directory())?;
    let nodes: f64 = loaded.scenario.nodes.iter().map(|class| f64::from(class.count.unwrap_or(1))).sum();
    let cost = nodes * loaded.scenario.duration.as_secs();
    let broken = |message: String| Diagnostics::from(document.diagnostic(&Path::root(), message));
    let recorder = Recorder::new(Destination::Discard, TableSelection::All);
    let simulation = loaded.world.build(Box::new(recorder)).map_err(|e| broken(e.to_string()))?;
    let finished = simulation.finish().map_err(broken)?;
    Ok((cost, finished))
}

/// The tables of the first point.
pub(super) fn tables(plan: &Plan, registry: &Registry) -> Result<Vec<TableSpec>, SweepError> {
    let (_, finished) = unrun(plan, registry, 0)
        .map_err(|errors| merged(plan, errors.iter().map(|e| (0, e.clone())).collect()))?;
    let recorder = finished.records.into_any().downcast::<Recorder>().ok();
    Ok(recorder.iter().flat_map(|recorder| recorder.tables()).map(|(spec, _)| spec.clone()).collect())
}

/// The errors of all points, each told once, with the first point that has it.
fn merged(plan: &Plan, errors: Vec<(usize, Diagnostic)>) -> Diagnostics {
    let mut told: BTreeSet<(Origin, Path)> = BTreeSet::new();
    let mut merged = Diagnostics::default();
    for (point, error) in errors {
        let mut error = plan.re_anchor(point, &error);
        if told.insert((error.origin.clone(), error.path.clone())) {
            let first = format!("first in point {point}: {}", plan.in_words(point));
            error.help = Some(match error.help.take() {
                Some(help) => format!("{help}\n    {first}"),
                None => first,
            });
            merged.push(error);
        }
    }
    merged
}

/// What the summaries and tables of all points are called.
#[derive(Debug, Default)]
struct Names {
    metrics: BTreeSet<String>,
    tables: BTreeSet<String>,
    /// Which of the chosen metrics are in the summary of some point.
    chosen: BTreeSet<usize>,
    /// The points whose summary lacks the metric that decides when to stop.
    without_metric: BTreeSet<usize>,
}

impl Names {
    fn check(&self, plan: &Plan) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        let root = Path::root();
        let mut unknown = |place: &Path, what: &str, name: &str, known: &BTreeSet<String>| {
            let help = match did_you_mean(name, known.iter().map(String::as_str)) {
                Some(nearest) => format!("did you mean {nearest:?}?"),
                None => {
                    format!("known: {}", known.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
                }
            };
            let message = format!("no {what} is named {name:?}");
            errors.push(plan.document.diagnostic(place, message).help(help));
        };
        for (index, path) in plan.metrics.iter().flatten().enumerate() {
            if !self.chosen.contains(&index) {
                let place = root.key("metrics").index(index);
                unknown(&place, "number of the summary", &path.to_string(), &self.metrics);
            }
        }
        for (index, own) in plan.published.iter().enumerate() {
            let name = own.metric.to_string();
            if !self.metrics.contains(&name) {
                let place = root.key("published").index(index).key("metric");
                unknown(&place, "number of the summary", &name, &self.metrics);
            }
        }
        for (index, name) in unknown_names(&plan.tables, &self.tables) {
            unknown(&root.key("tables").index(index), "table", name, &self.tables);
        }
        if let (Some(metric), Some(&point)) = (plan.replications.metric(), self.without_metric.first()) {
            let place = root.key("until").key("metric");
            if self.metrics.contains(&metric.to_string()) {
                let message = format!(
                    "point {point} has no {metric} ({}): it could never stop",
                    plan.in_words(point)
                );
                errors.push(plan.document.diagnostic(&place, message));
            } else {
                unknown(&place, "number of the summary", &metric.to_string(), &self.metrics);
            }
        }
        errors.or(())
    }
}
