//! What services need, in the infrastructure's terms, and whether a node could ever offer it.

use super::WorkloadSite;
use super::assets::offered;
use crate::infra::applications::ReplicaNeeds;
use crate::infra::assets::{Algebra, AssetId, AssetSpec, Catalogue, Label, Offered};
use crate::infra::{NodeClass, NodeId};
use crate::scenario::format::{RequirementsSpec, ServiceSpec};
use crate::scenario::{DataSize, Site};

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

/// What the nodes of a class offer of an asset that is no label, as long as nothing changes it.
fn offer(class: &NodeClass, asset: AssetId) -> Option<f64> {
    match asset {
        AssetId::CORES => Some(f64::from(class.cores)),
        AssetId::MEMORY_BYTES => Some(class.resources.memory_bytes),
        AssetId::STORAGE_BYTES => Some(class.resources.storage_bytes),
        AssetId::ACCELERATORS => {
            let counted: f64 = class.resources.accelerators.iter().map(|own| f64::from(own.count)).sum();
            Some(counted + class.accelerators.iter().map(|own| f64::from(own.count)).sum::<f64>())
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

/// So much of an asset, and the asset, as users write them.
fn amount(asset: AssetId, amount: f64, spec: &AssetSpec) -> (String, &str) {
    match asset {
        AssetId::MEMORY_BYTES => (DataSize::from_bytes(amount).to_string(), "memory"),
        AssetId::STORAGE_BYTES => (DataSize::from_bytes(amount).to_string(), "storage"),
        AssetId::CORES | AssetId::ACCELERATORS | AssetId::AVAILABILITY => {
            (amount.to_string(), spec.name.as_ref())
        }
        _ => (format!("{amount} {}", spec.unit), spec.name.as_ref()),
    }
}

/// Reports requirements of a service that no node could ever meet. Where offers change as time goes on, that may be
/// otherwise at times, and is only noted.
pub(super) fn check_needs(
    service: &ServiceSpec,
    nodes: &[NodeId],
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> bool {
    let built = here.infrastructure;
    let is_candidate = |class: &&NodeClass| class.cores > 0 && class.count > 0;
    let mut classes: Vec<&NodeClass> = if nodes.is_empty() {
        built.classes().iter().filter(is_candidate).collect()
    } else {
        nodes.iter().filter_map(|&node| built.class_of(node)).filter(is_candidate).collect()
    };
    classes.dedup_by(|a, b| std::ptr::eq(*a, *b));
    if classes.is_empty() {
        site.error_with_help(
            format!("no node could ever take the service {:?}: none has cores", service.name),
            "add nodes with cores, or name others in `nodes`",
        );
        return false;
    }
    let catalogue = built.assets();
    let needs = replica_needs(&service.requires, catalogue);
    let mut missing = Vec::new();
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
        let (needed, name) = amount(asset, needed, spec);
        let best = best.map_or("nothing".to_string(), |best| amount(asset, best, spec).0);
        missing.push(format!(
            "the service {:?} needs {least} {needed} of {name}, but the {best_is} that a node offers is {best}",
            service.name
        ));
    }
    for (asset, labels) in &needs.labels {
        let Some(spec) = catalogue.get(*asset).filter(|spec| spec.checked) else { continue };
        if !classes.iter().any(|class| has_labels(class, *asset, labels)) {
            let wanted: Vec<String> = labels.iter().map(|label| label.to_string()).collect();
            missing.push(format!(
                "the service {:?} needs the {} {}, which no node has",
                service.name,
                spec.name,
                wanted.join(", ")
            ));
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
        missing.push(format!("no node has all at once that the service {:?} needs", service.name));
    }
    let good = missing.is_empty() || here.changes;
    for message in missing {
        if here.changes {
            site.note(format!("{message} as long as nothing changes it"));
        } else {
            let help = "lower what it requires, or add nodes that offer it";
            site.error_with_help(message, help);
        }
    }
    good
}
