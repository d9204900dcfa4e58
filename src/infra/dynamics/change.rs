//! How something changes: the trait that all changes implement, and what they are told.

use super::target::Subject;
use crate::engine::{EntityStream, RandomStreams, SimDuration, SimTime, Stream};
use crate::infra::network::Network;
use std::fmt;

/// What one change contributes to the value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// A value in place of the base, or of what an earlier perturbation has set.
    pub set: Option<f64>,
    /// A factor.
    pub factor: f64,
    /// What is added, in the attribute's unit.
    pub offset: f64,
}

impl Contribution {
    /// Nothing: the value stays as it is.
    pub const NEUTRAL: Contribution = Contribution { set: None, factor: 1.0, offset: 0.0 };

    /// A factor only.
    #[must_use]
    pub const fn factor(factor: f64) -> Self {
        Contribution { factor, ..Contribution::NEUTRAL }
    }

    /// An offset only.
    #[must_use]
    pub const fn offset(offset: f64) -> Self {
        Contribution { offset, ..Contribution::NEUTRAL }
    }

    /// A value in place of the base.
    #[must_use]
    pub const fn set(value: f64) -> Self {
        Contribution { set: Some(value), ..Contribution::NEUTRAL }
    }

    /// Both together: the later value set counts, factors multiply, offsets add.
    #[must_use]
    pub fn and(self, later: Contribution) -> Contribution {
        Contribution {
            set: later.set.or(self.set),
            factor: self.factor * later.factor,
            offset: self.offset + later.offset,
        }
    }

    /// The value that it makes of a base.
    ///
    /// ```
    /// use stratosim::infra::dynamics::Contribution;
    /// let half = Contribution::factor(0.5).and(Contribution::offset(3.0));
    /// assert_eq!(half.of(10.0), 8.0);
    /// assert_eq!(half.and(Contribution::set(20.0)).of(10.0), 13.0);
    /// ```
    #[must_use]
    pub fn of(self, base: f64) -> f64 {
        self.set.unwrap_or(base) * self.factor + self.offset
    }
}

/// A quantity of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// In the attribute's unit.
    Absolute(f64),
    /// As a multiple of the base.
    Relative(f64),
}

impl Amount {
    /// Its value in the attribute's unit, where the base is this.
    #[must_use]
    pub fn of(self, base: f64) -> f64 {
        match self {
            Amount::Absolute(value) => value,
            Amount::Relative(factor) => factor * base,
        }
    }
}

/// A subject of a perturbation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// The node or link.
    pub subject: Subject,
    /// The value of the attribute that it changes around.
    pub base: f64,
    /// The number of its group.
    pub group: u32,
}

/// What a change is told before the run.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    streams: RandomStreams,
    name: String,
    /// The subjects, in order.
    pub members: &'a [Member],
}

impl<'a> Setup<'a> {
    /// Of the perturbation of this name with these subjects.
    #[must_use]
    pub fn new(streams: RandomStreams, name: &str, members: &'a [Member]) -> Self {
        Setup { streams, name: format!("dynamics/{name}"), members }
    }

    /// The same for a part of a change, whose draws are its own.
    #[must_use]
    pub fn part(&self, part: usize) -> Self {
        Setup { name: format!("{}/{part}", self.name), ..self.clone() }
    }

    /// A random stream of its own for each subject.
    #[must_use]
    pub fn each(&self) -> Vec<EntityStream> {
        let stream = |member: &Member| self.streams.entity(&self.name, member.subject.key());
        self.members.iter().map(stream).collect()
    }

    /// A random stream for each group of subjects, and the number of each subject's group among them.
    #[must_use]
    pub fn groups(&self) -> (Vec<EntityStream>, Vec<u32>) {
        let mut known: Vec<u32> = self.members.iter().map(|member| member.group).collect();
        known.sort_unstable();
        known.dedup();
        let name = format!("{}/group", self.name);
        let streams = known.iter().map(|&group| self.streams.entity(&name, u64::from(group)));
        let place = |member: &Member| known.partition_point(|&own| own < member.group) as u32;
        (streams.collect(), self.members.iter().map(place).collect())
    }

    /// A random stream for all subjects together.
    #[must_use]
    pub fn common(&self) -> Stream {
        self.streams.stream(&format!("{}/common", self.name))
    }
}

/// An instant at which a change acts.
#[derive(Debug)]
pub struct Tick<'a> {
    /// The instant.
    pub now: SimTime,
    /// Whether it is one of the timetable's, and not only one at which the change [woke](Change::wake).
    pub is_due: bool,
    /// Time since the timetable's last instant; zero at the first one.
    pub elapsed: SimDuration,
    /// The subjects.
    pub members: &'a [Member],
    /// Their present values, for changes that [look at them](Change::looks_at_values); else empty.
    pub values: &'a [f64],
    /// The network, for routes.
    pub network: &'a mut Network,
    pub(super) contributions: &'a mut [Contribution],
    pub(super) touched: &'a mut Vec<u32>,
}

impl Tick<'_> {
    /// From now on the change contributes this to a subject, by its number.
    pub fn set(&mut self, member: usize, contribution: Contribution) {
        let own = &mut self.contributions[member];
        if *own != contribution {
            *own = contribution;
            self.touched.push(member as u32);
        }
    }

    /// What it contributes now.
    #[must_use]
    pub fn contribution(&self, member: usize) -> Contribution {
        self.contributions[member]
    }
}

/// How a perturbation changes its subjects.
///
/// ```
/// use stratosim::infra::dynamics::{Change, Contribution, Tick};
///
/// /// Half the value at every other instant.
/// #[derive(Debug, Default)]
/// struct Blink { off: bool }
///
/// impl Change for Blink {
///     fn act(&mut self, tick: &mut Tick<'_>) {
///         for member in 0..tick.members.len() {
///             tick.set(member, Contribution::factor(if self.off { 0.5 } else { 1.0 }));
///         }
///         self.off = !self.off;
///     }
/// }
/// ```
pub trait Change: fmt::Debug + Send {
    /// Prepares for these subjects; random streams are taken here.
    fn start(&mut self, _setup: &Setup<'_>) {}

    /// Acts at an instant. All draws depend on the instants only, never on what other perturbations do.
    fn act(&mut self, tick: &mut Tick<'_>);

    /// When it wants to act beside its timetable; [`SimTime::MAX`] for never.
    fn wake(&self) -> SimTime {
        SimTime::MAX
    }

    /// Forgets what it has done to a subject, by its number.
    fn reset(&mut self, _member: usize) {}

    /// The perturbation whose contributions it undoes when it acts; all others if empty.
    fn restores(&self) -> Option<&str> {
        None
    }

    /// Whether it looks at [present values](Tick::values).
    fn looks_at_values(&self) -> bool {
        false
    }

    /// Whether it changes the directions of a link's bandwidth each by itself: they are members of their own, forth
    /// before back.
    fn is_by_direction(&self) -> bool {
        false
    }
}
