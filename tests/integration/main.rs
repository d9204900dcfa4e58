//! Tests of behaviour through the command line and the public API: one binary, since each costs a link of
//! its own; one module a subject.

mod bad_scenarios;
mod command_line;
mod conservation;
mod determinism;
mod interrupt;
mod physics;
mod planetlab;
mod real_data;
mod run_directory;
mod support;
mod sweep;
