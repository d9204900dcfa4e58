//! Heterogeneous earliest finish time.

use super::{WorkflowDecision, WorkflowPolicy, WorkflowView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Heterogeneous earliest finish time (Topcuoglu, Hariri and Wu, IEEE TPDS 13(3), 2002): the workflow is planned as a
/// whole when it comes. Tasks are taken by falling upward rank - mean runtime, and the longest way from there to the end
/// by mean times of tasks and transfers - and each gets the node on which it ends first, in a gap of the plan if there is
/// one. Nodes keep to the order of the plan.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heft {}

/// The upward rank of each task in seconds.
pub(super) fn upward_ranks(view: &mut WorkflowView<'_>) -> Vec<f64> {
    let graph = view.graph();
    let mut ranks = vec![0.0_f64; graph.tasks().len()];
    for &task in graph.order().iter().rev() {
        let mut rest_s = 0.0_f64;
        for &child in graph.children(task) {
            let moves_s = view.mean_transfer_s(graph.bytes_between(task, child));
            rest_s = rest_s.max(moves_s + ranks[child as usize]);
        }
        ranks[task as usize] = view.mean_runtime_s(task) + rest_s;
    }
    ranks
}

impl WorkflowPolicy for Heft {
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
        let ranks = upward_ranks(view);
        let graph = view.graph();
        let mut place = vec![0; graph.tasks().len()];
        (0..).zip(graph.order()).for_each(|(number, &task)| place[task as usize] = number);
        let mut tasks = view.open().to_vec();
        // Among equals parents come first.
        tasks.sort_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            ranks[b].total_cmp(&ranks[a]).then(place[a].cmp(&place[b]))
        });
        let mut decision = WorkflowDecision::default();
        for task in tasks {
            // What waits for a task without a node cannot be planned.
            if graph.parents(task).iter().all(|&parent| view.is_placed(parent))
                && let Some((node, _)) = view.first_to_end(task)
            {
                decision.assigned.extend(view.assign(task, node));
            }
        }
        decision
    }

    fn plans_ahead(&self) -> bool {
        true
    }
}
