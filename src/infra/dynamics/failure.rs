//! Failures: flaps, episodes, kills, outages.

use super::change::{Change, Contribution, Setup, Tick};
use crate::engine::{Distribution, EntityStream, SimDuration, SimTime, Stream};
use rand::RngExt;

/// Each group of subjects is in one of two states, between which it goes at each instant: a Markov chain. In the long
/// run a group is up for the share `p_repair / (p_fail + p_repair)` of the instants, and fails `p_fail` times an
/// instant at which it is up. Subjects of one group fail together.
#[derive(Clone, Debug)]
pub struct Flap {
    /// Probability that a group which is up fails at an instant.
    pub p_fail: f64,
    /// Probability that a group which is down is repaired at an instant.
    pub p_repair: f64,
    /// Factor while down: 0 of what is gone, more of a brownout.
    pub factor: f64,
    random: Vec<EntityStream>,
    group_of: Vec<u32>,
    is_down: Vec<bool>,
}

impl Flap {
    /// With these probabilities, at first up.
    #[must_use]
    pub fn new(p_fail: f64, p_repair: f64, factor: f64) -> Self {
        let (random, group_of, is_down) = (Vec::new(), Vec::new(), Vec::new());
        Flap { p_fail, p_repair, factor, random, group_of, is_down }
    }
}

impl Change for Flap {
    fn start(&mut self, setup: &Setup<'_>) {
        (self.random, self.group_of) = setup.groups();
        self.is_down = vec![false; self.random.len()];
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        for (is_down, random) in self.is_down.iter_mut().zip(&mut self.random) {
            let p = if *is_down { self.p_repair } else { self.p_fail };
            *is_down ^= random.random::<f64>() < p;
        }
        for (member, &group) in self.group_of.iter().enumerate() {
            let factor = if self.is_down[group as usize] { self.factor } else { 1.0 };
            tick.set(member, Contribution::factor(factor));
        }
    }

    fn reset(&mut self, member: usize) {
        self.is_down[self.group_of[member] as usize] = false;
    }
}

/// At each instant each subject begins an episode with a probability, unless it is in one, and is out of it after a
/// drawn time, to the nanosecond: spikes of latency, brownouts, exhausted resources.
#[derive(Clone, Debug)]
pub struct Episodes {
    /// Probability that an episode begins at an instant.
    pub p: f64,
    /// Factor during an episode.
    pub factor: f64,
    /// How long it lasts in seconds.
    pub lasts_s: Distribution,
    random: Vec<EntityStream>,
    /// When the episode of each subject ends; the start of the run if it is in none.
    ends: Vec<SimTime>,
    wake: SimTime,
}

impl Episodes {
    /// Episodes of this factor and length.
    #[must_use]
    pub fn new(p: f64, factor: f64, lasts_s: Distribution) -> Self {
        Episodes { p, factor, lasts_s, random: Vec::new(), ends: Vec::new(), wake: SimTime::MAX }
    }
}

/// The first of these ends that is still to come.
fn first_end(ends: &[SimTime], now: SimTime) -> SimTime {
    ends.iter().copied().filter(|&end| end > now).min().unwrap_or(SimTime::MAX)
}

impl Change for Episodes {
    fn start(&mut self, setup: &Setup<'_>) {
        self.random = setup.each();
        self.ends = vec![SimTime::ZERO; setup.members.len()];
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        for (member, (end, random)) in self.ends.iter_mut().zip(&mut self.random).enumerate() {
            if tick.is_due {
                // Drawn in an episode, too, so that its length does not shift the draws.
                let begins = random.random::<f64>() < self.p;
                if begins && *end <= tick.now {
                    *end = tick.now + SimDuration::from_secs(self.lasts_s.sample(random));
                }
            }
            let factor = if *end > tick.now { self.factor } else { 1.0 };
            tick.set(member, Contribution::factor(factor));
        }
        self.wake = first_end(&self.ends, tick.now);
    }

    fn wake(&self) -> SimTime {
        self.wake
    }

    fn reset(&mut self, member: usize) {
        self.ends[member] = SimTime::ZERO;
    }
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Portion {
    /// This many.
    Count(usize),
    /// This share of all, to the nearest whole number.
    Share(f64),
}

impl Portion {
    /// How many of so many.
    #[must_use]
    pub fn of(self, all: usize) -> usize {
        match self {
            Portion::Count(count) => count.min(all),
            Portion::Share(share) => ((all as f64 * share.clamp(0.0, 1.0)).round() as usize).min(all),
        }
    }
}

/// At each instant some subjects that are up, chosen at random, go down; for a time, or until they are restored.
#[derive(Clone, Debug)]
pub struct Kill {
    /// How many at an instant, of all.
    pub portion: Portion,
    /// How long they are down.
    pub lasts: SimDuration,
    random: Option<Stream>,
    /// When each subject is up again.
    ends: Vec<SimTime>,
    /// Those that are up, while some are chosen.
    up: Vec<u32>,
    wake: SimTime,
}

impl Kill {
    /// So many at each instant, for so long; [`SimDuration::MAX`] for ever.
    #[must_use]
    pub fn new(portion: Portion, lasts: SimDuration) -> Self {
        let (ends, up, wake) = (Vec::new(), Vec::new(), SimTime::MAX);
        Kill { portion, lasts, random: None, ends, up, wake }
    }
}

impl Change for Kill {
    fn start(&mut self, setup: &Setup<'_>) {
        self.random = Some(setup.common());
        self.ends = vec![SimTime::ZERO; setup.members.len()];
        self.up = Vec::with_capacity(setup.members.len());
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if let Some(random) = self.random.as_mut().filter(|_| tick.is_due) {
            self.up.clear();
            let ends = self.ends.iter().enumerate();
            self.up.extend(ends.filter(|(_, end)| **end <= tick.now).map(|(index, _)| index as u32));
            for _ in 0..self.portion.of(self.ends.len()).min(self.up.len()) {
                let chosen = self.up.swap_remove(random.random_range(0..self.up.len()));
                self.ends[chosen as usize] = tick.now + self.lasts;
            }
        }
        for (member, &end) in self.ends.iter().enumerate() {
            tick.set(member, Contribution::factor(if end > tick.now { 0.0 } else { 1.0 }));
        }
        self.wake = first_end(&self.ends, tick.now);
    }

    fn wake(&self) -> SimTime {
        self.wake
    }

    fn reset(&mut self, member: usize) {
        self.ends[member] = SimTime::ZERO;
    }
}

/// From each instant on all subjects are down together for a time: what cuts a network in parts, if they are the
/// links between them.
#[derive(Clone, Debug)]
pub struct Outage {
    /// Factor while down.
    pub factor: f64,
    /// How long it lasts; [`SimDuration::MAX`] for ever.
    pub lasts: SimDuration,
    ends: SimTime,
}

impl Outage {
    /// An outage of this length.
    #[must_use]
    pub fn new(factor: f64, lasts: SimDuration) -> Self {
        Outage { factor, lasts, ends: SimTime::ZERO }
    }
}

impl Change for Outage {
    fn act(&mut self, tick: &mut Tick<'_>) {
        if tick.is_due {
            self.ends = tick.now + self.lasts;
        }
        let factor = if self.ends > tick.now { self.factor } else { 1.0 };
        if self.ends <= tick.now {
            self.ends = SimTime::MAX;
        }
        for member in 0..tick.members.len() {
            tick.set(member, Contribution::factor(factor));
        }
    }

    fn wake(&self) -> SimTime {
        if self.ends == SimTime::ZERO { SimTime::MAX } else { self.ends }
    }
}
