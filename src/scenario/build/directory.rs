//! Which nodes there are, by name.

use super::maps::Maps;
use crate::infra::accelerators::AcceleratorSpec;
use crate::infra::{NodeId, Position, Tier};
use crate::scenario::Site;
use crate::scenario::format::Names;
use std::collections::BTreeMap;

/// A class as the directory knows it.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct ClassEntry {
    pub(in crate::scenario) first: u32,
    pub(in crate::scenario) count: u32,
}

/// The classes, nodes and accelerator kinds of a scenario by name, and the area they lie in.
#[derive(Clone, Debug, Default)]
pub struct NodeDirectory {
    pub(in crate::scenario) classes: Vec<(String, ClassEntry)>,
    /// The number of each class.
    class_numbers: BTreeMap<String, usize>,
    /// The numbers of the classes of each group.
    groups: BTreeMap<String, Vec<usize>>,
    nodes: BTreeMap<String, NodeId>,
    names: Vec<String>,
    tiers: Vec<Tier>,
    wireless: Vec<bool>,
    accelerators: Vec<String>,
    /// Types and classes of accelerators whose time is modelled, and which of them are types.
    timed_accelerators: Vec<(String, bool)>,
    /// The groups of devices that classes have.
    pub(in crate::scenario) devices: Vec<AcceleratorSpec>,
    work_kinds: Vec<String>,
    /// Width and height of the area in metres.
    pub area_m: (f64, f64),
    /// Positions that files give to the nodes of a class.
    pub(in crate::scenario) placed: BTreeMap<String, Vec<Position>>,
    /// The plane that degrees are projected to, and what was read to find it.
    pub(in crate::scenario) maps: Maps,
}

impl NodeDirectory {
    pub(super) fn new(width_m: f64, height_m: f64) -> Self {
        NodeDirectory { area_m: (width_m, height_m), ..NodeDirectory::default() }
    }

    pub(in crate::scenario) fn add_class(
        &mut self,
        name: &str,
        group: Option<&str>,
        tier: Tier,
        wireless: bool,
        node_names: Vec<String>,
    ) {
        let entry = ClassEntry { first: self.names.len() as u32, count: node_names.len() as u32 };
        for node_name in node_names {
            self.nodes.insert(node_name.clone(), NodeId(self.names.len() as u32));
            self.names.push(node_name);
            self.tiers.push(tier);
            self.wireless.push(wireless);
        }
        // Two classes of one name have been told before.
        self.class_numbers.entry(name.to_string()).or_insert(self.classes.len());
        if let Some(group) = group {
            self.groups.entry(group.to_string()).or_default().push(self.classes.len());
        }
        self.classes.push((name.to_string(), entry));
    }

    pub(in crate::scenario) fn add_accelerator(&mut self, kind: &str) -> u16 {
        self.accelerator(kind).unwrap_or_else(|| {
            self.accelerators.push(kind.to_string());
            (self.accelerators.len() - 1) as u16
        })
    }

    /// The number of an accelerator kind that some class has.
    #[must_use]
    pub fn accelerator(&self, kind: &str) -> Option<u16> {
        self.accelerators.iter().position(|known| known == kind).map(|index| index as u16)
    }

    /// The numbers of a type and a class of accelerators whose time is modelled, which are added if need be.
    pub(in crate::scenario) fn add_timed_accelerator(&mut self, kind: &str, class: &str) -> (u16, u16) {
        let mut add = |name: &str, is_type: bool| {
            let known = self.timed_accelerator(name).unwrap_or_else(|| {
                self.timed_accelerators.push((name.to_string(), false));
                (self.timed_accelerators.len() - 1) as u16
            });
            self.timed_accelerators[usize::from(known)].1 |= is_type;
            known
        };
        (add(kind, true), add(class, false))
    }

    /// The number of a type or class of accelerators whose time is modelled.
    #[must_use]
    pub fn timed_accelerator(&self, name: &str) -> Option<u16> {
        self.timed_accelerators.iter().position(|(known, _)| known == name).map(|index| index as u16)
    }

    /// The types and classes of accelerators whose time is modelled.
    pub fn timed_accelerators(&self) -> impl Iterator<Item = &str> + Clone {
        self.timed_accelerators.iter().map(|(name, _)| name.as_str())
    }

    /// The number of a type of accelerators whose time is modelled.
    #[must_use]
    pub fn accelerator_type(&self, name: &str) -> Option<u16> {
        self.timed_accelerator(name).filter(|&kind| self.timed_accelerators[usize::from(kind)].1)
    }

    /// These types.
    pub fn accelerator_types(&self) -> impl Iterator<Item = &str> + Clone {
        self.timed_accelerators.iter().filter(|(_, is_type)| *is_type).map(|(name, _)| name.as_str())
    }

    pub(in crate::scenario) fn add_work_kind(&mut self, name: &str) -> u16 {
        self.work_kind(name).unwrap_or_else(|| {
            self.work_kinds.push(name.to_string());
            (self.work_kinds.len() - 1) as u16
        })
    }

    /// The number of a kind of work at which accelerators have a speed of its own.
    #[must_use]
    pub fn work_kind(&self, name: &str) -> Option<u16> {
        self.work_kinds.iter().position(|known| known == name).map(|index| index as u16)
    }

    /// These kinds of work.
    pub fn work_kinds(&self) -> impl Iterator<Item = &str> + Clone {
        self.work_kinds.iter().map(String::as_str)
    }

    /// The accelerator kinds.
    pub fn accelerators(&self) -> impl Iterator<Item = &str> + Clone {
        self.accelerators.iter().map(String::as_str)
    }

    /// The number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of a node.
    #[must_use]
    pub fn name(&self, node: NodeId) -> &str {
        &self.names[node.index()]
    }

    /// The tier of a node.
    #[must_use]
    pub fn tier(&self, node: NodeId) -> Tier {
        self.tiers[node.index()]
    }

    /// Whether a node attaches to access points instead of being wired.
    #[must_use]
    pub fn is_wireless(&self, node: NodeId) -> bool {
        self.wireless[node.index()]
    }

    /// All nodes of a tier.
    pub fn of_tier(&self, tier: Tier) -> impl Iterator<Item = NodeId> {
        (0..).map(NodeId).zip(&self.tiers).filter(move |(_, own)| **own == tier).map(|(id, _)| id)
    }

    /// The class of this name.
    pub(in crate::scenario) fn class(&self, name: &str) -> Option<&ClassEntry> {
        self.class_numbers.get(name).map(|&number| &self.classes[number].1)
    }

    /// The nodes of a class, the node, or the nodes of a group of this name.
    fn find(&self, name: &str) -> Option<Vec<NodeId>> {
        let nodes = |entry: &ClassEntry| (entry.first..entry.first + entry.count).map(NodeId);
        match (self.class(name), self.nodes.get(name)) {
            (Some(entry), _) => Some(nodes(entry).collect()),
            (None, Some(&node)) => Some(vec![node]),
            (None, None) => {
                let classes = self.groups.get(name)?;
                Some(classes.iter().flat_map(|&class| nodes(&self.classes[class].1)).collect())
            }
        }
    }

    /// The nodes of these names; nothing of those that there are not.
    pub(super) fn found(&self, names: &Names) -> Vec<NodeId> {
        names.iter().filter_map(|name| self.find(name)).flatten().collect()
    }

    fn known(&self) -> impl Iterator<Item = &str> + Clone {
        let classes = self.classes.iter().map(|(name, _)| name.as_str());
        let nodes = self.nodes.keys().map(String::as_str);
        let groups = self.groups.keys().map(String::as_str);
        groups.chain(classes).chain(nodes.filter(|name| self.class(name).is_none()))
    }

    /// One node by name; if there is none, or several have the name, the error goes to `site`.
    #[must_use]
    pub fn node(&self, name: &str, site: &Site<'_>) -> Option<NodeId> {
        match self.find(name).as_deref() {
            Some([node]) => Some(*node),
            Some(nodes) => {
                let example = nodes.first().map_or("", |node| self.name(*node));
                site.error_with_help(
                    format!("{name:?} is a class of {} nodes, but one node is needed here", nodes.len()),
                    format!("name one of them, such as {example:?}"),
                );
                None
            }
            None => {
                site.unknown("node", name, self.known());
                None
            }
        }
    }

    /// The nodes that one or several names stand for, in order and without repetition; errors go to
    /// `site`.
    #[must_use]
    pub fn nodes(&self, names: &Names, site: &Site<'_>) -> Option<Vec<NodeId>> {
        let mut found: Vec<NodeId> = Vec::new();
        let mut good = true;
        let mut seen = vec![false; self.names.len()];
        for (index, name) in names.iter().enumerate() {
            let here = if matches!(names, Names::One(_)) { site.clone() } else { site.index(index) };
            match self.find(name) {
                Some(nodes) => {
                    found.extend(
                        nodes
                            .into_iter()
                            .filter(|node| !std::mem::replace(&mut seen[node.index()], true)),
                    );
                }
                None => {
                    here.unknown("node or class", name, self.known());
                    good = false;
                }
            }
        }
        good.then_some(found)
    }
}
