//! Members on a small network that delays, loses, doubles and reorders, with cuts in one direction and crashes.

use super::*;
use crate::engine::RandomStreams;
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

const MS: u64 = 1_000_000;

/// The operations in order, folded into a number that depends on it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Ledger {
    count: u64,
    digest: u64,
}

impl StateMachine for Ledger {
    fn apply(&mut self, operation: &Operation) {
        self.count += 1;
        self.digest =
            (self.digest ^ operation.sequence).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
    }

    fn bytes(&self) -> u64 {
        16
    }
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Down for a time.
    Crash { site: u32, for_ms: u64 },
    /// Nothing goes from one to another for a time.
    Cut { from: u32, to: u32, for_ms: u64 },
    /// Struck from the group.
    Remove { site: u32 },
}

#[derive(Clone, Debug)]
enum Due {
    Deliver(u32, RaftMessage<Ledger>),
    Tick(u32),
    Restart(u32),
    Propose(u32),
    Read(u32),
    Fault(Fault),
}

struct Link {
    least_ms: u64,
    spread_ms: u64,
    lost_in_256: u64,
    doubled_in_256: u64,
}

struct Network {
    members: Vec<Replica<Ledger>>,
    due: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Due>,
    next: u64,
    now: u64,
    link: Link,
    cut_until: BTreeMap<(u32, u32), u64>,
    removed: BTreeSet<u32>,
    random: EntityStream,
    /// Who led each term.
    leaders: BTreeMap<u64, u32>,
    /// The operation at each place of the log, as the first member executed it.
    log: BTreeMap<u64, Operation>,
    applied: Vec<u64>,
    /// Proposed where, and whether acknowledged there.
    proposed: Vec<(u32, Option<u64>)>,
    acknowledged: u64,
    /// By token, the greatest place acknowledged when the read was asked.
    reads: Vec<u64>,
    reads_answered: usize,
    snapshots: usize,
    bytes: u64,
}

impl Network {
    fn new(count: u32, seed: u64, link: Link, options: RaftOptions) -> Self {
        let streams = RandomStreams::new(seed);
        let all: Vec<u32> = (0..count).collect();
        let mut network = Network {
            members: Vec::new(),
            due: BinaryHeap::new(),
            events: BTreeMap::new(),
            next: 0,
            now: 0,
            link,
            cut_until: BTreeMap::new(),
            removed: BTreeSet::new(),
            random: streams.entity("network", 0),
            leaders: BTreeMap::new(),
            log: BTreeMap::new(),
            applied: vec![0; count as usize],
            proposed: Vec::new(),
            acknowledged: 0,
            reads: Vec::new(),
            reads_answered: 0,
            snapshots: 0,
            bytes: 0,
        };
        for &site in &all {
            let mut out = Vec::new();
            let random = streams.entity("election", u64::from(site));
            let member =
                Replica::new(site, &all, Ledger::default(), options, random, SimTime::ZERO, &mut out);
            network.members.push(member);
            network.take(site, out);
        }
        network
    }

    fn at(&mut self, time: u64, due: Due) {
        self.due.push(Reverse((time, self.next)));
        self.events.insert(self.next, due);
        self.next += 1;
    }

    fn take(&mut self, site: u32, out: Vec<RaftOutput<Ledger>>) {
        for output in out {
            match output {
                RaftOutput::Wake(time) => self.at(time.as_nanos(), Due::Tick(site)),
                RaftOutput::Send { to, message } => {
                    self.bytes += message.bytes();
                    let is_cut = self.cut_until.get(&(site, to)).is_some_and(|&until| self.now < until);
                    let copies = 1 + u64::from(self.random.next_u64() % 256 < self.link.doubled_in_256);
                    for _ in 0..copies {
                        let late = self.random.next_u64() % (self.link.spread_ms * MS + 1);
                        let is_lost = self.random.next_u64() % 256 < self.link.lost_in_256;
                        if !is_cut && !is_lost {
                            let time = self.now + self.link.least_ms * MS + late;
                            self.at(time, Due::Deliver(to, message.clone()));
                        }
                    }
                }
                RaftOutput::Applied { index, operation } => {
                    let known = *self.log.entry(index).or_insert(operation);
                    assert_eq!(known, operation, "two operations at one place");
                    let last = &mut self.applied[site as usize];
                    assert!(index > *last, "executed twice, or out of order");
                    *last = index;
                    let (proposer, acknowledged) = &mut self.proposed[operation.sequence as usize];
                    if *proposer == site && acknowledged.is_none() {
                        *acknowledged = Some(index);
                        self.acknowledged = self.acknowledged.max(index);
                    }
                }
                RaftOutput::Restored(index) => {
                    self.snapshots += 1;
                    let last = &mut self.applied[site as usize];
                    assert!(index > *last, "a snapshot went back");
                    *last = index;
                }
                RaftOutput::Role { role: Role::Leader, term } => {
                    let leader = *self.leaders.entry(term).or_insert(site);
                    assert_eq!(leader, site, "two leaders in term {term}");
                }
                RaftOutput::ReadReady(token) => {
                    self.reads_answered += 1;
                    assert!(
                        self.members[site as usize].applied() >= self.reads[token as usize],
                        "a read went back"
                    );
                }
                RaftOutput::Role { .. } | RaftOutput::ReadFailed(_) => {}
            }
        }
    }

    fn run_until(&mut self, end: u64) {
        while let Some(&Reverse((time, event))) = self.due.peek() {
            if time > end {
                break;
            }
            self.due.pop();
            self.now = time;
            let now = SimTime::from_nanos(time);
            let Some(due) = self.events.remove(&event) else { continue };
            let mut out = Vec::new();
            let site = match due {
                Due::Deliver(site, message) => {
                    self.members[site as usize].receive(now, message, &mut out);
                    site
                }
                Due::Tick(site) => {
                    self.members[site as usize].tick(now, &mut out);
                    site
                }
                Due::Restart(site) => {
                    self.members[site as usize].restart(now, &mut out);
                    site
                }
                Due::Propose(site) => {
                    let sequence = self.proposed.len() as u64;
                    let operation = Operation {
                        origin: site,
                        resource: 0,
                        sequence,
                        bytes: 100,
                        verb: Verb::Update,
                    };
                    // With the answer of a group of one, it is acknowledged within the call.
                    self.proposed.push((site, None));
                    let _ = self.members[site as usize].propose(now, operation, &mut out);
                    site
                }
                Due::Read(site) => {
                    let token = self.reads.len() as u64;
                    self.reads.push(self.acknowledged);
                    let _ = self.members[site as usize].read(now, token, &mut out);
                    site
                }
                Due::Fault(Fault::Crash { site, for_ms }) => {
                    self.members[site as usize].crash(&mut out);
                    self.at(time + for_ms * MS, Due::Restart(site));
                    site
                }
                Due::Fault(Fault::Cut { from, to, for_ms }) => {
                    self.cut_until.insert((from, to), time + for_ms * MS);
                    continue;
                }
                Due::Fault(Fault::Remove { site }) => {
                    let Some(leader) = self.leader() else { continue };
                    // Of three, one may go, so that one more may fail.
                    if self.removed.is_empty()
                        && self.members[leader as usize].remove(now, site, &mut out).is_ok()
                    {
                        self.removed.insert(site);
                    }
                    leader
                }
            };
            self.take(site, out);
        }
        self.now = end;
    }

    fn leader(&self) -> Option<u32> {
        let leads = |member: &&Replica<Ledger>| member.role() == Role::Leader && !member.is_down;
        let leader = self.members.iter().filter(leads).max_by_key(|member| member.term())?;
        Some(site(leader.node.id()))
    }
}

fn options() -> RaftOptions {
    RaftOptions {
        heartbeat: SimDuration::from_nanos(20 * MS),
        election: SimDuration::from_nanos(120 * MS),
        keep_entries: 4,
        batch_entries: 3,
        is_quiet: false,
    }
}

fn fault(count: u32) -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => (0..count, 1_u64..600).prop_map(|(site, for_ms)| Fault::Crash { site, for_ms }),
        6 => (0..count, 0..count, 1_u64..800).prop_map(|(from, to, for_ms)| Fault::Cut { from, to, for_ms }),
        1 => (0..count).prop_map(|site| Fault::Remove { site }),
    ]
}

#[derive(Debug, Clone)]
struct Schedule {
    seed: u64,
    count: u32,
    spread_ms: u64,
    lost_in_256: u64,
    doubled_in_256: u64,
    faults: Vec<(u64, Fault)>,
    requests: Vec<(u64, u32, bool)>,
}

fn schedule() -> impl Strategy<Value = Schedule> {
    prop_oneof![Just(3_u32), Just(4), Just(5)].prop_flat_map(|count| {
        let faults = prop::collection::vec((0_u64..3000, fault(count)), 0..12);
        let requests = prop::collection::vec((200_u64..3000, 0..count, any::<bool>()), 0..60);
        (any::<u64>(), 0_u64..60, 0_u64..60, 0_u64..60, faults, requests).prop_map(
            move |(seed, spread_ms, lost_in_256, doubled_in_256, faults, requests)| Schedule {
                seed,
                count,
                spread_ms,
                lost_in_256,
                doubled_in_256,
                faults,
                requests,
            },
        )
    })
}

proptest! {
    /// One leader a term, one operation a place, none twice, no read that goes back, at any time; and after faults have
    /// ceased: no acknowledged operation lost, and all members equal. Requests go to whoever leads at the time, or to
    /// one who believes to.
    #[test]
    fn groups_are_safe_and_heal(plan in schedule()) {
        let link = Link {
            least_ms: 1,
            spread_ms: plan.spread_ms,
            lost_in_256: plan.lost_in_256,
            doubled_in_256: plan.doubled_in_256,
        };
        let mut network = Network::new(plan.count, plan.seed, link, options());
        for &(at_ms, fault) in &plan.faults {
            network.at(at_ms * MS, Due::Fault(fault));
        }
        for &(at_ms, site, is_read) in &plan.requests {
            let due = |site| if is_read { Due::Read(site) } else { Due::Propose(site) };
            for site in (0..plan.count).cycle().skip(site as usize).take(2) {
                network.at(at_ms * MS, due(site));
            }
        }
        network.run_until(4_000 * MS);
        (network.link.lost_in_256, network.link.doubled_in_256, network.link.spread_ms) = (0, 0, 3);
        // One more, so that there is an entry of the last term behind all others.
        network.run_until(9_000 * MS);
        let leader = network.leader();
        prop_assert!(leader.is_some(), "nobody leads after all has healed");
        network.at(9_000 * MS, Due::Propose(leader.unwrap_or_default()));
        network.run_until(11_000 * MS);
        prop_assert!(network.proposed.last().is_some_and(|(_, place)| place.is_some()), "no progress");
        for (sequence, &(_, acknowledged)) in network.proposed.iter().enumerate() {
            if let Some(place) = acknowledged {
                prop_assert_eq!(network.log[&place].sequence, sequence as u64);
            }
        }
        let expected = network.members[leader.unwrap_or_default() as usize].state().clone();
        prop_assert_eq!(expected.count, network.log.len() as u64);
        for member in &network.members {
            if !network.removed.contains(&site(member.node.id())) {
                prop_assert_eq!(member.state(), &expected);
            }
            prop_assert!(member.log_entries() <= 3 * options().keep_entries + 64);
        }
    }
}

/// With 10 ms one way to everybody, an operation is executed one round trip, 20 ms, after it was proposed, by the
/// leader; a read takes as long.
#[test]
fn commit_takes_one_round_trip() {
    let link = Link { least_ms: 10, spread_ms: 0, lost_in_256: 0, doubled_in_256: 0 };
    let mut network = Network::new(5, 1, link, options());
    network.run_until(2_000 * MS);
    let leader = network.leader().unwrap();
    network.at(2_000 * MS, Due::Propose(leader));
    network.at(2_000 * MS, Due::Read(leader));
    network.run_until(2_020 * MS - 1);
    assert_eq!((network.proposed[0].1, network.reads_answered), (None, 0));
    network.run_until(2_020 * MS);
    assert!(network.proposed[0].1.is_some());
    assert_eq!(network.reads_answered, 1);
    // Followers learn of it with the next heartbeat.
    network.run_until(2_060 * MS);
    assert!(network.members.iter().all(|member| member.state().count == 1));
}

/// One that was away for longer than the log goes back gets a snapshot, and logs stay short.
#[test]
fn stragglers_get_snapshots() {
    let link = Link { least_ms: 1, spread_ms: 0, lost_in_256: 0, doubled_in_256: 0 };
    let mut network = Network::new(3, 5, link, options());
    network.run_until(1_000 * MS);
    let leader = network.leader().unwrap();
    let away = (leader + 1) % 3;
    network.at(1_000 * MS, Due::Fault(Fault::Crash { site: away, for_ms: 500 }));
    for request in 0..100 {
        network.at((1_001 + request) * MS, Due::Propose(leader));
    }
    network.run_until(1_400 * MS);
    assert_eq!(network.members[away as usize].state().count, 0);
    assert!(network.members[leader as usize].log_entries() <= 9);
    network.run_until(3_000 * MS);
    assert!(network.snapshots >= 1);
    assert!(network.members.iter().all(|member| member.state().count == 100));
}

/// The leader itself is struck: the others go on, and it does not lead again.
#[test]
fn a_struck_leader_makes_way() {
    let link = Link { least_ms: 1, spread_ms: 0, lost_in_256: 0, doubled_in_256: 0 };
    let mut network = Network::new(3, 9, link, options());
    network.run_until(1_000 * MS);
    let first = network.leader().unwrap();
    network.at(1_000 * MS, Due::Fault(Fault::Remove { site: first }));
    network.run_until(3_000 * MS);
    let second = network.leader().unwrap();
    assert_ne!(first, second);
    assert!(!network.members[second as usize].has_member(first));
    network.at(3_000 * MS, Due::Propose(second));
    network.run_until(3_100 * MS);
    assert!(network.proposed[0].1.is_some());
}

/// Only the leader takes requests, and others say who leads.
#[test]
fn others_name_the_leader() {
    let link = Link { least_ms: 1, spread_ms: 0, lost_in_256: 0, doubled_in_256: 0 };
    let mut network = Network::new(3, 2, link, options());
    network.run_until(1_000 * MS);
    let leader = network.leader().unwrap();
    let now = SimTime::from_nanos(network.now);
    let other = &mut network.members[((leader + 1) % 3) as usize];
    let mut out = Vec::new();
    assert_eq!(other.read(now, 0, &mut out), Err(NotLeader { leader: Some(leader) }));
    assert!(out.is_empty());
    other.crash(&mut out);
    assert_eq!(other.read(now, 0, &mut out), Err(NotLeader { leader: None }));
}
