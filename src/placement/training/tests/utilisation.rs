//! Spines against circuit switches: what must hold of utilisation, on jobs of a generator and of a published trace.

use super::simulation::{Outcome, simulate};
use super::*;
use crate::apps::training::{JobGenerator, JobMix, SizeWeights};
use crate::traces::training::{
    SampleColumns, TrainingFormat, TrainingTraceOptions, read_samples, read_training,
};
use std::path::PathBuf;

/// 256 GPUs: 16 leaves of 2 servers of 8.
const LARGE: ClusterShape = ClusterShape { leaves: 16, servers_per_leaf: 2, gpus_per_server: 8 };
const DAY_S: f64 = 86_400.0;
const WINDOW_S: [f64; 2] = [0.0, 8.0 * DAY_S];
const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// More jobs than the cluster can do: rings of 16 to 128 GPUs, and all-to-alls of 4 to 64.
fn jobs(seed: u64) -> Vec<TrainingJob> {
    let mixes = vec![
        JobMix { sizes: SizeWeights::powers_of_two(16, 128), ..JobMix::llm(16_000.0) },
        JobMix { sizes: SizeWeights::powers_of_two(4, 64), ..JobMix::dlrm(4_000.0) },
    ];
    JobGenerator::new(mixes).unwrap().generate(&RandomStreams::new(seed), 8.0 * DAY_S)
}

fn fifo(discipline: Discipline) -> Fifo {
    Fifo { discipline }
}

fn run(
    fabric: Fabric,
    jobs: &[TrainingJob],
    discipline: Discipline,
    placement: &mut dyn TrainingPlacement,
) -> Outcome {
    simulate(LARGE, fabric, jobs, &mut fifo(discipline), placement, WINDOW_S)
}

/// First in, first out, no job starts earlier with circuit switches than with spines, since whoever came before has not either; so
/// they do no more work by any time.
#[test]
fn circuit_switches_never_do_more_than_spines() {
    for seed in SEEDS {
        let jobs = jobs(seed);
        let spines = run(Fabric::NonBlocking, &jobs, Discipline::Strict, &mut Packed {});
        assert!(spines.utilisation > 0.6, "a queue always stands: {}", spines.utilisation);
        for uplinks in [4, 8, 16, 24] {
            for placement in
                [&mut Packed {} as &mut dyn TrainingPlacement, &mut UplinkAware {}, &mut DomainFirst {}]
            {
                let circuits = run(optics(uplinks, 0.05), &jobs, Discipline::Strict, placement);
                assert_eq!(circuits.refused, 0);
                assert!(circuits.utilisation <= spines.utilisation + 1e-12);
                for (id, start_s) in &circuits.starts_s {
                    assert!(spines.starts_s[id] <= *start_s, "{seed} {uplinks}: job {id}");
                }
            }
        }
    }
}

/// Places a job on one leaf, or not at all.
#[derive(Debug)]
struct OneLeaf;

impl TrainingPlacement for OneLeaf {
    fn place(&mut self, view: &mut PlacementView<'_>) -> Option<Placement> {
        let found = Packed {}.place(view)?;
        (found.leaves(view.cluster.shape()).len() == 1).then_some(found)
    }
}

#[test]
fn jobs_within_leaves_do_not_see_what_is_above() {
    let mixes = vec![JobMix { sizes: SizeWeights::powers_of_two(1, 16), ..JobMix::dlrm(500.0) }];
    for seed in SEEDS {
        let jobs =
            JobGenerator::new(mixes.clone()).unwrap().generate(&RandomStreams::new(seed), 8.0 * DAY_S);
        for discipline in [Discipline::Strict, Discipline::Backfill, Discipline::Reserve] {
            let spines = run(Fabric::NonBlocking, &jobs, discipline, &mut OneLeaf);
            let circuits = run(optics(1, 1.0), &jobs, discipline, &mut OneLeaf);
            assert_eq!(spines, circuits);
        }
    }
}

/// With degrading, more uplinks let jobs start no later and run no slower, in the mean over seeds.
#[test]
fn more_uplinks_do_more() {
    let mut before = 0.0;
    let mut found = Vec::new();
    for uplinks in [2, 4, 8, 16, 32] {
        let done: f64 = SEEDS
            .iter()
            .map(|&seed| {
                run(optics(uplinks, 0.05), &jobs(seed), Discipline::Strict, &mut UplinkAware {})
                    .utilisation
            })
            .sum();
        let mean = done / SEEDS.len() as f64;
        found.push((uplinks, mean));
        assert!(mean >= before, "{found:?}");
        before = mean;
    }
    println!("utilisation by uplinks of a leaf of 16 GPUs: {found:?}");
    assert!(found[4].1 > found[0].1, "{found:?}");
}

/// Where jobs are decides: at random they are on many leaves, and want circuits there.
#[test]
fn packing_decides() {
    for seed in SEEDS {
        let jobs = jobs(seed);
        let packed = run(optics(16, 0.05), &jobs, Discipline::Strict, &mut UplinkAware {});
        let random = run(optics(16, 0.05), &jobs, Discipline::Strict, &mut RandomServers {});
        println!("seed {seed}: packed {:.3}, at random {:.3}", packed.utilisation, random.utilisation);
        assert!(random.utilisation < packed.utilisation);
        // With spines it does not matter.
        let spines = run(Fabric::NonBlocking, &jobs, Discipline::Strict, &mut Packed {});
        let scattered = run(Fabric::NonBlocking, &jobs, Discipline::Strict, &mut RandomServers {});
        assert_eq!(spines.utilisation, scattered.utilisation);
    }
}

/// What is told of the four cases, after two days of warm-up, is no theorem with backfilling: only that no more is done than there is.
#[test]
fn utilisation_without_the_warm_up_is_told() {
    for discipline in [Discipline::Strict, Discipline::Backfill, Discipline::Reserve] {
        let window_s = [2.0 * DAY_S, 8.0 * DAY_S];
        let mean = |fabric| {
            let outcome = |&seed: &u64| {
                simulate(
                    LARGE,
                    fabric,
                    &jobs(seed),
                    &mut fifo(discipline),
                    &mut UplinkAware {},
                    window_s,
                )
            };
            let outcomes: Vec<Outcome> = SEEDS.iter().map(outcome).collect();
            let count = outcomes.len() as f64;
            (
                outcomes.iter().map(|outcome| outcome.utilisation).sum::<f64>() / count,
                outcomes.iter().map(|outcome| outcome.mean_wait_s).sum::<f64>() / count / 3600.0,
                outcomes.iter().map(|outcome| outcome.circuits_moved).sum::<usize>(),
                outcomes.iter().map(|outcome| outcome.refused).sum::<usize>(),
            )
        };
        let (spines, whole, half) =
            (mean(Fabric::NonBlocking), mean(optics(16, 1.0)), mean(optics(16, 0.5)));
        println!("{discipline:?}: spines {spines:?}, whole circuits {whole:?}, half {half:?}");
        for found in [spines, whole, half] {
            assert!(found.0 > 0.0 && found.0 <= 1.0);
        }
        assert_eq!(spines.2 + spines.3, 0);
    }
}

/// Arrivals and sizes of Philly's virtual clusters, four times as many GPUs for each job, with durations of its jobs of an hour and more
/// with as many GPUs.
#[test]
fn circuit_switches_never_do_more_than_spines_on_a_published_trace() {
    let folder =
        std::env::var_os("STRATOSIM_DATA").map(|folder| PathBuf::from(folder).join("gpu-trace"));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        println!("skipped: there is no folder gpu-trace in STRATOSIM_DATA");
        return;
    };
    let trace = folder.join("gavel_msr_seed0_jobs.csv.gz");
    let options = TrainingTraceOptions { least_gpus: 2.0, ..TrainingTraceOptions::default() };
    let trace = read_training(&trace, TrainingFormat::GavelCsv, &options).unwrap();
    let samples = folder.join("gavel_philly_job_distribution.csv.gz");
    let samples = read_samples(&samples, SampleColumns::DurationAndGpus).unwrap();
    let mut of_size = [2.0, 4.0, 8.0].map(|gpus| {
        let own: Vec<f64> =
            samples.iter().filter(|job| job.gpus == Some(gpus)).map(|job| job.duration_s).collect();
        own.into_iter().cycle()
    });
    let jobs: Vec<TrainingJob> = (0..)
        .zip(trace.jobs.iter().take(800))
        .map(|(id, traced)| {
            let class = if traced.gpus < 4.0 { 0 } else { usize::from(traced.gpus >= 8.0) + 1 };
            let kind = if id % 3 == 0 { JobKind::Dlrm } else { JobKind::Llm };
            TrainingJob {
                submit_s: traced.submit_s,
                ..job(id, kind, 4 * traced.whole_gpus(), of_size[class].next().unwrap())
            }
        })
        .collect();
    let spines = run(Fabric::NonBlocking, &jobs, Discipline::Strict, &mut Packed {});
    let circuits = run(optics(16, 0.05), &jobs, Discipline::Strict, &mut UplinkAware {});
    println!("Philly: spines {:.4}, circuits {:.4}", spines.utilisation, circuits.utilisation);
    assert!(circuits.utilisation <= spines.utilisation + 1e-12 && circuits.utilisation > 0.0);
}
