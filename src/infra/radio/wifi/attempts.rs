//! How often senders with the standard's backoff try, as a table: channels are shared anew with each transfer, and to solve
//! for each sender anew would be most of the work.

use super::contention::Backoff;
use std::sync::LazyLock;

/// Intervals of the table.
const INTERVALS: u32 = 2048;

/// The table of [`Backoff::default`].
pub(super) static STANDARD: LazyLock<Attempts> = LazyLock::new(|| Attempts::new(&Backoff::default()));

/// The probability of a try over the share of slots that are kept from senders: cubic between the roots at equal steps, with
/// their slopes, so that the fourth power of a step is what is lost.
#[derive(Debug)]
pub(super) struct Attempts {
    /// The probability at the ends of the intervals, and its derivative times their length.
    knots: Vec<(f64, f64)>,
    /// One over the length of an interval.
    per_unit: f64,
}

impl Attempts {
    fn new(backoff: &Backoff) -> Self {
        let greatest = 1.0 - backoff.attempt_probability(0.0);
        let step = greatest / f64::from(INTERVALS);
        let knot = |number: u32| {
            let (tau, slope) = backoff.solve_sender(step * f64::from(number));
            (tau, slope * step)
        };
        Attempts { knots: (0..=INTERVALS).map(knot).collect(), per_unit: 1.0 / step }
    }

    /// The probability of a try, and its derivative by `kept`, as [`Backoff::solve_sender`].
    pub(super) fn at(&self, kept: f64) -> (f64, f64) {
        let place = kept * self.per_unit;
        let number = (place as usize).min(INTERVALS as usize - 1);
        let (share, [(from, out), (to, into)]) =
            (place - number as f64, [self.knots[number], self.knots[number + 1]]);
        let rise = to - from;
        // from + out x + b x^2 + a x^3, with what the far end asks for.
        let (a, b) = (out + into - 2.0 * rise, 3.0 * rise - 2.0 * out - into);
        let tau = from + share * (out + share * (b + share * a));
        (tau, (out + share * (2.0 * b + 3.0 * share * a)) * self.per_unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_root_that_it_stands_for() {
        let backoff = Backoff::default();
        let greatest = 1.0 - backoff.attempt_probability(0.0);
        for number in 0..=10_007_u32 {
            let kept = greatest * f64::from(number) / 10_007.0;
            let ((tau, slope), exact) = (STANDARD.at(kept), backoff.solve_sender(kept));
            assert!((tau - exact.0).abs() < 1e-11, "{kept}: {tau} for {}", exact.0);
            assert!((slope - exact.1).abs() < 1e-6 * exact.1.abs().max(1.0), "{kept}: {slope}");
        }
    }
}
