//! The rows of a workload of geo-distributed resources.

use super::account::Ended;
use super::answer::{Collaboration, Failure};
use super::operations::Operation;
use super::plan::{Access, GeoPlan};
use super::state::Geo;
use super::tables;
use super::truth::Settled;
use crate::apps::Context;
use crate::records::{Cell, Symbol, TableId};
use crate::replication::{Mode, Role, ValueKind};

/// The tables and names of a workload.
#[derive(Debug)]
pub(super) struct Rows {
    operations: TableId,
    roles: TableId,
    divergence: TableId,
    replicants: TableId,
    sites: TableId,
    workload: Symbol,
    site_names: Vec<Symbol>,
    kinds: Vec<Symbol>,
    modes: Vec<Symbol>,
    accesses: [Symbol; 4],
    collaborations: [Symbol; 4],
    failures: [Symbol; 8],
    role_names: [Symbol; 3],
    outcomes: [Symbol; 3],
    /// Operations that have ended since the last sample, and those that were done, by site and kind.
    ended: Vec<(u64, u64)>,
}

/// What a mode is called.
pub(super) const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Strong => "strong",
        Mode::Eventual => "eventual",
        Mode::Convergent(ValueKind::LastWriter) => "last_writer",
        Mode::Convergent(ValueKind::Counter) => "counter",
        Mode::Convergent(ValueKind::Set) => "set",
    }
}

impl Rows {
    /// Registers the tables; `None` if others have their names.
    pub(super) fn new(plan: &GeoPlan, context: &mut dyn Context) -> Option<Self> {
        let kinds = plan.catalogue.kinds();
        Some(Rows {
            operations: context.table(tables::operations()).ok()?,
            roles: context.table(tables::roles()).ok()?,
            divergence: context.table(tables::divergence()).ok()?,
            replicants: context.table(tables::replicants()).ok()?,
            sites: context.table(tables::sites()).ok()?,
            workload: context.symbol(&plan.agents.name),
            site_names: plan.names.iter().map(|name| context.symbol(name)).collect(),
            kinds: kinds.iter().map(|kind| context.symbol(&kind.name)).collect(),
            modes: plan.kinds.iter().map(|kind| context.symbol(mode_name(kind.mode))).collect(),
            accesses: Access::ALL.map(|access| context.symbol(access.name())),
            collaborations: Collaboration::ALL.map(|own| context.symbol(own.name())),
            failures: Failure::ALL.map(|failure| context.symbol(failure.name())),
            role_names: ["leader", "candidate", "follower"].map(|role| context.symbol(role)),
            outcomes: ["done", "failed", "unfinished"].map(|outcome| context.symbol(outcome)),
            ended: vec![(0, 0); plan.sites.len() * plan.kinds.len()],
        })
    }

    /// An operation of a site's users on a kind has ended.
    pub(super) fn count(&mut self, site: u32, kind: u16, is_done: bool) {
        let (ended, done) = &mut self.ended[site as usize * self.kinds.len() + usize::from(kind)];
        *ended += 1;
        *done += u64::from(is_done);
    }

    /// An operation has ended.
    pub(super) fn operation(
        &self,
        operation: &Operation,
        ended: &Ended,
        replicas: usize,
        context: &mut dyn Context,
    ) {
        let outcome = usize::from(ended.result.is_err());
        self.write_operation(operation, ended, replicas, outcome, context);
    }

    /// An operation has not ended in the run.
    pub(super) fn unfinished(&self, operation: &Operation, ended: &Ended, context: &mut dyn Context) {
        self.write_operation(operation, ended, 0, 2, context);
    }

    fn write_operation(
        &self,
        operation: &Operation,
        ended: &Ended,
        replicas: usize,
        outcome: usize,
        context: &mut dyn Context,
    ) {
        if !context.is_recorded(self.operations) {
            return;
        }
        let wish = &operation.wish;
        let answer = ended.result.ok();
        let failure = ended.result.err().filter(|_| outcome == 1);
        let read = answer.filter(|_| wish.access == Access::Read);
        let cells = [
            Cell::Float(context.now().as_secs()),
            Cell::Category(self.workload),
            Cell::Unsigned(operation.number),
            Cell::Float(operation.began.as_secs()),
            Cell::Category(self.site_names[wish.site as usize]),
            Cell::Category(self.site_names[operation.site as usize]),
            Cell::Category(self.kinds[usize::from(wish.kind)]),
            Cell::Category(self.accesses[wish.access as usize]),
            wish.resource.map(u64::from).into(),
            Cell::Category(self.collaborations[ended.collaboration as usize]),
            Cell::Category(self.modes[usize::from(wish.kind)]),
            Cell::Unsigned(replicas as u64),
            Cell::Category(self.outcomes[outcome]),
            failure.map(|failure| self.failures[failure as usize]).into(),
            answer.map(|_| ended.latency_s).into(),
            answer.map(|own| own.work_s).into(),
            answer.map(|own| u64::from(own.messages)).into(),
            read.map(|own| u64::from(own.versions_behind)).into(),
            read.map(|own| own.age_s).into(),
            Cell::Unsigned(ended.unavailable as u64),
        ];
        context.record(self.operations, &cells);
    }

    /// A site has another role in a group.
    pub(super) fn role(&self, group: u32, site: u32, role: Role, term: u64, context: &mut dyn Context) {
        let name = match role {
            Role::Leader => self.role_names[0],
            Role::Candidate => self.role_names[1],
            Role::Follower => self.role_names[2],
        };
        let cells = [
            Cell::Float(context.now().as_secs()),
            Cell::Category(self.workload),
            Cell::Unsigned(u64::from(group)),
            Cell::Category(self.site_names[site as usize]),
            Cell::Category(name),
            Cell::Unsigned(term),
        ];
        context.record(self.roles, &cells);
    }

    /// Replicas are equal again.
    pub(super) fn divergence(
        &self,
        settled: &Settled,
        kind: u16,
        diverged_s: f64,
        context: &mut dyn Context,
    ) {
        if !context.is_recorded(self.divergence) {
            return;
        }
        let cells = [
            Cell::Float(context.now().as_secs()),
            Cell::Category(self.workload),
            Cell::Unsigned(u64::from(settled.resource)),
            Cell::Category(self.kinds[usize::from(kind)]),
            Cell::Float(settled.since.as_secs()),
            Cell::Float(diverged_s),
            Cell::Unsigned(u64::from(settled.writes)),
        ];
        context.record(self.divergence, &cells);
    }

    /// A site has created a resource.
    pub(super) fn replicant(
        &self,
        resource: u32,
        kind: u16,
        site: u32,
        local_id: u64,
        context: &mut dyn Context,
    ) {
        if !context.is_recorded(self.replicants) {
            return;
        }
        let cells = [
            Cell::Float(context.now().as_secs()),
            Cell::Category(self.workload),
            Cell::Unsigned(u64::from(resource)),
            Cell::Category(self.kinds[usize::from(kind)]),
            Cell::Category(self.site_names[site as usize]),
            Cell::Unsigned(local_id),
        ];
        context.record(self.replicants, &cells);
    }

    /// A sample of a site.
    fn site(&mut self, site: usize, state: (bool, usize, u64), context: &mut dyn Context) {
        let (is_up, unavailable, led) = state;
        for kind in 0..self.kinds.len() {
            let (ended, done) = std::mem::take(&mut self.ended[site * self.kinds.len() + kind]);
            let share = (ended > 0).then(|| done as f64 / ended as f64);
            let cells = [
                Cell::Float(context.now().as_secs()),
                Cell::Category(self.workload),
                Cell::Category(self.site_names[site]),
                Cell::Category(self.kinds[kind]),
                Cell::Unsigned(ended),
                Cell::Unsigned(done),
                share.into(),
                Cell::Boolean(is_up),
                Cell::Unsigned(unavailable as u64),
                Cell::Unsigned(led),
            ];
            context.record(self.sites, &cells);
        }
    }
}

impl Geo {
    /// Writes the samples of all sites.
    pub(super) fn sample(&mut self, context: &mut dyn Context) {
        let Some(mut rows) = self.rows.take() else { return };
        if context.is_recorded(rows.sites) {
            let mut led = vec![0; self.plan.sites.len()];
            for group in &self.directory.groups {
                for (place, slot) in group.slots.iter().enumerate() {
                    let leads = !matches!(group.mode, Mode::Convergent(_))
                        && slot.as_ref().is_some_and(|slot| slot.member.is_leader());
                    led[group.sites[place] as usize] += u64::from(leads);
                }
            }
            for (site, led) in led.into_iter().enumerate() {
                let unavailable = self.contacts[site].unavailable.len();
                let is_up = self.serves(site as u32);
                rows.site(site, (is_up, unavailable, led), context);
            }
        }
        self.rows = Some(rows);
    }
}
