//! Fields: polygons, lines over them, and how well weeds are seen.

use super::Place;
use crate::apps::missions::{Coverage, DetectionMap, Point, Polygon, PolygonError, ScannedField, Way};
use crate::engine::Distribution;
use crate::scenario::build::NodeDirectory;
use crate::scenario::build::maps::place;
use crate::scenario::format::{DetectionSpec, FieldSpec, WeedsSpec};
use crate::scenario::{Length, Site};

/// Most weeds on average that are passed in a step, beyond which they cannot be drawn one by one in useful time.
const MOST_WEEDS_PER_M2: f64 = 1e4;

/// A field, and the lines over it.
pub(super) struct Field {
    pub(super) coverage: Coverage,
    pub(super) area_m2: f64,
}

/// The lines over a field; errors go to the corner or key that is at fault.
pub(super) fn field(spec: &FieldSpec, directory: &NodeDirectory, site: &Site<'_>) -> Option<Field> {
    let corners_site = site.key("polygon");
    let mut corners: Vec<Point> = Vec::with_capacity(spec.polygon.len());
    for (index, corner) in spec.polygon.iter().enumerate() {
        let corner = place(corner, directory, &corners_site.index(index))?;
        corners.push([corner.x_m, corner.y_m]);
    }
    let tell = |error: PolygonError| {
        let at = match error {
            PolygonError::Crossing { second, .. } => corners_site.index(second),
            PolygonError::Repeated(corner) | PolygonError::NotFinite(corner) => {
                corners_site.index(corner)
            }
            PolygonError::Spacing(_) | PolygonError::TooManyLines { .. } => site.key("spacing"),
            PolygonError::TooFewCorners(_) | PolygonError::NoArea => corners_site.clone(),
        };
        match error {
            PolygonError::Crossing { .. } => {
                at.error_with_help(
                    error.to_string(),
                    "give the corners in the order of the field's edge",
                );
            }
            _ => at.error(error.to_string()),
        }
    };
    let polygon = Polygon::new(corners).map_err(tell).ok()?;
    let coverage = Coverage::new(&polygon, spec.spacing.as_metres(), spec.heading_deg);
    let coverage = coverage.map_err(tell).ok()?;
    Some(Field { coverage, area_m2: polygon.area_m2() })
}

/// How well a detector sees, drawn from a stream of its own if it is random.
fn detection(
    spec: &DetectionSpec,
    place: &Place<'_>,
    who: &str,
    site: &Site<'_>,
) -> Option<DetectionMap> {
    match spec {
        DetectionSpec::Uniform { mean } => site.check(DetectionMap::uniform(mean.as_fraction())),
        DetectionSpec::Smooth { mean, spread, correlation } => {
            let stream = format!("{}/{who}/{}", place.workload, place.number);
            let mut random = place.here.streams.stream(&stream);
            let (mean, spread) = (mean.as_fraction(), spread.as_fraction());
            let map = DetectionMap::smooth(mean, spread, correlation.as_metres(), &mut random);
            site.key("correlation").check(map)
        }
        DetectionSpec::Grid { file, cell, x, y } => {
            let file_site = site.key("file");
            let rows = file_site.check(read_grid(&file_site.file(file)))?;
            let origin = [x.as_metres(), y.as_metres()];
            file_site.check(DetectionMap::grid(origin, cell.as_metres(), &rows))
        }
    }
}

/// Rows of numbers of a CSV file without header, the last line first: from the south.
fn read_grid(path: &std::path::Path) -> Result<Vec<Vec<f64>>, String> {
    let told = |error: csv::Error| format!("{}: {error}", path.display());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(told)?;
    let rows: Result<Vec<Vec<f64>>, csv::Error> = reader.deserialize().collect();
    let mut rows = rows.map_err(told)?;
    rows.reverse();
    Ok(rows)
}

/// What is scanned, by a vehicle and perhaps a helper.
pub(super) fn scanned(
    place: &Place<'_>,
    spacing: Length,
    weeds: &WeedsSpec,
    helper: Option<(&DetectionSpec, &Site<'_>)>,
    site: &Site<'_>,
) -> Option<ScannedField> {
    let density_per_m2 = weeds.density_per_m2;
    let per_step = Distribution::poisson(density_per_m2.max(1.0));
    if !(0.0..=MOST_WEEDS_PER_M2).contains(&density_per_m2) || per_step.is_err() {
        let message = format!("it is {density_per_m2}, but must be from 0 to {MOST_WEEDS_PER_M2}");
        site.key("density_per_m2").error(message);
        return None;
    }
    let own = detection(&weeds.detection, place, "detection", &site.key("detection"));
    let helper = match helper {
        Some((spec, site)) => detection(spec, place, "helpers", site),
        None => DetectionMap::uniform(0.0).ok(),
    };
    Some(ScannedField { width_m: spacing.as_metres(), density_per_m2, own: own?, helper: helper? })
}

/// The mean detection of the helper on the lines of a way.
pub(super) fn mean_over(field: &ScannedField, way: &Way) -> f64 {
    let (mut sum, mut whole_m) = (0.0, 0.0);
    for (pair, works) in way.waypoints.windows(2).zip(&way.works[1..]) {
        let [from, to] = [pair[0].place, pair[1].place].map(|place| [place.x_m, place.y_m]);
        let length_m = (to[0] - from[0]).hypot(to[1] - from[1]);
        if *works {
            sum += length_m * field.helper.mean_along(from, to, field.width_m);
            whole_m += length_m;
        }
    }
    if whole_m > 0.0 { sum / whole_m } else { 0.0 }
}
