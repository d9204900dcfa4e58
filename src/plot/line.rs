//! Lines with bands over an axis.

use super::axis::{Axis, Fit, Ruler};
use super::font::width;
use super::frame::{Frame, Head, ROOM_X, ROOM_Y, Side, TICK};
use super::legend::{Entry, Key};
use super::palette::{MOST_SERIES, colour, marker, stroke};
use super::scene::{Fill, Pixel, Scene, Stroke};
use super::{PlotError, check_series, decimate, fit_values};

/// More points than this have no markers.
const MOST_MARKERS: usize = 60;
/// More different values of x than this are not marked one by one.
const MOST_MARKED: usize = 9;
const WIDTH: f64 = 2.4;

/// Lines over an axis of numbers, such as the mean of a metric for each size of a crowd, with a band around
/// each, such as a confidence interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What is varied.
    pub x: Axis,
    /// What came of it.
    pub y: Axis,
    /// The lines, at most 32.
    pub series: Vec<LineSeries>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct LineSeries {
    /// Its name in the legend; empty for none.
    pub name: String,
    /// Its points, drawn in the order of x.
    pub points: Vec<LinePoint>,
}

/// A point of a line. Where `y` is not finite the line is interrupted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinePoint {
    /// Where, in the unit of the axis.
    pub x: f64,
    /// How much, in the unit of the axis.
    pub y: f64,
    /// Lower and upper end of the band, if there is one here.
    pub band: Option<[f64; 2]>,
}

impl LinePoint {
    fn is_drawn(&self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }

    fn band(&self) -> Option<[f64; 2]> {
        self.band.filter(|band| band[0].is_finite() && band[1].is_finite() && self.is_drawn())
    }
}

impl Line {
    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        check_series(self.series.len(), MOST_SERIES)?;
        let drawn = || self.series.iter().flat_map(|series| &series.points).filter(|p| p.is_drawn());
        let mut x = Ruler::new(&self.x, drawn().map(|point| point.x), Fit::default(), ROOM_X)?;
        let mut values: Vec<f64> = drawn().map(|point| point.x).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if values.len() <= MOST_MARKED {
            let room = scene.width - 140.0;
            x.mark(&self.x, &values, |ruler| {
                ruler.ticks.windows(2).all(|pair| {
                    let apart = (ruler.share(pair[1].value) - ruler.share(pair[0].value)) * room;
                    apart > (width(&pair[0].text, TICK) + width(&pair[1].text, TICK)) / 2.0 + 10.0
                })
            });
        }
        let ends = drawn().flat_map(|point| {
            let [low, high] = point.band().unwrap_or([point.y; 2]);
            // A band may reach below what a logarithmic axis can show; the points may not.
            let low =
                if self.y.scale == super::Scale::Logarithmic && low <= 0.0 { point.y } else { low };
            [point.y, low, high]
        });
        let y = Ruler::new(&self.y, ends, fit_values(&self.y), ROOM_Y)?;
        let has_markers = drawn().count() <= MOST_MARKERS * self.series.len();
        let key = |series| Key::Series { series, width: WIDTH, has_markers };
        let named = self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
        let legend: Vec<Entry> =
            named.map(|(index, series)| Entry::new(&series.name, key(index))).collect();
        let floor = y.low();
        let frame = Frame::draw(scene, head, &legend, Side::Numbers(x), Side::Numbers(y), 0.0)?;
        let runs: Vec<Vec<Vec<LinePoint>>> = self.series.iter().map(LineSeries::runs).collect();
        for (index, runs) in runs.iter().enumerate() {
            for run in runs {
                draw_band(scene, &frame, index, run, floor);
            }
        }
        for (index, runs) in runs.iter().enumerate() {
            for run in runs {
                let at: Vec<Pixel> =
                    run.iter().map(|point| (frame.x(point.x), frame.y(point.y))).collect();
                if has_markers || at.len() == 1 {
                    for &at in &at {
                        marker(scene, index, at, 5.0, colour(index).into());
                    }
                }
                scene.line(decimate(at), stroke(index, WIDTH));
            }
        }
        Ok(())
    }
}

impl LineSeries {
    /// The points in the order of x, in pieces without gaps.
    fn runs(&self) -> Vec<Vec<LinePoint>> {
        let mut points: Vec<LinePoint> =
            self.points.iter().filter(|point| point.x.is_finite()).copied().collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let runs = points.split(|point| !point.y.is_finite());
        runs.filter(|run| !run.is_empty()).map(<[LinePoint]>::to_vec).collect()
    }
}

/// The band of a piece of a line; bars where neighbours have none.
fn draw_band(scene: &mut Scene, frame: &Frame, series: usize, run: &[LinePoint], floor: f64) {
    for piece in run.split(|point| point.band().is_none()) {
        let ends: Vec<(f64, [f64; 2])> =
            piece.iter().filter_map(|point| Some((frame.x(point.x), point.band()?))).collect();
        let ends = ends.iter().map(|(x, [low, high])| (*x, frame.y(low.max(floor)), frame.y(*high)));
        let ends: Vec<(f64, f64, f64)> = ends.collect();
        if let [(x, low, high)] = ends[..] {
            let stroke = Stroke::new(colour(series), 1.6);
            scene.line(vec![(x, low), (x, high)], stroke);
            for end in [low, high] {
                scene.line(vec![(x - 5.0, end), (x + 5.0, end)], stroke);
            }
        } else if ends.len() > 1 {
            let there = ends.iter().map(|(x, low, _)| (*x, *low));
            let back = ends.iter().rev().map(|(x, _, high)| (*x, *high));
            let fill = Fill { colour: colour(series), alpha: 0.17 };
            scene.polygon(there.chain(back).collect(), fill);
        }
    }
}
