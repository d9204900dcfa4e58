//! Maps of runs: the infrastructure as the scenario builds it, and where devices have been or what was measured there.

use super::make::{POSITIONS, Request};
use super::selection::NONE;
use super::source::unknown;
use crate::engine::SimTime;
use crate::infra::{Infrastructure, NodeId, Tier};
use crate::output::RunReader;
use crate::plot::{Disc, Map, Place, PlotError, Raster, Trajectory};
use crate::records::NoRecords;
use crate::scenario::{Document, Registry, load};
use serde_json::Value;
use std::path::Path;

/// Ways of devices that are drawn where nothing else is asked for.
const USUAL_WAYS: usize = 60;
/// Which access point a device is attached to, in the table of positions.
const ACCESS_POINT: &str = "access_point";
/// Colours by which access points are told apart, all but the grey of what is attached to none.
const SITE_COLOURS: usize = 7;
/// The colour of ways out of coverage.
const NOWHERE: usize = 7;
/// The same where their colours tell the access points.
const USUAL_COLOURED_WAYS: usize = 300;
/// Devices that stand still and are drawn.
const MOST_PLACES: usize = 2000;
/// Squares along the longer side where nothing else is asked for.
const USUAL_SQUARES: usize = 40;

/// Which nodes of a run are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// All of them.
    All,
    /// All but devices.
    Fixed,
    /// Those that devices attach to.
    AccessPoints,
}

pub(super) fn map(request: &mut Request<'_>) -> Result<Map, PlotError> {
    let Some(run) = request.source.single_run() else {
        return Err(PlotError::request("kind", "a map is of one run; give the directory of one"));
    };
    let table = request.spec.table.as_deref().unwrap_or(POSITIONS);
    if let Some(value) = &request.spec.value {
        let raster = raster(request, table, value)?;
        request.topic = format!("{} by place", raster.value.label);
        // Devices would hide what they have measured.
        let map = infrastructure(run, Shown::Fixed).unwrap_or_default();
        return Ok(Map { raster: Some(raster), ..map });
    }
    let mut map = infrastructure(run, Shown::All).unwrap_or_default();
    if run.has_table(table) {
        add_ways(&mut map, request, table)?;
    } else if request.spec.table.is_some() {
        request.source.offers(Some(table))?;
    }
    if map == Map::default() {
        return Err(PlotError::Empty(
            "neither the scenario nor the table `positions` says where anything is; if the scenario names \
             files, start this where they are found, in the folder of the scenario"
                .into(),
        ));
    }
    request.topic = "where things are".into();
    Ok(map)
}

/// The means of a column by the places of its rows.
fn raster(request: &mut Request<'_>, table: &str, value: &str) -> Result<Raster, PlotError> {
    let offers = request.source.offers(Some(table))?;
    if ["x_m", "y_m"].iter().any(|name| !offers.iter().any(|offer| offer.name == *name)) {
        let message = format!(
            "the rows of {table:?} have no places (columns x_m and y_m), as those of \"positions\""
        );
        return Err(PlotError::request("table", message));
    }
    if !offers.iter().any(|offer| offer.name == value) {
        let known: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
        return Err(unknown("value", "column", value, &known));
    }
    let axis = request.numbers("value", value)?.axis.clone();
    let selection = request.source.select(Some(table), &["x_m", "y_m", value], &request.filters)?;
    let [xs, ys, values] = [0, 1, 2].map(|index| selection.columns[index].numbers().unwrap_or_default());
    let points = xs.iter().zip(ys).zip(values).map(|((&x, &y), &value)| (x, y, value));
    let raster = Raster::of_points(axis, points, request.spec.bins.unwrap_or(USUAL_SQUARES))?;
    let known = values.iter().filter(|value| value.is_finite()).count();
    request.notes.push(format!("means of {known} rows in squares of {:.0} m", raster.side_m));
    Ok(raster)
}

/// The ways of devices, each from its rows in order.
fn add_ways(map: &mut Map, request: &mut Request<'_>, table: &str) -> Result<(), PlotError> {
    let mut names = vec!["node", "x_m", "y_m"];
    let has_sites = request.offers.iter().any(|offer| offer.name == ACCESS_POINT);
    if has_sites {
        names.push(ACCESS_POINT);
    }
    let selection = match request.source.select(Some(table), &names, &request.filters) {
        Err(PlotError::Empty(_)) => return Ok(()),
        selection => selection?,
    };
    let nodes = selection.columns[0].groups(true);
    let usual = if has_sites { USUAL_COLOURED_WAYS } else { USUAL_WAYS };
    let most = request.spec.top.unwrap_or(usual);
    let nodes = request.keep_top(nodes.clone(), &nodes.sizes(), most, "trajectories");
    let [xs, ys] =
        [1, 2].map(|index| nodes.split(selection.columns[index].numbers().unwrap_or_default()));
    let mut colours = vec![Vec::new(); nodes.names.len()];
    if let Some(column) = selection.columns.get(3) {
        let sites = column.groups(false);
        let of_site = colour_sites(map, &sites.names);
        request.notes.push("ways in the colours of their access points, grey out of coverage".into());
        for (&node, &site) in nodes.of.iter().zip(&sites.of).filter(|(node, _)| **node != NONE) {
            colours[node as usize].push(of_site.get(site as usize).copied().unwrap_or(NOWHERE));
        }
    }
    for ((name, colours), (xs, ys)) in nodes.names.iter().zip(colours).zip(xs.into_iter().zip(ys)) {
        let points: Vec<(f64, f64)> = xs.into_iter().zip(ys).collect();
        map.trajectories.push(Trajectory { name: name.clone(), points, colours });
    }
    // A device with a way needs no place, unless a link ends there.
    let mut kept = Vec::new();
    let mut index = vec![0; map.places.len()];
    for (old, place) in map.places.drain(..).enumerate() {
        let has_way = map.trajectories.iter().any(|way| way.name == place.name);
        if !has_way || map.links.iter().flatten().any(|end| *end == old) {
            index[old] = kept.len();
            kept.push(place);
        }
    }
    map.places = kept;
    for end in map.links.iter_mut().flatten() {
        *end = index[*end];
    }
    Ok(())
}

/// Gives each access point that served a device a colour such that near ones differ, and the numbers of their colours
/// in the order of `sites`: each in turn takes the colour whose last use is the farthest away.
fn colour_sites(map: &mut Map, sites: &[String]) -> Vec<usize> {
    let mut of_site = vec![0; sites.len()];
    let mut given: Vec<(usize, f64, f64)> = Vec::new();
    for place in &mut map.places {
        let Some(site) = sites.iter().position(|site| *site == place.name) else { continue };
        let apart = |colour: usize| {
            let same = given.iter().filter(|(own, _, _)| *own == colour);
            same.map(|(_, x, y)| (x - place.x_m).hypot(y - place.y_m)).fold(f64::INFINITY, f64::min)
        };
        let best = (0..SITE_COLOURS).max_by(|&a, &b| apart(a).total_cmp(&apart(b)).then(b.cmp(&a)));
        let colour = best.unwrap_or(0);
        given.push((colour, place.x_m, place.y_m));
        place.colour = Some(colour);
        of_site[site] = colour;
    }
    of_site
}

/// Nodes, links and cells at the start, from the scenario that the run's record holds. `None` if it cannot
/// be built here. Files that it names may be elsewhere by now; then it is built without what moves and what
/// works, and devices are left out, whose places would not be theirs.
pub(super) fn infrastructure(run: &RunReader, shown: Shown) -> Option<Map> {
    let mut scenario = run.run()["scenario"].clone();
    if let Some(map) = built(&scenario, run, shown) {
        return Some(map);
    }
    scenario.as_object_mut()?.shift_remove("workloads");
    for class in scenario["nodes"].as_array_mut().into_iter().flatten() {
        if class["mobility"]["kind"] != "static" && class["mobility"]["kind"] != "sites_csv" {
            class.as_object_mut()?.shift_remove("mobility");
        }
    }
    built(&scenario, run, if shown == Shown::All { Shown::Fixed } else { shown })
}

fn built(scenario: &Value, run: &RunReader, shown: Shown) -> Option<Map> {
    // Beside the scenario's file, as it was named when it was run.
    let beside = run.run()["file"].as_str().and_then(|file| Path::new(file).parent());
    let run = run.path();
    let document = Document::parse("run.json", &scenario.to_string()).ok()?;
    let build = |directory: &Path| load(&document, &Registry::with_builtins(), directory).ok();
    let loaded = build(Path::new(".")).or_else(|| build(run.parent()?)).or_else(|| build(beside?))?;
    let simulation = loaded.world.build(Box::new(NoRecords)).ok()?;
    let infrastructure = simulation.world().infrastructure();
    let mut map = Map::default();
    let mut index: Vec<Option<usize>> = Vec::new();
    let is_fixed = |id: NodeId, tier: Tier| {
        tier != Tier::Device
            && (shown != Shown::AccessPoints || infrastructure.class_of(id).access_point.is_some())
    };
    add_nodes(&mut map, infrastructure, &mut index, is_fixed);
    // Devices last: the others are drawn even where there are too many.
    if shown == Shown::All {
        add_nodes(&mut map, infrastructure, &mut index, |_, tier| tier == Tier::Device);
    }
    for link in infrastructure.network().links() {
        let end = |node: NodeId| index.get(node.index()).copied().flatten();
        if let (Some(a), Some(b)) = (end(link.a), link.b.and_then(end)) {
            map.links.push([a, b]);
        }
    }
    Some(map)
}

fn add_nodes(
    map: &mut Map,
    of: &Infrastructure,
    index: &mut Vec<Option<usize>>,
    is_shown: impl Fn(NodeId, Tier) -> bool,
) {
    index.resize(of.nodes().len(), None);
    for (id, node) in (0..).map(NodeId).zip(of.nodes()) {
        if !is_shown(id, node.tier) || !node.present || map.places.len() >= MOST_PLACES {
            continue;
        }
        let place = of.position(id, SimTime::ZERO);
        index[id.index()] = Some(map.places.len());
        map.places.push(Place {
            name: of.node_name(id),
            kind: node.tier.name().into(),
            colour: None,
            x_m: place.x_m,
            y_m: place.y_m,
        });
        if let Some(radius_m) = range_m(of, id).filter(|r| r.is_finite()) {
            map.cells.push(Disc { x_m: place.x_m, y_m: place.y_m, radius_m });
        }
    }
}

/// How far an access point reaches: what its radio model says, else its range, if it has one.
fn range_m(of: &Infrastructure, id: NodeId) -> Option<f64> {
    let wifi = of.wifi().and_then(|wifi| wifi.range_m(id));
    let cell = || of.cells().and_then(|cells| cells.range_m(id));
    wifi.or_else(cell).or_else(|| of.class_of(id).access_point.as_ref()?.range_m)
}
