//! Kinds of resources and what they need of each other.

use super::scopes::KnownSites;
use crate::apps::geo::{Access, KindPlan, ScopePlan, UserPlan, WorkflowCall};
use crate::replication::{Mode, ValueKind};
use crate::scenario::Site;
use crate::scenario::build::WorkloadSite;
use crate::scenario::format::{
    AccessWorkSpec, ByAccessSpec, GeoSpec, ModeName, OwnershipSpec, RelationName, ResourceKindSpec,
};
use crate::scope::{
    Catalogue, Dependency, Ownership, Relation, ResourceKind, Severity, SiteIndex, check,
};
use std::collections::BTreeSet;

/// The kinds of a workload.
pub(super) struct Kinds {
    pub(super) catalogue: Catalogue,
    pub(super) plans: Vec<KindPlan>,
}

fn mode(name: ModeName) -> Mode {
    match name {
        ModeName::Strong => Mode::Strong,
        ModeName::Eventual => Mode::Eventual,
        ModeName::LastWriter => Mode::Convergent(ValueKind::LastWriter),
        ModeName::Counter => Mode::Convergent(ValueKind::Counter),
        ModeName::Set => Mode::Convergent(ValueKind::Set),
    }
}

fn by_access<T: Default + Copy>(own: &ByAccessSpec<T>) -> [T; 4] {
    [own.create, own.read, own.update, own.delete]
}

/// The number of a kind by its name.
fn number(name: &str, spec: &GeoSpec, site: &Site<'_>) -> Option<u16> {
    let found = spec.kinds.iter().position(|own| own.name == name);
    if found.is_none() {
        site.unknown("kind of resource", name, spec.kinds.iter().map(|own| own.name.as_str()));
    }
    found.map(|index| index as u16)
}

fn plan(
    own: &ResourceKindSpec,
    spec: &GeoSpec,
    scope: Option<u16>,
    site: &Site<'_>,
) -> Option<KindPlan> {
    let work_mi = match own.work {
        AccessWorkSpec::All(work) => [work.as_mi(); 4],
        AccessWorkSpec::By(by) => by_access(&by).map(|work| work.as_mi()),
    };
    let mix = by_access(&own.mix);
    if !mix.iter().all(|part| *part >= 0.0 && part.is_finite()) || mix.iter().sum::<f64>() <= 0.0 {
        site.key("mix").error("its parts must be at least 0, and one of them above 0");
        return None;
    }
    if !(own.share >= 0.0 && own.share.is_finite()) {
        site.key("share").error(format!("found {}, but it must be at least 0", own.share));
        return None;
    }
    let mut calls = Vec::new();
    for (index, call) in own.calls.iter().enumerate() {
        let kind = number(&call.kind, spec, &site.key("calls").index(index).key("with"))?;
        let on = Access::ALL.map(|access| call.on.contains(&access));
        calls.push(WorkflowCall { on, kind, access: call.access, is_local: false });
    }
    Some(KindPlan {
        mode: mode(own.mode),
        reads: own.reads,
        request_bytes: own.request.as_bytes(),
        response_bytes: own.response.as_bytes(),
        work_mi,
        calls,
        share: own.share,
        mix,
        scope,
        initial: own.initial,
        zipf: own.zipf,
        locality: own.locality.as_fraction(),
    })
}

/// The calls that a dependency causes.
fn caused(relation: RelationName, kind: u16) -> Vec<WorkflowCall> {
    let reads = |on| WorkflowCall { on, kind, access: Access::Read, is_local: false };
    let follows = |access: Access| WorkflowCall {
        on: Access::ALL.map(|own| own == access),
        kind,
        access,
        is_local: true,
    };
    match relation {
        RelationName::Requirement => vec![reads([true, false, false, false])],
        RelationName::Reliance => vec![reads([true, true, true, false])],
        RelationName::Composition => vec![follows(Access::Create), follows(Access::Delete)],
    }
}

impl Kinds {
    /// The kinds of a workload; their scopes are added to `scopes`.
    pub(super) fn build(
        spec: &GeoSpec,
        known: &KnownSites<'_>,
        scopes: &mut Vec<ScopePlan>,
        here: &WorkloadSite<'_>,
    ) -> Option<Self> {
        let site = here.site.key("kinds");
        if spec.kinds.is_empty() || spec.kinds.len() > usize::from(u16::MAX) {
            site.error("there must be 1 to 65535 kinds of resources");
            return None;
        }
        let (mut kinds, mut plans) = (Vec::new(), Vec::new());
        for (index, own) in spec.kinds.iter().enumerate() {
            let site = site.index(index);
            let scope = match &own.scope {
                Some(text) => {
                    scopes.push(known.read(text, &site.key("scope"))?);
                    Some(scopes.len() as u16 - 1)
                }
                None => None,
            };
            plans.push(plan(own, spec, scope, &site)?);
            kinds.push(ResourceKind {
                name: own.name.clone(),
                service: own.service.as_ref().unwrap_or(&own.name).clone(),
                ownership: match &own.ownership {
                    OwnershipSpec::Global => Ownership::Global,
                    OwnershipSpec::Local(reason) => Ownership::Local { reason: reason.clone() },
                },
                is_divisible: own.divisible,
            });
        }
        let mut dependencies = Vec::new();
        for (index, own) in spec.dependencies.iter().enumerate() {
            let site = here.site.key("dependencies").index(index);
            let dependant = number(&own.dependant, spec, &site.key("dependant"))?;
            let needed = number(&own.needed, spec, &site.key("needed"))?;
            plans[usize::from(dependant)].calls.extend(caused(own.relation, needed));
            dependencies.push(Dependency {
                dependant: usize::from(dependant),
                needed: usize::from(needed),
                relation: match own.relation {
                    RelationName::Requirement => Relation::Requirement,
                    RelationName::Reliance => Relation::Reliance,
                    RelationName::Composition => Relation::Composition,
                },
            });
        }
        let catalogue = here.site.key("dependencies").check(Catalogue::new(kinds, dependencies))?;
        let own = Kinds { catalogue, plans };
        own.check_calls(here)?;
        Some(own)
    }

    /// Reports calls that come back to where they began: they would never end.
    fn check_calls(&self, here: &WorkloadSite<'_>) -> Option<()> {
        let node = |kind: usize, access: Access| kind * 4 + access as usize;
        let mut edges = Vec::new();
        for (kind, own) in self.plans.iter().enumerate() {
            for call in &own.calls {
                for access in Access::ALL.into_iter().filter(|access| call.on[*access as usize]) {
                    edges.push((
                        node(kind, access) as u32,
                        node(usize::from(call.kind), call.access) as u32,
                    ));
                }
            }
        }
        let graph = petgraph::graph::DiGraph::<(), ()>::from_edges(edges);
        if petgraph::algo::is_cyclic_directed(&graph) {
            here.site.key("kinds").error_with_help(
                "calls of kinds go in a circle, which would never end",
                "leave out one of the `calls`",
            );
            return None;
        }
        Some(())
    }

    /// The number of a kind by its name.
    pub(super) fn number(&self, name: &str, site: &Site<'_>) -> Option<u16> {
        let kinds = self.catalogue.kinds();
        let found = kinds.iter().position(|own| own.name == name);
        if found.is_none() {
            site.unknown("kind of resource", name, kinds.iter().map(|own| own.name.as_str()));
        }
        found.map(|index| index as u16)
    }

    /// Reports what a scope of requests for a kind must not ask for at the sites where it is used.
    pub(super) fn check_scope(
        &self,
        plan: &ScopePlan,
        kind: u16,
        sites: &[u32],
        known: &KnownSites<'_>,
        site: &Site<'_>,
    ) -> Option<()> {
        let resolved = known.resolved(plan)?;
        let mut told = BTreeSet::new();
        let mut good = true;
        for &own in sites {
            for finding in check(&resolved, &self.catalogue, usize::from(kind), SiteIndex(own)) {
                // A radius holds more sites than its centre in the run.
                let is_open = plan.has_radius && finding.message.contains("comes to one site");
                if is_open || !told.insert(finding.message.clone()) {
                    continue;
                }
                match finding.severity {
                    Severity::Refusal => {
                        let name = &known.names[own as usize];
                        site.error(format!("{} (asked at {name})", finding.message));
                        good = false;
                    }
                    Severity::Warning => site.note(finding.message),
                }
            }
        }
        good.then_some(())
    }

    /// The same of the scopes of the kinds, at all sites whose users ask.
    pub(super) fn check_kinds(
        &self,
        spec: &GeoSpec,
        users: &UserPlan,
        scopes: &[ScopePlan],
        known: &KnownSites<'_>,
        here: &WorkloadSite<'_>,
    ) -> Option<()> {
        let asking: Vec<u32> = (0..known.names.len() as u32)
            .filter(|site| users.rate_per_s[*site as usize] > 0.0)
            .collect();
        for (index, own) in self.plans.iter().enumerate() {
            let Some(plan) = own.scope.and_then(|scope| scopes.get(usize::from(scope))) else {
                continue;
            };
            let listed = spec.requests.iter().filter(|request| {
                request.scope.is_none()
                    && request.create.as_deref() == Some(spec.kinds[index].name.as_str())
            });
            let listed = listed.filter_map(|request| {
                known.names.iter().position(|own| *own == request.site).map(|site| site as u32)
            });
            let mut sites: Vec<u32> = asking.iter().copied().chain(listed).collect();
            sites.sort_unstable();
            sites.dedup();
            let site = here.site.key("kinds").index(index).key("scope");
            self.check_scope(plan, index as u16, &sites, known, &site)?;
        }
        Some(())
    }
}
