//! The workload: training jobs on a cluster of the world's nodes.

use super::cluster::Cluster;
use super::operation::{END, MEASURE, Operation, PASS, SUBMIT, Stop};
use super::plan::{FabricPlan, TrainingPlan, electrical};
use super::rows::Rows;
use crate::apps::{Context, DecisionPoint, Message, Workload};
use crate::engine::{Phase, SimTime};
use crate::infra::optical::{LeafId, OpticalError, OpticalLayerId, SwitchId};
use crate::infra::{NodeChange, NodeId};
use serde_json::{Value, json};

const POINTS: [DecisionPoint; 2] = [DecisionPoint::TrainingQueue, DecisionPoint::TrainingPlacement];

/// Training jobs that come, wait for GPUs and circuits, run at the rates of their fabric, and end. See `docs/optical.md`.
#[derive(Debug)]
pub struct TrainingWorkload {
    name: String,
    /// Until the start.
    plan: Option<(TrainingPlan, Cluster)>,
    operation: Option<Operation>,
    end: SimTime,
}

impl TrainingWorkload {
    /// A workload by this plan.
    ///
    /// # Errors
    /// If there is no such cluster or fabric.
    pub fn new(name: impl Into<String>, plan: TrainingPlan) -> Result<Self, OpticalError> {
        let shape = plan.cluster.shape;
        let cluster = Cluster::new(shape, plan.fabric.kind())?;
        if let FabricPlan::Optical(own) = &plan.fabric {
            own.layer(shape.leaves)?;
        }
        Ok(TrainingWorkload {
            name: name.into(),
            plan: Some((plan, cluster)),
            operation: None,
            end: SimTime::ZERO,
        })
    }
}

impl Operation {
    /// A server is out of order, with the jobs on it, or back.
    fn change_server(&mut self, server: u32, works: bool, context: &mut dyn Context) {
        if works != self.cluster.is_blocked(server) {
            return;
        }
        if works {
            self.cluster.unblock_server(server);
        } else {
            let has = |id: &u32| {
                let placement = self.cluster.jobs().get(id);
                placement.is_some_and(|own| own.servers().iter().any(|part| part.0 == server))
            };
            let lost: Vec<u32> = self.running.iter().copied().filter(has).collect();
            for id in lost {
                self.stop(id, Stop::Fault, context);
            }
            self.cluster.block_server(server);
        }
        self.touched.insert(self.cluster.shape().leaf_of(server));
        self.account.set_busy(context.now(), self.busy_gpus());
        self.ask_for_pass(context);
    }

    /// Jobs have lost circuits: they get others if there are some, and stop if they do not get on at all.
    fn make_up_for(&mut self, lost: &[u32], context: &mut dyn Context) {
        let FabricPlan::Optical(own) = &self.plan.fabric else { return };
        let may_move = own.optics.options.may_move;
        for &id in lost {
            self.upgrade(id, may_move, context);
            self.repace(id, context);
            let stands = |run: &super::operation::Run| run.pace.slow_down.is_infinite();
            if self.jobs[id as usize].run.as_ref().is_some_and(stands) {
                self.stop(id, Stop::Fault, context);
            }
        }
        self.ask_for_pass(context);
    }

    /// A port, or all ports of a switch, fail or work again.
    fn change_ports(
        &mut self,
        switch: SwitchId,
        ports: &[LeafId],
        works: bool,
        context: &mut dyn Context,
    ) {
        let Some(circuits) = self.cluster.circuits_mut() else { return };
        let mut lost = Vec::new();
        for &leaf in ports {
            if works {
                circuits.repair_port(leaf, switch);
            } else {
                lost.extend(circuits.fail_port(leaf, switch).into_iter().map(|(job, _)| job));
            }
        }
        self.account.circuits_lost += lost.len() as u64;
        self.touched.extend(ports);
        lost.sort_unstable();
        lost.dedup();
        self.make_up_for(&lost, context);
    }
}

impl Workload for TrainingWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    fn decision_points(&self) -> &[DecisionPoint] {
        &POINTS
    }

    fn start(&mut self, context: &mut dyn Context) {
        let Some((plan, cluster)) = self.plan.take() else { return };
        let mut layer: Option<OpticalLayerId> = None;
        if let FabricPlan::Optical(own) = &plan.fabric {
            // It has been looked at when the workload was made.
            layer =
                own.spec(plan.cluster.shape.leaves).ok().map(|spec| context.add_optical_layer(&spec));
        }
        let rows = Rows::new(&self.name, &plan, context);
        let mut operation = Operation::new(plan, cluster, layer, rows, context);
        operation.look_at_nodes(context);
        operation.expect_submission(0, context);
        if context.warm_up_end() > SimTime::ZERO {
            let message = Message { code: MEASURE, ..Message::default() };
            context.set_timer(context.warm_up_end(), Phase::Environment, message);
        }
        self.operation = Some(operation);
    }

    fn on_timer(&mut self, message: Message, context: &mut dyn Context) {
        let Some(operation) = &mut self.operation else { return };
        match message.code {
            SUBMIT => operation.submit(message.subject, context),
            END => operation.end(message.subject, context),
            PASS => operation.pass(context),
            MEASURE => {
                operation.settle_all(context.now());
                operation.account.begin(context.now());
            }
            _ => {}
        }
    }

    fn on_node_change(&mut self, node: NodeId, _: NodeChange, context: &mut dyn Context) {
        if let Some(operation) = &mut self.operation {
            operation.look_at(node, context);
        }
    }

    fn on_port_change(
        &mut self,
        layer: OpticalLayerId,
        switch: SwitchId,
        port: u32,
        works: bool,
        context: &mut dyn Context,
    ) {
        if let Some(operation) = self.operation.as_mut().filter(|own| own.layer == Some(layer)) {
            operation.port_changed(switch, port, works, context);
        }
    }

    fn on_sample(&mut self, context: &mut dyn Context) {
        if let Some(operation) = &mut self.operation {
            operation.export("sample", context);
        }
    }

    fn finish(&mut self, context: &mut dyn Context) {
        self.end = context.now();
        if let Some(operation) = &mut self.operation {
            operation.finish(context);
        }
    }

    fn summary(&self) -> Value {
        let Some(operation) = &self.operation else { return Value::Null };
        let plan = &operation.plan;
        let shape = plan.cluster.shape;
        let mut summary = operation.account.summary(self.end);
        summary["jobs"]["running"] = json!(operation.running.len());
        summary["jobs"]["waiting"] = json!(operation.waiting.len());
        let own_w = plan.power.total_w(plan.fabric.parts(shape));
        let spines_w = plan.power.total_w(electrical(shape));
        summary["fabric"] = json!({
            "kind": plan.fabric.name(),
            "gpus": shape.gpus(),
            "leaves": shape.leaves,
            "power_w": own_w,
            "spines_power_w": spines_w,
            "saved_w": spines_w - own_w,
            "saved_j": (spines_w - own_w) * self.end.as_secs(),
        });
        summary
    }
}

impl Operation {
    /// What does not work from the start.
    fn look_at_nodes(&mut self, context: &mut dyn Context) {
        let plan = &self.plan;
        let mut nodes: Vec<NodeId> =
            plan.cluster.servers.iter().chain(&plan.cluster.leaves).copied().collect();
        if let FabricPlan::Optical(own) = &plan.fabric {
            nodes.extend(&own.switches);
        }
        for node in nodes {
            if !context.infrastructure().node(node).is_available() {
                self.look_at(node, context);
            }
        }
    }

    /// A node has changed: a server, a leaf or a switch of the cluster works if its node does.
    fn look_at(&mut self, node: NodeId, context: &mut dyn Context) {
        let works = context.infrastructure().node(node).is_available();
        let shape = self.cluster.shape();
        for server in self.servers_of(node) {
            let leaf = self.plan.cluster.leaves.get(shape.leaf_of(server).index()).copied();
            let ends = [Some(self.plan.cluster.servers[server as usize]), leaf];
            let all =
                ends.into_iter().flatten().all(|own| context.infrastructure().node(own).is_available());
            self.change_server(server, all, context);
        }
        let FabricPlan::Optical(own) = &self.plan.fabric else { return };
        if let Some(at) = own.switches.iter().position(|own| *own == node) {
            // There are at most 4096 switches.
            let switch = SwitchId(at as u32);
            let ports: Vec<LeafId> = (0..shape.leaves)
                .map(LeafId)
                .filter(|leaf| !works || self.port_works(switch, *leaf, context))
                .collect();
            self.change_ports(switch, &ports, works, context);
        }
    }

    /// Whether the device says that a port works.
    fn port_works(&self, switch: SwitchId, leaf: LeafId, context: &mut dyn Context) -> bool {
        let layers = context.infrastructure().optical();
        let layer = self.layer.and_then(|layer| layers.get(layer));
        layer.and_then(|own| own.switches().get(switch.index())).is_some_and(|own| own.works(leaf.0))
    }

    /// A port has failed or works again. One that works on a switch that does not stays blocked.
    fn port_changed(&mut self, switch: SwitchId, port: u32, works: bool, context: &mut dyn Context) {
        if !works || self.port_works(switch, LeafId(port), context) {
            self.change_ports(switch, &[LeafId(port)], works, context);
        }
    }

    /// The run is over: rows of what is there still.
    fn finish(&mut self, context: &mut dyn Context) {
        let now = context.now();
        self.settle_all(now);
        self.rows.close_window(now, &self.account, context);
        for (&id, placement) in self.cluster.jobs() {
            if let Some(run) = &self.jobs[id as usize].run {
                self.rows.placed(id, run.started, placement, self.cluster.shape(), context);
            }
        }
        let waiting: Vec<u32> = self.waiting.iter().map(|own| own.job.id).collect();
        for (ids, outcome) in [(self.running.clone(), "running"), (waiting, "waiting")] {
            for id in ids {
                self.rows.job(&self.plan, id, &self.jobs[id as usize], outcome, None, context);
            }
        }
    }
}
