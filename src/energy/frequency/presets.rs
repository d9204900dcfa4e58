//! Named frequency steps of real machines, each with its source.

use super::{FrequencyError, FrequencySteps, OperatingPoint, Performance};

/// Frequency steps of a real machine, to be named in a scenario as `"frequency": { "preset": NAME }`.
#[derive(Clone, Debug)]
pub struct FrequencyPreset {
    /// Its name.
    pub name: &'static str,
    /// What machine it is.
    pub about: &'static str,
    /// Where the figures come from.
    pub source: &'static str,
    /// Megahertz and volt of each step.
    points: &'static [(f64, f64)],
    /// Times over those of the fastest step, of compute-bound, hybrid and memory-bound jobs; the beta model
    /// with its defaults where they were not measured.
    times: Option<[[f64; 4]; 3]>,
}

impl FrequencyPreset {
    /// The steps.
    ///
    /// # Errors
    /// None of a built-in preset.
    pub fn steps(&self) -> Result<FrequencySteps, FrequencyError> {
        let points: Result<_, _> =
            self.points.iter().map(|&(mhz, volt)| OperatingPoint::new(mhz * 1e6, volt)).collect();
        let performance = match self.times {
            Some(times) => Performance::Table(times.map(|times| times.to_vec())),
            None => Performance::default(),
        };
        FrequencySteps::new(points?, performance)
    }
}

const EXTENSION: &str = "MLSysOps extension of CloudSim, mlsysops-eu/ExtCloudSim at 1544b7d";
const DEVICE_TREE: &str = "operating points of Linux device trees; beta model";

/// Its documentation has hybrid before memory-bound for the Xeon, and the reverse for the ARM machines.
const XEON: [[f64; 4]; 3] = [
    [1.611_362_471, 1.306_596_118, 1.102_805_429, 1.0],
    [1.348_819_874, 1.152_160_567, 1.037_112_444, 1.0],
    [1.038_686_363, 1.022_875_707, 1.020_408_163, 1.0],
];
const X_GENE_2: [[f64; 4]; 3] = [[8.0, 2.4, 1.41, 1.0], [4.9, 1.60, 1.16, 1.0], [2.4, 1.23, 1.07, 1.0]];
const X_GENE_3: [[f64; 4]; 3] = [
    [7.500_018_75, 2.307_694_083, 1.303_636_983, 1.0],
    [5.151_956_971, 1.761_310_697, 1.142_691_761, 1.0],
    [2.438_970_852, 1.288_533_597, 1.083_896_821, 1.0],
];

macro_rules! presets {
    ($($name:literal $about:literal $source:ident $points:tt $times:expr;)*) => {
        &[$(FrequencyPreset {
            name: $name, about: $about, source: $source, points: &$points, times: $times,
        }),*]
    };
}

#[rustfmt::skip]
static ALL: &[FrequencyPreset] = presets! {
    "xeon_e3_1220" "Xeon E3-1220 at nominal voltage" EXTENSION
        [(2000.0, 0.851), (2500.0, 0.922), (3000.0, 1.075), (3300.0, 1.146)] Some(XEON);
    "xeon_e3_1220_undervolted_0" "Xeon E3-1220 in the first extended margin" EXTENSION
        [(2000.0, 0.666), (2500.0, 0.741), (3000.0, 0.865), (3300.0, 0.929)] Some(XEON);
    "xeon_e3_1220_undervolted_1" "Xeon E3-1220 in the second extended margin" EXTENSION
        [(2000.0, 0.655), (2500.0, 0.730), (3000.0, 0.852), (3300.0, 0.916)] Some(XEON);
    "xeon_e3_1220_undervolted_2" "Xeon E3-1220 in the third extended margin" EXTENSION
        [(2000.0, 0.643), (2500.0, 0.718), (3000.0, 0.838), (3300.0, 0.902)] Some(XEON);
    "x_gene_2" "X-Gene 2 at nominal voltage" EXTENSION
        [(300.0, 0.98), (1000.0, 0.98), (1700.0, 0.98), (2400.0, 0.98)] Some(X_GENE_2);
    "x_gene_2_undervolted" "X-Gene 2 in the second and third extended margin" EXTENSION
        [(300.0, 0.78), (1000.0, 0.79), (1700.0, 0.93), (2400.0, 0.95)] Some(X_GENE_2);
    "x_gene_3" "X-Gene 3 at nominal voltage" EXTENSION
        [(400.0, 0.88), (1300.0, 0.88), (2200.0, 0.88), (3000.0, 0.88)] Some(X_GENE_3);
    "x_gene_3_undervolted" "X-Gene 3 in the extended margins" EXTENSION
        [(400.0, 0.79), (1300.0, 0.79), (2200.0, 0.83), (3000.0, 0.84)] Some(X_GENE_3);
    "cortex_a53_hi6220" "Cortex-A53 of the HiSilicon Hi6220 (HiKey)" DEVICE_TREE
        [(208.0, 1.04), (432.0, 1.04), (729.0, 1.09), (960.0, 1.18), (1200.0, 1.33)] None;
    "cortex_a53_rk3399" "Cortex-A53 of the Rockchip RK3399" DEVICE_TREE
        [(408.0, 0.80), (600.0, 0.80), (816.0, 0.85), (1008.0, 0.925), (1200.0, 1.00), (1416.0, 1.125)] None;
    "cortex_a72_rk3399" "Cortex-A72 of the Rockchip RK3399" DEVICE_TREE
        [(408.0, 0.80), (600.0, 0.80), (816.0, 0.825), (1008.0, 0.875), (1200.0, 0.95), (1416.0, 1.025),
         (1608.0, 1.10), (1800.0, 1.20)] None;
};

/// All presets.
#[must_use]
pub fn frequency_presets() -> &'static [FrequencyPreset] {
    ALL
}

/// The preset of this name.
///
/// ```
/// use stratosim::energy::frequency_preset;
/// let steps = frequency_preset("xeon_e3_1220").expect("it is one of them").steps()?;
/// assert_eq!(steps.points()[0].frequency_hz(), 2e9);
/// # Ok::<(), stratosim::energy::FrequencyError>(())
/// ```
#[must_use]
pub fn frequency_preset(name: &str) -> Option<&'static FrequencyPreset> {
    ALL.iter().find(|preset| preset.name == name)
}
