//! Sums without drift.

use std::ops::{AddAssign, SubAssign};

/// An amount that adds up exactly: in units of 2^-40 of what it counts, so that whatever is added and taken away again,
/// in whatever order, leaves what was there before, and nothing if all is gone. A number below 2^53 units (about 8192)
/// is kept as it is, and others to 13 places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Amount(i128);

const SCALE: f64 = (1_u64 << 40) as f64;

/// More than there is of anything, so that sums do not overflow.
const MOST: f64 = 1e20;

impl Amount {
    /// This much, at least nothing.
    pub(super) fn of(value: f64) -> Self {
        // What is no number becomes nothing.
        Amount((value.clamp(0.0, MOST) * SCALE).round() as i128)
    }

    pub(super) fn get(self) -> f64 {
        self.0 as f64 / SCALE
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.0 += other.0;
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Amount) {
        self.0 -= other.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_leaves_nothing() {
        let mut sum = Amount::default();
        let parts = [0.1, 1.0 / 3.0, 2e9, 1e13, 7e-9];
        parts.iter().for_each(|&part| sum += Amount::of(part));
        assert!((sum.get() / 10_002_000_000_000.433 - 1.0).abs() < 1e-15);
        parts.iter().for_each(|&part| sum -= Amount::of(part));
        assert_eq!(sum, Amount::default());
        assert_eq!(Amount::of(0.1).get(), 0.1 + (Amount::of(0.1).get() - 0.1));
        assert!((Amount::of(0.1).get() - 0.1).abs() < 1e-12);
        assert_eq!([f64::NAN, -1.0, 0.25].map(|value| Amount::of(value).get()), [0.0, 0.0, 0.25]);
    }
}
