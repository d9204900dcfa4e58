//! Consolidation policies that are put together: from the format to the policy.

use crate::engine::SimDuration;
use crate::placement::EnergyWeights;
use crate::placement::consolidation::{
    Composed, ConsolidationPolicy, FollowThePrice, Forecast, OverloadDetection,
};
use crate::scenario::format::{ComposedSpec, FollowThePriceSpec, ForecastSpec};
use crate::scenario::{BuildConsolidation, BuildOverload, Registry, Site};

impl BuildConsolidation for ComposedSpec {
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn ConsolidationPolicy>> {
        let overload = registry.make_overload(&self.overload, &site.key("overload"));
        let selection = registry.make_selection(&self.selection, &site.key("selection"));
        let placement = registry.make_vm_allocation(&self.placement, &site.key("placement"));
        Some(Box::new(Composed {
            overload: overload?,
            selection: selection?,
            placement: placement?,
            empties: self.empties,
            give_up_after: self.give_up_after,
            sleeps: self.sleeps,
        }))
    }
}

impl BuildConsolidation for FollowThePriceSpec {
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn ConsolidationPolicy>> {
        let within = registry.make_consolidation(&self.within, &site.key("within"))?;
        if self.copy_rate.as_bps() == 0.0 {
            site.key("copy_rate").error("at a rate of 0 nothing is ever copied; it must be above 0");
        }
        let mut policy = FollowThePrice::new(within);
        let carbon_g = self.carbon_price_per_kg / 1000.0;
        policy.weights = EnergyWeights { cost: self.price_weight, carbon_g };
        policy.horizon = SimDuration::from_secs(self.horizon.as_secs());
        policy.hysteresis = self.hysteresis;
        policy.copy_bytes_per_s = self.copy_rate.as_bps() / 8.0;
        policy.utilisation = self.utilisation.as_fraction();
        policy.give_up_after = self.give_up_after;
        Some(Box::new(policy))
    }
}

impl BuildOverload for ForecastSpec {
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn OverloadDetection>> {
        let predictor = registry.make_predictor(&self.predictor, &site.key("predictor"))?;
        let (horizon, utilisation) = (usize::from(self.horizon), self.utilisation.as_fraction());
        Some(Box::new(Forecast { predictor, horizon, utilisation }))
    }
}
