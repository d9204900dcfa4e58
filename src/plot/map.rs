//! Maps of nodes, links, trajectories and cells, and of values by place.

use super::PlotError;
use super::axis::{Axis, Fit, Ruler};
use super::box_plot::in_order;
use super::font::width;
use super::frame::{Frame, Head, Side, TICK, face};
use super::heat_map::{bar_width, draw_bar};
use super::legend::{Entry, Key};
use super::palette::{FAINT_INK, MOST_SERIES, PAPER, colour, marker};
use super::raster::Raster;
use super::scene::{Fill, Pixel, Scene, Stroke};
use plotters::style::text_anchor::{HPos, VPos};

/// More places than this are not named on the map.
const MOST_NAMED: usize = 40;
/// More cells than this are drawn as rims only.
const MOST_FILLED: usize = 16;
const NAME: f64 = 12.5;

/// By how much of the longer side of all else the rims of cells may make a map longer, on each side.
const MOST_MARGIN: f64 = 1.5;

/// The least and the greatest of the finite ones.
fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    finite().reduce(f64::min).zip(finite().reduce(f64::max))
}

/// Where things are, seen from above, at the same scale in both directions: nodes, the links between them,
/// the ways of devices, the cells of access points, and below them all a value by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// What stands somewhere.
    pub places: Vec<Place>,
    /// Links, each between two places by index.
    pub links: Vec<[usize; 2]>,
    /// Ways through the area.
    pub trajectories: Vec<Trajectory>,
    /// What access points cover.
    pub cells: Vec<Disc>,
    /// A value by place, as colours.
    pub raster: Option<Raster>,
    /// What the colours of trajectories mean: a name for the colour of each number, in the legend instead of the number of
    /// trajectories; empty names are left out.
    pub way_names: Vec<String>,
    /// Outlines, such as fields.
    pub outlines: Vec<Outline>,
}

/// A closed outline on the ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// What it is; in the legend.
    pub name: String,
    /// Its corners, east and north of the origin in m; the last is joined to the first.
    pub corners: Vec<(f64, f64)>,
}

/// Something with a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its name, written beside it if the map is not crowded.
    pub name: String,
    /// What it is, as its tier; in the legend.
    pub kind: String,
    /// Number of its colour; that of its kind if left out.
    pub colour: Option<usize>,
    /// East of the origin, in m.
    pub x_m: f64,
    /// North of the origin, in m.
    pub y_m: f64,
}

/// A way.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// Whose it is.
    pub name: String,
    /// Places in order, east and north of the origin in m. One that is not finite interrupts the way.
    pub points: Vec<(f64, f64)>,
    /// Numbers of the colours of the way from each point to the next; that of ways for all if it is empty.
    pub colours: Vec<usize>,
}

/// A part of a way: the number of its colour, if it has one of its own, and its points.
type Piece = (Option<usize>, Vec<(f64, f64)>);

impl Trajectory {
    /// The parts of the way without gaps and of one colour.
    fn pieces(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut goes_on = false;
        for (index, &point) in self.points.iter().enumerate() {
            if !(point.0.is_finite() && point.1.is_finite()) {
                goes_on = false;
                continue;
            }
            let colour = self.colours.get(index).copied();
            match pieces.last_mut().filter(|_| goes_on) {
                Some((own, points)) if *own == colour => points.push(point),
                Some((_, points)) => {
                    // The way up to here has the colour of the point before.
                    points.push(point);
                    pieces.push((colour, vec![point]));
                }
                None => pieces.push((colour, vec![point])),
            }
            goes_on = true;
        }
        pieces
    }
}

/// A disc on the ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Disc {
    /// East of the origin, in m.
    pub x_m: f64,
    /// North of the origin, in m.
    pub y_m: f64,
    /// Radius in m.
    pub radius_m: f64,
}

impl Map {
    /// Checks the links and gives all coordinates, those of cells with their rims.
    fn extent(&self) -> Result<(Vec<f64>, Vec<f64>), PlotError> {
        if let Some(link) =
            self.links.iter().find(|link| link.iter().any(|&end| end >= self.places.len()))
        {
            let message = format!("a link joins places {link:?}, but there are {}", self.places.len());
            return Err(PlotError::Inconsistent(message));
        }
        let (mut xs, mut ys): (Vec<f64>, Vec<f64>) =
            self.places.iter().map(|place| (place.x_m, place.y_m)).unzip();
        for trajectory in &self.trajectories {
            xs.extend(trajectory.points.iter().map(|point| point.0));
            ys.extend(trajectory.points.iter().map(|point| point.1));
        }
        for outline in &self.outlines {
            xs.extend(outline.corners.iter().map(|corner| corner.0));
            ys.extend(outline.corners.iter().map(|corner| corner.1));
        }
        if let Some(raster) = &self.raster {
            let [low, high] = raster.corners()?;
            xs.extend([low.0, high.0]);
            ys.extend([low.1, high.1]);
        }
        if self.is_crowded() {
            // What is between the rims is what is to be seen: a quarter more than all places on each side.
            for values in [&mut xs, &mut ys] {
                if let Some((low, high)) = ends(values) {
                    values.extend([low - 0.25 * (high - low), high + 0.25 * (high - low)]);
                }
            }
        } else {
            // No rim makes all else so small that nothing of it can be seen.
            let before = [ends(&xs), ends(&ys)];
            let longer = before.iter().flatten().map(|(low, high)| high - low).fold(0.0, f64::max);
            let margin = if longer > 0.0 { MOST_MARGIN * longer } else { f64::INFINITY };
            for cell in &self.cells {
                let own = [(&mut xs, cell.x_m), (&mut ys, cell.y_m)];
                for ((values, at), before) in own.into_iter().zip(before) {
                    let (low, high) = before.unwrap_or((0.0, 0.0));
                    values.push((at - cell.radius_m).max(low - margin));
                    values.push((at + cell.radius_m).min(high + margin));
                }
            }
        }
        Ok((xs, ys))
    }

    /// Whether there are so many cells that they are rims only, which may leave the map.
    fn is_crowded(&self) -> bool {
        self.cells.len() > MOST_FILLED && !self.places.is_empty()
    }

    fn legend(&self, kinds: &[&str]) -> Vec<Entry> {
        let places = kinds.iter().enumerate().map(|(index, kind)| {
            let count = self.places.iter().filter(|place| place.kind == *kind).count();
            let key = Key::Marker { series: index, fill: colour(index).into() };
            Entry::new(format!("{kind} ({count})"), key)
        });
        let ways = if self.way_names.is_empty() { self.trajectories.len() } else { 0 };
        let others = [
            ("links", self.links.len(), Key::Line(link_stroke())),
            ("trajectories", ways, Key::Line(Stroke::new(way(1), 2.0))),
            ("cells", self.cells.len(), Key::Ring(cell_stroke(1))),
        ];
        let others = others.into_iter().filter(|(_, count, _)| *count > 0);
        let others = others.map(|(name, count, key)| Entry::new(format!("{name} ({count})"), key));
        let named = self.way_names.iter().enumerate().filter(|(_, name)| !name.is_empty());
        let named = named.map(|(own, name)| Entry::new(name, Key::Line(Stroke::new(own_way(own), 3.0))));
        let outlines = in_order(self.outlines.iter().map(|outline| outline.name.as_str()));
        let outlines = outlines.into_iter().map(|name| Entry::new(name, Key::Line(outline_stroke())));
        places.chain(others).chain(named).chain(outlines).collect()
    }

    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        let kinds = in_order(self.places.iter().map(|place| place.kind.as_str()));
        super::check_series(kinds.len().max(1), MOST_SERIES)?;
        let (xs, ys) = self.extent()?;
        let legend = self.legend(&kinds);
        let colours = self.raster.as_ref().map(Raster::colours).transpose()?;
        let beside = colours.as_ref().map_or(0.0, bar_width);
        let (x, y) = rulers(scene, &xs, &ys, legend.len(), beside)?;
        let frame = Frame::draw(scene, head, &legend, Side::Numbers(x), Side::Numbers(y), beside)?;
        if let (Some(raster), Some(colours)) = (&self.raster, &colours) {
            raster.draw(scene, &frame, colours);
            draw_bar(scene, &frame, colours);
        }
        for outline in &self.outlines {
            let mut corners: Vec<Pixel> =
                outline.corners.iter().map(|corner| (frame.x(corner.0), frame.y(corner.1))).collect();
            corners.extend(corners.first().copied());
            scene.polygon(corners.clone(), Fill { colour: colour(2), alpha: 0.06 });
            scene.line(corners, outline_stroke());
        }
        for cell in &self.cells {
            let rim: Vec<Pixel> = (0..=360)
                .map(|step| f64::from(step) / 360.0 * std::f64::consts::TAU)
                .map(|a| (cell.x_m + cell.radius_m * a.cos(), cell.y_m + cell.radius_m * a.sin()))
                .map(|(x, y)| (frame.x(x), frame.y(y)))
                .collect();
            // Of many cells the fills would add up to a wall.
            if !self.is_crowded() {
                let inside = |&(x, y): &Pixel| {
                    (x.max(frame.left).min(frame.right), y.max(frame.top).min(frame.bottom))
                };
                let part = rim.iter().map(inside).collect();
                scene.polygon(part, Fill { colour: colour(5), alpha: 0.07 });
            }
            let is_on = |point: &Pixel| {
                (frame.left..=frame.right).contains(&point.0)
                    && (frame.top..=frame.bottom).contains(&point.1)
            };
            for arc in rim.split(|point| !is_on(point)).filter(|arc| arc.len() > 1) {
                scene.line(arc.to_vec(), cell_stroke(self.cells.len()));
            }
        }
        let at = |place: &Place| (frame.x(place.x_m), frame.y(place.y_m));
        for link in &self.links {
            scene.line(link.map(|end| at(&self.places[end])).to_vec(), link_stroke());
        }
        for trajectory in &self.trajectories {
            for (own, piece) in trajectory.pieces() {
                let way_points = piece.iter().map(|point| (frame.x(point.0), frame.y(point.1)));
                let fill = own.map_or(way(self.trajectories.len()), own_way);
                scene.line(thinned(way_points.collect()), Stroke::new(fill, 1.4));
            }
        }
        // What there are many of lies below, and is small.
        let mut order: Vec<(usize, usize)> = (0..kinds.len())
            .map(|kind| (self.places.iter().filter(|place| place.kind == kinds[kind]).count(), kind))
            .collect();
        order.sort_by_key(|(count, kind)| (std::cmp::Reverse(*count), *kind));
        for (count, kind) in order {
            let radius = [6.0, 3.5, 2.2][usize::from(count > 40) + usize::from(count > 400)];
            for place in self.places.iter().filter(|place| place.kind == kinds[kind]) {
                marker(scene, kind, at(place), radius + 1.4, PAPER.into());
                marker(scene, kind, at(place), radius, colour(place.colour.unwrap_or(kind)).into());
            }
        }
        if self.places.len() <= MOST_NAMED {
            self.draw_names(scene, &frame);
        }
        Ok(())
    }

    /// Names beside their places, but for those that would cover another or leave the map.
    fn draw_names(&self, scene: &mut Scene, frame: &Frame) {
        let mut taken: Vec<[f64; 4]> = self
            .places
            .iter()
            .map(|place| (frame.x(place.x_m), frame.y(place.y_m)))
            .map(|(x, y)| [x - 6.0, y - 3.0, x + 6.0, y + 3.0])
            .collect();
        for place in self.places.iter().filter(|place| !place.name.is_empty()) {
            let (x, y) = (frame.x(place.x_m), frame.y(place.y_m));
            let wide = width(&place.name, NAME);
            // Beside and a little above or below, where links seldom run.
            let side = |anchor: HPos, down: f64| {
                let left = if matches!(anchor, HPos::Left) { x + 7.0 } else { x - 7.0 - wide };
                let at = if matches!(anchor, HPos::Left) { x + 7.0 } else { x - 7.0 };
                ((anchor, at, y + down), [left, y + down - 7.0, left + wide, y + down + 7.0])
            };
            let sides = [
                side(HPos::Left, -10.0),
                side(HPos::Right, -10.0),
                side(HPos::Left, 11.0),
                side(HPos::Right, 11.0),
            ];
            let is_free = |area: &[f64; 4]| {
                let apart = |other: &[f64; 4]| {
                    area[2] < other[0] || other[2] < area[0] || area[3] < other[1] || other[3] < area[1]
                };
                let end = if self.raster.is_some() { frame.right } else { scene.width };
                let within = area[0] > frame.left && area[2] < end;
                within && area[1] > frame.top && area[3] < frame.bottom && taken.iter().all(apart)
            };
            if let Some(((anchor, x, y), area)) = sides.into_iter().find(|(_, area)| is_free(area)) {
                taken.push(area);
                let [left, top, right, bottom] = area;
                scene.rectangle((left, top), (right, bottom), Fill { colour: PAPER, alpha: 0.6 });
                scene.text(&place.name, (x, y), face(NAME, anchor, VPos::Center));
            }
        }
    }
}

fn link_stroke() -> Stroke {
    Stroke::new(Fill { colour: FAINT_INK, alpha: 0.6 }, 1.3)
}

fn cell_stroke(count: usize) -> Stroke {
    let alpha = (8.0 / count.max(1) as f64).clamp(0.25, 0.8);
    Stroke::new(Fill { colour: colour(5), alpha }, 1.2)
}

/// The colour of ways: the paler the more there are.
fn way(count: usize) -> Fill {
    let alpha = (24.0 / count.max(1) as f64).clamp(0.2, 0.75);
    Fill { colour: colour(3), alpha }
}

/// The colour of a way with a number of its own.
fn own_way(own: usize) -> Fill {
    Fill { colour: colour(own), alpha: 0.8 }
}

fn outline_stroke() -> Stroke {
    Stroke::new(Fill { colour: FAINT_INK, alpha: 0.9 }, 1.6)
}

/// Axes of one scale: the longer extent of the data decides, and the other gets the room that is left.
fn rulers(
    scene: &Scene,
    xs: &[f64],
    ys: &[f64],
    entries: usize,
    beside: f64,
) -> Result<(Ruler, Ruler), PlotError> {
    let ends = |values: &[f64]| {
        let finite = values.iter().filter(|value| value.is_finite());
        finite.fold(None, |ends: Option<(f64, f64)>, &value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        })
    };
    let nothing = || PlotError::Empty("nothing has a place".into());
    let (x, y) = (ends(xs).ok_or_else(nothing)?, ends(ys).ok_or_else(nothing)?);
    // About what title, legend and labels leave; the frame is told exactly what to do by the axes' ends.
    let legend_rows = entries.div_ceil(4) as f64;
    let room = (
        (scene.width - 110.0 - beside).max(100.0),
        (scene.height - 130.0 - 22.0 * legend_rows).max(100.0),
    );
    let metres_per_pixel = (1.1 * (x.1 - x.0) / room.0).max(1.1 * (y.1 - y.0) / room.1);
    let metres_per_pixel = if metres_per_pixel > 0.0 { metres_per_pixel } else { 100.0 / room.0 };
    let stretched = |(low, high): (f64, f64), room: f64| {
        let (middle, half) = ((low + high) / 2.0, metres_per_pixel * room / 2.0);
        [middle - half, middle + half]
    };
    let fit = Fit { tight: true, ..Fit::default() };
    let ticks = |room: f64| (room / (TICK * 7.0)) as usize;
    Ok((
        Ruler::new(&Axis::new("east", "m"), stretched(x, room.0), fit, ticks(room.0))?,
        Ruler::new(&Axis::new("north", "m"), stretched(y, room.1), fit, ticks(room.1))?,
    ))
}

/// A way without steps below a pixel.
fn thinned(points: Vec<Pixel>) -> Vec<Pixel> {
    let mut kept: Vec<Pixel> = Vec::new();
    for point in points {
        let is_far = kept.last().is_none_or(|last| (point.0 - last.0).hypot(point.1 - last.1) >= 1.0);
        if is_far {
            kept.push(point);
        }
    }
    kept
}
