//! Tracks of vehicles and of all else that moves in a run, for maps and ground stations.
//!
//! A track is read from the tables of a run directory ([`read_tracks`]): `movements`, which has each step, or else
//! `positions`, which has samples. The phases of its missions come from `mission_phases`. It is written as KML with times
//! ([`kml`]), GeoJSON ([`geojson`]), CSV ([`csv_text`]), or as a mission that flies it again ([`flight_plan`]).
//!
//! ```no_run
//! use stratosim::output::RunReader;
//! use stratosim::tracks::{geojson, plane_of, read_tracks};
//! let run = RunReader::open("runs/agriculture-1")?;
//! let tracks = read_tracks(&run, Some("drone"))?;
//! println!("{}", geojson(&tracks, &plane_of(&run)?));
//! # Ok::<(), stratosim::tracks::TrackError>(())
//! ```

mod geojson;
mod kml;
mod plan;
mod read;
mod rows;
#[cfg(test)]
mod tests;

pub use geojson::geojson;
pub use kml::kml;
pub use plan::{PlanOfTrack, flight_plan};
pub use read::{plane_of, read_tracks};
pub use rows::csv_text;

use crate::infra::Position;
use crate::output::ReadError;
use std::path::PathBuf;

/// Gaps between phases that are shorter than this, in seconds, are rounding.
const LEAST_S: f64 = 1e-6;

/// Where something was, from its first row to its last.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Name of the node.
    pub vehicle: String,
    /// Where it was when, in order of time; between two points it went straight.
    pub points: Vec<TrackPoint>,
    /// Its phases in order of time, without overlaps; empty if the run tells of none.
    pub phases: Vec<TrackPhase>,
}

/// A point of a [`Track`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackPoint {
    /// Seconds from the start of the run.
    pub t_s: f64,
    /// Where it was.
    pub place: Position,
}

/// A phase of a [`Track`].
#[derive(Clone, Debug, PartialEq)]
pub struct TrackPhase {
    /// What it is called.
    pub name: String,
    /// Seconds from the start of the run to its start.
    pub start_s: f64,
    /// Seconds from the start of the run to its end.
    pub end_s: f64,
}

/// A part of a track in one phase.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackPart<'t> {
    /// The phase; `None` where the run tells of none.
    pub phase: Option<&'t TrackPhase>,
    /// Its points, those at its start and end included.
    pub points: Vec<TrackPoint>,
}

impl TrackPart<'_> {
    /// What its phase is called; `moving` without one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.phase.map_or("moving", |phase| phase.name.as_str())
    }

    /// Whether it stays at one place.
    #[must_use]
    pub fn stays(&self) -> bool {
        self.points.iter().all(|point| point.place == self.points[0].place)
    }
}

impl Track {
    /// Where it is at a time: between points on the straight line between them, before the first and after the last
    /// there. `None` without points.
    #[must_use]
    pub fn at(&self, t_s: f64) -> Option<TrackPoint> {
        let after = self.points.partition_point(|point| point.t_s <= t_s);
        let place = match (
            after.checked_sub(1).and_then(|before| self.points.get(before)),
            self.points.get(after),
        ) {
            (Some(before), Some(next)) => {
                before.place.towards(next.place, (t_s - before.t_s) / (next.t_s - before.t_s))
            }
            (Some(only), None) | (None, Some(only)) => only.place,
            (None, None) => return None,
        };
        Some(TrackPoint { t_s, place })
    }

    /// Its parts by phase, in order; the whole of it where the run tells of no phases, and the gaps between phases as
    /// parts without one.
    #[must_use]
    pub fn parts(&self) -> Vec<TrackPart<'_>> {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return Vec::new();
        };
        let mut parts = Vec::with_capacity(self.phases.len() + 1);
        let mut told_s = first.t_s;
        for phase in &self.phases {
            if phase.start_s > told_s + LEAST_S {
                parts.extend(self.part(None, told_s, phase.start_s.min(last.t_s)));
            }
            let start_s = phase.start_s.max(told_s);
            parts.extend(self.part(Some(phase), start_s, phase.end_s.min(last.t_s)));
            told_s = told_s.max(phase.end_s);
        }
        if last.t_s > told_s + LEAST_S {
            parts.extend(self.part(None, told_s, last.t_s));
        }
        parts
    }

    fn part<'t>(
        &'t self,
        phase: Option<&'t TrackPhase>,
        start_s: f64,
        end_s: f64,
    ) -> Option<TrackPart<'t>> {
        if end_s <= start_s {
            return None;
        }
        let [from, to] =
            [start_s, end_s].map(|t_s| self.points.partition_point(|point| point.t_s <= t_s));
        let inner = self.points[from..to].iter().copied().filter(|point| point.t_s < end_s);
        let points = self.at(start_s).into_iter().chain(inner).chain(self.at(end_s)).collect();
        Some(TrackPart { phase, points })
    }
}

/// Why there are no tracks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrackError {
    /// The run directory cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No table says where things were.
    #[error(
        "{} has neither of the tables \"movements\" and \"positions\", so that nothing is known of where things were; run the \
         scenario with --set 'output.trace=\"full\"' for each step, or --set output.sample.positions=true for samples",
        path.display()
    )]
    NoTable {
        /// The directory.
        path: PathBuf,
    },
    /// There is no track of this name.
    #[error("{}: {name:?} has no track; {meant}moving are: {known}", path.display())]
    NoSuchVehicle {
        /// The directory.
        path: PathBuf,
        /// What was asked for.
        name: String,
        /// A question for a similar name, or nothing.
        meant: String,
        /// The names that there are.
        known: String,
    },
    /// Nothing has moved.
    #[error(
        "{}: nothing has moved as far as its tables tell; run the scenario with --set 'output.trace=\"full\"' for each step, or \
         --set output.sample.positions=true for samples of devices",
        path.display()
    )]
    NothingMoves {
        /// The directory.
        path: PathBuf,
    },
    /// The run is nowhere on the earth.
    #[error(
        "{}: the scenario does not say where on the earth it is; give its x = 0, y = 0 as `origin` in the scenario, or here \
         with --origin LON,LAT",
        path.display()
    )]
    NoOrigin {
        /// The directory.
        path: PathBuf,
    },
    /// A mission is of one vehicle.
    #[error("a mission is of one vehicle; choose with --vehicle one of: {known}")]
    SeveralVehicles {
        /// The names that there are.
        known: String,
    },
    /// The vehicle has not flown so often.
    #[error("{vehicle:?} has flown {flights} times; there is no flight {asked}")]
    NoSuchFlight {
        /// The vehicle.
        vehicle: String,
        /// How often it has flown.
        flights: usize,
        /// Which flight was asked for.
        asked: usize,
    },
}

impl TrackError {
    /// That a mission is of one of these tracks only.
    #[must_use]
    pub fn several(tracks: &[Track]) -> Self {
        let names: Vec<&str> = tracks.iter().map(|track| track.vehicle.as_str()).collect();
        TrackError::SeveralVehicles { known: read::listed(&names) }
    }
}
