//! Nodes by their place.

use crate::infra::{NodeId, Position};
use rstar::RTree;
use rstar::primitives::GeomWithData;

/// Nodes by their place on the plane, to find the nearest.
#[derive(Clone, Debug, Default)]
pub struct PlaceIndex {
    tree: RTree<GeomWithData<[f64; 2], u32>>,
}

fn point(position: Position) -> [f64; 2] {
    [position.x_m, position.y_m]
}

impl PlaceIndex {
    /// These nodes.
    pub fn new(nodes: impl IntoIterator<Item = (NodeId, Position)>) -> Self {
        let nodes = nodes.into_iter().map(|(node, at)| GeomWithData::new(point(at), node.0));
        PlaceIndex { tree: RTree::bulk_load(nodes.collect()) }
    }

    /// Adds a node.
    pub fn insert(&mut self, node: NodeId, position: Position) {
        self.tree.insert(GeomWithData::new(point(position), node.0));
    }

    /// Takes a node out, if it is there at this place.
    pub fn remove(&mut self, node: NodeId, position: Position) {
        self.tree.remove(&GeomWithData::new(point(position), node.0));
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.size()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The nodes with their squared distances, the nearest first; those at one distance in no particular order, but in
    /// the same for the same input.
    pub fn by_distance(&self, position: Position) -> impl Iterator<Item = (NodeId, f64)> {
        let nearest = self.tree.nearest_neighbor_iter_with_distance_2(point(position));
        nearest.map(|(own, squared_m2)| (NodeId(own.data), squared_m2))
    }

    /// The nearest node that `fits`; of those at one distance the one of the least number.
    pub fn nearest_where(
        &self,
        position: Position,
        mut fits: impl FnMut(NodeId) -> bool,
    ) -> Option<NodeId> {
        let mut found: Option<(NodeId, f64)> = None;
        for (node, squared_m2) in self.by_distance(position) {
            match found {
                Some((_, least)) if squared_m2 > least => break,
                Some((best, _)) if best < node => {}
                _ if fits(node) => found = Some((node, squared_m2)),
                _ => {}
            }
        }
        found.map(|(node, _)| node)
    }

    /// The nearest node.
    #[must_use]
    pub fn nearest(&self, position: Position) -> Option<NodeId> {
        self.nearest_where(position, |_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_nearest_is_that_of_brute_force(
            places in prop::collection::vec((0_u8..6, 0_u8..6), 1..30),
            at in (0_u8..6, 0_u8..6),
            odd in any::<bool>(),
        ) {
            let place = |(x, y): (u8, u8)| Position::ground(f64::from(x), f64::from(y));
            let nodes: Vec<(NodeId, Position)> =
                places.iter().enumerate().map(|(number, own)| (NodeId(number as u32), place(*own))).collect();
            let fits = |node: NodeId| !odd || node.0 % 2 == 1;
            let distance = |own: &&(NodeId, Position)| (own.1.squared_distance_m2(place(at)), own.0);
            let expected = nodes
                .iter()
                .filter(|own| fits(own.0))
                .min_by(|a, b| distance(a).partial_cmp(&distance(b)).unwrap())
                .map(|own| own.0);
            let mut index = PlaceIndex::new(nodes.iter().skip(1).copied());
            index.insert(nodes[0].0, nodes[0].1);
            prop_assert_eq!(index.nearest_where(place(at), fits), expected);
            if let Some(gone) = expected {
                index.remove(gone, nodes[gone.index()].1);
                prop_assert_eq!(index.len(), nodes.len() - 1);
                prop_assert_ne!(index.nearest_where(place(at), fits), Some(gone));
            }
        }
    }
}
