//! The `decisions` table: what each policy saw, what it chose, and what came of it.

use crate::apps::DecisionId;
use crate::engine::SimTime;
use crate::infra::NodeId;
use crate::records::{Cell, ColumnSpec, RecordError, Records, Symbol, TableId, TableSpec};
use slab::Slab;

/// Columns that every decision point has.
fn common_columns() -> [ColumnSpec; COMMON] {
    [
        ColumnSpec::float("t_s", "s", "when it was decided"),
        ColumnSpec::unsigned("decision", "", "number of the decision, in order from 0"),
        ColumnSpec::category("point", "decision point"),
        ColumnSpec::category("policy", "policy that decided"),
        ColumnSpec::category("workload", "workload that asked"),
        ColumnSpec::unsigned("subject", "", "what it was about: number of the task in its workload"),
        ColumnSpec::category("device", "device that asked"),
        ColumnSpec::category("choice", "node that was chosen; null if it was refused or not possible"),
        ColumnSpec::category("outcome", "what came of it"),
        ColumnSpec::float("reward", "", "1 / (1 + service time in s) of what was done in time, else 0"),
    ]
}

/// Number of the columns that every decision point has.
const COMMON: usize = 10;

/// Most features that a decision point records.
const MOST_FEATURES: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Pending {
    time: SimTime,
    number: u64,
    workload: Symbol,
    subject: u64,
    device: NodeId,
    choice: Option<NodeId>,
    features: [Option<f64>; MOST_FEATURES],
}

/// Decisions whose outcome is still to come, and the table they go to.
#[derive(Debug)]
pub(super) struct Decisions {
    table: TableId,
    enabled: bool,
    point: Symbol,
    policy: Symbol,
    features: usize,
    pending: Slab<Pending>,
    made: u64,
    unfinished: Symbol,
}

impl Decisions {
    /// Registers the table for one decision point with its features.
    pub(super) fn register(
        records: &mut dyn Records,
        point: &str,
        policy: &str,
        features: &[ColumnSpec],
    ) -> Result<Self, RecordError> {
        debug_assert!(features.len() <= MOST_FEATURES);
        let columns: Vec<ColumnSpec> = common_columns().iter().chain(features).cloned().collect();
        let table = records.table(TableSpec {
            name: "decisions".into(),
            meaning: "One row for each decision of a policy, written when its outcome is known".into(),
            columns,
        })?;
        Ok(Decisions {
            table,
            enabled: records.is_recorded(table),
            point: records.symbol(point),
            policy: records.symbol(policy),
            features: features.len(),
            pending: Slab::new(),
            made: 0,
            unfinished: records.symbol("unfinished"),
        })
    }

    /// Whether decisions are recorded; if not, their features need not be computed.
    pub(super) fn enabled(&self) -> bool {
        self.enabled
    }

    /// Number of decisions so far.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    pub(super) fn count(&mut self) {
        self.made += 1;
    }

    /// Keeps the decision that was [counted](Self::count) last until its outcome is known.
    pub(super) fn add(
        &mut self,
        time: SimTime,
        workload: Symbol,
        (subject, device): (u64, NodeId),
        choice: Option<NodeId>,
        seen: &[Option<f64>],
    ) -> DecisionId {
        let mut features = [None; MOST_FEATURES];
        for (kept, seen) in features.iter_mut().zip(seen) {
            *kept = *seen;
        }
        let number = self.made - 1;
        let pending = Pending { time, number, workload, subject, device, choice, features };
        DecisionId(self.pending.insert(pending) as u32)
    }

    pub(super) fn resolve(
        &mut self,
        records: &mut dyn Records,
        node_symbols: &[Symbol],
        id: DecisionId,
        outcome: Symbol,
        reward: f64,
    ) {
        let Some(pending) = self.pending.try_remove(id.0 as usize) else { return };
        let mut cells = [Cell::Null; COMMON + MOST_FEATURES];
        let common = [
            Cell::Float(pending.time.as_secs()),
            Cell::Unsigned(pending.number),
            Cell::Category(self.point),
            Cell::Category(self.policy),
            Cell::Category(pending.workload),
            Cell::Unsigned(pending.subject),
            Cell::Category(node_symbols[pending.device.index()]),
            pending.choice.map(|node| node_symbols[node.index()]).into(),
            Cell::Category(outcome),
            Cell::Float(reward),
        ];
        cells[..COMMON].copy_from_slice(&common);
        for (cell, feature) in cells[COMMON..].iter_mut().zip(pending.features) {
            *cell = feature.into();
        }
        records.write(self.table, &cells[..COMMON + self.features]);
    }

    /// Writes what has no outcome at the end of the run.
    pub(super) fn finish(&mut self, records: &mut dyn Records, node_symbols: &[Symbol]) {
        let left: Vec<usize> = self.pending.iter().map(|(index, _)| index).collect();
        for index in left {
            let unfinished = self.unfinished;
            self.resolve(records, node_symbols, DecisionId(index as u32), unfinished, 0.0);
        }
    }
}
