//! Streams of video.

use crate::apps::missions::{FrameSizes, MissionPlan, Processing, QueueRule, StreamPlan, StreamTime};
use crate::infra::NodeId;
use crate::scenario::Site;
use crate::scenario::build::WorkloadSite;
use crate::scenario::format::{ProcessingName, QueueRuleName, StreamSpec, StreamTimeName};
use std::collections::BTreeSet;

/// The streams; `None` if something is wrong, which is told.
pub(super) fn streams(
    specs: &[StreamSpec],
    here: &WorkloadSite<'_>,
    missions: &[MissionPlan],
) -> Option<Vec<StreamPlan>> {
    let mut plans: Vec<StreamPlan> = Vec::new();
    let mut names = BTreeSet::new();
    let mut good = true;
    for (index, spec) in specs.iter().enumerate() {
        let site = here.site.key("streams").index(index);
        let Some(own) = stream(spec, here, &site) else {
            good = false;
            continue;
        };
        if let Some(known) = own.iter().find(|plan| !names.insert(plan.name.clone())) {
            site.error_with_help(
                format!("another stream has the name {:?}", known.name),
                "give each stream a `name` of its own",
            );
            good = false;
        }
        for plan in own.iter().filter(|plan| plan.during != StreamTime::Always) {
            let is_member = |mission: &MissionPlan| mission.kind.vehicles().contains(&plan.source);
            if !missions.iter().any(is_member) {
                site.key("source").error_with_help(
                    format!(
                        "{:?} is in no mission of this workload, so that the stream never runs",
                        here.directory.name(plan.source)
                    ),
                    "give the stream `\"during\": \"always\"`, or the vehicle a mission",
                );
                good = false;
            }
        }
        plans.extend(own);
    }
    good.then_some(plans)
}

fn stream(spec: &StreamSpec, here: &WorkloadSite<'_>, site: &Site<'_>) -> Option<Vec<StreamPlan>> {
    let sources = here.directory.nodes(&spec.source, &site.key("source"));
    let relay = match &spec.relay {
        Some(name) => Some(here.directory.node(name, &site.key("relay"))?),
        None => None,
    };
    let processing = match (spec.processing, &spec.node) {
        (ProcessingName::Node, Some(name)) => {
            let node = here.directory.node(name, &site.key("node"))?;
            check_computes(spec, node, here, &site.key("node"))?;
            Processing::Node(node)
        }
        (ProcessingName::Node, None) => {
            site.error_with_help("there is no node to work on the frames", "name a `node`");
            return None;
        }
        (_, Some(_)) => {
            site.key("node").error_with_help(
                "a node is named, but frames are worked on elsewhere",
                "choose the processing \"node\", or leave out `node`",
            );
            return None;
        }
        (ProcessingName::OnBoard, None) => Processing::OnBoard,
        (ProcessingName::NearestEdge, None) => Processing::NearestEdge,
        (ProcessingName::Policy, None) => Processing::Policy,
    };
    let pixels = f64::from(spec.resolution[0]) * f64::from(spec.resolution[1]);
    let mean_bytes = match spec.bit_rate {
        Some(rate) => rate.as_bps() / 8.0 / spec.frame_rate,
        None => pixels * spec.bits_per_pixel / 8.0,
    };
    if !(mean_bytes > 0.0 && mean_bytes.is_finite()) {
        let key = if spec.bit_rate.is_some() { "bit_rate" } else { "bits_per_pixel" };
        site.key(key).error("frames of no size are no stream; it must be above 0");
        return None;
    }
    let sources = sources?;
    if sources.is_empty() {
        site.key("source").error("no node is named");
        return None;
    }
    if processing == Processing::OnBoard {
        for &source in &sources {
            check_computes(spec, source, here, &site.key("processing"))?;
        }
    }
    let is_one = sources.len() == 1;
    let plan = |source: NodeId| StreamPlan {
        name: if is_one {
            spec.name.clone()
        } else {
            format!("{}/{}", spec.name, here.directory.name(source))
        },
        source,
        relay,
        frame_rate_hz: spec.frame_rate,
        sizes: FrameSizes::grouped(mean_bytes, spec.group, spec.intra_ratio),
        frames_per_message: spec.frames_per_message,
        processing,
        frame_mi: spec.frame_work.as_mi(),
        deadline_s: spec.deadline.map(|deadline| deadline.as_secs()),
        queue_limit: spec.queue_limit,
        queue_rule: match spec.queue_rule {
            QueueRuleName::DropOldest => QueueRule::DropOldest,
            QueueRuleName::DropNewest => QueueRule::DropNewest,
        },
        during: match spec.during {
            StreamTimeName::Work => StreamTime::Work,
            StreamTimeName::Flight => StreamTime::Flight,
            StreamTimeName::Always => StreamTime::Always,
        },
    };
    Some(sources.into_iter().map(plan).collect())
}

/// Refuses a node without cores for work.
fn check_computes(
    spec: &StreamSpec,
    node: NodeId,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> Option<()> {
    let computes = here.infrastructure.class_of(node).is_some_and(|class| class.cores > 0);
    if computes || spec.frame_work.as_mi() <= 0.0 {
        return Some(());
    }
    site.error_with_help(
        format!("{:?} has no cores to work on frames", here.directory.name(node)),
        "give its class `cores`, or have frames worked on elsewhere",
    );
    None
}
