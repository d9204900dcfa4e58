//! Service and energy of virtual machines against hand calculations, and sums that must come out.

use super::tests::{
    Action, GIB, Site, act, action, assert_near, demand, energy_j, hosts, machines, run_to, running,
    site, site_at, vm_spec,
};
use super::*;
use crate::energy::sla::{Contract, Penalty, ServiceLevel, ViolationCause};
use crate::energy::{EnergyFlows, Interpolation, Outside, Signal, SiteSpec};
use crate::engine::Kernel;
use crate::infra::{HostId, InfraBuilder, NodeId, VmId};
use proptest::prelude::*;
use std::sync::Arc;

/// 3.60 an hour, of which the missing share is given back.
fn contract() -> Contract {
    Contract::new(0.001, Penalty::Proportional { factor: 1.0 })
}

fn with(contract: &Contract, spec: VmSpec) -> VmSpec {
    VmSpec { sla: Some(Arc::new(ServiceLevel::new(contract.clone()))), ..spec }
}

fn violated_s(kernel: &Kernel<Site>, vm: VmId, cause: ViolationCause) -> f64 {
    machines(kernel).service(vm, kernel.now()).unwrap().violated_s(cause)
}

fn owed(kernel: &Kernel<Site>, vm: VmId) -> f64 {
    machines(kernel).penalties(vm, kernel.now()).unwrap().total
}

fn flows(kernel: &Kernel<Site>, vm: VmId) -> EnergyFlows {
    kernel.model.infrastructure.vm_flows(vm, kernel.now())
}

#[test]
fn an_overload_is_owed_for_by_what_is_missing() {
    // 2700 of 2000 MIPS are wanted for 10 s: 7/27 are missing. Then there is enough for 20 s.
    let mut kernel = site(1, 2, 1000.0);
    let a = running(&mut kernel, 0, with(&contract(), vm_spec(1, 1000.0, 1.0)), 900.0);
    let b = running(&mut kernel, 0, vm_spec(2, 1000.0, 1.0), 1800.0);
    run_to(&mut kernel, 10.0);
    demand(&mut kernel, b, 600.0);
    run_to(&mut kernel, 30.0);
    let tally = machines(&kernel).service(a, kernel.now()).unwrap();
    assert_eq!((tally.violations(ViolationCause::Overload), tally.span_s()), (1, 30.0));
    assert_near(tally.violated_s(ViolationCause::Overload), 10.0);
    assert_eq!(tally.availability(), 1.0);
    assert_near(owed(&kernel, a), 0.001 * 10.0 * 7.0 / 27.0);
    assert!(machines(&kernel).penalties(b, kernel.now()).is_none(), "it has no contract");
}

#[test]
fn a_pause_and_a_loss_are_owed_for_by_their_own_causes() {
    // Moved at 10 s with a pause of 8 s (1 GB over 1 Gbit/s); lost at 50 s, started again at 70 s, to 100 s.
    let faults = [(1, 50.0)];
    let mut kernel = site_at(hosts(3, 1, 1000.0, 8.0), HostSpec::default(), 1e9, &faults, |_| {});
    let mut own = contract();
    own.penalties[ViolationCause::Migration as usize] = Penalty::Fixed { amount: 5.0 };
    own.penalties[ViolationCause::Crash as usize] = Penalty::Full { factor: 10.0 };
    let vm = running(&mut kernel, 0, with(&own, vm_spec(1, 1000.0, 1e9 / GIB)), 500.0);
    run_to(&mut kernel, 10.0);
    let spec = MigrationSpec {
        method: MigrationMethod::StopAndCopy,
        memory: CopiedMemory::Whole,
        degradation: 0.0,
    };
    let infrastructure = &mut kernel.model.infrastructure;
    infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    run_to(&mut kernel, 70.0);
    assert_eq!(machines(&kernel).state(vm), VmState::Lost);
    let infrastructure = &mut kernel.model.infrastructure;
    let boot = crate::engine::SimDuration::from_secs(5.0);
    infrastructure.place_vm(&mut kernel.schedule, vm, HostId(2), boot, 500.0).unwrap();
    run_to(&mut kernel, 100.0);
    assert_near(violated_s(&kernel, vm, ViolationCause::Migration), 8.0);
    // The time in which it starts again counts, too.
    assert_near(violated_s(&kernel, vm, ViolationCause::Crash), 25.0);
    assert_eq!(violated_s(&kernel, vm, ViolationCause::Overload), 0.0);
    assert_near(owed(&kernel, vm), 5.0 + 10.0 * 0.001 * 25.0);
    let tally = machines(&kernel).service(vm, kernel.now()).unwrap();
    assert_near(tally.availability(), 1.0 - 33.0 / 100.0);
}

#[test]
fn a_contract_begins_with_the_first_run() {
    let mut kernel = site(1, 1, 1000.0);
    let now = kernel.now();
    let spec = with(&contract(), vm_spec(1, 1000.0, 1.0));
    let owner = crate::infra::Owner { workload: 0, token: 0 };
    let vm = kernel.model.infrastructure.add_vm(spec, owner, now);
    run_to(&mut kernel, 40.0);
    let boot = crate::engine::SimDuration::from_secs(10.0);
    let infrastructure = &mut kernel.model.infrastructure;
    infrastructure.place_vm(&mut kernel.schedule, vm, HostId(0), boot, 0.0).unwrap();
    run_to(&mut kernel, 60.0);
    let tally = machines(&kernel).service(vm, kernel.now()).unwrap();
    assert_eq!((tally.span_s(), tally.availability()), (10.0, 1.0));
    kernel.model.infrastructure.stop_vm(&mut kernel.schedule, vm);
    run_to(&mut kernel, 90.0);
    assert_eq!(machines(&kernel).service(vm, kernel.now()).unwrap().span_s(), 10.0);
}

#[test]
fn idle_power_goes_by_size_and_the_rest_by_use() {
    // 4 x 1000 MIPS, 100 W idle and 200 W busy. A has 1 core and uses 500 MIPS, B 3 cores and 3000: 187.5 W.
    let mut kernel = site(2, 4, 1000.0);
    let a = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 500.0);
    let b = running(&mut kernel, 0, vm_spec(3, 1000.0, 1.0), 3000.0);
    run_to(&mut kernel, 10.0);
    assert_near(flows(&kernel, a).energy_j, 10.0 * (25.0 + 12.5));
    assert_near(flows(&kernel, b).energy_j, 10.0 * (75.0 + 75.0));
    // Then B goes, and A has the whole of what is drawn idle.
    kernel.model.infrastructure.stop_vm(&mut kernel.schedule, b);
    run_to(&mut kernel, 20.0);
    assert_near(flows(&kernel, a).energy_j, 375.0 + 10.0 * (100.0 + 12.5));
    assert_near(flows(&kernel, b).energy_j, 1500.0);
    // Then nobody is there.
    kernel.model.infrastructure.stop_vm(&mut kernel.schedule, a);
    run_to(&mut kernel, 30.0);
    let unattributed =
        |host| kernel.model.infrastructure.unattributed_flows(HostId(host), kernel.now()).energy_j;
    assert_near(unattributed(0), 1000.0);
    assert_near(unattributed(1), 3000.0);
    assert_near(energy_j(&kernel, 0), 375.0 + 1500.0 + 1125.0 + 1000.0);
}

#[test]
fn the_energy_of_a_copy_is_that_of_the_virtual_machine_copied() {
    // 1 GB at 2 nJ a byte sent and 3 nJ received.
    let mut class = hosts(2, 1, 1000.0, 8.0);
    (class.interface.transmit_j_per_byte, class.interface.receive_j_per_byte) = (2e-9, 3e-9);
    let mut kernel = site_at(class, HostSpec::default(), 1e9, &[], |_| {});
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1e9 / GIB), 0.0);
    let spec = MigrationSpec {
        method: MigrationMethod::StopAndCopy,
        memory: CopiedMemory::Whole,
        degradation: 0.0,
    };
    let infrastructure = &mut kernel.model.infrastructure;
    infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    run_to(&mut kernel, 20.0);
    assert_near(flows(&kernel, vm).energy_j, 20.0 * 100.0 + 5.0);
}

/// A price that changes and falls below nothing, carbon on a straight line, cooling, and power of the sun.
fn priced(builder: &mut InfraBuilder, nodes: std::ops::Range<u32>) {
    let signal = |points: &[(f64, f64)], interpolation| {
        Arc::new(Signal::new(points, interpolation, 40.0, Outside::Repeat).unwrap())
    };
    let mut site = SiteSpec::new(format!("site-{}", nodes.start));
    site.price = Some(signal(&[(0.0, 3e-8), (7.0, -2e-8), (13.0, 5e-8)], Interpolation::Hold));
    site.carbon = Some(signal(&[(0.0, 1e-4), (20.0, 3e-4)], Interpolation::Linear));
    site.pue = Arc::new(Signal::constant(1.4));
    let sun = signal(&[(0.0, 0.0), (15.0, 300.0), (30.0, 100.0)], Interpolation::Hold);
    site.generation.push(crate::energy::Generation { signal: sun, scale_w: 1.0 });
    builder.site(site, nodes.map(NodeId).collect());
}

/// All parts of what two flows are made of, with their names.
fn parts(flows: EnergyFlows) -> [(&'static str, f64); 6] {
    [
        ("energy", flows.energy_j),
        ("demand", flows.demand_j),
        ("green", flows.green_j),
        ("brown", flows.brown_j),
        ("cost", flows.cost),
        ("carbon", flows.carbon_g),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever is done, what virtual machines used and what nobody did is what the hosts used: energy, its origin, its
    /// cost and its carbon, at sites and (the last host) elsewhere.
    #[test]
    fn shares_of_energy_add_up(
        actions in prop::collection::vec(action(), 1..60),
        fault_s in prop::option::of(0.0..60.0f64),
        at_sites in any::<bool>(),
    ) {
        let faults: Vec<(u32, f64)> = fault_s.map(|time_s| (1, time_s)).into_iter().collect();
        let mut class = hosts(4, 2, 1000.0, 8.0);
        (class.interface.transmit_j_per_byte, class.interface.receive_j_per_byte) = (2e-7, 3e-7);
        let mut kernel = site_at(class, HostSpec::default(), 1e9, &faults, |builder| {
            if at_sites {
                priced(builder, 0..2);
                priced(builder, 2..3);
            }
        });
        let mut jobs = 0;
        for action in actions {
            act(&mut kernel, action, &mut jobs);
            // No power is told before the instant is over.
            if !matches!(action, Action::Wait { .. }) {
                continue;
            }
            let now = kernel.now();
            let infrastructure = &mut kernel.model.infrastructure;
            infrastructure.settle(now);
            let machines = infrastructure.virtual_machines();
            let mut sum = EnergyFlows::default();
            for vm in (0..machines.len() as u32).map(VmId) {
                let own = infrastructure.vm_flows(vm, now);
                prop_assert!(own.energy_j >= -1e-9, "{} J of {}", own.energy_j, vm.0);
                sum += own;
            }
            let mut whole = EnergyFlows::default();
            for host in machines.fleet().hosts() {
                let node = machines.fleet().nodes()[host.index()];
                sum += infrastructure.unattributed_flows(host, now);
                let energy_j = infrastructure.meter(node).energy_j(now);
                whole += infrastructure.node_flows(node).unwrap_or(unpriced(energy_j));
            }
            for ((name, found), (_, expected)) in parts(sum).into_iter().zip(parts(whole)) {
                // Costs are sums of amounts of both signs.
                let scale = if name == "cost" { whole.energy_j * 5e-8 } else { expected };
                let error = (found - expected).abs();
                prop_assert!(error <= 1e-9 * scale.abs().max(1e-9), "{name}: {found} of {expected}");
            }
        }
    }

    /// Whatever is done, the time of a contract is that of its account from the first run on, each cause's violations
    /// are within it, and what is missing of the time in service is pauses and outages.
    #[test]
    fn contracts_cover_the_time_since_the_first_run(
        actions in prop::collection::vec(action(), 1..60),
        fault_s in prop::option::of(0.0..60.0f64),
    ) {
        let faults: Vec<(u32, f64)> = fault_s.map(|time_s| (1, time_s)).into_iter().collect();
        let spec = HostSpec::default();
        let mut kernel = site_at(hosts(4, 2, 1000.0, 8.0), spec, 1e9, &faults, |_| {});
        kernel.model.contract = Some(contract());
        let mut jobs = 0;
        for action in actions {
            act(&mut kernel, action, &mut jobs);
        }
        let now = kernel.now();
        for vm in (0..machines(&kernel).len() as u32).map(VmId) {
            let account = machines(&kernel).account(vm, now);
            let tally = machines(&kernel).service(vm, now).unwrap();
            let lived_s = account.running_s + account.paused_s + account.outage_s;
            prop_assert!(tally.span_s() <= lived_s + 1e-9);
            if account.running_s > 0.0 {
                let up_s = tally.span_s() * tally.availability();
                prop_assert!((up_s - account.running_s).abs() < 1e-6, "{up_s} of {}", account.running_s);
            } else {
                prop_assert_eq!(tally.span_s(), 0.0);
            }
            let violated_s: f64 = ViolationCause::ALL.map(|cause| tally.violated_s(cause)).iter().sum();
            prop_assert!(violated_s <= tally.span_s() + 1e-9);
            let owed = machines(&kernel).penalties(vm, now).unwrap();
            prop_assert!(owed.total <= owed.bill * (1.0 + 1e-12) && owed.total >= 0.0);
        }
    }
}

#[test]
fn a_site_whose_host_has_failed_draws_nothing() {
    let mut kernel = site_at(hosts(1, 1, 1000.0, 8.0), HostSpec::default(), 1e9, &[(0, 10.0)], |_| {});
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 1000.0);
    run_to(&mut kernel, 60.0);
    assert_near(flows(&kernel, vm).energy_j, 10.0 * 200.0);
    let unattributed = kernel.model.infrastructure.unattributed_flows(HostId(0), kernel.now()).energy_j;
    assert_near(unattributed, 0.0);
}
