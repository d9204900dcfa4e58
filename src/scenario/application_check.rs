//! What can be wrong with an application that its form does not show.

use super::format::{
    AlgebraName, AssetAmount, AssetSpecification, Draw, FlowSpec, InteractionSpec, NodeClassSpec,
    Quantity, ServiceApplicationSpec, ServiceSpec, WorkflowSpec,
};
use super::{Diagnostics, Document, Path, did_you_mean};
use std::collections::{BTreeMap, BTreeSet};

/// Names of assets that are there without being declared.
pub const BUILT_IN_ASSETS: [&str; 7] = [
    "cores",
    "memory_bytes",
    "storage_bytes",
    "accelerators",
    "availability",
    "processing_time_s",
    "architecture",
];

/// Something that is wrong with an application, a workflow or an asset, wherever it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its place, from the application (or what else was checked) on.
    pub path: Path,
    /// What is wrong.
    pub message: String,
    /// What may help.
    pub help: Option<String>,
}

impl Fault {
    fn new(path: Path, message: impl Into<String>) -> Self {
        Fault { path, message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Fault { help: Some(help.into()), ..self }
    }

    /// The same, its place told in the message: for what is not written out where it is named.
    #[must_use]
    pub fn from_afar(self) -> Self {
        let message = format!("{}: {}", self.path, self.message);
        Fault { path: Path::root(), message, ..self }
    }

    /// A name that is not known, and the nearest that is, or all.
    fn unknown<'a>(
        path: Path,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let help = match did_you_mean(name, known.clone()) {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => {
                let mut listed: Vec<&str> = known.take(12).collect();
                if listed.len() == 12 {
                    listed[11] = "...";
                }
                if listed.is_empty() {
                    format!("there is no {what} at all")
                } else {
                    format!("known: {}", listed.join(", "))
                }
            }
        };
        Fault::new(path, format!("no {what} is named {name:?}")).help(help)
    }
}

/// Tells faults of a part of a document.
///
/// # Errors
/// All of them, if there are any, each at its place in the document.
pub fn diagnose(faults: Vec<Fault>, document: &Document, part: &Path) -> Result<(), Diagnostics> {
    let mut errors = Diagnostics::default();
    for fault in faults {
        let path = fault.path.segments().iter().fold(part.clone(), |mut path, segment| {
            path.push(segment.clone());
            path
        });
        let diagnostic = document.diagnostic(&path, fault.message);
        errors.push(match fault.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
    errors.or(())
}

/// What is wrong with declared assets: names of their own, and a unit for each.
#[must_use]
pub fn asset_faults(assets: &BTreeMap<String, AssetSpecification>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, asset) in assets {
        let here = Path::root().key(name.as_str());
        if BUILT_IN_ASSETS.contains(&name.as_str()) {
            let message = format!("the asset {name:?} is built in");
            faults.push(Fault::new(here.clone(), message).help("choose another name"));
        }
        if name.trim().is_empty() {
            faults.push(Fault::new(Path::root(), "an asset has no name").help("give it one"));
        }
        if asset.unit.trim().is_empty() {
            faults.push(
                Fault::new(here.key("unit"), format!("the asset {name:?} has no unit"))
                    .help("give one, such as \"seats\", or \"1\" for a number without a unit"),
            );
        }
    }
    faults
}

/// What is wrong with what nodes offer of declared assets, by the number of their class.
#[must_use]
pub fn offer_faults(
    classes: &[NodeClassSpec],
    declared: &BTreeMap<String, AssetSpecification>,
) -> Vec<Fault> {
    let of_class = |(index, class): (usize, &NodeClassSpec)| {
        let here = Path::root().index(index).key("assets");
        let faults = class.assets.iter().flat_map(|(name, amount)| {
            amount_faults(name, amount, Some(declared), &here.key(name.as_str()))
        });
        faults.collect::<Vec<_>>()
    };
    classes.iter().enumerate().flat_map(of_class).collect()
}

/// What is wrong with so much of an asset.
fn amount_faults(
    name: &str,
    amount: &AssetAmount,
    declared: Option<&BTreeMap<String, AssetSpecification>>,
    path: &Path,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut tell = |message: String| faults.push(Fault::new(path.clone(), message));
    if let AssetAmount::Amount(value) = amount
        && !(*value >= 0.0 && value.is_finite())
    {
        tell(format!("{value} is not an amount of {name:?}; it must be at least 0"));
    }
    let Some(declared) = declared else { return faults };
    match (declared.get(name), amount) {
        (None, _) => {
            let known = declared.keys().map(String::as_str);
            let mut fault = Fault::unknown(path.clone(), "asset", name, known);
            if declared.is_empty() {
                let example = r#"{ "algebra": "additive", "unit": "1" }"#;
                fault.help =
                    Some(format!(r#"declare it at the root: "assets": {{ {name:?}: {example} }}"#));
            }
            faults.push(fault);
        }
        (Some(asset), AssetAmount::Amount(_)) if asset.algebra == AlgebraName::Symbolic => {
            tell(format!("{name:?} is symbolic; labels are needed, not a number"));
        }
        (Some(asset), AssetAmount::Labels(_)) if asset.algebra != AlgebraName::Symbolic => {
            tell(format!("{name:?} is a number of {}; labels are not", asset.unit));
        }
        _ => {}
    }
    faults
}

/// What is wrong with an application that is written out. Cycles among interactions are allowed.
///
/// Required assets are held to `declared`; `None` where the declarations are not at hand.
#[must_use]
pub fn application_faults(
    application: &ServiceApplicationSpec,
    declared: Option<&BTreeMap<String, AssetSpecification>>,
) -> Vec<Fault> {
    let mut checker = Checker { application, declared, faults: Vec::new() };
    checker.check();
    checker.faults
}

struct Checker<'a> {
    application: &'a ServiceApplicationSpec,
    declared: Option<&'a BTreeMap<String, AssetSpecification>>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn tell(&mut self, path: Path, message: impl Into<String>) {
        self.faults.push(Fault::new(path, message));
    }

    fn services(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.application.services.iter().map(|service| service.name.as_str())
    }

    fn check(&mut self) {
        let application = self.application;
        let root = Path::root();
        if application.services.is_empty() {
            self.tell(root.key("services"), "an application without services does nothing");
        }
        if application.count == 0 {
            self.tell(root.key("count"), "found 0, expected a whole number of at least 1");
        }
        if application.flows.is_empty() && application.arrival.is_some() {
            let fault =
                Fault::new(root.key("arrival"), "there are no flows that requests could run along");
            self.faults
                .push(fault.help("give `flows`, each a chain of services, or leave `arrival` out"));
        }
        self.draw(&application.message, root.key("message"));
        if let Some(deadline) = &application.deadline {
            self.draw(deadline, root.key("deadline"));
        }
        let mut names = BTreeMap::new();
        for (index, service) in application.services.iter().enumerate() {
            let here = root.key("services").index(index);
            self.duplicate("service", &service.name, index, &mut names, here.key("name"));
            self.service(service, &here);
        }
        let mut ways = BTreeMap::new();
        for (index, interaction) in application.interactions.iter().enumerate() {
            self.interaction(interaction, index, &mut ways);
        }
        let mut names = BTreeMap::new();
        for (index, flow) in application.flows.iter().enumerate() {
            let here = root.key("flows").index(index);
            self.duplicate("flow", &flow.name, index, &mut names, here.key("name"));
            self.flow(flow, &here, &ways);
        }
    }

    fn duplicate(
        &mut self,
        what: &str,
        name: &'a str,
        index: usize,
        names: &mut BTreeMap<&'a str, usize>,
        path: Path,
    ) {
        if name.is_empty() {
            return self.tell(path, format!("a {what} needs a name of at least one character"));
        }
        match names.get(name) {
            Some(first) => {
                let message = format!("{what} {first} (counted from 0) has the name {name:?}, too");
                self.tell(path, message);
            }
            None => {
                names.insert(name, index);
            }
        }
    }

    fn draw<Q: Quantity>(&mut self, draw: &Draw<Q>, path: Path) {
        if let Err(error) = draw.distribution() {
            self.tell(path, error.to_string());
        }
    }

    fn service(&mut self, service: &'a ServiceSpec, here: &Path) {
        let requires = here.key("requires");
        for (key, value) in
            [("cores", service.requires.cores), ("accelerators", service.requires.accelerators)]
        {
            if !(value >= 0.0 && value.is_finite()) {
                let message = format!("{value} is not an amount; it must be at least 0");
                self.tell(requires.key(key), message);
            }
        }
        for (name, amount) in &service.requires.assets {
            let path = requires.key("assets").key(name.as_str());
            self.faults.extend(amount_faults(name, amount, self.declared, &path));
        }
        if service.processing_time.is_some() && service.work.is_some() {
            self.faults
                .push(Fault::new(here.key("work"), "both `processing_time` and `work` are given").help(
                "leave out `work` for a time that is the same on each node, or `processing_time` for \
                     one by the node's speed",
            ));
        }
        if let Some(time) = &service.processing_time {
            self.draw(time, here.key("processing_time"));
        }
        if let Some(work) = &service.work {
            self.draw(work, here.key("work"));
        }
        for (key, value) in [("concurrency", service.concurrency), ("replicas", Some(service.replicas))]
        {
            if value == Some(0) {
                self.tell(here.key(key), "found 0, expected a whole number of at least 1");
            }
        }
    }

    fn interaction(
        &mut self,
        interaction: &'a InteractionSpec,
        index: usize,
        ways: &mut BTreeMap<(&'a str, &'a str), usize>,
    ) {
        let here = Path::root().key("interactions").index(index);
        let (from, to) = (interaction.from.as_str(), interaction.to.as_str());
        for (key, name) in [("from", from), ("to", to)] {
            if !self.services().any(|known| known == name) {
                self.faults.push(Fault::unknown(here.key(key), "service", name, self.services()));
            }
        }
        if let Some(message) = &interaction.message {
            self.draw(message, here.key("message"));
        }
        if from == to {
            let message = format!("{from:?} interacts with itself, which needs no way");
            return self.tell(here.key("to"), message);
        }
        let directions = if interaction.symmetric { 2 } else { 1 };
        for way in [(from, to), (to, from)].into_iter().take(directions) {
            if let Some(first) = ways.get(&way) {
                let message = format!(
                    "the interaction from {:?} to {:?} is given by interaction {first} (counted from 0) already",
                    way.0, way.1
                );
                self.faults.push(
                    Fault::new(here.clone(), message)
                        .help("give each direction once; `symmetric` gives both"),
                );
            } else {
                ways.insert(way, index);
            }
        }
    }

    fn flow(&mut self, flow: &'a FlowSpec, here: &Path, ways: &BTreeMap<(&'a str, &'a str), usize>) {
        if flow.path.is_empty() {
            self.tell(here.key("path"), "a flow along no service goes nowhere");
        }
        if let Some(deadline) = &flow.deadline {
            self.draw(deadline, here.key("deadline"));
        }
        let known: BTreeSet<&str> = self.services().collect();
        for (step, name) in flow.path.iter().enumerate() {
            let path = here.key("path").index(step);
            if !known.contains(name.as_str()) {
                self.faults.push(Fault::unknown(path, "service", name, self.services()));
                continue;
            }
            let before = step.checked_sub(1).map(|before| flow.path[before].as_str());
            let Some(before) = before.filter(|before| known.contains(before)) else { continue };
            if before == name {
                self.tell(path, format!("{name:?} follows itself"));
            } else if !ways.contains_key(&(before, name.as_str())) {
                self.faults.push(
                    Fault::new(path, format!("there is no interaction from {before:?} to {name:?}"))
                        .help("add one to `interactions`, or make the other direction `symmetric`"),
                );
            }
        }
    }
}

/// What is wrong with a workflow: names, runtimes, and a cycle among its tasks, which is told in full.
#[must_use]
pub fn workflow_faults(workflow: &WorkflowSpec) -> Vec<Fault> {
    let mut faults = Vec::new();
    let root = Path::root();
    if workflow.tasks.is_empty() {
        faults.push(Fault::new(root.key("tasks"), "a workflow without tasks does nothing"));
    }
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, task) in workflow.tasks.iter().enumerate() {
        let here = root.key("tasks").index(index);
        if !(0.0..=f64::from(u32::MAX)).contains(&task.cores) {
            let message =
                format!("{} is not a number of cores; it must be from 0 to {}", task.cores, u32::MAX);
            faults.push(Fault::new(here.key("cores"), message));
        }
        if let Some(first) = numbers.insert(&task.name, index) {
            let message = format!("task {first} (counted from 0) has the name {:?}, too", task.name);
            faults.push(Fault::new(here.key("name"), message));
        }
    }
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, file) in workflow.files.iter().enumerate() {
        if let Some(first) = files.insert(&file.name, index) {
            let message = format!("file {first} (counted from 0) has the name {:?}, too", file.name);
            faults.push(Fault::new(root.key("files").index(index).key("name"), message));
        }
    }
    let mut parents: Vec<Vec<usize>> = Vec::with_capacity(workflow.tasks.len());
    for (index, task) in workflow.tasks.iter().enumerate() {
        let here = root.key("tasks").index(index);
        let mut known = Vec::with_capacity(task.parents.len());
        for (number, parent) in task.parents.iter().enumerate() {
            match numbers.get(parent.as_str()) {
                Some(&parent) => known.push(parent),
                None => {
                    let path = here.key("parents").index(number);
                    faults.push(Fault::unknown(path, "task", parent, numbers.keys().copied()));
                }
            }
        }
        parents.push(known);
        for (key, names) in [("inputs", &task.inputs), ("outputs", &task.outputs)] {
            for (number, name) in names.iter().enumerate() {
                if !files.contains_key(name.as_str()) {
                    let path = here.key(key).index(number);
                    faults.push(Fault::unknown(path, "file", name, files.keys().copied()));
                }
            }
        }
    }
    if let Some(cycle) = find_cycle(&parents) {
        let named = |index: &usize| workflow.tasks[*index].name.as_str();
        let path = root.key("tasks").index(cycle[0]).key("parents");
        let way = told_cycle(cycle.iter().map(named));
        faults.push(Fault::new(path, format!("the tasks wait for each other in a circle: {way}")));
    }
    faults
}

/// `a -> b -> a` of the cycle `a`, `b`.
pub(super) fn told_cycle<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let closed = names.clone().chain(names.take(1));
    closed.collect::<Vec<_>>().join(" -> ")
}

/// A cycle of a graph in which `nexts[a]` lists where a leads, in its order, the least member first; the one
/// whose least member is the first to be found from node 0 on.
pub(super) fn find_cycle(nexts: &[Vec<usize>]) -> Option<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        OnWay,
        Done,
    }
    let mut marks = vec![Mark::New; nexts.len()];
    for start in 0..nexts.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // The way from the start, each node with the number of its next that is to be tried.
        let mut way = vec![(start, 0_usize)];
        marks[start] = Mark::OnWay;
        while let Some(last) = way.last_mut() {
            let (node, number) = *last;
            last.1 += 1;
            match nexts[node].get(number) {
                None => {
                    marks[node] = Mark::Done;
                    way.pop();
                }
                Some(&next) => match marks[next] {
                    Mark::New => {
                        marks[next] = Mark::OnWay;
                        way.push((next, 0));
                    }
                    Mark::OnWay => {
                        let first = way.iter().position(|&(on_way, _)| on_way == next)?;
                        let mut cycle: Vec<usize> = way[first..].iter().map(|&(node, _)| node).collect();
                        let least = cycle
                            .iter()
                            .enumerate()
                            .min_by_key(|&(_, node)| node)
                            .map_or(0, |(at, _)| at);
                        cycle.rotate_left(least);
                        return Some(cycle);
                    }
                    Mark::Done => {}
                },
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
