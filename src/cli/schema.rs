//! `stratosim schema`: prints the JSON Schema of scenarios, sweeps and datasets.

use super::{Failure, print};
use crate::dataset::dataset_schema;
use crate::scenario::Registry;
use crate::sweep::sweep_schema;
use clap::{Args, ValueEnum};

/// Print the JSON Schema of scenarios, sweeps or datasets, with which editors complete and check them.
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
    Sweep,
    Dataset,
}

impl SchemaCommand {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let schema = match self.what {
            What::Scenario => Registry::with_builtins().scenario_schema(),
            What::Sweep => sweep_schema(),
            What::Dataset => dataset_schema(),
        };
        print(&format!("{schema:#}\n"));
        Ok(())
    }
}
