//! Parts of consolidation policies that have parts of their own.

use super::root::{ConsolidationKind, PredictorKind};
use crate::scenario::{DataRate, Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// More is wanted than a share of the host's capacity, now or, by a forecast, within the next steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ForecastSpec {
    /// Who forecasts what the host's virtual machines want together.
    pub predictor: PredictorKind,
    /// Control steps ahead that are looked at.
    #[schemars(range(max = 1000))]
    pub horizon: u16,
    /// The share of the capacity.
    pub utilisation: Ratio,
}

impl Default for ForecastSpec {
    fn default() -> Self {
        ForecastSpec {
            predictor: PredictorKind::of_kind("last_value"),
            horizon: 1,
            utilisation: Ratio::from_fraction(0.8),
        }
    }
}

/// Lets a consolidation of its own run at each site, then moves what hosts have to sites where energy is cheaper or
/// cleaner, if that saves more over a horizon than the copies cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FollowThePriceSpec {
    /// What consolidates each site on its own: a consolidation policy.
    pub within: ConsolidationKind,
    /// Weight of what energy costs; 0 to follow carbon alone.
    #[schemars(range(min = 0.0))]
    pub price_weight: f64,
    /// What a kg of CO2 equivalent counts, in the currency of energy.
    #[schemars(range(min = 0.0))]
    pub carbon_price_per_kg: f64,
    /// How far ahead costs are compared.
    pub horizon: Duration,
    /// The share of the copies' cost, and of what the energy costs where it is used now, by which savings must exceed
    /// the copies' cost.
    #[schemars(range(min = 0.0))]
    pub hysteresis: f64,
    /// Rate at which memory is expected to be copied.
    pub copy_rate: DataRate,
    /// Share of its capacity up to which a host is filled from other sites.
    pub utilisation: Ratio,
    /// After how many hosts in a row that are left as they are no further ones are tried in a step.
    #[schemars(range(min = 1))]
    pub give_up_after: u32,
}

impl Default for FollowThePriceSpec {
    fn default() -> Self {
        FollowThePriceSpec {
            within: ConsolidationKind::of_kind("overload_and_underload"),
            price_weight: 1.0,
            carbon_price_per_kg: 0.0,
            horizon: Duration::from_secs(3600.0),
            hysteresis: 0.1,
            copy_rate: DataRate::from_bps(1e9),
            utilisation: Ratio::from_fraction(0.8),
            give_up_after: 32,
        }
    }
}
