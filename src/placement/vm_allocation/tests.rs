//! Allocation policies against what a scan of all hosts finds.

mod aware;

use super::power_index::microwatts;
use super::*;
use crate::energy::{ExponentPower, LinearPower, NodePower, power_preset};
use crate::engine::{RandomStreams, SimTime};
use crate::infra::compute::{Accelerator, Resources};
use crate::infra::{
    Fleet, HostSpec, InfraBuilder, Infrastructure, NodeClass, NodeId, Position, Static, Tier, VmId,
    VmSpec,
};
use proptest::prelude::*;

/// Hosts of three classes with different power, 5 W asleep.
fn infrastructure(counts: [u32; 3]) -> Infrastructure {
    let powers = [(100.0, 200.0), (100.0, 200.0), (40.0, 95.0)];
    hosts_of(counts, powers.map(|(idle_w, busy_w)| LinearPower { idle_w, busy_w }.into()))
}

/// Hosts of three classes, 5 W asleep.
fn hosts_of(counts: [u32; 3], powers: [NodePower; 3]) -> Infrastructure {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    for (index, (count, power)) in counts.into_iter().zip(powers).enumerate() {
        let mut class = NodeClass::new(format!("class-{index}"), Tier::Cloud, count)
            .with_cores(2 + 2 * index as u32, 1000.0);
        class.power = NodePower { sleep_w: 5.0, ..power };
        class.resources.memory_bytes = 16.0;
        builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
    }
    let mut infrastructure = builder.build().unwrap();
    for node in 0..counts.iter().sum() {
        infrastructure.add_host(NodeId(node), HostSpec::default(), SimTime::ZERO);
    }
    infrastructure
}

fn spec(memory_bytes: f64) -> VmSpec {
    let resources = Resources { memory_bytes, ..Resources::default() };
    VmSpec::new(2, 1000.0, resources)
}

/// Asks a policy about one virtual machine.
fn ask(
    policy: &mut dyn VmAllocationPolicy,
    infrastructure: &Infrastructure,
    fleet: &Fleet,
    spec: &VmSpec,
    demand_mips: f64,
) -> Option<HostId> {
    let mut random = RandomStreams::new(1).stream("test");
    let hosts: Vec<HostId> = fleet.hosts().collect();
    let need = VmNeed { vm: VmId(0), spec, demand_mips };
    let classes = infrastructure.classes();
    let mut view = AllocationView::new(SimTime::ZERO, need, &hosts, fleet, classes, &mut random);
    match policy.decide(&mut view) {
        VmAllocationDecision::Place(host) => Some(host),
        VmAllocationDecision::Wait => None,
    }
}

/// Power-aware best fit by looking at every host.
#[derive(Debug)]
struct Naive;

impl VmAllocationPolicy for Naive {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        let mut best: Option<(i64, HostId)> = None;
        for &host in view.hosts() {
            let candidate = (microwatts(view.power_increase_w(host)), host);
            if view.fits(host) && best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
        }
        best.map(|(_, host)| host).into()
    }
}

#[test]
fn fits_by_hand() {
    // Loads of 0.5, 0.25, 0.75 of 2000 MIPS, and an empty host; 600 MIPS are needed.
    let infrastructure = infrastructure([4, 0, 0]);
    let mut fleet = infrastructure.virtual_machines().fleet().clone();
    for (host, load) in [(0, 1000.0), (1, 500.0), (2, 1500.0)] {
        fleet.book(HostId(host), &spec(1.0), load);
    }
    let choose = |policy: &mut dyn VmAllocationPolicy, demand_mips: f64| {
        ask(policy, &infrastructure, &fleet, &spec(1.0), demand_mips)
    };
    assert_eq!(choose(&mut FirstFit::default(), 600.0), Some(HostId(0)));
    assert_eq!(choose(&mut BestFit::default(), 600.0), Some(HostId(0)));
    assert_eq!(choose(&mut BestFit::default(), 400.0), Some(HostId(2)));
    assert_eq!(choose(&mut WorstFit::default(), 600.0), Some(HostId(3)));
    // With linear power all hosts in use rise alike; the first wins. Only the empty one has room for 1600.
    assert_eq!(choose(&mut PowerAwareBestFit::default(), 400.0), Some(HostId(0)));
    assert_eq!(choose(&mut PowerAwareBestFit::default(), 1600.0), Some(HostId(3)));
    assert_eq!(choose(&mut PowerAwareBestFit::default(), 2100.0), None);
    let mut next = NextFit::default();
    let round: Vec<Option<HostId>> = (0..4).map(|_| choose(&mut next, 600.0)).collect();
    assert_eq!(round, [0, 1, 3, 0].map(|host| Some(HostId(host))));
    // The memory of one host is left: 15 of 16 bytes are free on those in use.
    assert_eq!(
        ask(&mut FirstFit::default(), &infrastructure, &fleet, &spec(16.0), 1.0),
        Some(HostId(3))
    );
}

#[test]
fn accelerators_are_left_to_those_that_need_them() {
    // Host 0 has two, host 1 none; both are empty.
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    for count in [2, 0] {
        let mut class = NodeClass::new(format!("with-{count}"), Tier::Cloud, 1).with_cores(2, 1000.0);
        class.resources.accelerators = vec![Accelerator { kind: 0, count }];
        builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
    }
    let mut infrastructure = builder.build().unwrap();
    for node in 0..2 {
        infrastructure.add_host(NodeId(node), HostSpec::default(), SimTime::ZERO);
    }
    let mut fleet = infrastructure.virtual_machines().fleet().clone();
    let plain = spec(0.0);
    let mut with_one = spec(0.0);
    with_one.resources.accelerators = vec![Accelerator { kind: 0, count: 1 }];
    let choose = |fleet: &Fleet, spec: &VmSpec| {
        ask(&mut AcceleratorAware {}, &infrastructure, fleet, spec, 1500.0)
    };
    assert_eq!(choose(&fleet, &plain), Some(HostId(1)));
    assert_eq!(choose(&fleet, &with_one), Some(HostId(0)));
    // When the host without has no room, the other one will do.
    fleet.book(HostId(1), &plain, 1500.0);
    assert_eq!(choose(&fleet, &plain), Some(HostId(0)));
}

/// Kinds of power models that are tried.
const MODELS: usize = 7;

fn model(number: usize) -> NodePower {
    let preset = |name: &str| NodePower::new(power_preset(name).unwrap().model(2));
    let power_of =
        |idle_w, busy_w, exponent| ExponentPower::new(idle_w, busy_w, exponent).unwrap().into();
    match number {
        0 => LinearPower { idle_w: 100.0, busy_w: 200.0 }.into(),
        1 => power_of(100.0, 200.0, 2.0),
        2 => power_of(40.0, 95.0, 3.0),
        3 => power_of(40.0, 95.0, 0.5),
        4 => preset("hp_proliant_ml110_g4"),
        5 => preset("ibm_x3550_m3_x5675"),
        _ => NodePower { off_when_idle: true, ..LinearPower { idle_w: 40.0, busy_w: 95.0 }.into() },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The index finds what the scan finds, whatever was booked and given back before, and whatever power is to load.
    #[test]
    fn the_index_finds_what_a_scan_finds(
        models in [0..MODELS, 0..MODELS, 0..MODELS],
        counts in [0u32..12, 0u32..12, 0u32..12],
        steps in prop::collection::vec((0.0..1.0f64, 0.0..5.0f64, any::<bool>(), 0usize..40), 1..80),
    ) {
        let infrastructure = hosts_of(counts, models.map(model));
        let mut fleet = infrastructure.virtual_machines().fleet().clone();
        let mut policy = PowerAwareBestFit::default();
        let mut booked: Vec<(HostId, VmSpec, f64)> = Vec::new();
        for (share, memory, leaves, which) in steps {
            if leaves && !booked.is_empty() {
                let (host, spec, demand) = booked.swap_remove(which % booked.len());
                fleet.unbook(host, &spec, demand);
                continue;
            }
            // Round demands, so that equal rises do occur.
            let demand = (share * 20.0).floor() * 100.0;
            let spec = spec(memory.floor());
            let found = ask(&mut policy, &infrastructure, &fleet, &spec, demand);
            let expected = ask(&mut Naive, &infrastructure, &fleet, &spec, demand);
            prop_assert_eq!(found, expected);
            if let Some(host) = found {
                fleet.book(host, &spec, demand);
                booked.push((host, spec, demand));
            }
        }
    }
}
