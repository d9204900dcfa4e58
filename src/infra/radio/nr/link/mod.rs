//! From SINR to goodput: one interface, three fidelities.
//!
//! | model | cost of a period | what it has |
//! | --- | --- | --- |
//! | [`AnalyticLink`] | 0.2 us | the expectation: coding scheme, block errors, retransmissions, lost grants and feedback |
//! | [`SlotLink`] | 0.09 us a slot | each slot: reports that are late, the outer loop, draws of errors |
//! | [`ShannonLink`] | 0.04 us | Shannon's bound with a gap, no blocks |

mod analytic;
mod shannon;
mod slots;

pub use analytic::AnalyticLink;
pub use shannon::ShannonLink;
pub use slots::SlotLink;

use super::adaptation::{CqiSelector, OuterLoop};
use super::block_error::{BlockErrorModel, ErrorCurve, code_block_error};
use super::carrier::{Carrier, Direction};
use super::effective::effective_beta;
use super::error::{NrError, within};
use super::from_db;
use super::harq::{Failures, Harq};
use super::sinr::{SinrGroup, SinrGroups};
use super::tables::{CodingScheme, CqiTable, McsTable};
use super::transport_block::{CodeBlocks, Grant};
use crate::engine::EntityStream;

/// Slots with fewer symbols than this carry no data: they are for sounding and random access.
const LEAST_SYMBOLS: u32 = 4;

/// What a link is made of, in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkConfig {
    /// Carrier.
    pub carrier: Carrier,
    /// Direction.
    pub direction: Direction,
    /// Table of coding schemes.
    pub mcs_table: McsTable,
    /// Table of quality indicators.
    pub cqi_table: CqiTable,
    /// Layers, 1 to 4, which share the power: each has the SINR over their number. They are told apart perfectly.
    pub layers: u32,
    /// Symbols at the start of a slot for control channels, 0 to 3: 2 down, 0 up.
    pub control_symbols: u32,
    /// Resource elements of each resource block and slot for reference signals, 0 to 36: 12.
    pub reference_elements: u32,
    /// Share of blocks that may be lost at the first attempt, 0.000001 to 0.5: 0.1.
    pub target_error: f64,
    /// Model of block errors.
    pub errors: BlockErrorModel,
    /// Retransmissions.
    pub harq: Harq,
    /// Seconds between two reports of the quality, 0.0005 to 10: 0.02. What changes faster is not followed.
    pub report_s: f64,
    /// Outer loop, which the fidelity by slots runs.
    pub outer_loop: OuterLoop,
}

impl LinkConfig {
    /// The usual link of a carrier: one layer up to 256QAM down and 64QAM up.
    #[must_use]
    pub fn new(carrier: Carrier, direction: Direction) -> Self {
        let (mcs_table, cqi_table, control_symbols) = match direction {
            Direction::Downlink => (McsTable::Qam256, CqiTable::Qam256, 2),
            Direction::Uplink => (McsTable::Qam64, CqiTable::Qam64, 0),
        };
        LinkConfig {
            carrier,
            direction,
            mcs_table,
            cqi_table,
            layers: 1,
            control_symbols,
            reference_elements: 12,
            target_error: 0.1,
            errors: BlockErrorModel::default(),
            harq: Harq::default(),
            report_s: 0.02,
            outer_loop: OuterLoop::default(),
        }
    }

    /// Checks the figures.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self) -> Result<(), NrError> {
        let whole = |value: u32| f64::from(value);
        within("layers", whole(self.layers), (1.0, 4.0), "", "1 to 4")?;
        within("control symbols", whole(self.control_symbols), (0.0, 3.0), "", "0 to 3")?;
        within("reference elements", whole(self.reference_elements), (0.0, 36.0), "", "0 to 36")?;
        within("target error", self.target_error, (1e-6, 0.5), "", "0.000001 to 0.5")?;
        within("margin of the receiver", self.errors.margin_db, (0.0, 20.0), "dB", "0 to 20 dB")?;
        within("attempts", whole(self.harq.attempts), (1.0, 4.0), "", "1 to 4")?;
        within(
            "round trip",
            whole(self.harq.round_trip_slots),
            (1.0, 1000.0),
            "slots",
            "1 to 1000 slots",
        )?;
        within("time between reports", self.report_s, (5e-4, 10.0), "s", "0.0005 to 10 s")
    }

    /// The grant of all resource blocks in a slot with so many symbols.
    fn grant(&self, symbols: u32) -> Grant {
        let usable =
            if symbols < LEAST_SYMBOLS { 0 } else { symbols.saturating_sub(self.control_symbols) };
        Grant {
            resource_blocks: self.carrier.resource_blocks(),
            symbols: usable,
            reference_elements: self.reference_elements,
            overhead_elements: 0,
            layers: self.layers,
        }
    }

    /// Symbols of each slot of the pattern that comes again.
    fn pattern(&self) -> impl Iterator<Item = u32> {
        let (carrier, direction) = (self.carrier, self.direction);
        (0..u64::from(carrier.period_slots())).map(move |slot| carrier.symbols(slot, direction))
    }

    /// Patterns in a second.
    fn patterns_per_s(&self) -> f64 {
        self.carrier.numerology().slots_per_s() / f64::from(self.carrier.period_slots())
    }

    /// Slots in a second that can carry data of one device or another.
    pub(in crate::infra) fn data_slots_per_s(&self) -> f64 {
        let slots = self.pattern().filter(|symbols| self.grant(*symbols).data_elements() > 0).count();
        slots as f64 * self.patterns_per_s()
    }
}

/// Loss of control channels: probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ControlLoss {
    /// That a grant does not arrive (PDCCH): the slot is lost, and nobody answers.
    pub grant: f64,
    /// That an answer does not arrive (PUCCH): the block is sent again though it may have been decoded, and reports of the
    /// quality are missing.
    pub feedback: f64,
}

/// One of the states that a link is in during a period.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkState {
    /// Share of the period, 0 to 1; those of all states add up to 1.
    pub time: f64,
    /// SINR on the parts of the carrier.
    pub groups: SinrGroups,
    /// Loss of control channels.
    pub control: ControlLoss,
}

impl LinkState {
    /// A state that lasts all the time and loses no control channels.
    #[must_use]
    pub fn always(groups: SinrGroups) -> Self {
        LinkState { time: 1.0, groups, control: ControlLoss::default() }
    }
}

/// A period of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkPeriod<'a> {
    /// Its length in seconds, above 0.
    pub duration_s: f64,
    /// Share of the resource blocks and slots of this direction that the device has, 0 to 1.
    pub share: f64,
    /// States during it.
    pub states: &'a [LinkState],
    /// Seconds in which the states follow each other once, above 0: they come again and again.
    pub cycle_s: f64,
}

impl<'a> LinkPeriod<'a> {
    /// A period in which a device has everything, and the states come once.
    #[must_use]
    pub fn whole(duration_s: f64, states: &'a [LinkState]) -> Self {
        LinkPeriod { duration_s, share: 1.0, states, cycle_s: duration_s }
    }
}

/// What a period of a link has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkOutcome {
    /// Bits of decoded transport blocks in a second.
    pub goodput_bps: f64,
    /// Transport blocks that were acknowledged, retransmissions among them.
    pub ok: f64,
    /// Transport blocks that were not acknowledged.
    pub nok: f64,
    /// Transport blocks that were given up undecoded after the last attempt.
    pub lost: f64,
    /// Share of first attempts that could not be decoded, 0 to 1; 0 without any.
    pub first_error: f64,
    /// Attempts of a block on average, 1 to 4; 0 without any.
    pub attempts: f64,
    /// Seconds that decoded blocks have waited for retransmissions on average.
    pub retransmission_s: f64,
    /// Mean quality indicator, 0 to 15.
    pub cqi: f64,
    /// Mean index of the coding scheme of first attempts, weighted by their number; 0 without any.
    pub mcs: f64,
    /// Mean SINR in dB: of the ratios over time and carrier, before layers share the power.
    pub sinr_db: f64,
}

impl LinkOutcome {
    /// Share of transmissions that were not acknowledged, 0 to 1: what base stations log as BLER. 0 without any.
    #[must_use]
    pub fn block_error(&self) -> f64 {
        let sent = self.ok + self.nok;
        if sent > 0.0 { self.nok / sent } else { 0.0 }
    }

    /// The same link with so many times its resources.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> LinkOutcome {
        LinkOutcome {
            goodput_bps: factor * self.goodput_bps,
            ok: factor * self.ok,
            nok: factor * self.nok,
            lost: factor * self.lost,
            ..*self
        }
    }
}

/// What a link remembers from one period to the next. The fidelity by slots uses it; the others leave it alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkMemory {
    slots: slots::SlotMemory,
}

impl LinkMemory {
    /// Forgets everything, as after a handover. What was under way is lost.
    pub fn reset(&mut self) {
        *self = LinkMemory::default();
    }
}

/// How closely a link is looked at. One of your own:
///
/// ```
/// use stratosim::engine::{EntityStream, RandomStreams};
/// use stratosim::infra::nr::{LinkFidelity, LinkMemory, LinkOutcome, LinkPeriod, LinkState, flat};
///
/// /// A megabit a second, whatever happens.
/// #[derive(Debug)]
/// struct Pipe;
///
/// impl LinkFidelity for Pipe {
///     fn name(&self) -> &'static str {
///         "pipe"
///     }
///     fn period(
///         &self,
///         period: &LinkPeriod<'_>,
///         _: &mut LinkMemory,
///         _: &mut EntityStream,
///     ) -> LinkOutcome {
///         LinkOutcome { goodput_bps: 1e6 * period.share, ..LinkOutcome::default() }
///     }
/// }
///
/// let mut random = RandomStreams::new(1).entity("link", 0);
/// let states = [LinkState::always(flat(10.0))];
/// let period = LinkPeriod { share: 0.5, ..LinkPeriod::whole(1.0, &states) };
/// assert_eq!(Pipe.period(&period, &mut LinkMemory::default(), &mut random).goodput_bps, 5e5);
/// ```
pub trait LinkFidelity: std::fmt::Debug + Send + Sync {
    /// Its name: `analytic`, `slots`, `shannon`.
    fn name(&self) -> &'static str;

    /// What a period carries.
    fn period(
        &self,
        period: &LinkPeriod<'_>,
        memory: &mut LinkMemory,
        random: &mut EntityStream,
    ) -> LinkOutcome;
}

/// A coding scheme on a carrier.
#[derive(Clone, Debug)]
struct Entry {
    index: u32,
    /// Bits per second of blocks in all slots.
    bits_per_s: f64,
    /// Code blocks of a block in a whole slot. Those of slots with fewer symbols are taken to fail as often.
    code_blocks: u32,
    curve: ErrorCurve,
    beta: f64,
    /// What combining gains, by attempt, in dB.
    gains_db: Failures,
    /// SINR as a ratio at which the target is met.
    threshold: f64,
    /// The same in dB.
    threshold_db: f64,
}

/// What follows from a configuration alone.
#[derive(Clone, Debug)]
struct Tables {
    config: LinkConfig,
    /// By index.
    entries: Vec<Entry>,
    selector: CqiSelector,
    data_slots_per_s: f64,
}

impl Tables {
    fn new(config: LinkConfig) -> Result<Self, NrError> {
        config.check()?;
        let most = config.pattern().max().unwrap_or(0);
        let schemes = config.mcs_table.schemes().iter().zip(0..);
        let entries = schemes.map(|(scheme, index)| entry(&config, scheme, index, most)).collect();
        let selector = CqiSelector::new(config.cqi_table, &config.errors);
        Ok(Tables { config, entries, selector, data_slots_per_s: config.data_slots_per_s() })
    }

    /// The parts of a carrier as each layer sees them.
    fn by_layer<'g>(&self, groups: &'g SinrGroups) -> std::borrow::Cow<'g, [SinrGroup]> {
        if self.config.layers == 1 {
            return std::borrow::Cow::Borrowed(groups);
        }
        let layers = f64::from(self.config.layers);
        let split = groups.iter().map(|group| SinrGroup { sinr: group.sinr / layers, ..*group });
        std::borrow::Cow::Owned(split.collect())
    }
}

fn entry(config: &LinkConfig, scheme: &CodingScheme, index: u32, most_symbols: u32) -> Entry {
    let bits = |symbols| config.grant(symbols).transport_block_bits(scheme);
    let in_pattern: u32 = config.pattern().map(bits).sum();
    let blocks = CodeBlocks::of(bits(most_symbols), scheme.rate());
    let curve = config.errors.curve(config.mcs_table, index, blocks.bits);
    let gain = |attempt| config.harq.gain_db(scheme, blocks.base_graph, attempt);
    let threshold_db = curve.sinr_db(code_block_error(config.target_error, blocks.count));
    Entry {
        index,
        bits_per_s: f64::from(in_pattern) * config.patterns_per_s(),
        code_blocks: blocks.count,
        curve,
        beta: effective_beta(scheme),
        gains_db: [1, 2, 3, 4].map(gain),
        threshold: from_db(threshold_db),
        threshold_db,
    }
}

/// Mean SINR of states in dB, over time and carrier.
fn mean_sinr_db(states: &[LinkState]) -> f64 {
    let (mut sum, mut times) = (0.0, 0.0);
    for state in states {
        times += state.time;
        sum += state.time * state.groups.iter().map(|group| group.share * group.sinr).sum::<f64>();
    }
    super::to_db(sum / times)
}

#[cfg(test)]
mod tests;
