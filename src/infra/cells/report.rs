//! What is known of devices and cells after each period.

use super::super::geometry::Position;
use super::super::ids::{CellId, JammerId, NodeId};
use super::super::nr::{ChannelReport, Measurement};

/// One cell: a sector of a gNB on one of its carriers.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The gNB.
    pub site: NodeId,
    /// Number of the gNB among all gNBs, in the order of nodes.
    pub gnb: u32,
    /// Number of the sector at its gNB.
    pub sector: u16,
    /// Number of the carrier in [`CellularSpec::carriers`](super::CellularSpec::carriers).
    pub carrier: u16,
    /// Name: gNB, sector and carrier, such as `gnb-3/0/n78`.
    pub name: String,
    /// Whether the gNB works.
    pub is_up: bool,
}

/// What a device measures of a cell, after the filter of layer 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// The cell.
    pub cell: CellId,
    /// RSRP in dBm.
    pub rsrp_dbm: f64,
    /// RSRQ in dB.
    pub rsrq_db: f64,
    /// SINR in dB.
    pub sinr_db: f64,
}

/// One direction of a device's link over a period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkReport {
    /// Bits a second that it would have carried with the whole carrier.
    pub whole_bps: f64,
    /// Bits a second that it has carried, mean over the period.
    pub brate_bps: f64,
    /// Share of the carrier's resource blocks and slots that it has used, 0 to 1.
    pub airtime: f64,
    /// Mean quality indicator, 0 to 15.
    pub cqi: f64,
    /// Mean index of the coding scheme.
    pub mcs: f64,
    /// Layers.
    pub layers: u32,
    /// Transport blocks that were acknowledged: one for each slot in which it is served.
    pub ok: f64,
    /// Transport blocks that were not; over a link that carries nothing those of the lowest scheme, as long as there is anything
    /// to send.
    pub nok: f64,
    /// Transport blocks that were given up.
    pub lost: f64,
    /// Share of transmissions that were not acknowledged, 0 to 1: of those there were, or if there were none of those that
    /// there would have been; `None` if there would have been none either, over a link that carries nothing.
    pub block_error: Option<f64>,
    /// SINR of the data in dB.
    pub sinr_db: f64,
    /// Bytes of transfers that wait at the end of the period.
    pub waiting_bytes: f64,
}

/// A device and the cell that serves it, over a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServingReport {
    /// The cell at the end of the period.
    pub cell: CellId,
    /// Its gNB.
    pub site: NodeId,
    /// Distance between the antennas in metres.
    pub distance_m: f64,
    /// Whether there is a line of sight.
    pub line_of_sight: bool,
    /// What the device measures of it, before the filter of layer 3 and without the steps of reports.
    pub measured: Measurement,
    /// The strongest other cell, and its RSRP in dBm.
    pub neighbour: Option<(CellId, f64)>,
    /// Down.
    pub downlink: LinkReport,
    /// Up.
    pub uplink: LinkReport,
    /// Power of a resource element up in dBm, as the gNB receives it.
    pub pusch_rsrp_dbm: f64,
    /// Timing advance in nanoseconds: twice the distance over the speed of light.
    pub timing_advance_ns: f64,
    /// Power headroom in dB.
    pub headroom_db: f64,
    /// Losses and SINR of the channels.
    pub channels: ChannelReport,
    /// Seconds of the period in which nothing was sent: of a handover, or since the link failed.
    pub interrupted_s: f64,
}

/// A device over a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceReport {
    /// The device.
    pub device: NodeId,
    /// Whether it can be used; if not, nothing else means anything.
    pub is_available: bool,
    /// Where it is at the start of the period, when it measures; its height is that of the antenna.
    pub place: Position,
    /// Its speed there in metres a second.
    pub speed_m_per_s: f64,
    /// The cell and the link; `None` without one.
    pub serving: Option<ServingReport>,
    /// Bytes that were to be carried in both directions: background traffic that is not infinite, what transfers have
    /// carried, and what was still to be carried of those that were lost. What waits belongs to the period in which it is
    /// carried or lost.
    pub offered_bytes: f64,
    /// Bytes of it that have been carried.
    pub delivered_bytes: f64,
}

impl ServingReport {
    /// Share of the transport blocks of both directions that were acknowledged; `None` if none was sent, whatever waits.
    #[must_use]
    pub fn mac_pdr(&self) -> Option<f64> {
        let ok = self.downlink.ok + self.uplink.ok;
        let all = ok + self.downlink.nok + self.uplink.nok;
        (all > 0.0).then(|| ok / all)
    }
}

impl DeviceReport {
    /// Share of the bytes offered that were delivered; `None` if none were offered.
    #[must_use]
    pub fn ip_pdr(&self) -> Option<f64> {
        (self.offered_bytes > 0.0).then(|| self.delivered_bytes / self.offered_bytes)
    }
}

/// A cell over a period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CellReport {
    /// Devices that it serves at the end.
    pub users: u32,
    /// Devices of these that have anything to send or receive at the end.
    pub active: u32,
    /// Share of its resource blocks in use down and up, 0 to 1, background load not among them.
    pub prb_use: [f64; 2],
    /// Bits a second that it has carried down and up.
    pub carried_bps: [f64; 2],
    /// Acknowledged and not acknowledged blocks down.
    pub blocks_down: [f64; 2],
    /// By how much interference raises the noise of the gNB in dB, jammers not among it.
    pub noise_rise_db: f64,
    /// Changes of cell to it, those within its gNB among them.
    pub handovers_in: u32,
    /// Changes of cell from it.
    pub handovers_out: u32,
    /// Radio links that have failed.
    pub failures: u32,
    /// Tries of random access.
    pub access_attempts: u32,
    /// Those that failed.
    pub access_failures: u32,
    /// Devices that lost their connection: found no other cell in time, none strong enough, or none when their gNB failed.
    /// Those that have failed or left the world are not among them.
    pub drops: u32,
}

/// Why a device has another cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellCause {
    /// It had none and has selected one.
    Selected,
    /// By a handover.
    Handover,
    /// By a command.
    Commanded,
    /// Its radio link has failed; it searches for another.
    LinkFailure,
    /// It has found one after its link failed.
    Reestablished,
    /// It has found none in time, or its own has become too weak.
    Lost,
    /// Its gNB has failed.
    CellDown,
    /// It has gone to another access point (WiFi).
    Fallback,
    /// It has failed, has no energy, or has left the world.
    Left,
}

impl CellCause {
    /// All, in order.
    pub const ALL: [CellCause; 9] = [
        CellCause::Selected,
        CellCause::Handover,
        CellCause::Commanded,
        CellCause::LinkFailure,
        CellCause::Reestablished,
        CellCause::Lost,
        CellCause::CellDown,
        CellCause::Fallback,
        CellCause::Left,
    ];

    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            CellCause::Selected => "selected",
            CellCause::Handover => "handover",
            CellCause::Commanded => "commanded",
            CellCause::LinkFailure => "link_failure",
            CellCause::Reestablished => "reestablished",
            CellCause::Lost => "lost",
            CellCause::CellDown => "cell_down",
            CellCause::Fallback => "fallback",
            CellCause::Left => "left",
        }
    }
}

/// A device has another cell, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellChange {
    /// The device.
    pub device: NodeId,
    /// Its cell before.
    pub from: Option<CellId>,
    /// Its cell now.
    pub to: Option<CellId>,
    /// Why.
    pub cause: CellCause,
    /// Filtered RSRP in dBm of the cell before.
    pub rsrp_from_dbm: Option<f64>,
    /// Filtered RSRP in dBm of the cell now.
    pub rsrp_to_dbm: Option<f64>,
    /// Whether it is back where it was before the last handover, within the time of a ping-pong.
    pub ping_pong: bool,
    /// Seconds that it had the cell before.
    pub stayed_s: Option<f64>,
}

/// What has been counted from the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CellCounts {
    /// Seconds of available devices, summed up over devices: what shares of time are of.
    pub device_s: f64,
    /// Seconds of those with a cell.
    pub attached_s: f64,
    /// Seconds of those with neither a cell nor another access point.
    pub out_of_coverage_s: f64,
    /// Handovers, commanded ones among them, within gNBs and between them.
    pub handovers: u64,
    /// Those within a gNB.
    pub intra_site_changes: u64,
    /// Those back to the cell before in too short a time.
    pub ping_pongs: u64,
    /// Those that failed at the random access.
    pub handover_failures: u64,
    /// Radio links that have failed.
    pub link_failures: u64,
    /// Those after which another cell was found.
    pub reestablished: u64,
    /// Those after which no cell was found in time.
    pub lost: u64,
    /// Seconds in which nothing was sent because of handovers and failed links, summed up over devices.
    pub interruption_s: f64,
    /// Stays at a cell that have ended.
    pub stays: u64,
    /// Seconds of these.
    pub stayed_s: f64,
    /// Devices that never had a cell, at the end of the run.
    pub never_attached: u32,
    /// The strongest RSRP in dBm that one of them has seen; minus infinity without any.
    pub strongest_unserved_dbm: f64,
}

/// A jammer as others see it.
#[derive(Clone, Debug, PartialEq)]
pub struct JammerView {
    /// Its number.
    pub id: JammerId,
    /// Its name.
    pub name: String,
    /// Name of its kind.
    pub kind: &'static str,
    /// Whether it is switched on.
    pub is_on: bool,
    /// Whether it can move.
    pub moves: bool,
    /// Where it was in the middle of the present period.
    pub place: Position,
    /// Power that it radiates while it is on, in dBm: the greatest of its levels.
    pub eirp_dbm: f64,
}

/// What others can tell a device to do with its radio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RadioCommand {
    /// Go to this cell.
    HandOver(CellId),
    /// Go to the carrier of this number at the same gNB and sector.
    Carrier(u16),
    /// Go to an access point that is no gNB (WiFi), as long as it is in its range.
    AccessPoint(NodeId),
    /// Have neither a cell nor an access point for so long.
    Detach {
        /// Seconds, 0 or more.
        seconds: f64,
    },
    /// Do not choose a cell for so long, nor follow a command to go there; the device leaves it only by another command.
    Bar {
        /// The cell.
        cell: CellId,
        /// Seconds, 0 or more.
        seconds: f64,
    },
}

/// Why a device does not do what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RadioRefusal {
    /// It is no device of 5G, or there are no cells.
    #[error("the device has no radio for cells")]
    NotWireless,
    /// There is no such cell, carrier or access point.
    #[error("there is no such cell or access point")]
    NoSuchCell,
    /// The gNB or access point does not work.
    #[error("the cell or access point does not work")]
    CellDown,
    /// It receives too little of it.
    #[error("the cell or access point is out of range")]
    OutOfRange,
    /// It was told not to choose the cell for a time that is not over.
    #[error("the cell is barred for the device")]
    Barred,
    /// It is there already.
    #[error("the device is there already")]
    Same,
    /// The device itself does not work, is not in the world or searches for a cell after its link failed.
    #[error("the device cannot follow commands now")]
    Failed,
}
