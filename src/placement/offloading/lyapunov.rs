//! Drift plus penalty: the shortest times that budgets of energy and money allow in the long run.

use super::estimates::candidates;
use super::view::{OffloadingView, TierName, check_tiers, servers};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::{NodeId, Tier};
use crate::placement::{ParameterError, VirtualQueue};
use crate::units::Energy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Price of a core for a second, by tier, in any currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorePrices {
    /// On the edge.
    #[schemars(range(min = 0.0))]
    pub edge: f64,
    /// In the fog.
    #[schemars(range(min = 0.0))]
    pub fog: f64,
    /// In the cloud.
    #[schemars(range(min = 0.0))]
    pub cloud: f64,
}

/// The shortest times that budgets of energy and money allow in the long run. The node with the least
/// V·T + Q·E + Z·C is taken: T is the estimated time to the result in seconds, E the energy of the
/// device in joules, C the price of the cores; Q is what the device, and Z what all devices together
/// have used above their budgets so far (Neely 2010). The budgets are kept on average over a long run;
/// times approach the shortest possible as 1/V, while what is used above the budget for a time grows as
/// V.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DriftPlusPenalty {
    /// V: how much a second weighs, in J²/s and money²/s.
    #[schemars(range(min = 0.0))]
    pub v: f64,
    /// What a task may cost its device on average; no limit if left out.
    pub energy_per_task: Option<Energy>,
    /// What a task may cost in money on average; no limit if left out.
    #[schemars(range(min = 0.0))]
    pub cost_per_task: Option<f64>,
    /// Price of a core for a second, in the same money.
    pub price_per_core_s: CorePrices,
    /// Tiers that are compared.
    #[schemars(length(min = 1))]
    pub tiers: Vec<TierName>,
    /// Whether the device itself is compared, too.
    pub local: bool,
    /// Energy used above the budget, by node.
    #[serde(skip)]
    energy: Vec<VirtualQueue>,
    #[serde(skip)]
    cost: VirtualQueue,
}

impl Default for DriftPlusPenalty {
    fn default() -> Self {
        DriftPlusPenalty {
            v: 1.0,
            energy_per_task: None,
            cost_per_task: None,
            price_per_core_s: CorePrices::default(),
            tiers: servers(),
            local: true,
            energy: Vec::new(),
            cost: VirtualQueue::default(),
        }
    }
}

impl DriftPlusPenalty {
    /// What the task costs on a node, by the time for which its cores are busy.
    fn cost(&self, view: &OffloadingView<'_>, node: NodeId) -> f64 {
        let prices = &self.price_per_core_s;
        let price = match view.infrastructure().node(node).tier {
            Tier::Edge => prices.edge,
            Tier::Fog => prices.fog,
            Tier::Cloud => prices.cloud,
            Tier::Device | Tier::Network => return 0.0,
        };
        let mips = view.mips_per_core(node);
        if mips > 0.0 { price * view.request().job.length_mi / mips } else { 0.0 }
    }
}

impl OffloadingPolicy for DriftPlusPenalty {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let device = view.local();
        if self.energy.len() <= device.index() {
            self.energy.resize(view.infrastructure().nodes().len(), VirtualQueue::default());
        }
        let energy_weight = self.energy_per_task.map_or(0.0, |_| self.energy[device.index()].backlog());
        let cost_weight = self.cost_per_task.map_or(0.0, |_| self.cost.backlog());
        let mut best: Option<(f64, NodeId, f64, f64)> = None;
        for node in candidates(view, &self.tiers, self.local) {
            let Some(time_s) = view.completion_s(node) else { continue };
            let (energy_j, cost) = (view.device_energy_j(node), self.cost(view, node));
            let sum = self.v * time_s + energy_weight * energy_j + cost_weight * cost;
            if best.is_none_or(|(least, ..)| sum < least) {
                best = Some((sum, node, energy_j, cost));
            }
        }
        let Some((_, node, energy_j, cost)) = best else { return OffloadingDecision::Refuse };
        if let Some(budget) = self.energy_per_task {
            self.energy[device.index()].add(energy_j, budget.as_joules());
        }
        if let Some(budget) = self.cost_per_task {
            self.cost.add(cost, budget);
        }
        OffloadingDecision::Run(node)
    }

    fn check(&self) -> Result<(), ParameterError> {
        check_tiers(&self.tiers, self.local)?;
        if self.energy_per_task.is_none() && self.cost_per_task.is_none() {
            return Err(ParameterError::new("there is no budget to be kept").help(
                "give `energy_per_task` or `cost_per_task`, or choose the policy \"min_latency\"",
            ));
        }
        Ok(())
    }
}
