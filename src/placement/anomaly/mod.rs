//! Anomaly response: what a device and its base station measure tells whether something is wrong with its radio link; what
//! is done then?
//!
//! After each measurement period of 5G cells all [detectors](AnomalyDetector) look at each device with a cell, and are held
//! against the [truth](crate::infra::cells::Truth). One of them acts: while it gives an alarm, a
//! [response](AnomalyResponse) is asked what to do about the device.

mod chart;
mod confusion;
mod cumulative;
mod feature;
mod logistic;
mod oracle;
mod response;
mod threshold;
mod view;

pub use chart::{Side, Watched};
pub use confusion::Confusion;
pub use cumulative::{CusumDetector, EwmaDetector};
pub use feature::{Feature, Features};
pub use logistic::{LogisticDetector, LogisticModel, LogisticTerm};
pub use oracle::OracleDetector;
pub use response::{Deploy, Detach, FirstOf, HopCarrier, Ignore, Reroute, Response, ToWifi};
pub use threshold::{Condition, ThresholdDetector};
pub use view::{DetectionView, ResponseView, feature_columns};

use crate::placement::ParameterError;
use std::fmt;

/// What a detector says of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// How sure it is, the more the greater; on a scale of its own.
    pub score: f64,
    /// Whether it says that something is wrong.
    pub alarm: bool,
}

/// A way to find out whether something is wrong with the radio link of a device.
///
/// ```
/// use stratosim::placement::anomaly::{AnomalyDetector, DetectionView, Feature, Verdict};
///
/// /// Much power and little of it one's own.
/// #[derive(Debug)]
/// struct Drowned;
///
/// impl AnomalyDetector for Drowned {
///     fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
///         let features = view.features();
///         let (Some(rssi), Some(rsrq)) = (features.get(Feature::Rssi), features.get(Feature::Rsrq)) else {
///             return Verdict::default();
///         };
///         let score = rssi + 60.0 - (rsrq + 15.0);
///         Verdict { score, alarm: score > 0.0 }
///     }
/// }
/// ```
pub trait AnomalyDetector: fmt::Debug + Send {
    /// Looks at a device with a cell after a period. Called for all such devices, in the order of their numbers.
    fn observe(&mut self, view: &DetectionView<'_>) -> Verdict;

    /// Whether it is to be told the truth, as no detector of the real world is.
    fn needs_truth(&self) -> bool {
        false
    }

    /// The device with this [number](DetectionView::number) has another cell than when it was seen last.
    fn change_cell(&mut self, _number: usize) {}

    /// The device with this number has left: when it comes back, all about it is new.
    fn forget(&mut self, _number: usize) {}

    /// Checks parameters that a schema cannot.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}

/// A way to respond to alarms.
///
/// ```
/// use stratosim::placement::anomaly::{AnomalyResponse, Response, ResponseView};
///
/// /// Takes devices off the air after ten periods with alarms.
/// #[derive(Debug)]
/// struct Patient;
///
/// impl AnomalyResponse for Patient {
///     fn respond(&mut self, view: &mut ResponseView<'_>) -> Response {
///         if view.alarms_in_a_row() < 10 {
///             return Response::Nothing;
///         }
///         Response::Detach { seconds: 60.0 }
///     }
/// }
/// ```
pub trait AnomalyResponse: fmt::Debug + Send {
    /// What is to be done about a device with an alarm. Asked after each period with one; the world checks the answer, and
    /// counts it as refused if it is not possible.
    fn respond(&mut self, view: &mut ResponseView<'_>) -> Response;

    /// Checks parameters that a schema cannot.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;

/// What is kept of the device with this number.
fn of_device<T: Default>(devices: &mut Vec<T>, number: usize) -> &mut T {
    if devices.len() <= number {
        devices.resize_with(number + 1, T::default);
    }
    &mut devices[number]
}
