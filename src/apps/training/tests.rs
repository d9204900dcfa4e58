//! Published numbers and closed forms.

use super::demand::*;
use super::*;
use crate::engine::RandomStreams;
use crate::infra::optical::{LeafId, PortMode};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const GIB: f64 = 1_073_741_824.0;

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{found}, not {expected}");
}

fn shares(gpus: &[u32]) -> Vec<LeafShare> {
    (0..).zip(gpus).map(|(leaf, &gpus)| LeafShare { leaf: LeafId(leaf), gpus }).collect()
}

/// 16 ranks, 1 GiB, 5 us, 50 GB/s: S/B = 0.02147483648 s, of which 15/16 are 0.0201326592 s.
#[test]
fn collectives_take_the_times_of_their_closed_forms() {
    let channel = Channel::new(5e-6, 50e9).unwrap();
    let whole = GIB / 50e9;
    let part = 15.0 / 16.0 * whole;
    let cases = [
        (Collective::RingAllReduce, 0.040_415_318_4, 2.0 * 15.0 / 16.0 * GIB, 2),
        (Collective::HalvingDoubling, 0.040_305_318_4, 2.0 * 15.0 / 16.0 * GIB, 4),
        (Collective::ReduceScatter, 0.020_207_659_2, 15.0 / 16.0 * GIB, 2),
        (Collective::AllGather, 0.020_207_659_2, 15.0 / 16.0 * GIB, 2),
        (Collective::AllToAll, 15.0 * 5e-6 + part, 15.0 / 16.0 * GIB, 15),
        (Collective::TreeAllReduce, 0.171_838_691_84, 3.0 * GIB, 3),
        (Collective::PipelinedTreeAllReduce, 8.0 * 5e-6 + 2.0 * whole, 2.0 * GIB, 6),
        // 14 + 8 steps of an eighth.
        (Collective::ChainBroadcast { pieces: 8 }, 22.0 * (5e-6 + whole / 8.0), GIB, 2),
        (Collective::TreeBroadcast, 4.0 * (5e-6 + whole), 4.0 * GIB, 4),
        (Collective::PointToPoint, 5e-6 + whole, GIB, 1),
    ];
    for (collective, time_s, sent_bytes, neighbours) in cases {
        let cost = collective.cost(16, GIB, channel).unwrap();
        assert!((cost.time_s - time_s).abs() < 1e-12, "{collective:?}: {}", cost.time_s);
        near(cost.sent_bytes, sent_bytes, 1e-15);
        assert_eq!(cost.neighbours, neighbours, "{collective:?}");
        // With no start-up time the bus bandwidth of a ring is the rate of the channel.
        if matches!(collective, Collective::RingAllReduce | Collective::AllGather) {
            let bare = collective.cost(16, GIB, Channel::new(0.0, 50e9).unwrap()).unwrap();
            near(bus_bytes_per_s(collective, 16, GIB, bare.time_s), 50e9, 1e-15);
        }
        assert_eq!(collective.cost(1, GIB, channel).unwrap().time_s, 0.0);
    }
    let error = Collective::HalvingDoubling.cost(12, GIB, channel).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the number of ranks of halving and doubling is 12, but must be a power of two"
    );
    assert!(Collective::AllToAll.cost(0, GIB, channel).is_err());
    assert!(Channel::new(0.0, 0.0).is_err());
}

/// Five ranks need three rounds of a tree; a tree of two has one edge.
#[test]
fn rounds_are_rounded_up() {
    let unit = Channel::new(1.0, 1e30).unwrap();
    let rounds = |ranks| Collective::TreeBroadcast.cost(ranks, 1.0, unit).unwrap().time_s;
    assert_eq!([2, 3, 4, 5, 8, 9].map(rounds), [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]);
}

/// 4 nodes of 8: 2 (7 us + 7/8 S / 450 GB/s) and 6 steps of 5 us with 2 (3/4) (S/8) / 50 GB/s.
#[test]
fn hierarchical_all_reduce_is_the_sum_of_its_parts() {
    let within = Channel::new(1e-6, 450e9).unwrap();
    let between = Channel::new(5e-6, 50e9).unwrap();
    let time_s = hierarchical_all_reduce_s(4, 8, GIB, within, between).unwrap();
    assert!((time_s - 0.008_246_194_488_888_89).abs() < 1e-12, "{time_s}");
}

/// GPT-3 with a vocabulary of 51 200: 174.6 G parameters; and 34 days for 300 G tokens on 1024 GPUs at 140 Tflop/s.
#[test]
fn gpt_3_is_as_large_and_takes_as_long_as_published() {
    let model = LlmModel {
        layers: 96,
        hidden: 12_288,
        sequence: 2048,
        vocabulary: 51_200,
        parallelism: Parallelism { tensor: 8, pipeline: 8, data: 16, expert: 1 },
        micro_batch: 1,
        micro_batches: 96,
        number_bytes: 2.0,
        experts: None,
    };
    assert_eq!(model.parallelism.gpus(), 1024);
    assert!((model.parameters() / 1e9 - 174.6).abs() < 0.05, "{}", model.parameters());
    let iterations = 300e9 / (1536.0 * 2048.0);
    let days = iterations * model.operations() / (1024.0 * 140e12) / 86_400.0;
    assert!((days - 34.0).abs() < 1.0, "{days}");
    // 1 x 2048 x 12288 numbers of 2 bytes.
    assert_eq!(model.activation_bytes(), 50_331_648.0);
    assert_eq!(model.boundary_bytes(), 50_331_648.0 / 8.0 * 96.0);
    assert_eq!(model.tensor_bytes(), 4.0 * 12.0 * 96.0 * 50_331_648.0);
    near(model.gradient_bytes(), 2.0 * model.parameters() / 64.0, 1e-15);
    assert_eq!(model.expert_bytes(), 0.0);
    let profile = model.profile(140e12, 0.0).unwrap();
    // The bubble is 7/96 of what is computed.
    near(profile.compute_s(), model.operations() / (1024.0 * 140e12) * (103.0 / 96.0), 1e-12);
    assert_eq!(profile.phases().len(), 2);
    let experts = MoeLayers { layers: 48, top: 2 };
    let parallelism = Parallelism { expert: 8, ..model.parallelism };
    let sparse = LlmModel { experts: Some(experts), parallelism, ..model };
    // Six such layers a stage, 96 micro-batches, two experts, four times.
    near(sparse.expert_bytes(), 4.0 * 6.0 * 96.0 * 2.0 * 50_331_648.0 / 8.0, 1e-15);
    assert_eq!(sparse.profile(140e12, 0.0).unwrap().phases().len(), 3);
    let parallelism = Parallelism { expert: 3, ..model.parallelism };
    assert!(LlmModel { parallelism, ..model }.check().is_err());
    assert!(LlmModel { layers: 4, ..model }.check().is_err());
}

#[test]
fn recommendation_exchanges_its_embeddings_twice() {
    let model = DlrmModel {
        gpus: 128,
        tables: 1000,
        dimension: 128,
        batch: 65_536,
        dense_parameters: 1e8,
        number_bytes: 4.0,
    };
    // 65 536 x 1000 x 128 numbers of 4 bytes over 128 GPUs.
    assert_eq!(model.exchange_bytes(), 262_144_000.0);
    let profile = model.profile(0.05, 1.0).unwrap();
    assert_eq!(profile.phases()[0].bytes, 524_288_000.0);
    assert_eq!(profile.phases()[1].bytes, 4e8);
    assert!(DlrmModel { gpus: 0, ..model }.profile(0.05, 1.0).is_err());
    assert!(model.profile(0.05, 1.5).is_err());
}

/// A ring of four leaves with two servers each: 2 (7/8) S over each boundary.
#[test]
fn rings_pass_each_boundary_once() {
    let bytes = leaf_bytes(Pattern::Ring, &shares(&[16; 4]), 8, 800.0);
    assert_eq!(bytes.len(), 4);
    assert!(bytes.iter().all(|&(_, _, bytes)| bytes == 1400.0));
    assert_eq!(bytes[3].0, LeafId(3));
    assert_eq!(bytes[3].1, LeafId(0));
    let wanted = circuits(Pattern::Ring, &shares(&[16; 4]), 8, PortMode::Simplex);
    assert!(wanted.len() == 4 && wanted.iter().all(|pair| pair.circuits == 8));
    // Two leaves share one boundary: with duplex ports eight circuits both ways, or what the smaller has.
    let two = circuits(Pattern::Ring, &shares(&[16, 4]), 8, PortMode::Duplex);
    assert_eq!(two.iter().map(|pair| pair.circuits).collect::<Vec<_>>(), [4]);
    assert!(circuits(Pattern::Ring, &shares(&[16]), 8, PortMode::Duplex).is_empty());
}

/// Rounding an all-to-all up would ask for ceil(32/3) x 3 = 33 circuits of a leaf with 32 ports.
#[test]
fn an_all_to_all_of_full_leaves_fits_on_their_ports() {
    for leaves in 2..=33_usize {
        let wanted = circuits(Pattern::AllToAll, &shares(&vec![32; leaves]), 8, PortMode::Duplex);
        let mut ports: BTreeMap<LeafId, u32> = BTreeMap::new();
        for pair in &wanted {
            *ports.entry(pair.from).or_default() += pair.circuits;
            *ports.entry(pair.to).or_default() += pair.circuits;
        }
        assert!(ports.values().all(|&count| count <= 32), "{leaves}");
    }
    let four = circuits(Pattern::AllToAll, &shares(&[32; 4]), 8, PortMode::Duplex);
    assert!(four.iter().all(|pair| pair.circuits == 10));
}

#[test]
fn double_trees_have_six_neighbours_at_most_and_span_all_leaves() {
    for leaves in 2..40_u32 {
        let bytes = leaf_bytes(Pattern::DoubleTree, &shares(&vec![8; leaves as usize]), 8, 2.0);
        let total: f64 = bytes.iter().map(|pair| pair.2).sum();
        // Two trees of m - 1 edges, half of the bytes each way.
        near(total, 2.0 * 2.0 * f64::from(leaves - 1), 1e-12);
        let mut reached = BTreeSet::from([LeafId(0)]);
        for _ in 0..leaves {
            for &(from, to, _) in &bytes {
                if reached.contains(&from) {
                    reached.insert(to);
                }
            }
        }
        assert_eq!(reached.len(), leaves as usize);
        for leaf in 0..leaves {
            assert!(bytes.iter().filter(|pair| pair.0 == LeafId(leaf)).count() <= 6);
        }
    }
}

proptest! {
    /// What all leaves send is what the collectives of as many ranks send.
    #[test]
    fn totals_are_those_of_the_collectives(power in 1..6_u32, gpus in 1..40_u32, size in 1.0..1e12_f64) {
        let leaves = 1_u32 << power;
        let channel = Channel::new(0.0, 1.0).unwrap();
        let total = |pattern, gpus: u32, rails| {
            leaf_bytes(pattern, &shares(&vec![gpus; leaves as usize]), rails, size)
                .iter()
                .map(|pair| pair.2)
                .sum::<f64>()
        };
        let sent = |collective: Collective| collective.cost(leaves, size, channel).unwrap().sent_bytes;
        let all = f64::from(leaves);
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs();
        // One server a leaf: a leaf is a rank.
        prop_assert!(close(total(Pattern::Ring, gpus, gpus), all * sent(Collective::RingAllReduce)));
        prop_assert!(close(
            total(Pattern::HalvingDoubling, gpus, gpus),
            all * sent(Collective::HalvingDoubling)
        ));
        // Every GPU sends all but what stays on its leaf.
        let ranks = f64::from(leaves * gpus);
        let leaving = ranks * size * (all - 1.0) / all;
        prop_assert!(close(total(Pattern::AllToAll, gpus, 8), leaving));
        prop_assert!(close(total(Pattern::Pipeline, gpus, 8), 2.0 * (all - 1.0) * size));
        prop_assert!(close(total(Pattern::Broadcast, gpus, 8), (all - 1.0) * size));
    }

    /// Fewer rates never make an iteration shorter.
    #[test]
    fn slow_downs_are_monotone(hidden in 0.0..1.0_f64, full in 0.0..5.0_f64, more in 0.0..5.0_f64) {
        let phase = CommunicationPhase { pattern: Pattern::Ring, bytes: 1.0, hidden };
        let profile = IterationProfile::new(1.0, vec![phase]).unwrap();
        prop_assert!(profile.slow_down(&[full + more], &[full]) >= 1.0);
        prop_assert!(profile.time_s(&[full + more]) >= profile.time_s(&[full]));
    }
}

fn generated(mix: JobMix, days: f64) -> Vec<TrainingJob> {
    JobGenerator::new(vec![mix]).unwrap().generate(&RandomStreams::new(11), days * 86_400.0)
}

/// Median and quartiles of the logarithm, against those of the fit: the quartile of a normal is 0.6745 deviations away.
#[test]
fn durations_follow_their_fit() {
    for durations in [LogNormalFit::PHILLY, LogNormalFit::philly_hours(8), LogNormalFit::philly_hours(1)]
    {
        let jobs = generated(JobMix { durations, ..JobMix::dlrm(60.0) }, 20.0);
        assert!(jobs.len() > 28_000);
        let mut logs: Vec<f64> = jobs.iter().map(|job| job.duration_s.ln()).collect();
        logs.sort_by(f64::total_cmp);
        let at = |share: f64| logs[(share * logs.len() as f64) as usize];
        // The standard error of a median of 28 800 is 1.2533 sigma / 170.
        let tolerance = 5.0 * 1.2533 * durations.sigma / 170.0;
        let quartile = 0.6745 * durations.sigma;
        let least = durations.least_s.ln();
        for (share, expected) in [(0.25, -quartile), (0.5, 0.0), (0.75, quartile)] {
            let expected = (durations.median_s.ln() + expected).max(least);
            assert!((at(share) - expected).abs() < 1.3 * tolerance, "{share}: {} {expected}", at(share));
        }
        assert!(logs[0] >= least && logs[logs.len() - 1] <= durations.most_s.ln() + 1e-12);
    }
    near(LogNormalFit::PHILLY.median_s, 6.85_f64.exp(), 1e-12);
}

#[test]
fn sizes_come_as_often_as_published() {
    let tpu = SizeWeights::tpu_v4_slices();
    let jobs = generated(JobMix { sizes: tpu.clone(), ..JobMix::llm(60.0) }, 20.0);
    let share = |most| jobs.iter().filter(|job| job.gpus <= most).count() as f64 / jobs.len() as f64;
    // Five standard errors of a share of 28 000 are 0.015.
    for (size, cumulative) in [(32, 0.29), (128, 0.605), (256, 0.729), (512, 0.849), (1024, 0.993)] {
        assert!((share(size) - cumulative).abs() < 0.015, "{size}: {}", share(size));
    }
    let mean = jobs.iter().map(|job| f64::from(job.gpus)).sum::<f64>() / jobs.len() as f64;
    assert!((mean / tpu.mean() - 1.0).abs() < 0.05, "{mean} {}", tpu.mean());
    // 10 480 + 2 x 463 + ... = 10 480 + 926 + 8176 + 15 328 + 4080 + 2912 + 64, over 15 250 jobs.
    near(SizeWeights::philly().mean(), 41_966.0 / 15_250.0, 1e-12);
    let llm = generated(JobMix::llm(600.0), 5.0);
    assert!(llm.iter().all(|job| job.gpus.is_power_of_two() && (64..=1024).contains(&job.gpus)));
}

#[test]
fn arrivals_follow_the_day() {
    let day = DayProfile::helios();
    near(day.0[6], 5.4, 1e-12);
    near(day.0[16], 50.0, 1e-12);
    let jobs = generated(
        JobMix { arrivals: Arrivals::Poisson { mean_gap_s: 60.0, day }, ..JobMix::dlrm(60.0) },
        40.0,
    );
    // 57 600 in the mean, five standard deviations 1200.
    assert!((56_400..58_800).contains(&jobs.len()), "{}", jobs.len());
    let total: f64 = day.0.iter().sum();
    for (hour, weight) in day.0.iter().enumerate() {
        let count =
            jobs.iter().filter(|job| (job.submit_s % 86_400.0 / 3600.0) as usize == hour).count();
        let expected = 57_600.0 * weight / total;
        assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{hour}: {count} {expected}");
    }
}

#[test]
fn retraining_comes_at_regular_times_and_mixes_do_not_disturb_each_other() {
    let arrivals = Arrivals::Periodic { period_s: 3600.0, first_s: 600.0 };
    let daily = JobMix { arrivals, ..JobMix::dlrm(1.0) };
    let times: Vec<f64> = generated(daily.clone(), 0.125).iter().map(|job| job.submit_s).collect();
    assert_eq!(times, [600.0, 4200.0, 7800.0]);
    let streams = RandomStreams::new(3);
    let alone = JobGenerator::new(vec![JobMix::llm(600.0)]).unwrap().generate(&streams, 1e6);
    let both = JobGenerator::new(vec![JobMix::llm(600.0), daily]).unwrap().generate(&streams, 1e6);
    let llm: Vec<_> = both.iter().filter(|job| job.kind == JobKind::Llm).collect();
    assert_eq!(llm.len(), alone.len());
    for (found, expected) in llm.iter().zip(&alone) {
        assert_eq!((found.submit_s, found.gpus), (expected.submit_s, expected.gpus));
    }
    let bad = JobMix { communication: 1.0, ..JobMix::llm(1.0) };
    assert!(JobGenerator::new(vec![bad]).is_err());
    assert!(JobGenerator::new(vec![JobMix::llm(0.0)]).is_err());
    let sizes = SizeWeights(vec![(0, 1.0)]);
    assert!(JobGenerator::new(vec![JobMix { sizes, ..JobMix::llm(1.0) }]).is_err());
}

/// exp(sigma² / 2) is the mean over the median; the published data of a cluster, where it is at hand, are its constants.
#[test]
fn published_clusters_make_fits() {
    for cluster in PUBLISHED_CLUSTERS {
        let [mean_s, median_s, most_s] = cluster.run_s;
        let fit = LogNormalFit::of_mean_and_median(mean_s, median_s, most_s).unwrap();
        near((fit.sigma * fit.sigma / 2.0).exp(), mean_s / median_s, 1e-12);
    }
    assert!(LogNormalFit::of_mean_and_median(1.0, 2.0, 9.0).is_err());
    let Some(folder) = std::env::var_os("STRATOSIM_DATA") else {
        println!("skipped: STRATOSIM_DATA is not set");
        return;
    };
    let path = std::path::PathBuf::from(folder).join("gpu-trace/acme_cluster_summary.csv");
    let Ok(mut table) = csv::Reader::from_path(&path) else {
        println!("skipped: {} does not exist", path.display());
        return;
    };
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), PUBLISHED_CLUSTERS.len());
    for (row, cluster) in rows.iter().zip(PUBLISHED_CLUSTERS) {
        let cell = |at: usize| row[at].parse::<f64>().unwrap();
        assert_eq!(row[0].to_lowercase(), cluster.name);
        assert_eq!(
            (cell(3), cell(6), cell(5)),
            (cluster.jobs as f64, cluster.mean_gpus, cluster.mean_wait_s)
        );
        assert_eq!([cell(4), cell(7), cell(10)], cluster.run_s);
    }
}

/// Two leaves of 8 GPUs, a ring of S = 100: one server each, so that 2 (1/2) S passes each way; two circuits of 10 bytes/s.
#[test]
fn phases_take_what_their_circuits_allow() {
    use crate::infra::optical::{Granted, Routes, phase_time_s};
    let phase = CommunicationPhase { pattern: Pattern::Ring, bytes: 100.0, hidden: 0.0 };
    let profile = IterationProfile::new(5.0, vec![phase]).unwrap();
    let granted = |count| [Granted { from: LeafId(0), to: LeafId(1), wanted: 4, granted: count }];
    let times = |count| {
        let routes = Routes::new(PortMode::Duplex, &granted(count));
        profile.phase_times_s(&shares(&[8, 8]), 8, |bytes| phase_time_s(&routes, bytes, 10.0))
    };
    assert_eq!((times(2), times(4), times(0)), (Some(vec![5.0]), Some(vec![2.5]), None));
    assert_eq!(profile.slow_down(&times(2).unwrap(), &times(4).unwrap()), 10.0 / 7.5);
    assert_eq!(
        profile.phase_times_s(&shares(&[8]), 8, |bytes| Some(bytes.len() as f64)),
        Some(vec![0.0])
    );
}
