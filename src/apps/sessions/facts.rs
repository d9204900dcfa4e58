//! What agents can know of the instances and users on their own nodes.

use super::instances::State;
use super::workload::Sessions;
use crate::apps::Context;
use crate::apps::orchestration::{
    Forced, INSTANCE_ASSETS, InstanceFacts, LoadShares, OrchestrationFacts, ServiceFacts, UserFacts,
    UserId,
};
use crate::infra::NodeId;
use crate::statistics::ranked_quantile;

impl Sessions {
    /// Notes how much a node uses, for an agent that may ask.
    pub(super) fn note_load(&mut self, node: NodeId, context: &mut dyn Context) {
        let now = context.now();
        self.now = now;
        let infrastructure = context.infrastructure();
        let own = infrastructure.node(node).processor;
        let busy = infrastructure.compute().busy_cores(own);
        let cores = f64::from(infrastructure.class_of(node).cores);
        let assets = infrastructure.assets();
        let share =
            |used: f64, offered: f64| if offered > 0.0 { (used / offered).clamp(0.0, 1.0) } else { 0.0 };
        let [_, memory, storage, gpu] =
            INSTANCE_ASSETS.map(|asset| share(assets.used(node, asset), assets.offer(node, asset)));
        let mut busy = busy;
        if let Some(first) = self.slot(node, 0) {
            for (slot, service) in (first..).zip(&self.options.services) {
                if let Some(instance) = self.instance(slot) {
                    busy += instance.load.mean(now, self.window()) * service.facts.requirements.cores;
                }
            }
        }
        self.load_of = (node, LoadShares { cpu: share(busy, cores), memory, storage, gpu });
    }
}

impl OrchestrationFacts for Sessions {
    fn services(&self) -> &[ServiceFacts] {
        &self.service_facts
    }

    fn platforms(&self) -> &[NodeId] {
        &self.options.platforms
    }

    fn users(&self) -> u32 {
        self.users.len() as u32
    }

    fn hosted(&self, node: NodeId, service: u32) -> Option<InstanceFacts> {
        if service as usize >= self.options.services.len() {
            return None;
        }
        let instance = self.instance(self.slot(node, service)?)?;
        Some(InstanceFacts {
            is_ready: instance.state == State::Ready,
            // Requests hold nothing but cores.
            load: LoadShares {
                cpu: instance.load.mean(self.now, self.window()),
                ..LoadShares::default()
            },
            users: instance.users.len() as u32,
            last_access: instance.last_access,
        })
    }

    fn users_of(&self, node: NodeId, service: u32, out: &mut Vec<UserFacts>) {
        let slot = self.slot(node, service).filter(|_| (service as usize) < self.options.services.len());
        let Some(instance) = slot.and_then(|slot| self.instance(slot)) else { return };
        let mut scratch = self.scratch.borrow_mut();
        let (users, latencies, values) = &mut *scratch;
        users.clear();
        users.extend_from_slice(&instance.users);
        users.sort_unstable();
        latencies.clear();
        instance.latencies.within(self.now, self.window(), latencies);
        latencies.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut rest = &latencies[..];
        for &user in &*users {
            // Those of users that have left are passed over.
            rest = &rest[rest.partition_point(|own| own.0 < user)..];
            let count = rest.partition_point(|own| own.0 == user);
            values.clear();
            values.extend(rest[..count].iter().map(|own| f64::from(own.1)));
            let own = &self.users[user as usize];
            out.push(UserFacts {
                user: UserId(user),
                position: own.position,
                median_s: (count > 0).then(|| crate::statistics::median_of_sorted(values)),
                p95_s: (count > 0).then(|| ranked_quantile(values, 0.95)),
                requests: count as u32,
                last_access: own.last_access,
            });
        }
    }

    fn load_of(&self, node: NodeId) -> LoadShares {
        let (known, load) = self.load_of;
        if known == node { load } else { LoadShares::default() }
    }

    fn redirects_at_once(&self) -> bool {
        self.options.redirects_at_once
    }

    fn forced(&self, number: u64) -> Option<Forced> {
        self.options.forced.get(number as usize).map(|forced| forced.action)
    }
}
