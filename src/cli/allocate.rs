//! `stratosim allocate`: replicas and shares of load for an instance of functions.

use super::{Failure, print};
use crate::placement::functions::{
    Flows, Generated, InstanceGenerator, InstanceSeries, METHOD_NAMES, Method, Outcome, centralised_mps,
    read_published, write_published,
};
use clap::Args;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Allocate replicas of functions and shares of their load to nodes, and print what that is worth.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim allocate instance.json --method lmm --method macro\n\n\
    The instance is a JSON file of ours, a folder with the three files of DFaaSOptimizer, or its configuration with \
    `limits`, from which one is drawn. docs/functions.md has the methods and the files.")]
pub(super) struct Allocate {
    /// A file with an instance or with `limits`, or a folder with published files.
    instance: PathBuf,
    /// Name of a method; may be repeated.
    #[arg(long = "method", default_value = "lmm", value_parser = clap::builder::PossibleValuesParser::new(METHOD_NAMES))]
    methods: Vec<String>,
    /// Control period to allocate for, by its place from 0; all if left out.
    #[arg(long)]
    step: Option<usize>,
    /// Seed to draw an instance with, in place of the file's.
    #[arg(long)]
    seed: Option<u64>,
    /// Write the instance as JSON of ours.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Write the instance as the three published files into a folder.
    #[arg(long, value_name = "DIR")]
    write_published: Option<PathBuf>,
    /// Write the program of the control period (the first without --step) as MPS.
    #[arg(long, value_name = "FILE")]
    mps: Option<PathBuf>,
}

impl Allocate {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let series = self.read()?;
        let steps = match self.step {
            None => 0..series.steps.len(),
            Some(step) if step < series.steps.len() => step..step + 1,
            Some(step) => {
                let last = series.steps.len() - 1;
                return Err(Failure::BadInput(format!("there is no step {step}; the last is {last}")));
            }
        };
        self.write_files(&series, steps.start)?;
        let mut text = format!(
            "{:>4}  {:<16} {:>12} {:>12} {:>9} {:>6} {:>9} {:>7} {:>7} {:>7}  {}\n",
            "t",
            "method",
            "objective",
            "bound",
            "gap",
            "iter",
            "nodes",
            "local",
            "forward",
            "reject",
            "ended"
        );
        for index in steps {
            let Some(instance) = series.at(index) else { continue };
            for name in &self.methods {
                let method = Method::named(name).map_err(Failure::bad_input)?;
                let outcome = method.allocate(&instance).map_err(Failure::failed)?;
                let shares = outcome.allocation.shares(&instance);
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{:>4}  {name:<16} {:>12.6} {:>12} {:>9} {:>6} {:>9} {:>7.4} {:>7.4} {:>7.4}  {}",
                    series.steps[index].t,
                    outcome.objective,
                    outcome.bound.map_or("-".into(), |bound| format!("{bound:.6}")),
                    gap(&outcome),
                    outcome.iterations.len(),
                    outcome.search_nodes,
                    shares.local,
                    shares.forwarded,
                    shares.rejected,
                    outcome.status,
                );
            }
        }
        print(&text);
        Ok(())
    }

    fn read(&self) -> Result<InstanceSeries, Failure> {
        if self.instance.is_dir() {
            return read_published(&self.instance).map_err(Failure::bad_input);
        }
        let text = std::fs::read_to_string(&self.instance)
            .map_err(|error| Failure::BadInput(format!("{}: {error}", self.instance.display())))?;
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| Failure::BadInput(format!("{}: {error}", self.instance.display())))?;
        if value.get("limits").is_none() {
            let name = self.instance.display().to_string();
            return InstanceSeries::from_json(&text, &name).map_err(Failure::bad_input);
        }
        let generator = InstanceGenerator::open(&self.instance).map_err(Failure::bad_input)?;
        let seed = self.seed.unwrap_or_else(|| generator.seed());
        let Generated { series, notes } = generator.generate(seed).map_err(Failure::bad_input)?;
        for note in notes {
            print(&format!("note: {note}\n"));
        }
        Ok(series)
    }

    fn write_files(&self, series: &InstanceSeries, step: usize) -> Result<(), Failure> {
        if let Some(path) = &self.write {
            put(path, &series.to_json())?;
        }
        if let Some(folder) = &self.write_published {
            std::fs::create_dir_all(folder)
                .map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
            write_published(series, folder).map_err(Failure::failed)?;
        }
        if let (Some(path), Some(instance)) = (&self.mps, series.at(step)) {
            put(path, &centralised_mps(&instance, Flows::Continuous))?;
        }
        Ok(())
    }
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))
}

fn gap(outcome: &Outcome) -> String {
    outcome.gap().map_or("-".into(), |gap| format!("{:.3} %", 100.0 * gap))
}
