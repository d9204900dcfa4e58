//! Policies for training jobs.

use super::{Entry, Make, Parameters, Registry, parameters};
use crate::placement::training::{QueuePolicy, TrainingPlacement};
use crate::scenario::Site;
use crate::scenario::format::{TrainingPlacementKind, TrainingQueueKind};
use std::collections::BTreeMap;

/// Kinds of queues and placements.
#[derive(Default)]
pub(super) struct TrainingKinds {
    pub(super) queues: BTreeMap<String, Entry<Make<dyn QueuePolicy>>>,
    pub(super) placements: BTreeMap<String, Entry<Make<dyn TrainingPlacement>>>,
}

/// Parameters from which a queue policy for training jobs is made. Others are registered by [`Registry::training_queue`] as
/// they are.
pub trait BuildTrainingQueue: Parameters {
    /// Makes the policy; errors go to `site`.
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn QueuePolicy>>;
}

impl Registry {
    /// Registers a queue policy for training jobs whose fields are its parameters.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use stratosim::placement::training::{QueuePolicy, QueueView};
    /// use stratosim::scenario::Registry;
    ///
    /// /// The last one first.
    /// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    /// #[serde(deny_unknown_fields)]
    /// struct LastFirst {}
    ///
    /// impl QueuePolicy for LastFirst {
    ///     fn order(&mut self, view: &QueueView<'_>) -> Vec<usize> { (0..view.waiting.len()).rev().collect() }
    /// }
    ///
    /// let mut registry = Registry::with_builtins();
    /// registry.training_queue::<LastFirst>("last_first");
    /// ```
    pub fn training_queue<P: Parameters + QueuePolicy>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn QueuePolicy> = Box::new(|value, site, _| {
            let policy = site.check(parameters::<P>(value))?;
            policy.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(policy) as Box<dyn QueuePolicy>)
        });
        self.training.queues.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a queue policy for training jobs that is made from its parameters.
    pub fn built_training_queue<P: BuildTrainingQueue>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn QueuePolicy> =
            Box::new(|value, site, _| site.check(parameters::<P>(value))?.build(site));
        self.training.queues.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a placement of training jobs whose fields are its parameters.
    pub fn training_placement<P: Parameters + TrainingPlacement>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn TrainingPlacement> = Box::new(|value, site, _| {
            let policy = site.check(parameters::<P>(value))?;
            policy.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(policy) as Box<dyn TrainingPlacement>)
        });
        self.training.placements.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a queue policy for training jobs; errors go to the site.
    #[must_use]
    pub fn make_training_queue(
        &self,
        kind: &TrainingQueueKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn QueuePolicy>> {
        (self.training.queues.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Makes a placement of training jobs; errors go to the site.
    #[must_use]
    pub fn make_training_placement(
        &self,
        kind: &TrainingPlacementKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn TrainingPlacement>> {
        (self.training.placements.get(kind.kind())?.make)(&kind.0, site, self)
    }
}
