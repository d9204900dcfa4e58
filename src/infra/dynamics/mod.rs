//! An infrastructure that changes as time goes on.
//!
//! A *perturbation* is a selection of nodes or links, an [`Attribute`], a [`Timetable`] and a [`Change`]. At each of its
//! instants the change says for each of its subjects what it contributes to the attribute: a [`Contribution`] is a
//! value in place of the base, a factor, and an offset. All perturbations of one attribute of one subject compose,
//! whatever the order in which they act:
//!
//! > value = (last value set, or base) x product of the factors + sum of the offsets, kept within the bounds.
//!
//! The *base* is the value at the start, in double precision, and stays what it is. So nothing drifts, nothing is
//! rounded away, and a change that has ended leaves no trace. The level of a battery is the exception: it is a state,
//! not an offer, and each act starts from the present level.
//!
//! Each change draws from its own random stream for each subject, by the perturbation's name, and all instants of a
//! perturbation come from another one. So a perturbation more, or another order of them, changes nobody's draws.
//!
//! One event serves all perturbations. At an instant all that are due act, in their order, and then each value that
//! has changed is applied once. Nothing is allocated for it.

mod apply;
mod change;
mod churn;
mod compose;
mod degrade;
mod drawn;
mod failure;
mod load;
mod noise;
mod replay;
mod target;
#[cfg(test)]
mod tests;
mod timetable;

pub use change::{Amount, Change, Contribution, Member, Setup, Tick};
pub use churn::{Churn, Rewire};
pub use compose::{AllOf, Choice, Condition, Conditional, Phases};
pub use degrade::{Restore, Trend, TrendKind};
pub use drawn::Drawn;
pub use failure::{Episodes, Flap, Kill, Outage, Portion};
pub use load::{Arrivals, Demand, Diurnal, TrafficMatrix};
pub use noise::{Dropout, Noise, NoiseKind};
pub use replay::{Missing, Replay, ReplaySeries};
pub use target::{Attribute, Subject, SubjectKind};
pub use timetable::{Timetable, TimetableError};

use crate::engine::{RandomStreams, SimDuration, SimTime, Stream};
use crate::infra::ids::{LinkId, NodeId};
use crate::infra::infrastructure::Infrastructure;
use crate::infra::network::{Direction, Network};
use rand::seq::index::sample;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use target::Target;

/// What changes some nodes or links.
#[derive(Debug)]
pub struct PerturbationSpec {
    /// Its name, by which its random streams are called; distinct.
    pub name: String,
    /// What it changes.
    pub attribute: Attribute,
    /// Of which nodes or links, each once.
    pub subjects: Vec<Subject>,
    /// For each subject the number of its group, for changes that strike groups; empty if each is one of its own.
    pub groups: Vec<u32>,
    /// Which share of the subjects it changes, drawn once.
    pub share: f64,
    /// When it acts.
    pub timetable: Timetable,
    /// How it changes them.
    pub change: Box<dyn Change>,
    /// Bounds of the value, as amounts of the base.
    pub bounds: (Option<Amount>, Option<Amount>),
}

impl PerturbationSpec {
    /// A perturbation of all these subjects, each by itself, without bounds but those of the attribute.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        attribute: Attribute,
        subjects: Vec<Subject>,
        timetable: Timetable,
        change: impl Change + 'static,
    ) -> Self {
        PerturbationSpec {
            name: name.into(),
            attribute,
            subjects,
            groups: Vec::new(),
            share: 1.0,
            timetable,
            change: Box::new(change),
            bounds: (None, None),
        }
    }
}

/// A perturbation of what is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("perturbation {perturbation}: {subject} has no {attribute} that could change")]
pub struct PerturbationError {
    /// The perturbation.
    pub perturbation: String,
    /// The node or link.
    pub subject: String,
    /// The attribute.
    pub attribute: &'static str,
}

/// A value that has changed, as recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfferChange {
    /// The node or link.
    pub subject: Subject,
    /// What has changed.
    pub attribute: Attribute,
    /// Its value from now on, in the attribute's unit.
    pub value: f64,
    /// The value that it changes around.
    pub base: f64,
}

/// A perturbation of a world.
#[derive(Debug)]
struct Running {
    name: String,
    timetable: Timetable,
    change: Box<dyn Change>,
    /// Its members among those of all.
    members: Range<usize>,
    random: Stream,
    next: Option<SimTime>,
    last: Option<SimTime>,
    looks_at_values: bool,
}

/// All perturbations of a world, and what has come of them.
#[derive(Debug)]
pub(super) struct Dynamics {
    running: Vec<Running>,
    members: Vec<Member>,
    contributions: Vec<Contribution>,
    /// For each member its target.
    target_of: Vec<u32>,
    targets: Vec<Target>,
    /// The members of each target, in the order of the perturbations.
    members_of: Vec<u32>,
    dirty: Vec<u32>,
    is_dirty: Vec<bool>,
    touched: Vec<u32>,
    /// Present values of the members of one perturbation.
    values: Vec<f64>,
    links_changed: Vec<(LinkId, bool)>,
    nodes_changed: Vec<(NodeId, bool)>,
    changed: Vec<OfferChange>,
    watches: bool,
}

/// The subjects of a perturbation that it changes, by a share drawn once, in their order.
fn drawn_share(spec: &PerturbationSpec, streams: RandomStreams) -> Vec<usize> {
    let count = spec.subjects.len();
    if spec.share >= 1.0 {
        return (0..count).collect();
    }
    let wanted = (count as f64 * spec.share.max(0.0)).round() as usize;
    let mut random = streams.stream(&format!("dynamics/{}/share", spec.name));
    let mut chosen = sample(&mut random, count, wanted).into_vec();
    chosen.sort_unstable();
    chosen
}

impl Dynamics {
    /// The perturbations of an infrastructure, before the first instant.
    ///
    /// # Errors
    /// If a subject has no such attribute.
    pub(super) fn new(
        specs: Vec<PerturbationSpec>,
        infrastructure: &Infrastructure,
        streams: RandomStreams,
    ) -> Result<Self, PerturbationError> {
        let directed = directed_links(&specs, infrastructure);
        let (mut running, mut members, mut target_of) = (Vec::new(), Vec::new(), Vec::new());
        let mut targets: Vec<Target> = Vec::new();
        let mut numbers: BTreeMap<(Subject, Attribute), u32> = BTreeMap::new();
        for spec in specs {
            let first = members.len();
            for index in drawn_share(&spec, streams) {
                let group = spec.groups.get(index).copied().unwrap_or(index as u32);
                let subject = target::owner(infrastructure, spec.subjects[index], spec.attribute);
                for attribute in target::parts(infrastructure, spec.attribute, subject, &directed) {
                    let Some(base) = target::base(infrastructure, subject, attribute) else {
                        return Err(PerturbationError {
                            subject: subject.name(infrastructure),
                            perturbation: spec.name,
                            attribute: spec.attribute.name(),
                        });
                    };
                    let number = *numbers.entry((subject, attribute)).or_insert_with(|| {
                        targets.push(Target::new(subject, attribute, base));
                        targets.len() as u32 - 1
                    });
                    let own = &mut targets[number as usize];
                    own.narrow(spec.bounds.0, spec.bounds.1);
                    own.count += 1;
                    members.push(Member { subject, base, group });
                    target_of.push(number);
                }
            }
            let range = first..members.len();
            let mut change = spec.change;
            let random = streams.stream(&format!("dynamics/{}/times", spec.name));
            change.start(&Setup::new(streams, &spec.name, &members[range.clone()]));
            running.push(Running {
                looks_at_values: change.looks_at_values(),
                name: spec.name,
                timetable: spec.timetable,
                change,
                members: range,
                random,
                next: None,
                last: None,
            });
        }
        let mut place = 0;
        for target in &mut targets {
            target.first = place;
            place += std::mem::take(&mut target.count);
        }
        let mut members_of = vec![0; members.len()];
        for (member, &target) in (0..).zip(&target_of) {
            let own = &mut targets[target as usize];
            members_of[(own.first + own.count) as usize] = member;
            own.count += 1;
        }
        let most = running.iter().map(|own| own.members.len()).max().unwrap_or(0);
        Ok(Dynamics {
            contributions: vec![Contribution::NEUTRAL; members.len()],
            is_dirty: vec![false; targets.len()],
            dirty: Vec::with_capacity(targets.len()),
            touched: Vec::with_capacity(most),
            values: Vec::with_capacity(most),
            running,
            members,
            target_of,
            targets,
            members_of,
            links_changed: Vec::new(),
            nodes_changed: Vec::new(),
            changed: Vec::new(),
            watches: false,
        })
    }

    /// Sets the first instants.
    fn begin(&mut self) {
        for own in &mut self.running {
            own.next = own.timetable.next(&mut own.random);
        }
    }

    /// When the next perturbation acts.
    fn next(&self) -> SimTime {
        let next = |own: &Running| own.next.unwrap_or(SimTime::MAX).min(own.change.wake());
        self.running.iter().map(next).min().unwrap_or(SimTime::MAX)
    }

    /// Lets all perturbations act that are due at `now`.
    fn act(&mut self, now: SimTime, network: &mut Network) {
        for index in 0..self.running.len() {
            let own = &mut self.running[index];
            let is_due = own.next.is_some_and(|next| next <= now);
            if !is_due && own.change.wake() > now {
                continue;
            }
            self.values.clear();
            if own.looks_at_values {
                let values = self.target_of[own.members.clone()].iter();
                self.values.extend(values.map(|&target| self.targets[target as usize].value));
            }
            self.touched.clear();
            let mut tick = Tick {
                now,
                is_due,
                elapsed: own.last.map_or(SimDuration::ZERO, |last| now.since(last)),
                members: &self.members[own.members.clone()],
                values: &self.values,
                network,
                contributions: &mut self.contributions[own.members.clone()],
                touched: &mut self.touched,
            };
            own.change.act(&mut tick);
            if is_due {
                own.last = Some(now);
                own.next = own.timetable.next(&mut own.random);
            }
            let first = own.members.start;
            for at in 0..self.touched.len() {
                self.mark(first + self.touched[at] as usize);
            }
            if is_due && let Some(name) = self.running[index].change.restores() {
                let name = name.to_string();
                self.restore(index, &name);
            }
        }
    }

    fn mark(&mut self, member: usize) {
        let target = self.target_of[member];
        if !std::mem::replace(&mut self.is_dirty[target as usize], true) {
            self.dirty.push(target);
        }
    }

    /// Undoes what the perturbation of a name has contributed to the targets that another one has, too; all of them
    /// if the name is empty.
    fn restore(&mut self, by: usize, name: &str) {
        let own: BTreeSet<u32> =
            self.target_of[self.running[by].members.clone()].iter().copied().collect();
        for index in 0..self.running.len() {
            if index == by || !(name.is_empty() || self.running[index].name == name) {
                continue;
            }
            let members = self.running[index].members.clone();
            for member in members.clone() {
                if own.contains(&self.target_of[member]) {
                    self.running[index].change.reset(member - members.start);
                    self.contributions[member] = Contribution::NEUTRAL;
                    self.mark(member);
                }
            }
        }
    }

    /// What the present contributions make of a target.
    fn value(&self, target: &Target, base: f64) -> f64 {
        let own = target.first as usize..(target.first + target.count) as usize;
        let mut all = Contribution::NEUTRAL;
        for &member in &self.members_of[own] {
            all = all.and(self.contributions[member as usize]);
        }
        target.clamp(all.of(base))
    }
}

/// Links of which some perturbation changes one direction, or both that differ: their directions are targets of their
/// own.
fn directed_links(specs: &[PerturbationSpec], infrastructure: &Infrastructure) -> BTreeSet<LinkId> {
    let mut found = BTreeSet::new();
    for spec in specs {
        for &subject in &spec.subjects {
            let Subject::Link(link) = target::owner(infrastructure, subject, spec.attribute) else {
                continue;
            };
            let bandwidth = |direction| infrastructure.network.bandwidth_bps(link, direction);
            let differ = spec.attribute == Attribute::Bandwidth
                && bandwidth(Direction::Forth) != bandwidth(Direction::Back);
            if spec.attribute.is_one_way() || differ || spec.change.is_by_direction() {
                found.insert(link);
            }
        }
    }
    found
}
