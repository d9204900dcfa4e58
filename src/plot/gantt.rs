//! Gantt charts.

use super::PlotError;
use super::axis::{Axis, Fit, Ruler};
use super::box_plot::in_order;
use super::frame::{Frame, Head, ROOM_X, Side};
use super::legend::{Entry, Key};
use super::palette::{MOST_SERIES, PAPER, fill};
use super::scene::{Scene, Stroke};

/// Lanes that a reader can still follow.
const MOST_LANES: usize = 100;
/// Lanes beyond these make the figure higher, by so much each.
const LANES_IN_VIEW: usize = 22;
const LANE: f64 = 20.0;

/// What happened from when to when: bars in lanes, such as jobs on nodes. Bars of a lane that overlap in time
/// share its height.
#[derive(Clone, Debug, PartialEq)]
pub struct Gantt {
    /// The time.
    pub x: Axis,
    /// What the lanes are.
    pub y: Axis,
    /// The names of the lanes, from the top, at most 100.
    pub lanes: Vec<String>,
    /// The bars.
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Index of its lane.
    pub lane: usize,
    /// When it began.
    pub start: f64,
    /// When it ended.
    pub end: f64,
    /// What it is, by colour; empty if there is one kind only.
    pub kind: String,
}

impl Gantt {
    fn check(&self) -> Result<(), PlotError> {
        let found = self.lanes.len();
        if found > MOST_LANES {
            return Err(PlotError::TooMany { what: "lanes", found, most: MOST_LANES });
        }
        if let Some(bar) = self.bars.iter().find(|bar| bar.lane >= found) {
            return Err(PlotError::Inconsistent(format!("a bar is in lane {} of {found}", bar.lane)));
        }
        if let Some(bar) = self.bars.iter().find(|bar| bar.end < bar.start) {
            let message = format!("a bar ends at {} before it begins at {}", bar.end, bar.start);
            return Err(PlotError::Inconsistent(message));
        }
        Ok(())
    }

    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        self.check()?;
        let bars: Vec<&Bar> =
            self.bars.iter().filter(|bar| bar.start.is_finite() && bar.end.is_finite()).collect();
        let fit = Fit { tight: true, ..Fit::default() };
        let x = Ruler::new(&self.x, bars.iter().flat_map(|bar| [bar.start, bar.end]), fit, ROOM_X)?;
        let kinds = in_order(bars.iter().map(|bar| bar.kind.as_str()));
        super::check_series(kinds.len(), MOST_SERIES)?;
        let named = kinds.iter().enumerate().filter(|(_, kind)| !kind.is_empty());
        let legend: Vec<Entry> =
            named.map(|(index, kind)| Entry::new(*kind, Key::Area(fill(index)))).collect();
        scene.height += self.lanes.len().saturating_sub(LANES_IN_VIEW) as f64 * LANE;
        let y = Side::names(&self.y, self.lanes.clone());
        let frame = Frame::draw(scene, head, &legend, Side::Numbers(x), y, 0.0)?;
        let height = (frame.bottom - frame.top) / self.lanes.len() as f64;
        for lane in 0..self.lanes.len() {
            let own: Vec<&Bar> = bars.iter().filter(|bar| bar.lane == lane).copied().collect();
            let (tracks, count) = tracks(&own);
            let track = 0.8 * height / count as f64;
            let top = frame.top + lane as f64 * height + 0.1 * height;
            // Bars that end in the same half of a pixel as one before them are hidden by it.
            let mut reached = vec![f64::NEG_INFINITY; count];
            for (bar, &index) in own.iter().zip(&tracks) {
                let (from, to) = (frame.x(bar.start), frame.x(bar.end));
                if to < reached[index] + 0.25 {
                    continue;
                }
                reached[index] = to;
                let kind = kinds.iter().position(|kind| *kind == bar.kind).unwrap_or(0);
                let corners = [
                    (from, top + index as f64 * track),
                    (to.max(from + 0.5), top + (index + 1) as f64 * track),
                ];
                scene.rectangle(corners[0], corners[1], fill(kind));
                if to - from > 3.0 && track > 3.0 {
                    scene.outline(corners[0], corners[1], Stroke::new(PAPER, 0.7));
                }
            }
            if own.is_empty() {
                continue;
            }
            let below = top + 0.9 * height;
            let rule = Stroke::new(plotters::style::RGBColor(0xee, 0xee, 0xee), 1.0);
            scene.line(vec![(frame.left, below), (frame.right, below)], rule);
        }
        Ok(())
    }
}

/// For each bar of a lane the track it lies in, so that none overlaps another of its track; and how many
/// tracks that takes. Bars go, in the order of their start, into the first track that is free.
fn tracks(bars: &[&Bar]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..bars.len()).collect();
    order.sort_by(|&a, &b| bars[a].start.total_cmp(&bars[b].start));
    let mut ends: Vec<f64> = Vec::new();
    let mut tracks = vec![0; bars.len()];
    for index in order {
        let bar = bars[index];
        let free = ends.iter().position(|end| *end <= bar.start);
        let track = free.unwrap_or_else(|| {
            ends.push(bar.end);
            ends.len() - 1
        });
        ends[track] = bar.end;
        tracks[index] = track;
    }
    (tracks, ends.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_bars_share_a_lane() {
        let bar = |start, end| Bar { lane: 0, start, end, kind: String::new() };
        let bars = [bar(0.0, 4.0), bar(1.0, 2.0), bar(2.0, 3.0), bar(5.0, 6.0)];
        assert_eq!(tracks(&bars.iter().collect::<Vec<_>>()), (vec![0, 1, 1, 0], 2));
        assert_eq!(tracks(&[]), (vec![], 1));
    }
}
