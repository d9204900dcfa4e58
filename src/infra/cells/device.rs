//! What is kept of each device.

use super::super::geometry::Position;
use super::super::ids::CellId;
use super::super::nr::{ChannelReport, LargeScaleFading, LinkOutcome, Measurement};
use super::truth::Truth;
use crate::engine::{EntityStream, SimTime};
use smallvec::SmallVec;

/// A device and a site that it has been near to. Kept for good, so that its stream goes on where it was.
#[derive(Clone, Debug)]
pub(super) struct SiteLink {
    pub(super) gnb: u32,
    pub(super) fading: LargeScaleFading,
    pub(super) random: EntityStream,
    /// Where the device was when its fading was last moved.
    pub(super) place: Position,
    pub(super) line_of_sight: bool,
}

/// A cell that a device receives.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeardCell {
    pub(super) cell: CellId,
    /// Milliwatts over the whole carrier, at full load.
    pub(super) received_mw: f64,
    pub(super) rsrp_dbm: f64,
    /// RSRP after the filter; not a number before the first measurement.
    pub(super) filtered_dbm: f64,
}

/// A device's link to its cell in the present period.
#[derive(Clone, Debug)]
pub(in crate::infra) struct Link {
    /// Down and up, with the whole carrier.
    pub(super) whole: [LinkOutcome; 2],
    pub(super) measured: Measurement,
    /// Losses and SINR of the channels.
    pub(in crate::infra) channels: ChannelReport,
    pub(super) distance_m: f64,
    pub(super) line_of_sight: bool,
    /// Path loss between the antennas' connectors in dB: what power control goes by.
    pub(super) coupling_db: f64,
    /// Resource blocks for which the device has the power.
    pub(super) affordable_blocks: u32,
    /// Milliwatts that the device would send over the whole carrier with the density that it sends with.
    pub(super) density_mw: f64,
    /// Milliwatts of these that arrive.
    pub(super) arrives_mw: f64,
    pub(super) truth: Option<Truth>,
}

/// What a device has done in the present period so far, by direction where there are two.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Bits of transfers and of background traffic that were carried.
    pub(super) transfer_bits: [f64; 2],
    pub(super) background_bits: [f64; 2],
    /// Seconds of a whole carrier.
    pub(super) airtime_s: [f64; 2],
    pub(super) ok: [f64; 2],
    pub(super) nok: [f64; 2],
    pub(super) lost: [f64; 2],
    pub(super) interrupted_s: f64,
}

/// A device.
#[derive(Debug)]
pub(super) struct DeviceState {
    /// Number of its class among those of devices.
    pub(super) class: u32,
    /// Antenna gain less the loss of what surrounds it, in dB, by carrier.
    pub(super) gains_db: SmallVec<[f64; 2]>,
    /// Factor by which its receiver raises noise.
    pub(super) noise_factor: f64,
    /// Whether it was in the world at the last measurement.
    pub(super) is_here: bool,
    /// Its antenna at the last measurement.
    pub(super) place: Position,
    pub(super) speed_m_per_s: f64,
    /// Where it has looked for its near sites.
    pub(super) looked: Option<Position>,
    /// How often gNBs had failed or been repaired by then.
    pub(super) seen_switches: u32,
    /// By gNB.
    pub(super) links: Vec<SiteLink>,
    /// Places of the near ones in `links`.
    pub(super) near: Vec<u32>,
    /// The cells of near sites, in their order.
    pub(super) heard: Vec<HeardCell>,
    /// All other sites in milliwatts, by carrier.
    pub(super) far_mw: SmallVec<[f64; 2]>,
    pub(super) serving: Option<CellId>,
    pub(super) link: Option<Link>,
    pub(super) random: EntityStream,
    /// Since when nothing is sent.
    pub(super) interrupted: Option<SimTime>,
    /// Transfers that send, down and up.
    pub(super) flows: [usize; 2],
    /// Whether transfers have been there in this period.
    pub(super) has_carried: bool,
    /// Bytes that its own channels had carried when that was last looked at.
    pub(super) carried_bytes: [f64; 2],
    /// Bytes that its lost transfers had still to carry, at the end of the last period.
    pub(super) lost_bytes: f64,
    /// Bits a second of background traffic that are carried at present.
    pub(super) background_bps: [f64; 2],
    /// Shares of its cell that it has at present.
    pub(super) shares: [f64; 2],
    /// Share of its cell's slots in which it is granted the lowest scheme at present, all in vain: it has something to send over
    /// a link that carries nothing.
    pub(super) in_vain: [f64; 2],
    /// Seconds of all slots of that up to the time below that are not in the tally.
    pub(super) in_vain_s: [f64; 2],
    /// Bits of background traffic up to the time below that are not in the tally.
    pub(super) pending_bits: [f64; 2],
    pub(super) accrued: SimTime,
    pub(super) tally: Tally,
    /// Share of the last period in which it has sent or received.
    pub(super) activity: f64,
    pub(super) was_served: bool,
    pub(super) strongest_dbm: f64,
    /// Errors of its measurements of the serving cell in dB: RSRP, RSRQ, SINR, SNR of data and of control up.
    pub(super) errors_db: [f64; 5],
}

impl DeviceState {
    pub(super) fn new(
        class: u32,
        noise_factor: f64,
        gains_db: SmallVec<[f64; 2]>,
        random: EntityStream,
    ) -> Self {
        DeviceState {
            class,
            noise_factor,
            far_mw: gains_db.iter().map(|_| 0.0).collect(),
            gains_db,
            is_here: false,
            place: Position::default(),
            speed_m_per_s: 0.0,
            looked: None,
            seen_switches: 0,
            links: Vec::new(),
            near: Vec::new(),
            heard: Vec::new(),
            serving: None,
            link: None,
            random,
            interrupted: None,
            flows: [0; 2],
            has_carried: false,
            carried_bytes: [0.0; 2],
            lost_bytes: 0.0,
            background_bps: [0.0; 2],
            shares: [0.0; 2],
            in_vain: [0.0; 2],
            in_vain_s: [0.0; 2],
            pending_bits: [0.0; 2],
            accrued: SimTime::ZERO,
            tally: Tally::default(),
            activity: 0.0,
            was_served: false,
            strongest_dbm: f64::NEG_INFINITY,
            errors_db: [0.0; 5],
        }
    }

    /// What it hears of a cell, if that is near.
    pub(super) fn heard_of(&self, cell: CellId) -> Option<&HeardCell> {
        let place = self.heard.binary_search_by_key(&cell, |own| own.cell).ok()?;
        Some(&self.heard[place])
    }
}
