//! What is kept of workflows that have come and not ended, and of nodes.

use super::graph::WorkflowGraph;
use super::request::{FileHolders, PlacedTask};
use crate::apps::DecisionId;
use crate::engine::SimTime;
use crate::infra::{JobId, NodeId, Owner, TransferId};
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its parents are not done, and the policy does not plan ahead.
    Blocked,
    /// It needs a node.
    Open,
    /// It has a node, where it starts when its parents are done, its files are there, and it is its turn.
    Assigned,
    /// It runs, or waits in the queue of its node behind jobs of others.
    Running,
    /// A fault has hit it, and it is to be tried again.
    Delayed,
    /// It is done.
    Done,
}

/// Order of the tasks of a node: by planned start (bits of seconds), then in the order in which they were assigned.
pub(super) type Turn = (u64, u64);

/// A task of a workflow that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) stage: Stage,
    pub(super) turn: Turn,
    /// Parents that are not done.
    pub(super) missing_parents: u32,
    /// Files that are not on its node.
    pub(super) missing_files: u32,
    pub(super) retries: u32,
    /// Its job, and by whom that is known: when it has ended already, its id may be another one's.
    pub(super) job: Option<(JobId, Owner)>,
    pub(super) decision: Option<DecisionId>,
    /// When its parents were done.
    pub(super) ready: Option<SimTime>,
    /// When it got its node.
    pub(super) assigned: Option<SimTime>,
    /// When its files were there.
    pub(super) staged: Option<SimTime>,
    pub(super) started: Option<SimTime>,
    /// Planned start and end in seconds.
    pub(super) plan_s: (f64, f64),
}

impl Run {
    /// Whether nothing but cores is missing.
    pub(super) fn can_start(&self) -> bool {
        self.stage == Stage::Assigned && self.missing_parents == 0 && self.missing_files == 0
    }
}

/// A file on its way to a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moving {
    pub(super) to: NodeId,
    /// By whom it is known: when what was called off has ended already, its id may be another one's.
    pub(super) owner: Owner,
    pub(super) transfer: TransferId,
}

/// A workflow that has come and not ended.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) kind: u32,
    pub(super) graph: Arc<WorkflowGraph>,
    pub(super) source: NodeId,
    pub(super) arrived: SimTime,
    pub(super) runs: Vec<Run>,
    pub(super) placed: Vec<Option<PlacedTask>>,
    pub(super) holders: Vec<FileHolders>,
    pub(super) moving: Vec<SmallVec<[Moving; 1]>>,
    pub(super) done: u32,
    pub(super) retries: u32,
    pub(super) transfers: u64,
    pub(super) moved_bytes: f64,
    /// Whether the policy is to be asked at this instant.
    pub(super) is_due: bool,
    /// Whether it is to be asked after a while.
    pub(super) is_awaited: bool,
}

impl Instance {
    pub(super) fn new(
        kind: u32,
        graph: Arc<WorkflowGraph>,
        source: NodeId,
        now: SimTime,
        plans_ahead: bool,
    ) -> Self {
        let run = |task: usize| {
            let missing_parents = graph.parents(task as u32).len() as u32;
            let is_ready = missing_parents == 0;
            Run {
                stage: if is_ready || plans_ahead { Stage::Open } else { Stage::Blocked },
                turn: (0, 0),
                missing_parents,
                missing_files: 0,
                retries: 0,
                job: None,
                decision: None,
                ready: is_ready.then_some(now),
                assigned: None,
                staged: None,
                started: None,
                plan_s: (0.0, 0.0),
            }
        };
        let held = |file: usize| {
            let is_there = graph.writer(file as u32).is_none();
            is_there.then_some(source).into_iter().collect::<FileHolders>()
        };
        let tasks = graph.tasks().len();
        Instance {
            kind,
            source,
            arrived: now,
            runs: (0..tasks).map(run).collect(),
            placed: vec![None; tasks],
            holders: (0..graph.files()).map(held).collect(),
            moving: vec![SmallVec::new(); graph.files()],
            done: 0,
            retries: 0,
            transfers: 0,
            moved_bytes: 0.0,
            is_due: false,
            is_awaited: false,
            graph,
        }
    }

    pub(super) fn run(&mut self, task: u32) -> &mut Run {
        &mut self.runs[task as usize]
    }

    /// The node of a task.
    pub(super) fn node_of(&self, task: u32) -> Option<NodeId> {
        self.placed[task as usize].map(|own| own.node)
    }

    /// The readers of a file that have this node and have not started.
    pub(super) fn readers_at(&self, file: u32, node: NodeId) -> Vec<u32> {
        let waits = |task: &u32| {
            self.runs[*task as usize].stage == Stage::Assigned && self.node_of(*task) == Some(node)
        };
        self.graph.readers(file).iter().copied().filter(waits).collect()
    }

    /// A file is on a node from now on.
    pub(super) fn file_is_on(&mut self, file: u32, node: NodeId, now: SimTime) {
        if self.holders[file as usize].contains(&node) {
            return;
        }
        for task in self.readers_at(file, node) {
            let run = self.run(task);
            run.missing_files -= 1;
            if run.missing_files == 0 {
                run.staged = Some(now);
            }
        }
        self.holders[file as usize].push(node);
    }
}

/// What the tasks of this workload hold and plan on a node.
#[derive(Debug, Default)]
pub(super) struct NodeQueue {
    /// Tasks that have not started: turn, workflow, task.
    pub(super) assigned: BTreeSet<(Turn, u32, u32)>,
    /// Tasks that have: workflow and task.
    pub(super) running: BTreeSet<(u32, u32)>,
    pub(super) held_cores: u32,
    /// Whether it is to be tried again later, since it did not take a task.
    pub(super) is_left_alone: bool,
}
