use super::*;
use crate::engine::{RandomStreams, Summary};

fn rates(step_s: f64, of: &[f64], after: After) -> StreamRates {
    let steps: Vec<Vec<f64>> = of.iter().map(|rate| vec![*rate]).collect();
    StreamRates::new(step_s, &steps, after).unwrap()
}

/// The times of all arrivals of the first stream.
fn times(arrivals: &Arrivals, entity: u64, horizon_s: f64) -> Vec<f64> {
    let random = RandomStreams::new(5).entity("functions/arrivals", entity);
    let mut clock = StreamClock::new(arrivals, 0, random);
    let horizon = SimTime::from_secs(horizon_s);
    let mut found = Vec::new();
    while let Some(arrived) = clock.next(arrivals, horizon) {
        let at_s = arrived.at.as_secs();
        assert!(at_s <= horizon_s && found.last().is_none_or(|last| *last <= at_s));
        found.push(at_s);
    }
    assert!(clock.next(arrivals, SimTime::ZERO).is_none());
    found
}

/// Counts of arrivals in windows: their mean and index of dispersion.
fn dispersion(arrivals: &Arrivals, window_s: f64, windows: usize) -> (f64, f64) {
    let mut counts = vec![0.0; windows];
    for at_s in times(arrivals, 0, window_s * windows as f64) {
        counts[((at_s / window_s) as usize).min(windows - 1)] += 1.0;
    }
    let counts: Summary = counts.into_iter().collect();
    (counts.mean(), counts.variance() / counts.mean())
}

#[test]
fn a_poisson_process_has_the_mean_and_the_dispersion_of_one() {
    let arrivals = Arrivals::poisson(vec![8.0]).unwrap();
    let (mean, dispersion) = dispersion(&arrivals, 10.0, 4000);
    // 320 000 arrivals; the index of dispersion of n windows has the standard error sqrt(2 / n) = 0.022.
    assert!((mean - 80.0).abs() < 4.0 * (80.0f64 / 4000.0).sqrt(), "{mean}");
    assert!((dispersion - 1.0).abs() < 4.0 * 0.0224, "{dispersion}");
}

/// With gaps of one coefficient of variation counts have its square as index of dispersion in the long run, and the mean
/// number is that of the rate from the start, since the first gap is that of a process in equilibrium.
#[test]
fn gamma_gaps_disperse_counts_by_the_square_of_their_variation() {
    for (cv, tolerance) in [(0.5, 0.03), (2.0, 0.4)] {
        let arrivals = Arrivals::Rates(rates(60.0, &[20.0], After::Hold), WithinStep::Gamma { cv });
        let (mean, dispersion) = dispersion(&arrivals, 50.0, 2000);
        assert!((mean - 1000.0).abs() < 4.0 * (cv * cv * 1000.0 / 2000.0f64).sqrt(), "{cv}: {mean}");
        assert!((dispersion - cv * cv).abs() < tolerance, "{cv}: {dispersion}");
    }
    let arrivals = Arrivals::Rates(rates(1.0, &[1.0], After::Hold), WithinStep::Gamma { cv: 3.0 });
    let firsts: usize = (0..20_000).map(|entity| times(&arrivals, entity, 1.0).len()).sum();
    // A renewal process that began with a whole gap would have 1.9 of them; 4 standard errors are 0.05 here.
    assert!((firsts as f64 / 20_000.0 - 1.0).abs() < 0.06, "{firsts}");
}

/// Two states with rates l1, l2 and rates of leaving s1, s2: the index of dispersion of counts tends to
/// 1 + 2 (l1 - l2)^2 s1 s2 / ((s1 + s2)^2 (l1 s2 + l2 s1)) (Fischer and Meier-Hellstern, section 3).
#[test]
fn modulated_processes_have_the_mean_and_the_dispersion_of_the_closed_form() {
    let mmpp = Mmpp::new(vec![3.0, 0.5], vec![2.0, 8.0]).unwrap();
    let arrivals = Arrivals::Rates(rates(60.0, &[4.0], After::Hold), WithinStep::Mmpp(mmpp));
    let (l1, l2, s1, s2) = (12.0, 2.0, 0.5, 0.125);
    let square = |value: f64| value * value;
    let index = 1.0 + 2.0 * square(l1 - l2) * s1 * s2 / (square(s1 + s2) * (l1 * s2 + l2 * s1));
    assert!((index - 13.8).abs() < 1e-9);
    // In windows of finite length t it is less: the second term times 1 - (1 - exp(-(s1 + s2) t)) / ((s1 + s2) t).
    let window_s = 200.0;
    let expected = 1.0 + (index - 1.0) * (1.0 - 1.0 / ((s1 + s2) * window_s));
    let (mean, found) = dispersion(&arrivals, window_s, 4000);
    // Four standard errors: of the mean sqrt(index / (4000 windows * 800)) relative, of the index sqrt(2 / 4000).
    assert!((mean / 800.0 - 1.0).abs() < 4.0 * (index / 3.2e6).sqrt(), "{mean}");
    assert!((found / expected - 1.0).abs() < 4.0 * 0.0224, "{found} {expected}");
}

#[test]
fn multipliers_that_would_change_the_rate_are_refused_with_what_would_do() {
    let error = Mmpp::new(vec![4.0, 1.0], vec![1.0, 2.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the mean of the multipliers over time is 2, but must be 1, so that rates stay what they are: scale them to \
         [2, 0.5]"
    );
    assert!(Mmpp::new(vec![1.0], vec![1.0, 2.0]).is_err());
    assert!(Mmpp::new(vec![1.0], vec![0.0]).is_err());
    assert!(Mmpp::new(vec![-1.0, 3.0], vec![1.0, 1.0]).is_err());
}

/// Minutes of a trace have as many requests as they say, whichever they are.
#[test]
fn whole_numbers_of_a_step_are_met_exactly() {
    let counts = [3u32, 0, 17, 1, 250, 7, 0, 0, 2];
    let steps: Vec<f64> = counts.iter().map(|count| f64::from(*count) / 60.0).collect();
    for within in [WithinStep::Uniform, WithinStep::Equidistant] {
        let arrivals = Arrivals::Rates(rates(60.0, &steps, After::Repeat), within);
        for entity in 0..50 {
            let mut found = vec![0; 2 * counts.len()];
            for at_s in times(&arrivals, entity, 120.0 * counts.len() as f64) {
                found[(at_s / 60.0) as usize] += 1;
            }
            assert_eq!(found, [counts, counts].concat());
        }
    }
}

/// Streams with a third of a request a step have one in three steps, each at steps of its own.
#[test]
fn parts_of_requests_add_up() {
    let arrivals = Arrivals::Rates(rates(10.0, &[1.0 / 30.0], After::Hold), WithinStep::Uniform);
    let mut by_step = [0; 3];
    for entity in 0..300 {
        let found = times(&arrivals, entity, 3000.0);
        assert!((99..=101).contains(&found.len()), "{}", found.len());
        by_step[((found[0] / 10.0) as usize).min(2)] += 1;
    }
    assert!(by_step.iter().all(|count| *count > 60), "{by_step:?}");
}

#[test]
fn equidistant_requests_have_equal_gaps_while_the_rate_stays() {
    let arrivals = Arrivals::Rates(rates(10.0, &[2.0, 0.5], After::Hold), WithinStep::Equidistant);
    let found = times(&arrivals, 3, 40.0);
    let gaps = |from: f64, until: f64| {
        let within: Vec<f64> =
            found.iter().copied().filter(|at_s| (from..until).contains(at_s)).collect();
        within.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>()
    };
    assert!(gaps(0.0, 10.0).iter().all(|gap| (gap - 0.5).abs() < 1e-8), "{found:?}");
    assert!(gaps(10.0, 40.0).iter().all(|gap| (gap - 2.0).abs() < 1e-8), "{found:?}");
    assert_eq!(found.len(), 35);
}

#[test]
fn rates_end_hold_or_begin_anew() {
    let count = |after, horizon_s| {
        let arrivals = Arrivals::Rates(rates(10.0, &[0.0, 100.0, 0.0], after), WithinStep::Poisson);
        times(&arrivals, 1, horizon_s).len()
    };
    // 1000 expected in each 30 s, all in the second 10 s.
    assert_eq!(count(After::Hold, 300.0), count(After::Hold, 30.0));
    assert_eq!(count(After::Stop, 300.0), count(After::Stop, 30.0));
    let all = count(After::Repeat, 300.0) as f64;
    assert!((all - 10_000.0).abs() < 4.0 * 100.0, "{all}");
    let held = Arrivals::Rates(rates(10.0, &[0.0, 100.0], After::Hold), WithinStep::Poisson);
    let all = times(&held, 1, 110.0).len() as f64;
    assert!((all - 10_000.0).abs() < 4.0 * 100.0, "{all}");
}

/// What is announced: exact integrals over steps, and over their end.
#[test]
fn the_mean_rate_is_the_integral() {
    let mean = |after, from, until| {
        Arrivals::Rates(rates(10.0, &[1.0, 4.0], after), WithinStep::Poisson).mean_rps(
            0,
            SimTime::from_secs(from),
            SimTime::from_secs(until),
        )
    };
    assert_eq!(mean(After::Hold, 0.0, 10.0), 1.0);
    assert_eq!(mean(After::Hold, 5.0, 15.0), 2.5);
    assert_eq!(mean(After::Hold, 15.0, 115.0), 4.0);
    assert_eq!(mean(After::Stop, 15.0, 25.0), 2.0);
    assert_eq!(mean(After::Repeat, 0.0, 40.0), 2.5);
    assert_eq!(mean(After::Repeat, 20.0, 30.0), 1.0);
    assert_eq!(mean(After::Stop, 20.0, 30.0), 0.0);
    assert_eq!(mean(After::Hold, 30.0, 30.0), 0.0);
}

#[test]
fn recorded_requests_come_when_they_came_with_their_times() {
    let at =
        |at_s, stream, service_s| RecordedArrival { at: SimTime::from_secs(at_s), stream, service_s };
    let rows =
        vec![at(3.0, 1, 0.5), at(1.0, 0, f64::NAN), at(2.0, 1, 0.25), at(9.0, 1, 1.0), at(1.0, 7, 1.0)];
    let arrivals = Arrivals::Recorded(Recorded::new(2, rows));
    let mut clock =
        StreamClock::new(&arrivals, 1, RandomStreams::new(1).entity("functions/arrivals", 1));
    let mut next = || {
        let found = clock.next(&arrivals, SimTime::from_secs(5.0))?;
        Some((found.at.as_secs(), found.service_s))
    };
    assert_eq!([next(), next(), next()], [Some((2.0, 0.25)), Some((3.0, 0.5)), None]);
    assert_eq!(arrivals.mean_rps(1, SimTime::from_secs(2.0), SimTime::from_secs(4.0)), 1.0);
    assert_eq!(arrivals.mean_rps(1, SimTime::from_secs(3.0), SimTime::from_secs(4.0)), 1.0);
    assert_eq!(arrivals.streams(), 2);
}

#[test]
fn rates_out_of_range_are_named() {
    let error = StreamRates::new(1.0, &[vec![1.0, 2.0], vec![1.0, -2.0]], After::Hold).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rate of stream 1 in step 1 is -2, but must be from 0 to 1e6 requests per second"
    );
    assert!(StreamRates::new(0.0, &[vec![1.0]], After::Hold).is_err());
    assert!(StreamRates::new(1.0, &[], After::Hold).is_err());
    assert!(StreamRates::new(1.0, &[vec![1.0], vec![]], After::Hold).is_err());
}
