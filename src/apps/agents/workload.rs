//! A workload of nothing but agents.

use super::message::Behaviour;
use super::runtime::Agents;
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::infra::compute::Job;
use crate::infra::{JobOutcome, NodeChange, NodeId, TransferRecord};
use serde_json::Value;

/// One agent on each of some nodes, and what they do. See the [module](super) for an example.
#[derive(Debug)]
pub struct AgentWorkload<B> {
    agents: Agents,
    nodes: Vec<NodeId>,
    behaviour: B,
}

impl<B: Behaviour> AgentWorkload<B> {
    /// Agents on these nodes, numbered in this order. Its name is that in the options of the agents.
    #[must_use]
    pub fn new(agents: Agents, nodes: Vec<NodeId>, behaviour: B) -> Self {
        AgentWorkload { agents, nodes, behaviour }
    }
}

impl<B: Behaviour> Workload for AgentWorkload<B> {
    fn name(&self) -> &str {
        &self.agents.options().name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &[]
    }

    fn start(&mut self, context: &mut dyn Context) {
        // Tables of these names and shapes are shared by all agents; nothing else can be wrong.
        let _ = self.agents.start(context);
        for &node in &self.nodes {
            self.agents.spawn(node, context);
        }
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        self.agents.on_timer(message, &mut self.behaviour, context);
    }

    fn on_job_end(&mut self, token: u64, _: &Job, outcome: JobOutcome, context: &mut dyn Context) {
        self.agents.on_job_end(token, outcome, &mut self.behaviour, context);
    }

    fn on_transfer_end(&mut self, transfer: &TransferRecord, context: &mut dyn Context) {
        self.agents.on_transfer_end(transfer, &mut self.behaviour, context);
    }

    fn on_node_change(&mut self, node: NodeId, change: NodeChange, context: &mut dyn Context) {
        self.agents.on_node_change(node, change, &mut self.behaviour, context);
    }

    fn on_sample(&mut self, context: &mut dyn Context) {
        self.agents.on_sample(context);
    }

    fn summary(&self) -> Value {
        let mut summary = self.agents.summary();
        summary["behaviour"] = self.behaviour.summary();
        summary
    }
}
