//! Accelerators: from the format to the infrastructure, and to what tasks ask of them.

use super::NodeDirectory;
use crate::apps::tasks::AcceleratedPart;
use crate::engine::Distribution;
use crate::infra::accelerators::{
    AcceleratorPreset, AcceleratorShare, AcceleratorSharing, AcceleratorSpec, MOST_MEASURED,
};
use crate::infra::compute::{Accelerator, Discipline};
use crate::scenario::Site;
use crate::scenario::format::{
    AcceleratorNeed, AcceleratorSharingSpec, AcceleratorSpecification, AcceleratorsSpec, Draw, Quantity,
};

/// The groups of devices of a class; none if its accelerators are counted.
pub(super) fn groups(
    spec: &AcceleratorsSpec,
    discipline: Discipline,
    directory: &mut NodeDirectory,
    site: &Site<'_>,
) -> Vec<AcceleratorSpec> {
    let AcceleratorsSpec::Timed(specs) = spec else { return Vec::new() };
    let queue_limit = match discipline {
        Discipline::SpaceShared { queue_limit } => queue_limit,
        Discipline::TimeShared { .. } => usize::MAX,
    };
    let made = specs
        .iter()
        .enumerate()
        .filter_map(|(index, own)| group(own, queue_limit, directory, &site.index(index)));
    made.collect()
}

fn group(
    spec: &AcceleratorSpecification,
    queue_limit: usize,
    directory: &mut NodeDirectory,
    site: &Site<'_>,
) -> Option<AcceleratorSpec> {
    let preset = spec.preset.and_then(|preset| AcceleratorPreset::named(preset.name()));
    let missing = |what: &str| {
        site.error_with_help(
            format!("an accelerator without a preset needs a `{what}`"),
            "give `kind`, `throughput` and `memory`, or a `preset`",
        );
    };
    let name = spec.kind.as_deref().or(preset.map(|preset| preset.name));
    let gflops = spec.throughput.map(|own| own.as_gflops()).or(preset.map(|preset| preset.gflops));
    let memory_bytes =
        spec.memory.map(|own| own.as_bytes()).or(preset.map(|preset| preset.memory_bytes));
    for (what, is_missing) in
        [("kind", name.is_none()), ("throughput", gflops.is_none()), ("memory", memory_bytes.is_none())]
    {
        if is_missing {
            missing(what);
        }
    }
    let (name, gflops, memory_bytes) = (name?, gflops?, memory_bytes?);
    let own_rate = spec.memory_bandwidth.map(|own| own.as_bps() / 8.0);
    let memory_bytes_per_s =
        own_rate.or(preset.map(|preset| preset.memory_bytes_per_s)).unwrap_or(f64::INFINITY);
    let link_bytes_per_s = spec.link.bandwidth.as_bps() / 8.0;
    let above_zero = |value: f64, site: Site<'_>| {
        if value <= 0.0 {
            site.error("nothing is ever done at a rate of 0; it must be above 0");
        }
    };
    above_zero(gflops, site.key("throughput"));
    above_zero(memory_bytes_per_s, site.key("memory_bandwidth"));
    above_zero(link_bytes_per_s, site.key("link").key("bandwidth"));
    let (idle_w, max_w) = (spec.idle_power.as_watts(), spec.max_power.as_watts());
    if max_w < idle_w {
        site.key("max_power").error("a busy device draws at least the power of an idle one");
    }
    let mut gflops_of = Vec::new();
    for (work, rate) in &spec.throughput_by_work {
        above_zero(rate.as_gflops(), site.key("throughput_by_work").key(work));
        gflops_of.push((directory.add_work_kind(work), rate.as_gflops()));
    }
    let (kind, class) = directory.add_timed_accelerator(name, spec.class.name());
    Some(AcceleratorSpec {
        name: name.into(),
        class_name: spec.class.name().into(),
        count: spec.count,
        gflops_of,
        memory_bytes_per_s,
        link_bytes_per_s,
        link_latency_s: spec.link.latency.as_secs(),
        launch_s: spec.kernel_launch.as_secs(),
        context_switch_s: spec.context_switch.as_secs(),
        idle_w,
        max_w,
        sharing: match spec.sharing {
            AcceleratorSharingSpec::Exclusive => AcceleratorSharing::Exclusive,
            AcceleratorSharingSpec::Slots { count } => AcceleratorSharing::Slots(count),
            AcceleratorSharingSpec::Fraction => AcceleratorSharing::Fraction,
        },
        queue_limit: spec.queue_limit.map_or(queue_limit, |limit| limit as usize),
        ..AcceleratorSpec::new(kind, class, gflops, memory_bytes)
    })
}

/// What an application asks of accelerators.
pub(super) enum Need {
    /// Counted ones, during its work on the cores.
    Counted(Accelerator),
    /// A device, after it.
    Timed(Box<AcceleratedPart>),
}

/// What an application asks of accelerators; errors go to `site`.
pub(super) fn need(need: &AcceleratorNeed, directory: &NodeDirectory, site: &Site<'_>) -> Option<Need> {
    if need.work.is_some() || !need.execution_time.is_empty() {
        return timed(need, directory, site).map(|part| Need::Timed(Box::new(part)));
    }
    let extra = [
        ("work_kind", need.work_kind.is_some()),
        ("memory", need.memory.is_some()),
        ("memory_traffic", need.memory_traffic.is_some()),
        ("input", need.input.is_some()),
        ("output", need.output.is_some()),
        ("share", need.share.is_some()),
        ("slots", need.slots.is_some()),
        ("required", !need.required),
        ("fallback_length", need.fallback_length.is_some()),
    ];
    for (key, _) in extra.into_iter().filter(|(_, is_given)| *is_given) {
        site.key(key).error_with_help(
            "counted accelerators are held while the cores work, and have no work of their own",
            "give the `work` or the `execution_time` on devices that are listed with their throughput",
        );
    }
    match directory.accelerator(&need.kind) {
        Some(kind) => Some(Need::Counted(Accelerator { kind, count: need.count })),
        None if directory.timed_accelerator(&need.kind).is_some() => {
            site.key("kind").error_with_help(
                format!(
                    "the time of {:?} is modelled, but it is not said what the task does there",
                    need.kind
                ),
                "give the `work` or the `execution_time`",
            );
            None
        }
        None => {
            site.key("kind").unknown("accelerator kind", &need.kind, directory.accelerators());
            None
        }
    }
}

fn timed(need: &AcceleratorNeed, directory: &NodeDirectory, site: &Site<'_>) -> Option<AcceleratedPart> {
    fn draw<Q: Quantity>(from: &Option<Draw<Q>>, site: Site<'_>) -> Option<Option<Distribution>> {
        match from {
            None => Some(None),
            Some(from) => site.check(from.distribution()).map(Some),
        }
    }
    let Some(kind) = directory.timed_accelerator(&need.kind) else {
        let known = directory.timed_accelerators();
        site.key("kind").unknown("type or class of accelerators", &need.kind, known);
        return None;
    };
    if need.count != 1 {
        site.key("count").error_with_help(
            "a task runs on one device at a time",
            "leave out `count`, and divide the `work` if several devices are to do it",
        );
    }
    let share = match (need.share, need.slots) {
        (Some(_), Some(_)) => {
            site.key("slots").error("give either a `share` or `slots`");
            return None;
        }
        (Some(share), None) if share.as_fraction() <= 0.0 => {
            site.key("share")
                .error("a task without a share of a device is never done; it must be above 0");
            return None;
        }
        (Some(share), None) => AcceleratorShare::Fraction(share.as_fraction()),
        (None, Some(slots)) => AcceleratorShare::Slots(slots),
        (None, None) => AcceleratorShare::Least,
    };
    if need.required && need.fallback_length.is_some() {
        site.key("fallback_length").error_with_help(
            "a task that cannot do without a device has nothing to fall back to",
            "set `required` to false",
        );
    }
    let work_kind = match &need.work_kind {
        None => None,
        Some(name) => {
            let Some(kind) = directory.work_kind(name) else {
                site.key("work_kind").unknown("kind of work", name, directory.work_kinds());
                return None;
            };
            Some(kind)
        }
    };
    if need.execution_time.len() > MOST_MEASURED {
        site.key("execution_time")
            .error(format!("times can be given for {MOST_MEASURED} types at most"));
    }
    let mut measured_s = Vec::new();
    for (name, time) in &need.execution_time {
        let here = site.key("execution_time").key(name);
        match directory.accelerator_type(name) {
            Some(kind) => measured_s.push((kind, here.check(time.distribution())?)),
            None => here.unknown("type of accelerators", name, directory.accelerator_types()),
        }
    }
    Some(AcceleratedPart {
        kind,
        work_kind,
        work_gflop: draw(&need.work, site.key("work"))?,
        traffic_bytes: draw(&need.memory_traffic, site.key("memory_traffic"))?,
        memory_bytes: draw(&need.memory, site.key("memory"))?,
        input_bytes: draw(&need.input, site.key("input"))?,
        output_bytes: draw(&need.output, site.key("output"))?,
        share,
        is_required: need.required,
        fallback_mi: draw(&need.fallback_length, site.key("fallback_length"))?,
        measured_s,
    })
}
