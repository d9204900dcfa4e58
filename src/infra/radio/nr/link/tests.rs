//! The three fidelities against hand calculations, each other, and what must hold of all.

use super::super::carrier::{Duplex, Numerology, TddPattern};
use super::super::sinr::{BandPower, flat, sinr_groups};
use super::*;
use crate::engine::RandomStreams;
use proptest::prelude::*;

fn carrier(mhz: f64, duplex: Duplex) -> Carrier {
    Carrier::new(3.5e9, 1e6 * mhz, Numerology::Khz30, duplex).expect("a carrier")
}

fn config() -> LinkConfig {
    LinkConfig::new(carrier(100.0, Duplex::Time(TddPattern::DDDSU)), Direction::Downlink)
}

fn run(link: &dyn LinkFidelity, period: &LinkPeriod<'_>) -> LinkOutcome {
    let mut random = RandomStreams::new(1).entity("link", 0);
    link.period(period, &mut LinkMemory::default(), &mut random)
}

fn at(link: &dyn LinkFidelity, sinr_db: f64) -> LinkOutcome {
    run(link, &LinkPeriod::whole(1.0, &[LinkState::always(flat(from_db(sinr_db)))]))
}

/// DDDSU at 30 kHz: 400 patterns a second with three slots of 12 data symbols and one of 8. 273 blocks of 132 and 84
/// elements; MCS 27 carries 7.40625 bits an element, in steps of a block size.
#[test]
fn the_peak_is_that_of_a_hand_calculation() {
    let link = AnalyticLink::new(config()).expect("good");
    let by_hand = 400.0 * (3.0 * 273.0 * 132.0 + 273.0 * 84.0) * 7.406_25;
    assert!((link.peak_bps() / by_hand - 1.0).abs() < 0.01, "{} {by_hand}", link.peak_bps());
    let outcome = at(&link, 45.0);
    assert!((outcome.goodput_bps / link.peak_bps() - 1.0).abs() < 1e-9);
    assert_eq!((outcome.attempts, outcome.ok.round(), outcome.nok), (1.0, 1600.0, 0.0));
    let shannon = at(&ShannonLink::new(config(), 2.0).expect("good"), 45.0);
    assert!((shannon.goodput_bps / by_hand - 1.0).abs() < 1e-9);
    // Two layers at half the power each.
    let double = AnalyticLink::new(LinkConfig { layers: 2, ..config() }).expect("good");
    assert!((at(&double, 48.1).goodput_bps / by_hand - 2.0).abs() < 0.02);
    assert!(at(&double, 27.0).mcs < at(&link, 27.0).mcs);
}

/// At a scheme's threshold a tenth of first attempts fails; incremental redundancy brings nearly all of them through at
/// the second: goodput is the rate over 1.1 attempts.
#[test]
fn goodput_at_a_threshold_is_that_of_a_hand_calculation() {
    let link = AnalyticLink::new(config()).expect("good");
    for entry in &link.tables.entries {
        let states = [LinkState::always(flat(entry.threshold))];
        let period = LinkPeriod::whole(1.0, &states);
        let outcome = run(&link, &period);
        let expected = entry.bits_per_s / 1.1;
        assert!(outcome.goodput_bps >= expected * (1.0 - 1e-3), "{entry:?} {outcome:?}");
        if outcome.mcs == f64::from(entry.index) {
            assert!((outcome.first_error - 0.1).abs() < 1e-6 && outcome.lost < 1.0, "{outcome:?}");
            assert!((outcome.goodput_bps / expected - 1.0).abs() < 1e-3, "{outcome:?}");
            assert!((outcome.block_error() - 0.1 / 1.1).abs() < 1e-3);
            // A tenth of the blocks waits for 8 slots of 0.5 ms.
            assert!((outcome.retransmission_s - 4e-4).abs() < 1e-5);
        }
    }
    let nothing = at(&link, -15.0);
    assert_eq!((nothing.goodput_bps, nothing.cqi, nothing.attempts), (0.0, 0.0, 0.0));
}

/// How far apart the fidelities are, over SINRs of -5 to 25 dB: by slots the outer loop keeps a tenth of errors, which the
/// expectation stays below where that gives more, and reports come in steps of 1.5 to 2 dB; Shannon has no steps.
#[test]
fn fidelities_agree_as_far_as_they_should() {
    let analytic = AnalyticLink::new(config()).expect("good");
    let gentle = OuterLoop::new(0.1, 0.1, 20.0);
    let slots = SlotLink::new(LinkConfig { outer_loop: gentle, ..config() }).expect("good");
    let shannon = ShannonLink::new(config(), ShannonLink::USUAL_GAP_DB).expect("good");
    println!("SINR dB, analytic Mbit/s, slots / analytic, Shannon / analytic, BLER by slots");
    let mut worst = (1.0_f64, 1.0_f64);
    for step in 0..=12_u32 {
        let sinr_db = -5.0 + 2.5 * f64::from(step);
        let expected = at(&analytic, sinr_db);
        let states = [LinkState::always(flat(from_db(sinr_db)))];
        let mut memory = LinkMemory::default();
        let mut random = RandomStreams::new(2).entity("link", step.into());
        // One second to settle, four to count.
        slots.period(&LinkPeriod::whole(1.0, &states), &mut memory, &mut random);
        let found = slots.period(&LinkPeriod::whole(4.0, &states), &mut memory, &mut random);
        let by_slots = found.goodput_bps / expected.goodput_bps;
        let by_bound = at(&shannon, sinr_db).goodput_bps / expected.goodput_bps;
        println!(
            "{sinr_db:5.1} {:8.2} {by_slots:6.3} {by_bound:6.3} {:6.3}",
            expected.goodput_bps / 1e6,
            found.first_error
        );
        assert!((0.05..0.16).contains(&found.first_error) || found.mcs < 0.5, "{sinr_db} {found:?}");
        assert!((0.85..1.1).contains(&by_slots), "{sinr_db} {by_slots}");
        assert!((0.8..1.4).contains(&by_bound), "{sinr_db} {by_bound}");
        worst = (worst.0.min(by_slots), worst.1.max(by_bound));
    }
    println!("least by slots {:.3}, most by Shannon {:.3}", worst.0, worst.1);
}

/// The same under jamming: a fifth of the carrier 15 dB down, and a quarter of the time 15 dB down, in pulses that reports
/// follow and in pulses that they do not. Shannon's bound does not see that one block spans good and bad parts, nor that
/// fast pulses cannot be followed.
#[test]
fn fidelities_differ_more_under_jamming() {
    let analytic = AnalyticLink::new(config()).expect("good");
    let gentle = OuterLoop::new(0.1, 0.1, 20.0);
    let slots = SlotLink::new(LinkConfig { outer_loop: gentle, ..config() }).expect("good");
    let shannon = ShannonLink::new(config(), ShannonLink::USUAL_GAP_DB).expect("good");
    let (clear, jammed) = (from_db(18.0), from_db(3.0));
    let parts = SinrGroups::from_slice(&[
        SinrGroup { share: 0.8, sinr: clear },
        SinrGroup { share: 0.2, sinr: jammed },
    ]);
    let timed = |time, sinr| LinkState { time, ..LinkState::always(flat(sinr)) };
    let pulses = vec![timed(0.25, jammed), timed(0.75, clear)];
    for (name, states, cycle_s, by_slots, by_bound) in [
        ("a fifth of the carrier", vec![LinkState::always(parts)], 1.0, 0.8..1.1, 1.0..1.3),
        ("pulses of 0.25 s", pulses.clone(), 1.0, 0.8..1.1, 0.95..1.2),
        ("pulses of 1 ms", pulses, 0.004, 0.8..1.3, 2.0..5.0),
    ] {
        let period = |duration_s| LinkPeriod { cycle_s, ..LinkPeriod::whole(duration_s, &states) };
        let expected = run(&analytic, &period(1.0)).goodput_bps;
        let mut memory = LinkMemory::default();
        let mut random = RandomStreams::new(3).entity("link", 0);
        slots.period(&period(1.0), &mut memory, &mut random);
        let found = slots.period(&period(4.0), &mut memory, &mut random);
        let bound = run(&shannon, &period(1.0)).goodput_bps / expected;
        let ratio = found.goodput_bps / expected;
        println!("{name}: {:.1} Mbit/s, slots {ratio:.3}, Shannon {bound:.3}", expected / 1e6);
        assert!(by_slots.contains(&ratio), "{name} {ratio} {found:?}");
        assert!(by_bound.contains(&bound), "{name} {bound}");
    }
}

/// Without reports that are rough and an outer loop that moves, the draws have the expectation: fixed on one scheme at a
/// mean error of a half, with losses of grants and answers.
#[test]
fn draws_by_slots_have_the_expectation() {
    for combining in [
        super::super::harq::Combining::Separate,
        super::super::harq::Combining::Chase,
        super::super::harq::Combining::IncrementalRedundancy,
    ] {
        let harq = Harq { combining, ..Harq::default() };
        let still = OuterLoop::new(0.0, 0.1, 0.0);
        let fixed = LinkConfig { harq, outer_loop: still, mcs_table: McsTable::Qam64, ..config() };
        let (analytic, slots) =
            (AnalyticLink::new(fixed).expect("good"), SlotLink::new(fixed).expect("good"));
        let lowest = &analytic.tables.entries[0];
        let half_db = lowest.curve.sinr_db(code_block_error(0.5, lowest.code_blocks));
        let control = ControlLoss { grant: 0.2, feedback: 0.3 };
        let states = [LinkState { control, ..LinkState::always(flat(from_db(half_db))) }];
        let period = LinkPeriod { share: 0.5, ..LinkPeriod::whole(40.0, &states) };
        let (expected, found) = (run(&analytic, &period), run(&slots, &period));
        assert_eq!((expected.mcs, found.mcs), (0.0, 0.0));
        let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.03;
        assert!(near(found.goodput_bps, expected.goodput_bps), "{combining:?} {found:?} {expected:?}");
        assert!(near(found.ok, expected.ok), "{combining:?} {found:?} {expected:?}");
        assert!(near(found.nok, expected.nok), "{combining:?} {found:?} {expected:?}");
        assert!(near(found.attempts, expected.attempts), "{combining:?} {found:?} {expected:?}");
    }
}

/// A jammer that changes faster than reports holds the scheme down, one that changes slower does not.
#[test]
fn fast_changes_are_not_followed() {
    let half = |sinr_db| LinkState { time: 0.5, ..LinkState::always(flat(from_db(sinr_db))) };
    let states = [half(20.0), half(5.0)];
    for (name, link) in [
        ("analytic", Box::new(AnalyticLink::new(config()).expect("good")) as Box<dyn LinkFidelity>),
        ("slots", Box::new(SlotLink::new(config()).expect("good"))),
    ] {
        let cycle =
            |cycle_s| run(link.as_ref(), &LinkPeriod { cycle_s, ..LinkPeriod::whole(2.0, &states) });
        let (slow, fast) = (cycle(1.0), cycle(0.004));
        assert!(slow.goodput_bps > 1.25 * fast.goodput_bps, "{name} {slow:?} {fast:?}");
        assert_eq!(link.name(), name);
    }
}

#[test]
fn bad_figures_are_named() {
    let text = |config: LinkConfig| AnalyticLink::new(config).expect_err("bad").to_string();
    assert_eq!(text(LinkConfig { layers: 9, ..config() }), "layers is 9, but must be 1 to 4");
    assert_eq!(
        text(LinkConfig { report_s: 0.0, ..config() }),
        "time between reports is 0 s, but must be 0.0005 to 10 s"
    );
    let gap = ShannonLink::new(config(), -1.0).expect_err("bad").to_string();
    assert_eq!(gap, "gap to Shannon's bound is -1 dB, but must be 0 to 20 dB");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Goodput never rises with the power of a jammer, whatever its band, its time and what else there is.
    #[test]
    fn goodput_falls_with_the_jammer(
        signal_db in 0.0..40.0_f64,
        interference in 0.0..1.0_f64,
        from in 0.0..0.9_f64,
        width in 0.02..1.0_f64,
        on in 0.0..1.0_f64,
        cycle_s in prop::sample::select(vec![0.001, 1.0]),
        jamming_db in -20.0..40.0_f64,
        more_db in 0.0..10.0_f64,
        layers in 1..=2_u32,
    ) {
        let link = AnalyticLink::new(LinkConfig { layers, ..config() }).expect("good");
        let goodput = |jamming_db: f64| {
            let band = BandPower { from, to: (from + width).min(1.0), power_mw: from_db(jamming_db) };
            let groups = |bands: &[BandPower]| sinr_groups(from_db(signal_db), 1.0, interference, bands);
            let states = [
                LinkState { time: on, ..LinkState::always(groups(&[band])) },
                LinkState { time: 1.0 - on, ..LinkState::always(groups(&[])) },
            ];
            run(&link, &LinkPeriod { cycle_s, ..LinkPeriod::whole(1.0, &states) }).goodput_bps
        };
        let (weak, strong) = (goodput(jamming_db), goodput(jamming_db + more_db));
        prop_assert!(strong <= weak * (1.0 + 1e-9), "{} {}", weak, strong);
    }

    /// Counts and goodput follow the share; lost feedback repeats, but loses nothing.
    #[test]
    fn outcomes_scale_with_the_share(sinr_db in -10.0..40.0_f64, share in 0.0..1.0_f64, lost in 0.0..1.0_f64) {
        let link = AnalyticLink::new(config()).expect("good");
        let control = ControlLoss { grant: 0.0, feedback: lost };
        let states = [LinkState { control, ..LinkState::always(flat(from_db(sinr_db))) }];
        let whole = run(&link, &LinkPeriod::whole(1.0, &states));
        let part = run(&link, &LinkPeriod { share, ..LinkPeriod::whole(1.0, &states) });
        prop_assert!((part.goodput_bps - whole.scaled(share).goodput_bps).abs() < 1e-3);
        prop_assert!((part.nok - whole.scaled(share).nok).abs() < 1e-6);
        prop_assert!(whole.block_error() <= 1.0 && whole.lost >= -1e-9);
        prop_assert!((0.0..=1.0).contains(&whole.first_error));
    }
}
