//! What a workload of geo-distributed resources adds up over a run.

use super::answer::{Answer, Collaboration, Failure};
use super::plan::Access;
use crate::apps::times::Times;
use crate::engine::Summary;
use crate::replication::Role;
use serde_json::{Map, Value, json};

/// An operation that has come to its end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) kind: u16,
    pub(super) access: Access,
    pub(super) collaboration: Collaboration,
    pub(super) result: Result<Answer, Failure>,
    pub(super) latency_s: f64,
    /// How many sites its agent took to be unavailable.
    pub(super) unavailable: usize,
}

/// Operations of one sort.
#[derive(Debug, Default)]
struct Sort {
    operations: u64,
    done: u64,
    latency_s: Times,
}

/// How many operations there were, and how many of them were done.
#[derive(Clone, Copy, Debug, Default)]
struct Served {
    operations: u64,
    done: u64,
}

impl Served {
    fn count(&mut self, is_done: bool) {
        self.operations += 1;
        self.done += u64::from(is_done);
    }

    fn json(self) -> Value {
        let share = (self.operations > 0).then(|| self.done as f64 / self.operations as f64);
        json!({ "operations": self.operations, "done": self.done, "availability": share })
    }
}

/// The sums of a run. Of operations those count that began after the warm-up.
#[derive(Debug)]
pub(super) struct Account {
    numbers: u64,
    initial: u64,
    /// By access and collaboration.
    sorts: [[Sort; 4]; 4],
    /// Of reads, and of all else.
    latency_s: [Times; 2],
    failures: [u64; 8],
    /// By kind.
    served: Vec<Served>,
    /// With all sites in sight of the agent, and with some out of it.
    in_sight: [Served; 2],
    reads: u64,
    stale: u64,
    age_s: Times,
    versions_behind: Summary,
    messages: Summary,
    diverged_s: Times,
    pub(super) elections: u64,
    pub(super) leaders: u64,
    pub(super) suspicions: u64,
    lost: u64,
    lost_acknowledged: u64,
    pub(super) nothing_there: u64,
    pub(super) unfinished: u64,
}

impl Account {
    pub(super) fn new(kinds: usize) -> Self {
        Account {
            numbers: 0,
            initial: 0,
            sorts: Default::default(),
            latency_s: Default::default(),
            failures: [0; 8],
            served: vec![Served::default(); kinds],
            in_sight: [Served::default(); 2],
            reads: 0,
            stale: 0,
            age_s: Times::default(),
            versions_behind: Summary::default(),
            messages: Summary::default(),
            diverged_s: Times::default(),
            elections: 0,
            leaders: 0,
            suspicions: 0,
            lost: 0,
            lost_acknowledged: 0,
            nothing_there: 0,
            unfinished: 0,
        }
    }

    pub(super) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers - 1
    }

    pub(super) fn next_initial(&mut self) -> u64 {
        self.initial += 1;
        self.initial - 1
    }

    pub(super) fn end(&mut self, ended: &Ended) {
        let is_done = ended.result.is_ok();
        let sort = &mut self.sorts[ended.access as usize][ended.collaboration as usize];
        sort.operations += 1;
        self.served[usize::from(ended.kind)].count(is_done);
        self.in_sight[usize::from(ended.unavailable > 0)].count(is_done);
        match &ended.result {
            Ok(answer) => {
                sort.done += 1;
                sort.latency_s.add(ended.latency_s);
                let is_write = usize::from(ended.access != Access::Read);
                self.latency_s[is_write].add(ended.latency_s);
                self.messages.add(f64::from(answer.messages));
                if ended.access == Access::Read {
                    self.reads += 1;
                    self.versions_behind.add(f64::from(answer.versions_behind));
                    if answer.versions_behind > 0 {
                        self.stale += 1;
                        self.age_s.add(answer.age_s);
                    }
                }
            }
            Err(failure) => self.failures[*failure as usize] += 1,
        }
    }

    pub(super) fn count_role(&mut self, role: Role, is_counted: bool) {
        if is_counted {
            self.elections += u64::from(role == Role::Candidate);
            self.leaders += u64::from(role == Role::Leader);
        }
    }

    /// Replicas of a resource were not equal for so long.
    pub(super) fn settle(&mut self, diverged_s: f64, is_counted: bool) {
        if is_counted {
            self.diverged_s.add(diverged_s);
        }
    }

    pub(super) fn lose(&mut self, writes: u64, acknowledged: u64) {
        self.lost += writes;
        self.lost_acknowledged += acknowledged;
    }

    pub(super) fn summary(&self, kinds: &[&str], (unsettled, acknowledged): (u64, u64)) -> Value {
        let mut operations = Map::new();
        for access in Access::ALL {
            for collaboration in Collaboration::ALL {
                let own = &self.sorts[access as usize][collaboration as usize];
                if own.operations == 0 {
                    continue;
                }
                let entry = operations.entry(access.name()).or_insert_with(|| json!({}));
                entry[collaboration.name()] = json!({
                    "operations": own.operations,
                    "done": own.done,
                    "availability": own.done as f64 / own.operations as f64,
                    "latency_s": own.latency_s.json(),
                });
            }
        }
        let all = self.served.iter().fold(Served::default(), |sum, own| Served {
            operations: sum.operations + own.operations,
            done: sum.done + own.done,
        });
        let failures: Map<String, Value> = Failure::ALL
            .into_iter()
            .map(|failure| (failure.name().to_owned(), self.failures[failure as usize].into()))
            .collect();
        let by_kind: Map<String, Value> =
            kinds.iter().zip(&self.served).map(|(kind, own)| ((*kind).to_owned(), own.json())).collect();
        let [whole, parted] = self.in_sight;
        let [read, write] = &self.latency_s;
        let mean = |own: &Summary| (own.count() > 0).then(|| own.mean());
        let max = |own: &Summary| (own.count() > 0).then(|| own.max());
        json!({
            "all": all.json(),
            "unfinished": self.unfinished,
            "nothing_there": self.nothing_there,
            "operations": operations,
            "latency_s": { "read": read.json(), "write": write.json() },
            "failures": failures,
            "availability": {
                "by_kind": by_kind,
                "all_in_sight": whole.json(),
                "some_out_of_sight": parted.json(),
            },
            "staleness": {
                "reads": self.reads,
                "stale": self.stale,
                "stale_share": (self.reads > 0).then(|| self.stale as f64 / self.reads as f64),
                "age_s": self.age_s.json(),
                "versions_behind": { "mean": mean(&self.versions_behind), "max": max(&self.versions_behind) },
            },
            "divergence_s": self.diverged_s.json(),
            "messages_per_operation": mean(&self.messages),
            "replicas": {
                "candidacies": self.elections,
                "leaders_elected": self.leaders,
                "suspicions": self.suspicions,
                "lost_writes": self.lost,
                "lost_acknowledged_writes": self.lost_acknowledged,
                "unsettled_writes": unsettled,
                "unsettled_acknowledged_writes": acknowledged,
            },
        })
    }
}
