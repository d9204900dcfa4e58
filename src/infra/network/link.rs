//! Links and their models: how long bytes take on one.

use super::delay::DelayModel;
use crate::engine::{SimDuration, SimTime};
use crate::infra::ids::NodeId;

/// What kind of network a link belongs to, by which delays and refusals are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkClass {
    /// Wireless access by access points.
    Wlan,
    /// The network between the sites of a city or region.
    Man,
    /// The way to distant datacenters.
    Wan,
    /// A cellular network.
    Cellular,
}

impl NetworkClass {
    /// All classes, in order.
    pub const ALL: [NetworkClass; 4] =
        [NetworkClass::Wlan, NetworkClass::Man, NetworkClass::Wan, NetworkClass::Cellular];

    /// The name in scenarios, tables and summaries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            NetworkClass::Wlan => "wlan",
            NetworkClass::Man => "man",
            NetworkClass::Wan => "wan",
            NetworkClass::Cellular => "cellular",
        }
    }
}

/// How a link serves the transfers that are on it at the same time.
#[derive(Clone, Debug)]
pub enum LinkModel {
    /// Each transfer has the whole bandwidth to itself: latency plus size / bandwidth.
    Unshared,
    /// The transfers share the bandwidth max-min fairly over all links of their ways.
    FairShare,
    /// A message waits as in an M/M/1 queue, [`Mm1`].
    Mm1(Mm1),
    /// A delay that is fixed when a message enters the link, by a [`DelayModel`]. A way with such a link on
    /// it is taken hop by hop: a message is on one link at a time.
    Delay(Box<dyn DelayModel>),
}

/// An M/M/1 link: a message of x bits takes `x / B` to send after a wait of `rho / (1 - rho) * s / B`,
/// where s is the mean size of the messages and rho the load, so that the mean sojourn is
/// `1 / (mu - lambda)` with `mu = B / s` and `lambda = rho * mu` (Kleinrock 1975, section 3.2).
/// At a load of one and more the queue is unstable and new messages are refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mm1 {
    /// Load by traffic outside the simulation, in 0..1.
    pub background_load: f64,
    /// Mean size of the messages in bytes; `None` to measure it.
    pub mean_message_bytes: Option<f64>,
    /// Time constant of the exponential window in which load and size are measured; zero to take only
    /// the background.
    pub window_s: f64,
}

/// Properties of a duplex link.
#[derive(Clone, Debug)]
pub struct LinkSpec {
    /// One end.
    pub a: NodeId,
    /// The other end.
    pub b: NodeId,
    /// Propagation delay, one way.
    pub latency: SimDuration,
    /// Bits a second from `a` to `b`, and as many back.
    pub bandwidth_bps: f64,
    /// How transfers share it.
    pub model: LinkModel,
    /// The model of what goes from `b` to `a`, or of a pool of what devices receive, if it is another one.
    pub back_model: Option<LinkModel>,
    /// Transfers that may be on it at once in each direction; more are refused for bandwidth.
    pub transfer_limit: usize,
    /// The network it is counted to.
    pub class: NetworkClass,
    /// Whether ways to other nodes than its ends may pass it; if not, they do only where there is no other way.
    pub transit: bool,
    /// The links of one pool are one queue in each direction: one for what devices send, one for what they
    /// receive. All of them have the bandwidth, the model and the energy of the first one.
    pub pool: Option<u32>,
    /// Joules for each byte that it carries, in either direction.
    pub energy_j_per_byte: f64,
}

impl LinkSpec {
    /// A link of `bandwidth_bps` bits a second in each direction that its transfers share max-min fairly,
    /// any number of them.
    ///
    /// ```
    /// use stratosim::engine::SimDuration;
    /// use stratosim::infra::{NodeId, network::LinkModel, network::LinkSpec};
    /// let link = LinkSpec::new(NodeId(0), NodeId(1), SimDuration::from_secs(0.015), 1e9);
    /// assert_eq!((link.b, link.bandwidth_bps), (NodeId(1), 1e9));
    /// assert!(matches!(link.model, LinkModel::FairShare));
    /// ```
    #[must_use]
    pub fn new(a: NodeId, b: NodeId, latency: SimDuration, bandwidth_bps: f64) -> Self {
        let (model, transfer_limit) = (LinkModel::FairShare, usize::MAX);
        let (class, pool) = (NetworkClass::Man, None);
        let back_model = None;
        LinkSpec {
            a,
            b,
            latency,
            bandwidth_bps,
            model,
            back_model,
            transfer_limit,
            class,
            transit: true,
            pool,
            energy_j_per_byte: 0.0,
        }
    }
}

/// What the fixed end of a radio draws for what it carries: an access point or a base station.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RadioEnergy {
    /// Joules for each byte that devices send.
    pub uplink_j_per_byte: f64,
    /// Joules for each byte that devices receive.
    pub downlink_j_per_byte: f64,
}

impl RadioEnergy {
    /// Whether it draws anything.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.uplink_j_per_byte > 0.0 || self.downlink_j_per_byte > 0.0
    }
}

/// The radio of an access point, shared by the devices that are attached to it.
#[derive(Clone, Debug)]
pub struct RadioSpec {
    /// Bits a second from all devices together.
    pub uplink_bps: f64,
    /// Bits a second to all devices together.
    pub downlink_bps: f64,
    /// Whether both directions share one channel (WiFi) of `uplink_bps`.
    pub half_duplex: bool,
    /// Delay of the radio hop, one way.
    pub latency: SimDuration,
    /// How transfers share it.
    pub model: LinkModel,
    /// The model of what goes to devices, if it is another one.
    pub down_model: Option<LinkModel>,
    /// Transfers that may be on it at once in each direction; more are refused for bandwidth.
    pub transfer_limit: usize,
    /// The network it is counted to.
    pub class: NetworkClass,
    /// What the access point draws for what it carries.
    pub energy: RadioEnergy,
    /// Watts that the access point draws for it as long as it works.
    pub idle_w: f64,
}

/// Who reaches the far end over a [`DirectSpec`] by one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectScope {
    /// All devices by the same, wherever they are.
    Everywhere,
    /// The devices of each access point by one of its own.
    AccessPoint,
}

/// A network that leads from devices to nodes directly, beside their access points: a cellular network, or
/// a way to the cloud that was measured from end to end.
#[derive(Clone, Debug)]
pub struct DirectSpec {
    /// Its name; of several access points, theirs is added.
    pub name: String,
    /// The network it is counted to.
    pub class: NetworkClass,
    /// The nodes it leads to.
    pub targets: Vec<NodeId>,
    /// Who shares a queue.
    pub scope: DirectScope,
    /// Bits a second from the devices together.
    pub uplink_bps: f64,
    /// Bits a second to the devices together.
    pub downlink_bps: f64,
    /// Whether both directions share one channel of `uplink_bps`.
    pub half_duplex: bool,
    /// Propagation delay, one way.
    pub latency: SimDuration,
    /// How transfers share it.
    pub model: LinkModel,
    /// The model of what goes to devices, if it is another one.
    pub down_model: Option<LinkModel>,
    /// Transfers that may be on it at once in each direction; more are refused for bandwidth.
    pub transfer_limit: usize,
    /// What its fixed end draws for what it carries.
    pub energy: RadioEnergy,
}

/// What an M/M/1 link has seen lately: rates that decay with the window's time constant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrivals {
    bytes_per_s: f64,
    messages_per_s: f64,
    since: SimTime,
}

impl Arrivals {
    fn at(&self, now: SimTime, window_s: f64) -> (f64, f64) {
        let left = (-now.since(self.since).as_secs() / window_s).exp();
        (self.bytes_per_s * left, self.messages_per_s * left)
    }

    pub(super) fn add(&mut self, now: SimTime, window_s: f64, bytes: f64) {
        if window_s > 0.0 {
            let (bytes_per_s, messages_per_s) = self.at(now, window_s);
            self.bytes_per_s = bytes_per_s + bytes / window_s;
            self.messages_per_s = messages_per_s + 1.0 / window_s;
            self.since = now;
        }
    }

    /// Load in 0.. and mean message in bytes.
    pub(super) fn load(&self, now: SimTime, mm1: &Mm1, bandwidth_bps: f64, bytes: f64) -> (f64, f64) {
        let (bytes_per_s, messages_per_s) =
            if mm1.window_s > 0.0 { self.at(now, mm1.window_s) } else { (0.0, 0.0) };
        let measured = if messages_per_s > 0.0 { bytes_per_s / messages_per_s } else { bytes };
        let load = mm1.background_load + 8.0 * bytes_per_s / bandwidth_bps;
        (load, mm1.mean_message_bytes.unwrap_or(measured))
    }

    /// Seconds from the arrival of a message of `bytes` to its end; `None` if the queue is unstable.
    pub(super) fn delay_s(
        &self,
        now: SimTime,
        mm1: &Mm1,
        bandwidth_bps: f64,
        bytes: f64,
    ) -> Option<f64> {
        let (load, mean_bytes) = self.load(now, mm1, bandwidth_bps, bytes);
        (load < 1.0).then(|| 8.0 * (bytes + load / (1.0 - load) * mean_bytes) / bandwidth_bps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Distribution, RandomStreams, Summary};

    #[test]
    fn background_load_gives_the_closed_form() {
        // mu = 10 Mbit/s / 1 Mbit = 10/s, lambda = 6/s: 1 / (mu - lambda) = 0.25 s for a mean message.
        let mm1 = Mm1 { background_load: 0.6, mean_message_bytes: Some(125_000.0), window_s: 0.0 };
        let delay = Arrivals::default().delay_s(SimTime::ZERO, &mm1, 10e6, 125_000.0);
        assert!((delay.unwrap() - 0.25).abs() < 1e-12);
        let full = Mm1 { background_load: 1.0, ..mm1 };
        assert_eq!(Arrivals::default().delay_s(SimTime::ZERO, &full, 10e6, 1.0), None);
    }

    #[test]
    fn measured_arrivals_come_to_the_closed_form() {
        let mm1 = Mm1 { background_load: 0.0, mean_message_bytes: None, window_s: 1000.0 };
        let streams = RandomStreams::new(5);
        let (mut gaps, mut sizes) = (streams.stream("gaps"), streams.stream("sizes"));
        let gap = Distribution::exponential(1.0 / 6.0).unwrap();
        let size = Distribution::exponential(125_000.0).unwrap();
        let (mut now, mut arrivals, mut delays) =
            (SimTime::ZERO, Arrivals::default(), Summary::default());
        for index in 0..200_000 {
            now += SimDuration::from_secs(gap.sample(&mut gaps));
            let bytes = size.sample(&mut sizes);
            // The first windows fill the measurement.
            if index > 50_000 {
                delays.add(arrivals.delay_s(now, &mm1, 10e6, bytes).unwrap());
            }
            arrivals.add(now, mm1.window_s, bytes);
        }
        assert!((delays.mean() - 0.25).abs() < 0.01, "{}", delays.mean());
    }
}
