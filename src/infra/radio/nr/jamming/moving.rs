//! Where a sweeping jammer is, for channels that have a part of the carrier only.

use super::super::carrier::Carrier;
use super::channels::Bands;
use super::time::Sweep;
use smallvec::SmallVec;

/// A sweep over some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moving {
    /// The band that moves.
    pub(super) sweep: Sweep,
    pub(super) from_s: f64,
    pub(super) to_s: f64,
}

/// Parts of a channel that a sweep touches at the same time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placement {
    /// Share of the time in which the sweep is on the carrier at all.
    pub(super) time: f64,
    /// As shares of the carrier; none while it is elsewhere.
    pub(super) touched: Bands,
}

impl Moving {
    /// Where a sweep is with regard to a channel that has these bands of a carrier, as far as it is on the carrier: a band
    /// is touched while the lower edge of the sweep lies between its lower end less the width of the sweep and its upper
    /// end. Entering and leaving count by their middle, at which as much is touched as on average.
    pub(super) fn placements(&self, carrier: &Carrier, bands: &Bands) -> SmallVec<[Placement; 4]> {
        let Moving { sweep, from_s, to_s } = *self;
        let occupied_hz = carrier.occupied_hz();
        let low_hz = carrier.centre_hz() - 0.5 * occupied_hz;
        let on = sweep.share_at(low_hz - sweep.band_hz, low_hz + occupied_hz, from_s, to_s);
        let mut placements = SmallVec::new();
        let mut elsewhere = 1.0;
        let mut corners: SmallVec<[f64; 8]> = SmallVec::new();
        for band in bands {
            for end in [band.0, band.1] {
                let end_hz = low_hz + end * occupied_hz;
                corners.extend([end_hz - sweep.band_hz, end_hz]);
            }
        }
        let last_hz = sweep.to_hz - sweep.band_hz;
        corners.iter_mut().for_each(|corner| *corner = corner.clamp(sweep.from_hz, last_hz));
        corners.sort_unstable_by(f64::total_cmp);
        for pair in corners.windows(2) {
            let &[start_hz, end_hz] = pair else { continue };
            let time = sweep.share_at(start_hz, end_hz, from_s, to_s) / on;
            // Neither if it is never on the carrier.
            if !(time > 0.0 && time.is_finite()) {
                continue;
            }
            let place = (0.5 * (start_hz + end_hz) - low_hz) / occupied_hz;
            let until = place + sweep.band_hz / occupied_hz;
            let parts = bands.iter().map(|&(from, to)| (from.max(place), to.min(until)));
            let touched: Bands = parts.filter(|part| part.1 > part.0).collect();
            if !touched.is_empty() {
                elsewhere -= time;
                placements.push(Placement { time, touched });
            }
        }
        placements.push(Placement { time: f64::max(elsewhere, 0.0), touched: Bands::new() });
        placements
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::carrier::{Duplex, Numerology};
    use super::super::channels::{Channel, ChannelLayout};
    use super::*;

    /// 5 MHz over 98.28 MHz and 10 MHz beside it at each side: 103.28 MHz of its ways touch the carrier, 5 MHz and the width of the
    /// channel touch a channel, wherever that is.
    #[test]
    fn channels_are_touched_for_their_share_of_the_time() {
        let carrier =
            Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).expect("a carrier");
        let layout = ChannelLayout::default();
        let half_hz = 0.5 * carrier.occupied_hz() + 10e6;
        let (from_hz, to_hz) = (3.5e9 - half_hz, 3.5e9 + half_hz);
        let sweep = Sweep { from_hz, to_hz, band_hz: 5e6, rate_hz_per_s: 1e9 };
        let moving = Moving { sweep, from_s: 0.0, to_s: 100.0 * sweep.cycle_s() };
        let blocks_hz = |count: f64| count * 360e3;
        for (channel, width_hz) in [(Channel::Ssb, blocks_hz(20.0)), (Channel::Prach, blocks_hz(12.0))] {
            let found = moving.placements(&carrier, &layout.bands(channel, &carrier));
            let touched: f64 =
                found.iter().filter(|one| !one.touched.is_empty()).map(|one| one.time).sum();
            assert!((touched - (5e6 + width_hz) / 103.28e6).abs() < 1e-9, "{channel:?} {found:?}");
            assert!((found.iter().map(|one| one.time).sum::<f64>() - 1.0).abs() < 1e-12);
        }
        // Both edges alike.
        let found = moving.placements(&carrier, &layout.bands(Channel::Pucch, &carrier));
        let touches = |is_low: bool| -> f64 {
            let is_there = |one: &&Placement| one.touched.iter().any(|part| (part.0 < 0.5) == is_low);
            found.iter().filter(is_there).map(|one| one.time).sum()
        };
        let expected = (5e6 + blocks_hz(2.0)) / 103.28e6;
        assert!((touches(true) - expected).abs() < 1e-9 && (touches(false) - expected).abs() < 1e-9);
        // A sweep of the whole carrier touches all at once: for a part of the time both edges.
        let wide = Moving { sweep: Sweep { band_hz: 100e6, ..sweep }, ..moving };
        let found = wide.placements(&carrier, &layout.bands(Channel::Pucch, &carrier));
        assert!(found.iter().any(|one| one.touched.len() == 2 && one.time > 0.05), "{found:?}");
    }
}
