//! Between which nodes requests may be forwarded.

use super::Ground;
use crate::placement::functions::{Instance, random_neighbours};
use crate::scenario::format::{FunctionsSpec, NeighboursName, NeighboursSpec, RandomNeighboursSpec};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of numbers of nodes, each once.
type Pairs = BTreeSet<(u32, u32)>;

fn pair(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

fn named(name: NeighboursName, ground: &Ground<'_>) -> Pairs {
    let numbers: BTreeMap<u32, u32> = (0..).zip(&ground.nodes).map(|(n, node)| (node.0, n)).collect();
    match name {
        NeighboursName::All => {
            let count = ground.nodes.len() as u32;
            (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect()
        }
        NeighboursName::Links => {
            let ends = ground
                .here
                .infrastructure
                .links()
                .filter_map(|(_, link)| Some((*numbers.get(&link.a.0)?, *numbers.get(&link.b.0)?)));
            ends.filter(|(a, b)| a != b).map(|(a, b)| pair(a, b)).collect()
        }
    }
}

fn random(own: &RandomNeighboursSpec, ground: &Ground<'_>) -> Option<Pairs> {
    let site = ground.here.site.key("neighbours");
    let nodes = ground.nodes.len();
    match (own.k, own.p) {
        (Some(k), None) => {
            let k = k as usize;
            if k >= nodes || (k * nodes) % 2 == 1 {
                site.key("k").error_with_help(
                    format!("{nodes} nodes cannot have {k} neighbours each"),
                    "give a number below that of the nodes, an even one if that is odd",
                );
                return None;
            }
        }
        (None, Some(_)) => {}
        _ => {
            site.error("give one of `k` and `p`");
            return None;
        }
    }
    let k = own.k.map(|k| k as usize);
    let edges = site.check(random_neighbours(k, own.p, nodes, &ground.streams("neighbours")))?;
    Some(edges.into_iter().map(|[a, b]| pair(a as u32, b as u32)).collect())
}

fn listed(pairs: &[[String; 2]], ground: &Ground<'_>) -> Option<Pairs> {
    let site = ground.here.site.key("neighbours");
    let mut found = Pairs::new();
    let mut good = true;
    for (index, ends) in pairs.iter().enumerate() {
        let site = site.index(index);
        let number = |place: usize| {
            let node = ground.here.directory.node(&ends[place], &site.index(place))?;
            let number = ground.nodes.iter().position(|own| *own == node);
            if number.is_none() {
                let message = format!("{:?} is none of the `nodes`", ends[place]);
                site.index(place).error(message);
            }
            number
        };
        match (number(0), number(1)) {
            (Some(a), Some(b)) if a == b => {
                site.error(format!("{:?} cannot be its own neighbour", ends[0]));
                good = false;
            }
            (Some(a), Some(b)) => {
                found.insert(pair(a as u32, b as u32));
            }
            _ => good = false,
        }
    }
    good.then_some(found)
}

/// Both ways of each pair, ascending.
pub(super) fn arcs(
    spec: &FunctionsSpec,
    ground: &Ground<'_>,
    instance: Option<&Instance>,
) -> Option<Vec<(u32, u32)>> {
    let site = ground.here.site.key("neighbours");
    let pairs: Pairs = match (instance, &spec.neighbours) {
        (Some(_), Some(_)) => {
            site.error("the instance says who are neighbours; leave this out");
            return None;
        }
        (Some(instance), None) => (0..instance.arcs())
            .map(|arc| pair(instance.arc_from(arc) as u32, instance.arc_to(arc) as u32))
            .collect(),
        (None, None) => named(NeighboursName::Links, ground),
        (None, Some(NeighboursSpec::Named(name))) => named(*name, ground),
        (None, Some(NeighboursSpec::Random(own))) => random(own, ground)?,
        (None, Some(NeighboursSpec::Pairs(pairs))) => listed(pairs, ground)?,
    };
    let both: BTreeSet<(u32, u32)> = pairs.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).collect();
    Some(both.into_iter().collect())
}

/// Tells that the neighbourhood falls into parts.
pub(super) fn tell_parts(instance: &Instance, ground: &Ground<'_>) {
    let parts = instance.components();
    if parts > 1 {
        ground.here.site.note(format!(
            "the neighbours of {:?} fall into {parts} parts, between which no request is forwarded",
            ground.name
        ));
    }
}
