use super::*;
use crate::engine::{Distribution, Kernel, Model, Schedule, Summary};
use crate::infra::compute::JobRequest;
use crate::infra::event::{InfraEvent, Notice};
use crate::infra::ids::Owner;
use crate::infra::network::LinkSpec;
use crate::infra::{InfraBuilder, NodeClass, Position, Static, Tier};
use proptest::prelude::*;

mod assets;
mod ground;

fn secs(seconds: f64) -> SimTime {
    SimTime::from_secs(seconds)
}

fn span(seconds: f64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

/// A change alone, with its subjects.
struct Bench {
    change: Box<dyn Change>,
    members: Vec<Member>,
    contributions: Vec<Contribution>,
    network: Network,
    last: Option<SimTime>,
}

impl Bench {
    fn new(change: impl Change + 'static, count: u32, base: f64) -> Self {
        Bench::grouped(change, (0..count).collect(), base)
    }

    fn grouped(change: impl Change + 'static, groups: Vec<u32>, base: f64) -> Self {
        let member = |(node, group)| Member { subject: Subject::Node(NodeId(node)), base, group };
        let members: Vec<Member> = (0..).zip(groups).map(member).collect();
        let mut change: Box<dyn Change> = Box::new(change);
        change.start(&Setup::new(RandomStreams::new(7), "bench", &members));
        let contributions = vec![Contribution::NEUTRAL; members.len()];
        Bench { change, members, contributions, network: Network::default(), last: None }
    }

    fn act(&mut self, now: SimTime, is_due: bool) {
        let (mut touched, values) = (Vec::new(), Vec::new());
        self.change.act(&mut Tick {
            now,
            is_due,
            elapsed: self.last.map_or(SimDuration::ZERO, |last| now.since(last)),
            members: &self.members,
            values: &values,
            network: &mut self.network,
            contributions: &mut self.contributions,
            touched: &mut touched,
        });
        if is_due {
            self.last = Some(now);
        }
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.contributions.iter().zip(&self.members).map(|(own, member)| own.of(member.base))
    }

    /// Values of each member at steps of one second.
    fn run(&mut self, steps: u64) -> Vec<Vec<f64>> {
        let step = |step: u64| {
            self.act(SimTime::from_nanos(step * 1_000_000_000), true);
            self.values().collect()
        };
        (0..steps).map(step).collect()
    }
}

/// Mean and variance of all values, held to expected ones within five standard errors, which are those of the means
/// over time of the members: these are independent of each other, whatever the correlation in time.
fn assert_moments(rows: &[Vec<f64>], mean: f64, variance: f64, what: &str) {
    let members = rows[0].len();
    let average = |of: &dyn Fn(f64) -> f64| -> Summary {
        let own = |member: usize| rows.iter().map(|row| of(row[member])).sum::<f64>();
        (0..members).map(|member| own(member) / rows.len() as f64).collect()
    };
    let close = |found: Summary, expected: f64, moment: &str| {
        let error = (found.variance() / members as f64).sqrt();
        let found = found.mean();
        assert!((found - expected).abs() <= 5.0 * error + 1e-12, "{what}: {moment} {found} {expected}");
    };
    close(average(&|value| value), mean, "mean");
    close(average(&|value| (value - mean).powi(2)), variance, "variance");
}

#[test]
fn a_day_is_exactly_periodic() {
    let mut bench = Bench::new(Diurnal::new(0.5, span(24.0), span(18.0)), 1, 100.0);
    let values: Vec<f64> = bench.run(24 * 2000).into_iter().map(|row| row[0]).collect();
    assert_eq!((values[18], values[6]), (150.0, 50.0));
    for (step, value) in values.iter().enumerate() {
        assert_eq!(*value, values[step % 24], "at {step}");
    }
    assert!((values[..24].iter().sum::<f64>() / 24.0 - 100.0).abs() < 1e-10);
}

/// Mean and variance are what they are said to be at the first step, and after very many.
#[test]
fn noise_is_stationary_from_the_first_step_on() {
    let correlated = |common| NoiseKind::Correlated { time_constant_s: 8.0, common };
    let walk = |step, reversion| NoiseKind::BoundedWalk { step, reversion };
    let momentum = NoiseKind::Momentum { damping: 0.8, pull: 0.05 };
    // In units of 5 % of 100.
    let cases = [
        ("jitter", NoiseKind::Jitter, 1.0 / 3.0),
        ("gaussian", NoiseKind::Gaussian, 1.0),
        // Reflected without reversion: uniform in -1..1.
        ("walk", walk(0.3, 0.0), 1.0 / 3.0),
        ("momentum", momentum, 1.0),
        ("correlated", correlated(0.0), 1.0),
    ];
    for (name, kind, variance) in cases {
        let mut bench = Bench::new(Noise::new(kind, Amount::Relative(0.05)), 2000, 100.0);
        let rows = bench.run(400);
        assert_moments(&rows[..1], 100.0, 25.0 * variance, &format!("{name} at first"));
        assert_moments(&rows[399..], 100.0, 25.0 * variance, &format!("{name} at last"));
        assert_moments(&rows, 100.0, 25.0 * variance, name);
    }
    // With reversion and far from the bound: an autoregression of variance step^2 / (1 - (1 - reversion)^2).
    let mut bench = Bench::new(Noise::new(walk(0.05, 0.2), Amount::Absolute(10.0)), 1000, 100.0);
    let rows = bench.run(600);
    assert_moments(
        &rows[100..],
        100.0,
        100.0 * 0.05f64.powi(2) / (1.0 - 0.8f64.powi(2)),
        "reverting walk",
    );
    // Impulses of 3 at p = 0.1 that keep a = e^(-1/5) a second: mean p / (1 - a) of them.
    let kind = NoiseKind::Impulse { p: 0.1, time_constant_s: 5.0 };
    let mut bench = Bench::new(Noise::new(kind, Amount::Absolute(3.0)), 1000, 100.0);
    let kept = (-0.2f64).exp();
    let (mean, variance) = (0.1 / (1.0 - kept), 0.09 / (1.0 - kept * kept));
    let rows = bench.run(600);
    assert_moments(&rows[100..], 100.0 + 3.0 * mean, 9.0 * variance, "impulses");
}

#[test]
fn correlated_noise_has_the_correlations_it_is_told() {
    let kind = NoiseKind::Correlated { time_constant_s: 4.0, common: 0.25 };
    let mut bench = Bench::new(Noise::new(kind, Amount::Absolute(1.0)), 2, 0.0);
    let rows = bench.run(200_000);
    let mean_of =
        |of: &dyn Fn(usize) -> f64| (1..rows.len()).map(of).sum::<f64>() / (rows.len() - 1) as f64;
    // About 200 000 / 8 independent values: a standard error of 0.0063.
    let in_time = mean_of(&|step| rows[step][0] * rows[step - 1][0]);
    assert!((in_time - (-0.25f64).exp()).abs() < 0.03, "{in_time}");
    let between = mean_of(&|step| rows[step][0] * rows[step][1]);
    assert!((between - 0.25).abs() < 0.03, "{between}");
}

#[test]
fn a_walk_never_leaves_its_bound() {
    let kind = NoiseKind::BoundedWalk { step: 0.9, reversion: 0.0 };
    let mut bench = Bench::new(Noise::new(kind, Amount::Absolute(2.0)), 50, 10.0);
    for row in bench.run(500) {
        assert!(row.iter().all(|value| (8.0..=12.0).contains(value)), "{row:?}");
    }
}

/// Noise of 5 % on 4 cores moves them, at every step, and returns: what is rounded away in integers is not.
#[test]
fn small_numbers_keep_moving_around_their_base() {
    let mut bench = Bench::new(Noise::new(NoiseKind::Jitter, Amount::Relative(0.05)), 1, 4.0);
    let values: Vec<f64> = bench.run(5000).into_iter().map(|row| row[0]).collect();
    assert!(values.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(values.iter().all(|value| (3.8..=4.2).contains(value)));
}

#[test]
fn flaps_fail_as_often_and_as_long_as_expected() {
    let (p_fail, p_repair, members, steps) = (0.02, 0.5, 500, 2000);
    let mut bench = Bench::new(Flap::new(p_fail, p_repair, 0.0), members, 1.0);
    let rows = bench.run(steps);
    // From the long run on.
    assert_moments(&rows[50..], 0.5 / 0.52, 0.5 * 0.02 / 0.52f64.powi(2), "availability");
    let (mut chances, mut failures) = (0.0, 0.0);
    for pair in rows.windows(2) {
        for (before, after) in pair[0].iter().zip(&pair[1]) {
            chances += before;
            failures += f64::from(*before == 1.0 && *after == 0.0);
        }
    }
    // Binomial: five standard deviations.
    let deviation = (chances * p_fail * (1.0 - p_fail)).sqrt();
    assert!((failures - chances * p_fail).abs() < 5.0 * deviation, "{failures} of {chances}");
}

#[test]
fn groups_fail_together_and_apart_from_others() {
    let mut bench = Bench::grouped(Flap::new(0.3, 0.3, 0.0), vec![4, 4, 9, 4, 9], 1.0);
    let rows = bench.run(400);
    assert!(rows.iter().all(|row| row[0] == row[1] && row[1] == row[3] && row[2] == row[4]));
    assert!(rows.iter().any(|row| row[0] != row[2]));
}

#[test]
fn episodes_last_as_long_as_told_to_the_nanosecond() {
    let spike = Episodes::new(1.0, 3.0, Distribution::constant(2.5).unwrap());
    let mut bench = Bench::new(spike, 1, 10.0);
    bench.act(secs(0.0), true);
    assert_eq!((bench.values().next(), bench.change.wake()), (Some(30.0), secs(2.5)));
    bench.act(secs(1.0), true);
    assert_eq!(bench.change.wake(), secs(2.5));
    bench.act(secs(2.5), false);
    assert_eq!((bench.values().next(), bench.change.wake()), (Some(10.0), SimTime::MAX));
}

#[test]
fn a_kill_takes_as_many_as_told_of_those_that_are_up() {
    let mut bench = Bench::new(Kill::new(Portion::Count(3), SimDuration::MAX), 10, 1.0);
    for gone in [3.0, 6.0, 9.0, 10.0, 10.0] {
        bench.act(secs(gone), true);
        assert_eq!(bench.values().sum::<f64>(), 10.0 - gone);
    }
    let mut bench = Bench::new(Kill::new(Portion::Share(0.5), span(4.0)), 10, 1.0);
    bench.act(secs(1.0), true);
    assert_eq!((bench.values().sum::<f64>(), bench.change.wake()), (5.0, secs(5.0)));
    bench.act(secs(5.0), false);
    assert_eq!(bench.values().sum::<f64>(), 10.0);
}

#[test]
fn trends_have_their_closed_forms() {
    let cases = [
        (
            TrendKind::Reduce { by: 0.1, floor: 0.5 },
            [90.0, 81.0, 72.9, 100.0 * 0.9f64.powi(4), 59.049, 53.1441, 50.0],
        ),
        (
            TrendKind::Increase { by: 0.5, ceiling: 4.0 },
            [150.0, 225.0, 337.5, 400.0, 400.0, 400.0, 400.0],
        ),
        (TrendKind::Scale(0.25), [25.0; 7]),
        (TrendKind::SetValue(Amount::Absolute(7.0)), [7.0; 7]),
        (
            TrendKind::RampTo { to: 3.0, over: span(4.0) },
            [100.0, 150.0, 200.0, 250.0, 300.0, 300.0, 300.0],
        ),
        (
            TrendKind::Decay { to: 0.5, time_constant_s: 2.0 },
            [0, 1, 2, 3, 4, 5, 6].map(|t| 50.0 + 50.0 * (-f64::from(t) / 2.0).exp()),
        ),
    ];
    for (kind, expected) in cases {
        let mut bench = Bench::new(Trend::new(kind), 1, 100.0);
        for (row, expected) in bench.run(7).iter().zip(expected) {
            assert!((row[0] - expected).abs() < 1e-9, "{kind:?}: {} {expected}", row[0]);
        }
    }
}

#[test]
fn arrivals_are_poisson_distributed_at_every_instant_and_stay() {
    // 0.4 a second that stay for 5 s: 2 on average, each of which takes 3.
    let mut bench = Bench::new(Arrivals::new(0.4, 5.0, Amount::Absolute(3.0)), 2000, 100.0);
    let rows = bench.run(100);
    for rows in [&rows[..1], &rows[99..], &rows[..]] {
        assert_moments(rows, 100.0 - 6.0, 9.0 * 2.0, "arrivals");
    }
    // The correlation of M/M/infinity over a second is e^(-1 / 5).
    let products: Summary =
        rows[50].iter().zip(&rows[51]).map(|(a, b)| (a - 94.0) * (b - 94.0) / 18.0).collect();
    let error = (products.variance() / 2000.0).sqrt();
    assert!((products.mean() - (-0.2f64).exp()).abs() < 5.0 * error, "{products:?}");
}

#[test]
fn churn_is_away_for_its_share_of_the_time() {
    let [stays, away] = [30.0, 10.0].map(|mean| Distribution::exponential(mean).unwrap());
    let mut bench = Bench::new(Churn::new(stays, away), 200, 1.0);
    let (mut now, mut present_s) = (SimTime::ZERO, 0.0);
    while now < secs(4000.0) {
        let next = bench.change.wake();
        present_s += bench.values().sum::<f64>() * next.since(now).as_secs();
        now = next;
        bench.act(now, false);
    }
    let share = present_s / 200.0 / now.as_secs();
    // 200 x 4000 / 40 cycles: a standard error of about 0.003.
    assert!((share - 0.75).abs() < 0.015, "{share}");
}

#[test]
fn rewiring_keeps_the_number_and_changes_who_it_is() {
    let mut bench = Bench::new(Rewire::new(Portion::Share(0.25), 0.5), 40, 1.0);
    let rows = bench.run(200);
    assert!(rows.iter().all(|row| row.iter().sum::<f64>() == 10.0));
    assert!(rows.windows(2).any(|pair| pair[0] != pair[1]));
    // Each is there for a quarter of the time.
    assert_moments(&rows, 0.25, 0.1875, "present");
}

fn series(points: &[(f64, Option<f64>)]) -> BTreeMap<Subject, ReplaySeries> {
    let points = points.iter().map(|&(time, value)| (secs(time), value)).collect();
    BTreeMap::from([(Subject::Node(NodeId(0)), ReplaySeries { points })])
}

#[test]
fn a_replay_is_exact() {
    let points = [(1.0, Some(5.0)), (2.5, None), (4.0, Some(9.0))];
    for (missing, gap) in [(Missing::Keep, 5.0), (Missing::Base, 100.0)] {
        let replay = Replay::new(series(&points), false, false, Some(span(6.0)), missing);
        let mut bench = Bench::new(replay, 2, 100.0);
        let mut seen = Vec::new();
        for _ in 0..6 {
            let now = bench.change.wake();
            bench.act(now, false);
            seen.push((now.as_secs(), bench.values().next().unwrap()));
            // The other one is in no row.
            assert_eq!(bench.values().nth(1), Some(100.0));
        }
        let expected = [(1.0, 5.0), (2.5, gap), (4.0, 9.0), (7.0, 5.0), (8.5, gap), (10.0, 9.0)];
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_replay_between_rows_is_on_the_straight_line() {
    let points = [(2.0, Some(0.5)), (6.0, Some(1.5))];
    let replay = Replay::new(series(&points), true, true, None, Missing::Keep);
    let mut bench = Bench::new(replay, 1, 10.0);
    let values: Vec<f64> = bench.run(9).into_iter().map(|row| row[0]).collect();
    assert_eq!(values, [10.0, 10.0, 5.0, 7.5, 10.0, 12.5, 15.0, 15.0, 15.0]);
    assert_eq!(bench.change.wake(), SimTime::MAX);
}

fn scale(factor: f64) -> Box<dyn Change> {
    Box::new(Trend::new(TrendKind::Scale(factor)))
}

#[test]
fn compositions_do_what_they_say() {
    let add: Box<dyn Change> = Box::new(Arrivals::new(0.0, 1.0, Amount::Absolute(1.0)));
    let mut bench = Bench::new(AllOf::new(vec![scale(0.5), scale(0.5), add]), 1, 100.0);
    assert_eq!(bench.run(3), [[25.0], [25.0], [25.0]]);

    let phases = vec![(span(2.0), scale(2.0)), (span(1.5), scale(3.0))];
    let mut bench = Bench::new(Phases::new(phases, true), 1, 1.0);
    bench.act(secs(10.0), true);
    let mut seen = vec![(10.0, bench.values().next().unwrap())];
    for _ in 0..4 {
        let now = bench.change.wake();
        bench.act(now, false);
        seen.push((now.as_secs(), bench.values().next().unwrap()));
    }
    assert_eq!(seen, [(10.0, 2.0), (12.0, 3.0), (13.5, 2.0), (15.5, 3.0), (17.0, 2.0)]);

    let condition = Condition::During { period: span(10.0), from: span(8.0), to: span(2.0) };
    let mut bench = Bench::new(Conditional::new(condition, scale(0.0), Some(scale(4.0))), 1, 1.0);
    let values: Vec<f64> = bench.run(12).into_iter().map(|row| row[0]).collect();
    assert_eq!(values, [0.0, 0.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 0.0, 0.0, 0.0, 0.0]);

    let mut bench = Bench::new(Choice::new(vec![(1.0, scale(0.0)), (3.0, scale(1.0))]), 400, 1.0);
    assert_moments(&bench.run(50), 0.75, 0.1875, "choice");
}

proptest! {
    /// A timetable's instants rise, and keep to its windows, its end, its number and its rest.
    #[test]
    fn timetables_keep_their_rules(
        every in 0.1..5.0f64, after in 0.0..10.0f64, jitter in 0.0..=1.0f64, probability in 0.1..=1.0f64,
        cooldown in 0.0..6.0f64, until in 20.0..60.0f64, repeat in 1..20u64, seed in any::<u64>(),
    ) {
        let mut table = Timetable::every(span(every));
        (table.after, table.jitter, table.probability) = (secs(after), jitter, probability);
        (table.cooldown, table.until, table.repeat) = (span(cooldown), secs(until), repeat);
        table.windows = vec![(secs(5.0), secs(15.0)), (secs(25.0), secs(40.0))];
        table.at = vec![secs(6.0), secs(30.0)];
        prop_assert_eq!(table.check(), Ok(()));
        let mut random = RandomStreams::new(seed).stream("times");
        let mut last: Option<SimTime> = None;
        let mut count = 0;
        while let Some(time) = table.next(&mut random) {
            prop_assert!(last.is_none_or(|last| time > last && time.since(last) >= span(cooldown)));
            prop_assert!(time <= secs(until));
            let inside = |a, b| (secs(a)..=secs(b)).contains(&time);
            prop_assert!(inside(5.0, 15.0) || inside(25.0, 40.0));
            last = Some(time);
            count += 1;
        }
        prop_assert!(count <= repeat);
    }
}
