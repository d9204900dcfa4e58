//! Streams of video, and whether their missions stay within radio cover.

use crate::apps::missions::{
    FrameSizes, MissionKind, MissionPlan, Processing, QueueRule, StreamPlan, StreamTime,
};
use crate::infra::{NodeId, Position};
use crate::scenario::Site;
use crate::scenario::build::WorkloadSite;
use crate::scenario::format::{
    AccessPointChoice, ProcessingName, QueueRuleName, StreamSpec, StreamTimeName,
};
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
        for plan in &own {
            check_cover(plan, here, missions, &site);
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

/// The places that a vehicle goes to.
fn places(node: NodeId, missions: &[MissionPlan]) -> Vec<Position> {
    let ways = missions.iter().flat_map(|mission| match &mission.kind {
        MissionKind::Patrol(plan) => plan.ways.iter().map(|(node, way)| (*node, way)).collect(),
        MissionKind::Agriculture(plan) => {
            let all = std::iter::once(plan.vehicle).chain(plan.drones.iter().copied());
            all.map(|node| (node, &plan.way)).collect()
        }
        MissionKind::Relay(_) => Vec::new(),
    });
    let own = ways.filter(|(vehicle, _)| *vehicle == node);
    own.flat_map(|(_, way)| way.waypoints.iter().map(|waypoint| waypoint.place)).collect()
}

/// Notes a stream over the network whose vehicle goes where no access point reaches. Where signals of cells decide, that is
/// not known before the run.
fn check_cover(plan: &StreamPlan, here: &WorkloadSite<'_>, missions: &[MissionPlan], site: &Site<'_>) {
    let is_wireless = here.infrastructure.class_of(plan.source).is_some_and(|class| class.wireless);
    if plan.processing == Processing::OnBoard || !is_wireless {
        return;
    }
    let mut sites: Vec<(Position, f64)> = Vec::new();
    for spec in here.nodes {
        let AccessPointChoice::Yes(own) = &spec.access_point else { continue };
        let range_m = own.range.map(|range| range.as_metres());
        let Some(range_m) = range_m.filter(|_| own.cell.is_none()) else { return };
        for node in here
            .directory
            .nodes(&crate::scenario::format::Names::One(spec.class_name().into()), site)
            .into_iter()
            .flatten()
        {
            sites.push((here.infrastructure.start_of(node), range_m));
        }
    }
    let reached = |place: &Position| sites.iter().any(|(at, range_m)| at.distance_m(*place) <= *range_m);
    let places = places(plan.source, missions);
    if let Some(out) = places.iter().find(|place| !reached(place)) {
        let count = places.iter().filter(|place| !reached(place)).count();
        site.note(format!(
            "the stream {:?} needs the network, but {count} of the {} waypoints of {:?} are out of reach of all access \
             points, such as ({:.0} m, {:.0} m): frames from there are lost",
            plan.name,
            places.len(),
            here.directory.name(plan.source),
            out.x_m,
            out.y_m
        ));
    }
}
