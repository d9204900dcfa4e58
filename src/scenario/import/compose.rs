//! Applications from Docker Compose files.

mod amounts;

use super::application::named_after;
use super::json::GREATEST_AMOUNT;
use super::yaml::{Yaml, YamlAt, YamlFile};
use crate::scenario::application_check::{application_faults, find_cycle, told_cycle};
use crate::scenario::format::{FlowSpec, InteractionSpec, ServiceApplicationSpec, ServiceSpec};
use crate::scenario::{
    DataRate, DataSize, Diagnostic, Diagnostics, Document, Duration, Origin, Path, Segment, check,
    did_you_mean, schema_of,
};
use amounts::{Amounts, Needs, bytes, cores, count};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Reads an application from a Docker Compose file, and what of the file is not used.
///
/// * Each of `services` is a service. Its needs are `deploy.resources.reservations`, or `limits` where these do not
///   say (`cpus`, `memory`, GPU `devices`), or the older `cpus`, `mem_reservation` and `mem_limit`; its replicas
///   `deploy.replicas` or `scale`. Sizes count as Compose counts them: `50M` is 50 * 2^20 bytes.
/// * `depends_on`, as a list or a mapping, becomes interactions both ways that need nothing of the way.
/// * `x-stratosim` of a service has keys of our services and takes the place of what was found;
///   `x-stratosim` of the file has `interactions`, which take the place of those of the same ends, `flows`, `message`,
///   `arrival`, `sources` and `deadline`.
/// * `x-eclypse-assets`, `x-eclypse-edges` and `x-eclypse` are what ECLYPSE exports: needs in its units,
///   interactions, and flows.
///
/// # Errors
/// If the file cannot be read or is no such YAML, a service depends on one that is not there, services depend on
/// each other in a circle (those of `x-eclypse-edges` may), or the application is not good; each with its place.
pub fn read_compose(
    file: &std::path::Path,
) -> Result<(ServiceApplicationSpec, Vec<String>), Diagnostics> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let message = format!("cannot be read: {error}");
        Diagnostics::from(Diagnostic::new(Origin::WholeFile(name.clone()), Path::root(), message))
    })?;
    let (application, notes) = from_text(&name, &text)?;
    Ok((named_after(file, application), notes))
}

pub(super) fn from_text(
    name: &str,
    text: &str,
) -> Result<(ServiceApplicationSpec, Vec<String>), Diagnostics> {
    let file = YamlFile::parse(name, text)?;
    let mut reader =
        Reader { unused: BTreeSet::new(), notes: BTreeSet::new(), places: Places::default() };
    let application = reader.application(&YamlAt::root(&file));
    if file.errors.borrow().is_empty()
        && let Some(application) = &application
    {
        for fault in application_faults(application, None) {
            let path = reader.places.of(&fault.path);
            file.error(&path, fault.message, fault.help);
        }
    }
    let mut notes: Vec<String> = reader.notes.into_iter().collect();
    if !reader.unused.is_empty() {
        let keys: Vec<String> = reader.unused.into_iter().collect();
        notes.push(format!("not used: {}", keys.join(", ")));
    }
    let errors = file.errors.into_inner();
    match application {
        Some(application) => errors.or((application, notes)),
        None => Err(errors),
    }
}

/// Where the parts of the application are in the file.
#[derive(Default)]
struct Places {
    services: Vec<Path>,
    interactions: Vec<Path>,
    flows: Option<Path>,
}

impl Places {
    /// The place in the file of a place in the application.
    fn of(&self, path: &Path) -> Path {
        let own = |listed: &[Path]| match path.segments().get(1) {
            Some(Segment::Index(index)) => listed.get(*index).cloned(),
            _ => None,
        };
        let place = match path.segments().first() {
            Some(Segment::Key(key)) if key == "services" => own(&self.services),
            Some(Segment::Key(key)) if key == "interactions" => own(&self.interactions),
            Some(Segment::Key(key)) if key == "flows" => self.flows.as_ref().map(|flows| {
                path.segments()[1..].iter().fold(flows.clone(), |path, segment| match segment {
                    Segment::Key(key) => path.key(key.as_str()),
                    Segment::Index(index) => path.index(*index),
                })
            }),
            _ => None,
        };
        place.unwrap_or_default()
    }
}

struct Reader {
    /// Keys that are not used, such as `services.*.ports`.
    unused: BTreeSet<String>,
    notes: BTreeSet<String>,
    places: Places,
}

/// What `x-stratosim` of a file may have.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Extension {
    interactions: Vec<InteractionSpec>,
    flows: Vec<FlowSpec>,
    message: Option<crate::scenario::format::Draw<DataSize>>,
    arrival: Option<crate::scenario::format::ArrivalSpec>,
    sources: Option<crate::scenario::format::Names>,
    deadline: Option<crate::scenario::format::Draw<Duration>>,
}

impl Reader {
    fn application(&mut self, root: &YamlAt<'_>) -> Option<ServiceApplicationSpec> {
        let Some(services) = root.get("services") else {
            root.error_with_help("missing key \"services\"", "this is no Docker Compose file");
            return None;
        };
        for (key, _) in root.entries() {
            if !matches!(key, "name" | "version" | "services" | "x-stratosim" | "x-eclypse") {
                self.unused.insert(key.to_owned());
            }
        }
        let services = services.entries();
        let numbers: BTreeMap<&str, usize> =
            services.iter().enumerate().map(|(number, (name, _))| (*name, number)).collect();
        let name = root.get("name").or_else(|| root.get("x-eclypse")?.get("id"));
        let mut application = ServiceApplicationSpec {
            name: name.and_then(|name| name.text()),
            ..ServiceApplicationSpec::default()
        };
        for (name, service) in &services {
            application.services.push(self.service(name, service));
            self.places.services.push(service.path.clone());
        }
        self.depend(&services, &numbers, &mut application.interactions);
        let mut flows = Vec::new();
        if let Some(listed) = root.get("x-eclypse").and_then(|eclypse| eclypse.get("flows")) {
            for (number, flow) in listed.elements().iter().enumerate() {
                let path = flow.elements().iter().filter_map(YamlAt::text).collect();
                flows.push(FlowSpec { name: format!("flow-{number}"), path, ..FlowSpec::default() });
            }
            self.places.flows = Some(listed.path.clone());
        }
        if let Some(extension) = root.get("x-stratosim") {
            let read: Extension = typed(&extension, extension.value.to_json())?;
            for (index, interaction) in read.interactions.into_iter().enumerate() {
                let path = extension.path.key("interactions").index(index);
                let ends = [interaction.from.as_str(), interaction.to.as_str()];
                let same = |known: &InteractionSpec| {
                    let own = [known.from.as_str(), known.to.as_str()];
                    own == ends || (known.symmetric && own == [ends[1], ends[0]])
                };
                match application.interactions.iter().position(same) {
                    Some(known) if is_bare(&application.interactions[known]) => {
                        application.interactions[known] = interaction;
                        self.places.interactions[known] = path;
                    }
                    _ => {
                        application.interactions.push(interaction);
                        self.places.interactions.push(path);
                    }
                }
            }
            if !read.flows.is_empty() {
                flows = read.flows;
                self.places.flows = Some(extension.path.key("flows"));
            }
            if let Some(message) = read.message {
                application.message = message;
            }
            application.arrival = read.arrival;
            application.sources = read.sources;
            application.deadline = read.deadline;
        }
        if flows.is_empty() {
            self.notes
                .insert("there are no flows: give `flows` in `x-stratosim`, or beside the file".into());
        }
        application.flows = flows;
        Some(application)
    }

    fn service(&mut self, name: &str, service: &YamlAt<'_>) -> ServiceSpec {
        let mut needs = Needs::default();
        let mut replicas = None;
        let mut extension = None;
        for (key, value) in service.entries() {
            match key {
                "depends_on" | "x-eclypse-edges" => {}
                "deploy" => {
                    for (key, value) in value.entries() {
                        match key {
                            "replicas" => replicas = Some(count(&value)),
                            "resources" => self.resources(&value, &mut needs),
                            _ => {
                                self.unused.insert(format!("services.*.deploy.{key}"));
                            }
                        }
                    }
                }
                "scale" => replicas = replicas.or_else(|| Some(count(&value))),
                "cpus" => needs.limit.cores = cores(&value),
                "mem_limit" => needs.limit.memory_bytes = bytes(&value),
                "mem_reservation" => needs.reserved.memory_bytes = bytes(&value),
                "x-stratosim" => extension = Some(value),
                "x-eclypse-assets" => self.eclypse(&value, &mut needs),
                _ => {
                    self.unused.insert(format!("services.*.{key}"));
                }
            }
        }
        let either =
            |of: fn(&Amounts) -> Option<f64>| of(&needs.reserved).or(of(&needs.limit)).unwrap_or(0.0);
        let mut requires = json!({
            "cores": either(|amounts| amounts.cores),
            "memory": format!("{} B", either(|amounts| amounts.memory_bytes)),
            "storage": format!("{} B", needs.storage_bytes),
            "accelerators": either(|amounts| amounts.accelerators),
            "availability": needs.availability,
        });
        let mut found = json!({ "name": name, "replicas": replicas.flatten().unwrap_or(1) });
        if let Some(ms) = needs.processing_ms {
            found["processing_time"] = json!(ms / 1e3);
        }
        let place = extension.as_ref().unwrap_or(service);
        if let Some(extension) = &extension {
            for (key, value) in extension.entries() {
                match key {
                    "name" => value.error("services are named by their key"),
                    "requires" => {
                        for (key, value) in value.entries() {
                            requires[key] = value.value.to_json();
                        }
                    }
                    "work" => {
                        if let Some(found) = found.as_object_mut() {
                            found.remove("processing_time");
                        }
                        found[key] = value.value.to_json();
                    }
                    _ => found[key] = value.value.to_json(),
                }
            }
        }
        found["requires"] = requires;
        typed(place, found).unwrap_or_default()
    }

    fn resources(&mut self, resources: &YamlAt<'_>, needs: &mut Needs) {
        for (key, amounts) in resources.entries() {
            let into = match key {
                "reservations" => &mut needs.reserved,
                "limits" => &mut needs.limit,
                _ => {
                    self.unused.insert(format!("services.*.deploy.resources.{key}"));
                    continue;
                }
            };
            for (key, value) in amounts.entries() {
                match key {
                    "cpus" => into.cores = cores(&value),
                    "memory" => into.memory_bytes = bytes(&value),
                    "devices" => into.accelerators = self.devices(&value),
                    _ => {
                        self.unused.insert(format!("services.*.deploy.resources.*.{key}"));
                    }
                }
            }
        }
    }

    /// The GPUs among the devices that are reserved.
    fn devices(&mut self, devices: &YamlAt<'_>) -> Option<f64> {
        let mut accelerators = 0.0;
        for device in devices.elements() {
            let capabilities: Vec<String> = device
                .get("capabilities")
                .map(|listed| listed.elements().iter().filter_map(YamlAt::text).collect())
                .unwrap_or_default();
            if !capabilities.iter().any(|capability| capability == "gpu") {
                self.notes.insert("devices without the capability \"gpu\" are not used".into());
                continue;
            }
            accelerators += match (device.get("count"), device.get("device_ids")) {
                (Some(count), _) if count.text().as_deref() == Some("all") => {
                    self.notes.insert("a count of \"all\" GPUs is taken as 1".into());
                    1.0
                }
                (Some(number), _) => count(&number).map_or(0.0, f64::from),
                (None, Some(ids)) => ids.elements().len() as f64,
                (None, None) => 1.0,
            };
        }
        Some(accelerators)
    }

    /// What ECLYPSE writes of a service.
    fn eclypse(&mut self, assets: &YamlAt<'_>, needs: &mut Needs) {
        for (key, value) in assets.entries() {
            let number = |least: f64, most: f64| {
                let number = value.text().and_then(|text| text.parse::<f64>().ok());
                let number = number.filter(|number| (least..=most).contains(number));
                if number.is_none() {
                    value.error(format!("expected a number from {least} to {most:e}"));
                }
                number
            };
            match key {
                "cpu" => needs.reserved.cores = number(0.0, GREATEST_AMOUNT),
                "ram" => needs.reserved.memory_bytes = number(0.0, GREATEST_AMOUNT).map(|gb| gb * 1e9),
                "gpu" => needs.reserved.accelerators = number(0.0, GREATEST_AMOUNT),
                "storage" => {
                    needs.storage_bytes = number(0.0, GREATEST_AMOUNT).map_or(0.0, |gb| gb * 1e9)
                }
                "availability" => needs.availability = number(0.0, 1.0).unwrap_or(0.0),
                "processing_time" => needs.processing_ms = number(0.0, GREATEST_AMOUNT),
                _ => {
                    self.unused.insert(format!("services.*.x-eclypse-assets.{key}"));
                }
            }
        }
    }

    /// The interactions of what services depend on.
    fn depend(
        &mut self,
        services: &[(&str, YamlAt<'_>)],
        numbers: &BTreeMap<&str, usize>,
        interactions: &mut Vec<InteractionSpec>,
    ) {
        // What waits for what at the start, and where it says so.
        let mut waits: Vec<Vec<usize>> = vec![Vec::new(); services.len()];
        let mut ways: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (number, (name, service)) in services.iter().enumerate() {
            let Some(depends_on) = service.get("depends_on") else { continue };
            let named: Vec<(String, YamlAt<'_>)> = match depends_on.value {
                Yaml::Mapping(_) => {
                    depends_on.entries().into_iter().map(|(key, at)| (key.to_owned(), at)).collect()
                }
                _ => depends_on.elements().into_iter().filter_map(|at| Some((at.text()?, at))).collect(),
            };
            for (target, at) in named {
                let Some(&other) = numbers.get(target.as_str()) else {
                    let help = match did_you_mean(&target, numbers.keys().copied()) {
                        Some(nearest) => format!("did you mean {nearest:?}?"),
                        None => "it must be one of `services`".to_owned(),
                    };
                    at.error_with_help(format!("no service is named {target:?}"), help);
                    continue;
                };
                if other == number {
                    at.error(format!("{name:?} depends on itself"));
                    continue;
                }
                let edge = service.get("x-eclypse-edges").and_then(|edges| edges.get(&target));
                let interaction = match &edge {
                    Some(edge) => self.edge(name, &target, edge),
                    None => {
                        waits[number].push(other);
                        InteractionSpec {
                            from: (*name).to_owned(),
                            to: target.clone(),
                            symmetric: true,
                            ..InteractionSpec::default()
                        }
                    }
                };
                let back = ways.get(&(other, number)).map(|&index| (index, &interactions[index]));
                match back {
                    Some((index, known))
                        if (known.latency, known.bandwidth)
                            == (interaction.latency, interaction.bandwidth) =>
                    {
                        interactions[index].symmetric = true;
                        ways.insert((number, other), index);
                    }
                    _ if ways.contains_key(&(number, other)) => {}
                    _ => {
                        ways.insert((number, other), interactions.len());
                        interactions.push(interaction);
                        self.places.interactions.push(at.path.clone());
                    }
                }
            }
        }
        if let Some(cycle) = find_cycle(&waits) {
            let way = told_cycle(cycle.iter().map(|&number| services[number].0));
            let (_, service) = &services[cycle[0]];
            let place = service.get("depends_on").unwrap_or_else(|| service.clone());
            place.error_with_help(
                format!("services depend on each other in a circle: {way}"),
                "`depends_on` is the order of their start; write interactions both ways into `x-stratosim`",
            );
        }
    }

    fn edge(&mut self, from: &str, to: &str, edge: &YamlAt<'_>) -> InteractionSpec {
        let mut interaction =
            InteractionSpec { from: from.to_owned(), to: to.to_owned(), ..InteractionSpec::default() };
        for (key, value) in edge.entries() {
            let number = value.text().and_then(|text| text.parse::<f64>().ok());
            let number = number.filter(|number| (0.0..=GREATEST_AMOUNT).contains(number));
            match (key, number) {
                ("latency", Some(ms)) => interaction.latency = Some(Duration::from_secs(ms / 1e3)),
                ("bandwidth", Some(mbps)) => interaction.bandwidth = DataRate::from_bps(mbps * 1e6),
                ("latency" | "bandwidth", None) => {
                    value.error(format!("expected a number from 0 to {GREATEST_AMOUNT:e}"))
                }
                _ => {
                    self.unused.insert(format!("services.*.x-eclypse-edges.*.{key}"));
                }
            }
        }
        interaction
    }
}

/// Whether an interaction says nothing but its ends.
fn is_bare(interaction: &InteractionSpec) -> bool {
    let InteractionSpec { latency, bandwidth, message, .. } = interaction;
    latency.is_none() && bandwidth.as_bps() == 0.0 && message.is_none()
}

/// A value of ours from what was found at a place, to which its errors go.
fn typed<T: DeserializeOwned + JsonSchema>(at: &YamlAt<'_>, value: Value) -> Option<T> {
    let found = value.to_string();
    let document = match Document::parse(&at.file.name, &found) {
        Ok(document) => document,
        Err(errors) => {
            errors.iter().for_each(|error| at.error(error.message.clone()));
            return None;
        }
    };
    if let Err(errors) = check(&document, &schema_of::<T>()) {
        for error in &errors {
            let path =
                error.path.segments().iter().fold(at.path.clone(), |path, segment| match segment {
                    Segment::Key(key) => path.key(key.as_str()),
                    Segment::Index(index) => path.index(*index),
                });
            at.file.error(&path, error.message.clone(), error.help.clone());
        }
        return None;
    }
    match serde_json::from_value(value) {
        Ok(value) => Some(value),
        Err(error) => {
            at.error(error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests;
