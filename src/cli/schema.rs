//! `stratosim schema`: prints the JSON Schema of scenarios.

use super::{Failure, print};
use crate::scenario::Registry;
use clap::Args;

/// Print the JSON Schema of scenarios, with which editors complete and check them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim schema > scenario.schema.json\n\n\
    Then begin a scenario with \"$schema\": \"./scenario.schema.json\".")]
pub(super) struct SchemaCommand {}

impl SchemaCommand {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let schema = Registry::with_builtins().scenario_schema();
        print(&format!("{schema:#}\n"));
        Ok(())
    }
}
