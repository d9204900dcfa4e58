//! What jammers do to a link.

use super::super::carrier::Carrier;
use super::super::effective::effective_sinr;
use super::super::link::{ControlLoss, LinkState};
use super::super::sinr::{BandPower, SinrGroups, sinr_groups};
use super::super::to_db;
use super::channels::{Channel, ChannelLayout, ControlCurves};
use super::emission::{Arrival, Arrivals};
use smallvec::SmallVec;

/// What an end of a link receives beside jammers: milliwatts over the whole carrier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// Power of the other end, as if it sent on the whole carrier with the density that it sends with. More than 0.
    pub signal_mw: f64,
    /// Noise, more than 0.
    pub noise_mw: f64,
    /// Other cells, each times its load.
    pub interference_mw: f64,
}

/// Losses of the channels over a period, and their SINR.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelReport {
    /// Share of SSBs that are lost at the device, 0 to 1.
    pub ssb_loss: f64,
    /// Share of grants that are lost at the device.
    pub pdcch_loss: f64,
    /// Share of acknowledgements and reports that are lost at the base station.
    pub pucch_loss: f64,
    /// Share of preambles that are lost at the base station, or collide with false ones.
    pub prach_loss: f64,
    /// SINR in dB of the SSB, mean over the period: what SS-SINR is.
    pub ssb_sinr_db: f64,
    /// SINR in dB of the data down: of the mean ratio over carrier and period.
    pub pdsch_sinr_db: f64,
    /// SINR in dB of the control channel up.
    pub pucch_sinr_db: f64,
    /// SINR in dB of the data up.
    pub pusch_sinr_db: f64,
}

/// A link under jamming during a period.
#[derive(Clone, Debug, PartialEq)]
pub struct JammedLink {
    /// States of the downlink.
    pub downlink: SmallVec<[LinkState; 2]>,
    /// States of the uplink, at the same times.
    pub uplink: SmallVec<[LinkState; 2]>,
    /// Seconds in which the states follow each other once: the shortest of the jammers that come and go, or the period.
    pub cycle_s: f64,
    /// What becomes of each channel.
    pub channels: ChannelReport,
    /// Mean power of jammers at the device in milliwatts: a part of what it measures as RSSI.
    pub device_jamming_mw: f64,
    /// The same at the base station.
    pub base_jamming_mw: f64,
}

/// Jammers that come and go and are combined with each other; of more than these the weakest count with their mean power.
const MOST_CHANGING: usize = 3;

/// beta of QPSK at low rates, for control channels that are spread over parts with several SINRs.
const CONTROL_BETA: f64 = 1.6;

/// Puts a link together with what arrives of all jammers over a period of so many seconds.
///
/// * Jammers that are on for a part of the time are independent of each other: a state for each combination. Of more
///   than three the weakest at either end count with their mean power all the time.
/// * A jammer of one channel spreads its power over that channel's resource blocks only, and leaves all others alone; those of
///   reference signals are felt by the data as if these were jammed with the same density.
/// * Down, a lost grant is one at the device and a lost answer one at the base station; up, only grants can be lost, since
///   the base station knows what it has decoded.
///
/// ```
/// use stratosim::infra::nr::{
///     Carrier, ChannelLayout, ControlCurves, Duplex, End, Numerology, jam,
/// };
/// let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).unwrap();
/// let end = End { signal_mw: 1e-7, noise_mw: 1e-9, interference_mw: 0.0 };
/// let link = jam(&carrier, &ChannelLayout::default(), &ControlCurves::default(), &end, &end, &[], 1.0);
/// assert_eq!((link.downlink.len(), link.device_jamming_mw), (1, 0.0));
/// assert!((link.channels.pdsch_sinr_db - 20.0).abs() < 1e-9);
/// ```
#[must_use]
pub fn jam(
    carrier: &Carrier,
    layout: &ChannelLayout,
    curves: &ControlCurves,
    device: &End,
    base: &End,
    jammers: &[Arrivals],
    duration_s: f64,
) -> JammedLink {
    let combinations = combine(jammers);
    let cell = Cell { carrier, layout, curves, device, base };
    let mut link = JammedLink {
        downlink: SmallVec::new(),
        uplink: SmallVec::new(),
        cycle_s: duration_s,
        channels: NOTHING,
        device_jamming_mw: 0.0,
        base_jamming_mw: 0.0,
    };
    for arrival in jammers.iter().flatten() {
        link.device_jamming_mw += arrival.airtime * arrival.device_mw;
        link.base_jamming_mw += arrival.airtime * arrival.base_mw;
    }
    for arrivals in jammers {
        let on: f64 = arrivals.iter().map(|arrival| arrival.time).sum();
        let changes = arrivals.len() > 1 || (on > 0.0 && on < 1.0 - 1e-12);
        if let (true, Some(first)) = (changes, arrivals.first()) {
            link.cycle_s = link.cycle_s.min(first.cycle_s);
        }
    }
    for (time, present) in &combinations {
        cell.add(*time, present, &mut link);
    }
    let channels = &mut link.channels;
    for ratio in [
        &mut channels.ssb_sinr_db,
        &mut channels.pdsch_sinr_db,
        &mut channels.pucch_sinr_db,
        &mut channels.pusch_sinr_db,
    ] {
        *ratio = to_db(*ratio);
    }
    link
}

/// Sums before anything is added.
const NOTHING: ChannelReport = ChannelReport {
    ssb_loss: 0.0,
    pdcch_loss: 0.0,
    pucch_loss: 0.0,
    prach_loss: 0.0,
    ssb_sinr_db: 0.0,
    pdsch_sinr_db: 0.0,
    pucch_sinr_db: 0.0,
    pusch_sinr_db: 0.0,
};

/// Arrivals that are there at the same time.
type Present = SmallVec<[Arrival; 4]>;

/// All combinations of arrivals with their shares of the time.
fn combine(jammers: &[Arrivals]) -> SmallVec<[(f64, Present); 4]> {
    let on = |arrivals: &Arrivals| arrivals.iter().map(|arrival| arrival.time).sum::<f64>();
    let always = |arrivals: &Arrivals| arrivals.len() == 1 && on(arrivals) >= 1.0 - 1e-12;
    let strength = |arrivals: &Arrivals| {
        arrivals.iter().map(|one| one.time * one.device_mw.max(one.base_mw)).sum::<f64>()
    };
    let mut changing: SmallVec<[&Arrivals; 4]> =
        jammers.iter().filter(|arrivals| !always(arrivals) && on(arrivals) > 0.0).collect();
    // Stable, so that equals stay in their order.
    changing.sort_by(|one, other| strength(other).total_cmp(&strength(one)));
    let mut base: Present = jammers.iter().filter(|one| always(one)).flatten().copied().collect();
    for weak in changing.iter().skip(MOST_CHANGING).flat_map(|arrivals| arrivals.iter()) {
        base.push(Arrival {
            device_mw: weak.time * weak.device_mw,
            base_mw: weak.time * weak.base_mw,
            ..*weak
        });
    }
    let mut combinations: SmallVec<[(f64, Present); 4]> = SmallVec::new();
    combinations.push((1.0, base));
    for arrivals in changing.iter().take(MOST_CHANGING) {
        let before = std::mem::take(&mut combinations);
        let off = (1.0 - on(arrivals)).max(0.0);
        for (time, present) in before {
            for arrival in arrivals.iter() {
                let mut with = present.clone();
                with.push(*arrival);
                combinations.push((time * arrival.time, with));
            }
            if off > 1e-12 {
                combinations.push((time * off, present));
            }
        }
    }
    combinations
}

/// A cell and one of its devices.
struct Cell<'a> {
    carrier: &'a Carrier,
    layout: &'a ChannelLayout,
    curves: &'a ControlCurves,
    device: &'a End,
    base: &'a End,
}

/// Which end of a link receives.
#[derive(Clone, Copy)]
enum Side {
    Device,
    Base,
}

impl Cell<'_> {
    /// Adds a state to a link.
    fn add(&self, time: f64, present: &Present, link: &mut JammedLink) {
        let down = self.groups(Side::Device, Channel::Pdsch, present);
        let up = self.groups(Side::Base, Channel::Pusch, present);
        let lost = |side, channel| {
            let groups = self.groups(side, channel, present);
            let sinr = effective_sinr(&groups, CONTROL_BETA);
            (self.curves.of(channel).map_or(0.0, |curve| curve.error(to_db(sinr))), mean(&groups))
        };
        let ssb = lost(Side::Device, Channel::Ssb);
        let pdcch = lost(Side::Device, Channel::Pdcch);
        let pucch = lost(Side::Base, Channel::Pucch);
        let prach = lost(Side::Base, Channel::Prach);
        let preambles_per_s: f64 = present.iter().map(|arrival| arrival.preambles_per_s).sum();
        let collision = self.layout.preamble_collision(preambles_per_s);
        let channels = &mut link.channels;
        channels.ssb_loss += time * ssb.0;
        channels.pdcch_loss += time * pdcch.0;
        channels.pucch_loss += time * pucch.0;
        channels.prach_loss += time * (1.0 - (1.0 - prach.0) * (1.0 - collision));
        channels.ssb_sinr_db += time * ssb.1;
        channels.pdsch_sinr_db += time * mean(&down);
        channels.pucch_sinr_db += time * pucch.1;
        channels.pusch_sinr_db += time * mean(&up);
        let control = ControlLoss { grant: pdcch.0, feedback: pucch.0 };
        link.downlink.push(LinkState { time, groups: down, control });
        let control = ControlLoss { grant: pdcch.0, feedback: 0.0 };
        link.uplink.push(LinkState { time, groups: up, control });
    }

    /// SINR on the parts of a channel's resource blocks at an end; shares are of the channel.
    fn groups(&self, side: Side, channel: Channel, present: &Present) -> SinrGroups {
        let end = match side {
            Side::Device => self.device,
            Side::Base => self.base,
        };
        let mut felt: SmallVec<[BandPower; 4]> = SmallVec::new();
        for arrival in present {
            let power_mw = match side {
                Side::Device => arrival.device_mw,
                Side::Base => arrival.base_mw,
            };
            match arrival.target {
                None => felt.push(BandPower { from: arrival.band.0, to: arrival.band.1, power_mw }),
                Some(target) if feels(channel, target) => {
                    let bands = self.layout.bands(target, self.carrier);
                    let width: f64 = bands.iter().map(|band| band.1 - band.0).sum();
                    felt.extend(bands.iter().map(|&(from, to)| BandPower {
                        from,
                        to,
                        power_mw: power_mw * (to - from) / width,
                    }));
                }
                Some(_) => {}
            }
        }
        let bands = self.layout.bands(channel, self.carrier);
        if felt.is_empty() || bands.as_slice() == [(0.0, 1.0)] {
            return sinr_groups(end.signal_mw, end.noise_mw, end.interference_mw, &felt);
        }
        // The channel's own parts of the carrier, each as a carrier of its own.
        let width: f64 = bands.iter().map(|band| band.1 - band.0).sum();
        let mut groups = SinrGroups::new();
        for (from, to) in bands {
            let place = |at: f64| ((at - from) / (to - from)).clamp(0.0, 1.0);
            let cut: SmallVec<[BandPower; 4]> = felt
                .iter()
                .filter(|band| band.to > from && band.from < to)
                .map(|band| {
                    let (start, stop) = (place(band.from), place(band.to));
                    // The density stays: that of the carrier.
                    let density_mw = band.power_mw / (band.to - band.from);
                    BandPower { from: start, to: stop, power_mw: density_mw * (stop - start) }
                })
                .collect();
            let of_band = sinr_groups(end.signal_mw, end.noise_mw, end.interference_mw, &cut);
            groups.extend(of_band.into_iter().map(|mut group| {
                group.share *= (to - from) / width;
                group
            }));
        }
        groups
    }
}

fn mean(groups: &SinrGroups) -> f64 {
    groups.iter().map(|group| group.share * group.sinr).sum()
}

/// Whether a channel suffers from a jammer of another.
fn feels(channel: Channel, target: Channel) -> bool {
    channel == target
        || (target == Channel::ReferenceSignals && matches!(channel, Channel::Pdsch | Channel::Pusch))
}

#[cfg(test)]
mod tests {
    use super::super::super::carrier::{Direction, Duplex, Numerology, TddPattern};
    use super::super::super::from_db;
    use super::super::super::link::{
        AnalyticLink, LinkConfig, LinkFidelity, LinkMemory, LinkOutcome, LinkPeriod,
    };
    use super::super::emission::{Coupling, Jammer, JammerKind};
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
            times
                .iter()
                .zip([0.125, 0.125, 0.375, 0.375])
                .all(|(one, other)| (one - other).abs() < 1e-9)
        );
        assert_eq!(two.cycle_s, 0.01);
        let many: Vec<Arrivals> = (0..5).map(|rank| pulsed(0.5, f64::from(rank))).collect();
        let five = link(&many);
        assert_eq!(five.downlink.len(), 8);
        assert!((five.downlink.iter().map(|state| state.time).sum::<f64>() - 1.0).abs() < 1e-9);
        let mean_mw: f64 = (0..5).map(|rank| 0.5 * 1e-7 * from_db(f64::from(rank))).sum();
        assert!((five.device_jamming_mw / mean_mw - 1.0).abs() < 1e-9);
    }

    fn kinds() -> Vec<JammerKind> {
        let random =
            JammerKind::Random { mean_on_s: 0.3, mean_off_s: 0.3, durations: Durations::Uniform };
        let reaction = Reaction { threshold_dbm: -80.0, sense_s: 1e-4, stay_s: 1.0, probability: 0.9 };
        let mut kinds = vec![
            JammerKind::Constant,
            random,
            JammerKind::Pulsed { period_s: 0.003, duty: 0.4 },
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
        fn more_power_never_helps(jammed_db in -30.0..30.0_f64, more_db in 0.0..15.0_f64, which in 0..13_usize) {
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
}
