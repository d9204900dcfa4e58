//! Instances: they are made, pull their image, boot, serve, die and return with their nodes, and end.

use super::directory::Outage;
use super::windows::{LatencyWindow, LoadWindow};
use super::workload::{Errand, Sessions};
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{AgentLayout, DEPLOY_REFUSED, DEPLOYED};
use crate::apps::{Context, Message};
use crate::engine::{ABSENT, Phase, SimDuration, SimTime};
use crate::infra::compute::{Accelerator, Discipline, Refusal, Resources};
use crate::infra::{NodeId, ProcessorId, TransferId, TransferOutcome, TransferRecord};

/// Timer: an instance has booted.
pub(super) const BOOTED: u32 = 4;

/// Tokens of pulls have this bit.
pub(super) const PULL: u64 = 1 << 62;

/// What an instance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits for its image.
    Pulling(TransferId),
    /// It starts.
    Booting,
    /// It takes requests.
    Ready,
    /// Its node has gone; it starts again when that is back.
    Down,
}

/// An instance.
#[derive(Debug)]
pub(super) struct Instance {
    /// What tells it from others that were here, and from itself before its node went.
    pub(super) life: u32,
    pub(super) state: State,
    pub(super) processor: Option<ProcessorId>,
    /// Requests that it processes.
    jobs: u32,
    pub(super) users: Vec<u32>,
    pub(super) latencies: LatencyWindow,
    pub(super) load: LoadWindow,
    pub(super) last_access: SimTime,
}

impl Sessions {
    /// The place of an instance of a service on a node; `None` if that is no platform.
    pub(super) fn slot(&self, node: NodeId, service: u32) -> Option<u32> {
        let place = self.platform_of_node.get(node.index()).copied().unwrap_or(ABSENT);
        (place != ABSENT).then(|| place * self.options.services.len() as u32 + service)
    }

    /// The platform of a place.
    pub(super) fn node_of(&self, slot: u32) -> NodeId {
        self.options.platforms[slot as usize / self.options.services.len()]
    }

    /// The service of a place.
    pub(super) fn service_of(&self, slot: u32) -> u32 {
        slot % self.options.services.len() as u32
    }

    pub(super) fn instance(&self, slot: u32) -> Option<&Instance> {
        let key = *self.instance_at.get(slot as usize)?;
        self.instances.get(key as usize)
    }

    pub(super) fn instance_mut(&mut self, slot: u32) -> Option<&mut Instance> {
        let key = *self.instance_at.get(slot as usize)?;
        self.instances.get_mut(key as usize)
    }

    /// Reserves what an instance needs of its node.
    fn reserve(&self, slot: u32, context: &mut dyn Context) -> Result<ProcessorId, Refusal> {
        let node = self.node_of(slot);
        let needs = &self.options.services[self.service_of(slot) as usize].facts.requirements;
        let mut resources = Resources {
            memory_bytes: needs.memory_bytes,
            storage_bytes: needs.storage_bytes,
            accelerators: Vec::new(),
        };
        let discipline = Discipline::TimeShared { job_limit: usize::MAX };
        let mut found = Err(Refusal::Accelerator);
        // Of the first kind that has as many left; those that tasks take in turn cannot be reserved.
        let class = context.infrastructure().class_of(node);
        let kinds: Vec<u16> = class.resources.accelerators.iter().map(|own| own.kind).collect();
        let takes = needs.gpus > 0 && !kinds.is_empty();
        let kinds = if takes { kinds.into_iter().map(Some).collect() } else { vec![None] };
        for kind in kinds {
            resources.accelerators =
                kind.map(|kind| Accelerator { kind, count: needs.gpus }).into_iter().collect();
            found = context.deploy(node, needs.cores, discipline, &resources);
            if found.is_ok() {
                break;
            }
        }
        let processor = found?;
        // Nobody has booked it.
        context.infrastructure().leave(processor);
        Ok(processor)
    }

    /// Makes an instance that is there from the start; whether its node could hold it.
    pub(super) fn place_given(&mut self, slot: u32, context: &mut dyn Context) -> bool {
        self.has_image[slot as usize] = true;
        let reserved = self.reserve(slot, context).ok();
        if let Some(processor) = reserved {
            self.add_instance(slot, processor, State::Ready, context.now());
            self.outages[slot as usize].until = context.now();
        }
        reserved.is_some()
    }

    fn add_instance(&mut self, slot: u32, processor: ProcessorId, state: State, now: SimTime) {
        self.next_life += 1;
        let instance = Instance {
            life: self.next_life,
            state,
            processor: Some(processor),
            jobs: 0,
            users: Vec::new(),
            latencies: LatencyWindow::default(),
            load: LoadWindow::new(now),
            last_access: now,
        };
        self.instance_at[slot as usize] = self.instances.insert(instance) as u32;
        let service = self.service_of(slot) as usize;
        self.instance_counts[service] += 1;
    }

    /// A control plane wants an instance on a platform, where there is none.
    pub(super) fn deploy(&mut self, slot: u32, context: &mut dyn Context) {
        match self.reserve(slot, context) {
            Ok(processor) => {
                self.add_instance(slot, processor, State::Booting, context.now());
                self.begin_instance(slot, context);
            }
            Err(_) => self.tell_agent(slot, DEPLOY_REFUSED),
        }
    }

    /// An instance that has its cores pulls its image, if that is not there, and boots.
    fn begin_instance(&mut self, slot: u32, context: &mut dyn Context) {
        let node = self.node_of(slot);
        let service = &self.options.services[self.service_of(slot) as usize];
        let image_bytes = service.facts.image_bytes;
        let pulls = !self.has_image[slot as usize] && image_bytes > 0.0;
        let Some(registry) = self.options.registry.filter(|&from| pulls && from != node) else {
            return self.boot(slot, context);
        };
        match context.start_transfer(registry, node, image_bytes, PULL | u64::from(slot)) {
            Ok(transfer) => {
                if let Some(instance) = self.instance_mut(slot) {
                    instance.state = State::Pulling(transfer);
                }
            }
            Err(_) => self.give_up(slot, context),
        }
    }

    /// An image is there, or will not come.
    pub(super) fn pulled(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        let slot = (record.owner.token & !PULL) as u32;
        let waits = |state| state == State::Pulling(record.id);
        if !self.instance(slot).is_some_and(|own| waits(own.state)) {
            return;
        }
        if record.outcome == TransferOutcome::Delivered {
            self.has_image[slot as usize] = true;
            self.boot(slot, context);
        } else {
            self.give_up(slot, context);
        }
    }

    fn boot(&mut self, slot: u32, context: &mut dyn Context) {
        let boot = self.options.services[self.service_of(slot) as usize].boot;
        let Some(instance) = self.instance_mut(slot) else { return };
        instance.state = State::Booting;
        let detail = u64::from(instance.life);
        // An agent that returns at this instant begins before.
        let message = Message { code: BOOTED, subject: slot, detail };
        context.set_timer(context.now() + boot, Phase::Completion, message);
    }

    /// An instance has booted.
    pub(super) fn booted(&mut self, slot: u32, life: u64, context: &mut dyn Context) {
        let Some(instance) = self.instance_mut(slot) else { return };
        if u64::from(instance.life) != life || instance.state != State::Booting {
            return;
        }
        instance.state = State::Ready;
        instance.last_access = context.now();
        self.outages[slot as usize].until = context.now();
        self.tell_agent(slot, DEPLOYED);
    }

    /// An instance that was wanted cannot be.
    fn give_up(&mut self, slot: u32, context: &mut dyn Context) {
        self.end_instance(slot, context);
        self.tell_agent(slot, DEPLOY_REFUSED);
    }

    /// Tells the agent of a platform what has come of an instance.
    fn tell_agent(&mut self, slot: u32, code: u32) {
        if self.options.plane.layout == AgentLayout::None {
            return;
        }
        let agent = AgentId(slot / self.options.services.len() as u32);
        let detail = u64::from(self.service_of(slot));
        self.errands.push_back(Errand::Wake { agent, code, detail });
    }

    /// Ends an instance; what it processes is lost.
    pub(super) fn end_instance(&mut self, slot: u32, context: &mut dyn Context) {
        let Some(key) = self.instance_at.get_mut(slot as usize) else { return };
        let key = std::mem::replace(key, ABSENT);
        let Some(instance) = self.instances.try_remove(key as usize) else { return };
        let service = self.service_of(slot) as usize;
        self.instance_counts[service] -= 1;
        for &user in &instance.users {
            self.users[user as usize].connected = ABSENT;
        }
        if instance.state == State::Ready {
            self.outages[slot as usize] = Outage { since: context.now(), until: SimTime::MAX };
        }
        self.stop(slot, instance.state, instance.processor, context);
    }

    /// Gives back what an instance has.
    fn stop(
        &mut self,
        slot: u32,
        state: State,
        processor: Option<ProcessorId>,
        context: &mut dyn Context,
    ) {
        if let State::Pulling(transfer) = state {
            let token = PULL | u64::from(slot);
            context.abort_transfer(transfer, token, TransferOutcome::Dropped);
        }
        if let Some(processor) = processor {
            let (jobs, _) = context.undeploy(processor);
            for job in jobs {
                self.lose(job.owner.token, context);
            }
        }
    }

    /// A platform has gone: its instances stop.
    pub(super) fn platform_gone(&mut self, place: u32, context: &mut dyn Context) {
        let now = context.now();
        let services = self.options.services.len() as u32;
        for slot in place * services..(place + 1) * services {
            let next_life = self.next_life + 1;
            let Some(instance) = self.instance_mut(slot) else { continue };
            let (state, processor) = (instance.state, instance.processor.take());
            if state == State::Down {
                continue;
            }
            (instance.state, instance.life, instance.jobs) = (State::Down, next_life, 0);
            instance.latencies = LatencyWindow::default();
            instance.load = LoadWindow::new(now);
            let users = std::mem::take(&mut instance.users);
            self.next_life = next_life;
            for user in users {
                self.users[user as usize].connected = ABSENT;
            }
            if state == State::Ready {
                self.outages[slot as usize] = Outage { since: now, until: SimTime::MAX };
            }
            self.stop(slot, state, processor, context);
        }
    }

    /// A platform is back: what was on it starts again, as containers do whose rule is to be always there. The image is
    /// still there.
    pub(super) fn platform_back(&mut self, place: u32, context: &mut dyn Context) {
        let services = self.options.services.len() as u32;
        for slot in place * services..(place + 1) * services {
            if !self.instance(slot).is_some_and(|own| own.state == State::Down) {
                continue;
            }
            match self.reserve(slot, context) {
                Ok(processor) => {
                    let now = context.now();
                    if let Some(instance) = self.instance_mut(slot) {
                        instance.processor = Some(processor);
                        instance.load = LoadWindow::new(now);
                        instance.last_access = now;
                    }
                    self.begin_instance(slot, context);
                }
                Err(_) => self.give_up(slot, context),
            }
        }
    }

    /// A user accesses an instance: it leaves the one where it was.
    pub(super) fn connect(&mut self, user: u32, slot: u32, now: SimTime) {
        self.users[user as usize].last_access = now;
        if self.users[user as usize].connected != slot {
            self.disconnect(user);
            if let Some(instance) = self.instance_mut(slot) {
                let place = instance.users.len() as u32;
                instance.users.push(user);
                let own = &mut self.users[user as usize];
                (own.connected, own.connected_at) = (slot, place);
            }
        }
        if let Some(instance) = self.instance_mut(slot) {
            instance.last_access = now;
        }
    }

    /// A user closes its connection.
    pub(super) fn disconnect(&mut self, user: u32) {
        let own = &mut self.users[user as usize];
        let (slot, place) = (std::mem::replace(&mut own.connected, ABSENT), own.connected_at);
        let Some(instance) = self.instance_mut(slot) else { return };
        instance.users.swap_remove(place as usize);
        if let Some(&moved) = instance.users.get(place as usize) {
            self.users[moved as usize].connected_at = place;
        }
    }

    /// An instance processes so many requests more.
    pub(super) fn load(&mut self, slot: u32, more: i32, now: SimTime) {
        let window = self.options.plane.window;
        let cores = self.options.services[self.service_of(slot) as usize].facts.requirements.cores;
        let Some(instance) = self.instance_mut(slot) else { return };
        instance.jobs = instance.jobs.saturating_add_signed(more);
        let load = if cores > 0.0 { (f64::from(instance.jobs) / cores).min(1.0) } else { 0.0 };
        instance.load.set(now, load, window);
    }

    /// How far back latencies and loads reach.
    pub(super) fn window(&self) -> SimDuration {
        self.options.plane.window
    }
}
