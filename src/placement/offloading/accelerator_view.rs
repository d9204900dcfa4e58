//! What an offloading policy can see of accelerators.

use super::view::OffloadingView;
use crate::infra::compute::JobRequest;
use crate::infra::{NodeId, Tier};
use crate::records::ColumnSpec;

impl OffloadingView<'_> {
    /// Whether a node has the accelerator that the task cannot do without, be it free or not; always if there is
    /// none.
    #[must_use]
    pub fn can_serve(&self, node: NodeId) -> bool {
        self.request.accelerated.is_none_or(|part| {
            !part.is_required || self.infrastructure.accelerators().can_serve(node, &part)
        })
    }

    /// Devices for the task that others hold or wait for on a node, over those there are; `None` if it has no part on
    /// an accelerator, or there are no devices of its type or class.
    #[must_use]
    pub fn accelerator_load(&self, node: NodeId) -> Option<f64> {
        self.infrastructure.accelerators().load(node, self.request.accelerated?.kind)
    }

    /// Bytes of the memory of these devices that are neither held nor waited for, and all bytes.
    #[must_use]
    pub fn accelerator_memory(&self, node: NodeId) -> Option<(f64, f64)> {
        self.infrastructure.accelerators().memory_bytes(node, self.request.accelerated?.kind)
    }

    /// Seconds that the task would wait and run on an accelerator of a node if it came there now: zero if it has no
    /// part for one or does without there, `None` if it would not be admitted.
    #[must_use]
    pub fn accelerator_s(&self, node: NodeId) -> Option<f64> {
        let Some(part) = self.request.accelerated else { return Some(0.0) };
        let accelerators = self.infrastructure.accelerators();
        if !part.is_required && !accelerators.can_serve(node, &part) {
            return Some(0.0);
        }
        accelerators.estimated_s(self.now, node, &part)
    }

    /// What the task asks of the cores of a node: more where it does without an accelerator.
    #[must_use]
    pub fn job_on(&self, node: NodeId) -> JobRequest {
        let mut job = self.request.job;
        if let Some(part) = self.request.accelerated
            && !self.infrastructure.accelerators().can_serve(node, &part)
        {
            job.length_mi += part.fallback_mi;
        }
        job
    }

    /// Joules that cores and accelerators of a node use for the task beyond what they use when idle.
    #[must_use]
    pub fn computing_energy_j(&self, node: NodeId) -> f64 {
        let class = self.infrastructure.class_of(node);
        let core_s = self.job_on(node).length_mi / class.mips_per_core;
        let cores_j = class.power.model.dynamic_energy_j(core_s, f64::from(class.cores));
        let accelerators = self.infrastructure.accelerators();
        let part = self.request.accelerated.as_ref();
        let device_j = part.and_then(|part| accelerators.energy_of_j(self.now, node, part));
        cores_j + device_j.unwrap_or(0.0)
    }

    /// What is recorded besides if nodes have accelerators, in the order of [`accelerator_feature_columns`].
    pub fn accelerator_features(&mut self) -> AcceleratorFeatures {
        let edge = self.nearest(Tier::Edge);
        let cloud = self.nearest(Tier::Cloud);
        [
            self.request.accelerated.and_then(|part| part.work_gflop),
            edge.and_then(|node| self.accelerator_load(node)),
            edge.and_then(|node| self.accelerator_memory(node)).map(|(free, _)| free),
            cloud.and_then(|node| self.accelerator_load(node)),
        ]
    }
}

/// The numbers that describe the accelerators at a decision.
pub type AcceleratorFeatures = [Option<f64>; 4];

/// What is recorded of each offloading decision if nodes have accelerators.
#[must_use]
pub fn accelerator_feature_columns() -> [ColumnSpec; 4] {
    [
        ColumnSpec::float(
            "accelerator_gflop",
            "GFLOP",
            "work of the task on an accelerator; null if it has none",
        ),
        ColumnSpec::float(
            "nearest_edge_accelerator_load",
            "",
            "devices for it that tasks hold or wait for on the nearest edge node, over those there are; null if none",
        ),
        ColumnSpec::float(
            "nearest_edge_accelerator_free_bytes",
            "B",
            "free memory of these devices; null if there are none",
        ),
        ColumnSpec::float(
            "cloud_accelerator_load",
            "",
            "load of such devices on the nearest cloud node; null if there are none",
        ),
    ]
}
