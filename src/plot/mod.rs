//! Plots: charts of plain data as SVG and PNG.
//!
//! A [`Figure`] is a chart with a title and a size. Charts take numbers, names and [`Axis`] labels, know
//! nothing of runs or sweeps, and are drawn through [plotters], on its SVG and bitmap backends or on any other
//! ([`Figure::draw`]).
//!
//! | chart | shows |
//! | --- | --- |
//! | [`Line`] | means over an axis, with confidence bands |
//! | [`Ecdf`] | how values are distributed, for reading off quantiles |
//! | [`Histogram`] | how often values fall where |
//! | [`BoxPlot`] | quartiles by group |
//! | [`HeatMap`] | a number for each pair of two axes |
//! | [`StackedShares`] | how a whole is divided, over time or by group |
//! | [`TimeSeries`] | values over time, with events |
//! | [`Map`] | nodes, links, trajectories and cells from above |
//! | [`Gantt`] | what happened from when to when |
//!
//! # Guarantees
//!
//! * Equal figures give equal bytes, on any machine: the font is part of the crate.
//! * Legends stand beside the data, never over them, and nothing that is drawn is missing from them.
//! * Colours are those of Okabe and Ito, and viridis for numbers; lines differ in their dashes, too, so that
//!   they are told apart in grey.
//! * No data make a chart panic: what is not finite is left out, and what cannot be drawn is a [`PlotError`].
//! * Files appear whole or not at all.
//!
//! # Example
//!
//! ```
//! use stratosim::plot::{Axis, Ecdf, Figure, Sample};
//! let sample = |name: &str, values: &[f64]| Sample { name: name.into(), values: values.to_vec() };
//! let figure = Figure::new(Ecdf {
//!     x: Axis::new("service time", "s"),
//!     samples: vec![sample("edge", &[1.0, 2.0, 2.5]), sample("cloud", &[2.0, 3.0])],
//! });
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("service-time.png");
//! figure.title("Where tasks are served faster").save(&path)?;
//! assert!(std::fs::read(&path)?.starts_with(b"\x89PNG"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [plotters]: https://docs.rs/plotters

mod axis;
mod box_plot;
mod data;
mod ecdf;
mod error;
mod figure;
mod font;
mod frame;
mod gantt;
mod heat_map;
mod histogram;
mod legend;
mod line;
mod map;
mod palette;
mod raster;
mod scene;
mod stacked_shares;
mod statistics;
mod time_series;

pub use axis::{Axis, Scale};
pub use box_plot::{BoxPlot, BoxSample};
pub use data::{ChartKind, FigureSpec, Names, PlotSpec, Source, plot_schema};
pub use ecdf::Ecdf;
pub use error::PlotError;
pub use figure::{Chart, Figure};
pub use gantt::{Bar, Gantt};
pub use heat_map::HeatMap;
pub use histogram::Histogram;
pub use line::{Line, LinePoint, LineSeries};
pub use map::{Disc, Map, Outline, Place, Trajectory};
pub use raster::Raster;
pub use stacked_shares::{Columns, Part, StackedShares};
pub use time_series::{Event, Span, TimeLine, TimeSeries};

pub(crate) use axis::quantity;
pub(crate) use data::naming::metric_axis;
pub(crate) use figure::write_whole;

use axis::Fit;
use scene::Pixel;

/// Values that belong together, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its name in the legend; empty for none.
    pub name: String,
    /// The values; those that are not finite are left out.
    pub values: Vec<f64>,
}

impl Sample {
    /// The finite values in their order.
    fn sorted(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> =
            self.values.iter().filter(|value| value.is_finite()).copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The name with how many values are drawn, and how many are not.
    fn counted(&self, drawn: usize) -> String {
        let left_out = match self.values.len() - drawn {
            0 => String::new(),
            left_out => format!(", {left_out} without a value"),
        };
        let name = if self.name.is_empty() { String::new() } else { format!("{} ", self.name) };
        format!("{name}(n = {drawn}{left_out})")
    }
}

/// Checks that there are series, and not more than can be told apart.
fn check_series(found: usize, most: usize) -> Result<(), PlotError> {
    match found {
        0 => Err(PlotError::Empty("there are no series".into())),
        found if found > most => Err(PlotError::TooMany { what: "series", found, most }),
        _ => Ok(()),
    }
}

/// How an axis of values meets their ends: from zero, since most of what is simulated is an amount or a
/// share, but for logarithms, which decibels are, too.
fn fit_values(axis: &Axis) -> Fit {
    let is_logarithm = matches!(axis.unit.as_str(), "dB" | "dBm");
    Fit { with_zero: axis.scale == Scale::Linear && !is_logarithm, tight: false, most: None }
}

/// A line without the points that fall into the same pixel column as others, but for the first, the least,
/// the greatest and the last of each. Its x must not fall.
fn decimate(points: Vec<Pixel>) -> Vec<Pixel> {
    // Four points a column at half a pixel are more than can be seen.
    if points.len() < 4000 {
        return points;
    }
    let mut kept: Vec<Pixel> = Vec::new();
    let column = |point: &Pixel| (2.0 * point.0).floor();
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        let extreme = |by: fn(&f64, &f64) -> std::cmp::Ordering| {
            (0..group.len()).max_by(|&a, &b| by(&group[a].1, &group[b].1))
        };
        let least = extreme(|a, b| b.total_cmp(a));
        let greatest = extreme(f64::total_cmp);
        let mut indices: Vec<usize> =
            [Some(0), least, greatest, group.len().checked_sub(1)].into_iter().flatten().collect();
        indices.sort_unstable();
        indices.dedup();
        kept.extend(indices.into_iter().map(|index| group[index]));
    }
    kept
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod decimation {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A decimated line has a few points a column, the ends, and the extremes of all.
        #[test]
        fn decimation_keeps_ends_and_extremes(heights in prop::collection::vec(-1e3..1e3_f64, 4000..9000)) {
            let points: Vec<Pixel> =
                heights.iter().enumerate().map(|(index, y)| (index as f64 / 100.0, *y)).collect();
            let kept = decimate(points.clone());
            prop_assert!(kept.len() <= 4 * 2 * 91, "{}", kept.len());
            prop_assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
            let extremes = |points: &[Pixel]| {
                let ys = points.iter().map(|point| point.1);
                ys.fold((f64::MAX, f64::MIN), |(low, high), y| (low.min(y), high.max(y)))
            };
            prop_assert_eq!(extremes(&kept), extremes(&points));
            prop_assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
        }
    }
}
