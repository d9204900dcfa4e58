//! A pass over waiting jobs: the order, placements, circuits, and who starts.

use super::cluster::{Placement, StartRefusal, Started};
use super::feasible::placement_that_starts;
use super::operation::{Operation, Stop};
use super::request::{TrainingPlacementRequest, TrainingQueueRequest};
use super::rows::Seen;
use super::waiting::{Discipline, Reservation};
use crate::apps::{Context, DecisionId};
use crate::infra::optical::CircuitRefusal;

/// So many of the jobs that come next are told to placements.
const NEXT: usize = 8;

/// What came of a job that was tried.
enum Tried {
    Started(Placement, Started, Option<DecisionId>),
    Waits(StartRefusal),
}

impl Operation {
    /// Tries waiting jobs, in the order of the queue policy.
    pub(super) fn pass(&mut self, context: &mut dyn Context) {
        self.pass_begins();
        let now = context.now();
        if !self.waiting.is_empty() {
            self.preempt(context);
            let mut running = self.running_view(now);
            let number = self.rows.next_window(now, &self.account, context);
            let request = TrainingQueueRequest {
                number,
                now_s: now.as_secs(),
                waiting: &self.waiting,
                running: &running,
                cluster: &self.cluster,
            };
            let gpus = self.cluster.shape().gpus() as f64;
            let (run_before, free_share) = (running.len(), self.cluster.free() as f64 / gpus);
            let mut choice = context.decide_training_queue(&request);
            let order = std::mem::take(&mut choice.order);
            let mut reservation: Option<Reservation> = None;
            let mut started = vec![false; self.waiting.len()];
            for (rank, &at) in order.iter().enumerate() {
                let state = self.waiting[at];
                let mut trial = reservation;
                if trial.as_mut().is_some_and(|own| !own.admits(now.as_secs(), &state)) {
                    continue;
                }
                match self.try_to_start(&order[rank..], at, context) {
                    Tried::Started(placement, result, decision) => {
                        reservation = trial;
                        started[at] = true;
                        self.started(state.job.id, &placement, result, decision, context);
                        running.extend(self.running_view(now).last());
                    }
                    Tried::Waits(refusal) => {
                        self.instant.short.count(&refusal);
                        match choice.discipline {
                            Discipline::Strict => break,
                            Discipline::Backfill | Discipline::Preempt => {}
                            Discipline::Reserve => {
                                let ends: Vec<(f64, u32)> =
                                    running.iter().map(|run| (run.end_s, run.state.job.gpus)).collect();
                                let (gpus, free) = (state.job.gpus, self.cluster.free());
                                reservation.get_or_insert_with(|| Reservation::of(gpus, free, &ends));
                            }
                        }
                    }
                }
            }
            let count = started.iter().filter(|started| **started).count();
            let seen = Seen {
                waiting: &self.waiting,
                order: &order,
                started: &started,
                tried: &choice.tried,
                running: run_before,
                free_share,
            };
            self.rows.window(&seen, self.plan.window, &self.account, context);
            let outcome = if count > 0 { "started" } else { "waiting" };
            self.resolve(choice.id, outcome, self.cluster.utilisation(), context);
            let mut number = 0;
            self.waiting.retain(|_| {
                number += 1;
                !started[number - 1]
            });
        }
        self.repace_all(context);
        self.account.short(self.instant.short);
        self.export("change", context);
    }

    /// Stops the jobs that give way, once an instant: who comes first may find no circuits, and would have the same jobs stop and
    /// start again for ever.
    fn preempt(&mut self, context: &mut dyn Context) {
        let now = context.now();
        if self.preempted == Some(now) {
            return;
        }
        let running = self.running_view(now);
        let request = TrainingQueueRequest {
            number: 0,
            now_s: now.as_secs(),
            waiting: &self.waiting,
            running: &running,
            cluster: &self.cluster,
        };
        let stopped = context.training_jobs_giving_way(&request);
        if !stopped.is_empty() {
            self.preempted = Some(now);
        }
        for at in stopped {
            if let Some(run) = running.get(at) {
                self.stop(run.state.job.id, Stop::Preempted, context);
            }
        }
    }

    /// Has a job placed that comes first of the rest of an order, and starts it there if it gets its circuits. On a cluster that
    /// is idle it starts where it is known to find them, if it does not where the policy wants it: else it would wait forever.
    fn try_to_start(&mut self, order: &[usize], at: usize, context: &mut dyn Context) -> Tried {
        let job = self.waiting[at].job;
        let free = self.cluster.free();
        let short = StartRefusal::Count { wanted: job.gpus, placed: free };
        if u64::from(job.gpus) > free {
            return Tried::Waits(short);
        }
        let next: smallvec::SmallVec<[_; NEXT]> =
            order.iter().skip(1).take(NEXT).map(|&at| self.waiting[at].job).collect();
        let request = TrainingPlacementRequest {
            cluster: &self.cluster,
            job: &job,
            next: &next,
            waiting: self.waiting.len(),
        };
        let choice = context.decide_training_placement(&request);
        let refusal = match choice.placement {
            None => short,
            Some(placement) => match self.cluster.start(&job, placement.clone()) {
                Ok(started) => return Tried::Started(placement, started, choice.id),
                Err(refusal) => refusal,
            },
        };
        if self.running.is_empty()
            && matches!(refusal, StartRefusal::Circuits(_))
            // On another one: circuits that were only tried would count as set up.
            && let Ok((placement, _)) = placement_that_starts(&mut self.cluster.clone(), &job)
            && let Ok(started) = self.cluster.start(&job, placement.clone())
        {
            return Tried::Started(placement, started, choice.id);
        }
        let outcome = match &refusal {
            StartRefusal::Circuits(CircuitRefusal::Ports { .. }) => "no_port",
            StartRefusal::Circuits(_) => "no_colouring",
            _ => "no_gpu",
        };
        self.resolve(choice.id, outcome, 0.0, context);
        Tried::Waits(refusal)
    }
}
