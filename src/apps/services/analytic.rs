//! The response time of ECLYPSE: what a flow takes where nothing waits and messages have no size.
//!
//! For each flow it is the sum, over the services of its path, of the processing time of the service and that of the
//! node it is on, and of the delays of the ways between their nodes; an application's is that of its worst flow, and
//! infinite if a service has no node. It depends neither on load nor on bandwidth (ECLYPSE 0.9.1,
//! `response_time`). Sources of requests are no part of it.

use super::application::Application;
use crate::infra::applications::InteractionIndex;
use crate::infra::assets::AssetId;
use crate::infra::{Infrastructure, NodeId};

/// Seconds that a flow of an application takes, with the first replica of each service on the node that `node_of` tells
/// and ways that take `latency_s`.
#[must_use]
pub fn analytic_response_s(
    application: &Application,
    flow: usize,
    infrastructure: &Infrastructure,
    node_of: impl Fn(u32) -> Option<NodeId>,
    latency_s: impl Fn(InteractionIndex) -> f64,
) -> f64 {
    let Some(flow) = application.flows.get(flow) else { return f64::INFINITY };
    let mut sum_s = 0.0;
    let mut before: Option<(u32, NodeId)> = None;
    for &service in &flow.path {
        let Some(node) = node_of(service) else { return f64::INFINITY };
        let mips = infrastructure.class_of(node).mips_per_core;
        sum_s += application.services[service as usize].processing.mean_s(mips);
        sum_s += infrastructure.assets().offer(node, AssetId::PROCESSING_TIME_S);
        if let Some((caller, _)) = before.filter(|&(_, at)| at != node) {
            match application.first_interaction(caller, service) {
                Some(interaction) => sum_s += latency_s(interaction),
                None => return f64::INFINITY,
            }
        }
        before = Some((service, node));
    }
    sum_s
}
