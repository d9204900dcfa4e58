//! Heat maps.

use super::PlotError;
use super::axis::{Axis, Fit, Ruler, plain};
use super::font::width;
use super::frame::{Frame, Head, ROOM_Y, Side, TICK, every_upwards, face};
use super::legend::{Entry, Key};
use super::palette::{INK, NO_VALUE, ink_on, sequential};
use super::scene::{Scene, Stroke, Type};
use plotters::style::text_anchor::{HPos, VPos};

pub(super) const MOST_CELLS: usize = 40_000;
const BAR: f64 = 18.0;
const CELL_TEXT: f64 = 14.0;

/// A number for each pair of a column and a row, as colour; with the numbers themselves where they fit.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// What the columns are.
    pub x: Axis,
    /// The names of the columns, from the left.
    pub columns: Vec<String>,
    /// What the rows are.
    pub y: Axis,
    /// The names of the rows, from the top.
    pub rows: Vec<String>,
    /// What the numbers are.
    pub value: Axis,
    /// The numbers, row by row; cells without one, or with one that is not finite, are grey.
    pub cells: Vec<Vec<Option<f64>>>,
}

impl HeatMap {
    fn check(&self) -> Result<(), PlotError> {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        if self.cells.len() != rows || self.cells.iter().any(|row| row.len() != columns) {
            let message = format!("a heat map of {rows} rows and {columns} columns needs as many cells");
            return Err(PlotError::Inconsistent(message));
        }
        let found = rows * columns;
        if found > MOST_CELLS {
            return Err(PlotError::TooMany { what: "cells", found, most: MOST_CELLS });
        }
        Ok(())
    }

    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        self.check()?;
        let finite = |cell: &Option<f64>| cell.filter(|value| value.is_finite());
        let values = self.cells.iter().flatten().filter_map(finite);
        let fit = Fit { tight: true, ..Fit::default() };
        let colours = Ruler::new(&self.value, values, fit, ROOM_Y)?;
        let has_gaps = self.cells.iter().flatten().any(|cell| finite(cell).is_none());
        let gap = Entry::new("no value", Key::Area(NO_VALUE.into()));
        let legend = if has_gaps { vec![gap] } else { Vec::new() };
        let beside = bar_width(&colours);
        let x = Side::names(&self.x, self.columns.clone());
        let y = Side::names(&self.y, self.rows.clone());
        let frame = Frame::draw(scene, head, &legend, x, y, beside)?;
        let size = (
            (frame.right - frame.left) / self.columns.len() as f64,
            (frame.bottom - frame.top) / self.rows.len() as f64,
        );
        let text = |value: f64| plain(value, true);
        let fits = size.1 > CELL_TEXT * 1.4
            && self
                .cells
                .iter()
                .flatten()
                .filter_map(finite)
                .all(|value| width(&text(value), CELL_TEXT) < size.0 - 6.0);
        for (row, cells) in self.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let corner = (frame.left + column as f64 * size.0, frame.top + row as f64 * size.1);
                let colour = finite(cell).map_or(NO_VALUE, |value| sequential(colours.share(value)));
                // Each covers the seams to the next.
                let end = (corner.0 + size.0 + 0.5, corner.1 + size.1 + 0.5);
                scene.rectangle(corner, (end.0.min(frame.right), end.1.min(frame.bottom)), colour);
                if let Some(value) = finite(cell).filter(|_| fits) {
                    let at = (corner.0 + size.0 / 2.0, corner.1 + size.1 / 2.0);
                    let style =
                        Type { colour: ink_on(colour), ..face(CELL_TEXT, HPos::Center, VPos::Center) };
                    scene.text(text(value), at, style);
                }
            }
        }
        draw_bar(scene, &frame, &colours);
        Ok(())
    }
}

/// The width that the bar of colours takes with its texts.
pub(super) fn bar_width(colours: &Ruler) -> f64 {
    let ticks = colours.ticks.iter().map(|tick| width(&tick.text, TICK)).fold(0.0, f64::max);
    22.0 + BAR + 9.0 + ticks + 30.0
}

/// The bar that says which colour is which number.
pub(super) fn draw_bar(scene: &mut Scene, frame: &Frame, colours: &Ruler) {
    const STEPS: u32 = 128;
    let (left, height) = (frame.right + 22.0, frame.bottom - frame.top);
    let y = |share: f64| frame.bottom - share * height;
    for step in 0..STEPS {
        let [low, high] = [step, step + 1].map(|step| f64::from(step) / f64::from(STEPS));
        // Each covers the seam to the next.
        let corners = [(left, y(low)), (left + BAR, (y(high) - 0.5).max(frame.top))];
        scene.rectangle(corners[0], corners[1], sequential((low + high) / 2.0));
    }
    let ink = Stroke::new(INK, 1.0);
    scene.outline((left, frame.top), (left + BAR, frame.bottom), ink);
    let mut widest = 0.0_f64;
    let every = every_upwards(&colours.ticks, |value| y(colours.share(value)));
    for (index, tick) in colours.ticks.iter().enumerate() {
        let at = y(colours.share(tick.value));
        scene.line(vec![(left + BAR, at), (left + BAR + 4.0, at)], ink);
        if index % every == 0 {
            scene.text(&tick.text, (left + BAR + 8.0, at), face(TICK, HPos::Left, VPos::Center));
        }
        widest = widest.max(width(&tick.text, TICK));
    }
    let style = Type { upwards: true, ..face(TICK, HPos::Center, VPos::Top) };
    let at = (left + BAR + 14.0 + widest, (frame.top + frame.bottom) / 2.0);
    scene.text(super::font::fitted(&colours.title, TICK, height), at, style);
}
