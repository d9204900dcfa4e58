//! Co-location: services that talk to each other on one node.

use super::greedy::{Effort, Stuck, assign_all, construct};
use super::near::Near;
use super::{PlacementView, ServicePlacementDecision, ServicePlacementPolicy};
use crate::infra::NodeId;
use crate::infra::applications::ReplicaIndex;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Puts the whole application on one node if that is possible. Otherwise replicas are joined, those with the most
/// demanding interaction first, as long as there is a node with room for them together; each group is then placed near
/// the others, on a node where the application is already if that has room. A group that finds no node is broken up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoLocation {
    /// How often it begins anew with another start and order when a group finds no node.
    #[schemars(range(max = 10_000))]
    pub restarts: u32,
    /// On how many nodes a group is tried.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub tries: u32,
    /// So many nodes more a replica may take to stay where it was before.
    #[schemars(range(min = 0.0))]
    pub stickiness: f64,
    #[serde(skip)]
    pub(super) near: Near,
}

impl Default for CoLocation {
    fn default() -> Self {
        let Effort { restarts, tries, stickiness } = Effort::DEFAULT;
        CoLocation { restarts, tries, stickiness, near: Near::default() }
    }
}

impl CoLocation {
    fn effort(&self) -> Effort {
        Effort { restarts: self.restarts, tries: self.tries, stickiness: self.stickiness }
    }

    /// Whether some node has room for these together, among those with the most room.
    fn fit_together(&mut self, view: &mut PlacementView<'_>, unit: &[ReplicaIndex]) -> bool {
        let (choices, _) = self.near.choices(view, unit);
        let before = |node| unit.iter().any(|&own| view.previous(own) == Some(node));
        let mut roomy: Vec<(bool, f64, NodeId)> = choices
            .iter()
            .map(|own| (before(own.node), self.near.room(view, own.node), own.node))
            .collect();
        self.near.give_back(choices);
        roomy.sort_unstable_by(|one, other| {
            let first = other.0.cmp(&one.0).then(other.1.total_cmp(&one.1));
            first.then(one.2.cmp(&other.2))
        });
        let start = view.checkpoint();
        let fits = roomy
            .iter()
            .take(self.tries as usize)
            .any(|&(_, _, node)| assign_all(view, unit, node).is_ok());
        view.rollback(start);
        fits
    }

    /// Joins open replicas into groups.
    fn groups(&mut self, view: &mut PlacementView<'_>) -> Vec<Vec<ReplicaIndex>> {
        let whole = view.open().to_vec();
        if self.fit_together(view, &whole) {
            return vec![whole];
        }
        let mut groups: Vec<Vec<ReplicaIndex>> = whole.iter().map(|&own| vec![own]).collect();
        let needs = view.needs();
        let mut order: Vec<usize> = (0..needs.interactions.len()).collect();
        order.sort_by(|&one, &other| self.near.weight(other).total_cmp(&self.near.weight(one)));
        for index in order {
            let own = &needs.interactions[index];
            let group_of =
                |replica| groups.iter().position(|group: &Vec<ReplicaIndex>| group.contains(&replica));
            let (Some(one), Some(other)) = (group_of(own.from), group_of(own.to)) else { continue };
            if one == other {
                continue;
            }
            let mut joined = groups[one.min(other)].clone();
            joined.extend_from_slice(&groups[one.max(other)]);
            if self.fit_together(view, &joined) {
                groups[one.min(other)] = joined;
                groups.remove(one.max(other));
            }
        }
        groups
    }
}

impl ServicePlacementPolicy for CoLocation {
    fn place(&mut self, view: &mut PlacementView<'_>) -> ServicePlacementDecision {
        self.near.prepare(view);
        let mut groups = self.groups(view);
        let effort = self.effort();
        let start = view.checkpoint();
        loop {
            view.rollback(start);
            let placed = construct(view, &mut self.near, &groups, effort, &|view, _, node, _| {
                let is_there = |replica: u32| view.node_of(ReplicaIndex(replica)) == Some(node);
                let is_used = (0..view.needs().replicas.len() as u32).any(is_there);
                f64::from(u8::from(!is_used))
            });
            match placed {
                Ok(()) => return view.decided(),
                Err(Stuck { unit, .. }) if groups[unit].len() > 1 => {
                    let broken = groups.remove(unit);
                    groups.extend(broken.into_iter().map(|own| vec![own]));
                }
                Err(stuck) => {
                    // Another group that is broken up may make room.
                    let Some(largest) = (0..groups.len()).max_by_key(|&own| groups[own].len()) else {
                        return ServicePlacementDecision::Reject(stuck.fault);
                    };
                    if groups[largest].len() < 2 {
                        return ServicePlacementDecision::Reject(stuck.fault);
                    }
                    let broken = groups.remove(largest);
                    groups.extend(broken.into_iter().map(|own| vec![own]));
                }
            }
        }
    }

    fn check(&self) -> Result<(), ParameterError> {
        self.effort().check()
    }
}
