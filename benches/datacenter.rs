//! Datacenters at the sizes that studies have: wall time, events, peak memory.
//!
//! `cargo bench --bench datacenter`, or one case: `cargo bench --bench datacenter -- consolidation`. Each case
//! runs in a process of its own, so that peak memory is its own.
//!
//! * `consolidation`: a day of 100 000 virtual machines with a synthetic series of 5-minute steps on 10 000 hosts
//!   around one switch, consolidated at each step by local regression and minimum migration time.
//! * `fragments`: a week of 6 295 tasks with 2.32 million fragments on 277 hosts.
//! * `tasks`: 100 000 tasks of one fragment on 100 hosts.

use rand::RngExt;
use std::process::Command;
use std::time::Instant;
use stratosim::apps::virtual_machines::{
    Demand, DemandGrid, Demands, Fragment, SyntheticDemand, VmOptions, VmRequest, VmType, VmWorkload,
};
use stratosim::energy::LinearPower;
use stratosim::engine::{RandomStreams, SimDuration, SimTime};
use stratosim::infra::compute::{Discipline, Resources};
use stratosim::infra::network::LinkSpec;
use stratosim::infra::{HostSpec, NodeClass, NodeId, Position, Sharing, Static, Tier, VmSpec};
use stratosim::placement::consolidation::{Composed, LocalRegression, MinimumMigrationTime};
use stratosim::placement::vm_allocation::{FirstFit, PowerAwareBestFit};
use stratosim::records::NoRecords;
use stratosim::world::{Sampling, WorldBuilder};

const CASES: [&str; 3] = ["consolidation", "fragments", "tasks"];
/// Tells the program to run one case in this process.
const ONE: &str = "--one";
const GB: f64 = 1e9;

/// Hosts of this many cores of 2600 MIPS and so much memory around one switch.
fn world(days: f64, hosts: u32, cores: u32, memory_bytes: f64) -> WorldBuilder {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(days * 86_400.0));
    let standing = || Static::at(vec![Position::default()]).expect("it is a place");
    let mut class = NodeClass::new("host", Tier::Cloud, hosts).with_cores(cores, 2600.0);
    class.power = LinearPower { idle_w: 93.7, busy_w: 135.0 }.into();
    class.resources.memory_bytes = memory_bytes;
    world.class(class, standing());
    world.class(NodeClass { cores: 0, ..NodeClass::new("switch", Tier::Network, 1) }, standing());
    for host in 0..hosts {
        let latency = SimDuration::from_secs(1e-4);
        let link = LinkSpec::new(NodeId(host), NodeId(hosts), latency, 10e9);
        world.link(format!("link-{host}"), link);
    }
    world.sample(Sampling { interval: SimDuration::ZERO, ..Sampling::default() });
    world
}

fn options(hosts: u32, sharing: Sharing) -> VmOptions {
    let spec = HostSpec { sharing, ..HostSpec::default() };
    VmOptions { hosts: (0..hosts).map(|host| (NodeId(host), spec)).collect(), ..VmOptions::default() }
}

fn types() -> Vec<VmType> {
    let discipline = Discipline::TimeShared { job_limit: usize::MAX };
    vec![VmType { name: "vm".into(), discipline, serves: None }]
}

fn request(time_s: f64, vcpus: u32, memory_bytes: f64, demand: Demand) -> VmRequest {
    let resources = Resources { memory_bytes, ..Resources::default() };
    VmRequest {
        spec: VmSpec::new(vcpus, 2600.0, resources),
        time: SimTime::from_secs(time_s),
        lifetime: None,
        demand,
    }
}

fn consolidation() -> WorldBuilder {
    let (hosts, vms) = (10_000, 100_000);
    let mut world = world(1.0, hosts, 16, 64.0 * GB);
    let step = SimDuration::from_secs(300.0);
    let series = SyntheticDemand {
        mean: 0.25,
        amplitude: 0.15,
        noise: 0.05,
        correlation: 0.0,
        day: SimDuration::from_secs(86_400.0),
    };
    let mut rows = Vec::new();
    series.rows(RandomStreams::new(1), "demand", vms, (step, 289), &mut rows);
    let sizes = [0.613 * GB, 0.87 * GB, 1.74 * GB, 3.75 * GB];
    let requests =
        (0..vms).map(|vm| request(0.0, 1, sizes[vm % 4], Demand::Grid { grid: 0, row: vm as u32 }));
    let demands = Demands { grids: vec![DemandGrid::from_rows(step, &rows)], ..Demands::default() };
    let sharing = Sharing::TimeShared { oversubscription: f64::INFINITY };
    let options = options(hosts, sharing);
    world.workload(VmWorkload::new("vms", types(), requests.collect(), demands, vec![], options));
    world.vm_allocation("power_aware_best_fit", PowerAwareBestFit::default());
    world.consolidation(
        "lr_mmt",
        Composed {
            overload: Box::new(LocalRegression::default()),
            selection: Box::new(MinimumMigrationTime {}),
            placement: Box::new(PowerAwareBestFit::default()),
            empties: true,
            give_up_after: 32,
            sleeps: true,
        },
    );
    world
}

fn fragments() -> WorldBuilder {
    let (hosts, tasks, each) = (277, 6_295, 369);
    let mut world = world(7.0, hosts, 32, 128.0 * GB);
    let mut random = RandomStreams::new(1).stream("fragments");
    let (mut fragments, mut requests) = (Vec::new(), Vec::new());
    for task in 0..tasks {
        let first = fragments.len() as u32;
        for _ in 0..each {
            let duration = SimDuration::from_secs(random.random_range(30.0..600.0));
            fragments.push(Fragment::new(duration, random.random_range(0.0..2600.0)));
        }
        let time_s = f64::from(task) * 60.0;
        requests.push(request(time_s, 1, GB, Demand::Fragments { first, count: each }));
    }
    let demands = Demands { fragments, ..Demands::default() };
    let options = options(hosts, Sharing::TimeShared { oversubscription: 1.0 });
    world.workload(VmWorkload::new("vms", types(), requests, demands, vec![], options));
    world.vm_allocation("first_fit", FirstFit {});
    world
}

fn tasks() -> WorldBuilder {
    let (hosts, tasks) = (100, 100_000);
    let mut world = world(7.0, hosts, 32, 128.0 * GB);
    let mut random = RandomStreams::new(1).stream("tasks");
    let (mut fragments, mut requests) = (Vec::new(), Vec::new());
    for task in 0..tasks {
        let duration = SimDuration::from_secs(random.random_range(600.0..30_000.0));
        fragments.push(Fragment::new(duration, 2000.0));
        requests.push(request(
            f64::from(task) * 5.0,
            1,
            GB,
            Demand::Fragments { first: task, count: 1 },
        ));
    }
    let demands = Demands { fragments, ..Demands::default() };
    let options = options(hosts, Sharing::TimeShared { oversubscription: 1.0 });
    world.workload(VmWorkload::new("vms", types(), requests, demands, vec![], options));
    world.vm_allocation("first_fit", FirstFit {});
    world
}

/// Peak resident memory of this process in MiB; zero where the system does not tell.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Seconds of processor time of this process; zero where the system does not tell.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let field = |index: usize| after.split_whitespace().nth(index)?.parse::<f64>().ok();
    // User and system time, in hundredths of a second on all systems that Rust runs on.
    (field(11).unwrap_or(0.0) + field(12).unwrap_or(0.0)) / 100.0
}

fn run(case: &str) {
    let (started, cpu) = (Instant::now(), cpu_s());
    let world = match case {
        "consolidation" => consolidation(),
        "fragments" => fragments(),
        _ => tasks(),
    };
    let simulation = world.build(Box::new(NoRecords)).expect("it fits together");
    let (built_s, built_cpu_s) = (started.elapsed().as_secs_f64(), cpu_s() - cpu);
    let (started, cpu) = (Instant::now(), cpu_s());
    let finished = simulation.run().expect("it runs to its end");
    let (wall_s, cpu_run_s) = (started.elapsed().as_secs_f64(), cpu_s() - cpu);
    let own = &finished.summary["workloads"]["vms"];
    println!(
        "| {case} | {built_s:.2} ({built_cpu_s:.2}) | {wall_s:.2} ({cpu_run_s:.2}) | {} | {:.0} | {} | {} | {} | {} |",
        finished.events,
        peak_mib(),
        own["vms"]["stopped"],
        own["migrations"],
        own["active_hosts"]["mean"],
        own["overall_sla_violation"],
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, case] = arguments.as_slice()
        && flag == ONE
    {
        return run(case);
    }
    let given: Vec<&str> =
        CASES.into_iter().filter(|case| arguments.iter().any(|a| a == case)).collect();
    let cases = if given.is_empty() { CASES.to_vec() } else { given };
    println!(
        "| case | build s (CPU) | run s (CPU) | events | peak MiB | stopped | migrations | active hosts | not served |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let program = std::env::current_exe().expect("the program has a path");
    for case in cases {
        let status = Command::new(&program).args([ONE, case]).status();
        assert!(status.is_ok_and(|status| status.success()), "the case {case} failed");
    }
}
