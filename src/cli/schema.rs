//! `stratosim schema`: prints the JSON Schema of scenarios, applications, workflows, sweeps, datasets and plots.

use super::{Failure, print};
use crate::dataset::dataset_schema;
#[cfg(feature = "plot")]
use crate::plot::plot_schema;
use crate::scenario::format::{ServiceApplicationSpec, WorkflowSpec};
use crate::scenario::{Registry, schema_of};
use crate::sweep::sweep_schema;
use clap::{Args, ValueEnum};

/// Print the JSON Schema of scenarios, applications, workflows, sweeps, datasets or plots, with which editors complete and check
/// them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim schema > scenario.schema.json\n  \
    stratosim schema sweep > sweep.schema.json\n  \
    stratosim schema dataset > dataset.schema.json\n\n\
    Then begin a scenario with \"$schema\": \"./scenario.schema.json\".")]
pub(super) struct SchemaCommand {
    /// Schema of what.
    #[arg(default_value = "scenario")]
    what: What,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    Scenario,
    Application,
    Workflow,
    Sweep,
    #[cfg(feature = "plot")]
    Plot,
    Dataset,
}

impl SchemaCommand {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let schema = match self.what {
            What::Scenario => Registry::with_builtins().scenario_schema(),
            What::Application => schema_of::<ServiceApplicationSpec>(),
            What::Workflow => schema_of::<WorkflowSpec>(),
            What::Sweep => sweep_schema(),
            #[cfg(feature = "plot")]
            What::Plot => plot_schema(),
            What::Dataset => dataset_schema(),
        };
        print(&format!("{schema:#}\n"));
        Ok(())
    }
}
