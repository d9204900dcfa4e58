//! The built-in power models.

use super::{Load, PowerError, PowerModel, not_negative};
use crate::energy::frequency::OperatingPoint;

/// Watts between those of an idle and of a busy node: the dynamic part shrinks with frequency and voltage.
fn between(idle_w: f64, busy_w: f64, share: f64, load: &Load) -> f64 {
    idle_w + (busy_w - idle_w) * share * load.dynamic_share
}

/// Linear in utilisation: `idle + (busy - idle) u` watts, the model of CloudSim's `PowerModelLinear` and of most
/// of the field (PureEdgeSim has the same).
///
/// At a lower frequency the part above idle is multiplied by `V^2 f` over that of the fastest step, as dynamic
/// power of CMOS circuits is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinearPower {
    /// Watts when nothing runs.
    pub idle_w: f64,
    /// Watts when all cores are busy.
    pub busy_w: f64,
}

impl PowerModel for LinearPower {
    fn power_w(&self, load: &Load) -> f64 {
        between(self.idle_w, self.busy_w, load.utilisation.clamp(0.0, 1.0), load)
    }

    fn dynamic_energy_j(&self, core_seconds: f64, cores: f64) -> f64 {
        if cores > 0.0 { (self.busy_w - self.idle_w) * core_seconds / cores } else { 0.0 }
    }
}

/// A power of utilisation: `idle + (busy - idle) u^exponent` watts. CloudSim's `PowerModelSquare` (2),
/// `PowerModelCubic` (3) and `PowerModelSqrt` (0.5) with `idle` = static share of `busy`; these draw nothing at
/// `u` = 0, which is [`NodePower::off_when_idle`](super::NodePower::off_when_idle) here.
///
/// A lower frequency acts as in [`LinearPower`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentPower {
    idle_w: f64,
    busy_w: f64,
    exponent: f64,
}

impl ExponentPower {
    /// `idle_w` to `busy_w` watts by a power of utilisation.
    ///
    /// # Errors
    /// If a value is negative or not finite.
    pub fn new(idle_w: f64, busy_w: f64, exponent: f64) -> Result<Self, PowerError> {
        Ok(ExponentPower {
            idle_w: not_negative("idle power", idle_w)?,
            busy_w: not_negative("busy power", busy_w)?,
            exponent: not_negative("the exponent", exponent)?,
        })
    }
}

impl PowerModel for ExponentPower {
    fn power_w(&self, load: &Load) -> f64 {
        let utilisation = load.utilisation.clamp(0.0, 1.0);
        // The exponents of the built-in kinds as the operations they are: faster, and exact.
        let share = if self.exponent == 2.0 {
            utilisation * utilisation
        } else if self.exponent == 3.0 {
            utilisation * utilisation * utilisation
        } else if self.exponent == 0.5 {
            utilisation.sqrt()
        } else {
            utilisation.powf(self.exponent)
        };
        between(self.idle_w, self.busy_w, share, load)
    }
}

/// Measured watts at evenly spaced utilisations from 0 to 1, linear between them, as CloudSim's
/// `PowerModelSpecPower` has the eleven points of SPECpower_ssj2008.
///
/// A lower frequency acts on the part above idle as in [`LinearPower`].
///
/// ```
/// use stratosim::energy::{Load, PowerModel, TablePower};
/// let table = TablePower::new(&[10.0, 20.0, 22.0])?;
/// assert_eq!(table.power_w(&Load::of(0.25)), 15.0);
/// assert_eq!(table.power_w(&Load::of(1.0)), 22.0);
/// # Ok::<(), stratosim::energy::PowerError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TablePower {
    watts: Box<[f64]>,
}

impl TablePower {
    /// Watts at utilisations 0, 1/(n-1), ..., 1.
    ///
    /// # Errors
    /// If there are fewer than two points, or one is negative or not finite.
    pub fn new(watts: &[f64]) -> Result<Self, PowerError> {
        if watts.len() < 2 {
            return Err(PowerError::FewPoints(watts.len()));
        }
        watts.iter().try_for_each(|&point| not_negative("a point of the table", point).map(drop))?;
        Ok(TablePower { watts: watts.into() })
    }

    /// The points.
    #[must_use]
    pub fn watts(&self) -> &[f64] {
        &self.watts
    }
}

impl PowerModel for TablePower {
    fn power_w(&self, load: &Load) -> f64 {
        let segments = self.watts.len() - 1;
        let place = load.utilisation.clamp(0.0, 1.0) * segments as f64;
        let below = (place as usize).min(segments - 1);
        let (low_w, high_w) = (self.watts[below], self.watts[below + 1]);
        let watts = low_w + (high_w - low_w) * (place - below as f64);
        if load.dynamic_share == 1.0 {
            return watts;
        }
        let idle_w = self.watts[0];
        idle_w + (watts - idle_w) * load.dynamic_share
    }
}

/// Static and dynamic power of CMOS: `static + K u V^2 f` watts, f in GHz and V in volt. With the coefficient K
/// of a whole node this is the wall power of the MLSysOps extension of CloudSim; with that of one core times the
/// cores it is what Linux has as `dynamic-power-coefficient` of an ARM core.
///
/// ```
/// use stratosim::energy::{CmosPower, Load, OperatingPoint, PowerModel};
/// let point = OperatingPoint::new(3.3e9, 1.146)?;
/// let xeon = CmosPower::new(18.98, 34.01, point)?;
/// assert!((xeon.power_w(&Load::of(1.0)) - 116.27).abs() < 0.005);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CmosPower {
    coefficient_w_per_ghz_v2: f64,
    static_w: f64,
    fixed: OperatingPoint,
}

impl CmosPower {
    /// K in W/(GHz V^2), the static part, and the point at which nodes without frequency steps run.
    ///
    /// # Errors
    /// If a value is negative or not finite.
    pub fn new(
        coefficient_w_per_ghz_v2: f64,
        static_w: f64,
        fixed: OperatingPoint,
    ) -> Result<Self, PowerError> {
        Ok(CmosPower {
            coefficient_w_per_ghz_v2: not_negative("the coefficient", coefficient_w_per_ghz_v2)?,
            static_w: not_negative("static power", static_w)?,
            fixed,
        })
    }
}

impl PowerModel for CmosPower {
    fn power_w(&self, load: &Load) -> f64 {
        let point = load.point.unwrap_or(self.fixed);
        let dynamic_w = self.coefficient_w_per_ghz_v2 * point.dynamic_factor();
        self.static_w + dynamic_w * load.utilisation.clamp(0.0, 1.0)
    }
}

/// A module that is held to a power budget, as NVIDIA's Jetson modules are by `nvpmodel`: from idle to the whole
/// budget as the busier of cores and accelerators goes from idle to busy.
///
/// An upper bound: work that keeps the cores busy and not the accelerator draws less in truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetPower {
    linear: LinearPower,
}

impl BudgetPower {
    /// From `idle_w` to `budget_w` watts.
    ///
    /// # Errors
    /// If a value is negative or not finite.
    pub fn new(idle_w: f64, budget_w: f64) -> Result<Self, PowerError> {
        let idle_w = not_negative("idle power", idle_w)?;
        Ok(BudgetPower { linear: LinearPower { idle_w, busy_w: not_negative("the budget", budget_w)? } })
    }
}

impl PowerModel for BudgetPower {
    fn power_w(&self, load: &Load) -> f64 {
        let utilisation = load.utilisation.max(load.accelerator_utilisation);
        self.linear.power_w(&Load { utilisation, ..*load })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(model: &dyn PowerModel, utilisation: f64) -> f64 {
        model.power_w(&Load::of(utilisation))
    }

    #[test]
    fn powers_of_utilisation_by_hand() {
        // 70 W of 250 W are static: 180 W times u, u^2, u^3, u^0.5 at u = 0.25.
        let exponent = |exponent| ExponentPower::new(70.0, 250.0, exponent).unwrap();
        assert_eq!(at(&LinearPower { idle_w: 70.0, busy_w: 250.0 }, 0.25), 70.0 + 45.0);
        assert_eq!(at(&exponent(2.0), 0.25), 70.0 + 11.25);
        assert_eq!(at(&exponent(3.0), 0.25), 70.0 + 2.8125);
        assert_eq!(at(&exponent(0.5), 0.25), 70.0 + 90.0);
        assert!((at(&exponent(1.5), 0.25) - (70.0 + 22.5)).abs() < 1e-12);
        for model in [exponent(2.0), exponent(3.0), exponent(0.5), exponent(1.5)] {
            assert_eq!((at(&model, 0.0), at(&model, 1.0)), (70.0, 250.0));
            assert_eq!((at(&model, -1.0), at(&model, 2.0)), (70.0, 250.0));
        }
    }

    #[test]
    fn a_table_is_met_at_its_points_and_linear_between() {
        let watts = [60.0, 66.0, 71.0, 80.0, 84.0, 91.0, 93.0, 97.0, 100.0, 104.0, 110.0];
        let table = TablePower::new(&watts).unwrap();
        for (index, &expected) in watts.iter().enumerate() {
            assert!((at(&table, index as f64 / 10.0) - expected).abs() < 1e-12, "{index}");
        }
        assert!((at(&table, 0.55) - 92.0).abs() < 1e-12);
        assert_eq!((at(&table, -0.1), at(&table, 1.1)), (60.0, 110.0));
    }

    #[test]
    fn half_the_dynamic_power_halves_what_is_above_idle() {
        let half = |utilisation| Load { dynamic_share: 0.5, ..Load::of(utilisation) };
        assert_eq!(LinearPower { idle_w: 50.0, busy_w: 150.0 }.power_w(&half(0.5)), 75.0);
        assert_eq!(ExponentPower::new(50.0, 150.0, 2.0).unwrap().power_w(&half(0.5)), 62.5);
        assert_eq!(TablePower::new(&[50.0, 90.0, 150.0]).unwrap().power_w(&half(0.5)), 70.0);
    }

    #[test]
    fn a_budget_follows_the_busier_part() {
        let module = BudgetPower::new(2.0, 10.0).unwrap();
        let load = Load { accelerator_utilisation: 0.75, ..Load::of(0.25) };
        assert_eq!((module.power_w(&load), at(&module, 0.25)), (8.0, 4.0));
    }

    #[test]
    fn work_costs_the_difference_to_idling() {
        // One of four cores for 10 s: (100 + 50/4 - 100) * 10 J; in a square table 50/16 * 10.
        let linear = LinearPower { idle_w: 100.0, busy_w: 150.0 };
        assert_eq!(linear.dynamic_energy_j(10.0, 4.0), 125.0);
        assert_eq!(ExponentPower::new(100.0, 150.0, 2.0).unwrap().dynamic_energy_j(10.0, 4.0), 31.25);
        assert_eq!(linear.dynamic_energy_j(10.0, 0.0), 0.0);
    }

    #[test]
    fn values_that_are_no_power_are_refused() {
        assert!(TablePower::new(&[1.0]).unwrap_err().to_string().contains("at least 2"));
        let error = TablePower::new(&[1.0, -2.0]).unwrap_err().to_string();
        assert!(error.contains("-2") && error.contains("at least 0"), "{error}");
        assert!(ExponentPower::new(f64::NAN, 1.0, 2.0).is_err());
        assert!(BudgetPower::new(1.0, f64::INFINITY).is_err());
        let point = OperatingPoint::new(1e9, 1.0).unwrap();
        assert!(CmosPower::new(-1.0, 0.0, point).is_err());
    }
}
