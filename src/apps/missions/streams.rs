//! The streams of a workload: messages are made, wait, are sent and worked on.
//!
//! A source sends one message at a time, and works on one at a time if it does so on board; those that are complete in the
//! meantime wait. Each frame ends in exactly one [`FrameOutcome`].

use super::video::{Activity, Processing, QueueRule, StreamPlan};
use super::workload::STREAM;
use crate::apps::{Context, DecisionEnd, DecisionId, Message, OffloadingRequest};
use crate::engine::{EventHandle, Phase, Quantiles, SimDuration, SimTime, Summary};
use crate::infra::compute::JobRequest;
use crate::infra::network::NetworkRefusal;
use crate::infra::{JobOutcome, NodeId, Tier, TransferOutcome, TransferRecord};
use crate::records::{Cell, RecordError, Symbol, TableId};
use slab::Slab;
use std::collections::{BTreeMap, VecDeque};

/// How a frame has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameOutcome {
    /// Worked off in time.
    Done,
    /// Worked off too late.
    Late,
    /// Too many messages waited at the source.
    Dropped,
    /// There was no way to where it was to be worked on, or a node or link was lost.
    Lost,
    /// A link or a node took no more, or no place was found.
    Refused,
    /// The run ended first.
    Unfinished,
}

impl FrameOutcome {
    /// All, in the order of their counts.
    pub const ALL: [FrameOutcome; 6] = [
        FrameOutcome::Done,
        FrameOutcome::Late,
        FrameOutcome::Dropped,
        FrameOutcome::Lost,
        FrameOutcome::Refused,
        FrameOutcome::Unfinished,
    ];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FrameOutcome::Done => "done",
            FrameOutcome::Late => "late",
            FrameOutcome::Dropped => "dropped",
            FrameOutcome::Lost => "lost",
            FrameOutcome::Refused => "refused",
            FrameOutcome::Unfinished => "unfinished",
        }
    }
}

/// Counts of frames, and the delays of their messages.
#[derive(Debug, Default)]
pub(super) struct FrameCounts {
    pub(super) created: u64,
    /// That have begun to be sent, or to be worked on on board.
    pub(super) sent: u64,
    /// That have arrived where they are worked on.
    pub(super) delivered: u64,
    pub(super) ended: [u64; FrameOutcome::ALL.len()],
    pub(super) sent_bytes: f64,
    pub(super) delay_s: Summary,
    pub(super) delays: Quantiles,
}

impl FrameCounts {
    /// Frames that have ended, in any way.
    pub(super) fn all_ended(&self) -> u64 {
        self.ended.iter().sum()
    }

    fn merge(&mut self, other: &FrameCounts) {
        self.created += other.created;
        self.sent += other.sent;
        self.delivered += other.delivered;
        for (own, others) in self.ended.iter_mut().zip(other.ended) {
            *own += others;
        }
        self.sent_bytes += other.sent_bytes;
        self.delay_s.merge(&other.delay_s);
        self.delays.merge(&other.delays);
    }
}

/// Frames that travel together.
#[derive(Clone, Copy, Debug)]
struct Travelling {
    stream: u32,
    frames: u32,
    bytes: f64,
    created: SimTime,
    sent: Option<SimTime>,
    delivered: Option<SimTime>,
    /// Where it is to be worked on.
    node: Option<NodeId>,
    /// Whether it is still the source's to send, or to work on.
    at_source: bool,
    /// Whether it is on the way to the relay.
    to_relay: bool,
    decision: Option<DecisionId>,
    counts: bool,
}

#[derive(Debug)]
struct StreamState {
    /// When it was switched on; `None` while it is off.
    since: Option<SimTime>,
    /// Messages since then.
    messages: u64,
    /// Frames in all.
    frames: u64,
    timer: Option<EventHandle>,
    queue: VecDeque<u32>,
    is_sending: bool,
    /// Since the last row.
    period: FrameCounts,
    /// Before that, after the warm-up.
    total: FrameCounts,
    symbol: Option<Symbol>,
}

/// The tables of streams.
#[derive(Clone, Copy, Debug)]
struct StreamTables {
    streams: TableId,
    frames: TableId,
    workload: Symbol,
    outcomes: [Symbol; FrameOutcome::ALL.len()],
}

/// All streams of a workload. See the [module](self).
#[derive(Debug)]
pub(super) struct Streams {
    plans: Vec<StreamPlan>,
    states: Vec<StreamState>,
    /// The streams of each vehicle.
    of_vehicle: BTreeMap<NodeId, Vec<u32>>,
    messages: Slab<Travelling>,
    tables: Option<StreamTables>,
    numbered: u64,
}

impl Streams {
    pub(super) fn plans(&self) -> impl Iterator<Item = &StreamPlan> {
        self.plans.iter()
    }

    pub(super) fn new(plans: Vec<StreamPlan>) -> Self {
        let mut of_vehicle: BTreeMap<NodeId, Vec<u32>> = BTreeMap::new();
        for (number, plan) in (0..).zip(&plans) {
            of_vehicle.entry(plan.source).or_default().push(number);
        }
        let state = |_: &StreamPlan| StreamState {
            since: None,
            messages: 0,
            frames: 0,
            timer: None,
            queue: VecDeque::new(),
            is_sending: false,
            period: FrameCounts::default(),
            total: FrameCounts::default(),
            symbol: None,
        };
        let states = plans.iter().map(state).collect();
        Streams { plans, states, of_vehicle, messages: Slab::new(), tables: None, numbered: 0 }
    }

    /// Whether the offloading policy is asked.
    pub(super) fn asks_offloading(&self) -> bool {
        self.plans.iter().any(|plan| plan.processing == Processing::Policy)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// Registers the tables and switches on what always runs.
    pub(super) fn start(&mut self, workload: &str, context: &mut dyn Context) {
        if self.is_empty() {
            return;
        }
        self.tables = self.register(workload, context).ok();
        let vehicles: Vec<NodeId> = self.of_vehicle.keys().copied().collect();
        vehicles.into_iter().for_each(|vehicle| self.set_activity(vehicle, Activity::Parked, context));
    }

    fn register(
        &mut self,
        workload: &str,
        context: &mut dyn Context,
    ) -> Result<StreamTables, RecordError> {
        let tables = StreamTables {
            streams: context.table(super::tables::streams())?,
            frames: context.table(super::tables::frames())?,
            workload: context.symbol(workload),
            outcomes: FrameOutcome::ALL.map(|outcome| context.symbol(outcome.name())),
        };
        for (state, plan) in self.states.iter_mut().zip(&self.plans) {
            state.symbol = Some(context.symbol(&plan.name));
        }
        Ok(tables)
    }

    /// Tells what a vehicle does from now on.
    pub(super) fn set_activity(
        &mut self,
        vehicle: NodeId,
        activity: Activity,
        context: &mut dyn Context,
    ) {
        let count = self.of_vehicle.get(&vehicle).map_or(0, Vec::len);
        for place in 0..count {
            let stream = self.of_vehicle[&vehicle][place];
            let runs = self.plans[stream as usize].during.covers(activity);
            let state = &mut self.states[stream as usize];
            match (runs, state.since) {
                (true, None) => {
                    state.since = Some(context.now());
                    state.messages = 0;
                    self.expect(stream, context);
                }
                (false, Some(since)) => self.switch_off(stream, since, context),
                _ => {}
            }
        }
    }

    /// Ends a stream; the frames that no message has yet are sent in one of their own.
    fn switch_off(&mut self, stream: u32, since: SimTime, context: &mut dyn Context) {
        let (plan, state) = (&self.plans[stream as usize], &mut self.states[stream as usize]);
        state.since = None;
        if let Some(timer) = state.timer.take() {
            context.cancel_timer(timer);
        }
        let captured = (context.now().since(since).as_secs() * plan.frame_rate_hz + 1e-6).floor() as u64;
        let rest = captured.saturating_sub(state.messages * u64::from(plan.frames_per_message));
        if rest > 0 {
            self.create(stream, rest.min(u64::from(plan.frames_per_message)) as u32, context);
        }
    }

    /// Sets the timer of a stream's next message.
    fn expect(&mut self, stream: u32, context: &mut dyn Context) {
        let (plan, state) = (&self.plans[stream as usize], &mut self.states[stream as usize]);
        let Some(since) = state.since else { return };
        let frames = (state.messages + 1) * u64::from(plan.frames_per_message);
        let due = since + SimDuration::from_secs(frames as f64 / plan.frame_rate_hz);
        let message = Message { code: STREAM, subject: stream, detail: 0 };
        state.timer = Some(context.set_timer(due.max(context.now()), Phase::Demand, message));
    }

    /// A message of a stream is complete.
    pub(super) fn on_timer(&mut self, stream: u32, context: &mut dyn Context) {
        let frames = self.plans[stream as usize].frames_per_message;
        let state = &mut self.states[stream as usize];
        state.timer = None;
        state.messages += 1;
        // A vehicle that has no power makes no frames.
        if context.infrastructure().node(self.plans[stream as usize].source).is_available() {
            self.create(stream, frames, context);
        }
        self.expect(stream, context);
    }

    fn create(&mut self, stream: u32, frames: u32, context: &mut dyn Context) {
        let now = context.now();
        let (plan, state) = (&self.plans[stream as usize], &mut self.states[stream as usize]);
        let bytes = plan.sizes.bytes_of(state.frames, u64::from(frames));
        state.frames += u64::from(frames);
        let counts = now >= context.warm_up_end();
        if counts {
            state.period.created += u64::from(frames);
        }
        let message = self.messages.insert(Travelling {
            stream,
            frames,
            bytes,
            created: now,
            sent: None,
            delivered: None,
            node: None,
            at_source: true,
            to_relay: false,
            decision: None,
            counts,
        }) as u32;
        state.queue.push_back(message);
        self.send_next(stream, context);
        let (plan, state) = (&self.plans[stream as usize], &mut self.states[stream as usize]);
        if state.queue.len() > plan.queue_limit as usize {
            let gone = match plan.queue_rule {
                QueueRule::DropOldest => state.queue.pop_front(),
                QueueRule::DropNewest => state.queue.pop_back(),
            };
            gone.into_iter().for_each(|gone| self.end(gone, FrameOutcome::Dropped, context));
        }
    }

    /// Sends what waits while the source is free.
    fn send_next(&mut self, stream: u32, context: &mut dyn Context) {
        loop {
            let state = &mut self.states[stream as usize];
            if state.is_sending {
                return;
            }
            let Some(message) = state.queue.pop_front() else { return };
            state.is_sending = true;
            if let Err(outcome) = self.send(message, context) {
                self.states[stream as usize].is_sending = false;
                self.end(message, outcome, context);
            }
        }
    }

    /// Where a message is to be worked on.
    fn place(&mut self, message: u32, context: &mut dyn Context) -> Result<NodeId, FrameOutcome> {
        let own = self.messages[message as usize];
        let plan = &self.plans[own.stream as usize];
        match plan.processing {
            Processing::OnBoard => Ok(plan.source),
            Processing::Node(node) => Ok(node),
            Processing::NearestEdge => {
                let now = context.now();
                let nearest = context.infrastructure().nearest(plan.source, Tier::Edge, now);
                nearest.ok_or(FrameOutcome::Lost)
            }
            Processing::Policy => {
                let request = OffloadingRequest {
                    task: self.numbered,
                    device: plan.source,
                    job: JobRequest::new(plan.frame_mi * f64::from(own.frames)),
                    accelerated: None,
                    upload_bytes: own.bytes,
                    download_bytes: 0.0,
                    deadline_s: plan.deadline_s,
                    delay_sensitivity: 1.0,
                    predicted: None,
                    cloud_share: 0.0,
                };
                self.numbered += 1;
                let choice = context.decide_offloading(&request);
                self.messages[message as usize].decision = choice.decision;
                choice.node.ok_or(FrameOutcome::Refused)
            }
        }
    }

    /// Begins to send a message, or to work on it where it is.
    fn send(&mut self, message: u32, context: &mut dyn Context) -> Result<(), FrameOutcome> {
        let node = self.place(message, context)?;
        let now = context.now();
        let own = &mut self.messages[message as usize];
        own.node = Some(node);
        let (stream, bytes) = (own.stream as usize, own.bytes);
        let plan = &self.plans[stream];
        let relay = plan.relay.filter(|&relay| relay != node && node != plan.source);
        own.to_relay = relay.is_some();
        if node != plan.source {
            let to = relay.unwrap_or(node);
            let started = context.start_transfer(plan.source, to, bytes, u64::from(message));
            started.map_err(refused_by_network)?;
        }
        let own = &mut self.messages[message as usize];
        own.sent = Some(now);
        if own.counts {
            let period = &mut self.states[stream].period;
            period.sent += u64::from(own.frames);
            period.sent_bytes += if node == plan.source { 0.0 } else { bytes };
        }
        if node == plan.source { self.work(message, context) } else { Ok(()) }
    }

    /// A message is where it is worked on.
    fn work(&mut self, message: u32, context: &mut dyn Context) -> Result<(), FrameOutcome> {
        let now = context.now();
        let own = &mut self.messages[message as usize];
        own.delivered = Some(now);
        let (stream, frames) = (own.stream as usize, own.frames);
        let node = own.node.ok_or(FrameOutcome::Refused)?;
        if own.counts {
            self.states[stream].period.delivered += u64::from(frames);
        }
        let length_mi = self.plans[stream].frame_mi * f64::from(frames);
        if length_mi <= 0.0 {
            self.worked_off(message, context);
            return Ok(());
        }
        let submitted = context.submit_job(node, JobRequest::new(length_mi), u64::from(message));
        submitted.map(|_| ()).map_err(|_| FrameOutcome::Refused)
    }

    fn worked_off(&mut self, message: u32, context: &mut dyn Context) {
        let own = self.messages[message as usize];
        let delay_s = context.now().since(own.created).as_secs();
        let is_late = self.plans[own.stream as usize].deadline_s.is_some_and(|limit| delay_s > limit);
        let outcome = if is_late { FrameOutcome::Late } else { FrameOutcome::Done };
        self.end_and_go_on(message, outcome, context);
    }

    pub(super) fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        let message = transfer.owner.token as u32;
        let Some(own) = self.messages.get_mut(message as usize) else { return };
        if transfer.outcome != TransferOutcome::Delivered {
            let outcome = match transfer.outcome {
                TransferOutcome::RefusedForBandwidth | TransferOutcome::Dropped => FrameOutcome::Refused,
                _ => FrameOutcome::Lost,
            };
            return self.end_and_go_on(message, outcome, context);
        }
        let (stream, bytes) = (own.stream, own.bytes);
        let was_first = std::mem::replace(&mut own.at_source, false);
        let relay = std::mem::replace(&mut own.to_relay, false)
            .then(|| self.plans[stream as usize].relay)
            .flatten();
        let node = own.node;
        if was_first {
            self.states[stream as usize].is_sending = false;
        }
        let gone_on = match (relay, node) {
            (Some(relay), Some(node)) => context
                .start_transfer(relay, node, bytes, u64::from(message))
                .map(|_| ())
                .map_err(refused_by_network),
            _ => self.work(message, context),
        };
        if let Err(outcome) = gone_on {
            self.end(message, outcome, context);
        }
        if was_first {
            self.send_next(stream, context);
        }
    }

    pub(super) fn on_job_end(&mut self, token: u64, outcome: JobOutcome, context: &mut dyn Context) {
        if !self.messages.contains(token as usize) {
            return;
        }
        match outcome {
            JobOutcome::Done => self.worked_off(token as u32, context),
            _ => self.end_and_go_on(token as u32, FrameOutcome::Lost, context),
        }
    }

    /// Ends a message, and lets the source go on if it was at it.
    fn end_and_go_on(&mut self, message: u32, outcome: FrameOutcome, context: &mut dyn Context) {
        let own = self.messages[message as usize];
        self.end(message, outcome, context);
        if own.at_source {
            self.states[own.stream as usize].is_sending = false;
            self.send_next(own.stream, context);
        }
    }

    fn end(&mut self, message: u32, outcome: FrameOutcome, context: &mut dyn Context) {
        let Some(own) = self.messages.try_remove(message as usize) else { return };
        let now = context.now();
        let is_worked_off = matches!(outcome, FrameOutcome::Done | FrameOutcome::Late);
        let delay_s = is_worked_off.then(|| now.since(own.created).as_secs());
        if own.counts {
            let period = &mut self.states[own.stream as usize].period;
            period.ended[outcome as usize] += u64::from(own.frames);
            if let Some(delay_s) = delay_s {
                period.delay_s.add(delay_s);
                period.delays.add(delay_s);
            }
        }
        let Some(tables) = self.tables else { return };
        if let Some(decision) = own.decision {
            let is_done = outcome == FrameOutcome::Done;
            let reward = delay_s.filter(|_| is_done).map_or(0.0, |delay_s| 1.0 / (1.0 + delay_s));
            let end = DecisionEnd {
                outcome: tables.outcomes[outcome as usize],
                is_done,
                service_s: delay_s,
                is_lost_to_mobility: false,
                reward,
            };
            context.resolve_decision(decision, end);
        }
        if !context.is_recorded(tables.frames) {
            return;
        }
        let plan = &self.plans[own.stream as usize];
        let seconds = |time: Option<SimTime>| time.map(SimTime::as_secs);
        let row = [
            Cell::Float(now.as_secs()),
            Cell::Category(tables.workload),
            self.states[own.stream as usize].symbol.into(),
            Cell::Category(context.node_symbol(plan.source)),
            own.node.map(|node| context.node_symbol(node)).into(),
            Cell::Category(tables.outcomes[outcome as usize]),
            Cell::from(own.frames),
            Cell::Float(own.bytes),
            Cell::Float(own.created.as_secs()),
            seconds(own.sent).into(),
            seconds(own.delivered).into(),
            delay_s.into(),
        ];
        context.record(tables.frames, &row);
    }

    /// Writes a row for each stream that something happened to since the last one.
    pub(super) fn on_sample(&mut self, context: &mut dyn Context) {
        let now = context.now();
        for stream in 0..self.states.len() {
            let under_way = {
                let state = &self.states[stream];
                let created = state.period.created + state.total.created;
                created - state.period.all_ended() - state.total.all_ended()
            };
            let plan = &self.plans[stream];
            let state = &mut self.states[stream];
            let period = std::mem::take(&mut state.period);
            if let Some(tables) = self.tables
                && context.is_recorded(tables.streams)
                && (period.created > 0 || period.all_ended() > 0)
            {
                let delays = &period.delays;
                let mean_s = (period.delay_s.count() > 0).then(|| period.delay_s.mean());
                let ended = |outcome: FrameOutcome| Cell::Unsigned(period.ended[outcome as usize]);
                let row = [
                    Cell::Float(now.as_secs()),
                    Cell::Category(tables.workload),
                    state.symbol.into(),
                    Cell::Category(context.node_symbol(plan.source)),
                    Cell::Unsigned(period.created),
                    Cell::Unsigned(period.sent),
                    Cell::Unsigned(period.delivered),
                    ended(FrameOutcome::Done),
                    ended(FrameOutcome::Late),
                    ended(FrameOutcome::Dropped),
                    ended(FrameOutcome::Lost),
                    ended(FrameOutcome::Refused),
                    ended(FrameOutcome::Unfinished),
                    Cell::Unsigned(under_way),
                    Cell::Float(period.sent_bytes),
                    mean_s.into(),
                    delays.quantile(0.5).into(),
                    delays.quantile(0.95).into(),
                    delays.quantile(0.99).into(),
                ];
                context.record(tables.streams, &row);
            }
            state.total.merge(&period);
        }
    }

    /// Ends what is under way when the run ends.
    pub(super) fn finish(&mut self, context: &mut dyn Context) {
        let left: Vec<u32> = self.messages.iter().map(|(message, _)| message as u32).collect();
        left.into_iter().for_each(|message| self.end(message, FrameOutcome::Unfinished, context));
        self.on_sample(context);
    }

    /// All streams together, once [finished](Self::finish).
    pub(super) fn totals(&self) -> FrameCounts {
        let mut all = FrameCounts::default();
        self.states.iter().for_each(|state| all.merge(&state.total));
        all
    }
}

fn refused_by_network(refusal: NetworkRefusal) -> FrameOutcome {
    match refusal {
        NetworkRefusal::Disconnected => FrameOutcome::Lost,
        NetworkRefusal::Bandwidth(_) => FrameOutcome::Refused,
    }
}
