//! Which access point serves a device, and the exact instant at which that changes.
//!
//! Devices are not polled. Between two events a device moves along a straight
//! [`Leg`](crate::infra::Leg), squared distances are quadratics in time, and the next hand-over, entry
//! into range or loss of range is one of their roots: [`AccessPoints::next_change`] gives it, and the
//! simulation schedules one event there. Only access points near the path are looked at, which are found
//! in R*-trees.

mod change;
mod criterion;
mod path;

pub use criterion::Criterion;

use super::geometry::Position;
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};
use std::collections::BTreeMap;

/// An access point, by its number in the set, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessPointIndex(pub u32);

/// An access point: a WLAN, a base station, a roadside unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccessPoint {
    /// Where it is; height counts in distances.
    pub position: Position,
    /// Within how many metres it can be attached to (>= 0); none: everywhere.
    pub range_m: Option<f64>,
    /// Transmit power in dBm, -100 to 100. [`Criterion::Distance`] ignores it.
    pub transmit_power_dbm: f64,
}

/// Something that makes no set of access points.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// A parameter of the criterion is out of range.
    #[error("attachment: {parameter} is {value}, but must be {allowed}")]
    Criterion {
        /// The parameter at fault.
        parameter: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A parameter of an access point is out of range.
    #[error("access point {index}: {parameter} is {value}, but must be {allowed}")]
    AccessPoint {
        /// The access point's number, from zero.
        index: usize,
        /// The parameter at fault.
        parameter: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// More access points than 32 bits can number.
    #[error("there are {count} access points, but at most 4294967295 are possible")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

fn check(
    good: bool,
    parameter: &'static str,
    value: f64,
    allowed: &'static str,
) -> Result<(), AttachmentError> {
    if good { Ok(()) } else { Err(AttachmentError::Criterion { parameter, value, allowed }) }
}

/// What is computed with, of one access point.
#[derive(Clone, Copy, Debug)]
struct Site {
    position: Position,
    /// Cost per square metre of squared distance, at least 1.
    weight: f64,
    /// Infinite without a limit.
    squared_range_m2: f64,
    layer: usize,
    active: bool,
}

/// The active access points of similar weight and range that devices attach to by themselves, so that distance alone says which of them can
/// matter: among micro cells, the search need not reach as far as a macro cell would.
#[derive(Clone, Debug)]
struct Layer {
    /// By horizontal place: height counts in distances, but rarely tells access points apart.
    tree: RTree<Entry>,
    /// Not above the weight of any of them.
    least_weight: f64,
    /// Not below the range of any of them.
    greatest_range_m: f64,
    /// About how far apart they are: a smaller search would cost as much.
    spacing_m: f64,
}

type Entry = GeomWithData<[f64; 2], AccessPointIndex>;

fn entry(index: AccessPointIndex, position: Position) -> Entry {
    Entry::new([position.x_m, position.y_m], index)
}

impl Layer {
    /// The layer of these access points, all active.
    fn new(sites: &[Site], group: &[AccessPointIndex]) -> Self {
        let of_group = || group.iter().map(|index| &sites[index.0 as usize]);
        let tree = RTree::bulk_load(
            group.iter().zip(of_group()).map(|(&i, site)| entry(i, site.position)).collect(),
        );
        let extent_m = |coordinate: fn(&Site) -> f64| {
            let (low, high) = of_group()
                .map(coordinate)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            high - low
        };
        let (width_m, depth_m) =
            (extent_m(|site| site.position.x_m), extent_m(|site| site.position.y_m));
        let count = group.len() as f64;
        Layer {
            tree,
            least_weight: of_group().fold(f64::INFINITY, |least, site| least.min(site.weight)),
            greatest_range_m: of_group()
                .fold(0.0, |most: f64, site| most.max(site.squared_range_m2))
                .sqrt(),
            // Over an area, or along a line.
            spacing_m: (width_m * depth_m / count).sqrt().max(width_m.max(depth_m) / count),
        }
    }

    /// How far from a device one of them may be at most to be better than, or as good as, `best`.
    fn enough_m(&self, best: Option<(f64, AccessPointIndex)>) -> f64 {
        best.map_or(f64::INFINITY, |(cost, _)| (cost / self.least_weight).sqrt())
            .min(self.greatest_range_m)
    }

    /// Its active access points not farther than `radius_m` from `place`, and some beyond.
    fn near(&self, place: Position, radius_m: f64) -> impl Iterator<Item = AccessPointIndex> {
        // What is on the edge is not to be lost to rounding.
        let radius_m = radius_m * (1.0 + 1e-12);
        let envelope = AABB::from_corners(
            [place.x_m - radius_m, place.y_m - radius_m],
            [place.x_m + radius_m, place.y_m + radius_m],
        );
        self.tree.locate_in_envelope(envelope).map(|entry| entry.data)
    }
}

/// The lower cost wins, then the lower index.
fn precedes(one: (f64, AccessPointIndex), other: (f64, AccessPointIndex)) -> bool {
    one.0 < other.0 || (one.0 == other.0 && one.1 < other.1)
}

/// A set of access points and the rule by which devices choose among them.
///
/// A device attached to an access point stays with it while it is active and in range (squared distance
/// at most the square of the range), until another one in range is better by the hysteresis. Then, and
/// when it has none, it takes the best in range. Equally good ones are taken by lower index, and a device
/// does not leave its access point for an equally good one.
///
/// ```
/// use stratosim::engine::SimTime;
/// use stratosim::infra::{AccessPoint, AccessPointIndex, AccessPoints, Criterion, Leg, Position};
///
/// let at = |x_m| AccessPoint {
///     position: Position::ground(x_m, 0.0),
///     range_m: Some(80.0),
///     transmit_power_dbm: 20.0,
/// };
/// let nearest = Criterion::Distance { hysteresis_ratio: 0.0 };
/// let points = AccessPoints::new(&[at(0.0), at(100.0)], nearest)?;
///
/// // At 1 m/s the device hands over half way, and leaves the range of the second at 180 m: in the first
/// // nanosecond in which it is beyond.
/// let (from, to) = (Position::ground(0.0, 0.0), Position::ground(500.0, 0.0));
/// let leg = Leg::straight(from, to, SimTime::ZERO, SimTime::from_secs(500.0));
/// let [first, second] = [0, 1].map(|index| Some(AccessPointIndex(index)));
/// assert_eq!(points.best(from), first);
/// let (time, attached) = points.next_change(&leg, SimTime::ZERO, first).unwrap();
/// assert_eq!((time, attached), (SimTime::from_nanos(50_000_000_001), second));
/// let (time, attached) = points.next_change(&leg, time, attached).unwrap();
/// assert_eq!((time, attached), (SimTime::from_nanos(180_000_000_001), None));
/// assert_eq!(points.next_change(&leg, time, attached), None);
/// # Ok::<(), stratosim::infra::AttachmentError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AccessPoints {
    sites: Vec<Site>,
    layers: Vec<Layer>,
    /// Factor (>= 1) on another access point's cost: the hysteresis.
    handicap: f64,
    /// Squared distances below this count as this.
    least_squared_m2: f64,
}

impl AccessPoints {
    /// The set of these access points, all active. O(n log n).
    ///
    /// # Errors
    /// If a parameter of the criterion or of an access point is out of the range its documentation gives,
    /// or there are more than 32 bits can number.
    pub fn new(points: &[AccessPoint], criterion: Criterion) -> Result<Self, AttachmentError> {
        criterion.check()?;
        if u32::try_from(points.len()).is_err() {
            return Err(AttachmentError::TooMany { count: points.len() });
        }
        for (index, point) in points.iter().enumerate() {
            check_point(index, point)?;
        }
        let greatest_dbm =
            points.iter().fold(-100.0, |dbm: f64, point| dbm.max(point.transmit_power_dbm));
        // One layer for each factor of four in weight, which is two in distance, and of two in range.
        let mut groups: BTreeMap<(i32, i32), Vec<AccessPointIndex>> = BTreeMap::new();
        let mut sites = Vec::with_capacity(points.len());
        for (index, point) in (0..).map(AccessPointIndex).zip(points) {
            let weight = criterion.weight(point.transmit_power_dbm, greatest_dbm);
            let range_m = point.range_m.unwrap_or(f64::INFINITY);
            // The casts saturate, for ranges of zero and without limit.
            let key = ((weight.log2() / 2.0).floor() as i32, range_m.log2().floor() as i32);
            groups.entry(key).or_default().push(index);
            let squared_range_m2 = range_m * range_m;
            sites.push(Site {
                position: point.position,
                weight,
                squared_range_m2,
                layer: 0,
                active: true,
            });
        }
        let mut layers = Vec::with_capacity(groups.len());
        for group in groups.into_values() {
            for index in &group {
                sites[index.0 as usize].layer = layers.len();
            }
            layers.push(Layer::new(&sites, &group));
        }
        Ok(AccessPoints { sites, layers, handicap: criterion.handicap(), least_squared_m2: 0.0 })
    }

    /// Counts distances below `metres` as so many where access points are compared, as path loss does; ranges are
    /// as they were.
    pub(super) fn compare_beyond(&mut self, metres: f64) {
        self.least_squared_m2 = metres * metres;
    }

    /// No place is within the range of this access point from now on, not even its own.
    pub(super) fn put_out_of_reach(&mut self, index: AccessPointIndex) {
        let Some(site) = self.sites.get_mut(index.0 as usize) else { return };
        if site.active && site.squared_range_m2 >= 0.0 {
            // No search need come across it any more.
            self.layers[site.layer].tree.remove(&entry(index, site.position));
        }
        site.squared_range_m2 = -1.0;
    }

    /// Whether no device attaches to an access point by itself.
    pub(super) fn is_out_of_reach(&self, index: AccessPointIndex) -> bool {
        self.site(index).is_some_and(|site| site.squared_range_m2 < 0.0)
    }

    /// Whether an access point is active, but out of reach of its own.
    pub(super) fn is_held_only(&self, index: AccessPointIndex) -> bool {
        self.is_out_of_reach(index) && self.is_active(index)
    }

    /// How many access points there are, active or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// Where an access point is; none if there is no such access point.
    #[must_use]
    pub fn position(&self, index: AccessPointIndex) -> Option<Position> {
        self.site(index).map(|site| site.position)
    }

    /// Whether an access point exists and is active.
    #[must_use]
    pub fn is_active(&self, index: AccessPointIndex) -> bool {
        self.site(index).is_some_and(|site| site.active)
    }

    /// Switches an access point on or off; does nothing if there is no such access point. O(log n).
    ///
    /// Devices that this concerns (those attached to it or about to be, or all when it is switched on) are
    /// to be asked about anew with [`attach`](Self::attach) and [`next_change`](Self::next_change).
    pub fn set_active(&mut self, index: AccessPointIndex, active: bool) {
        let Some(site) = self.sites.get_mut(index.0 as usize) else { return };
        if site.active == active {
            return;
        }
        site.active = active;
        if site.squared_range_m2 < 0.0 {
            return;
        }
        let tree = &mut self.layers[site.layer].tree;
        if active {
            tree.insert(entry(index, site.position));
        } else {
            tree.remove(&entry(index, site.position));
        }
    }

    /// The best active access point whose range holds `place`; none if there is none. About O(log n).
    #[must_use]
    pub fn best(&self, place: Position) -> Option<AccessPointIndex> {
        self.cheapest(place, |_, _| true).map(|(_, index)| index)
    }

    /// The access point of a device at `place` that was attached to `current`: what is in force after a
    /// jump, at the start of a movement, or when access points were switched. About O(log n).
    #[must_use]
    pub fn attach(
        &self,
        place: Position,
        current: Option<AccessPointIndex>,
    ) -> Option<AccessPointIndex> {
        let best = self.cheapest(place, |_, _| true);
        let held = current.and_then(|index| Some((index, self.site(index)?)));
        if let (Some((index, site)), Some((cost, _))) = (held, best) {
            let squared_m2 = site.position.squared_distance_m2(place);
            let in_range = site.active && squared_m2 <= site.squared_range_m2;
            if in_range && cost * self.handicap >= site.weight * squared_m2.max(self.least_squared_m2) {
                return Some(index);
            }
        }
        best.map(|(_, index)| index)
    }

    /// The active access points whose range holds `place`, in no particular order.
    pub(super) fn within_range(&self, place: Position) -> impl Iterator<Item = AccessPointIndex> {
        let is_somewhere = place.distance_m(Position::default()).is_finite();
        let layers = self.layers.iter().filter(move |_| is_somewhere);
        layers.flat_map(move |layer| layer.near(place, layer.greatest_range_m)).filter(move |&index| {
            let site = &self.sites[index.0 as usize];
            site.position.squared_distance_m2(place) <= site.squared_range_m2
        })
    }

    fn site(&self, index: AccessPointIndex) -> Option<&Site> {
        self.sites.get(index.0 as usize)
    }

    /// The active access point of least cost, with its cost, whose range holds `place` and which is
    /// `eligible`.
    fn cheapest(
        &self,
        place: Position,
        eligible: impl Fn(AccessPointIndex, &Site) -> bool,
    ) -> Option<(f64, AccessPointIndex)> {
        let mut best: Option<(f64, AccessPointIndex)> = None;
        if !place.distance_m(Position::default()).is_finite() {
            return None;
        }
        for layer in &self.layers {
            // Ever wider, until what is farther is out of range or cannot be better.
            let mut radius_m = layer.spacing_m;
            loop {
                let mut seen = 0;
                radius_m = radius_m.min(layer.enough_m(best));
                for index in layer.near(place, radius_m) {
                    seen += 1;
                    let site = &self.sites[index.0 as usize];
                    let squared_m2 = site.position.squared_distance_m2(place);
                    let offer = (site.weight * squared_m2.max(self.least_squared_m2), index);
                    if squared_m2 <= site.squared_range_m2
                        && best.is_none_or(|best| precedes(offer, best))
                        && eligible(index, site)
                    {
                        best = Some(offer);
                    }
                }
                if radius_m >= layer.enough_m(best) || seen == layer.tree.size() {
                    break;
                }
                radius_m = if radius_m > 0.0 { 2.0 * radius_m } else { f64::INFINITY };
            }
        }
        best
    }
}

fn check_point(index: usize, point: &AccessPoint) -> Result<(), AttachmentError> {
    let AccessPoint { position, range_m, transmit_power_dbm } = *point;
    let range_m = range_m.unwrap_or(0.0);
    let checks = [
        (position.x_m.is_finite(), "position.x_m", position.x_m, "finite"),
        (position.y_m.is_finite(), "position.y_m", position.y_m, "finite"),
        (position.z_m.is_finite(), "position.z_m", position.z_m, "finite"),
        (range_m >= 0.0 && range_m.is_finite(), "range_m", range_m, "at least 0 and finite"),
        (
            (-100.0..=100.0).contains(&transmit_power_dbm),
            "transmit_power_dbm",
            transmit_power_dbm,
            "-100 to 100",
        ),
    ];
    match checks.into_iter().find(|check| !check.0) {
        None => Ok(()),
        Some((_, parameter, value, allowed)) => {
            Err(AttachmentError::AccessPoint { index, parameter, value, allowed })
        }
    }
}

#[cfg(test)]
mod tests;
