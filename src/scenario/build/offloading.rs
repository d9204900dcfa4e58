//! Offloading policies whose parameters may be in files of their own: from the format to the policy.

use crate::placement::offloading::edgecloudsim::{LearnedWays, VehicularOrchestrator, VehicularPolicy};
use crate::placement::offloading::{FuzzyRules, Learned, OffloadingPolicy};
use crate::placement::{ParameterError, Step};
use crate::scenario::format::{FuzzyRulesSpec, LearnedSpec, OrFile, VehicularSpec};
use crate::scenario::{BuildOffloading, Diagnostic, Document, Parameters, Path, Site, read};

/// Makes something of parameters that are given in place or in a file; errors go to `site`.
pub(super) fn make<T: Parameters, M>(
    source: &OrFile<T>,
    site: &Site<'_>,
    make: impl FnOnce(&T) -> Result<M, ParameterError>,
) -> Option<M> {
    let name = match source {
        OrFile::Inline(parameters) => {
            return make(parameters).map_err(|error| site.parameter_error(error)).ok();
        }
        OrFile::File(name) => name,
    };
    let parsed = Document::open(&site.file(name))
        .and_then(|document| read::<T>(&document).map(|parameters| (document, parameters)));
    let (document, parameters) = match parsed {
        Ok(parsed) => parsed,
        Err(errors) => {
            errors.iter().for_each(|error| report(site, error));
            return None;
        }
    };
    let made = make(&parameters).map_err(|error| {
        let path = error.steps.iter().fold(Path::root(), |path, step| match step {
            Step::Key(key) => path.key(key),
            Step::Index(index) => path.index(*index),
        });
        let diagnostic = document.diagnostic(&path, error.message);
        report(site, &Diagnostic { help: error.help, ..diagnostic });
    });
    made.ok()
}

/// Reports what is wrong in a file that is named here.
fn report(site: &Site<'_>, error: &Diagnostic) {
    let place = Diagnostic { help: None, ..error.clone() }.to_string();
    match &error.help {
        Some(help) => site.error_with_help(place, help),
        None => site.error(place),
    }
}

impl BuildOffloading for FuzzyRulesSpec {
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn OffloadingPolicy>> {
        let policy = make(&self.rules, &site.key("rules"), |rules| {
            FuzzyRules::new(rules, self.threshold, self.above, self.otherwise, self.select)
        })?;
        Some(Box::new(policy))
    }
}

impl BuildOffloading for LearnedSpec {
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn OffloadingPolicy>> {
        let policy = make(&self.models, &site.key("models"), |models| {
            Learned::new(models, self.threshold, self.select)
        })?;
        Some(Box::new(policy))
    }
}

impl BuildOffloading for VehicularSpec {
    fn build(&self, site: &Site<'_>) -> Option<Box<dyn OffloadingPolicy>> {
        let models = match (&self.models, self.policy) {
            (Some(models), VehicularPolicy::AiBased) => {
                Some(make(models, &site.key("models"), LearnedWays::new)?)
            }
            (None, VehicularPolicy::AiBased) => {
                site.error_with_help(
                    "the policy \"ai_based\" asks models, and there are none",
                    "give `models`, such as the file \"data/vehicular-models.json\" beside the shipped scenarios",
                );
                return None;
            }
            (Some(_), _) => {
                site.key("models").error("only the policy \"ai_based\" asks models");
                return None;
            }
            (None, _) => None,
        };
        if self.shortest.is_some() != self.longest.is_some() {
            site.error_with_help(
                "one end of a scale alone is given",
                "give both `shortest` and `longest`, or neither",
            );
            return None;
        }
        if let (Some(shortest), Some(longest)) = (self.shortest, self.longest)
            && shortest.as_mi() >= longest.as_mi()
        {
            site.key("shortest").error(format!("{shortest} is not below `longest`, {longest}"));
            return None;
        }
        let mut policy = VehicularOrchestrator::default();
        (policy.policy, policy.warm_up, policy.models) = (self.policy, self.warm_up, models);
        policy.failures_only = self.failures_only;
        policy.narrow_dice = self.narrow_dice;
        (policy.shortest, policy.longest) = (self.shortest, self.longest);
        policy.one_network_delays = self.one_network_delays;
        policy.one_outcome_fewer = self.one_outcome_fewer;
        policy.gap_for_rate = self.gap_for_rate;
        policy.smaller_numbers_only = self.smaller_numbers_only;
        Some(Box::new(policy))
    }
}

#[cfg(test)]
mod tests;
