//! The legend: above the data and never over them, in as many columns as fit.

use super::font::{fitted, width};
use super::palette::{INK, marker, stroke};
use super::scene::{Fill, Scene, Stroke, Type};
use plotters::style::text_anchor::{HPos, VPos};

const SIZE: f64 = 14.5;
const ROW: f64 = 22.0;
const KEY: f64 = 30.0;
const KEY_GAP: f64 = 7.0;
const COLUMN_GAP: f64 = 22.0;

/// How an entry's data look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// The line of a series, with its marker or without.
    Series { series: usize, width: f64, has_markers: bool },
    /// A filled area.
    Area(Fill),
    /// The marker of a series alone.
    Marker { series: usize, fill: Fill },
    /// Any line.
    Line(Stroke),
    /// A ring.
    Ring(Stroke),
}

/// One entry.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) key: Key,
}

impl Entry {
    pub(super) fn new(label: impl Into<String>, key: Key) -> Self {
        Entry { label: label.into(), key }
    }
}

/// Where the entries go.
#[derive(Debug)]
pub(super) struct Legend<'e> {
    entries: &'e [Entry],
    column: f64,
    columns: usize,
}

impl<'e> Legend<'e> {
    /// The legend of these entries in so many pixels of width.
    pub(super) fn new(entries: &'e [Entry], room: f64) -> Self {
        let widest = entries.iter().map(|entry| width(&entry.label, SIZE)).fold(0.0, f64::max);
        let column = (KEY + KEY_GAP + widest + COLUMN_GAP).min(room.max(KEY));
        let columns = ((room + COLUMN_GAP) / column).floor().max(1.0) as usize;
        Legend { entries, column, columns: columns.min(entries.len().max(1)) }
    }

    fn rows(&self) -> usize {
        self.entries.len().div_ceil(self.columns)
    }

    pub(super) fn height(&self) -> f64 {
        self.rows() as f64 * ROW
    }

    /// Draws it with its upper left corner here.
    pub(super) fn draw(&self, scene: &mut Scene, (left, top): (f64, f64)) {
        for (index, entry) in self.entries.iter().enumerate() {
            let (row, column) = (index % self.rows(), index / self.rows());
            let x = left + column as f64 * self.column;
            let y = top + (row as f64 + 0.5) * ROW;
            draw_key(scene, entry.key, (x, y));
            let text = fitted(&entry.label, SIZE, self.column - KEY - KEY_GAP - COLUMN_GAP + 1.0);
            let face = Type {
                size: SIZE,
                colour: INK,
                horizontal: HPos::Left,
                vertical: VPos::Center,
                upwards: false,
            };
            scene.text(text, (x + KEY + KEY_GAP, y), face);
        }
    }
}

fn draw_key(scene: &mut Scene, key: Key, (x, y): (f64, f64)) {
    let middle = (x + KEY / 2.0, y);
    let line = vec![(x, y), (x + KEY, y)];
    match key {
        Key::Series { series, width, has_markers } => {
            let stroke = stroke(series, width);
            scene.line(line, stroke);
            if has_markers {
                marker(scene, series, middle, 4.5, stroke.fill);
            }
        }
        Key::Area(fill) => scene.rectangle((x + 7.0, y - 7.0), (x + KEY - 2.0, y + 7.0), fill),
        Key::Marker { series, fill } => marker(scene, series, middle, 5.0, fill),
        Key::Line(stroke) => scene.line(line, stroke),
        Key::Ring(stroke) => scene.circle(middle, 7.0, stroke),
    }
}
