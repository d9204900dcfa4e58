//! How devices get into cells: selection, and access by a preamble.

use super::super::ids::CellId;
use super::handover::{Candidate, stronger_first};
use crate::engine::{EntityStream, SimTime};
use rand::RngExt as _;
use smallvec::SmallVec;

/// How much stronger than the least power a cell must be for a device on another network to come back to it.
pub(super) const RETURN_MARGIN_DB: f64 = 3.0;

/// How many cells a device tries at one time.
pub(super) const MOST_TRIES: usize = 8;

/// What a device needs to get into a cell: that it finds the synchronisation signals, that its preamble is heard, and that
/// the answers to it, which are granted as any data, come through.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct AccessLosses {
    /// Share of synchronisation signals that are lost, 0 to 1.
    pub(super) ssb: f64,
    /// Share of preambles that are lost, 0 to 1.
    pub(super) prach: f64,
    /// Share of grants that are lost, 0 to 1.
    pub(super) pdcch: f64,
}

/// What has come of a try to get into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// The device is in.
    Passed,
    /// It has not found the cell, and sent nothing.
    NotFound,
    /// Its preamble or the answer was lost.
    Failed,
}

impl AccessLosses {
    /// What comes of a try. Three draws whatever the losses are, so that what comes later does not hang on them.
    pub(super) fn attempt(&self, random: &mut EntityStream) -> Access {
        let [ssb, prach, pdcch]: [f64; 3] = [random.random(), random.random(), random.random()];
        match (ssb >= self.ssb, prach >= self.prach && pdcch >= self.pdcch) {
            (false, _) => Access::NotFound,
            (true, false) => Access::Failed,
            (true, true) => Access::Passed,
        }
    }
}

/// Cells that a device is not to choose for a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Barred {
    list: SmallVec<[(CellId, SimTime); 1]>,
}

impl Barred {
    /// Bars a cell until a time; a later time than one from before replaces it.
    pub(super) fn bar(&mut self, now: SimTime, cell: CellId, until: SimTime) {
        self.list.retain(|(_, end)| *end > now);
        match self.list.iter_mut().find(|(barred, _)| *barred == cell) {
            Some((_, end)) => *end = until.max(*end),
            None => self.list.push((cell, until)),
        }
    }

    /// Whether a cell may be chosen.
    pub(super) fn allows(&self, now: SimTime, cell: CellId) -> bool {
        !self.list.iter().any(|&(barred, end)| barred == cell && now < end)
    }
}

/// Where a device without a cell goes on to try: what has refused it is not tried again before all others were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    /// How many of the strongest it has tried since it began with the first.
    done: usize,
}

/// The cells that a device tries at one time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trying {
    /// The strongest of all, tried this time or not.
    pub(super) strongest: CellId,
    /// Those to try in turn.
    pub(super) cells: SmallVec<[CellId; MOST_TRIES]>,
}

impl Tries {
    /// The next cells of those with at least this power in dBm, in the order of their power; after the weakest the
    /// strongest again. `None` if there are none.
    pub(super) fn next(
        &mut self,
        heard: impl Iterator<Item = Candidate>,
        least_dbm: f64,
    ) -> Option<Trying> {
        let mut list: SmallVec<[Candidate; 2 * MOST_TRIES]> =
            heard.filter(|one| one.rsrp_dbm >= least_dbm).collect();
        list.sort_by(stronger_first);
        if self.done >= list.len() {
            self.done = 0;
        }
        let cells = list.iter().skip(self.done).take(MOST_TRIES).map(|one| one.cell).collect();
        self.done += MOST_TRIES;
        Some(Trying { strongest: list.first()?.cell, cells })
    }

    /// The device is in a cell: the next time it begins with the strongest.
    pub(super) fn clear(&mut self) {
        self.done = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::RandomStreams;

    /// Of 40 000 tries (1 - 0.3) x (1 - 0.5) x (1 - 0.2) succeed and 0.3 do not find the cell, with a standard error of
    /// 0.0024; of those without losses all.
    #[test]
    fn tries_succeed_as_often_as_all_steps_do_and_draw_alike() {
        let shares = |losses: AccessLosses| {
            let mut random = RandomStreams::new(1).entity("access", 0);
            let mut counts = [0.0; 3];
            for _ in 0..40_000 {
                counts[losses.attempt(&mut random) as usize] += 1.0 / 40_000.0;
            }
            (counts, random.random::<u64>())
        };
        let near = |found: [f64; 3], expected: [f64; 3]| {
            let off = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
            assert!(off.fold(0.0, f64::max) < 0.01, "{found:?} {expected:?}");
        };
        let (all, next) = shares(AccessLosses::default());
        let (none, after_none) = shares(AccessLosses { ssb: 1.0, ..AccessLosses::default() });
        let (deaf, _) = shares(AccessLosses { pdcch: 1.0, ..AccessLosses::default() });
        let (some, after_some) = shares(AccessLosses { ssb: 0.3, prach: 0.5, pdcch: 0.2 });
        near(all, [1.0, 0.0, 0.0]);
        near(none, [0.0, 1.0, 0.0]);
        near(deaf, [0.0, 0.0, 1.0]);
        near(some, [0.28, 0.3, 0.42]);
        assert_eq!((next, next), (after_none, after_some), "as many draws whatever happens");
    }

    #[test]
    fn barred_cells_come_back_when_their_time_is_over() {
        let (at, cell) = (SimTime::from_secs, CellId(3));
        let mut barred = Barred::default();
        barred.bar(at(0.0), cell, at(5.0));
        barred.bar(at(1.0), cell, at(2.0));
        assert!(!barred.allows(at(4.9), cell) && barred.allows(at(4.9), CellId(4)));
        assert!(barred.allows(at(5.0), cell));
        barred.bar(at(6.0), CellId(4), at(7.0));
        assert_eq!(barred.list.len(), 1, "what is over is forgotten");
    }

    fn next(tries: &mut Tries, heard: &[(u32, f64)], least_dbm: f64) -> Option<Vec<u32>> {
        let heard = heard.iter().map(|&(cell, rsrp_dbm)| Candidate { cell: CellId(cell), rsrp_dbm });
        Some(tries.next(heard, least_dbm)?.cells.iter().map(|cell| cell.0).collect())
    }

    #[test]
    fn the_strongest_cells_are_tried_first() {
        let heard = [(0, -121.0), (1, -118.0), (2, -117.0), (3, -118.0)];
        let mut tries = Tries::default();
        // Few are tried each time, all of them.
        for _ in 0..2 {
            assert_eq!(next(&mut tries, &heard, -120.0), Some(vec![2, 1, 3]));
        }
        assert_eq!(next(&mut tries, &heard, -117.0), Some(vec![2]));
        assert_eq!(next(&mut tries, &heard, -100.0), None);
    }

    #[test]
    fn those_that_refuse_come_again_after_all_others() {
        let heard: Vec<(u32, f64)> = (0..20).map(|cell| (cell, -90.0 - f64::from(cell))).collect();
        let mut tries = Tries::default();
        for expected in [0..8, 8..16, 16..20, 0..8, 8..16] {
            assert_eq!(next(&mut tries, &heard, -120.0), Some(expected.collect()));
        }
        tries.clear();
        assert_eq!(next(&mut tries, &heard, -120.0), Some((0..8).collect()));
        let all = heard.iter().map(|&(cell, rsrp_dbm)| Candidate { cell: CellId(cell), rsrp_dbm });
        let trying = tries.next(all, -120.0).expect("there are some");
        assert_eq!((trying.strongest, trying.cells[0]), (CellId(0), CellId(8)));
    }
}
