//! What is asked at the decision point *resource scope*.

use crate::apps::DecisionId;
use crate::infra::NodeId;
use crate::replication::Mode;
use crate::scope::{Place, Resolved};
use std::collections::BTreeMap;

/// A question, at each creation of a resource: on which sites is it to be? What it tells is what the agent of the site
/// knows.
#[derive(Clone, Copy, Debug)]
pub struct ScopeRequest<'a> {
    /// The workload's number, which the world fills in.
    pub workload: u16,
    /// The number of the operation in its workload.
    pub number: u64,
    /// The site at which the user asks, by index.
    pub site: u32,
    /// Its node.
    pub node: NodeId,
    /// The names of all sites.
    pub names: &'a [String],
    /// The kind of resource, by index in the catalogue.
    pub kind: u16,
    /// Its name.
    pub kind_name: &'a str,
    /// The service that manages it.
    pub service: &'a str,
    /// How its replicas are kept equal.
    pub mode: Mode,
    /// Whether it can be spread over sites.
    pub is_divisible: bool,
    /// The scope that the request carries, its sites found.
    pub written: Option<&'a Resolved>,
    /// Seconds one way to each site, as far as the agent knows: measured to those that it hears, else as the network is laid
    /// out; infinite if there is no way.
    pub latency_s: &'a [f64],
    /// Sites that it takes to be unavailable, in ascending order.
    pub unavailable: &'a [u32],
    /// Requests for resources of the kind that it has handled, by the site of the user, older ones counted less.
    pub demand: &'a BTreeMap<u32, f64>,
}

/// The answer, which the world has checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeChoice {
    /// Where the resource is to be; `None` for the site itself.
    pub place: Option<Place>,
    /// To be resolved when the creation has ended; `None` if it is not recorded.
    pub id: Option<DecisionId>,
}
