//! Random waypoint mobility.

use super::{Area, MobilityError, MobilityModel, Mover, check};
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::geometry::Leg;
use rand::RngExt;

/// Random waypoint (Johnson & Maltz 1996): a device goes straight to a place drawn uniformly from the
/// area, at a speed drawn uniformly for the trip, pauses there, and goes on.
///
/// **Not stationary at the start.** Devices start a trip at time zero, in uniformly drawn places. Later
/// they are denser in the middle of the area, some of them pause, and they are slower on average, because
/// slow trips take longer: without pauses the mean speed over time falls from (min + max) / 2 to
/// (max - min) / ln(max / min) (Yoon, Liu & Noble 2003, "Random waypoint considered harmful"). With a
/// least speed of zero it would fall to zero, which is why the least speed must be positive. Measure
/// after a warm-up of several mean trip times, or compare runs of the same length only.
#[derive(Clone, Debug)]
pub struct RandomWaypoint {
    area: Area,
    min_speed_m_per_s: f64,
    max_speed_m_per_s: f64,
    pause_s: Distribution,
}

impl RandomWaypoint {
    /// Trips within `area` at speeds in metres a second, each followed by a pause in seconds. A pause of
    /// zero is no leg.
    ///
    /// # Errors
    /// If the area is a single point, the least speed is not positive, or a speed is not finite or the
    /// greatest below the least.
    pub fn new(
        area: Area,
        min_speed_m_per_s: f64,
        max_speed_m_per_s: f64,
        pause_s: Distribution,
    ) -> Result<Self, MobilityError> {
        const MODEL: &str = "random_waypoint";
        let diagonal_m = area.low().distance_m(area.high());
        let extended = diagonal_m > 0.0 && diagonal_m.is_finite();
        check(extended, MODEL, "diagonal of area", diagonal_m, "above 0 and finite")?;
        let (min, max) = (min_speed_m_per_s, max_speed_m_per_s);
        let allowed = "above 0 and finite (the mean speed decays to 0 otherwise)";
        check(min > 0.0 && min.is_finite(), MODEL, "min_speed_m_per_s", min, allowed)?;
        let allowed = "at least min_speed_m_per_s and finite";
        check(max >= min && max.is_finite(), MODEL, "max_speed_m_per_s", max, allowed)?;
        Ok(RandomWaypoint { area, min_speed_m_per_s, max_speed_m_per_s, pause_s })
    }

    /// A trip from where `from` ends.
    fn trip(&self, from: &Leg, mover: &mut Mover<'_>) -> Leg {
        let to = self.area.sample(mover.random);
        let (min, max) = (self.min_speed_m_per_s, self.max_speed_m_per_s);
        let speed_m_per_s = min + (max - min) * mover.random.random::<f64>();
        // At least a nanosecond, so that time goes on even if the place was drawn twice.
        let ride = SimDuration::from_secs_ceil(from.to.distance_m(to) / speed_m_per_s)
            .max(SimDuration::from_nanos(1));
        Leg::straight(from.to, to, from.arrive, from.arrive + ride)
    }
}

impl MobilityModel for RandomWaypoint {
    fn start(&mut self, mover: &mut Mover<'_>) -> Leg {
        let place = self.area.sample(mover.random);
        self.trip(&Leg::stay(place, SimTime::ZERO, mover.now), mover)
    }

    fn next_leg(&mut self, previous: &Leg, mover: &mut Mover<'_>) -> Leg {
        if previous.from != previous.to {
            let pause = SimDuration::from_secs(self.pause_s.sample(mover.random));
            if pause > SimDuration::ZERO {
                return Leg::stay(previous.to, previous.arrive, previous.arrive + pause);
            }
        }
        self.trip(previous, mover)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::legs;
    use super::*;
    use crate::engine::Summary;
    use crate::infra::geometry::Position;
    use proptest::prelude::*;

    fn model(side_m: f64, min: f64, max: f64, pause_s: f64) -> RandomWaypoint {
        let area = Area::rectangle(side_m, side_m).expect("a good area");
        let pause = Distribution::constant(pause_s).expect("a good pause");
        RandomWaypoint::new(area, min, max, pause).expect("good parameters")
    }

    proptest! {
        #[test]
        fn trips_are_continuous_within_the_area_and_the_speeds(
            seed in any::<u64>(), low in -1e3..1e3f64, side in 1.0..1e4f64, min in 0.1..5.0f64, more in 0.0..30.0f64,
            pause_s in prop_oneof![Just(0.0), 0.1..100.0f64],
        ) {
            let high = Position { x_m: low + side, y_m: low + side, z_m: 100.0 };
            let area = Area::new(Position::ground(low, low), high).expect("a good area");
            let pause = Distribution::constant(pause_s).expect("a good pause");
            let mut model = RandomWaypoint::new(area, min, min + more, pause).expect("good parameters");
            let legs = legs(&mut model, seed, 3, 50);
            prop_assert_eq!(legs.len(), 50);
            for pair in legs.windows(2) {
                prop_assert_eq!((pair[0].to, pair[0].arrive), (pair[1].from, pair[1].depart));
                prop_assert!(pair[0].arrive > pair[0].depart);
                // A pause follows each trip, and only trips.
                prop_assert!((pair[0].from == pair[0].to) != (pair[1].from == pair[1].to) || pause_s == 0.0);
            }
            for leg in &legs {
                prop_assert!(area.contains(leg.from) && area.contains(leg.to));
                let speed = leg.speed_m_per_s();
                if leg.from == leg.to {
                    prop_assert_eq!(leg.arrive - leg.depart, SimDuration::from_secs(pause_s));
                } else {
                    // Trips are rounded up to whole nanoseconds, so they are never too fast.
                    let slack = 1.0 - 2e-9 / (leg.arrive - leg.depart).as_secs();
                    prop_assert!(speed <= (min + more) * (1.0 + 1e-12) && speed >= min * slack - 1e-12, "{}", speed);
                }
            }
            prop_assert_eq!(&legs, &super::super::harness::legs(&mut model, seed, 3, 50));
            prop_assert_ne!(&legs, &super::super::harness::legs(&mut model, seed, 4, 50));
        }
    }

    /// Mean distance of two places in a unit square (0.521 405), mean speed over the trips, and the
    /// slower mean speed over time of Yoon, Liu & Noble.
    #[test]
    fn the_mean_speed_decays_to_the_published_value() {
        let trips = legs(&mut model(1000.0, 1.0, 20.0, 0.0), 1, 0, 100_000);
        let lengths: Summary = trips.iter().map(|leg| leg.from.distance_m(leg.to)).collect();
        assert!((lengths.mean() / 1000.0 - 0.521_405).abs() < 0.003, "{}", lengths.mean());
        let speeds: Summary = trips.iter().map(Leg::speed_m_per_s).collect();
        assert!((speeds.mean() - 10.5).abs() < 0.1, "{}", speeds.mean());
        let total_m = trips.iter().map(|leg| leg.from.distance_m(leg.to)).sum::<f64>();
        let over_time = total_m / trips.last().expect("many trips").arrive.as_secs();
        let expected = 19.0 / 20f64.ln();
        assert!((over_time / expected - 1.0).abs() < 0.02, "{over_time} against {expected}");
    }

    #[test]
    fn bad_parameters_are_named() {
        let area = Area::rectangle(10.0, 10.0).expect("a good area");
        let pause = Distribution::constant(0.0).expect("a good pause");
        let error = RandomWaypoint::new(area, 0.0, 1.0, pause.clone()).expect_err("a speed of zero");
        assert!(
            error.to_string().starts_with("random_waypoint: min_speed_m_per_s is 0, but"),
            "{error}"
        );
        assert!(RandomWaypoint::new(area, 2.0, 1.0, pause.clone()).is_err());
        assert!(RandomWaypoint::new(area, 1.0, f64::INFINITY, pause.clone()).is_err());
        let point = Area::rectangle(0.0, 0.0).expect("a good area");
        assert!(RandomWaypoint::new(point, 1.0, 2.0, pause).is_err());
    }
}
