//! Migrations, by hand.

use super::*;

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
