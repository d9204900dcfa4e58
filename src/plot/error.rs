//! What can go wrong while a figure is drawn or written.

use crate::output::ReadError;
use crate::scenario::Diagnostics;
use crate::sweep::SweepError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a figure was not drawn or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// There is nothing that could be shown.
    #[error("nothing to draw: {0}")]
    Empty(String),
    /// More is to be shown than a reader could tell apart.
    #[error("{found} {what} are too many for one figure (at most {most}); select fewer, or group them")]
    TooMany {
        /// What there is too much of, in the plural.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// A logarithmic axis has values that have no logarithm.
    #[error("the axis {axis:?} is logarithmic, but {value} is among its values; use a linear axis")]
    Logarithmic {
        /// The label of the axis.
        axis: String,
        /// The first such value.
        value: f64,
    },
    /// The data contradict themselves, such as lists of different lengths.
    #[error("{0}")]
    Inconsistent(String),
    /// A figure so small or large that it cannot be drawn.
    #[error("a figure of {width} x {height} pixels cannot be drawn; each side has from 240 to 8000")]
    Size {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// Titles, names and the legend take so much of a figure that they would cover its data.
    #[error(
        "the texts of the figure leave too little for its data; make it {direction} by {by} pixels or more, or \
         its texts shorter"
    )]
    Cramped {
        /// In which direction room is missing: `wider` or `higher`.
        direction: &'static str,
        /// How many pixels are missing.
        by: u32,
    },
    /// The name of the file does not say what it is to be.
    #[error("{} is neither an .svg nor a .png file; end its name in one of these", path.display())]
    Extension {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `create` or `write`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// What was asked for does not fit what there is.
    #[error("{message}")]
    Request {
        /// What of the request is to blame, by its name in [`FigureSpec`](super::FigureSpec); empty if no
        /// single part is.
        key: &'static str,
        /// What is wrong, and what there is instead.
        message: String,
    },
    /// A file of figures is wrong.
    #[error(transparent)]
    Spec(#[from] Diagnostics),
    /// The output of a run cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The results of a sweep cannot be read.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The drawing library refused.
    #[error("cannot draw: {0}")]
    Drawing(String),
}

impl PlotError {
    /// That a part of a request does not fit.
    #[must_use]
    pub fn request(key: &'static str, message: impl Into<String>) -> PlotError {
        PlotError::Request { key, message: message.into() }
    }

    /// Whether the machine is at fault rather than the request or the data.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, PlotError::Io { .. } | PlotError::Drawing(_))
    }

    /// For `map_err`: `action` failed on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PlotError {
        move |source| PlotError::Io { action, path: path.to_path_buf(), source }
    }
}
