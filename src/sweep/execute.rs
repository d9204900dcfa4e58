//! Running the points of a sweep on all processors.

use super::metrics;
use super::plan::{Plan, RunId, Shard, labelled};
use super::queue::Queue;
use super::simulate::{Stopped, simulate, table_selection};
use super::store::{RunFile, Store};
use super::until::Seen;
use super::{Progress, SweepError};
use crate::output::{Destination, OutputError, Recorder, TableSelection};
use crate::scenario::{Registry, load};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What the workers share.
pub(super) struct Execution<'e> {
    pub(super) plan: &'e Plan,
    pub(super) registry: &'e Registry,
    /// Where results are kept; in memory only if there is none.
    pub(super) store: Option<&'e Store>,
    pub(super) shard: Option<Shard>,
    pub(super) interrupted: &'e AtomicBool,
    pub(super) watch: &'e (dyn Fn(&Progress) + Send + Sync),
}

/// What is going on, behind one lock.
struct State<'e> {
    queue: Queue<'e>,
    finished: Vec<RunFile>,
    failed: usize,
    /// Why the sweep cannot go on.
    broken: Option<SweepError>,
}

/// A panic elsewhere leaves this state whole: it is changed in one go.
fn locked<'m, T>(mutex: &'m Mutex<T>) -> MutexGuard<'m, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Execution<'_> {
    /// Runs all that is not in `found`; gives these and the new ones, in no order.
    pub(super) fn run(
        &self,
        pool: &rayon::ThreadPool,
        found: Vec<RunFile>,
        costs: &[f64],
    ) -> Result<Vec<RunFile>, SweepError> {
        let mut queue = Queue::new(self.plan, self.shard, costs);
        // What failed is tried again: the cause may be gone.
        let found: Vec<RunFile> = found.into_iter().filter(|run| run.error.is_none()).collect();
        for run in &found {
            queue.found(run.id(), seen(run));
        }
        let waiting = queue.fill();
        let state = Mutex::new(State { queue, finished: found, failed: 0, broken: None });
        self.tell(&locked(&state));
        pool.scope(|scope| {
            for _ in 0..waiting {
                scope.spawn(|scope| self.work(scope, &state));
            }
        });
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = state.broken {
            return Err(error);
        }
        if self.interrupted.load(Ordering::Relaxed) && state.finished.len() < state.queue.total() {
            let (finished, total) = (state.finished.len(), state.queue.total());
            return Err(SweepError::Interrupted(format!("after {finished} of {total} runs")));
        }
        Ok(state.finished)
    }

    /// Does the run that is next. There are as many calls of this as runs waiting.
    fn work<'s, 'e: 's>(&'s self, scope: &rayon::Scope<'s>, shared: &'s Mutex<State<'e>>) {
        let run = {
            let mut state = locked(shared);
            if state.broken.is_some() || self.interrupted.load(Ordering::Relaxed) {
                return;
            }
            state.queue.next()
        };
        let Some(run) = run else { return };
        let result = self.one(run);
        let mut state = locked(shared);
        match result {
            Ok(Some(file)) => {
                let more = state.queue.done(run, seen(&file), file.wall_s);
                state.failed += usize::from(file.error.is_some());
                state.finished.push(file);
                self.tell(&state);
                for _ in 0..more {
                    scope.spawn(|scope| self.work(scope, shared));
                }
            }
            Ok(None) => {}
            Err(error) => {
                state.broken.get_or_insert(error);
            }
        }
    }

    fn tell(&self, state: &State<'_>) {
        (self.watch)(&Progress {
            finished: state.finished.len(),
            failed: state.failed,
            total: state.queue.total(),
        });
    }

    /// Does one run and keeps its result; `None` if it was interrupted.
    fn one(&self, run: RunId) -> Result<Option<RunFile>, SweepError> {
        let started = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| self.simulate(run)));
        let labels = self.plan.points().get(run.point).map_or(&[][..], |point| &point.labels);
        let mut file = RunFile {
            hash: self.store.map_or_else(String::new, |store| store.hash().to_string()),
            point: run.point,
            replication: run.replication,
            seed: self.plan.seed(run.replication),
            axes: labelled(self.plan.columns(), labels),
            error: None,
            decisive: None,
            metrics: metrics::Metrics::new(),
            events: 0,
            fingerprint: None,
            wall_s: 0.0,
        };
        match result {
            Ok(Ok(Done { metrics, decisive, events, fingerprint })) => {
                file = RunFile { metrics, decisive, events, fingerprint: Some(fingerprint), ..file };
            }
            Ok(Err(Failed::Interrupted)) => {
                self.drop_tables(run);
                return Ok(None);
            }
            Ok(Err(Failed::Storage(error))) => {
                self.drop_tables(run);
                return Err(error);
            }
            Ok(Err(Failed::Run(message))) => file.error = Some(message),
            Err(panic) => file.error = Some(format!("it panicked: {}", panic_message(&*panic))),
        }
        file.wall_s = started.elapsed().as_secs_f64();
        if let Some(store) = self.store {
            if file.error.is_some() {
                self.drop_tables(run);
            } else if !self.plan.tables.is_empty() {
                store.keep_tables(run)?;
            }
            store.keep(&file)?;
        }
        Ok(Some(file))
    }

    fn drop_tables(&self, run: RunId) {
        if let Some(store) = self.store.filter(|_| !self.plan.tables.is_empty()) {
            store.drop_tables(run);
        }
    }

    fn simulate(&self, run: RunId) -> Result<Done, Failed> {
        let document = self.plan.scenario(run).map_err(|error| Failed::Run(error.to_string()))?;
        let loaded = load(&document, self.registry, self.plan.directory())
            .map_err(|errors| Failed::Run(errors.to_string()))?;
        let tables = &self.plan.tables;
        let recorder = match self.store.filter(|_| !tables.is_empty()) {
            None => Recorder::new(Destination::Discard, table_selection(&loaded.scenario.output)),
            Some(store) => {
                let directory = store.new_tables(run).map_err(Failed::Storage)?;
                let destination = Destination::Files { directory, format: self.plan.format() };
                Recorder::new(destination, TableSelection::Only(tables.iter().cloned().collect()))
            }
        };
        let simulation =
            loaded.world.build(Box::new(recorder)).map_err(|error| Failed::Run(error.to_string()))?;
        let (finished, recorder) = simulate(simulation, |_| !self.interrupted.load(Ordering::Relaxed))
            .map_err(|stopped| match stopped {
            Stopped::Interrupted(_) => Failed::Interrupted,
            Stopped::Failed(message) => Failed::Run(message),
        })?;
        let dictionary = recorder.dictionary();
        let recorded = recorder.finish().map_err(|error| match error {
            OutputError::Io { .. } => Failed::Storage(SweepError::Storage(error.to_string())),
            error => Failed::Run(error.to_string()),
        })?;
        if let Some(store) = self.store.filter(|_| !tables.is_empty()) {
            store.write_dictionary(run, &dictionary).map_err(Failed::Storage)?;
        }
        let summary = &finished.summary;
        let decisive = self.plan.replications.metric();
        Ok(Done {
            metrics: metrics::choose(summary, self.plan.metrics.as_deref()),
            decisive: decisive.and_then(|path| metrics::number(summary, path)?.as_f64()),
            events: finished.events,
            fingerprint: format!("{:016x}", recorded.fingerprint()),
        })
    }
}

/// What a run came to.
struct Done {
    metrics: metrics::Metrics,
    decisive: Option<f64>,
    events: u64,
    fingerprint: String,
}

/// Why there is no result of a run.
enum Failed {
    /// The run is at fault; the others go on.
    Run(String),
    /// The disk is, so that others would fail too.
    Storage(SweepError),
    Interrupted,
}

pub(super) fn seen(run: &RunFile) -> Seen {
    if run.error.is_some() { Seen::Failed } else { Seen::Done(run.decisive) }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
