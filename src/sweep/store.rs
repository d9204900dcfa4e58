//! The directory of a sweep: what is finished stays, whatever ends the process.

use super::SweepError;
use super::plan::{Plan, RunId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const HEADER: &str = "sweep.json";
const LOCK: &str = ".lock";

/// What is known of a finished run: the content of `runs/POINT-REPLICATION.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RunFile {
    /// The plan that it belongs to.
    pub(super) hash: String,
    pub(super) point: usize,
    pub(super) replication: u32,
    pub(super) seed: u64,
    pub(super) axes: Map<String, Value>,
    /// Why it failed, if it did.
    pub(super) error: Option<String>,
    /// The number that decides when to stop, if one does and the run has it.
    pub(super) decisive: Option<f64>,
    pub(super) metrics: Map<String, Value>,
    pub(super) events: u64,
    /// Fingerprint of its tables.
    pub(super) fingerprint: Option<String>,
    pub(super) wall_s: f64,
}

impl RunFile {
    pub(super) fn id(&self) -> RunId {
        RunId { point: self.point, replication: self.replication }
    }

    /// Whether two files tell the same, wall time apart.
    pub(super) fn is_same(&self, other: &RunFile) -> bool {
        *self == RunFile { wall_s: self.wall_s, ..other.clone() }
    }
}

/// What to do with a directory that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Existing {
    #[default]
    Refuse,
    Resume,
    Replace,
}

/// An open sweep directory, locked against other processes.
#[derive(Debug)]
pub(super) struct Store {
    directory: PathBuf,
    hash: String,
    /// Held until the end; the system lets go of it however the process ends.
    _lock: File,
}

fn failed(action: &str, path: &Path) -> impl FnOnce(io::Error) -> SweepError {
    let what = format!("cannot {action} {}", path.display());
    move |error| {
        let remedy = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; free some space and resume",
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "; choose a directory that you may write to"
            }
            io::ErrorKind::NotADirectory => "; a part of the path is a file",
            _ => "",
        };
        SweepError::Storage(format!("{what}: {error}{remedy}"))
    }
}

/// Writes a file that appears complete or not at all.
fn write_whole(path: &Path, text: &str) -> Result<(), SweepError> {
    let staging = partial(path);
    fs::write(&staging, text).map_err(failed("write", &staging))?;
    fs::rename(&staging, path).map_err(failed("write", path))
}

/// The name under which something is written before it gets its own.
fn partial(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.partial"))
}

fn is_partial(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".partial")
}

/// The hash of the plan in a sweep directory, and its header.
pub(super) fn read_header(directory: &Path) -> Result<Value, SweepError> {
    let path = directory.join(HEADER);
    let text = fs::read_to_string(&path).map_err(|error| {
        SweepError::Refused(format!(
            "{} is no directory of a sweep: its {HEADER} cannot be read: {error}",
            directory.display()
        ))
    })?;
    serde_json::from_str(&text)
        .map_err(|error| SweepError::Refused(format!("{} is damaged: {error}", path.display())))
}

/// All run files of a plan in a directory. Those that cannot be read are as good as missing.
pub(super) fn read_runs(directory: &Path, hash: &str) -> Result<Vec<RunFile>, SweepError> {
    let runs = directory.join("runs");
    let mut found = Vec::new();
    let entries = match fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(failed("read", &runs)(error)),
    };
    for entry in entries {
        let path = entry.map_err(failed("read", &runs))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        if let Ok(run) = serde_json::from_str::<RunFile>(&text)
            && run.hash == hash
        {
            found.push(run);
        }
    }
    found.sort_by_key(RunFile::id);
    Ok(found)
}

impl Store {
    /// Opens the directory of a sweep, making it if need be, and gives the runs that are finished.
    pub(super) fn open(
        directory: &Path,
        plan: &Plan,
        existing: Existing,
    ) -> Result<(Store, Vec<RunFile>), SweepError> {
        let header = plan.header();
        let hash = header["hash"].as_str().unwrap_or_default().to_string();
        if existing == Existing::Replace {
            remove(directory)?;
        }
        fs::create_dir_all(directory).map_err(failed("create", directory))?;
        let has_header = directory.join(HEADER).exists();
        if !has_header && !is_blank(directory)? {
            return Err(SweepError::Refused(format!(
                "{} is neither empty nor the directory of a sweep; choose another one",
                directory.display()
            )));
        }
        let lock = lock(directory)?;
        let store = Store { directory: directory.to_path_buf(), hash, _lock: lock };
        if !has_header {
            store.create(&header)?;
            return Ok((store, Vec::new()));
        }
        if existing != Existing::Resume {
            return Err(SweepError::Refused(format!(
                "{} has a sweep already; continue it with --resume, replace it with --force, or choose \
                 another directory",
                directory.display()
            )));
        }
        let found = read_header(directory)?;
        if found["hash"] != header["hash"] {
            return Err(SweepError::Refused(format!(
                "{} has another sweep: {}; replace it with --force, or choose another directory",
                directory.display(),
                difference(&found["plan"], &header["plan"])
            )));
        }
        store.clean()?;
        store.create(&header)?;
        let runs = read_runs(directory, &store.hash)?;
        Ok((store, runs))
    }

    /// Makes what a sweep directory has; what is there stays.
    fn create(&self, header: &Value) -> Result<(), SweepError> {
        let runs = self.directory.join("runs");
        fs::create_dir_all(&runs).map_err(failed("create", &runs))?;
        write_whole(&self.directory.join(HEADER), &format!("{header:#}\n"))
    }

    /// Removes what was half-written when an earlier process ended.
    fn clean(&self) -> Result<(), SweepError> {
        for directory in [self.directory.clone(), self.directory.join("runs"), self.tables()] {
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for entry in entries.flatten() {
                if is_partial(&entry.file_name().to_string_lossy()) {
                    let path = entry.path();
                    let removed =
                        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                    removed.map_err(failed("remove", &path))?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn tables(&self) -> PathBuf {
        self.directory.join("tables")
    }

    /// Where the tables of a finished run are.
    pub(super) fn tables_of(&self, run: RunId) -> PathBuf {
        self.tables().join(run.to_string())
    }

    /// Where the tables of a run are written; [`keep_tables`](Self::keep_tables) gives them their name.
    pub(super) fn new_tables(&self, run: RunId) -> Result<PathBuf, SweepError> {
        let path = partial(&self.tables_of(run));
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed("remove", &path))?;
        }
        fs::create_dir_all(&path).map_err(failed("create", &path))?;
        Ok(path)
    }

    /// Puts the dictionary of the tables of a run beside them.
    pub(super) fn write_dictionary(&self, run: RunId, dictionary: &Value) -> Result<(), SweepError> {
        let path = partial(&self.tables_of(run)).join("dictionary.json");
        fs::write(&path, format!("{dictionary:#}\n")).map_err(failed("write", &path))
    }

    pub(super) fn keep_tables(&self, run: RunId) -> Result<(), SweepError> {
        let path = self.tables_of(run);
        if path.exists() {
            fs::remove_dir_all(&path).map_err(failed("replace", &path))?;
        }
        fs::rename(partial(&path), &path).map_err(failed("create", &path))
    }

    pub(super) fn drop_tables(&self, run: RunId) {
        // What stays is hidden, and removed when the sweep is resumed.
        let _ = fs::remove_dir_all(partial(&self.tables_of(run)));
    }

    /// Keeps the result of a run.
    pub(super) fn keep(&self, run: &RunFile) -> Result<(), SweepError> {
        let path = self.directory.join("runs").join(format!("{}.json", run.id()));
        let value = serde_json::to_value(run).map_err(|error| SweepError::Storage(error.to_string()))?;
        write_whole(&path, &format!("{value:#}\n"))
    }

    /// Writes files by `write` into a directory beside their final one, and moves them there when they are
    /// complete.
    pub(super) fn publish<E: std::fmt::Display>(
        &self,
        into: &Path,
        write: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), SweepError> {
        let staging = self.directory.join(".results.partial");
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(failed("remove", &staging))?;
        }
        fs::create_dir_all(&staging).map_err(failed("create", &staging))?;
        fs::create_dir_all(into).map_err(failed("create", into))?;
        write(&staging).map_err(|error| SweepError::Storage(error.to_string()))?;
        for entry in fs::read_dir(&staging).map_err(failed("read", &staging))? {
            let entry = entry.map_err(failed("read", &staging))?;
            let path = into.join(entry.file_name());
            fs::rename(entry.path(), &path).map_err(failed("write", &path))?;
        }
        fs::remove_dir(&staging).map_err(failed("remove", &staging))
    }
}

/// Whether a directory has nothing in it but what a sweep writes before its header.
fn is_blank(directory: &Path) -> Result<bool, SweepError> {
    for entry in fs::read_dir(directory).map_err(failed("read", directory))? {
        let name = entry.map_err(failed("read", directory))?.file_name();
        let name = name.to_string_lossy();
        if name != LOCK && name != "runs" && !is_partial(&name) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn lock(directory: &Path) -> Result<File, SweepError> {
    let path = directory.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed("write", &path))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(SweepError::Refused(format!(
            "another process is at work in {}; wait for it, or choose another directory",
            directory.display()
        ))),
        // Some network file systems have no locks; then nobody is kept out.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Removes the directory of a sweep, and nothing else.
fn remove(directory: &Path) -> Result<(), SweepError> {
    if !directory.exists() {
        return Ok(());
    }
    if !directory.join(HEADER).is_file() && !is_blank(directory)? {
        return Err(SweepError::Refused(format!(
            "{} will not be replaced: it is neither empty nor the directory of a sweep (it has no {HEADER}); \
             choose another one, or remove it yourself",
            directory.display()
        )));
    }
    let lock = lock(directory)?;
    let aside = partial(directory);
    if aside.exists() {
        fs::remove_dir_all(&aside).map_err(failed("remove", &aside))?;
    }
    fs::rename(directory, &aside).map_err(failed("replace", directory))?;
    drop(lock);
    fs::remove_dir_all(&aside).map_err(failed("remove", &aside))
}

/// Where two plans differ first, in words.
pub(super) fn difference(found: &Value, expected: &Value) -> String {
    fn first(a: &Value, b: &Value, path: &mut Vec<String>) -> Option<(String, String, String)> {
        if a == b {
            return None;
        }
        if let (Value::Object(a), Value::Object(b)) = (a, b) {
            for key in a.keys().chain(b.keys()) {
                path.push(key.clone());
                let null = Value::Null;
                let inner = first(a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null), path);
                if inner.is_some() {
                    return inner;
                }
                path.pop();
            }
        }
        if let (Value::Array(a), Value::Array(b)) = (a, b)
            && a.len() == b.len()
        {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                path.push(index.to_string());
                let inner = first(a, b, path);
                if inner.is_some() {
                    return inner;
                }
                path.pop();
            }
        }
        let short = |value: &Value| {
            let text = value.to_string();
            if text.chars().count() <= 60 {
                text
            } else {
                text.chars().take(60).collect::<String>() + "…"
            }
        };
        Some((path.join("."), short(a), short(b)))
    }
    match first(found, expected, &mut Vec::new()) {
        Some((path, found, expected)) => format!("{path} is {found} there and {expected} here"),
        None => "the keys are in another order".into(),
    }
}
