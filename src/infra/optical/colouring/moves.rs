//! A place for one more circuit, moving others where that helps.

use super::map::{CircuitMap, NONE};
use crate::infra::optical::fabric::LeafId;

/// So many pairs of switches are tried for the chain that moves the fewest circuits.
const PAIRS_TRIED: usize = 256;

impl CircuitMap {
    /// Sets up one more circuit for `owner`, on a switch where both leaves have a free port: one that has it still, else the
    /// first. If there is none and others may be moved, along the alternating path that moves the fewest; of duplex ports
    /// also after turning a fan. Tells whether that was possible; else nothing is changed.
    ///
    /// With simplex ports that all work, and circuits that may be moved, it succeeds if both leaves have free ports at all.
    pub fn insert(&mut self, from: LeafId, to: LeafId, owner: u32, may_move: bool) -> bool {
        if !self.has(from) || !self.has(to) || from == to {
            return false;
        }
        let (x, y) = self.vertices(from, to);
        if may_move {
            return self.insert_moving(x, y, owner);
        }
        let colour = self.common(x, y);
        colour.inspect(|&colour| self.put(x, y, colour, owner)).is_some()
    }

    fn common(&self, x: u32, y: u32) -> Option<u32> {
        let lit = self.common_colours(x, y).find(|&colour| self.is_lit(x, y, colour));
        lit.or_else(|| self.common_colours(x, y).next())
    }

    /// As [`insert`](Self::insert), of vertices.
    pub(super) fn insert_moving(&mut self, x: u32, y: u32, owner: u32) -> bool {
        self.insert_by_chain(x, y, owner)
            || self.insert_by_fan(x, y, owner)
            || self.insert_by_fan(y, x, owner)
    }

    /// On a common free switch, or one that becomes free by exchanging two switches along a chain (Kempe).
    fn insert_by_chain(&mut self, x: u32, y: u32, owner: u32) -> bool {
        if let Some(colour) = self.common(x, y) {
            self.put(x, y, colour, owner);
            return true;
        }
        let mut best: Option<(usize, u32, u32)> = None;
        let pairs = self
            .free_colours(x)
            .flat_map(|wanted| self.free_colours(y).map(move |other| (wanted, other)));
        for (wanted, other) in pairs.take(PAIRS_TRIED) {
            if let Some(length) = self.chain_length(y, wanted, other, x)
                && best.is_none_or(|(least, _, _)| length < least)
            {
                best = Some((length, wanted, other));
            }
        }
        let Some((_, wanted, other)) = best else { return false };
        self.exchange(y, wanted, other);
        self.put(x, y, wanted, owner);
        true
    }

    /// How many circuits there are on the chain from `start` that alternates between `first` and `second`; `None` if it
    /// leads to `end`, or to a port that does not work.
    fn chain_length(&self, start: u32, first: u32, second: u32, end: u32) -> Option<usize> {
        let (mut vertex, mut colour, mut next) = (start, first, second);
        for length in 0.. {
            let peer = self.peer(vertex, colour);
            if peer == NONE {
                return (vertex != end && self.is_free(vertex, colour)).then_some(length);
            }
            vertex = peer;
            std::mem::swap(&mut colour, &mut next);
        }
        None
    }

    /// Exchanges the two switches along the chain from `start`, which has a circuit on `first` and is free on `second`.
    fn exchange(&mut self, start: u32, first: u32, second: u32) {
        let mut chain = Vec::new();
        let (mut vertex, mut colour, mut next) = (start, first, second);
        while let Some((peer, owner)) = self.take(vertex, colour) {
            chain.push((vertex, peer, next, owner));
            vertex = peer;
            std::mem::swap(&mut colour, &mut next);
        }
        for (x, y, colour, owner) in chain {
            self.put(x, y, colour, owner);
        }
    }

    /// Turns a fan at `x`: circuits of `x` change to switches on which their other ends are free, so that another one is
    /// left over, for which a chain may do.
    fn insert_by_fan(&mut self, x: u32, y: u32, owner: u32) -> bool {
        if self.free_count(x) == 0 || self.free_count(y) == 0 {
            return false;
        }
        // (other end, switch that it leaves, who comes before it)
        let mut fan: Vec<(u32, u32, usize)> = vec![(y, NONE, usize::MAX)];
        let mut is_seen = vec![false; self.colours as usize];
        let mut at = 0;
        while at < fan.len() {
            let end = fan[at].0;
            if at > 0 && self.turn(x, &fan, at, owner) {
                return true;
            }
            for colour in self.free_colours(end) {
                let next = self.peer(x, colour);
                if next != NONE && !std::mem::replace(&mut is_seen[colour as usize], true) {
                    fan.push((next, colour, at));
                }
            }
            at += 1;
        }
        false
    }

    /// Lets each circuit on the way to `last` take the switch of the one after it, and finds a place for the last.
    fn turn(&mut self, x: u32, fan: &[(u32, u32, usize)], last: usize, owner: u32) -> bool {
        let mark = self.mark();
        let mut owners = Vec::new();
        let mut at = last;
        while at != 0 {
            let (_, colour, before) = fan[at];
            let Some((_, owner)) = self.take(x, colour) else { break };
            owners.push((at, owner));
            at = before;
        }
        let owner_of = |place: usize| {
            owners.iter().find(|&&(at, _)| at == place).map_or(owner, |&(_, owner)| owner)
        };
        for &(at, _) in &owners {
            let (_, colour, before) = fan[at];
            self.put(x, fan[before].0, colour, owner_of(before));
        }
        if self.insert_by_chain(x, fan[last].0, owner_of(last)) {
            return true;
        }
        self.rollback_to(mark);
        false
    }
}
