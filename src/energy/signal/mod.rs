//! Signals: time series that the world follows, such as prices, and their exact integrals.

mod tree;

use tree::MomentTree;

/// What a signal is between its points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// The last point's value.
    #[default]
    Hold,
    /// On the straight line between the points.
    Linear,
}

/// What a signal is before its first point and after its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// The value of the nearest end.
    #[default]
    Hold,
    /// The same again, over and over.
    Repeat,
}

/// What makes no signal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// There are no points.
    #[error("a signal needs at least one point")]
    Empty,
    /// A time or value that is not a finite number.
    #[error("point {index} is ({time_s} s, {value}); both must be finite numbers")]
    NotFinite {
        /// The number of the point, from 0.
        index: usize,
        /// Its time.
        time_s: f64,
        /// Its value.
        value: f64,
    },
    /// Times that do not rise.
    #[error("point {index} at {time_s} s is not after the one before it, at {before_s} s")]
    NotRising {
        /// The number of the point, from 0.
        index: usize,
        /// Its time.
        time_s: f64,
        /// The time of the one before it.
        before_s: f64,
    },
    /// An end that is not after the last point.
    #[error("the signal ends at {end_s} s, but its last point is at {last_s} s; the end must be later")]
    End {
        /// The end.
        end_s: f64,
        /// The last point.
        last_s: f64,
    },
}

/// A straight piece of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// The value at the instant that was asked for.
    pub value: f64,
    /// Change of the value a second.
    pub slope: f64,
    /// Seconds up to which it goes on so; infinite if forever.
    pub until_s: f64,
}

/// A piecewise constant or piecewise linear function of time, in seconds from the start of the run, with exact
/// integrals in O(log n) of its n points.
///
/// ```
/// use stratosim::energy::{Interpolation, Outside, Signal};
/// // 30 EUR/MWh in the first hour, -10 in the second, and so on for the rest of the day.
/// let price = Signal::new(&[(0.0, 30.0), (3600.0, -10.0)], Interpolation::Hold, 7200.0, Outside::Repeat)?;
/// assert_eq!(price.value(5000.0), -10.0);
/// assert_eq!(price.integral(0.0, 86_400.0), 12.0 * (30.0 - 10.0) * 3600.0);
/// // A power that rises from 0 to 2 kW over the first two hours costs 30 * 0.5 - 10 * 1.5 of a unit.
/// assert_eq!(price.integral_of_product(0.0, 7200.0, 0.0, 2.0), 0.0);
/// # Ok::<(), stratosim::energy::SignalError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signal {
    times_s: Vec<f64>,
    values: Vec<f64>,
    interpolation: Interpolation,
    end_s: f64,
    outside: Outside,
    is_constant: bool,
    /// Integrals and first moments of the segments from each point to the next, the last to the end.
    tree: MomentTree,
}

impl Signal {
    /// A signal through points of time in seconds and value. It ends at `end_s`, which for [`Outside::Repeat`] is
    /// where it begins again; a linear one goes from its last point to its first value there if it repeats, and
    /// stays at its last value if not.
    ///
    /// # Errors
    /// If there is no point, one is not finite, or the times do not rise up to the end.
    pub fn new(
        points: &[(f64, f64)],
        interpolation: Interpolation,
        end_s: f64,
        outside: Outside,
    ) -> Result<Self, SignalError> {
        for (index, &(time_s, value)) in points.iter().enumerate() {
            if !(time_s.is_finite() && value.is_finite()) {
                return Err(SignalError::NotFinite { index, time_s, value });
            }
            if let Some(&(before_s, _)) = index.checked_sub(1).and_then(|before| points.get(before))
                && time_s <= before_s
            {
                return Err(SignalError::NotRising { index, time_s, before_s });
            }
        }
        let last_s = points.last().ok_or(SignalError::Empty)?.0;
        if !(end_s.is_finite() && end_s > last_s) {
            return Err(SignalError::End { end_s, last_s });
        }
        let (times_s, values): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let is_constant = values.iter().all(|&value| value == values[0]);
        let mut signal = Signal {
            times_s,
            values,
            interpolation,
            end_s,
            outside,
            is_constant,
            tree: MomentTree::default(),
        };
        let segments: Vec<(f64, f64, f64)> = (0..signal.values.len())
            .map(|index| {
                let (value, slope) = signal.segment(index);
                let (start_s, span_s) =
                    (signal.times_s[index], signal.segment_end(index) - signal.times_s[index]);
                let integral = (value + 0.5 * slope * span_s) * span_s;
                let moment = (0.5 * value + slope * span_s / 3.0) * span_s * span_s;
                (start_s, integral, moment)
            })
            .collect();
        signal.tree = MomentTree::new(&segments);
        Ok(signal)
    }

    /// The same value at all times; one that is not finite counts as 0.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        let value = if value.is_finite() { value } else { 0.0 };
        Signal {
            times_s: vec![0.0],
            values: vec![value],
            interpolation: Interpolation::Hold,
            end_s: 1.0,
            outside: Outside::Hold,
            is_constant: true,
            tree: MomentTree::new(&[(0.0, value, 0.5 * value)]),
        }
    }

    /// The one value that it has at all times; `None` if it changes.
    #[must_use]
    pub fn as_constant(&self) -> Option<f64> {
        self.is_constant.then_some(self.values[0])
    }

    /// The times in seconds from which and up to which there are points.
    #[must_use]
    pub fn span_s(&self) -> (f64, f64) {
        (self.times_s[0], self.end_s)
    }

    /// The least and the greatest of its values.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        self.values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
    }

    fn segment_end(&self, index: usize) -> f64 {
        self.times_s.get(index + 1).copied().unwrap_or(self.end_s)
    }

    /// Value and slope at the start of a segment.
    fn segment(&self, index: usize) -> (f64, f64) {
        let value = self.values[index];
        let next = match (self.interpolation, self.values.get(index + 1), self.outside) {
            (Interpolation::Hold, ..) => value,
            (Interpolation::Linear, Some(&next), _) => next,
            (Interpolation::Linear, None, Outside::Repeat) => self.values[0],
            (Interpolation::Linear, None, Outside::Hold) => value,
        };
        (value, (next - value) / (self.segment_end(index) - self.times_s[index]))
    }

    /// The time within the points that this time is like, and the seconds to be added to get back.
    fn fold(&self, time_s: f64) -> (f64, f64) {
        let (first_s, period_s) = (self.times_s[0], self.end_s - self.times_s[0]);
        if self.outside == Outside::Hold || (first_s..self.end_s).contains(&time_s) {
            return (time_s, 0.0);
        }
        let shift_s = ((time_s - first_s) / period_s).floor() * period_s;
        // Rounding may leave it a hair outside.
        let folded_s = time_s - shift_s;
        if folded_s >= self.end_s {
            (first_s, time_s - first_s)
        } else {
            (folded_s.max(first_s), shift_s)
        }
    }

    /// The straight piece that begins at or goes through an instant.
    #[must_use]
    pub fn piece(&self, time_s: f64) -> Piece {
        if self.is_constant {
            return Piece { value: self.values[0], slope: 0.0, until_s: f64::INFINITY };
        }
        let (folded_s, shift_s) = self.fold(time_s);
        if folded_s < self.times_s[0] {
            return Piece { value: self.values[0], slope: 0.0, until_s: self.times_s[0] };
        }
        if folded_s >= self.end_s {
            let value = self.values[self.values.len() - 1];
            return Piece { value, slope: 0.0, until_s: f64::INFINITY };
        }
        let index = self.times_s.partition_point(|&start_s| start_s <= folded_s) - 1;
        let (value, slope) = self.segment(index);
        let until_s = self.segment_end(index) + shift_s;
        Piece { value: value + slope * (folded_s - self.times_s[index]), slope, until_s }
    }

    /// The value at an instant; at a step the new one.
    #[must_use]
    pub fn value(&self, time_s: f64) -> f64 {
        self.piece(time_s).value
    }

    /// Integral and first moment about `from_s`, for times that are not folded.
    fn within(&self, from_s: f64, to_s: f64) -> (f64, f64) {
        let straight = |value: f64, slope: f64, start_s: f64, end_s: f64| {
            let (span_s, ahead_s) = (end_s - start_s, start_s - from_s);
            let integral = (value + 0.5 * slope * span_s) * span_s;
            let moment = (0.5 * value + slope * span_s / 3.0) * span_s * span_s;
            (integral, moment + integral * ahead_s)
        };
        let (mut integral, mut moment) = (0.0, 0.0);
        let mut add = |(more, more_moment): (f64, f64)| {
            integral += more;
            moment += more_moment;
        };
        let (first_s, last) = (self.times_s[0], self.values.len() - 1);
        if from_s < first_s {
            add(straight(self.values[0], 0.0, from_s, to_s.min(first_s)));
        }
        let (low_s, high_s) = (from_s.max(first_s), to_s.min(self.end_s));
        if low_s < high_s {
            let low = self.times_s.partition_point(|&start_s| start_s <= low_s) - 1;
            let high = self.times_s.partition_point(|&start_s| start_s < high_s) - 1;
            let part = |index: usize, start_s: f64, end_s: f64| {
                let (value, slope) = self.segment(index);
                straight(value + slope * (start_s - self.times_s[index]), slope, start_s, end_s)
            };
            if low == high {
                add(part(low, low_s, high_s));
            } else {
                add(part(low, low_s, self.segment_end(low)));
                add(self.tree.range(low + 1, high, from_s));
                add(part(high, self.times_s[high], high_s));
            }
        }
        if to_s > self.end_s {
            add(straight(self.values[last], 0.0, from_s.max(self.end_s), to_s));
        }
        (integral, moment)
    }

    /// Integral and first moment about `from_s`.
    fn integrals(&self, from_s: f64, to_s: f64) -> (f64, f64) {
        if to_s <= from_s {
            return (0.0, 0.0);
        }
        let (first_s, period_s) = (self.times_s[0], self.end_s - self.times_s[0]);
        let (low_s, shift_s) = self.fold(from_s);
        let high_s = to_s - shift_s;
        if self.outside == Outside::Hold || high_s <= self.end_s {
            return self.within(low_s, high_s);
        }
        // The rest of this round, whole rounds, and the beginning of the last one.
        let (mut integral, mut moment) = self.within(low_s, self.end_s);
        let ahead_s = self.end_s - low_s;
        let rounds = ((high_s - self.end_s) / period_s).floor();
        let (whole, whole_moment) = self.within(first_s, self.end_s);
        integral += rounds * whole;
        // Sum over the rounds k = 0, 1, ... of the moment about `from_s`.
        moment +=
            rounds * (whole_moment + whole * ahead_s) + whole * period_s * rounds * (rounds - 1.0) / 2.0;
        let begun_s = ahead_s + rounds * period_s;
        let left_s = (high_s - low_s - begun_s).clamp(0.0, period_s);
        let (part, part_moment) = self.within(first_s, first_s + left_s);
        (integral + part, moment + part_moment + part * begun_s)
    }

    /// Integral over time, in units of the value times seconds; 0 if `to_s` is not after `from_s`. O(log n).
    #[must_use]
    pub fn integral(&self, from_s: f64, to_s: f64) -> f64 {
        self.integrals(from_s, to_s).0
    }

    /// Integral over time of the signal times a weight that goes in a straight line from `first` at `from_s` to
    /// `last` at `to_s`, such as the cost of a rising power. O(log n).
    #[must_use]
    pub fn integral_of_product(&self, from_s: f64, to_s: f64, first: f64, last: f64) -> f64 {
        if to_s <= from_s {
            return 0.0;
        }
        let (integral, moment) = self.integrals(from_s, to_s);
        first * integral + (last - first) / (to_s - from_s) * moment
    }

    /// The mean over a time; the value at `from_s` if that is no time at all.
    #[must_use]
    pub fn mean(&self, from_s: f64, to_s: f64) -> f64 {
        if to_s > from_s { self.integral(from_s, to_s) / (to_s - from_s) } else { self.value(from_s) }
    }
}

#[cfg(test)]
mod tests;
