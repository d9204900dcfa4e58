//! What is counted of an epoch: its requests by stream, and what came of them against what was planned.

use super::agents::Agreement;
use super::meters::Integrals;
use super::outcome::{Outcome, Way};
use super::report::Ended;
use crate::apps::DecisionId;
use crate::apps::replica_allocation::{Compared, FunctionProblem, ReplicaAllocation};
use crate::engine::{Quantiles, SimTime};

/// Requests of a stream that were created in an epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct StreamAccount {
    pub(super) arrived: u32,
    /// Answered, by way: local, forwarded, in the cloud.
    pub(super) answered: [u32; 3],
    pub(super) rejected: u32,
    pub(super) failed: u32,
    pub(super) cold: u32,
    /// Rewards less penalties, and the same if late answers earn nothing.
    pub(super) reward: f64,
    pub(super) in_time: f64,
    /// Times of answers, if somebody wants to know them.
    pub(super) response_s: Option<Box<Quantiles>>,
}

/// What is planned for a stream, in requests per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct PlannedRates {
    pub(super) local_rps: f64,
    pub(super) forwarded_rps: f64,
    pub(super) rejected_rps: f64,
    /// Part of the replicas that would be busy; `None` without any.
    pub(super) utilisation: Option<f64>,
}

/// What the allocation of an epoch is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// By stream.
    pub(super) replicas: Vec<u32>,
    /// By stream; `None` if the policy leaves it to the rules of the workload.
    pub(super) rates: Option<Vec<PlannedRates>>,
}

impl Plan {
    /// What an allocation plans with these loads.
    pub(super) fn new(
        allocation: &ReplicaAllocation,
        loads_rps: &[f64],
        problem: &FunctionProblem,
    ) -> Self {
        let functions = problem.functions;
        let rates = allocation.shares.as_ref().map(|shares| {
            let load = |s: usize| loads_rps.get(s).copied().unwrap_or(0.0);
            let local = |s: usize| shares.local.get(s).copied().unwrap_or(0.0) * load(s);
            let streams = problem.streams();
            let mut served_rps: Vec<f64> = (0..streams).map(local).collect();
            let mut forwarded_rps = vec![0.0; streams];
            for (&(from, to), own) in problem.arcs.iter().zip(shares.forwarded.chunks(functions)) {
                for (f, share) in own.iter().enumerate() {
                    let [from, to] = [from, to].map(|node| node as usize * functions + f);
                    forwarded_rps[from] += share * load(from);
                    served_rps[to] += share * load(from);
                }
            }
            let of_stream = |s: usize| {
                let replicas = f64::from(allocation.replicas[s]);
                PlannedRates {
                    local_rps: local(s),
                    forwarded_rps: forwarded_rps[s],
                    rejected_rps: (load(s) - local(s) - forwarded_rps[s]).max(0.0),
                    utilisation: (replicas > 0.0)
                        .then(|| problem.demand_s[s] * served_rps[s] / replicas),
                }
            };
            (0..streams).map(of_stream).collect()
        });
        Plan { replicas: allocation.replicas.clone(), rates }
    }

    /// Parts of the load that are local, forwarded and rejected; `None` without load or rates.
    pub(super) fn shares(&self) -> Option<[f64; 3]> {
        let mut sums = [0.0; 3];
        for own in self.rates.iter().flatten() {
            let parts = [own.local_rps, own.forwarded_rps, own.rejected_rps];
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        }
        let all: f64 = sums.iter().sum();
        (all > 0.0).then(|| sums.map(|sum| sum / all))
    }
}

/// What was answered to the first question of an epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    pub(super) at: SimTime,
    pub(super) is_refused: bool,
    /// How the method ended; that it failed.
    pub(super) status: String,
    pub(super) objective: Option<f64>,
    pub(super) bound: Option<f64>,
    pub(super) gap: Option<f64>,
    pub(super) iterations: Option<u32>,
    pub(super) search_nodes: Option<u64>,
    pub(super) compared: Vec<Compared>,
    pub(super) decision: Option<DecisionId>,
}

impl Answered {
    /// How far the objective is below another one, as a part of that.
    pub(super) fn deviation_from(&self, other: Option<f64>) -> Option<f64> {
        let (own, other) = (self.objective?, other?);
        Some((other - own) / other.abs().max(1e-10))
    }
}

/// An epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Epoch {
    pub(super) number: u32,
    pub(super) began: SimTime,
    /// `None` while it lasts.
    pub(super) ended: Option<SimTime>,
    pub(super) loads_rps: Vec<f64>,
    pub(super) plan: Plan,
    pub(super) answered: Option<Answered>,
    pub(super) applied: Option<SimTime>,
    /// What agents took to agree on it.
    pub(super) agreement: Option<Agreement>,
    pub(super) streams: Vec<StreamAccount>,
    /// By stream: requests that came from elsewhere and were answered.
    pub(super) forwarded_in: Vec<u32>,
    /// By pool, once it has ended.
    pub(super) integrals: Vec<Integrals>,
    /// Requests that have not ended.
    pub(super) outstanding: u64,
    pub(super) started: u32,
    pub(super) stopped: u32,
    pub(super) short: u32,
}

/// What came of an epoch, in the terms of the objective.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Experienced {
    pub(super) objective: f64,
    pub(super) in_time: f64,
    /// What no allocation could be above.
    pub(super) most: f64,
    pub(super) arrived: u64,
    pub(super) answered: u64,
    pub(super) cold: u64,
}

impl Epoch {
    /// A request of this epoch has ended.
    pub(super) fn add(&mut self, ended: &Ended, problem: &FunctionProblem) {
        self.outstanding = self.outstanding.saturating_sub(1);
        let (stream, functions) = (ended.stream as usize, problem.functions);
        let is_answered = matches!(ended.outcome, Outcome::Done | Outcome::MissedDeadline);
        let penalty = problem.gamma[stream];
        let mut reward = -penalty;
        let own = &mut self.streams[stream];
        own.cold += u32::from(ended.is_cold);
        if is_answered {
            match ended.way {
                Way::Local => reward = problem.alpha[stream],
                Way::Forwarded => {
                    let node = |stream: usize| (stream / functions) as u32;
                    let server = ended.pool.unwrap_or(ended.stream) as usize;
                    let arc = problem.arcs.binary_search(&(node(stream), node(server)));
                    let function = stream % functions;
                    reward = arc.map_or(0.0, |arc| problem.beta[arc * functions + function]);
                    if let Some(count) = self.forwarded_in.get_mut(server) {
                        *count += 1;
                    }
                }
                Way::Cloud | Way::Rejected => {}
            }
            own.answered[(ended.way as usize).min(2)] += 1;
            if let Some(response_s) = &mut own.response_s {
                response_s.add(ended.spans.response_s);
            }
        } else if ended.outcome == Outcome::Rejected {
            own.rejected += 1;
        } else {
            own.failed += 1;
        }
        own.reward += reward;
        own.in_time += if ended.outcome == Outcome::MissedDeadline { -penalty } else { reward };
    }

    /// The objective as it was experienced: rewards over the requests that arrived, stream by stream or together.
    pub(super) fn experienced(&self, problem: &FunctionProblem) -> Experienced {
        let functions = problem.functions;
        let mut most = problem.alpha.clone();
        for (&(from, _), beta) in problem.arcs.iter().zip(problem.beta.chunks(functions)) {
            for (f, &beta) in beta.iter().enumerate() {
                let own = &mut most[from as usize * functions + f];
                *own = own.max(beta);
            }
        }
        let mut found = Experienced::default();
        for (own, most) in self.streams.iter().zip(most).filter(|(own, _)| own.arrived > 0) {
            let arrived = f64::from(own.arrived);
            let divisor = if problem.is_total { 1.0 } else { arrived };
            found.objective += own.reward / divisor;
            found.in_time += own.in_time / divisor;
            found.most += most * arrived / divisor;
            found.arrived += u64::from(own.arrived);
            found.answered += own.answered.iter().map(|&count| u64::from(count)).sum::<u64>();
            found.cold += u64::from(own.cold);
        }
        if problem.is_total && found.arrived > 0 {
            let all = found.arrived as f64;
            [&mut found.objective, &mut found.in_time, &mut found.most]
                .into_iter()
                .for_each(|sum| *sum /= all);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Spans;
    use super::*;
    use crate::apps::replica_allocation::RouteShares;

    /// Two nodes that are neighbours, one function: alpha 1, beta 0.9 and 0.8, gamma 0.1.
    fn problem(is_total: bool) -> FunctionProblem {
        FunctionProblem {
            nodes: vec![crate::infra::NodeId(0), crate::infra::NodeId(1)],
            functions: 1,
            demand_s: vec![0.5; 2],
            arcs: vec![(0, 1), (1, 0)],
            alpha: vec![1.0; 2],
            beta: vec![0.9, 0.8],
            gamma: vec![0.1; 2],
            is_total,
            ..FunctionProblem::default()
        }
    }

    fn ended(stream: u32, pool: u32, way: Way, outcome: Outcome) -> Ended {
        Ended {
            number: 0,
            epoch: 0,
            stream,
            pool: Some(pool),
            created: SimTime::ZERO,
            way,
            outcome,
            spans: Spans::default(),
            is_cold: false,
            sent_bytes: 0.0,
        }
    }

    /// At the first node 2 local, 1 forwarded in time, 1 forwarded too late; at the second 1 local and 1 rejected:
    /// (2 + 2 * 0.9) / 4 + (1 - 0.1) / 2 = 1.4, in time (2 + 0.9 - 0.1) / 4 + 0.45 = 1.15; over all six 4.7 / 6.
    #[test]
    fn the_objective_as_it_was_experienced_by_hand() {
        let rows = [
            ended(0, 0, Way::Local, Outcome::Done),
            ended(0, 0, Way::Local, Outcome::Done),
            ended(0, 1, Way::Forwarded, Outcome::Done),
            ended(0, 1, Way::Forwarded, Outcome::MissedDeadline),
            ended(1, 1, Way::Local, Outcome::Done),
            ended(1, 1, Way::Rejected, Outcome::Rejected),
        ];
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        for is_total in [false, true] {
            let problem = problem(is_total);
            let streams = [4, 2].map(|arrived| StreamAccount { arrived, ..StreamAccount::default() });
            let mut epoch = Epoch {
                streams: streams.to_vec(),
                forwarded_in: vec![0; 2],
                outstanding: 6,
                ..Epoch::default()
            };
            rows.iter().for_each(|row| epoch.add(row, &problem));
            assert_eq!((epoch.outstanding, epoch.forwarded_in.clone()), (0, vec![0, 2]));
            let found = epoch.experienced(&problem);
            assert_eq!((found.arrived, found.answered), (6, 5));
            close(found.objective, if is_total { 4.7 / 6.0 } else { 1.4 });
            close(found.in_time, if is_total { 3.7 / 6.0 } else { 1.15 });
            close(found.most, if is_total { 1.0 } else { 2.0 });
        }
    }

    /// 4 a second at the first node, a quarter of it local, a half forwarded; 1 a second local at the other one, whose 2
    /// replicas then serve 3 a second for half a second each.
    #[test]
    fn plans_are_rates_by_stream() {
        let allocation = ReplicaAllocation {
            replicas: vec![1, 2],
            shares: Some(RouteShares { local: vec![0.25, 1.0], forwarded: vec![0.5, 0.0] }),
            ..ReplicaAllocation::default()
        };
        let plan = Plan::new(&allocation, &[4.0, 1.0], &problem(false));
        let rates = plan.rates.as_ref().unwrap();
        assert_eq!(
            rates[0],
            PlannedRates {
                local_rps: 1.0,
                forwarded_rps: 2.0,
                rejected_rps: 1.0,
                utilisation: Some(0.5)
            }
        );
        assert_eq!(rates[1].utilisation, Some(0.75));
        assert_eq!(plan.shares(), Some([0.4, 0.4, 0.2]));
    }
}
