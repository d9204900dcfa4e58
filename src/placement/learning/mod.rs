//! What policies learn with, apart from any decision point: bandits, and models fitted elsewhere.

mod fit;
mod linear_bandit;
mod models;
mod upper_confidence;

pub use fit::FitError;
pub use linear_bandit::LinearBandit;
pub use models::{Activation, FittedModel, GaussianClass, Layer, ModelKind};
pub use upper_confidence::UpperConfidence;
