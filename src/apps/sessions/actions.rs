//! What control planes begin and end: phases and durations of actions.

use super::workload::Sessions;
use crate::apps::Context;
use crate::apps::agents::AgentId;
use crate::apps::orchestration::{ActionEnd, ActionKind, ActionPhase, Order};
use crate::engine::SimTime;
use crate::infra::NodeId;

/// An action that has not ended.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) began: SimTime,
    pub(super) kind: ActionKind,
    pub(super) service: u32,
    pub(super) is_forced: bool,
    pub(super) origin: NodeId,
    pub(super) users: u32,
    pub(super) hops: u32,
    pub(super) asked: u32,
    pub(super) searched: Option<SimTime>,
    pub(super) redirected: Option<SimTime>,
    pub(super) deployed: Option<SimTime>,
}

/// An action that has ended.
#[derive(Debug)]
pub(super) struct EndedAction {
    pub(super) action: Action,
    pub(super) ended: SimTime,
    pub(super) end: ActionEnd,
    pub(super) target: Option<NodeId>,
}

impl EndedAction {
    /// Seconds of the action, as published: of a replication until a target was found, whose start does not count.
    pub(super) fn duration_s(&self) -> f64 {
        let found = self
            .action
            .searched
            .filter(|_| self.action.kind == ActionKind::Replicate && self.end == ActionEnd::Done);
        found.unwrap_or(self.ended).since(self.action.began).as_secs()
    }

    /// Seconds until the end of the search, from there to the redirection, and from there to the running of the instance.
    pub(super) fn phases_s(&self) -> [Option<f64>; 3] {
        let Action { began, searched, redirected, deployed, .. } = self.action;
        let from = searched.unwrap_or(began);
        [
            searched.map(|at| at.since(began).as_secs()),
            redirected.map(|at| at.since(deployed.unwrap_or(from)).as_secs()),
            deployed.map(|at| at.since(from).as_secs()),
        ]
    }
}

impl Sessions {
    /// An agent begins, goes on with, or ends an action.
    pub(super) fn note_action(
        &mut self,
        agent: AgentId,
        origin: NodeId,
        order: &Order,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        match *order {
            Order::Open { action, kind, service, forced, cluster, .. } => {
                let users = cluster.map_or(0, |(_, users)| users);
                let own = Action {
                    began: now,
                    kind,
                    service,
                    is_forced: forced,
                    origin,
                    users,
                    hops: 0,
                    asked: 0,
                    searched: None,
                    redirected: None,
                    deployed: None,
                };
                self.actions.insert((agent, action), own);
            }
            Order::Phase { action, phase } => {
                let Some(own) = self.actions.get_mut(&(agent, action)) else { return };
                match phase {
                    ActionPhase::Searched { hops, asked } => {
                        (own.searched, own.hops, own.asked) = (Some(now), hops, asked);
                    }
                    ActionPhase::Redirected { users } => {
                        (own.redirected, own.users) = (Some(now), users)
                    }
                    ActionPhase::Deployed => own.deployed = Some(now),
                }
            }
            Order::Close { action, end, target } => {
                if let Some(action) = self.actions.remove(&(agent, action)) {
                    self.end_action(EndedAction { action, ended: now, end, target }, context);
                }
            }
            _ => {}
        }
    }

    /// Ends the actions of an agent that has died.
    pub(super) fn lose_actions(&mut self, agent: AgentId, context: &mut dyn Context) {
        let own = self.actions.range((agent, 0)..=(agent, u64::MAX));
        let lost: Vec<_> = own.map(|(&key, _)| key).collect();
        for key in lost {
            if let Some(action) = self.actions.remove(&key) {
                let (ended, end) = (context.now(), ActionEnd::Lost);
                self.end_action(EndedAction { action, ended, end, target: None }, context);
            }
        }
    }

    fn end_action(&mut self, ended: EndedAction, context: &mut dyn Context) {
        if ended.ended >= self.warm_up_end {
            self.totals.count_action(&ended);
        }
        self.record_action(&ended, context);
    }
}
