//! The types of the scenario format: plain data with units, from which the JSON Schema is made.

mod cloudsim;
mod draw;
mod faults;
mod mobility;
mod network;
mod nodes;
mod root;
mod tasks;

pub use cloudsim::{
    CloudSimHosts, CloudSimManagement, CloudSimOverload, CloudSimSelection, CloudSimSpec, CloudSimTrace,
    CloudSimVmType, HostOrder, OverloadName, QuirkName, SelectionName, VmProfile,
};
pub use draw::{Draw, DrawnFrom, Quantity};
pub use faults::{FaultSpec, Outage};
pub use mobility::{
    FcdMobility, Layout, NomadicMobility, PlaceSpec, PointSpec, RandomWaypointMobility, StaticMobility,
    TrajectoryMobility, TrajectoryPointSpec,
};
pub use network::{LinkModelSpec, LinkQualities, LinkSpecification, NetworkSpec, TopologySpec};
pub use nodes::{
    AccessPointChoice, AccessPointSpecification, BatterySpecification, InstanceSpecification,
    InterfaceSpec, NodeClassSpec, PowerSpec, SchedulingSpec,
};
pub use root::{
    AreaSpec, AttachBy, AttachmentSpec, FormatName, Names, OutputSpec, PoliciesSpec, SampleSpec,
    Scenario,
};
pub(crate) use root::{MobilityKind, OffloadingKind, WorkloadKind};
pub use tasks::{AcceleratorNeed, ApplicationSpec, ArrivalSpec, DeadlineRule, HandoverRule, TasksSpec};
