//! Reports: one self-contained HTML page of a run or a sweep.
//!
//! A page says what was run, its key figures, the figures that its tables and axes allow, and the numbers
//! themselves in tables that sort. It loads nothing from anywhere: style, script and figures are in it. What is
//! drawn of a run follows from a [list](run_figures) of figures and the tables and columns that they need, so
//! that a new part of the simulator adds an entry and no code.
//!
//! ```no_run
//! stratosim::report::write("runs/quickstart-1".as_ref(), "report.html".as_ref())?;
//! # Ok::<(), stratosim::plot::PlotError>(())
//! ```

mod figures;
mod numbers;
mod page;
mod run;
mod sweep;

pub use figures::{RunFigure, map_figure, run_figures};

use crate::plot::{PlotError, write_whole};
use std::path::Path;

/// The report of a directory of a run or a finished sweep, as an HTML page. Equal directories give equal
/// pages.
///
/// # Errors
/// If the directory is neither, or cannot be read. A figure that cannot be drawn is a remark in the page.
pub fn html(directory: &Path) -> Result<String, PlotError> {
    let markup = if directory.join("sweep.json").is_file() {
        sweep::page(directory)?
    } else {
        run::page(directory)?
    };
    Ok(markup.into_string())
}

/// Writes the report of a directory to a file, which appears whole or not at all.
///
/// # Errors
/// As [`html`], and if the file cannot be written.
pub fn write(directory: &Path, out: &Path) -> Result<(), PlotError> {
    let text = html(directory)?;
    write_whole(out, text.as_bytes())
}
