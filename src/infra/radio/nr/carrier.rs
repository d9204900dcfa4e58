//! Carriers: subcarrier spacing, bandwidth in resource blocks, duplexing, slots.

use super::error::NrError;

/// Subcarriers of a resource block.
pub const SUBCARRIERS_PER_BLOCK: u32 = 12;
/// OFDM symbols of a slot with the normal cyclic prefix.
pub const SYMBOLS_PER_SLOT: u32 = 14;

/// Subcarrier spacing, and with it the length of slots (3GPP TS 38.211, 4.2): 15 kHz x 2^mu, 1 ms / 2^mu.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Numerology {
    /// mu = 0: 15 kHz, slots of 1 ms.
    Khz15,
    /// mu = 1: 30 kHz, slots of 0.5 ms.
    #[default]
    Khz30,
    /// mu = 2: 60 kHz, slots of 0.25 ms.
    Khz60,
    /// mu = 3: 120 kHz, slots of 0.125 ms.
    Khz120,
}

impl Numerology {
    /// All of them.
    pub const ALL: [Numerology; 4] =
        [Numerology::Khz15, Numerology::Khz30, Numerology::Khz60, Numerology::Khz120];

    /// The numerology of a subcarrier spacing in kilohertz.
    ///
    /// # Errors
    /// Any other than 15, 30, 60 and 120 kHz.
    pub fn from_spacing_khz(spacing_khz: u32) -> Result<Self, NrError> {
        Self::ALL.into_iter().find(|numerology| numerology.spacing_khz() == spacing_khz).ok_or(
            NrError::Parameter {
                what: "subcarrier spacing",
                value: f64::from(spacing_khz),
                unit: "kHz",
                allowed: "15, 30, 60 or 120 kHz",
            },
        )
    }

    /// mu.
    #[must_use]
    pub const fn mu(self) -> u32 {
        self as u32
    }

    /// Subcarrier spacing in kilohertz.
    #[must_use]
    pub const fn spacing_khz(self) -> u32 {
        15 << self.mu()
    }

    /// Subcarrier spacing in hertz.
    #[must_use]
    pub fn spacing_hz(self) -> f64 {
        1e3 * f64::from(self.spacing_khz())
    }

    /// Slots in a second.
    #[must_use]
    pub fn slots_per_s(self) -> f64 {
        f64::from(1000_u32 << self.mu())
    }

    /// Length of a slot in seconds.
    #[must_use]
    pub fn slot_s(self) -> f64 {
        1.0 / self.slots_per_s()
    }
}

/// The two frequency ranges of 5G (TS 38.101-1 and -2, 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrequencyRange {
    /// 410 MHz to 7125 MHz.
    Fr1,
    /// 24.25 GHz to 71 GHz, millimetre waves.
    Fr2,
}

impl FrequencyRange {
    /// The range of a carrier in hertz.
    ///
    /// # Errors
    /// A carrier in neither.
    pub fn of(carrier_hz: f64) -> Result<Self, NrError> {
        if (410e6..=7125e6).contains(&carrier_hz) {
            Ok(FrequencyRange::Fr1)
        } else if (24.25e9..=71e9).contains(&carrier_hz) {
            Ok(FrequencyRange::Fr2)
        } else {
            Err(NrError::FrequencyRange { carrier_mhz: carrier_hz / 1e6 })
        }
    }

    /// Its short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FrequencyRange::Fr1 => "FR1",
            FrequencyRange::Fr2 => "FR2",
        }
    }

    /// Bandwidths in megahertz with their numbers of resource blocks (TS 38.104, tables 5.3.2-1 and -2).
    #[must_use]
    pub const fn resource_blocks(self, numerology: Numerology) -> &'static [(u32, u32)] {
        match (self, numerology) {
            (FrequencyRange::Fr1, Numerology::Khz15) => &[
                (5, 25),
                (10, 52),
                (15, 79),
                (20, 106),
                (25, 133),
                (30, 160),
                (35, 188),
                (40, 216),
                (45, 242),
                (50, 270),
            ],
            (FrequencyRange::Fr1, Numerology::Khz30) => &[
                (5, 11),
                (10, 24),
                (15, 38),
                (20, 51),
                (25, 65),
                (30, 78),
                (35, 92),
                (40, 106),
                (45, 119),
                (50, 133),
                (60, 162),
                (70, 189),
                (80, 217),
                (90, 245),
                (100, 273),
            ],
            (FrequencyRange::Fr1, Numerology::Khz60) => &[
                (10, 11),
                (15, 18),
                (20, 24),
                (25, 31),
                (30, 38),
                (35, 44),
                (40, 51),
                (45, 58),
                (50, 65),
                (60, 79),
                (70, 93),
                (80, 107),
                (90, 121),
                (100, 135),
            ],
            (FrequencyRange::Fr2, Numerology::Khz60) => &[(50, 66), (100, 132), (200, 264)],
            (FrequencyRange::Fr2, Numerology::Khz120) => &[(50, 32), (100, 66), (200, 132), (400, 264)],
            (FrequencyRange::Fr1, Numerology::Khz120)
            | (FrequencyRange::Fr2, Numerology::Khz15 | Numerology::Khz30) => &[],
        }
    }
}

/// Which way data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the base station to the device.
    Downlink,
    /// From the device to the base station.
    Uplink,
}

/// How downlink and uplink share a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplex {
    /// A carrier of the same bandwidth for each.
    Frequency,
    /// Slots in turn.
    Time(TddPattern),
}

/// A pattern of slots that comes again and again (TS 38.331, TDD-UL-DL-Pattern): whole downlink slots, downlink
/// symbols of the next slot, a guard, uplink symbols of the last slot before the whole uplink slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TddPattern {
    /// Slots of the pattern, 1 to 80.
    pub period_slots: u32,
    /// Whole downlink slots at its start.
    pub downlink_slots: u32,
    /// Downlink symbols of the slot after them, 0 to 13.
    pub downlink_symbols: u32,
    /// Whole uplink slots at its end.
    pub uplink_slots: u32,
    /// Uplink symbols of the slot before them, 0 to 13.
    pub uplink_symbols: u32,
}

impl TddPattern {
    /// DDDSU, the most usual pattern of mid-band networks: three downlink slots, one with 10 downlink and 2 uplink
    /// symbols, one uplink slot. 2.5 ms at 30 kHz.
    pub const DDDSU: TddPattern = TddPattern {
        period_slots: 5,
        downlink_slots: 3,
        downlink_symbols: 10,
        uplink_slots: 1,
        uplink_symbols: 2,
    };

    /// Checks that slots and symbols fit into the period, and that the standard has the period.
    ///
    /// # Errors
    /// The first figure that does not fit.
    pub fn check(&self, numerology: Numerology) -> Result<(), NrError> {
        let wrong = |what, value: u32, unit, allowed| {
            Err(NrError::Parameter { what, value: f64::from(value), unit, allowed })
        };
        // In slots of the shortest length, 0.125 ms, all periods are whole numbers.
        let eighths = u64::from(self.period_slots) << (3 - numerology.mu());
        if ![4, 5, 8, 10, 16, 20, 24, 32, 40, 80].contains(&eighths) {
            let allowed = "0.5, 0.625, 1, 1.25, 2, 2.5, 3, 4, 5 or 10 ms long";
            return wrong("TDD period", self.period_slots, "slots", allowed);
        }
        if self.downlink_symbols >= SYMBOLS_PER_SLOT {
            return wrong(
                "downlink symbols of the TDD pattern",
                self.downlink_symbols,
                "symbols",
                "0 to 13",
            );
        }
        if self.uplink_symbols >= SYMBOLS_PER_SLOT {
            return wrong(
                "uplink symbols of the TDD pattern",
                self.uplink_symbols,
                "symbols",
                "0 to 13",
            );
        }
        let down = u64::from(self.downlink_slots) * 14 + u64::from(self.downlink_symbols);
        let up = u64::from(self.uplink_slots) * 14 + u64::from(self.uplink_symbols);
        if down + up > u64::from(self.period_slots) * 14 {
            let allowed = "no more than fit into the TDD period with the uplink";
            return wrong("downlink slots of the TDD pattern", self.downlink_slots, "slots", allowed);
        }
        Ok(())
    }

    /// Symbols of a slot, counted from the start of a pattern, in a direction: 0 to 14.
    #[must_use]
    pub fn symbols(&self, slot: u64, direction: Direction) -> u32 {
        let slot = (slot % u64::from(self.period_slots.max(1))) as u32;
        let (whole, extra, place) = match direction {
            Direction::Downlink => (self.downlink_slots, self.downlink_symbols, slot),
            Direction::Uplink => {
                (self.uplink_slots, self.uplink_symbols, self.period_slots.saturating_sub(slot + 1))
            }
        };
        match place.cmp(&whole) {
            std::cmp::Ordering::Less => SYMBOLS_PER_SLOT,
            std::cmp::Ordering::Equal => extra,
            std::cmp::Ordering::Greater => 0,
        }
    }
}

/// A carrier of a cell.
///
/// ```
/// use stratosim::infra::nr::{Carrier, Direction, Duplex, Numerology, TddPattern};
/// let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Time(TddPattern::DDDSU)).unwrap();
/// assert_eq!(carrier.resource_blocks(), 273);
/// assert_eq!(carrier.occupied_hz(), 98.28e6);
/// // 3 x 14 + 10 of 70 symbols go down, 14 + 2 up; two are the guard.
/// assert_eq!(carrier.share(Direction::Downlink), 52.0 / 70.0);
/// assert_eq!(carrier.share(Direction::Uplink), 16.0 / 70.0);
/// let none = Carrier::new(3.5e9, 55e6, Numerology::Khz30, Duplex::Frequency).unwrap_err();
/// assert!(none.to_string().contains("there are 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100 MHz"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carrier {
    centre_hz: f64,
    bandwidth_hz: f64,
    numerology: Numerology,
    resource_blocks: u32,
    duplex: Duplex,
}

impl Carrier {
    /// A carrier around `centre_hz` with a channel bandwidth in hertz, guard bands included.
    ///
    /// # Errors
    /// A frequency in no frequency range, a bandwidth without a number of resource blocks at this subcarrier
    /// spacing, a TDD pattern that does not fit.
    pub fn new(
        centre_hz: f64,
        bandwidth_hz: f64,
        numerology: Numerology,
        duplex: Duplex,
    ) -> Result<Self, NrError> {
        let range = FrequencyRange::of(centre_hz)?;
        let known = range.resource_blocks(numerology);
        let bandwidth_mhz = bandwidth_hz / 1e6;
        let found = known.iter().find(|(mhz, _)| (f64::from(*mhz) - bandwidth_mhz).abs() < 1e-6);
        let Some(&(_, resource_blocks)) = found else {
            let list: Vec<String> = known.iter().map(|(mhz, _)| mhz.to_string()).collect();
            return Err(NrError::Bandwidth {
                bandwidth_mhz,
                spacing_khz: numerology.spacing_khz(),
                range: range.name(),
                known: if list.is_empty() {
                    "none, at any number of".to_string()
                } else {
                    list.join(", ")
                },
            });
        };
        if let Duplex::Time(pattern) = duplex {
            pattern.check(numerology)?;
        }
        Ok(Carrier { centre_hz, bandwidth_hz, numerology, resource_blocks, duplex })
    }

    /// Centre frequency in hertz.
    #[must_use]
    pub fn centre_hz(&self) -> f64 {
        self.centre_hz
    }

    /// Channel bandwidth in hertz, guard bands included.
    #[must_use]
    pub fn bandwidth_hz(&self) -> f64 {
        self.bandwidth_hz
    }

    /// Subcarrier spacing.
    #[must_use]
    pub fn numerology(&self) -> Numerology {
        self.numerology
    }

    /// Number of resource blocks, at least 11.
    #[must_use]
    pub fn resource_blocks(&self) -> u32 {
        self.resource_blocks
    }

    /// How downlink and uplink share it.
    #[must_use]
    pub fn duplex(&self) -> Duplex {
        self.duplex
    }

    /// Bandwidth of a resource block in hertz.
    #[must_use]
    pub fn block_hz(&self) -> f64 {
        f64::from(SUBCARRIERS_PER_BLOCK) * self.numerology.spacing_hz()
    }

    /// Bandwidth of all resource blocks in hertz: what signals and noise are reckoned in.
    #[must_use]
    pub fn occupied_hz(&self) -> f64 {
        f64::from(self.resource_blocks) * self.block_hz()
    }

    /// Number of subcarriers.
    #[must_use]
    pub fn subcarriers(&self) -> u32 {
        SUBCARRIERS_PER_BLOCK * self.resource_blocks
    }

    /// Symbols of a slot in a direction, 0 to 14; slots are counted from the start of a TDD pattern.
    #[must_use]
    pub fn symbols(&self, slot: u64, direction: Direction) -> u32 {
        match self.duplex {
            Duplex::Frequency => SYMBOLS_PER_SLOT,
            Duplex::Time(pattern) => pattern.symbols(slot, direction),
        }
    }

    /// Slots after which the pattern of slots comes again.
    #[must_use]
    pub fn period_slots(&self) -> u32 {
        match self.duplex {
            Duplex::Frequency => 1,
            Duplex::Time(pattern) => pattern.period_slots,
        }
    }

    /// Share of the symbols that go in a direction, 0 to 1.
    #[must_use]
    pub fn share(&self, direction: Direction) -> f64 {
        let period = self.period_slots();
        let symbols: u32 = (0..period).map(|slot| self.symbols(u64::from(slot), direction)).sum();
        f64::from(symbols) / f64::from(SYMBOLS_PER_SLOT * period)
    }

    /// Where a band lies on the occupied bandwidth, as shares from its lower end; `None` if it lies outside.
    ///
    /// ```
    /// use stratosim::infra::nr::{Carrier, Duplex, Numerology};
    /// let carrier = Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).unwrap();
    /// let (from, to) = carrier.overlap(3.5e9, 20e6).unwrap();
    /// assert!((to - from - 20.0 / 98.28).abs() < 1e-12 && (from + to - 1.0).abs() < 1e-12);
    /// assert_eq!(carrier.overlap(3.7e9, 20e6), None);
    /// ```
    #[must_use]
    pub fn overlap(&self, centre_hz: f64, bandwidth_hz: f64) -> Option<(f64, f64)> {
        let occupied_hz = self.occupied_hz();
        let lower_hz = self.centre_hz - 0.5 * occupied_hz;
        let place = |hz: f64| ((hz - lower_hz) / occupied_hz).clamp(0.0, 1.0);
        let (from, to) = (place(centre_hz - 0.5 * bandwidth_hz), place(centre_hz + 0.5 * bandwidth_hz));
        (to > from).then_some((from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_and_spacings_are_those_of_the_standard() {
        for (numerology, khz, slot_ms) in [
            (Numerology::Khz15, 15, 1.0),
            (Numerology::Khz30, 30, 0.5),
            (Numerology::Khz60, 60, 0.25),
            (Numerology::Khz120, 120, 0.125),
        ] {
            assert_eq!(Numerology::from_spacing_khz(khz), Ok(numerology));
            assert_eq!((numerology.spacing_khz(), 1e3 * numerology.slot_s()), (khz, slot_ms));
        }
        let text = Numerology::from_spacing_khz(45).expect_err("none").to_string();
        assert_eq!(text, "subcarrier spacing is 45 kHz, but must be 15, 30, 60 or 120 kHz");
    }

    /// Blocks fill the bandwidth, but never more than 98.3 % of it, as the standard has it.
    #[test]
    fn blocks_fit_into_their_bandwidths() {
        let mut count = 0;
        for range in [FrequencyRange::Fr1, FrequencyRange::Fr2] {
            for numerology in Numerology::ALL {
                for &(mhz, blocks) in range.resource_blocks(numerology) {
                    let used = f64::from(blocks * 12) * numerology.spacing_hz() / (1e6 * f64::from(mhz));
                    assert!((0.78..0.985).contains(&used), "{mhz} {blocks} {used}");
                    count += 1;
                }
            }
        }
        assert_eq!(count, 10 + 15 + 14 + 3 + 4);
    }

    #[test]
    fn carriers_out_of_all_tables_are_explained() {
        let text = |hz, mhz: f64, numerology, duplex| {
            Carrier::new(hz, 1e6 * mhz, numerology, duplex).expect_err("bad").to_string()
        };
        let range = text(10e9, 100.0, Numerology::Khz30, Duplex::Frequency);
        assert!(
            range.starts_with("a carrier of 10000 MHz lies in no frequency range of 5G: FR1"),
            "{range}"
        );
        let spacing = text(28e9, 100.0, Numerology::Khz30, Duplex::Frequency);
        assert!(
            spacing.contains("at a subcarrier spacing of 30 kHz in FR2; there are none"),
            "{spacing}"
        );
        let known = text(28e9, 300.0, Numerology::Khz120, Duplex::Frequency);
        assert!(known.ends_with("there are 50, 100, 200, 400 MHz"), "{known}");
        let long = TddPattern { period_slots: 7, ..TddPattern::DDDSU };
        let period = text(3.5e9, 100.0, Numerology::Khz30, Duplex::Time(long));
        assert!(period.starts_with("TDD period is 7 slots, but must be 0.5, 0.625"), "{period}");
        let full = TddPattern { downlink_slots: 4, ..TddPattern::DDDSU };
        let sum = text(3.5e9, 100.0, Numerology::Khz30, Duplex::Time(full));
        assert!(sum.starts_with("downlink slots of the TDD pattern is 4 slots"), "{sum}");
    }

    #[test]
    fn a_pattern_has_its_symbols_at_its_ends() {
        let symbols =
            |direction| (0..6).map(|slot| TddPattern::DDDSU.symbols(slot, direction)).collect();
        let (down, up): (Vec<u32>, Vec<u32>) =
            (symbols(Direction::Downlink), symbols(Direction::Uplink));
        assert_eq!((down, up), (vec![14, 14, 14, 10, 0, 14], vec![0, 0, 0, 2, 14, 0]));
    }
}
