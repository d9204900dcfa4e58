//! Rows at regular times.

use super::format::ResampleMethod;

/// How the values of a column in one period become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// The last of them.
    Last,
    /// Their mean, nulls apart.
    Mean,
    /// Their greatest: whether any row meets a condition.
    Any,
}

impl Fold {
    /// Of a column that is a number, a text, or whether a condition is met.
    pub(super) fn of(method: ResampleMethod, is_number: bool, is_condition: bool) -> Fold {
        match method {
            ResampleMethod::HoldLast => Fold::Last,
            ResampleMethod::Mean if is_condition => Fold::Any,
            ResampleMethod::Mean if is_number => Fold::Mean,
            ResampleMethod::Mean => Fold::Last,
        }
    }
}

/// The period of one entity that is being filled: the one that ends at `step` periods.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    step: u64,
    values: Vec<f64>,
    counts: Vec<u32>,
}

/// The number of the period that a time falls into. Period k ends at k periods, its end included.
pub(super) fn step_of(time: u64, period: u64) -> u64 {
    time.div_ceil(period)
}

impl Grid {
    /// The period that ends at `step` periods, without rows.
    pub(super) fn new(step: u64, columns: usize) -> Self {
        Grid { step, values: vec![f64::NAN; columns], counts: vec![0; columns] }
    }

    pub(super) fn step(&self) -> u64 {
        self.step
    }

    /// Goes on to another period.
    pub(super) fn begin(&mut self, step: u64) {
        self.step = step;
        self.values.fill(f64::NAN);
        self.counts.fill(0);
    }

    /// Adds a row: `value` gives that of each column.
    pub(super) fn add(&mut self, folds: &[Fold], value: impl Fn(usize) -> f64) {
        for (column, fold) in folds.iter().enumerate() {
            let (new, kept) = (value(column), &mut self.values[column]);
            match fold {
                Fold::Last => *kept = new,
                Fold::Any => *kept = kept.max(new),
                Fold::Mean if new.is_nan() => {}
                Fold::Mean => {
                    self.counts[column] += 1;
                    let before = if self.counts[column] == 1 { 0.0 } else { *kept };
                    *kept = before + (new - before) / f64::from(self.counts[column]);
                }
            }
        }
    }

    /// What stands for the rows of the period.
    pub(super) fn value(&self, column: usize) -> f64 {
        self.values[column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_with_its_last_instant() {
        assert_eq!([0, 1, 9, 10, 11, 20].map(|time| step_of(time, 10)), [0, 1, 1, 1, 2, 2]);
    }

    #[test]
    fn columns_are_folded_each_in_its_way() {
        let folds = [Fold::Last, Fold::Mean, Fold::Any];
        let mut grid = Grid::new(3, 3);
        assert!(grid.value(1).is_nan());
        for row in [[1.0, 4.0, 0.0], [2.0, f64::NAN, 1.0], [f64::NAN, 8.0, 0.0]] {
            grid.add(&folds, |column| row[column]);
        }
        assert!(grid.value(0).is_nan(), "the last one is null");
        assert_eq!((grid.value(1), grid.value(2)), (6.0, 1.0));
        grid.begin(4);
        grid.add(&folds, |_| 5.0);
        assert_eq!((grid.step(), grid.value(0), grid.value(1), grid.value(2)), (4, 5.0, 5.0, 5.0));
    }
}
