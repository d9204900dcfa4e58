//! Datasets for machine learning: from the tables of one or many runs to files to learn from.
//!
//! A dataset file names runs (or a sweep to be run first), what a row of the dataset says, and how rows are
//! divided into training, validation and test. Rows are
//!
//! * *windows* over the rows of a table, for each entity by itself: lags and rolling statistics of columns,
//!   and numbers (windows) or classes (classification) that lie ahead or that another table tells;
//! * or *decisions* of a policy: observation, action, reward, next observation, terminal.
//!
//! # Guarantees
//!
//! * **No leaks.** The split is by run, by time or by entity, never by shuffled rows. No window of the test
//!   part shares a row of its run and entity with one of the training part, targets included. Scaling, codes of
//!   categories and balance are of the training part alone.
//! * **Same input, same bytes**, for any number of jobs. Nothing depends on the clock, the machine, or the order
//!   in which threads come; chance comes from [named streams](crate::engine::RandomStreams).
//! * **Bounded memory.** Rows are read in batches, once or twice. What is kept is the rows that windows still
//!   look at, for each entity, and the events by which windows are labelled; decisions are sorted by files, and
//!   the exact quantiles of the scale `robust` are found by files.
//! * **Complete or not at all.** The directory appears when everything in it is written.
//!
//! # Example
//!
//! ```
//! # let parent = tempfile::tempdir()?;
//! # let out = parent.path().join("load");
//! use stratosim::dataset::Dataset;
//! let summary = Dataset::from_json(r#"{
//!     "simulate": {
//!         "scenario": {
//!             "duration": "5 min",
//!             "nodes": [{ "tier": "edge", "count": 2 }, { "tier": "device", "count": 20 }]
//!         },
//!         "replications": 3
//!     },
//!     "samples": {
//!         "kind": "windows", "table": "nodes", "entity": ["node"], "horizon": 3,
//!         "features": [{ "column": "utilisation", "lags": { "count": 5 } }],
//!         "targets": [{ "column": "utilisation" }]
//!     },
//!     "split": { "by": "run", "shares": { "train": 0.6, "validation": 0.2, "test": 0.2 } }
//! }"#)?.out(&out).run()?;
//!
//! // A sample every 10 s makes 30 rows in 300 s, of which the first 4 and the last 3 have no whole window:
//! // 23 samples for each of two nodes, and one seed in each part.
//! assert_eq!(summary.rows("train"), Some(46));
//! assert_eq!((summary.rows("validation"), summary.rows("test")), (Some(46), Some(46)));
//! assert!(out.join("train.csv").is_file() && out.join("card.md").is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod balance;
mod card;
mod cells;
mod check;
mod error;
mod event_table;
mod events;
mod exact;
mod format;
mod grid;
mod layout;
mod pipeline;
mod plan;
mod predicate;
mod process;
mod rolling;
mod rows;
mod series;
mod sort;
mod sources;
mod split;
mod statistics;
mod transitions;
mod windows;
mod write;

pub use error::DatasetError;
pub use format::{
    ActionBy, ActionSpec, AggregateName, BalanceMethod, BalanceSpec, CategoriesName, ColumnName,
    DatasetSpec, DecisionsSpec, EntitySplit, EpisodeName, EventsSpec, FeatureEntry, FeatureSpec,
    GapsName, LabelSpec, LagRange, LagsSpec, Operand, OverName, PartNames, PartSeeds, PredicateSpec,
    ResampleMethod, ResampleSpec, RollingSpec, RunSplit, SamplesSpec, Scalars, ScaleName, SharesSpec,
    SimulateSpec, SpanSpec, SplitSpec, StaticSpec, StatisticName, TargetSpec, TimeSplit, WindowsSpec,
    dataset_schema,
};

use crate::output::{FileFormat, StagedDirectory};
use crate::scenario::format::FormatName;
use crate::scenario::{Document, Path as Place, Registry, read};
use crate::sweep::Sweep;
use balance::Balance;
use layout::Layout;
use plan::{Plan, Role};
use process::Job;
use sources::Run;
use split::Split;
use statistics::Counts;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What tells the directory of a dataset from any other.
const MARKER: &str = "dataset.json";
/// For what is needed on the way only.
const WORK: &str = ".work";

/// How far a dataset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whether rows are written; else runs are made, or read for statistics.
    pub writing: bool,
    /// Runs that are finished.
    pub finished: usize,
    /// Runs in all.
    pub total: usize,
}

/// The classes of a label, before they are balanced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelClasses {
    /// The label.
    pub label: String,
    /// Each class with its number of samples in training, validation and test.
    pub classes: Vec<(String, [u64; 3])>,
}

/// What a dataset came to.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetSummary {
    /// Where it is.
    pub path: PathBuf,
    /// Its parts with their numbers of rows, in the order training, validation, test.
    pub parts: Vec<(&'static str, u64)>,
    /// The classes of each label (of the action, for decisions).
    pub classes: Vec<LabelClasses>,
    /// Number of columns.
    pub columns: usize,
    /// Samples left out because they reach over a border between parts.
    pub purged: u64,
    /// Samples left out because they lack a value.
    pub incomplete: u64,
    /// Hash over all cells, which does not depend on the format of the files.
    pub fingerprint: u64,
}

impl DatasetSummary {
    /// The number of rows of a part: `train`, `validation` or `test`.
    #[must_use]
    pub fn rows(&self, part: &str) -> Option<u64> {
        self.parts.iter().find(|(name, _)| *name == part).map(|(_, rows)| *rows)
    }
}

type Watch = dyn Fn(&Progress) + Send + Sync;

/// A dataset that is about to be made.
pub struct Dataset {
    spec: DatasetSpec,
    name: String,
    document: Document,
    directory: PathBuf,
    registry: Registry,
    runs: Vec<PathBuf>,
    out: Option<PathBuf>,
    replace: bool,
    jobs: Option<usize>,
    interrupted: Arc<AtomicBool>,
    watch: Arc<Watch>,
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dataset")
            .field("spec", &self.spec)
            .field("out", &self.out)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

impl Dataset {
    /// Reads a dataset file. What it names is looked for beside it.
    ///
    /// # Errors
    /// Everything that is wrong with the file by itself; whether the runs have what it asks for is found by
    /// [`run`](Self::run).
    pub fn from_file(file: impl AsRef<Path>) -> Result<Dataset, DatasetError> {
        let file = file.as_ref();
        let directory = file.parent().unwrap_or(Path::new("."));
        Dataset::new(Document::open(file)?, directory, Registry::with_builtins())
    }

    /// Reads a dataset from a text. What it names is looked for in the current directory.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Dataset, DatasetError> {
        Dataset::new(Document::parse("dataset", text)?, Path::new("."), Registry::with_builtins())
    }

    /// A dataset from its document; files are looked for in `directory`, and kinds of scenarios that are to be
    /// simulated in `registry`.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn new(
        document: Document,
        directory: &Path,
        registry: Registry,
    ) -> Result<Dataset, DatasetError> {
        let spec: DatasetSpec = read(&document)?;
        check::check(&spec, &document)?;
        let name = spec.name.clone().unwrap_or_else(|| {
            let stem = Path::new(document.file_name()).file_stem();
            stem.and_then(|stem| stem.to_str()).unwrap_or("dataset").to_string()
        });
        Ok(Dataset {
            spec,
            name,
            document,
            directory: directory.to_path_buf(),
            registry,
            runs: Vec::new(),
            out: None,
            replace: false,
            jobs: None,
            interrupted: Arc::default(),
            watch: Arc::new(|_| {}),
        })
    }

    /// Its name: as given, or that of its file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the runs in these run and sweep directories instead of those that the file names.
    #[must_use]
    pub fn runs(self, directories: impl IntoIterator<Item = impl Into<PathBuf>>) -> Dataset {
        Dataset { runs: directories.into_iter().map(Into::into).collect(), ..self }
    }

    /// The directory that is written; `datasets/NAME` if this is not called.
    #[must_use]
    pub fn out(self, directory: impl Into<PathBuf>) -> Dataset {
        Dataset { out: Some(directory.into()), ..self }
    }

    /// Replaces the dataset that the directory has, if it has one.
    #[must_use]
    pub fn replace(self) -> Dataset {
        Dataset { replace: true, ..self }
    }

    /// How many runs are read (or simulated) at the same time: as many as there are processors, if this is not
    /// called.
    #[must_use]
    pub fn jobs(self, jobs: usize) -> Dataset {
        Dataset { jobs: Some(jobs.max(1)), ..self }
    }

    /// Stops as soon as this flag is set.
    #[must_use]
    pub fn stop_on(self, flag: Arc<AtomicBool>) -> Dataset {
        Dataset { interrupted: flag, ..self }
    }

    /// Is told of the progress, after each run.
    #[must_use]
    pub fn watch(self, watch: impl Fn(&Progress) + Send + Sync + 'static) -> Dataset {
        Dataset { watch: Arc::new(watch), ..self }
    }

    /// Makes the dataset.
    ///
    /// # Errors
    /// If the runs do not have what the file asks for, cannot be read, a part would be empty, or the directory
    /// cannot be written. Then there is none.
    pub fn run(mut self) -> Result<DatasetSummary, DatasetError> {
        let out = self.out.clone().unwrap_or_else(|| Path::new("datasets").join(&self.name));
        let staged = StagedDirectory::create(&out, MARKER, self.replace)?;
        let work = staged.staging_path().join(WORK);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.jobs.unwrap_or(0)).build()?;
        let runs = self.open(&work)?;
        let Some(first) = runs.first() else {
            return Err(DatasetError::Refused("there is no run that has come to its end".into()));
        };
        let plan = Plan::new(&self.spec, &self.document, &first.specs())?;
        check::same_columns(&plan, &runs)?;
        let balanced = check::balanced_column(&self.spec, &plan, &self.document)?;
        let split = Split::new(&self.spec, &self.document, &runs)?;
        let statics = layout::statics(&self.spec, &self.document, &runs)?;
        let job = Job {
            plan: &plan,
            runs: &runs,
            split: &split,
            directory: &work,
            exact: self.spec.scale == ScaleName::Robust,
            interrupted: &self.interrupted,
        };
        let before = match self.needs_statistics(&plan) {
            true => Some(pipeline::count(&job, &pool, &*self.watch)?),
            false => None,
        };
        if let Some(counts) = &before {
            split.check_entities(&self.spec, &self.document, &counts.entities)?;
        }
        let counts = before.clone().unwrap_or_else(|| Counts::none(plan.values.len()));
        let balance = self.spec.balance.as_ref().zip(balanced);
        let balance = balance.map(|(spec, column)| Balance::new(spec, column, &counts.classes[column]));
        let layout = Layout::new(&self.spec, &plan, &counts, statics, balance.as_ref());
        let files = pipeline::Files {
            layout: &layout,
            balance,
            directory: staged.staging_path(),
            format: match self.spec.format {
                FormatName::Csv => FileFormat::Csv,
                FormatName::Parquet => FileFormat::Parquet,
            },
        };
        let threads = pool.current_num_threads();
        let written = pipeline::write(&job, threads, files, before.is_none(), &*self.watch)?;
        let counts = before.unwrap_or(written.counts);
        split.check_entities(&self.spec, &self.document, &counts.entities)?;
        check::no_empty_parts(&job, &self.spec, &self.document, &counts)?;
        if work.exists() {
            std::fs::remove_dir_all(&work).map_err(DatasetError::Sorting)?;
        }
        let card = card::Card {
            name: &self.name,
            spec: &self.spec,
            plan: &plan,
            runs: &runs,
            split: &split,
            layout: &layout,
            counts: &counts,
            tables: &written.tables,
        };
        staged.write_json("dictionary.json", &written.dictionary)?;
        staged.write_json("scaling.json", &counts.to_json(&plan.values, self.spec.scale))?;
        staged.write_json("card.json", &card.to_json())?;
        staged.write_text("card.md", &card.to_markdown())?;
        staged.write_json(MARKER, &self.resolved())?;
        let summary = card.summary(staged.path());
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(DatasetError::Interrupted);
        }
        staged.commit()?;
        Ok(summary)
    }

    /// Whether runs must be read once before anything can be written.
    fn needs_statistics(&self, plan: &Plan) -> bool {
        let is_coded = plan.values.iter().any(|value| {
            let text = value.spec.kind == crate::records::ColumnKind::Category;
            text && value.role != Role::Info
        });
        self.spec.scale != ScaleName::None || self.spec.balance.is_some() || is_coded
    }

    /// The file with all its defaults.
    fn resolved(&self) -> serde_json::Value {
        let mut spec = serde_json::to_value(&self.spec).unwrap_or_default();
        if let Some(object) = spec.as_object_mut() {
            object.shift_remove("$schema");
            object.insert("name".into(), self.name.as_str().into());
        }
        spec
    }

    /// The runs, simulated into the directory `work` if they are to be.
    fn open(&mut self, work: &Path) -> Result<Vec<Run>, DatasetError> {
        if !self.runs.is_empty() {
            return sources::given(&self.runs);
        }
        let Some(simulate) = &self.spec.simulate else {
            return sources::named(&self.spec, &self.document, &self.directory);
        };
        let place = Place::root().key("simulate");
        let (mut document, directory) = match simulate {
            SimulateSpec::File(name) => {
                let file = self.directory.join(name);
                if !file.is_file() {
                    let message = format!("there is no file {}", file.display());
                    let help = "sweep files are looked for beside the dataset file";
                    return Err(self.document.diagnostic(&place, message).help(help).into());
                }
                let beside = file.parent().unwrap_or(&self.directory).to_path_buf();
                (Document::open(&file)?, beside)
            }
            SimulateSpec::Inline(_) => match self.document.part(&place) {
                Some(document) => (document, self.directory.clone()),
                None => return Err(self.document.diagnostic(&place, "there is no sweep").into()),
            },
        };
        // What is wanted of the tables may be wrong: that is told before anything is simulated.
        let wanted: Vec<String> = plan::named_tables(&self.spec).into_iter().collect();
        for (key, value) in [("tables", "[]"), ("join_tables", "false"), ("format", "\"csv\"")] {
            document.set(key, value)?;
        }
        let tables = Sweep::tables_of(document.clone(), &directory, &self.registry)?;
        Plan::new(&self.spec, &self.document, &tables)?;
        document.set("tables", &serde_json::Value::from(wanted).to_string())?;
        let watch = Arc::clone(&self.watch);
        let registry = std::mem::replace(&mut self.registry, Registry::empty());
        let mut sweep = Sweep::new(document, &directory, registry)?
            .out(work.join("sweep"))
            .stop_on(Arc::clone(&self.interrupted))
            .watch(move |progress| {
                let (finished, total) = (progress.finished, progress.total);
                watch(&Progress { writing: false, finished, total });
            });
        if let Some(jobs) = self.jobs {
            sweep = sweep.jobs(jobs);
        }
        let results = sweep.run()?;
        if let Some(row) = results.failed().next() {
            let error = row.error.as_deref().unwrap_or_default();
            return Err(DatasetError::Refused(format!(
                "run {} of the sweep, with seed {}, failed: {error}",
                row.run, row.seed
            )));
        }
        sources::open_sweep(&work.join("sweep"), None)
    }
}
