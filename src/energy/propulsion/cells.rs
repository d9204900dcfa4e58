//! Voltage of a lithium-polymer cell over its charge.

/// Rest voltage of a cell by state of charge in percent, as ArduPilot's simulator has it (SIM_Battery.cpp), descending.
const CELL: [(f64, f64); 28] = [
    (100.0, 4.173),
    (96.15, 4.112),
    (92.31, 4.085),
    (88.46, 4.071),
    (84.62, 4.039),
    (80.77, 3.987),
    (76.92, 3.943),
    (73.08, 3.908),
    (69.23, 3.887),
    (65.38, 3.854),
    (61.54, 3.833),
    (57.69, 3.801),
    (53.85, 3.783),
    (50.0, 3.742),
    (46.15, 3.715),
    (42.31, 3.679),
    (38.46, 3.636),
    (34.62, 3.588),
    (30.77, 3.543),
    (26.92, 3.503),
    (23.08, 3.462),
    (19.23, 3.379),
    (15.38, 3.296),
    (11.54, 3.218),
    (7.69, 3.165),
    (3.85, 3.091),
    (2.0, 2.977),
    (0.0, 0.0),
];

/// The cell table of ArduPilot's simulator, scaled to a pack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellTable {
    /// Volts of the full pack at rest.
    pub full_v: f64,
    /// Inner resistance in ohms.
    pub resistance_ohm: f64,
}

impl CellTable {
    /// Volts at rest with this share of the charge in 0..=1.
    ///
    /// ```
    /// use stratosim::energy::CellTable;
    /// let pack = CellTable { full_v: 12.6, resistance_ohm: 0.01 };
    /// assert_eq!(pack.rest_v(1.0), 12.6);
    /// assert!((pack.rest_v(0.5) - 12.6 * 3.742 / 4.173).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn rest_v(&self, share: f64) -> f64 {
        let percent = 100.0 * share.clamp(0.0, 1.0);
        let below = CELL.iter().position(|(at, _)| *at <= percent).unwrap_or(CELL.len() - 1);
        let (low, low_v) = CELL[below];
        let cell_v = match below.checked_sub(1).map(|above| CELL[above]) {
            Some((high, high_v)) => low_v + (high_v - low_v) * (percent - low) / (high - low),
            None => low_v,
        };
        cell_v * self.full_v / CELL[0].1
    }

    /// Volts and amperes at a load of this many watts: U = U_rest - I R with U I = P. What is more than the pack can
    /// give is drawn at half of its rest voltage.
    #[must_use]
    pub fn under_load(&self, share: f64, load_w: f64) -> (f64, f64) {
        let rest_v = self.rest_v(share);
        if self.resistance_ohm <= 0.0 {
            return (rest_v, if rest_v > 0.0 { load_w / rest_v } else { 0.0 });
        }
        let root = (rest_v * rest_v - 4.0 * self.resistance_ohm * load_w).max(0.0).sqrt();
        let volts = (rest_v + root) / 2.0;
        (volts, (rest_v - volts) / self.resistance_ohm)
    }
}

/// A lithium-polymer battery as vehicles have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatteryPack {
    /// The name in scenarios.
    pub name: &'static str,
    /// Cells in series.
    pub cells: u32,
    /// Charge when full, in mAh.
    pub capacity_mah: f64,
    /// Inner resistance in ohms.
    pub resistance_ohm: f64,
}

/// Nominal volts of a cell.
const NOMINAL_V: f64 = 3.7;

/// Volts of a full cell.
const FULL_V: f64 = 4.2;

impl BatteryPack {
    /// Energy when full, in joules: the nominal voltage times the charge.
    ///
    /// ```
    /// use stratosim::energy::battery_packs;
    /// // The battery of a 3DR Iris has 56.6 Wh.
    /// let iris = battery_packs().iter().find(|pack| pack.name == "lipo_3s_5100").expect("a pack");
    /// assert!((iris.capacity_j() / 3600.0 - 56.61).abs() < 0.01);
    /// ```
    #[must_use]
    pub fn capacity_j(&self) -> f64 {
        NOMINAL_V * f64::from(self.cells) * self.capacity_mah * 3.6
    }

    /// Volts when full.
    #[must_use]
    pub fn full_v(&self) -> f64 {
        FULL_V * f64::from(self.cells)
    }
}

/// Usual packs; the resistance is that of ArduPilot's simulator.
const PACKS: [BatteryPack; 5] = [
    BatteryPack { name: "lipo_3s_3300", cells: 3, capacity_mah: 3300.0, resistance_ohm: 0.01 },
    BatteryPack { name: "lipo_3s_5100", cells: 3, capacity_mah: 5100.0, resistance_ohm: 0.01 },
    BatteryPack { name: "lipo_4s_5200", cells: 4, capacity_mah: 5200.0, resistance_ohm: 0.01 },
    BatteryPack { name: "lipo_6s_10000", cells: 6, capacity_mah: 10_000.0, resistance_ohm: 0.01 },
    BatteryPack { name: "lipo_6s_22000", cells: 6, capacity_mah: 22_000.0, resistance_ohm: 0.01 },
];

/// All packs.
#[must_use]
pub fn battery_packs() -> &'static [BatteryPack] {
    &PACKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voltage_falls_with_charge_and_load() {
        let pack = CellTable { full_v: 12.6, resistance_ohm: 0.01 };
        let (volts, amperes) = pack.under_load(1.0, 340.0);
        assert!((volts * amperes - 340.0).abs() < 1e-9);
        assert!((volts - (12.6 - 0.01 * amperes)).abs() < 1e-12);
        assert_eq!(pack.rest_v(0.0), 0.0);
        let mut last = f64::INFINITY;
        for step in 0..=1000 {
            let volts = pack.rest_v(1.0 - f64::from(step) / 1000.0);
            assert!(volts <= last);
            last = volts;
        }
    }
}
