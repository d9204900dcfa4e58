//! Promises of uptime: the share of a month in service, and what is given back below it.

use std::borrow::Cow;

/// A promise of uptime with credits in tiers.
///
/// ```
/// use stratosim::energy::sla::uptime_promise;
/// let region = uptime_promise("aws_ec2_region").expect("it is one of them");
/// assert_eq!(region.credit(0.9999), 0.0);
/// assert_eq!(region.credit(0.9998), 0.10);
/// assert_eq!(region.credit(0.94), 1.0);
/// // 4.32 minutes of 30 days.
/// assert!((region.downtime_s(30.0 * 86_400.0) - 259.2).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UptimePromise {
    /// Its name.
    pub name: Cow<'static, str>,
    /// What is promised for what, and where that is from.
    pub about: Cow<'static, str>,
    /// Share of the time in service that is promised.
    pub commitment: f64,
    /// Shares of uptime below which a share of the bill is given back, and that share; of those that hold the
    /// greatest counts.
    pub tiers: Cow<'static, [(f64, f64)]>,
}

impl UptimePromise {
    /// Share of the bill that is given back at a share of time in service.
    #[must_use]
    pub fn credit(&self, uptime: f64) -> f64 {
        let due = self.tiers.iter().filter(|(below, _)| uptime < *below);
        due.map(|(_, credit)| *credit).fold(0.0, f64::max)
    }

    /// Seconds out of service in a period that the promise allows.
    #[must_use]
    pub fn downtime_s(&self, period_s: f64) -> f64 {
        (1.0 - self.commitment) * period_s
    }
}

const fn promise(
    name: &'static str,
    about: &'static str,
    commitment: f64,
    tiers: &'static [(f64, f64)],
) -> UptimePromise {
    UptimePromise {
        name: Cow::Borrowed(name),
        about: Cow::Borrowed(about),
        commitment,
        tiers: Cow::Borrowed(tiers),
    }
}

#[rustfmt::skip]
static PROMISES: [UptimePromise; 10] = [
    promise("aws_ec2_region", "Amazon EC2 over two zones or more", 0.9999,
        &[(0.9999, 0.10), (0.99, 0.30), (0.95, 1.0)]),
    promise("aws_ec2_instance", "one Amazon EC2 instance; tiers not re-checked", 0.995,
        &[(0.995, 0.10), (0.99, 0.30), (0.95, 1.0)]),
    promise("azure_vm_zones", "Azure virtual machines over zones", 0.9999,
        &[(0.9999, 0.10), (0.99, 0.25), (0.95, 1.0)]),
    promise("azure_vm_set", "Azure virtual machines in an availability set", 0.9995,
        &[(0.9995, 0.10), (0.99, 0.25), (0.95, 1.0)]),
    promise("azure_vm_premium_ssd", "one Azure virtual machine with premium SSD", 0.999,
        &[(0.999, 0.10), (0.99, 0.25), (0.95, 1.0)]),
    promise("azure_vm_standard_ssd", "one Azure virtual machine with standard SSD", 0.995,
        &[(0.995, 0.10), (0.99, 0.25), (0.95, 1.0)]),
    promise("azure_vm_hdd", "one Azure virtual machine with HDD; tiers not re-checked", 0.95,
        &[(0.95, 0.10), (0.92, 0.25), (0.90, 1.0)]),
    promise("gcp_compute_zones", "Google Compute Engine over zones; tiers not re-checked", 0.9999,
        &[(0.9999, 0.10), (0.99, 0.25), (0.95, 1.0)]),
    promise("gcp_compute_instance", "one instance of Google Compute Engine; tiers not re-checked", 0.999,
        &[(0.999, 0.10), (0.99, 0.25), (0.95, 1.0)]),
    promise("gcp_compute_memory", "one memory-optimised instance of Google Compute Engine; tiers not re-checked", 0.9995,
        &[(0.9995, 0.10), (0.99, 0.25), (0.95, 1.0)]),
];

/// Promises of large providers.
#[must_use]
pub fn uptime_promises() -> &'static [UptimePromise] {
    &PROMISES
}

/// The promise of this name.
#[must_use]
pub fn uptime_promise(name: &str) -> Option<&'static UptimePromise> {
    PROMISES.iter().find(|promise| promise.name == name)
}
