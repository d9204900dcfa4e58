//! What is counted of requests and applications for the summary.

use super::outcome::Outcome;
use crate::engine::{Quantiles, SimDuration, SimTime, Summary};
use crate::infra::applications::ViolationKind;
use serde_json::{Value, json};

/// Joules of a watt-hour.
const WH_J: f64 = 3600.0;

/// Seconds of an hour, and bytes of a gigabyte.
const HOUR_S: f64 = 3600.0;
const GB: f64 = 1e9;

/// Seconds of a finished request, and in which stages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    pub(super) response_s: f64,
    pub(super) network_s: f64,
    pub(super) wait_s: f64,
    pub(super) processing_s: f64,
}

/// A number of the summary; null where there is none.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(null) }
}

/// The requests of a flow; of an application or of all they are sums.
#[derive(Debug, Default)]
pub(super) struct FlowCounts {
    pub(super) outcomes: [u64; Outcome::ALL.len()],
    response_s: Summary,
    quantiles: Quantiles,
    network_s: Summary,
    wait_s: Summary,
    processing_s: Summary,
    /// ECLYPSE's response time at the control steps at which it was finite.
    pub(super) analytic_s: Summary,
}

impl FlowCounts {
    pub(super) fn add(&mut self, outcome: Outcome, spans: Option<&Spans>) {
        self.outcomes[outcome as usize] += 1;
        let Some(spans) = spans else { return };
        self.response_s.add(spans.response_s);
        self.quantiles.add(spans.response_s);
        self.network_s.add(spans.network_s);
        self.wait_s.add(spans.wait_s);
        self.processing_s.add(spans.processing_s);
    }

    /// Adds the requests of another; the analytic response time is one of its own on each level.
    pub(super) fn merge(&mut self, other: &FlowCounts) {
        for (own, other) in self.outcomes.iter_mut().zip(&other.outcomes) {
            *own += other;
        }
        self.response_s.merge(&other.response_s);
        self.quantiles.merge(&other.quantiles);
        self.network_s.merge(&other.network_s);
        self.wait_s.merge(&other.wait_s);
        self.processing_s.merge(&other.processing_s);
    }

    pub(super) fn created(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    pub(super) fn json(&self) -> Value {
        let created = self.created();
        let outcomes: serde_json::Map<_, _> = Outcome::ALL
            .iter()
            .map(|&outcome| (outcome.name().into(), json!(self.outcomes[outcome as usize])))
            .collect();
        let judged = (created - self.outcomes[Outcome::Unfinished as usize]) as f64;
        let quantile = |fraction| json!(self.quantiles.quantile(fraction));
        json!({
            "created": created,
            "outcomes": outcomes,
            "success_share": number(self.outcomes[Outcome::Done as usize] as f64 / judged),
            "response_s": {
                "mean": number(self.response_s.mean()),
                "p50": quantile(0.5),
                "p95": quantile(0.95),
                "p99": quantile(0.99),
                "max": number(self.response_s.max()),
            },
            "network_s": { "mean": number(self.network_s.mean()) },
            "wait_s": { "mean": number(self.wait_s.mean()) },
            "processing_s": { "mean": number(self.processing_s.mean()) },
            "analytic_response_s": {
                "mean": number(self.analytic_s.mean()),
                "max": number(self.analytic_s.max()),
            },
        })
    }
}

/// What instances of an application hold and use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    pub(super) core_s: f64,
    pub(super) memory_byte_s: f64,
    /// Joules that are attributed, and those of them that are of idle power.
    pub(super) energy_j: f64,
    pub(super) idle_j: f64,
    /// What the energy costs by the prices of the sites, in their currency.
    pub(super) site_cost: f64,
}

/// Prices of what applications use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    /// Money for a core that is held for an hour.
    pub core_hour: f64,
    /// Money for a gigabyte of memory that is held for an hour.
    pub memory_gb_hour: f64,
    /// Money for a gigabyte that is sent.
    pub transfer_gb: f64,
    /// Money for a joule of the energy that is attributed; by the prices of the sites of the nodes if none.
    pub energy_j: Option<f64>,
}

/// What is counted of an application; of all it is the sum.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) violations: [u64; ViolationKind::ALL.len()],
    /// Placements that were accepted, and that were refused.
    pub(super) placements: u64,
    pub(super) rejections: u64,
    /// Replicas that came to another node than before, the first time not counted.
    pub(super) placement_changes: u64,
    pub(super) migrations: u64,
    pub(super) afresh: u64,
    pub(super) abandoned: u64,
    pub(super) migration_downtime_s: Summary,
    pub(super) reroutes: u64,
    pub(super) sent_bytes: f64,
    pub(super) used: Used,
}

impl Account {
    pub(super) fn merge(&mut self, other: &Account) {
        for (own, other) in self.violations.iter_mut().zip(&other.violations) {
            *own += other;
        }
        self.placements += other.placements;
        self.rejections += other.rejections;
        self.placement_changes += other.placement_changes;
        self.migrations += other.migrations;
        self.afresh += other.afresh;
        self.abandoned += other.abandoned;
        self.migration_downtime_s.merge(&other.migration_downtime_s);
        self.reroutes += other.reroutes;
        self.sent_bytes += other.sent_bytes;
        self.used.core_s += other.used.core_s;
        self.used.memory_byte_s += other.used.memory_byte_s;
        self.used.energy_j += other.used.energy_j;
        self.used.idle_j += other.used.idle_j;
        self.used.site_cost += other.used.site_cost;
    }

    /// Its part of the summary, into that of the requests.
    pub(super) fn write(&self, summary: &mut Value, prices: &Prices) {
        let used = &self.used;
        let violations: serde_json::Map<_, _> = ViolationKind::ALL
            .iter()
            .map(|&kind| (kind.name().into(), json!(self.violations[kind as usize])))
            .collect();
        summary["violations"] = violations.into();
        summary["violations"]["all"] = json!(self.violations.iter().sum::<u64>());
        for (key, count) in [
            ("placements", self.placements),
            ("rejections", self.rejections),
            ("placement_changes", self.placement_changes),
            ("migrations", self.migrations),
            ("afresh", self.afresh),
            ("abandoned_moves", self.abandoned),
            ("reroutes", self.reroutes),
        ] {
            summary[key] = json!(count);
        }
        summary["migration_downtime_s"] = json!({
            "mean": number(self.migration_downtime_s.mean()),
            "max": number(self.migration_downtime_s.max()),
            "sum": self.migration_downtime_s.sum(),
        });
        let energy_j = used.energy_j;
        summary["energy_wh"] = json!({
            "all": energy_j / WH_J,
            "dynamic": (energy_j - used.idle_j) / WH_J,
            "idle": used.idle_j / WH_J,
        });
        let cores = used.core_s / HOUR_S * prices.core_hour;
        let memory = used.memory_byte_s / GB / HOUR_S * prices.memory_gb_hour;
        let transfers = self.sent_bytes / GB * prices.transfer_gb;
        let energy = prices.energy_j.map_or(used.site_cost, |price| price * energy_j);
        summary["sent_bytes"] = json!(self.sent_bytes);
        summary["core_hours"] = json!(used.core_s / HOUR_S);
        summary["cost"] = json!({
            "all": cores + memory + transfers + energy,
            "cores": cores,
            "memory": memory,
            "transfers": transfers,
            "energy": energy,
        });
    }
}

/// For how long something was so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// What was before is not counted.
    from: SimTime,
    since: SimTime,
    is_so: bool,
    total: SimDuration,
}

impl Span {
    pub(super) fn new(from: SimTime) -> Self {
        Span { from, since: from, is_so: false, total: SimDuration::ZERO }
    }

    pub(super) fn set(&mut self, now: SimTime, is_so: bool) {
        self.total = self.total(now);
        (self.since, self.is_so) = (now.max(self.from), is_so);
    }

    pub(super) fn is_so(&self) -> bool {
        self.is_so
    }

    fn total(&self, now: SimTime) -> SimDuration {
        if self.is_so && now > self.since { self.total + now.since(self.since) } else { self.total }
    }

    /// Seconds up to `now`.
    pub(super) fn total_s(&self, now: SimTime) -> f64 {
        self.total(now).as_secs()
    }

    /// The share of the time up to `now`; null if no time has passed.
    pub(super) fn share(&self, now: SimTime) -> Value {
        if now <= self.from {
            return json!(null);
        }
        json!(self.total_s(now) / now.since(self.from).as_secs())
    }
}
