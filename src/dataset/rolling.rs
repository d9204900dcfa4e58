//! Statistics over a sliding window of rows, without subtraction.
//!
//! Adding what enters and subtracting what leaves loses digits with every row. Here a window is an aggregate
//! of mergeable parts instead: a stack of aggregates for its older rows, from which the oldest is popped, and
//! one for its newer rows, to which the newest is merged (Tangwongsan, Hirzel and Schneider, "General
//! incremental sliding-window aggregation", VLDB 2015, there *two-stacks*). When the stack is empty it is made
//! anew of all rows, so that a row costs a constant number of merges on average, and each number is as good
//! as if the window were computed afresh by pairwise merging.

use super::format::StatisticName;

/// Moments of rows in their order, mergeable (Chan, Golub and LeVeque 1979, also for the co-moment with time).
/// Rows without a value count for nothing but the age of those before them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
    /// Of the times of the values.
    time_mean: f64,
    time_squares: f64,
    co_moment: f64,
    /// Exponentially weighted sum of the values and of their weights.
    weighted: f64,
    weights: f64,
    /// Weight of a row before all of these.
    decay: f64,
}

impl Moments {
    /// Of no rows.
    pub(super) const NONE: Moments = Moments {
        count: 0.0,
        mean: 0.0,
        squares: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        time_mean: 0.0,
        time_squares: 0.0,
        co_moment: 0.0,
        weighted: 0.0,
        weights: 0.0,
        decay: 1.0,
    };

    /// Of one row; NaN is no value. A row older by one has a weight that is less by the factor `decay`.
    pub(super) fn of(value: f64, time_s: f64, decay: f64) -> Moments {
        if value.is_nan() {
            return Moments { decay, ..Moments::NONE };
        }
        Moments {
            count: 1.0,
            mean: value,
            min: value,
            max: value,
            time_mean: time_s,
            weighted: value,
            weights: 1.0,
            decay,
            ..Moments::NONE
        }
    }

    /// Of these rows and `newer` ones after them.
    pub(super) fn then(&self, newer: &Moments) -> Moments {
        let weighted = newer.weighted + self.weighted * newer.decay;
        let weights = newer.weights + self.weights * newer.decay;
        let decay = self.decay * newer.decay;
        if newer.count == 0.0 {
            return Moments { weighted, weights, decay, ..*self };
        }
        if self.count == 0.0 {
            return Moments { weighted, weights, decay, ..*newer };
        }
        let count = self.count + newer.count;
        let share = newer.count / count;
        let both = self.count * share;
        let apart = newer.mean - self.mean;
        let time_apart = newer.time_mean - self.time_mean;
        Moments {
            count,
            mean: self.mean + apart * share,
            squares: self.squares + newer.squares + apart * apart * both,
            min: self.min.min(newer.min),
            max: self.max.max(newer.max),
            time_mean: self.time_mean + time_apart * share,
            time_squares: self.time_squares + newer.time_squares + time_apart * time_apart * both,
            co_moment: self.co_moment + newer.co_moment + apart * time_apart * both,
            weighted,
            weights,
            decay,
        }
    }

    /// A statistic of them; NaN if there are too few values for it.
    pub(super) fn statistic(&self, statistic: StatisticName) -> f64 {
        if self.count == 0.0 {
            return f64::NAN;
        }
        match statistic {
            StatisticName::Mean => self.mean,
            StatisticName::Std if self.count < 2.0 => f64::NAN,
            StatisticName::Std => (self.squares / (self.count - 1.0)).sqrt(),
            StatisticName::Min => self.min,
            StatisticName::Max => self.max,
            StatisticName::Sum => self.mean * self.count,
            StatisticName::Slope if self.time_squares > 0.0 => self.co_moment / self.time_squares,
            StatisticName::Slope => f64::NAN,
            StatisticName::Ewma => self.weighted / self.weights,
        }
    }
}

/// A window of rows that moves forward only. Rows are known by their number; their values are asked for
/// again when the stack is made anew.
#[derive(Clone, Debug)]
pub(super) struct Sliding {
    /// The first row, the first one that is not in the stack, and the one after the last.
    begin: u64,
    middle: u64,
    end: u64,
    /// Aggregates from each row before the middle up to it, the first row's last.
    stack: Vec<Moments>,
    /// Of the rows from the middle on.
    newer: Moments,
    decay: f64,
}

impl Sliding {
    /// An empty window before row `begin`, in which a row older by one weighs less by the factor `decay`.
    pub(super) fn new(begin: u64, decay: f64) -> Self {
        Sliding { begin, middle: begin, end: begin, stack: Vec::new(), newer: Moments::NONE, decay }
    }

    /// The number of its first row.
    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    /// The number of the row after its last.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Adds the next row.
    pub(super) fn push(&mut self, value: f64, time_s: f64) {
        self.newer = self.newer.then(&Moments::of(value, time_s, self.decay));
        self.end += 1;
    }

    /// Removes all rows before `begin`; `row` gives value and time of those that stay.
    pub(super) fn drop_before(&mut self, begin: u64, row: impl Fn(u64) -> (f64, f64)) {
        if begin >= self.end {
            let end = self.end.max(begin);
            self.stack.clear();
            (self.begin, self.middle, self.end, self.newer) = (end, end, end, Moments::NONE);
            return;
        }
        if begin < self.middle {
            let gone = begin.saturating_sub(self.begin) as usize;
            self.stack.truncate(self.stack.len().saturating_sub(gone));
        } else if begin > self.begin {
            self.stack.clear();
            let mut all = Moments::NONE;
            for number in (begin..self.end).rev() {
                let (value, time_s) = row(number);
                all = Moments::of(value, time_s, self.decay).then(&all);
                self.stack.push(all);
            }
            (self.middle, self.newer) = (self.end, Moments::NONE);
        }
        self.begin = self.begin.max(begin);
    }

    /// The moments of its rows.
    pub(super) fn moments(&self) -> Moments {
        self.stack.last().map_or(self.newer, |older| older.then(&self.newer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [StatisticName; 7] = [
        StatisticName::Mean,
        StatisticName::Std,
        StatisticName::Min,
        StatisticName::Max,
        StatisticName::Sum,
        StatisticName::Slope,
        StatisticName::Ewma,
    ];

    /// The definitions, computed anew; newest row last.
    fn naive(rows: &[(f64, f64)], decay: f64, statistic: StatisticName) -> f64 {
        let there: Vec<(f64, f64)> = rows.iter().copied().filter(|(value, _)| !value.is_nan()).collect();
        let n = there.len() as f64;
        let mean = there.iter().map(|(value, _)| value).sum::<f64>() / n;
        let time_mean = there.iter().map(|(_, time)| time).sum::<f64>() / n;
        let squares: f64 = there.iter().map(|(value, _)| (value - mean).powi(2)).sum();
        match statistic {
            _ if there.is_empty() => f64::NAN,
            StatisticName::Mean => mean,
            StatisticName::Std if there.len() < 2 => f64::NAN,
            StatisticName::Std => (squares / (n - 1.0)).sqrt(),
            StatisticName::Min => there.iter().map(|(value, _)| *value).fold(f64::NAN, f64::min),
            StatisticName::Max => there.iter().map(|(value, _)| *value).fold(f64::NAN, f64::max),
            StatisticName::Sum => mean * n,
            StatisticName::Slope => {
                let down: f64 = there.iter().map(|(_, time)| (time - time_mean).powi(2)).sum();
                let up: f64 = there.iter().map(|(v, time)| (v - mean) * (time - time_mean)).sum();
                if down > 0.0 { up / down } else { f64::NAN }
            }
            StatisticName::Ewma => {
                let weight = |index: usize| decay.powi((rows.len() - 1 - index) as i32);
                let all = rows.iter().enumerate().filter(|(_, (value, _))| !value.is_nan());
                let (up, down) = all.fold((0.0, 0.0), |(up, down), (index, (value, _))| {
                    (up + weight(index) * value, down + weight(index))
                });
                up / down
            }
        }
    }

    proptest! {
        /// Windows of any length, moved by any steps, over values with nulls.
        #[test]
        fn every_statistic_is_that_of_a_window_computed_anew(
            values in prop::collection::vec(prop::option::weighted(0.9, -1e3..1e3f64), 1..80),
            window in 1_u64..20,
            steps in prop::collection::vec(1_u64..4, 80),
        ) {
            let mut time_s = 0.0;
            let rows: Vec<(f64, f64)> = values.iter().zip(&steps).map(|(value, step)| {
                time_s += *step as f64;
                (value.unwrap_or(f64::NAN), time_s)
            }).collect();
            let decay = 1.0 - 2.0 / (window as f64 + 1.0);
            let mut sliding = Sliding::new(0, decay);
            for (number, &(value, time_s)) in rows.iter().enumerate() {
                sliding.push(value, time_s);
                let begin = (number as u64 + 1).saturating_sub(window);
                sliding.drop_before(begin, |row| rows[row as usize]);
                prop_assert_eq!((sliding.begin(), sliding.end()), (begin, number as u64 + 1));
                for statistic in ALL {
                    let found = sliding.moments().statistic(statistic);
                    let expected = naive(&rows[begin as usize..=number], decay, statistic);
                    let near = (found - expected).abs() <= 1e-8 * (1.0 + expected.abs());
                    prop_assert!(near || found.is_nan() && expected.is_nan(),
                        "{:?} at {}: {} for {}", statistic, number, found, expected);
                }
            }
        }
    }

    /// A running sum of 1e16 and ones loses the ones: what is in the window now must not depend on it.
    #[test]
    fn what_has_left_leaves_no_trace() {
        let values: Vec<f64> = [1e16, -1e16].into_iter().chain((0..100).map(f64::from)).collect();
        let mut sliding = Sliding::new(0, 0.5);
        for (number, value) in values.iter().enumerate() {
            sliding.push(*value, number as f64);
            let row = |row: u64| (values[row as usize], row as f64);
            sliding.drop_before((number as u64).saturating_sub(2), row);
        }
        let moments = sliding.moments();
        assert_eq!(moments.statistic(StatisticName::Mean), 98.0);
        assert_eq!(moments.statistic(StatisticName::Std), 1.0);
        assert_eq!(moments.statistic(StatisticName::Slope), 1.0);
    }

    #[test]
    fn a_window_that_is_left_behind_starts_anew() {
        let mut sliding = Sliding::new(0, 0.5);
        sliding.push(1.0, 0.0);
        sliding.drop_before(5, |_| (f64::NAN, 0.0));
        assert_eq!((sliding.begin(), sliding.end(), sliding.moments()), (5, 5, Moments::NONE));
    }
}
