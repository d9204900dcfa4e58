//! Decisions whose outcome is still to come, and the `decisions` table: what each policy saw, what it chose,
//! and what came of it.

use crate::apps::{DecisionEnd, DecisionId, OffloadingRequest};
use crate::engine::SimTime;
use crate::infra::NodeId;
use crate::placement::offloading::DecisionOutcome;
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
    request: OffloadingRequest,
    choice: Option<NodeId>,
    /// What the policy could see, if that is recorded.
    features: Option<[Option<f64>; MOST_FEATURES]>,
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

    /// Counts a decision and returns its number.
    pub(super) fn count(&mut self) -> u64 {
        self.made += 1;
        self.made - 1
    }

    /// Keeps a decision until its outcome is known, with what was seen if that is to be recorded.
    pub(super) fn add(
        &mut self,
        number: u64,
        time: SimTime,
        workload: Symbol,
        request: &OffloadingRequest,
        choice: Option<NodeId>,
        seen: Option<&[Option<f64>]>,
    ) -> DecisionId {
        let features = seen.map(|seen| {
            let mut features = [None; MOST_FEATURES];
            for (kept, seen) in features.iter_mut().zip(seen) {
                *kept = *seen;
            }
            features
        });
        let pending = Pending { time, number, workload, request: *request, choice, features };
        DecisionId(self.pending.insert(pending) as u32)
    }

    /// Records what came of a decision, and returns it for the policy; `None` if it was resolved before.
    pub(super) fn resolve(
        &mut self,
        records: &mut dyn Records,
        node_symbols: &[Symbol],
        now: SimTime,
        id: DecisionId,
        end: DecisionEnd,
    ) -> Option<DecisionOutcome> {
        let pending = self.pending.try_remove(id.0 as usize)?;
        self.write(records, node_symbols, &pending, end);
        Some(DecisionOutcome {
            decision: pending.number,
            request: pending.request,
            decided: pending.time,
            resolved: now,
            node: pending.choice,
            is_done: end.is_done,
            service_s: end.service_s,
            reward: end.reward,
        })
    }

    fn write(
        &self,
        records: &mut dyn Records,
        node_symbols: &[Symbol],
        pending: &Pending,
        end: DecisionEnd,
    ) {
        let Some(features) = pending.features else { return };
        let mut cells = [Cell::Null; COMMON + MOST_FEATURES];
        let common = [
            Cell::Float(pending.time.as_secs()),
            Cell::Unsigned(pending.number),
            Cell::Category(self.point),
            Cell::Category(self.policy),
            Cell::Category(pending.workload),
            Cell::Unsigned(pending.request.task),
            Cell::Category(node_symbols[pending.request.device.index()]),
            pending.choice.map(|node| node_symbols[node.index()]).into(),
            Cell::Category(end.outcome),
            Cell::Float(end.reward),
        ];
        cells[..COMMON].copy_from_slice(&common);
        for (cell, feature) in cells[COMMON..].iter_mut().zip(features) {
            *cell = feature.into();
        }
        records.write(self.table, &cells[..COMMON + self.features]);
    }

    /// Writes what has no outcome at the end of the run.
    pub(super) fn finish(&mut self, records: &mut dyn Records, node_symbols: &[Symbol]) {
        let outcome = self.unfinished;
        let end = DecisionEnd { outcome, is_done: false, service_s: None, reward: 0.0 };
        for (_, pending) in std::mem::take(&mut self.pending) {
            self.write(records, node_symbols, &pending, end);
        }
    }
}
