//! Searches for a nearer node, against brute force.

use super::bench::{Bench, Done, Mail};
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{ActionEnd, ActionKind};
use crate::engine::{EntityStream, RandomStreams, SimDuration};
use crate::infra::NodeId;
use crate::placement::orchestration::TreeParameters;
use rand::RngExt;

const NODES: u32 = 64;

/// A tree of 64 nodes, of which each fifth is full.
fn tree(parameters: TreeParameters, random: &mut EntityStream, seed: u64) -> (Bench, Vec<(f64, f64)>) {
    let mut place = || (1e4 * random.random::<f64>(), 1e4 * random.random::<f64>());
    let places: Vec<(f64, f64)> = (0..NODES).map(|_| place()).collect();
    let mut bench = Bench::new(&places, NODES as usize, parameters, Mail::default(), seed);
    for node in (0..NODES).filter(|own| own % 5 == 3) {
        bench.facts.hosted.get_mut(&(NodeId(node), 0)).unwrap().0.load.cpu = 0.8;
    }
    bench.run(180.0);
    assert!(bench.faults().is_empty(), "{:#?}", bench.faults());
    (bench, places)
}

/// Forces one of two users of a node, which make a load of 0.4, to go elsewhere.
fn search(bench: &mut Bench, origin: u32, user: u32, at: (f64, f64)) -> Done {
    bench.serve(origin, &[(user, at.0, at.1, 0.1), (user + 1, at.0, at.1, 0.01)]);
    let own = bench.facts.hosted.get_mut(&(NodeId(origin), 0)).unwrap();
    let old = std::mem::replace(&mut own.0.load.cpu, 0.4);
    let count = bench.actions.len();
    bench.force(origin, ActionKind::Migrate, Some(user));
    bench.run(6.0);
    let own = bench.facts.hosted.get_mut(&(NodeId(origin), 0)).unwrap();
    (own.0.load.cpu, own.0.users) = (old, 0);
    own.1.clear();
    bench.actions[count..].iter().find(|own| own.kind == ActionKind::Migrate).unwrap().clone()
}

/// Shares of searches with a nearer node to be found that find one, and that find the nearest.
fn shares(grid: u8, from_root: bool) -> (f64, f64) {
    let idle = SimDuration::from_secs(1e6);
    let parameters = TreeParameters { grid, idle, ..TreeParameters::default() };
    let mut random = RandomStreams::new(7).entity("search", 0);
    let (mut possible, mut found, mut best) = (0.0_f64, 0.0, 0.0);
    for seed in 0..12 {
        let (mut bench, places) = tree(parameters.clone(), &mut random, seed);
        for number in 0..25 {
            let origin = if from_root { 0 } else { random.random_range(0..NODES) };
            let at = (1e4 * random.random::<f64>(), 1e4 * random.random::<f64>());
            let distance_m = |node: u32| {
                let own = places[node as usize];
                (own.0 - at.0).hypot(own.1 - at.1)
            };
            let others = (0..NODES).filter(|&own| own % 5 != 3 && own != origin);
            let nearest = others.min_by(|&a, &b| distance_m(a).total_cmp(&distance_m(b))).unwrap();
            let done = search(&mut bench, origin, 100 + 2 * number, at);
            // A way that visits no node twice, and the answer.
            assert!(done.hops <= NODES, "{done:?}");
            let is_done = done.end == Some(ActionEnd::Done);
            if let Some(target) = done.target {
                assert!(is_done && distance_m(target.0) < distance_m(origin), "{done:?}");
                assert_ne!(target.0 % 5, 3, "it is full");
                // The root sends the user there from now on.
                let number = (seed as u32) << 8 | number;
                bench.ask(number, AgentId(0), 100 + 2 * (number & 255), at);
                bench.run(1.0);
                assert_eq!(
                    bench.answer_to(number),
                    Some(Some(target)),
                    "{done:?} {:?}",
                    &bench.actions[bench.actions.len().saturating_sub(4)..]
                );
            } else {
                let failed = [ActionEnd::RefusedLocally, ActionEnd::NoTarget];
                assert!(done.end.is_some_and(|end| failed.contains(&end)), "{done:?}");
            }
            if distance_m(nearest) < distance_m(origin) {
                possible += 1.0;
                found += f64::from(u8::from(is_done));
                best += f64::from(u8::from(done.target == Some(NodeId(nearest))));
            }
        }
    }
    (found / possible, best / possible)
}

#[test]
fn who_sees_all_finds_the_nearest() {
    // The root has grids of all, with cells that hold hardly more than one node each.
    let (found, best) = shares(64, true);
    println!("from the root, 64 x 64 cells: {found:.3} found, {best:.3} the nearest");
    assert!(found > 0.9 && best > 0.9, "{found} {best}");
}

#[test]
fn who_sees_its_neighbours_finds_a_nearer_one() {
    // As published: a suitable parent takes users even where its other children are nearer.
    let (found, best) = shares(8, false);
    println!("from any node, 8 x 8 cells: {found:.3} found, {best:.3} the nearest");
    assert!(found > 0.5 && best > 0.05, "{found} {best}");
}
