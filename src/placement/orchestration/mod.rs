//! Orchestration: which instances of services there are, where, and which users they serve, decided by agents that know
//! only what they were told.
//!
//! A [`ControlPlane`] keeps the state of all its agents and answers each of their stimuli with [orders](Order). It sees
//! an [`OrchestrationView`], which has what the agent's own node can know, and the list of platforms, which never changes.
//! Of other nodes it knows what their agents have told by mail, when that arrived.

mod central;
mod features;
mod nearest;
mod places;
mod random;
mod tree;
mod view;

pub use central::{Central, CentralParameters, Swirly};
pub use features::feature_columns;
pub use nearest::Nearest;
pub use places::PlaceIndex;
pub use random::Random;
pub use tree::{Cell, Cluster, Clusters, Grid, Rank, Rectangle, Tree, TreeParameters};
pub use view::{OrchestrationView, Platform, PlatformList, Senses};

pub(crate) use features::features;

use super::ParameterError;
use crate::apps::agents::{AgentId, Handling, MessageKind};
use crate::apps::orchestration::{AgentLayout, Order, PlaneFacts, PlaneHandle, ServiceFacts, TreeShape};
use crate::engine::SimDuration;
use serde_json::Value;
use std::fmt;

/// A way to orchestrate.
///
/// ```
/// use stratosim::apps::agents::Stimulus;
/// use stratosim::apps::orchestration::{AgentLayout, Answer, Order, QUERY, Query, ServiceFacts};
/// use stratosim::placement::orchestration::{ControlPlane, OrchestrationView, PlatformList};
///
/// /// All users go to the first instance that there was.
/// #[derive(Debug)]
/// struct First;
///
/// impl ControlPlane for First {
///     fn layout(&self) -> AgentLayout { AgentLayout::None }
///     fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
///         let Some(query) = view.query() else { return };
///         let service = view.services().get(query.service as usize);
///         let instance = service.and_then(|service| service.instances.first().copied());
///         orders.extend(Order::answer(view.stimulus(), Answer { instance }));
///     }
/// }
/// ```
pub trait ControlPlane: fmt::Debug + Send {
    /// The kinds of messages of its own; the first has the number
    /// [`FIRST_OWN_KIND`](crate::apps::orchestration::FIRST_OWN_KIND).
    fn kinds(&self) -> Vec<MessageKind> {
        Vec::new()
    }

    /// Where it has agents.
    fn layout(&self) -> AgentLayout {
        AgentLayout::PerPlatform
    }

    /// How far back the latencies and loads reach that its agents see: 30 s.
    fn window(&self) -> SimDuration {
        SimDuration::from_nanos(30_000_000_000)
    }

    /// Checks parameters that a schema cannot.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn check(&self) -> Result<(), ParameterError> {
        Ok(())
    }

    /// What should be read before the results are trusted if there are so many platforms.
    fn note(&self, _platforms: usize) -> Option<String> {
        None
    }

    /// The run begins, with this list of platforms and these services: before all stimuli.
    fn begin(&mut self, _list: &PlatformList, _services: &[ServiceFacts]) {}

    /// Handles a stimulus of an agent. What it orders is carried out when it returns.
    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>);

    /// Whom users ask for an instance of a service: first at attempt 0, and at 1, 2, ... where there was no answer; `None`
    /// if there is nobody more to ask. Users know this from the start, as by a name service, so it must not follow what
    /// users cannot know.
    fn directory(&self, _service: u32, _attempt: u32) -> Option<AgentId> {
        None
    }

    /// An agent has died, and what it knew is lost.
    fn forget(&mut self, _agent: AgentId) {}

    /// The tree of a service, if there are trees: for records only.
    fn shape(&self, _service: u32) -> Option<TreeShape> {
        None
    }

    /// Its part of the summary of its workload, for records only.
    fn summary(&self) -> Value {
        Value::Null
    }
}

impl PlaneFacts for Box<dyn ControlPlane> {
    fn directory(&self, service: u32, attempt: u32) -> Option<AgentId> {
        (**self).directory(service, attempt)
    }

    fn shape(&self, service: u32) -> Option<TreeShape> {
        (**self).shape(service)
    }

    fn summary(&self) -> Value {
        (**self).summary()
    }
}

impl PlaneHandle {
    /// What a workload must know of a control plane that has this number and name.
    #[must_use]
    pub fn new(number: u32, name: impl Into<String>, plane: &dyn ControlPlane) -> Self {
        let light = |name| MessageKind { name, handling: Handling::Light };
        let mut kinds = vec![light("query"), light("answer")];
        kinds.extend(plane.kinds());
        PlaneHandle { number, name: name.into(), kinds, layout: plane.layout(), window: plane.window() }
    }
}
