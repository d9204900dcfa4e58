//! Infrastructures made by rule: from their parameters to node classes and links.

mod files;
mod graphs;
mod patterns;
mod plan;

use super::super::format::{
    AssetSpecification, InfrastructureSpec, LinkSpecification, NodeClassSpec, OfferedValues, Scenario,
};
use super::super::{Diagnostics, Document, Path};
use crate::engine::RandomStreams;
use crate::infra::TopologyError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;

/// Most nodes whose values are drawn: each is a class of its own.
const MOST_DRAWN: usize = 100_000;

/// What an infrastructure of the library stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LibraryInfrastructure {
    /// The classes of nodes. Where nodes differ, each is a class of its own, and the classes have a group.
    pub nodes: Vec<NodeClassSpec>,
    /// Assets of the user's own that the nodes offer.
    pub assets: BTreeMap<String, AssetSpecification>,
    /// The links between the nodes.
    pub links: Vec<LinkSpecification>,
}

/// Why an infrastructure cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InfrastructureError {
    /// The parameter at fault, if it is one.
    pub key: Option<&'static str>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl InfrastructureError {
    fn new(key: &'static str, message: impl Into<String>) -> Self {
        InfrastructureError { key: Some(key), message: message.into() }
    }
}

impl From<TopologyError> for InfrastructureError {
    fn from(error: TopologyError) -> Self {
        InfrastructureError { key: None, message: error.to_string() }
    }
}

/// Makes an infrastructure. What is drawn comes from the streams `infrastructure/topology`,
/// `infrastructure/nodes` and `infrastructure/links`, the latter two by node and link; files are looked for in
/// `directory`.
///
/// ```
/// use stratosim::engine::RandomStreams;
/// use stratosim::scenario::{Document, library, read};
/// let document = Document::parse("x", r#"{ "library": "mec_5g", "users": 6, "rans": 2 }"#)?;
/// let made = library::infrastructure(&read(&document)?, RandomStreams::new(1), ".".as_ref())?;
/// // 6 users, 2 radio sites, 2 edge hosts and a cloud, each but the cloud with a link up.
/// assert_eq!(made.nodes.iter().filter_map(|class| class.count).sum::<u32>(), 11);
/// assert_eq!(made.links.len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If parameters do not fit together, it would be too large, or a file cannot be read.
pub fn infrastructure(
    spec: &InfrastructureSpec,
    streams: RandomStreams,
    directory: &FilePath,
) -> Result<LibraryInfrastructure, InfrastructureError> {
    let mut plan = match spec {
        InfrastructureSpec::TopologyZoo { file, route_factor, tier, .. }
        | InfrastructureSpec::Sndlib { file, route_factor, tier, .. }
        | InfrastructureSpec::Backbone { file, route_factor, tier, .. }
        | InfrastructureSpec::Caida { file, route_factor, tier, .. }
        | InfrastructureSpec::Topohub { file, route_factor, tier, .. } => {
            files::network(&directory.join(file), *route_factor, *tier)?
        }
        InfrastructureSpec::Eclypse { file, tier, .. } => files::eclypse(&directory.join(file), *tier)?,
        _ => match graphs::plan(spec, streams)? {
            Some(plan) => plan,
            None => patterns::plan(spec, streams)?,
        },
    };
    let (values, access_points) = spec.shared();
    if values == OfferedValues::Drawn && plan.nodes.len() > MOST_DRAWN {
        let message = format!("{} nodes are drawn, expected at most {MOST_DRAWN}", plan.nodes.len());
        return Err(InfrastructureError::new("values", message));
    }
    if values != OfferedValues::Default {
        plan.set_values(values, streams);
    }
    Ok(plan.into_specs(access_points))
}

/// Puts the nodes and links that the scenario's infrastructure stands for into the scenario.
///
/// # Errors
/// If it cannot be made, has the name of a class that is written out, or there are no nodes at all.
pub(in crate::scenario) fn expand(
    scenario: &mut Scenario,
    document: &Document,
    directory: &FilePath,
) -> Result<(), Diagnostics> {
    let here = Path::root().key("infrastructure");
    let Some(spec) = scenario.infrastructure.take() else {
        if scenario.nodes.is_empty() {
            let message = "there are no nodes: give `nodes`, or an `infrastructure` of the library";
            return Err(document.diagnostic(&Path::root(), message).into());
        }
        return Ok(());
    };
    let streams = RandomStreams::new(scenario.seed);
    let made = infrastructure(&spec, streams, directory).map_err(|error| {
        let path = error.key.map_or_else(|| here.clone(), |key| here.key(key));
        document.diagnostic(&path, error.message)
    })?;
    let names: BTreeSet<&str> = made
        .nodes
        .iter()
        .flat_map(|class| [Some(class.class_name()), class.group.as_deref()])
        .flatten()
        .collect();
    let mut errors = Diagnostics::default();
    for (index, class) in scenario.nodes.iter().enumerate() {
        if names.contains(class.class_name()) {
            let path = Path::root().key("nodes").index(index);
            let message = format!("the infrastructure has nodes named {:?}, too", class.class_name());
            errors.push(document.diagnostic(&path, message).help("give the class another `name`"));
        }
    }
    errors.or(())?;
    for (name, asset) in made.assets {
        scenario.assets.entry(name).or_insert(asset);
    }
    scenario.nodes.extend(made.nodes);
    scenario.network.links.extend(made.links);
    Ok(())
}

#[cfg(test)]
mod tests;
