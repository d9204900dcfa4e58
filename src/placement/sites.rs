//! What the energy of hosts' sites costs and is made of, as policies see it.

use crate::energy::{EnergyFlows, SiteAccount};
use crate::engine::{SimDuration, SimTime, Summary};
use crate::infra::{Fleet, HostId, Infrastructure, NodeClass, NodeId, SiteId};
use crate::records::ColumnSpec;
use std::collections::BTreeSet;

/// The sites of hosts with their signals: now and, since prices are published ahead and weather is forecast, later.
/// What it tells of later is what will be.
#[derive(Clone, Copy, Debug, Default)]
pub struct SiteSignals<'a> {
    infrastructure: Option<&'a Infrastructure>,
}

/// What watts at a site amount to, weighed as one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyWeights {
    /// Weight of the cost, in any unit for a unit of currency.
    pub cost: f64,
    /// Weight of carbon, in the same unit for a gram of CO2 equivalent.
    pub carbon_g: f64,
}

impl EnergyWeights {
    /// The amounts as one number.
    #[must_use]
    pub fn of(&self, flows: &EnergyFlows) -> f64 {
        self.cost * flows.cost + self.carbon_g * flows.carbon_g
    }
}

impl<'a> SiteSignals<'a> {
    /// Those of an infrastructure.
    #[must_use]
    pub fn new(infrastructure: &'a Infrastructure) -> Self {
        SiteSignals { infrastructure: Some(infrastructure) }
    }

    /// Where the energy of a host is accounted for; `None` if nowhere.
    #[must_use]
    pub fn site_of(&self, fleet: &Fleet, host: HostId) -> Option<SiteId> {
        self.infrastructure?.site_of(fleet.nodes()[host.index()])
    }

    /// The account of a site, with its signals.
    #[must_use]
    pub fn account(&self, site: SiteId) -> Option<&'a SiteAccount> {
        Some(self.infrastructure?.site(site))
    }

    /// The account of a host's site.
    #[must_use]
    pub fn of_host(&self, fleet: &Fleet, host: HostId) -> Option<&'a SiteAccount> {
        self.account(self.site_of(fleet, host)?)
    }

    /// Money for a joule from the grid at the host's site at an instant; 0 if it is free.
    #[must_use]
    pub fn price(&self, fleet: &Fleet, host: HostId, at: SimTime) -> f64 {
        self.of_host(fleet, host).map_or(0.0, |site| site.price(at))
    }

    /// Grams of CO2 equivalent for a joule from the grid at the host's site at an instant; 0 if that is not known.
    #[must_use]
    pub fn carbon_intensity(&self, fleet: &Fleet, host: HostId, at: SimTime) -> f64 {
        self.of_host(fleet, host).map_or(0.0, |site| site.carbon_intensity(at))
    }

    /// Power usage effectiveness of the host's site at an instant; 1 if it is at none.
    #[must_use]
    pub fn pue(&self, fleet: &Fleet, host: HostId, at: SimTime) -> f64 {
        self.of_host(fleet, host).map_or(1.0, |site| site.spec().pue.value(at.as_secs()))
    }

    /// Watts of the own sources of the host's site at an instant.
    #[must_use]
    pub fn generation_w(&self, fleet: &Fleet, host: HostId, at: SimTime) -> f64 {
        self.of_host(fleet, host).map_or(0.0, |site| site.generation_w(at))
    }

    /// What a kWh costs at the site of a node; `None` if it has no site or price.
    #[must_use]
    pub fn price_per_kwh(&self, node: NodeId, now: SimTime) -> Option<f64> {
        let account = self.account(self.infrastructure?.site_of(node)?)?;
        account.spec().price.is_some().then(|| account.price(now) * J_PER_KWH)
    }

    /// Grams of CO2 a kWh at the site of a node; `None` if it has no site or carbon intensity.
    #[must_use]
    pub fn carbon_g_per_kwh(&self, node: NodeId, now: SimTime) -> Option<f64> {
        let account = self.account(self.infrastructure?.site_of(node)?)?;
        account.spec().carbon.is_some().then(|| account.carbon_intensity(now) * J_PER_KWH)
    }

    /// Watts that the nodes of the host's site may draw beyond what they draw now; infinite without a cap.
    #[must_use]
    pub fn headroom_w(&self, fleet: &Fleet, host: HostId, now: SimTime) -> f64 {
        let node = fleet.nodes()[host.index()];
        self.infrastructure.map_or(f64::INFINITY, |own| own.headroom_w(node, now))
    }

    /// What is recorded of the sites of these hosts with each decision about them, in the order of [`site_columns`].
    /// O(hosts).
    #[must_use]
    pub fn features(&self, fleet: &Fleet, hosts: &[HostId], now: SimTime) -> SiteFeatures {
        if self.infrastructure.is_none_or(|own| own.sites().len() == 0) {
            return [None; 6];
        }
        let sites: BTreeSet<SiteId> =
            hosts.iter().filter_map(|&host| self.site_of(fleet, host)).collect();
        let (mut prices, mut carbons) = (Summary::default(), Summary::default());
        let (mut own_w, mut headroom_w) = (None, None);
        for account in sites.iter().filter_map(|&site| self.account(site)) {
            if account.spec().price.is_some() {
                prices.add(account.price(now) * J_PER_KWH);
            }
            if account.spec().carbon.is_some() {
                carbons.add(account.carbon_intensity(now) * J_PER_KWH);
            }
            if !account.spec().generation.is_empty() {
                *own_w.get_or_insert(0.0) += account.generation_w(now);
            }
            if account.spec().cap_w.is_some() {
                *headroom_w.get_or_insert(0.0) += account.allowed_w(now) - account.power_w();
            }
        }
        let ends = |summary: &Summary| {
            let ends = (summary.count() > 0).then(|| (summary.min(), summary.max()));
            [ends.map(|ends| ends.0), ends.map(|ends| ends.1)]
        };
        let ([least_price, greatest_price], [least_carbon, greatest_carbon]) =
            (ends(&prices), ends(&carbons));
        [least_price, greatest_price, least_carbon, greatest_carbon, own_w, headroom_w]
    }

    /// Whether the nodes of a site may draw so many watts together without the site being above its cap now.
    #[must_use]
    pub fn keeps_cap(&self, site: SiteId, planned_w: f64, now: SimTime) -> bool {
        self.account(site).is_none_or(|account| planned_w <= account.allowed_w(now) * (1.0 + 1e-9))
    }

    /// Watts that the nodes of a site draw once its hosts do what `fleet` plans for them, an empty one being asleep.
    /// O(nodes of the site).
    #[must_use]
    pub fn planned_w(&self, site: SiteId, fleet: &Fleet, classes: &[NodeClass]) -> f64 {
        let Some(infrastructure) = self.infrastructure else { return 0.0 };
        let of_node = |&node| {
            let host = infrastructure.virtual_machines().host_of_node(node);
            let metered = || infrastructure.meter(node).power_w();
            host.filter(|host| host.index() < fleet.len())
                .map_or_else(metered, |host| planned_host_w(fleet, classes, host))
        };
        infrastructure.site_nodes(site).iter().map(of_node).sum()
    }

    /// What `more_w` watts of nodes amount to that a site draws for a time from now on beside `planned_w` others: own
    /// sources and batteries first as far as these leave any, then the grid. Negative watts give what is saved.
    #[must_use]
    pub fn added(
        &self,
        site: SiteId,
        planned_w: f64,
        more_w: f64,
        now: SimTime,
        stay: SimDuration,
    ) -> EnergyFlows {
        let Some(account) = self.account(site) else { return EnergyFlows::default() };
        let until = now + stay;
        account.expected(now, until, planned_w + more_w) - account.expected(now, until, planned_w)
    }
}

const J_PER_KWH: f64 = 3.6e6;

/// What is recorded of the sites of hosts.
pub type SiteFeatures = [Option<f64>; 6];

/// Columns of the [`SiteFeatures`].
#[must_use]
pub fn site_columns() -> [ColumnSpec; 6] {
    let null = "null if no site of the hosts has any";
    let column = |name, unit, what: &str| ColumnSpec::float(name, unit, format!("{what}; {null}"));
    [
        column("price_least_per_kwh", "currency/kWh", "least price of energy at the hosts' sites"),
        column("price_greatest_per_kwh", "currency/kWh", "greatest price of energy at the hosts' sites"),
        column("carbon_least_g_per_kwh", "g/kWh", "least carbon intensity at the hosts' sites"),
        column("carbon_greatest_g_per_kwh", "g/kWh", "greatest carbon intensity at the hosts' sites"),
        column("sites_generation_w", "W", "what the own sources of the hosts' sites give"),
        column("sites_headroom_w", "W", "what the power caps of the hosts' sites leave"),
    ]
}

/// Watts of a host at its fastest clock with what is planned for it; of an empty one those of its sleep.
#[must_use]
pub fn planned_host_w(fleet: &Fleet, classes: &[NodeClass], host: HostId) -> f64 {
    let index = host.index();
    let power = &classes[fleet.classes()[index].index()].power;
    if fleet.vms()[index] == 0 {
        power.sleep_w
    } else {
        power.planned_w(fleet.fastest_utilisation(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::{Generation, Interpolation, LinearPower, Outside, Signal, SiteSpec};
    use crate::engine::RandomStreams;
    use crate::infra::compute::Resources;
    use crate::infra::{HostSpec, InfraBuilder, NodeId, Position, Static, Tier, VmSpec};
    use std::sync::Arc;

    fn steps(first: f64, second: f64) -> Arc<Signal> {
        let points = [(0.0, first), (3600.0, second)];
        Arc::new(Signal::new(&points, Interpolation::Hold, 7200.0, Outside::Hold).unwrap())
    }

    /// Two hosts of 100 W idle and 200 W busy, 5 W asleep, and a gateway, with a sun of 150 W in the second hour and an
    /// overhead of a half.
    #[test]
    fn added_watts_take_what_the_others_leave_of_the_sun() {
        let mut builder = InfraBuilder::new(RandomStreams::new(1));
        let mut class = crate::infra::NodeClass::new("host", Tier::Cloud, 2).with_cores(2, 1000.0);
        class.power = LinearPower { idle_w: 100.0, busy_w: 200.0 }.into();
        class.power.sleep_w = 5.0;
        let place = || Box::new(Static::at(vec![Position::default()]).unwrap());
        builder.class(class, place());
        let mut gateway = crate::infra::NodeClass::new("gateway", Tier::Cloud, 1).with_cores(1, 1000.0);
        gateway.power = LinearPower { idle_w: 30.0, busy_w: 30.0 }.into();
        builder.class(gateway, place());
        let mut site = SiteSpec::new("site");
        site.price = Some(steps(2.0, 3.0));
        site.carbon = Some(Arc::new(Signal::constant(0.5)));
        site.pue = Arc::new(Signal::constant(1.5));
        site.generation = vec![Generation { signal: steps(0.0, 150.0), scale_w: 1.0 }];
        site.cap_w = Some(Arc::new(Signal::constant(600.0)));
        builder.site(site, (0..3).map(NodeId).collect());
        let mut infrastructure = builder.build().unwrap();
        for node in 0..2 {
            infrastructure.add_host(NodeId(node), HostSpec::default(), SimTime::ZERO);
        }
        let signals = SiteSignals::new(&infrastructure);
        let mut fleet = infrastructure.virtual_machines().fleet().clone();
        let classes = infrastructure.classes();
        // Both are empty; the gateway is metered, and draws nothing before the run begins.
        assert_eq!(signals.planned_w(SiteId(0), &fleet, classes), 5.0 + 5.0);
        let spec = VmSpec::new(1, 1000.0, Resources::default());
        fleet.book(HostId(1), &spec, 1000.0);
        // Host 1 at one half: 150 W.
        let planned_w = signals.planned_w(SiteId(0), &fleet, classes);
        assert_eq!(planned_w, 5.0 + 150.0);
        let (now, hour) = (SimTime::ZERO, SimDuration::from_secs(3600.0));
        let added = signals.added(SiteId(0), 60.0, 100.0, now, hour + hour);
        // In the first hour all 150 W with overhead at 2; in the second 90 W of the sun are taken, 60 W are left, and
        // 90 W come from the grid at 3.
        assert_eq!((added.energy_j, added.green_j), (7200.0 * 100.0, 3600.0 * 60.0));
        assert_eq!(added.cost, 3600.0 * (150.0 * 2.0 + 90.0 * 3.0));
        let grams = EnergyWeights { cost: 0.0, carbon_g: 1.0 }.of(&added);
        assert_eq!(grams, 3600.0 * (150.0 + 90.0) * 0.5);
        let saved = signals.added(SiteId(0), 160.0, -100.0, now, hour + hour);
        assert_eq!((saved.cost, saved.green_j), (-added.cost, -added.green_j));
        let seen = signals.features(&fleet, &[HostId(0), HostId(1)], SimTime::from_secs(3600.0));
        let kwh = 3.6e6;
        assert_eq!(seen, [3.0 * kwh, 3.0 * kwh, 0.5 * kwh, 0.5 * kwh, 150.0, 400.0].map(Some));
        assert_eq!(signals.features(&fleet, &[], now), [None; 6]);
        let host = HostId(0);
        let later = SimTime::from_secs(3600.0);
        assert_eq!([now, later].map(|at| signals.price(&fleet, host, at)), [2.0, 3.0]);
        assert_eq!([now, later].map(|at| signals.generation_w(&fleet, host, at)), [0.0, 150.0]);
        assert_eq!(signals.carbon_intensity(&fleet, host, now), 0.5);
        assert_eq!(signals.pue(&fleet, host, now), 1.5);
        // What the cap leaves without overhead.
        assert_eq!(signals.headroom_w(&fleet, host, now), 400.0);
    }

    #[test]
    fn without_sites_all_is_free() {
        let signals = SiteSignals::default();
        let fleet = Fleet::default();
        let more = signals.added(SiteId(0), 1.0, 1.0, SimTime::ZERO, SimDuration::from_secs(1.0));
        assert_eq!(more, EnergyFlows::default());
        assert_eq!(signals.planned_w(SiteId(0), &fleet, &[]), 0.0);
    }
}
