//! Imports of files that other programs write: topologies from GraphML and TopoHub, movements from SUMO,
//! applications from ECLYPSE and Docker Compose, workflows from WfCommons, missions of drones from ground stations.
//!
//! Files may be gzipped, whatever their name. They are read as a stream, and a fault is an [`ImportError`]
//! that says where it is.

mod application;
mod compose;
mod eclypse;
mod eclypse_run;
mod fcd;
mod fcd_csv;
mod fcd_rows;
mod fcd_summary;
mod graphml;
mod json;
mod mahimahi;
mod node_link;
mod qgc_wpl;
mod remoteness;
mod replay;
#[cfg(feature = "parquet")]
mod replay_parquet;
mod rows;
mod series;
mod sites;
mod sndlib;
mod task_trace;
mod throughput;
mod wfcommons;
mod workflow;
mod xml;
mod yaml;

pub use application::read_application;
pub use compose::read_compose;
pub(super) use eclypse::is_eclypse;
pub use eclypse::{
    EclypseExport, EclypseGraph, EclypseInfrastructure, EclypseLink, EclypseNode, read_eclypse,
};
pub use eclypse_run::{Companions, scenario_of_export};
pub use fcd::{FcdCoordinates, FcdReader, FcdStep, FcdVehicle};
pub use fcd_summary::{FcdBounds, FcdSummary, scan_fcd, survey_fcd};
pub use graphml::read_graphml;
pub use mahimahi::read_mahimahi;
pub use node_link::read_node_link;
pub use qgc_wpl::{FlightPlan, PlanEnd, PlannedWaypoint, read_qgc_wpl, write_qgc_wpl};
pub(crate) use remoteness::{Remoteness, remoteness};
pub use replay::{ReplayRow, read_replay};
pub use series::{DuplicateRule, GapRule, Series, SeriesFormat, SeriesTime, read_series};
pub use sites::{SiteRow, SitesFormat, read_sites};
pub use sndlib::{is_sndlib, read_sndlib};
pub use task_trace::{TaskTraceRow, read_task_trace};
pub use throughput::read_throughput_table;
pub use wfcommons::read_wfcommons;
pub use workflow::read_workflow;

use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why a file cannot be imported. Lines and columns count from 1, columns in bytes; those of a gzipped
/// file are those of the text in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened: {source}", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file can be read up to a place only: a disk error, or a damaged or cut gzip file.
    #[error("{}:{line}:{column}: cannot be read beyond this place: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The line of the element that cannot be read.
        line: u64,
        /// Its column.
        column: u64,
        /// What the operating system or the decompressor says.
        source: io::Error,
    },
    /// The file holds something that does not belong there.
    #[error("{}:{line}:{column}: found {found}, expected {expected}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// The line of the element at fault.
        line: u64,
        /// Its column.
        column: u64,
        /// What is there.
        found: String,
        /// What could be there.
        expected: String,
    },
}

/// A file, plain or gzipped, as a stream of bytes.
fn open_plain(path: &Path) -> Result<Box<dyn BufRead + Send>, ImportError> {
    let open = |source| ImportError::Open { file: path.to_owned(), source };
    let mut source = BufReader::new(File::open(path).map_err(open)?);
    let read = |source| ImportError::Read { file: path.to_owned(), line: 1, column: 1, source };
    let is_gzipped = source.fill_buf().map_err(read)?.starts_with(&GZIP_MAGIC);
    Ok(if is_gzipped { Box::new(BufReader::new(MultiGzDecoder::new(source))) } else { Box::new(source) })
}

/// The file `name` of the published data sets that some tests read, or `None`, with a printed line, where
/// these are not at hand.
#[cfg(test)]
pub(in crate::scenario) fn test_data(name: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    let folder = std::env::var_os("STRATOSIM_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: {} does not exist; set STRATOSIM_DATA", path.display());
        return None;
    }
    Some(path)
}
