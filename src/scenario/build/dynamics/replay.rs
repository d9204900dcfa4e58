//! Replays: from files to series.

use super::{Builder, quantity, span};
use crate::engine::SimTime;
use crate::infra::dynamics::{Attribute, Change, Missing, Replay, ReplaySeries, Subject};
use crate::scenario::Site;
use crate::scenario::format::{ReplayInterpolation, ReplayMissing, ReplaySpec};
use crate::scenario::import::read_replay;
use std::collections::BTreeMap;

impl Builder<'_> {
    /// The name of a subject in files.
    fn name_of(&self, subject: Subject) -> Option<&str> {
        match subject {
            Subject::Node(node) => Some(self.directory.name(node)),
            Subject::Link(link) => {
                let own = self.links.iter().find(|(_, own)| **own == link);
                own.map(|(name, _)| name.as_str())
            }
        }
    }

    /// The replay of a file; errors go to `site`.
    pub(super) fn replay(
        &self,
        spec: &ReplaySpec,
        attribute: Attribute,
        subjects: &[Subject],
        site: &Site<'_>,
    ) -> Option<Box<dyn Change>> {
        if cfg!(not(feature = "parquet")) && spec.file.ends_with(".parquet") {
            site.key("file").error_with_help(
                "this program was built without Parquet",
                "build it with the feature `parquet`, or write the file as CSV, plain or gzipped",
            );
            return None;
        }
        let (is_relative, multiply) = self.unit(spec, attribute, site)?;
        let period = spec.period.map(span);
        if period.is_some_and(|period| period.as_nanos() == 0) {
            site.key("period").error("it must be above 0");
            return None;
        }
        let columns = [spec.time.as_str(), spec.subject.as_str(), spec.value.as_str()];
        let here = site.key("file");
        let rows = here.check(read_replay(here.file(&spec.file), columns))?;
        let mut names: BTreeMap<&str, Subject> = BTreeMap::new();
        for &subject in subjects {
            if let Some(name) = self.name_of(subject) {
                names.insert(spec.mapping.get(name).map_or(name, String::as_str), subject);
            }
        }
        let mut series: BTreeMap<Subject, ReplaySeries> = BTreeMap::new();
        for (seconds, name, value) in &rows {
            if let Some(&subject) = names.get(name.as_str()) {
                let value = value.map(|value| value * multiply);
                series.entry(subject).or_default().points.push((SimTime::from_secs(*seconds), value));
            }
        }
        if series.is_empty() {
            let example = names.keys().next().copied().unwrap_or_default();
            here.error(format!("it has no row of anything that is selected, such as {example:?}"));
            return None;
        }
        for (&subject, own) in &mut series {
            own.points.sort_by_key(|(time, _)| *time);
            if let Some(pair) = own.points.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                here.error(format!(
                    "{:?} has two values at {}",
                    self.name_of(subject).unwrap_or_default(),
                    pair[0].0
                ));
                return None;
            }
        }
        let last = series.values().filter_map(|own| own.points.last()).map(|(time, _)| *time).max();
        if let (Some(last), Some(period)) = (last, period)
            && last >= SimTime::ZERO + period
        {
            site.key("period").error_with_help(
                format!(
                    "rows of {:?} go on to {last}, beyond the period, and would never be used",
                    spec.file
                ),
                "give a longer `period`, or leave those rows out of the file",
            );
            return None;
        }
        let missing = match spec.missing {
            ReplayMissing::Keep => Missing::Keep,
            ReplayMissing::Base => Missing::Base,
        };
        let is_linear = spec.interpolation == ReplayInterpolation::Linear;
        Some(Box::new(Replay::new(series, is_relative, is_linear, period, missing)))
    }

    /// Whether values are shares of the base, and what they are multiplied by.
    fn unit(&self, spec: &ReplaySpec, attribute: Attribute, site: &Site<'_>) -> Option<(bool, f64)> {
        match (spec.unit.as_deref(), quantity(attribute)) {
            (None, _) => Some((false, 1.0)),
            (Some("%"), _) => Some((true, 0.01)),
            (Some(unit), Some(kind)) => {
                let one = site.key("unit").check(kind.parse(&format!("1 {unit}")))?;
                Some((false, one))
            }
            (Some(unit), None) => {
                site.key("unit").error(format!(
                    "{} has no unit {unit:?}; leave it out, or write \"%\" for shares of the base",
                    attribute.name()
                ));
                None
            }
        }
    }
}
