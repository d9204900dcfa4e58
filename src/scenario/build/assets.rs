//! Assets of the user's own: from the format to the infrastructure.

use crate::infra::InfraBuilder;
use crate::infra::assets::{Algebra, AssetSpec, Label, Offered};
use crate::scenario::format::{AlgebraName, AssetAmount, NodeClassSpec, Scenario};

/// Declares the scenario's assets, in the order of their names.
pub(super) fn declare(infrastructure: &mut InfraBuilder, scenario: &Scenario) {
    for (name, own) in &scenario.assets {
        let algebra = match own.algebra {
            AlgebraName::Additive => Algebra::Additive,
            AlgebraName::Multiplicative => Algebra::Multiplicative,
            AlgebraName::Concave => Algebra::Concave,
            AlgebraName::Convex => Algebra::Convex,
            AlgebraName::Symbolic => Algebra::Symbolic,
        };
        let (name, unit, checked) = (name.clone(), own.unit.clone(), own.checked);
        infrastructure.asset(AssetSpec { name, unit, algebra, checked });
    }
}

/// So much of an asset, or its labels.
pub(in crate::scenario) fn offered(amount: &AssetAmount) -> Offered {
    match amount {
        AssetAmount::Amount(amount) => Offered::Amount(*amount),
        AssetAmount::Labels(names) => {
            Offered::Labels(names.iter().map(|name| Label::from(name.as_str())).collect())
        }
    }
}

/// What the nodes of a class offer to services beside what jobs take, too.
pub(super) fn add_offers(
    class: &mut crate::infra::NodeClass,
    spec: &NodeClassSpec,
    infrastructure: &InfraBuilder,
) {
    class.availability = spec.availability.map_or(1.0, |share| share.as_fraction());
    class.processing_time_s = spec.processing_time.map_or(0.0, |time| time.as_secs());
    let offers = spec.assets.iter().filter_map(|(name, amount)| {
        // Names have been checked with the form of the scenario.
        Some((infrastructure.assets().id(name)?, offered(amount)))
    });
    class.assets = offers.collect();
}
