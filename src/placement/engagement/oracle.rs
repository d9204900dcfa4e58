//! The best that could be done by who knows the field.

use super::{EngagementPolicy, EngagementView};
use crate::apps::missions::{DroneFacts, EngagementDecision, EngagementRequest, Foresight};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Knows the detection on the rest of the vehicle's way, and engages in those spans that have the greatest value together,
/// found by dynamic programming over periods. Ways, speeds and powers are the expected ones, so that it is an upper bound but
/// for their errors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oracle {
    /// By mission the value of each period and after it, if no drone is engaged at its start.
    #[serde(skip)]
    #[schemars(skip)]
    plans: BTreeMap<u32, Vec<f64>>,
}

/// What spans of periods are worth.
#[derive(Debug)]
struct Worth<'a> {
    request: &'a EngagementRequest<'a>,
    ahead: &'a Foresight,
}

impl Worth<'_> {
    fn periods_of(&self, time_s: f64) -> usize {
        (time_s / self.ahead.period_s).ceil().clamp(0.0, 1e9) as usize
    }

    /// The value of a drone that is on station from the period `from` on, after it has used `used_j`, until the best time to
    /// let it go: that value with what follows, and how many periods it stays.
    fn best_stay(
        &self,
        drone: (usize, &DroneFacts),
        from: usize,
        used_j: f64,
        usable_j: f64,
        after: &dyn Fn(usize) -> f64,
    ) -> (f64, usize) {
        let (number, facts) = drone;
        let periods = self.ahead.periods();
        let per_period_j = facts.station_w * self.ahead.period_s;
        let (mut gained_s, mut energy_j) = (0.0, used_j);
        let mut best = (f64::NEG_INFINITY, 0);
        for end in from..=periods {
            let back = self.ahead.back(number, end);
            let total_j = energy_j + back.energy_j;
            let is_alone = self.request.drones.len() == 1;
            let service_s = if is_alone { back.time_s + self.request.service_s } else { 0.0 };
            let next = end + self.periods_of(service_s);
            let value = self.request.objective.value(gained_s, total_j, 0.0) + after(next);
            if value > best.0 {
                best = (value, end - from);
            }
            if end == periods || total_j + per_period_j > usable_j {
                break;
            }
            gained_s += self.ahead.gain_s[end];
            energy_j += per_period_j;
        }
        best
    }

    /// The value of engaging a drone in the period `from`, and of what follows.
    fn engage(
        &self,
        drone: (usize, &DroneFacts),
        from: usize,
        usable_j: f64,
        after: &dyn Fn(usize) -> f64,
    ) -> f64 {
        let out = self.ahead.out(drone.0, from);
        let arrival = from + self.periods_of(out.time_s);
        if arrival >= self.ahead.periods() || !out.time_s.is_finite() {
            return f64::NEG_INFINITY;
        }
        let (value, stays) = self.best_stay(drone, arrival, out.energy_j, usable_j, after);
        if stays == 0 {
            return f64::NEG_INFINITY;
        }
        value - self.request.objective.per_overhead_second * out.time_s
    }

    /// For each period what it and the later ones are worth if no drone is engaged at its start.
    fn plan(&self) -> Vec<f64> {
        let periods = self.ahead.periods();
        let mut plan = vec![0.0; periods + 1];
        for period in (0..periods).rev() {
            let after = |next: usize| plan.get(next).copied().unwrap_or(0.0);
            let mut best: f64 = after(period + 1);
            for (number, drone) in self.request.drones.iter().enumerate() {
                best = best.max(self.engage((number, drone), period, drone.usable_j, &after));
            }
            plan[period] = best;
        }
        plan
    }
}

impl EngagementPolicy for Oracle {
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
        let request = view.request();
        let Some((now, ahead)) = request.ahead.filter(|(now, ahead)| *now < ahead.periods()) else {
            return EngagementDecision::Keep;
        };
        let worth = Worth { request, ahead };
        let plan = self.plans.entry(request.mission).or_insert_with(|| worth.plan());
        let after = |next: usize| plan.get(next).copied().unwrap_or(0.0);
        if let Some(engaged) = request.engaged {
            let facts = &request.drones[engaged];
            let way = facts.reach.unwrap_or_default();
            let arrival = (now + worth.periods_of(way.time_s)).min(ahead.periods());
            let (_, stays) =
                worth.best_stay((engaged, facts), arrival, way.energy_j, facts.usable_j, &after);
            return if stays == 0 { EngagementDecision::Disengage } else { EngagementDecision::Keep };
        }
        let mut best: Option<(usize, f64)> = None;
        for drone in view.ready() {
            let facts = &request.drones[drone];
            let value = worth.engage((drone, facts), now, facts.usable_j, &after);
            if value > best.map_or(after(now + 1), |(_, best)| best) {
                best = Some((drone, value));
            }
        }
        best.map_or(EngagementDecision::Keep, |(drone, _)| EngagementDecision::Engage(drone))
    }

    fn looks_ahead(&self) -> bool {
        true
    }
}
