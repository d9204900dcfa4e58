//! Networks that lead from devices to nodes directly, beside their access points.

use super::hops::Hop;
use super::link::{DirectScope, DirectSpec, NetworkClass};
use super::parts::{Endpoint, Link, NetworkRefusal};
use super::transfers::Network;
use crate::engine::{Schedule, SimDuration, SimTime};
use crate::infra::event::InfraEvent;
use crate::infra::ids::{LinkId, NodeId, Owner, TransferId};

/// A network beside the access points.
#[derive(Debug)]
pub(super) struct Direct {
    class: NetworkClass,
    targets: Vec<NodeId>,
    latency: SimDuration,
    /// The link for all devices, or those of each access point by its node.
    everywhere: Option<LinkId>,
    by_site: Vec<Option<LinkId>>,
}

impl Network {
    /// Adds a direct network over the access points at `sites` and returns the ids of its links: one, or one
    /// for each access point. To be called after all links have been added.
    pub fn add_direct(&mut self, spec: &DirectSpec, sites: &[NodeId]) -> Vec<LinkId> {
        let far_end = spec.targets.first().copied().unwrap_or(NodeId(0));
        self.notes_carried |= spec.energy.is_any();
        let mut links = Vec::new();
        let places: Vec<Option<NodeId>> = match spec.scope {
            DirectScope::Everywhere => vec![None],
            DirectScope::AccessPoint => sites.iter().copied().map(Some).collect(),
        };
        for _ in &places {
            let id = LinkId(self.links.len() as u32);
            self.routes.skip_link(id, spec.latency);
            let down = (!spec.half_duplex).then_some((spec.downlink_bps, spec.down_model.as_ref()));
            let up = (spec.uplink_bps, &spec.model);
            let channels = self.add_channels(up, down, spec.transfer_limit, id);
            self.links.push(Link {
                a: far_end,
                b: None,
                channels,
                latency: spec.latency,
                class: spec.class,
                pooled: false,
                direct: true,
                own: None,
                energy: spec.energy,
                energy_j_per_byte: 0.0,
                drawn_j: 0.0,
            });
            self.radios.entry(far_end).or_default().push(id);
            links.push(id);
        }
        let mut by_site = Vec::new();
        for (site, &link) in places.iter().zip(&links) {
            if let Some(site) = site {
                by_site.resize(by_site.len().max(site.index() + 1), None);
                by_site[site.index()] = Some(link);
            }
        }
        self.directs.push(Direct {
            class: spec.class,
            targets: spec.targets.clone(),
            latency: spec.latency,
            everywhere: (spec.scope == DirectScope::Everywhere).then(|| links[0]),
            by_site,
        });
        links
    }

    /// Whether devices can reach something without an access point.
    #[must_use]
    pub fn reaches_everywhere(&self) -> bool {
        self.directs.iter().any(|direct| direct.everywhere.is_some())
    }

    /// The link of a direct network between two nodes, one of which is a device.
    fn direct_link(&self, direct: &Direct, from: NodeId, to: NodeId) -> Option<(LinkId, NodeId)> {
        let device = match (direct.targets.contains(&from), direct.targets.contains(&to)) {
            (true, false) => to,
            (false, true) => from,
            _ => return None,
        };
        let own = || direct.by_site.get(self.attachments.of(device)?.site.index()).copied().flatten();
        let link = direct.everywhere.or_else(own)?;
        self.routes.link_is_up(link).then_some((link, device))
    }

    /// The hop over a direct network of this class, or of any.
    pub(super) fn direct_hop(
        &self,
        from: NodeId,
        to: NodeId,
        class: Option<NetworkClass>,
    ) -> Option<Hop> {
        self.directs.iter().filter(|direct| class.is_none_or(|class| direct.class == class)).find_map(
            |direct| {
                let (link, device) = self.direct_link(direct, from, to)?;
                let down = device == to;
                let channel = self.links[link.index()].channels[usize::from(!down)];
                // Not on an access point's radio: a handover does not matter.
                Some(Hop { link, channel, source: from, device: Some(device), to_device: false })
            },
        )
    }

    /// The networks by which a transfer between these ends may go: the topology's, as `None`, and direct ones.
    pub fn networks_between(
        &self,
        from: Endpoint,
        to: Endpoint,
    ) -> impl Iterator<Item = Option<NetworkClass>> {
        let routed = self.routes.is_connected(from.site, to.site);
        let direct = self
            .directs
            .iter()
            .filter(move |direct| self.direct_link(direct, from.node, to.node).is_some());
        routed.then_some(None).into_iter().chain(direct.map(|direct| Some(direct.class)))
    }

    /// The radio or direct network by which a device sends to another node and receives from it, unless a policy names
    /// another network; `None` if there is no way, or neither on it.
    #[must_use]
    pub fn device_link(&self, device: Endpoint, other: Endpoint) -> Option<LinkId> {
        if self.directs.is_empty() || self.routes.is_connected(device.site, other.site) {
            return device.radio;
        }
        self.direct_hop(device.node, other.node, None).map(|hop| hop.link)
    }

    /// Propagation delay of the first direct network that leads from `from` to `to`.
    #[must_use]
    pub fn direct_latency(&self, from: NodeId, to: NodeId) -> Option<SimDuration> {
        let serves = |direct: &&Direct| self.direct_link(direct, from, to).is_some();
        self.directs.iter().find(serves).map(|direct| direct.latency)
    }

    /// As [`start`](Self::start), by the direct network of the class `via` if there is one between the ends.
    ///
    /// # Errors
    /// If there is no way, or a link on it takes no more. Nothing has changed then.
    pub fn start_via<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        ends: (Endpoint, Endpoint),
        bytes: f64,
        owner: Owner,
        via: Option<NetworkClass>,
    ) -> Result<TransferId, NetworkRefusal> {
        let (from, to) = ends;
        if self.directs.is_empty() || from.node == to.node {
            return self.start(schedule, from, to, bytes, owner);
        }
        self.start_hops(schedule, from, to, bytes, owner, via)
    }

    /// As [`estimated_transfer_s`](Self::estimated_transfer_s), by the direct network of the class `via` if
    /// there is one between the ends.
    pub fn estimated_transfer_via_s(
        &mut self,
        now: SimTime,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
        via: Option<NetworkClass>,
    ) -> Option<f64> {
        if self.directs.is_empty() || from.node == to.node {
            return self.estimated_transfer_s(now, from, to, bytes);
        }
        self.estimated_hops_s(now, from, to, bytes, via)
    }
}
