//! Detectors and responses: from the format to the policies.

use super::offloading::make;
use crate::placement::anomaly::{AnomalyDetector, AnomalyResponse, FirstOf, LogisticDetector};
use crate::scenario::format::{AnomalySpec, FirstOfSpec, LogisticSpec};
use crate::scenario::{BuildDetector, BuildResponse, Registry, Site};
use crate::world::WorldBuilder;

impl BuildDetector for LogisticSpec {
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn AnomalyDetector>> {
        let model =
            make(&self.model, &site.key("model"), |model| model.check().map(|()| model.clone()))?;
        Some(Box::new(LogisticDetector { model, threshold: self.threshold }))
    }
}

impl BuildResponse for FirstOfSpec {
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn AnomalyResponse>> {
        let site = site.key("responses");
        let made = self.responses.iter().enumerate();
        let made = made.map(|(index, kind)| registry.make_response(kind, &site.index(index)));
        let made: Vec<_> = made.collect();
        Some(Box::new(FirstOf { responses: made.into_iter().collect::<Option<_>>()? }))
    }
}

/// Adds the detectors and the response of a scenario to its world.
pub(super) fn add_anomaly(
    world: &mut WorldBuilder,
    spec: &AnomalySpec,
    has_cells: bool,
    registry: &Registry,
    site: &Site<'_>,
) {
    if !has_cells {
        site.error_with_help(
            "there are no 5G cells whose links could be watched",
            "give the scenario the key `cells`, and access points the key `cell`",
        );
    }
    let mut names: Vec<String> = Vec::new();
    for (index, kind) in spec.detectors.iter().enumerate() {
        let here = site.key("detectors").index(index);
        let Some((name, detector)) = registry.make_detector(kind, &here) else { continue };
        if names.contains(&name) {
            here.error_with_help(
                format!("another detector has the name {name:?}"),
                "give each detector a `name` of its own",
            );
        }
        world.boxed_detector(name.clone(), detector);
        names.push(name);
    }
    if let Some(acting) = &spec.acting {
        // A detector that could not be made has no name.
        if !names.contains(acting) && names.len() == spec.detectors.len() {
            site.key("acting").unknown("detector", acting, names.iter().map(String::as_str));
        }
        world.acting_detector(acting.clone());
    }
    if let Some(response) = registry.make_response(&spec.response, &site.key("response")) {
        world.boxed_response(spec.response.kind(), response);
    }
}
