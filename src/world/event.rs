//! What can happen in the world.

use crate::apps::{Context, Message};
use crate::infra::InfraEvent;
use std::fmt;

/// Something of a user's own that happens once, at a given time.
///
/// ```
/// use stratosim::apps::Context;
/// use stratosim::world::UserEvent;
///
/// #[derive(Debug)]
/// struct Hello;
/// impl UserEvent for Hello {
///     fn happen(self: Box<Self>, context: &mut dyn Context) {
///         println!("it is {}", context.now());
///     }
/// }
/// ```
pub trait UserEvent: fmt::Debug + Send {
    /// Happens now.
    fn happen(self: Box<Self>, context: &mut dyn Context);
}

/// A pending event of the world: 24 bytes.
#[derive(Debug)]
pub enum Event {
    /// Inside the infrastructure.
    Infrastructure(InfraEvent),
    /// A workload's timer.
    Timer {
        /// The workload.
        workload: u16,
        /// What it set the timer for.
        message: Message,
    },
    /// The period of the frequency governor has passed.
    GovernorPeriod,
    /// The load of nodes with frequency steps has changed.
    GovernorLoad,
    /// The samplers look.
    Sample,
    /// Signals are sampled.
    SampleRadio,
    /// Telemetry of vehicles is sampled.
    SampleTelemetry,
    /// A user's own.
    User(Box<dyn UserEvent>),
}

impl From<InfraEvent> for Event {
    fn from(event: InfraEvent) -> Self {
        Event::Infrastructure(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_event_is_small() {
        assert!(size_of::<Option<Event>>() <= 24, "{}", size_of::<Option<Event>>());
    }
}
