//! Floating-car data of SUMO (`sumo --fcd-output`): where each vehicle is at each step.

use super::ImportError;
use super::xml::XmlFile;
use crate::infra::{LocalPlane, LonLat, Position};
use quick_xml::events::{BytesStart, Event};
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// What `x` and `y` of a file mean; nothing in the file says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FcdCoordinates {
    /// Degrees if the first vehicle's `x` and `y` are possible degrees and one is written with at least
    /// four decimals (0.0001 degrees are 11 m; SUMO writes 6 decimals of degrees and 2 of metres), else
    /// metres.
    #[default]
    Auto,
    /// Metres east and north of the network's origin.
    Metres,
    /// Degrees east and north (`--fcd-output.geo`).
    LonLat,
}

/// One vehicle at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FcdVehicle {
    /// The vehicle: a dense index in the order of first appearance.
    pub id: u32,
    /// The middle of its front bumper.
    pub position: Position,
    /// Its speed, if the file holds it.
    pub speed_m_per_s: Option<f32>,
    /// Where it heads, if the file holds it: degrees clockwise from north.
    pub angle_deg: Option<f32>,
}

/// All vehicles at one time.
#[derive(Clone, Copy, Debug)]
pub struct FcdStep<'a> {
    /// Time in seconds from the start of SUMO's run.
    pub time_s: f64,
    /// The vehicles on the road, in the order of the file.
    pub vehicles: &'a [FcdVehicle],
    names: &'a [Arc<str>],
}

impl FcdStep<'_> {
    /// The name that SUMO has for a vehicle met so far.
    #[must_use]
    pub fn name(&self, id: u32) -> Option<&str> {
        self.names.get(id as usize).map(|name| &**name)
    }
}

/// Reads a floating-car file, XML, plain or gzipped, step by step, holding one step and the vehicles'
/// names in memory. Persons and containers are passed over.
///
/// Errors name the file, line and column: a vehicle without id, x or y, one that is listed twice in a
/// step, a value that is no finite number, time that is missing or does not increase, a file that is cut
/// short or is not one of this kind. After an error there are no further steps.
///
/// ```no_run
/// use stratosim::scenario::import::{FcdCoordinates, FcdReader};
/// let mut reader = FcdReader::open("city.fcd.xml.gz", FcdCoordinates::Auto)?;
/// while let Some(step) = reader.next_step()? {
///     for vehicle in step.vehicles {
///         println!("{} s: {:?} at {:?}", step.time_s, step.name(vehicle.id), vehicle.position);
///     }
/// }
/// # Ok::<(), stratosim::scenario::import::ImportError>(())
/// ```
#[derive(Debug)]
pub struct FcdReader {
    xml: XmlFile,
    buffer: Vec<u8>,
    rows: Rows,
    root_seen: bool,
    ended: bool,
}

/// The rows of the current step and what is known from the rows before it.
#[derive(Debug)]
struct Rows {
    coordinates: FcdCoordinates,
    plane: Option<LocalPlane>,
    ids: FxHashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// The number of the last step in which each vehicle was listed.
    listed_in: Vec<u64>,
    step: u64,
    time_s: Option<f64>,
    vehicles: Vec<FcdVehicle>,
}

impl FcdReader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be opened or does not start like XML.
    pub fn open(path: impl AsRef<Path>, coordinates: FcdCoordinates) -> Result<Self, ImportError> {
        Ok(FcdReader::new(XmlFile::open(path.as_ref())?, coordinates))
    }

    pub(super) fn new(xml: XmlFile, coordinates: FcdCoordinates) -> Self {
        let rows = Rows {
            coordinates,
            plane: None,
            ids: FxHashMap::default(),
            names: Vec::new(),
            listed_in: Vec::new(),
            step: 0,
            time_s: None,
            vehicles: Vec::new(),
        };
        FcdReader { xml, buffer: Vec::new(), rows, root_seen: false, ended: false }
    }

    /// Projects degrees to this plane rather than to that around the first vehicle's first place. Does
    /// nothing to metres.
    #[must_use]
    pub fn with_plane(mut self, plane: LocalPlane) -> Self {
        self.rows.plane = Some(plane);
        self
    }

    /// What the coordinates are: from the first vehicle on not [`FcdCoordinates::Auto`].
    #[must_use]
    pub fn coordinates(&self) -> FcdCoordinates {
        self.rows.coordinates
    }

    /// The plane that degrees are projected to: that given, or from the first vehicle on that around its
    /// first place; `None` of a file in metres.
    #[must_use]
    pub fn plane(&self) -> Option<LocalPlane> {
        self.rows.plane.filter(|_| self.rows.coordinates != FcdCoordinates::Metres)
    }

    /// How many different vehicles have been met so far; their ids are below this.
    #[must_use]
    pub fn vehicles(&self) -> usize {
        self.rows.names.len()
    }

    /// The name that SUMO has for a vehicle met so far.
    #[must_use]
    pub fn name(&self, id: u32) -> Option<&str> {
        self.rows.names.get(id as usize).map(|name| &**name)
    }

    /// The next step, without vehicles where the road is empty; `None` after the last one or an error.
    ///
    /// # Errors
    /// If the file is not what it should be.
    pub fn next_step(&mut self) -> Result<Option<FcdStep<'_>>, ImportError> {
        if self.ended {
            return Ok(None);
        }
        // Set first, so that an error ends the reading too.
        self.ended = true;
        let Some(time_s) = self.read_step()? else { return Ok(None) };
        self.ended = false;
        Ok(Some(FcdStep { time_s, vehicles: &self.rows.vehicles, names: &self.rows.names }))
    }

    fn read_step(&mut self) -> Result<Option<f64>, ImportError> {
        self.rows.vehicles.clear();
        let mut time_s = None;
        loop {
            let (depth, event) = self.xml.next(&mut self.buffer)?;
            match (depth, &event) {
                (0, Event::Start(element) | Event::Empty(element)) => {
                    let name = element.name().into_inner();
                    if name != "fcd-export" {
                        return Err(self.xml.error(
                            format!("<{name}>"),
                            "<fcd-export>, the root of SUMO's floating-car data",
                        ));
                    }
                    self.root_seen = true;
                }
                (1, Event::Start(element) | Event::Empty(element)) => {
                    match element.name().into_inner() {
                        "timestep" => {
                            let time = self.rows.begin(&self.xml, element)?;
                            if matches!(event, Event::Empty(_)) {
                                return Ok(Some(time));
                            }
                            time_s = Some(time);
                        }
                        "vehicle" => return Err(self.xml.error("<vehicle>", "<timestep> around it")),
                        _ => {}
                    }
                }
                (2, Event::Start(element) | Event::Empty(element))
                    if time_s.is_some() && element.name().into_inner() == "vehicle" =>
                {
                    self.rows.add(&self.xml, element)?;
                }
                (1, Event::End(_)) if time_s.is_some() => return Ok(time_s),
                (_, Event::Eof) if self.root_seen => return Ok(None),
                (_, Event::Eof) => {
                    return Err(self.xml.error("the end of the file", "<fcd-export>"));
                }
                _ => {}
            }
        }
    }
}

impl Rows {
    fn begin(&mut self, xml: &XmlFile, element: &BytesStart<'_>) -> Result<f64, ImportError> {
        let mut time_s = None;
        for attribute in xml.attributes(element) {
            let (name, value) = attribute?;
            if name == "time" {
                time_s = Some(xml.number("time", &value)?);
            }
        }
        let Some(time_s) = time_s else {
            return Err(xml.error("<timestep> without time", "<timestep time=\"seconds\">"));
        };
        if let Some(last_s) = self.time_s.filter(|&last_s| last_s >= time_s) {
            let expected = format!("a time after that of the step before, {last_s}");
            return Err(xml.error(format!("time=\"{time_s}\""), expected));
        }
        self.time_s = Some(time_s);
        self.step += 1;
        Ok(time_s)
    }

    fn add(&mut self, xml: &XmlFile, element: &BytesStart<'_>) -> Result<(), ImportError> {
        let (mut id, mut x, mut y, mut z) = (None, None, None, None);
        let (mut speed_m_per_s, mut angle_deg) = (None, None);
        for attribute in xml.attributes(element) {
            let (name, value) = attribute?;
            match name {
                "id" => id = Some(xml.resolved(value)?),
                "x" => x = Some((xml.number("x", &value)?, decimals(&value))),
                "y" => y = Some((xml.number("y", &value)?, decimals(&value))),
                "z" => z = Some(xml.number("z", &value)?),
                "speed" => speed_m_per_s = Some(xml.number("speed", &value)? as f32),
                "angle" => angle_deg = Some(xml.number("angle", &value)? as f32),
                _ => {}
            }
        }
        let Some(name) = id else {
            return Err(xml.error("<vehicle> without id", "<vehicle id=... x=... y=...>"));
        };
        let (Some((x, x_decimals)), Some((y, y_decimals))) = (x, y) else {
            let missing = if x.is_none() { "x" } else { "y" };
            let found = format!("vehicle {name:?} without {missing}");
            return Err(xml.error(found, "<vehicle id=... x=... y=...>"));
        };
        let lon_lat = LonLat::new(x, y);
        if self.coordinates == FcdCoordinates::Auto {
            self.coordinates = if lon_lat.is_some() && x_decimals.max(y_decimals) >= 4 {
                FcdCoordinates::LonLat
            } else {
                FcdCoordinates::Metres
            };
        }
        let mut position = match (self.coordinates, lon_lat) {
            (FcdCoordinates::LonLat, Some(place)) => {
                self.plane.get_or_insert_with(|| LocalPlane::new(x, y)).position(place)
            }
            (FcdCoordinates::LonLat, None) => {
                return Err(xml.error(
                    format!("vehicle {name:?} at x=\"{x}\" y=\"{y}\""),
                    "degrees of longitude and latitude, or the reading of the file as metres",
                ));
            }
            _ => Position::ground(x, y),
        };
        position.z_m = z.unwrap_or(0.0);
        let id = self.intern(&name);
        let listed_in = &mut self.listed_in[id as usize];
        if *listed_in == self.step {
            let found = format!("vehicle {name:?} for the second time in this step");
            return Err(xml.error(found, "each vehicle once"));
        }
        *listed_in = self.step;
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
fn decimals(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, decimals)| decimals.trim_ascii_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::{Cursor, Write};

    const TWO_STEPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- generated by a person -->
<fcd-export>
    <timestep time="0.00">
        <vehicle id="a&amp;b" x="10.00" y="20.50" angle="90.00" type="car" speed="13.89" lane="e_0"/>
        <person id="a&amp;b" x="1.00" y="2.00" speed="1.00"/>
        <vehicle id="bus" x="-4.00" y="0.25" z="3.00"><param key="k" value="v"/></vehicle>
    </timestep>
    <timestep time="1.00"/>
    <timestep time="2.50">
        <vehicle id="bus" x="-4.00" y="1.00"/>
    </timestep>
</fcd-export>
"#;

    fn reader(bytes: Vec<u8>, coordinates: FcdCoordinates) -> Result<FcdReader, ImportError> {
        Ok(FcdReader::new(XmlFile::new("test.xml", Cursor::new(bytes))?, coordinates))
    }

    /// Reads to the end or the first error.
    fn drain(bytes: Vec<u8>, coordinates: FcdCoordinates) -> Result<usize, ImportError> {
        let mut reader = reader(bytes, coordinates)?;
        let mut rows = 0;
        while let Some(step) = reader.next_step()? {
            rows += step.vehicles.len();
        }
        Ok(rows)
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    #[test]
    fn steps_rows_and_names_are_read() {
        for bytes in [TWO_STEPS.as_bytes().to_vec(), gzipped(TWO_STEPS.as_bytes())] {
            let mut reader = reader(bytes, FcdCoordinates::Auto).expect("good");
            let step = reader.next_step().expect("good").expect("a step");
            assert_eq!(step.time_s, 0.0);
            assert_eq!(
                step.vehicles,
                [
                    FcdVehicle {
                        id: 0,
                        position: Position::ground(10.0, 20.5),
                        speed_m_per_s: Some(13.89),
                        angle_deg: Some(90.0),
                    },
                    FcdVehicle {
                        id: 1,
                        position: Position { x_m: -4.0, y_m: 0.25, z_m: 3.0 },
                        speed_m_per_s: None,
                        angle_deg: None,
                    },
                ]
            );
            assert_eq!((step.name(0), step.name(1), step.name(2)), (Some("a&b"), Some("bus"), None));
            assert!(reader.next_step().expect("good").expect("a step").vehicles.is_empty());
            let last = reader.next_step().expect("good").expect("a step");
            assert_eq!((last.time_s, last.vehicles.len(), last.vehicles[0].id), (2.5, 1, 1));
            assert!(reader.next_step().expect("good").is_none());
            assert_eq!((reader.vehicles(), reader.name(1)), (2, Some("bus")));
            assert_eq!((reader.coordinates(), reader.plane()), (FcdCoordinates::Metres, None));
        }
    }

    fn one_row(x: &str, y: &str) -> Vec<u8> {
        let row = format!(r#"<vehicle id="a" x="{x}" y="{y}"/>"#);
        format!(r#"<fcd-export><timestep time="0">{row}</timestep></fcd-export>"#).into_bytes()
    }

    #[test]
    fn degrees_are_told_from_metres() {
        let detected = |x, y| {
            let mut reader = reader(one_row(x, y), FcdCoordinates::Auto).expect("good");
            let position = reader.next_step().expect("good").expect("a step").vehicles[0].position;
            (reader.coordinates(), reader.plane().map(|plane| plane.origin()), position)
        };
        let here = LonLat { longitude_deg: 16.25, latitude_deg: 39.3 };
        assert_eq!(
            detected("16.250000", "39.300000"),
            (FcdCoordinates::LonLat, Some(here), Position::default())
        );
        assert_eq!(
            detected("16.25", "39.30"),
            (FcdCoordinates::Metres, None, Position::ground(16.25, 39.3))
        );
        assert_eq!(detected("1016.250000", "39.300000").0, FcdCoordinates::Metres);

        let mut given = reader(one_row("16.26", "39.31"), FcdCoordinates::LonLat)
            .expect("good")
            .with_plane(LocalPlane::new(16.25, 39.3));
        let position = given.next_step().expect("good").expect("a step").vehicles[0].position;
        assert_eq!((position.x_m.round(), position.y_m.round()), (862.0, 1110.0));
    }

    #[test]
    fn faults_are_located() {
        let message = |bad: &str, worse: &str, coordinates| {
            assert!(TWO_STEPS.contains(bad));
            let bytes = TWO_STEPS.replace(bad, worse).into_bytes();
            drain(bytes, coordinates).expect_err("a fault").to_string()
        };
        let metres = |bad, worse| message(bad, worse, FcdCoordinates::Metres);
        assert_eq!(
            metres(r#" x="10.00""#, ""),
            "test.xml:5:9: found vehicle \"a&b\" without x, expected <vehicle id=... x=... y=...>"
        );
        assert_eq!(
            metres(r#" id="bus""#, ""),
            "test.xml:7:9: found <vehicle> without id, expected <vehicle id=... x=... y=...>"
        );
        assert_eq!(
            metres("20.50", "NaN"),
            "test.xml:5:9: found y=\"NaN\", expected a finite number as y"
        );
        assert_eq!(
            metres(r#"timestep time="1.00""#, "timestep"),
            "test.xml:9:5: found <timestep> without time, expected <timestep time=\"seconds\">"
        );
        assert_eq!(
            metres(r#"time="1.00""#, r#"time="-1.00""#),
            "test.xml:9:5: found time=\"-1\", expected a time after that of the step before, 0"
        );
        assert_eq!(
            metres(r#"time="2.50""#, r#"time="0:00:02""#),
            "test.xml:10:5: found time=\"0:00:02\", expected a finite number as time"
        );
        assert_eq!(
            metres("\"bus\"", "\"a&amp;b\""),
            "test.xml:7:9: found vehicle \"a&b\" for the second time in this step, \
             expected each vehicle once"
        );
        assert!(metres("a&amp;b", "a&b").starts_with("test.xml:5:9: found \"a&b\""));
        assert!(metres("fcd-export>\n    <t", "net>\n    <t").starts_with("test.xml:3:1: found <net>"));
        assert!(metres("</timestep>\n    <timestep time=\"1", "<timestep time=\"1").contains("amiss"));
        assert_eq!(
            message("10.00", "200.00", FcdCoordinates::LonLat),
            "test.xml:5:9: found vehicle \"a&b\" at x=\"200\" y=\"20.5\", expected degrees of longitude \
             and latitude, or the reading of the file as metres"
        );
        let cut = &TWO_STEPS.as_bytes()[..TWO_STEPS.len() - "</fcd-export>\n".len()];
        let cut = drain(cut.to_vec(), FcdCoordinates::Auto).expect_err("cut").to_string();
        assert!(cut.contains("found the end of the file, expected the end tags"), "{cut}");
    }

    #[test]
    fn other_files_are_refused() {
        let message =
            |bytes: &[u8]| drain(bytes.to_vec(), FcdCoordinates::Auto).expect_err("not FCD").to_string();
        assert_eq!(
            message(b"timestep_time;vehicle_id;vehicle_x"),
            "test.xml:1:1: found \"timestep_time;vehicle_id\", expected \"<\", with which an XML file in \
             UTF-8 starts"
        );
        assert_eq!(message(b""), "test.xml:1:1: found the end of the file, expected <fcd-export>");
        assert!(
            message(b"<vehicle/>").starts_with("test.xml:1:1: found <vehicle>, expected <fcd-export>")
        );
        assert!(
            message(b"<fcd-export><vehicle/></fcd-export>").ends_with("expected <timestep> around it")
        );
        let zipped = gzipped(TWO_STEPS.as_bytes());
        let cut = message(&zipped[..zipped.len() / 2]);
        assert!(cut.contains("cannot be read beyond this place"), "{cut}");
        let missing = FcdReader::open("no/such.fcd.xml", FcdCoordinates::Auto).expect_err("missing");
        assert!(missing.to_string().starts_with("no/such.fcd.xml: cannot be opened: "));
    }

    #[test]
    fn an_error_is_the_end() {
        let bytes = TWO_STEPS.replace("20.50", "?").into_bytes();
        let mut reader = reader(bytes, FcdCoordinates::Auto).expect("good");
        assert!(reader.next_step().is_err());
        assert!(reader.next_step().expect("ended").is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, markup in "[<>/&;!?='\" a-f\\-\\[]{0,60}") {
            let _ = drain(bytes, FcdCoordinates::Auto);
            let body = format!("<fcd-export><timestep time='1'>{markup}");
            let _ = drain(body.into_bytes(), FcdCoordinates::Auto);
        }

        /// A file that lacks its end is refused, and so is one whose gzip stream does.
        #[test]
        fn cut_files_are_refused(share in 0.0..1.0f64, flipped in 0..700_usize, bit in 0..8_u32) {
            let whole = TWO_STEPS.trim_end().as_bytes();
            let zipped = gzipped(whole);
            for bytes in [whole, &zipped] {
                let kept = (bytes.len() as f64 * share) as usize;
                prop_assert!(drain(bytes[..kept].to_vec(), FcdCoordinates::Auto).is_err());
            }
            for bytes in [whole, &zipped] {
                let mut bytes = bytes.to_vec();
                let place = flipped % bytes.len();
                bytes[place] ^= 1 << bit;
                let _ = drain(bytes, FcdCoordinates::Auto);
            }
        }
    }
}
