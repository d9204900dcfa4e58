//! Consolidation: each period, which virtual machines move, and which hosts sleep and wake?
//!
//! The built-in policy is put together by name: it relieves overloaded hosts ([`OverloadDetection`] tells which,
//! [`VmSelection`] what goes, an [allocation policy](super::vm_allocation) where to), then empties underloaded
//! ones, and puts what is empty to sleep (Beloglazov and Buyya, 2012).

mod composed;
mod follow_the_price;
mod forecast;
mod minimum_power;
mod overload;
mod plan;
mod selection;
mod view;

pub use composed::{Composed, Nothing};
pub use follow_the_price::FollowThePrice;
pub use forecast::Forecast;
pub use minimum_power::MinimumPower;
pub use overload::{
    HostLoad, InterquartileRange, LinearRegression, LocalRegression, MedianAbsoluteDeviation,
    OverloadDetection, RobustLocalRegression, Threshold,
};
pub use selection::{
    MaximumCorrelation, MinimumCost, MinimumMigrationTime, MinimumUtilisation, PredictionDriven,
    RandomSelection, Relief, SelectionView, VmSelection,
};
pub use view::{ConsolidationDecision, ConsolidationView, feature_columns};

use std::fmt;

/// A way to consolidate.
///
/// ```
/// use stratosim::placement::consolidation::{
///     ConsolidationDecision, ConsolidationPolicy, ConsolidationView,
/// };
///
/// /// Puts all hosts to sleep once they are empty, and moves nothing.
/// #[derive(Debug)]
/// struct SleepOnly;
///
/// impl ConsolidationPolicy for SleepOnly {
///     fn decide(&mut self, view: &mut ConsolidationView<'_>) -> ConsolidationDecision {
///         ConsolidationDecision { sleep: view.hosts().to_vec(), ..ConsolidationDecision::default() }
///     }
/// }
/// ```
pub trait ConsolidationPolicy: fmt::Debug + Send {
    /// Steps back that it looks: the length of the histories in its views; `None` if it need not be asked at all.
    fn history(&self) -> Option<usize> {
        Some(0)
    }

    /// Decides for one step.
    fn decide(&mut self, view: &mut ConsolidationView<'_>) -> ConsolidationDecision;
}

#[cfg(test)]
mod tests;
