use super::loss::{draw, lost_share};
use super::*;
use crate::engine::{Distribution, RandomStreams, SimDuration};

/// Streams of `count` messages under these options.
fn fates(count: u64, options: &AgentOptions) -> Vec<(bool, bool, f64)> {
    let mut stream = RandomStreams::new(9).entity("mail", 0);
    (0..count)
        .map(|_| {
            let (first, double) = draw(&mut stream, options);
            (first.is_lost(3, options), double.is_some(), first.late_by.as_secs())
        })
        .collect()
}

#[test]
fn a_way_loses_what_none_of_its_links_lets_pass() {
    // 1 - 0.9^3 = 0.271.
    assert!((lost_share(0.1, 3) - 0.271).abs() < 1e-12);
    assert_eq!((lost_share(0.1, 0), lost_share(0.0, 9), lost_share(1.0, 1)), (0.0, 0.0, 1.0));
    let options = AgentOptions { loss: 0.1, ..AgentOptions::new("test") };
    let count = 100_000;
    let lost = fates(count, &options).iter().filter(|fate| fate.0).count() as f64;
    // Four standard errors of a share: sqrt(p (1 - p) / n) = 0.0014.
    let error = (0.271_f64 * 0.729 / count as f64).sqrt();
    assert!((lost / count as f64 - 0.271).abs() < 4.0 * error, "{lost}");
}

#[test]
fn doubles_are_lost_for_themselves() {
    let options = AgentOptions { loss: 0.3, doubled: 0.5, ..AgentOptions::new("test") };
    let mut stream = RandomStreams::new(4).entity("mail", 0);
    let (mut doubled, mut lost, mut both) = (0.0, 0.0, 0.0);
    for _ in 0..100_000 {
        let (first, double) = draw(&mut stream, &options);
        let Some(double) = double else { continue };
        doubled += 1.0;
        lost += f64::from(u8::from(double.is_lost(1, &options)));
        both += f64::from(u8::from(double.is_lost(1, &options) && first.is_lost(1, &options)));
    }
    // Standard errors: of 0.5 in 10^5 0.0016, of 0.3 in 5 10^4 0.0021, of 0.09 in 5 10^4 0.0013.
    assert!((doubled / 1e5_f64 - 0.5).abs() < 4.0 * 0.0016, "{doubled}");
    assert!((lost / doubled - 0.3_f64).abs() < 4.0 * 0.0021, "{lost}");
    assert!((both / doubled - 0.09_f64).abs() < 4.0 * 0.0013, "{both}");
}

#[test]
fn what_one_option_draws_does_not_hang_on_another() {
    let late_by = Some(Distribution::exponential(2.0).unwrap());
    let lossy = AgentOptions { loss: 0.2, ..AgentOptions::new("test") };
    let late = AgentOptions { late: 0.5, late_by, ..lossy.clone() };
    let all = AgentOptions { doubled: 0.5, ..late.clone() };
    let of = |options| fates(10_000, options);
    let (lossy, late, all) = (of(&lossy), of(&late), of(&all));
    let lost = |fates: &[(bool, bool, f64)]| fates.iter().map(|fate| fate.0).collect::<Vec<_>>();
    assert_eq!(lost(&lossy), lost(&late));
    assert_eq!(lost(&lossy), lost(&all));
    let lateness = |fates: &[(bool, bool, f64)]| fates.iter().map(|fate| fate.2).collect::<Vec<_>>();
    assert_eq!(lateness(&late), lateness(&all));
    assert!(lossy.iter().all(|fate| fate.2 == 0.0 && !fate.1));
    // The mean of an exponential of 2 s, half of the time: 1 s, with a standard deviation of sqrt(3) s.
    let mean_s = lateness(&late).iter().sum::<f64>() / 1e4;
    assert!((mean_s - 1.0).abs() < 4.0 * 0.0174, "{mean_s}");
}

#[test]
fn options_out_of_range_are_named() {
    let good = AgentOptions::new("test");
    assert_eq!(good.check(), Ok(()));
    let told = |options: AgentOptions| options.check().unwrap_err().to_string();
    let bad = AgentOptions { loss: 1.5, ..good.clone() };
    assert_eq!(told(bad.clone()), "`loss` of agents is 1.5, but must be in 0..=1");
    assert_eq!(bad.mended().loss, 1.0);
    let bad = AgentOptions { light_work_mi: f64::NAN, ..good.clone() };
    assert_eq!(told(bad.clone()), "`light_work` of agents is NaN, but must be at least 0 and finite");
    assert_eq!(bad.mended().light_work_mi, 0.0);
    let bad = AgentOptions { cores: 0, ..good.clone() };
    assert_eq!(told(bad), "`cores` of agents is 0, but must be at least 1");
    let bad = AgentOptions { timeout: SimDuration::ZERO, ..good };
    assert_eq!(told(bad), "`timeout` of agents is 0, but must be above 0");
}
