//! Who is where, and which access point serves whom.

use super::attachment::{AccessPointIndex, AccessPoints};
use super::event::InfraEvent;
use super::geometry::{Leg, Position};
use super::ids::{ClassId, NodeId};
use super::mobility::{MobilityModel, Mover};
use super::radio::Signals;
use crate::engine::{EntityStream, EventHandle, Phase, Schedule, SimDuration, SimTime, prefetch};

const NO_MOVER: u32 = u32::MAX;

/// What a device that moves or attaches has beyond other nodes.
#[derive(Debug)]
struct MoverState {
    node: NodeId,
    class: ClassId,
    number: u32,
    wireless: bool,
    random: EntityStream,
    memory: u64,
    /// Where the pending [`InfraEvent::AttachmentChanges`] leads.
    next_attached: Option<AccessPointIndex>,
    leg_due: Option<EventHandle>,
    attachment_due: Option<EventHandle>,
    /// Whether its movement was stopped between the ends of a leg.
    is_stopped: bool,
    /// Whether 5G cells or WiFi say to which of their access points it is attached.
    is_commanded: bool,
    /// Whether such a device chooses among other access points by itself while it has no cell.
    falls_back: bool,
}

/// A change of attachment: the device, and the access points before and after.
pub(super) type Reattached = (Option<AccessPointIndex>, Option<AccessPointIndex>);

/// How an access point can be had by a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// By cells only.
    Commanded,
    /// Not, as it does not work.
    Down,
    /// Not, as its range ends before.
    Outside,
    /// It can.
    Inside,
}

/// Places, movements and attachments of all nodes.
#[derive(Debug)]
pub(super) struct Motion {
    legs: Vec<Leg>,
    mover_of: Vec<u32>,
    movers: Vec<MoverState>,
    /// For each node, beside the movers because every transfer asks for it.
    attached: Vec<Option<AccessPointIndex>>,
    /// One model a class.
    models: Vec<Box<dyn MobilityModel>>,
    access_points: AccessPoints,
    /// If access points are compared by received power.
    signals: Option<Signals>,
}

/// A node and where it starts.
#[derive(Debug)]
pub(super) struct Placement {
    node: NodeId,
    class: ClassId,
    number: u32,
    wireless: bool,
    random: EntityStream,
    memory: u64,
    pub(super) leg: Leg,
    is_vehicle: bool,
}

impl Placement {
    /// Places a node by the model of its class.
    pub(super) fn new(
        node: NodeId,
        class: ClassId,
        number: u32,
        wireless: bool,
        mut random: EntityStream,
        model: &mut dyn MobilityModel,
    ) -> Self {
        let mut memory = 0;
        let mut mover =
            Mover { index: number, now: SimTime::ZERO, random: &mut random, memory: &mut memory };
        let leg = model.start(&mut mover);
        Placement { node, class, number, wireless, random, memory, leg, is_vehicle: false }
    }

    /// Lets it stand where it starts, for commands to move it.
    pub(super) fn stand_as_vehicle(&mut self) {
        self.leg = Leg::stay(self.leg.from, SimTime::ZERO, SimTime::MAX);
        self.is_vehicle = true;
    }
}

impl Motion {
    /// All nodes where they start; the access points are set later.
    pub(super) fn new(
        models: Vec<Box<dyn MobilityModel>>,
        nodes: Vec<Placement>,
        no_access_points: AccessPoints,
    ) -> Self {
        let (mut legs, mut mover_of, mut movers) = (Vec::new(), Vec::new(), Vec::new());
        for Placement { node, class, number, wireless, random, memory, leg, is_vehicle } in nodes {
            legs.push(leg);
            if !wireless && !is_vehicle && leg.arrive == SimTime::MAX {
                mover_of.push(NO_MOVER);
                continue;
            }
            mover_of.push(movers.len() as u32);
            movers.push(MoverState {
                node,
                class,
                number,
                wireless,
                random,
                memory,
                next_attached: None,
                leg_due: None,
                attachment_due: None,
                is_stopped: false,
                is_commanded: false,
                falls_back: false,
            });
        }
        let attached = vec![None; legs.len()];
        Motion {
            legs,
            mover_of,
            movers,
            attached,
            models,
            access_points: no_access_points,
            signals: None,
        }
    }

    /// Compares access points by what devices receive of them.
    pub(super) fn set_signals(&mut self, signals: Signals) {
        self.signals = Some(signals);
    }

    pub(super) fn signals(&self) -> Option<&Signals> {
        self.signals.as_ref()
    }

    /// Time between two measurements; `None` if attachment changes at the exact instants.
    pub(super) fn interval(&self) -> Option<SimDuration> {
        self.signals.as_ref().and_then(|signals| signals.environment.interval())
    }

    /// From now on 5G cells or WiFi say whether a device is attached to their access points, which are out of reach by
    /// themselves. Without one it chooses among other access points by itself if it `falls_back`.
    pub(super) fn obey_cells(&mut self, node: NodeId, falls_back: bool) {
        if let Some(index) = self.mover(node) {
            self.movers[index].is_commanded = true;
            self.movers[index].falls_back = falls_back;
        }
    }

    /// Whether the attachment of a mover is decided when it is measured, and not at exact instants.
    fn is_measured(&self, index: usize) -> bool {
        self.movers[index].is_commanded || self.interval().is_some()
    }

    /// The best access point in whose range a place is.
    pub(super) fn best_access_point(&self, place: Position) -> Option<AccessPointIndex> {
        self.access_points.best(place)
    }

    pub(super) fn set_access_points(&mut self, access_points: AccessPoints) {
        self.access_points = access_points;
    }

    pub(super) fn position(&self, node: NodeId, now: SimTime) -> Position {
        self.legs[node.index()].position(now)
    }

    pub(super) fn leg(&self, node: NodeId) -> Leg {
        self.legs[node.index()]
    }

    pub(super) fn attached(&self, node: NodeId) -> Option<AccessPointIndex> {
        self.attached[node.index()]
    }

    /// Whether a node is not one that stands still on a wire.
    pub(super) fn moves_or_attaches(&self, node: NodeId) -> bool {
        self.mover(node).is_some()
    }

    fn mover(&self, node: NodeId) -> Option<usize> {
        self.mover_of.get(node.index()).filter(|&&index| index != NO_MOVER).map(|&index| index as usize)
    }

    /// Asks for what is kept of where a node is attached.
    pub(super) fn prefetch(&self, node: NodeId) {
        prefetch(&self.attached[node.index()]);
    }

    /// Whether a device is attached to this access point, or on its way to it.
    pub(super) fn is_bound_to(&self, node: NodeId, access_point: AccessPointIndex) -> bool {
        self.mover(node).is_some_and(|index| {
            let mover = &self.movers[index];
            let coming = mover.next_attached.filter(|_| mover.attachment_due.is_some());
            self.attached[node.index()] == Some(access_point) || coming == Some(access_point)
        })
    }

    /// All devices that attach to access points.
    pub(super) fn wireless(&self) -> impl Iterator<Item = NodeId> {
        self.movers.iter().filter(|mover| mover.wireless).map(|mover| mover.node)
    }

    /// Starts the movement of a node that is in the world from the start.
    pub(super) fn start<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) -> Option<Reattached> {
        let index = self.mover(node)?;
        self.schedule_leg_end(schedule, index);
        // The first measurement of cells is still to come.
        if self.movers[index].is_commanded { None } else { self.reattach(schedule, node) }
    }

    fn schedule_leg_end<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, index: usize) {
        let mover = &mut self.movers[index];
        let arrive = self.legs[mover.node.index()].arrive;
        mover.leg_due = (arrive < SimTime::MAX).then(|| {
            let event = InfraEvent::LegEnds(mover.node).into();
            schedule.at(arrive, Phase::Environment, event)
        });
    }

    /// Handles [`InfraEvent::LegEnds`]: asks the model for the next leg, on which the node may attach to an
    /// access point or, while it has failed, not.
    pub(super) fn on_leg_ends<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        attaches: bool,
    ) -> Option<Reattached> {
        let index = self.mover(node)?;
        let MoverState { class, number, ref mut random, ref mut memory, .. } = self.movers[index];
        let mut mover = Mover { index: number, now: schedule.now(), random, memory };
        let previous = self.legs[node.index()];
        let leg = self.models[class.index()].next_leg(&previous, &mut mover);
        let reattached = self.set_leg(schedule, node, leg, attaches);
        self.schedule_leg_end(schedule, index);
        reattached
    }

    /// Puts a node on another leg, and decides its attachment anew if it `attaches` at all. Its end is not
    /// an event; the caller sees to what comes after.
    pub(super) fn set_leg<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        leg: Leg,
        attaches: bool,
    ) -> Option<Reattached> {
        self.legs[node.index()] = leg;
        // Who is attached already measures when it is time, and devices of cells always do.
        let is_commanded = self.mover(node).is_some_and(|index| self.movers[index].is_commanded);
        let waits = is_commanded || (self.interval().is_some() && self.attached(node).is_some());
        if attaches && !waits { self.reattach(schedule, node) } else { None }
    }

    /// Decides the attachment of a device anew, after a jump, a new leg, or a change of access points.
    pub(super) fn reattach<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) -> Option<Reattached> {
        let index = self.mover(node).filter(|&index| self.movers[index].wireless)?;
        let place = self.position(node, schedule.now());
        let held = self.attached[node.index()];
        let MoverState { is_commanded, falls_back, .. } = self.movers[index];
        if is_commanded {
            // A gNB keeps its devices until their cells say otherwise, and another access point while it is in range.
            let is_held = held.is_some_and(|held| self.access_points.is_held_only(held));
            let other = held.filter(|held| !self.access_points.is_out_of_reach(*held));
            let attached = match (is_held, falls_back || other.is_some()) {
                (true, _) => held,
                (false, true) => self.access_points.attach(place, other),
                (false, false) => None,
            };
            return self.attach(schedule, index, attached);
        }
        let attached = match &mut self.signals {
            Some(signals) if signals.environment.interval().is_some() => {
                signals.choose(&self.access_points, node, place, held)
            }
            _ => self.access_points.attach(place, held),
        };
        self.attach(schedule, index, attached)
    }

    /// Handles [`InfraEvent::AttachmentChanges`].
    pub(super) fn on_attachment_changes<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
    ) -> Option<Reattached> {
        let index = self.mover(node)?;
        self.movers[index].attachment_due = None;
        let attached = self.movers[index].next_attached;
        self.attach(schedule, index, attached)
    }

    /// The access point that a device without a cell goes to by itself, if it may and is in the range of one.
    pub(super) fn elsewhere(&self, node: NodeId, now: SimTime) -> Option<AccessPointIndex> {
        let index = self.mover(node).filter(|&index| self.movers[index].falls_back)?;
        self.access_points.attach(self.position(self.movers[index].node, now), None)
    }

    /// The best access point for a device that no system commands, with the hysteresis of its present one.
    pub(super) fn plain(&self, node: NodeId, now: SimTime) -> Option<AccessPointIndex> {
        let held = self.attached(node).filter(|held| !self.access_points.is_out_of_reach(*held));
        self.access_points.attach(self.position(node, now), held)
    }

    /// How a device could have an access point now.
    pub(super) fn reach(&self, node: NodeId, access_point: AccessPointIndex, now: SimTime) -> Reach {
        if self.access_points.is_out_of_reach(access_point) {
            return Reach::Commanded;
        }
        if !self.access_points.is_active(access_point) {
            return Reach::Down;
        }
        let place = self.position(node, now);
        let is_inside = self.access_points.within_range(place).any(|index| index == access_point);
        if is_inside { Reach::Inside } else { Reach::Outside }
    }

    /// Attaches a device as its cells say.
    pub(super) fn attach_to<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        attached: Option<AccessPointIndex>,
    ) -> Option<Reattached> {
        let index = self.mover(node)?;
        self.attach(schedule, index, attached)
    }

    fn attach<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        index: usize,
        attached: Option<AccessPointIndex>,
    ) -> Option<Reattached> {
        let is_measured = self.is_measured(index);
        let mover = &mut self.movers[index];
        let before = std::mem::replace(&mut self.attached[mover.node.index()], attached);
        let leg = &self.legs[mover.node.index()];
        let next = match is_measured {
            true => None,
            false => self.access_points.next_change(leg, schedule.now(), attached),
        };
        mover.next_attached = next.and_then(|(_, attached)| attached);
        match (next, mover.attachment_due) {
            (Some((time, _)), Some(due)) if schedule.reschedule(due, time) => {}
            (Some((time, _)), _) => {
                let event = InfraEvent::AttachmentChanges(mover.node).into();
                mover.attachment_due = Some(schedule.at(time, Phase::Environment, event));
            }
            (None, Some(due)) => {
                schedule.cancel(due);
                mover.attachment_due = None;
            }
            (None, None) => {}
        }
        (before != attached).then_some((before, attached))
    }

    /// Takes a device off its access point and stops its movement where it is: it has no energy, has
    /// failed or left the world.
    pub(super) fn halt<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        stops_moving: bool,
    ) -> Option<Reattached> {
        let index = self.mover(node)?;
        let now = schedule.now();
        let mover = &mut self.movers[index];
        if let Some(due) = mover.attachment_due.take() {
            schedule.cancel(due);
        }
        if stops_moving {
            if let Some(due) = mover.leg_due.take() {
                schedule.cancel(due);
                mover.is_stopped = true;
            }
            let place = self.legs[node.index()].position(now);
            self.legs[node.index()] = Leg::stay(place, now, SimTime::MAX);
        }
        let before = self.attached[node.index()].take()?;
        Some((Some(before), None))
    }

    /// Lets a device go on that was stopped, as at the end of a leg, and attaches it if it `attaches` at all.
    pub(super) fn go_on<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        attaches: bool,
    ) -> Option<Reattached> {
        let index = self.mover(node)?;
        if !std::mem::take(&mut self.movers[index].is_stopped) {
            return if attaches { self.reattach(schedule, node) } else { None };
        }
        self.legs[node.index()] =
            Leg::stay(self.position(node, schedule.now()), schedule.now(), schedule.now());
        self.on_leg_ends(schedule, node, attaches)
    }

    /// Switches an access point on or off; the devices it concerns are to be [reattached](Self::reattach).
    pub(super) fn set_access_point(&mut self, index: AccessPointIndex, active: bool) {
        self.access_points.set_active(index, active);
    }
}
