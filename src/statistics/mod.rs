//! Statistics of short series: order statistics, lines, local and multiple regression.
//!
//! Pure functions on slices, for detectors and predictors that look back over a window of samples. What
//! grows with a run - means, quantiles of all that happened - is in [`engine`](crate::engine) instead.
//! Nothing here uses anything else of ours.
//!
//! Functions whose results other programs are compared with say in which order they add, because sums of
//! floating-point numbers depend on it.

mod line;
mod loess;
mod multiple;
mod order;

pub use line::Line;
pub use loess::{loess, loess_line, robust_loess, robust_loess_line};
pub use multiple::{MultipleRegression, RegressionError};
pub use order::{
    interquartile_range, mean, median, median_absolute_deviation, median_of_sorted, ranked_quantile,
};
