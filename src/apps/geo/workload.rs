//! The workload: users, agents and replicas, and how they answer the world.

use super::account::Ended;
use super::answer::{Collaboration, Failure};
use super::calls::{
    ANSWER, CALL, CallId, DONE, GROUP, HEARTBEAT, Parent, RemoteAnswer, RemoteCall, STAND,
};
use super::members::{DoneMail, GroupMail, REPLICA_TOKEN, Told};
use super::peers::Beat;
use super::plan::GeoPlan;
use super::rows::Rows;
use super::scopes::Scopes;
use super::state::{Errand, Geo, Hands};
use super::steps::{APPLIED, BEAT, BEGIN, GIVE_UP, JOB, STRIKE, TICK};
use super::users::{ARRIVE, LISTED, REMOVE};
use crate::apps::agents::{
    AgentId, Agents, Behaviour, Body, Handling, Mailbox, MessageKind, RequestId, Stimulus,
};
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::infra::compute::Job;
use crate::infra::{JobOutcome, NodeChange, NodeId, TransferRecord};
use serde_json::{Value, json};
use std::sync::Arc;

const POINTS: [DecisionPoint; 1] = [DecisionPoint::ResourceScope];

/// Users of geo-distributed resources, and the sites that serve them. See the [module](super).
#[derive(Debug)]
pub struct GeoWorkload {
    agents: Agents,
    state: Geo,
}

fn kinds() -> Vec<MessageKind> {
    let kind = |name, handling| MessageKind { name, handling };
    vec![
        kind("call", Handling::Full),
        kind("answer", Handling::Light),
        kind("replicas", Handling::Light),
        kind("done", Handling::Light),
        kind("heartbeat", Handling::Light),
        kind("stand", Handling::Light),
    ]
}

impl GeoWorkload {
    /// A workload by this plan. Its name is that of the options of its agents. Replicas outlive the death of their nodes, as
    /// if they were on disks.
    #[must_use]
    pub fn new(mut plan: GeoPlan) -> Self {
        plan.agents.keeps_state = true;
        let agents = Agents::new(plan.agents.clone(), kinds());
        GeoWorkload { agents, state: Geo::new(plan) }
    }

    /// Does what agents have to do with what has just happened.
    fn settle(&mut self, context: &mut dyn Context) {
        while let Some(Errand { site, code, detail }) = self.state.errands.pop_front() {
            self.agents.wake(AgentId(site), code, detail, &mut self.state, context);
        }
    }
}

impl Geo {
    /// The site on a node.
    fn site_of(&self, node: NodeId) -> Option<u32> {
        self.plan.sites.iter().position(|own| *own == node).map(|site| site as u32)
    }

    /// An agent begins: replicas that are there from the start do, too, and those that were there before go on.
    fn started(&mut self, returned: bool, hands: &mut Hands<'_, '_>) {
        let site = hands.site;
        self.begin_beating(hands);
        for at in 0..self.directory.groups_of_site[site as usize].len() {
            let group = self.directory.groups_of_site[site as usize][at];
            let own = &self.directory.groups[group as usize];
            let Some(place) = own.place(site) else { continue };
            let leads = own.leader == site;
            match (returned, own.slots[place].is_some()) {
                (true, true) => self.tell(group, place, Told::Restart, hands),
                (false, _) if leads => self.tell(group, place, Told::Stand, hands),
                _ => {}
            }
        }
        for key in std::mem::take(&mut self.redo[site as usize]) {
            self.apply(key, hands);
        }
    }

    fn message(
        &mut self,
        from: AgentId,
        (kind, body): (u16, Body),
        asked: Option<RequestId>,
        hands: &mut Hands<'_, '_>,
    ) {
        match kind {
            CALL => {
                let (Some(call), Some(asked)) = (body.downcast_ref::<RemoteCall>(), asked) else {
                    return;
                };
                let id = self.new_call(hands.site, Parent::Remote(asked), call.task);
                self.here(id, hands);
            }
            GROUP => {
                let Ok(mail) = body.downcast::<GroupMail>() else { return };
                let mail = Arc::try_unwrap(mail).unwrap_or_else(|mail| (*mail).clone());
                let own = &self.directory.groups[mail.group as usize];
                if let Some(place) = own.place(hands.site) {
                    self.tell(mail.group, place, Told::Message(from.0, mail.message), hands);
                }
            }
            DONE => {
                let Some(&mail) = body.downcast_ref::<DoneMail>() else { return };
                let own = &self.directory.groups[mail.group as usize];
                if let Some(place) = own.place(hands.site) {
                    self.written(mail.group, place, mail.sequence, hands);
                }
            }
            HEARTBEAT => {
                if let Some(&beat) = body.downcast_ref::<Beat>() {
                    self.heard(from.0, beat, hands);
                }
            }
            STAND => {
                let Some(&group) = body.downcast_ref::<u32>() else { return };
                if let Some(place) = self.directory.groups[group as usize].place(hands.site) {
                    self.tell(group, place, Told::Stand, hands);
                }
            }
            _ => {}
        }
    }

    fn timer(&mut self, code: u32, detail: u64, hands: &mut Hands<'_, '_>) {
        match code {
            BEGIN => self.begin_operation(detail as u32, hands),
            JOB => self.worked(CallId::of_token(detail), hands),
            APPLIED => self.applied(detail as u32, hands),
            BEAT => self.beat(hands),
            TICK => self.tick(detail, hands),
            GIVE_UP => self.give_up(CallId::of_token(detail), hands),
            STRIKE => self.on_strike(detail as u32, hands),
            _ => {}
        }
    }

    /// A site's node is gone, or its agent stopped.
    fn site_gone(&mut self, site: u32, context: &mut dyn Context) {
        self.is_up[site as usize] = false;
        self.end_operations_at(site, context);
        let mut outputs = Vec::new();
        for group in self.directory.groups_of_site[site as usize].clone() {
            let Some(place) = self.directory.groups[group as usize].place(site) else { continue };
            if let Some(slot) = self.directory.slot(group, place) {
                for (sequence, _) in std::mem::take(&mut slot.open) {
                    slot.member.abandon(sequence);
                }
                // What it would have sent is lost with it.
                slot.member.crash(&mut outputs);
                outputs.clear();
            }
        }
    }

    /// What has not ended in the run.
    fn finish_all(&mut self, context: &mut dyn Context) {
        let mut left: Vec<_> = self.operations.drain().collect();
        left.sort_by_key(|operation| operation.number);
        for operation in left {
            if operation.began >= context.warm_up_end() {
                self.account.unfinished += 1;
            }
            let ended = Ended {
                kind: operation.wish.kind,
                access: operation.wish.access,
                collaboration: Collaboration::Local,
                result: Err(Failure::Unreachable),
                latency_s: 0.0,
                unavailable: self.contacts[operation.site as usize].unavailable.len(),
            };
            if let Some(rows) = &self.rows {
                rows.unfinished(&operation, &ended, context);
            }
        }
    }
}

impl Behaviour for Geo {
    fn on(
        &mut self,
        agent: AgentId,
        stimulus: Stimulus,
        mail: &mut Mailbox<'_>,
        context: &mut dyn Context,
    ) {
        let hands = &mut Hands { site: agent.0, mail, context };
        match stimulus {
            Stimulus::Started { returned } => self.started(returned, hands),
            Stimulus::Timer { code, detail } => self.timer(code, detail, hands),
            Stimulus::Message { from, kind, body, asked } => {
                self.message(from, (kind, body), asked, hands);
            }
            Stimulus::Reply { tag, kind: ANSWER, body, .. } => {
                let Some(RemoteAnswer(result)) = body.downcast_ref::<RemoteAnswer>() else { return };
                self.child_ended(CallId::of_token(tag), *result, hands);
            }
            Stimulus::Reply { .. } => {}
            Stimulus::TimedOut { tag, to } => {
                self.suspect(agent.0, to.0, hands.context.now());
                self.child_ended(CallId::of_token(tag), Err(Failure::TimedOut), hands);
            }
        }
    }
}

impl Workload for GeoWorkload {
    fn name(&self) -> &str {
        &self.state.plan.agents.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &POINTS
    }

    fn start(&mut self, context: &mut dyn Context) {
        let state = &mut self.state;
        // Tables of these names and shapes are shared by all workloads of this kind; nothing else can be wrong.
        state.rows = Rows::new(&state.plan, context);
        let _ = self.agents.start(context);
        for site in Scopes::centre_sites(&state.plan) {
            let row = state.nominal_row(site, context);
            state.scopes.centres.insert(site, row);
        }
        for site in 0..state.plan.sites.len() {
            let node = state.plan.sites[site];
            state.is_up[site] = context.infrastructure().node(node).is_available();
            self.agents.spawn(node, context);
        }
        state.make_initial(context);
        state.start_users(context);
        self.settle(context);
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        match message.code {
            ARRIVE => self.state.on_arrive(message.subject, context),
            LISTED => self.state.on_listed(message.subject, context),
            REMOVE => {
                let removal = self.state.plan.removals.get(message.subject as usize).copied();
                if let Some(removal) = removal {
                    self.state.site_gone(removal.site, context);
                    self.agents.stop(AgentId(removal.site), &mut self.state, context);
                    self.state.strike(removal.site, context);
                }
            }
            _ => {
                self.agents.on_timer(message, &mut self.state, context);
            }
        }
        self.settle(context);
    }

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        if !self.agents.on_job_end(token, outcome, &mut self.state, context) {
            let is_done = outcome == JobOutcome::Done;
            if token & REPLICA_TOKEN != 0 {
                self.state.replica_job_ended(token, is_done);
            } else if let Some(call) = self.state.call(CallId::of_token(token))
                && is_done
            {
                let errand = Errand { site: call.site, code: JOB, detail: token };
                self.state.errands.push_back(errand);
            }
        }
        self.settle(context);
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        self.agents.on_transfer_end(transfer, &mut self.state, context);
        self.settle(context);
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        self.agents.on_node_change(node, change, &mut self.state, context);
        if let Some(site) = self.state.site_of(node) {
            let is_there = context.infrastructure().node(node).is_available();
            if self.state.is_up[site as usize] && !is_there {
                self.state.site_gone(site, context);
            }
            self.state.is_up[site as usize] = is_there;
        }
        self.settle(context);
    }

    fn on_sample(&mut self, context: &mut dyn Context) {
        self.state.sample(context);
        self.agents.on_sample(context);
    }

    fn finish(&mut self, context: &mut dyn Context) {
        self.state.finish_all(context);
    }

    fn summary(&self) -> Value {
        let state = &self.state;
        let kinds: Vec<&str> =
            state.plan.catalogue.kinds().iter().map(|kind| kind.name.as_str()).collect();
        let mut summary = state.account.summary(&kinds, state.truth.unsettled());
        summary["sites"] = json!(state.plan.sites.len());
        summary["resources"] = json!(state.directory.resources.len());
        summary["groups"] = json!(state.directory.groups.len());
        summary["control"] = self.agents.summary();
        summary
    }
}
