//! Parts of consolidation policies that have parts of their own.

use super::root::PredictorKind;
use crate::scenario::Ratio;
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
