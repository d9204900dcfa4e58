//! What services need, in the infrastructure's terms, and whether a node could ever offer it.

use super::WorkloadSite;
use super::assets::offered;
use crate::infra::applications::ReplicaNeeds;
use crate::infra::assets::{Algebra, AssetId, AssetSpec, Catalogue, Label, Offered};
use crate::infra::compute::Accelerator;
use crate::infra::{ClassId, InfraBuilder, InstanceSpec, NodeClass, NodeId};
use crate::scenario::format::{
    AttributeName, AttributeSpec, DynamicsSpec, RequirementsSpec, Scenario, ServiceSpec,
};
use crate::scenario::{DataSize, Site};
use std::collections::BTreeSet;

/// What a replica needs of its node.
pub(super) fn replica_needs(requires: &RequirementsSpec, catalogue: &Catalogue) -> ReplicaNeeds {
    let mut needs = ReplicaNeeds::default();
    let amounts = [
        (AssetId::CORES, requires.cores),
        (AssetId::MEMORY_BYTES, requires.memory.as_bytes()),
        (AssetId::STORAGE_BYTES, requires.storage.as_bytes()),
        (AssetId::ACCELERATORS, requires.accelerators),
        (AssetId::AVAILABILITY, requires.availability.as_fraction()),
    ];
    needs.amounts.extend(amounts.into_iter().filter(|(_, amount)| *amount > 0.0));
    if let Some(architectures) = &requires.architecture {
        let labels = architectures.iter().map(|name| Label::from(name.as_str())).collect();
        needs.labels.push((AssetId::ARCHITECTURE, labels));
    }
    for (name, amount) in &requires.assets {
        // Names were found good before.
        let Some(asset) = catalogue.id(name) else { continue };
        match offered(amount) {
            Offered::Amount(amount) => needs.amounts.push((asset, amount)),
            Offered::Labels(labels) => needs.labels.push((asset, labels)),
        }
    }
    needs
}

/// The assets whose offers something changes as time goes on. Labels do not change.
pub(super) fn changing(scenario: &Scenario, infrastructure: &InfraBuilder) -> BTreeSet<AssetId> {
    let asset = |spec: &DynamicsSpec| match &spec.attribute {
        AttributeSpec::Named(AttributeName::Cores) => Some(AssetId::CORES),
        AttributeSpec::Named(AttributeName::Memory) => Some(AssetId::MEMORY_BYTES),
        AttributeSpec::Named(AttributeName::Storage) => Some(AssetId::STORAGE_BYTES),
        AttributeSpec::Named(_) => None,
        AttributeSpec::Asset(own) => infrastructure.assets().id(&own.asset),
    };
    scenario.dynamics.iter().filter_map(asset).collect()
}

/// What the nodes of a class offer to services of an asset that is no label, as long as nothing changes it: all that
/// their instances leave.
fn offer(class: &NodeClass, asset: AssetId) -> Option<f64> {
    let count = |held: &[Accelerator]| -> f64 { held.iter().map(|own| f64::from(own.count)).sum() };
    let (own, of_instance) = (&class.resources, class.instances.as_ref());
    let left = |all: f64, each: fn(&InstanceSpec) -> f64| match of_instance {
        Some(spec) if all.is_finite() => all - f64::from(spec.count) * each(spec),
        _ => all,
    };
    match asset {
        AssetId::CORES => Some(left(f64::from(class.cores), |spec| spec.cores)),
        AssetId::MEMORY_BYTES => Some(left(own.memory_bytes, |spec| spec.resources.memory_bytes)),
        AssetId::STORAGE_BYTES => Some(left(own.storage_bytes, |spec| spec.resources.storage_bytes)),
        AssetId::ACCELERATORS => {
            let reserved = of_instance
                .map_or(0.0, |spec| f64::from(spec.count) * count(&spec.resources.accelerators));
            let timed: u32 = class.accelerators.iter().map(|own| own.count).sum();
            Some(count(&own.accelerators) - reserved + f64::from(timed))
        }
        AssetId::AVAILABILITY => Some(class.availability),
        AssetId::PROCESSING_TIME_S => Some(class.processing_time_s),
        _ => class.assets.iter().find(|own| own.0 == asset).and_then(|own| match own.1 {
            Offered::Amount(amount) => Some(amount),
            Offered::Labels(_) => None,
        }),
    }
}

fn has_labels(class: &NodeClass, asset: AssetId, labels: &[Label]) -> bool {
    if asset == AssetId::ARCHITECTURE {
        return labels.contains(&class.architecture);
    }
    class.assets.iter().any(|own| {
        own.0 == asset
            && matches!(&own.1, Offered::Labels(have) if labels.iter().all(|label| have.contains(label)))
    })
}

/// A number for people.
fn number(value: f64) -> String {
    // No digits that nobody counts, and nothing is not less than nothing.
    if value.abs() >= 1e15 { format!("{value:e}") } else { (value + 0.0).to_string() }
}

/// So much of an asset, and the same with the asset's name, as users write them.
fn amount(asset: AssetId, amount: f64, spec: &AssetSpec) -> [String; 2] {
    let own = match asset {
        AssetId::MEMORY_BYTES | AssetId::STORAGE_BYTES => DataSize::from_bytes(amount).to_string(),
        _ if spec.name == spec.unit || spec.unit == "1" => number(amount),
        _ => format!("{} {}", number(amount), spec.unit),
    };
    let named = match asset {
        AssetId::MEMORY_BYTES => format!("{own} of memory"),
        AssetId::STORAGE_BYTES => format!("{own} of storage"),
        _ if spec.name == spec.unit => format!("{own} {}", spec.name),
        _ => format!("{own} of {}", spec.name),
    };
    [own, named]
}

/// Reports requirements of a service that no node could ever meet. Where offers change as time goes on, that may be
/// otherwise at times, and is only noted.
pub(super) fn check_needs(
    service: &ServiceSpec,
    nodes: Option<&[NodeId]>,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> bool {
    let built = here.infrastructure;
    let is_candidate = |node: &NodeId| !here.vm_hosts.contains(node);
    let mut classes: Vec<&NodeClass> = match nodes {
        None => {
            let classes = (0..).map(ClassId).zip(built.classes());
            let has_nodes = |id| built.nodes_of(id).any(|node| is_candidate(&node));
            classes.filter(|&(id, _)| has_nodes(id)).map(|(_, class)| class).collect()
        }
        Some(nodes) => nodes
            .iter()
            .filter(|node| is_candidate(node))
            .filter_map(|&node| built.class_of(node))
            .collect(),
    };
    classes.retain(|class| class.cores > 0);
    classes.dedup_by(|a, b| std::ptr::eq(*a, *b));
    if classes.is_empty() {
        let hosts = if here.vm_hosts.is_empty() { "" } else { " that virtual machines do not keep" };
        site.error_with_help(
            format!("no node could ever take the service {:?}: none has cores{hosts}", service.name),
            "add nodes with cores, or name others in `nodes`",
        );
        return false;
    }
    let catalogue = built.assets();
    let needs = replica_needs(&service.requires, catalogue);
    // What is missing, and whether a change could bring it.
    let mut missing: Vec<(String, bool)> = Vec::new();
    for &(asset, needed) in &needs.amounts {
        let Some(spec) = catalogue.get(asset).filter(|spec| spec.checked) else { continue };
        let offers = classes.iter().filter_map(|class| offer(class, asset));
        let best = match spec.algebra {
            Algebra::Concave => offers.reduce(f64::min),
            _ => offers.reduce(f64::max),
        };
        if best.is_some_and(|best| spec.algebra.meets(best, needed)) {
            continue;
        }
        let (least, best_is) = match spec.algebra {
            Algebra::Concave => ("at most", "least"),
            _ => ("at least", "most"),
        };
        let [_, needed] = amount(asset, needed, spec);
        let but = match best {
            None => "no node offers any".to_string(),
            Some(best) => {
                let [best, _] = amount(asset, best, spec);
                format!("the {best_is} that a node offers is {best}")
            }
        };
        let message = format!("the service {:?} needs {least} {needed}, but {but}", service.name);
        missing.push((message, here.changing.contains(&asset)));
    }
    for (asset, labels) in &needs.labels {
        let Some(spec) = catalogue.get(*asset).filter(|spec| spec.checked) else { continue };
        if !classes.iter().any(|class| has_labels(class, *asset, labels)) {
            let wanted: Vec<String> = labels.iter().map(|label| label.to_string()).collect();
            let message = format!(
                "the service {:?} needs the {} {}, which no node has",
                service.name,
                spec.name,
                wanted.join(", ")
            );
            missing.push((message, false));
        }
    }
    let meets_all = |class: &&NodeClass| {
        let amounts = needs.amounts.iter().all(|&(asset, needed)| {
            let Some(spec) = catalogue.get(asset).filter(|spec| spec.checked) else { return true };
            offer(class, asset).is_some_and(|offered| spec.algebra.meets(offered, needed))
        });
        amounts && needs.labels.iter().all(|(asset, labels)| has_labels(class, *asset, labels))
    };
    if missing.is_empty() && !classes.iter().any(meets_all) {
        let message = format!("no node has all at once that the service {:?} needs", service.name);
        let may_change = needs.amounts.iter().any(|(asset, _)| here.changing.contains(asset));
        missing.push((message, may_change));
    }
    let good = missing.iter().all(|(_, may_change)| *may_change);
    for (message, may_change) in missing {
        if may_change {
            site.note(format!("{message} as long as nothing changes it"));
        } else {
            let help = "lower what it requires, or add nodes that offer it";
            site.error_with_help(message, help);
        }
    }
    good
}
