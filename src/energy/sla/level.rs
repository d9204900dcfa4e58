//! The service level of one service: its contract and the availability that is promised.

use super::{Contract, Penalty, SlaInterval, ViolationCause};

/// What is agreed on one service, such as a virtual machine.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceLevel {
    /// Its price, and what violations cost.
    pub contract: Contract,
    /// Share of the time in service that is promised, in 0..=1; none if `None`.
    pub availability: Option<f64>,
}

impl ServiceLevel {
    /// A service level that promises the availability that the contract's promise of uptime commits to, if any.
    #[must_use]
    pub fn new(contract: Contract) -> Self {
        let availability = contract.uptime.as_ref().map(|promise| promise.commitment);
        ServiceLevel { contract, availability }
    }

    /// What an hour costs in which `delivered` of `agreed` is delivered for this cause, in the currency of the
    /// price: one violation, its grace used up before, the promise of uptime and the cap left out, which depend on
    /// what else happens.
    #[must_use]
    pub fn hourly_cost(&self, cause: ViolationCause, agreed: f64, delivered: f64) -> f64 {
        let hour = SlaInterval { span_s: 3600.0, agreed, delivered, cause: Some(cause) };
        match self.contract.penalties[cause as usize] {
            Penalty::DelayDependent { rate_per_s, .. } => {
                rate_per_s * hour.missing_share() * hour.span_s
            }
            _ => self.contract.penalties([hour]).by_cause[cause as usize],
        }
    }

    /// What one violation costs that has this cause and consists of spans, one after the other, each with its seconds
    /// and what is `delivered` of `agreed`. The promise of uptime and the cap are left out, which depend on what else
    /// happens.
    ///
    /// ```
    /// use stratosim::energy::sla::{Contract, Penalty, ServiceLevel, ViolationCause};
    /// let level = ServiceLevel::new(Contract::new(0.0, Penalty::Fixed { amount: 5.0 }));
    /// // However short and in how many parts.
    /// assert_eq!(level.violation_cost(ViolationCause::Migration, 10.0, &[(40.0, 9.0), (0.3, 0.0)]), 5.0);
    /// assert_eq!(level.violation_cost(ViolationCause::Migration, 10.0, &[(40.0, 10.0)]), 0.0);
    /// ```
    #[must_use]
    pub fn violation_cost(&self, cause: ViolationCause, agreed: f64, spans: &[(f64, f64)]) -> f64 {
        let intervals = spans.iter().map(|&(span_s, delivered)| SlaInterval {
            span_s,
            agreed,
            delivered,
            cause: Some(cause),
        });
        self.contract.penalties(intervals).by_cause[cause as usize]
    }

    /// What an hour costs in which a service of this size is down after a crash.
    ///
    /// ```
    /// use stratosim::energy::sla::{Contract, Penalty, ServiceLevel};
    /// // 0.10 an hour, of which three times as much is given back for a time out of service.
    /// let gold = ServiceLevel::new(Contract::new(0.10 / 3600.0, Penalty::Full { factor: 3.0 }));
    /// assert!((gold.hourly_downtime_cost(2000.0) - 0.30).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn hourly_downtime_cost(&self, size: f64) -> f64 {
        self.hourly_cost(ViolationCause::Crash, size, 0.0)
    }
}
