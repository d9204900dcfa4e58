//! Rovers by their resistances.

use super::{GRAVITY_M_PER_S2, Moving, Propulsion};

/// P = P_idle + (C m g + rho A v^2 / 2 + m a) v / eta on level ground; no braking gives anything back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RollingPower {
    /// Mass in kg (m).
    pub mass_kg: f64,
    /// Coefficient of rolling resistance (C): 0.015 on asphalt, 0.05 to 0.1 on grass or soil, 0.15 to 0.3 on sand or
    /// ploughed ground.
    pub rolling_resistance: f64,
    /// Drag area (coefficient times area) in square metres (A).
    pub drag_area_m2: f64,
    /// Efficiency of motors and gears, in 0..=1 (eta), 0.5 to 0.7.
    pub efficiency: f64,
    /// Watts at a stand (P_idle).
    pub idle_w: f64,
}

/// Density of air at sea level in kg/m3.
const AIR_KG_PER_M3: f64 = 1.225;

impl Propulsion for RollingPower {
    fn power_w(&self, moving: &Moving) -> f64 {
        let v = moving.ground_speed_m_per_s;
        let rolling_n = self.rolling_resistance * self.mass_kg * GRAVITY_M_PER_S2;
        let drag_n = AIR_KG_PER_M3 * self.drag_area_m2 * v * v / 2.0;
        let force_n = rolling_n + drag_n + self.mass_kg * moving.acceleration_m_per_s2;
        self.idle_w + (force_n * v / self.efficiency).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resistances_add_up() {
        let model = RollingPower {
            mass_kg: 10.0,
            rolling_resistance: 0.1,
            drag_area_m2: 0.2,
            efficiency: 0.5,
            idle_w: 8.0,
        };
        // (9.81 + 0.49) N x 2 m/s / 0.5 + 8 W; 5 N more at 0.5 m/s2, and nothing but the 8 W when braking hard.
        let at = |acceleration_m_per_s2: f64| Moving { acceleration_m_per_s2, ..Moving::level(2.0) };
        assert!((model.power_w(&at(0.0)) - 49.2).abs() < 1e-9);
        assert!((model.power_w(&at(0.5)) - 69.2).abs() < 1e-9);
        assert_eq!(model.power_w(&at(-2.0)), 8.0);
    }
}
