//! What a node decides for itself: the local problem, and the restricted one when forwarding is fixed.

use super::super::centralised::Flows;
use super::super::instance::{Instance, REPLICA_TOLERANCE};
use super::super::knapsack::{Choice, best_replicas};

/// What a node serves itself, by function.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalPlan {
    /// Requests per second that it serves of its own.
    pub local_rps: Vec<f64>,
    /// Replicas.
    pub replicas: Vec<u32>,
}

/// What whole or split requests of a rate are.
fn flow(rate: f64, flows: Flows) -> f64 {
    match flows {
        Flows::Continuous => rate,
        // What is a rounding error below a whole number is one.
        Flows::Integer => (rate + REPLICA_TOLERANCE).floor(),
    }
}

/// Replicas for `wanted` requests per second of the node's own beside `received` ones, in addition to the least that serve
/// those, which are `base`: what each number of them serves of its own, worth `gain` a request.
fn choice(
    instance: &Instance,
    stream: usize,
    (wanted, received, base): (f64, f64, u32),
    gain: f64,
    flows: Flows,
    left_mb: u64,
) -> (Choice, Vec<f64>) {
    let memory = instance.memory_requirement_mb(stream % instance.functions());
    let served = |count: u32| {
        let room = instance.capacity_rps(stream, base.saturating_add(count)) - received;
        flow(room.max(0.0), flows).min(wanted)
    };
    let mut rates = vec![served(0)];
    if gain > 0.0 {
        let needed = instance.replicas_for(stream, wanted + received).saturating_sub(base);
        let most = needed.min(u32::try_from(left_mb / memory).unwrap_or(u32::MAX));
        rates.extend((1..=most).map(served));
    } else {
        rates[0] = 0.0;
    }
    let values = rates.iter().map(|rate| gain.max(0.0) * rate).collect();
    (Choice::new(memory, values), rates)
}

/// The local problem (LSP) of a node: of each function f it keeps x and offers omega = lambda - x to others, so as to
///
/// ```text
/// minimise sum over f of ( -alpha x - delta omega + pi omega ) / lambda
/// subject to x + omega = lambda,  U (r - 1) <= D x <= U r,  sum over f of m r <= M
/// ```
///
/// which is a bounded knapsack over memory: r replicas are worth (alpha - delta + pi) min(lambda, r U / D) / lambda.
/// Solved exactly by dynamic programming; of equal solutions that with fewer replicas is taken. `prices` are by function;
/// `fixed`, by function, are replicas that are not to be decided.
#[must_use]
pub fn local_plan(
    instance: &Instance,
    node: usize,
    prices: &[f64],
    fixed: Option<&[u32]>,
    flows: Flows,
) -> LocalPlan {
    let memory = instance.memory_capacity_mb(node);
    let mut choices = Vec::with_capacity(instance.functions());
    let mut rates = Vec::with_capacity(instance.functions());
    for (f, price) in prices.iter().enumerate() {
        let s = instance.stream(node, f);
        let gain = instance.weight(s) * (instance.alpha(s) - instance.delta(s) + price);
        let load = instance.load_rps(s);
        if let Some(fixed) = fixed {
            // Constraint (4): as many replicas serve at least what one fewer could.
            let least = flow(instance.capacity_rps(s, fixed[f].saturating_sub(1)), flows);
            let most = flow(instance.capacity_rps(s, fixed[f]), flows);
            let rate = if gain > 0.0 { most } else { least };
            rates.push(vec![rate.min(load)]);
            continue;
        }
        let (choice, served) = choice(instance, s, (load, 0.0, 0), gain, flows, memory);
        choices.push(choice);
        rates.push(served);
    }
    match fixed {
        Some(fixed) => LocalPlan {
            local_rps: rates.into_iter().map(|rate| rate[0]).collect(),
            replicas: fixed.to_vec(),
        },
        None => {
            let replicas = best_replicas(&choices, memory);
            let local = replicas.iter().zip(&rates).map(|(&count, rates)| rates[count as usize]);
            LocalPlan { local_rps: local.collect(), replicas }
        }
    }
}

/// The restricted problem (LSPr) of a node, where what it forwards (nu) and receives is fixed, by function:
///
/// ```text
/// minimise sum over f of ( -alpha x - delta nu ) / lambda
/// subject to x <= lambda - nu,  D (x + received) <= U r,  sum over f of m r <= M
/// ```
///
/// A knapsack again, of replicas beyond those that what is received needs.
#[must_use]
pub fn restricted_plan(
    instance: &Instance,
    node: usize,
    forwarded_rps: &[f64],
    received_rps: &[f64],
    flows: Flows,
) -> LocalPlan {
    let streams: Vec<usize> = (0..instance.functions()).map(|f| instance.stream(node, f)).collect();
    let base: Vec<u32> =
        streams.iter().zip(received_rps).map(|(&s, &rate)| instance.replicas_for(s, rate)).collect();
    let used = base
        .iter()
        .enumerate()
        .map(|(f, &count)| u64::from(count) * instance.memory_requirement_mb(f))
        .sum();
    let left = instance.memory_capacity_mb(node).saturating_sub(used);
    let (choices, rates): (Vec<Choice>, Vec<Vec<f64>>) = streams
        .iter()
        .enumerate()
        .map(|(f, &s)| {
            let wanted = (instance.load_rps(s) - forwarded_rps[f]).max(0.0);
            let gain = instance.weight(s) * instance.alpha(s);
            choice(instance, s, (wanted, received_rps[f], base[f]), gain, flows, left)
        })
        .unzip();
    let extra = best_replicas(&choices, left);
    LocalPlan {
        local_rps: extra.iter().zip(&rates).map(|(&count, rates)| rates[count as usize]).collect(),
        replicas: base.iter().zip(&extra).map(|(base, extra)| base + extra).collect(),
    }
}
