//! The tables of agents and their mail.

use super::counts::KindCounts;
use super::message::MessageKind;
use super::runtime::Agents;
use crate::apps::Context;
use crate::records::{Cell, ColumnSpec, RecordError, Symbol, TableId, TableSpec};

fn messages() -> TableSpec {
    TableSpec::new(
        "agent_messages",
        "One row for each kind of message of agents at each sample, of what has happened since the last one",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that the agents belong to"),
            ColumnSpec::category("kind", "kind of the messages"),
            ColumnSpec::unsigned("sent", "", "messages sent, resends included"),
            ColumnSpec::unsigned("resent", "", "messages of these that were sent again"),
            ColumnSpec::unsigned("doubled", "", "second copies that chance has made"),
            ColumnSpec::unsigned("delivered", "", "copies that have arrived"),
            ColumnSpec::unsigned("lost", "", "copies that were lost on the way by chance"),
            ColumnSpec::unsigned("dead_receiver", "", "copies whose receiver was not there"),
            ColumnSpec::unsigned("disconnected", "", "copies that had no way, or lost it"),
            ColumnSpec::float("bytes", "B", "size of all copies sent"),
        ],
    )
}

fn agents() -> TableSpec {
    let table = TableSpec::new(
        "agents",
        "One row for each agent at each sample, of what has happened since the last one",
        [
            ColumnSpec::float("t_s", "s", "when"),
            ColumnSpec::category("workload", "workload that it belongs to"),
            ColumnSpec::unsigned("agent", "", "its number in its workload"),
            ColumnSpec::category("node", "node that it is on"),
            ColumnSpec::boolean("alive", "whether it is there"),
            ColumnSpec::unsigned("sent", "", "messages that it has sent, resends included"),
            ColumnSpec::unsigned("received", "", "messages that have reached it"),
            ColumnSpec::float("bytes", "B", "size of all copies that it has sent"),
            ColumnSpec::float("busy_s", "s", "time of work that has ended"),
            ColumnSpec::unsigned("queue", "", "what waits at its node now, or is being handled there"),
        ],
    );
    table.detailed()
}

/// Tables and symbols that rows are written with.
#[derive(Debug)]
pub(super) struct Registered {
    messages: TableId,
    agents: TableId,
    name: Symbol,
    kinds: Vec<Symbol>,
}

impl Registered {
    pub(super) fn new(
        name: &str,
        kinds: &[MessageKind],
        context: &mut dyn Context,
    ) -> Result<Self, RecordError> {
        Ok(Registered {
            messages: context.table(messages())?,
            agents: context.table(agents())?,
            name: context.symbol(name),
            kinds: kinds.iter().map(|kind| context.symbol(kind.name)).collect(),
        })
    }
}

impl Agents {
    /// Writes the rows of a sample.
    pub fn on_sample(&mut self, context: &mut dyn Context) {
        let Some(registered) = &self.registered else { return };
        let (now, name) = (Cell::Float(context.now().as_secs()), Cell::Category(registered.name));
        for (&kind, counts) in registered.kinds.iter().zip(&mut self.counts.period) {
            let KindCounts {
                sent,
                resent,
                doubled,
                delivered,
                lost,
                dead_receiver,
                disconnected,
                bytes,
            } = std::mem::take(counts);
            let counts = [sent, resent, doubled, delivered, lost, dead_receiver, disconnected];
            let [sent, resent, doubled, delivered, lost, dead_receiver, disconnected] =
                counts.map(Cell::Unsigned);
            context.record(
                registered.messages,
                &[
                    now,
                    name,
                    Cell::Category(kind),
                    sent,
                    resent,
                    doubled,
                    delivered,
                    lost,
                    dead_receiver,
                    disconnected,
                    Cell::Float(bytes),
                ],
            );
        }
        if !context.is_recorded(registered.agents) {
            return;
        }
        for (number, agent) in (0_u64..).zip(&mut self.agents) {
            let period = std::mem::take(&mut agent.period);
            let desk = &self.desks[agent.desk as usize];
            context.record(
                registered.agents,
                &[
                    now,
                    name,
                    Cell::Unsigned(number),
                    Cell::Category(context.node_symbol(desk.node)),
                    Cell::Boolean(agent.is_alive),
                    Cell::Unsigned(period.sent),
                    Cell::Unsigned(period.received),
                    Cell::Float(period.bytes),
                    Cell::Float(period.busy_s),
                    Cell::from(desk.waiting()),
                ],
            );
        }
    }
}
