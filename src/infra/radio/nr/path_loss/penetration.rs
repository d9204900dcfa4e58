//! Losses through the walls of buildings and the bodies of cars.

use crate::engine::EntityStream;
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

/// Loss into a building (TR 38.901, tables 7.4.3-1 and -2): through the outer wall, and 0.5 dB for each metre indoors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildingLoss {
    /// Standard glass (30 %) and concrete (70 %).
    Low,
    /// Heat-reflecting glass (70 %) and concrete (30 %).
    High,
}

impl BuildingLoss {
    /// Mean loss through the outer wall in dB, at a carrier in hertz.
    ///
    /// ```
    /// use stratosim::infra::nr::BuildingLoss;
    /// // At 3.5 GHz: glass 2.7 dB, concrete 19 dB, reflecting glass 24.05 dB.
    /// assert!((BuildingLoss::Low.wall_db(3.5e9) - 12.697).abs() < 1e-3);
    /// assert!((BuildingLoss::High.wall_db(3.5e9) - 26.850).abs() < 1e-3);
    /// ```
    #[must_use]
    pub fn wall_db(self, carrier_hz: f64) -> f64 {
        let carrier_ghz = carrier_hz / 1e9;
        let passed = |share: f64, loss_db: f64| share * super::super::from_db(-loss_db);
        let concrete_db = 5.0 + 4.0 * carrier_ghz;
        let passed = match self {
            BuildingLoss::Low => passed(0.3, 2.0 + 0.2 * carrier_ghz) + passed(0.7, concrete_db),
            BuildingLoss::High => passed(0.7, 23.0 + 0.3 * carrier_ghz) + passed(0.3, concrete_db),
        };
        5.0 - super::super::to_db(passed)
    }

    /// Standard deviation in dB.
    #[must_use]
    pub const fn sigma_db(self) -> f64 {
        match self {
            BuildingLoss::Low => 4.4,
            BuildingLoss::High => 6.5,
        }
    }

    /// A draw of the whole loss in dB: outer wall, the lesser of two uniform distances indoors up to `deepest_m` (25 m;
    /// 10 m in RMa), and the scatter. Three draws.
    #[must_use]
    pub fn draw_db(self, carrier_hz: f64, deepest_m: f64, random: &mut EntityStream) -> f64 {
        let depth_m = deepest_m * random.random::<f64>().min(random.random::<f64>());
        let normal: f64 = StandardNormal.sample(random);
        self.wall_db(carrier_hz) + 0.5 * depth_m + self.sigma_db() * normal
    }
}

/// Loss into a car (TR 38.901, 7.4.3.2): normal in dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarLoss {
    /// Mean in dB.
    pub mean_db: f64,
    /// Standard deviation in dB.
    pub sigma_db: f64,
}

impl CarLoss {
    /// 9 dB.
    pub const PLAIN: CarLoss = CarLoss { mean_db: 9.0, sigma_db: 5.0 };
    /// Metal-coated windows: 20 dB.
    pub const METALLISED: CarLoss = CarLoss { mean_db: 20.0, sigma_db: 5.0 };

    /// A draw in dB, never below 0.
    #[must_use]
    pub fn draw_db(&self, random: &mut EntityStream) -> f64 {
        let normal: f64 = StandardNormal.sample(random);
        (self.mean_db + self.sigma_db * normal).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{RandomStreams, Summary};

    /// The lesser of two uniforms on 25 m has a mean of 25/3 m; standard error of 1e5 draws is 0.02 dB.
    #[test]
    fn draws_have_the_mean_and_scatter_of_the_table() {
        let mut random = RandomStreams::new(3).entity("building", 0);
        let draws: Summary =
            (0..100_000).map(|_| BuildingLoss::High.draw_db(3.5e9, 25.0, &mut random)).collect();
        let mean_db = BuildingLoss::High.wall_db(3.5e9) + 0.5 * 25.0 / 3.0;
        assert!((draws.mean() - mean_db).abs() < 0.1, "{} {mean_db}", draws.mean());
        // Variance of the lesser of two uniforms is L^2 / 18.
        let sigma_db = (6.5_f64.powi(2) + 0.25 * 625.0 / 18.0).sqrt();
        assert!((draws.variance().sqrt() / sigma_db - 1.0).abs() < 0.02);
        let cars: Summary = (0..100_000).map(|_| CarLoss::METALLISED.draw_db(&mut random)).collect();
        assert!((cars.mean() - 20.0).abs() < 0.1 && cars.min() >= 0.0);
    }
}
