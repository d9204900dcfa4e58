//! Times and the like as summaries tell of them.

use crate::engine::{Quantiles, Summary};
use serde_json::{Value, json};

/// Mean and quantiles.
#[derive(Debug, Default)]
pub(in crate::apps) struct Times {
    own: Summary,
    quantiles: Quantiles,
}

impl Times {
    pub(in crate::apps) fn add(&mut self, value: f64) {
        self.own.add(value);
        self.quantiles.add(value);
    }

    /// As summaries have them; null if there are none.
    pub(in crate::apps) fn json(&self) -> Value {
        let of = |fraction| self.quantiles.quantile(fraction);
        let has_some = self.own.count() > 0;
        json!({
            "mean": has_some.then(|| self.own.mean()),
            "p50": of(0.5),
            "p95": of(0.95),
            "p99": of(0.99),
            "max": has_some.then(|| self.own.max()),
        })
    }
}
