//! Parameter sweeps: one scenario, run for many values of its parameters and with many seeds.
//!
//! A sweep file names a scenario, the *axes* along which it is varied, and how often each *point* (a value
//! of each axis) is *replicated*. From it follows a [`Plan`], which depends on nothing else. The runs are
//! spread over all processors; each finished one is kept in the sweep directory at once, so that an
//! interrupted sweep resumes; the tables of results at the end are the same bytes however often that
//! happened, and for any number of jobs.
//!
//! # Common random numbers
//!
//! Replication k of every point has the same seed. Since each stochastic part of a run draws from a stream
//! of its own ([`RandomStreams`](crate::engine::RandomStreams)), two policies are tried on the same
//! arrivals, movements and faults: compare them by the differences within a replication, whose variance is
//! smaller than that of either.
//!
//! # Example
//!
//! ```
//! use stratosim::sweep::Sweep;
//! let results = Sweep::from_json(r#"{
//!     "scenario": { "duration": "30 s", "nodes": [
//!         { "tier": "edge", "count": 2 }, { "tier": "device", "count": 5 } ] },
//!     "axes": [
//!         { "name": "policy", "path": "policies.offloading.kind", "values": ["local_only", "edge_only"] },
//!         { "name": "devices", "path": "nodes[1].count", "values": [5, 10] }
//!     ],
//!     "replications": 3
//! }"#)?.jobs(2).run()?;
//!
//! assert_eq!(results.rows().len(), 2 * 2 * 3);
//! assert_eq!(results.labels(3), ["edge_only".into(), serde_json::Value::from(10)]);
//! // The same seed makes the same tasks, whoever decides where they run.
//! let created = |row: usize| results.value(&results.rows()[row], "workloads.tasks.created");
//! assert_eq!(created(0), created(6));
//! assert_eq!(results.mean(0, "workloads.tasks.created").map(|mean| mean.n), Some(3));
//! # Ok::<(), stratosim::sweep::SweepError>(())
//! ```
//!
//! # The directory of a sweep
//!
//! * `sweep.json`: the plan with everything it depends on, and its hash.
//! * `runs/POINT-REPLICATION.json`: what a run came to, with its wall time.
//! * `results.csv`: a row a run, with seed, axes, metrics, status and error.
//! * `aggregate.csv`: a row a point and metric, with mean, standard deviation and confidence interval.
//! * `published.csv`: if the sweep has published values, these beside the means.
//! * `dictionary.json`: what the columns of these mean.
//! * `tables/POINT-REPLICATION/`: the detail tables that the sweep asks for, with their dictionary;
//!   `tables/NAME.csv` or `.parquet`: all of one joined, if it asks for that.

mod aggregate;
mod axis;
mod check;
mod compare;
mod drop;
mod execute;
mod format;
mod gather;
mod join;
mod merge;
mod metrics;
mod plan;
mod points;
mod published;
mod queue;
mod results;
mod scenarios;
mod simulate;
mod store;
mod until;

pub use aggregate::Interval;
pub use axis::AxisColumn;
pub use compare::{Comparison, Comparisons, compare};
pub use format::{
    AlternativeSpec, AxisSpec, HalfWidth, PublishedSpec, RangeSpec, SampleKind, SampleSpec, Scale,
    ScenarioSource, SweepSpec, UntilSpec, sweep_schema,
};
pub use gather::Gathered;
#[cfg(feature = "plot")]
pub(crate) use join::axes_beside;
pub use join::tables_of;
pub use merge::merge;
pub use plan::{Plan, Point, RunId, Shard};
pub use results::{AggregateRow, ResultRow, SweepResults};
pub use scenarios::SweepScenarios;
pub use simulate::{Stopped, simulate, table_selection};

use crate::records::TableSpec;
use crate::scenario::{Diagnostic, Diagnostics, Document, Registry};
use execute::Execution;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use store::{Existing, Store};

/// Why a sweep did not end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The sweep file or its scenario is wrong; nothing was run.
    #[error(transparent)]
    BadInput(#[from] Diagnostics),
    /// What was asked for would destroy or mix results; nothing was run or changed.
    #[error("{0}")]
    Refused(String),
    /// Results cannot be written. Those that were are kept, and the sweep can be resumed.
    #[error("{0}")]
    Storage(String),
    /// It was told to stop. What was finished is kept, and the sweep can be resumed.
    #[error("interrupted {0}")]
    Interrupted(String),
    /// The threads for the runs cannot be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl From<Diagnostic> for SweepError {
    fn from(diagnostic: Diagnostic) -> Self {
        SweepError::BadInput(diagnostic.into())
    }
}

/// How far a sweep is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs that are finished, failed and earlier ones included.
    pub finished: usize,
    /// How many of these failed.
    pub failed: usize,
    /// Runs in all, as far as is known: where results decide how many a point needs, it grows.
    pub total: usize,
}

type Watch = Box<dyn Fn(&Progress) + Send + Sync>;

/// A sweep that is about to be run.
pub struct Sweep {
    plan: Plan,
    registry: Registry,
    jobs: Option<usize>,
    out: Option<PathBuf>,
    existing: Existing,
    shard: Option<Shard>,
    interrupted: Arc<AtomicBool>,
    watch: Watch,
}

impl fmt::Debug for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("plan", &self.plan)
            .field("jobs", &self.jobs)
            .field("out", &self.out)
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}

impl Sweep {
    /// Reads a sweep file. The scenario that it names is looked for beside it.
    ///
    /// # Errors
    /// Everything that is wrong with the sweep itself. Its points are checked by [`run`](Self::run).
    pub fn from_file(file: impl AsRef<Path>) -> Result<Sweep, SweepError> {
        let file = file.as_ref();
        let directory = file.parent().unwrap_or(Path::new("."));
        Sweep::new(Document::open(file)?, directory, Registry::with_builtins())
    }

    /// Reads a sweep from a text. The files that it names are looked for in the current directory.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Sweep, SweepError> {
        let document = Document::parse("sweep", text)?;
        Sweep::new(document, Path::new("."), Registry::with_builtins())
    }

    /// A sweep from its document; files are looked for in `directory`, and kinds in `registry`.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn new(document: Document, directory: &Path, registry: Registry) -> Result<Sweep, SweepError> {
        Ok(Sweep {
            plan: Plan::new(document, directory, &registry)?,
            registry,
            jobs: None,
            out: None,
            existing: Existing::default(),
            shard: None,
            interrupted: Arc::default(),
            watch: Box::new(|_| {}),
        })
    }

    /// How many runs go on at the same time: as many as there are processors, if this is not called.
    #[must_use]
    pub fn jobs(self, jobs: usize) -> Sweep {
        Sweep { jobs: Some(jobs.max(1)), ..self }
    }

    /// The directory for the results. Without it they are only returned.
    #[must_use]
    pub fn out(self, directory: impl Into<PathBuf>) -> Sweep {
        Sweep { out: Some(directory.into()), ..self }
    }

    /// Continues the same sweep if the directory has it, instead of refusing to. Runs that failed are tried
    /// again.
    #[must_use]
    pub fn resume(self) -> Sweep {
        Sweep { existing: Existing::Resume, ..self }
    }

    /// Replaces the sweep that the directory has, if it has one.
    #[must_use]
    pub fn replace(self) -> Sweep {
        Sweep { existing: Existing::Replace, ..self }
    }

    /// Does a part of the runs only; [`merge`] joins the parts.
    #[must_use]
    pub fn shard(self, shard: Shard) -> Sweep {
        Sweep { shard: Some(shard), ..self }
    }

    /// Stops as soon as this flag is set.
    #[must_use]
    pub fn stop_on(self, flag: Arc<AtomicBool>) -> Sweep {
        Sweep { interrupted: flag, ..self }
    }

    /// Is told of the progress, before the first run and after each.
    #[must_use]
    pub fn watch(self, watch: impl Fn(&Progress) + Send + Sync + 'static) -> Sweep {
        Sweep { watch: Box::new(watch), ..self }
    }

    /// What will be done.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Checks every point without running any.
    ///
    /// # Errors
    /// Everything that is wrong with any point, with its place in the sweep file or the scenario.
    pub fn check(&self) -> Result<(), SweepError> {
        self.pool()?.install(|| check::check(&self.plan, &self.registry, &self.interrupted)).map(|_| ())
    }

    /// The tables that the runs of a sweep can keep: those of the first point's world.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if the first point is not good.
    pub fn tables_of(
        document: Document,
        directory: &Path,
        registry: &Registry,
    ) -> Result<Vec<TableSpec>, SweepError> {
        check::tables(&Plan::new(document, directory, registry)?, registry)
    }

    fn pool(&self) -> Result<rayon::ThreadPool, SweepError> {
        // Zero threads means one for each processor.
        Ok(rayon::ThreadPoolBuilder::new().num_threads(self.jobs.unwrap_or(0)).build()?)
    }

    /// Checks every point, then runs them all. A run that fails or panics is among the results, and does not
    /// stop the others.
    ///
    /// # Errors
    /// If a point is not good, the directory cannot be used or written, or the sweep was told to stop.
    pub fn run(self) -> Result<SweepResults, SweepError> {
        let Sweep { plan, registry, shard, .. } = &self;
        if self.out.is_none() && !plan.tables.is_empty() {
            return Err(SweepError::Refused(
                "the sweep keeps detail tables, which need an output directory".into(),
            ));
        }
        let pool = self.pool()?;
        let costs = pool.install(|| check::check(plan, registry, &self.interrupted))?;
        let (store, found) = match &self.out {
            Some(out) => {
                let (store, found) = Store::open(out, plan, self.existing)?;
                (Some(store), found)
            }
            None => (None, Vec::new()),
        };
        let found = found.into_iter().filter(|run| plan.is_in(*shard, run.id())).collect();
        let execution = Execution {
            plan,
            registry,
            store: store.as_ref(),
            shard: *shard,
            interrupted: &self.interrupted,
            watch: &self.watch,
        };
        let results = SweepResults::new(plan, execution.run(&pool, found, &costs)?);
        // A part has no results of its own: its means would be of whatever runs fell to it.
        if let Some(store) = store.filter(|_| shard.is_none()) {
            publish(plan, &store, &results)?;
        }
        Ok(results)
    }
}

/// Writes the tables of a finished sweep.
fn publish(plan: &Plan, store: &Store, results: &SweepResults) -> Result<(), SweepError> {
    if plan.join_tables {
        store.publish(&store.tables(), |directory| {
            let join =
                |table: &String| join::join(store.directory(), results, table, directory, plan.format());
            plan.tables.iter().try_for_each(join)
        })?;
    }
    store
        .publish(store.directory(), |directory| results.write(directory, plan.format(), &plan.published))
}
