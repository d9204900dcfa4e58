//! How often blocks are lost.

use super::block_error_curves::{Curves, NONE, SIZES_BITS, TABLE_1, TABLE_2, TABLE_3, TABLE_4};
use super::effective::interpolated;
use super::tables::{CodingScheme, McsTable};
use super::to_db;

/// Logit of the threshold: ln 9, that of a tenth.
const LOGIT_OF_TENTH: f64 = 2.197_224_577_336_219_4;

/// Share of code blocks that are lost by SINR: 1 / (1 + exp(k (g - g50))), g in dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorCurve {
    /// g50 in dB, where half of the blocks are lost.
    pub middle_db: f64,
    /// k per dB, above 0.
    pub slope_per_db: f64,
}

impl ErrorCurve {
    /// The curve that loses a tenth at a threshold in dB.
    #[must_use]
    pub fn at_tenth(threshold_db: f64, slope_per_db: f64) -> Self {
        ErrorCurve { middle_db: threshold_db - LOGIT_OF_TENTH / slope_per_db, slope_per_db }
    }

    /// Share of blocks that are lost at an SINR in dB, 0 to 1.
    #[must_use]
    pub fn error(&self, sinr_db: f64) -> f64 {
        1.0 / (1.0 + (self.slope_per_db * (sinr_db - self.middle_db)).exp())
    }

    /// The SINR in dB at which this share of blocks is lost, above 0 and below 1.
    #[must_use]
    pub fn sinr_db(&self, error: f64) -> f64 {
        self.middle_db + ((1.0 - error) / error).ln() / self.slope_per_db
    }

    /// The SINR in dB at which a tenth is lost.
    #[must_use]
    pub fn threshold_db(&self) -> f64 {
        self.middle_db + LOGIT_OF_TENTH / self.slope_per_db
    }
}

/// Share of transport blocks that are lost when a share of their code blocks is: 1 - (1 - p)^count.
#[must_use]
pub fn transport_block_error(code_block_error: f64, count: u32) -> f64 {
    -(f64::from(count) * (-code_block_error).ln_1p()).exp_m1()
}

/// Share of code blocks that may be lost if so many transport blocks are: the inverse of [`transport_block_error`].
#[must_use]
pub fn code_block_error(transport_block_error: f64, count: u32) -> f64 {
    -((-transport_block_error).ln_1p() / f64::from(count.max(1))).exp_m1()
}

/// Where the curves come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorSource {
    /// Simulated curves of each coding scheme, and the rule for those that have none: the lowest indices, and the highest
    /// of 1024QAM.
    #[default]
    Simulated,
    /// A rule for all: 10 lg(2^efficiency - 1) and a gap to Shannon's bound by modulation and size, which is the mean of the
    /// simulated curves, and a slope by size.
    Gap,
}

/// A model of block errors over white noise.
///
/// ```
/// use stratosim::infra::nr::{BlockErrorModel, ErrorSource, McsTable};
/// let model = BlockErrorModel::default();
/// let curve = model.curve(McsTable::Qam64, 15, 1000);
/// assert!((curve.threshold_db() - 7.98).abs() < 1e-9);
/// // By rule: 10 lg(2^2.40625 - 1) = 6.336 dB, and 1.72 dB for 16QAM.
/// let rule = BlockErrorModel { source: ErrorSource::Gap, ..model }.curve(McsTable::Qam64, 15, 1000);
/// assert!((rule.threshold_db() - 8.056).abs() < 1e-3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BlockErrorModel {
    /// Where the curves come from.
    pub source: ErrorSource,
    /// What a receiver loses beside the curves in dB, 0 to 20: 0 by default, 3 is near the curves of 5G-LENA.
    pub margin_db: f64,
}

/// Gap to Shannon's bound in dB at a tenth of errors by bits of the code block: QPSK, 16QAM, 64QAM, 256QAM; means over the
/// schemes of Sionna's curves. 1024QAM takes those of 256QAM, as its curves end too early for a mean.
const GAPS: [[f64; 4]; 4] = [
    [1.89, 1.36, 1.28, 1.29],
    [2.36, 1.83, 1.72, 1.67],
    [3.07, 2.43, 2.25, 2.20],
    [3.39, 2.73, 2.59, 2.48],
];

/// Sizes of [`GAPS`], as logarithms to base 2: 100, 500, 1000 and 2000 bits.
const GAP_SIZES: [f64; 4] = [6.643_856, 8.965_784, 9.965_784, 10.965_784];

/// Slope per dB by the size's logarithm to base 2: 24 and 100 bits from Sionna's curves, the others fitted between 50 %
/// and 1 % of 5G-LENA's (200, 1000, 3100, 4096 and 8192 bits).
const SLOPES: [(f64, f64); 7] = [
    (4.584_963, 1.0),
    (6.643_856, 2.0),
    (7.643_856, 3.0),
    (9.965_784, 7.2),
    (11.598_053, 11.1),
    (12.0, 11.3),
    (13.0, 14.4),
];

impl BlockErrorModel {
    /// The curve of code blocks of so many bits. Sizes beyond 2000 bits have the threshold of 2000 bits, and steeper
    /// slopes; an index that the table does not have is its last.
    #[must_use]
    pub fn curve(&self, table: McsTable, index: u32, bits: u32) -> ErrorCurve {
        let simulated = match self.source {
            ErrorSource::Simulated => simulated(table, index, bits),
            ErrorSource::Gap => None,
        };
        let curve = simulated.unwrap_or_else(|| {
            let schemes = table.schemes();
            let last = schemes.len() - 1;
            by_gap(&schemes[last.min(index as usize)], bits)
        });
        ErrorCurve { middle_db: curve.middle_db + self.margin_db, ..curve }
    }

    /// The curve of any scheme by the rule, whatever the source: what CQIs are chosen by.
    #[must_use]
    pub fn by_rule(&self, scheme: &CodingScheme, bits: u32) -> ErrorCurve {
        let curve = by_gap(scheme, bits);
        ErrorCurve { middle_db: curve.middle_db + self.margin_db, ..curve }
    }
}

fn size_log2(bits: u32) -> f64 {
    f64::from(bits.max(1)).log2()
}

fn by_gap(scheme: &CodingScheme, bits: u32) -> ErrorCurve {
    let size = size_log2(bits);
    let gaps = GAPS[match scheme.modulation_bits {
        ..=2 => 0,
        3..=4 => 1,
        5..=6 => 2,
        _ => 3,
    }];
    let points = [0, 1, 2, 3].map(|place| (GAP_SIZES[place], gaps[place]));
    let threshold_db = to_db(scheme.efficiency().exp2() - 1.0) + interpolated(&points, size);
    ErrorCurve::at_tenth(threshold_db, interpolated(&SLOPES, size))
}

/// The simulated curve, if the table has one of the index.
fn simulated(table: McsTable, index: u32, bits: u32) -> Option<ErrorCurve> {
    let curves: &Curves = match table {
        McsTable::Qam64 => &TABLE_1,
        McsTable::Qam256 => &TABLE_2,
        McsTable::LowEfficiency => &TABLE_3,
        McsTable::Qam1024 => &TABLE_4,
    };
    let row = curves.rows.get(index.checked_sub(curves.first)? as usize)?;
    let (mut thresholds, mut slopes) =
        (smallvec::SmallVec::<[_; 5]>::new(), smallvec::SmallVec::<[_; 5]>::new());
    for (&size, &(half, tenth)) in SIZES_BITS.iter().zip(row) {
        if (half, tenth) != NONE {
            let (half_db, tenth_db) = (f64::from(half) / 100.0, f64::from(tenth) / 100.0);
            thresholds.push((size_log2(size), tenth_db));
            slopes.push((size_log2(size), LOGIT_OF_TENTH / (tenth_db - half_db)));
        }
    }
    // Short blocks alone say nothing of long ones.
    let longest = thresholds.last().map_or(0.0, |point| point.0);
    if longest < size_log2(500) && bits > 100 {
        return None;
    }
    let size = size_log2(bits);
    let grown = interpolated(&SLOPES, size.max(longest)) / interpolated(&SLOPES, longest);
    Some(ErrorCurve::at_tenth(interpolated(&thresholds, size), grown * interpolated(&slopes, size)))
}

#[cfg(test)]
mod tests {
    use super::super::reference;
    use super::*;
    use proptest::prelude::*;

    /// The thresholds of a tenth: simulated curves within 0.3 dB of Sionna's at all sizes, the rule within 0.8 dB at 500
    /// bits and more, and 0.15 dB on average of a modulation.
    #[test]
    fn thresholds_are_those_of_sionna() {
        let model = BlockErrorModel::default();
        for (table, index, expected_db) in [
            (McsTable::Qam64, 3, -2.67),
            (McsTable::Qam64, 16, 8.69),
            (McsTable::Qam64, 28, 19.57),
            (McsTable::Qam256, 10, 8.78),
            (McsTable::Qam256, 26, 24.32),
        ] {
            let found_db = model.curve(table, index, 1000).threshold_db();
            assert!((found_db - expected_db).abs() < 0.3, "{table:?} {index} {found_db} {expected_db}");
        }
        let Some(rows) = reference::rows("bler_thresholds_awgn.csv") else { return };
        let rule = BlockErrorModel { source: ErrorSource::Gap, margin_db: 0.0 };
        let mut count = 0;
        let mut differences = std::collections::BTreeMap::<u32, (f64, f64)>::new();
        for row in rows.iter().filter(|row| row.text("source").starts_with("sionna")) {
            let table = McsTable::ALL[row.number("mcs_table") as usize - 1];
            let (index, bits) = (row.number("mcs_index") as u32, row.number("cbs_bits") as u32);
            let expected_db = row.number("snr_bler10_db");
            let found_db = model.curve(table, index, bits).threshold_db();
            assert!((found_db - expected_db).abs() < 0.3, "{row:?} {found_db}");
            let middle_db = model.curve(table, index, bits).middle_db;
            assert!((middle_db - row.number("snr_bler50_db")).abs() < 0.3, "{row:?} {middle_db}");
            count += 1;
            let scheme = table.scheme(index).expect("a row");
            // Curves of high schemes end at 20 dB.
            if bits >= 500 && scheme.modulation_bits <= 8 && table != McsTable::Qam1024 {
                let difference_db = rule.curve(table, index, bits).threshold_db() - expected_db;
                assert!(difference_db.abs() < 0.85, "{row:?} {difference_db}");
                let (sum, number) = differences.entry(scheme.modulation_bits).or_default();
                (*sum, *number) = (*sum + difference_db, *number + 1.0);
            }
        }
        assert_eq!(count, 454);
        for (bits, (sum, number)) in differences {
            assert!((sum / number).abs() < 0.15, "{bits} {}", sum / number);
        }
    }

    /// By hand: half at the middle, a tenth ln 9 / k above; three of ten code blocks in each of which 10 % fail are
    /// 1 - 0.9^3 = 0.271.
    #[test]
    fn curves_and_blocks_are_those_of_hand_calculations() {
        let curve = ErrorCurve::at_tenth(5.0, 2.0);
        assert!((curve.error(curve.middle_db) - 0.5).abs() < 1e-12);
        assert!((curve.error(5.0) - 0.1).abs() < 1e-12);
        assert!((curve.sinr_db(0.1) - 5.0).abs() < 1e-12);
        assert!((transport_block_error(0.1, 3) - 0.271).abs() < 1e-12);
        assert!((code_block_error(0.271, 3) - 0.1).abs() < 1e-12);
        assert_eq!((transport_block_error(0.0, 9), transport_block_error(1.0, 9)), (0.0, 1.0));
    }

    /// 5G-LENA's thresholds lie about 2.7 dB above Sionna's: a margin of 3 dB is near.
    #[test]
    fn a_margin_moves_the_curves() {
        let imitated = BlockErrorModel { margin_db: 3.0, ..BlockErrorModel::default() };
        let lena_db = [(6, 3.44), (13, 8.45), (20, 14.12), (26, 19.70)];
        let mean: f64 = lena_db
            .iter()
            .map(|&(index, expected_db)| {
                imitated.curve(McsTable::Qam64, index, 4096).threshold_db() - expected_db
            })
            .sum::<f64>()
            / 4.0;
        assert!(mean.abs() < 0.8, "{mean}");
    }

    proptest! {
        /// Every index, size and source has a curve that falls.
        #[test]
        fn all_curves_fall(table in 0..4_usize, index in 0..32_u32, bits in 1..10_000_u32, gap in any::<bool>()) {
            let source = if gap { ErrorSource::Gap } else { ErrorSource::Simulated };
            let curve = BlockErrorModel { source, margin_db: 0.0 }.curve(McsTable::ALL[table], index, bits);
            prop_assert!(curve.slope_per_db > 0.3 && curve.slope_per_db < 40.0, "{curve:?}");
            prop_assert!(curve.middle_db > -16.0 && curve.middle_db < 32.0, "{curve:?}");
            prop_assert!(curve.error(curve.middle_db + 1.0) < curve.error(curve.middle_db));
        }
    }
}
