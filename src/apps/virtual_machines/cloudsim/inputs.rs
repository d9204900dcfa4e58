//! What a fleet is made from.

use super::{OverloadDetector, Quirks, VmSelection};
use thiserror::Error;

/// A kind of host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostKind {
    /// Name.
    pub name: String,
    /// Processing elements: cores.
    pub cores: u32,
    /// Speed of each core.
    pub mips_per_core: f64,
    /// Memory in megabytes.
    pub memory_mb: f64,
    /// Bandwidth of the network interface in kbit/s. A migration takes half of it.
    pub bandwidth_kbps: f64,
    /// Watts at a utilisation of 0, 10, .., 100 %, with straight lines between, as SPECpower publishes them.
    pub power_w: [f64; 11],
}

impl HostKind {
    /// Speed of all cores together, in MIPS.
    #[must_use]
    pub fn capacity_mips(&self) -> f64 {
        f64::from(self.cores) * self.mips_per_core
    }
}

/// A kind of virtual machine, with one core.
#[derive(Clone, Debug, PartialEq)]
pub struct VmKind {
    /// Name.
    pub name: String,
    /// Speed of its core if it gets all it may ask for.
    pub mips: f64,
    /// Memory in megabytes, which a migration copies.
    pub memory_mb: f64,
    /// Bandwidth that its placement asks for, in kbit/s.
    pub bandwidth_kbps: f64,
    /// What its user pays an hour, in any currency; only [`VmSelection::MinimumCost`] looks at it.
    pub price_per_h: f64,
}

/// The demand of all virtual machines on a common grid of time: shares of their full speed in 0..=1, with
/// straight lines between the samples and the last one held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DemandGrid {
    /// Seconds between samples; the first is at 0.
    interval_s: f64,
    vms: usize,
    /// Sample by sample, all VMs of one sample together, since they are looked at together.
    shares: Vec<f64>,
}

impl DemandGrid {
    /// The grid of `series`, one a VM. Shorter series hold their last value; an empty one is 0.
    #[must_use]
    pub fn new<S: AsRef<[f64]>>(interval_s: f64, series: &[S]) -> Self {
        let samples = series.iter().map(|own| own.as_ref().len()).max().unwrap_or(0).max(1);
        let mut shares = vec![0.0; samples * series.len()];
        for (vm, own) in series.iter().map(AsRef::as_ref).enumerate() {
            let last = own.last().copied().unwrap_or(0.0);
            for sample in 0..samples {
                shares[sample * series.len() + vm] = own.get(sample).copied().unwrap_or(last);
            }
        }
        DemandGrid { interval_s, vms: series.len(), shares }
    }

    /// Number of virtual machines.
    #[must_use]
    pub fn vms(&self) -> usize {
        self.vms
    }

    /// Number of samples of each.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.shares.len().checked_div(self.vms).unwrap_or(0)
    }

    /// Seconds between samples.
    #[must_use]
    pub fn interval_s(&self) -> f64 {
        self.interval_s
    }

    /// The sample of all VMs of this number, the last one if there are not so many.
    fn sample(&self, number: usize) -> &[f64] {
        let number = number.min(self.samples().saturating_sub(1));
        &self.shares[number * self.vms..(number + 1) * self.vms]
    }

    /// Writes the demand of all VMs at `time_s` to `shares`.
    pub(super) fn at(&self, time_s: f64, shares: &mut [f64]) {
        let before = (time_s / self.interval_s).floor();
        let since_s = time_s - before * self.interval_s;
        let from = self.sample(before as usize);
        if time_s % self.interval_s == 0.0 {
            shares.copy_from_slice(from);
            return;
        }
        let to = self.sample(before as usize + 1);
        for ((share, from), to) in shares.iter_mut().zip(from).zip(to) {
            let slope = (to - from) / self.interval_s;
            *share = from + slope * since_s;
        }
    }
}

/// Who moves virtual machines, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Management {
    /// Nobody, and every host draws its full power all the time (NPA).
    AlwaysFull,
    /// Nobody; hosts draw power by their load, and none when they have none (DVFS).
    Fixed,
    /// Overloaded hosts are relieved and underloaded ones evacuated at each control step.
    Consolidated {
        /// When a host is overloaded.
        overload: OverloadDetector,
        /// Which virtual machine leaves it.
        selection: VmSelection,
    },
}

/// A fleet of hosts and virtual machines.
#[derive(Clone, Debug, PartialEq)]
pub struct FleetSpec {
    /// Kinds of hosts.
    pub host_kinds: Vec<HostKind>,
    /// The hosts in order, as indices of their kinds.
    pub hosts: Vec<u16>,
    /// Kinds of virtual machines.
    pub vm_kinds: Vec<VmKind>,
    /// The virtual machines in order, as indices of their kinds.
    pub vms: Vec<u16>,
    /// Their demand.
    pub demand: DemandGrid,
    /// Seconds between control steps.
    pub interval_s: f64,
    /// When the day ends, in seconds.
    pub end_s: f64,
    /// Who moves what.
    pub management: Management,
    /// Which quirks hold.
    pub quirks: Quirks,
}

/// Why a fleet cannot be made.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FleetError {
    /// A quantity is out of range.
    #[error("{what} is {found}; it must be {allowed}")]
    Range {
        /// Which quantity of what.
        what: String,
        /// What was found.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Hosts or virtual machines name a kind that is not there.
    #[error("{what} {index} is of kind {kind}, but there are {kinds} kinds")]
    UnknownKind {
        /// `host` or `virtual machine`.
        what: &'static str,
        /// Its number.
        index: usize,
        /// The kind it names.
        kind: u16,
        /// How many there are.
        kinds: usize,
    },
    /// The demand is not that of these virtual machines.
    #[error("there are {vms} virtual machines, but demand of {series}; give one series each")]
    DemandCount {
        /// Virtual machines.
        vms: usize,
        /// Series.
        series: usize,
    },
}

fn above_zero(what: impl FnOnce() -> String, found: f64) -> Result<(), FleetError> {
    if found > 0.0 && found.is_finite() {
        Ok(())
    } else {
        Err(FleetError::Range { what: what(), found, allowed: "above 0" })
    }
}

impl FleetSpec {
    /// Checks all quantities.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn check(&self) -> Result<(), FleetError> {
        above_zero(|| "the interval between control steps".into(), self.interval_s)?;
        above_zero(|| "the interval between samples of demand".into(), self.demand.interval_s)?;
        above_zero(|| "the end of the day".into(), self.end_s)?;
        for kind in &self.host_kinds {
            let name = &kind.name;
            above_zero(|| format!("the number of cores of {name:?}"), f64::from(kind.cores))?;
            above_zero(|| format!("the speed of the cores of {name:?}"), kind.mips_per_core)?;
            above_zero(|| format!("the bandwidth of {name:?}"), kind.bandwidth_kbps)?;
            above_zero(|| format!("the memory of {name:?}"), kind.memory_mb)?;
            if let Some(&found) =
                kind.power_w.iter().find(|power| !(0.0..f64::INFINITY).contains(*power))
            {
                let what = format!("the power of {name:?}");
                return Err(FleetError::Range { what, found, allowed: "at least 0" });
            }
        }
        for kind in &self.vm_kinds {
            let name = &kind.name;
            above_zero(|| format!("the speed of {name:?}"), kind.mips)?;
            above_zero(|| format!("the memory of {name:?}"), kind.memory_mb)?;
            for (quantity, found) in [("bandwidth", kind.bandwidth_kbps), ("price", kind.price_per_h)] {
                if !(0.0..f64::INFINITY).contains(&found) {
                    let what = format!("the {quantity} of {name:?}");
                    return Err(FleetError::Range { what, found, allowed: "at least 0" });
                }
            }
        }
        let known = |what, list: &[u16], kinds: usize| match list
            .iter()
            .position(|&kind| usize::from(kind) >= kinds)
        {
            Some(index) => Err(FleetError::UnknownKind { what, index, kind: list[index], kinds }),
            None => Ok(()),
        };
        known("host", &self.hosts, self.host_kinds.len())?;
        known("virtual machine", &self.vms, self.vm_kinds.len())?;
        if self.demand.vms != self.vms.len() {
            let (vms, series) = (self.vms.len(), self.demand.vms);
            return Err(FleetError::DemandCount { vms, series });
        }
        if let Some(&found) = self.demand.shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            let what = "a sample of demand".to_string();
            return Err(FleetError::Range { what, found, allowed: "in 0..=1" });
        }
        if let Management::Consolidated { overload, .. } = self.management {
            above_zero(|| "the parameter of overload detection".into(), overload.parameter())?;
        }
        Ok(())
    }
}
