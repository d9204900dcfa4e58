//! One SINR for a block that is spread over parts of a carrier with several.

use super::sinr::SinrGroup;
use super::tables::CodingScheme;

/// beta of exponential effective SINR mapping by 1024 x code rate, for QPSK, 16QAM, 64QAM and 256QAM: calibrated by link
/// simulations, as Sionna 1.2.2 ships them (Apache-2.0).
const BETAS: [&[(f64, f64)]; 4] = [
    &[
        (120.0, 1.6),
        (157.0, 1.61),
        (193.0, 1.63),
        (251.0, 1.65),
        (308.0, 1.67),
        (379.0, 1.7),
        (449.0, 1.73),
        (526.0, 1.76),
        (602.0, 1.79),
        (679.0, 1.82),
    ],
    &[
        (340.0, 3.97),
        (378.0, 4.27),
        (434.0, 4.71),
        (490.0, 5.16),
        (553.0, 5.66),
        (616.0, 6.16),
        (658.0, 6.5),
    ],
    &[
        (438.0, 9.95),
        (466.0, 10.97),
        (517.0, 12.92),
        (567.0, 14.96),
        (616.0, 17.06),
        (666.0, 19.33),
        (719.0, 21.85),
        (772.0, 24.51),
        (822.0, 27.14),
        (873.0, 29.94),
        (910.0, 32.05),
        (948.0, 34.28),
    ],
    &[
        (682.5, 56.48),
        (711.0, 65.0),
        (754.0, 78.58),
        (797.0, 92.48),
        (841.0, 106.27),
        (885.0, 118.74),
        (916.5, 126.36),
        (948.0, 132.54),
    ],
];

/// What 1024QAM has more than 256QAM at the same rate: the step from 64QAM to 256QAM, 132.54 / 34.28. No calibration of
/// 1024QAM is published.
const STEP_TO_1024QAM: f64 = 3.87;

/// Linear between points, and the nearest end's value beyond them; 0 without points.
pub(super) fn interpolated(points: &[(f64, f64)], x: f64) -> f64 {
    let place = points.partition_point(|point| point.0 <= x);
    let (below, above) = (place.checked_sub(1).and_then(|below| points.get(below)), points.get(place));
    match (below, above) {
        (Some(&(x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (Some(&(_, y)), None) | (None, Some(&(_, y))) => y,
        (None, None) => 0.0,
    }
}

/// beta of a coding scheme: calibrated for the tables up to 256QAM, interpolated in the rate otherwise.
///
/// ```
/// use stratosim::infra::nr::{McsTable, effective_beta};
/// assert_eq!(effective_beta(&McsTable::Qam256.scheme(27).unwrap()), 132.54);
/// // Rates below those of the tables have the lowest one's.
/// assert_eq!(effective_beta(&McsTable::LowEfficiency.scheme(0).unwrap()), 1.6);
/// ```
#[must_use]
pub fn effective_beta(scheme: &CodingScheme) -> f64 {
    let of = |place: usize| interpolated(BETAS[place], scheme.rate_x1024);
    match scheme.modulation_bits {
        ..=2 => of(0),
        3..=4 => of(1),
        5..=6 => of(2),
        7..=8 => of(3),
        _ => STEP_TO_1024QAM * of(3),
    }
}

/// Effective SINR of a block over parts of a carrier: -beta ln(sum of w exp(-sinr / beta)), linear, w being the parts'
/// shares (EESM; 3GPP TR 25.892, annex A.4.3.1). With beta that of the scheme the block fails as often as with this SINR
/// everywhere. It lies between the least SINR and the mean.
///
/// ```
/// use stratosim::infra::nr::{SinrGroup, effective_sinr};
/// let half = |sinr| SinrGroup { share: 0.5, sinr };
/// // By hand: -2 ln((e^-1 + e^-5) / 2).
/// let found = effective_sinr(&[half(2.0), half(10.0)], 2.0);
/// assert!((found - 3.349_994).abs() < 1e-6);
/// ```
#[must_use]
pub fn effective_sinr(groups: &[SinrGroup], beta: f64) -> f64 {
    let [first, others @ ..] = groups else { return 0.0 };
    if others.is_empty() {
        return first.sinr;
    }
    // Less the least SINR, so that large ones do not underflow.
    let least = groups.iter().map(|group| group.sinr).fold(f64::INFINITY, f64::min);
    let (mut sum, mut shares) = (0.0, 0.0);
    for group in groups {
        sum += group.share * (-(group.sinr - least) / beta).exp();
        shares += group.share;
    }
    least - beta * (sum / shares).ln()
}

#[cfg(test)]
mod tests {
    use super::super::reference;
    use super::super::tables::McsTable;
    use super::super::{from_db, to_db};
    use super::*;
    use proptest::prelude::*;

    fn effective_db(table: usize, index: u32, sinrs_db: &[f64]) -> f64 {
        let share = 1.0 / sinrs_db.len() as f64;
        let groups: Vec<SinrGroup> =
            sinrs_db.iter().map(|&db| SinrGroup { share, sinr: from_db(db) }).collect();
        let scheme = McsTable::ALL[table - 1].scheme(index).expect("a row");
        to_db(effective_sinr(&groups, effective_beta(&scheme)))
    }

    /// Vectors of Sionna, and all of them where the table is at hand.
    #[test]
    fn effective_ratios_are_those_of_sionna() {
        let numbers = |text: &str| {
            text.split(' ').map(|text| text.parse().expect("a number")).collect::<Vec<f64>>()
        };
        let first = numbers("5.00 5.90 4.18 2.33 3.64 2.03 5.18 9.02 3.52 3.14 6.47 6.07");
        let wide = numbers("6.00 6.45 10.78 6.87 11.42 11.36 18.10 4.43 13.55 9.64 9.94 4.20");
        for (table, index, sinrs_db, expected_db) in [(1, 0, first, 4.375_421), (2, 0, wide, 6.879_151)]
        {
            let found_db = effective_db(table, index, &sinrs_db);
            assert!((found_db - expected_db).abs() < 1e-4, "{found_db} {expected_db}");
        }
        let Some(rows) = reference::rows("eesm_reference.csv") else { return };
        assert_eq!(rows.len(), 36);
        for row in rows {
            let sinrs_db = numbers(row.text("sinr_per_re_db"));
            let (table, index) = (row.number("mcs_table") as usize, row.number("mcs_index") as u32);
            let found_db = effective_db(table, index, &sinrs_db);
            assert!((found_db - row.number("sinr_eff_db")).abs() < 1e-4, "{row:?} {found_db}");
        }
        let rows = reference::rows("eesm_beta.csv").expect("beside the other");
        assert_eq!(rows.len(), 57);
        for row in rows {
            let table = McsTable::ALL[row.number("mcs_table") as usize - 1];
            let scheme = table.scheme(row.number("mcs_index") as u32).expect("a row");
            assert_eq!(effective_beta(&scheme), row.number("beta"), "{row:?}");
        }
    }

    proptest! {
        #[test]
        fn effective_ratios_lie_between_least_and_mean(
            sinrs_db in prop::collection::vec(-30.0..50.0_f64, 1..12),
            beta in 1.6..600.0_f64,
        ) {
            let share = 1.0 / sinrs_db.len() as f64;
            let groups: Vec<SinrGroup> =
                sinrs_db.iter().map(|&db| SinrGroup { share, sinr: from_db(db) }).collect();
            let found = effective_sinr(&groups, beta);
            let least = groups.iter().map(|group| group.sinr).fold(f64::INFINITY, f64::min);
            let mean: f64 = groups.iter().map(|group| share * group.sinr).sum();
            prop_assert!(least * (1.0 - 1e-9) <= found && found <= mean * (1.0 + 1e-9), "{found}");
        }
    }
}
