//! What a file of floating-car data holds, before it is used.

use super::{FcdCoordinates, FcdReader, ImportError};
use crate::infra::{LocalPlane, Position, is_jump};
use std::path::Path;
use std::sync::Arc;

/// The smallest box around all places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FcdBounds {
    /// Its corner in the south-west, at the bottom.
    pub least: Position,
    /// Its corner in the north-east, at the top.
    pub most: Position,
}

/// What a file of floating-car data holds.
#[derive(Clone, Debug, PartialEq)]
pub struct FcdSummary {
    /// Time steps, with or without vehicles.
    pub steps: u64,
    /// Steps without vehicles.
    pub empty_steps: u64,
    /// Vehicles in steps, summed over the steps.
    pub rows: u64,
    /// Different vehicles.
    pub vehicles: usize,
    /// Time of the first step in seconds.
    pub first_time_s: Option<f64>,
    /// Time of the last step in seconds.
    pub last_time_s: Option<f64>,
    /// Where the vehicles are.
    pub bounds: Option<FcdBounds>,
    /// What the coordinates of the file are; [`FcdCoordinates::Auto`] if it was asked for and there is no
    /// vehicle.
    pub coordinates: FcdCoordinates,
    /// The plane of the places, if the file is in degrees.
    pub plane: Option<LocalPlane>,
    /// How often a vehicle came back after it had been missing from at least one step.
    pub vanished_and_returned: u64,
    /// How often a vehicle jumped from one step to the next (see [`is_jump`]).
    pub teleports: u64,
}

/// Reads a whole file and says what it holds, in memory for its vehicles but not its steps.
///
/// # Errors
/// As [`FcdReader::next_step`].
pub fn scan_fcd(path: impl AsRef<Path>, coordinates: FcdCoordinates) -> Result<FcdSummary, ImportError> {
    Ok(survey_fcd(path, coordinates)?.0)
}

/// The same, and the names of the vehicles, in the order of their ids.
///
/// # Errors
/// As [`FcdReader::next_step`].
pub fn survey_fcd(
    path: impl AsRef<Path>,
    coordinates: FcdCoordinates,
) -> Result<(FcdSummary, Vec<Arc<str>>), ImportError> {
    let mut reader = FcdReader::open(path, coordinates)?;
    let summary = scan(&mut reader)?;
    Ok((summary, reader.into_names()))
}

/// Where and when a vehicle was seen last.
#[derive(Clone, Copy)]
struct Sighting {
    step: u64,
    time_s: f64,
    position: Position,
    speed_m_per_s: Option<f32>,
}

impl FcdBounds {
    fn including(self, position: Position) -> Self {
        let each = |a: Position, b: Position, choose: fn(f64, f64) -> f64| Position {
            x_m: choose(a.x_m, b.x_m),
            y_m: choose(a.y_m, b.y_m),
            z_m: choose(a.z_m, b.z_m),
        };
        FcdBounds {
            least: each(self.least, position, f64::min),
            most: each(self.most, position, f64::max),
        }
    }
}

fn scan(reader: &mut FcdReader) -> Result<FcdSummary, ImportError> {
    let mut summary = FcdSummary {
        steps: 0,
        empty_steps: 0,
        rows: 0,
        vehicles: 0,
        first_time_s: None,
        last_time_s: None,
        bounds: None,
        coordinates: FcdCoordinates::Auto,
        plane: None,
        vanished_and_returned: 0,
        teleports: 0,
    };
    // By id: ids are dense and in the order of appearance.
    let mut sightings: Vec<Sighting> = Vec::new();
    while let Some(step) = reader.next_step()? {
        summary.steps += 1;
        summary.empty_steps += u64::from(step.vehicles.is_empty());
        summary.rows += step.vehicles.len() as u64;
        summary.first_time_s.get_or_insert(step.time_s);
        summary.last_time_s = Some(step.time_s);
        for vehicle in step.vehicles {
            let position = vehicle.position;
            let bounds = summary.bounds.unwrap_or(FcdBounds { least: position, most: position });
            summary.bounds = Some(bounds.including(position));
            let now = Sighting {
                step: summary.steps,
                time_s: step.time_s,
                position,
                speed_m_per_s: vehicle.speed_m_per_s,
            };
            match sightings.get_mut(vehicle.id as usize) {
                None => sightings.push(now),
                Some(last) => {
                    if last.step + 1 < now.step {
                        summary.vanished_and_returned += 1;
                    } else if has_jumped(last, &now) {
                        summary.teleports += 1;
                    }
                    *last = now;
                }
            }
        }
    }
    summary.vehicles = reader.vehicles();
    summary.coordinates = reader.coordinates();
    summary.plane = reader.plane();
    Ok(summary)
}

fn has_jumped(last: &Sighting, now: &Sighting) -> bool {
    let speeds = [last, now].map(|sighting| sighting.speed_m_per_s.map(f64::from));
    is_jump(last.position.distance_m(now.position), now.time_s - last.time_s, speeds)
}

#[cfg(test)]
mod tests {
    use super::super::test_data;
    use super::super::xml::XmlFile;
    use super::*;
    use std::io::Cursor;
    use std::time::Instant;

    /// One vehicle by second and x, at 10 m/s unless it is said; `x` is `None` where it is missing.
    fn summary_of(places: &[Option<f64>]) -> FcdSummary {
        let steps: String = places
            .iter()
            .enumerate()
            .map(|(time, x)| {
                let row = x
                    .map_or(String::new(), |x| format!(r#"<vehicle id="a" x="{x}" y="7" speed="10"/>"#));
                format!(r#"<timestep time="{time}">{row}</timestep>"#)
            })
            .collect();
        let text = format!("<fcd-export>{steps}</fcd-export>");
        let file = XmlFile::new("test.xml", Cursor::new(text.into_bytes())).expect("XML");
        scan(&mut FcdReader::new(file, FcdCoordinates::Metres)).expect("good")
    }

    #[test]
    fn returns_and_teleports_are_counted() {
        // 40 m are three times the speed and the slack; a return is not counted as a teleport too.
        let places = [None, Some(0.0), Some(40.0), Some(80.5), None, Some(900.0), Some(910.0)];
        let summary = summary_of(&places);
        assert_eq!(
            summary,
            FcdSummary {
                steps: 7,
                empty_steps: 2,
                rows: 5,
                vehicles: 1,
                first_time_s: Some(0.0),
                last_time_s: Some(6.0),
                bounds: Some(FcdBounds {
                    least: Position::ground(0.0, 7.0),
                    most: Position::ground(910.0, 7.0),
                }),
                coordinates: FcdCoordinates::Metres,
                plane: None,
                vanished_and_returned: 1,
                teleports: 1,
            }
        );
        assert_eq!(summary_of(&[]).bounds, None);
    }

    /// The map excerpt that `examples/make_fcd.rs` writes.
    #[test]
    fn the_city_that_is_shipped_is_sound() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/data/city.fcd.xml.gz");
        let city = scan_fcd(path, FcdCoordinates::Auto).expect("our own file");
        assert_eq!((city.steps, city.vehicles, city.coordinates), (300, 60, FcdCoordinates::LonLat));
        assert_eq!((city.teleports, city.vanished_and_returned), (0, 0));
        let bounds = city.bounds.expect("vehicles");
        let span = (bounds.most.x_m - bounds.least.x_m, bounds.most.y_m - bounds.least.y_m);
        assert!(span.0 < 1510.0 && span.1 < 1510.0, "{span:?}");
    }

    /// Prints the rate too, for `cargo test --release -- --nocapture`.
    fn scanned(name: &str) -> Option<FcdSummary> {
        let path = test_data(&format!("sumo/{name}"))?;
        let start = Instant::now();
        let summary = scan_fcd(&path, FcdCoordinates::Auto).expect("SUMO's own file");
        println!("{name}: {summary:?} in {:?}", start.elapsed());
        Some(summary)
    }

    /// The same run in metres and in degrees, with few and all attributes.
    #[test]
    fn a_grid_of_sumo_is_the_same_in_metres_and_degrees() {
        let names = [
            "grid8_50veh_300s_xy.fcd.xml",
            "grid8_50veh_300s_geo.fcd.xml.gz",
            "grid8_50veh_300s_geo_allattrs.fcd.xml.gz",
        ];
        let [Some(metres), Some(degrees), Some(all_attributes)] = names.map(scanned) else { return };
        assert_eq!((metres.steps, metres.rows, metres.vehicles), (300, 11_523, 50));
        assert_eq!((metres.first_time_s, metres.last_time_s), (Some(0.0), Some(299.0)));
        assert_eq!(metres.coordinates, FcdCoordinates::Metres);
        assert_eq!(degrees.coordinates, FcdCoordinates::LonLat);
        assert_eq!(degrees, all_attributes);
        let comparable = |summary: &FcdSummary| FcdSummary {
            coordinates: FcdCoordinates::Auto,
            plane: None,
            bounds: None,
            ..summary.clone()
        };
        assert_eq!(comparable(&metres), comparable(&degrees));
    }

    /// Distances on the plane are those in SUMO's metres, but for UTM's scale (0.9997 here) and the six
    /// decimals of the degrees.
    #[test]
    fn degrees_give_sumos_distances() {
        let (Some(metres), Some(degrees)) = (
            test_data("sumo/grid8_50veh_300s_xy.fcd.xml"),
            test_data("sumo/grid8_50veh_300s_geo.fcd.xml.gz"),
        ) else {
            return;
        };
        let mut metres = FcdReader::open(metres, FcdCoordinates::Auto).expect("SUMO's own file");
        let mut degrees = FcdReader::open(degrees, FcdCoordinates::Auto).expect("SUMO's own file");
        while let Some(one) = metres.next_step().expect("SUMO's own file") {
            let other = degrees.next_step().expect("SUMO's own file").expect("as many steps");
            let (a, b) = (one.vehicles, other.vehicles);
            assert_eq!((one.time_s, a.len()), (other.time_s, b.len()));
            for index in 1..a.len() {
                assert_eq!(one.name(a[index].id), other.name(b[index].id));
                let sumo_m = a[0].position.distance_m(a[index].position);
                let plane_m = b[0].position.distance_m(b[index].position);
                assert!((sumo_m - plane_m).abs() < 0.001 * sumo_m + 0.2, "{sumo_m} {plane_m}");
            }
        }
    }

    #[test]
    fn a_large_artificial_net_is_read_whole() {
        let Some(spider) = scanned("spider_1013veh_600s_geo.fcd.xml.gz") else { return };
        assert_eq!((spider.steps, spider.rows, spider.vehicles), (600, 430_530, 1013));
        assert_eq!(spider.coordinates, FcdCoordinates::LonLat);
    }

    #[test]
    fn a_real_city_is_read_whole() {
        let Some(bologna) = scanned("bologna_acosta_1397veh_600s_geo.fcd.xml.gz") else { return };
        assert_eq!((bologna.steps, bologna.rows, bologna.vehicles), (600, 250_493, 1397));
        assert_eq!(bologna.coordinates, FcdCoordinates::LonLat);
    }
}
