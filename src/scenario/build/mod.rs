//! From a scenario to a world.

mod accelerators;
mod anomaly;
mod assets;
mod cells;
mod cloudsim;
mod consolidation;
mod delays;
mod direct_networks;
mod directory;
mod dynamics;
mod energy;
mod faults;
mod functions;
mod geo;
mod hosts;
mod jammers;
mod maps;
mod missions;
mod mobility;
mod network;
mod network_energy;
mod nodes;
mod offloading;
mod orchestration;
mod orchestration_checks;
mod path_loss;
mod power;
mod radio;
mod service_needs;
mod service_placement;
mod services;
mod sessions;
mod shaped;
mod sla;
mod tasks;
mod traced_vms;
mod traces;
mod training;
mod vehicles;
mod virtual_machines;
mod wifi;
mod workflows;

pub use directory::NodeDirectory;
pub use mobility::Movement;
pub(in crate::scenario) use network::local_positions;
pub use power::PowerSite;
pub(in crate::scenario) use power::node_power;

use super::format::{
    AccessPointChoice, AssetSpecification, MobilityKind, NodeClassSpec, PoliciesSpec, SampleSpec,
    Scenario, TopologySpec,
};
use super::{Diagnostics, Document, Registry, Site};
use crate::engine::{RandomStreams, SimDuration, SimTime};
use crate::infra::assets::AssetId;
use crate::infra::network::DirectScope;
use crate::infra::{InfraBuilder, LinkId, NodeId, Position, RadioEnvironment, SiteRadio, Static};
use crate::world::{GovernorTimes, Sampling, WorldBuilder};
use network::{Linker, Prepared};
use orchestration::OwnPlanes;
use service_placement::{OwnPlacements, check_known};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;

/// Where a workload is built.
#[derive(Debug)]
pub struct WorkloadSite<'a> {
    /// Its place in the scenario, to which errors go.
    pub site: Site<'a>,
    /// The nodes by name.
    pub directory: &'a NodeDirectory,
    /// The classes of nodes as the scenario has them, with all defaults.
    pub nodes: &'a [NodeClassSpec],
    /// The assets of the user's own that the scenario declares.
    pub assets: &'a BTreeMap<String, AssetSpecification>,
    /// The assets whose offers something changes as time goes on.
    pub(super) changing: &'a BTreeSet<AssetId>,
    /// The nodes that are hosts of virtual machines, which take no services.
    pub(super) vm_hosts: &'a BTreeSet<NodeId>,
    /// What has been built of the infrastructure: all nodes and links.
    pub infrastructure: &'a InfraBuilder,
    /// The scenario's policies, for workloads that must know of them.
    pub policies: &'a PoliciesSpec,
    /// The place of the policies.
    pub policies_site: Site<'a>,
    /// The end of the run.
    pub horizon: SimTime,
    /// The random streams of the run.
    pub streams: RandomStreams,
    registry: &'a Registry,
    own_placements: &'a OwnPlacements,
    own_planes: &'a OwnPlanes,
    /// Names of the services that the scenario's policy places.
    placed_by_all: &'a RefCell<BTreeSet<String>>,
}

/// A class that is ready to be added.
struct Class {
    spec: NodeClassSpec,
    names: Vec<String>,
    movement: Movement,
    radios: Vec<SiteRadio>,
}

/// Longest simulated time in seconds.
const LONGEST_RUN_S: f64 = 8.64e9;

/// Most nodes of a class.
const MOST_NODES: u32 = 10_000_000;

/// Builds the world of a scenario whose form has been checked, and fills its defaults in.
///
/// # Errors
/// Everything that does not fit together, with its place.
pub(super) fn build(
    scenario: &mut Scenario,
    document: &Document,
    registry: &Registry,
    directory: &FilePath,
) -> Result<WorldBuilder, Diagnostics> {
    let errors = RefCell::new(Diagnostics::default());
    let site = Site::root(document, &errors, directory);
    let world = assemble(scenario, registry, &site);
    registry.fill(scenario);
    let mut errors = errors.into_inner();
    let notes = errors.take_notes();
    match world {
        Some(mut world) => {
            notes.into_iter().for_each(|note| world.note(note));
            errors.or(world)
        }
        None => Err(errors),
    }
}

fn assemble(scenario: &mut Scenario, registry: &Registry, site: &Site<'_>) -> Option<WorldBuilder> {
    let duration = SimDuration::from_secs(scenario.duration.as_secs());
    if duration == SimDuration::ZERO {
        site.key("duration").error("a run of no duration shows nothing; it must be above 0");
    }
    if scenario.duration.as_secs() > LONGEST_RUN_S {
        site.key("duration").error("no run lasts longer than 100 000 days");
    }
    for (key, length) in [("width", scenario.area.width), ("height", scenario.area.height)] {
        if length.as_metres() == 0.0 {
            site.key("area").key(key).error("an area without extent holds nothing; it must be above 0");
        }
    }
    if scenario.warm_up.as_secs() > 0.0 && scenario.warm_up.as_secs() >= scenario.duration.as_secs() {
        site.key("warm_up").error("the warm-up must end before the run does");
    }
    let mut world = WorldBuilder::new(scenario.seed, duration);
    world.warm_up(SimDuration::from_secs(scenario.warm_up.as_secs()));
    let area = scenario.area;
    let mut directory = NodeDirectory::new(area.width.as_metres(), area.height.as_metres());
    scenario.nodes.iter_mut().for_each(NodeClassSpec::fill_defaults);
    maps::find_plane(scenario, &mut directory, site);
    if let Some(plane) = directory.maps.plane {
        world.plane(plane);
    }
    let network_site = site.key("network");
    let prepared = Prepared::new(&scenario.network, &mut scenario.nodes, &mut directory, &network_site);
    let classes = classes(scenario, registry, &mut directory, site)?;
    assets::declare(world.infrastructure(), scenario);
    let environment = radio::environment(&scenario.attachment, &site.key("attachment"));
    let cells = cells::cells(scenario, registry, site);
    let wifi = wifi::wifi(scenario, registry, site);
    let signals = Signals { environment, cells: cells.as_ref(), wifi: wifi.as_ref() };
    add_classes(&mut world, classes, scenario, signals, registry, &mut directory, site);
    let links = add_network(&mut world, scenario, &prepared, &directory, site);
    if let Some(wind) = &scenario.wind {
        vehicles::add_wind(world.infrastructure(), wind, &site.key("wind"));
    }
    energy::add_sites(world.infrastructure(), scenario, &directory, site);
    dynamics::add_perturbations(&mut world, scenario, &directory, &links, site);
    check_coverage(scenario, site);
    world.attach_by(radio::criterion(&scenario.attachment));
    if let Some(environment) = environment {
        let power_dbm = world.infrastructure().greatest_power_dbm();
        radio::check_threshold(&environment, power_dbm, &site.key("attachment").key("radio"));
        world.infrastructure().radio_environment(environment);
    }
    if let Some(mut cells) = cells {
        let (here, end) = (site.key("jammers"), world.horizon());
        cells.spec.jammers =
            jammers::jammers(&scenario.jammers, &cells.spec.carriers, end, &directory, &here);
        let height_of = |node| world.built().start_of(node).z_m;
        cells::tell_heights(scenario, &cells, &directory, height_of, site);
        world.infrastructure().cells(cells.spec);
    } else if scenario.cells.is_none() && !scenario.jammers.is_empty() {
        site.key("jammers").error_with_help(
            "the scenario has no `cells` that could be jammed",
            "add `cells`, such as { \"cells\": {} }, to the scenario",
        );
    }
    if let Some(wifi) = wifi {
        world.infrastructure().wifi(wifi.spec);
    }
    add_workloads(&mut world, scenario, registry, &directory, site);
    let offloading = &scenario.policies.offloading;
    let policy_site = site.key("policies").key("offloading");
    if let Some(policy) = registry.make_offloading(offloading, &policy_site) {
        world.boxed_offloading(offloading.kind(), policy);
    }
    if let Some(governor) = &scenario.policies.frequency {
        let site = site.key("policies").key("frequency");
        if let Some((policy, times)) = registry.make_governor(governor, &site) {
            let period = SimDuration::from_secs(times.period.as_secs());
            let times = GovernorTimes { period, on_load_change: times.on_load_change };
            world.boxed_governor(governor.kind(), policy, times);
        }
        if scenario.nodes.iter().all(|class| class.frequency.is_none()) {
            site.error_with_help(
                "there is no node whose frequency could be governed",
                "give a node class the key `frequency`, such as { \"preset\": \"xeon_e3_1220\" }",
            );
        }
    }
    let allocation = &scenario.policies.vm_allocation;
    let policy_site = site.key("policies").key("vm_allocation");
    if let Some(policy) = registry.make_vm_allocation(allocation, &policy_site) {
        world.boxed_vm_allocation(allocation.kind(), policy);
    }
    let consolidation = &scenario.policies.consolidation;
    let policy_site = site.key("policies").key("consolidation");
    if let Some(policy) = registry.make_consolidation(consolidation, &policy_site) {
        world.boxed_consolidation(consolidation.kind(), policy);
    }
    let scheduling = &scenario.policies.workflow_scheduling;
    let policy_site = site.key("policies").key("workflow_scheduling");
    if let Some(policy) = registry.make_workflow_scheduling(scheduling, &policy_site) {
        world.boxed_workflow_scheduling(scheduling.kind(), policy);
    }
    let replicas = &scenario.policies.replica_allocation;
    let policy_site = site.key("policies").key("replica_allocation");
    if let Some(policy) = registry.make_replica_allocation(replicas, &policy_site) {
        world.boxed_replica_allocation(replicas.kind(), policy);
    }
    let engagement = &scenario.policies.mission_engagement;
    let policy_site = site.key("policies").key("mission_engagement");
    if let Some(policy) = registry.make_mission_engagement(engagement, &policy_site) {
        world.boxed_mission_engagement(engagement.kind(), policy);
    }
    let queue = &scenario.policies.training_queue;
    let policy_site = site.key("policies").key("training_queue");
    if let Some(policy) = registry.make_training_queue(queue, &policy_site) {
        world.boxed_training_queue(queue.kind(), policy);
    }
    let placement = &scenario.policies.training_placement;
    let policy_site = site.key("policies").key("training_placement");
    if let Some(policy) = registry.make_training_placement(placement, &policy_site) {
        world.boxed_training_placement(placement.kind(), policy);
    }
    let scopes = &scenario.policies.resource_scope;
    let policy_site = site.key("policies").key("resource_scope");
    if let Some(policy) = registry.make_resource_scope(scopes, &policy_site) {
        world.boxed_resource_scope(scopes.kind(), policy);
    }
    if let Some(anomaly) = &scenario.policies.anomaly {
        let site = site.key("policies").key("anomaly");
        let has_cells = world.infrastructure().has_cells();
        anomaly::add_anomaly(&mut world, anomaly, has_cells, registry, &site);
    }
    let placement = &scenario.policies.service_placement;
    let policy_site = site.key("policies").key("service_placement");
    if let Some(policy) = registry.make_service_placement(placement, &policy_site, &directory) {
        world.default_service_placement(placement.kind(), policy);
    }
    if let Some(points) = &scenario.output.decisions {
        world.record_decisions(points.iter().copied());
    }
    scenario.output.fill_defaults();
    world.sample(sampling(&scenario.output.sample));
    if let Some(spec) = &scenario.output.sample.radio {
        let site = site.key("output").key("sample").key("radio");
        let has_radio = environment.is_some() || scenario.cells.is_some();
        if let Some(sampling) = radio::sampling(spec, has_radio, &directory, &site) {
            world.sample_radio(sampling);
        }
    }
    if let Some(spec) = &scenario.output.sample.telemetry {
        let site = site.key("output").key("sample").key("telemetry");
        if let Some(sampling) = vehicles::telemetry(spec, world.built(), &directory, &site) {
            world.sample_telemetry(sampling);
        }
    }
    Some(world)
}

/// What is sampled, once the defaults are filled in.
fn sampling(spec: &SampleSpec) -> Sampling {
    let usual = Sampling::default();
    Sampling {
        interval: spec
            .interval
            .map_or(usual.interval, |interval| SimDuration::from_secs(interval.as_secs())),
        tiers: spec.tiers.iter().flatten().map(|&tier| tier.into()).collect(),
        links: spec.links.unwrap_or(usual.links),
        positions: spec.positions.unwrap_or(usual.positions),
    }
}

/// Makes the movements of all classes, which also say the counts that were left open.
fn classes(
    scenario: &mut Scenario,
    registry: &Registry,
    directory: &mut NodeDirectory,
    site: &Site<'_>,
) -> Option<Vec<Class>> {
    let mut made = Vec::new();
    let mut used = BTreeSet::new();
    let mut node_names: BTreeSet<String> = BTreeSet::new();
    let mut good = true;
    for (index, spec) in scenario.nodes.iter_mut().enumerate() {
        let here = site.key("nodes").index(index);
        if !used.insert(spec.class_name().to_string()) {
            here.error_with_help(
                format!("another class has the name {:?}", spec.class_name()),
                "give each class a `name` of its own",
            );
            good = false;
        }
        if let (Some(names), Some(count)) = (&spec.node_names, spec.count)
            && names.len() != count as usize
        {
            here.key("node_names").error(format!("{} names are given for {count} nodes", names.len()));
            good = false;
        }
        if let Some(names) = &spec.node_names {
            spec.count.get_or_insert(names.len() as u32);
        }
        let kind = spec.mobility.clone().unwrap_or_else(|| MobilityKind::of_kind("static"));
        // What stands still or walks is one node if nothing else is said.
        if spec.count.is_none() && !matches!(kind.kind(), "sumo_fcd" | "sites_csv") {
            spec.count = Some(1);
        }
        if spec.class_name().is_empty() {
            here.key("name").error("a class needs a name of at least one character");
            good = false;
        }
        if let Some(count) = spec.count.filter(|&count| count > MOST_NODES) {
            here.key("count")
                .error(format!("{count} nodes are more than the {MOST_NODES} that a class may have"));
            good = false;
            continue;
        }
        let placed = directory.placed.get(spec.class_name()).cloned();
        let movement = match placed {
            Some(positions) => {
                here.check(Static::at(positions)).map(|model| Movement::Model(Box::new(model)))
            }
            None => registry.make_mobility(&kind, &here.key("mobility"), directory, spec.count),
        };
        let Some(mut movement) = movement else {
            good = false;
            continue;
        };
        let mut site_radios = Vec::new();
        if let Movement::Sites { positions, names, radios } = movement {
            spec.count = Some(names.len() as u32);
            if spec.node_names.is_none() {
                spec.node_names =
                    Some(names.iter().map(|name| format!("{}-{name}", spec.class_name())).collect());
            }
            site_radios = radios;
            let Some(model) = here.check(Static::at(positions)) else {
                good = false;
                continue;
            };
            movement = Movement::Model(Box::new(model));
        }
        if let Movement::Feed { names, .. } = &movement {
            if spec.wireless != Some(true) {
                here.key("wireless").error("nodes that come and go with a trace cannot be wired");
            }
            spec.count = Some(names.len() as u32);
            if spec.node_names.is_none() {
                spec.node_names =
                    Some(names.iter().map(|name| format!("{}-{name}", spec.class_name())).collect());
            }
        }
        let count = spec.count.unwrap_or(1);
        let mut numbered = crate::infra::NodeClass::new(spec.class_name(), spec.tier.into(), count);
        numbered.node_names = spec.node_names.clone().unwrap_or_default();
        let names: Vec<String> = (0..count).map(|number| numbered.node_name(number)).collect();
        if let Some(name) = names.iter().find(|name| node_names.contains(*name)) {
            here.error_with_help(
                format!("another node has the name {name:?}"),
                "choose names of classes and nodes such that all nodes differ",
            );
            good = false;
        }
        for (number, name) in names.iter().enumerate() {
            if !node_names.insert(name.clone()) && names[..number].contains(name) {
                here.key("node_names").error(format!("the name {name:?} is given twice"));
                good = false;
                break;
            }
        }
        made.push(Class { spec: spec.clone(), names, movement, radios: site_radios });
    }
    for (index, spec) in scenario.nodes.iter().enumerate() {
        if let Some(group) = &spec.group
            && (used.contains(group) || node_names.contains(group))
        {
            site.key("nodes").index(index).key("group").error_with_help(
                format!("a class or node has the name {group:?}, too"),
                "choose a name of its own for the group",
            );
            good = false;
        }
    }
    good.then_some(made)
}

/// How signals spread, if the scenario says.
#[derive(Clone, Copy)]
struct Signals<'a> {
    environment: Option<RadioEnvironment>,
    cells: Option<&'a cells::Cells>,
    wifi: Option<&'a wifi::Wifi>,
}

/// Adds the classes to the world.
fn add_classes(
    world: &mut WorldBuilder,
    classes: Vec<Class>,
    scenario: &Scenario,
    signals: Signals<'_>,
    registry: &Registry,
    directory: &mut NodeDirectory,
    site: &Site<'_>,
) {
    for (index, Class { spec, names, movement, radios: site_radios }) in classes.into_iter().enumerate()
    {
        let here = site.key("nodes").index(index);
        let count = names.len() as u32;
        let node_names = spec.node_names.clone().unwrap_or_default();
        let (model, streams) = (&scenario.network.model, world.streams());
        let Signals { environment, cells, wifi } = signals;
        let radios = nodes::Radios { model, streams, environment, cells, wifi };
        let mut class = nodes::node_class(&spec, count, node_names, &radios, &here, directory, registry);
        class.site_radios = site_radios;
        assets::add_offers(&mut class, &spec, world.built());
        directory.add_class(&class.name, spec.group.as_deref(), class.tier, class.wireless, names);
        if let Some(own) = &spec.vehicle {
            let here = here.key("vehicle");
            vehicles::make_vehicle(&mut class, own, directory, &here);
        }
        let is_vehicle = class.vehicle.is_some();
        let stands_still = class.access_point.is_some() && class.wifi_point.is_none();
        let is_fed = matches!(movement, Movement::Feed { .. });
        let id = match movement {
            Movement::Model(model) => world.infrastructure().class(class, model),
            Movement::Feed { feed, .. } => {
                let Some(origin) = here.check(Static::at(vec![Position::default()])) else { continue };
                let class = world.infrastructure().class(class, Box::new(origin));
                world.infrastructure().feed(class, feed);
                class
            }
            // Made a model above.
            Movement::Sites { .. } => continue,
        };
        let moves = is_fed || world.infrastructure().moves(id);
        if is_vehicle && moves {
            here.key("mobility").error_with_help(
                "vehicles stand where they start until workloads move them, but these nodes move by themselves",
                "choose the mobility \"static\", or leave out `vehicle`",
            );
        }
        if stands_still && is_vehicle {
            here.key("vehicle").error_with_help(
                "access points without modelled WiFi stand still, but vehicles move",
                "give `access_point` the key `wifi`, or leave out one of the two",
            );
        } else if stands_still && moves {
            here.key("mobility").error_with_help(
                "access points stand still, but these nodes move",
                "choose the mobility \"static\", or set `access_point` to null",
            );
        }
    }
}

/// The nodes that are access points, in order.
fn access_point_nodes<'a>(
    scenario: &'a Scenario,
    directory: &'a NodeDirectory,
) -> impl Iterator<Item = NodeId> + 'a {
    scenario
        .nodes
        .iter()
        .zip(&directory.classes)
        .filter(|(spec, _)| matches!(spec.access_point, AccessPointChoice::Yes(_)))
        .flat_map(|(_, (_, entry))| (entry.first..entry.first + entry.count).map(NodeId))
}

/// Adds links and faults; all links by name.
fn add_network(
    world: &mut WorldBuilder,
    scenario: &Scenario,
    prepared: &Prepared,
    directory: &NodeDirectory,
    site: &Site<'_>,
) -> BTreeMap<String, LinkId> {
    let network_site = site.key("network");
    let streams = world.streams();
    let infrastructure = world.infrastructure();
    let place = |node: NodeId| infrastructure.start_of(node);
    let mut linker = Linker {
        directory,
        positions: &place,
        model: scenario.network.model.clone(),
        streams,
        pool: 0,
        pool_made: false,
        told_at: None,
        told: false,
        links: Vec::new(),
        names: BTreeMap::new(),
    };
    linker.link_all(&scenario.network, prepared, streams, &network_site);
    let links = linker.links;
    let direct = direct_networks::direct_networks(&scenario.network, directory, streams, &network_site);
    let wants_none = scenario.network.topology.contains(&TopologySpec::None);
    // What has failed before would only be told again in other words.
    if site.is_clean() && !wants_none {
        direct_networks::check_connected(directory, &scenario.nodes, &links, &direct, &network_site);
    }
    let mut by_name: BTreeMap<String, LinkId> = BTreeMap::new();
    for (number, node) in access_point_nodes(scenario, directory).enumerate() {
        by_name.insert(format!("{}/radio", directory.name(node)), LinkId(number as u32));
    }
    let links_made = links.len();
    for (name, spec) in links {
        let id = world.link(name.clone(), spec);
        by_name.entry(name).or_insert(id);
    }
    let sites: Vec<NodeId> = access_point_nodes(scenario, directory).collect();
    let mut next = (sites.len() + links_made) as u32;
    for spec in direct {
        let names = match spec.scope {
            DirectScope::Everywhere => vec![spec.name.clone()],
            DirectScope::AccessPoint => {
                sites.iter().map(|&node| format!("{}/{}", directory.name(node), spec.name)).collect()
            }
        };
        for name in names {
            by_name.entry(name).or_insert(LinkId(next));
            next += 1;
        }
        world.infrastructure().direct(spec);
    }
    for (index, spec) in scenario.faults.iter().enumerate() {
        for (target, times) in
            faults::faults(spec, directory, &scenario.sites, &by_name, &site.key("faults").index(index))
        {
            world.fault(target, times);
        }
    }
    by_name
}

/// Reports devices that could never reach anything.
fn check_coverage(scenario: &Scenario, site: &Site<'_>) {
    let covered =
        scenario.nodes.iter().any(|spec| matches!(spec.access_point, AccessPointChoice::Yes(_)));
    for (index, spec) in scenario.nodes.iter().enumerate() {
        if spec.wireless == Some(true) && !covered && scenario.policies.offloading.kind() != "local_only"
        {
            site.key("nodes").index(index).error_with_help(
                format!("the nodes of {:?} are wireless, but no class has access points", spec.class_name()),
                "give a class an `access_point`, set `wireless` to false and link the nodes, or choose the \
                 offloading policy \"local_only\"",
            );
        }
    }
}

fn add_workloads(
    world: &mut WorldBuilder,
    scenario: &Scenario,
    registry: &Registry,
    directory: &NodeDirectory,
    site: &Site<'_>,
) {
    let mut names = BTreeSet::new();
    let mut hosts = BTreeMap::new();
    let mut vehicles = BTreeMap::new();
    let changing = service_needs::changing(scenario, world.built());
    let vm_hosts = hosts::named_hosts(scenario, directory);
    let placed_by_all = RefCell::default();
    let mut all_are_made = true;
    for (index, kind) in scenario.workloads.iter().enumerate() {
        let here = site.key("workloads").index(index);
        let own_placements =
            OwnPlacements { first: world.next_service_placement(), ..OwnPlacements::default() };
        let own_planes = OwnPlanes { first: world.next_control_plane(), ..OwnPlanes::default() };
        let workload_site = WorkloadSite {
            site: here.clone(),
            directory,
            nodes: &scenario.nodes,
            assets: &scenario.assets,
            changing: &changing,
            vm_hosts: &vm_hosts,
            infrastructure: world.built(),
            policies: &scenario.policies,
            policies_site: site.key("policies"),
            horizon: world.horizon(),
            streams: world.streams(),
            registry,
            own_placements: &own_placements,
            own_planes: &own_planes,
            placed_by_all: &placed_by_all,
        };
        let made = registry.make_workload(kind, &workload_site);
        for (name, policy) in own_placements.policies.take() {
            world.boxed_service_placement(name, policy);
        }
        for (name, plane) in own_planes.planes.take() {
            world.boxed_control_plane(name, plane);
        }
        all_are_made &= made.is_some();
        if let Some(workload) = made {
            if !names.insert(workload.name().to_string()) {
                here.error_with_help(
                    format!("another workload has the name {:?}", workload.name()),
                    "give each workload a `name` of its own",
                );
            }
            for node in workload.vehicles().into_iter().collect::<BTreeSet<_>>() {
                if let Some(other) = vehicles.insert(node, workload.name().to_string()) {
                    here.error_with_help(
                        format!(
                            "{:?} is a vehicle of the workload {other:?} already",
                            directory.name(node)
                        ),
                        "give each workload vehicles of its own, or put all missions into one workload",
                    );
                    break;
                }
            }
            // A node that is named twice in one workload is that workload's own affair.
            for node in workload.hosts().into_iter().collect::<BTreeSet<_>>() {
                if let Some(other) = hosts.insert(node, workload.name().to_string()) {
                    here.key("hosts").error_with_help(
                        format!("{:?} is a host of the workload {other:?} already", directory.name(node)),
                        "give each workload hosts of its own, or put all virtual machines into one workload",
                    );
                    break;
                }
            }
            world.boxed_workload(workload);
        }
    }
    let placed_by_all = placed_by_all.into_inner();
    if all_are_made && !placed_by_all.is_empty() {
        let site = site.key("policies").key("service_placement");
        check_known(&scenario.policies.service_placement, &placed_by_all, &site);
    }
}
