//! WiFi against published figures: rates of the standard, Bianchi's and Heusse's closed forms, goodput over distance.

use super::*;
use crate::infra::nr::noise_dbm;
use proptest::prelude::*;

fn phy(standard: Standard, width: Width) -> Phy {
    Phy::new(standard, width, 1, false).unwrap()
}

fn rates_mbps(phy: Phy) -> Vec<f64> {
    phy.modes().iter().map(|mode| (mode.rate_bps / 1e5).round() / 10.0).collect()
}

#[test]
fn rates_are_those_of_the_standard() {
    let a = [6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 54.0];
    assert_eq!(rates_mbps(phy(Standard::A, Width::Mhz20)), a);
    let n = [6.5, 13.0, 19.5, 26.0, 39.0, 52.0, 58.5, 65.0];
    assert_eq!(rates_mbps(phy(Standard::N, Width::Mhz20)), n);
    let ac20 = [6.5, 13.0, 19.5, 26.0, 39.0, 52.0, 58.5, 65.0, 78.0];
    assert_eq!(rates_mbps(phy(Standard::Ac, Width::Mhz20)), ac20);
    let ac40 = [13.5, 27.0, 40.5, 54.0, 81.0, 108.0, 121.5, 135.0, 162.0, 180.0];
    assert_eq!(rates_mbps(phy(Standard::Ac, Width::Mhz40)), ac40);
    let ac80 = [29.3, 58.5, 87.8, 117.0, 175.5, 234.0, 263.3, 292.5, 351.0, 390.0];
    assert_eq!(rates_mbps(phy(Standard::Ac, Width::Mhz80)), ac80);
    // A short guard interval is 10 / 9 as fast, streams multiply.
    let fast = Phy::new(Standard::Ac, Width::Mhz80, 2, true).unwrap();
    assert!((fast.peak_bps() / (390e6 * 2.0 * 10.0 / 9.0) - 1.0).abs() < 1e-12);
    // MCS 9 at 20 MHz has whole bits with three streams only; MCS 6 at 80 MHz with three is left out.
    let has = |width, streams, index| {
        let modes = Phy::new(Standard::Ac, width, streams, false).unwrap().modes();
        modes.iter().any(|mode| mode.index == index)
    };
    assert_eq!([1, 2, 3, 4].map(|streams| has(Width::Mhz20, streams, 9)), [false, false, true, false]);
    assert_eq!([1, 2, 3, 4].map(|streams| has(Width::Mhz80, streams, 6)), [true, true, false, true]);
}

#[test]
fn what_a_standard_does_not_have_is_told() {
    let text = |standard, width, streams, guard| {
        Phy::new(standard, width, streams, guard).unwrap_err().to_string()
    };
    assert_eq!(text(Standard::N, Width::Mhz80, 1, false), "802.11n has no channels of 80 MHz");
    assert_eq!(text(Standard::A, Width::Mhz20, 2, false), "802.11a has 1 to 1 spatial streams, not 2");
    assert_eq!(text(Standard::A, Width::Mhz20, 1, true), "802.11a has no short guard interval");
    let receiver = Receiver::new(phy(Standard::N, Width::Mhz20), ErrorModel::Table);
    let error = receiver.with_adaptation(Adaptation::Fixed { mode: 9 }).unwrap_err();
    assert!(error.to_string().ends_with("have 0 to 7"));
}

#[test]
fn one_frame_of_802_11a_takes_its_times_added_up() {
    // DIFS 34, preamble 20, 57 symbols of 4, SIFS 16, ACK 20 + 2 x 4: 326 us; a mean backoff of 7.5 slots of 9 us.
    let phy = phy(Standard::A, Width::Mhz20);
    let (mode, exchange) = phy.exchanges().pop().unwrap();
    assert_eq!(mode.rate_bps, 54e6);
    assert!((exchange.busy_s - 326e-6).abs() < 1e-12, "{}", exchange.busy_s);
    assert!((goodput_bps(&exchange) - 1472.0 * 8.0 / 393.5e-6).abs() < 1.0);
}

#[test]
fn goodput_of_a_sender_alone_is_that_of_the_reference() {
    let reference = [5.3, 7.6, 9.8, 13.8, 17.3, 23.1, 27.6, 29.9];
    let exchanges = phy(Standard::A, Width::Mhz20).exchanges();
    for ((mode, exchange), expected_mbps) in exchanges.iter().zip(reference) {
        let found_mbps = goodput_bps(exchange) / 1e6;
        assert!((found_mbps / expected_mbps - 1.0).abs() < 0.02, "{mode:?}: {found_mbps}");
    }
    // Shares of the rate with aggregates: 0.92 at 20 MHz, 0.91 at 40 MHz, 0.83 to 0.86 at 80 MHz.
    let share = |standard, width, index: usize| {
        let (mode, exchange) = phy(standard, width).exchanges()[index];
        goodput_bps(&exchange) / mode.rate_bps
    };
    for index in 0..8 {
        assert!((share(Standard::N, Width::Mhz20, index) / 0.92 - 1.0).abs() < 0.03);
        assert!((share(Standard::N, Width::Mhz40, index) / 0.915 - 1.0).abs() < 0.03);
    }
    assert!((0.82..0.86).contains(&share(Standard::Ac, Width::Mhz80, 9)));
    assert!((0.82..0.87).contains(&share(Standard::Ac, Width::Mhz80, 7)));
}

#[test]
fn one_frame_in_ten_is_lost_at_the_threshold() {
    for (model, scheme, at_db) in [
        (ErrorModel::Table, Scheme::Qam64R34, 18.40),
        (ErrorModel::Nist, Scheme::Qam64R34, 22.63),
        (ErrorModel::Table, Scheme::Bpsk12, 0.94),
    ] {
        let error = |snr_db| model.frame_error(scheme, snr_db, 10.0, REFERENCE_FRAME_BYTES);
        assert!((error(at_db) - 0.1).abs() < 1e-12);
        assert!((error(at_db - 1.3) - 0.9).abs() < 1e-12);
        assert!(error(at_db + 10.0) > 0.0 && error(at_db + 10.0) < 1e-12);
        // Twice the bytes, twice the chances: 1 - 0.9^2.
        let twice = model.frame_error(scheme, at_db, 10.0, 2.0 * REFERENCE_FRAME_BYTES);
        assert!((twice - 0.19).abs() < 1e-12);
    }
    // Half of 1338 m: 5.335e-7 x 669^2 + 3.395e-5 x 669.
    let error = |distance_m| ErrorModel::Measured.frame_error(Scheme::Bpsk12, -50.0, distance_m, 9.0);
    assert!((error(669.0) - 0.261_486).abs() < 1e-6, "{}", error(669.0));
    assert!(error(1337.0) < 1.0);
    assert_eq!(error(1339.0), 1.0);
}

/// Table II of Bianchi 2000: frames of 8982 us with basic access, collisions of 8713 us, slots of 50 us.
#[test]
fn saturation_throughput_is_that_of_bianchi() {
    let (payload_us, success_us, collision_us, slot_us) = (8184.0, 8982.0, 8713.0, 50.0);
    let throughput = |backoff: Backoff, senders: u32| {
        let n = f64::from(senders);
        let tau: f64 = backoff.solve(senders, 0.0);
        let (idle, single) = ((1.0 - tau).powf(n), n * tau * (1.0 - tau).powf(n - 1.0));
        let collided = 1.0 - idle - single;
        single * payload_us / (idle * slot_us + single * success_us + collided * collision_us)
    };
    // Without doubling tau is 2 / (W + 1), whatever the others do.
    let flat = Backoff { window: 31.0, doublings: 0 };
    assert!((flat.solve(50, 0.0) - 1.0 / 16.0).abs() < 1e-12);
    // His maximum over windows is 1 / (n K), K = sqrt(Tc / 2 / slot) = 9.334: throughput 0.824, whatever n.
    let k: f64 = (collision_us / slot_us / 2.0f64).sqrt();
    assert!((k - 9.334).abs() < 5e-4);
    let cost_us = success_us + slot_us * k + collision_us * (k * (1.0 / k).exp_m1() - 1.0);
    let most = payload_us / cost_us;
    assert!((most - 0.824).abs() < 5e-4, "{most}");
    for senders in [5, 10, 20, 50] {
        let window = 2.0 * f64::from(senders) * k - 1.0;
        let found = throughput(Backoff { window, doublings: 0 }, senders);
        // His approximation is one for many senders.
        let within = 0.06 / f64::from(senders);
        assert!((found / most - 1.0).abs() < within, "{senders}: {found} {most}");
        // No window and no number of doublings is better.
        for (window, doublings) in [(32.0, 3), (32.0, 5), (128.0, 3), (16.0, 6)] {
            assert!(throughput(Backoff { window, doublings }, senders) <= found * 1.002);
        }
    }
}

proptest! {
    /// Tau and p are a fixed point of both equations, in Bianchi's own form where that is defined.
    #[test]
    fn the_fixed_point_is_one(senders in 1u32..200, lost in 0.0..0.99f64) {
        let backoff = Backoff::default();
        let tau = backoff.solve(senders, lost);
        let p = 1.0 - (1.0 - lost) * (1.0 - tau).powf(f64::from(senders - 1));
        prop_assert!((backoff.attempt_probability(p) - tau).abs() < 1e-12);
        if (p - 0.5).abs() > 1e-3 {
            let (w, doubled) = (backoff.window, (2.0 * p).powi(6));
            let own = 2.0 * (1.0 - 2.0 * p) / ((1.0 - 2.0 * p) * (w + 1.0) + p * w * (1.0 - doubled));
            prop_assert!((own / tau - 1.0).abs() < 1e-9, "{own} {tau}");
        }
    }

    /// Senders with losses of their own are at a fixed point of all their equations.
    #[test]
    fn each_sender_is_at_the_fixed_point(losses in prop::collection::vec(0.0..1.0f64, 1..40), equal in 1..5usize) {
        let backoff = Backoff::default();
        let exchange = |lost: f64| Exchange { busy_s: 1e-3, failure: lost, ..Exchange::default() };
        let mut all = Contenders::default();
        for &lost in &losses {
            (0..equal).for_each(|_| all.add(&exchange(lost)));
        }
        all.sort();
        let share = all.share(&backoff);
        let tau_of = |lost: f64| {
            let p = 1.0 - (1.0 - lost) * (1.0 - share.collision(&exchange(lost)));
            backoff.attempt_probability(p)
        };
        let idle: f64 = losses.iter().map(|&lost| (1.0 - tau_of(lost)).powi(equal as i32)).product();
        for &lost in &losses {
            let others = idle / (1.0 - tau_of(lost));
            prop_assert!((1.0 - share.collision(&exchange(lost)) - others).abs() < 1e-12);
        }
    }

    /// The channel is never taken for more than all of the time, and what senders have is in it.
    #[test]
    fn airtime_is_never_above_one(busy_us in prop::collection::vec(100.0..6000.0f64, 1..60)) {
        let mut all = Contenders::default();
        for us in &busy_us {
            all.add(&Exchange { busy_s: us * 1e-6, ..Exchange::default() });
        }
        all.sort();
        let share = all.share(&Backoff::default());
        let each_per_s = share.exchanges_per_s(&Exchange::default());
        let used: f64 = busy_us.iter().map(|us| us * 1e-6 * each_per_s).sum();
        prop_assert!(used <= share.busy + 1e-12 && share.busy < 1.0);
    }
}

/// Heusse et al. 2003: with equal packets and equal opportunities, all have the goodput that the slow one makes possible.
#[test]
fn one_slow_station_slows_all() {
    let exchanges = phy(Standard::A, Width::Mhz20).exchanges();
    let [slow, fast] = [exchanges[0].1, exchanges[7].1];
    let per_sender_bps = |slows: u32, fasts: u32| {
        let mut all = Contenders::default();
        (0..slows).for_each(|_| all.add(&slow));
        (0..fasts).for_each(|_| all.add(&fast));
        all.sort();
        8.0 * slow.delivered_bytes * all.share(&Backoff::default()).exchanges_per_s(&slow)
    };
    let (two_fast, mixed, two_slow) = (per_sender_bps(0, 2), per_sender_bps(1, 1), per_sender_bps(2, 0));
    assert!(two_slow < mixed && mixed < two_fast);
    // Beside one at 6 Mbit/s one at 54 Mbit/s has less than that, a third of what it would have beside its like.
    assert!(mixed < 6e6 && mixed < two_fast / 3.0, "{mixed} {two_fast}");
    // Without collisions and idle slots: a packet of each in turn.
    let in_turn_bps = 8.0 * 1472.0 / (slow.busy_s + fast.busy_s);
    assert!((0.85..1.0).contains(&(mixed / in_turn_bps)), "{mixed} {in_turn_bps}");
}

/// Senders of 802.11a at 54 Mbit/s with these losses, and what each of them delivers in Mbit/s.
fn delivered_mbps(losses: &[f64]) -> Vec<f64> {
    let whole = phy(Standard::A, Width::Mhz20).exchanges()[7].1;
    let exchanges: Vec<_> = losses.iter().map(|&lost| whole.with_losses(lost)).collect();
    let mut all = Contenders::default();
    exchanges.iter().for_each(|exchange| all.add(exchange));
    all.sort();
    let share = all.share(&Backoff::default());
    let delivered = |own: &Exchange| 8e-6 * own.delivered_bytes * share.exchanges_per_s(own);
    exchanges.iter().map(delivered).collect()
}

/// Two senders, of which one loses half or nine tenths of its frames: the fixed point solved apart, by iterating its two
/// equations.
#[test]
fn losses_of_one_sender_do_not_slow_the_other() {
    let alone_mbps = delivered_mbps(&[0.0])[0];
    for (lost, good_mbps, bad_mbps) in [(0.5, 25.6, 2.3), (0.9, 29.3, 0.07)] {
        let found = delivered_mbps(&[0.0, lost]);
        assert!((found[0] - good_mbps).abs() < 0.05, "{lost}: {found:?}");
        assert!((found[1] / bad_mbps - 1.0).abs() < 0.03, "{lost}: {found:?}");
        assert!(found[0] < alone_mbps);
    }
    assert_eq!(delivered_mbps(&[1.0])[0], 0.0);
    // Without losses of their own they share as before.
    let [one, other] = delivered_mbps(&[0.0, 0.0])[..] else { panic!("two") };
    assert!(one == other && (one - 15.35).abs() < 0.005, "{one} {other}");
}

/// What a newcomer is told is what it has once it has come, exactly if it loses nothing or is alone. Else the others, which hear
/// less of it than of one without losses, leave it less.
#[test]
fn a_newcomer_finds_what_it_was_told() {
    let whole = phy(Standard::A, Width::Mhz20).exchanges()[7].1;
    for (losses, own, more) in
        [(&[][..], 0.0, 0.0), (&[], 0.7, 0.0), (&[0.0, 0.2, 0.9], 0.0, 0.0), (&[0.0, 0.2], 0.5, 0.166)]
    {
        let mut others = Contenders::default();
        losses.iter().for_each(|&lost| others.add(&whole.with_losses(lost)));
        others.sort();
        let told = others.newcomer(&Backoff::default()).goodput_bps(&whole.with_losses(own)) / 1e6;
        let all: Vec<f64> = losses.iter().copied().chain([own]).collect();
        let found = delivered_mbps(&all)[losses.len()];
        assert!((told / found - 1.0 - more).abs() < 1e-3, "{losses:?} {own}: {told} {found}");
    }
}

/// A row of the reference: what is sent how, and goodput in Mbit/s at distances in metres.
struct Row {
    name: &'static str,
    phy: Phy,
    errors: ErrorModel,
    adaptation: Adaptation,
    friis: bool,
    goodput: &'static [(f64, f64)],
}

fn reference() -> Vec<Row> {
    let a = phy(Standard::A, Width::Mhz20);
    let n20 = phy(Standard::N, Width::Mhz20);
    let fixed = Adaptation::Fixed { mode: 7 };
    let ideal = Adaptation::default();
    let minstrel = Adaptation::Minstrel { sampling: 0.1 };
    let row = |name, phy, errors, adaptation, friis, goodput| Row {
        name,
        phy,
        errors,
        adaptation,
        friis,
        goodput,
    };
    use ErrorModel::{Nist, Table};
    vec![
        row(
            "11a fixed 54, Nist",
            a,
            Nist,
            fixed,
            false,
            &[(5., 29.9), (10., 29.9), (15., 29.9), (20., 29.9), (24., 6.5), (25., 0.2), (30., 0.)],
        ),
        row(
            "11a fixed 54, Table",
            a,
            Table,
            fixed,
            false,
            &[
                (5., 29.9),
                (10., 29.9),
                (15., 29.9),
                (20., 29.9),
                (24., 29.9),
                (25., 29.9),
                (30., 29.2),
                (35., 1.0),
                (40., 0.),
            ],
        ),
        row(
            "11a ideal",
            a,
            Table,
            ideal,
            false,
            &[
                (5., 29.9),
                (10., 29.9),
                (15., 29.9),
                (20., 29.9),
                (24., 29.9),
                (25., 29.9),
                (30., 27.6),
                (35., 23.1),
                (40., 23.1),
                (45., 22.8),
                (50., 17.2),
                (52., 0.),
            ],
        ),
        row(
            "11a Minstrel",
            a,
            Table,
            minstrel,
            false,
            &[
                (5., 29.7),
                (10., 29.7),
                (15., 29.7),
                (20., 29.7),
                (25., 29.7),
                (30., 29.0),
                (35., 20.0),
                (40., 21.0),
                (45., 20.7),
                (50., 13.7),
                (52., 0.),
            ],
        ),
        row(
            "11n 20 MHz ideal",
            n20,
            Table,
            ideal,
            false,
            &[
                (5., 59.8),
                (10., 59.8),
                (15., 59.8),
                (20., 59.8),
                (25., 59.8),
                (30., 47.8),
                (35., 35.9),
                (40., 35.9),
                (50., 23.9),
                (52., 0.),
            ],
        ),
        row(
            "11n 20 MHz Minstrel",
            n20,
            Table,
            minstrel,
            false,
            &[
                (5., 59.5),
                (10., 59.5),
                (15., 59.5),
                (20., 59.5),
                (25., 59.4),
                (30., 52.4),
                (35., 41.5),
                (40., 35.3),
                (45., 35.1),
                (50., 24.1),
                (52., 0.),
            ],
        ),
        row(
            "11n 40 MHz ideal",
            phy(Standard::N, Width::Mhz40),
            Table,
            ideal,
            false,
            &[
                (5., 122.5),
                (10., 122.5),
                (15., 122.5),
                (20., 122.3),
                (25., 98.4),
                (30., 74.5),
                (35., 74.3),
                (40., 49.6),
                (50., 37.1),
                (52., 0.),
            ],
        ),
        row(
            "11ac 80 MHz ideal",
            phy(Standard::Ac, Width::Mhz80),
            Table,
            ideal,
            false,
            &[
                (5., 324.7),
                (10., 324.3),
                (15., 250.7),
                (20., 202.7),
                (25., 156.7),
                (30., 106.8),
                (40., 80.6),
                (50., 53.7),
                (52., 0.),
            ],
        ),
        row(
            "11a fixed 54, Nist, Friis",
            a,
            Nist,
            fixed,
            true,
            &[(100., 29.3), (115., 12.1), (130., 0.)],
        ),
        row(
            "11a fixed 54, Table, Friis",
            a,
            Table,
            fixed,
            true,
            &[(150., 29.7), (200., 3.0), (250., 0.)],
        ),
        row(
            "11a ideal, Friis",
            a,
            Table,
            ideal,
            true,
            &[(200., 23.0), (250., 23.0), (300., 22.8), (400., 0.)],
        ),
        row(
            "11n 20 MHz ideal, Friis",
            n20,
            Table,
            ideal,
            true,
            &[(100., 59.8), (150., 53.7), (200., 35.9), (250., 35.9), (300., 35.6), (400., 0.)],
        ),
    ]
}

/// Goodput in Mbit/s at a distance, with the SNR shifted by some decibels.
fn goodput_mbps(row: &Row, distance_m: f64, shift_db: f64) -> f64 {
    let carrier_hz = 5.18e9;
    let loss_db = match row.friis {
        true => crate::infra::nr::free_space_db(carrier_hz, distance_m),
        false => 46.6777 + 30.0 * distance_m.log10(),
    };
    let receiver = Receiver::new(row.phy, row.errors).with_adaptation(row.adaptation).unwrap();
    let noise_dbm = noise_dbm(row.phy.width().hz(), 7.0) - shift_db;
    let link = receiver.link(16.0206 - loss_db, noise_dbm, distance_m);
    link.map_or(0.0, |link| goodput_bps(&link.exchange) / 1e6)
}

/// Each figure of the reference is met within 10 %, or within 0.3 Mbit/s where it is small, where the SNR is shifted by no
/// more than 1 dB; most of them without any shift.
#[test]
fn goodput_over_distance_is_that_of_the_reference() {
    let is_met = |found: f64, expected: f64| (found - expected).abs() <= (0.1 * expected).max(0.3);
    let (mut all, mut exact) = (0, 0);
    for row in reference() {
        for &(distance_m, expected) in row.goodput {
            let found = goodput_mbps(&row, distance_m, 0.0);
            let shifts = (0..=20).flat_map(|step| [f64::from(step) * 0.05, f64::from(step) * -0.05]);
            let shift =
                shifts.into_iter().find(|&db| is_met(goodput_mbps(&row, distance_m, db), expected));
            println!("| {} | {distance_m} | {expected} | {found:.1} | {shift:?} |", row.name);
            all += 1;
            exact += usize::from(is_met(found, expected));
            assert!(shift.is_some(), "{} at {distance_m} m: {found}, not {expected}", row.name);
        }
    }
    assert!(10 * exact >= 9 * all, "{exact} of {all}");
}
