//! What WiFi networks, access points and stations are made of.

use super::choice::{LinkChoice, Prefer};
use super::{Adaptation, ErrorModel, Phy, WifiError, check};
use crate::engine::SimDuration;
use crate::infra::nr::{LogDistance, PathLoss, Shadowing};
use std::sync::Arc;

/// What all WiFi of a world has in common.
#[derive(Clone, Debug)]
pub struct WifiSpec {
    /// Time between two measurements, above 0, for which links hold.
    pub period: SimDuration,
    /// Carrier in hertz, above 0, for the path loss.
    pub carrier_hz: f64,
    /// How signals spread: the mean loss, neither shadowing nor fading.
    pub path_loss: Arc<dyn PathLoss>,
    /// How frames are lost.
    pub errors: ErrorModel,
    /// How senders choose their modes.
    pub adaptation: Adaptation,
    /// How much stronger another access point must be in dB before a station leaves its own, 0 to 60.
    pub hysteresis_db: f64,
    /// How long a station that goes from one access point to another sends nothing; shorter than the period.
    pub interruption: SimDuration,
    /// Power in dBm from which on two access points of a channel hear each other, so that they and their stations take turns.
    pub carrier_sense_dbm: f64,
    /// Which of its radios a device uses.
    pub choice: Arc<dyn LinkChoice>,
}

impl Default for WifiSpec {
    /// ns-3's: log-distance with exponent 3 and 46.6777 dB at 1 m, carrier sense from -82 dBm on. Cells before WiFi.
    fn default() -> Self {
        WifiSpec {
            period: SimDuration::from_secs(1.0),
            carrier_hz: 5.18e9,
            path_loss: Arc::new(LogDistance {
                exponent: 3.0,
                reference_m: 1.0,
                reference_db: 46.677_7,
                shadowing: Shadowing::NONE,
            }),
            errors: ErrorModel::default(),
            adaptation: Adaptation::default(),
            hysteresis_db: 5.0,
            interruption: SimDuration::from_secs(0.05),
            carrier_sense_dbm: -82.0,
            choice: Arc::new(Prefer::cells_first()),
        }
    }
}

impl WifiSpec {
    pub(super) fn check(&self) -> Result<(), WifiError> {
        let period_s = self.period.as_secs();
        check(period_s >= 1e-3, "period", period_s, "1 ms or more")?;
        check(self.carrier_hz > 0.0, "carrier_hz", self.carrier_hz, "above 0")?;
        let db = self.hysteresis_db;
        check((0.0..=60.0).contains(&db), "hysteresis_db", db, "0 to 60")?;
        let interruption_s = self.interruption.as_secs();
        check(interruption_s < period_s, "interruption", interruption_s, "shorter than the period")?;
        let dbm = self.carrier_sense_dbm;
        check((-120.0..=0.0).contains(&dbm), "carrier_sense_dbm", dbm, "-120 to 0")
    }
}

/// What makes an access point one whose WiFi is modelled. Power and gain of its antenna are those of the access point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WifiPointSpec {
    /// What it sends and receives.
    pub phy: Phy,
    /// Number of its channel: those of the same number hear each other.
    pub channel: u16,
    /// Noise figure of its receiver in dB, 0 to 30.
    pub noise_figure_db: f64,
    /// Metres of its antenna above its place, 0 to 1000.
    pub antenna_m: f64,
}

impl WifiPointSpec {
    /// One with a noise figure of 7 dB and an antenna at 1.5 m.
    #[must_use]
    pub fn new(phy: Phy, channel: u16) -> Self {
        WifiPointSpec { phy, channel, noise_figure_db: 7.0, antenna_m: 1.5 }
    }

    pub(super) fn check(&self) -> Result<(), WifiError> {
        check_receiver(self.noise_figure_db, self.antenna_m)
    }
}

fn check_receiver(noise_figure_db: f64, antenna_m: f64) -> Result<(), WifiError> {
    let db = noise_figure_db;
    check((0.0..=30.0).contains(&db), "noise_figure_db", db, "0 to 30")?;
    check((0.0..=1000.0).contains(&antenna_m), "antenna_m", antenna_m, "0 to 1000")
}

/// What the radio of a station draws, in watts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadioPower {
    /// While it listens.
    pub idle_w: f64,
    /// While it sends.
    pub transmit_w: f64,
    /// While it receives what is for it.
    pub receive_w: f64,
    /// While it is not associated.
    pub sleep_w: f64,
}

/// The WiFi interface of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WifiRadioSpec {
    /// Transmit power in dBm, -50 to 50.
    pub transmit_dbm: f64,
    /// Gain of the antenna in dB, -50 to 50.
    pub antenna_gain_db: f64,
    /// Noise figure of the receiver in dB, 0 to 30.
    pub noise_figure_db: f64,
    /// Metres of the antenna above the place of the device, 0 to 1000.
    pub antenna_m: f64,
    /// Spatial streams at most, 1 to 4.
    pub streams: u32,
    /// What it draws beside the interface, if that is accounted for.
    pub power: Option<RadioPower>,
}

impl Default for WifiRadioSpec {
    /// 16.0206 dBm, which are 40 mW, no gain, 7 dB of noise figure, an antenna at 1.5 m, as many streams as there are.
    fn default() -> Self {
        WifiRadioSpec {
            transmit_dbm: 16.0206,
            antenna_gain_db: 0.0,
            noise_figure_db: 7.0,
            antenna_m: 1.5,
            streams: 4,
            power: None,
        }
    }
}

impl WifiRadioSpec {
    pub(super) fn check(&self) -> Result<(), WifiError> {
        let (power_dbm, gain_db) = (self.transmit_dbm, self.antenna_gain_db);
        check((-50.0..=50.0).contains(&power_dbm), "transmit_dbm", power_dbm, "-50 to 50")?;
        check((-50.0..=50.0).contains(&gain_db), "antenna_gain_db", gain_db, "-50 to 50")?;
        check((1..=4).contains(&self.streams), "streams", f64::from(self.streams), "1 to 4")?;
        for power_w in
            self.power.iter().flat_map(|own| [own.idle_w, own.transmit_w, own.receive_w, own.sleep_w])
        {
            check(power_w >= 0.0 && power_w.is_finite(), "power of a radio", power_w, "at least 0")?;
        }
        check_receiver(self.noise_figure_db, self.antenna_m)
    }
}
