//! Infrastructures that are named instead of written out.

use crate::placement::offloading::TierName;
use crate::scenario::{Length, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What nodes offer and links have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferedValues {
    /// What the infrastructure says of its nodes and links; where it says nothing, what the tier has.
    #[default]
    Default,
    /// The worst that could be drawn, everywhere: 2 cores, 2 GB of memory and of storage, 2 accelerators,
    /// availability 0.99, processing time 25 ms; latency 40 ms, bandwidth 50 Mbps.
    Min,
    /// The best that could be drawn, everywhere: 256 cores, 1024 GB of memory, 4096 GB of storage, 256
    /// accelerators, availability 1, processing time 1 ms; latency 1 ms, bandwidth 1500 Mbps.
    Max,
    /// Drawn for each node and link: cores a power of 2 from 2 to 256, GB of memory one from 2 to 1024 and of
    /// storage from 2 to 4096, accelerators from 2 to 256, availability uniform from 0.99 to 1, processing time
    /// 1 to 25 whole milliseconds; latency 1 to 40 whole milliseconds, bandwidth 50 to 1500 whole Mbps.
    Drawn,
}

/// Makes the enum of infrastructures, each with what all of them have.
macro_rules! infrastructures {
    ($($(#[$doc:meta])* $variant:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {
        /// An infrastructure by name, with its parameters: it stands for the node classes and links that it
        /// is made of, as if they were written out. Links lead both ways.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "library", rename_all = "snake_case", deny_unknown_fields)]
        pub enum InfrastructureSpec {
            $(
                $(#[$doc])*
                $variant {
                    $($(#[$field_meta])* $field: $type,)*
                    /// What nodes offer and links have.
                    #[serde(default)]
                    values: OfferedValues,
                    /// Whether edge nodes are access points.
                    #[serde(default)]
                    access_points: bool,
                },
            )*
        }

        impl InfrastructureSpec {
            /// What nodes offer and links have, and whether edge nodes are access points.
            #[must_use]
            pub fn shared(&self) -> (OfferedValues, bool) {
                match self {
                    $(InfrastructureSpec::$variant { values, access_points, .. } => {
                        (*values, *access_points)
                    })*
                }
            }
        }
    };
}

infrastructures! {
    /// A `center` in the cloud, and clients, each joined to it.
    Star {
        /// Clients.
        #[schemars(range(min = 1, max = 1_000_000))]
        clients: u32,
        /// Tier of the clients.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// Each pair of nodes joined with the same probability (Erdos and Renyi), the whole joined if it falls
    /// apart.
    Random {
        /// Nodes.
        #[schemars(range(min = 2, max = 1_000_000))]
        nodes: u32,
        /// Probability of each link.
        #[serde(default = "half")]
        probability: Ratio,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// Levels `l0`, `l1`, ..., each joined to the one above, the whole joined if it falls apart; every pair of
    /// nodes of neighbouring levels if nothing else is said.
    Hierarchical {
        /// Nodes, all levels together.
        #[schemars(range(min = 1, max = 1_000_000))]
        nodes: u32,
        /// Share of the nodes that each level has, from `l0` on; they come to 1.
        #[serde(default = "partition")]
        #[schemars(length(min = 1))]
        partition: Vec<Ratio>,
        /// Probability of each link between a level and the next, from `l0` on; 1 if neither this nor
        /// `uplinks` is given. A node below `l0` has at least one link up.
        #[serde(default)]
        connectivity: Option<Vec<Ratio>>,
        /// Mean number of links up of a node below `l0`, in place of `connectivity`: sparse networks.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        uplinks: Option<f64>,
        /// Probability of each link within a level, from `l0` on; 0 if left out.
        #[serde(default)]
        within: Option<Vec<Ratio>>,
        /// Links within its level that a node has at least, to random others.
        #[serde(default = "one")]
        peers: u32,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// The fat-tree of Al-Fares, Loukissas and Vahdat (2008): ports^3 / 4 hosts in the cloud, and switches.
    FatTree {
        /// Ports of each switch, even.
        #[schemars(range(min = 2, max = 100))]
        ports: u32,
    }
    /// The BCube of Guo and others (2009): ports^(levels + 1) servers in the cloud, each joined to one switch of
    /// each of levels + 1 levels.
    BCube {
        /// Levels beyond the first: the k of the literature.
        #[schemars(range(max = 8))]
        levels: u32,
        /// Ports of each switch: the n of the literature.
        #[schemars(range(min = 2))]
        ports: u32,
    }
    /// A ring in which each node is joined to its nearest neighbours, and some links lead elsewhere (Watts and
    /// Strogatz, 1998).
    SmallWorld {
        /// Nodes.
        #[schemars(range(min = 3, max = 1_000_000))]
        nodes: u32,
        /// Neighbours that each node is joined to at first, even.
        #[schemars(range(min = 2))]
        neighbours: u32,
        /// Probability that a link is led elsewhere.
        rewiring: Ratio,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// Each new node is joined to others the more likely the more links these have (Barabasi and Albert, 1999).
    ScaleFree {
        /// Nodes.
        #[schemars(range(min = 2, max = 1_000_000))]
        nodes: u32,
        /// Links of each new node.
        #[schemars(range(min = 1))]
        links: u32,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// Nodes at random places, two of which are joined if no third is within the circle between them (Gabriel
    /// and Sokal, 1969); latencies are those of fibre.
    Gabriel {
        /// Nodes.
        #[schemars(range(min = 2, max = 5000))]
        nodes: u32,
        /// Side of the square that they lie in.
        #[serde(default = "country")]
        extent: Length,
        /// Length of the fibre over the distance of its ends.
        #[serde(default = "straight")]
        #[schemars(range(min = 1.0))]
        route_factor: f64,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// Devices, edge, fog and cloud, each joined to the tier above (if there is none, to the next); every pair
    /// of nodes of neighbouring tiers if nothing else is said.
    ContinuumTiered {
        /// Devices: 1 core, 1 GB, 1 GB of storage.
        devices: u32,
        /// Edge nodes: 8 cores, 16 GB, 64 GB, 1 accelerator.
        edges: u32,
        /// Fog nodes: 16 cores, 32 GB, 256 GB, 2 accelerators.
        #[serde(default)]
        fogs: u32,
        /// Cloud nodes: 32 cores, 128 GB, 1024 GB, 4 accelerators.
        #[serde(default = "one")]
        clouds: u32,
        /// Probability of each link between a tier and the one above, from the devices on; 1 if neither this
        /// nor `uplinks` is given. A node has at least one link up.
        #[serde(default)]
        connectivity: Option<Vec<Ratio>>,
        /// Mean number of links up of a node, in place of `connectivity`.
        #[serde(default)]
        #[schemars(range(min = 0.0))]
        uplinks: Option<f64>,
        /// Probability of each link within a tier that has nodes, from the devices on; 0, 0.25, 0.5 and 1 of
        /// devices, edge, fog and cloud if left out.
        #[serde(default)]
        within: Option<Vec<Ratio>>,
    }
    /// User equipment on radio sites, hosts of multi-access edge computing behind these, and a cloud.
    #[serde(rename = "mec_5g")]
    Mec5g {
        /// User equipment.
        users: u32,
        /// Radio sites.
        #[schemars(range(min = 1))]
        rans: u32,
        /// Edge hosts; as many as radio sites if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        mecs: Option<u32>,
        /// Cloud nodes.
        #[serde(default = "one")]
        #[schemars(range(min = 1))]
        clouds: u32,
    }
    /// Vehicles that stand still at roadside units, edge hosts behind these, and a cloud.
    VehicularEdge {
        /// Vehicles.
        vehicles: u32,
        /// Roadside units.
        #[schemars(range(min = 1))]
        rsus: u32,
        /// Edge hosts.
        #[serde(default = "one")]
        #[schemars(range(min = 1))]
        mecs: u32,
        /// Cloud nodes.
        #[serde(default = "one")]
        #[schemars(range(min = 1))]
        clouds: u32,
    }
    /// Regions of nodes, each behind a gateway, and a wide-area network between the gateways.
    MultiRegionWan {
        /// Regions.
        #[schemars(range(min = 1))]
        regions: u32,
        /// Nodes of each region.
        nodes_per_region: u32,
    }
    /// A plant's time-sensitive network: endpoints, controllers and edge nodes at switches.
    IndustrialTsn {
        /// Endpoints.
        endpoints: u32,
        /// Switches.
        #[serde(default = "two")]
        #[schemars(range(min = 1))]
        switches: u32,
        /// Controllers.
        #[serde(default = "two")]
        controllers: u32,
        /// Edge nodes.
        #[serde(default = "one")]
        edges: u32,
    }
    /// Production cells of machines and sensors around a controller each, an edge of the plant, and a cloud.
    FactoryCells {
        /// Cells.
        #[schemars(range(min = 1))]
        cells: u32,
        /// Machines of each cell.
        machines_per_cell: u32,
        /// Sensors of each cell.
        sensors_per_cell: u32,
        /// Edge nodes of the plant.
        #[serde(default = "one")]
        #[schemars(range(min = 1))]
        plant_edges: u32,
        /// Cloud nodes.
        #[serde(default = "one")]
        #[schemars(range(min = 1))]
        clouds: u32,
    }
    /// The avionics network of the Orion crew vehicle: 31 end systems and 15 switches.
    OrionCev {}
    /// A network of the Internet Topology Zoo, from a file.
    TopologyZoo {
        /// The file, relative to the scenario: GraphML, JSON of TopoHub, or the native format of SNDlib.
        file: String,
        /// Length of the fibre over the distance of its ends.
        #[serde(default = "straight")]
        #[schemars(range(min = 1.0))]
        route_factor: f64,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// A network of SNDlib, from a file.
    Sndlib {
        /// The file, relative to the scenario: JSON of TopoHub, GraphML, or the native format of SNDlib.
        file: String,
        /// Length of the fibre over the distance of its ends.
        #[serde(default = "straight")]
        #[schemars(range(min = 1.0))]
        route_factor: f64,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// A backbone of TopoHub, from a file.
    Backbone {
        /// The file, relative to the scenario: JSON of TopoHub, GraphML, or the native format of SNDlib.
        file: String,
        /// Length of the fibre over the distance of its ends.
        #[serde(default = "straight")]
        #[schemars(range(min = 1.0))]
        route_factor: f64,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// A network of CAIDA's measurements, from a file.
    Caida {
        /// The file, relative to the scenario: JSON of TopoHub, GraphML, or the native format of SNDlib.
        file: String,
        /// Length of the fibre over the distance of its ends.
        #[serde(default = "straight")]
        #[schemars(range(min = 1.0))]
        route_factor: f64,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// Any network of TopoHub, from a file.
    Topohub {
        /// The file, relative to the scenario: JSON of TopoHub, GraphML, or the native format of SNDlib.
        file: String,
        /// Length of the fibre over the distance of its ends.
        #[serde(default = "straight")]
        #[schemars(range(min = 1.0))]
        route_factor: f64,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
    /// An infrastructure that ECLYPSE has exported.
    Eclypse {
        /// The file, relative to the scenario: JSON of ECLYPSE.
        file: String,
        /// Tier of the nodes.
        #[serde(default = "edge")]
        tier: TierName,
    }
}

fn one() -> u32 {
    1
}

fn two() -> u32 {
    2
}

fn edge() -> TierName {
    TierName::Edge
}

fn half() -> Ratio {
    Ratio::from_fraction(0.5)
}

fn straight() -> f64 {
    1.0
}

fn country() -> Length {
    Length::from_metres(1e6)
}

fn partition() -> Vec<Ratio> {
    [0.35, 0.3, 0.2, 0.15].map(Ratio::from_fraction).to_vec()
}
