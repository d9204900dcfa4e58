use super::*;
use crate::engine::{RandomStreams, SimDuration, SimTime};
use crate::infra::geometry::Leg;
use rand::RngExt;
#[test]
#[ignore]
fn measure() {
    for (name, criterion, powers, range, n) in [
        ("distance", Criterion::Distance { hysteresis_ratio: 0.0 }, false, None, 1000usize),
        ("distance h=.1", Criterion::Distance { hysteresis_ratio: 0.1 }, false, None, 1000),
        (
            "signal mixed 3dB",
            Criterion::Signal { path_loss_exponent: 3.5, hysteresis_db: 3.0 },
            true,
            None,
            1000,
        ),
        ("distance range 250", Criterion::Distance { hysteresis_ratio: 0.0 }, false, Some(250.0), 1000),
        (
            "distance sparse range 50",
            Criterion::Distance { hysteresis_ratio: 0.0 },
            false,
            Some(50.0),
            1000,
        ),
        ("distance 100", Criterion::Distance { hysteresis_ratio: 0.0 }, false, None, 100),
        ("distance 100k", Criterion::Distance { hysteresis_ratio: 0.0 }, false, None, 100_000),
    ] {
        let side = 10_000.0 * (n as f64 / 1000.0).sqrt();
        let mut r = RandomStreams::new(1).stream("m");
        let sites: Vec<_> = (0..n)
            .map(|i| AccessPoint {
                position: Position {
                    x_m: side * r.random::<f64>(),
                    y_m: side * r.random::<f64>(),
                    z_m: 10.0,
                },
                range_m: range,
                transmit_power_dbm: if powers { if i % 10 == 0 { 46.0 } else { 24.0 } } else { 20.0 },
            })
            .collect();
        let points = AccessPoints::new(&sites, criterion).unwrap();
        for (kind, metres) in [("300 m legs", 300.0), ("long legs", side)] {
            let legs: Vec<_> = (0..400)
                .map(|_| {
                    let from = Position::ground(side * r.random::<f64>(), side * r.random::<f64>());
                    let a = std::f64::consts::TAU * r.random::<f64>();
                    let to = Position::ground(
                        (from.x_m + metres * a.cos()).clamp(0.0, side),
                        (from.y_m + metres * a.sin()).clamp(0.0, side),
                    );
                    Leg {
                        from,
                        to,
                        depart: SimTime::ZERO,
                        arrive: SimTime::ZERO + SimDuration::from_secs(metres / 10.0),
                    }
                })
                .collect();
            let (mut calls, mut nanos, mut found) = (0u64, 0u128, 0u64);
            let t0 = std::time::Instant::now();
            let starts: Vec<_> = legs.iter().map(|leg| points.best(leg.from)).collect();
            let best = t0.elapsed().as_nanos() / 400;
            for _ in 0..5 {
                for (leg, &start) in legs.iter().zip(&starts) {
                    let mut current = start;
                    let mut now = SimTime::ZERO;
                    let t = std::time::Instant::now();
                    loop {
                        calls += 1;
                        match points.next_change(leg, now, current) {
                            None => break,
                            Some((t, c)) => {
                                now = t;
                                current = c;
                                found += 1;
                            }
                        }
                    }
                    nanos += t.elapsed().as_nanos();
                }
            }
            println!(
                "{name} n={n} {kind}: {} ns per next_change, {:.2} changes per leg, best {best} ns",
                nanos / u128::from(calls),
                found as f64 / 2000.0
            );
        }
    }
}
