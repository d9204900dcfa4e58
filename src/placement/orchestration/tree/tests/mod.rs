//! Tests of the service tree.

mod actions;
mod bench;
mod claims;
mod clusters;
mod grid;
mod search;
mod shape;
