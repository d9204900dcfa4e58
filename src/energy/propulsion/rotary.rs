//! Rotary wings by blade element and momentum theory.

use super::{GRAVITY_M_PER_S2, Moving, Propulsion};

/// The power of a rotary wing in straight level flight by Zeng, Xu and Zhang, Energy Minimization for Wireless
/// Communication With Rotary-Wing UAV (IEEE Transactions on Wireless Communications 18(4), 2019), eq. 12:
///
/// P(v) = P0 (1 + 3 v^2 / U^2) + Pi (sqrt(1 + v^4 / (4 v0^4)) - v^2 / (2 v0^2))^(1/2) + d0 rho s A v^3 / 2
///
/// with P0 = (delta / 8) rho s A U^3, U = omega R, Pi = (1 + k) W^1.5 / sqrt(2 rho A), v0 = sqrt(W / (2 rho A)).
/// Climb is beyond that model; W times the rate of climb is added, and nothing is gained in descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BladePower {
    /// Weight in newtons (W).
    pub weight_n: f64,
    /// Density of air in kg/m3 (rho).
    pub air_kg_per_m3: f64,
    /// Radius of the rotor in metres (R).
    pub rotor_radius_m: f64,
    /// Area of the rotor disc in square metres (A).
    pub disc_m2: f64,
    /// Angular velocity of the blades in rad/s (omega).
    pub blade_rad_per_s: f64,
    /// Share of the disc that is blade (s).
    pub solidity: f64,
    /// Drag coefficient of the blade profile (delta).
    pub profile_drag: f64,
    /// Correction of the induced power (k).
    pub induced_correction: f64,
    /// Drag of the fuselage, related to the rotor (d0).
    pub fuselage_drag: f64,
}

impl BladePower {
    /// The constants of the paper's table I.
    pub const ZENG_2019: BladePower = BladePower {
        weight_n: 20.0,
        air_kg_per_m3: 1.225,
        rotor_radius_m: 0.4,
        disc_m2: 0.503,
        blade_rad_per_s: 300.0,
        solidity: 0.05,
        profile_drag: 0.012,
        induced_correction: 0.1,
        fuselage_drag: 0.6,
    };

    /// Watts that blades take in hover against drag (P0).
    #[must_use]
    pub fn blade_w(&self) -> f64 {
        let tip = self.blade_rad_per_s * self.rotor_radius_m;
        self.profile_drag / 8.0 * self.air_kg_per_m3 * self.solidity * self.disc_m2 * tip.powi(3)
    }

    /// Watts that the lift takes in hover (Pi).
    #[must_use]
    pub fn induced_w(&self) -> f64 {
        (1.0 + self.induced_correction) * self.weight_n.powf(1.5)
            / (2.0 * self.air_kg_per_m3 * self.disc_m2).sqrt()
    }

    /// Speed of the air through the rotor in hover in m/s (v0).
    #[must_use]
    pub fn induced_m_per_s(&self) -> f64 {
        (self.weight_n / (2.0 * self.air_kg_per_m3 * self.disc_m2)).sqrt()
    }
}

impl Propulsion for BladePower {
    fn power_w(&self, moving: &Moving) -> f64 {
        let v = moving.airspeed_m_per_s;
        let tip = self.blade_rad_per_s * self.rotor_radius_m;
        let x = (v / self.induced_m_per_s()).powi(2) / 2.0;
        // sqrt(1 + x^2) - x without cancellation.
        let induced = (1.0 / ((1.0 + x * x).sqrt() + x)).sqrt();
        let drag = self.fuselage_drag * self.air_kg_per_m3 * self.solidity * self.disc_m2 / 2.0;
        self.blade_w() * (1.0 + 3.0 * (v / tip).powi(2))
            + self.induced_w() * induced
            + drag * v.powi(3)
            + self.weight_n * moving.climb_m_per_s.max(0.0)
    }
}

/// The power of an actuator disc by momentum theory: the thrust times the air's speed through the disc, and drag, over an
/// efficiency. The induced speed follows from Glauert's v_i sqrt(v^2 + (c + v_i)^2) = v_h^2 with v_h^2 = T / (2 rho A); in
/// hover it gives P = T^1.5 / (sqrt(2 rho A) eta), in vertical climb at c T (c/2 + sqrt(c^2/4 + v_h^2)) / eta.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumPower {
    /// Mass in kg.
    pub mass_kg: f64,
    /// Density of air in kg/m3.
    pub air_kg_per_m3: f64,
    /// Area of all discs in square metres.
    pub disc_m2: f64,
    /// Share of the power that goes into the air, in 0..=1.
    pub efficiency: f64,
    /// Drag area (coefficient times area) in square metres.
    pub drag_area_m2: f64,
    /// Watts when armed on the ground.
    pub armed_w: f64,
}

impl MomentumPower {
    /// Speed of the air through the disc on top of the climb in m/s.
    fn induced_m_per_s(&self, thrust_n: f64, v: f64, c: f64) -> f64 {
        let hover2 = thrust_n / (2.0 * self.air_kg_per_m3 * self.disc_m2);
        // f(x) = x sqrt(v^2 + (c + x)^2) - v_h^2 grows for x > 0 where c >= 0; in descent momentum theory ends near the
        // induced speed, which autopilots stay far below. Newton's method from the vertical solution.
        let mut x = ((c / 2.0).powi(2) + hover2).sqrt() - c / 2.0;
        for _ in 0..30 {
            let through = (v * v + (c + x).powi(2)).sqrt();
            let slope = through + x * (c + x) / through;
            let step = (x * through - hover2) / slope;
            x -= step;
            if step.abs() <= 1e-15 * x.abs() {
                break;
            }
        }
        x.max(0.0)
    }
}

impl Propulsion for MomentumPower {
    fn power_w(&self, moving: &Moving) -> f64 {
        let (v, c) = (moving.airspeed_m_per_s, moving.climb_m_per_s);
        let thrust_n = self.mass_kg * GRAVITY_M_PER_S2;
        let lift_w = thrust_n * (c + self.induced_m_per_s(thrust_n, v, c));
        let drag_w = self.air_kg_per_m3 * self.drag_area_m2 * v.powi(3) / 2.0;
        ((lift_w + drag_w) / self.efficiency).max(0.0)
    }

    fn armed_w(&self) -> f64 {
        self.armed_w
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The speed of the least value of a function with one minimum, by golden section.
    pub(in crate::energy::propulsion) fn least(low: f64, high: f64, value: impl Fn(f64) -> f64) -> f64 {
        let share = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (low, high);
        while high - low > 1e-7 {
            let (left, right) = (high - share * (high - low), low + share * (high - low));
            if value(left) < value(right) { high = right } else { low = left }
        }
        (low + high) / 2.0
    }

    #[test]
    fn the_curve_of_zeng_is_the_published_one() {
        let model = BladePower::ZENG_2019;
        assert!((model.blade_w() - 79.856).abs() < 1e-3, "{}", model.blade_w());
        assert!((model.induced_w() - 88.628).abs() < 2e-3, "{}", model.induced_w());
        assert!((model.induced_m_per_s() - 4.03).abs() < 0.005);
        let power = |v: f64| model.power_w(&Moving::level(v));
        assert!((power(0.0) - 168.484).abs() < 2e-3);
        let published = [
            (2.0, 163.3),
            (5.0, 143.6),
            (8.0, 129.0),
            (10.0, 126.0),
            (12.0, 127.8),
            (15.0, 138.5),
            (20.0, 178.3),
            (25.0, 248.9),
            (30.0, 356.3),
        ];
        for (v, watts) in published {
            assert!((power(v) - watts).abs() < 0.06, "{v}: {}", power(v));
        }
        let slow = least(0.0, 30.0, power);
        assert!((slow - 10.21).abs() < 0.01 && (power(slow) - 125.99).abs() < 0.01, "{slow}");
        let far = least(5.0, 30.0, |v| power(v) / v);
        assert!(
            (far - 18.29).abs() < 0.01 && (power(far) - 161.47).abs() < 0.05,
            "{far} {}",
            power(far)
        );
        assert!((power(far) / far - 8.828).abs() < 0.001);
        let climb = Moving { climb_m_per_s: 2.0, ..Moving::default() };
        assert!((model.power_w(&climb) - power(0.0) - 40.0).abs() < 1e-9);
    }

    #[test]
    fn the_momentum_model_meets_its_closed_forms() {
        let model = MomentumPower {
            mass_kg: 3.0,
            air_kg_per_m3: 1.225,
            disc_m2: 0.385,
            efficiency: 1.0,
            drag_area_m2: 0.0,
            armed_w: 0.0,
        };
        let thrust: f64 = 3.0 * GRAVITY_M_PER_S2;
        let hover = thrust.powf(1.5) / (2.0 * 1.225 * 0.385_f64).sqrt();
        assert!((model.power_w(&Moving::default()) - hover).abs() < 1e-9);
        assert!((hover - 164.0).abs() < 0.5, "{hover}");
        let c: f64 = 2.5;
        let climb = thrust * (c / 2.0 + (c * c / 4.0 + thrust / (2.0 * 1.225 * 0.385)).sqrt());
        let moving = Moving { climb_m_per_s: c, ..Moving::default() };
        assert!((model.power_w(&moving) - climb).abs() < 1e-9);
        // In level flight the induced part of Zeng's model without its correction.
        let zeng = BladePower {
            weight_n: thrust,
            disc_m2: 0.385,
            induced_correction: 0.0,
            profile_drag: 0.0,
            fuselage_drag: 0.0,
            ..BladePower::ZENG_2019
        };
        for v in [0.5, 3.0, 8.0, 20.0] {
            let moving = Moving::level(v);
            assert!((model.power_w(&moving) - zeng.power_w(&moving)).abs() < 1e-9, "{v}");
        }
    }
}
