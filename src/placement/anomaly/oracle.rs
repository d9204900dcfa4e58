//! What a detector could tell at best.

use super::{AnomalyDetector, DetectionView, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Knows the truth: an alarm in each jammed period. The score is 1 in these, else 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OracleDetector {}

impl AnomalyDetector for OracleDetector {
    fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
        let alarm = view.truth().is_some_and(|truth| truth.jammed);
        Verdict { score: f64::from(u8::from(alarm)), alarm }
    }

    fn needs_truth(&self) -> bool {
        true
    }
}
