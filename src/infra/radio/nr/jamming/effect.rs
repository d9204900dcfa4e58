//! What jammers do to a link.

use super::super::carrier::Carrier;
use super::super::effective::effective_sinr;
use super::super::link::{ControlLoss, LinkState};
use super::super::sinr::{BandPower, SinrGroup, SinrGroups, sinr_groups};
use super::super::to_db;
use super::channels::{Bands, Channel, ChannelLayout, ControlCurves};
use super::emission::{Arrival, Arrivals};
use super::moving::Moving;
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
/// * Where all that come and go do so faster than a slot, each block meets all of it: one state, whose parts are those of
///   time as well as of the carrier.
/// * A jammer of one channel spreads its power over that channel's resource blocks only, and leaves all others alone; those of
///   reference signals are felt by the data as if these were jammed with the same density.
/// * Of a sweep, channels with a part of the carrier meet as much as passes over that part; of more than three the others
///   with their mean power.
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
    let mut slowest_s = 0.0_f64;
    for arrivals in jammers.iter().filter(|arrivals| !is_always(arrivals)) {
        if let Some(first) = arrivals.first() {
            link.cycle_s = link.cycle_s.min(first.cycle_s);
            slowest_s = slowest_s.max(first.cycle_s);
        }
    }
    for (time, present) in &combinations {
        cell.add(*time, present, &mut link);
    }
    if link.downlink.len() > 1 && slowest_s < carrier.numerology().slot_s() {
        fold(&mut link.downlink);
        fold(&mut link.uplink);
        link.cycle_s = duration_s;
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

/// Powers on parts of the carrier.
type Felt = SmallVec<[BandPower; 4]>;

/// Whether a jammer is on with the same power all the time.
fn is_always(arrivals: &Arrivals) -> bool {
    matches!(arrivals.as_slice(), [only] if only.time >= 1.0 - 1e-12)
}

/// Makes one state of several that all blocks meet.
fn fold(states: &mut SmallVec<[LinkState; 2]>) {
    let mut one = LinkState::always(SinrGroups::new());
    for state in states.drain(..) {
        one.control.grant += state.time * state.control.grant;
        one.control.feedback += state.time * state.control.feedback;
        one.groups.extend(
            state.groups.into_iter().map(|group| SinrGroup { share: state.time * group.share, ..group }),
        );
    }
    states.push(one);
}

/// All combinations of arrivals with their shares of the time.
fn combine(jammers: &[Arrivals]) -> SmallVec<[(f64, Present); 4]> {
    let on = |arrivals: &Arrivals| arrivals.iter().map(|arrival| arrival.time).sum::<f64>();
    let strength = |arrivals: &Arrivals| {
        arrivals.iter().map(|one| one.time * one.device_mw.max(one.base_mw)).sum::<f64>()
    };
    let mut changing: SmallVec<[&Arrivals; 4]> =
        jammers.iter().filter(|arrivals| !is_always(arrivals) && on(arrivals) > 0.0).collect();
    // Stable, so that equals stay in their order.
    changing.sort_by(|one, other| strength(other).total_cmp(&strength(one)));
    let mut base: Present = jammers.iter().filter(|one| is_always(one)).flatten().copied().collect();
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
        let even = present.iter().all(is_even);
        let down = self.groups(Side::Device, Channel::Pdsch, present, &[]);
        let up = self.groups(Side::Base, Channel::Pusch, present, &[]);
        let (mean_down, mean_up) = (mean(&down), mean(&up));
        let even_db = if even { [to_db(mean_down), to_db(mean_up)] } else { [0.0; 2] };
        let lost = |side, channel| {
            if even {
                // All channels meet what the data meets.
                let (sinr, sinr_db) = match side {
                    Side::Device => (mean_down, even_db[0]),
                    Side::Base => (mean_up, even_db[1]),
                };
                return (self.curves.of(channel).map_or(0.0, |curve| curve.error(sinr_db)), sinr);
            }
            let (mut loss, mut mean_sinr) = (0.0, 0.0);
            for (time, passing) in self.passing(side, channel, present) {
                let groups = self.groups(side, channel, present, &passing);
                let sinr = effective_sinr(&groups, CONTROL_BETA);
                loss += time * self.curves.of(channel).map_or(0.0, |curve| curve.error(to_db(sinr)));
                mean_sinr += time * mean(&groups);
            }
            (loss, mean_sinr)
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
        channels.pdsch_sinr_db += time * mean_down;
        channels.pucch_sinr_db += time * pucch.1;
        channels.pusch_sinr_db += time * mean_up;
        let control = ControlLoss { grant: pdcch.0, feedback: pucch.0 };
        link.downlink.push(LinkState { time, groups: down, control });
        let control = ControlLoss { grant: pdcch.0, feedback: 0.0 };
        link.uplink.push(LinkState { time, groups: up, control });
    }

    /// What sweeps put on a channel that has a part of the carrier only: shares of the time, and powers in it.
    fn passing(&self, side: Side, channel: Channel, present: &Present) -> SmallVec<[(f64, Felt); 1]> {
        let mut cases: SmallVec<[(f64, Felt); 1]> = SmallVec::new();
        cases.push((1.0, Felt::new()));
        let bands = self.layout.bands(channel, self.carrier);
        let sweeps = present.iter().filter_map(|arrival| Some((arrival, moves_over(&bands, arrival)?)));
        for (rank, (arrival, moving)) in sweeps.enumerate() {
            let density_mw = side.power_mw(arrival) / (arrival.band.1 - arrival.band.0);
            let placements = moving.placements(self.carrier, &bands);
            let felt = |placement: usize, share: f64| {
                placements[placement].touched.iter().map(move |&(from, to)| BandPower {
                    from,
                    to,
                    power_mw: share * density_mw * (to - from),
                })
            };
            if rank >= MOST_CHANGING {
                for case in &mut cases {
                    let all = (0..placements.len()).flat_map(|own| felt(own, placements[own].time));
                    case.1.extend(all);
                }
                continue;
            }
            let before = std::mem::take(&mut cases);
            for (time, powers) in before {
                for own in (0..placements.len()).filter(|&own| placements[own].time > 0.0) {
                    let mut powers = powers.clone();
                    powers.extend(felt(own, 1.0));
                    cases.push((time * placements[own].time, powers));
                }
            }
        }
        cases
    }

    /// SINR on the parts of a channel's resource blocks at an end, with what passes over them; shares are of the channel.
    fn groups(
        &self,
        side: Side,
        channel: Channel,
        present: &Present,
        passing: &[BandPower],
    ) -> SinrGroups {
        let end = match side {
            Side::Device => self.device,
            Side::Base => self.base,
        };
        let bands = self.layout.bands(channel, self.carrier);
        let mut felt = Felt::from_slice(passing);
        for arrival in present.iter().filter(|arrival| moves_over(&bands, arrival).is_none()) {
            let power_mw = side.power_mw(arrival);
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
        if felt.is_empty() || is_whole(&bands) {
            return sinr_groups(end.signal_mw, end.noise_mw, end.interference_mw, &felt);
        }
        // The channel's own parts of the carrier, each as a carrier of its own.
        let width: f64 = bands.iter().map(|band| band.1 - band.0).sum();
        let mut groups = SinrGroups::new();
        for (from, to) in bands {
            let place = |at: f64| ((at - from) / (to - from)).clamp(0.0, 1.0);
            let cut: Felt = felt
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

impl Side {
    /// What arrives at this end.
    fn power_mw(self, arrival: &Arrival) -> f64 {
        match self {
            Side::Device => arrival.device_mw,
            Side::Base => arrival.base_mw,
        }
    }
}

/// Whether an arrival is the same on all of the carrier.
fn is_even(arrival: &Arrival) -> bool {
    arrival.target.is_none() && arrival.moving.is_none() && arrival.band == (0.0, 1.0)
}

/// Whether bands are the whole carrier.
fn is_whole(bands: &Bands) -> bool {
    bands.as_slice() == [(0.0, 1.0)]
}

/// How an arrival moves, if that matters to a channel with these bands.
fn moves_over(bands: &Bands, arrival: &Arrival) -> Option<Moving> {
    arrival.moving.filter(|_| !is_whole(bands))
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
mod tests;
