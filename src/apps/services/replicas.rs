//! Replicas: where they are, and the requests that are at them.

use super::application::Processing;
use super::migration::{Left, Move};
use super::outcome::Outcome;
use super::requests::Stage;
use super::workload::ServiceWorkload;
use crate::apps::Context;
use crate::engine::SimTime;
use crate::infra::assets::AssetId;
use crate::infra::compute::JobRequest;
use crate::infra::{NodeId, ProcessorId, Share};
use std::collections::VecDeque;

/// What a replica does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has no node.
    Absent,
    /// It has a node, but does not serve for the first time yet.
    Starting,
    /// It serves.
    Serving,
    /// It is being moved and does not serve meanwhile.
    Stopped,
}

/// An instance that a replica has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    pub(super) processor: ProcessorId,
    pub(super) node: NodeId,
    /// Up to when its application was charged for it, with so many joules in all, so many of them idle, and with which
    /// cost of them.
    pub(super) since: SimTime,
    pub(super) seen_j: f64,
    pub(super) seen_idle_j: f64,
    pub(super) seen_cost: f64,
}

/// A replica of a service.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) application: u32,
    pub(super) service: u32,
    /// Where requests are sent to and processed.
    pub(super) instance: Option<Instance>,
    pub(super) state: State,
    /// Requests that wait, in order of their coming.
    pub(super) queue: VecDeque<u32>,
    /// Requests that are processed, in no order; each knows its place.
    pub(super) running: Vec<u32>,
    /// Requests that are on their way to it, wait or are processed.
    pub(super) outstanding: u32,
    /// Counts its moves, so that timers of those that are over are told apart.
    pub(super) serial: u32,
    pub(super) moving: Option<Box<Move>>,
    /// What it has left behind, between two steps of one move.
    pub(super) left: Option<Left>,
    /// The node that it was placed on last.
    pub(super) last_node: Option<NodeId>,
    /// Where it has served last, and since when it does not, if it was taken off its node since then.
    pub(super) served: Option<(NodeId, SimTime)>,
}

impl Replica {
    pub(super) fn new(application: u32, service: u32) -> Self {
        Replica {
            application,
            service,
            instance: None,
            state: State::Absent,
            queue: VecDeque::new(),
            running: Vec::new(),
            outstanding: 0,
            serial: 0,
            moving: None,
            left: None,
            last_node: None,
            served: None,
        }
    }

    /// Where requests are sent to.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.instance.map(|instance| instance.node)
    }
}

/// What has become of a request at a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It waits or is processed.
    Stays,
    /// There was nothing to do for it.
    Passes,
    /// It has ended.
    Ends(Outcome),
}

/// Why requests leave a replica that stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// They wait until it goes on elsewhere; what is processed is processed anew.
    Hold,
    /// They are lost.
    Lose(Outcome),
}

impl ServiceWorkload {
    /// Takes in a request that has arrived at its replica.
    pub(super) fn admit(&mut self, key: u32, context: &mut dyn Context) -> Step {
        let Some(request) = self.requests.get(key as usize) else { return Step::Stays };
        let replica = &self.replicas[request.replica as usize];
        let service = self.service(replica.application, replica.service);
        match replica.state {
            State::Absent => return Step::Ends(Outcome::NotPlaced),
            State::Stopped if !self.options.hold => return Step::Ends(Outcome::LostInMigration),
            State::Serving if replica.running.len() < service.concurrency => {
                return self.start_processing(key, context);
            }
            _ => {}
        }
        if replica.queue.len() >= service.queue_limit {
            return Step::Ends(Outcome::QueueFull);
        }
        let index = request.replica as usize;
        self.replicas[index].queue.push_back(key);
        let request = &mut self.requests[key as usize];
        request.stage = Stage::Waiting;
        request.since = context.now();
        Step::Stays
    }

    /// Processes a request at its replica from now on.
    fn start_processing(&mut self, key: u32, context: &mut dyn Context) -> Step {
        let index = self.requests[key as usize].replica;
        let replica = &self.replicas[index as usize];
        let Some(instance) = replica.instance else { return Step::Ends(Outcome::NotPlaced) };
        let spec = self.applications[replica.application as usize].spec;
        let service = &self.specs[spec as usize].services[replica.service as usize];
        let request = &mut self.requests[key as usize];
        let drawn = match (&service.processing, request.drawn) {
            (Processing::None, _) => 0.0,
            (_, Some(drawn)) => drawn,
            (Processing::Time(amount) | Processing::Work(amount), None) => {
                amount.sample(&mut request.random)
            }
        };
        request.drawn = Some(drawn);
        let infrastructure = context.infrastructure();
        let mips = infrastructure.compute().mips(instance.processor);
        // What the node adds to each request is time on a core, too.
        let added_s = infrastructure.assets().offer(instance.node, AssetId::PROCESSING_TIME_S);
        let length_mi = match service.processing {
            Processing::Work(_) => drawn + added_s * mips,
            _ => (drawn + added_s) * mips,
        };
        if length_mi <= 0.0 {
            return Step::Passes;
        }
        let token = request.token(key);
        match context.submit_job_on(
            instance.processor,
            JobRequest::new(length_mi),
            Share::default(),
            token,
        ) {
            Ok(job) => {
                let replica = &mut self.replicas[index as usize];
                let request = &mut self.requests[key as usize];
                request.place = replica.running.len() as u32;
                replica.running.push(key);
                request.stage = Stage::Processing(job);
                request.since = context.now();
                Step::Stays
            }
            Err(_) if context.infrastructure().node(instance.node).is_available() => {
                Step::Ends(Outcome::RefusedForCapacity)
            }
            Err(_) => Step::Ends(Outcome::LostToFault),
        }
    }

    /// A request is processed no longer.
    pub(super) fn stop_processing(&mut self, key: u32) {
        let request = &self.requests[key as usize];
        let (place, replica) = (request.place as usize, request.replica as usize);
        let running = &mut self.replicas[replica].running;
        running.swap_remove(place);
        if let Some(&moved) = running.get(place) {
            self.requests[moved as usize].place = place as u32;
        }
    }

    /// Processes what waits, as far as it may.
    pub(super) fn serve(&mut self, index: u32, context: &mut dyn Context) {
        let mut passed: Vec<u32> = Vec::new();
        loop {
            let replica = &mut self.replicas[index as usize];
            let (application, service) = (replica.application, replica.service);
            if replica.state != State::Serving
                || replica.running.len() >= self.service(application, service).concurrency
            {
                break;
            }
            let Some(key) = self.replicas[index as usize].queue.pop_front() else { break };
            let request = &mut self.requests[key as usize];
            request.wait_s += context.now().since(request.since).as_secs();
            match self.start_processing(key, context) {
                Step::Stays => {}
                Step::Passes => passed.push(key),
                Step::Ends(outcome) => self.end(key, outcome, context),
            }
        }
        for key in passed {
            self.next_service(key, context);
        }
    }

    /// Takes all requests off a replica that stops.
    pub(super) fn stop_requests(&mut self, index: u32, stop: Stop, context: &mut dyn Context) {
        let mut running = std::mem::take(&mut self.replicas[index as usize].running);
        running.sort_unstable_by_key(|&key| self.requests[key as usize].number);
        for &key in &running {
            let request = &mut self.requests[key as usize];
            if let Stage::Processing(job) = request.stage {
                context.cancel_job(job, request.token(key));
            }
            request.processing_s += context.now().since(request.since).as_secs();
            request.stage = Stage::Waiting;
            request.since = context.now();
        }
        match stop {
            Stop::Hold => {
                let queue = &mut self.replicas[index as usize].queue;
                running.into_iter().rev().for_each(|key| queue.push_front(key));
            }
            Stop::Lose(outcome) => {
                let queue = std::mem::take(&mut self.replicas[index as usize].queue);
                for key in running.into_iter().chain(queue) {
                    self.end_waiting(key, outcome, context);
                }
            }
        }
    }

    /// Ends what waits for a replica whose node is gone; what was processed there ends by itself.
    pub(super) fn lose_queue(&mut self, index: u32, outcome: Outcome, context: &mut dyn Context) {
        for key in std::mem::take(&mut self.replicas[index as usize].queue) {
            self.end_waiting(key, outcome, context);
        }
    }

    fn end_waiting(&mut self, key: u32, outcome: Outcome, context: &mut dyn Context) {
        let request = &mut self.requests[key as usize];
        request.wait_s += context.now().since(request.since).as_secs();
        self.end(key, outcome, context);
    }

    /// A replica does something else from now on.
    pub(super) fn set_state(&mut self, index: u32, state: State, now: SimTime) {
        let replica = &mut self.replicas[index as usize];
        let before = std::mem::replace(&mut replica.state, state);
        let (application, service) = (replica.application as usize, replica.service as usize);
        let app = &mut self.applications[application];
        app.placed_replicas += u32::from(state != State::Absent);
        app.placed_replicas -= u32::from(before != State::Absent);
        let serving = &mut app.serving[service];
        let served = *serving > 0;
        *serving += u32::from(state == State::Serving);
        *serving -= u32::from(before == State::Serving);
        match (served, *serving > 0) {
            (false, true) => app.idle_services -= 1,
            (true, false) => app.idle_services += 1,
            _ => {}
        }
        app.has_served |= app.idle_services == 0;
        app.placed.set(now, app.placed_replicas == app.replicas);
        app.down.set(now, app.has_served && app.idle_services > 0);
    }
}
