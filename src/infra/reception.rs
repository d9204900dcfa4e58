//! What devices receive of access points: measurements at an interval, and looks at them.

use super::attachment::AccessPointIndex;
use super::event::InfraEvent;
use super::ids::NodeId;
use super::infrastructure::Infrastructure;
use super::radio::{RadioEnvironment, RadioSignal, SiteSignal};
use crate::engine::{Phase, Schedule, SimTime};

impl Infrastructure {
    /// How signals spread, if access points are compared by received power.
    #[must_use]
    pub fn radio_environment(&self) -> Option<&RadioEnvironment> {
        self.motion.signals().map(|signals| &signals.environment)
    }

    /// The best working access point in whose range a device is; gNBs are none, as their cells serve whom they say. About
    /// O(log n).
    #[must_use]
    pub fn best_access_point(&self, device: NodeId, now: SimTime) -> Option<NodeId> {
        let best = self.motion.best_access_point(self.motion.position(device, now))?;
        Some(self.access_points[best.0 as usize].0)
    }

    /// What a device receives of an access point, with the shadowing of its last measurement. `None` without a
    /// radio environment, of a node that is no access point, and of one that the device has not measured yet.
    #[must_use]
    pub fn received(&self, device: NodeId, site: NodeId, now: SimTime) -> Option<RadioSignal> {
        // Looking for the site takes as long as there are many, which is in vain without an environment.
        let signals = self.motion.signals()?;
        let index = self.access_points.iter().position(|(own, _)| *own == site)?;
        let place = self.motion.position(device, now);
        signals.look(device, AccessPointIndex(index as u32), place)
    }

    /// The working access points within whose range a device is, with at most `most` of them, the strongest first;
    /// none without a radio environment. O(sites).
    #[must_use]
    pub fn strongest_sites(&self, device: NodeId, now: SimTime, most: usize) -> Vec<SiteSignal> {
        let Some(signals) = self.motion.signals() else { return Vec::new() };
        let place = self.motion.position(device, now);
        let attached = self.motion.attached(device);
        let mut found: Vec<(AccessPointIndex, RadioSignal)> = (0..)
            .map(AccessPointIndex)
            .zip(&signals.sites)
            .filter(|(index, _)| {
                self.nodes[self.access_points[index.0 as usize].0.index()].is_available()
            })
            .filter_map(|(index, site)| {
                let signal = signals.look(device, index, place)?;
                (signal.distance_m <= site.range_m).then_some((index, signal))
            })
            .collect();
        found.sort_by(|(a, one), (b, other)| {
            other.received_dbm.total_cmp(&one.received_dbm).then(a.cmp(b))
        });
        found.truncate(most);
        let sites = found.into_iter().map(|(index, signal)| {
            let (site, radio) = self.access_points[index.0 as usize];
            let rate_bps = self.network.radio_rate_bps(radio, signal.received_dbm);
            SiteSignal { site, signal, rate_bps, attached: attached == Some(index) }
        });
        sites.collect()
    }

    /// Schedules the next measurements, if there are any.
    pub(super) fn schedule_radio<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        if let Some(interval) = self.motion.interval() {
            schedule.after(interval, Phase::Environment, InfraEvent::RadioDue.into());
        }
    }

    pub(super) fn on_radio_due<E: From<InfraEvent>>(&mut self, schedule: &mut Schedule<E>) {
        let nodes = &self.nodes;
        let devices: Vec<NodeId> =
            self.motion.wireless().filter(|device| nodes[device.index()].is_available()).collect();
        for device in devices {
            let change = self.motion.reattach(schedule, device);
            self.hand_over(schedule, device, change);
        }
        self.schedule_radio(schedule);
    }

    /// Tells the network what the device's signal has lost to shadowing by its last measurement.
    pub(super) fn tell_shadowing(&mut self, device: NodeId) {
        let Some(signals) = self.motion.signals() else { return };
        if let Some(index) = self.motion.attached(device) {
            let site = self.access_points[index.0 as usize].0;
            self.network.set_shadowing(device, site, signals.last_shadowing_db(device, index));
        }
    }
}
