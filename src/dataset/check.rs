//! Holding a dataset file to itself and to its runs.

use super::DatasetError;
use super::format::{DatasetSpec, EpisodeName, SamplesSpec, SplitSpec};
use super::plan::{Plan, Role};
use super::sources::Run;
use super::split::{self, Split};
use super::statistics::Counts;
use crate::output::OutputError;
use crate::scenario::format::FormatName;
use crate::scenario::{Diagnostics, Document, Site};
use std::cell::RefCell;
use std::path::Path;

/// Holds a dataset file to what can be said without its runs.
pub(super) fn check(spec: &DatasetSpec, document: &Document) -> Result<(), Diagnostics> {
    let errors = RefCell::new(Diagnostics::default());
    let site = Site::root(document, &errors, Path::new("."));
    if spec.sources.is_some() && spec.simulate.is_some() {
        site.key("simulate").error("`sources` says already which runs the dataset is made of");
    }
    if spec.sources.is_none() && spec.simulate.is_none() {
        site.error("the dataset needs runs: give `sources` or `simulate`");
    }
    if spec.format == FormatName::Parquet && cfg!(not(feature = "parquet")) {
        site.key("format").error(OutputError::NoParquet.to_string());
    }
    let samples = site.key("samples");
    match &spec.samples {
        SamplesSpec::Windows(windows) if windows.targets.is_empty() => {
            samples.error_with_help(
                "windows need something to predict: `targets`",
                "for labels alone, the kind is \"classification\"",
            );
        }
        SamplesSpec::Classification(windows) if windows.labels.is_empty() => {
            samples.error("a classification needs something to predict: `labels`");
        }
        SamplesSpec::Decisions(decisions)
            if decisions.episode == EpisodeName::Run && matches!(spec.split, SplitSpec::Entity(_)) =>
        {
            site.key("split").error_with_help(
                "an episode of all decisions of a run has decisions for entities of several parts",
                "split by run or by time, or make episodes of entities",
            );
        }
        _ => {}
    }
    if let (SplitSpec::Entity(_), []) = (&spec.split, entity_columns(spec)) {
        site.key("split").error("there are no entities to split by: give the `entity` columns");
    }
    // Its errors are reported already.
    let _ = split::check(&spec.split, &site.key("split"));
    errors.into_inner().or(())
}

fn entity_columns(spec: &DatasetSpec) -> &[String] {
    match &spec.samples {
        SamplesSpec::Windows(windows) | SamplesSpec::Classification(windows) => &windows.entity,
        SamplesSpec::Decisions(decisions) => &decisions.entity,
    }
}

/// Fails unless all runs have the columns of the plan, of the same types.
pub(super) fn same_columns(plan: &Plan, runs: &[Run]) -> Result<(), DatasetError> {
    for run in runs {
        for table in plan.tables() {
            let columns: Vec<&str> = match table == plan.table.name {
                true => plan.rows.columns.iter().map(String::as_str).collect(),
                false => Vec::new(),
            };
            let spec = run.tables.tables().find(|spec| spec.name == table).ok_or_else(|| {
                let known: Vec<&str> = run.tables.tables().map(|spec| spec.name.as_ref()).collect();
                DatasetError::Refused(format!(
                    "{} has no table {table:?} (tables: {})",
                    run.name,
                    known.join(", ")
                ))
            })?;
            for (name, wanted) in columns.iter().zip(&plan.table.columns) {
                let found = spec.column(name).map(|index| spec.columns[index].kind);
                if found != Some(wanted.kind) {
                    let found =
                        found.map_or("is missing".to_string(), |kind| format!("is of type {kind}"));
                    return Err(DatasetError::Refused(format!(
                        "column {name:?} of table {table:?} {found} in {}; in the runs before it is of type {}",
                        run.name, wanted.kind
                    )));
                }
            }
        }
    }
    Ok(())
}

/// The column whose classes are to be balanced.
pub(super) fn balanced_column(
    spec: &DatasetSpec,
    plan: &Plan,
    document: &Document,
) -> Result<Option<usize>, DatasetError> {
    let Some(balance) = &spec.balance else { return Ok(None) };
    let errors = RefCell::new(Diagnostics::default());
    let site = Site::root(document, &errors, Path::new(".")).key("balance");
    let classes: Vec<(usize, &str)> = plan
        .values
        .iter()
        .enumerate()
        .filter(|(_, value)| matches!(value.role, Role::Label | Role::Action))
        .map(|(index, value)| (index, value.spec.name.as_ref()))
        .collect();
    let found = match &balance.label {
        None => classes.first().map(|(index, _)| *index),
        Some(label) => classes.iter().find(|(_, name)| name == label).map(|(index, _)| *index),
    };
    match (found, &balance.label) {
        (None, Some(label)) => {
            site.key("label").unknown("label", label, classes.iter().map(|(_, name)| *name));
        }
        (None, None) => site.error("there is no label whose classes could be balanced"),
        _ => {}
    }
    Ok(errors.into_inner().or(found)?)
}

/// Fails if a part that is to be has no samples.
pub(super) fn no_empty_parts(split: &Split, counts: &Counts) -> Result<(), DatasetError> {
    let totals = &counts.totals;
    for part in split.wanted() {
        if totals.samples[*part as usize] == 0 {
            let reason = if totals.rows_read == 0 {
                ": no row of the table meets the conditions of `where`".to_string()
            } else if split.is_drawn_by_entity() {
                "; the part of each entity is drawn for itself: choose another `seed`, or list the \
                 `entities` of each part"
                    .to_string()
            } else {
                format!(
                    "; of {} rows came {} samples, {} over a border between parts, {} that lack a value, and {} \
                     of no part",
                    totals.rows_read,
                    totals.samples.iter().sum::<u64>(),
                    totals.purged,
                    totals.incomplete,
                    totals.left_out
                )
            };
            return Err(DatasetError::EmptyPart { part: part.name(), reason });
        }
    }
    Ok(())
}
