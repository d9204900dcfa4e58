//! Consolidation policies that are put together: from the format to the policy.

use crate::placement::consolidation::{Composed, ConsolidationPolicy, Forecast, OverloadDetection};
use crate::scenario::format::{ComposedSpec, ForecastSpec};
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

impl BuildOverload for ForecastSpec {
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn OverloadDetection>> {
        let predictor = registry.make_predictor(&self.predictor, &site.key("predictor"))?;
        let (horizon, utilisation) = (usize::from(self.horizon), self.utilisation.as_fraction());
        Some(Box::new(Forecast { predictor, horizon, utilisation }))
    }
}
