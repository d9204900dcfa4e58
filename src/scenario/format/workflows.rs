//! Workflows that come and run.

use super::{ArrivalSpec, Names, WorkflowSpec};
use crate::scenario::{Duration, InstructionRate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A workflow, where it comes from, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowEntry {
    /// A file that holds the workflow, relative to the scenario: ours, or JSON of WfCommons.
    #[serde(default)]
    pub file: Option<String>,
    /// The workflow written out, in place of `file`.
    #[serde(default)]
    pub workflow: Option<WorkflowSpec>,
    /// The nodes that it comes from, each with arrivals of its own; files that no task writes are there.
    pub source: Names,
    /// When it comes; at the times `at` if left out.
    #[serde(default)]
    pub arrival: Option<ArrivalSpec>,
    /// The times at which it comes, in order; the start of the run if neither this nor `arrival` is given.
    #[serde(default)]
    pub at: Option<Vec<Duration>>,
    /// How many come at each of these times.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub count: u32,
}

fn one() -> u32 {
    1
}

/// Workflows whose tasks run on nodes, and whose files move between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowsSpec {
    /// Name in tables and summary.
    #[serde(default = "usual_name")]
    pub name: String,
    /// The workflows.
    #[schemars(length(min = 1))]
    pub workflows: Vec<WorkflowEntry>,
    /// The nodes that tasks may run on; all that compute, but hosts of virtual machines and devices, if left out.
    #[serde(default)]
    pub nodes: Option<Names>,
    /// The speed of a core on which tasks take their `runtime`; that of the fastest of the nodes if left out.
    #[serde(default)]
    pub reference_mips: Option<InstructionRate>,
    /// How often a task that a fault has hit is started anew.
    #[serde(default)]
    pub fault_retries: u32,
    /// How long it waits before that.
    #[serde(default = "one_second")]
    pub retry_delay: Duration,
}

fn usual_name() -> String {
    "workflows".into()
}

fn one_second() -> Duration {
    Duration::from_secs(1.0)
}
