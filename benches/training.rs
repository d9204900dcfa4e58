//! Training jobs: CPU time, events and peak memory of a month of 4096 GPUs, and of 20 000 jobs on 65 536 GPUs, on spines that never
//! block, optical circuit switches, and hashed fat-trees.
//!
//! `cargo bench --no-default-features --bench training`, or with cases of one's own: `-- month large`. Each case runs in a process of
//! its own, so that peak memory is its own. Figures are in `README.md`.

use std::process::Command;
use std::time::Instant;
use stratosim::apps::training::{
    Arrivals, CheckpointPlan, ClusterPlan, ClusterShape, DayProfile, FabricPlan, JobGenerator, JobMix,
    JobPlan, OpticalPlan, Optics, SizeWeights, TrainingPlan, TrainingWorkload,
};
use stratosim::engine::{RandomStreams, SimDuration};
use stratosim::infra::optical::{
    CircuitOptions, Clos, FabricPower, PortMode, SwitchPreset, SwitchTiming,
};
use stratosim::infra::{NodeClass, Position, Static, Tier};
use stratosim::output::{Destination, Recorder, TableSelection};
use stratosim::placement::training::{Fifo, UplinkAware};
use stratosim::world::{Sampling, WorldBuilder};

/// Tells the program to run one case in this process.
const ONE: &str = "--one";
const DAY_S: f64 = 86_400.0;

#[derive(Clone, Copy)]
enum Kind {
    Ideal,
    Optical,
    FatTree,
}

struct Case {
    name: &'static str,
    /// Leaves of four servers of eight GPUs.
    leaves: u32,
    days: f64,
    /// The first so many.
    jobs: usize,
    fabric: Kind,
}

const CASES: [Case; 7] = [
    Case { name: "month", leaves: 128, days: 30.0, jobs: usize::MAX, fabric: Kind::Optical },
    Case { name: "month ideal", leaves: 128, days: 30.0, jobs: usize::MAX, fabric: Kind::Ideal },
    Case { name: "month ecmp", leaves: 128, days: 30.0, jobs: usize::MAX, fabric: Kind::FatTree },
    Case { name: "large", leaves: 2048, days: 60.0, jobs: 20_000, fabric: Kind::Optical },
    Case { name: "large ideal", leaves: 2048, days: 60.0, jobs: 20_000, fabric: Kind::Ideal },
    Case { name: "large ecmp", leaves: 2048, days: 60.0, jobs: 20_000, fabric: Kind::FatTree },
    Case { name: "small", leaves: 16, days: 2.0, jobs: usize::MAX, fabric: Kind::Optical },
];

/// CPU seconds of this process so far, and its peak resident memory in MiB; zero where the system does not tell.
fn used() -> (f64, f64) {
    const TICKS_PER_S: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted from behind the name in brackets, which is the second.
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| {
        let mut fields = rest.split_whitespace().skip(11);
        Some(fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?)
    });
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    (ticks.unwrap_or(0.0) / TICKS_PER_S, kib.unwrap_or(0.0) / 1024.0)
}

/// Jobs that want somewhat more than the cluster has: as many of each kind a day as there are leaves.
fn jobs(case: &Case) -> Vec<JobPlan> {
    let scale = 128.0 / f64::from(case.leaves);
    let arrivals = |mean_gap_s: f64| Arrivals::Poisson { mean_gap_s, day: DayProfile::helios() };
    let most = (case.leaves * 32 / 2).clamp(64, 1024);
    let llm = JobMix {
        sizes: SizeWeights::powers_of_two(64, most),
        arrivals: arrivals(6300.0 * scale),
        ..JobMix::llm(1.0)
    };
    let dlrm = JobMix { arrivals: arrivals(240.0 * scale), ..JobMix::dlrm(1.0) };
    let generator = JobGenerator::new(vec![llm, dlrm]).expect("kinds of jobs");
    let drawn = generator.generate(&RandomStreams::new(1), case.days * DAY_S);
    drawn.into_iter().take(case.jobs).map(|job| JobPlan { job, name: None, model: None }).collect()
}

fn fabric(case: &Case) -> FabricPlan {
    match case.fabric {
        Kind::Ideal => FabricPlan::Ideal,
        // Pods of 16 leaves; 2048 leaves are those of 64-port switches, in pods of 32.
        Kind::FatTree => {
            let pod = if case.leaves == 2048 { 32 } else { 16 };
            FabricPlan::Hashed(Clos::new(case.leaves, 32, &[pod]).expect("a fat-tree"))
        }
        Kind::Optical => FabricPlan::Optical(Box::new(OpticalPlan {
            optics: Optics {
                uplinks: 32,
                ports: PortMode::Duplex,
                options: CircuitOptions { accept: 0.5, ..CircuitOptions::default() },
            },
            switch_ports: case.leaves,
            timing: SwitchTiming::preset(SwitchPreset::Mems, 1.0).expect("times"),
            switches: Vec::new(),
            port_faults: None,
            upgrades: true,
            defragments: 0,
        })),
    }
}

fn world(case: &Case) -> (WorldBuilder, usize) {
    let mut world = WorldBuilder::new(1, SimDuration::from_secs(case.days * DAY_S));
    let shape = ClusterShape { leaves: case.leaves, servers_per_leaf: 4, gpus_per_server: 8 };
    let servers = shape.leaves * shape.servers_per_leaf;
    let class = NodeClass::new("server", Tier::Cloud, servers).with_cores(8, 10_000.0);
    let places = Static::at(vec![Position::default(); servers as usize]).expect("places");
    let class = world.class(class, places);
    let jobs = jobs(case);
    let count = jobs.len();
    let plan = TrainingPlan {
        cluster: ClusterPlan {
            shape,
            servers: world.nodes_of(class).collect(),
            leaves: Vec::new(),
            nic_bytes_per_s: 50e9,
        },
        fabric: fabric(case),
        jobs,
        models: Vec::new(),
        checkpoint: CheckpointPlan { interval_s: 1800.0, restart_s: 60.0 },
        power: FabricPower::new(500.0, 500.0, 100.0, 10.0).expect("powers"),
        window: 5,
    };
    world.workload(TrainingWorkload::new("training", plan).expect("a cluster"));
    world.training_queue("fifo", Fifo::default());
    world.training_placement("uplink_aware", UplinkAware {});
    world.sample(Sampling { interval: SimDuration::ZERO, ..Sampling::default() });
    (world, count)
}

fn run(case: &Case) {
    let started = Instant::now();
    let recorder = Recorder::new(Destination::Discard, TableSelection::All);
    let (world, jobs) = world(case);
    let simulation = world.build(Box::new(recorder)).expect("it fits");
    let built_s = started.elapsed().as_secs_f64();
    let (before_s, _) = used();
    let finished = simulation.run().expect("it runs to its end");
    let (after_s, peak_mib) = used();
    let own = &finished.summary["workloads"]["training"];
    println!(
        "| {} | {} | {} | {jobs} | {} | {:.3} | {built_s:.2} | {:.2} | {peak_mib:.0} |",
        case.name,
        case.leaves * 32,
        case.days,
        own["jobs"]["finished"],
        own["utilisation"]["busy"].as_f64().unwrap_or(0.0),
        after_s - before_s,
    );
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).filter(|own| own != "--bench").collect();
    if let [flag, name] = arguments.as_slice()
        && flag == ONE
    {
        run(CASES.iter().find(|case| case.name == name).expect("a case of this name"));
        return;
    }
    if arguments.is_empty() {
        arguments = CASES.iter().map(|case| case.name.to_string()).collect();
    }
    println!("| case | GPUs | days | jobs | finished | utilisation | build s | CPU s | peak MiB |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let program = std::env::current_exe().expect("the program has a path");
    for name in arguments {
        let status = Command::new(&program).args([ONE, &name]).status();
        assert!(status.is_ok_and(|status| status.success()), "the case {name:?} failed");
    }
}
