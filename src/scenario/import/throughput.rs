//! Tables of throughput by concurrency in CSV.

use super::ImportError;
use super::rows::read_rows;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    transfers: u32,
    rate_kbps: f64,
}

/// Reads a table of throughput: a CSV file with the columns `transfers` (on the link already, increasing from 0)
/// and `rate_kbps` (above 0). The rates are returned in bits a second.
///
/// # Errors
/// If the file cannot be read, or a row is not of this form or out of order: with its line.
pub fn read_throughput_table(path: impl AsRef<Path>) -> Result<Vec<(u32, f64)>, ImportError> {
    let mut rows: Vec<(u32, f64)> = Vec::new();
    read_rows(path.as_ref(), "columns transfers, rate_kbps", |row: Row| {
        if !(row.rate_kbps > 0.0 && row.rate_kbps.is_finite()) {
            return Err((format!("rate_kbps = {}", row.rate_kbps), "a rate above 0".into()));
        }
        let expected = match rows.last() {
            None if row.transfers > 0 => "0 transfers in the first row".to_string(),
            Some(&(before, _)) if row.transfers <= before => {
                format!("more transfers than {before}, those of the row before")
            }
            _ => {
                rows.push((row.transfers, row.rate_kbps * 1e3));
                return Ok(());
            }
        };
        Err((format!("transfers = {}", row.transfers), expected))
    })?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(u32, f64)>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_throughput_table(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_are_read_in_bits_a_second() {
        assert_eq!(read("transfers,rate_kbps\n0,88040.279\n2, 45150\n").unwrap()[1], (2, 45_150e3));
    }

    #[test]
    fn errors_name_the_line() {
        for (text, needle) in [
            ("transfers,rate_kbps\n0,5\n3,4\n2,3\n", ":4:"),
            ("transfers,rate_kbps\n0,5\n1,-4\n", ":3:"),
            ("transfers,rate_kbps\n1,5\n", "0 transfers"),
            ("transfers,rate\n0,5\n", "rate_kbps"),
            ("transfers,rate_kbps\n-1,5\n", ":2:"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(needle), "{error}");
        }
    }
}
