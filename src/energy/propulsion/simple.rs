//! Simple models of aircraft that know little of how they move.

use super::{GRAVITY_M_PER_S2, Moving, Propulsion};

/// D'Andrea, Can drones deliver? (IEEE Transactions on Automation Science and Engineering 11(3), 2014): P = m g v / (r eta)
/// + p, with the lift-to-drag ratio r. Made for cruise: at rest only the electronics are left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiftToDragPower {
    /// Mass with payload in kg.
    pub mass_kg: f64,
    /// Ratio of lift to drag (r), about 3.
    pub lift_to_drag: f64,
    /// Efficiency of motors and propellers (eta), in 0..=1, about 0.5.
    pub efficiency: f64,
    /// Watts of the electronics (p), about 100.
    pub electronics_w: f64,
}

impl Propulsion for LiftToDragPower {
    fn power_w(&self, moving: &Moving) -> f64 {
        let weight_n = self.mass_kg * GRAVITY_M_PER_S2;
        self.electronics_w + weight_n * moving.airspeed_m_per_s / (self.lift_to_drag * self.efficiency)
    }
}

/// Dorling, Heinrichs, Messier and Magierowski, Vehicle routing problems for drone delivery (IEEE Transactions on Systems,
/// Man, and Cybernetics 47(1), 2017): P = alpha m + beta, linearised from (m)^1.5 sqrt(g^3 / (2 rho zeta n)), at any speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearWeightPower {
    /// Mass of battery and payload in kg (m).
    pub mass_kg: f64,
    /// Watts a kilogram (alpha).
    pub w_per_kg: f64,
    /// Watts of the frame alone (beta).
    pub frame_w: f64,
}

impl LinearWeightPower {
    /// Watts of hover of a craft of this mass in kg with `rotors` discs of `disc_m2` in air of `air_kg_per_m3`, not
    /// linearised.
    #[must_use]
    pub fn hover_w(mass_kg: f64, rotors: u32, disc_m2: f64, air_kg_per_m3: f64) -> f64 {
        let discs = 2.0 * air_kg_per_m3 * disc_m2 * f64::from(rotors);
        mass_kg.powf(1.5) * (GRAVITY_M_PER_S2.powi(3) / discs).sqrt()
    }
}

impl Propulsion for LinearWeightPower {
    fn power_w(&self, _: &Moving) -> f64 {
        self.w_per_kg * self.mass_kg + self.frame_w
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simple_models_are_their_formulas() {
        let dandrea =
            LiftToDragPower { mass_kg: 4.0, lift_to_drag: 3.0, efficiency: 0.5, electronics_w: 100.0 };
        // 4 kg at 45 km/h: 39.24 N x 12.5 m/s / 1.5 + 100 W.
        assert!((dandrea.power_w(&Moving::level(12.5)) - 427.0).abs() < 1e-9);
        let dorling = LinearWeightPower { mass_kg: 2.0, w_per_kg: 46.7, frame_w: 26.9 };
        assert!((dorling.power_w(&Moving::level(3.0)) - 120.3).abs() < 1e-9);
        // The Iris of 1.5 kg with four propellers of 10 inches: 80 W in theory.
        let disc = std::f64::consts::PI * (0.254_f64 / 2.0).powi(2);
        assert!((LinearWeightPower::hover_w(1.5, 4, disc, 1.225) - 80.0).abs() < 1.0);
    }
}
