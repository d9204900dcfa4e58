//! `stratosim import fcd`, `sites` and `eua`: turn movements and places on the earth into tables of our own and a
//! scenario that uses them.

use super::{Failure, print};
use crate::infra::{LocalPlane, LonLat, Position, great_circle_m};
use crate::output::{Destination, FileFormat, OutputError, Recorder, RunDirectory, TableSelection};
use crate::records::{Cell, ColumnSpec, Records, TableId, TableSpec};
use crate::scenario::import::{
    FcdCoordinates, FcdReader, FcdSummary, SiteRow, SitesFormat, read_sites, survey_fcd,
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What is imported beside workload traces.
#[derive(Debug, Subcommand)]
pub(super) enum Maps {
    Fcd(Fcd),
    Sites(Sites),
    Eua(Eua),
}

/// Turn a SUMO trace (floating-car data, XML or CSV) into a table of trajectories in metres and a scenario.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim import fcd bologna.fcd.xml.gz --out maps/bologna\n  \
    stratosim run maps/bologna/scenario.json")]
pub(super) struct Fcd {
    /// File of the trace.
    source: PathBuf,
    /// Folder to write, which must not exist yet.
    #[arg(long)]
    out: PathBuf,
    /// What the coordinates are; told from the first vehicle if left out.
    #[arg(long, default_value = "auto")]
    coordinates: Coordinates,
    /// Longitude and latitude of x = 0, y = 0; the south-western corner of what the vehicles visit if left out.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true)]
    origin: Option<Origin>,
    /// Format of the table. The scenario reads CSV, and of Parquet names the trace itself.
    #[arg(long, default_value = "csv")]
    format: Format,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// Turn a list of sites (EUA, OpenCelliD or our own columns) into our own columns and a scenario.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stratosim import sites cells.csv.gz --out maps/cells --bounds 11.30,44.48,11.34,44.51"
)]
pub(super) struct Sites {
    /// CSV file of the sites.
    source: PathBuf,
    /// Folder to write, which must not exist yet.
    #[arg(long)]
    out: PathBuf,
    /// Only the sites within.
    #[arg(long, value_name = "WEST,SOUTH,EAST,NORTH", allow_hyphen_values = true)]
    bounds: Option<Bounds>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// Turn the edge servers and users of the EUA data set into a scenario.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stratosim import eua site-optus-melbCBD.csv users-melbcbd-generated.csv --out maps/eua"
)]
pub(super) struct Eua {
    /// CSV file of the sites: SITE_ID, LATITUDE, LONGITUDE, ...
    sites: PathBuf,
    /// CSV file of the users: Latitude, Longitude.
    users: PathBuf,
    /// Folder to write, which must not exist yet.
    #[arg(long)]
    out: PathBuf,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Coordinates {
    Auto,
    Metres,
    LonLat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Csv,
    Parquet,
}

#[derive(Clone, Copy, Debug)]
struct Origin(LonLat);

#[derive(Clone, Copy, Debug)]
struct Bounds {
    least: LonLat,
    most: LonLat,
}

/// Numbers between commas.
fn numbers<const N: usize>(text: &str) -> Option<[f64; N]> {
    let parts: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    parts?.try_into().ok()
}

impl std::str::FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place =
            numbers::<2>(text).and_then(|[longitude, latitude]| LonLat::new(longitude, latitude));
        place
            .map(Origin)
            .ok_or_else(|| "give degrees of longitude and latitude, as 11.307,44.4885".into())
    }
}

impl std::str::FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let corners = numbers::<4>(text).and_then(|[west, south, east, north]| {
            Some(Bounds { least: LonLat::new(west, south)?, most: LonLat::new(east, north)? })
        });
        corners.ok_or_else(|| "give degrees, as 11.30,44.48,11.34,44.51".into())
    }
}

impl Bounds {
    fn hold(&self, place: LonLat) -> bool {
        (self.least.longitude_deg..=self.most.longitude_deg).contains(&place.longitude_deg)
            && (self.least.latitude_deg..=self.most.latitude_deg).contains(&place.latitude_deg)
    }
}

impl Maps {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        match self {
            Maps::Fcd(fcd) => fcd.execute(),
            Maps::Sites(sites) => sites.execute(),
            Maps::Eua(eua) => eua.execute(),
        }
    }
}

/// A folder that appears complete or not at all.
fn folder(out: &Path) -> Result<RunDirectory, Failure> {
    RunDirectory::create(out, false).map_err(|error| match error {
        OutputError::Exists { path } => Failure::BadInput(format!(
            "{} exists already; name another folder with --out, or remove it",
            path.display()
        )),
        error => Failure::bad_input(error),
    })
}

fn write(directory: &RunDirectory, name: &str, value: &Value) -> Result<(), Failure> {
    let path = directory.staging_path().join(name);
    std::fs::write(&path, format!("{value:#}\n"))
        .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}

/// Completes the folder, and tells what is in it.
fn finish(
    directory: RunDirectory,
    quiet: bool,
    head: &str,
    lines: &[(&str, String)],
) -> Result<(), Failure> {
    let path = directory.commit().map_err(Failure::failed)?;
    if !quiet {
        let mut text = format!("{head}\n");
        for (name, value) in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<22} {value}");
        }
        let _ = writeln!(text, "  {:<22} {}", "written to", path.display());
        print(&text);
    }
    Ok(())
}

/// Rows of one table into a file in the folder.
struct TableFile {
    recorder: Recorder,
    table: TableId,
}

impl TableFile {
    fn create(directory: &RunDirectory, format: FileFormat, spec: TableSpec) -> Result<Self, Failure> {
        let folder = directory.staging_path().to_path_buf();
        let mut recorder =
            Recorder::new(Destination::Files { directory: folder, format }, TableSelection::All);
        let table = recorder.table(spec).map_err(Failure::failed)?;
        directory.write_dictionary(&recorder.dictionary()).map_err(Failure::failed)?;
        Ok(TableFile { recorder, table })
    }

    fn finish(self) -> Result<(), Failure> {
        self.recorder.finish().map_err(Failure::failed).map(|_| ())
    }
}

fn trajectories() -> TableSpec {
    TableSpec::new(
        "trajectories",
        "Where each vehicle is at each step",
        [
            ColumnSpec::float("t_s", "s", "time from the start of the trace's run"),
            ColumnSpec::category(
                "vehicle",
                "vehicle, as the trace names it; null in a step without any",
            ),
            ColumnSpec::float("x_m", "m", "east of the origin"),
            ColumnSpec::float("y_m", "m", "north of the origin"),
            ColumnSpec::float("z_m", "m", "above the ground"),
            ColumnSpec::float("speed_m_per_s", "m/s", "speed; null if the trace has none"),
            ColumnSpec::float(
                "angle_deg",
                "deg",
                "heading, clockwise from north; null if the trace has none",
            ),
        ],
    )
}

/// Metres to the millimetre: SUMO's own are to the centimetre, and degrees to a decimetre.
fn to_millimetres(metres: f64) -> f64 {
    (metres * 1e3).round() / 1e3
}

/// A single precision number as it is written, rather than as its nearest neighbour in double precision.
fn as_written(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

impl Fcd {
    fn execute(&self) -> Result<(), Failure> {
        let coordinates = match self.coordinates {
            Coordinates::Auto => FcdCoordinates::Auto,
            Coordinates::Metres => FcdCoordinates::Metres,
            Coordinates::LonLat => FcdCoordinates::LonLat,
        };
        let directory = folder(&self.out)?;
        let (summary, names) = survey_fcd(&self.source, coordinates).map_err(Failure::bad_input)?;
        let corner =
            summary.plane.zip(summary.bounds).map(|(plane, bounds)| plane.lon_lat(bounds.least));
        let origin = self.origin.map(|origin| origin.0).or(corner);
        let plane = origin.map(|origin| LocalPlane::new(origin.longitude_deg, origin.latitude_deg));
        let open = FcdReader::open(&self.source, summary.coordinates).map_err(Failure::bad_input)?;
        let mut reader = match plane {
            Some(plane) => open.with_plane(plane),
            None => open,
        };
        let format = match self.format {
            Format::Csv => FileFormat::Csv,
            Format::Parquet => FileFormat::Parquet,
        };
        let mut file = TableFile::create(&directory, format, trajectories())?;
        let symbols: Vec<_> = names.iter().map(|name| file.recorder.symbol(name)).collect();
        let mut extent: Option<(Position, Position)> = None;
        while let Some(step) = reader.next_step().map_err(Failure::bad_input)? {
            let time = Cell::Float(step.time_s);
            if step.vehicles.is_empty() {
                let empty =
                    [time, Cell::Null, Cell::Null, Cell::Null, Cell::Null, Cell::Null, Cell::Null];
                file.recorder.write(file.table, &empty);
            }
            for vehicle in step.vehicles {
                let at = vehicle.position;
                let (least, most) = extent.unwrap_or((at, at));
                extent = Some((
                    Position::ground(least.x_m.min(at.x_m), least.y_m.min(at.y_m)),
                    Position::ground(most.x_m.max(at.x_m), most.y_m.max(at.y_m)),
                ));
                let symbol = symbols.get(vehicle.id as usize).copied();
                let cells = [
                    time,
                    symbol.into(),
                    Cell::Float(to_millimetres(at.x_m)),
                    Cell::Float(to_millimetres(at.y_m)),
                    Cell::Float(to_millimetres(at.z_m)),
                    vehicle.speed_m_per_s.map(as_written).into(),
                    vehicle.angle_deg.map(as_written).into(),
                ];
                file.recorder.write(file.table, &cells);
            }
        }
        file.finish()?;
        write(&directory, "scenario.json", &self.scenario(&summary, origin, extent))?;
        let told = json!({
            "stratosim": env!("CARGO_PKG_VERSION"),
            "source": self.source.display().to_string(),
            "origin": origin.map(degrees),
            "counts": {
                "vehicles": summary.vehicles,
                "rows": summary.rows,
                "steps": summary.steps,
                "empty_steps": summary.empty_steps,
                "gaps": summary.vanished_and_returned,
                "teleports": summary.teleports,
            },
            "first_time_s": summary.first_time_s,
            "last_time_s": summary.last_time_s,
        });
        write(&directory, "import.json", &told)?;
        let unit = match summary.coordinates {
            FcdCoordinates::LonLat => "degrees",
            _ => "metres",
        };
        let time = |time: Option<f64>| time.map_or("-".to_string(), |time| format!("{time} s"));
        let lines = [
            ("vehicles", summary.vehicles.to_string()),
            ("rows", summary.rows.to_string()),
            ("steps", format!("{} ({} empty)", summary.steps, summary.empty_steps)),
            ("time", format!("{} to {}", time(summary.first_time_s), time(summary.last_time_s))),
            ("gaps", summary.vanished_and_returned.to_string()),
            ("teleports", summary.teleports.to_string()),
            ("coordinates", unit.to_string()),
            ("origin", origin.map_or("the network's".to_string(), shown)),
        ];
        finish(directory, self.quiet, "SUMO floating-car data", &lines)
    }

    /// A scenario of the vehicles: a grid of nine edge nodes over the area that they visit, and a cloud.
    fn scenario(
        &self,
        summary: &FcdSummary,
        origin: Option<LonLat>,
        extent: Option<(Position, Position)>,
    ) -> Value {
        let (least, most) = extent.unwrap_or_default();
        let length = |metres: f64| format!("{} m", metres.ceil().max(1.0));
        let column = |share: f64| to_millimetres(least.x_m + share * (most.x_m - least.x_m));
        let row = |share: f64| to_millimetres(least.y_m + share * (most.y_m - least.y_m));
        let shares = [1.0 / 6.0, 0.5, 5.0 / 6.0];
        let positions: Vec<Value> = shares
            .iter()
            .flat_map(|&y| shares.iter().map(move |&x| (x, y)))
            .map(|(x, y)| json!({ "x": column(x), "y": row(y) }))
            .collect();
        let mobility = match self.format {
            Format::Csv => {
                json!({ "kind": "sumo_fcd", "file": "trajectories.csv", "coordinates": "metres" })
            }
            Format::Parquet => {
                let source = std::fs::canonicalize(&self.source).unwrap_or_else(|_| self.source.clone());
                json!({ "kind": "sumo_fcd", "file": source })
            }
        };
        let mut scenario = json!({
            "description": format!("The vehicles of {}, and nine edge nodes on a grid over them.", self.source.display()),
            "duration": format!("{} s", summary.last_time_s.unwrap_or(0.0) + 1.0),
            "area": { "width": length(most.x_m.max(1.0)), "height": length(most.y_m.max(1.0)) },
            "nodes": [
                { "tier": "cloud" },
                { "tier": "edge", "count": 9, "mobility": { "kind": "static", "positions": positions } },
                { "tier": "device", "name": "vehicle", "mobility": mobility },
            ],
        });
        if let Some(origin) = origin {
            scenario["origin"] = degrees(origin);
        }
        scenario
    }
}

fn degrees(place: LonLat) -> Value {
    json!({ "longitude": place.longitude_deg, "latitude": place.latitude_deg })
}

fn shown(place: LonLat) -> String {
    format!("longitude {:.6}, latitude {:.6}", place.longitude_deg, place.latitude_deg)
}

fn sites_table(name: &'static str, meaning: &'static str) -> TableSpec {
    TableSpec::new(
        name,
        meaning,
        [
            ColumnSpec::text("id", "name"),
            ColumnSpec::float("longitude", "deg", "degrees east of Greenwich"),
            ColumnSpec::float("latitude", "deg", "degrees north of the equator"),
            ColumnSpec::float(
                "height_m",
                "m",
                "height of the antenna above the ground; null if it is not known",
            ),
            ColumnSpec::float("transmit_power_dbm", "dBm", "transmit power; null if it is not known"),
            ColumnSpec::float("antenna_gain_db", "dB", "gain of the antenna; null if it is not known"),
            ColumnSpec::float("range_m", "m", "range; null if it is not known"),
        ],
    )
}

/// Reads sites, and writes them in our columns.
fn convert(
    directory: &RunDirectory,
    source: &Path,
    bounds: Option<Bounds>,
    table: (&'static str, &'static str),
) -> Result<(SitesFormat, Vec<SiteRow>), Failure> {
    let (format, mut rows) = read_sites(source).map_err(Failure::bad_input)?;
    let read = rows.len();
    rows.retain(|row| bounds.is_none_or(|bounds| bounds.hold(row.place)));
    if rows.is_empty() {
        let within = if read > 0 { " within these bounds" } else { "" };
        return Err(Failure::BadInput(format!("{} has no sites{within}", source.display())));
    }
    let mut file = TableFile::create(directory, FileFormat::Csv, sites_table(table.0, table.1))?;
    for row in &rows {
        let cells = [
            Cell::Text(&row.id),
            Cell::Float(row.place.longitude_deg),
            Cell::Float(row.place.latitude_deg),
            row.height_m.into(),
            row.transmit_power_dbm.into(),
            row.antenna_gain_db.into(),
            row.range_m.into(),
        ];
        file.recorder.write(file.table, &cells);
    }
    file.finish()?;
    Ok((format, rows))
}

/// The box around places.
fn bounds_of(rows: &[SiteRow]) -> (LonLat, LonLat) {
    let each = |of: fn(&LonLat) -> f64, choose: fn(f64, f64) -> f64| {
        rows.iter().map(|row| of(&row.place)).reduce(choose).unwrap_or(0.0)
    };
    let corner = |choose| LonLat {
        longitude_deg: each(|place| place.longitude_deg, choose),
        latitude_deg: each(|place| place.latitude_deg, choose),
    };
    (corner(f64::min), corner(f64::max))
}

/// Width and height of the box in whole metres, as the area of a scenario.
fn area((least, most): (LonLat, LonLat)) -> Value {
    let plane = LocalPlane::new(least.longitude_deg, least.latitude_deg);
    let corner = plane.position(most);
    let length = |metres: f64| format!("{} m", metres.ceil().max(1.0));
    json!({ "width": length(corner.x_m), "height": length(corner.y_m) })
}

/// What is told of sites: their number, where they are, and how far apart.
fn lines(format: SitesFormat, rows: &[SiteRow]) -> [(&'static str, String); 4] {
    let (least, most) = bounds_of(rows);
    let nearest = |row: &SiteRow| {
        let others = rows.iter().filter(|other| other.id != row.id);
        others.map(|other| great_circle_m(row.place, other.place)).reduce(f64::min)
    };
    // All pairs of a country's cells would take minutes.
    let apart: Vec<f64> =
        if rows.len() <= 5000 { rows.iter().filter_map(nearest).collect() } else { Vec::new() };
    let mean = match apart.len() {
        0 => "-".to_string(),
        count => format!("{:.0} m on average", apart.iter().sum::<f64>() / count as f64),
    };
    [
        ("sites", format!("{}, in the columns of {}", rows.len(), format.name())),
        ("south-west", shown(least)),
        ("north-east", shown(most)),
        ("to the nearest other", mean),
    ]
}

impl Sites {
    fn execute(&self) -> Result<(), Failure> {
        let directory = folder(&self.out)?;
        let table = ("sites", "Sites of base stations and edge servers");
        let (format, rows) = convert(&directory, &self.source, self.bounds, table)?;
        let corners = bounds_of(&rows);
        let scenario = json!({
            "description": format!("The sites of {}, and fifty phones that walk among them.", self.source.display()),
            "origin": degrees(corners.0),
            "area": area(corners),
            "nodes": [
                { "tier": "cloud" },
                { "tier": "edge", "name": "site", "mobility": { "kind": "sites_csv", "file": "sites.csv" } },
                { "tier": "device", "count": 50 },
            ],
        });
        write(&directory, "scenario.json", &scenario)?;
        finish(directory, self.quiet, "Sites", &lines(format, &rows))
    }
}

impl Eua {
    fn execute(&self) -> Result<(), Failure> {
        let directory = folder(&self.out)?;
        let table = ("sites", "Edge servers of the EUA data set");
        let (format, mut rows) = convert(&directory, &self.sites, None, table)?;
        let told = lines(format, &rows);
        let table = ("users", "Users of the EUA data set");
        let (_, users) = convert(&directory, &self.users, None, table)?;
        let count = users.len();
        rows.extend(users);
        let corners = bounds_of(&rows);
        let scenario = json!({
            "description": "Edge servers and users of the EUA data set, where they are.",
            "origin": degrees(corners.0),
            "area": area(corners),
            "nodes": [
                { "tier": "cloud" },
                { "tier": "edge", "name": "server", "mobility": { "kind": "sites_csv", "file": "sites.csv" } },
                { "tier": "device", "name": "user", "mobility": { "kind": "sites_csv", "file": "users.csv" } },
            ],
        });
        write(&directory, "scenario.json", &scenario)?;
        let mut all = told.to_vec();
        all.push(("users", count.to_string()));
        finish(directory, self.quiet, "EUA data set", &all)
    }
}
