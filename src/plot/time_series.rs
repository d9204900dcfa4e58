//! Values over time, with events and shaded intervals.

use super::axis::{Axis, Fit, Ruler};
use super::box_plot::in_order;
use super::frame::{Frame, Head, ROOM_X, ROOM_Y, Side};
use super::legend::{Entry, Key};
use super::palette::{FAINT_INK, INK, MOST_SERIES, PAPER, colour, marker, stroke};
use super::scene::{Fill, Pixel, Scene, Stroke};
use super::{PlotError, check_series, decimate, fit_values};

const WIDTH: f64 = 2.0;
/// Lines with more points than this are not broken into dashes, which would drown in them.
const MOST_DASHED: usize = 300;
const MOST_EVENT_KINDS: usize = 6;
const MOST_SPAN_KINDS: usize = SPAN_COLOURS.len();

/// Values over time, each as a line, the instants at which something happened, and how long something lasted.
///
/// Of more points than pixels the least and greatest of each pixel column are drawn, so that no peak is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeSeries {
    /// The time.
    pub x: Axis,
    /// What the values are.
    pub y: Axis,
    /// The lines, at most 32.
    pub series: Vec<TimeLine>,
    /// What happened, at most 6 kinds.
    pub events: Vec<Event>,
    /// What lasted, as shades behind the lines, at most 8 kinds.
    pub spans: Vec<Span>,
}

/// The values of one thing over time.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeLine {
    /// Its name in the legend; empty for none.
    pub name: String,
    /// Times and values, in the order of time. A value that is not finite interrupts the line.
    pub points: Vec<(f64, f64)>,
    /// Whether a value holds from the time before to its own, as means over periods do, rather than at its
    /// own time only.
    pub is_mean: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub time: f64,
    /// What, as `failed`.
    pub kind: String,
}

/// Something that lasted.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// From when.
    pub from: f64,
    /// To when; not before `from`.
    pub to: f64,
    /// What, as `jammed`.
    pub kind: String,
}

impl TimeSeries {
    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        check_series(self.series.len(), MOST_SERIES)?;
        let kinds = in_order(self.events.iter().map(|event| event.kind.as_str()));
        if kinds.len() > MOST_EVENT_KINDS {
            let (found, most) = (kinds.len(), MOST_EVENT_KINDS);
            return Err(PlotError::TooMany { what: "kinds of events", found, most });
        }
        let span_kinds = self.span_kinds()?;
        let points = || self.series.iter().flat_map(|series| &series.points);
        let times = points().filter(|point| point.1.is_finite()).map(|point| point.0);
        let times = times.chain(self.events.iter().map(|event| event.time));
        let times: Vec<f64> = times.filter(|time| time.is_finite()).collect();
        let (first, last) = times
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(first, last), &time| (first.min(time), last.max(time)));
        let is_linear = self.x.scale == super::Scale::Linear;
        // A sample at the end of the first period does not make the time begin there.
        let is_near_zero = first > 0.0 && first < 0.1 * last && is_linear;
        let zero = is_near_zero.then_some(0.0);
        let ends = self.spans.iter().flat_map(|span| [span.from, span.to]);
        let ends = ends.filter(|time| time.is_finite() && (is_linear || *time > 0.0));
        let fit = Fit { tight: true, ..Fit::default() };
        let x = Ruler::new(&self.x, times.into_iter().chain(zero).chain(ends), fit, ROOM_X)?;
        let y = Ruler::new(&self.y, points().map(|point| point.1), fit_values(&self.y), ROOM_Y)?;
        let named = self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
        let lines = named.map(|(index, series)| {
            let key = match series.is_dashed() {
                true => Key::Series { series: index, width: WIDTH, has_markers: false },
                false => Key::Line(Stroke::new(colour(index), WIDTH)),
            };
            Entry::new(&series.name, key)
        });
        let marks = kinds.iter().enumerate().map(|(index, kind)| {
            let count = self.events.iter().filter(|event| event.kind == *kind).count();
            let key = Key::Marker { series: EVENT_MARKERS[index], fill: event_fill(index) };
            Entry::new(format!("{kind} ({count})"), key)
        });
        let shades = span_kinds.iter().enumerate().map(|(index, kind)| {
            let count = self.spans.iter().filter(|span| span.kind == *kind).count();
            Entry::new(format!("{kind} ({count})"), Key::Area(shade(index)))
        });
        let legend: Vec<Entry> = lines.chain(marks).chain(shades).collect();
        let frame = Frame::draw(scene, head, &legend, Side::Numbers(x), Side::Numbers(y), 0.0)?;
        self.draw_spans(scene, &frame, &span_kinds);
        self.draw_event_lines(scene, &frame);
        for (index, series) in self.series.iter().enumerate() {
            let line = Stroke::new(colour(index), WIDTH);
            let line = if series.is_dashed() { stroke(index, WIDTH) } else { line };
            for piece in series.pieces(&frame, zero) {
                if let [point] = piece[..] {
                    marker(scene, index, point, 3.5, line.fill);
                }
                scene.line(decimate(piece), line);
            }
        }
        self.draw_event_marks(scene, &frame, &kinds);
        Ok(())
    }

    /// The kinds of intervals in the order in which they are met. An error if there are too many, or one ends before
    /// it begins.
    fn span_kinds(&self) -> Result<Vec<&str>, PlotError> {
        let kinds = in_order(self.spans.iter().map(|span| span.kind.as_str()));
        if kinds.len() > MOST_SPAN_KINDS {
            let (found, most) = (kinds.len(), MOST_SPAN_KINDS);
            return Err(PlotError::TooMany { what: "kinds of spans", found, most });
        }
        if let Some(Span { from, to, kind }) = self.spans.iter().find(|span| span.to < span.from) {
            let message = format!("a span {kind:?} ends at {to} before it begins at {from}");
            return Err(PlotError::Inconsistent(message));
        }
        Ok(kinds)
    }

    /// The shades of intervals, those of a kind that meet in a pixel as one.
    fn draw_spans(&self, scene: &mut Scene, frame: &Frame, kinds: &[&str]) {
        for (index, kind) in kinds.iter().enumerate() {
            let of_kind = self.spans.iter().filter(|span| span.kind == *kind);
            let mut ends: Vec<[f64; 2]> = of_kind
                .map(|span| {
                    [span.from, span.to].map(|time| frame.x(time).clamp(frame.left, frame.right))
                })
                .filter(|[left, right]| left.is_finite() && right.is_finite())
                // What is shorter than a pixel is seen, too.
                .map(|[left, right]| {
                    [left.min(frame.right - 1.0), right.max(left + 1.0).min(frame.right)]
                })
                .collect();
            ends.sort_by(|a, b| a[0].total_cmp(&b[0]));
            let mut whole: Vec<[f64; 2]> = Vec::new();
            for [left, right] in ends {
                match whole.last_mut().filter(|last| left <= last[1]) {
                    Some(last) => last[1] = last[1].max(right),
                    None => whole.push([left, right]),
                }
            }
            for [left, right] in whole {
                scene.rectangle((left, frame.top), (right, frame.bottom), shade(index));
            }
        }
    }

    /// The pixel columns of events, each once for all that happened in it.
    fn draw_event_lines(&self, scene: &mut Scene, frame: &Frame) {
        let times = self.events.iter().map(|event| event.time).filter(|time| time.is_finite());
        let mut columns: Vec<i64> = times.map(|time| (frame.x(time) * 2.0).round() as i64).collect();
        columns.sort_unstable();
        columns.dedup();
        // Many events would make a curtain.
        let alpha = if columns.len() > 60 { 0.12 } else { 0.35 };
        let stroke = Stroke::new(Fill { colour: FAINT_INK, alpha }, 1.0);
        for column in columns {
            let x = column as f64 / 2.0;
            scene.line(vec![(x, frame.top), (x, frame.bottom)], stroke);
        }
    }

    fn draw_event_marks(&self, scene: &mut Scene, frame: &Frame, kinds: &[&str]) {
        for (index, kind) in kinds.iter().enumerate() {
            let mut last = f64::NEG_INFINITY;
            let mut times: Vec<f64> = self
                .events
                .iter()
                .filter(|event| event.kind == *kind && event.time.is_finite())
                .map(|event| event.time)
                .collect();
            times.sort_by(f64::total_cmp);
            for time in times {
                let at = (frame.x(time), frame.top - 1.0);
                if at.0 - last < 1.0 {
                    continue;
                }
                last = at.0;
                marker(scene, EVENT_MARKERS[index], at, 6.4, PAPER.into());
                marker(scene, EVENT_MARKERS[index], at, 5.0, event_fill(index));
            }
        }
    }
}

/// The markers of kinds of events: triangle down, triangle up, diamond, square, cross, disc.
const EVENT_MARKERS: [usize; MOST_EVENT_KINDS] = [4, 2, 3, 1, 5, 0];

/// The colours of kinds of intervals: those first that lines come to last.
const SPAN_COLOURS: [usize; 8] = [4, 3, 5, 2, 7, 1, 0, 6];

fn shade(kind: usize) -> Fill {
    Fill { colour: colour(SPAN_COLOURS[kind % SPAN_COLOURS.len()]), alpha: 0.22 }
}

fn event_fill(kind: usize) -> Fill {
    if kind == 0 { INK.into() } else { colour(kind).into() }
}

impl TimeLine {
    fn is_dashed(&self) -> bool {
        self.points.len() <= MOST_DASHED
    }

    /// The pixels of the line, in pieces without gaps. The first period begins at `start`, if that is known.
    fn pieces(&self, frame: &Frame, start: Option<f64>) -> Vec<Vec<Pixel>> {
        let mut pieces: Vec<Vec<Pixel>> = vec![Vec::new()];
        let mut before: Option<f64> = start.map(|start| frame.x(start));
        for &(time, value) in &self.points {
            if !time.is_finite() {
                continue;
            }
            let x = frame.x(time);
            if value.is_finite() {
                let y = frame.y(value);
                let last = pieces.len() - 1;
                if let Some(before) = before.filter(|_| self.is_mean) {
                    pieces[last].push((before, y));
                }
                pieces[last].push((x, y));
            } else if pieces.last().is_some_and(|piece| !piece.is_empty()) {
                pieces.push(Vec::new());
            }
            before = Some(x);
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }
}
