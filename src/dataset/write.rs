//! Writing samples into the files of their parts.

use super::balance::Balance;
use super::layout::{Content, Layout};
use super::plan::Plan;
use super::process::Batch;
use super::sources::Run;
use super::split::Part;
use crate::engine::SimTime;
use crate::output::{Destination, FileFormat, OutputError, Recorder, RecorderSummary, TableSelection};
use crate::records::{Cell, ColumnKind, Symbol, TableId, TableSpec};
use serde_json::Value;
use std::path::Path;

/// Writes samples in the order in which they are given.
#[derive(Debug)]
pub(super) struct Writer<'w> {
    layout: &'w Layout,
    balance: Option<Balance>,
    /// The kind of the values of the column by which classes are balanced.
    balanced_kind: ColumnKind,
    width: usize,
    recorder: Recorder,
    tables: [Option<TableId>; 3],
    /// Of the run that is being written: its name, static values and texts.
    run: Symbol,
    statics: Vec<Option<Scalar>>,
    texts: Vec<Text>,
    entities: Vec<Vec<u32>>,
}

/// A static value as a cell.
#[derive(Clone, Copy, Debug)]
enum Scalar {
    Number(f64),
    Flag(bool),
    Text(Symbol),
}

/// A text of the run that is being written.
#[derive(Debug)]
struct Text {
    symbol: Symbol,
    /// Its code in the vocabulary of each value.
    codes: Vec<u32>,
    text: String,
}

impl<'w> Writer<'w> {
    /// Starts the files of these parts.
    pub(super) fn new(
        layout: &'w Layout,
        plan: &Plan,
        parts: &[Part],
        balance: Option<Balance>,
        directory: &Path,
        format: FileFormat,
    ) -> Result<Self, OutputError> {
        let destination = Destination::Files { directory: directory.to_path_buf(), format };
        let mut recorder = Recorder::new(destination, TableSelection::All);
        let mut tables = [None; 3];
        for part in parts {
            let columns: Vec<_> = layout.columns.iter().map(|column| column.spec.clone()).collect();
            let meaning = match part {
                Part::Train => "Samples to learn from",
                Part::Validation => "Samples to choose by",
                Part::Test => "Samples to judge by, once",
            };
            tables[*part as usize] =
                Some(recorder.table(TableSpec::new(part.name(), meaning, columns))?);
        }
        let column = balance.as_ref().map(|balance| balance.column);
        let balanced_kind = column.map_or(ColumnKind::Float, |column| plan.values[column].spec.kind);
        let width = plan.values.len();
        let run = recorder.symbol("");
        let (statics, texts, entities) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Writer {
            layout,
            balance,
            balanced_kind,
            width,
            recorder,
            tables,
            run,
            statics,
            texts,
            entities,
        })
    }

    /// The next batches are of this run.
    pub(super) fn begin_run(&mut self, index: usize, run: &Run) {
        let recorder = &mut self.recorder;
        self.run = recorder.symbol(&run.name);
        self.texts.clear();
        self.entities.clear();
        let values = self.layout.statics.get(index).map_or(&[][..], Vec::as_slice);
        let statics =
            self.layout.columns.iter().filter(|column| matches!(column.content, Content::Static(_)));
        self.statics = values
            .iter()
            .zip(statics)
            .map(|(value, column)| match (column.spec.kind, value) {
                (_, Value::Null) => None,
                (ColumnKind::Float, value) => value.as_f64().map(Scalar::Number),
                (ColumnKind::Boolean, value) => value.as_bool().map(Scalar::Flag),
                (_, Value::String(text)) => Some(Scalar::Text(recorder.symbol(text))),
                (_, value) => Some(Scalar::Text(recorder.symbol(&value.to_string()))),
            })
            .collect();
    }

    /// Writes some samples of the run. Says whether more of them are welcome.
    pub(super) fn write(&mut self, batch: Batch) -> bool {
        for text in batch.new_texts {
            let code = |vocabulary: &Vec<String>| match vocabulary.binary_search(&text) {
                Ok(index) => index as u32 + 1,
                Err(_) => 0,
            };
            let codes = self.layout.vocabularies.iter().map(code).collect();
            self.texts.push(Text { symbol: self.recorder.symbol(&text), codes, text });
        }
        self.entities.extend(batch.new_entities);
        let samples = batch.values.chunks_exact(self.width.max(1));
        for (index, values) in samples.enumerate() {
            let part = batch.parts[index];
            let (times, weight) = match &mut self.balance {
                None => (1, 1.0),
                Some(balance) => {
                    let value = values[balance.column];
                    let number;
                    let class = match self.balanced_kind {
                        ColumnKind::Category | ColumnKind::Text => {
                            self.texts.get(value as usize).map_or("", |text| text.text.as_str())
                        }
                        ColumnKind::Boolean if value != 0.0 => "true",
                        ColumnKind::Boolean => "false",
                        _ => {
                            number = value.to_string();
                            &number
                        }
                    };
                    (balance.times(part, class), balance.weight(part, class))
                }
            };
            for _ in 0..times {
                self.row(part, batch.entities[index], batch.times[index], values, weight);
            }
        }
        self.recorder.failure().is_none()
    }

    fn row(&mut self, part: Part, entity: u32, times: [u64; 3], values: &[f64], weight: f64) {
        let Some(table) = self.tables[part as usize] else { return };
        let time = |index: usize| Cell::Float(SimTime::from_nanos(times[index]).as_secs());
        let text = |value: f64| if value.is_nan() { None } else { self.texts.get(value as usize) };
        let mut row = self.recorder.row(table);
        for column in &self.layout.columns {
            row = row.cell(match &column.content {
                Content::Run => Cell::Category(self.run),
                Content::Entity(part) => {
                    let number = self.entities.get(entity as usize).and_then(|key| key.get(*part));
                    let text = number.and_then(|number| self.texts.get(*number as usize));
                    text.map(|text| text.symbol).into()
                }
                Content::Time => time(0),
                Content::Start => time(1),
                Content::End => time(2),
                Content::Next { terminal } if values[*terminal] != 0.0 => Cell::Null,
                Content::Next { .. } => time(2),
                Content::Static(index) => match self.statics.get(*index).copied().flatten() {
                    None => Cell::Null,
                    Some(Scalar::Number(value)) => Cell::Float(value),
                    Some(Scalar::Flag(value)) => Cell::Boolean(value),
                    Some(Scalar::Text(symbol)) => Cell::Category(symbol),
                },
                Content::Number { value, .. } if values[*value].is_nan() => Cell::Null,
                Content::Number { value, center, width } => {
                    Cell::Float((values[*value] - center) / width)
                }
                Content::Whole(value) if values[*value].is_nan() => Cell::Null,
                Content::Whole(value) => Cell::Unsigned(values[*value] as u64),
                Content::Flag(value) if values[*value].is_nan() => Cell::Null,
                Content::Flag(value) => Cell::Boolean(values[*value] != 0.0),
                Content::Text(value) => text(values[*value]).map(|text| text.symbol).into(),
                Content::Code(value) => {
                    text(values[*value]).map(|text| u64::from(text.codes[*value])).into()
                }
                Content::OneHot { value, code } => {
                    text(values[*value]).map(|text| u64::from(text.codes[*value] == *code)).into()
                }
                Content::Weight => Cell::Float(weight),
            });
        }
        row.end();
    }

    /// The dictionary of the files.
    pub(super) fn dictionary(&self) -> Value {
        self.recorder.dictionary()
    }

    /// Completes the files.
    pub(super) fn finish(self) -> Result<RecorderSummary, OutputError> {
        self.recorder.finish()
    }
}
