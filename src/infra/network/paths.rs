//! What a way would do to a message, without a transfer.

use super::hops::Hop;
use super::link::LinkModel;
use super::parts::Endpoint;
use super::transfers::Network;
use crate::engine::{SimDuration, SimTime};
use crate::infra::ids::NodeId;
use crate::infra::infrastructure::Infrastructure;

/// A way for a message, as it is now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MessagePath {
    /// Number of links, radios included.
    pub hops: u32,
    /// Propagation, radios included.
    pub latency: SimDuration,
    /// Bits a second of the narrowest link or interface; infinite if nothing limits it.
    pub bottleneck_bps: f64,
    /// From the sending of the message to its arrival.
    pub delay: SimDuration,
}

impl Network {
    /// The way of a message of `bytes` that is alone on it and waits in no queue: its propagation, and its sending at the
    /// bandwidth of the narrowest link, `latency + 8 bytes / bottleneck`. A way that transfers take hop by hop is taken so
    /// here, too, with the delays that its models have now. Nothing is loaded. `None` if there is no way, or a delay model
    /// does not take the message. O(hops) once the tree of one of the ends is known.
    pub fn message_path(
        &mut self,
        now: SimTime,
        from: Endpoint,
        to: Endpoint,
        bytes: f64,
    ) -> Option<MessagePath> {
        if from.node == to.node {
            let (latency, delay) = (SimDuration::ZERO, SimDuration::ZERO);
            return Some(MessagePath { hops: 0, latency, bottleneck_bps: f64::INFINITY, delay });
        }
        if self.has_delays || !self.directs.is_empty() {
            let mut hops = self.spare_hops.pop().unwrap_or_default();
            let planned = self.plan(from, to, None, &mut hops);
            let path = planned.filter(|()| self.goes_hop_by_hop(&hops));
            let path = path.map(|()| self.hop_by_hop(now, (from, to), bytes, &hops));
            self.spare_hops.push(hops);
            planned?;
            if let Some(path) = path {
                return path;
            }
        }
        let mut path = self.spare_paths.pop().unwrap_or_default();
        let latency = self.find_path(from, to, &mut path);
        let bandwidths = path.iter().map(|id| self.channels[id.0 as usize].bandwidth_bps);
        let limit_bps = from.rate_limit_bps.min(to.rate_limit_bps);
        let bottleneck_bps = bandwidths.fold(limit_bps, f64::min);
        let hops = path.len() as u32;
        self.spare_paths.push(path);
        let latency = latency?;
        let delay = latency + SimDuration::from_secs_ceil(8.0 * bytes / bottleneck_bps);
        Some(MessagePath { hops, latency, bottleneck_bps, delay })
    }

    /// The same over these hops, the first one last.
    fn hop_by_hop(
        &mut self,
        now: SimTime,
        (from, to): (Endpoint, Endpoint),
        bytes: f64,
        hops: &[Hop],
    ) -> Option<MessagePath> {
        let (mut latency, mut delay) = (SimDuration::ZERO, SimDuration::ZERO);
        let mut bottleneck_bps = f64::INFINITY;
        for (index, hop) in hops.iter().enumerate().rev() {
            let message = self.message(now, hop, bytes);
            let mut rate_bps = f64::INFINITY;
            // Interfaces count on their own hops.
            if index + 1 == hops.len() {
                rate_bps = from.rate_limit_bps;
            }
            if index == 0 {
                rate_bps = rate_bps.min(to.rate_limit_bps);
            }
            let channel = &mut self.channels[hop.channel.0 as usize];
            let mut passing = self.links[hop.link.index()].latency;
            latency = latency + passing;
            match &mut channel.model {
                LinkModel::Delay(model) => {
                    passing = passing + SimDuration::from_secs_ceil(model.delay_s(&message)?);
                }
                _ => rate_bps = rate_bps.min(channel.bandwidth_bps),
            }
            bottleneck_bps = bottleneck_bps.min(rate_bps);
            delay = delay + passing + SimDuration::from_secs_ceil(8.0 * bytes / rate_bps);
        }
        Some(MessagePath { hops: hops.len() as u32, latency, bottleneck_bps, delay })
    }
}

impl Infrastructure {
    /// The [way](Network::message_path) of a message between two nodes; `None` if there is none, or one of them is not
    /// available.
    pub fn message_path(
        &mut self,
        now: SimTime,
        from: NodeId,
        to: NodeId,
        bytes: f64,
    ) -> Option<MessagePath> {
        let (from, to) = (self.endpoint(from)?, self.endpoint(to)?);
        self.network.message_path(now, from, to, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, link, send, wires};
    use super::super::{Attachment, LinkModel, RadioSpec, ThroughputTable};
    use super::*;
    use crate::infra::AccessPointSpec;
    use crate::infra::ids::LinkId;
    use proptest::prelude::*;

    proptest! {
        /// A message that is alone comes when its transfer would: over links at once, of both kinds that have a bandwidth
        /// to themselves then, behind interfaces and radios, and hop by hop where one of the links has a delay model.
        #[test]
        fn a_path_is_as_fast_as_a_transfer_that_is_alone(
            links in prop::collection::vec((0.0..0.1f64, 1e5..1e8f64, any::<bool>()), 1..6),
            delay_at in prop::option::of(0..6usize),
            radio in prop::option::of((0.0..0.1f64, 1e5..1e8f64)),
            (out_bps, in_bps) in (prop_oneof![Just(f64::INFINITY), 1e5..1e8f64], 1e5..1e8f64),
            bytes in 0.0..1e6f64,
        ) {
            let mut specs = Vec::new();
            for (index, &(latency_s, bandwidth_bps, is_shared)) in links.iter().enumerate() {
                let table = || LinkModel::Delay(Box::new(ThroughputTable::new(&[(0, 3e6)], 1.0).unwrap()));
                let model = match (delay_at == Some(index), is_shared) {
                    (true, _) => table(),
                    (_, true) => LinkModel::FairShare,
                    _ => LinkModel::Unshared,
                };
                specs.push(link(index as u32, index as u32 + 1, latency_s, bandwidth_bps, model));
            }
            let mut kernel = wires(&specs);
            let mut from = Endpoint { rate_limit_bps: out_bps, ..at(0) };
            if let Some((latency_s, uplink_bps)) = radio {
                let spec = RadioSpec {
                    latency: SimDuration::from_secs(latency_s),
                    model: LinkModel::Unshared,
                    ..AccessPointSpec::new(uplink_bps, 1e3).radio
                };
                let radio = Some(kernel.model.network.add_radio(NodeId(0), &spec));
                let attachment = radio.map(|radio| Attachment { site: NodeId(0), radio });
                kernel.model.network.set_attachment(NodeId(50), attachment);
                from = Endpoint { node: NodeId(50), radio, ..from };
            }
            kernel.model.network.prepare();
            let to = Endpoint { rate_limit_bps: in_bps, ..at(links.len() as u32) };
            let path = kernel.model.network.message_path(SimTime::ZERO, from, to, bytes).unwrap();
            send(&mut kernel, from, to, bytes);
            kernel.run_until(SimTime::from_secs(1e4));
            let (arrived_s, record) = &kernel.model.ended[0];
            // Each part of a way is rounded up to the nanosecond.
            let error_s = (path.delay.as_secs() - arrived_s).abs();
            prop_assert!(error_s < 1e-9 * (3 + links.len()) as f64, "{:?} {}", path, arrived_s);
            let hops = links.len() as u32 + u32::from(radio.is_some());
            prop_assert_eq!((path.hops, record.hops), (hops, hops));
            let latencies_s = links.iter().map(|link| link.0).chain(radio.map(|radio| radio.0));
            let latency_s: f64 = latencies_s.sum();
            prop_assert!((path.latency.as_secs() - latency_s).abs() < 1e-8);
            // Nothing is loaded by the asking.
            prop_assert_eq!(kernel.model.network.transfers(), 0);
        }
    }

    #[test]
    fn there_is_no_path_where_there_is_no_way() {
        let specs =
            [link(0, 1, 0.1, 8e6, LinkModel::Unshared), link(1, 2, 0.2, 4e6, LinkModel::FairShare)];
        let mut kernel = wires(&specs);
        let mut path = |to| kernel.model.network.message_path(SimTime::ZERO, at(0), at(to), 1e6);
        // 8 Mbit at 4 Mbit/s and 0.3 s.
        let found = path(2).unwrap();
        assert_eq!((found.hops, found.bottleneck_bps, found.delay.as_secs()), (2, 4e6, 2.3));
        assert_eq!(path(0).map(|path| (path.hops, path.delay)), Some((0, SimDuration::ZERO)));
        assert_eq!(path(3), None);
        kernel.model.network.set_link(LinkId(1), false);
        assert_eq!(kernel.model.network.message_path(SimTime::ZERO, at(0), at(2), 1e6), None);
        assert!(kernel.model.network.message_path(SimTime::ZERO, at(0), at(1), 1e6).is_some());
    }
}
