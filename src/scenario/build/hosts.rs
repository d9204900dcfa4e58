//! Hosts of virtual machines: from the format to the infrastructure.

use super::{NodeDirectory, WorkloadSite};
use crate::engine::SimDuration;
use crate::infra::{HostSpec, NodeId, Sharing, SleepSpec};
use crate::scenario::Site;
use crate::scenario::format::{
    HostSharingSpec, HostsEntry, HostsSpec, Names, NodeClassSpec, Scenario, VmTypeSpec,
};
use std::collections::BTreeSet;

/// Whether a node of this class could take a virtual machine of this type at all as this host.
fn could_take(class: &NodeClassSpec, host: &HostSpec, spec: &VmTypeSpec) -> bool {
    let fits = |has: Option<f64>, needs: f64| has.is_none_or(|has| needs <= has);
    let is_fast = |core: f64| spec.mips_per_vcpu.as_mips() <= core * (1.0 + 1e-12);
    let cores = class.cores.unwrap_or(0);
    let is_allowed = |core: f64| match host.sharing {
        Sharing::SpaceShared => true,
        Sharing::TimeShared { oversubscription } => {
            let size_mips = f64::from(spec.vcpus) * spec.mips_per_vcpu.as_mips();
            size_mips <= f64::from(cores) * core * oversubscription * (1.0 + 1e-12)
        }
    };
    cores >= spec.vcpus
        && class
            .mips_per_core
            .map(|core| core.as_mips())
            .is_none_or(|core| is_fast(core) && is_allowed(core))
        && fits(class.memory.map(|memory| memory.as_bytes()), spec.memory.as_bytes())
        && fits(class.storage.map(|storage| storage.as_bytes()), spec.storage.as_bytes())
        && spec.accelerators.iter().all(|(kind, count)| class.accelerators.counted(kind) >= *count)
}

/// Whether any host could take a virtual machine of this type at all.
pub(super) fn fits_somewhere(
    spec: &VmTypeSpec,
    hosts: &[(NodeId, HostSpec)],
    here: &WorkloadSite<'_>,
) -> bool {
    let takes = |(node, host): &(NodeId, HostSpec)| {
        class_of(here, *node).is_some_and(|class| could_take(class, host, spec))
    };
    hosts.iter().any(takes)
}

/// The class of a node.
fn class_of<'a>(here: &WorkloadSite<'a>, node: NodeId) -> Option<&'a NodeClassSpec> {
    let classes = here.directory.classes.iter().zip(here.nodes);
    classes
        .into_iter()
        .find(|((_, entry), _)| (entry.first..entry.first + entry.count).contains(&node.0))
        .map(|(_, class)| class)
}

/// The nodes that workloads name as hosts of virtual machines.
pub(super) fn named_hosts(scenario: &Scenario, directory: &NodeDirectory) -> BTreeSet<NodeId> {
    let entries = scenario.workloads.iter().filter_map(|kind| kind.0.get("hosts")?.as_array());
    let names = entries.flatten().filter_map(|entry| {
        let names = entry.get("nodes").or_else(|| entry.get("class")).unwrap_or(entry);
        serde_json::from_value::<Names>(names.clone()).ok()
    });
    names.flat_map(|names| directory.found(&names)).collect()
}

/// Nodes with what they are as hosts.
type Hosts = Vec<(NodeId, HostSpec)>;

/// The hosts, and the names of their sites by number.
pub(super) fn hosts(
    entries: &[HostsEntry],
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> Option<(Hosts, Vec<String>)> {
    let (mut found, mut sites) = (Vec::new(), Vec::new());
    let (mut seen, mut good) = (BTreeSet::new(), true);
    for (index, entry) in entries.iter().enumerate() {
        let mut own = site.index(index);
        let plain;
        let spec = match entry {
            HostsEntry::Hosts(spec) => {
                own = own.key("nodes");
                spec
            }
            HostsEntry::Name(name) => {
                plain = HostsSpec {
                    nodes: Names::One(name.clone()),
                    site: None,
                    sharing: HostSharingSpec::TimeShared { oversubscription: None },
                    sleep: crate::scenario::format::SleepSpecification::default(),
                };
                &plain
            }
        };
        let Some(nodes) = here.directory.nodes(&spec.nodes, &own) else {
            good = false;
            continue;
        };
        let name = spec.site.clone().or_else(|| spec.nodes.iter().next().cloned()).unwrap_or_default();
        let number = sites.iter().position(|known| *known == name).unwrap_or_else(|| {
            sites.push(name);
            sites.len() - 1
        });
        let host = HostSpec {
            sharing: match spec.sharing {
                HostSharingSpec::SpaceShared => Sharing::SpaceShared,
                HostSharingSpec::TimeShared { oversubscription } => {
                    Sharing::TimeShared { oversubscription: oversubscription.unwrap_or(f64::INFINITY) }
                }
            },
            sleep: SleepSpec {
                fall_asleep: SimDuration::from_secs(spec.sleep.fall_asleep.as_secs()),
                fall_asleep_w: spec.sleep.fall_asleep_power.map(|power| power.as_watts()),
                wake: SimDuration::from_secs(spec.sleep.wake.as_secs()),
                wake_w: spec.sleep.wake_power.map(|power| power.as_watts()),
            },
            site: number as u16,
        };
        for node in nodes {
            let name = here.directory.name(node);
            if class_of(here, node).is_none_or(|class| class.cores.unwrap_or(0) == 0) {
                own.error(format!("{name:?} has no cores to share among virtual machines"));
                good = false;
                break;
            }
            if here.directory.is_wireless(node) {
                own.error_with_help(
                    format!("{name:?} is wireless, but hosts of virtual machines are wired"),
                    "name nodes of the tier \"cloud\", \"fog\" or \"edge\"",
                );
                good = false;
                break;
            }
            if !seen.insert(node) {
                own.error(format!("{name:?} is named as a host twice"));
                good = false;
                break;
            }
            found.push((node, host));
        }
    }
    good.then_some((found, sites))
}
