//! The life of applications: audits, placements and repairs.
//!
//! At each control step, and at once when a node or link fails or what they offer changes, each application is audited in
//! turn, in the order of the scenario. What is at fault is asked a place for; so is, at control steps, what has none. If
//! there is none for the replicas at fault they are taken off their nodes, and the next step asks for all of the
//! application together.

use super::analytic::analytic_response_s;
use super::replicas::{Instance, State};
use super::tables::Reason;
use super::workload::ServiceWorkload;
use crate::apps::{Context, DecisionEnd, ServicePlacementRequest};
use crate::infra::applications::{ReplicaIndex, Violation};
use crate::infra::assets::AssetId;
use crate::infra::{Infrastructure, NodeId, ProcessorId};

/// Why replicas leave a node on which all requirements hold.
const ANOMALY: &str = "a detector found an anomaly in the radio links of the node";

/// What is done about a violated requirement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repair {
    /// The replicas at fault are placed elsewhere.
    #[default]
    Partial,
    /// All replicas are taken off their nodes, and the application is placed afresh at the next control step, as
    /// ECLYPSE does.
    Whole,
}

impl Instance {
    pub(super) fn new(processor: ProcessorId, node: NodeId, context: &dyn Context) -> Self {
        let since = context.now();
        Instance { processor, node, since, seen_j: 0.0, seen_idle_j: 0.0, seen_cost: 0.0 }
    }
}

impl ServiceWorkload {
    /// Audits all applications and repairs them; those without a place ask again at a control step.
    pub(super) fn control(&mut self, asks_again: bool, context: &mut dyn Context) {
        let now = context.now();
        // What has failed at this instant has been told of before.
        if self.controlled == Some(now) {
            return;
        }
        self.controlled = Some(now);
        for app in 0..self.applications.len() as u32 {
            self.audit(app, asks_again, context);
            if asks_again {
                self.note_analytic(app, context);
            }
        }
    }

    fn audit(&mut self, app: u32, asks_again: bool, context: &mut dyn Context) {
        let state = &self.applications[app as usize];
        if state.placed_replicas == 0 && !asks_again {
            return;
        }
        let (id, first, replicas) = (state.id, state.first_replica, state.replicas);
        let mut violations = std::mem::take(&mut self.violations);
        violations.clear();
        context.infrastructure().audit(id, &mut violations);
        self.resolve(app, violations.is_empty(), context);
        let counts = context.now() >= context.warm_up_end();
        for violation in &violations {
            if counts {
                self.applications[app as usize].account.violations[violation.kind as usize] += 1;
            }
            self.record_violation(app, violation, context);
        }
        let mut faulty: Vec<ReplicaIndex> = violations.iter().filter_map(|own| own.replica).collect();
        faulty.sort_unstable();
        faulty.dedup();
        if self.options.repair == Repair::Whole && !violations.is_empty() {
            let cause = self.describe(app, violations.first(), context.infrastructure());
            for replica in (0..replicas).map(ReplicaIndex) {
                self.take_off(app, replica, Reason::Reset, cause.as_deref(), context);
            }
            self.violations = violations;
            return;
        }
        let absent =
            |replica: &ReplicaIndex| self.replicas[(first + replica.0) as usize].state == State::Absent;
        let all = || (0..replicas).map(ReplicaIndex);
        let mut open: Vec<ReplicaIndex> = faulty.clone();
        if asks_again || !faulty.is_empty() {
            let missing: Vec<ReplicaIndex> = all().filter(absent).collect();
            // Where there was no place for some, all may move to make one.
            if !missing.is_empty() && self.applications[app as usize].rejected > 0 {
                open = all().collect();
            } else {
                open.extend(missing);
                open.sort_unstable();
                open.dedup();
            }
        }
        if !open.is_empty() {
            self.ask(app, &open, (&faulty, &violations), None, context);
        }
        self.violations = violations;
    }

    /// Puts what runs at a node elsewhere, where there is a place for it; the rest stays.
    pub(super) fn evade(&mut self, site: NodeId, context: &mut dyn Context) {
        for app in 0..self.applications.len() as u32 {
            let state = &self.applications[app as usize];
            let application = context.infrastructure().application(state.id);
            let there = |replica: &ReplicaIndex| application.node_of(*replica) == Some(site);
            let open: Vec<ReplicaIndex> = (0..state.replicas).map(ReplicaIndex).filter(there).collect();
            if !open.is_empty() {
                // What was decided last has held until now.
                self.resolve(app, true, context);
                self.ask(app, &open, (&[], &[]), Some(site), context);
            }
        }
    }

    /// Asks for places of replicas, of which some are at fault where they are; none on the node that is to be left.
    fn ask(
        &mut self,
        app: u32,
        open: &[ReplicaIndex],
        (faulty, violations): (&[ReplicaIndex], &[Violation]),
        without: Option<NodeId>,
        context: &mut dyn Context,
    ) {
        let others: Option<Vec<NodeId>> = without.map(|site| {
            let mut nodes = match &self.options.nodes {
                Some(nodes) => nodes.clone(),
                None => context.infrastructure().service_nodes().collect(),
            };
            nodes.retain(|&node| node != site);
            nodes
        });
        let state = &self.applications[app as usize];
        let id = state.id;
        let number = self.specs[state.spec as usize].policy;
        let application = context.infrastructure().application(id);
        let placed: Vec<Option<NodeId>> =
            open.iter().map(|&replica| application.node_of(replica)).collect();
        // One that was taken off, too, would rather be where it was.
        let last =
            |replica: ReplicaIndex| self.replicas[(state.first_replica + replica.0) as usize].last_node;
        let previous: Vec<(ReplicaIndex, NodeId)> = open
            .iter()
            .zip(&placed)
            .filter_map(|(&replica, node)| Some((replica, node.or_else(|| last(replica))?)))
            .filter(|(_, node)| Some(*node) != without)
            .collect();
        let request = ServicePlacementRequest {
            application: id,
            number,
            open,
            nodes: others.as_deref().or(self.options.nodes.as_deref()),
            previous: &previous,
        };
        let choice = context.decide_service_placement(&request);
        let counts = context.now() >= context.warm_up_end();
        let state = &mut self.applications[app as usize];
        match choice.result {
            Ok(placement) => {
                state.rejected = 0;
                state.account.placements += u64::from(counts);
                state.decision = choice.decision;
                let first = state.first_replica;
                for &(replica, node) in &placement {
                    self.let_go(first + replica.0, node, context);
                }
                for (replica, node) in placement {
                    let cause = violations.iter().find(|own| own.replica == Some(replica));
                    let cause = match without {
                        Some(_) => Some(ANOMALY.into()),
                        None => self.describe(app, cause, context.infrastructure()),
                    };
                    let before = open.iter().position(|own| *own == replica).and_then(|own| placed[own]);
                    self.place(app, replica, [before, Some(node)], cause, context);
                }
                let state = &mut self.applications[app as usize];
                state.ever_placed |= state.placed.is_so();
            }
            Err(failure) => {
                state.rejected += 1;
                state.account.rejections += u64::from(counts);
                let cause = failure.describe(context.infrastructure(), id);
                self.note_first_rejection(&cause);
                self.record_rejection(app, Some(&cause), context);
                for &replica in faulty {
                    self.take_off(app, replica, Reason::Rejected, Some(&cause), context);
                }
                if let Some(decision) = choice.decision
                    && let Some(symbol) = self.ends.map(|ends| ends[2])
                {
                    context.resolve_decision(decision, DecisionEnd::scored(symbol, 0.0));
                }
            }
        }
    }

    /// Brings a replica to the node that was found for it.
    fn place(
        &mut self,
        app: u32,
        replica: ReplicaIndex,
        [before, to]: [Option<NodeId>; 2],
        cause: Option<String>,
        context: &mut dyn Context,
    ) {
        let Some(node) = to else { return };
        let state = &self.applications[app as usize];
        let index = state.first_replica + replica.0;
        let was_anywhere = before.is_some();
        if self.bring(index, node, context).is_err() {
            // The policy's answer was booked, but something that leaves the node is still in the way.
            let counts = context.now() >= context.warm_up_end();
            let state = &mut self.applications[app as usize];
            state.account.rejections += u64::from(counts);
            let id = state.id;
            context.displace(id, replica);
            let cause = "what leaves the node still has its cores or memory";
            return self.record_placement(index, [before, None], Reason::Rejected, Some(cause), context);
        }
        if before == to {
            return;
        }
        let reason = if was_anywhere { Reason::Repaired } else { Reason::Placed };
        if context.now() >= context.warm_up_end() {
            let replica = &mut self.replicas[index as usize];
            let is_change = replica.last_node.is_some_and(|last| last != node);
            self.applications[app as usize].account.placement_changes += u64::from(is_change);
        }
        self.replicas[index as usize].last_node = Some(node);
        self.record_placement(index, [before, to], reason, cause.as_deref(), context);
    }

    /// Takes a replica off its node.
    fn take_off(
        &mut self,
        app: u32,
        replica: ReplicaIndex,
        reason: Reason,
        cause: Option<&str>,
        context: &mut dyn Context,
    ) {
        let state = &self.applications[app as usize];
        let (id, index) = (state.id, state.first_replica + replica.0);
        if self.replicas[index as usize].state == State::Absent {
            return;
        }
        let from = context.infrastructure().application(id).node_of(replica);
        context.displace(id, replica);
        self.drop_replica(index, context);
        self.record_placement(index, [from, None], reason, cause, context);
    }

    fn describe(
        &self,
        app: u32,
        violation: Option<&Violation>,
        infrastructure: &Infrastructure,
    ) -> Option<String> {
        violation.map(|own| own.describe(infrastructure, self.applications[app as usize].id))
    }

    fn note_first_rejection(&mut self, cause: &str) {
        self.first_rejection.get_or_insert_with(|| cause.to_string());
    }

    /// Tells whether what was decided last held until this audit.
    fn resolve(&mut self, app: u32, held: bool, context: &mut dyn Context) {
        if let Some(decision) = self.applications[app as usize].decision.take()
            && let Some(ends) = self.ends
        {
            let (symbol, reward) = if held { (ends[0], 1.0) } else { (ends[1], 0.0) };
            context.resolve_decision(decision, DecisionEnd::scored(symbol, reward));
        }
    }

    /// ECLYPSE's response time of an application: that of its worst flow.
    pub(super) fn analytic_s(&self, app: u32, context: &mut dyn Context) -> f64 {
        let flows = self.specs[self.applications[app as usize].spec as usize].flows.len();
        let of_flow = |flow| self.analytic_flow_s(app, flow, context.infrastructure());
        (0..flows).map(of_flow).fold(if flows == 0 { f64::NAN } else { 0.0 }, f64::max)
    }

    fn analytic_flow_s(&self, app: u32, flow: usize, infrastructure: &Infrastructure) -> f64 {
        let state = &self.applications[app as usize];
        let (id, spec) = (state.id, &self.specs[state.spec as usize]);
        let first = &self.first_replicas[state.spec as usize];
        let application = infrastructure.application(id);
        let node_of = |service: u32| application.node_of(ReplicaIndex(first[service as usize]));
        let latency_s = |interaction| infrastructure.path_latency_s(id, interaction);
        analytic_response_s(spec, flow, infrastructure, node_of, latency_s)
    }

    fn note_analytic(&mut self, app: u32, context: &mut dyn Context) {
        if context.now() < context.warm_up_end() {
            return;
        }
        let flows = self.applications[app as usize].flows.len();
        let mut worst_s: f64 = 0.0;
        for flow in 0..flows {
            let own_s = self.analytic_flow_s(app, flow, context.infrastructure());
            worst_s = worst_s.max(own_s);
            if own_s.is_finite() {
                self.applications[app as usize].flows[flow].analytic_s.add(own_s);
            }
        }
        if flows > 0 && worst_s.is_finite() {
            self.applications[app as usize].worst_s.add(worst_s);
        }
    }

    /// Charges an application with what its instances have held and used up to now.
    pub(super) fn settle_application(&mut self, app: u32, context: &mut dyn Context) {
        let state = &self.applications[app as usize];
        for index in state.first_replica..state.first_replica + state.replicas {
            if let Some(mut own) = self.replicas[index as usize].instance {
                self.settle_instance(index, &mut own, context);
                self.replicas[index as usize].instance = Some(own);
            }
            let Some(mut moving) = self.replicas[index as usize].moving.take() else { continue };
            for own in [&mut moving.old, &mut moving.new].into_iter().flatten() {
                self.settle_instance(index, own, context);
            }
            self.replicas[index as usize].moving = Some(moving);
        }
    }

    /// Charges the application of a replica with what one of its instances has held and used since the last time.
    pub(super) fn settle_instance(
        &mut self,
        index: u32,
        instance: &mut Instance,
        context: &mut dyn Context,
    ) {
        let now = context.now();
        let replica = &self.replicas[index as usize];
        let service = self.service(replica.application, replica.service);
        let (cores, memory) = (service.amount(AssetId::CORES), service.amount(AssetId::MEMORY_BYTES));
        let infrastructure = context.infrastructure();
        let energy = infrastructure.deployed_energy(instance.processor, now);
        let seconds = now.since(instance.since).as_secs();
        let energy_j = energy.dynamic_j + energy.idle_j;
        let used = &mut self.applications[replica.application as usize].account.used;
        used.core_s += cores * seconds;
        used.memory_byte_s += memory * seconds;
        used.energy_j += energy_j - instance.seen_j;
        used.idle_j += energy.idle_j - instance.seen_idle_j;
        used.site_cost += energy.cost - instance.seen_cost;
        (instance.since, instance.seen_j, instance.seen_idle_j) = (now, energy_j, energy.idle_j);
        instance.seen_cost = energy.cost;
    }
}
