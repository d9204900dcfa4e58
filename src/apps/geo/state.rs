//! All that a workload of geo-distributed resources keeps, but for its agents.

use super::account::Account;
use super::calls::Call;
use super::directory::Directory;
use super::members::Applying;
use super::operations::Operation;
use super::peers::Contacts;
use super::plan::{Access, GeoPlan};
use super::rows::Rows;
use super::scopes::Scopes;
use super::truth::Truth;
use super::users::Users;
use crate::apps::Context;
use crate::apps::agents::Mailbox;
use crate::replication::MemberOutput;
use slab::Slab;
use std::collections::{BTreeMap, VecDeque};

/// What is to be done by an agent when an event has been handled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand {
    pub(super) site: u32,
    pub(super) code: u32,
    pub(super) detail: u64,
}

/// An agent at work: its site, its mail and the world.
pub(super) struct Hands<'a, 'b> {
    pub(super) site: u32,
    pub(super) mail: &'a mut Mailbox<'b>,
    pub(super) context: &'a mut dyn Context,
}

/// Requests for resources of a kind that an agent has handled, by the site of the user.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    epoch: u64,
    by_site: BTreeMap<u32, f64>,
}

impl Seen {
    /// A request is handled in an epoch; those of each epoch before count half of those after it.
    pub(super) fn count(&mut self, site: u32, epoch: u64) {
        let halvings = epoch.saturating_sub(self.epoch);
        if halvings > 0 {
            self.epoch = epoch;
            let factor = if halvings < 64 { 0.5f64.powi(halvings as i32) } else { 0.0 };
            self.by_site.values_mut().for_each(|own| *own *= factor);
        }
        *self.by_site.entry(site).or_default() += 1.0;
    }
}

/// All but the agents.
#[derive(Debug)]
pub(super) struct Geo {
    pub(super) plan: GeoPlan,
    /// By kind and access: million instructions of an operation with what it causes at its own site.
    pub(super) local_work_mi: Vec<[f64; 4]>,
    pub(super) directory: Directory,
    pub(super) truth: Truth,
    pub(super) scopes: Scopes,
    /// By site.
    pub(super) contacts: Vec<Contacts>,
    pub(super) is_up: Vec<bool>,
    pub(super) is_removed: Vec<bool>,
    /// By site and kind.
    pub(super) demand: Vec<Seen>,
    /// By site and kind: local identifiers given so far.
    pub(super) local_ids: Vec<u64>,
    /// By site: replicas that were executing when it died.
    pub(super) redo: Vec<Vec<u32>>,
    pub(super) users: Users,
    pub(super) operations: Slab<Operation>,
    pub(super) calls: Slab<Call>,
    pub(super) applying: Slab<Applying>,
    pub(super) next_serial: u32,
    pub(super) errands: VecDeque<Errand>,
    pub(super) account: Account,
    pub(super) rows: Option<Rows>,
    /// Kept for its memory.
    pub(super) outputs: Vec<MemberOutput>,
}

/// Work at a site of an operation with all that it causes there, by kind and access: the catalogue has no circles, and calls
/// are followed as far as there are kinds.
fn local_work_mi(plan: &GeoPlan) -> Vec<[f64; 4]> {
    let mut total: Vec<[f64; 4]> = plan.kinds.iter().map(|kind| kind.work_mi).collect();
    for _ in 0..plan.kinds.len() {
        let before = total.clone();
        for (own, kind) in total.iter_mut().zip(&plan.kinds) {
            for access in Access::ALL {
                let at = access as usize;
                let calls = kind.calls.iter().filter(|call| call.on[at]);
                let caused: f64 =
                    calls.map(|call| before[usize::from(call.kind)][call.access as usize]).sum();
                own[at] = kind.work_mi[at] + caused;
            }
        }
    }
    total
}

impl Geo {
    pub(super) fn new(plan: GeoPlan) -> Self {
        let (sites, kinds) = (plan.sites.len(), plan.kinds.len());
        Geo {
            local_work_mi: local_work_mi(&plan),
            directory: Directory::new(sites, kinds),
            truth: Truth::default(),
            scopes: Scopes::new(&plan),
            contacts: (0..sites).map(|_| Contacts::default()).collect(),
            is_up: vec![true; sites],
            is_removed: vec![false; sites],
            demand: vec![Seen::default(); sites * kinds],
            local_ids: vec![0; sites * kinds],
            redo: vec![Vec::new(); sites],
            users: Users::default(),
            operations: Slab::new(),
            calls: Slab::new(),
            applying: Slab::new(),
            next_serial: 0,
            errands: VecDeque::new(),
            account: Account::new(kinds),
            rows: None,
            outputs: Vec::new(),
            plan,
        }
    }

    /// A number that tells things that were kept at the same place apart: 30 bits, so that it fits tokens.
    pub(super) fn serial(&mut self) -> u32 {
        self.next_serial = (self.next_serial + 1) & 0x3fff_ffff;
        self.next_serial
    }

    /// The agent of a site has handled a request for a kind of a user at `from`.
    pub(super) fn see_demand(&mut self, site: u32, kind: u16, from: u32, context: &dyn Context) {
        let epoch = self.plan.demand_epoch.as_nanos().max(1);
        let epoch = context.now().as_nanos() / epoch;
        let at = site as usize * self.plan.kinds.len() + usize::from(kind);
        self.demand[at].count(from, epoch);
    }

    /// What it has handled.
    pub(super) fn demand_seen(&self, site: u32, kind: u16) -> &BTreeMap<u32, f64> {
        &self.demand[site as usize * self.plan.kinds.len() + usize::from(kind)].by_site
    }
}
