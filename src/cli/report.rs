//! `stratosim report`: one HTML page of a run or a sweep.

use super::plot::failure;
use super::{Failure, print};
use clap::Args;
use std::path::PathBuf;

/// Write one self-contained HTML page of a run or a sweep: what was run, key figures, plots, tables.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim report /tmp/s\n\n\
    The page needs no network and no other file. Which plots it has follows from the tables that the run has \
    written, or the axes of the sweep.")]
pub(super) struct Report {
    /// Directory of a run or a finished sweep.
    directory: PathBuf,
    /// File to write; `report.html` in the directory if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

impl Report {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let out = self.out.clone().unwrap_or_else(|| self.directory.join("report.html"));
        crate::report::write(&self.directory, &out).map_err(failure)?;
        if !self.quiet {
            print(&format!("wrote {}\n", out.display()));
        }
        Ok(())
    }
}
