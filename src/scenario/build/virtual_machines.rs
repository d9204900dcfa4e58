//! Workloads of virtual machines: from the format to the workload.

use super::WorkloadSite;
use super::accelerators::unknown_counted;
use super::hosts::{fits_somewhere, hosts};
use super::nodes::discipline;
use super::sla::service_level;
use super::traced_vms::Parts;
use crate::apps::Workload;
use crate::apps::virtual_machines::{
    BatchJob, Demand, DemandGrid, Demands, Drain, SyntheticDemand, TracedType, VmOptions, VmRequest,
    VmType, VmWorkload,
};
use crate::engine::{Distribution, EntityStream, SimDuration, SimTime};
use crate::infra::compute::{Accelerator, Resources};
use crate::infra::{CopiedMemory, HostSpec, MigrationMethod, MigrationSpec, NodeId, VmSpec};
use crate::placement::consolidation::MinimumPower;
use crate::scenario::format::{
    CopiedMemorySpec, MigrationKindSpec, VirtualMachinesSpec, VmArrivalSpec, VmDemandSpec, VmTypeSpec,
};
use crate::scenario::registry::parameters;
use crate::scenario::{BuildWorkload, Site};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most steps of a synthetic series.
const MOST_STEPS: u64 = 10_000_000;

/// Most virtual machines, and most jobs, of a workload.
pub(super) const MOST: u64 = 10_000_000;

/// Most values of all synthetic series together: 2 GB.
const MOST_VALUES: u64 = 500_000_000;

/// Most times that one job of a workload waits for another, together.
pub(super) const MOST_DEPENDENCIES: u64 = 100_000_000;

/// The times of at most `count` arrivals until the horizon.
fn arrivals(
    spec: &VmArrivalSpec,
    count: u32,
    horizon: SimTime,
    mut random: EntityStream,
    site: &Site<'_>,
) -> Option<Vec<SimTime>> {
    let gaps = match spec {
        VmArrivalSpec::AtOnce { at } => {
            return Some(vec![SimTime::from_secs(at.as_secs()); count as usize]);
        }
        VmArrivalSpec::Poisson { mean_interval } => {
            site.key("mean_interval").check(Distribution::exponential(mean_interval.as_secs()))?
        }
        VmArrivalSpec::Intervals { interval } => site.key("interval").check(interval.distribution())?,
    };
    let mut times = Vec::new();
    let mut time = SimTime::ZERO;
    for _ in 0..count {
        time += SimDuration::from_secs(gaps.sample(&mut random));
        if time > horizon {
            break;
        }
        times.push(time);
    }
    Some(times)
}

/// Whether virtual machines of a type come from a trace.
pub(super) fn is_traced(spec: &VmTypeSpec) -> bool {
    matches!(spec.demand, VmDemandSpec::Trace)
}

/// What the virtual machines of a type are.
fn vm_spec(spec: &VmTypeSpec, number: u16, here: &WorkloadSite<'_>, site: &Site<'_>) -> Option<VmSpec> {
    let accelerators = spec.accelerators.iter().map(|(kind, &count)| {
        let known = here.directory.accelerator(kind);
        if known.is_none() {
            let help = "count them on the hosts, as in \"accelerators\": { \"gpu\": 2 }, for virtual machines to hold";
            unknown_counted(kind, help, here.directory, &site.key("accelerators").key(kind));
        }
        known.map(|kind| Accelerator { kind, count })
    });
    let vm = VmSpec {
        class: number,
        vcpus: spec.vcpus,
        mips_per_vcpu: spec.mips_per_vcpu.as_mips(),
        job_class: spec.job_class,
        resources: Resources {
            memory_bytes: spec.memory.as_bytes(),
            storage_bytes: spec.storage.as_bytes(),
            accelerators: accelerators.collect::<Option<Vec<_>>>()?,
        },
        sla: match &spec.sla {
            Some(sla) => Some(Arc::new(service_level(sla, &site.key("sla"))?)),
            None => None,
        },
    };
    if vm.mips_per_vcpu == 0.0 {
        site.key("mips_per_vcpu").error("virtual cores of 0 MIPS never do anything; it must be above 0");
    }
    Some(vm)
}

/// The requests of a type, and the rows of its demands.
fn requests(
    spec: &VmTypeSpec,
    vm: &VmSpec,
    here: &WorkloadSite<'_>,
    stream: &str,
    (step, steps): (SimDuration, usize),
    rows: &mut Vec<Vec<f32>>,
    site: &Site<'_>,
) -> Option<Vec<VmRequest>> {
    let number = vm.class;
    let lifetime = match &spec.lifetime {
        None => None,
        Some(lifetime) => Some(site.key("lifetime").check(lifetime.distribution())?),
    };
    let random = here.streams.entity(&format!("{stream}/arrivals"), u64::from(number));
    let times = arrivals(&spec.arrival, spec.count, here.horizon, random, &site.key("arrival"))?;
    let first_row = rows.len();
    if let VmDemandSpec::Synthetic { mean, amplitude, noise, correlation, day } = spec.demand {
        if day.as_secs() == 0.0 {
            site.key("demand").key("day").error("a day of 0 s has no course; it must be above 0");
            return None;
        }
        let series = SyntheticDemand {
            mean: mean.as_fraction(),
            amplitude: amplitude.as_fraction(),
            noise: noise.as_fraction(),
            correlation: correlation.as_fraction(),
            day: SimDuration::from_secs(day.as_secs()),
        };
        let name = format!("{stream}/demand/{}", spec.name);
        series.rows(here.streams, &name, times.len(), (step, steps), rows);
    }
    let mut lifetimes = here.streams.entity(&format!("{stream}/lifetimes"), u64::from(number));
    let requests = times.into_iter().enumerate().map(|(index, time)| VmRequest {
        spec: vm.clone(),
        time,
        lifetime: lifetime
            .as_ref()
            .map(|lifetime| SimDuration::from_secs(lifetime.sample(&mut lifetimes))),
        demand: match spec.demand {
            VmDemandSpec::Constant { utilisation } => Demand::Constant(utilisation.as_fraction()),
            VmDemandSpec::Synthetic { .. } => Demand::Grid { grid: 0, row: (first_row + index) as u32 },
            VmDemandSpec::Jobs | VmDemandSpec::Trace => Demand::Jobs,
        },
    });
    Some(requests.collect())
}

fn copied(memory: CopiedMemorySpec) -> CopiedMemory {
    match memory {
        CopiedMemorySpec::Whole => CopiedMemory::Whole,
        CopiedMemorySpec::InUse => CopiedMemory::InUse,
    }
}

fn migration(spec: MigrationKindSpec) -> MigrationSpec {
    match spec {
        MigrationKindSpec::StopAndCopy { memory } => {
            let memory = copied(memory);
            MigrationSpec { method: MigrationMethod::StopAndCopy, memory, degradation: 0.0 }
        }
        MigrationKindSpec::PreCopy { dirty_rate, downtime_limit, round_limit, degradation, memory } => {
            MigrationSpec {
                method: MigrationMethod::PreCopy {
                    dirty_bytes_per_s: dirty_rate.as_bps() / 8.0,
                    downtime_limit: SimDuration::from_secs(downtime_limit.as_secs()),
                    round_limit,
                },
                memory: copied(memory),
                degradation: degradation.as_fraction(),
            }
        }
    }
}

/// Reports more virtual machines and hosts than the policy that looks for the optimum takes.
fn check_size_of_optimum(vms: usize, hosts: usize, here: &WorkloadSite<'_>) {
    let policy = &here.policies.consolidation;
    // Another policy may run it at each site.
    let within = policy.0.get("within").filter(|_| policy.kind() == "follow_the_price");
    let optimum = within.unwrap_or(&policy.0);
    if optimum.get("kind").and_then(|kind| kind.as_str()) != Some("minimum_power") {
        return;
    }
    let Ok(own) = parameters::<MinimumPower>(optimum) else { return };
    let size = vms.saturating_mul(hosts);
    if size > own.size_limit as usize {
        here.policies_site.key("consolidation").error_with_help(
            format!(
                "the optimum of {vms} virtual machines on {hosts} hosts is not looked for: {size} pairs are more than \
                 the `size_limit` of {}",
                own.size_limit
            ),
            "take fewer, choose \"overload_and_underload\", or raise `size_limit`: the time grows exponentially",
        );
    }
}

impl VirtualMachinesSpec {
    fn batch_jobs(&self, here: &WorkloadSite<'_>) -> Option<Vec<BatchJob>> {
        let mut jobs = Vec::new();
        for (index, spec) in self.jobs.iter().enumerate() {
            let site = here.site.key("jobs").index(index);
            let takes = |kind: &&VmTypeSpec| {
                matches!(kind.demand, VmDemandSpec::Jobs)
                    && kind.vcpus >= spec.cores
                    && kind.memory.as_bytes() >= spec.memory.as_bytes()
            };
            if !self.types.iter().any(|kind| takes(&kind)) {
                site.error_with_help(
                    "no virtual machine could run these jobs",
                    "give a type the demand \"jobs\", and at least as many `vcpus` and as much `memory` as \
                     a job asks for",
                );
                return None;
            }
            let length = site.key("length").check(spec.length.distribution())?;
            let name = format!("{}/jobs", self.name);
            let random = here.streams.entity(&format!("{name}/arrivals"), index as u64);
            let site = site.key("arrival");
            let times = arrivals(&spec.arrival, spec.count, here.horizon, random, &site)?;
            let mut random = here.streams.entity(&format!("{name}/lengths"), index as u64);
            for time in times {
                let mut before: Vec<u32> = Vec::new();
                for _ in 0..spec.stages {
                    let first = jobs.len() as u32;
                    for _ in 0..spec.width {
                        jobs.push(BatchJob {
                            time,
                            length_mi: length.sample(&mut random),
                            cores: spec.cores,
                            memory_bytes: spec.memory.as_bytes(),
                            after: before.clone(),
                        });
                    }
                    before = (first..jobs.len() as u32).collect();
                }
            }
        }
        Some(jobs)
    }

    /// Reports more virtual machines, values or jobs than a run should have. Nothing was made of them yet.
    fn is_of_bearable_size(&self, steps: u64, site: &Site<'_>) -> bool {
        let sum = |of: &dyn Fn(&VmTypeSpec) -> bool| -> u64 {
            let own = self.types.iter().filter(|spec| !is_traced(spec) && of(spec));
            own.map(|spec| u64::from(spec.count)).sum()
        };
        let vms = sum(&|_| true);
        if vms > MOST {
            site.key("types").error(format!(
                "{vms} virtual machines are more than the {MOST} that a workload may have"
            ));
            return false;
        }
        let values =
            steps.saturating_mul(sum(&|spec| matches!(spec.demand, VmDemandSpec::Synthetic { .. })));
        if values > MOST_VALUES {
            site.key("types").error_with_help(
                format!(
                    "the synthetic series have {values} values, more than the {MOST_VALUES} allowed"
                ),
                "lengthen `period`, or let fewer virtual machines have a series",
            );
            return false;
        }
        let product = |factors: &[u32]| {
            factors.iter().fold(1u64, |product, &factor| product.saturating_mul(u64::from(factor)))
        };
        let (mut jobs, mut dependencies) = (0u64, 0u64);
        for spec in &self.jobs {
            jobs = jobs.saturating_add(product(&[spec.count, spec.stages, spec.width]));
            let waits = product(&[spec.count, spec.stages - spec.stages.min(1), spec.width, spec.width]);
            dependencies = dependencies.saturating_add(waits);
        }
        if jobs > MOST || dependencies > MOST_DEPENDENCIES {
            site.key("jobs").error(format!(
                "{jobs} jobs that wait {dependencies} times for one another are more than the {MOST} and \
                 {MOST_DEPENDENCIES} allowed"
            ));
            return false;
        }
        true
    }

    fn vm_types(&self, here: &WorkloadSite<'_>) -> Option<Vec<VmType>> {
        let mut names = BTreeSet::new();
        let mut types = Vec::new();
        for (index, spec) in self.types.iter().enumerate() {
            let site = here.site.key("types").index(index);
            if !names.insert(&spec.name) {
                site.error_with_help(
                    format!("another type has the name {:?}", spec.name),
                    "give each type a `name` of its own",
                );
            }
            let mut serves = None;
            if let Some(name) = &spec.serves {
                let site = site.key("serves");
                serves = Some(here.directory.node(name, &site)?);
                if !matches!(spec.demand, VmDemandSpec::Jobs) {
                    site.error_with_help(
                        "what serves tasks wants what these ask for, but the demand is something else",
                        "set `demand` to { \"kind\": \"jobs\" }",
                    );
                }
            }
            types.push(VmType {
                name: spec.name.clone(),
                discipline: discipline(spec.scheduling),
                serves,
            });
        }
        Some(types)
    }

    /// Reports types that no host could ever take, and fronts that are hosts.
    fn check_fit(&self, hosts: &[(NodeId, HostSpec)], types: &[VmType], here: &WorkloadSite<'_>) {
        for (index, (spec, kind)) in self.types.iter().zip(types).enumerate() {
            let site = here.site.key("types").index(index);
            // What a trace says is looked at when it has been read.
            let kinds_are_known =
                spec.accelerators.keys().all(|kind| here.directory.accelerator(kind).is_some());
            if !is_traced(spec) && kinds_are_known && !fits_somewhere(spec, hosts, here) {
                site.error_with_help(
                    format!("no host is large and fast enough for a virtual machine of the type {:?}", spec.name),
                    "compare its vcpus and their speed, its memory, storage and accelerators with the hosts', and its size with their oversubscription",
                );
            }
            if let Some(front) = kind.serves
                && hosts.iter().any(|(node, _)| *node == front)
            {
                site.key("serves").error_with_help(
                    format!("{:?} is a host, and takes no tasks itself", here.directory.name(front)),
                    "name a node beside the hosts, such as a gateway of the tier \"cloud\"",
                );
            }
        }
    }
}

impl VirtualMachinesSpec {
    /// The one currency of all amounts, if there is any; `None` if there are several, which is reported.
    fn currency(&self, hosts: &[(NodeId, HostSpec)], here: &WorkloadSite<'_>) -> Option<Option<String>> {
        let hosts: BTreeSet<NodeId> = hosts.iter().map(|(node, _)| *node).collect();
        let mut found = self.currency.clone();
        for (site, nodes) in here.infrastructure.sites() {
            if site.price.is_none() || !nodes.iter().any(|node| hosts.contains(node)) {
                continue;
            }
            match &found {
                Some(other) if *other != site.currency => {
                    here.site.key("currency").error_with_help(
                        format!(
                            "energy at the site {:?} is paid in {}, but other amounts are in {other}",
                            site.name, site.currency
                        ),
                        "give all prices in one currency, since they are added up",
                    );
                    return None;
                }
                _ => found = Some(site.currency.clone()),
            }
        }
        Some(found)
    }
}

impl BuildWorkload for VirtualMachinesSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        let (hosts, sites) = hosts(&self.hosts, here, &site.key("hosts"))?;
        let types = self.vm_types(here)?;
        self.check_fit(&hosts, &types, here);
        let period = SimDuration::from_secs(self.period.as_secs());
        if period == SimDuration::ZERO {
            site.key("period").error("control steps must be apart; the time must be above 0");
            return None;
        }
        let steps = here.horizon.as_nanos() / period.as_nanos() + 1;
        if steps > MOST_STEPS {
            site.key("period").error(format!("{steps} control steps are more than {MOST_STEPS}"));
            return None;
        }
        if !self.is_of_bearable_size(steps, site) {
            return None;
        }
        let (mut rows, mut all, mut traced) = (Vec::new(), Vec::new(), Vec::new());
        for (index, spec) in self.types.iter().enumerate() {
            let own = site.key("types").index(index);
            let grid = (period, steps as usize);
            let vm = vm_spec(spec, index as u16, here, &own)?;
            if is_traced(spec) {
                traced.push(TracedType { spec: vm, weight: spec.count });
            } else {
                all.extend(requests(spec, &vm, here, &self.name, grid, &mut rows, &own)?);
            }
        }
        let mut jobs = self.batch_jobs(here)?;
        let (mut demands, mut order) = (Demands::default(), Vec::new());
        if !rows.is_empty() {
            demands.grids.push(DemandGrid::from_rows(period, &rows));
        }
        let trace = match &self.trace {
            Some(spec) => {
                let parts = Parts {
                    requests: &mut all,
                    jobs: &mut jobs,
                    demands: &mut demands,
                    order: &mut order,
                };
                Some(self.take_trace(spec, &traced, &hosts, here, parts)?)
            }
            None => None,
        };
        if let (None, Some(index)) = (&trace, self.types.iter().position(is_traced)) {
            site.key("types").index(index).key("demand").error_with_help(
                "these virtual machines are those of a trace, but there is none",
                "give the workload a `trace` with a `path`",
            );
            return None;
        }
        let mut cost_factors = Vec::new();
        for (index, spec) in self.cost_factors.iter().enumerate() {
            let own = site.key("cost_factors").index(index);
            let find = |name: &String, key: &str| {
                let known = sites.iter().position(|site| site == name);
                if known.is_none() {
                    own.key(key).unknown("site", name, sites.iter().map(String::as_str));
                }
                known.map(|number| number as u16)
            };
            if let (Some(from), Some(to)) = (find(&spec.from, "from"), find(&spec.to, "to")) {
                cost_factors.push((from, to, spec.factor));
            }
        }
        let mut drains = Vec::new();
        for (index, spec) in self.drains.iter().enumerate() {
            let own = site.key("drains").index(index);
            if spec.until.as_secs() <= spec.at.as_secs() {
                own.key("until").error("a host takes virtual machines again only after it was emptied");
            }
            for node in here.directory.nodes(&spec.hosts, &own.key("hosts")).unwrap_or_default() {
                if !hosts.iter().any(|(host, _)| *host == node) {
                    let name = here.directory.name(node);
                    own.key("hosts").error(format!("{name:?} is no host of this workload"));
                    break;
                }
                let from = SimTime::from_secs(spec.at.as_secs());
                drains.push(Drain { node, from, until: SimTime::from_secs(spec.until.as_secs()) });
            }
        }
        check_size_of_optimum(all.len(), hosts.len(), here);
        let currency = self.currency(&hosts, here)?;
        let options = VmOptions {
            hosts,
            period,
            boot: SimDuration::from_secs(self.boot.as_secs()),
            migration: migration(self.migration),
            cost_factors,
            drains,
            order,
            transfer_price_per_byte: self.transfer_price_per_gb / 1e9,
            currency,
            trace,
        };
        Some(Box::new(VmWorkload::new(&self.name, types, all, demands, jobs, options)))
    }
}
