//! Virtual machines and jobs of a trace: from what was read to what a workload is made of.

use super::config::{BatchJob, Demand, VmRequest};
use super::demand::{DemandGrid, Fragment};
use crate::engine::{SimDuration, SimTime};
use crate::infra::VmSpec;
use crate::traces::{DemandUnit, Segment, VmTrace};
use petgraph::algo::toposort;
use petgraph::graph::DiGraph;
use serde::Serialize;
use std::collections::VecDeque;
use thiserror::Error;

/// Seconds by which a sample may be off the grid.
const OFF_GRID_S: f64 = 1e-6;

/// A grid may have this many times as many values as there are samples.
const SPARSEST_GRID: usize = 4;

/// Why a trace cannot drive a workload.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum TracedError {
    /// More fragments than can be numbered.
    #[error("the trace has {0} fragments, more than the {max} that a workload can have; take a sample or a \
             window of it", max = u32::MAX)]
    Fragments(usize),
    /// More jobs than a workload may have.
    #[error(
        "the trace has {found} jobs, each instance counted, more than the {most} that a workload may \
             have; take a sample or a window of it"
    )]
    Jobs {
        /// How many there are.
        found: u64,
        /// How many there may be.
        most: u64,
    },
    /// More dependencies than a workload may have.
    #[error(
        "the jobs of the trace wait {found} times for one another, each instance counted, more than the \
             {most} times allowed; take a sample or a window of it"
    )]
    Dependencies {
        /// How many there are.
        found: u64,
        /// How many there may be.
        most: u64,
    },
}

/// A type of virtual machines that a trace drives.
#[derive(Clone, Debug, PartialEq)]
pub struct TracedType {
    /// What its virtual machines are, where the trace does not say.
    pub spec: VmSpec,
    /// Of as many consecutive ones as all types weigh together, this many are of this type.
    pub weight: u32,
}

/// How the virtual machines of a trace become those of a workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TracedRules {
    /// The number that their grid is to have, if there is one.
    pub grid: u16,
    /// The number that the first one of their fragments is to have.
    pub first_fragment: usize,
    /// MIPS that a megahertz counts as.
    pub mips_per_mhz: f64,
}

impl Default for TracedRules {
    fn default() -> Self {
        TracedRules { grid: 0, first_fragment: 0, mips_per_mhz: 1.0 }
    }
}

/// What drives a workload of a trace, and what of the trace does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TraceUse {
    /// Name of the format.
    pub format: String,
    /// Virtual machines that are driven by it.
    pub vms: u64,
    /// Samples of these.
    pub samples: u64,
    /// Jobs of it that are submitted, each instance counted.
    pub jobs: u64,
    /// Virtual machines without samples, which want nothing.
    pub vms_without_samples: u64,
    /// Jobs that were left out, since how long they ran is not known.
    pub jobs_without_run_time: u64,
    /// How often something was to wait for what was not taken.
    pub dependencies_left_out: u64,
    /// Bad rows that were skipped.
    pub skipped_rows: u64,
    /// What else should be known.
    pub notes: Vec<String>,
}

/// The virtual machines of a trace.
#[derive(Clone, Debug, Default)]
pub struct TracedVms {
    /// One for each virtual machine, in the order of the trace.
    pub requests: Vec<VmRequest>,
    /// Pairs of these by number: the first must have ended before the second is placed.
    pub order: Vec<(u32, u32)>,
    /// Their demands, if they are on a grid.
    pub grid: Option<DemandGrid>,
    /// Their demands, if they are in fragments.
    pub fragments: Vec<Fragment>,
    /// How many have no samples; they want nothing.
    pub without_samples: u64,
}

/// The type of a virtual machine, each in turn by weight; none if no type weighs anything.
fn type_of(types: &[TracedType], vm: usize) -> Option<&TracedType> {
    let whole: u64 = types.iter().map(|own| u64::from(own.weight)).sum();
    let mut place = (vm as u64).checked_rem(whole)?;
    types.iter().find(|own| {
        let weight = u64::from(own.weight);
        let is_here = place < weight;
        place = place.saturating_sub(weight);
        is_here
    })
}

/// Number of the grid's step at which a sample begins, if it begins at one.
fn grid_step(segment: &Segment, step_s: f64) -> Option<usize> {
    let step = (segment.start_s / step_s).round();
    (step >= 0.0 && (segment.start_s - step * step_s).abs() <= OFF_GRID_S).then_some(step as usize)
}

/// The grid of a trace whose samples are all of one length and begin at its multiples: its step and number of steps.
/// None if they do not, or so few are known that a grid would be mostly empty; nor if some wait for others to end, so
/// that their demand begins when they do.
fn grid_of(trace: &VmTrace) -> Option<(f64, usize)> {
    let step_s = trace.series.step_s()?;
    if SimDuration::from_secs(step_s) == SimDuration::ZERO || !trace.vms.dependencies.is_empty() {
        return None;
    }
    let mut steps = 0;
    for vm in 0..trace.vms.len() {
        for segment in trace.series.segments(vm) {
            steps = steps.max(grid_step(&segment, step_s)? + 1);
        }
    }
    let values = steps.checked_mul(trace.vms.len())?;
    (values <= trace.series.len().saturating_mul(SPARSEST_GRID)).then_some((step_s, steps))
}

impl TracedVms {
    /// The virtual machines of a trace as requests: each is of one of the `types` in turn, which says what the trace
    /// does not. Parts of a core count as a whole one, of which the demand is the part.
    ///
    /// Samples of one length that begin at its multiples make a grid: they hold by the clock, even for one that starts
    /// late. All others become fragments: they begin when it starts, and it ends with the last; what is not known
    /// between them counts as no demand.
    ///
    /// ```
    /// use stratosim::apps::virtual_machines::{Demand, TracedRules, TracedType, TracedVms};
    /// use stratosim::infra::{VmSpec, compute::Resources};
    /// use stratosim::traces::{TraceFormat, TraceOptions, VmTrace};
    /// let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join("a"), "20\n45\n")?;
    /// let options = TraceOptions { any_length: true, ..TraceOptions::default() };
    /// let trace = VmTrace::open(folder.path(), Some(TraceFormat::PlanetLab), &options)?;
    ///
    /// let spec = VmSpec::new(2, 500.0, Resources::default());
    /// let vms = TracedVms::new(&trace, &[TracedType { spec, weight: 1 }], TracedRules::default())?;
    /// assert_eq!(vms.requests[0].demand, Demand::Grid { grid: 0, row: 0 });
    /// assert_eq!(vms.grid.map(|grid| grid.share(1, 0)), Some(0.45));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If there are more fragments than can be numbered.
    pub fn new(trace: &VmTrace, types: &[TracedType], rules: TracedRules) -> Result<Self, TracedError> {
        let TracedRules { grid, first_fragment, mips_per_mhz } = rules;
        let mut own = TracedVms::default();
        let on_grid = grid_of(trace);
        let mut rows = on_grid.map(|(step_s, steps)| GridRows::new(step_s, steps, trace.vms.len()));
        for vm in 0..trace.vms.len() {
            let Some(kind) = type_of(types, vm) else { break };
            let (spec, mips_of_unit) = spec_of(trace, vm, &kind.spec, mips_per_mhz);
            let start_s = trace.vms.start_s[vm];
            let mut request = VmRequest {
                time: SimTime::from_secs(start_s),
                lifetime: trace.vms.end_s[vm]
                    .map(|end_s| SimDuration::from_secs((end_s - start_s).max(0.0))),
                demand: Demand::Constant(0.0),
                spec,
            };
            if trace.series.cpu_of(vm).is_empty() {
                own.without_samples += 1;
            } else if let Some(rows) = &mut rows {
                rows.set(trace, vm, &request.spec, mips_of_unit);
                request.demand = Demand::Grid { grid, row: vm as u32 };
            } else {
                let first = own.fragments.len();
                own.push_fragments(trace, vm, &request.spec, mips_of_unit);
                let last = first_fragment.saturating_add(own.fragments.len());
                if u32::try_from(last).is_err() {
                    return Err(TracedError::Fragments(last));
                }
                let count = (own.fragments.len() - first) as u32;
                request.demand = Demand::Fragments { first: (first_fragment + first) as u32, count };
                request.lifetime = None;
            }
            let parents = trace.vms.dependencies.parents(vm);
            own.order.extend(parents.iter().map(|&parent| (parent, vm as u32)));
            own.requests.push(request);
        }
        own.grid = rows.map(GridRows::into_grid);
        Ok(own)
    }

    fn push_fragments(&mut self, trace: &VmTrace, vm: usize, spec: &VmSpec, mips_of_unit: f64) {
        let mut time_s = trace.vms.start_s[vm];
        for segment in trace.series.segments(vm) {
            let gap = SimDuration::from_secs((segment.start_s - time_s).max(0.0));
            // What is shorter than a nanosecond is rounding.
            if gap > SimDuration::from_nanos(1) {
                self.fragments.push(Fragment::new(gap, 0.0));
            }
            time_s = segment.end_s();
            self.fragments.push(Fragment {
                duration: SimDuration::from_secs(segment.duration_s),
                demand_mips: (f64::from(segment.cpu) * mips_of_unit) as f32,
                memory_share: memory_share(&segment, spec),
            });
        }
    }
}

/// What a virtual machine of a trace is, and the MIPS that the unit of its demand stands for.
fn spec_of(trace: &VmTrace, vm: usize, kind: &VmSpec, mips_per_mhz: f64) -> (VmSpec, f64) {
    let mut spec = kind.clone();
    let cores = trace.vms.cores[vm].filter(|&cores| cores > 0.0);
    if let Some(cores) = cores {
        spec.vcpus = cores.ceil().min(f64::from(u32::MAX)) as u32;
    }
    if let Some(mhz) = trace.vms.core_mhz[vm].filter(|&mhz| mhz > 0.0) {
        spec.mips_per_vcpu = mhz * mips_per_mhz;
    }
    if let Some(bytes) = trace.vms.memory_bytes[vm] {
        spec.resources.memory_bytes = bytes;
    }
    let mips_of_unit = match trace.demand_unit {
        DemandUnit::Share => cores.unwrap_or(f64::from(spec.vcpus)) * spec.mips_per_vcpu,
        DemandUnit::Cores => spec.mips_per_vcpu,
    };
    (spec, mips_of_unit)
}

/// Share of its memory that a virtual machine uses; no number if that is not known.
fn memory_share(segment: &Segment, spec: &VmSpec) -> f32 {
    match segment.memory_bytes {
        Some(bytes) if spec.resources.memory_bytes > 0.0 => {
            (f64::from(bytes) / spec.resources.memory_bytes).min(1.0) as f32
        }
        _ => f32::NAN,
    }
}

/// The values of a grid while it is filled.
struct GridRows {
    step_s: f64,
    rows: usize,
    shares: Vec<f32>,
    /// Empty as long as no use of memory is known.
    memory: Vec<f32>,
}

impl GridRows {
    fn new(step_s: f64, steps: usize, rows: usize) -> Self {
        GridRows { step_s, rows, shares: vec![0.0; steps * rows], memory: Vec::new() }
    }

    fn set(&mut self, trace: &VmTrace, vm: usize, spec: &VmSpec, mips_of_unit: f64) {
        let whole_mips = spec.size_mips();
        for segment in trace.series.segments(vm) {
            let Some(step) = grid_step(&segment, self.step_s) else { continue };
            let index = step * self.rows + vm;
            self.shares[index] = if mips_of_unit == whole_mips {
                segment.cpu
            } else {
                (f64::from(segment.cpu) * mips_of_unit / whole_mips) as f32
            };
            let share = memory_share(&segment, spec);
            if !share.is_nan() {
                self.memory.resize(self.shares.len(), f32::NAN);
                self.memory[index] = share;
            }
        }
    }

    fn into_grid(self) -> DemandGrid {
        let mut grid = DemandGrid::new(SimDuration::from_secs(self.step_s), self.rows);
        for step in self.shares.chunks(self.rows.max(1)) {
            grid.push_step(step.iter().copied());
        }
        if !self.memory.is_empty() {
            grid.set_memory_shares(self.memory);
        }
        grid
    }
}

/// The jobs of a trace.
#[derive(Clone, Debug, Default)]
pub struct TracedJobs {
    /// One for each instance of each job; those that wait come after those that they wait for.
    pub jobs: Vec<BatchJob>,
    /// For each of these its row among the jobs of the trace.
    pub rows: Vec<u32>,
    /// How many jobs of the trace were left out, since how long they ran is not known.
    pub without_run_time: u64,
}

impl TracedJobs {
    /// The jobs of a trace as batch jobs: each runs for as long as it did in the traced system if it gets its cores
    /// at `mips_per_core`. Where that is not known, as long as it asked for. Parts of a core count as a whole one.
    /// Instances run side by side; what waits for a job waits for all of them.
    ///
    /// # Errors
    /// If there are more jobs than `most_jobs`, or they wait more often for one another than `most_dependencies`.
    pub fn new(
        trace: &VmTrace,
        mips_per_core: f64,
        (most_jobs, most_dependencies): (u64, u64),
    ) -> Result<Self, TracedError> {
        let jobs = &trace.jobs;
        let run_s = |job: usize| {
            let known = jobs.run_time_s[job].or(jobs.requested_time_s[job]);
            known.filter(|&run_s| run_s >= 0.0)
        };
        let instances = |job: usize| match run_s(job) {
            Some(_) => u64::from(jobs.instances[job].unwrap_or(1).max(1)),
            None => 0,
        };
        let found: u64 = (0..jobs.len()).map(instances).sum();
        if found > most_jobs {
            return Err(TracedError::Jobs { found, most: most_jobs });
        }
        let waits = |job: usize| -> u64 {
            let parents: u64 =
                jobs.dependencies.parents(job).iter().map(|&parent| instances(parent as usize)).sum();
            parents.saturating_mul(instances(job))
        };
        let found = (0..jobs.len()).fold(0u64, |sum, job| sum.saturating_add(waits(job)));
        if found > most_dependencies {
            return Err(TracedError::Dependencies { found, most: most_dependencies });
        }
        let mut own = TracedJobs::default();
        // For each job of the trace its first instance.
        let mut first = vec![0u32; jobs.len()];
        for job in in_order(trace) {
            first[job] = own.jobs.len() as u32;
            let Some(run_s) = run_s(job) else {
                own.without_run_time += 1;
                continue;
            };
            let cores = jobs.cores[job].unwrap_or(1.0).ceil().clamp(1.0, f64::from(u32::MAX)) as u32;
            let after = jobs.dependencies.parents(job).iter().flat_map(|&parent| {
                let count = instances(parent as usize) as u32;
                (0..count).map(move |instance| (parent, instance))
            });
            let after: Vec<u32> =
                after.map(|(parent, instance)| first[parent as usize] + instance).collect();
            for _ in 0..instances(job) {
                own.rows.push(job as u32);
                own.jobs.push(BatchJob {
                    time: SimTime::from_secs(jobs.submit_s[job]),
                    length_mi: run_s * f64::from(cores) * mips_per_core,
                    cores,
                    memory_bytes: jobs.memory_bytes[job].unwrap_or(0.0),
                    after: after.clone(),
                });
            }
        }
        Ok(own)
    }
}

/// The jobs of a trace so that those that wait come after those that they wait for, else in the order of the trace.
fn in_order(trace: &VmTrace) -> VecDeque<usize> {
    let dependencies = &trace.jobs.dependencies;
    let is_sorted = |job: usize| dependencies.parents(job).iter().all(|&parent| (parent as usize) < job);
    if (0..trace.jobs.len()).all(is_sorted) {
        return (0..trace.jobs.len()).collect();
    }
    let edges = (0..trace.jobs.len())
        .flat_map(|job| dependencies.parents(job).iter().map(move |&parent| (parent, job as u32)));
    let mut graph = DiGraph::<(), (), u32>::from_edges(edges);
    while graph.node_count() < trace.jobs.len() {
        graph.add_node(());
    }
    // Traces have no circles; of one that had, none of the jobs would ever start.
    toposort(&graph, None).unwrap_or_default().into_iter().map(|node| node.index()).collect()
}
