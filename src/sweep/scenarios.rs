//! The scenarios of the runs of a finished sweep.

use super::SweepError;
use super::plan::{Plan, RunId};
use super::store::read_header;
use serde_json::Value;
use std::path::Path;

/// The scenarios that a sweep directory holds, and the version that ran them.
#[derive(Debug)]
pub struct SweepScenarios {
    plan: Plan,
    version: String,
}

impl SweepScenarios {
    /// Reads the plan in a sweep directory.
    ///
    /// # Errors
    /// If it is no such directory, or its plan is damaged.
    pub fn open(directory: &Path) -> Result<Self, SweepError> {
        let header = read_header(directory)?;
        let version = header["plan"]["stratosim"].as_str().unwrap_or_default().to_string();
        Ok(SweepScenarios { plan: Plan::from_header(&header)?, version })
    }

    /// The scenario of a run: as it was given, without the defaults, with the values of the axes and the seed.
    ///
    /// # Errors
    /// If the plan has no such scenario.
    pub fn of(&self, run: RunId) -> Result<Value, SweepError> {
        Ok(self.plan.scenario(run)?.value().clone())
    }

    /// The version of the program that ran the sweep.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}
