//! What a scope must not ask for, told before anything is executed: effects on black boxes cannot be undone.

use super::resolve::{Place, Resolved, SiteIndex};
use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

/// Who may use resources of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Services of the same site only.
    Local {
        /// Why, as the rest of "because": "its address means nothing elsewhere".
        reason: String,
    },
    /// Services of all sites.
    Global,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Needed during an operation only: a machine's image.
    Requirement,
    /// Needed as long as the dependant lives: a pod's secret.
    Reliance,
    /// Created and destroyed together: a deployment's pods.
    Composition,
}

impl Relation {
    fn verb(self) -> &'static str {
        match self {
            Relation::Requirement => "requires",
            Relation::Reliance => "relies on",
            Relation::Composition => "is composed of",
        }
    }
}

/// A kind of resource that a service manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceKind {
    /// Its name, unique in the catalogue.
    pub name: String,
    /// The service that manages it.
    pub service: String,
    /// Who may use it.
    pub ownership: Ownership,
    /// Whether its interface can split it over sites.
    pub is_divisible: bool,
}

/// That resources of a kind need those of another, both by index in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The kind that needs.
    pub dependant: usize,
    /// The kind that is needed.
    pub needed: usize,
    /// What for.
    pub relation: Relation,
}

/// The kinds of an application and what they need of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    kinds: Vec<ResourceKind>,
    dependencies: Vec<Dependency>,
}

/// Why a catalogue is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A name must tell kinds apart.
    #[error("the kind \"{0}\" is there twice")]
    Twice(String),
    /// A dependency names no kind.
    #[error("a dependency names kind {index}; there are {count}")]
    NoKind {
        /// The index.
        index: usize,
        /// How many kinds there are.
        count: usize,
    },
    /// Kinds that need each other can never be created.
    #[error("kinds need each other in a circle: {0}")]
    Cycle(String),
}

impl Catalogue {
    /// Puts kinds and dependencies together.
    ///
    /// # Errors
    /// If two kinds have a name, a dependency names none, or dependencies go in a circle: none of its kinds could be
    /// created first.
    pub fn new(kinds: Vec<ResourceKind>, dependencies: Vec<Dependency>) -> Result<Self, CatalogueError> {
        for (index, kind) in kinds.iter().enumerate() {
            if kinds[..index].iter().any(|other| other.name == kind.name) {
                return Err(CatalogueError::Twice(kind.name.clone()));
            }
        }
        let mut graph = DiGraph::<(), ()>::new();
        let nodes: Vec<_> = kinds.iter().map(|_| graph.add_node(())).collect();
        let count = kinds.len();
        for dependency in &dependencies {
            let node =
                |index: usize| nodes.get(index).copied().ok_or(CatalogueError::NoKind { index, count });
            graph.add_edge(node(dependency.dependant)?, node(dependency.needed)?, ());
        }
        let circle = tarjan_scc(&graph)
            .into_iter()
            .find(|part| part.len() > 1 || part.iter().any(|&node| graph.contains_edge(node, node)));
        if let Some(circle) = circle {
            let mut members: Vec<usize> = circle.iter().map(|node| node.index()).collect();
            members.sort_unstable();
            let names: Vec<&str> = members.iter().map(|&index| kinds[index].name.as_str()).collect();
            return Err(CatalogueError::Cycle(names.join(", ")));
        }
        Ok(Catalogue { kinds, dependencies })
    }

    /// The kinds.
    #[must_use]
    pub fn kinds(&self) -> &[ResourceKind] {
        &self.kinds
    }

    /// What kinds need of each other.
    #[must_use]
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// The kinds that `kind` needs, directly or not, each after all that it needs itself: the order of creation.
    #[must_use]
    pub fn needed_first(&self, kind: usize) -> Vec<usize> {
        let mut order = Vec::new();
        let mut stack = vec![(kind, false)];
        while let Some((kind, is_done)) = stack.pop() {
            if order.contains(&kind) {
                continue;
            }
            if is_done {
                order.push(kind);
                continue;
            }
            stack.push((kind, true));
            let needs = self.dependencies.iter().rev().filter(|dependency| dependency.dependant == kind);
            stack.extend(needs.map(|dependency| (dependency.needed, false)));
        }
        order.pop();
        order
    }
}

/// Whether a request with the scope is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Executed, but one should know.
    Warning,
    /// Refused before execution.
    Refusal,
}

/// Something that is wrong with a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, with what to do.
    pub message: String,
}

/// What is wrong with a request on resources of `kind` (by index; nothing is wrong with one that is not there) with a
/// scope at the site `here`: a kind of local ownership that is used from another site, a cross of a kind that cannot be
/// divided, a replication that comes to a single site, and a replica that needs what is not replicated with it.
#[must_use]
pub fn check(scope: &Resolved, catalogue: &Catalogue, kind: usize, here: SiteIndex) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(asked) = catalogue.kinds.get(kind) else { return findings };
    let mut tell = |severity, message| findings.push(Finding { severity, message });
    let local = Place::Site(here);
    let place = scope.place(&asked.service).unwrap_or(&local);
    let sites = place.sites();
    if let Ownership::Local { reason } = &asked.ownership
        && sites.iter().any(|&site| site != here)
    {
        let message = format!(
            "the kind `{}` is local to a site and cannot be used from another, because {reason}; leave \
             `{}` out of the scope",
            asked.name, asked.service
        );
        tell(Severity::Refusal, message);
    }
    if holds(place, &|form| matches!(form, Place::Across(_))) && !asked.is_divisible {
        let message = format!(
            "the kind `{}` cannot be divided, so that no cross is possible; replicate it with `&`",
            asked.name
        );
        tell(Severity::Refusal, message);
    }
    if holds(place, &|form| matches!(form, Place::Both(list) if distinct_sites(list) < 2)) {
        let message = format!(
            "the replication of `{}` comes to one site, so that it protects nothing",
            asked.name
        );
        tell(Severity::Refusal, message);
    }
    let is_replicated = holds(place, &|form| matches!(form, Place::Both(_)));
    for dependency in catalogue.dependencies.iter().filter(|dependency| dependency.dependant == kind) {
        let needed = &catalogue.kinds[dependency.needed];
        let verb = dependency.relation.verb();
        // A service that is not named runs wherever its caller does.
        let Some(at) = scope.place(&needed.service) else {
            if is_replicated && dependency.relation == Relation::Reliance {
                let message = format!(
                    "`{}` {verb} `{}`, which must be at each replica's site: replicate it first, or share it \
                     from one site by naming `{}` in the scope",
                    asked.name, needed.name, needed.service
                );
                tell(Severity::Warning, message);
            }
            continue;
        };
        let needed_sites = at.sites();
        let is_shared = sites.iter().any(|site| !needed_sites.contains(site));
        if let (Ownership::Local { reason }, true) = (&needed.ownership, is_shared) {
            let message = format!(
                "`{}` {verb} `{}`, which is local to a site and cannot be shared, because {reason}",
                asked.name, needed.name
            );
            tell(Severity::Refusal, message);
        } else if is_shared && dependency.relation == Relation::Composition {
            let message = format!(
                "`{}` {verb} `{}`, which is created where its whole is: both services need the same sites",
                asked.name, needed.name
            );
            tell(Severity::Refusal, message);
        } else if is_shared && dependency.relation == Relation::Reliance {
            let message = format!(
                "`{}` {verb} `{}` at another site: it fails whenever that site cannot be reached",
                asked.name, needed.name
            );
            tell(Severity::Warning, message);
        }
    }
    findings
}

/// Whether the place or one within it is such a one.
fn holds(place: &Place, is_such: &dyn Fn(&Place) -> bool) -> bool {
    is_such(place)
        || match place {
            Place::Site(_) => false,
            Place::Both(list) | Place::Across(list) | Place::Otherwise(list) => {
                list.iter().any(|place| holds(place, is_such))
            }
        }
}

/// Sites of a replication if every alternative is at its first.
fn distinct_sites(list: &[Place]) -> usize {
    let mut sites: Vec<Vec<SiteIndex>> = list.iter().map(Place::sites).collect();
    sites.sort_unstable();
    sites.dedup();
    sites.len()
}

#[cfg(test)]
#[path = "tests/checking.rs"]
mod tests;
