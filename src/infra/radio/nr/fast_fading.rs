//! Fast fading, a gain for each block of time.

use crate::engine::EntityStream;
use crate::infra::radio::SPEED_OF_LIGHT_M_PER_S;
use rand_distr::{Distribution as _, StandardNormal};

/// Fading by many ways of which none is resolved: the gain is constant for a block of time, and independent from one
/// block to the next. Its mean is 1.
///
/// ```
/// use stratosim::engine::RandomStreams;
/// use stratosim::infra::nr::BlockFading;
/// let mut random = RandomStreams::new(1).entity("fading", 0);
/// let strong = BlockFading { k_factor_db: Some(60.0) };
/// assert!((strong.draw_gain(&mut random) - 1.0).abs() < 0.02);
/// // At 3.5 GHz and 10 m/s the Doppler shift is 116.7 Hz, and a block 3.6 ms.
/// assert!((BlockFading::coherence_s(3.5e9, 10.0) - 3.623e-3).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockFading {
    /// Power of the line of sight over that of all other ways in dB (Rice); `None` if there is none (Rayleigh).
    pub k_factor_db: Option<f64>,
}

impl BlockFading {
    /// A block's gain of power, 0 or more. Two draws.
    #[must_use]
    pub fn draw_gain(&self, random: &mut EntityStream) -> f64 {
        let (real, imaginary): (f64, f64) =
            (StandardNormal.sample(random), StandardNormal.sample(random));
        // Amplitude sqrt(K / (K + 1)) of the line of sight, variance 1 / (K + 1) of the rest.
        let (steady, scattered) = match self.k_factor_db {
            None => (0.0, 1.0),
            Some(k_db) => {
                let k = super::from_db(k_db);
                (k / (k + 1.0), 1.0 / (k + 1.0))
            }
        };
        let half = (0.5 * scattered).sqrt();
        (steady.sqrt() + half * real).powi(2) + (half * imaginary).powi(2)
    }

    /// Length of a block in seconds at a carrier and a speed in m/s: 0.423 / fD (Rappaport, Wireless Communications,
    /// 5.4.3, the geometric mean of two definitions). Infinite for what stands.
    #[must_use]
    pub fn coherence_s(carrier_hz: f64, speed_m_per_s: f64) -> f64 {
        0.423 * SPEED_OF_LIGHT_M_PER_S / (carrier_hz * speed_m_per_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{RandomStreams, Summary};

    /// Rayleigh: exponential gain, mean 1 and variance 1, above 1 in e^-1 of all cases. Rice: variance
    /// (2K + 1) / (K + 1)^2, 0.36 at K = 4.
    #[test]
    fn gains_are_distributed_as_they_should_be() {
        let draws = |k_factor_db| {
            let mut random = RandomStreams::new(2).entity("fading", 1);
            let fading = BlockFading { k_factor_db };
            (0..200_000).map(|_| fading.draw_gain(&mut random)).collect::<Vec<f64>>()
        };
        let rayleigh = draws(None);
        let above = rayleigh.iter().filter(|gain| **gain > 1.0).count() as f64 / rayleigh.len() as f64;
        assert!((above - (-1.0_f64).exp()).abs() < 0.005, "{above}");
        let of = |gains: Vec<f64>| gains.into_iter().collect::<Summary>();
        let (rayleigh, rice) = (of(rayleigh), of(draws(Some(super::super::to_db(4.0)))));
        assert!((rayleigh.mean() - 1.0).abs() < 0.01 && (rayleigh.variance() - 1.0).abs() < 0.03);
        assert!((rice.mean() - 1.0).abs() < 0.01 && (rice.variance() - 0.36).abs() < 0.01);
    }
}
