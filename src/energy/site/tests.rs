use super::*;
use crate::energy::{Interpolation, Outside};
use crate::engine::SimTime;
use proptest::prelude::*;

fn signal(points: &[(f64, f64)], interpolation: Interpolation) -> Arc<Signal> {
    let end_s = points[points.len() - 1].0 + 100.0;
    Arc::new(Signal::new(points, interpolation, end_s, Outside::Hold).unwrap())
}

fn at(seconds: f64) -> SimTime {
    SimTime::from_secs(seconds)
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} against {expected}");
}

#[test]
fn a_day_of_quarter_hourly_prices_is_exact() {
    // 96 prices, some negative, and a power that changes at odd instants: against a sum over the seconds, in
    // which both are constant.
    let prices: Vec<(f64, f64)> =
        (0..96).map(|n| (f64::from(n) * 900.0, f64::from((n * 37) % 101) - 20.0)).collect();
    let mut spec = SiteSpec::new("day");
    spec.price = Some(signal(&prices, Interpolation::Hold));
    let mut account = SiteAccount::new(spec).unwrap();
    let power_w = |second: u32| f64::from(100 + (second / 1237 * 53) % 400);
    let mut expected = 0.0;
    for second in 0..86_400 {
        if second % 1237 == 0 {
            account.set_power(at(f64::from(second)), power_w(second));
        }
        expected += power_w(second) * prices[second as usize / 900].1;
    }
    account.advance(at(86_400.0));
    near(account.totals().flows.cost, expected);
    assert!(account.spec().price.as_ref().unwrap().range().0 < 0.0);
}

/// 1 kW of demand, and a sun that rises in a straight line from 0 to 2 kW over 1000 s and stays there.
fn sunny(battery: Option<SiteBattery>) -> SiteAccount {
    let mut spec = SiteSpec::new("sunny");
    spec.generation = vec![Generation {
        signal: signal(&[(0.0, 0.0), (1000.0, 2.0)], Interpolation::Linear),
        scale_w: 1000.0,
    }];
    spec.price = Some(Arc::new(Signal::constant(2.0)));
    spec.carbon = Some(Arc::new(Signal::constant(0.5)));
    spec.battery = battery;
    let mut account = SiteAccount::new(spec).unwrap();
    account.set_power(SimTime::ZERO, 1000.0);
    account
}

#[test]
fn what_is_generated_is_used_first() {
    // Up to 500 s the grid gives 1 kW less the sun: a triangle of 250 kJ. Then all is green.
    let mut account = sunny(None);
    account.advance(at(1500.0));
    let totals = *account.totals();
    near(totals.flows.demand_j, 1.5e6);
    near(totals.flows.brown_j, 250e3);
    near(totals.flows.green_j, 1.25e6);
    near(totals.flows.cost, 500e3);
    near(totals.flows.carbon_g, 125e3);
    // 1 MJ in the first 1000 s and 1 MJ in the other 500 s were generated.
    near(totals.generation_j, 2e6);
    near(totals.surplus_j, 750e3);
}

#[test]
fn a_battery_runs_empty_and_full_where_it_does() {
    // It begins with 80 kJ: the lack is 1000 - 2 t W, of which 1000 t - t^2 J are gone at t; empty at
    // 500 - sqrt(250000 - 80000) s. The grid gives the other 170 kJ of the triangle. From 500 s on it takes 2 t W
    // at 80 %, limited to 600 W from 800 s on: 90 kJ, then 600 W. 100 kJ need 125 kJ: 35 kJ more, at 858.3 s.
    let battery = SiteBattery {
        capacity_j: 100e3,
        level: 0.8,
        charge_limit_w: 600.0,
        discharge_limit_w: f64::INFINITY,
        efficiency: 0.8,
    };
    let mut account = sunny(Some(battery));
    account.advance(at(500.0 - 170e3_f64.sqrt()));
    assert!(account.battery_j().unwrap() < 1e-3);
    account.advance(at(500.0));
    near(account.totals().flows.battery_j, 80e3);
    near(account.totals().flows.brown_j, 170e3);
    account.advance(at(800.0));
    near(account.battery_j().unwrap(), 72e3);
    account.advance(at(858.0));
    assert!(account.battery_j().unwrap() < 100e3);
    account.advance(at(1500.0));
    assert_eq!(account.battery_j(), Some(100e3));
    near(account.totals().charged_j, 125e3);
    near(account.totals().surplus_j, 750e3 - 125e3);
    near(account.totals().flows.demand_j, 1.5e6);
}

#[test]
fn time_above_the_cap_is_counted() {
    let mut spec = SiteSpec::new("capped");
    spec.cap_w = Some(signal(&[(0.0, 2000.0), (100.0, 1000.0)], Interpolation::Linear));
    spec.pue = Arc::new(Signal::constant(1.2));
    let mut account = SiteAccount::new(spec).unwrap();
    account.set_power(SimTime::ZERO, 1250.0);
    // 1500 W; the cap falls below that at 50 s.
    account.advance(at(200.0));
    near(account.totals().over_cap_s, 150.0);
    assert_eq!(account.cap_w(at(50.0)), 1500.0);
    near(account.allowed_w(SimTime::ZERO), 1000.0 / 1.2);
    assert_eq!(account.next_cap_change(SimTime::ZERO), Some(at(100.0)));
    let mut constant = SiteSpec::new("constant");
    constant.cap_w = Some(Arc::new(Signal::constant(100.0)));
    let mut account = SiteAccount::new(constant).unwrap();
    assert_eq!(account.next_cap_change(SimTime::ZERO), None);
    account.set_power(SimTime::ZERO, 101.0);
    account.advance(at(3.0));
    assert_eq!((account.totals().over_cap_s, account.allowed_w(at(3.0))), (3.0, 100.0));
}

#[test]
fn energy_used_at_once_is_paid_at_the_price_of_the_instant() {
    let mut spec = SiteSpec::new("radio");
    spec.price = Some(signal(&[(0.0, 1.0), (10.0, -3.0)], Interpolation::Hold));
    spec.pue = Arc::new(Signal::constant(2.0));
    let mut account = SiteAccount::new(spec).unwrap();
    account.advance(at(10.0));
    let flows = account.add_energy(at(10.0), 5.0);
    assert_eq!((flows.energy_j, flows.brown_j, flows.cost), (5.0, 10.0, -30.0));
    assert_eq!(account.totals().flows, flows);
}

#[test]
fn values_out_of_range_are_refused() {
    let message = |change: fn(&mut SiteSpec)| {
        let mut spec = SiteSpec::new("bad");
        change(&mut spec);
        SiteAccount::new(spec).unwrap_err().to_string()
    };
    assert!(message(|spec| spec.pue = Arc::new(Signal::constant(0.9))).contains("at least 1"));
    assert!(message(|spec| spec.cap_w = Some(Arc::new(Signal::constant(-1.0)))).contains("cap is -1"));
    let source = |value| Generation { signal: Arc::new(Signal::constant(value)), scale_w: 2.0 };
    let mut spec = SiteSpec::new("bad");
    spec.generation = vec![source(-3.0)];
    assert!(spec.check().unwrap_err().to_string().contains("-6"));
    let battery = SiteBattery {
        capacity_j: 1.0,
        level: 0.5,
        charge_limit_w: 1.0,
        discharge_limit_w: 1.0,
        efficiency: 1.0,
    };
    for bad in [
        SiteBattery { capacity_j: 0.0, ..battery },
        SiteBattery { level: 1.5, ..battery },
        SiteBattery { efficiency: 0.0, ..battery },
        SiteBattery { charge_limit_w: -1.0, ..battery },
    ] {
        spec.generation.clear();
        spec.battery = Some(bad);
        assert!(spec.check().is_err(), "{bad:?}");
    }
    spec.battery = Some(battery);
    assert_eq!(spec.check(), Ok(()));
}

fn any_signal(values: std::ops::Range<f64>) -> impl Strategy<Value = Arc<Signal>> {
    (prop::collection::vec((1.0..60.0f64, values), 1..12), any::<bool>(), any::<bool>()).prop_map(
        |(steps, linear, repeats)| {
            let mut time_s = 0.0;
            let points: Vec<(f64, f64)> = steps
                .into_iter()
                .map(|(step_s, value)| {
                    time_s += step_s;
                    (time_s, value)
                })
                .collect();
            let interpolation = if linear { Interpolation::Linear } else { Interpolation::Hold };
            let outside = if repeats { Outside::Repeat } else { Outside::Hold };
            Arc::new(Signal::new(&points, interpolation, time_s + 30.0, outside).unwrap())
        },
    )
}

proptest! {
    /// Green, battery and brown make the demand; what is generated is used, charged or left; the battery keeps
    /// what it was given, less its losses; nodes' shares make the whole; and it does not matter how often one looks.
    #[test]
    fn energy_is_conserved(
        price in any_signal(-50.0..100.0),
        carbon in any_signal(0.0..500.0),
        pue in any_signal(1.0..1.6),
        sun in any_signal(0.0..900.0),
        wind in any_signal(0.0..300.0),
        battery in prop::option::of((10.0..20e3f64, 0.0..=1.0f64, 0.0..400.0f64, 0.0..400.0f64, 0.5..=1.0f64)),
        changes in prop::collection::vec((0.001..90.0f64, 0..3usize, 0.0..500.0f64), 1..25),
        looks in prop::collection::vec(0.0..600.0f64, 0..10),
    ) {
        let mut spec = SiteSpec::new("any");
        spec.price = Some(price);
        spec.carbon = Some(carbon);
        spec.pue = pue;
        spec.generation =
            vec![Generation { signal: sun, scale_w: 1.0 }, Generation { signal: wind, scale_w: 0.5 }];
        spec.battery = battery.map(|(capacity_j, level, charge_limit_w, discharge_limit_w, efficiency)| {
            SiteBattery { capacity_j, level, charge_limit_w, discharge_limit_w, efficiency }
        });
        let mut account = SiteAccount::new(spec.clone()).unwrap();
        let mut looked_at = SiteAccount::new(spec.clone()).unwrap();
        let mut looks = looks;
        looks.sort_by(f64::total_cmp);
        // Three nodes, booked as the infrastructure does.
        let mut nodes = [(0.0, EnergyFlows::default(), EnergyFlows::default()); 3];
        let mut now_s = 0.0;
        let mut energy_j = 0.0;
        for (span_s, node, power_w) in changes {
            let before: f64 = nodes.iter().map(|node| node.0).sum();
            energy_j += before * span_s;
            let due = looks.iter().filter(|look| (now_s..now_s + span_s).contains(*look));
            due.for_each(|&look| looked_at.advance(at(look)));
            now_s += span_s;
            account.advance(at(now_s));
            let (own_w, seen, booked) = &mut nodes[node];
            *booked += (account.per_watt() - *seen) * *own_w;
            (*own_w, *seen) = (power_w, account.per_watt());
            let total: f64 = nodes.iter().map(|node| node.0).sum();
            account.set_power(at(now_s), total);
            looked_at.set_power(at(now_s), total);
        }
        let mut shares = EnergyFlows::default();
        for (own_w, seen, booked) in nodes {
            shares += booked + (account.per_watt() - seen) * own_w;
        }
        let totals = *account.totals();
        let flows = totals.flows;
        let close = |found: f64, expected: f64, scale: f64| (found - expected).abs() <= 1e-9 * scale.max(1.0);
        // Times are rounded to nanoseconds.
        let scale = flows.demand_j + totals.generation_j + 1.0;
        prop_assert!(close(flows.energy_j, energy_j, 1e3 * scale), "{} {}", flows.energy_j, energy_j);
        prop_assert!(close(flows.green_j + flows.battery_j + flows.brown_j, flows.demand_j, scale), "{:?}", totals);
        prop_assert!(close(flows.green_j + totals.charged_j + totals.surplus_j, totals.generation_j, scale), "{:?}", totals);
        for amount in [flows.green_j, flows.battery_j, flows.brown_j, totals.surplus_j, totals.charged_j] {
            prop_assert!(amount >= -1e-9 * scale, "{:?}", totals);
        }
        if let (Some(battery), Some(level_j)) = (spec.battery, account.battery_j()) {
            let expected = battery.capacity_j * battery.level + battery.efficiency * totals.charged_j - flows.battery_j;
            prop_assert!(close(level_j, expected, scale + battery.capacity_j), "{} {}", level_j, expected);
            prop_assert!((0.0..=battery.capacity_j).contains(&level_j));
        }
        for (share, whole, unit) in [
            (shares.demand_j, flows.demand_j, 1.0),
            (shares.brown_j, flows.brown_j, 1.0),
            (shares.green_j, flows.green_j, 1.0),
            (shares.cost, flows.cost, 100.0),
            (shares.carbon_g, flows.carbon_g, 500.0),
        ] {
            prop_assert!(close(share, whole, unit * scale), "{} {}", share, whole);
        }
        let other = looked_at.totals().flows;
        for (one, other, unit) in [
            (flows.brown_j, other.brown_j, 1.0),
            (flows.battery_j, other.battery_j, 1.0),
            (flows.cost, other.cost, 100.0),
            (flows.carbon_g, other.carbon_g, 500.0),
        ] {
            prop_assert!(close(one, other, 10.0 * unit * scale), "{} {}", one, other);
        }
    }
}
