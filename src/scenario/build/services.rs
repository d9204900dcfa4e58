//! Workloads of services: from the format to the workload.

use super::WorkloadSite;
use super::service_needs::{check_needs, replica_needs};
use super::tasks::arrival;
use crate::apps::Workload;
use crate::apps::services::{
    Application, Flow, Interaction, MigrationKind, Prices, Processing, Repair, Service, ServiceOptions,
    ServiceWorkload,
};
use crate::engine::{Distribution, SimDuration};
use crate::infra::NodeId;
use crate::scenario::format::{
    Draw, MovedRequestsName, Names, Quantity, RepairName, ServiceApplicationSpec, ServiceDiscipline,
    ServiceMigrationName, ServiceSpec, ServicesSpec,
};
use crate::scenario::library::resolve_application;
use crate::scenario::{BuildWorkload, Site};
use std::collections::BTreeSet;

/// Joules of a kilowatt-hour.
const KWH_J: f64 = 3.6e6;

/// Least time between control steps: with less a run would never come to an end.
const LEAST_CONTROL_PERIOD_S: f64 = 1e-6;

/// Share of the state that is copied again if a scenario does not say.
const CHANGED_SHARE: f64 = 0.1;

/// Most replicas of a workload.
const MOST_REPLICAS: u64 = 10_000_000;

/// Most pairs of replicas of a workload that interact; each needs some 200 bytes.
const MOST_PAIRS: u64 = 5_000_000;

fn draw<Q: Quantity>(spec: &Draw<Q>, site: &Site<'_>) -> Option<Distribution> {
    site.check(spec.distribution())
}

fn service(
    application: &ServiceApplicationSpec,
    spec: &ServiceSpec,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> Option<Service> {
    let processing = match (&spec.processing_time, &spec.work) {
        (Some(time), _) => Processing::Time(draw(time, site)?),
        (None, Some(work)) => Processing::Work(draw(work, site)?),
        (None, None) => Processing::None,
    };
    let cores = spec.requires.cores;
    if cores <= 0.0 && !matches!(processing, Processing::None) {
        site.error_with_help(
            format!("the service {:?} processes requests, but requires no cores", spec.name),
            "give `cores` in `requires`, such as 0.1",
        );
        return None;
    }
    if spec.requires.architecture.as_ref().is_some_and(|own| own.iter().len() == 0) {
        site.error_with_help(
            format!("the service {:?} names no architecture that would do", spec.name),
            "name one in `architecture`, or leave it out for any",
        );
        return None;
    }
    let concurrency = match (spec.concurrency, spec.discipline) {
        (Some(given), _) => given as usize,
        (None, ServiceDiscipline::Fifo) => (cores.floor() as usize).max(1),
        (None, ServiceDiscipline::ProcessorSharing) => usize::MAX,
    };
    Some(Service {
        name: spec.name.clone(),
        needs: replica_needs(&spec.requires, here.infrastructure.assets()),
        processing,
        concurrency,
        queue_limit: spec.queue_limit.map_or(usize::MAX, |limit| limit as usize),
        state_bytes: spec.state.unwrap_or(application.state).as_bytes(),
        start_s: spec.start_time.unwrap_or(application.start_time).as_secs(),
        replicas: spec.replicas,
    })
}

/// A place in a scenario of what may be written there, or come from the library or a file.
struct Place<'a> {
    /// Of the application.
    root: Site<'a>,
    /// Whether its parts are written out there.
    is_written: bool,
    /// Whether its flows are.
    has_flows: bool,
}

impl<'a> Place<'a> {
    fn part(&self, key: &str, index: usize) -> Site<'a> {
        let is_there = if key == "flows" { self.has_flows } else { self.is_written };
        if is_there { self.root.key(key).index(index) } else { self.root.clone() }
    }
}

fn application(
    spec: &ServiceApplicationSpec,
    place: &Place<'_>,
    here: &WorkloadSite<'_>,
) -> Option<Application> {
    let number = |name: &str| {
        // Names were found good before.
        spec.services.iter().position(|service| service.name == name).map(|found| found as u32)
    };
    let message_bytes = draw(&spec.message, &place.root.key("message"))?;
    let services = spec
        .services
        .iter()
        .enumerate()
        .map(|(index, own)| service(spec, own, here, &place.part("services", index)))
        .collect::<Option<Vec<_>>>()?;
    let mut interactions = Vec::new();
    for (index, own) in spec.interactions.iter().enumerate() {
        let message_bytes = match &own.message {
            Some(message) => draw(message, &place.part("interactions", index))?,
            None => message_bytes.clone(),
        };
        let ends = (number(&own.from)?, number(&own.to)?);
        let both = if own.symmetric { 2 } else { 1 };
        for (from, to) in [ends, (ends.1, ends.0)].into_iter().take(both) {
            interactions.push(Interaction {
                from,
                to,
                latency_s: own.latency.map_or(f64::INFINITY, |latency| latency.as_secs()),
                bandwidth_bps: own.bandwidth.as_bps(),
                message_bytes: message_bytes.clone(),
            });
        }
    }
    let mut flows = Vec::new();
    for (index, own) in spec.flows.iter().enumerate() {
        let site = place.part("flows", index);
        let arrival = match own.arrival.as_ref().or(spec.arrival.as_ref()) {
            None => None,
            Some(given) => {
                let is_own = own.arrival.is_some() && place.has_flows;
                let site = if is_own { site.key("arrival") } else { place.root.key("arrival") };
                Some(arrival(given, &site)?)
            }
        };
        let sources = match own.sources.as_ref().or(spec.sources.as_ref()) {
            None => Vec::new(),
            Some(names) => {
                let is_own = own.sources.is_some() && place.has_flows;
                let site = if is_own { site.key("sources") } else { place.root.key("sources") };
                sources(names, here, &site)?
            }
        };
        let deadline_s = match own.deadline.as_ref().or(spec.deadline.as_ref()) {
            None => None,
            Some(deadline) => Some(draw(deadline, &site)?),
        };
        let path = own.path.iter().map(|name| number(name)).collect::<Option<Vec<_>>>()?;
        flows.push(Flow { name: own.name.clone(), path, arrival, sources, deadline_s });
    }
    let policy = match &spec.placement {
        None => 0,
        Some(kind) => here.service_placement(kind, &place.root.key("placement"))?,
    };
    let name = spec.application_name().to_string();
    Some(Application { name, services, interactions, flows, message_bytes, policy })
}

fn sources(names: &Names, here: &WorkloadSite<'_>, site: &Site<'_>) -> Option<Vec<NodeId>> {
    let nodes = here.directory.nodes(names, site)?;
    if nodes.is_empty() {
        site.error("no node is named, so that no request would come");
        return None;
    }
    Some(nodes)
}

/// The nodes that services may be placed on, of which there must be some.
fn candidates(names: &Names, here: &WorkloadSite<'_>) -> Option<Vec<NodeId>> {
    let site = here.site.key("nodes");
    let nodes = here.directory.nodes(names, &site)?;
    if nodes.is_empty() {
        site.error_with_help(
            "there is no node of these names, so that no service could be placed",
            "name nodes or classes that have some, or leave it out for all that have cores",
        );
        return None;
    }
    Some(nodes)
}

impl BuildWorkload for ServicesSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        let nodes = match &self.nodes {
            Some(names) => Some(candidates(names, here)?),
            None => None,
        };
        if self.control_period.as_secs() < LEAST_CONTROL_PERIOD_S {
            site.key("control_period").error("the time between control steps must be at least 1 us");
            return None;
        }
        let (mut specs, mut applications) = (Vec::new(), Vec::new());
        let mut names = BTreeSet::new();
        let (mut good, mut replicas, mut pairs) = (true, 0_u64, 0_u64);
        for (index, given) in self.applications.iter().enumerate() {
            let root = site.key("applications").index(index);
            let mut notes = Vec::new();
            let resolved = resolve_application(given, Some(here.assets), &root, &mut notes);
            notes.into_iter().for_each(|note| site.note(note));
            let Some(resolved) = resolved else {
                good = false;
                continue;
            };
            let is_written = given.library.is_none() && given.file.is_none();
            let has_flows = !given.flows.is_empty();
            let place = Place { root: root.clone(), is_written, has_flows };
            let Some(own) = application(&resolved, &place, here) else {
                good = false;
                continue;
            };
            let count = resolved.count;
            let each: u64 = own.services.iter().map(|service| u64::from(service.replicas)).sum();
            replicas = replicas.saturating_add(each.saturating_mul(u64::from(count)));
            if replicas > MOST_REPLICAS {
                root.error(format!("more than {MOST_REPLICAS} replicas of services in all"));
                return None;
            }
            pairs = pairs.saturating_add(own.pairs().saturating_mul(u64::from(count)));
            if pairs > MOST_PAIRS {
                root.error_with_help(
                    format!("more than {MOST_PAIRS} pairs of replicas interact in all"),
                    "lower the `replicas` of services that interact; each of one calls each of the other",
                );
                return None;
            }
            let names_of: Vec<&str> = resolved.services.iter().map(|own| own.name.as_str()).collect();
            let described = (resolved.application_name(), &names_of[..]);
            good &=
                here.check_given_nodes(resolved.placement.as_ref(), described, nodes.as_deref(), &root);
            for (number, spec) in resolved.services.iter().enumerate() {
                good &= check_needs(spec, nodes.as_deref(), here, &place.part("services", number));
            }
            for number in 0..count {
                let name = if count == 1 { own.name.clone() } else { format!("{}-{number}", own.name) };
                if !names.insert(name.clone()) {
                    root.error_with_help(
                        format!("another application has the name {name:?}"),
                        "give each application a `name` of its own",
                    );
                    good = false;
                    break;
                }
                applications.push((name, specs.len()));
            }
            specs.push(own);
        }
        let migration = match self.migration.kind {
            ServiceMigrationName::Cold => MigrationKind::Cold,
            ServiceMigrationName::StopAndCopy => MigrationKind::StopAndCopy,
            ServiceMigrationName::PreCopy => {
                let given = self.migration.changed_share;
                MigrationKind::PreCopy {
                    changed_share: given.map_or(CHANGED_SHARE, |share| share.as_fraction()),
                }
            }
        };
        if self.migration.changed_share.is_some() && self.migration.kind != ServiceMigrationName::PreCopy
        {
            site.key("migration").key("changed_share").error_with_help(
                "it is of moves that copy twice, which these do not",
                "choose \"kind\": \"pre_copy\", or leave it out",
            );
            good = false;
        }
        let prices = &self.prices;
        let options = ServiceOptions {
            control_period: SimDuration::from_secs(self.control_period.as_secs()),
            routing: self.routing,
            repair: match self.repair {
                RepairName::Partial => Repair::Partial,
                RepairName::Whole => Repair::Whole,
            },
            migration,
            hold: self.migration.requests == MovedRequestsName::Wait,
            nodes,
            prices: Prices {
                core_hour: prices.core_hour,
                memory_gb_hour: prices.memory_gb_hour,
                transfer_gb: prices.transfer_gb,
                energy_j: prices.energy_kwh.map(|price| price / KWH_J),
            },
        };
        good.then(|| {
            let workload = ServiceWorkload::new(&self.name, specs, applications, options, here.horizon);
            Box::new(workload) as Box<dyn Workload>
        })
    }
}
