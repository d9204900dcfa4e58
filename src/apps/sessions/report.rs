//! What is counted, and the summary.

use super::actions::EndedAction;
use super::outcome::SessionOutcome;
use super::requests::Ended;
use super::workload::Sessions;
use crate::apps::agents::{AgentId, Agents};
use crate::apps::orchestration::{ActionEnd, ActionKind, AgentLayout, TreeShape};
use crate::engine::{Quantiles, SimTime, Summary};
use serde_json::{Value, json};

/// A number of the summary; null where there is none.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(null) }
}

/// The quantile of ascending values, interpolated between the two that are next to it; null of none.
fn quantile(sorted: &[f64], fraction: f64) -> Value {
    let place = fraction * sorted.len().saturating_sub(1) as f64;
    let (lower, upper) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(lower), sorted.get(upper)) {
        (Some(low), Some(high)) => json!(low + (high - low) * (place - place.floor())),
        _ => json!(null),
    }
}

/// Actions of a kind.
#[derive(Debug, Default)]
struct Actions {
    ends: [u64; ActionEnd::ALL.len()],
    /// Of those that were done.
    durations_s: Vec<f64>,
    hops: Summary,
    asked: Summary,
}

impl Actions {
    fn of(&self, end: ActionEnd) -> u64 {
        self.ends[end as usize]
    }

    fn json(&self) -> Value {
        let failed = [ActionEnd::NoTarget, ActionEnd::TimedOut, ActionEnd::Lost, ActionEnd::Abandoned];
        let mut sorted = self.durations_s.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        json!({
            "done": self.of(ActionEnd::Done),
            "failed": failed.iter().map(|&end| self.of(end)).sum::<u64>(),
            "refused_locally": self.of(ActionEnd::RefusedLocally),
            "p01_s": quantile(&sorted, 0.01),
            "p50_s": quantile(&sorted, 0.5),
            "p75_s": quantile(&sorted, 0.75),
            "p90_s": quantile(&sorted, 0.9),
            "p99_s": quantile(&sorted, 0.99),
            "hops_mean": number(self.hops.mean()),
            "asked_mean": number(self.asked.mean()),
        })
    }
}

/// What is counted from the end of the warm-up on.
#[derive(Debug, Default)]
pub(super) struct Totals {
    outcomes: [u64; SessionOutcome::ALL.len()],
    violated: u64,
    latency_s: Summary,
    quantiles: Quantiles,
    pub(super) queries: u64,
    pub(super) unanswered: u64,
    pub(super) query_s: Quantiles,
    pub(super) violation_user_s: f64,
    /// Longest time for which a user was told to go where there was no instance.
    pub(super) stale_s: f64,
    /// Instances of the start that found their node taken by others.
    pub(super) not_placed: u32,
    actions: [Actions; ActionKind::ALL.len()],
    /// Longest time for which a node looked for a parent.
    orphan_s: f64,
}

impl Totals {
    pub(super) fn count_action(&mut self, ended: &EndedAction) {
        let kind = ended.action.kind;
        let own = &mut self.actions[kind as usize];
        own.ends[ended.end as usize] += 1;
        if ended.end == ActionEnd::Done {
            own.durations_s.push(ended.duration_s());
            own.hops.add(f64::from(ended.action.hops));
            own.asked.add(f64::from(ended.action.asked));
        }
        if kind == ActionKind::AssignParent {
            self.orphan_s = self.orphan_s.max(ended.duration_s());
        }
    }
}

/// What is counted of a service since the last sample.
#[derive(Debug, Default)]
pub(super) struct Period {
    pub(super) requests: u64,
    pub(super) violated: u64,
    pub(super) latency_s: Quantiles,
}

/// How long it takes after a disturbance until no more requests are served badly than before.
#[derive(Debug, Default)]
pub(super) struct Normalisation {
    /// Share of the requests of the last sample that were served badly.
    last: f64,
    before: f64,
    since: Option<SimTime>,
    took_s: Option<f64>,
}

impl Normalisation {
    /// Something goes wrong, or an experiment forces something.
    pub(super) fn disturb(&mut self, now: SimTime) {
        if self.since.is_none() || self.took_s.is_some() {
            self.before = self.last;
        }
        (self.since, self.took_s) = (Some(now), None);
    }

    /// The share of the last period; `None` if there were no requests.
    pub(super) fn sample(&mut self, now: SimTime, share: Option<f64>) {
        let Some(share) = share else { return };
        self.last = share;
        let since = self.since.filter(|&since| self.took_s.is_none() && now > since);
        if let Some(since) = since.filter(|_| share <= self.before) {
            self.took_s = Some(now.since(since).as_secs());
        }
    }
}

/// What the summary has of agents and trees, found when the run has ended.
#[derive(Debug, Default)]
pub(super) struct Ending {
    plane: Value,
    shapes: Vec<TreeShape>,
    span_s: f64,
}

impl Sessions {
    /// Counts a request that has ended.
    pub(super) fn count(&mut self, ended: &Ended) {
        let has_ended = ended.outcome != SessionOutcome::Unfinished;
        if has_ended {
            let period = &mut self.periods[ended.service as usize];
            period.requests += 1;
            period.violated += u64::from(ended.is_violated);
            if let Some(latency_s) = ended.latency_s {
                period.latency_s.add(latency_s);
            }
        }
        if !ended.is_counted {
            return;
        }
        let totals = &mut self.totals;
        totals.outcomes[ended.outcome as usize] += 1;
        totals.violated += u64::from(ended.is_violated);
        if let Some(latency_s) = ended.latency_s {
            totals.latency_s.add(latency_s);
            totals.quantiles.add(latency_s);
        }
    }

    /// Notes what the control plane has come to.
    pub(super) fn note_ending(&mut self, context: &mut dyn crate::apps::Context) {
        let now = context.now();
        let plane = context.control_plane(self.options.plane.number);
        let services = 0..self.options.services.len() as u32;
        self.ending = Ending {
            plane: plane.map_or(Value::Null, |plane| plane.summary()),
            shapes: plane.map_or_else(Vec::new, |plane| {
                services.filter_map(|service| plane.shape(service)).collect()
            }),
            span_s: now.since(self.warm_up_end.min(now)).as_secs(),
        };
    }

    pub(super) fn summary(&self, agents: &Agents) -> Value {
        let totals = &self.totals;
        let outcome = |outcome| totals.outcomes[outcome as usize];
        let [done, refused, lost] =
            [SessionOutcome::Done, SessionOutcome::Refused, SessionOutcome::Lost].map(outcome);
        let requests: u64 = totals.outcomes.iter().sum();
        let quantile = |fraction| json!(totals.quantiles.quantile(fraction));
        let of = |kind: ActionKind| &totals.actions[kind as usize];
        let span_s = self.ending.span_s;
        let mut mail = (0, 0.0);
        let (mut most, mut sum) = (0, 0);
        for agent in 0..agents.len() as u32 {
            let own = agents.counts(AgentId(agent));
            let sent: u64 = own.sent.iter().sum();
            let handled = sent + own.received.iter().sum::<u64>();
            mail = (mail.0 + sent, mail.1 + own.bytes.iter().sum::<f64>());
            most = most.max(handled);
            if (agent as usize) < self.options.platforms.len() {
                sum += handled;
            }
        }
        let a_second = |count: u64| number(count as f64 / span_s);
        let platforms = self.options.platforms.len() as f64;
        let busy_share = match self.options.plane.layout {
            AgentLayout::PerPlatformAndCentral { .. } => {
                let centre = AgentId(self.options.platforms.len() as u32);
                agents.counts(centre).busy_s / span_s
            }
            AgentLayout::None | AgentLayout::PerPlatform => 0.0,
        };
        let shapes = &self.ending.shapes;
        let depth = shapes.iter().map(|shape| shape.depth_max).max();
        let children = shapes.iter().map(|shape| shape.children_mean).sum::<f64>() / shapes.len() as f64;
        let mut summary = agents.summary();
        let ended = (done + refused + lost) as f64;
        let own = json!({
            "requests": requests,
            "done": done,
            "refused": refused,
            "lost": lost,
            "unfinished": outcome(SessionOutcome::Unfinished),
            "latency_s": {
                "mean": number(totals.latency_s.mean()),
                "p50": quantile(0.5),
                "p95": quantile(0.95),
                "p99": quantile(0.99),
            },
            "violation_share": number(totals.violated as f64 / ended),
            "violation_user_s": totals.violation_user_s,
            "queries": totals.queries,
            "queries_unanswered": totals.unanswered,
            "query_s": { "p50": totals.query_s.quantile(0.5), "p95": totals.query_s.quantile(0.95) },
            "stale_s": { "max": totals.stale_s },
            "migrations": of(ActionKind::Migrate).json(),
            "replications": of(ActionKind::Replicate).json(),
            "terminations": of(ActionKind::Terminate).of(ActionEnd::Done),
            "takeovers": of(ActionKind::TakeOver).of(ActionEnd::Done),
            "orphan_s": { "max": totals.orphan_s },
            "messages": mail.0,
            "bytes": mail.1,
            "messages_per_platform_s": number(sum as f64 / platforms / span_s),
            "messages_per_platform_s_max": a_second(most),
            "central_busy_share": number(busy_share),
            "normalisation_s": self.normalisation.took_s,
            "instances": self.instance_counts.iter().sum::<u32>(),
            "instances_not_placed": totals.not_placed,
            "tree": { "depth": depth, "children_mean": number(children) },
            "control": self.ending.plane,
        });
        if let (Some(all), Value::Object(own)) = (summary.as_object_mut(), own) {
            // Requests are those of users here.
            let asked = all.remove("requests").unwrap_or_default();
            if let Some(mail) = all.get_mut("mail").and_then(Value::as_object_mut) {
                mail.insert("requests".into(), asked);
            }
            all.extend(own);
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_interpolated() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&sorted, 0.5), json!(3.0));
        assert_eq!((quantile(&sorted, 0.0), quantile(&sorted, 1.0)), (json!(1.0), json!(8.0)));
        assert_eq!((quantile(&[5.0], 0.99), quantile(&[], 0.5)), (json!(5.0), json!(null)));
    }

    #[test]
    fn it_is_normal_again_when_no_more_are_served_badly_than_before_the_disturbance() {
        let at = SimTime::from_secs;
        let mut own = Normalisation::default();
        own.sample(at(10.0), Some(0.1));
        assert_eq!(own.took_s, None);
        own.disturb(at(12.0));
        own.sample(at(20.0), Some(0.5));
        // One more before it is over: the share of before the first still counts, the time is since the last.
        own.disturb(at(25.0));
        own.sample(at(30.0), None);
        own.sample(at(40.0), Some(0.2));
        assert_eq!(own.took_s, None);
        own.sample(at(50.0), Some(0.1));
        assert_eq!(own.took_s, Some(25.0));
        own.sample(at(60.0), Some(0.9));
        assert_eq!(own.took_s, Some(25.0));
        own.disturb(at(61.0));
        own.sample(at(70.0), Some(0.8));
        assert_eq!(own.took_s, Some(9.0));
    }
}
