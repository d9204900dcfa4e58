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
    transfer: Option<TransferId>,
    is_started: bool,
    is_copied: bool,
    /// Whether the transfer is the last one, with the replica stopped.
    is_last: bool,
    is_afresh: bool,
    pub(super) sent_bytes: f64,
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

    /// Brings a replica to a node, which has been booked for it.
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
        let replica = &self.replicas[index as usize];
        if replica.moving.as_ref().is_some_and(|moving| moving.to == to)
            && context.infrastructure().node(to).is_available()
        {
            // It is on its way there already.
            return Ok(());
        }
        let was_at = replica.node();
        let (old, stopped) = self.break_off(index, context);
        if let Some(old) = old.filter(|old| old.node == to) {
            // It stays, or goes back to where it still is.
            context.infrastructure().stay(old.processor);
            self.replicas[index as usize].instance = Some(old);
            if let Some(stopped) = stopped {
                self.note_downtime(index, stopped, now);
            }
            self.set_state(index, State::Serving, now);
            self.serve(index, context);
            return Ok(());
        }
        let (cores, resources) = self.resources_of(index);
        let shared = Discipline::TimeShared { job_limit: usize::MAX };
        let deployed = context.deploy(to, cores, shared, &resources);
        let processor = match deployed {
            Ok(processor) => processor,
            Err(short) => {
                self.drop_replica(index, context);
                return Err(short);
            }
        };
        let new = Instance::new(processor, to, context);
        if let Some(old) = old {
            context.infrastructure().leave(old.processor);
        }
        let replica = &mut self.replicas[index as usize];
        replica.serial = replica.serial.wrapping_add(1);
        let kind = old.map(|_| self.options.migration);
        let from = old.map(|old| old.node).or(was_at);
        replica.moving = Some(Box::new(Move {
            from,
            to,
            kind,
            old: None,
            new: None,
            began: now,
            stopped,
            transfer: None,
            is_started: false,
            is_copied: false,
            is_last: false,
            is_afresh: false,
            sent_bytes: 0.0,
        }));
        match (kind, old) {
            // A replica that has stopped has nothing to gain from going on for a while.
            (Some(MigrationKind::StopAndCopy | MigrationKind::PreCopy { .. }), Some(old))
                if stopped.is_none() =>
            {
                self.change_move(index, |own| own.new = Some(new));
                self.replicas[index as usize].instance = Some(old);
                self.start_later(index, context);
                if let Some(MigrationKind::PreCopy { .. }) = kind {
                    self.copy(index, Some(old.node), 1.0, context);
                }
            }
            (_, Some(old)) => {
                self.change_move(index, |own| own.old = Some(old));
                self.replicas[index as usize].instance = Some(new);
                self.stop(index, context);
                self.copy(index, Some(old.node), 1.0, context);
            }
            (_, None) => {
                self.replicas[index as usize].instance = Some(new);
                let state = if stopped.is_some() { State::Stopped } else { State::Starting };
                self.set_state(index, state, now);
                let source = self.living_sibling(index, to, context);
                // Without state there is nothing that could be lost.
                let replica = &self.replicas[index as usize];
                let has_state = self.service(replica.application, replica.service).state_bytes > 0.0;
                let lost = from.is_some() && source.is_none() && has_state;
                self.change_move(index, |own| own.is_afresh = lost);
                self.copy(index, source, 1.0, context);
            }
        }
        Ok(())
    }

    /// Takes a replica off its node for good, with all that it has.
    pub(super) fn drop_replica(&mut self, index: u32, context: &mut dyn Context) {
        let (old, _) = self.break_off(index, context);
        self.replicas[index as usize].instance = None;
        self.stop_requests(index, Stop::Lose(super::Outcome::NotPlaced), context);
        if let Some(old) = old {
            self.undeploy(index, old, context);
        }
        self.set_state(index, State::Absent, context.now());
    }

    /// Ends a move before its time. What is left is the instance that the replica served from, if that is still there,
    /// and since when it does not serve, if it did.
    fn break_off(
        &mut self,
        index: u32,
        context: &mut dyn Context,
    ) -> (Option<Instance>, Option<SimTime>) {
        let replica = &mut self.replicas[index as usize];
        let present = replica.instance;
        let Some(moving) = replica.moving.take() else {
            return self.keep_if_alive(index, present, None, context);
        };
        replica.serial = replica.serial.wrapping_add(1);
        if let Some(transfer) = moving.transfer {
            context.abort_transfer(transfer, TransferOutcome::Dropped);
        }
        self.record_move(index, &moving, MoveEnd::Abandoned, context);
        let (kept, gone) = match (moving.old, moving.new) {
            // Served at the present instance, and was to go to another.
            (None, Some(new)) => (present, Some(new)),
            // Was being started with its state, which is at the present instance.
            (None, None) if moving.kind.is_some() && moving.is_copied => (present, None),
            // Has left one for another.
            (old, _) => (old, present),
        };
        if let Some(gone) = gone {
            // Its requests wait at the replica, not at the instance.
            self.undeploy(index, gone, context);
        }
        self.replicas[index as usize].instance = kept;
        self.keep_if_alive(index, kept, moving.stopped, context)
    }

    /// An instance whose node is gone is ended.
    fn keep_if_alive(
        &mut self,
        index: u32,
        instance: Option<Instance>,
        stopped: Option<SimTime>,
        context: &mut dyn Context,
    ) -> (Option<Instance>, Option<SimTime>) {
        let Some(own) = instance else { return (None, stopped) };
        if context.infrastructure().node(own.node).is_available() {
            return (Some(own), stopped);
        }
        // It was lost with its node: from now on at the latest it does not serve.
        let has_served = self.replicas[index as usize].state == State::Serving;
        self.stop_requests(index, Stop::Hold, context);
        self.undeploy(index, own, context);
        self.replicas[index as usize].instance = None;
        (None, stopped.or(has_served.then(|| context.now())))
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
        self.change_move(index, |own| {
            own.stopped.get_or_insert(now);
        });
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
            Ok(transfer) => self.change_move(index, |own| own.transfer = Some(transfer)),
            Err(_) => self.copied(index, true, context),
        }
    }

    pub(super) fn state_transferred(&mut self, record: &TransferRecord, context: &mut dyn Context) {
        let index = record.owner.token as u32;
        let Some(replica) = self.replicas.get_mut(index as usize) else { return };
        let Some(moving) = replica.moving.as_mut() else { return };
        if moving.transfer != Some(record.id) {
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
            if let Some(old) = moving.old.take() {
                self.undeploy(index, old, context);
            }
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
        let application = self.replicas[index as usize].application as usize;
        self.applications[application].account.migration_downtime_s.add(now.since(stopped).as_secs());
    }

    /// Ends an instance of a replica, on which nothing is processed any more.
    pub(super) fn undeploy(&mut self, index: u32, mut instance: Instance, context: &mut dyn Context) {
        self.settle_instance(index, &mut instance, context);
        context.undeploy(instance.processor);
    }
}
