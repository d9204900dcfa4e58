//! Policies that look at when ready tasks would end, or how long they would run.

use super::{WorkflowDecision, WorkflowPolicy, WorkflowView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Of the ready tasks the one that can end first gets its node, then the next one (Ibarra and Kim, JACM 24(2), 1977).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinMin {}

/// Of the ready tasks the one whose earliest end is last gets its node, then the next one, so that long tasks begin
/// before short ones (Ibarra and Kim, JACM 24(2), 1977).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaxMin {}

/// A ready task gets the node that has most bytes of its input, and among equals the one on which it ends first.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataAware {}

/// A ready task gets the node on which it runs for the shortest time, however long it waits there, and among equals the
/// one on which it ends first: minimum execution time (Braun and others, JPDC 61(6), 2001).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fastest {}

/// Gives each ready task the node on which it ends first, again and again the task for which `is_before` of its end and
/// that of any other one.
fn one_by_one(view: &mut WorkflowView<'_>, is_before: impl Fn(f64, f64) -> bool) -> WorkflowDecision {
    let mut decision = WorkflowDecision::default();
    let mut best: Vec<(u32, usize, f64)> = Vec::with_capacity(view.open().len());
    for &task in view.open() {
        best.extend(view.first_to_end(task).map(|(node, end_s)| (task, node, end_s)));
    }
    while !best.is_empty() {
        let mut first = 0;
        for (index, own) in best.iter().enumerate().skip(1) {
            if is_before(own.2, best[first].2) {
                first = index;
            }
        }
        let (task, taken, _) = best.remove(first);
        decision.assigned.extend(view.assign(task, taken));
        // Only this node has become busier.
        best.retain_mut(|own| {
            if own.1 != taken {
                return true;
            }
            let again = view.first_to_end(own.0);
            if let Some((node, end_s)) = again {
                (own.1, own.2) = (node, end_s);
            }
            again.is_some()
        });
    }
    decision
}

impl WorkflowPolicy for MinMin {
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
        one_by_one(view, |own, other| own < other)
    }
}

impl WorkflowPolicy for MaxMin {
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
        one_by_one(view, |own, other| own > other)
    }
}

/// Gives each ready task the node of the least score, and among equals the one on which it ends first.
fn least(
    view: &mut WorkflowView<'_>,
    score: impl Fn(&mut WorkflowView<'_>, u32, usize) -> f64,
) -> WorkflowDecision {
    let mut decision = WorkflowDecision::default();
    for &task in view.open() {
        let mut best: Option<(f64, f64, usize)> = None;
        for node in 0..view.nodes().len() {
            let Some((_, end_s)) = view.earliest(task, node) else { continue };
            let own = score(view, task, node);
            if best.is_none_or(|(least, end, _)| own < least || (own == least && end_s < end)) {
                best = Some((own, end_s, node));
            }
        }
        decision.assigned.extend(best.and_then(|(_, _, node)| view.assign(task, node)));
    }
    decision
}

impl WorkflowPolicy for DataAware {
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
        least(view, |view, task, node| -view.present_bytes(task, node))
    }
}

impl WorkflowPolicy for Fastest {
    fn schedule(&mut self, view: &mut WorkflowView<'_>) -> WorkflowDecision {
        least(view, |view, task, node| view.runtime_s(task, node))
    }
}
