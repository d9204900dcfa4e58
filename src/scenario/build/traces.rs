//! Workload traces: from the format to what was read.

use crate::scenario::Site;
use crate::scenario::format::TraceSpec;
use crate::traces::{Sampling, TraceFormat, TraceOptions, VmTrace, detect};

/// What is taken of a trace.
fn options(spec: &TraceSpec, site: &Site<'_>) -> Option<TraceOptions> {
    let sampling = match (spec.sample, spec.first) {
        (Some(_), Some(_)) => {
            let message = "a sample and the first ones cannot both be taken";
            site.key("first").error_with_help(message, "leave `sample` or `first` out");
            return None;
        }
        (Some(share), None) => Sampling::Share { share: share.as_fraction(), seed: spec.sample_seed },
        (None, Some(count)) => Sampling::First(count),
        (None, None) => Sampling::All,
    };
    if let Some(until) = spec.until
        && until.as_secs() <= spec.from.as_secs()
    {
        site.key("until").error("the window ends before it begins; it must be after `from`");
        return None;
    }
    Some(TraceOptions {
        skip_bad_rows: spec.skip_bad_rows,
        gaps: spec.gaps.into(),
        any_length: spec.any_length,
        machine_cores: spec.machine_cores,
        machine_memory_bytes: spec.machine_memory.map(|size| size.as_bytes()),
        memory_unit_bytes: spec.memory_unit.map(|size| size.as_bytes()),
        sampling,
        from_s: spec.from.as_secs(),
        until_s: spec.until.map(|until| until.as_secs()),
        time_scale: spec.time_scale,
        demand_scale: spec.demand_scale,
    })
}

/// Reads a trace.
pub(super) fn read(spec: &TraceSpec, site: &Site<'_>) -> Option<(TraceFormat, VmTrace)> {
    let options = options(spec, site)?;
    let path = site.file(&spec.path);
    let format = match &spec.format {
        Some(name) => site.key("format").check(name.0.parse::<TraceFormat>())?,
        None => site.key("path").check(detect(&path))?,
    };
    let trace = site.key("path").check(VmTrace::open(&path, Some(format), &options))?;
    Some((format, trace))
}
