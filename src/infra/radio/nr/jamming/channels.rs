//! The physical channels of a cell: where they are on the carrier, and when they are lost.

use super::super::block_error::ErrorCurve;
use super::super::carrier::{Carrier, Direction, SYMBOLS_PER_SLOT};
use super::super::to_db;
use smallvec::SmallVec;

/// A physical channel, or signals, of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Synchronisation signals and broadcast channel, down: without it nobody attaches.
    Ssb,
    /// Control channel down, with the grants.
    Pdcch,
    /// Data down.
    Pdsch,
    /// Reference signals of the data, in both directions.
    ReferenceSignals,
    /// Control channel up, with acknowledgements and reports of the quality.
    Pucch,
    /// Data up.
    Pusch,
    /// Random access, up.
    Prach,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 7] = [
        Channel::Ssb,
        Channel::Pdcch,
        Channel::Pdsch,
        Channel::ReferenceSignals,
        Channel::Pucch,
        Channel::Pusch,
        Channel::Prach,
    ];

    /// Its name in scenarios and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Ssb => "ssb",
            Channel::Pdcch => "pdcch",
            Channel::Pdsch => "pdsch",
            Channel::ReferenceSignals => "dmrs",
            Channel::Pucch => "pucch",
            Channel::Pusch => "pusch",
            Channel::Prach => "prach",
        }
    }
}

/// Where the channels of a cell are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelLayout {
    /// Beams with an SSB of 20 resource blocks and 4 symbols each, 1 to 64.
    pub ssb_beams: u32,
    /// Seconds between two bursts of SSBs: 0.02.
    pub ssb_period_s: f64,
    /// Symbols of each downlink slot for the control channel, 1 to 3, over the whole carrier: 2.
    pub pdcch_symbols: u32,
    /// Resource blocks at each edge of the carrier for the uplink's control channel: 2.
    pub pucch_blocks: u32,
    /// Symbols of each uplink slot for it: 2.
    pub pucch_symbols: u32,
    /// Resource blocks of the random access channel, above those of the lower edge: 12.
    pub prach_blocks: u32,
    /// Seconds between two occasions of random access: 0.01.
    pub prach_period_s: f64,
    /// Seconds of an occasion: 0.001.
    pub prach_s: f64,
    /// Preambles of an occasion: 64.
    pub preambles: u32,
}

impl Default for ChannelLayout {
    fn default() -> Self {
        ChannelLayout {
            ssb_beams: 1,
            ssb_period_s: 0.02,
            pdcch_symbols: 2,
            pucch_blocks: 2,
            pucch_symbols: 2,
            prach_blocks: 12,
            prach_period_s: 0.01,
            prach_s: 0.001,
            preambles: 64,
        }
    }
}

/// Parts of a carrier as shares from its lower end.
pub type Bands = SmallVec<[(f64, f64); 2]>;

impl ChannelLayout {
    /// Where a channel is on a carrier, as shares of it.
    #[must_use]
    pub fn bands(&self, channel: Channel, carrier: &Carrier) -> Bands {
        let blocks = f64::from(carrier.resource_blocks());
        let share = |count: u32| (f64::from(count) / blocks).min(1.0);
        match channel {
            Channel::Pdcch | Channel::Pdsch | Channel::Pusch | Channel::ReferenceSignals => {
                SmallVec::from_slice(&[(0.0, 1.0)])
            }
            Channel::Ssb => {
                let half = 0.5 * share(20);
                SmallVec::from_slice(&[(0.5 - half, 0.5 + half)])
            }
            Channel::Pucch => {
                let edge = share(self.pucch_blocks).min(0.5);
                SmallVec::from_slice(&[(0.0, edge), (1.0 - edge, 1.0)])
            }
            Channel::Prach => {
                let from = share(self.pucch_blocks);
                SmallVec::from_slice(&[(from, (from + share(self.prach_blocks)).min(1.0))])
            }
        }
    }

    /// Share of the time in which a channel is on air: what a jammer of it sends.
    ///
    /// ```
    /// use stratosim::infra::nr::{Carrier, Channel, ChannelLayout, Duplex, Numerology};
    /// let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).unwrap();
    /// // Four of 560 symbols in 20 ms, and two of 14.
    /// let layout = ChannelLayout::default();
    /// assert!((layout.duty(Channel::Ssb, &carrier) - 4.0 / 560.0).abs() < 1e-12);
    /// assert!((layout.duty(Channel::Pdcch, &carrier) - 2.0 / 14.0).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn duty(&self, channel: Channel, carrier: &Carrier) -> f64 {
        let slot = f64::from(SYMBOLS_PER_SLOT);
        let symbols_per_s = slot * carrier.numerology().slots_per_s();
        let (down, up) = (carrier.share(Direction::Downlink), carrier.share(Direction::Uplink));
        let duty = match channel {
            Channel::Ssb => 4.0 * f64::from(self.ssb_beams) / (self.ssb_period_s * symbols_per_s),
            Channel::Pdcch => down * f64::from(self.pdcch_symbols) / slot,
            Channel::Pdsch => down * (1.0 - f64::from(self.pdcch_symbols) / slot),
            Channel::ReferenceSignals => (down + up).min(1.0) / slot,
            Channel::Pucch => up * f64::from(self.pucch_symbols) / slot,
            Channel::Pusch => up,
            Channel::Prach => self.prach_s / self.prach_period_s,
        };
        duty.min(1.0)
    }

    /// Probability that the preamble of a device collides with one of a jammer that sends so many a second:
    /// 1 - (1 - 1/64)^n, n being those of an occasion.
    ///
    /// ```
    /// use stratosim::infra::nr::ChannelLayout;
    /// // 6400 a second are 64 an occasion: 1 - (63/64)^64.
    /// assert!((ChannelLayout::default().preamble_collision(6400.0) - 0.635).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn preamble_collision(&self, false_preambles_per_s: f64) -> f64 {
        let of_occasion = false_preambles_per_s.max(0.0) * self.prach_period_s;
        let missed = 1.0 - 1.0 / f64::from(self.preambles.max(2));
        1.0 - missed.powf(of_occasion)
    }
}

/// When control channels are lost, by their SINR.
///
/// The thresholds of a tenth of losses follow from payload and resources by the rule of code blocks: 10 lg(2^efficiency - 1)
/// and 1.89 dB, the gap of short QPSK blocks. Standards give requirements for some configurations only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControlCurves {
    /// Broadcast channel: 56 bits on 432 resource elements.
    pub ssb: ErrorCurve,
    /// Grants: 64 bits at aggregation level 8, 432 resource elements. Its threshold, -7.8 dB, is where a link counts as out
    /// of sync.
    pub pdcch: ErrorCurve,
    /// Acknowledgements and reports: 12 bits on 32 resource elements.
    pub pucch: ErrorCurve,
    /// Preambles: of 139 samples, which gain 21.4 dB, found at 8 dB.
    pub prach: ErrorCurve,
}

impl Default for ControlCurves {
    fn default() -> Self {
        let short = |bits: f64, elements: f64| {
            ErrorCurve::at_tenth(to_db((bits / elements).exp2() - 1.0) + 1.89, SLOPE_PER_DB)
        };
        ControlCurves {
            ssb: short(56.0, 432.0),
            pdcch: short(64.0, 432.0),
            pucch: short(12.0, 32.0),
            prach: ErrorCurve::at_tenth(8.0 - to_db(139.0), SLOPE_PER_DB),
        }
    }
}

/// Slope of blocks of 100 bits of QPSK (Sionna's curves).
const SLOPE_PER_DB: f64 = 2.4;

impl ControlCurves {
    /// The curve of a channel, `None` for those that carry data.
    #[must_use]
    pub fn of(&self, channel: Channel) -> Option<&ErrorCurve> {
        match channel {
            Channel::Ssb => Some(&self.ssb),
            Channel::Pdcch => Some(&self.pdcch),
            Channel::Pucch => Some(&self.pucch),
            Channel::Prach => Some(&self.prach),
            Channel::Pdsch | Channel::Pusch | Channel::ReferenceSignals => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::carrier::{Duplex, Numerology, TddPattern};
    use super::*;

    /// By hand: 10 lg(2^(56/432) - 1) + 1.89 = -8.35, and so on.
    #[test]
    fn thresholds_are_those_of_hand_calculations() {
        let curves = ControlCurves::default();
        let found = [Channel::Ssb, Channel::Pdcch, Channel::Pucch, Channel::Prach]
            .map(|channel| curves.of(channel).expect("a curve").threshold_db());
        for (found_db, expected_db) in found.into_iter().zip([-8.38, -7.77, -3.39, -13.43]) {
            assert!((found_db - expected_db).abs() < 0.02, "{found_db} {expected_db}");
        }
    }

    /// 273 blocks: an SSB in the middle 20, control at the outer 2 of each side, preambles in 12.
    #[test]
    fn channels_have_their_places() {
        let duplex = Duplex::Time(TddPattern::DDDSU);
        let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, duplex).expect("a carrier");
        let layout = ChannelLayout::default();
        let width = |channel| {
            let bands = layout.bands(channel, &carrier);
            273.0 * bands.iter().map(|band| band.1 - band.0).sum::<f64>()
        };
        let widths = Channel::ALL.map(|channel| width(channel).round());
        assert_eq!(widths, [20.0, 273.0, 273.0, 273.0, 4.0, 273.0, 12.0]);
        let duty = |channel| layout.duty(channel, &carrier);
        assert!((duty(Channel::Pusch) - 16.0 / 70.0).abs() < 1e-12);
        assert!((duty(Channel::Pucch) - 16.0 / 70.0 / 7.0).abs() < 1e-12);
        assert!(Channel::ALL.iter().all(|channel| (0.0..=1.0).contains(&duty(*channel))));
    }
}
