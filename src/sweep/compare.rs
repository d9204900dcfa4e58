//! Comparing the values of one axis of a sweep with a baseline, replication by replication.

use super::aggregate::Interval;
use super::results::{ResultRow, SweepResults};
use crate::names::did_you_mean;
use serde_json::Value;
use std::collections::BTreeMap;

/// One metric of one axis value beside the baseline, at one combination of the other axes.
///
/// The same replication of both has the same seed, so that differences are taken pair by pair (common
/// random numbers), and their intervals are much narrower than those of the means.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What the other axes show, in their order.
    pub others: Vec<Value>,
    /// The value that is compared.
    pub candidate: Value,
    /// The metric.
    pub metric: String,
    /// Mean of the baseline over the pairs.
    pub baseline_mean: f64,
    /// Mean of the candidate over the pairs.
    pub candidate_mean: f64,
    /// Candidate minus baseline, over the pairs.
    pub difference: Interval,
    /// Candidate over baseline: geometric mean over the pairs, and the ends of its confidence interval;
    /// `None` unless all values are above zero.
    pub ratio: Option<[f64; 3]>,
    /// Mean difference over the standard deviation of the differences (Cohen's d for pairs); `None` if that
    /// is zero or there is one pair only.
    pub effect_size: Option<f64>,
}

impl Comparison {
    /// Whether the difference can be told from zero at the level of confidence; `None` of one pair, from
    /// which nothing can be told.
    #[must_use]
    pub fn is_distinguishable(&self) -> Option<bool> {
        (self.difference.n > 1).then(|| self.difference.mean.abs() > self.difference.half_width)
    }
}

/// What an axis shows, as text.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// The index of the axis that has the baseline among its values.
fn find_axis(results: &SweepResults, axis: Option<&str>, baseline: &str) -> Result<usize, String> {
    let names: Vec<&str> = results.axes().iter().map(|axis| axis.name.as_str()).collect();
    let points = || results.rows().iter().map(|row| results.labels(row.run.point));
    let has = |index: usize| {
        points().any(|labels| labels.get(index).is_some_and(|own| shown(own) == baseline))
    };
    if let Some(name) = axis {
        let Some(index) = names.iter().position(|own| *own == name) else {
            return Err(format!("no axis is named {name:?}; the axes are {}", names.join(", ")));
        };
        if !has(index) {
            return Err(unknown_baseline(results, &[index], baseline));
        }
        return Ok(index);
    }
    let holding: Vec<usize> = (0..names.len()).filter(|&index| has(index)).collect();
    match holding.as_slice() {
        [index] => Ok(*index),
        [] => Err(unknown_baseline(results, &(0..names.len()).collect::<Vec<_>>(), baseline)),
        several => {
            let named: Vec<&str> = several.iter().map(|&index| names[index]).collect();
            Err(format!("several axes have the value {baseline:?}: {}; name one", named.join(", ")))
        }
    }
}

fn unknown_baseline(results: &SweepResults, axes: &[usize], baseline: &str) -> String {
    let mut values: Vec<String> = Vec::new();
    for row in results.rows() {
        let labels = results.labels(row.run.point);
        for value in axes.iter().filter_map(|&axis| labels.get(axis)).map(shown) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    let meant = did_you_mean(baseline, values.iter().map(String::as_str));
    let meant = meant.map_or(String::new(), |near| format!("did you mean {near:?}? "));
    format!("no axis has the value {baseline:?}; {meant}(values: {})", values.join(", "))
}

/// All values of an axis beside one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparisons {
    /// The index of the axis among [`SweepResults::axes`].
    pub axis: usize,
    /// A row for each point of another value and each metric, in the order of the points.
    pub rows: Vec<Comparison>,
}

/// Compares all values of an axis with the baseline among them.
///
/// `axis` may be left out if only one axis has the baseline. Metrics are those named, or all.
///
/// # Errors
/// If there is no such axis, value or metric, or the baseline is not unique: with what there is instead.
pub fn compare(
    results: &SweepResults,
    axis: Option<&str>,
    baseline: &str,
    metrics: &[String],
) -> Result<Comparisons, String> {
    let axis = find_axis(results, axis, baseline)?;
    let known = results.metrics();
    let index = |metric: &String| {
        known.iter().position(|own| own == metric).ok_or_else(|| {
            let meant = did_you_mean(metric, known.iter().map(String::as_str));
            let meant = meant.map_or(String::new(), |near| format!("did you mean {near:?}? "));
            format!("no metric is named {metric:?}; {meant}(metrics: {})", known.join(", "))
        })
    };
    let wanted: Vec<usize> = match metrics {
        [] => (0..known.len()).collect(),
        named => named.iter().map(index).collect::<Result<_, _>>()?,
    };
    let labels = |point: usize| {
        let mut others = results.labels(point).to_vec();
        let own = if axis < others.len() { others.remove(axis) } else { Value::Null };
        (others, own)
    };
    // The runs of the baseline, by what else sets them apart. JSON text orders what values do not.
    let key = |others: &[Value], seed: u64| (Value::from(others).to_string(), seed);
    let mut baselines: BTreeMap<(String, u64), &ResultRow> = BTreeMap::new();
    for row in results.rows() {
        let (others, own) = labels(row.run.point);
        if shown(&own) == baseline {
            baselines.entry(key(&others, row.seed)).or_insert(row);
        }
    }
    let mut rows = Vec::new();
    for point in results.rows().chunk_by(|a, b| a.run.point == b.run.point) {
        let Some(first) = point.first() else { continue };
        let (others, candidate) = labels(first.run.point);
        if shown(&candidate) == baseline {
            continue;
        }
        let pairs: Vec<(&ResultRow, &ResultRow)> = point
            .iter()
            .filter_map(|row| Some((*baselines.get(&key(&others, row.seed))?, row)))
            .collect();
        for &metric in &wanted {
            let value = |row: &ResultRow| row.number(metric)?.as_f64();
            let values = pairs.iter().filter_map(|(base, own)| Some((value(base)?, value(own)?)));
            let values: Vec<(f64, f64)> = values.collect();
            rows.extend(compare_pairs(&values, results.confidence()).map(|comparison| Comparison {
                others: others.clone(),
                candidate: candidate.clone(),
                metric: known[metric].clone(),
                ..comparison
            }));
        }
    }
    Ok(Comparisons { axis, rows })
}

/// The comparison of pairs (baseline, candidate), without names; `None` of no pairs.
fn compare_pairs(pairs: &[(f64, f64)], confidence: f64) -> Option<Comparison> {
    let difference = Interval::of(pairs.iter().map(|(base, own)| own - base), confidence)?;
    let mean = |side: fn(&(f64, f64)) -> f64| pairs.iter().map(side).sum::<f64>() / pairs.len() as f64;
    let positive = pairs.iter().all(|(base, own)| *base > 0.0 && *own > 0.0);
    let logarithms = pairs.iter().map(|(base, own)| (own / base).ln());
    let ratio = Interval::of(logarithms, confidence)
        .filter(|_| positive)
        .map(|log| [log.mean, log.mean - log.half_width, log.mean + log.half_width].map(f64::exp));
    let deviation = difference.standard_deviation;
    Some(Comparison {
        others: Vec::new(),
        candidate: Value::Null,
        metric: String::new(),
        baseline_mean: mean(|pair| pair.0),
        candidate_mean: mean(|pair| pair.1),
        difference,
        ratio,
        effect_size: (deviation > 0.0).then(|| difference.mean / deviation),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_by_hand() {
        // Differences 1, 2, 3: mean 2, deviation 1, half-width t(2) / sqrt(3) = 4.302653 / 1.732051.
        let pairs = [(1.0, 2.0), (10.0, 12.0), (100.0, 103.0)];
        let comparison = compare_pairs(&pairs, 0.95).unwrap();
        assert_eq!((comparison.baseline_mean, comparison.candidate_mean), (37.0, 39.0));
        assert_eq!((comparison.difference.mean, comparison.effect_size), (2.0, Some(2.0)));
        assert!((comparison.difference.half_width - 2.484_138).abs() < 1e-6);
        assert_eq!(comparison.is_distinguishable(), Some(false));
        let [ratio, ..] = comparison.ratio.unwrap();
        assert!((ratio - (2.0_f64 * 1.2 * 1.03).cbrt()).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_told_is_not_told() {
        let one = compare_pairs(&[(1.0, 2.0)], 0.95).unwrap();
        assert_eq!((one.is_distinguishable(), one.effect_size), (None, None));
        let same = compare_pairs(&[(0.0, 0.0), (3.0, 3.0)], 0.95).unwrap();
        assert_eq!((same.is_distinguishable(), same.ratio, same.effect_size), (Some(false), None, None));
        let apart = compare_pairs(&[(1.0, 2.0), (3.0, 4.0)], 0.95).unwrap();
        assert_eq!(apart.is_distinguishable(), Some(true));
        assert_eq!(compare_pairs(&[], 0.95), None);
    }
}
