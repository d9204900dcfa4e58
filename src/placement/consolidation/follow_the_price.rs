//! Consolidation across datacenters: virtual machines go where energy is cheap or clean, if that pays for the copy.

use super::ConsolidationPolicy;
use super::view::{ConsolidationDecision, ConsolidationView};
use crate::apps::ConsolidationRequest;
use crate::energy::sla::ViolationCause;
use crate::engine::{SimDuration, SimTime};
use crate::infra::{Fleet, HostId, HostState, NodeClass, SiteId, VmId, VmState};
use crate::placement::vm_allocation::{AllocationView, BySite, Guard, VmNeed};
use crate::placement::{EnergyWeights, SiteSignals, planned_host_w};
use std::collections::{BTreeMap, BTreeSet};

/// Lets a consolidation of its own run at each site, then moves what hosts have to other sites if what it is expected
/// to save over a horizon exceeds what it costs.
///
/// A host's virtual machines are looked at together, since only a host that is left by all of them sleeps. Each would
/// go to the host, at any other site, whose added watts and copy cost the least. What is saved is the weighed cost of
/// the energy of all sites over the horizon, at their signals and with their own power, with the present hosts less
/// with the new ones; the moves are done if that exceeds the cost of the copies (bytes and what users are owed for the
/// degradation meanwhile), by a margin that keeps virtual machines from going to and fro.
#[derive(Debug)]
pub struct FollowThePrice {
    /// What consolidates each site on its own.
    pub within: Box<dyn ConsolidationPolicy>,
    /// How cost and carbon are weighed, in the currency of energy.
    pub weights: EnergyWeights,
    /// How far ahead costs are compared.
    pub horizon: SimDuration,
    /// The margin: the share of the copies' cost, and of what the energy costs where it is used now, by which savings
    /// must exceed the copies' cost.
    pub hysteresis: f64,
    /// Bytes a second at which memory is expected to be copied.
    pub copy_bytes_per_s: f64,
    /// Share of its capacity up to which a host is filled from other sites.
    pub utilisation: f64,
    /// After how many hosts in a row that are left as they are no further ones are tried in a step.
    pub give_up_after: u32,
    sites: BySite,
}

/// Allows hosts at other sites up to a share of their capacity.
#[derive(Debug)]
struct Elsewhere<'p> {
    sites: SiteSignals<'p>,
    fleet: &'p Fleet,
    left: Option<SiteId>,
    utilisation: f64,
}

impl Guard for Elsewhere<'_> {
    fn allows(&mut self, host: HostId, need: &VmNeed<'_>) -> bool {
        let index = host.index();
        let planned = self.fleet.planned_mips()[index] + need.demand_mips;
        self.sites.site_of(self.fleet, host) != self.left
            && planned <= self.utilisation * self.fleet.fastest_capacity_mips(host)
    }
}

/// Watts of the nodes of each site, with the moves that are planned.
type SitePowers = BTreeMap<SiteId, f64>;

/// The hosts as they will be.
#[derive(Debug)]
struct Draft<'a> {
    fleet: Fleet,
    powers_w: SitePowers,
    sites: SiteSignals<'a>,
    classes: &'a [NodeClass],
}

impl Draft<'_> {
    /// Changes a host, and what its site draws with it.
    fn change(&mut self, host: HostId, change: impl FnOnce(&mut Fleet)) {
        let before_w = planned_host_w(&self.fleet, self.classes, host);
        change(&mut self.fleet);
        if let Some(site) = self.sites.site_of(&self.fleet, host) {
            let more_w = planned_host_w(&self.fleet, self.classes, host) - before_w;
            *self.powers_w.entry(site).or_insert(0.0) += more_w;
        }
    }

    fn go(&mut self, view: &ConsolidationView<'_>, vm: VmId, from: HostId, to: HostId) {
        let (spec, demand) = (view.machines().spec(vm), view.machines().demand_mips()[vm.index()]);
        self.change(from, |fleet| fleet.unbook(from, spec, demand));
        self.change(to, |fleet| fleet.book(to, spec, demand));
    }
}

impl FollowThePrice {
    /// By cost alone over an hour with a margin of a tenth, copies at 1 Gbit/s and hosts filled to 80 %.
    #[must_use]
    pub fn new(within: Box<dyn ConsolidationPolicy>) -> Self {
        FollowThePrice {
            within,
            weights: EnergyWeights { cost: 1.0, carbon_g: 0.0 },
            horizon: SimDuration::from_secs(3600.0),
            hysteresis: 0.1,
            copy_bytes_per_s: 1e9 / 8.0,
            utilisation: 0.8,
            give_up_after: 32,
            sites: BySite::default(),
        }
    }

    /// What the energy of the sites weighs over the horizon that draw other powers than before, with each.
    fn weights(&self, draft: &Draft<'_>, before: &SitePowers, now: SimTime) -> (f64, f64) {
        let until = now + self.horizon;
        let (mut old, mut new) = (0.0, 0.0);
        for (&site, &power_w) in &draft.powers_w {
            let before_w = before.get(&site).copied().unwrap_or(power_w);
            if let Some(account) = draft.sites.account(site).filter(|_| before_w != power_w) {
                old += self.weights.of(&account.expected(now, until, before_w));
                new += self.weights.of(&account.expected(now, until, power_w));
            }
        }
        (old, new)
    }

    /// What moving a virtual machine costs: its bytes, and what its user is owed for the copy.
    fn copy_cost(&self, view: &ConsolidationView<'_>, vm: VmId, from: HostId, to: HostId) -> f64 {
        let (spec, copying) = (view.machines().spec(vm), view.copying());
        let memory_bytes = view.machines().copied_bytes(vm, copying.spec.memory);
        let copy = copying.spec.expected_copy(memory_bytes, self.copy_bytes_per_s);
        let [from, to] = [from, to].map(|host| view.fleet().specs()[host.index()].site);
        let agreed = view.machines().demand_mips()[vm.index()];
        let owed = spec.sla.as_ref().map_or(0.0, |sla| {
            let slowed = agreed * (1.0 - copying.spec.degradation);
            let spans = [(copy.copying_s, slowed), (copy.paused_s, 0.0)];
            sla.violation_cost(ViolationCause::Migration, agreed, &spans)
        });
        copying.cost(copy.sent_bytes, from, to) + owed
    }

    /// Plans for a virtual machine to go to another site, if one has room.
    fn target(
        &mut self,
        view: &mut ConsolidationView<'_>,
        draft: &Draft<'_>,
        vm: VmId,
        from: HostId,
    ) -> Option<HostId> {
        let (now, hosts, classes, machines) =
            (view.now(), view.hosts(), view.classes(), view.machines());
        let need =
            VmNeed { vm, spec: machines.spec(vm), demand_mips: machines.demand_mips()[vm.index()] };
        let mut guard = Elsewhere {
            sites: draft.sites,
            fleet: &draft.fleet,
            left: draft.sites.site_of(&draft.fleet, from),
            utilisation: self.utilisation,
        };
        let costs: BTreeMap<u16, f64> = hosts
            .iter()
            .map(|host| (view.fleet().specs()[host.index()].site, *host))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .map(|(number, host)| (number, self.copy_cost(view, vm, from, host)))
            .collect();
        let copy_cost =
            |host: HostId| costs.get(&draft.fleet.specs()[host.index()].site).copied().unwrap_or(0.0);
        let mut targets = AllocationView::new(now, need, hosts, &draft.fleet, classes, view.random())
            .at_sites(draft.sites)
            .guarded(&mut guard);
        let found = self.sites.least(&mut targets, self.weights, self.horizon, copy_cost);
        found.filter(|(_, keeps_cap)| *keeps_cap).map(|(host, _)| host)
    }

    /// Plans moves away from a host; whether they pay.
    fn leave(
        &mut self,
        view: &mut ConsolidationView<'_>,
        draft: &mut Draft<'_>,
        host: HostId,
        leaving: &[VmId],
        moves: &mut Vec<(VmId, HostId)>,
    ) -> bool {
        let before = draft.powers_w.clone();
        let mut planned: Vec<(VmId, HostId)> = Vec::new();
        let mut copies = 0.0;
        for &vm in leaving {
            if let Some(to) = self.target(view, draft, vm, host) {
                copies += self.copy_cost(view, vm, host, to);
                draft.go(view, vm, host, to);
                planned.push((vm, to));
            }
        }
        let (old, new) = self.weights(draft, &before, view.now());
        let margin =
            copies + self.hysteresis * (copies + self.at_stake(draft, &before, host, view.now()));
        if !planned.is_empty() && old - new > margin {
            moves.append(&mut planned);
            return true;
        }
        for (vm, to) in planned.into_iter().rev() {
            draft.go(view, vm, to, host);
        }
        // Exactly what was, whatever rounding left.
        draft.powers_w = before;
        false
    }

    /// What the watts that leave a host's site weigh there over the horizon, without sign.
    fn at_stake(&self, draft: &Draft<'_>, before: &SitePowers, host: HostId, now: SimTime) -> f64 {
        let Some(site) = draft.sites.site_of(&draft.fleet, host) else { return 0.0 };
        let Some((&old_w, &new_w)) = before.get(&site).zip(draft.powers_w.get(&site)) else {
            return 0.0;
        };
        self.weights.of(&draft.sites.added(site, new_w, old_w - new_w, now, self.horizon)).abs()
    }

    /// What a watt more weighs at a site, or a watt less saves, over the horizon.
    fn of_a_watt(&self, draft: &Draft<'_>, site: Option<SiteId>, watt: f64, now: SimTime) -> f64 {
        let power_w = site.and_then(|site| draft.powers_w.get(&site)).copied().unwrap_or(0.0);
        let added = |site| draft.sites.added(site, power_w, watt, now, self.horizon);
        site.map_or(0.0, |site| watt * self.weights.of(&added(site)))
    }
}

impl ConsolidationPolicy for FollowThePrice {
    fn history(&self) -> Option<usize> {
        Some(self.within.history().unwrap_or(0))
    }

    fn decide(&mut self, view: &mut ConsolidationView<'_>) -> ConsolidationDecision {
        let (now, sites, classes) = (view.now(), view.sites(), view.classes());
        let mut groups: BTreeMap<Option<SiteId>, Vec<HostId>> = BTreeMap::new();
        for &host in view.hosts() {
            groups.entry(sites.site_of(view.fleet(), host)).or_default().push(host);
        }
        let mut decision = ConsolidationDecision::default();
        if self.within.history().is_some() {
            for hosts in groups.values() {
                let request = ConsolidationRequest { hosts, ..*view.request() };
                let own = self.within.decide(&mut view.of_request(&request));
                decision.moves.extend(own.moves);
                decision.sleep.extend(own.sleep);
                decision.wake.extend(own.wake);
            }
        }
        let fleet = view.fleet().clone();
        let powers_w = groups.keys().flatten();
        let powers_w = powers_w.map(|&site| (site, sites.planned_w(site, &fleet, classes))).collect();
        let mut draft = Draft { fleet, powers_w, sites, classes };
        let mut moved: BTreeSet<VmId> = BTreeSet::new();
        for &(vm, to) in &decision.moves {
            if let Some(from) = view.machines().host(vm) {
                draft.go(view, vm, from, to);
                moved.insert(vm);
            }
        }
        self.sites.forget();
        // The sites where a watt less saves most come first; of each the fullest hosts, which save the most a copy.
        let mut sources: Vec<(f64, Option<SiteId>, f64, HostId)> = Vec::new();
        for (&site, hosts) in &groups {
            let saved = self.of_a_watt(&draft, site, -1.0, now);
            for &host in hosts {
                sources.push((saved, site, draft.fleet.fastest_utilisation(host), host));
            }
        }
        sources.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.2.total_cmp(&a.2)).then(a.3.cmp(&b.3)));
        let mut received: BTreeSet<HostId> = decision.moves.iter().map(|(_, to)| *to).collect();
        let mut failures = 0;
        for (_, site, _, host) in sources {
            let saved = self.of_a_watt(&draft, site, -1.0, now);
            let others = groups.keys().filter(|other| **other != site);
            let least = others.map(|&other| self.of_a_watt(&draft, other, 1.0, now));
            if least.fold(f64::INFINITY, f64::min) >= saved || received.contains(&host) {
                continue;
            }
            let machines = view.machines();
            let is_movable = |vm: &VmId| {
                machines.state(*vm) == VmState::Running
                    && !machines.is_migrating(*vm)
                    && !moved.contains(vm)
            };
            let mut leaving: Vec<VmId> =
                machines.vms_of(host).iter().copied().filter(is_movable).collect();
            let demand = |vm: VmId| machines.demand_mips()[vm.index()];
            leaving.sort_by(|&a, &b| demand(b).total_cmp(&demand(a)));
            if leaving.is_empty() {
                continue;
            }
            let first = decision.moves.len();
            if self.leave(view, &mut draft, host, &leaving, &mut decision.moves) {
                failures = 0;
                received.extend(decision.moves[first..].iter().map(|(_, to)| *to));
            } else {
                failures += 1;
                if failures >= self.give_up_after {
                    break;
                }
            }
        }
        decision.sleep.retain(|host| !received.contains(host));
        let is_left = |host: &HostId| {
            let index = host.index();
            draft.fleet.states()[index] == HostState::On
                && draft.fleet.vms()[index] == 0
                && view.fleet().vms()[index] > 0
                && !decision.sleep.contains(host)
        };
        let left: Vec<HostId> = view.hosts().iter().copied().filter(is_left).collect();
        decision.sleep.extend(left);
        decision
    }
}
