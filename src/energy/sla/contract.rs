//! Contracts: what a provider owes for what it did not deliver.

use super::uptime::UptimePromise;
use super::{SlaInterval, ViolationCause};

/// What one cause of violations costs. Amounts are in the currency of the price (forms as surveyed by Maarouf et
/// al. 2015 and Yuan et al. 2015).
#[derive(Clone, Debug, PartialEq)]
pub enum Penalty {
    /// Nothing.
    None,
    /// The same for each violation: intervals that follow each other with the same cause are one.
    Fixed {
        /// Money for each.
        amount: f64,
    },
    /// By the time that the service is set back: the missing share times the length, summed up, beyond a grace.
    DelayDependent {
        /// Money for each second of delay.
        rate_per_s: f64,
        /// Seconds of delay that are free.
        grace_s: f64,
    },
    /// A multiple of the price for the time of the violation, however much was missing (the first method of
    /// ExtCloudSim, and its rule for migrations and crashes).
    Full {
        /// The multiple, such as a priority.
        factor: f64,
    },
    /// A multiple of the price for the time of the violation times the missing share (the second method of
    /// ExtCloudSim).
    Proportional {
        /// The multiple, such as a priority.
        factor: f64,
    },
    /// By the square of what is missing, in the unit of the service, and time (US patent 12177093).
    Quadratic {
        /// Money for a unit squared and a second.
        rate: f64,
    },
}

/// A contract on one service.
///
/// ```
/// use stratosim::energy::sla::{Contract, Penalty, SlaInterval, ViolationCause};
/// // 0.36 an hour, of which a missing share is given back twice, but never more than the bill.
/// let mut contract = Contract::new(0.36 / 3600.0, Penalty::Proportional { factor: 2.0 });
/// contract.cap_share = Some(1.0);
/// let good = SlaInterval { span_s: 3000.0, agreed: 100.0, delivered: 100.0, cause: None };
/// let slow = SlaInterval { span_s: 600.0, delivered: 75.0, cause: Some(ViolationCause::Overload), ..good };
/// let owed = contract.penalties([good, slow]);
/// assert!((owed.bill - 0.36).abs() < 1e-12);
/// // 0.06 for ten minutes, of which a quarter twice.
/// assert!((owed.total - 0.03).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// Money for a second of service.
    pub price_per_s: f64,
    /// What violations cost, by [`ViolationCause`].
    pub penalties: [Penalty; ViolationCause::COUNT],
    /// What a low share of time in service costs over the whole of the intervals, beside that.
    pub uptime: Option<UptimePromise>,
    /// Greatest share of the bill that is owed; any if `None`.
    pub cap_share: Option<f64>,
}

/// What a contract comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Penalties {
    /// What the customer pays for the time, violated or not.
    pub bill: f64,
    /// What is owed by [`ViolationCause`], before the cap.
    pub by_cause: [f64; ViolationCause::COUNT],
    /// What is owed for the share of time in service, before the cap.
    pub for_uptime: f64,
    /// What is owed in all, after the cap.
    pub total: f64,
}

/// What is summed up of one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Violated {
    count: u64,
    span_s: f64,
    delay_s: f64,
    squares: f64,
}

/// What a contract needs to know of intervals that follow each other in time, summed up as they come.
///
/// ```
/// use stratosim::energy::sla::{Contract, Penalty, SlaInterval, SlaTally, ViolationCause};
/// let mut tally = SlaTally::default();
/// let good = SlaInterval { span_s: 60.0, agreed: 100.0, delivered: 100.0, cause: None };
/// tally.add(&good);
/// tally.add(&good);
/// let down = SlaInterval { delivered: 0.0, cause: Some(ViolationCause::Crash), ..good };
/// tally.add(&down);
/// tally.add(&down);
/// // The two that follow each other are one violation.
/// assert_eq!(tally.violations(ViolationCause::Crash), 1);
/// assert_eq!(tally.violated_s(ViolationCause::Crash), 120.0);
/// assert_eq!((tally.span_s(), tally.availability()), (240.0, 0.5));
/// let owed = Contract::new(0.0, Penalty::Fixed { amount: 5.0 }).settle(&tally);
/// assert_eq!(owed.total, 5.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SlaTally {
    violated: [Violated; ViolationCause::COUNT],
    span_s: f64,
    down_s: f64,
    before: Option<ViolationCause>,
}

impl SlaTally {
    /// Adds an interval; one without a length changes nothing.
    pub fn add(&mut self, interval: &SlaInterval) {
        if interval.span_s <= 0.0 {
            return;
        }
        self.span_s += interval.span_s;
        let violation = interval.violation();
        if let Some(cause) = violation {
            let own = &mut self.violated[cause as usize];
            let missing = interval.agreed - interval.delivered;
            own.count += u64::from(self.before != violation);
            own.span_s += interval.span_s;
            own.delay_s += interval.missing_share() * interval.span_s;
            own.squares += missing * missing * interval.span_s;
            if interval.delivered <= 0.0 {
                self.down_s += interval.span_s;
            }
        }
        self.before = violation;
    }

    /// Seconds in all.
    #[must_use]
    pub fn span_s(&self) -> f64 {
        self.span_s
    }

    /// How often a cause began to violate what was agreed.
    #[must_use]
    pub fn violations(&self, cause: ViolationCause) -> u64 {
        self.violated[cause as usize].count
    }

    /// Seconds in which a cause violated what was agreed.
    #[must_use]
    pub fn violated_s(&self, cause: ViolationCause) -> f64 {
        self.violated[cause as usize].span_s
    }

    /// Share of the time in which something was delivered, in 0..=1; 1 of no time.
    #[must_use]
    pub fn availability(&self) -> f64 {
        if self.span_s > 0.0 { 1.0 - self.down_s / self.span_s } else { 1.0 }
    }
}

impl Contract {
    /// A contract with the same penalty for all causes, and no cap.
    #[must_use]
    pub fn new(price_per_s: f64, penalty: Penalty) -> Self {
        let penalties = [penalty.clone(), penalty.clone(), penalty];
        Contract { price_per_s, penalties, uptime: None, cap_share: None }
    }

    /// The contract of the MLSysOps extension of CloudSim for a virtual machine of this price and priority (1 to
    /// 3): migrations and crashes cost the priority times the price for their time, overload the same, or that
    /// times the missing share if `proportional`.
    #[must_use]
    pub fn ext_cloud_sim(price_per_s: f64, priority: f64, proportional: bool) -> Self {
        let mut contract = Contract::new(price_per_s, Penalty::Full { factor: priority });
        if proportional {
            contract.penalties[ViolationCause::Overload as usize] =
                Penalty::Proportional { factor: priority };
        }
        contract
    }

    /// What is owed for these intervals, which follow each other in time.
    #[must_use]
    pub fn penalties(&self, intervals: impl IntoIterator<Item = SlaInterval>) -> Penalties {
        let mut tally = SlaTally::default();
        intervals.into_iter().for_each(|interval| tally.add(&interval));
        self.settle(&tally)
    }

    /// What is owed for the intervals of a tally.
    #[must_use]
    pub fn settle(&self, tally: &SlaTally) -> Penalties {
        let bill = self.price_per_s * tally.span_s;
        let owed = |penalty: &Penalty, own: &Violated| match penalty {
            Penalty::None => 0.0,
            Penalty::Fixed { amount } => amount * own.count as f64,
            Penalty::DelayDependent { rate_per_s, grace_s } => {
                rate_per_s * (own.delay_s - grace_s).max(0.0)
            }
            Penalty::Full { factor } => factor * self.price_per_s * own.span_s,
            Penalty::Proportional { factor } => factor * self.price_per_s * own.delay_s,
            Penalty::Quadratic { rate } => rate * own.squares,
        };
        let by_cause = ViolationCause::ALL
            .map(|cause| owed(&self.penalties[cause as usize], &tally.violated[cause as usize]));
        let uptime = tally.availability();
        let for_uptime = self.uptime.as_ref().map_or(0.0, |promise| promise.credit(uptime) * bill);
        let all = by_cause.iter().sum::<f64>() + for_uptime;
        let total = self.cap_share.map_or(all, |share| all.min(share * bill));
        Penalties { bill, by_cause, for_uptime, total }
    }
}

/// US dollars an hour of a virtual machine by its size, as the MLSysOps extension of CloudSim has them.
///
/// ```
/// use stratosim::energy::sla::vm_price_usd_per_h;
/// assert_eq!(vm_price_usd_per_h(1, 1.7e9), 0.0248);
/// assert_eq!(vm_price_usd_per_h(1, 12e9), 0.1984);
/// assert_eq!(vm_price_usd_per_h(16, 64e9), 0.896);
/// ```
#[must_use]
pub fn vm_price_usd_per_h(cores: u32, memory_bytes: f64) -> f64 {
    const MIB: f64 = 1_048_576.0;
    // At most so many cores and less than so much memory.
    const SIZES: [(u32, f64, f64); 7] = [
        (2, 512.0 * MIB, 0.0062),
        (2, 1024.0 * MIB, 0.0124),
        (2, 2048.0 * MIB, 0.0248),
        (2, 4096.0 * MIB, 0.0496),
        (2, 8192.0 * MIB, 0.0992),
        (4, 16_384.0 * MIB, 0.1984),
        (8, 32_768.0 * MIB, 0.3968),
    ];
    let fits = SIZES.iter().find(|(most, below, _)| cores <= *most && memory_bytes < *below);
    fits.map_or(0.896, |(_, _, price)| *price)
}
