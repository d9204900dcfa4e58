//! Energy: what power a load draws, and what a battery has left.

mod battery;
mod power;

pub use battery::Battery;
pub use power::PowerModel;
