//! One origin for all that is given in longitude and latitude.

use super::NodeDirectory;
use crate::infra::{LocalPlane, LonLat, Position};
use crate::scenario::Site;
use crate::scenario::format::{
    FcdMobility, MobilityKind, OriginSpec, PointSpec, Scenario, SitesMobility, StaticMobility,
};
use crate::scenario::import::{FcdCoordinates, FcdSummary, survey_fcd};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What a trace of vehicles holds, and where it was found.
#[derive(Debug)]
pub(in crate::scenario) struct Survey {
    pub(super) path: PathBuf,
    pub(super) summary: FcdSummary,
    pub(super) names: Vec<Arc<str>>,
}

/// The plane of a scenario, and the traces that were surveyed to find it.
#[derive(Clone, Debug, Default)]
pub(in crate::scenario) struct Maps {
    pub(super) plane: Option<LocalPlane>,
    /// By name of the file and coordinates, as they are given; none of what could not be read, which was told.
    surveys: BTreeMap<String, Option<Arc<Survey>>>,
}

/// The parameters of a mobility model of this kind.
fn of_kind<P: DeserializeOwned>(kind: &MobilityKind, name: &str) -> Option<P> {
    if kind.kind() != name {
        return None;
    }
    let mut value = kind.0.clone();
    value.as_object_mut()?.remove("kind");
    // What is amiss with it is told where it is built.
    serde_json::from_value(value).ok()
}

fn key(spec: &FcdMobility) -> String {
    format!("{:?} {:?} {}", spec.file, spec.stand_in, spec.coordinates as u8)
}

/// Reads a whole trace, that which stands in for it if it is not there. Errors go to `site`.
fn survey(spec: &FcdMobility, site: &Site<'_>) -> Option<Survey> {
    let mut path = site.file(&spec.file);
    let mut key = "file";
    if let Some(name) = spec.stand_in.as_ref().filter(|_| !path.exists()) {
        path = site.file(name);
        key = "stand_in";
        site.note(format!(
            "{} is not there: {name}, a small file that stands in for it, was read instead; what comes out is not \
             that of {}",
            spec.file, spec.file
        ));
    }
    let (summary, names) = site.key(key).check(survey_fcd(&path, spec.coordinates))?;
    Some(Survey { path, summary, names })
}

/// The survey of a trace, made before if the plane was looked for.
pub(super) fn surveyed(
    spec: &FcdMobility,
    directory: &NodeDirectory,
    site: &Site<'_>,
) -> Option<Arc<Survey>> {
    match directory.maps.surveys.get(&key(spec)) {
        Some(survey) => survey.clone(),
        None => survey(spec, site).map(Arc::new),
    }
}

/// Finds the plane of a scenario: at its `origin`, that of a trace, or the south-western corner of what its first
/// trace in degrees visits or else of the places in degrees. The origin is then part of the scenario. Errors go to
/// `site`, the root.
pub(super) fn find_plane(scenario: &mut Scenario, directory: &mut NodeDirectory, site: &Site<'_>) {
    let mut given = scenario.origin.map(|origin| (origin.longitude, origin.latitude));
    let mut corner: Option<LonLat> = None;
    let mut degrees: Vec<LonLat> = Vec::new();
    let mut in_metres = None;
    for (index, class) in scenario.nodes.iter().enumerate() {
        let Some(kind) = &class.mobility else { continue };
        let here = site.key("nodes").index(index).key("mobility");
        if let Some(spec) = of_kind::<FcdMobility>(kind, "sumo_fcd") {
            match (spec.origin_longitude, spec.origin_latitude) {
                (Some(longitude), Some(latitude)) => {
                    let own = (longitude, latitude);
                    if *given.get_or_insert(own) != own {
                        here.key("origin_longitude").error_with_help(
                            "this is another origin than the scenario has elsewhere",
                            "give one `origin`, at the root, for all that is in degrees",
                        );
                    }
                }
                (None, None) => {}
                _ => here.error("origin_longitude and origin_latitude go together"),
            }
            let survey = survey(&spec, &here).map(Arc::new);
            directory.maps.surveys.insert(key(&spec), survey.clone());
            let Some(survey) = survey else { continue };
            if survey.summary.coordinates == FcdCoordinates::Metres {
                in_metres.get_or_insert(here);
            }
            corner = corner.or_else(|| south_western_corner(&survey.summary));
        } else if let Some(spec) = of_kind::<StaticMobility>(kind, "static") {
            let points = spec.positions.iter().flatten();
            degrees.extend(points.filter_map(|point| LonLat::new(point.longitude?, point.latitude?)));
        } else if let Some(spec) = of_kind::<SitesMobility>(kind, "sites_csv")
            && let Ok((_, rows)) = crate::scenario::import::read_sites(here.file(&spec.file))
        {
            degrees.extend(rows.iter().map(|row| row.place));
        }
    }
    if let (Some(here), None, false) = (in_metres, given, degrees.is_empty()) {
        here.error_with_help(
            "the trace is in metres and sites are in degrees: nothing says where the one lies in the other",
            "give the longitude and latitude of the network's x = 0, y = 0 as `origin` of the scenario",
        );
        return;
    }
    let least = |of: fn(&LonLat) -> f64| degrees.iter().map(of).reduce(f64::min);
    let places = || {
        Some(LonLat {
            longitude_deg: least(|place| place.longitude_deg)?,
            latitude_deg: least(|place| place.latitude_deg)?,
        })
    };
    let found = match given {
        Some((longitude, latitude)) => LonLat::new(longitude, latitude),
        None => corner.or_else(places),
    };
    if let Some(LonLat { longitude_deg, latitude_deg }) = found {
        directory.maps.plane = Some(LocalPlane::new(longitude_deg, latitude_deg));
        scenario.origin = Some(OriginSpec { longitude: longitude_deg, latitude: latitude_deg });
    }
}

/// The south-western corner of what the vehicles visit.
fn south_western_corner(summary: &FcdSummary) -> Option<LonLat> {
    Some(summary.plane?.lon_lat(summary.bounds?.least))
}

/// Where a point is, given in metres or in degrees. Errors go to `site`.
pub(super) fn place(point: &PointSpec, directory: &NodeDirectory, site: &Site<'_>) -> Option<Position> {
    let z_m = point.z.as_metres();
    match (point.x, point.y, point.longitude, point.latitude) {
        (Some(x), Some(y), None, None) => Some(Position { x_m: x.as_metres(), y_m: y.as_metres(), z_m }),
        (None, None, Some(longitude), Some(latitude)) => {
            let place = LonLat::new(longitude, latitude)?;
            // There is a plane as soon as there is a point in degrees.
            directory.maps.plane.map(|plane| Position { z_m, ..plane.position(place) })
        }
        _ => {
            site.error("a point has `x` and `y`, or `longitude` and `latitude`");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Document, Registry, load};
    use std::path::Path;

    const ROW: &str = "t_s,vehicle,x_m,y_m\n0,a,100,0\n10,a,200,0\n";

    /// Places of the nodes at the start in metres, the origin and the notes.
    type Built = (Vec<(f64, f64)>, serde_json::Value, Vec<String>);

    /// What is built of a scenario, or the errors.
    fn built(text: &str) -> Result<Built, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("it takes text");
        };
        write("metres.csv", ROW);
        write(
            "degrees.fcd.xml",
            "<fcd-export><timestep time='0'><vehicle id='a' x='11.320000' y='44.480000'/></timestep>\
             <timestep time='1'><vehicle id='a' x='11.310000' y='44.490000'/></timestep></fcd-export>",
        );
        write("sites.csv", "id,longitude,latitude,height_m\na,11.30,44.47,25\nb,11.33,44.50,\n");
        let document = Document::parse("map.json", text).expect("JSON");
        let loaded = load(&document, &Registry::with_builtins(), folder.path() as &Path)
            .map_err(|errors| errors.to_string())?;
        let origin = serde_json::to_value(loaded.scenario.origin).expect("JSON");
        let notes = loaded.world.notes().to_vec();
        let simulation = loaded.world.build(Box::new(crate::records::NoRecords)).expect("it fits");
        let infrastructure = simulation.world().infrastructure();
        let nodes = (0..infrastructure.nodes().len() as u32).map(crate::infra::NodeId);
        let places = nodes
            .filter(|&node| infrastructure.node(node).present)
            .map(|node| infrastructure.position(node, crate::engine::SimTime::ZERO))
            .map(|place| ((place.x_m * 10.0).round() / 10.0, (place.y_m * 10.0).round() / 10.0));
        Ok((places.collect(), origin, notes))
    }

    /// A scenario of edge nodes here, vehicles of this trace and more keys.
    fn scenario(edge: &str, file: &str, more: &str) -> String {
        format!(
            r#"{{ {more} "duration": "10 s", "nodes": [
                {{ "tier": "edge", "mobility": {edge} }},
                {{ "tier": "device", "name": "car", "mobility": {{ "kind": "sumo_fcd", {file} }} }} ] }}"#
        )
    }

    const AT: &str =
        r#"{ "kind": "static", "positions": [{ "longitude": 11.33, "latitude": 44.50, "z": "25 m" }] }"#;

    /// A degree of latitude at 44.5 degrees is 111 123 m on WGS 84, one of longitude 79 524 m (at 44.48).
    #[test]
    fn the_trace_gives_the_origin_of_the_sites() {
        let (places, origin, notes) =
            built(&scenario(AT, r#""file": "degrees.fcd.xml""#, "")).expect("good");
        // Within a metre: the corner is one of the plane, not of degrees.
        assert_eq!(origin["longitude"].as_f64().map(|x| (x * 1e5).round()), Some(1_131_000.0));
        assert_eq!(origin["latitude"].as_f64().map(|y| (y * 1e5).round()), Some(4_448_000.0));
        // 0.02 degrees of each, from 11.31, 44.48.
        let (x, y) = places[0];
        assert!((x - 1590.2).abs() < 2.0 && (y - 2222.5).abs() < 2.0, "{x} {y}");
        assert!(notes.is_empty());
    }

    #[test]
    fn an_origin_is_given_or_that_of_the_sites() {
        let given = r#""origin": { "longitude": 11.33, "latitude": 44.50 },"#;
        let (places, _, _) = built(&scenario(AT, r#""file": "metres.csv""#, given)).expect("good");
        assert_eq!(places[0], (0.0, 0.0));
        let sites = r#"{ "kind": "sites_csv", "file": "sites.csv" }"#;
        let text = format!(
            r#"{{ "nodes": [{{ "tier": "edge", "mobility": {sites} }}, {{ "tier": "device" }}] }}"#
        );
        let (places, origin, _) = built(&text).expect("good");
        assert_eq!((places[0], origin["longitude"].as_f64()), ((0.0, 0.0), Some(11.30)));
        let bounds = r#"{ "kind": "sites_csv", "file": "sites.csv",
            "bounds": { "west": 11.32, "south": 44, "east": 12, "north": 45 } }"#;
        let (places, _, _) = built(&text.replace(sites, bounds)).expect("good");
        assert!(places[0].0 > 2000.0, "{places:?}");
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        let error = built(&scenario(AT, r#""file": "metres.csv""#, "")).expect_err("no origin");
        assert!(error.contains("the trace is in metres and sites are in degrees"), "{error}");
        let two = r#""file": "degrees.fcd.xml", "origin_longitude": 11, "origin_latitude": 44"#;
        let given = r#""origin": { "longitude": 11.33, "latitude": 44.50 },"#;
        let error = built(&scenario(AT, two, given)).expect_err("two origins");
        assert!(error.contains("another origin than the scenario has elsewhere"), "{error}");
        let half = r#"{ "kind": "static", "positions": [{ "longitude": 11.33, "y": 0 }] }"#;
        let error = built(&scenario(half, r#""file": "metres.csv""#, "")).expect_err("half a point");
        assert!(error.contains("a point has `x` and `y`, or `longitude` and `latitude`"), "{error}");
        let none = r#"{ "kind": "sites_csv", "file": "sites.csv",
            "bounds": { "west": 1, "south": 44, "east": 2, "north": 45 } }"#;
        let error = built(&scenario(none, r#""file": "metres.csv""#, given)).expect_err("no sites");
        assert!(error.contains("no site of sites.csv is within these bounds"), "{error}");
    }

    #[test]
    fn a_stand_in_is_told_of() {
        let file = r#""file": "${STRATOSIM_DATA}/no/such.fcd.xml", "stand_in": "metres.csv""#;
        let (_, _, notes) = built(&scenario(r#"{ "kind": "static" }"#, file, "")).expect("good");
        let expected = "metres.csv, a small file that stands in for it, was read instead";
        assert!(notes.len() == 1 && notes[0].contains(expected), "{notes:?}");
        let (_, _, notes) = built(&scenario(
            r#"{ "kind": "static" }"#,
            r#""file": "metres.csv", "stand_in": "degrees.fcd.xml""#,
            "",
        ))
        .expect("good");
        assert!(notes.is_empty(), "{notes:?}");
    }
}
