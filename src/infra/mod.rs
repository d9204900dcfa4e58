//! The infrastructure: places and movement, nodes and compute, topology, transfers, faults.

pub mod accelerators;
mod actions;
pub mod applications;
pub mod assets;
mod attachment;
mod batteries;
mod builder;
mod cell_events;
mod cell_mobility;
pub mod cells;
mod changes;
pub mod compute;
mod deployments;
pub mod dynamics;
mod edgecloudsim;
mod event;
mod faults;
mod feed;
mod geodesy;
mod geometry;
mod ids;
mod infrastructure;
mod meter;
mod mobility;
mod motion;
pub mod network;
mod network_energy;
mod node;
mod offers;
pub mod optical;
mod power;
mod predicted;
mod radio;
mod reception;
mod sites;
mod topology;
pub mod vehicles;
pub mod virtual_machines;
pub mod wifi;
mod wifi_events;

pub use attachment::{AccessPoint, AccessPointIndex, AccessPoints, AttachmentError, Criterion};
pub use batteries::BatteryTotals;
pub use builder::{InfraBuilder, InfraError};
pub use deployments::DeployedEnergy;
pub use edgecloudsim::{MobileDemand, RelayQueue, SharedWanQueue, UpdateScope, WanSlips};
pub use event::{InfraEvent, JobOutcome, NodeChange, Notice, TransferOutcome, TransferRecord};
pub use faults::{FaultProcess, FaultTarget, FaultTimes, Reliability};
pub use feed::{FeedCounts, FeedPoint, PositionFeed, is_jump};
pub use geodesy::{
    EARTH_RADIUS_M, FIBRE_SPEED_M_PER_S, LocalPlane, LonLat, fibre_latency_s, great_circle_m,
};
pub use geometry::{Leg, Pace, Position};
pub use ids::{
    AcceleratorGroupId, AcceleratorJobId, ApplicationId, CellId, ClassId, HostId, JammerId, JobId,
    LinkId, MigrationId, NodeId, Owner, ProcessorId, SiteId, TransferId, VehicleId, VmId,
};
pub use infrastructure::Infrastructure;
pub use meter::{Meter, TierLoad};
pub use mobility::{
    Area, MobilityError, MobilityModel, Mover, Nomadic, NomadicPlace, RandomWaypoint, RingRoad,
    RoadSegment, Static, Trajectory, TrajectoryPoint,
};
pub use network::{FairShare, FlowIndex, LinkIndex, max_min_rates};
pub use network_energy::NetworkEnergy;
pub use node::{
    AccessPointSpec, BatterySpec, Charger, InstanceSpec, Interface, Node, NodeClass, SiteRadio, Tier,
};
pub use predicted::{PredictedLoads, Share};
pub use radio::nr;
pub use radio::{CloseInPathLoss, RadioEnvironment, RadioError, RadioSignal, SiteSignal};
pub use topology::{Boundary, Connectivity, Role, Topology, TopologyEdge, TopologyError, TopologyNode};
pub use virtual_machines::{
    CopiedMemory, ExpectedCopy, Fleet, HostAccount, HostSpec, HostState, MigrationMethod,
    MigrationOutcome, MigrationRecord, MigrationSpec, Sharing, SleepSpec, VirtualMachines, VmAccount,
    VmChange, VmRefusal, VmSpec, VmState,
};
