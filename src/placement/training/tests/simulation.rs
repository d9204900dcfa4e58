//! A plain loop over jobs, to compare queues, placements and fabrics: what the world does in events.

use super::*;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// For each job that has started when it did, by id.
    pub(super) starts_s: std::collections::BTreeMap<u32, f64>,
    /// GPU-seconds done within the window, at full rate, over GPUs and window.
    pub(super) utilisation: f64,
    /// The mean wait of jobs that started, in seconds.
    pub(super) mean_wait_s: f64,
    /// Jobs that were refused when they were submitted.
    pub(super) refused: usize,
    pub(super) circuits_moved: usize,
}

struct Run {
    job: TrainingJob,
    start_s: f64,
    end_s: f64,
    slow_down: f64,
}

/// Runs jobs until `until_s`; utilisation is measured from `from_s`. Jobs run to their end once they have started.
pub(super) fn simulate(
    shape: ClusterShape,
    fabric: Fabric,
    jobs: &[TrainingJob],
    queue: &mut dyn QueuePolicy,
    placement: &mut dyn TrainingPlacement,
    [from_s, until_s]: [f64; 2],
) -> Outcome {
    let mut cluster = Cluster::new(shape, fabric).unwrap();
    let mut random = random();
    let mut outcome = Outcome::default();
    let (mut waiting, mut running): (Vec<WaitingJob>, Vec<Run>) = (Vec::new(), Vec::new());
    let mut work = 0.0;
    let mut next = 0;
    let count_work = |run: &Run, to_s: f64| {
        let busy_s = (run.end_s.min(to_s) - run.start_s.max(from_s)).max(0.0);
        f64::from(run.job.gpus) * busy_s / run.slow_down
    };
    loop {
        let end = (0..running.len()).min_by(|&a, &b| running[a].end_s.total_cmp(&running[b].end_s));
        let end_s = end.map_or(f64::INFINITY, |at| running[at].end_s);
        let arrival_s = jobs.get(next).map_or(f64::INFINITY, |job| job.submit_s);
        let now_s = end_s.min(arrival_s);
        if now_s >= until_s {
            break;
        }
        if end_s <= arrival_s {
            let run = running.remove(end.unwrap());
            work += count_work(&run, until_s);
            cluster.end(run.job.id);
        } else {
            match feasibility(shape, fabric, &jobs[next]).unwrap() {
                Feasibility::Starts { .. } => waiting.push(WaitingJob::new(jobs[next])),
                _ => outcome.refused += 1,
            }
            next += 1;
        }
        let order = {
            let runs: Vec<RunningJob> = running
                .iter()
                .map(|run| RunningJob { state: WaitingJob::new(run.job), end_s: run.end_s })
                .collect();
            queue.order(&QueueView { now_s, waiting: &waiting, running: &runs, cluster: &cluster })
        };
        let mut started = Vec::new();
        let mut reservation: Option<Reservation> = None;
        for (rank, &at) in order.iter().enumerate() {
            let state = waiting[at];
            if let Some(reservation) = &mut reservation
                && !reservation.admits(now_s, &state)
            {
                continue;
            }
            let after: Vec<TrainingJob> =
                order[rank + 1..].iter().take(5).map(|&at| waiting[at].job).collect();
            let view = &mut PlacementView {
                cluster: &cluster,
                job: &state.job,
                next: &after,
                random: &mut random,
            };
            let result = placement.place(view).and_then(|place| cluster.start(&state.job, place).ok());
            if let Some(result) = result {
                outcome.circuits_moved +=
                    result.allocation.map_or(0, |allocation| allocation.replan.moved);
                let slow_down = state.job.slow_down(result.rate);
                let end_s = now_s + state.job.duration_s * slow_down;
                running.push(Run { job: state.job, start_s: now_s, end_s, slow_down });
                outcome.starts_s.insert(state.job.id, now_s);
                outcome.mean_wait_s += now_s - state.job.submit_s;
                started.push(at);
                continue;
            }
            match queue.discipline() {
                Discipline::Strict => break,
                Discipline::Backfill | Discipline::Preempt => {}
                Discipline::Reserve => {
                    let ends: Vec<(f64, u32)> =
                        running.iter().map(|run| (run.end_s, run.job.gpus)).collect();
                    reservation.get_or_insert(Reservation::of(state.job.gpus, cluster.free(), &ends));
                }
            }
        }
        started.sort_unstable();
        started.iter().rev().for_each(|&at| {
            waiting.remove(at);
        });
    }
    work += running.iter().map(|run| count_work(run, until_s)).sum::<f64>();
    outcome.utilisation = work / (shape.gpus() as f64 * (until_s - from_s));
    outcome.mean_wait_s /= outcome.starts_s.len().max(1) as f64;
    outcome
}
