//! Writing a trace as our own tables.

use super::error::TraceError;
use super::own::OwnKind;
use super::vm_trace::{Jobs, VmTrace, Vms};
use std::fs::File;
use std::io;
use std::path::Path;

/// A table that is being written.
struct Table<'p> {
    path: &'p Path,
    writer: csv::Writer<File>,
    floats: zmij::Buffer,
}

impl<'p> Table<'p> {
    fn create(path: &'p Path, header: &[&str]) -> Result<Self, TraceError> {
        let file = File::create(path).map_err(unwritten(path))?;
        let writer = csv::WriterBuilder::new().buffer_capacity(1 << 17).from_writer(file);
        let mut table = Table { path, writer, floats: zmij::Buffer::new() };
        for name in header {
            table.text(name)?;
        }
        table.end()?;
        Ok(table)
    }

    fn text(&mut self, text: &str) -> Result<(), TraceError> {
        self.writer.write_field(text).map_err(|error| refused(self.path, error))
    }

    fn label(&mut self, text: Option<&str>) -> Result<(), TraceError> {
        self.text(text.unwrap_or_default())
    }

    fn number(&mut self, number: f64) -> Result<(), TraceError> {
        // Whole numbers without ".0": half of the size of many traces.
        let text = self.floats.format(number);
        let text = text.strip_suffix(".0").unwrap_or(text);
        self.writer.write_field(text).map_err(|error| refused(self.path, error))
    }

    /// A single-precision number, with the digits that it needs.
    fn small(&mut self, number: Option<f32>) -> Result<(), TraceError> {
        let text = number.map_or("", |number| self.floats.format(number));
        let text = text.strip_suffix(".0").unwrap_or(text);
        self.writer.write_field(text).map_err(|error| refused(self.path, error))
    }

    fn optional(&mut self, number: Option<f64>) -> Result<(), TraceError> {
        match number {
            Some(number) => self.number(number),
            None => self.text(""),
        }
    }

    fn end(&mut self) -> Result<(), TraceError> {
        self.writer.write_record(None::<&[u8]>).map_err(|error| refused(self.path, error))
    }

    fn finish(mut self) -> Result<(), TraceError> {
        self.writer.flush().map_err(unwritten(self.path))
    }
}

fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> TraceError {
    move |source| TraceError::Write { path: path.to_path_buf(), source }
}

fn refused(path: &Path, error: csv::Error) -> TraceError {
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    };
    unwritten(path)(source)
}

impl VmTrace {
    /// Writes the trace as our own tables into a folder, which must exist: `vms.csv` and `samples.csv` if there
    /// are VMs, `jobs.csv`, `machines.csv` and `dependencies.csv` if there are such rows. What
    /// [`OwnReader`](super::OwnReader) reads from them is the same to the last digit.
    ///
    /// `watch` is asked now and then whether to go on.
    ///
    /// # Errors
    /// If a file cannot be written, or `watch` has ended the writing.
    pub fn write(&self, folder: &Path, mut watch: impl FnMut() -> bool) -> Result<(), TraceError> {
        let path = |kind: OwnKind| folder.join(kind.file());
        if !self.vms.is_empty() || self.jobs.is_empty() {
            self.vms.write(&path(OwnKind::Vms))?;
            self.write_samples(&path(OwnKind::Samples), &mut watch)?;
        }
        if !self.jobs.is_empty() {
            self.jobs.write(&path(OwnKind::Jobs), &mut watch)?;
        }
        if !self.machines.is_empty() {
            self.write_machines(&path(OwnKind::Machines))?;
        }
        if !(self.vms.dependencies.is_empty() && self.jobs.dependencies.is_empty()) {
            self.write_dependencies(&path(OwnKind::Dependencies))?;
        }
        Ok(())
    }

    fn write_samples(&self, path: &Path, watch: &mut impl FnMut() -> bool) -> Result<(), TraceError> {
        // Of columns that are unknown throughout nothing is written.
        let series = &self.series;
        let columns = [
            ("cpu_max", !series.cpu_max.is_empty()),
            ("memory_bytes", !series.memory_bytes.is_empty()),
            ("received_bytes_per_s", !series.received_bytes_per_s.is_empty()),
            ("sent_bytes_per_s", !series.sent_bytes_per_s.is_empty()),
        ];
        let mut header = vec!["vm", "t_s", "duration_s", self.demand_unit.column()];
        header.extend(columns.iter().filter(|(_, known)| *known).map(|(name, _)| *name));
        let mut table = Table::create(path, &header)?;
        for (vm, id) in self.vms.ids.iter().enumerate() {
            if !watch() {
                return Err(TraceError::Interrupted);
            }
            for segment in series.segments(vm) {
                table.text(id)?;
                table.number(segment.start_s)?;
                table.number(segment.duration_s)?;
                table.small(Some(segment.cpu))?;
                let cells = [
                    segment.cpu_max,
                    segment.memory_bytes,
                    segment.received_bytes_per_s,
                    segment.sent_bytes_per_s,
                ];
                for ((_, known), cell) in columns.iter().zip(cells) {
                    if *known {
                        table.small(cell)?;
                    }
                }
                table.end()?;
            }
        }
        table.finish()
    }

    fn write_machines(&self, path: &Path) -> Result<(), TraceError> {
        let mut table = Table::create(path, OwnKind::Machines.columns().0)?;
        for event in &self.machines {
            table.text(&event.id)?;
            table.number(event.t_s)?;
            table.text(event.change.name())?;
            table.optional(event.cores)?;
            table.optional(event.memory_bytes)?;
            table.end()?;
        }
        table.finish()
    }

    fn write_dependencies(&self, path: &Path) -> Result<(), TraceError> {
        let mut table = Table::create(path, OwnKind::Dependencies.columns().0)?;
        for (name, ids, dependencies) in [
            ("vms", &self.vms.ids, &self.vms.dependencies),
            ("jobs", &self.jobs.ids, &self.jobs.dependencies),
        ] {
            for (row, id) in ids.iter().enumerate() {
                for &parent in dependencies.parents(row) {
                    table.label(ids.get(parent as usize))?;
                    table.text(id)?;
                    table.text(name)?;
                    table.end()?;
                }
            }
        }
        table.finish()
    }
}

impl Vms {
    fn write(&self, path: &Path) -> Result<(), TraceError> {
        let mut table = Table::create(path, OwnKind::Vms.columns().0)?;
        for (row, id) in self.ids.iter().enumerate() {
            table.text(id)?;
            table.number(self.start_s[row])?;
            table.optional(self.end_s[row])?;
            table.optional(self.cores[row])?;
            table.optional(self.core_mhz[row])?;
            table.optional(self.memory_bytes[row])?;
            table.label(self.classes.get(row))?;
            table.optional(self.priority[row])?;
            table.label(self.groups.get(row))?;
            table.optional(self.length_s[row])?;
            table.end()?;
        }
        table.finish()
    }
}

impl Jobs {
    fn write(&self, path: &Path, watch: &mut impl FnMut() -> bool) -> Result<(), TraceError> {
        let mut table = Table::create(path, OwnKind::Jobs.columns().0)?;
        for (row, id) in self.ids.iter().enumerate() {
            if !watch() {
                return Err(TraceError::Interrupted);
            }
            table.text(id)?;
            table.number(self.submit_s[row])?;
            table.optional(self.wait_s[row])?;
            table.optional(self.run_time_s[row])?;
            table.optional(self.requested_time_s[row])?;
            table.optional(self.instances[row].map(f64::from))?;
            table.optional(self.cores[row])?;
            table.optional(self.memory_bytes[row])?;
            table.label(self.classes.get(row))?;
            table.label(self.users.get(row))?;
            table.label(self.statuses.get(row))?;
            table.label(self.groups.get(row))?;
            table.optional(self.think_time_s[row])?;
            table.end()?;
        }
        table.finish()
    }
}
