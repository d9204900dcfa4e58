//! All methods under one name each.

use super::auction::{AuctionOptions, auction};
use super::baselines::{StaticReplicas, greedy_by_memory, no_offloading, static_replicas};
use super::centralised::{CentralisedOptions, CentralisedSolver, solve_centralised};
use super::distributed::{Coordinator, DistributedOptions, FixedReplicas, SortingRule, distribute};
use super::error::FunctionsError;
use super::instance::Instance;
use super::outcome::Outcome;
use serde::{Deserialize, Serialize};

/// A method that allocates replicas and shares of load for a control period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Method {
    /// The centralised optimum ([`solve_centralised`]).
    Centralised(CentralisedOptions),
    /// FaaS-MACrO ([`distribute`]).
    Distributed(DistributedOptions),
    /// FaaS-MADeA ([`auction`]).
    Auction(AuctionOptions),
    /// No forwarding ([`no_offloading`]).
    NoOffloading,
    /// Greed by memory ([`greedy_by_memory`]).
    GreedyByMemory,
    /// Static replicas ([`static_replicas`]).
    StaticReplicas {
        /// How many.
        #[serde(default)]
        replicas: StaticReplicas,
    },
}

/// The names of [`Method::named`].
pub const METHOD_NAMES: [&str; 15] = [
    "lmm",
    "lmm-exact",
    "lmm-dive",
    "lmm-rounding",
    "macro",
    "macro-product",
    "macro-beta",
    "macro-omega",
    "macro-milp",
    "macro-upstream",
    "macro-fix-r",
    "madea",
    "no-offloading",
    "greedy-by-memory",
    "static-replicas",
];

impl Method {
    /// The method of this name, with its usual options.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(name: &str) -> Result<Method, FunctionsError> {
        let centralised =
            |solver| Method::Centralised(CentralisedOptions { solver, ..CentralisedOptions::default() });
        let greedy = |rule| {
            let coordinator = Coordinator::Greedy { rule, order: super::GreedyOrder::Global };
            Method::Distributed(DistributedOptions { coordinator, ..DistributedOptions::default() })
        };
        Ok(match name {
            "lmm" => centralised(CentralisedSolver::Auto),
            "lmm-exact" => Method::Centralised(CentralisedOptions::optimum()),
            "lmm-dive" => centralised(CentralisedSolver::Dive),
            "lmm-rounding" => centralised(CentralisedSolver::Rounding),
            "macro" => Method::Distributed(DistributedOptions::default()),
            "macro-product" => greedy(SortingRule::Product),
            "macro-beta" => greedy(SortingRule::Beta),
            "macro-omega" => greedy(SortingRule::Omega),
            "macro-milp" => Method::Distributed(DistributedOptions {
                coordinator: Coordinator::optimal(),
                ..DistributedOptions::default()
            }),
            "macro-upstream" => Method::Distributed(DistributedOptions::upstream(SortingRule::Product)),
            "macro-fix-r" => Method::Distributed(DistributedOptions {
                fixed_replicas: FixedReplicas::Centralised(CentralisedOptions::default()),
                ..DistributedOptions::default()
            }),
            "madea" => Method::Auction(AuctionOptions::default()),
            "no-offloading" => Method::NoOffloading,
            "greedy-by-memory" => Method::GreedyByMemory,
            "static-replicas" => Method::StaticReplicas { replicas: StaticReplicas::default() },
            _ => return Err(FunctionsError::unknown("method", "method", name, &METHOD_NAMES)),
        })
    }

    /// Allocates for the control period of the instance.
    ///
    /// ```
    /// use stratosim::placement::functions::{Method, Status, Termination};
    /// # let text = r#"{"Nn": 1, "Nf": 1, "memory_capacity": [100], "memory_requirement": [100],
    /// #   "max_utilization": [0.8], "demand": [[0.5]], "edges": [], "alpha": [[1]], "beta": [[[0]]], "gamma": [[0.1]],
    /// #   "delta": [[0.9]], "steps": [{"t": 0, "load": [[2]]}]}"#;
    /// # let series = stratosim::placement::functions::InstanceSeries::from_json(text, "")?;
    /// let mut instance = series.instance;
    /// let method = Method::named("macro")?;
    /// for loads_rps in [[2.0], [1.0]] {
    ///     instance.set_loads(&loads_rps)?;
    ///     let outcome = method.allocate(&instance)?;
    ///     assert_eq!(outcome.allocation.replicas, [1]);
    /// }
    /// # Ok::<(), stratosim::placement::functions::FunctionsError>(())
    /// ```
    ///
    /// # Errors
    /// If an option is out of range, loads are not whole where flows are, or a solver fails.
    pub fn allocate(&self, instance: &Instance) -> Result<Outcome, FunctionsError> {
        match self {
            Method::Centralised(options) => solve_centralised(instance, options),
            Method::Distributed(options) => distribute(instance, options),
            Method::Auction(options) => auction(instance, options),
            Method::NoOffloading => Ok(no_offloading(instance)),
            Method::GreedyByMemory => Ok(greedy_by_memory(instance)),
            Method::StaticReplicas { replicas } => static_replicas(instance, replicas),
        }
    }
}
