//! `stratosim merge`: joins the parts of a sweep.

use super::Failure;
use super::sweep::{failure, report};
use crate::sweep::merge;
use clap::Args;
use std::path::PathBuf;

/// Join the parts of a sweep that were run with --shard into one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim merge /tmp/s part-1 part-2 part-3\n\n\
    The results are those of a sweep that was never divided. Parts of different sweeps are refused, and so \
    are parts that lack runs.")]
pub(super) struct Merge {
    /// Directory for the whole sweep.
    out: PathBuf,
    /// Directories of the parts.
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// Replace the sweep in the directory if there is one.
    #[arg(long)]
    force: bool,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

impl Merge {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let (results, plan) = merge(&self.out, &self.parts, self.force).map_err(failure)?;
        report(&results, plan.points().len(), &self.out, None, self.quiet)
    }
}
