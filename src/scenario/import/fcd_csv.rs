//! Floating-car data in CSV: SUMO's own, and the table that `stratosim import fcd` writes.

use super::fcd_rows::{Located, Row, Rows, decimals};
use super::{ImportError, open_plain};
use csv::StringRecord;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

/// The names of a column, SUMO's first.
type Names = [&'static str; 2];

const TIME: Names = ["timestep_time", "t_s"];
const ID: Names = ["vehicle_id", "vehicle"];
const X: Names = ["vehicle_x", "x_m"];
const Y: Names = ["vehicle_y", "y_m"];
const Z: Names = ["vehicle_z", "z_m"];
const SPEED: Names = ["vehicle_speed", "speed_m_per_s"];
const ANGLE: Names = ["vehicle_angle", "angle_deg"];

/// The steps of a CSV file: rows of the same time, one after another.
pub(super) struct CsvSteps {
    reader: csv::Reader<Box<dyn Read + Send>>,
    file: PathBuf,
    columns: Columns,
    /// The last row that was read.
    row: StringRecord,
    /// Whether it belongs to the next step.
    is_pending: bool,
}

/// Where the columns are.
#[derive(Clone, Copy, Debug)]
struct Columns {
    time: usize,
    id: usize,
    x: usize,
    y: usize,
    z: Option<usize>,
    speed: Option<usize>,
    angle: Option<usize>,
}

/// A line of the file.
struct Line<'a> {
    file: &'a Path,
    line: u64,
}

impl Located for Line<'_> {
    fn fault(&self, found: String, expected: String) -> ImportError {
        let file = self.file.to_owned();
        ImportError::Content { file, line: self.line, column: 1, found, expected }
    }
}

impl Columns {
    fn of(header: &StringRecord, at: &Line<'_>) -> Result<Self, ImportError> {
        let find = |names: Names| header.iter().position(|name| names.contains(&name));
        let needed = |names: Names| {
            find(names).ok_or_else(|| {
                let found = format!("no column {}", names.join(" or "));
                at.fault(found, format!("a column of time, vehicle, x and y each; there are {header:?}"))
            })
        };
        Ok(Columns {
            time: needed(TIME)?,
            id: needed(ID)?,
            x: needed(X)?,
            y: needed(Y)?,
            z: find(Z),
            speed: find(SPEED),
            angle: find(ANGLE),
        })
    }
}

impl CsvSteps {
    /// Opens a file; `None` if it is not CSV.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, ImportError> {
        let mut source = open_plain(path)?;
        let read = |source| ImportError::Read { file: path.to_owned(), line: 1, column: 1, source };
        let start = source.fill_buf().map_err(read)?;
        let first_line = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(first_line);
        let line = line.trim_start_matches('\u{feff}').trim();
        let delimiter = match () {
            () if line.starts_with('<') => return Ok(None),
            () if line.split(';').any(|name| ID.contains(&name)) => b';',
            () if line.split(',').any(|name| ID.contains(&name)) => b',',
            () => return Ok(None),
        };
        CsvSteps::new(path, Box::new(source), delimiter).map(Some)
    }

    fn new(path: &Path, source: Box<dyn Read + Send>, delimiter: u8) -> Result<Self, ImportError> {
        let mut builder = csv::ReaderBuilder::new();
        let mut reader = builder
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .buffer_capacity(128 * 1024)
            .from_reader(source);
        let file = path.to_owned();
        let at = Line { file: path, line: 1 };
        let header = reader.headers().map_err(|error| broken(&file, error))?;
        let columns = Columns::of(header, &at)?;
        Ok(CsvSteps { reader, file, columns, row: StringRecord::new(), is_pending: false })
    }

    /// The rows of the next step, and its time.
    pub(super) fn read(&mut self, rows: &mut Rows) -> Result<Option<f64>, ImportError> {
        let mut step_s: Option<f64> = None;
        loop {
            if !self.is_pending {
                let read = self.reader.read_record(&mut self.row);
                if !read.map_err(|error| broken(&self.file, error))? {
                    return Ok(step_s);
                }
            }
            self.is_pending = false;
            let line = self.row.position().map_or(0, csv::Position::line);
            let at = Line { file: &self.file, line };
            let text = |column: usize| self.row.get(column).unwrap_or_default();
            let number = |what: &str, column: usize| match text(column).parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(number),
                _ => {
                    let found = format!("{what}=\"{}\"", text(column));
                    Err(at.fault(found, format!("a finite number as {what}")))
                }
            };
            let optional = |what: &str, column: Option<usize>| match column {
                Some(column) if !text(column).is_empty() => number(what, column).map(Some),
                _ => Ok(None),
            };
            let columns = self.columns;
            let time_s = number("time", columns.time)?;
            match step_s {
                Some(step_s) if step_s != time_s => {
                    self.is_pending = true;
                    return Ok(Some(step_s));
                }
                Some(_) => {}
                None => {
                    rows.begin(time_s, &at)?;
                    step_s = Some(time_s);
                }
            }
            // A step without vehicles, or a person.
            if text(columns.id).is_empty() {
                continue;
            }
            let x = (number("x", columns.x)?, decimals(text(columns.x)));
            let y = (number("y", columns.y)?, decimals(text(columns.y)));
            let row = Row {
                id: text(columns.id),
                x,
                y,
                z: optional("z", columns.z)?,
                speed_m_per_s: optional("speed", columns.speed)?.map(|speed| speed as f32),
                angle_deg: optional("angle", columns.angle)?.map(|angle| angle as f32),
            };
            rows.add(&row, &at)?;
        }
    }
}

/// What the CSV reader says, at its line.
fn broken(file: &Path, error: csv::Error) -> ImportError {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(source) => {
            ImportError::Read { file: file.to_owned(), line, column: 1, source }
        }
        kind => {
            let found = match kind {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{len} cells under {expected_len} columns")
                }
                csv::ErrorKind::Utf8 { .. } => "text that is not UTF-8".to_string(),
                other => format!("{other:?}"),
            };
            Line { file, line }.fault(found, "a row with a cell for each column".into())
        }
    }
}

impl std::fmt::Debug for CsvSteps {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CsvSteps").field("file", &self.file).field("row", &self.row).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FcdCoordinates, FcdReader, FcdSummary, scan_fcd, test_data};

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("it takes text");
        file
    }

    #[test]
    fn rows_of_a_time_are_a_step() {
        let sumos = "timestep_time;vehicle_id;vehicle_x;vehicle_y;vehicle_speed;vehicle_lane\n\
                     0.00;a;10.00;20.50;13.89;e_0\n1.00;;;;;\n2.50;a;30.00;20.50;;e_0\n2.50;b;1.00;2.00;0.00;e_1\n";
        let ours =
            "t_s,vehicle,x_m,y_m,speed_m_per_s\n0,a,10,20.5,13.89\n1,,,,\n2.5,a,30,20.5,\n2.5,b,1,2,0\n";
        for text in [sumos, ours] {
            let file = file(text);
            let mut reader = FcdReader::open(file.path(), FcdCoordinates::Auto).expect("CSV");
            let mut seen = Vec::new();
            while let Some(step) = reader.next_step().expect("good") {
                let of = |v: &super::super::FcdVehicle| (v.id, v.position.x_m, v.speed_m_per_s);
                seen.push((step.time_s, step.vehicles.iter().map(of).collect::<Vec<_>>()));
            }
            assert_eq!(
                seen,
                [
                    (0.0, vec![(0, 10.0, Some(13.89))]),
                    (1.0, vec![]),
                    (2.5, vec![(0, 30.0, None), (1, 1.0, Some(0.0))]),
                ]
            );
            assert_eq!((reader.name(1), reader.coordinates()), (Some("b"), FcdCoordinates::Metres));
        }
    }

    #[test]
    fn faults_are_located() {
        let head = "timestep_time;vehicle_id;vehicle_x;vehicle_y\n";
        for (body, needle) in [
            ("0;a;1;2\n1;a;far;2\n", ":3:1: found x=\"far\", expected a finite number as x"),
            (
                "1;a;1;2\n0;a;1;2\n",
                ":3:1: found time=\"0\", expected a time after that of the step before, 1",
            ),
            ("0;a;1;2\n1;b;1;2\n0;a;1;2\n", ":4:1: found time=\"0\""),
            ("0;a;1;2\n0;a;1;2\n", ":3:1: found vehicle \"a\" for the second time in this step"),
            ("0;a;1\n", ":2:1: found 3 cells under 4 columns"),
        ] {
            let file = file(&format!("{head}{body}"));
            let error = scan_fcd(file.path(), FcdCoordinates::Auto).expect_err("a fault").to_string();
            assert!(error.contains(needle), "{error}");
        }
        let no_place = file("timestep_time;vehicle_id;vehicle_y\n0;a;2\n");
        let error = scan_fcd(no_place.path(), FcdCoordinates::Auto).expect_err("no x").to_string();
        assert!(error.contains(":1:1: found no column vehicle_x or x_m"), "{error}");
    }

    /// SUMO's two writers of the same run.
    #[test]
    fn sumos_csv_is_sumos_xml() {
        let (Some(xml), Some(csv)) = (
            test_data("sumo/grid8_50veh_300s_xy.fcd.xml"),
            test_data("sumo/grid8_50veh_300s_xy.fcd.csv.gz"),
        ) else {
            return;
        };
        let [xml, csv]: [FcdSummary; 2] =
            [xml, csv].map(|path| scan_fcd(path, FcdCoordinates::Auto).expect("SUMO's own file"));
        assert_eq!(xml, csv);
    }
}
