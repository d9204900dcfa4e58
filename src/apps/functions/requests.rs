//! The life of a request: where it enters, the way to a replica, its service, and the answer.

use super::function::Travel;
use super::outcome::{Outcome, Way};
use super::report::{Ended, Missing, Spans};
use super::router::Route;
use super::workload::{FunctionWorkload, HOP, TIMEOUT};
use crate::apps::{Context, Message};
use crate::engine::{ABSENT, EntityStream, Phase, SimDuration, SimTime};
use crate::infra::compute::JobRequest;
use crate::infra::{JobOutcome, NodeId, Share};
use rand::SeedableRng;

/// What tells the draws of sizes from others of a request's seed.
const SIZES: u64 = 0x1c69_b3f7_4ac4_ae35;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is on its way to a node.
    Going,
    /// It waits for a replica.
    Waiting,
    /// A replica serves it.
    Served,
    /// Its answer is on the way back.
    Returning,
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// Its number in the workload, in order of creation.
    pub(super) number: u64,
    /// All that is drawn of it follows from this, so that what becomes of one request changes nothing of another.
    pub(super) seed: u64,
    pub(super) created: SimTime,
    /// Since when it does what it does.
    pub(super) since: SimTime,
    /// For how long it was served when it was recorded; NaN if that is to be drawn.
    pub(super) service_s: f64,
    pub(super) network_s: f64,
    pub(super) queue_s: f64,
    pub(super) start_s: f64,
    pub(super) execution_s: f64,
    pub(super) sent_bytes: f64,
    /// The number of the replica that serves it, whose key may be another's meanwhile.
    pub(super) served_by: u64,
    pub(super) replica: u32,
    pub(super) epoch: u32,
    pub(super) stream: u32,
    /// Where it is to be served, or [`ABSENT`].
    pub(super) pool: u32,
    pub(super) way: Way,
    pub(super) stage: Stage,
    pub(super) is_cold: bool,
}

impl Request {
    /// What its jobs and transfers are known by: where it is kept, and whether that is still it.
    fn token(&self, key: u32) -> u64 {
        ((self.number & 0x7fff_ffff) << 32) | u64::from(key)
    }
}

impl FunctionWorkload {
    /// A request enters.
    pub(super) fn create(&mut self, stream: u32, seed: u64, service_s: f64, context: &mut dyn Context) {
        let now = context.now();
        let request = Request {
            number: self.next_request,
            seed,
            created: now,
            since: now,
            service_s,
            network_s: 0.0,
            queue_s: 0.0,
            start_s: 0.0,
            execution_s: 0.0,
            sent_bytes: 0.0,
            served_by: 0,
            replica: ABSENT,
            epoch: self.epoch,
            stream,
            pool: ABSENT,
            way: Way::Local,
            stage: Stage::Waiting,
            is_cold: false,
        };
        self.next_request += 1;
        self.accounts.arrived(self.epoch, stream);
        if let Some(epochs) = &mut self.epochs {
            epochs.enter(stream as usize);
        }
        let key = self.requests.insert(request) as u32;
        let node = self.node(stream);
        if !context.infrastructure().node(node).is_available() {
            let outcome = Outcome::of_node(node, context.infrastructure());
            return self.end(key, outcome, context);
        }
        let functions = self.functions.len() as u32;
        match self.route(stream, seed, context) {
            Route::Local => self.enter(key, stream, context),
            Route::Forward(to) => {
                self.requests[key as usize].way = Way::Forwarded;
                self.send(key, to * functions + stream % functions, context);
            }
            Route::Reject => self.reject(key, context),
        }
    }

    /// A request has no place at the nodes.
    fn reject(&mut self, key: u32, context: &mut dyn Context) {
        let stream = self.requests[key as usize].stream;
        let from = self.node(stream);
        let nodes = self.problem.nodes.len();
        let mut best: Option<(f64, usize)> = None;
        for (place, &cloud) in self.options.cloud.iter().enumerate() {
            let infrastructure = context.infrastructure();
            if !infrastructure.node(cloud).is_available() {
                continue;
            }
            if let Some(latency_s) = infrastructure.latency_s(from, cloud)
                && best.is_none_or(|(least_s, _)| latency_s < least_s)
            {
                best = Some((latency_s, place));
            }
        }
        let Some((_, place)) = best else {
            self.requests[key as usize].way = Way::Rejected;
            return self.end(key, Outcome::Rejected, context);
        };
        self.requests[key as usize].way = Way::Cloud;
        let functions = self.functions.len() as u32;
        self.send(key, (nodes + place) as u32 * functions + stream % functions, context);
    }

    /// There is no replica for a request that came to a pool, and there will be none: it goes up to the cloud if that serves
    /// what is rejected and it was not forwarded before.
    pub(super) fn overflow(&mut self, key: u32, outcome: Outcome, context: &mut dyn Context) {
        let request = &mut self.requests[key as usize];
        if request.way == Way::Local && !self.options.cloud.is_empty() {
            let pool = std::mem::replace(&mut request.pool, ABSENT);
            request.queue_s += context.now().since(request.since).as_secs();
            request.since = context.now();
            self.windows.give_up(pool as usize, context.now());
            return self.reject(key, context);
        }
        if outcome == Outcome::Rejected {
            request.way = Way::Rejected;
        }
        self.end(key, outcome, context);
    }

    /// Bytes of a request and of its answer.
    fn sizes(&self, key: u32) -> (f64, f64) {
        let request = &self.requests[key as usize];
        let function = self.function(request.stream);
        let mut random = EntityStream::seed_from_u64(request.seed ^ SIZES);
        let bytes = function.request_bytes.sample(&mut random);
        (bytes, function.answer_bytes.sample(&mut random))
    }

    /// Sends a request to the node of a pool.
    fn send(&mut self, key: u32, pool: u32, context: &mut dyn Context) {
        let bytes = self.sizes(key).0;
        let request = &mut self.requests[key as usize];
        request.pool = pool;
        request.stage = Stage::Going;
        let (from, to) = (self.node(self.requests[key as usize].stream), self.node(pool));
        self.travel(key, from, to, bytes, context);
    }

    fn travel(&mut self, key: u32, from: NodeId, to: NodeId, bytes: f64, context: &mut dyn Context) {
        let now = context.now();
        let request = &mut self.requests[key as usize];
        request.since = now;
        let token = request.token(key);
        let refused = match self.options.travel {
            Travel::Transfer => match context.start_transfer(from, to, bytes, token) {
                Ok(_) => None,
                Err(refusal) => Some(Outcome::of_refusal(refusal, [from, to], context.infrastructure())),
            },
            Travel::Delay => match context.infrastructure().estimated_transfer_s(now, from, to, bytes) {
                Some(seconds) => {
                    request.sent_bytes += bytes;
                    let message = Message { code: HOP, subject: key, detail: token };
                    let then = now + SimDuration::from_secs(seconds);
                    context.set_timer(then, Phase::Completion, message);
                    None
                }
                None => Some(Outcome::of_no_way([from, to], context.infrastructure())),
            },
        };
        if let Some(outcome) = refused {
            self.end(key, outcome, context);
        }
    }

    /// The request with a token, if it has not ended.
    fn find(&self, token: u64) -> Option<u32> {
        let key = token as u32;
        let request = self.requests.get(key as usize)?;
        (request.token(key) == token).then_some(key)
    }

    /// A request or its answer has come through, or has not.
    pub(super) fn travelled(
        &mut self,
        token: u64,
        outcome: Outcome,
        sent_bytes: f64,
        context: &mut dyn Context,
    ) {
        let Some(key) = self.find(token) else { return };
        let now = context.now();
        let request = &mut self.requests[key as usize];
        let stage = request.stage;
        if !matches!(stage, Stage::Going | Stage::Returning) {
            return;
        }
        request.network_s += now.since(request.since).as_secs();
        request.sent_bytes += sent_bytes;
        let pool = request.pool;
        if outcome != Outcome::Done {
            self.end(key, outcome, context);
        } else if stage == Stage::Going {
            self.enter(key, pool, context);
        } else {
            self.complete(key, context);
        }
    }

    /// A request has come to the pool that is to serve it.
    fn enter(&mut self, key: u32, pool: u32, context: &mut dyn Context) {
        let now = context.now();
        let request = &mut self.requests[key as usize];
        request.pool = pool;
        request.since = now;
        request.stage = Stage::Waiting;
        self.windows.queue(pool as usize, now);
        self.learn_idle_time(pool, now);
        let node = self.node(pool);
        if !context.infrastructure().node(node).is_available() {
            let outcome = Outcome::of_node(node, context.infrastructure());
            return self.end(key, outcome, context);
        }
        let is_first = self.pools[pool as usize].waiting.is_empty();
        if let Some(replica) = is_first.then(|| self.take_free(pool)).flatten() {
            self.serve(key, replica, context);
        } else if self.pools[pool as usize].per_request {
            self.serve_by_new(key, pool, context);
        } else {
            self.wait(key, pool, context);
        }
        self.note(pool, now);
    }

    /// A request waits for any replica.
    fn wait(&mut self, key: u32, pool: u32, context: &mut dyn Context) {
        let queue = self.function(pool).queue;
        let starts = self.options.start_on_demand && self.pools[pool as usize].live() == 0;
        let is_full = self.pools[pool as usize].waiting.len() >= queue.limit;
        if is_full {
            self.end(key, Outcome::QueueFull, context);
        } else {
            self.pools[pool as usize].waiting.push_back(key);
            self.watch_queue(pool, context);
        }
        if starts {
            self.accounts.missing(Missing::Starved, 1);
            if !self.start_for_request(pool, context) && !is_full {
                self.pools[pool as usize].waiting.pop_back();
                self.overflow(key, Outcome::NoReplica, context);
            }
        }
    }

    /// Sees to it that a request does not wait for too long.
    fn watch_queue(&mut self, pool: u32, context: &mut dyn Context) {
        let timeout_s = self.function(pool).queue.timeout_s;
        let own = &mut self.pools[pool as usize];
        let Some(&first) = own.waiting.front() else { return };
        if timeout_s == f64::INFINITY || own.watches {
            return;
        }
        own.watches = true;
        let due = self.requests[first as usize].since + SimDuration::from_secs(timeout_s);
        let message = Message { code: TIMEOUT, subject: pool, detail: 0 };
        context.set_timer(due, Phase::Control, message);
    }

    /// Ends what has waited for too long.
    pub(super) fn time_out(&mut self, pool: u32, context: &mut dyn Context) {
        let now = context.now();
        let timeout = SimDuration::from_secs(self.function(pool).queue.timeout_s);
        self.pools[pool as usize].watches = false;
        while let Some(&first) = self.pools[pool as usize].waiting.front() {
            if self.requests[first as usize].since + timeout > now {
                break;
            }
            self.pools[pool as usize].waiting.pop_front();
            self.end(first, Outcome::QueueTimeout, context);
        }
        self.watch_queue(pool, context);
        self.note(pool, now);
    }

    /// A replica serves a request from now on; it has room for it.
    pub(super) fn serve(&mut self, key: u32, replica: u32, context: &mut dyn Context) {
        let now = context.now();
        let own = &mut self.replicas[replica as usize];
        let request = &mut self.requests[key as usize];
        let pool = own.pool;
        let wait_s = now.since(request.since).as_secs();
        // The part of the wait in which the replica started.
        let start_s = own.ready_at.since(request.since.max(own.began)).as_secs().min(wait_s);
        request.start_s += start_s;
        request.queue_s += wait_s - start_s;
        request.is_cold |= start_s > 0.0;
        request.since = now;
        request.stage = Stage::Served;
        self.windows.start(pool as usize, now);
        request.replica = replica;
        request.served_by = own.number;
        let function = &self.functions[pool as usize % self.functions.len()];
        let mips = context.infrastructure().compute().mips(own.processor);
        // A job asks for a whole core, of which a replica may have less.
        let per_s = mips * function.cores.min(1.0);
        let mut random = EntityStream::seed_from_u64(request.seed);
        let length_mi = match (&function.cold_time_s, &function.work_mi) {
            (Some(cold_time_s), _) if own.is_new => {
                request.is_cold = true;
                cold_time_s.sample(&mut random) * per_s
            }
            _ if !request.service_s.is_nan() => request.service_s * per_s,
            (_, Some(work_mi)) => work_mi.sample(&mut random),
            _ => {
                let site = pool as usize / self.functions.len();
                let time_s = function.time_s.get(site).or(function.time_s.first());
                time_s.map_or(0.0, |time_s| time_s.sample(&mut random)) * per_s
            }
        };
        let (processor, token) = (own.processor, request.token(key));
        own.is_new = false;
        own.uses = own.uses.saturating_add(1);
        own.running += 1;
        let is_first = own.running == 1;
        let pools = &mut self.pools[pool as usize];
        pools.in_flight += 1;
        pools.busy += u32::from(is_first);
        let job = JobRequest::new(length_mi.max(f64::MIN_POSITIVE));
        if context.submit_job_on(processor, job, Share::default(), token).is_err() {
            self.requests[key as usize].is_cold = false;
            self.free(replica, now);
            self.windows.end(pool as usize, now);
            let node = self.node(pool);
            let infrastructure = context.infrastructure();
            let outcome = if infrastructure.node(node).is_available() {
                Outcome::RefusedForCapacity
            } else {
                Outcome::of_node(node, infrastructure)
            };
            self.end(key, outcome, context);
        }
    }

    /// The service of a request is over.
    pub(super) fn job_ended(&mut self, token: u64, outcome: JobOutcome, context: &mut dyn Context) {
        let Some(key) = self.find(token) else { return };
        let now = context.now();
        let request = &mut self.requests[key as usize];
        if request.stage != Stage::Served {
            return;
        }
        request.execution_s += now.since(request.since).as_secs();
        let (replica, pool) = (request.replica, request.pool);
        self.windows.end(pool as usize, now);
        // A replica that is gone has no more to do.
        let is_there =
            self.replicas.get(replica as usize).is_some_and(|own| own.number == request.served_by);
        if is_there {
            self.served(replica, context);
            self.note(pool, now);
        }
        if outcome == JobOutcome::Done {
            self.answer(key, context);
        } else {
            self.end(key, outcome.into(), context);
        }
    }

    /// Sends the answer to where the request entered.
    fn answer(&mut self, key: u32, context: &mut dyn Context) {
        let request = &mut self.requests[key as usize];
        if request.way == Way::Local {
            return self.complete(key, context);
        }
        request.stage = Stage::Returning;
        let (from, to) = (request.pool, request.stream);
        let bytes = self.sizes(key).1;
        self.travel(key, self.node(from), self.node(to), bytes, context);
    }

    fn complete(&mut self, key: u32, context: &mut dyn Context) {
        let request = &self.requests[key as usize];
        let response_s = context.now().since(request.created).as_secs();
        let deadline_s = self.function(request.stream).deadline_s;
        let is_late = deadline_s.is_some_and(|deadline_s| response_s > deadline_s);
        self.end(key, if is_late { Outcome::MissedDeadline } else { Outcome::Done }, context);
    }

    /// Ends a request, of which nothing is under way any more.
    pub(super) fn end(&mut self, key: u32, outcome: Outcome, context: &mut dyn Context) {
        let Some(request) = self.requests.try_remove(key as usize) else { return };
        let mut queue_s = request.queue_s;
        if request.stage == Stage::Waiting {
            queue_s += context.now().since(request.since).as_secs();
            if request.pool != ABSENT {
                self.windows.give_up(request.pool as usize, context.now());
            }
        }
        let ended = Ended {
            number: request.number,
            epoch: request.epoch,
            stream: request.stream,
            pool: (request.pool != ABSENT).then_some(request.pool),
            created: request.created,
            way: request.way,
            outcome,
            spans: Spans {
                response_s: context.now().since(request.created).as_secs(),
                network_s: request.network_s,
                queue_s,
                start_s: request.start_s,
                execution_s: request.execution_s,
            },
            is_cold: request.is_cold,
            sent_bytes: request.sent_bytes,
        };
        self.accounts.ended(&ended, context);
    }

    /// The run has ended before these requests, in order of their numbers.
    pub(super) fn leave_unfinished(&mut self, context: &mut dyn Context) {
        let mut left: Vec<(u64, u32)> =
            self.requests.iter().map(|(key, request)| (request.number, key as u32)).collect();
        left.sort_unstable();
        let now = context.now();
        for (_, key) in left {
            let request = &mut self.requests[key as usize];
            let since_s = now.since(request.since).as_secs();
            match request.stage {
                // What waits is seen to when it ends.
                Stage::Waiting => {}
                Stage::Served => request.execution_s += since_s,
                Stage::Going | Stage::Returning => request.network_s += since_s,
            }
            self.end(key, Outcome::Unfinished, context);
        }
    }
}
