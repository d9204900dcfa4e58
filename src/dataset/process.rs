//! From the rows of one run to its samples.

use super::DatasetError;
use super::event_table::EventTable;
use super::exact::ValueWriter;
use super::plan::{Engine, Plan};
use super::rows::{Chunk, RowReader};
use super::sources::Run;
use super::split::{Part, Place, RunSplit, Split};
use super::statistics::{Counter, Counts};
use super::transitions::TransitionEngine;
use super::windows::{Sample, SampleSink, WindowEngine};
use crate::engine::SimTime;
use crate::output::TableReader;
use crate::records::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

/// Samples that are handed on at a time.
pub(super) const BATCH_SAMPLES: usize = 4096;

/// Some samples of a run, and the texts and entities that are new in them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) parts: Vec<Part>,
    pub(super) entities: Vec<u32>,
    /// Present row, first and last instant, in nanoseconds.
    pub(super) times: Vec<[u64; 3]>,
    /// Of each sample all values.
    pub(super) values: Vec<f64>,
    pub(super) new_texts: Vec<String>,
    /// The numbers of the texts of each entity.
    pub(super) new_entities: Vec<Vec<u32>>,
}

/// What comes of reading a run.
#[derive(Debug)]
pub(super) enum Message {
    /// Some samples.
    Samples(Batch),
    /// All of them have come, or there will be no more.
    Done(Box<Result<Counts, DatasetError>>),
}

/// What is shared by all that read runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'j> {
    pub(super) plan: &'j Plan,
    pub(super) runs: &'j [Run],
    pub(super) split: &'j Split,
    /// For files that are needed on the way.
    pub(super) directory: &'j Path,
    /// Whether quantiles are to be exact.
    pub(super) exact: bool,
    pub(super) interrupted: &'j AtomicBool,
}

/// Takes the samples of a run: counts them, and hands them on if there is somebody to take them.
struct Collector<'j> {
    split: RunSplit<'j>,
    /// By entity.
    parts: Vec<Option<Part>>,
    counter: Counter,
    /// Whether columns are looked at.
    fully: bool,
    target: Option<&'j SyncSender<Message>>,
    batch: Batch,
    /// Whether nobody takes samples any more.
    is_closed: bool,
}

impl SampleSink for Collector<'_> {
    fn sample(&mut self, sample: Sample<'_>) {
        let of_entity = self.parts.get(sample.entity as usize).copied().flatten();
        let place = self.split.place(&sample, of_entity);
        self.counter.sample(place, sample.values, self.fully);
        let (Place::In(part), Some(_)) = (place, &self.target) else { return };
        self.batch.parts.push(part);
        self.batch.entities.push(sample.entity);
        self.batch.times.push([sample.time, sample.start, sample.end]);
        self.batch.values.extend_from_slice(sample.values);
    }

    fn incomplete(&mut self) {
        self.counter.incomplete();
    }
}

impl Collector<'_> {
    /// Hands on the samples so far, with the texts and entities from these numbers on.
    fn send(&mut self, rows: &RowReader<'_>, texts: &mut usize, entities: &mut usize) {
        let Some(target) = self.target else { return };
        let mut batch = std::mem::take(&mut self.batch);
        batch.new_texts =
            (*texts..rows.texts.len()).map(|text| rows.texts.get(text).to_string()).collect();
        batch.new_entities =
            (*entities..rows.entities.len()).map(|e| rows.entities.key(e).to_vec()).collect();
        (*texts, *entities) = (rows.texts.len(), rows.entities.len());
        self.is_closed |= target.send(Message::Samples(batch)).is_err();
    }
}

impl Job<'_> {
    /// Reads a run: counts its samples, `fully` with their columns, and hands them to `target`.
    pub(super) fn read(
        &self,
        run: usize,
        fully: bool,
        target: Option<&SyncSender<Message>>,
    ) -> Result<Counts, DatasetError> {
        let plan = self.plan;
        let source = &self.runs[run];
        let mut rows = RowReader::new(
            &plan.rows,
            self.open(source, &plan.table.name, &plan.rows.columns)?,
            &source.name,
            self.tiers(source)?,
            &self.directory.join(format!("sort-{run}")),
        );
        let mut counter = Counter::new(&plan.values);
        // Values are looked at only once.
        if self.exact && fully {
            let path = self.directory.join(format!("values-{run}"));
            counter.keep_values(ValueWriter::create(path).map_err(DatasetError::Sorting)?);
        }
        let mut collector = Collector {
            split: self.split.of_run(run),
            parts: Vec::new(),
            counter,
            fully,
            target,
            batch: Batch::default(),
            is_closed: false,
        };
        let events = plan
            .events
            .iter()
            .map(|events| events.read(self.open(source, &events.table, &events.columns)?))
            .collect::<Result<Vec<EventTable>, DatasetError>>()?;
        let mut engine = match &plan.engine {
            Engine::Windows(windows) => Running::Windows(WindowEngine::new(windows, source.end)),
            Engine::Transitions(transitions) => Running::Transitions(TransitionEngine::new(transitions)),
        };
        let (mut texts_sent, mut entities_sent) = (0, 0);
        let mut entities_met = BTreeSet::new();
        let mut chunk = rows.chunk();
        while rows.next(&mut chunk)? {
            for entity in collector.parts.len()..rows.entities.len() {
                let key = rows.entities.key(entity);
                let parts = || key.iter().map(|text| rows.texts.get(*text as usize));
                let name = parts().collect::<Vec<_>>().join("/");
                collector.parts.push(collector.split.of_entity(&name));
                if self.split.lists_entities() {
                    entities_met.insert(name);
                }
                if let Running::Windows(engine) = &mut engine {
                    engine.add_entity(events.iter().map(|events| events.of_entity(parts())).collect());
                }
            }
            for row in 0..chunk.times.len() {
                self.push(&mut engine, source, &chunk, row, &mut collector)?;
                if collector.batch.parts.len() >= BATCH_SAMPLES {
                    collector.send(&rows, &mut texts_sent, &mut entities_sent);
                }
            }
            if collector.is_closed || self.interrupted.load(Ordering::Relaxed) {
                return Err(DatasetError::Interrupted);
            }
        }
        match &mut engine {
            Running::Windows(engine) => engine.finish(&mut collector),
            Running::Transitions(engine) => engine.finish(&mut collector),
        }
        collector.send(&rows, &mut texts_sent, &mut entities_sent);
        let counter = collector.counter;
        counter.finish(&plan.values, &rows, entities_met).map_err(DatasetError::Sorting)
    }

    fn push(
        &self,
        engine: &mut Running<'_>,
        source: &Run,
        chunk: &Chunk,
        row: usize,
        collector: &mut Collector<'_>,
    ) -> Result<(), DatasetError> {
        let (entity, time) = (chunk.entities[row], chunk.times[row]);
        let value = |cell: usize| chunk.cells[cell][row];
        match engine {
            Running::Transitions(engine) => {
                engine.push(entity, time, value, collector);
                Ok(())
            }
            Running::Windows(engine) => {
                engine.push(entity, time, value, collector).map_err(|silence| DatasetError::Silence {
                    run: source.name.clone(),
                    steps: silence.steps,
                    time_s: SimTime::from_nanos(silence.time).as_secs(),
                })
            }
        }
    }

    fn open(&self, run: &Run, table: &str, columns: &[String]) -> Result<TableReader, DatasetError> {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        Ok(run.tables.table_columns(table, &columns)?)
    }

    /// The tier of each node of a run, if they are looked up.
    fn tiers(&self, run: &Run) -> Result<BTreeMap<String, String>, DatasetError> {
        let mut tiers = BTreeMap::new();
        if !self.plan.needs_tiers {
            return Ok(tiers);
        }
        let mut reader = run.tables.table_columns("nodes", &["node", "tier"])?;
        while let Some(rows) = reader.next_batch()? {
            for row in 0..rows.len() {
                if let (Cell::Text(node), Cell::Text(tier)) = (rows.cell(row, 0), rows.cell(row, 1))
                    && !tiers.contains_key(node)
                {
                    tiers.insert(node.to_string(), tier.to_string());
                }
            }
        }
        Ok(tiers)
    }
}

enum Running<'p> {
    Windows(WindowEngine<'p>),
    Transitions(TransitionEngine<'p>),
}
