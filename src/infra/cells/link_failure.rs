//! When a device has lost its cell: radio link failure (TS 38.331, 5.3.10) and the search for another one (5.3.7).
//!
//! The grants' losses of a period decide: from a tenth on an out-of-sync indication comes each 200 ms, up to a fiftieth an
//! in-sync indication each 100 ms (Qout and Qin of TS 38.133, 8.1), between the two none. N310 of the first without one
//! of the second start T310, N311 of the second stop it; when it runs out the link has failed. Losses are the same during a
//! period, so that its outcome follows without a step for each indication; a failure within it counts at its end.

use super::spec::LinkFailureSpec;
use crate::engine::SimDuration;

/// Losses of grants from which on a link is out of sync.
const OUT_OF_SYNC_LOSS: f64 = 0.1;
/// Losses of grants up to which a link is in sync.
const IN_SYNC_LOSS: f64 = 0.02;
/// Time between two out-of-sync indications.
const OUT_OF_SYNC_INTERVAL: SimDuration = SimDuration::from_nanos(200_000_000);
/// Time between two in-sync indications.
const IN_SYNC_INTERVAL: SimDuration = SimDuration::from_nanos(100_000_000);

/// How a link is at the end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkHealth {
    /// The timer does not run.
    Good,
    /// It runs.
    OutOfSync,
    /// It has run out.
    Failed,
}

/// The counters and the timer of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LinkMonitor {
    /// Time out of sync since the last in-sync indication; time in which no indication comes does not count.
    out_of_sync: SimDuration,
    /// Time in sync since the timer started or the link was out of sync.
    in_sync: SimDuration,
    /// How long the timer has run, if it does.
    timer: Option<SimDuration>,
}

impl LinkMonitor {
    /// Lets a period pass in which this share of the grants was lost.
    pub(super) fn advance(
        &mut self,
        limits: &LinkFailureSpec,
        period: SimDuration,
        pdcch_loss: f64,
    ) -> LinkHealth {
        if pdcch_loss >= OUT_OF_SYNC_LOSS {
            self.in_sync = SimDuration::ZERO;
            self.out_of_sync = self.out_of_sync + period;
            let needed = times(OUT_OF_SYNC_INTERVAL, limits.n310);
            match &mut self.timer {
                Some(timer) => *timer = *timer + period,
                None if self.out_of_sync >= needed => {
                    self.timer = Some(minus(self.out_of_sync, needed));
                }
                None => {}
            }
        } else if pdcch_loss <= IN_SYNC_LOSS {
            self.out_of_sync = SimDuration::ZERO;
            let Some(timer) = self.timer else { return LinkHealth::Good };
            let needed = minus(times(IN_SYNC_INTERVAL, limits.n311), self.in_sync);
            if needed <= period && needed <= minus(limits.t310, timer) {
                *self = LinkMonitor::default();
                return LinkHealth::Good;
            }
            self.in_sync = self.in_sync + period;
            self.timer = Some(timer + period);
        } else {
            self.timer = self.timer.map(|timer| timer + period);
        }
        match self.timer {
            None => LinkHealth::Good,
            Some(timer) if timer >= limits.t310 => LinkHealth::Failed,
            Some(_) => LinkHealth::OutOfSync,
        }
    }
}

fn times(duration: SimDuration, count: u32) -> SimDuration {
    SimDuration::from_nanos(duration.as_nanos().saturating_mul(u64::from(count)))
}

fn minus(duration: SimDuration, other: SimDuration) -> SimDuration {
    SimDuration::from_nanos(duration.as_nanos().saturating_sub(other.as_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(n310: u32, n311: u32, t310_ms: u64) -> LinkFailureSpec {
        LinkFailureSpec { n310, n311, t310: ms(t310_ms), ..LinkFailureSpec::default() }
    }

    fn ms(milliseconds: u64) -> SimDuration {
        SimDuration::from_nanos(milliseconds * 1_000_000)
    }

    /// The number of the period at whose end a link fails that loses all grants from the start.
    fn fails_after(limits: LinkFailureSpec, period: SimDuration) -> u64 {
        let mut monitor = LinkMonitor::default();
        (1..).find(|_| monitor.advance(&limits, period, 1.0) == LinkHealth::Failed).expect("it fails")
    }

    /// N310 x 0.2 s + T310, rounded up to whole periods.
    #[test]
    fn a_link_without_grants_fails_when_counter_and_timer_have_run_out() {
        assert_eq!(fails_after(limits(1, 1, 1000), ms(1000)), 2);
        assert_eq!(fails_after(limits(1, 1, 1000), ms(40)), 30);
        assert_eq!(fails_after(limits(1, 1, 1001), ms(40)), 31);
        assert_eq!(fails_after(limits(20, 1, 6000), ms(1000)), 10);
        assert_eq!(fails_after(limits(6, 1, 0), ms(100)), 12);
        assert_eq!(fails_after(limits(1, 1, 0), ms(5000)), 1);
    }

    /// T310 starts after 0.2 s and has 0.4 s left after a period of 0.8 s: four indications in sync come at 0.4 s, five
    /// too late.
    #[test]
    fn indications_in_sync_stop_the_timer_if_they_come_in_time() {
        for (n311, expected) in [(4, LinkHealth::Good), (5, LinkHealth::Failed)] {
            let (limits, mut monitor) = (limits(1, n311, 1000), LinkMonitor::default());
            assert_eq!(monitor.advance(&limits, ms(800), 0.1), LinkHealth::OutOfSync);
            assert_eq!(monitor.advance(&limits, ms(800), 0.02), expected);
        }
    }

    /// Between a fiftieth and a tenth nothing is told: the counters stay, and the timer goes on.
    #[test]
    fn in_between_neither_counts() {
        let (limits, mut monitor) = (limits(3, 3, 500), LinkMonitor::default());
        assert_eq!(monitor.advance(&limits, ms(400), 0.5), LinkHealth::Good);
        assert_eq!(monitor.advance(&limits, ms(9000), 0.05), LinkHealth::Good);
        assert_eq!(monitor.advance(&limits, ms(200), 0.5), LinkHealth::OutOfSync);
        assert_eq!(monitor.advance(&limits, ms(200), 0.0), LinkHealth::OutOfSync);
        assert_eq!(monitor.advance(&limits, ms(200), 0.05), LinkHealth::OutOfSync);
        assert_eq!(monitor.advance(&limits, ms(100), 0.0), LinkHealth::Good);
        // In sync, what was counted before counts no more.
        assert_eq!(monitor.advance(&limits, ms(400), 0.5), LinkHealth::Good);
        assert_eq!(monitor.advance(&limits, ms(100), 0.0), LinkHealth::Good);
        assert_eq!(monitor.advance(&limits, ms(400), 0.5), LinkHealth::Good);
    }

    proptest! {
        /// Against the standard's words, an indication at a time: periods of 200 ms, each with two indications in sync or one
        /// out of sync. (Both agree where no indication falls within a timer's last moment.)
        #[test]
        fn closed_forms_agree_with_single_indications(
            out in prop::collection::vec(any::<bool>(), 1..80),
            n310 in 1..5_u32,
            n311 in 1..5_u32,
            t310_periods in 0..8_u64,
        ) {
            let limits = limits(n310, n311, t310_periods * 200);
            let mut monitor = LinkMonitor::default();
            let (mut outs, mut ins, mut left_ms) = (0, 0, None);
            for is_out in out {
                let mut expected = LinkHealth::Good;
                for half in 0..2 {
                    // 100 ms pass, then comes the indication.
                    if is_out {
                        ins = 0;
                    } else {
                        outs = 0;
                        ins += 1;
                    }
                    left_ms = left_ms.map(|left: u64| left - 100);
                    if !is_out && left_ms.is_some() && ins >= n311 {
                        left_ms = None;
                    }
                    if is_out && half == 1 {
                        outs += 1;
                        if outs >= n310 && left_ms.is_none() {
                            (left_ms, ins) = (Some(t310_periods * 200), 0);
                        }
                    }
                    if left_ms == Some(0) {
                        expected = LinkHealth::Failed;
                        break;
                    }
                }
                if expected != LinkHealth::Failed && left_ms.is_some() {
                    expected = LinkHealth::OutOfSync;
                }
                let loss = if is_out { 1.0 } else { 0.0 };
                prop_assert_eq!(monitor.advance(&limits, ms(200), loss), expected);
                if expected == LinkHealth::Failed {
                    break;
                }
            }
        }
    }
}
