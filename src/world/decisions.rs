//! Decisions whose outcome is still to come, and the `decisions` table: what each policy saw, what it chose,
//! and what came of it.

use crate::apps::{DecisionEnd, DecisionId, DecisionPoint, OffloadingRequest};
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
        ColumnSpec::category("workload", "workload that asked; null if the world did"),
        ColumnSpec::unsigned(
            "subject",
            "",
            "what it was about: number of the task in its workload, of the task in its workflow, of the virtual machine, of the step, of the node, of the application, of the device among those of 5G, of the agent in its workload, of the epoch of functions, of the observation period of a mission, of the question about an order of training jobs, of the training job, or of the operation that creates a geo-distributed resource",
        ),
        ColumnSpec::category(
            "device",
            "device that asked or that an alarm is about, node whose frequency it is about, or node of the agent, or vehicle of a mission; null if there is none",
        ),
        ColumnSpec::category(
            "choice",
            "node that was chosen; null if it was refused or not possible, or no single node",
        ),
        ColumnSpec::category("outcome", "what came of it"),
        ColumnSpec::float(
            "reward",
            "",
            "of a task 1 / (1 + service time in s) if it was done in time, else 0; of a virtual machine or a consolidation the share that was got of what was asked for until the next such decision; of a frequency the share that was got until the next one of the node, less its mean power over that of all cores busy at the fastest step; of a response to an alarm the rate that the device's downlink would have had with the whole carrier until the next one, over the greatest that it had so far: 1 at another access point, 0 without any; of an action of an agent 1 if it was done, else 0; of an allocation of replicas the objective that its epoch had, over the greatest possible; of an engagement what the objective of the mission gained until the next decision about it; of an order of training jobs the share of the GPUs that is busy then; of a placement 1 over the slow-down of the job if it has finished, else 0; of the sites of a geo-distributed resource 1 / (1 + latency of its creation in s) if that was done, else 0",
        ),
    ]
}

/// Number of the columns that every decision point has.
const COMMON: usize = 10;

/// Most features that a decision point records.
pub(super) const MOST_FEATURES: usize = 16;

/// A decision point of a run: who decides there, and what is recorded of what they see.
#[derive(Debug)]
pub(super) struct PointSpec {
    point: DecisionPoint,
    policy: String,
    features: Vec<ColumnSpec>,
}

impl PointSpec {
    pub(super) fn new(
        point: DecisionPoint,
        policy: &str,
        features: impl IntoIterator<Item = ColumnSpec>,
    ) -> Self {
        PointSpec { point, policy: policy.into(), features: features.into_iter().collect() }
    }
}

/// A decision, before its outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    pub(super) time: SimTime,
    pub(super) point: DecisionPoint,
    /// The workload that asked, if one did.
    pub(super) workload: Option<Symbol>,
    /// Who decided, if several policies may at the point.
    pub(super) policy: Option<Symbol>,
    pub(super) subject: u64,
    pub(super) device: Option<NodeId>,
    pub(super) choice: Option<NodeId>,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    made: Made,
    number: u64,
    /// What was to be offloaded, if a policy learns of it.
    request: Option<OffloadingRequest>,
    /// What the policy could see, if that is recorded.
    features: Option<[Option<f64>; MOST_FEATURES]>,
}

/// A decision point in the table.
#[derive(Debug)]
struct Point {
    name: Symbol,
    policy: Symbol,
    /// For each of its features the column, counted from the first one that is not common.
    columns: Vec<usize>,
}

/// Decisions whose outcome is still to come, and the table they go to.
#[derive(Debug)]
pub(super) struct Decisions {
    table: TableId,
    enabled: bool,
    points: [Option<Point>; DecisionPoint::ALL.len()],
    features: usize,
    pending: Slab<Pending>,
    made: u64,
    unfinished: Symbol,
}

impl Decisions {
    /// Registers the table with the features of all these decision points, those of the same name once.
    pub(super) fn register(records: &mut dyn Records, specs: &[PointSpec]) -> Result<Self, RecordError> {
        let mut features: Vec<ColumnSpec> = Vec::new();
        let mut points = [const { None }; DecisionPoint::ALL.len()];
        for spec in specs {
            debug_assert!(spec.features.len() <= MOST_FEATURES);
            let columns = spec.features.iter().map(|feature| {
                let known = features.iter().position(|known| known.name == feature.name);
                known.unwrap_or_else(|| {
                    features.push(feature.clone());
                    features.len() - 1
                })
            });
            let columns = columns.collect();
            let name = records.symbol(spec.point.name());
            let policy = records.symbol(&spec.policy);
            points[spec.point as usize] = Some(Point { name, policy, columns });
        }
        let columns: Vec<ColumnSpec> = common_columns().iter().chain(&features).cloned().collect();
        let table = records.table(TableSpec::new(
            "decisions",
            "One row for each decision of a policy, written when its outcome is known",
            columns,
        ))?;
        Ok(Decisions {
            table,
            enabled: records.is_recorded(table),
            points,
            features: features.len(),
            pending: Slab::new(),
            made: 0,
            unfinished: records.symbol("unfinished"),
        })
    }

    /// Whether the decisions of a point are recorded; if not, their features need not be computed.
    pub(super) fn enabled(&self, point: DecisionPoint) -> bool {
        self.enabled && self.points[point as usize].is_some()
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

    /// Keeps the decision that was [counted](Self::count) last until its outcome is known, with what was seen if that
    /// is to be recorded, and the request if the policy learns of it.
    pub(super) fn add(
        &mut self,
        made: Made,
        request: Option<OffloadingRequest>,
        seen: Option<&[Option<f64>]>,
    ) -> DecisionId {
        let features = seen.map(|seen| {
            let mut features = [None; MOST_FEATURES];
            for (kept, seen) in features.iter_mut().zip(seen) {
                *kept = *seen;
            }
            features
        });
        let number = self.made - 1;
        DecisionId(self.pending.insert(Pending { made, number, request, features }) as u32)
    }

    /// Sets the node that was chosen, of a decision that did not name it when it was made.
    pub(super) fn choose(&mut self, id: DecisionId, node: Option<NodeId>) {
        if let Some(pending) = self.pending.get_mut(id.0 as usize) {
            pending.made.choice = node;
        }
    }

    /// Records what came of a decision, and returns it if the policy learns of it; `None`, too, if it was resolved
    /// before.
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
            request: pending.request?,
            decided: pending.made.time,
            resolved: now,
            node: pending.made.choice,
            is_done: end.is_done,
            service_s: end.service_s,
            is_lost_to_mobility: end.is_lost_to_mobility,
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
        let point = self.points[pending.made.point as usize].as_ref();
        let (Some(features), Some(point)) = (pending.features, point) else { return };
        let node = |node: Option<NodeId>| node.map(|node| node_symbols[node.index()]);
        let mut cells = smallvec::SmallVec::<[Cell<'_>; 64]>::from_slice(&[
            Cell::Float(pending.made.time.as_secs()),
            Cell::Unsigned(pending.number),
            Cell::Category(point.name),
            Cell::Category(pending.made.policy.unwrap_or(point.policy)),
            pending.made.workload.into(),
            Cell::Unsigned(pending.made.subject),
            node(pending.made.device).into(),
            node(pending.made.choice).into(),
            Cell::Category(end.outcome),
            Cell::Float(end.reward),
        ]);
        cells.resize(COMMON + self.features, Cell::Null);
        for (&column, feature) in point.columns.iter().zip(features) {
            cells[COMMON + column] = feature.into();
        }
        records.write(self.table, &cells);
    }

    /// Writes what has no outcome at the end of the run.
    pub(super) fn finish(&mut self, records: &mut dyn Records, node_symbols: &[Symbol]) {
        let end = DecisionEnd::scored(self.unfinished, 0.0);
        for (_, pending) in std::mem::take(&mut self.pending) {
            self.write(records, node_symbols, &pending, end);
        }
    }
}
