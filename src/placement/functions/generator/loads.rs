//! The loads over time.

use super::super::error::{FunctionsError, check_length};
use super::super::instance::Instance;
use super::super::published::{TRACES, read_traces};
use super::super::series::LoadStep;
use super::draw::{rounded, uniform};
use super::limits::Load;
use crate::engine::RandomStreams;
use rand::RngExt;
use rand_distr::{Distribution as _, StandardNormal};
use std::f64::consts::TAU;
use std::path::Path;

const KINDS: [&str; 7] = [
    "clipped",
    "sinusoidal",
    "fixed_sum",
    "fixed_sum_min",
    "fixed_sum_max",
    "fixed_sum_minmax",
    "load_existing",
];

/// The base signal of a stream: 100 + 50 sin(2 pi t / P) + N(0, 5), with P from 15 to 100 drawn anew for each third.
fn base(streams: &RandomStreams, stream: usize, steps: usize) -> Vec<f64> {
    let mut random = streams.entity("functions/load", stream as u64);
    let mut period = 1.0;
    let mut third = usize::MAX;
    (0..steps)
        .map(|t| {
            let now = 3 * t / steps;
            if now != third {
                third = now;
                period = 15.0 + 85.0 * random.random::<f64>();
            }
            let noise: f64 = StandardNormal.sample(&mut random);
            100.0 + 50.0 * (TAU * t as f64 / period).sin() + 5.0 * noise
        })
        .collect()
}

/// The kind of traces, and the form of what it needs.
pub(super) fn check(load: &Load) -> Result<(), FunctionsError> {
    let kind = load.trace_type.as_str();
    if !KINDS.contains(&kind) {
        return Err(FunctionsError::unknown("limits.load.trace_type", "trace type", kind, &KINDS));
    }
    match kind {
        "clipped" | "sinusoidal" => {
            let ((_, least), (most, _)) = bands(load)?;
            if least > most {
                let allowed = format!("at most limits.load.max.min, which is {most}");
                return Err(FunctionsError::range("limits.load.min.max", least, allowed));
            }
            Ok(())
        }
        "load_existing" if load.path.is_none() => {
            Err(FunctionsError::format("limits.load.path", "missing"))
        }
        _ => Ok(()),
    }
}

/// From and to.
type Interval = (f64, f64);

/// The intervals of the least and the most load.
fn bands(load: &Load) -> Result<(Interval, Interval), FunctionsError> {
    let part = |key: &str, draw: &Option<super::draw::Draw>| {
        let place = format!("limits.load.{key}");
        let draw = draw.as_ref().ok_or_else(|| FunctionsError::format(place.as_str(), "missing"))?;
        let (min, max) = draw.interval(&place)?;
        if min < 0.0 {
            return Err(FunctionsError::range(format!("{place}.min"), min, "at least 0"));
        }
        Ok((min, max))
    };
    // The published documents nest both in `values`, which the program they are of does not read.
    Ok((part("min", &load.min)?, part("max", &load.max)?))
}

/// What one node could serve of a function, times the number of nodes, if all shared their memory out equally among the
/// functions: `round(M U Nn / (m D Nf), 3) - 1` for each node.
fn saturating(instance: &Instance, f: usize) -> Vec<f64> {
    let (nodes, functions) = (instance.nodes() as f64, instance.functions() as f64);
    (0..instance.nodes())
        .map(|node| {
            let s = instance.stream(node, f);
            let memory = instance.memory_capacity_mb(node) as f64;
            let needed = instance.memory_requirement_mb(f) as f64 * instance.demand_s(s) * functions;
            rounded(memory * instance.max_utilisation(f) * nodes / needed) - 1.0
        })
        .collect()
}

/// The sums of the loads of each function.
fn sums(load: &Load, instance: &Instance) -> Result<Vec<f64>, FunctionsError> {
    let place = "limits.load.values";
    let functions = instance.functions();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let listed = load.values.as_ref().and_then(serde_json::Value::as_array);
    let is_auto = listed.is_none_or(|values| values.len() == 1 && values[0] == "auto");
    if load.values.is_some() && listed.is_none() {
        return Err(FunctionsError::format(place, "give [\"auto\"], or a list of one sum a function"));
    }
    if is_auto {
        let sum = |f: usize| {
            let all = saturating(instance, f);
            match load.trace_type.as_str() {
                "fixed_sum_min" => least(&all),
                "fixed_sum_max" => most(&all),
                "fixed_sum_minmax" if f.is_multiple_of(2) => least(&all),
                "fixed_sum_minmax" => most(&all),
                _ => mean(&all),
            }
        };
        return Ok((0..functions).map(|f| sum(f).max(0.0)).collect());
    }
    let values = listed.map_or(&[][..], Vec::as_slice);
    check_length(|| place.into(), values.len(), functions)?;
    let read = |(f, value): (usize, &serde_json::Value)| {
        value
            .as_f64()
            .filter(|sum| *sum >= 0.0)
            .ok_or_else(|| FunctionsError::range(format!("{place}[{f}]"), value, "a number, at least 0"))
    };
    values.iter().enumerate().map(read).collect()
}

pub(super) fn traces(
    load: &Load,
    instance: &Instance,
    steps: usize,
    folder: &Path,
    streams: &RandomStreams,
    notes: &mut Vec<String>,
) -> Result<Vec<LoadStep>, FunctionsError> {
    let functions = instance.functions();
    if load.trace_type == "load_existing" {
        let path = folder.join(load.path.as_deref().unwrap_or_default()).join(TRACES);
        return read_traces(&path, instance.nodes(), functions);
    }
    let mut signals: Vec<Vec<f64>> =
        (0..instance.streams()).map(|stream| base(streams, stream, steps)).collect();
    match load.trace_type.as_str() {
        kind @ ("clipped" | "sinusoidal") => {
            let ((low_min, low_max), (high_min, high_max)) = bands(load)?;
            let mut random = streams.stream("functions/instance/load");
            let mut constant = 0;
            for signal in &mut signals {
                let low = uniform(low_min, low_max, &mut random);
                let high = uniform(high_min, high_max, &mut random);
                let ends =
                    |pick: fn(f64, f64) -> f64, from: f64| signal.iter().copied().fold(from, pick);
                let (least, most) = (ends(f64::min, f64::INFINITY), ends(f64::max, f64::NEG_INFINITY));
                for value in signal.iter_mut() {
                    *value = if kind == "clipped" {
                        value.clamp(low, high)
                    } else if most > least {
                        low + (high - low) * (*value - least) / (most - least)
                    } else {
                        low
                    };
                }
                constant += usize::from(steps > 1 && signal.iter().all(|value| *value == signal[0]));
            }
            if constant > 0 {
                notes.push(format!(
                    "limits.load: {constant} of {} traces are constant, since their bands hardly meet the signal's \
                     50 to 150 requests per second",
                    signals.len()
                ));
            }
        }
        _ => {
            let sums = sums(load, instance)?;
            for (f, sum) in sums.iter().enumerate() {
                let streams = || (0..instance.nodes()).map(|node| instance.stream(node, f));
                let mut totals = vec![0.0; steps];
                for s in streams() {
                    totals.iter_mut().zip(&signals[s]).for_each(|(total, own)| *total += own.max(0.0));
                }
                for s in streams() {
                    for (value, total) in signals[s].iter_mut().zip(&totals) {
                        *value = if *total > 0.0 { sum * value.max(0.0) / total } else { 0.0 };
                    }
                }
            }
        }
    }
    let step = |t: usize| LoadStep {
        t: t as u64,
        load_rps: signals.iter().map(|signal| signal[t].max(0.0)).collect(),
    };
    Ok((0..steps).map(step).collect())
}
