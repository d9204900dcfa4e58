//! Sums of integrals and first moments over ranges of segments.

/// Integral and first moment of consecutive segments, the moment being about their own start, so that no
/// precision is lost far from the origin.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    start_s: f64,
    integral: f64,
    moment: f64,
}

impl Sum {
    fn joined(self, next: Sum) -> Sum {
        let ahead_s = next.start_s - self.start_s;
        Sum {
            start_s: self.start_s,
            integral: self.integral + next.integral,
            moment: self.moment + next.moment + next.integral * ahead_s,
        }
    }
}

/// A binary tree over segments: level 0 has the segments, each level above the sums of pairs.
#[derive(Clone, Debug, Default)]
pub(super) struct MomentTree {
    levels: Vec<Vec<Sum>>,
}

impl MomentTree {
    /// Of segments by start, integral and first moment about their start.
    pub(super) fn new(segments: &[(f64, f64, f64)]) -> Self {
        let first: Vec<Sum> = segments
            .iter()
            .map(|&(start_s, integral, moment)| Sum { start_s, integral, moment })
            .collect();
        let mut levels = vec![first];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let joined = |pair: &[Sum]| match pair {
                [one, other] => one.joined(*other),
                _ => pair[0],
            };
            levels.push(below.chunks(2).map(joined).collect());
        }
        MomentTree { levels }
    }

    /// Integral and first moment about `about_s` of the segments `low..high`.
    pub(super) fn range(&self, mut low: usize, mut high: usize, about_s: f64) -> (f64, f64) {
        let (mut integral, mut moment) = (0.0, 0.0);
        let mut add = |sum: Sum| {
            integral += sum.integral;
            moment += sum.moment + sum.integral * (sum.start_s - about_s);
        };
        for level in &self.levels {
            if low >= high {
                break;
            }
            if low % 2 == 1 {
                add(level[low]);
                low += 1;
            }
            if high % 2 == 1 && low < high {
                high -= 1;
                add(level[high]);
            }
            (low, high) = (low / 2, high / 2);
        }
        (integral, moment)
    }
}
