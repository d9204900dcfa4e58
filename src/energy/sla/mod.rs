//! Service levels: what was agreed and delivered, what a contract makes of the difference, and the metrics of the
//! field. Pure functions of intervals, to be called by whoever runs a service.

mod contract;
mod level;
mod metrics;
mod uptime;

pub use contract::{Contract, Penalties, Penalty, SlaTally, vm_price_usd_per_h};
pub use level::ServiceLevel;
pub use metrics::{HostRecord, ServiceRecord, SlaMetrics};
pub use uptime::{UptimePromise, uptime_promise, uptime_promises};

/// Why less was delivered than agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViolationCause {
    /// The host had less than its services asked for.
    Overload,
    /// The service was being moved.
    Migration,
    /// The host or the service had failed.
    Crash,
}

impl ViolationCause {
    /// All causes, in order.
    pub const ALL: [ViolationCause; 3] =
        [ViolationCause::Overload, ViolationCause::Migration, ViolationCause::Crash];

    /// Number of causes.
    pub const COUNT: usize = Self::ALL.len();

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ViolationCause::Overload => "overload",
            ViolationCause::Migration => "migration",
            ViolationCause::Crash => "crash",
        }
    }
}

/// A time in which a service was agreed and delivered at constant rates.
///
/// ```
/// use stratosim::energy::sla::{SlaInterval, ViolationCause};
/// let slow = SlaInterval { span_s: 300.0, agreed: 1000.0, delivered: 900.0, cause: Some(ViolationCause::Overload) };
/// assert!(slow.is_violated());
/// assert_eq!(slow.missing_share(), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlaInterval {
    /// Its length in seconds.
    pub span_s: f64,
    /// What was agreed, or asked for within it, in any unit of capacity, such as MIPS.
    pub agreed: f64,
    /// What was delivered, in the same unit.
    pub delivered: f64,
    /// Why it was less, if it was; an interval without a cause counts as overload then.
    pub cause: Option<ViolationCause>,
}

impl SlaInterval {
    /// Whether less was delivered than agreed.
    #[must_use]
    pub fn is_violated(&self) -> bool {
        self.span_s > 0.0 && self.delivered < self.agreed
    }

    /// Share of what was agreed that was not delivered, in 0..=1.
    #[must_use]
    pub fn missing_share(&self) -> f64 {
        if self.is_violated() { ((self.agreed - self.delivered) / self.agreed).min(1.0) } else { 0.0 }
    }

    /// Why it was violated; `None` if it was not.
    #[must_use]
    pub fn violation(&self) -> Option<ViolationCause> {
        self.is_violated().then(|| self.cause.unwrap_or(ViolationCause::Overload))
    }
}

#[cfg(test)]
mod tests;
