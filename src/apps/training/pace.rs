//! How fast jobs go on the fabric that they really have.

use super::cluster::{Cluster, ClusterShape};
use super::demand::{LeafShare, Pattern, leaf_bytes};
use super::iteration::IterationProfile;
use super::job::TrainingJob;
use crate::infra::optical::{Clos, LeafFlow, Ways, phase_time_s};

/// How fast a job goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The part of the full rate at which its leaves talk to each other, from 0 to 1.
    pub rate: f64,
    /// How much longer an iteration takes than at full rate, at least 1; infinite if it does not get on.
    pub slow_down: f64,
}

impl Pace {
    /// At full rate.
    pub const FULL: Pace = Pace { rate: 1.0, slow_down: 1.0 };
}

/// Seconds of a phase on spines that never block: each GPU sends by its NIC. In an all-to-all a leaf has the NICs of all GPUs of the
/// job; else one a rail for each pair of leaves, since GPUs of a rail stand behind each other in a ring, and a leaf with trees
/// shares its rails.
#[must_use]
pub fn full_time_s(
    pattern: Pattern,
    shares: &[LeafShare],
    rails: u32,
    bytes: f64,
    nic_bytes_per_s: f64,
) -> f64 {
    let pairs = leaf_bytes(pattern, shares, rails, bytes);
    let gpus = |leaf| shares.iter().find(|own| own.leaf == leaf).map_or(1, |own| own.gpus);
    let longest = |seconds: &mut dyn Iterator<Item = f64>| seconds.fold(0.0, f64::max);
    match pattern {
        Pattern::AllToAll | Pattern::HalvingDoubling | Pattern::DoubleTree => {
            let of_leaf = |share: &LeafShare| {
                let sent: f64 = pairs.iter().filter(|own| own.0 == share.leaf).map(|own| own.2).sum();
                let nics = if pattern == Pattern::AllToAll { share.gpus } else { share.gpus.min(rails) };
                sent / (f64::from(nics) * nic_bytes_per_s)
            };
            longest(&mut shares.iter().map(of_leaf))
        }
        Pattern::Ring | Pattern::Pipeline | Pattern::Broadcast => {
            let of_pair = |&(from, to, bytes): &(_, _, f64)| {
                let nics = gpus(from).min(gpus(to)).min(rails);
                bytes / (f64::from(nics) * nic_bytes_per_s)
            };
            longest(&mut pairs.iter().map(of_pair))
        }
    }
}

/// The pace of a job whose leaves exchange bytes in times told by `time_s` (`None` if some have no way), within an iteration of
/// its model if that is known.
fn pace_of(
    job: &TrainingJob,
    model: Option<&IterationProfile>,
    shares: &[LeafShare],
    rails: u32,
    nic_bytes_per_s: f64,
    time_s: impl Fn(&[(crate::infra::optical::LeafId, crate::infra::optical::LeafId, f64)]) -> Option<f64>,
) -> Pace {
    const NONE: Pace = Pace { rate: 0.0, slow_down: f64::INFINITY };
    let pattern = job.kind.pattern();
    let full_s = full_time_s(pattern, shares, rails, 1.0, nic_bytes_per_s);
    let Some(now_s) = time_s(&leaf_bytes(pattern, shares, rails, 1.0)) else { return NONE };
    let rate = if now_s > full_s { full_s / now_s } else { 1.0 };
    let Some(model) = model else { return Pace { rate, slow_down: job.slow_down(rate) } };
    let of_phase = |phase: &super::CommunicationPhase| {
        full_time_s(phase.pattern, shares, rails, phase.bytes, nic_bytes_per_s)
    };
    let full: Vec<f64> = model.phases().iter().map(of_phase).collect();
    match model.phase_times_s(shares, rails, time_s) {
        Some(now) => Pace { rate, slow_down: model.slow_down(&now, &full) },
        None => NONE,
    }
}

/// The pace of a running job over its circuits.
pub(super) fn over_circuits(
    cluster: &Cluster,
    job: &TrainingJob,
    model: Option<&IterationProfile>,
    nic_bytes_per_s: f64,
) -> Pace {
    let (Some(placement), Some(circuits)) = (cluster.jobs().get(&job.id), cluster.circuits()) else {
        return Pace::FULL;
    };
    let shares = placement.leaves(cluster.shape());
    if shares.len() < 2 {
        return Pace::FULL;
    }
    let routes = circuits.routes(job.id);
    let rails = cluster.shape().gpus_per_server;
    let time_s = |bytes: &[_]| phase_time_s(&routes, bytes, nic_bytes_per_s);
    pace_of(job, model, &shares, rails, nic_bytes_per_s, time_s)
}

/// A job's flows between leaves over packet switches: in rings one a rail and boundary, else one a GPU of the leaf and other leaf, each
/// with its part of the NIC.
pub(super) fn flows_of(
    job: &TrainingJob,
    shares: &[LeafShare],
    shape: ClusterShape,
    nic_bytes_per_s: f64,
) -> Vec<LeafFlow> {
    let mut flows = Vec::new();
    if shares.len() < 2 {
        return flows;
    }
    let all: u32 = shares.iter().map(|own| own.gpus).sum();
    let gpus = |leaf| shares.iter().find(|own| own.leaf == leaf).map_or(1, |own| own.gpus);
    let pattern = job.kind.pattern();
    for (from, to, _) in leaf_bytes(pattern, shares, shape.gpus_per_server, 1.0) {
        let (own, other) = (gpus(from), gpus(to));
        let (count, cap_bytes_per_s) = if pattern == Pattern::AllToAll {
            (own, nic_bytes_per_s * f64::from(other) / f64::from(all - own))
        } else {
            (own.min(other).min(shape.gpus_per_server), nic_bytes_per_s)
        };
        let key = |number: u32| u64::from(job.id) << 32 | u64::from(number);
        flows.extend((0..count).map(|number| LeafFlow { from, to, key: key(number), cap_bytes_per_s }));
    }
    flows
}

/// The pace of a job with a model whose slowest flow has this part of what it could have.
pub(super) fn at_rate(
    model: &IterationProfile,
    shares: &[LeafShare],
    rails: u32,
    nic_bytes_per_s: f64,
    rate: f64,
) -> Pace {
    let of_phase = |phase: &super::CommunicationPhase| {
        full_time_s(phase.pattern, shares, rails, phase.bytes, nic_bytes_per_s)
    };
    let full: Vec<f64> = model.phases().iter().map(of_phase).collect();
    let now: Vec<f64> = full.iter().map(|time_s| time_s / rate).collect();
    Pace { rate, slow_down: model.slow_down(&now, &full) }
}

/// The parts of full rate that jobs have whose flows share links by hashing, job by job: of each that of its slowest flow, since a
/// collective waits for all.
pub(super) fn hashed_rates(clos: &Clos, link_bytes_per_s: f64, jobs: &[&Ways]) -> Vec<f64> {
    let mut rates = clos.rates_over(link_bytes_per_s, jobs).into_iter();
    let slowest = |ways: &&Ways| {
        let parts = ways.caps_bytes_per_s().zip(rates.by_ref()).map(|(cap, rate)| rate / cap);
        parts.fold(1.0, f64::min)
    };
    jobs.iter().map(slowest).collect()
}
