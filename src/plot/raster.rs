//! Values by place: means in squares, as colours below a map.

use super::PlotError;
use super::axis::{Axis, Fit, Ruler};
use super::frame::{Frame, ROOM_Y};
use super::heat_map::MOST_CELLS;
use super::palette::sequential;
use super::scene::Scene;

/// A number for each square of an area.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// What the numbers are.
    pub value: Axis,
    /// The south-western corner, east of the origin in m.
    pub x_m: f64,
    /// The south-western corner, north of the origin in m.
    pub y_m: f64,
    /// Side of a square in m, above 0.
    pub side_m: f64,
    /// The numbers, row by row from the south, each from the west; squares without one, or with one that is not
    /// finite, are left blank. At most 40 000 in all.
    pub cells: Vec<Vec<Option<f64>>>,
}

impl Raster {
    /// The means of values in squares: points are metres to the east, metres to the north, and the value there. The
    /// longer side of their extent has `squares` of them. What is not finite is left out.
    ///
    /// # Errors
    /// If no point has a place and a value, or there are too many squares.
    pub fn of_points(
        value: Axis,
        points: impl IntoIterator<Item = (f64, f64, f64)>,
        squares: usize,
    ) -> Result<Raster, PlotError> {
        let is_known = |(x, y, value): &(f64, f64, f64)| [x, y, value].iter().all(|n| n.is_finite());
        let points: Vec<(f64, f64, f64)> = points.into_iter().filter(is_known).collect();
        let ends = |of: fn(&(f64, f64, f64)) -> f64| {
            let all = points.iter().map(of);
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)))
        };
        let (x, y) = (ends(|point| point.0), ends(|point| point.1));
        if points.is_empty() {
            let message = format!("no row has a place and a value of {:?}", value.label);
            return Err(PlotError::Empty(message));
        }
        let squares = squares.max(1);
        let longer = (x.1 - x.0).max(y.1 - y.0);
        // Of a single place the square has a metre.
        let side_m = if longer > 0.0 { longer / squares as f64 } else { 1.0 };
        // What lies on the upper end belongs to the last square.
        let count = |(low, high): (f64, f64)| (((high - low) / side_m - 1e-9).ceil().max(1.0)) as usize;
        let (columns, rows) = (count(x), count(y));
        enough_room(columns, rows)?;
        let mut sums = vec![vec![(0.0, 0_u64); columns]; rows];
        for (east, north, value) in &points {
            // The casts round down.
            let column = (((east - x.0) / side_m) as usize).min(columns - 1);
            let row = (((north - y.0) / side_m) as usize).min(rows - 1);
            let (sum, number) = &mut sums[row][column];
            *sum += value;
            *number += 1;
        }
        let mean = |(sum, number): (f64, u64)| (number > 0).then(|| sum / number as f64);
        let cells = sums.into_iter().map(|row| row.into_iter().map(mean).collect()).collect();
        Ok(Raster { value, x_m: x.0, y_m: y.0, side_m, cells })
    }

    /// The south-western and the north-eastern corner; an error if there is none.
    pub(super) fn corners(&self) -> Result<[(f64, f64); 2], PlotError> {
        let columns = self.cells.first().map_or(0, Vec::len);
        if let Some(torn) = self.cells.iter().find(|row| row.len() != columns) {
            let message = format!("a raster has rows of {columns} and {} cells", torn.len());
            return Err(PlotError::Inconsistent(message));
        }
        if !(self.side_m > 0.0
            && self.side_m.is_finite()
            && self.x_m.is_finite()
            && self.y_m.is_finite())
        {
            let message = format!(
                "a raster has squares of {} m from {} m east and {} m north",
                self.side_m, self.x_m, self.y_m
            );
            return Err(PlotError::Inconsistent(message));
        }
        enough_room(columns, self.cells.len())?;
        let end = |low: f64, count: usize| low + count as f64 * self.side_m;
        Ok([(self.x_m, self.y_m), (end(self.x_m, columns), end(self.y_m, self.cells.len()))])
    }

    /// Which colour is which number.
    pub(super) fn colours(&self) -> Result<Ruler, PlotError> {
        let fit = Fit { tight: true, ..Fit::default() };
        Ruler::new(&self.value, self.cells.iter().flatten().flatten().copied(), fit, ROOM_Y)
    }

    /// Draws the squares, each over the seams to the next.
    pub(super) fn draw(&self, scene: &mut Scene, frame: &Frame, colours: &Ruler) {
        let at = |low: f64, index: usize| low + index as f64 * self.side_m;
        for (row, cells) in self.cells.iter().enumerate() {
            for (column, value) in cells.iter().enumerate() {
                let Some(value) = value.filter(|value| value.is_finite()) else { continue };
                let west_south = (frame.x(at(self.x_m, column)), frame.y(at(self.y_m, row)));
                let east_north = (frame.x(at(self.x_m, column + 1)), frame.y(at(self.y_m, row + 1)));
                let end = ((east_north.0 + 0.5).min(frame.right), (east_north.1 - 0.5).max(frame.top));
                scene.rectangle(west_south, end, sequential(colours.share(value)));
            }
        }
    }
}

/// Refuses more squares than a figure has room for.
fn enough_room(columns: usize, rows: usize) -> Result<(), PlotError> {
    let found = columns.saturating_mul(rows);
    if found > MOST_CELLS {
        return Err(PlotError::TooMany { what: "cells", found, most: MOST_CELLS });
    }
    Ok(())
}
