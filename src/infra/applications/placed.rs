//! An application and where its parts are.

use super::amount::Amount;
use super::needs::{ApplicationNeeds, InteractionIndex, ReplicaIndex, Shape};
use crate::engine::SimDuration;
use crate::infra::assets::AssetId;
use crate::infra::ids::NodeId;
use crate::infra::network::WayStep;
use smallvec::SmallVec;
use std::sync::Arc;

/// How an interaction goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Way {
    /// An end is not placed, or was placed without a way.
    #[default]
    None,
    /// Both ends are on one node.
    Local,
    /// Over these links, booked under a stamp; whether a radio at an end may change by itself.
    Pinned { steps: SmallVec<[WayStep; 4]>, stamp: u64, is_wireless: bool },
}

/// An application, and where its replicas and the ways between them are.
#[derive(Debug)]
pub struct PlacedApplication {
    pub(super) shape: Arc<Shape>,
    pub(super) nodes: Vec<Option<NodeId>>,
    /// Stamps of the placements, by which later ones are told from earlier ones.
    pub(super) stamps: Vec<u64>,
    pub(super) ways: Vec<Way>,
    /// What replicas book of additive assets, as exact amounts, and where those of each begin.
    pub(super) first_booking: Vec<u32>,
    pub(super) bookings: Vec<(AssetId, Amount)>,
    /// What interactions book.
    pub(super) bandwidths: Vec<Amount>,
    pub(super) limits_ns: Vec<u64>,
    pub(super) placed: u32,
    pub(super) reroutes: u64,
}

/// Nanoseconds of a latency that may be infinite.
pub(super) fn limit_ns(latency_s: f64) -> u64 {
    // No latency is longer than time, so that what is added does not overflow.
    if latency_s.is_finite() { SimDuration::from_secs(latency_s).as_nanos() } else { u64::MAX / 2 }
}

impl PlacedApplication {
    /// An application that is not placed; `is_consumed` tells which assets are booked.
    pub(super) fn new(needs: ApplicationNeeds, is_consumed: impl Fn(AssetId) -> bool) -> Self {
        let shape = Shape::new(needs);
        let needs = shape.needs();
        let (mut first_booking, mut bookings) = (vec![0], Vec::new());
        for replica in &needs.replicas {
            let own = replica.amounts.iter().filter(|(asset, _)| is_consumed(*asset));
            bookings.extend(own.map(|&(asset, amount)| (asset, Amount::of(amount))));
            first_booking.push(bookings.len() as u32);
        }
        PlacedApplication {
            nodes: vec![None; needs.replicas.len()],
            stamps: vec![0; needs.replicas.len()],
            ways: vec![Way::None; needs.interactions.len()],
            bandwidths: needs.interactions.iter().map(|own| Amount::of(own.bandwidth_bps)).collect(),
            limits_ns: needs.interactions.iter().map(|own| limit_ns(own.latency_s)).collect(),
            first_booking,
            bookings,
            placed: 0,
            reroutes: 0,
            shape: Arc::new(shape),
        }
    }

    pub(super) fn bookings_of(&self, replica: ReplicaIndex) -> &[(AssetId, Amount)] {
        let index = replica.index();
        &self.bookings[self.first_booking[index] as usize..self.first_booking[index + 1] as usize]
    }

    /// What it needs.
    #[must_use]
    pub fn needs(&self) -> &ApplicationNeeds {
        self.shape.needs()
    }

    /// What it needs, with the interactions of each replica, to keep.
    #[must_use]
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// The node of a replica; `None` if it is not placed.
    #[must_use]
    pub fn node_of(&self, replica: ReplicaIndex) -> Option<NodeId> {
        self.nodes.get(replica.index()).copied().flatten()
    }

    /// When a replica was placed, among all placements: later ones have greater numbers.
    #[must_use]
    pub fn stamp_of(&self, replica: ReplicaIndex) -> u64 {
        self.stamps.get(replica.index()).copied().unwrap_or(0)
    }

    /// Whether all replicas are placed.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        self.placed as usize == self.nodes.len()
    }

    /// Number of replicas that are placed.
    #[must_use]
    pub fn placed(&self) -> usize {
        self.placed as usize
    }

    /// The links that the bandwidth of an interaction is booked on, in order; none if both ends are on one node or one
    /// is not placed.
    #[must_use]
    pub fn path_of(&self, interaction: InteractionIndex) -> &[WayStep] {
        match self.ways.get(interaction.index()) {
            Some(Way::Pinned { steps, .. }) => steps,
            _ => &[],
        }
    }

    /// Whether both ends of an interaction are placed, with a way between them.
    #[must_use]
    pub fn has_way(&self, interaction: InteractionIndex) -> bool {
        self.ways.get(interaction.index()).is_some_and(|way| *way != Way::None)
    }

    /// How often an audit has led an interaction another way.
    #[must_use]
    pub fn reroutes(&self) -> u64 {
        self.reroutes
    }
}
