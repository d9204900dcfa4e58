//! Small CSV files with a header, whose rows are checked one by one.

use super::ImportError;
use serde::de::DeserializeOwned;
use std::path::Path;

/// What was found in a row, and what was expected there instead.
pub(super) type BadRow = (String, String);

/// Hands each row of a CSV file to `take`, which may refuse it; `columns` is what is expected of a row.
///
/// # Errors
/// If the file cannot be read, or a row is not of this form or refused: with its line.
pub(super) fn read_rows<Row: DeserializeOwned>(
    path: &Path,
    columns: &str,
    mut take: impl FnMut(Row) -> Result<(), BadRow>,
) -> Result<(), ImportError> {
    let content = |line: u64, found: String, expected: String| ImportError::Content {
        file: path.to_path_buf(),
        line,
        column: 1,
        found,
        expected,
    };
    let open = |source| ImportError::Open { file: path.to_path_buf(), source };
    let input = std::fs::File::open(path).map_err(open)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let line = index as u64 + 2;
        let row = row.map_err(|error| {
            let line = error.position().map_or(line, csv::Position::line);
            content(line, error.to_string(), columns.into())
        })?;
        take(row).map_err(|(found, expected)| content(line, found, expected))?;
    }
    Ok(())
}
