//! What others are told of WiFi.

use super::WifiLink;
use crate::infra::ids::NodeId;

/// What a station has sent and received in a period, to it and from it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkTally {
    /// Bytes that were carried.
    pub bytes: [f64; 2],
    /// Seconds of its exchanges on the channel, collisions left out.
    pub airtime_s: [f64; 2],
}

impl LinkTally {
    /// Counts bytes that were carried by a link.
    pub(super) fn add(&mut self, direction: usize, bytes: f64, link: &WifiLink) {
        let exchange = &link.exchange;
        self.bytes[direction] += bytes;
        self.airtime_s[direction] += bytes / exchange.delivered_bytes * exchange.busy_s;
    }
}

/// What is known of a station at the end of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StationReport {
    /// The station.
    pub device: NodeId,
    /// Whether it could be used at the end.
    pub is_available: bool,
    /// The access point that it is associated with at the end, and its channel.
    pub serving: Option<(NodeId, u16)>,
    /// Its link to that, to it and from it, as at the last measurement; none if it is not heard.
    pub links: Option<[WifiLink; 2]>,
    /// Metres between the antennas at the start of the period, or when it has come.
    pub distance_m: f64,
    /// What it has carried.
    pub tally: LinkTally,
    /// Bytes of its transfers that wait at the end, to it and from it.
    pub waiting_bytes: [f64; 2],
    /// Bytes that were lost with transfers in the period.
    pub lost_bytes: f64,
}

/// What is counted over the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WifiCounts {
    /// Seconds of stations that could be used, and of those associated.
    pub station_s: f64,
    /// Seconds of associated stations.
    pub associated_s: f64,
    /// Associations, from nowhere or from another access point.
    pub associations: u64,
    /// Of these from another access point.
    pub roams: u64,
    /// Joules that radios of stations have drawn.
    pub radio_j: f64,
    /// Stations that never were associated, and the greatest power in dBm that one of them has received.
    pub never_associated: usize,
    /// Greatest power in dBm that a station has received that never was associated; minus infinity without any.
    pub strongest_unserved_dbm: f64,
}
