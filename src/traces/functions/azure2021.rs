//! Azure Functions Invocation Trace 2021: two weeks of single requests (Zhang et al., *Faster and Cheaper Serverless
//! Computing on Harvested Resources*, SOSP 2021).

use super::{
    FunctionTrace, FunctionTraceOptions, TracedFunction, TracedRequest, TracedRequests, nothing, order,
};
use crate::engine::Distribution;
use crate::traces::error::{Faults, TraceError};
use crate::traces::input::files;
use crate::traces::table::{Header, Layout, NOT_NEGATIVE, read_rows};
use rustc_hash::FxHashMap;
use std::path::Path;

const LAYOUT: Layout = Layout {
    columns: &["app", "func", "end_timestamp", "duration"],
    required: 4,
    header: Header::Names,
    delimiter: b',',
};

/// No function takes less in the mean.
const LEAST_TIME_S: f64 = 1e-3;

/// Reads the Azure Functions Invocation Trace 2021: its one file, or the folder that it is in. Rows come in the order in
/// which requests ended; they are given in the order in which they started.
///
/// # Errors
/// If a file cannot be read or a row is bad, it is still packed, or triggers are asked for, which this trace has not.
pub fn read_azure_2021(
    path: &Path,
    options: &FunctionTraceOptions,
) -> Result<FunctionTrace, TraceError> {
    options.check()?;
    if options.triggers.is_some() {
        return Err(TraceError::Options("the Azure trace of 2021 has no triggers".into()));
    }
    let mut faults = Faults::new(options.skip_bad_rows);
    let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
    let mut functions: Vec<TracedFunction> = Vec::new();
    let mut is_taken = Vec::new();
    let mut requests = Vec::new();
    let mut last_end_s: f64 = options.from_s;
    let mut before = 0_u64;
    for file in files(path)? {
        if Path::new(file.plain_name()).extension().is_some_and(|own| own.eq_ignore_ascii_case("rar")) {
            return Err(TraceError::table(&file.path, "is a RAR archive; extract it first"));
        }
        read_rows(&file, LAYOUT, &mut faults, |row| {
            let (application, name) = (row.text(0)?, row.text(1)?);
            let end_s = row.number(2, NOT_NEGATIVE)?;
            let time_s = row.number(3, NOT_NEGATIVE)?;
            last_end_s = last_end_s.max(end_s);
            let at_s = end_s - time_s;
            if at_s < options.from_s {
                before += u64::from(end_s >= options.from_s);
                return Ok(());
            }
            if options.until_s.is_some_and(|until_s| at_s >= until_s) {
                return Ok(());
            }
            let next = functions.len() as u32;
            let number = *numbers.entry(format!("{application}/{name}")).or_insert(next);
            if number == next {
                functions.push(TracedFunction {
                    name: name.into(),
                    application: application.into(),
                    trigger: None,
                    memory_mb: None,
                    time_s: None,
                    requests: 0,
                });
                is_taken.push(options.takes(application, name));
            }
            if is_taken[number as usize] {
                functions[number as usize].requests += 1;
                requests.push(TracedRequest { at_s: at_s - options.from_s, function: number, time_s });
            }
            Ok(())
        })?;
    }
    let totals: Vec<u64> = functions.iter().map(|function| function.requests).collect();
    let chosen = order(&totals, options.top, |index| {
        (functions[index].application.clone(), functions[index].name.clone())
    });
    if chosen.is_empty() {
        return Err(nothing(path));
    }
    let mut places: Vec<Option<u32>> = vec![None; functions.len()];
    for (place, &index) in (0..).zip(&chosen) {
        places[index] = Some(place);
    }
    requests.retain_mut(|request| match places[request.function as usize] {
        Some(place) => {
            request.function = place;
            true
        }
        None => false,
    });
    // Stable: requests that start at the same time stay in the order of the file.
    requests.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut sums_s = vec![0.0; chosen.len()];
    requests.iter().for_each(|request| sums_s[request.function as usize] += request.time_s);
    let mean = |place: usize, function: &TracedFunction| {
        let mean_s = sums_s[place] / function.requests as f64;
        Distribution::constant(mean_s.max(LEAST_TIME_S)).ok()
    };
    let functions = chosen.iter().enumerate().map(|(place, &index)| {
        let function = &functions[index];
        TracedFunction { time_s: mean(place, function), ..function.clone() }
    });
    let mut notes = Vec::new();
    if before > 0 {
        notes.push(format!("{before} requests that had started before the window were left out"));
    }
    let until_s = options.until_s.unwrap_or(f64::INFINITY).min(last_end_s);
    Ok(FunctionTrace {
        functions: functions.collect(),
        requests: TracedRequests::Single(requests),
        length_s: until_s - options.from_s,
        skipped: faults.skipped,
        notes,
    })
}
