//! Policies that take nodes in an order.

use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::applications::{Violation, ViolationKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// For each replica in order the first node that has what it needs, and ways to the replicas that are placed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FirstFit {}

impl ServicePlacementPolicy for FirstFit {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        for &replica in view.open() {
            let fault = Violation::new(ViolationKind::NodeDown);
            let mut fault = Violation { replica: Some(replica), ..fault };
            let found = view.candidates().iter().any(|&node| match view.assign(replica, node) {
                Ok(()) => true,
                Err(short) => {
                    fault = short;
                    false
                }
            });
            if !found {
                return ServicePlacementDecision::Reject(fault);
            }
        }
        view.decided()
    }
}
