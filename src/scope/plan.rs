//! What a scope means for a request at a site.

use super::resolve::{Place, Resolved, SiteIndex};

/// What the agent of a site does with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// The service of this site executes it.
    Local,
    /// The service of another site executes it (sharing).
    Forward(SiteIndex),
    /// All parts are done at once; each site executes the request on its own replica.
    Replicate(Vec<Plan>),
    /// The request is split over the parts, or its answers are put together.
    Cross(Vec<Plan>),
    /// The parts are tried one after another until one does not fail.
    Otherwise(Vec<Plan>),
}

impl Plan {
    /// Whether nothing leaves the site.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Plan::Local => true,
            Plan::Forward(_) => false,
            Plan::Replicate(parts) | Plan::Cross(parts) | Plan::Otherwise(parts) => {
                parts.iter().all(Plan::is_local)
            }
        }
    }
}

/// What is done with a request on `service` that is at the site `here`. A service that the scope does not name is
/// local, whatever site the request has come to: the scope travels with the request along its workflow.
#[must_use]
pub fn plan(scope: &Resolved, service: &str, here: SiteIndex) -> Plan {
    scope.place(service).map_or(Plan::Local, |place| of_place(place, here))
}

fn of_place(place: &Place, here: SiteIndex) -> Plan {
    let all = |list: &[Place]| list.iter().map(|place| of_place(place, here)).collect();
    match place {
        Place::Site(site) if *site == here => Plan::Local,
        Place::Site(site) => Plan::Forward(*site),
        Place::Both(list) => Plan::Replicate(all(list)),
        Place::Across(list) => Plan::Cross(all(list)),
        Place::Otherwise(list) => Plan::Otherwise(all(list)),
    }
}

/// The plan in words, as the rest of a sentence that starts with what is planned for; `name` names sites.
///
/// ```
/// use stratosim::scope::{Plan, SiteIndex, explain};
/// let plan = Plan::Otherwise(vec![Plan::Local, Plan::Forward(SiteIndex(1))]);
/// assert_eq!(explain(&plan, &|_| "Paris".into()), "runs here, otherwise is forwarded to Paris");
/// ```
#[must_use]
pub fn explain(plan: &Plan, name: &dyn Fn(SiteIndex) -> String) -> String {
    match plan {
        Plan::Local => "runs here".into(),
        Plan::Forward(site) => format!("is forwarded to {}", name(*site)),
        Plan::Replicate(parts) => {
            format!("is replicated, with one replica {}", joined(parts, " and one ", name))
        }
        Plan::Cross(parts) => format!("is spread, with one part {}", joined(parts, " and one ", name)),
        Plan::Otherwise(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| explain(part, name)).collect();
            parts.join(", otherwise ")
        }
    }
}

fn joined(parts: &[Plan], between: &str, name: &dyn Fn(SiteIndex) -> String) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Plan::Local => "here".into(),
            Plan::Forward(site) => format!("at {}", name(*site)),
            other => format!("that ({})", explain(other, name)),
        })
        .collect();
    parts.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{Scope, SiteMap, resolve};

    fn in_words(scope: &str, service: &str, here: &str) -> String {
        let map = SiteMap::france();
        let resolved = resolve(&Scope::parse(scope).unwrap(), &map).unwrap();
        let plan = plan(&resolved, service, map.site(here).unwrap());
        explain(&plan, &|site| map.sites()[site.index()].to_owned())
    }

    /// The rules of R[s: Loc], one after another, and their composition.
    #[test]
    fn each_form_is_told_in_words() {
        for (scope, service, here, words) in [
            ("", "s", "Paris", "runs here"),
            ("t: Paris", "s", "Nantes", "runs here"),
            ("s: Paris", "s", "Paris", "runs here"),
            ("s: Paris", "s", "Nantes", "is forwarded to Paris"),
            (
                "s: Paris & Nantes",
                "s",
                "Nantes",
                "is replicated, with one replica at Paris and one here",
            ),
            ("s: Paris % Nantes", "s", "Paris", "is spread, with one part here and one at Nantes"),
            (
                "s: Paris ; Nantes",
                "s",
                "Lyon",
                "is forwarded to Paris, otherwise is forwarded to Nantes",
            ),
            (
                "s: (Paris ; Lyon) & Nantes",
                "s",
                "Lyon",
                "is replicated, with one replica that (is forwarded to Paris, otherwise runs here) and one at Nantes",
            ),
        ] {
            assert_eq!(in_words(scope, service, here), words, "{scope}");
        }
    }

    #[test]
    fn only_what_stays_is_local() {
        let away = Plan::Forward(SiteIndex(3));
        assert!(Plan::Otherwise(vec![Plan::Local, Plan::Local]).is_local());
        assert!(!Plan::Replicate(vec![Plan::Local, away]).is_local());
    }
}
