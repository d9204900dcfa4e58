//! The weights of the objective: drawn as ratios, made of times, or taken from an instance.

use super::super::error::FunctionsError;
use super::super::instance::Instance;
use super::super::series::rows;
use super::draw::{Draw, rounded, uniform};
use super::limits::{DemandType, InputData, Weights};
use crate::engine::{Distribution, RandomStreams, Stream};
use std::collections::BTreeMap;

/// The weights by node and function.
pub(super) struct WeightTables {
    pub(super) alpha: Vec<Vec<f64>>,
    pub(super) beta: Beta,
    pub(super) gamma: Vec<Vec<f64>>,
    pub(super) delta: Vec<Vec<f64>>,
}

/// Rewards of forwarding.
pub(super) enum Beta {
    /// The same wherever it goes, by node and function.
    ByStream(Vec<Vec<f64>>),
    /// By both ends and function.
    ByPair(Vec<Vec<Vec<f64>>>),
    /// Of neighbours only.
    Known(BTreeMap<(usize, usize, usize), f64>),
}

impl Beta {
    pub(super) fn of(&self, n: usize, m: usize, f: usize) -> f64 {
        match self {
            Beta::ByStream(table) => table[n][f],
            Beta::ByPair(table) => table[n][m][f],
            Beta::Known(table) => table.get(&(n, m, f)).copied().unwrap_or(0.0),
        }
    }
}

pub(super) fn known(instance: &Instance) -> WeightTables {
    let mut beta = BTreeMap::new();
    for arc in 0..instance.arcs() {
        for f in 0..instance.functions() {
            let way = (instance.arc_from(arc), instance.arc_to(arc), f);
            beta.insert(way, instance.beta(arc, f));
        }
    }
    WeightTables {
        alpha: rows(instance, |s| instance.alpha(s)),
        beta: Beta::Known(beta),
        gamma: rows(instance, |s| instance.gamma(s)),
        delta: rows(instance, |s| instance.delta(s)),
    }
}

fn needed<'w, T>(value: &'w Option<T>, key: &str) -> Result<&'w T, FunctionsError> {
    value.as_ref().ok_or_else(|| FunctionsError::format(format!("limits.weights.{key}"), "missing"))
}

pub(super) fn drawn(
    weights: &Weights,
    nodes: usize,
    functions: usize,
    streams: &RandomStreams,
) -> Result<WeightTables, FunctionsError> {
    let mut stream = streams.stream("functions/instance/weights");
    if weights.initialization_time.is_some() {
        by_times(weights, nodes, functions, &mut stream)
    } else {
        by_ratios(weights, nodes, functions, &mut stream)
    }
}

/// alpha and gamma from intervals, beta = alpha times a multiplier (or from an interval), delta = beta times a multiplier; by
/// function, or by node and function.
fn by_ratios(
    weights: &Weights,
    nodes: usize,
    functions: usize,
    stream: &mut Stream,
) -> Result<WeightTables, FunctionsError> {
    let mut table = |draw: &Draw, key: &str| -> Result<Vec<Vec<f64>>, FunctionsError> {
        let place = format!("limits.weights.{key}");
        match weights.kind {
            DemandType::Homogeneous => Ok(vec![draw.drawn(&place, functions, stream)?; nodes]),
            DemandType::Heterogeneous => {
                (0..nodes).map(|_| draw.drawn(&place, functions, stream)).collect()
            }
        }
    };
    let times = |a: &[Vec<f64>], b: &[Vec<f64>]| -> Vec<Vec<f64>> {
        a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).collect()).collect()
    };
    let alpha = table(needed(&weights.alpha, "alpha")?, "alpha")?;
    let beta = match &weights.beta {
        Some(own) => table(own, "beta")?,
        None => {
            let multiplier = needed(&weights.beta_multiplier, "beta_multiplier")?;
            times(&alpha, &table(multiplier, "beta_multiplier")?)
        }
    };
    let gamma = table(needed(&weights.gamma, "gamma")?, "gamma")?;
    // Without a multiplier offers are expected to be worth what they are.
    let delta = match &weights.delta_multiplier {
        Some(own) => times(&beta, &table(own, "delta_multiplier")?),
        None => beta.clone(),
    };
    Ok(WeightTables { alpha, beta: Beta::ByStream(beta), gamma, delta })
}

fn sizes(input: &InputData, functions: usize, stream: &mut Stream) -> Result<Vec<f64>, FunctionsError> {
    let place = "limits.weights.input_data";
    let sizes = Distribution::truncated_normal(input.avg, input.std, input.min, input.max)
        .map_err(|error| FunctionsError::format(place, error))?;
    Ok((0..functions).map(|_| sizes.sample(stream)).collect())
}

/// By times: `a = initialization_time`, `b = a + edge_network_latency + size / edge_bandwidth` for each pair of nodes; alpha
/// and beta are `1 - (v - min a) / (max b - min a)`, gamma is `cloud_network_latency + size / cloud_bandwidth`, mapped to 0
/// to 1, and delta the mean of beta over all nodes, the own one included with 0.
fn by_times(
    weights: &Weights,
    nodes: usize,
    functions: usize,
    stream: &mut Stream,
) -> Result<WeightTables, FunctionsError> {
    let place = |key: &str| format!("limits.weights.{key}");
    let one = |draw: &Option<Draw>, key: &str, stream: &mut Stream| {
        needed(draw, key)?.one(&place(key), stream)
    };
    let positive = |value: f64, key: &str| {
        if value > 0.0 { Ok(value) } else { Err(FunctionsError::range(place(key), value, "above 0")) }
    };
    let (shortest, longest) = needed(&weights.initialization_time, "initialization_time")?
        .interval(&place("initialization_time"))?;
    let start: Vec<f64> = (0..functions).map(|_| uniform(shortest, longest, stream)).collect();
    let size = sizes(needed(&weights.input_data, "input_data")?, functions, stream)?;
    let mut between = vec![vec![(0.0, 1.0); nodes]; nodes];
    for (n, m) in (0..nodes).flat_map(|n| (n + 1..nodes).map(move |m| (n, m))) {
        let latency = one(&weights.edge_network_latency, "edge_network_latency", stream)?;
        let bandwidth =
            positive(one(&weights.edge_bandwidth, "edge_bandwidth", stream)?, "edge_bandwidth")?;
        between[n][m] = (latency, bandwidth);
        between[m][n] = (latency, bandwidth);
    }
    let time = |n: usize, m: usize, f: usize| {
        let (latency, bandwidth) = between[n][m];
        start[f] + latency + size[f] / bandwidth
    };
    let least = start.iter().copied().fold(f64::INFINITY, f64::min);
    let mut most = start.iter().copied().fold(0.0, f64::max);
    let mut up = vec![vec![0.0; functions]; nodes];
    for (n, own) in up.iter_mut().enumerate() {
        let latency = one(&weights.cloud_network_latency, "cloud_network_latency", stream)?;
        let bandwidth =
            positive(one(&weights.cloud_bandwidth, "cloud_bandwidth", stream)?, "cloud_bandwidth")?;
        for (f, own) in own.iter_mut().enumerate() {
            *own = latency + size[f] / bandwidth;
            let others = (0..nodes).filter(|&m| m != n);
            most = others.map(|m| time(n, m, f)).fold(most, f64::max);
        }
    }
    let range = |most: f64, least: f64| if most > least { most - least } else { 1.0 };
    let reward = |time: f64| rounded(1.0 - (time - least) / range(most, least));
    let pair = |n: usize, m: usize, f: usize| if n == m { 0.0 } else { reward(time(n, m, f)) };
    let beta: Vec<Vec<Vec<f64>>> = (0..nodes)
        .map(|n| (0..nodes).map(|m| (0..functions).map(|f| pair(n, m, f)).collect()).collect())
        .collect();
    let ends = |pick: fn(f64, f64) -> f64, from: f64| up.iter().flatten().copied().fold(from, pick);
    let (low, high) = (ends(f64::min, f64::INFINITY), ends(f64::max, 0.0));
    let gamma = up
        .iter()
        .map(|own| own.iter().map(|value| rounded((value - low) / range(high, low))).collect())
        .collect();
    let delta = beta
        .iter()
        .map(|own| {
            let mean = |f: usize| own.iter().map(|to| to[f]).sum::<f64>() / nodes as f64;
            (0..functions).map(mean).collect()
        })
        .collect();
    Ok(WeightTables {
        alpha: vec![start.iter().map(|&time| reward(time)).collect(); nodes],
        beta: Beta::ByPair(beta),
        gamma,
        delta,
    })
}
