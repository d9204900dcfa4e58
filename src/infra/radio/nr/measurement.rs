//! Noise, and what devices and base stations measure of signals.

use super::carrier::{Carrier, SUBCARRIERS_PER_BLOCK};
use super::decibel::{from_db, to_db};

/// Power of thermal noise in dBm in a hertz, at about 290 K.
pub const THERMAL_NOISE_DBM_PER_HZ: f64 = -174.0;
/// Usual noise figure of devices in dB (5G-LENA has 5, calibrations of TR 38.901 9).
pub const DEVICE_NOISE_FIGURE_DB: f64 = 7.0;
/// Usual noise figure of base stations in dB.
pub const BASE_NOISE_FIGURE_DB: f64 = 5.0;

/// Noise in dBm over a bandwidth in hertz at a receiver with this noise figure in dB.
///
/// ```
/// use stratosim::infra::nr::noise_dbm;
/// assert!((noise_dbm(98.28e6, 7.0) + 87.075_349).abs() < 1e-6);
/// ```
#[must_use]
pub fn noise_dbm(bandwidth_hz: f64, noise_figure_db: f64) -> f64 {
    THERMAL_NOISE_DBM_PER_HZ + to_db(bandwidth_hz) + noise_figure_db
}

/// What arrives at a receiver over all of a carrier's resource blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReceivedPowers {
    /// Own cell in milliwatts, if all its resource elements were sent.
    pub signal_mw: f64,
    /// Share of the own cell's resource elements that are sent, 0 to 1.
    pub load: f64,
    /// Other cells in milliwatts, each times its load.
    pub interference_mw: f64,
    /// Jammers in milliwatts, mean of the period.
    pub jamming_mw: f64,
    /// Noise in milliwatts.
    pub noise_mw: f64,
}

/// What is measured of a cell (TS 38.215).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// Reference signal received power: mean power of a resource element of the cell's reference signals in dBm. Neither
    /// interference nor noise nor jamming is in it.
    pub rsrp_dbm: f64,
    /// Received signal strength: all power in all resource blocks, in dBm.
    pub rssi_dbm: f64,
    /// Reference signal received quality in dB: number of resource blocks x RSRP / RSSI.
    pub rsrq_db: f64,
    /// Signal to interference and noise in dB on the reference signals.
    pub sinr_db: f64,
}

impl ReceivedPowers {
    /// What a receiver measures of them.
    ///
    /// ```
    /// use stratosim::infra::nr::{Carrier, Duplex, Numerology, ReceivedPowers};
    /// let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).unwrap();
    /// // A cell alone that sends everything: 12 resource elements a block.
    /// let alone = ReceivedPowers {
    ///     signal_mw: 1e-6, load: 1.0, interference_mw: 0.0, jamming_mw: 0.0, noise_mw: 0.0,
    /// };
    /// assert!((alone.measure(&carrier).rsrq_db + 10.791_812).abs() < 1e-6);
    /// ```
    #[must_use]
    pub fn measure(&self, carrier: &Carrier) -> Measurement {
        let element_mw = self.signal_mw / f64::from(carrier.subcarriers());
        let other_mw = self.interference_mw + self.jamming_mw + self.noise_mw;
        let total_mw = self.load * self.signal_mw + other_mw;
        Measurement {
            rsrp_dbm: to_db(element_mw),
            rssi_dbm: to_db(total_mw),
            rsrq_db: to_db(f64::from(carrier.resource_blocks()) * element_mw / total_mw),
            sinr_db: to_db(self.signal_mw / other_mw),
        }
    }
}

/// Reference signal received power in dBm of a cell of which so many dBm arrive over all its resource blocks.
///
/// ```
/// use stratosim::infra::nr::rsrp_dbm;
/// assert!((rsrp_dbm(-63.228_841, 273) + 98.382_280).abs() < 1e-6);
/// ```
#[must_use]
pub fn rsrp_dbm(received_dbm: f64, resource_blocks: u32) -> f64 {
    received_dbm - to_db(f64::from(SUBCARRIERS_PER_BLOCK) * f64::from(resource_blocks))
}

impl Measurement {
    /// As devices report it (TS 38.133, 10.1): RSRP in steps of 1 dB within -156 to -31 dBm, RSRQ in steps of 0.5 dB
    /// within -43 to 20 dB, SINR in steps of 0.5 dB within -23 to 40 dB; RSSI in steps of 1 dB within -100 to -25 dBm.
    #[must_use]
    pub fn reported(&self) -> Measurement {
        let step = |value: f64, step: f64, least: f64, most: f64| {
            ((value / step).floor() * step).clamp(least, most)
        };
        Measurement {
            rsrp_dbm: step(self.rsrp_dbm, 1.0, -156.0, -31.0),
            rssi_dbm: step(self.rssi_dbm, 1.0, -100.0, -25.0),
            rsrq_db: step(self.rsrq_db, 0.5, -43.0, 20.0),
            sinr_db: step(self.sinr_db, 0.5, -23.0, 40.0),
        }
    }
}

/// The filter of layer 3 for measurements (TS 38.331, 5.5.3.2): F <- (1 - a) F + a M, a = 2^(-k/4), in dB.
///
/// ```
/// use stratosim::infra::nr::MeasurementFilter;
/// let mut filter = MeasurementFilter::new(4);
/// assert_eq!(filter.add(-90.0), -90.0);
/// assert_eq!(filter.add(-80.0), -85.0);
/// assert_eq!(filter.add(-80.0), -82.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasurementFilter {
    weight: f64,
    value: Option<f64>,
}

impl MeasurementFilter {
    /// A filter with coefficient k: 0 (no filter) to 19; 4 is the default of the standard.
    #[must_use]
    pub fn new(coefficient: u32) -> Self {
        MeasurementFilter { weight: (-f64::from(coefficient.min(19)) / 4.0).exp2(), value: None }
    }

    /// The same for measurements so many seconds apart: the standard's coefficient is meant for 0.2 s, so that
    /// a = 1 - (1 - 2^(-k/4))^(seconds / 0.2).
    ///
    /// ```
    /// use stratosim::infra::nr::MeasurementFilter;
    /// // Twice 0.2 s: of what was there before a quarter is left.
    /// let mut filter = MeasurementFilter::for_period(4, 0.4);
    /// filter.add(-90.0);
    /// assert!((filter.add(-80.0) + 82.5).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn for_period(coefficient: u32, period_s: f64) -> Self {
        let weight = MeasurementFilter::new(coefficient).weight;
        MeasurementFilter { weight: 1.0 - (1.0 - weight).powf(period_s.max(0.0) / 0.2), value: None }
    }

    /// Weight of a new measurement, 0 to 1.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Takes a measurement, and gives the filtered one; the first is itself.
    pub fn add(&mut self, measured: f64) -> f64 {
        let value = self.value.map_or(measured, |value| value + self.weight * (measured - value));
        self.value = Some(value);
        value
    }

    /// The filtered value; `None` before the first.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.value
    }

    /// Forgets everything, as after a handover.
    pub fn reset(&mut self) {
        self.value = None;
    }
}

/// Milliwatts of a power in dBm.
#[must_use]
pub fn mw_from_dbm(dbm: f64) -> f64 {
    from_db(dbm)
}

/// dBm of a power in milliwatts; none is minus infinity.
#[must_use]
pub fn dbm_from_mw(mw: f64) -> f64 {
    to_db(mw)
}

#[cfg(test)]
mod tests {
    use super::super::carrier::{Duplex, Numerology};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reports_come_in_steps_within_their_range() {
        let seen = Measurement { rsrp_dbm: -98.38, rssi_dbm: -60.2, rsrq_db: -10.79, sinr_db: 16.222 };
        let reported = Measurement { rsrp_dbm: -99.0, rssi_dbm: -61.0, rsrq_db: -11.0, sinr_db: 16.0 };
        assert_eq!(seen.reported(), reported);
        let none = Measurement { rsrp_dbm: f64::NEG_INFINITY, sinr_db: 55.0, ..seen };
        assert_eq!((none.reported().rsrp_dbm, none.reported().sinr_db), (-156.0, 40.0));
    }

    proptest! {
        /// The signature of jamming: RSRP flat, RSSI up, RSRQ and SINR down.
        #[test]
        fn jamming_shows_in_all_but_the_reference_power(
            signal_dbm in -120.0..-40.0_f64,
            load in 0.0..1.0_f64,
            interference_dbm in -120.0..-60.0_f64,
            jamming_dbm in -110.0..-30.0_f64,
            more_db in 0.5..30.0_f64,
        ) {
            let carrier = Carrier::new(3.5e9, 40e6, Numerology::Khz30, Duplex::Frequency).expect("a carrier");
            let at = |jamming_mw| {
                let powers = ReceivedPowers {
                    signal_mw: mw_from_dbm(signal_dbm),
                    load,
                    interference_mw: mw_from_dbm(interference_dbm),
                    jamming_mw,
                    noise_mw: mw_from_dbm(noise_dbm(carrier.occupied_hz(), 7.0)),
                };
                powers.measure(&carrier)
            };
            let (clear, jammed) = (at(mw_from_dbm(jamming_dbm)), at(mw_from_dbm(jamming_dbm + more_db)));
            prop_assert_eq!(clear.rsrp_dbm, jammed.rsrp_dbm);
            prop_assert!(clear.rssi_dbm < jammed.rssi_dbm);
            prop_assert!(clear.rsrq_db > jammed.rsrq_db);
            prop_assert!(clear.sinr_db > jammed.sinr_db);
        }
    }
}
