//! Members of groups whose values converge: no leader, no log, no majority.

use super::crdt::{Counter, LastWriter, Merge, ObservedSet};
use super::group::{GroupMessage, MemberOutput, ValueKind, Verb};
use super::raft::Operation;
use super::seen::Seen;
use crate::engine::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of a message beside what it carries.
const MAIL_BYTES: u64 = 24;

/// Bytes of an operation beside its delta: its origin, number and resource.
const ENTRY_BYTES: u64 = 16;

/// Bytes of an origin with a number.
const NUMBER_BYTES: u64 = 12;

/// Sets hold so many different elements: updates add and remove them in turn.
const ELEMENTS: u64 = 16;

/// A value, or a delta of one.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    LastWriter(LastWriter),
    Counter(Counter),
    Set(ObservedSet),
}

impl Value {
    fn new(kind: ValueKind) -> Self {
        match kind {
            ValueKind::LastWriter => Value::LastWriter(LastWriter::default()),
            ValueKind::Counter => Value::Counter(Counter::default()),
            ValueKind::Set => Value::Set(ObservedSet::default()),
        }
    }

    /// Does an operation, and gives the delta.
    fn change(&mut self, now: SimTime, operation: &Operation) -> Value {
        let Operation { origin, sequence, bytes, verb, .. } = *operation;
        match self {
            // Two operations of a site at the same nanosecond are told apart by their numbers.
            Value::LastWriter(own) => {
                Value::LastWriter(own.write(origin, now.as_nanos(), sequence, bytes))
            }
            Value::Counter(own) => {
                let change = match verb {
                    Verb::Create | Verb::Update => 1,
                    Verb::Delete => -1,
                };
                Value::Counter(own.add(origin, change))
            }
            Value::Set(own) => {
                let element = sequence % ELEMENTS;
                Value::Set(if verb == Verb::Delete || own.contains(element) {
                    own.remove(element)
                } else {
                    own.insert(origin, element)
                })
            }
        }
    }

    fn merge(&mut self, other: &Value) {
        match (self, other) {
            (Value::LastWriter(own), Value::LastWriter(other)) => own.merge(other),
            (Value::Counter(own), Value::Counter(other)) => own.merge(other),
            (Value::Set(own), Value::Set(other)) => own.merge(other),
            // A group has values of one kind.
            _ => {}
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Value::LastWriter(own) => own.bytes(),
            Value::Counter(own) => own.bytes(),
            Value::Set(own) => own.bytes(),
        }
    }

    /// A number that is the same for equal values.
    fn digest(&self, resource: u32) -> u64 {
        let mut bytes = Vec::new();
        match self {
            Value::LastWriter(own) => bytes.extend(own.value().to_le_bytes()),
            Value::Counter(own) => bytes.extend(own.value().to_le_bytes()),
            Value::Set(own) => own.iter().for_each(|element| bytes.extend(element.to_le_bytes())),
        }
        xxh3_64_with_seed(&bytes, u64::from(resource))
    }
}

/// An operation with what it changes.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    operation: Operation,
    delta: Value,
}

impl Entry {
    fn bytes(&self) -> u64 {
        ENTRY_BYTES + self.delta.bytes()
    }
}

#[derive(Clone, Debug)]
pub(super) enum ConvergentMail {
    /// Operations, and up to which number all members have those of the sender.
    Deltas { entries: Vec<Entry>, stable: u64 },
    /// What the sender has: all operations of the receiver up to a number, and these by origin and number.
    Has { up_to: u64, beyond: Vec<(u32, u64)> },
}

impl ConvergentMail {
    pub(super) fn bytes(&self) -> u64 {
        MAIL_BYTES
            + match self {
                ConvergentMail::Deltas { entries, .. } => entries.iter().map(Entry::bytes).sum(),
                ConvergentMail::Has { beyond, .. } => NUMBER_BYTES * beyond.len() as u64,
            }
    }
}

/// An operation that some members are not known to have, and are told of until they are.
#[derive(Debug)]
struct Unstable {
    entry: Entry,
    missing: BTreeSet<u32>,
}

/// A member without a leader. It executes what it is asked for, tells all others, and tells them again until they say that
/// they have it. What it has of others it keeps until their origin says that all have it, so that members can make up among
/// themselves for one that is struck.
#[derive(Debug)]
pub(super) struct Convergent {
    kind: ValueKind,
    site: u32,
    retry: SimDuration,
    values: BTreeMap<u32, Value>,
    executed: Seen,
    /// Own operations, and those of struck members, by origin and number.
    unstable: BTreeMap<(u32, u64), Unstable>,
    /// Up to which number all members have all own operations.
    stable: u64,
    /// Operations of others, by origin and number.
    kept: BTreeMap<(u32, u64), Entry>,
    peers: BTreeSet<u32>,
    down: BTreeSet<u32>,
    is_down: bool,
    wake_at: Option<SimTime>,
}

type Out = Vec<MemberOutput>;

impl Convergent {
    pub(super) fn new(kind: ValueKind, site: u32, members: &[u32], retry: SimDuration) -> Self {
        Convergent {
            kind,
            site,
            retry: retry.max(SimDuration::from_nanos(1)),
            values: BTreeMap::new(),
            executed: Seen::default(),
            unstable: BTreeMap::new(),
            stable: 0,
            kept: BTreeMap::new(),
            peers: members.iter().copied().filter(|own| *own != site).collect(),
            down: BTreeSet::new(),
            is_down: false,
            wake_at: None,
        }
    }

    pub(super) fn site(&self) -> u32 {
        self.site
    }

    pub(super) fn has_executed(&self, origin: u32, sequence: u64) -> bool {
        self.executed.has(origin, sequence)
    }

    pub(super) fn executed(&self) -> u64 {
        self.executed.count()
    }

    pub(super) fn digest(&self) -> u64 {
        let values = self.values.iter();
        values.fold(0, |sum: u64, (resource, value)| sum.wrapping_add(value.digest(*resource)))
    }

    pub(super) fn early_operations(&self) -> usize {
        self.unstable.len()
    }

    pub(super) fn request(&mut self, now: SimTime, operation: Operation, out: &mut Out) {
        if self.is_down || !self.executed.insert(operation.origin, operation.sequence) {
            return;
        }
        let kind = self.kind;
        let value = self.values.entry(operation.resource).or_insert_with(|| Value::new(kind));
        let entry = Entry { operation, delta: value.change(now, &operation) };
        out.push(MemberOutput::Execute(operation));
        if self.peers.is_empty() {
            return;
        }
        for &peer in self.peers.difference(&self.down) {
            let mail = ConvergentMail::Deltas { entries: vec![entry.clone()], stable: self.stable };
            send(peer, mail, out);
        }
        let missing = self.peers.clone();
        let number = (operation.origin, operation.sequence);
        self.unstable.insert(number, Unstable { entry, missing });
        self.ask_wake(now + self.retry, out);
    }

    fn ask_wake(&mut self, at: SimTime, out: &mut Out) {
        if self.wake_at.is_none() {
            self.wake_at = Some(at);
            out.push(MemberOutput::Wake(at));
        }
    }

    /// Sends a peer all that it is not known to have.
    fn send_missing(&self, peer: u32, out: &mut Out) {
        let missing = self.unstable.values().filter(|own| own.missing.contains(&peer));
        let entries: Vec<Entry> = missing.map(|own| own.entry.clone()).collect();
        if !entries.is_empty() {
            send(peer, ConvergentMail::Deltas { entries, stable: self.stable }, out);
        }
    }

    pub(super) fn tick(&mut self, now: SimTime, out: &mut Out) {
        if self.is_down || self.wake_at.is_none_or(|at| now < at) {
            return;
        }
        self.wake_at = None;
        let up: Vec<u32> = self.peers.difference(&self.down).copied().collect();
        for &peer in &up {
            self.send_missing(peer, out);
        }
        let is_missed = |own: &Unstable| own.missing.iter().any(|peer| !self.down.contains(peer));
        if self.unstable.values().any(is_missed) {
            self.ask_wake(now + self.retry, out);
        }
    }

    pub(super) fn receive(&mut self, now: SimTime, from: u32, mail: ConvergentMail, out: &mut Out) {
        if self.is_down {
            return;
        }
        match mail {
            ConvergentMail::Deltas { entries, stable } => self.take(now, (from, entries, stable), out),
            ConvergentMail::Has { up_to, beyond } => self.acknowledged(from, up_to, &beyond),
        }
    }

    fn take(&mut self, now: SimTime, (from, entries, stable): (u32, Vec<Entry>, u64), out: &mut Out) {
        let kind = self.kind;
        let mut beyond = Vec::with_capacity(entries.len());
        for entry in entries {
            let Operation { origin, sequence, resource, .. } = entry.operation;
            beyond.push((origin, sequence));
            if !self.executed.insert(origin, sequence) {
                continue;
            }
            let value = self.values.entry(resource).or_insert_with(|| Value::new(kind));
            value.merge(&entry.delta);
            out.push(MemberOutput::Execute(entry.operation));
            if self.peers.contains(&origin) {
                self.kept.insert((origin, sequence), entry);
            } else {
                // Its origin is struck and will tell nobody any more.
                self.inherit(now, Some(from), entry, out);
            }
        }
        self.kept.retain(|&(origin, number), _| origin != from || number > stable);
        let up_to = self.executed.all_up_to(from);
        beyond.retain(|&(origin, number)| origin != from || number > up_to);
        send(from, ConvergentMail::Has { up_to, beyond }, out);
    }

    /// Tells all others of an operation of a struck member.
    fn inherit(&mut self, now: SimTime, from: Option<u32>, entry: Entry, out: &mut Out) {
        let missing: BTreeSet<u32> =
            self.peers.iter().copied().filter(|peer| Some(*peer) != from).collect();
        let Operation { origin, sequence, .. } = entry.operation;
        if origin == self.site || missing.is_empty() {
            return;
        }
        for &peer in missing.difference(&self.down) {
            let mail = ConvergentMail::Deltas { entries: vec![entry.clone()], stable: self.stable };
            send(peer, mail, out);
        }
        self.unstable.insert((origin, sequence), Unstable { entry, missing });
        self.ask_wake(now + self.retry, out);
    }

    fn acknowledged(&mut self, from: u32, up_to: u64, beyond: &[(u32, u64)]) {
        for (_, own) in self.unstable.range_mut((self.site, 0)..=(self.site, up_to)) {
            own.missing.remove(&from);
        }
        for number in beyond {
            if let Some(own) = self.unstable.get_mut(number) {
                own.missing.remove(&from);
            }
        }
        self.drop_stable();
    }

    /// Forgets operations that all members have.
    fn drop_stable(&mut self) {
        self.unstable.retain(|_, own| !own.missing.is_empty());
        let first = self.unstable.range((self.site, 0)..=(self.site, u64::MAX)).next();
        self.stable = match first {
            Some((&(_, number), _)) => number - 1,
            None => self.executed.all_up_to(self.site),
        };
    }

    pub(super) fn peer_down(&mut self, site: u32) {
        if self.peers.contains(&site) {
            self.down.insert(site);
        }
    }

    pub(super) fn peer_up(&mut self, now: SimTime, site: u32, out: &mut Out) {
        if self.down.remove(&site) && !self.is_down {
            self.send_missing(site, out);
            if !self.unstable.is_empty() {
                self.ask_wake(now + self.retry, out);
            }
        }
    }

    /// A member is struck: the others pass on what they have of it, as if it were their own.
    pub(super) fn remove(&mut self, now: SimTime, site: u32, out: &mut Out) {
        if !self.peers.remove(&site) {
            return;
        }
        self.down.remove(&site);
        for own in self.unstable.values_mut() {
            own.missing.remove(&site);
        }
        self.drop_stable();
        let own: Vec<(u32, u64)> =
            self.kept.range((site, 0)..=(site, u64::MAX)).map(|(number, _)| *number).collect();
        for number in own {
            if let Some(entry) = self.kept.remove(&number) {
                self.inherit(now, None, entry, out);
            }
        }
    }

    pub(super) fn crash(&mut self) {
        self.is_down = true;
        self.wake_at = None;
    }

    pub(super) fn restart(&mut self, now: SimTime, out: &mut Out) {
        if std::mem::replace(&mut self.is_down, false) && !self.unstable.is_empty() {
            self.ask_wake(now + self.retry, out);
        }
    }
}

fn send(to: u32, mail: ConvergentMail, out: &mut Out) {
    out.push(MemberOutput::Send { to, message: GroupMessage::from(mail) });
}
