//! What does the fabric cost training jobs? A thousand jobs with sizes of TPU v4 slices come to 4096 GPUs, on spines that never block,
//! optical circuit switches, a fat-tree with hashing, and a Clos of four tiers. Printed are mean times to completion beside those
//! that are published of a like workload (LumosCore's logs).

use std::error::Error;
use stratosim::apps::training::{
    Arrivals, CheckpointPlan, ClusterPlan, ClusterShape, DayProfile, FabricPlan, JobGenerator, JobKind,
    JobMix, JobPlan, LogNormalFit, OpticalPlan, Optics, PUBLISHED_CLUSTERS, SizeWeights, TrainingPlan,
    TrainingWorkload,
};
use stratosim::infra::optical::{
    CircuitOptions, Clos, FabricPower, PortMode, SwitchPreset, SwitchTiming,
};
use stratosim::placement::training::{Fifo, UplinkAware};
use stratosim::prelude::*;

/// 128 leaves of 4 servers of 8 GPUs.
const SHAPE: ClusterShape = ClusterShape { leaves: 128, servers_per_leaf: 4, gpus_per_server: 8 };
const JOBS: usize = 1000;
const DAY_S: f64 = 86_400.0;

/// The jobs: rings of language models, and all-to-alls of recommendation models; run times with the mean and median of Philly.
fn jobs(seed: u64) -> Result<Vec<JobPlan>, Box<dyn Error>> {
    let philly = PUBLISHED_CLUSTERS.iter().find(|own| own.name == "philly").ok_or("no such cluster")?;
    let [mean_s, median_s, _] = philly.run_s;
    let durations = LogNormalFit::of_mean_and_median(mean_s, median_s, 30.0 * DAY_S)?;
    let arrivals = |mean_gap_s| Arrivals::Poisson { mean_gap_s, day: DayProfile::FLAT };
    let llm = JobMix {
        kind: JobKind::Llm,
        arrivals: arrivals(2500.0),
        sizes: SizeWeights::tpu_v4_slices(),
        durations,
        communication: 0.07,
    };
    let dlrm = JobMix { arrivals: arrivals(10_000.0), durations, ..JobMix::dlrm(1.0) };
    let jobs = JobGenerator::new(vec![llm, dlrm])?.generate(&RandomStreams::new(seed), 60.0 * DAY_S);
    let plan = |job| JobPlan { job, name: None, model: None };
    Ok(jobs.into_iter().take(JOBS).map(plan).collect())
}

fn optical(accept: f64) -> Result<FabricPlan, Box<dyn Error>> {
    let options = CircuitOptions { accept, ..CircuitOptions::default() };
    Ok(FabricPlan::Optical(Box::new(OpticalPlan {
        optics: Optics { uplinks: 32, ports: PortMode::Simplex, options },
        switch_ports: SHAPE.leaves,
        timing: SwitchTiming::preset(SwitchPreset::Mems, 1.0)?,
        switches: Vec::new(),
        port_faults: None,
        upgrades: true,
        defragments: 0,
    })))
}

/// Mean time to completion, mean wait and mean slow-down.
fn run(seed: u64, fabric: FabricPlan) -> Result<[f64; 3], Box<dyn Error>> {
    let mut world = WorldBuilder::new(seed, SimDuration::from_secs(400.0 * DAY_S));
    let servers = SHAPE.leaves * SHAPE.servers_per_leaf;
    let class = NodeClass { cores: 8, ..NodeClass::new("server", Tier::Cloud, servers) };
    let positions = vec![Position::default(); servers as usize];
    let class = world.class(class, Static::at(positions)?);
    let cluster = ClusterPlan {
        shape: SHAPE,
        servers: world.nodes_of(class).collect(),
        leaves: Vec::new(),
        nic_bytes_per_s: 50e9,
    };
    let plan = TrainingPlan {
        cluster,
        fabric,
        jobs: jobs(seed)?,
        models: Vec::new(),
        checkpoint: CheckpointPlan { interval_s: 1800.0, restart_s: 60.0 },
        power: FabricPower::new(500.0, 500.0, 100.0, 10.0)?,
        window: 5,
    };
    world.workload(TrainingWorkload::new("training", plan)?);
    world.training_queue("fifo", Fifo::default()).training_placement("uplink_aware", UplinkAware {});
    world.sample(Sampling { interval: SimDuration::ZERO, ..Sampling::default() });
    let finished = world.build(Box::new(NoRecords))?.run()?;
    let own = &finished.summary["workloads"]["training"];
    let number = |path| own.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    Ok(["/completion_s/mean", "/wait_s/mean", "/slow_down/mean"].map(number))
}

fn main() -> Result<(), Box<dyn Error>> {
    const SEEDS: u64 = 3;
    println!("fabric                      completion s     gap     published    wait s  slow-down");
    let mut ideal_s = f64::NAN;
    for (name, published) in [
        ("ideal", "      "),
        ("circuits, whole", "+0.01..0.3 %"),
        ("circuits, half accepted", "+0.01..0.3 %"),
        ("leaf-spine with ECMP", "      "),
        ("fat-tree with ECMP", "+6.2 %"),
        ("four tiers with ECMP", "+16.7 %"),
    ] {
        let mut sum = [0.0; 3];
        for seed in 1..=SEEDS {
            let fabric = match name {
                "ideal" => FabricPlan::Ideal,
                "circuits, whole" => optical(1.0)?,
                "circuits, half accepted" => optical(0.5)?,
                "leaf-spine with ECMP" => FabricPlan::Hashed(Clos::new(SHAPE.leaves, 32, &[])?),
                "fat-tree with ECMP" => FabricPlan::Hashed(Clos::new(SHAPE.leaves, 32, &[16])?),
                _ => FabricPlan::Hashed(Clos::new(SHAPE.leaves, 32, &[8, 4])?),
            };
            let found = run(seed, fabric)?;
            sum.iter_mut().zip(found).for_each(|(sum, own)| *sum += own / SEEDS as f64);
        }
        let [completion_s, wait_s, slow_down] = sum;
        if name == "ideal" {
            ideal_s = completion_s;
        }
        let gap = 100.0 * (completion_s / ideal_s - 1.0);
        println!(
            "{name:26} {completion_s:>13.0} {gap:>+6.2} % {published:>12} {wait_s:>9.0} {slow_down:>10.4}"
        );
    }
    Ok(())
}
