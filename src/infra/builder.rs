//! Building an infrastructure from classes, links and faults.

use super::accelerators::Accelerators;
use super::applications::Applications;
use super::assets::{AssetId, AssetOffers, AssetSpec, Catalogue};
use super::attachment::{AccessPoint, AccessPointIndex, AccessPoints, AttachmentError, Criterion};
use super::batteries::BatteryState;
use super::cells::{Cells, CellsError, CellularSpec};
use super::compute::{Compute, Refusal};
use super::deployments::Deployments;
use super::dynamics::{Dynamics, PerturbationError, PerturbationSpec};
use super::edgecloudsim::{UpdateScope, Updates};
use super::faults::{FaultProcess, FaultTarget, FaultTimes, Reliability};
use super::feed::{FeedState, PositionFeed};
use super::geometry::Position;
use super::ids::{ClassId, LinkId, NodeId, ProcessorId, SiteId};
use super::infrastructure::Infrastructure;
use super::meter::{Meter, TierLoad};
use super::mobility::MobilityModel;
use super::motion::{Motion, Placement};
use super::network::{DirectScope, DirectSpec, LinkSpec, Network};
use super::network_energy::NetworkMeter;
use super::node::{Node, NodeClass};
use super::offers::Offers;
use super::predicted::PredictedLoads;
use super::radio::{RadioEnvironment, RadioError, SendingSite, Signals};
use super::sites::{NodeAccount, SiteState};
use super::vehicles::{Vehicles, Wind, WindSpec};
use super::wifi::{Wifi, WifiError, WifiSpec};
use crate::energy::{Signal, SiteAccount, SiteError, SiteSpec};
use crate::engine::{RandomStreams, SimTime};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What makes no infrastructure.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InfraError {
    /// Instances that ask for more than their nodes have.
    #[error("class {class}: instance {instance} does not fit on its node: not enough {short:?}")]
    Instances {
        /// The class.
        class: String,
        /// The number of the first instance that does not fit.
        instance: u32,
        /// What is short.
        short: Refusal,
    },
    /// A site that makes no sense.
    #[error("site {site}: {source}")]
    Site {
        /// The site.
        site: String,
        /// What is wrong with it.
        source: SiteError,
    },
    /// A perturbation of what is not there.
    #[error(transparent)]
    Perturbation(#[from] PerturbationError),
    /// A radio environment that makes no sense.
    #[error(transparent)]
    Radio(#[from] RadioError),
    /// 5G cells that make no sense.
    #[error(transparent)]
    Cells(#[from] CellsError),
    /// WiFi that makes no sense.
    #[error("WiFi: {0}")]
    Wifi(#[from] WifiError),
    /// WiFi beside a radio environment, which would serve the same access points.
    #[error("WiFi has a path loss of its own, and cannot stand beside a radio environment")]
    WifiInRadioEnvironment,
    /// Access points or their criterion are out of range.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
}

/// Collects the parts of an [`Infrastructure`].
#[derive(Debug)]
pub struct InfraBuilder {
    streams: RandomStreams,
    classes: Vec<NodeClass>,
    models: Vec<Box<dyn MobilityModel>>,
    placements: Vec<Placement>,
    first_nodes: Vec<u32>,
    nodes: u32,
    links: Vec<(String, LinkSpec)>,
    directs: Vec<DirectSpec>,
    radios: u32,
    faults: Vec<(FaultTarget, FaultTimes)>,
    feeds: Vec<(ClassId, Box<dyn PositionFeed>)>,
    criterion: Criterion,
    radio: Option<RadioEnvironment>,
    sites: Vec<(SiteSpec, Vec<NodeId>)>,
    signals: BTreeMap<String, Arc<Signal>>,
    perturbations: Vec<PerturbationSpec>,
    assets: Catalogue,
    cells: Option<CellularSpec>,
    wind: WindSpec,
    wifi: Option<WifiSpec>,
}

/// Transmit power and gain of the antenna of a site in dBm.
fn site_power_dbm(spec: &super::AccessPointSpec, own: super::SiteRadio) -> f64 {
    own.transmit_power_dbm.unwrap_or(spec.transmit_power_dbm)
        + own.antenna_gain_db.unwrap_or(spec.antenna_gain_db)
}

impl InfraBuilder {
    /// An empty infrastructure, whose chance comes from these streams.
    #[must_use]
    pub fn new(streams: RandomStreams) -> Self {
        InfraBuilder {
            streams,
            classes: Vec::new(),
            models: Vec::new(),
            placements: Vec::new(),
            first_nodes: Vec::new(),
            nodes: 0,
            links: Vec::new(),
            directs: Vec::new(),
            radios: 0,
            faults: Vec::new(),
            feeds: Vec::new(),
            criterion: Criterion::Distance { hysteresis_ratio: 0.0 },
            radio: None,
            sites: Vec::new(),
            signals: BTreeMap::new(),
            perturbations: Vec::new(),
            assets: Catalogue::default(),
            cells: None,
            wind: WindSpec::default(),
            wifi: None,
        }
    }

    /// Adds the nodes of a class, which are placed and moved by `mobility`. All classes of access points must
    /// come before the first link is named.
    pub fn class(&mut self, class: NodeClass, mut mobility: Box<dyn MobilityModel>) -> ClassId {
        let id = ClassId(self.classes.len() as u32);
        self.first_nodes.push(self.nodes);
        // By class and number, so that another class does not shift this one's movements.
        let stream = format!("mobility/{}", class.name);
        for number in 0..class.count {
            let random = self.streams.entity(&stream, u64::from(number));
            let node = NodeId(self.nodes + number);
            self.placements.push(Placement::new(
                node,
                id,
                number,
                class.wireless,
                random,
                &mut *mobility,
            ));
        }
        self.nodes += class.count;
        if class.access_point.is_some() {
            self.radios += class.count;
        }
        self.classes.push(class);
        self.models.push(mobility);
        id
    }

    /// Where a node starts.
    #[must_use]
    pub fn start_of(&self, node: NodeId) -> Position {
        self.placements.get(node.index()).map_or(Position::default(), |placement| placement.leg.from)
    }

    /// Whether any node of a class moves.
    #[must_use]
    pub fn moves(&self, class: ClassId) -> bool {
        self.nodes_of(class).any(|node| {
            let leg = self.placements[node.index()].leg;
            leg.from != leg.to || leg.arrive < SimTime::MAX
        })
    }

    /// The classes so far.
    #[must_use]
    pub fn classes(&self) -> &[NodeClass] {
        &self.classes
    }

    /// The nodes of a class.
    pub fn nodes_of(&self, class: ClassId) -> impl Iterator<Item = NodeId> + use<> {
        let first = self.first_nodes[class.index()];
        (first..first + self.classes[class.index()].count).map(NodeId)
    }

    /// Adds a link and returns the id it will have.
    pub fn link(&mut self, name: impl Into<String>, spec: LinkSpec) -> LinkId {
        self.links.push((name.into(), spec));
        // Radios come first, in the order of their nodes.
        LinkId(self.radios + self.links.len() as u32 - 1)
    }

    /// The links between two nodes so far, each with its id.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &LinkSpec)> {
        (self.radios..).map(LinkId).zip(self.links.iter().map(|(_, spec)| spec))
    }

    /// Adds a network that leads from devices to nodes directly.
    pub fn direct(&mut self, spec: DirectSpec) {
        self.directs.push(spec);
    }

    /// Adds the faults of a node or link.
    pub fn fault(&mut self, target: FaultTarget, times: FaultTimes) {
        self.faults.push((target, times));
    }

    /// The greatest power of an access point in dBm, gain of its antenna included; `None` if there is none.
    pub(crate) fn greatest_power_dbm(&self) -> Option<f64> {
        let with_points =
            self.classes.iter().filter_map(|class| Some((class, class.access_point.as_ref()?)));
        let powers = with_points.flat_map(|(class, spec)| {
            (0..class.count as usize).map(move |number| {
                site_power_dbm(spec, class.site_radios.get(number).copied().unwrap_or_default())
            })
        });
        powers.reduce(f64::max)
    }

    /// Feeds the positions of a class from outside: its devices appear and vanish as the feed says.
    pub fn feed(&mut self, class: ClassId, source: Box<dyn PositionFeed>) {
        self.feeds.push((class, source));
    }

    /// The class of a node; `None` if there is no such node.
    #[must_use]
    pub fn class_of(&self, node: NodeId) -> Option<&NodeClass> {
        let class = self.first_nodes.partition_point(|&first| first <= node.0).checked_sub(1)?;
        (node.0 < self.nodes).then(|| self.classes.get(class)).flatten()
    }

    /// Adds an asset of the user's own, for nodes to offer and services to need.
    pub fn asset(&mut self, spec: AssetSpec) -> AssetId {
        self.assets.add(spec)
    }

    /// All assets so far.
    #[must_use]
    pub fn assets(&self) -> &Catalogue {
        &self.assets
    }

    /// Adds a signal for whoever asks for it by name.
    pub fn signal(&mut self, name: impl Into<String>, signal: Arc<Signal>) {
        self.signals.insert(name.into(), signal);
    }

    /// The sites so far, with their nodes.
    pub fn sites(&self) -> impl Iterator<Item = (&SiteSpec, &[NodeId])> {
        self.sites.iter().map(|(spec, nodes)| (spec, nodes.as_slice()))
    }

    /// Accounts for the energy of these nodes as that of a site. A node that is named again is at the later site.
    pub fn site(&mut self, spec: SiteSpec, nodes: Vec<NodeId>) -> SiteId {
        for (_, others) in &mut self.sites {
            others.retain(|node| !nodes.contains(node));
        }
        self.sites.push((spec, nodes));
        SiteId(self.sites.len() as u32 - 1)
    }

    /// Adds what changes nodes or links as time goes on.
    pub fn perturb(&mut self, spec: PerturbationSpec) {
        self.perturbations.push(spec);
    }

    /// Whether latencies stay as they are, and no networks lead past the access points.
    pub(crate) fn has_fixed_latencies(&self) -> bool {
        self.perturbations.is_empty() && self.directs.is_empty()
    }

    /// By which rule devices choose their access points.
    pub fn attach_by(&mut self, criterion: Criterion) {
        self.criterion = criterion;
    }

    /// Lets devices choose their access points by what they receive of them, rather than by a criterion.
    pub fn radio_environment(&mut self, environment: RadioEnvironment) {
        self.radio = Some(environment);
        self.criterion = Criterion::Signal {
            path_loss_exponent: environment.path_loss.exponent,
            hysteresis_db: environment.hysteresis_db,
        };
    }

    /// The wind over all vehicles.
    pub fn wind(&mut self, wind: WindSpec) {
        self.wind = wind;
    }

    /// Whether there are 5G cells.
    #[must_use]
    pub fn has_cells(&self) -> bool {
        self.cells.is_some()
    }

    /// Serves devices by 5G cells: those of the classes that are gNBs.
    pub fn cells(&mut self, spec: CellularSpec) {
        self.cells = Some(spec);
    }

    /// Models the WiFi of the access points whose classes say so, and of the stations around them.
    pub fn wifi(&mut self, spec: WifiSpec) {
        self.wifi = Some(spec);
    }

    /// Builds it all.
    ///
    /// # Errors
    /// If instances do not fit on their nodes, or access points are out of range.
    pub fn build(self) -> Result<Infrastructure, InfraError> {
        let mut compute = Compute::default();
        let (mut predicted, mut updates) = (PredictedLoads::default(), Updates::default());
        let mut class_datacenter = 0;
        let mut accelerators = Accelerators::default();
        let mut network = Network::default();
        let mut nodes = Vec::with_capacity(self.nodes as usize);
        let mut meters = Vec::with_capacity(self.nodes as usize);
        let mut batteries = Vec::with_capacity(self.nodes as usize);
        let mut tier_loads = [TierLoad::default(); 5];
        let mut by_tier: [Vec<NodeId>; 5] = Default::default();
        let mut tier_is_wired = [true; 5];
        let fed: Vec<ClassId> = self.feeds.iter().map(|(class, _)| *class).collect();
        for (class_id, class) in (0..).map(ClassId).zip(&self.classes) {
            for number in 0..class.count {
                let id = NodeId(nodes.len() as u32);
                let (cores, mips) = (f64::from(class.cores), class.mips_per_core);
                let resources = class.resources.clone();
                let processor = compute.add_processor(id, cores, mips, class.discipline, resources);
                accelerators.add_node(id, &class.accelerators);
                let instances = class.instances.as_ref();
                let datacenter = class.updates.map(|scope| match scope {
                    UpdateScope::Class if number > 0 => class_datacenter,
                    _ => updates.add(),
                });
                class_datacenter = datacenter.unwrap_or(0);
                predicted.add_processor(class.tier, instances.is_none());
                updates.add_processor(datacenter);
                for instance in 0..instances.map_or(0, |spec| spec.count) {
                    let Some(spec) = instances else { break };
                    compute
                        .add_instance(
                            SimTime::ZERO,
                            processor,
                            spec.cores,
                            spec.discipline,
                            &spec.resources,
                        )
                        .map_err(|short| InfraError::Instances {
                            class: class.name.clone(),
                            instance,
                            short,
                        })?;
                    predicted.add_processor(class.tier, true);
                    updates.add_processor(datacenter);
                }
                if let Some(steps) = &class.frequency {
                    for own in (processor.0..compute.len() as u32).map(ProcessorId) {
                        compute.set_speeds(SimTime::ZERO, own, steps.speeds(steps.initial()));
                    }
                }
                let load = &mut tier_loads[class.tier as usize];
                load.nodes += 1;
                load.cores += cores;
                tier_is_wired[class.tier as usize] &= !class.wireless;
                if class.cores > 0 {
                    by_tier[class.tier as usize].push(id);
                }
                if !class.wireless {
                    network.add_node(id);
                }
                // The power at which it starts is set with its state.
                meters.push(Meter::new(0.0));
                batteries.push(class.battery.as_ref().map(|spec| {
                    let mut random = self.streams.entity("battery", u64::from(id.0));
                    BatteryState::new(spec, &mut random)
                }));
                nodes.push(Node {
                    class: class_id,
                    number,
                    processor,
                    instances: instances.map_or(0, |spec| spec.count),
                    frequency_step: class.frequency.as_ref().map_or(0, |steps| steps.initial() as u8),
                    wanted_step: class.frequency.as_ref().map_or(0, |steps| steps.initial() as u8),
                    tier: class.tier,
                    up: true,
                    powered: true,
                    present: !fed.contains(&class_id),
                });
            }
        }
        let mut node_accounts = Vec::new();
        let mut sites = Vec::new();
        for (site, (spec, own)) in (0..).map(SiteId).zip(self.sites) {
            node_accounts.resize(nodes.len(), None);
            for node in &own {
                node_accounts[node.index()] = Some(NodeAccount::new(site));
            }
            let name = spec.name.clone();
            let account =
                SiteAccount::new(spec).map_err(|source| InfraError::Site { site: name, source })?;
            sites.push(SiteState::new(account, own));
        }
        let no_access_points = AccessPoints::new(&[], self.criterion)?;
        let mut placements = self.placements;
        let mut vehicles = Vehicles::new(Wind::new(self.wind, self.streams.stream("wind")));
        for (index, (node, placement)) in nodes.iter().zip(&mut placements).enumerate() {
            let Some(spec) = &self.classes[node.class.index()].vehicle else { continue };
            // Its mobility says where it stands; what moves it are commands.
            let place = placement.leg.from;
            placement.stand_as_vehicle();
            let home = spec.homes.get(node.number as usize).copied().unwrap_or(place);
            vehicles.add(NodeId(index as u32), nodes.len(), place, home);
        }
        let mut motion = Motion::new(self.models, placements, no_access_points);
        let mut link_names = Vec::new();
        if let Some(environment) = &self.radio {
            environment.check()?;
            network.set_path_loss(environment.path_loss);
        }
        let start = |node| motion.position(node, SimTime::ZERO);
        let cells = match self.cells {
            Some(spec) if self.radio.is_none() => {
                Some(Box::new(Cells::new(spec, &self.classes, &nodes, start, self.streams)?))
            }
            Some(_) => return Err(CellsError::RadioEnvironment.into()),
            None => None,
        };
        let start = |node| motion.position(node, SimTime::ZERO);
        let mut wifi = match self.wifi {
            Some(_) if self.radio.is_some() => return Err(InfraError::WifiInRadioEnvironment),
            Some(spec) => Some(Box::new(Wifi::new(spec, &self.classes, &nodes, start)?)),
            None => None,
        };
        let (mut access_points, mut points, mut senders) = (Vec::new(), Vec::new(), Vec::new());
        let mut out_of_reach = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let class = &self.classes[node.class.index()];
            if let Some(spec) = &class.access_point {
                let id = NodeId(index as u32);
                let is_wifi = wifi.is_some() && class.wifi_point.is_some();
                let radio = match (&cells, &wifi) {
                    (Some(cells), _) if class.gnb.is_some() => {
                        cells.add_radio(&mut network, id, &spec.radio)
                    }
                    (_, Some(wifi)) if is_wifi => wifi.add_radio(&mut network, id, &spec.radio),
                    _ => network.add_radio(id, &spec.radio),
                };
                access_points.push((id, radio));
                link_names.push(format!("{}/radio", class.node_name(node.number)));
                let own = class.site_radios.get(node.number as usize).copied().unwrap_or_default();
                let power_dbm = site_power_dbm(spec, own);
                let range_m = own.range_m.or(spec.range_m);
                let position = motion.position(id, SimTime::ZERO);
                let reach_m = self.radio.map(|environment| environment.reach_m(power_dbm));
                if reach_m == Some(None) || (cells.is_some() && class.gnb.is_some()) || is_wifi {
                    out_of_reach.push(AccessPointIndex(points.len() as u32));
                }
                senders.push(SendingSite {
                    position,
                    power_dbm,
                    range_m: range_m.unwrap_or(f64::INFINITY),
                });
                network.set_power(id, power_dbm);
                points.push(AccessPoint {
                    position,
                    range_m: range_m.into_iter().chain(reach_m.flatten()).reduce(f64::min),
                    transmit_power_dbm: power_dbm,
                });
            }
        }
        let mut points = AccessPoints::new(&points, self.criterion)?;
        out_of_reach.into_iter().for_each(|index| points.put_out_of_reach(index));
        if self.radio.is_some() {
            points.compare_beyond(1.0);
        }
        motion.set_access_points(points);
        if let Some(cells) = &cells {
            for &device in cells.devices() {
                motion.obey_cells(device, cells.spec.handover.falls_back);
            }
            cells.give_own_channels(&mut network, &access_points);
        }
        if let Some(wifi) = &mut wifi {
            for station in (0..wifi.stations()).map(|number| wifi.node(number)) {
                let has_cells = cells.as_ref().and_then(|cells| cells.number(station)).is_some();
                if !has_cells {
                    motion.obey_cells(station, true);
                }
            }
            wifi.give_own_channels(&mut network, &access_points);
        }
        if let Some(environment) = self.radio {
            motion.set_signals(Signals::new(environment, senders, self.streams));
        }
        for (name, spec) in self.links {
            network.add_link(&spec);
            link_names.push(name);
        }
        let stations: Vec<NodeId> = access_points.iter().map(|(node, _)| *node).collect();
        for spec in &self.directs {
            let made = network.add_direct(spec, &stations).len();
            link_names.extend((0..made).map(|number| match spec.scope {
                DirectScope::Everywhere => spec.name.clone(),
                DirectScope::AccessPoint => {
                    let node: &Node = &nodes[stations[number].index()];
                    format!("{}/{}", self.classes[node.class.index()].node_name(node.number), spec.name)
                }
            }));
        }
        for &site in &stations {
            network.set_leg(site, motion.leg(site));
        }
        network.prepare();
        let network_energy = NetworkMeter::new(&self.classes, &access_points, &nodes);
        if self.classes.iter().any(|class| class.interface.draws_energy()) {
            network.note_what_is_carried();
        }
        let mut reliability = BTreeMap::<NodeId, Reliability>::new();
        for (target, times) in &self.faults {
            if let (FaultTarget::Node(node), FaultTimes::Drawn { time_to_failure_s, time_to_repair_s }) =
                (target, times)
            {
                let own = reliability.entry(*node).or_default();
                *own = own.and_fails(time_to_failure_s.mean(), time_to_repair_s.mean());
            }
        }
        let faults = (0..).zip(self.faults).map(|(index, (target, times))| {
            FaultProcess::new(target, times, self.streams.entity("faults", index))
        });
        let first_nodes = &self.first_nodes;
        let feeds = self.feeds.into_iter().map(|(class, source)| {
            let count = self.classes[class.index()].count;
            FeedState::new(source, first_nodes[class.index()], count)
        });
        let mut infrastructure = Infrastructure {
            processor_due: vec![None; compute.len()],
            node_failures: vec![0; nodes.len()],
            availability_changes: 0,
            link_failures: vec![0; link_names.len()],
            faults: faults.collect(),
            reliability,
            feeds: feeds.collect(),
            feeds_end: None,
            assets: AssetOffers::new(self.assets, &self.classes),
            applications: Applications::default(),
            classes: self.classes,
            nodes,
            compute,
            accelerators,
            predicted,
            updates,
            network,
            virtual_machines: super::virtual_machines::VirtualMachines::default(),
            motion,
            meters,
            batteries,
            network_energy,
            tier_loads,
            by_tier,
            tier_is_wired,
            access_points,
            link_names,
            notices: std::collections::VecDeque::new(),
            failure: None,
            nearest: rustc_hash::FxHashMap::default(),
            load_changes: None,
            watches_movements: false,
            sites,
            signals: self.signals,
            node_accounts,
            offers: Offers::default(),
            optical: super::optical::OpticalLayers::default(),
            deployments: Deployments::default(),
            dynamics: None,
            cells,
            vehicles,
            wifi,
        };
        if !self.perturbations.is_empty() {
            let dynamics = Dynamics::new(self.perturbations, &infrastructure, self.streams)?;
            infrastructure.dynamics = Some(Box::new(dynamics));
        }
        Ok(infrastructure)
    }
}
