//! Capacity grids: where the nodes of a part of a tree are, and how much they have free, in few bytes.

use crate::infra::Position;

/// Bytes of a message with an empty grid: the corners of its rectangle as four numbers of 4 bytes.
const RECTANGLE_BYTES: f64 = 16.0;

/// Bytes of an occupied cell: its number and count, and four sums.
const CELL_BYTES: f64 = 40.0;

/// What a cell holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cell {
    /// Nodes in it.
    pub count: u32,
    /// The sum of what they have free of each of the
    /// [`INSTANCE_ASSETS`](crate::apps::orchestration::INSTANCE_ASSETS).
    pub free: [f64; 4],
}

impl Cell {
    fn add(&mut self, other: &Cell) {
        self.count += other.count;
        for (own, more) in self.free.iter_mut().zip(other.free) {
            *own += more;
        }
    }

    /// Whether its nodes have so much free of each on average.
    fn has_room(&self, needs: &[f64; 4]) -> bool {
        let count = f64::from(self.count);
        needs.iter().zip(self.free).all(|(need, free)| need * count <= free)
    }
}

/// A rectangle with sides along the axes, in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Its least coordinates.
    pub min_m: [f64; 2],
    /// Its greatest coordinates.
    pub max_m: [f64; 2],
}

impl Rectangle {
    fn union(self, other: Rectangle) -> Rectangle {
        let (a, b) = (self, other);
        Rectangle {
            min_m: [a.min_m[0].min(b.min_m[0]), a.min_m[1].min(b.min_m[1])],
            max_m: [a.max_m[0].max(b.max_m[0]), a.max_m[1].max(b.max_m[1])],
        }
    }

    /// Metres from a position to its nearest point.
    fn distance_m(&self, at: Position) -> f64 {
        let beside =
            |axis: usize, at_m: f64| (self.min_m[axis] - at_m).max(at_m - self.max_m[axis]).max(0.0);
        beside(0, at.x_m).hypot(beside(1, at.y_m))
    }
}

/// The smallest rectangle around some nodes in n x n cells, of which those with nodes are kept: counts and sums, so that
/// merging loses neither. Nodes that are merged keep together, at the centre of the cell that they are in.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    rectangle: Rectangle,
    n: u8,
    /// Those that are occupied, by number: row by row.
    cells: Vec<(u16, Cell)>,
}

impl Grid {
    /// The grid of one node: one cell without an area.
    #[must_use]
    pub fn single(at: Position, free: [f64; 4]) -> Self {
        let corner = [at.x_m, at.y_m];
        let rectangle = Rectangle { min_m: corner, max_m: corner };
        Grid { rectangle, n: 1, cells: vec![(0, Cell { count: 1, free })] }
    }

    /// All that some grids hold in n x n cells, 1..=64 for n: each of their cells goes as a whole to the cell that its
    /// centre is in. `None` if there are no grids.
    #[must_use]
    pub fn merged<'a>(n: u8, parts: impl Iterator<Item = &'a Grid> + Clone) -> Option<Self> {
        let rectangle = parts.clone().map(|part| part.rectangle).reduce(Rectangle::union)?;
        let mut merged = Grid { rectangle, n: n.clamp(1, 64), cells: Vec::new() };
        let mut cells: Vec<(u16, Cell)> = Vec::new();
        for part in parts {
            let own = part.cells.iter();
            cells.extend(
                own.map(|&(number, cell)| (merged.number_of(part.area(number).centre_m()), cell)),
            );
        }
        cells.sort_by_key(|own| own.0);
        for (number, cell) in cells {
            match merged.cells.last_mut() {
                Some((last, own)) if *last == number => own.add(&cell),
                _ => merged.cells.push((number, cell)),
            }
        }
        Some(merged)
    }

    /// The smallest rectangle that holds all that was merged.
    #[must_use]
    pub fn rectangle(&self) -> Rectangle {
        self.rectangle
    }

    /// The occupied cells, each with its area.
    pub fn cells(&self) -> impl Iterator<Item = (Rectangle, &Cell)> {
        self.cells.iter().map(|(number, cell)| (self.area(*number), cell))
    }

    /// Nodes and what they have free, in all.
    #[must_use]
    pub fn total(&self) -> Cell {
        let mut total = Cell::default();
        self.cells.iter().for_each(|(_, cell)| total.add(cell));
        total
    }

    /// What it takes on the network: the rectangle and the occupied cells.
    #[must_use]
    pub fn bytes(&self) -> f64 {
        RECTANGLE_BYTES + CELL_BYTES * self.cells.len() as f64
    }

    /// Metres to the nearest point of a cell whose nodes have so much free of each on average; `None` if there is none.
    #[must_use]
    pub fn nearest_m(&self, at: Position, needs: &[f64; 4]) -> Option<f64> {
        let with_room = self.cells.iter().filter(|(_, cell)| cell.has_room(needs));
        with_room.map(|(number, _)| self.area(*number).distance_m(at)).min_by(f64::total_cmp)
    }

    fn step_m(&self, axis: usize) -> f64 {
        (self.rectangle.max_m[axis] - self.rectangle.min_m[axis]) / f64::from(self.n)
    }

    /// The number of the cell that a point is in.
    fn number_of(&self, point_m: [f64; 2]) -> u16 {
        let place = |axis: usize| {
            let steps = (point_m[axis] - self.rectangle.min_m[axis]) / self.step_m(axis);
            // Without an extent all are in the first; a cast takes NaN as 0.
            (steps as u16).min(u16::from(self.n) - 1)
        };
        place(1) * u16::from(self.n) + place(0)
    }

    fn area(&self, number: u16) -> Rectangle {
        let n = u16::from(self.n);
        let at = |axis: usize, place: u16| {
            // So that rounding leaves no node outside.
            if place == n {
                return self.rectangle.max_m[axis];
            }
            self.rectangle.min_m[axis] + f64::from(place) * self.step_m(axis)
        };
        let (column, row) = (number % n, number / n);
        Rectangle { min_m: [at(0, column), at(1, row)], max_m: [at(0, column + 1), at(1, row + 1)] }
    }
}

impl Rectangle {
    fn centre_m(&self) -> [f64; 2] {
        [0, 1].map(|axis| (self.min_m[axis] + self.max_m[axis]) / 2.0)
    }
}
