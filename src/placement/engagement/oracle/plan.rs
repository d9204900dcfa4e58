//! What it is worth to be without a drone, by period and by which drone is not ready until when.

use crate::apps::missions::{DroneFacts, EngagementRequest, Foresight};

/// A period that never comes.
const NEVER: usize = usize::MAX;

/// What spans of periods are worth.
#[derive(Debug)]
pub(super) struct Worth<'a> {
    pub(super) request: &'a EngagementRequest<'a>,
    pub(super) ahead: &'a Foresight,
}

impl Worth<'_> {
    /// The periods that a time takes up.
    pub(super) fn periods_of(&self, time_s: f64) -> usize {
        let periods = (time_s / self.ahead.period_s).ceil();
        if periods < 1e9 { periods.max(0.0) as usize } else { NEVER }
    }

    /// The period from which on a drone that is let go in another one can be engaged again.
    pub(super) fn ready_after(&self, drone: usize, end: usize) -> usize {
        let down_s = self.ahead.back(drone, end).time_s + self.request.service_s;
        end.saturating_add(self.periods_of(down_s))
    }

    /// The periods in which a drone may be let go that is on station from the period `from` on and has used `used_j` until
    /// then, and what that is worth without what follows. The first one is `from` itself.
    pub(super) fn stays(
        &self,
        (number, facts): (usize, &DroneFacts),
        from: usize,
        used_j: f64,
        usable_j: f64,
    ) -> Vec<(usize, f64)> {
        let periods = self.ahead.periods();
        let per_period_j = facts.station_w * self.ahead.period_s;
        let (mut gained_s, mut energy_j) = (0.0, used_j);
        let mut stays = Vec::new();
        for end in from..=periods {
            let total_j = energy_j + self.ahead.back(number, end).energy_j;
            if end > from && total_j > usable_j {
                break;
            }
            stays.push((end, self.request.objective.value(gained_s, total_j, 0.0)));
            gained_s += self.ahead.gain_s.get(end).copied().unwrap_or(0.0);
            energy_j += per_period_j;
        }
        stays
    }

    /// The periods in which a drone may be let go that is sent out in the period `from`, and what that is worth without
    /// what follows.
    pub(super) fn sorties(
        &self,
        drone: (usize, &DroneFacts),
        from: usize,
        usable_j: f64,
    ) -> Vec<(usize, f64)> {
        let out = self.ahead.out(drone.0, from);
        let arrival = from.saturating_add(self.periods_of(out.time_s));
        if arrival >= self.ahead.periods() {
            return Vec::new();
        }
        let overhead = self.request.objective.per_overhead_second * out.time_s;
        let mut sorties = self.stays(drone, arrival, out.energy_j, usable_j);
        sorties.remove(0);
        sorties.iter_mut().for_each(|own| own.1 -= overhead);
        sorties
    }
}

/// The greatest value from a period on in which no drone is engaged, if all are ready but one, which is so later. With one or
/// two drones there is no other case, as only one is engaged at a time; of more, those that are ready before the last one
/// count as ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    drones: usize,
    periods: usize,
    /// Most periods until a drone is ready that are told apart; all beyond are as good as never.
    most: usize,
    /// By period, drone and periods until this is ready.
    values: Vec<f64>,
}

impl Plan {
    /// The plan for drones with the batteries that they have now.
    pub(super) fn new(worth: &Worth<'_>) -> Self {
        let (drones, periods) = (worth.request.drones.len(), worth.ahead.periods());
        let downs = (0..drones).flat_map(|drone| {
            (0..=periods).map(move |end| worth.ready_after(drone, end).saturating_sub(end))
        });
        let most = downs.filter(|&down| down <= periods).max().unwrap_or(0);
        let values = vec![0.0; (periods + 1) * drones * (most + 2)];
        let mut plan = Plan { drones, periods, most, values };
        for period in (0..periods).rev() {
            plan.fill(worth, period);
        }
        plan
    }

    fn place(&self, period: usize, drone: usize, wait: usize) -> usize {
        (period * self.drones + drone) * (self.most + 2) + wait.min(self.most + 1)
    }

    /// The values of a period from those of later ones.
    fn fill(&mut self, worth: &Worth<'_>, period: usize) {
        let sorties: Vec<Vec<(usize, f64, usize)>> = (0..self.drones)
            .map(|drone| {
                let facts = &worth.request.drones[drone];
                let ends = worth.sorties((drone, facts), period, facts.usable_j);
                ends.into_iter()
                    .map(|(end, value)| (end, value, worth.ready_after(drone, end)))
                    .collect()
            })
            .collect();
        for late in 0..self.drones {
            for wait in 0..self.most + 2 {
                let at = if wait > self.most { NEVER } else { period + wait };
                let mut best = self.following(period + 1, [(late, at), (late, at)]);
                for (drone, ends) in sorties.iter().enumerate() {
                    if drone == late && wait > 0 {
                        continue;
                    }
                    for &(end, value, back) in ends {
                        let others = if drone == late { (drone, back) } else { (late, at) };
                        best = best.max(value + self.following(end, [(drone, back), others]));
                    }
                }
                let place = self.place(period, late, wait);
                self.values[place] = best;
            }
        }
    }

    /// The value from a period on, if all drones are ready but at most two, given with their periods.
    fn following(&self, from: usize, [one, other]: [(usize, usize); 2]) -> f64 {
        let (first, last) = if one.1 <= other.1 { (one, other) } else { (other, one) };
        let are_two = first.0 != last.0 && first.1 > from;
        // When all others are not ready either, nothing can be done before the first one is.
        let is_nobody = last.1 > from && (self.drones == 1 || (self.drones == 2 && are_two));
        let first_at = if self.drones == 1 { last.1 } else { first.1 };
        let start = if is_nobody { first_at } else { from };
        if start >= self.periods {
            return 0.0;
        }
        let wait = if last.1 == NEVER { self.most + 1 } else { last.1.saturating_sub(start) };
        self.values[self.place(start, last.0, wait)]
    }

    /// The value from a period on, of drones that are ready in these periods.
    pub(super) fn after(&self, from: usize, ready: &[usize]) -> f64 {
        let late = |skip: usize| {
            let others = ready.iter().copied().enumerate().filter(move |own| own.0 != skip);
            others.max_by_key(|own| own.1)
        };
        let Some(last) = late(NEVER) else { return 0.0 };
        let start = ready.iter().fold(NEVER, |least, &own| least.min(own)).max(from);
        if start >= self.periods {
            return 0.0;
        }
        self.following(start, [last, late(last.0).unwrap_or(last)])
    }
}
