//! Policies that look at neither times nor data.

use super::{WorkflowDecision, WorkflowPolicy, WorkflowView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ready tasks go round the nodes that are large enough, in their order.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoundRobin {
    /// The node after the one that was chosen last.
    #[serde(skip)]
    next: u32,
}

impl WorkflowPolicy for RoundRobin {
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
        let mut decision = WorkflowDecision::default();
        let nodes = view.nodes().len();
        for &task in view.open() {
            let first = view.nodes().partition_point(|offer| offer.node.0 < self.next);
            let own =
                (0..nodes).map(|step| (first + step) % nodes).find_map(|node| view.assign(task, node));
            if let Some(own) = own {
                self.next = own.node.0 + 1;
                decision.assigned.push(own);
            }
        }
        decision
    }
}

/// All tasks run on the node that the workflow came from; those that it cannot take end their workflow.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Local {}

impl WorkflowPolicy for Local {
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
        let mut decision = WorkflowDecision::default();
        let source = view.source();
        let place = view.place_of(source);
        for &task in view.open() {
            let may = view.allowed().binary_search(&source).is_ok();
            if !may || place.is_some_and(|node| !view.fits(task, node)) {
                decision.refused.push(task);
            } else if let Some(node) = place {
                decision.assigned.extend(view.assign(task, node));
            }
        }
        decision
    }
}
