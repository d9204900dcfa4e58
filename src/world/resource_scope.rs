//! The decision point about the sites of geo-distributed resources: asking, checking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::DecisionPoint;
use crate::apps::geo::{ScopeChoice, ScopeRequest};
use crate::engine::{SimTime, Stream};
use crate::placement::scopes::{ResourceScopePolicy, ScopeView};
use crate::scope::Place;

/// The policy, and its random numbers.
#[derive(Debug)]
pub(super) struct Scoper {
    pub(super) policy: Box<dyn ResourceScopePolicy>,
    pub(super) random: Stream,
}

/// Whether a resource can be there: on sites that there are, replicas and parts on two or more that differ, parts only of what
/// can be divided, and no parts of replicas.
fn can_be(request: &ScopeRequest<'_>, place: &Place) -> bool {
    let exists = place.sites().iter().all(|site| site.index() < request.names.len());
    let differ = |list: &[Place]| {
        let mut sites: Vec<_> = list.iter().map(|place| place.sites().first().copied()).collect();
        sites.sort_unstable();
        sites.dedup();
        list.len() > 1 && sites.len() == list.len()
    };
    exists
        && match place {
            Place::Site(_) => true,
            Place::Both(list) => {
                differ(list) && list.iter().all(|own| is_one_site(own) && can_be(request, own))
            }
            Place::Across(list) => {
                request.is_divisible && differ(list) && list.iter().all(|own| can_be(request, own))
            }
            Place::Otherwise(list) => !list.is_empty() && list.iter().all(|own| can_be(request, own)),
        }
}

/// A site, or alternatives of which each is one.
fn is_one_site(place: &Place) -> bool {
    match place {
        Place::Site(_) => true,
        Place::Otherwise(list) => list.iter().all(|own| matches!(own, Place::Site(_))),
        Place::Both(_) | Place::Across(_) => false,
    }
}

/// Asks the policy. What cannot be counts as refused, and the resource is at the site itself.
pub(super) fn decide(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &ScopeRequest<'_>,
) -> ScopeChoice {
    let request = &ScopeRequest { workload, ..*request };
    let Scoper { policy, random } = &mut core.resource_scope;
    let mut view = ScopeView::new(request, random);
    let seen = core.decisions.enabled(DecisionPoint::ResourceScope).then(|| view.features());
    let wanted = policy.decide(&mut view);
    let was_wanted = wanted.is_some();
    let place = wanted.filter(|place| can_be(request, place));
    core.counts.refused_decisions += u64::from(was_wanted && place.is_none());
    let id = seen.map(|seen| {
        core.decisions.count();
        let made = Made {
            time: now,
            point: DecisionPoint::ResourceScope,
            workload: core.workload_symbols.get(usize::from(workload)).copied(),
            policy: None,
            subject: request.number,
            device: None,
            choice: Some(request.node).filter(|_| place.is_none()),
        };
        core.decisions.add(made, None, Some(&seen))
    });
    ScopeChoice { place, id }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::NodeId;
    use crate::replication::Mode;
    use crate::scope::SiteIndex;
    use std::collections::BTreeMap;

    #[test]
    fn only_sound_places_are_taken() {
        let names: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        let demand = BTreeMap::new();
        let request = |is_divisible| ScopeRequest {
            workload: 0,
            number: 0,
            site: 0,
            node: NodeId(0),
            names: &names,
            kind: 0,
            kind_name: "k",
            service: "s",
            mode: Mode::Strong,
            is_divisible,
            written: None,
            latency_s: &[0.0; 3],
            unavailable: &[],
            demand: &demand,
        };
        let site = |index| Place::Site(SiteIndex(index));
        let both = |list: &[Place]| Place::Both(list.to_vec());
        let across = |list: &[Place]| Place::Across(list.to_vec());
        let either = |list: &[Place]| Place::Otherwise(list.to_vec());
        let [whole, divisible] = [false, true].map(request);
        assert!(can_be(&whole, &site(2)) && !can_be(&whole, &site(3)));
        assert!(can_be(&whole, &both(&[site(0), site(1)])));
        assert!(can_be(&whole, &both(&[site(0), either(&[site(1), site(2)])])));
        assert!(!can_be(&whole, &both(&[site(0)])) && !can_be(&whole, &both(&[site(1), site(1)])));
        let parts = across(&[site(0), site(1)]);
        assert!(can_be(&divisible, &parts) && !can_be(&whole, &parts));
        assert!(!can_be(&divisible, &both(&[parts.clone(), site(2)])));
        assert!(can_be(&divisible, &across(&[both(&[site(0), site(1)]), site(2)])));
        assert!(!can_be(&whole, &either(&[])));
    }
}
