//! Service placement policies with parts that a scenario names.

use super::Names;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Each service on the nodes that are given for it, if they have what it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedPlacementSpec {
    /// For each service by name the node of its replicas, or several that they take in turn; `*` for services that are
    /// not named.
    pub nodes: BTreeMap<String, Names>,
}

/// ECLYPSE's static strategy: each service on the node that is given for it, whatever it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EclypseStaticSpec {
    /// For each service by name its node; `*` for services that are not named.
    pub mapping: BTreeMap<String, String>,
}
