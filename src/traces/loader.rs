//! From batches to a trace in memory: selection, window, scaling, dependencies.

use super::columns::Dependencies;
use super::error::TraceError;
use super::options::{Sampling, TraceOptions};
use super::record::{Batch, DemandUnit, MachineEvent, Sample, TraceJob, TraceVm, single};
use super::series_builder::SeriesBuilder;
use super::vm_trace::{Jobs, ReadingProgress, TraceReport, VmTrace, Vms};
use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::{FxHashMap, FxHashSet};

/// Collects what is taken of a trace.
#[derive(Debug)]
pub(super) struct Loader<'o> {
    options: &'o TraceOptions,
    demand_unit: DemandUnit,
    /// For each VM of the trace its place among those that were taken.
    taken: Vec<Option<u32>>,
    vms: Vec<TraceVm>,
    series: SeriesBuilder,
    jobs: Vec<TraceJob>,
    /// Groups of jobs that are taken as the first ones.
    groups: FxHashSet<String>,
    machines: Vec<MachineEvent>,
    report: TraceReport,
}

impl<'o> Loader<'o> {
    pub(super) fn new(options: &'o TraceOptions, demand_unit: DemandUnit) -> Self {
        Loader {
            options,
            demand_unit,
            taken: Vec::new(),
            vms: Vec::new(),
            series: SeriesBuilder::new(),
            jobs: Vec::new(),
            groups: FxHashSet::default(),
            machines: Vec::new(),
            report: TraceReport::default(),
        }
    }

    pub(super) fn progress(&self) -> ReadingProgress {
        let TraceReport { vms_read: vms, samples_read: samples, jobs_read: jobs, .. } = self.report;
        ReadingProgress { vms, samples, jobs }
    }

    /// Takes what is wanted of a batch.
    pub(super) fn take(&mut self, batch: &mut Batch) -> Result<(), TraceError> {
        self.report.vms_read += batch.vms.len() as u64;
        self.report.samples_read += batch.samples.len() as u64;
        self.report.jobs_read += batch.jobs.len() as u64;
        self.report.machine_events_read += batch.machines.len() as u64;
        for vm in batch.vms.drain(..) {
            self.take_vm(vm);
        }
        for end in batch.ends.drain(..) {
            if let Some(Some(vm)) = self.taken.get(end.vm as usize) {
                self.vms[*vm as usize].end_s = end.end_s;
            }
        }
        for sample in &batch.samples {
            self.take_sample(sample)?;
        }
        for job in batch.jobs.drain(..) {
            self.take_job(job);
        }
        for event in batch.machines.drain(..) {
            // What happens before the window makes the cluster that it starts with.
            if self.options.until_s.is_none_or(|until_s| event.t_s < until_s) {
                let t_s = self.moved(event.t_s).max(0.0);
                self.machines.push(MachineEvent { t_s, ..event });
            }
        }
        Ok(())
    }

    /// A time of the trace in that of the window.
    fn moved(&self, t_s: f64) -> f64 {
        (t_s - self.options.from_s) * self.options.time_scale
    }

    fn take_vm(&mut self, vm: TraceVm) {
        let wanted = match self.options.sampling {
            Sampling::All => true,
            Sampling::Share { share, seed } => Sampling::takes(share, seed, &vm.id),
            Sampling::First(count) => (self.vms.len() as u64) < count,
        };
        // Fewer than 2^32, since readers number them in 32 bits.
        self.taken.push(wanted.then_some(self.vms.len() as u32));
        if wanted {
            self.vms.push(vm);
        }
    }

    fn take_sample(&mut self, sample: &Sample) -> Result<(), TraceError> {
        let Some(Some(vm)) = self.taken.get(sample.vm as usize).copied() else { return Ok(()) };
        let options = self.options;
        let end_s = sample.t_s + sample.duration_s;
        let until_s = options.until_s.unwrap_or(f64::INFINITY);
        if end_s <= options.from_s || sample.t_s >= until_s {
            return Ok(());
        }
        let start_s = sample.t_s.max(options.from_s);
        // Whole samples keep the length that they are given with, to the last digit.
        let is_whole = sample.t_s >= options.from_s && end_s <= until_s;
        let length_s = if is_whole { sample.duration_s } else { end_s.min(until_s) - start_s };
        let demand_scale = options.demand_scale;
        let scaled = |demand: f32| single(f64::from(demand) * demand_scale);
        let moved = Sample {
            vm,
            t_s: self.moved(start_s),
            duration_s: length_s * options.time_scale,
            cpu: scaled(sample.cpu),
            cpu_max: sample.cpu_max.map(scaled),
            ..*sample
        };
        self.series.push(&moved).map_err(|expected_s| TraceError::Order {
            id: self.vms[vm as usize].id.clone(),
            found_s: moved.t_s,
            expected_s,
        })
    }

    fn take_job(&mut self, job: TraceJob) {
        let wanted = match self.options.sampling {
            Sampling::All => true,
            Sampling::Share { share, seed } => {
                Sampling::takes(share, seed, job.group.as_ref().unwrap_or(&job.id))
            }
            Sampling::First(count) => {
                let group = job.group.as_ref().unwrap_or(&job.id);
                self.groups.contains(group)
                    || ((self.groups.len() as u64) < count && self.groups.insert(group.clone()))
            }
        };
        let TraceOptions { from_s, until_s, time_scale, .. } = *self.options;
        let in_window = job.submit_s >= from_s && until_s.is_none_or(|until_s| job.submit_s < until_s);
        if wanted && in_window {
            let scaled = |time_s: Option<f64>| time_s.map(|time_s| time_s * time_scale);
            self.jobs.push(TraceJob {
                submit_s: self.moved(job.submit_s),
                wait_s: scaled(job.wait_s),
                run_time_s: scaled(job.run_time_s),
                requested_time_s: scaled(job.requested_time_s),
                think_time_s: scaled(job.think_time_s),
                ..job
            });
        }
    }

    /// Makes the trace.
    pub(super) fn finish(mut self) -> Result<VmTrace, TraceError> {
        let TraceOptions { from_s, until_s, time_scale, .. } = *self.options;
        let until_s = until_s.unwrap_or(f64::INFINITY);
        // Ends may have come long after starts, so that the window can be applied only now.
        let mut kept = 0;
        let renumbered: Vec<Option<u32>> = self
            .vms
            .iter()
            .map(|vm| {
                let before = from_s > 0.0 && vm.end_s.is_some_and(|end_s| end_s <= from_s);
                let outside = vm.start_s >= until_s || before;
                (!outside).then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        let series = self.series.finish(&renumbered, kept as usize);
        let rows: Vec<TraceVm> = std::mem::take(&mut self.vms)
            .into_iter()
            .zip(&renumbered)
            .filter(|(_, number)| number.is_some())
            .map(|(vm, _)| TraceVm {
                start_s: ((vm.start_s - from_s) * time_scale).max(0.0),
                end_s: vm
                    .end_s
                    .filter(|&end_s| end_s <= until_s)
                    .map(|end_s| ((end_s - from_s) * time_scale).max(0.0)),
                length_s: vm.length_s.map(|length_s| length_s * time_scale),
                ..vm
            })
            .collect();
        let of_vms =
            self.options.dependencies(&rows, |vm| (&vm.id, None, &vm.parents), &mut self.report)?;
        let of_jobs = self.options.dependencies(
            &self.jobs,
            |job| (&job.id, job.alias.as_deref(), &job.parents),
            &mut self.report,
        )?;
        Ok(VmTrace {
            demand_unit: self.demand_unit,
            vms: Vms { dependencies: of_vms, ..vms(rows) },
            series,
            jobs: Jobs { dependencies: of_jobs, ..jobs(self.jobs) },
            machines: self.machines,
            report: self.report,
        })
    }
}

impl TraceOptions {
    /// Finds the rows that rows wait for by their names; `names` gives name, alias and parents.
    fn dependencies<T>(
        &self,
        rows: &[T],
        names: impl Fn(&T) -> (&str, Option<&str>, &[String]),
        report: &mut TraceReport,
    ) -> Result<Dependencies, TraceError> {
        if rows.iter().all(|row| names(row).2.is_empty()) {
            return Ok(Dependencies::default());
        }
        let mut numbers = FxHashMap::default();
        numbers.reserve(rows.len());
        for (number, row) in (0_u32..).zip(rows) {
            let (id, alias, _) = names(row);
            numbers.insert(alias.unwrap_or(id), number);
        }
        let mut edges: Vec<(u32, u32)> = Vec::new();
        for (number, row) in (0_u32..).zip(rows) {
            for parent in names(row).2 {
                match numbers.get(parent.as_str()) {
                    Some(&parent) => edges.push((number, parent)),
                    None => report.dependencies_left_out += 1,
                }
            }
        }
        let graph = DiGraph::<(), (), u32>::from_edges(edges.iter().copied());
        if let Err(cycle) = toposort(&graph, None) {
            let id = rows.get(cycle.node_id().index()).map_or("", |row| names(row).0).to_string();
            let error = TraceError::Cycle { id };
            if !self.skip_bad_rows {
                return Err(error);
            }
            let components = kosaraju_scc(&graph);
            let mut component_of = vec![0; graph.node_count()];
            for (number, component) in components.iter().enumerate() {
                for node in component {
                    component_of[NodeIndex::index(*node)] = number;
                }
            }
            let before = edges.len();
            edges.retain(|&(row, parent)| component_of[row as usize] != component_of[parent as usize]);
            report.skipped.count += (before - edges.len()) as u64;
            report.skipped.messages.push(error.to_string());
        }
        Ok(Dependencies::new(rows.len(), &edges))
    }
}

fn vms(rows: Vec<TraceVm>) -> Vms {
    let mut vms = Vms::default();
    for vm in rows {
        vms.ids.push(&vm.id);
        vms.groups.push(vm.group);
        vms.start_s.push(vm.start_s);
        vms.end_s.push(vm.end_s);
        vms.cores.push(vm.cores);
        vms.core_mhz.push(vm.core_mhz);
        vms.memory_bytes.push(vm.memory_bytes);
        vms.classes.push(vm.class);
        vms.priority.push(vm.priority);
        vms.length_s.push(vm.length_s);
    }
    vms
}

fn jobs(rows: Vec<TraceJob>) -> Jobs {
    let mut jobs = Jobs::default();
    for job in rows {
        jobs.ids.push(&job.id);
        jobs.groups.push(job.group);
        jobs.submit_s.push(job.submit_s);
        jobs.wait_s.push(job.wait_s);
        jobs.run_time_s.push(job.run_time_s);
        jobs.requested_time_s.push(job.requested_time_s);
        jobs.instances.push(job.instances);
        jobs.cores.push(job.cores);
        jobs.memory_bytes.push(job.memory_bytes);
        jobs.classes.push(job.class);
        jobs.users.push(job.user);
        jobs.statuses.push(job.status);
        jobs.think_time_s.push(job.think_time_s);
    }
    jobs
}
