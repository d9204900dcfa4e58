//! Empirical distribution functions.

use super::axis::{Axis, Fit, Ruler};
use super::frame::{Frame, Head, ROOM_X, Side};
use super::legend::{Entry, Key};
use super::palette::{MOST_SERIES, stroke};
use super::scene::{Pixel, Scene};
use super::{PlotError, Sample, check_series, fit_values};

const WIDTH: f64 = 2.2;

/// The empirical distribution function of each sample: at x, the share of its values that are at most x. All
/// values count, and quantiles can be read off exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Ecdf {
    /// What the values are.
    pub x: Axis,
    /// The samples, at most 32.
    pub samples: Vec<Sample>,
}

impl Ecdf {
    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        check_series(self.samples.len(), MOST_SERIES)?;
        let values = self.samples.iter().flat_map(|sample| sample.values.iter().copied());
        let fit = Fit { tight: false, ..fit_values(&self.x) };
        let x = Ruler::new(&self.x, values, fit, ROOM_X)?;
        let sorted: Vec<(usize, Vec<f64>)> = self
            .samples
            .iter()
            .map(Sample::sorted)
            .enumerate()
            .filter(|(_, values)| !values.is_empty())
            .collect();
        let entry = |(index, values): &(usize, Vec<f64>)| {
            let key = Key::Series { series: *index, width: WIDTH, has_markers: false };
            Entry::new(self.samples[*index].counted(values.len()), key)
        };
        let legend: Vec<Entry> = sorted.iter().map(entry).collect();
        let y = Side::shares("share of values at most this");
        let frame = Frame::draw(scene, head, &legend, Side::Numbers(x), y, 0.0)?;
        for (index, values) in &sorted {
            scene.line(steps(values, &frame), stroke(*index, WIDTH));
        }
        Ok(())
    }
}

/// The staircase of sorted values: up at each, from the left end of the axis to its right end. Of the steps
/// within half a pixel only the whole is drawn.
fn steps(values: &[f64], frame: &Frame) -> Vec<Pixel> {
    let height = |rank: usize| frame.y(rank as f64 / values.len() as f64);
    let mut points = vec![(frame.left, height(0))];
    let mut last = f64::NEG_INFINITY;
    for (rank, &value) in values.iter().enumerate() {
        let is_repeated = values.get(rank + 1) == Some(&value);
        let x = frame.x(value);
        if is_repeated || (x - last < 0.5 && rank + 1 < values.len()) {
            continue;
        }
        let from = points.last().map_or(height(0), |point| point.1);
        points.extend([(x, from), (x, height(rank + 1))]);
        last = x;
    }
    points.push((frame.right, height(values.len())));
    points
}
