//! Virtual machines against hand calculations, and what must hold whatever is done to them.

mod frequency;

use super::*;
use crate::energy::{JobClass, LinearPower};
use crate::engine::{Kernel, Model, RandomStreams, Schedule, SimDuration, SimTime};
use crate::infra::compute::{Accelerator, Discipline, JobRequest, Resources};
use crate::infra::network::LinkSpec;
use crate::infra::{
    FaultTarget, FaultTimes, HostId, InfraBuilder, InfraEvent, Infrastructure, NodeClass, NodeId,
    Notice, Owner, Position, Static, Tier, VmId,
};
use proptest::prelude::*;

pub(super) const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// An infrastructure alone, with all that it has told.
pub(super) struct Site {
    pub(super) infrastructure: Infrastructure,
    told: Vec<(f64, String)>,
    /// What is agreed on those that `act` adds.
    pub(super) contract: Option<crate::energy::sla::Contract>,
}

impl Model for Site {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.infrastructure.handle(schedule, event);
        self.listen(schedule.now());
    }
}

impl Site {
    fn listen(&mut self, now: SimTime) {
        while let Some(notice) = self.infrastructure.take_notice() {
            let text = match notice {
                Notice::JobEnded { job, outcome, .. } => format!("job {} {outcome:?}", job.owner.token),
                Notice::VmChanged { vm, change } => format!("vm {} {change:?}", vm.0),
                Notice::VmMigrated(record) => {
                    format!("migration of {} {:?}", record.vm.0, record.outcome)
                }
                Notice::HostChanged { host, state } => format!("host {} {}", host.0, state.name()),
                _ => continue,
            };
            self.told.push((now.as_secs(), text));
        }
    }
}

/// What hosts of a test are like: cores, MIPS of each, GiB of memory.
pub(super) fn hosts(count: u32, cores: u32, mips: f64, gib: f64) -> NodeClass {
    let mut class = NodeClass::new("host", Tier::Cloud, count).with_cores(cores, mips);
    class.power = LinearPower { idle_w: 100.0, busy_w: 200.0 }.into();
    class.power.sleep_w = 5.0;
    class.resources = Resources {
        memory_bytes: gib * GIB,
        storage_bytes: f64::INFINITY,
        accelerators: vec![Accelerator { kind: 0, count: 1 }],
    };
    class
}

/// Hosts around a switch, with links of `bandwidth_bps`.
fn site_with(
    class: NodeClass,
    spec: HostSpec,
    bandwidth_bps: f64,
    faults: &[(u32, f64)],
) -> Kernel<Site> {
    site_at(class, spec, bandwidth_bps, faults, |_| {})
}

/// The same, with what is added to the infrastructure.
pub(super) fn site_at(
    class: NodeClass,
    spec: HostSpec,
    bandwidth_bps: f64,
    faults: &[(u32, f64)],
    add: impl FnOnce(&mut InfraBuilder),
) -> Kernel<Site> {
    let count = class.count;
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let standing = || Box::new(Static::at(vec![Position::default()]).unwrap());
    builder.class(class, standing());
    builder.class(NodeClass { cores: 0, ..NodeClass::new("switch", Tier::Network, 1) }, standing());
    for host in 0..count {
        builder.link(
            format!("link-{host}"),
            LinkSpec::new(NodeId(host), NodeId(count), SimDuration::ZERO, bandwidth_bps),
        );
    }
    for &(node, time_s) in faults {
        let times = vec![SimTime::from_secs(time_s), SimTime::from_secs(time_s + 100.0)];
        builder.fault(FaultTarget::Node(NodeId(node)), FaultTimes::Given(times));
    }
    add(&mut builder);
    let mut infrastructure = builder.build().unwrap();
    for node in 0..count {
        infrastructure.add_host(NodeId(node), spec, SimTime::ZERO);
    }
    let mut kernel = Kernel::new(Site { infrastructure, told: Vec::new(), contract: None });
    kernel.model.infrastructure.start(&mut kernel.schedule);
    kernel
}

pub(super) fn site(count: u32, cores: u32, mips: f64) -> Kernel<Site> {
    site_with(hosts(count, cores, mips, 8.0), HostSpec::default(), 1e9, &[])
}

pub(super) fn vm_spec(vcpus: u32, mips: f64, gib: f64) -> VmSpec {
    let resources = Resources { memory_bytes: gib * GIB, ..Resources::default() };
    VmSpec::new(vcpus, mips, resources)
}

fn add(kernel: &mut Kernel<Site>, spec: VmSpec) -> VmId {
    let now = kernel.now();
    let token = kernel.model.infrastructure.virtual_machines().len() as u64;
    kernel.model.infrastructure.add_vm(spec, Owner { workload: 0, token }, now)
}

fn place(kernel: &mut Kernel<Site>, vm: VmId, host: u32) -> Result<(), VmRefusal> {
    let result = kernel.model.infrastructure.place_vm(
        &mut kernel.schedule,
        vm,
        HostId(host),
        SimDuration::ZERO,
        0.0,
    );
    let now = kernel.now();
    kernel.model.listen(now);
    result
}

/// A virtual machine on a host that wants `demand_mips`.
pub(super) fn running(kernel: &mut Kernel<Site>, host: u32, spec: VmSpec, demand_mips: f64) -> VmId {
    let vm = add(kernel, spec);
    place(kernel, vm, host).unwrap();
    demand(kernel, vm, demand_mips);
    vm
}

pub(super) fn demand(kernel: &mut Kernel<Site>, vm: VmId, demand_mips: f64) {
    kernel.model.infrastructure.set_vm_demand(&mut kernel.schedule, vm, demand_mips);
}

fn submit(kernel: &mut Kernel<Site>, vm: VmId, token: u64, length_mi: f64) {
    let request = JobRequest {
        length_mi,
        cores: 1,
        memory_bytes: 0.0,
        accelerator: None,
        class: JobClass::Compute,
    };
    let owner = Owner { workload: 0, token };
    kernel.model.infrastructure.submit_vm_job(&mut kernel.schedule, vm, request, owner).unwrap();
}

pub(super) fn run_to(kernel: &mut Kernel<Site>, time_s: f64) {
    kernel.run_until(SimTime::from_secs(time_s));
}

pub(super) fn account(kernel: &Kernel<Site>, vm: VmId) -> VmAccount {
    kernel.model.infrastructure.virtual_machines().account(vm, kernel.now())
}

pub(super) fn energy_j(kernel: &Kernel<Site>, node: u32) -> f64 {
    kernel.model.infrastructure.meter(NodeId(node)).energy_j(kernel.now())
}

pub(super) fn machines(kernel: &Kernel<Site>) -> &VirtualMachines {
    kernel.model.infrastructure.virtual_machines()
}

#[track_caller]
pub(super) fn assert_near(found: f64, expected: f64) {
    let error = 1e-9 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= error, "found {found}, expected {expected}");
}

/// Told at about this time, by the second's ninth digit.
#[track_caller]
fn assert_told(kernel: &Kernel<Site>, time_s: f64, what: &str) {
    let near = |told: &(f64, String)| (told.0 - time_s).abs() < 1e-8 && told.1 == what;
    assert!(kernel.model.told.iter().any(near), "no {what:?} at {time_s}: {:?}", kernel.model.told);
}

#[test]
fn two_virtual_machines_share_an_overloaded_host_in_proportion() {
    // A host of 2 x 1000 MIPS. A wants 900 of its 1000, B 1800 of its 2000: 2700 of 2000 MIPS. Each gets
    // 20/27 of what it wants: 666.67 and 1333.33. From 10 s on B wants 600, and both get all.
    let mut kernel = site(1, 2, 1000.0);
    let a = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 900.0);
    let b = running(&mut kernel, 0, vm_spec(2, 1000.0, 1.0), 1800.0);
    run_to(&mut kernel, 10.0);
    assert_near(machines(&kernel).allocated_mips()[a.index()], 900.0 * 20.0 / 27.0);
    assert_near(machines(&kernel).allocated_mips()[b.index()], 1800.0 * 20.0 / 27.0);
    demand(&mut kernel, b, 600.0);
    run_to(&mut kernel, 30.0);
    let account = [a, b].map(|vm| account(&kernel, vm));
    assert_near(account[0].requested_mi, 900.0 * 30.0);
    assert_near(account[0].overload_mi, 900.0 * 7.0 / 27.0 * 10.0);
    assert_near(account[1].requested_mi, 1800.0 * 10.0 + 600.0 * 20.0);
    assert_near(account[1].allocated_mi(), 1800.0 * 20.0 / 27.0 * 10.0 + 600.0 * 20.0);
    assert_eq!((account[0].missed_s, account[0].running_s), (10.0, 30.0));
    assert_near(account[0].missed_share_s, 10.0 * 7.0 / 27.0);
    // 10 s at 200 W, then 20 s at 1500 of 2000 MIPS: 175 W.
    assert_near(energy_j(&kernel, 0), 10.0 * 200.0 + 20.0 * 175.0);
    let host = machines(&kernel).host_account(HostId(0), kernel.now());
    assert_near(host.overloaded_s, 10.0);
    assert_near(host.active_s, 30.0);
    assert_near(host.allocated_mi, 2000.0 * 10.0 + 1500.0 * 20.0);
}

#[test]
fn a_virtual_core_is_never_faster_than_a_core_of_its_host() {
    // Two virtual cores of 1500 MIPS on a host of 4 x 1000: at most 2000 of the 3000 wanted.
    let mut kernel = site(1, 4, 1000.0);
    let vm = running(&mut kernel, 0, vm_spec(2, 1500.0, 1.0), 1e9);
    run_to(&mut kernel, 1.0);
    assert_near(machines(&kernel).demand_mips()[vm.index()], 3000.0);
    assert_near(machines(&kernel).allocated_mips()[vm.index()], 2000.0);
}

#[test]
fn jobs_go_at_the_speed_that_the_host_gives_their_virtual_machine() {
    // One core of 1000 MIPS; A takes jobs, B wants 1000 from 1 s to 3 s. A's job of 2000 MI does 1000 by 1 s,
    // 1000 more at half speed by 3 s. The second job of 1500 MI comes at 2 s, when 500 MI of the first are left:
    // each then gets 250 MIPS, and from 3 s on 500. The first has 250 left at 3 s and is done at 3.5 s; the
    // second has 1500 - 250 - 250 = 1000 left then, and is done alone at 4.5 s.
    let mut kernel = site(1, 1, 1000.0);
    let a = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 0.0);
    let discipline = Discipline::TimeShared { job_limit: usize::MAX };
    kernel.model.infrastructure.take_jobs(&mut kernel.schedule, a, discipline);
    let b = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 0.0);
    submit(&mut kernel, a, 1, 2000.0);
    run_to(&mut kernel, 1.0);
    demand(&mut kernel, b, 1000.0);
    run_to(&mut kernel, 2.0);
    submit(&mut kernel, a, 2, 1500.0);
    run_to(&mut kernel, 3.0);
    demand(&mut kernel, b, 0.0);
    run_to(&mut kernel, 10.0);
    assert_told(&kernel, 3.5, "job 1 Done");
    assert_told(&kernel, 4.5, "job 2 Done");
    let account = account(&kernel, a);
    assert_near(account.allocated_mi(), 3500.0);
    assert_near(account.requested_mi, 4500.0);
}

#[test]
fn what_changes_at_one_instant_is_shared_once() {
    let mut kernel = site(1, 2, 1000.0);
    let before = kernel.processed();
    let vms: Vec<VmId> =
        (0..50).map(|_| running(&mut kernel, 0, vm_spec(1, 1000.0, 0.1), 500.0)).collect();
    run_to(&mut kernel, 1.0);
    assert_eq!(kernel.processed() - before, 1);
    vms.iter().for_each(|&vm| demand(&mut kernel, vm, 10.0));
    run_to(&mut kernel, 2.0);
    assert_eq!(kernel.processed() - before, 2);
    // The same demand again is no change.
    vms.iter().for_each(|&vm| demand(&mut kernel, vm, 10.0));
    run_to(&mut kernel, 3.0);
    assert_eq!(kernel.processed() - before, 2);
}

#[test]
fn a_space_shared_host_gives_whole_cores() {
    let spec = HostSpec { sharing: Sharing::SpaceShared, ..HostSpec::default() };
    let mut kernel = site_with(hosts(1, 4, 1000.0, 8.0), spec, 1e9, &[]);
    let first = running(&mut kernel, 0, vm_spec(3, 500.0, 1.0), 1500.0);
    let second = add(&mut kernel, vm_spec(2, 500.0, 1.0));
    assert_eq!(place(&mut kernel, second, 0), Err(VmRefusal::Cores));
    running(&mut kernel, 0, vm_spec(1, 500.0, 1.0), 500.0);
    kernel.model.infrastructure.stop_vm(&mut kernel.schedule, first);
    assert_eq!(place(&mut kernel, second, 0), Ok(()));
}

#[test]
fn what_is_short_refuses_a_virtual_machine() {
    let spec =
        HostSpec { sharing: Sharing::TimeShared { oversubscription: 1.5 }, ..HostSpec::default() };
    let mut kernel = site_with(hosts(1, 4, 1000.0, 8.0), spec, 1e9, &[]);
    let mut try_one = |spec: VmSpec| {
        let vm = add(&mut kernel, spec);
        (place(&mut kernel, vm, 0), vm)
    };
    assert_eq!(try_one(vm_spec(5, 100.0, 1.0)).0, Err(VmRefusal::Cores));
    assert_eq!(try_one(vm_spec(1, 100.0, 8.5)).0, Err(VmRefusal::Memory));
    let mut with_gpus = vm_spec(1, 100.0, 1.0);
    with_gpus.resources.accelerators = vec![Accelerator { kind: 0, count: 2 }];
    assert_eq!(try_one(with_gpus).0, Err(VmRefusal::Accelerators));
    let (first, vm) = try_one(vm_spec(4, 1500.0, 1.0));
    assert_eq!(first, Ok(()));
    assert_eq!(try_one(vm_spec(1, 1.0, 1.0)).0, Err(VmRefusal::Oversubscription));
    assert_eq!(place(&mut kernel, vm, 0), Err(VmRefusal::State));
}

#[test]
fn stop_and_copy_pauses_for_the_whole_copy() {
    // 1 GiB over 1 Gbit/s: 8.589934592 s, in which the virtual machine stands still.
    let mut kernel = site(2, 1, 1000.0);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 1000.0);
    let spec = MigrationSpec {
        method: MigrationMethod::StopAndCopy,
        memory: CopiedMemory::Whole,
        degradation: 0.1,
    };
    kernel.model.infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    let copy_s = GIB * 8.0 / 1e9;
    run_to(&mut kernel, 20.0);
    assert_told(&kernel, copy_s, "migration of 0 Done");
    let account = account(&kernel, vm);
    assert!((account.paused_s - copy_s).abs() < 1e-8);
    assert!((account.migration_mi - 1000.0 * copy_s).abs() < 1e-5);
    assert!((account.availability() - (20.0 - copy_s) / 20.0).abs() < 1e-9);
    assert_eq!(machines(&kernel).host(vm), Some(HostId(1)));
    // The old host idles throughout, the new one from the start until it runs there.
    assert!((energy_j(&kernel, 0) - 100.0 * 20.0).abs() < 1e-5);
    assert!((energy_j(&kernel, 1) - (100.0 * copy_s + 200.0 * (20.0 - copy_s))).abs() < 1e-5);
}

/// Pre-copy at a constant rate R with writes at D: rounds of V, V r, V r^2, ... bytes with r = D/R.
#[test]
fn pre_copy_is_a_geometric_series() {
    let (rate, dirty, volume) = (125e6, 25e6, 2.0 * GIB);
    let mut kernel = site(2, 1, 1000.0);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 2.0), 500.0);
    let method = MigrationMethod::PreCopy {
        dirty_bytes_per_s: dirty,
        downtime_limit: SimDuration::from_secs(0.3),
        round_limit: 30,
    };
    let spec = MigrationSpec { method, memory: CopiedMemory::Whole, degradation: 0.2 };
    kernel.model.infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    // 17.18 s, 3.436 s, 0.687 s, then 0.137 s < 0.3 s are left: the pause.
    let ratio: f64 = dirty / rate;
    let first_s = volume / rate;
    let copying_s = first_s * (1.0 + ratio + ratio * ratio);
    let pause_s = first_s * ratio.powi(3);
    assert!(pause_s < 0.3 && first_s * ratio * ratio > 0.3);
    run_to(&mut kernel, 60.0);
    assert_told(&kernel, copying_s + pause_s, "migration of 0 Done");
    let account = account(&kernel, vm);
    assert!((account.paused_s - pause_s).abs() < 1e-8, "{}", account.paused_s);
    // A fifth of its 500 MIPS while it is copied, all of it in the pause.
    assert!((account.migration_mi - (100.0 * copying_s + 500.0 * pause_s)).abs() < 1e-4);
    assert_eq!((account.migrations, account.overload_mi), (1, 0.0));
}

#[test]
fn writes_faster_than_the_link_end_in_a_pause_after_one_round() {
    let mut kernel = site(2, 1, 1000.0);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 500.0);
    let method = MigrationMethod::PreCopy {
        dirty_bytes_per_s: 1e9,
        downtime_limit: SimDuration::from_secs(0.3),
        round_limit: 30,
    };
    let spec = MigrationSpec { method, memory: CopiedMemory::Whole, degradation: 0.1 };
    kernel.model.infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    let copy_s = GIB * 8.0 / 1e9;
    run_to(&mut kernel, 60.0);
    assert_told(&kernel, 2.0 * copy_s, "migration of 0 Done");
    assert!((account(&kernel, vm).paused_s - copy_s).abs() < 1e-8);
}

#[test]
fn two_migrations_over_one_link_take_twice_as_long() {
    let time_s = |count: u32| {
        let mut kernel = site(1 + count, 4, 1000.0);
        let method = MigrationMethod::StopAndCopy;
        for to in 1..=count {
            let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 100.0);
            let spec = MigrationSpec { method, memory: CopiedMemory::Whole, degradation: 0.0 };
            let infrastructure = &mut kernel.model.infrastructure;
            infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(to), spec).unwrap();
        }
        run_to(&mut kernel, 100.0);
        let ends: Vec<f64> =
            kernel.model.told.iter().filter(|told| told.1.contains("Done")).map(|told| told.0).collect();
        assert_eq!(ends.len(), count as usize);
        ends[ends.len() - 1]
    };
    assert!((time_s(2) - 2.0 * time_s(1)).abs() < 1e-7);
}

#[test]
fn a_migration_books_both_ends_until_it_ends() {
    let mut kernel = site(2, 4, 1000.0);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 5.0), 100.0);
    let infrastructure = &mut kernel.model.infrastructure;
    let spec = MigrationSpec::default();
    infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    let again = infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec);
    assert_eq!(again, Err(VmRefusal::State));
    let other = add(&mut kernel, vm_spec(1, 1000.0, 4.0));
    assert_eq!(place(&mut kernel, other, 0), Err(VmRefusal::Memory));
    assert_eq!(place(&mut kernel, other, 1), Err(VmRefusal::Memory));
    run_to(&mut kernel, 100.0);
    assert_eq!(place(&mut kernel, other, 1), Err(VmRefusal::Memory));
    assert_eq!(place(&mut kernel, other, 0), Ok(()));
}

fn slow_sleeper() -> HostSpec {
    HostSpec {
        sleep: SleepSpec {
            fall_asleep: SimDuration::from_secs(10.0),
            fall_asleep_w: Some(60.0),
            wake: SimDuration::from_secs(20.0),
            wake_w: Some(150.0),
        },
        ..HostSpec::default()
    }
}

#[test]
fn a_host_falls_asleep_sleeps_and_wakes_with_time_and_energy() {
    let mut kernel = site_with(hosts(1, 1, 1000.0, 8.0), slow_sleeper(), 1e9, &[]);
    run_to(&mut kernel, 5.0);
    kernel.model.infrastructure.sleep_host(&mut kernel.schedule, HostId(0));
    run_to(&mut kernel, 50.0);
    assert_eq!(machines(&kernel).fleet().states()[0], HostState::Asleep);
    // 5 s idle, 10 s falling asleep, 35 s asleep.
    assert_near(energy_j(&kernel, 0), 5.0 * 100.0 + 10.0 * 60.0 + 35.0 * 5.0);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 1000.0);
    run_to(&mut kernel, 100.0);
    assert_told(&kernel, 70.0, "host 0 on");
    assert_told(&kernel, 70.0, "vm 0 Started");
    assert_near(energy_j(&kernel, 0), 1275.0 + 20.0 * 150.0 + 30.0 * 200.0);
    let account = account(&kernel, vm);
    assert_near(account.outage_s, 20.0);
    assert_near(account.outage_mi, 20_000.0);
    assert_near(account.allocated_mi(), 30_000.0);
}

#[test]
fn a_host_that_falls_asleep_wakes_again_for_who_comes_meanwhile() {
    let mut kernel = site_with(hosts(1, 1, 1000.0, 8.0), slow_sleeper(), 1e9, &[]);
    kernel.model.infrastructure.sleep_host(&mut kernel.schedule, HostId(0));
    run_to(&mut kernel, 4.0);
    running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 1000.0);
    run_to(&mut kernel, 60.0);
    assert_told(&kernel, 10.0, "host 0 asleep");
    assert_told(&kernel, 30.0, "vm 0 Started");
}

#[test]
fn a_host_told_to_sleep_waits_until_its_last_virtual_machine_has_left() {
    let mut kernel = site(2, 1, 1000.0);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 1000.0);
    let infrastructure = &mut kernel.model.infrastructure;
    infrastructure.sleep_host(&mut kernel.schedule, HostId(0));
    let method = MigrationMethod::StopAndCopy;
    let spec = MigrationSpec { method, memory: CopiedMemory::Whole, degradation: 0.0 };
    infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    run_to(&mut kernel, 60.0);
    assert_told(&kernel, GIB * 8.0 / 1e9, "host 0 asleep");
}

#[test]
fn a_migration_to_a_host_asleep_waits_for_it() {
    let mut kernel = site_with(hosts(2, 1, 1000.0, 8.0), slow_sleeper(), 1e9, &[]);
    kernel.model.infrastructure.sleep_host(&mut kernel.schedule, HostId(1));
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 1000.0);
    run_to(&mut kernel, 15.0);
    let spec = MigrationSpec {
        method: MigrationMethod::StopAndCopy,
        memory: CopiedMemory::Whole,
        degradation: 0.0,
    };
    kernel.model.infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    run_to(&mut kernel, 60.0);
    assert_told(&kernel, 35.0 + GIB * 8.0 / 1e9, "migration of 0 Done");
}

#[test]
fn a_lost_host_loses_its_virtual_machines_and_their_jobs() {
    let mut kernel = site_with(hosts(2, 1, 1000.0, 8.0), HostSpec::default(), 1e9, &[(0, 10.0)]);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 0.0);
    let discipline = Discipline::TimeShared { job_limit: usize::MAX };
    kernel.model.infrastructure.take_jobs(&mut kernel.schedule, vm, discipline);
    submit(&mut kernel, vm, 7, 1e6);
    let idle = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 500.0);
    run_to(&mut kernel, 20.0);
    assert_told(&kernel, 10.0, "job 7 LostToFault");
    assert_told(&kernel, 10.0, "vm 0 Lost");
    assert_eq!(machines(&kernel).state(idle), VmState::Lost);
    assert_eq!(place(&mut kernel, idle, 0), Err(VmRefusal::HostClosed));
    place(&mut kernel, idle, 1).unwrap();
    run_to(&mut kernel, 120.0);
    let account = account(&kernel, idle);
    assert_near(account.outage_s, 10.0);
    assert_near(account.outage_mi, 5000.0);
    assert_eq!(account.losses, 1);
    // Repaired at 110 s: on, and empty.
    assert_eq!(machines(&kernel).fleet().states()[0], HostState::On);
    assert_near(energy_j(&kernel, 0), 10.0 * 200.0 + 10.0 * 100.0);
}

#[test]
fn a_migration_survives_the_loss_of_its_target_and_ends_with_that_of_its_source() {
    let mut kernel =
        site_with(hosts(3, 1, 1000.0, 8.0), HostSpec::default(), 1e9, &[(1, 2.0), (0, 4.0)]);
    let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 1000.0);
    let spec = MigrationSpec {
        method: MigrationMethod::StopAndCopy,
        memory: CopiedMemory::Whole,
        degradation: 0.0,
    };
    let infrastructure = &mut kernel.model.infrastructure;
    infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    run_to(&mut kernel, 3.0);
    assert_told(&kernel, 2.0, "migration of 0 TargetLost");
    assert_near(machines(&kernel).allocated_mips()[0], 1000.0);
    let infrastructure = &mut kernel.model.infrastructure;
    infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(2), spec).unwrap();
    run_to(&mut kernel, 5.0);
    assert_told(&kernel, 4.0, "migration of 0 VmGone");
    assert_eq!(machines(&kernel).state(vm), VmState::Lost);
    assert_eq!(kernel.model.infrastructure.network().transfers(), 0);
    assert_eq!(machines(&kernel).fleet().vms(), [0, 0, 0]);
}

#[test]
fn a_front_is_served_by_the_virtual_machine_with_the_least_load() {
    let mut kernel = site(3, 2, 1000.0);
    // Node 2 is a host as well; a front is any node that is none, here the switch.
    let front = NodeId(3);
    let vms: Vec<VmId> =
        (0..2).map(|host| running(&mut kernel, host, vm_spec(1, 1000.0, 1.0), 0.0)).collect();
    let discipline = Discipline::TimeShared { job_limit: usize::MAX };
    for &vm in &vms {
        kernel.model.infrastructure.take_jobs(&mut kernel.schedule, vm, discipline);
    }
    kernel.model.infrastructure.serve_by(front, &vms);
    let request = JobRequest {
        length_mi: 1000.0,
        cores: 1,
        memory_bytes: 0.0,
        accelerator: None,
        class: JobClass::Compute,
    };
    for token in 0..3 {
        let owner = Owner { workload: 0, token };
        let infrastructure = &mut kernel.model.infrastructure;
        infrastructure.submit_job(&mut kernel.schedule, front, request, owner).unwrap();
    }
    let host = kernel.model.infrastructure.submit_job(
        &mut kernel.schedule,
        NodeId(2),
        request,
        Owner { workload: 0, token: 9 },
    );
    assert!(host.is_err(), "a host takes no tasks");
    run_to(&mut kernel, 10.0);
    // The first and the third share the first virtual machine.
    assert_told(&kernel, 1.0, "job 1 Done");
    assert_told(&kernel, 2.0, "job 0 Done");
    assert_told(&kernel, 2.0, "job 2 Done");
}

/// What a fleet may be made to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Add { host: u32, vcpus: u32, mips: f64, gib: f64 },
    Demand { vm: usize, share: f64 },
    Migrate { vm: usize, host: u32, pre_copy: bool },
    Stop { vm: usize },
    Sleep { host: u32 },
    Replace { vm: usize, host: u32 },
    Job { vm: usize, length_mi: f64 },
    Clock { host: u32, step: usize },
    Wait { seconds: f64 },
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    let (host, vm) = (0u32..4, 0usize..20);
    prop_oneof![
        3 => (host.clone(), 1u32..3, 100.0..900.0f64, 0.5..4.0f64)
            .prop_map(|(host, vcpus, mips, gib)| Action::Add { host, vcpus, mips, gib }),
        3 => (vm.clone(), 0.0..1.0f64).prop_map(|(vm, share)| Action::Demand { vm, share }),
        2 => (vm.clone(), host.clone(), any::<bool>())
            .prop_map(|(vm, host, pre_copy)| Action::Migrate { vm, host, pre_copy }),
        1 => vm.clone().prop_map(|vm| Action::Stop { vm }),
        1 => host.clone().prop_map(|host| Action::Sleep { host }),
        1 => (vm.clone(), host.clone()).prop_map(|(vm, host)| Action::Replace { vm, host }),
        1 => (host, 0usize..2).prop_map(|(host, step)| Action::Clock { host, step }),
        2 => (vm, 10.0..5000.0f64).prop_map(|(vm, length_mi)| Action::Job { vm, length_mi }),
        4 => (0.0..20.0f64).prop_map(|seconds| Action::Wait { seconds }),
    ]
}

pub(super) fn act(kernel: &mut Kernel<Site>, action: Action, jobs: &mut u64) {
    let count = machines(kernel).len();
    let known = |vm: usize| (count > 0).then(|| VmId((vm % count.max(1)) as u32));
    match action {
        Action::Add { host, vcpus, mips, gib } => {
            let mut spec = vm_spec(vcpus, mips, gib);
            let level = kernel.model.contract.clone().map(crate::energy::sla::ServiceLevel::new);
            spec.sla = level.map(std::sync::Arc::new);
            spec.job_class = JobClass::ALL[count % JobClass::COUNT];
            let vm = add(kernel, spec);
            if vm.0.is_multiple_of(2) {
                let discipline = Discipline::TimeShared { job_limit: usize::MAX };
                kernel.model.infrastructure.take_jobs(&mut kernel.schedule, vm, discipline);
            }
            let _ = place(kernel, vm, host);
        }
        Action::Demand { vm, share } => {
            let Some(vm) = known(vm) else { return };
            let size = machines(kernel).size_mips()[vm.index()];
            demand(kernel, vm, size * share);
        }
        Action::Migrate { vm, host, pre_copy } => {
            let Some(vm) = known(vm) else { return };
            let mut spec = MigrationSpec::default();
            if !pre_copy {
                spec.method = MigrationMethod::StopAndCopy;
            }
            let infrastructure = &mut kernel.model.infrastructure;
            let _ = infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(host), spec);
        }
        Action::Stop { vm } => {
            let Some(vm) = known(vm) else { return };
            kernel.model.infrastructure.stop_vm(&mut kernel.schedule, vm);
        }
        Action::Sleep { host } => {
            kernel.model.infrastructure.sleep_host(&mut kernel.schedule, HostId(host));
        }
        Action::Replace { vm, host } => {
            let Some(vm) = known(vm) else { return };
            let _ = place(kernel, vm, host);
        }
        Action::Job { vm, length_mi } => {
            let Some(vm) = known(vm) else { return };
            let request = JobRequest {
                length_mi,
                cores: 1,
                memory_bytes: 0.0,
                accelerator: None,
                class: JobClass::Compute,
            };
            let owner = Owner { workload: 0, token: *jobs };
            let infrastructure = &mut kernel.model.infrastructure;
            let done = infrastructure.submit_vm_job(&mut kernel.schedule, vm, request, owner);
            *jobs += u64::from(done.is_ok());
        }
        Action::Clock { host, step } => {
            // Nothing where the clock is fixed.
            let infrastructure = &mut kernel.model.infrastructure;
            let _ = infrastructure.set_frequency(&mut kernel.schedule, NodeId(host), step);
        }
        Action::Wait { seconds } => kernel.run_for(SimDuration::from_secs(seconds)),
    }
}

/// Each virtual machine is on one host or none, and no host gives more than it has.
fn check(kernel: &Kernel<Site>, settled: bool) -> Result<(), TestCaseError> {
    let machines = machines(kernel);
    let fleet = machines.fleet();
    let mut on_host = vec![0; machines.len()];
    for host in fleet.hosts() {
        let index = host.index();
        let present: Vec<VmId> =
            machines.vms_of(host).iter().chain(machines.incoming(host)).copied().collect();
        let sum = |of: &dyn Fn(VmId) -> f64| present.iter().map(|&vm| of(vm)).sum::<f64>();
        let memory = sum(&|vm| machines.spec(vm).resources.memory_bytes);
        prop_assert!(fleet.free()[index].memory_bytes >= 0.0);
        prop_assert!(
            (fleet.memory_bytes()[index] - memory - fleet.free()[index].memory_bytes).abs() < 1.0
        );
        prop_assert_eq!(fleet.vms()[index] as usize, present.len());
        prop_assert!(
            (fleet.sized_mips()[index] - sum(&|vm| machines.spec(vm).size_mips())).abs() < 1e-6
        );
        for &vm in machines.vms_of(host) {
            on_host[vm.index()] += 1;
            prop_assert_eq!(machines.host(vm), Some(host));
        }
        if settled {
            let allocated: f64 =
                machines.vms_of(host).iter().map(|vm| machines.allocated_mips()[vm.index()]).sum();
            prop_assert!(allocated <= fleet.allocated_mips()[index] * (1.0 + 1e-12) + 1e-9);
            let claim = |vm: VmId| fleet.claim(host, machines.spec(vm).job_class);
            let used: f64 = machines
                .vms_of(host)
                .iter()
                .map(|&vm| machines.allocated_mips()[vm.index()] * claim(vm))
                .sum();
            prop_assert!(used <= fleet.capacity_mips()[index] * (1.0 + 1e-12));
            let busy = kernel.model.infrastructure.meter(fleet.nodes()[index]).busy_cores();
            prop_assert!(busy <= f64::from(fleet.cores()[index]) * (1.0 + 1e-12));
            prop_assert!(busy >= used / fleet.mips_per_core()[index] - 1e-9);
            if fleet.mips_per_core()[index] == fleet.fastest_mips_per_core()[index] {
                prop_assert!(fleet.allocated_mips()[index] <= fleet.capacity_mips()[index]);
                let cores = fleet.allocated_mips()[index] / fleet.mips_per_core()[index];
                prop_assert!((busy - cores).abs() < 1e-9, "{} cores busy, {} allocated", busy, cores);
            }
            let stays = |vm: &VmId| machines.host(*vm) != Some(host) || !machines.is_migrating(*vm);
            let claimed: f64 = present
                .iter()
                .filter(|vm| stays(vm))
                .map(|&vm| machines.demand_mips()[vm.index()] * claim(vm))
                .sum();
            prop_assert!((fleet.planned_claim_mips()[index] - claimed).abs() < 1e-6);
            let by_class: f64 = fleet.planned_by_class()[index].iter().sum();
            prop_assert!((fleet.planned_mips()[index] - by_class).abs() < 1e-6);
            let mut planned = sum(&|vm| machines.demand_mips()[vm.index()]);
            planned -= machines
                .vms_of(host)
                .iter()
                .filter(|&&vm| machines.is_migrating(vm))
                .map(|vm| machines.demand_mips()[vm.index()])
                .sum::<f64>();
            prop_assert!((fleet.planned_mips()[index] - planned).abs() < 1e-6);
        }
    }
    for vm in (0..machines.len() as u32).map(VmId) {
        let placed =
            matches!(machines.state(vm), VmState::Starting | VmState::Running | VmState::Paused);
        prop_assert_eq!(
            on_host[vm.index()],
            usize::from(placed),
            "vm {} {:?}",
            vm.0,
            machines.state(vm)
        );
        let rate = machines.allocated_mips()[vm.index()];
        prop_assert!(rate <= machines.demand_mips()[vm.index()] * (1.0 + 1e-12) || !settled);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is done, each virtual machine is on one host at most, nothing is given twice, and all work that
    /// is submitted is done or told of as lost.
    #[test]
    fn nothing_is_lost_or_given_twice(
        actions in prop::collection::vec(action(), 1..60),
        fault_s in prop::option::of(0.0..60.0f64),
        slow in any::<bool>(),
        clocked in any::<bool>(),
    ) {
        let faults: Vec<(u32, f64)> = fault_s.map(|time_s| (1, time_s)).into_iter().collect();
        let spec = if slow { slow_sleeper() } else { HostSpec::default() };
        let frequency = clocked.then(frequency::steps);
        let class = NodeClass { frequency, ..hosts(4, 2, 1000.0, 8.0) };
        let mut kernel = site_with(class, spec, 1e9, &faults);
        let mut jobs = 0;
        for action in actions {
            act(&mut kernel, action, &mut jobs);
            check(&kernel, matches!(action, Action::Wait { .. }))?;
        }
        let now = kernel.now().as_secs();
        run_to(&mut kernel, now + 1e6);
        check(&kernel, true)?;
        prop_assert_eq!(machines(&kernel).migrations(), 0);
        prop_assert_eq!(kernel.model.infrastructure.network().transfers(), 0);
        let ended = kernel.model.told.iter().filter(|told| told.1.starts_with("job ")).count() as u64;
        // Jobs that are still there are in a virtual machine that can do nothing: none is.
        prop_assert_eq!(ended, jobs);
        // Work that the cores did is what the virtual machines got, and what migrations took of it.
        let machines = machines(&kernel);
        let done: f64 = machines.fleet().hosts().map(|host| machines.host_account(host, kernel.now()).allocated_mi).sum();
        let got: f64 = (0..machines.len() as u32).map(|vm| account(&kernel, VmId(vm)).allocated_mi()).sum();
        prop_assert!(got <= done * (1.0 + 1e-9) + 1e-6, "got {} of {}", got, done);
    }

    /// The time that a migration takes over an idle link, by the recurrence of its rounds.
    #[test]
    fn pre_copy_by_its_recurrence(dirty in 1e5..200e6f64, gib in 0.1..4.0f64, limit in 1u32..12) {
        let mut kernel = site(2, 1, 1000.0);
        let vm = running(&mut kernel, 0, vm_spec(1, 1000.0, gib), 100.0);
        let method = MigrationMethod::PreCopy {
            dirty_bytes_per_s: dirty,
            downtime_limit: SimDuration::from_secs(0.3),
            round_limit: limit,
        };
        let spec = MigrationSpec { method, memory: CopiedMemory::Whole, degradation: 0.1 };
        kernel.model.infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
        run_to(&mut kernel, 1e5);
        let (rate, volume) = (125e6, gib * GIB);
        let (mut left, mut copying_s, mut rounds) = (volume, 0.0, 0);
        let pause_s = loop {
            copying_s += left / rate;
            rounds += 1;
            let next = (dirty * left / rate).min(volume);
            if next / rate <= 0.3 || rounds >= limit || next >= left {
                break next / rate;
            }
            left = next;
        };
        let account = account(&kernel, vm);
        prop_assert!((account.paused_s - pause_s).abs() < 1e-6, "{} for {}", account.paused_s, pause_s);
        let missed = 10.0 * copying_s + 100.0 * pause_s;
        prop_assert!((account.migration_mi - missed).abs() < 1e-4 * missed.max(1.0));
    }
}
