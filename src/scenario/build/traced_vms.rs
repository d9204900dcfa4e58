//! What drives virtual machines of a trace, checked against types and hosts.

use super::WorkloadSite;
use super::hosts::fits_somewhere;
use super::traces::read;
use super::virtual_machines::{MOST, MOST_DEPENDENCIES};
use crate::apps::virtual_machines::{
    BatchJob, Demands, TraceUse, TracedJobs, TracedRules, TracedType, TracedVms, VmRequest,
};
use crate::infra::{HostSpec, NodeId};
use crate::scenario::Site;
use crate::scenario::format::{TraceSpec, VirtualMachinesSpec, VmDemandSpec, VmTypeSpec};
use crate::scenario::{DataSize, InstructionRate};
use crate::traces::{TraceFormat, VmTrace};
use std::collections::BTreeSet;

/// What a workload is made of, to which that of a trace is added.
pub(super) struct Parts<'a> {
    pub(super) requests: &'a mut Vec<VmRequest>,
    pub(super) jobs: &'a mut Vec<BatchJob>,
    pub(super) demands: &'a mut Demands,
    pub(super) order: &'a mut Vec<(u32, u32)>,
}

impl VirtualMachinesSpec {
    /// Adds the virtual machines and jobs of the trace to those of the workload.
    pub(super) fn take_trace(
        &self,
        spec: &TraceSpec,
        traced: &[TracedType],
        hosts: &[(NodeId, HostSpec)],
        here: &WorkloadSite<'_>,
        parts: Parts<'_>,
    ) -> Option<TraceUse> {
        let site = here.site.key("trace");
        let (format, trace) = read(spec, &site)?;
        let takes_vms = traced.iter().any(|own| own.weight > 0) && !trace.vms.is_empty();
        let runs_jobs = |kind: &&VmTypeSpec| matches!(kind.demand, VmDemandSpec::Jobs);
        let runner = self.types.iter().find(runs_jobs).filter(|_| !trace.jobs.is_empty());
        if !takes_vms && runner.is_none() {
            report_unused(&trace, &site);
            return None;
        }
        let mut used = about(format, &trace);
        if takes_vms {
            if trace.vms.len() as u64 > MOST {
                let found = trace.vms.len();
                site.key("path").error_with_help(
                    format!(
                        "{found} virtual machines are more than the {MOST} that a workload may have"
                    ),
                    "take a `sample` or a window of the trace",
                );
                return None;
            }
            let rules = TracedRules {
                grid: parts.demands.grids.len() as u16,
                first_fragment: parts.demands.fragments.len(),
                mips_per_mhz: spec.mips_per_mhz,
            };
            let vms = site.key("path").check(TracedVms::new(&trace, traced, rules))?;
            self.check_sizes(&trace, &vms.requests, hosts, here)?;
            used.vms = vms.requests.len() as u64;
            used.samples = trace.series.len() as u64;
            used.vms_without_samples = vms.without_samples;
            // Fewer than 2^32 together, since there are at most 10^7 of each.
            let before = parts.requests.len() as u32;
            let order = vms.order.into_iter().map(|(first, then)| (first + before, then + before));
            parts.order.extend(order);
            parts.requests.extend(vms.requests);
            parts.demands.grids.extend(vms.grid);
            parts.demands.fragments.extend(vms.fragments);
        }
        if let Some(runner) = runner {
            let most = (MOST, MOST_DEPENDENCIES);
            let mips = runner.mips_per_vcpu.as_mips();
            let traced = site.key("path").check(TracedJobs::new(&trace, mips, most))?;
            self.check_jobs(&trace, &traced, &site)?;
            used.jobs = traced.jobs.len() as u64;
            used.jobs_without_run_time = traced.without_run_time;
            // Fewer than 2^32 together, since there are at most 10^7 of each.
            let before = parts.jobs.len() as u32;
            parts.jobs.extend(traced.jobs.into_iter().map(|mut job| {
                job.after.iter_mut().for_each(|after| *after += before);
                job
            }));
        }
        Some(used)
    }

    /// Reports a virtual machine that no host could ever take.
    fn check_sizes(
        &self,
        trace: &VmTrace,
        requests: &[VmRequest],
        hosts: &[(NodeId, HostSpec)],
        here: &WorkloadSite<'_>,
    ) -> Option<()> {
        let mut seen = BTreeSet::new();
        for (row, request) in requests.iter().enumerate() {
            let (own, bytes) = (&request.spec, request.spec.resources.memory_bytes);
            let mips = own.mips_per_vcpu;
            if !seen.insert((own.class, own.vcpus, mips.to_bits(), bytes.to_bits())) {
                continue;
            }
            let mut kind = self.types.get(usize::from(own.class))?.clone();
            (kind.vcpus, kind.memory) = (own.vcpus, DataSize::from_bytes(bytes));
            kind.mips_per_vcpu = InstructionRate::from_mips(mips);
            if !fits_somewhere(&kind, hosts, here) {
                let name = trace.vms.ids.get(row).unwrap_or_default();
                here.site.key("trace").key("path").error_with_help(
                    format!(
                        "no host is large and fast enough for the virtual machine {name:?} of the trace, which has \
                         {} virtual cores of {mips} MIPS and {} of memory",
                        own.vcpus,
                        DataSize::KIND.format(bytes)
                    ),
                    "give hosts more or faster `cores` and more `memory`, or change `mips_per_mhz` of the trace",
                );
                return None;
            }
        }
        Some(())
    }

    /// Reports a job that no virtual machine could ever run.
    fn check_jobs(&self, trace: &VmTrace, traced: &TracedJobs, site: &Site<'_>) -> Option<()> {
        let runners: Vec<&VmTypeSpec> =
            self.types.iter().filter(|kind| matches!(kind.demand, VmDemandSpec::Jobs)).collect();
        let fits = |job: &BatchJob| {
            let takes = |kind: &&VmTypeSpec| {
                kind.vcpus >= job.cores && kind.memory.as_bytes() >= job.memory_bytes
            };
            runners.iter().any(takes)
        };
        let Some(at) = traced.jobs.iter().position(|job| !fits(job)) else { return Some(()) };
        let job = &traced.jobs[at];
        let name = trace.jobs.ids.get(traced.rows[at] as usize).unwrap_or_default();
        site.key("path").error_with_help(
            format!(
                "no virtual machine could run the job {name:?} of the trace, which asks for {} cores and {} of \
                 memory",
                job.cores,
                DataSize::KIND.format(job.memory_bytes)
            ),
            "give a type with the demand \"jobs\" as many `vcpus` and as much `memory`",
        );
        None
    }
}

/// What is known of a trace before anything is taken of it.
fn about(format: TraceFormat, trace: &VmTrace) -> TraceUse {
    TraceUse {
        format: format.name().to_string(),
        dependencies_left_out: trace.report.dependencies_left_out,
        skipped_rows: trace.report.skipped.count,
        notes: trace.report.notes.iter().map(|note| by_keys(note)).collect(),
        ..TraceUse::default()
    }
}

fn report_unused(trace: &VmTrace, site: &Site<'_>) {
    let (vms, jobs) = (trace.vms.len(), trace.jobs.len());
    let site = site.key("path");
    if vms == 0 && jobs == 0 {
        site.error_with_help(
            "nothing of the trace is left to be taken",
            "widen the window (`from`, `until`), or take a larger `sample`",
        );
    } else {
        let demand = if vms > 0 { "trace" } else { "jobs" };
        site.error_with_help(
            format!("the trace has {vms} virtual machines and {jobs} jobs, but no type is for them"),
            format!("give a type the `demand` {{ \"kind\": {demand:?} }}"),
        );
    }
}

/// A note that names keys of the scenario instead of options of the command line.
fn by_keys(note: &str) -> String {
    ["machine-cores", "machine-memory", "memory-unit", "gaps"].iter().fold(
        note.into(),
        |note: String, option| {
            note.replace(&format!("--{option}"), &format!("`{}`", option.replace('-', "_")))
        },
    )
}
