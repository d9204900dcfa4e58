//! Stratosim: a discrete-event simulator of the whole Cloud-Edge continuum.
//!
//! Devices, access points, edge sites, networks and datacenters live in one world on one event queue, so
//! that a policy can be tried on all of them together before it is trusted with real machines. The same
//! world is described in a JSON file and run by the program `stratosim`, or built in Rust with this crate.
//! These pages are about Rust; the file format is in `docs/scenario.md`.
//!
//! # Three activities
//!
//! 1. **Describe an infrastructure**: classes of nodes ([`NodeClass`](infra::NodeClass)) with the mobility
//!    model that places and moves them, links, faults. A [`WorldBuilder`](world::WorldBuilder) collects them.
//! 2. **Add what happens and who decides**: workloads ([`Workload`](apps::Workload); built in is
//!    [`TaskWorkload`](apps::tasks::TaskWorkload)) and policies
//!    ([`OffloadingPolicy`](placement::offloading::OffloadingPolicy)). The built-in ones implement the same
//!    public traits as your own.
//! 3. **Run** the [`Simulation`](world::Simulation), at once or in steps, and read its summary and tables.
//!
//! # A run to check by hand
//!
//! A phone is 40 m from an access point with a server. After 1 s it creates one task, and a policy of our
//! own sends it to the nearest edge node:
//!
//! | stage | computed from | seconds |
//! | --- | --- | ---: |
//! | upload | 1 MB at 80 Mbit/s, and 2 ms over the air | 0.102 |
//! | execution | 2000 MI on a core of 10 000 MIPS | 0.200 |
//! | download | 100 kB at 200 Mbit/s, and 2 ms over the air | 0.006 |
//! | service | | 0.308 |
//!
//! The server draws 50 W when idle and 150 W when its 8 cores are busy: 10 s at 50 W, and one core in eight
//! for 0.2 s, are 502.5 J.
//!
//! ```
//! use stratosim::prelude::*;
//!
//! #[derive(Debug)]
//! struct NearestEdge;
//!
//! impl OffloadingPolicy for NearestEdge {
//!     fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
//!         // `None` becomes a refusal.
//!         view.nearest(Tier::Edge).into()
//!     }
//! }
//!
//! // 1. The infrastructure.
//! let mut world = WorldBuilder::new(1, SimDuration::from_secs(10.0));
//! let mut server = NodeClass::new("server", Tier::Edge, 1);
//! (server.cores, server.mips_per_core) = (8, 10_000.0);
//! server.power = LinearPower { idle_w: 50.0, busy_w: 150.0 }.into();
//! // 80 Mbps up, 200 Mbps down, 2 ms away, shared max-min fairly.
//! let access_point = AccessPointSpec::new(80e6, 200e6);
//! server.access_point = Some(AccessPointSpec { range_m: Some(100.0), ..access_point });
//! server.access_point = Some(AccessPointSpec {
//!     radio: RadioSpec {
//!         uplink_bps: 80e6,
//!         downlink_bps: 200e6,
//!         half_duplex: false,
//!         latency: SimDuration::from_secs(0.002),
//!         model: LinkModel::FairShare,
//!         ..AccessPointSpec::new(80e6, 200e6).radio
//!     },
//!     range_m: Some(100.0),
//!     transmit_power_dbm: 20.0,
//!     antenna_gain_db: 0.0,
//! });
//! world.class(server, Static::at(vec![Position::ground(0.0, 0.0)])?);
//! let phone = NodeClass::new("phone", Tier::Device, 1);
//! let phones = world.class(phone, Static::at(vec![Position::ground(40.0, 0.0)])?);
//!
//! // 2. What happens, and who decides.
//! let task = TraceArrival {
//!     time: SimTime::from_secs(1.0),
//!     device: None,
//!     length_mi: None,
//!     upload_bytes: None,
//!     download_bytes: None,
//! };
//! let application = Application {
//!     name: "camera".into(),
//!     share: 1.0,
//!     arrival: Arrival::Trace([task].into()),
//!     activity: None,
//!     length_mi: Distribution::constant(2000.0)?,
//!     upload_bytes: Distribution::constant(1e6)?,
//!     download_bytes: Distribution::constant(1e5)?,
//!     cores: 1,
//!     memory_bytes: Distribution::constant(0.0)?,
//!     accelerator: None,
//!     accelerated: None,
//!     class: JobClass::Compute,
//!     deadline_s: None,
//!     delay_sensitivity: 0.5,
//!     first_active_s: None,
//!     predicted: None,
//!     cloud_share: 0.0,
//! };
//! let devices = world.nodes_of(phones).collect();
//! let horizon = world.horizon();
//! let options = TaskOptions::default();
//! world.workload(TaskWorkload::new("tasks", devices, vec![application], options, horizon));
//! world.offloading("nearest_edge", NearestEdge);
//!
//! // 3. The run.
//! let recorder = Recorder::new(Destination::Memory, TableSelection::All);
//! let finished = world.build(Box::new(recorder))?.run()?;
//! let service_s = finished.summary["workloads"]["tasks"]["service_s"]["mean"].as_f64().unwrap();
//! assert!((service_s - 0.308).abs() < 1e-8, "{service_s}");
//! let energy_j = finished.summary["tiers"]["edge"]["energy_j"].as_f64().unwrap();
//! assert!((energy_j - 502.5).abs() < 1e-6, "{energy_j}");
//!
//! // The tables: one task, on the server.
//! let recorder = finished.records.into_any().downcast::<Recorder>().expect("as it was given");
//! let tables = recorder.finish()?;
//! let tasks = tables.rows("tasks").expect("the workload has registered it");
//! let column = |name| tasks.spec().column(name).expect("a column of this name");
//! assert_eq!((tasks.len(), tasks.text(0, column("node"))), (1, "server".to_string()));
//! assert_eq!(tasks.text(0, column("outcome")), "done");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Destination::Files`](output::Destination::Files) writes the tables to files instead, and
//! [`NoRecords`](records::NoRecords) keeps none.
//!
//! # Guarantees
//!
//! * **Order.** Events are handled by (time, [`Phase`](engine::Phase), order of scheduling). At one instant
//!   the surroundings change first, then things end and free what they held, then new things are wanted,
//!   then controllers act, and samplers look last.
//! * **Time** is an integer count of nanoseconds and never runs backwards. Work and sending are rounded up
//!   to the nanosecond: nothing is done early.
//! * **Determinism.** The same world and seed give the same rows in the same order, and so the same
//!   [fingerprint](output::RecorderSummary::fingerprint). A run uses one thread; there is no global state,
//!   so that any number of runs fit into one process.
//! * **Streams.** Each stochastic part draws from a [stream of its own](engine::RandomStreams), named after
//!   it, which depends on the seed and that name only: another policy meets the same arrivals, movements
//!   and faults.
//! * **Policies look, the world acts.** A decision is checked (the node exists, computes, is available and
//!   can be reached) before it is applied; one that cannot be is counted and recorded as refused.
//!
//! # Features
//!
//! * `parquet` (default): Parquet files through polars. Without it (`--no-default-features`) tables are
//!   written in CSV only, and the crate builds much faster.
//! * `plot` (default): the modules `plot` and `report`, and their commands.
//! * `highs`: HiGHS beside microlp as solver of placements of least power.
//!
//! # Where to read on
//!
//! | module | holds |
//! | --- | --- |
//! | [`prelude`] | what a study needs, in one `use` |
//! | [`world`] | the builder, the simulation, sampling, events of one's own |
//! | [`infra`] | nodes and compute, virtual machines, mobility and attachment, network, faults |
//! | [`apps`] | the trait of workloads; device tasks, virtual machines; agents that send each other messages, user sessions |
//! | [`placement`] | decision points and policies |
//! | [`energy`] | power, frequency steps, batteries, signals, sites, service levels |
//! | [`records`], [`output`] | tables; their files, dictionary and fingerprint |
//! | [`scenario`] | the JSON format, and how to register kinds of one's own in it |
//! | [`scope`], [`replication`] | where requests of geo-distributed resources run; how replicas are kept equal |
//! | [`sweep`], [`dataset`] | many runs; files to learn from, made of their tables |
//! | [`traces`] | readers of published workload traces, a trace in memory |
//! | [`tracks`] | where vehicles went, as KML, GeoJSON, CSV and missions |
//! | [`statistics`] | order statistics and regression of short series |
//! | [`units`] | quantities with units, as scenarios and parameters write them |
//! | [`engine`] | time, event queue, kernel, random streams, statistics |
//! | `plot`, `report` | charts as SVG and PNG, figures of runs and sweeps, pages of them (feature `plot`) |
//! | [`cli`] | the program |
//!
//! `ARCHITECTURE.md` follows a task through the code; `docs/limitations.md` says what is not modelled.

pub mod apps;
pub mod cli;
pub mod dataset;
pub mod energy;
pub mod engine;
pub mod infra;
mod names;
pub mod output;
pub mod placement;
#[cfg(feature = "plot")]
pub mod plot;
pub mod records;
pub mod replication;
#[cfg(feature = "plot")]
pub mod report;
pub mod scenario;
pub mod scope;
pub mod statistics;
pub mod sweep;
pub mod traces;
pub mod tracks;
pub mod units;
pub mod world;

/// What a study in Rust needs, to be imported with `use stratosim::prelude::*`.
///
/// Everything is also in the module where it belongs; nothing is only here.
pub mod prelude {
    pub use crate::apps::tasks::{
        Application, Arrival, OnDeadline, OnHandover, Outcome, TaskOptions, TaskWorkload, TraceArrival,
    };
    pub use crate::apps::virtual_machines::{
        Demand, DemandGrid, Demands, VmOptions, VmRequest, VmType, VmWorkload,
    };
    pub use crate::apps::{Context, Message, OffloadingRequest, Workload};
    pub use crate::energy::{
        EnergyFlows, FrequencySteps, Interpolation, JobClass, LinearPower, Load, NodePower,
        OperatingPoint, Outside, Performance, PowerModel, Signal, SiteSpec, TablePower,
    };
    pub use crate::engine::{Distribution, Phase, RandomStreams, SimDuration, SimTime};
    pub use crate::infra::compute::{Accelerator, Discipline, Job, JobRequest, Resources};
    pub use crate::infra::network::{
        DelayModel, DirectScope, DirectSpec, LinkModel, LinkSpec, Message as DelayMessage, Mm1,
        NetworkClass, RadioSpec,
    };
    pub use crate::infra::{
        AccessPointSpec, Area, BatterySpec, ClassId, Criterion, FaultTarget, FaultTimes, HostId,
        HostSpec, Infrastructure, InstanceSpec, Interface, JobOutcome, Leg, LinkId, MigrationMethod,
        MigrationSpec, MobilityModel, Mover, NodeChange, NodeClass, NodeId, Nomadic, NomadicPlace,
        Position, RandomWaypoint, Sharing, SleepSpec, Static, Tier, Trajectory, TrajectoryPoint,
        TransferOutcome, TransferRecord, VmId, VmSpec,
    };
    pub use crate::output::{Destination, FileFormat, Recorder, RunDirectory, TableSelection};
    pub use crate::placement::consolidation::{
        Composed, ConsolidationDecision, ConsolidationPolicy, ConsolidationView, MinimumMigrationTime,
        Threshold,
    };
    pub use crate::placement::frequency::{FrequencyDecision, FrequencyGovernor, FrequencyView};
    pub use crate::placement::offloading::{
        CloudOnly, DecisionOutcome, EdgeOnly, EnergyAware, LeastLoaded, LocalOnly, MinLatency, Nearest,
        OffloadingDecision, OffloadingPolicy, OffloadingView, TierName,
    };
    pub use crate::placement::vm_allocation::{
        AllocationView, PowerAwareBestFit, VmAllocationDecision, VmAllocationPolicy,
    };
    pub use crate::records::{Cell, ColumnSpec, NoRecords, Records, Symbol, TableSpec};
    pub use crate::scenario::{Document, Registry, load};
    pub use crate::world::{Finished, GovernorTimes, Sampling, Simulation, UserEvent, WorldBuilder};
}

/// The Rust of the README, compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The Rust of the page about agents, compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/agents.md")]
struct AgentsPage;
