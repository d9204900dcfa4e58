//! Faults.

use super::{Draw, Names};
use crate::scenario::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One outage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// When it begins.
    pub fail: Duration,
    /// When it ends; never if left out.
    #[serde(default)]
    pub repair: Option<Duration>,
}

/// Failures of nodes and links, at given times or at random.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// The nodes that fail, each by itself.
    #[serde(default)]
    pub nodes: Option<Names>,
    /// Energy sites whose nodes fail, each by itself.
    #[serde(default)]
    pub sites: Option<Names>,
    /// Share of these nodes that fail: the first ones of each name.
    #[serde(default)]
    pub share: Option<Ratio>,
    /// The links that fail, each by itself.
    #[serde(default)]
    pub links: Option<Names>,
    /// Outages at given times, in order.
    #[serde(default)]
    pub outages: Vec<Outage>,
    /// Time in service until a failure.
    #[serde(default)]
    pub time_to_failure: Option<Draw<Duration>>,
    /// Time from a failure to its repair.
    #[serde(default)]
    pub time_to_repair: Option<Draw<Duration>>,
}
