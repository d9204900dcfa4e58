//! Typed indices into the arenas of the infrastructure.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the arena.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A node: anything that computes, forwards or moves.
    NodeId;
    /// A class of nodes with the same properties.
    ClassId;
    /// A duplex link of the topology, or the radio of an access point.
    LinkId;
    /// A site whose energy is accounted for.
    SiteId;
    /// A processor: that of a node, or the reserved share of an instance.
    ProcessorId;
    /// A job on a processor; valid until the job has ended.
    JobId;
    /// A group of equal accelerators of a node.
    AcceleratorGroupId;
    /// A task's part on an accelerator; valid until it has ended.
    AcceleratorJobId;
    /// A transfer on the network; valid until the transfer has ended.
    TransferId;
    /// A virtual machine, from its request to the end of the run.
    VmId;
    /// A node that hosts virtual machines.
    HostId;
    /// A migration of a virtual machine; valid until the migration has ended.
    MigrationId;
    /// An application whose services are placed on nodes.
    ApplicationId;
    /// A 5G cell: a sector of a gNB on one carrier, in the order of nodes, sectors, carriers.
    CellId;
    /// A jammer, in the order of the scenario.
    JammerId;
    /// A vehicle, in the order of nodes.
    VehicleId;
}

/// Who is told when a job or transfer ends: a workload, and a number of its own choosing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The workload's number in the world.
    pub workload: u16,
    /// What the workload knows the matter by.
    pub token: u64,
}
