//! Detections by hand; the whole is held to hand calculations in a world, in the integration tests.

use super::*;
use crate::apps::VmHistories;
use crate::engine::{RandomStreams, SimTime};
use crate::infra::compute::Resources;
use crate::infra::{HostId, InfraBuilder, Infrastructure, Owner, VmId, VmSpec};
use crate::placement::SiteSignals;
use crate::units::{DataRate, Duration, Ratio};

fn load(utilisation: f64, history: &[f64]) -> HostLoad<'_> {
    HostLoad { utilisation, history, future: &[] }
}

#[test]
fn a_threshold_is_passed_by_more_than_it() {
    let mut threshold = Threshold { utilisation: Ratio::from_fraction(0.75) };
    assert!(!threshold.is_overloaded(&load(0.75, &[])));
    assert!(threshold.is_overloaded(&load(0.7501, &[])));
}

/// A line through 0.50, 0.52 ... 0.68 reaches 0.70 at the next step: 1.42 times that is 0.994, 1.44 times 1.008.
#[test]
fn a_regression_sees_the_next_step_of_a_line() {
    let history: Vec<f64> = (0..10).map(|step| 0.5 + 0.02 * f64::from(step)).collect();
    assert!(!LinearRegression { safety: 1.42 }.is_overloaded(&load(0.68, &history)));
    assert!(LinearRegression { safety: 1.44 }.is_overloaded(&load(0.68, &history)));
    // Older steps are not looked at, and the present utilisation is not looked at but in the history.
    let longer: Vec<f64> = [9.0; 5].into_iter().chain(history).collect();
    assert!(!LinearRegression { safety: 1.42 }.is_overloaded(&load(5.0, &longer)));
    // Before there are ten steps, 70 % is the limit.
    assert!(!LinearRegression::default().is_overloaded(&load(0.70, &[0.99; 9])));
    assert!(LinearRegression::default().is_overloaded(&load(0.71, &[0.1; 9])));
}

/// Thirty steps of 0.2 and 0.6 in turn have an interquartile range of 0.4 and a median absolute deviation of 0.2.
#[test]
fn spreads_leave_a_margin() {
    let history: Vec<f64> = (0..30).map(|step| if step % 2 == 0 { 0.2 } else { 0.6 }).collect();
    let mut range = InterquartileRange { safety: 1.5 };
    assert!(!range.is_overloaded(&load(0.39, &history)));
    assert!(range.is_overloaded(&load(0.41, &history)));
    let mut deviation = MedianAbsoluteDeviation { safety: 2.5 };
    assert!(!deviation.is_overloaded(&load(0.49, &history)));
    assert!(deviation.is_overloaded(&load(0.51, &history)));
    // Of twelve steps, a spread is taken; of eleven, it is not.
    assert!(range.is_overloaded(&load(0.5, &history[..12])));
    assert!(!range.is_overloaded(&load(0.5, &history[..11])));
}

/// Level at 0.2 but for the newest three steps, which rise: Loess follows these more than a plain line does.
#[test]
fn local_regressions_follow_the_newest_steps() {
    let mut history = vec![0.2; 7];
    history.extend([0.4, 0.6, 0.8]);
    let (plain, local) = (LinearRegression { safety: 1.3 }, LocalRegression { safety: 1.3 });
    let overloaded =
        |mut detection: Box<dyn OverloadDetection>| detection.is_overloaded(&load(0.8, &history));
    assert!(!overloaded(Box::new(plain)));
    assert!(overloaded(Box::new(local)));
    // A single outlier among level steps lifts the plain line to 0.59 + 5.5 * 2.25 / 82.5 = 0.74, and the robust one
    // not at all.
    let mut outlier = vec![0.5; 10];
    outlier[7] = 1.4;
    let mut plain = LinearRegression { safety: 1.4 };
    let mut robust = RobustLocalRegression { safety: 1.4 };
    assert!(plain.is_overloaded(&load(0.5, &outlier)));
    assert!(!robust.is_overloaded(&load(0.5, &outlier)));
}

/// A host that remains overloaded whatever leaves it.
#[derive(Debug)]
struct Never;

impl Relief for Never {
    fn is_relieved_without(&mut self, _: VmId) -> bool {
        false
    }
}

/// Virtual machines of these types and bytes of memory.
fn machines(vms: &[(u16, f64)]) -> Infrastructure {
    let mut infrastructure = InfraBuilder::new(RandomStreams::new(1)).build().unwrap();
    for &(class, memory_bytes) in vms {
        let resources = Resources { memory_bytes, ..Resources::default() };
        let spec = VmSpec { class, ..VmSpec::new(1, 1000.0, resources) };
        infrastructure.add_vm(spec, Owner { workload: 0, token: 0 }, SimTime::ZERO);
    }
    infrastructure
}

fn select(
    selection: &mut dyn VmSelection,
    infrastructure: &Infrastructure,
    histories: &VmHistories,
    candidates: &[u32],
) -> usize {
    let candidates: Vec<VmId> = candidates.iter().copied().map(VmId).collect();
    selection.select(&mut SelectionView {
        candidates: &candidates,
        machines: infrastructure.virtual_machines(),
        histories,
        random: &mut RandomStreams::new(1).stream("test"),
        host: HostId(0),
        now: SimTime::ZERO,
        classes: &[],
        sites: SiteSignals::default(),
        relief: &mut Never,
    })
}

/// Histories of as many steps as each series has.
fn histories(series: &[&[f64]]) -> VmHistories {
    let mut histories = VmHistories::new(MaximumCorrelation {}.history());
    for step in 0..series[0].len() {
        histories.step();
        for (vm, own) in (0..).map(VmId).zip(series) {
            histories.push(vm, own[step]);
        }
    }
    histories
}

/// Ranks of five steps with the correlations 0.8 of A and B, 0.7 of A and C, and 0.8 of B and C. The multiple
/// coefficients of determination are (0.64 + 0.49 - 2 * 0.448) / 0.36 = 0.65 for A and C, and
/// (0.64 + 0.64 - 2 * 0.448) / 0.51 = 0.75 for B.
#[test]
fn the_best_explained_by_the_others_leaves() {
    let (a, b, c) = ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0], [1.0, 2.0, 5.0, 3.0, 4.0]);
    let infrastructure = machines(&[(0, 3.0), (0, 2.0), (0, 1.0)]);
    let mut selection = MaximumCorrelation {};
    let known = histories(&[&a, &b, &c]);
    assert_eq!(select(&mut selection, &infrastructure, &known, &[0, 1, 2]), 1);
    assert_eq!(select(&mut selection, &infrastructure, &known, &[2, 0, 1]), 2);
    // Of two, each explains the other as well: the first.
    assert_eq!(select(&mut selection, &infrastructure, &known, &[2, 0]), 0);
    // Only the newest thirty steps count: five times these, and before them some of which C is the best explained.
    let late = |own: &[f64], early: f64| {
        let before = (0..12).map(move |step| early * f64::from(step));
        before.chain(own.iter().copied().cycle().take(30)).collect::<Vec<f64>>()
    };
    let long = [late(&a, 0.0), late(&b, 1e6), late(&c, 2e6)];
    let long = histories(&[&long[0], &long[1], &long[2]]);
    assert_eq!(select(&mut selection, &infrastructure, &long, &[0, 1, 2]), 1);
}

/// Where it cannot be computed, the one with the least memory leaves.
#[test]
fn without_a_correlation_the_least_memory_leaves() {
    let infrastructure = machines(&[(0, 3.0), (0, 2.0), (0, 1.0)]);
    let mut selection = MaximumCorrelation {};
    let least = |known: &VmHistories, selection: &mut MaximumCorrelation| {
        select(selection, &infrastructure, known, &[0, 1, 2])
    };
    // Two steps for three coefficients; the same series twice; nothing known at all.
    assert_eq!(least(&histories(&[&[1.0, 2.0], &[2.0, 1.0], &[1.0, 3.0]]), &mut selection), 2);
    let (same, other) = ([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 5.0, 3.0, 4.0]);
    assert_eq!(least(&histories(&[&same, &same, &other]), &mut selection), 2);
    assert_eq!(least(&VmHistories::new(30), &mut selection), 2);
    // One alone leaves.
    assert_eq!(select(&mut selection, &infrastructure, &VmHistories::new(30), &[1]), 0);
}

/// 62.5 MB are copied in a second. Slots of ten seconds make 1, 2 and 1 of 300, 700 and 62.5 MB.
#[test]
fn the_cheapest_to_copy_leaves() {
    let infrastructure = machines(&[(0, 300e6), (1, 700e6), (2, 62.5e6), (7, 62.5e6)]);
    let rate = DataRate::from_bps(5e8);
    let choose = |prices: &[f64], slot_s: f64, candidates: &[u32]| {
        let (prices_per_hour, slot) = (prices.to_vec(), Duration::from_secs(slot_s));
        let mut selection = MinimumCost { prices_per_hour, rate, slot };
        select(&mut selection, &infrastructure, &VmHistories::default(), candidates)
    };
    // 3, 2 * 1 and 4; types beyond the list have the last price.
    assert_eq!(choose(&[3.0, 1.0, 4.0], 10.0, &[0, 1, 2, 3]), 1);
    assert_eq!(choose(&[3.0, 2.0, 3.0], 10.0, &[0, 1, 2]), 0);
    assert_eq!(choose(&[3.0, 2.0, 1.0], 10.0, &[0, 1, 3]), 2);
    // As it passes: 4.8 s, 11.2 s and 1 s, at 3, 1 and 12.
    assert_eq!(choose(&[3.0, 1.0, 12.0], 0.0, &[0, 1, 2]), 1);
    assert_eq!(choose(&[3.0, 1.0, 11.0], 0.0, &[0, 1, 2]), 2);
    // Who is paid to run leaves first, and the more of it the longer it takes.
    assert_eq!(choose(&[-0.1, 1.0, 0.0], 10.0, &[0, 1, 2]), 0);
    assert_eq!(choose(&[-1.0], 10.0, &[2, 0, 1]), 2);
    assert_eq!(choose(&[-1.0], 0.0, &[2, 0, 1]), 2);
    // What costs nothing is all the same: the first.
    assert_eq!(choose(&[0.0], 0.0, &[1, 0, 2]), 0);
}
