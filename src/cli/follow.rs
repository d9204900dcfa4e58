//! Rows of tables, printed while a run goes on.

use crate::output::{RowObserver, Rows};
use crate::records::Cell;
use serde::ser::{SerializeMap, Serializer};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes that are gathered at most before they are written.
const BUFFER_BYTES: usize = 64 * 1024;
/// Wall time for which a row waits at most before it is written.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// Lines on their way out. Once nobody reads them any more, they are dropped.
struct Lines<W> {
    buffer: Vec<u8>,
    out: W,
    closed: bool,
    ended: bool,
}

impl<W: Write> Lines<W> {
    fn flush(&mut self) {
        if !self.buffer.is_empty() && !self.closed {
            let written = self.out.write_all(&self.buffer).and_then(|()| self.out.flush());
            self.closed = written.is_err();
        }
        self.buffer.clear();
    }
}

/// Writes rows as lines of JSON, by wall time, so that what is printed does not depend on when.
pub(super) struct Follower<W> {
    lines: Arc<Mutex<Lines<W>>>,
    flusher: JoinHandle<()>,
}

/// A panic elsewhere leaves whole lines.
fn locked<W>(lines: &Mutex<Lines<W>>) -> MutexGuard<'_, Lines<W>> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write + Send + 'static> Follower<W> {
    pub(super) fn start(out: W) -> Self {
        let lines = Lines { buffer: Vec::new(), out, closed: false, ended: false };
        let lines = Arc::new(Mutex::new(lines));
        let shared = Arc::clone(&lines);
        let flusher = std::thread::spawn(move || {
            while !locked(&shared).ended {
                std::thread::park_timeout(LONGEST_WAIT);
                locked(&shared).flush();
            }
        });
        Follower { lines, flusher }
    }

    /// What sees the rows.
    pub(super) fn observer(&self) -> Observer<W> {
        Observer(Arc::clone(&self.lines))
    }

    /// Writes what is left.
    pub(super) fn finish(self) {
        locked(&self.lines).ended = true;
        self.flusher.thread().unpark();
        // It cannot panic; if it did, the lines would be lost, and the run still be good.
        let _ = self.flusher.join();
        locked(&self.lines).flush();
    }
}

/// Turns rows into lines.
pub(super) struct Observer<W>(Arc<Mutex<Lines<W>>>);

impl<W: Write + Send> RowObserver for Observer<W> {
    fn row(&mut self, rows: Rows<'_>, row: usize) {
        let mut lines = locked(&self.0);
        if lines.closed {
            return;
        }
        // Writing to memory cannot fail.
        let _ = write_row(&mut lines.buffer, rows, row);
        lines.buffer.push(b'\n');
        if lines.buffer.len() >= BUFFER_BYTES {
            lines.flush();
        }
    }
}

fn write_row(buffer: &mut Vec<u8>, rows: Rows<'_>, row: usize) -> serde_json::Result<()> {
    let mut serializer = serde_json::Serializer::new(buffer);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("table", &rows.spec().name)?;
    for (index, column) in rows.spec().columns.iter().enumerate() {
        let name = &column.name;
        match rows.cell(row, index) {
            Cell::Null | Cell::Category(_) => map.serialize_entry(name, &())?,
            Cell::Float(value) => map.serialize_entry(name, &value)?,
            Cell::Unsigned(value) => map.serialize_entry(name, &value)?,
            Cell::Signed(value) => map.serialize_entry(name, &value)?,
            Cell::Boolean(value) => map.serialize_entry(name, &value)?,
            Cell::Text(text) => map.serialize_entry(name, text)?,
        }
    }
    map.end()
}
