//! `stratosim run`: runs a scenario and writes its run directory.

use super::follow::Follower;
use super::interrupt::interrupted;
use super::progress::Progress;
use super::run_report::{nothing_placed, report};
use super::{Failure, print};
use crate::output::{
    Destination, FileFormat, OutputError, Recorder, RecorderSummary, RunDirectory, first_difference,
};
use crate::scenario::format::FormatName;
use crate::scenario::import::{Companions, scenario_of_export};
use crate::scenario::{Diagnostics, Document, Loaded, Registry, did_you_mean, load, open_scenario};
use crate::sweep::{Stopped, simulate, table_selection};
use crate::world::{Finished, Simulation};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Run a scenario and write its run directory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim run scenarios/quickstart.json --seed 7 \
    --set policies.offloading.kind=cloud_only --out /tmp/cloud-only")]
pub(super) struct Run {
    /// Scenario file, or the `run.json` of a run, which is run again as it was, or what ECLYPSE has exported as JSON: an
    /// infrastructure runs with an application, an application on an infrastructure.
    scenario: PathBuf,
    /// The application that runs on an infrastructure of ECLYPSE: a file, or the name of one of the library; the sock
    /// shop if left out.
    #[arg(long, value_name = "FILE|NAME", conflicts_with = "infrastructure")]
    application: Option<String>,
    /// The infrastructure, exported by ECLYPSE, on which an application of ECLYPSE runs; a continuum of the library if
    /// left out.
    #[arg(long, value_name = "FILE")]
    infrastructure: Option<PathBuf>,
    /// Seed of all random numbers, instead of the scenario's.
    #[arg(long)]
    seed: Option<u64>,
    /// Run directory to write; `runs/NAME-1`, `runs/NAME-2`, ... if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Replace the run directory if it exists.
    #[arg(long)]
    force: bool,
    /// Set a value of the scenario, such as `nodes[1].count=200`; may be repeated. Setting another `kind`
    /// drops the parameters of the old one.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    overrides: Vec<String>,
    /// Format of the tables, instead of the scenario's.
    #[arg(long)]
    format: Option<Format>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
    /// Print the rows of these tables to standard output while the run goes on, as one JSON object a line; what a run
    /// comes to is then printed to standard error.
    #[arg(long, value_name = "TABLE,...", value_delimiter = ',', conflicts_with = "check_determinism")]
    follow: Vec<String>,
    /// Run twice, write nothing, and name the first difference if there is one.
    #[arg(long, conflicts_with_all = ["out", "force", "format"])]
    check_determinism: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Parquet,
}

/// Reads a scenario file, or the record of a run, and what overrides it; gives the file beside which those are that it
/// names, too.
pub(super) fn open(
    file: &Path,
    seed: Option<u64>,
    overrides: &[String],
) -> Result<(Document, PathBuf), Failure> {
    let (document, beside) = open_scenario(file).map_err(Failure::bad_input)?;
    Ok((overridden(document, seed, overrides)?, beside))
}

/// A scenario with what overrides it.
fn overridden(
    mut document: Document,
    seed: Option<u64>,
    overrides: &[String],
) -> Result<Document, Failure> {
    for assignment in overrides {
        document.set_assignment(assignment).map_err(Failure::bad_input)?;
    }
    if let Some(seed) = seed {
        document.set("seed", &seed.to_string()).map_err(Failure::bad_input)?;
    }
    Ok(document)
}

/// Reports tables that a scenario selects and no part of its world has.
pub(super) fn check_tables(document: &Document, simulation: &Simulation) -> Result<(), Failure> {
    let Some(recorder) = simulation.records().as_any().downcast_ref::<Recorder>() else { return Ok(()) };
    let unknown = recorder.unknown_tables();
    let known: Vec<&str> = recorder.tables().map(|(spec, _)| spec.name.as_ref()).collect();
    let path = crate::scenario::Path::root().key("output").key("tables");
    let selected = document.get(&path).and_then(Value::as_array).into_iter().flatten();
    let mut errors = Diagnostics::default();
    for (index, name) in selected.enumerate().filter_map(|(index, name)| Some((index, name.as_str()?))) {
        if unknown.contains(&name) {
            let error = document.diagnostic(&path.index(index), format!("no table is named {name:?}"));
            errors.push(match did_you_mean(name, known.iter().copied()) {
                Some(nearest) => error.help(format!("did you mean {nearest:?}?")),
                None => error.help(format!("known: {}", known.join(", "))),
            });
        }
    }
    errors.or(()).map_err(Failure::bad_input)
}

/// The list `output.tables` with this table added; `None` if the scenario has no such list.
fn tables_with(document: &Document, table: &str) -> Option<String> {
    let path = crate::scenario::Path::root().key("output").key("tables");
    let mut tables = document.get(&path)?.as_array()?.clone();
    tables.push(table.into());
    Some(Value::from(tables).to_string())
}

/// The directory that the files named in a scenario are relative to.
pub(super) fn directory_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

fn fingerprint(summary: &RecorderSummary) -> String {
    format!("{:016x}", summary.fingerprint())
}

impl Run {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let (document, file) = self.open()?;
        let registry = Registry::with_builtins();
        let directory = directory_of(&file);
        let loaded = load(&document, &registry, directory).map_err(Failure::bad_input)?;
        let interrupted = interrupted();
        if self.check_determinism {
            let again = load(&document, &registry, directory).map_err(Failure::bad_input)?;
            return self.compare(&document, loaded, again, &interrupted);
        }
        self.write(&document, &file, loaded, &interrupted)
    }

    /// Reads the scenario, or makes one around what ECLYPSE has exported.
    fn open(&self) -> Result<(Document, PathBuf), Failure> {
        let (document, beside) = open_scenario(&self.scenario).map_err(Failure::bad_input)?;
        let companions = Companions {
            application: self.application.clone(),
            infrastructure: self.infrastructure.clone(),
        };
        let made = scenario_of_export(&document, &self.scenario, &companions);
        let document = match made.map_err(Failure::bad_input)? {
            Some(scenario) => scenario,
            None if companions.application.is_some() || companions.infrastructure.is_some() => {
                let message = "--application and --infrastructure go with what ECLYPSE has exported; a scenario names \
                    its own";
                return Err(Failure::bad_input(message));
            }
            None => document,
        };
        Ok((overridden(document, self.seed, &self.overrides)?, beside))
    }

    /// Runs a world to its end into a recorder, and gives both back.
    fn simulate(
        &self,
        document: &Document,
        loaded: Loaded,
        recorder: Recorder,
        interrupted: &AtomicBool,
    ) -> Result<(Finished, Recorder, f64), Failure> {
        let simulation = loaded.world.build(Box::new(recorder)).map_err(Failure::failed)?;
        check_tables(document, &simulation)?;
        self.check_followed(document, &simulation)?;
        let progress = Progress::new(simulation.horizon(), self.quiet);
        let result = simulate(simulation, |simulation| {
            progress.update(simulation.now(), simulation.events());
            !interrupted.load(Ordering::Relaxed)
        });
        progress.finish();
        match result {
            Ok((finished, recorder)) => Ok((finished, recorder, progress.elapsed_s())),
            Err(Stopped::Interrupted(now)) => {
                Err(Failure::Failed(format!("interrupted at {now}; nothing was written")))
            }
            Err(stopped) => Err(Failure::failed(stopped)),
        }
    }

    /// Reports tables that are to be followed and are not there, or not recorded.
    fn check_followed(&self, document: &Document, simulation: &Simulation) -> Result<(), Failure> {
        let Some(recorder) = simulation.records().as_any().downcast_ref::<Recorder>() else {
            return Ok(());
        };
        for name in &self.follow {
            let known = || recorder.tables().map(|(spec, _)| spec.name.as_ref());
            let message = match recorder.tables().find(|(spec, _)| spec.name == *name) {
                Some((_, true)) => continue,
                Some((spec, false)) => {
                    let why = match tables_with(document, name) {
                        Some(all) => format!(
                            "`output.tables` leaves it out; add it with --set 'output.tables={all}', or record all \
                             tables that `output.trace` says with --set output.tables=null"
                        ),
                        None if spec.detailed => "it is one of details; record all with --set \
                             output.trace=full, or name it in output.tables"
                            .to_string(),
                        None => "`output.trace` is \"summary\"; record tables with --set \
                             output.trace=default, or name it in output.tables"
                            .to_string(),
                    };
                    format!("--follow: the table {name:?} is not recorded: {why}")
                }
                None => match did_you_mean(name, known()) {
                    Some(nearest) => {
                        format!("--follow: no table is named {name:?}; did you mean {nearest:?}?")
                    }
                    None => {
                        let known: Vec<&str> = known().collect();
                        format!("--follow: no table is named {name:?} (known: {})", known.join(", "))
                    }
                },
            };
            return Err(Failure::BadInput(message));
        }
        Ok(())
    }

    fn compare(
        &self,
        document: &Document,
        first: Loaded,
        second: Loaded,
        interrupted: &AtomicBool,
    ) -> Result<(), Failure> {
        let run = |loaded: Loaded| {
            let selection = table_selection(&loaded.scenario.output);
            let recorder = Recorder::new(Destination::Discard, selection);
            let (finished, recorder, _) = self.simulate(document, loaded, recorder, interrupted)?;
            Ok((finished, recorder.finish().map_err(Failure::failed)?))
        };
        let (first, first_tables) = run(first)?;
        let (second, second_tables) = run(second)?;
        if let Some(difference) = first_difference(&first_tables, &second_tables) {
            return Err(Failure::Failed(format!("two runs of the same seed differ: {difference}")));
        }
        if first.summary != second.summary {
            return Err(Failure::failed(
                "two runs of the same seed have the same tables, but not the same summary",
            ));
        }
        print(&format!("two runs agree: fingerprint {}\n", fingerprint(&first_tables)));
        Ok(())
    }

    fn write(
        &self,
        document: &Document,
        file: &Path,
        loaded: Loaded,
        interrupted: &AtomicBool,
    ) -> Result<(), Failure> {
        let directory = match &self.out {
            Some(path) => RunDirectory::create(path, self.force),
            None => RunDirectory::numbered("runs", &file_stem(&loaded.name)),
        };
        let directory = directory.map_err(|error| match error {
            OutputError::Exists { .. } => {
                Failure::BadInput(format!("{error} (--out names another, --force replaces it)"))
            }
            error => Failure::bad_input(error),
        })?;
        let format = match (self.format, loaded.scenario.output.format) {
            (Some(Format::Csv), _) | (None, FormatName::Csv) => FileFormat::Csv,
            (Some(Format::Parquet), _) | (None, FormatName::Parquet) => FileFormat::Parquet,
        };
        let mut scenario = loaded.scenario.clone();
        scenario.output.format = match format {
            FileFormat::Csv => FormatName::Csv,
            FileFormat::Parquet => FormatName::Parquet,
        };
        let destination = Destination::Files { directory: directory.tables(), format };
        let mut recorder = Recorder::new(destination, table_selection(&loaded.scenario.output));
        let follower = (!self.follow.is_empty()).then(|| Follower::start(std::io::stdout()));
        if let Some(follower) = &follower {
            recorder.observe(self.follow.iter().cloned(), follower.observer());
        }
        let simulated = self.simulate(document, loaded, recorder, interrupted);
        // Also of a run that fails or is interrupted, all rows so far are printed.
        if let Some(follower) = follower {
            follower.finish();
        }
        let (finished, recorder, wall_s) = simulated?;
        directory.write_dictionary(&recorder.dictionary()).map_err(Failure::failed)?;
        let tables = recorder.finish().map_err(Failure::failed)?;
        let mut summary = finished.summary;
        summary["tables"] = table_counts(&tables);
        directory.write_summary(&summary).map_err(Failure::failed)?;
        let run = json!({
            "stratosim": env!("CARGO_PKG_VERSION"),
            "file": file.display().to_string(),
            "scenario": scenario,
            "seed": scenario.seed,
            "overrides": self.overrides,
            "fingerprint": fingerprint(&tables),
            "tables": tables.to_json(),
            "wall_s": wall_s,
            "events_per_s": finished.events as f64 / wall_s,
        });
        directory.write_run(&run).map_err(Failure::failed)?;
        let path = directory.commit().map_err(Failure::failed)?;
        let report = report(&summary, &run, &path);
        match (self.quiet, self.follow.is_empty()) {
            (true, _) => {}
            (false, true) => print(&report),
            // Nobody is left to be told of a failure.
            (false, false) => drop(std::io::stderr().write_all(report.as_bytes())),
        }
        nothing_placed(&summary).map_or(Ok(()), |why| Err(Failure::NothingPlaced(why)))
    }
}

/// A name as that of a directory: what is neither letter, digit, `-`, `_` nor `.` becomes `-`.
fn file_stem(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let stem: String = name.chars().map(plain).collect();
    let stem = stem.trim_start_matches(['.', '-']);
    if stem.is_empty() { "scenario".into() } else { stem.into() }
}

fn table_counts(tables: &RecorderSummary) -> Value {
    tables
        .tables()
        .map(|table| (table.spec().name.to_string(), json!(table.rows())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
