//! What is counted of tasks for the summary.

use super::outcome::Outcome;
use crate::engine::{Quantiles, Summary};
use crate::infra::Tier;
use crate::infra::network::NetworkClass;
use serde_json::json;

/// What is counted for one application; for all it is their sum.
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

/// A number of the summary; null where there is none.
fn number(value: f64) -> serde_json::Value {
    if value.is_finite() { json!(value) } else { json!(null) }
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

    /// Adds all that another has counted.
    pub(super) fn merge(&mut self, other: &Counts) {
        let pairs = self.outcomes.iter_mut().zip(&other.outcomes);
        pairs.chain(self.by_tier.iter_mut().zip(&other.by_tier)).for_each(|(own, more)| *own += more);
        self.service_s.merge(&other.service_s);
        self.service_quantiles.merge(&other.service_quantiles);
        self.network_s.merge(&other.network_s);
        self.wait_s.merge(&other.wait_s);
        self.execution_s.merge(&other.execution_s);
        self.processing_s.merge(&other.processing_s);
        for (own, more) in self.networks.iter_mut().zip(&other.networks) {
            own.delay_s.merge(&more.delay_s);
            own.refused += more.refused;
        }
        self.qoe.sum += other.qoe.sum;
        self.qoe.delivered += other.qoe.delivered;
        self.qoe.judged += other.qoe.judged;
    }

    /// All networks, whether they were used or not, so that sweeps can name them.
    fn networks_json(&self) -> serde_json::Map<String, serde_json::Value> {
        let all = NetworkClass::ALL.iter().zip(&self.networks).map(|(class, counts)| {
            let value = json!({
                "used": counts.delay_s.count(),
                "refused": counts.refused,
                "delay_s": { "mean": number(counts.delay_s.mean()) },
            });
            (class.name().to_string(), value)
        });
        all.collect()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let created: u64 = self.outcomes.iter().sum();
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
        let late = self.outcomes[Outcome::MissedDeadline as usize];
        let judged = created - self.outcomes[Outcome::Unfinished as usize];
        let delivered = self.qoe.delivered > 0;
        let quality_of_experience = |tasks: u64| delivered.then(|| self.qoe.sum / tasks as f64);
        json!({
            "created": created,
            "outcomes": outcomes,
            "ran_on_tier": tiers,
            "success_share": number(finished as f64 / judged as f64),
            "failed_share": number((judged - finished - late) as f64 / judged as f64),
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
            "networks": self.networks_json(),
            "quality_of_experience": {
                "delivered": quality_of_experience(self.qoe.delivered),
                "all": quality_of_experience(self.qoe.judged),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(service_s: f64, wlan_s: f64, experience: Option<f64>) -> Spans {
        Spans {
            service_s,
            network_s: wlan_s,
            wait_s: 0.0,
            execution_s: service_s - wlan_s,
            by_class_s: [wlan_s, 0.0, 0.0, 0.0],
            experience,
        }
    }

    #[test]
    fn what_has_not_happened_is_there_as_zero_or_null() {
        let summary = Counts::default().json();
        for class in NetworkClass::ALL {
            let nothing = json!({ "used": 0, "refused": 0, "delay_s": { "mean": null } });
            assert_eq!(summary["networks"][class.name()], nothing);
        }
        assert_eq!(summary["quality_of_experience"], json!({ "delivered": null, "all": null }));
        assert_eq!((&summary["created"], &summary["failed_share"]), (&json!(0), &json!(null)));
    }

    /// Of five tasks one was done in time, one late, one refused by the WLAN, one lost, and one is unfinished.
    #[test]
    fn applications_add_up() {
        let (edge, wlan) = (Some(Tier::Edge), Some(NetworkClass::Wlan));
        let mut counts = [Counts::default(), Counts::default()];
        counts[0].add(Outcome::Done, edge, None, Some(&spans(1.0, 0.5, Some(100.0))));
        counts[0].add(Outcome::RefusedForBandwidth, edge, wlan, None);
        counts[1].add(Outcome::MissedDeadline, edge, None, Some(&spans(3.0, 1.5, Some(40.0))));
        counts[1].add(Outcome::LostToMobility, None, None, None);
        counts[1].add(Outcome::Unfinished, edge, None, None);
        let mut total = Counts::default();
        counts.iter().for_each(|own| total.merge(own));
        let summary = total.json();
        assert_eq!((&summary["created"], &summary["success_share"]), (&json!(5), &json!(0.25)));
        assert_eq!(summary["failed_share"], 0.5);
        assert_eq!(summary["ran_on_tier"]["edge"], 4);
        assert_eq!(summary["service_s"]["mean"], 2.0);
        assert_eq!(
            summary["networks"]["wlan"],
            json!({ "used": 2, "refused": 1, "delay_s": { "mean": 1.0 } })
        );
        assert_eq!(summary["quality_of_experience"], json!({ "delivered": 70.0, "all": 35.0 }));
    }

    #[test]
    fn experience_falls_to_nothing_at_twice_the_deadline() {
        assert_eq!(experience(0.5, 0.5, 0.5), 100.0);
        // Just late: 100 (1 - 0.5); at 1.5 deadlines half of that; at two and beyond nothing.
        assert!((experience(0.5 + 1e-12, 0.5, 0.5) - 50.0).abs() < 1e-6);
        assert_eq!(experience(0.75, 0.5, 0.5), 25.0);
        assert_eq!([1.0, 9.0].map(|late| experience(late, 0.5, 0.5)), [0.0, 0.0]);
    }
}
