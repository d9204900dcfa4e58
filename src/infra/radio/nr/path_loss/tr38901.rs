//! The scenarios of TR 38.901, table 7.4.1-1.

use super::super::decibel::lg;
use super::{ByState, LineOfSight, PathLoss, PathLossRange, RadioPath, Shadowing};
use crate::engine::EntityStream;
use crate::infra::radio::SPEED_OF_LIGHT_M_PER_S;
use rand::RngExt as _;

/// The least distance on the ground for which the formulas were made.
const LEAST_2D_M: f64 = 10.0;

/// Distance of the break point in metres of UMi and UMa: 4 (hB - hE) (hU - hE) f / c.
fn break_point_m(path: &RadioPath, environment_m: f64) -> f64 {
    let heights_m2 =
        (path.base_height_m - environment_m).max(0.0) * (path.device_height_m - environment_m).max(0.0);
    4.0 * heights_m2 * path.carrier_hz / SPEED_OF_LIGHT_M_PER_S
}

/// Logarithms to the base of ten of the distance between antennas in metres and of the carrier in gigahertz.
#[derive(Clone, Copy)]
struct Logs {
    distance: f64,
    carrier: f64,
}

impl Logs {
    fn new(path: &RadioPath) -> Self {
        Logs { distance: lg(path.distance_3d_m()), carrier: lg(path.carrier_ghz()) }
    }
}

/// Loss of the two slopes of UMi and UMa.
fn two_slopes_db(
    path: &RadioPath,
    logs: Logs,
    break_m: f64,
    intercept_db: f64,
    near: f64,
    far: f64,
) -> f64 {
    let carrier_db = intercept_db + 20.0 * logs.carrier;
    // Antennas at or below the height of the surroundings have no break point, and the first slope alone.
    if path.distance_2d_m <= break_m || break_m <= 0.0 {
        return carrier_db + near * logs.distance;
    }
    let rise_m = path.base_height_m - path.device_height_m;
    carrier_db + 40.0 * logs.distance - far * lg(break_m * break_m + rise_m * rise_m)
}

/// UMi street canyon: antennas below the roofs, 10 m in the standard's calibrations.
///
/// LOS: 32.4 + 21 lg d3 + 20 lg f to the break point, 32.4 + 40 lg d3 + 20 lg f - 9.5 lg(dBP^2 + (hB - hU)^2) beyond.
/// NLOS: 35.3 lg d3 + 22.4 + 21.3 lg f - 0.3 (hU - 1.5), no less than LOS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UrbanMicro {
    /// Whether paths without line of sight take the standard's optional formula, 32.4 + 20 lg f + 31.9 lg d3.
    pub optional: bool,
    /// Standard deviation of the shadowing in dB: 4 and 7.82.
    pub sigma_db: ByState,
    /// Correlation distance of the shadowing in metres: 10 and 13.
    pub correlation_m: ByState,
}

impl Default for UrbanMicro {
    fn default() -> Self {
        UrbanMicro {
            optional: false,
            sigma_db: ByState { line_of_sight: 4.0, obstructed: 7.82 },
            correlation_m: ByState { line_of_sight: 10.0, obstructed: 13.0 },
        }
    }
}

impl UrbanMicro {
    /// With the optional formula and its standard deviation, 8.2 dB.
    #[must_use]
    pub fn optional() -> Self {
        let own = UrbanMicro::default();
        UrbanMicro { optional: true, sigma_db: ByState { obstructed: 8.2, ..own.sigma_db }, ..own }
    }

    /// Distance of the break point on the ground in metres, with surroundings of 1 m.
    #[must_use]
    pub fn break_point_m(&self, path: &RadioPath) -> f64 {
        break_point_m(path, 1.0)
    }
}

impl PathLoss for UrbanMicro {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let path = path.at_least_2d_m(LEAST_2D_M);
        let logs = Logs::new(&path);
        let seen = || two_slopes_db(&path, logs, break_point_m(&path, 1.0), 32.4, 21.0, 9.5);
        if path.line_of_sight {
            return seen();
        }
        let Logs { distance, carrier } = logs;
        if self.optional {
            return 32.4 + 20.0 * carrier + 31.9 * distance;
        }
        let unseen_db = 35.3 * distance + 22.4 + 21.3 * carrier - 0.3 * (path.device_height_m - 1.5);
        unseen_db.max(seen())
    }

    fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
        LineOfSight::UrbanMicro.probability(path)
    }

    fn shadowing(&self, path: &RadioPath) -> Shadowing {
        Shadowing {
            sigma_db: self.sigma_db.of(path),
            correlation_m: self.correlation_m.of(path),
            state_correlation_m: 50.0,
        }
    }

    fn range(&self) -> PathLossRange {
        PathLossRange {
            model: "TR 38.901 UMi street canyon",
            carrier_hz: (0.5e9, 100e9),
            distance_m: (LEAST_2D_M, 5000.0),
            device_height_m: (1.5, 22.5),
            ..PathLossRange::ANY
        }
    }
}

/// UMa: antennas above the roofs, 25 m in the standard's calibrations.
///
/// LOS: 28 + 22 lg d3 + 20 lg f to the break point, 28 + 40 lg d3 + 20 lg f - 9 lg(dBP^2 + (hB - hU)^2) beyond. NLOS:
/// 13.54 + 39.08 lg d3 + 20 lg f - 0.6 (hU - 1.5), no less than LOS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UrbanMacro {
    /// Whether paths without line of sight take the standard's optional formula, 32.4 + 20 lg f + 30 lg d3.
    pub optional: bool,
    /// Height of the surroundings hE in metres: 1, which it is for sure where devices are below 13 m; otherwise
    /// [`UrbanMacro::draw_environment_m`].
    pub environment_m: f64,
    /// Standard deviation of the shadowing in dB: 4 and 6.
    pub sigma_db: ByState,
    /// Correlation distance of the shadowing in metres: 37 and 50.
    pub correlation_m: ByState,
}

impl Default for UrbanMacro {
    fn default() -> Self {
        UrbanMacro {
            optional: false,
            environment_m: 1.0,
            sigma_db: ByState { line_of_sight: 4.0, obstructed: 6.0 },
            correlation_m: ByState { line_of_sight: 37.0, obstructed: 50.0 },
        }
    }
}

impl UrbanMacro {
    /// With the optional formula and its standard deviation, 7.8 dB.
    #[must_use]
    pub fn optional() -> Self {
        let own = UrbanMacro::default();
        UrbanMacro { optional: true, sigma_db: ByState { obstructed: 7.8, ..own.sigma_db }, ..own }
    }

    /// Draws the height of the surroundings of a path in metres (note 1 of table 7.4.1-1): 1 m with probability
    /// 1 / (1 + C(d, hU)), otherwise one of 12, 15, ..., hU - 1.5 m with equal probability. Two draws.
    #[must_use]
    pub fn draw_environment_m(path: &RadioPath, random: &mut EntityStream) -> f64 {
        let (low, which) = (random.random::<f64>(), random.random::<f64>());
        let d_m = path.distance_2d_m;
        let far = if d_m <= 18.0 { 0.0 } else { 1.25 * (d_m / 100.0).powi(3) * (-d_m / 150.0).exp() };
        let c = super::line_of_sight::tall(path.device_height_m) * far;
        // From 12 m in steps of 3 m to hU - 1.5 m: at least 12 m itself, as devices are above 13.5 m then.
        let steps = ((path.device_height_m - 13.5) / 3.0).floor();
        if low * (1.0 + c) < 1.0 || steps < 0.0 {
            return 1.0;
        }
        12.0 + 3.0 * (which * (steps + 1.0)).floor()
    }
}

impl PathLoss for UrbanMacro {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let path = path.at_least_2d_m(LEAST_2D_M);
        let logs = Logs::new(&path);
        let seen =
            || two_slopes_db(&path, logs, break_point_m(&path, self.environment_m), 28.0, 22.0, 9.0);
        if path.line_of_sight {
            return seen();
        }
        let Logs { distance, carrier } = logs;
        if self.optional {
            return 32.4 + 20.0 * carrier + 30.0 * distance;
        }
        let unseen_db = 13.54 + 39.08 * distance + 20.0 * carrier - 0.6 * (path.device_height_m - 1.5);
        unseen_db.max(seen())
    }

    fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
        LineOfSight::UrbanMacro.probability(path)
    }

    fn shadowing(&self, path: &RadioPath) -> Shadowing {
        Shadowing {
            sigma_db: self.sigma_db.of(path),
            correlation_m: self.correlation_m.of(path),
            state_correlation_m: 50.0,
        }
    }

    fn range(&self) -> PathLossRange {
        PathLossRange {
            model: "TR 38.901 UMa",
            carrier_hz: (0.5e9, 100e9),
            distance_m: (LEAST_2D_M, 5000.0),
            device_height_m: (1.5, 22.5),
            ..PathLossRange::ANY
        }
    }
}

/// RMa: masts in the country, 35 m in the standard's calibrations. The formulas are long; see the code. Its range is that of
/// paths with line of sight, 10 km; the standard ends at 5 km without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuralMacro {
    /// Mean height of buildings h in metres, 5 to 50: 5.
    pub building_m: f64,
    /// Width of streets W in metres, 5 to 50: 20.
    pub street_m: f64,
    /// Standard deviation of the shadowing in dB: 4 before the break point, and 8.
    pub sigma_db: ByState,
    /// Standard deviation with line of sight beyond the break point in dB: 6.
    pub sigma_beyond_db: f64,
    /// Correlation distance of the shadowing in metres: 37 and 120.
    pub correlation_m: ByState,
}

impl Default for RuralMacro {
    fn default() -> Self {
        RuralMacro {
            building_m: 5.0,
            street_m: 20.0,
            sigma_db: ByState { line_of_sight: 4.0, obstructed: 8.0 },
            sigma_beyond_db: 6.0,
            correlation_m: ByState { line_of_sight: 37.0, obstructed: 120.0 },
        }
    }
}

impl RuralMacro {
    /// Distance of the break point on the ground in metres: 2 pi hB hU f / c.
    #[must_use]
    pub fn break_point_m(&self, path: &RadioPath) -> f64 {
        2.0 * std::f64::consts::PI * path.base_height_m * path.device_height_m * path.carrier_hz
            / SPEED_OF_LIGHT_M_PER_S
    }

    /// Line of sight, before the break point.
    fn near_db(&self, carrier_ghz: f64, distance_m: f64) -> f64 {
        let roofs = self.building_m.powf(1.72);
        20.0 * (40.0 * std::f64::consts::PI * distance_m * carrier_ghz / 3.0).log10()
            + (0.03 * roofs).min(10.0) * distance_m.log10()
            - (0.044 * roofs).min(14.77)
            + 0.002 * self.building_m.log10() * distance_m
    }

    fn seen_db(&self, path: &RadioPath) -> f64 {
        let (break_m, carrier_ghz) = (self.break_point_m(path), path.carrier_ghz());
        if path.distance_2d_m <= break_m {
            return self.near_db(carrier_ghz, path.distance_3d_m());
        }
        self.near_db(carrier_ghz, break_m) + 40.0 * (path.distance_3d_m() / break_m).log10()
    }
}

impl PathLoss for RuralMacro {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let path = path.at_least_2d_m(LEAST_2D_M);
        let seen_db = self.seen_db(&path);
        if path.line_of_sight {
            return seen_db;
        }
        let (base_m, building_m) = (path.base_height_m, self.building_m);
        let unseen_db = 161.04 - 7.1 * self.street_m.log10() + 7.5 * building_m.log10()
            - (24.37 - 3.7 * (building_m / base_m).powi(2)) * base_m.log10()
            + (43.42 - 3.1 * base_m.log10()) * (path.distance_3d_m().log10() - 3.0)
            + 20.0 * path.carrier_ghz().log10()
            - (3.2 * (11.75 * path.device_height_m).log10().powi(2) - 4.97);
        unseen_db.max(seen_db)
    }

    fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
        LineOfSight::RuralMacro.probability(path)
    }

    fn shadowing(&self, path: &RadioPath) -> Shadowing {
        let beyond = path.line_of_sight && path.distance_2d_m > self.break_point_m(path);
        Shadowing {
            sigma_db: if beyond { self.sigma_beyond_db } else { self.sigma_db.of(path) },
            correlation_m: self.correlation_m.of(path),
            state_correlation_m: 60.0,
        }
    }

    fn range(&self) -> PathLossRange {
        PathLossRange {
            model: "TR 38.901 RMa",
            carrier_hz: (0.5e9, 30e9),
            distance_m: (LEAST_2D_M, 10_000.0),
            base_height_m: (10.0, 150.0),
            device_height_m: (1.0, 10.0),
        }
    }
}

/// InH office: antennas at the ceiling, 3 m in the standard's calibrations.
///
/// LOS: 32.4 + 17.3 lg d3 + 20 lg f. NLOS: 17.3 + 38.3 lg d3 + 24.9 lg f, no less than LOS. Distances are between the
/// antennas, 1 to 150 m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndoorHotspot {
    /// Whether paths without line of sight take the standard's optional formula, 32.4 + 20 lg f + 31.9 lg d3.
    pub optional: bool,
    /// Whether the office is open-plan, where more is seen.
    pub open_plan: bool,
    /// Standard deviation of the shadowing in dB: 3 and 8.03.
    pub sigma_db: ByState,
    /// Correlation distance of the shadowing in metres: 10 and 6.
    pub correlation_m: ByState,
}

impl Default for IndoorHotspot {
    fn default() -> Self {
        IndoorHotspot {
            optional: false,
            open_plan: false,
            sigma_db: ByState { line_of_sight: 3.0, obstructed: 8.03 },
            correlation_m: ByState { line_of_sight: 10.0, obstructed: 6.0 },
        }
    }
}

impl IndoorHotspot {
    /// With the optional formula and its standard deviation, 8.29 dB.
    #[must_use]
    pub fn optional() -> Self {
        let own = IndoorHotspot::default();
        IndoorHotspot { optional: true, sigma_db: ByState { obstructed: 8.29, ..own.sigma_db }, ..own }
    }
}

impl PathLoss for IndoorHotspot {
    fn path_loss_db(&self, path: &RadioPath) -> f64 {
        let (distance, carrier) = (lg(path.distance_3d_m().max(1.0)), lg(path.carrier_ghz()));
        let seen_db = 32.4 + 17.3 * distance + 20.0 * carrier;
        match (path.line_of_sight, self.optional) {
            (true, _) => seen_db,
            (false, true) => 32.4 + 20.0 * carrier + 31.9 * distance,
            (false, false) => seen_db.max(17.3 + 38.3 * distance + 24.9 * carrier),
        }
    }

    fn line_of_sight_probability(&self, path: &RadioPath) -> f64 {
        let model = if self.open_plan { LineOfSight::IndoorOpen } else { LineOfSight::IndoorMixed };
        model.probability(path)
    }

    fn shadowing(&self, path: &RadioPath) -> Shadowing {
        Shadowing {
            sigma_db: self.sigma_db.of(path),
            correlation_m: self.correlation_m.of(path),
            state_correlation_m: 10.0,
        }
    }

    fn range(&self) -> PathLossRange {
        PathLossRange {
            model: "TR 38.901 InH office",
            carrier_hz: (0.5e9, 100e9),
            distance_m: (0.0, 150.0),
            ..PathLossRange::ANY
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::reference;
    use super::*;
    use crate::engine::RandomStreams;

    fn path(
        carrier_hz: f64,
        distance_2d_m: f64,
        heights_m: (f64, f64),
        line_of_sight: bool,
    ) -> RadioPath {
        let (base_height_m, device_height_m) = heights_m;
        RadioPath { carrier_hz, distance_2d_m, base_height_m, device_height_m, line_of_sight }
    }

    fn scenario(name: &str) -> Box<dyn PathLoss> {
        match name {
            "UMi" => Box::new(UrbanMicro::default()),
            "UMa" => Box::new(UrbanMacro::default()),
            "RMa" => Box::new(RuralMacro::default()),
            "InH" => Box::new(IndoorHotspot::default()),
            other => panic!("{other}"),
        }
    }

    /// Of the table of ns-3 and Sionna: before and beyond the break point, with and without line of sight.
    #[test]
    fn losses_are_those_of_ns3_and_sionna() {
        for (name, carrier_hz, distance_m, heights_m, seen, expected_db, chance) in [
            ("UMi", 3.5e9, 200.0, (10.0, 1.5), true, 91.611220, 0.093518),
            ("UMi", 3.5e9, 500.0, (10.0, 1.5), true, 107.108049, 0.036001),
            ("UMi", 3.5e9, 200.0, (10.0, 1.5), false, 115.228841, 0.093518),
            ("UMa", 2.1e9, 100.0, (25.0, 1.5), true, 78.701182, 0.347671),
            ("UMa", 28e9, 5000.0, (25.0, 1.5), true, 139.173631, 0.003600),
            ("UMa", 0.7e9, 1000.0, (25.0, 1.5), false, 127.686646, 0.018000),
            ("RMa", 0.7e9, 500.0, (35.0, 1.5), true, 84.632522, 0.612626),
            ("RMa", 0.7e9, 2000.0, (35.0, 1.5), true, 105.410379, 0.136695),
            ("RMa", 3.5e9, 1000.0, (35.0, 1.5), false, 130.424306, 0.371577),
        ] {
            let path = path(carrier_hz, distance_m, heights_m, seen);
            let model = scenario(name);
            let found_db = model.path_loss_db(&path);
            assert!((found_db - expected_db).abs() < 1e-4, "{name} {path:?} {found_db} {expected_db}");
            let found = model.line_of_sight_probability(&path);
            assert!((found - chance).abs() < 1e-6, "{name} {path:?} {found} {chance}");
        }
    }

    /// All rows of the table where it is at hand.
    #[test]
    fn all_losses_are_those_of_ns3_and_sionna() {
        let Some(rows) = reference::rows("pathloss_38901_reference.csv") else { return };
        assert_eq!(rows.len(), 756);
        let (mut sionna, mut far_db) = (0, 0.0_f64);
        for row in rows {
            let heights_m = (row.number("h_bs_m"), row.number("h_ut_m"));
            let seen = row.text("condition") == "LOS";
            let path = path(row.number("freq_hz"), row.number("d2d_m"), heights_m, seen);
            let model = scenario(row.text("scenario"));
            let found_db = model.path_loss_db(&path);
            assert!((path.distance_3d_m() - row.number("d3d_m")).abs() < 1e-6, "{row:?}");
            // Beyond the break point ns-3 takes c = 3e8 m/s.
            let ns3_db = (found_db - row.number("pl_ns3_db")).abs();
            far_db = far_db.max(ns3_db);
            assert!(
                ns3_db < if row.text("scenario") == "InH" { 1e-4 } else { 0.01 },
                "{row:?} {found_db}"
            );
            if !row.text("pl_sionna_db").is_empty() {
                assert!((found_db - row.number("pl_sionna_db")).abs() < 1e-4, "{row:?} {found_db}");
                let chance = model.line_of_sight_probability(&path);
                assert!((chance - row.number("p_los")).abs() < 1e-5, "{row:?} {chance}");
                sionna += 1;
            }
        }
        assert_eq!(sionna, 648);
        println!("756 rows; farthest from ns-3: {far_db:.4} dB");
    }

    /// By hand at 1 GHz and 1 km between antennas of the same height: 32.4 + 31.9 x 3 = 128.1 dB and so on.
    #[test]
    fn optional_formulas_are_those_of_hand_calculations() {
        let path = path(1e9, 1000.0, (1.5, 1.5), false);
        assert!((UrbanMicro::optional().path_loss_db(&path) - 128.1).abs() < 1e-9);
        assert!((UrbanMacro::optional().path_loss_db(&path) - 122.4).abs() < 1e-9);
        assert!((IndoorHotspot::optional().path_loss_db(&path) - 128.1).abs() < 1e-9);
        let sigma_db = |model: &dyn PathLoss| model.shadowing(&path).sigma_db;
        assert_eq!(sigma_db(&UrbanMicro::optional()), 8.2);
        assert_eq!(sigma_db(&UrbanMacro::optional()), 7.8);
        assert_eq!(sigma_db(&IndoorHotspot::optional()), 8.29);
    }

    /// 2 pi x 35 x 1.5 x 0.7e9 / c = 770.23 m in RMa: 4 dB before, 6 dB beyond, 8 dB without line of sight.
    #[test]
    fn rural_shadowing_grows_beyond_the_break_point() {
        let model = RuralMacro::default();
        let sigma_db =
            |distance_m, seen| model.shadowing(&path(0.7e9, distance_m, (35.0, 1.5), seen)).sigma_db;
        assert_eq!(
            (sigma_db(770.0, true), sigma_db(771.0, true), sigma_db(771.0, false)),
            (4.0, 6.0, 8.0)
        );
    }

    /// At hU = 22.5 m and 300 m: C = 0.95^1.5 x 1.25 x 27 x e^-2; heights are 12, 15, 18 or 21 m otherwise, evenly.
    #[test]
    fn surroundings_are_drawn_as_the_note_says() {
        let mut random = RandomStreams::new(1).entity("environment", 0);
        let high = path(3.5e9, 300.0, (25.0, 22.5), true);
        let mut counts = std::collections::BTreeMap::new();
        let draws = 40_000;
        for _ in 0..draws {
            let height_m = UrbanMacro::draw_environment_m(&high, &mut random);
            *counts.entry(height_m as u32).or_insert(0) += 1;
        }
        assert_eq!(counts.keys().copied().collect::<Vec<u32>>(), [1, 12, 15, 18, 21]);
        let c = 0.95_f64.powf(1.5) * 1.25 * 27.0 * (-2.0_f64).exp();
        for (height_m, count) in counts {
            let expected = if height_m == 1 { 1.0 / (1.0 + c) } else { c / (1.0 + c) / 4.0 };
            assert!((f64::from(count) / f64::from(draws) - expected).abs() < 0.01, "{height_m} {count}");
        }
        let low = path(3.5e9, 300.0, (25.0, 1.5), true);
        assert_eq!(UrbanMacro::draw_environment_m(&low, &mut random), 1.0);
    }
}
