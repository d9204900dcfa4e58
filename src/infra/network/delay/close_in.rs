//! A 5G link: the close-in path loss of the distance gives a rate, and the rate feeds a queue.

use super::{DelayModel, Message};
use crate::engine::{EntityStream, RandomStreams};
use crate::infra::ids::NodeId;
use crate::infra::network::Mm1;
use crate::infra::network::link::Arrivals;
use crate::infra::radio::{CloseInPathLoss, SPEED_OF_LIGHT_M_PER_S};
use rand_distr::{Distribution as _, StandardNormal};
use rustc_hash::FxHashMap;

/// Thermal noise at 290 K in dBm for one hertz.
const NOISE_DBM_PER_HZ: f64 = -174.0;

/// A cell whose rate falls with distance. Path loss by the close-in model with a reference of 1 m,
///
/// PL(d) = 20 log10(4 pi f / c) + 10 n log10(d) + X, X ~ N(0, sigma), d >= 1 m
///
/// (Sun et al. 2016, IEEE Trans. Veh. Tech. 65(5)); received power P = P_t + G - PL, refused below a
/// threshold; signal to noise ratio against -174 dBm/Hz + 10 log10 W + noise figure; rate C = W log2(1 + SNR)
/// by Shannon. A message of x bits takes x / C after a wait of rho / (1 - rho) s / C, the M/M/1 of [`Mm1`]
/// whose service is this rate, and d / c on the air.
///
/// X is drawn once for each device and cell, from the stream `radio/shadowing`. Where the message tells the received
/// power ([`Message::received_dbm`]), that is taken, and carrier, exponent, shadowing, power and gain play no part.
#[derive(Clone, Debug)]
pub struct CloseIn {
    /// Carrier in hertz, above 0.
    pub carrier_hz: f64,
    /// Width W of the channel in hertz, above 0.
    pub width_hz: f64,
    /// Path loss exponent n, 1 to 10.
    pub path_loss_exponent: f64,
    /// Standard deviation sigma of the shadowing in dB, 0 to 40.
    pub shadowing_db: f64,
    /// Transmit power P_t in dBm.
    pub transmit_power_dbm: f64,
    /// Gains of both antennas G in dB.
    pub antenna_gain_db: f64,
    /// Noise figure of the receiver in dB.
    pub noise_figure_db: f64,
    /// Received power in dBm below which nothing is carried.
    pub threshold_dbm: f64,
    /// The queue before the radio.
    pub queue: Mm1,
    streams: RandomStreams,
    cell: u32,
    shadowing: FxHashMap<NodeId, f64>,
    arrivals: Arrivals,
}

/// What makes no cell.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("5G link: {parameter} is {value}, but must be {allowed}")]
pub struct CloseInError {
    /// The parameter at fault.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What it may be.
    pub allowed: &'static str,
}

impl CloseIn {
    /// A cell with the parameters that the SUMO and 5G fork of EdgeCloudSim names: 3.5 GHz, n = 3.1,
    /// sigma = 8.1 dB, 30 dBm, 20 dBi, noise figure 5 dB, threshold -95 dBm; on a channel of 20 MHz.
    #[must_use]
    pub fn new(streams: RandomStreams) -> Self {
        CloseIn {
            carrier_hz: 3.5e9,
            width_hz: 20e6,
            path_loss_exponent: 3.1,
            shadowing_db: 8.1,
            transmit_power_dbm: 30.0,
            antenna_gain_db: 20.0,
            noise_figure_db: 5.0,
            threshold_dbm: -95.0,
            queue: Mm1 { background_load: 0.0, mean_message_bytes: None, window_s: 10.0 },
            streams,
            cell: 0,
            shadowing: FxHashMap::default(),
            arrivals: Arrivals::default(),
        }
    }

    /// The same, if all its parameters are in range.
    ///
    /// # Errors
    /// The first parameter that is not.
    pub fn checked(self) -> Result<Self, CloseInError> {
        let within = |value: f64, least: f64, most: f64| (least..=most).contains(&value);
        let checks = [
            (within(self.carrier_hz, 1e6, 1e12), "carrier_hz", self.carrier_hz, "1 MHz to 1 THz"),
            (within(self.width_hz, 1e3, 1e11), "width_hz", self.width_hz, "1 kHz to 100 GHz"),
            (
                within(self.path_loss_exponent, 1.0, 10.0),
                "path_loss_exponent",
                self.path_loss_exponent,
                "1 to 10",
            ),
            (within(self.shadowing_db, 0.0, 40.0), "shadowing_db", self.shadowing_db, "0 to 40"),
            (
                within(self.transmit_power_dbm, -100.0, 100.0),
                "transmit_power_dbm",
                self.transmit_power_dbm,
                "-100 to 100",
            ),
            (
                within(self.antenna_gain_db, -100.0, 100.0),
                "antenna_gain_db",
                self.antenna_gain_db,
                "-100 to 100",
            ),
            (
                within(self.noise_figure_db, 0.0, 100.0),
                "noise_figure_db",
                self.noise_figure_db,
                "0 to 100",
            ),
            (
                within(self.threshold_dbm, -200.0, 100.0),
                "threshold_dbm",
                self.threshold_dbm,
                "-200 to 100",
            ),
        ];
        match checks.into_iter().find(|check| !check.0) {
            None => Ok(self),
            Some((_, parameter, value, allowed)) => Err(CloseInError { parameter, value, allowed }),
        }
    }

    /// Mean path loss in dB at a distance in metres, which counts as 1 m at least.
    #[must_use]
    pub fn path_loss_db(&self, distance_m: f64) -> f64 {
        CloseInPathLoss { carrier_hz: self.carrier_hz, exponent: self.path_loss_exponent }
            .path_loss_db(distance_m)
    }

    /// Bits a second at a path loss in dB; `None` below the threshold.
    #[must_use]
    pub fn rate_bps(&self, path_loss_db: f64) -> Option<f64> {
        self.rate_of_power_bps(self.transmit_power_dbm + self.antenna_gain_db - path_loss_db)
    }

    /// Bits a second at a received power in dBm; `None` below the threshold.
    #[must_use]
    pub fn rate_of_power_bps(&self, received_dbm: f64) -> Option<f64> {
        let noise_dbm = NOISE_DBM_PER_HZ + 10.0 * self.width_hz.log10() + self.noise_figure_db;
        let snr = 10f64.powf((received_dbm - noise_dbm) / 10.0);
        (received_dbm >= self.threshold_dbm).then(|| self.width_hz * (1.0 + snr).log2())
    }

    /// The shadowing of a device in this cell, in dB.
    fn shadowing_of(&mut self, device: NodeId) -> f64 {
        let (streams, cell) = (self.streams, self.cell);
        let normal = *self.shadowing.entry(device).or_insert_with(|| {
            let mut random: EntityStream =
                streams.entity("radio/shadowing", (u64::from(cell) << 32) | u64::from(device.0));
            StandardNormal.sample(&mut random)
        });
        self.shadowing_db * normal
    }
}

impl DelayModel for CloseIn {
    fn delay_s(&mut self, message: &Message) -> Option<f64> {
        let rate_bps = match message.received_dbm {
            Some(received_dbm) => self.rate_of_power_bps(received_dbm)?,
            None => {
                let shadowing_db = message.device.map_or(0.0, |device| self.shadowing_of(device));
                self.rate_bps(self.path_loss_db(message.distance_m) + shadowing_db)?
            }
        };
        let queued_s = self.arrivals.delay_s(message.now, &self.queue, rate_bps, message.bytes)?;
        Some(queued_s + message.distance_m / SPEED_OF_LIGHT_M_PER_S)
    }

    fn note(&mut self, message: &Message, delay_s: Option<f64>) {
        if delay_s.is_some() {
            self.arrivals.add(message.now, self.queue.window_s, message.bytes);
        }
    }

    fn rate_at_bps(&self, received_dbm: f64) -> Option<f64> {
        self.rate_of_power_bps(received_dbm)
    }

    fn boxed_clone(&self) -> Box<dyn DelayModel> {
        Box::new(self.clone())
    }

    fn for_link(&self, link: u32) -> Box<dyn DelayModel> {
        Box::new(CloseIn { cell: link, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::message;
    use super::*;
    use crate::engine::Summary;

    fn cell() -> CloseIn {
        CloseIn { shadowing_db: 0.0, ..CloseIn::new(RandomStreams::new(3)) }
    }

    #[test]
    fn path_loss_and_rate_are_the_closed_forms() {
        // FSPL at 1 m and 3.5 GHz: 20 log10(4 pi 3.5e9 / 299792458) = 43.329 dB; 31 dB a decade.
        let cell = cell();
        assert!((cell.path_loss_db(1.0) - 43.329).abs() < 1e-3);
        assert!((cell.path_loss_db(100.0) - 105.329).abs() < 1e-3);
        assert_eq!(cell.path_loss_db(0.0), cell.path_loss_db(1.0));
        // 100 m: received -55.329 dBm; noise -174 + 73.010 + 5 = -95.990 dBm; SNR 40.661 dB = 11644;
        // 20 MHz x log2(11645) = 270.15 Mbit/s.
        let rate = cell.rate_bps(cell.path_loss_db(100.0)).unwrap();
        assert!((rate / 270.15e6 - 1.0).abs() < 1e-4, "{rate}");
        // -95 dBm is met at PL = 145 dB, at 10^((145 - 43.329) / 31) = 1902 m.
        assert!(cell.rate_bps(cell.path_loss_db(1900.0)).is_some());
        assert_eq!(cell.rate_bps(cell.path_loss_db(1905.0)), None);
    }

    #[test]
    fn the_rate_feeds_the_queue() {
        // Half the rate is taken by others: the mean message waits as long as it is sent.
        let mean_message_bytes = Some(1e6);
        let queue = Mm1 { background_load: 0.5, mean_message_bytes, window_s: 0.0 };
        let mut cell = CloseIn { queue, ..cell() };
        let rate = cell.rate_bps(cell.path_loss_db(100.0)).unwrap();
        let delay = cell.delay_s(&message(1.0, 1e6).with_distance(100.0)).unwrap();
        let expected = 2.0 * 8e6 / rate + 100.0 / 299_792_458.0;
        assert!((delay - expected).abs() < 1e-12);
        cell.queue.background_load = 1.0;
        assert_eq!(cell.delay_s(&message(1.0, 1e6).with_distance(100.0)), None);
    }

    #[test]
    fn shadowing_is_drawn_once_a_device_and_is_normal() {
        let mut cell = CloseIn::new(RandomStreams::new(3));
        let draws: Vec<f64> = (0..20_000).map(|node| cell.shadowing_of(NodeId(node))).collect();
        assert_eq!(cell.shadowing_of(NodeId(5)), draws[5]);
        let mut other = CloseIn { cell: 8, ..CloseIn::new(RandomStreams::new(3)) };
        assert_ne!(other.shadowing_of(NodeId(5)), draws[5]);
        let mean: Summary = draws.iter().copied().collect();
        let squares: Summary = draws.iter().map(|db| db * db).collect();
        // Standard errors: 8.1 / sqrt(20000) = 0.057 and sqrt(2) 8.1^2 / sqrt(20000) = 0.66.
        assert!(mean.mean().abs() < 4.0 * 0.057);
        assert!((squares.mean() - 65.61).abs() < 4.0 * 0.66);
    }

    #[test]
    fn bad_parameters_are_named() {
        let text = CloseIn { path_loss_exponent: 0.5, ..cell() }.checked().unwrap_err().to_string();
        assert_eq!(text, "5G link: path_loss_exponent is 0.5, but must be 1 to 10");
    }
}
