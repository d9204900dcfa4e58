//! What must hold whatever is done to virtual machines.

use super::*;
use proptest::prelude::*;

/// What a fleet may be made to do.
#[derive(Clone, Copy, Debug)]
pub(in crate::infra::virtual_machines) enum Action {
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

pub(in crate::infra::virtual_machines) fn action() -> impl Strategy<Value = Action> {
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

pub(in crate::infra::virtual_machines) fn act(
    kernel: &mut Kernel<Site>,
    action: Action,
    jobs: &mut u64,
) {
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
