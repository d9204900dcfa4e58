//! The iterations of FaaS-MACrO: local problems, coordination, prices, bounds and stops.

use super::super::allocation::Allocation;
use super::super::centralised::{check_whole_loads, solve_centralised};
use super::super::error::FunctionsError;
use super::super::instance::Instance;
use super::super::outcome::{Outcome, Status, Termination};
use super::coordinator::{Coordination, Offers, coordinate, coordinate_optimally};
use super::local::{LocalPlan, local_plan, restricted_plan};
use super::options::{Coordinator, DistributedOptions, FixedReplicas, Report};
use super::record::IterationRecord;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The welfare has crossed the bound by more than this.
const CROSSED: f64 = 1e-6;
/// A step of the prices below this moves nothing.
const LEAST_STEP: f64 = 1e-12;

/// An allocation that is the best so far by some measure.
#[derive(Clone, Debug)]
struct Incumbent {
    measure: f64,
    allocation: Allocation,
    objective: f64,
}

/// What the coordinator of FaaS-MACrO knows from iteration to iteration: prices, bounds, and the best so far. Nodes
/// [decide](Self::local) with the prices, the coordinator [goes on](Self::coordinate) with what they offer, and they solve the
/// [restricted problem](restricted_plan) with what it has decided. Welfare is the sum of their objectives. If nothing ends the
/// run, the prices follow the deviation (asked for beyond spare capacity) of each function:
///
/// ```text
/// pi[f] <- max( 0, pi[f] + psi (SW - LB) dev[f] / sum over k of dev[k]^2 )
/// ```
///
/// with SW the least welfare cost and LB the least of (local objectives - sum of prices) so far. The step psi is halved
/// when SW has not fallen for as many iterations as the patience. Source: DFaaSOptimizer, Journal of Systems Architecture
/// 2026, 103787.
#[derive(Clone, Debug)]
pub struct PriceProcess {
    options: DistributedOptions,
    fixed: Option<Vec<u32>>,
    prices: Vec<f64>,
    step: f64,
    best_welfare: f64,
    best_bound: f64,
    by_welfare: Option<Incumbent>,
    by_objective: Option<Incumbent>,
    iteration: u32,
    welfares: VecDeque<f64>,
    improvements: VecDeque<f64>,
    deviations: VecDeque<f64>,
    falls: VecDeque<bool>,
    records: Vec<IterationRecord>,
    ended: Option<Termination>,
    /// The clock is read only where time is limited.
    deadline: Option<Instant>,
}

/// A run of FaaS-MACrO that is taken iteration by iteration; see [`PriceProcess`].
///
/// Local problems are solved in parallel, each by one thread, and joined in the order of the nodes: the result does not
/// depend on the number of threads.
#[derive(Clone, Debug)]
pub struct Distributed<'a> {
    instance: &'a Instance,
    process: PriceProcess,
}

/// Keeps the last of them.
fn keep<T>(queue: &mut VecDeque<T>, value: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(value);
}

/// When the time is over; never, if that is beyond all clocks.
fn deadline(limit_s: f64) -> Option<Instant> {
    Instant::now().checked_add(Duration::try_from_secs_f64(limit_s).ok()?)
}

/// What is one value a function of each node, of plans.
fn joined(plans: Vec<LocalPlan>) -> (Vec<f64>, Vec<u32>) {
    let replicas = plans.iter().flat_map(|plan| plan.replicas.iter().copied()).collect();
    (plans.into_iter().flat_map(|plan| plan.local_rps).collect(), replicas)
}

/// What is asked for beyond spare capacity, by function.
fn deviation(instance: &Instance, offers: &Offers, matched: &Coordination) -> Vec<f64> {
    let functions = instance.functions();
    let mut deviation = vec![0.0; functions];
    for s in 0..instance.streams() {
        let replicas = offers.replicas[s].saturating_add(matched.extra_replicas[s]);
        let spare = instance.capacity_rps(s, replicas) - offers.local_rps[s];
        deviation[s % functions] += offers.offered_rps[s] - spare;
    }
    deviation
}

impl<'a> Distributed<'a> {
    /// A run that has not begun.
    ///
    /// # Errors
    /// If an option is out of range, loads are not whole where flows are, or the replicas that are to be fixed cannot be
    /// found.
    pub fn new(instance: &'a Instance, options: &DistributedOptions) -> Result<Self, FunctionsError> {
        Ok(Distributed { instance, process: PriceProcess::new(instance, options)? })
    }

    /// The prices by function for the next iteration, also those to begin the next control period with.
    #[must_use]
    pub fn prices(&self) -> &[f64] {
        self.process.prices()
    }

    /// What iterations so far were like.
    #[must_use]
    pub fn records(&self) -> &[IterationRecord] {
        self.process.records()
    }

    /// Why the run has ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Termination> {
        self.process.ended()
    }

    /// Takes an iteration; why the run has ended with it, if it has. Does nothing after the end.
    ///
    /// # Errors
    /// If the solver of the coordinator fails.
    pub fn iterate(&mut self) -> Result<Option<Termination>, FunctionsError> {
        if self.ended().is_none() {
            let offers = self.offers();
            self.process.coordinate(self.instance, &offers, |_| true)?;
        }
        Ok(self.ended())
    }

    /// What all nodes offer.
    fn offers(&self) -> Offers {
        let plan = |node: usize| self.process.local(self.instance, node, &self.process.prices);
        let plans: Vec<LocalPlan> = (0..self.instance.nodes()).into_par_iter().map(plan).collect();
        let (local, replicas) = joined(plans);
        Offers::of_plans(self.instance, local, replicas)
    }

    /// The result so far; all is rejected before the first iteration.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.process.outcome(self.instance)
    }
}

impl PriceProcess {
    /// A run that has not begun.
    ///
    /// # Errors
    /// If an option is out of range, loads are not whole where flows are, or the replicas that are to be fixed cannot be
    /// found.
    pub fn new(instance: &Instance, options: &DistributedOptions) -> Result<Self, FunctionsError> {
        options.check(instance.functions())?;
        check_whole_loads(instance, options.flows)?;
        let fixed = match &options.fixed_replicas {
            FixedReplicas::None => None,
            FixedReplicas::Centralised(centralised) => {
                let local = solve_centralised(instance, centralised)?.allocation.local_rps;
                Some(local.iter().enumerate().map(|(s, &rate)| instance.replicas_for(s, rate)).collect())
            }
        };
        Ok(PriceProcess {
            fixed,
            prices: options.first_prices.clone().unwrap_or_else(|| vec![0.0; instance.functions()]),
            step: options.first_step,
            best_welfare: f64::INFINITY,
            best_bound: f64::INFINITY,
            by_welfare: None,
            by_objective: None,
            iteration: 0,
            welfares: VecDeque::new(),
            improvements: VecDeque::new(),
            deviations: VecDeque::new(),
            falls: VecDeque::new(),
            records: Vec::new(),
            ended: None,
            deadline: options.time_limit_s.and_then(deadline),
            options: options.clone(),
        })
    }

    /// The prices by function for the next iteration, also those to begin the next control period with.
    #[must_use]
    pub fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// What iterations so far were like.
    #[must_use]
    pub fn records(&self) -> &[IterationRecord] {
        &self.records
    }

    /// Why the run has ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Termination> {
        self.ended
    }

    /// What a node decides for itself with these prices.
    #[must_use]
    pub fn local(&self, instance: &Instance, node: usize, prices: &[f64]) -> LocalPlan {
        let functions = instance.functions();
        let fixed = self.fixed.as_ref().map(|all| &all[node * functions..][..functions]);
        local_plan(instance, node, prices, fixed, self.options.flows)
    }

    /// What a node makes of what it forwards and receives, by function.
    #[must_use]
    pub fn restricted(
        &self,
        instance: &Instance,
        node: usize,
        forwarded_rps: &[f64],
        received_rps: &[f64],
    ) -> LocalPlan {
        restricted_plan(instance, node, forwarded_rps, received_rps, self.options.flows)
    }

    /// Takes an iteration with what nodes offer, of which only those that are `present` do what they are told to. Returns what the
    /// coordinator has decided, and whether that has the least welfare cost so far.
    ///
    /// # Errors
    /// If the solver of the coordinator fails.
    pub fn coordinate(
        &mut self,
        instance: &Instance,
        offers: &Offers,
        present: impl Fn(usize) -> bool + Sync,
    ) -> Result<(Coordination, bool), FunctionsError> {
        let local_objective = self.local_objective(instance, offers);
        let matched = self.matched(instance, offers)?;
        let deviation = deviation(instance, offers, &matched);
        let bound = local_objective - self.prices.iter().sum::<f64>();
        self.best_bound = self.best_bound.min(bound);
        let (allocation, sent) = self.realised(instance, &matched, present);
        let welfare = self.welfare(instance, &allocation, &sent, offers);
        let objective = allocation.objective(instance);
        let objective_deviation = if welfare == local_objective {
            0.0
        } else {
            (welfare - local_objective).abs() / local_objective.abs()
        };
        let has_fallen = welfare < self.best_welfare;
        self.best_welfare = self.best_welfare.min(welfare);
        let better = |best: &Option<Incumbent>, measure: f64| {
            best.as_ref().is_none_or(|best| measure > best.measure)
        };
        let is_best = better(&self.by_welfare, -welfare);
        if is_best {
            let own = Incumbent { measure: -welfare, allocation: allocation.clone(), objective };
            self.by_welfare = Some(own);
        }
        if better(&self.by_objective, objective) {
            self.by_objective = Some(Incumbent { measure: objective, allocation, objective });
        }
        self.records.push(IterationRecord {
            iteration: self.iteration,
            step: self.step,
            prices: self.prices.clone(),
            local_objective,
            bound,
            best_bound: self.best_bound,
            welfare,
            best_welfare: self.best_welfare,
            objective,
            deviation_rps: deviation.clone(),
            offered_rps: offers.offered_rps.iter().sum(),
            offloaded_rps: sent.iter().sum(),
            objective_deviation,
        });
        let patience = self.options.patience as usize;
        keep(&mut self.deviations, objective_deviation, patience);
        if has_fallen {
            let most = self.options.welfare_patience.unwrap_or(self.options.patience) as usize;
            keep(&mut self.improvements, welfare, most);
        }
        self.ended = self.stop_or_update(offers, &sent, &deviation);
        self.iteration += 1;
        Ok((matched, is_best))
    }

    fn local_objective(&self, instance: &Instance, offers: &Offers) -> f64 {
        (0..instance.streams())
            .map(|s| {
                let (x, omega) = (offers.local_rps[s], offers.offered_rps[s]);
                let price = self.prices[s % instance.functions()];
                instance.weight(s) * (-instance.alpha(s) * x - instance.delta(s) * omega + price * omega)
            })
            .sum()
    }

    fn matched(&self, instance: &Instance, offers: &Offers) -> Result<Coordination, FunctionsError> {
        let flows = self.options.flows;
        match self.options.coordinator {
            Coordinator::Greedy { rule, order } => Ok(coordinate(instance, offers, rule, order, flows)),
            Coordinator::Optimal { relative_gap, node_limit } => {
                coordinate_optimally(instance, offers, relative_gap, node_limit, flows)
            }
        }
    }

    /// What comes of a matching, and what each stream sends.
    fn realised(
        &self,
        instance: &Instance,
        matched: &Coordination,
        present: impl Fn(usize) -> bool + Sync,
    ) -> (Allocation, Vec<f64>) {
        let functions = instance.functions();
        let mut allocation = Allocation {
            local_rps: Vec::new(),
            forwarded_rps: matched.forwarded_rps.clone(),
            rejected_rps: Vec::new(),
            replicas: Vec::new(),
        };
        let sent = allocation.sent_rps(instance);
        let received = allocation.received_rps(instance);
        let plan = |node: usize| {
            if !present(node) {
                return LocalPlan { local_rps: vec![0.0; functions], replicas: vec![0; functions] };
            }
            let own = node * functions..(node + 1) * functions;
            let (sent, received) = (&sent[own.clone()], &received[own]);
            self.restricted(instance, node, sent, received)
        };
        let plans: Vec<LocalPlan> = (0..instance.nodes()).into_par_iter().map(plan).collect();
        (allocation.local_rps, allocation.replicas) = joined(plans);
        let rejected = |s: usize| instance.load_rps(s) - allocation.local_rps[s] - sent[s];
        allocation.rejected_rps = (0..instance.streams()).map(|s| rejected(s).max(0.0)).collect();
        (allocation, sent)
    }

    fn welfare(
        &self,
        instance: &Instance,
        allocation: &Allocation,
        sent: &[f64],
        offers: &Offers,
    ) -> f64 {
        let own = (0..instance.streams()).map(|s| {
            instance.weight(s)
                * (-instance.alpha(s) * allocation.local_rps[s] - instance.delta(s) * sent[s])
        });
        let welfare: f64 = own.sum();
        if !self.options.rejection_in_welfare {
            return welfare;
        }
        let lost = (0..instance.streams())
            .map(|s| instance.gamma(s) * (offers.offered_rps[s] - sent[s]).max(0.0));
        welfare + lost.sum::<f64>()
    }

    /// Why it ends here; else the prices of the next iteration are set.
    fn stop_or_update(
        &mut self,
        offers: &Offers,
        sent: &[f64],
        deviation: &[f64],
    ) -> Option<Termination> {
        let tolerance = self.options.tolerance;
        let patience = self.options.patience as usize;
        if deviation.iter().all(|&own| own < 0.0) {
            return Some(Termination::SpareCapacity);
        }
        if self.best_welfare < self.best_bound - CROSSED {
            return Some(Termination::BoundsCrossed);
        }
        let squares: f64 = deviation.iter().map(|own| own * own).sum();
        let mut has_fallen = false;
        if squares > 0.0 {
            let step = self.step * (self.best_welfare - self.best_bound) / squares;
            for (price, own) in self.prices.iter_mut().zip(deviation) {
                let next = (*price + step * own).max(0.0);
                has_fallen |= next < *price;
                *price = next;
            }
        }
        has_fallen |= deviation.iter().any(|&own| own < 0.0);
        keep(&mut self.falls, has_fallen, patience);
        if self.iteration + 1 >= self.options.max_iterations {
            return Some(Termination::MaxIterations);
        }
        if offers.offered_rps.iter().zip(sent).all(|(offered, sent)| (offered - sent).abs() <= tolerance)
        {
            return Some(Termination::AllOffloaded);
        }
        if self.step < LEAST_STEP {
            return Some(Termination::StepVanished);
        }
        if deviation.iter().all(|&own| own < tolerance) {
            return Some(Termination::DeviationSmall);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Some(Termination::TimeLimit);
        }
        if self.deviations.len() == patience && self.deviations.iter().all(|&own| own < tolerance) {
            return Some(Termination::ObjectivesAgree);
        }
        let most = self.options.welfare_patience.unwrap_or(self.options.patience) as usize;
        if self.improvements.len() == most {
            // Improvements fall, so that the first and the last are the farthest apart.
            let ends = (self.improvements.front(), self.improvements.back());
            if let (Some(first), Some(last)) = ends
                && most > 1
                && first - last < tolerance
            {
                return Some(Termination::WelfareStalled);
            }
        }
        if self.falls.len() == patience && !self.falls.contains(&true) {
            return Some(Termination::PricesRise);
        }
        keep(&mut self.welfares, self.best_welfare, patience);
        let has_improved = self.welfares.iter().zip(self.welfares.iter().skip(1)).any(|(a, b)| b < a);
        if self.welfares.len() == patience && !has_improved {
            self.step /= 2.0;
            self.welfares.clear();
        }
        None
    }

    /// The result so far; all is rejected before the first iteration.
    #[must_use]
    pub fn outcome(&self, instance: &Instance) -> Outcome {
        let best = match self.options.report {
            Report::BestObjective => &self.by_objective,
            Report::BestWelfare => &self.by_welfare,
        };
        let mut outcome = match best {
            Some(best) => Outcome {
                allocation: best.allocation.clone(),
                objective: best.objective,
                bound: None,
                status: Status::Heuristic,
                search_nodes: 0,
                iterations: Vec::new(),
            },
            None => Outcome::heuristic(instance, Allocation::reject_all(instance)),
        };
        if let Some(reason) = self.ended {
            outcome.status = Status::Distributed(reason);
        }
        outcome.iterations.clone_from(&self.records);
        outcome
    }
}

/// Runs FaaS-MACrO to its end; see [`Distributed`].
///
/// # Errors
/// If an option is out of range, loads are not whole where flows are, or a solver fails.
pub fn distribute(instance: &Instance, options: &DistributedOptions) -> Result<Outcome, FunctionsError> {
    let mut run = Distributed::new(instance, options)?;
    while run.iterate()?.is_none() {}
    Ok(run.outcome())
}
