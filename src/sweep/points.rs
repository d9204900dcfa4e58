//! The points of a sweep: all combinations of the axes, or some drawn at random.

use super::SweepError;
use super::axis::{Axis, Level};
use super::format::{SampleKind, SampleSpec};
use super::plan::Point;
use crate::engine::RandomStreams;
use crate::scenario::{Document, Path};
use rand::Rng;

/// More points than any machine runs; a mistyped count is told before it fills the memory.
const MOST_POINTS: usize = 1_000_000;

/// Every combination, the last axis varying fastest.
pub(super) fn combinations(axes: &[Axis], document: &Document) -> Result<Vec<Point>, SweepError> {
    let mut lengths = axes.iter().map(|axis| axis.listed().map_or(0, <[_]>::len));
    let count = lengths.try_fold(1_usize, usize::checked_mul);
    let Some(count) = count.filter(|count| *count <= MOST_POINTS) else {
        let message = format!("the axes have more than {MOST_POINTS} combinations");
        let help = "give `sample` to draw some of them, or fewer values";
        return Err(document.diagnostic(&Path::root().key("axes"), message).help(help).into());
    };
    let mut points = Vec::with_capacity(count);
    for number in 0..count {
        let mut rest = number;
        let mut chosen = Vec::with_capacity(axes.len());
        for levels in axes.iter().rev().filter_map(Axis::listed) {
            chosen.push(levels.get(rest % levels.len()));
            rest /= levels.len();
        }
        let mut level = Level::default();
        chosen.into_iter().rev().for_each(|one| level.add(one));
        points.push(Point { labels: level.labels, settings: level.settings });
    }
    Ok(points)
}

/// Points at random. Each axis has a stream of its own, so that another axis changes nothing on this one.
pub(super) fn draw(axes: &[Axis], sample: &SampleSpec) -> Vec<Point> {
    let count = sample.count as usize;
    let streams = RandomStreams::new(sample.seed);
    let mut points: Vec<Level> = vec![Level::default(); count];
    for axis in axes {
        let mut stream = streams.stream(&format!("sweep/{}", axis.name()));
        // The 53 leading bits make a number in 0..1.
        let mut share = || (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let parts: Option<Vec<usize>> = match sample.kind {
            SampleKind::Random => None,
            SampleKind::LatinHypercube => {
                let mut order: Vec<(f64, usize)> = (0..count).map(|part| (share(), part)).collect();
                order.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
                Some(order.into_iter().map(|(_, part)| part).collect())
            }
        };
        for (index, point) in points.iter_mut().enumerate() {
            let within = share();
            let at = match &parts {
                None => within,
                Some(parts) => (parts[index] as f64 + within) / count as f64,
            };
            point.add(Some(&axis.at(at)));
        }
    }
    points.into_iter().map(|level| Point { labels: level.labels, settings: level.settings }).collect()
}
