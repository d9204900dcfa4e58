use super::*;
use crate::engine::RandomStreams;
use proptest::prelude::*;

fn random(name: &str) -> Stream {
    RandomStreams::new(5).stream(name)
}

#[test]
fn a_smooth_field_has_its_mean_spread_and_correlation() {
    // Over many fields, at places 0 and 30 m apart with a correlation length of 30 m: exp(-1/2).
    let (mean, spread) = (0.5, 0.1);
    let draws = 4000;
    let (mut sum, mut squares, mut products) = (0.0, 0.0, 0.0);
    let mut random = random("smooth");
    for _ in 0..draws {
        let map = DetectionMap::smooth(mean, spread, 30.0, &mut random).unwrap();
        let (here, there) = (map.at([0.0, 0.0]) - mean, map.at([0.0, 30.0]) - mean);
        sum += here;
        squares += here * here;
        products += here * there;
    }
    let draws = f64::from(draws);
    // Standard errors: of the mean 0.1 / sqrt(4000), of a variance about 0.01 sqrt(2/4000).
    assert!((sum / draws).abs() < 4.0 * 0.1 / draws.sqrt());
    assert!((squares / draws - 0.01).abs() < 4.0 * 0.01 * (2.0 / draws).sqrt());
    assert!((products / squares - (-0.5_f64).exp()).abs() < 0.05, "{}", products / squares);
}

#[test]
fn a_grid_is_bilinear_between_the_middles_of_its_cells() {
    let map = DetectionMap::grid([100.0, 0.0], 10.0, &[vec![0.0, 1.0], vec![0.4, 0.6]]).unwrap();
    assert_eq!((map.at([105.0, 5.0]), map.at([115.0, 5.0]), map.at([105.0, 15.0])), (0.0, 1.0, 0.4));
    assert!((map.at([110.0, 10.0]) - 0.5).abs() < 1e-12);
    // Outside as at the edge.
    assert_eq!((map.at([-50.0, -50.0]), map.at([500.0, 500.0])), (0.0, 0.6));
    assert!(DetectionMap::grid([0.0; 2], 1.0, &[vec![0.5], vec![]]).is_err());
    assert!(DetectionMap::grid([0.0; 2], 1.0, &[vec![1.5]]).is_err());
    assert!(DetectionMap::grid([0.0; 2], 0.0, &[vec![0.5]]).is_err());
}

#[test]
fn the_mean_along_a_way_is_that_of_the_closed_form() {
    // From 0 to 1 over 10 m, linear between: 1/2; the whole beyond it is at the edge.
    let map = DetectionMap::grid([0.0, 0.0], 10.0, &[vec![0.0, 1.0]]).unwrap();
    assert!((map.mean_along([5.0, 0.0], [15.0, 0.0], 1.0) - 0.5).abs() < 1e-12);
    assert!((map.mean_along([5.0, 0.0], [5.0, 0.0], 1.0) - 0.0).abs() < 1e-12);
    assert!((together(0.8, 0.5) - 0.9).abs() < 1e-12);
}

fn scanned(own: f64, helper: f64, width_m: f64, density_per_m2: f64) -> ScannedField {
    let [own, helper] = [own, helper].map(|mean| DetectionMap::uniform(mean).unwrap());
    ScannedField { width_m, density_per_m2, own, helper }
}

#[test]
fn weeds_come_and_are_seen_as_often_as_they_should() {
    let field = scanned(0.6, 0.5, 5.0, 2.0);
    let mut random = random("weeds");
    let mut all = Weeds::default();
    // 1000 m with 5 m and 2 weeds a square metre: 10000 on average, whose spread is 100.
    for _ in 0..100 {
        let helps = |share: f64| share < 0.5;
        all.add(pass_over(&field, [0.0, 0.0], [6.0, 8.0], &helps, &mut random).unwrap());
    }
    assert!((all.passed as f64 - 10_000.0).abs() < 400.0, "{all:?}");
    let part = |count: u64| count as f64 / all.passed as f64;
    // Standard error of a share: at most 0.005. The helper is there half of the way: 0.25 of all, and 0.6 + 0.4 * 0.25 with it.
    assert!((part(all.by_own) - 0.6).abs() < 0.02);
    assert!((part(all.by_helper) - 0.25).abs() < 0.02);
    assert!((part(all.by_either) - 0.7).abs() < 0.02);
    // Who stands still passes nothing, and draws nothing.
    let still = pass_over(&field, [1.0, 1.0], [1.0, 1.0], &|_| true, &mut random).unwrap();
    assert_eq!(still, Weeds::default());
    assert!((field.mean_gain([0.0; 2], [9.0, 9.0]) - 0.2).abs() < 1e-12);
}

#[test]
fn weeds_are_the_same_with_a_helper_and_without() {
    let field = scanned(0.4, 0.9, 3.0, 1.0);
    let seen =
        |helps: bool| pass_over(&field, [0.0; 2], [50.0, 0.0], &|_| helps, &mut random("same")).unwrap();
    let (with, without) = (seen(true), seen(false));
    assert_eq!((with.passed, with.by_own), (without.passed, without.by_own));
    assert!(with.by_either > without.by_either && without.by_helper == 0);
}

proptest! {
    #[test]
    fn probabilities_are_shares(mean in 0.0..=1.0f64, spread in 0.0..=1.0f64, x in -1e4..1e4f64, y in -1e4..1e4f64) {
        let map = DetectionMap::smooth(mean, spread, 20.0, &mut random("any")).unwrap();
        prop_assert!((0.0..=1.0).contains(&map.at([x, y])));
    }

    #[test]
    fn seen_weeds_are_some_of_those_there(length in 0.0..500.0f64, density in 0.0..0.5f64) {
        let field = scanned(0.3, 0.9, 4.0, density);
        let seen = pass_over(&field, [0.0; 2], [length, 0.0], &|_| true, &mut random("some")).unwrap();
        prop_assert!(seen.by_own <= seen.by_either && seen.by_helper <= seen.by_either);
        prop_assert!(seen.by_either <= seen.passed && seen.by_either <= seen.by_own + seen.by_helper);
    }
}
