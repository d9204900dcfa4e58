//! What is counted of the requests of a function since the warm-up, and how that is told.

use super::outcome::{Outcome, Way};
use super::report::Ended;
use crate::engine::Quantiles;
use serde_json::{Map, Value, json};

/// A number of the summary; null where there is none.
pub(super) fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(null) }
}

/// One number over another; null over nothing.
pub(super) fn ratio(value: f64, over: f64) -> Value {
    if over > 0.0 { number(value / over) } else { json!(null) }
}

/// Requests of a function, by when they were created.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) outcomes: [u64; Outcome::ALL.len()],
    pub(super) ways: [u64; Way::ALL.len()],
    /// Requests that met a cold replica.
    pub(super) cold: u64,
    /// Requests that came to a replica, and so could meet a cold one.
    pub(super) served: u64,
    with_deadline: u64,
    in_time: u64,
    /// Of requests that were answered.
    response_s: f64,
    longest_s: f64,
    network_s: f64,
    queue_s: f64,
    start_s: f64,
    execution_s: f64,
    quantiles: Quantiles,
    /// Seconds for which requests were served in the cloud, and how many there were.
    pub(super) cloud_s: f64,
    pub(super) cloud: u64,
    pub(super) sent_bytes: f64,
}

impl Totals {
    pub(super) fn add(&mut self, ended: &Ended, has_deadline: bool) {
        self.outcomes[ended.outcome as usize] += 1;
        self.ways[ended.way as usize] += 1;
        self.cold += u64::from(ended.is_cold);
        self.served += u64::from(ended.spans.execution_s > 0.0);
        self.sent_bytes += ended.sent_bytes;
        if ended.way == Way::Cloud {
            self.cloud_s += ended.spans.execution_s;
            self.cloud += 1;
        }
        if has_deadline {
            self.with_deadline += 1;
            self.in_time += u64::from(ended.outcome == Outcome::Done);
        }
        if matches!(ended.outcome, Outcome::Done | Outcome::MissedDeadline) {
            let spans = &ended.spans;
            self.response_s += spans.response_s;
            self.longest_s = self.longest_s.max(spans.response_s);
            self.network_s += spans.network_s;
            self.queue_s += spans.queue_s;
            self.start_s += spans.start_s;
            self.execution_s += spans.execution_s;
            self.quantiles.add(spans.response_s);
        }
    }

    pub(super) fn merge(&mut self, other: &Totals) {
        let pairs = self.outcomes.iter_mut().zip(&other.outcomes);
        pairs.chain(self.ways.iter_mut().zip(&other.ways)).for_each(|(own, other)| *own += other);
        self.cold += other.cold;
        self.served += other.served;
        self.with_deadline += other.with_deadline;
        self.in_time += other.in_time;
        self.response_s += other.response_s;
        self.longest_s = self.longest_s.max(other.longest_s);
        self.network_s += other.network_s;
        self.queue_s += other.queue_s;
        self.start_s += other.start_s;
        self.execution_s += other.execution_s;
        self.quantiles.merge(&other.quantiles);
        self.cloud_s += other.cloud_s;
        self.cloud += other.cloud;
        self.sent_bytes += other.sent_bytes;
    }

    pub(super) fn created(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    /// Requests that were answered, in time or not.
    pub(super) fn answered(&self) -> u64 {
        self.outcomes[Outcome::Done as usize] + self.outcomes[Outcome::MissedDeadline as usize]
    }

    /// The part of the summary that there is for each function, too.
    pub(super) fn json(&self) -> Map<String, Value> {
        let (created, answered) = (self.created() as f64, self.answered() as f64);
        let outcomes: Map<String, Value> = Outcome::ALL
            .iter()
            .map(|&outcome| (outcome.name().into(), json!(self.outcomes[outcome as usize])))
            .collect();
        let quantile = |fraction| self.quantiles.quantile(fraction).map_or(json!(null), number);
        let share = |way: Way| ratio(self.ways[way as usize] as f64, created);
        let longest_s = if answered > 0.0 { number(self.longest_s) } else { json!(null) };
        let all = json!({
            "created": self.created(),
            "outcomes": outcomes,
            "response_s": {
                "mean": ratio(self.response_s, answered),
                "p50": quantile(0.5),
                "p95": quantile(0.95),
                "p99": quantile(0.99),
                "p999": quantile(0.999),
                "max": longest_s,
            },
            "network_s": { "mean": ratio(self.network_s, answered) },
            "queue_s": { "mean": ratio(self.queue_s, answered) },
            "start_s": { "mean": ratio(self.start_s, answered) },
            "execution_s": { "mean": ratio(self.execution_s, answered) },
            "cold_starts": self.cold,
            "cold_start_probability": ratio(self.cold as f64, self.served as f64),
            "local_share": share(Way::Local),
            "forwarded_share": share(Way::Forwarded),
            "cloud_share": share(Way::Cloud),
            "rejected_share": share(Way::Rejected),
            "deadline_met_share": ratio(self.in_time as f64, self.with_deadline as f64),
        });
        match all {
            Value::Object(all) => all,
            _ => Map::new(),
        }
    }
}
