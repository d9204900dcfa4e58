//! Reading the events that windows are labelled by.

use super::DatasetError;
use super::events::{Intervals, NEVER};
use super::predicate::{Predicate, number};
use crate::engine::SimTime;
use crate::output::{Rows, TableReader};
use std::collections::BTreeMap;

/// How events are read from a table, by place among the columns that are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventPlan {
    pub(super) table: String,
    pub(super) columns: Vec<String>,
    pub(super) time: usize,
    /// The column that says whose event it is, and which of the entity's columns has the same text.
    pub(super) key: Option<(usize, usize)>,
    pub(super) conditions: Vec<Predicate>,
    pub(super) begin: Option<Predicate>,
    pub(super) end: Option<Predicate>,
    /// The column with the time of the end.
    pub(super) until: Option<usize>,
}

/// The events of one run, by whose they are.
#[derive(Debug, Default)]
pub(super) struct EventTable {
    /// By key; the empty one if events are the whole run's.
    intervals: BTreeMap<String, Intervals>,
    entity_part: Option<usize>,
}

impl EventTable {
    /// The intervals of the entity with these texts.
    pub(super) fn of_entity<'t>(&self, parts: impl Iterator<Item = &'t str>) -> Intervals {
        let mut parts = parts;
        let key = self.entity_part.and_then(|part| parts.nth(part)).unwrap_or_default();
        self.intervals.get(key).cloned().unwrap_or_default()
    }
}

/// What a row says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Begins,
    Ends,
    /// It begins, and ends at this time.
    Lasts(u64),
}

impl EventPlan {
    fn change(&self, rows: &Rows<'_>, row: usize) -> Option<Change> {
        if !self.conditions.iter().all(|condition| condition.holds(rows, row)) {
            return None;
        }
        if self.begin.as_ref().is_none_or(|begin| begin.holds(rows, row)) {
            let until = self.until.map(|until| number(&rows.columns()[until], row));
            return Some(match until {
                None => Change::Begins,
                Some(until) if until.is_nan() => Change::Lasts(NEVER),
                Some(until) => Change::Lasts(SimTime::from_secs(until).as_nanos()),
            });
        }
        let ends = self.end.as_ref().is_some_and(|end| end.holds(rows, row));
        ends.then_some(Change::Ends)
    }

    /// Reads all events of a run.
    pub(super) fn read(&self, mut reader: TableReader) -> Result<EventTable, DatasetError> {
        let mut changes: Vec<(u64, String, Change)> = Vec::new();
        while let Some(rows) = reader.next_batch()? {
            for row in 0..rows.len() {
                let time_s = number(&rows.columns()[self.time], row);
                if time_s.is_nan() {
                    continue;
                }
                if let Some(change) = self.change(&rows, row) {
                    let key = self.key.map_or(String::new(), |(column, _)| rows.text(row, column));
                    changes.push((SimTime::from_secs(time_s).as_nanos(), key, change));
                }
            }
        }
        // Rows of an instant stay as they were written.
        changes.sort_by_key(|(time, ..)| *time);
        Ok(EventTable {
            intervals: self.intervals(changes),
            entity_part: self.key.map(|(_, entity_part)| entity_part),
        })
    }

    fn intervals(&self, changes: Vec<(u64, String, Change)>) -> BTreeMap<String, Intervals> {
        let mut all: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for (time, key, change) in changes {
            match change {
                Change::Lasts(until) => all.entry(key).or_default().push((time, until.max(time))),
                Change::Begins if self.end.is_none() => all.entry(key).or_default().push((time, time)),
                Change::Begins => {
                    open.entry(key).or_insert(time);
                }
                Change::Ends => {
                    if let Some(began) = open.remove(&key) {
                        all.entry(key).or_default().push((began, time));
                    }
                }
            }
        }
        for (key, began) in open {
            all.entry(key).or_default().push((began, NEVER));
        }
        all.into_iter().map(|(key, intervals)| (key, Intervals::new(intervals))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(end: bool) -> EventPlan {
        EventPlan {
            table: "faults".into(),
            columns: Vec::new(),
            time: 0,
            key: Some((1, 0)),
            conditions: Vec::new(),
            begin: None,
            end: end.then(Predicate::anything),
            until: None,
        }
    }

    fn change(time: u64, key: &str, change: Change) -> (u64, String, Change) {
        (time, key.into(), change)
    }

    #[test]
    fn what_begins_ends_with_the_next_end_of_the_same_key() {
        let changes = vec![
            change(5, "a", Change::Ends),
            change(10, "a", Change::Begins),
            change(12, "b", Change::Begins),
            change(15, "a", Change::Begins),
            change(20, "a", Change::Ends),
            change(25, "a", Change::Ends),
        ];
        let found = plan(true).intervals(changes);
        assert_eq!(found["a"], Intervals::new(vec![(10, 20)]));
        assert_eq!(found["b"], Intervals::new(vec![(12, NEVER)]));
    }

    #[test]
    fn without_an_end_there_are_instants_or_given_times() {
        let changes = vec![
            change(10, "a", Change::Begins),
            change(20, "a", Change::Lasts(30)),
            change(25, "a", Change::Lasts(5)),
        ];
        let found = plan(false).intervals(changes);
        assert_eq!(found["a"], Intervals::new(vec![(10, 10), (20, 30), (25, 25)]));
        let table = EventTable { intervals: found, entity_part: Some(1) };
        assert!(table.of_entity(["x", "a"].into_iter()).hold_at(29));
        assert_eq!(table.of_entity(["a", "x"].into_iter()), Intervals::default());
    }
}
