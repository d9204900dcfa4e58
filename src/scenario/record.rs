//! The scenario in the record of a run.

use super::{Diagnostics, Document, Path};
use std::path::{Path as FilePath, PathBuf};

/// Opens a scenario, or the one in the record of a run (`run.json`), and gives the file beside which are those that it
/// names: itself, or the one that the run was of, as it was named then. Where the folder of that is not there, it is the
/// record.
///
/// Places in messages are those in the file that was opened, paths start at the scenario.
///
/// ```
/// use stratosim::scenario::open_scenario;
/// let directory = tempfile::tempdir()?;
/// let file = directory.path().join("run.json");
/// std::fs::write(&file, r#"{ "stratosim": "0.1.0", "file": "gone/study.json", "scenario": { "seed": 7 } }"#)?;
/// let (document, beside) = open_scenario(&file)?;
/// assert_eq!(document.get(&"seed".parse()?), Some(&7.into()));
/// assert_eq!(beside, file);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the file cannot be read or is not JSON (see [`Document::open`]).
pub fn open_scenario(file: &FilePath) -> Result<(Document, PathBuf), Diagnostics> {
    let document = Document::open(file)?;
    let scenario = Path::root().key("scenario");
    let version = document.get(&Path::root().key("stratosim"));
    let Some(part) = version.and_then(|_| document.part(&scenario)) else {
        return Ok((document, file.to_path_buf()));
    };
    let named =
        document.get(&Path::root().key("file")).and_then(|named| named.as_str()).map(PathBuf::from);
    let there = |own: &PathBuf| {
        let folder = own.parent().unwrap_or(FilePath::new(""));
        folder.as_os_str().is_empty() || folder.is_dir()
    };
    Ok((part, named.filter(there).unwrap_or_else(|| file.to_path_buf())))
}
