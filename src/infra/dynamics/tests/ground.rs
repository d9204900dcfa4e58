//! Perturbations of a whole infrastructure: what they do to its jobs, transfers, nodes and batteries.

use super::*;

/// An infrastructure alone, and what it tells.
pub(super) struct Ground {
    pub(super) infrastructure: Infrastructure,
    pub(super) ended: Vec<(f64, u64)>,
    pub(super) changes: Vec<(f64, OfferChange)>,
    pub(super) told: usize,
}

impl Model for Ground {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.infrastructure.handle(schedule, event);
        let now = schedule.now().as_secs();
        while let Some(notice) = self.infrastructure.take_notice() {
            match notice {
                Notice::JobEnded { job, .. } => self.ended.push((now, job.owner.token)),
                Notice::TransferEnded(record) => self.ended.push((now, record.owner.token)),
                Notice::OffersChanged => self.told += 1,
                _ => {}
            }
        }
        let changes = &mut self.changes;
        self.infrastructure.take_offer_changes(|change| changes.push((now, change)));
    }
}

const LINK: Subject = Subject::Link(LinkId(0));
pub(super) const NODE: Subject = Subject::Node(NodeId(0));

/// Four servers of 2 cores with 1000 MIPS in a chain of links with 1 ms and 8 Mbit/s, and their perturbations.
fn ground(perturbations: Vec<PerturbationSpec>) -> Kernel<Ground> {
    ground_of(perturbations, NodeClass::new("server", Tier::Edge, 4).with_cores(2, 1000.0))
}

fn ground_of(perturbations: Vec<PerturbationSpec>, class: NodeClass) -> Kernel<Ground> {
    let mut builder = InfraBuilder::new(RandomStreams::new(3));
    builder.class(class, Box::new(Static::at(vec![Position::default(); 4]).unwrap()));
    for (a, b) in [(0, 1), (1, 2), (2, 3)] {
        let spec = LinkSpec::new(NodeId(a), NodeId(b), span(0.001), 8e6);
        builder.link(format!("{a}-{b}"), spec);
    }
    perturbations.into_iter().for_each(|spec| builder.perturb(spec));
    let mut infrastructure = builder.build().unwrap();
    infrastructure.watch_offers();
    let (ended, changes) = (Vec::new(), Vec::new());
    let mut kernel = Kernel::new(Ground { infrastructure, ended, changes, told: 0 });
    kernel.model.infrastructure.start(&mut kernel.schedule);
    kernel
}

fn owner(token: u64) -> Owner {
    Owner { workload: 0, token }
}

pub(super) fn at(instants: &[f64]) -> Timetable {
    Timetable::at(instants.iter().copied().map(secs))
}

pub(super) fn spec(
    name: &str,
    attribute: Attribute,
    subject: Subject,
    times: Timetable,
    change: impl Change + 'static,
) -> PerturbationSpec {
    PerturbationSpec::new(name, attribute, vec![subject], times, change)
}

fn outage(lasts: f64) -> Outage {
    Outage::new(0.0, span(lasts))
}

#[test]
fn perturbations_of_one_value_compose_in_the_documented_way_whenever_they_act() {
    let latency = Attribute::Latency;
    let set = Trend::new(TrendKind::SetValue(Amount::Absolute(0.010)));
    let add = Noise::new(NoiseKind::Impulse { p: 1.0, time_constant_s: 1e12 }, Amount::Absolute(0.004));
    let mut bounded = spec("half", latency, LINK, at(&[3.0]), Trend::new(TrendKind::Scale(0.5)));
    bounded.bounds.1 = Some(Amount::Absolute(0.020));
    let mut kernel = ground(vec![
        spec("add", latency, LINK, at(&[1.0]), add),
        spec("six", latency, LINK, at(&[2.0]), Trend::new(TrendKind::Scale(6.0))),
        bounded,
        spec("set", latency, LINK, at(&[4.0]), set),
        spec("undo", latency, LINK, at(&[5.0]), Restore { of: "six".into() }),
        spec("undo all", latency, LINK, at(&[6.0]), Restore { of: String::new() }),
    ]);
    kernel.run_until(secs(10.0));
    let values: Vec<(f64, f64)> =
        kernel.model.changes.iter().map(|(time, change)| (*time, change.value)).collect();
    // (1 ms or 10 ms) x 6 x 0.5 + 4 ms, at most 20 ms.
    let expected = [(1.0, 0.005), (2.0, 0.010), (3.0, 0.007), (4.0, 0.020), (5.0, 0.009), (6.0, 0.001)];
    assert_eq!(values.len(), expected.len(), "{values:?}");
    for (found, expected) in values.iter().zip(expected) {
        assert!(found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-15, "{values:?}");
    }
    assert_eq!(kernel.model.changes[0].1.base, 0.001);
    assert_eq!(kernel.model.told, 6);
    let latency = kernel.model.infrastructure.latency_s(NodeId(0), NodeId(1));
    assert_eq!(latency, Some(0.001));
}

#[test]
fn what_one_perturbation_draws_does_not_depend_on_others() {
    let noise = |name: &str, attribute, nodes: &[u32]| {
        let subjects = nodes.iter().map(|&node| Subject::Node(NodeId(node))).collect();
        let kind = NoiseKind::Correlated { time_constant_s: 3.0, common: 0.0 };
        let change = Noise::new(kind, Amount::Relative(0.1));
        PerturbationSpec::new(name, attribute, subjects, Timetable::every(span(1.0)), change)
    };
    let of_node_1 = |specs: Vec<PerturbationSpec>| {
        let mut kernel = ground(specs);
        kernel.run_until(secs(50.0));
        let changes = kernel.model.changes.iter().map(|(time, change)| (*time, *change));
        let own = changes.filter(|(_, own)| {
            own.subject == Subject::Node(NodeId(1)) && own.attribute == Attribute::Cores
        });
        own.collect::<Vec<_>>()
    };
    let alone = of_node_1(vec![noise("noise", Attribute::Cores, &[1])]);
    assert_eq!(alone.len(), 51);
    let among = of_node_1(vec![
        noise("speed", Attribute::Speed, &[0, 1, 2, 3]),
        noise("noise", Attribute::Cores, &[0, 1, 3]),
    ]);
    assert_eq!(alone, among);
    let other = of_node_1(vec![noise("another", Attribute::Cores, &[1])]);
    assert_ne!(alone, other);
}

#[test]
fn a_share_of_the_subjects_is_drawn_once() {
    let nodes: Vec<Subject> = (0..4).map(|node| Subject::Node(NodeId(node))).collect();
    let change = Noise::new(NoiseKind::Jitter, Amount::Relative(0.1));
    let every = Timetable::every(span(1.0));
    let mut half = PerturbationSpec::new("half", Attribute::Speed, nodes, every, change);
    half.share = 0.5;
    let mut kernel = ground(vec![half]);
    kernel.run_until(secs(20.0));
    let changed: BTreeSet<Subject> = kernel.model.changes.iter().map(|(_, own)| own.subject).collect();
    assert_eq!((changed.len(), kernel.model.changes.len()), (2, 42));
}

#[test]
fn jobs_go_on_at_the_speed_and_cores_there_are() {
    // 4 jobs of 10 000 MI, two at a time on 2 cores of 1000 MIPS. Speed one half from 5 s to 15 s: both have done 10 000
    // by 15 s. Then one core from 20 s on: the next two have done 5000 each by then, and share it: 10 s more.
    let slow = |lasts| Outage::new(0.5, span(lasts));
    let mut kernel = ground(vec![
        spec("slow", Attribute::Speed, NODE, at(&[5.0]), slow(10.0)),
        spec("few", Attribute::Cores, NODE, at(&[20.0]), slow(100.0)),
    ]);
    for token in 0..4 {
        let Ground { infrastructure, .. } = &mut kernel.model;
        let request = JobRequest::new(10_000.0);
        infrastructure.submit_job(&mut kernel.schedule, NodeId(0), request, owner(token)).unwrap();
    }
    kernel.run_until(secs(100.0));
    assert_eq!(kernel.model.ended, [(15.0, 0), (15.0, 1), (30.0, 2), (30.0, 3)]);
    assert_eq!(kernel.model.infrastructure.offered_cores(NodeId(0)), 1.0);
    let Ground { infrastructure, .. } = &mut kernel.model;
    let refused = infrastructure.submit_job(
        &mut kernel.schedule,
        NodeId(0),
        JobRequest { cores: 2, ..JobRequest::new(1.0) },
        owner(9),
    );
    assert!(refused.is_err());
}

#[test]
fn waiting_jobs_start_when_there_are_more_cores() {
    let more = Trend::new(TrendKind::Scale(2.0));
    let mut kernel = ground(vec![spec("more", Attribute::Cores, NODE, at(&[5.0]), more)]);
    for token in 0..4 {
        let Ground { infrastructure, .. } = &mut kernel.model;
        let request = JobRequest::new(10_000.0);
        infrastructure.submit_job(&mut kernel.schedule, NodeId(0), request, owner(token)).unwrap();
    }
    kernel.run_until(secs(100.0));
    assert_eq!(kernel.model.ended, [(10.0, 0), (10.0, 1), (15.0, 2), (15.0, 3)]);
}

#[test]
fn memory_that_is_gone_admits_nothing() {
    let mut class = NodeClass::new("server", Tier::Edge, 4).with_cores(2, 1000.0);
    class.resources.memory_bytes = 8e9;
    let less = spec("less", Attribute::Memory, NODE, at(&[1.0]), Outage::new(0.25, span(1.0)));
    let mut kernel = ground_of(vec![less], class);
    let mut admits = |until: f64| {
        kernel.run_until(secs(until));
        let Ground { infrastructure, .. } = &mut kernel.model;
        let request = JobRequest { memory_bytes: 3e9, ..JobRequest::new(0.001) };
        infrastructure.submit_job(&mut kernel.schedule, NodeId(0), request, owner(0)).is_ok()
    };
    assert_eq!([0.5, 1.5, 2.5].map(&mut admits), [true, false, true]);
}

#[test]
fn a_transfer_takes_the_integral_of_a_perturbed_bandwidth() {
    // 3 MB: 1 s at 8 Mbit/s, then 2 s at 2 Mbit/s, and the last 12 Mbit at 8 Mbit/s; 3 ms of latency.
    let slow = spec("slow", Attribute::Bandwidth, LINK, at(&[1.0]), Outage::new(0.25, span(2.0)));
    let mut kernel = ground(vec![slow]);
    let Ground { infrastructure, .. } = &mut kernel.model;
    infrastructure
        .start_transfer(&mut kernel.schedule, NodeId(0), NodeId(3), 3e6, owner(1), None)
        .unwrap();
    kernel.run_until(secs(100.0));
    assert_eq!(kernel.model.ended, [(4.503, 1)]);
}

#[test]
fn a_cut_parts_what_it_says_and_heals() {
    let middle = Subject::Link(LinkId(1));
    let mut kernel = ground(vec![
        spec("cut", Attribute::Availability, middle, at(&[1.0]), outage(2.0)),
        // Overlapping: it is gone until both give it back.
        spec("again", Attribute::Availability, middle, at(&[2.0]), outage(2.0)),
        spec("node", Attribute::Availability, NODE, at(&[2.0]), outage(1.0)),
    ]);
    let mut reaches = |time: f64| {
        kernel.run_until(secs(time));
        let own = &mut kernel.model.infrastructure;
        let pair = |a, b| own.is_reachable(NodeId(a), NodeId(b));
        [pair(0, 1), pair(1, 2), pair(2, 3)]
    };
    assert_eq!(reaches(0.5), [true, true, true]);
    assert_eq!(reaches(1.5), [true, false, true]);
    assert_eq!(reaches(2.5), [false, false, true]);
    assert_eq!(reaches(3.5), [true, false, true]);
    assert_eq!(reaches(4.5), [true, true, true]);
}

#[test]
fn traffic_takes_bandwidth_of_its_route_in_its_direction() {
    let demands = vec![
        Demand { from: NodeId(0), to: NodeId(2), rate_bps: 2e6 },
        Demand { from: NodeId(3), to: NodeId(1), rate_bps: 1e6 },
    ];
    let links = (0..3).map(|link| Subject::Link(LinkId(link))).collect();
    let change = TrafficMatrix::new(demands, None);
    let traffic = PerturbationSpec::new("traffic", Attribute::Bandwidth, links, at(&[1.0]), change);
    let mut kernel = ground(vec![traffic]);
    kernel.run_until(secs(2.0));
    let network = kernel.model.infrastructure.network();
    let left = |direction| [0, 1, 2].map(|link| network.bandwidth_bps(LinkId(link), direction) / 1e6);
    assert_eq!(left(Direction::Forth), [6.0, 6.0, 8.0]);
    assert_eq!(left(Direction::Back), [8.0, 7.0, 7.0]);
}

#[test]
fn a_bandwidth_never_falls_to_nothing() {
    let none = Trend::new(TrendKind::Scale(0.0));
    let mut kernel = ground(vec![spec("none", Attribute::Bandwidth, LINK, at(&[1.0]), none)]);
    kernel.run_until(secs(2.0));
    let network = kernel.model.infrastructure.network();
    assert_eq!(network.bandwidth_bps(LinkId(0), Direction::Both), 1.0);
}

#[test]
fn batteries_are_emptied_filled_and_counted() {
    use crate::energy::BatteryModel;
    use crate::infra::BatterySpec;
    let mut class = NodeClass::new("drone", Tier::Edge, 4).with_cores(2, 1000.0);
    let full = Distribution::constant(1.0).unwrap();
    class.battery = Some(BatterySpec::new(BatteryModel::ideal(1000.0), full));
    let level = |name: &str, time: f64, to: f64| {
        let change = Trend::new(TrendKind::SetValue(Amount::Absolute(to)));
        spec(name, Attribute::BatteryLevel, NODE, at(&[time]), change)
    };
    let shrink = Trend::new(TrendKind::Scale(0.1));
    let specs = vec![
        level("half", 1.0, 0.5),
        spec("loss", Attribute::BatteryLevel, NODE, at(&[2.0, 3.0]), Trend::new(TrendKind::Scale(0.5))),
        level("empty", 4.0, 0.0),
        level("swap", 6.0, 1.0),
        spec("old", Attribute::BatteryCapacity, NODE, at(&[7.0]), shrink),
    ];
    let mut kernel = ground_of(specs, class);
    let mut seen = Vec::new();
    for time in [0.5, 1.5, 2.5, 3.5, 5.0, 6.5, 7.5] {
        kernel.run_until(secs(time));
        let own = &kernel.model.infrastructure;
        let left = own.battery(NodeId(0)).unwrap().level_j(secs(time));
        seen.push((left, own.node(NodeId(0)).is_available()));
    }
    // Each loss is of what there is then.
    let expected = [1000.0, 500.0, 250.0, 125.0, 0.0, 1000.0, 100.0];
    for (index, ((left, available), expected)) in seen.iter().zip(expected).enumerate() {
        assert!((left - expected).abs() < 1e-9, "{seen:?}");
        assert_eq!(*available, index != 4, "{seen:?}");
    }
    let totals = kernel.model.infrastructure.batteries_of(Tier::Edge, secs(7.5));
    assert!((totals.initial_j + totals.changed_j - totals.left_j).abs() < 1e-9, "{totals:?}");
}

#[test]
fn what_is_not_there_cannot_change() {
    let mut builder = InfraBuilder::new(RandomStreams::new(3));
    let model = Box::new(Static::at(vec![Position::default()]).unwrap());
    builder.class(NodeClass::new("server", Tier::Edge, 1), model);
    let change = Trend::new(TrendKind::Scale(0.5));
    builder.perturb(spec("old", Attribute::BatteryCapacity, NODE, at(&[1.0]), change));
    let error = builder.build().unwrap_err().to_string();
    assert_eq!(error, "perturbation old: server has no battery_capacity that could change");
}

#[test]
fn the_same_seed_gives_the_same_changes() {
    let run = || {
        let flap = Flap::new(0.1, 0.3, 0.0);
        let links: Vec<Subject> = (0..3).map(|link| Subject::Link(LinkId(link))).collect();
        let mut every = Timetable::every(span(1.0));
        (every.jitter, every.probability) = (0.5, 0.7);
        let noise = Noise::new(NoiseKind::Gaussian, Amount::Relative(0.2));
        let mut kernel = ground(vec![
            PerturbationSpec::new("a", Attribute::Availability, links.clone(), every.clone(), flap),
            PerturbationSpec::new("b", Attribute::Latency, links, every, noise),
        ]);
        kernel.run_until(secs(200.0));
        kernel.model.changes
    };
    let first = run();
    assert!(first.len() > 300);
    assert_eq!(first, run());
}
