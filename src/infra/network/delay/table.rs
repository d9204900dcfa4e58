//! Measured throughput by the number of concurrent transfers.

use super::{DelayModel, Message};
use std::sync::Arc;

/// A link known by measurements: with k transfers on it already, a message of x bytes is sent at the
/// throughput of the row for k, T(k), times a factor, and keeps that rate to its end: 8 x / (f T(k)) seconds.
/// Between rows the one before holds. Beyond the last row messages are refused. Made for the campus WLAN and
/// the WAN that Sonmez, Ozgovde & Ersoy measured (2018).
#[derive(Clone, Debug, PartialEq)]
pub struct ThroughputTable {
    /// For each number of transfers its rate in bits a second.
    rates_bps: Arc<[f64]>,
}

/// What makes no table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThroughputError {
    /// A table without rows.
    #[error("the table has no rows; it needs one for 0 transfers at least")]
    Empty,
    /// It does not begin with an idle link.
    #[error("row 1 is for {0} transfers, but the first row must be for 0")]
    Start(u32),
    /// Its keys do not increase.
    #[error("row {row} is for {transfers} transfers after one for {before}; the numbers must increase")]
    Order {
        /// The row, counted from 1.
        row: usize,
        /// Its key.
        transfers: u32,
        /// The key before.
        before: u32,
    },
    /// A rate that carries nothing.
    #[error("row {row} has a throughput of {rate_bps} bit/s, but it must be above 0 and finite")]
    Rate {
        /// The row, counted from 1.
        row: usize,
        /// Its rate.
        rate_bps: f64,
    },
    /// More transfers than a table is made for.
    #[error("row {row} is for {transfers} transfers, but a table ends at 1000000")]
    TooLong {
        /// The row, counted from 1.
        row: usize,
        /// Its key.
        transfers: u32,
    },
    /// A factor that makes no rate.
    #[error("the factor is {0}, but must be above 0 and finite")]
    Factor(f64),
}

/// Most transfers that a table tells of.
const MOST_TRANSFERS: u32 = 1_000_000;

impl ThroughputTable {
    /// A table of rows (transfers on the link already, throughput of one more in bits a second), in order
    /// from 0 transfers on; all throughputs are multiplied by `factor`.
    ///
    /// # Errors
    /// If there are no rows, they are not in order, or a throughput or the factor is not above 0.
    pub fn new(rows: &[(u32, f64)], factor: f64) -> Result<Self, ThroughputError> {
        if factor.is_nan() || factor <= 0.0 || factor.is_infinite() {
            return Err(ThroughputError::Factor(factor));
        }
        let mut rates_bps: Vec<f64> = Vec::with_capacity(rows.len());
        let mut last: Option<(u32, f64)> = None;
        for (row, &(transfers, rate_bps)) in (1..).zip(rows) {
            if rate_bps.is_nan() || rate_bps <= 0.0 || rate_bps.is_infinite() {
                return Err(ThroughputError::Rate { row, rate_bps });
            }
            if transfers > MOST_TRANSFERS {
                return Err(ThroughputError::TooLong { row, transfers });
            }
            match last {
                None if transfers > 0 => return Err(ThroughputError::Start(transfers)),
                Some((before, _)) if transfers <= before => {
                    return Err(ThroughputError::Order { row, transfers, before });
                }
                Some((_, before_bps)) => rates_bps.resize(transfers as usize, before_bps),
                None => {}
            }
            rates_bps.push(rate_bps * factor);
            last = Some((transfers, rate_bps * factor));
        }
        if rates_bps.is_empty() {
            return Err(ThroughputError::Empty);
        }
        Ok(ThroughputTable { rates_bps: rates_bps.into() })
    }

    /// Bits a second that a message gets if `transfers` are on the link already; `None` beyond the table.
    #[must_use]
    pub fn rate_bps(&self, transfers: usize) -> Option<f64> {
        self.rates_bps.get(transfers).copied()
    }
}

impl DelayModel for ThroughputTable {
    fn delay_s(&mut self, message: &Message) -> Option<f64> {
        self.rate_bps(message.transfers).map(|rate_bps| 8.0 * message.bytes / rate_bps)
    }

    fn needs_distance(&self) -> bool {
        false
    }

    fn boxed_clone(&self) -> Box<dyn DelayModel> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::message;
    use super::*;

    #[test]
    fn each_row_gives_its_rate_and_the_end_refuses() {
        let mut table = ThroughputTable::new(&[(0, 8e6), (1, 4e6), (4, 1e6)], 3.0).unwrap();
        let mut delay = |transfers| table.delay_s(&message(1.0, 3e6).with_transfers(transfers));
        // 24 Mbit at 24, 12, 12, 12 and 3 Mbit/s.
        assert_eq!([0, 1, 2, 3, 4].map(&mut delay), [1.0, 2.0, 2.0, 2.0, 8.0].map(Some));
        assert_eq!(delay(5), None);
    }

    #[test]
    fn bad_tables_are_named() {
        let text = |rows: &[(u32, f64)]| ThroughputTable::new(rows, 1.0).unwrap_err().to_string();
        assert_eq!(text(&[]), "the table has no rows; it needs one for 0 transfers at least");
        assert_eq!(text(&[(1, 1.0)]), "row 1 is for 1 transfers, but the first row must be for 0");
        assert_eq!(
            text(&[(0, 1.0), (2, 1.0), (1, 1.0)]),
            "row 3 is for 1 transfers after one for 2; the numbers must increase"
        );
        assert_eq!(
            text(&[(0, -1.0)]),
            "row 1 has a throughput of -1 bit/s, but it must be above 0 and finite"
        );
        assert!(text(&[(0, 1.0), (u32::MAX, 1.0)]).contains("ends at 1000000"));
        assert!(ThroughputTable::new(&[(0, 1.0)], 0.0).is_err());
    }
}
