//! Frequency governors: at which frequency does a node run?

mod governors;
mod view;

pub use governors::{CostAware, Ondemand, Performance, Powersave, Schedutil, SlaAware};
pub use view::{FrequencyView, feature_columns};

use std::fmt;

/// At which frequency step a node is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrequencyDecision {
    /// As it does.
    Keep,
    /// At the step of this number, 0 being the slowest.
    Step(usize),
}

/// A way to decide at which frequency nodes run.
///
/// ```
/// use stratosim::placement::frequency::{FrequencyDecision, FrequencyGovernor, FrequencyView};
///
/// /// Full speed as long as something runs, else the slowest step.
/// #[derive(Debug)]
/// struct RaceToIdle;
///
/// impl FrequencyGovernor for RaceToIdle {
///     fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision {
///         FrequencyDecision::Step(if view.running() > 0 { view.steps().last() } else { 0 })
///     }
/// }
/// ```
pub trait FrequencyGovernor: fmt::Debug + Send {
    /// Decides for one node.
    fn decide(&mut self, view: &mut FrequencyView<'_>) -> FrequencyDecision;
}
