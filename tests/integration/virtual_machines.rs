//! Workloads of virtual machines in a world, against hand calculations.

use crate::support::{assert_near, run};
use serde_json::{Value, json};
use stratosim::apps::virtual_machines::{
    BatchJob, Demand, DemandGrid, Demands, Drain, Fragment, VmOptions, VmRequest, VmType, VmWorkload,
};
use stratosim::energy::LinearPower;
use stratosim::engine::{SimDuration, SimTime};
use stratosim::infra::compute::{Discipline, Resources};
use stratosim::infra::network::LinkSpec;
use stratosim::infra::{
    CopiedMemory, FaultTarget, FaultTimes, HostSpec, MigrationMethod, MigrationSpec, NodeClass, NodeId,
    Position, Sharing, SleepSpec, Static, Tier, VmSpec,
};
use stratosim::output::{Destination, Recorder, RecorderSummary, TableSelection};
use stratosim::placement::consolidation::{Composed, Forecast, MinimumMigrationTime, Threshold};
use stratosim::placement::forecast::{LastValue, Oracle, Predictor};
use stratosim::placement::vm_allocation::PowerAwareBestFit;
use stratosim::world::WorldBuilder;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
/// Seconds in which a link of 1 Gbit/s carries a GiB.
const COPY_S: f64 = GIB * 8.0 / 1e9;

fn seconds(time_s: f64) -> SimDuration {
    SimDuration::from_secs(time_s)
}

/// Hosts of 2 x 1000 MIPS, 8 GiB, 100 to 200 W, each linked at 1 Gbit/s to a switch.
fn world(hosts: u32, duration_s: f64) -> WorldBuilder {
    let mut world = WorldBuilder::new(1, seconds(duration_s));
    let mut class = NodeClass::new("host", Tier::Cloud, hosts).with_cores(2, 1000.0);
    class.node_names = (0..hosts).map(|host| format!("host-{host}")).collect();
    class.power = LinearPower { idle_w: 100.0, busy_w: 200.0 }.into();
    class.power.sleep_w = 5.0;
    class.resources.memory_bytes = 8.0 * GIB;
    world.class(class, Static::at(vec![Position::default()]).unwrap());
    let switch = NodeClass { cores: 0, ..NodeClass::new("switch", Tier::Network, 1) };
    world.class(switch, Static::at(vec![Position::default()]).unwrap());
    for host in 0..hosts {
        world.link(
            format!("link-{host}"),
            LinkSpec::new(NodeId(host), NodeId(hosts), SimDuration::ZERO, 1e9),
        );
    }
    world
}

fn options(hosts: u32) -> VmOptions {
    VmOptions {
        hosts: (0..hosts).map(|host| (NodeId(host), HostSpec::default())).collect(),
        migration: MigrationSpec {
            method: MigrationMethod::StopAndCopy,
            memory: CopiedMemory::Whole,
            degradation: 0.0,
        },
        ..VmOptions::default()
    }
}

/// One virtual core of 1000 MIPS.
fn request(time_s: f64, gib: f64, demand: Demand) -> VmRequest {
    let resources = Resources { memory_bytes: gib * GIB, ..Resources::default() };
    VmRequest {
        spec: VmSpec::new(1, 1000.0, resources),
        time: SimTime::from_secs(time_s),
        lifetime: None,
        demand,
    }
}

fn workload(
    requests: Vec<VmRequest>,
    demands: Demands,
    jobs: Vec<BatchJob>,
    options: VmOptions,
) -> VmWorkload {
    let discipline = Discipline::TimeShared { job_limit: usize::MAX };
    let types = vec![VmType { name: "vm".into(), discipline, serves: None }];
    VmWorkload::new("vms", types, requests, demands, jobs, options)
}

/// Threshold of 80 %, least memory first, power-aware best fit.
fn consolidation() -> Composed {
    Composed {
        overload: Box::new(Threshold::default()),
        selection: Box::new(MinimumMigrationTime {}),
        placement: Box::new(PowerAwareBestFit::default()),
        empties: true,
        give_up_after: 10,
        sleeps: true,
    }
}

/// The summary of the one workload, and all tables.
fn finish(world: WorldBuilder) -> (Value, RecorderSummary) {
    let recorder = Recorder::new(Destination::Memory, TableSelection::All);
    let finished = world.build(Box::new(recorder)).unwrap().run().unwrap();
    let recorder = finished.records.into_any().downcast::<Recorder>().unwrap();
    (finished.summary["workloads"]["vms"].clone(), recorder.finish().unwrap())
}

/// The rows of a table, each as the given columns joined by blanks, whole numbers without their `.0`.
fn rows(tables: &RecorderSummary, table: &str, columns: &[&str]) -> Vec<String> {
    let rows = tables.rows(table).unwrap();
    let columns: Vec<usize> = columns
        .iter()
        .map(|name| rows.spec().column(name).unwrap_or_else(|| panic!("{name}")))
        .collect();
    let row = |row: usize| {
        let cell = |&column: &usize| rows.text(row, column).trim_end_matches(".0").to_string();
        columns.iter().map(cell).collect::<Vec<_>>().join(" ")
    };
    (0..rows.len()).map(row).collect()
}

fn number(summary: &Value, path: &str) -> f64 {
    let found = path.split('.').fold(summary, |value, key| &value[key]);
    found.as_f64().unwrap_or_else(|| panic!("{path} is {found}"))
}

/// Two of 900 MIPS on one host of 2000, one of 100 on the other: 0.9 > 0.8, so that at 300 s the one with less
/// memory moves, paused for 8.59 s. Then 900 and 1000 MIPS are wanted of the hosts, and nothing moves any more: each
/// would be at 0.95.
#[test]
fn an_overloaded_host_is_relieved() {
    let grid = DemandGrid::from_rows(seconds(300.0), &[vec![0.9], vec![0.9], vec![0.1]]);
    let requests = vec![
        request(0.0, 2.0, Demand::Grid { grid: 0, row: 0 }),
        request(0.0, 1.0, Demand::Grid { grid: 0, row: 1 }),
        request(0.0, 1.0, Demand::Grid { grid: 0, row: 2 }),
    ];
    let mut world = world(2, 900.0);
    let demands = Demands { grids: vec![grid], ..Demands::default() };
    world.workload(workload(requests, demands, vec![], options(2)));
    world.consolidation("test", consolidation());
    let (summary, tables) = finish(world);
    let moves = rows(&tables, "migrations", &["vm", "from", "to", "cause", "started_s", "outcome"]);
    assert_eq!(moves, ["1 host-0 host-1 consolidation 300 done"]);
    assert_eq!(rows(&tables, "vms", &["host"]), ["host-0", "host-1", "host-1"]);
    // 190 W, then 145 W; 105 W, then 150 W.
    let moved_s = 300.0 + COPY_S;
    let energy_j = 190.0 * 300.0 + 145.0 * 600.0 + 105.0 * moved_s + 150.0 * (900.0 - moved_s);
    assert_near(number(&summary, "energy_kwh"), energy_j / 3.6e6, 1e-9);
    // 900 MIPS missed in the pause, of 1900 wanted for 900 s.
    assert_near(number(&summary, "overall_sla_violation"), 900.0 * COPY_S / (1900.0 * 900.0), 1e-9);
    assert_near(number(&summary, "pdm"), COPY_S / 900.0 / 3.0, 1e-9);
    assert_eq!((number(&summary, "slatah"), number(&summary, "host_shutdowns")), (0.0, 0.0));
    assert_near(number(&summary, "availability"), 1.0 - COPY_S / 2700.0, 1e-9);
}

/// Two that want 500 MIPS of a host of 2000, and 900 each from 600 s on: 0.9 > 0.8. An oracle that looks one step ahead
/// moves one at 300 s, before the overload; who thinks that all stays as it is moves it at 600 s.
#[test]
fn an_oracle_relieves_a_host_a_step_earlier() {
    let moved_at = |predictor: Box<dyn Predictor>| {
        let row = || vec![0.5, 0.5, 0.9];
        let grid = DemandGrid::from_rows(seconds(300.0), &[row(), row(), vec![0.1]]);
        let requests = vec![
            request(0.0, 2.0, Demand::Grid { grid: 0, row: 0 }),
            request(0.0, 1.0, Demand::Grid { grid: 0, row: 1 }),
            request(0.0, 1.0, Demand::Grid { grid: 0, row: 2 }),
        ];
        let mut world = world(2, 900.0);
        let demands = Demands { grids: vec![grid], ..Demands::default() };
        world.workload(workload(requests, demands, vec![], options(2)));
        let overload = Box::new(Forecast { predictor, horizon: 1, utilisation: 0.8 });
        world.consolidation("test", Composed { overload, empties: false, ..consolidation() });
        let (summary, tables) = finish(world);
        // More than 80 % is wanted of it, but never more than it has.
        assert_eq!(number(&summary, "sla_violating_periods"), 0.0);
        rows(&tables, "migrations", &["vm", "to", "started_s"])
    };
    assert_eq!(moved_at(Box::new(Oracle {})), ["1 host-1 300"]);
    assert_eq!(moved_at(Box::new(LastValue {})), ["1 host-1 600"]);
}

/// Three that want 100 MIPS each: at 300 s the host of one of them is the least loaded and is emptied, and sleeps
/// when the copy of 3 GiB is done. At 600 s each wants 1000: of 3000 MIPS on one host of 2000. The one with the least
/// memory goes back to the other host, which takes 20 s to wake. In these all get two thirds.
#[test]
fn an_underloaded_host_is_emptied_sleeps_and_is_woken_under_overload() {
    let row = || vec![0.1, 0.1, 1.0];
    let grid = DemandGrid::from_rows(seconds(300.0), &[row(), row(), row()]);
    let requests = vec![
        request(0.0, 1.0, Demand::Grid { grid: 0, row: 0 }),
        request(0.0, 2.0, Demand::Grid { grid: 0, row: 1 }),
        request(0.0, 3.0, Demand::Grid { grid: 0, row: 2 }),
    ];
    let sleep = SleepSpec {
        fall_asleep: SimDuration::ZERO,
        fall_asleep_w: None,
        wake: seconds(20.0),
        wake_w: Some(150.0),
    };
    let mut options = options(2);
    for (_, spec) in &mut options.hosts {
        spec.sleep = sleep;
    }
    let mut world = world(2, 890.0);
    let demands = Demands { grids: vec![grid], ..Demands::default() };
    world.workload(workload(requests, demands, vec![], options));
    world.consolidation("test", consolidation());
    let (summary, tables) = finish(world);
    let moves = rows(&tables, "migrations", &["vm", "from", "to", "started_s"]);
    assert_eq!(moves, ["2 host-1 host-0 300", "0 host-0 host-1 600"]);
    assert_near(number(&summary, "slatah"), 20.0 / 890.0 / 2.0, 1e-9);
    assert_near(number(&summary, "host_shutdowns"), 1.0, 0.0);
    assert_near(number(&summary, "host_wakes"), 1.0, 0.0);
    let requested = 3.0 * (100.0 * 600.0 + 1000.0 * 290.0);
    let by_cause = |cause: &str| number(&summary, &format!("overall_sla_violation_by_cause.{cause}"));
    assert_near(by_cause("overload"), 20_000.0 / requested, 1e-9);
    assert_near(by_cause("migration"), (300.0 + 1000.0) * COPY_S / requested, 1e-9);
    let (emptied_s, back_s) = (300.0 + 3.0 * COPY_S, 620.0 + COPY_S);
    let first_j = 110.0 * emptied_s + 115.0 * (600.0 - emptied_s) + 200.0 * 290.0;
    let second_j = 105.0 * 300.0
        + 100.0 * (emptied_s - 300.0)
        + 5.0 * (600.0 - emptied_s)
        + 150.0 * 20.0
        + 100.0 * COPY_S
        + 150.0 * (890.0 - back_s);
    assert_near(number(&summary, "energy_kwh"), (first_j + second_j) / 3.6e6, 1e-9);
    // The hosts are recorded after each step, with the moves that were decided there.
    let states = rows(&tables, "hosts", &["t_s", "host", "state", "vms"]);
    assert_eq!(states, ["300 host-0 on 3", "300 host-1 on 1", "600 host-0 on 3", "600 host-1 waking 1"]);
}

/// Two fit on the host; the third, requested at 10 s, starts when the first two end at 150 s.
#[test]
fn fragments_end_their_virtual_machine_and_those_that_wait_follow() {
    let fragment = |time_s: f64, demand_mips: f32| Fragment::new(seconds(time_s), demand_mips);
    let fragments = vec![fragment(100.0, 500.0), fragment(50.0, 1000.0)];
    let demand = Demand::Fragments { first: 0, count: 2 };
    let requests =
        vec![request(0.0, 1.0, demand), request(0.0, 1.0, demand), request(10.0, 1.0, demand)];
    let mut options = options(1);
    options.hosts[0].1.sharing = Sharing::TimeShared { oversubscription: 1.0 };
    let mut world = world(1, 1000.0);
    let demands = Demands { fragments, ..Demands::default() };
    world.workload(workload(requests, demands, vec![], options));
    let (summary, tables) = finish(world);
    let columns = ["vm", "t_s", "started_s", "outcome", "requested_mi", "allocated_mi", "outage_s"];
    assert_eq!(
        rows(&tables, "vms", &columns),
        [
            "0 150 0 stopped 100000 100000 0",
            "1 150 0 stopped 100000 100000 0",
            "2 300 150 stopped 100000 100000 140"
        ]
    );
    assert_eq!((number(&summary, "vms.stopped"), number(&summary, "vms.waiting")), (3.0, 0.0));
    // 0 to 100 s at 1000 of 2000 MIPS, to 150 s at 2000, to 250 s at 500, to 300 s at 1000, then idle.
    let energy_j = 150.0 * 100.0 + 200.0 * 50.0 + 125.0 * 100.0 + 150.0 * 50.0 + 100.0 * 700.0;
    assert_near(number(&summary, "energy_kwh"), energy_j / 3.6e6, 1e-9);
    // Each decision is recorded: two placed, one waits when it comes, and again whenever it is tried in vain.
    let decided = rows(&tables, "decisions", &["t_s", "subject", "choice", "outcome", "reward"]);
    assert!(decided.contains(&"0 0 host-0 stopped 1".to_string()), "{decided:?}");
    assert!(decided.contains(&"10 2  waits 0".to_string()), "{decided:?}");
    assert!(decided.contains(&"150 2 host-0 stopped 1".to_string()), "{decided:?}");
}

#[test]
fn a_lifetime_ends_a_virtual_machine() {
    let mut one = request(20.0, 1.0, Demand::Constant(0.5));
    one.lifetime = Some(seconds(60.0));
    let mut world = world(1, 300.0);
    let mut options = options(1);
    options.boot = seconds(5.0);
    world.workload(workload(vec![one], Demands::default(), vec![], options));
    let (_, tables) = finish(world);
    let columns = ["t_s", "requested_s", "started_s", "outage_s", "running_s", "allocated_mi"];
    assert_eq!(rows(&tables, "vms", &columns), ["85 20 25 5 60 30000"]);
}

/// Its host fails at 100 s. It boots for 30 s at first, and for 30 s on the other host.
#[test]
fn a_lost_virtual_machine_starts_again_elsewhere() {
    let mut world = world(2, 400.0);
    let times = vec![SimTime::from_secs(100.0), SimTime::from_secs(200.0)];
    world.fault(FaultTarget::Node(NodeId(0)), FaultTimes::Given(times));
    let mut options = options(2);
    options.boot = seconds(30.0);
    let requests = vec![request(0.0, 1.0, Demand::Constant(1.0))];
    world.workload(workload(requests, Demands::default(), vec![], options));
    let (summary, tables) = finish(world);
    let columns = ["host", "started_s", "outage_s", "outage_mi", "losses"];
    assert_eq!(rows(&tables, "vms", &columns), ["host-1 30 60 60000 1"]);
    assert_near(number(&summary, "availability"), 340.0 / 400.0, 1e-12);
    assert_near(number(&summary, "overall_sla_violation_by_cause.outage"), 60.0 / 400.0, 1e-12);
}

fn job(time_s: f64, length_mi: f64, after: &[u32]) -> BatchJob {
    BatchJob {
        time: SimTime::from_secs(time_s),
        length_mi,
        cores: 1,
        memory_bytes: 0.0,
        after: after.to_vec(),
    }
}

/// Two jobs of 1000 MI, and two that follow both: on one virtual core of 1000 MIPS the first two are done at 2 s
/// and the others at 4 s, on two of them at 1 s and 2 s.
#[test]
fn jobs_follow_those_they_depend_on() {
    for (vms, ends) in [(1, [2.0, 2.0, 4.0, 4.0]), (2, [1.0, 1.0, 2.0, 2.0])] {
        let jobs = vec![
            job(0.0, 1000.0, &[]),
            job(0.0, 1000.0, &[]),
            job(0.0, 1000.0, &[0, 1]),
            job(0.0, 1000.0, &[0, 1]),
        ];
        let requests = (0..vms).map(|_| request(0.0, 1.0, Demand::Jobs)).collect();
        let mut world = world(1, 100.0);
        world.workload(workload(requests, Demands::default(), jobs, options(1)));
        let (summary, tables) = finish(world);
        let mut found = rows(&tables, "jobs", &["job", "t_s", "ready_s", "outcome"]);
        found.sort();
        let expected: Vec<String> = (0..4)
            .map(|job| format!("{job} {} {} done", ends[job], if job < 2 { 0.0 } else { ends[0] }))
            .collect();
        assert_eq!(found, expected);
        assert_near(number(&summary, "jobs.makespan_s"), ends[3], 0.0);
    }
}

/// The job has 500 of 1000 MI left when its host fails at 0.5 s, and is done anew on the other host by 1.5 s.
#[test]
fn a_job_whose_host_is_lost_is_done_anew() {
    let mut world = world(2, 100.0);
    let times = vec![SimTime::from_secs(0.5)];
    world.fault(FaultTarget::Node(NodeId(0)), FaultTimes::Given(times));
    let requests = vec![request(0.0, 1.0, Demand::Jobs)];
    world.workload(workload(requests, Demands::default(), vec![job(0.0, 1000.0, &[])], options(2)));
    let (summary, tables) = finish(world);
    assert_eq!(rows(&tables, "jobs", &["t_s", "started_s", "attempts"]), ["1.5 0.5 2"]);
    assert_near(number(&summary, "jobs.restarted"), 1.0, 0.0);
}

#[test]
fn a_host_is_emptied_for_as_long_as_it_must() {
    let mut options = options(2);
    options.drains = vec![Drain {
        node: NodeId(0),
        from: SimTime::from_secs(50.0),
        until: SimTime::from_secs(200.0),
    }];
    let requests = [0.0, 60.0, 210.0].map(|time_s| request(time_s, 1.0, Demand::Constant(0.5))).to_vec();
    let mut world = world(2, 300.0);
    world.workload(workload(requests, Demands::default(), vec![], options));
    let (_, tables) = finish(world);
    let moves = rows(&tables, "migrations", &["vm", "from", "to", "cause", "started_s"]);
    assert_eq!(moves, ["0 host-0 host-1 drain 50"]);
    assert_eq!(rows(&tables, "vms", &["vm", "host"]), ["0 host-1", "1 host-1", "2 host-0"]);
}

/// A task of 2000 MI goes over a link of 10 ms to the gateway, whose tasks two virtual machines of 1000 MIPS serve:
/// 2.02 s. Two more come together at 10 s, and each gets a virtual machine of its own.
#[test]
fn tasks_run_in_the_virtual_machines_that_serve_their_node() {
    let scenario = json!({
        "duration": "1 min",
        "nodes": [
            { "tier": "device", "count": 1, "wireless": false, "mobility": { "kind": "static" } },
            { "tier": "cloud", "name": "gateway", "cores": 1, "power": { "idle": 0, "busy": 0 } },
            { "tier": "cloud", "name": "host", "cores": 4, "mips_per_core": "1 GIPS",
              "power": { "idle": "100 W", "busy": "200 W" } }
        ],
        "network": { "links": [
            { "a": "device", "b": "gateway", "latency": "10 ms", "bandwidth": "1 Gbps" },
            { "a": "gateway", "b": "host", "latency": "1 ms", "bandwidth": "1 Gbps" }
        ] },
        "workloads": [
            {
                "kind": "tasks",
                "applications": [{
                    "arrival": { "kind": "trace", "file": "arrivals.csv" },
                    "length": "2 GI", "upload": 0, "download": 0
                }]
            },
            {
                "kind": "virtual_machines",
                "hosts": ["host"],
                "types": [{
                    "count": 2, "mips_per_vcpu": "1 GIPS", "demand": { "kind": "jobs" }, "serves": "gateway"
                }]
            }
        ],
        "policies": { "offloading": { "kind": "cloud_only" } }
    });
    let run = crate::support::run_with(&scenario, &[("arrivals.csv", "t_s\n1\n10\n10\n")]);
    let tasks = run.tasks();
    assert_eq!(tasks.len(), 3);
    for task in &tasks {
        assert_eq!((task.text("node"), task.text("outcome")), ("gateway", "done"));
        assert_near(task.value("service_s"), 2.02, 1e-8);
    }
    // 60 s idle, and three times 2 s of one core in four.
    let summary = run.summary();
    let energy_j = number(&summary, "workloads.virtual_machines.energy_kwh") * 3.6e6;
    assert_near(energy_j, 100.0 * 60.0 + 6.0 * 25.0, 1e-6);
    // Both decision points have their columns, each null where the other one decided.
    let decisions = run.table("decisions");
    for decision in &decisions {
        let offloading = decision.text("point") == "offloading";
        assert_eq!(decision.text("length_mi").is_empty(), !offloading);
        assert_eq!(decision.text("vm_mips").is_empty(), offloading);
    }
    assert_eq!(decisions.len(), 5);
}

#[test]
fn what_is_left_out_of_the_format_has_defaults() {
    let scenario = json!({
        "duration": "20 min",
        "nodes": [{ "tier": "cloud", "count": 2 }],
        "workloads": [{ "kind": "virtual_machines", "hosts": ["cloud"] }]
    });
    let run = run(&scenario);
    let record = run.record();
    let own = &record["scenario"]["workloads"][0];
    assert_eq!(own["types"][0]["mips_per_vcpu"], "1 GIPS");
    assert_eq!(record["scenario"]["policies"]["consolidation"]["kind"], "nothing");
    assert_eq!(run.table("vms").len(), 1);
    // The parts of a consolidation that is put together have their defaults filled in, too.
    let mut composed = scenario;
    composed["policies"] = json!({ "consolidation": { "kind": "overload_and_underload" } });
    let record = crate::support::run(&composed).record();
    let overload = &record["scenario"]["policies"]["consolidation"]["overload"];
    assert_eq!(overload["utilisation"].as_f64(), Some(0.8));
}
