//! The command line: one file a subcommand.

mod allocate;
mod compare;
mod dataset;
mod follow;
mod import;
mod import_maps;
mod import_model;
mod interrupt;
mod list;
mod merge;
mod new;
#[cfg(feature = "plot")]
mod plot;
mod progress;
#[cfg(feature = "plot")]
mod report;
mod run;
mod run_report;
mod schema;
mod scope;
mod sweep;
mod track;
mod validate;

use clap::{Parser, Subcommand};
use std::fmt;
use std::process::ExitCode;

/// Simulate the Cloud-Edge continuum: a scenario goes in, a run directory with tables comes out.
#[derive(Debug, Parser)]
#[command(name = "stratosim", version, max_term_width = 100)]
#[command(after_help = "Example:\n  stratosim run scenarios/quickstart.json\n\n\
    Exit codes: 0 done, 1 failed, 2 bad input, 3 done, but no application was ever placed.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Sweep(sweep::SweepCommand),
    Merge(merge::Merge),
    Compare(compare::Compare),
    #[cfg(feature = "plot")]
    Plot(Box<plot::Plot>),
    #[cfg(feature = "plot")]
    Report(report::Report),
    Dataset(dataset::DatasetCommand),
    Track(track::TrackCommand),
    Import(Box<import::Import>),
    Allocate(allocate::Allocate),
    Validate(validate::Validate),
    Schema(schema::SchemaCommand),
    Scope(scope::ScopeCommand),
    List(list::List),
    New(new::New),
}

/// Why a command ended early, and with which exit code.
#[derive(Debug)]
enum Failure {
    /// The run or its output failed: exit code 1.
    Failed(String),
    /// The input is bad: exit code 2.
    BadInput(String),
    /// The run is done and written, but no application was ever placed: exit code 3.
    NothingPlaced(String),
}

impl Failure {
    fn failed(error: impl fmt::Display) -> Self {
        Failure::Failed(error.to_string())
    }

    fn bad_input(error: impl fmt::Display) -> Self {
        Failure::BadInput(error.to_string())
    }
}

/// Writes to standard output; a reader that has gone away is no failure.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // Nobody is left to be told of a failure.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error and gives the exit code.
fn complain(message: &str, code: u8) -> ExitCode {
    use std::io::Write;
    // Nobody is left to be told of a failure.
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(code)
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = u8::from(error.use_stderr()) * 2;
            // Nobody is left to be told of a failure.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let result = match arguments.command {
        Command::Run(command) => command.execute(),
        Command::Sweep(command) => command.execute(),
        Command::Merge(command) => command.execute(),
        Command::Compare(command) => command.execute(),
        #[cfg(feature = "plot")]
        Command::Plot(command) => command.execute(),
        #[cfg(feature = "plot")]
        Command::Report(command) => command.execute(),
        Command::Dataset(command) => command.execute(),
        Command::Track(command) => command.execute(),
        Command::Import(command) => command.execute(),
        Command::Allocate(command) => command.execute(),
        Command::Validate(command) => command.execute(),
        Command::Schema(command) => command.execute(),
        Command::Scope(command) => command.execute(),
        Command::List(command) => command.execute(),
        Command::New(command) => command.execute(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => complain(&message, 1),
        Err(Failure::BadInput(message)) => complain(&message, 2),
        Err(Failure::NothingPlaced(message)) => complain(&message, 3),
    }
}
