//! The directories that figures are made from.

use super::filter::{Filter, Kind, Seen};
use super::naming::{column_axis, metric_axis};
use super::selection::{Column, Data, NONE, Names, Selection};
use crate::names::did_you_mean;
use crate::output::{Cell, Rows, RunReader, Symbol, TableDirectory, read_json};
use crate::plot::{Axis, PlotError};
use crate::records::{ColumnKind, ColumnSpec, TableSpec};
use crate::sweep::{ResultRow, SweepResults, axes_beside, tables_of};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Values of a category that are kept for messages.
const MOST_KNOWN: usize = 200;
/// Names of columns that messages list.
const MOST_LISTED: usize = 40;

/// Directories of runs, or of sweeps, as one source of data.
///
/// What it offers without a table are results: a row a run, with the axes of the sweep and the numbers of the
/// summary. The tables of several runs are one, with the column `run` before the others; those that a sweep
/// has kept have its axes there. One of these with the name of a column of the table is called `axis.NAME`.
#[derive(Debug)]
pub struct Source {
    directories: Vec<PathBuf>,
    runs: Vec<RunReader>,
    results: Result<SweepResults, String>,
}

/// What a column is before it is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Offer {
    pub(super) name: String,
    pub(super) axis: Axis,
    pub(super) is_number: bool,
    /// Whether it is true or false.
    is_flag: bool,
    /// Whether it is an axis of a sweep.
    pub(super) is_axis: bool,
}

impl Offer {
    fn kind(&self) -> Kind {
        match self {
            Offer { is_number: true, .. } => Kind::Numbers,
            Offer { is_flag: true, .. } => Kind::Flags,
            _ => Kind::Names,
        }
    }
}

/// A table of one run, with what is the same for all of its rows.
struct Piece {
    tables: TableDirectory,
    constants: Vec<Constant>,
}

/// A column that is the same for all rows of a run.
struct Constant {
    name: String,
    /// Unit of its numbers; empty if it has none.
    unit: String,
    value: Value,
    /// Whether it tells apart runs that differ in more than their seeds.
    is_axis: bool,
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

impl Source {
    /// Opens directories, each of a run or a finished sweep, all of the same sort.
    ///
    /// # Errors
    /// If there is none, one of them is neither, cannot be read, or they do not go together.
    pub fn open(directories: &[PathBuf]) -> Result<Source, PlotError> {
        let is_run =
            |path: &PathBuf| path.join("run.json").is_file() && !path.join("sweep.json").is_file();
        let runs = if !directories.is_empty() && directories.iter().all(is_run) {
            directories.iter().map(RunReader::open).collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        let results = SweepResults::gather(directories).map(|gathered| gathered.results);
        let results = match results {
            // Tables of runs can be compared even if their summaries cannot.
            Err(error) if !runs.is_empty() => Err(error.to_string()),
            results => Ok(results?),
        };
        Ok(Source { directories: directories.to_vec(), runs, results })
    }

    /// Whether it is of runs rather than of sweeps.
    #[must_use]
    pub fn is_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// The directories, as they were given.
    #[must_use]
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// The run, if it is of a single one.
    pub(super) fn single_run(&self) -> Option<&RunReader> {
        match self.runs.as_slice() {
            [run] => Some(run),
            _ => None,
        }
    }

    pub(super) fn results(&self) -> Result<&SweepResults, PlotError> {
        self.results.as_ref().map_err(|message| PlotError::request("", message.clone()))
    }

    /// What the data are of, for the note below a title.
    pub(super) fn name(&self) -> String {
        let name = |path: &PathBuf| {
            path.file_name()
                .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
        };
        match self.runs.as_slice() {
            [run] => {
                let scenario = &run.run()["scenario"];
                let own = scenario["name"].as_str().unwrap_or_default();
                format!("{own}, seed {}", run.run()["seed"])
            }
            [] => {
                let own = |path: &PathBuf| {
                    let header = read_json(&path.join("sweep.json")).ok()?;
                    header["name"].as_str().map(|name| format!("sweep {name}"))
                };
                let names = self.directories.iter().map(|path| own(path).unwrap_or_else(|| name(path)));
                names.collect::<Vec<_>>().join(", ")
            }
            _ => self.directories.iter().map(name).collect::<Vec<_>>().join(", "),
        }
    }

    /// The tables of each run, with what is to stand before the columns of one of them.
    fn pieces(&self, table: &str) -> Vec<Piece> {
        if self.is_runs() {
            let labels = self.labels();
            let piece = |(run, label): (&RunReader, String)| {
                let path = run.path();
                let tables =
                    TableDirectory::open(path.join("tables"), &path.join("dictionary.json")).ok()?;
                let name = beside("run", tables.tables().find(|spec| spec.name == table));
                let label =
                    Constant { name, unit: String::new(), value: Value::String(label), is_axis: true };
                let constants = if self.runs.len() == 1 { Vec::new() } else { vec![label] };
                Some(Piece { tables, constants })
            };
            return self.runs.iter().zip(labels).filter_map(piece).collect();
        }
        let (Ok(results), [directory]) = (&self.results, self.directories.as_slice()) else {
            return Vec::new();
        };
        let done = results.rows().iter().filter(|row| row.error.is_none());
        let piece = |row: &ResultRow| {
            let tables = tables_of(directory, row.run).ok()?;
            let own = tables.tables().find(|spec| spec.name == table);
            let columns = axes_beside(results, own.unwrap_or(&TableSpec::new("", "", Vec::new())));
            let labels = results.labels(row.run.point).iter().cloned();
            let axis = |(column, value): (ColumnSpec, Value)| Constant {
                name: column.name.into(),
                unit: column.unit.into(),
                value,
                is_axis: true,
            };
            let mut constants: Vec<Constant> = columns.into_iter().zip(labels).map(axis).collect();
            constants.push(Constant {
                name: beside("replication", own),
                unit: String::new(),
                value: row.run.replication.into(),
                is_axis: false,
            });
            Some(Piece { tables, constants })
        };
        done.filter_map(piece).collect()
    }

    /// The name of each directory: the last part of its path, or all of it if that is shared.
    fn labels(&self) -> Vec<String> {
        let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let short: Vec<Option<String>> = self.directories.iter().map(|path| last(path)).collect();
        let label = |(path, own): (&PathBuf, &Option<String>)| match own {
            Some(own) if short.iter().flatten().filter(|other| *other == own).count() == 1 => {
                own.clone()
            }
            _ => path.display().to_string(),
        };
        self.directories.iter().zip(&short).map(label).collect()
    }

    /// The columns of a table, or of the results.
    pub(super) fn offers(&self, table: Option<&str>) -> Result<Vec<Offer>, PlotError> {
        let Some(table) = table else { return Ok(result_offers(self.results()?)) };
        let pieces = self.pieces(table);
        let Some(first) = pieces.first() else {
            return Err(PlotError::request(
                "table",
                "there are no tables here: a sweep keeps those that its `tables` name, and tables of \
                 several sweeps cannot be compared",
            ));
        };
        let all: Vec<&TableSpec> = first.tables.tables().collect();
        let Some(spec) = all.iter().find(|spec| spec.name == table) else {
            let known: Vec<&str> = all.iter().map(|spec| spec.name.as_ref()).collect();
            return Err(unknown("table", "table", table, &known));
        };
        let constant = |(index, constant): (usize, &Constant)| {
            let values = pieces.iter().filter_map(|piece| piece.constants.get(index));
            Offer {
                name: constant.name.clone(),
                axis: Axis::new(&constant.name, &constant.unit),
                is_number: values.clone().all(|constant| constant.value.is_number()),
                is_flag: values.clone().all(|constant| constant.value.is_boolean()),
                is_axis: constant.is_axis,
            }
        };
        let constants = first.constants.iter().enumerate().map(constant);
        let own = spec.columns.iter().map(|column| Offer {
            name: column.name.to_string(),
            axis: column_axis(&column.name, &column.unit),
            is_number: matches!(
                column.kind,
                ColumnKind::Float | ColumnKind::Unsigned | ColumnKind::Signed
            ),
            is_flag: column.kind == ColumnKind::Boolean,
            is_axis: false,
        });
        Ok(constants.chain(own).collect())
    }

    /// Reads columns of a table, or of the results: the rows that all conditions admit.
    pub(super) fn select(
        &self,
        table: Option<&str>,
        columns: &[&str],
        filters: &[Filter],
    ) -> Result<Selection, PlotError> {
        let offers = self.offers(table)?;
        let find = |key: &'static str, name: &str| {
            offers.iter().find(|offer| offer.name == name).ok_or_else(|| {
                let known: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
                unknown(key, if table.is_some() { "column" } else { "axis or metric" }, name, &known)
            })
        };
        for filter in filters {
            filter.check(find("where", &filter.column)?.kind())?;
        }
        let wanted: Vec<&Offer> = columns.iter().map(|name| find("", name)).collect::<Result<_, _>>()?;
        let mut gathering = Gathering::new(&wanted, filters);
        match table {
            None => gathering.results(self.results()?),
            Some(table) => {
                for piece in self.pieces(table) {
                    gathering.piece(&piece, table)?;
                }
            }
        }
        gathering.finish()
    }
}

/// The name of a column that stands before those of a table.
fn beside(name: &str, own: Option<&TableSpec>) -> String {
    let mut name = name.to_string();
    while own.is_some_and(|own| own.column(&name).is_some()) {
        name = format!("axis.{name}");
    }
    name
}

/// That a name is not known, and what is.
pub(super) fn unknown(key: &'static str, what: &str, name: &str, known: &[&str]) -> PlotError {
    let meant = did_you_mean(name, known.iter().copied());
    let meant = meant.map_or(String::new(), |near| format!("did you mean {near:?}? "));
    let more = if known.len() > MOST_LISTED { ", ..." } else { "" };
    let list = known.iter().take(MOST_LISTED).copied().collect::<Vec<_>>().join(", ");
    PlotError::request(key, format!("there is no {what} {name:?}; {meant}(there are: {list}{more})"))
}

fn result_offers(results: &SweepResults) -> Vec<Offer> {
    let axes = results.axes().iter().enumerate().map(|(index, column)| {
        let labels = (0..results.points()).filter_map(|point| results.labels(point).get(index));
        Offer {
            name: column.name.clone(),
            axis: Axis::new(column.name.clone(), column.unit.clone()),
            is_number: labels.clone().all(Value::is_number),
            is_flag: labels.clone().all(Value::is_boolean),
            is_axis: true,
        }
    });
    let metrics = results.metrics().iter().map(|name| Offer {
        name: results.column_name(name),
        axis: metric_axis(name),
        is_number: true,
        is_flag: false,
        is_axis: false,
    });
    axes.chain(metrics).collect()
}

/// What a filter has met.
#[derive(Clone, Default)]
struct Met {
    /// Whether it has admitted a row.
    any: bool,
    /// Some of the texts.
    texts: BTreeSet<String>,
    /// The least and the greatest number.
    range: Option<(f64, f64)>,
}

/// Rows on their way into a selection.
struct Gathering<'f> {
    names: Vec<String>,
    columns: Vec<Column>,
    filters: &'f [Filter],
    /// What each filter has met.
    met: Vec<Met>,
    rows: usize,
}

impl<'f> Gathering<'f> {
    fn new(wanted: &[&Offer], filters: &'f [Filter]) -> Self {
        let column = |offer: &&Offer| Column {
            data: match offer.is_number {
                true => Data::Numbers(Vec::new()),
                false => Data::Names { indices: Vec::new(), names: Names::default() },
            },
        };
        Gathering {
            names: wanted.iter().map(|offer| offer.name.clone()).collect(),
            columns: wanted.iter().map(column).collect(),
            filters,
            met: vec![Met::default(); filters.len()],
            rows: 0,
        }
    }

    /// Whether all filters admit a row; remembers what they have met.
    fn admits<'v>(&mut self, seen: impl Fn(&str) -> Seen<'v>) -> bool {
        let mut all = true;
        for (filter, Met { any, texts, range }) in self.filters.iter().zip(&mut self.met) {
            let value = seen(&filter.column);
            match value {
                Seen::Text(text) if texts.len() < MOST_KNOWN && !texts.contains(text) => {
                    texts.insert(text.to_string());
                }
                Seen::Number(number) => {
                    let (low, high) = range.unwrap_or((number, number));
                    *range = Some((low.min(number), high.max(number)));
                }
                _ => {}
            }
            let admitted = filter.admits(value);
            *any |= admitted;
            all &= admitted;
        }
        all
    }

    fn push(&mut self, index: usize, seen: Seen<'_>) {
        match (&mut self.columns[index].data, seen) {
            (Data::Numbers(numbers), Seen::Number(number)) => numbers.push(number),
            (Data::Numbers(numbers), _) => numbers.push(f64::NAN),
            (Data::Names { indices, names }, Seen::Text(text)) => {
                let index = names.index(text);
                indices.push(index);
            }
            (Data::Names { indices, names }, Seen::Number(number)) => {
                let index = names.index(&number.to_string());
                indices.push(index);
            }
            (Data::Names { indices, .. }, Seen::Nothing) => indices.push(NONE),
        }
    }

    fn results(&mut self, results: &SweepResults) {
        let axis = |name: &str| results.axes().iter().position(|axis| axis.name == name);
        let metrics: FxHashMap<String, &String> =
            results.metrics().iter().map(|metric| (results.column_name(metric), metric)).collect();
        for row in results.rows().iter().filter(|row| row.error.is_none()) {
            let labels = results.labels(row.run.point);
            let texts: Vec<String> = labels.iter().map(shown).collect();
            let seen = |name: &str| match axis(name) {
                Some(index) => match labels[index].as_f64() {
                    Some(number) => Seen::Number(number),
                    None => Seen::Text(&texts[index]),
                },
                None => {
                    let value = metrics.get(name).and_then(|metric| results.value(row, metric));
                    value.map_or(Seen::Nothing, Seen::Number)
                }
            };
            if self.admits(seen) {
                self.rows += 1;
                for (index, name) in self.names.clone().iter().enumerate() {
                    // An axis with names may have numbers among them.
                    let value = match (&self.columns[index].data, axis(name)) {
                        (Data::Names { .. }, Some(axis)) => Seen::Text(&texts[axis]),
                        _ => seen(name),
                    };
                    self.push(index, value);
                }
            }
        }
    }

    fn piece(&mut self, piece: &Piece, table: &str) -> Result<(), PlotError> {
        let constant = |name: &str| piece.constants.iter().find(|constant| constant.name == name);
        let filtered = self.filters.iter().map(|filter| filter.column.as_str());
        let all: Vec<String> =
            self.names.iter().map(String::as_str).chain(filtered).map(str::to_string).collect();
        let mut own: Vec<&str> =
            all.iter().map(String::as_str).filter(|name| constant(name).is_none()).collect();
        own.sort_unstable();
        own.dedup();
        let texts: Vec<(&str, String)> = piece
            .constants
            .iter()
            .map(|constant| (constant.name.as_str(), shown(&constant.value)))
            .collect();
        let known = |name: &str| -> Option<Seen<'_>> {
            Some(match constant(name)?.value.as_f64() {
                Some(number) => Seen::Number(number),
                None => Seen::Text(texts.iter().find(|(own, _)| *own == name)?.1.as_str()),
            })
        };
        if own.is_empty() {
            // Only what is the same for all rows is asked for: their number decides.
            let spec = piece.tables.tables().find(|spec| spec.name == table);
            own.extend(spec.and_then(|spec| spec.columns.first()).map(|column| column.name.as_ref()));
        }
        let mut reader = piece.tables.table_columns(table, &own)?;
        // Categories of this reader by their symbols, for each column that is kept.
        let mut symbols: Vec<FxHashMap<Symbol, u32>> = vec![FxHashMap::default(); self.names.len()];
        while let Some(rows) = reader.next_batch()? {
            let places: Vec<Option<usize>> =
                self.names.iter().map(|name| rows.spec().column(name)).collect();
            for row in 0..rows.len() {
                let admitted = self.filters.is_empty()
                    || self.admits(|name| known(name).unwrap_or_else(|| seen(&rows, name, row)));
                if !admitted {
                    continue;
                }
                self.rows += 1;
                for index in 0..self.names.len() {
                    match places[index] {
                        None => {
                            let value = known(&self.names[index]).unwrap_or(Seen::Nothing);
                            self.push(index, value);
                        }
                        Some(place) => self.push_cell(index, &rows, place, row, &mut symbols[index]),
                    }
                }
            }
        }
        Ok(())
    }

    fn push_cell(
        &mut self,
        index: usize,
        rows: &Rows<'_>,
        place: usize,
        row: usize,
        known: &mut FxHashMap<Symbol, u32>,
    ) {
        let seen = as_seen(rows.cell(row, place));
        if let (Data::Names { indices, names }, Cell::Category(symbol), Seen::Text(text)) =
            (&mut self.columns[index].data, rows.columns()[place].cell(row), seen)
        {
            indices.push(*known.entry(symbol).or_insert_with(|| names.index(text)));
        } else {
            self.push(index, seen);
        }
    }

    fn finish(self) -> Result<Selection, PlotError> {
        for (filter, Met { any, texts, range }) in self.filters.iter().zip(&self.met) {
            if !any {
                return Err(filter.nothing_met(texts, *range));
            }
        }
        if self.rows == 0 {
            let message = match self.filters {
                [] => "there are no rows",
                _ => "no row meets all conditions of `where` at once",
            };
            return Err(PlotError::Empty(message.into()));
        }
        Ok(Selection { columns: self.columns, rows: self.rows })
    }
}

fn seen<'r>(rows: &Rows<'r>, name: &str, row: usize) -> Seen<'r> {
    rows.spec().column(name).map_or(Seen::Nothing, |place| as_seen(rows.cell(row, place)))
}

fn as_seen(cell: Cell<'_>) -> Seen<'_> {
    match cell {
        Cell::Null | Cell::Category(_) => Seen::Nothing,
        Cell::Float(number) => Seen::Number(number),
        Cell::Unsigned(number) => Seen::Number(number as f64),
        Cell::Signed(number) => Seen::Number(number as f64),
        Cell::Boolean(true) => Seen::Text("true"),
        Cell::Boolean(false) => Seen::Text("false"),
        Cell::Text(text) => Seen::Text(text),
    }
}
