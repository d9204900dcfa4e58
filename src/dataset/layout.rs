//! The columns of a dataset's files, and what is written into them.

use super::balance::Balance;
use super::format::{CategoriesName, DatasetSpec, StaticSpec};
use super::plan::{Engine, Plan, Role};
use super::sources::Run;
use super::statistics::Counts;
use super::{DatasetError, plan};
use crate::records::{ColumnKind, ColumnSpec};
use crate::scenario::{Diagnostic, Diagnostics, Document, Path as Place, Segment, did_you_mean};
use serde_json::Value;

/// What is written into a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// The name of the run.
    Run,
    /// A column of the entity.
    Entity(usize),
    /// The time of the present row; the first, and the last instant that the sample looks at.
    Time,
    Start,
    End,
    /// The time of the next decision; null if there is none.
    Next {
        /// Which value says whether there is none.
        terminal: usize,
    },
    /// A value of the run.
    Static(usize),
    /// A value, less `center` and over `width`.
    Number {
        value: usize,
        center: f64,
        width: f64,
    },
    /// A value that is a whole number.
    Whole(usize),
    /// A value that is true or false.
    Flag(usize),
    /// A text.
    Text(usize),
    /// The number of a text in the training part's vocabulary, from 1; 0 if it is not there.
    Code(usize),
    /// Whether a text is the one of this number.
    OneHot {
        value: usize,
        code: u32,
    },
    /// The weight of the row.
    Weight,
}

/// A column of the files.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OutColumn {
    pub(super) spec: ColumnSpec,
    pub(super) role: &'static str,
    pub(super) content: Content,
}

/// All columns of the files.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) columns: Vec<OutColumn>,
    /// The texts of each value that is coded, sorted.
    pub(super) vocabularies: Vec<Vec<String>>,
    /// The static columns' values, by run.
    pub(super) statics: Vec<Vec<Value>>,
}

impl Layout {
    /// The columns of a dataset whose training part is known.
    pub(super) fn new(
        spec: &DatasetSpec,
        plan: &Plan,
        counts: &Counts,
        statics: Vec<Vec<Value>>,
        balance: Option<&Balance>,
    ) -> Layout {
        let mut maker = Maker { spec, counts, columns: Vec::new(), vocabularies: Vec::new() };
        maker.identity(plan);
        for (index, column) in spec.statics.iter().enumerate() {
            maker.add(Content::Static(index), "static", static_column(column, index, &statics));
        }
        for (index, value) in plan.values.iter().enumerate() {
            maker.vocabularies.push(Vec::new());
            maker.value(index, value, plan);
        }
        if balance.is_some_and(Balance::has_weights) {
            let meaning =
                "weight of the row, which makes the classes of the training part weigh the same";
            maker.add(Content::Weight, "weight", ColumnSpec::float("weight", "", meaning));
        }
        Layout { columns: maker.columns, vocabularies: maker.vocabularies, statics }
    }
}

struct Maker<'m> {
    spec: &'m DatasetSpec,
    counts: &'m Counts,
    columns: Vec<OutColumn>,
    vocabularies: Vec<Vec<String>>,
}

impl Maker<'_> {
    fn add(&mut self, content: Content, role: &'static str, spec: ColumnSpec) {
        self.columns.push(OutColumn { spec, role, content });
    }

    /// What tells where a row comes from.
    fn identity(&mut self, plan: &Plan) {
        const IDENTITY: &str = "identity";
        self.add(Content::Run, IDENTITY, ColumnSpec::category("run", "run that it comes from"));
        for (index, column) in plan.entity.iter().enumerate() {
            self.add(Content::Entity(index), IDENTITY, column.clone());
        }
        match &plan.engine {
            Engine::Windows(_) => {
                let now = "time of the present row, up to which features are known";
                let start = "begin of the window: the first instant that features look at";
                let end = "end of the window: the last instant that targets and labels look at";
                self.add(Content::Time, IDENTITY, ColumnSpec::float("t_s", "s", now));
                self.add(Content::Start, IDENTITY, ColumnSpec::float("window_start_s", "s", start));
                self.add(Content::End, IDENTITY, ColumnSpec::float("window_end_s", "s", end));
            }
            Engine::Transitions(transitions) => {
                let terminal = transitions.cells + transitions.observation;
                let next = "when the next decision of the episode was made; null after the last one";
                self.add(Content::Time, IDENTITY, ColumnSpec::float("t_s", "s", "when it was decided"));
                self.add(Content::Next { terminal }, IDENTITY, ColumnSpec::float("next_t_s", "s", next));
            }
        }
    }

    fn value(&mut self, index: usize, value: &plan::ValueColumn, plan: &Plan) {
        let role = value.role.name();
        let spec = &value.spec;
        let like = match value.role {
            Role::Next(feature) => feature,
            _ => index,
        };
        match (value.role, spec.kind) {
            (Role::Feature | Role::Next(_), ColumnKind::Category) => {
                let vocabulary = self.counts.vocabulary(like);
                match self.spec.categories {
                    CategoriesName::Code => {
                        let meaning = format!("{}, as its code in scaling.json", spec.meaning);
                        self.add(
                            Content::Code(index),
                            role,
                            ColumnSpec::unsigned(spec.name.clone(), "", meaning),
                        );
                    }
                    CategoriesName::OneHot => {
                        for (code, text) in vocabulary.iter().enumerate() {
                            let content = Content::OneHot { value: index, code: code as u32 + 1 };
                            let meaning = format!("1 if it is {text}, else 0: {}", spec.meaning);
                            let name = format!("{}={text}", spec.name);
                            self.add(content, role, ColumnSpec::unsigned(name, "", meaning));
                        }
                    }
                }
                self.vocabularies[index] = vocabulary;
            }
            (Role::Feature | Role::Next(_), _) => {
                let scaling = self.counts.scaling(like, self.spec.scale);
                let (center, width) = scaling.unwrap_or((0.0, 1.0));
                let spec = match scaling {
                    None => spec.clone(),
                    Some(_) => {
                        let meaning = format!("{}; scaled as scaling.json says", spec.meaning);
                        ColumnSpec::float(spec.name.clone(), "", meaning)
                    }
                };
                self.add(Content::Number { value: index, center, width }, role, spec);
            }
            (Role::Label | Role::Action, ColumnKind::Category) => {
                self.vocabularies[index] = self.counts.vocabulary(index);
                self.add(Content::Text(index), role, spec.clone());
                let name = format!("{}_code", spec.name);
                let meaning = format!("{}, as its code in scaling.json", spec.meaning);
                self.add(Content::Code(index), role, ColumnSpec::unsigned(name, "", meaning));
            }
            (_, ColumnKind::Category | ColumnKind::Text) => {
                self.add(Content::Text(index), role, spec.clone())
            }
            (_, ColumnKind::Boolean) => self.add(Content::Flag(index), role, spec.clone()),
            (_, ColumnKind::Unsigned) => self.add(Content::Whole(index), role, spec.clone()),
            (_, ColumnKind::Float | ColumnKind::Signed) => {
                let spec = ColumnSpec { kind: ColumnKind::Float, ..spec.clone() };
                self.add(Content::Number { value: index, center: 0.0, width: 1.0 }, role, spec);
            }
        }
        debug_assert!(index < plan.values.len());
    }
}

/// The description of a static column: of numbers or of true and false if all runs have that, else of text.
fn static_column(spec: &StaticSpec, index: usize, statics: &[Vec<Value>]) -> ColumnSpec {
    let mut values = statics.iter().map(|values| &values[index]).filter(|value| !value.is_null());
    let kind = if values.clone().all(Value::is_number) {
        ColumnKind::Float
    } else if values.all(Value::is_boolean) {
        ColumnKind::Boolean
    } else {
        ColumnKind::Category
    };
    let meaning = match (&spec.axis, &spec.path) {
        (Some(axis), _) => format!("{axis}: axis of the sweep"),
        (None, path) => format!("{}: value of the scenario", path.as_deref().unwrap_or_default()),
    };
    ColumnSpec::new(spec.column_name().to_string(), kind, "", meaning)
}

/// The static columns' values for each of the runs.
///
/// # Errors
/// Axes and paths that no run has.
pub(super) fn statics(
    spec: &DatasetSpec,
    document: &Document,
    runs: &[Run],
) -> Result<Vec<Vec<Value>>, DatasetError> {
    let mut errors = Diagnostics::default();
    let mut all: Vec<Vec<Value>> = vec![Vec::new(); runs.len()];
    for (index, column) in spec.statics.iter().enumerate() {
        let place = Place::root().key("static").index(index);
        let (key, found) = match (&column.axis, &column.path) {
            (Some(axis), None) => {
                ("axis", runs.iter().map(|run| run.axes.get(axis).cloned()).collect::<Vec<_>>())
            }
            (None, Some(path)) => match path.parse::<Place>() {
                Ok(path) => ("path", runs.iter().map(|run| value_at(&run.scenario, &path)).collect()),
                Err(error) => {
                    errors.push(document.diagnostic(&place.key("path"), error.to_string()));
                    continue;
                }
            },
            _ => {
                errors.push(
                    document.diagnostic(&place, "a static column has either an `axis` or a `path`"),
                );
                continue;
            }
        };
        if found.iter().all(Option::is_none) {
            errors.push(nowhere(column, key, &place, document, runs));
            continue;
        }
        for (values, found) in all.iter_mut().zip(found) {
            values.push(found.unwrap_or(Value::Null));
        }
    }
    errors.or(all).map_err(DatasetError::BadInput)
}

fn value_at(scenario: &Value, path: &Place) -> Option<Value> {
    let step = |value: &'_ Value, segment: &Segment| -> Option<Value> {
        match segment {
            Segment::Key(key) => value.as_object()?.get(key).cloned(),
            Segment::Index(index) => value.as_array()?.get(*index).cloned(),
        }
    };
    path.segments().iter().try_fold(scenario.clone(), |value, segment| step(&value, segment))
}

fn nowhere(
    column: &StaticSpec,
    key: &str,
    place: &Place,
    document: &Document,
    runs: &[Run],
) -> Diagnostic {
    let name = column.axis.as_deref().or(column.path.as_deref()).unwrap_or_default();
    let known: Vec<&str> = match key {
        "axis" => runs.first().map_or(Vec::new(), |run| run.axes.keys().map(String::as_str).collect()),
        _ => Vec::new(),
    };
    let help = match (key, did_you_mean(name, known.iter().copied())) {
        (_, Some(near)) => format!("did you mean {near:?}?"),
        ("axis", None) if known.is_empty() => "the runs belong to no sweep with axes".to_string(),
        ("axis", None) => format!("axes: {}", known.join(", ")),
        (_, None) => "scenarios of sweeps have what was written into them, without defaults".to_string(),
    };
    document.diagnostic(&place.key(key), format!("no run has {name:?}")).help(help)
}
