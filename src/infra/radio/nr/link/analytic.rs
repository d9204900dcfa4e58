//! The expectation of a period.

use super::super::adaptation::CqiSelector;
use super::super::effective::effective_sinr;
use super::super::error::NrError;
use super::super::harq::{Failures, HarqOutcome};
use super::super::sinr::SinrGroup;
use super::super::to_db;
use super::{
    Entry, LinkConfig, LinkFidelity, LinkMemory, LinkOutcome, LinkPeriod, LinkState, Tables,
    mean_sinr_db,
};
use crate::engine::EntityStream;
use smallvec::SmallVec;

/// What a link carries on average, without a draw.
///
/// Of the coding schemes that lose no more first attempts than the target, the one with the most goodput is used, or the
/// lowest where none does; nothing is sent where the device reports CQI 0. Goodput is the rate of the blocks times the
/// share that is decoded, over the mean number of attempts. It never falls when an SINR rises.
///
/// States that last longer than the time between reports are each followed by their own scheme; those that follow
/// each other faster share one, which keeps the target on average. All attempts at a block meet the same state.
///
/// ```
/// use stratosim::engine::RandomStreams;
/// use stratosim::infra::nr::{
///     AnalyticLink, Carrier, Direction, Duplex, LinkConfig, LinkFidelity, LinkMemory, LinkPeriod, LinkState,
///     Numerology, flat, from_db,
/// };
/// let carrier = Carrier::new(3.5e9, 20e6, Numerology::Khz30, Duplex::Frequency).unwrap();
/// let link = AnalyticLink::new(LinkConfig::new(carrier, Direction::Downlink)).unwrap();
/// let states = [LinkState::always(flat(from_db(40.0)))];
/// let mut random = RandomStreams::new(1).entity("radio", 0);
/// let outcome = link.period(&LinkPeriod::whole(1.0, &states), &mut LinkMemory::default(), &mut random);
/// // 51 blocks of 132 elements with 7.40625 bits are 49 858 bits, and blocks of 50 184 bits in 2000 slots a second.
/// assert_eq!((outcome.mcs, outcome.cqi), (27.0, 15.0));
/// assert!((outcome.goodput_bps - 2000.0 * 50_184.0).abs() < 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct AnalyticLink {
    pub(super) tables: Tables,
    /// Places in the table by falling rate.
    by_rate: Vec<usize>,
}

/// A coding scheme and what becomes of its blocks, in each state.
#[derive(Clone, Debug, Default)]
struct Choice {
    goodput_bps: f64,
    index: u32,
    /// By state: first errors, and what becomes of blocks.
    states: SmallVec<[(f64, HarqOutcome); 2]>,
}

/// The parts of a carrier in one state, with what is asked of them often.
struct View<'a> {
    groups: &'a [SinrGroup],
    /// Mean SINR, which no effective SINR exceeds.
    mean: f64,
    /// The SINR in dB if it is the same everywhere.
    flat_db: Option<f64>,
    cqi: u32,
    state: &'a LinkState,
}

impl<'a> View<'a> {
    fn new(groups: &'a [SinrGroup], state: &'a LinkState, selector: &CqiSelector) -> Self {
        let mean = groups.iter().map(|group| group.share * group.sinr).sum();
        let flat_db = match groups {
            [only] => Some(to_db(only.sinr)),
            _ => None,
        };
        View { groups, mean, flat_db, cqi: selector.choose(groups), state }
    }

    fn effective_db(&self, beta: f64) -> f64 {
        self.flat_db.unwrap_or_else(|| to_db(effective_sinr(self.groups, beta)))
    }
}

impl AnalyticLink {
    /// The link of a configuration.
    ///
    /// # Errors
    /// A figure of the configuration that is out of its range.
    pub fn new(config: LinkConfig) -> Result<Self, NrError> {
        let tables = Tables::new(config)?;
        let rate = |place: &usize| tables.entries.get(*place).map_or(0.0, |entry| entry.bits_per_s);
        let mut by_rate: Vec<usize> = (0..tables.entries.len()).collect();
        by_rate.sort_by(|one, other| rate(other).total_cmp(&rate(one)));
        Ok(AnalyticLink { tables, by_rate })
    }

    /// What it was made of.
    #[must_use]
    pub fn config(&self) -> &LinkConfig {
        &self.tables.config
    }

    /// The greatest goodput, of a device that has everything, in bits per second.
    #[must_use]
    pub fn peak_bps(&self) -> f64 {
        self.tables.entries.iter().map(|entry| entry.bits_per_s).fold(0.0, f64::max)
    }

    /// Probabilities of failure of a scheme in a state.
    fn failures(&self, entry: &Entry, sinr_db: f64) -> Failures {
        let combined_db = entry.gains_db.map(|gain_db| sinr_db + gain_db);
        self.tables.config.harq.failures(&entry.curve, entry.code_blocks, &combined_db)
    }

    /// What a scheme carries over states, whose times need not add up to 1.
    fn assess(&self, entry: &Entry, views: &[View<'_>]) -> Choice {
        let mut choice = Choice { index: entry.index, ..Choice::default() };
        for view in views {
            let failures = self.failures(entry, view.effective_db(entry.beta));
            let control = view.state.control;
            let outcome = self.tables.config.harq.outcome(&failures, control.feedback);
            choice.goodput_bps +=
                view.state.time * (1.0 - control.grant) * entry.bits_per_s * (1.0 - outcome.residual)
                    / outcome.attempts;
            choice.states.push((failures[0], outcome));
        }
        choice
    }

    /// The best scheme for states that share one.
    fn choose(&self, views: &[View<'_>]) -> Choice {
        let times: f64 = views.iter().map(|view| view.state.time).sum();
        let target = self.tables.config.target_error;
        let mut best: Option<Choice> = None;
        for &place in &self.by_rate {
            let Some(entry) = self.tables.entries.get(place) else { continue };
            // No scheme carries more than its blocks.
            if best.as_ref().is_some_and(|best| times * entry.bits_per_s <= best.goodput_bps) {
                break;
            }
            // The lowest is always allowed. One state alone must reach the threshold; of several, one must.
            let reaches = |view: &View<'_>| view.mean * (1.0 + 1e-9) >= entry.threshold;
            if entry.index > 0 && !views.iter().any(reaches) {
                continue;
            }
            let choice = self.assess(entry, views);
            let errors = choice.states.iter().zip(views).map(|(state, view)| state.0 * view.state.time);
            let allowed = entry.index == 0 || errors.sum::<f64>() <= target * times * (1.0 + 1e-9);
            if allowed && best.as_ref().is_none_or(|best| choice.goodput_bps > best.goodput_bps) {
                best = Some(choice);
            }
        }
        best.unwrap_or_default()
    }
}

impl LinkFidelity for AnalyticLink {
    fn name(&self) -> &'static str {
        "analytic"
    }

    fn period(&self, period: &LinkPeriod<'_>, _: &mut LinkMemory, _: &mut EntityStream) -> LinkOutcome {
        let split: SmallVec<[_; 2]> =
            period.states.iter().map(|state| self.tables.by_layer(&state.groups)).collect();
        let views: SmallVec<[View<'_>; 2]> = split
            .iter()
            .zip(period.states)
            .map(|(groups, state)| View::new(groups, state, &self.tables.selector))
            .collect();
        let mut outcome = LinkOutcome { sinr_db: mean_sinr_db(period.states), ..LinkOutcome::default() };
        outcome.cqi = views.iter().map(|view| view.state.time * f64::from(view.cqi)).sum();
        let followed = period.cycle_s >= self.tables.config.report_s;
        let mut sums = Sums::default();
        let slots = period.share * period.duration_s * self.tables.data_slots_per_s;
        if followed {
            for view in views.iter().filter(|view| view.cqi > 0) {
                let view = std::slice::from_ref(view);
                sums.add(&self.choose(view), view, slots);
            }
        } else if views.iter().any(|view| view.cqi > 0) {
            sums.add(&self.choose(&views), &views, slots);
        }
        let slot_s = self.tables.config.carrier.numerology().slot_s();
        let wait_s = slot_s * f64::from(self.tables.config.harq.round_trip_slots);
        sums.finish(&mut outcome, period.share, wait_s);
        outcome
    }
}

/// Sums over choices.
#[derive(Default)]
struct Sums {
    goodput_bps: f64,
    sent: f64,
    blocks: f64,
    decoded: f64,
    first_errors: f64,
    acknowledged: f64,
    index: f64,
    waits: f64,
}

impl Sums {
    fn add(&mut self, choice: &Choice, views: &[View<'_>], slots: f64) {
        self.goodput_bps += choice.goodput_bps;
        for ((first_error, outcome), view) in choice.states.iter().zip(views) {
            let sent = slots * view.state.time * (1.0 - view.state.control.grant);
            let blocks = sent / outcome.attempts;
            let decoded = blocks * (1.0 - outcome.residual);
            self.sent += sent;
            self.blocks += blocks;
            self.decoded += decoded;
            self.first_errors += blocks * first_error;
            self.acknowledged += blocks * outcome.acknowledged;
            self.index += blocks * f64::from(choice.index);
            self.waits += decoded * outcome.waits;
        }
    }

    fn finish(&self, outcome: &mut LinkOutcome, share: f64, wait_s: f64) {
        outcome.goodput_bps = share * self.goodput_bps;
        if self.blocks <= 0.0 {
            return;
        }
        outcome.ok = self.acknowledged;
        outcome.nok = (self.sent - self.acknowledged).max(0.0);
        outcome.lost = self.blocks - self.decoded;
        outcome.first_error = self.first_errors / self.blocks;
        outcome.attempts = self.sent / self.blocks;
        outcome.mcs = self.index / self.blocks;
        if self.decoded > 0.0 {
            outcome.retransmission_s = wait_s * self.waits / self.decoded;
        }
    }
}
