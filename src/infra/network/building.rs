//! How a network is put together, and which of its parts work.

use super::link::{Arrivals, LinkModel, LinkSpec, RadioEnergy, RadioSpec};
use super::parts::{Channel, ChannelId, Link, Role};
use super::transfers::Network;
use crate::infra::ids::{LinkId, NodeId};

impl Network {
    /// Makes `node` part of the topology.
    pub fn add_node(&mut self, node: NodeId) {
        self.routes.add_node(node);
    }

    /// Adds a link and returns its id.
    pub fn add_link(&mut self, spec: &LinkSpec) -> LinkId {
        let id = LinkId(self.links.len() as u32);
        self.routes.add_link(id, spec.a, spec.b, spec.latency);
        if !spec.transit {
            self.routes.avoid_link(id);
        }
        let known = spec.pool.and_then(|pool| self.pools.get(&pool).copied());
        let channels = known.unwrap_or_else(|| {
            let back = spec.back_model.as_ref().unwrap_or(&spec.model);
            [&spec.model, back]
                .map(|model| self.add_channel(spec.bandwidth_bps, model, spec.transfer_limit, id))
        });
        if let Some(pool) = spec.pool {
            self.pools.insert(pool, channels);
        }
        self.links.push(Link {
            a: spec.a,
            b: Some(spec.b),
            channels,
            latency: spec.latency,
            class: spec.class,
            pooled: spec.pool.is_some(),
            direct: false,
            own: None,
            energy: RadioEnergy::default(),
            energy_j_per_byte: spec.energy_j_per_byte,
            drawn_j: 0.0,
        });
        id
    }

    /// Adds the radio of an access point and returns its link. Its first channel leads to the devices,
    /// its second from them.
    pub fn add_radio(&mut self, access_point: NodeId, spec: &RadioSpec) -> LinkId {
        let id = LinkId(self.links.len() as u32);
        self.routes.add_node(access_point);
        self.routes.skip_link(id, spec.latency);
        let down = (!spec.half_duplex).then_some((spec.downlink_bps, spec.down_model.as_ref()));
        let channels = self.add_channels((spec.uplink_bps, &spec.model), down, spec.transfer_limit, id);
        self.links.push(Link {
            a: access_point,
            b: None,
            channels,
            latency: spec.latency,
            class: spec.class,
            pooled: false,
            direct: false,
            own: None,
            energy: spec.energy,
            energy_j_per_byte: 0.0,
            drawn_j: 0.0,
        });
        self.radios.entry(access_point).or_default().push(id);
        self.notes_carried |= spec.energy.is_any();
        id
    }

    /// Adds the channels of a link to and from devices: its rate and model from them, and to them unless that is
    /// the same channel. Where there is no model to them it is the one from them.
    pub(super) fn add_channels(
        &mut self,
        (uplink_bps, model): (f64, &LinkModel),
        down: Option<(f64, Option<&LinkModel>)>,
        limit: usize,
        link: LinkId,
    ) -> [ChannelId; 2] {
        let up = self.add_channel(uplink_bps, model, limit, link);
        let down = down.map(|(downlink_bps, own)| {
            self.add_channel(downlink_bps, own.unwrap_or(model), limit, link)
        });
        [down.unwrap_or(up), up]
    }

    pub(super) fn add_channel(
        &mut self,
        bandwidth_bps: f64,
        model: &LinkModel,
        limit: usize,
        link: LinkId,
    ) -> ChannelId {
        let fair = matches!(model, LinkModel::FairShare);
        let fair = fair.then(|| self.fair.add_link(bandwidth_bps / 8.0));
        self.has_delays |= matches!(model, LinkModel::Delay(_));
        self.channels.push(Channel {
            bandwidth_bps,
            model: match model {
                LinkModel::Delay(model) => LinkModel::Delay(model.for_link(link.0)),
                other => other.clone(),
            },
            needs_distance: matches!(model, LinkModel::Delay(model) if model.needs_distance()),
            fair,
            arrivals: Arrivals::default(),
            transfers: 0,
            limit,
            carried_bytes: 0.0,
            link,
            role: Role::Link,
        });
        ChannelId((self.channels.len() - 1) as u32)
    }

    /// Prepares the topology for questions, once all links have been added.
    pub fn prepare(&mut self) {
        self.routes.find_components();
    }

    /// A link fails or works again.
    pub fn set_link(&mut self, link: LinkId, up: bool) {
        self.routes.set_link(link, up);
    }

    /// A node of the topology fails or works again.
    pub fn set_node(&mut self, node: NodeId, up: bool) {
        self.routes.set_node(node, up);
    }
}
