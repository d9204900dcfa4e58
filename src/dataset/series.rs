//! The last rows of one entity.

/// Rows by number, the newest of them in memory: as many as windows still look at. Columns outermost, so that
/// the lags of a column lie beside each other.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// Nanoseconds.
    times: Vec<u64>,
    values: Vec<f64>,
    /// What stands for each value, if nulls are held.
    held: Option<Held>,
    columns: usize,
    begin: u64,
    end: u64,
}

/// Values with the last one before it in place of each null.
#[derive(Clone, Debug)]
struct Held {
    values: Vec<f64>,
    /// The time, in nanoseconds, of the row that each value was taken from.
    origins: Vec<u64>,
}

impl Held {
    fn new(cells: usize) -> Self {
        Held { values: vec![0.0; cells], origins: vec![0; cells] }
    }
}

/// Rows that a series has room for at first.
const FIRST_CAPACITY: usize = 8;

impl Series {
    /// An empty series, whose nulls are held if `hold`.
    pub(super) fn new(columns: usize, hold: bool) -> Self {
        Series::with_capacity(FIRST_CAPACITY, columns, hold)
    }

    /// The capacity is a power of two.
    fn with_capacity(capacity: usize, columns: usize, hold: bool) -> Self {
        let cells = capacity * columns;
        Series {
            times: vec![0; capacity],
            values: vec![0.0; cells],
            held: hold.then(|| Held::new(cells)),
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

    /// What stands for the value of a row, and the time in nanoseconds of the row that it was taken from: of a
    /// null, if nulls are held, the last value before it.
    pub(super) fn held(&self, row: u64, column: usize) -> (f64, u64) {
        debug_assert!((self.begin..self.end).contains(&row));
        let place = self.place(row);
        match &self.held {
            None => (self.value(row, column), self.times[place]),
            Some(held) => {
                let cell = column * self.times.len() + place;
                (held.values[cell], held.origins[cell])
            }
        }
    }

    /// What stands for the value, and the time in seconds, of a row.
    pub(super) fn held_point(&self, row: u64, column: usize) -> (f64, f64) {
        (self.held(row, column).0, self.time(row) as f64 / 1e9)
    }

    /// Value and time in seconds of a row.
    pub(super) fn point(&self, row: u64, column: usize) -> (f64, f64) {
        (self.value(row, column), self.time(row) as f64 / 1e9)
    }

    /// Rows before this one are not looked at any more.
    pub(super) fn forget_before(&mut self, row: u64) {
        self.begin = self.begin.max(row.min(self.end));
    }

    /// Adds a row: `value` gives that of each column. If nulls are held and it `continues` the row before, what
    /// stands there stands for a null; that row must not be forgotten.
    pub(super) fn push(&mut self, time: u64, continues: bool, value: impl Fn(usize) -> f64) {
        if (self.end - self.begin) as usize == self.times.len() {
            self.grow();
        }
        let (place, capacity) = (self.place(self.end), self.times.len());
        self.times[place] = time;
        for column in 0..self.columns {
            let new = value(column);
            let stands = match continues && new.is_nan() {
                true => self.held(self.end - 1, column),
                false => (new, time),
            };
            let cell = column * capacity + place;
            self.values[cell] = new;
            if let Some(held) = &mut self.held {
                (held.values[cell], held.origins[cell]) = stands;
            }
        }
        self.end += 1;
    }

    fn grow(&mut self) {
        let capacity = self.times.len() * 2;
        let mut larger = Series::with_capacity(capacity, self.columns, self.held.is_some());
        (larger.begin, larger.end) = (self.begin, self.end);
        for row in self.begin..self.end {
            let place = larger.place(row);
            larger.times[place] = self.time(row);
            for column in 0..self.columns {
                larger.values[column * capacity + place] = self.value(row, column);
                if let Some(held) = &mut larger.held {
                    let cell = column * capacity + place;
                    (held.values[cell], held.origins[cell]) = self.held(row, column);
                }
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
        let mut series = Series::new(2, false);
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
    fn nulls_are_held_and_it_is_known_since_when() {
        let mut series = Series::new(2, true);
        let first = [[1.0, f64::NAN], [f64::NAN, 2.0]];
        // More rows than there is room for at first.
        let rows = first.into_iter().chain(std::iter::repeat_n([f64::NAN; 2], 20));
        for (row, values) in rows.enumerate() {
            series.push(row as u64 * 10, row > 0, |column| values[column]);
        }
        assert_eq!((series.held(21, 0), series.held(21, 1)), ((1.0, 0), (2.0, 10)));
        assert!(series.value(21, 0).is_nan() && series.held(0, 1).0.is_nan());
        series.push(220, false, |_| f64::NAN);
        assert!(series.held(22, 0).0.is_nan());
    }
}
