//! Retransmissions: hybrid automatic repeat request.

use super::block_error::{ErrorCurve, transport_block_error};
use super::tables::CodingScheme;
use super::to_db;

/// The most attempts that a block gets.
pub const MOST_ATTEMPTS: usize = 4;

/// What a receiver makes of several attempts at one block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Combining {
    /// Nothing: each attempt fails for itself.
    Separate,
    /// Each attempt repeats the block, and powers add up (chase combining).
    Chase,
    /// Each attempt brings further bits of the code, until all of them have been sent: the code rate falls
    /// (incremental redundancy).
    #[default]
    IncrementalRedundancy,
    /// Each attempt fails so many times as often as the one before (Simu5G, 0.2).
    Scaled(f64),
}

/// How blocks are retransmitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Harq {
    /// What becomes of several attempts.
    pub combining: Combining,
    /// Attempts of a block before it is given up, 1 to 4.
    pub attempts: u32,
    /// Slots from one attempt to the next, at least 1: 8 by default (decoding, feedback and grant take 4 to 8 slots at
    /// 30 kHz).
    pub round_trip_slots: u32,
}

impl Default for Harq {
    fn default() -> Self {
        Harq { combining: Combining::default(), attempts: MOST_ATTEMPTS as u32, round_trip_slots: 8 }
    }
}

/// Probabilities that a block is still not decoded after one to four attempts.
pub type Failures = [f64; MOST_ATTEMPTS];

/// What becomes of a block, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HarqOutcome {
    /// Attempts, at least 1.
    pub attempts: f64,
    /// Attempts that are answered by an acknowledgement which arrives, at most 1.
    pub acknowledged: f64,
    /// Probability that the block is never decoded: what the layer above, RLC, repeats or loses.
    pub residual: f64,
    /// Attempts after the first that decoded blocks wait for.
    pub waits: f64,
}

impl Harq {
    /// Number of attempts, 1 to 4.
    fn most(&self) -> usize {
        (self.attempts as usize).clamp(1, MOST_ATTEMPTS)
    }

    /// How much better a block can be decoded after the k-th attempt than after the first, in dB, all attempts having the
    /// same SINR. Chase: 10 lg k. Incremental redundancy: what the rule of thresholds, 10 lg(2^efficiency - 1), gives
    /// for the lower rate, which ends at that of the mother code, 1/3 for base graph 1 and 1/5 for base graph 2; after
    /// that it is chase combining.
    #[must_use]
    pub fn gain_db(&self, scheme: &CodingScheme, base_graph: u8, attempt: u32) -> f64 {
        let count = f64::from(attempt.max(1));
        match self.combining {
            Combining::Separate | Combining::Scaled(_) => 0.0,
            Combining::Chase => to_db(count),
            Combining::IncrementalRedundancy => {
                let mother = if base_graph == 1 { 1.0 / 3.0 } else { 0.2 };
                let rate = (scheme.rate() / count).max(mother).min(scheme.rate());
                let repeats = count * rate / scheme.rate();
                let threshold_db =
                    |rate: f64| to_db((f64::from(scheme.modulation_bits) * rate).exp2() - 1.0);
                threshold_db(scheme.rate()) - threshold_db(rate) + to_db(repeats)
            }
        }
    }

    /// Probabilities of failure after each attempt, if a block meets these SINRs in dB, one for each attempt, in which the
    /// gains of combining are contained. A block that fails with more of the same signal fails with less, too.
    #[must_use]
    pub fn failures(&self, curve: &ErrorCurve, code_blocks: u32, combined_db: &Failures) -> Failures {
        let mut failures = [0.0; MOST_ATTEMPTS];
        let mut before = 1.0_f64;
        for (attempt, failure) in failures.iter_mut().enumerate().take(self.most()) {
            let error = transport_block_error(curve.error(combined_db[attempt]), code_blocks);
            *failure = match self.combining {
                Combining::Separate => before * error,
                Combining::Scaled(factor) => before * (error * factor.powi(attempt as i32)).min(1.0),
                Combining::Chase | Combining::IncrementalRedundancy => error.min(before),
            };
            before = *failure;
            // The rest is nothing, too.
            if before < 1e-12 {
                break;
            }
        }
        failures
    }

    /// What becomes of blocks with these probabilities of failure. Acknowledgements are lost with a probability: then
    /// a block that has been decoded is sent again, and acknowledged again.
    ///
    /// ```
    /// use stratosim::infra::nr::Harq;
    /// // Independent attempts that fail with p = 0.1 take (1 - p^4) / (1 - p) attempts, and p^4 are lost.
    /// let outcome = Harq::default().outcome(&[0.1, 0.01, 0.001, 0.0001], 0.0);
    /// assert!((outcome.attempts - 1.111).abs() < 1e-12);
    /// assert!((outcome.residual - 1e-4).abs() < 1e-18);
    /// ```
    #[must_use]
    pub fn outcome(&self, failures: &Failures, feedback_lost: f64) -> HarqOutcome {
        let most = self.most();
        let (mut attempts, mut waits, mut before) = (1.0, 0.0, 1.0);
        // Probability that a block has been decoded, but no acknowledgement has arrived.
        let (mut unknown, mut open) = (0.0, 1.0);
        for (attempt, &failure) in failures.iter().enumerate().take(most) {
            let decoded = before - failure;
            unknown = (unknown + decoded) * feedback_lost;
            open = failure + unknown;
            waits += decoded * attempt as f64;
            before = failure;
            if attempt + 1 < most {
                attempts += open;
            }
        }
        let delivered = 1.0 - before;
        HarqOutcome {
            attempts,
            acknowledged: 1.0 - open,
            residual: before,
            waits: if delivered > 0.0 { (waits / delivered).min(most as f64 - 1.0) } else { 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::McsTable;
    use super::*;
    use proptest::prelude::*;

    fn harq(combining: Combining) -> Harq {
        Harq { combining, ..Harq::default() }
    }

    /// Geometric: mean (1 - p^4) / (1 - p), residual p^4, for all p.
    #[test]
    fn separate_attempts_are_geometric() {
        let curve = ErrorCurve::at_tenth(5.0, 2.0);
        for p in [0.01_f64, 0.3, 0.9] {
            let sinr_db = curve.sinr_db(p);
            let model = harq(Combining::Separate);
            let outcome = model.outcome(&model.failures(&curve, 1, &[sinr_db; 4]), 0.0);
            assert!((outcome.attempts - (1.0 - p.powi(4)) / (1.0 - p)).abs() < 1e-12);
            assert!((outcome.residual - p.powi(4)).abs() < 1e-12);
            assert!((outcome.acknowledged - (1.0 - p.powi(4))).abs() < 1e-12);
        }
        let scaled = harq(Combining::Scaled(0.2)).failures(&curve, 1, &[5.0; 4]);
        let product = [0.1, 0.1 * 0.02, 0.1 * 0.02 * 0.004, 0.1 * 0.02 * 0.004 * 0.0008];
        assert!(
            scaled.iter().zip(product).all(|(found, expected)| (found / expected - 1.0).abs() < 1e-9)
        );
    }

    /// Two attempts are 3.0103 dB by chase. MCS 20 (64QAM, 567/1024) by redundancy at half the rate, 0.277, which base
    /// graph 2 reaches: 10 lg((2^3.3223 - 1) / (2^1.6611 - 1)) = 6.2 dB.
    #[test]
    fn gains_are_those_of_hand_calculations() {
        let scheme = McsTable::Qam64.schemes()[20];
        let chase = harq(Combining::Chase);
        assert!((chase.gain_db(&scheme, 1, 2) - 3.010_3).abs() < 1e-4);
        let redundancy = harq(Combining::IncrementalRedundancy);
        let half_db = to_db((3.322_27_f64.exp2() - 1.0) / (1.661_13_f64.exp2() - 1.0));
        assert!((redundancy.gain_db(&scheme, 2, 2) - half_db).abs() < 1e-3);
        // Base graph 1 ends at a third: less than that, more than chase.
        let ended_db = redundancy.gain_db(&scheme, 1, 2);
        assert!(chase.gain_db(&scheme, 1, 2) < ended_db && ended_db < half_db, "{ended_db}");
        // A rate below the mother code's can only be repeated.
        let low = McsTable::LowEfficiency.schemes()[0];
        assert!((redundancy.gain_db(&low, 2, 3) - to_db(3.0)).abs() < 1e-12);
        assert_eq!(redundancy.gain_db(&scheme, 1, 1), 0.0);
    }

    /// By hand with certain decoding and half of the acknowledgements lost: 1 + 1/2 + 1/4 + 1/8 attempts, all decoded.
    #[test]
    fn lost_acknowledgements_repeat_what_was_decoded() {
        let outcome = harq(Combining::Chase).outcome(&[0.0; 4], 0.5);
        assert_eq!((outcome.attempts, outcome.acknowledged, outcome.residual), (1.875, 0.9375, 0.0));
        assert_eq!(outcome.waits, 0.0);
        let once = Harq { attempts: 1, ..Harq::default() }.outcome(&[0.3, 0.0, 0.0, 0.0], 0.0);
        assert_eq!((once.attempts, once.residual), (1.0, 0.3));
    }

    proptest! {
        #[test]
        fn outcomes_are_sound(sinr_db in -10.0..30.0_f64, feedback_lost in 0.0..1.0_f64, count in 1..50_u32) {
            let curve = ErrorCurve::at_tenth(8.0, 7.0);
            for combining in [
                Combining::Separate,
                Combining::Chase,
                Combining::IncrementalRedundancy,
                Combining::Scaled(0.2),
            ] {
                let model = harq(combining);
                let scheme = McsTable::Qam64.schemes()[15];
                let combined_db =
                    [1, 2, 3, 4].map(|attempt| sinr_db + model.gain_db(&scheme, 1, attempt));
                let failures = model.failures(&curve, count, &combined_db);
                prop_assert!(failures.windows(2).all(|pair| pair[1] <= pair[0]), "{failures:?}");
                let outcome = model.outcome(&failures, feedback_lost);
                prop_assert!((1.0..=4.0).contains(&outcome.attempts), "{outcome:?}");
                prop_assert!((0.0..=1.0).contains(&outcome.residual));
                prop_assert!(outcome.acknowledged <= 1.0 - outcome.residual + 1e-12);
                prop_assert!((0.0..=3.0).contains(&outcome.waits));
            }
        }
    }
}
