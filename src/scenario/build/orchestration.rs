//! Control planes: from the format to the planes, and their numbers in the world.

use super::{NodeDirectory, WorkloadSite};
use crate::apps::orchestration::PlaneHandle;
use crate::engine::SimDuration;
use crate::placement::orchestration::{
    Central, CentralParameters, ControlPlane, Rank, Swirly, Tree, TreeParameters,
};
use crate::scenario::format::{
    CentralSpec, ControlKind, ControlSharedSpec, RankName, RefusalsName, SwirlySpec, TreeSpec,
};
use crate::scenario::{BuildControlPlane, Duration, Site};
use std::cell::RefCell;

/// Control planes of a workload, until the world has them.
#[derive(Debug, Default)]
pub(super) struct OwnPlanes {
    pub(super) first: u32,
    pub(super) planes: RefCell<Vec<(String, Box<dyn ControlPlane>)>>,
}

impl WorkloadSite<'_> {
    /// Makes a control plane of so many platforms for the workload, and returns what it must know of it, with what any
    /// control plane may have; errors go to `site`.
    #[must_use]
    pub fn control_plane(
        &self,
        kind: &ControlKind,
        platforms: usize,
        site: &Site<'_>,
    ) -> Option<(PlaneHandle, ControlSharedSpec)> {
        let (plane, shared) = self.registry.make_control_plane(kind, site, self.directory)?;
        if let Some(note) = plane.note(platforms) {
            site.note(note);
        }
        let mut planes = self.own_planes.planes.borrow_mut();
        let number = self.own_planes.first + planes.len() as u32;
        let handle = PlaneHandle::new(number, kind.kind(), &*plane);
        planes.push((kind.kind().to_string(), plane));
        Some((handle, shared))
    }
}

fn time(own: Duration) -> SimDuration {
    SimDuration::from_secs(own.as_secs())
}

impl BuildControlPlane for CentralSpec {
    fn build(&self, site: &Site<'_>, directory: &NodeDirectory) -> Option<Box<dyn ControlPlane>> {
        let node = directory.node(&self.node, &site.key("node"))?;
        Some(Box::new(Central::new(CentralParameters {
            node,
            report: time(self.report),
            decision_time: time(self.decision_time),
            per_node_time: time(self.per_node_time),
            per_user_time: time(self.per_user_time),
            node_limit: self.node_limit,
            cluster_radius_m: self.cluster_radius.as_metres(),
            load_bounds: self.load_bounds.into(),
            idle: time(self.idle),
        })))
    }
}

impl BuildControlPlane for SwirlySpec {
    fn build(&self, site: &Site<'_>, directory: &NodeDirectory) -> Option<Box<dyn ControlPlane>> {
        let node = directory.node(&self.node, &site.key("node"))?;
        let parameters = CentralParameters {
            node,
            report: time(self.report),
            decision_time: time(self.decision_time),
            per_node_time: time(self.per_node_time),
            per_user_time: SimDuration::ZERO,
            node_limit: u32::MAX,
            // Users come one by one.
            cluster_radius_m: 0.0,
            load_bounds: self.load_bounds.into(),
            idle: time(self.idle),
        };
        let limit_s = self.round_trip_limit.map(|limit| limit.as_secs());
        Some(Box::new(Swirly::new(parameters, limit_s)))
    }
}

impl BuildControlPlane for TreeSpec {
    fn build(&self, _: &Site<'_>, _: &NodeDirectory) -> Option<Box<dyn ControlPlane>> {
        Some(Box::new(Tree::new(TreeParameters {
            assess: time(self.assess),
            exchange: time(self.exchange),
            health: time(self.health),
            window: time(self.window),
            cluster_radius_m: self.cluster_radius.as_metres(),
            score: self.score,
            grid: self.grid,
            load_bounds: self.load_bounds.into(),
            idle: time(self.idle),
            search_timeout: time(self.search_timeout),
            sign_on_interval: time(self.sign_on_interval),
            cooldown: time(self.cooldown),
            rank: match self.rank {
                RankName::Distance => Rank::Distance,
                RankName::RoundTrip => Rank::RoundTrip,
            },
            most_candidates: self.most_candidates,
            skip_known: self.skip_known,
            free_refusals: self.refusals == RefusalsName::Free,
            most_children: self.most_children,
            standbys: self.standby.count,
            sync_interval: time(self.standby.sync_interval),
        })))
    }
}
