//! Floating-car data of SUMO (`sumo --fcd-output`): where each vehicle is at each step.

use super::ImportError;
use super::fcd_csv::CsvSteps;
use super::fcd_rows::{Located, Row, Rows, decimals};
use super::xml::XmlFile;
use crate::infra::{LocalPlane, Position};
use quick_xml::events::{BytesStart, Event};
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

/// Reads a floating-car file, XML or CSV, plain or gzipped, step by step, holding one step and the vehicles'
/// names in memory. Persons and containers are passed over.
///
/// CSV is SUMO's own (`;` between `timestep_time`, `vehicle_id`, `vehicle_x`, `vehicle_y`, ...; it has no
/// steps without vehicles) or the table that `stratosim import fcd` writes (`,` between `t_s`, `vehicle`,
/// `x_m`, `y_m`, ...). Other columns are passed over.
///
/// Errors name the file, line and column: a vehicle without id, x or y, one that is listed twice in a
/// step, a value that is no finite number, metres among degrees or degrees among metres, time that is missing
/// or does not increase, a file that is cut short or is not one of this kind. After an error there are no
/// further steps.
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
    source: Source,
    rows: Rows,
    ended: bool,
}

/// A file of either format.
#[derive(Debug)]
enum Source {
    Xml(XmlSteps),
    Csv(Box<CsvSteps>),
}

/// The steps of an XML file.
#[derive(Debug)]
struct XmlSteps {
    xml: XmlFile,
    buffer: Vec<u8>,
    root_seen: bool,
}

impl FcdReader {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be opened or does not start like a file of this kind.
    pub fn open(path: impl AsRef<Path>, coordinates: FcdCoordinates) -> Result<Self, ImportError> {
        let path = path.as_ref();
        match CsvSteps::open(path)? {
            Some(csv) => Ok(FcdReader::of(Source::Csv(Box::new(csv)), coordinates)),
            None => Ok(FcdReader::new(XmlFile::open(path)?, coordinates)),
        }
    }

    pub(super) fn new(xml: XmlFile, coordinates: FcdCoordinates) -> Self {
        FcdReader::of(Source::Xml(XmlSteps { xml, buffer: Vec::new(), root_seen: false }), coordinates)
    }

    fn of(source: Source, coordinates: FcdCoordinates) -> Self {
        FcdReader { source, rows: Rows::new(coordinates), ended: false }
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

    pub(super) fn into_names(self) -> Vec<Arc<str>> {
        self.rows.names
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
        self.rows.vehicles.clear();
        let read = match &mut self.source {
            Source::Xml(xml) => xml.read(&mut self.rows),
            Source::Csv(csv) => csv.read(&mut self.rows),
        };
        let Some(time_s) = read? else { return Ok(None) };
        self.ended = false;
        Ok(Some(FcdStep { time_s, vehicles: &self.rows.vehicles, names: &self.rows.names }))
    }
}

impl XmlSteps {
    fn read(&mut self, rows: &mut Rows) -> Result<Option<f64>, ImportError> {
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
                            let time = time_of(&self.xml, element)?;
                            rows.begin(time, &self.xml)?;
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
                    add(&self.xml, element, rows)?;
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

fn time_of(xml: &XmlFile, element: &BytesStart<'_>) -> Result<f64, ImportError> {
    for attribute in xml.attributes(element) {
        let (name, value) = attribute?;
        if name == "time" {
            return xml.number("time", &value);
        }
    }
    Err(xml.error("<timestep> without time", "<timestep time=\"seconds\">"))
}

fn add(xml: &XmlFile, element: &BytesStart<'_>, rows: &mut Rows) -> Result<(), ImportError> {
    let (mut id, mut x, mut y, mut row) = (None, None, None, Row::default());
    for attribute in xml.attributes(element) {
        let (name, value) = attribute?;
        match name {
            "id" => id = Some(xml.resolved(value)?),
            "x" => x = Some((xml.number("x", &value)?, decimals(&value))),
            "y" => y = Some((xml.number("y", &value)?, decimals(&value))),
            "z" => row.z = Some(xml.number("z", &value)?),
            "speed" => row.speed_m_per_s = Some(xml.number("speed", &value)? as f32),
            "angle" => row.angle_deg = Some(xml.number("angle", &value)? as f32),
            _ => {}
        }
    }
    let Some(name) = id else {
        return Err(xml.error("<vehicle> without id", "<vehicle id=... x=... y=...>"));
    };
    let (Some(x), Some(y)) = (x, y) else {
        let missing = if x.is_none() { "x" } else { "y" };
        let found = format!("vehicle {name:?} without {missing}");
        return Err(xml.error(found, "<vehicle id=... x=... y=...>"));
    };
    rows.add(&Row { id: &name, x, y, ..row }, xml)
}

impl Located for XmlFile {
    fn fault(&self, found: String, expected: String) -> ImportError {
        self.error(found, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::LonLat;
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
    fn mixed_units_are_refused() {
        let two = |first: &str, second: &str| {
            let steps = [first, second].map(|places| format!(r#"<vehicle id="a" {places}/>"#));
            let [first, second] = steps;
            let text = format!(
                "<fcd-export><timestep time='0'>{first}</timestep>\n<timestep time='1'>{second}</timestep></fcd-export>"
            );
            drain(text.into_bytes(), FcdCoordinates::Auto)
        };
        let (metres, degrees) = (r#"x="120.00" y="45.00""#, r#"x="16.253388" y="39.293771""#);
        let message = two(metres, degrees).expect_err("degrees among metres").to_string();
        assert!(
            message.starts_with("test.xml:2:20: found vehicle \"a\" at x=\"16.253388\""),
            "{message}"
        );
        assert!(message.contains("metres, as the first place is"), "{message}");
        let message = two(degrees, metres).expect_err("metres among degrees").to_string();
        assert!(message.contains("within 1000 km of the first one, which is in degrees"), "{message}");
        // Metres near the network's origin that are written with six decimals all along are metres.
        let fine = two(r#"x="512.250000" y="700.000000""#, r#"x="12.250000" y="7.000000""#);
        assert_eq!(fine.expect("metres"), 2);
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
