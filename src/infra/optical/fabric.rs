//! Sizes and wiring of fabrics.

use super::error::OpticalError;
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in its fabric.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A leaf: the packet switch that servers hang on.
    LeafId;
    /// An optical circuit switch of a layer.
    SwitchId;
}

/// Larger fabrics are typing errors, and their sizes would not fit.
const MOST: u32 = 65_536;
const MOST_UPLINKS: u32 = 4096;

fn range(what: &'static str, found: u32, allowed: &'static str) -> OpticalError {
    OpticalError::Range { what, found: f64::from(found), allowed }
}

/// A three-level fat-tree of switches with k ports (Al-Fares, Loukissas and Vahdat, *A Scalable, Commodity Data Center
/// Network Architecture*, SIGCOMM 2008): k pods of k/2 edge and k/2 aggregation switches, k²/4 core switches.
///
/// ```
/// use stratosim::infra::optical::FatTree;
/// let tree = FatTree::new(4)?;
/// assert_eq!((tree.hosts(), tree.switches()), (16, 20));
/// assert_eq!(tree.switches_between(0, 15), 5);
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FatTree {
    ports: u32,
}

impl FatTree {
    /// A fat-tree of switches with `ports` ports: even, from 2 to 1024.
    ///
    /// # Errors
    /// If it is not.
    pub fn new(ports: u32) -> Result<Self, OpticalError> {
        if (2..=1024).contains(&ports) && ports.is_multiple_of(2) {
            Ok(FatTree { ports })
        } else {
            Err(range("the number of ports of a switch of a fat-tree", ports, "even, from 2 to 1024"))
        }
    }

    /// k: ports of a switch, and pods.
    #[must_use]
    pub const fn pods(self) -> u32 {
        self.ports
    }

    /// Hosts at an edge switch: k/2.
    #[must_use]
    pub const fn hosts_per_edge(self) -> u32 {
        self.ports / 2
    }

    /// Edge switches: k²/2.
    #[must_use]
    pub const fn edge_switches(self) -> u32 {
        self.ports * (self.ports / 2)
    }

    /// Aggregation switches: k²/2.
    #[must_use]
    pub const fn aggregation_switches(self) -> u32 {
        self.edge_switches()
    }

    /// Core switches: k²/4.
    #[must_use]
    pub const fn core_switches(self) -> u32 {
        (self.ports / 2) * (self.ports / 2)
    }

    /// All switches: 5k²/4.
    #[must_use]
    pub const fn switches(self) -> u32 {
        self.edge_switches() + self.aggregation_switches() + self.core_switches()
    }

    /// Hosts: k³/4.
    #[must_use]
    pub const fn hosts(self) -> u32 {
        self.edge_switches() * self.hosts_per_edge()
    }

    /// Links of each of its three levels: k³/4.
    #[must_use]
    pub const fn links_per_level(self) -> u32 {
        self.hosts()
    }

    /// The edge switch of a host.
    #[must_use]
    pub const fn edge_of(self, host: u32) -> u32 {
        host / self.hosts_per_edge()
    }

    /// The pod of an edge switch.
    #[must_use]
    pub const fn pod_of(self, edge: u32) -> u32 {
        edge / (self.ports / 2)
    }

    /// Switches on a shortest way between two hosts: 0, 1, 3 or 5.
    #[must_use]
    pub const fn switches_between(self, a: u32, b: u32) -> u32 {
        let (edge_a, edge_b) = (self.edge_of(a), self.edge_of(b));
        if a == b {
            0
        } else if edge_a == edge_b {
            1
        } else if self.pod_of(edge_a) == self.pod_of(edge_b) {
            3
        } else {
            5
        }
    }

    /// Shortest ways of equal cost between hosts at different edge switches: k/2 within a pod, k²/4 between pods; 1 at one
    /// edge switch.
    #[must_use]
    pub const fn equal_ways(self, a: u32, b: u32) -> u32 {
        match self.switches_between(a, b) {
            3 => self.ports / 2,
            5 => self.core_switches(),
            _ => 1,
        }
    }
}

/// Leaves that all hang on all spines.
///
/// ```
/// use stratosim::infra::optical::LeafSpine;
/// let network = LeafSpine::non_blocking(64)?;
/// assert_eq!((network.leaves(), network.spines(), network.hosts()), (64, 32, 2048));
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafSpine {
    leaves: u32,
    down: u32,
    up: u32,
    spines: u32,
}

impl LeafSpine {
    /// `leaves` leaves with `down` ports for hosts and `up` uplinks each, spread evenly over `spines` spines.
    ///
    /// # Errors
    /// If one of them is 0 or above 65 536 (4096 uplinks), or the spines do not divide the uplinks.
    pub fn new(leaves: u32, down: u32, up: u32, spines: u32) -> Result<Self, OpticalError> {
        for (what, found) in [
            ("the number of leaves", leaves),
            ("the number of hosts of a leaf", down),
            ("the number of uplinks of a leaf", up),
            ("the number of spines", spines),
        ] {
            if !(1..=MOST).contains(&found) {
                return Err(range(what, found, "from 1 to 65536"));
            }
        }
        if up > MOST_UPLINKS {
            return Err(range("the number of uplinks of a leaf", up, "from 1 to 4096"));
        }
        if !up.is_multiple_of(spines) {
            return Err(range("the number of spines", spines, "a divisor of the uplinks of a leaf"));
        }
        Ok(LeafSpine { leaves, down, up, spines })
    }

    /// The largest without oversubscription of switches with `ports` ports: k leaves of k/2 hosts, k/2 spines.
    ///
    /// # Errors
    /// If the number is odd or below 2.
    pub fn non_blocking(ports: u32) -> Result<Self, OpticalError> {
        if ports < 2 || !ports.is_multiple_of(2) {
            return Err(range("the number of ports of a switch", ports, "even, at least 2"));
        }
        LeafSpine::new(ports, ports / 2, ports / 2, ports / 2)
    }

    /// Leaves.
    #[must_use]
    pub const fn leaves(self) -> u32 {
        self.leaves
    }

    /// Spines.
    #[must_use]
    pub const fn spines(self) -> u32 {
        self.spines
    }

    /// Uplinks of a leaf.
    #[must_use]
    pub const fn uplinks(self) -> u32 {
        self.up
    }

    /// Links of one leaf to one spine.
    #[must_use]
    pub const fn links_per_spine(self) -> u32 {
        self.up / self.spines
    }

    /// Hosts: leaves times ports for hosts.
    #[must_use]
    pub const fn hosts(self) -> u64 {
        self.leaves as u64 * self.down as u64
    }

    /// Links between leaves and spines.
    #[must_use]
    pub const fn uplinks_in_all(self) -> u64 {
        self.leaves as u64 * self.up as u64
    }

    /// What hosts can send of what uplinks can carry: 1 does not block.
    #[must_use]
    pub fn oversubscription(self) -> f64 {
        f64::from(self.down) / f64::from(self.up)
    }

    /// Switches on a way between leaves: leaf, spine, leaf; 1 within a leaf.
    #[must_use]
    pub const fn switches_between(self, a: LeafId, b: LeafId) -> u32 {
        if a.0 == b.0 { 1 } else { 3 }
    }
}

/// Leaves whose uplinks end at circuit switches: uplink i of every leaf at switch i, on the port with the leaf's number.
/// Each switch thus holds one matching of leaves.
///
/// ```
/// use stratosim::infra::optical::{LeafId, OpticalLayer, SwitchId};
/// let layer = OpticalLayer::new(32, 16, 136)?;
/// assert_eq!((layer.switches(), layer.ports_in_use()), (16, 512));
/// assert_eq!(layer.port(LeafId(5), 3), Some((SwitchId(3), 5)));
/// # Ok::<(), stratosim::infra::optical::OpticalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpticalLayer {
    leaves: u32,
    uplinks: u32,
    switch_ports: u32,
}

impl OpticalLayer {
    /// `leaves` leaves with `uplinks` uplinks each, and as many switches as there are uplinks, of `switch_ports` ports.
    ///
    /// # Errors
    /// If there are no leaves or uplinks, or a switch has fewer ports than there are leaves.
    pub fn new(leaves: u32, uplinks: u32, switch_ports: u32) -> Result<Self, OpticalError> {
        if !(1..=MOST).contains(&leaves) {
            return Err(range("the number of leaves", leaves, "from 1 to 65536"));
        }
        if !(1..=MOST_UPLINKS).contains(&uplinks) {
            return Err(range("the number of uplinks of a leaf", uplinks, "from 1 to 4096"));
        }
        if switch_ports < leaves {
            return Err(OpticalError::TooFewPorts { leaves, ports: switch_ports });
        }
        Ok(OpticalLayer { leaves, uplinks, switch_ports })
    }

    /// What takes the place of the spines of a leaf-spine network: the same leaves, with a switch an uplink.
    ///
    /// # Errors
    /// If a switch has fewer ports than there are leaves.
    pub fn in_place_of(network: LeafSpine, switch_ports: u32) -> Result<Self, OpticalError> {
        OpticalLayer::new(network.leaves, network.up, switch_ports)
    }

    /// Leaves.
    #[must_use]
    pub const fn leaves(self) -> u32 {
        self.leaves
    }

    /// Uplinks of a leaf.
    #[must_use]
    pub const fn uplinks(self) -> u32 {
        self.uplinks
    }

    /// Circuit switches: one an uplink of a leaf.
    #[must_use]
    pub const fn switches(self) -> u32 {
        self.uplinks
    }

    /// Ports of circuit switches that uplinks end at: leaves times uplinks.
    #[must_use]
    pub const fn ports_in_use(self) -> u64 {
        self.leaves as u64 * self.uplinks as u64
    }

    /// Ports of each circuit switch that nothing is plugged into.
    #[must_use]
    pub const fn spare_ports(self) -> u32 {
        self.switch_ports - self.leaves
    }

    /// Switch and port that an uplink of a leaf ends at; `None` if there is no such uplink.
    #[must_use]
    pub fn port(self, leaf: LeafId, uplink: u32) -> Option<(SwitchId, u32)> {
        (leaf.0 < self.leaves && uplink < self.uplinks).then_some((SwitchId(uplink), leaf.0))
    }

    /// The rail of a switch if the NICs of a server are spread over `rails` rails: those of one rail have the same
    /// remainder.
    #[must_use]
    pub const fn rail(self, switch: SwitchId, rails: u32) -> u32 {
        if rails == 0 { 0 } else { switch.0 % rails }
    }

    /// Packet switches and circuit switches on the way over one circuit between leaves: 2 and 1; 1 and 0 within a leaf.
    #[must_use]
    pub const fn switches_between(self, a: LeafId, b: LeafId) -> (u32, u32) {
        if a.0 == b.0 { (1, 0) } else { (2, 1) }
    }
}
