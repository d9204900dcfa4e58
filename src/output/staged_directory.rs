//! A directory that appears complete or not at all.

use super::error::OutputError;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A directory while it is being written.
///
/// Everything is written into a hidden directory beside the final one (`.NAME.partial-PID`), which
/// [`commit`](StagedDirectory::commit) renames into place. Dropped without that, after an error or an
/// interrupt, it is removed. Only a killed process leaves it behind; it is then safe to delete. Files are
/// not forced onto the disk: a power failure just after the commit may still cost some.
#[derive(Debug)]
pub struct StagedDirectory {
    path: PathBuf,
    staging: PathBuf,
    marker: &'static str,
    force: bool,
    committed: bool,
}

impl StagedDirectory {
    /// Starts the directory `path`; its parents are made if there are none. With `force` it will replace one
    /// that has the file `marker`, or an empty one, and never anything else.
    ///
    /// # Errors
    ///
    /// If `path` exists and may not be replaced, or nothing can be written beside it.
    pub fn create(
        path: impl Into<PathBuf>,
        marker: &'static str,
        force: bool,
    ) -> Result<Self, OutputError> {
        let path = path.into();
        let mut attempt = 0_u64;
        loop {
            let staging = hidden(&path, &format!("partial-{}-{attempt}", std::process::id()))?;
            check_free(&path, marker, force)?;
            if claim(&staging)? {
                return Ok(StagedDirectory { path, staging, marker, force, committed: false });
            }
            attempt += 1;
        }
    }

    /// Starts the first free directory of `parent/STEM-1`, `parent/STEM-2`, ... Processes that do so at the
    /// same time get different ones.
    ///
    /// # Errors
    ///
    /// If nothing can be written in `parent`.
    pub fn numbered(
        parent: impl AsRef<Path>,
        stem: &str,
        marker: &'static str,
    ) -> Result<Self, OutputError> {
        let mut number = 0_u64;
        loop {
            number += 1;
            let path = parent.as_ref().join(format!("{stem}-{number}"));
            // No process id here: whoever makes this directory owns the number.
            let staging = hidden(&path, "partial")?;
            if is_there(&path)? || !claim(&staging)? {
                continue;
            }
            let directory = StagedDirectory { path, staging, marker, force: false, committed: false };
            // Its last owner may have committed between the look and the claim.
            if !is_there(&directory.path)? {
                return Ok(directory);
            }
        }
    }

    /// Where the directory will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its files are to be written until it is committed.
    #[must_use]
    pub fn staging_path(&self) -> &Path {
        &self.staging
    }

    /// Writes a JSON file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_json(&self, name: &str, value: &Value) -> Result<(), OutputError> {
        self.write_text(name, &format!("{value:#}\n"))
    }

    /// Writes a text file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), OutputError> {
        let path = self.staging.join(name);
        fs::write(&path, text).map_err(OutputError::io("write", &path))
    }

    /// Puts the directory in its place, and gives that. A directory that it replaces is moved aside first
    /// and removed last, so that at any time one of the two is complete.
    ///
    /// # Errors
    ///
    /// If there is something by now that may not be replaced, or the directory cannot be renamed: then
    /// all is as it was before, without the new one. If only the removal of the replaced directory fails,
    /// the new one is in place nevertheless.
    pub fn commit(mut self) -> Result<PathBuf, OutputError> {
        check_free(&self.path, self.marker, self.force)?;
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

impl Drop for StagedDirectory {
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

/// Fails unless a directory may be put at `path`.
fn check_free(path: &Path, marker: &'static str, force: bool) -> Result<(), OutputError> {
    if !is_there(path)? {
        return Ok(());
    }
    if !force {
        return Err(OutputError::Exists { path: path.to_path_buf() });
    }
    let link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let replaceable = !link
        && fs::read_dir(path)
            .is_ok_and(|mut entries| path.join(marker).is_file() || entries.next().is_none());
    if replaceable { Ok(()) } else { Err(OutputError::Foreign { path: path.to_path_buf(), marker }) }
}
