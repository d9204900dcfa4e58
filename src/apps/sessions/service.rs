//! Services as users and platforms know them.

use crate::apps::orchestration::ServiceFacts;
use crate::engine::{Distribution, SimDuration};

/// A service that users access by requests.
#[derive(Clone, Debug)]
pub struct SessionService {
    /// What all know of it.
    pub facts: ServiceFacts,
    /// Time from the arrival of the image until an instance takes requests.
    pub boot: SimDuration,
    /// Million instructions of a request, on one core.
    pub work_mi: Distribution,
    /// Bytes of a request.
    pub request_bytes: Distribution,
    /// Bytes of a response.
    pub response_bytes: Distribution,
    /// Share of the users who access it, relative to the other services' shares.
    pub share: f64,
}
