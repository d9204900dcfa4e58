use super::*;
use crate::energy::{CmosPower, Load, PowerModel, power_preset};
use proptest::prelude::*;

fn preset(name: &str) -> FrequencySteps {
    frequency_preset(name).unwrap().steps().unwrap()
}

/// Watts at full load at each step, of a preset of power with the steps of another name.
fn full_load_w(power: &str, steps: &str, cores: u32) -> Vec<f64> {
    let model = power_preset(power).unwrap().model(cores);
    let steps = preset(steps);
    (0..=steps.last())
        .map(|step| model.power_w(&Load { point: Some(steps.points()[step]), ..Load::of(1.0) }))
        .collect()
}

#[track_caller]
fn assert_rounds_to(found: &[f64], published: &[f64], step: f64) {
    assert_eq!(found.len(), published.len());
    for (found, published) in found.iter().zip(published) {
        assert!((found - published).abs() <= 0.5 * step + 1e-9, "found {found}, published {published}");
    }
}

#[test]
fn full_load_of_the_measured_machines_is_what_was_published() {
    let xeon = full_load_w("xeon_e3_1220", "xeon_e3_1220", 4);
    assert_rounds_to(&xeon, &[61.50, 74.35, 99.81, 116.27], 0.01);
    let undervolted = full_load_w("xeon_e3_1220", "xeon_e3_1220_undervolted_0", 4);
    assert_rounds_to(&undervolted, &[50.85, 60.06, 76.61, 88.07], 0.01);
    let x_gene_2 = full_load_w("x_gene_2", "x_gene_2", 8);
    assert_rounds_to(&x_gene_2, &[38.41, 44.05, 49.69, 55.33], 0.01);
    let x_gene_3 = full_load_w("x_gene_3", "x_gene_3", 32);
    assert_rounds_to(&x_gene_3, &[63.13, 87.08, 111.04, 132.34], 0.01);
    // Without steps the machines run at their fastest.
    for (name, watts) in [("xeon_e3_1220", 116.27), ("x_gene_2", 55.33), ("x_gene_3", 132.34)] {
        let model = power_preset(name).unwrap().model(4);
        assert_rounds_to(&[model.power_w(&Load::of(1.0))], &[watts], 0.01);
    }
}

#[test]
fn milliwatts_of_arm_cores_are_what_was_published() {
    let mw = |name, cores| -> Vec<f64> {
        full_load_w(name, name, cores).iter().map(|watts| watts * 1e3 / f64::from(cores)).collect()
    };
    assert_rounds_to(&mw("cortex_a53_hi6220", 8), &[70.0, 145.0, 269.0, 416.0, 660.0], 1.0);
    assert_rounds_to(&mw("cortex_a53_rk3399", 4), &[26.0, 38.0, 59.0, 86.0, 120.0, 179.0], 1.0);
    let a72 = [114.0, 167.0, 242.0, 337.0, 472.0, 649.0, 848.0, 1130.0];
    // One of these was published 0.52 mW too high.
    assert_rounds_to(&mw("cortex_a72_rk3399", 2), &a72, 1.1);
}

/// The beta with the least squared error of `beta (fmax / f - 1)` to the measured `t - 1`.
fn fitted_beta(steps: &FrequencySteps, class: JobClass) -> f64 {
    let fastest_hz = steps.points()[steps.last()].frequency_hz();
    let (mut xy, mut xx) = (0.0, 0.0);
    for (step, point) in steps.points().iter().enumerate() {
        let x = fastest_hz / point.frequency_hz() - 1.0;
        xy += x * (1.0 / steps.speed(step, class) - 1.0);
        xx += x * x;
    }
    xy / xx
}

#[test]
fn tables_of_times_have_the_published_betas() {
    for (name, betas) in [
        ("xeon_e3_1220", [0.946, 0.522, 0.065]),
        ("x_gene_2", [1.000, 0.552, 0.199]),
        ("x_gene_3", [1.000, 0.636, 0.221]),
    ] {
        let steps = preset(name);
        for (class, beta) in JobClass::ALL.into_iter().zip(betas) {
            let found = fitted_beta(&steps, class);
            assert!((found - beta).abs() <= 0.0006, "{name} {class:?}: found {found}, published {beta}");
        }
    }
    for own in frequency_presets() {
        let steps = own.steps().unwrap();
        assert_eq!(steps.speeds(steps.last()), [1.0; 3], "{}", own.name);
        assert!(!own.about.is_empty() && !own.source.is_empty());
    }
}

#[test]
fn steps_that_make_no_sense_are_refused() {
    let point = |ghz: f64| OperatingPoint::new(ghz * 1e9, 1.0).unwrap();
    let message = |points: &[f64], performance: Performance| {
        let points = points.iter().map(|&ghz| point(ghz)).collect();
        FrequencySteps::new(points, performance).unwrap_err().to_string()
    };
    assert!(message(&[], Performance::default()).contains("1 to 255"));
    assert!(message(&[1.0, 1.0], Performance::default()).contains("step 1"));
    assert!(message(&[1.0], Performance::Beta([1.0, 1.5, 0.0])).contains("hybrid jobs is 1.5"));
    let table = |memory: &[f64]| Performance::Table([vec![2.0, 1.0], vec![1.5, 1.0], memory.to_vec()]);
    assert!(message(&[1.0, 2.0], table(&[1.0])).contains("1 times, but there are 2 steps"));
    assert!(message(&[1.0, 2.0], table(&[1.0, 0.9])).contains("step 1 is 0.9"));
    assert!(OperatingPoint::new(0.0, 1.0).unwrap_err().to_string().contains("frequency is 0"));
    assert!(OperatingPoint::new(1e9, f64::NAN).is_err());
    let steps = FrequencySteps::new(vec![point(1.0), point(2.0)], Performance::default()).unwrap();
    assert!(steps.clone().starting_at(2).unwrap_err().to_string().contains("0 to 1"));
    assert_eq!(steps.starting_at(0).unwrap().initial(), 0);
}

/// The step of the least energy of one job.
fn cheapest(steps: &FrequencySteps, class: JobClass, power_w: impl Fn(usize) -> f64) -> usize {
    let energies = job_energy_j(steps, class, 10.0, power_w);
    (0..energies.len()).min_by(|&a, &b| energies[a].total_cmp(&energies[b])).unwrap()
}

#[test]
fn racing_to_idle_wins_where_static_power_dominates() {
    let steps = preset("xeon_e3_1220");
    let power = |static_w: f64, step: usize| {
        let point = steps.points()[step];
        CmosPower::new(18.98, static_w, point).unwrap().power_w(&Load::of(1.0))
    };
    assert_eq!(cheapest(&steps, JobClass::Compute, |step| power(0.0, step)), 0);
    assert_eq!(cheapest(&steps, JobClass::Compute, |step| power(500.0, step)), 3);
    // Work that is bound by memory gains nothing from a faster clock.
    assert_eq!(cheapest(&steps, JobClass::Memory, |step| power(500.0, step)), 0);
}

proptest! {
    /// At constant voltage and with beta the energy (P0 + K V^2 f) T (beta (F/f - 1) + 1) is convex in f, with
    /// its least at f* = sqrt(P0 beta F / (K V^2 (1 - beta))); on a fine grid of steps the search by brute
    /// force finds the step next to it.
    #[test]
    fn the_energy_optimal_frequency_is_the_closed_form(
        static_w in 1.0..100.0f64,
        k in 1.0..50.0f64,
        beta in 0.05..0.95f64,
    ) {
        let grid: Vec<OperatingPoint> =
            (1..=200).map(|n| OperatingPoint::new(f64::from(n) * 20e6, 1.0).unwrap()).collect();
        let fastest_ghz = 4.0;
        let steps = FrequencySteps::new(grid, Performance::Beta([beta; 3])).unwrap();
        let power = |step: usize| static_w + k * steps.points()[step].dynamic_factor();
        let found_ghz = steps.points()[cheapest(&steps, JobClass::Compute, power)].frequency_hz() / 1e9;
        let optimal_ghz = (static_w * beta * fastest_ghz / (k * (1.0 - beta))).sqrt();
        let expected_ghz = optimal_ghz.clamp(0.02, fastest_ghz);
        prop_assert!((found_ghz - expected_ghz).abs() <= 0.02 + 1e-9, "{} against {}", found_ghz, expected_ghz);
    }

    /// t(f) = t(fmax) (beta (fmax / f - 1) + 1), whatever the steps.
    #[test]
    fn speeds_follow_the_beta_model(
        beta in 0.0..1.0f64,
        mut frequencies in prop::collection::btree_set(1_u32..5000, 1..8),
    ) {
        let fastest = *frequencies.last().unwrap();
        let points: Vec<OperatingPoint> = std::mem::take(&mut frequencies)
            .into_iter()
            .map(|mhz| OperatingPoint::new(f64::from(mhz) * 1e6, 1.0).unwrap())
            .collect();
        let steps = FrequencySteps::new(points, Performance::Beta([beta, 1.0, 0.0])).unwrap();
        for (step, point) in steps.points().iter().enumerate() {
            let ratio = f64::from(fastest) * 1e6 / point.frequency_hz();
            let time = 1.0 / steps.speed(step, JobClass::Compute);
            prop_assert!((time - (beta * (ratio - 1.0) + 1.0)).abs() < 1e-9 * time);
            prop_assert!((1.0 / steps.speed(step, JobClass::Hybrid) - ratio).abs() < 1e-9 * ratio);
            prop_assert_eq!(steps.speed(step, JobClass::Memory), 1.0);
        }
    }
}
