//! Links and topology.

use super::Names;
use super::ShapedSpec;
use super::access::{
    CloseInSpec, DirectNetworkSpec, EdgeCloudSimPopulationSpec, EdgeCloudSimRelaySpec, NetworkName,
    PopulationSpec, ThroughputTableSpec, WindowedQueueSpec,
};
use crate::scenario::{DataRate, DataSize, Duration, EnergyPerBit, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a link serves the transfers that are on it at the same time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LinkModelSpec {
    /// Each transfer has the whole bandwidth to itself: latency plus size over bandwidth.
    Unshared,
    /// The transfers share the bandwidth max-min fairly, over all links of their ways.
    #[default]
    FairShare,
    /// A message waits as in an M/M/1 queue; at a load of 1 it is refused for bandwidth.
    #[serde(rename = "mm1")]
    Mm1 {
        /// Load by traffic outside the simulation.
        #[serde(default)]
        background_load: Ratio,
        /// Mean size of the messages; measured if left out.
        #[serde(default)]
        mean_message: Option<DataSize>,
        /// Time constant of the exponential window in which load and size are measured; 0 to take only the
        /// background.
        #[serde(default = "default_window")]
        window: Duration,
    },
    /// An M/M/1 queue whose load is that of the devices at the access point.
    Population(PopulationSpec),
    /// Measured throughput by the number of concurrent transfers.
    ThroughputTable(ThroughputTableSpec),
    /// An M/M/1 queue whose arrivals are measured in windows (MMPP/M/1).
    WindowedQueue(Box<WindowedQueueSpec>),
    /// A 5G cell whose rate falls with the distance of the device, and feeds a queue.
    CloseIn(Box<CloseInSpec>),
    /// An interface shaped as by Linux's traffic control: a token bucket or a trace, a queue, a varying delay, losses.
    Shaped(Box<ShapedSpec>),
    /// The queue by population of EdgeCloudSim's first sample application.
    #[serde(rename = "edgecloudsim_population")]
    EdgeCloudSimPopulation(Box<EdgeCloudSimPopulationSpec>),
    /// The metropolitan network of EdgeCloudSim's second sample application.
    #[serde(rename = "edgecloudsim_relay")]
    EdgeCloudSimRelay(Box<EdgeCloudSimRelaySpec>),
}

fn default_window() -> Duration {
    Duration::from_secs(10.0)
}

/// Latency, bandwidth and model of links.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkQualities {
    /// Propagation delay, one way. Where left out: what a file gives, or what the distance over fibre gives,
    /// or 1 ms within the edge, 5 ms to the fog, 20 ms to the cloud.
    pub latency: Option<Duration>,
    /// Bandwidth in each direction. Where left out: what a file gives, or 1 Gbps.
    pub bandwidth: Option<DataRate>,
    /// How transfers share it; the network's model if left out.
    pub model: Option<LinkModelSpec>,
    /// Transfers that may be on it at once in each direction; any number if left out.
    pub transfer_limit: Option<u32>,
    /// What the links are counted to; `wan` of those to the cloud and `man` of others if left out.
    pub network: Option<NetworkName>,
    /// Whether ways to other nodes than the ends of a link may pass it; if not, they do only where there is no
    /// other way.
    pub transit: Option<bool>,
    /// What a link draws for each bit that it carries; nothing if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy_per_bit: Option<EnergyPerBit>,
    /// Whether all links of the rule are one queue in each direction: one for what devices send, one for what
    /// they receive.
    pub one_queue: bool,
}

/// A link between two nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSpecification {
    /// One end: a node.
    pub a: String,
    /// The other end: a node.
    pub b: String,
    /// Name; `a--b` if left out. Of several links of one name the others become `name#2`, `name#3`, ...
    #[serde(default)]
    pub name: Option<String>,
    /// Propagation delay, one way; by the tiers of the ends if left out: 1 ms within the edge, 5 ms to the
    /// fog, 20 ms to the cloud.
    #[serde(default)]
    pub latency: Option<Duration>,
    /// Bandwidth in each direction; 1 Gbps if left out.
    #[serde(default)]
    pub bandwidth: Option<DataRate>,
    /// How transfers share it; the network's model if left out.
    #[serde(default)]
    pub model: Option<LinkModelSpec>,
    /// Transfers that may be on it at once in each direction; any number if left out.
    #[serde(default)]
    pub transfer_limit: Option<u32>,
    /// What it is counted to; `wan` of a link to the cloud and `man` of others if left out.
    #[serde(default)]
    pub network: Option<NetworkName>,
    /// What it draws for each bit that it carries; nothing if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_per_bit: Option<EnergyPerBit>,
}

impl LinkSpecification {
    /// Its qualities.
    #[must_use]
    pub fn qualities(&self) -> LinkQualities {
        LinkQualities {
            latency: self.latency,
            bandwidth: self.bandwidth,
            model: self.model.clone(),
            transfer_limit: self.transfer_limit,
            network: self.network,
            transit: None,
            energy_per_bit: self.energy_per_bit,
            one_queue: false,
        }
    }
}

/// Links made by a rule between the nodes it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TopologySpec {
    /// No links by rule: nodes compute where they are, and reach each other by `links` if at all. The only rule.
    None,
    /// Every edge node to the nearest fog node (or cloud, if there is no fog), every fog node to the nearest
    /// cloud node, clouds among each other.
    Hierarchical {
        /// Links of edge nodes.
        #[serde(default)]
        edge_link: LinkQualities,
        /// Links of fog nodes.
        #[serde(default)]
        fog_link: LinkQualities,
        /// Links between cloud nodes.
        #[serde(default)]
        cloud_link: LinkQualities,
    },
    /// Every leaf to one centre.
    Star {
        /// The centre: one node.
        center: String,
        /// The leaves.
        leaves: Names,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// A tree over the nodes in their order, the first being the root.
    Tree {
        /// The nodes.
        nodes: Names,
        /// Children of each node.
        #[schemars(range(min = 1))]
        branching: u32,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// A grid over the nodes, row by row.
    Grid {
        /// The nodes.
        nodes: Names,
        /// Nodes in a row; as square as can be if left out.
        #[serde(default)]
        #[schemars(range(min = 1))]
        width: Option<u32>,
        /// Whether the ends of rows and columns are linked, too (a torus).
        #[serde(default)]
        wrapped: bool,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// A random graph: each pair with the same probability (Erdos and Renyi), joined if it falls apart.
    ErdosRenyi {
        /// The nodes.
        nodes: Names,
        /// Probability of each link.
        probability: Ratio,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// A random graph by preferential attachment (Barabasi and Albert).
    BarabasiAlbert {
        /// The nodes.
        nodes: Names,
        /// Links of each new node.
        #[schemars(range(min = 1))]
        links: u32,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// A random graph in which near nodes are linked more often (Waxman), joined if it falls apart: the
    /// probability is alpha * exp(-distance / (beta * diagonal of the area)).
    Waxman {
        /// The nodes.
        nodes: Names,
        /// Density.
        #[serde(default = "default_alpha")]
        alpha: Ratio,
        /// How far links reach.
        #[serde(default = "default_beta")]
        beta: Ratio,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// Each node at one of some others, drawn at random for each.
    Attach {
        /// The nodes.
        nodes: Names,
        /// What they hang on: other nodes.
        to: Names,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// A k-ary fat-tree of switches under which the hosts hang in their order.
    FatTree {
        /// The hosts, at most ports^3 / 4.
        hosts: Names,
        /// Ports of each switch, even.
        #[schemars(range(min = 2))]
        ports: u32,
        /// The class of the switches, of the tier `network`; as many as are needed.
        switches: String,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// Leaf switches with hosts below them in their order, each leaf linked to each spine switch.
    LeafSpine {
        /// The hosts, at most as many as leaves times hosts a leaf.
        hosts: Names,
        /// Leaf switches.
        #[schemars(range(min = 1))]
        leaves: u32,
        /// Spine switches.
        #[schemars(range(min = 1))]
        spines: u32,
        /// Hosts under each leaf.
        #[schemars(range(min = 1))]
        hosts_per_leaf: u32,
        /// The class of the switches, of the tier `network`; as many as are needed, spines first.
        switches: String,
        /// The links.
        #[serde(default)]
        link: LinkQualities,
    },
    /// The nodes and links of a GraphML file (Internet Topology Zoo).
    Graphml {
        /// The file, relative to the scenario.
        file: String,
        /// The class that the file's nodes become; its count and places are the file's.
        nodes: String,
        /// Length of the fibre over the distance of its ends.
        #[serde(default = "default_route_factor")]
        #[schemars(range(min = 1.0))]
        route_factor: f64,
        /// What the file does not give of its links.
        #[serde(default)]
        link: LinkQualities,
    },
}

fn default_alpha() -> Ratio {
    Ratio::from_fraction(0.4)
}

fn default_beta() -> Ratio {
    Ratio::from_fraction(0.15)
}

fn default_route_factor() -> f64 {
    1.5
}

/// The network: links one by one, links by rule, and what holds for all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSpec {
    /// How links serve their transfers if they do not say.
    pub model: LinkModelSpec,
    /// Links by rule; one `hierarchical` rule if there are neither rules nor links, and none by the rule `none`.
    pub topology: Vec<TopologySpec>,
    /// Links one by one.
    pub links: Vec<LinkSpecification>,
    /// Networks that lead from devices to nodes directly, beside their access points.
    pub direct: Vec<DirectNetworkSpec>,
}
