//! What accelerators are: their types, with presets, and how a node shares them out.

/// How the devices of a group are shared out among tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceleratorSharing {
    /// A task has a whole device; others wait.
    Exclusive,
    /// Each device is cut into so many equal slots, as MIG does: a task has the same speed whoever else is there.
    Slots(u32),
    /// Tasks share the time of a device in proportion to the fractions that they are promised. What nobody uses is
    /// shared among those that compute.
    Fraction,
}

/// A group of equal accelerators in a node. Times are in seconds, rates in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct AcceleratorSpec {
    /// The number of its type, such as that of `t4`.
    pub kind: u16,
    /// The number of its class, such as that of `gpu`; in one range with the types.
    pub class: u16,
    /// Name of the type.
    pub name: String,
    /// Name of the class.
    pub class_name: String,
    /// How many the node has.
    pub count: u32,
    /// Speed in GFLOPS.
    pub gflops: f64,
    /// Speed in GFLOPS at kinds of work, by their numbers, where it is another.
    pub gflops_of: Vec<(u16, f64)>,
    /// Bytes of memory of each.
    pub memory_bytes: f64,
    /// Bytes a second between it and its memory.
    pub memory_bytes_per_s: f64,
    /// Bytes a second between node and device, each way.
    pub link_bytes_per_s: f64,
    /// Delay of a transfer between node and device.
    pub link_latency_s: f64,
    /// Time to launch a task's kernels.
    pub launch_s: f64,
    /// Time that a task takes more if others are on the device when it starts.
    pub context_switch_s: f64,
    /// Watts of each that is idle.
    pub idle_w: f64,
    /// Watts of each that is busy.
    pub max_w: f64,
    /// How they are shared out.
    pub sharing: AcceleratorSharing,
    /// How many tasks may wait for them.
    pub queue_limit: usize,
}

/// A known type: name, class, GFLOPS, bytes of memory and bytes a second to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AcceleratorPreset {
    /// Name of the type.
    pub name: &'static str,
    /// Name of the class.
    pub class: &'static str,
    /// Speed at single precision, in GFLOPS.
    pub gflops: f64,
    /// Bytes of memory.
    pub memory_bytes: f64,
    /// Bytes a second between it and its memory.
    pub memory_bytes_per_s: f64,
}

/// The types that are known, with the parameters that GPUEdgeCloudSim uses: those of NVIDIA's data sheets (T4 with
/// 2560 cores, A100 with 40 GB and 6912 cores).
pub const ACCELERATOR_PRESETS: [AcceleratorPreset; 2] = [
    AcceleratorPreset {
        name: "t4",
        class: "gpu",
        gflops: 8100.0,
        memory_bytes: 16e9,
        memory_bytes_per_s: 320e9,
    },
    AcceleratorPreset {
        name: "a100",
        class: "gpu",
        gflops: 19_500.0,
        memory_bytes: 40e9,
        memory_bytes_per_s: 1555e9,
    },
];

impl AcceleratorPreset {
    /// The preset of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<AcceleratorPreset> {
        ACCELERATOR_PRESETS.into_iter().find(|preset| preset.name == name)
    }
}

/// Parts of a device that is shared by fractions, so that sums are exact.
pub(super) const PARTS: u64 = 1_000_000_000;

/// The fraction of a device that a task is promised if it does not ask for one.
const LEAST_FRACTION: f64 = 0.1;

/// How much of a device a task asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AcceleratorShare {
    /// As little as there is: a slot, or 10 % of a device that is shared by fractions.
    #[default]
    Least,
    /// This fraction of a device, in 0..=1; 1 has it alone. Rounded up to whole slots or a whole device where it is
    /// shared in these.
    Fraction(f64),
    /// So many slots; only devices with slots have them.
    Slots(u32),
}

/// Most types for which a task can give measured times.
pub const MOST_MEASURED: usize = 4;

/// Measured times of a task, by type of device: seconds from start to end, alone on a whole device.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeasuredTimes([Option<(u16, f64)>; MOST_MEASURED]);

impl MeasuredTimes {
    /// Adds the seconds on a type; what goes beyond [`MOST_MEASURED`] types is left out.
    pub fn add(&mut self, kind: u16, seconds: f64) {
        if let Some(place) = self.0.iter_mut().find(|place| place.is_none()) {
            *place = Some((kind, seconds));
        }
    }

    /// The seconds on a type.
    #[must_use]
    pub fn on(&self, kind: u16) -> Option<f64> {
        self.0.iter().flatten().find(|(own, _)| *own == kind).map(|&(_, seconds)| seconds)
    }
}

/// The part of a task that runs on an accelerator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AcceleratorRequest {
    /// The number of a type or class.
    pub kind: u16,
    /// The kind of its work, for devices whose speed depends on that.
    pub work_kind: Option<u16>,
    /// Work in GFLOP; `None` if only measured times are known.
    pub work_gflop: Option<f64>,
    /// Bytes that it moves between device and memory: it takes at least the time that these take (Williams et al.,
    /// 2009: the roofline).
    pub traffic_bytes: f64,
    /// Bytes of the device's memory, held from its start there to its end.
    pub memory_bytes: f64,
    /// Bytes from the node to the device.
    pub input_bytes: f64,
    /// Bytes back.
    pub output_bytes: f64,
    /// How much of a device it asks for.
    pub share: AcceleratorShare,
    /// Whether it cannot do without.
    pub is_required: bool,
    /// Work on the cores of a node without such a device instead, in MI, if it can do without.
    pub fallback_mi: f64,
    /// Measured times, which go before the work.
    pub measured: MeasuredTimes,
}

impl AcceleratorRequest {
    /// So many GFLOP on a device of this type or class, which it cannot do without, and nothing else.
    #[must_use]
    pub fn new(kind: u16, work_gflop: f64) -> Self {
        AcceleratorRequest {
            kind,
            work_kind: None,
            work_gflop: Some(work_gflop),
            traffic_bytes: 0.0,
            memory_bytes: 0.0,
            input_bytes: 0.0,
            output_bytes: 0.0,
            share: AcceleratorShare::Least,
            is_required: true,
            fallback_mi: 0.0,
            measured: MeasuredTimes::default(),
        }
    }
}

/// The times of a task on a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    /// Launch and input.
    pub(super) before_s: f64,
    /// Computing alone on the whole device.
    pub(super) work_s: f64,
    /// Output.
    pub(super) after_s: f64,
}

impl AcceleratorSpec {
    /// Devices of a type and class of these numbers, shared exclusively, of this speed in GFLOPS and with this much
    /// memory, that take no time for anything but computing and no power.
    #[must_use]
    pub fn new(kind: u16, class: u16, gflops: f64, memory_bytes: f64) -> Self {
        AcceleratorSpec {
            kind,
            class,
            name: String::from("accelerator"),
            class_name: String::from("gpu"),
            count: 1,
            gflops,
            gflops_of: Vec::new(),
            memory_bytes,
            memory_bytes_per_s: f64::INFINITY,
            link_bytes_per_s: f64::INFINITY,
            link_latency_s: 0.0,
            launch_s: 0.0,
            context_switch_s: 0.0,
            idle_w: 0.0,
            max_w: 0.0,
            sharing: AcceleratorSharing::Exclusive,
            queue_limit: usize::MAX,
        }
    }

    /// Whether its type or class has this number.
    #[must_use]
    pub fn is_a(&self, kind: u16) -> bool {
        self.kind == kind || self.class == kind
    }

    /// In how many units a device is shared out.
    pub(super) fn capacity(&self) -> u64 {
        match self.sharing {
            AcceleratorSharing::Exclusive => 1,
            AcceleratorSharing::Slots(count) => u64::from(count.max(1)),
            AcceleratorSharing::Fraction => PARTS,
        }
    }

    /// The units that a task gets; `None` if it never gets what it asks for.
    pub(super) fn units(&self, request: &AcceleratorRequest) -> Option<u64> {
        let capacity = self.capacity();
        // Up to whole units, but not for the sake of rounding errors.
        let of_fraction =
            |fraction: f64| ((fraction * capacity as f64 - 1e-6).ceil() as u64).clamp(1, capacity);
        let units = match (self.sharing, request.share) {
            (AcceleratorSharing::Exclusive, AcceleratorShare::Slots(_))
            | (AcceleratorSharing::Fraction, AcceleratorShare::Slots(_)) => return None,
            (AcceleratorSharing::Slots(_), AcceleratorShare::Slots(count)) => u64::from(count),
            (AcceleratorSharing::Fraction, AcceleratorShare::Least) => of_fraction(LEAST_FRACTION),
            (_, AcceleratorShare::Least) => 1,
            (_, AcceleratorShare::Fraction(fraction)) => of_fraction(fraction),
        };
        let memory_bytes = match self.sharing {
            AcceleratorSharing::Slots(_) => self.memory_bytes * units as f64 / capacity as f64,
            _ => self.memory_bytes,
        };
        let fits = self.is_a(request.kind)
            && units <= capacity
            && request.memory_bytes <= memory_bytes
            && (request.work_gflop.is_some() || request.measured.on(self.kind).is_some());
        fits.then_some(units)
    }

    /// Seconds that bytes take from the node to a device or back.
    fn link_s(&self, bytes: f64) -> f64 {
        if bytes > 0.0 { self.link_latency_s + bytes / self.link_bytes_per_s } else { 0.0 }
    }

    /// The times of a task alone on a whole device.
    pub(super) fn times(&self, request: &AcceleratorRequest) -> Times {
        if let Some(seconds) = request.measured.on(self.kind) {
            return Times { before_s: 0.0, work_s: seconds, after_s: 0.0 };
        }
        let special = |kind| self.gflops_of.iter().find(|(own, _)| *own == kind);
        let gflops = request.work_kind.and_then(special).map_or(self.gflops, |(_, gflops)| *gflops);
        let computing_s = request.work_gflop.unwrap_or(0.0) / gflops;
        Times {
            before_s: self.launch_s + self.link_s(request.input_bytes),
            work_s: computing_s.max(request.traffic_bytes / self.memory_bytes_per_s),
            after_s: self.link_s(request.output_bytes),
        }
    }
}
