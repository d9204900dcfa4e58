//! The directory of a run, which appears complete or not at all.

use super::error::OutputError;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What tells a run directory from any other.
const RUN_FILE: &str = "run.json";

/// The directory of a run while it is being written: `run.json`, `summary.json`, `dictionary.json`,
/// `tables/`, and what else is put into it.
///
/// Everything is written into a hidden directory beside the final one (`.NAME.partial-PID`), which
/// [`commit`](RunDirectory::commit) renames into place. Dropped without that, after an error or an
/// interrupt, it is removed. Only a killed process leaves it behind; it is then safe to delete. Files are
/// not forced onto the disk: a power failure just after the commit may still cost some.
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
    path: PathBuf,
    staging: PathBuf,
    force: bool,
    committed: bool,
}

impl RunDirectory {
    /// Starts the run directory `path`; its parents are made if there are none. With `force` it will
    /// replace an earlier run's directory, or an empty one, and never anything else.
    ///
    /// # Errors
    ///
    /// If `path` exists and may not be replaced, or nothing can be written beside it.
    pub fn create(path: impl Into<PathBuf>, force: bool) -> Result<Self, OutputError> {
        let path = path.into();
        let mut attempt = 0_u64;
        loop {
            let staging = hidden(&path, &format!("partial-{}-{attempt}", std::process::id()))?;
            check_free(&path, force)?;
            if claim(&staging)? {
                return Ok(RunDirectory { path, staging, force, committed: false });
            }
            attempt += 1;
        }
    }

    /// Starts the first free run directory of `parent/STEM-1`, `parent/STEM-2`, ... Processes that do so
    /// at the same time get different ones.
    ///
    /// # Errors
    ///
    /// If nothing can be written in `parent`.
    pub fn numbered(parent: impl AsRef<Path>, stem: &str) -> Result<Self, OutputError> {
        let mut number = 0_u64;
        loop {
            number += 1;
            let path = parent.as_ref().join(format!("{stem}-{number}"));
            // No process id here: whoever makes this directory owns the number.
            let staging = hidden(&path, "partial")?;
            if is_there(&path)? || !claim(&staging)? {
                continue;
            }
            let directory = RunDirectory { path, staging, force: false, committed: false };
            // Its last owner may have committed between the look and the claim.
            if !is_there(&directory.path)? {
                return Ok(directory);
            }
        }
    }

    /// Where the run directory will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its files are to be written until it is committed.
    #[must_use]
    pub fn staging_path(&self) -> &Path {
        &self.staging
    }

    /// The directory for the tables, for [`Destination::Files`](super::Destination::Files).
    #[must_use]
    pub fn tables(&self) -> PathBuf {
        self.staging.join("tables")
    }

    /// Writes `run.json`: the scenario as resolved, seed, versions, wall time.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_run(&self, run: &Value) -> Result<(), OutputError> {
        self.write_json(RUN_FILE, run)
    }

    /// Writes `summary.json`: the results in numbers.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_summary(&self, summary: &Value) -> Result<(), OutputError> {
        self.write_json("summary.json", summary)
    }

    /// Writes `dictionary.json`: what each column of each table means
    /// ([`Recorder::dictionary`](super::Recorder::dictionary)).
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_dictionary(&self, dictionary: &Value) -> Result<(), OutputError> {
        self.write_json("dictionary.json", dictionary)
    }

    fn write_json(&self, name: &str, value: &Value) -> Result<(), OutputError> {
        let path = self.staging.join(name);
        fs::write(&path, format!("{value:#}\n")).map_err(OutputError::io("write", &path))
    }

    /// Puts the directory in its place, and gives that. A directory that it replaces is moved aside first
    /// and removed last, so that at any time one of the two is complete.
    ///
    /// # Errors
    ///
    /// If there is something by now that may not be replaced, or the directory cannot be renamed: then
    /// all is as it was before, without the new run. If only the removal of the replaced directory fails,
    /// the new one is in place nevertheless.
    pub fn commit(mut self) -> Result<PathBuf, OutputError> {
        check_free(&self.path, self.force)?;
        let replaced = if is_there(&self.path)? {
            let aside = hidden(&self.path, &format!("replaced-{}", std::process::id()))?;
            fs::rename(&self.path, &aside).map_err(OutputError::io("replace", &self.path))?;
            Some(aside)
        } else {
            None
        };
        if let Err(error) = fs::rename(&self.staging, &self.path) {
            if let Some(aside) = &replaced {
                // If even this fails, there is nothing better to say than why the first did.
                let _ = fs::rename(aside, &self.path);
            }
            return Err(OutputError::io("create", &self.path)(error));
        }
        self.committed = true;
        if let Some(aside) = replaced {
            fs::remove_dir_all(&aside).map_err(OutputError::io("remove", &aside))?;
        }
        Ok(std::mem::take(&mut self.path))
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        if !self.committed {
            // Nobody is left to tell; the directory is hidden and harmless.
            let _ = fs::remove_dir_all(&self.staging);
        }
    }
}

/// The hidden sibling `.NAME.SUFFIX` of a path.
fn hidden(path: &Path, suffix: &str) -> Result<PathBuf, OutputError> {
    let Some(name) = path.file_name() else {
        return Err(OutputError::Unnamed { path: path.to_path_buf() });
    };
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".");
    hidden.push(suffix);
    Ok(path.with_file_name(hidden))
}

/// Makes a directory, its parents too; says whether it is new.
fn claim(directory: &Path) -> Result<bool, OutputError> {
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent).map_err(OutputError::io("create", parent))?;
    }
    match fs::create_dir(directory) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(OutputError::io("create", directory)(error)),
    }
}

/// Whether there is anything at `path`, be it a dangling link.
fn is_there(path: &Path) -> Result<bool, OutputError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(OutputError::io("look for", path)(error)),
    }
}

/// Fails unless a run directory may be put at `path`.
fn check_free(path: &Path, force: bool) -> Result<(), OutputError> {
    if !is_there(path)? {
        return Ok(());
    }
    if !force {
        return Err(OutputError::Exists { path: path.to_path_buf() });
    }
    let link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let replaceable = !link
        && fs::read_dir(path)
            .is_ok_and(|mut entries| path.join(RUN_FILE).is_file() || entries.next().is_none());
    if replaceable { Ok(()) } else { Err(OutputError::NotARunDirectory { path: path.to_path_buf() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            assert!(matches!(error, OutputError::NotARunDirectory { .. }), "{error}");
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
