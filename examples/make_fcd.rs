//! Writes `scenarios/data/city.fcd.xml.gz`: sixty vehicles on the streets of a small grid city, as SUMO
//! would write it. For real traffic use SUMO itself; this keeps a map at hand where there is none. A second such
//! file, `scenarios/edge/data/bologna-stand-in.fcd.xml.gz`, lies where the real trace of `scenarios/edge/bologna.json`
//! does, and stands in for it.
//!
//! Streets are 150 m apart, two ways, with limits of 50 km/h on every third and 30 km/h on the others. A
//! vehicle departs at a random crossing in the first minute, at each crossing goes on, left or right with
//! probabilities 1/2, 1/4, 1/4 (as far as the city reaches, else anywhere it may), and arrives, and so
//! vanishes, after 8 to 30 blocks.

use flate2::{Compression, write::GzEncoder};
use rand::RngExt;
use std::io::{self, BufWriter, Write};
use stratosim::engine::{RandomStreams, Stream};
use stratosim::infra::{LocalPlane, Position};

const BLOCKS: i32 = 10;
const BLOCK_M: f64 = 150.0;
const VEHICLES: usize = 60;
const DURATION_S: usize = 300;
/// East, north, west, south: a quarter turn to the left each.
const DIRECTIONS: [(i32, i32); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// Where a vehicle is second by second: place, angle in degrees, speed in m/s.
fn drive(random: &mut Stream) -> Vec<(Position, u32, f64)> {
    let (mut x, mut y) = (random.random_range(0..=BLOCKS), random.random_range(0..=BLOCKS));
    let mut heading = random.random_range(0..4_usize);
    let mut left_m = BLOCK_M * f64::from(random.random_range(8..=30));
    let (mut along_m, mut trace) = (BLOCK_M, Vec::new());
    let inside = |(x, y): (i32, i32)| (0..=BLOCKS).contains(&x) && (0..=BLOCKS).contains(&y);
    while left_m > 0.0 {
        if along_m >= BLOCK_M {
            along_m -= BLOCK_M;
            if !trace.is_empty() {
                (x, y) = (x + DIRECTIONS[heading].0, y + DIRECTIONS[heading].1);
            }
            let mut turn = [0, 0, 1, 3][random.random_range(0..4_usize)];
            let ahead = |turn| DIRECTIONS[(heading + turn) % 4];
            while !inside((x + ahead(turn).0, y + ahead(turn).1)) {
                turn = random.random_range(0..4);
            }
            heading = (heading + turn) % 4;
        }
        let (east, north) = DIRECTIONS[heading];
        let street = if north == 0 { y } else { x };
        let limit_m_per_s = if street % 3 == 0 { 50.0 } else { 30.0 } / 3.6;
        // Slower within 20 m of a crossing, and a little different each second.
        let near = along_m.min(BLOCK_M - along_m) < 20.0;
        let speed = limit_m_per_s * random.random_range(0.9..1.0) * if near { 0.5 } else { 1.0 };
        let coordinate =
            |crossing: i32, step: i32| f64::from(crossing) * BLOCK_M + f64::from(step) * along_m;
        let place = Position::ground(coordinate(x, east), coordinate(y, north));
        trace.push((place, [90, 0, 270, 180][heading], speed));
        along_m += speed;
        left_m -= speed;
    }
    trace
}

/// Writes the trips of a city whose south-western crossing is `plane`'s origin; the name is that of its chance.
fn write_city(name: &str, path: &str, plane: LocalPlane) -> io::Result<()> {
    let mut random = RandomStreams::new(1).stream(name);
    let trips: Vec<_> =
        (0..VEHICLES).map(|_| (random.random_range(0..60_usize), drive(&mut random))).collect();
    if let Some(folder) = std::path::Path::new(path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = std::fs::File::create(path)?;
    let mut out = BufWriter::new(GzEncoder::new(file, Compression::best()));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<fcd-export>")?;
    for time in 0..DURATION_S {
        writeln!(out, "    <timestep time=\"{time}.00\">")?;
        for (id, (depart, trace)) in trips.iter().enumerate() {
            let row = time.checked_sub(*depart).and_then(|second| trace.get(second));
            let Some(&(place, angle, speed)) = row else { continue };
            let (lon, lat) = (plane.lon_lat(place).longitude_deg, plane.lon_lat(place).latitude_deg);
            write!(out, "        <vehicle id=\"{id}\" x=\"{lon:.6}\" y=\"{lat:.6}\" ")?;
            writeln!(out, "angle=\"{angle}.00\" type=\"car\" speed=\"{speed:.2}\"/>")?;
        }
        writeln!(out, "    </timestep>")?;
    }
    writeln!(out, "</fcd-export>")?;
    out.into_inner()?.finish()?.flush()
}

fn main() -> io::Result<()> {
    write_city("city", "scenarios/data/city.fcd.xml.gz", LocalPlane::new(16.25, 39.30))?;
    let bologna = LocalPlane::new(11.3095, 44.489);
    write_city("bologna", "scenarios/edge/data/bologna-stand-in.fcd.xml.gz", bologna)
}
