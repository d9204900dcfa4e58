//! Nodes and links that leave and come back, and links that take turns.

use super::change::{Change, Contribution, Setup, Tick};
use super::failure::Portion;
use crate::engine::{Distribution, EntityStream, SimDuration, SimTime, Stream};
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Each subject stays for a drawn time, is away for another one, and comes back, at exact instants: an alternating
/// renewal process, present for `mean stay / (mean stay + mean absence)` of the time in the long run. At first all
/// are present. The timetable plays no part.
#[derive(Clone, Debug)]
pub struct Churn {
    /// Seconds from the start or a return to leaving.
    pub stays_s: Distribution,
    /// Seconds from leaving to the return.
    pub away_s: Distribution,
    random: Vec<EntityStream>,
    is_away: Vec<bool>,
    /// The next change of each subject.
    next: BinaryHeap<Reverse<(SimTime, u32)>>,
}

impl Churn {
    /// With these times, one of which must have a mean above 0.
    #[must_use]
    pub fn new(stays_s: Distribution, away_s: Distribution) -> Self {
        Churn { stays_s, away_s, random: Vec::new(), is_away: Vec::new(), next: BinaryHeap::new() }
    }

    fn expect(&mut self, now: SimTime, member: usize) {
        let span = if self.is_away[member] { &self.away_s } else { &self.stays_s };
        // At least a nanosecond, so that time passes.
        let wait = SimDuration::from_secs(span.sample(&mut self.random[member]));
        let wait = wait.max(SimDuration::from_nanos(1));
        self.next.push(Reverse((now + wait, member as u32)));
    }
}

impl Change for Churn {
    fn start(&mut self, setup: &Setup<'_>) {
        self.random = setup.each();
        self.is_away = vec![false; setup.members.len()];
        (0..setup.members.len()).for_each(|member| self.expect(SimTime::ZERO, member));
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        while let Some(&Reverse((time, member))) = self.next.peek() {
            if time > tick.now {
                break;
            }
            self.next.pop();
            let member = member as usize;
            self.is_away[member] ^= true;
            let factor = if self.is_away[member] { 0.0 } else { 1.0 };
            tick.set(member, Contribution::factor(factor));
            self.expect(tick.now, member);
        }
    }

    fn wake(&self) -> SimTime {
        self.next.peek().map_or(SimTime::MAX, |Reverse((time, _))| *time)
    }

    fn reset(&mut self, member: usize) {
        self.is_away[member] = false;
    }
}

/// Of the subjects a fixed number is there at a time, at first drawn ones. At each instant each of them gives its place
/// to one that is not there, with a probability: a network that is rewired.
#[derive(Clone, Debug)]
pub struct Rewire {
    /// How many are there.
    pub active: Portion,
    /// Probability that one gives its place away at an instant.
    pub p: f64,
    random: Option<Stream>,
    there: Vec<u32>,
    gone: Vec<u32>,
    has_begun: bool,
}

impl Rewire {
    /// So many at a time, which change with this probability.
    #[must_use]
    pub fn new(active: Portion, p: f64) -> Self {
        Rewire { active, p, random: None, there: Vec::new(), gone: Vec::new(), has_begun: false }
    }
}

impl Change for Rewire {
    fn start(&mut self, setup: &Setup<'_>) {
        let mut random = setup.common();
        self.gone = (0..setup.members.len() as u32).collect();
        for _ in 0..self.active.of(setup.members.len()) {
            let chosen = random.random_range(0..self.gone.len());
            self.there.push(self.gone.swap_remove(chosen));
        }
        self.random = Some(random);
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        let Some(random) = self.random.as_mut().filter(|_| tick.is_due) else { return };
        if std::mem::replace(&mut self.has_begun, true) && !self.gone.is_empty() {
            for own in &mut self.there {
                if random.random::<f64>() < self.p {
                    let other = random.random_range(0..self.gone.len());
                    std::mem::swap(own, &mut self.gone[other]);
                }
            }
        }
        self.there.iter().for_each(|&own| tick.set(own as usize, Contribution::NEUTRAL));
        self.gone.iter().for_each(|&own| tick.set(own as usize, Contribution::factor(0.0)));
    }
}
