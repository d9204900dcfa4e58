//! What calls come to.

/// Why an operation was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The user's site is down.
    SiteDown,
    /// The scope asks for what must not be: told before anything is executed.
    Refused,
    /// A site is taken to be unavailable, so that it was not asked.
    Unreachable,
    /// What was asked for was not answered in time, whether it was done or not.
    TimedOut,
    /// No majority of the replicas is available.
    NoMajority,
    /// The resource is not where the request was sent.
    NotFound,
    /// The resource is at another site, and sites do not collaborate.
    Elsewhere,
    /// A site took no more work.
    Overloaded,
}

impl Failure {
    /// All, in the order of tables and summary.
    pub const ALL: [Failure; 8] = [
        Failure::SiteDown,
        Failure::Refused,
        Failure::Unreachable,
        Failure::TimedOut,
        Failure::NoMajority,
        Failure::NotFound,
        Failure::Elsewhere,
        Failure::Overloaded,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Failure::SiteDown => "site_down",
            Failure::Refused => "refused",
            Failure::Unreachable => "unreachable",
            Failure::TimedOut => "timed_out",
            Failure::NoMajority => "no_majority",
            Failure::NotFound => "not_found",
            Failure::Elsewhere => "elsewhere",
            Failure::Overloaded => "overloaded",
        }
    }
}

/// What a call that was done has found and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// Writes that some replica had executed and the one that was read had not.
    pub(super) versions_behind: u32,
    /// Seconds since the first of them.
    pub(super) age_s: f64,
    /// Messages between sites that it took, those among replicas aside.
    pub(super) messages: u32,
    /// Seconds of execution at sites, one after another.
    pub(super) work_s: f64,
}

impl Answer {
    /// Takes in what another call of the same operation has come to.
    pub(super) fn add(&mut self, other: Answer) {
        self.versions_behind = self.versions_behind.max(other.versions_behind);
        self.age_s = self.age_s.max(other.age_s);
        self.messages += other.messages;
        self.work_s += other.work_s;
    }
}

/// How the sites worked together in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collaboration {
    Local,
    Sharing,
    Replication,
    Cross,
}

impl Collaboration {
    pub(super) const ALL: [Collaboration; 4] =
        [Collaboration::Local, Collaboration::Sharing, Collaboration::Replication, Collaboration::Cross];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Collaboration::Local => "local",
            Collaboration::Sharing => "sharing",
            Collaboration::Replication => "replication",
            Collaboration::Cross => "cross",
        }
    }
}
