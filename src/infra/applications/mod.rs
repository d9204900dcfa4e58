//! Applications as the infrastructure knows them: what they need, where their replicas are, and what is booked for them
//! on nodes and links.
//!
//! Each replica books the additive assets of its node. Each interaction whose ends are placed on two nodes has a *way*:
//! the one of least latency that had its bandwidth left when it was chosen, on whose links the bandwidth is booked. A way
//! is kept until it fails; the [audit](crate::infra::Infrastructure::audit) looks for another one then. All bookings are
//! exact sums, and a journal takes tentative ones back.

mod amount;
mod audit;
mod book;
mod journal;
mod needs;
mod placed;
mod placing;
#[cfg(test)]
mod tests;
mod violation;

pub use book::Applications;
pub(crate) use journal::Mark;
pub use needs::{
    ApplicationNeeds, InteractionIndex, InteractionNeeds, ReplicaIndex, ReplicaNeeds, Shape,
};
pub use placed::PlacedApplication;
pub(crate) use placing::Checks;
pub use violation::{Violation, ViolationKind};
