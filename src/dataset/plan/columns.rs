//! The columns of a table that a plan reads.

use crate::dataset::cells::CellPlan;
use crate::dataset::format::PredicateSpec;
use crate::dataset::predicate::Predicate;
use crate::records::{ColumnKind, ColumnSpec, TableSpec};
use crate::scenario::Site;

/// Collects the columns of a table that are read, and the cells that are made of them.
#[derive(Debug)]
pub(super) struct Columns<'t> {
    table: &'t TableSpec,
    /// Their indices in the table.
    read: Vec<usize>,
    pub(super) cells: Vec<CellPlan>,
}

impl<'t> Columns<'t> {
    pub(super) fn new(table: &'t TableSpec) -> Self {
        Columns { table, read: Vec::new(), cells: Vec::new() }
    }

    /// The place among the columns that are read of the column with this index in the table.
    pub(super) fn place_of(&mut self, index: usize) -> usize {
        let found = self.read.iter().position(|read| *read == index);
        found.unwrap_or_else(|| {
            self.read.push(index);
            self.read.len() - 1
        })
    }

    /// The column of this name: its place among those that are read, and its description.
    pub(super) fn find(&mut self, name: &str, site: &Site<'_>) -> Option<(usize, ColumnSpec)> {
        let Some(index) = self.table.column(name) else {
            let known = self.table.columns.iter().map(|column| column.name.as_ref());
            site.unknown(&format!("column of table {:?}", self.table.name), name, known);
            return None;
        };
        Some((self.place_of(index), self.table.columns[index].clone()))
    }

    /// The column of times of this name.
    pub(super) fn time(&mut self, name: &str, site: &Site<'_>) -> Option<usize> {
        let (place, column) = self.find(name, site)?;
        if column.kind != ColumnKind::Float {
            site.error(format!(
                "column {name:?} is of type {}; times are numbers of type float, in seconds",
                column.kind
            ));
            return None;
        }
        Some(place)
    }

    /// The columns of an entity.
    pub(super) fn entity(
        &mut self,
        names: &[String],
        site: &Site<'_>,
    ) -> Option<(Vec<usize>, Vec<ColumnSpec>)> {
        let here = site.key("entity");
        let found = names.iter().enumerate().map(|(index, name)| {
            let (place, column) = self.find(name, &here.index(index))?;
            // Names, whatever they are in the table.
            Some((place, ColumnSpec { kind: ColumnKind::Category, ..column }))
        });
        found.collect()
    }

    /// Conditions under the key `where`.
    pub(super) fn conditions(
        &mut self,
        specs: &[PredicateSpec],
        site: &Site<'_>,
    ) -> Option<Vec<Predicate>> {
        let here = site.key("where");
        let all: Vec<Option<Predicate>> = specs
            .iter()
            .enumerate()
            .map(|(index, spec)| self.condition(spec, &here.index(index)))
            .collect();
        all.into_iter().collect()
    }

    /// One condition.
    pub(super) fn condition(&mut self, spec: &PredicateSpec, site: &Site<'_>) -> Option<Predicate> {
        Predicate::new(spec, site, |name, site| self.find(name, site))
    }

    /// The number of a cell, which is made only once.
    pub(super) fn cell(&mut self, cell: CellPlan) -> usize {
        let found = self.cells.iter().position(|present| *present == cell);
        found.unwrap_or_else(|| {
            self.cells.push(cell);
            self.cells.len() - 1
        })
    }

    /// The cell with the value of a column, and the description of the column.
    pub(super) fn value(&mut self, name: &str, site: &Site<'_>) -> Option<(usize, ColumnSpec)> {
        let (place, column) = self.find(name, site)?;
        let cell = match column.kind {
            ColumnKind::Category | ColumnKind::Text => CellPlan::Text(place),
            _ => CellPlan::Number(place),
        };
        Some((self.cell(cell), column))
    }

    /// The value of a column of names, and another text where it is null. Errors go to `site`, that of the label.
    pub(super) fn value_or(&mut self, name: &str, otherwise: &str, site: &Site<'_>) -> Option<usize> {
        let (place, column) = self.find(name, &site.key("column"))?;
        if !matches!(column.kind, ColumnKind::Category | ColumnKind::Text) {
            site.key("otherwise").error(format!(
                "column {:?} is of type {}, of which a null is no class",
                column.name, column.kind
            ));
            return None;
        }
        Some(self.cell(CellPlan::TextOr { column: place, otherwise: otherwise.to_owned() }))
    }

    /// The names of the columns that are read.
    pub(super) fn names(&self) -> Vec<String> {
        self.read.iter().map(|index| self.table.columns[*index].name.to_string()).collect()
    }

    /// The table with the columns that are read.
    pub(super) fn spec(&self) -> TableSpec {
        let columns: Vec<ColumnSpec> =
            self.read.iter().map(|index| self.table.columns[*index].clone()).collect();
        TableSpec::new(self.table.name.clone(), self.table.meaning.clone(), columns)
    }
}
