//! Values that were measured, in place of the base.

use super::change::{Change, Contribution, Setup, Tick};
use super::target::Subject;
use crate::engine::{SimDuration, SimTime};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The values of one subject over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplaySeries {
    /// Instants, rising, and the value from then on; `None` where it is missing.
    pub points: Vec<(SimTime, Option<f64>)>,
}

/// What counts where a value is missing, be it before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// The value before; the base if there was none.
    #[default]
    Keep,
    /// The base.
    Base,
}

/// Values, or factors, from series. Steps happen at the instants of the series, whatever the timetable; between
/// values on straight lines the timetable says when they are looked at.
#[derive(Clone, Debug)]
pub struct Replay {
    series: BTreeMap<Subject, Arc<ReplaySeries>>,
    is_relative: bool,
    is_linear: bool,
    period: Option<SimDuration>,
    of_member: Vec<Option<Arc<ReplaySeries>>>,
    /// All instants of all series, in order.
    instants: Vec<SimTime>,
    next: SimTime,
}

impl Replay {
    /// The series of some subjects; others keep their base. `is_relative` if they are factors of the base, `is_linear`
    /// to draw straight lines between values, with a `period` (> 0) after which all begin anew.
    #[must_use]
    pub fn new(
        mut series: BTreeMap<Subject, ReplaySeries>,
        is_relative: bool,
        is_linear: bool,
        period: Option<SimDuration>,
        missing: Missing,
    ) -> Self {
        if missing == Missing::Keep {
            for own in series.values_mut() {
                let mut last = None;
                for (_, value) in &mut own.points {
                    *value = value.or(last);
                    last = *value;
                }
            }
        }
        let points = series.values().flat_map(|own| own.points.iter().map(|(time, _)| *time));
        let within = |time: &SimTime| period.is_none_or(|period| time.as_nanos() < period.as_nanos());
        let mut instants: Vec<SimTime> = points.filter(within).collect();
        instants.sort_unstable();
        instants.dedup();
        Replay {
            series: series.into_iter().map(|(subject, own)| (subject, Arc::new(own))).collect(),
            is_relative,
            is_linear,
            period: period.filter(|period| *period > SimDuration::ZERO),
            of_member: Vec::new(),
            instants,
            next: SimTime::MAX,
        }
    }

    /// How far into the series an instant is, and when they have begun.
    fn place(&self, now: SimTime) -> (SimTime, SimTime) {
        match self.period {
            None => (now, SimTime::ZERO),
            Some(period) => {
                let inside = now.as_nanos() % period.as_nanos();
                (SimTime::from_nanos(inside), SimTime::from_nanos(now.as_nanos() - inside))
            }
        }
    }

    /// The first instant of the series after `now`.
    fn next_after(&self, now: SimTime) -> SimTime {
        let (inside, begun) = self.place(now);
        let at = self.instants.partition_point(|&time| time <= inside);
        match (self.instants.get(at), self.period, self.instants.first()) {
            (Some(time), ..) => begun + time.since(SimTime::ZERO),
            (None, Some(period), Some(first)) => begun + period + first.since(SimTime::ZERO),
            _ => SimTime::MAX,
        }
    }

    fn value(&self, series: &ReplaySeries, inside: SimTime) -> Option<f64> {
        let after = series.points.partition_point(|(time, _)| *time <= inside);
        let (since, value) = *series.points.get(after.checked_sub(1)?)?;
        let value = value?;
        match series.points.get(after) {
            Some(&(until, Some(next))) if self.is_linear => {
                let part = inside.since(since).as_secs() / until.since(since).as_secs();
                Some(value + (next - value) * part)
            }
            _ => Some(value),
        }
    }
}

impl Change for Replay {
    fn start(&mut self, setup: &Setup<'_>) {
        let own = |subject: &Subject| self.series.get(subject).cloned();
        self.of_member = setup.members.iter().map(|member| own(&member.subject)).collect();
        if !self.is_linear {
            self.next = self.instants.first().copied().unwrap_or(SimTime::MAX);
        }
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        let (inside, _) = self.place(tick.now);
        for (member, series) in self.of_member.iter().enumerate() {
            let value = series.as_ref().and_then(|series| self.value(series, inside));
            let contribution = match value {
                None => Contribution::NEUTRAL,
                Some(value) if self.is_relative => Contribution::factor(value),
                Some(value) => Contribution::set(value),
            };
            tick.set(member, contribution);
        }
        if !self.is_linear {
            self.next = self.next_after(tick.now);
        }
    }

    fn wake(&self) -> SimTime {
        self.next
    }
}
