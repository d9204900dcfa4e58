//! Orchestrators of EdgeCloudSim as they are written, slips included, each of these a named switch: for the
//! reproduction of published curves, and of nothing else.

mod basic;
mod learned;
mod vehicular;

pub use basic::{BasicOrchestrator, Fit, TierScenario};
pub use learned::{LearnedWays, WayModels, WaySample, WayTrainer};
pub use vehicular::{VehicularOrchestrator, VehicularPolicy};
