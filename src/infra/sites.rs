//! Sites in the infrastructure: accounts of nodes and sites kept as power changes, and power caps.

use super::compute::JobRequest;
use super::event::InfraEvent;
use super::ids::{NodeId, SiteId};
use super::infrastructure::Infrastructure;
use super::virtual_machines::unpriced;
use crate::energy::{EnergyFlows, JobClass, Signal, SiteAccount};
use crate::engine::{EventHandle, Phase, Schedule, SimTime};

/// A site and the events that its power cap needs.
#[derive(Debug)]
pub(super) struct SiteState {
    pub(super) account: SiteAccount,
    pub(super) nodes: Vec<NodeId>,
    /// When the cap is looked at next.
    pub(super) due: Option<EventHandle>,
    /// Whether nodes run slower than they are to, to keep the cap.
    pub(super) is_throttled: bool,
}

impl SiteState {
    pub(super) fn new(account: SiteAccount, nodes: Vec<NodeId>) -> Self {
        SiteState { account, nodes, due: None, is_throttled: false }
    }
}

/// What a node has of its site.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeAccount {
    pub(super) site: SiteId,
    power_w: f64,
    /// What a watt at the site had amounted to when the power changed last.
    seen: EnergyFlows,
    flows: EnergyFlows,
}

impl NodeAccount {
    pub(super) fn new(site: SiteId) -> Self {
        NodeAccount { site, power_w: 0.0, seen: EnergyFlows::default(), flows: EnergyFlows::default() }
    }
}

/// A hair of a cap that rounding may take.
const HAIR: f64 = 1e-9;

impl Infrastructure {
    /// The sites; a [`SiteId`] is an index into them. They are up to date after [`Infrastructure::settle`].
    pub fn sites(&self) -> impl ExactSizeIterator<Item = &SiteAccount> {
        self.sites.iter().map(|site| &site.account)
    }

    /// One site.
    #[must_use]
    pub fn site(&self, site: SiteId) -> &SiteAccount {
        &self.sites[site.index()].account
    }

    /// The signal of a name; its values are in base units: money or grams for a joule, watts, degrees Celsius, or
    /// plain numbers.
    #[must_use]
    pub fn signal(&self, name: &str) -> Option<&Signal> {
        self.signals.get(name).map(|signal| &**signal)
    }

    /// The nodes of a site.
    #[must_use]
    pub fn site_nodes(&self, site: SiteId) -> &[NodeId] {
        &self.sites[site.index()].nodes
    }

    /// The site of a node; `None` if its energy is not accounted for.
    #[must_use]
    pub fn site_of(&self, node: NodeId) -> Option<SiteId> {
        Some(self.node_accounts.get(node.index())?.as_ref()?.site)
    }

    /// Brings the accounts of all sites up to `now`.
    pub fn settle(&mut self, now: SimTime) {
        self.sites.iter_mut().for_each(|site| site.account.advance(now));
    }

    /// What a node's energy has been made of up to the last [`Infrastructure::settle`]; `None` if it is at no
    /// site.
    #[must_use]
    pub fn node_flows(&self, node: NodeId) -> Option<EnergyFlows> {
        let own = self.node_accounts.get(node.index())?.as_ref()?;
        let per_watt = self.sites[own.site.index()].account.per_watt();
        Some(own.flows + (per_watt - own.seen) * own.power_w)
    }

    /// What a watt drawn at the node's site from the start up to `now` amounts to; `None` if it is at no site. The
    /// difference between two instants times the watts of a part of the node, such as a virtual machine, is what
    /// to book for it.
    pub fn flows_per_watt(&mut self, node: NodeId, now: SimTime) -> Option<EnergyFlows> {
        let site = self.site_of(node)?;
        let account = &mut self.sites[site.index()].account;
        account.advance(now);
        Some(account.per_watt())
    }

    /// Watts that the nodes of a node's site may draw beyond what they do; infinite if there is no cap.
    #[must_use]
    pub fn headroom_w(&self, node: NodeId, now: SimTime) -> f64 {
        match self.site_of(node) {
            Some(site) => {
                let account = &self.sites[site.index()].account;
                account.allowed_w(now) - account.power_w()
            }
            None => f64::INFINITY,
        }
    }

    /// The fastest step up to `wanted` at which a node's present load keeps the power cap of its site; the slowest
    /// if none does.
    #[must_use]
    pub fn fastest_within_cap(&self, node: NodeId, wanted: usize, now: SimTime) -> usize {
        let headroom_w = self.headroom_w(node, now);
        if headroom_w.is_infinite() {
            return wanted;
        }
        let most_w = self.meter(node).power_w() + headroom_w;
        let most_w = most_w + HAIR * most_w.abs();
        let fits = |&step: &usize| {
            self.power_at_step(node, self.utilisation_at_step(node, step), step) <= most_w
        };
        (0..=wanted).rev().find(fits).unwrap_or(0)
    }

    /// Busy share of a node's cores if it ran what it runs at a frequency step. Jobs of a node hold their cores at any
    /// clock; virtual machines of a host take the more of them, the slower they are.
    fn utilisation_at_step(&self, node: NodeId, step: usize) -> f64 {
        let cores = f64::from(self.class_of(node).cores);
        if cores == 0.0 {
            return 0.0;
        }
        let Some(host) = self.virtual_machines.host_of_node(node) else {
            return self.meter(node).busy_cores() / cores;
        };
        let fleet = self.virtual_machines.fleet();
        let core_mips = fleet.fastest_mips_per_core()[host.index()];
        let busy = JobClass::ALL.into_iter().zip(fleet.planned_by_class()[host.index()]);
        let busy_cores = busy.map(|(class, mips)| {
            let speed = self.frequency_steps(node).map_or(1.0, |steps| steps.speed(step, class));
            mips / (core_mips * speed)
        });
        (busy_cores.sum::<f64>() / cores).min(1.0)
    }

    /// Whether a node can take a job without its site being above its power cap, if need be by slowing down.
    #[must_use]
    pub fn keeps_cap(&self, node: NodeId, request: &JobRequest, now: SimTime) -> bool {
        let headroom_w = self.headroom_w(node, now);
        let cores = f64::from(self.class_of(node).cores);
        if headroom_w.is_infinite() || cores == 0.0 {
            return true;
        }
        let busy = self.meter(node).busy_cores();
        let then = (busy + f64::from(request.cores)).min(cores);
        let more_w = self.power_at_step(node, then / cores, 0) - self.meter(node).power_w();
        let allowed_w = headroom_w + self.meter(node).power_w() * HAIR;
        more_w <= allowed_w || then <= busy
    }

    /// Notes that a node runs slower than it is to, to keep the cap of its site.
    pub(super) fn note_throttled(&mut self, node: NodeId) {
        if let Some(site) = self.site_of(node) {
            self.sites[site.index()].is_throttled = true;
        }
    }

    /// Books that a node draws another power from now on.
    pub(super) fn book_power<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        power_w: f64,
    ) {
        let Some(Some(own)) = self.node_accounts.get_mut(node.index()) else { return };
        let now = schedule.now();
        let id = own.site;
        let site = &mut self.sites[id.index()];
        site.account.advance(now);
        let per_watt = site.account.per_watt();
        own.flows += (per_watt - own.seen) * own.power_w;
        own.seen = per_watt;
        let total_w = site.account.power_w() + (power_w - own.power_w);
        own.power_w = power_w;
        site.account.set_power(now, total_w);
        let allowed_w = site.account.allowed_w(now);
        if total_w > allowed_w * (1.0 + HAIR) || (site.is_throttled && total_w < allowed_w) {
            self.look_at_cap(schedule, id, now);
        }
    }

    /// Books energy that a node used at once. Returns what it is made of.
    pub(super) fn book_energy(&mut self, node: NodeId, energy_j: f64, now: SimTime) -> EnergyFlows {
        let Some(Some(own)) = self.node_accounts.get_mut(node.index()) else {
            return unpriced(energy_j);
        };
        let flows = self.sites[own.site.index()].account.add_energy(now, energy_j);
        own.flows += flows;
        flows
    }

    /// Schedules that a cap is looked at, unless it is by then.
    fn look_at_cap<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        id: SiteId,
        time: SimTime,
    ) {
        let site = &mut self.sites[id.index()];
        match site.due {
            Some(due) if schedule.reschedule(due, time) => {}
            _ => {
                let event = InfraEvent::CapDue(id).into();
                site.due = Some(schedule.at(time, Phase::Environment, event));
            }
        }
    }

    /// Looks at all caps for the first time.
    pub(super) fn start_caps<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        for index in 0..self.sites.len() {
            if self.sites[index].account.spec().cap_w.is_some() {
                self.look_at_cap(schedule, SiteId(index as u32), SimTime::ZERO);
            }
        }
    }

    /// Slows nodes down as far as the cap of their site needs, the fastest first, or lets them speed up again as
    /// far as it allows.
    pub(super) fn on_cap_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, id: SiteId) {
        let now = schedule.now();
        self.sites[id.index()].due = None;
        let nodes = std::mem::take(&mut self.sites[id.index()].nodes);
        let is_over = |own: &Self| {
            let account = &own.sites[id.index()].account;
            account.power_w() > account.allowed_w(now) * (1.0 + HAIR)
        };
        if is_over(self) {
            while is_over(self) {
                // The node whose next step down is from the highest one, the first among equals.
                let steps = nodes.iter().map(|&node| (self.frequency_step(node), node));
                let fastest = steps
                    .filter(|(step, _)| *step > 0)
                    .max_by_key(|&(step, node)| (step, std::cmp::Reverse(node)));
                let Some((step, node)) = fastest else { break };
                if self.apply_step(schedule, node, step - 1).is_err() {
                    break;
                }
            }
        } else if self.sites[id.index()].is_throttled {
            for &node in &nodes {
                let wanted = usize::from(self.nodes[node.index()].wanted_step);
                if self.frequency_step(node) < wanted {
                    let step = self.fastest_within_cap(node, wanted, now);
                    // A step that there is, since the wanted one is.
                    let _ = self.apply_step(schedule, node, step.max(self.frequency_step(node)));
                }
            }
        }
        let is_throttled = nodes
            .iter()
            .any(|&node| self.frequency_step(node) < usize::from(self.nodes[node.index()].wanted_step));
        let site = &mut self.sites[id.index()];
        site.nodes = nodes;
        site.is_throttled = is_throttled;
        // What the changes themselves have asked for is done.
        if let Some(due) = site.due.take() {
            schedule.cancel(due);
        }
        if let Some(next) = self.sites[id.index()].account.next_cap_change(now) {
            self.look_at_cap(schedule, id, next);
        }
    }
}
