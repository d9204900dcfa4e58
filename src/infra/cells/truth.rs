//! What is known of the jamming of a device: labels for detectors.

use super::super::ids::JammerId;
use super::super::nr::{Arrivals, Carrier, Channel, ChannelLayout, Emission, End, from_db};

/// By how many decibels a jammer must raise noise and interference for a device to count as jammed.
const JAMMED_DB: f64 = 1.0;

/// The jamming of a device in a period, by the strongest jammer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    /// Whether it counts as jammed: some jammer raises noise and interference by 1 dB or more at an end that receives a channel
    /// that it attacks, in its band and while it is on.
    pub jammed: bool,
    /// The strongest by J/S, of those that jam if there are any.
    pub jammer: JammerId,
    /// Name of its kind.
    pub kind: &'static str,
    /// Power of the jammer over that of the signal in dB, at the end that suffers more.
    pub jam_to_signal_db: f64,
    /// Share of the carrier that it touches, 0 to 1.
    pub overlap: f64,
    /// Share of the period in which it is on, 0 to 1.
    pub on: f64,
}

impl Truth {
    /// What is known of the jamming of a device: `felt` are jammers, what they send and what arrives of it in a period. `None`
    /// if nothing does.
    pub(super) fn of<'a>(
        felt: impl Iterator<Item = (JammerId, &'a Emission, &'a Arrivals)>,
        carrier: &Carrier,
        layout: &ChannelLayout,
        device: &End,
        base: &End,
    ) -> Option<Truth> {
        let mut strongest: Option<Truth> = None;
        for (jammer, emission, arrivals) in felt {
            let signals = (device.signal_mw, base.signal_mw);
            let Some(known) = emission.truth(arrivals, carrier, layout, signals) else { continue };
            let truth = Truth {
                jammed: raises_noise(arrivals, carrier, layout, device, base),
                jammer,
                kind: known.kind,
                jam_to_signal_db: known.jam_to_signal_db,
                overlap: known.overlap,
                on: known.on,
            };
            let rank = |truth: &Truth| (truth.jammed, truth.jam_to_signal_db);
            if strongest.as_ref().is_none_or(|other| rank(&truth) > rank(other)) {
                strongest = Some(truth);
            }
        }
        strongest
    }
}

/// Whether a jammer raises noise and interference by [`JAMMED_DB`] where it sends, at an end that receives what it attacks.
fn raises_noise(
    arrivals: &Arrivals,
    carrier: &Carrier,
    layout: &ChannelLayout,
    device: &End,
    base: &End,
) -> bool {
    let Some(first) = arrivals.first() else { return false };
    let on: f64 = arrivals.iter().map(|arrival| arrival.airtime).sum();
    if on <= 0.0 {
        return false;
    }
    let (at_device, at_base) = match first.target {
        Some(Channel::Ssb | Channel::Pdcch | Channel::Pdsch) => (true, false),
        Some(Channel::Pucch | Channel::Pusch | Channel::Prach) => (false, true),
        Some(Channel::ReferenceSignals) | None => (true, true),
    };
    let width: f64 = match first.target {
        Some(channel) => layout.bands(channel, carrier).iter().map(|band| band.1 - band.0).sum(),
        None => first.band.1 - first.band.0,
    };
    let least = from_db(JAMMED_DB) - 1.0;
    let mean_mw = |mw: f64| mw / on;
    let device_mw = mean_mw(arrivals.iter().map(|one| one.airtime * one.device_mw).sum());
    let base_mw = mean_mw(arrivals.iter().map(|one| one.airtime * one.base_mw).sum());
    let suffers =
        |jamming_mw: f64, end: &End| jamming_mw >= least * width * (end.noise_mw + end.interference_mw);
    (at_device && suffers(device_mw, device)) || (at_base && suffers(base_mw, base))
}

#[cfg(test)]
mod tests {
    use super::super::super::geometry::Position;
    use super::super::super::ids::NodeId;
    use super::super::super::nr::{
        Duplex, FreeSpace, Jammer, JammerKind, Numerology, dbm_from_mw, mw_from_dbm,
    };
    use super::super::jammers::{Felt, Jammers, Victim};
    use super::super::report::Cell;
    use super::super::spec::{CarrierSpec, CellularSpec, JammerPlace, PlacedJammer, SectorSpec};
    use super::*;
    use crate::engine::{RandomStreams, SimTime};
    use std::sync::Arc;

    const CENTRE_HZ: f64 = 3.5e9;

    fn carrier() -> Carrier {
        Carrier::new(CENTRE_HZ, 100e6, Numerology::Khz30, Duplex::Frequency).expect("a carrier")
    }

    fn jammer(kind: JammerKind, eirp_dbm: f64, bandwidth_hz: f64, on_s: f64) -> PlacedJammer {
        PlacedJammer {
            name: "jammer".into(),
            jammer: Jammer { kind, eirp_dbm, centre_hz: CENTRE_HZ, bandwidth_hz },
            place: JammerPlace::At(Position { z_m: 1.5, ..Position::default() }),
            windows: Some(vec![(SimTime::ZERO, SimTime::from_secs(on_s))]),
        }
    }

    /// The truth of the first second at a device and a gNB with 10 dB of gain, each 100 m from the jammers in free space,
    /// with a signal of -80 dBm, noise and interference of -90 dBm each over the carrier.
    fn truth_of(jammers: &[PlacedJammer]) -> Option<Truth> {
        let mut spec = CellularSpec::new(vec![CarrierSpec::new("n78", carrier())]);
        (spec.path_loss, spec.jammers) = (Arc::new(FreeSpace), jammers.to_vec());
        let mut jammers = Jammers::new(&spec, 1, 1, RandomStreams::new(1));
        jammers.begin(SimTime::ZERO, SimTime::from_secs(1.0), &|_| None);
        let east = Position { x_m: 100.0, y_m: 0.0, z_m: 1.5 };
        let cell =
            Cell { site: NodeId(0), gnb: 0, sector: 0, carrier: 0, name: "gnb".into(), is_up: true };
        let victim = Victim {
            number: 0,
            cell: &cell,
            sector: &SectorSpec::OMNI,
            carrier: &spec.carriers[0].carrier,
            device: east,
            device_gain_db: 0.0,
            base: east,
            base_gain_db: 10.0,
            base_dbm: 44.0,
            device_dbm: 23.0,
            activity: 1.0,
        };
        let mut felt = Felt::default();
        jammers.strike(&spec, &victim, &mut felt);
        let noise_mw = mw_from_dbm(-90.0);
        let end = End { signal_mw: mw_from_dbm(-80.0), noise_mw, interference_mw: noise_mw };
        jammers.truth(&spec, &victim, &felt, &end, &end)
    }

    /// Loss over 100 m of free space at 3.5 GHz.
    fn loss_db() -> f64 {
        20.0 * (4.0 * std::f64::consts::PI * CENTRE_HZ * 100.0 / 299_792_458.0).log10()
    }

    /// Power in dBm that raises -87 dBm of noise and interference by 1 dB at the device, if it is spread over the carrier:
    /// 10 lg(10^0.1 - 1) = -5.868 dB more. The gNB is more sensitive by 10 dB.
    fn limit_dbm() -> f64 {
        dbm_from_mw(2.0 * mw_from_dbm(-90.0)) - 5.868_25 + loss_db()
    }

    fn selective(target: Channel) -> JammerKind {
        JammerKind::Selective { target, accuracy: 1.0 }
    }

    #[test]
    fn a_decibel_more_of_noise_is_jammed() {
        let occupied_hz = carrier().occupied_hz();
        let jammed = |kind, above_db: f64| {
            let own = jammer(kind, limit_dbm() + above_db, occupied_hz, 1.0);
            truth_of(&[own]).expect("it arrives").jammed
        };
        let limits = [
            (selective(Channel::Pdcch), 0.0),
            (selective(Channel::Pusch), -10.0),
            (selective(Channel::ReferenceSignals), -10.0),
            (JammerKind::Constant, -10.0),
            // Four of 273 blocks for the same power.
            (selective(Channel::Pucch), -10.0 + 10.0 * (4.0_f64 / 273.0).log10()),
            (selective(Channel::Ssb), 10.0 * (20.0_f64 / 273.0).log10()),
        ];
        for (kind, limit_db) in limits {
            assert!(jammed(kind, limit_db + 0.001), "{kind:?}");
            assert!(!jammed(kind, limit_db - 0.001), "{kind:?}");
        }
        // On half of the carrier half the power does.
        for (above_db, expected) in [(0.001, true), (-0.001, false)] {
            let eirp_dbm = limit_dbm() - 10.0 - 3.010_3 + above_db;
            let half = jammer(JammerKind::Constant, eirp_dbm, 0.5 * occupied_hz, 1.0);
            assert_eq!(truth_of(&[half]).map(|truth| truth.jammed), Some(expected));
        }
    }

    #[test]
    fn half_a_second_of_a_period_is_half_of_it() {
        let own = jammer(JammerKind::Constant, 30.0, 0.2 * carrier().occupied_hz(), 0.5);
        let truth = truth_of(&[own]).expect("it arrives");
        assert!((truth.on - 0.5).abs() < 1e-12 && (truth.overlap - 0.2).abs() < 1e-12);
        // 30 dBm and 10 dB of gain at the gNB, against -80 dBm.
        assert!((truth.jam_to_signal_db - (120.0 - loss_db())).abs() < 1e-9);
        assert_eq!((truth.kind, truth.jammer), ("constant", JammerId(0)));
        assert_eq!(truth_of(&[jammer(JammerKind::Constant, 30.0, 1e6, 0.0)]), None);
    }

    /// A jammer that is too weak for its channel does not hide another one that jams, though that is weaker.
    #[test]
    fn the_strongest_of_those_that_jam_is_named() {
        let occupied_hz = carrier().occupied_hz();
        let constant = |eirp_dbm| jammer(JammerKind::Constant, eirp_dbm, occupied_hz, 1.0);
        let both = truth_of(&[constant(0.0), constant(10.0)]).expect("both arrive");
        assert_eq!((both.jammer, both.jammed), (JammerId(1), true));
        let quiet = jammer(selective(Channel::Pdcch), limit_dbm() - 0.1, occupied_hz, 1.0);
        let narrow_db = 10.0 * (4.0_f64 / 273.0).log10();
        let pucch = selective(Channel::Pucch);
        let weak = jammer(pucch, limit_dbm() - 10.0 + narrow_db + 0.1, occupied_hz, 1.0);
        let found = truth_of(&[quiet.clone(), weak]).expect("both arrive");
        assert_eq!((found.jammer, found.jammed), (JammerId(1), true));
        let alone = truth_of(&[quiet]).expect("it arrives");
        assert!(!alone.jammed && alone.jam_to_signal_db > found.jam_to_signal_db);
    }
}
