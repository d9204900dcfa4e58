//! The best that could be done by who knows the field.

mod plan;

use super::{EngagementPolicy, EngagementView};
use crate::apps::missions::EngagementDecision;
use plan::{Plan, Worth};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Knows the detection on the rest of the vehicle's way, and engages in those spans that have the greatest value together,
/// found by dynamic programming over periods and the drone that is not ready. Ways, speeds and powers are the expected ones,
/// so that it is an upper bound but for their errors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oracle {
    /// By workload and mission.
    #[serde(skip)]
    #[schemars(skip)]
    plans: BTreeMap<(u16, u32), Plan>,
}

impl EngagementPolicy for Oracle {
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
        let request = view.request();
        let Some((now, ahead)) = request.ahead.filter(|(now, ahead)| *now < ahead.periods()) else {
            return EngagementDecision::Keep;
        };
        let worth = Worth { request, ahead };
        let plan =
            self.plans.entry((request.workload, request.mission)).or_insert_with(|| Plan::new(&worth));
        let mut ready: Vec<usize> = request
            .drones
            .iter()
            .map(|own| now.saturating_add(worth.periods_of(own.ready_in_s)))
            .collect();
        // What a stay is worth with all that follows.
        let mut with_rest = |drone: usize, end: usize| {
            let before = std::mem::replace(&mut ready[drone], worth.ready_after(drone, end));
            let rest = plan.after(end, &ready);
            ready[drone] = before;
            rest
        };
        if let Some(engaged) = request.engaged {
            let facts = &request.drones[engaged];
            let way = facts.reach.unwrap_or_default();
            let arrival = now + worth.periods_of(way.time_s);
            let stays = worth.stays((engaged, facts), arrival, way.energy_j, facts.usable_j);
            let mut best = (f64::NEG_INFINITY, arrival);
            for &(end, value) in &stays {
                let value = value + with_rest(engaged, end);
                if value > best.0 {
                    best = (value, end);
                }
            }
            // Where the battery does not suffice for another period, the reserve brings it home in good time.
            let goes = best.1 <= arrival && stays.len() > 1;
            return if goes { EngagementDecision::Disengage } else { EngagementDecision::Keep };
        }
        let mut best: Option<(usize, f64)> = None;
        for drone in view.ready() {
            let facts = &request.drones[drone];
            for (end, value) in worth.sorties((drone, facts), now, facts.usable_j) {
                let value = value + with_rest(drone, end);
                if best.is_none_or(|(_, best)| value > best) {
                    best = Some((drone, value));
                }
            }
        }
        let waiting = plan.after(now + 1, &ready);
        match best {
            Some((drone, value)) if value > waiting => EngagementDecision::Engage(drone),
            _ => EngagementDecision::Keep,
        }
    }

    fn looks_ahead(&self) -> bool {
        true
    }
}
