//! What a cluster has, and who has what of it.

use super::demand::{LeafShare, circuits, leaf_bytes};
use super::job::TrainingJob;
use crate::infra::optical::{
    Allocation, CircuitAllocator, CircuitOptions, CircuitRefusal, LeafId, OpticalError, OpticalLayer,
    PortMode, Routes, phase_time_s,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Leaves, servers and GPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterShape {
    /// Leaves, from 1 to 65 536.
    pub leaves: u32,
    /// Servers of a leaf, from 1 to 4096.
    pub servers_per_leaf: u32,
    /// GPUs of a server, from 1 to 4096; each has a rail of its own.
    pub gpus_per_server: u32,
}

impl ClusterShape {
    /// GPUs of a leaf.
    #[must_use]
    pub const fn gpus_per_leaf(self) -> u32 {
        self.servers_per_leaf * self.gpus_per_server
    }

    /// All GPUs.
    #[must_use]
    pub const fn gpus(self) -> u64 {
        self.leaves as u64 * self.gpus_per_leaf() as u64
    }

    /// The leaf of a server.
    #[must_use]
    pub const fn leaf_of(self, server: u32) -> LeafId {
        LeafId(server / self.servers_per_leaf)
    }

    /// The servers of a leaf.
    #[must_use]
    pub fn servers_of(self, leaf: LeafId) -> std::ops::Range<u32> {
        leaf.0 * self.servers_per_leaf..(leaf.0 + 1) * self.servers_per_leaf
    }
}

/// Optical circuit switches over the leaves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Optics {
    /// Uplinks of a leaf, and circuit switches.
    pub uplinks: u32,
    /// What their ports are.
    #[serde(default)]
    pub ports: PortMode,
    /// What jobs take if they cannot have all.
    #[serde(default)]
    pub options: CircuitOptions,
}

/// What connects the leaves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fabric {
    /// Spines that never block.
    NonBlocking,
    /// Circuit switches.
    Optical(Optics),
}

/// GPUs of a job by server, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    servers: Vec<(u32, u32)>,
}

impl Placement {
    /// So many GPUs of each of these servers; what is of one server is added up, and zeros are left out.
    #[must_use]
    pub fn new(mut servers: Vec<(u32, u32)>) -> Self {
        servers.retain(|&(_, gpus)| gpus > 0);
        servers.sort_unstable();
        servers.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
        Placement { servers }
    }

    /// Servers and how many GPUs of them.
    #[must_use]
    pub fn servers(&self) -> &[(u32, u32)] {
        &self.servers
    }

    /// All its GPUs.
    #[must_use]
    pub fn gpus(&self) -> u64 {
        self.servers.iter().map(|&(_, gpus)| u64::from(gpus)).sum()
    }

    /// Its GPUs by leaf, ascending.
    #[must_use]
    pub fn leaves(&self, shape: ClusterShape) -> Vec<LeafShare> {
        let mut shares: Vec<LeafShare> = Vec::new();
        for &(server, gpus) in &self.servers {
            let leaf = shape.leaf_of(server);
            match shares.last_mut().filter(|share| share.leaf == leaf) {
                Some(share) => share.gpus += gpus,
                None => shares.push(LeafShare { leaf, gpus }),
            }
        }
        shares
    }
}

/// Why a job does not start at a placement.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StartRefusal {
    /// It has GPUs already.
    #[error("job {0} runs already")]
    Twice(u32),
    /// The placement has not as many GPUs as the job wants.
    #[error("the placement has {placed} GPUs, but the job wants {wanted}")]
    Count {
        /// What the job wants.
        wanted: u32,
        /// What it was given.
        placed: u64,
    },
    /// A server has too few free GPUs.
    #[error("server {server} has {free} free GPUs, but {wanted} are wanted of it")]
    Gpus {
        /// The server.
        server: u32,
        /// What is wanted of it.
        wanted: u32,
        /// What is free; 0 if there is no such server.
        free: u32,
    },
    /// There are no circuits for it.
    #[error(transparent)]
    Circuits(#[from] CircuitRefusal),
}

impl StartRefusal {
    /// What is short, in a word: `gpu`, `port` or `colouring`.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        match self {
            StartRefusal::Circuits(CircuitRefusal::Ports { .. }) => "port",
            StartRefusal::Circuits(_) => "colouring",
            _ => "gpu",
        }
    }
}

/// A job that has started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Started {
    /// Its circuits; none without circuit switches, or within one leaf.
    pub allocation: Option<Allocation>,
    /// The part of the full rate at which its leaves talk to each other, from 0 to 1.
    pub rate: f64,
}

/// Free GPUs by server and leaf, circuits, and who has what. Starting and ending a job costs O(log leaves) for each server of it,
/// and what its circuits cost.
///
/// ```
/// use stratosim::apps::training::{Cluster, ClusterShape, Fabric, JobKind, Placement, TrainingJob};
/// let shape = ClusterShape { leaves: 2, servers_per_leaf: 2, gpus_per_server: 8 };
/// let mut cluster = Cluster::new(shape, Fabric::NonBlocking)?;
/// let job = TrainingJob {
///     id: 1, kind: JobKind::Llm, gpus: 12, submit_s: 0.0, duration_s: 60.0, communication: 0.1,
/// };
/// cluster.start(&job, Placement::new(vec![(0, 8), (3, 4)]))?;
/// assert_eq!(cluster.free(), 20);
/// cluster.end(1);
/// assert_eq!(cluster.free(), 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cluster {
    shape: ClusterShape,
    free_by_server: Vec<u32>,
    free_by_leaf: Vec<u32>,
    by_free: BTreeSet<(u32, LeafId)>,
    free: u64,
    /// Servers that are out of order. They have no free GPUs.
    blocked: BTreeSet<u32>,
    jobs: BTreeMap<u32, Placement>,
    circuits: Option<CircuitAllocator>,
    options: CircuitOptions,
}

fn range(what: &'static str, found: u32, most: u32, allowed: &'static str) -> Result<(), OpticalError> {
    if (1..=most).contains(&found) {
        Ok(())
    } else {
        Err(OpticalError::Range { what, found: f64::from(found), allowed })
    }
}

impl Cluster {
    /// An empty cluster.
    ///
    /// # Errors
    /// If a number is out of range.
    pub fn new(shape: ClusterShape, fabric: Fabric) -> Result<Self, OpticalError> {
        range("the number of leaves", shape.leaves, 65_536, "from 1 to 65536")?;
        range("the number of servers of a leaf", shape.servers_per_leaf, 4096, "from 1 to 4096")?;
        range("the number of GPUs of a server", shape.gpus_per_server, 4096, "from 1 to 4096")?;
        let servers = u64::from(shape.leaves) * u64::from(shape.servers_per_leaf);
        if servers > 1 << 24 {
            let (found, allowed) = (servers as f64, "at most 16777216");
            return Err(OpticalError::Range { what: "the number of servers", found, allowed });
        }
        let (circuits, options) = match fabric {
            Fabric::NonBlocking => (None, CircuitOptions::default()),
            Fabric::Optical(optics) => {
                let layer = OpticalLayer::new(shape.leaves, optics.uplinks, shape.leaves)?;
                (Some(CircuitAllocator::new(layer, optics.ports)), optics.options)
            }
        };
        Ok(Cluster {
            shape,
            free_by_server: vec![shape.gpus_per_server; servers as usize],
            free_by_leaf: vec![shape.gpus_per_leaf(); shape.leaves as usize],
            by_free: (0..shape.leaves).map(|leaf| (shape.gpus_per_leaf(), LeafId(leaf))).collect(),
            free: shape.gpus(),
            blocked: BTreeSet::new(),
            jobs: BTreeMap::new(),
            circuits,
            options,
        })
    }

    /// Its leaves, servers and GPUs.
    #[must_use]
    pub const fn shape(&self) -> ClusterShape {
        self.shape
    }

    /// Free GPUs.
    #[must_use]
    pub const fn free(&self) -> u64 {
        self.free
    }

    /// Free GPUs of a leaf; 0 if there is no such leaf.
    #[must_use]
    pub fn free_at_leaf(&self, leaf: LeafId) -> u32 {
        self.free_by_leaf.get(leaf.index()).copied().unwrap_or(0)
    }

    /// Free GPUs of a server; 0 if there is no such server.
    #[must_use]
    pub fn free_at_server(&self, server: u32) -> u32 {
        self.free_by_server.get(server as usize).copied().unwrap_or(0)
    }

    /// Leaves by free GPUs, ascending, then by number.
    #[must_use]
    pub const fn by_free(&self) -> &BTreeSet<(u32, LeafId)> {
        &self.by_free
    }

    /// Free ports of a leaf, the fewer of those that send and receive; `None` without circuit switches.
    #[must_use]
    pub fn free_ports(&self, leaf: LeafId) -> Option<u32> {
        let map = self.circuits.as_ref()?.map();
        Some(map.free_to_send(leaf).min(map.free_to_receive(leaf)))
    }

    /// Its circuits; `None` without circuit switches.
    #[must_use]
    pub const fn circuits(&self) -> Option<&CircuitAllocator> {
        self.circuits.as_ref()
    }

    /// The same to be changed: failures, defragmentation.
    pub fn circuits_mut(&mut self) -> Option<&mut CircuitAllocator> {
        self.circuits.as_mut()
    }

    /// Jobs that run, and where.
    #[must_use]
    pub const fn jobs(&self) -> &BTreeMap<u32, Placement> {
        &self.jobs
    }

    /// GPUs of servers that are out of order.
    #[must_use]
    pub fn blocked_gpus(&self) -> u64 {
        self.blocked.len() as u64 * u64::from(self.shape.gpus_per_server)
    }

    /// Part of the GPUs that are neither free nor out of order.
    #[must_use]
    pub fn utilisation(&self) -> f64 {
        let gpus = self.shape.gpus() as f64;
        (gpus - self.free as f64 - self.blocked_gpus() as f64) / gpus
    }

    /// Starts a job at a placement, with circuits for it. If that cannot be, nothing is changed.
    ///
    /// # Errors
    /// If GPUs or circuits are short, or the placement is not one for the job.
    pub fn start(&mut self, job: &TrainingJob, placement: Placement) -> Result<Started, StartRefusal> {
        if self.jobs.contains_key(&job.id) {
            return Err(StartRefusal::Twice(job.id));
        }
        if placement.gpus() != u64::from(job.gpus) {
            return Err(StartRefusal::Count { wanted: job.gpus, placed: placement.gpus() });
        }
        for &(server, wanted) in placement.servers() {
            let free = self.free_at_server(server);
            if wanted > free {
                return Err(StartRefusal::Gpus { server, wanted, free });
            }
        }
        let shares = placement.leaves(self.shape);
        let mut allocation = None;
        if let Some(circuits) = self.circuits.as_mut().filter(|_| shares.len() > 1) {
            let wanted = wanted(job, &shares, self.shape, circuits.map().mode());
            allocation = Some(circuits.allocate(job.id, &wanted, self.options)?);
        }
        for &(server, gpus) in placement.servers() {
            self.change_free(server, |free| free - gpus);
        }
        self.free -= placement.gpus();
        self.jobs.insert(job.id, placement);
        let rate = self.rate(job);
        Ok(Started { allocation, rate })
    }

    /// Ends a job: its GPUs and ports are free. Gives where it was; `None` if it did not run.
    pub fn end(&mut self, job: u32) -> Option<Placement> {
        let placement = self.jobs.remove(&job)?;
        for &(server, gpus) in placement.servers() {
            self.change_free(server, |free| free + gpus);
        }
        self.free += placement.gpus();
        if let Some(circuits) = &mut self.circuits {
            circuits.release(job);
        }
        Some(placement)
    }

    /// A server breaks: its free GPUs cannot be had until it is [back](Self::unblock_server). Jobs on it are to be ended before, as
    /// what they have is not taken away.
    pub fn block_server(&mut self, server: u32) {
        let free = self.free_at_server(server);
        if (server as usize) < self.free_by_server.len() && self.blocked.insert(server) {
            self.change_free(server, |own| own - free);
            self.free -= u64::from(free);
        }
    }

    /// A broken server is back, with all its GPUs free.
    pub fn unblock_server(&mut self, server: u32) {
        if self.blocked.remove(&server) {
            let taken = self.jobs.values().flat_map(|own| own.servers());
            let taken: u32 = taken.filter(|own| own.0 == server).map(|own| own.1).sum();
            let free = self.shape.gpus_per_server - taken - self.free_at_server(server);
            self.change_free(server, |own| own + free);
            self.free += u64::from(free);
        }
    }

    /// Whether a server is out of order.
    #[must_use]
    pub fn is_blocked(&self, server: u32) -> bool {
        self.blocked.contains(&server)
    }

    fn change_free(&mut self, server: u32, change: impl Fn(u32) -> u32) {
        let leaf = self.shape.leaf_of(server);
        let before = self.free_by_leaf[leaf.index()];
        self.by_free.remove(&(before, leaf));
        let free = change(before);
        self.free_by_leaf[leaf.index()] = free;
        self.by_free.insert((free, leaf));
        let free = &mut self.free_by_server[server as usize];
        *free = change(*free);
    }

    /// The part of the full rate at which the leaves of a running job talk to each other: 1 if each pair has all circuits that it
    /// wants, and within one leaf; 0 if some pair has no way, or it does not run.
    #[must_use]
    pub fn rate(&self, job: &TrainingJob) -> f64 {
        let Some(placement) = self.jobs.get(&job.id) else { return 0.0 };
        let shares = placement.leaves(self.shape);
        let Some(circuits) = self.circuits.as_ref().filter(|_| shares.len() > 1) else { return 1.0 };
        let granted = circuits.granted(job.id).unwrap_or_default();
        let full: Vec<_> = granted
            .iter()
            .map(|pair| crate::infra::optical::Granted { granted: pair.wanted, ..*pair })
            .collect();
        let bytes = leaf_bytes(job.kind.pattern(), &shares, self.shape.gpus_per_server, 1.0);
        let mode = circuits.map().mode();
        let time_s = |routes: Routes| phase_time_s(&routes, &bytes, 1.0);
        match (time_s(Routes::new(mode, &full)), time_s(Routes::new(mode, granted))) {
            (Some(full_s), Some(now_s)) if now_s > 0.0 => (full_s / now_s).min(1.0),
            _ => 0.0,
        }
    }

    /// The circuits that a job would want at a placement.
    #[must_use]
    pub fn wanted_circuits(&self, job: &TrainingJob, placement: &Placement) -> u64 {
        let Some(circuits) = &self.circuits else { return 0 };
        let shares = placement.leaves(self.shape);
        let wanted = wanted(job, &shares, self.shape, circuits.map().mode());
        wanted.iter().map(|pair| u64::from(pair.circuits)).sum()
    }
}

fn wanted(
    job: &TrainingJob,
    shares: &[LeafShare],
    shape: ClusterShape,
    mode: PortMode,
) -> Vec<crate::infra::optical::PairDemand> {
    circuits(job.kind.pattern(), shares, shape.gpus_per_server, mode)
}
