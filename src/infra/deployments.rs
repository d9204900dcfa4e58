//! Instances that come and go while the world runs, such as replicas of services: a share of a node that is theirs
//! alone, with what they use of its energy.
//!
//! The energy of a node is shared out as follows. What it draws beyond its idle power is shared by the cores that are
//! busy, whoever's jobs they serve; its idle power by its cores, or by those that it offers or instances have taken where
//! these are more, so that an instance has the part of the cores that it has taken. What nobody has taken is nobody's. Both are integrals over the spans between changes, so that the parts
//! of all add up to what the meter of the node says.

use super::compute::{Discipline, Job, Refusal, Resources};
use super::event::InfraEvent;
use super::ids::{NodeId, ProcessorId};
use super::infrastructure::Infrastructure;
use crate::engine::{Schedule, SimTime};

/// Part by which what is taken may exceed what there is: the rounding error of sums.
const ROUNDING: f64 = 1e-9;

/// Joules that an instance is charged with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeployedEnergy {
    /// Its part of what nodes draw beyond their idle power, by busy cores.
    pub dynamic_j: f64,
    /// Its part of the idle power of nodes, by the cores that it has taken.
    pub idle_j: f64,
    /// What all of it costs by the prices of the node's site, each watt at the price of its time; 0 if the node is at no
    /// site.
    pub cost: f64,
}

/// An instance.
#[derive(Debug)]
struct Deployed {
    cores: f64,
    resources: Resources,
    /// Whether the book of applications says nothing of it any more.
    leaves: bool,
    energy: DeployedEnergy,
    /// The integrals of the node up to which it was charged: of a busy core, and of a core.
    seen: [f64; 2],
    seen_costs: [f64; 2],
}

/// A node with instances.
#[derive(Debug, Default)]
struct Sharing {
    /// In order of their coming.
    instances: Vec<ProcessorId>,
    /// Cores, bytes of memory and of storage of those that are booked, and of those that leave: sums, which are made
    /// anew at each change, so that they do not drift.
    sums: [[f64; 3]; 2],
    since: SimTime,
    /// Cores by which idle power is shared.
    cores: f64,
    /// Watts of a busy core beyond idle, and of a core when idle.
    watts: [f64; 2],
    /// Joules of a core that would have been busy all the time, and of a core.
    joules: [f64; 2],
    /// The same in money, by the prices of the site.
    costs: [f64; 2],
    /// What a watt has cost from the start up to `since`.
    cost_of_watt: f64,
}

impl Sharing {
    /// Goes on to `now`, when a watt has cost so much since the start.
    fn advance(&mut self, now: SimTime, cost_of_watt: f64) {
        let seconds = now.since(self.since).as_secs();
        let cost = cost_of_watt - self.cost_of_watt;
        (self.since, self.cost_of_watt) = (now, cost_of_watt);
        for (joules, watts) in self.joules.iter_mut().zip(self.watts) {
            *joules += watts * seconds;
        }
        for (costs, watts) in self.costs.iter_mut().zip(self.watts) {
            *costs += watts * cost;
        }
    }
}

/// What some of very many processors or nodes have, by their numbers: looked up at each change of load.
#[derive(Debug)]
struct Sparse<T>(Vec<Option<Box<T>>>);

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Sparse(Vec::new())
    }
}

impl<T> Sparse<T> {
    fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)?.as_deref()
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index)?.as_deref_mut()
    }

    fn place(&mut self, index: usize) -> &mut Option<Box<T>> {
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        &mut self.0[index]
    }

    fn remove(&mut self, index: usize) -> Option<Box<T>> {
        self.0.get_mut(index)?.take()
    }
}

/// All instances that were deployed.
#[derive(Debug, Default)]
pub(super) struct Deployments {
    /// By processor.
    instances: Sparse<Deployed>,
    nodes: Sparse<Sharing>,
}

impl Deployments {
    /// Sums up what the instances of a node have.
    fn sum_up(&mut self, node: NodeId) {
        let Some(sharing) = self.nodes.get_mut(node.index()) else { return };
        let mut sums = [[0.0; 3]; 2];
        for own in sharing.instances.iter().filter_map(|instance| self.instances.get(instance.index())) {
            let held = [own.cores, own.resources.memory_bytes, own.resources.storage_bytes];
            for (sum, held) in sums[usize::from(own.leaves)].iter_mut().zip(held) {
                *sum += held;
            }
        }
        sharing.sums = sums;
    }
}

impl Infrastructure {
    /// Makes an instance on an available node with `cores`, memory and storage of its own; what the node's own jobs
    /// may use is less by as much from now on.
    ///
    /// # Errors
    /// What is short; [`Refusal::Cores`] if the node is not available or hosts virtual machines.
    pub fn deploy<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        cores: f64,
        discipline: Discipline,
        resources: &Resources,
    ) -> Result<ProcessorId, Refusal> {
        if !self.nodes[node.index()].is_available() || !self.takes_tasks(node) {
            return Err(Refusal::Cores);
        }
        let own = self.nodes[node.index()].processor;
        let offered = self.compute.offered_cores(own);
        if self.taken_cores(node) + cores > offered * (1.0 + ROUNDING) {
            return Err(Refusal::Cores);
        }
        let now = schedule.now();
        let instance = self.compute.make_instance(now, own, cores, discipline, resources)?;
        self.processor_due.resize(self.compute.len(), None);
        let cost_of_watt = self.cost_of_watt(node, now);
        let sharing = &mut **self.deployments.nodes.place(node.index()).get_or_insert_default();
        sharing.instances.push(instance);
        sharing.advance(now, cost_of_watt);
        let deployed = Deployed {
            cores,
            resources: resources.clone(),
            leaves: false,
            energy: DeployedEnergy::default(),
            seen: sharing.joules,
            seen_costs: sharing.costs,
        };
        *self.deployments.instances.place(instance.index()) = Some(Box::new(deployed));
        self.deployments.sum_up(node);
        self.share_cores(schedule, node);
        self.refresh(schedule, node, 0.0);
        Ok(instance)
    }

    /// Ends an instance and gives back what it had; its jobs end with it, without notice, and are returned. What it
    /// is charged with in all is told, too. Nothing if there is no such instance.
    pub fn undeploy<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        instance: ProcessorId,
    ) -> (Vec<Job>, DeployedEnergy) {
        let now = schedule.now();
        let energy = self.deployed_energy(instance, now);
        if self.deployments.instances.get(instance.index()).is_none() {
            return (Vec::new(), energy);
        }
        let before = self.compute.busy_cores(instance);
        let mut jobs = Vec::new();
        while let Some((id, job)) = self.compute.pop_any(now, instance) {
            self.predicted.end_job(now, instance, id);
            jobs.push(job);
        }
        self.after_change(schedule, instance, before);
        let node = self.compute.node(instance);
        let own = self.nodes[node.index()].processor;
        if let Some(deployed) = self.deployments.instances.remove(instance.index()) {
            self.compute.end_instance(own, instance, &deployed.resources);
        }
        if let Some(sharing) = self.deployments.nodes.get_mut(node.index()) {
            sharing.instances.retain(|&other| other != instance);
        }
        self.deployments.sum_up(node);
        self.share_cores(schedule, node);
        if self.deployed_on(node).is_empty() {
            self.deployments.nodes.remove(node.index());
        }
        (jobs, energy)
    }

    /// From now on an instance counts as something beside what is booked by applications: it stays for a while where
    /// its application is booked no longer.
    pub fn leave(&mut self, instance: ProcessorId) {
        self.set_leaves(instance, true);
    }

    fn set_leaves(&mut self, instance: ProcessorId, leaves: bool) {
        if let Some(deployed) = self.deployments.instances.get_mut(instance.index()) {
            deployed.leaves = leaves;
            let node = self.compute.node(instance);
            self.deployments.sum_up(node);
        }
    }

    /// Takes back that an instance [leaves](Self::leave): its application is booked there again.
    pub fn stay(&mut self, instance: ProcessorId) {
        self.set_leaves(instance, false);
    }

    /// The instances that are deployed on a node, in order of their coming.
    #[must_use]
    pub fn deployed_on(&self, node: NodeId) -> &[ProcessorId] {
        self.deployments.nodes.get(node.index()).map_or(&[], |sharing| &sharing.instances)
    }

    /// Cores, bytes of memory and bytes of storage of the instances on a node that applications have booked.
    #[must_use]
    pub fn deployed(&self, node: NodeId) -> [f64; 3] {
        self.deployments.nodes.get(node.index()).map_or([0.0; 3], |sharing| sharing.sums[0])
    }

    /// The same of those instances that [leave](Self::leave), and are booked no longer.
    #[must_use]
    pub fn leaving(&self, node: NodeId) -> [f64; 3] {
        self.deployments.nodes.get(node.index()).map_or([0.0; 3], |sharing| sharing.sums[1])
    }

    /// Cores that instances have taken of a node.
    fn taken_cores(&self, node: NodeId) -> f64 {
        self.deployed(node)[0] + self.leaving(node)[0]
    }

    /// All processors on which jobs of a node run: its own or its instances', and the deployed instances'.
    #[must_use]
    pub fn processors_of(&self, node: NodeId) -> smallvec::SmallVec<[ProcessorId; 4]> {
        let deployed = self.deployed_on(node).iter().copied();
        self.nodes[node.index()].processors().chain(deployed).collect()
    }

    /// Shares the cores that a node offers between its instances, which come first, and its own jobs. Where the
    /// instances have more than is offered, all of them are slower in proportion.
    pub(super) fn share_cores<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId) {
        let Some(sharing) = self.deployments.nodes.get(node.index()) else { return };
        let instances = sharing.instances.clone();
        let own = self.nodes[node.index()].processor;
        let (offered, taken) = (self.compute.offered_cores(own), self.taken_cores(node));
        let part = if taken > offered { offered / taken } else { 1.0 };
        let now = schedule.now();
        let busy = self.compute.busy_cores(own);
        self.compute.set_taken(now, own, taken);
        self.after_change(schedule, own, busy);
        for instance in instances {
            let busy = self.compute.busy_cores(instance);
            self.compute.set_offer(now, instance, part);
            self.after_change(schedule, instance, busy);
        }
        let shared = self.cores_of_idle(node);
        if self.deployments.nodes.get(node.index()).is_some_and(|sharing| sharing.cores != shared) {
            self.refresh(schedule, node, 0.0);
        }
    }

    /// Cores by which the idle power of a node is shared: those of its class, or what it offers or has given to instances if
    /// that is more.
    fn cores_of_idle(&self, node: NodeId) -> f64 {
        let offered = self.compute.offered_cores(self.nodes[node.index()].processor);
        f64::from(self.class_of(node).cores).max(offered).max(self.taken_cores(node))
    }

    /// Charges a deployed instance with its part of the energy up to `now`, before its busy cores change.
    pub(super) fn settle_deployed(&mut self, now: SimTime, processor: ProcessorId, busy_cores: f64) {
        if self.deployments.instances.get(processor.index()).is_none() {
            return;
        }
        let node = self.compute.node(processor);
        let cost_of_watt = self.cost_of_watt(node, now);
        let Deployments { instances, nodes } = &mut self.deployments;
        let Some(own) = instances.get_mut(processor.index()) else { return };
        let Some(sharing) = nodes.get_mut(node.index()) else { return };
        sharing.advance(now, cost_of_watt);
        own.energy.dynamic_j += busy_cores * (sharing.joules[0] - own.seen[0]);
        own.energy.idle_j += own.cores * (sharing.joules[1] - own.seen[1]);
        own.energy.cost += busy_cores * (sharing.costs[0] - own.seen_costs[0])
            + own.cores * (sharing.costs[1] - own.seen_costs[1]);
        (own.seen, own.seen_costs) = (sharing.joules, sharing.costs);
    }

    /// What a watt at a node has cost from the start up to `now`, by the prices of its site.
    fn cost_of_watt(&mut self, node: NodeId, now: SimTime) -> f64 {
        self.flows_per_watt(node, now).map_or(0.0, |flows| flows.cost)
    }

    /// What an instance is charged with up to `now`; nothing if there is no such instance.
    pub fn deployed_energy(&mut self, instance: ProcessorId, now: SimTime) -> DeployedEnergy {
        if self.deployments.instances.get(instance.index()).is_none() {
            return DeployedEnergy::default();
        }
        let busy = self.compute.busy_cores(instance);
        self.settle_deployed(now, instance, busy);
        self.deployments.instances.get(instance.index()).map(|own| own.energy).unwrap_or_default()
    }

    /// From `now` on a node draws this power with so many busy cores.
    pub(super) fn note_shared_power(
        &mut self,
        now: SimTime,
        node: NodeId,
        busy_cores: f64,
        power_w: f64,
    ) {
        if self.deployments.nodes.get(node.index()).is_none() {
            return;
        }
        let available = self.nodes[node.index()].is_available();
        let idle_w = if available { self.power_at(node, 0.0).min(power_w) } else { 0.0 };
        let cores = self.cores_of_idle(node);
        let cost_of_watt = self.cost_of_watt(node, now);
        if let Some(sharing) = self.deployments.nodes.get_mut(node.index()) {
            sharing.cores = cores;
            sharing.advance(now, cost_of_watt);
            let dynamic_w = if busy_cores > 0.0 { (power_w - idle_w) / busy_cores } else { 0.0 };
            sharing.watts = [dynamic_w, if cores > 0.0 { idle_w / cores } else { 0.0 }];
        }
    }
}

#[cfg(test)]
mod tests;
