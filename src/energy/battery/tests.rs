use super::{Battery, BatteryModel};
use crate::engine::{SimDuration, SimTime};
use proptest::prelude::*;

fn at(seconds: f64) -> SimTime {
    SimTime::from_secs(seconds)
}

#[test]
fn energy_is_the_integral_of_power() {
    let mut battery = Battery::new(BatteryModel::ideal(1000.0), 0.5);
    battery.set_power(SimTime::ZERO, 1.5, 0.0);
    assert_eq!(battery.take(at(100.0), 50.0), 50.0);
    battery.set_power(at(200.0), 0.0, 0.0);
    // 500 - 1.5 * 200 - 50
    assert!((battery.level_j(at(900.0)) - 150.0).abs() < 1e-9);
    assert_eq!(battery.empty_at(), SimTime::MAX);
    assert!((battery.take(at(900.0), 1e9) - 150.0).abs() < 1e-9);
    assert_eq!(battery.empty_at(), at(900.0));
    assert_eq!(battery.level(at(901.0)), 0.0);
}

#[test]
fn an_ideal_battery_is_empty_to_the_nanosecond() {
    let mut battery =
        Battery::new(BatteryModel { dead_level: 0.05, ..BatteryModel::ideal(66_600.0) }, 1.0);
    battery.set_power(SimTime::ZERO, 3.3, 0.0);
    let expected = 66_600.0 * 0.95 / 3.3;
    assert!((battery.empty_at().as_secs() - expected).abs() <= 1e-9 * expected);
    assert_eq!(battery.falls_to(0.5), SimTime::ZERO + SimDuration::from_secs_ceil(33_300.0 / 3.3));
    assert_eq!(battery.falls_to(1.0), SimTime::MAX);
    assert_eq!(battery.rises_to(1.0), SimTime::ZERO);
}

#[test]
fn chargers_feed_the_load_first_and_stop_when_all_is_full() {
    let mut battery = Battery::new(BatteryModel::ideal(100.0), 0.5);
    battery.set_power(SimTime::ZERO, 2.0, 12.0);
    assert_eq!(battery.empty_at(), SimTime::MAX);
    assert_eq!(battery.rises_to(0.9), at(4.0));
    assert_eq!(battery.level_j(at(4.0)), 90.0);
    assert_eq!((battery.level_j(at(5.0)), battery.level_j(at(50.0))), (100.0, 100.0));
    // 50 J into the battery, 2 W to the load all along.
    assert!((battery.charged_j(at(50.0)) - 150.0).abs() < 1e-9);
    battery.set_power(at(50.0), 12.0, 2.0);
    assert_eq!(battery.empty_at(), at(60.0));
    assert!((battery.charged_j(at(60.0)) - 170.0).abs() < 1e-9);
}

/// The battery of Cloth, Jongerden and Haverkort (*Computing battery lifetime distributions*, DSN 2007): 7200 As,
/// c = 0.625, k = 4.5e-5 /s, hence k' = k / (c (1 - c)), at 0.96 A. They have 91 minutes under the steady load, and
/// 203 under a square wave of 1 Hz or 0.2 Hz.
#[test]
fn two_wells_last_as_long_as_published() {
    let model = BatteryModel::two_wells(7200.0, 0.625, 4.5e-5 / (0.625 * 0.375));
    let mut battery = Battery::new(model, 1.0);
    battery.set_power(SimTime::ZERO, 0.96, 0.0);
    assert_eq!((battery.empty_at().as_secs() / 60.0).round(), 91.0);
    for half_wave_s in [0.5, 2.5] {
        let mut battery = Battery::new(model, 1.0);
        let mut now = SimTime::ZERO;
        let minutes = loop {
            battery.set_power(now, 0.96, 0.0);
            let end = battery.empty_at();
            now += SimDuration::from_secs(half_wave_s);
            if end <= now {
                break end.as_secs() / 60.0;
            }
            battery.set_power(now, 0.0, 0.0);
            now += SimDuration::from_secs(half_wave_s);
        };
        assert_eq!(minutes.round(), 203.0);
    }
}

/// The wells after `seconds` of a constant load, by equations 5 and 6 of Manwell and McGowan (1993).
fn closed_form(model: &BatteryModel, wells: (f64, f64), load_w: f64, seconds: f64) -> (f64, f64) {
    let (c, k) = (model.available_share, model.recovery_per_s);
    let (sum, left) = (wells.0 + wells.1, (-k * seconds).exp());
    let slow = k * seconds - 1.0 + left;
    let available = wells.0 * left + (sum * k * c - load_w) * (1.0 - left) / k - load_w * c * slow / k;
    let bound = wells.1 * left + sum * (1.0 - c) * (1.0 - left) - load_w * (1.0 - c) * slow / k;
    (available, bound)
}

/// The time of death to the nanosecond, with what a radio takes at once on top.
#[test]
fn two_wells_die_when_the_published_equations_say() {
    let model = BatteryModel::two_wells(1000.0, 0.4, 1e-3);
    for takes in [&[][..], &[(20.0, 30.0)], &[(10.0, 25.0), (55.0, 40.0), (60.0, 5.0)]] {
        let mut battery = Battery::new(model, 0.8);
        battery.set_power(SimTime::ZERO, 3.0, 0.0);
        let mut wells = (0.4 * 800.0, 0.6 * 800.0);
        let mut before_s = 0.0;
        for &(t_s, energy_j) in takes {
            wells = closed_form(&model, wells, 3.0, t_s - before_s);
            wells.0 -= energy_j;
            before_s = t_s;
            assert_eq!(battery.take(at(t_s), energy_j), energy_j);
        }
        let dies = battery.empty_at();
        assert!(at(before_s) < dies && dies < SimTime::MAX);
        // 3 W are 3e-9 J a nanosecond.
        let (available, bound) = closed_form(&model, wells, 3.0, dies.as_secs() - before_s);
        assert!(available.abs() < 1e-8, "{available} J at hand at its death");
        assert!((battery.level_j(dies) - bound).abs() < 1e-8);
        let taken_j: f64 = takes.iter().map(|take| take.1).sum();
        assert!((800.0 - taken_j - 3.0 * dies.as_secs() - bound).abs() < 1e-8);
    }
}

/// What is left behind comes after a rest, as often as one waits.
#[test]
fn two_wells_recover() {
    let mut battery = Battery::new(BatteryModel::two_wells(1000.0, 0.4, 1e-3), 1.0);
    battery.set_power(SimTime::ZERO, 10.0, 0.0);
    let end = battery.empty_at();
    assert!(end < at(100.0));
    assert!(battery.available_j(end) < 1e-6);
    battery.set_power(end, 0.0, 0.0);
    let left_j = battery.level_j(end);
    // After a long rest the wells are level.
    let rested = end + SimDuration::from_secs(1e5);
    assert!((battery.available_j(rested) - 0.4 * left_j).abs() < 1e-6);
    assert!((battery.level_j(rested) - left_j).abs() < 1e-9);
}

/// The differential equations of the two wells, in small steps of the fourth-order Runge-Kutta method.
fn integrate(model: &BatteryModel, wells: (f64, f64), net_w: f64, seconds: f64) -> (f64, f64) {
    let (c, capacity_j) = (model.available_share, model.capacity_j);
    let flow = |(available, bound): (f64, f64)| {
        let k = model.recovery_per_s * c * (1.0 - c);
        let over = k * (bound / (1.0 - c) - available / c);
        let change = -net_w + over;
        // What a charger cannot put in it does not give.
        let is_full = available >= c * capacity_j * (1.0 - 1e-12);
        (if is_full { change.min(0.0) } else { change }, -over)
    };
    let (mut now, steps) = (wells, 20_000);
    let step = seconds / f64::from(steps);
    for _ in 0..steps {
        let add = |slope: (f64, f64), share: f64| {
            (now.0 + slope.0 * step * share, now.1 + slope.1 * step * share)
        };
        let first = flow(now);
        let second = flow(add(first, 0.5));
        let third = flow(add(second, 0.5));
        let fourth = flow(add(third, 1.0));
        now.0 += step / 6.0 * (first.0 + 2.0 * second.0 + 2.0 * third.0 + fourth.0);
        now.1 += step / 6.0 * (first.1 + 2.0 * second.1 + 2.0 * third.1 + fourth.1);
        now.0 = now.0.min(c * capacity_j);
    }
    now
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Against the differential equations, over spans of loads, rests and charging.
    #[test]
    fn wells_follow_their_equations(
        c in 0.1f64..0.9,
        recovery_per_s in 1e-4f64..1e-1,
        level in 0.5f64..1.0,
        spans in prop::collection::vec((-4.0f64..2.0, 1.0f64..60.0), 1..5),
    ) {
        let model = BatteryModel::two_wells(1000.0, c, recovery_per_s);
        let mut battery = Battery::new(model, level);
        let mut wells = (c * level * 1000.0, (1.0 - c) * level * 1000.0);
        let (mut now, mut drawn_j) = (SimTime::ZERO, 0.0);
        for (net_w, seconds) in spans {
            battery.set_power(now, net_w.max(0.0) + 1.0, (-net_w).max(0.0) + 1.0);
            let end = now + SimDuration::from_secs(seconds);
            let dies = battery.empty_at();
            let until = end.min(dies);
            let seconds = until.since(now).as_secs();
            wells = integrate(&model, wells, net_w, seconds);
            now = until;
            drawn_j += (net_w.max(0.0) + 1.0) * seconds;
            prop_assert!((battery.available_j(now) - wells.0).abs() < 0.05, "{} {}", battery.available_j(now), wells.0);
            prop_assert!((battery.level_j(now) - wells.0 - wells.1).abs() < 0.05);
            let balance_j = level * 1000.0 + battery.charged_j(now) - drawn_j - battery.level_j(now);
            prop_assert!(balance_j.abs() < 1e-6, "{balance_j} J too much");
            if now == dies {
                prop_assert!(battery.available_j(now) < 1e-6);
                break;
            }
        }
    }

    /// Levels are reached when it is said that they are.
    #[test]
    fn levels_come_when_foreseen(
        c in prop_oneof![Just(1.0), 0.1f64..0.9],
        level in 0.2f64..0.8,
        goal in 0.0f64..0.99,
        net_w in -5.0f64..5.0,
    ) {
        let model = BatteryModel::two_wells(1000.0, c, 1e-2);
        let mut battery = Battery::new(model, level);
        battery.set_power(SimTime::ZERO, net_w.max(0.0), (-net_w).max(0.0));
        let foreseen = if goal < level { battery.falls_to(goal) } else { battery.rises_to(goal) };
        let may_come = if goal < level { net_w > 0.0 } else { net_w < 0.0 };
        prop_assert_eq!(foreseen < SimTime::MAX, may_come);
        if may_come && foreseen <= battery.empty_at() {
            prop_assert!((battery.level(foreseen) - goal).abs() < 1e-9, "{} {goal}", battery.level(foreseen));
        }
    }
}
