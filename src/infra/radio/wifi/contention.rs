//! What several senders on a channel make of it: Bianchi's model of the DCF (2000, IEEE J. Sel. Areas Commun. 18(3)), with
//! losses of each sender's own.
//!
//! Senders always have something to send. Sender i tries in a slot with probability tau_i, and its try fails with probability
//! p_i, as others try in the same slot or as the frame is lost:
//!
//! tau_i = 2 / (1 + W + p_i W sum_{k<m} (2 p_i)^k),   p_i = 1 - (1 - q_i) prod_{j != i} (1 - tau_j)
//!
//! with W slots of the first window, doubled m times, and a share q_i of frames that are lost for themselves. With S, the
//! probability that nobody tries, this is (1 - p_i) (1 - tau_i) = (1 - q_i) S, whose left side falls with p_i (the condition
//! under which the fixed point is the only one: Ramaiyan, Kumar, Altman 2008, IEEE/ACM Trans. Netw. 16(5)); so S says what each
//! sender does, and S = prod (1 - tau_i) is one equation with one unknown. Senders without losses have the same opportunities
//! to send, whatever their rates: one slow station slows all others down to its own goodput (Heusse et al. 2003, INFOCOM). One
//! that loses much backs off, and leaves them to the others.

use super::attempts::STANDARD;
use super::exchange::{Exchange, SLOT_S};

/// Steps after which a bracketed root is found even if its ends are only halved.
const MOST_STEPS: u32 = 60;
/// Newton's step after which the next one would be within rounding.
const LAST_STEP: f64 = 1e-10;
/// Greatest probability of a try, so that logarithms of the rest are finite.
const MOST_TRIES: f64 = 1.0 - 1e-15;
/// Share of exchanges below which losses change nothing.
const NO_LOSS: f64 = 1e-12;

/// How senders back off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Slots of the first window, at least 3: with fewer, senders may have several fixed points, of which one is found.
    pub window: f64,
    /// How often it is doubled.
    pub doublings: u32,
}

impl Default for Backoff {
    /// That of OFDM and of best effort: 16 slots up to 1024.
    fn default() -> Self {
        Backoff { window: 16.0, doublings: 6 }
    }
}

impl Backoff {
    /// Probability that a sender tries in a slot whose tries fail with probability `failure`.
    #[must_use]
    pub fn attempt_probability(&self, failure: f64) -> f64 {
        self.attempt(failure).0
    }

    /// That probability, and its derivative, which is not above zero.
    fn attempt(&self, failure: f64) -> (f64, f64) {
        let (mut sum, mut slope, mut power) = (0.0, 0.0, 1.0);
        for number in 0..self.doublings {
            sum += power;
            slope += f64::from(number + 1) * power;
            power *= 2.0 * failure;
        }
        let slots = 1.0 + self.window + failure * self.window * sum;
        ((2.0 / slots).min(MOST_TRIES), -2.0 * self.window * slope / (slots * slots))
    }

    /// The fixed point for so many senders alike: the probability that one tries in a slot. `lost` is the share of tries that
    /// fail without any collision.
    #[must_use]
    pub fn solve(&self, senders: u32, lost: f64) -> f64 {
        self.sender(self.idle(|| [(f64::from(senders), lost)].into_iter()), lost).0
    }

    /// The probability S that nobody tries in a slot, of senders by their numbers and losses.
    fn idle<I: Iterator<Item = (f64, f64)>>(&self, senders: impl Fn() -> I) -> f64 {
        let number: f64 = senders().map(|(number, _)| number).sum();
        // In its logarithm u: sum ln(1 - tau(u)) - u falls by 1 and more with each unit of u.
        let least = number * (-self.attempt(0.0).0).ln_1p();
        let log = root([least, 0.0], least, |log| {
            let idle = log.exp();
            senders().fold((-log, -1.0), |(value, slope), (number, lost)| {
                let (tau, by_log) = self.sender(idle, lost);
                (value + number * (-tau).ln_1p(), slope - number * by_log / (1.0 - tau))
            })
        });
        log.exp()
    }

    /// What a sender with such losses does where nobody tries with probability `idle`: the probability that it tries in a
    /// slot, and the derivative of that by the logarithm of `idle`.
    fn sender(&self, idle: f64, lost: f64) -> (f64, f64) {
        let kept = (1.0 - lost) * idle;
        let (most, _) = self.attempt(0.0);
        if kept >= 1.0 - most {
            // Only on the way to the fixed point: failures are never below 0.
            return (most, 0.0);
        }
        let is_standard = *self == Backoff::default();
        let (tau, slope) = if is_standard { STANDARD.at(kept) } else { self.solve_sender(kept) };
        (tau, slope * kept)
    }

    /// The probability that a sender tries in a slot where that it does not and its frame gets through, if it would, has
    /// probability `kept`, and its derivative by this.
    pub(super) fn solve_sender(&self, kept: f64) -> (f64, f64) {
        let of = |failure: f64| {
            let (tau, slope) = self.attempt(failure);
            ((1.0 - failure) * (1.0 - tau) - kept, tau - 1.0 - (1.0 - failure) * slope)
        };
        let near = 1.0 - kept / (1.0 - self.attempt(1.0 - kept).0);
        let failure = root([0.0, 1.0], near, of);
        let (tau, slope) = self.attempt(failure);
        (tau, slope / of(failure).1)
    }
}

/// The root of a falling function, given with its derivative, between two ends: by Newton's steps, and by halvings where these
/// leave the ends or do not become half as long.
fn root([mut low, mut high]: [f64; 2], first: f64, of: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut at, mut step) = (first.clamp(low, high), high - low);
    for _ in 0..MOST_STEPS {
        let (value, slope) = of(at);
        if value > 0.0 {
            low = at;
        } else {
            high = at;
        }
        let newton = -value / slope;
        let is_good = (low..=high).contains(&(at + newton)) && newton.abs() <= 0.5 * step.abs();
        step = if is_good { newton } else { 0.5 * (low + high) - at };
        at += step;
        if is_good && step.abs() <= LAST_STEP {
            break;
        }
    }
    at
}

/// The senders of a channel, as far as they matter to each other. Kept for its memory.
#[derive(Clone, Debug, Default)]
pub struct Contenders {
    senders: Vec<Sender>,
}

/// How long an exchange of a sender takes in seconds, and the share of them that is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sender {
    busy_s: f64,
    lost: f64,
}

impl Sender {
    fn of(exchange: &Exchange) -> Self {
        let lost = if exchange.failure < NO_LOSS { 0.0 } else { exchange.failure };
        Sender { busy_s: exchange.busy_s, lost }
    }
}

/// What a channel gives its senders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contention {
    /// Senders.
    pub senders: u32,
    /// Share of time in which the channel is taken by exchanges or collisions, 0 to 1.
    pub busy: f64,
    /// Probability that nobody tries in a slot.
    idle: f64,
    /// Mean length of slots of all kinds in seconds.
    slot_s: f64,
    backoff: Backoff,
}

impl Contention {
    /// Exchanges a second without a collision that one of its senders has; whether frames of them are lost for themselves
    /// matters to how often it tries.
    #[must_use]
    pub fn exchanges_per_s(&self, exchange: &Exchange) -> f64 {
        let tau = self.attempt_probability(exchange);
        tau * self.idle / (1.0 - tau) / self.slot_s
    }

    /// Probability that a try of one of its senders collides.
    #[must_use]
    pub fn collision(&self, exchange: &Exchange) -> f64 {
        1.0 - self.idle / (1.0 - self.attempt_probability(exchange))
    }

    /// Probability that one of its senders tries in a slot.
    fn attempt_probability(&self, exchange: &Exchange) -> f64 {
        self.backoff.sender(self.idle, Sender::of(exchange).lost).0
    }
}

/// What one more sender on a channel would find, whatever it sends: exact if it loses nothing. The others do as if it lost
/// nothing, so that one that does has less: beside two others, a seventh less with half of its frames lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Newcomer {
    /// Probability that none of the others tries in a slot.
    idle: f64,
    /// Sum over the others of tau / (1 - tau), and of that by the seconds of their exchanges.
    odds: f64,
    odds_s: f64,
    longer_s: f64,
    backoff: Backoff,
}

impl Newcomer {
    /// Exchanges a second that it would have. O(1).
    #[must_use]
    pub fn exchanges_per_s(&self, exchange: &Exchange) -> f64 {
        let failure = 1.0 - (1.0 - Sender::of(exchange).lost) * self.idle;
        let tau = self.backoff.attempt_probability(failure);
        let (own, none) = (tau * self.idle, (1.0 - tau) * self.idle);
        let collided = (1.0 - own - none * (1.0 + self.odds)).max(0.0);
        let longer_s = self.longer_s.max(exchange.busy_s);
        let taken_s = own * exchange.busy_s + none * self.odds_s + collided * longer_s;
        own / (none * SLOT_S + taken_s)
    }

    /// Bits a second of payload that it would deliver.
    #[must_use]
    pub fn goodput_bps(&self, exchange: &Exchange) -> f64 {
        8.0 * exchange.delivered_bytes * self.exchanges_per_s(exchange)
    }
}

/// Sums over senders that are there, in the order of the times of their exchanges.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Of the odds tau / (1 - tau), and of that by the seconds of an exchange.
    odds: f64,
    odds_s: f64,
    /// Of the products of the odds of two, and of that by the seconds of the longer exchange.
    pairs: f64,
    pairs_s: f64,
    longest_s: f64,
}

impl Sums {
    fn add(&mut self, number: f64, odds: f64, busy_s: f64) {
        // With all before, and among themselves.
        let pairs = odds * number * (self.odds + 0.5 * odds * (number - 1.0));
        self.pairs += pairs;
        self.pairs_s += pairs * busy_s;
        self.odds += odds * number;
        self.odds_s += odds * number * busy_s;
        self.longest_s = busy_s;
    }

    /// Mean of the longer exchange of two that collide.
    fn longer_s(&self) -> f64 {
        if self.pairs > 0.0 { self.pairs_s / self.pairs } else { self.longest_s }
    }
}

impl Contenders {
    /// Forgets all senders.
    pub fn clear(&mut self) {
        self.senders.clear();
    }

    /// Adds a sender.
    pub fn add(&mut self, exchange: &Exchange) {
        self.senders.push(Sender::of(exchange));
    }

    /// How many senders there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.senders.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.senders.is_empty()
    }

    /// Puts them in order, for [`Contenders::share`].
    pub fn sort(&mut self) {
        self.senders.sort_unstable_by(|one, other| {
            one.busy_s.total_cmp(&other.busy_s).then(one.lost.total_cmp(&other.lost))
        });
    }

    /// Those that are alike, and how many they are.
    fn classes(&self) -> impl Iterator<Item = (f64, Sender)> {
        self.senders.chunk_by(|one, other| one == other).map(|alike| (alike.len() as f64, alike[0]))
    }

    fn sums(&self, idle: f64, backoff: &Backoff) -> Sums {
        let mut sums = Sums::default();
        for (number, sender) in self.classes() {
            let tau = backoff.sender(idle, sender.lost).0;
            sums.add(number, tau / (1.0 - tau), sender.busy_s);
        }
        sums
    }

    /// What they have: slots of all lengths together, of which an idle one is `SLOT_S` long, one with a single sender as long
    /// as its exchange, and a collision as long as the longer exchange of two. O(senders) to go through them, and a few steps
    /// for each of those that differ; the order of [`Contenders::sort`] is needed.
    #[must_use]
    pub fn share(&self, backoff: &Backoff) -> Contention {
        let idle = backoff.idle(|| self.classes().map(|(number, sender)| (number, sender.lost)));
        let sums = self.sums(idle, backoff);
        let collided = (1.0 - idle * (1.0 + sums.odds)).max(0.0);
        let taken_s = idle * sums.odds_s + collided * sums.longer_s();
        let slot_s = idle * SLOT_S + taken_s;
        Contention {
            senders: self.senders.len() as u32,
            busy: taken_s / slot_s,
            idle,
            slot_s,
            backoff: *backoff,
        }
    }

    /// What one more sender would have.
    #[must_use]
    pub fn newcomer(&self, backoff: &Backoff) -> Newcomer {
        // Of its own losses nothing is known yet.
        let others = || self.classes().map(|(number, sender)| (number, sender.lost));
        let idle = backoff.idle(|| others().chain([(1.0, 0.0)]));
        let sums = self.sums(idle, backoff);
        let own = backoff.sender(idle, 0.0).0;
        Newcomer {
            idle: idle / (1.0 - own),
            odds: sums.odds,
            odds_s: sums.odds_s,
            longer_s: sums.longer_s(),
            backoff: *backoff,
        }
    }
}

/// Bits a second of payload that a sender alone on its channel delivers.
#[must_use]
pub fn goodput_bps(exchange: &Exchange) -> f64 {
    let mut alone = Contenders::default();
    alone.add(exchange);
    8.0 * exchange.delivered_bytes * alone.share(&Backoff::default()).exchanges_per_s(exchange)
}
