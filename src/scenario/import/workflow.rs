//! Workflows from files of any form that is read.

use super::wfcommons;
use crate::scenario::application_check::{diagnose, workflow_faults};
use crate::scenario::format::WorkflowSpec;
use crate::scenario::{Diagnostics, Document, Path, read};

/// Reads a workflow: JSON of WfCommons if it tells a `schemaVersion`, or our own.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn read_workflow(file: &std::path::Path) -> Result<WorkflowSpec, Diagnostics> {
    let document = Document::open(file)?;
    if document.get(&Path::root().key("schemaVersion")).is_some() {
        return wfcommons::from_document(&document);
    }
    let workflow: WorkflowSpec = read(&document)?;
    diagnose(workflow_faults(&workflow), &document, &Path::root())?;
    Ok(workflow)
}
