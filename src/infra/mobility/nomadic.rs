//! Nomadic mobility: from place to place by jumps.

use super::{MobilityError, MobilityModel, Mover, check, check_place};
use crate::engine::{Distribution, EntityStream, SimDuration, SimTime};
use crate::infra::geometry::{Leg, Position};
use rand::RngExt;

/// A place where nomadic devices stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NomadicPlace {
    /// Its centre.
    pub position: Position,
    /// Its attractiveness type: the index of its mean dwell time.
    pub attractiveness: usize,
}

/// Nomadic mobility, as in EdgeCloudSim (Sonmez, Ozgovde & Ersoy 2018): a device starts at a place drawn
/// uniformly, dwells there for an exponential time whose mean depends on the place's attractiveness type,
/// then jumps without delay to one of the other places, all with the same probability.
///
/// The next place does not depend on attractiveness, so in the long run a device spends at each place a
/// share of its time in proportion to the place's mean dwell time. The index of the present place is the
/// mover's memory.
#[derive(Clone, Debug)]
pub struct Nomadic {
    places: Vec<NomadicPlace>,
    dwell_s: Vec<Distribution>,
    jitter_m: f64,
}

impl Nomadic {
    /// Nomads among `places`, whose types index `mean_dwell_s` (seconds). On each visit a device stays
    /// within `jitter_m` metres of the place's centre, uniformly in that horizontal disc; zero puts all
    /// at the centre. With a single place, devices stay there.
    ///
    /// # Errors
    /// If there are no places, a coordinate is not finite, a type has no mean dwell time, or a dwell time
    /// or the jitter is out of range.
    pub fn new(
        places: Vec<NomadicPlace>,
        mean_dwell_s: &[f64],
        jitter_m: f64,
    ) -> Result<Self, MobilityError> {
        const MODEL: &str = "nomadic";
        check(!places.is_empty(), MODEL, "number of places", 0.0, "at least 1")?;
        for (index, place) in places.iter().enumerate() {
            check_place(MODEL, &format!("places[{index}].position"), place.position)?;
            let known = place.attractiveness < mean_dwell_s.len();
            let name = format!("places[{index}].attractiveness");
            check(known, MODEL, name, place.attractiveness as f64, "an index into mean_dwell_s")?;
        }
        check(jitter_m >= 0.0 && jitter_m.is_finite(), MODEL, "jitter_m", jitter_m, "at least 0")?;
        let dwell_s = mean_dwell_s.iter().enumerate().map(|(index, &mean)| {
            Distribution::exponential(mean).map_err(|error| MobilityError {
                model: MODEL,
                parameter: format!("mean_dwell_s[{index}]"),
                value: mean,
                allowed: error.allowed,
            })
        });
        Ok(Nomadic { dwell_s: dwell_s.collect::<Result<_, _>>()?, places, jitter_m })
    }

    /// A visit to the place `index` from now on.
    fn visit(&self, index: usize, mover: &mut Mover<'_>) -> Leg {
        *mover.memory = index as u64;
        let place = self.places[index];
        let position = self.scatter(place.position, mover.random);
        if self.places.len() == 1 {
            return Leg::stay(position, mover.now, SimTime::MAX);
        }
        // At least a nanosecond, so that time goes on.
        let dwell = SimDuration::from_secs_ceil(self.dwell_s[place.attractiveness].sample(mover.random))
            .max(SimDuration::from_nanos(1));
        Leg::stay(position, mover.now, mover.now + dwell)
    }

    fn scatter(&self, centre: Position, random: &mut EntityStream) -> Position {
        if self.jitter_m == 0.0 {
            return centre;
        }
        let radius_m = self.jitter_m * random.random::<f64>().sqrt();
        let (sin, cos) = (std::f64::consts::TAU * random.random::<f64>()).sin_cos();
        Position { x_m: centre.x_m + radius_m * cos, y_m: centre.y_m + radius_m * sin, ..centre }
    }
}

impl MobilityModel for Nomadic {
    fn start(&mut self, mover: &mut Mover<'_>) -> Leg {
        let index = mover.random.random_range(0..self.places.len());
        self.visit(index, mover)
    }

    fn next_leg(&mut self, previous: &Leg, mover: &mut Mover<'_>) -> Leg {
        let others = self.places.len() - 1;
        if others == 0 {
            return Leg::stay(previous.to, mover.now, SimTime::MAX);
        }
        // One of the others: numbers from the present place on are moved up by one.
        let present = *mover.memory as usize;
        let drawn = mover.random.random_range(0..others);
        self.visit(if drawn >= present { drawn + 1 } else { drawn }, mover)
    }
}

#[cfg(test)]
mod tests {
    use super::super::harness::legs;
    use super::*;
    use crate::engine::Summary;

    /// Four places on a line, 100 m apart, of types 0, 1, 1, 2.
    fn places() -> Vec<NomadicPlace> {
        let types = [0, 1, 1, 2].into_iter().zip([0.0, 100.0, 200.0, 300.0]);
        types
            .map(|(attractiveness, x_m)| NomadicPlace {
                position: Position::ground(x_m, 0.0),
                attractiveness,
            })
            .collect()
    }

    #[test]
    fn dwell_times_and_next_places_have_the_documented_distributions() {
        let means = [480.0, 300.0, 120.0];
        let mut model = Nomadic::new(places(), &means, 0.0).expect("good parameters");
        let visits = legs(&mut model, 5, 0, 120_000);
        let index = |leg: &Leg| (leg.from.x_m / 100.0) as usize;
        let mut dwell = [Summary::default(), Summary::default(), Summary::default()];
        let mut jumps = [[0u32; 4]; 4];
        for pair in visits.windows(2) {
            assert_eq!(pair[0].arrive, pair[1].depart);
            assert_eq!(pair[0].from, pair[0].to);
            dwell[places()[index(&pair[0])].attractiveness]
                .add((pair[0].arrive - pair[0].depart).as_secs());
            jumps[index(&pair[0])][index(&pair[1])] += 1;
        }
        for (mean, dwell) in means.into_iter().zip(&dwell) {
            // The deviation of an exponential is its mean; four standard errors.
            let error = mean / (dwell.count() as f64).sqrt();
            assert!((dwell.mean() - mean).abs() < 4.0 * error, "{} against {mean}", dwell.mean());
        }
        for (from, row) in jumps.iter().enumerate() {
            let total = f64::from(row.iter().sum::<u32>());
            for (to, &count) in row.iter().enumerate() {
                if from == to {
                    assert_eq!(count, 0);
                } else {
                    let error = (total * (1.0 / 3.0) * (2.0 / 3.0)).sqrt();
                    assert!((f64::from(count) - total / 3.0).abs() < 4.0 * error, "{jumps:?}");
                }
            }
        }
        assert_eq!(visits, legs(&mut model, 5, 0, 120_000));
        assert_ne!(visits[..9], legs(&mut model, 6, 0, 9));
    }

    #[test]
    fn jitter_stays_in_its_disc_and_fills_it() {
        let mut model = Nomadic::new(places(), &[1.0, 1.0, 1.0], 10.0).expect("good parameters");
        let squares: Summary = legs(&mut model, 1, 0, 20_000)
            .iter()
            .map(|leg| {
                let centre = Position::ground((leg.from.x_m / 100.0).round() * 100.0, 0.0);
                leg.from.squared_distance_m2(centre)
            })
            .collect();
        assert!(squares.max() <= 100.0 + 1e-9);
        // The squared radius is uniform on 0..100, with a deviation of 28.9.
        assert!((squares.mean() - 50.0).abs() < 4.0 * 28.9 / 20_000f64.sqrt(), "{}", squares.mean());
    }

    #[test]
    fn a_single_place_is_for_ever_and_bad_parameters_are_named() {
        let one = vec![NomadicPlace { position: Position::default(), attractiveness: 0 }];
        let mut model = Nomadic::new(one.clone(), &[60.0], 0.0).expect("good parameters");
        assert_eq!(legs(&mut model, 1, 0, 9).len(), 1);
        let message = |means, jitter_m| {
            Nomadic::new(one.clone(), means, jitter_m).expect_err("a bad parameter").to_string()
        };
        assert_eq!(
            message(&[], 0.0),
            "nomadic: places[0].attractiveness is 0, but must be an index into mean_dwell_s"
        );
        assert_eq!(message(&[-1.0], 0.0), "nomadic: mean_dwell_s[0] is -1, but must be above 0");
        assert_eq!(message(&[1.0], f64::NAN), "nomadic: jitter_m is NaN, but must be at least 0");
        assert!(Nomadic::new(Vec::new(), &[1.0], 0.0).is_err());
    }
}
