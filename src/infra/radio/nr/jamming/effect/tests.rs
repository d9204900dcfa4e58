//! Jammed links against hand calculations, signatures of each kind, and what must hold of all.

use super::super::super::carrier::{Direction, Duplex, Numerology, TddPattern};
use super::super::super::from_db;
use super::super::super::link::{
    AnalyticLink, LinkConfig, LinkFidelity, LinkMemory, LinkOutcome, LinkPeriod,
};
use super::super::emission::Coupling;
use super::super::jammer::{Jammer, JammerKind};
use super::super::time::{Durations, Reaction};
use super::*;
use crate::engine::RandomStreams;
use proptest::prelude::*;

fn carrier() -> Carrier {
    let duplex = Duplex::Time(TddPattern::DDDSU);
    Carrier::new(3.5e9, 100e6, Numerology::Khz30, duplex).expect("a carrier")
}

const END: End = End { signal_mw: 1e-7, noise_mw: 1e-9, interference_mw: 1e-9 };

fn arrivals(kind: JammerKind, jammed_db: f64) -> Arrivals {
    let jammer = Jammer { kind, eirp_dbm: 30.0, centre_hz: 3.5e9, bandwidth_hz: 98.28e6 };
    jammer.check().expect("good");
    let mut random = RandomStreams::new(1).entity("jammer", 0);
    let mut state = jammer.state(&mut random);
    let emission = jammer.emit(&mut state, 0.0, 1.0, &mut random);
    // J/S in dB at both ends: the signal has -70 dBm.
    let gain_db = -100.0 + jammed_db;
    let coupling = Coupling {
        to_device_db: gain_db,
        to_base_db: gain_db,
        sensed_dbm: -60.0,
        burst_s: 5e-4,
        activity: 0.5,
    };
    emission.arrivals(&carrier(), &ChannelLayout::default(), &coupling)
}

fn link(jammers: &[Arrivals]) -> JammedLink {
    jam(&carrier(), &ChannelLayout::default(), &ControlCurves::default(), &END, &END, jammers, 1.0)
}

fn outcome(states: &[LinkState], cycle_s: f64, direction: Direction) -> LinkOutcome {
    let model = AnalyticLink::new(LinkConfig::new(carrier(), direction)).expect("good");
    let mut random = RandomStreams::new(1).entity("link", 0);
    let period = LinkPeriod { cycle_s, ..LinkPeriod::whole(1.0, states) };
    model.period(&period, &mut LinkMemory::default(), &mut random)
}

fn selective(target: Channel) -> JammerKind {
    JammerKind::Selective { target, accuracy: 1.0 }
}

/// A jammer as strong as the signal: SINR is 1 / (1 + 0.02) of the ratio; on a channel of 4 blocks of 273 it is 68
/// times as dense.
#[test]
fn densities_are_those_of_hand_calculations() {
    let wide = link(&[arrivals(JammerKind::Constant, 0.0)]).channels;
    let expected_db = to_db(1.0 / 1.02);
    for found_db in [wide.ssb_sinr_db, wide.pdsch_sinr_db, wide.pucch_sinr_db, wide.pusch_sinr_db] {
        assert!((found_db - expected_db).abs() < 1e-9, "{wide:?}");
    }
    let narrow = link(&[arrivals(selective(Channel::Pucch), 0.0)]).channels;
    assert!((narrow.pucch_sinr_db - to_db(1.0 / (0.02 + 273.0 / 4.0))).abs() < 1e-9, "{narrow:?}");
    assert!(narrow.pucch_loss > 0.999);
    let clear_db = to_db(50.0);
    assert!((narrow.ssb_sinr_db - clear_db).abs() < 1e-9 && narrow.pdcch_loss < 1e-6);
    // On air in 2 of 14 symbols of 16/70 of the time.
    let mean_mw = link(&[arrivals(selective(Channel::Pucch), 0.0)]).base_jamming_mw;
    assert!((mean_mw / (1e-7 * 16.0 / 70.0 / 7.0) - 1.0).abs() < 1e-9, "{mean_mw}");
}

/// Each selective jammer has a signature of its own: what it attacks is lost, all else stays.
#[test]
fn selective_jammers_have_their_own_signatures() {
    let clear = link(&[]);
    let clear_down = outcome(&clear.downlink, 1.0, Direction::Downlink);
    let clear_up = outcome(&clear.uplink, 1.0, Direction::Uplink);
    for target in Channel::ALL {
        let jammed = link(&[arrivals(selective(target), 20.0)]);
        let down = outcome(&jammed.downlink, jammed.cycle_s, Direction::Downlink);
        let up = outcome(&jammed.uplink, jammed.cycle_s, Direction::Uplink);
        let lost = |channel: Channel, loss: f64| {
            assert_eq!(loss > 0.99, target == channel, "{target:?} {jammed:?}");
        };
        lost(Channel::Ssb, jammed.channels.ssb_loss);
        lost(Channel::Pdcch, jammed.channels.pdcch_loss);
        lost(Channel::Pucch, jammed.channels.pucch_loss);
        lost(Channel::Prach, jammed.channels.prach_loss);
        let data = |direction: Direction, clear: &LinkOutcome, found: &LinkOutcome| {
            let own = if direction == Direction::Downlink { Channel::Pdsch } else { Channel::Pusch };
            if feels(own, target) || target == Channel::Pdcch {
                assert!(found.goodput_bps < 0.01 * clear.goodput_bps, "{target:?} {found:?}");
            } else if target == Channel::Pucch && direction == Direction::Downlink {
                // Everything is sent four times, and counted as not acknowledged.
                assert!((clear.goodput_bps / found.goodput_bps - 4.0).abs() < 0.2, "{found:?}");
                assert!(found.block_error() > 0.99 && found.first_error == clear.first_error);
            } else {
                assert_eq!(found.goodput_bps, clear.goodput_bps, "{target:?}");
            }
            // Lost grants are silence: nothing is sent, nothing answered.
            if target == Channel::Pdcch {
                assert!(found.ok + found.nok < 0.01 * (clear.ok + clear.nok));
            }
        };
        data(Direction::Downlink, &clear_down, &down);
        data(Direction::Uplink, &clear_up, &up);
    }
}

/// A deceptive jammer raises power, loses SSBs and preambles, and leaves data alone.
#[test]
fn a_deceptive_jammer_is_no_noise() {
    let clear = link(&[]);
    let found = link(&[arrivals(JammerKind::Deceptive { preambles_per_s: 6400.0 }, 10.0)]);
    assert_eq!(found.downlink, clear.downlink);
    assert!(found.channels.ssb_loss > 0.9 && found.device_jamming_mw > 9e-7);
    assert!((found.channels.prach_loss - 0.635).abs() < 1e-3, "{:?}", found.channels);
}

/// Two jammers on for a half and a quarter of the time: four states of independent shares; a fifth of the same kind
/// counts with its mean.
#[test]
fn jammers_combine_independently() {
    let pulsed = |duty, ratio_db| arrivals(JammerKind::Pulsed { period_s: 0.01, duty }, ratio_db);
    let two = link(&[pulsed(0.5, 0.0), pulsed(0.25, 10.0)]);
    let mut times: Vec<f64> = two.downlink.iter().map(|state| state.time).collect();
    times.sort_by(f64::total_cmp);
    assert!(
        times.iter().zip([0.125, 0.125, 0.375, 0.375]).all(|(one, other)| (one - other).abs() < 1e-9)
    );
    assert_eq!(two.cycle_s, 0.01);
    let many: Vec<Arrivals> = (0..5).map(|rank| pulsed(0.5, f64::from(rank))).collect();
    let five = link(&many);
    assert_eq!(five.downlink.len(), 8);
    assert!((five.downlink.iter().map(|state| state.time).sum::<f64>() - 1.0).abs() < 1e-9);
    let mean_mw: f64 = (0..5).map(|rank| 0.5 * 1e-7 * from_db(f64::from(rank))).sum();
    assert!((five.device_jamming_mw / mean_mw - 1.0).abs() < 1e-9);
}

/// Pulses of 0.05 ms each 0.1 ms hit half of the symbols of each block of 0.5 ms: one state, half of it at 1 / 1.02.
#[test]
fn pulses_within_a_slot_are_parts_of_a_block() {
    let jammed = link(&[arrivals(JammerKind::Pulsed { period_s: 1e-4, duty: 0.5 }, 0.0)]);
    assert_eq!((jammed.downlink.len(), jammed.cycle_s), (1, 1.0));
    let mut parts = jammed.downlink[0].groups.clone();
    parts.sort_by(|one, other| one.sinr.total_cmp(&other.sinr));
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{parts:?}");
    near(parts[0].share, 0.5);
    near(parts[0].sinr, 1.0 / 1.02);
    near(parts[1].share, 0.5);
    near(parts[1].sinr, 50.0);
    // Slower ones are states of their own, in which blocks can be told apart.
    assert_eq!(
        link(&[arrivals(JammerKind::Pulsed { period_s: 2e-3, duty: 0.5 }, 0.0)]).downlink.len(),
        2
    );
}

/// 20 MHz sweep over the carrier and as much beside it at each side, 118.28 MHz of lower edges: each frequency meets it for
/// 20 / 118.28 of the time. A channel is lost while it is covered, never while it is not touched, and its place is none.
#[test]
fn sweeps_pass_over_all_channels() {
    let run = |centre_hz: f64, bandwidth_hz: f64| {
        let kind = JammerKind::Sweep { width_hz: 20e6, rate_hz_per_s: 118.28e9 };
        let jammer = Jammer { kind, eirp_dbm: 30.0, centre_hz, bandwidth_hz };
        let mut random = RandomStreams::new(1).entity("jammer", 0);
        let mut state = jammer.state(&mut random);
        let emission = jammer.emit(&mut state, 0.0, 1.0, &mut random);
        let coupling = Coupling {
            to_device_db: -70.0,
            to_base_db: -70.0,
            sensed_dbm: -60.0,
            burst_s: 5e-4,
            activity: 0.5,
        };
        link(&[emission.arrivals(&carrier(), &ChannelLayout::default(), &coupling)]).channels
    };
    let found = run(3.5e9, 138.28e6);
    let dwell = 20.0 / 118.28;
    let jammed = 1.0 / (0.02 + 1e3 * 98.28 / 20.0);
    let expected_db = to_db((1.0 - dwell) * 50.0 + dwell * jammed);
    for found_db in [found.ssb_sinr_db, found.pucch_sinr_db] {
        assert!((found_db - expected_db).abs() < 1e-9, "{found:?} {expected_db}");
    }
    for (loss, width_mhz) in [(found.ssb_loss, 7.2), (found.prach_loss, 4.32)] {
        let (least, most) = ((20.0 - width_mhz) / 118.28, (20.0 + width_mhz) / 118.28);
        assert!(least - 1e-9 < loss && loss < most, "{least} {loss} {most}");
    }
    // Over the lower half and over the upper one: both edges alike, and PRACH is in the lower one.
    let [low, high] = [-30e6, 30e6].map(|off_hz| run(3.5e9 + off_hz, 60e6));
    assert!((low.pucch_sinr_db - high.pucch_sinr_db).abs() < 1e-6, "{low:?} {high:?}");
    assert!(low.pucch_sinr_db < to_db(50.0) - 0.5);
    // Its 4.32 MHz begin two blocks above the carrier's edge, 11.58 MHz above the sweep's: of 40 MHz of lower edges it is
    // covered for 11.58 and touched for 15.9.
    assert!(low.prach_loss > 11.58 / 40.0 - 1e-9 && low.prach_loss < 15.9 / 40.0, "{low:?}");
    assert!(high.prach_loss < 1e-6, "{high:?}");
}

fn kinds() -> Vec<JammerKind> {
    let random = JammerKind::Random { mean_on_s: 0.3, mean_off_s: 0.3, durations: Durations::Uniform };
    let reaction = Reaction { threshold_dbm: -80.0, sense_s: 1e-4, stay_s: 1.0, probability: 0.9 };
    let mut kinds = vec![
        JammerKind::Constant,
        random,
        JammerKind::Pulsed { period_s: 0.003, duty: 0.4 },
        JammerKind::Pulsed { period_s: 0.000_1, duty: 0.4 },
        JammerKind::Sweep { width_hz: 10e6, rate_hz_per_s: 1e9 },
        JammerKind::Reactive(reaction),
        JammerKind::Deceptive { preambles_per_s: 100.0 },
    ];
    kinds.extend(Channel::ALL.map(selective));
    kinds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Of every kind: more power never raises goodput, never lowers a loss, and an attack on the uplink's control channel
    /// leaves the SINR of the data down alone.
    #[test]
    fn more_power_never_helps(jammed_db in -30.0..30.0_f64, more_db in 0.0..15.0_f64, which in 0..14_usize) {
        let kind = kinds()[which];
        let (weak, strong) =
            (link(&[arrivals(kind, jammed_db)]), link(&[arrivals(kind, jammed_db + more_db)]));
        for direction in [Direction::Downlink, Direction::Uplink] {
            let goodput = |link: &JammedLink| {
                let states =
                    if direction == Direction::Downlink { &link.downlink } else { &link.uplink };
                outcome(states, link.cycle_s, direction).goodput_bps
            };
            prop_assert!(goodput(&strong) <= goodput(&weak) * (1.0 + 1e-9), "{kind:?}");
        }
        prop_assert!(strong.device_jamming_mw >= weak.device_jamming_mw);
        let losses = |link: &JammedLink| {
            let channels = link.channels;
            [channels.ssb_loss, channels.pdcch_loss, channels.pucch_loss, channels.prach_loss]
        };
        for (weak, strong) in losses(&weak).into_iter().zip(losses(&strong)) {
            prop_assert!(weak <= strong + 1e-9 && (0.0..=1.0 + 1e-9).contains(&strong));
        }
        if kind == selective(Channel::Pucch) {
            prop_assert!((strong.channels.pdsch_sinr_db - to_db(50.0)).abs() < 1e-9);
        }
        let times: f64 = strong.uplink.iter().map(|state| state.time).sum();
        prop_assert!((times - 1.0).abs() < 1e-9);
    }
}
