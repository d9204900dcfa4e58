//! A replica for each request.

use super::scaled;
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::placement::functions::{AllocationView, FunctionsError, ReplicaAllocationPolicy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Scale per request, as AWS Lambda and SimFaaS have it: a request takes the idle replica that was used last, or is bound to a
/// new one, and is rejected if there are as many as there may be. Replicas go when they were idle for the keep-alive time of
/// their function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PerRequest {}

impl ReplicaAllocationPolicy for PerRequest {
    fn allocate(&mut self, view: &mut AllocationView<'_>) -> Result<ReplicaAllocation, FunctionsError> {
        Ok(ReplicaAllocation { per_request: true, ..scaled(view, |s| view.minimum(s)) })
    }
}
