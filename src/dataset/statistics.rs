//! What is known of the samples: counts of all parts, and of the training part how numbers lie and which texts
//! there are.

use super::cells::Texts;
use super::exact::{self, ValueWriter};
use super::format::ScaleName;
use super::plan::{Engine, Plan, Role, ValueColumn};
use super::rows::RowReader;
use super::split::{Part, Place};
use crate::engine::{Quantiles, Summary};
use crate::records::ColumnKind;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{fs, io};

/// How many samples there are of each part.
pub(super) type PartCounts = [u64; 3];

/// What becomes of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// They are measured.
    Number,
    /// They are counted by value.
    Class,
    /// Nothing.
    Nothing,
}

impl ValueColumn {
    /// What is looked at in this column.
    pub(super) fn look(&self) -> Look {
        match (self.role, self.spec.kind) {
            (Role::Label | Role::Action, _) | (Role::Feature, ColumnKind::Category) => Look::Class,
            (Role::Feature | Role::Target | Role::Reward, _) => Look::Number,
            (Role::Next(_) | Role::Info, _) => Look::Nothing,
        }
    }
}

/// What is known of the numbers of a column in the training part.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    pub(super) summary: Summary,
    pub(super) quantiles: Quantiles,
    /// Of the fractions in [`exact::FRACTIONS`], where they were asked for.
    exact: Option<[f64; 3]>,
    nulls: u64,
}

impl Numbers {
    /// The quantile of this number among [`exact::FRACTIONS`]: exact if that was asked for, else to 1 % of its
    /// value.
    fn quantile(&self, index: usize) -> Option<f64> {
        let (least, most) = (self.summary.min(), self.summary.max());
        match self.exact {
            Some(exact) => Some(exact[index]),
            // A sketch may tell of more than there is.
            None => {
                let sketched = self.quantiles.quantile(exact::FRACTIONS[index])?;
                Some(sketched.max(least).min(most))
            }
        }
    }
}

/// The counts of one run, while it is read.
#[derive(Debug)]
pub(super) struct Counter {
    looks: Vec<Look>,
    numbers: Vec<Numbers>,
    /// By the bits of a value; for look-ups only until the end.
    classes: Vec<FxHashMap<u64, PartCounts>>,
    totals: Totals,
    /// Keeps the numbers of the training part, if they are needed for exact quantiles.
    values: Option<ValueWriter>,
    /// Why they could not be kept.
    failure: Option<io::Error>,
}

/// Counts of samples and rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Rows of the table that met the conditions.
    pub(super) rows_read: u64,
    /// Rows that have no time.
    pub(super) without_time: u64,
    /// Rows of no entity.
    pub(super) without_entity: u64,
    /// Samples of each part.
    pub(super) samples: PartCounts,
    /// Samples that reach over a border between parts.
    pub(super) purged: u64,
    /// Samples that belong to no part.
    pub(super) left_out: u64,
    /// Samples that lack a value that they must have.
    pub(super) incomplete: u64,
}

impl Totals {
    fn add(&mut self, other: &Totals) {
        self.rows_read += other.rows_read;
        self.without_time += other.without_time;
        self.without_entity += other.without_entity;
        self.samples = add(self.samples, other.samples);
        self.purged += other.purged;
        self.left_out += other.left_out;
        self.incomplete += other.incomplete;
    }
}

fn add(a: PartCounts, b: PartCounts) -> PartCounts {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

impl Counter {
    pub(super) fn new(columns: &[ValueColumn]) -> Self {
        Counter {
            looks: columns.iter().map(ValueColumn::look).collect(),
            numbers: vec![Numbers::default(); columns.len()],
            classes: vec![FxHashMap::default(); columns.len()],
            totals: Totals::default(),
            values: None,
            failure: None,
        }
    }

    /// Keeps the numbers of the training part in a file.
    pub(super) fn keep_values(&mut self, writer: ValueWriter) {
        self.values = Some(writer);
    }

    pub(super) fn incomplete(&mut self) {
        self.totals.incomplete += 1;
    }

    /// Counts a sample. Columns are looked at only with `fully`.
    pub(super) fn sample(&mut self, place: Place, values: &[f64], fully: bool) {
        let part = match place {
            Place::Purged => return self.totals.purged += 1,
            Place::LeftOut => return self.totals.left_out += 1,
            Place::In(part) => part,
        };
        self.totals.samples[part as usize] += 1;
        if !fully {
            return;
        }
        if let Some(writer) = self.values.as_mut().filter(|_| part == Part::Train) {
            let mut numbers = self.looks.iter().zip(values).filter(|(look, _)| **look == Look::Number);
            if let Err(error) = numbers.try_for_each(|(_, value)| writer.push(*value)) {
                // Nothing more is kept, and the run has failed.
                (self.values, self.failure) = (None, Some(error));
            }
        }
        for (index, (look, &value)) in self.looks.iter().zip(values).enumerate() {
            match look {
                Look::Number if part != Part::Train => {}
                Look::Number if value.is_nan() => self.numbers[index].nulls += 1,
                Look::Number => {
                    self.numbers[index].summary.add(value);
                    self.numbers[index].quantiles.add(value);
                }
                Look::Class if value.is_nan() => {}
                Look::Class => {
                    self.classes[index].entry(value.to_bits()).or_default()[part as usize] += 1;
                }
                Look::Nothing => {}
            }
        }
    }

    /// The counts of the run that was read, with the names of its entities that are kept.
    pub(super) fn finish(
        mut self,
        columns: &[ValueColumn],
        rows: &RowReader<'_>,
        entities: BTreeSet<String>,
    ) -> io::Result<Counts> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let values = self.values.map(ValueWriter::finish).transpose()?;
        self.totals.rows_read = rows.rows_read;
        self.totals.without_time = rows.without_time;
        self.totals.without_entity = rows.without_entity;
        let classes = self.classes.into_iter().zip(columns).map(|(classes, column)| {
            let mut named: BTreeMap<String, PartCounts> = BTreeMap::new();
            for (bits, counts) in classes {
                let name = class_name(f64::from_bits(bits), column.spec.kind, &rows.texts);
                let known = named.entry(name).or_default();
                *known = add(*known, counts);
            }
            named
        });
        Ok(Counts {
            totals: self.totals,
            classes: classes.collect(),
            looks: self.looks,
            numbers: self.numbers,
            values: values.into_iter().collect(),
            entities,
        })
    }
}

/// A value as the class that it stands for.
fn class_name(value: f64, kind: ColumnKind, texts: &Texts) -> String {
    match kind {
        ColumnKind::Category | ColumnKind::Text => texts.get(value as usize).to_string(),
        ColumnKind::Boolean => (value != 0.0).to_string(),
        _ => value.to_string(),
    }
}

/// What is known of the samples of one run, or of all.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) totals: Totals,
    /// By column, the samples of each class.
    pub(super) classes: Vec<BTreeMap<String, PartCounts>>,
    /// Empty as long as nothing was read.
    looks: Vec<Look>,
    /// By column, of the training part.
    numbers: Vec<Numbers>,
    /// Files with the numbers of the training part, if they were kept.
    values: Vec<PathBuf>,
    /// The names of entities, if they are listed by part.
    pub(super) entities: BTreeSet<String>,
}

impl Counts {
    /// Of nothing.
    pub(super) fn none(columns: usize) -> Self {
        Counts {
            totals: Totals::default(),
            classes: vec![BTreeMap::new(); columns],
            looks: Vec::new(),
            numbers: vec![Numbers::default(); columns],
            values: Vec::new(),
            entities: BTreeSet::new(),
        }
    }

    /// Adds those of another run. The order of runs must always be the same, for the last digits' sake.
    pub(super) fn merge(&mut self, other: Counts) {
        self.totals.add(&other.totals);
        if self.looks.is_empty() {
            self.looks = other.looks;
        }
        self.values.extend(other.values);
        self.entities.extend(other.entities);
        for (own, others) in self.numbers.iter_mut().zip(other.numbers) {
            own.summary.merge(&others.summary);
            own.quantiles.merge(&others.quantiles);
            own.nulls += others.nulls;
        }
        for (own, others) in self.classes.iter_mut().zip(other.classes) {
            for (name, counts) in others {
                let known = own.entry(name).or_default();
                *known = add(*known, counts);
            }
        }
    }

    /// Finds the exact quantiles of all columns of numbers in the files that were kept, and removes these.
    pub(super) fn find_quantiles(&mut self) -> io::Result<()> {
        let looks = self.looks.iter().zip(&mut self.numbers);
        let mut numbers: Vec<&mut Numbers> =
            looks.filter(|(look, _)| **look == Look::Number).map(|(_, numbers)| numbers).collect();
        let counts: Vec<u64> = numbers.iter().map(|numbers| numbers.summary.count()).collect();
        let found = exact::quantiles(&self.values, &counts)?;
        for (numbers, found) in numbers.iter_mut().zip(found) {
            numbers.exact = (numbers.summary.count() > 0).then_some(found);
        }
        self.values.drain(..).try_for_each(fs::remove_file)
    }

    /// How the numbers of a column are scaled: what is taken away, and what the rest is divided by. A column
    /// that is the same everywhere is not divided.
    pub(super) fn scaling(&self, column: usize, scale: ScaleName) -> Option<(f64, f64)> {
        let numbers = self.numbers.get(column)?;
        let summary = &numbers.summary;
        if summary.count() == 0 {
            return None;
        }
        if summary.min() == summary.max() && scale != ScaleName::None {
            return Some((summary.min(), 1.0));
        }
        let [lower, median, upper] = [0, 1, 2].map(|index| numbers.quantile(index).unwrap_or(f64::NAN));
        let (center, width) = match scale {
            ScaleName::None => return None,
            ScaleName::Standard => (summary.mean(), summary.variance().sqrt()),
            ScaleName::MinMax => (summary.min(), summary.max() - summary.min()),
            ScaleName::Robust => (median, upper - lower),
        };
        let good = width.is_finite() && width > 0.0;
        Some((center, if good { width } else { 1.0 }))
    }

    /// How many rows of an entity a window takes, if no entity had as many.
    pub(super) fn rows_lacking(&self, plan: &Plan) -> Option<u64> {
        let Totals { samples, purged, left_out, incomplete, .. } = self.totals;
        let is_none = samples.iter().sum::<u64>() + purged + left_out + incomplete == 0;
        match &plan.engine {
            Engine::Windows(windows) if is_none => windows.rows(),
            _ => None,
        }
    }

    /// The texts of a column in the training part, sorted.
    pub(super) fn vocabulary(&self, column: usize) -> Vec<String> {
        let classes = self.classes.get(column).into_iter().flatten();
        let there = classes.filter(|(_, counts)| counts[Part::Train as usize] > 0);
        there.map(|(name, _)| name.clone()).collect()
    }

    /// What `scaling.json` holds.
    pub(super) fn to_json(&self, columns: &[ValueColumn], scale: ScaleName) -> Value {
        let mut numbers = Map::new();
        let mut categories = Map::new();
        for (index, column) in columns.iter().enumerate() {
            let name = column.spec.name.to_string();
            match column.look() {
                Look::Number => {
                    let all = &self.numbers[index];
                    let Numbers { summary, nulls, .. } = all;
                    let finite = |value: f64| if value.is_finite() { json!(value) } else { Value::Null };
                    let quantile = |index| all.quantile(index).map_or(Value::Null, finite);
                    let applied = match column.role {
                        Role::Feature => self.scaling(index, scale),
                        _ => None,
                    };
                    numbers.insert(
                        name,
                        json!({
                            "role": column.role.name(),
                            "unit": column.spec.unit,
                            "count": summary.count(),
                            "nulls": nulls,
                            "mean": finite(summary.mean()),
                            "std": finite(summary.variance().sqrt()),
                            "min": finite(summary.min()),
                            "p25": quantile(0),
                            "p50": quantile(1),
                            "p75": quantile(2),
                            "max": finite(summary.max()),
                            "subtracted": applied.map(|(center, _)| center),
                            "divided_by": applied.map(|(_, width)| width),
                        }),
                    );
                }
                Look::Class if column.spec.kind == ColumnKind::Category => {
                    let codes: Map<String, Value> = self
                        .vocabulary(index)
                        .into_iter()
                        .enumerate()
                        .map(|(code, name)| (name, json!(code + 1)))
                        .collect();
                    categories.insert(
                        name,
                        json!({
                            "role": column.role.name(),
                            "codes": codes,
                            "code_of_others": 0,
                        }),
                    );
                }
                Look::Class | Look::Nothing => {}
            }
        }
        json!({
            "of": "the training part",
            "scale": scale,
            "quantiles": if scale == ScaleName::Robust { "exact" } else { "to 1 % of their value" },
            "numbers": numbers,
            "categories": categories,
        })
    }
}
