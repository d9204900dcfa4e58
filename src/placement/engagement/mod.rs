//! Mission engagement: the detection of a vehicle that scans a field rises and falls; when is a drone sent to help it, which,
//! and when is it let go?

mod oracle;
mod predicted;
mod simple;
#[cfg(test)]
mod tests;
mod view;

pub use oracle::Oracle;
pub use predicted::Predicted;
pub use simple::{Always, Never, Threshold};
pub use view::{EngagementView, feature_columns};

use crate::apps::missions::EngagementDecision;
use crate::placement::ParameterError;
use std::fmt;

/// A way to engage drones.
///
/// ```
/// use stratosim::apps::missions::EngagementDecision;
/// use stratosim::placement::engagement::{EngagementPolicy, EngagementView};
///
/// /// In the first half of the field only.
/// #[derive(Debug)]
/// struct FirstHalf;
///
/// impl EngagementPolicy for FirstHalf {
///     fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision {
///         let is_first = view.request().left_m2 > 0.5 * view.request().area_m2;
///         match (is_first, view.request().engaged, view.quickest()) {
///             (true, None, Some(drone)) => EngagementDecision::Engage(drone),
///             (false, Some(_), _) => EngagementDecision::Disengage,
///             _ => EngagementDecision::Keep,
///         }
///     }
/// }
/// ```
pub trait EngagementPolicy: fmt::Debug + Send {
    /// Decides for a period.
    fn decide(&mut self, view: &mut EngagementView<'_>) -> EngagementDecision;

    /// Whether it is to be told what lies ahead.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// What is wrong with its parameters.
    ///
    /// # Errors
    /// If they do not make sense together.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}
