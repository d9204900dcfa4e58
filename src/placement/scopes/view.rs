//! What a policy sees, and what of it is recorded.

use crate::apps::geo::ScopeRequest;
use crate::engine::Stream;
use crate::records::ColumnSpec;
use crate::scope::{Place, SiteIndex};

/// A question for a policy.
#[derive(Debug)]
pub struct ScopeView<'a> {
    request: &'a ScopeRequest<'a>,
    random: &'a mut Stream,
}

/// Features of a decision: what the table `decisions` tells of what the policy saw.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 6] {
    [
        ColumnSpec::float("scope_sites", "", "sites that there were"),
        ColumnSpec::float("scope_unavailable", "", "sites that were taken to be unavailable"),
        ColumnSpec::float(
            "scope_written",
            "",
            "sites that the scope of the request names for the service; 0 if it names none",
        ),
        ColumnSpec::float(
            "scope_nearest_s",
            "s",
            "latency to the nearest other site, one way, as far as it was known",
        ),
        ColumnSpec::float(
            "scope_demand",
            "",
            "requests for resources of the kind that the site has handled, older ones counted less",
        ),
        ColumnSpec::float(
            "scope_demand_away",
            "",
            "share of them that came from users of other sites; null if there were none",
        ),
    ]
}

impl<'a> ScopeView<'a> {
    /// A question.
    #[must_use]
    pub fn new(request: &'a ScopeRequest<'a>, random: &'a mut Stream) -> Self {
        ScopeView { request, random }
    }

    /// What is asked.
    #[must_use]
    pub fn request(&self) -> &'a ScopeRequest<'a> {
        self.request
    }

    /// The policy's own random numbers.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// Whether a site is taken to be available.
    #[must_use]
    pub fn is_available(&self, site: u32) -> bool {
        self.request.unavailable.binary_search(&site).is_err()
    }

    /// The site itself and the nearest others that are taken to be available and have a way, `count` in all or as many as there
    /// are. O(sites) and O(`count` log `count`).
    #[must_use]
    pub fn nearest(&self, count: usize) -> Vec<SiteIndex> {
        let own = self.request;
        let key = |site: &u32| (*site != own.site, own.latency_s[*site as usize]);
        let order = |a: &u32, b: &u32| {
            let (one, other) = (key(a), key(b));
            one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).then(a.cmp(b))
        };
        let mut sites: Vec<u32> = (0..own.latency_s.len() as u32)
            .filter(|&site| {
                site == own.site || self.is_available(site) && own.latency_s[site as usize].is_finite()
            })
            .collect();
        if count < sites.len() && count > 0 {
            sites.select_nth_unstable_by(count - 1, order);
        }
        sites.truncate(count);
        sites.sort_unstable_by(order);
        sites.into_iter().map(SiteIndex).collect()
    }

    /// What is recorded, in the order of the [columns](feature_columns).
    #[must_use]
    pub fn features(&self) -> [Option<f64>; 6] {
        let own = self.request;
        let written = own.written.and_then(|written| written.place(own.service));
        let others = own.latency_s.iter().enumerate().filter(|(site, _)| *site != own.site as usize);
        let nearest_s = others.map(|(_, latency_s)| *latency_s).fold(f64::INFINITY, f64::min);
        let demand: f64 = own.demand.values().sum();
        let here = own.demand.get(&own.site).copied().unwrap_or_default();
        [
            Some(own.latency_s.len() as f64),
            Some(own.unavailable.len() as f64),
            Some(written.map_or(0, |place| place.sites().len()) as f64),
            nearest_s.is_finite().then_some(nearest_s),
            Some(demand),
            (demand > 0.0).then(|| 1.0 - here / demand),
        ]
    }
}

/// A replica on each of the sites; one site alone is that site.
pub(super) fn replicas(sites: Vec<SiteIndex>) -> Option<Place> {
    match sites[..] {
        [] => None,
        [site] => Some(Place::Site(site)),
        _ => Some(Place::Both(sites.into_iter().map(Place::Site).collect())),
    }
}
