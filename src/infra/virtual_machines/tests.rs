//! Virtual machines against hand calculations, and what must hold whatever is done to them, in modules by subject.

mod frequency;
mod host_states;
mod migration;
mod properties;

pub(super) use properties::{Action, act, action};

use super::*;
use crate::energy::{JobClass, LinearPower};
use crate::engine::{Kernel, Model, RandomStreams, Schedule, SimDuration, SimTime};
use crate::infra::compute::{Accelerator, Discipline, JobRequest, Resources};
use crate::infra::network::LinkSpec;
use crate::infra::{
    FaultTarget, FaultTimes, HostId, InfraBuilder, InfraEvent, Infrastructure, NodeClass, NodeId,
    Notice, Owner, Position, Static, Tier, VmId,
};

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
