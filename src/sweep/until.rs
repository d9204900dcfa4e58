//! How often a point is run: a fixed number of times, or until its mean is known well enough.

use super::aggregate::Interval;
use super::format::{HalfWidth, SweepSpec, UntilSpec};
use crate::scenario::{Path, Ratio, Site};

/// The seeds of replications, the same for each point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seeds {
    From(u64),
    Listed(Vec<u64>),
}

impl Seeds {
    /// The seed of a replication; they wrap around after 2^64 - 1.
    pub(super) fn get(&self, replication: u32) -> u64 {
        match self {
            Seeds::From(first) => first.wrapping_add(u64::from(replication)),
            Seeds::Listed(seeds) => seeds.get(replication as usize).copied().unwrap_or_default(),
        }
    }
}

/// What a run of a point came to, as far as stopping is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen {
    /// With this value of the metric that decides, if there is one and the run has it.
    Done(Option<f64>),
    Failed,
}

/// The rule for the number of replications.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Replications {
    Fixed(u32),
    Until(Until),
}

/// The rule of sequential stopping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Until {
    pub(super) metric: Path,
    target: Target,
    confidence: f64,
    min: u32,
    max: u32,
    batch: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Absolute(f64),
    Share(f64),
}

impl Replications {
    /// The rule that a sweep file gives; errors go to `site`, the root of the file.
    pub(super) fn new(spec: &SweepSpec, site: &Site<'_>) -> Option<Replications> {
        if spec.replications.is_some() && spec.seeds.is_some() {
            site.key("replications").error("`seeds` says already how many runs a point has");
            return None;
        }
        if let Some(seeds) = &spec.seeds
            && let Some(index) = (1..seeds.len()).find(|&index| seeds[..index].contains(&seeds[index]))
        {
            let message = format!("seed {} is given twice: the runs would be the same", seeds[index]);
            site.key("seeds").index(index).error(message);
            return None;
        }
        match &spec.until {
            Some(until) => Until::new(until, spec, site).map(Replications::Until),
            None => {
                let listed = spec.seeds.as_ref().map(|seeds| seeds.len() as u32);
                Some(Replications::Fixed(listed.or(spec.replications).unwrap_or(1)))
            }
        }
    }

    /// How many replications a point has to have, as far as can be said from what is known of its first
    /// ones. A pure function of their results, so that it does not matter when or where they were run.
    pub(super) fn wanted(&self, seen: impl Fn(u32) -> Option<Seen>) -> u32 {
        let until = match self {
            Replications::Fixed(count) => return *count,
            Replications::Until(until) => until,
        };
        let mut wanted = until.min;
        let mut values = Vec::new();
        for replication in 0..until.max {
            if replication == wanted {
                if until.is_reached(&values) {
                    break;
                }
                wanted = wanted.saturating_add(until.batch).min(until.max);
            }
            match seen(replication) {
                Some(Seen::Done(value)) => values.extend(value),
                // No more of what fails: the point is reported with what there is.
                Some(Seen::Failed) | None => break,
            }
        }
        wanted
    }

    /// The replications that each point has at least.
    pub(super) fn least(&self) -> u32 {
        match self {
            Replications::Fixed(count) => *count,
            Replications::Until(until) => until.min,
        }
    }

    /// The replications that a point has at most.
    pub(super) fn most(&self) -> u32 {
        match self {
            Replications::Fixed(count) => *count,
            Replications::Until(until) => until.max,
        }
    }

    /// The level of the confidence intervals that results are given with.
    pub(super) fn confidence(&self) -> f64 {
        match self {
            Replications::Fixed(_) => super::format::default_confidence().as_fraction(),
            Replications::Until(until) => until.confidence,
        }
    }

    /// The metric that decides, if one does.
    pub(super) fn metric(&self) -> Option<&Path> {
        match self {
            Replications::Fixed(_) => None,
            Replications::Until(until) => Some(&until.metric),
        }
    }
}

impl Until {
    fn new(spec: &UntilSpec, sweep: &SweepSpec, root: &Site<'_>) -> Option<Until> {
        let site = root.key("until");
        if sweep.replications.is_some() {
            root.key("replications").error_with_help(
                "`until` decides how many runs a point has",
                "give `min_replications` and `max_replications` in `until` instead",
            );
            return None;
        }
        let (min, mut max) = (spec.min_replications, spec.max_replications);
        if let Some(seeds) = &sweep.seeds {
            max = max.min(seeds.len() as u32);
        }
        if max < min {
            site.error(format!(
                "a point would have at least {min} runs and at most {max}: raise `max_replications` or the \
                 number of `seeds`, or lower `min_replications`"
            ));
            return None;
        }
        let metric = site.key("metric").check(spec.metric.parse())?;
        let confidence = spec.confidence.as_fraction();
        if !(confidence > 0.0 && confidence < 1.0) {
            site.key("confidence").error("the level must be above 0 and below 1; usual is 0.95");
            return None;
        }
        let target = match &spec.half_width {
            HalfWidth::Absolute(width) => Target::Absolute(*width),
            HalfWidth::Share(text) => {
                let here = site.key("half_width");
                let share = here.check(Ratio::KIND.parse(text))?;
                if !text.contains('%') {
                    here.error_with_help(
                        "a share of the mean is written with its unit, as \"2 %\"",
                        "write a number, without quotes, for a half-width in the unit of the metric",
                    );
                    return None;
                }
                Target::Share(share)
            }
        };
        let (Target::Absolute(size) | Target::Share(size)) = target;
        if size <= 0.0 {
            site.key("half_width").error("the half-width must be above 0");
            return None;
        }
        Some(Until { metric, target, confidence, min, max, batch: spec.batch })
    }

    fn is_reached(&self, values: &[f64]) -> bool {
        let Some(interval) = Interval::of(values.iter().copied(), self.confidence) else {
            return false;
        };
        let target = match self.target {
            Target::Absolute(width) => width,
            Target::Share(share) => share * interval.mean.abs(),
        };
        interval.half_width <= target
    }
}
