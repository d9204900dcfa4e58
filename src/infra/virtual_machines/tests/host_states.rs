//! Hosts that sleep, wake and are lost, by hand.

use super::*;

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
