//! When the next request of a stream arrives.

use super::mmpp::{ChainState, Mmpp};
use super::rates::StreamRates;
use super::recorded::Recorded;
use super::{Arrivals, WithinStep};
use crate::engine::{EntityStream, SimTime};
use rand::{Rng, RngExt};
use rand_distr::{Distribution as _, Exp1, Gamma};

/// Phases keep so far from the borders of steps that rounding never moves an arrival into another step.
const MARGIN: f64 = 1e-6;

/// A request that arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrived {
    /// When.
    pub at: SimTime,
    /// Seed of all that is drawn for it, wherever it is served.
    pub seed: u64,
    /// For how many seconds it was served when it was recorded; NaN if that is to be drawn.
    pub service_s: f64,
}

/// Where the clock is within its steps.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// Gaps in the time in which the rate is one.
    Gaps { is_first: bool },
    /// So many left in this step, and what is left over of numbers that are not whole.
    Counted { left: u64, carry: f64 },
    /// Gaps as well, with the state of the chain.
    Modulated(ChainState),
    /// The number of the next one that was recorded.
    Recorded(usize),
}

/// The clock of a stream.
#[derive(Clone, Debug)]
pub struct StreamClock {
    random: EntityStream,
    stream: u32,
    pace: Pace,
    step: u64,
    /// Of the step.
    rate_rps: f64,
    end_s: f64,
    now_s: f64,
}

impl StreamClock {
    /// The clock of a stream of these arrivals, with random numbers of its own, at the start of the run.
    #[must_use]
    pub fn new(arrivals: &Arrivals, stream: usize, mut random: EntityStream) -> Self {
        let pace = match arrivals {
            Arrivals::Recorded(_) => Pace::Recorded(0),
            Arrivals::Rates(_, WithinStep::Mmpp(mmpp)) => Pace::Modulated(mmpp.start(&mut random)),
            Arrivals::Rates(_, WithinStep::Uniform) => {
                // Streams with less than one request a step are not to have theirs in the same steps.
                let carry = (1.0 - MARGIN) * random.random::<f64>();
                Pace::Counted { left: 0, carry }
            }
            Arrivals::Rates(..) => Pace::Gaps { is_first: true },
        };
        // There are at most 10^7 streams.
        let stream = stream as u32;
        let mut clock =
            StreamClock { random, stream, pace, step: 0, rate_rps: 0.0, end_s: 0.0, now_s: 0.0 };
        if let Arrivals::Rates(rates, _) = arrivals {
            clock.begin_step(rates, 0);
        }
        clock
    }

    /// The next request; `None` if there is none up to `horizon`. The same arrivals must be given each time.
    pub fn next(&mut self, arrivals: &Arrivals, horizon: SimTime) -> Option<Arrived> {
        let (rates, within) = match arrivals {
            Arrivals::Rates(rates, within) => (rates, within),
            Arrivals::Recorded(recorded) => return self.next_recorded(recorded, horizon),
        };
        let horizon_s = horizon.as_secs();
        let is_there = match within {
            WithinStep::Poisson => {
                let gap: f64 = Exp1.sample(&mut self.random);
                self.pass(rates, None, gap, horizon_s)
            }
            WithinStep::Mmpp(mmpp) => {
                let gap: f64 = Exp1.sample(&mut self.random);
                self.pass(rates, Some(mmpp), gap, horizon_s)
            }
            WithinStep::Equidistant => {
                let is_first = self.is_first();
                let gap = if is_first {
                    MARGIN + (1.0 - 2.0 * MARGIN) * self.random.random::<f64>()
                } else {
                    1.0
                };
                self.pass(rates, None, gap, horizon_s)
            }
            WithinStep::Gamma { cv } => {
                let gap = self.gamma_gap(*cv);
                self.pass(rates, None, gap, horizon_s)
            }
            WithinStep::Uniform => self.pass_counted(rates, horizon_s),
        };
        let at = SimTime::from_secs(self.now_s);
        (is_there && at <= horizon).then(|| Arrived {
            at,
            seed: self.random.next_u64(),
            service_s: f64::NAN,
        })
    }

    fn is_first(&mut self) -> bool {
        match &mut self.pace {
            Pace::Gaps { is_first } => std::mem::replace(is_first, false),
            _ => false,
        }
    }

    /// A gap of mean one. The first is what is left of one at a random instant, so that the process is in equilibrium from
    /// the start: a uniform part of a gap that is drawn by its length (Cox, *Renewal Theory*, 1962, section 5.1).
    fn gamma_gap(&mut self, cv: f64) -> f64 {
        let is_first = self.is_first();
        let shape = (cv * cv).recip();
        let (drawn, part) = if is_first {
            (Gamma::new(shape + 1.0, shape.recip()), self.random.random::<f64>())
        } else {
            (Gamma::new(shape, shape.recip()), 1.0)
        };
        match drawn {
            Ok(gamma) => part * gamma.sample(&mut self.random),
            // A coefficient of variation that makes no distribution counts as 1; scenarios refuse it.
            Err(_) => Exp1.sample(&mut self.random),
        }
    }

    fn begin_step(&mut self, rates: &StreamRates, step: u64) {
        self.step = step;
        self.rate_rps = rates.rate_rps(self.stream as usize, step);
        let has_end = matches!(self.pace, Pace::Counted { .. }) || !rates.stays_from(step);
        self.end_s = if has_end { (step + 1) as f64 * rates.step_s() } else { f64::INFINITY };
        if let Pace::Counted { left, carry } = &mut self.pace {
            *carry += self.rate_rps * rates.step_s();
            let whole = (*carry + MARGIN / 2.0).floor();
            // Not negative.
            *left = whole as u64;
            *carry = (*carry - whole).max(0.0);
        }
    }

    /// Goes on until `gap` requests were to be expected; whether that is before the horizon.
    fn pass(&mut self, rates: &StreamRates, mmpp: Option<&Mmpp>, mut gap: f64, horizon_s: f64) -> bool {
        loop {
            let mut rate_rps = self.rate_rps;
            let mut end_s = self.end_s;
            if rate_rps <= 0.0 && end_s == f64::INFINITY {
                return false;
            }
            if let (Some(mmpp), Pace::Modulated(chain)) = (mmpp, self.pace) {
                rate_rps *= mmpp.multiplier(chain);
                end_s = end_s.min(chain.until_s);
            }
            if rate_rps > 0.0 {
                let most = rate_rps * (end_s - self.now_s);
                if gap <= most {
                    self.now_s = (self.now_s + gap / rate_rps).min(end_s);
                    return true;
                }
                gap -= most;
            }
            self.now_s = end_s;
            if self.now_s > horizon_s {
                return false;
            }
            if let (Some(mmpp), Pace::Modulated(chain)) = (mmpp, &mut self.pace)
                && chain.until_s <= self.now_s
            {
                mmpp.change(chain, &mut self.random);
            }
            if self.end_s <= self.now_s {
                self.begin_step(rates, self.step + 1);
            }
        }
    }

    /// Goes on to the next of the requests of this step, or of a later one.
    fn pass_counted(&mut self, rates: &StreamRates, horizon_s: f64) -> bool {
        loop {
            let Pace::Counted { left, .. } = &mut self.pace else { return false };
            if *left > 0 {
                // The least of `left` independent times within what is left of the step.
                let unit = self.random.random::<f64>();
                let part = 1.0 - unit.powf((*left as f64).recip());
                *left -= 1;
                self.now_s += part * (self.end_s - self.now_s);
                return true;
            }
            if self.rate_rps <= 0.0 && rates.stays_from(self.step) {
                return false;
            }
            self.now_s = self.end_s;
            if self.now_s > horizon_s {
                return false;
            }
            self.begin_step(rates, self.step + 1);
        }
    }

    fn next_recorded(&mut self, recorded: &Recorded, horizon: SimTime) -> Option<Arrived> {
        let Pace::Recorded(next) = &mut self.pace else { return None };
        let arrival = recorded.of(self.stream as usize).get(*next)?;
        *next += 1;
        let (at, service_s) = (arrival.at, arrival.service_s);
        (at <= horizon).then(|| Arrived { at, seed: self.random.next_u64(), service_s })
    }
}
