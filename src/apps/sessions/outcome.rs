//! How a request of a user can end.

/// The one way in which a request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionOutcome {
    /// The response has come.
    Done,
    /// The user knew of no instance, or there was none, or none that took requests, at the node that it was sent to.
    Refused,
    /// It did not get there, or its instance ended, or the response did not come back.
    Lost,
    /// The run ended first.
    Unfinished,
}

impl SessionOutcome {
    /// All outcomes, in the order of their counts.
    pub const ALL: [SessionOutcome; 4] = [
        SessionOutcome::Done,
        SessionOutcome::Refused,
        SessionOutcome::Lost,
        SessionOutcome::Unfinished,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SessionOutcome::Done => "done",
            SessionOutcome::Refused => "refused",
            SessionOutcome::Lost => "lost",
            SessionOutcome::Unfinished => "unfinished",
        }
    }
}
