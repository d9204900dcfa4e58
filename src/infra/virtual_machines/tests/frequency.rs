//! Hosts whose clock changes, by hand.

use super::*;
use crate::energy::{FrequencySteps, OperatingPoint, Performance};

/// Steps of half and full clock, at which work that is bound by memory has 1 / 1.2 and 1 of its speed.
pub(super) fn steps() -> FrequencySteps {
    let point = |ghz: f64, volt| OperatingPoint::new(ghz * 1e9, volt).unwrap();
    FrequencySteps::new(vec![point(1.0, 0.8), point(2.0, 1.0)], Performance::default()).unwrap()
}

fn set_step(kernel: &mut Kernel<Site>, step: usize) {
    kernel.model.infrastructure.set_frequency(&mut kernel.schedule, NodeId(0), step).unwrap();
}

fn governed(cores: u32) -> Kernel<Site> {
    let class = NodeClass { frequency: Some(steps()), ..hosts(2, cores, 1000.0, 8.0) };
    site_with(class, HostSpec::default(), 1e9, &[])
}

/// A core of 1000 MIPS and 500 at half the clock, but 833.3 for what is bound by memory. Of 800 MIPS of memory-bound
/// and 600 of compute-bound work, cores can do 800 and 500 then, which take 0.96 and 1 core: each gets 1 / 1.96 of it.
#[test]
fn a_slow_clock_is_shared_by_what_each_class_takes_of_it() {
    let mut kernel = governed(1);
    let memory = running(
        &mut kernel,
        0,
        VmSpec { job_class: JobClass::Memory, ..vm_spec(1, 1000.0, 1.0) },
        800.0,
    );
    let compute = running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 600.0);
    run_to(&mut kernel, 10.0);
    let got = |kernel: &Kernel<Site>| {
        [memory, compute].map(|vm| machines(kernel).allocated_mips()[vm.index()])
    };
    for (found, expected) in got(&kernel).into_iter().zip([800.0 / 1.4, 600.0 / 1.4]) {
        assert_near(found, expected);
    }
    assert_near(machines(&kernel).fleet().utilisation(HostId(0)), 1.4);
    set_step(&mut kernel, 0);
    run_to(&mut kernel, 20.0);
    for (found, expected) in got(&kernel).into_iter().zip([800.0 / 1.96, 500.0 / 1.96]) {
        assert_near(found, expected);
    }
    let fleet = machines(&kernel).fleet();
    assert_near(fleet.capacity_mips()[0], 500.0);
    assert_near(fleet.requested_claim_mips()[0], 800.0 * 0.6 + 600.0);
    // What is planned is 1080 of 500 now, and 1400 of 1000 if the clock were fast.
    assert_near(fleet.utilisation(HostId(0)), 2.16);
    assert_near(fleet.fastest_utilisation(HostId(0)), 1.4);
    assert!(machines(&kernel).is_overloaded(HostId(0)));
    // All cores are busy all the time: 200 W, and above the idle 100 W 0.64 / 2 of it.
    assert_near(energy_j(&kernel, 0), 10.0 * 200.0 + 10.0 * 132.0);
    assert_near(
        account(&kernel, compute).overload_mi,
        10.0 * (600.0 - 600.0 / 1.4 + 600.0 - 500.0 / 1.96),
    );
}

/// Work of 20 000 MI, of which a half is done when the clock of the host falls to a half: the rest takes twice, 1.55
/// and 1.2 times as long. The host's one busy core of two draws 50 W, and at the slow clock 0.32 of that.
#[test]
fn a_job_goes_on_at_the_speed_of_its_class() {
    for (class, stretch) in [(JobClass::Compute, 2.0), (JobClass::Hybrid, 1.55), (JobClass::Memory, 1.2)]
    {
        let mut kernel = governed(2);
        let spec = VmSpec { job_class: class, ..vm_spec(1, 1000.0, 1.0) };
        let vm = add(&mut kernel, spec);
        let discipline = Discipline::TimeShared { job_limit: usize::MAX };
        kernel.model.infrastructure.take_jobs(&mut kernel.schedule, vm, discipline);
        place(&mut kernel, vm, 0).unwrap();
        submit(&mut kernel, vm, 7, 20_000.0);
        run_to(&mut kernel, 10.0);
        set_step(&mut kernel, 0);
        run_to(&mut kernel, 40.0);
        let end_s = 10.0 + 10.0 * stretch;
        assert_told(&kernel, end_s, "job 7 Done");
        let busy_w = 50.0 * 0.32;
        assert_near(energy_j(&kernel, 0), 4000.0 + 10.0 * 50.0 + (end_s - 10.0) * busy_w);
    }
}

/// At a slow clock a move leaves both ends with what they are planned for: 400 MIPS take 0.6 of that of the slow
/// host, and all of it of the fast one.
#[test]
fn a_move_is_planned_by_what_each_host_takes_for_it() {
    let mut kernel = governed(2);
    set_step(&mut kernel, 0);
    let spec = VmSpec { job_class: JobClass::Memory, ..vm_spec(1, 1000.0, 1.0) };
    let vm = running(&mut kernel, 0, spec, 400.0);
    run_to(&mut kernel, 1.0);
    let claims = |kernel: &Kernel<Site>| {
        let fleet = machines(kernel).fleet();
        [fleet.planned_claim_mips()[0], fleet.planned_claim_mips()[1]]
    };
    assert_near(claims(&kernel)[0], 240.0);
    let spec = MigrationSpec {
        method: MigrationMethod::StopAndCopy,
        degradation: 0.0,
        ..MigrationSpec::default()
    };
    kernel.model.infrastructure.migrate_vm(&mut kernel.schedule, vm, HostId(1), spec).unwrap();
    assert_eq!(claims(&kernel)[0], 0.0);
    assert_near(claims(&kernel)[1], 400.0);
    run_to(&mut kernel, 60.0);
    assert_eq!(machines(&kernel).host(vm), Some(HostId(1)));
    assert_near(claims(&kernel)[1], 400.0);
    assert_eq!(claims(&kernel)[0], 0.0);
}

/// At the slow clock 400 MIPS of memory-bound work take as much of the cores as 240 of compute-bound work. What the
/// host draws goes to both alike, since their sizes are alike, too.
#[test]
fn energy_goes_by_what_each_class_takes_of_the_clock() {
    let mut kernel = governed(1);
    set_step(&mut kernel, 0);
    let of_memory = VmSpec { job_class: JobClass::Memory, ..vm_spec(1, 1000.0, 1.0) };
    let vms = [
        running(&mut kernel, 0, of_memory, 400.0),
        running(&mut kernel, 0, vm_spec(1, 1000.0, 1.0), 240.0),
    ];
    run_to(&mut kernel, 10.0);
    let now = kernel.now();
    kernel.model.infrastructure.settle(now);
    let shares = vms.map(|vm| kernel.model.infrastructure.vm_flows(vm, now).energy_j);
    // A load of 0.96 of the slow clock, at 32 W above idle.
    assert_near(shares[0], 5.0 * (100.0 + 0.96 * 32.0));
    assert_near(shares[1], shares[0]);
}
