//! Vehicles on a ring road.

use super::{MobilityError, MobilityModel, Mover, check};
use crate::engine::SimDuration;
use crate::infra::geometry::{Leg, Position};
use rand::RngExt;

/// A part of a road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoadSegment {
    /// Its length in metres.
    pub length_m: f64,
    /// The speed of all vehicles on it in metres a second.
    pub speed_m_per_s: f64,
}

/// Vehicles that go round a road in one direction, each part at its speed, as in EdgeCloudSim's vehicular
/// scenario (Sonmez et al. 2021). They start at uniform places. The road lies along the x axis from the origin,
/// and its end is its beginning: a vehicle that comes to the end jumps there, which is no movement.
///
/// A round takes the sum of length over speed of all parts, and a vehicle spends on each its part of that. The
/// number of the present part is the mover's memory.
#[derive(Clone, Debug)]
pub struct RingRoad {
    segments: Vec<RoadSegment>,
    /// Where each part begins, and the end of the last one, in metres along the road.
    begins_m: Vec<f64>,
}

impl RingRoad {
    /// A road of these parts, in order.
    ///
    /// # Errors
    /// If there are none, or a length or speed is not above 0.
    pub fn new(segments: &[RoadSegment]) -> Result<Self, MobilityError> {
        const MODEL: &str = "ring_road";
        check(!segments.is_empty(), MODEL, "number of segments", 0.0, "at least 1")?;
        let mut begins_m = vec![0.0];
        let mut end_m = 0.0;
        for (index, segment) in segments.iter().enumerate() {
            let RoadSegment { length_m, speed_m_per_s } = *segment;
            let good = |value: f64| value > 0.0 && value.is_finite();
            let name = |field: &str| format!("segments[{index}].{field}");
            check(good(length_m), MODEL, name("length_m"), length_m, "above 0")?;
            check(good(speed_m_per_s), MODEL, name("speed_m_per_s"), speed_m_per_s, "above 0")?;
            end_m += length_m;
            begins_m.push(end_m);
        }
        Ok(RingRoad { segments: segments.to_vec(), begins_m })
    }

    /// The ride from `at_m` to the end of the part `index`, from now on.
    fn ride(&self, index: usize, at_m: f64, mover: &mut Mover<'_>) -> Leg {
        *mover.memory = index as u64;
        let end_m = self.begins_m[index + 1];
        let ride_s = (end_m - at_m) / self.segments[index].speed_m_per_s;
        // At least a nanosecond, so that time goes on.
        let ride = SimDuration::from_secs_ceil(ride_s).max(SimDuration::from_nanos(1));
        let (from, to) = (Position::ground(at_m, 0.0), Position::ground(end_m, 0.0));
        Leg::straight(from, to, mover.now, mover.now + ride)
    }
}

impl MobilityModel for RingRoad {
    fn start(&mut self, mover: &mut Mover<'_>) -> Leg {
        let end_m = self.begins_m[self.segments.len()];
        let at_m = mover.random.random::<f64>() * end_m;
        let index = self.begins_m[1..].partition_point(|&end_m| end_m <= at_m);
        self.ride(index.min(self.segments.len() - 1), at_m, mover)
    }

    fn next_leg(&mut self, _previous: &Leg, mover: &mut Mover<'_>) -> Leg {
        let index = (*mover.memory as usize + 1) % self.segments.len();
        self.ride(index, self.begins_m[index], mover)
    }
}

/// Where a vehicle is that entered the road at its beginning `time_s` seconds ago; for checks.
#[cfg(test)]
fn place_m(segments: &[RoadSegment], time_s: f64) -> f64 {
    let round_s: f64 = segments.iter().map(|own| own.length_m / own.speed_m_per_s).sum();
    let (mut left_s, mut at_m) = (time_s % round_s, 0.0);
    for own in segments {
        let whole_s = own.length_m / own.speed_m_per_s;
        if left_s < whole_s {
            return at_m + left_s * own.speed_m_per_s;
        }
        (left_s, at_m) = (left_s - whole_s, at_m + own.length_m);
    }
    at_m
}

#[cfg(test)]
mod tests {
    use super::super::harness::legs;
    use super::*;
    use crate::engine::{SimTime, Summary};

    fn road() -> Vec<RoadSegment> {
        let parts = [(2000.0, 60.0), (1600.0, 40.0), (800.0, 20.0), (3600.0, 40.0)];
        parts
            .map(|(length_m, km_per_h)| RoadSegment { length_m, speed_m_per_s: km_per_h / 3.6 })
            .to_vec()
    }

    #[test]
    fn positions_are_the_closed_form() {
        let mut model = RingRoad::new(&road()).expect("good parameters");
        let rides = legs(&mut model, 4, 0, 30);
        // When it was at the beginning of the road, had it come from there.
        let lead_s = (0..800_000)
            .map(|step| f64::from(step) * 1e-3)
            .min_by(|a, b| {
                let off = |time_s: f64| (place_m(&road(), time_s) - rides[0].from.x_m).abs();
                off(*a).total_cmp(&off(*b))
            })
            .unwrap_or(0.0);
        for ride in &rides {
            for share in [0.1, 0.5, 0.9] {
                let time_s = ride.depart.as_secs() * (1.0 - share) + ride.arrive.as_secs() * share;
                let expected = place_m(&road(), lead_s + time_s);
                let place = ride.position(SimTime::from_secs(time_s)).x_m;
                // The lead is known to half a millisecond, at 16.7 m/s at most.
                assert!((place - expected).abs() < 0.02, "{place} {expected}");
            }
        }
        for pair in rides.windows(2) {
            assert_eq!(pair[0].arrive, pair[1].depart);
            assert_eq!(pair[0].to.x_m % 8000.0, pair[1].from.x_m);
        }
    }

    #[test]
    fn starts_are_uniform_and_bad_parameters_named() {
        let mut model = RingRoad::new(&road()).expect("good parameters");
        let starts: Summary =
            (0..10_000).map(|index| legs(&mut model, 1, index, 1)[0].from.x_m).collect();
        // Uniform on 8 km: mean 4000 m, deviation 2309 m.
        assert!((starts.mean() - 4000.0).abs() < 4.0 * 23.09, "{}", starts.mean());
        assert!(starts.max() < 8000.0);
        let text = RingRoad::new(&[RoadSegment { length_m: 1.0, speed_m_per_s: 0.0 }]);
        assert_eq!(
            text.expect_err("bad").to_string(),
            "ring_road: segments[0].speed_m_per_s is 0, but must be above 0"
        );
        assert!(RingRoad::new(&[]).is_err());
    }
}
