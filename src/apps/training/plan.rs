//! What a workload of training jobs is made from.

use super::cluster::{ClusterShape, Fabric, Optics};
use super::iteration::IterationProfile;
use super::job::TrainingJob;
use crate::infra::FaultTimes;
use crate::infra::NodeId;
use crate::infra::optical::{
    Clos, FabricParts, FabricPower, OpticalError, OpticalLayer, OpticalLayerSpec, PortMode, SwitchTiming,
};

/// The servers of a cluster, and what they hang on.
#[derive(Clone, Debug)]
pub struct ClusterPlan {
    /// Leaves, servers and GPUs.
    pub shape: ClusterShape,
    /// The node of each server, those of a leaf together.
    pub servers: Vec<NodeId>,
    /// The node of each leaf, with which its servers fail; none of them, or all.
    pub leaves: Vec<NodeId>,
    /// Bytes a second of a NIC, of which each GPU has one, of an uplink and of a circuit, in each direction.
    pub nic_bytes_per_s: f64,
}

/// Circuit switches in place of spines.
#[derive(Clone, Debug)]
pub struct OpticalPlan {
    /// Uplinks, ports, and what jobs take.
    pub optics: Optics,
    /// Ports of a switch.
    pub switch_ports: u32,
    /// How long new circuits carry nothing.
    pub timing: SwitchTiming,
    /// The node of each switch; none of them, or all.
    pub switches: Vec<NodeId>,
    /// When ports fail, each by itself.
    pub port_faults: Option<FaultTimes>,
    /// Whether jobs get what they lack when others end.
    pub upgrades: bool,
    /// Circuits that are moved at most after a job has ended, so that free ports come together.
    pub defragments: usize,
}

impl OpticalPlan {
    /// Leaves, uplinks and ports.
    ///
    /// # Errors
    /// If a switch has fewer ports than there are leaves, or a number is out of range.
    pub fn layer(&self, leaves: u32) -> Result<OpticalLayer, OpticalError> {
        OpticalLayer::new(leaves, self.optics.uplinks, self.switch_ports)
    }

    /// What the infrastructure makes switches of.
    ///
    /// # Errors
    /// As [`layer`](Self::layer).
    pub fn spec(&self, leaves: u32) -> Result<OpticalLayerSpec, OpticalError> {
        Ok(OpticalLayerSpec {
            layer: self.layer(leaves)?,
            ports: self.optics.ports,
            timing: self.timing,
            nodes: self.switches.clone(),
            port_faults: self.port_faults.clone(),
        })
    }
}

/// What connects the leaves of a cluster.
#[derive(Clone, Debug)]
pub enum FabricPlan {
    /// Spines that never block.
    Ideal,
    /// Packet switches over which flows are spread by hashing.
    Hashed(Clos),
    /// Circuit switches.
    Optical(Box<OpticalPlan>),
}

impl FabricPlan {
    /// What it is to the cluster: whether there are circuits to be had.
    #[must_use]
    pub fn kind(&self) -> Fabric {
        match self {
            FabricPlan::Ideal | FabricPlan::Hashed(_) => Fabric::NonBlocking,
            FabricPlan::Optical(own) => Fabric::Optical(own.optics),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            FabricPlan::Ideal => "ideal",
            FabricPlan::Hashed(_) => "ecmp",
            FabricPlan::Optical(_) => "optical",
        }
    }

    /// The name of what its ports are; `None` without circuit switches.
    #[must_use]
    pub fn ports(&self) -> Option<PortMode> {
        match self {
            FabricPlan::Optical(own) => Some(own.optics.ports),
            _ => None,
        }
    }

    /// Its parts for a cluster of this shape. Of the ideal one those of a leaf-spine network without oversubscription.
    #[must_use]
    pub fn parts(&self, shape: ClusterShape) -> FabricParts {
        match self {
            FabricPlan::Ideal => electrical(shape),
            FabricPlan::Hashed(clos) => FabricParts {
                leaves: u64::from(clos.leaves()),
                spines: clos.switches_above(),
                circuit_switches: 0,
                transceivers: 2 * clos.links_per_level() * clos.levels() as u64,
            },
            FabricPlan::Optical(own) => FabricParts {
                leaves: u64::from(shape.leaves),
                spines: 0,
                circuit_switches: u64::from(own.optics.uplinks),
                transceivers: u64::from(shape.leaves) * u64::from(own.optics.uplinks),
            },
        }
    }
}

/// A leaf-spine network with an uplink for each GPU, whose spines have a port for each leaf.
pub(super) fn electrical(shape: ClusterShape) -> FabricParts {
    FabricParts {
        leaves: u64::from(shape.leaves),
        spines: u64::from(shape.gpus_per_leaf()),
        circuit_switches: 0,
        transceivers: 2 * shape.gpus(),
    }
}

/// A job that will be submitted.
#[derive(Clone, Debug)]
pub struct JobPlan {
    /// The job; its number is its place in the list.
    pub job: TrainingJob,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What its iterations compute and send, as a place among the models; only the part that is communication is known if it
    /// is left out.
    pub model: Option<u32>,
}

/// What is lost when a job stops before its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckpointPlan {
    /// Seconds of a run between checkpoints; when something fails, what was done since the last one is lost.
    pub interval_s: f64,
    /// Seconds for which a job that starts again computes nothing.
    pub restart_s: f64,
}

/// Everything about a workload of training jobs.
#[derive(Clone, Debug)]
pub struct TrainingPlan {
    /// The cluster.
    pub cluster: ClusterPlan,
    /// Its fabric.
    pub fabric: FabricPlan,
    /// The jobs, in the order in which they are submitted.
    pub jobs: Vec<JobPlan>,
    /// Models by name.
    pub models: Vec<(String, IterationProfile)>,
    /// What is lost.
    pub checkpoint: CheckpointPlan,
    /// What the parts of fabrics draw.
    pub power: FabricPower,
    /// How many waiting jobs the table of windows shows; 0 for none.
    pub window: u32,
}
