//! Fuzzy inference after Mamdani: rules such as "if the edge is busy and the way to the cloud is fast,
//! then to the cloud", over terms that hold to a degree.
//!
//! A [`RuleBase`] is data, from JSON or made in Rust; [`Mamdani`] is what it is compiled to, with all
//! names checked. For each rule the degrees of its conditions are combined (minimum or product), the set
//! of its conclusion is cut off or scaled by that, all of these sets are united (maximum), and one
//! number is taken from the union: its centroid, or the first or last place where it is highest (Mamdani
//! and Assilian 1975; the methods are those of IEC 61131-7). Sets are piecewise linear, and so is all
//! that follows: the centroid is exact, not sampled.

mod inference;
mod rule_base;
mod set;
mod union;

pub use inference::Mamdani;
pub use rule_base::{
    Conjunction, Defuzzification, Implication, InputVariable, OutputVariable, Rule, RuleBase, Terms,
};
pub use set::{FuzzySet, Shape};
