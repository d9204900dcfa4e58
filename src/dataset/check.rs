//! Holding a dataset file to itself and to its runs.

use super::DatasetError;
use super::format::{DatasetSpec, EpisodeName, PredicateSpec, SamplesSpec, Scalars, SplitSpec};
use super::plan::{Plan, Role};
use super::predicate::is_text;
use super::process::Job;
use super::sources::Run;
use super::split;
use super::statistics::Counts;
use crate::output::OutputError;
use crate::records::{Cell, ColumnKind, TableSpec};
use crate::scenario::format::FormatName;
use crate::scenario::{Diagnostics, Document, Site};
use std::cell::RefCell;
use std::collections::BTreeSet;
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
    if let Some(name) = &spec.name
        && (matches!(name.trim(), "" | "." | "..") || name.contains(['/', '\\']))
    {
        site.key("name").error_with_help(
            format!("{name:?} is no name of a directory: it is empty or a path"),
            "the name is that of the directory in `datasets`; give another place with `--out`",
        );
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
    let Some(first) = runs.first() else { return Ok(()) };
    for run in runs {
        for table in plan.tables() {
            let columns = plan.columns_of(table);
            let spec = run.tables.tables().find(|spec| spec.name == table).ok_or_else(|| {
                let known: Vec<&str> = run.tables.tables().map(|spec| spec.name.as_ref()).collect();
                DatasetError::Refused(format!(
                    "{} has no table {table:?} (tables: {})",
                    run.name,
                    known.join(", ")
                ))
            })?;
            for name in columns {
                let kind = |spec: &TableSpec| spec.column(name).map(|index| spec.columns[index].kind);
                let wanted = first.tables.tables().find(|spec| spec.name == table).and_then(kind);
                // The plan was made of the first run; a table of nodes is looked up by it, too.
                let wanted = wanted.unwrap_or(ColumnKind::Category);
                let found = kind(spec);
                if found != Some(wanted) {
                    let found =
                        found.map_or("is missing".to_string(), |kind| format!("is of type {kind}"));
                    return Err(DatasetError::Refused(format!(
                        "column {name:?} of table {table:?} {found} in {}; in the runs before it is of type {}",
                        run.name, wanted
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
pub(super) fn no_empty_parts(
    job: &Job<'_>,
    spec: &DatasetSpec,
    document: &Document,
    counts: &Counts,
) -> Result<(), DatasetError> {
    let (split, totals) = (job.split, &counts.totals);
    for part in split.wanted() {
        if totals.samples[*part as usize] == 0 {
            if totals.rows_read == 0 {
                known_texts(job, spec, document)?;
            }
            let reason = if totals.rows_read == 0 && totals.without_entity > 0 {
                format!(
                    ": in all {} rows that meet the conditions, an `entity` column is null",
                    totals.without_entity
                )
            } else if totals.rows_read == 0 {
                ": no row of the table meets the conditions of `where`".to_string()
            } else if let Some(rows) = counts.rows_lacking(job.plan) {
                format!(
                    ": a window takes {rows} rows of one entity, from its longest lag to its horizon, and in none \
                     of the runs an entity has as many in one stretch"
                )
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

/// More texts of a column than are looked for.
const MOST_TEXTS: usize = 1000;

fn conditions(spec: &DatasetSpec) -> &[PredicateSpec] {
    match &spec.samples {
        SamplesSpec::Windows(windows) | SamplesSpec::Classification(windows) => &windows.conditions,
        SamplesSpec::Decisions(decisions) => &decisions.conditions,
    }
}

/// Fails if a condition asks for a text that its column has in no run.
fn known_texts(job: &Job<'_>, spec: &DatasetSpec, document: &Document) -> Result<(), DatasetError> {
    let errors = RefCell::new(Diagnostics::default());
    let site = Site::root(document, &errors, Path::new(".")).key("samples").key("where");
    let table = &job.plan.table;
    for (index, condition) in conditions(spec).iter().enumerate() {
        let Some(wanted) = &condition.is else { continue };
        let name = condition.column.as_str();
        if !table.column(name).is_some_and(|column| is_text(table.columns[column].kind)) {
            continue;
        }
        let known = texts_of(job, &table.name, name)?;
        // Of so many, one may have been missed.
        if known.len() >= MOST_TEXTS {
            continue;
        }
        let here = site.index(index).key("is");
        let listed = match wanted {
            Scalars::One(value) => vec![(here, value)],
            Scalars::Several(values) => {
                values.iter().enumerate().map(|(at, value)| (here.index(at), value)).collect()
            }
        };
        for (here, value) in listed {
            if let Some(text) = value.as_str().filter(|text| !known.contains(*text)) {
                let what = format!("value of column {name:?}");
                here.unknown(&what, text, known.iter().map(String::as_str));
            }
        }
    }
    Ok(errors.into_inner().or(())?)
}

/// The texts of a column in all runs, as far as there are not too many.
fn texts_of(job: &Job<'_>, table: &str, column: &str) -> Result<BTreeSet<String>, DatasetError> {
    let mut texts = BTreeSet::new();
    for run in job.runs {
        let mut reader = run.tables.table_columns(table, &[column])?;
        while let Some(rows) = reader.next_batch()? {
            for row in 0..rows.len() {
                if let Cell::Text(text) = rows.cell(row, 0)
                    && !texts.contains(text)
                    && texts.len() < MOST_TEXTS
                {
                    texts.insert(text.to_string());
                }
            }
        }
    }
    Ok(texts)
}
