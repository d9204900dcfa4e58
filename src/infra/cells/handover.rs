//! When a device leaves its cell for another one.
//!
//! The event A3 of TS 38.331, 5.5.4.4, on filtered RSRP: a neighbour comes into it with Mn - Hys > Mp + Off and leaves it with
//! Mn + Hys < Mp + Off. Where the first holds at all measurements of the time to trigger the neighbour has triggered, and
//! stays so until it leaves. Of those that have triggered the strongest is taken. Measurements come once a period P, so
//! that a trigger needs ceil(TTT / P) periods after the first one that fulfils the condition; none with a time of 0.

use super::super::ids::CellId;
use super::spec::{HandoverKind, HandoverSpec};
use crate::engine::{SimDuration, SimTime};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// A cell that a device receives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::infra) struct Candidate {
    /// The cell.
    pub(in crate::infra) cell: CellId,
    /// RSRP in dBm after the filter.
    pub(in crate::infra) rsrp_dbm: f64,
}

/// What a device is to do about its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It stays.
    Stay,
    /// It goes to another cell.
    HandOver(CellId),
    /// It has no cell any more: neither its own nor another one is strong enough.
    Leave,
}

/// A neighbour that is better than the own cell.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Better {
    cell: CellId,
    /// The first measurement of those without a gap that fulfil the condition.
    since: SimTime,
    has_triggered: bool,
}

/// The neighbours of a device that are better than its cell, and since when.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HandoverMachine {
    better: SmallVec<[Better; 2]>,
}

impl HandoverMachine {
    /// Forgets all, as the device has another cell or none.
    pub(super) fn clear(&mut self) {
        self.better.clear();
    }

    /// Takes the measurements of a period: the filtered RSRP of the own cell in dBm, `None` if it is not heard any more, and
    /// those of all other cells that the device may go to. Those below `least_dbm` give no service.
    pub(super) fn measured(
        &mut self,
        now: SimTime,
        spec: &HandoverSpec,
        least_dbm: f64,
        serving_dbm: Option<f64>,
        others: impl Iterator<Item = Candidate> + Clone,
    ) -> Decision {
        let able = others.filter(|other| other.rsrp_dbm >= least_dbm);
        let Some(serving_dbm) = serving_dbm.filter(|&dbm| dbm >= least_dbm) else {
            self.clear();
            return strongest(able).map_or(Decision::Leave, Decision::HandOver);
        };
        let (offset_db, hysteresis_db, time_to_trigger) = match spec.kind {
            HandoverKind::A3 { offset_db, hysteresis_db, time_to_trigger } => {
                (offset_db, hysteresis_db, time_to_trigger)
            }
            HandoverKind::Strongest => (0.0, 0.0, SimDuration::ZERO),
            HandoverKind::Sticky => return Decision::Stay,
        };
        let before = std::mem::take(&mut self.better);
        for Candidate { cell, rsrp_dbm } in able.clone() {
            let known = before.iter().find(|better| better.cell == cell).copied();
            let enters = rsrp_dbm - hysteresis_db > serving_dbm + offset_db;
            let leaves = rsrp_dbm + hysteresis_db < serving_dbm + offset_db;
            let stays = known.is_some_and(|better| better.has_triggered) && !leaves;
            if enters || stays {
                let since = known.map_or(now, |better| better.since);
                let has_triggered = stays || now.since(since) >= time_to_trigger;
                self.better.push(Better { cell, since, has_triggered });
            }
        }
        if self.better.is_empty() {
            return Decision::Stay;
        }
        let triggered = able.filter(|other| {
            self.better.iter().any(|better| better.cell == other.cell && better.has_triggered)
        });
        strongest(triggered).map_or(Decision::Stay, Decision::HandOver)
    }
}

/// The order of cells by power, that with the lower number first among equals.
pub(super) fn stronger_first(one: &Candidate, other: &Candidate) -> Ordering {
    other.rsrp_dbm.total_cmp(&one.rsrp_dbm).then(one.cell.cmp(&other.cell))
}

fn strongest(cells: impl Iterator<Item = Candidate>) -> Option<CellId> {
    cells.min_by(stronger_first).map(|best| best.cell)
}

/// How long a device stays in its cells, and whether it comes back to the one it has just left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stay {
    since: SimTime,
    /// The cell before this one, if the device came from there without a break.
    previous: Option<CellId>,
}

/// A stay that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndedStay {
    /// How long it was.
    pub(super) stayed: SimDuration,
    /// Whether the device goes back to the cell that it came from, no later than the given time after it came.
    pub(super) is_ping_pong: bool,
}

impl Stay {
    /// How long it has lasted.
    pub(super) fn length(&self, now: SimTime) -> SimDuration {
        now.since(self.since)
    }

    /// The device goes from one cell to another; `None` is without a cell.
    pub(super) fn change(
        &mut self,
        now: SimTime,
        from: Option<CellId>,
        to: Option<CellId>,
        ping_pong: SimDuration,
    ) -> EndedStay {
        let stayed = now.since(self.since);
        let is_ping_pong = from.is_some() && to.is_some() && to == self.previous && stayed <= ping_pong;
        *self = Stay { since: now, previous: from.filter(|_| to.is_some()) };
        EndedStay { stayed, is_ping_pong }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEAST_DBM: f64 = -120.0;
    const A3: HandoverKind = a3(3.0, 1.0, 160);

    const fn a3(offset_db: f64, hysteresis_db: f64, milliseconds: u64) -> HandoverKind {
        let time_to_trigger = SimDuration::from_nanos(milliseconds * 1_000_000);
        HandoverKind::A3 { offset_db, hysteresis_db, time_to_trigger }
    }

    fn spec(kind: HandoverKind) -> HandoverSpec {
        HandoverSpec { kind, ..HandoverSpec::default() }
    }

    fn heard(number: u32, rsrp_dbm: f64) -> Candidate {
        Candidate { cell: cell(number), rsrp_dbm }
    }

    fn cell(number: u32) -> CellId {
        CellId(number)
    }

    /// Feeds one neighbour beside a serving cell at -90 dBm each 40 ms, and gives the measurement that triggers.
    fn triggers(kind: HandoverKind, neighbour_dbm: &[f64]) -> Option<usize> {
        let mut machine = HandoverMachine::default();
        neighbour_dbm.iter().enumerate().position(|(number, &dbm)| {
            let now = SimTime::from_nanos(number as u64 * 40_000_000);
            let others = [heard(1, dbm)].into_iter();
            machine.measured(now, &spec(kind), LEAST_DBM, Some(-90.0), others) != Decision::Stay
        })
    }

    /// 160 ms are four periods of 40 ms: measurements 0 to 4 must fulfil Mn - 1 > -90 + 3.
    #[test]
    fn a_neighbour_must_be_better_for_the_time_to_trigger() {
        assert_eq!(triggers(A3, &[-85.0; 9]), Some(4));
        assert_eq!(triggers(A3, &[-86.0; 9]), None, "the condition is strict");
        // Better for 120 ms, one period short of the time; and once more after a gap.
        let short = [-85.0, -85.0, -85.0, -85.0, -87.0];
        assert_eq!(triggers(A3, &short), None);
        let again: Vec<f64> = short.into_iter().chain([-85.0; 5]).collect();
        assert_eq!(triggers(A3, &again), Some(9));
        // 161 ms are more than four periods.
        assert_eq!(triggers(a3(3.0, 1.0, 161), &[-85.0; 9]), Some(5));
        assert_eq!(triggers(HandoverKind::Strongest, &[-90.0, -89.9]), Some(1));
        assert_eq!(triggers(HandoverKind::Sticky, &[-40.0; 9]), None);
    }

    /// A neighbour that has triggered, but to which the device could not go, stays in until it is worse by twice the
    /// hysteresis.
    #[test]
    fn a_trigger_holds_until_the_neighbour_leaves() {
        let mut machine = HandoverMachine::default();
        let mut at = |step: u64, dbm: f64| {
            let now = SimTime::from_nanos(step * 40_000_000);
            machine.measured(now, &spec(A3), LEAST_DBM, Some(-90.0), [heard(1, dbm)].into_iter())
        };
        for step in 0..4 {
            assert_eq!(at(step, -85.0), Decision::Stay);
        }
        assert_eq!(at(4, -85.0), Decision::HandOver(cell(1)));
        assert_eq!(at(5, -88.0), Decision::HandOver(cell(1)), "-88 + 1 is not below -87");
        assert_eq!(at(6, -88.1), Decision::Stay);
        assert_eq!(at(7, -85.0), Decision::Stay, "its time starts again");
    }

    #[test]
    fn a_cell_below_the_least_power_is_left() {
        let mut machine = HandoverMachine::default();
        let mut of = |kind, serving, others: &[Candidate]| {
            machine.measured(SimTime::ZERO, &spec(kind), LEAST_DBM, serving, others.iter().copied())
        };
        let others = [heard(1, -119.0), heard(2, -118.0), heard(3, -118.0), heard(4, -121.0)];
        for kind in [A3, HandoverKind::Sticky] {
            assert_eq!(of(kind, Some(-120.0), &others), Decision::Stay);
            assert_eq!(of(kind, Some(-120.1), &others), Decision::HandOver(cell(2)));
            assert_eq!(of(kind, None, &others[3..]), Decision::Leave);
        }
    }

    /// By hand: 0 -> 1 -> 0 within a second is one, 0 -> 1 -> 2 and what comes later or after a break is none.
    #[test]
    fn a_quick_return_is_a_ping_pong() {
        let (zero, one, two) = (Some(cell(0)), Some(cell(1)), Some(cell(2)));
        let limit = SimDuration::from_secs(1.0);
        let changes = [
            (0.0, None, zero, false),
            (5.0, zero, one, false),
            (6.0, one, zero, true),
            (6.5, zero, one, true),
            (7.0, one, two, false),
            (8.5, two, one, false),
            (9.0, one, None, false),
            (9.1, None, two, false),
            (9.2, two, one, false),
        ];
        let mut stay = Stay::default();
        let mut last_s = 0.0;
        for (time_s, from, to, is_ping_pong) in changes {
            let ended = stay.change(SimTime::from_secs(time_s), from, to, limit);
            assert_eq!(ended.is_ping_pong, is_ping_pong, "at {time_s} s");
            assert!((ended.stayed.as_secs() - (time_s - last_s)).abs() < 2e-9);
            last_s = time_s;
        }
    }

    proptest! {
        /// A3 with nothing to overcome: the strongest cell serves after each measurement.
        #[test]
        fn without_offset_and_time_the_strongest_cell_serves(
            periods in prop::collection::vec(prop::collection::vec(-119.0..-60.0_f64, 5), 1..40),
        ) {
            let mut machine = HandoverMachine::default();
            let mut serving = 0;
            for (number, powers) in periods.iter().enumerate() {
                let others = (0..).zip(powers.iter()).map(|(number, &dbm)| heard(number, dbm));
                let others = others.filter(|other| other.cell.0 as usize != serving);
                let now = SimTime::from_secs(number as f64);
                let own = Some(powers[serving]);
                match machine.measured(now, &spec(a3(0.0, 0.0, 0)), LEAST_DBM, own, others) {
                    Decision::HandOver(to) => {
                        serving = to.0 as usize;
                        machine.clear();
                    }
                    decision => prop_assert_eq!(decision, Decision::Stay),
                }
                let most = powers.iter().copied().fold(f64::MIN, f64::max);
                prop_assert_eq!(powers[serving], most);
            }
        }

        /// More hysteresis, no more hand-overs on the same powers of two cells without a time to trigger.
        #[test]
        fn hysteresis_holds_devices_back(
            powers in prop::collection::vec((-100.0..-80.0_f64, -100.0..-80.0_f64), 1..60),
            hysteresis_db in 0.0..6.0_f64,
            more_db in 0.0..6.0_f64,
        ) {
            let count = |hysteresis_db| {
                let spec = spec(a3(0.0, hysteresis_db, 0));
                let mut machine = HandoverMachine::default();
                let (mut serving, mut count) = (0, 0);
                for (number, &(zero, one)) in powers.iter().enumerate() {
                    let powers = [zero, one];
                    let others = std::iter::once(heard(1 - serving as u32, powers[1 - serving]));
                    let now = SimTime::from_secs(number as f64);
                    let own = Some(powers[serving]);
                    if machine.measured(now, &spec, LEAST_DBM, own, others) != Decision::Stay {
                        serving = 1 - serving;
                        count += 1;
                        machine.clear();
                    }
                }
                count
            };
            prop_assert!(count(hysteresis_db + more_db) <= count(hysteresis_db));
        }
    }
}
