//! The cells of a table as numbers.

use super::predicate::{Predicate, number};
use crate::output::{Column, Rows, Symbols, Values};
use crate::records::{Cell, Symbol};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A value of a row, by place among the columns that are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CellPlan {
    /// A number, or true or false as 1 and 0.
    Number(usize),
    /// A text, as its number among the [`Texts`] of the run.
    Text(usize),
    /// The same, and this text where it is null.
    TextOr {
        /// The column.
        column: usize,
        /// The text for null.
        otherwise: String,
    },
    /// Whether a condition is met.
    Condition(Predicate),
    /// The tier of the node that a column names, as text; `local` if it is the one in the column `own`.
    Tier {
        /// The column that names the node.
        node: usize,
        /// The column with the name of who asks.
        own: Option<usize>,
    },
}

/// The tier of what is done where it was asked for.
const LOCAL: &str = "local";

/// The texts of a run, numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Texts {
    symbols: Symbols,
    /// The number here of each symbol of the table that is read; `NONE` if it has none yet.
    translated: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Texts {
    /// Number of texts so far.
    pub(super) fn len(&self) -> usize {
        self.symbols.len()
    }

    pub(super) fn get(&self, number: usize) -> &str {
        self.symbols.text(Symbol(number as u32))
    }

    fn number(&mut self, text: &str) -> u32 {
        self.symbols.intern(text).0
    }

    /// The number of the text in a cell, which must not be null; of other cells that of what they look like.
    fn of_cell(&mut self, rows: &Rows<'_>, row: usize, column: usize) -> u32 {
        if let Values::Category(symbols) = rows.columns()[column].values() {
            let symbol = symbols[row].0 as usize;
            if let Some(&number) = self.translated.get(symbol)
                && number != NONE
            {
                return number;
            }
            let number = match rows.cell(row, column) {
                Cell::Text(text) => self.number(text),
                _ => self.number(""),
            };
            if self.translated.len() <= symbol {
                self.translated.resize(symbol + 1, NONE);
            }
            self.translated[symbol] = number;
            return number;
        }
        match rows.cell(row, column) {
            Cell::Text(text) => self.number(text),
            _ => self.number(&rows.text(row, column)),
        }
    }
}

/// The entities of a run, numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Entities {
    /// By the texts that tell them apart; for look-ups only.
    numbers: FxHashMap<SmallVec<[u32; 2]>, u32>,
    keys: Vec<SmallVec<[u32; 2]>>,
    /// Of an only column: the entity of each text.
    of_text: Vec<u32>,
}

impl Entities {
    /// Number of entities so far.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The numbers of the texts that tell an entity apart.
    pub(super) fn key(&self, entity: usize) -> &[u32] {
        self.keys.get(entity).map_or(&[], |key| key.as_slice())
    }

    fn of_key(&mut self, key: SmallVec<[u32; 2]>) -> u32 {
        let Entities { numbers, keys, .. } = self;
        *numbers.entry(key).or_insert_with_key(|key| {
            keys.push(key.clone());
            (keys.len() - 1) as u32
        })
    }

    /// Appends the entity of each of the rows, which these columns tell apart. None of them is null there.
    pub(super) fn read(
        &mut self,
        columns: &[usize],
        rows: &Rows<'_>,
        selected: &[u32],
        texts: &mut Texts,
        target: &mut Vec<u32>,
    ) {
        let mut part = |row: usize, column: usize| texts.of_cell(rows, row, column);
        if let &[column] = columns {
            for &row in selected {
                let text = part(row as usize, column);
                let entity = match self.of_text.get(text as usize) {
                    Some(&entity) if entity != NONE => entity,
                    _ => {
                        let entity = self.of_key([text].into_iter().collect());
                        if self.of_text.len() <= text as usize {
                            self.of_text.resize(text as usize + 1, NONE);
                        }
                        self.of_text[text as usize] = entity;
                        entity
                    }
                };
                target.push(entity);
            }
            return;
        }
        for &row in selected {
            let key = columns.iter().map(|column| part(row as usize, *column)).collect();
            target.push(self.of_key(key));
        }
    }
}

impl CellPlan {
    /// Appends the value of each of the rows; NaN for null.
    pub(super) fn read(
        &self,
        rows: &Rows<'_>,
        selected: &[u32],
        texts: &mut Texts,
        tiers: &BTreeMap<String, String>,
        target: &mut Vec<f64>,
    ) {
        let all = selected.len() == rows.len();
        match self {
            CellPlan::Number(column) => {
                let column: &Column = &rows.columns()[*column];
                match column.values() {
                    // Null is NaN already.
                    Values::Float(values) if all => target.extend_from_slice(values),
                    Values::Float(values) => {
                        target.extend(selected.iter().map(|&row| values[row as usize]));
                    }
                    _ => target.extend(selected.iter().map(|&row| number(column, row as usize))),
                }
            }
            CellPlan::Text(column) => target.extend(selected.iter().map(|&row| {
                let row = row as usize;
                if rows.columns()[*column].is_null(row) {
                    f64::NAN
                } else {
                    f64::from(texts.of_cell(rows, row, *column))
                }
            })),
            CellPlan::TextOr { column, otherwise } => target.extend(selected.iter().map(|&row| {
                let row = row as usize;
                f64::from(match rows.columns()[*column].is_null(row) {
                    true => texts.number(otherwise),
                    false => texts.of_cell(rows, row, *column),
                })
            })),
            CellPlan::Condition(condition) => {
                target.extend(selected.iter().map(|&row| condition.value(rows, row as usize)));
            }
            CellPlan::Tier { node, own } => target.extend(selected.iter().map(|&row| {
                let row = row as usize;
                let Cell::Text(name) = rows.cell(row, *node) else { return f64::NAN };
                if own.is_some_and(|own| rows.cell(row, own) == Cell::Text(name)) {
                    return f64::from(texts.number(LOCAL));
                }
                tiers.get(name).map_or(f64::NAN, |tier| f64::from(texts.number(tier)))
            })),
        }
    }
}
