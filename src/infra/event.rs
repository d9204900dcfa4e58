//! What happens inside the infrastructure, and what it tells the world.

use super::accelerators::AcceleratorJob;
use super::cells::CellChange;
use super::compute::Job;
use super::ids::{
    AcceleratorGroupId, AcceleratorJobId, HostId, JammerId, JobId, LinkId, NodeId, Owner, ProcessorId,
    SiteId, TransferId, VehicleId, VmId,
};
use super::network::NetworkClass;
use super::optical::{OpticalLayerId, SwitchId};
use super::vehicles::VehicleEvent;
use super::virtual_machines::{HostState, MigrationRecord, VmChange};
use crate::engine::SimTime;

/// A pending event of the infrastructure. The world's event type is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfraEvent {
    /// The first of the running jobs of a processor is done.
    ProcessorDue(ProcessorId),
    /// Something ends on the accelerators of a group: a launch, a copy or a task.
    AcceleratorDue(AcceleratorGroupId),
    /// The first of the transfers that share links has sent its last byte.
    FlowsDue,
    /// A transfer arrives.
    TransferDue(TransferId),
    /// A node has come to the end of its leg.
    LegEnds(NodeId),
    /// A node leaves its access point for another, or for none.
    AttachmentChanges(NodeId),
    /// All devices measure the signals of the sites in their range.
    RadioDue,
    /// The next positions of a feed are due.
    FeedDue(u16),
    /// A node or link fails or is repaired: the number of the fault process.
    FaultDue(u32),
    /// A battery is empty, low, or charged enough.
    BatteryDue(NodeId),
    /// A charger is connected or disconnected.
    ChargerDue(NodeId),
    /// A datacenter that is updated in steps is to be updated: its number.
    UpdateDue(u32),
    /// The power cap of a site is to be looked at.
    CapDue(SiteId),
    /// The shares of hosts are to be worked out, after all that has changed at this instant.
    HostsDue,
    /// A host has fallen asleep or woken up.
    HostDue(HostId),
    /// A virtual machine has booted.
    VmDue(VmId),
    /// A perturbation acts.
    PerturbationsDue,
    /// A measurement period of 5G cells ends, and the next one begins.
    CellsDue,
    /// A device that was between two cells has access to the next one, or tries again.
    CellAccessDue(NodeId),
    /// A vehicle has come to the end of a leg, or has to do something before.
    VehicleDue(VehicleId),
    /// The gusts of the wind change.
    WindDue,
    /// A measurement period of WiFi ends, and the next one begins.
    WifiDue,
    /// A station has come to its new access point.
    WifiReady(NodeId),
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOutcome {
    /// All its work is done.
    Done,
    /// Its node failed.
    LostToFault,
    /// Its node's battery is empty.
    LostToBattery,
    /// Its node left the world.
    LostToMobility,
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// All bytes have arrived.
    Delivered,
    /// A node or link failed and there was no other way.
    LostToFault,
    /// A battery at one of its ends is empty.
    LostToBattery,
    /// A device left the coverage of all access points, or the world.
    LostToMobility,
    /// Its owner gave it up.
    Dropped,
    /// A later link of its way took no more.
    RefusedForBandwidth,
}

/// Whether a fault or something else took a node away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// It failed.
    Failed,
    /// It was repaired.
    Repaired,
    /// Its battery is empty.
    BatteryEmpty,
    /// Its battery is low.
    BatteryLow,
    /// Its battery, which was empty, is charged enough for it to start.
    BatteryCharged,
    /// It entered the world (a vehicle at its departure).
    Appeared,
    /// It left the world (a vehicle at its arrival).
    Vanished,
}

/// A transfer that has ended, as recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransferRecord {
    /// Its id, no longer valid.
    pub id: TransferId,
    /// Who is told.
    pub owner: Owner,
    /// Where it came from.
    pub from: NodeId,
    /// Where it went to.
    pub to: NodeId,
    /// Bytes it was to carry.
    pub size_bytes: f64,
    /// Bytes that left the sender.
    pub sent_bytes: f64,
    /// When it was started.
    pub started: SimTime,
    /// Number of links on its way.
    pub hops: u32,
    /// How often it was led another way.
    pub reroutes: u32,
    /// How it ended.
    pub outcome: TransferOutcome,
    /// Seconds on the links of each network, in the order of [`NetworkClass::ALL`]; zero of a way that is not
    /// taken hop by hop.
    pub by_class_s: [f64; NetworkClass::ALL.len()],
    /// The network that took no more.
    pub refused_by: Option<NetworkClass>,
}

/// What the infrastructure tells the world, in the order in which it happened.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A job has ended.
    JobEnded {
        /// Its id, no longer valid.
        id: JobId,
        /// The job.
        job: Job,
        /// How it ended.
        outcome: JobOutcome,
    },
    /// A task's part on an accelerator has ended.
    AcceleratedEnded {
        /// Its id, no longer valid.
        id: AcceleratorJobId,
        /// The part.
        job: AcceleratorJob,
        /// How it ended.
        outcome: JobOutcome,
    },
    /// A transfer has ended.
    TransferEnded(TransferRecord),
    /// A node has come or gone.
    NodeChanged(NodeId, NodeChange),
    /// A virtual machine runs now, or was lost.
    VmChanged {
        /// The virtual machine.
        vm: VmId,
        /// What has become of it.
        change: VmChange,
    },
    /// A migration has ended.
    VmMigrated(MigrationRecord),
    /// A host has gone into another state.
    HostChanged {
        /// The host.
        host: HostId,
        /// Its state.
        state: HostState,
    },
    /// A link has failed or was repaired.
    LinkChanged {
        /// The link.
        link: LinkId,
        /// Whether it works now.
        up: bool,
    },
    /// A port of an optical circuit switch has failed or was repaired.
    PortChanged {
        /// The layer.
        layer: OpticalLayerId,
        /// The switch.
        switch: SwitchId,
        /// The port.
        port: u32,
        /// Whether it works now.
        works: bool,
    },
    /// Perturbations have changed what nodes or links offer; once for all changes of an instant.
    OffersChanged,
    /// A node runs at another frequency step.
    FrequencyChanged(NodeId),
    /// A node is on another leg, or attached elsewhere; told if it is
    /// [watched](super::Infrastructure::watch_movements).
    Moved(NodeId),
    /// A device goes from one access point to another; `None` is out of coverage.
    Handover {
        /// The device.
        device: NodeId,
        /// Where it was attached.
        from: Option<NodeId>,
        /// Where it is attached now.
        to: Option<NodeId>,
    },
    /// A measurement period of 5G cells has ended: their reports can be read.
    CellsMeasured,
    /// A measurement period of WiFi has ended: its reports can be read.
    WifiMeasured,
    /// A device has another 5G cell, or none.
    CellChanged(CellChange),
    /// Something has happened to a vehicle.
    VehicleChanged {
        /// The vehicle.
        node: NodeId,
        /// What.
        event: VehicleEvent,
    },
    /// A jammer is switched on or off.
    JammerChanged {
        /// The jammer.
        jammer: JammerId,
        /// Whether it is on now.
        on: bool,
    },
}
