//! Which run is next: the one that is expected to take longest, so that no long one is left for the end.

use super::plan::{Plan, RunId, Shard};
use super::until::Seen;
use crate::engine::Summary;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The runs that are yet to be done.
#[derive(Debug)]
pub(super) struct Queue<'p> {
    plan: &'p Plan,
    shard: Option<Shard>,
    lanes: Vec<Lane>,
    /// Points with waiting runs: by wall time of their finished runs, and by the guess for those without.
    timed: BTreeSet<(u64, usize)>,
    guessed: BTreeSet<(u64, usize)>,
    /// Wall time over guess of all finished runs.
    wall_s: f64,
    cost: f64,
    total: usize,
}

/// The runs of one point.
#[derive(Debug, Default)]
struct Lane {
    cost: f64,
    wall_s: Summary,
    waiting: VecDeque<u32>,
    seen: BTreeMap<u32, Seen>,
    /// How many replications have been asked for.
    asked: u32,
}

/// The order of numbers that are not negative is that of their bits.
fn key(number: f64) -> u64 {
    number.max(0.0).to_bits()
}

impl<'p> Queue<'p> {
    /// The runs of a plan, or of a part of it. `costs` are guesses, one a point.
    pub(super) fn new(plan: &'p Plan, shard: Option<Shard>, costs: &[f64]) -> Self {
        let lanes = costs.iter().map(|&cost| Lane { cost, ..Lane::default() }).collect();
        let (timed, guessed) = (BTreeSet::new(), BTreeSet::new());
        Queue { plan, shard, lanes, timed, guessed, wall_s: 0.0, cost: 0.0, total: 0 }
    }

    /// Notes a run that was finished in an earlier process; to be followed by [`fill`](Self::fill).
    pub(super) fn found(&mut self, run: RunId, seen: Seen) {
        if let Some(lane) = self.lanes.get_mut(run.point) {
            lane.seen.insert(run.replication, seen);
        }
    }

    /// Asks for all runs that are known to be needed; gives how many of them wait.
    pub(super) fn fill(&mut self) -> usize {
        (0..self.lanes.len()).map(|point| self.ask(point)).sum()
    }

    /// Notes a run that has been done, and gives how many more are needed because of it.
    pub(super) fn done(&mut self, run: RunId, seen: Seen, wall_s: f64) -> usize {
        let Some(lane) = self.lanes.get_mut(run.point) else { return 0 };
        let old = key(lane.wall_s.mean());
        let is_timed = lane.wall_s.count() > 0;
        lane.wall_s.add(wall_s);
        lane.seen.insert(run.replication, seen);
        self.wall_s += wall_s;
        self.cost += lane.cost;
        if !lane.waiting.is_empty() {
            let guess = (key(lane.cost), run.point);
            let _ = if is_timed {
                self.timed.remove(&(old, run.point))
            } else {
                self.guessed.remove(&guess)
            };
            self.timed.insert((key(lane.wall_s.mean()), run.point));
        }
        self.ask(run.point)
    }

    fn ask(&mut self, point: usize) -> usize {
        let Some(lane) = self.lanes.get_mut(point) else { return 0 };
        let wanted = self.plan.replications.wanted(|replication| lane.seen.get(&replication).copied());
        let mut added = 0;
        for replication in lane.asked..wanted {
            if !self.plan.is_in(self.shard, RunId { point, replication }) {
                continue;
            }
            self.total += 1;
            if !lane.seen.contains_key(&replication) {
                lane.waiting.push_back(replication);
                added += 1;
            }
        }
        lane.asked = lane.asked.max(wanted);
        self.insert(point);
        added
    }

    fn insert(&mut self, point: usize) {
        let Some(lane) = self.lanes.get(point).filter(|lane| !lane.waiting.is_empty()) else { return };
        if lane.wall_s.count() > 0 {
            self.timed.insert((key(lane.wall_s.mean()), point));
        } else {
            self.guessed.insert((key(lane.cost), point));
        }
    }

    /// Takes the next run.
    pub(super) fn next(&mut self) -> Option<RunId> {
        let rate = if self.cost > 0.0 { self.wall_s / self.cost } else { f64::INFINITY };
        let timed = self.timed.last().map(|&(wall, _)| f64::from_bits(wall));
        let guessed = self.guessed.last().map(|&(cost, _)| rate * f64::from_bits(cost));
        let from = if guessed >= timed { &mut self.guessed } else { &mut self.timed };
        let (_, point) = from.pop_last()?;
        let lane = self.lanes.get_mut(point)?;
        let replication = lane.waiting.pop_front()?;
        self.insert(point);
        Some(RunId { point, replication })
    }

    /// The runs asked for so far, finished ones included.
    pub(super) fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Sweep;

    #[test]
    fn the_longest_is_first_by_guess_and_then_by_what_was_seen() {
        let sweep = Sweep::from_json(
            r#"{ "scenario": { "nodes": [{ "tier": "edge" }] }, "replications": 2,
                 "axes": [{ "path": "nodes[0].count", "values": [1, 2, 3] }] }"#,
        );
        let sweep = sweep.unwrap();
        let mut queue = Queue::new(sweep.plan(), None, &[10.0, 30.0, 20.0]);
        let run = |point, replication| Some(RunId { point, replication });
        queue.found(RunId { point: 0, replication: 0 }, Seen::Done(None));
        assert_eq!((queue.fill(), queue.total()), (5, 6));
        assert_eq!(queue.next(), run(1, 0));
        // Point 1 takes 3 s a run, which is 0.1 s a unit of cost: point 2 is expected to take 2 s.
        queue.done(RunId { point: 1, replication: 0 }, Seen::Done(None), 3.0);
        assert_eq!(queue.next(), run(1, 1));
        assert_eq!(queue.next(), run(2, 0));
        // 10 s for 80 units of cost: point 0 is expected to take 1.25 s, more than point 2 took.
        queue.done(RunId { point: 2, replication: 0 }, Seen::Done(None), 1.0);
        queue.done(RunId { point: 1, replication: 1 }, Seen::Done(None), 6.0);
        assert_eq!(queue.next(), run(0, 1));
        assert_eq!(queue.next(), run(2, 1));
        assert_eq!(queue.next(), None);
    }
}
