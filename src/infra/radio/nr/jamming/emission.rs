//! What of a jammer's sending arrives.

use super::super::carrier::Carrier;
use super::super::measurement::mw_from_dbm;
use super::super::to_db;
use super::JammingTruth;
use super::channels::{Channel, ChannelLayout};
use super::jammer::{Jammer, JammerKind};
use super::moving::Moving;
use super::power::PowerLevels;
use super::time::Sweep;
use smallvec::SmallVec;

/// What a jammer has sent in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Emission {
    pub(super) jammer: Jammer,
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    /// Shares of the period and radiated power in dBm.
    pub(super) levels: PowerLevels,
}

/// What lies between a jammer and its victims.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coupling {
    /// Gain from the jammer to the device in dB: antenna gain less path loss.
    pub to_device_db: f64,
    /// Gain from the jammer to the base station in dB.
    pub to_base_db: f64,
    /// Power in dBm that the jammer receives of the victim, for reactive ones.
    pub sensed_dbm: f64,
    /// Length of the victim's transmissions in seconds, for reactive ones: a slot.
    pub burst_s: f64,
    /// Share of the period in which the victim transmits, 0 to 1, for reactive ones.
    pub activity: f64,
}

/// A jammer with one power as it arrives at the two ends of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// Share of the link's time that meets it, 0 to 1.
    pub time: f64,
    /// Share of the period in which it is on air, 0 to 1: for measured powers and the truth.
    pub airtime: f64,
    /// Its band as shares of the carrier; of one that moves as wide as on average.
    pub band: (f64, f64),
    /// How it moves, if it does.
    pub moving: Option<Moving>,
    /// The one channel that it attacks; `None` if all.
    pub target: Option<Channel>,
    /// Milliwatts within the carrier at the device while it is on.
    pub device_mw: f64,
    /// The same at the base station.
    pub base_mw: f64,
    /// False preambles a second.
    pub preambles_per_s: f64,
    /// Seconds in which it is on and off once; what is shorter than the time between reports cannot be followed.
    pub cycle_s: f64,
}

/// The arrivals of one jammer, which exclude each other: together they last no longer than the period.
pub type Arrivals = SmallVec<[Arrival; 8]>;

/// What a jammer attacks of a carrier.
struct Attack {
    time: f64,
    airtime: f64,
    band: (f64, f64),
    moving: Option<Moving>,
    /// Share of the jammer's power that falls into the carrier.
    within: f64,
    target: Option<Channel>,
    cycle_s: f64,
}

impl Emission {
    /// The same, in a share of the period only: for jammers that are switched on or off during it.
    #[must_use]
    pub fn during(mut self, share: f64) -> Self {
        self.levels.iter_mut().for_each(|level| level.0 *= share.clamp(0.0, 1.0));
        self
    }

    /// The jammer.
    #[must_use]
    pub fn jammer(&self) -> &Jammer {
        &self.jammer
    }

    /// What the two ends of a link receive of it on their carrier; nothing if it is outside.
    #[must_use]
    pub fn arrivals(&self, carrier: &Carrier, layout: &ChannelLayout, coupling: &Coupling) -> Arrivals {
        let Some(attack) = self.attack(carrier, layout, coupling) else { return Arrivals::new() };
        let preambles_per_s = match self.jammer.kind {
            JammerKind::Deceptive { preambles_per_s } => preambles_per_s,
            _ => 0.0,
        };
        let powers = self.levels.iter().filter(|level| level.0 > 0.0);
        powers
            .map(|&(share, dbm)| Arrival {
                time: share * attack.time,
                airtime: share * attack.airtime,
                band: attack.band,
                moving: attack.moving,
                target: attack.target,
                device_mw: attack.within * mw_from_dbm(dbm + coupling.to_device_db),
                base_mw: attack.within * mw_from_dbm(dbm + coupling.to_base_db),
                preambles_per_s,
                cycle_s: attack.cycle_s,
            })
            .collect()
    }

    fn attack(&self, carrier: &Carrier, layout: &ChannelLayout, coupling: &Coupling) -> Option<Attack> {
        let Jammer { kind, centre_hz, bandwidth_hz, .. } = self.jammer;
        let length_s = self.to_s - self.from_s;
        let band = carrier.overlap(centre_hz, bandwidth_hz)?;
        let within = ((band.1 - band.0) * carrier.occupied_hz() / bandwidth_hz).min(1.0);
        let (target, cycle_s) = (None, length_s);
        let whole = Attack { time: 1.0, airtime: 1.0, band, moving: None, within, target, cycle_s };
        Some(match kind {
            JammerKind::Constant => whole,
            JammerKind::Random { mean_on_s, mean_off_s, .. } => {
                Attack { cycle_s: mean_on_s + mean_off_s, ..whole }
            }
            JammerKind::Pulsed { period_s, .. } => Attack { cycle_s: period_s, ..whole },
            JammerKind::Modulated(power) => Attack { cycle_s: power.cycle_s(), ..whole },
            JammerKind::Sweep { width_hz, rate_hz_per_s } => {
                let from_hz = centre_hz - 0.5 * bandwidth_hz;
                let to_hz = centre_hz + 0.5 * bandwidth_hz;
                let sweep = Sweep { from_hz, to_hz, band_hz: width_hz, rate_hz_per_s };
                let half_hz = 0.5 * carrier.occupied_hz();
                let (low_hz, high_hz) = (carrier.centre_hz() - half_hz, carrier.centre_hz() + half_hz);
                let met = sweep.overlap(low_hz, high_hz, self.from_s, self.to_s);
                if met.on <= 0.0 {
                    return None;
                }
                // Where it is does not matter to channels that have the whole carrier: as if it began at the lower edge of
                // what it touches. To others it moves.
                let width = met.width_hz / carrier.occupied_hz();
                let start = band.0.min(1.0 - width).max(0.0);
                Attack {
                    time: met.on,
                    airtime: met.on,
                    band: (start, start + width),
                    moving: (bandwidth_hz > width_hz).then_some(Moving {
                        sweep,
                        from_s: self.from_s,
                        to_s: self.to_s,
                    }),
                    within: met.width_hz / width_hz,
                    target: None,
                    cycle_s: sweep.cycle_s(),
                }
            }
            JammerKind::Reactive(reaction) => {
                let hit = reaction.hit(coupling.burst_s, coupling.sensed_dbm);
                Attack {
                    time: hit,
                    airtime: hit * coupling.activity,
                    cycle_s: coupling.burst_s,
                    ..whole
                }
            }
            JammerKind::Deceptive { .. } => {
                let target = Channel::Ssb;
                let band = edges(layout, target, carrier);
                // Received powers are measured in the symbols of the SSB, in which it always sends.
                Attack { band, target: Some(target), within: 1.0, ..whole }
            }
            JammerKind::Selective { target, accuracy } => {
                let airtime = accuracy * layout.duty(target, carrier);
                let (band, target) = (edges(layout, target, carrier), Some(target));
                let cycle_s = carrier.numerology().slot_s();
                Attack { time: accuracy, airtime, band, moving: None, within: 1.0, target, cycle_s }
            }
        })
    }

    /// What is known of the jamming: `arrivals` as this emission gave them, signals in milliwatts at both ends. `None` if
    /// nothing has arrived.
    #[must_use]
    pub fn truth(
        &self,
        arrivals: &Arrivals,
        carrier: &Carrier,
        layout: &ChannelLayout,
        (device_signal_mw, base_signal_mw): (f64, f64),
    ) -> Option<JammingTruth> {
        let on: f64 = arrivals.iter().map(|arrival| arrival.airtime).sum();
        if on <= 0.0 {
            return None;
        }
        let mean = |power: fn(&Arrival) -> f64| {
            arrivals.iter().map(|arrival| arrival.airtime * power(arrival)).sum::<f64>() / on
        };
        let at_device = mean(|arrival| arrival.device_mw) / device_signal_mw;
        let at_base = mean(|arrival| arrival.base_mw) / base_signal_mw;
        // The end that the attacked channel is received at.
        let ratio = match arrivals.first()?.target {
            Some(Channel::Ssb | Channel::Pdcch | Channel::Pdsch) => at_device,
            Some(Channel::Pucch | Channel::Pusch | Channel::Prach) => at_base,
            Some(Channel::ReferenceSignals) | None => at_device.max(at_base),
        };
        let overlap = match (arrivals.first()?.target, self.jammer.kind) {
            (Some(target), _) => layout.bands(target, carrier).iter().map(|band| band.1 - band.0).sum(),
            // A sweep touches all of its range sooner or later.
            (None, JammerKind::Sweep { .. }) => carrier
                .overlap(self.jammer.centre_hz, self.jammer.bandwidth_hz)
                .map_or(0.0, |band| band.1 - band.0),
            (None, _) => arrivals.first()?.band.1 - arrivals.first()?.band.0,
        };
        Some(JammingTruth {
            kind: self.jammer.kind.name(),
            jam_to_signal_db: to_db(ratio),
            overlap,
            on: on.min(1.0),
        })
    }
}

/// From the lowest to the highest end of a channel's bands.
fn edges(layout: &ChannelLayout, channel: Channel, carrier: &Carrier) -> (f64, f64) {
    let bands = layout.bands(channel, carrier);
    let from = bands.iter().map(|band| band.0).fold(1.0, f64::min);
    (from, bands.iter().map(|band| band.1).fold(from, f64::max))
}

#[cfg(test)]
mod tests {
    use super::super::super::carrier::{Duplex, Numerology};
    use super::super::power::{ModulatedPower, Waveform};
    use super::super::time::{Durations, Reaction};
    use super::*;
    use crate::engine::RandomStreams;

    const JAMMER: Jammer =
        Jammer { kind: JammerKind::Constant, eirp_dbm: 30.0, centre_hz: 3.5e9, bandwidth_hz: 100e6 };
    const COUPLING: Coupling = Coupling {
        to_device_db: -100.0,
        to_base_db: -110.0,
        sensed_dbm: -70.0,
        burst_s: 5e-4,
        activity: 0.3,
    };

    fn carrier() -> Carrier {
        Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).expect("a carrier")
    }

    fn arrivals(jammer: Jammer, from_s: f64, to_s: f64) -> Arrivals {
        let mut random = RandomStreams::new(1).entity("jammer", 0);
        let mut state = jammer.state(&mut random);
        let emission = jammer.emit(&mut state, from_s, to_s, &mut random);
        emission.arrivals(&carrier(), &ChannelLayout::default(), &COUPLING)
    }

    /// By hand: 98.28 of 100 MHz are in the carrier; of a spot of 20 MHz all, at five times the density.
    #[test]
    fn powers_and_bands_are_those_of_hand_calculations() {
        let [wide] = arrivals(JAMMER, 0.0, 1.0)[..] else { panic!() };
        assert!((wide.device_mw / (0.9828 * 1e-7) - 1.0).abs() < 1e-9);
        assert!((wide.base_mw / (0.9828 * 1e-8) - 1.0).abs() < 1e-9);
        assert_eq!((wide.time, wide.airtime, wide.band, wide.target), (1.0, 1.0, (0.0, 1.0), None));
        let [spot] = arrivals(Jammer { bandwidth_hz: 20e6, ..JAMMER }, 0.0, 1.0)[..] else { panic!() };
        assert!((spot.device_mw / 1e-7 - 1.0).abs() < 1e-9);
        assert!((spot.band.1 - spot.band.0 - 20.0 / 98.28).abs() < 1e-12);
        assert!(
            arrivals(Jammer { centre_hz: 3.6e9, bandwidth_hz: 50e6, ..JAMMER }, 0.0, 1.0).is_empty()
        );
        // Pulses of 10 ms each 40 ms: from 0 to 50 ms two of them.
        let pulsed = Jammer { kind: JammerKind::Pulsed { period_s: 0.04, duty: 0.25 }, ..JAMMER };
        assert!((arrivals(pulsed, 0.0, 0.05)[0].time - 0.4).abs() < 1e-12);
        // 20 MHz sweep over 200 MHz around the carrier: lower edges from 3.43086 to 3.54914 of 3.4 to 3.58 GHz touch it.
        let sweep = JammerKind::Sweep { width_hz: 20e6, rate_hz_per_s: 180e6 };
        let [swept] = arrivals(Jammer { kind: sweep, bandwidth_hz: 200e6, ..JAMMER }, 0.0, 3.0)[..]
        else {
            panic!()
        };
        assert!((swept.time - 118.28 / 180.0).abs() < 1e-9, "{swept:?}");
        // On average it covers 98.28 x 20 / 118.28 MHz while it does.
        assert!(((swept.band.1 - swept.band.0) - 20.0 / 118.28).abs() < 1e-9, "{swept:?}");
        let reaction = Reaction { threshold_dbm: -80.0, sense_s: 1e-4, stay_s: 1.0, probability: 1.0 };
        let [reacted] =
            arrivals(Jammer { kind: JammerKind::Reactive(reaction), ..JAMMER }, 0.0, 1.0)[..]
        else {
            panic!()
        };
        assert!((reacted.time - 0.8).abs() < 1e-12 && (reacted.airtime - 0.24).abs() < 1e-12);
        let waveform = Waveform::Steps { period_s: 0.02, count: 2 };
        let power = ModulatedPower { least_dbm: 10.0, most_dbm: 30.0, waveform };
        let levels = arrivals(Jammer { kind: JammerKind::Modulated(power), ..JAMMER }, 0.0, 1.0);
        assert_eq!(levels.len(), 2);
        assert!((levels[1].device_mw / levels[0].device_mw - 100.0).abs() < 1e-6);
    }

    #[test]
    fn truth_tells_kind_ratio_overlap_and_time() {
        let kind = JammerKind::Selective { target: Channel::Pucch, accuracy: 0.5 };
        let jammer = Jammer { kind, ..JAMMER };
        let mut random = RandomStreams::new(1).entity("jammer", 0);
        let mut state = jammer.state(&mut random);
        let emission = jammer.emit(&mut state, 0.0, 1.0, &mut random).during(0.5);
        let (carrier, layout) = (carrier(), ChannelLayout::default());
        let found = emission.arrivals(&carrier, &layout, &COUPLING);
        let truth = emission.truth(&found, &carrier, &layout, (1e-6, 1e-9)).expect("it is there");
        assert_eq!(truth.kind, "selective");
        // -80 dBm at the base station against -90 dBm.
        assert!((truth.jam_to_signal_db - 10.0).abs() < 1e-9);
        assert!((truth.overlap - 4.0 / 273.0).abs() < 1e-12);
        assert!((truth.on - 0.25 / 7.0).abs() < 1e-12, "{truth:?}");
        assert_eq!(emission.truth(&Arrivals::new(), &carrier, &layout, (1.0, 1.0)), None);
    }

    /// What one jammer draws does not hang on who listens, and times that follow each other add up.
    #[test]
    fn random_jammers_have_their_share() {
        let kind =
            JammerKind::Random { mean_on_s: 0.5, mean_off_s: 1.5, durations: Durations::Exponential };
        let jammer = Jammer { kind, ..JAMMER };
        let mut random = RandomStreams::new(2).entity("jammer", 0);
        let mut state = jammer.state(&mut random);
        let mut on = 0.0;
        for second in 0..20_000 {
            let from_s = f64::from(second);
            let emission = jammer.emit(&mut state, from_s, from_s + 1.0, &mut random);
            let found = emission.arrivals(&carrier(), &ChannelLayout::default(), &COUPLING);
            on += found.iter().map(|arrival| arrival.airtime).sum::<f64>();
        }
        assert!((on / 20_000.0 - 0.25).abs() < 0.01, "{on}");
    }
}
