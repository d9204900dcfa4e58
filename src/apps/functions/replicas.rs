//! Replicas: how many there are, who serves, who stops.

use super::keep_alive::Keeper;
use super::outcome::Outcome;
use super::report::{Cause, Change, Load, Missing, ReplicaChange, Stages};
use super::workload::FunctionWorkload;
use crate::apps::Context;
use crate::apps::replica_allocation::ReplicaAllocation;
use crate::engine::{ABSENT, EntityStream, SimTime};
use crate::infra::ProcessorId;
use std::collections::VecDeque;

/// A replica of a function.
#[derive(Debug)]
pub(super) struct Replica {
    /// Its number in the workload, in order of their starts.
    pub(super) number: u64,
    pub(super) processor: ProcessorId,
    /// When its start began, and when it is or will be over; [`SimTime::MAX`] until that is known.
    pub(super) began: SimTime,
    pub(super) ready_at: SimTime,
    pub(super) idle_since: SimTime,
    pub(super) stages: Stages,
    pub(super) pool: u32,
    /// Its place among those of its pool.
    pub(super) place: u32,
    /// Requests that it serves.
    pub(super) running: u32,
    /// Requests that it was given so far.
    pub(super) uses: u32,
    /// The request that it was started for and is to serve first, or [`ABSENT`].
    pub(super) bound: u32,
    pub(super) is_ready: bool,
    /// Whether it stops once it has served what it serves.
    pub(super) drains: bool,
    /// Whether it has served nobody yet.
    pub(super) is_new: bool,
}

/// The replicas of a function at a node, or in the cloud, and what waits for them.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) replicas: Vec<u32>,
    /// Those that are ready and serve nobody, the one last that served last.
    pub(super) idle: VecDeque<u32>,
    /// Requests that wait for any of them.
    pub(super) waiting: VecDeque<u32>,
    /// Requests that wait for the start of the one that they are bound to.
    pub(super) bound: u32,
    /// Replicas as allocated.
    pub(super) target: u32,
    /// Those that are ready and do not drain, and those that start.
    pub(super) ready: u32,
    pub(super) starting: u32,
    /// Requests that are served, and replicas that serve.
    pub(super) in_flight: u32,
    pub(super) busy: u32,
    /// Whether a request that finds none that is idle has one started for itself.
    pub(super) per_request: bool,
    /// Whether a request wants one, beyond the target, as soon as there is room.
    pub(super) is_demanded: bool,
    /// Replicas that were missing when that was told last.
    told_missing: u32,
    /// Whether a timer sees to its queue, and one to its idle replicas.
    pub(super) watches: bool,
    pub(super) keeps: bool,
    pub(super) last_stop: Option<SimTime>,
    pub(super) keeper: Keeper,
    /// For stages of starts; that of the run takes its place at the start.
    pub(super) random: Option<EntityStream>,
}

impl Pool {
    pub(super) fn new(per_request: bool, keeper: Keeper) -> Self {
        Pool {
            replicas: Vec::new(),
            idle: VecDeque::new(),
            waiting: VecDeque::new(),
            bound: 0,
            target: 0,
            ready: 0,
            starting: 0,
            in_flight: 0,
            busy: 0,
            per_request,
            is_demanded: false,
            told_missing: 0,
            watches: false,
            keeps: false,
            last_stop: None,
            keeper,
            random: None,
        }
    }

    /// Replicas that serve, could, or start, and are not to stop.
    pub(super) fn live(&self) -> u32 {
        self.ready + self.starting
    }

    pub(super) fn has_idle(&self) -> bool {
        !self.idle.is_empty()
    }

    /// Replicas that are wanted and not there.
    fn missing(&self) -> u32 {
        self.target.max(u32::from(self.is_demanded)).saturating_sub(self.live())
    }

    fn draining(&self) -> u32 {
        self.replicas.len() as u32 - self.live()
    }

    pub(super) fn load(&self) -> Load {
        Load {
            queued: self.waiting.len() as u32 + self.bound,
            in_flight: self.in_flight,
            busy: self.busy,
            ready: self.ready,
            starting: self.starting,
            held: self.replicas.len() as u32,
        }
    }
}

impl FunctionWorkload {
    /// A new allocation holds from now on.
    pub(super) fn apply(&mut self, allocation: &ReplicaAllocation, context: &mut dyn Context) {
        self.router.set(allocation.shares.clone());
        let streams = self.problem.streams();
        let targets = allocation.replicas.iter().take(streams);
        for (own, &target) in self.pools.iter_mut().zip(targets) {
            own.per_request = allocation.per_request;
            own.target = target;
        }
        for pool in 0..streams as u32 {
            self.keep_draining(pool);
            if !allocation.per_request {
                self.drop_excess(pool, context);
            }
            let own = &mut self.pools[pool as usize];
            let is_stranded = own.live() == 0 && !own.waiting.is_empty();
            own.is_demanded = self.options.start_on_demand && is_stranded;
            self.note(pool, context.now());
        }
        for site in 0..self.problem.nodes.len() as u32 {
            let draining: u32 =
                self.pools_of(site).map(|pool| self.pools[pool as usize].draining()).sum();
            if !self.fill(site, context) {
                continue;
            }
            let why = if draining > 0 { Missing::Wait } else { Missing::Short };
            for pool in self.pools_of(site) {
                let own = &mut self.pools[pool as usize];
                let missing = own.missing();
                // What was missing before was told before.
                let more = missing.saturating_sub(own.told_missing);
                own.told_missing = missing;
                if more > 0 {
                    self.accounts.missing(why, more);
                }
            }
        }
    }

    /// Keeps as many of those that were to stop as are wanted again.
    fn keep_draining(&mut self, pool: u32) {
        let own = &mut self.pools[pool as usize];
        for &key in &own.replicas {
            if own.live() >= own.target {
                break;
            }
            let replica = &mut self.replicas[key as usize];
            if replica.drains {
                replica.drains = false;
                own.ready += 1;
            }
        }
    }

    /// Stops what is beyond the target: those that are idle, the one first that was used least recently, then those that
    /// start, the last one first, then those that serve, once they are done. One stays as long as requests wait.
    fn drop_excess(&mut self, pool: u32, context: &mut dyn Context) {
        let own = &self.pools[pool as usize];
        let wanted = own.target.max(u32::from(!own.waiting.is_empty()));
        while self.pools[pool as usize].live() > wanted {
            let own = &self.pools[pool as usize];
            let starting = |&&key: &&u32| {
                let replica = &self.replicas[key as usize];
                !replica.is_ready && replica.bound == ABSENT
            };
            let last = |&&key: &&u32| self.replicas[key as usize].number;
            if let Some(&key) = own.idle.front() {
                self.remove(key, Change::Stopped, Cause::Allocation, context);
            } else if let Some(&key) = own.replicas.iter().filter(starting).max_by_key(last) {
                self.remove(key, Change::Stopped, Cause::Allocation, context);
            } else {
                let serving = |&&key: &&u32| {
                    let replica = &self.replicas[key as usize];
                    replica.is_ready && !replica.drains
                };
                let first = own.replicas.iter().filter(serving);
                let Some(&key) = first.min_by_key(|&&key| self.replicas[key as usize].number) else {
                    break;
                };
                self.replicas[key as usize].drains = true;
                self.pools[pool as usize].ready -= 1;
                self.tell(key, Change::Draining, Cause::Allocation, context);
            }
        }
    }

    /// Starts what is wanted at a site, one replica of each function in turn, as far as there is room; whether the node works.
    pub(super) fn fill(&mut self, site: u32, context: &mut dyn Context) -> bool {
        if !context.infrastructure().node(self.sites[site as usize]).is_available() {
            return false;
        }
        let mut refused: smallvec::SmallVec<[u32; 8]> = smallvec::SmallVec::new();
        loop {
            let mut started = false;
            for pool in self.pools_of(site) {
                if self.pools[pool as usize].missing() > 0 && !refused.contains(&pool) {
                    let cause = if self.pools[pool as usize].live() < self.pools[pool as usize].target {
                        Cause::Allocation
                    } else {
                        Cause::Request
                    };
                    if self.start_replica(pool, cause, ABSENT, context) {
                        self.pools[pool as usize].is_demanded = false;
                        started = true;
                    } else {
                        refused.push(pool);
                    }
                }
            }
            if !started {
                return true;
            }
        }
    }

    /// Starts a replica where a request found none; whether there is one now, or will be.
    pub(super) fn start_for_request(&mut self, pool: u32, context: &mut dyn Context) -> bool {
        if self.start_replica(pool, Cause::Request, ABSENT, context) {
            return true;
        }
        let draining = self.pools_of(self.site(pool)).any(|own| self.pools[own as usize].draining() > 0);
        self.pools[pool as usize].is_demanded = draining;
        draining
    }

    /// Has a new replica serve a request.
    pub(super) fn serve_by_new(&mut self, key: u32, pool: u32, context: &mut dyn Context) {
        let is_full = self.pools[pool as usize].live() >= self.function(pool).maximum;
        if is_full && !self.is_cloud(pool) {
            self.overflow(key, Outcome::Rejected, context);
        } else if !self.start_replica(pool, Cause::Request, key, context) {
            self.overflow(key, Outcome::NoReplica, context);
        }
    }

    /// A replica with room for a request: the one that served last of those that serve nobody, else the one that serves
    /// fewest.
    pub(super) fn take_free(&mut self, pool: u32) -> Option<u32> {
        let own = &mut self.pools[pool as usize];
        if let Some(key) = own.idle.pop_back() {
            return Some(key);
        }
        let most = self.functions[pool as usize % self.functions.len()].concurrency;
        if most <= 1 {
            return None;
        }
        let has_room = |&key: &u32| {
            let replica = &self.replicas[key as usize];
            replica.is_ready && !replica.drains && replica.running < most
        };
        let free = own.replicas.iter().copied().filter(has_room);
        free.min_by_key(|&key| (self.replicas[key as usize].running, self.replicas[key as usize].number))
    }

    /// A replica serves one request less.
    pub(super) fn free(&mut self, key: u32, now: SimTime) {
        let replica = &mut self.replicas[key as usize];
        replica.running -= 1;
        let own = &mut self.pools[replica.pool as usize];
        own.in_flight -= 1;
        if replica.running == 0 {
            own.busy -= 1;
            replica.idle_since = now;
            if !replica.drains {
                own.idle.push_back(key);
            }
        }
    }

    /// A replica is done with a request: it goes on with what waits, stops if it drains, or is idle.
    pub(super) fn served(&mut self, key: u32, context: &mut dyn Context) {
        let now = context.now();
        self.free(key, now);
        let replica = &self.replicas[key as usize];
        let (pool, is_idle) = (replica.pool, replica.running == 0);
        if replica.drains {
            if is_idle {
                self.stop(key, Change::Stopped, Cause::Allocation, context);
            }
            return;
        }
        self.serve_waiting(pool, context);
        if self.replicas.get(key as usize).is_some_and(|own| own.running == 0) {
            self.keep(pool, context);
        }
    }

    /// Serves what waits for a pool, as far as there is room.
    pub(super) fn serve_waiting(&mut self, pool: u32, context: &mut dyn Context) {
        while !self.pools[pool as usize].waiting.is_empty() {
            let Some(replica) = self.take_free(pool) else { break };
            if let Some(key) = self.pools[pool as usize].waiting.pop_front() {
                self.serve(key, replica, context);
            }
        }
    }

    /// Ends a replica that serves nobody, and starts what waits for its room.
    pub(super) fn stop(&mut self, key: u32, change: Change, cause: Cause, context: &mut dyn Context) {
        let pool = self.replicas[key as usize].pool;
        self.remove(key, change, cause, context);
        self.note(pool, context.now());
        let site = self.site(pool);
        if self.pools_of(site).any(|own| self.pools[own as usize].missing() > 0) {
            self.fill(site, context);
        }
    }

    /// Takes a replica off its node.
    pub(super) fn remove(&mut self, key: u32, change: Change, cause: Cause, context: &mut dyn Context) {
        self.tell(key, change, cause, context);
        let Some(replica) = self.replicas.try_remove(key as usize) else { return };
        let own = &mut self.pools[replica.pool as usize];
        own.replicas.swap_remove(replica.place as usize);
        if let Some(&moved) = own.replicas.get(replica.place as usize) {
            self.replicas[moved as usize].place = replica.place;
        }
        if replica.is_ready {
            own.ready -= u32::from(!replica.drains);
            if replica.running == 0
                && let Some(place) = own.idle.iter().position(|&idle| idle == key)
            {
                own.idle.remove(place);
            }
        } else {
            own.starting -= 1;
        }
        own.in_flight -= replica.running;
        own.busy -= u32::from(replica.running > 0);
        if change != Change::Lost {
            own.last_stop = Some(context.now());
        }
        // Its jobs have ended before, or end by themselves with their node.
        let (_, energy) = context.undeploy(replica.processor);
        self.accounts.charge(replica.pool, energy);
    }

    /// A node has gone, and all that was on it; what was served there ends by itself.
    pub(super) fn node_gone(&mut self, site: u32, outcome: Outcome, context: &mut dyn Context) {
        for pool in self.pools_of(site) {
            let own = &mut self.pools[pool as usize];
            own.is_demanded = false;
            own.bound = 0;
            let waiting = std::mem::take(&mut own.waiting);
            let mut replicas = own.replicas.clone();
            replicas.sort_unstable_by_key(|&key| self.replicas[key as usize].number);
            for key in waiting {
                self.end(key, outcome, context);
            }
            for key in replicas {
                let bound = self.replicas[key as usize].bound;
                if bound != ABSENT {
                    self.end(bound, outcome, context);
                }
                self.remove(key, Change::Lost, Cause::Node, context);
            }
            self.note(pool, context.now());
        }
    }

    /// Accounts for what happens to a replica.
    pub(super) fn tell(&mut self, key: u32, change: Change, cause: Cause, context: &mut dyn Context) {
        let replica = &self.replicas[key as usize];
        let own = &self.pools[replica.pool as usize];
        let is_flap = change == Change::Started
            && own.last_stop.is_some_and(|stop| context.now().since(stop).as_secs() <= 60.0);
        let change = ReplicaChange {
            pool: replica.pool,
            replica: replica.number,
            change,
            cause,
            stages: replica.stages,
            is_flap,
        };
        self.accounts.replica(&change, context);
    }
}
