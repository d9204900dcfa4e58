//! Ways of least latency that have the bandwidth, by a search that is bounded and allocates nothing once it is warm.

use super::changes::Direction;
use super::parts::{ChannelId, Endpoint};
use super::transfers::Network;
use crate::infra::assets::HAIR;
use crate::infra::ids::{LinkId, NodeId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One link of a way, passed in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WayStep {
    /// The link.
    pub link: LinkId,
    /// Its direction; of a radio, forth is to the device.
    pub direction: Direction,
    pub(in crate::infra) channel: ChannelId,
}

/// A way to a neighbour.
#[derive(Clone, Copy, Debug)]
struct Edge {
    to: u32,
    step: WayStep,
}

/// What is known of a node in the search of this generation.
#[derive(Clone, Copy, Debug)]
struct Mark {
    generation: u32,
    /// The edge by which it is reached, and from where.
    edge: u32,
    from: u32,
    cost_ns: u64,
}

const NO_EDGE: u32 = u32::MAX;

/// What is asked of a way.
#[derive(Clone, Copy, Debug)]
pub(in crate::infra) struct Ask {
    /// Nanoseconds that it may take.
    pub(in crate::infra) limit_ns: u64,
    /// Bits a second that it must have left.
    pub(in crate::infra) bandwidth_bps: f64,
}

/// Why no way was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::infra) enum NoWay {
    /// There is none at all.
    Unreachable,
    /// None is short enough: it takes at least so many nanoseconds.
    TooLong(u64),
    /// Without the bandwidth there may be one.
    Narrow,
}

/// From which end a search goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// From the start, along the way.
    Start,
    /// From the end, against the way.
    End,
}

/// Searches ways: from both ends until they meet, so that what is looked at has half the radius; and from one end outwards.
/// Its memory is that of nodes and links, and is used again.
#[derive(Debug, Default)]
pub(in crate::infra) struct WaySearch {
    /// For each node where its edges begin; one more at the end.
    first: Vec<u32>,
    edges: Vec<Edge>,
    links: usize,
    generation: u32,
    /// By side and node.
    marks: [Vec<Mark>; 2],
    frontiers: [BinaryHeap<Reverse<(u64, u32)>>; 2],
    limit_ns: u64,
    bandwidth_bps: f64,
    /// The least latency beyond the limit that was seen.
    beyond_ns: u64,
    narrow: bool,
    /// The least cost at which the sides have met, and the node.
    met: Option<(u64, u32)>,
}

impl WaySearch {
    /// Lays out the topology, unless it is.
    pub(in crate::infra) fn prepare(&mut self, network: &Network, nodes: usize) {
        if self.links == network.links.len() && self.marks[0].len() == nodes {
            return;
        }
        self.links = network.links.len();
        self.generation = 0;
        let unknown = Mark { generation: 0, edge: NO_EDGE, from: 0, cost_ns: 0 };
        self.marks = [vec![unknown; nodes], vec![unknown; nodes]];
        self.first = vec![0; nodes + 1];
        let ends = |index: usize| {
            let link = &network.links[index];
            link.b.filter(|&b| !link.direct && b != link.a).map(|b| (link.a, b))
        };
        for (a, b) in (0..self.links).filter_map(ends) {
            self.first[a.index() + 1] += 1;
            self.first[b.index() + 1] += 1;
        }
        for index in 1..self.first.len() {
            self.first[index] += self.first[index - 1];
        }
        let mut next = self.first.clone();
        let count = self.first.last().copied().unwrap_or(0) as usize;
        let none = WayStep { link: LinkId(0), direction: Direction::Forth, channel: ChannelId(0) };
        self.edges = vec![Edge { to: 0, step: none }; count];
        for index in 0..self.links {
            let Some((a, b)) = ends(index) else { continue };
            let [forth, back] = network.links[index].channels;
            let link = LinkId(index as u32);
            for (from, to, channel, direction) in
                [(a, b, forth, Direction::Forth), (b, a, back, Direction::Back)]
            {
                let place = &mut next[from.index()];
                let step = WayStep { link, direction, channel };
                self.edges[*place as usize] = Edge { to: to.0, step };
                *place += 1;
            }
        }
    }

    /// Begins at a node.
    pub(in crate::infra) fn start(&mut self, network: &Network, from: NodeId, ask: Ask) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.marks.iter_mut().flatten().for_each(|mark| mark.generation = 0);
            self.generation = 1;
        }
        self.frontiers.iter_mut().for_each(BinaryHeap::clear);
        (self.limit_ns, self.bandwidth_bps) = (ask.limit_ns, ask.bandwidth_bps);
        (self.beyond_ns, self.narrow, self.met) = (u64::MAX, false, None);
        self.begin(network, Side::Start, from);
    }

    fn begin(&mut self, network: &Network, side: Side, node: NodeId) {
        if network.routes.node_is_up(node) {
            let mark = Mark { generation: self.generation, edge: NO_EDGE, from: node.0, cost_ns: 0 };
            self.marks[side as usize][node.index()] = mark;
            self.frontiers[side as usize].push(Reverse((0, node.0)));
        }
    }

    /// The next node in the order of latency, with its latency in nanoseconds, and goes on from there; nodes of equal
    /// latency by number. `None` if there is no further one within the limit. `booked_bps` is what is booked by channel.
    pub(in crate::infra) fn next(
        &mut self,
        network: &Network,
        booked_bps: &[f64],
    ) -> Option<(NodeId, u64)> {
        let (cost_ns, node) = self.peek(Side::Start)?;
        self.expand(network, booked_bps, Side::Start, node, cost_ns);
        Some((NodeId(node), network.routes.latency_part_ns(cost_ns)))
    }

    /// The node of least cost on a side.
    fn peek(&mut self, side: Side) -> Option<(u64, u32)> {
        let (frontier, marks) = (&mut self.frontiers[side as usize], &self.marks[side as usize]);
        while let Some(&Reverse((cost_ns, node))) = frontier.peek() {
            if marks[node as usize].cost_ns == cost_ns {
                return Some((cost_ns, node));
            }
            frontier.pop();
        }
        None
    }

    /// Takes the node that was peeked at, and goes on from it.
    fn expand(&mut self, network: &Network, booked_bps: &[f64], side: Side, node: u32, cost_ns: u64) {
        let (routes, own, other) = (&network.routes, side as usize, 1 - side as usize);
        self.frontiers[own].pop();
        let (first, end) = (self.first[node as usize], self.first[node as usize + 1]);
        for index in first..end {
            let edge = self.edges[index as usize];
            let through_ns = cost_ns.saturating_add(routes.cost_ns(edge.step.link));
            let mark = &self.marks[own][edge.to as usize];
            if mark.generation == self.generation && mark.cost_ns <= through_ns {
                continue;
            }
            if !routes.link_is_up(edge.step.link) || !routes.node_is_up(NodeId(edge.to)) {
                continue;
            }
            let latency_ns = routes.latency_part_ns(through_ns);
            if latency_ns > self.limit_ns || through_ns == u64::MAX {
                self.beyond_ns = self.beyond_ns.min(latency_ns);
                continue;
            }
            if self.bandwidth_bps > 0.0 {
                let step = if side == Side::Start { edge.step } else { network.turned(edge.step) };
                if !has_left(network, booked_bps, step.channel, self.bandwidth_bps) {
                    self.narrow = true;
                    continue;
                }
            }
            self.marks[own][edge.to as usize] =
                Mark { generation: self.generation, edge: index, from: node, cost_ns: through_ns };
            self.frontiers[own].push(Reverse((through_ns, edge.to)));
            let met = self.marks[other][edge.to as usize];
            if met.generation == self.generation {
                let total_ns = through_ns.saturating_add(met.cost_ns);
                let latency_ns = routes.latency_part_ns(total_ns);
                if latency_ns > self.limit_ns {
                    self.beyond_ns = self.beyond_ns.min(latency_ns);
                } else if self.met.is_none_or(|(least_ns, _)| total_ns < least_ns) {
                    self.met = Some((total_ns, edge.to));
                }
            }
        }
    }

    /// Searches from both ends until nothing better can be found. The node at which they meet.
    fn meet(
        &mut self,
        network: &Network,
        booked_bps: &[f64],
        (from, to): (NodeId, NodeId),
        ask: Ask,
    ) -> Option<u32> {
        self.start(network, from, ask);
        self.begin(network, Side::End, to);
        let has_detours = network.routes.has_detours();
        while let (Some(start), Some(end)) = (self.peek(Side::Start), self.peek(Side::End)) {
            // What is not found yet costs at least as much.
            let least_ns = start.0.saturating_add(end.0);
            if self.met.is_some_and(|(met_ns, _)| met_ns <= least_ns) {
                break;
            }
            // Where links are avoided, what costs more may be shorter.
            if !has_detours && least_ns > self.limit_ns {
                self.beyond_ns = self.beyond_ns.min(least_ns);
                break;
            }
            let (side, (cost_ns, node)) =
                if start.0 <= end.0 { (Side::Start, start) } else { (Side::End, end) };
            self.expand(network, booked_bps, side, node, cost_ns);
        }
        self.met.map(|(_, node)| node)
    }

    /// Whether the last search met links that were too narrow, or radios: without them its way is as short as any.
    pub(in crate::infra) fn met_narrow_links(&self) -> bool {
        self.narrow
    }

    /// Finds the way of least latency between two ends that satisfies `ask`, and puts its links into `steps`, in order.
    /// Returns its latency in nanoseconds, radios included.
    ///
    /// # Errors
    /// Why there is none.
    pub(in crate::infra) fn find(
        &mut self,
        network: &Network,
        booked_bps: &[f64],
        (from, to): (Endpoint, Endpoint),
        ask: Ask,
        steps: &mut Vec<WayStep>,
    ) -> Result<u64, NoWay> {
        steps.clear();
        let radios = [
            from.radio.map(|link| radio_step(network, link, Direction::Back)),
            to.radio.map(|link| radio_step(network, link, Direction::Forth)),
        ];
        let radios_ns: u64 = radios
            .iter()
            .flatten()
            .map(|step| network.links[step.link.index()].latency.as_nanos())
            .sum();
        if radios_ns > ask.limit_ns {
            return Err(NoWay::TooLong(radios_ns));
        }
        if let [Some(up), Some(down)] = radios {
            // Both ends on one half-duplex radio take its bandwidth twice.
            let twice = if up.channel == down.channel { 2.0 } else { 1.0 };
            let wide =
                |step: WayStep| has_left(network, booked_bps, step.channel, ask.bandwidth_bps * twice);
            if !wide(up) || !wide(down) {
                return Err(NoWay::Narrow);
            }
        } else if let Some(step) = radios.into_iter().flatten().next()
            && !has_left(network, booked_bps, step.channel, ask.bandwidth_bps)
        {
            return Err(NoWay::Narrow);
        }
        steps.extend(radios[0]);
        self.narrow = false;
        if from.site != to.site {
            let ask = Ask { limit_ns: ask.limit_ns - radios_ns, ..ask };
            let Some(met) = self.meet(network, booked_bps, (from.site, to.site), ask) else {
                steps.clear();
                return Err(if self.narrow {
                    NoWay::Narrow
                } else if self.beyond_ns < u64::MAX && network.routes.is_connected(from.site, to.site) {
                    NoWay::TooLong(self.beyond_ns + radios_ns)
                } else {
                    NoWay::Unreachable
                });
            };
            let first = steps.len();
            let mut node = met;
            while node != from.site.0 {
                let mark = self.marks[Side::Start as usize][node as usize];
                steps.push(self.edges[mark.edge as usize].step);
                node = mark.from;
            }
            steps[first..].reverse();
            node = met;
            while node != to.site.0 {
                let mark = self.marks[Side::End as usize][node as usize];
                steps.push(network.turned(self.edges[mark.edge as usize].step));
                node = mark.from;
            }
        } else if !network.routes.node_is_up(from.site) {
            steps.clear();
            return Err(NoWay::Unreachable);
        }
        self.narrow |= radios.iter().any(Option::is_some);
        steps.extend(radios[1]);
        Ok(network.way_latency_ns(steps))
    }
}

/// The radio of a device as a part of a way.
pub(in crate::infra) fn radio_step(network: &Network, link: LinkId, direction: Direction) -> WayStep {
    let channels = network.links[link.index()].channels;
    WayStep { link, direction, channel: channels[usize::from(direction == Direction::Back)] }
}

/// Whether a channel has so much left beside what is booked.
pub(in crate::infra) fn has_left(
    network: &Network,
    booked_bps: &[f64],
    channel: ChannelId,
    bandwidth_bps: f64,
) -> bool {
    let offered_bps = network.channel_bandwidth_bps(channel);
    bandwidth_bps <= offered_bps * (1.0 + HAIR) - booked_bps[channel.0 as usize]
}

impl Network {
    /// Number of channels: directions of links.
    pub(in crate::infra) fn channels(&self) -> usize {
        self.channels.len()
    }

    /// The present bandwidth of a channel.
    pub(in crate::infra) fn channel_bandwidth_bps(&self, channel: ChannelId) -> f64 {
        self.channels[channel.0 as usize].bandwidth_bps
    }

    /// The same link in the other direction.
    pub(in crate::infra) fn turned(&self, step: WayStep) -> WayStep {
        let is_back = step.direction == Direction::Back;
        let direction = if is_back { Direction::Forth } else { Direction::Back };
        let channel = self.links[step.link.index()].channels[usize::from(!is_back)];
        WayStep { direction, channel, ..step }
    }

    /// The two directions of a link.
    pub(in crate::infra) fn channels_of(&self, link: LinkId) -> [ChannelId; 2] {
        self.links[link.index()].channels
    }

    /// The present latency of a way, whether it works or not.
    pub(in crate::infra) fn way_latency_ns(&self, steps: &[WayStep]) -> u64 {
        steps.iter().map(|step| self.links[step.link.index()].latency.as_nanos()).sum()
    }

    /// Whether all links of a way work, and the nodes between them.
    pub(in crate::infra) fn way_is_up(&self, steps: &[WayStep]) -> bool {
        steps.iter().all(|step| {
            let link = &self.links[step.link.index()];
            self.routes.link_is_up(step.link)
                && self.routes.node_is_up(link.a)
                && link.b.is_none_or(|b| self.routes.node_is_up(b))
        })
    }
}
