//! What is counted of tasks for the summary.

use super::outcome::Outcome;
use crate::engine::{Quantiles, Summary};
use crate::infra::Tier;
use crate::infra::network::NetworkClass;
use serde_json::json;

/// What is counted for one application and for all.
#[derive(Debug, Default)]
pub(super) struct Counts {
    outcomes: [u64; Outcome::ALL.len()],
    by_tier: [u64; Tier::ALL.len()],
    service_s: Summary,
    service_quantiles: Quantiles,
    network_s: Summary,
    wait_s: Summary,
    execution_s: Summary,
    /// Service without the network.
    processing_s: Summary,
    networks: [NetworkCounts; NetworkClass::ALL.len()],
    qoe: Qoe,
}

/// What is counted of one network.
#[derive(Debug, Default)]
struct NetworkCounts {
    /// Of the finished tasks that used it.
    delay_s: Summary,
    refused: u64,
}

/// Quality of experience, in per cent: of what was delivered, and of all.
#[derive(Debug, Default)]
struct Qoe {
    sum: f64,
    delivered: u64,
    judged: u64,
}

/// Quality of experience of one task, in per cent: 100 if it was done within the deadline, then falling linearly
/// from 100 (1 - sensitivity) to 0 at twice the deadline (Sonmez et al. 2021).
pub(super) fn experience(service_s: f64, deadline_s: f64, sensitivity: f64) -> f64 {
    if service_s <= deadline_s {
        return 100.0;
    }
    let late = (service_s.min(2.0 * deadline_s) - deadline_s) / deadline_s;
    100.0 * (1.0 - sensitivity) * (1.0 - late)
}

/// Seconds that a finished task spent in each stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    pub(super) service_s: f64,
    pub(super) network_s: f64,
    pub(super) wait_s: f64,
    pub(super) execution_s: f64,
    pub(super) by_class_s: [f64; NetworkClass::ALL.len()],
    /// Quality of experience, if there is a deadline.
    pub(super) experience: Option<f64>,
}

impl Counts {
    /// Counts a task; `refused_by` is the network that did not take it.
    pub(super) fn add(
        &mut self,
        outcome: Outcome,
        tier: Option<Tier>,
        refused_by: Option<NetworkClass>,
        spans: Option<&Spans>,
    ) {
        self.outcomes[outcome as usize] += 1;
        self.qoe.judged += u64::from(outcome != Outcome::Unfinished);
        if let Some(class) = refused_by {
            self.networks[class as usize].refused += 1;
        }
        if let Some(tier) = tier {
            self.by_tier[tier as usize] += 1;
        }
        if let Some(spans) = spans {
            self.service_s.add(spans.service_s);
            self.service_quantiles.add(spans.service_s);
            self.network_s.add(spans.network_s);
            self.wait_s.add(spans.wait_s);
            self.execution_s.add(spans.execution_s);
            self.processing_s.add(spans.service_s - spans.network_s);
            for (network, &delay_s) in self.networks.iter_mut().zip(&spans.by_class_s) {
                if delay_s > 0.0 {
                    network.delay_s.add(delay_s);
                }
            }
            if let Some(experience) = spans.experience {
                self.qoe.sum += experience;
                self.qoe.delivered += 1;
            }
        }
    }

    fn networks_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let used = NetworkClass::ALL.iter().zip(&self.networks);
        used.filter(|(_, counts)| counts.delay_s.count() > 0 || counts.refused > 0)
            .map(|(class, counts)| {
                let delay =
                    if counts.delay_s.count() > 0 { json!(counts.delay_s.mean()) } else { json!(null) };
                let value = json!({
                    "used": counts.delay_s.count(),
                    "refused": counts.refused,
                    "delay_s": { "mean": delay },
                });
                (class.name().to_string(), value)
            })
            .collect()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let created: u64 = self.outcomes.iter().sum();
        let number = |value: f64| if value.is_finite() { json!(value) } else { json!(null) };
        let outcomes: serde_json::Map<_, _> = Outcome::ALL
            .iter()
            .map(|outcome| (outcome.name().to_string(), json!(self.outcomes[*outcome as usize])))
            .collect();
        let tiers: serde_json::Map<_, _> = Tier::ALL
            .iter()
            .filter(|tier| **tier != Tier::Network)
            .map(|tier| (tier.name().to_string(), json!(self.by_tier[*tier as usize])))
            .collect();
        let quantile = |fraction| self.service_quantiles.quantile(fraction).map_or(json!(null), number);
        let finished = self.outcomes[Outcome::Done as usize];
        let judged = created - self.outcomes[Outcome::Unfinished as usize];
        let mut summary = json!({
            "created": created,
            "outcomes": outcomes,
            "ran_on_tier": tiers,
            "success_share": number(finished as f64 / judged as f64),
            "service_s": {
                "mean": number(self.service_s.mean()),
                "p50": quantile(0.5),
                "p95": quantile(0.95),
                "p99": quantile(0.99),
                "max": number(self.service_s.max()),
            },
            "network_s": { "mean": number(self.network_s.mean()) },
            "wait_s": { "mean": number(self.wait_s.mean()) },
            "execution_s": { "mean": number(self.execution_s.mean()) },
            "processing_s": { "mean": number(self.processing_s.mean()) },
        });
        let networks = self.networks_json();
        if !networks.is_empty() {
            summary["networks"] = networks.into();
        }
        if self.qoe.delivered > 0 {
            summary["quality_of_experience"] = json!({
                "delivered": self.qoe.sum / self.qoe.delivered as f64,
                "all": self.qoe.sum / self.qoe.judged as f64,
            });
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experience_falls_to_nothing_at_twice_the_deadline() {
        assert_eq!(experience(0.5, 0.5, 0.5), 100.0);
        // Just late: 100 (1 - 0.5); at 1.5 deadlines half of that; at two and beyond nothing.
        assert!((experience(0.5 + 1e-12, 0.5, 0.5) - 50.0).abs() < 1e-6);
        assert_eq!(experience(0.75, 0.5, 0.5), 25.0);
        assert_eq!([1.0, 9.0].map(|late| experience(late, 0.5, 0.5)), [0.0, 0.0]);
    }
}
