//! Running a simulation whose rows go into a recorder.

use crate::engine::SimTime;
use crate::output::{Recorder, TableSelection};
use crate::records::NoRecords;
use crate::scenario::format::{OutputSpec, TraceDepth};
use crate::world::{Finished, Simulation};

/// Events between two looks at whether the run is to go on.
const EVENTS_BETWEEN_LOOKS: u64 = 1 << 14;

/// Why a run did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// It was told to stop at this instant.
    #[error("interrupted at {0}")]
    Interrupted(SimTime),
    /// It could not go on.
    #[error("{0}")]
    Failed(String),
}

/// The tables that a scenario's output selects: those that it names, else those of its depth of trace.
#[must_use]
pub fn table_selection(output: &OutputSpec) -> TableSelection {
    match (&output.tables, output.trace) {
        (Some(names), _) => TableSelection::Only(names.iter().cloned().collect()),
        (None, TraceDepth::Summary) => TableSelection::Only(std::collections::BTreeSet::new()),
        (None, TraceDepth::Default) => TableSelection::All,
        (None, TraceDepth::Full) => TableSelection::Full,
    }
}

/// Runs a simulation that was built with a recorder to its end, and gives what it came to and the recorder,
/// still open. `goes_on` is asked between some thousand events.
///
/// # Errors
/// If the run fails, or `goes_on` says no.
pub fn simulate(
    mut simulation: Simulation,
    mut goes_on: impl FnMut(&Simulation) -> bool,
) -> Result<(Finished, Recorder), Stopped> {
    let failed = |error: String| Stopped::Failed(error);
    while simulation.advance(EVENTS_BETWEEN_LOOKS) {
        if !goes_on(&simulation) {
            return Err(Stopped::Interrupted(simulation.now()));
        }
        if let Some(failure) = simulation.failure() {
            return Err(failed(failure));
        }
    }
    let mut finished = simulation.finish().map_err(failed)?;
    let records = std::mem::replace(&mut finished.records, Box::new(NoRecords));
    match records.into_any().downcast::<Recorder>() {
        Ok(recorder) => Ok((finished, *recorder)),
        Err(_) => Err(failed("the records are no recorder's".into())),
    }
}
