//! The recorder as what the world writes to.

use super::recorder::Recorder;
use crate::records::{Cell, RecordError, Records, Symbol, TableId, TableSpec};

impl Records for Recorder {
    fn table(&mut self, spec: TableSpec) -> Result<TableId, RecordError> {
        Recorder::table(self, spec).map_err(|error| RecordError(error.to_string()))
    }

    fn is_recorded(&self, table: TableId) -> bool {
        self.is_enabled(table)
    }

    fn write(&mut self, table: TableId, cells: &[Cell<'_>]) {
        let mut row = self.row(table);
        for cell in cells {
            row = row.cell(*cell);
        }
        row.end();
    }

    fn symbol(&mut self, text: &str) -> Symbol {
        Recorder::symbol(self, text)
    }

    fn failure(&self) -> Option<String> {
        Recorder::failure(self).map(ToString::to_string)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any> {
        self
    }
}
