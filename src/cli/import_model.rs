//! `stratosim import eclypse|compose|wfcommons`: turns what others write into parts of scenarios.

use super::{Failure, print};
use crate::engine::RandomStreams;
use crate::placement::offloading::TierName;
use crate::scenario::Diagnostics;
use crate::scenario::format::{InfrastructureSpec, OfferedValues, ServiceApplicationSpec};
use crate::scenario::import::{EclypseGraph, read_compose, read_eclypse, read_wfcommons};
use crate::scenario::library::infrastructure;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum ModelImport {
    /// Turn an application or infrastructure that ECLYPSE has exported as JSON into ours.
    Eclypse(ModelFile),
    /// Turn the services of a Docker Compose file into an application of ours.
    Compose(ModelFile),
    /// Turn a workflow of WfCommons into one of ours.
    Wfcommons(ModelFile),
}

#[derive(Debug, Args)]
pub(super) struct ModelFile {
    /// The file.
    file: PathBuf,
    /// File to write, which must not exist yet; standard output if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print nothing but errors, and what was asked for.
    #[arg(long)]
    quiet: bool,
}

/// What was read: what is written, a line that tells of it, and what was not used.
struct Imported {
    value: Value,
    told: String,
    notes: Vec<String>,
}

impl ModelImport {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let (ModelImport::Eclypse(file) | ModelImport::Compose(file) | ModelImport::Wfcommons(file)) =
            self;
        if let Some(out) = file.out.as_ref().filter(|out| out.exists()) {
            return Err(Failure::BadInput(format!(
                "{} exists already; name another file with --out, or remove it",
                out.display()
            )));
        }
        let imported = match self {
            ModelImport::Eclypse(_) => eclypse(&file.file),
            ModelImport::Compose(_) => compose(&file.file),
            ModelImport::Wfcommons(_) => wfcommons(&file.file),
        }?;
        if !file.quiet {
            for note in &imported.notes {
                eprintln!("note: {note}");
            }
        }
        let text = format!("{:#}\n", imported.value);
        let Some(out) = &file.out else {
            print(&text);
            return Ok(());
        };
        write(out, &text)?;
        if !file.quiet {
            print(&format!("{}\n  written to {}\n", imported.told, out.display()));
        }
        Ok(())
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let failed = |error| Failure::Failed(format!("{}: cannot be written: {error}", path.display()));
    let written = fs::write(&partial, text).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // It may not have been made at all.
        let _ = fs::remove_file(&partial);
    }
    written.map_err(failed)
}

fn bad(errors: Diagnostics) -> Failure {
    Failure::bad_input(errors)
}

fn application(application: &ServiceApplicationSpec, notes: Vec<String>) -> Result<Imported, Failure> {
    let told = format!(
        "application {}: {} services, {} interactions, {} flows",
        application.application_name(),
        application.services.len(),
        application.interactions.len(),
        application.flows.len()
    );
    let value = serde_json::to_value(application).map_err(Failure::failed)?;
    Ok(Imported { value: without_empty(value), told, notes })
}

fn eclypse(file: &Path) -> Result<Imported, Failure> {
    let export = read_eclypse(file).map_err(bad)?;
    let read = match export.graph {
        EclypseGraph::Application(read) => return application(&read, export.notes),
        EclypseGraph::Infrastructure(read) => read,
    };
    let spec = InfrastructureSpec::Eclypse {
        file: file.display().to_string(),
        tier: TierName::Edge,
        values: OfferedValues::Default,
        access_points: false,
    };
    let made =
        infrastructure(&spec, RandomStreams::new(0), Path::new("")).map_err(Failure::bad_input)?;
    let told =
        format!("infrastructure {}: {} nodes, {} links", read.name, read.nodes.len(), made.links.len());
    let mut value = json!({ "nodes": made.nodes, "network": { "links": made.links } });
    if !made.assets.is_empty() {
        value["assets"] = json!(made.assets);
    }
    Ok(Imported { value: without_empty(value), told, notes: export.notes })
}

fn compose(file: &Path) -> Result<Imported, Failure> {
    let (read, notes) = read_compose(file).map_err(bad)?;
    application(&read, notes)
}

fn wfcommons(file: &Path) -> Result<Imported, Failure> {
    let workflow = read_wfcommons(file).map_err(bad)?;
    let dependencies: usize = workflow.tasks.iter().map(|task| task.parents.len()).sum();
    let told = format!(
        "workflow {}: {} tasks, {dependencies} dependencies, {} files",
        workflow.name,
        workflow.tasks.len(),
        workflow.files.len()
    );
    let value = serde_json::to_value(&workflow).map_err(Failure::failed)?;
    Ok(Imported { value: without_empty(value), told, notes: Vec::new() })
}

/// The same without what is empty or null, which stands for a default - but that no access point is `null`, too.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let kept = entries.into_iter().filter_map(|(key, value)| {
                let value = without_empty(value);
                let is_empty = match &value {
                    Value::Null => key != "access_point",
                    Value::Array(elements) => elements.is_empty(),
                    Value::Object(entries) => entries.is_empty(),
                    _ => false,
                };
                (!is_empty).then_some((key, value))
            });
            Value::Object(kept.collect())
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(without_empty).collect()),
        other => other,
    }
}
