//! What a workload of virtual machines is made of.

use super::traced::TraceUse;
use crate::engine::{SimDuration, SimTime};
use crate::infra::compute::Discipline;
use crate::infra::{HostSpec, MigrationSpec, NodeId, VmSpec};

/// A kind of virtual machines.
#[derive(Clone, Debug, PartialEq)]
pub struct VmType {
    /// Its name in tables.
    pub name: String,
    /// How its virtual machines share their virtual cores among jobs, if they take any.
    pub discipline: Discipline,
    /// The node whose tasks they serve; they take jobs then.
    pub serves: Option<NodeId>,
}

/// What a virtual machine wants over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Demand {
    /// Always this share of its size.
    Constant(f64),
    /// The shares of its size in a row of a grid, from the start of the run on; the last one holds beyond the end.
    Grid {
        /// The grid's number.
        grid: u16,
        /// The row.
        row: u32,
    },
    /// These fragments, one after the other from when it first starts; it ends with the last one.
    Fragments {
        /// The first one's number.
        first: u32,
        /// How many.
        count: u32,
    },
    /// What the jobs in it ask for.
    Jobs,
}

/// A virtual machine to come.
#[derive(Clone, Debug, PartialEq)]
pub struct VmRequest {
    /// What it is; its class is the number of its type, its job class that of all its jobs.
    pub spec: VmSpec,
    /// When it is requested.
    pub time: SimTime,
    /// How long it stays from when it first starts; to the end of the run if none.
    pub lifetime: Option<SimDuration>,
    /// What it wants.
    pub demand: Demand,
}

/// A job for one of the virtual machines that take jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchJob {
    /// When it is submitted.
    pub time: SimTime,
    /// Its work in million instructions over all its cores.
    pub length_mi: f64,
    /// Virtual cores that it asks for.
    pub cores: u32,
    /// Bytes of its virtual machine's memory that it asks for.
    pub memory_bytes: f64,
    /// Numbers of the jobs that must be done before it starts, all of them lower than its own.
    pub after: Vec<u32>,
}

/// A time in which a host is to be empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drain {
    /// The host's node.
    pub node: NodeId,
    /// From when on its virtual machines are moved away and it takes no others.
    pub from: SimTime,
    /// When it takes virtual machines again.
    pub until: SimTime,
}

/// Rules of a workload of virtual machines.
#[derive(Clone, Debug, PartialEq)]
pub struct VmOptions {
    /// The hosts' nodes, each with what it is as a host.
    pub hosts: Vec<(NodeId, HostSpec)>,
    /// Time between control steps, above zero.
    pub period: SimDuration,
    /// Time from when its host is on until a virtual machine runs there.
    pub boot: SimDuration,
    /// How virtual machines move.
    pub migration: MigrationSpec,
    /// What a byte that is copied between two sites costs, relative to one within a site: from, to, factor. Both
    /// directions are given on their own; what is not given is 1.
    pub cost_factors: Vec<(u16, u16, f64)>,
    /// Hosts to be emptied.
    pub drains: Vec<Drain>,
    /// Pairs of requests, by their numbers in the order in which the workload is given them: the virtual machine of the
    /// first must have ended before that of the second is placed.
    pub order: Vec<(u32, u32)>,
    /// Money for a byte that a migration sends, times the cost factor of its sites.
    pub transfer_price_per_byte: f64,
    /// Currency of prices, for the summary.
    pub currency: Option<String>,
    /// What drives it of a trace, for the summary.
    pub trace: Option<TraceUse>,
}

impl Default for VmOptions {
    fn default() -> Self {
        VmOptions {
            hosts: Vec::new(),
            period: SimDuration::from_secs(300.0),
            boot: SimDuration::ZERO,
            migration: MigrationSpec::default(),
            cost_factors: Vec::new(),
            drains: Vec::new(),
            order: Vec::new(),
            transfer_price_per_byte: 0.0,
            currency: None,
            trace: None,
        }
    }
}
