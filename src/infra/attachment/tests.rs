//! Closed forms, and all else against evaluating the rule for every access point at fine steps.

use super::*;
use crate::engine::{RandomStreams, SimDuration, SimTime};
use crate::infra::geometry::Leg;
use proptest::prelude::*;
use rand::RngExt;

fn point(x_m: f64, y_m: f64) -> AccessPoint {
    AccessPoint { position: Position::ground(x_m, y_m), range_m: None, transmit_power_dbm: 20.0 }
}

fn nearest(hysteresis_ratio: f64) -> Criterion {
    Criterion::Distance { hysteresis_ratio }
}

fn leg(from: (f64, f64), to: (f64, f64), seconds: f64) -> Leg {
    let (from, to) = (Position::ground(from.0, from.1), Position::ground(to.0, to.1));
    Leg::straight(from, to, SimTime::ZERO, SimTime::from_secs(seconds))
}

const fn index(number: u32) -> Option<AccessPointIndex> {
    Some(AccessPointIndex(number))
}

/// All changes along a leg; fails if there are more than `most`.
fn changes(
    points: &AccessPoints,
    leg: &Leg,
    mut current: Option<AccessPointIndex>,
    most: usize,
) -> Vec<(SimTime, Option<AccessPointIndex>)> {
    let mut changes = Vec::new();
    let mut now = leg.depart;
    while let Some((time, next)) = points.next_change(leg, now, current) {
        assert!(time > now && time <= leg.arrive, "{time} after {now}");
        assert_ne!(next, current);
        assert!(changes.len() < most, "{changes:?}");
        changes.push((time, next));
        (now, current) = (time, next);
    }
    changes
}

/// The changes in seconds to the next microsecond, for comparison with closed forms.
fn in_seconds(changes: &[(SimTime, Option<AccessPointIndex>)]) -> Vec<(f64, Option<AccessPointIndex>)> {
    changes.iter().map(|&(time, next)| ((time.as_secs() * 1e6).round() / 1e6, next)).collect()
}

#[test]
fn a_device_hands_over_at_the_bisector() {
    let points = AccessPoints::new(&[point(0.0, 30.0), point(100.0, 30.0)], nearest(0.0)).expect("good");
    let there = leg((0.0, 0.0), (100.0, 0.0), 10.0);
    let instant = SimTime::from_nanos(5_000_000_001);
    assert_eq!(changes(&points, &there, index(0), 9), [(instant, index(1))]);
    // Along the bisector nothing is better.
    let along = leg((50.0, -100.0), (50.0, 100.0), 10.0);
    for current in [index(0), index(1)] {
        assert_eq!(changes(&points, &along, current, 9), []);
        assert_eq!(points.attach(Position::ground(50.0, 7.0), current), current);
    }
    assert_eq!(points.best(Position::ground(50.0, 7.0)), index(0));
}

/// With 10 % of hysteresis on a line: 1.1 (100 - x) = x at x = 52.381; back, 1.1 x = 100 - x at 47.619.
#[test]
fn hysteresis_of_distance_delays_both_ways() {
    let points = AccessPoints::new(&[point(0.0, 0.0), point(100.0, 0.0)], nearest(0.1)).expect("good");
    let there = leg((0.0, 0.0), (100.0, 0.0), 100.0);
    assert_eq!(in_seconds(&changes(&points, &there, index(0), 9)), [(52.380_952, index(1))]);
    let back = leg((100.0, 0.0), (0.0, 0.0), 100.0);
    assert_eq!(in_seconds(&changes(&points, &back, index(1), 9)), [(52.380_952, index(0))]);
}

/// Where a 6 dB stronger transmitter at the origin and one at 90 m are received alike, with exponent n:
/// d1 / d2 = 10^(6 / (10 n)) = k, the circle of Apollonius with centre 90 k^2 / (k^2 - 1) and radius
/// 90 k / (k^2 - 1) around the weaker one. A hysteresis h moves k by 10^(h / (10 n)).
#[test]
fn equal_signals_lie_on_the_circle_of_apollonius() {
    let exponent = 3.0;
    for hysteresis_db in [0.0, 2.0] {
        let criterion = Criterion::Signal { path_loss_exponent: exponent, hysteresis_db };
        let strong = AccessPoint { transmit_power_dbm: 26.0, ..point(0.0, 0.0) };
        let points = AccessPoints::new(&[strong, point(90.0, 0.0)], criterion).expect("good");
        let circle = |k: f64| (90.0 * k * k / (k * k - 1.0), 90.0 * k / (k * k - 1.0));
        let (in_centre, in_radius) = circle(10f64.powf((6.0 + hysteresis_db) / (10.0 * exponent)));
        let (out_centre, out_radius) = circle(10f64.powf((6.0 - hysteresis_db) / (10.0 * exponent)));
        // A chord at 20 m beside the axis, at 1 m/s.
        let path = leg((-300.0, 20.0), (700.0, 20.0), 1000.0);
        let half_chord = |radius: f64| (radius * radius - 400.0).sqrt();
        let enter = 300.0 + in_centre - half_chord(in_radius);
        let leave = 300.0 + out_centre + half_chord(out_radius);
        let found = changes(&points, &path, index(0), 9);
        assert_eq!((found.len(), found[0].1, found[1].1), (2, index(1), index(0)));
        assert!((found[0].0.as_secs() - enter).abs() < 2e-9, "{found:?} {enter}");
        assert!((found[1].0.as_secs() - leave).abs() < 2e-9, "{found:?} {leave}");
    }
}

#[test]
fn ranges_are_entered_and_left_exactly() {
    let with_range = |x_m, range_m| AccessPoint { range_m: Some(range_m), ..point(x_m, 0.0) };
    let sites = [with_range(100.0, 50.0), with_range(180.0, 40.0), with_range(400.0, 10.0)];
    let points = AccessPoints::new(&sites, nearest(0.5)).expect("good");
    let path = leg((0.0, 30.0), (1000.0, 30.0), 1000.0);
    // Half chords at 30 m: 40 m of the first, 26.458 m of the second, none of the third. The second is
    // entered at 153.542, when it is 40 m away and the first 61.5: too late, that was left at 140.
    let expected = [(60.0, index(0)), (140.0, None), (153.542_487, index(1)), (206.457_513, None)];
    assert_eq!(in_seconds(&changes(&points, &path, None, 9)), expected);
    assert_eq!(points.best(Position::ground(50.0, 0.0)), index(0));
    assert_eq!(points.best(Position::ground(49.999, 0.0)), None);
}

#[test]
fn the_best_one_in_range_takes_over_when_a_range_is_left() {
    let small = AccessPoint { range_m: Some(20.0), ..point(0.0, 0.0) };
    let points = AccessPoints::new(&[small, point(200.0, 0.0), point(100.0, 0.0)], nearest(1.0));
    let points = points.expect("good");
    // At 20 m the second choice is at 80 m, far too far for the hysteresis; back at 0 m the first is
    // nearer by more than half from 33.3 m on, but in range only from 20 m.
    let there = leg((0.0, 0.0), (90.0, 0.0), 90.0);
    assert_eq!(in_seconds(&changes(&points, &there, index(0), 9)), [(20.0, index(2))]);
    let back = leg((90.0, 0.0), (0.0, 0.0), 90.0);
    assert_eq!(in_seconds(&changes(&points, &back, index(2), 9)), [(70.0, index(0))]);
}

#[test]
fn height_counts() {
    let mast =
        AccessPoint { position: Position { z_m: 40.0, ..Position::default() }, ..point(0.0, 0.0) };
    let points = AccessPoints::new(&[mast, point(30.0, 0.0)], nearest(0.0)).expect("good");
    assert_eq!(points.best(Position::ground(0.0, 0.0)), index(1));
    // A drone rises above the mast's foot: |40 - z| = sqrt(900 + z^2) at z = 8.75.
    let to = Position { z_m: 100.0, ..Position::default() };
    let climb = Leg { to, ..leg((0.0, 0.0), (0.0, 0.0), 100.0) };
    assert_eq!(in_seconds(&changes(&points, &climb, index(1), 9)), [(8.75, index(0))]);
}

#[test]
fn what_is_switched_off_does_not_exist() {
    let sites = [point(0.0, 0.0), point(50.0, 0.0), point(100.0, 0.0)];
    let mut points = AccessPoints::new(&sites, nearest(0.0)).expect("good");
    let path = leg((0.0, 0.0), (100.0, 0.0), 100.0);
    points.set_active(AccessPointIndex(1), false);
    assert!(!points.is_active(AccessPointIndex(1)) && points.is_active(AccessPointIndex(2)));
    assert_eq!(points.attach(Position::ground(45.0, 0.0), index(1)), index(0));
    assert_eq!(in_seconds(&changes(&points, &path, index(0), 9)), [(50.0, index(2))]);
    points.set_active(AccessPointIndex(1), true);
    assert_eq!(in_seconds(&changes(&points, &path, index(0), 9)), [(25.0, index(1)), (75.0, index(2))]);
    for number in 0..3 {
        points.set_active(AccessPointIndex(number), false);
    }
    assert_eq!(changes(&points, &path, index(0), 9), [(SimTime::from_nanos(1), None)]);
    assert_eq!(points.best(Position::default()), None);
}

#[test]
fn odd_questions_have_answers() {
    let points = AccessPoints::new(&[point(0.0, 0.0), point(0.0, 0.0)], nearest(0.0)).expect("good");
    let path = leg((0.0, 0.0), (100.0, 0.0), 100.0);
    assert_eq!(points.best(Position::default()), index(0));
    assert_eq!(changes(&points, &path, index(1), 9), []);
    // An access point that does not exist is none, and is replaced at once.
    assert_eq!(changes(&points, &path, index(7), 9), [(SimTime::from_nanos(1), index(0))]);
    assert_eq!(points.attach(Position::default(), index(7)), index(0));
    assert_eq!(points.best(Position::ground(f64::NAN, 0.0)), None);
    for to in [(f64::NAN, 0.0), (f64::INFINITY, 0.0), (0.0, 0.0)] {
        assert_eq!(points.next_change(&leg((0.0, 0.0), to, 100.0), SimTime::ZERO, index(1)), None);
    }
    let endless = Leg { arrive: SimTime::MAX, ..path };
    assert_eq!(points.next_change(&endless, SimTime::ZERO, index(0)), None);
    let none = AccessPoints::new(&[], nearest(0.0)).expect("good");
    assert!(none.is_empty() && none.best(Position::default()).is_none());
    assert_eq!(none.next_change(&path, SimTime::ZERO, None), None);
}

#[test]
fn bad_parameters_are_named() {
    let message =
        |point, criterion| AccessPoints::new(&[point], criterion).expect_err("bad").to_string();
    let far = AccessPoint { range_m: Some(-1.0), ..point(0.0, 0.0) };
    assert_eq!(
        message(far, nearest(0.0)),
        "access point 0: range_m is -1, but must be at least 0 and finite"
    );
    assert_eq!(
        message(point(f64::NAN, 0.0), nearest(0.0)),
        "access point 0: position.x_m is NaN, but must be finite"
    );
    assert_eq!(
        message(point(0.0, 0.0), Criterion::Signal { path_loss_exponent: 0.0, hysteresis_db: 3.0 }),
        "attachment: path_loss_exponent is 0, but must be 1 to 10"
    );
}

/// A device at 0.05 m of a site and 0.95 m of another, 10 dB stronger: within a metre only power counts. By
/// distance, which is 19 times as far, the first would be stronger by 31 log10(19) - 10 = 29.6 dB.
#[test]
fn within_a_metre_the_stronger_site_wins() {
    let strong = AccessPoint { transmit_power_dbm: 30.0, ..point(1.0, 0.0) };
    let weak = AccessPoint { transmit_power_dbm: 20.0, ..point(0.0, 0.0) };
    let criterion = Criterion::Signal { path_loss_exponent: 3.1, hysteresis_db: 3.0 };
    let mut points = AccessPoints::new(&[weak, strong], criterion).expect("good parameters");
    let place = Position::ground(0.05, 0.0);
    assert_eq!(points.attach(place, None), index(0));
    points.compare_beyond(1.0);
    assert_eq!((points.attach(place, None), points.attach(place, index(0))), (index(1), index(1)));
}

#[test]
fn what_is_out_of_reach_serves_not_even_its_own_place() {
    let mut points = AccessPoints::new(&[point(0.0, 0.0), point(9.0, 0.0)], nearest(0.0)).expect("good");
    points.put_out_of_reach(AccessPointIndex(0));
    let place = Position::ground(0.0, 0.0);
    for is_active in [true, false, true] {
        points.set_active(AccessPointIndex(0), is_active);
        assert_eq!((points.best(place), points.attach(place, index(0))), (index(1), index(1)));
    }
    assert_eq!(points.within_range(place).collect::<Vec<_>>(), [AccessPointIndex(1)]);
    assert_eq!(changes(&points, &leg((-9.0, 0.0), (9.0, 0.0), 18.0), index(1), 9), []);
}

/// The rule of attachment as documented, over all access points, with a tolerance in metres.
///
/// Badness is the distance, for signals at equal power: it grows by 10^(dB / (10 n)).
struct Rule<'a> {
    sites: &'a [AccessPoint],
    active: &'a [bool],
    criterion: Criterion,
    /// Shorter distances count as this where access points are compared.
    least_m: f64,
}

impl Rule<'_> {
    fn badness(&self, number: usize, place: Position) -> f64 {
        let distance_m = self.sites[number].position.distance_m(place).max(self.least_m);
        match self.criterion {
            Criterion::Distance { .. } => distance_m,
            Criterion::Signal { path_loss_exponent, .. } => {
                distance_m
                    / 10f64.powf(self.sites[number].transmit_power_dbm / (10.0 * path_loss_exponent))
            }
        }
    }

    fn usable(&self, number: usize, place: Position, slack_m: f64) -> bool {
        let site = &self.sites[number];
        let distance_m = site.position.distance_m(place);
        self.active[number] && site.range_m.is_none_or(|range_m| distance_m <= range_m + slack_m)
    }

    fn least_badness(&self, place: Position, slack_m: f64) -> f64 {
        (0..self.sites.len())
            .filter(|&number| self.usable(number, place, slack_m))
            .map(|number| self.badness(number, place))
            .fold(f64::INFINITY, f64::min)
    }

    /// Whether a device stays with `current`; with a positive slack also if it nearly would, with a
    /// negative one only if it clearly does.
    fn stays(&self, place: Position, current: Option<AccessPointIndex>, slack_m: f64) -> bool {
        let least = self.least_badness(place, -slack_m);
        let margin = match self.criterion {
            Criterion::Distance { hysteresis_ratio } => 1.0 + hysteresis_ratio,
            Criterion::Signal { path_loss_exponent, hysteresis_db } => {
                10f64.powf(hysteresis_db / (10.0 * path_loss_exponent))
            }
        };
        match current.map(|index| index.0 as usize) {
            None => least == f64::INFINITY,
            Some(number) => {
                let held = self.badness(number, place);
                self.usable(number, place, slack_m) && least * margin + slack_m >= held
            }
        }
    }

    /// Whether `next` is the best to change to, or nearly.
    fn may_take(&self, place: Position, next: Option<AccessPointIndex>, slack_m: f64) -> bool {
        let least = self.least_badness(place, -slack_m);
        match next.map(|index| index.0 as usize) {
            None => least == f64::INFINITY,
            Some(number) => {
                self.usable(number, place, slack_m) && self.badness(number, place) <= least + slack_m
            }
        }
    }
}

/// Above what rounding and the last nanosecond can make of the distances of the cases.
const SLACK_M: f64 = 1e-4;

#[derive(Clone, Debug)]
struct Case {
    sites: Vec<AccessPoint>,
    active: Vec<bool>,
    criterion: Criterion,
    least_m: f64,
    legs: Vec<Leg>,
}

fn position() -> impl Strategy<Value = Position> {
    let coordinate =
        || prop_oneof![-500.0..500.0f64, (-5..=5i32).prop_map(|tile| f64::from(tile) * 100.0)];
    (coordinate(), coordinate(), prop_oneof![Just(0.0), 0.0..100.0f64])
        .prop_map(|(x_m, y_m, z_m)| Position { x_m, y_m, z_m })
}

fn case() -> impl Strategy<Value = Case> {
    let site = (
        position(),
        prop_oneof![Just(None), Just(Some(120.0)), (0.0..400.0f64).prop_map(Some)],
        prop_oneof![Just(20.0), Just(43.0), 0.0..46.0f64],
        prop::bool::weighted(0.85),
    );
    let criterion = prop_oneof![
        Just(nearest(0.0)),
        (0.0..0.5f64).prop_map(nearest),
        (2.0..4.0f64, prop_oneof![Just(0.0), 0.0..6.0f64]).prop_map(
            |(path_loss_exponent, hysteresis_db)| Criterion::Signal {
                path_loss_exponent,
                hysteresis_db
            }
        ),
    ];
    let ends = prop::collection::vec((position(), 1.0..100.0f64), 2..4);
    let least = prop_oneof![Just(0.0), Just(1.0), 1.0..90.0f64];
    (prop::collection::vec(site, 0..60), criterion, least, ends).prop_map(
        |(sites, criterion, least_m, ends)| {
            let (sites, active) = sites
                .into_iter()
                .map(|(position, range_m, transmit_power_dbm, active)| {
                    (AccessPoint { position, range_m, transmit_power_dbm }, active)
                })
                .unzip();
            let mut depart = SimTime::from_secs(3.0);
            let mut legs = Vec::new();
            for pair in ends.windows(2) {
                let arrive = depart + SimDuration::from_secs(pair[0].1);
                legs.push(Leg::straight(pair[0].0, pair[1].0, depart, arrive));
                depart = arrive;
            }
            Case { sites, active, criterion, least_m, legs }
        },
    )
}

fn with_activity(
    sites: &[AccessPoint],
    active: &[bool],
    criterion: Criterion,
    least_m: f64,
) -> AccessPoints {
    let mut points = AccessPoints::new(sites, criterion).expect("good parameters");
    points.compare_beyond(least_m);
    for (number, &active) in (0..).zip(active) {
        points.set_active(AccessPointIndex(number), active);
    }
    points
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// At every fine step along the legs the device stays by the rule with what it has by the chain of
    /// changes, and at every change it does not, and takes the best.
    #[test]
    fn changes_are_those_of_the_rule_at_fine_steps(case in case()) {
        const STEPS: u64 = 400;
        let Case { sites, active, criterion, least_m, legs } = &case;
        let points = with_activity(sites, active, *criterion, *least_m);
        let rule = Rule { sites, active, criterion: *criterion, least_m: *least_m };
        let mut current = points.best(legs[0].from);
        for leg in legs {
            let chain = changes(&points, leg, current, 10_000);
            let mut before = current;
            for &(time, next) in &chain {
                let place = leg.position(time);
                prop_assert!(!rule.stays(place, before, -SLACK_M), "{:?} left at {}", before, time);
                prop_assert!(rule.may_take(place, next, SLACK_M), "{:?} taken at {}", next, time);
                before = next;
            }
            let duration = (leg.arrive - leg.depart).as_nanos();
            let mut later = chain.iter().peekable();
            for step in 0..=STEPS {
                let time = SimTime::from_nanos(leg.depart.as_nanos() + duration * step / STEPS);
                while let Some(&(_, next)) = later.next_if(|change| change.0 <= time) {
                    current = next;
                }
                prop_assert!(rule.stays(leg.position(time), current, SLACK_M), "{:?} at {}", current, time);
            }
        }
    }

    /// The trees give what a look at all access points gives.
    #[test]
    fn attaching_follows_the_rule(case in case(), place in position(), held in 0..70u32) {
        let Case { sites, active, criterion, least_m, .. } = &case;
        let points = with_activity(sites, active, *criterion, *least_m);
        let rule = Rule { sites, active, criterion: *criterion, least_m: *least_m };
        prop_assert!(rule.may_take(place, points.best(place), SLACK_M));
        let held = Some(AccessPointIndex(held)).filter(|held| (held.0 as usize) < sites.len());
        let attached = points.attach(place, held);
        if attached == held {
            prop_assert!(rule.stays(place, held, SLACK_M));
        } else {
            prop_assert!(!rule.stays(place, held, -SLACK_M) && attached == points.best(place));
        }
    }
}

/// A device that crosses a large network changes as often as geometry says: among n access points per
/// square metre, a straight line crosses 4 / pi sqrt(n) cells of their Voronoi diagram per metre (Møller
/// 1989, for a Poisson process).
#[test]
fn the_rate_of_hand_overs_is_that_of_a_poisson_voronoi_tessellation() {
    let mut random = RandomStreams::new(1).stream("sites");
    let side_m = 100_000.0;
    let sites: Vec<_> = (0..10_000)
        .map(|_| point(side_m * random.random::<f64>(), side_m * random.random::<f64>()))
        .collect();
    let points = AccessPoints::new(&sites, nearest(0.0)).expect("good");
    let mut crossed = 0;
    let lines = 40;
    for line in 0..lines {
        let y_m = side_m * (f64::from(line) + 0.5) / f64::from(lines);
        let path = leg((2000.0, y_m), (side_m - 2000.0, y_m), 10_000.0);
        crossed += changes(&points, &path, points.best(path.from), 1000).len();
    }
    let expected = 4.0 / std::f64::consts::PI * 1e-3 * (side_m - 4000.0) * f64::from(lines);
    assert!((crossed as f64 / expected - 1.0).abs() < 0.03, "{crossed} against {expected}");
}
