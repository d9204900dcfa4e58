//! What a service placement policy sees, and tries.

use super::ServicePlacementDecision;
use crate::engine::{SimTime, Stream};
use crate::infra::applications::{
    ApplicationNeeds, Applications, Checks, InteractionIndex, InteractionNeeds, Mark, ReplicaIndex,
    Shape, Violation, ViolationKind,
};
use crate::infra::assets::AssetId;
use crate::infra::{ApplicationId, Infrastructure, NodeId};
use crate::placement::SiteSignals;
use crate::records::ColumnSpec;

/// A place in what was tried, to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tentative(Mark);

/// A way between two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// Its latency in seconds.
    pub latency_s: f64,
    /// Bits a second that are left on it; infinite within a node.
    pub residual_bps: f64,
    /// Number of its links.
    pub hops: usize,
}

/// An interaction as one of its replicas sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interaction<'a> {
    /// Its number in the application.
    pub index: InteractionIndex,
    /// The replica at the other end.
    pub other: ReplicaIndex,
    /// Whether it leads to the other one.
    pub is_outgoing: bool,
    /// What it needs.
    pub needs: &'a InteractionNeeds,
}

/// An application whose open replicas are to be placed, and the infrastructure. What is tried here is taken back when
/// the policy has decided.
#[derive(Debug)]
pub struct PlacementView<'a> {
    now: SimTime,
    application: ApplicationId,
    shape: &'a Shape,
    open: &'a [ReplicaIndex],
    candidates: &'a [NodeId],
    previous: &'a [(ReplicaIndex, NodeId)],
    infrastructure: &'a Infrastructure,
    book: &'a mut Applications,
    random: &'a mut Stream,
    /// Whether all that is placed tentatively was checked.
    is_sound: bool,
}

impl<'a> PlacementView<'a> {
    /// A view of an application whose open replicas have been taken off their nodes, with the book that the
    /// infrastructure has handed out.
    #[allow(clippy::too_many_arguments, reason = "each is another part of what is seen")]
    pub(crate) fn new(
        now: SimTime,
        application: ApplicationId,
        shape: &'a Shape,
        open: &'a [ReplicaIndex],
        candidates: &'a [NodeId],
        previous: &'a [(ReplicaIndex, NodeId)],
        infrastructure: &'a Infrastructure,
        book: &'a mut Applications,
        random: &'a mut Stream,
    ) -> Self {
        PlacementView {
            now,
            application,
            shape,
            open,
            candidates,
            previous,
            infrastructure,
            book,
            random,
            is_sound: true,
        }
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The application.
    #[must_use]
    pub fn application(&self) -> ApplicationId {
        self.application
    }

    /// What the application needs.
    #[must_use]
    pub fn needs(&self) -> &'a ApplicationNeeds {
        self.shape.needs()
    }

    /// The replicas to be placed.
    #[must_use]
    pub fn open(&self) -> &'a [ReplicaIndex] {
        self.open
    }

    /// The nodes that they may be placed on, in order: those of the request that work and take services.
    #[must_use]
    pub fn candidates(&self) -> &'a [NodeId] {
        self.candidates
    }

    /// The infrastructure, for what has no method here. What is tried in the view is not booked there.
    #[must_use]
    pub fn infrastructure(&self) -> &'a Infrastructure {
        self.infrastructure
    }

    /// Where a replica is, or was placed tentatively; `None` if it has no node.
    #[must_use]
    pub fn node_of(&self, replica: ReplicaIndex) -> Option<NodeId> {
        self.book.get(self.application.index())?.node_of(replica)
    }

    /// Where an open replica was before, if it was anywhere.
    #[must_use]
    pub fn previous(&self, replica: ReplicaIndex) -> Option<NodeId> {
        self.previous.iter().find(|(own, _)| *own == replica).map(|(_, node)| *node)
    }

    /// What a node offers of an asset, booked or not.
    #[must_use]
    pub fn offer(&self, node: NodeId, asset: AssetId) -> f64 {
        self.infrastructure.assets().offer(node, asset)
    }

    /// What a node has left of an asset beside what is booked and tried; the whole offer of one that is not consumed.
    #[must_use]
    pub fn residual(&self, node: NodeId, asset: AssetId) -> f64 {
        self.book.residual(self.infrastructure, node, asset)
    }

    /// Whether a node has what a replica needs; ways are not looked at.
    ///
    /// # Errors
    /// The first requirement that is not met.
    pub fn fits(&self, replica: ReplicaIndex, node: NodeId) -> Result<(), Violation> {
        self.known(replica, node)?;
        self.book.fits(self.infrastructure, self.application, replica, node)
    }

    fn known(&self, replica: ReplicaIndex, node: NodeId) -> Result<(), Violation> {
        let known = replica.index() < self.needs().replicas.len()
            && node.index() < self.infrastructure.nodes().len();
        let fault = Violation::new(ViolationKind::NodeDown);
        let fault = Violation { replica: Some(replica), node: Some(node), ..fault };
        if known { Ok(()) } else { Err(fault) }
    }

    fn place(&mut self, replica: ReplicaIndex, node: NodeId, checks: Checks) -> Result<(), Violation> {
        self.known(replica, node)?;
        self.is_sound &= checks == Checks::All && self.open.contains(&replica);
        self.book.place_replica(self.infrastructure, self.application, replica, node, checks)
    }

    /// Places a replica tentatively: takes the assets of the node, and the ways of its interactions with replicas that
    /// have nodes. One that has a node moves.
    ///
    /// # Errors
    /// The first requirement that is not met; nothing has changed then.
    pub fn assign(&mut self, replica: ReplicaIndex, node: NodeId) -> Result<(), Violation> {
        self.place(replica, node, Checks::All)
    }

    /// Places a replica tentatively, whatever the ways to others are.
    ///
    /// # Errors
    /// The first requirement of the node that is not met; nothing has changed then.
    pub fn assign_ignoring_ways(
        &mut self,
        replica: ReplicaIndex,
        node: NodeId,
    ) -> Result<(), Violation> {
        self.place(replica, node, Checks::Assets)
    }

    /// Places a replica tentatively, whatever it needs; nothing if there is no such replica or node.
    pub fn force(&mut self, replica: ReplicaIndex, node: NodeId) {
        // Nothing is checked, so that there is no fault but that of unknown ones.
        _ = self.place(replica, node, Checks::Nothing);
    }

    /// Takes a replica off its node.
    pub fn unassign(&mut self, replica: ReplicaIndex) {
        if replica.index() < self.needs().replicas.len() {
            self.is_sound &= self.open.contains(&replica);
            self.book.displace(self.application, replica);
        }
    }

    /// The present state of what is tried.
    #[must_use]
    pub fn checkpoint(&self) -> Tentative {
        Tentative(self.book.mark())
    }

    /// Goes back to a state.
    pub fn rollback(&mut self, state: Tentative) {
        self.book.roll_back(state.0);
    }

    /// The decision for what is tried: open replicas at their nodes, in the order in which they were placed. If one has
    /// no node, it is left out.
    #[must_use]
    pub fn decided(&self) -> ServicePlacementDecision {
        let own = self.book.get(self.application.index());
        let mut placed: Vec<(u64, ReplicaIndex, NodeId)> = self
            .open
            .iter()
            .filter_map(|&replica| {
                let own = own?;
                Some((own.stamp_of(replica), replica, own.node_of(replica)?))
            })
            .collect();
        placed.sort_unstable();
        let placed = placed.into_iter().map(|(_, replica, node)| (replica, node));
        ServicePlacementDecision::Place(placed.collect())
    }

    /// The way of least latency between two nodes that takes at most `latency_s` seconds and has `bandwidth_bps` bits a
    /// second left; `None` if there is none.
    pub fn way(&mut self, from: NodeId, to: NodeId, latency_s: f64, bandwidth_bps: f64) -> Option<Way> {
        if from == to {
            return Some(Way { latency_s: 0.0, residual_bps: f64::INFINITY, hops: 0 });
        }
        if from.index().max(to.index()) >= self.infrastructure.nodes().len() {
            return None;
        }
        let latency_ns =
            self.book.find_way_within(self.infrastructure, (from, to), latency_s, bandwidth_bps)?;
        Some(Way {
            latency_s: latency_ns as f64 / 1e9,
            residual_bps: self.book.found_residual_bps(self.infrastructure),
            hops: self.book.found_hops(),
        })
    }

    /// The directions of links of the way that was found last, each with what is left there in bits a second.
    pub(super) fn found_channels(&self) -> impl Iterator<Item = (u32, f64)> {
        self.book.found_channels(self.infrastructure)
    }

    /// The latency in seconds of the way of an interaction, 0 within a node; `None` if an end has no node, or was placed
    /// without looking at ways.
    #[must_use]
    pub fn latency_s(&self, interaction: InteractionIndex) -> Option<f64> {
        let latency_ns = self.book.latency_ns(self.infrastructure, self.application, interaction)?;
        Some(latency_ns as f64 / 1e9)
    }

    /// Number of links that the bandwidth of an interaction is booked on.
    #[must_use]
    pub fn hops(&self, interaction: InteractionIndex) -> usize {
        self.book.get(self.application.index()).map_or(0, |own| own.path_of(interaction).len())
    }

    /// The nodes of the topology within `limit_s` seconds of a node, itself first, by latency and then number: as far as
    /// they are asked for.
    pub fn distances(&mut self, from: NodeId, limit_s: f64) -> Distances<'_> {
        let start_s = self.book.start_distances(self.infrastructure, from, limit_s);
        Distances { infrastructure: self.infrastructure, book: self.book, start_s }
    }

    /// The interactions of a replica with others.
    pub fn interactions_of(
        &self,
        replica: ReplicaIndex,
    ) -> impl Iterator<Item = Interaction<'a>> + use<'a> {
        let shape = self.shape;
        shape.interactions_of(replica).iter().map(move |&index| {
            let needs = &shape.needs().interactions[index.index()];
            let is_outgoing = needs.from == replica;
            let other = if is_outgoing { needs.to } else { needs.from };
            Interaction { index, other, is_outgoing, needs }
        })
    }

    /// Watts that a node draws with `extra_cores` cores busy beside those that are.
    #[must_use]
    pub fn power_w(&self, node: NodeId, extra_cores: f64) -> f64 {
        let own = self.infrastructure;
        let cores = f64::from(own.class_of(node).cores);
        if cores <= 0.0 {
            return own.power_at(node, 0.0);
        }
        let busy = own.meter(node).busy_cores() + extra_cores;
        own.power_at(node, (busy / cores).clamp(0.0, 1.0))
    }

    /// Grams of CO2 a kWh at the site of a node now; `None` if it has none, or none is known there.
    #[must_use]
    pub fn carbon_g_per_kwh(&self, node: NodeId) -> Option<f64> {
        SiteSignals::new(self.infrastructure).carbon_g_per_kwh(node, self.now)
    }

    /// What a kWh costs at the site of a node now; `None` if it has none, or none is known there.
    #[must_use]
    pub fn price_per_kwh(&self, node: NodeId) -> Option<f64> {
        SiteSignals::new(self.infrastructure).price_per_kwh(node, self.now)
    }

    /// Where chance comes from.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// Whether what is tried can be let stand as it is for this answer.
    pub(crate) fn stands_for(&self, placement: &[(ReplicaIndex, NodeId)]) -> bool {
        self.is_sound && placement.iter().all(|&(replica, node)| self.node_of(replica) == Some(node))
    }

    /// What is recorded with a decision, in the order of [`feature_columns`].
    #[must_use]
    pub fn features(&self) -> [Option<f64>; 7] {
        let needs = self.needs();
        let replicas = needs.replicas.len() as f64;
        let cores = |replica: &ReplicaIndex| {
            let amounts = &needs.replicas[replica.index()].amounts;
            let of =
                |(asset, amount): &(AssetId, f64)| if *asset == AssetId::CORES { *amount } else { 0.0 };
            amounts.iter().map(of).sum::<f64>()
        };
        let known = |replica: &&ReplicaIndex| replica.index() < needs.replicas.len();
        let open = self.open.iter().filter(known);
        let (mut left, mut offered) = (0.0, 0.0);
        for &node in self.candidates {
            left += self.residual(node, AssetId::CORES).max(0.0);
            offered += self.offer(node, AssetId::CORES);
        }
        let previous = self.open.iter().filter(|&&replica| self.previous(replica).is_some());
        [
            Some(self.open.len() as f64),
            Some(if replicas > 0.0 { 1.0 - self.open.len() as f64 / replicas } else { 0.0 }),
            Some(previous.count() as f64),
            Some(open.map(cores).sum()),
            Some(self.candidates.len() as f64),
            Some(left),
            Some(if offered > 0.0 { left / offered } else { 0.0 }),
        ]
    }
}

/// Columns of the [features](PlacementView::features).
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 7] {
    let float = ColumnSpec::float;
    [
        float("open_replicas", "", "replicas to be placed or moved"),
        float("fixed_share", "", "share of the application's replicas that stay where they are"),
        float("moved_replicas", "", "replicas to be placed that were placed before"),
        float("open_cores", "cores", "cores that the replicas to be placed need together"),
        float("candidates_up", "", "nodes that they may be placed on"),
        float("candidates_free_cores", "cores", "cores that these nodes have left"),
        float("candidates_free_share", "", "share of the cores of these nodes that is left"),
    ]
}

/// Nodes by latency, see [`PlacementView::distances`].
#[derive(Debug)]
pub struct Distances<'a> {
    infrastructure: &'a Infrastructure,
    book: &'a mut Applications,
    /// Seconds to where the search begins; `None` if it cannot.
    start_s: Option<f64>,
}

impl Iterator for Distances<'_> {
    type Item = (NodeId, f64);

    fn next(&mut self) -> Option<(NodeId, f64)> {
        let start_s = self.start_s?;
        let (node, latency_s) = self.book.next_distance(self.infrastructure)?;
        Some((node, start_s + latency_s))
    }
}
