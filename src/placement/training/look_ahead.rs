//! Placements that try.

use super::heuristics::{domain_first, uplink_aware};
use super::place::{PlacementView, TrainingPlacement};
use crate::apps::training::packing::{fill_leaf, packed, take};
use crate::apps::training::{Cluster, Placement, TrainingJob};
use crate::infra::optical::LeafId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::{Ordering, Reverse};

/// How good a placement is: first the rate of the job, then few leaves, then few circuits, then free GPUs that are together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacementScore {
    /// The part of the full rate at which the job would run.
    pub rate: f64,
    /// Leaves that it would be on.
    pub leaves: usize,
    /// Circuits that it would want.
    pub circuits: u64,
    /// Sum of the squares of free GPUs of leaves, after it has started.
    pub together: u64,
}

impl PlacementScore {
    /// Which one is better; greater is better.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let rest = |score: &Self| (Reverse(score.leaves), Reverse(score.circuits), score.together);
        self.rate.total_cmp(&other.rate).then_with(|| rest(self).cmp(&rest(other)))
    }
}

/// How good it would be to start a job at a placement; `None` if it cannot start there. Costs a copy of the cluster.
#[must_use]
pub fn score(cluster: &Cluster, job: &TrainingJob, placement: &Placement) -> Option<PlacementScore> {
    let mut trial = cluster.clone();
    let started = trial.start(job, placement.clone()).ok()?;
    let squares = trial.by_free().iter().map(|&(free, _)| u64::from(free) * u64::from(free));
    Some(PlacementScore {
        rate: started.rate,
        leaves: placement.leaves(cluster.shape()).len(),
        circuits: cluster.wanted_circuits(job, placement),
        together: squares.sum(),
    })
}

/// All ways to spread a job's GPUs over leaves, and of them the best that can start, by its score; servers within a leaf
/// are alike to it. For small clusters: what other placements are measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exhaustive {
    /// So many ways are looked at; of more, the first so many.
    pub most: u32,
}

impl Default for Exhaustive {
    fn default() -> Self {
        Exhaustive { most: 20_000 }
    }
}

impl TrainingPlacement for Exhaustive {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        let (cluster, job) = (view.cluster, view.job);
        let leaves = cluster.shape().leaves as usize;
        let free: Vec<u32> =
            (0..cluster.shape().leaves).map(|leaf| cluster.free_at_leaf(LeafId(leaf))).collect();
        // Free GPUs from each leaf on.
        let mut after = vec![0_u64; leaves + 1];
        for leaf in (0..leaves).rev() {
            after[leaf] = after[leaf + 1] + u64::from(free[leaf]);
        }
        if after[0] < u64::from(job.gpus) {
            return None;
        }
        let mut best: Option<(PlacementScore, Placement)> = None;
        let mut looked_at = 0;
        // Counts of the leaves so far; the next count of the last one that has more to try is one lower.
        let mut counts: Vec<u32> = Vec::with_capacity(leaves);
        let mut left = job.gpus;
        loop {
            while counts.len() < leaves {
                let taken = free[counts.len()].min(left);
                counts.push(taken);
                left -= taken;
            }
            if left == 0 {
                looked_at += 1;
                let mut servers = Vec::new();
                for (leaf, &count) in (0..).zip(&counts) {
                    fill_leaf(cluster, LeafId(leaf), count, &mut servers);
                }
                let placement = Placement::new(servers);
                if let Some(found) = score(cluster, job, &placement)
                    && best.as_ref().is_none_or(|(best, _)| found.compare(best) == Ordering::Greater)
                {
                    best = Some((found, placement));
                }
            }
            if looked_at >= self.most {
                break;
            }
            // Back to the last leaf that can do with one less because those after it can take it.
            loop {
                let Some(count) = counts.pop() else { return best.map(|(_, placement)| placement) };
                left += count;
                if count > 0 && u64::from(left - (count - 1)) <= after[counts.len() + 1] {
                    counts.push(count - 1);
                    left -= count - 1;
                    break;
                }
            }
        }
        best.map(|(_, placement)| placement)
    }
}

/// Of what the rules find, the placement after which most GPUs of the next jobs can start, too, packed and in their order; of as
/// many the best by score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LookAhead {
    /// So many of the next jobs are tried.
    pub window: u32,
}

impl Default for LookAhead {
    fn default() -> Self {
        LookAhead { window: 5 }
    }
}

impl TrainingPlacement for LookAhead {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        let (cluster, job) = (view.cluster, view.job);
        let in_order = || take(cluster, (0..cluster.shape().leaves).map(LeafId), job.gpus);
        let candidates = [
            packed(cluster, job.gpus),
            uplink_aware(cluster, job.gpus),
            domain_first(cluster, job.gpus),
            in_order(),
        ];
        let mut best: Option<(u64, PlacementScore, Placement)> = None;
        for placement in candidates.into_iter().flatten() {
            let Some(own) = score(cluster, job, &placement) else { continue };
            let mut trial = cluster.clone();
            if trial.start(job, placement.clone()).is_err() {
                continue;
            }
            let mut started = 0;
            for next in view.next.iter().take(self.window as usize) {
                let place = uplink_aware(&trial, next.gpus);
                if place.is_some_and(|place| trial.start(next, place).is_ok()) {
                    started += u64::from(next.gpus);
                }
            }
            let is_better = best.as_ref().is_none_or(|(most, score, _)| {
                started.cmp(most).then(own.compare(score)) == Ordering::Greater
            });
            if is_better {
                best = Some((started, own, placement));
            }
        }
        best.map(|(_, _, placement)| placement)
    }
}
