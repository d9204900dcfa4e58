//! The circuits of all switches of a layer.

use super::PortMode;
use crate::infra::optical::fabric::{LeafId, OpticalLayer, SwitchId};

pub(super) const NONE: u32 = u32::MAX;

/// A circuit: for simplex ports what `from` sends to `to`; of duplex ones both directions, the lower leaf first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Circuit {
    /// Where it is.
    pub switch: SwitchId,
    /// The leaf that sends.
    pub from: LeafId,
    /// The leaf that receives.
    pub to: LeafId,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Put { x: u32, y: u32, colour: u32 },
    Take { x: u32, y: u32, colour: u32, owner: u32 },
}

/// Which leaves the switches of a layer connect, and for whom. A port has one circuit at most, so that each switch is a matching.
///
/// It works in steps: [`insert`](Self::insert) and [`remove`](Self::remove) change it, [`commit`](Self::commit) lets the
/// changes hold and tells which circuits the devices must set up, [`rollback`](Self::rollback) takes them back. What was
/// removed stays set up on the device until its ports are wanted for something else, and is taken again for nothing.
#[derive(Clone, Debug)]
pub struct CircuitMap {
    mode: PortMode,
    leaves: u32,
    pub(super) colours: u32,
    words: usize,
    /// The other end of each vertex on each switch. A vertex is a leaf; of simplex ports there are those that send, then
    /// those that receive.
    at: Vec<u32>,
    owners: Vec<u32>,
    /// What the devices have.
    lit: Vec<u32>,
    /// Bits of switches on which a vertex is free.
    free: Vec<u64>,
    /// Ports that do not work, by leaf and switch.
    blocked: Vec<bool>,
    journal: Vec<Op>,
}

impl CircuitMap {
    /// No circuits yet.
    #[must_use]
    pub fn new(layer: OpticalLayer, mode: PortMode) -> Self {
        let (leaves, colours) = (layer.leaves(), layer.uplinks());
        let vertices = match mode {
            PortMode::Simplex => 2 * leaves as usize,
            PortMode::Duplex => leaves as usize,
        };
        let cells = vertices * colours as usize;
        let words = (colours as usize).div_ceil(64);
        let mut free = vec![u64::MAX; vertices * words];
        let rest = colours as usize % 64;
        if rest > 0 {
            free.iter_mut().skip(words - 1).step_by(words).for_each(|word| *word = (1 << rest) - 1);
        }
        CircuitMap {
            mode,
            leaves,
            colours,
            words,
            at: vec![NONE; cells],
            owners: vec![NONE; cells],
            lit: vec![NONE; cells],
            free,
            blocked: vec![false; leaves as usize * colours as usize],
            journal: Vec::new(),
        }
    }

    /// The same ports and devices, without circuits.
    pub(super) fn emptied(&self) -> Self {
        let mut map = self.clone();
        map.journal.clear();
        map.at.fill(NONE);
        map.owners.fill(NONE);
        for vertex in 0..map.vertex_count() {
            for colour in 0..map.colours {
                let works = !map.blocked[map.cell(vertex % map.leaves, colour)];
                map.set_free(vertex, colour, works);
            }
        }
        map
    }

    fn vertex_count(&self) -> u32 {
        if self.mode == PortMode::Simplex { 2 * self.leaves } else { self.leaves }
    }

    /// What its ports are.
    #[must_use]
    pub const fn mode(&self) -> PortMode {
        self.mode
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn leaves(&self) -> u32 {
        self.leaves
    }

    /// How many switches there are.
    #[must_use]
    pub const fn switches(&self) -> u32 {
        self.colours
    }

    pub(super) fn vertices(&self, from: LeafId, to: LeafId) -> (u32, u32) {
        match self.mode {
            PortMode::Simplex => (from.0, self.leaves + to.0),
            PortMode::Duplex => (from.0, to.0),
        }
    }

    fn cell(&self, vertex: u32, colour: u32) -> usize {
        vertex as usize * self.colours as usize + colour as usize
    }

    /// The other end of a vertex on a switch, or `NONE`.
    pub(super) fn peer(&self, vertex: u32, colour: u32) -> u32 {
        self.at[self.cell(vertex, colour)]
    }

    pub(super) fn owner(&self, vertex: u32, colour: u32) -> u32 {
        self.owners[self.cell(vertex, colour)]
    }

    pub(super) fn is_lit(&self, x: u32, y: u32, colour: u32) -> bool {
        self.lit[self.cell(x, colour)] == y
    }

    pub(super) fn is_free(&self, vertex: u32, colour: u32) -> bool {
        let word = self.free[vertex as usize * self.words + colour as usize / 64];
        word >> (colour % 64) & 1 == 1
    }

    fn set_free(&mut self, vertex: u32, colour: u32, is_free: bool) {
        let word = &mut self.free[vertex as usize * self.words + colour as usize / 64];
        let bit = 1 << (colour % 64);
        if is_free { *word |= bit } else { *word &= !bit }
    }

    fn free_words(&self, vertex: u32) -> &[u64] {
        &self.free[vertex as usize * self.words..][..self.words]
    }

    pub(super) fn free_count(&self, vertex: u32) -> u32 {
        self.free_words(vertex).iter().map(|word| word.count_ones()).sum()
    }

    /// Switches on which a vertex is free, ascending.
    pub(super) fn free_colours(&self, vertex: u32) -> impl Iterator<Item = u32> + '_ {
        bits(self.free_words(vertex).iter().copied())
    }

    /// Switches on which both are free, ascending.
    pub(super) fn common_colours(&self, x: u32, y: u32) -> impl Iterator<Item = u32> + '_ {
        bits(self.free_words(x).iter().zip(self.free_words(y)).map(|(x, y)| x & y))
    }

    /// Connects two vertices that are free on a switch.
    pub(super) fn put(&mut self, x: u32, y: u32, colour: u32, owner: u32) {
        debug_assert!(self.is_free(x, colour) && self.is_free(y, colour) && x != y);
        for (vertex, other) in [(x, y), (y, x)] {
            let cell = self.cell(vertex, colour);
            self.at[cell] = other;
            self.owners[cell] = owner;
            self.set_free(vertex, colour, false);
        }
        self.journal.push(Op::Put { x, y, colour });
    }

    /// Disconnects a vertex on a switch; gives the other end and the owner.
    pub(super) fn take(&mut self, x: u32, colour: u32) -> Option<(u32, u32)> {
        let (y, owner) = (self.peer(x, colour), self.owner(x, colour));
        if y == NONE {
            return None;
        }
        self.clear(x, y, colour);
        self.journal.push(Op::Take { x, y, colour, owner });
        Some((y, owner))
    }

    fn clear(&mut self, x: u32, y: u32, colour: u32) {
        for vertex in [x, y] {
            let cell = self.cell(vertex, colour);
            self.at[cell] = NONE;
            self.owners[cell] = NONE;
            let leaf = vertex % self.leaves;
            let works = !self.blocked[self.cell(leaf, colour)];
            self.set_free(vertex, colour, works);
        }
    }

    /// How much has happened since the last commit.
    pub(super) fn mark(&self) -> usize {
        self.journal.len()
    }

    pub(super) fn rollback_to(&mut self, mark: usize) {
        while self.journal.len() > mark {
            match self.journal.pop() {
                Some(Op::Put { x, y, colour }) => self.clear(x, y, colour),
                Some(Op::Take { x, y, colour, owner }) => {
                    self.put(x, y, colour, owner);
                    self.journal.pop();
                }
                None => {}
            }
        }
    }

    /// The two ends of a circuit.
    pub(super) fn ends(&self, circuit: Circuit) -> (u32, u32) {
        self.vertices(circuit.from, circuit.to)
    }

    /// Whose circuit it is; `None` if there is no such circuit.
    #[must_use]
    pub fn owner_of(&self, circuit: Circuit) -> Option<u32> {
        let known = self.has(circuit.from) && self.has(circuit.to) && circuit.switch.0 < self.colours;
        let (x, y) = self.ends(circuit);
        (known && self.peer(x, circuit.switch.0) == y).then(|| self.owner(x, circuit.switch.0))
    }

    /// Moves a circuit to the first switch below its own on which both leaves are free; tells whether there is one.
    pub(in crate::infra::optical) fn lower(&mut self, circuit: Circuit) -> bool {
        let (x, y) = self.ends(circuit);
        let colour = self.common_colours(x, y).next().filter(|&colour| colour < circuit.switch.0);
        let Some(colour) = colour else { return false };
        let Some((_, owner)) = self.take(x, circuit.switch.0) else { return false };
        self.put(x, y, colour, owner);
        true
    }

    /// Takes back all since the last commit.
    pub fn rollback(&mut self) {
        self.rollback_to(0);
    }

    /// Lets all changes since the last commit hold. Gives the circuits that devices must set up, in the order of switches
    /// and leaves.
    pub fn commit(&mut self) -> Vec<Circuit> {
        let mut touched: Vec<(u32, u32)> = Vec::new();
        for op in std::mem::take(&mut self.journal) {
            if let Op::Put { x, y, colour } = op {
                touched.push((colour, x.min(y)));
            }
        }
        touched.sort_unstable();
        touched.dedup();
        let mut set_up = Vec::new();
        for (colour, x) in touched {
            let y = self.peer(x, colour);
            if y == NONE || self.is_lit(x, y, colour) {
                continue;
            }
            for vertex in [x, y] {
                let cell = self.cell(vertex, colour);
                let before = std::mem::replace(&mut self.lit[cell], NONE);
                if before != NONE {
                    let other = self.cell(before, colour);
                    self.lit[other] = NONE;
                }
            }
            for (vertex, other) in [(x, y), (y, x)] {
                let cell = self.cell(vertex, colour);
                self.lit[cell] = other;
            }
            set_up.push(self.circuit(x, y, colour));
        }
        set_up.sort_unstable();
        set_up
    }

    /// The circuit of two vertices, the lower of which sends or is the lower leaf.
    pub(super) fn circuit(&self, x: u32, y: u32, colour: u32) -> Circuit {
        let (x, y) = (x.min(y), x.max(y));
        let to = if self.mode == PortMode::Simplex { y - self.leaves } else { y };
        Circuit { switch: SwitchId(colour), from: LeafId(x), to: LeafId(to) }
    }

    /// All circuits with their owners, by switch, then by leaf.
    pub fn circuits(&self) -> impl Iterator<Item = (Circuit, u32)> + '_ {
        (0..self.colours).flat_map(move |colour| {
            (0..self.leaves).filter_map(move |leaf| {
                let peer = self.peer(leaf, colour);
                (peer != NONE && leaf < peer)
                    .then(|| (self.circuit(leaf, peer, colour), self.owner(leaf, colour)))
            })
        })
    }

    /// Whether a leaf is known.
    #[must_use]
    pub const fn has(&self, leaf: LeafId) -> bool {
        leaf.0 < self.leaves
    }

    /// Free working ports of a leaf that send; 0 if there is no such leaf.
    #[must_use]
    pub fn free_to_send(&self, leaf: LeafId) -> u32 {
        if self.has(leaf) { self.free_count(leaf.0) } else { 0 }
    }

    /// Free working ports of a leaf that receive; of duplex ones the same as those that send.
    #[must_use]
    pub fn free_to_receive(&self, leaf: LeafId) -> u32 {
        if self.has(leaf) { self.free_count(self.vertices(leaf, leaf).1) } else { 0 }
    }

    /// How many circuits of an owner lead from one leaf to another. O(switches).
    #[must_use]
    pub fn count(&self, from: LeafId, to: LeafId, owner: u32) -> u32 {
        if !self.has(from) || !self.has(to) || from == to {
            return 0;
        }
        let (x, y) = self.vertices(from, to);
        let count = (0..self.colours)
            .filter(|&colour| self.peer(x, colour) == y && self.owner(x, colour) == owner)
            .count();
        // At most the number of switches.
        count as u32
    }

    /// Takes away up to `count` circuits of an owner between two leaves, those of the last switches first; tells how many.
    pub fn remove(&mut self, from: LeafId, to: LeafId, owner: u32, count: u32) -> u32 {
        if !self.has(from) || !self.has(to) || from == to {
            return 0;
        }
        let (x, y) = self.vertices(from, to);
        let mut removed = 0;
        for colour in (0..self.colours).rev() {
            if removed < count && self.peer(x, colour) == y && self.owner(x, colour) == owner {
                self.take(x, colour);
                removed += 1;
            }
        }
        removed
    }

    /// A port breaks: gives the circuits that go with it, and their owners. What had not been committed holds.
    pub fn block(&mut self, leaf: LeafId, switch: SwitchId) -> Vec<(Circuit, u32)> {
        if !self.has(leaf) || switch.0 >= self.colours {
            return Vec::new();
        }
        let cell = self.cell(leaf.0, switch.0);
        self.blocked[cell] = true;
        let (x, y) = self.vertices(leaf, leaf);
        let mut lost = Vec::new();
        for vertex in if x == y { vec![x] } else { vec![x, y] } {
            if let Some((other, owner)) = self.take(vertex, switch.0) {
                lost.push((self.circuit(vertex, other, switch.0), owner));
            }
            self.set_free(vertex, switch.0, false);
            let cell = self.cell(vertex, switch.0);
            let before = std::mem::replace(&mut self.lit[cell], NONE);
            if before != NONE {
                let other = self.cell(before, switch.0);
                self.lit[other] = NONE;
            }
        }
        self.journal.clear();
        lost
    }

    /// A port works again.
    pub fn unblock(&mut self, leaf: LeafId, switch: SwitchId) {
        if !self.has(leaf) || switch.0 >= self.colours {
            return;
        }
        let cell = self.cell(leaf.0, switch.0);
        if std::mem::replace(&mut self.blocked[cell], false) {
            let (x, y) = self.vertices(leaf, leaf);
            self.set_free(x, switch.0, true);
            self.set_free(y, switch.0, true);
        }
    }
}

/// The numbers of set bits, ascending.
fn bits<'a>(words: impl Iterator<Item = u64> + 'a) -> impl Iterator<Item = u32> + 'a {
    words.zip(0..).flat_map(|(word, place)| {
        let mut left = word;
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let bit = left.trailing_zeros();
                left &= left - 1;
                64 * place + bit
            })
        })
    })
}
