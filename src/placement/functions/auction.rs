//! FaaS-MADeA: nodes that bid for their neighbours' spare capacity, without a coordinator.

use super::allocation::Allocation;
use super::centralised::{Flows, check_whole_loads};
use super::distributed::{IterationRecord, local_plan, restricted_plan};
use super::error::FunctionsError;
use super::instance::{Instance, REPLICA_TOLERANCE};
use super::outcome::{Outcome, Status, Termination};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rates below this, in requests per second, are nothing.
const NOTHING_RPS: f64 = 1e-9;

/// How nodes bid, what sellers ask, and when it stops.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuctionOptions {
    /// What a bid is at least above the seller's price (epsilon), at least 0.
    pub increment: f64,
    /// How far a seller's price rises above its lowest accepted bid with utilisation (eta), at least 0.
    pub utilisation_weight: f64,
    /// The utilisation at which it does not (u0), 0 to 1.
    pub neutral_utilisation: f64,
    /// The part of its price that an idle seller takes off (zeta), 0 to 1.
    pub idle_discount: f64,
    /// What a buyer's score falls with each share of its load that it has sold before; at least 0.
    pub fairness_weight: f64,
    /// The greatest number of rounds, at least 1.
    pub max_iterations: u32,
    /// Rounds without a better objective after which it stops, at least 1.
    pub patience: u32,
    /// What counts as nothing, in requests per second.
    pub tolerance: f64,
    /// Whether requests are split at will.
    pub flows: Flows,
}

impl Default for AuctionOptions {
    fn default() -> Self {
        AuctionOptions {
            increment: 0.01,
            utilisation_weight: 0.0,
            neutral_utilisation: 0.5,
            idle_discount: 0.1,
            fairness_weight: 0.0,
            max_iterations: 100,
            patience: 10,
            tolerance: 1e-6,
            flows: Flows::Continuous,
        }
    }
}

impl AuctionOptions {
    pub(super) fn check(&self) -> Result<(), FunctionsError> {
        let within = |place: &str, value: f64, most: f64, allowed: &str| {
            if (0.0..=most).contains(&value) {
                Ok(())
            } else {
                Err(FunctionsError::range(place, value, allowed))
            }
        };
        within("increment", self.increment, f64::MAX, "at least 0")?;
        within("utilisation_weight", self.utilisation_weight, f64::MAX, "at least 0")?;
        within("neutral_utilisation", self.neutral_utilisation, 1.0, "from 0 to 1")?;
        within("idle_discount", self.idle_discount, 1.0, "from 0 to 1")?;
        within("fairness_weight", self.fairness_weight, f64::MAX, "at least 0")?;
        within("tolerance", self.tolerance, f64::MAX, "at least 0")?;
        for (place, value) in [("max_iterations", self.max_iterations), ("patience", self.patience)] {
            if value == 0 {
                return Err(FunctionsError::range(place, value, "at least 1"));
            }
        }
        Ok(())
    }
}

/// A wish to send so much over an arc at a price.
#[derive(Clone, Copy, Debug)]
struct Bid {
    arc: usize,
    rate: f64,
    price: f64,
}

/// The state of an auction, by stream where nothing else is said.
struct Auction<'a> {
    instance: &'a Instance,
    options: AuctionOptions,
    local: Vec<f64>,
    replicas: Vec<u32>,
    sent: Vec<f64>,
    received: Vec<f64>,
    /// By arc and function.
    forwarded: Vec<f64>,
    /// What sellers ask.
    prices: Vec<f64>,
}

impl Auction<'_> {
    /// What more a stream's replicas could serve.
    fn spare(&self, s: usize) -> f64 {
        let room = self.instance.capacity_rps(s, self.replicas[s]) - self.local[s] - self.received[s];
        match self.options.flows {
            Flows::Continuous => room.max(0.0),
            Flows::Integer => (room + REPLICA_TOLERANCE).floor().max(0.0),
        }
    }

    fn wanted(&self, s: usize) -> f64 {
        (self.instance.load_rps(s) - self.local[s] - self.sent[s]).max(0.0)
    }

    fn left_mb(&self, node: usize) -> u64 {
        let used = (0..self.instance.functions()).map(|f| {
            u64::from(self.replicas[self.instance.stream(node, f)])
                * self.instance.memory_requirement_mb(f)
        });
        self.instance.memory_capacity_mb(node).saturating_sub(used.sum())
    }

    /// What an arc is worth to its buyer, price and fairness taken off, in order of worth.
    fn scores(&self, node: usize, f: usize) -> Vec<(f64, usize)> {
        let s = self.instance.stream(node, f);
        let sold = self.sent[s] / self.instance.load_rps(s).max(NOTHING_RPS);
        let mut scores: Vec<(f64, usize)> = self
            .instance
            .arcs_of(node)
            .map(|arc| {
                let at = self.instance.stream(self.instance.arc_to(arc), f);
                let beta = self.instance.beta(arc, f);
                (beta - self.prices[at] - self.options.fairness_weight * sold, at, arc)
            })
            // Who sends does not receive.
            .filter(|&(score, at, _)| score > -self.instance.gamma(s) && self.sent[at] <= NOTHING_RPS)
            .map(|(score, _, arc)| (score, arc))
            .collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        scores
    }

    /// The bids of a stream, the best seller first; each is above the seller's price by the increment and by what the seller
    /// is better than the next, or than rejection (Bertsekas, *Annals of Operations Research* 14, 1988).
    fn bids(&self, node: usize, f: usize) -> Vec<Bid> {
        let s = self.instance.stream(node, f);
        let mut rest = self.wanted(s);
        let mut bids = Vec::new();
        if rest <= self.options.tolerance || self.received[s] > NOTHING_RPS {
            return bids;
        }
        let scores = self.scores(node, f);
        for (place, &(score, arc)) in scores.iter().enumerate() {
            let at = self.instance.stream(self.instance.arc_to(arc), f);
            let rate = rest.min(self.spare(at));
            if rate > self.options.tolerance {
                let next = scores.get(place + 1).map_or(-self.instance.gamma(s), |next| next.0);
                let price = self.prices[at] + self.options.increment + (score - next);
                bids.push(Bid { arc, rate, price });
                rest -= rate;
            }
            if rest <= self.options.tolerance {
                break;
            }
        }
        bids
    }

    /// Sellers take the highest bids first; whether anything was sold.
    fn sell(&mut self, f: usize, bids: &[Bid]) -> bool {
        let mut by_seller: Vec<Vec<Bid>> = vec![Vec::new(); self.instance.nodes()];
        for bid in bids {
            by_seller[self.instance.arc_to(bid.arc)].push(*bid);
        }
        let mut has_sold = false;
        for (seller, mut own) in by_seller.into_iter().enumerate() {
            let at = self.instance.stream(seller, f);
            own.sort_by(|a, b| b.price.total_cmp(&a.price));
            let mut lowest = None;
            for bid in own {
                let s = self.instance.stream(self.instance.arc_from(bid.arc), f);
                let rate = bid.rate.min(self.spare(at)).min(self.wanted(s));
                // Sold before in this round, a seller does not buy, and the other way round.
                if rate <= self.options.tolerance
                    || self.sent[at] > NOTHING_RPS
                    || self.received[s] > NOTHING_RPS
                {
                    continue;
                }
                self.send(bid.arc, f, rate);
                lowest = Some(bid.price);
                has_sold = true;
            }
            let capacity = self.instance.capacity_rps(at, self.replicas[at]);
            if let Some(lowest) = lowest {
                let used = (self.local[at] + self.received[at]) / capacity.max(NOTHING_RPS);
                let rise = used - self.options.neutral_utilisation;
                self.prices[at] = (lowest + self.options.utilisation_weight * rise).max(0.0);
            } else {
                self.prices[at] *= 1.0 - self.options.idle_discount;
            }
        }
        has_sold
    }

    fn send(&mut self, arc: usize, f: usize, rate: f64) {
        let from = self.instance.stream(self.instance.arc_from(arc), f);
        let to = self.instance.stream(self.instance.arc_to(arc), f);
        self.forwarded[arc * self.instance.functions() + f] += rate;
        self.sent[from] += rate;
        self.received[to] += rate;
    }

    /// Who found no seller asks the neighbour with the best score that has memory to start replicas, which it then has
    /// for sale; whether any was started.
    fn start_replicas(&mut self) -> bool {
        let mut has_started = false;
        // What has been started in this round for others.
        let mut asked = vec![0.0; self.instance.streams()];
        for node in 0..self.instance.nodes() {
            for f in 0..self.instance.functions() {
                let s = self.instance.stream(node, f);
                let wanted = self.wanted(s);
                if wanted <= self.options.tolerance || self.received[s] > NOTHING_RPS {
                    continue;
                }
                let memory = self.instance.memory_requirement_mb(f);
                let seller = self.scores(node, f).into_iter().find_map(|(_, arc)| {
                    let to = self.instance.arc_to(arc);
                    (self.left_mb(to) >= memory).then_some(to)
                });
                let Some(seller) = seller else { continue };
                let at = self.instance.stream(seller, f);
                let served = self.local[at] + self.received[at] + asked[at] + wanted;
                let more = self.instance.replicas_for(at, served).saturating_sub(self.replicas[at]);
                let fitting = u32::try_from(self.left_mb(seller) / memory).unwrap_or(u32::MAX);
                if more > 0 {
                    self.replicas[at] += more.min(fitting);
                    has_started = true;
                }
                asked[at] += wanted;
            }
        }
        has_started
    }

    /// What comes of what has been sold: nodes use what is left for themselves.
    fn allocation(&self) -> Allocation {
        let functions = self.instance.functions();
        let plans: Vec<_> = (0..self.instance.nodes())
            .into_par_iter()
            .map(|node| {
                let own = node * functions..(node + 1) * functions;
                let (sent, received) = (&self.sent[own.clone()], &self.received[own]);
                restricted_plan(self.instance, node, sent, received, self.options.flows)
            })
            .collect();
        let local = plans.into_iter().flat_map(|plan| plan.local_rps).collect();
        Allocation::of_flows(self.instance, local, self.forwarded.clone())
    }
}

/// Runs FaaS-MADeA, the auction.
///
/// Each node solves its [local problem](local_plan) without prices and bids for capacity that its neighbours have to spare,
/// best score (reward less price) first. A bid is the seller's price plus an increment plus what the seller is better than
/// the next one. Sellers take the highest bids; the price of one that has sold becomes its lowest accepted bid plus
/// eta (utilisation - u0), and that of one that has not falls by the share zeta. Where nobody has sold, neighbours with
/// memory left start replicas. After each round nodes solve the [restricted problem](restricted_plan); the allocation
/// with the largest objective is the result. What is sold stays sold.
///
/// Described in the documents of DFaaSOptimizer; replacing buyers of earlier rounds and weights of latency are left out.
///
/// # Errors
/// If an option is out of range, or loads are not whole where flows are.
pub fn auction(instance: &Instance, options: &AuctionOptions) -> Result<Outcome, FunctionsError> {
    options.check()?;
    check_whole_loads(instance, options.flows)?;
    let functions = instance.functions();
    let no_prices = vec![0.0; functions];
    let plans: Vec<_> = (0..instance.nodes())
        .into_par_iter()
        .map(|node| local_plan(instance, node, &no_prices, None, options.flows))
        .collect();
    let mut state = Auction {
        instance,
        options: *options,
        replicas: plans.iter().flat_map(|plan| plan.replicas.iter().copied()).collect(),
        local: plans.into_iter().flat_map(|plan| plan.local_rps).collect(),
        sent: vec![0.0; instance.streams()],
        received: vec![0.0; instance.streams()],
        forwarded: vec![0.0; instance.arcs() * functions],
        prices: vec![0.0; instance.streams()],
    };
    let local_objective: f64 = (0..instance.streams())
        .map(|s| {
            let omega = instance.load_rps(s) - state.local[s];
            -instance.weight(s) * (instance.alpha(s) * state.local[s] + instance.delta(s) * omega)
        })
        .sum();
    let mut best: Option<(f64, Allocation)> = None;
    let mut records: Vec<IterationRecord> = Vec::new();
    let mut last_better = 0;
    let mut reason = Termination::MaxIterations;
    for iteration in 0..options.max_iterations {
        let offered: f64 = (0..instance.streams()).map(|s| state.wanted(s)).sum();
        let sent_before: f64 = state.sent.iter().sum();
        let prices = mean_prices(&state);
        let mut has_moved = false;
        for f in 0..functions {
            let bids: Vec<Bid> = (0..instance.nodes()).flat_map(|node| state.bids(node, f)).collect();
            has_moved |= state.sell(f, &bids);
        }
        if !has_moved {
            has_moved = state.start_replicas();
        }
        let allocation = state.allocation();
        let objective = allocation.objective(instance);
        if best.as_ref().is_none_or(|(most, _)| objective > *most) {
            best = Some((objective, allocation));
            last_better = iteration;
        }
        records.push(IterationRecord {
            iteration,
            step: options.increment,
            prices,
            local_objective,
            bound: local_objective,
            best_bound: local_objective,
            welfare: -objective,
            best_welfare: -best.as_ref().map_or(objective, |(most, _)| *most),
            objective,
            deviation_rps: (0..functions).map(|f| deviation(&state, f)).collect(),
            offered_rps: offered,
            offloaded_rps: state.sent.iter().sum::<f64>() - sent_before,
            objective_deviation: 0.0,
        });
        if (0..instance.streams()).all(|s| state.wanted(s) <= options.tolerance) {
            reason = Termination::AllOffloaded;
            break;
        }
        if !has_moved {
            reason = Termination::NothingSold;
            break;
        }
        if iteration - last_better >= options.patience {
            reason = Termination::NoImprovement;
            break;
        }
    }
    let (objective, allocation) =
        best.unwrap_or_else(|| (f64::NEG_INFINITY, Allocation::reject_all(instance)));
    Ok(Outcome {
        allocation,
        objective,
        bound: None,
        status: Status::Distributed(reason),
        search_nodes: 0,
        iterations: records,
    })
}

/// The mean of what sellers ask, by function.
fn mean_prices(state: &Auction<'_>) -> Vec<f64> {
    let functions = state.instance.functions();
    let mut means = vec![0.0; functions];
    for (s, price) in state.prices.iter().enumerate() {
        means[s % functions] += price / state.instance.nodes() as f64;
    }
    means
}

/// What is wanted of a function beyond what is spare.
fn deviation(state: &Auction<'_>, f: usize) -> f64 {
    let streams = (0..state.instance.nodes()).map(|node| state.instance.stream(node, f));
    streams.map(|s| state.wanted(s) - state.spare(s)).sum()
}
