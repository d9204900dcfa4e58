//! Where a request goes: by the shares of the allocation, or by a rule.

use super::function::{Routing, Split};
use super::workload::FunctionWorkload;
use crate::apps::Context;
use crate::apps::replica_allocation::{FunctionProblem, RouteShares};
use crate::engine::EntityStream;
use rand::{RngExt, SeedableRng};

/// What tells the draws of the way of a request from others of its seed.
const ROUTE: u64 = 0x5afe_0b1d_90c3_77e1;

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// It stays where it entered.
    Local,
    /// To this node, by its number.
    Forward(u32),
    /// Nowhere, or up to the cloud.
    Reject,
}

/// Shares that are in force, and who is next.
#[derive(Debug)]
pub(super) struct Router {
    /// For each node the first of its arcs; then their number.
    first_arc: Vec<u32>,
    shares: Option<RouteShares>,
    is_smooth: bool,
    /// For each stream where its credits begin: one for itself, then one for each arc of its node, then one for being
    /// rejected.
    first_credit: Vec<u32>,
    credits: Vec<f64>,
}

impl Router {
    pub(super) fn new(problem: &FunctionProblem, split: Split) -> Self {
        let nodes = problem.nodes.len() as u32;
        let arcs = &problem.arcs;
        let first_arc: Vec<u32> =
            (0..=nodes).map(|node| arcs.partition_point(|&(from, _)| from < node) as u32).collect();
        let is_smooth = split == Split::Smooth;
        let mut first_credit = vec![0];
        if is_smooth {
            for node in 0..nodes as usize {
                for _ in 0..problem.functions {
                    let next = first_credit.last().copied().unwrap_or(0);
                    first_credit.push(next + 2 + first_arc[node + 1] - first_arc[node]);
                }
            }
        }
        let credits = vec![0.0; first_credit.last().copied().unwrap_or(0) as usize];
        Router { first_arc, shares: None, is_smooth, first_credit, credits }
    }

    /// The shares that hold, if any do.
    pub(super) fn shares(&self) -> Option<&RouteShares> {
        self.shares.as_ref()
    }

    /// These shares hold from now on; none: the rule does.
    pub(super) fn set(&mut self, shares: Option<RouteShares>) {
        // What is owed to one way or another carries over to new shares.
        if shares.is_none() {
            self.credits.fill(0.0);
        }
        self.shares = shares;
    }

    /// The arcs of a node.
    fn arcs_of(&self, node: u32) -> std::ops::Range<usize> {
        self.first_arc[node as usize] as usize..self.first_arc[node as usize + 1] as usize
    }

    /// The way of a request by the shares; `None` if there are none.
    fn by_shares(
        &mut self,
        problem: &FunctionProblem,
        stream: u32,
        random: &mut EntityStream,
    ) -> Option<Route> {
        let shares = self.shares.as_ref()?;
        let functions = problem.functions as u32;
        let (node, function) = (stream / functions, stream % functions);
        let local = shares.local[stream as usize];
        let arcs = self.arcs_of(node);
        let share_of = |arc: usize| shares.forwarded[arc * problem.functions + function as usize];
        if !self.is_smooth {
            let mut drawn = random.random::<f64>();
            if drawn < local {
                return Some(Route::Local);
            }
            drawn -= local;
            for arc in arcs {
                let share = share_of(arc);
                if drawn < share {
                    return Some(Route::Forward(problem.arcs[arc].1));
                }
                drawn -= share;
            }
            // What rounding leaves of shares that are all is not rejected.
            return Some(if drawn < 1e-9 { Route::Local } else { Route::Reject });
        }
        // Smooth weighted round robin: all gain their part, and who has most goes and pays for it. Who has no part now may
        // be owed something of before, but does not go.
        let first = self.first_credit[stream as usize] as usize;
        let credits = &mut self.credits[first..self.first_credit[stream as usize + 1] as usize];
        let last = credits.len() - 1;
        let forwarded: f64 = arcs.clone().map(share_of).sum();
        let left = 1.0 - local - forwarded;
        let part = |place: usize| match place {
            0 => local,
            place if place < last => share_of(arcs.start + place - 1),
            _ if left < 1e-9 => 0.0,
            _ => left,
        };
        let (mut most, mut greatest) = (0, f64::NEG_INFINITY);
        for (place, credit) in credits.iter_mut().enumerate() {
            let own = part(place);
            *credit += own;
            if own > 0.0 && *credit > greatest + 1e-9 {
                (most, greatest) = (place, *credit);
            }
        }
        credits[most] -= 1.0;
        Some(match most {
            0 => Route::Local,
            place if place == last => Route::Reject,
            place => Route::Forward(problem.arcs[arcs.start + place - 1].1),
        })
    }
}

impl FunctionWorkload {
    /// The way of a request that enters.
    pub(super) fn route(&mut self, stream: u32, seed: u64, context: &mut dyn Context) -> Route {
        let mut random = EntityStream::seed_from_u64(seed ^ ROUTE);
        if let Some(route) = self.router.by_shares(&self.problem, stream, &mut random) {
            return route;
        }
        let functions = self.problem.functions as u32;
        let (own, function) = (stream / functions, stream % functions);
        let arcs = match self.options.routing {
            Routing::Local => return Route::Local,
            _ => self.router.arcs_of(own),
        };
        let neighbours = self.problem.arcs[arcs].iter().map(|&(_, to)| to);
        let best = match self.options.routing {
            Routing::Local => own,
            Routing::LeastLoaded => self.least_loaded(std::iter::once(own).chain(neighbours), function),
            Routing::PowerOfD { choices } => {
                let mut nodes: Vec<u32> = std::iter::once(own).chain(neighbours).collect();
                let drawn = (choices as usize).clamp(1, nodes.len());
                for place in 0..drawn {
                    let other = random.random_range(place..nodes.len());
                    nodes.swap(place, other);
                }
                let drawn = &mut nodes[..drawn];
                // Their own first, then in order of their numbers, among equals.
                drawn.sort_unstable_by_key(|&node| (node != own, node));
                self.least_loaded(drawn.iter().copied(), function)
            }
            Routing::Nearest => {
                let is_idle = |node: u32| self.pools[(node * functions + function) as usize].has_idle();
                let from = self.sites[own as usize];
                let mut best = own;
                let mut least_s = f64::INFINITY;
                for node in std::iter::once(own).chain(neighbours).filter(|&node| is_idle(node)) {
                    let to = self.sites[node as usize];
                    let latency_s = if node == own {
                        Some(0.0)
                    } else {
                        context.infrastructure().latency_s(from, to)
                    };
                    if let Some(latency_s) = latency_s.filter(|&latency_s| latency_s < least_s) {
                        (best, least_s) = (node, latency_s);
                    }
                }
                best
            }
        };
        if best == own { Route::Local } else { Route::Forward(best) }
    }

    /// The first of these nodes with the fewest requests of a function for each that its replicas can serve at once. There
    /// is at least one.
    fn least_loaded(&self, mut nodes: impl Iterator<Item = u32>, function: u32) -> u32 {
        let functions = self.problem.functions as u32;
        let concurrency = self.functions[function as usize].concurrency;
        let part = |node: u32| {
            let load = self.load(node * functions + function);
            let places = f64::from(load.ready) * f64::from(concurrency);
            if places > 0.0 { f64::from(load.queued + load.in_flight) / places } else { f64::INFINITY }
        };
        let Some(mut best) = nodes.next() else { return 0 };
        let mut least = part(best);
        for node in nodes {
            let own = part(node);
            if own < least {
                (best, least) = (node, own);
            }
        }
        best
    }
}
