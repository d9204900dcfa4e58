//! What nodes and links offer, changed at run time.
//!
//! Each method is exact for what is under way: jobs go on at their new speed, transfers at their new rate. What takes
//! a node or link away counts how often it is taken, so that faults and perturbations that overlap compose: it works
//! when nobody takes it away.

use super::compute::JobClass;
use super::event::{InfraEvent, NodeChange, Notice, TransferOutcome};
use super::ids::{LinkId, NodeId};
use super::infrastructure::Infrastructure;
use super::network::Direction;
use crate::engine::{Schedule, SimDuration};

/// The slowest that a node gets, as a share of its speed.
const LEAST_SPEED: f64 = 1e-6;

/// What nodes offer, where that has been changed; empty lists if it never was.
#[derive(Debug, Default)]
pub(super) struct Offers {
    /// Speed over that of the class at the present frequency.
    speed: Vec<f64>,
    /// Cores over those of the class.
    cores: Vec<f64>,
    /// Bytes of memory and storage beyond those of the class.
    room: Vec<[f64; 2]>,
    /// Whether a host of virtual machines has fewer cores, which counts as slower ones.
    host_cores: Vec<f64>,
    pub(super) changes: u64,
}

/// The entry of a node in a list that is filled when it is first needed.
fn entry<T: Copy>(list: &mut Vec<T>, nodes: usize, node: NodeId, usual: T) -> &mut T {
    if list.is_empty() {
        list.resize(nodes, usual);
    }
    &mut list[node.index()]
}

impl Offers {
    /// Speeds by class of jobs at a node whose frequency gives it these.
    pub(super) fn slow(&self, node: NodeId, speeds: [f64; JobClass::COUNT]) -> [f64; JobClass::COUNT] {
        let of = |list: &[f64]| list.get(node.index()).copied().unwrap_or(1.0);
        let factor = of(&self.speed) * of(&self.host_cores);
        speeds.map(|speed| speed * factor)
    }
}

impl Infrastructure {
    /// Counts changes of what nodes and links offer, other than failures and repairs.
    #[must_use]
    pub fn offer_changes(&self) -> u64 {
        self.offers.changes
    }

    /// Changes the propagation delay of a link: of what is sent from now on.
    pub fn set_link_latency(&mut self, link: LinkId, latency: SimDuration) {
        self.offers.changes += 1;
        self.nearest.clear();
        self.network.change_latency(link, latency);
    }

    /// Changes the bandwidth of a link in bits a second, at least 1, and the rate of what is under way on it. Of a
    /// radio, forth is to the devices.
    pub fn set_link_bandwidth<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        link: LinkId,
        direction: Direction,
        bandwidth_bps: f64,
    ) {
        self.offers.changes += 1;
        self.network.change_bandwidth(schedule.now(), link, direction, bandwidth_bps);
        self.network.settle_changes(schedule);
        self.charge_carried(schedule);
    }

    /// The speed of a node over that which its class has at its present frequency.
    #[must_use]
    pub fn node_speed(&self, node: NodeId) -> f64 {
        self.offers.speed.get(node.index()).copied().unwrap_or(1.0)
    }

    /// Lets a node run at this factor (at least a millionth) of the speed that its frequency gives it. Its power does
    /// not follow.
    pub fn set_node_speed<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        factor: f64,
    ) {
        let own = entry(&mut self.offers.speed, self.nodes.len(), node, 1.0);
        let factor = factor.max(LEAST_SPEED);
        if std::mem::replace(own, factor) != factor {
            self.apply_speed(schedule, node);
        }
    }

    fn apply_speed<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>, node: NodeId) {
        self.offers.changes += 1;
        let steps = self.frequency_steps(node);
        let speeds =
            steps.map_or([1.0; JobClass::COUNT], |steps| steps.speeds(self.frequency_step(node)));
        let speeds = self.offers.slow(node, speeds);
        for processor in self.processors_of(node) {
            let busy = self.compute.busy_cores(processor);
            self.compute.set_speeds(schedule.now(), processor, speeds);
            self.after_change(schedule, processor, busy);
        }
        self.clock_host(schedule, node, speeds);
    }

    /// Cores that a node offers now.
    #[must_use]
    pub fn offered_cores(&self, node: NodeId) -> f64 {
        let share = self.offers.cores.get(node.index()).copied().unwrap_or(1.0);
        f64::from(self.class_of(node).cores) * share
    }

    /// Bytes of memory that a node offers now.
    #[must_use]
    pub fn offered_memory_bytes(&self, node: NodeId) -> f64 {
        let beyond = self.offers.room.get(node.index()).map_or(0.0, |room| room[0]);
        self.class_of(node).resources.memory_bytes + beyond
    }

    /// Bytes of storage that a node offers now.
    #[must_use]
    pub fn offered_storage_bytes(&self, node: NodeId) -> f64 {
        let beyond = self.offers.room.get(node.index()).map_or(0.0, |room| room[1]);
        self.class_of(node).resources.storage_bytes + beyond
    }

    /// Lets a node offer this many cores (>= 0, and any fraction), and the instances that it is divided into their share
    /// of them. Jobs that ask for more together go on, all of them slower; [deployed](Self::deploy) instances are slower
    /// only where they have more than is offered. On a host of virtual machines fewer cores count as slower
    /// ones.
    pub fn set_node_cores<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        cores: f64,
    ) {
        let of_class = f64::from(self.class_of(node).cores);
        let share = if of_class > 0.0 { cores.max(0.0) / of_class } else { 1.0 };
        let nodes = self.nodes.len();
        let own = entry(&mut self.offers.cores, nodes, node, 1.0);
        if std::mem::replace(own, share) == share {
            return;
        }
        self.offers.changes += 1;
        if self.virtual_machines.host_of_node(node).is_some() {
            *entry(&mut self.offers.host_cores, nodes, node, 1.0) = share.max(LEAST_SPEED);
            return self.apply_speed(schedule, node);
        }
        for processor in self.nodes[node.index()].processors() {
            let busy = self.compute.busy_cores(processor);
            self.compute.set_offer(schedule.now(), processor, share);
            self.after_change(schedule, processor, busy);
        }
        self.share_cores(schedule, node);
    }

    /// Lets a node offer this much memory in bytes. What is held stays held; nothing more is admitted until it fits.
    pub fn set_node_memory(&mut self, node: NodeId, bytes: f64) {
        let of_class = self.class_of(node).resources.memory_bytes;
        self.set_room(node, 0, bytes - of_class);
    }

    /// Lets a node offer this much storage in bytes, in the same way.
    pub fn set_node_storage(&mut self, node: NodeId, bytes: f64) {
        let of_class = self.class_of(node).resources.storage_bytes;
        self.set_room(node, 1, bytes - of_class);
    }

    fn set_room(&mut self, node: NodeId, which: usize, beyond_bytes: f64) {
        // What is without limit stays so.
        if !beyond_bytes.is_finite() {
            return;
        }
        let own = entry(&mut self.offers.room, self.nodes.len(), node, [0.0; 2]);
        let mut change = [0.0; 2];
        change[which] = beyond_bytes - std::mem::replace(&mut own[which], beyond_bytes);
        self.offers.changes += 1;
        let processor = self.nodes[node.index()].processor;
        self.compute.add_room(processor, change[0], change[1]);
    }

    /// Takes a node away, or gives it back: it works while nobody takes it away.
    pub(super) fn fail_node<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        node: NodeId,
        fails: bool,
    ) {
        if !count_failure(&mut self.node_failures[node.index()], fails) {
            return;
        }
        self.nodes[node.index()].up = !fails;
        self.availability_changes += 1;
        if fails {
            self.take_down(schedule, node, NodeChange::Failed);
        } else {
            self.bring_up(schedule, node, NodeChange::Repaired);
        }
    }

    /// Takes links away, or gives them back, all at once, and leads transfers around those that are gone.
    pub(super) fn fail_links<E: From<InfraEvent>>(
        &mut self,
        schedule: &mut Schedule<E>,
        changes: &[(LinkId, bool)],
    ) {
        let mut gone: smallvec::SmallVec<[LinkId; 4]> = smallvec::SmallVec::new();
        let mut changed = gone.clone();
        for &(link, fails) in changes {
            if count_failure(&mut self.link_failures[link.index()], fails) {
                self.nearest.clear();
                self.network.set_link(link, !fails);
                self.notices.push_back(Notice::LinkChanged { link, up: !fails });
                changed.push(link);
                if fails {
                    gone.push(link);
                }
            }
        }
        // Devices of a gNB whose radio has failed go to other cells, stations to other access points, and their transfers
        // with them.
        let is_modelled = self.cells.is_some() || self.wifi.is_some();
        let changed = if is_modelled { changed } else { smallvec::SmallVec::new() };
        for link in changed {
            let site = self.access_points.iter().find(|(_, radio)| *radio == link).map(|own| own.0);
            if let Some(site) = site {
                self.switch_wifi(schedule, site, TransferOutcome::LostToFault);
                self.switch_cells(schedule, site, TransferOutcome::LostToFault);
            }
        }
        if !gone.is_empty() {
            let hit = self.network.transfers_on(&gone);
            self.lead_around(schedule, &hit, TransferOutcome::LostToFault);
        }
    }
}

/// Counts overlapping failures; whether the state changes.
fn count_failure(failures: &mut u32, fails: bool) -> bool {
    if fails {
        *failures += 1;
        *failures == 1
    } else {
        *failures = failures.saturating_sub(1);
        *failures == 0
    }
}
