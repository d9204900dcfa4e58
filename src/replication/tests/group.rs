//! Members of all modes on a small network that delays, loses, doubles and reorders, with cuts in one direction, crashes and
//! removals; and on one with constant latencies, in closed form.

use super::*;
use crate::engine::RandomStreams;
use proptest::prelude::*;
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

const MS: u64 = 1_000_000;
/// Signs of life, and how long one may be silent.
const BEAT_MS: u64 = 50;
const SILENCE_MS: u64 = 175;
/// When all faults are over, when nothing should be sent any more, and when the run ends.
const HEAL_MS: u64 = 6_000;
const QUIET_MS: u64 = 26_000;
const END_MS: u64 = 32_000;

const MODES: [Mode; 5] = [
    Mode::Strong,
    Mode::Eventual,
    Mode::Convergent(ValueKind::LastWriter),
    Mode::Convergent(ValueKind::Counter),
    Mode::Convergent(ValueKind::Set),
];

#[derive(Clone, Copy, Debug)]
enum Fault {
    Crash { site: u32, for_ms: u64 },
    Cut { from: u32, to: u32, for_ms: u64 },
    Remove { site: u32 },
}

#[derive(Clone, Debug)]
enum Due {
    Deliver { from: u32, to: u32, message: GroupMessage },
    Tick(u32),
    Restart(u32),
    Request { site: u32, resource: u32, verb: Verb },
    Read(u32),
    Fault(Fault),
    Told { site: u32, removed: u32 },
    Beat,
}

struct Network {
    members: Vec<Member>,
    due: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Due>,
    next: u64,
    now: SimTime,
    random: EntityStream,
    /// Least and greatest delay in milliseconds, and chances in 256 of loss and doubling.
    link: (u64, u64, u64, u64),
    /// Constant one-way latencies in place of that.
    latency_ms: Option<Vec<Vec<u64>>>,
    cut_until: BTreeMap<(u32, u32), u64>,
    is_down: Vec<bool>,
    removed: BTreeSet<u32>,
    most_removed: usize,
    heard_ms: BTreeMap<(u32, u32), (u64, bool)>,
    beats: bool,
    sequences: Vec<u64>,
    executed: Vec<BTreeSet<(u32, u64)>>,
    /// When each member executed what.
    times: Vec<BTreeMap<(u32, u64), SimTime>>,
    refused: Vec<(u32, u64)>,
    reads: BTreeMap<u64, u64>,
    answered_reads: u64,
    sent_after_quiet: u64,
    received: Vec<u64>,
}

fn options() -> GroupOptions {
    let raft = RaftOptions {
        heartbeat: SimDuration::from_nanos(100 * MS),
        election: SimDuration::from_nanos(500 * MS),
        keep_entries: 4,
        batch_entries: 3,
        is_quiet: true,
    };
    GroupOptions { raft, retry: SimDuration::from_nanos(400 * MS) }
}

impl Network {
    fn new(mode: Mode, size: u32, link: (u64, u64, u64, u64), seed: u64) -> Self {
        let streams = RandomStreams::new(seed);
        let sites: Vec<u32> = (0..size).collect();
        let mut network = Network {
            members: Vec::new(),
            due: BinaryHeap::new(),
            events: BTreeMap::new(),
            next: 0,
            now: SimTime::ZERO,
            random: streams.entity("network", 0),
            link,
            latency_ms: None,
            cut_until: BTreeMap::new(),
            is_down: vec![false; size as usize],
            removed: BTreeSet::new(),
            most_removed: if matches!(mode, Mode::Convergent(_)) { 4 } else { 1 },
            heard_ms: BTreeMap::new(),
            beats: false,
            sequences: vec![0; size as usize],
            executed: vec![BTreeSet::new(); size as usize],
            times: vec![BTreeMap::new(); size as usize],
            refused: Vec::new(),
            reads: BTreeMap::new(),
            answered_reads: 0,
            sent_after_quiet: 0,
            received: vec![0; size as usize],
        };
        let mut all = Vec::new();
        for &site in &sites {
            let (mut out, random) = (Vec::new(), streams.entity("member", u64::from(site)));
            let now = SimTime::ZERO;
            let own = Member::new(mode, site, &sites, options(), random, now, &mut out);
            network.members.push(own);
            all.push((site, out));
        }
        for (site, out) in all {
            network.carry_out(site, out);
        }
        network
    }

    fn at(&mut self, time: SimTime, due: Due) {
        self.due.push(Reverse((time.as_nanos(), self.next)));
        self.events.insert(self.next, due);
        self.next += 1;
    }

    fn at_ms(&mut self, ms: u64, due: Due) {
        self.at(SimTime::from_nanos(ms * MS), due);
    }

    fn now_ms(&self) -> u64 {
        self.now.as_nanos() / MS
    }

    fn is_cut(&self, from: u32, to: u32) -> bool {
        self.cut_until.get(&(from, to)).is_some_and(|until| self.now_ms() < *until)
    }

    fn send(&mut self, from: u32, to: u32, message: GroupMessage) {
        if self.now_ms() >= QUIET_MS {
            self.sent_after_quiet += 1;
        }
        let (least, most, lost, doubled) = self.link;
        let copies = 1 + u64::from(self.random.random_range(0..256) < doubled);
        for _ in 0..copies {
            let is_lost = self.random.random_range(0..256) < lost && self.now_ms() < HEAL_MS;
            let delay_ms = match &self.latency_ms {
                Some(rows) => rows[from as usize][to as usize],
                None => self.random.random_range(least..=most),
            };
            if !is_lost && !self.is_cut(from, to) {
                let at = self.now + SimDuration::from_nanos(delay_ms * MS);
                self.at(at, Due::Deliver { from, to, message: message.clone() });
            }
        }
    }

    fn carry_out(&mut self, site: u32, out: Vec<MemberOutput>) {
        let at = site as usize;
        for output in out {
            match output {
                MemberOutput::Send { to, message } => {
                    assert_ne!(to, site, "nobody writes to itself");
                    self.send(site, to, message);
                }
                MemberOutput::Wake(time) => self.at(time.max(self.now), Due::Tick(site)),
                MemberOutput::Execute(operation) => {
                    let number = (operation.origin, operation.sequence);
                    assert!(self.executed[at].insert(number), "{number:?} twice at {site}");
                    self.times[at].insert(number, self.now);
                }
                MemberOutput::ReadReady(token) => {
                    let least = self.reads.remove(&token).unwrap();
                    let seen = self.members[at].executed();
                    assert!(seen >= least, "a read goes back from {least} to {seen}");
                    self.answered_reads += 1;
                }
                MemberOutput::ReadFailed(token) => {
                    self.reads.remove(&token);
                }
                MemberOutput::Refused { sequence, .. } => self.refused.push((site, sequence)),
                MemberOutput::Role { .. } => {}
                MemberOutput::Restored => {
                    let all: BTreeSet<(u32, u64)> = self.executed.iter().flatten().copied().collect();
                    let own = &self.members[at];
                    let has = |number: &&(u32, u64)| own.has_executed(number.0, number.1);
                    self.executed[at].extend(all.iter().filter(has));
                }
            }
        }
    }

    fn tell(&mut self, site: u32, act: impl FnOnce(&mut Member, SimTime, &mut Vec<MemberOutput>)) {
        let mut out = Vec::new();
        act(&mut self.members[site as usize], self.now, &mut out);
        self.carry_out(site, out);
    }

    fn is_gone(&self, site: u32) -> bool {
        self.is_down[site as usize] || self.removed.contains(&site)
    }

    fn request(&mut self, site: u32, resource: u32, verb: Verb) -> Option<(u32, u64)> {
        if self.is_gone(site) {
            return None;
        }
        self.sequences[site as usize] += 1;
        let sequence = self.sequences[site as usize];
        let operation = Operation { origin: site, resource, sequence, bytes: 100, verb };
        self.tell(site, |own, now, out| own.request(now, operation, out));
        Some((site, sequence))
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::Deliver { from, to, message } => {
                if !self.is_gone(to) {
                    self.received[to as usize] += 1;
                    self.tell(to, |own, now, out| own.receive(now, from, message, out));
                }
            }
            Due::Tick(site) if !self.is_gone(site) => {
                self.tell(site, |own, now, out| own.tick(now, out))
            }
            Due::Tick(_) => {}
            Due::Restart(site) if !self.removed.contains(&site) => {
                self.is_down[site as usize] = false;
                for ((hears, _), heard) in &mut self.heard_ms {
                    if *hears == site {
                        heard.0 = self.now.as_nanos() / MS;
                    }
                }
                self.tell(site, |own, now, out| own.restart(now, out));
            }
            Due::Restart(_) => {}
            Due::Request { site, resource, verb } => {
                self.request(site, resource, verb);
            }
            Due::Read(site) if !self.is_gone(site) => {
                let least = self.members.iter().map(Member::executed).max().unwrap();
                let is_read = |own: &Member| own.is_leader();
                if is_read(&self.members[site as usize]) {
                    let token = self.next;
                    self.next += 1;
                    self.reads.insert(token, least);
                    let mut is_refused = false;
                    self.tell(site, |own, now, out| is_refused = own.read(now, token, out).is_err());
                    if is_refused {
                        self.reads.remove(&token);
                    }
                }
            }
            Due::Read(_) => {}
            Due::Fault(Fault::Crash { site, for_ms }) => {
                if !self.is_gone(site) {
                    self.is_down[site as usize] = true;
                    self.tell(site, |own, _, out| own.crash(out));
                    let back_ms = (self.now_ms() + for_ms).min(HEAL_MS);
                    self.at_ms(back_ms, Due::Restart(site));
                }
            }
            Due::Fault(Fault::Cut { from, to, for_ms }) => {
                let until = (self.now_ms() + for_ms).min(HEAL_MS);
                self.cut_until.insert((from, to), until);
            }
            Due::Fault(Fault::Remove { site }) => {
                let left = self.members.len() - self.removed.len();
                // A log goes on only while a majority of those lives that were there before a removal.
                if left > 2 && self.removed.len() < self.most_removed && self.removed.insert(site) {
                    for other in 0..self.members.len() as u32 {
                        let after = self.random.random_range(0..300);
                        self.at_ms(self.now_ms() + after, Due::Told { site: other, removed: site });
                    }
                }
            }
            Due::Told { site, removed } => {
                if site == removed || self.removed.contains(&site) {
                    return;
                }
                self.heard_ms.remove(&(site, removed));
                // One that is down is told when it is back.
                if self.is_down[site as usize] {
                    self.at_ms(self.now_ms() + 100, Due::Told { site, removed });
                } else {
                    self.tell(site, |own, now, out| own.remove(now, removed, out));
                }
            }
            Due::Beat => self.beat(),
        }
    }

    fn beat(&mut self) {
        let now_ms = self.now_ms();
        let size = self.members.len() as u32;
        for site in (0..size).filter(|site| !self.is_gone(*site)).collect::<Vec<_>>() {
            for other in (0..size)
                .filter(|other| *other != site && !self.removed.contains(other))
                .collect::<Vec<_>>()
            {
                let hears = !self.is_gone(other) && !self.is_cut(other, site);
                let (heard_ms, is_up) =
                    self.heard_ms.get(&(site, other)).copied().unwrap_or((now_ms, true));
                if hears {
                    self.heard_ms.insert((site, other), (now_ms, true));
                    if !is_up {
                        self.tell(site, |own, now, out| own.peer_up(now, other, out));
                    }
                } else if is_up && now_ms - heard_ms > SILENCE_MS {
                    self.heard_ms.insert((site, other), (heard_ms, false));
                    self.tell(site, |own, now, out| own.peer_down(now, other, out));
                } else {
                    self.heard_ms.insert((site, other), (heard_ms, is_up));
                }
            }
        }
        if self.beats {
            self.at_ms(now_ms + BEAT_MS, Due::Beat);
        }
    }

    fn run_until(&mut self, end_ms: u64) {
        while let Some(&Reverse((time, number))) = self.due.peek() {
            if time > end_ms * MS {
                break;
            }
            self.due.pop();
            self.now = SimTime::from_nanos(time);
            let due = self.events.remove(&number).unwrap();
            self.handle(due);
        }
        self.now = SimTime::from_nanos(end_ms * MS);
    }
}

fn fault(size: u32) -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => (0..size, 50..3000u64).prop_map(|(site, for_ms)| Fault::Crash { site, for_ms }),
        5 => (0..size, 0..size, 50..3000u64)
            .prop_map(|(from, to, for_ms)| Fault::Cut { from, to, for_ms }),
        1 => (0..size).prop_map(|site| Fault::Remove { site }),
    ]
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![1 => Just(Verb::Create), 4 => Just(Verb::Update), 1 => Just(Verb::Delete)]
}

type Schedule = (Mode, u32, Vec<(u64, Fault)>, Vec<(u64, u32, u32, Verb)>, Vec<(u64, u32)>);

fn schedule() -> impl Strategy<Value = Schedule> {
    (0..MODES.len(), 2..6u32).prop_flat_map(|(mode, size)| {
        (
            Just(MODES[mode]),
            Just(size),
            prop::collection::vec((0..5000u64, fault(size)), 0..8),
            prop::collection::vec((0..7000u64, 0..size, 0..3u32, verb()), 1..25),
            prop::collection::vec((0..7000u64, 0..size), 0..10),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    /// Whatever happens: none is executed twice at a member (seen where it is executed), reads of the leader never go back (seen
    /// where they are answered), no operation that a member has executed is missing at another once all is well and quiet, all
    /// are equal then, and an idle group sends nothing. A strong one that even a removed member has executed is not lost.
    #[test]
    fn all_are_equal_in_the_end(
        (mode, size, faults, requests, reads) in schedule(),
        (least, spread, lost, doubled) in (1..20u64, 0..80u64, 0..60u64, 0..60u64),
        seed in any::<u64>(),
    ) {
        let mut network = Network::new(mode, size, (least, least + spread, lost, doubled), seed);
        network.beats = true;
        network.at_ms(0, Due::Beat);
        network.tell(0, |own, now, out| own.campaign(now, out));
        for (at_ms, fault) in faults {
            network.at_ms(at_ms, Due::Fault(fault));
        }
        for (at_ms, site, resource, verb) in requests {
            network.at_ms(at_ms, Due::Request { site, resource, verb });
        }
        let is_convergent = matches!(mode, Mode::Convergent(_));
        for (at_ms, site) in reads.into_iter().filter(|_| mode == Mode::Strong) {
            network.at_ms(at_ms, Due::Read(site));
        }
        network.run_until(END_MS);
        let left: Vec<u32> = (0..size).filter(|site| !network.removed.contains(site)).collect();
        let first = left[0] as usize;
        for &site in &left {
            let (own, other) = (&network.members[site as usize], &network.members[first]);
            prop_assert_eq!(&network.executed[site as usize], &network.executed[first], "at {}", site);
            prop_assert_eq!(own.digest(), other.digest());
            prop_assert_eq!(own.executed(), network.executed[site as usize].len() as u64);
            prop_assert_eq!(own.early_operations(), 0);
        }
        if mode == Mode::Strong {
            for lost in &network.removed {
                prop_assert!(network.executed[*lost as usize].is_subset(&network.executed[first]));
            }
        }
        if is_convergent {
            prop_assert!(network.refused.is_empty());
        }
        prop_assert_eq!(network.sent_after_quiet, 0, "an idle group talks");
    }

    /// One that hears nobody serves its own requests without a message, and the others get them when it is back.
    #[test]
    fn what_converges_needs_nobody(kind in 2..MODES.len(), requests in 1..10u64, seed in any::<u64>()) {
        let mut network = Network::new(MODES[kind], 3, (5, 20, 0, 0), seed);
        network.beats = true;
        network.at_ms(0, Due::Beat);
        for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0)] {
            network.cut_until.insert((from, to), 3000);
        }
        for number in 0..requests {
            network.run_until(500 + number * 10);
            network.request(0, 0, Verb::Update);
            prop_assert_eq!(network.executed[0].len() as u64, number + 1);
        }
        network.run_until(2900);
        prop_assert_eq!(network.received[0], 0);
        prop_assert_eq!(network.executed[1].len(), 0);
        network.run_until(5000);
        prop_assert_eq!(network.executed[1].len() as u64, requests);
        prop_assert_eq!(network.members[2].digest(), network.members[0].digest());
    }

    /// On constant latencies a strong write is executed by the leader a round trip to the median member after it has it, and by
    /// the others one way after that; from another site, one way to the leader comes before.
    #[test]
    fn a_commit_takes_a_round_trip_to_the_median(
        half in 1..4usize,
        all_ms in prop::collection::vec(1..40u64, 6),
        origin in 0..7u32,
    ) {
        let size = 2 * half + 1;
        let mut network = constant(Mode::Strong, size, &all_ms);
        let origin = origin % size as u32;
        let began = network.now;
        let number = network.request(origin, 0, Verb::Update).unwrap();
        network.run_until(3000);
        let (away, round_trip) = (one_way(&all_ms, origin), median_ms(&all_ms, size));
        let at_leader = began + SimDuration::from_nanos((away + round_trip) * MS);
        prop_assert_eq!(network.times[0][&number], at_leader);
        for site in 1..size as u32 {
            let at = at_leader + SimDuration::from_nanos(one_way(&all_ms, site) * MS);
            prop_assert_eq!(network.times[site as usize][&number], at, "at {}", site);
        }
    }

    /// The eventual mode: an update is executed by the leader when a majority has answered, and by the others one way after
    /// that; a creation at once, and one way after that.
    #[test]
    fn eventual_writes_take_what_cheops_says(
        half in 1..4usize,
        all_ms in prop::collection::vec(1..40u64, 6),
        origin in 0..7u32,
    ) {
        let size = 2 * half + 1;
        let mut network = constant(Mode::Eventual, size, &all_ms);
        let origin = origin % size as u32;
        let began = network.now;
        let created = network.request(origin, 0, Verb::Create).unwrap();
        for site in 0..size as u32 {
            network.run_until(3000);
            let ms = if site == origin { 0 } else { network.latency_ms.as_ref().unwrap()[origin as usize][site as usize] };
            let at = began + SimDuration::from_nanos(ms * MS);
            prop_assert_eq!(network.times[site as usize][&created], at, "creation at {}", site);
        }
        network.run_until(8000);
        let began = network.now;
        let updated = network.request(origin, 0, Verb::Update).unwrap();
        network.run_until(12_000);
        let at_leader = began
            + SimDuration::from_nanos((one_way(&all_ms, origin) + median_ms(&all_ms, size)) * MS);
        prop_assert_eq!(network.times[0][&updated], at_leader);
        for site in 1..size as u32 {
            let at = at_leader + SimDuration::from_nanos(one_way(&all_ms, site) * MS);
            prop_assert_eq!(network.times[site as usize][&updated], at, "update at {}", site);
        }
    }
}

/// A group of constant latencies that has rested for a while under leader 0: `all_ms` from there to the others, and the sum of
/// two such between others.
fn constant(mode: Mode, size: usize, all_ms: &[u64]) -> Network {
    let mut network = Network::new(mode, size as u32, (1, 1, 0, 0), 7);
    let row = |from: usize| {
        (0..size).map(|to| one_way(all_ms, from as u32) + one_way(all_ms, to as u32)).collect()
    };
    network.latency_ms = Some((0..size).map(row).collect());
    network.tell(0, |own, now, out| own.campaign(now, out));
    network.run_until(2000);
    assert!(network.members[0].is_leader());
    network
}

fn one_way(all_ms: &[u64], site: u32) -> u64 {
    site.checked_sub(1).map_or(0, |at| all_ms[at as usize])
}

/// The round trip after which the leader and half of the others have something.
fn median_ms(all_ms: &[u64], size: usize) -> u64 {
    let mut own = all_ms[..size - 1].to_vec();
    own.sort_unstable();
    2 * own[size / 2 - 1]
}

/// A leader that is cut off takes an eventual update only while it believes in a majority; later it refuses at once, and so do
/// the others that are alone.
#[test]
fn a_minority_refuses() {
    for mode in [Mode::Strong, Mode::Eventual] {
        let mut network = constant(mode, 3, &[5, 5]);
        network.beats = true;
        network.at_ms(2000, Due::Beat);
        for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0)] {
            network.cut_until.insert((from, to), 6000);
        }
        network.run_until(2500);
        let number = network.request(0, 0, Verb::Update).unwrap();
        assert_eq!(network.refused, [number], "{mode:?}");
        // The other two go on.
        network.run_until(4500);
        let number = network.request(1, 0, Verb::Update).unwrap();
        network.run_until(5500);
        assert!(network.executed[1].contains(&number) && network.executed[2].contains(&number));
        assert!(!network.executed[0].contains(&number));
        network.run_until(9000);
        assert!(network.executed[0].contains(&number), "{mode:?}");
        assert_eq!(network.members[0].digest(), network.members[1].digest());
    }
}

/// What only a dead member has executed is lost with it, and nothing else: the leader of two that logs alone.
#[test]
fn what_only_the_dead_had_is_lost() {
    let mut network = Network::new(Mode::Convergent(ValueKind::Counter), 3, (5, 5, 0, 0), 1);
    network.run_until(100);
    for to in [1, 2] {
        network.cut_until.insert((0, to), 1000);
    }
    let number = network.request(0, 0, Verb::Update).unwrap();
    network.run_until(200);
    network.handle(Due::Fault(Fault::Remove { site: 0 }));
    network.run_until(5000);
    assert!(network.executed[0].contains(&number));
    assert!(!network.executed[1].contains(&number) && !network.executed[2].contains(&number));
    // What one of the others has reaches the third.
    let mut network = Network::new(Mode::Convergent(ValueKind::Counter), 3, (5, 5, 0, 0), 1);
    network.run_until(100);
    network.cut_until.insert((0, 2), 1000);
    let number = network.request(0, 0, Verb::Update).unwrap();
    network.run_until(200);
    network.handle(Due::Fault(Fault::Remove { site: 0 }));
    network.run_until(5000);
    assert!(network.executed[1].contains(&number) && network.executed[2].contains(&number));
}
