//! What a mission adds up, and its rows.

use super::config::MissionPlan;
use super::field::Weeds;
use super::tables;
use crate::apps::Context;
use crate::engine::SimTime;
use crate::infra::NodeId;
use crate::records::{Cell, Symbol, TableId};

/// How a mission has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissionOutcome {
    /// Its ways are done, or its time is over, and its vehicles are back.
    Done,
    /// A vehicle has stayed somewhere before its way was done.
    Stranded,
    /// A vehicle was lost before its way was done.
    Lost,
    /// A vehicle could not set out at all.
    Refused,
    /// The run ended first.
    Unfinished,
}

impl MissionOutcome {
    /// All, in the order of their counts.
    pub const ALL: [MissionOutcome; 5] = [
        MissionOutcome::Done,
        MissionOutcome::Stranded,
        MissionOutcome::Lost,
        MissionOutcome::Refused,
        MissionOutcome::Unfinished,
    ];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            MissionOutcome::Done => "done",
            MissionOutcome::Stranded => "stranded",
            MissionOutcome::Lost => "lost",
            MissionOutcome::Refused => "refused",
            MissionOutcome::Unfinished => "unfinished",
        }
    }
}

/// How an engagement of a drone has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngagementEnd {
    /// The policy let it go when it was on station or had been.
    Released,
    /// The policy called it back before it was on station.
    Recalled,
    /// The field was done.
    FieldDone,
    /// Its battery only just sufficed for the way home, or to land.
    Reserve,
    /// It was lost, or its node failed.
    Lost,
    /// It did not set out.
    Refused,
    /// The run ended first.
    Unfinished,
}

impl EngagementEnd {
    /// All, in the order of their counts.
    pub const ALL: [EngagementEnd; 7] = [
        EngagementEnd::Released,
        EngagementEnd::Recalled,
        EngagementEnd::FieldDone,
        EngagementEnd::Reserve,
        EngagementEnd::Lost,
        EngagementEnd::Refused,
        EngagementEnd::Unfinished,
    ];

    /// The name in tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            EngagementEnd::Released => "released",
            EngagementEnd::Recalled => "recalled",
            EngagementEnd::FieldDone => "field_done",
            EngagementEnd::Reserve => "reserve",
            EngagementEnd::Lost => "lost",
            EngagementEnd::Refused => "refused",
            EngagementEnd::Unfinished => "unfinished",
        }
    }
}

/// The tables of missions, and the names in them.
#[derive(Clone, Debug)]
pub(super) struct MissionTables {
    pub(super) workload: Symbol,
    missions: TableId,
    phases: TableId,
    pub(super) engagements: TableId,
    outcomes: [Symbol; MissionOutcome::ALL.len()],
    pub(super) ends: [Symbol; EngagementEnd::ALL.len()],
    /// Of each mission its name and kind.
    pub(super) names: Vec<[Symbol; 2]>,
}

impl MissionTables {
    /// `None` if the tables cannot be had, in which case nothing is recorded.
    pub(super) fn register(
        workload: &str,
        plans: &[MissionPlan],
        context: &mut dyn Context,
    ) -> Option<Self> {
        Some(MissionTables {
            workload: context.symbol(workload),
            missions: context.table(tables::missions()).ok()?,
            phases: context.table(tables::mission_phases()).ok()?,
            engagements: context.table(tables::engagements()).ok()?,
            outcomes: MissionOutcome::ALL.map(|outcome| context.symbol(outcome.name())),
            ends: EngagementEnd::ALL.map(|end| context.symbol(end.name())),
            names: plans
                .iter()
                .map(|plan| [plan.name.as_str(), plan.kind.name()].map(|name| context.symbol(name)))
                .collect(),
        })
    }

    /// Writes the row of a phase that ends now.
    pub(super) fn phase(
        &self,
        mission: u32,
        vehicle: NodeId,
        phase: Symbol,
        since: SimTime,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        let row = [
            Cell::Float(now.as_secs()),
            Cell::Category(self.workload),
            Cell::Category(self.names[mission as usize][0]),
            Cell::Category(context.node_symbol(vehicle)),
            Cell::Category(phase),
            Cell::Float(since.as_secs()),
            Cell::Float(now.since(since).as_secs()),
        ];
        context.record(self.phases, &row);
    }

    /// Writes the row of a mission.
    pub(super) fn mission(&self, mission: u32, account: &Account, context: &mut dyn Context) {
        let now = context.now();
        let [name, kind] = self.names[mission as usize];
        let outcome = account.outcome.unwrap_or(MissionOutcome::Unfinished);
        let started_s = account.started.map(SimTime::as_secs);
        let weeds = account.weeds;
        let row = [
            Cell::Float(now.as_secs()),
            Cell::Category(self.workload),
            Cell::Category(name),
            Cell::Category(kind),
            account.vehicle.map(|vehicle| context.node_symbol(vehicle)).into(),
            Cell::from(account.vehicles),
            Cell::Category(self.outcomes[outcome as usize]),
            started_s.into(),
            account.started.map(|started| now.since(started).as_secs()).into(),
            Cell::Float(account.area_m2),
            Cell::Float(account.covered_m2),
            Cell::Float(account.planned_m),
            Cell::Float(account.worked_m),
            Cell::Unsigned(weeds.passed),
            Cell::Unsigned(weeds.by_either),
            Cell::Unsigned(weeds.by_own),
            Cell::Unsigned(weeds.by_helper),
            Cell::Unsigned(weeds.passed - weeds.by_either),
            Cell::Float(account.sprayed_l),
            Cell::from(account.sorties),
            Cell::from(account.engagements),
            Cell::Float(account.station_s),
            Cell::Float(account.overhead_s),
            Cell::Float(account.gained_s),
            Cell::Float(account.energy_j),
            Cell::Float(account.engaged_j),
            Cell::Float(account.value),
        ];
        context.record(self.missions, &row);
    }
}

/// What a mission has come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) outcome: Option<MissionOutcome>,
    pub(super) vehicle: Option<NodeId>,
    pub(super) vehicles: u32,
    pub(super) started: Option<SimTime>,
    pub(super) area_m2: f64,
    pub(super) covered_m2: f64,
    pub(super) planned_m: f64,
    pub(super) worked_m: f64,
    pub(super) weeds: Weeds,
    pub(super) sprayed_l: f64,
    pub(super) sorties: u32,
    pub(super) engagements: u32,
    /// By the way in which they ended.
    pub(super) engagement_ends: [u64; EngagementEnd::ALL.len()],
    pub(super) station_s: f64,
    pub(super) overhead_s: f64,
    pub(super) gained_s: f64,
    pub(super) energy_j: f64,
    pub(super) engaged_j: f64,
    pub(super) value: f64,
}
