//! The detectors and the response that a world is built with.

use crate::placement::anomaly::{AnomalyDetector, AnomalyResponse, Ignore};
use crate::world::{WorldBuilder, WorldError};

/// The detectors and the response that a world is built with.
#[derive(Debug)]
pub(in crate::world) struct AnomalySetup {
    pub(super) detectors: Vec<(String, Box<dyn AnomalyDetector>)>,
    acting: Option<String>,
    pub(super) response: (String, Box<dyn AnomalyResponse>),
}

impl Default for AnomalySetup {
    fn default() -> Self {
        let response: Box<dyn AnomalyResponse> = Box::new(Ignore {});
        AnomalySetup { detectors: Vec::new(), acting: None, response: ("nothing".into(), response) }
    }
}

impl AnomalySetup {
    /// Whether anything is watched at all.
    pub(in crate::world) fn is_asked(&self) -> bool {
        !self.detectors.is_empty()
    }

    /// The name of the response.
    pub(in crate::world) fn response_name(&self) -> &str {
        &self.response.0
    }

    /// The number of the detector that acts.
    pub(super) fn acting(&self) -> Result<usize, WorldError> {
        let Some(acting) = &self.acting else { return Ok(0) };
        let found = self.detectors.iter().position(|(name, _)| name == acting);
        found.ok_or_else(|| WorldError::UnknownDetector {
            name: acting.clone(),
            known: self.detectors.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl WorldBuilder {
    /// Adds a detector of anomalies in the radio links of devices of 5G; `name` is what the records call it. All look at
    /// each device after each measurement period.
    pub fn detector(
        &mut self,
        name: impl Into<String>,
        detector: impl AnomalyDetector + 'static,
    ) -> &mut Self {
        self.boxed_detector(name, Box::new(detector))
    }

    /// Adds a detector from a box.
    pub fn boxed_detector(
        &mut self,
        name: impl Into<String>,
        detector: Box<dyn AnomalyDetector>,
    ) -> &mut Self {
        self.anomaly.detectors.push((name.into(), detector));
        self
    }

    /// Names the detector whose alarms are responded to; the first one if this is not called.
    pub fn acting_detector(&mut self, name: impl Into<String>) -> &mut Self {
        self.anomaly.acting = Some(name.into());
        self
    }

    /// Sets what is done about alarms; nothing if this is not called. `name` is what the records call it.
    pub fn response(
        &mut self,
        name: impl Into<String>,
        response: impl AnomalyResponse + 'static,
    ) -> &mut Self {
        self.boxed_response(name, Box::new(response))
    }

    /// Sets the response from a box.
    pub fn boxed_response(
        &mut self,
        name: impl Into<String>,
        response: Box<dyn AnomalyResponse>,
    ) -> &mut Self {
        self.anomaly.response = (name.into(), response);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimDuration;
    use crate::placement::anomaly::{CusumDetector, OracleDetector};
    use crate::records::NoRecords;

    #[test]
    fn detectors_need_cells_and_the_acting_one_must_be_there() {
        let mut world = WorldBuilder::new(1, SimDuration::from_secs(1.0));
        world.detector("oracle", OracleDetector {});
        let error = world.build(Box::new(NoRecords)).unwrap_err();
        assert!(matches!(error, WorldError::DetectorsWithoutCells), "{error}");
        let mut setup = AnomalySetup::default();
        setup.detectors.push(("oracle".into(), Box::new(OracleDetector {})));
        setup.detectors.push(("quick".into(), Box::new(CusumDetector::default())));
        assert_eq!(setup.acting().unwrap(), 0);
        setup.acting = Some("quick".into());
        assert_eq!(setup.acting().unwrap(), 1);
        setup.acting = Some("quik".into());
        let told = setup.acting().unwrap_err().to_string();
        assert_eq!(told, "the detector \"quik\" is to act, but there are only these: oracle, quick");
    }
}
