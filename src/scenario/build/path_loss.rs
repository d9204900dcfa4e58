//! Models of path loss and schedulers of 5G cells: from the format.

use crate::infra::nr::{
    AlphaBetaGamma, BlockScheduler, ByState, CloseInPreset, CloseInSlope, Deviation, FreeSpace,
    IndoorHotspot, LogDistance, MaxRate, PathLoss, ProportionalFair, RoundRobin, RuralMacro, Shadowing,
    ThreeLogDistance, TwoRay, UrbanMacro, UrbanMicro,
};
use crate::scenario::format::{
    AlphaBetaGammaPresetName, AlphaBetaGammaSpec, CloseInPathLossSpec, CloseInPresetName, FreeSpaceSpec,
    IndoorHotspotSpec, LogDistanceSpec, MaxRateSpec, ProportionalFairSpec, RoundRobinSpec,
    RuralMacroSpec, ThreeLogDistanceSpec, TwoRaySpec, UrbanMacroSpec, UrbanMicroSpec,
};
use crate::scenario::{BuildPathLoss, BuildScheduler, Gain, Site};
use std::sync::Arc;

/// Greatest standard deviation of a shadowing in dB.
const MOST_SIGMA_DB: f64 = 30.0;

/// A standard deviation that was given, if it can be one.
fn deviation(given: Option<Gain>, usual_db: f64, site: &Site<'_>) -> Option<f64> {
    let sigma_db = given.map_or(usual_db, |sigma| sigma.as_db());
    if !(0.0..=MOST_SIGMA_DB).contains(&sigma_db) {
        site.error(format!("a standard deviation of {sigma_db} dB; it must be 0 to {MOST_SIGMA_DB} dB"));
        return None;
    }
    Some(sigma_db)
}

/// The standard deviations of a model of TR 38.901.
fn deviations(
    usual: ByState,
    line_of_sight: Option<Gain>,
    obstructed: Option<Gain>,
    site: &Site<'_>,
) -> Option<ByState> {
    let seen = deviation(line_of_sight, usual.line_of_sight, &site.key("sigma_line_of_sight"));
    let unseen = deviation(obstructed, usual.obstructed, &site.key("sigma_obstructed"));
    Some(ByState { line_of_sight: seen?, obstructed: unseen? })
}

impl BuildPathLoss for UrbanMicroSpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        let usual = if self.optional { UrbanMicro::optional() } else { UrbanMicro::default() };
        let sigma_db =
            deviations(usual.sigma_db, self.sigma_line_of_sight, self.sigma_obstructed, site)?;
        Some(Arc::new(UrbanMicro { sigma_db, ..usual }))
    }
}

impl BuildPathLoss for UrbanMacroSpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        let usual = if self.optional { UrbanMacro::optional() } else { UrbanMacro::default() };
        let sigma_db =
            deviations(usual.sigma_db, self.sigma_line_of_sight, self.sigma_obstructed, site)?;
        Some(Arc::new(UrbanMacro { sigma_db, ..usual }))
    }

    fn base_height_m(&self) -> f64 {
        25.0
    }
}

impl BuildPathLoss for RuralMacroSpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        let mut good = true;
        for (key, length) in [("buildings", self.buildings), ("streets", self.streets)] {
            if !(5.0..=50.0).contains(&length.as_metres()) {
                site.key(key).error(format!("{length}, but the model RMa holds from 5 to 50 m"));
                good = false;
            }
        }
        let model = RuralMacro {
            building_m: self.buildings.as_metres(),
            street_m: self.streets.as_metres(),
            ..RuralMacro::default()
        };
        good.then(|| Arc::new(model) as Arc<dyn PathLoss>)
    }

    fn base_height_m(&self) -> f64 {
        35.0
    }
}

impl BuildPathLoss for IndoorHotspotSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        let usual = if self.optional { IndoorHotspot::optional() } else { IndoorHotspot::default() };
        Some(Arc::new(IndoorHotspot { open_plan: self.open_plan, ..usual }))
    }

    fn base_height_m(&self) -> f64 {
        3.0
    }
}

impl From<CloseInPresetName> for CloseInPreset {
    fn from(name: CloseInPresetName) -> Self {
        match name {
            CloseInPresetName::UmiStreetCanyon => CloseInPreset::UrbanMicroStreetCanyon,
            CloseInPresetName::UmiOpenSquare => CloseInPreset::UrbanMicroOpenSquare,
            CloseInPresetName::Uma => CloseInPreset::UrbanMacro,
            CloseInPresetName::InhOffice => CloseInPreset::IndoorOffice,
            CloseInPresetName::InhShoppingMall => CloseInPreset::ShoppingMall,
            CloseInPresetName::NyusimUmi => CloseInPreset::NyusimUrbanMicro,
            CloseInPresetName::NyusimUma => CloseInPreset::NyusimUrbanMacro,
            CloseInPresetName::NyusimInh => CloseInPreset::NyusimIndoor,
            CloseInPresetName::NyusimInf => CloseInPreset::NyusimFactory,
            CloseInPresetName::NyusimRma => CloseInPreset::NyusimRuralMacro,
        }
    }
}

impl BuildPathLoss for CloseInPathLossSpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        let mut model = CloseInPreset::from(self.preset).model();
        if let Some(n) = self.n {
            model.line_of_sight = CloseInSlope::Exponent(n);
        }
        if let Some(n) = self.n_obstructed.or(self.n) {
            model.obstructed = CloseInSlope::Exponent(n);
        }
        if self.sigma.is_some() {
            model.sigma[0] = Deviation::fixed(deviation(self.sigma, 0.0, &site.key("sigma"))?);
        }
        let unseen = self.sigma_obstructed.or(self.sigma);
        if unseen.is_some() {
            model.sigma[1] = Deviation::fixed(deviation(unseen, 0.0, &site.key("sigma_obstructed"))?);
        }
        Some(Arc::new(model))
    }
}

impl BuildPathLoss for AlphaBetaGammaSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        Some(Arc::new(match self.preset {
            AlphaBetaGammaPresetName::UmiStreetCanyon => AlphaBetaGamma::URBAN_MICRO,
            AlphaBetaGammaPresetName::Uma => AlphaBetaGamma::URBAN_MACRO,
            AlphaBetaGammaPresetName::InhOffice => AlphaBetaGamma::INDOOR_OFFICE,
        }))
    }
}

impl BuildPathLoss for FreeSpaceSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        Some(Arc::new(FreeSpace))
    }
}

impl BuildPathLoss for LogDistanceSpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        let mut good = true;
        for (key, length) in [
            ("reference_distance", self.reference_distance),
            ("correlation_distance", self.correlation_distance),
        ] {
            if length.as_metres() <= 0.0 {
                site.key(key).error("a distance of 0 m; it must be above 0");
                good = false;
            }
        }
        let sigma_db = deviation(Some(self.sigma), 0.0, &site.key("sigma"))?;
        let correlation_m = self.correlation_distance.as_metres();
        let model = LogDistance {
            exponent: self.exponent,
            reference_m: self.reference_distance.as_metres(),
            reference_db: self.reference_loss.as_db(),
            shadowing: Shadowing { sigma_db, correlation_m, state_correlation_m: correlation_m },
        };
        good.then(|| Arc::new(model) as Arc<dyn PathLoss>)
    }
}

impl BuildPathLoss for ThreeLogDistanceSpec {
    fn build(&self, site: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        let breaks_m = self.breaks.map(|length| length.as_metres());
        let mut good = true;
        if breaks_m[0] <= 0.0 || breaks_m.windows(2).any(|pair| pair[0] >= pair[1]) {
            site.key("breaks")
                .error("the first distance must be above 0, and each above the one before");
            good = false;
        }
        if self.exponents.iter().any(|exponent| !(0.0..=10.0).contains(exponent)) {
            site.key("exponents").error("an exponent must be 0 to 10");
            good = false;
        }
        let model = ThreeLogDistance {
            breaks_m,
            exponents: self.exponents,
            reference_db: self.reference_loss.as_db(),
        };
        good.then(|| Arc::new(model) as Arc<dyn PathLoss>)
    }
}

impl BuildPathLoss for TwoRaySpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn PathLoss>> {
        Some(Arc::new(TwoRay))
    }
}

impl BuildScheduler for RoundRobinSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn BlockScheduler>> {
        Some(Arc::new(RoundRobin))
    }
}

impl BuildScheduler for ProportionalFairSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn BlockScheduler>> {
        Some(Arc::new(ProportionalFair { fairness: self.fairness }))
    }
}

impl BuildScheduler for MaxRateSpec {
    fn build(&self, _: &Site<'_>) -> Option<Arc<dyn BlockScheduler>> {
        Some(Arc::new(MaxRate))
    }
}
