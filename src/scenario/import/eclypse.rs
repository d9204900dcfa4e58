//! What ECLYPSE exports as JSON (`eclypse_schema` 1.0): applications and infrastructures.

use super::json::JsonAt;
use crate::scenario::application_check::application_faults;
use crate::scenario::format::{
    AlgebraName, AssetAmount, AssetSpecification, Draw, FlowSpec, InteractionSpec, Names,
    RequirementsSpec, ServiceApplicationSpec, ServiceSpec,
};
use crate::scenario::{DataRate, DataSize, Diagnostics, Document, Duration, Ratio, did_you_mean};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct EclypseExport {
    /// The application or infrastructure.
    pub graph: EclypseGraph,
    /// What of the file is not used, or is taken otherwise than it is there.
    pub notes: Vec<String>,
}

/// An application or an infrastructure.
#[derive(Clone, Debug, PartialEq)]
pub enum EclypseGraph {
    /// An application.
    Application(Box<ServiceApplicationSpec>),
    /// An infrastructure.
    Infrastructure(EclypseInfrastructure),
}

/// An infrastructure as ECLYPSE has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EclypseInfrastructure {
    /// Its name.
    pub name: String,
    /// The user's own assets that its nodes offer. ECLYPSE knows no units; theirs is 1.
    pub assets: BTreeMap<String, AssetSpecification>,
    /// The nodes.
    pub nodes: Vec<EclypseNode>,
    /// The links, which lead both ways.
    pub links: Vec<EclypseLink>,
}

/// A node of an infrastructure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EclypseNode {
    /// Its name.
    pub name: String,
    /// `cpu`.
    pub cores: f64,
    /// `ram`, in GB.
    pub memory_gb: f64,
    /// `storage`, in GB.
    pub storage_gb: f64,
    /// `gpu`; services may need a part of one.
    pub accelerators: f64,
    /// `availability`.
    pub availability: Option<f64>,
    /// `processing_time`, in ms.
    pub processing_ms: Option<f64>,
    /// The user's own.
    pub assets: BTreeMap<String, AssetAmount>,
}

/// A link of an infrastructure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EclypseLink {
    /// Number of the node at one end.
    pub a: usize,
    /// Number of the node at the other.
    pub b: usize,
    /// `latency`, in ms.
    pub latency_ms: Option<f64>,
    /// `bandwidth`, in Mbps.
    pub bandwidth_mbps: Option<f64>,
}

/// Reads a file that ECLYPSE has exported as JSON. It has no units: times are taken as milliseconds, memory and
/// storage as gigabytes, bandwidths as megabits a second.
///
/// * Services and nodes: `cpu`, `ram`, `storage`, `gpu`, `availability` and `processing_time`; other assets that
///   `node_assets` declares become assets of the user's own.
/// * Edges: `latency` and `bandwidth`. Two interactions that lead both ways and need the same become a symmetric
///   one. Of two links that lead both ways the greater latency and the lesser bandwidth are taken; one that
///   leads one way leads both.
/// * Flows: of `extras`, or beside `nodes`. Where two services follow each other without an interaction, one that
///   needs nothing is added.
///
/// # Errors
/// If the file cannot be read or is not JSON of this schema, each with its place.
pub fn read_eclypse(file: &std::path::Path) -> Result<EclypseExport, Diagnostics> {
    from_document(&Document::open(file)?)
}

/// Whether a document looks like an export of ECLYPSE.
pub(in crate::scenario) fn is_eclypse(document: &Document) -> bool {
    document.value().get("eclypse_schema").is_some()
}

pub(super) fn from_document(document: &Document) -> Result<EclypseExport, Diagnostics> {
    let errors = RefCell::new(Diagnostics::default());
    let root = JsonAt::root(document, &errors);
    let export = read(&root);
    match export {
        Some(export) => errors.into_inner().or(export),
        None => Err(errors.into_inner()),
    }
}

fn read(root: &JsonAt<'_>) -> Option<EclypseExport> {
    let schema = root.need("eclypse_schema")?;
    if schema.value != "1.0" {
        schema.error(format!("found {}, expected \"1.0\"", schema.value));
        return None;
    }
    let kind = root.need("kind")?;
    let mut reader = Reader { assets: declared(root), notes: BTreeSet::new() };
    let name = root.get("id").and_then(|id| id.name()).unwrap_or_else(|| "eclypse".to_owned());
    let graph = match kind.value.as_str() {
        Some("application") => EclypseGraph::Application(Box::new(reader.application(root, name)?)),
        Some("infrastructure") => EclypseGraph::Infrastructure(reader.infrastructure(root, name)?),
        _ => {
            let message =
                format!("found {}, expected \"application\" or \"infrastructure\"", kind.value);
            kind.error(message);
            return None;
        }
    };
    Some(EclypseExport { graph, notes: reader.notes.into_iter().collect() })
}

/// The assets beside those that are built in.
fn declared(root: &JsonAt<'_>) -> BTreeMap<String, AssetSpecification> {
    const BUILT_IN: [&str; 6] = ["cpu", "ram", "storage", "gpu", "availability", "processing_time"];
    let mut assets = BTreeMap::new();
    let Some(declared) = root.get("node_assets") else { return assets };
    for (name, asset) in declared.entries() {
        if BUILT_IN.contains(&name) {
            continue;
        }
        let Some(kind) = asset.need("type") else { continue };
        let algebra = match kind.value.as_str() {
            Some("additive") => AlgebraName::Additive,
            Some("multiplicative") => AlgebraName::Multiplicative,
            Some("concave") => AlgebraName::Concave,
            Some("convex") => AlgebraName::Convex,
            Some("symbolic") => AlgebraName::Symbolic,
            _ => {
                kind.error(format!(
                    "found {}, expected additive, multiplicative, concave, convex or symbolic",
                    kind.value
                ));
                continue;
            }
        };
        let checked = asset.value.get("functional") != Some(&Value::Bool(false));
        assets.insert(name.to_owned(), AssetSpecification { algebra, unit: "1".to_owned(), checked });
    }
    assets
}

struct Reader {
    assets: BTreeMap<String, AssetSpecification>,
    notes: BTreeSet<String>,
}

impl Reader {
    /// The nodes by name, and their attributes.
    fn nodes(&mut self, root: &JsonAt<'_>) -> Option<(Vec<EclypseNode>, BTreeMap<String, usize>)> {
        let mut nodes = Vec::new();
        let mut numbers = BTreeMap::new();
        for node in root.need("nodes")?.elements() {
            let Some(name) = node.need("id").and_then(|id| id.name()) else { continue };
            if numbers.insert(name.clone(), nodes.len()).is_some() {
                node.error(format!("another node has the id {name:?}"));
            }
            let mut read = EclypseNode { name, ..EclypseNode::default() };
            for (key, value) in node.get("attrs").map(|attrs| attrs.entries()).unwrap_or_default() {
                self.attribute(&mut read, key, &value);
            }
            nodes.push(read);
        }
        Some((nodes, numbers))
    }

    fn attribute(&mut self, node: &mut EclypseNode, key: &str, value: &JsonAt<'_>) {
        match key {
            "cpu" => node.cores = value.amount().unwrap_or_default(),
            "ram" => node.memory_gb = value.amount().unwrap_or_default(),
            "storage" => node.storage_gb = value.amount().unwrap_or_default(),
            "availability" => node.availability = value.share(),
            "processing_time" => node.processing_ms = value.amount(),
            "gpu" => node.accelerators = value.amount().unwrap_or_default(),
            key if self.assets.get(key).is_some_and(|asset| asset.algebra == AlgebraName::Symbolic) => {
                let labels = match value.value {
                    Value::String(label) => Names::One(label.clone()),
                    _ => Names::Several(value.names()),
                };
                node.assets.insert(key.to_owned(), AssetAmount::Labels(labels));
            }
            key if self.assets.contains_key(key) => {
                if let Some(amount) = value.amount() {
                    node.assets.insert(key.to_owned(), AssetAmount::Amount(amount));
                }
            }
            _ => {
                self.notes.insert(format!("the attribute {key:?} of nodes is not used"));
            }
        }
    }

    /// The edges: ends, latency and bandwidth.
    fn edges(
        &mut self,
        root: &JsonAt<'_>,
        numbers: &BTreeMap<String, usize>,
    ) -> Vec<(usize, usize, Option<f64>, Option<f64>)> {
        let mut edges = Vec::new();
        for edge in root.get("edges").map(|edges| edges.elements()).unwrap_or_default() {
            let end = |key| {
                let at = edge.need(key)?;
                let name = at.name()?;
                let number = numbers.get(&name).copied();
                if number.is_none() {
                    let help = match did_you_mean(&name, numbers.keys().map(String::as_str)) {
                        Some(nearest) => format!("did you mean {nearest:?}?"),
                        None => "edges lead between `nodes` of the file".to_owned(),
                    };
                    at.error_with_help(format!("no node has the id {name:?}"), help);
                }
                number
            };
            let (Some(a), Some(b)) = (end("source"), end("target")) else { continue };
            let (mut latency_ms, mut bandwidth_mbps) = (None, None);
            for (key, value) in edge.get("attrs").map(|attrs| attrs.entries()).unwrap_or_default() {
                match key {
                    "latency" => latency_ms = value.amount(),
                    "bandwidth" => bandwidth_mbps = value.amount(),
                    _ => {
                        self.notes.insert(format!("the attribute {key:?} of edges is not used"));
                    }
                }
            }
            if a == b {
                self.notes.insert("edges from a node to itself are left out".to_owned());
                continue;
            }
            edges.push((a, b, latency_ms, bandwidth_mbps));
        }
        edges
    }

    fn infrastructure(&mut self, root: &JsonAt<'_>, name: String) -> Option<EclypseInfrastructure> {
        let (nodes, numbers) = self.nodes(root)?;
        if nodes.is_empty() {
            root.error("an infrastructure without nodes is none");
        }
        let mut links: Vec<EclypseLink> = Vec::new();
        let mut joined: BTreeMap<(usize, usize), (usize, bool)> = BTreeMap::new();
        for (a, b, latency_ms, bandwidth_mbps) in self.edges(root, &numbers) {
            if bandwidth_mbps == Some(0.0) {
                self.notes.insert("links of bandwidth 0 are left out".to_owned());
                continue;
            }
            match joined.get_mut(&(a.min(b), a.max(b))) {
                None => {
                    joined.insert((a.min(b), a.max(b)), (links.len(), false));
                    links.push(EclypseLink { a, b, latency_ms, bandwidth_mbps });
                }
                Some((link, both)) => {
                    *both = true;
                    let link = &mut links[*link];
                    if (link.latency_ms, link.bandwidth_mbps) != (latency_ms, bandwidth_mbps) {
                        self.notes.insert(
                            "the two directions of a link differ: it has the greater latency and the \
                             lesser bandwidth of them"
                                .to_owned(),
                        );
                    }
                    link.latency_ms = link.latency_ms.into_iter().chain(latency_ms).reduce(f64::max);
                    link.bandwidth_mbps =
                        link.bandwidth_mbps.into_iter().chain(bandwidth_mbps).reduce(f64::min);
                }
            }
        }
        if joined.values().any(|&(_, both)| !both) {
            self.notes.insert("links that lead one way lead both ways here".to_owned());
        }
        Some(EclypseInfrastructure { name, assets: std::mem::take(&mut self.assets), nodes, links })
    }

    fn application(&mut self, root: &JsonAt<'_>, name: String) -> Option<ServiceApplicationSpec> {
        let (nodes, numbers) = self.nodes(root)?;
        let services = nodes.iter().map(|node| ServiceSpec {
            name: node.name.clone(),
            requires: RequirementsSpec {
                cores: node.cores,
                memory: DataSize::from_bytes(node.memory_gb * 1e9),
                storage: DataSize::from_bytes(node.storage_gb * 1e9),
                accelerators: node.accelerators,
                availability: Ratio::from_fraction(node.availability.unwrap_or(0.0)),
                architecture: None,
                assets: node.assets.clone(),
            },
            processing_time: node.processing_ms.map(|ms| Draw::Constant(Duration::from_secs(ms / 1e3))),
            replicas: 1,
            ..ServiceSpec::default()
        });
        let mut interactions: Vec<InteractionSpec> = Vec::new();
        let mut ways: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (from, to, latency_ms, bandwidth_mbps) in self.edges(root, &numbers) {
            let latency = latency_ms.map(|ms| Duration::from_secs(ms / 1e3));
            let bandwidth = DataRate::from_bps(bandwidth_mbps.unwrap_or(0.0) * 1e6);
            if ways.contains_key(&(from, to)) {
                root.error(format!(
                    "two edges lead from {:?} to {:?}",
                    nodes[from].name, nodes[to].name
                ));
                continue;
            }
            if let Some(&back) = ways.get(&(to, from))
                && (interactions[back].latency, interactions[back].bandwidth) == (latency, bandwidth)
            {
                interactions[back].symmetric = true;
                ways.insert((from, to), back);
                continue;
            }
            ways.insert((from, to), interactions.len());
            interactions.push(InteractionSpec {
                from: nodes[from].name.clone(),
                to: nodes[to].name.clone(),
                latency,
                bandwidth,
                ..InteractionSpec::default()
            });
        }
        let listed =
            root.get("extras").and_then(|extras| extras.get("flows")).or_else(|| root.get("flows"));
        let flows = listed.map(|flows| self.flows(&flows, &numbers)).unwrap_or_default();
        for flow in &flows {
            for pair in flow.path.windows(2) {
                let (Some(&from), Some(&to)) = (numbers.get(&pair[0]), numbers.get(&pair[1])) else {
                    continue;
                };
                if from != to && !ways.contains_key(&(from, to)) {
                    self.notes.insert(format!(
                        "flows lead from {:?} to {:?} without an interaction: one that needs nothing is added",
                        pair[0], pair[1]
                    ));
                    ways.insert((from, to), interactions.len());
                    interactions.push(InteractionSpec {
                        from: pair[0].clone(),
                        to: pair[1].clone(),
                        ..InteractionSpec::default()
                    });
                }
            }
        }
        if flows.is_empty() {
            self.notes.insert("there are no flows: give `flows` beside the file".to_owned());
        }
        let application = ServiceApplicationSpec {
            name: Some(name),
            services: services.collect(),
            interactions,
            flows,
            ..ServiceApplicationSpec::default()
        };
        if root.is_clean() {
            // What the file allows, but applications do not.
            for fault in application_faults(&application, None) {
                let fault = fault.from_afar();
                match fault.help {
                    Some(help) => root.error_with_help(fault.message, help),
                    None => root.error(fault.message),
                }
            }
        }
        Some(application)
    }

    fn flows(&mut self, listed: &JsonAt<'_>, numbers: &BTreeMap<String, usize>) -> Vec<FlowSpec> {
        let mut flows = Vec::new();
        for (number, flow) in listed.elements().iter().enumerate() {
            let mut path = Vec::new();
            for step in flow.elements() {
                let Some(name) = step.name() else { continue };
                if !numbers.contains_key(&name) {
                    let help = match did_you_mean(&name, numbers.keys().map(String::as_str)) {
                        Some(nearest) => format!("did you mean {nearest:?}?"),
                        None => "flows lead along `nodes` of the file".to_owned(),
                    };
                    step.error_with_help(format!("no service is named {name:?}"), help);
                }
                path.push(name);
            }
            if path.is_empty() {
                self.notes.insert("flows along no service are left out".to_owned());
                continue;
            }
            flows.push(FlowSpec { name: format!("flow-{number}"), path, ..FlowSpec::default() });
        }
        flows
    }
}

#[cfg(test)]
mod tests;
