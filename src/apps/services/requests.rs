//! The life of a request: from its source along the services of its flow, and the answer back.

use super::application::Flow;
use super::outcome::Outcome;
use super::replicas::{State, Step};
use super::report::Spans;
use super::routing::Candidate;
use super::workload::ServiceWorkload;
use crate::apps::Context;
use crate::engine::{ABSENT, EntityStream, SimTime};
use crate::infra::{JobId, JobOutcome, NodeId, TransferId, TransferOutcome, TransferRecord};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is on its way to a replica.
    Sending(TransferId),
    /// It waits for its replica.
    Waiting,
    /// Its replica processes it.
    Processing(JobId),
    /// Its answer is on the way to its source.
    Answering(TransferId),
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// Its number in the workload, in order of creation.
    pub(super) number: u64,
    pub(super) application: u32,
    pub(super) flow: u32,
    pub(super) source: Option<NodeId>,
    pub(super) created: SimTime,
    pub(super) deadline_s: Option<f64>,
    /// All that is drawn of it, so that what becomes of one request changes nothing of another.
    pub(super) random: EntityStream,
    /// The service that it is at or on its way to, as a place in its flow.
    pub(super) step: u32,
    /// The replica of that, or [`ABSENT`].
    pub(super) replica: u32,
    /// Its place among those that its replica processes.
    pub(super) place: u32,
    pub(super) stage: Stage,
    /// Since when it does what it does.
    pub(super) since: SimTime,
    /// What the processing takes that it is at, once it is drawn.
    pub(super) drawn: Option<f64>,
    /// Bytes of the message that brings it to its replica.
    pub(super) bytes: f64,
    pub(super) network_s: f64,
    pub(super) wait_s: f64,
    pub(super) processing_s: f64,
}

/// What tells the state of a replica from a request in tokens.
pub(super) const STATE: u64 = 1 << 63;

impl Request {
    /// What its jobs and transfers are known by: where it is kept, and whether that is still it.
    pub(super) fn token(&self, key: u32) -> u64 {
        ((self.number & 0x7fff_ffff) << 32) | u64::from(key)
    }
}

impl ServiceWorkload {
    /// Creates a request and sends it on its way.
    pub(super) fn create(
        &mut self,
        application: u32,
        flow: u32,
        source: Option<NodeId>,
        context: &mut dyn Context,
    ) {
        let number = self.next_number;
        self.next_number += 1;
        let mut random = context.streams().entity(&self.request_stream, number);
        let spec = &self.specs[self.applications[application as usize].spec as usize];
        let of_flow = &spec.flows[flow as usize];
        let deadline_s = of_flow.deadline_s.as_ref().map(|deadline| deadline.sample(&mut random));
        let bytes = spec.message_bytes.sample(&mut random);
        let now = context.now();
        let request = Request {
            number,
            application,
            flow,
            source,
            created: now,
            deadline_s,
            random,
            step: 0,
            replica: ABSENT,
            place: 0,
            stage: Stage::Waiting,
            since: now,
            drawn: None,
            bytes,
            network_s: 0.0,
            wait_s: 0.0,
            processing_s: 0.0,
        };
        let key = self.requests.insert(request) as u32;
        self.travel(key, source, context);
    }

    fn flow_of(&self, key: u32) -> &Flow {
        let request = &self.requests[key as usize];
        let spec = self.applications[request.application as usize].spec;
        &self.specs[spec as usize].flows[request.flow as usize]
    }

    /// Brings a request to a replica of its present service, and on from there as long as there is nothing to do for
    /// it.
    fn travel(&mut self, key: u32, mut from: Option<NodeId>, context: &mut dyn Context) {
        loop {
            let Some(replica) = self.route(key, from, context) else {
                return self.end(key, Outcome::NotPlaced, context);
            };
            let state = &mut self.replicas[replica as usize];
            let Some(to) = state.node() else { return self.end(key, Outcome::NotPlaced, context) };
            state.outstanding += 1;
            self.requests[key as usize].replica = replica;
            if let Some(start) = from.filter(|&start| start != to) {
                return self.send(key, start, to, context);
            }
            match self.admit(key, context) {
                Step::Stays => return,
                Step::Ends(outcome) => return self.end(key, outcome, context),
                Step::Passes if self.step_on(key) => from = Some(to),
                Step::Passes => return self.answer(key, to, context),
            }
        }
    }

    /// The replica of the present service of a request that it goes to.
    fn route(&mut self, key: u32, from: Option<NodeId>, context: &mut dyn Context) -> Option<u32> {
        let request = &self.requests[key as usize];
        let service = self.flow_of(key).path[request.step as usize];
        let replicas = self.replicas_of(request.application, service);
        let rule = self.options.routing;
        self.candidates.clear();
        // Those that serve first; where none does, those that will.
        for serving in [true, false] {
            for replica in replicas.clone() {
                let state = &self.replicas[replica as usize];
                let Some(node) = state.node() else { continue };
                let serves =
                    state.state == State::Serving && context.infrastructure().node(node).is_available();
                if serves != serving {
                    continue;
                }
                let latency_s = match from {
                    Some(from) if rule.needs_latency() && from != node => {
                        context.infrastructure().latency_s(from, node).unwrap_or(f64::INFINITY)
                    }
                    _ => 0.0,
                };
                let outstanding = state.outstanding;
                self.candidates.push(Candidate { replica, outstanding, latency_s });
            }
            if !self.candidates.is_empty() {
                break;
            }
        }
        let turn = &mut self.applications[request.application as usize].turns[service as usize];
        rule.choose(&mut self.candidates, turn, &mut self.random)
    }

    /// Sends a request to its replica.
    fn send(&mut self, key: u32, from: NodeId, to: NodeId, context: &mut dyn Context) {
        let request = &mut self.requests[key as usize];
        request.since = context.now();
        let (bytes, token) = (request.bytes, request.token(key));
        match context.start_transfer(from, to, bytes, token) {
            Ok(transfer) => self.requests[key as usize].stage = Stage::Sending(transfer),
            Err(refusal) => {
                let outcome = Outcome::of_refusal(refusal, [from, to], context.infrastructure());
                self.end(key, outcome, context);
            }
        }
    }

    /// Goes over to the next service of the flow, if there is one.
    fn step_on(&mut self, key: u32) -> bool {
        self.leave(key);
        let spec = self.applications[self.requests[key as usize].application as usize].spec;
        let spec = &self.specs[spec as usize];
        let request = &mut self.requests[key as usize];
        let path = &spec.flows[request.flow as usize].path;
        let at = path[request.step as usize];
        request.step += 1;
        request.drawn = None;
        let Some(&next) = path.get(request.step as usize) else {
            request.bytes = spec.message_bytes.sample(&mut request.random);
            return false;
        };
        let message = spec.interaction(at, next).map_or(&spec.message_bytes, |own| &own.message_bytes);
        request.bytes = message.sample(&mut request.random);
        true
    }

    /// Sends a request that its replica is done with on its way.
    pub(super) fn next_service(&mut self, key: u32, context: &mut dyn Context) {
        let at = self.replicas[self.requests[key as usize].replica as usize].node();
        match (self.step_on(key), at) {
            (true, at) => self.travel(key, at, context),
            (false, Some(at)) => self.answer(key, at, context),
            (false, None) => self.end(key, Outcome::NotPlaced, context),
        }
    }

    /// Sends the answer to the source, if that is elsewhere.
    fn answer(&mut self, key: u32, at: NodeId, context: &mut dyn Context) {
        let request = &mut self.requests[key as usize];
        let Some(source) = request.source.filter(|&source| source != at) else {
            return self.complete(key, context);
        };
        request.since = context.now();
        let (bytes, token) = (request.bytes, request.token(key));
        match context.start_transfer(at, source, bytes, token) {
            Ok(transfer) => self.requests[key as usize].stage = Stage::Answering(transfer),
            Err(refusal) => {
                let outcome = Outcome::of_refusal(refusal, [at, source], context.infrastructure());
                self.end(key, outcome, context);
            }
        }
    }

    fn complete(&mut self, key: u32, context: &mut dyn Context) {
        let request = &self.requests[key as usize];
        let response_s = context.now().since(request.created).as_secs();
        let late = request.deadline_s.is_some_and(|deadline_s| response_s > deadline_s);
        self.end(key, if late { Outcome::MissedDeadline } else { Outcome::Done }, context);
    }

    /// A request is neither at its replica nor on the way to it any longer.
    fn leave(&mut self, key: u32) {
        let request = &mut self.requests[key as usize];
        let replica = std::mem::replace(&mut request.replica, ABSENT);
        if let Some(replica) = self.replicas.get_mut(replica as usize) {
            replica.outstanding -= 1;
        }
    }

    /// Ends a request, of which nothing is under way any more.
    pub(super) fn end(&mut self, key: u32, outcome: Outcome, context: &mut dyn Context) {
        self.leave(key);
        let Some(request) = self.requests.try_remove(key as usize) else { return };
        let response_s = matches!(outcome, Outcome::Done | Outcome::MissedDeadline)
            .then(|| context.now().since(request.created).as_secs());
        if request.created >= context.warm_up_end() {
            let spans = response_s.map(|response_s| Spans {
                response_s,
                network_s: request.network_s,
                wait_s: request.wait_s,
                processing_s: request.processing_s,
            });
            let app = &mut self.applications[request.application as usize];
            app.flows[request.flow as usize].add(outcome, spans.as_ref());
            if let Some(spans) = &spans {
                app.sampled.add(spans.response_s);
            }
        }
        self.record_request(&request, outcome, response_s, context);
    }

    /// The run has ended before these requests, in order of their numbers.
    pub(super) fn leave_unfinished(&mut self, context: &mut dyn Context) {
        let mut left: Vec<(u64, u32)> =
            self.requests.iter().map(|(key, request)| (request.number, key as u32)).collect();
        left.sort_unstable();
        for (_, key) in left {
            let request = &mut self.requests[key as usize];
            let since_s = context.now().since(request.since).as_secs();
            match request.stage {
                Stage::Waiting => request.wait_s += since_s,
                Stage::Processing(_) => request.processing_s += since_s,
                Stage::Sending(_) | Stage::Answering(_) => request.network_s += since_s,
            }
            self.end(key, Outcome::Unfinished, context);
        }
    }

    /// The request with a token, if it has not ended.
    fn find(&self, token: u64) -> Option<u32> {
        let key = token as u32;
        let request = self.requests.get(key as usize)?;
        (request.token(key) == token).then_some(key)
    }

    pub(super) fn job_ended(&mut self, token: u64, outcome: JobOutcome, context: &mut dyn Context) {
        let Some(key) = self.find(token) else { return };
        let request = &mut self.requests[key as usize];
        if !matches!(request.stage, Stage::Processing(_)) {
            return;
        }
        request.processing_s += context.now().since(request.since).as_secs();
        let replica = request.replica;
        self.stop_processing(key);
        if outcome != JobOutcome::Done {
            return self.end(key, outcome.into(), context);
        }
        self.serve(replica, context);
        self.next_service(key, context);
    }

    pub(super) fn request_transferred(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        let Some(key) = self.find(record.owner.token) else { return };
        let request = &mut self.requests[key as usize];
        let transfer = match request.stage {
            Stage::Sending(transfer) | Stage::Answering(transfer) => transfer,
            Stage::Waiting | Stage::Processing(_) => return,
        };
        if transfer != record.id {
            return;
        }
        request.network_s += context.now().since(request.since).as_secs();
        self.applications[request.application as usize].account.sent_bytes += record.sent_bytes;
        if record.outcome != TransferOutcome::Delivered {
            return self.end(key, record.outcome.into(), context);
        }
        if request.stage == Stage::Answering(transfer) {
            return self.complete(key, context);
        }
        let replica = &self.replicas[request.replica as usize];
        if replica.node() != Some(record.to) {
            // Its replica has moved meanwhile: it is sent on.
            self.leave(key);
            return self.travel(key, Some(record.to), context);
        }
        match self.admit(key, context) {
            Step::Stays => {}
            Step::Ends(outcome) => self.end(key, outcome, context),
            Step::Passes => self.next_service(key, context),
        }
    }
}
