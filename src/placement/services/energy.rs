//! Placement by the power that nodes draw, and the carbon that it means.

use super::greedy::{Effort, construct, singles};
use super::near::{Near, added_power_w};
use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// As `greedy_latency`, but each replica goes to the node, among those that are near enough, whose
/// power rises least if it keeps all of its cores busy; the least latencies decide among equals.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnergyAware {
    /// How often it begins anew with another start and order when a replica finds no node.
    #[schemars(range(max = 10_000))]
    pub restarts: u32,
    /// On how many nodes a replica is tried, the cheapest first.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub tries: u32,
    /// Another node than the one before must save more than this, in watts.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

impl Default for EnergyAware {
    fn default() -> Self {
        let Effort { restarts, tries, stickiness } = Effort::DEFAULT;
        EnergyAware { restarts, tries, stickiness, near: Near::default() }
    }
}

impl EnergyAware {
    fn effort(&self) -> Effort {
        Effort { restarts: self.restarts, tries: self.tries, stickiness: self.stickiness }
    }
}

impl ServicePlacementPolicy for EnergyAware {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        self.near.prepare(view);
        let effort = self.effort();
        let units = singles(view);
        let placed = construct(view, &mut self.near, &units, effort, &|view, unit, node, _| {
            added_power_w(view, unit, node)
        });
        match placed {
            Ok(()) => view.decided(),
            Err(stuck) => ServicePlacementDecision::Reject(stuck.fault),
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.effort().check()
    }
}

/// As `energy_aware`, but by the grams of CO2 an hour that the rise of power means at the site of the node, as its
/// electricity is now and with what the site uses beside (power usage effectiveness). Nodes of which that is not known
/// count as the dirtiest; if it is known of none, watts decide.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CarbonAware {
    /// How often it begins anew with another start and order when a replica finds no node.
    #[schemars(range(max = 10_000))]
    pub restarts: u32,
    /// On how many nodes a replica is tried, the cleanest first.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub tries: u32,
    /// Another node than the one before must save more than this, in grams of CO2 an hour; in watts if no electricity's
    /// carbon is known.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

impl Default for CarbonAware {
    fn default() -> Self {
        let Effort { restarts, tries, stickiness } = Effort::DEFAULT;
        CarbonAware { restarts, tries, stickiness, near: Near::default() }
    }
}

impl CarbonAware {
    fn effort(&self) -> Effort {
        Effort { restarts: self.restarts, tries: self.tries, stickiness: self.stickiness }
    }
}

impl ServicePlacementPolicy for CarbonAware {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        self.near.prepare(view);
        let effort = self.effort();
        let known = view.candidates().iter().filter_map(|&node| view.carbon_g_per_kwh(node));
        let dirtiest_g = known.reduce(f64::max);
        let grams_per_wh = |view: &PlacementView<'_>, node: NodeId| {
            let own = view.infrastructure();
            let site = own.site_of(node).map(|site| own.site(site).spec());
            let usage = site.map_or(1.0, |site| site.pue.value(view.now().as_secs()));
            let grams = dirtiest_g.map(|dirtiest_g| view.carbon_g_per_kwh(node).unwrap_or(dirtiest_g));
            usage * grams.map_or(1.0, |grams| grams / 1e3)
        };
        let units = singles(view);
        let placed = construct(view, &mut self.near, &units, effort, &|view, unit, node, _| {
            added_power_w(view, unit, node) * grams_per_wh(view, node)
        });
        match placed {
            Ok(()) => view.decided(),
            Err(stuck) => ServicePlacementDecision::Reject(stuck.fault),
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.effort().check()
    }
}
