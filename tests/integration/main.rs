//! Tests of behaviour through the command line and the public API: one binary, since each costs a link of
//! its own; one module a subject.

mod accelerators;
mod access;
mod allocate;
mod anomaly;
mod bad_scenarios;
mod batteries;
mod cells;
mod cloud_optimum;
mod cloud_prediction;
mod cloud_prices;
mod command_line;
mod conservation;
mod dataset;
mod determinism;
mod documents;
mod dynamics;
mod energy;
mod frequency_scenarios;
mod full_disk;
mod function_agents;
mod function_policies;
mod function_queueing;
mod functions;
mod governed_hosts;
mod interrupt;
mod jammers;
mod learned_ways;
mod maps;
mod models;
mod network_energy;
mod physics;
mod planetlab;
#[cfg(feature = "plot")]
mod plot;
mod real_data;
#[cfg(feature = "plot")]
mod report;
mod run_directory;
mod service_accounts;
mod service_placement;
mod service_requirements;
mod service_tree;
mod services;
mod services_random;
mod sites;
mod support;
mod sweep;
mod traces;
mod tracing;
mod virtual_machines;
mod vm_corners;
mod vm_costs;
mod vm_traces;
