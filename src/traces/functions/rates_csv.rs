//! Rates by node and function over time, as CSV of our own.

use crate::names::did_you_mean;
use crate::traces::error::{Faults, TraceError};
use crate::traces::input::TraceFile;
use crate::traces::table::{Header, Layout, NOT_NEGATIVE, Row, read_rows};
use rustc_hash::FxHashMap;
use std::path::Path;

const LAYOUT: Layout = Layout {
    columns: &["t_s", "node", "function", "rps"],
    required: 4,
    header: Header::KnownNames,
    delimiter: b',',
};

/// Times may be off by this part of a step.
const TOLERANCE: f64 = 1e-6;

/// Most rates that a table may have: steps times nodes times functions.
const MOST_RATES: usize = 200_000_000;

/// Rates of streams (`node * functions + function`) over time.
#[derive(Clone, Debug, PartialEq)]
pub struct RateTable {
    /// Seconds of a step; `None` if there is but one time.
    pub step_s: Option<f64>,
    /// Requests per second, a list for each step with one for each stream; 0 where the file has no row.
    pub rates_rps: Vec<Vec<f64>>,
}

fn numbers<'n>(names: &[&'n str]) -> FxHashMap<&'n str, usize> {
    names.iter().zip(0..).map(|(name, number)| (*name, number)).collect()
}

/// The number of a name.
fn number(
    row: &Row<'_>,
    column: usize,
    what: &str,
    numbers: &FxHashMap<&str, usize>,
    names: &[&str],
) -> Result<usize, TraceError> {
    let name = row.text(column)?;
    let Some(&number) = numbers.get(name) else {
        let expected = match did_you_mean(name, names.iter().copied()) {
            Some(nearest) => format!("a {what} of the workload; did you mean {nearest:?}?"),
            None => {
                let mut listed: Vec<&str> = names.iter().copied().take(12).collect();
                if names.len() > 12 {
                    listed.push("...");
                }
                format!("a {what} of the workload: {}", listed.join(", "))
            }
        };
        return Err(row.error(column, &expected));
    };
    Ok(number)
}

/// Reads a table with the columns `t_s`, `node`, `function` and `rps`. Times ascend in equal steps from 0; within a time
/// rows come in any order, each pair of a node and a function once, and pairs without a row have a rate of 0.
///
/// # Errors
/// If the file cannot be read, or a row is bad: a name that is not among the given ones, a time that descends or is not the
/// next step, a rate below 0.
pub fn read_rates(path: &Path, nodes: &[&str], functions: &[&str]) -> Result<RateTable, TraceError> {
    let by_node = numbers(nodes);
    let by_function = numbers(functions);
    let streams = nodes.len() * functions.len();
    let mut table = RateTable { step_s: None, rates_rps: Vec::new() };
    let mut last_s = 0.0;
    read_rows(&TraceFile::on_disk(path), LAYOUT, &mut Faults::default(), |row| {
        let t_s = row.number(0, NOT_NEGATIVE)?;
        let node = number(row, 1, "node", &by_node, nodes)?;
        let function = number(row, 2, "function", &by_function, functions)?;
        let rate_rps = row.number(3, NOT_NEGATIVE)?;
        if table.rates_rps.is_empty() {
            if t_s != 0.0 {
                return Err(row.error(0, "t_s: 0 in the first row"));
            }
            table.rates_rps.push(vec![f64::NAN; streams]);
        } else if t_s != last_s {
            if t_s < last_s {
                let expected = format!("t_s: at least {last_s}, that of the row before");
                return Err(row.error(0, &expected));
            }
            let step_s = *table.step_s.get_or_insert(t_s - last_s);
            let next_s = table.rates_rps.len() as f64 * step_s;
            if (t_s - next_s).abs() > TOLERANCE * step_s {
                let expected = format!("t_s: {next_s}, the next in steps of {step_s}");
                return Err(row.error(0, &expected));
            }
            if (table.rates_rps.len() + 1) * streams > MOST_RATES {
                return Err(row.error(0, &format!("an end of the table: it has {MOST_RATES} rates")));
            }
            table.rates_rps.push(vec![f64::NAN; streams]);
        }
        last_s = t_s;
        // There is one by now.
        let step = table.rates_rps.len() - 1;
        let own = &mut table.rates_rps[step][node * functions.len() + function];
        if !own.is_nan() {
            return Err(row.error(2, "a node and a function once for each time"));
        }
        *own = rate_rps;
        Ok(())
    })?;
    if table.rates_rps.is_empty() {
        return Err(TraceError::table(path, "has no rates in it"));
    }
    for rate in table.rates_rps.iter_mut().flatten().filter(|rate| rate.is_nan()) {
        *rate = 0.0;
    }
    Ok(table)
}
