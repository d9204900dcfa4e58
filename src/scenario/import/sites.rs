//! Sites of base stations and edge servers: CSV with longitudes and latitudes.

use super::{ImportError, open_plain};
use crate::infra::{LonLat, great_circle_m};
use csv::StringRecord;
use std::collections::BTreeMap;
use std::path::Path;

/// Sites farther than this from the first one, in metres, are taken for a mistake.
const FARTHEST_M: f64 = 3e6;

/// A site of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteRow {
    /// Its name; that of its row, counted from 1, where the file has none.
    pub id: String,
    /// Where it is.
    pub place: LonLat,
    /// Height of its antenna above the ground in metres.
    pub height_m: Option<f64>,
    /// Transmit power in dBm.
    pub transmit_power_dbm: Option<f64>,
    /// Gain of its antenna in dB.
    pub antenna_gain_db: Option<f64>,
    /// Range in metres.
    pub range_m: Option<f64>,
}

/// Which data set a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SitesFormat {
    /// Our own: `id`, `longitude`, `latitude`, and `height_m`, `transmit_power_dbm`, `antenna_gain_db`, `range_m`,
    /// each optional.
    Own,
    /// The sites or users of the EUA data set: `SITE_ID`, `LATITUDE`, `LONGITUDE`, or `Latitude`, `Longitude`.
    Eua,
    /// OpenCelliD, with or without its header: `radio`, `mcc`, `net`, `area`, `cell`, `unit`, `lon`, `lat`,
    /// `range`, ...
    OpenCellId,
}

impl SitesFormat {
    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SitesFormat::Own => "sites",
            SitesFormat::Eua => "EUA",
            SitesFormat::OpenCellId => "OpenCelliD",
        }
    }
}

/// The columns of OpenCelliD up to the range, in their order.
const OPEN_CELL_ID: [&str; 9] = ["radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range"];
/// What the first column of a file of OpenCelliD without header holds.
const RADIOS: [&str; 5] = ["GSM", "UMTS", "LTE", "NR", "CDMA"];

/// Where the columns are.
struct Columns {
    format: SitesFormat,
    id: Vec<usize>,
    longitude: usize,
    latitude: usize,
    height: Option<usize>,
    power: Option<usize>,
    gain: Option<usize>,
    range: Option<usize>,
}

impl Columns {
    /// The columns of a header, or what is missing in it.
    fn of(header: &StringRecord) -> Result<Self, &'static str> {
        let lower: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
        let find = |names: &[&str]| lower.iter().position(|name| names.contains(&name.as_str()));
        let longitude = find(&["longitude", "lon", "lng"]).ok_or("longitude")?;
        let latitude = find(&["latitude", "lat"]).ok_or("latitude")?;
        let open_cell_id = OPEN_CELL_ID.iter().all(|name| lower.iter().any(|own| own == name));
        let is_eua = header.iter().any(|name| matches!(name, "SITE_ID" | "LATITUDE" | "Latitude"));
        let (format, id) = match (open_cell_id, is_eua) {
            (true, _) => {
                let parts = ["mcc", "net", "area", "cell"];
                (SitesFormat::OpenCellId, parts.iter().filter_map(|part| find(&[part])).collect())
            }
            (false, true) => (SitesFormat::Eua, find(&["site_id"]).into_iter().collect()),
            (false, false) => (SitesFormat::Own, find(&["id", "site", "name"]).into_iter().collect()),
        };
        let range = if open_cell_id { find(&["range"]) } else { find(&["range_m"]) };
        let height = find(&["height_m"]);
        let power = find(&["transmit_power_dbm"]);
        let gain = find(&["antenna_gain_db"]);
        Ok(Columns { format, id, longitude, latitude, height, power, gain, range })
    }
}

/// Reads sites from CSV, plain or gzipped, in their order. The header says which of the [`SitesFormat`]s it is;
/// columns that are not named there are passed over.
///
/// # Errors
/// With file and line: if the file cannot be read, a cell is no number, longitude or latitude are out of range or
/// 3000 km from the first site, which may be because they were swapped, or two sites have the same name.
///
/// ```
/// use stratosim::scenario::import::{SitesFormat, read_sites};
/// let file = std::env::temp_dir().join(format!("sites-{}.csv", std::process::id()));
/// std::fs::write(&file, "id,longitude,latitude,range_m\ncathedral,11.3426,44.4929,800\n")?;
/// let (format, sites) = read_sites(&file)?;
/// std::fs::remove_file(&file)?;
/// assert_eq!((format, sites.len(), sites[0].id.as_str()), (SitesFormat::Own, 1, "cathedral"));
/// assert_eq!((sites[0].place.latitude_deg, sites[0].range_m), (44.4929, Some(800.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_sites(path: impl AsRef<Path>) -> Result<(SitesFormat, Vec<SiteRow>), ImportError> {
    let path = path.as_ref();
    let fault = |line: u64, found: String, expected: String| ImportError::Content {
        file: path.to_owned(),
        line,
        column: 1,
        found,
        expected,
    };
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(source) => {
                ImportError::Read { file: path.to_owned(), line, column: 1, source }
            }
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => fault(
                line,
                format!("{len} cells under {expected_len} columns"),
                "a row with a cell for each column".into(),
            ),
            other => fault(line, format!("{other:?}"), "CSV in UTF-8".into()),
        }
    };
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).has_headers(false).from_reader(open_plain(path)?);
    let mut row = StringRecord::new();
    if !reader.read_record(&mut row).map_err(broken)? {
        return Err(fault(1, "the end of the file".into(), "a header".into()));
    }
    let has_header = !row.get(0).is_some_and(|first| RADIOS.contains(&first));
    let header = if has_header { row.clone() } else { StringRecord::from(OPEN_CELL_ID.to_vec()) };
    let columns = Columns::of(&header).map_err(|missing| {
        fault(1, format!("no column {missing:?}"), "the columns id, longitude and latitude".into())
    })?;
    let mut sites: Vec<SiteRow> = Vec::new();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut is_read = !has_header;
    loop {
        if !is_read && !reader.read_record(&mut row).map_err(broken)? {
            return Ok((columns.format, sites));
        }
        is_read = false;
        let line = row.position().map_or(0, csv::Position::line);
        let text = |column: usize| row.get(column).unwrap_or_default();
        let number = |what: &str, column: usize| match text(column).parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(fault(line, format!("{what} {:?}", text(column)), format!("a number as {what}"))),
        };
        let optional = |what: &str, column: Option<usize>| match column {
            Some(column) if !text(column).is_empty() => number(what, column).map(Some),
            _ => Ok(None),
        };
        let (x, y) = (number("longitude", columns.longitude)?, number("latitude", columns.latitude)?);
        let found = format!("longitude {x}, latitude {y}");
        let swapped = LonLat::new(y, x);
        let Some(place) = LonLat::new(x, y) else {
            let hint = if swapped.is_some() { "; they seem to be swapped" } else { "" };
            let expected = format!("a longitude of -180 to 180 and a latitude of -90 to 90{hint}");
            return Err(fault(line, found, expected));
        };
        if let Some(first) = sites.first()
            && great_circle_m(first.place, place) > FARTHEST_M
        {
            let is_near = swapped.is_some_and(|other| great_circle_m(first.place, other) <= FARTHEST_M);
            let hint = if is_near { "; they seem to be swapped" } else { "" };
            return Err(fault(line, found, format!("a place within 3000 km of the first site{hint}")));
        }
        let id = match columns.id.as_slice() {
            [] => (sites.len() + 1).to_string(),
            parts => parts.iter().map(|&part| text(part)).collect::<Vec<_>>().join("-"),
        };
        if id.is_empty() {
            return Err(fault(line, "a site without id".into(), "an id".into()));
        }
        if let Some(other) = lines.insert(id.clone(), line) {
            let expected = format!("an id of its own; line {other} has it");
            return Err(fault(line, format!("the site {id:?} again"), expected));
        }
        let row = SiteRow {
            id,
            place,
            height_m: optional("height_m", columns.height)?,
            transmit_power_dbm: optional("transmit_power_dbm", columns.power)?,
            antenna_gain_db: optional("antenna_gain_db", columns.gain)?,
            range_m: optional("range", columns.range)?,
        };
        let limits = [
            ("height_m", row.height_m, 0.0, 1e5),
            ("transmit_power_dbm", row.transmit_power_dbm, -100.0, 100.0),
            ("antenna_gain_db", row.antenna_gain_db, -100.0, 100.0),
            ("range", row.range_m, 0.0, 1e7),
        ];
        for (what, value, least, most) in limits {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                return Err(fault(line, format!("{what} {value}"), format!("{least} to {most}")));
            }
        }
        sites.push(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(SitesFormat, Vec<SiteRow>), String> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("it takes text");
        read_sites(file.path()).map_err(|error| {
            let text = error.to_string();
            text.split_once(':').map_or(text.clone(), |(_, rest)| rest.to_string())
        })
    }

    fn bare(id: &str, longitude_deg: f64, latitude_deg: f64) -> SiteRow {
        let place = LonLat { longitude_deg, latitude_deg };
        let (height_m, transmit_power_dbm, antenna_gain_db, range_m) = (None, None, None, None);
        SiteRow { id: id.into(), place, height_m, transmit_power_dbm, antenna_gain_db, range_m }
    }

    #[test]
    fn the_known_headers_are_read() {
        let own =
            "site,lat,lon,range_m,transmit_power_dbm,height_m,antenna_gain_db\na,44.5,11.3,900,,10,3\n";
        let row = SiteRow {
            range_m: Some(900.0),
            height_m: Some(10.0),
            antenna_gain_db: Some(3.0),
            ..bare("a", 11.3, 44.5)
        };
        assert_eq!(read(own), Ok((SitesFormat::Own, vec![row])));
        let eua = "SITE_ID,LATITUDE,LONGITUDE,NAME,STATE,LICENSING_AREA_ID,POSTCODE,SITE_PRECISION,ELEVATION,HCIS_L2\n\
                   10000002,-37.81517,144.97476,\"Optus, 367 Collins\",VIC,3,3000,Within 10 meters,,\n";
        assert_eq!(read(eua), Ok((SitesFormat::Eua, vec![bare("10000002", 144.97476, -37.81517)])));
        let users = "Latitude,Longitude\n-37.8,144.9\n-37.9,144.8\n";
        assert_eq!(
            read(users),
            Ok((SitesFormat::Eua, vec![bare("1", 144.9, -37.8), bare("2", 144.8, -37.9)]))
        );
        let head = "radio,mcc,net,area,cell,unit,lon,lat,range,samples,changeable,created,updated,averageSignal\n";
        let cell = "LTE,222,10,5,17,0,11.34,44.49,1000,7,1,1459742400,1488347104,0\n";
        let row = SiteRow { range_m: Some(1000.0), ..bare("222-10-5-17", 11.34, 44.49) };
        for text in [format!("{head}{cell}"), cell.to_string()] {
            assert_eq!(read(&text), Ok((SitesFormat::OpenCellId, vec![row.clone()])));
        }
    }

    #[test]
    fn faults_are_located() {
        let head = "id,longitude,latitude,range_m\n";
        for (body, needle) in [
            (
                "a,11.3,44.5,\nb,11.3,94.5,\n",
                "3:1: found longitude 11.3, latitude 94.5, expected a longitude",
            ),
            (
                "a,44.5,111.3,\n",
                "2:1: found longitude 44.5, latitude 111.3, expected a longitude of -180 to 180 and a \
                                 latitude of -90 to 90; they seem to be swapped",
            ),
            (
                "a,11.3,44.5,\nb,44.5,11.3,\n",
                "3:1: found longitude 44.5, latitude 11.3, expected a place within 3000 km \
                                             of the first site; they seem to be swapped",
            ),
            (
                "a,11.3,44.5,\na,11.4,44.5,\n",
                "3:1: found the site \"a\" again, expected an id of its own; line 2 has it",
            ),
            ("a,11.3,here,\n", "2:1: found latitude \"here\", expected a number as latitude"),
            ("a,11.3,44.5,-3\n", "2:1: found range -3, expected 0 to 10000000"),
            ("a,11.3\n", "2:1: found 2 cells under 4 columns"),
            (",11.3,44.5,\n", "2:1: found a site without id"),
        ] {
            let error = read(&format!("{head}{body}")).expect_err("a fault");
            assert!(error.starts_with(needle), "{error}");
        }
        assert!(read("id,lat\n").expect_err("no longitude").contains("no column \"longitude\""));
        assert!(read("").expect_err("empty").contains("expected a header"));
    }
}
