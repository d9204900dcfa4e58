//! Heuristics on the linear relaxation of the centralised problem: the dive, and rounding.

use super::baselines::no_offloading;
use super::centralised::{Flows, Model, whole_capacity};
use super::distributed::{DistributedOptions, distribute};
use super::error::FunctionsError;
use super::instance::Instance;
use super::knapsack::{Choice, best_replicas};
use super::outcome::Outcome;
use super::program::Program;

/// Rounds of the dive.
const ROUNDS: usize = 4;

/// In the first round streams are made senders or receivers in so many steps, the most decided first.
const STEPS: usize = 4;

pub(super) fn dive(instance: &Instance, model: &Model, flows: Flows) -> Result<Outcome, FunctionsError> {
    let relaxed = model.program.clone().relaxed().solve_linear()?;
    let greedy = DistributedOptions { max_iterations: 1, flows, ..DistributedOptions::default() };
    let mut best = distribute(instance, &greedy)?.allocation;
    let mut best_objective = best.objective(instance);
    if flows == Flows::Continuous {
        let local = no_offloading(instance);
        if local.objective > best_objective {
            (best, best_objective) = (local.allocation, local.objective);
        }
    }
    let mut sends = step_by_step(instance, model, &relaxed.values)?;
    let mut last = None;
    for _ in 0..ROUNDS {
        if last.as_ref() == Some(&sends) {
            break;
        }
        let directed = with_senders(model, &sends).relaxed().solve_linear()?;
        let replicas = replicas_for(instance, model, &directed.values, &sends);
        let found = model.allocation_with(instance, &replicas, &sends)?;
        let objective = found.objective(instance);
        if objective > best_objective {
            (best, best_objective) = (found, objective);
        }
        // With the replicas as they are, who should send?
        let mut program = model.program.clone();
        model.fix_replicas(&mut program, &replicas);
        let freed = program.relaxed().solve_linear()?.values;
        last = Some(std::mem::replace(&mut sends, senders(instance, model, &freed)));
    }
    let mut outcome = Outcome::heuristic(instance, best);
    outcome.bound = Some(relaxed.objective.max(outcome.objective));
    Ok(outcome)
}

pub(super) fn round(instance: &Instance, model: &Model) -> Result<Outcome, FunctionsError> {
    let relaxed = model.program.clone().relaxed().solve_linear()?;
    let sends = senders(instance, model, &relaxed.values);
    let wanted =
        |s: usize| -> f64 { model.replicas[s].iter().map(|&column| relaxed.values[column]).sum() };
    let mut replicas = vec![0; instance.streams()];
    for node in 0..instance.nodes() {
        let mut left = instance.memory_capacity_mb(node);
        let mut fractions = Vec::new();
        for f in 0..instance.functions() {
            let s = instance.stream(node, f);
            let memory = instance.memory_requirement_mb(f);
            let whole = (wanted(s) + 1e-6).floor().max(0.0);
            replicas[s] = (whole as u32).min(u32::try_from(left / memory).unwrap_or(u32::MAX));
            left -= u64::from(replicas[s]) * memory;
            fractions.push((wanted(s) - whole, f));
        }
        fractions.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (fraction, f) in fractions {
            let memory = instance.memory_requirement_mb(f);
            if fraction > 1e-6 && memory <= left {
                replicas[instance.stream(node, f)] += 1;
                left -= memory;
            }
        }
    }
    let found = model.allocation_with(instance, &replicas, &sends)?;
    let mut outcome = Outcome::heuristic(instance, found);
    outcome.bound = Some(relaxed.objective.max(outcome.objective));
    Ok(outcome)
}

/// The program in which senders are fixed.
fn with_senders(model: &Model, sends: &[bool]) -> Program {
    let mut program = model.program.clone();
    for (column, &does) in model.sends.iter().zip(sends) {
        if let Some(column) = *column {
            program.fix(column, f64::from(u8::from(does)));
        }
    }
    program
}

/// Who sends, decided step by step: in each the most decided of those left are fixed as the relaxation has them, and the
/// relaxation is solved again.
fn step_by_step(
    instance: &Instance,
    model: &Model,
    relaxed: &[f64],
) -> Result<Vec<bool>, FunctionsError> {
    let mut program = model.program.clone();
    let mut values = relaxed.to_vec();
    let mut open: Vec<usize> = (0..model.sends.len()).filter(|&s| model.sends[s].is_some()).collect();
    let most = open.len().div_ceil(STEPS).max(1);
    let mut sends = senders(instance, model, &values);
    while open.len() > most {
        let balances = balances(instance, model, &values);
        let doubt = |&s: &usize| {
            let (sent, received) = balances[s];
            sent.min(received) / sent.max(received).max(f64::MIN_POSITIVE)
        };
        // Sorting is stable: of equal doubt the first are fixed.
        open.sort_by(|a, b| doubt(a).total_cmp(&doubt(b)));
        let rest = open.split_off(most);
        for s in std::mem::replace(&mut open, rest) {
            if let Some(column) = model.sends[s] {
                program.fix(column, f64::from(u8::from(sends[s])));
            }
        }
        values = program.clone().relaxed().solve_linear()?.values;
        let now = senders(instance, model, &values);
        open.iter().for_each(|&s| sends[s] = now[s]);
    }
    Ok(sends)
}

/// What each stream sends and receives.
fn balances(instance: &Instance, model: &Model, values: &[f64]) -> Vec<(f64, f64)> {
    let functions = instance.functions();
    let flow = |arc: usize, f: usize| {
        model.forwarded[arc * functions + f].map_or(0.0, |column| values[column].max(0.0))
    };
    (0..instance.streams())
        .map(|s| {
            let (node, f) = (s / functions, s % functions);
            let sent: f64 = instance.arcs_of(node).map(|arc| flow(arc, f)).sum();
            let received: f64 =
                instance.arcs_of(node).map(|arc| flow(instance.reverse_arc(arc), f)).sum();
            (sent, received)
        })
        .collect()
}

/// Whether each stream sends rather than receives: by what the relaxation lets it do more of.
fn senders(instance: &Instance, model: &Model, values: &[f64]) -> Vec<bool> {
    let balances = balances(instance, model, values);
    model
        .sends
        .iter()
        .zip(balances)
        .map(|(column, (sent, received))| column.is_none() || sent > received)
        .collect()
}

/// The replicas of each node's knapsack: what they serve is what the solution has there, and beyond it what its own
/// streams keep.
fn replicas_for(instance: &Instance, model: &Model, values: &[f64], sends: &[bool]) -> Vec<u32> {
    let functions = instance.functions();
    let read = |column: Option<usize>| column.map_or(0.0, |own| values[own].max(0.0));
    let mut replicas = Vec::with_capacity(instance.streams());
    for node in 0..instance.nodes() {
        let mut choices = Vec::with_capacity(functions);
        for f in 0..functions {
            let s = instance.stream(node, f);
            let mut demands: Vec<(f64, f64)> = Vec::new();
            let mut sent = 0.0;
            for arc in instance.arcs_of(node) {
                sent += read(model.forwarded[arc * functions + f]);
                let back = instance.reverse_arc(arc);
                let from = instance.stream(instance.arc_to(arc), f);
                let worth = instance.weight(from) * (instance.beta(back, f) + instance.gamma(from));
                if model.sends[s].is_none() || !sends[s] {
                    demands.push((worth, read(model.forwarded[back * functions + f])));
                }
            }
            let own = instance.weight(s) * (instance.alpha(s) + instance.gamma(s));
            demands.push((own, (instance.load_rps(s) - sent).max(0.0)));
            choices.push(choice(instance, s, demands, model.is_integer));
        }
        replicas.extend(best_replicas(&choices, instance.memory_capacity_mb(node)));
    }
    replicas
}

/// What replicas are worth that serve demands of (worth a request, requests per second), the worthiest first.
fn choice(instance: &Instance, stream: usize, mut demands: Vec<(f64, f64)>, is_integer: bool) -> Choice {
    demands.retain(|(worth, rate)| *worth > 0.0 && *rate > 0.0);
    demands.sort_by(|a, b| b.0.total_cmp(&a.0));
    let total: f64 = demands.iter().map(|(_, rate)| rate).sum();
    let most = instance.replicas_for(stream, total).min(instance.most_replicas(stream));
    let values = (0..=most).map(|count| {
        let mut left = if is_integer {
            whole_capacity(instance, stream, count)
        } else {
            instance.capacity_rps(stream, count)
        };
        let mut value = 0.0;
        for (worth, rate) in &demands {
            let taken = left.min(*rate);
            value += worth * taken;
            left -= taken;
        }
        value
    });
    Choice::new(instance.memory_requirement_mb(stream % instance.functions()), values.collect())
}
