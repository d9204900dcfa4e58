//! A place in a scenario at which something is built, and where its errors go.

use super::{Diagnostics, Document, Fault, Path, did_you_mean};
use crate::placement::{ParameterError, Step};
use std::cell::RefCell;
use std::ffi::OsString;
use std::path::PathBuf;

/// A place in a document: what is built there reports its errors with this place, and goes on, so that all
/// errors of a file are found at once.
#[derive(Clone, Debug)]
pub struct Site<'a> {
    document: &'a Document,
    path: Path,
    errors: &'a RefCell<Diagnostics>,
    directory: &'a std::path::Path,
}

impl<'a> Site<'a> {
    pub(crate) fn root(
        document: &'a Document,
        errors: &'a RefCell<Diagnostics>,
        directory: &'a std::path::Path,
    ) -> Self {
        Site { document, path: Path::root(), errors, directory }
    }

    /// The place of a key here.
    #[must_use]
    pub fn key(&self, key: &str) -> Site<'a> {
        Site { path: self.path.key(key), ..self.clone() }
    }

    /// The place of an element here.
    #[must_use]
    pub fn index(&self, index: usize) -> Site<'a> {
        Site { path: self.path.index(index), ..self.clone() }
    }

    /// Reports an error here.
    pub fn error(&self, message: impl Into<String>) {
        self.errors.borrow_mut().push(self.document.diagnostic(&self.path, message));
    }

    /// Reports an error here, and what may help.
    pub fn error_with_help(&self, message: impl Into<String>, help: impl Into<String>) {
        self.errors.borrow_mut().push(self.document.diagnostic(&self.path, message).help(help));
    }

    /// Reports what is wrong with parameters that are here, at the value that is at fault.
    pub fn parameter_error(&self, error: ParameterError) {
        let place = error.steps.iter().fold(self.clone(), |site, step| match step {
            Step::Key(key) => site.key(key),
            Step::Index(index) => site.index(*index),
        });
        match error.help {
            Some(help) => place.error_with_help(error.message, help),
            None => place.error(error.message),
        }
    }

    /// Reports something wrong with what is here.
    pub fn fault(&self, fault: Fault) {
        let mut path = self.path.clone();
        fault.path.segments().iter().for_each(|segment| path.push(segment.clone()));
        let diagnostic = self.document.diagnostic(&path, fault.message);
        self.errors.borrow_mut().push(match fault.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    /// Reports a name that is not known.
    pub fn unknown<'c>(&self, what: &str, name: &str, known: impl Iterator<Item = &'c str> + Clone) {
        let nearest = did_you_mean(name, known.clone());
        let mut listed: Vec<&str> = known.take(12).collect();
        if listed.len() == 12 {
            listed[11] = "...";
        }
        let help = match nearest {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None if listed.is_empty() => format!("there is no {what} at all"),
            None => format!("known: {}", listed.join(", ")),
        };
        self.error_with_help(format!("no {what} is named {name:?}"), help);
    }

    /// Tells what is no error, but must be read before the results are trusted: it is printed and stands in the
    /// summary.
    pub fn note(&self, note: impl Into<String>) {
        self.errors.borrow_mut().note(note.into());
    }

    /// Whether nothing has been reported yet, here or elsewhere.
    pub(super) fn is_clean(&self) -> bool {
        self.errors.borrow().is_empty()
    }

    /// The value, or its error reported here.
    pub fn check<T, E: std::fmt::Display>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.error(error.to_string())).ok()
    }

    /// The path of a file that the scenario names: relative to the scenario's own directory, or, after
    /// `${STRATOSIM_DATA}/`, in the folder that this variable of the environment names. Where it is not set, or
    /// empty, the path is one that does not exist and begins with words that say so.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        match name.strip_prefix(DATA) {
            Some(rest) => in_data(rest, std::env::var_os("STRATOSIM_DATA")),
            None => self.directory.join(name),
        }
    }
}

/// Why a file that the scenario names is not there, in brackets; empty if its name says where it was looked for.
pub(super) fn why_missing(name: &str, path: &std::path::Path) -> String {
    match name.starts_with(DATA) {
        true if path.starts_with(UNSET) => format!(" {UNSET}"),
        true => format!(" (as {})", path.display()),
        false => String::new(),
    }
}

/// The path of a file in the folder of data.
fn in_data(rest: &str, folder: Option<OsString>) -> PathBuf {
    match folder.filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join(rest),
        None => PathBuf::from(UNSET).join(rest),
    }
}

/// What stands for the folder of data in messages where there is none.
const UNSET: &str = "(STRATOSIM_DATA is not set; set it to the folder of the data)";

/// What names of files in the folder of data begin with.
const DATA: &str = "${STRATOSIM_DATA}/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_data_is_that_of_the_variable_or_said_to_be_missing() {
        let path = |folder: Option<&str>| {
            in_data("sumo/a.xml", folder.map(OsString::from)).display().to_string()
        };
        assert_eq!(path(Some("/data")), "/data/sumo/a.xml");
        let missing = "(STRATOSIM_DATA is not set; set it to the folder of the data)/sumo/a.xml";
        assert_eq!((path(None), path(Some(""))), (missing.to_string(), missing.to_string()));
    }
}
