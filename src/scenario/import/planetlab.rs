//! PlanetLab traces: a folder with a file a virtual machine.

use super::ImportError;
use std::fs;
use std::path::{Path, PathBuf};

/// Reads a folder of PlanetLab traces (Beloglazov and Buyya, Concurrency and Computation 24, 2012): a file a
/// virtual machine, a whole percentage of its CPU a line, as shares in 0..=1. Files are taken in the byte order
/// of their names, since results depend on it.
///
/// # Errors
/// If the folder or a file cannot be read, or a line is not a percentage: with its file and line.
pub fn read_planetlab(folder: impl AsRef<Path>) -> Result<Vec<Vec<f64>>, ImportError> {
    let folder = folder.as_ref();
    let open = |file: &Path| {
        let file = file.to_path_buf();
        move |source| ImportError::Open { file, source }
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(open(folder))? {
        let path = entry.map_err(open(folder))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    files.iter().map(|file| read_file(file)).collect()
}

fn read_file(file: &Path) -> Result<Vec<f64>, ImportError> {
    let text = fs::read_to_string(file)
        .map_err(|source| ImportError::Open { file: file.to_path_buf(), source })?;
    let lines = text.lines().zip(1..);
    lines
        .map(|(line, number)| match line.trim().parse::<u8>() {
            Ok(percent @ 0..=100) => Ok(f64::from(percent) / 100.0),
            _ => Err(ImportError::Content {
                file: file.to_path_buf(),
                line: number,
                column: 1,
                found: crate::units::quoted(line),
                expected: "a whole percentage from 0 to 100".into(),
            }),
        })
        .collect()
}
