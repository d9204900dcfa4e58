//! What a node has for tasks.

use crate::infra::{Infrastructure, NodeClass, NodeId};

/// The cores and bytes of memory that one task can have on a node at most.
pub(crate) fn largest_on(infrastructure: &Infrastructure, node: NodeId) -> (u32, f64) {
    if !infrastructure.takes_tasks(node) {
        return (0, 0.0);
    }
    largest(infrastructure.class_of(node))
}

/// The cores and bytes of memory that one task can have on a node of a class at most.
pub(crate) fn largest(class: &NodeClass) -> (u32, f64) {
    match &class.instances {
        Some(instances) => (instances.cores.ceil() as u32, instances.resources.memory_bytes),
        None => (class.cores, class.resources.memory_bytes),
    }
}

/// The cores that a node offers to tasks now, all of them together.
pub(crate) fn offered(infrastructure: &Infrastructure, node: NodeId) -> u32 {
    let cores = |processor| infrastructure.compute().cores(processor).ceil() as u32;
    infrastructure.node(node).processors().map(cores).sum()
}
