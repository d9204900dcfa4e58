//! Methods whose agents are nodes of the world.

use super::distributed::{LocalPlan, Offers, PriceProcess};
use super::error::FunctionsError;
use super::instance::Instance;
use super::methods::{Macro, status};
use super::outcome::Status;
use crate::apps::replica_allocation::{IterationRow, NodePlan, RoundResult};
use std::borrow::Cow;
use std::fmt;

/// A distributed method, step by step: nodes decide for themselves by prices, a coordinator matches what they offer, and
/// they use what it has left them. It works out what agents do that know no more than they were told; who knows what is
/// the workload's business.
pub trait AgentMethod: fmt::Debug {
    /// Begins a run for the control period of the instance, and returns the prices by function with which all begin.
    ///
    /// # Errors
    /// If an option is out of range.
    fn begin(&mut self, workload: u16, instance: &Instance) -> Result<Vec<f64>, FunctionsError>;

    /// Whether loads must be whole.
    fn wants_whole_loads(&self) -> bool {
        false
    }

    /// What a node decides for itself with these prices.
    ///
    /// # Errors
    /// If there is no run.
    fn local(
        &self,
        workload: u16,
        instance: &Instance,
        node: usize,
        prices: &[f64],
    ) -> Result<NodePlan, FunctionsError>;

    /// What the coordinator decides by the plans of those nodes that it knows of.
    ///
    /// # Errors
    /// If there is no run, or a solver fails.
    fn coordinate(
        &mut self,
        workload: u16,
        instance: &Instance,
        plans: &[Option<NodePlan>],
    ) -> Result<RoundResult, FunctionsError>;

    /// What a node makes of what it forwards and receives, by function.
    ///
    /// # Errors
    /// If there is no run.
    fn restricted(
        &self,
        workload: u16,
        instance: &Instance,
        node: usize,
        forwarded_rps: &[f64],
        received_rps: &[f64],
    ) -> Result<NodePlan, FunctionsError>;

    /// Ends the run: how it has ended, and what its iterations were like.
    fn finish(&mut self, workload: u16) -> (Cow<'static, str>, Vec<IterationRow>);
}

impl From<LocalPlan> for NodePlan {
    fn from(plan: LocalPlan) -> Self {
        NodePlan { local_rps: plan.local_rps, replicas: plan.replicas }
    }
}

impl Macro {
    fn process(&self, workload: u16) -> Result<&PriceProcess, FunctionsError> {
        self.memory.processes.get(&workload).ok_or_else(no_run)
    }
}

fn no_run() -> FunctionsError {
    FunctionsError::format("the agents of FaaS-MACrO", "they have not begun")
}

impl AgentMethod for Macro {
    fn begin(&mut self, workload: u16, instance: &Instance) -> Result<Vec<f64>, FunctionsError> {
        let process = PriceProcess::new(instance, &self.options_of(workload))?;
        let prices = process.prices().to_vec();
        self.memory.processes.insert(workload, process);
        Ok(prices)
    }

    fn wants_whole_loads(&self) -> bool {
        self.options.flows == super::Flows::Integer
    }

    fn local(
        &self,
        workload: u16,
        instance: &Instance,
        node: usize,
        prices: &[f64],
    ) -> Result<NodePlan, FunctionsError> {
        Ok(self.process(workload)?.local(instance, node, prices).into())
    }

    fn coordinate(
        &mut self,
        workload: u16,
        instance: &Instance,
        plans: &[Option<NodePlan>],
    ) -> Result<RoundResult, FunctionsError> {
        let process = self.memory.processes.get_mut(&workload).ok_or_else(no_run)?;
        let functions = instance.functions();
        let mut local_rps = vec![0.0; instance.streams()];
        let mut replicas = vec![0; instance.streams()];
        for (node, plan) in plans.iter().enumerate() {
            let own = node * functions..(node + 1) * functions;
            if let Some(plan) = plan {
                local_rps[own.clone()].copy_from_slice(&plan.local_rps);
                replicas[own].copy_from_slice(&plan.replicas);
            }
        }
        let mut offers = Offers::of_plans(instance, local_rps, replicas);
        // Who has said nothing offers nothing, and has no room.
        for (node, _) in plans.iter().enumerate().filter(|(_, plan)| plan.is_none()) {
            offers.offered_rps[node * functions..(node + 1) * functions].fill(0.0);
            offers.left_mb[node] = 0;
        }
        let present = |node: usize| plans.get(node).is_some_and(Option::is_some);
        let (matched, is_best) = process.coordinate(instance, &offers, present)?;
        Ok(RoundResult {
            forwarded_rps: matched.forwarded_rps,
            prices: process.prices().to_vec(),
            is_best,
            has_ended: process.ended().is_some(),
        })
    }

    fn restricted(
        &self,
        workload: u16,
        instance: &Instance,
        node: usize,
        forwarded_rps: &[f64],
        received_rps: &[f64],
    ) -> Result<NodePlan, FunctionsError> {
        Ok(self.process(workload)?.restricted(instance, node, forwarded_rps, received_rps).into())
    }

    fn finish(&mut self, workload: u16) -> (Cow<'static, str>, Vec<IterationRow>) {
        let Some(process) = self.memory.processes.remove(&workload) else {
            return ("not begun".into(), Vec::new());
        };
        if self.start_from_last_prices {
            self.memory.prices.insert(workload, process.prices().to_vec());
        }
        let ended = match process.ended() {
            Some(reason) => status(Status::Distributed(reason)),
            None => "stopped by the limit on rounds or time".into(),
        };
        (ended, process.records().iter().map(IterationRow::from).collect())
    }
}
