//! 802.11a, n and ac: modes and rates (IEEE Std 802.11-2016, clauses 17, 19 and 21).

use super::exchange::Exchange;
use smallvec::SmallVec;

/// What makes no WiFi.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WifiError {
    /// A width that a standard does not have.
    #[error("{standard} has no channels of {width_mhz} MHz")]
    Width {
        /// The standard.
        standard: &'static str,
        /// The width in megahertz.
        width_mhz: u32,
    },
    /// Streams that a standard does not have.
    #[error("{standard} has 1 to {most} spatial streams, not {streams}")]
    Streams {
        /// The standard.
        standard: &'static str,
        /// The streams.
        streams: u32,
        /// How many there can be.
        most: u32,
    },
    /// A short guard interval where there is none.
    #[error("{standard} has no short guard interval")]
    Guard {
        /// The standard.
        standard: &'static str,
    },
    /// A mode that is not there.
    #[error("there is no mode {mode}; this standard, width and number of streams have 0 to {most}")]
    Mode {
        /// The mode.
        mode: u32,
        /// The last one.
        most: u32,
    },
    /// A figure out of range.
    #[error("{what} is {value}, but must be {allowed}")]
    Figure {
        /// What it is.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A class of nodes that cannot be what it is said to be.
    #[error("class {class}: {what}")]
    Class {
        /// The class.
        class: String,
        /// What is wrong.
        what: &'static str,
    },
}

/// A standard of WiFi at 5 GHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standard {
    /// 802.11a: 20 MHz, no aggregation.
    A,
    /// 802.11n: up to 40 MHz and 4 streams, aggregation.
    N,
    /// 802.11ac: up to 80 MHz and 4 streams here, 256QAM, aggregation.
    Ac,
}

impl Standard {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Standard::A => "802.11a",
            Standard::N => "802.11n",
            Standard::Ac => "802.11ac",
        }
    }

    /// Spatial streams at most.
    #[must_use]
    pub const fn most_streams(self) -> u32 {
        match self {
            Standard::A => 1,
            Standard::N | Standard::Ac => 4,
        }
    }
}

/// Width of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// 20 MHz.
    Mhz20,
    /// 40 MHz.
    Mhz40,
    /// 80 MHz.
    Mhz80,
}

impl Width {
    /// Megahertz.
    #[must_use]
    pub const fn mhz(self) -> u32 {
        match self {
            Width::Mhz20 => 20,
            Width::Mhz40 => 40,
            Width::Mhz80 => 80,
        }
    }

    /// Hertz.
    #[must_use]
    pub fn hz(self) -> f64 {
        f64::from(self.mhz()) * 1e6
    }
}

/// A modulation with its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// BPSK 1/2.
    Bpsk12,
    /// BPSK 3/4.
    Bpsk34,
    /// QPSK 1/2.
    Qpsk12,
    /// QPSK 3/4.
    Qpsk34,
    /// 16QAM 1/2.
    Qam16R12,
    /// 16QAM 3/4.
    Qam16R34,
    /// 64QAM 2/3.
    Qam64R23,
    /// 64QAM 3/4.
    Qam64R34,
    /// 64QAM 5/6.
    Qam64R56,
    /// 256QAM 3/4.
    Qam256R34,
    /// 256QAM 5/6.
    Qam256R56,
}

impl Scheme {
    /// Those of 802.11a, the slowest first.
    const LEGACY: [Scheme; 8] = [
        Scheme::Bpsk12,
        Scheme::Bpsk34,
        Scheme::Qpsk12,
        Scheme::Qpsk34,
        Scheme::Qam16R12,
        Scheme::Qam16R34,
        Scheme::Qam64R23,
        Scheme::Qam64R34,
    ];

    /// Those of 802.11n, of which 802.11ac has two more.
    const HIGH_THROUGHPUT: [Scheme; 10] = [
        Scheme::Bpsk12,
        Scheme::Qpsk12,
        Scheme::Qpsk34,
        Scheme::Qam16R12,
        Scheme::Qam16R34,
        Scheme::Qam64R23,
        Scheme::Qam64R34,
        Scheme::Qam64R56,
        Scheme::Qam256R34,
        Scheme::Qam256R56,
    ];

    /// Coded bits of a subcarrier.
    const fn coded_bits(self) -> u32 {
        match self {
            Scheme::Bpsk12 | Scheme::Bpsk34 => 1,
            Scheme::Qpsk12 | Scheme::Qpsk34 => 2,
            Scheme::Qam16R12 | Scheme::Qam16R34 => 4,
            Scheme::Qam64R23 | Scheme::Qam64R34 | Scheme::Qam64R56 => 6,
            Scheme::Qam256R34 | Scheme::Qam256R56 => 8,
        }
    }

    /// Rate of the code as a fraction.
    const fn code_rate(self) -> (u32, u32) {
        match self {
            Scheme::Bpsk12 | Scheme::Qpsk12 | Scheme::Qam16R12 => (1, 2),
            Scheme::Qam64R23 => (2, 3),
            Scheme::Bpsk34
            | Scheme::Qpsk34
            | Scheme::Qam16R34
            | Scheme::Qam64R34
            | Scheme::Qam256R34 => (3, 4),
            Scheme::Qam64R56 | Scheme::Qam256R56 => (5, 6),
        }
    }
}

/// A mode of a physical layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mode {
    /// Its number: the MCS of a stream in 802.11n and ac, 0 to 7 in the order of rates in 802.11a.
    pub index: u8,
    /// Modulation and code.
    pub scheme: Scheme,
    /// Data bits of a symbol over all streams.
    pub bits_per_symbol: u32,
    /// Bits a second while data are sent.
    pub rate_bps: f64,
}

/// A physical layer: standard, width, streams and guard interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phy {
    standard: Standard,
    width: Width,
    streams: u8,
    short_guard: bool,
}

impl Phy {
    /// A physical layer.
    ///
    /// # Errors
    /// If the standard has no such width, streams or guard interval.
    pub fn new(
        standard: Standard,
        width: Width,
        streams: u32,
        short_guard: bool,
    ) -> Result<Self, WifiError> {
        let name = standard.name();
        let widest = match standard {
            Standard::A => Width::Mhz20,
            Standard::N => Width::Mhz40,
            Standard::Ac => Width::Mhz80,
        };
        if width > widest {
            return Err(WifiError::Width { standard: name, width_mhz: width.mhz() });
        }
        let most = standard.most_streams();
        if !(1..=most).contains(&streams) {
            return Err(WifiError::Streams { standard: name, streams, most });
        }
        if short_guard && standard == Standard::A {
            return Err(WifiError::Guard { standard: name });
        }
        Ok(Phy { standard, width, streams: streams as u8, short_guard })
    }

    /// The standard.
    #[must_use]
    pub fn standard(&self) -> Standard {
        self.standard
    }

    /// The width of the channel.
    #[must_use]
    pub fn width(&self) -> Width {
        self.width
    }

    /// Spatial streams.
    #[must_use]
    pub fn streams(&self) -> u32 {
        u32::from(self.streams)
    }

    /// The same with no more than so many streams, and at least one.
    #[must_use]
    pub fn with_at_most(self, streams: u32) -> Self {
        Phy { streams: self.streams.min(streams.clamp(1, 4) as u8), ..self }
    }

    /// Seconds of a symbol with data, the guard interval included.
    #[must_use]
    pub fn symbol_s(&self) -> f64 {
        if self.short_guard { 3.6e-6 } else { 4e-6 }
    }

    /// Subcarriers with data.
    fn subcarriers(&self) -> u32 {
        match (self.standard, self.width) {
            (Standard::A, _) => 48,
            (_, Width::Mhz20) => 52,
            (_, Width::Mhz40) => 108,
            (_, Width::Mhz80) => 234,
        }
    }

    /// Its modes, the slowest first. A mode whose symbols do not hold a whole number of data bits of each encoder is left
    /// out, as the standard has it: MCS 9 at 20 MHz with one, two or four streams, MCS 6 at 80 MHz with three.
    pub fn modes(&self) -> SmallVec<[Mode; 10]> {
        let schemes: &[Scheme] = match self.standard {
            Standard::A => &Scheme::LEGACY,
            Standard::N => &Scheme::HIGH_THROUGHPUT[..8],
            Standard::Ac => &Scheme::HIGH_THROUGHPUT,
        };
        let mode = |(index, &scheme): (u8, &Scheme)| {
            let coded = self.subcarriers() * scheme.coded_bits() * u32::from(self.streams);
            let (part, whole) = scheme.code_rate();
            let bits_per_symbol = coded * part / whole;
            // One encoder for each 540 Mbit/s of data with the long guard interval.
            let encoders = bits_per_symbol.div_ceil(2160);
            let is_whole = (coded * part).is_multiple_of(whole);
            (is_whole && bits_per_symbol.is_multiple_of(encoders)).then(|| Mode {
                index,
                scheme,
                bits_per_symbol,
                rate_bps: f64::from(bits_per_symbol) / self.symbol_s(),
            })
        };
        (0..).zip(schemes).filter_map(mode).collect()
    }

    /// Frame, acknowledgement and what they carry, for each mode in the order of [`Phy::modes`].
    #[must_use]
    pub fn exchanges(&self) -> Vec<(Mode, Exchange)> {
        self.modes().into_iter().map(|mode| (mode, Exchange::whole(self, &mode))).collect()
    }

    /// The greatest rate in bits a second.
    #[must_use]
    pub fn peak_bps(&self) -> f64 {
        self.modes().last().map_or(0.0, |mode| mode.rate_bps)
    }
}
