use super::*;
use crate::apps::geo::ScopeRequest;
use crate::engine::RandomStreams;
use crate::infra::NodeId;
use crate::replication::Mode;
use crate::scope::{Resolved, ResolvedPart, SiteIndex};
use std::collections::BTreeMap;

/// Five sites on a line, 10 ms from each to the next; the second asks.
fn asked<T>(change: impl FnOnce(&mut ScopeRequest<'_>), see: impl FnOnce(&mut ScopeView<'_>) -> T) -> T {
    let names: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).to_vec();
    let latency_s = [0.01, 0.0, 0.01, 0.02, 0.03];
    let demand = BTreeMap::new();
    let mut request = ScopeRequest {
        workload: 0,
        number: 0,
        site: 1,
        node: NodeId(1),
        names: &names,
        kind: 0,
        kind_name: "pod",
        service: "pods",
        mode: Mode::Eventual,
        is_divisible: false,
        written: None,
        latency_s: &latency_s,
        unavailable: &[],
        demand: &demand,
    };
    change(&mut request);
    let mut random = RandomStreams::new(1).stream("test");
    see(&mut ScopeView::new(&request, &mut random))
}

fn both(sites: &[u32]) -> Option<Place> {
    Some(Place::Both(sites.iter().map(|site| Place::Site(SiteIndex(*site))).collect()))
}

#[test]
fn the_nearest_are_the_site_itself_and_its_neighbours() {
    asked(
        |_| {},
        |view| {
            assert_eq!(Nearest { sites: 3 }.decide(view), both(&[1, 0, 2]));
            assert_eq!(Nearest { sites: 1 }.decide(view), Some(Place::Site(SiteIndex(1))));
            assert_eq!(Nearest { sites: 99 }.decide(view), both(&[1, 0, 2, 3, 4]));
            assert_eq!(Everywhere {}.decide(view), both(&[1, 0, 2, 3, 4]));
        },
    );
    let without_a = |view: &mut ScopeView<'_>| Nearest { sites: 3 }.decide(view);
    assert_eq!(asked(|own| own.unavailable = &[0], without_a), both(&[1, 2, 3]));
    assert!(Nearest { sites: 0 }.check().is_err());
}

#[test]
fn demand_is_followed_before_distance() {
    let demand = BTreeMap::from([(4, 5.0), (3, 1.0), (1, 9.0)]);
    let decide = |sites| {
        let demand = &demand;
        asked(
            |_| {},
            |view| {
                let own = ScopeRequest { demand, ..*view.request() };
                let mut random = RandomStreams::new(1).stream("test");
                FollowDemand { sites }.decide(&mut ScopeView::new(&own, &mut random))
            },
        )
    };
    assert_eq!(decide(2), both(&[1, 4]));
    assert_eq!(decide(3), both(&[1, 4, 3]));
    // Nobody else asks: the nearest one.
    assert_eq!(decide(4), both(&[1, 4, 3, 0]));
}

#[test]
fn a_written_scope_is_taken_as_it_is() {
    let place = Place::Site(SiteIndex(3));
    let part = |service: &str| ResolvedPart { service: service.into(), place: place.clone() };
    let [own, other] = ["pods", "images"].map(|service| Resolved { parts: vec![part(service)] });
    asked(
        |_| {},
        |view| {
            let request = *view.request();
            let decide = |written| {
                let request = ScopeRequest { written, ..request };
                let mut random = RandomStreams::new(1).stream("test");
                Written {}.decide(&mut ScopeView::new(&request, &mut random))
            };
            assert_eq!(decide(Some(&own)), Some(place.clone()));
            assert_eq!(decide(Some(&other)), None);
            assert_eq!(decide(None), None);
        },
    );
    assert!(Written {}.collaborates() && !LocalOnly {}.collaborates());
}

#[test]
fn the_centre_is_found_by_name() {
    asked(
        |_| {},
        |view| {
            let site = |name: &str| Centralised { site: Some(name.into()) };
            assert_eq!(site("d").decide(view), Some(Place::Site(SiteIndex(3))));
            assert_eq!(Centralised::default().decide(view), Some(Place::Site(SiteIndex(0))));
        },
    );
    let names = ["Paris".to_owned()];
    let error = Centralised { site: Some("Pari".into()) }.find(&names).unwrap_err();
    assert_eq!(error, "there is no site \"Pari\"; did you mean \"Paris\"?");
}
