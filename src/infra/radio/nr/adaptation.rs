//! How a link finds its coding scheme: quality indicators and the outer loop.

use super::block_error::BlockErrorModel;
use super::effective::{effective_beta, effective_sinr};
use super::sinr::SinrGroup;
use super::tables::CqiTable;
use super::{from_db, to_db};

/// Bits of the code blocks that indicators are chosen for.
const REFERENCE_BITS: u32 = 1000;

/// Chooses the channel quality indicator that a device reports: the highest whose scheme would lose no more blocks than
/// the table promises. The standard defines no thresholds; these are 10 lg(2^efficiency - 1) and the gap of the
/// modulation.
///
/// ```
/// use stratosim::infra::nr::{BlockErrorModel, CqiSelector, CqiTable, flat, from_db};
/// let selector = CqiSelector::new(CqiTable::Qam64, &BlockErrorModel::default());
/// assert_eq!(selector.choose(&flat(from_db(10.0))), 10);
/// assert_eq!(selector.choose(&flat(from_db(-12.0))), 0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CqiSelector {
    /// By CQI from 1: threshold in dB, as a ratio, and beta.
    rows: [(f64, f64, f64); 15],
}

impl CqiSelector {
    /// Thresholds of a table by a model of errors.
    #[must_use]
    pub fn new(table: CqiTable, errors: &BlockErrorModel) -> Self {
        let rows = table.schemes().each_ref().map(|scheme| {
            let threshold_db = errors.by_rule(scheme, REFERENCE_BITS).sinr_db(table.target_error());
            (threshold_db, from_db(threshold_db), effective_beta(scheme))
        });
        CqiSelector { rows }
    }

    /// The CQI of a device that sees these parts of a carrier: 1 to 15, or 0 if it is out of range.
    #[must_use]
    pub fn choose(&self, groups: &[SinrGroup]) -> u32 {
        // No effective SINR is above the mean.
        let mean: f64 = groups.iter().map(|group| group.share * group.sinr).sum();
        let enough = |&(_, threshold, beta): &(f64, f64, f64)| {
            mean * (1.0 + 1e-9) >= threshold && effective_sinr(groups, beta) >= threshold
        };
        self.rows.iter().rposition(enough).map_or(0, |place| place as u32 + 1)
    }

    /// The SINR in dB that a CQI stands for; `None` for 0 and above 15.
    #[must_use]
    pub fn threshold_db(&self, cqi: u32) -> Option<f64> {
        let place = (cqi as usize).checked_sub(1)?;
        self.rows.get(place).map(|row| row.0)
    }
}

/// Outer loop of link adaptation: corrects what is believed of the SINR until the target of errors is kept, one step up
/// for a loss, and a fraction of it down for a success.
///
/// ```
/// use stratosim::infra::nr::OuterLoop;
/// let mut outer = OuterLoop::default();
/// outer.lost();
/// (0..9).for_each(|_| outer.acknowledged());
/// // One loss in ten leaves it where it was.
/// assert!(outer.offset_db().abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OuterLoop {
    /// dB by which the SINR is believed to be lower after a loss, above 0: 1 (Sionna 1.2.2).
    pub step_db: f64,
    /// Share of first attempts that may be lost, above 0 and below 1: 0.1.
    pub target_error: f64,
    /// The offset is never further from 0 than this, in dB: 20 (Sionna 1.2.2).
    pub bound_db: f64,
    offset_db: f64,
}

impl Default for OuterLoop {
    fn default() -> Self {
        OuterLoop { step_db: 1.0, target_error: 0.1, bound_db: 20.0, offset_db: 0.0 }
    }
}

impl OuterLoop {
    /// A loop at its start.
    #[must_use]
    pub fn new(step_db: f64, target_error: f64, bound_db: f64) -> Self {
        OuterLoop { step_db, target_error, bound_db, offset_db: 0.0 }
    }

    /// What to subtract from the reported SINR in dB.
    #[must_use]
    pub fn offset_db(&self) -> f64 {
        self.offset_db
    }

    /// A first attempt was lost.
    pub fn lost(&mut self) {
        self.offset_db = (self.offset_db + self.step_db).min(self.bound_db);
    }

    /// A first attempt was acknowledged.
    pub fn acknowledged(&mut self) {
        let down_db = self.step_db * self.target_error / (1.0 - self.target_error);
        self.offset_db = (self.offset_db - down_db).max(-self.bound_db);
    }

    /// Starts again, as after a handover.
    pub fn reset(&mut self) {
        self.offset_db = 0.0;
    }
}

/// Rank by the SINR of one layer in dB, from thresholds that rise: one layer, and one more for each that is reached. A
/// simple rule for links whose channel matrix is not modelled.
///
/// ```
/// use stratosim::infra::nr::rank_of;
/// assert_eq!(rank_of(15.0, &[12.0, 20.0, 25.0]), 2);
/// ```
#[must_use]
pub fn rank_of(sinr_db: f64, thresholds_db: &[f64]) -> u32 {
    1 + thresholds_db.iter().take_while(|threshold_db| sinr_db >= **threshold_db).count() as u32
}

/// Mean of ratios weighted by the parts' shares, in dB.
#[must_use]
pub fn mean_sinr_db(groups: &[SinrGroup]) -> f64 {
    let shares: f64 = groups.iter().map(|group| group.share).sum();
    to_db(groups.iter().map(|group| group.share * group.sinr).sum::<f64>() / shares)
}

#[cfg(test)]
mod tests {
    use super::super::sinr::flat;
    use super::*;
    use crate::engine::RandomStreams;
    use rand::RngExt as _;

    /// Thresholds by the rule with Sionna's gaps at 1000 bits, to a tenth of a decibel, of tables 1 and 2.
    #[test]
    fn thresholds_are_those_of_the_rule() {
        let all = |table| {
            let selector = CqiSelector::new(table, &BlockErrorModel::default());
            (1..=15).map(|cqi| selector.threshold_db(cqi).expect("a CQI")).collect::<Vec<f64>>()
        };
        let first = [-8.2, -6.2, -3.9, -1.6, 0.5, 2.3, 4.2, 6.1, 8.0, 9.7, 11.7, 13.6, 15.6, 17.5, 18.8];
        let second =
            [-8.2, -3.9, 0.5, 4.2, 6.1, 8.0, 9.7, 11.7, 13.6, 15.6, 17.5, 19.1, 21.2, 23.3, 24.8];
        for (table, expected) in [(CqiTable::Qam64, first), (CqiTable::Qam256, second)] {
            for (found_db, expected_db) in all(table).into_iter().zip(expected) {
                assert!((found_db - expected_db).abs() < 0.15, "{table:?} {found_db} {expected_db}");
            }
        }
        // One block in a hundred thousand takes more than one in ten.
        assert!(all(CqiTable::LowEfficiency)[14] > all(CqiTable::Qam64)[12] + 1.0);
    }

    #[test]
    fn a_narrow_hole_counts_more_than_the_mean() {
        let selector = CqiSelector::new(CqiTable::Qam64, &BlockErrorModel::default());
        let hole = [SinrGroup { share: 0.8, sinr: 100.0 }, SinrGroup { share: 0.2, sinr: 1.0 }];
        assert_eq!(selector.choose(&flat(100.0)), 15);
        assert!(selector.choose(&hole) < selector.choose(&flat(from_db(mean_sinr_db(&hole)))));
        assert_eq!(selector.threshold_db(0), None);
    }

    /// A link whose losses follow a curve ends at the target: 10 % of the last 20 000 within one per cent.
    #[test]
    fn the_outer_loop_keeps_its_target() {
        let curve = super::super::ErrorCurve::at_tenth(0.0, 3.0);
        let mut random = RandomStreams::new(8).entity("outer", 0);
        let mut outer = OuterLoop::new(0.1, 0.1, 20.0);
        let mut lost = 0;
        for step in 0..21_000 {
            // The report is 4 dB too good.
            if random.random::<f64>() < curve.error(outer.offset_db() - 4.0) {
                outer.lost();
                lost += u32::from(step >= 1000);
            } else {
                outer.acknowledged();
            }
        }
        assert!((f64::from(lost) / 20_000.0 - 0.1).abs() < 0.01, "{lost}");
        assert!((outer.offset_db() - 4.0).abs() < 1.0, "{}", outer.offset_db());
    }
}
