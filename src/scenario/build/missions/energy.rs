//! Whether batteries suffice for ways, before the run: rough sums of climbs and cruises without wind.

use super::Place;
use crate::apps::missions::Way;
use crate::energy::Moving;
use crate::infra::vehicles::{VehicleKind, VehicleSpec};
use crate::infra::{NodeId, Position};
use crate::scenario::{Energy, Site};

/// Where a vehicle returns to: the home that its class has for its number, or else where it stands at the start.
fn home(place: &Place<'_>, node: NodeId) -> Position {
    let infrastructure = place.here.infrastructure;
    let classes = place.here.directory.classes.iter().map(|(_, entry)| entry);
    let number = classes
        .filter(|entry| (entry.first..entry.first + entry.count).contains(&node.0))
        .map(|entry| (node.0 - entry.first) as usize)
        .next();
    let spec = infrastructure.class_of(node).and_then(|class| class.vehicle.as_ref());
    let own = number.and_then(|number| spec?.homes.get(number).copied());
    own.unwrap_or_else(|| infrastructure.start_of(node))
}

/// What a way takes at least: joules over the ground, and up and down.
struct Costs<'a> {
    spec: &'a VehicleSpec,
}

impl Costs<'_> {
    fn power_w(&self, speed_m_per_s: f64, climb_m_per_s: f64) -> f64 {
        let moving = Moving {
            airspeed_m_per_s: speed_m_per_s,
            ground_speed_m_per_s: speed_m_per_s,
            climb_m_per_s,
            acceleration_m_per_s2: 0.0,
        };
        self.spec.propulsion.power_w(&moving) + self.spec.payload_w
    }

    /// Joules over the ground at the least that a metre takes at any speed up to the vehicle's own.
    fn cruise_j(&self, distance_m: f64) -> f64 {
        let own = self.spec.kinematics.speed_m_per_s;
        let per_metre = (1..=20).map(|part| {
            let speed = own * f64::from(part) / 20.0;
            self.power_w(speed, 0.0) / speed
        });
        distance_m * per_metre.fold(f64::INFINITY, f64::min)
    }

    /// Joules up to a height and down again.
    fn climb_j(&self, height_m: f64) -> f64 {
        if self.spec.kind == VehicleKind::Rover {
            return 0.0;
        }
        let (up, down) = (self.spec.kinematics.climb_m_per_s, self.spec.landing.fast_m_per_s);
        height_m / up * self.power_w(0.0, up) + height_m / down * self.power_w(0.0, -down)
    }
}

/// Joules that a battery may give before the reserve, and joules of all of it; `None` without a battery.
fn usable_j(place: &Place<'_>, node: NodeId, spec: &VehicleSpec) -> Option<(f64, f64)> {
    let battery = place.here.infrastructure.class_of(node)?.battery.as_ref()?;
    let capacity_j = battery.model.capacity_j;
    let reserve = if spec.reserve.enabled { spec.reserve.home_share } else { 0.0 };
    Some((capacity_j * (1.0 - reserve), capacity_j))
}

fn away_m(from: Position, to: Position) -> f64 {
    (to.x_m - from.x_m).hypot(to.y_m - from.y_m)
}

fn shown(energy_j: f64) -> Energy {
    Energy::from_joules(energy_j.clamp(0.0, 1e15).round())
}

/// Refuses waypoints that no full battery reaches and comes back from, and notes ways that one does not suffice for.
pub(super) fn check_ways(
    place: &Place<'_>,
    ways: &[(NodeId, Way)],
    height_m: f64,
    is_serviced: bool,
    site: &Site<'_>,
) {
    for (node, way) in ways {
        let class = place.here.infrastructure.class_of(*node);
        let Some(spec) = class.and_then(|class| class.vehicle.as_ref()) else { continue };
        let Some((usable_j, capacity_j)) = usable_j(place, *node, spec) else { continue };
        let (costs, home) = (Costs { spec }, home(place, *node));
        let name = place.here.directory.name(*node);
        for (number, waypoint) in way.waypoints.iter().enumerate() {
            let distance_m = away_m(home, waypoint.place);
            let needed_j =
                costs.cruise_j(2.0 * distance_m) + costs.climb_j(waypoint.place.z_m.max(height_m));
            if needed_j > usable_j {
                site.error_with_help(
                    format!(
                        "waypoint {number} is {distance_m:.0} m from the home of {name:?}: there and back takes at least \
                         {}, and its battery gives {} of {} before the reserve",
                        shown(needed_j),
                        shown(usable_j),
                        shown(capacity_j)
                    ),
                    "choose a nearer home or field, a larger battery, or a smaller reserve",
                );
                return;
            }
        }
        let legs = way.waypoints.windows(2).map(|pair| away_m(pair[0].place, pair[1].place));
        let ends = [way.waypoints.first(), way.waypoints.last()];
        let ends = ends.into_iter().flatten().map(|end| away_m(home, end.place));
        let whole_m: f64 = legs.sum::<f64>() + ends.sum::<f64>();
        let whole_j = costs.cruise_j(whole_m) + costs.climb_j(height_m);
        if whole_j > usable_j && !is_serviced {
            site.note(format!(
                "the way of {name:?} of {whole_m:.0} m takes at least {}, and its battery gives {} before the reserve: it \
                 will not come to the end without a `service`",
                shown(whole_j),
                shown(usable_j)
            ));
        }
    }
}

/// Notes a drone that cannot reach all of a way and come back.
pub(super) fn check_station(
    place: &Place<'_>,
    drone: NodeId,
    way: &Way,
    height_m: f64,
    site: &Site<'_>,
) {
    let class = place.here.infrastructure.class_of(drone);
    let Some(spec) = class.and_then(|class| class.vehicle.as_ref()) else { return };
    let Some((usable_j, _)) = usable_j(place, drone, spec) else { return };
    let (costs, home) = (Costs { spec }, home(place, drone));
    let distances = way.waypoints.iter().map(|waypoint| away_m(home, waypoint.place));
    let (least_m, most_m) =
        distances.fold((f64::INFINITY, 0.0_f64), |(least, most), own| (least.min(own), most.max(own)));
    let needed_j = |distance_m: f64| costs.cruise_j(2.0 * distance_m) + costs.climb_j(height_m);
    let name = place.here.directory.name(drone);
    if needed_j(least_m) > usable_j {
        site.error_with_help(
            format!(
                "no place of the field is nearer than {least_m:.0} m to the home of {name:?}: there and back takes at \
                 least {}, and its battery gives {} before the reserve",
                shown(needed_j(least_m)),
                shown(usable_j)
            ),
            "choose a nearer home, a larger battery, or a smaller reserve",
        );
    } else if needed_j(most_m) > usable_j {
        site.note(format!(
            "{name:?} cannot help everywhere: the field is up to {most_m:.0} m from its home, there and back takes at least \
             {}, and its battery gives {} before the reserve",
            shown(needed_j(most_m)),
            shown(usable_j)
        ));
    }
}
