//! Joining the parts of a sweep that were run in different places.

use super::plan::{Plan, RunId};
use super::results::SweepResults;
use super::store::{Existing, RunFile, Store, difference, read_header, read_runs};
use super::{SweepError, execute, publish};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How many missing runs a message lists.
const MOST_LISTED: usize = 8;

/// Copies a directory of plain files.
fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Joins the finished runs of `parts`, directories of shards of one plan, into a sweep directory that is the
/// same as if one machine had run it all.
///
/// # Errors
/// If a part belongs to another plan, two parts disagree on a run, or a run is in none of them: then
/// nothing is written.
pub fn merge(out: &Path, parts: &[PathBuf], force: bool) -> Result<(SweepResults, Plan), SweepError> {
    let mut runs: BTreeMap<RunId, (RunFile, &Path)> = BTreeMap::new();
    let mut first: Option<(serde_json::Value, &Path)> = None;
    for part in parts {
        let header = read_header(part)?;
        match &first {
            None => first = Some((header.clone(), part)),
            Some((other, earlier)) if other["hash"] != header["hash"] => {
                return Err(SweepError::Refused(format!(
                    "{} and {} are parts of different sweeps: {}",
                    part.display(),
                    earlier.display(),
                    difference(&other["plan"], &header["plan"])
                        .replace(" there and ", " in the latter and ")
                        .replace(" here", " in the former")
                )));
            }
            Some(_) => {}
        }
        let hash = header["hash"].as_str().unwrap_or_default();
        for run in read_runs(part, hash)? {
            let id = run.id();
            match runs.get(&id) {
                Some((known, _)) if known.error.is_none() && run.error.is_some() => continue,
                Some((known, earlier)) if known.error.is_none() && !known.is_same(&run) => {
                    return Err(SweepError::Refused(format!(
                        "run {id} differs between {} and {}; one of them was changed, or run on another \
                         machine that rounds differently",
                        part.display(),
                        earlier.display()
                    )));
                }
                _ => runs.insert(id, (run, part)),
            };
        }
    }
    let Some((header, _)) = first else {
        return Err(SweepError::Refused("there are no parts to merge".into()));
    };
    if let Some(part) = parts.iter().find(|part| is_within(part, out)) {
        return Err(SweepError::Refused(format!(
            "the part {} is in {}, which would be replaced; choose another directory for the whole",
            part.display(),
            out.display()
        )));
    }
    let plan = Plan::from_header(&header)?;
    check_complete(&plan, |id| runs.get(&id).map(|(run, _)| run))?;
    for (id, (run, part)) in &runs {
        let tables = part.join("tables").join(id.to_string());
        if !plan.tables.is_empty() && run.error.is_none() && !tables.is_dir() {
            return Err(SweepError::Refused(format!(
                "run {id} is finished, but its detail tables are not in {}; remove {} there, and finish the \
                 part with --resume",
                tables.display(),
                Path::new("runs").join(format!("{id}.json")).display()
            )));
        }
    }
    let existing = if force { Existing::Replace } else { Existing::Refuse };
    let (store, _) = Store::open(out, &plan, existing)?;
    for (id, (run, part)) in &runs {
        let tables = part.join("tables").join(id.to_string());
        if run.error.is_none() && !plan.tables.is_empty() {
            let target = store.new_tables(*id)?;
            copy_files(&tables, &target).map_err(|error| {
                SweepError::Storage(format!("cannot copy {}: {error}", tables.display()))
            })?;
            store.keep_tables(*id)?;
        }
        store.keep(run)?;
    }
    let results = SweepResults::new(&plan, runs.into_values().map(|(run, _)| run).collect());
    publish(&plan, &store, &results)?;
    Ok((results, plan))
}

/// Whether `inner` is the directory `outer`, or anywhere below it.
fn is_within(inner: &Path, outer: &Path) -> bool {
    match (inner.canonicalize(), outer.canonicalize()) {
        (Ok(inner), Ok(outer)) => inner.starts_with(outer),
        _ => false,
    }
}

/// Fails if a run that the plan wants is not there.
pub(super) fn check_complete<'r>(
    plan: &Plan,
    run: impl Fn(RunId) -> Option<&'r RunFile>,
) -> Result<(), SweepError> {
    let mut missing = Vec::new();
    for point in 0..plan.points().len() {
        let seen = |replication| run(RunId { point, replication }).map(execute::seen);
        for replication in 0..plan.replications.wanted(seen) {
            let id = RunId { point, replication };
            if run(id).is_none() {
                missing.push(id);
            }
        }
    }
    let Some(first) = missing.first() else { return Ok(()) };
    let listed: Vec<String> = missing
        .iter()
        .take(MOST_LISTED)
        .map(|id| format!("{id} ({})", plan.in_words(id.point)))
        .collect();
    let more = match missing.len().saturating_sub(MOST_LISTED) {
        0 => String::new(),
        more => format!("\n  ... and {more} more"),
    };
    let what = if missing.len() == 1 {
        format!("run {first} is missing")
    } else {
        format!("{} runs are missing", missing.len())
    };
    Err(SweepError::Refused(format!(
        "{what}; add the parts that have them, or finish the sweep with --resume:\n  {}{more}",
        listed.join("\n  ")
    )))
}
