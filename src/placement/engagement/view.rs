//! What a policy sees, and what of it is recorded.

use crate::apps::missions::{DroneState, EngagementRequest};
use crate::engine::Stream;
use crate::records::ColumnSpec;

/// A question for a policy.
#[derive(Debug)]
pub struct EngagementView<'a> {
    request: &'a EngagementRequest<'a>,
    random: &'a mut Stream,
}

/// Features of a decision: what the table `decisions` tells of what the policy saw.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 15] {
    [
        ColumnSpec::float(
            "detection",
            "",
            "share of the weeds that the vehicle's own detector was measured to see",
        ),
        ColumnSpec::float("detection_trend", "1/s", "change of that since the period before"),
        ColumnSpec::float("detection_mean", "", "mean of what was measured so far"),
        ColumnSpec::float("left_m2", "m2", "area that was left"),
        ColumnSpec::float("left_s", "s", "time until the field was expected to be done"),
        ColumnSpec::float("is_engaged", "", "1 if a drone was engaged, else 0"),
        ColumnSpec::float(
            "since_change_s",
            "s",
            "time since a drone was engaged or let go; null if none was",
        ),
        ColumnSpec::float("ready_drones", "", "drones that could be engaged"),
        ColumnSpec::float(
            "home_distance_m",
            "m",
            "from the home of the engaged drone, or else of the one that would be there first, to the vehicle",
        ),
        ColumnSpec::float(
            "reach_s",
            "s",
            "time that drone was expected to need to its station; 0 if it was there",
        ),
        ColumnSpec::float("reach_energy_j", "J", "energy that it was expected to need for it"),
        ColumnSpec::float(
            "back_energy_j",
            "J",
            "energy that it was expected to need to go home from the vehicle",
        ),
        ColumnSpec::float("drone_battery", "", "what was left of its battery, as a share"),
        ColumnSpec::float("wind_m_per_s", "m/s", "mean speed of the wind"),
        ColumnSpec::float("drone_link_bps", "bit/s", "rate that the network would have carried from it"),
    ]
}

impl<'a> EngagementView<'a> {
    /// A question.
    #[must_use]
    pub fn new(request: &'a EngagementRequest<'a>, random: &'a mut Stream) -> Self {
        EngagementView { request, random }
    }

    /// What is asked.
    #[must_use]
    pub fn request(&self) -> &'a EngagementRequest<'a> {
        self.request
    }

    /// The policy's own random numbers.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// The drones that can be engaged and get there, in order.
    pub fn ready(&self) -> impl Iterator<Item = usize> + 'a {
        let drones = self.request.drones.iter().enumerate();
        drones
            .filter(|(_, own)| own.state == DroneState::Ready && own.reach.is_some())
            .map(|(drone, _)| drone)
    }

    /// The drone that would be on station first of those that are ready, the first among equals.
    #[must_use]
    pub fn quickest(&self) -> Option<usize> {
        let time_s =
            |drone: &usize| self.request.drones[*drone].reach.map_or(f64::INFINITY, |own| own.time_s);
        self.ready().min_by(|one, other| time_s(one).total_cmp(&time_s(other)))
    }

    /// What is recorded, in the order of the [columns](feature_columns).
    #[must_use]
    pub fn features(&self) -> [Option<f64>; 15] {
        let request = self.request;
        let drone = request.engaged.or_else(|| self.quickest()).and_then(|own| request.drones.get(own));
        let reach = drone.and_then(|own| own.reach);
        [
            Some(request.measured),
            Some(request.trend_per_s),
            Some(request.mean),
            Some(request.left_m2),
            request.left_s.is_finite().then_some(request.left_s),
            Some(f64::from(u8::from(request.engaged.is_some()))),
            request.since_change_s.is_finite().then_some(request.since_change_s),
            Some(self.ready().count() as f64),
            drone.map(|own| own.distance_m),
            reach.map(|own| own.time_s),
            reach.map(|own| own.energy_j),
            drone.map(|own| own.back.energy_j),
            drone.map(|own| own.battery_share),
            Some(request.wind_m_per_s),
            drone.map(|own| own.link_bps),
        ]
    }
}
