//! Geo-distributed resources: from the format to the workload.

mod kinds;
mod scopes;

use super::WorkloadSite;
use crate::apps::Workload;
use crate::apps::agents::{AgentOptions, CarriedBy, MailCut};
use crate::apps::geo::{Access, GeoPlan, GeoWorkload, ListedRequest, Removal, ScopePlan, UserPlan};
use crate::engine::{SimDuration, SimTime};
use crate::infra::NodeId;
use crate::placement::scopes::Centralised;
use crate::replication::{GroupOptions, RaftOptions};
use crate::scenario::format::{CarriedByName, GeoRequestSpec, GeoSpec, SiteRatesSpec};
use crate::scenario::{BuildWorkload, Duration, Site};
use kinds::Kinds;
use scopes::KnownSites;
use std::collections::{BTreeMap, BTreeSet};

/// Most sites of a workload.
const MOST_SITES: usize = 10_000;

fn time(own: Duration) -> SimDuration {
    SimDuration::from_secs(own.as_secs())
}

/// The nodes of the sites, and their names.
fn sites(spec: &GeoSpec, here: &WorkloadSite<'_>) -> Option<(Vec<NodeId>, Vec<String>)> {
    let site = here.site.key("sites");
    let nodes = here.directory.nodes(&spec.sites, &site)?;
    if nodes.is_empty() || nodes.len() > MOST_SITES {
        site.error(format!("{} nodes are named; there may be 1 to {MOST_SITES} sites", nodes.len()));
        return None;
    }
    let mut seen = BTreeSet::new();
    for node in &nodes {
        let name = here.directory.name(*node);
        let problem = if !seen.insert(*node) {
            "is named twice"
        } else if here.vm_hosts.contains(node) {
            "is a host of virtual machines, which runs no services itself"
        } else if here.directory.is_wireless(*node) {
            "is a wireless device; an instance of the application runs on nodes with links"
        } else if here.infrastructure.class_of(*node).is_none_or(|class| class.cores == 0) {
            "has no cores for the services"
        } else {
            continue;
        };
        site.error(format!("{name:?} {problem}"));
        return None;
    }
    let names = nodes.iter().map(|node| here.directory.name(*node).to_owned()).collect();
    Some((nodes, names))
}

/// The number of a site by its name.
fn site_number(name: &str, names: &[String], site: &Site<'_>) -> Option<u32> {
    let found = names.iter().position(|own| own == name);
    if found.is_none() {
        site.unknown("site", name, names.iter().map(String::as_str));
    }
    found.map(|index| index as u32)
}

fn users(spec: &GeoSpec, names: &[String], here: &WorkloadSite<'_>) -> Option<UserPlan> {
    let site = here.site.key("users");
    let own = &spec.users;
    let rates_site = site.key("rate_per_s");
    let good = |rate: f64| (0.0..=1e6).contains(&rate);
    let mut rate_per_s = vec![0.0; names.len()];
    match &own.rate_per_s {
        SiteRatesSpec::Each(rate) if good(*rate) => rate_per_s.fill(*rate),
        SiteRatesSpec::Each(rate) => {
            rates_site.error(format!("{rate} requests a second; it must be in 0..=1e6"));
            return None;
        }
        SiteRatesSpec::By(rates) => {
            for (name, rate) in rates {
                let number = site_number(name, names, &rates_site.key(name))?;
                if !good(*rate) {
                    let text = format!("{rate} requests a second; it must be in 0..=1e6");
                    rates_site.key(name).error(text);
                    return None;
                }
                rate_per_s[number as usize] = *rate;
            }
        }
    }
    let until = own.until.map_or(here.horizon, |own| SimTime::from_secs(own.as_secs()));
    Some(UserPlan {
        rate_per_s,
        from: SimTime::from_secs(own.from.as_secs()),
        until: until.min(here.horizon),
        fail_over: own.fail_over,
    })
}

/// Where messages do not pass in one direction.
fn cuts(spec: &GeoSpec, here: &WorkloadSite<'_>) -> Option<Vec<MailCut>> {
    let mut found = Vec::new();
    for (index, own) in spec.agents.cuts.iter().enumerate() {
        let site = here.site.key("agents").key("cuts").index(index);
        let mut from = here.directory.nodes(&own.from, &site.key("from"))?;
        let mut to = here.directory.nodes(&own.to, &site.key("to"))?;
        from.sort_unstable();
        to.sort_unstable();
        let mut spans = Vec::new();
        for (index, outage) in own.outages.iter().enumerate() {
            let fail = SimTime::from_secs(outage.fail.as_secs());
            let repair = outage.repair.map_or(SimTime::MAX, |own| SimTime::from_secs(own.as_secs()));
            if repair <= fail {
                let here = site.key("outages").index(index).key("repair");
                here.error("the repair must come after the failure");
                return None;
            }
            spans.push((fail, repair));
        }
        if spans.is_empty() {
            site.key("outages").error("no outage says when nothing passes");
            return None;
        }
        found.push(MailCut { from, to, spans });
    }
    Some(found)
}

fn agent_options(spec: &GeoSpec, here: &WorkloadSite<'_>) -> Option<AgentOptions> {
    let (site, own) = (here.site.key("agents"), &spec.agents);
    let late_by = site.key("late_by").check(own.late_by.distribution())?;
    let options = AgentOptions {
        carried_by: match own.carried_by {
            CarriedByName::Transfers => CarriedBy::Transfers,
            CarriedByName::Paths => CarriedBy::Paths,
        },
        loss: own.loss.as_fraction(),
        doubled: own.doubled.as_fraction(),
        late: own.late.as_fraction(),
        late_by: Some(late_by),
        handling_time: time(own.handling_time),
        timeout: time(own.timeout),
        retries: own.retries,
        cuts: cuts(spec, here)?,
        keeps_state: true,
        ..AgentOptions::new(&spec.name)
    };
    match options.check() {
        Ok(()) => Some(options),
        Err(error) => {
            let text = format!("found {}, but it must be {}", error.value, error.allowed);
            site.key(error.option).error(text);
            None
        }
    }
}

/// Times that must be above 0, and bounds between them.
fn check_times(spec: &GeoSpec, here: &WorkloadSite<'_>) -> bool {
    let (agents, replicas) = (here.site.key("agents"), here.site.key("replicas"));
    let mut good = true;
    for (own, site) in [
        (spec.agents.heartbeat, agents.key("heartbeat")),
        (spec.agents.timeout, agents.key("timeout")),
        (spec.agents.demand_epoch, agents.key("demand_epoch")),
        (spec.replicas.heartbeat, replicas.key("heartbeat")),
        (spec.replicas.retry, replicas.key("retry")),
        (spec.replicas.timeout, replicas.key("timeout")),
    ] {
        if own.as_secs() < 1e-3 {
            site.error("it must be at least 1 ms");
            good = false;
        }
    }
    if spec.agents.unavailable_after.as_secs() < spec.agents.heartbeat.as_secs() {
        agents.key("unavailable_after").error_with_help(
            "a site would count as unavailable between two of its signs of life",
            "give it at least two `heartbeat`s",
        );
        good = false;
    }
    if spec.replicas.election.as_secs() < 2.0 * spec.replicas.heartbeat.as_secs() {
        replicas.key("election").error_with_help(
            "followers would stand for leader between two signs of life of one",
            "give it at least two `heartbeat`s of the replicas",
        );
        good = false;
    }
    good
}

/// What a listed request does, by which of its keys is there: the key and the name in it.
fn asked<'s>(own: &'s GeoRequestSpec, site: &Site<'_>) -> Option<(Access, &'s str)> {
    let keys = [&own.create, &own.read, &own.update, &own.delete];
    let mut found = Access::ALL
        .into_iter()
        .zip(keys)
        .filter_map(|(access, name)| name.as_deref().map(|name| (access, name)));
    let first = found.next();
    if first.is_none() || found.next().is_some() {
        site.error_with_help(
            "a request does one thing",
            "give one of `create`, `read`, `update` and `delete`",
        );
        return None;
    }
    first
}

/// The listed requests, in the order of their times; scopes of their own are added to `scopes`.
fn requests(
    spec: &GeoSpec,
    kinds: &Kinds,
    known: &KnownSites<'_>,
    scopes: &mut Vec<ScopePlan>,
    here: &WorkloadSite<'_>,
) -> Option<Vec<ListedRequest>> {
    let site = here.site.key("requests");
    let mut order: Vec<usize> = (0..spec.requests.len()).collect();
    order.sort_by(|a, b| {
        let at = |index: &usize| spec.requests[*index].at.as_secs();
        at(a).total_cmp(&at(b)).then(a.cmp(b))
    });
    let mut created: BTreeMap<&str, (u32, u16)> = BTreeMap::new();
    let mut found: Vec<ListedRequest> = Vec::new();
    for index in order {
        let (own, site) = (&spec.requests[index], site.index(index));
        let number = site_number(&own.site, known.names, &site.key("site"))?;
        let (access, name) = asked(own, &site)?;
        let (kind, of) = if access == Access::Create {
            (kinds.number(name, &site.key("create"))?, None)
        } else {
            let Some(&(of, kind)) = created.get(name) else {
                let key = site.key(access.name());
                key.unknown("resource that an earlier request creates", name, created.keys().copied());
                return None;
            };
            (kind, Some(of))
        };
        if let (Access::Create, Some(name)) = (access, &own.name)
            && created.insert(name, (found.len() as u32, kind)).is_some()
        {
            site.key("name").error(format!("another request creates a resource of the name {name:?}"));
            return None;
        }
        let scope = match &own.scope {
            Some(text) => {
                let site = site.key("scope");
                let plan = known.read(text, &site)?;
                kinds.check_scope(&plan, kind, &[number], known, &site)?;
                scopes.push(plan);
                Some(scopes.len() as u16 - 1)
            }
            None => None,
        };
        let at = SimTime::from_secs(own.at.as_secs());
        found.push(ListedRequest { at, site: number, access, kind, of, scope });
    }
    Some(found)
}

impl BuildWorkload for GeoSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let good = check_times(self, here);
        let (nodes, names) = sites(self, here)?;
        let mut services: Vec<String> = self.services.clone();
        services
            .extend(self.kinds.iter().map(|kind| kind.service.as_ref().unwrap_or(&kind.name).clone()));
        services.sort_unstable();
        services.dedup();
        let known = KnownSites { names: &names, services: &services };
        let users = users(self, &names, here);
        let agents = agent_options(self, here);
        let mut scopes = Vec::new();
        let kinds = Kinds::build(self, &known, &mut scopes, here)?;
        let users = users?;
        kinds.check_kinds(self, &users, &scopes, &known, here)?;
        let requests = requests(self, &kinds, &known, &mut scopes, here)?;
        if scopes.len() > usize::from(u16::MAX) {
            here.site.key("requests").error("there are more scopes than 65535");
            return None;
        }
        if requests.is_empty() && users.rate_per_s.iter().all(|rate| *rate <= 0.0) {
            here.site.error_with_help(
                "nobody asks for anything",
                "give `users` a `rate_per_s`, or list `requests`",
            );
            return None;
        }
        let mut removals = Vec::new();
        for (index, own) in self.removals.iter().enumerate() {
            let site = here.site.key("removals").index(index).key("site");
            let site = site_number(&own.site, &names, &site)?;
            removals.push(Removal { at: SimTime::from_secs(own.at.as_secs()), site });
        }
        check_centre(here, &names)?;
        let replicas = &self.replicas;
        let raft = RaftOptions {
            heartbeat: time(replicas.heartbeat),
            election: time(replicas.election),
            keep_entries: replicas.keep_entries as usize,
            is_quiet: replicas.quiet,
            ..RaftOptions::default()
        };
        let plan = GeoPlan {
            sites: nodes,
            names: names.clone(),
            catalogue: kinds.catalogue,
            kinds: kinds.plans,
            scopes,
            users,
            requests,
            removals,
            agents: agents?,
            heartbeat: time(self.agents.heartbeat),
            unavailable_after: time(self.agents.unavailable_after),
            neighbours: self.agents.neighbours as usize,
            group: GroupOptions { raft, retry: time(replicas.retry) },
            leader: replicas.leader,
            agreement_timeout: time(replicas.timeout),
            demand_epoch: time(self.agents.demand_epoch),
        };
        good.then(|| Box::new(GeoWorkload::new(plan)) as Box<dyn Workload>)
    }
}

/// Reports a centre that is no site.
fn check_centre(here: &WorkloadSite<'_>, names: &[String]) -> Option<()> {
    let policy = &here.policies.resource_scope;
    if policy.kind() != "centralised" {
        return Some(());
    }
    let name = policy.0.get("site").and_then(|site| site.as_str()).map(str::to_owned);
    let found = Centralised { site: name }.find(names);
    here.policies_site.key("resource_scope").key("site").check(found).map(|_| ())
}
