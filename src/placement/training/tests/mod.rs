mod by_hand;
mod properties;
mod simulation;
mod utilisation;

use super::*;
use crate::apps::training::{
    Cluster, ClusterShape, Discipline, Fabric, Feasibility, JobKind, Optics, Placement, Reservation,
    RunningJob, StartRefusal, TrainingJob, WaitingJob, feasibility,
};
use crate::engine::{RandomStreams, Stream};

const SHAPE: ClusterShape = ClusterShape { leaves: 4, servers_per_leaf: 2, gpus_per_server: 4 };

fn job(id: u32, kind: JobKind, gpus: u32, duration_s: f64) -> TrainingJob {
    TrainingJob { id, kind, gpus, submit_s: 0.0, duration_s, communication: 0.25 }
}

fn random() -> Stream {
    RandomStreams::new(1).stream("policy/training-placement")
}

fn place(policy: &mut dyn TrainingPlacement, cluster: &Cluster, job: &TrainingJob) -> Option<Placement> {
    policy.place(&mut PlacementView { cluster, job, next: &[], random: &mut random() })
}

fn optics(uplinks: u32, accept: f64) -> Fabric {
    let options = crate::infra::optical::CircuitOptions { accept, ..Default::default() };
    Fabric::Optical(Optics { uplinks, ports: Default::default(), options })
}
