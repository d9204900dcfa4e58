//! What a frequency governor can see.

use crate::energy::sla::ViolationCause;
use crate::energy::{FrequencySteps, JobClass};
use crate::engine::{SimTime, Stream};
use crate::infra::{HostId, Infrastructure, NodeId, VmId, VmState};
use crate::records::ColumnSpec;

const J_PER_KWH: f64 = 3.6e6;

/// A node as a frequency governor sees it: everything can be asked, nothing changed.
#[derive(Debug)]
pub struct FrequencyView<'a> {
    node: NodeId,
    now: SimTime,
    load: f64,
    steps: &'a FrequencySteps,
    infrastructure: &'a Infrastructure,
    random: &'a mut Stream,
}

impl<'a> FrequencyView<'a> {
    /// A view for one decision; `None` if the node has no frequency steps. `load` is the busy share of its
    /// cores that is to be decided on.
    pub fn new(
        node: NodeId,
        now: SimTime,
        load: f64,
        infrastructure: &'a Infrastructure,
        random: &'a mut Stream,
    ) -> Option<Self> {
        let steps = infrastructure.frequency_steps(node)?;
        Some(FrequencyView { node, now, load, steps, infrastructure, random })
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The governor's own random stream.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// The infrastructure.
    #[must_use]
    pub fn infrastructure(&self) -> &Infrastructure {
        self.infrastructure
    }

    /// The frequency steps of the node.
    #[must_use]
    pub fn steps(&self) -> &FrequencySteps {
        self.steps
    }

    /// The number of the present step.
    #[must_use]
    pub fn step(&self) -> usize {
        self.infrastructure.frequency_step(self.node)
    }

    /// Busy share of the cores, in 0..=1: the mean since the last decision if a period has passed, the present
    /// one if the load has just changed.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load
    }

    /// The host of virtual machines that the node is, if it is one.
    #[must_use]
    pub fn host(&self) -> Option<HostId> {
        self.infrastructure.virtual_machines().host_of_node(self.node)
    }

    /// The virtual machines that run on a host.
    fn running_vms(&self, host: HostId) -> impl Iterator<Item = VmId> + '_ {
        let machines = self.infrastructure.virtual_machines();
        machines.vms_of(host).iter().copied().filter(|&vm| machines.state(vm) == VmState::Running)
    }

    /// Cores that running and waiting jobs ask for, or the virtual machines of a host at its present clock, divided
    /// by the cores there are: above one under overload.
    #[must_use]
    pub fn demand(&self) -> f64 {
        self.infrastructure.demand_share(self.node)
    }

    /// Number of jobs that run, or of virtual machines on a host.
    #[must_use]
    pub fn running(&self) -> usize {
        if let Some(host) = self.host() {
            return self.running_vms(host).count();
        }
        let compute = self.infrastructure.compute();
        let processors = self.infrastructure.processors_of(self.node);
        processors.into_iter().map(|processor| compute.running(processor)).sum()
    }

    /// Number of jobs that wait; none on a host, whose virtual machines all run at once.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let compute = self.infrastructure.compute();
        let processors = self.infrastructure.processors_of(self.node);
        processors.into_iter().map(|processor| compute.waiting(processor)).sum()
    }

    /// Cores that the present work keeps busy at the present step, by class.
    fn cores_by_class(&self) -> [f64; JobClass::COUNT] {
        let mut cores = [0.0; JobClass::COUNT];
        let Some(host) = self.host() else {
            let compute = self.infrastructure.compute();
            for processor in self.infrastructure.processors_of(self.node) {
                for class in JobClass::ALL {
                    cores[class as usize] += compute.asked_cores(processor, class);
                }
            }
            return cores;
        };
        let machines = self.infrastructure.virtual_machines();
        let (present, fastest_mips) =
            (self.step(), machines.fleet().fastest_mips_per_core()[host.index()]);
        for vm in self.running_vms(host) {
            let class = machines.spec(vm).job_class;
            let mips = fastest_mips * self.steps.speed(present, class);
            cores[class as usize] += machines.demand_mips()[vm.index()] / mips;
        }
        cores
    }

    /// The [load](Self::load) that the same work would make at another step, above one if that is too slow: the
    /// classes of the running jobs or virtual machines stretch it by their execution times; without any it counts as
    /// compute-bound. On a host whose virtual machines get less than they want now, it is of what they want.
    #[must_use]
    pub fn load_at(&self, step: usize) -> f64 {
        let present = self.step();
        let (mut asked, mut stretched) = (0.0, 0.0);
        for (class, cores) in JobClass::ALL.into_iter().zip(self.cores_by_class()) {
            asked += cores;
            stretched += cores * self.steps.speed(present, class) / self.steps.speed(step, class);
        }
        let bound = JobClass::Compute;
        let stretch = if asked > 0.0 {
            stretched / asked
        } else {
            self.steps.speed(present, bound) / self.steps.speed(step, bound)
        };
        // What is held back at the present step does not show in the load.
        let is_held_back = self.host().is_some() && self.served_at(present) < 1.0 - 1e-9;
        stretch * if is_held_back { self.demand() } else { self.load }
    }

    /// What a virtual machine of a host would get at a step if it were alone, and the cores that this keeps busy: no
    /// virtual core is faster than a core.
    fn alone_at(&self, host: HostId, vm: VmId, step: usize) -> (f64, f64) {
        let machines = self.infrastructure.virtual_machines();
        let spec = machines.spec(vm);
        let fastest_mips = machines.fleet().fastest_mips_per_core()[host.index()];
        let core_mips = fastest_mips * self.steps.speed(step, spec.job_class);
        let demand = machines.demand_mips()[vm.index()];
        let want = demand.min(f64::from(spec.vcpus) * spec.mips_per_vcpu.min(core_mips));
        (want, want / core_mips)
    }

    /// Share of what they would get alone that the virtual machines of a host get together at a step.
    fn share_at(&self, host: HostId, step: usize) -> f64 {
        let busy: f64 = self.running_vms(host).map(|vm| self.alone_at(host, vm, step).1).sum();
        let cores = f64::from(self.infrastructure.virtual_machines().fleet().cores()[host.index()]);
        if busy > cores { cores / busy } else { 1.0 }
    }

    /// Share of what the virtual machines of a host ask for now that they would get at a step, in 0..=1: neither is a
    /// virtual core faster than a core, nor do they get more than the host has. One of a node that is no host, whose
    /// jobs take as long as they take.
    #[must_use]
    pub fn served_at(&self, step: usize) -> f64 {
        let Some(host) = self.host() else { return 1.0 };
        let demands = self.infrastructure.virtual_machines().demand_mips();
        let (mut asked, mut wanted) = (0.0, 0.0);
        for vm in self.running_vms(host) {
            asked += demands[vm.index()];
            wanted += self.alone_at(host, vm, step).0;
        }
        if asked > 0.0 { wanted * self.share_at(host, step) / asked } else { 1.0 }
    }

    /// What an hour would cost by the contracts of the virtual machines of a host if it ran at a step and they asked
    /// for what they do now, in the currency of these; 0 of a node that is no host.
    #[must_use]
    pub fn hourly_penalty_at(&self, step: usize) -> f64 {
        let Some(host) = self.host() else { return 0.0 };
        let machines = self.infrastructure.virtual_machines();
        let share = self.share_at(host, step);
        let of_vm = |vm: VmId| {
            let level = machines.spec(vm).sla.as_ref()?;
            let (demand, got) =
                (machines.demand_mips()[vm.index()], self.alone_at(host, vm, step).0 * share);
            // Below this it is rounding.
            let missing = got < demand * (1.0 - 1e-9);
            missing.then(|| level.hourly_cost(ViolationCause::Overload, demand, got))
        };
        self.running_vms(host).filter_map(of_vm).sum()
    }

    /// Price of energy from the grid at the node's site for a kWh of the node, the site's overhead included; `None` if
    /// it is at no site, or at one without a price.
    #[must_use]
    pub fn price_per_kwh(&self) -> Option<f64> {
        let account = self.infrastructure.site(self.infrastructure.site_of(self.node)?);
        account.spec().price.as_ref()?;
        Some(account.price(self.now) * account.spec().pue.value(self.now.as_secs()) * J_PER_KWH)
    }

    /// What is recorded of this view with the decision for a step, in the order of [`feature_columns`].
    #[must_use]
    pub fn features(&self, chosen: usize) -> [Option<f64>; 14] {
        let (points, last, present) = (self.steps.points(), self.steps.last(), self.step());
        let hertz = |step: usize| points.get(step).map(|point| point.frequency_hz());
        let headroom_w = self.infrastructure.headroom_w(self.node, self.now);
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        [
            Some(self.load),
            finite(self.demand()),
            Some(self.running() as f64),
            Some(self.waiting() as f64),
            hertz(present),
            hertz(0),
            hertz(last),
            finite(self.load_at(0)),
            finite(self.load_at(last)),
            Some(self.served_at(0)),
            Some(self.infrastructure.meter(self.node).power_w()),
            finite(headroom_w),
            self.price_per_kwh(),
            hertz(chosen),
        ]
    }

    /// Watts of the node at a step with this share of its cores busy.
    #[must_use]
    pub fn power_w(&self, step: usize, utilisation: f64) -> f64 {
        self.infrastructure.power_at_step(self.node, utilisation, step)
    }

    /// The slowest step of at least this frequency in hertz; the fastest if none has it.
    #[must_use]
    pub fn slowest_above(&self, frequency_hz: f64) -> usize {
        let points = self.steps.points();
        // A relative hair below, so that a step is enough for its own frequency after rounding.
        let enough = frequency_hz * (1.0 - 1e-12);
        points.iter().position(|point| point.frequency_hz() >= enough).unwrap_or(self.steps.last())
    }
}

/// What is recorded of each decision about a frequency.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 14] {
    [
        ColumnSpec::float("node_load", "", "busy share of the node's cores that was decided on, 0 to 1"),
        ColumnSpec::float(
            "node_demand",
            "",
            "cores that its jobs or virtual machines ask for, over its cores",
        ),
        ColumnSpec::float("node_running", "", "jobs or virtual machines that run on it"),
        ColumnSpec::float("node_waiting", "", "jobs that wait for it"),
        ColumnSpec::float("node_frequency_hz", "Hz", "its frequency before"),
        ColumnSpec::float("node_slowest_hz", "Hz", "its slowest frequency"),
        ColumnSpec::float("node_fastest_hz", "Hz", "its fastest frequency"),
        ColumnSpec::float("node_slowest_load", "", "load that the same work makes at the slowest one"),
        ColumnSpec::float("node_fastest_load", "", "load that the same work makes at the fastest one"),
        ColumnSpec::float(
            "node_slowest_served",
            "",
            "share of what its virtual machines ask for that they get at the slowest one; 1 if it has none",
        ),
        ColumnSpec::float("node_power_w", "W", "its power before"),
        ColumnSpec::float(
            "node_headroom_w",
            "W",
            "power that its site may draw beyond what it does; null without a cap",
        ),
        ColumnSpec::float(
            "energy_price_per_kwh",
            "currency/kWh",
            "price of energy at its site with its overhead; null if there is none",
        ),
        ColumnSpec::float("chosen_hz", "Hz", "the frequency that was chosen; null if it has none such"),
    ]
}
