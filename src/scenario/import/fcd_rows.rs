//! The vehicles of one step, as the formats of floating-car data give them, and what is known of them from the
//! steps before.

use super::ImportError;
use super::fcd::{FcdCoordinates, FcdVehicle};
use crate::infra::{LocalPlane, LonLat, Position, great_circle_m};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Places of one file that are farther apart than this, in metres, are not of one city.
const FARTHEST_M: f64 = 1e6;
/// Numbers with at least this many decimals are degrees if they can be: 0.0001 degrees are 11 m, and SUMO
/// writes 6 decimals of degrees and 2 of metres.
const DECIMALS_OF_DEGREES: usize = 4;

/// Where in a file something is, for messages.
pub(super) trait Located {
    /// The error that `found` is here where something else was `expected`.
    fn fault(&self, found: String, expected: String) -> ImportError;
}

/// A vehicle as a row gives it.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) id: &'a str,
    /// East, and its decimals.
    pub(super) x: (f64, usize),
    /// North, and its decimals.
    pub(super) y: (f64, usize),
    pub(super) z: Option<f64>,
    pub(super) speed_m_per_s: Option<f32>,
    pub(super) angle_deg: Option<f32>,
}

/// The rows of the current step and what is known from the rows before it.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) coordinates: FcdCoordinates,
    pub(super) plane: Option<LocalPlane>,
    ids: FxHashMap<Arc<str>, u32>,
    pub(super) names: Vec<Arc<str>>,
    /// The number of the last step in which each vehicle was listed.
    listed_in: Vec<u64>,
    step: u64,
    time_s: Option<f64>,
    pub(super) vehicles: Vec<FcdVehicle>,
    /// The first place of a file whose unit was told from it: degrees or not, and where.
    first: Option<(bool, LonLat)>,
}

impl Rows {
    pub(super) fn new(coordinates: FcdCoordinates) -> Self {
        Rows { coordinates, ..Rows::default() }
    }

    /// A step begins.
    pub(super) fn begin(&mut self, time_s: f64, at: &impl Located) -> Result<(), ImportError> {
        if let Some(last_s) = self.time_s.filter(|&last_s| last_s >= time_s) {
            let expected = format!("a time after that of the step before, {last_s}");
            return Err(at.fault(format!("time=\"{time_s}\""), expected));
        }
        self.time_s = Some(time_s);
        self.step += 1;
        Ok(())
    }

    pub(super) fn add(&mut self, row: &Row<'_>, at: &impl Located) -> Result<(), ImportError> {
        let (name, (x, x_decimals), (y, y_decimals)) = (row.id, row.x, row.y);
        let lon_lat = LonLat::new(x, y);
        let is_fine = x_decimals.max(y_decimals) >= DECIMALS_OF_DEGREES;
        if self.coordinates == FcdCoordinates::Auto {
            self.coordinates = match lon_lat {
                Some(_) if is_fine => FcdCoordinates::LonLat,
                _ => FcdCoordinates::Metres,
            };
            let place = lon_lat.unwrap_or(LonLat { longitude_deg: 0.0, latitude_deg: 0.0 });
            self.first = Some((is_fine, place));
        }
        let found = || format!("vehicle {name:?} at x=\"{x}\" y=\"{y}\"");
        let mut position = match (self.coordinates, lon_lat) {
            (FcdCoordinates::LonLat, Some(place)) => {
                if let Some((_, first)) = self.first
                    && great_circle_m(first, place) > FARTHEST_M
                {
                    let expected = "a place within 1000 km of the first one, which is in degrees; metres and \
                                    degrees cannot be mixed in a file";
                    return Err(at.fault(found(), expected.into()));
                }
                self.plane.get_or_insert_with(|| LocalPlane::new(x, y)).position(place)
            }
            (FcdCoordinates::LonLat, None) => {
                let expected = "degrees of longitude and latitude, or the reading of the file as metres";
                return Err(at.fault(found(), expected.into()));
            }
            (_, Some(_)) if is_fine && self.first.is_some_and(|(first_is_fine, _)| !first_is_fine) => {
                let expected = "metres, as the first place is, rather than degrees; metres and degrees cannot be \
                                mixed in a file, and `coordinates` says which they are";
                return Err(at.fault(found(), expected.into()));
            }
            _ => Position::ground(x, y),
        };
        position.z_m = row.z.unwrap_or(0.0);
        let id = self.intern(name);
        let listed_in = &mut self.listed_in[id as usize];
        if *listed_in == self.step {
            let found = format!("vehicle {name:?} for the second time in this step");
            return Err(at.fault(found, "each vehicle once".into()));
        }
        *listed_in = self.step;
        let (speed_m_per_s, angle_deg) = (row.speed_m_per_s, row.angle_deg);
        self.vehicles.push(FcdVehicle { id, position, speed_m_per_s, angle_deg });
        Ok(())
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        // Four thousand million names do not fit any memory.
        let id = self.names.len() as u32;
        let name: Arc<str> = name.into();
        self.ids.insert(Arc::clone(&name), id);
        self.names.push(name);
        self.listed_in.push(0);
        id
    }
}

/// How many decimals a number is written with.
pub(super) fn decimals(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, decimals)| decimals.trim_ascii_end().len())
}
