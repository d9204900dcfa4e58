//! What nodes offer, and what is left of it.

use super::{Algebra, AssetId, Catalogue, Label, Offered};
use crate::infra::ids::NodeId;
use crate::infra::infrastructure::Infrastructure;

/// What nodes offer of assets, what is used of it, and what is left.
#[derive(Clone, Copy, Debug)]
pub struct AssetView<'a> {
    infrastructure: &'a Infrastructure,
}

impl<'a> AssetView<'a> {
    /// All assets.
    #[must_use]
    pub fn catalogue(&self) -> &'a Catalogue {
        &self.infrastructure.assets.catalogue
    }

    /// What a node offered at the start.
    #[must_use]
    pub fn base(&self, node: NodeId, asset: AssetId) -> f64 {
        self.infrastructure.base_offer(node, asset)
    }

    /// What a node offers now, used or not; 0 of labels, and of a concave asset that its class does not offer infinitely
    /// much, which meets no need.
    #[must_use]
    pub fn offer(&self, node: NodeId, asset: AssetId) -> f64 {
        self.infrastructure.offer(node, asset)
    }

    /// What is used of an additive asset: booked by applications, reserved by instances and virtual machines, and held
    /// by jobs. Nothing of others.
    #[must_use]
    pub fn used(&self, node: NodeId, asset: AssetId) -> f64 {
        let own = self.infrastructure;
        if !own.is_consumed(asset) {
            return 0.0;
        }
        own.applications.booked(node, asset) + own.held_by_others(node, asset)
    }

    /// What is left of an additive asset, less than nothing if the offer has fallen below what is used; the whole
    /// offer of others.
    #[must_use]
    pub fn residual(&self, node: NodeId, asset: AssetId) -> f64 {
        self.offer(node, asset) - self.used(node, asset)
    }

    /// The labels of a node.
    #[must_use]
    pub fn labels(&self, node: NodeId, asset: AssetId) -> &'a [Label] {
        self.infrastructure.labels(node, asset)
    }
}

impl Infrastructure {
    /// What nodes offer of assets, and what is left of it.
    #[must_use]
    pub fn assets(&self) -> AssetView<'_> {
        AssetView { infrastructure: self }
    }

    /// Lets a node offer so much of an asset from now on; what is booked stays booked. Nothing happens for cores, memory
    /// and storage, which have methods of their own, and for labels.
    pub fn set_offer(&mut self, node: NodeId, asset: AssetId, value: f64) {
        let stride = self.assets.catalogue.len();
        if !(AssetId::ACCELERATORS.index()..stride).contains(&asset.index())
            || self.assets.catalogue.get(asset).is_none_or(|spec| spec.algebra == Algebra::Symbolic)
            || node.index() >= self.nodes.len()
        {
            return;
        }
        if self.assets.by_node.is_empty() {
            let mut by_node = Vec::with_capacity(stride * self.nodes.len());
            for node in &self.nodes {
                let first = node.class.index() * stride;
                by_node.extend_from_slice(&self.assets.by_class[first..first + stride]);
            }
            self.assets.by_node = by_node;
        }
        let own = &mut self.assets.by_node[node.index() * stride + asset.index()];
        if *own != value {
            *own = value;
            self.offers.changes += 1;
        }
    }

    /// Whether needs of an asset sum up.
    pub(in crate::infra) fn is_consumed(&self, asset: AssetId) -> bool {
        self.assets.catalogue.get(asset).is_some_and(|spec| spec.algebra == Algebra::Additive)
    }

    fn base_offer(&self, node: NodeId, asset: AssetId) -> f64 {
        let class = self.class_of(node);
        match asset {
            AssetId::CORES => f64::from(class.cores),
            AssetId::MEMORY_BYTES => class.resources.memory_bytes,
            AssetId::STORAGE_BYTES => class.resources.storage_bytes,
            _ => {
                let stride = self.assets.catalogue.len();
                let first = self.nodes[node.index()].class.index() * stride;
                let row = self.assets.by_class.get(first..first + stride).unwrap_or_default();
                row.get(asset.index()).copied().unwrap_or(0.0)
            }
        }
    }

    pub(in crate::infra) fn offer(&self, node: NodeId, asset: AssetId) -> f64 {
        match asset {
            AssetId::CORES => self.offered_cores(node),
            AssetId::MEMORY_BYTES => self.offered_memory_bytes(node),
            AssetId::STORAGE_BYTES => self.offered_storage_bytes(node),
            _ if self.assets.by_node.is_empty() => self.base_offer(node, asset),
            _ => {
                let stride = self.assets.catalogue.len();
                if asset.index() >= stride {
                    return 0.0;
                }
                self.assets.by_node[node.index() * stride + asset.index()]
            }
        }
    }

    pub(in crate::infra) fn labels(&self, node: NodeId, asset: AssetId) -> &[Label] {
        let class = self.class_of(node);
        if asset == AssetId::ARCHITECTURE {
            return std::slice::from_ref(&class.architecture);
        }
        let own = class.assets.iter().find(|(own, _)| *own == asset);
        match own {
            Some((_, Offered::Labels(labels))) => labels,
            _ => &[],
        }
    }

    /// What others than applications hold of an additive asset of a node.
    pub(in crate::infra) fn held_by_others(&self, node: NodeId, asset: AssetId) -> f64 {
        let busy = match asset {
            AssetId::CORES => self.compute.busy_cores(self.nodes[node.index()].processor),
            _ => 0.0,
        };
        self.reserved_by_others(node, asset) + busy
    }

    /// The same without the cores of jobs, which share what is left of them.
    pub(in crate::infra) fn reserved_by_others(&self, node: NodeId, asset: AssetId) -> f64 {
        if asset > AssetId::ACCELERATORS {
            return 0.0;
        }
        // A host keeps what it has for its virtual machines.
        if self.virtual_machines.host_of_node(node).is_some() {
            return self.offer(node, asset);
        }
        let class = self.class_of(node);
        let processor = self.nodes[node.index()].processor;
        let deployed = self.deployed(node);
        let (capacity, free, deployed) = match asset {
            AssetId::CORES => {
                (f64::from(class.cores), self.compute.unreserved_cores(processor), deployed[0])
            }
            AssetId::MEMORY_BYTES => {
                (self.offered_memory_bytes(node), self.compute.free(processor).memory_bytes, deployed[1])
            }
            AssetId::STORAGE_BYTES => (
                self.offered_storage_bytes(node),
                self.compute.free(processor).storage_bytes,
                deployed[2],
            ),
            _ => {
                let count = |held: &[crate::infra::compute::Accelerator]| -> f64 {
                    held.iter().map(|own| f64::from(own.count)).sum()
                };
                let held = count(&class.resources.accelerators)
                    - count(&self.compute.free(processor).accelerators);
                return held + self.accelerators.devices(node).1;
            }
        };
        if capacity.is_infinite() {
            return 0.0;
        }
        let held = capacity - free - deployed;
        // What rounding leaves is nothing.
        if held.abs() <= capacity * super::HAIR { 0.0 } else { held }
    }
}
