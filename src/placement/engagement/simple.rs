//! Policies that need no forecast.

use super::{EngagementPolicy, EngagementView};
use crate::apps::missions::EngagementDecision;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No drone is ever engaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Never {}

impl EngagementPolicy for Never {
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
        match view.request().engaged {
            Some(_) => EngagementDecision::Disengage,
            None => EngagementDecision::Keep,
        }
    }
}

/// A drone is engaged whenever one is ready and none is: the one that is there first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Always {}

impl EngagementPolicy for Always {
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
        match (view.request().engaged, view.quickest()) {
            (None, Some(drone)) => EngagementDecision::Engage(drone),
            _ => EngagementDecision::Keep,
        }
    }
}

/// A drone is engaged when the measured detection is below a threshold, and let go when it is above a higher one: the one
/// that is there first, and neither sooner than a while after the last change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Threshold {
    /// A drone is engaged below this share.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub engage_below: f64,
    /// It is let go above this share.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub disengage_above: f64,
    /// Least time from change to change.
    pub dwell: crate::units::Duration,
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold {
            engage_below: 0.7,
            disengage_above: 0.85,
            dwell: crate::units::Duration::from_secs(10.0),
        }
    }
}

impl EngagementPolicy for Threshold {
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
        let request = view.request();
        if request.since_change_s < self.dwell.as_secs() {
            return EngagementDecision::Keep;
        }
        match (request.engaged, view.quickest()) {
            (None, Some(drone)) if request.measured < self.engage_below => {
                EngagementDecision::Engage(drone)
            }
            (Some(_), _) if request.measured > self.disengage_above => EngagementDecision::Disengage,
            _ => EngagementDecision::Keep,
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        if self.disengage_above < self.engage_below {
            let message = format!(
                "a drone is let go above {} already, where it is engaged below {}",
                self.disengage_above, self.engage_below
            );
            return Err(ParameterError::new(message)
                .at("disengage_above")
                .help("choose `disengage_above` at or above `engage_below`"));
        }
        Ok(())
    }
}
