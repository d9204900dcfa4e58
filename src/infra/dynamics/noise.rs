//! Noise around the base: stationary from the first instant on, so that nothing drifts.

use super::change::{Amount, Change, Contribution, Setup, Tick};
use crate::engine::{EntityStream, Stream};
use rand::RngExt;
use rand_distr::{Distribution as _, StandardNormal};

/// The process of a [`Noise`], in units of its amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoiseKind {
    /// Uniform in -1..1, each instant by itself; its variance is 1/3.
    Jitter,
    /// Normal with standard deviation 1, each instant by itself.
    Gaussian,
    /// A walk between -1 and 1 that is reflected there: `x <- (1 - reversion) x + step N(0, 1)`. Without reversion it is
    /// uniform in the long run; it begins so.
    BoundedWalk {
        /// Standard deviation of a step.
        step: f64,
        /// Share of the way back to the base at each instant, in 0..=1.
        reversion: f64,
    },
    /// A walk with a velocity: `v <- damping v - pull x + e`, `x <- x + v`, which is an autoregression of order 2 with the
    /// coefficients `1 + damping - pull` and `-damping` (Box and Jenkins, Time Series Analysis, section 3.2.4). The
    /// errors are such that the standard deviation of x is 1.
    Momentum {
        /// Share of the velocity that is kept, in 0..1.
        damping: f64,
        /// Share of the way back that is added to the velocity, above 0 and below `2 + 2 damping`.
        pull: f64,
    },
    /// The Ornstein-Uhlenbeck process with standard deviation 1, exact at any distance of instants:
    /// `x <- a x + sqrt(1 - a^2) N(0, 1)` with `a = exp(-t / time constant)`, an autoregression of order 1.
    Correlated {
        /// Time constant of the autocorrelation in seconds, above 0.
        time_constant_s: f64,
        /// Share of the variance that all subjects have in common, in 0..=1: their correlation.
        common: f64,
    },
    /// With a probability an impulse of 1 is added, and fades away: `x <- a x + Bernoulli(p)` with
    /// `a = exp(-t / time constant)`.
    Impulse {
        /// Probability of an impulse at an instant.
        p: f64,
        /// Time constant in seconds, above 0.
        time_constant_s: f64,
    },
}

/// Additive noise.
#[derive(Clone, Debug)]
pub struct Noise {
    /// The process.
    pub kind: NoiseKind,
    /// What one unit of it is.
    pub amount: Amount,
    random: Vec<EntityStream>,
    common: Option<Stream>,
    /// The process of each subject, and its velocity.
    states: Vec<(f64, f64)>,
    common_state: f64,
    has_begun: bool,
}

/// A value reflected at -1 and 1 until it lies between them.
fn reflected(x: f64) -> f64 {
    // Reflection has the period 4: it runs up from -1 to 1 and back.
    let along = (x + 1.0).rem_euclid(4.0);
    if along <= 2.0 { along - 1.0 } else { 3.0 - along }
}

fn normal(random: &mut impl rand::Rng) -> f64 {
    StandardNormal.sample(random)
}

impl Noise {
    /// A process in units of an amount.
    #[must_use]
    pub fn new(kind: NoiseKind, amount: Amount) -> Self {
        let (random, common, states) = (Vec::new(), None, Vec::new());
        Noise { kind, amount, random, common, states, common_state: 0.0, has_begun: false }
    }

    /// The next state of a process after `elapsed_s`, or its first one.
    fn next(&self, (x, v): (f64, f64), random: &mut EntityStream, elapsed_s: f64) -> (f64, f64) {
        let begins = !self.has_begun;
        match self.kind {
            NoiseKind::Jitter => (2.0 * random.random::<f64>() - 1.0, 0.0),
            NoiseKind::Gaussian => (normal(random), 0.0),
            NoiseKind::BoundedWalk { reversion, .. } if begins => {
                // Uniform where it will be so; else at the base, as it is soon to be near it.
                let first = 2.0 * random.random::<f64>() - 1.0;
                (if reversion == 0.0 { first } else { 0.0 }, 0.0)
            }
            NoiseKind::BoundedWalk { step, reversion } => {
                (reflected((1.0 - reversion) * x + step * normal(random)), 0.0)
            }
            NoiseKind::Momentum { damping, pull } => {
                let (first, second) = (1.0 + damping - pull, -damping);
                if begins {
                    // Two neighbouring values with the correlation of the autoregression.
                    let correlation = first / (1.0 - second);
                    let before = normal(random);
                    let own = correlation * before
                        + (1.0 - correlation * correlation).max(0.0).sqrt() * normal(random);
                    return (own, own - before);
                }
                let ratio = (1.0 - second) / ((1.0 + second) * ((1.0 - second).powi(2) - first * first));
                let v = damping * v - pull * x + normal(random) / ratio.sqrt();
                (x + v, v)
            }
            NoiseKind::Correlated { .. } if begins => (normal(random), 0.0),
            NoiseKind::Correlated { time_constant_s, .. } => {
                let kept = (-elapsed_s / time_constant_s).exp();
                (kept * x + (1.0 - kept * kept).max(0.0).sqrt() * normal(random), 0.0)
            }
            NoiseKind::Impulse { p, time_constant_s } => {
                let strikes = random.random::<f64>() < p;
                let kept = if begins { 0.0 } else { (-elapsed_s / time_constant_s).exp() };
                (kept * x + if strikes { 1.0 } else { 0.0 }, 0.0)
            }
        }
    }
}

impl Change for Noise {
    fn start(&mut self, setup: &Setup<'_>) {
        self.random = setup.each();
        self.common = Some(setup.common());
        self.states = vec![(0.0, 0.0); setup.members.len()];
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        let elapsed_s = tick.elapsed.as_secs();
        let mut weights = (1.0, 0.0);
        if let (NoiseKind::Correlated { time_constant_s, common }, Some(random)) =
            (self.kind, &mut self.common)
        {
            let kept = if self.has_begun { (-elapsed_s / time_constant_s).exp() } else { 0.0 };
            self.common_state =
                kept * self.common_state + (1.0 - kept * kept).max(0.0).sqrt() * normal(random);
            weights = ((1.0 - common).sqrt(), common.sqrt());
        }
        for member in 0..self.states.len() {
            let mut random = self.random[member].clone();
            let state = self.next(self.states[member], &mut random, elapsed_s);
            self.random[member] = random;
            self.states[member] = state;
            let x = weights.0 * state.0 + weights.1 * self.common_state;
            tick.set(member, Contribution::offset(x * self.amount.of(tick.members[member].base)));
        }
        self.has_begun = true;
    }
}

/// At each instant a subject drops to a factor with a probability, until the next one.
#[derive(Clone, Debug)]
pub struct Dropout {
    /// The probability.
    pub p: f64,
    /// The factor then.
    pub factor: f64,
    random: Vec<EntityStream>,
}

impl Dropout {
    /// With this probability, to this factor.
    #[must_use]
    pub fn new(p: f64, factor: f64) -> Self {
        Dropout { p, factor, random: Vec::new() }
    }
}

impl Change for Dropout {
    fn start(&mut self, setup: &Setup<'_>) {
        self.random = setup.each();
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        for (member, random) in self.random.iter_mut().enumerate() {
            let drops = random.random::<f64>() < self.p;
            tick.set(member, Contribution::factor(if drops { self.factor } else { 1.0 }));
        }
    }
}
