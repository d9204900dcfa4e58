//! A policy that asks models which were fitted elsewhere.

use super::observation::{Observation, Observer};
use super::targets::Target;
use super::tiers::Select;
use super::view::OffloadingView;
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::NodeId;
use crate::placement::ParameterError;
use crate::placement::learning::FittedModel;
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The models of one place where tasks can be sent. Their inputs are [observations](Observation); those
/// that depend on a node are taken of the one that would take the task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetModels {
    /// The probability that a task is done there, and in time. Certain if left out.
    pub success: Option<FittedModel>,
    /// Seconds from the creation of a task to its result if it is done there. If no place has such a
    /// model, the most likely success is taken.
    pub service_s: Option<FittedModel>,
}

/// The models of all places; a place without models is not chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearnedModels {
    /// What they are for, and where they come from.
    pub description: Option<String>,
    /// Of the device itself.
    pub local: Option<TargetModels>,
    /// Of the edge.
    pub edge: Option<TargetModels>,
    /// Of the fog.
    pub fog: Option<TargetModels>,
    /// Of the cloud.
    pub cloud: Option<TargetModels>,
}

/// A model and what it looks at.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) model: FittedModel,
    pub(super) observations: Vec<Observation>,
}

impl Asked {
    pub(super) fn new(model: &FittedModel) -> Result<Self, ParameterError> {
        model.check()?;
        let observations = model.inputs.iter().enumerate().map(|(index, name)| {
            Observation::known(name).map_err(|error| error.at_index(index).at("inputs"))
        });
        Ok(Asked { model: model.clone(), observations: observations.collect::<Result<_, _>>()? })
    }

    fn predict(&self, observer: &Observer, view: &mut OffloadingView<'_>, node: NodeId) -> f64 {
        let values =
            self.observations.iter().map(|&observation| observer.value(observation, view, node));
        let values: Vec<Option<f64>> = values.collect();
        self.model.predict(&values)
    }
}

/// A place with its models, ready to be asked.
#[derive(Clone, Debug)]
struct Place {
    target: Target,
    success: Option<Asked>,
    service_s: Option<Asked>,
}

/// Of the places where a task is predicted to be done the one with the least predicted service time; a
/// random one if it is predicted to fail everywhere (`AI_BASED` of EdgeCloudSim's fifth sample
/// application).
#[derive(Clone, Debug)]
pub struct Learned {
    places: Vec<Place>,
    threshold: f64,
    select: Select,
    observer: Observer,
}

impl Learned {
    /// A policy that counts a probability of success of at least `threshold` as success, and chooses the
    /// node of a tier by `select`.
    ///
    /// # Errors
    /// What does not fit in the models, with its place.
    pub fn new(models: &LearnedModels, threshold: f64, select: Select) -> Result<Self, ParameterError> {
        let named = [
            ("local", Target::Local, &models.local),
            ("edge", Target::Edge, &models.edge),
            ("fog", Target::Fog, &models.fog),
            ("cloud", Target::Cloud, &models.cloud),
        ];
        let mut places: Vec<Place> = Vec::new();
        for (name, target, models) in named {
            let Some(models) = models else { continue };
            let ask = |model: &Option<FittedModel>, key: &str| {
                let asked = model.as_ref().map(Asked::new).transpose();
                asked.map_err(|error| error.at(key).at(name))
            };
            let place = Place {
                target,
                success: ask(&models.success, "success")?,
                service_s: ask(&models.service_s, "service_s")?,
            };
            if place.success.is_none() && place.service_s.is_none() {
                return Err(ParameterError::new("there is no model")
                    .at(name)
                    .help("give `success`, `service_s` or both, or leave the place out"));
            }
            if places.first().is_some_and(|first| first.service_s.is_some() != place.service_s.is_some())
            {
                return Err(ParameterError::new(
                    "service times of some places cannot be compared with nothing of others",
                )
                .at(name)
                .help("give all places a `service_s`, or none"));
            }
            places.push(place);
        }
        if places.is_empty() {
            return Err(ParameterError::new("there is no place to choose")
                .help("give models for at least one of `local`, `edge`, `fog` and `cloud`"));
        }
        Ok(Learned { places, threshold, select, observer: Observer::default() })
    }
}

impl OffloadingPolicy for Learned {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        // Drawn always, so that the draws of later decisions do not depend on what is predicted now.
        let share = view.random().random::<f64>();
        self.observer.begin(view.now());
        let mut best: Option<(f64, NodeId)> = None;
        let mut possible = Vec::with_capacity(self.places.len());
        for place in &self.places {
            let Some(node) = place.target.node(view, self.select) else { continue };
            possible.push(node);
            let ask =
                |asked: &Asked, view: &mut OffloadingView<'_>| asked.predict(&self.observer, view, node);
            let success = place.success.as_ref().map_or(1.0, |model| ask(model, view));
            if success < self.threshold || success.is_nan() {
                continue;
            }
            let cost = place.service_s.as_ref().map_or(-success, |model| ask(model, view));
            if !cost.is_nan() && best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, node));
            }
        }
        self.observer.end(view.now());
        let any = || {
            let which = (share * possible.len() as f64) as usize;
            possible.get(which).copied()
        };
        best.map(|(_, node)| node).or_else(any).into()
    }
}
