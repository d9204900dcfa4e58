//! Runs of scenarios by the program, and their tables.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The root of the repository, in which commands run unless they are told otherwise.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, to be given its arguments.
pub(crate) fn stratosim() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stratosim"));
    command.current_dir(root());
    command
}

/// The files of a folder of the repository whose names end in `.json`, in the order of their names.
pub(crate) fn json_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}

/// The scenarios that are shipped, those of the sub-folders too, each with its name: `cloud/consolidation`.
pub(crate) fn shipped_scenarios() -> Vec<(String, PathBuf)> {
    let of_folder = |(folder, prefix): (&str, &str)| {
        let name = |file: &Path| format!("{prefix}{}", file.file_stem().unwrap().to_str().unwrap());
        let files = json_files(folder).into_iter();
        files.map(|file| (name(&file), file)).collect::<Vec<_>>()
    };
    let folders = [("scenarios", ""), ("scenarios/cloud", "cloud/"), ("scenarios/edge", "edge/")];
    folders.into_iter().flat_map(of_folder).collect()
}

/// The JSON in a file.
pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What a command wrote to standard error.
pub(crate) fn error_text(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

/// What a command wrote to standard output.
pub(crate) fn output_text(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// A row of a table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    table: String,
    header: csv::StringRecord,
    cells: csv::StringRecord,
}

impl Row {
    /// The text of a cell; empty if null.
    pub(crate) fn text(&self, column: &str) -> &str {
        let position = self.header.iter().position(|name| name == column);
        let position = position.unwrap_or_else(|| panic!("{} has no column {column}", self.table));
        &self.cells[position]
    }

    /// The number in a cell; `None` if null.
    pub(crate) fn number(&self, column: &str) -> Option<f64> {
        let text = self.text(column);
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    /// The number in a cell that is not null.
    pub(crate) fn value(&self, column: &str) -> f64 {
        self.number(column).unwrap_or_else(|| panic!("{column} is null in {:?}", self.cells))
    }
}

/// A run directory with CSV tables, as it is on the disk.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) path: PathBuf,
    _directory: TempDir,
}

impl Run {
    pub(crate) fn summary(&self) -> Value {
        read_json(&self.path.join("summary.json"))
    }

    pub(crate) fn record(&self) -> Value {
        read_json(&self.path.join("run.json"))
    }

    /// The rows of a table.
    pub(crate) fn table(&self, name: &str) -> Vec<Row> {
        let path = self.path.join("tables").join(name).with_extension("csv");
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let header = reader.headers().unwrap().clone();
        reader
            .records()
            .map(|cells| Row { table: name.into(), header: header.clone(), cells: cells.unwrap() })
            .collect()
    }

    /// The rows of the table `tasks`, by the number of the task.
    pub(crate) fn tasks(&self) -> Vec<Row> {
        let mut rows = self.table("tasks");
        rows.sort_by_key(|row| row.value("task") as u64);
        rows
    }
}

/// Runs a scenario that is beside files of these names and texts, and gives what came of the program.
pub(crate) fn attempt(scenario: &Value, files: &[(&str, &str)]) -> (assert_cmd::assert::Assert, Run) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let file = directory.path().join("scenario.json");
    fs::write(&file, format!("{scenario:#}")).unwrap();
    let path = directory.path().join("run");
    let result = stratosim().arg("run").arg(&file).arg("--quiet").arg("--out").arg(&path).assert();
    (result, Run { path, _directory: directory })
}

/// Runs a scenario that is beside files of these names and texts; it must succeed in silence.
pub(crate) fn run_with(scenario: &Value, files: &[(&str, &str)]) -> Run {
    let (result, run) = attempt(scenario, files);
    result.success().stdout("").stderr("");
    run
}

/// Runs a scenario; it must succeed in silence.
pub(crate) fn run(scenario: &Value) -> Run {
    run_with(scenario, &[])
}

/// Runs a shipped scenario, such as `cloud/consolidation`, with overrides; it must succeed in silence.
pub(crate) fn run_shipped(name: &str, overrides: &[&str]) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run");
    let mut command = stratosim();
    command.arg("run").arg(format!("scenarios/{name}.json")).arg("--quiet").arg("--out").arg(&path);
    for assignment in overrides {
        command.args(["--set", assignment]);
    }
    command.assert().success().stdout("").stderr("");
    Run { path, _directory: directory }
}

/// Fails unless two numbers differ by at most `tolerance`.
#[track_caller]
pub(crate) fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected} +- {tolerance}");
}
