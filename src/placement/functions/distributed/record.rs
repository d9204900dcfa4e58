//! What iterations were like, and what a stop after each would have been worth.

/// One iteration of a distributed method.
#[derive(Clone, Debug, PartialEq)]
pub struct IterationRecord {
    /// Its number, from 0.
    pub iteration: u32,
    /// Step of the prices (psi).
    pub step: f64,
    /// Prices by function (pi) with which nodes have decided. Of an auction, the mean of the sellers' prices.
    pub prices: Vec<f64>,
    /// Sum of the local objectives, which are minimised.
    pub local_objective: f64,
    /// Local objectives less prices, and the least of them so far (LB).
    pub bound: f64,
    /// The least bound so far.
    pub best_bound: f64,
    /// Welfare cost (sw), which is minimised.
    pub welfare: f64,
    /// The least welfare cost so far (SW).
    pub best_welfare: f64,
    /// Objective of this iteration's allocation in the centralised problem, which is maximised.
    pub objective: f64,
    /// What is asked for beyond spare capacity, by function, in requests per second.
    pub deviation_rps: Vec<f64>,
    /// What all nodes have offered, in requests per second.
    pub offered_rps: f64,
    /// What was taken of it.
    pub offloaded_rps: f64,
    /// |welfare - local objective| / |local objective|; 0 if both are.
    pub objective_deviation: f64,
}

/// What a distributed method would have had if it had been stopped after an iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoppedEarly {
    /// The last iteration.
    pub iteration: u32,
    /// Objective of the allocation with the least welfare cost by then.
    pub of_best_welfare: f64,
    /// The largest objective by then.
    pub best_objective: f64,
    /// How far the first is below what all iterations have found by the same rule, relative to that.
    pub of_best_welfare_loss: f64,
    /// The same of the second.
    pub best_objective_loss: f64,
}

/// What stops after each iteration would have been worth: the value of incomplete convergence.
#[must_use]
pub fn stopped_early(records: &[IterationRecord]) -> Vec<StoppedEarly> {
    let mut rows: Vec<StoppedEarly> = Vec::with_capacity(records.len());
    let (mut welfare, mut of_best_welfare) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut best_objective = f64::NEG_INFINITY;
    for record in records {
        if record.welfare < welfare {
            (welfare, of_best_welfare) = (record.welfare, record.objective);
        }
        best_objective = best_objective.max(record.objective);
        rows.push(StoppedEarly {
            iteration: record.iteration,
            of_best_welfare,
            best_objective,
            of_best_welfare_loss: 0.0,
            best_objective_loss: 0.0,
        });
    }
    if let Some(&last) = rows.last() {
        let loss = |end: f64, now: f64| {
            if end == now { 0.0 } else { (end - now) / end.abs().max(1e-10) }
        };
        for row in &mut rows {
            row.of_best_welfare_loss = loss(last.of_best_welfare, row.of_best_welfare);
            row.best_objective_loss = loss(last.best_objective, row.best_objective);
        }
    }
    rows
}
