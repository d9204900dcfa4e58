//! Traces of mobile links as mahimahi has them: a line for each opportunity at which a packet of 1500 bytes may leave, with
//! the millisecond from the start.

use super::{ImportError, open_plain};
use std::io::BufRead as _;
use std::path::Path;

/// Reads the milliseconds of a trace, plain or gzipped.
///
/// # Errors
/// If the file cannot be read, has no line, or a line that is no number or below the one before: with its line.
pub fn read_mahimahi(path: impl AsRef<Path>) -> Result<Vec<u64>, ImportError> {
    let path = path.as_ref();
    let mut times_ms: Vec<u64> = Vec::new();
    let content = |line: u64, found: String, expected: &str| ImportError::Content {
        file: path.to_path_buf(),
        line,
        column: 1,
        found,
        expected: expected.into(),
    };
    for (line, text) in (1..).zip(open_plain(path)?.lines()) {
        let text = text.map_err(|source| ImportError::Read {
            file: path.to_path_buf(),
            line,
            column: 1,
            source,
        })?;
        if text.trim().is_empty() {
            continue;
        }
        let found = || format!("{:?}", text.chars().take(40).collect::<String>());
        let time_ms: u64 =
            text.trim().parse().map_err(|_| content(line, found(), "a whole number of milliseconds"))?;
        if times_ms.last().is_some_and(|&before| time_ms < before) {
            return Err(content(line, found(), "no less than in the line before"));
        }
        times_ms.push(time_ms);
    }
    if times_ms.last().is_none_or(|&last| last == 0) {
        return Err(content(1, "no time above 0".into(), "a trace that lasts a millisecond or more"));
    }
    Ok(times_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_errors_name_the_line() {
        let read = |text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            read_mahimahi(file.path()).map_err(|error| error.to_string())
        };
        assert_eq!(read("0\n5\n 5\n\n12\n").unwrap(), [0, 5, 5, 12]);
        for (text, needle) in
            [("1\nx\n", ":2:"), ("4\n5\n3\n", ":3:"), ("", "lasts"), ("0\n0\n", "lasts")]
        {
            let error = read(text).unwrap_err();
            assert!(error.contains(needle), "{error}");
        }
    }
}
