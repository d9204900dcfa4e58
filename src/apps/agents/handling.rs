//! The line of a node: stimuli are handled one after the other, each taking its time and work.

use super::mail::{Content, Parcel};
use super::mailbox::{Mailbox, Order};
use super::message::{Address, AgentId, Behaviour, Handling, Stimulus, TimerId};
use super::runtime::{Agents, BATCH, OWN_TOKENS, TIMER, WORK};
use crate::apps::{Context, Message};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::compute::{Discipline, JobRequest, Resources};
use crate::infra::{JobOutcome, NodeId, ProcessorId, Share};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// How long agents wait before they try again to get cores that a node has not to spare.
const ASK_FOR_CORES_AGAIN: SimDuration = SimDuration::from_nanos(1_000_000_000);

/// Bytes of a KiB.
const KIB: f64 = 1024.0;

/// What waits to be handled.
#[derive(Debug)]
enum What {
    Stimulus(Stimulus),
    /// A timer that has fired, and may be cancelled yet.
    Timer(TimerId),
}

/// A stimulus in the line of a node.
#[derive(Debug)]
pub(super) struct Waiting {
    agent: AgentId,
    incarnation: u32,
    what: What,
    handling: Handling,
    bytes: f64,
    /// When nobody waits for what comes of it any more.
    pub(super) until: SimTime,
}

impl Waiting {
    /// A stimulus whose handling takes nothing.
    pub(super) fn free(agent: AgentId, incarnation: u32, stimulus: Stimulus) -> Self {
        Waiting::message(agent, incarnation, stimulus, Handling::Free, 0.0)
    }

    pub(super) fn message(
        agent: AgentId,
        incarnation: u32,
        stimulus: Stimulus,
        handling: Handling,
        bytes: f64,
    ) -> Self {
        let (what, until) = (What::Stimulus(stimulus), SimTime::MAX);
        Waiting { agent, incarnation, what, handling, bytes, until }
    }

    pub(super) fn timer(agent: AgentId, incarnation: u32, timer: TimerId) -> Self {
        let (handling, bytes, until) = (Handling::Free, 0.0, SimTime::MAX);
        Waiting { agent, incarnation, what: What::Timer(timer), handling, bytes, until }
    }
}

/// What a node does for its agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    None,
    /// The time of the first in the line passes.
    Time,
    /// A job for the first in the line runs.
    Job,
    /// There are no cores for that job.
    WaitsForCores,
    /// An agent works on something of its own.
    Busy(AgentId),
}

/// A node with agents.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) node: NodeId,
    pub(super) agents: SmallVec<[AgentId; 1]>,
    pub(super) is_up: bool,
    /// How often the node has gone.
    pub(super) deaths: u32,
    line: VecDeque<Waiting>,
    work: Work,
    /// What tells this work from others before.
    serial: u32,
    since: SimTime,
    /// Work of their own that agents took on while another was under way.
    more: SimDuration,
    more_for: AgentId,
    instance: Option<ProcessorId>,
}

impl Desk {
    pub(super) fn new(node: NodeId, is_up: bool) -> Self {
        Desk {
            node,
            agents: SmallVec::new(),
            is_up,
            deaths: 0,
            line: VecDeque::new(),
            work: Work::None,
            serial: 0,
            since: SimTime::ZERO,
            more: SimDuration::ZERO,
            more_for: AgentId::NOBODY,
            instance: None,
        }
    }

    /// Stimuli that wait, with the one that is being handled.
    pub(super) fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Whether it has the cores that its agents reserve.
    pub(super) fn has_cores(&self) -> bool {
        self.instance.is_some()
    }
}

/// Orders of an agent that leave when it is done with something.
#[derive(Debug)]
pub(super) struct Batch {
    agent: AgentId,
    incarnation: u32,
    orders: Vec<Order>,
}

impl Agents {
    /// Puts a stimulus in the line of its node.
    pub(super) fn put_in_line(
        &mut self,
        waiting: Waiting,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let Some(desk) = self.agents.get(waiting.agent.index()).map(|agent| agent.desk) else { return };
        self.desks[desk as usize].line.push_back(waiting);
        self.go_on(desk, behaviour, context);
    }

    /// Handles what is in the line of a node, up to what takes time.
    fn go_on(&mut self, desk: u32, behaviour: &mut dyn Behaviour, context: &mut dyn Context) {
        loop {
            let own = &mut self.desks[desk as usize];
            if own.work != Work::None || !own.is_up {
                return;
            }
            if own.more > SimDuration::ZERO {
                let (time, agent) = (std::mem::take(&mut own.more), own.more_for);
                return self.pass_time(desk, Work::Busy(agent), time, context);
            }
            let Some(first) = own.line.front() else { return };
            let (agent, incarnation, handling) = (first.agent, first.incarnation, first.handling);
            if first.until < context.now() {
                own.line.pop_front();
                self.counts.requests.expired += u64::from(context.now() >= context.warm_up_end());
                continue;
            }
            if self.is_current(agent, incarnation) {
                let time = match handling {
                    Handling::Full => self.options.handling_time,
                    Handling::Light | Handling::Free => SimDuration::ZERO,
                };
                if time > SimDuration::ZERO {
                    return self.pass_time(desk, Work::Time, time, context);
                }
                if self.work_of_first(desk) > 0.0 {
                    return self.submit(desk, context);
                }
            }
            self.handle_first(desk, behaviour, context);
        }
    }

    /// Million instructions that the first in the line takes.
    fn work_of_first(&self, desk: u32) -> f64 {
        let options = &self.options;
        let first = self.desks[desk as usize].line.front();
        first.map_or(0.0, |first| match first.handling {
            Handling::Full => options.handling_work_mi + options.work_mi_per_kib * first.bytes / KIB,
            Handling::Light => options.light_work_mi,
            Handling::Free => 0.0,
        })
    }

    /// Does something for a time; whose end comes to [`on_work`](Self::on_work).
    fn pass_time(&mut self, desk: u32, work: Work, time: SimDuration, context: &mut dyn Context) {
        let now = context.now();
        let own = &mut self.desks[desk as usize];
        own.serial = own.serial.wrapping_add(1);
        (own.work, own.since) = (work, now);
        let message = Message { code: WORK, subject: desk, detail: u64::from(own.serial) };
        context.set_timer(now + time, Phase::Completion, message);
    }

    /// Has the cores of the agents work on the first in the line.
    fn submit(&mut self, desk: u32, context: &mut dyn Context) {
        let length_mi = self.work_of_first(desk);
        self.reserve(desk, context);
        let own = &mut self.desks[desk as usize];
        own.serial = own.serial.wrapping_add(1);
        let token = OWN_TOKENS | u64::from(own.serial & 0x7fff_ffff) << 32 | u64::from(desk);
        let request = JobRequest { cores: self.options.cores, ..JobRequest::new(length_mi) };
        let submitted = own.instance.is_some_and(|instance| {
            context.submit_job_on(instance, request, Share::default(), token).is_ok()
        });
        if submitted {
            (own.work, own.since) = (Work::Job, context.now());
        } else {
            self.counts.waits_for_cores += 1;
            self.pass_time(desk, Work::WaitsForCores, ASK_FOR_CORES_AGAIN, context);
        }
    }

    /// Reserves the cores of the agents of a node, if they need any and have none.
    pub(super) fn reserve(&mut self, desk: u32, context: &mut dyn Context) {
        let own = &mut self.desks[desk as usize];
        if !self.options.takes_cores() || own.instance.is_some() || !own.is_up {
            return;
        }
        let line = Discipline::SpaceShared { queue_limit: usize::MAX };
        let cores = f64::from(self.options.cores);
        if let Ok(instance) = context.deploy(own.node, cores, line, &Resources::default()) {
            // No application has booked it.
            context.infrastructure().leave(instance);
            own.instance = Some(instance);
        }
    }

    /// Gives the cores of the agents of a node back.
    pub(super) fn unreserve(&mut self, desk: u32, context: &mut dyn Context) {
        if let Some(instance) = self.desks[desk as usize].instance.take() {
            context.undeploy(instance);
        }
    }

    /// The time of something has passed.
    pub(super) fn on_work(
        &mut self,
        desk: u32,
        serial: u64,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let Some(own) = self.desks.get(desk as usize).filter(|own| u64::from(own.serial) == serial)
        else {
            return;
        };
        let work = own.work;
        self.end_work(desk, context);
        match work {
            Work::Time if self.work_of_first(desk) > 0.0 => return self.submit(desk, context),
            Work::Time => self.handle_first(desk, behaviour, context),
            Work::WaitsForCores => return self.submit(desk, context),
            Work::Busy(_) | Work::Job | Work::None => {}
        }
        self.go_on(desk, behaviour, context);
    }

    /// A job has ended. Whether it was of these agents.
    pub fn on_job_end(
        &mut self,
        token: u64,
        outcome: JobOutcome,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) -> bool {
        if token & OWN_TOKENS == 0 {
            return false;
        }
        let desk = token as u32;
        let serial = (token >> 32) as u32 & 0x7fff_ffff;
        let is_own = |own: &Desk| own.serial & 0x7fff_ffff == serial && own.work == Work::Job;
        if !self.desks.get(desk as usize).is_some_and(is_own) {
            return true;
        }
        self.end_work(desk, context);
        if outcome == JobOutcome::Done {
            self.handle_first(desk, behaviour, context);
        } else if let Some(waiting) = self.desks[desk as usize].line.pop_front() {
            self.discard(&waiting);
        }
        self.go_on(desk, behaviour, context);
        true
    }

    /// Whatever a node does for its agents ends now; it is counted.
    fn end_work(&mut self, desk: u32, context: &mut dyn Context) {
        let own = &mut self.desks[desk as usize];
        let work = std::mem::replace(&mut own.work, Work::None);
        own.serial = own.serial.wrapping_add(1);
        let agent = match work {
            Work::None | Work::WaitsForCores => return,
            Work::Time | Work::Job => own.line.front().map(|first| first.agent),
            Work::Busy(agent) => Some(agent),
        };
        let (now, since) = (context.now(), own.since);
        if let Some(agent) = agent.and_then(|agent| self.agents.get_mut(agent.index())) {
            agent.period.busy_s += now.since(since).as_secs();
            agent.totals.busy_s += now.since(since.max(context.warm_up_end())).as_secs();
        }
    }

    /// Forgets all that a node is to do for its agents.
    pub(super) fn clear_line(&mut self, desk: u32, context: &mut dyn Context) {
        self.end_work(desk, context);
        let own = &mut self.desks[desk as usize];
        own.more = SimDuration::ZERO;
        for waiting in std::mem::take(&mut own.line) {
            self.discard(&waiting);
        }
    }

    /// A stimulus is not handled any more.
    fn discard(&mut self, waiting: &Waiting) {
        if let What::Timer(timer) = waiting.what {
            self.timers.remove(timer);
        }
    }

    fn handle_first(&mut self, desk: u32, behaviour: &mut dyn Behaviour, context: &mut dyn Context) {
        if let Some(waiting) = self.desks[desk as usize].line.pop_front() {
            self.handle(waiting, behaviour, context);
        }
    }

    /// Hands a stimulus to the behaviour, and does what that wants to be done.
    pub(super) fn handle(
        &mut self,
        waiting: Waiting,
        behaviour: &mut dyn Behaviour,
        context: &mut dyn Context,
    ) {
        let (agent, incarnation) = (waiting.agent, waiting.incarnation);
        if !self.is_current(agent, incarnation) {
            return self.discard(&waiting);
        }
        let stimulus = match waiting.what {
            What::Stimulus(stimulus) => stimulus,
            What::Timer(timer) => match self.timers.remove(timer) {
                Some(entry) => Stimulus::Timer { code: entry.code, detail: entry.detail },
                None => return,
            },
        };
        let (mut orders, mut cancelled) =
            (std::mem::take(&mut self.orders), std::mem::take(&mut self.cancelled));
        let own = &mut self.agents[agent.index()];
        let desk = own.desk;
        let mut mailbox = Mailbox {
            agent,
            incarnation,
            orders: &mut orders,
            timers: &mut self.timers,
            cancelled: &mut cancelled,
            random: &mut own.random,
            busy: SimDuration::ZERO,
        };
        behaviour.on(agent, stimulus, &mut mailbox, context);
        let busy = mailbox.busy;
        for timer in cancelled.drain(..) {
            context.cancel_timer(timer);
        }
        self.carry_out_all(agent, incarnation, &mut orders, context);
        (self.orders, self.cancelled) = (orders, cancelled);
        if busy > SimDuration::ZERO {
            let own = &mut self.desks[desk as usize];
            if own.work == Work::None {
                self.pass_time(desk, Work::Busy(agent), busy, context);
            } else {
                (own.more, own.more_for) = (own.more + busy, agent);
            }
        }
    }

    /// Carries out what an agent wants now, and keeps what it wants later.
    fn carry_out_all(
        &mut self,
        agent: AgentId,
        incarnation: u32,
        orders: &mut Vec<(SimDuration, Order)>,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        let mut later: Option<(SimDuration, Vec<Order>)> = None;
        for (delay, order) in orders.drain(..) {
            if let Order::Timer { timer, after } = order {
                let message =
                    Message { code: TIMER, subject: timer.key, detail: u64::from(timer.serial) };
                // It may have been cancelled meanwhile.
                if let Some(entry) = self.timers.get(timer) {
                    entry.due = Some(context.set_timer(now + delay + after, Phase::Demand, message));
                }
            } else if delay == SimDuration::ZERO {
                self.carry_out(agent, incarnation, order, context);
            } else {
                // The times never fall.
                match &mut later {
                    Some((time, orders)) if *time == delay => orders.push(order),
                    _ => {
                        let done = later.replace((delay, vec![order]));
                        self.keep(agent, incarnation, done, context);
                    }
                }
            }
        }
        self.keep(agent, incarnation, later, context);
    }

    fn keep(
        &mut self,
        agent: AgentId,
        incarnation: u32,
        batch: Option<(SimDuration, Vec<Order>)>,
        context: &mut dyn Context,
    ) {
        let Some((delay, orders)) = batch else { return };
        let subject = self.batches.insert(Batch { agent, incarnation, orders }) as u32;
        // Each has its one event, so that its number is enough.
        let message = Message { code: BATCH, subject, detail: 0 };
        context.set_timer(context.now() + delay, Phase::Demand, message);
    }

    /// An agent is done with what it was busy with.
    pub(super) fn on_batch(&mut self, key: u32, context: &mut dyn Context) {
        let Some(batch) = self.batches.try_remove(key as usize) else { return };
        if self.is_current(batch.agent, batch.incarnation) {
            for order in batch.orders {
                self.carry_out(batch.agent, batch.incarnation, order, context);
            }
        }
    }

    fn carry_out(&mut self, agent: AgentId, incarnation: u32, order: Order, context: &mut dyn Context) {
        let from = Address::Agent(agent);
        match order {
            Order::Send { to, kind, bytes, body } => {
                let parcel = Parcel { kind, bytes, body };
                self.post(from, Address::Agent(to), parcel, Content::Message, false, context);
            }
            Order::Request { to, kind, bytes, body, tag } => {
                self.request(from, incarnation, to, Parcel { kind, bytes, body }, tag, context);
            }
            Order::Reply { asked, kind, bytes, body } => {
                self.answer(agent, asked, Parcel { kind, bytes, body }, context);
            }
            // Set when it was ordered.
            Order::Timer { .. } => {}
        }
    }
}
