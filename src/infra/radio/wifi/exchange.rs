//! How long a frame and its acknowledgement occupy the channel (IEEE Std 802.11-2016, table 17-21, clauses 9, 10, 19 and 21).
//!
//! All at 5 GHz: slots of 9 us, SIFS of 16 us. A sender waits DIFS (802.11a) or the AIFS of best effort (802.11n and ac),
//! sends, and is acknowledged after SIFS: by an ACK, or a compressed block ack of an aggregate. Nothing else is reserved: no
//! RTS and CTS. Backoff is a matter of [contention](super::contention).

use super::standard::{Mode, Phy, Standard};

/// Bytes of a packet that are carried for whoever sends: 1500 less the headers of IP and UDP.
pub const PAYLOAD_BYTES: f64 = 1472.0;

/// IP, UDP, and LLC with SNAP.
const UPPER_HEADERS_BYTES: u32 = 20 + 8 + 8;
/// Header of 802.11 with the check sequence, and what quality of service adds.
const HEADER_BYTES: u32 = 24 + 4;
const QOS_BYTES: u32 = 2;
/// Delimiter of a frame in an aggregate, which is padded to whole words.
const DELIMITER_BYTES: u32 = 4;
/// Longest aggregate in bytes, and in frames.
const MOST_AGGREGATE_BYTES: u32 = 65_535;
const MOST_AGGREGATE_FRAMES: u32 = 64;
/// Longest transmission: aPPDUMaxTime.
const MOST_AIRTIME_S: f64 = 5.484e-3;
const ACK_BYTES: u32 = 14;
const BLOCK_ACK_BYTES: u32 = 32;
/// The service field, and the tail of each encoder.
const SERVICE_BITS: u32 = 16;
const TAIL_BITS: u32 = 6;

/// Seconds of a slot, and the two spaces between frames.
pub(super) const SLOT_S: f64 = 9e-6;
const SIFS_S: f64 = 16e-6;
const DIFS_S: f64 = SIFS_S + 2.0 * SLOT_S;
const AIFS_S: f64 = SIFS_S + 3.0 * SLOT_S;
/// Preamble and signal field of 802.11a, and its symbol.
const LEGACY_PREAMBLE_S: f64 = 20e-6;
const LEGACY_SYMBOL_S: f64 = 4e-6;

/// A frame or aggregate with its acknowledgement, on average over what the sender's adaptation of rates does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Exchange {
    /// Seconds for which the channel is not free for others, from the end of one exchange to that of this one, backoff left
    /// out.
    pub busy_s: f64,
    /// Bytes of payload that are sent.
    pub payload_bytes: f64,
    /// Bytes of payload that arrive.
    pub delivered_bytes: f64,
    /// Frames in it.
    pub frames: f64,
    /// Probability that nothing of it arrives, so that the sender doubles its contention window.
    pub failure: f64,
}

impl Exchange {
    /// As many frames as an aggregate holds, or one in 802.11a. Nothing of it is lost.
    #[must_use]
    pub fn whole(phy: &Phy, mode: &Mode) -> Self {
        if phy.standard() == Standard::A {
            return Exchange::single(phy, mode);
        }
        let frame_bits = 8 * subframe_bytes();
        let airtime_s = MOST_AIRTIME_S - preamble_s(phy);
        let symbols = (airtime_s / phy.symbol_s()).floor() as u32;
        let overhead = SERVICE_BITS + TAIL_BITS;
        let by_time = (symbols * mode.bits_per_symbol).saturating_sub(overhead) / frame_bits;
        let by_bytes = MOST_AGGREGATE_BYTES / subframe_bytes();
        let frames = by_time.min(by_bytes).clamp(1, MOST_AGGREGATE_FRAMES);
        Exchange::of(phy, mode, frames)
    }

    /// A single frame.
    #[must_use]
    pub fn single(phy: &Phy, mode: &Mode) -> Self {
        Exchange::of(phy, mode, 1)
    }

    fn of(phy: &Phy, mode: &Mode, frames: u32) -> Self {
        let legacy = phy.standard() == Standard::A;
        let bytes = match (legacy, frames) {
            (true, _) | (false, 1) => frame_bytes(phy.standard()),
            _ => frames * subframe_bytes(),
        };
        let bits = SERVICE_BITS + TAIL_BITS + 8 * bytes;
        let data_s = preamble_s(phy) + f64::from(bits.div_ceil(mode.bits_per_symbol)) * phy.symbol_s();
        let answer_bytes = if frames > 1 { BLOCK_ACK_BYTES } else { ACK_BYTES };
        let space_s = if legacy { DIFS_S } else { AIFS_S };
        let payload_bytes = f64::from(frames) * PAYLOAD_BYTES;
        Exchange {
            busy_s: space_s + data_s + SIFS_S + answer_s(phy, mode, answer_bytes),
            payload_bytes,
            delivered_bytes: payload_bytes,
            frames: f64::from(frames),
            failure: 0.0,
        }
    }

    /// The same where each frame is lost with this probability.
    #[must_use]
    pub fn with_losses(self, frame_error: f64) -> Self {
        Exchange {
            delivered_bytes: self.delivered_bytes * (1.0 - frame_error),
            failure: frame_error.powf(self.frames),
            ..self
        }
    }

    /// A mean of two, of which the other one has this share.
    #[must_use]
    pub fn mixed(self, other: Exchange, share: f64) -> Self {
        let mix = |own: f64, other: f64| (1.0 - share) * own + share * other;
        Exchange {
            busy_s: mix(self.busy_s, other.busy_s),
            payload_bytes: mix(self.payload_bytes, other.payload_bytes),
            delivered_bytes: mix(self.delivered_bytes, other.delivered_bytes),
            frames: mix(self.frames, other.frames),
            failure: mix(self.failure, other.failure),
        }
    }

    /// Share of the payload that is lost and sent again.
    #[must_use]
    pub fn error(&self) -> f64 {
        if self.payload_bytes > 0.0 { 1.0 - self.delivered_bytes / self.payload_bytes } else { 1.0 }
    }
}

/// Bytes of a frame with a full packet.
pub(super) fn frame_bytes(standard: Standard) -> u32 {
    let quality = if standard == Standard::A { 0 } else { QOS_BYTES };
    PAYLOAD_BYTES as u32 + UPPER_HEADERS_BYTES + HEADER_BYTES + quality
}

/// Bytes of such a frame in an aggregate.
fn subframe_bytes() -> u32 {
    (DELIMITER_BYTES + frame_bytes(Standard::N)).next_multiple_of(4)
}

/// Seconds of preamble and signal fields.
fn preamble_s(phy: &Phy) -> f64 {
    // Long training fields: one, two, four and four for one to four streams.
    let training = match phy.streams() {
        0 | 1 => 1.0,
        2 => 2.0,
        _ => 4.0,
    };
    match phy.standard() {
        Standard::A => LEGACY_PREAMBLE_S,
        // Two symbols of HT-SIG and the short training field.
        Standard::N => LEGACY_PREAMBLE_S + 8e-6 + 4e-6 + 4e-6 * training,
        // Two symbols of VHT-SIG-A, the short training field, VHT-SIG-B.
        Standard::Ac => LEGACY_PREAMBLE_S + 8e-6 + 4e-6 + 4e-6 * training + 4e-6,
    }
}

/// Seconds of an acknowledgement, sent as 802.11a at the highest mandatory rate - 6, 12 or 24 Mbit/s - that is not above that
/// of the data in a single stream (10.7.6.5).
fn answer_s(phy: &Phy, mode: &Mode, bytes: u32) -> f64 {
    let data_mbps = mode.rate_bps / 1e6 / f64::from(phy.streams());
    let bits_per_symbol = match (phy.standard(), mode.index) {
        (Standard::A, _) if data_mbps < 12.0 => 24,
        (Standard::A, _) if data_mbps < 24.0 => 48,
        // By modulation and code: BPSK 1/2, QPSK, 16QAM and more.
        (Standard::N | Standard::Ac, 0) => 24,
        (Standard::N | Standard::Ac, 1 | 2) => 48,
        _ => 96,
    };
    let symbols = (SERVICE_BITS + TAIL_BITS + 8 * bytes).div_ceil(bits_per_symbol);
    LEGACY_PREAMBLE_S + f64::from(symbols) * LEGACY_SYMBOL_S
}
