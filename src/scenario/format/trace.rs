//! How deep a run is traced.

use super::root::{OutputSpec, SampleSpec};
use crate::placement::offloading::TierName;
use crate::units::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of a run is recorded, from its numbers to every step of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceDepth {
    /// No tables: only `summary.json`.
    Summary,
    /// All tables but those of details, and samples of edge, fog and cloud.
    #[default]
    Default,
    /// All tables - details of tasks, services, services by node, tiers, movements, too - and samples of all
    /// nodes, links and positions.
    Full,
}

impl OutputSpec {
    /// Fills in what the depth of the trace says and the other keys leave open, but for `tables`.
    pub fn fill_defaults(&mut self) {
        let full = self.trace == TraceDepth::Full;
        let tiers = || match full {
            true => vec![TierName::Device, TierName::Edge, TierName::Fog, TierName::Cloud],
            false => vec![TierName::Edge, TierName::Fog, TierName::Cloud],
        };
        let SampleSpec { interval, tiers: sampled, links, positions, .. } = &mut self.sample;
        interval.get_or_insert(Duration::from_secs(10.0));
        sampled.get_or_insert_with(tiers);
        links.get_or_insert(true);
        positions.get_or_insert(full);
    }
}
