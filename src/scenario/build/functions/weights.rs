//! Weights of the objective, and other numbers by node and function.

use super::Ground;
use crate::apps::replica_allocation::FunctionProblem;
use crate::placement::functions::Instance;
use crate::scenario::Site;
use crate::scenario::format::{ByStream, FunctionsSpec, IntervalSpec};
use rand::RngExt;

/// Whether an interval is one.
pub(super) fn check_interval(own: &IntervalSpec, site: &Site<'_>) -> bool {
    let good = own.min <= own.max && own.min.is_finite() && own.max.is_finite();
    if !good {
        site.key("min").error_with_help(
            format!("the least value is {}, but the greatest is {}", own.min, own.max),
            "give `min` at most `max`",
        );
    }
    good
}

/// Numbers by stream; those that are drawn are so for each function, by a random stream with the name of their part.
pub(super) fn by_stream(
    own: &ByStream,
    part: &str,
    functions: usize,
    ground: &Ground<'_>,
    site: &Site<'_>,
) -> Option<Vec<f64>> {
    let nodes = ground.nodes.len();
    match own {
        ByStream::One(value) if value.is_finite() => Some(vec![*value; nodes * functions]),
        ByStream::One(value) => {
            site.error(format!("{value} is no finite number"));
            None
        }
        ByStream::Drawn(interval) => {
            if !check_interval(interval, site) {
                return None;
            }
            let mut random = ground.streams(part).stream("drawn");
            let draw = |_| interval.min + (interval.max - interval.min) * random.random::<f64>();
            let drawn: Vec<f64> = (0..functions).map(draw).collect();
            Some(drawn.repeat(nodes))
        }
        ByStream::Table(rows) => {
            if rows.len() != nodes {
                site.error_with_help(
                    format!("{} rows are given for {nodes} nodes", rows.len()),
                    "give one for each node, in their order, each with a number for each function",
                );
                return None;
            }
            for (node, row) in rows.iter().enumerate() {
                let site = site.index(node);
                if row.len() != functions {
                    site.error(format!("{} values are given for {functions} functions", row.len()));
                    return None;
                }
                if let Some(function) = row.iter().position(|value| !value.is_finite()) {
                    site.index(function).error("it must be a finite number");
                    return None;
                }
            }
            Some(rows.concat())
        }
    }
}

/// Sets the weights of a problem, of which the arcs are known.
pub(super) fn set(
    spec: &FunctionsSpec,
    problem: &mut FunctionProblem,
    ground: &Ground<'_>,
    instance: Option<&Instance>,
) -> Option<()> {
    let (streams, functions) = (problem.streams(), problem.functions);
    if let Some(instance) = instance {
        let fault =
            [("weights", spec.weights.is_some()), ("normalisation", spec.normalisation.is_some())];
        if let Some((key, _)) = fault.iter().find(|(_, given)| *given) {
            ground.here.site.key(key).error("the instance has it; leave this out");
            return None;
        }
        problem.alpha = (0..streams).map(|s| instance.alpha(s)).collect();
        problem.gamma = (0..streams).map(|s| instance.gamma(s)).collect();
        problem.delta = (0..streams).map(|s| instance.delta(s)).collect();
        let arcs = 0..instance.arcs();
        problem.beta = arcs.flat_map(|arc| (0..functions).map(move |f| instance.beta(arc, f))).collect();
        return Some(());
    }
    let weights = spec.weights.clone().unwrap_or_default();
    let site = ground.here.site.key("weights");
    let read = |own: &ByStream, key: &str| {
        by_stream(own, &format!("weights/{key}"), functions, ground, &site.key(key))
    };
    let (alpha, beta, gamma) =
        (read(&weights.alpha, "alpha"), read(&weights.beta, "beta"), read(&weights.gamma, "gamma"));
    let delta = match &weights.delta {
        Some(own) => read(own, "delta"),
        None => beta.clone(),
    };
    let beta = beta?;
    let of_arc = |&(from, _): &(u32, u32)| {
        let first = from as usize * functions;
        beta[first..first + functions].iter().copied()
    };
    problem.beta = problem.arcs.iter().flat_map(of_arc).collect();
    (problem.alpha, problem.gamma, problem.delta) = (alpha?, gamma?, delta?);
    Some(())
}
