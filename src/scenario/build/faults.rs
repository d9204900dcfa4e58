//! Faults: from the format to the infrastructure.

use super::NodeDirectory;
use crate::engine::SimTime;
use crate::infra::{FaultTarget, FaultTimes, LinkId, NodeId};
use crate::scenario::Site;
use crate::scenario::format::{FaultSpec, Names, SiteSpecification};
use std::collections::{BTreeMap, BTreeSet};

/// The nodes that names of classes, nodes and sites stand for, of each name the first ones by `share`, each once.
fn nodes(
    spec: &FaultSpec,
    directory: &NodeDirectory,
    sites: &[SiteSpecification],
    site: &Site<'_>,
) -> Vec<NodeId> {
    let part = |nodes: Vec<NodeId>| {
        let share = spec.share.map_or(1.0, |share| share.as_fraction());
        // Half a node is a whole one.
        let count = (nodes.len() as f64 * share).round() as usize;
        nodes.into_iter().take(count)
    };
    let mut found = Vec::new();
    if let Some(names) = &spec.nodes {
        // All names are looked up at once, so that all that are not known are told.
        if directory.nodes(names, &site.key("nodes")).is_some() {
            for name in names.iter() {
                let name = Names::One(name.clone());
                found.extend(part(directory.nodes(&name, site).unwrap_or_default()));
            }
        }
    }
    for name in spec.sites.iter().flat_map(Names::iter) {
        match sites.iter().position(|own| own.name == *name) {
            Some(index) => {
                let here = site.key("sites");
                found.extend(part(directory.nodes(&sites[index].nodes, &here).unwrap_or_default()));
            }
            None => {
                let known = sites.iter().map(|own| own.name.as_str());
                site.key("sites").unknown("site", name, known);
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|node| seen.insert(*node));
    found
}

/// The faults of one entry; errors go to `site`.
pub(super) fn faults(
    spec: &FaultSpec,
    directory: &NodeDirectory,
    sites: &[SiteSpecification],
    links: &BTreeMap<String, LinkId>,
    site: &Site<'_>,
) -> Vec<(FaultTarget, FaultTimes)> {
    let mut targets = Vec::new();
    targets.extend(nodes(spec, directory, sites, site).into_iter().map(FaultTarget::Node));
    if let Some(names) = &spec.links {
        if spec.share.is_some() {
            site.key("share").error_with_help(
                "a share is of the nodes of a class or site, not of links",
                "name the links that fail, and put them into an entry of their own",
            );
        }
        for name in names.iter() {
            match links.get(name) {
                Some(&link) => targets.push(FaultTarget::Link(link)),
                None => site.key("links").unknown("link", name, links.keys().map(String::as_str)),
            }
        }
    }
    let names_nothing =
        |names: &Option<Names>| names.as_ref().is_none_or(|names| names.iter().next().is_none());
    if names_nothing(&spec.nodes) && names_nothing(&spec.sites) && names_nothing(&spec.links) {
        site.error("none of `nodes`, `sites` and `links` says what fails");
    }
    let Some(times) = times(spec, site) else { return Vec::new() };
    targets.into_iter().map(|target| (target, times.clone())).collect()
}

fn times(spec: &FaultSpec, site: &Site<'_>) -> Option<FaultTimes> {
    match (&spec.time_to_failure, &spec.time_to_repair) {
        (Some(failure), Some(repair)) if spec.outages.is_empty() => {
            let time_to_failure_s = site.key("time_to_failure").check(failure.distribution())?;
            let time_to_repair_s = site.key("time_to_repair").check(repair.distribution())?;
            if time_to_failure_s.mean() + time_to_repair_s.mean() <= 0.0 {
                site.error("times to failure and repair of 0 would never let time pass");
                return None;
            }
            Some(FaultTimes::Drawn { time_to_failure_s, time_to_repair_s })
        }
        (None, None) if !spec.outages.is_empty() => given(spec, site),
        (None, None) => {
            site.error("neither `outages` nor `time_to_failure` and `time_to_repair` say when it fails");
            None
        }
        _ => {
            site.error("give either `outages`, or both `time_to_failure` and `time_to_repair`");
            None
        }
    }
}

fn given(spec: &FaultSpec, site: &Site<'_>) -> Option<FaultTimes> {
    let mut times: Vec<SimTime> = Vec::new();
    for (index, outage) in spec.outages.iter().enumerate() {
        let here = site.key("outages").index(index);
        let fail = SimTime::from_secs(outage.fail.as_secs());
        if times.len() % 2 == 1 || times.last().is_some_and(|&last| fail < last) {
            here.key("fail").error("an outage must begin after the one before it has ended");
            return None;
        }
        times.push(fail);
        if let Some(repair) = outage.repair {
            let repair = SimTime::from_secs(repair.as_secs());
            if repair <= fail {
                here.key("repair").error("the repair must come after the failure");
                return None;
            }
            times.push(repair);
        }
    }
    Some(FaultTimes::Given(times))
}
