//! Policies that decide by fuzzy rules.

use super::observation::{Observation, Observer};
use super::targets::Target;
use super::tiers::Select;
use super::view::{OffloadingView, TierName};
use super::{OffloadingDecision, OffloadingPolicy};
use crate::infra::{NodeId, Tier};
use crate::placement::ParameterError;
use crate::placement::fuzzy::{Mamdani, RuleBase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A rule base whose inputs are observations.
#[derive(Clone, Debug)]
struct Rules {
    system: Mamdani,
    observations: Vec<Observation>,
}

impl Rules {
    fn new(base: &RuleBase) -> Result<Self, ParameterError> {
        let system = Mamdani::new(base)?;
        let observations = system
            .inputs()
            .map(|name| Observation::known(name).map_err(|error| error.at(name).at("inputs")));
        let observations = observations.collect::<Result<_, _>>()?;
        Ok(Rules { system, observations })
    }

    /// One that is shipped.
    fn shipped(json: &str) -> Self {
        let base = serde_json::from_str::<RuleBase>(json).map_err(|error| error.to_string());
        let rules = base.and_then(|base| Rules::new(&base).map_err(|error| error.to_string()));
        // The texts are part of the program, and a test makes all of them.
        rules.expect("shipped rule bases are good")
    }

    fn evaluate(&self, observer: &Observer, view: &mut OffloadingView<'_>, node: NodeId) -> f64 {
        let values =
            self.observations.iter().map(|&observation| observer.value(observation, view, node));
        let values: Vec<f64> = values.map(|value| value.unwrap_or(f64::NAN)).collect();
        self.system.evaluate(&values)
    }
}

static EDGE_OR_CLOUD: LazyLock<Rules> =
    LazyLock::new(|| Rules::shipped(include_str!("../../../scenarios/rules/edge-or-cloud.json")));
static NEAREST_OR_REMOTE: LazyLock<Rules> =
    LazyLock::new(|| Rules::shipped(include_str!("../../../scenarios/rules/nearest-or-remote.json")));
static LOCAL_OR_REMOTE: LazyLock<Rules> =
    LazyLock::new(|| Rules::shipped(include_str!("../../../scenarios/rules/local-or-remote.json")));

/// Above this output the second of two places is meant: the middle of the shipped rule bases.
const MIDDLE: f64 = 50.0;

/// Nearest edge node, another one or the cloud by fuzzy rules in two stages (`FUZZY_BASED` of
/// EdgeCloudSim). First the nearest edge node or the least loaded of the others, by their loads and the
/// delay between them; then that one or the cloud, by the load of the edge, the bandwidth to the cloud,
/// the task's length and its sensitivity to delay (Sonmez, Ozgovde and Ersoy 2019). The rules are in
/// `scenarios/rules`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FuzzyBased {}

impl FuzzyBased {
    /// The edge node of the first stage.
    fn edge(view: &mut OffloadingView<'_>, observer: &Observer) -> Option<NodeId> {
        let nearest = view.nearest(Tier::Edge).filter(|&node| view.admits(node));
        let mut remote: Option<(f64, NodeId)> = None;
        for &node in view.nodes(Tier::Edge) {
            let load = view.load(node);
            let is_less = remote.is_none_or(|(least, _)| load < least);
            if Some(node) != nearest && is_less && view.admits(node) {
                remote = Some((load, node));
            }
        }
        let remote = remote.map(|(_, node)| node);
        match (nearest, remote) {
            (Some(near), Some(far)) => {
                let goes_far = NEAREST_OR_REMOTE.evaluate(observer, view, far) > MIDDLE;
                Some(if goes_far { far } else { near })
            }
            _ => nearest.or(remote),
        }
    }
}

impl OffloadingPolicy for FuzzyBased {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let observer = Observer::default();
        let edge = FuzzyBased::edge(view, &observer);
        let cloud = view.least_loaded(&[TierName::Cloud]);
        match (edge, cloud) {
            (Some(edge), Some(cloud)) => {
                let goes_up = EDGE_OR_CLOUD.evaluate(&observer, view, edge) > MIDDLE;
                OffloadingDecision::Run(if goes_up { cloud } else { edge })
            }
            _ => edge.or(cloud).into(),
        }
    }
}

/// Edge or cloud by fuzzy rules in one stage (`FUZZY_COMPETITOR` of EdgeCloudSim). The least loaded edge
/// node or the least loaded cloud node, by what speed is left on the edge, the task's data, the
/// bandwidth to the cloud and its sensitivity to delay. The rules are in `scenarios/rules`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FuzzyCompetitor {}

impl OffloadingPolicy for FuzzyCompetitor {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        let edge = view.least_loaded(&[TierName::Edge]);
        let cloud = view.least_loaded(&[TierName::Cloud]);
        match (edge, cloud) {
            (Some(edge), Some(cloud)) => {
                let observer = Observer::default();
                let goes_up = LOCAL_OR_REMOTE.evaluate(&observer, view, edge) > MIDDLE;
                OffloadingDecision::Run(if goes_up { cloud } else { edge })
            }
            _ => edge.or(cloud).into(),
        }
    }
}

/// One of two places by a rule base of one's own, whose inputs are [observations](Observation): above
/// the threshold the one, else the other. If the one has no node for the task, the other takes it.
#[derive(Clone, Debug)]
pub struct FuzzyRules {
    rules: Rules,
    threshold: f64,
    above: Target,
    otherwise: Target,
    select: Select,
    observer: Observer,
}

impl FuzzyRules {
    /// Compiles the rules. Those observations that depend on a node are taken of the one that `above`
    /// would choose, by `select`.
    ///
    /// # Errors
    /// What does not fit in the rule base, with its place in it.
    pub fn new(
        base: &RuleBase,
        threshold: f64,
        above: Target,
        otherwise: Target,
        select: Select,
    ) -> Result<Self, ParameterError> {
        let rules = Rules::new(base)?;
        Ok(FuzzyRules { rules, threshold, above, otherwise, select, observer: Observer::default() })
    }
}

impl OffloadingPolicy for FuzzyRules {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        self.observer.begin(view.now());
        let above = self.above.node(view, self.select);
        let otherwise = self.otherwise.node(view, self.select);
        let chosen = match (above, otherwise) {
            (Some(above), Some(otherwise)) => {
                let value = self.rules.evaluate(&self.observer, view, above);
                Some(if value > self.threshold { above } else { otherwise })
            }
            _ => above.or(otherwise),
        };
        self.observer.end(view.now());
        chosen.into()
    }
}

#[cfg(test)]
mod tests;
