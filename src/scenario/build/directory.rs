//! Which nodes there are, by name.

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
    /// Width and height of the area in metres.
    pub area_m: (f64, f64),
    /// Positions that files give to the nodes of a class.
    pub(in crate::scenario) placed: BTreeMap<String, Vec<Position>>,
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
