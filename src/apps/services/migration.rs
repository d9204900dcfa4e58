//! Moves of replicas: where they are started, how their state gets there, and when they serve.

use super::replicas::{Instance, State, Stop};
use super::requests::STATE;
use super::workload::{START, ServiceWorkload};
use crate::apps::{Context, Message};
use crate::engine::{Phase, SimDuration, SimTime};
use crate::infra::assets::AssetId;
use crate::infra::compute::{Discipline, Refusal, Resources};
use crate::infra::{NodeId, TransferId, TransferOutcome, TransferRecord};

/// How a replica that serves is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum MigrationKind {
    /// It stops, its state is copied, it is started.
    #[default]
    Cold,
    /// It is started at its new node while it serves, then it stops and its state is copied.
    StopAndCopy,
    /// It is started at its new node and its state is copied while it serves; then it stops, and what has changed
    /// meanwhile is copied.
    PreCopy {
        /// Share of the state that has changed, in 0..=1.
        changed_share: f64,
    },
}

impl MigrationKind {
    /// The name in scenarios and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            MigrationKind::Cold => "cold",
            MigrationKind::StopAndCopy => "stop_and_copy",
            MigrationKind::PreCopy { .. } => "pre_copy",
        }
    }
}

/// How a move has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MoveEnd {
    /// It serves at its new node, with its state.
    Done,
    /// It serves at its new node, without the state it had: nobody had it any more, or there was no way.
    Afresh,
    /// It was to go elsewhere before it served.
    Abandoned,
}

impl MoveEnd {
    pub(super) const ALL: [MoveEnd; 3] = [MoveEnd::Done, MoveEnd::Afresh, MoveEnd::Abandoned];

    pub(super) const fn name(self) -> &'static str {
        match self {
            MoveEnd::Done => "done",
            MoveEnd::Afresh => "afresh",
            MoveEnd::Abandoned => "abandoned",
        }
    }
}

/// A replica on its way to another node, or to its first.
#[derive(Debug)]
pub(super) struct Move {
    /// Where it was; `None` if it was nowhere.
    pub(super) from: Option<NodeId>,
    pub(super) to: NodeId,
    /// How it moves; `None` if it had not been anywhere, or its node is gone.
    pub(super) kind: Option<MigrationKind>,
    /// The instance that it leaves, as long as that is there beside the present one.
    pub(super) old: Option<Instance>,
    /// The instance that it goes to, as long as it serves at another.
    pub(super) new: Option<Instance>,
    pub(super) began: SimTime,
    /// Since when it does not serve; `None` if it still does, or has not served before.
    pub(super) stopped: Option<SimTime>,
    /// Where its state is copied from.
    source: Option<NodeId>,
    /// The transfer of it that is under way, and its token.
    transfer: Option<(TransferId, u64)>,
    is_started: bool,
    is_copied: bool,
    /// Whether the transfer is the last one, with the replica stopped.
    is_last: bool,
    is_afresh: bool,
    pub(super) sent_bytes: f64,
}

/// What is left of a replica when a move is broken off.
#[derive(Clone, Copy, Debug, Default)]
struct Broken {
    /// The instance that it served from, if its node works.
    old: Option<Instance>,
    /// Since when it does not serve, if it did.
    stopped: Option<SimTime>,
    /// Where its state is, if it has no instance.
    source: Option<NodeId>,
    /// How it was moving from there.
    kind: Option<MigrationKind>,
}

/// What a replica that is let go has left behind.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Where it was.
    from: Option<NodeId>,
    /// Where its state is.
    source: Option<NodeId>,
    /// How it moves, if where it was still works.
    kind: Option<MigrationKind>,
    /// The instance that it still has.
    old: Option<Instance>,
    /// Since when it does not serve, if it did.
    stopped: Option<SimTime>,
}

impl ServiceWorkload {
    fn resources_of(&self, index: u32) -> (f64, Resources) {
        let replica = &self.replicas[index as usize];
        let service = self.service(replica.application, replica.service);
        let resources = Resources {
            memory_bytes: service.amount(AssetId::MEMORY_BYTES),
            storage_bytes: service.amount(AssetId::STORAGE_BYTES),
            accelerators: Vec::new(),
        };
        (service.amount(AssetId::CORES), resources)
    }

    /// Lets a replica go that is to move to another node: what it has left behind is kept for [`bring`](Self::bring). If it
    /// does not serve on its way, its instance is ended, so that others can have its place. Those that move together are
    /// all let go before any is brought.
    pub(super) fn let_go(&mut self, index: u32, to: NodeId, context: &mut dyn Context) {
        let replica = &self.replicas[index as usize];
        if replica.moving.as_ref().is_some_and(|moving| moving.to == to)
            && context.infrastructure().node(to).is_available()
        {
            // It is on its way there already.
            return;
        }
        let was_at = replica.node();
        let served = self.replicas[index as usize].served.take();
        let Broken { old, stopped, source, kind } = self.break_off(index, Some(to), context);
        let from = old.map(|old| old.node).or(was_at).or(served.map(|own| own.0));
        let stopped = stopped.or(served.map(|own| own.1));
        let mut left = Left { from, stopped, source, kind, old: None };
        if let Some(old) = old {
            left.kind = Some(self.options.migration);
            let serves_on = stopped.is_none() && self.options.migration != MigrationKind::Cold;
            if old.node == to || serves_on {
                left.old = Some(old);
            } else {
                left.stopped = stopped.or(Some(context.now()));
                left.source = Some(old.node);
                self.stop(index, context);
                self.replicas[index as usize].instance = None;
                self.undeploy(index, old, context);
            }
        }
        self.replicas[index as usize].left = Some(left);
    }

    /// Brings a replica that was let go to a node, which has been booked for it.
    ///
    /// # Errors
    /// What is short at the node; the replica is [dropped](Self::drop_replica) then.
    pub(super) fn bring(
        &mut self,
        index: u32,
        to: NodeId,
        context: &mut dyn Context,
    ) -> Result<(), Refusal> {
        let now = context.now();
        let Some(left) = self.replicas[index as usize].left.take() else { return Ok(()) };
        if let Some(old) = left.old.filter(|old| old.node == to) {
            // It stays, or goes back to where it still is.
            context.infrastructure().stay(old.processor);
            if let Some(stopped) = left.stopped {
                self.note_downtime(index, stopped, now);
            }
            self.set_state(index, State::Serving, now);
            self.serve(index, context);
            return Ok(());
        }
        let (cores, resources) = self.resources_of(index);
        let shared = Discipline::TimeShared { job_limit: usize::MAX };
        let processor = match context.deploy(to, cores, shared, &resources) {
            Ok(processor) => processor,
            Err(short) => {
                self.drop_replica(index, context);
                if let Some(served) = left.from.zip(left.stopped) {
                    self.replicas[index as usize].served = Some(served);
                }
                return Err(short);
            }
        };
        let new = Instance::new(processor, to, context);
        let replica = &mut self.replicas[index as usize];
        replica.serial = replica.serial.wrapping_add(1);
        replica.moving = Some(Box::new(Move {
            from: left.from,
            to,
            kind: left.kind,
            old: None,
            new: None,
            began: now,
            stopped: left.stopped,
            source: None,
            transfer: None,
            is_started: false,
            is_copied: false,
            is_last: false,
            is_afresh: false,
            sent_bytes: 0.0,
        }));
        if let Some(old) = left.old {
            // It serves on where it is.
            context.infrastructure().leave(old.processor);
            self.change_move(index, |own| own.new = Some(new));
            self.start_later(index, context);
            if let MigrationKind::PreCopy { .. } = self.options.migration {
                self.copy(index, Some(old.node), 1.0, context);
            }
            return Ok(());
        }
        replica.instance = Some(new);
        let state = if left.stopped.is_some() { State::Stopped } else { State::Starting };
        self.set_state(index, state, now);
        let source = left.source.or_else(|| self.living_sibling(index, to, context));
        // What has not served had no state; without any there is nothing that could be lost.
        let replica = &self.replicas[index as usize];
        let has_state = self.service(replica.application, replica.service).state_bytes > 0.0;
        let lost = left.stopped.is_some() && source.is_none() && has_state;
        self.change_move(index, |own| own.is_afresh = lost);
        self.copy(index, source, 1.0, context);
        Ok(())
    }

    /// Takes a replica off its node for good, with all that it has; that it has served is kept in mind.
    pub(super) fn drop_replica(&mut self, index: u32, context: &mut dyn Context) {
        let now = context.now();
        let replica = &self.replicas[index as usize];
        let served_at = match &replica.moving {
            Some(moving) => moving.from,
            None => replica.node(),
        };
        let has_served = replica.state == State::Serving;
        let Broken { old, stopped, .. } = self.break_off(index, None, context);
        self.replicas[index as usize].instance = None;
        self.stop_requests(index, Stop::Lose(super::Outcome::NotPlaced), context);
        if let Some(old) = old {
            self.undeploy(index, old, context);
        }
        self.replicas[index as usize].served = served_at.zip(stopped.or(has_served.then_some(now)));
        self.set_state(index, State::Absent, now);
    }

    /// Ends a move before its time, if there is one, to go on to `next`, if anywhere.
    fn break_off(&mut self, index: u32, next: Option<NodeId>, context: &mut dyn Context) -> Broken {
        let replica = &mut self.replicas[index as usize];
        let present = replica.instance;
        let Some(mut moving) = replica.moving.take() else {
            return self.keep_if_alive(index, Broken { old: present, ..Broken::default() }, context);
        };
        replica.serial = replica.serial.wrapping_add(1);
        let application = replica.application as usize;
        if let Some((transfer, token)) = moving.transfer
            && let Some(record) = context.abort_transfer(transfer, token, TransferOutcome::Dropped)
        {
            moving.sent_bytes += record.sent_bytes;
            self.applications[application].account.sent_bytes += record.sent_bytes;
        }
        let mut broken = Broken { stopped: moving.stopped, ..Broken::default() };
        let (kept, gone) = match (moving.old, moving.new) {
            // Served at the present instance, and was to go to another.
            (None, Some(new)) => (present, Some(new)),
            // Was being started with its state, which is at the present instance.
            (None, None) if moving.kind.is_some() && moving.is_copied => (present, None),
            // Has left one for another.
            (Some(old), _) => (Some(old), present),
            // What is copied is still where it was.
            (None, None) => {
                broken.source = moving.source;
                broken.kind = moving.kind;
                (None, present)
            }
        };
        // Unless it serves again at once, where it was, the next move goes on with the time for which it does not.
        moving.stopped = moving.stopped.filter(|_| kept.is_some() && kept.map(|own| own.node) == next);
        self.record_move(index, &moving, MoveEnd::Abandoned, context);
        if let Some(gone) = gone {
            // Its requests wait at the replica, not at the instance.
            self.undeploy(index, gone, context);
        }
        self.replicas[index as usize].instance = kept;
        broken.old = kept;
        self.keep_if_alive(index, broken, context)
    }

    /// Ends an instance whose node is gone; a state whose node is gone is, too.
    fn keep_if_alive(&mut self, index: u32, broken: Broken, context: &mut dyn Context) -> Broken {
        let infrastructure = context.infrastructure();
        let is_alive = |node: NodeId| infrastructure.node(node).is_available();
        let source = broken.source.filter(|&node| is_alive(node));
        let kind = broken.kind.filter(|_| source.is_some());
        let Some(own) = broken.old.filter(|own| !is_alive(own.node)) else {
            return Broken { source, kind, ..broken };
        };
        // It was lost with its node: from now on at the latest it does not serve.
        let has_served = self.replicas[index as usize].state == State::Serving;
        self.stop_requests(index, Stop::Hold, context);
        self.undeploy(index, own, context);
        self.replicas[index as usize].instance = None;
        let stopped = broken.stopped.or(has_served.then(|| context.now()));
        Broken { old: None, stopped, source, kind }
    }

    fn change_move(&mut self, index: u32, change: impl FnOnce(&mut Move)) {
        if let Some(moving) = &mut self.replicas[index as usize].moving {
            change(moving);
        }
    }

    /// Sets the time at which the new instance is started.
    fn start_later(&mut self, index: u32, context: &mut dyn Context) {
        let replica = &self.replicas[index as usize];
        let start_s = self.service(replica.application, replica.service).start_s;
        let detail = u64::from(replica.serial);
        if start_s <= 0.0 {
            return self.started(index, detail, context);
        }
        let message = Message { code: START, subject: index, detail };
        let time = context.now() + SimDuration::from_secs(start_s);
        context.set_timer(time, Phase::Completion, message);
    }

    /// A replica stops to serve, to go on elsewhere.
    fn stop(&mut self, index: u32, context: &mut dyn Context) {
        let now = context.now();
        self.change_move(index, |own| own.stopped = own.stopped.or(Some(now)));
        self.set_state(index, State::Stopped, now);
        let lost = Stop::Lose(super::Outcome::LostInMigration);
        let stop = if self.options.hold { Stop::Hold } else { lost };
        self.stop_requests(index, stop, context);
    }

    /// The nearest living replica of the same service that serves, to copy state from.
    fn living_sibling(&self, index: u32, to: NodeId, context: &mut dyn Context) -> Option<NodeId> {
        let own = &self.replicas[index as usize];
        let infrastructure = context.infrastructure();
        let mut best: Option<(f64, NodeId)> = None;
        for other in self.replicas_of(own.application, own.service) {
            let other = &self.replicas[other as usize];
            if other.state != State::Serving {
                continue;
            }
            let Some(node) = other.node().filter(|&node| infrastructure.node(node).is_available())
            else {
                continue;
            };
            let latency_s = if node == to { Some(0.0) } else { infrastructure.latency_s(node, to) };
            let Some(latency_s) = latency_s else { continue };
            if best.is_none_or(|(least_s, _)| latency_s < least_s) {
                best = Some((latency_s, node));
            }
        }
        best.map(|(_, node)| node)
    }

    /// Sends a share of the state of a replica to its new node.
    fn copy(&mut self, index: u32, source: Option<NodeId>, share: f64, context: &mut dyn Context) {
        let replica = &self.replicas[index as usize];
        let Some(moving) = &replica.moving else { return };
        let bytes = share * self.service(replica.application, replica.service).state_bytes;
        let Some(source) = source.filter(|&source| bytes > 0.0 && source != moving.to) else {
            return self.copied(index, false, context);
        };
        let token = STATE | (u64::from(replica.serial & 0x7fff_ffff) << 32) | u64::from(index);
        match context.start_transfer(source, moving.to, bytes, token) {
            Ok(transfer) => self.change_move(index, |own| {
                (own.source, own.transfer) = (Some(source), Some((transfer, token)));
            }),
            Err(_) => self.copied(index, true, context),
        }
    }

    pub(super) fn state_transferred(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        let index = record.owner.token as u32;
        let Some(replica) = self.replicas.get_mut(index as usize) else { return };
        let Some(moving) = replica.moving.as_mut() else { return };
        if moving.transfer != Some((record.id, record.owner.token)) {
            return;
        }
        moving.transfer = None;
        moving.sent_bytes += record.sent_bytes;
        let application = replica.application as usize;
        self.applications[application].account.sent_bytes += record.sent_bytes;
        self.copied(index, record.outcome != TransferOutcome::Delivered, context);
    }

    /// The state of a replica has arrived, or what could be had of it.
    fn copied(&mut self, index: u32, is_lost: bool, context: &mut dyn Context) {
        let Some(moving) = &mut self.replicas[index as usize].moving else { return };
        moving.is_afresh |= is_lost;
        if moving.is_last {
            return self.finish_move(index, context);
        }
        moving.is_copied = true;
        if moving.new.is_none() {
            // It does not serve meanwhile: it is started now.
            return self.start_later(index, context);
        }
        if moving.is_started {
            self.switch(index, context);
        }
    }

    /// The new instance of a replica has started.
    pub(super) fn started(&mut self, index: u32, serial: u64, context: &mut dyn Context) {
        let replica = &mut self.replicas[index as usize];
        if u64::from(replica.serial) != serial {
            return;
        }
        let Some(moving) = &mut replica.moving else { return };
        moving.is_started = true;
        if moving.new.is_none() {
            self.finish_move(index, context);
        } else if moving.is_copied || moving.kind == Some(MigrationKind::StopAndCopy) {
            self.switch(index, context);
        }
    }

    /// A replica that has served during its move stops, and what is left of its state is copied.
    fn switch(&mut self, index: u32, context: &mut dyn Context) {
        let present = self.replicas[index as usize].instance;
        let Some(moving) = &mut self.replicas[index as usize].moving else { return };
        let Some(new) = moving.new.take() else { return };
        moving.is_last = true;
        moving.old = present;
        let share = match (moving.kind, moving.is_afresh) {
            // What is lost need not be completed.
            (_, true) => 0.0,
            (Some(MigrationKind::PreCopy { changed_share }), _) => changed_share,
            _ => 1.0,
        };
        self.stop(index, context);
        self.replicas[index as usize].instance = Some(new);
        self.copy(index, present.map(|own| own.node), share, context);
    }

    fn finish_move(&mut self, index: u32, context: &mut dyn Context) {
        let now = context.now();
        let Some(moving) = self.replicas[index as usize].moving.take() else { return };
        if let Some(old) = moving.old {
            self.undeploy(index, old, context);
        }
        if let Some(stopped) = moving.stopped {
            self.note_downtime(index, stopped, now);
        }
        let end = if moving.is_afresh { MoveEnd::Afresh } else { MoveEnd::Done };
        self.record_move(index, &moving, end, context);
        self.set_state(index, State::Serving, now);
        self.serve(index, context);
    }

    fn note_downtime(&mut self, index: u32, stopped: SimTime, now: SimTime) {
        if now < self.begins {
            return;
        }
        let application = self.replicas[index as usize].application as usize;
        self.applications[application].account.migration_downtime_s.add(now.since(stopped).as_secs());
    }

    /// Ends an instance of a replica, on which nothing is processed any more.
    pub(super) fn undeploy(&mut self, index: u32, mut instance: Instance, context: &mut dyn Context) {
        self.settle_instance(index, &mut instance, context);
        context.undeploy(instance.processor);
    }
}
