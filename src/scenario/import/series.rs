//! Time series in CSV: prices, carbon intensities, powers and the like.

use super::{ImportError, open_plain};
use crate::names::did_you_mean;
use crate::units::quoted;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What is done where rows are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapRule {
    /// They are an error.
    #[default]
    Error,
    /// The value before goes on.
    Hold,
    /// The missing rows are put in on the straight line between their neighbours.
    Linear,
}

/// What is done with rows of the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateRule {
    /// They are an error.
    #[default]
    Error,
    /// The first one counts.
    First,
    /// The last one counts.
    Last,
    /// Their mean counts.
    Mean,
}

/// How a series is written.
#[derive(Clone, Debug)]
pub struct SeriesFormat {
    /// Whether the first line names the columns; if not, columns are named 1, 2, ...
    pub header: bool,
    /// What separates the columns.
    pub delimiter: u8,
    /// The column of times; `None` for rows that are `step_s` apart.
    pub time: Option<String>,
    /// The column of values; `None` for the only one beside the times.
    pub value: Option<String>,
    /// Seconds between rows; `None` if they may lie anyhow, which then has no gaps.
    pub step_s: Option<f64>,
    /// The time zone of dates that have no offset of their own.
    pub zone: TimeZone,
    /// What is done where rows are missing or empty.
    pub gaps: GapRule,
    /// What is done with rows of the same time.
    pub duplicates: DuplicateRule,
}

impl Default for SeriesFormat {
    fn default() -> Self {
        SeriesFormat {
            header: true,
            delimiter: b',',
            time: None,
            value: None,
            step_s: None,
            zone: TimeZone::UTC,
            gaps: GapRule::Error,
            duplicates: DuplicateRule::Error,
        }
    }
}

/// What the times of a series count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesTime {
    /// From the start of whatever uses them.
    Start,
    /// From this instant of the calendar, that of the first row.
    Calendar(Timestamp),
}

/// A series as it is in a file, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the times count from.
    pub from: SeriesTime,
    /// Times in seconds, rising, and values in the unit of the file.
    pub points: Vec<(f64, f64)>,
}

/// A row before it is put in order.
#[derive(Clone, Copy, Debug)]
struct Row {
    time_s: f64,
    /// `None` if the cell is empty.
    value: Option<f64>,
    line: u64,
}

/// Reads a series from a CSV file, plain or gzipped. Times are numbers of seconds, or dates: with an offset
/// (`2023-03-26T01:00:00Z`, `2023-03-26 01:00+02:00`) or without one, which is then the wall clock of the format's
/// zone. Where that is set back, the hour that comes twice may be there once or twice; where it is set forward, the
/// hour that is not there counts as the one after it.
///
/// # Errors
/// If the file cannot be read or a row is not of this form, with its line: a value that is no number, a time that
/// is no time or runs backwards, a row that is there twice or missing if the rules do not say what then.
pub fn read_series(path: impl AsRef<Path>, format: &SeriesFormat) -> Result<Series, ImportError> {
    let path = path.as_ref();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(format.header)
        .delimiter(format.delimiter)
        .trim(csv::Trim::All)
        .from_reader(open_plain(path)?);
    let file = SeriesFile { path, format };
    let columns = file.columns(&mut reader)?;
    let mut clock = Clock { zone: &format.zone, first: None, last: None };
    let mut rows: Vec<Row> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| file.csv_error(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let value = file.value(record.get(columns.value).unwrap_or_default(), line)?;
        let time_s = match columns.time {
            None => rows.len() as f64 * format.step_s.unwrap_or(1.0),
            Some(column) => {
                let text = record.get(column).unwrap_or_default();
                clock.read(text).map_err(|expected| file.content(line, quoted(text), expected))?
            }
        };
        rows.push(Row { time_s, value, line });
    }
    let points = file.in_order(&rows)?;
    if points.is_empty() {
        return Err(file.content(1, "no values".into(), "at least one row".into()));
    }
    let from = clock.first.map_or(SeriesTime::Start, SeriesTime::Calendar);
    Ok(Series { from, points })
}

/// Reads times, and remembers which kind they are.
struct Clock<'a> {
    zone: &'a TimeZone,
    first: Option<Timestamp>,
    last: Option<f64>,
}

impl Clock<'_> {
    /// Seconds from the first date, or the number itself.
    ///
    /// # Errors
    /// What was expected.
    fn read(&mut self, text: &str) -> Result<f64, String> {
        let seconds = match text.parse::<f64>() {
            Ok(seconds) if self.first.is_none() && seconds.is_finite() => seconds,
            _ => {
                if self.first.is_none() && self.last.is_some() {
                    return Err("a number of seconds, as in the rows before".into());
                }
                let instant = self.instant(text)?;
                let first = *self.first.get_or_insert(instant);
                instant.duration_since(first).as_secs_f64()
            }
        };
        self.last = Some(seconds);
        Ok(seconds)
    }

    fn instant(&self, text: &str) -> Result<Timestamp, String> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(instant);
        }
        let date: DateTime = text.parse().map_err(|_| {
            "a number of seconds, or a date such as 2023-03-26T01:00:00Z or 2023-03-26 01:00".to_string()
        })?;
        let beyond = |_| "a date between the years -9999 and 9999".to_string();
        let ambiguous = self.zone.to_ambiguous_timestamp(date);
        let earlier = self.zone.to_ambiguous_timestamp(date).compatible().map_err(beyond)?;
        let is_fold = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
        // The second time that the clock shows an hour it is the later one.
        let is_second = is_fold
            && self.first.zip(self.last).is_some_and(|(first, last_s)| {
                earlier.duration_since(first) <= SignedDuration::from_secs_f64(last_s)
            });
        if is_second { ambiguous.later().map_err(beyond) } else { Ok(earlier) }
    }
}

struct Columns {
    time: Option<usize>,
    value: usize,
}

struct SeriesFile<'a> {
    path: &'a Path,
    format: &'a SeriesFormat,
}

impl SeriesFile<'_> {
    fn content(&self, line: u64, found: String, expected: String) -> ImportError {
        ImportError::Content { file: self.path.to_owned(), line, column: 1, found, expected }
    }

    fn csv_error(&self, error: &csv::Error) -> ImportError {
        let line = error.position().map_or(1, csv::Position::line);
        self.content(
            line,
            error.to_string(),
            "a CSV file of which all rows have the same columns".into(),
        )
    }

    fn columns<R: std::io::Read>(&self, reader: &mut csv::Reader<R>) -> Result<Columns, ImportError> {
        // Without a header this is the first row, which is not skipped.
        let first = reader.headers().map_err(|error| self.csv_error(&error))?.clone();
        let first = first.iter().enumerate();
        let names: Vec<String> = first
            .map(|(index, name)| {
                if self.format.header {
                    name.trim_start_matches('\u{feff}').to_string()
                } else {
                    (index + 1).to_string()
                }
            })
            .collect();
        let find = |name: &str| {
            names.iter().position(|own| own == name).ok_or_else(|| {
                let known = names.iter().map(String::as_str);
                let hint =
                    did_you_mean(name, known).map_or(String::new(), |near| format!(" ({near:?}?)"));
                let found = format!("the columns {}", names.join(", "));
                self.content(1, found, format!("a column {name:?}{hint}"))
            })
        };
        let time = self.format.time.as_deref().map(find).transpose()?;
        let value = match &self.format.value {
            Some(name) => find(name)?,
            None => {
                let mut others = (0..names.len()).filter(|&index| Some(index) != time);
                match (others.next(), others.next()) {
                    (Some(only), None) => only,
                    _ => {
                        let found = format!("the columns {}", names.join(", "));
                        return Err(self.content(
                            1,
                            found,
                            "`value` to say which one holds the values".into(),
                        ));
                    }
                }
            }
        };
        Ok(Columns { time, value })
    }

    fn value(&self, text: &str, line: u64) -> Result<Option<f64>, ImportError> {
        if text.is_empty() || text.eq_ignore_ascii_case("nan") || text.eq_ignore_ascii_case("null") {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(self.content(line, quoted(text), "a number".into())),
        }
    }

    /// Applies the rules on duplicates and gaps.
    fn in_order(&self, rows: &[Row]) -> Result<Vec<(f64, f64)>, ImportError> {
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(rows.len());
        let mut same = 1.0;
        for row in rows {
            let Some(value) = row.value else {
                if self.format.gaps == GapRule::Error {
                    let expected = "a value, or the rule `gaps` to say what holds without one".into();
                    return Err(self.content(row.line, "no value".into(), expected));
                }
                continue;
            };
            let Some(&(before_s, before)) = points.last() else {
                points.push((row.time_s, value));
                continue;
            };
            if row.time_s < before_s {
                let found = format!("a time {} s before that of the row before", before_s - row.time_s);
                return Err(self.content(row.line, found, "rows in the order of their times".into()));
            }
            if row.time_s == before_s {
                same += 1.0;
                let last = points.len() - 1;
                points[last].1 = match self.format.duplicates {
                    DuplicateRule::Error => {
                        let expected =
                            "a later one, or the rule `duplicates` to say which counts".into();
                        return Err(self.content(
                            row.line,
                            "the time of the row before".into(),
                            expected,
                        ));
                    }
                    DuplicateRule::First => before,
                    DuplicateRule::Last => value,
                    DuplicateRule::Mean => before + (value - before) / same,
                };
                continue;
            }
            same = 1.0;
            self.fill(&mut points, (row.time_s, value), row.line)?;
            points.push((row.time_s, value));
        }
        Ok(points)
    }

    /// Holds the distance to the last point to the step, and puts in what is missing.
    fn fill(
        &self,
        points: &mut Vec<(f64, f64)>,
        (time_s, value): (f64, f64),
        line: u64,
    ) -> Result<(), ImportError> {
        let (Some(step_s), Some(&(before_s, before))) = (self.format.step_s, points.last()) else {
            return Ok(());
        };
        let steps = ((time_s - before_s) / step_s).round();
        if (steps * step_s - (time_s - before_s)).abs() > 1e-6 * step_s {
            let found = format!("a time {} s after that of the row before", time_s - before_s);
            return Err(self.content(line, found, format!("a multiple of the step of {step_s} s")));
        }
        match self.format.gaps {
            GapRule::Error if steps > 1.0 => {
                let found = format!("{} rows missing before this one", steps - 1.0);
                let expected =
                    format!("a row every {step_s} s, or the rule `gaps` to say what holds without");
                Err(self.content(line, found, expected))
            }
            GapRule::Linear => {
                let mut step = 1.0;
                while step < steps {
                    points.push((before_s + step * step_s, before + (value - before) * step / steps));
                    step += 1.0;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::import::test_data;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn read(text: &str, format: &SeriesFormat) -> Result<Series, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_series(file.path(), format).map_err(|error| error.to_string())
    }

    fn dated() -> SeriesFormat {
        SeriesFormat { time: Some("t".into()), ..SeriesFormat::default() }
    }

    #[test]
    fn times_are_seconds_dates_or_steps() {
        let series = read("t,v\n0,1\n5.5,-2\n", &dated()).unwrap();
        assert_eq!((series.from, series.points), (SeriesTime::Start, vec![(0.0, 1.0), (5.5, -2.0)]));
        let series = read("t,v\n2023-01-01T00:00:00-06:00,1\n2023-01-01 07:00Z,2\n", &dated()).unwrap();
        assert_eq!(series.from, SeriesTime::Calendar("2023-01-01T06:00Z".parse().unwrap()));
        assert_eq!(series.points, [(0.0, 1.0), (3600.0, 2.0)]);
        let plain = SeriesFormat { header: false, step_s: Some(300.0), ..SeriesFormat::default() };
        let series = read("2.5E-08\n2.4E-08\n", &plain).unwrap();
        assert_eq!(series.points, [(0.0, 2.5e-8), (300.0, 2.4e-8)]);
        let numbered =
            SeriesFormat { header: false, value: Some("2".into()), delimiter: b';', ..plain.clone() };
        assert_eq!(read("a;1\nb;2\n", &numbered).unwrap().points, [(0.0, 1.0), (300.0, 2.0)]);
    }

    #[test]
    fn the_wall_clock_is_set_forward_and_back() {
        let brussels = SeriesFormat { zone: zone("Europe/Brussels"), step_s: Some(3600.0), ..dated() };
        // On 26 March 2023 there is no 02:00: two hours of the day are one hour apart.
        let march = "t,v\n2023-03-26 01:00,1\n2023-03-26 03:00,3\n";
        assert_eq!(read(march, &brussels).unwrap().points, [(0.0, 1.0), (3600.0, 3.0)]);
        // If it is there, it is the hour after.
        let flattened = "t,v\n2023-03-26 01:00,1\n2023-03-26 02:00,2\n2023-03-26 03:00,3\n";
        assert!(
            read(flattened, &brussels).unwrap_err().contains(":4:1: found the time of the row before")
        );
        let last = SeriesFormat { duplicates: DuplicateRule::Last, ..brussels.clone() };
        assert_eq!(read(flattened, &last).unwrap().points, [(0.0, 1.0), (3600.0, 3.0)]);
        // On 29 October 02:00 comes twice.
        let october =
            "t,v\n2023-10-29 01:00,1\n2023-10-29 02:00,2\n2023-10-29 02:00,3\n2023-10-29 03:00,4\n";
        let points = read(october, &brussels).unwrap().points;
        assert_eq!(points, [(0.0, 1.0), (3600.0, 2.0), (7200.0, 3.0), (10_800.0, 4.0)]);
        // Or once, and then a row is missing.
        let once = "t,v\n2023-10-29 01:00,1\n2023-10-29 02:00,2\n2023-10-29 03:00,4\n";
        assert!(read(once, &brussels).unwrap_err().contains(":4:1: found 1 rows missing"));
        let held = SeriesFormat { gaps: GapRule::Hold, ..brussels.clone() };
        assert_eq!(read(once, &held).unwrap().points, [(0.0, 1.0), (3600.0, 2.0), (10_800.0, 4.0)]);
        let linear = SeriesFormat { gaps: GapRule::Linear, ..brussels };
        assert_eq!(read(once, &linear).unwrap().points[2], (7200.0, 3.0));
    }

    #[test]
    fn duplicates_and_empty_cells_go_by_their_rules() {
        let text = "t,v\n0,1\n0,2\n0,6\n1,\n2,9\n";
        let with = |duplicates, gaps| {
            read(text, &SeriesFormat { duplicates, gaps, ..dated() }).map(|series| series.points)
        };
        assert_eq!(with(DuplicateRule::First, GapRule::Hold).unwrap(), [(0.0, 1.0), (2.0, 9.0)]);
        assert_eq!(with(DuplicateRule::Last, GapRule::Hold).unwrap()[0], (0.0, 6.0));
        assert_eq!(with(DuplicateRule::Mean, GapRule::Hold).unwrap()[0], (0.0, 3.0));
        assert!(with(DuplicateRule::Error, GapRule::Hold).unwrap_err().contains(":3:1:"));
        assert!(with(DuplicateRule::Mean, GapRule::Error).unwrap_err().contains(":5:1: found no value"));
    }

    #[test]
    fn bad_rows_are_told_with_their_line() {
        let stepped = SeriesFormat { step_s: Some(60.0), ..dated() };
        for (text, format, needles) in [
            ("t,v\n0,1\n1,x\n", dated(), [":3:1:", "\"x\", expected a number"]),
            ("t,v\n0,1\n1,inf\n", dated(), [":3:1:", "expected a number"]),
            ("t,v\n5,1\n4,1\n", dated(), [":3:1:", "1 s before"]),
            ("t,v\nMonday,1\n", dated(), [":2:1:", "a date such as"]),
            ("t,v\n0,1\n2023-01-01,1\n", dated(), [":3:1:", "as in the rows before"]),
            ("t,v\n2023-01-01,1\n3600,1\n", dated(), [":3:1:", "a date such as"]),
            ("t,v\n0,1\n60,1,2\n", dated(), [":3:1:", "same columns"]),
            ("time,v\n0,1\n", dated(), [":1:1:", "a column \"t\""]),
            ("tt,v\n0,1\n", dated(), ["(\"tt\"?)", "the columns tt, v"]),
            ("t,v,w\n0,1,2\n", dated(), [":1:1:", "`value`"]),
            ("t,v\n", dated(), ["no values", "at least one row"]),
            ("t,v\n0,1\n61,1\n", stepped.clone(), [":3:1:", "multiple of the step of 60 s"]),
            ("t,v\n0,1\n180,1\n", stepped, [":3:1:", "2 rows missing"]),
        ] {
            let error = read(text, &format).unwrap_err();
            assert!(needles.iter().all(|needle| error.contains(needle)), "{text:?}: {error}");
        }
    }

    fn published(name: &str, format: &SeriesFormat) -> Option<Vec<(f64, f64)>> {
        Some(read_series(test_data(name)?, format).unwrap().points)
    }

    #[test]
    fn published_prices_have_their_published_ranges() {
        let hourly = |zone_name: &str, column: &str| SeriesFormat {
            time: Some("Datetime".into()),
            value: Some(column.into()),
            step_s: Some(3600.0),
            zone: zone(zone_name),
            gaps: GapRule::Hold,
            duplicates: DuplicateRule::Last,
            ..SeriesFormat::default()
        };
        let mean = |points: &[(f64, f64)]| points.iter().map(|p| p.1).sum::<f64>() / points.len() as f64;
        let negative = |points: &[(f64, f64)]| points.iter().filter(|p| p.1 < 0.0).count();
        // One of the flattened rows of March falls on its neighbour.
        if let Some(points) = published(
            "energy/price/DE-LU_dayahead_2023_hourly_native.csv.gz",
            &hourly("Europe/Berlin", "Price (EUR/MWh)"),
        ) {
            assert_eq!((points.len(), negative(&points)), (8759, 301));
            assert!((mean(&points) - 95.2).abs() < 0.1, "{}", mean(&points));
            let least = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
            assert!((least + 500.0).abs() < 0.01, "{least}");
            assert_eq!(points[points.len() - 1].0, 8759.0 * 3600.0);
        }
        if let Some(points) = published(
            "energy/price/US-ERCOT_2023_hourly_native.csv.gz",
            &hourly("UTC", "Price (USD/MWh)"),
        ) {
            // Rows with offsets: all hours of the year.
            assert_eq!((points.len(), points[8759].0), (8760, 8759.0 * 3600.0));
        }
        let quarter_hourly = SeriesFormat {
            time: Some("datetime_utc".into()),
            value: Some("price_eur_mwh".into()),
            step_s: Some(900.0),
            gaps: GapRule::Hold,
            ..SeriesFormat::default()
        };
        if let Some(points) =
            published("energy/price/BE_dayahead_2024-2025_15min_utc.csv.gz", &quarter_hourly)
        {
            assert_eq!(points.len(), 63_338);
            let range = points.iter().fold((0.0_f64, 0.0_f64), |r, p| (r.0.min(p.1), r.1.max(p.1)));
            assert!((range.0 + 462.0).abs() < 1.0 && (range.1 - 565.0).abs() < 1.0, "{range:?}");
            let strict = SeriesFormat { gaps: GapRule::Error, ..quarter_hourly };
            let file = test_data("energy/price/BE_dayahead_2024-2025_15min_utc.csv.gz").unwrap();
            assert!(read_series(file, &strict).unwrap_err().to_string().contains("rows missing before"));
        }
        let plain = SeriesFormat { header: false, step_s: Some(300.0), ..SeriesFormat::default() };
        if let Some(points) =
            published("energy/price/extcloudsim_energy_price_5min_usd_per_J.txt", &plain)
        {
            let range = points.iter().fold((1.0_f64, 0.0_f64), |r, p| (r.0.min(p.1), r.1.max(p.1)));
            assert_eq!((points.len(), points[288].0), (289, 86_400.0));
            assert!(
                (range.0 * 3.6e9 - 85.6).abs() < 0.1 && (range.1 * 3.6e9 - 1360.8).abs() < 0.1,
                "{range:?}"
            );
        }
    }

    #[test]
    fn published_carbon_intensities_have_their_means() {
        let format = |value: &str| SeriesFormat {
            time: Some("timestamp".into()),
            value: Some(value.into()),
            step_s: Some(3600.0),
            ..SeriesFormat::default()
        };
        for (country, mean) in [("AT", 184.0), ("AU", 525.0), ("BE", 169.0), ("NL", 319.0)] {
            let file = "carbon/carbon_intensity_hourly_2021-2024.csv.gz";
            let Some(points) = published(file, &format(country)) else { return };
            assert_eq!(points.len(), 35_064);
            let found = points.iter().map(|p| p.1).sum::<f64>() / points.len() as f64;
            assert!((found - mean).abs() < 1.0, "{country}: {found}");
        }
    }
}
