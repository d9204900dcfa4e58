//! Azure Functions Trace 2019: 14 days of requests per minute (Shahrad et al., *Serverless in the Wild*, USENIX ATC 2020).

use super::{
    FunctionTrace, FunctionTraceOptions, MINUTE_S, TracedFunction, TracedRequests, nothing, order,
};
use crate::engine::Distribution;
use crate::traces::error::{Faults, TraceError};
use crate::traces::input::{TraceFile, files};
use crate::traces::table::{Header, Layout, NOT_NEGATIVE, Row, read_rows};
use rustc_hash::FxHashMap;
use std::path::Path;
use std::sync::LazyLock;

const MINUTES_OF_DAY: u32 = 1440;

/// No request takes less: requests of functions are told in whole milliseconds.
const LEAST_TIME_S: f64 = 1e-3;

static INVOCATION_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let named = ["HashOwner", "HashApp", "HashFunction", "Trigger"].map(String::from);
    named.into_iter().chain((1..=MINUTES_OF_DAY).map(|minute| minute.to_string())).collect()
});
static INVOCATION_COLUMNS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| INVOCATION_NAMES.iter().map(String::as_str).collect());

const DURATION_COLUMNS: &[&str] = &[
    "HashOwner",
    "HashApp",
    "HashFunction",
    "Average",
    "Count",
    "Minimum",
    "Maximum",
    "percentile_Average_0",
    "percentile_Average_1",
    "percentile_Average_25",
    "percentile_Average_50",
    "percentile_Average_75",
    "percentile_Average_99",
    "percentile_Average_100",
];
const PROBABILITIES: [f64; 7] = [0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0];
const FIRST_PERCENTILE: usize = 7;

const MEMORY_COLUMNS: &[&str] = &["HashOwner", "HashApp", "SampleCount", "AverageAllocatedMb"];

fn layout(columns: &'static [&'static str]) -> Layout {
    Layout { columns, required: columns.len(), header: Header::Names, delimiter: b',' }
}

/// The tables.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Invocations,
    Durations,
    Memory,
}

impl Kind {
    fn of(file: &TraceFile) -> Option<Self> {
        [
            ("invocations_per_function", Kind::Invocations),
            ("function_durations", Kind::Durations),
            ("app_memory", Kind::Memory),
        ]
        .into_iter()
        .find(|(start, _)| file.plain_name().starts_with(start))
        .map(|(_, kind)| kind)
    }
}

/// The day of a file, from 1: the number after the last `.d` of its name.
fn day(file: &TraceFile) -> Result<u32, TraceError> {
    let name = file.plain_name();
    let digits = name.rsplit_once(".d").map_or("", |(_, rest)| rest);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits[..end].parse::<u32>() {
        Ok(day @ 1..=365) => Ok(day),
        _ => Err(TraceError::table(
            &file.path,
            "expected the number of a day in the name of the file, such as .d01.csv",
        )),
    }
}

/// What is known of the functions while files are read.
#[derive(Default)]
struct Reading {
    numbers: FxHashMap<String, u32>,
    functions: Vec<TracedFunction>,
    /// `owner/application` of each.
    owners: Vec<String>,
    counts: Vec<Vec<(u32, u32)>>,
    /// Requests that the quantiles of the times are of.
    timed: Vec<f64>,
    /// Memory of applications, and the samples that it is of.
    memory_mb: FxHashMap<String, (f64, f64)>,
}

/// The minutes of the window.
#[derive(Clone, Copy)]
struct Window {
    first: u32,
    end: u32,
}

impl Reading {
    fn invocations(
        &mut self,
        row: &Row<'_>,
        day: u32,
        window: Window,
        options: &FunctionTraceOptions,
    ) -> Result<(), TraceError> {
        let (owner, application, name) = (row.text(0)?, row.text(1)?, row.text(2)?);
        let trigger = row.optional_text(3)?;
        let wanted = |wanted: &Vec<String>| {
            wanted.iter().any(|own| trigger.is_some_and(|trigger| own == trigger))
        };
        let of_day = (day - 1) * MINUTES_OF_DAY;
        let mut counts = Vec::new();
        for minute in 0..MINUTES_OF_DAY {
            let count = row.count(4 + minute as usize)?;
            let at = of_day + minute;
            if count > 0 && (window.first..window.end).contains(&at) {
                counts.push((at - window.first, count));
            }
        }
        let is_taken = options.triggers.as_ref().is_none_or(wanted) && options.takes(application, name);
        if !is_taken || counts.is_empty() {
            return Ok(());
        }
        let key = format!("{owner}/{application}/{name}");
        let next = self.functions.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.functions.push(TracedFunction {
                name: name.into(),
                application: application.into(),
                trigger: trigger.map(String::from),
                memory_mb: None,
                time_s: None,
                requests: 0,
            });
            self.owners.push(format!("{owner}/{application}"));
            self.counts.push(Vec::new());
            self.timed.push(0.0);
        }
        let number = number as usize;
        if self.counts[number].last().is_some_and(|last| last.0 >= counts[0].0) {
            return Err(row.error(2, "a function that did not occur before on this day"));
        }
        self.functions[number].requests += counts.iter().map(|own| u64::from(own.1)).sum::<u64>();
        self.counts[number].append(&mut counts);
        Ok(())
    }

    /// Times of the day on which there are most requests.
    fn durations(&mut self, row: &Row<'_>) -> Result<(), TraceError> {
        let key = format!("{}/{}/{}", row.text(0)?, row.text(1)?, row.text(2)?);
        let count = row.number(4, NOT_NEGATIVE)?;
        let mut points = [(0.0, 0.0); PROBABILITIES.len()];
        let mut least_ms: f64 = 0.0;
        for (index, (point, probability)) in points.iter_mut().zip(PROBABILITIES).enumerate() {
            least_ms = least_ms.max(row.number(FIRST_PERCENTILE + index, NOT_NEGATIVE)?);
            *point = (probability, (least_ms / 1000.0).max(LEAST_TIME_S));
        }
        let Some(&number) = self.numbers.get(&key) else { return Ok(()) };
        let number = number as usize;
        if self.functions[number].time_s.is_none() || count > self.timed[number] {
            let made = Distribution::quantiles(&points);
            let refused = |error: crate::engine::DistributionError| {
                row.error(FIRST_PERCENTILE, &format!("percentiles that ascend ({error})"))
            };
            self.functions[number].time_s = Some(made.map_err(refused)?);
            self.timed[number] = count;
        }
        Ok(())
    }

    fn memory(&mut self, row: &Row<'_>) -> Result<(), TraceError> {
        let key = format!("{}/{}", row.text(0)?, row.text(1)?);
        let samples = row.number(2, NOT_NEGATIVE)?;
        let memory_mb = row.number(3, NOT_NEGATIVE)?;
        let own = self.memory_mb.entry(key).or_insert((memory_mb, samples));
        if samples > own.1 {
            *own = (memory_mb, samples);
        }
        Ok(())
    }
}

/// Reads the Azure Functions Trace 2019: the folder of its files, or a single one with requests per minute. Files of days
/// outside the window are not opened.
///
/// # Errors
/// If a file cannot be read or a row is bad, there are no requests, or the window does not begin at a whole minute.
pub fn read_azure_2019(
    path: &Path,
    options: &FunctionTraceOptions,
) -> Result<FunctionTrace, TraceError> {
    options.check()?;
    let first = options.from_s / MINUTE_S;
    if first.fract() != 0.0 {
        let message = format!("the window begins at {} s, but must at a whole minute", options.from_s);
        return Err(TraceError::Options(message));
    }
    let end = options.until_s.map_or(f64::INFINITY, |until_s| (until_s / MINUTE_S).ceil());
    // Both are at least 0; casts saturate.
    let window = Window { first: first as u32, end: end as u32 };
    let mut faults = Faults::new(options.skip_bad_rows);
    let mut reading = Reading::default();
    let mut found = Vec::new();
    for file in files(path)? {
        if let Some(kind) = Kind::of(&file) {
            found.push((kind, day(&file)?, file));
        }
    }
    if !found.iter().any(|(kind, ..)| *kind == Kind::Invocations) {
        let message = "expected files named invocations_per_function_md.anon.d01.csv and so on";
        return Err(TraceError::table(path, message));
    }
    let of = |day: u32| (day - 1) * MINUTES_OF_DAY..day * MINUTES_OF_DAY;
    let in_window = |day: u32| of(day).start < window.end && window.first < of(day).end;
    let mut last_minute = window.first;
    found.sort_by_key(|(_, day, _)| *day);
    let tables =
        |wanted: Kind| found.iter().filter(move |(kind, day, _)| *kind == wanted && in_window(*day));
    for (_, day, file) in tables(Kind::Invocations) {
        read_rows(file, layout(&INVOCATION_COLUMNS), &mut faults, |row| {
            reading.invocations(row, *day, window, options)
        })?;
        last_minute = of(*day).end.min(window.end);
    }
    for (_, _, file) in tables(Kind::Durations) {
        read_rows(file, layout(DURATION_COLUMNS), &mut faults, |row| reading.durations(row))?;
    }
    for (_, _, file) in tables(Kind::Memory) {
        read_rows(file, layout(MEMORY_COLUMNS), &mut faults, |row| reading.memory(row))?;
    }
    let totals: Vec<u64> = reading.functions.iter().map(|function| function.requests).collect();
    let chosen = order(&totals, options.top, |index| {
        let function = &reading.functions[index];
        (function.application.clone(), function.name.clone())
    });
    if chosen.is_empty() {
        return Err(nothing(path));
    }
    let functions: Vec<TracedFunction> = chosen
        .iter()
        .map(|&index| TracedFunction {
            memory_mb: reading.memory_mb.get(&reading.owners[index]).map(|own| own.0),
            ..reading.functions[index].clone()
        })
        .collect();
    let mut notes = Vec::new();
    for (what, missing) in [
        ("times", functions.iter().filter(|own| own.time_s.is_none()).count()),
        ("memory", functions.iter().filter(|own| own.memory_mb.is_none()).count()),
    ] {
        if missing > 0 {
            notes
                .push(format!("{missing} of {} functions have no {what} in the trace", functions.len()));
        }
    }
    let counts = chosen.iter().map(|&index| std::mem::take(&mut reading.counts[index])).collect();
    Ok(FunctionTrace {
        functions,
        requests: TracedRequests::PerMinute(counts),
        length_s: f64::from(last_minute.saturating_sub(window.first)) * MINUTE_S,
        skipped: faults.skipped,
        notes,
    })
}
