//! What will be made of the rows of a run: a dataset file held to the tables that there are.

mod columns;
mod decisions;
mod labels;
mod windows;

use super::event_table::EventPlan;
use super::format::{CategoriesName, DatasetSpec, SamplesSpec};
use super::rows::{RowPlan, Tie};
use super::transitions::Transitions;
use super::windows::Windows;
use crate::records::{ColumnKind, ColumnSpec, TableSpec};
use crate::scenario::{Diagnostics, Document, Site};
use columns::Columns;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path as FilePath;

/// What a value of a sample is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Known when it is predicted or decided.
    Feature,
    /// What a decision saw next; scaled as the feature of this number is.
    Next(usize),
    /// To be predicted.
    Target,
    /// A class to be predicted.
    Label,
    /// What was done.
    Action,
    /// What it brought.
    Reward,
    /// Carried along.
    Info,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::Feature => "feature",
            Role::Next(_) => "next observation",
            Role::Target => "target",
            Role::Label => "label",
            Role::Action => "action",
            Role::Reward => "reward",
            Role::Info => "information",
        }
    }
}

/// A value of a sample, before it is scaled or coded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValueColumn {
    pub(super) spec: ColumnSpec,
    pub(super) role: Role,
}

impl ValueColumn {
    /// Whether it is a text that is written as a code or as one column for each text.
    pub(super) fn is_coded(&self) -> bool {
        matches!(self.role, Role::Feature | Role::Next(_)) && self.spec.kind == ColumnKind::Category
    }

    /// Whether it is a text that is written with a column of its code beside it.
    pub(super) fn has_code(&self) -> bool {
        matches!(self.role, Role::Label | Role::Action) && self.spec.kind == ColumnKind::Category
    }
}

/// What makes samples of rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Engine {
    Windows(Windows),
    Transitions(Transitions),
}

/// What will be made of the rows of each run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// The table, with the columns that are read.
    pub(super) table: TableSpec,
    pub(super) rows: RowPlan,
    pub(super) engine: Engine,
    pub(super) events: Vec<EventPlan>,
    /// The columns that tell entities apart.
    pub(super) entity: Vec<ColumnSpec>,
    /// The values of a sample.
    pub(super) values: Vec<ValueColumn>,
    /// Whether the tiers of nodes are looked up.
    pub(super) needs_tiers: bool,
}

/// Names of columns that every dataset may have.
const RESERVED: [&str; 6] = ["run", "t_s", "window_start_s", "window_end_s", "next_t_s", "weight"];

impl Plan {
    /// The plan of a dataset file for these tables.
    ///
    /// # Errors
    /// Everything in the file that is wrong, with its place.
    pub(super) fn new(
        spec: &DatasetSpec,
        document: &Document,
        tables: &[TableSpec],
    ) -> Result<Plan, Diagnostics> {
        let errors = RefCell::new(Diagnostics::default());
        let site = Site::root(document, &errors, FilePath::new("."));
        let plan = Plan::at(spec, &site, tables);
        let errors = errors.into_inner();
        match plan {
            Some(plan) if errors.is_empty() => Ok(plan),
            _ => Err(errors),
        }
    }

    fn at(spec: &DatasetSpec, site: &Site<'_>, tables: &[TableSpec]) -> Option<Plan> {
        let here = site.key("samples");
        let plan = match &spec.samples {
            SamplesSpec::Windows(samples) => windows::plan(samples, &here, tables),
            SamplesSpec::Classification(samples) => windows::plan(samples, &here, tables),
            SamplesSpec::Decisions(samples) => decisions::plan(samples, &here, tables),
        }?;
        plan.check_names(spec, site, &here)?;
        Some(plan)
    }

    /// Holds the names of all columns apart.
    fn check_names(&self, spec: &DatasetSpec, root: &Site<'_>, site: &Site<'_>) -> Option<()> {
        let mut taken: BTreeSet<&str> = RESERVED.into_iter().collect();
        for column in &self.entity {
            if !taken.insert(&column.name) {
                site.key("entity")
                    .error(format!("the dataset would have two columns {:?}", column.name));
                return None;
            }
        }
        let code_of = |value: &ValueColumn| format!("{}_code", value.spec.name);
        let codes: Vec<Option<String>> =
            self.values.iter().map(|value| value.has_code().then(|| code_of(value))).collect();
        let help = "give one of them another `name`, or leave one of them out";
        let (mut labels, mut targets) = (0, 0);
        for (value, code) in self.values.iter().zip(&codes) {
            let here = match value.role {
                Role::Label => site.key("labels").index(count(&mut labels)),
                Role::Target => site.key("targets").index(count(&mut targets)),
                _ => site.clone(),
            };
            for name in [Some(value.spec.name.as_ref()), code.as_deref()].into_iter().flatten() {
                if !taken.insert(name) {
                    here.error_with_help(format!("the dataset would have two columns {name:?}"), help);
                    return None;
                }
            }
        }
        for (index, column) in spec.statics.iter().enumerate() {
            let name = column.column_name();
            if !taken.insert(name) {
                let message = format!("the dataset would have two columns {name:?}");
                root.key("static").index(index).error_with_help(message, help);
                return None;
            }
        }
        if spec.categories == CategoriesName::OneHot {
            self.check_one_hot(&taken, root)?;
        }
        Some(())
    }

    /// Holds names apart from those of columns that say whether a feature has a text. Which texts there are is
    /// not known yet.
    fn check_one_hot(&self, taken: &BTreeSet<&str>, root: &Site<'_>) -> Option<()> {
        let coded = self.values.iter().filter(|value| value.is_coded());
        let names: Vec<&str> = coded.map(|value| value.spec.name.as_ref()).collect();
        let of = |name: &str| {
            names
                .iter()
                .find(|coded| name.strip_prefix(**coded).is_some_and(|rest| rest.starts_with('=')))
        };
        match taken.iter().find_map(|name| Some((name, of(name)?))) {
            None => Some(()),
            Some((name, feature)) => {
                root.key("categories").error_with_help(
                    format!("column {name:?} may be one of those that say which {feature} it is"),
                    "give the column another `name`, or use \"code\"",
                );
                None
            }
        }
    }

    /// The columns that it reads of one of its tables.
    pub(super) fn columns_of(&self, table: &str) -> BTreeSet<&str> {
        let own = (self.table.name == table).then_some(&self.rows.columns);
        let events = self.events.iter().filter(|events| events.table == table);
        let nodes = (self.needs_tiers && table == "nodes").then_some(["node", "tier"]);
        let read = own.into_iter().chain(events.map(|events| &events.columns)).flatten();
        read.map(String::as_str).chain(nodes.into_iter().flatten()).collect()
    }

    /// All tables that it reads.
    pub(super) fn tables(&self) -> BTreeSet<&str> {
        let nodes = self.needs_tiers.then_some("nodes");
        let events = self.events.iter().map(|events| events.table.as_str());
        [self.table.name.as_ref()].into_iter().chain(events).chain(nodes).collect()
    }
}

/// The tables that a dataset file names, whether they exist or not.
pub(super) fn named_tables(spec: &DatasetSpec) -> BTreeSet<String> {
    match &spec.samples {
        SamplesSpec::Windows(samples) | SamplesSpec::Classification(samples) => {
            let events = samples.labels.iter().filter_map(|label| label.events.as_ref());
            let events = events.map(|events| events.table.clone());
            [samples.table.clone()].into_iter().chain(events).collect()
        }
        SamplesSpec::Decisions(samples) => {
            let nodes =
                (samples.action.by == super::format::ActionBy::Tier).then(|| "nodes".to_string());
            [samples.table.clone()].into_iter().chain(nodes).collect()
        }
    }
}

/// The number so far, which rises by one.
fn count(number: &mut usize) -> usize {
    *number += 1;
    *number - 1
}

/// The table of this name.
fn find_table<'t>(name: &str, site: &Site<'_>, tables: &'t [TableSpec]) -> Option<&'t TableSpec> {
    let found = tables.iter().find(|table| table.name == name);
    if found.is_none() {
        site.unknown("table", name, tables.iter().map(|table| table.name.as_ref()));
    }
    found
}

/// Whether the rows of a table must be sorted by a time column, and what then tells rows of an instant apart.
fn tie(table: &TableSpec, time: &str, columns: &mut Columns<'_>) -> Option<Tie> {
    if table.name != "decisions" && time == "t_s" {
        return None;
    }
    match table.column("decision") {
        // It was found.
        Some(index) => Some(Tie::Column(columns.place_of(index))),
        None => Some(Tie::Written),
    }
}
