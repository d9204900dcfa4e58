//! Workflows of WfCommons: JSON in WfFormat 1.3 to 1.6.

use super::json::JsonAt;
use crate::scenario::application_check::{diagnose, workflow_faults};
use crate::scenario::format::{WorkflowFileSpec, WorkflowSpec, WorkflowTaskSpec};
use crate::scenario::{DataSize, Diagnostics, Document, Duration, Path};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The versions that are read.
const VERSIONS: [&str; 4] = ["1.3", "1.4", "1.5", "1.6"];

/// Reads a workflow of WfCommons (Coleman and others, WfCommons: A framework for enabling scientific workflow
/// research and development, FGCS 128, 2022).
///
/// From version 1.5 on, tasks and files are those of `workflow.specification`, and runtimes, cores and memory
/// those of `workflow.execution`; tasks are named by `id`, and their `name` is the category. Before, all of it is in
/// `workflow.tasks`, and tasks are named by `name`. A dependency that just one of its ends tells counts.
///
/// # Errors
/// If the file cannot be read or is no such workflow, a task has no runtime, one depends on a task that is not
/// there, or tasks wait for each other in a circle; each with its place.
pub fn read_wfcommons(file: &std::path::Path) -> Result<WorkflowSpec, Diagnostics> {
    from_document(&Document::open(file)?)
}

pub(super) fn from_document(document: &Document) -> Result<WorkflowSpec, Diagnostics> {
    let errors = RefCell::new(Diagnostics::default());
    let read = read(&JsonAt::root(document, &errors));
    let errors = errors.into_inner();
    let (workflow, tasks) = match read {
        Some(read) => errors.or(read)?,
        None => return Err(errors),
    };
    // Faults are told of the tasks of the file.
    let faults = workflow_faults(&workflow);
    diagnose(faults, document, &tasks)?;
    Ok(workflow)
}

/// The workflow, and the path of what holds its tasks.
fn read(root: &JsonAt<'_>) -> Option<(WorkflowSpec, Path)> {
    let version = root.need("schemaVersion")?;
    if !version.value.as_str().is_some_and(|version| VERSIONS.contains(&version)) {
        version.error(format!("found {}, expected one of {}", version.value, VERSIONS.join(", ")));
        return None;
    }
    let name = root.get("name").and_then(|name| name.name()).unwrap_or_else(|| "workflow".to_owned());
    let workflow = root.need("workflow")?;
    let (workflow, path) = match workflow.get("specification") {
        Some(specification) => {
            (specified(&specification, workflow.get("execution").as_ref())?, specification.path)
        }
        None => (together(&workflow, &version)?, workflow.path),
    };
    Some((WorkflowSpec { name, ..workflow }, path))
}

/// Versions from 1.5 on.
fn specified(specification: &JsonAt<'_>, execution: Option<&JsonAt<'_>>) -> Option<WorkflowSpec> {
    let mut executed: BTreeMap<String, JsonAt<'_>> = BTreeMap::new();
    for task in execution
        .and_then(|execution| execution.get("tasks"))
        .map(|at| at.elements())
        .unwrap_or_default()
    {
        if let Some(id) = task.need("id").and_then(|id| id.name()) {
            executed.insert(id, task);
        }
    }
    let mut files = Vec::new();
    for file in specification.get("files").map(|files| files.elements()).unwrap_or_default() {
        let id = file.need("id").and_then(|id| id.name());
        let size = file.need("sizeInBytes").and_then(|size| size.amount());
        if let (Some(name), Some(size)) = (id, size) {
            files.push(WorkflowFileSpec { name, size: DataSize::from_bytes(size) });
        }
    }
    let mut tasks = Vec::new();
    let mut children = Vec::new();
    let mut broken = BTreeSet::new();
    for task in specification.need("tasks")?.elements() {
        let Some(name) = task.need("id").and_then(|id| id.name()) else { continue };
        let names = |key| task.get(key).map(|names| names.names()).unwrap_or_default();
        let Some(execution) = executed.get(&name) else {
            task.error_with_help(
                format!("task {name:?} has no runtime"),
                "`workflow.execution.tasks` tells how long tasks take",
            );
            broken.insert(name);
            continue;
        };
        let Some(runtime) = execution.need("runtimeInSeconds").and_then(|runtime| runtime.amount())
        else {
            broken.insert(name);
            continue;
        };
        children.push((task.clone(), names("children")));
        tasks.push(WorkflowTaskSpec {
            category: task.get("name").and_then(|name| name.name()),
            runtime: Duration::from_secs(runtime),
            cores: execution.get("coreCount").and_then(|cores| cores.amount()).unwrap_or(1.0),
            memory: memory(execution, None),
            parents: names("parents"),
            inputs: names("inputFiles"),
            outputs: names("outputFiles"),
            name,
        });
    }
    add_children(&mut tasks, &children, &broken);
    Some(WorkflowSpec { name: String::new(), tasks, files })
}

/// Bytes of a kilobyte, in which the schema of version 1.3 gives sizes of files and of memory.
const KB: f64 = 1000.0;

/// An amount in bytes; of version 1.3 it may be in kilobytes, under another key.
fn bytes(at: &JsonAt<'_>, in_bytes: &str, in_kilobytes: Option<&str>) -> Option<DataSize> {
    let bytes = match (at.get(in_bytes), in_kilobytes) {
        (None, Some(key)) => KB * at.get(key)?.amount()?,
        (bytes, _) => bytes?.amount()?,
    };
    Some(DataSize::from_bytes(bytes))
}

fn memory(task: &JsonAt<'_>, in_kilobytes: Option<&str>) -> DataSize {
    bytes(task, "memoryInBytes", in_kilobytes).unwrap_or_else(|| DataSize::from_bytes(0.0))
}

/// Versions up to 1.4.
fn together(workflow: &JsonAt<'_>, version: &JsonAt<'_>) -> Option<WorkflowSpec> {
    let is_first = version.value == "1.3";
    let of_first = |key: &'static str| is_first.then_some(key);
    let mut files: Vec<WorkflowFileSpec> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut tasks = Vec::new();
    let mut children = Vec::new();
    let mut broken = BTreeSet::new();
    for task in workflow.need("tasks")?.elements() {
        let Some(name) = task.need("name").and_then(|name| name.name()) else { continue };
        let names = |key| task.get(key).map(|names| names.names()).unwrap_or_default();
        let Some(runtime) = task.get("runtimeInSeconds").or_else(|| task.get("runtime")) else {
            task.error(format!("task {name:?} has no runtime: missing key \"runtimeInSeconds\""));
            broken.insert(name);
            continue;
        };
        let Some(runtime) = runtime.amount() else {
            broken.insert(name);
            continue;
        };
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for file in task.get("files").map(|files| files.elements()).unwrap_or_default() {
            let name = file.need("name").and_then(|name| name.name());
            let Some(size) = bytes(&file, "sizeInBytes", of_first("size")) else {
                // What is no amount has been told.
                if file.get("sizeInBytes").or_else(|| file.get("size").filter(|_| is_first)).is_none() {
                    file.error("a file needs its size: missing key \"sizeInBytes\"");
                }
                continue;
            };
            let Some(name) = name else { continue };
            match file.value.get("link").and_then(|link| link.as_str()) {
                Some("input") => inputs.push(name.clone()),
                Some("output") => outputs.push(name.clone()),
                _ => file.error("missing key \"link\" (known: \"input\", \"output\")"),
            }
            known.entry(name.clone()).or_insert_with(|| {
                files.push(WorkflowFileSpec { name, size });
                files.len() - 1
            });
        }
        children.push((task.clone(), names("children")));
        tasks.push(WorkflowTaskSpec {
            category: task.get("category").and_then(|category| category.name()),
            runtime: Duration::from_secs(runtime),
            cores: task.get("cores").and_then(|cores| cores.amount()).unwrap_or(1.0),
            memory: memory(&task, of_first("memory")),
            parents: names("parents"),
            inputs,
            outputs,
            name,
        });
    }
    add_children(&mut tasks, &children, &broken);
    Some(WorkflowSpec { name: String::new(), tasks, files })
}

/// Makes parents of those who tell of children that do not tell of them. Those that are broken have been told of.
fn add_children(
    tasks: &mut [WorkflowTaskSpec],
    children: &[(JsonAt<'_>, Vec<String>)],
    broken: &BTreeSet<String>,
) {
    let numbers: BTreeMap<String, usize> =
        tasks.iter().enumerate().map(|(number, task)| (task.name.clone(), number)).collect();
    for (parent, (at, children)) in children.iter().enumerate() {
        let name = tasks[parent].name.clone();
        for child in children {
            match numbers.get(child) {
                Some(&child) if !tasks[child].parents.contains(&name) => {
                    tasks[child].parents.push(name.clone());
                }
                Some(_) => {}
                None if broken.contains(child) => {}
                None => at.error(format!("no task is named {child:?}, a child of {name:?}")),
            }
        }
    }
}

#[cfg(test)]
mod tests;
