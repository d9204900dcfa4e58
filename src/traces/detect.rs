//! The formats by name, and which of them a file or folder looks like.

use super::alibaba::{AlibabaKind, AlibabaTables, Year};
use super::azure::AzureTables;
use super::bitbrains;
use super::error::TraceError;
use super::google2011::{GoogleKind, GoogleTables};
use super::input::{TraceFile, files, is_archive, quoted};
use super::job_tables::{JobTable, JobTables};
use super::opendc::{OpenDcReader, is_table};
use super::options::TraceOptions;
use super::own::OwnReader;
use super::planetlab::{SeriesKind, SeriesReader};
use super::record::TraceReader;
use super::swf::SwfReader;
use crate::names::did_you_mean;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

/// A format of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceFormat {
    /// Our own tables of comma-separated values.
    Stratosim,
    /// One file a VM, 288 lines of whole percentages.
    PlanetLab,
    /// One file a VM, 288 lines of CPU and memory percentages.
    CpuMemory,
    /// One file a VM, lines of fractions, with requests beside them.
    ExtCloudSim,
    /// OpenDC: tasks and fragments.
    OpenDc,
    /// Bitbrains, Grid Workloads Archive T-12: one file a VM.
    Bitbrains,
    /// Azure Public Dataset, V1 and V2.
    Azure,
    /// Google ClusterData 2011, version 2.
    Google2011,
    /// Alibaba cluster trace of 2017.
    Alibaba2017,
    /// Alibaba cluster trace of 2018.
    Alibaba2018,
    /// Standard Workload Format.
    Swf,
    /// Grid Workloads Format, the small form.
    Gwf,
    /// Alibaba's batch tasks as CloudSimPy has them.
    CloudSimPy,
}

impl TraceFormat {
    /// All formats.
    pub const ALL: [TraceFormat; 13] = [
        TraceFormat::Stratosim,
        TraceFormat::PlanetLab,
        TraceFormat::CpuMemory,
        TraceFormat::ExtCloudSim,
        TraceFormat::OpenDc,
        TraceFormat::Bitbrains,
        TraceFormat::Azure,
        TraceFormat::Google2011,
        TraceFormat::Alibaba2017,
        TraceFormat::Alibaba2018,
        TraceFormat::Swf,
        TraceFormat::Gwf,
        TraceFormat::CloudSimPy,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TraceFormat::Stratosim => "stratosim",
            TraceFormat::PlanetLab => "planetlab",
            TraceFormat::CpuMemory => "cpu-memory",
            TraceFormat::ExtCloudSim => "extcloudsim",
            TraceFormat::OpenDc => "opendc",
            TraceFormat::Bitbrains => "bitbrains",
            TraceFormat::Azure => "azure",
            TraceFormat::Google2011 => "google2011",
            TraceFormat::Alibaba2017 => "alibaba2017",
            TraceFormat::Alibaba2018 => "alibaba2018",
            TraceFormat::Swf => "swf",
            TraceFormat::Gwf => "gwf",
            TraceFormat::CloudSimPy => "cloudsimpy",
        }
    }
}

impl fmt::Display for TraceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TraceFormat {
    type Err = TraceError;

    fn from_str(name: &str) -> Result<Self, TraceError> {
        TraceFormat::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            let names = TraceFormat::ALL.map(TraceFormat::name);
            let meant = did_you_mean(name, names)
                .map_or(String::new(), |near| format!("did you mean {near:?}? "));
            let list = names.join(", ");
            TraceError::Options(format!("no format is named {name:?}; {meant}(formats: {list})"))
        })
    }
}

/// Opens the trace at `path`, of this format or of the one that it looks like.
///
/// # Errors
/// If it cannot be read, its format cannot be told, or an option that the format needs is missing.
pub fn open(
    path: &Path,
    format: Option<TraceFormat>,
    options: &TraceOptions,
) -> Result<Box<dyn TraceReader>, TraceError> {
    options.check()?;
    let format = match format {
        Some(format) => format,
        None => detect(path)?,
    };
    let tables = || -> Result<Vec<TraceFile>, TraceError> {
        let files: Vec<TraceFile> =
            files(path)?.into_iter().filter(|file| is_of(format, file)).collect();
        if files.is_empty() {
            return Err(TraceError::table(path, format!("has no table of the format {format}")));
        }
        Ok(files)
    };
    Ok(match format {
        TraceFormat::Stratosim => Box::new(OwnReader::open(path, options)?),
        TraceFormat::PlanetLab => Box::new(SeriesReader::open(SeriesKind::PlanetLab, path, options)?),
        TraceFormat::CpuMemory => Box::new(SeriesReader::open(SeriesKind::CpuMemory, path, options)?),
        TraceFormat::ExtCloudSim => Box::new(SeriesReader::open(SeriesKind::Fraction, path, options)?),
        TraceFormat::OpenDc => Box::new(OpenDcReader::open(path, options)?),
        TraceFormat::Bitbrains => Box::new(bitbrains::open(path, options)?),
        TraceFormat::Azure => Box::new(AzureTables::reader(tables()?, options)?),
        TraceFormat::Google2011 => Box::new(GoogleTables::reader(tables()?, options)?),
        TraceFormat::Alibaba2017 => Box::new(AlibabaTables::reader(Year::Y2017, tables()?, options)),
        TraceFormat::Alibaba2018 => Box::new(AlibabaTables::reader(Year::Y2018, tables()?, options)),
        TraceFormat::Swf => Box::new(SwfReader::of_files(files(path)?, options.skip_bad_rows)),
        TraceFormat::Gwf => Box::new(JobTables::reader(JobTable::Gwf, files(path)?, options)),
        TraceFormat::CloudSimPy => {
            Box::new(JobTables::reader(JobTable::CloudSimPy, files(path)?, options))
        }
    })
}

/// Reads one table or log of this format from `source`; `name` stands for it in messages, and says which table
/// it is where a format has several (as `batch_task.csv`).
///
/// ```
/// use stratosim::traces::{Batch, TraceFormat, TraceOptions, open_source};
/// let table = "M1,1,j_1,1,Terminated,10,30,100,0.5\nR2_1,4,j_1,1,Terminated,30,35,50,0.5\n";
/// let options = TraceOptions::default();
/// let mut reader =
///     open_source(TraceFormat::Alibaba2018, "batch_task.csv", table.as_bytes(), &options)?;
/// let mut batch = Batch::default();
/// assert!(reader.read_batch(&mut batch)?);
/// assert_eq!((batch.jobs[1].cores, &batch.jobs[1].parents[0]), (Some(0.5), &"j_1/1".to_string()));
/// # Ok::<(), stratosim::traces::TraceError>(())
/// ```
///
/// # Errors
/// If it cannot be read, an option that the format needs is missing, the name is that of no table of the format,
/// or the format needs several files.
pub fn open_source(
    format: TraceFormat,
    name: impl AsRef<Path>,
    source: impl Read + Send + 'static,
    options: &TraceOptions,
) -> Result<Box<dyn TraceReader>, TraceError> {
    options.check()?;
    let name = name.as_ref();
    let series = |kind, source| SeriesReader::new(kind, name, source, options);
    let table = |source| {
        let file = TraceFile::of_stream(name, source);
        match is_of(format, &file) {
            true => Ok(vec![file]),
            false => {
                Err(TraceError::table(name, format!("is the name of no table of the format {format}")))
            }
        }
    };
    Ok(match format {
        TraceFormat::PlanetLab => Box::new(series(SeriesKind::PlanetLab, source)?),
        TraceFormat::CpuMemory => Box::new(series(SeriesKind::CpuMemory, source)?),
        TraceFormat::ExtCloudSim => Box::new(series(SeriesKind::Fraction, source)?),
        TraceFormat::Azure => Box::new(AzureTables::reader(table(source)?, options)?),
        TraceFormat::Google2011 => Box::new(GoogleTables::reader(table(source)?, options)?),
        TraceFormat::Alibaba2017 => {
            Box::new(AlibabaTables::reader(Year::Y2017, table(source)?, options))
        }
        TraceFormat::Alibaba2018 => {
            Box::new(AlibabaTables::reader(Year::Y2018, table(source)?, options))
        }
        TraceFormat::Swf => Box::new(SwfReader::new(name, source, options.skip_bad_rows)?),
        TraceFormat::Gwf => Box::new(JobTables::reader(JobTable::Gwf, table(source)?, options)),
        TraceFormat::CloudSimPy => {
            Box::new(JobTables::reader(JobTable::CloudSimPy, table(source)?, options))
        }
        TraceFormat::Stratosim | TraceFormat::OpenDc | TraceFormat::Bitbrains => {
            return Err(TraceError::Options(format!(
                "the format {format} needs a path: its files are looked at more than once"
            )));
        }
    })
}

/// Whether something is taken from a file of a format whose tables are told apart by their names.
fn is_of(format: TraceFormat, file: &TraceFile) -> bool {
    let year =
        |wanted| AlibabaKind::of(file).is_some_and(|(_, year)| year.is_none_or(|year| year == wanted));
    match format {
        TraceFormat::Google2011 => GoogleKind::of(file).is_some(),
        TraceFormat::Alibaba2017 => year(Year::Y2017),
        TraceFormat::Alibaba2018 => year(Year::Y2018),
        _ => true,
    }
}

/// The format that the trace at `path` looks like, by the names of its files and the first line of the first.
///
/// # Errors
/// If it cannot be read, or looks like none.
pub fn detect(path: &Path) -> Result<TraceFormat, TraceError> {
    let files = files(path)?;
    for file in &files {
        if let Some(format) = by_name(file)? {
            return Ok(format);
        }
    }
    let Some(first) = files.first() else { return Err(unknown(path, b"")) };
    if path.is_dir() && is_archive(&first.path) {
        let message = format!("holds archives such as {}; give one of them itself", first.name);
        return Err(TraceError::table(path, message));
    }
    let line = first.first_line()?;
    by_line(&line).ok_or_else(|| unknown(path, &line))
}

fn unknown(path: &Path, line: &[u8]) -> TraceError {
    let formats = TraceFormat::ALL.map(TraceFormat::name).join(", ");
    let message = format!(
        "looks like no format that is known: it starts with {}; say which it is (--format: {formats})",
        quoted(line)
    );
    TraceError::table(path, message)
}

/// The format of which a file by its name is a table.
fn by_name(file: &TraceFile) -> Result<Option<TraceFormat>, TraceError> {
    let name = file.plain_name();
    if name == "vms.csv" || name == "jobs.csv" || name == "samples.csv" {
        return Ok(Some(TraceFormat::Stratosim));
    }
    if let Some((kind, year)) = AlibabaKind::of(file) {
        let year = match year {
            Some(year) => Some(year),
            None => {
                let columns = file.first_line()?.split(|&byte| byte == b',').count();
                match (kind, columns) {
                    (AlibabaKind::Tasks, 8) | (AlibabaKind::Usage, 12) => Some(Year::Y2017),
                    (AlibabaKind::Tasks, 9) | (AlibabaKind::Usage, 11) => Some(Year::Y2018),
                    _ => None,
                }
            }
        };
        return Ok(year.map(|year| match year {
            Year::Y2017 => TraceFormat::Alibaba2017,
            Year::Y2018 => TraceFormat::Alibaba2018,
        }));
    }
    Ok(match name {
        _ if is_table(file, "tasks") => Some(TraceFormat::OpenDc),
        _ if name.ends_with(".swf") => Some(TraceFormat::Swf),
        _ if name.ends_with(".gwf") => Some(TraceFormat::Gwf),
        _ if name.contains("vmtable") || name.contains("vm_cpu_readings") => Some(TraceFormat::Azure),
        _ if GoogleKind::of(file).is_some() => Some(TraceFormat::Google2011),
        _ => None,
    })
}

/// The format that starts with a line like this.
fn by_line(line: &[u8]) -> Option<TraceFormat> {
    let words: Vec<&[u8]> =
        line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let is_number = |word: &&[u8]| {
        str::from_utf8(word).is_ok_and(|word| word.parse::<f64>().is_ok_and(f64::is_finite))
    };
    if words.iter().all(is_number) {
        return match words.as_slice() {
            [word] if word.iter().all(u8::is_ascii_digit) => Some(TraceFormat::PlanetLab),
            [_] => Some(TraceFormat::ExtCloudSim),
            [_, _] => Some(TraceFormat::CpuMemory),
            _ if words.len() == 18 => Some(TraceFormat::Swf),
            _ => None,
        };
    }
    let cells: Vec<&[u8]> = line.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).collect();
    let has = |name: &[u8]| cells.contains(&name);
    match () {
        () if line.starts_with(b";") => Some(TraceFormat::Swf),
        () if line.split(|&byte| byte == b';').count() == 11 => Some(TraceFormat::Bitbrains),
        () if has(b"WorkflowID") => Some(TraceFormat::Gwf),
        () if has(b"instances_num") && has(b"submit_time") => Some(TraceFormat::CloudSimPy),
        () if has(b"VMID") => Some(TraceFormat::Azure),
        () => None,
    }
}
