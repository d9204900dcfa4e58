//! What virtual machines ask for, what hosts offer them, and how they move.

use crate::energy::JobClass;
use crate::energy::sla::ServiceLevel;
use crate::engine::SimDuration;
use crate::infra::compute::Resources;
use std::sync::Arc;

/// How a host gives its cores to virtual machines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sharing {
    /// A virtual machine holds as many cores as it has virtual ones, alone.
    SpaceShared,
    /// All virtual machines run at once; if they ask for more than there is, each gets the same share of what
    /// it asks for.
    TimeShared {
        /// Sum of the sizes of the virtual machines that may be on the host, over its capacity: 1 for no
        /// oversubscription, infinity for no limit.
        oversubscription: f64,
    },
}

/// Time and power of the ways to a host's sleep and back; what it draws asleep is said by the
/// [power](crate::energy::NodePower) of its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SleepSpec {
    /// Time to fall asleep.
    pub fall_asleep: SimDuration,
    /// Watts while it falls asleep; as idle if none.
    pub fall_asleep_w: Option<f64>,
    /// Time to wake up.
    pub wake: SimDuration,
    /// Watts while it wakes up; as idle if none.
    pub wake_w: Option<f64>,
}

impl SleepSpec {
    /// A host that is off at once, and on again at once.
    pub const INSTANT: SleepSpec = SleepSpec {
        fall_asleep: SimDuration::ZERO,
        fall_asleep_w: None,
        wake: SimDuration::ZERO,
        wake_w: None,
    };
}

/// What makes a node a host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HostSpec {
    /// How its cores are shared.
    pub sharing: Sharing,
    /// How it sleeps.
    pub sleep: SleepSpec,
    /// Number of its site (its datacenter).
    pub site: u16,
}

impl Default for HostSpec {
    fn default() -> Self {
        HostSpec {
            sharing: Sharing::TimeShared { oversubscription: f64::INFINITY },
            sleep: SleepSpec::INSTANT,
            site: 0,
        }
    }
}

/// What a virtual machine is.
#[derive(Clone, Debug, PartialEq)]
pub struct VmSpec {
    /// Number of its type in its workload.
    pub class: u16,
    /// Virtual cores, at least one.
    pub vcpus: u32,
    /// Million instructions a second of each, above zero.
    pub mips_per_vcpu: f64,
    /// What the speed of all that runs in it depends on: how it slows down as the clock of its host does.
    pub job_class: JobClass,
    /// Memory, storage and accelerators, held on its host whether it is busy or not.
    pub resources: Resources,
    /// What is agreed on it, which those of its type share; `None` if nothing is.
    pub sla: Option<Arc<ServiceLevel>>,
}

impl VmSpec {
    /// A virtual machine of this many virtual cores of this many million instructions a second, of the type 0, whose
    /// jobs are bound by the clock and on which nothing is agreed.
    #[must_use]
    pub fn new(vcpus: u32, mips_per_vcpu: f64, resources: Resources) -> Self {
        let (class, job_class) = (0, JobClass::Compute);
        VmSpec { class, vcpus, mips_per_vcpu, job_class, resources, sla: None }
    }

    /// Million instructions a second that it gets at most.
    ///
    /// ```
    /// use stratosim::infra::{VmSpec, compute::Resources};
    /// let small = VmSpec::new(2, 500.0, Resources::default());
    /// assert_eq!(small.size_mips(), 1000.0);
    /// ```
    #[must_use]
    pub fn size_mips(&self) -> f64 {
        f64::from(self.vcpus) * self.mips_per_vcpu
    }

    /// What an hour costs in which it is down, in the currency of its contract; 0 without one.
    #[must_use]
    pub fn hourly_downtime_cost(&self) -> f64 {
        self.sla.as_ref().map_or(0.0, |sla| sla.hourly_downtime_cost(self.size_mips()))
    }

    /// Share of the time in service that is promised, in 0..=1; `None` if nothing is.
    #[must_use]
    pub fn promised_availability(&self) -> Option<f64> {
        self.sla.as_ref()?.availability
    }
}

/// How the memory of a virtual machine gets to its new host.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MigrationMethod {
    /// It is paused, copied, and goes on there.
    StopAndCopy,
    /// It runs on while its memory is copied; what it writes meanwhile is copied in further rounds, until the
    /// rest is small enough to pause it for (Clark et al., NSDI 2005). A round that sends V bytes in T
    /// seconds leaves `dirty_bytes_per_s * T` bytes, at most its whole memory, to the next one.
    PreCopy {
        /// Bytes of memory that it writes a second.
        dirty_bytes_per_s: f64,
        /// It is paused for the rest once that takes no longer than this at the rate of the last round.
        downtime_limit: SimDuration,
        /// Rounds after which it is paused in any case, at least one.
        round_limit: u32,
    },
}

/// What of the memory of a virtual machine a migration copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopiedMemory {
    /// All of it.
    #[default]
    Whole,
    /// What it uses when the copying begins; all of it where that is not known.
    InUse,
}

/// How a virtual machine moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MigrationSpec {
    /// How its memory gets there.
    pub method: MigrationMethod,
    /// What of it does.
    pub memory: CopiedMemory,
    /// Share of its speed that it loses while it runs and is copied, in 0..=1.
    pub degradation: f64,
}

impl Default for MigrationSpec {
    /// Pre-copy at 10 MB/s of writes, a pause of at most 0.3 s, at most 30 rounds, 10 % slower meanwhile.
    fn default() -> Self {
        MigrationSpec {
            method: MigrationMethod::PreCopy {
                dirty_bytes_per_s: 10e6,
                downtime_limit: SimDuration::from_secs(0.3),
                round_limit: 30,
            },
            memory: CopiedMemory::Whole,
            degradation: 0.1,
        }
    }
}

/// Why a virtual machine was not put on a host, or not moved there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmRefusal {
    /// The host has failed, or takes no virtual machines at present.
    HostClosed,
    /// More virtual cores than the host has cores, or than are free on a space-shared one.
    Cores,
    /// More than the host's oversubscription allows.
    Oversubscription,
    /// Not enough free memory.
    Memory,
    /// Not enough free storage.
    Storage,
    /// Not enough free accelerators.
    Accelerators,
    /// It is not in a state in which this can be done: already placed, stopped, or on its way.
    State,
    /// It is on that host already.
    SameHost,
    /// There is no way between the hosts.
    Unreachable,
}

impl VmRefusal {
    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            VmRefusal::HostClosed => "host_closed",
            VmRefusal::Cores => "cores",
            VmRefusal::Oversubscription => "oversubscription",
            VmRefusal::Memory => "memory",
            VmRefusal::Storage => "storage",
            VmRefusal::Accelerators => "accelerators",
            VmRefusal::State => "state",
            VmRefusal::SameHost => "same_host",
            VmRefusal::Unreachable => "unreachable",
        }
    }
}
