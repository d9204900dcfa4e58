//! The close-in model of path loss.

/// Speed of light in vacuum in metres a second.
pub(in crate::infra) const SPEED_OF_LIGHT_M_PER_S: f64 = 299_792_458.0;

/// Mean path loss by the close-in model with a reference of 1 m (Sun et al. 2016, IEEE Trans. Veh. Tech. 65(5)):
///
/// PL(d) = 20 log10(4 pi f / c) + 10 n log10(d / 1 m), d >= 1 m.
///
/// ```
/// use stratosim::infra::CloseInPathLoss;
/// // Free space loss over the first metre at 3.5 GHz is 43.329 dB; then 31 dB a decade.
/// let model = CloseInPathLoss { carrier_hz: 3.5e9, exponent: 3.1 };
/// assert!((model.path_loss_db(100.0) - 105.329).abs() < 1e-3);
/// assert!((model.distance_m(105.329) - 100.0).abs() < 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloseInPathLoss {
    /// Carrier f in hertz, above 0.
    pub carrier_hz: f64,
    /// Path loss exponent n, 1 to 10.
    pub exponent: f64,
}

impl CloseInPathLoss {
    /// Free space loss over the first metre in dB.
    #[must_use]
    pub fn reference_db(&self) -> f64 {
        20.0 * (4.0 * std::f64::consts::PI * self.carrier_hz / SPEED_OF_LIGHT_M_PER_S).log10()
    }

    /// Mean path loss in dB at a distance in metres, which counts as 1 m at least.
    #[must_use]
    pub fn path_loss_db(&self, distance_m: f64) -> f64 {
        self.reference_db() + 10.0 * self.exponent * distance_m.max(1.0).log10()
    }

    /// The distance in metres at which the mean path loss is this many dB, 1 m at least.
    #[must_use]
    pub fn distance_m(&self, path_loss_db: f64) -> f64 {
        10f64.powf((path_loss_db - self.reference_db()) / (10.0 * self.exponent)).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::CloseInPathLoss;

    /// The table of published values, where the data sets are at hand: 1e-6 dB, its last digit.
    #[test]
    fn path_loss_is_that_of_the_reference() {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
        let folder = std::env::var("STRATOSIM_DATA").unwrap_or_else(|_| beside.to_string());
        let path = format!("{folder}/radio/pathloss_ci_reference.csv");
        let Ok(mut reader) = csv::Reader::from_path(&path) else {
            println!("skipped: {path} does not exist; set STRATOSIM_DATA");
            return;
        };
        let mut rows = 0;
        for row in reader.deserialize::<(String, f64, f64, f64, f64)>() {
            let (scenario, exponent, carrier_hz, distance_m, expected_db) = row.expect("a row");
            let model = CloseInPathLoss { carrier_hz, exponent };
            let found_db = model.path_loss_db(distance_m);
            assert!(
                (found_db - expected_db).abs() <= 1e-6,
                "{scenario} {distance_m}: {found_db} {expected_db}"
            );
            assert!((model.distance_m(found_db) / distance_m - 1.0).abs() < 1e-9);
            rows += 1;
        }
        assert!(rows > 300, "{rows}");
    }
}
