//! What methods are compared with: no forwarding, greed by memory, replicas that stay as they are.

use super::allocation::Allocation;
use super::error::FunctionsError;
use super::instance::Instance;
use super::knapsack::{Choice, best_replicas};
use super::outcome::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rates below this, in requests per second, are nothing.
const NOTHING_RPS: f64 = 1e-9;

/// The best without forwarding: each node fills its memory with what adds the most to the objective, and rejects the rest.
/// Exact, by a knapsack for each node.
#[must_use]
pub fn no_offloading(instance: &Instance) -> Outcome {
    let mut local = vec![0.0; instance.streams()];
    for node in 0..instance.nodes() {
        let choices: Vec<Choice> = (0..instance.functions())
            .map(|f| {
                let s = instance.stream(node, f);
                let gain = instance.weight(s) * (instance.alpha(s) + instance.gamma(s)).max(0.0);
                let load = instance.load_rps(s);
                let most = instance.replicas_for(s, load).min(instance.most_replicas(s));
                let values =
                    (0..=most).map(|count| gain * instance.capacity_rps(s, count).min(load)).collect();
                Choice::new(instance.memory_requirement_mb(f), values)
            })
            .collect();
        let replicas = best_replicas(&choices, instance.memory_capacity_mb(node));
        for (f, &count) in replicas.iter().enumerate() {
            let s = instance.stream(node, f);
            local[s] = instance.capacity_rps(s, count).min(instance.load_rps(s));
        }
    }
    let forwarded = vec![0.0; instance.arcs() * instance.functions()];
    Outcome::heuristic(instance, Allocation::of_flows(instance, local, forwarded))
}

/// What is served with given replicas, and what memory may be filled with more.
struct Filling<'a> {
    instance: &'a Instance,
    local: Vec<f64>,
    forwarded: Vec<f64>,
    sent: Vec<f64>,
    received: Vec<f64>,
    replicas: Vec<u32>,
    left_mb: Vec<u64>,
}

impl<'a> Filling<'a> {
    fn new(instance: &'a Instance) -> Self {
        Filling {
            instance,
            local: vec![0.0; instance.streams()],
            forwarded: vec![0.0; instance.arcs() * instance.functions()],
            sent: vec![0.0; instance.streams()],
            received: vec![0.0; instance.streams()],
            replicas: vec![0; instance.streams()],
            left_mb: (0..instance.nodes()).map(|node| instance.memory_capacity_mb(node)).collect(),
        }
    }

    fn spare(&self, s: usize) -> f64 {
        let served = self.local[s] + self.received[s];
        (self.instance.capacity_rps(s, self.replicas[s]) - served).max(0.0)
    }

    /// Serves as much as the replicas allow where it enters.
    fn keep_local(&mut self) {
        for s in 0..self.instance.streams() {
            self.local[s] =
                self.instance.load_rps(s).min(self.instance.capacity_rps(s, self.replicas[s]));
        }
    }

    /// Forwards what is left to the neighbours with the most to give, streams in order.
    fn forward(&mut self, may_start: bool) {
        let functions = self.instance.functions();
        for s in 0..self.instance.streams() {
            let (node, f) = (s / functions, s % functions);
            let memory = self.instance.memory_requirement_mb(f);
            if self.received[s] > 0.0 {
                continue;
            }
            let mut arcs: Vec<usize> = self
                .instance
                .arcs_of(node)
                .filter(|&arc| self.instance.beta(arc, f) > -self.instance.gamma(s))
                .collect();
            let left = |arc: &usize| {
                let to = self.instance.arc_to(*arc);
                (self.left_mb[to], self.spare(self.instance.stream(to, f)))
            };
            arcs.sort_by(|a, b| {
                let (a, b) = (left(a), left(b));
                if may_start { b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)) } else { b.1.total_cmp(&a.1) }
            });
            for arc in arcs {
                let rest = self.instance.load_rps(s) - self.local[s] - self.sent[s];
                if rest <= NOTHING_RPS {
                    break;
                }
                let to = self.instance.arc_to(arc);
                let at = self.instance.stream(to, f);
                if self.sent[at] > 0.0 {
                    continue;
                }
                if may_start {
                    let served = self.local[at] + self.received[at] + rest;
                    let needed = self.instance.replicas_for(at, served);
                    let fitting = u32::try_from(self.left_mb[to] / memory).unwrap_or(u32::MAX);
                    let more = needed.saturating_sub(self.replicas[at]).min(fitting);
                    self.replicas[at] += more;
                    self.left_mb[to] -= u64::from(more) * memory;
                }
                let rate = rest.min(self.spare(at));
                if rate > NOTHING_RPS {
                    self.forwarded[arc * functions + f] += rate;
                    self.sent[s] += rate;
                    self.received[at] += rate;
                }
            }
        }
    }
}

/// Greed by memory: each node gives its memory replica by replica to the function with the most reward a megabyte, and
/// forwards what is left to the neighbours with the most memory left, which start replicas for it.
#[must_use]
pub fn greedy_by_memory(instance: &Instance) -> Outcome {
    let mut filling = Filling::new(instance);
    for node in 0..instance.nodes() {
        loop {
            let mut best: Option<(f64, usize)> = None;
            for f in 0..instance.functions() {
                let s = instance.stream(node, f);
                let memory = instance.memory_requirement_mb(f);
                let gain = instance.weight(s) * (instance.alpha(s) + instance.gamma(s));
                let unserved = instance.load_rps(s) - instance.capacity_rps(s, filling.replicas[s]);
                let value = gain * unserved.min(instance.capacity_rps(s, 1)) / memory as f64;
                let is_useful = unserved > NOTHING_RPS && gain > 0.0;
                if is_useful
                    && memory <= filling.left_mb[node]
                    && best.is_none_or(|(most, _)| value > most)
                {
                    best = Some((value, f));
                }
            }
            let Some((_, f)) = best else { break };
            filling.replicas[instance.stream(node, f)] += 1;
            filling.left_mb[node] -= instance.memory_requirement_mb(f);
        }
    }
    filling.keep_local();
    filling.forward(true);
    let allocation = Allocation::of_flows(instance, filling.local, filling.forwarded);
    Outcome::heuristic(instance, allocation)
}

/// Replicas that stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaticReplicas {
    /// The memory of each node is shared out equally among the functions.
    #[default]
    EqualShares,
    /// So many of each function at each node, as far as its memory goes in the order of the functions.
    Each(Vec<u32>),
}

/// Static replicas: each node serves what they can of its own, and forwards the rest to neighbours whose replicas have the
/// most to spare. Replicas stay where nothing needs them, so that constraint (4) does not hold.
///
/// # Errors
/// If the number of replicas is not given for each function.
pub fn static_replicas(
    instance: &Instance,
    replicas: &StaticReplicas,
) -> Result<Outcome, FunctionsError> {
    let functions = instance.functions();
    if let StaticReplicas::Each(each) = replicas {
        super::error::check_length(|| "replicas".into(), each.len(), functions)?;
    }
    let mut filling = Filling::new(instance);
    for node in 0..instance.nodes() {
        let share = filling.left_mb[node] / functions as u64;
        for f in 0..functions {
            let memory = instance.memory_requirement_mb(f);
            let count = match replicas {
                StaticReplicas::EqualShares => share / memory,
                StaticReplicas::Each(each) => u64::from(each[f]).min(filling.left_mb[node] / memory),
            };
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            filling.replicas[instance.stream(node, f)] = count;
            filling.left_mb[node] -= u64::from(count) * memory;
        }
    }
    filling.keep_local();
    filling.forward(false);
    let present = filling.replicas;
    let mut allocation = Allocation::of_flows(instance, filling.local, filling.forwarded);
    allocation.replicas = present;
    Ok(Outcome::heuristic(instance, allocation))
}
