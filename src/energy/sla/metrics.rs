//! The metrics of the field, as CloudSim has them (Beloglazov and Buyya 2012).

use super::{SlaInterval, ViolationCause};
use crate::engine::Summary;

/// What is kept of one service, such as a virtual machine, interval by interval.
#[derive(Clone, Debug, Default)]
pub struct ServiceRecord {
    /// Seconds in all.
    pub span_s: f64,
    /// What was agreed, times seconds.
    pub agreed: f64,
    /// What was delivered, times seconds, no more than agreed.
    pub delivered: f64,
    /// What was not delivered, times seconds, by [`ViolationCause`].
    pub missing: [f64; ViolationCause::COUNT],
    /// Seconds of violation, by [`ViolationCause`].
    pub violated_s: [f64; ViolationCause::COUNT],
    /// Seconds in which nothing was delivered of what was agreed.
    pub down_s: f64,
    /// The missing shares of the intervals that were violated, each counting once whatever its length.
    pub missing_shares: Summary,
}

impl ServiceRecord {
    /// Adds an interval.
    pub fn add(&mut self, interval: &SlaInterval) {
        if interval.span_s <= 0.0 {
            return;
        }
        self.span_s += interval.span_s;
        self.agreed += interval.agreed * interval.span_s;
        self.delivered += interval.delivered.min(interval.agreed) * interval.span_s;
        if let Some(cause) = interval.violation() {
            self.missing[cause as usize] += (interval.agreed - interval.delivered) * interval.span_s;
            self.violated_s[cause as usize] += interval.span_s;
            self.missing_shares.add(interval.missing_share());
            if interval.delivered <= 0.0 {
                self.down_s += interval.span_s;
            }
        }
    }

    /// Share of the time in which something was delivered, in 0..=1; 1 of no time.
    #[must_use]
    pub fn availability(&self) -> f64 {
        if self.span_s > 0.0 { 1.0 - self.down_s / self.span_s } else { 1.0 }
    }

    /// Share of what was agreed that migrations took; 0 if nothing was agreed.
    #[must_use]
    pub fn degradation_by_migration(&self) -> f64 {
        share(self.missing[ViolationCause::Migration as usize], self.agreed)
    }
}

/// What is kept of one host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostRecord {
    /// Seconds in which it was on.
    pub active_s: f64,
    /// Seconds of these in which all of its capacity was in use.
    pub full_s: f64,
}

impl HostRecord {
    /// Adds a time at a utilisation, at which 1 is full.
    pub fn add(&mut self, span_s: f64, utilisation: f64) {
        self.active_s += span_s;
        if utilisation >= 1.0 {
            self.full_s += span_s;
        }
    }
}

/// The metrics of a whole.
///
/// ```
/// use stratosim::energy::sla::{HostRecord, ServiceRecord, SlaInterval, SlaMetrics, ViolationCause};
/// let mut vm = ServiceRecord::default();
/// vm.add(&SlaInterval { span_s: 90.0, agreed: 10.0, delivered: 10.0, cause: None });
/// vm.add(&SlaInterval { span_s: 10.0, agreed: 10.0, delivered: 9.0, cause: Some(ViolationCause::Migration) });
/// let host = HostRecord { active_s: 100.0, full_s: 25.0 };
/// let metrics = SlaMetrics::new([&vm], [&host], 2.0);
/// assert_eq!((metrics.slatah, metrics.pdm), (0.25, 0.01));
/// assert_eq!((metrics.slav, metrics.esv), (0.0025, 0.005));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SlaMetrics {
    /// SLA violation time per active host: the mean over the hosts of the share of their active time in which they
    /// were full.
    pub slatah: f64,
    /// Performance degradation due to migrations: the mean over the services of the share of what they asked for
    /// that migrations took.
    pub pdm: f64,
    /// SLATAH times PDM.
    pub slav: f64,
    /// Energy in kWh times SLAV.
    pub esv: f64,
    /// Share of all that was agreed that was not delivered.
    pub overall_violation: f64,
    /// Mean missing share over the intervals that were violated.
    pub average_violation: f64,
    /// Mean share of the time in which services were there.
    pub availability: f64,
}

impl SlaMetrics {
    /// The metrics of these services on these hosts, which used this energy. Hosts that were never on and services
    /// that asked for nothing are no part of the means.
    #[must_use]
    pub fn new<'a>(
        services: impl IntoIterator<Item = &'a ServiceRecord>,
        hosts: impl IntoIterator<Item = &'a HostRecord>,
        energy_kwh: f64,
    ) -> Self {
        let (mut agreed, mut delivered) = (0.0, 0.0);
        let (mut degradations, mut availabilities) = (Summary::default(), Summary::default());
        let (mut shares, mut violated) = (0.0, 0.0);
        for service in services {
            agreed += service.agreed;
            delivered += service.delivered;
            if service.agreed > 0.0 {
                degradations.add(service.degradation_by_migration());
            }
            if service.span_s > 0.0 {
                availabilities.add(service.availability());
            }
            let count = service.missing_shares.count() as f64;
            if count > 0.0 {
                shares += service.missing_shares.mean() * count;
                violated += count;
            }
        }
        let mut full = Summary::default();
        for host in hosts {
            if host.active_s > 0.0 {
                full.add(host.full_s / host.active_s);
            }
        }
        let mean = |summary: &Summary, otherwise: f64| {
            if summary.count() > 0 { summary.mean() } else { otherwise }
        };
        let (slatah, pdm) = (mean(&full, 0.0), mean(&degradations, 0.0));
        SlaMetrics {
            slatah,
            pdm,
            slav: slatah * pdm,
            esv: energy_kwh * slatah * pdm,
            overall_violation: share(agreed - delivered, agreed),
            average_violation: share(shares, violated),
            availability: mean(&availabilities, 1.0),
        }
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
