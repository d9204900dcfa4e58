//! Measured power as polynomials.

use super::{Moving, Propulsion};

/// Power that was measured: a polynomial of the airspeed (of a rover, of its speed over the ground), and what climb,
/// descent and acceleration add to it in proportion.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredPower {
    /// Watts at constant speed as a polynomial of the speed in m/s, constant term first.
    pub cruise_w: Vec<f64>,
    /// Watts at the acceleration `accelerating_at_m_per_s2`, in the same form; as at constant speed if empty.
    pub accelerating_w: Vec<f64>,
    /// The acceleration of these in m/s2 (> 0); below it the power is between both, above it that of these.
    pub accelerating_at_m_per_s2: f64,
    /// Watts for each m/s of climb.
    pub climb_w_per_m_per_s: f64,
    /// Watts for each m/s of descent; below zero it saves.
    pub descent_w_per_m_per_s: f64,
    /// Watts at least, however it moves (>= 0).
    pub least_w: f64,
    /// Watts when armed on the ground.
    pub armed_w: f64,
    /// Whether the speed of the polynomials is that over the ground.
    pub over_ground: bool,
}

fn polynomial(coefficients: &[f64], at: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * at + coefficient)
}

impl Propulsion for MeasuredPower {
    fn power_w(&self, moving: &Moving) -> f64 {
        let speed = if self.over_ground { moving.ground_speed_m_per_s } else { moving.airspeed_m_per_s };
        let mut watts = polynomial(&self.cruise_w, speed);
        if moving.acceleration_m_per_s2 > 0.0 && !self.accelerating_w.is_empty() {
            // Beyond what was measured nothing is known.
            let share = (moving.acceleration_m_per_s2 / self.accelerating_at_m_per_s2).min(1.0);
            watts += share * (polynomial(&self.accelerating_w, speed) - watts);
        }
        let climb = moving.climb_m_per_s;
        watts += self.climb_w_per_m_per_s * climb.max(0.0);
        watts += self.descent_w_per_m_per_s * (-climb).max(0.0);
        watts.max(self.least_w)
    }

    fn armed_w(&self) -> f64 {
        self.armed_w
    }
}
