//! What several senders on a channel make of it: Bianchi's model of the DCF (2000, IEEE J. Sel. Areas Commun. 18(3)).
//!
//! Senders always have something to send. Each tries in a slot with probability tau, and its try fails with probability p,
//! as others try in the same slot or as the frame is lost:
//!
//! tau = 2 / (1 + W + p W sum_{i<m} (2p)^i),   p = 1 - (1 - q) (1 - tau)^(n - 1)
//!
//! with W slots of the first window, doubled m times, n senders and a share q of frames that are lost for themselves. All have
//! the same opportunities to send, whatever their rates: one slow station slows all others down to its own goodput (Heusse et
//! al. 2003, INFOCOM).

use super::exchange::{Exchange, SLOT_S};

/// Halvings after which the fixed point is exact.
const HALVINGS: u32 = 52;

/// How senders back off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Slots of the first window, at least 1.
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
        let (mut sum, mut power) = (0.0, 1.0);
        for _ in 0..self.doublings {
            sum += power;
            power *= 2.0 * failure;
        }
        2.0 / (1.0 + self.window + failure * self.window * sum)
    }

    /// The fixed point for so many senders: the probability that one tries in a slot. `lost` is the share of tries that fail
    /// without any collision.
    #[must_use]
    pub fn solve(&self, senders: u32, lost: f64) -> f64 {
        let others = f64::from(senders.saturating_sub(1));
        let failure_at = |tau: f64| 1.0 - (1.0 - lost) * (1.0 - tau).powf(others);
        // What senders do falls with their failures, and these grow with it: there is one solution.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let tau = 0.5 * (low + high);
            if self.attempt_probability(failure_at(tau)) > tau {
                low = tau;
            } else {
                high = tau;
            }
        }
        0.5 * (low + high)
    }
}

/// The senders of a channel, as far as they matter to each other. Kept for its memory.
#[derive(Clone, Debug, Default)]
pub struct Contenders {
    busy_s: Vec<f64>,
    failures: f64,
}

/// What a channel gives each of its senders.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Contention {
    /// Senders.
    pub senders: u32,
    /// Exchanges a second of each sender without a collision.
    pub exchanges_per_s: f64,
    /// Share of time in which the channel is taken by exchanges or collisions, 0 to 1.
    pub busy: f64,
    /// Probability that a try of a sender collides.
    pub collision: f64,
}

/// What one more sender on a channel would find, whatever it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Newcomer {
    others: f64,
    idle: f64,
    single: f64,
    collided: f64,
    mean_s: f64,
    longer_s: f64,
}

impl Newcomer {
    /// Exchanges a second that it would have. O(1).
    #[must_use]
    pub fn exchanges_per_s(&self, exchange: &Exchange) -> f64 {
        let mean_s = (self.others * self.mean_s + exchange.busy_s) / (self.others + 1.0);
        let longer_s = self.longer_s.max(exchange.busy_s);
        let slot_s = self.idle * SLOT_S + self.single * mean_s + self.collided * longer_s;
        self.single / (self.others + 1.0) / slot_s
    }

    /// Bits a second of payload that it would deliver.
    #[must_use]
    pub fn goodput_bps(&self, exchange: &Exchange) -> f64 {
        8.0 * exchange.delivered_bytes * self.exchanges_per_s(exchange)
    }
}

impl Contenders {
    /// Forgets all senders.
    pub fn clear(&mut self) {
        self.busy_s.clear();
        self.failures = 0.0;
    }

    /// Adds a sender.
    pub fn add(&mut self, exchange: &Exchange) {
        self.busy_s.push(exchange.busy_s);
        self.failures += exchange.failure;
    }

    /// How many senders there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.busy_s.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.busy_s.is_empty()
    }

    /// Puts them in order, for [`Contenders::share`].
    pub fn sort(&mut self) {
        self.busy_s.sort_unstable_by(f64::total_cmp);
    }

    /// What each of them has: slots of all lengths together, of which an idle one is `SLOT_S` long, one with a single sender
    /// as long as its exchange, and a collision as long as the longer exchange of two. O(senders); the order of
    /// [`Contenders::sort`] is needed.
    #[must_use]
    pub fn share(&self, backoff: &Backoff) -> Contention {
        let count = self.busy_s.len();
        if count == 0 {
            return Contention::default();
        }
        let n = count as f64;
        let tau = backoff.solve(count as u32, self.failures / n);
        let alone = (1.0 - tau).powf(n - 1.0);
        let idle = (1.0 - tau).powf(n);
        let single = n * tau * alone;
        let collided = (1.0 - idle - single).max(0.0);
        let mean_s = self.busy_s.iter().sum::<f64>() / n;
        let longer_s = self.longer_of_two_s();
        let taken_s = single * mean_s + collided * longer_s;
        let slot_s = idle * SLOT_S + taken_s;
        Contention {
            senders: count as u32,
            exchanges_per_s: tau * alone / slot_s,
            busy: taken_s / slot_s,
            collision: 1.0 - alone,
        }
    }

    /// What one more sender would have.
    #[must_use]
    pub fn newcomer(&self, backoff: &Backoff) -> Newcomer {
        let others = self.busy_s.len() as f64;
        // Of its own losses nothing is known yet.
        let lost = self.failures / (others + 1.0);
        let tau = backoff.solve(self.busy_s.len() as u32 + 1, lost);
        let alone = (1.0 - tau).powf(others);
        let single = (others + 1.0) * tau * alone;
        let idle = (1.0 - tau) * alone;
        Newcomer {
            others,
            idle,
            single,
            collided: (1.0 - idle - single).max(0.0),
            mean_s: if others > 0.0 { self.busy_s.iter().sum::<f64>() / others } else { 0.0 },
            longer_s: self.longer_of_two_s(),
        }
    }

    /// Mean of the longer one of two of them.
    fn longer_of_two_s(&self) -> f64 {
        let n = self.busy_s.len() as f64;
        if n < 2.0 {
            return self.busy_s.first().copied().unwrap_or(0.0);
        }
        let sum: f64 = (0..).zip(&self.busy_s).map(|(below, busy_s)| f64::from(below) * busy_s).sum();
        2.0 * sum / (n * (n - 1.0))
    }
}

/// Bits a second of payload that a sender alone on its channel delivers.
#[must_use]
pub fn goodput_bps(exchange: &Exchange) -> f64 {
    let mut alone = Contenders::default();
    alone.add(exchange);
    8.0 * exchange.delivered_bytes * alone.share(&Backoff::default()).exchanges_per_s
}
