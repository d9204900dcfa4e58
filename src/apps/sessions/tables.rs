//! The tables of user sessions and of what control planes do.

use super::actions::EndedAction;
use super::outcome::SessionOutcome;
use super::requests::Ended;
use super::workload::Sessions;
use crate::apps::Context;
use crate::apps::orchestration::{ActionEnd, ActionKind, NO_SERVICE};
use crate::engine::ABSENT;
use crate::records::{Cell, ColumnSpec, RecordError, Symbol, TableId, TableSpec};

fn sessions() -> TableSpec {
    let table = TableSpec::new(
        "sessions",
        "One row for each request of a user, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::category("workload", "workload that the user belongs to"),
            ColumnSpec::unsigned("user", "", "the user's number in its workload"),
            ColumnSpec::category("service", "service that it is for"),
            ColumnSpec::category("node", "node of the instance that it was sent to; null if to none"),
            ColumnSpec::float("created_s", "s", "when the user wanted it"),
            ColumnSpec::float(
                "latency_s",
                "s",
                "time from its sending to the response; null if there was none",
            ),
            ColumnSpec::float(
                "query_s",
                "s",
                "time for which it waited before, for the address of an instance",
            ),
            ColumnSpec::boolean(
                "violated",
                "whether it took longer than the service's limit, or was not served",
            ),
            ColumnSpec::category("outcome", "how it ended"),
        ],
    );
    table.detailed()
}

fn session_windows() -> TableSpec {
    TableSpec::new(
        "session_windows",
        "One row for each service at each sample, of the requests that have ended since the last one",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that the service belongs to"),
            ColumnSpec::category("service", "service"),
            ColumnSpec::unsigned("requests", "", "requests that have ended"),
            ColumnSpec::float(
                "p50_s",
                "s",
                "median latency of those that were served; null if there were none",
            ),
            ColumnSpec::float("p95_s", "s", "95th percentile of it"),
            ColumnSpec::float("p99_s", "s", "99th percentile of it"),
            ColumnSpec::float(
                "violation_share",
                "",
                "share of them that took longer than the limit, or were not served; null if there were none",
            ),
            ColumnSpec::unsigned("users", "", "users who are there"),
            ColumnSpec::unsigned(
                "instances",
                "",
                "instances, with those that are about to run or whose node is down",
            ),
        ],
    )
}

fn tree_actions() -> TableSpec {
    TableSpec::new(
        "tree_actions",
        "One row for each action of a control plane, trees or not, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::category("workload", "workload of the control plane"),
            ColumnSpec::float("began_s", "s", "when it began"),
            ColumnSpec::category(
                "kind",
                "what it was: migrate, replicate, terminate, assign_parent, take_over",
            ),
            ColumnSpec::boolean("forced", "whether an experiment forced it"),
            ColumnSpec::category("service", "service that it was about; null if about none"),
            ColumnSpec::category("origin", "node of the agent that began it"),
            ColumnSpec::category("target", "node that was chosen; null if none was"),
            ColumnSpec::unsigned(
                "users",
                "",
                "users that it was about, or that were told to go elsewhere",
            ),
            ColumnSpec::unsigned("hops", "", "messages from agent to agent that the search took"),
            ColumnSpec::unsigned("asked", "", "candidates that were asked"),
            ColumnSpec::float("search_s", "s", "time until the search ended; null if it did not"),
            ColumnSpec::float(
                "redirect_s",
                "s",
                "time from there, or of a replication from when its instance ran, until users were sent elsewhere; null if they were not",
            ),
            ColumnSpec::float(
                "deploy_s",
                "s",
                "time from the end of the search until the new instance ran; null if none did",
            ),
            ColumnSpec::float(
                "duration_s",
                "s",
                "time from beginning to end; of a replication that was done until its target was found",
            ),
            ColumnSpec::category(
                "outcome",
                "how it ended: done, no_target, refused_locally, timed_out, lost, abandoned",
            ),
        ],
    )
}

fn tree_shape() -> TableSpec {
    TableSpec::new(
        "tree_shape",
        "One row for the tree of each service at each sample, if its control plane has trees",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload of the control plane"),
            ColumnSpec::category("service", "service"),
            ColumnSpec::unsigned("nodes", "", "nodes that think that they are in the tree"),
            ColumnSpec::unsigned("depth_max", "", "most edges from a node up to a root"),
            ColumnSpec::float("depth_mean", "", "mean of them"),
            ColumnSpec::unsigned("children_max", "", "most children of a node"),
            ColumnSpec::float("children_mean", "", "mean number of children of nodes that have some"),
            ColumnSpec::unsigned("orphans", "", "nodes that look for a parent"),
            ColumnSpec::unsigned("roots", "", "nodes that think that they are the root"),
        ],
    )
}

/// Tables and symbols that rows are written with.
#[derive(Debug)]
pub(super) struct Registered {
    sessions: TableId,
    session_windows: TableId,
    tree_actions: TableId,
    tree_shape: TableId,
    name: Symbol,
    services: Vec<Symbol>,
    outcomes: [Symbol; SessionOutcome::ALL.len()],
    kinds: [Symbol; ActionKind::ALL.len()],
    ends: [Symbol; ActionEnd::ALL.len()],
}

impl Sessions {
    pub(super) fn register(&mut self, context: &mut dyn Context) -> Result<(), RecordError> {
        let names = self.service_facts.iter().map(|service| service.name.as_str());
        self.registered = Some(Registered {
            sessions: context.table(sessions())?,
            session_windows: context.table(session_windows())?,
            tree_actions: context.table(tree_actions())?,
            tree_shape: context.table(tree_shape())?,
            name: context.symbol(&self.options.agents.name),
            services: names.map(|name| context.symbol(name)).collect(),
            outcomes: SessionOutcome::ALL.map(|outcome| context.symbol(outcome.name())),
            kinds: ActionKind::ALL.map(|kind| context.symbol(kind.name())),
            ends: ActionEnd::ALL.map(|end| context.symbol(end.name())),
        });
        Ok(())
    }

    pub(super) fn record_request(&self, ended: &Ended, context: &mut dyn Context) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.sessions) {
            return;
        }
        let node = (ended.slot != ABSENT).then(|| context.node_symbol(self.node_of(ended.slot)));
        context.record(
            registered.sessions,
            &[
                context.now().as_secs().into(),
                registered.name.into(),
                ended.user.into(),
                registered.services[ended.service as usize].into(),
                node.into(),
                ended.created.as_secs().into(),
                ended.latency_s.into(),
                ended.query_s.into(),
                ended.is_violated.into(),
                registered.outcomes[ended.outcome as usize].into(),
            ],
        );
    }

    pub(super) fn record_action(&self, ended: &EndedAction, context: &mut dyn Context) {
        let Some(registered) = &self.registered else { return };
        let action = &ended.action;
        let [search_s, redirect_s, deploy_s] = ended.phases_s();
        let service = Some(action.service).filter(|&service| service != NO_SERVICE);
        let service = service.and_then(|service| registered.services.get(service as usize).copied());
        let target = ended.target.map(|target| context.node_symbol(target));
        context.record(
            registered.tree_actions,
            &[
                ended.ended.as_secs().into(),
                registered.name.into(),
                action.began.as_secs().into(),
                registered.kinds[action.kind as usize].into(),
                action.is_forced.into(),
                service.into(),
                context.node_symbol(action.origin).into(),
                target.into(),
                action.users.into(),
                action.hops.into(),
                action.asked.into(),
                search_s.into(),
                redirect_s.into(),
                deploy_s.into(),
                ended.duration_s().into(),
                registered.ends[ended.end as usize].into(),
            ],
        );
    }

    /// Writes the rows of a sample.
    pub(super) fn sample(&mut self, context: &mut dyn Context) {
        let now = context.now();
        if self.sampled.replace(now) == Some(now) {
            return;
        }
        let Some(registered) = &self.registered else { return };
        let (time, name) = (Cell::Float(now.as_secs()), Cell::Category(registered.name));
        let (mut requests, mut violated) = (0, 0);
        for (service, period) in self.periods.iter_mut().enumerate() {
            let period = std::mem::take(period);
            requests += period.requests;
            violated += period.violated;
            let share = (period.requests > 0).then(|| period.violated as f64 / period.requests as f64);
            context.record(
                registered.session_windows,
                &[
                    time,
                    name,
                    registered.services[service].into(),
                    period.requests.into(),
                    period.latency_s.quantile(0.5).into(),
                    period.latency_s.quantile(0.95).into(),
                    period.latency_s.quantile(0.99).into(),
                    share.into(),
                    self.present[service].into(),
                    self.instance_counts[service].into(),
                ],
            );
        }
        let share = (requests > 0).then(|| violated as f64 / requests as f64);
        self.normalisation.sample(now, share);
        for (service, &symbol) in (0..).zip(&registered.services) {
            let plane = context.control_plane(self.options.plane.number);
            let Some(shape) = plane.and_then(|plane| plane.shape(service)) else { continue };
            context.record(
                registered.tree_shape,
                &[
                    time,
                    name,
                    symbol.into(),
                    shape.nodes.into(),
                    shape.depth_max.into(),
                    shape.depth_mean.into(),
                    shape.children_max.into(),
                    shape.children_mean.into(),
                    shape.orphans.into(),
                    shape.roots.into(),
                ],
            );
        }
    }
}
