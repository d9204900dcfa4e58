//! The cost of max-min sharing: one completion and one start, with a constant number of flows.
//!
//! Run with `cargo bench --no-default-features --bench sharing`; figures are in `results/sharing.md`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::RngExt;
use std::hint::black_box;
use std::time::Duration;
use stratosim::engine::{RandomStreams, SimTime, Stream};
use stratosim::infra::{FairShare, FlowIndex, LinkIndex, max_min_rates};

/// 1 Gbit/s in bytes/s.
const ACCESS_BYTES_PER_S: f64 = 1.25e8;

/// Who shares what. Each has F flows under way.
#[derive(Clone, Copy, Debug)]
enum Topology {
    /// 4F access links; a flow takes two: groups are small.
    Star,
    /// F hosts with an up and a down link each; a flow takes two: everything is connected.
    Dense,
    /// F access links and one that all flows share and saturate.
    Hub,
    /// The same with a shared link which is used to about half.
    SlackHub,
    /// Hub, access rates from 0.1 to 1 Gbit/s, where some flows are held back by their access links.
    MixedHub,
    /// One shared link at the verge of saturation, and a cap for each flow.
    CappedHub,
}

const TOPOLOGIES: [(&str, Topology); 6] = [
    ("star", Topology::Star),
    ("dense", Topology::Dense),
    ("hub", Topology::Hub),
    ("slack hub", Topology::SlackHub),
    ("mixed hub", Topology::MixedHub),
    ("capped hub", Topology::CappedHub),
];

/// A network with a constant number of flows.
struct Load {
    topology: Topology,
    share: FairShare,
    now: SimTime,
    links: Vec<LinkIndex>,
    capacities: Vec<f64>,
    /// By the flow's index, for the full filling.
    paths: Vec<(Vec<LinkIndex>, f64)>,
    random: Stream,
}

impl Load {
    fn new(topology: Topology, flows: usize) -> Self {
        let mut random = RandomStreams::new(1).stream("sharing");
        let count = flows as f64;
        // Flows choose access links at random, so that about 1 - 1/e of F links are in use.
        let (access, hub) = match topology {
            Topology::Star => (4 * flows, None),
            Topology::Dense => (2 * flows, None),
            Topology::Hub => (flows, Some(0.25 * count)),
            Topology::SlackHub => (flows, Some(0.95 * count)),
            Topology::MixedHub => (flows, Some(0.1 * count)),
            Topology::CappedHub => (0, Some(0.39 * count)),
        };
        let mut capacities: Vec<f64> = (0..access)
            .map(|_| match topology {
                Topology::MixedHub => ACCESS_BYTES_PER_S * random.random_range(0.1..1.0),
                _ => ACCESS_BYTES_PER_S,
            })
            .collect();
        capacities.extend(hub.map(|share| share * ACCESS_BYTES_PER_S));
        let mut share = FairShare::new();
        let links = capacities.iter().map(|&capacity| share.add_link(capacity)).collect();
        let now = SimTime::ZERO;
        let mut load = Load { topology, share, now, links, capacities, paths: Vec::new(), random };
        (0..flows).for_each(|_| load.start());
        // Past the common start.
        (0..2 * flows).for_each(|_| load.change());
        load
    }

    fn start(&mut self) {
        let count = self.links.len();
        let hub = self.links[count - 1];
        let mut pick = |range: std::ops::Range<usize>| self.links[self.random.random_range(range)];
        let (path, length) = match self.topology {
            Topology::Star => {
                let first = pick(0..count / 2);
                ([first, pick(count / 2..count)], 2)
            }
            Topology::Dense => ([pick(0..count / 2), pick(count / 2..count)], 2),
            Topology::CappedHub => ([hub, hub], 1),
            _ => ([pick(0..count - 1), hub], 2),
        };
        let path = &path[..length];
        let cap = match self.topology {
            Topology::CappedHub => ACCESS_BYTES_PER_S * self.random.random_range(0.1..1.0),
            _ => f64::INFINITY,
        };
        let size_bytes = self.random.random_range(1e6..1e7);
        let FlowIndex(flow) = self.share.start(self.now, path, cap, size_bytes);
        if flow as usize == self.paths.len() {
            self.paths.push((Vec::new(), 0.0));
        }
        let slot = &mut self.paths[flow as usize];
        slot.0.clear();
        slot.0.extend_from_slice(path);
        slot.1 = cap;
    }

    /// One completion and one start.
    fn change(&mut self) {
        if let Some(due) = self.share.next_completion() {
            self.now = due;
            if self.share.pop_completed(due).is_some() {
                self.start();
            }
        }
    }
}

fn sharing(criterion: &mut Criterion) {
    for (name, topology) in TOPOLOGIES {
        let mut group = criterion.benchmark_group(name);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        for flows in [100, 1_000, 10_000, 100_000] {
            let mut load = Load::new(topology, flows);
            group.bench_function(BenchmarkId::new("incremental", flows), |bencher| {
                bencher.iter(|| load.change());
            });
            if flows > 10_000 {
                continue;
            }
            group.sample_size(10);
            let paths: Vec<(&[LinkIndex], f64)> =
                load.paths.iter().map(|(path, cap)| (&path[..], *cap)).collect();
            group.bench_function(BenchmarkId::new("two full fillings", flows), |bencher| {
                bencher.iter(|| {
                    black_box(max_min_rates(&load.capacities, &paths));
                    max_min_rates(&load.capacities, &paths)
                });
            });
            group.sample_size(50);
        }
        group.finish();
    }
}

criterion_group!(benches, sharing);
criterion_main!(benches);
