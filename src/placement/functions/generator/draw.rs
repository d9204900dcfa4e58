//! Single values: from an interval, from a list, or as given.

use super::super::error::{FunctionsError, check_length};
use super::limits::Memory;
use crate::engine::{RandomStreams, Stream};
use rand::RngExt;
use serde::Deserialize;

/// Real numbers: as given, some of several, or from an interval.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draw {
    values: Option<Vec<f64>>,
    values_from: Option<Vec<f64>>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
}

/// Three digits after the point.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A number within an interval, with three digits.
pub(super) fn uniform(min: f64, max: f64, stream: &mut Stream) -> f64 {
    rounded(min + (max - min) * stream.random::<f64>()).clamp(min, max)
}

fn check_interval(place: &str, min: f64, max: f64) -> Result<(), FunctionsError> {
    for (key, value) in [("min", min), ("max", max)] {
        if !value.is_finite() {
            return Err(FunctionsError::range(format!("{place}.{key}"), value, "a finite number"));
        }
    }
    if min > max {
        let allowed = format!("at most {place}.max, which is {max}");
        return Err(FunctionsError::range(format!("{place}.min"), min, allowed));
    }
    Ok(())
}

impl Draw {
    pub(super) fn check(&self, place: &str) -> Result<(), FunctionsError> {
        match (&self.values, &self.values_from, self.min, self.max) {
            (Some(values), None, _, _) if !values.is_empty() => Ok(()),
            (None, Some(values), _, _) if !values.is_empty() => Ok(()),
            (None, None, Some(min), Some(max)) => check_interval(place, min, max),
            _ => Err(FunctionsError::format(place, "give values, values_from, or min and max")),
        }
    }

    /// The ends of an interval.
    pub(super) fn interval(&self, place: &str) -> Result<(f64, f64), FunctionsError> {
        match (self.min, self.max) {
            (Some(min), Some(max)) => check_interval(place, min, max).map(|()| (min, max)),
            _ => Err(FunctionsError::format(place, "give min and max")),
        }
    }

    /// One value.
    pub(super) fn one(&self, place: &str, stream: &mut Stream) -> Result<f64, FunctionsError> {
        match (&self.values, &self.values_from, self.min, self.max) {
            (Some(values), _, _, _) | (None, Some(values), _, _) => {
                match values.get(stream.random_range(0..values.len().max(1))) {
                    Some(value) => Ok(*value),
                    None => Err(FunctionsError::format(place, "there are no values")),
                }
            }
            (None, None, Some(min), Some(max)) => Ok(uniform(min, max, stream)),
            _ => Err(FunctionsError::format(place, "give values, values_from, or min and max")),
        }
    }

    /// So many values.
    pub(super) fn drawn(
        &self,
        place: &str,
        count: usize,
        stream: &mut Stream,
    ) -> Result<Vec<f64>, FunctionsError> {
        if let Some(values) = &self.values {
            check_length(|| format!("{place}.values"), values.len(), count)?;
            return Ok(values.clone());
        }
        (0..count).map(|_| self.one(place, stream)).collect()
    }
}

pub(super) fn check_memory(place: &str, memory: &Memory) -> Result<(), FunctionsError> {
    match (memory.min, memory.max) {
        (Some(min), Some(max)) if min > max => {
            let allowed = format!("at most {place}.max, which is {max}");
            return Err(FunctionsError::range(format!("{place}.min"), min, allowed));
        }
        _ => {}
    }
    if let Some(classes) = &memory.repeated_values {
        let shares: f64 = classes.iter().map(|(share, _)| share).sum();
        let is_bad = |share: f64| !(share.is_finite() && share >= 0.0);
        if let Some(index) = classes.iter().position(|&(share, _)| is_bad(share)) {
            let place = format!("{place}.repeated_values[{index}][0]");
            return Err(FunctionsError::range(place, classes[index].0, "at least 0"));
        }
        if classes.is_empty() || shares > 1.0 + 1e-9 {
            let place = format!("{place}.repeated_values");
            return Err(FunctionsError::range(
                place,
                format!("a sum of shares of {shares}"),
                "at most 1",
            ));
        }
    }
    Ok(())
}

/// So many memories in MB.
pub(super) fn memories(
    key: &str,
    memory: &Memory,
    count: usize,
    streams: &RandomStreams,
) -> Result<Vec<u64>, FunctionsError> {
    let place = format!("limits.{key}");
    let mut stream = streams.stream(&format!("functions/instance/{key}"));
    if let Some(values) = &memory.values {
        check_length(|| format!("{place}.values"), values.len(), count)?;
        return Ok(values.clone());
    }
    if let Some(classes) = &memory.repeated_values {
        let mut drawn = Vec::with_capacity(count);
        for &(share, value) in classes {
            // What a share of nodes is short of a whole number by rounding is that number.
            let nodes = (share * count as f64 + 1e-9).floor() as usize;
            drawn.extend(std::iter::repeat_n(value, nodes.min(count - drawn.len())));
        }
        let last = classes.last().map_or(0, |(_, value)| *value);
        drawn.resize(count, last);
        return Ok(drawn);
    }
    if let Some(values) = memory.values_from.as_ref().filter(|values| !values.is_empty()) {
        return Ok((0..count).map(|_| values[stream.random_range(0..values.len())]).collect());
    }
    match (memory.min, memory.max) {
        (Some(min), Some(max)) if min <= max => {
            Ok((0..count).map(|_| stream.random_range(min..=max)).collect())
        }
        _ => Err(FunctionsError::format(
            place,
            "give values, values_from, repeated_values, or min and max",
        )),
    }
}
