//! Instances by hand, and what must hold whatever is done to them.

use super::*;
use crate::energy::LinearPower;
use crate::engine::{Kernel, Model, RandomStreams, SimDuration};
use crate::infra::compute::JobRequest;
use crate::infra::{InfraBuilder, JobOutcome, NodeClass, Notice, Owner, Position, Share, Static, Tier};
use proptest::prelude::*;

const SHARED: Discipline = Discipline::TimeShared { job_limit: usize::MAX };

#[derive(Debug)]
struct Site {
    infrastructure: Infrastructure,
    /// When jobs were done, by token.
    done: Vec<(u64, f64)>,
    lost: u64,
}

impl Model for Site {
    type Event = InfraEvent;

    fn handle(&mut self, event: InfraEvent, schedule: &mut Schedule<InfraEvent>) {
        self.infrastructure.handle(schedule, event);
        self.listen(schedule.now());
    }
}

impl Site {
    fn listen(&mut self, now: SimTime) {
        while let Some(notice) = self.infrastructure.take_notice() {
            if let Notice::JobEnded { job, outcome, .. } = notice {
                match outcome {
                    JobOutcome::Done => self.done.push((job.owner.token, now.as_secs())),
                    _ => self.lost += 1,
                }
            }
        }
    }
}

/// Nodes of 4 cores of 100 MIPS that draw 100 W idle and 200 W busy, with 8 bytes of memory.
fn site(nodes: u32) -> Kernel<Site> {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let mut class = NodeClass::new("node", Tier::Edge, nodes).with_cores(4, 100.0);
    class.power = LinearPower { idle_w: 100.0, busy_w: 200.0 }.into();
    class.resources.memory_bytes = 8.0;
    class.resources.storage_bytes = 8.0;
    let places = vec![Position::default(); nodes as usize];
    builder.class(class, Box::new(Static::at(places).unwrap()));
    let infrastructure = builder.build().unwrap();
    let mut kernel = Kernel::new(Site { infrastructure, done: Vec::new(), lost: 0 });
    kernel.model.infrastructure.start(&mut kernel.schedule);
    kernel
}

fn resources(bytes: f64) -> Resources {
    Resources { memory_bytes: bytes, storage_bytes: bytes, accelerators: Vec::new() }
}

fn deploy(kernel: &mut Kernel<Site>, node: u32, cores: f64, bytes: f64) -> Result<ProcessorId, Refusal> {
    let model = &mut kernel.model;
    model.infrastructure.deploy(&mut kernel.schedule, NodeId(node), cores, SHARED, &resources(bytes))
}

fn submit(kernel: &mut Kernel<Site>, processor: ProcessorId, length_mi: f64, token: u64) {
    let (request, owner) = (JobRequest::new(length_mi), Owner { workload: 0, token });
    let model = &mut kernel.model;
    model
        .infrastructure
        .submit_job_on(&mut kernel.schedule, processor, request, Share::default(), owner)
        .unwrap();
}

fn wait(kernel: &mut Kernel<Site>, seconds: f64) {
    let until = kernel.now() + SimDuration::from_secs(seconds);
    kernel.run_until(until);
}

#[test]
fn an_instance_has_its_cores_and_the_rest_is_the_nodes() {
    let mut kernel = site(1);
    let own = kernel.model.infrastructure.node(NodeId(0)).processor;
    let one = deploy(&mut kernel, 0, 1.0, 2.0).unwrap();
    let two = deploy(&mut kernel, 0, 2.0, 2.0).unwrap();
    let cores = |kernel: &Kernel<Site>| kernel.model.infrastructure.compute().cores(own);
    assert_eq!(
        (cores(&kernel), kernel.model.infrastructure.deployed(NodeId(0))),
        (1.0, [3.0, 4.0, 4.0])
    );
    assert_eq!(deploy(&mut kernel, 0, 1.5, 0.0), Err(Refusal::Cores));
    assert_eq!(deploy(&mut kernel, 0, 1.0, 5.0), Err(Refusal::Memory));
    // Two jobs of 1 s each share the one core of the first; two have a core each on the second.
    for (processor, tokens) in [(one, [0, 1]), (two, [2, 3])] {
        tokens.into_iter().for_each(|token| submit(&mut kernel, processor, 100.0, token));
    }
    assert_eq!(kernel.model.infrastructure.meter(NodeId(0)).busy_cores(), 3.0);
    wait(&mut kernel, 5.0);
    assert_eq!(kernel.model.done, [(2, 1.0), (3, 1.0), (0, 2.0), (1, 2.0)]);
    // Dynamic: 25 W a busy core, 2 core-seconds each; idle: 25 W a core, over 5 s.
    let now = kernel.now();
    let energy = |kernel: &mut Kernel<Site>, id| kernel.model.infrastructure.deployed_energy(id, now);
    assert_eq!(energy(&mut kernel, one), DeployedEnergy { dynamic_j: 50.0, idle_j: 125.0, cost: 0.0 });
    assert_eq!(energy(&mut kernel, two), DeployedEnergy { dynamic_j: 50.0, idle_j: 250.0, cost: 0.0 });
    let model = &mut kernel.model;
    model.infrastructure.undeploy(&mut kernel.schedule, one);
    assert_eq!(cores(&kernel), 2.0);
    // The number is used again.
    assert_eq!(deploy(&mut kernel, 0, 0.5, 1.0), Ok(one));
}

/// Two instances of 2 and 1 cores on a node that offers 1.5 of its 4 cores run at half speed; with 3 or more they are
/// as fast as ever.
#[test]
fn instances_are_slower_only_where_they_have_more_than_is_offered() {
    let mut kernel = site(1);
    let instances = [2.0, 1.0].map(|cores| deploy(&mut kernel, 0, cores, 0.0).unwrap());
    submit(&mut kernel, instances[1], 300.0, 0);
    let cores = |kernel: &mut Kernel<Site>, cores| {
        let model = &mut kernel.model;
        model.infrastructure.set_node_cores(&mut kernel.schedule, NodeId(0), cores);
    };
    cores(&mut kernel, 3.0);
    wait(&mut kernel, 1.0);
    cores(&mut kernel, 1.5);
    assert_eq!(kernel.model.infrastructure.meter(NodeId(0)).busy_cores(), 0.5);
    wait(&mut kernel, 2.0);
    // Two of three seconds of work are done; the last one at double speed, on all of its core.
    let model = &mut kernel.model;
    model.infrastructure.set_node_speed(&mut kernel.schedule, NodeId(0), 2.0);
    cores(&mut kernel, 6.0);
    wait(&mut kernel, 5.0);
    assert_eq!(kernel.model.done, [(0, 3.5)]);
}

#[test]
fn what_leaves_is_told_apart_from_what_is_booked() {
    let mut kernel = site(1);
    let one = deploy(&mut kernel, 0, 1.0, 2.0).unwrap();
    deploy(&mut kernel, 0, 2.0, 3.0).unwrap();
    let infrastructure = &mut kernel.model.infrastructure;
    infrastructure.leave(one);
    assert_eq!(infrastructure.deployed(NodeId(0)), [2.0, 3.0, 3.0]);
    assert_eq!(infrastructure.leaving(NodeId(0)), [1.0, 2.0, 2.0]);
    // It still has what it has.
    assert_eq!(deploy(&mut kernel, 0, 2.0, 0.0), Err(Refusal::Cores));
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Deploy { node: u32, quarters: u32, bytes: u32 },
    Undeploy { which: usize },
    Leave { which: usize },
    Job { which: usize, length_mi: f64 },
    OwnJob { node: u32, length_mi: f64 },
    Cores { node: u32, cores: f64 },
    Speed { node: u32, factor: f64 },
    Toggle { node: u32 },
    Wait { seconds: f64 },
}

fn action() -> impl Strategy<Value = Action> {
    let (node, which) = (0u32..3, 0usize..30);
    prop_oneof![
        4 => (node.clone(), 0u32..12, 0u32..5)
            .prop_map(|(node, quarters, bytes)| Action::Deploy { node, quarters, bytes }),
        2 => which.clone().prop_map(|which| Action::Undeploy { which }),
        1 => which.clone().prop_map(|which| Action::Leave { which }),
        5 => (which, 1.0..500.0f64).prop_map(|(which, length_mi)| Action::Job { which, length_mi }),
        2 => (node.clone(), 1.0..500.0f64).prop_map(|(node, length_mi)| Action::OwnJob { node, length_mi }),
        1 => (node.clone(), 0.0..6.0f64).prop_map(|(node, cores)| Action::Cores { node, cores }),
        1 => (node.clone(), 0.1..3.0f64).prop_map(|(node, factor)| Action::Speed { node, factor }),
        1 => node.prop_map(|node| Action::Toggle { node }),
        4 => (0.0..5.0f64).prop_map(|seconds| Action::Wait { seconds }),
    ]
}

/// A node of 4 cores that offers 5: two instances of 2.5 share its idle power, and have no more than all of it, also when
/// it offers 4 again.
#[test]
fn more_cores_than_those_of_the_class_share_the_same_idle_power() {
    let mut kernel = site(1);
    let set_cores = |kernel: &mut Kernel<Site>, cores| {
        kernel.model.infrastructure.set_node_cores(&mut kernel.schedule, NodeId(0), cores);
    };
    set_cores(&mut kernel, 5.0);
    let both = [0, 1].map(|_| deploy(&mut kernel, 0, 2.5, 0.0).unwrap());
    wait(&mut kernel, 10.0);
    set_cores(&mut kernel, 4.0);
    wait(&mut kernel, 10.0);
    let (now, infrastructure) = (kernel.now(), &mut kernel.model.infrastructure);
    let idle_j = both.map(|own| infrastructure.deployed_energy(own, now).idle_j);
    let metered_j = infrastructure.meter(NodeId(0)).energy_j(now);
    assert!(metered_j > 0.0 && (2.0 * idle_j[0] - metered_j).abs() < 1e-9, "{idle_j:?} {metered_j}");
    assert_eq!(idle_j[0], idle_j[1]);
}

proptest! {
    #[test]
    fn nothing_exceeds_and_all_comes_back(actions in prop::collection::vec(action(), 1..80)) {
        let mut kernel = site(3);
        let mut live: Vec<ProcessorId> = Vec::new();
        let mut failed = [false; 3];
        let (mut submitted, mut ended, mut most) = (0u64, 0u64, 0usize);
        let mut charged_j = 0.0;
        for action in actions {
            let pick = |which: usize| (!live.is_empty()).then(|| which % live.len().max(1));
            match action {
                Action::Deploy { node, quarters, bytes } => {
                    let cores = f64::from(quarters) / 4.0;
                    if let Ok(instance) = deploy(&mut kernel, node, cores, f64::from(bytes)) {
                        live.push(instance);
                    }
                }
                Action::Undeploy { which } => if let Some(which) = pick(which) {
                    let instance = live.remove(which);
                    let model = &mut kernel.model;
                    let (jobs, energy) = model.infrastructure.undeploy(&mut kernel.schedule, instance);
                    ended += jobs.len() as u64;
                    charged_j += energy.dynamic_j + energy.idle_j;
                },
                Action::Leave { which } => if let Some(which) = pick(which) {
                    kernel.model.infrastructure.leave(live[which]);
                },
                Action::Job { which, length_mi } => if let Some(which) = pick(which) {
                    let node = kernel.model.infrastructure.compute().node(live[which]);
                    // A share of a core is what an instance must have at least.
                    if !failed[node.index()] && kernel.model.infrastructure.compute().cores(live[which]) > 0.0 {
                        submit(&mut kernel, live[which], length_mi, submitted);
                        submitted += 1;
                    }
                },
                Action::OwnJob { node, length_mi } => {
                    let owner = Owner { workload: 0, token: submitted };
                    let (model, request) = (&mut kernel.model, JobRequest::new(length_mi));
                    let job = model.infrastructure.submit_job(&mut kernel.schedule, NodeId(node), request, owner);
                    submitted += u64::from(job.is_ok());
                }
                Action::Cores { node, cores } => {
                    let model = &mut kernel.model;
                    model.infrastructure.set_node_cores(&mut kernel.schedule, NodeId(node), cores);
                }
                Action::Speed { node, factor } => {
                    let model = &mut kernel.model;
                    model.infrastructure.set_node_speed(&mut kernel.schedule, NodeId(node), factor);
                }
                Action::Toggle { node } => {
                    let fails = !failed[node as usize];
                    failed[node as usize] = fails;
                    let model = &mut kernel.model;
                    model.infrastructure.fail_node(&mut kernel.schedule, NodeId(node), fails);
                    let now = kernel.now();
                    kernel.model.listen(now);
                }
                Action::Wait { seconds } => wait(&mut kernel, seconds),
            }
            most = most.max(live.len());
            for node in (0..3).map(NodeId) {
                let infrastructure = &kernel.model.infrastructure;
                let processors = infrastructure.processors_of(node);
                let busy: f64 =
                    processors.iter().map(|&own| infrastructure.compute().busy_cores(own)).sum();
                let offered = infrastructure.offered_cores(node);
                prop_assert!(busy <= offered + 1e-9, "{busy} of {offered}");
                prop_assert!((infrastructure.meter(node).busy_cores() - busy).abs() < 1e-9);
                let cores: f64 =
                    processors.iter().map(|&own| infrastructure.compute().cores(own)).sum();
                prop_assert!(cores <= offered + 1e-9, "{cores} of {offered}");
                let free = infrastructure.compute().free(infrastructure.node(node).processor);
                prop_assert!(free.memory_bytes >= 0.0 && free.storage_bytes >= 0.0);
            }
        }
        prop_assert!(kernel.model.infrastructure.compute().len() <= 3 + most);
        for instance in live {
            let model = &mut kernel.model;
            let (jobs, energy) = model.infrastructure.undeploy(&mut kernel.schedule, instance);
            ended += jobs.len() as u64;
            charged_j += energy.dynamic_j + energy.idle_j;
        }
        let now = kernel.now();
        let metered_j: f64 =
            (0..3).map(|node| kernel.model.infrastructure.meter(NodeId(node)).energy_j(now)).sum();
        prop_assert!(charged_j <= metered_j * (1.0 + 1e-9) + 1e-9, "{charged_j} of {metered_j}");
        for node in (0..3).map(NodeId) {
            let model = &mut kernel.model;
            model.infrastructure.set_node_cores(&mut kernel.schedule, node, 4.0);
            model.infrastructure.set_node_speed(&mut kernel.schedule, node, 1.0);
            let own = model.infrastructure.node(node).processor;
            prop_assert_eq!(model.infrastructure.compute().cores(own), 4.0);
            prop_assert_eq!(model.infrastructure.compute().free(own), &resources(8.0));
            prop_assert_eq!(model.infrastructure.processors_of(node).to_vec(), vec![own]);
        }
        wait(&mut kernel, 1e6);
        prop_assert_eq!(submitted, ended + kernel.model.done.len() as u64 + kernel.model.lost);
    }
}
