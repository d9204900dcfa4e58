//! Figures from the directories of runs and sweeps.
//!
//! A [`Source`] reads directories, a [`FigureSpec`] says what is wanted, and [`Source::figure`] makes a
//! [`Figure`](super::Figure) of both. The command line and the report do nothing else.

mod filter;
mod gantt;
mod make;
mod map;
mod means;
pub(crate) mod naming;
mod samples;
mod selection;
mod source;
mod spans;
mod spec;
mod time;
mod tracks;

pub use source::Source;
pub use spec::{ChartKind, FigureSpec, Names, PlotSpec, plot_schema};
