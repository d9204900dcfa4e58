//! Kinds of detectors and of responses to their alarms.

use super::describe::{add_shared, infos, one_of, shared_info, split};
use super::{Entry, KindInfo, Make, Parameters, Registry, parameters};
use crate::placement::anomaly::{AnomalyDetector, AnomalyResponse};
use crate::scenario::Site;
use crate::scenario::format::{AnomalySpec, DetectorKind, DetectorNameSpec, ResponseKind};
use schemars::SchemaGenerator;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is registered of them.
#[derive(Default)]
pub(super) struct AnomalyKinds {
    pub(super) detectors: BTreeMap<String, Entry<Make<dyn AnomalyDetector>>>,
    pub(super) responses: BTreeMap<String, Entry<Make<dyn AnomalyResponse>>>,
}

/// Parameters from which a detector is made that is not itself made of them: it reads a file, say. Others are registered
/// by [`Registry::detector`] as they are.
pub trait BuildDetector: Parameters {
    /// Makes the detector; errors go to `site`.
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn AnomalyDetector>>;
}

/// Parameters from which a response is made that has parts of its own, chosen by `kind`. Others are registered by
/// [`Registry::response`] as they are.
pub trait BuildResponse: Parameters {
    /// Makes the response; errors go to `site`.
    fn build(&self, site: &Site<'_>, registry: &Registry) -> Option<Box<dyn AnomalyResponse>>;
}

impl Registry {
    /// Registers a detector whose fields are its parameters.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use stratosim::placement::anomaly::{AnomalyDetector, DetectionView, Feature, Verdict};
    /// use stratosim::scenario::Registry;
    ///
    /// /// Few blocks arrive.
    /// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    /// #[serde(deny_unknown_fields)]
    /// struct Lossy { most: f64 }
    ///
    /// impl AnomalyDetector for Lossy {
    ///     fn observe(&mut self, view: &DetectionView<'_>) -> Verdict {
    ///         let score = view.features().get(Feature::DlBler).unwrap_or(0.0);
    ///         Verdict { score, alarm: score > self.most }
    ///     }
    /// }
    ///
    /// let mut registry = Registry::with_builtins();
    /// registry.detector::<Lossy>("lossy");
    /// ```
    pub fn detector<P: Parameters + AnomalyDetector>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn AnomalyDetector> = Box::new(|value, site, _| {
            let detector = site.check(parameters::<P>(value))?;
            detector.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(detector))
        });
        self.anomaly.detectors.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a detector that is made from its parameters.
    pub fn built_detector<P: BuildDetector>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn AnomalyDetector> =
            Box::new(|value, site, _| site.check(parameters::<P>(value))?.build(site));
        self.anomaly.detectors.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a response to alarms whose fields are its parameters.
    pub fn response<P: Parameters + AnomalyResponse>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn AnomalyResponse> = Box::new(|value, site, _| {
            let response = site.check(parameters::<P>(value))?;
            response.check().map_err(|error| site.parameter_error(error)).ok()?;
            Some(Box::new(response))
        });
        self.anomaly.responses.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a response that is made from its parameters.
    pub fn built_response<P: BuildResponse>(&mut self, name: &str) -> &mut Self {
        let make: Make<dyn AnomalyResponse> =
            Box::new(|value, site, registry| site.check(parameters::<P>(value))?.build(site, registry));
        self.anomaly.responses.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Makes a response to alarms; errors go to the site.
    #[must_use]
    pub fn make_response(
        &self,
        kind: &ResponseKind,
        site: &Site<'_>,
    ) -> Option<Box<dyn AnomalyResponse>> {
        (self.anomaly.responses.get(kind.kind())?.make)(&kind.0, site, self)
    }

    /// Makes a detector, with its name.
    pub(in crate::scenario) fn make_detector(
        &self,
        kind: &DetectorKind,
        site: &Site<'_>,
    ) -> Option<(String, Box<dyn AnomalyDetector>)> {
        let (own, shared) = split::<DetectorNameSpec>(&kind.0);
        let detector = (self.anomaly.detectors.get(kind.kind())?.make)(&own, site, self)?;
        let shared: DetectorNameSpec = site.check(serde_json::from_value(shared))?;
        let name = shared.name.unwrap_or_else(|| kind.kind().to_string());
        if name.is_empty() {
            site.key("name").error("a name must not be empty");
        }
        Some((name, detector))
    }

    /// Fills the defaults of all parameters in.
    pub(super) fn fill_anomaly(&self, spec: &mut AnomalySpec) {
        for detector in &mut spec.detectors {
            super::fill_both::<_, DetectorNameSpec>(&self.anomaly.detectors, &mut detector.0);
        }
        self.fill_response(&mut spec.response.0);
    }

    fn fill_response(&self, value: &mut Value) {
        super::fill_kind(&self.anomaly.responses, value);
        let parts = value.get_mut("responses").and_then(Value::as_array_mut);
        for part in parts.into_iter().flatten() {
            self.fill_response(part);
        }
    }

    /// The definitions of both in the schema.
    pub(super) fn anomaly_schemas(&self, generator: &mut SchemaGenerator) -> [(&'static str, Value); 2] {
        let mut detectors = one_of(&self.anomaly.detectors, generator);
        add_shared::<DetectorNameSpec>(&mut detectors, generator);
        let responses = one_of(&self.anomaly.responses, generator);
        [(DetectorKind::DEFINITION, detectors), (ResponseKind::DEFINITION, responses)]
    }

    /// Both, for people.
    pub(super) fn anomaly_infos(&self) -> Vec<KindInfo> {
        let mut kinds = infos("anomaly detector", &self.anomaly.detectors);
        kinds.push(shared_info::<DetectorNameSpec>("anomaly detector"));
        kinds.extend(infos("anomaly response", &self.anomaly.responses));
        kinds
    }
}
