//! Models of path loss, schedulers of 5G cells, and choices among links.

use super::{BuildLinkChoice, BuildPathLoss, BuildScheduler, Entry, Registry, parameters};
use crate::infra::nr::{BlockScheduler, PathLoss};
use crate::infra::wifi::LinkChoice;
use crate::scenario::Site;
use crate::scenario::format::{LinkChoiceKind, PathLossKind, SchedulerKind};
use serde_json::Value;
use std::sync::Arc;

pub(super) type MakePathLoss = Box<dyn Fn(&Value, &Site<'_>) -> Option<BuiltPathLoss> + Send + Sync>;
pub(super) type MakeScheduler =
    Box<dyn Fn(&Value, &Site<'_>) -> Option<Arc<dyn BlockScheduler>> + Send + Sync>;

pub(super) type MakeLinkChoice =
    Box<dyn Fn(&Value, &Site<'_>) -> Option<Arc<dyn LinkChoice>> + Send + Sync>;

/// A model of path loss, and the height of base stations in metres where a scenario does not say.
pub(in crate::scenario) struct BuiltPathLoss {
    pub(in crate::scenario) model: Arc<dyn PathLoss>,
    pub(in crate::scenario) base_height_m: f64,
}

impl Registry {
    /// Registers a model of path loss of 5G cells.
    pub fn path_loss<P: BuildPathLoss>(&mut self, name: &str) -> &mut Self {
        let make: MakePathLoss = Box::new(|value, site| {
            let parameters = site.check(parameters::<P>(value))?;
            let model = parameters.build(site)?;
            Some(BuiltPathLoss { model, base_height_m: parameters.base_height_m() })
        });
        self.path_loss.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a scheduler of 5G cells.
    pub fn scheduler<P: BuildScheduler>(&mut self, name: &str) -> &mut Self {
        let make: MakeScheduler =
            Box::new(|value, site| site.check(parameters::<P>(value))?.build(site));
        self.schedulers.insert(name.into(), Entry::new::<P>(make));
        self
    }

    /// Registers a choice among the links of devices.
    pub fn link_choice<P: BuildLinkChoice>(&mut self, name: &str) -> &mut Self {
        let make: MakeLinkChoice =
            Box::new(|value, site| site.check(parameters::<P>(value))?.build(site));
        self.link_choices.insert(name.into(), Entry::new::<P>(make));
        self
    }

    pub(in crate::scenario) fn make_link_choice(
        &self,
        kind: &LinkChoiceKind,
        site: &Site<'_>,
    ) -> Option<Arc<dyn LinkChoice>> {
        (self.link_choices.get(kind.kind())?.make)(&kind.0, site)
    }

    pub(in crate::scenario) fn make_path_loss(
        &self,
        kind: &PathLossKind,
        site: &Site<'_>,
    ) -> Option<BuiltPathLoss> {
        (self.path_loss.get(kind.kind())?.make)(&kind.0, site)
    }

    pub(in crate::scenario) fn make_scheduler(
        &self,
        kind: &SchedulerKind,
        site: &Site<'_>,
    ) -> Option<Arc<dyn BlockScheduler>> {
        (self.schedulers.get(kind.kind())?.make)(&kind.0, site)
    }
}
