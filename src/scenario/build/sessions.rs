//! User sessions: from the format to the workload.

use super::WorkloadSite;
use crate::apps::Workload;
use crate::apps::agents::{AgentOptions, CarriedBy};
use crate::apps::orchestration::{
    AgentLayout, Forced, INSTANCE_ASSETS, PlaneHandle, ServiceFacts, ServiceRequirements, UserId,
};
use crate::apps::sessions::{
    Demand, DemandPlace, ForcedAction, Hours, Presence, SessionOptions, SessionService, SessionWorkload,
};
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::assets::AssetId;
use crate::infra::{NodeId, Position};
use crate::scenario::format::{
    AgentsSpec, CarriedByName, ControlSharedSpec, Draw, Names, PresenceSpec, Quantity, RedirectName,
    SessionServiceSpec, SessionsSpec, UserDemandSpec,
};
use crate::scenario::{BuildWorkload, Duration, Site};
use std::collections::{BTreeMap, BTreeSet};

/// Most users of a workload.
const MOST_USERS: u64 = 100_000_000;

/// Least mean time between requests, and least time that any of the other intervals may take: with less a run would never
/// come to an end.
const LEAST_INTERVAL_S: f64 = 1e-3;

/// Names of the assets of instances, and what they are counted in.
const ASSET_NAMES: [&str; 4] = ["cores", "bytes of memory", "bytes of storage", "accelerators"];

fn draw<Q: Quantity>(spec: &Draw<Q>, site: &Site<'_>) -> Option<Distribution> {
    site.check(spec.distribution())
}

fn time(own: Duration) -> SimDuration {
    SimDuration::from_secs(own.as_secs())
}

fn carrier(name: CarriedByName) -> CarriedBy {
    match name {
        CarriedByName::Transfers => CarriedBy::Transfers,
        CarriedByName::Paths => CarriedBy::Paths,
    }
}

/// Draws of a time whose mean must not be nothing.
fn interval(spec: &Draw<Duration>, what: &str, site: &Site<'_>) -> Option<Distribution> {
    let found = draw(spec, site)?;
    if found.mean() < LEAST_INTERVAL_S {
        site.error(format!("the mean {what} must be at least 1 ms"));
        return None;
    }
    Some(found)
}

/// Whether a time is long enough to be waited for over and over.
fn is_waited(own: Duration, site: &Site<'_>) -> bool {
    let good = own.as_secs() >= LEAST_INTERVAL_S;
    if !good {
        site.error("it must be at least 1 ms");
    }
    good
}

/// The nodes of a key, of which there must be some.
fn nodes(names: &Names, what: &str, here: &WorkloadSite<'_>, site: &Site<'_>) -> Option<Vec<NodeId>> {
    let nodes = here.directory.nodes(names, site)?;
    if nodes.is_empty() {
        site.error(format!("no node is named, so that there would be no {what}"));
        return None;
    }
    Some(nodes)
}

fn service(
    spec: &SessionServiceSpec,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> Option<SessionService> {
    let needs = &spec.requires;
    let names = needs.architecture.as_ref();
    if names.is_some_and(|names| names.iter().len() == 0) {
        site.key("requires").key("architecture").error_with_help(
            format!("the service {:?} names no architecture that would do", spec.name),
            "name one, or leave it out for any",
        );
        return None;
    }
    let requirements = ServiceRequirements {
        cores: needs.cores,
        memory_bytes: needs.memory.as_bytes(),
        storage_bytes: needs.storage.as_bytes(),
        gpus: needs.gpus,
        architectures: names
            .map_or_else(Vec::new, |names| names.iter().map(|name| name.as_str().into()).collect()),
    };
    let work_mi = draw(&spec.work, &site.key("work"));
    if needs.cores <= 0.0 && work_mi.as_ref().is_some_and(|work_mi| work_mi.mean() > 0.0) {
        site.key("requires").key("cores").error_with_help(
            format!("the service {:?} processes requests, but requires no cores", spec.name),
            "require some, such as 0.1, or set `work` to 0",
        );
        return None;
    }
    let request_bytes = draw(&spec.request, &site.key("request"));
    let response_bytes = draw(&spec.response, &site.key("response"));
    let instances = nodes(&spec.instances, "instance to begin with", here, &site.key("instances"));
    Some(SessionService {
        facts: ServiceFacts {
            name: spec.name.clone(),
            requirements,
            limit_s: spec.limit.as_secs(),
            image_bytes: spec.image.as_bytes(),
            instances: instances?,
        },
        boot: time(spec.boot),
        work_mi: work_mi?,
        request_bytes: request_bytes?,
        response_bytes: response_bytes?,
        share: spec.share,
    })
}

fn services(spec: &SessionsSpec, here: &WorkloadSite<'_>) -> Option<Vec<SessionService>> {
    let site = here.site.key("services");
    let mut names = BTreeSet::new();
    let mut good = true;
    let mut found = Vec::new();
    for (index, own) in spec.services.iter().enumerate() {
        let site = site.index(index);
        if !names.insert(own.name.as_str()) {
            site.key("name").error_with_help(
                format!("another service has the name {:?}", own.name),
                "give each service a `name` of its own",
            );
            good = false;
        }
        found.push(service(own, here, &site));
    }
    let found: Vec<SessionService> = found.into_iter().collect::<Option<_>>()?;
    if found.iter().all(|own| own.share <= 0.0) {
        site.error_with_help(
            "no service has a `share` of the users",
            "leave `share` out for equal ones",
        );
        good = false;
    }
    good.then_some(found)
}

/// Reports a centre without the cores that its agent needs, which could never handle any mail.
fn check_centre(node: NodeId, cores: f64, here: &WorkloadSite<'_>, site: &Site<'_>) -> bool {
    let there = here.infrastructure.class_of(node).map_or(0.0, |class| f64::from(class.cores));
    if there < cores {
        let name = here.directory.name(node);
        site.error_with_help(
            format!("{name:?} has {there} cores, but its agent needs {cores} for what `agents` says of its work"),
            "name a node with more cores, or set `agents.handling_work`, `light_work` and `work_per_kib` to 0",
        );
    }
    there >= cores
}

/// Reports platforms that could not hold all the instances that are to be there from the start.
fn check_together(services: &[SessionService], agent_cores: f64, here: &WorkloadSite<'_>) -> bool {
    let mut taken: BTreeMap<NodeId, [f64; 4]> = BTreeMap::new();
    for (index, service) in services.iter().enumerate() {
        for &node in &service.facts.instances {
            let Some(class) = here.infrastructure.class_of(node) else { continue };
            let counted: u32 = class.resources.accelerators.iter().map(|own| own.count).sum();
            let timed: u32 = class.accelerators.iter().map(|own| own.count).sum();
            let offers = INSTANCE_ASSETS.map(|asset| match asset {
                AssetId::CORES => f64::from(class.cores),
                AssetId::MEMORY_BYTES => class.resources.memory_bytes,
                AssetId::STORAGE_BYTES => class.resources.storage_bytes,
                _ => f64::from(counted) + f64::from(timed),
            });
            let own = taken.entry(node).or_insert([agent_cores, 0.0, 0.0, 0.0]);
            let needs = service.facts.requirements.amounts();
            own.iter_mut().zip(needs).for_each(|(own, need)| *own += need);
            let short = (0..4).find(|&asset| own[asset] > offers[asset] * (1.0 + 1e-9));
            if let Some(asset) = short {
                let site = here.site.key("services").index(index).key("instances");
                site.error_with_help(
                    format!(
                        "{:?} cannot hold the instances of all services that are to be there: they need {} {} in all, and \
                         it has {}",
                        here.directory.name(node),
                        own[asset],
                        ASSET_NAMES[asset],
                        offers[asset]
                    ),
                    "spread them over more platforms",
                );
                return false;
            }
        }
    }
    true
}

fn agent_options(spec: &SessionsSpec, here: &WorkloadSite<'_>) -> Option<AgentOptions> {
    let site = here.site.key("agents");
    let AgentsSpec { loss, doubled, late, .. } = spec.agents;
    let late_by = draw(&spec.agents.late_by, &site.key("late_by"))?;
    let own = &spec.agents;
    let options = AgentOptions {
        carried_by: carrier(own.carried_by),
        loss: loss.as_fraction(),
        doubled: doubled.as_fraction(),
        late: late.as_fraction(),
        late_by: Some(late_by),
        handling_time: time(own.handling_time),
        handling_work_mi: own.handling_work.as_mi(),
        light_work_mi: own.light_work.as_mi(),
        work_mi_per_kib: own.work_per_kib.as_mi(),
        cores: own.cores,
        handshake_round_trips: own.handshake_round_trips,
        timeout: time(own.timeout),
        // What is wrong with it is told of by its own key.
        ask_timeout: time(spec.timeout).max(SimDuration::from_nanos(1)),
        retries: own.retries,
        ask_retries: 0,
        keeps_state: own.keeps_state,
        ..AgentOptions::new(&spec.name)
    };
    let waits = is_waited(own.timeout, &site.key("timeout"));
    match options.check() {
        Ok(()) => waits.then_some(options),
        Err(error) => {
            site.key(error.option)
                .error(format!("found {}, but it must be {}", error.value, error.allowed));
            None
        }
    }
}

fn presence(spec: &PresenceSpec, site: &Site<'_>) -> Option<Option<Presence>> {
    match (&spec.active, &spec.idle) {
        (None, None) => Some(None),
        (Some(active), Some(idle)) => {
            let active_s = interval(active, "time for which users are there", &site.key("active"));
            let idle_s = draw(idle, &site.key("idle"));
            Some(Some(Presence { active_s: active_s?, idle_s: idle_s? }))
        }
        (active, _) => {
            let (given, missing) =
                if active.is_some() { ("active", "idle") } else { ("idle", "active") };
            site.key(given).error_with_help(
                format!("users that come and go need `{missing}`, too"),
                "give both, or none for users that are always there",
            );
            None
        }
    }
}

fn hours(factors: &[f64], site: &Site<'_>) -> Option<Hours> {
    if factors.is_empty() {
        site.error_with_help(
            "there is no factor",
            "give one for each hour, such as [1, 0.5], or leave it out",
        );
        return None;
    }
    let fault = factors.iter().position(|factor| !(*factor >= 0.0 && factor.is_finite()));
    if let Some(index) = fault {
        site.error(format!("the factor of hour {index} is {}, but must be at least 0", factors[index]));
        return None;
    }
    Some(Hours::new(factors.to_vec()))
}

fn demand(spec: &UserDemandSpec, site: &Site<'_>) -> Option<Demand> {
    let all = match &spec.by_hour {
        Some(factors) => hours(factors, &site.key("by_hour")),
        None => Some(Hours::default()),
    };
    let places = spec.places.iter().enumerate().map(|(index, place)| {
        let site = site.key("places").index(index);
        if place.radius.as_metres() <= 0.0 {
            site.key("radius").error("a place without extent has no users; it must be above 0");
            return None;
        }
        Some(DemandPlace {
            centre: Position::ground(place.x.as_metres(), place.y.as_metres()),
            radius_m: place.radius.as_metres(),
            hours: hours(&place.by_hour, &site.key("by_hour"))?,
        })
    });
    let places: Vec<Option<DemandPlace>> = places.collect();
    let hour = time(spec.hour);
    if hour == SimDuration::ZERO {
        site.key("hour").error("an hour of demand cannot be 0; it is 1 h if left out");
        return None;
    }
    let places = places.into_iter().collect::<Option<_>>()?;
    let demand = Demand { hours: all?, places, hour };
    if demand.most() <= 0.0 {
        site.error("nobody wants anything anywhere at any time: a factor must be above 0");
        return None;
    }
    Some(demand)
}

/// Where things are for what an experiment forces.
struct Ground<'a> {
    platforms: &'a [NodeId],
    devices: &'a [NodeId],
    services: &'a [SessionService],
    plane: &'a PlaneHandle,
}

fn forced(
    spec: &SessionsSpec,
    shared: &ControlSharedSpec,
    ground: &Ground<'_>,
    here: &WorkloadSite<'_>,
) -> Option<Vec<ForcedAction>> {
    let site = here.site.key("control").key("force");
    if !shared.force.is_empty() && ground.plane.layout == AgentLayout::None {
        site.error_with_help(
            format!(
                "the control plane {:?} has no agents that could be forced to anything",
                ground.plane.name
            ),
            "choose another one, or leave `force` out",
        );
        return None;
    }
    let action = |(index, own): (usize, &crate::scenario::format::ForceSpec)| {
        let site = site.index(index);
        let node = here.directory.node(&own.node, &site.key("node"))?;
        if !ground.platforms.contains(&node) {
            site.key("node").error_with_help(
                format!("{:?} is no platform", here.directory.name(node)),
                "name one of the `platforms`",
            );
            return None;
        }
        let service = match &own.service {
            None => 0,
            Some(name) => match ground.services.iter().position(|own| own.facts.name == *name) {
                Some(service) => service,
                None => {
                    let known = ground.services.iter().map(|own| own.facts.name.as_str());
                    site.key("service").unknown("service", name, known);
                    return None;
                }
            },
        };
        let user = match &own.user {
            None => None,
            Some(name) => {
                let device = here.directory.node(name, &site.key("user"))?;
                let Some(place) = ground.devices.iter().position(|&own| own == device) else {
                    site.key("user").error_with_help(
                        format!("no user is on {:?}", here.directory.name(device)),
                        "name one of the nodes of `users`",
                    );
                    return None;
                };
                Some(UserId(place as u32 * spec.per_node))
            }
        };
        let at = SimTime::from_secs(own.at.as_secs());
        if at > here.horizon {
            site.key("at").error(format!("it is after the run, which ends at {}", here.horizon));
            return None;
        }
        let action = Forced { kind: own.what.into(), service: service as u32, user };
        Some(ForcedAction { at, node, action })
    };
    let found: Vec<Option<ForcedAction>> = shared.force.iter().enumerate().map(action).collect();
    found.into_iter().collect()
}

impl BuildWorkload for SessionsSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        let platforms = nodes(&self.platforms, "platform", here, &site.key("platforms"))
            .filter(|platforms| here.check_platforms(platforms, &site.key("platforms")));
        let devices = nodes(&self.users, "user", here, &site.key("users"));
        let users = devices.as_ref().map_or(0, |own| own.len() as u64 * u64::from(self.per_node));
        let mut good = users <= MOST_USERS;
        if !good {
            site.key("per_node")
                .error(format!("{users} users are more than the {MOST_USERS} that may be"));
        }
        let services = services(self, here);
        let registry = match &self.registry {
            None => Some(None),
            Some(name) => here.directory.node(name, &site.key("registry")).map(Some),
        };
        let interval_s = interval(&self.interval, "time between requests", &site.key("interval"));
        good &= is_waited(self.ask_again, &site.key("ask_again"));
        good &= is_waited(self.timeout, &site.key("timeout"));
        let presence = presence(&self.presence, &site.key("presence"));
        let demand = demand(&self.demand, &site.key("demand"));
        if let (Some(interval_s), Some(demand)) = (&interval_s, &demand)
            && interval_s.mean() / demand.most() < LEAST_INTERVAL_S
        {
            site.key("demand").error(format!(
                "at the greatest factor, {}, a user would want something each {} s; it must be at least 1 ms",
                demand.most(),
                interval_s.mean() / demand.most()
            ));
            good = false;
        }
        let agents = agent_options(self, here);
        let count = platforms.as_ref().map_or(0, Vec::len);
        let control = here.control_plane(&self.control, count, &site.key("control"));
        let (platforms, devices, services) = (platforms?, devices?, services?);
        let (agents, (plane, shared)) = (agents?, control?);
        let works = [agents.handling_work_mi, agents.light_work_mi, agents.work_mi_per_kib];
        let takes_cores = plane.layout != AgentLayout::None && works.iter().any(|work| *work > 0.0);
        let agent_cores = if takes_cores { f64::from(agents.cores) } else { 0.0 };
        for (index, service) in services.iter().enumerate() {
            let site = site.key("services").index(index);
            good &= here.check_service(&service.facts, &platforms, agent_cores, &site)
                && here.check_limit(&service.facts, &platforms, &devices, &site.key("limit"));
        }
        good = good && check_together(&services, agent_cores, here);
        if let AgentLayout::PerPlatformAndCentral { node } = plane.layout {
            good &= check_centre(node, agent_cores, here, &site.key("control").key("node"));
        }
        let ground =
            Ground { platforms: &platforms, devices: &devices, services: &services, plane: &plane };
        let forced = forced(self, &shared, &ground, here);
        let options = SessionOptions {
            per_node: self.per_node,
            registry: registry?,
            interval_s: interval_s?,
            demand: demand?,
            presence: presence?,
            ask_again: time(self.ask_again),
            position_error_m: self.position_error.as_metres(),
            redirects_at_once: self.redirect == RedirectName::AtOnce,
            requests_by: carrier(self.requests_by),
            forced: forced?,
            platforms,
            devices,
            services,
            agents,
            plane,
        };
        good.then(|| Box::new(SessionWorkload::new(options)) as Box<dyn Workload>)
    }
}
