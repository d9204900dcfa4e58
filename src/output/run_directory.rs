//! The directory of a run, which appears complete or not at all.

use super::error::OutputError;
use super::staged_directory::StagedDirectory;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What tells a run directory from any other.
const RUN_FILE: &str = "run.json";

/// The directory of a run while it is being written: `run.json`, `summary.json`, `dictionary.json`,
/// `tables/`, and what else is put into it. A [`StagedDirectory`].
///
/// ```
/// # let parent = tempfile::tempdir()?;
/// # let path = parent.path().join("first");
/// use stratosim::output::RunDirectory;
/// let directory = RunDirectory::create(&path, false)?;
/// directory.write_summary(&serde_json::json!({ "tasks": 3 }))?;
/// assert!(!path.exists());
/// directory.commit()?;
/// assert!(path.join("summary.json").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RunDirectory {
    staged: StagedDirectory,
}

impl RunDirectory {
    /// Starts the run directory `path`; its parents are made if there are none. With `force` it will
    /// replace an earlier run's directory, or an empty one, and never anything else.
    ///
    /// # Errors
    ///
    /// If `path` exists and may not be replaced, or nothing can be written beside it.
    pub fn create(path: impl Into<PathBuf>, force: bool) -> Result<Self, OutputError> {
        Ok(RunDirectory { staged: StagedDirectory::create(path, RUN_FILE, force)? })
    }

    /// Starts the first free run directory of `parent/STEM-1`, `parent/STEM-2`, ... Processes that do so
    /// at the same time get different ones.
    ///
    /// # Errors
    ///
    /// If nothing can be written in `parent`.
    pub fn numbered(parent: impl AsRef<Path>, stem: &str) -> Result<Self, OutputError> {
        Ok(RunDirectory { staged: StagedDirectory::numbered(parent, stem, RUN_FILE)? })
    }

    /// Where the run directory will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.staged.path()
    }

    /// Where its files are to be written until it is committed.
    #[must_use]
    pub fn staging_path(&self) -> &Path {
        self.staged.staging_path()
    }

    /// The directory for the tables, for [`Destination::Files`](super::Destination::Files).
    #[must_use]
    pub fn tables(&self) -> PathBuf {
        self.staged.staging_path().join("tables")
    }

    /// Writes `run.json`: the scenario as resolved, seed, versions, wall time.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_run(&self, run: &Value) -> Result<(), OutputError> {
        self.staged.write_json(RUN_FILE, run)
    }

    /// Writes `summary.json`: the results in numbers.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_summary(&self, summary: &Value) -> Result<(), OutputError> {
        self.staged.write_json("summary.json", summary)
    }

    /// Writes `dictionary.json`: what each column of each table means
    /// ([`Recorder::dictionary`](super::Recorder::dictionary)).
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_dictionary(&self, dictionary: &Value) -> Result<(), OutputError> {
        self.staged.write_json("dictionary.json", dictionary)
    }

    /// Puts the directory in its place, and gives that. A directory that it replaces is moved aside first
    /// and removed last, so that at any time one of the two is complete.
    ///
    /// # Errors
    ///
    /// If there is something by now that may not be replaced, or the directory cannot be renamed: then
    /// all is as it was before, without the new run. If only the removal of the replaced directory fails,
    /// the new one is in place nevertheless.
    pub fn commit(self) -> Result<PathBuf, OutputError> {
        self.staged.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::ffi::OsString;
    use std::fs;

    /// A directory with an earlier run in it, whose `run.json` says 1.
    fn with_run() -> (tempfile::TempDir, PathBuf) {
        let parent = tempfile::tempdir().expect("it can be created");
        let path = parent.path().join("deep/first");
        let directory = RunDirectory::create(&path, false).expect("it is free");
        directory.write_run(&json!(1)).expect("the disk has room");
        assert_eq!(directory.commit().expect("it is free"), path);
        (parent, path)
    }

    fn run(path: &Path) -> Value {
        let text = fs::read_to_string(path.join("run.json")).expect("it is there");
        serde_json::from_str(&text).expect("it is JSON")
    }

    fn names(directory: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(directory).expect("it is there");
        entries.map(|entry| entry.expect("it can be read").file_name()).collect()
    }

    #[test]
    fn an_uncommitted_directory_leaves_no_trace() {
        let parent = tempfile::tempdir().expect("it can be created");
        let path = parent.path().join("first");
        let directory = RunDirectory::create(&path, false).expect("it is free");
        fs::create_dir(directory.tables()).expect("it is new");
        directory.write_dictionary(&json!({})).expect("the disk has room");
        assert!(!path.exists() && directory.staging_path().exists());
        drop(directory);
        assert!(names(parent.path()).is_empty());
    }

    #[test]
    fn replacing_needs_force_and_happens_at_the_end() {
        let (_parent, path) = with_run();
        let error = RunDirectory::create(&path, false).expect_err("it exists").to_string();
        assert!(error.contains("deep/first exists already") && error.contains("force"), "{error}");
        let directory = RunDirectory::create(&path, true).expect("it may be replaced");
        directory.write_run(&json!(2)).expect("the disk has room");
        assert_eq!(run(&path), 1);
        directory.commit().expect("it may be replaced");
        assert_eq!(run(&path), 2);
        drop(RunDirectory::create(&path, true).expect("it may be replaced"));
        assert_eq!(run(&path), 2);
        assert_eq!(names(path.parent().expect("it has one")), ["first"]);
    }

    /// A mistyped path must not cost anything that is not a run's output.
    #[test]
    fn force_replaces_nothing_but_runs() {
        let parent = tempfile::tempdir().expect("it can be created");
        let home = parent.path().join("home");
        fs::create_dir(&home).expect("it is new");
        drop(RunDirectory::create(&home, true).expect("it is empty"));
        fs::write(home.join("thesis.tex"), "dear").expect("the disk has room");
        for path in [home.clone(), home.join("thesis.tex")] {
            let error = RunDirectory::create(&path, true).expect_err("it is dear");
            assert!(matches!(error, OutputError::Foreign { .. }), "{error}");
        }
        for path in ["/", "..", ""] {
            let error = RunDirectory::create(path, true).expect_err("it has no name");
            assert!(matches!(error, OutputError::Unnamed { .. }), "{error}");
        }
        let below_file = home.join("thesis.tex/run");
        assert!(matches!(RunDirectory::create(below_file, false), Err(OutputError::Io { .. })));
    }

    /// Two runs into one path: the second to end is told, and the first one's output stays.
    #[test]
    fn the_first_to_commit_wins() {
        let parent = tempfile::tempdir().expect("it can be created");
        let path = parent.path().join("first");
        let [first, second] = [1, 2].map(|number| {
            let directory = RunDirectory::create(&path, false).expect("it is free");
            directory.write_run(&json!(number)).expect("the disk has room");
            directory
        });
        first.commit().expect("it is free");
        assert!(matches!(second.commit(), Err(OutputError::Exists { .. })));
        assert_eq!(run(&path), 1);
        assert_eq!(names(parent.path()), ["first"]);
    }

    #[test]
    fn numbers_are_given_once_however_many_ask() {
        let parent = tempfile::tempdir().expect("it can be created");
        let make = || {
            (0..20)
                .map(|_| {
                    let directory = RunDirectory::numbered(parent.path(), "run").expect("it is free");
                    directory.commit().expect("the number is its own")
                })
                .collect::<Vec<_>>()
        };
        let mut paths: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("it did not panic")).collect()
        });
        paths.sort();
        let mut expected: Vec<_> = (1..=80).map(|n| parent.path().join(format!("run-{n}"))).collect();
        expected.sort();
        assert_eq!(paths, expected);
    }
}
