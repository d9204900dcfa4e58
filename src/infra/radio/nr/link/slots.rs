//! Slot by slot.

use super::super::adaptation::OuterLoop;
use super::super::block_error::transport_block_error;
use super::super::effective::effective_sinr;
use super::super::error::NrError;
use super::super::harq::{Combining, MOST_ATTEMPTS};
use super::super::to_db;
use super::{LinkConfig, LinkFidelity, LinkMemory, LinkOutcome, LinkPeriod, Tables, mean_sinr_db};
use crate::engine::EntityStream;
use rand::RngExt as _;
use smallvec::SmallVec;

/// A link in each slot: the device reports its quality now and then, the base station believes the last report less the
/// offset of the outer loop, takes the highest scheme that would keep the target, and sends again what was not
/// acknowledged. Errors, lost grants and lost answers are drawn.
///
/// * A device with a share of the resources has all resource blocks in that share of the slots, which are drawn: taking
///   turns would fall in step with the pattern of slots and the times of retransmissions.
/// * The attempts at a block that can be decoded with more of the same signal are decided by one draw: with incremental
///   redundancy and chase combining the block is decoded as soon as the error at what has been combined falls below it.
///   What is combined is the mean over attempts of exp(-SINR / beta), or the sum of powers.
/// * The states of a period follow each other in their order; slots are counted on from period to period.
///
/// Draws: one for each slot that carries data, one for each new block, one for each grant, one for each answer and
/// report.
#[derive(Clone, Debug)]
pub struct SlotLink {
    tables: Tables,
}

/// A block that is on its way.
#[derive(Clone, Debug, PartialEq)]
struct Pending {
    due_slot: u64,
    place: usize,
    bits: u32,
    attempts: usize,
    /// The block's draw.
    draw: f64,
    /// Sum over attempts of SINR (chase), or of exp(-SINR / beta).
    combined: f64,
    decoded: bool,
}

/// What is remembered between slots.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SlotMemory {
    slot: u64,
    next_report_slot: u64,
    /// What the last report stands for in dB; `None` if out of range or before the first.
    believed_db: Option<f64>,
    cqi: u32,
    outer: Option<OuterLoop>,
    pending: Vec<Pending>,
}

/// Counts of a period.
#[derive(Default)]
struct Counts {
    bits: f64,
    ok: u32,
    nok: u32,
    lost: u32,
    first: u32,
    first_errors: u32,
    index: u64,
    decoded: u32,
    waits: u32,
    reports: u32,
    cqi: u32,
}

/// SINRs of a period's states by place of the scheme, worked out where they are needed.
struct Effective<'a> {
    tables: &'a Tables,
    split: SmallVec<[std::borrow::Cow<'a, [super::SinrGroup]>; 2]>,
    known: Vec<Option<f64>>,
}

impl Effective<'_> {
    fn sinr(&mut self, state: usize, place: usize) -> f64 {
        let beta = self.tables.entries[place].beta;
        let known = &mut self.known[state * self.tables.entries.len() + place];
        *known.get_or_insert_with(|| effective_sinr(&self.split[state], beta))
    }
}

impl SlotLink {
    /// The link of a configuration.
    ///
    /// # Errors
    /// A figure of the configuration that is out of its range.
    pub fn new(config: LinkConfig) -> Result<Self, NrError> {
        Ok(SlotLink { tables: Tables::new(config)? })
    }

    /// The place of the highest scheme whose threshold is not above what is believed, or the first.
    fn scheme(&self, believed_db: f64) -> usize {
        let fits = |entry: &super::Entry| entry.threshold_db <= believed_db;
        self.tables.entries.iter().rposition(fits).unwrap_or(0)
    }

    /// Whether an attempt brings the block through.
    fn decodes(&self, block: &mut Pending, sinr: f64, random: &mut EntityStream) -> bool {
        let entry = &self.tables.entries[block.place];
        let attempt = block.attempts.min(MOST_ATTEMPTS - 1);
        block.attempts += 1;
        let error = |sinr_db: f64| transport_block_error(entry.curve.error(sinr_db), entry.code_blocks);
        let count = block.attempts as f64;
        match self.tables.config.harq.combining {
            Combining::Separate => random.random::<f64>() >= error(to_db(sinr)),
            Combining::Scaled(factor) => {
                random.random::<f64>() >= error(to_db(sinr)) * factor.powi(attempt as i32)
            }
            Combining::Chase => {
                block.combined += sinr;
                block.draw >= error(to_db(block.combined))
            }
            Combining::IncrementalRedundancy => {
                block.combined += (-sinr / entry.beta).exp();
                let pooled = -entry.beta * (block.combined / count).ln();
                block.draw >= error(to_db(pooled) + entry.gains_db[attempt])
            }
        }
    }
}

impl LinkFidelity for SlotLink {
    fn name(&self) -> &'static str {
        "slots"
    }

    fn period(
        &self,
        period: &LinkPeriod<'_>,
        memory: &mut LinkMemory,
        random: &mut EntityStream,
    ) -> LinkOutcome {
        let tables = &self.tables;
        let config = &tables.config;
        let mut outcome = LinkOutcome { sinr_db: mean_sinr_db(period.states), ..LinkOutcome::default() };
        if period.states.is_empty() {
            return outcome;
        }
        let memory = &mut memory.slots;
        let mut outer = memory.outer.unwrap_or(config.outer_loop);
        let split: SmallVec<[_; 2]> =
            period.states.iter().map(|state| tables.by_layer(&state.groups)).collect();
        let known = vec![None; split.len() * tables.entries.len()];
        let mut effective = Effective { tables, split, known };
        let slot_s = config.carrier.numerology().slot_s();
        let slots = (period.duration_s / slot_s).round() as u64;
        let report_slots = ((config.report_s / slot_s).round() as u64).max(1);
        let most = (config.harq.attempts as usize).clamp(1, MOST_ATTEMPTS);
        let mut counts = Counts::default();
        for step in 0..slots {
            let slot = memory.slot;
            memory.slot += 1;
            let phase = ((step as f64 + 0.5) * slot_s / period.cycle_s).fract();
            let state = place_of(period, phase);
            let control = period.states[state].control;
            if slot >= memory.next_report_slot {
                memory.next_report_slot = slot + report_slots;
                let cqi = tables.selector.choose(&effective.split[state]);
                counts.reports += 1;
                counts.cqi += cqi;
                if random.random::<f64>() >= control.feedback {
                    memory.cqi = cqi;
                    memory.believed_db = tables.selector.threshold_db(cqi);
                }
            }
            let grant = config.grant(config.carrier.symbols(slot, config.direction));
            if grant.data_elements() == 0 {
                continue;
            }
            if random.random::<f64>() >= period.share {
                continue;
            }
            // What waits to be sent again goes first.
            let again = memory.pending.iter().position(|block| block.due_slot <= slot);
            let mut block = match (again, memory.believed_db) {
                (Some(place), _) => memory.pending.remove(place),
                (None, Some(believed_db)) => {
                    let place = self.scheme(believed_db - outer.offset_db());
                    let scheme = &config.mcs_table.schemes()[place];
                    let bits = grant.transport_block_bits(scheme);
                    let draw = random.random();
                    Pending {
                        due_slot: 0,
                        place,
                        bits,
                        attempts: 0,
                        draw,
                        combined: 0.0,
                        decoded: false,
                    }
                }
                // Nothing is sent to a device out of range.
                (None, None) => continue,
            };
            if random.random::<f64>() < control.grant {
                // Nobody has heard of it. A new block stays in its buffer, an old one tries again.
                if block.attempts > 0 {
                    block.due_slot = slot + 1;
                    memory.pending.push(block);
                }
                continue;
            }
            let is_first = block.attempts == 0;
            let sinr = effective.sinr(state, block.place);
            let decoded_now = self.decodes(&mut block, sinr, random) && !block.decoded;
            if decoded_now {
                block.decoded = true;
                counts.bits += f64::from(block.bits);
                counts.decoded += 1;
                counts.waits += block.attempts as u32 - 1;
            }
            if is_first {
                counts.first += 1;
                counts.first_errors += u32::from(!block.decoded);
                counts.index += block.place as u64;
            }
            let answered = random.random::<f64>() >= control.feedback;
            if block.decoded && answered {
                counts.ok += 1;
            } else {
                counts.nok += 1;
            }
            match (is_first, block.decoded && answered) {
                (true, true) => outer.acknowledged(),
                (true, false) => outer.lost(),
                (false, _) => {}
            }
            if !(block.decoded && answered) {
                if block.attempts < most {
                    block.due_slot = slot + u64::from(config.harq.round_trip_slots);
                    memory.pending.push(block);
                } else if !block.decoded {
                    counts.lost += 1;
                }
            }
        }
        memory.outer = Some(outer);
        outcome.cqi = match counts.reports {
            0 => f64::from(memory.cqi),
            reports => f64::from(counts.cqi) / f64::from(reports),
        };
        let (ok, nok) = (f64::from(counts.ok), f64::from(counts.nok));
        outcome.goodput_bps = counts.bits / period.duration_s;
        (outcome.ok, outcome.nok, outcome.lost) = (ok, nok, f64::from(counts.lost));
        if counts.first > 0 {
            let first = f64::from(counts.first);
            outcome.first_error = f64::from(counts.first_errors) / first;
            outcome.attempts = (ok + nok) / first;
            outcome.mcs = counts.index as f64 / first;
        }
        if counts.decoded > 0 {
            let wait_s = slot_s * f64::from(config.harq.round_trip_slots);
            outcome.retransmission_s = wait_s * f64::from(counts.waits) / f64::from(counts.decoded);
        }
        outcome
    }
}

/// The state at a share of the cycle.
fn place_of(period: &LinkPeriod<'_>, phase: f64) -> usize {
    let mut end = 0.0;
    for (place, state) in period.states.iter().enumerate() {
        end += state.time;
        if phase < end {
            return place;
        }
    }
    period.states.len() - 1
}
