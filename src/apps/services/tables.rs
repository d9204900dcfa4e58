//! The tables of applications and their requests.

use super::migration::{Move, MoveEnd};
use super::outcome::Outcome;
use super::requests::Request;
use super::workload::ServiceWorkload;
use crate::apps::Context;
use crate::infra::applications::{Violation, ViolationKind};
use crate::infra::{LinkId, NodeId};
use crate::records::{Cell, ColumnSpec, RecordError, Symbol, TableId, TableSpec};

fn requests() -> TableSpec {
    TableSpec::new(
        "requests",
        "One row for each request of an application, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::unsigned("request", "", "its number in its workload, in order of creation"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("application", "application that it is for"),
            ColumnSpec::category("flow", "flow that it runs along"),
            ColumnSpec::category("source", "node that it comes from; null if that is its first service"),
            ColumnSpec::category("outcome", "how it ended"),
            ColumnSpec::float("created_s", "s", "when it was created"),
            ColumnSpec::float("deadline_s", "s", "time allowed from creation; null if there is none"),
            ColumnSpec::unsigned("services", "", "services of its flow that are done with it"),
            ColumnSpec::float("response_s", "s", "time from creation to the answer; null if none"),
            ColumnSpec::float("network_s", "s", "time on the network"),
            ColumnSpec::float("wait_s", "s", "time in which it waited for replicas"),
            ColumnSpec::float("processing_s", "s", "time in which replicas processed it"),
        ],
    )
}

fn placements() -> TableSpec {
    TableSpec::new(
        "placements",
        "One row for each replica that is placed, is placed elsewhere or is taken off its node, and for each placement \
         that is refused",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that the application belongs to"),
            ColumnSpec::category("application", "application"),
            ColumnSpec::category("service", "service; null if the placement was refused"),
            ColumnSpec::unsigned("replica", "", "the replica's number in its application"),
            ColumnSpec::category("from", "node that it was on; null if none"),
            ColumnSpec::category("to", "node that it is on; null if none"),
            ColumnSpec::category("reason", "why: placed, repaired, reset, rejected"),
            ColumnSpec::text("cause", "what was violated, or is not met; null if nothing"),
        ],
    )
}

fn violations() -> TableSpec {
    TableSpec::new(
        "violations",
        "One row for each requirement of a placed application that an audit found not to be met",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that the application belongs to"),
            ColumnSpec::category("application", "application"),
            ColumnSpec::category("kind", "kind of the requirement"),
            ColumnSpec::category("service", "service at fault; null if none is"),
            ColumnSpec::category(
                "other",
                "service at the other end of the interaction; null if it is none",
            ),
            ColumnSpec::category("node", "node that falls short; null if none does"),
            ColumnSpec::category("link", "link that falls short; null if none does"),
            ColumnSpec::category("asset", "what the node falls short of; null if nothing"),
            ColumnSpec::float(
                "needed",
                "",
                "how much is needed: s, bit/s, or of the asset; of one that is used up what all replicas on the node \
                 have booked",
            ),
            ColumnSpec::float(
                "offered",
                "",
                "how much there is for all of that, at least 0; null if nothing can be said",
            ),
        ],
    )
}

fn applications() -> TableSpec {
    TableSpec::new(
        "applications",
        "One row for each application at each sample",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::category("application", "application"),
            ColumnSpec::boolean("placed", "whether all its replicas have a node"),
            ColumnSpec::boolean("serving", "whether each of its services has a replica that serves"),
            ColumnSpec::unsigned("replicas", "", "replicas that have a node"),
            ColumnSpec::unsigned("outstanding", "", "requests on their way to replicas or at them"),
            ColumnSpec::unsigned("done", "", "requests answered since the last sample"),
            ColumnSpec::float("response_s", "s", "mean response time of these; null if there are none"),
            ColumnSpec::float("analytic_response_s", "s", "that of ECLYPSE; null if it is infinite"),
        ],
    )
}

fn moves() -> TableSpec {
    TableSpec::new(
        "service_migrations",
        "One row for each move of a replica, the first one included, written when it has ended",
        [
            ColumnSpec::float("t_s", "s", "when it ended"),
            ColumnSpec::category("workload", "workload that the application belongs to"),
            ColumnSpec::category("application", "application"),
            ColumnSpec::category("service", "service"),
            ColumnSpec::unsigned("replica", "", "the replica's number in its application"),
            ColumnSpec::category("kind", "how it moved; null if it had no node that worked"),
            ColumnSpec::category("from", "node that it left; null if none"),
            ColumnSpec::category("to", "node that it went to"),
            ColumnSpec::category("outcome", "how the move ended"),
            ColumnSpec::float("began_s", "s", "when it began"),
            ColumnSpec::float("sent_bytes", "B", "state that was sent"),
            ColumnSpec::float(
                "downtime_s",
                "s",
                "time for which it did not serve, since it was stopped or lost; null if it had not served before, or \
                 a further move goes on with that time",
            ),
        ],
    )
}

/// Tables and symbols that rows are written with.
#[derive(Debug)]
pub(super) struct Registered {
    requests: TableId,
    placements: TableId,
    violations: TableId,
    applications: TableId,
    moves: TableId,
    name: Symbol,
    /// For each application as it is described its services and its flows.
    services: Vec<Vec<Symbol>>,
    flows: Vec<Vec<Symbol>>,
    outcomes: [Symbol; Outcome::ALL.len()],
    kinds: [Symbol; ViolationKind::ALL.len()],
    ends: [Symbol; MoveEnd::ALL.len()],
}

/// Why a replica comes to a node or leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It had no node.
    Placed,
    /// A requirement was violated.
    Repaired,
    /// A requirement was violated, and the whole application is placed afresh.
    Reset,
    /// No placement was found.
    Rejected,
}

impl Reason {
    const fn name(self) -> &'static str {
        match self {
            Reason::Placed => "placed",
            Reason::Repaired => "repaired",
            Reason::Reset => "reset",
            Reason::Rejected => "rejected",
        }
    }
}

impl ServiceWorkload {
    pub(super) fn register(&mut self, context: &mut dyn Context) -> Result<(), RecordError> {
        let [requests, placements, violations, applications, moves] =
            [requests(), placements(), violations(), applications(), moves()]
                .map(|spec| context.table(spec));
        let symbols = |names: &mut dyn Iterator<Item = &String>, context: &mut dyn Context| {
            names.map(|name| context.symbol(name)).collect::<Vec<_>>()
        };
        let services = self
            .specs
            .iter()
            .map(|spec| symbols(&mut spec.services.iter().map(|service| &service.name), context));
        let services = services.collect();
        let flows = self
            .specs
            .iter()
            .map(|spec| symbols(&mut spec.flows.iter().map(|flow| &flow.name), context));
        let flows = flows.collect();
        for app in &mut self.applications {
            app.symbol = Some(context.symbol(&app.name));
        }
        self.registered = Some(Registered {
            requests: requests?,
            placements: placements?,
            violations: violations?,
            applications: applications?,
            moves: moves?,
            name: context.symbol(&self.name),
            services,
            flows,
            outcomes: Outcome::ALL.map(|outcome| context.symbol(outcome.name())),
            kinds: ViolationKind::ALL.map(|kind| context.symbol(kind.name())),
            ends: MoveEnd::ALL.map(|end| context.symbol(end.name())),
        });
        Ok(())
    }

    pub(super) fn record_request(
        &self,
        request: &Request,
        outcome: Outcome,
        response_s: Option<f64>,
        context: &mut dyn Context,
    ) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.requests) {
            return;
        }
        let app = &self.applications[request.application as usize];
        let source = request.source.map(|node| context.node_symbol(node));
        context.record(
            registered.requests,
            &[
                context.now().as_secs().into(),
                request.number.into(),
                registered.name.into(),
                app.symbol.into(),
                registered.flows[app.spec as usize][request.flow as usize].into(),
                source.into(),
                registered.outcomes[outcome as usize].into(),
                request.created.as_secs().into(),
                request.deadline_s.into(),
                request.step.into(),
                response_s.into(),
                request.network_s.into(),
                request.wait_s.into(),
                request.processing_s.into(),
            ],
        );
    }

    /// Notes where a replica is now, and why.
    pub(super) fn record_placement(
        &self,
        index: u32,
        [from, to]: [Option<NodeId>; 2],
        reason: Reason,
        cause: Option<&str>,
        context: &mut dyn Context,
    ) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.placements) {
            return;
        }
        let replica = &self.replicas[index as usize];
        let app = &self.applications[replica.application as usize];
        let [from, to] = [from, to].map(|node| node.map(|node| context.node_symbol(node)));
        context.record(
            registered.placements,
            &[
                context.now().as_secs().into(),
                registered.name.into(),
                app.symbol.into(),
                registered.services[app.spec as usize][replica.service as usize].into(),
                (index - app.first_replica).into(),
                from.into(),
                to.into(),
                reason.name().into(),
                cause.into(),
            ],
        );
    }

    /// Notes that a placement of an application was refused.
    pub(super) fn record_rejection(&self, app: u32, cause: Option<&str>, context: &mut dyn Context) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.placements) {
            return;
        }
        let symbol = self.applications[app as usize].symbol;
        let mut cells = [Cell::Null; 9];
        cells[0] = context.now().as_secs().into();
        (cells[1], cells[2]) = (registered.name.into(), symbol.into());
        (cells[7], cells[8]) = (Reason::Rejected.name().into(), cause.into());
        context.record(registered.placements, &cells);
    }

    pub(super) fn record_violation(&self, app: u32, own: &Violation, context: &mut dyn Context) {
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.violations) {
            return;
        }
        let state = &self.applications[app as usize];
        let services = &registered.services[state.spec as usize];
        let infrastructure = context.infrastructure();
        let needs = infrastructure.application(state.id).needs();
        let of_replica = |replica: crate::infra::applications::ReplicaIndex| {
            needs.replicas.get(replica.index()).map(|replica| services[replica.service as usize])
        };
        let service = own.replica.and_then(of_replica);
        let ends = own.interaction.and_then(|index| needs.interactions.get(index.index()));
        let other = ends.map(|ends| if Some(ends.from) == own.replica { ends.to } else { ends.from });
        let other = other.and_then(of_replica);
        let link = own.link.map(|link: LinkId| infrastructure.link_name(link).to_string());
        let asset = own.asset.and_then(|asset| infrastructure.assets().catalogue().get(asset));
        let asset = asset.map(|spec| spec.name.to_string());
        let node = own.node.map(|node| context.node_symbol(node));
        let [link, asset] = [link, asset].map(|name| name.map(|name| context.symbol(&name)));
        context.record(
            registered.violations,
            &[
                context.now().as_secs().into(),
                registered.name.into(),
                state.symbol.into(),
                registered.kinds[own.kind as usize].into(),
                service.into(),
                other.into(),
                node.into(),
                link.into(),
                asset.into(),
                own.needed.into(),
                Some(own.offered.max(0.0)).filter(|offered| offered.is_finite()).into(),
            ],
        );
    }

    /// Counts and notes the end of a move.
    pub(super) fn record_move(
        &mut self,
        index: u32,
        own: &Move,
        end: MoveEnd,
        context: &mut dyn Context,
    ) {
        let replica = &self.replicas[index as usize];
        let app = &mut self.applications[replica.application as usize];
        let counts = context.now() >= context.warm_up_end();
        match end {
            _ if !counts => {}
            MoveEnd::Abandoned => app.account.abandoned += 1,
            // Coming to a first node is no migration.
            _ if own.from.is_none() => {}
            MoveEnd::Done => app.account.migrations += 1,
            MoveEnd::Afresh => {
                app.account.migrations += 1;
                app.account.afresh += 1;
            }
        }
        let Some(registered) = &self.registered else { return };
        if !context.is_recorded(registered.moves) {
            return;
        }
        let app = &self.applications[replica.application as usize];
        let [from, to] = [own.from, Some(own.to)].map(|node| node.map(|node| context.node_symbol(node)));
        let downtime_s = own.stopped.map(|stopped| context.now().since(stopped).as_secs());
        context.record(
            registered.moves,
            &[
                context.now().as_secs().into(),
                registered.name.into(),
                app.symbol.into(),
                registered.services[app.spec as usize][replica.service as usize].into(),
                (index - app.first_replica).into(),
                own.kind.map(|kind| Cell::Text(kind.name())).unwrap_or(Cell::Null),
                from.into(),
                to.into(),
                registered.ends[end as usize].into(),
                own.began.as_secs().into(),
                own.sent_bytes.into(),
                downtime_s.into(),
            ],
        );
    }

    pub(super) fn sample(&mut self, context: &mut dyn Context) {
        // The run may end at a sample.
        if self.sampled == Some(context.now()) {
            return;
        }
        self.sampled = Some(context.now());
        let Some(registered) = &self.registered else { return };
        let (table, name) = (registered.applications, registered.name);
        let is_recorded = context.is_recorded(table);
        for app in 0..self.applications.len() as u32 {
            let sampled = std::mem::take(&mut self.applications[app as usize].sampled);
            if !is_recorded {
                continue;
            }
            let analytic_s = self.analytic_s(app, context);
            let own = &self.applications[app as usize];
            let replicas = own.first_replica..own.first_replica + own.replicas;
            let outstanding: u64 =
                replicas.map(|index| u64::from(self.replicas[index as usize].outstanding)).sum();
            let mean_s = (sampled.count() > 0).then(|| sampled.mean());
            context.record(
                table,
                &[
                    context.now().as_secs().into(),
                    name.into(),
                    own.symbol.into(),
                    own.placed.is_so().into(),
                    (own.idle_services == 0).into(),
                    own.placed_replicas.into(),
                    outstanding.into(),
                    sampled.count().into(),
                    mean_s.into(),
                    Some(analytic_s).filter(|value| value.is_finite()).into(),
                ],
            );
        }
    }
}
