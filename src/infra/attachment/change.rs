//! The next change of a moving device's access point.

use super::path::{Path, Quadratic, Span};
use super::{AccessPointIndex, AccessPoints, Layer, Site, precedes};
use crate::engine::SimTime;
use crate::infra::geometry::Leg;

/// The access point that a device holds, while it moves.
struct Held {
    index: AccessPointIndex,
    weight: f64,
    approach: Quadratic,
    in_range: Span,
}

/// The earliest hand-over found so far.
struct Offer {
    time: SimTime,
    cost: f64,
    index: AccessPointIndex,
}

/// The metres along `path` on which a site's range holds the device.
fn in_range(path: &Path, site: &Site) -> Span {
    if site.squared_range_m2 == f64::INFINITY {
        return Span::ALL;
    }
    let [span, _] = path.approach(site.position).below(site.squared_range_m2);
    span
}

impl AccessPoints {
    /// The first instant after `now`, up to the end of `leg`, at which a device that follows the leg and is
    /// attached to `current` changes its access point, and to which; none if it does not.
    ///
    /// The instant is exact: the first nanosecond in which the device is past the root of the quadratic
    /// at which another access point becomes better by the hysteresis, the range of the present one is
    /// left, or one comes into range where there was none. If several changes fall into one nanosecond,
    /// the best access point at that instant is taken. Entering a range counts once the device is inside,
    /// which is a nanosecond after it touches the edge at the earliest.
    ///
    /// `current` is to be in force at `now`: the result of the previous change, or of
    /// [`attach`](Self::attach) after a jump. If it is not, a moving device changes in the next
    /// nanosecond. A stay has no changes.
    ///
    /// Costs about O(log n + k) with k the access points near the path up to the change, by the following
    /// bound. With the present access point at distance d and all others farther than D, after x metres
    /// the others are farther than D - x and the present one is not farther than d + x; so none of them
    /// can be better before sqrt(their least weight x handicap) (D - x) = sqrt(own weight) (d + x), or in
    /// range before D - x = their greatest range. There a new search starts.
    #[must_use]
    pub fn next_change(
        &self,
        leg: &Leg,
        now: SimTime,
        current: Option<AccessPointIndex>,
    ) -> Option<(SimTime, Option<AccessPointIndex>)> {
        let path = Path::of(leg)?;
        if now >= leg.arrive {
            return None;
        }
        let held = current.and_then(|index| {
            let site = self.site(index)?;
            let approach = path.approach(site.position);
            let in_range = if site.active { in_range(&path, site) } else { Span::NONE };
            Some(Held { index, weight: site.weight, approach, in_range })
        });
        let leave = held.as_ref().and_then(|held| {
            let instants = held.in_range.outside().map(|span| path.first_within(span, now));
            instants.into_iter().flatten().min()
        });
        let mut horizon_m = leave.map_or(path.length_m, |time| path.travelled_m(time));
        let mut first: Option<Offer> = None;
        for layer in &self.layers {
            self.search(layer, &path, now, held.as_ref(), &mut horizon_m, &mut first);
        }
        match (leave, first) {
            // An offer in the same nanosecond competes with those that are not better than the one left.
            (Some(leave), first) if first.as_ref().is_none_or(|first| leave <= first.time) => {
                let there_m = path.travelled_m(leave);
                let successor = self.cheapest(path.place(there_m), |index, site| {
                    Some(index) != current && in_range(&path, site).contains(there_m)
                });
                Some((leave, successor.map(|(_, index)| index)))
            }
            (_, first) => first.map(|first| (first.time, Some(first.index))),
        }
    }

    /// Looks through a layer for hand-overs up to `horizon_m`, and moves that to the earliest.
    fn search(
        &self,
        layer: &Layer,
        path: &Path,
        now: SimTime,
        held: Option<&Held>,
        horizon_m: &mut f64,
        first: &mut Option<Offer>,
    ) {
        let mut start_m = path.travelled_m(now);
        loop {
            // How much farther than an access point of the layer the present one may be at equal terms, and
            // so within which distance others are better already.
            let (stretch, near_m) = held.map_or((0.0, f64::INFINITY), |held| {
                let stretch = (held.weight / (layer.least_weight * self.handicap)).sqrt();
                let squared_m2 = held.approach.non_negative(start_m).max(self.least_squared_m2);
                (stretch, stretch * squared_m2.sqrt())
            });
            // Up to where none matters that is farther than the radius.
            let safe_m = |radius_m: f64| {
                let better_m = (radius_m - near_m) / (1.0 + stretch);
                start_m + better_m.max(radius_m - layer.greatest_range_m)
            };
            // The area searched for each metre gained is least at twice the distance where access points
            // begin to matter; but no more than to the horizon.
            let useful_m = 2.0 * near_m.min(layer.greatest_range_m);
            let ahead_m = *horizon_m - start_m;
            let needed_m = (near_m + (1.0 + stretch) * ahead_m).min(layer.greatest_range_m + ahead_m);
            let mut radius_m = useful_m.max(layer.spacing_m).min(needed_m);
            if radius_m < needed_m && safe_m(radius_m) <= start_m {
                radius_m = needed_m;
            }
            for index in layer.near(path.place(start_m), radius_m) {
                if let Some(offer) = self.offer(index, path, now, held, *horizon_m)
                    && first.as_ref().is_none_or(|first| {
                        offer.time < first.time
                            || (offer.time == first.time
                                && precedes((offer.cost, offer.index), (first.cost, first.index)))
                    })
                {
                    *horizon_m = horizon_m.min(path.travelled_m(offer.time));
                    *first = Some(offer);
                }
            }
            let next_m = safe_m(radius_m);
            if radius_m >= needed_m || next_m >= *horizon_m {
                return;
            }
            start_m = next_m;
        }
    }

    /// When the device would hand over to the access point `index` if all others stood aside, before it has
    /// travelled `horizon_m`.
    fn offer(
        &self,
        index: AccessPointIndex,
        path: &Path,
        now: SimTime,
        held: Option<&Held>,
        horizon_m: f64,
    ) -> Option<Offer> {
        let site = self.site(index)?;
        let approach = path.approach(site.position);
        let better = match held {
            Some(held) if held.index == index => return None,
            Some(held) => self.better(site, approach, held),
            None => [Span::ALL, Span::NONE, Span::NONE, Span::NONE],
        };
        let in_range = in_range(path, site);
        let instants = better.map(|span| {
            let span = span.intersection(in_range);
            if span.start > horizon_m { None } else { path.first_within(span, now) }
        });
        let time = instants.into_iter().flatten().min()?;
        let squared_m2 = approach.non_negative(path.travelled_m(time)).max(self.least_squared_m2);
        Some(Offer { time, cost: site.weight * squared_m2, index })
    }

    /// Where a site is better than the one held by the hysteresis, in spans that may overlap.
    ///
    /// With squared distances q, those of the one held Q, that count as f at least, and K = weight held / (weight x
    /// handicap), that is where max(q, f) < K max(Q, f): for K > 1 where q < K Q or q < K f, and else where
    /// q < K Q and Q > f / K.
    fn better(&self, site: &Site, approach: Quadratic, held: &Held) -> [Span; 4] {
        let own_weight = site.weight * self.handicap;
        let [one, other] =
            approach.scaled(own_weight).minus(held.approach.scaled(held.weight)).below(0.0);
        if self.least_squared_m2 == 0.0 {
            return [one, other, Span::NONE, Span::NONE];
        }
        // The same numbers whichever of the two is held, if there is no hysteresis.
        if held.weight > own_weight {
            let [near, _] = approach.below(held.weight / own_weight * self.least_squared_m2);
            return [one, other, near, Span::NONE];
        }
        let [near, _] = held.approach.below(own_weight / held.weight * self.least_squared_m2);
        // Without a root the distance is greater everywhere.
        if near.start >= near.end {
            return [one, other, Span::NONE, Span::NONE];
        }
        let [before, after] = near.outside();
        [(one, before), (one, after), (other, before), (other, after)]
            .map(|(better, far)| better.intersection(far))
    }
}
