//! The frame around data: title, note, legend, axes and grid, each with the room that its texts need.

use super::PlotError;
use super::axis::{Axis, Fit, Ruler, Tick};
use super::font::{fitted, width};
use super::legend::{Entry, Legend};
use super::palette::{FAINT_INK, GRID, INK};
use super::scene::{Scene, Stroke, Type};
use plotters::style::text_anchor::{HPos, VPos};

const MARGIN: f64 = 16.0;
const TITLE: f64 = 19.0;
const NOTE: f64 = 13.5;
pub(super) const LABEL: f64 = 16.0;
pub(super) const TICK: f64 = 14.5;
const TICK_LINE: f64 = 17.0;
const TICK_MARK: f64 = 5.0;
/// More legend than this makes the figure higher.
const MOST_LEGEND: f64 = 110.0;
/// The longest name of a category beside an axis, in pixels.
const LONGEST_NAME: f64 = 190.0;
/// The least width and height of the data, in pixels.
const LEAST_WIDTH: f64 = 80.0;
const LEAST_HEIGHT: f64 = 60.0;
/// How many ticks there are about, at the usual size of a figure.
pub(super) const ROOM_X: usize = 8;
pub(super) const ROOM_Y: usize = 6;

/// What stands above the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'t> {
    pub(super) title: &'t str,
    pub(super) note: &'t str,
}

/// One of the two directions.
#[derive(Clone, Debug)]
pub(super) enum Side {
    /// Numbers at their places.
    Numbers(Ruler),
    /// Names at even distances, with a title. The first is at the left or at the top.
    Names { title: String, names: Vec<String> },
}

impl Side {
    pub(super) fn names(axis: &Axis, names: Vec<String>) -> Side {
        let title = match axis.unit.as_str() {
            "" => axis.label.clone(),
            unit => format!("{} ({unit})", axis.label),
        };
        Side::Names { title, names }
    }

    /// Numbers from zero to one.
    pub(super) fn shares(label: &str) -> Side {
        let fit = Fit { with_zero: true, tight: true, most: Some(1.0) };
        // Zero and one are finite.
        match Ruler::new(&Axis::new(label, ""), [0.0, 1.0], fit, 5) {
            Ok(ruler) => Side::Numbers(ruler),
            Err(_) => Side::Names { title: label.into(), names: Vec::new() },
        }
    }

    fn title(&self) -> &str {
        match self {
            Side::Numbers(ruler) => &ruler.title,
            Side::Names { title, .. } => title,
        }
    }
}

/// A text style of the frame.
pub(super) fn face(size: f64, horizontal: HPos, vertical: VPos) -> Type {
    Type { size, colour: INK, horizontal, vertical, upwards: false }
}

/// How the names below the data are written.
enum Names {
    /// In up to three lines.
    Lines(Vec<Vec<String>>),
    /// Upwards.
    Upwards(Vec<String>),
}

impl Names {
    fn new(names: &[String], slot: f64) -> Names {
        let room = slot - 8.0;
        let wrapped: Vec<Vec<String>> = names.iter().map(|name| wrap(name, TICK, room, 3)).collect();
        let fits = wrapped.iter().flatten().all(|line| width(line, TICK) <= room);
        if fits {
            return Names::Lines(wrapped);
        }
        // Numbers are understood when some are left out; names are not.
        if names.iter().all(|name| name.replace('\u{2212}', "-").parse::<f64>().is_ok()) {
            let widest = names.iter().map(|name| width(name, TICK)).fold(1.0, f64::max);
            let every = ((widest + 8.0) / slot).ceil().max(1.0) as usize;
            let shown = names.iter().enumerate();
            let shown = shown.map(|(index, name)| match index % every {
                0 => vec![name.clone()],
                _ => Vec::new(),
            });
            return Names::Lines(shown.collect());
        }
        let every = (TICK_LINE / slot).ceil().max(1.0) as usize;
        let shown = names.iter().enumerate();
        let shown = shown.map(|(index, name)| match index % every {
            0 => fitted(name, TICK, LONGEST_NAME),
            _ => String::new(),
        });
        Names::Upwards(shown.collect())
    }

    fn height(&self) -> f64 {
        match self {
            Names::Lines(lines) => {
                lines.iter().map(Vec::len).max().unwrap_or(0).max(1) as f64 * TICK_LINE
            }
            Names::Upwards(names) => names.iter().map(|name| width(name, TICK)).fold(0.0, f64::max),
        }
    }
}

/// Lines of a text, broken after spaces and the signs that join words, at most so many.
fn wrap(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive([' ', '_', '-', '.', '/', ':']) {
        let last = lines.len() - 1;
        let longer = format!("{}{word}", lines[last]);
        if lines[last].is_empty() || width(longer.trim_end(), size) <= room || lines.len() == most {
            lines[last] = longer;
        } else {
            lines.push(word.to_string());
        }
    }
    lines.iter().map(|line| line.trim_end().to_string()).collect()
}

/// The place of the data, and where each number or name is in it.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    x: Side,
    y: Side,
}

impl Frame {
    /// Draws everything but the data. `beside` is the width that is left free at the right. An error if too
    /// little room is left for the data.
    pub(super) fn draw(
        scene: &mut Scene,
        head: Head<'_>,
        legend: &[Entry],
        x: Side,
        y: Side,
        beside: f64,
    ) -> Result<Frame, PlotError> {
        let top = draw_head(scene, head, legend);
        let y_labels = match &y {
            Side::Numbers(ruler) => {
                ruler.ticks.iter().map(|tick| width(&tick.text, TICK)).fold(0.0, f64::max)
            }
            Side::Names { names, .. } => {
                names.iter().map(|name| width(name, TICK)).fold(0.0, f64::max).min(LONGEST_NAME)
            }
        };
        let y_title = if y.title().is_empty() { 0.0 } else { LABEL + 10.0 };
        let left = MARGIN + y_title + y_labels + TICK_MARK + 5.0;
        let last_tick = match &x {
            Side::Numbers(ruler) => ruler.ticks.last().map_or(0.0, |tick| {
                let over = (ruler.share(tick.value) - 1.0) * (scene.width - left);
                (width(&tick.text, TICK) / 2.0 + over).max(0.0)
            }),
            Side::Names { .. } => 0.0,
        };
        let right = scene.width - beside - MARGIN.max(last_tick + 4.0);
        enough("wider", right - left, LEAST_WIDTH)?;
        let names = match &x {
            Side::Numbers(_) => None,
            Side::Names { names, .. } => {
                Some(Names::new(names, (right - left) / names.len().max(1) as f64))
            }
        };
        let x_labels = names.as_ref().map_or(TICK_LINE, Names::height);
        let x_title = if x.title().is_empty() { 0.0 } else { LABEL + 12.0 };
        let bottom = scene.height - MARGIN - x_title - x_labels - TICK_MARK - 3.0;
        enough("higher", bottom - top, LEAST_HEIGHT)?;
        let frame = Frame { left, right, top, bottom, x, y };
        frame.draw_grid(scene);
        frame.draw_x(scene, names.as_ref());
        frame.draw_y(scene, y_labels);
        Ok(frame)
    }

    /// The pixel of a number, or of the middle of a name by its index, to the right.
    pub(super) fn x(&self, value: f64) -> f64 {
        let share = match &self.x {
            Side::Numbers(ruler) => ruler.share(value),
            Side::Names { names, .. } => (value + 0.5) / names.len().max(1) as f64,
        };
        self.left + share * (self.right - self.left)
    }

    /// The same upwards; names go downwards.
    pub(super) fn y(&self, value: f64) -> f64 {
        match &self.y {
            Side::Numbers(ruler) => self.bottom - ruler.share(value) * (self.bottom - self.top),
            Side::Names { names, .. } => {
                self.top + (value + 0.5) / names.len().max(1) as f64 * (self.bottom - self.top)
            }
        }
    }

    fn draw_grid(&self, scene: &mut Scene) {
        let stroke = Stroke::new(GRID, 1.0);
        if let Side::Numbers(ruler) = &self.x {
            for tick in &ruler.ticks {
                let x = self.x(tick.value);
                scene.line(vec![(x, self.top), (x, self.bottom)], stroke);
            }
        }
        if let Side::Numbers(ruler) = &self.y {
            for tick in &ruler.ticks {
                let y = self.y(tick.value);
                scene.line(vec![(self.left, y), (self.right, y)], stroke);
            }
        }
    }

    fn draw_x(&self, scene: &mut Scene, names: Option<&Names>) {
        let axis = Stroke::new(INK, 1.2);
        scene.line(vec![(self.left, self.bottom), (self.right, self.bottom)], axis);
        let below = self.bottom + TICK_MARK + 3.0;
        if let Side::Numbers(ruler) = &self.x {
            let half = |text: &str| width(text, TICK) / 2.0 + 3.0;
            let every = every(ruler.ticks.iter().map(|tick| (self.x(tick.value), half(&tick.text))));
            for (index, tick) in ruler.ticks.iter().enumerate() {
                let x = self.x(tick.value);
                scene.line(vec![(x, self.bottom), (x, self.bottom + TICK_MARK)], axis);
                if index % every == 0 {
                    scene.text(&tick.text, (x, below), face(TICK, HPos::Center, VPos::Top));
                }
            }
        }
        match names {
            None => {}
            Some(Names::Lines(names)) => {
                for (index, lines) in names.iter().enumerate() {
                    for (line, text) in lines.iter().enumerate() {
                        let at = (self.x(index as f64), below + line as f64 * TICK_LINE);
                        scene.text(text, at, face(TICK, HPos::Center, VPos::Top));
                    }
                }
            }
            Some(Names::Upwards(names)) => {
                for (index, text) in names.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
                    let style = Type { upwards: true, ..face(TICK, HPos::Right, VPos::Center) };
                    scene.text(text, (self.x(index as f64), below), style);
                }
            }
        }
        if !self.x.title().is_empty() {
            let title = fitted(self.x.title(), LABEL, scene.width - 2.0 * MARGIN);
            // A title longer than the axis keeps within the figure.
            let half = width(&title, LABEL) / 2.0;
            let middle = (self.left + self.right) / 2.0;
            let middle = middle.min(scene.width - MARGIN - half).max(MARGIN + half);
            let at = (middle, scene.height - MARGIN + 2.0);
            scene.text(title, at, face(LABEL, HPos::Center, VPos::Bottom));
        }
    }

    fn draw_y(&self, scene: &mut Scene, labels: f64) {
        let axis = Stroke::new(INK, 1.2);
        scene.line(vec![(self.left, self.top), (self.left, self.bottom)], axis);
        let beside = self.left - TICK_MARK - 4.0;
        match &self.y {
            Side::Numbers(ruler) => {
                let every = every_upwards(&ruler.ticks, |value| self.y(value));
                for (index, tick) in ruler.ticks.iter().enumerate() {
                    let y = self.y(tick.value);
                    scene.line(vec![(self.left - TICK_MARK, y), (self.left, y)], axis);
                    if index % every == 0 {
                        scene.text(&tick.text, (beside, y), face(TICK, HPos::Right, VPos::Center));
                    }
                }
            }
            Side::Names { names, .. } => {
                let slot = (self.bottom - self.top) / names.len().max(1) as f64;
                let every = (TICK_LINE / slot).ceil().max(1.0) as usize;
                for (index, name) in names.iter().enumerate().step_by(every) {
                    let at = (beside, self.y(index as f64));
                    scene.text(
                        fitted(name, TICK, labels + 1.0),
                        at,
                        face(TICK, HPos::Right, VPos::Center),
                    );
                }
            }
        }
        if !self.y.title().is_empty() {
            let style = Type { upwards: true, ..face(LABEL, HPos::Center, VPos::Top) };
            // No longer than the axis: the title of the figure is above it.
            let title = fitted(self.y.title(), LABEL, self.bottom - self.top);
            scene.text(title, (MARGIN - 2.0, (self.top + self.bottom) / 2.0), style);
        }
    }
}

/// Refuses less room than the data need in a direction.
fn enough(direction: &'static str, found: f64, least: f64) -> Result<(), PlotError> {
    if found >= least {
        return Ok(());
    }
    // No more pixels are missing than a figure and its texts have; a cast keeps within its bounds.
    Err(PlotError::Cramped { direction, by: (least - found).ceil() as u32 })
}

/// The least step at which texts in a row keep clear of each other, of their middles and half their lengths.
fn every(texts: impl Iterator<Item = (f64, f64)>) -> usize {
    let texts: Vec<(f64, f64)> = texts.collect();
    let is_clear = |step: &usize| {
        let kept: Vec<&(f64, f64)> = texts.iter().step_by(*step).collect();
        kept.windows(2).all(|pair| (pair[1].0 - pair[0].0).abs() >= pair[0].1 + pair[1].1)
    };
    (1..texts.len()).find(is_clear).unwrap_or(texts.len().max(1))
}

/// The same for ticks above each other.
pub(super) fn every_upwards(ticks: &[Tick], y: impl Fn(f64) -> f64) -> usize {
    every(ticks.iter().map(|tick| (y(tick.value), TICK_LINE / 2.0)))
}

/// Draws title, note and legend, and gives where the data may begin.
fn draw_head(scene: &mut Scene, head: Head<'_>, entries: &[Entry]) -> f64 {
    let room = scene.width - 2.0 * MARGIN;
    let mut top = MARGIN - 2.0;
    for (text, size, colour, most) in [(head.title, TITLE, INK, 2), (head.note, NOTE, FAINT_INK, 3)] {
        if text.is_empty() {
            continue;
        }
        for line in wrap(text, size, room, most) {
            let style = Type { colour, ..face(size, HPos::Left, VPos::Top) };
            scene.text(fitted(&line, size, room), (MARGIN, top), style);
            top += size * 1.28;
        }
        top += 3.0;
    }
    if !entries.is_empty() {
        top += 4.0;
        let legend = Legend::new(entries, room);
        legend.draw(scene, (MARGIN, top));
        top += legend.height();
        scene.height += (legend.height() - MOST_LEGEND).max(0.0);
    }
    top + 12.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_wrapped_where_words_meet() {
        super::super::font::register().unwrap();
        assert_eq!(wrap("least_loaded", 16.0, 500.0, 3), ["least_loaded"]);
        assert_eq!(wrap("least_loaded", 16.0, 70.0, 3), ["least_", "loaded"]);
        assert_eq!(wrap("a b c", 16.0, 1.0, 2), ["a", "b c"]);
        assert_eq!(wrap("", 16.0, 10.0, 3), [""]);
    }

    #[test]
    fn names_that_do_not_fit_are_turned_and_numbers_left_out() {
        super::super::font::register().unwrap();
        let names: Vec<String> = (0..9).map(|number| format!("neighbourhood{number}")).collect();
        assert!(matches!(Names::new(&names, 200.0), Names::Lines(_)));
        assert!(matches!(Names::new(&names, 30.0), Names::Upwards(_)));
        let numbers: Vec<String> = (0..90).map(|number| (number * 1000).to_string()).collect();
        let Names::Lines(shown) = Names::new(&numbers, 8.0) else { panic!("they are numbers") };
        let shown = shown.iter().filter(|lines| !lines.is_empty()).count();
        assert!(shown > 5 && shown < 30, "{shown}");
    }
}
