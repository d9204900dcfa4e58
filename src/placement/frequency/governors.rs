//! The built-in governors: those of Linux in their essence, and one that keeps a service level.

use super::{FrequencyDecision, FrequencyGovernor, FrequencyView};
use crate::units::Ratio;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The fastest step, always.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Performance {}

impl FrequencyGovernor for Performance {
    fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
        FrequencyDecision::Step(view.steps().last())
    }
}

/// The slowest step, always.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Powersave {}

impl FrequencyGovernor for Powersave {
    fn decide(&mut self, _: &mut FrequencyView<'_>) -> FrequencyDecision {
        FrequencyDecision::Step(0)
    }
}

/// The fastest step above a threshold of load, else a frequency in proportion to the load between the slowest
/// and the fastest (Pallipadi and Starikovskiy 2006, as Linux has it).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ondemand {
    /// Busy share of the cores above which the fastest step is taken.
    pub up_threshold: Ratio,
}

impl Default for Ondemand {
    fn default() -> Self {
        Ondemand { up_threshold: Ratio::from_fraction(0.8) }
    }
}

impl FrequencyGovernor for Ondemand {
    fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
        let (points, load) = (view.steps().points(), view.load());
        let (slowest_hz, fastest_hz) =
            (points[0].frequency_hz(), points[view.steps().last()].frequency_hz());
        if load > self.up_threshold.as_fraction() {
            return FrequencyDecision::Step(view.steps().last());
        }
        let wanted_hz = slowest_hz + load * (fastest_hz - slowest_hz);
        FrequencyDecision::Step(view.slowest_above(wanted_hz))
    }
}

/// The slowest frequency of at least `headroom` times what the load needs: `headroom f u` with the present
/// frequency f and load u, as Linux's schedutil has it without its smoothing over time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Schedutil {
    /// How much more than needed is given.
    #[schemars(range(min = 1.0, max = 100.0))]
    pub headroom: f64,
}

impl Default for Schedutil {
    fn default() -> Self {
        Schedutil { headroom: 1.25 }
    }
}

impl FrequencyGovernor for Schedutil {
    fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
        let present_hz = view.steps().points()[view.step()].frequency_hz();
        FrequencyDecision::Step(view.slowest_above(self.headroom * present_hz * view.load()))
    }
}

/// The step of the least power among those at which the present work keeps the load at or below a limit, by what
/// the classes of the running jobs or virtual machines lose at each frequency, and virtual machines get their share of
/// what they ask for; the fastest if jobs wait or no step does.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SlaAware {
    /// Busy share of the cores above which the service level is at risk.
    pub max_load: Ratio,
    /// Share of what the virtual machines of a host ask for that they must get at least, if the fastest step gives
    /// it.
    pub min_share: Ratio,
}

impl Default for SlaAware {
    fn default() -> Self {
        SlaAware { max_load: Ratio::from_fraction(0.7), min_share: Ratio::from_fraction(1.0) }
    }
}

impl FrequencyGovernor for SlaAware {
    fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
        let last = view.steps().last();
        let mut best = (f64::INFINITY, last);
        if view.waiting() == 0 {
            let enough = self.min_share.as_fraction().min(view.served_at(last)) * (1.0 - 1e-9);
            for step in 0..=last {
                let load = view.load_at(step);
                if load <= self.max_load.as_fraction() && view.served_at(step) >= enough {
                    let power_w = view.power_w(step, load);
                    if power_w < best.0 {
                        best = (power_w, step);
                    }
                }
            }
        }
        FrequencyDecision::Step(best.1)
    }
}

/// The step at which an hour of the present work costs the least: energy at the price of the node's site, and what the
/// contracts of virtual machines on a host ask for that get less than they want. The slowest among equals.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostAware {
    /// Price of energy for a kWh where the site has none, in the currency of the contracts.
    pub energy_price_per_kwh: f64,
}

impl Default for CostAware {
    fn default() -> Self {
        CostAware { energy_price_per_kwh: 0.10 }
    }
}

impl FrequencyGovernor for CostAware {
    fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
        let price = view.price_per_kwh().unwrap_or(self.energy_price_per_kwh);
        let mut best = (f64::INFINITY, view.steps().last());
        for step in 0..=view.steps().last() {
            let power_w = view.power_w(step, view.load_at(step).min(1.0));
            let cost = power_w / 1e3 * price + view.hourly_penalty_at(step);
            if cost < best.0 {
                best = (cost, step);
            }
        }
        FrequencyDecision::Step(best.1)
    }
}
