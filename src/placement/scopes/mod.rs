//! Resource scope: on which sites is a geo-distributed resource that is created?

mod policies;
#[cfg(test)]
mod tests;
mod view;

pub use policies::{Centralised, Everywhere, FollowDemand, LocalOnly, Nearest, Written};
pub use view::{ScopeView, feature_columns};

use crate::placement::ParameterError;
use crate::scope::Place;
use std::fmt;

/// A way to choose the sites of resources.
///
/// ```
/// use stratosim::placement::scopes::{ResourceScopePolicy, ScopeView};
/// use stratosim::scope::Place;
///
/// /// Two replicas where the network is slow, none elsewhere.
/// #[derive(Debug)]
/// struct Careful;
///
/// impl ResourceScopePolicy for Careful {
///     fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place> {
///         let nearest = view.nearest(2);
///         let far = nearest.get(1).is_some_and(|site| view.request().latency_s[site.index()] > 0.02);
///         far.then(|| Place::Both(nearest.into_iter().map(Place::Site).collect()))
///     }
/// }
/// ```
pub trait ResourceScopePolicy: fmt::Debug + Send {
    /// The sites of a resource that is created; `None` for the site of the user alone.
    fn decide(&mut self, view: &mut ScopeView<'_>) -> Option<Place>;

    /// Whether sites use resources of each other: if not, a user finds only what is at the site itself.
    fn collaborates(&self) -> bool {
        true
    }

    /// What is wrong with its parameters.
    ///
    /// # Errors
    /// If they do not make sense together.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}
