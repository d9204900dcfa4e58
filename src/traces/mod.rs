//! Traces of workloads: readers of the formats in which they are published, and a trace in memory.
//!
//! Every format has a reader that implements one trait, [`TraceReader`], and gives one vocabulary, batch by
//! batch: machines, virtual machines, [samples](Sample) of what these used, jobs and what they wait for. A
//! [`VmTrace`] is what was taken of a reader: all, a sample, or a window, perhaps scaled. `docs/traces.md` has
//! what is taken from each format and what is left out.
//!
//! | format | gives |
//! | --- | --- |
//! | [`PlanetLab`](TraceFormat::PlanetLab), and [two](TraceFormat::CpuMemory) [more](TraceFormat::ExtCloudSim) of a file a VM | VMs with samples each 300 s |
//! | [`Bitbrains`](TraceFormat::Bitbrains) | VMs with requests and samples |
//! | [`OpenDc`](TraceFormat::OpenDc), CSV or Parquet | VMs with requests, life times and fragments |
//! | [`Azure`](TraceFormat::Azure) V1, V2 | VMs with requests, life times and samples |
//! | [`Google2011`](TraceFormat::Google2011) | machines; tasks with requests, life times and usage |
//! | [`Alibaba2017`](TraceFormat::Alibaba2017), [`Alibaba2018`](TraceFormat::Alibaba2018) | machines; containers with usage; batch tasks with dependencies (2018) |
//! | [`Swf`](TraceFormat::Swf), [`Gwf`](TraceFormat::Gwf), [`CloudSimPy`](TraceFormat::CloudSimPy) | jobs, with dependencies if there are any |
//! | [`Stratosim`](TraceFormat::Stratosim), our own CSV | all of it; [`VmTrace::write`] makes it |
//!
//! Traces of functions (FaaS) have no virtual machines, and a module of their own: [`functions`]; so have those of training jobs:
//! [`training`].
//!
//! # Files
//!
//! Text may be gzipped, in several members too. A folder is read in the byte order of the names of its files,
//! and an archive (`.tar`, `.tar.gz`) as if it were one.
//!
//! # Bad input
//!
//! A bad row is an error with file, line, column, what was found and what was expected; with
//! [`TraceOptions::skip_bad_rows`] it is counted instead ([`SkippedRows`]). A file that is cut or damaged is an
//! error in any case.

mod alibaba;
mod azure;
mod bitbrains;
mod columns;
mod detect;
mod error;
pub mod functions;
mod google2011;
mod holding;
mod input;
mod job_tables;
mod loader;
mod opendc;
#[cfg(feature = "parquet")]
mod opendc_parquet;
mod options;
mod own;
mod planetlab;
mod record;
mod series;
mod series_builder;
mod swf;
mod table;
pub mod training;
mod vm_trace;
mod write;

pub use columns::{Dependencies, Labels, Names};
pub use detect::{TraceFormat, detect, open, open_source};
pub use error::{Place, SkippedRows, TraceError};
pub use opendc::OpenDcReader;
pub use options::{Gaps, Sampling, TraceOptions};
pub use own::OwnReader;
pub use planetlab::{SeriesKind, SeriesReader};
pub use record::{
    BATCH_ROWS, Batch, DemandUnit, MachineChange, MachineEvent, Sample, TraceJob, TraceReader, TraceVm,
    VmEnd,
};
pub use series::{Segment, Segments, Series};
pub use swf::SwfReader;
pub use vm_trace::{Jobs, ReadingProgress, TraceReport, VmTrace, Vms};
