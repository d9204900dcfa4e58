//! The learned orchestrator of EdgeCloudSim's fifth sample application: for each way a classifier of its success and a
//! regression of its service time; and what they are fitted to.

use crate::infra::NodeId;
use crate::infra::network::NetworkClass;
use crate::placement::ParameterError;
use crate::placement::learning::{FitError, FittedModel};
use crate::placement::offloading::chances::draw;
use crate::placement::offloading::learned::{Asked, TargetModels};
use crate::placement::offloading::observation::{Observation, Observer};
use crate::placement::offloading::ways::{RoundRobin, Way};
use crate::placement::offloading::{
    DecisionOutcome, OffloadingDecision, OffloadingPolicy, OffloadingTarget, OffloadingView,
};
use rand::RngExt;
use rustc_hash::FxHashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// Seconds that a network counts for which takes nothing now: access point, cellular.
pub(super) const UNAVAILABLE_S: (f64, f64) = (9.0, 8.0);

/// Shares of the three ways where a dice decides.
pub(super) const EVEN: [f64; 3] = [33.0, 33.0, 34.0];

/// The models of the three ways; a way without models is not chosen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WayModels {
    /// What they are for, and where they come from.
    pub description: Option<String>,
    /// To the edge.
    pub edge: Option<TargetModels>,
    /// To the cloud by way of the access point.
    pub cloud_by_access_point: Option<TargetModels>,
    /// To the cloud by the direct network.
    pub cloud_directly: Option<TargetModels>,
}

impl WayModels {
    /// The names of the ways, in the order of [`Way::ALL`].
    const NAMES: [&str; 3] = ["edge", "cloud_by_access_point", "cloud_directly"];

    fn of_ways(&self) -> [&Option<TargetModels>; 3] {
        [&self.edge, &self.cloud_by_access_point, &self.cloud_directly]
    }
}

/// By a dice: a third each, one hundredth more for the direct network.
pub(super) fn throw(view: &mut OffloadingView<'_>) -> Option<(Way, OffloadingTarget)> {
    let share = view.random().random::<f64>();
    let way = draw(Way::ALL.into_iter().zip(EVEN), share)?;
    Some((way, way.target(view)?))
}

/// An observation of a way: transfers go over its network, and count for long if that takes nothing now.
fn observe(
    observer: &Observer,
    observation: Observation,
    view: &mut OffloadingView<'_>,
    target: OffloadingTarget,
) -> Option<f64> {
    let request = *view.request();
    let (device, node, network) = (request.device, target.node, target.network);
    let transfer_s = match observation {
        Observation::UploadS => view.transfer_via_s(device, node, request.upload_bytes, network),
        Observation::DownloadS => view.transfer_via_s(node, device, request.download_bytes, network),
        _ => return observer.value(observation, view, node),
    };
    let (by_access_point_s, cellular_s) = UNAVAILABLE_S;
    let missing_s = if network == Some(NetworkClass::Cellular) { cellular_s } else { by_access_point_s };
    Some(transfer_s.filter(|seconds| seconds.is_finite()).unwrap_or(missing_s))
}

/// Of the ways that are predicted to succeed the one with the least predicted service time; a random one if none is
/// (`AI_BASED`).
#[derive(Clone, Debug)]
pub struct LearnedWays {
    /// Classifier and regression of each way.
    ways: [Option<(Asked, Asked)>; 3],
    observer: Observer,
}

impl LearnedWays {
    /// A policy that asks these models; each way that has any has both.
    ///
    /// # Errors
    /// What does not fit in them, with its place.
    pub fn new(models: &WayModels) -> Result<Self, ParameterError> {
        let mut ways = [const { None }; 3];
        for ((models, name), way) in models.of_ways().into_iter().zip(WayModels::NAMES).zip(&mut ways) {
            let Some(models) = models else { continue };
            let ask = |model: &Option<FittedModel>, key: &str| match model {
                Some(model) => Asked::new(model).map_err(|error| error.at(key).at(name)),
                None => Err(ParameterError::new(format!("there is no model `{key}`"))
                    .at(name)
                    .help("give both `success` and `service_s`, or leave the way out")),
            };
            *way = Some((ask(&models.success, "success")?, ask(&models.service_s, "service_s")?));
        }
        if ways.iter().all(Option::is_none) {
            return Err(ParameterError::new("there is no way to choose")
                .help(format!("give models for at least one of {}", WayModels::NAMES.join(", "))));
        }
        Ok(LearnedWays { ways, observer: Observer::default() })
    }

    /// The way that is chosen.
    pub(super) fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        // Drawn always, so that the draws of later decisions do not depend on what is predicted now.
        let any = throw(view).map(|(_, target)| target);
        self.observer.begin(view.now());
        let mut best: Option<(f64, OffloadingTarget)> = None;
        for (way, models) in Way::ALL.into_iter().zip(&self.ways) {
            let Some((success, service)) = models else { continue };
            let Some(target) = way.target(view) else { continue };
            let mut ask = |asked: &Asked| {
                let observations = asked.observations.iter();
                let values: Vec<Option<f64>> = observations
                    .map(|&observation| observe(&self.observer, observation, view, target))
                    .collect();
                asked.model.predict(&values)
            };
            if ask(success) < 0.5 {
                continue;
            }
            let service_s = ask(service);
            if !service_s.is_nan() && best.is_none_or(|(least_s, _)| service_s < least_s) {
                best = Some((service_s, target));
            }
        }
        self.observer.end(view.now());
        let target = best.map(|(_, target)| target).or(any);
        target.map_or(OffloadingDecision::Refuse, OffloadingDecision::Place)
    }
}

/// What was seen of the way that a task was sent, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaySample {
    /// The way.
    pub way: Way,
    /// Tasks decided in the second before, its work in MI, estimated upload and download over the way in seconds, and
    /// utilisation of the edge.
    pub seen: [f64; SEEN.len()],
    /// Seconds to the result; `None` if none arrived.
    pub service_s: Option<f64>,
}

/// What is seen of a way.
const SEEN: [Observation; 5] = [
    Observation::RecentTasks,
    Observation::LengthMi,
    Observation::UploadS,
    Observation::DownloadS,
    Observation::EdgeUtilisation,
];

/// Sends tasks by a dice and notes what it saw and what came of it, as `AI_TRAINER`.
#[derive(Clone, Debug, Default)]
pub struct WayTrainer {
    samples: Arc<Mutex<Vec<WaySample>>>,
    observer: Observer,
    turns: RoundRobin,
    /// By number of the decision; for look-ups only.
    pending: FxHashMap<u64, WaySample>,
}

impl WayTrainer {
    /// A trainer that puts its samples here.
    #[must_use]
    pub fn new(samples: Arc<Mutex<Vec<WaySample>>>) -> Self {
        WayTrainer { samples, ..WayTrainer::default() }
    }
}

impl OffloadingPolicy for WayTrainer {
    fn decide(&mut self, view: &mut OffloadingView<'_>) -> OffloadingDecision {
        self.observer.begin(view.now());
        let thrown = throw(view);
        if let Some((way, target)) = thrown {
            let seen = SEEN.map(|seen| observe(&self.observer, seen, view, target).unwrap_or(0.0));
            self.pending.insert(view.decision(), WaySample { way, seen, service_s: None });
        }
        self.observer.end(view.now());
        thrown.map_or(OffloadingDecision::Refuse, |(_, target)| OffloadingDecision::Place(target))
    }

    fn decides_on_arrival(&self) -> bool {
        true
    }

    fn decide_on_arrival(&mut self, view: &mut OffloadingView<'_>, node: NodeId) -> OffloadingDecision {
        self.turns.decide(view, node)
    }

    fn learns(&self) -> bool {
        true
    }

    fn learn(&mut self, outcome: &DecisionOutcome) {
        if let Some(sample) = self.pending.remove(&outcome.decision) {
            // A panic elsewhere leaves whole samples.
            let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.push(WaySample { service_s: outcome.service_s, ..sample });
        }
    }
}

impl WayModels {
    /// Fits the models to samples: logistic classifiers of whether a result arrived, and linear regressions of the
    /// service time where it did. The inputs are those of the original: of the edge what was decided lately, work,
    /// transfers and utilisation; of the cloud what was decided lately and the transfers, and work in the regression.
    ///
    /// # Errors
    /// If there are no samples of a way, or none whose result arrived.
    pub fn fit(samples: &[WaySample]) -> Result<Self, FitError> {
        let fit = |way: Way, classified: &[usize], regressed: &[usize]| {
            let own = || samples.iter().filter(|sample| sample.way == way);
            let names = |chosen: &[usize]| -> Vec<&str> {
                chosen.iter().map(|&index| SEEN[index].name()).collect()
            };
            let row = |sample: &WaySample, chosen: &[usize]| -> Vec<f64> {
                chosen.iter().map(|&index| sample.seen[index]).collect()
            };
            let rows: Vec<Vec<f64>> = own().map(|sample| row(sample, classified)).collect();
            let arrived: Vec<bool> = own().map(|sample| sample.service_s.is_some()).collect();
            let success = FittedModel::fit_logistic(&names(classified), &rows, &arrived)?;
            let delivered = own().filter_map(|sample| Some((row(sample, regressed), sample.service_s?)));
            let (rows, times_s): (Vec<Vec<f64>>, Vec<f64>) = delivered.unzip();
            let service_s = FittedModel::fit_linear(&names(regressed), &rows, &times_s)?;
            Ok(Some(TargetModels { success: Some(success), service_s: Some(service_s) }))
        };
        Ok(WayModels {
            description: None,
            edge: fit(Way::Edge, &[0, 1, 2, 3, 4], &[1, 4])?,
            cloud_by_access_point: fit(Way::CloudByAccessPoint, &[0, 2, 3], &[1, 2, 3])?,
            cloud_directly: fit(Way::CloudDirectly, &[0, 2, 3], &[1, 2, 3])?,
        })
    }
}
