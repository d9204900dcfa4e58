//! Whether what is gained until the field is good again outweighs the way there and the energy.

use super::{EngagementPolicy, EngagementView};
use crate::apps::missions::{DroneFacts, EngagementDecision, EngagementRequest};
use crate::placement::ParameterError;
use crate::units::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Forecasts the detection to go back to its mean, as `mean + (now - mean) exp(-t / recovery)`, and engages the drone
/// whose value until it no longer pays - the gain from its arrival on, less the energy of the ways and on station - is the
/// greatest, if that is above a margin. It is let go when staying until it pays again costs more than going home and coming
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Predicted {
    /// Time after which the detection has gone back to its mean but for a part of 1/e.
    pub recovery: Duration,
    /// Mean of the detection to which it goes back; that which was measured so far if left out.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub mean: Option<f64>,
    /// Value in seconds of perfect detection above which a drone is engaged.
    #[schemars(range(min = 0.0))]
    pub margin: f64,
    /// Least time from change to change.
    pub dwell: Duration,
}

impl Default for Predicted {
    fn default() -> Self {
        Predicted {
            recovery: Duration::from_secs(60.0),
            mean: None,
            margin: 0.0,
            dwell: Duration::from_secs(10.0),
        }
    }
}

/// The forecast of a detection: a distance from a mean that dies away.
#[derive(Clone, Copy, Debug)]
struct Forecast {
    mean: f64,
    above: f64,
    recovery_s: f64,
}

impl Forecast {
    /// When the detection passes a value, if it does.
    fn passes(&self, value: f64) -> Option<f64> {
        let share = (value - self.mean) / self.above;
        (share > 0.0 && share <= 1.0).then(|| -self.recovery_s * share.ln())
    }

    /// Integral of 1 less the detection from one time to another.
    fn missed_s(&self, from_s: f64, to_s: f64) -> f64 {
        let decayed = (-from_s / self.recovery_s).exp() - (-to_s / self.recovery_s).exp();
        (1.0 - self.mean) * (to_s - from_s) - self.above * self.recovery_s * decayed
    }
}

impl Predicted {
    fn forecast(&self, request: &EngagementRequest<'_>) -> Forecast {
        let mean = self.mean.unwrap_or(request.mean);
        Forecast { mean, above: request.measured - mean, recovery_s: self.recovery.as_secs().max(1e-9) }
    }

    /// The value of engaging a drone now.
    fn value_of(&self, request: &EngagementRequest<'_>, drone: &DroneFacts) -> Option<f64> {
        let reach = drone.reach?;
        let forecast = self.forecast(request);
        let left_j = drone.usable_j - reach.energy_j - drone.back.energy_j;
        let longest_s = if drone.station_w > 0.0 { left_j / drone.station_w } else { f64::INFINITY };
        let end_s = (reach.time_s + longest_s).min(request.left_s);
        if end_s <= reach.time_s {
            return None;
        }
        let bar = bar(request, drone);
        if request.measured >= bar {
            return None;
        }
        // Until the detection has risen to the bar, if its mean is above that.
        let passed_s = forecast.passes(bar).unwrap_or(f64::INFINITY);
        let stop_s = passed_s.clamp(reach.time_s, end_s);
        let gain_s = request.helper * forecast.missed_s(reach.time_s, stop_s);
        let energy_j = reach.energy_j + drone.back.energy_j + drone.station_w * (stop_s - reach.time_s);
        Some(request.objective.value(gain_s, energy_j, reach.time_s)).filter(|value| value.is_finite())
    }

    /// Whether a drone that is on station, or on its way, is better let go.
    fn is_let_go(&self, request: &EngagementRequest<'_>, drone: &DroneFacts) -> bool {
        let bar = bar(request, drone);
        if request.measured <= bar {
            return false;
        }
        let forecast = self.forecast(request);
        // It will pay again if the mean is below the bar.
        let Some(again_s) = forecast.passes(bar).filter(|again_s| *again_s < request.left_s) else {
            return true;
        };
        let energy = request.objective.per_joule;
        let stay = energy * drone.station_w * again_s - request.helper * forecast.missed_s(0.0, again_s);
        let back = drone.back;
        // Out again it takes about what the way back does.
        let overhead_s = back.time_s;
        let leave = energy * 2.0 * back.energy_j + request.objective.per_overhead_second * overhead_s;
        stay > leave
    }
}

/// The detection above which a drone on station costs more than it gains: `helper (1 - p) = cost P`.
fn bar(request: &EngagementRequest<'_>, drone: &DroneFacts) -> f64 {
    1.0 - request.objective.per_joule * drone.station_w / request.helper.max(1e-9)
}

impl EngagementPolicy for Predicted {
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
        let request = view.request();
        if request.since_change_s < self.dwell.as_secs() {
            return EngagementDecision::Keep;
        }
        if let Some(engaged) = request.engaged {
            let is_let_go = self.is_let_go(request, &request.drones[engaged]);
            return if is_let_go { EngagementDecision::Disengage } else { EngagementDecision::Keep };
        }
        let mut best: Option<(usize, f64)> = None;
        for drone in view.ready() {
            let Some(value) = self.value_of(request, &request.drones[drone]) else { continue };
            if value > best.map_or(self.margin, |(_, best)| best) {
                best = Some((drone, value));
            }
        }
        best.map_or(EngagementDecision::Keep, |(drone, _)| EngagementDecision::Engage(drone))
    }

    fn check(&self) -> Result<(), ParameterError> {
        if self.recovery.as_secs() <= 0.0 {
            return Err(ParameterError::new("the time of recovery must be above 0").at("recovery"));
        }
        Ok(())
    }
}
