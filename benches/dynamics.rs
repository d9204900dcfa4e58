//! What a step of a changing infrastructure costs: 1 000 nodes and 6 000 links, all of which change at each step.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use stratosim::engine::{Kernel, Model, RandomStreams, Schedule, SimDuration, SimTime};
use stratosim::infra::dynamics::{
    Amount, Attribute, Change, Flap, Noise, NoiseKind, PerturbationSpec, Subject, Timetable,
};
use stratosim::infra::network::LinkSpec;
use stratosim::infra::{
    InfraBuilder, InfraEvent, Infrastructure, NodeClass, NodeId, Position, Static, Tier,
};

const NODES: u32 = 1000;
const LINKS: u32 = 6000;

struct Ground(Infrastructure);

impl Model for Ground {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.0.handle(schedule, event);
        while self.0.take_notice().is_some() {}
    }
}

fn noise(attribute: Attribute, subjects: Vec<Subject>) -> PerturbationSpec {
    let kind = NoiseKind::Correlated { time_constant_s: 30.0, common: 0.0 };
    perturbation(attribute, subjects, Noise::new(kind, Amount::Relative(0.1)))
}

fn perturbation(
    attribute: Attribute,
    subjects: Vec<Subject>,
    change: impl Change + 'static,
) -> PerturbationSpec {
    let every = Timetable::every(SimDuration::from_secs(1.0));
    PerturbationSpec::new(attribute.name(), attribute, subjects, every, change)
}

fn ground(make: impl FnOnce(Vec<Subject>, Vec<Subject>) -> Vec<PerturbationSpec>) -> Kernel<Ground> {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let mut class = NodeClass::new("server", Tier::Edge, NODES).with_cores(4, 1000.0);
    (class.resources.memory_bytes, class.resources.storage_bytes) = (16e9, 1e12);
    let places = vec![Position::default(); NODES as usize];
    builder.class(class, Box::new(Static::at(places).expect("places are good")));
    let mut links = Vec::new();
    for link in 0..LINKS {
        // A ring, and chords.
        let a = link % NODES;
        let b = (a + 1 + link / NODES * 37) % NODES;
        let spec = LinkSpec::new(NodeId(a), NodeId(b), SimDuration::from_secs(0.005), 1e9);
        links.push(Subject::Link(builder.link(format!("{link}"), spec)));
    }
    let nodes = (0..NODES).map(|node| Subject::Node(NodeId(node))).collect();
    for spec in make(nodes, links) {
        builder.perturb(spec);
    }
    let mut kernel = Kernel::new(Ground(builder.build().expect("it fits together")));
    kernel.model.0.start(&mut kernel.schedule);
    kernel
}

fn step(criterion: &mut Criterion, name: &str, mut kernel: Kernel<Ground>) {
    // Time goes on from one sample to the next: what lies behind costs nothing.
    let mut now = SimTime::ZERO;
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            now += SimDuration::from_secs(1.0);
            kernel.run_until(now);
            black_box(kernel.now())
        });
    });
}

fn steps(criterion: &mut Criterion) {
    let latencies =
        ground(|nodes, links| vec![noise(Attribute::Latency, links), noise(Attribute::Speed, nodes)]);
    step(criterion, "6 000 latencies and 1 000 speeds a step", latencies);
    let bandwidths =
        ground(|nodes, links| vec![noise(Attribute::Bandwidth, links), noise(Attribute::Cores, nodes)]);
    step(criterion, "6 000 bandwidths and 1 000 cores a step", bandwidths);
    let flaps = ground(|nodes, links| {
        let flap = || Flap::new(0.02, 0.5, 0.0);
        let nodes = PerturbationSpec {
            name: "nodes".into(),
            ..perturbation(Attribute::Availability, nodes, flap())
        };
        vec![nodes, perturbation(Attribute::Availability, links, flap())]
    });
    step(criterion, "flaps of 6 000 links and 1 000 nodes a step", flaps);
    // As in the sock shop example of ECLYPSE: nodes come and go, and all that is offered is noisy.
    let all = ground(|nodes, links| {
        let jitter = |attribute: Attribute, subjects: &[Subject], share| {
            let noise = Noise::new(NoiseKind::Jitter, Amount::Relative(share));
            perturbation(attribute, subjects.to_vec(), noise)
        };
        vec![
            perturbation(Attribute::Availability, nodes.clone(), Flap::new(0.02, 0.5, 0.0)),
            jitter(Attribute::Cores, &nodes, 0.2),
            jitter(Attribute::Memory, &nodes, 0.2),
            jitter(Attribute::Storage, &nodes, 0.2),
            jitter(Attribute::Latency, &links, 0.2),
            jitter(Attribute::Bandwidth, &links, 0.2),
        ]
    });
    step(
        criterion,
        "flaps of 1 000 nodes, noise of 3 000 values of nodes and 12 000 of links a step",
        all,
    );
}

criterion_group!(benches, steps);
criterion_main!(benches);
