//! Whether a place is where the plane of a scenario is good.

use crate::infra::{LonLat, great_circle_m};

/// Up to this distance from the origin, in metres, lengths on the plane are those on the ground within 0.02 %.
const GOOD_M: f64 = 1e5;
/// Beyond this distance, in metres, a place is taken for a mistake.
const FARTHEST_M: f64 = 5e5;

/// How far a place is from the origin of the plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remoteness {
    /// Where the plane is good.
    Near,
    /// Beyond that: what is to be told.
    Far(String),
    /// Beyond what can be meant: what is wrong.
    TooFar(String),
}

/// How far `place`, which messages call `what`, is from `origin`.
pub(crate) fn remoteness(what: &str, place: LonLat, origin: LonLat) -> Remoteness {
    let distance_m = great_circle_m(origin, place);
    let shown = |place: LonLat| {
        format!("longitude {:.4}, latitude {:.4}", place.longitude_deg, place.latitude_deg)
    };
    let apart = format!(
        "{what} at {} is {:.0} km from the origin at {}",
        shown(place),
        distance_m / 1e3,
        shown(origin)
    );
    if distance_m > FARTHEST_M {
        let swapped = LonLat::new(place.latitude_deg, place.longitude_deg);
        let is_swapped = swapped.is_some_and(|other| great_circle_m(origin, other) <= FARTHEST_M);
        let hint =
            if is_swapped { "; longitude and latitude of one of them seem to be swapped" } else { "" };
        Remoteness::TooFar(format!("{apart}, but must be within {:.0} km{hint}", FARTHEST_M / 1e3))
    } else if distance_m > GOOD_M {
        Remoteness::Far(format!(
            "{apart}: beyond {:.0} km lengths on the plane are up to 0.3 % short",
            GOOD_M / 1e3
        ))
    } else {
        Remoteness::Near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A degree of latitude is 111.2 km.
    #[test]
    fn far_is_told_and_too_far_is_refused() {
        let at = |longitude_deg, latitude_deg| LonLat { longitude_deg, latitude_deg };
        let from = |place| remoteness("it", place, at(11.3, 44.5));
        assert_eq!(from(at(11.3, 45.3)), Remoteness::Near);
        assert!(
            matches!(from(at(11.3, 45.5)), Remoteness::Far(text) if text.contains("is 111 km from"))
        );
        assert!(
            matches!(from(at(11.3, 50.0)), Remoteness::TooFar(text) if text.ends_with("within 500 km"))
        );
        assert!(
            matches!(from(at(44.5, 11.3)), Remoteness::TooFar(text) if text.ends_with("to be swapped"))
        );
    }
}
