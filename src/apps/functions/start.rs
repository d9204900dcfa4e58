//! How a replica starts: its stages, and the image that it needs.

use super::outcome::Outcome;
use super::replicas::Replica;
use super::report::{Cause, Change, Stages};
use super::workload::{FunctionWorkload, STAGE};
use crate::apps::{Context, Message};
use crate::engine::{ABSENT, Phase, SimDuration, SimTime};
use crate::infra::compute::{Discipline, Refusal, Resources};
use crate::infra::{NodeId, TransferId, TransferOutcome, TransferRecord};

/// What tells pulls of images from requests in tokens.
const PULL: u64 = 1 << 63;

/// An image at a site.
#[derive(Debug)]
struct Stored {
    image: u32,
    used: SimTime,
}

/// An image on its way to a site.
#[derive(Debug)]
struct Pull {
    image: u32,
    transfer: TransferId,
    began: SimTime,
    /// Replicas that wait for it, by key and number.
    waiting: Vec<(u32, u64)>,
}

/// Images that are at a site, or on the way to it.
#[derive(Debug, Default)]
struct Store {
    stored: Vec<Stored>,
    pulls: Vec<Pull>,
}

/// The images of all sites.
#[derive(Debug)]
pub(super) struct Images {
    sites: Vec<Store>,
}

impl Images {
    pub(super) fn new(sites: usize) -> Self {
        Images { sites: (0..sites).map(|_| Store::default()).collect() }
    }
}

impl FunctionWorkload {
    /// Starts a replica, for a request that it is bound to unless that is [`ABSENT`]; whether there is room for it.
    pub(super) fn start_replica(
        &mut self,
        pool: u32,
        cause: Cause,
        bound: u32,
        context: &mut dyn Context,
    ) -> bool {
        let (node, function) = (self.node(pool), self.function(pool));
        let cores = function.cores;
        let discipline = Discipline::TimeShared { job_limit: function.concurrency as usize };
        let resources =
            Resources { memory_bytes: function.memory_mb as f64 * 1e6, ..Resources::default() };
        let processor = loop {
            match context.deploy(node, cores, discipline, &resources) {
                Ok(processor) => break processor,
                Err(Refusal::Memory | Refusal::Cores) if self.evict(self.site(pool), context) => {}
                Err(_) => return false,
            }
        };
        // Nothing of it is booked by applications.
        context.infrastructure().leave(processor);
        let now = context.now();
        let function = &self.functions[pool as usize % self.functions.len()];
        let own = &mut self.pools[pool as usize];
        own.keeper.use_at(self.eviction_clocks[pool as usize / self.functions.len()]);
        let mut stages = Stages::default();
        if let Some(random) = own.random.as_mut().filter(|_| function.cold_time_s.is_none()) {
            stages.scheduling_s = function.start.scheduling_s.sample(random);
            stages.create_s = function.start.create_s.sample(random);
            stages.init_s = function.start.init_s.sample(random);
        }
        let replica = Replica {
            number: self.next_replica,
            processor,
            began: now,
            ready_at: SimTime::MAX,
            idle_since: now,
            stages,
            pool,
            place: own.replicas.len() as u32,
            running: 0,
            uses: 0,
            bound,
            is_ready: false,
            drains: false,
            is_new: true,
        };
        self.next_replica += 1;
        let key = self.replicas.insert(replica) as u32;
        own.replicas.push(key);
        own.starting += 1;
        own.bound += u32::from(bound != ABSENT);
        self.tell(key, Change::Started, cause, context);
        self.use_image(pool, now);
        self.note(pool, now);
        if !self.needs_pull(pool) {
            self.boot(key, stages.scheduling_s, context);
        } else if stages.scheduling_s > 0.0 {
            self.set_stage(key, stages.scheduling_s, context);
        } else if !self.pull(key, context) {
            self.give_up(key, context);
            return false;
        }
        true
    }

    fn set_stage(&mut self, key: u32, seconds: f64, context: &mut dyn Context) {
        let detail = self.replicas[key as usize].number;
        let message = Message { code: STAGE, subject: key, detail };
        context.set_timer(context.now() + SimDuration::from_secs(seconds), Phase::Completion, message);
    }

    /// A stage of the start of a replica is over.
    pub(super) fn stage_over(&mut self, key: u32, number: u64, context: &mut dyn Context) {
        let Some(replica) = self.replicas.get(key as usize).filter(|own| own.number == number) else {
            return;
        };
        if replica.ready_at == SimTime::MAX {
            let bound = replica.bound;
            if !self.pull(key, context) {
                self.give_up(key, context);
                self.end_bound(bound, context);
            }
        } else {
            self.ready(key, context);
        }
    }

    /// What is left of a start once its image is there, after `before_s`.
    fn boot(&mut self, key: u32, before_s: f64, context: &mut dyn Context) {
        let replica = &mut self.replicas[key as usize];
        let seconds = before_s + replica.stages.create_s + replica.stages.init_s;
        replica.ready_at = context.now() + SimDuration::from_secs(seconds);
        if replica.ready_at > context.now() {
            self.set_stage(key, seconds, context);
        } else {
            self.ready(key, context);
        }
    }

    /// A replica can serve.
    fn ready(&mut self, key: u32, context: &mut dyn Context) {
        let now = context.now();
        let replica = &mut self.replicas[key as usize];
        replica.is_ready = true;
        replica.ready_at = now;
        replica.idle_since = now;
        let bound = std::mem::replace(&mut replica.bound, ABSENT);
        let pool = replica.pool;
        let own = &mut self.pools[pool as usize];
        own.starting -= 1;
        own.ready += 1;
        self.tell(key, Change::Ready, Cause::Start, context);
        if bound == ABSENT {
            self.pools[pool as usize].idle.push_back(key);
        } else {
            self.pools[pool as usize].bound -= 1;
            self.requests[bound as usize].is_cold = true;
            self.serve(bound, key, context);
        }
        self.serve_waiting(pool, context);
        if self.replicas[key as usize].running == 0 {
            self.keep(pool, context);
        }
        self.note(pool, now);
    }

    /// Whether the image of a pool's function has to be brought to its node.
    fn needs_pull(&self, pool: u32) -> bool {
        let Some(image) = self.function(pool).image else { return false };
        let bytes = self.images.get(image as usize).map_or(0.0, |image| image.bytes);
        let node = self.node(pool);
        let registries = &self.options.registries;
        if bytes <= 0.0 || registries.is_empty() || registries.contains(&node) {
            return false;
        }
        let store = &self.image_store.sites[self.site(pool) as usize];
        !store.stored.iter().any(|own| own.image == image)
    }

    /// Brings the image of a replica to its node, or waits for it if it is on the way; whether it can come.
    fn pull(&mut self, key: u32, context: &mut dyn Context) -> bool {
        let replica = &self.replicas[key as usize];
        let (pool, number) = (replica.pool, replica.number);
        // It may have come meanwhile.
        let Some(image) = self.function(pool).image.filter(|_| self.needs_pull(pool)) else {
            self.boot(key, 0.0, context);
            return true;
        };
        let site = self.site(pool);
        let store = &mut self.image_store.sites[site as usize];
        if let Some(pull) = store.pulls.iter_mut().find(|own| own.image == image) {
            pull.waiting.push((key, number));
            return true;
        }
        let bytes = self.images[image as usize].bytes;
        let token = PULL | (u64::from(site) << 32) | u64::from(image);
        let node = self.node(pool);
        let started = self
            .registry_for(node, context)
            .and_then(|from| context.start_transfer(from, node, bytes, token).ok());
        let Some(transfer) = started else { return false };
        let pull = Pull { image, transfer, began: context.now(), waiting: vec![(key, number)] };
        self.image_store.sites[site as usize].pulls.push(pull);
        true
    }

    /// The nearest registry that can be reached.
    fn registry_for(&self, node: NodeId, context: &mut dyn Context) -> Option<NodeId> {
        let infrastructure = context.infrastructure();
        let mut best: Option<(f64, NodeId)> = None;
        for &from in &self.options.registries {
            if !infrastructure.node(from).is_available() {
                continue;
            }
            if let Some(latency_s) = infrastructure.latency_s(from, node)
                && best.is_none_or(|(least_s, _)| latency_s < least_s)
            {
                best = Some((latency_s, from));
            }
        }
        best.map(|(_, from)| from)
    }

    /// Ends a start that cannot go on.
    fn give_up(&mut self, key: u32, context: &mut dyn Context) {
        let replica = &self.replicas[key as usize];
        let pool = replica.pool;
        self.pools[pool as usize].bound -= u32::from(replica.bound != ABSENT);
        self.remove(key, Change::Lost, Cause::Image, context);
        self.note(pool, context.now());
    }

    /// The request that a replica was started for, if there was one, has none.
    fn end_bound(&mut self, bound: u32, context: &mut dyn Context) {
        if bound != ABSENT {
            self.overflow(bound, Outcome::NoReplica, context);
        }
    }

    /// A transfer has ended; whether it was of an image.
    pub(super) fn pulled(&mut self, record: &TransferRecord, context: &mut dyn Context) -> bool {
        let token = record.owner.token;
        if token & PULL == 0 {
            return false;
        }
        let (site, image) = (((token & !PULL) >> 32) as usize, token as u32);
        let now = context.now();
        let store = &mut self.image_store.sites[site];
        let Some(place) = store.pulls.iter().position(|own| own.transfer == record.id) else {
            return true;
        };
        let pull = store.pulls.remove(place);
        let is_there = record.outcome == TransferOutcome::Delivered;
        if is_there {
            self.store_image(site, image, now);
        }
        for (key, number) in pull.waiting {
            let Some(replica) = self.replicas.get_mut(key as usize).filter(|own| own.number == number)
            else {
                continue;
            };
            replica.stages.pull_s = now.since(replica.began.max(pull.began)).as_secs();
            if is_there {
                self.boot(key, 0.0, context);
            } else {
                let bound = replica.bound;
                self.give_up(key, context);
                self.end_bound(bound, context);
            }
        }
        true
    }

    /// Keeps an image at a site, and removes those that were used least recently and no replica needs, as far as there is no
    /// room for all.
    fn store_image(&mut self, site: usize, image: u32, now: SimTime) {
        let bytes_of = |image: u32| self.images[image as usize].bytes;
        let needed: Vec<u32> = self
            .pools_of(site as u32)
            .filter(|&pool| !self.pools[pool as usize].replicas.is_empty())
            .filter_map(|pool| self.function(pool).image)
            .collect();
        let store = &mut self.image_store.sites[site];
        store.stored.push(Stored { image, used: now });
        let mut held: f64 = store.stored.iter().map(|own| bytes_of(own.image)).sum();
        while held > self.options.image_cache_bytes {
            let unneeded = |(_, own): &(usize, &Stored)| !needed.contains(&own.image);
            let least = store.stored.iter().enumerate().filter(unneeded).min_by_key(|(_, own)| own.used);
            let Some((place, _)) = least else { break };
            held -= bytes_of(store.stored.remove(place).image);
        }
    }

    /// The image of a pool's function is used.
    pub(super) fn use_image(&mut self, pool: u32, now: SimTime) {
        let (site, image) = (self.site(pool), self.function(pool).image);
        let store = &mut self.image_store.sites[site as usize];
        if let Some(own) = store.stored.iter_mut().find(|own| Some(own.image) == image) {
            own.used = now;
        }
    }
}
