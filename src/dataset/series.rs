//! The last rows of one entity.

/// Rows by number, the newest of them in memory: as many as windows still look at. Columns outermost, so that
/// the lags of a column lie beside each other.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// Nanoseconds.
    times: Vec<u64>,
    values: Vec<f64>,
    columns: usize,
    begin: u64,
    end: u64,
}

/// Rows that a series has room for at first.
const FIRST_CAPACITY: usize = 8;

impl Series {
    pub(super) fn new(columns: usize) -> Self {
        Series {
            times: vec![0; FIRST_CAPACITY],
            values: vec![0.0; FIRST_CAPACITY * columns],
            columns,
            begin: 0,
            end: 0,
        }
    }

    /// The number of the row after the newest.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    fn place(&self, row: u64) -> usize {
        // The capacity is a power of two.
        row as usize & (self.times.len() - 1)
    }

    /// The time of a row in nanoseconds.
    pub(super) fn time(&self, row: u64) -> u64 {
        debug_assert!((self.begin..self.end).contains(&row));
        self.times[self.place(row)]
    }

    /// The value of a row; NaN for none.
    pub(super) fn value(&self, row: u64, column: usize) -> f64 {
        debug_assert!((self.begin..self.end).contains(&row));
        self.values[column * self.times.len() + self.place(row)]
    }

    /// Value and time in seconds of a row.
    pub(super) fn point(&self, row: u64, column: usize) -> (f64, f64) {
        (self.value(row, column), self.time(row) as f64 / 1e9)
    }

    /// Rows before this one are not looked at any more.
    pub(super) fn forget_before(&mut self, row: u64) {
        self.begin = self.begin.max(row.min(self.end));
    }

    /// Adds a row: `value` gives that of each column. With `hold`, that of the row before stands for a null;
    /// it must not be forgotten.
    pub(super) fn push(&mut self, time: u64, hold: bool, value: impl Fn(usize) -> f64) {
        if (self.end - self.begin) as usize == self.times.len() {
            self.grow();
        }
        let (place, capacity) = (self.place(self.end), self.times.len());
        self.times[place] = time;
        for column in 0..self.columns {
            let mut new = value(column);
            if hold && new.is_nan() {
                new = self.value(self.end - 1, column);
            }
            self.values[column * capacity + place] = new;
        }
        self.end += 1;
    }

    fn grow(&mut self) {
        let capacity = self.times.len() * 2;
        let mut larger = Series {
            times: vec![0; capacity],
            values: vec![0.0; capacity * self.columns],
            columns: self.columns,
            begin: self.begin,
            end: self.end,
        };
        for row in self.begin..self.end {
            let place = larger.place(row);
            larger.times[place] = self.time(row);
            for column in 0..self.columns {
                larger.values[column * capacity + place] = self.value(row, column);
            }
        }
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_until_they_are_forgotten() {
        let mut series = Series::new(2);
        for row in 0..1000_u64 {
            series.push(row * 10, false, |column| (row * 2 + column as u64) as f64);
            // Now and then far more rows are kept than before.
            let kept =
                if row.is_multiple_of(100) { row.saturating_sub(60) } else { row.saturating_sub(5) };
            let kept = kept.max(series.begin);
            series.forget_before(kept);
            for old in kept..=row {
                assert_eq!(series.time(old), old * 10);
                assert_eq!(series.value(old, 1), (old * 2 + 1) as f64);
                assert_eq!(series.point(old, 0), ((old * 2) as f64, old as f64 * 10.0 / 1e9));
            }
        }
        assert!(series.times.len() <= 128, "{}", series.times.len());
    }

    #[test]
    fn nulls_are_held() {
        let mut series = Series::new(2);
        for (row, values) in [[1.0, f64::NAN], [f64::NAN, 2.0], [f64::NAN, f64::NAN]].iter().enumerate()
        {
            series.push(row as u64, row > 0, |column| values[column]);
        }
        assert_eq!((series.value(2, 0), series.value(2, 1)), (1.0, 2.0));
        assert!(series.value(0, 1).is_nan());
    }
}
