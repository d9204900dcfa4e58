//! `stratosim track`: the tracks of a run for maps and ground stations.

use super::{Failure, print};
use crate::infra::{LocalPlane, LonLat};
use crate::output::RunReader;
use crate::scenario::import::write_qgc_wpl;
use crate::tracks::{Track, TrackError, csv_text, flight_plan, geojson, kml, plane_of, read_tracks};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;

/// Write the tracks of vehicles, or of all else that moves, as KML, GeoJSON, CSV or as a mission (QGC WPL).
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stratosim track runs/agriculture-1 --format kml --out agriculture.kml\n  \
    stratosim track runs/agriculture-1 --format geojson --vehicle drone-0 > drone.geojson\n  \
    stratosim track runs/agriculture-1 --format wpl --vehicle drone-0 --flight 2 --out again.waypoints\n\n\
    Tracks are exact where the run has the table movements (output.trace \"full\", or named in output.tables), and \
    samples where it has positions (output.sample.positions). Parts are told apart by the phases of missions. \
    All formats but csv need the scenario's origin, or --origin.")]
pub(super) struct TrackCommand {
    /// Directory of a run.
    run: PathBuf,
    /// Format to write: kml for globes, geojson for maps, csv for tables, wpl for ground stations.
    #[arg(long)]
    format: Format,
    /// The one vehicle or other node whose track is written; all that moved if left out.
    #[arg(long, value_name = "NAME")]
    vehicle: Option<String>,
    /// File to write; standard output if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Longitude and latitude of x = 0, y = 0, where the scenario has no origin, or to move it elsewhere.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true, value_parser = place)]
    origin: Option<LonLat>,
    /// Date of the run's start in KML, such as 2026-06-01T08:00:00Z.
    #[arg(long, value_name = "DATE", default_value = "2000-01-01T00:00:00Z")]
    start: Timestamp,
    /// Which flight of the vehicle becomes a mission.
    #[arg(long, value_name = "N", default_value_t = 1)]
    flight: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Kml,
    Geojson,
    Csv,
    Wpl,
}

fn place(text: &str) -> Result<LonLat, String> {
    let numbers = text.split_once(',').and_then(|(longitude, latitude)| {
        LonLat::new(longitude.trim().parse().ok()?, latitude.trim().parse().ok()?)
    });
    numbers.ok_or_else(|| "give degrees of longitude and latitude, as 11.307,44.4885".into())
}

impl TrackCommand {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let run = RunReader::open(&self.run).map_err(Failure::bad_input)?;
        let tracks = read_tracks(&run, self.vehicle.as_deref()).map_err(Failure::bad_input)?;
        let plane = match self.origin {
            Some(origin) => Ok(LocalPlane::new(origin.longitude_deg, origin.latitude_deg)),
            None => plane_of(&run),
        };
        let mut told = format!("{} of {}", count(tracks.len(), "track"), self.run.display());
        let text = match self.format {
            Format::Csv => csv_text(&tracks, plane.ok().as_ref()),
            Format::Geojson => format!("{}\n", geojson(&tracks, &plane.map_err(Failure::bad_input)?)),
            Format::Kml => {
                let name = run.run()["scenario"]["name"].as_str().unwrap_or("Stratosim").to_string();
                kml(&name, &tracks, &plane.map_err(Failure::bad_input)?, self.start)
            }
            Format::Wpl => {
                let plane = plane.map_err(Failure::bad_input)?;
                let (text, of) = self.mission(&tracks, &plane).map_err(Failure::bad_input)?;
                told = of;
                text
            }
        };
        match &self.out {
            None => print(&text),
            Some(out) => {
                std::fs::write(out, text).map_err(|error| {
                    Failure::Failed(format!("cannot write {}: {error}", out.display()))
                })?;
                print(&format!("wrote {} ({told})\n", out.display()));
            }
        }
        Ok(())
    }

    /// The mission of the one vehicle, and what is told of it.
    fn mission(&self, tracks: &[Track], plane: &LocalPlane) -> Result<(String, String), TrackError> {
        let [track] = tracks else {
            return Err(TrackError::several(tracks));
        };
        let made = flight_plan(track, plane, self.flight)?;
        let mut told = format!("{} of {}", count(made.plan.waypoints.len(), "waypoint"), track.vehicle);
        if made.flights > 1 {
            told += &format!("; flight {} of {}, choose with --flight", made.flight, made.flights);
        }
        Ok((write_qgc_wpl(&made.plan, plane), told))
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
