//! `stratosim new`: starts a scenario from a template.

use super::{Failure, print};
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// Write a new scenario from a template, to be changed to one's needs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim new offloading my-study.json")]
pub(super) struct New {
    /// Template to start from.
    template: Template,
    /// File to write, which must not exist; `TEMPLATE.json` if left out.
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Template {
    /// The least that runs.
    Minimal,
    /// Mobile devices, edge nodes and a cloud, with applications and a policy spelled out.
    Offloading,
    /// A wide-area network of one's own links, with faults.
    Network,
}

impl Template {
    fn name(self) -> &'static str {
        match self {
            Template::Minimal => "minimal",
            Template::Offloading => "offloading",
            Template::Network => "network",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Template::Minimal => include_str!("templates/minimal.json"),
            Template::Offloading => include_str!("templates/offloading.json"),
            Template::Network => include_str!("templates/network.json"),
        }
    }
}

impl New {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let file = self.file.clone().unwrap_or_else(|| format!("{}.json", self.template.name()).into());
        let written = File::create_new(&file)
            .and_then(|mut target| target.write_all(self.template.text().as_bytes()));
        match written {
            Ok(()) => {
                print(&format!("wrote {0}; run it with: stratosim run {0}\n", file.display()));
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Failure::BadInput(format!("{} exists already; name another file", file.display())))
            }
            Err(error) => Err(Failure::Failed(format!("cannot write {}: {error}", file.display()))),
        }
    }
}
