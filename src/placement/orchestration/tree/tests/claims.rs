//! Claims of the concept.

use super::bench::{Bench, Mail};
use crate::engine::{RandomStreams, SimDuration};
use crate::placement::orchestration::TreeParameters;
use rand::RngExt;

/// Messages a second that a node other than the root sends, and that the root does, in a tree of so many.
fn messages_per_s(nodes: usize) -> (f64, f64) {
    let mut random = RandomStreams::new(3).entity("claims", 0);
    // As dense whatever the size, so that nodes have as many children.
    let side_m = 100.0 * (nodes as f64).sqrt();
    let mut coordinate = || side_m * random.random::<f64>();
    let places: Vec<(f64, f64)> = (0..nodes).map(|_| (coordinate(), coordinate())).collect();
    let idle = SimDuration::from_secs(1e6);
    let parameters = TreeParameters { idle, ..TreeParameters::default() };
    let mut bench = Bench::new(&places, nodes, parameters, Mail::default(), 1);
    bench.run(100.0);
    assert!(bench.faults().is_empty());
    let before = bench.sent_by.clone();
    let time_s = 120.0;
    bench.run(time_s);
    let sent: Vec<u64> =
        bench.sent_by.iter().zip(before).map(|(after, before)| after - before).collect();
    let others: u64 = sent[1..].iter().sum();
    (others as f64 / (nodes - 1) as f64 / time_s, sent[0] as f64 / time_s)
}

#[test]
fn what_a_node_sends_does_not_grow_with_the_tree() {
    let all = [100, 400, 1600].map(messages_per_s);
    for (nodes, (each, root)) in [100, 400, 1600].into_iter().zip(all) {
        println!("{nodes} nodes: {each:.3} messages a node and second, the root {root:.2}");
    }
    for (each, _) in all {
        assert!((each / all[0].0 - 1.0).abs() < 0.1, "{all:?}");
    }
    // The root's grows: all tell it their parents.
    assert!(all[2].1 > 2.0 * all[0].1, "{all:?}");
}
