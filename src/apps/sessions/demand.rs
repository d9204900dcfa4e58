//! How much users want where and when.

use crate::engine::{SimDuration, SimTime};
use crate::infra::Position;

/// How many times as many requests as usual there are in each hour of the run, from its start on, over and over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hours(Vec<f64>);

impl Hours {
    /// These factors, each at least 0, one an hour; 1 at all times if there are none.
    #[must_use]
    pub fn new(factors: Vec<f64>) -> Self {
        Hours(factors)
    }

    fn at(&self, now: SimTime, hour: SimDuration) -> f64 {
        let number = (now.as_nanos() / hour.as_nanos().max(1)) as usize;
        if self.0.is_empty() { 1.0 } else { self.0[number % self.0.len()] }
    }

    fn most(&self) -> f64 {
        if self.0.is_empty() { 1.0 } else { self.0.iter().copied().fold(0.0, f64::max) }
    }
}

/// A place with a demand of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct DemandPlace {
    /// Its centre.
    pub centre: Position,
    /// Metres from the centre within which it is.
    pub radius_m: f64,
    /// The demand there.
    pub hours: Hours,
}

/// How many times as many requests as usual users make, by where they are and by the hour.
///
/// Requests are thought of as coming at the greatest rate that there is anywhere and at any time, and each is made with the
/// probability of the demand here and now over the greatest (thinning; Lewis and Shedler, 1979). With exponential intervals
/// that is exactly a Poisson process whose rate follows the demand, wherever users move.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Outside all places.
    pub hours: Hours,
    /// Of those that hold a position the first counts.
    pub places: Vec<DemandPlace>,
    /// How long each factor holds: an hour, or less to see a day in a shorter run; above zero.
    pub hour: SimDuration,
}

impl Default for Demand {
    /// The same everywhere at all times.
    fn default() -> Self {
        let hour = SimDuration::from_secs(3600.0);
        Demand { hours: Hours::default(), places: Vec::new(), hour }
    }
}

impl Demand {
    /// Whether it is the same at all times everywhere.
    #[must_use]
    pub fn is_even(&self) -> bool {
        self.hours.0.is_empty() && self.places.is_empty()
    }

    /// The greatest factor.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.places.iter().map(|place| place.hours.most()).fold(self.hours.most(), f64::max)
    }

    /// The factor at a place now.
    #[must_use]
    pub fn at(&self, position: Position, now: SimTime) -> f64 {
        let is_in = |place: &&DemandPlace| {
            let (x_m, y_m) = (position.x_m - place.centre.x_m, position.y_m - place.centre.y_m);
            x_m * x_m + y_m * y_m <= place.radius_m * place.radius_m
        };
        let hours = self.places.iter().find(is_in).map_or(&self.hours, |place| &place.hours);
        hours.at(now, self.hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_that_holds_a_position_says_how_much_is_wanted_there() {
        let place = |x_m, radius_m, factors: &[f64]| DemandPlace {
            centre: Position::ground(x_m, 0.0),
            radius_m,
            hours: Hours::new(factors.to_vec()),
        };
        let hours = Hours::new(vec![1.0, 0.5]);
        let places = vec![place(0.0, 100.0, &[2.0, 3.0]), place(50.0, 100.0, &[7.0])];
        let demand = Demand { hours, places, hour: SimDuration::from_secs(60.0) };
        let at = |x_m, hour: f64| demand.at(Position::ground(x_m, 0.0), SimTime::from_secs(hour * 60.0));
        // In both, in the second, in none; the third hour is as the first.
        assert_eq!([at(90.0, 0.0), at(140.0, 0.0), at(160.0, 0.0)], [2.0, 7.0, 1.0]);
        assert_eq!([at(90.0, 1.5), at(140.0, 1.5), at(160.0, 1.5)], [3.0, 7.0, 0.5]);
        assert_eq!([at(90.0, 2.0), at(160.0, 2.0)], [2.0, 1.0]);
        assert_eq!((demand.most(), demand.is_even()), (7.0, false));
        assert_eq!((Demand::default().most(), Demand::default().is_even()), (1.0, true));
    }
}
