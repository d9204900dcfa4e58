//! Lines over a field: simple polygons, and the back-and-forth ways by which a vehicle passes over all of one.
//!
//! A field is cut into strips of equal width, at most the spacing, across the heading. In each strip a line follows the
//! middle as far as any point of the field lies beside it, so that no point of the field is further than half a spacing
//! from a line, whatever its shape. Where a concave field has several pieces in a strip, each has a line of its own;
//! lines that follow each other from strip to strip are a cell, and cells are mown one after the other, as in the
//! boustrophedon decomposition (Choset and Pignon, *Coverage path planning: the boustrophedon cellular decomposition*,
//! 1998).

use std::fmt;

/// A point of the plane in metres east and north.
pub type Point = [f64; 2];

/// Shortest edge of a field in metres; with less two corners are taken as one.
const SHORTEST_EDGE_M: f64 = 1e-6;

/// Most lines of a coverage, so that a tiny spacing is an error rather than a full memory.
pub const MOST_LINES: usize = 1_000_000;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PolygonError {
    /// There is nothing inside.
    #[error("a field needs at least three corners, and {0} are given")]
    TooFewCorners(usize),
    /// A coordinate is no number.
    #[error("corner {0} is not a place")]
    NotFinite(usize),
    /// An edge has no length.
    #[error("corner {0} and the one after it are the same place")]
    Repeated(usize),
    /// Two edges meet where they must not.
    #[error(
        "the field crosses itself: its edge {first} and its edge {second} meet at ({x_m:.1} m, {y_m:.1} m)"
    )]
    Crossing {
        /// The first edge: from the corner of this number to the next one.
        first: usize,
        /// The other one.
        second: usize,
        /// Where they meet.
        x_m: f64,
        /// Where they meet.
        y_m: f64,
    },
    /// All corners are on a line.
    #[error("the field has no area")]
    NoArea,
    /// The spacing is not above 0.
    #[error("the spacing of lines must be above 0, and it is {0} m")]
    Spacing(f64),
    /// The spacing is so small that there would be too many lines.
    #[error(
        "with a spacing of {spacing_m} m there would be {lines} lines or more, and {MOST_LINES} are the most"
    )]
    TooManyLines {
        /// The spacing.
        spacing_m: f64,
        /// How many there would be at least.
        lines: usize,
    },
}

/// A polygon whose edges meet at its corners only, in either direction of turning.
///
/// ```
/// use stratosim::apps::missions::Polygon;
/// let field = Polygon::new(vec![[0.0, 0.0], [30.0, 0.0], [30.0, 20.0], [0.0, 20.0]])?;
/// assert_eq!(field.area_m2(), 600.0);
/// assert!(field.contains([1.0, 19.0]) && !field.contains([31.0, 1.0]));
/// // The second corner of the last two is on the wrong side: edges 1 and 3 cross.
/// let twisted = Polygon::new(vec![[0.0, 0.0], [30.0, 0.0], [0.0, 20.0], [30.0, 20.0]]);
/// assert!(twisted.is_err());
/// # Ok::<(), stratosim::apps::missions::PolygonError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    corners: Vec<Point>,
}

fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

fn cross(a: Point, b: Point) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn length(a: Point) -> f64 {
    a[0].hypot(a[1])
}

/// Where two segments meet, if they do: the point of crossing, or an end of one that lies on the other.
fn meeting(a: [Point; 2], b: [Point; 2]) -> Option<Point> {
    let (along_a, along_b) = (minus(a[1], a[0]), minus(b[1], b[0]));
    let determinant = cross(along_a, along_b);
    let between = minus(b[0], a[0]);
    if determinant != 0.0 {
        let (s, t) = (cross(between, along_b) / determinant, cross(between, along_a) / determinant);
        let meets = (0.0..=1.0).contains(&s) && (0.0..=1.0).contains(&t);
        return meets.then(|| [a[0][0] + s * along_a[0], a[0][1] + s * along_a[1]]);
    }
    if cross(between, along_a) != 0.0 {
        return None;
    }
    let lies_on = |point: Point, segment: [Point; 2]| {
        dot(minus(point, segment[0]), minus(point, segment[1])) <= 0.0
    };
    let ends = [(b[0], a), (b[1], a), (a[0], b), (a[1], b)];
    ends.into_iter().find(|&(point, segment)| lies_on(point, segment)).map(|(point, _)| point)
}

impl Polygon {
    /// The polygon of these corners; the last one is joined to the first.
    ///
    /// # Errors
    /// If its edges meet elsewhere than at its corners, or there is nothing inside.
    pub fn new(corners: Vec<Point>) -> Result<Self, PolygonError> {
        let count = corners.len();
        if count < 3 {
            return Err(PolygonError::TooFewCorners(count));
        }
        if let Some(bad) = corners.iter().position(|corner| !corner.iter().all(|part| part.is_finite()))
        {
            return Err(PolygonError::NotFinite(bad));
        }
        let polygon = Polygon { corners };
        let short = |edge: &usize| {
            let [from, to] = polygon.edge(*edge);
            length(minus(to, from)) < SHORTEST_EDGE_M
        };
        if let Some(edge) = (0..count).find(short) {
            return Err(PolygonError::Repeated(edge));
        }
        for first in 0..count {
            for second in first + 1..count {
                if let Some([x_m, y_m]) = polygon.conflict(first, second) {
                    return Err(PolygonError::Crossing { first, second, x_m, y_m });
                }
            }
        }
        if polygon.area_m2() <= 0.0 {
            return Err(PolygonError::NoArea);
        }
        Ok(polygon)
    }

    /// Where two edges meet though they must not. Neighbours share a corner, but must not lie on each other.
    fn conflict(&self, first: usize, second: usize) -> Option<Point> {
        let count = self.corners.len();
        let (one, other) = (self.edge(first), self.edge(second));
        let shared = if second == first + 1 {
            Some((one[0], one[1], other[1]))
        } else if first == 0 && second == count - 1 {
            Some((other[0], other[1], one[1]))
        } else {
            None
        };
        match shared {
            Some((before, corner, after)) => {
                let (back, on) = (minus(before, corner), minus(after, corner));
                (cross(back, on) == 0.0 && dot(back, on) > 0.0).then_some(corner)
            }
            None => meeting(one, other),
        }
    }

    /// The corners.
    #[must_use]
    pub fn corners(&self) -> &[Point] {
        &self.corners
    }

    /// The edge from a corner to the next one.
    fn edge(&self, number: usize) -> [Point; 2] {
        [self.corners[number], self.corners[(number + 1) % self.corners.len()]]
    }

    /// Its area in square metres.
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        let origin = self.corners[0];
        let twice: f64 = (0..self.corners.len())
            .map(|number| {
                let [from, to] = self.edge(number);
                cross(minus(from, origin), minus(to, origin))
            })
            .sum();
        twice.abs() / 2.0
    }

    /// The least and the greatest coordinates, each east and north.
    #[must_use]
    pub fn bounds(&self) -> (Point, Point) {
        let start = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        self.corners.iter().fold(start, |(low, high), corner| {
            let least = [low[0].min(corner[0]), low[1].min(corner[1])];
            (least, [high[0].max(corner[0]), high[1].max(corner[1])])
        })
    }

    /// Whether a point is inside, by the number of edges to the east of it.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        let crossings = (0..self.corners.len()).filter(|&number| {
            let [from, to] = self.edge(number);
            (from[1] > point[1]) != (to[1] > point[1])
                && point[0] < from[0] + (to[0] - from[0]) * (point[1] - from[1]) / (to[1] - from[1])
        });
        crossings.count() % 2 == 1
    }

    /// The corners with the heading turned to the first axis.
    fn turned(&self, along: Point) -> Polygon {
        let across = [-along[1], along[0]];
        let turn = |corner: &Point| [dot(*corner, along), dot(*corner, across)];
        Polygon { corners: self.corners.iter().map(turn).collect() }
    }

    /// The parts of the first axis beside which the polygon has points between two values of the second axis.
    fn shadow(&self, low: f64, high: f64) -> Vec<[f64; 2]> {
        let mut marks: Vec<f64> = Vec::new();
        for number in 0..self.corners.len() {
            let [from, to] = self.edge(number);
            if (low..=high).contains(&from[1]) {
                marks.push(from[0]);
            }
            for level in [low, high] {
                if (from[1] > level) != (to[1] > level) {
                    marks.push(from[0] + (to[0] - from[0]) * (level - from[1]) / (to[1] - from[1]));
                }
            }
        }
        marks.sort_by(f64::total_cmp);
        let mut parts: Vec<[f64; 2]> = Vec::new();
        let mut levels = Vec::new();
        for pair in marks.windows(2) {
            if pair[0] >= pair[1] || !self.has_points(0.5 * (pair[0] + pair[1]), low, high, &mut levels)
            {
                continue;
            }
            match parts.last_mut() {
                Some(last) if last[1] == pair[0] => last[1] = pair[1],
                _ => parts.push([pair[0], pair[1]]),
            }
        }
        parts
    }

    /// Whether the polygon has points at a value of the first axis between two values of the second one.
    fn has_points(&self, at: f64, low: f64, high: f64, levels: &mut Vec<f64>) -> bool {
        levels.clear();
        levels.extend((0..self.corners.len()).filter_map(|number| {
            let [from, to] = self.edge(number);
            ((from[0] > at) != (to[0] > at))
                .then(|| from[1] + (to[1] - from[1]) * (at - from[0]) / (to[0] - from[0]))
        }));
        levels.sort_by(f64::total_cmp);
        levels.chunks_exact(2).any(|inside| inside[0].max(low) < inside[1].min(high))
    }

    /// The directions of the edges of its convex hull, by Andrew's monotone chain; across one of them it is narrowest
    /// (Houle and Toussaint, *Computing the width of a set*, 1988).
    fn hull_directions(&self) -> Vec<Point> {
        let mut sorted = self.corners.clone();
        sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        let half = |points: &mut dyn Iterator<Item = Point>| {
            let mut chain: Vec<Point> = Vec::new();
            for point in points {
                while let [.., before, last] = chain[..]
                    && cross(minus(last, before), minus(point, before)) <= 0.0
                {
                    chain.pop();
                }
                chain.push(point);
            }
            chain
        };
        let lower = half(&mut sorted.iter().copied());
        let upper = half(&mut sorted.iter().rev().copied());
        let edges = [lower, upper];
        let edges = edges.iter().flat_map(|chain| chain.windows(2)).map(|pair| {
            let along = minus(pair[1], pair[0]);
            let length_m = length(along);
            // Towards the east or, if that is none, to the north: opposite edges are one direction.
            let sign = if along[0] > 0.0 || (along[0] == 0.0 && along[1] > 0.0) { 1.0 } else { -1.0 };
            [sign * along[0] / length_m, sign * along[1] / length_m]
        });
        let mut directions: Vec<Point> = Vec::new();
        for edge in edges {
            if !directions.iter().any(|known| cross(*known, edge).abs() < 1e-9) {
                directions.push(edge);
            }
        }
        directions
    }
}

/// A straight line over a field, in the direction in which it is passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Where it begins.
    pub from: Point,
    /// Where it ends.
    pub to: Point,
}

impl Line {
    /// Its length in metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        length(minus(self.to, self.from))
    }

    /// The distance of a point from it in metres.
    #[must_use]
    pub fn distance_m(&self, point: Point) -> f64 {
        let (along, to_point) = (minus(self.to, self.from), minus(point, self.from));
        let squared = dot(along, along);
        let share = if squared > 0.0 { (dot(to_point, along) / squared).clamp(0.0, 1.0) } else { 0.0 };
        length([to_point[0] - share * along[0], to_point[1] - share * along[1]])
    }

    fn reversed(self) -> Line {
        Line { from: self.to, to: self.from }
    }

    /// The place so far along it, as a share of its length.
    fn at(&self, share: f64) -> Point {
        [
            self.from[0] + share * (self.to[0] - self.from[0]),
            self.from[1] + share * (self.to[1] - self.from[1]),
        ]
    }
}

/// Lines over a field, in the order in which they are passed; between them a vehicle goes straight on.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The lines.
    pub lines: Vec<Line>,
    /// Their heading in degrees clockwise from north, 0 to 180.
    pub heading_deg: f64,
    /// Distance between neighbouring lines in metres, at most what was asked for.
    pub spacing_m: f64,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines of {:.0} m in all", self.lines.len(), self.length_m())
    }
}

/// The lines of a cell: neighbours in neighbouring strips.
type Cell = Vec<Line>;

impl Coverage {
    /// Lines over a field, `spacing_m` apart at most, with a heading in degrees clockwise from north; with the heading
    /// that needs the fewest lines, and of those the shortest way, if none is given.
    ///
    /// # Errors
    /// If the spacing is not above 0, or so small that there would be too many lines.
    ///
    /// ```
    /// use stratosim::apps::missions::{Coverage, Polygon};
    /// let field = Polygon::new(vec![[0.0, 0.0], [30.0, 0.0], [30.0, 20.0], [0.0, 20.0]])?;
    /// // Along the longer side, the east: 20 m / 5 m = 4 lines of 30 m.
    /// let coverage = Coverage::new(&field, 5.0, None)?;
    /// assert_eq!((coverage.lines.len(), coverage.heading_deg), (4, 90.0));
    /// assert_eq!(coverage.lines[1].from, [30.0, 7.5]);
    /// # Ok::<(), stratosim::apps::missions::PolygonError>(())
    /// ```
    pub fn new(field: &Polygon, spacing_m: f64, heading_deg: Option<f64>) -> Result<Self, PolygonError> {
        if !(spacing_m > 0.0 && spacing_m.is_finite()) {
            return Err(PolygonError::Spacing(spacing_m));
        }
        if let Some(heading_deg) = heading_deg {
            let (east, north) = heading_deg.to_radians().sin_cos();
            return Coverage::along(field, spacing_m, [east, north]);
        }
        let mut best: Option<Coverage> = None;
        for along in field.hull_directions() {
            let found = Coverage::along(field, spacing_m, along)?;
            let is_better = best.as_ref().is_none_or(|best| {
                let lines = found.lines.len().cmp(&best.lines.len());
                lines.then(found.way_m().total_cmp(&best.way_m())).is_lt()
            });
            if is_better {
                best = Some(found);
            }
        }
        best.ok_or(PolygonError::NoArea)
    }

    fn along(field: &Polygon, spacing_m: f64, along: Point) -> Result<Self, PolygonError> {
        let turned = field.turned(along);
        let (low, high) = turned.bounds();
        let width_m = high[1] - low[1];
        // A width that is a whole number of spacings but for rounding needs no further strip.
        let strips = (width_m / spacing_m * (1.0 - 1e-12)).ceil().max(1.0);
        if strips > MOST_LINES as f64 {
            return Err(PolygonError::TooManyLines { spacing_m, lines: strips as usize });
        }
        let own_m = width_m / strips;
        let mut open: Vec<(usize, [f64; 2])> = Vec::new();
        let mut cells: Vec<Cell> = Vec::new();
        for strip in 0..strips as usize {
            let bottom = low[1] + strip as f64 * own_m;
            let level = bottom + 0.5 * own_m;
            let parts = turned.shadow(bottom, bottom + own_m);
            let meets = |a: &[f64; 2], b: &[f64; 2]| a[0] <= b[1] && b[0] <= a[1];
            let mut next = Vec::with_capacity(parts.len());
            for part in &parts {
                let mut before = open.iter().filter(|(_, own)| meets(own, part));
                // It goes on with a cell if each is the only neighbour of the other.
                let cell = match (before.next(), before.next()) {
                    (Some((cell, own)), None)
                        if parts.iter().filter(|other| meets(own, other)).count() == 1 =>
                    {
                        *cell
                    }
                    _ => {
                        cells.push(Cell::new());
                        cells.len() - 1
                    }
                };
                cells[cell].push(Line { from: [part[0], level], to: [part[1], level] });
                next.push((cell, *part));
            }
            open = next;
        }
        let lines = in_turn(cells);
        let across = [-along[1], along[0]];
        let back = |point: Point| {
            let part = |axis: usize| point[0] * along[axis] + point[1] * across[axis];
            [part(0), part(1)]
        };
        let lines = lines.iter().map(|line| Line { from: back(line.from), to: back(line.to) });
        let heading_deg = along[0].atan2(along[1]).to_degrees().rem_euclid(180.0);
        Ok(Coverage { lines: lines.collect(), heading_deg, spacing_m: own_m })
    }

    /// Length of all lines in metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.lines.iter().map(Line::length_m).sum()
    }

    /// Length of the whole way in metres: lines, and what is between them.
    #[must_use]
    pub fn way_m(&self) -> f64 {
        let between = self.lines.windows(2).map(|pair| length(minus(pair[1].from, pair[0].to)));
        self.length_m() + between.sum::<f64>()
    }

    /// The same lines in so many parts (at least one) of equal length, in order; lines are cut where a part ends.
    #[must_use]
    pub fn divided(&self, parts: usize) -> Vec<Vec<Line>> {
        let parts = parts.max(1);
        let share_m = self.length_m() / parts as f64;
        let mut divided = vec![Vec::new(); parts];
        let mut before_m = 0.0;
        for line in &self.lines {
            let length_m = line.length_m();
            if length_m <= 0.0 {
                continue;
            }
            let mut done_m = 0.0;
            while done_m < length_m {
                let part = (((before_m + done_m) / share_m + 1e-9).floor() as usize).min(parts - 1);
                let end_m = if part + 1 == parts {
                    length_m
                } else {
                    ((part + 1) as f64 * share_m - before_m).min(length_m)
                };
                // What is left of a line by rounding goes with the part before it.
                let is_rest = length_m - end_m < 1e-6 || end_m <= done_m;
                let end_m = if is_rest { length_m } else { end_m };
                divided[part]
                    .push(Line { from: line.at(done_m / length_m), to: line.at(end_m / length_m) });
                done_m = end_m;
            }
            before_m += length_m;
        }
        divided
    }
}

/// The lines of cells, one cell after the other: always the nearest that is left, from the end that is nearest, there and
/// back again.
fn in_turn(mut cells: Vec<Cell>) -> Vec<Line> {
    let mut lines = Vec::with_capacity(cells.iter().map(Vec::len).sum());
    let mut place: Option<Point> = None;
    while !cells.is_empty() {
        let mut nearest = (0, false, false, f64::INFINITY);
        if let Some(place) = place {
            for (number, cell) in cells.iter().enumerate() {
                for (from_top, backwards) in [(false, false), (false, true), (true, false), (true, true)]
                {
                    let end = if from_top { cell.last() } else { cell.first() };
                    let Some(line) = end else { continue };
                    let start = if backwards { line.to } else { line.from };
                    let away_m = length(minus(start, place));
                    if away_m < nearest.3 {
                        nearest = (number, from_top, backwards, away_m);
                    }
                }
            }
        }
        let (number, from_top, mut backwards, _) = nearest;
        let mut cell = cells.remove(number);
        if from_top {
            cell.reverse();
        }
        for line in cell {
            lines.push(if backwards { line.reversed() } else { line });
            backwards = !backwards;
        }
        place = lines.last().map(|line| line.to);
    }
    lines
}

#[cfg(test)]
mod tests;
