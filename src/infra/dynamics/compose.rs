//! Changes made of changes. Each part draws from streams of its own, and acts whether it counts or not, so that a
//! choice does not shift anybody's draws.

use super::change::{Amount, Change, Contribution, Setup, Tick};
use crate::engine::{EntityStream, SimDuration, SimTime};
use rand::RngExt;

/// A part, and what it would contribute.
#[derive(Debug)]
struct Part {
    change: Box<dyn Change>,
    contributions: Vec<Contribution>,
    touched: Vec<u32>,
}

impl Part {
    fn all(changes: Vec<Box<dyn Change>>) -> Vec<Part> {
        let part = |change| Part { change, contributions: Vec::new(), touched: Vec::new() };
        changes.into_iter().map(part).collect()
    }

    fn start(parts: &mut [Part], setup: &Setup<'_>) {
        for (index, part) in parts.iter_mut().enumerate() {
            part.change.start(&setup.part(index));
            part.contributions = vec![Contribution::NEUTRAL; setup.members.len()];
            part.touched.reserve(setup.members.len());
        }
    }

    /// Acts if it is due or awake.
    fn act(&mut self, tick: &mut Tick<'_>, is_due: bool) {
        if !is_due && self.change.wake() > tick.now {
            return;
        }
        self.touched.clear();
        self.change.act(&mut Tick {
            now: tick.now,
            is_due,
            elapsed: tick.elapsed,
            members: tick.members,
            values: tick.values,
            network: &mut *tick.network,
            contributions: &mut self.contributions,
            touched: &mut self.touched,
        });
    }

    fn reset(&mut self, member: usize) {
        self.change.reset(member);
        self.contributions[member] = Contribution::NEUTRAL;
    }
}

fn first_wake(parts: &[Part]) -> SimTime {
    parts.iter().map(|part| part.change.wake()).min().unwrap_or(SimTime::MAX)
}

fn any_looks(parts: &[Part]) -> bool {
    parts.iter().any(|part| part.change.looks_at_values())
}

fn any_by_direction(parts: &[Part]) -> bool {
    parts.iter().any(|part| part.change.is_by_direction())
}

/// All of its parts at once: factors multiply, offsets add, the last value set counts.
#[derive(Debug)]
pub struct AllOf {
    parts: Vec<Part>,
}

impl AllOf {
    /// Of these parts.
    #[must_use]
    pub fn new(changes: Vec<Box<dyn Change>>) -> Self {
        AllOf { parts: Part::all(changes) }
    }
}

impl Change for AllOf {
    fn start(&mut self, setup: &Setup<'_>) {
        Part::start(&mut self.parts, setup);
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        let is_due = tick.is_due;
        self.parts.iter_mut().for_each(|part| part.act(tick, is_due));
        for member in 0..tick.members.len() {
            let all = self.parts.iter().map(|part| part.contributions[member]);
            tick.set(member, all.fold(Contribution::NEUTRAL, Contribution::and));
        }
    }

    fn wake(&self) -> SimTime {
        first_wake(&self.parts)
    }

    fn reset(&mut self, member: usize) {
        self.parts.iter_mut().for_each(|part| part.reset(member));
    }

    fn looks_at_values(&self) -> bool {
        any_looks(&self.parts)
    }

    fn is_by_direction(&self) -> bool {
        any_by_direction(&self.parts)
    }
}

/// At each instant one of its parts counts, drawn for each subject by weight.
#[derive(Debug)]
pub struct Choice {
    parts: Vec<Part>,
    /// Sums of the weights so far.
    sums: Vec<f64>,
    random: Vec<EntityStream>,
    chosen: Vec<usize>,
}

impl Choice {
    /// Of these parts with their weights (>= 0, not all of them 0).
    #[must_use]
    pub fn new(parts: Vec<(f64, Box<dyn Change>)>) -> Self {
        let mut sum = 0.0;
        let sums = parts.iter().map(|(weight, _)| {
            sum += weight.max(0.0);
            sum
        });
        let sums = sums.collect();
        let parts = Part::all(parts.into_iter().map(|(_, part)| part).collect());
        Choice { parts, sums, random: Vec::new(), chosen: Vec::new() }
    }
}

impl Change for Choice {
    fn start(&mut self, setup: &Setup<'_>) {
        Part::start(&mut self.parts, setup);
        self.random = setup.each();
        self.chosen = vec![0; setup.members.len()];
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        let is_due = tick.is_due;
        self.parts.iter_mut().for_each(|part| part.act(tick, is_due));
        let total = self.sums.last().copied().unwrap_or(0.0);
        for member in 0..tick.members.len() {
            if is_due {
                let drawn = total * self.random[member].random::<f64>();
                let place = self.sums.partition_point(|&sum| sum <= drawn);
                self.chosen[member] = place.min(self.parts.len().saturating_sub(1));
            }
            if let Some(part) = self.parts.get(self.chosen[member]) {
                tick.set(member, part.contributions[member]);
            }
        }
    }

    fn wake(&self) -> SimTime {
        first_wake(&self.parts)
    }

    fn reset(&mut self, member: usize) {
        self.parts.iter_mut().for_each(|part| part.reset(member));
    }

    fn looks_at_values(&self) -> bool {
        any_looks(&self.parts)
    }

    fn is_by_direction(&self) -> bool {
        any_by_direction(&self.parts)
    }
}

/// One part after the other, from the first instant on: each for its time, the last one for ever, or all of them over
/// and over. A part acts when its time begins, and at each instant in it.
#[derive(Debug)]
pub struct Phases {
    parts: Vec<Part>,
    lasts: Vec<SimDuration>,
    is_cyclic: bool,
    present: usize,
    /// When the present phase ends; `None` before the first instant.
    ends: Option<SimTime>,
}

impl Phases {
    /// Of these parts and how long each lasts (> 0).
    #[must_use]
    pub fn new(parts: Vec<(SimDuration, Box<dyn Change>)>, is_cyclic: bool) -> Self {
        let (lasts, parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Phases { parts: Part::all(parts), lasts, is_cyclic, present: 0, ends: None }
    }

    /// When the phase that begins at `start` ends.
    fn end_of(&self, phase: usize, start: SimTime) -> SimTime {
        if phase + 1 == self.parts.len() && !self.is_cyclic {
            return SimTime::MAX;
        }
        let least = SimDuration::from_nanos(1);
        start + self.lasts.get(phase).copied().unwrap_or(SimDuration::MAX).max(least)
    }
}

impl Change for Phases {
    fn start(&mut self, setup: &Setup<'_>) {
        Part::start(&mut self.parts, setup);
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if self.parts.is_empty() || (self.ends.is_none() && !tick.is_due) {
            return;
        }
        let mut begins = false;
        let mut ends = self.ends.unwrap_or_else(|| self.end_of(0, tick.now));
        while ends <= tick.now {
            self.present = (self.present + 1) % self.parts.len();
            ends = self.end_of(self.present, ends);
            begins = true;
        }
        self.ends = Some(ends);
        let is_due = tick.is_due || begins;
        self.parts[self.present].act(tick, is_due);
        for member in 0..tick.members.len() {
            tick.set(member, self.parts[self.present].contributions[member]);
        }
    }

    fn wake(&self) -> SimTime {
        let Some(ends) = self.ends else { return SimTime::MAX };
        let own = self.parts.get(self.present).map_or(SimTime::MAX, |part| part.change.wake());
        ends.min(own)
    }

    fn reset(&mut self, member: usize) {
        self.parts.iter_mut().for_each(|part| part.reset(member));
    }

    fn looks_at_values(&self) -> bool {
        any_looks(&self.parts)
    }

    fn is_by_direction(&self) -> bool {
        any_by_direction(&self.parts)
    }
}

/// When a [`Conditional`] holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    /// While the present value, with all that changes it, is above this.
    Above(Amount),
    /// While it is below this.
    Below(Amount),
    /// From one time of each period on, until another one; over the turn of the period if that is earlier.
    During {
        /// The period, above 0.
        period: SimDuration,
        /// When it begins to hold.
        from: SimDuration,
        /// When it ceases to.
        to: SimDuration,
    },
}

impl Condition {
    fn holds(self, now: SimTime, base: f64, value: f64) -> bool {
        match self {
            Condition::Above(amount) => value > amount.of(base),
            Condition::Below(amount) => value < amount.of(base),
            Condition::During { period, from, to } => {
                let inside = SimDuration::from_nanos(now.as_nanos() % period.as_nanos().max(1));
                if from <= to { from <= inside && inside < to } else { inside >= from || inside < to }
            }
        }
    }
}

/// At each instant one part where a condition holds, and another one, or nothing, where it does not.
#[derive(Debug)]
pub struct Conditional {
    condition: Condition,
    /// Where it holds, and where it does not.
    parts: Vec<Part>,
    holds: Vec<bool>,
}

impl Conditional {
    /// With one part or two.
    #[must_use]
    pub fn new(condition: Condition, then: Box<dyn Change>, otherwise: Option<Box<dyn Change>>) -> Self {
        let parts = Part::all(std::iter::once(then).chain(otherwise).collect());
        Conditional { condition, parts, holds: Vec::new() }
    }
}

impl Change for Conditional {
    fn start(&mut self, setup: &Setup<'_>) {
        Part::start(&mut self.parts, setup);
        self.holds = vec![false; setup.members.len()];
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        let is_due = tick.is_due;
        self.parts.iter_mut().for_each(|part| part.act(tick, is_due));
        for member in 0..tick.members.len() {
            let base = tick.members[member].base;
            if is_due {
                let value = tick.values.get(member).copied().unwrap_or(base);
                self.holds[member] = self.condition.holds(tick.now, base, value);
            }
            let part = self.parts.get(usize::from(!self.holds[member]));
            let own = part.map_or(Contribution::NEUTRAL, |part| part.contributions[member]);
            tick.set(member, own);
        }
    }

    fn wake(&self) -> SimTime {
        first_wake(&self.parts)
    }

    fn reset(&mut self, member: usize) {
        self.parts.iter_mut().for_each(|part| part.reset(member));
    }

    fn looks_at_values(&self) -> bool {
        !matches!(self.condition, Condition::During { .. }) || any_looks(&self.parts)
    }

    fn is_by_direction(&self) -> bool {
        any_by_direction(&self.parts)
    }
}
