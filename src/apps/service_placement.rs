//! The decision point *service placement*, as a workload sees it.

use super::DecisionId;
use crate::infra::applications::{ReplicaIndex, Violation};
use crate::infra::{ApplicationId, Infrastructure, NodeId};

/// An application of which replicas need nodes.
#[derive(Clone, Copy, Debug)]
pub struct ServicePlacementRequest<'a> {
    /// The application.
    pub application: ApplicationId,
    /// Which of the world's policies decides: 0 for that of the scenario.
    pub number: u32,
    /// The replicas to be placed or moved. The others stay.
    pub open: &'a [ReplicaIndex],
    /// The nodes they may be placed on, in order; all that have cores if `None`.
    pub nodes: Option<&'a [NodeId]>,
    /// Where open replicas were, for policies that would rather not move them.
    pub previous: &'a [(ReplicaIndex, NodeId)],
}

/// Why replicas were not placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ServicePlacementFailure {
    /// The policy found no placement: the requirement on which it failed.
    Rejected(Violation),
    /// The policy's answer breaks a requirement.
    Refused(Violation),
    /// The policy's answer leaves this open replica out or names it twice, or it is not open.
    Malformed(ReplicaIndex),
    /// The policy's answer has this replica on a node that is not among those of the request.
    Elsewhere(ReplicaIndex, NodeId),
}

impl ServicePlacementFailure {
    /// The requirement that failed, if it was one.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        match self {
            ServicePlacementFailure::Rejected(fault) | ServicePlacementFailure::Refused(fault) => {
                Some(fault)
            }
            ServicePlacementFailure::Malformed(_) | ServicePlacementFailure::Elsewhere(..) => None,
        }
    }

    /// The failure in words, with the names of an application and the infrastructure.
    #[must_use]
    pub fn describe(&self, infrastructure: &Infrastructure, application: ApplicationId) -> String {
        match self {
            ServicePlacementFailure::Rejected(fault) => fault.describe(infrastructure, application),
            ServicePlacementFailure::Refused(fault) => {
                format!(
                    "the policy's answer was refused: {}",
                    fault.describe(infrastructure, application)
                )
            }
            ServicePlacementFailure::Malformed(replica) => {
                let name = infrastructure.application(application).needs().replica_name(*replica);
                format!("the policy's answer does not name {name:?} once, or it was not asked for")
            }
            ServicePlacementFailure::Elsewhere(replica, node) => {
                let needs = infrastructure.application(application).needs();
                let name = needs.replica_name(*replica);
                let is_there = node.index() < infrastructure.nodes().len();
                let node = if is_there { infrastructure.node_name(*node) } else { node.0.to_string() };
                format!(
                    "the policy's answer has {name:?} of {:?} on node {node:?}, which is not among the nodes that \
                     the workload may use",
                    needs.name
                )
            }
        }
    }
}

/// What was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct ServicePlacementChoice {
    /// Where the open replicas are placed: it is booked already. If it failed they are where they were before.
    pub result: Result<Vec<(ReplicaIndex, NodeId)>, ServicePlacementFailure>,
    /// The record of the decision, if decisions are recorded.
    pub decision: Option<DecisionId>,
}
