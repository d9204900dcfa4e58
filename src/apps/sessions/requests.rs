//! A request: from the user to an instance, through its cores, and back.

use super::instances::State;
use super::outcome::SessionOutcome;
use super::workload::Sessions;
use crate::apps::agents::CarriedBy;
use crate::apps::{Context, Message};
use crate::engine::{ABSENT, Phase, SimTime};
use crate::infra::compute::JobRequest;
use crate::infra::{JobOutcome, NodeId, Share, TransferOutcome, TransferRecord};

/// Timer: a request is there, or its response.
pub(super) const ARRIVED: u32 = 3;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its user waits for an address.
    Waiting,
    /// It is on its way to the instance.
    Sending,
    /// The instance processes it.
    Processing,
    /// The response is on its way.
    Answering,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    user: u32,
    /// Place of the instance, and which of those that were there.
    slot: u32,
    life: u32,
    /// What tells it from others that were kept here.
    serial: u32,
    /// The next of the requests of its user that wait, or [`ABSENT`].
    next: u32,
    stage: Stage,
    created: SimTime,
    sent: SimTime,
    bytes: f64,
    work_mi: f64,
    response_bytes: f64,
}

/// Serials have thirty bits, so that tokens leave the two highest ones to others.
const SERIAL: u32 = 0x3fff_ffff;

impl Request {
    fn token(&self, key: u32) -> u64 {
        u64::from(self.serial) << 32 | u64::from(key)
    }
}

impl Sessions {
    /// A user wants something.
    pub(super) fn create(&mut self, user: u32, context: &mut dyn Context) {
        let own = &mut self.users[user as usize];
        let service = &self.options.services[own.service as usize];
        let now = context.now();
        let request = Request {
            user,
            slot: ABSENT,
            life: 0,
            serial: self.next_serial & SERIAL,
            next: ABSENT,
            stage: Stage::Waiting,
            created: now,
            sent: now,
            bytes: service.request_bytes.sample(&mut own.draws),
            work_mi: service.work_mi.sample(&mut own.draws),
            response_bytes: service.response_bytes.sample(&mut own.draws),
        };
        self.next_serial = self.next_serial.wrapping_add(1);
        let address = own.address;
        let key = self.requests.insert(request) as u32;
        if address != ABSENT {
            return self.send(key, context);
        }
        let own = &mut self.users[user as usize];
        self.requests[key as usize].next = std::mem::replace(&mut own.waiting, key);
        // Its answer sends what waits.
        self.ask(user, context);
    }

    /// Sends the requests that have waited for an address, the last one first.
    pub(super) fn send_waiting(&mut self, user: u32, context: &mut dyn Context) {
        let mut key = std::mem::replace(&mut self.users[user as usize].waiting, ABSENT);
        while let Some(request) = self.requests.get_mut(key as usize).filter(|_| key != ABSENT) {
            let next = std::mem::replace(&mut request.next, ABSENT);
            if self.users[user as usize].address == ABSENT {
                self.end(key, SessionOutcome::Refused, context);
            } else {
                self.send(key, context);
            }
            key = next;
        }
    }

    fn send(&mut self, key: u32, context: &mut dyn Context) {
        let now = context.now();
        let user = self.requests[key as usize].user;
        let own = &self.users[user as usize];
        let (from, to, slot) = (own.node, self.node_of(own.address), own.address);
        let request = &mut self.requests[key as usize];
        (request.slot, request.sent, request.stage) = (slot, now, Stage::Sending);
        let bytes = request.bytes;
        self.tell_position(user, context);
        if !self.carry(key, from, to, bytes, context) {
            self.fail(key, SessionOutcome::Lost, context);
        }
    }

    /// Sends a request or its response on its way; whether there is one.
    fn carry(&self, key: u32, from: NodeId, to: NodeId, bytes: f64, context: &mut dyn Context) -> bool {
        let request = &self.requests[key as usize];
        let now = context.now();
        if self.options.requests_by == CarriedBy::Transfers {
            return context.start_transfer(from, to, bytes, request.token(key)).is_ok();
        }
        let Some(path) = context.infrastructure().message_path(now, from, to, bytes) else {
            return false;
        };
        let message = Message { code: ARRIVED, subject: key, detail: u64::from(request.serial) };
        // As transfers arrive.
        context.set_timer(now + path.delay, Phase::Completion, message);
        true
    }

    /// The request with a token, if it has not ended.
    fn find(&self, token: u64) -> Option<u32> {
        let key = token as u32;
        let request = self.requests.get(key as usize)?;
        (request.token(key) == token).then_some(key)
    }

    /// A request or its response is there, if both ends are.
    pub(super) fn on_arrived(&mut self, key: u32, serial: u64, context: &mut dyn Context) {
        let Some(key) = self.find(serial << 32 | u64::from(key)) else { return };
        let request = &self.requests[key as usize];
        let ends = [self.users[request.user as usize].node, self.node_of(request.slot)];
        let infrastructure = context.infrastructure();
        let is_delivered = ends.iter().all(|&end| infrastructure.node(end).is_available());
        self.moved(key, is_delivered, context);
    }

    pub(super) fn transfer_ended(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        if let Some(key) = self.find(record.owner.token) {
            self.moved(key, record.outcome == TransferOutcome::Delivered, context);
        }
    }

    fn moved(&mut self, key: u32, is_delivered: bool, context: &mut dyn Context) {
        match (self.requests[key as usize].stage, is_delivered) {
            (Stage::Sending, true) => self.process(key, context),
            (Stage::Answering, true) => self.complete(key, context),
            (Stage::Sending | Stage::Answering, false) => self.fail(key, SessionOutcome::Lost, context),
            (Stage::Waiting | Stage::Processing, _) => {}
        }
    }

    /// A request is at the node of its instance.
    fn process(&mut self, key: u32, context: &mut dyn Context) {
        let now = context.now();
        let request = &self.requests[key as usize];
        let (user, slot) = (request.user, request.slot);
        let (token, work_mi) = (request.token(key), request.work_mi);
        let instance = self.instance_mut(slot).filter(|own| own.state == State::Ready);
        let Some((life, processor)) = instance.and_then(|own| Some((own.life, own.processor?))) else {
            return self.fail(key, SessionOutcome::Refused, context);
        };
        self.connect(user, slot, now);
        let request = &mut self.requests[key as usize];
        (request.life, request.stage) = (life, Stage::Processing);
        if work_mi <= 0.0 {
            return self.respond(key, context);
        }
        let job = JobRequest::new(work_mi);
        if context.submit_job_on(processor, job, Share::default(), token).is_err() {
            return self.fail(key, SessionOutcome::Refused, context);
        }
        self.load(slot, 1, now);
    }

    pub(super) fn job_ended(&mut self, token: u64, outcome: JobOutcome, context: &mut dyn Context) {
        let Some(key) = self.find(token) else { return };
        let request = &self.requests[key as usize];
        if request.stage != Stage::Processing {
            return;
        }
        let (slot, life) = (request.slot, request.life);
        if self.instance_mut(slot).is_some_and(|own| own.life == life) {
            self.load(slot, -1, context.now());
        }
        if outcome == JobOutcome::Done {
            self.respond(key, context);
        } else {
            self.fail(key, SessionOutcome::Lost, context);
        }
    }

    fn respond(&mut self, key: u32, context: &mut dyn Context) {
        let request = &mut self.requests[key as usize];
        request.stage = Stage::Answering;
        let (bytes, slot, user) = (request.response_bytes, request.slot, request.user);
        let (from, to) = (self.node_of(slot), self.users[user as usize].node);
        if !self.carry(key, from, to, bytes, context) {
            self.fail(key, SessionOutcome::Lost, context);
        }
    }

    /// The response has come.
    fn complete(&mut self, key: u32, context: &mut dyn Context) {
        let now = context.now();
        let request = &self.requests[key as usize];
        let (user, slot, life) = (request.user, request.slot, request.life);
        let latency_s = now.since(request.sent).as_secs();
        let window = self.options.plane.window;
        if self.users[user as usize].connected == slot
            && let Some(instance) = self.instance_mut(slot)
            && instance.life == life
        {
            instance.latencies.add(now, user, latency_s, window);
        }
        let own = &self.users[user as usize];
        let (redirect, is_there) = (own.redirect, own.address == slot && own.is_present);
        self.end(key, SessionOutcome::Done, context);
        if redirect != ABSENT && is_there {
            self.tell_address(user, redirect, now);
        }
    }

    /// A request was not served: its user learns of it, and asks again.
    fn fail(&mut self, key: u32, outcome: SessionOutcome, context: &mut dyn Context) {
        let (user, slot) = (self.requests[key as usize].user, self.requests[key as usize].slot);
        self.end(key, outcome, context);
        self.doubt(user, slot, context);
    }

    /// A job has ended with its instance.
    pub(super) fn lose(&mut self, token: u64, context: &mut dyn Context) {
        if let Some(key) = self.find(token) {
            self.fail(key, SessionOutcome::Lost, context);
        }
    }

    fn end(&mut self, key: u32, outcome: SessionOutcome, context: &mut dyn Context) {
        let Some(request) = self.requests.try_remove(key as usize) else { return };
        let now = context.now();
        let user = request.user;
        let was_sent = request.slot != ABSENT;
        let service = self.users[user as usize].service;
        let latency_s = (outcome == SessionOutcome::Done).then(|| now.since(request.sent).as_secs());
        let limit_s = self.options.services[service as usize].facts.limit_s;
        let is_violated = match outcome {
            SessionOutcome::Done => latency_s.is_some_and(|latency_s| latency_s > limit_s),
            SessionOutcome::Refused | SessionOutcome::Lost => true,
            SessionOutcome::Unfinished => false,
        };
        let own = &self.users[user as usize];
        if is_violated && own.is_present && context.infrastructure().node(own.node).is_available() {
            self.begin_violation(user, now);
        } else if outcome == SessionOutcome::Done {
            self.end_violation(user, now);
        }
        let until = if was_sent { request.sent } else { now };
        let ended = Ended {
            user,
            service,
            slot: request.slot,
            outcome,
            created: request.created,
            latency_s,
            query_s: until.since(request.created).as_secs(),
            is_violated,
            is_counted: request.created >= self.warm_up_end,
        };
        self.count(&ended);
        self.record_request(&ended, context);
    }

    /// The run ends before these requests, in the order of their coming.
    pub(super) fn leave_unfinished(&mut self, context: &mut dyn Context) {
        let mut left: Vec<(SimTime, u32, u32)> = (self.requests.iter())
            .map(|(key, request)| (request.created, request.user, key as u32))
            .collect();
        left.sort_unstable();
        for (_, _, key) in left {
            self.end(key, SessionOutcome::Unfinished, context);
        }
    }
}

/// What has come of a request.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) user: u32,
    pub(super) service: u32,
    /// Place of the instance that it was sent to, or [`ABSENT`].
    pub(super) slot: u32,
    pub(super) outcome: SessionOutcome,
    pub(super) created: SimTime,
    pub(super) latency_s: Option<f64>,
    /// Time for which it has waited for an address.
    pub(super) query_s: f64,
    pub(super) is_violated: bool,
    pub(super) is_counted: bool,
}
