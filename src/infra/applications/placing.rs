//! Placing replicas, and finding the ways of their interactions.

use super::book::Applications;
use super::needs::{ApplicationNeeds, InteractionIndex, ReplicaIndex};
use super::placed::{PlacedApplication, limit_ns};
use super::violation::{Violation, ViolationKind};
use crate::infra::assets::AssetId;
use crate::infra::ids::{ApplicationId, LinkId, NodeId};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::network::{Ask, NoWay, WayStep, has_left};

/// What a placement is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    /// Assets and ways.
    All,
    /// Assets only; interactions get no ways.
    Assets,
    /// Nothing; interactions get no ways.
    Nothing,
}

impl Applications {
    /// What is left of an asset.
    pub(crate) fn residual(&self, own: &Infrastructure, node: NodeId, asset: AssetId) -> f64 {
        let offer = own.offer(node, asset);
        if own.is_consumed(asset) {
            offer - self.booked(node, asset) - own.held_by_others(node, asset)
        } else {
            offer
        }
    }

    /// Whether a replica finds what it needs on a node, beside what is booked there.
    pub(crate) fn fits(
        &self,
        own: &Infrastructure,
        id: ApplicationId,
        replica: ReplicaIndex,
        node: NodeId,
    ) -> Result<(), Violation> {
        let needs = self.placed[id.index()].needs();
        let short = |asset, needed, offered| Violation {
            replica: Some(replica),
            node: Some(node),
            asset,
            needed,
            offered,
            ..Violation::new(if asset.is_none() {
                ViolationKind::NodeDown
            } else {
                ViolationKind::Asset
            })
        };
        if !own.hosts_services(node) {
            return Err(short(None, 0.0, 0.0));
        }
        let needs = &needs.replicas[replica.index()];
        for &(asset, needed) in &needs.amounts {
            let Some(spec) = own.assets.catalogue.get(asset) else {
                return Err(short(Some(asset), needed, 0.0));
            };
            if spec.checked {
                let left = self.residual(own, node, asset);
                // Rounding is told by the whole offer, of which little may be left.
                let hair = spec.algebra.meets(left, needed)
                    || own.is_consumed(asset)
                        && needed <= left + own.offer(node, asset).abs() * crate::infra::assets::HAIR;
                if !hair {
                    return Err(short(Some(asset), needed, left.max(0.0)));
                }
            }
        }
        for (asset, needed) in &needs.labels {
            if own.assets.catalogue.get(*asset).is_none_or(|spec| spec.checked) {
                let has = own.labels(node, *asset);
                let good = if *asset == AssetId::ARCHITECTURE {
                    needed.is_empty() || needed.iter().any(|label| has.contains(label))
                } else {
                    needed.iter().all(|label| has.contains(label))
                };
                if !good {
                    return Err(short(Some(*asset), 0.0, 0.0));
                }
            }
        }
        Ok(())
    }

    /// Places a replica, which moves if it is placed. If it cannot be, nothing has changed. The journal must be kept.
    pub(crate) fn place_replica(
        &mut self,
        own: &Infrastructure,
        id: ApplicationId,
        replica: ReplicaIndex,
        node: NodeId,
        checks: Checks,
    ) -> Result<(), Violation> {
        let mark = self.mark();
        self.displace(id, replica);
        let placed = self.try_to_place(own, id, replica, node, checks);
        if placed.is_err() {
            self.roll_back(mark);
        }
        placed
    }

    fn try_to_place(
        &mut self,
        own: &Infrastructure,
        id: ApplicationId,
        replica: ReplicaIndex,
        node: NodeId,
        checks: Checks,
    ) -> Result<(), Violation> {
        if checks != Checks::Nothing {
            self.fits(own, id, replica, node)?;
        }
        let stamp = self.next_stamp();
        self.enter_replica(id, replica, node, stamp);
        if checks != Checks::All {
            return Ok(());
        }
        let shape = self.placed[id.index()].shape.clone();
        for &interaction in shape.interactions_of(replica) {
            self.pin(own, id, interaction, shape.needs())?;
        }
        Ok(())
    }

    /// Takes a replica off its node, if it is placed, and gives everything back.
    pub(crate) fn displace(&mut self, id: ApplicationId, replica: ReplicaIndex) {
        let own = &self.placed[id.index()];
        if own.node_of(replica).is_none() {
            return;
        }
        let shape = own.shape.clone();
        for &interaction in shape.interactions_of(replica) {
            self.leave_way(id, interaction);
        }
        self.leave_node(id, replica);
    }

    /// Finds and books the way of an interaction whose ends are both placed.
    pub(super) fn pin(
        &mut self,
        own: &Infrastructure,
        id: ApplicationId,
        interaction: InteractionIndex,
        needs: &ApplicationNeeds,
    ) -> Result<(), Violation> {
        let placed = &self.placed[id.index()];
        let ends = needs.interactions[interaction.index()];
        let (Some(from), Some(to)) = (placed.node_of(ends.from), placed.node_of(ends.to)) else {
            return Ok(());
        };
        if from == to {
            self.enter_local(id, interaction);
            return Ok(());
        }
        let ask = Ask {
            limit_ns: placed.limits_ns[interaction.index()],
            bandwidth_bps: placed.bandwidths[interaction.index()].get(),
        };
        let later = later_end(placed, ends.from, ends.to);
        if !self.goes_back(own, from, to, ask) {
            if let Err(fault) = self.find_way(own, from, to, ask) {
                return Err(Violation { replica: Some(later), interaction: Some(interaction), ..fault });
            }
            // No link was too narrow for it, and links are as long in both directions.
            self.shortest = (!self.search.met_narrow_links()).then_some((from, to));
        }
        let found = std::mem::take(&mut self.found);
        let steps = self.list_of(&found);
        self.found = found;
        let is_wireless = [from, to].iter().any(|&node| own.class_of(node).wireless);
        let stamp = self.next_stamp();
        self.enter_way(id, interaction, steps, stamp, is_wireless);
        Ok(())
    }

    /// Turns the way that was found last round, if that is the best one between two nodes whatever its bandwidth, and has
    /// what is asked for in this direction, too. Whether it is in `found` then.
    fn goes_back(&mut self, own: &Infrastructure, from: NodeId, to: NodeId, ask: Ask) -> bool {
        if self.shortest != Some((to, from)) {
            return false;
        }
        let network = &own.network;
        let is_good = network.way_latency_ns(&self.found) <= ask.limit_ns
            && self.found.iter().all(|&step| {
                let back = network.turned(step);
                has_left(network, &self.channel_booked_bps, back.channel, ask.bandwidth_bps)
            });
        if is_good {
            self.found.reverse();
            self.found.iter_mut().for_each(|step| *step = network.turned(*step));
            self.shortest = Some((from, to));
        }
        is_good
    }

    /// Finds a way between two nodes; it is in `found` then. Returns its latency in nanoseconds.
    pub(super) fn find_way(
        &mut self,
        own: &Infrastructure,
        from: NodeId,
        to: NodeId,
        ask: Ask,
    ) -> Result<u64, Violation> {
        self.shortest = None;
        let unreachable = Violation::new(ViolationKind::Unreachable);
        let (Some(start), Some(end)) = (own.endpoint(from), own.endpoint(to)) else {
            self.found.clear();
            return Err(unreachable);
        };
        let (network, booked) = (&own.network, &self.channel_booked_bps);
        let (search, found) = (&mut self.search, &mut self.found);
        let why = match search.find(network, booked, (start, end), ask, found) {
            Ok(latency_ns) => return Ok(latency_ns),
            Err(why) => why,
        };
        let too_long = |least_ns: u64| Violation {
            needed: ask.limit_ns as f64 / 1e9,
            offered: least_ns as f64 / 1e9,
            ..Violation::new(ViolationKind::Latency)
        };
        match why {
            NoWay::Unreachable => Err(unreachable),
            NoWay::TooLong(least_ns) => Err(too_long(least_ns)),
            // Is it the bandwidth that is short?
            NoWay::Narrow => {
                let any = Ask { bandwidth_bps: 0.0, ..ask };
                let any = search.find(network, booked, (start, end), any, found);
                let fault = match any {
                    Ok(_) => {
                        let (link, left_bps) = bottleneck(own, booked, found);
                        Violation {
                            link,
                            needed: ask.bandwidth_bps,
                            offered: left_bps,
                            ..Violation::new(ViolationKind::Bandwidth)
                        }
                    }
                    Err(NoWay::TooLong(least_ns)) => too_long(least_ns),
                    Err(_) => unreachable,
                };
                found.clear();
                Err(fault)
            }
        }
    }

    /// The same with a bandwidth and a latency in seconds; only its latency in nanoseconds, if there is a way.
    pub(crate) fn find_way_within(
        &mut self,
        own: &Infrastructure,
        (from, to): (NodeId, NodeId),
        latency_s: f64,
        bandwidth_bps: f64,
    ) -> Option<u64> {
        self.shortest = None;
        let (from, to) = (own.endpoint(from)?, own.endpoint(to)?);
        let ask = Ask { limit_ns: limit_ns(latency_s), bandwidth_bps };
        let (search, found) = (&mut self.search, &mut self.found);
        search.find(&own.network, &self.channel_booked_bps, (from, to), ask, found).ok()
    }

    /// Begins to go through nodes by latency; returns the seconds to where the node enters the topology, `None` if it
    /// does not.
    pub(crate) fn start_distances(
        &mut self,
        own: &Infrastructure,
        from: NodeId,
        limit_s: f64,
    ) -> Option<f64> {
        self.shortest = None;
        let end = own.nodes.get(from.index()).and_then(|_| own.endpoint(from))?;
        let radio_s = end.radio.map_or(0.0, |radio| own.network.latency(radio).as_secs());
        let ask = Ask { limit_ns: limit_ns(limit_s - radio_s), bandwidth_bps: 0.0 };
        self.search.start(&own.network, end.site, ask);
        (radio_s <= limit_s).then_some(radio_s)
    }

    /// The next node by latency, with that in seconds.
    pub(crate) fn next_distance(&mut self, own: &Infrastructure) -> Option<(NodeId, f64)> {
        let (node, latency_ns) = self.search.next(&own.network, &self.channel_booked_bps)?;
        Some((node, latency_ns as f64 / 1e9))
    }

    /// What is left on the way that was found last, in bits a second; infinite if it has no links.
    pub(crate) fn found_residual_bps(&self, own: &Infrastructure) -> f64 {
        bottleneck(own, &self.channel_booked_bps, &self.found).1
    }

    /// The latency of the way of an interaction in nanoseconds, 0 within a node; `None` if it has none.
    pub(crate) fn latency_ns(
        &self,
        own: &Infrastructure,
        id: ApplicationId,
        interaction: InteractionIndex,
    ) -> Option<u64> {
        let placed = &self.placed[id.index()];
        let steps = placed.path_of(interaction);
        placed.has_way(interaction).then(|| own.network.way_latency_ns(steps))
    }

    /// The directions of links of the way that was found last, each with what is left there in bits a second.
    pub(crate) fn found_channels(&self, own: &Infrastructure) -> impl Iterator<Item = (u32, f64)> {
        self.found.iter().map(|step| {
            let left_bps = own.network.channel_bandwidth_bps(step.channel)
                - self.channel_booked_bps[step.channel.0 as usize];
            (step.channel.0, left_bps)
        })
    }

    /// Number of links of the way that was found last.
    pub(crate) fn found_hops(&self) -> usize {
        self.found.len()
    }
}

/// The end of an interaction that was placed later.
pub(super) fn later_end(
    placed: &PlacedApplication,
    from: ReplicaIndex,
    to: ReplicaIndex,
) -> ReplicaIndex {
    if placed.stamps[from.index()] > placed.stamps[to.index()] { from } else { to }
}

/// The link of a way with the least bandwidth left, and how much that is.
fn bottleneck(own: &Infrastructure, booked_bps: &[f64], steps: &[WayStep]) -> (Option<LinkId>, f64) {
    let left = |step: &WayStep| {
        let left_bps =
            own.network.channel_bandwidth_bps(step.channel) - booked_bps[step.channel.0 as usize];
        (Some(step.link), left_bps)
    };
    let least = |best: (Option<LinkId>, f64), own: (Option<LinkId>, f64)| {
        if own.1 < best.1 { own } else { best }
    };
    steps.iter().map(left).fold((None, f64::INFINITY), least)
}

impl Infrastructure {
    /// Where a wireless node enters the topology, and the seconds to there; `None` if it is not wireless or cannot be
    /// reached.
    pub(crate) fn radio_entry(&self, node: NodeId) -> Option<(NodeId, f64)> {
        let end = self.class_of(node).wireless.then(|| self.endpoint(node)).flatten()?;
        Some((end.site, end.radio.map_or(0.0, |radio| self.network.latency(radio).as_secs())))
    }

    /// Whether services can be placed on a node now: it works, has cores, and is no host of virtual machines.
    #[must_use]
    pub fn hosts_services(&self, node: NodeId) -> bool {
        self.nodes.get(node.index()).is_some_and(|own| own.is_available()) && self.takes_tasks(node)
    }

    /// As long as this stays, so do the nodes that services can be placed on.
    pub(crate) fn availability_changes(&self) -> u64 {
        self.availability_changes
    }

    /// The nodes that services can be placed on now, in order.
    pub(crate) fn service_nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.nodes.len() as u32).map(NodeId).filter(|&node| self.hosts_services(node))
    }

    /// Hands the book out, for views; to be [returned](Self::return_applications).
    pub(crate) fn lend_applications(&mut self) -> Applications {
        std::mem::take(&mut self.applications)
    }

    /// Takes the book back.
    pub(crate) fn return_applications(&mut self, book: Applications) {
        self.applications = book;
    }

    /// Adds an application, which is not placed.
    pub fn add_application(&mut self, needs: ApplicationNeeds) -> ApplicationId {
        let mut book = std::mem::take(&mut self.applications);
        let id = book.add(self, needs);
        self.applications = book;
        id
    }

    /// All applications.
    #[must_use]
    pub fn applications(&self) -> &Applications {
        &self.applications
    }

    /// An application.
    #[must_use]
    pub fn application(&self, id: ApplicationId) -> &PlacedApplication {
        &self.applications.placed[id.index()]
    }

    /// Places replicas one after the other, each with its interactions with those that are placed by then. Replicas that
    /// are placed already move.
    ///
    /// # Errors
    /// The first requirement that is not met; nothing has changed then.
    pub fn place(
        &mut self,
        id: ApplicationId,
        placement: &[(ReplicaIndex, NodeId)],
    ) -> Result<(), Violation> {
        let mut book = std::mem::take(&mut self.applications);
        book.keep();
        let mark = book.mark();
        let result = book.place_all(self, id, placement);
        if result.is_err() {
            book.roll_back(mark);
        }
        book.let_stand();
        self.applications = book;
        result
    }

    /// Takes a replica off its node and gives everything back that is booked for it; nothing if it is not placed.
    pub fn displace(&mut self, id: ApplicationId, replica: ReplicaIndex) {
        self.applications.displace(id, replica);
    }

    /// The present latency in seconds of the way of an interaction; 0 within a node, and infinite if there is no way.
    #[must_use]
    pub fn path_latency_s(&self, id: ApplicationId, interaction: InteractionIndex) -> f64 {
        let own = self.application(id);
        if !own.has_way(interaction) {
            return f64::INFINITY;
        }
        self.network.way_latency_ns(own.path_of(interaction)) as f64 / 1e9
    }

    /// What applications have booked of the bandwidth of a link in bits a second: from its first end, and towards it; of
    /// a radio to the devices, and from them. A half-duplex link has the same twice.
    #[must_use]
    pub fn booked_bps(&self, link: LinkId) -> [f64; 2] {
        self.network.channels_of(link).map(|channel| self.applications.channel_booked_bps(channel))
    }
}

impl Applications {
    pub(crate) fn place_all(
        &mut self,
        own: &Infrastructure,
        id: ApplicationId,
        placement: &[(ReplicaIndex, NodeId)],
    ) -> Result<(), Violation> {
        let down = |replica, node| Violation {
            replica: Some(replica),
            node: Some(node),
            ..Violation::new(ViolationKind::NodeDown)
        };
        let known = self.placed[id.index()].nodes.len();
        for &(replica, node) in placement {
            if replica.index() >= known || node.index() >= own.nodes.len() {
                return Err(down(replica, node));
            }
            self.displace(id, replica);
        }
        for &(replica, node) in placement {
            self.place_replica(own, id, replica, node, Checks::All)?;
        }
        Ok(())
    }
}
