//! Axes: the levels that each can take, and what a level sets in the scenario.

use super::format::{AxisSpec, RangeSpec, Scale};
use crate::scenario::{Path, Site};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One value of the scenario that a level sets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    /// Where in the scenario.
    pub(super) target: Path,
    pub(super) value: Value,
    /// Where in the sweep file it is asked for.
    pub(super) place: Path,
}

/// One position on an axis: what its columns show, and what it sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Level {
    pub(super) labels: Vec<Value>,
    pub(super) settings: Vec<Setting>,
}

/// A column of the results that an axis makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisColumn {
    /// Its name.
    pub name: String,
    /// The unit of its numbers; empty if it has none.
    pub unit: String,
}

/// An axis whose form is good.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) columns: Vec<AxisColumn>,
    levels: Levels,
}

#[derive(Clone, Debug)]
enum Levels {
    Listed(Vec<Level>),
    /// Any number of a range, for samples.
    Open {
        range: RangeSpec,
        target: Path,
        place: Path,
    },
    /// Axes drawn together, at least one of them open.
    Together(Vec<Axis>),
}

/// A number as JSON: whole ones as integers, so that they can count things.
fn number(value: f64) -> Value {
    // Every whole number below 2^53 is exact in both forms.
    if value.fract() == 0.0 && value.abs() < 9e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

impl RangeSpec {
    /// The number at `share` of the way, from 0 to 1, with twelve significant digits: enough for any input,
    /// and free of what rounding leaves behind.
    fn at(&self, share: f64) -> f64 {
        let value = match self.scale {
            Scale::Linear => self.from * (1.0 - share) + self.to * share,
            Scale::Logarithmic => self.from * (self.to / self.from).powf(share),
        };
        let value = format!("{value:.11e}").parse().unwrap_or(value);
        if self.whole { f64::round(value) } else { value }
    }

    fn level(&self, share: f64, target: &Path, place: &Path) -> Level {
        let label = number(self.at(share));
        let value = match &self.unit {
            Some(unit) => Value::from(format!("{label} {unit}")),
            None => label.clone(),
        };
        let setting = Setting { target: target.clone(), value, place: place.clone() };
        Level { labels: vec![label], settings: vec![setting] }
    }

    fn check(&self, site: &Site<'_>, is_sample: bool) -> Option<()> {
        if self.from == self.to {
            site.error("the range has no length: `from` and `to` are the same number");
            return None;
        }
        if self.scale == Scale::Logarithmic && !(self.from > 0.0 && self.to > 0.0) {
            site.error_with_help(
                "a logarithmic range needs ends above 0",
                "choose other ends, or the linear scale",
            );
            return None;
        }
        if self.count.is_none() && !is_sample {
            site.error("`count` is missing: how many numbers the range has");
            return None;
        }
        Some(())
    }
}

/// The path that an axis sets, read and reported.
fn target(text: &str, site: &Site<'_>) -> Option<Path> {
    let path: Path = site.check(text.parse())?;
    if path.to_string() == "seed" {
        site.error_with_help(
            "the seed is no axis: all points are run with the same seeds",
            "give `replications` or `seeds` instead",
        );
        return None;
    }
    Some(path)
}

/// What results show for a value: the `kind` of an object if it has one, else the value.
fn label(value: &Value) -> Value {
    match value {
        Value::Object(object) => match object.get("kind") {
            Some(Value::String(kind)) => Value::from(kind.as_str()),
            _ => Value::from(value.to_string()),
        },
        Value::Array(_) | Value::Null => Value::from(value.to_string()),
        scalar => scalar.clone(),
    }
}

/// The labels of values: short if that tells them apart, else the values in full.
fn labels(values: &[Value]) -> Vec<Value> {
    let short: Vec<Value> = values.iter().map(label).collect();
    let distinct: std::collections::BTreeSet<String> = short.iter().map(Value::to_string).collect();
    if distinct.len() == short.len() {
        return short;
    }
    values
        .iter()
        .map(|value| match value {
            Value::Object(_) => Value::from(value.to_string()),
            other => label(other),
        })
        .collect()
}

impl Axis {
    /// The axis that the file describes at `site`, whose path is `place`; errors go there.
    pub(super) fn new(spec: &AxisSpec, site: &Site<'_>, place: &Path, is_sample: bool) -> Option<Axis> {
        let given = [
            spec.values.is_some(),
            spec.range.is_some(),
            spec.zip.is_some(),
            spec.alternatives.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            site.error("an axis has exactly one of `values`, `range`, `zip` and `alternatives`");
            return None;
        }
        if let Some(axes) = &spec.zip {
            if spec.path.is_some() || spec.name.is_some() {
                site.error("the axes of a `zip` have the paths and names, not the zip itself");
                return None;
            }
            return Axis::zip(axes, &site.key("zip"), &place.key("zip"), is_sample);
        }
        if let Some(alternatives) = &spec.alternatives {
            if spec.path.is_some() {
                site.key("path").error("alternatives have their paths in `set`");
                return None;
            }
            let Some(name) = spec.name.clone() else {
                site.error("alternatives need a `name` for their axis");
                return None;
            };
            let here = site.key("alternatives");
            let mut levels = Vec::new();
            for (index, alternative) in alternatives.iter().enumerate() {
                let here = here.index(index);
                let place = place.key("alternatives").index(index).key("set");
                if alternatives[..index].iter().any(|earlier| earlier.label == alternative.label) {
                    here.key("label")
                        .error(format!("another alternative has the label {:?}", alternative.label));
                    return None;
                }
                levels.push(Level {
                    labels: vec![Value::from(alternative.label.as_str())],
                    settings: settings(&alternative.set, &here.key("set"), &place)?,
                });
            }
            return Some(Axis { columns: vec![column(name, None)], levels: Levels::Listed(levels) });
        }
        let Some(path) = &spec.path else {
            site.error("`path` is missing: which value of the scenario the axis sets");
            return None;
        };
        let target = target(path, &site.key("path"))?;
        let name = spec.name.clone().unwrap_or_else(|| path.clone());
        if let Some(range) = &spec.range {
            let (site, place) = (site.key("range"), place.key("range"));
            range.check(&site, is_sample)?;
            let columns = vec![column(name, range.unit.clone())];
            let Some(count) = range.count else {
                return Some(Axis {
                    columns,
                    levels: Levels::Open { range: range.clone(), target, place },
                });
            };
            let share = |index: u32| f64::from(index) / f64::from(count - 1);
            let levels: Vec<Level> =
                (0..count).map(|index| range.level(share(index), &target, &place)).collect();
            if let Some(pair) = levels.windows(2).find(|pair| pair[0].labels == pair[1].labels) {
                site.error_with_help(
                    format!("{} comes twice after rounding", pair[0].labels[0]),
                    "lower `count`, or leave `whole` out",
                );
                return None;
            }
            return Some(Axis { columns, levels: Levels::Listed(levels) });
        }
        let values = spec.values.as_deref().unwrap_or_default();
        let place = place.key("values");
        for (index, value) in values.iter().enumerate() {
            if let Some(first) = values[..index].iter().position(|earlier| earlier == value) {
                site.key("values")
                    .index(index)
                    .error(format!("{value} is given twice, first in element {first}"));
                return None;
            }
        }
        let levels = values.iter().zip(labels(values)).enumerate().map(|(index, (value, label))| {
            let setting =
                Setting { target: target.clone(), value: value.clone(), place: place.index(index) };
            Level { labels: vec![label], settings: vec![setting] }
        });
        Some(Axis { columns: vec![column(name, None)], levels: Levels::Listed(levels.collect()) })
    }

    fn zip(specs: &[AxisSpec], site: &Site<'_>, place: &Path, is_sample: bool) -> Option<Axis> {
        let axes: Vec<Option<Axis>> = specs
            .iter()
            .enumerate()
            .map(|(index, spec)| Axis::new(spec, &site.index(index), &place.index(index), is_sample))
            .collect();
        let axes: Vec<Axis> = axes.into_iter().collect::<Option<_>>()?;
        let columns: Vec<AxisColumn> = axes.iter().flat_map(|axis| axis.columns.clone()).collect();
        let listed: Vec<(usize, usize)> = axes
            .iter()
            .enumerate()
            .filter_map(|(index, axis)| Some((index, axis.listed()?.len())))
            .collect();
        if let Some(&(first, length)) = listed.first()
            && let Some(&(other, other_length)) = listed.iter().find(|(_, l)| *l != length)
        {
            let name = |index: usize| axes[index].columns[0].name.as_str();
            site.error_with_help(
                format!(
                    "the axes of a zip need the same length: {:?} has {length} values, {:?} has \
                     {other_length}",
                    name(first),
                    name(other)
                ),
                "make the lists equally long, or take the axes out of the zip to combine all values",
            );
            return None;
        }
        if listed.len() < axes.len() {
            return Some(Axis { columns, levels: Levels::Together(axes) });
        }
        let length = listed.first().map_or(0, |(_, length)| *length);
        let levels = (0..length).map(|index| {
            let mut level = Level::default();
            for axis in &axes {
                level.add(axis.listed().and_then(|levels| levels.get(index)));
            }
            level
        });
        Some(Axis { columns, levels: Levels::Listed(levels.collect()) })
    }

    /// Its levels, if there is a list of them.
    pub(super) fn listed(&self) -> Option<&[Level]> {
        match &self.levels {
            Levels::Listed(levels) => Some(levels),
            Levels::Open { .. } | Levels::Together(_) => None,
        }
    }

    /// The level at `share` of the way along the axis, in 0..1.
    pub(super) fn at(&self, share: f64) -> Level {
        match &self.levels {
            Levels::Listed(levels) => {
                // The cast rounds down, which is what is meant.
                let index = (share * levels.len() as f64) as usize;
                levels.get(index.min(levels.len().saturating_sub(1))).cloned().unwrap_or_default()
            }
            Levels::Open { range, target, place } => range.level(share, target, place),
            Levels::Together(axes) => {
                let mut level = Level::default();
                for axis in axes {
                    level.add(Some(&axis.at(share)));
                }
                level
            }
        }
    }

    /// The first column's name, by which the axis is told from others.
    pub(super) fn name(&self) -> &str {
        self.columns.first().map_or("", |column| &column.name)
    }
}

impl Level {
    pub(super) fn add(&mut self, other: Option<&Level>) {
        if let Some(other) = other {
            self.labels.extend_from_slice(&other.labels);
            self.settings.extend_from_slice(&other.settings);
        }
    }
}

fn column(name: String, unit: Option<String>) -> AxisColumn {
    AxisColumn { name, unit: unit.unwrap_or_default() }
}

fn settings(set: &Map<String, Value>, site: &Site<'_>, place: &Path) -> Option<Vec<Setting>> {
    set.iter()
        .map(|(path, value)| {
            let target = target(path, &site.key(path))?;
            Some(Setting { target, value: value.clone(), place: place.key(path) })
        })
        .collect()
}

/// Reports names that stand for two columns, or for one that results have anyway.
pub(super) fn check_names(axes: &[(Axis, Path)], report: impl Fn(&Path, String)) {
    const TAKEN: [&str; 13] = [
        "point",
        "replication",
        "seed",
        "status",
        "error",
        "metric",
        "n",
        "mean",
        "standard_deviation",
        "confidence",
        "half_width",
        "low",
        "high",
    ];
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, (axis, place)) in axes.iter().enumerate() {
        for column in &axis.columns {
            if TAKEN.contains(&column.name.as_str()) {
                report(
                    place,
                    format!(
                        "{:?} is a column of the results; give the axis another `name`",
                        column.name
                    ),
                );
            } else if let Some(first) = used.insert(&column.name, index) {
                report(
                    place,
                    format!(
                        "axis {first} has the name {:?} too; give each a `name` of its own",
                        column.name
                    ),
                );
            }
        }
    }
}
