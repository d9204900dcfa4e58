//! Boxes by group.

use super::axis::{Axis, Ruler};
use super::font::width;
use super::frame::{Frame, Head, ROOM_Y, Side};
use super::legend::{Entry, Key};
use super::palette::{INK, MOST_SERIES, PAPER, colour, marker};
use super::scene::{Fill, Scene, Stroke};
use super::statistics::quantile;
use super::{PlotError, check_series, fit_values};

/// Samples of at most this size are shown value by value, too.
const MOST_SHOWN: usize = 12;
const MOST_BOXES: usize = 200;

/// Quartiles of samples, beside each other by group: box from the first to the third quartile, line at the
/// median, whiskers to the last values within 1.5 times the box's height, dots for values beyond (Tukey
/// 1977), and a diamond at the mean.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxPlot {
    /// What the groups are.
    pub x: Axis,
    /// What the values are.
    pub y: Axis,
    /// The samples, in the order in which groups and colours are to appear; at most 200.
    pub boxes: Vec<BoxSample>,
}

/// The sample of one box.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxSample {
    /// Its group, a name below the axis.
    pub group: String,
    /// What tells the boxes of a group apart, by colour; empty if nothing does.
    pub by: String,
    /// The values; those that are not finite are left out.
    pub values: Vec<f64>,
}

/// The five numbers, and what lies beyond.
#[derive(Clone, Debug, PartialEq)]
struct Quartiles {
    low: f64,
    first: f64,
    median: f64,
    third: f64,
    high: f64,
    mean: f64,
    beyond: Vec<f64>,
}

impl Quartiles {
    fn of(values: &[f64]) -> Option<Quartiles> {
        let mut sorted: Vec<f64> = values.iter().filter(|value| value.is_finite()).copied().collect();
        sorted.sort_by(f64::total_cmp);
        let [first, median, third] = [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share));
        let fence = 1.5 * (third - first);
        let is_within = |value: &&f64| (first - fence..=third + fence).contains(*value);
        let low = *sorted.iter().find(is_within)?;
        let high = *sorted.iter().rev().find(is_within)?;
        let beyond = sorted.iter().filter(|value| !is_within(value)).copied().collect();
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(Quartiles { low, first, median, third, high, mean, beyond })
    }
}

/// The names in the order in which they first appear.
pub(super) fn in_order<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut found: Vec<&str> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

impl BoxPlot {
    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        if self.boxes.len() > MOST_BOXES {
            return Err(PlotError::TooMany { what: "boxes", found: self.boxes.len(), most: MOST_BOXES });
        }
        let groups = in_order(self.boxes.iter().map(|one| one.group.as_str()));
        let kinds = in_order(self.boxes.iter().map(|one| one.by.as_str()));
        check_series(kinds.len(), MOST_SERIES)?;
        let values = self.boxes.iter().flat_map(|one| one.values.iter().copied());
        let y = Ruler::new(&self.y, values, fit_values(&self.y), ROOM_Y)?;
        let named = kinds.iter().enumerate().filter(|(_, kind)| !kind.is_empty());
        let legend: Vec<Entry> =
            named.map(|(index, kind)| Entry::new(*kind, Key::Area(fill(index)))).collect();
        let names: Vec<String> = groups.iter().map(|group| (*group).to_string()).collect();
        let x = Side::names(&self.x, names);
        let frame = Frame::draw(scene, head, &legend, x, Side::Numbers(y), 0.0)?;
        let slot = (frame.right - frame.left) / groups.len() as f64;
        let pitch = (0.8 * slot / kinds.len() as f64).min(90.0);
        for one in &self.boxes {
            let index = |names: &[&str], name: &str| names.iter().position(|own| *own == name);
            let (Some(group), Some(kind)) = (index(&groups, &one.group), index(&kinds, &one.by)) else {
                continue;
            };
            let offset = kind as f64 - (kinds.len() - 1) as f64 / 2.0;
            let x = frame.x(group as f64) + offset * pitch;
            if let Some(quartiles) = Quartiles::of(&one.values) {
                draw_box(scene, &frame, (x, 0.38 * pitch), kind, &quartiles);
                let shown = one.values.iter().filter(|value| value.is_finite());
                if shown.clone().count() <= MOST_SHOWN {
                    for &value in shown {
                        scene.disc((x, frame.y(value)), 2.6, Fill { colour: INK, alpha: 0.55 });
                    }
                }
            } else {
                let mut of_group = self.boxes.iter().filter(|own| own.group == one.group);
                let is_first = of_group.clone().next().is_some_and(|first| std::ptr::eq(first, one));
                let is_whole = of_group.all(|own| Quartiles::of(&own.values).is_none());
                if is_whole && !is_first {
                    continue;
                }
                let (x, room) = match (is_whole, kinds.len()) {
                    (true, _) => (frame.x(group as f64), slot),
                    (false, 1) => (x, slot),
                    (false, _) => (x, pitch),
                };
                if let Some(text) = ["no values", "–"].into_iter().find(|text| width(text, 12.0) < room)
                {
                    use plotters::style::text_anchor::{HPos, VPos};
                    let face = super::frame::face(12.0, HPos::Center, VPos::Bottom);
                    scene.text(text, (x, frame.bottom - 4.0), face);
                }
            }
        }
        Ok(())
    }
}

fn fill(kind: usize) -> Fill {
    Fill { colour: colour(kind), alpha: 0.45 }
}

fn draw_box(scene: &mut Scene, frame: &Frame, (x, half): (f64, f64), kind: usize, of: &Quartiles) {
    let line = Stroke::new(colour(kind), 1.8);
    let corners = [(x - half, frame.y(of.third)), (x + half, frame.y(of.first))];
    for (from, to) in [(of.first, of.low), (of.third, of.high)] {
        scene.line(vec![(x, frame.y(from)), (x, frame.y(to))], line);
        let end = frame.y(to);
        scene.line(vec![(x - 0.5 * half, end), (x + 0.5 * half, end)], line);
    }
    scene.rectangle(corners[0], corners[1], fill(kind));
    scene.outline(corners[0], corners[1], line);
    let median = frame.y(of.median);
    scene.line(vec![(x - half, median), (x + half, median)], Stroke::new(INK, 2.6));
    let mut last = f64::NAN;
    for &value in &of.beyond {
        let y = frame.y(value);
        // Dots that would cover each other are one.
        if (y - last).abs() < 1.0 {
            continue;
        }
        last = y;
        scene.disc((x, y), 2.4, Fill { colour: colour(kind), alpha: 0.8 });
    }
    let mean = (x, frame.y(of.mean));
    marker(scene, 3, mean, 5.4, INK.into());
    marker(scene, 3, mean, 3.6, PAPER.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: quartiles 2, 3, 4, fences at -1 and 7.
    #[test]
    fn whiskers_end_at_values() {
        let found = Quartiles::of(&[5.0, 1.0, 3.0, 2.0, 4.0, f64::NAN]).unwrap();
        assert_eq!(
            (found.low, found.first, found.median, found.third, found.high),
            (1.0, 2.0, 3.0, 4.0, 5.0)
        );
        assert!(found.beyond.is_empty());
        let found = Quartiles::of(&[1.0, 2.0, 3.0, 4.0, 90.0]).unwrap();
        assert_eq!((found.high, found.mean, found.beyond), (4.0, 20.0, vec![90.0]));
        assert_eq!(Quartiles::of(&[f64::NAN]), None);
    }
}
