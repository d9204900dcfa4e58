//! What all missions of a workload share: their vehicles' streams and phases, and their tables.

use super::account::{Account, MissionTables};
use super::config::MissionPlan;
use super::streams::Streams;
use super::video::Activity;
use crate::apps::Context;
use crate::engine::SimTime;
use crate::infra::NodeId;
use crate::infra::vehicles::VehiclePhase;
use crate::records::Symbol;

/// A vehicle of a mission.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) node: NodeId,
    pub(super) mission: u32,
    /// Its place among the vehicles of its mission.
    pub(super) slot: u32,
    phase: VehiclePhase,
    is_serviced: bool,
    since: SimTime,
}

/// The symbols of phases, and of being serviced after them.
type PhaseSymbols = [Symbol; VehiclePhase::ALL.len() + 1];

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) streams: Streams,
    pub(super) tables: Option<MissionTables>,
    phases: Option<PhaseSymbols>,
    members: Vec<Member>,
    /// By node, the place among the members; short of what no vehicle has.
    of_node: Vec<Option<u32>>,
}

impl Crew {
    pub(super) fn new(streams: Streams, plans: &[MissionPlan]) -> Self {
        let mut members = Vec::new();
        for (mission, plan) in (0..).zip(plans) {
            for (slot, node) in (0..).zip(plan.kind.vehicles()) {
                members.push(Member {
                    node,
                    mission,
                    slot,
                    phase: VehiclePhase::Disarmed,
                    is_serviced: false,
                    since: SimTime::ZERO,
                });
            }
        }
        let mut of_node = Vec::new();
        for (place, member) in (0..).zip(&members) {
            if of_node.len() <= member.node.index() {
                of_node.resize(member.node.index() + 1, None);
            }
            of_node[member.node.index()] = Some(place);
        }
        Crew { streams, tables: None, phases: None, members, of_node }
    }

    pub(super) fn start(&mut self, name: &str, plans: &[MissionPlan], context: &mut dyn Context) {
        self.streams.start(name, context);
        self.tables = MissionTables::register(name, plans, context);
        self.phases = Some(std::array::from_fn(|place| {
            let phase = VehiclePhase::ALL.get(place);
            context.symbol(phase.map_or("serviced", |phase| phase.name()))
        }));
    }

    /// The vehicle on a node, if it is one of the workload's.
    pub(super) fn member(&self, node: NodeId) -> Option<Member> {
        let place = (*self.of_node.get(node.index())?)?;
        self.members.get(place as usize).copied()
    }

    pub(super) fn set_activity(
        &mut self,
        vehicle: NodeId,
        activity: Activity,
        context: &mut dyn Context,
    ) {
        self.streams.set_activity(vehicle, activity, context);
    }

    /// A vehicle is in another phase from now on, or serviced.
    fn change(
        &mut self,
        node: NodeId,
        phase: Option<VehiclePhase>,
        serviced: bool,
        context: &mut dyn Context,
    ) {
        let Some(Some(place)) = self.of_node.get(node.index()).copied() else { return };
        let member = &mut self.members[place as usize];
        let (now, before) = (context.now(), *member);
        member.phase = phase.unwrap_or(before.phase);
        member.is_serviced = serviced;
        if (member.phase, serviced) == (before.phase, before.is_serviced) {
            return;
        }
        member.since = now;
        self.write_phase(before, context);
    }

    /// Writes the row of a phase that ends now; none of a phase that has lasted no time.
    fn write_phase(&self, member: Member, context: &mut dyn Context) {
        let (Some(tables), Some(phases)) = (&self.tables, &self.phases) else { return };
        if member.since == context.now() {
            return;
        }
        let place = if member.is_serviced { VehiclePhase::ALL.len() } else { member.phase as usize };
        tables.phase(member.mission, member.node, phases[place], member.since, context);
    }

    pub(super) fn on_phase(&mut self, node: NodeId, phase: VehiclePhase, context: &mut dyn Context) {
        let serviced = self.member(node).is_some_and(|member| member.is_serviced);
        self.change(node, Some(phase), serviced && phase == VehiclePhase::Disarmed, context);
    }

    pub(super) fn begin_service(&mut self, node: NodeId, context: &mut dyn Context) {
        self.change(node, None, true, context);
    }

    pub(super) fn end_service(&mut self, node: NodeId, context: &mut dyn Context) {
        self.change(node, None, false, context);
    }

    pub(super) fn write_mission(&self, mission: u32, account: &Account, context: &mut dyn Context) {
        if let Some(tables) = &self.tables {
            tables.mission(mission, account, context);
        }
    }

    pub(super) fn finish(&mut self, context: &mut dyn Context) {
        self.streams.finish(context);
        for place in 0..self.members.len() {
            self.write_phase(self.members[place], context);
        }
    }
}
