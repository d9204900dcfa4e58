//! `stratosim validate`: checks scenarios without running them.

use super::run::{check_tables, directory_of, open};
use super::{Failure, print};
use crate::output::{Destination, Recorder};
use crate::scenario::{Registry, load};
use crate::sweep::table_selection;
use clap::Args;
use std::path::PathBuf;

/// Check scenarios without running them; all errors of all files are told.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim validate scenarios/*.json")]
pub(super) struct Validate {
    /// Scenario files.
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    /// Set a value of each scenario before it is checked; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
}

impl Validate {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let registry = Registry::with_builtins();
        let mut errors = Vec::new();
        for file in &self.scenarios {
            let checked = open(file, None, &self.overrides).and_then(|(document, beside)| {
                let loaded =
                    load(&document, &registry, directory_of(&beside)).map_err(Failure::bad_input)?;
                let selection = table_selection(&loaded.scenario.output);
                let recorder = Recorder::new(Destination::Discard, selection);
                let simulation = loaded.world.build(Box::new(recorder)).map_err(Failure::bad_input)?;
                check_tables(&document, &simulation)?;
                Ok((loaded.name, simulation.notes().to_vec()))
            });
            match checked {
                Ok((name, notes)) => {
                    let notes: String = notes.iter().map(|note| format!("  note: {note}\n")).collect();
                    print(&format!("{}: good ({name})\n{notes}", file.display()));
                }
                Err(
                    Failure::Failed(message)
                    | Failure::BadInput(message)
                    | Failure::NothingPlaced(message),
                ) => errors.push(message),
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(Failure::BadInput(errors.join("\n"))) }
    }
}
