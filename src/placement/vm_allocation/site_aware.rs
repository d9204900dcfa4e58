//! Placement by what energy costs, or how much carbon it means, at the hosts' sites.

use super::power_index::{PowerIndex, microwatts};
use super::{AllocationView, VmAllocationDecision, VmAllocationPolicy};
use crate::engine::SimDuration;
use crate::infra::{HostId, SiteId};
use crate::placement::EnergyWeights;
use crate::units::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hosts of one site.
#[derive(Clone, Debug)]
struct Group {
    site: Option<SiteId>,
    hosts: Vec<HostId>,
    index: PowerIndex,
}

/// The hosts by site, each with its index of loads.
#[derive(Clone, Debug, Default)]
pub(in crate::placement) struct BySite {
    /// The hosts that the groups are of.
    hosts: Vec<HostId>,
    groups: Vec<Group>,
}

/// A millionth of a millionth of the weights' unit: what differs by less is the same.
const GRAIN: f64 = 1e12;

impl BySite {
    fn regroup(&mut self, view: &AllocationView<'_>) {
        if self.hosts == view.hosts() {
            return;
        }
        self.hosts = view.hosts().to_vec();
        self.groups.clear();
        for &host in view.hosts() {
            let site = view.sites().site_of(view.fleet(), host);
            match self.groups.iter_mut().find(|group| group.site == site) {
                Some(group) => group.hosts.push(host),
                None => {
                    self.groups.push(Group { site, hosts: vec![host], index: PowerIndex::default() });
                }
            }
        }
    }

    /// The host whose rise of power over a time from now on, and what `more` says of it, weigh the least together, among
    /// those of each site whose power rises least; the least rise of power decides among equals, then the first. Sites
    /// whose power cap leaves room come before others; whether that of the host does is told, too.
    pub(in crate::placement) fn least(
        &mut self,
        view: &mut AllocationView<'_>,
        weights: EnergyWeights,
        stay: SimDuration,
        more: impl Fn(HostId) -> f64,
    ) -> Option<(HostId, bool)> {
        self.regroup(view);
        let (now, sites) = (view.now(), view.sites());
        let mut best: Option<(bool, i64, i64, HostId)> = None;
        for group in &mut self.groups {
            let mut own = view.among(&group.hosts);
            let Some(host) = group.index.least_increase(&mut own) else { continue };
            let rise_w = own.power_increase_w(host);
            let (mut weight, mut is_above_cap) = (more(host), false);
            if let Some(site) = group.site {
                let planned_w = sites.planned_w(site, view.fleet(), view.classes());
                weight += weights.of(&sites.added(site, planned_w, rise_w, now, stay));
                is_above_cap = !sites.keeps_cap(site, planned_w + rise_w, now);
            }
            let rank = (is_above_cap, (weight * GRAIN).round() as i64, microwatts(rise_w), host);
            if best.is_none_or(|least| rank < least) {
                best = Some(rank);
            }
        }
        best.map(|(is_above_cap, _, _, host)| (host, !is_above_cap))
    }

    pub(in crate::placement) fn forget(&mut self) {
        self.groups.iter_mut().for_each(|group| group.index.clear());
    }
}

fn an_hour() -> Duration {
    Duration::from_secs(3600.0)
}

/// Policies that weigh energy: docs, name, weights.
macro_rules! site_aware {
    ($($(#[doc = $doc:literal])+ $name:ident, $weights:expr;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// How long virtual machines are expected to stay where they are put.
            pub stay: Duration,
            #[serde(skip)]
            sites: BySite,
        }

        impl Default for $name {
            fn default() -> Self {
                $name { stay: an_hour(), sites: BySite::default() }
            }
        }

        impl VmAllocationPolicy for $name {
            fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
                let stay = SimDuration::from_secs(self.stay.as_secs());
                let found = self.sites.least(view, $weights, stay, |_| 0.0);
                found.map(|(host, _)| host).into()
            }

            fn forget(&mut self) {
                self.sites.forget();
            }
        }
    )*};
}

site_aware! {
    /// The host at the site where the watts that it adds cost the least over the expected stay, the site's own power
    /// that is left counting as free; at each site the one whose power rises least, which decides among equals, too.
    /// Sites whose power cap leaves no room come last.
    PriceAware, EnergyWeights { cost: 1.0, carbon_g: 0.0 };

    /// As price_aware, with the carbon of the added watts instead of their cost.
    CarbonAware, EnergyWeights { cost: 0.0, carbon_g: 1.0 };
}
