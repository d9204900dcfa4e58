//! Factors from distributions.

use super::change::{Change, Contribution, Setup, Tick};
use crate::engine::{Distribution, EntityStream};

/// At each instant each subject has a factor drawn from a distribution: a factor on the base, not on what was drawn
/// before, so that nothing compounds.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The distribution of the factor.
    pub factor: Distribution,
    random: Vec<EntityStream>,
}

impl Drawn {
    /// Factors of this distribution.
    #[must_use]
    pub fn new(factor: Distribution) -> Self {
        Drawn { factor, random: Vec::new() }
    }
}

impl Change for Drawn {
    fn start(&mut self, setup: &Setup<'_>) {
        self.random = setup.each();
    }

    fn act(&mut self, tick: &mut Tick<'_>) {
        if !tick.is_due {
            return;
        }
        for (member, random) in self.random.iter_mut().enumerate() {
            tick.set(member, Contribution::factor(self.factor.sample(random)));
        }
    }
}
