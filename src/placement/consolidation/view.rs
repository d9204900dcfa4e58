//! What a consolidation policy can see.

use crate::apps::{ConsolidationRequest, Copying, FutureDemand, VmHistories};
use crate::engine::{SimTime, Stream};
use crate::infra::{Fleet, HostId, NodeClass, VirtualMachines, VmId};
use crate::placement::vm_allocation::{fleet_columns, fleet_features};
use crate::placement::{SiteSignals, site_columns};
use crate::records::ColumnSpec;

/// The hosts and virtual machines as a consolidation policy sees them.
#[derive(Debug)]
pub struct ConsolidationView<'a> {
    request: &'a ConsolidationRequest<'a>,
    now: SimTime,
    machines: &'a VirtualMachines,
    classes: &'a [NodeClass],
    random: &'a mut Stream,
    sites: SiteSignals<'a>,
}

impl<'a> ConsolidationView<'a> {
    /// A view for one step.
    pub fn new(
        request: &'a ConsolidationRequest<'a>,
        now: SimTime,
        machines: &'a VirtualMachines,
        classes: &'a [NodeClass],
        random: &'a mut Stream,
    ) -> Self {
        ConsolidationView { request, now, machines, classes, random, sites: SiteSignals::default() }
    }

    /// The same view with the signals of the hosts' sites.
    #[must_use]
    pub fn at_sites(self, sites: SiteSignals<'a>) -> Self {
        ConsolidationView { sites, ..self }
    }

    /// The same view of another request at the same instant, such as one of fewer hosts.
    pub fn of_request<'b>(&'b mut self, request: &'b ConsolidationRequest<'b>) -> ConsolidationView<'b> {
        ConsolidationView {
            request,
            now: self.now,
            machines: self.machines,
            classes: self.classes,
            random: &mut *self.random,
            sites: self.sites,
        }
    }

    /// What was asked.
    #[must_use]
    pub fn request(&self) -> &'a ConsolidationRequest<'a> {
        self.request
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Seconds between steps.
    #[must_use]
    pub fn period_s(&self) -> f64 {
        self.request.period_s
    }

    /// The hosts whose virtual machines may be moved, in ascending order.
    #[must_use]
    pub fn hosts(&self) -> &'a [HostId] {
        self.request.hosts
    }

    /// The hosts' state.
    #[must_use]
    pub fn fleet(&self) -> &'a Fleet {
        self.machines.fleet()
    }

    /// The virtual machines.
    #[must_use]
    pub fn machines(&self) -> &'a VirtualMachines {
        self.machines
    }

    /// What the virtual machines wanted at the last steps, the present one being the newest.
    #[must_use]
    pub fn histories(&self) -> &'a VmHistories {
        self.request.histories
    }

    /// What the virtual machines are going to want, if the workload knows: for oracles only.
    #[must_use]
    pub fn future(&self) -> Option<&'a dyn FutureDemand> {
        self.request.future
    }

    /// How virtual machines are copied, and what that costs.
    #[must_use]
    pub fn copying(&self) -> Copying<'a> {
        self.request.copying
    }

    /// The classes of nodes, by [`ClassId`](crate::infra::ClassId).
    #[must_use]
    pub fn classes(&self) -> &'a [NodeClass] {
        self.classes
    }

    /// Prices and all else of the hosts' sites, now and later.
    #[must_use]
    pub fn sites(&self) -> SiteSignals<'a> {
        self.sites
    }

    /// The policy's own random stream.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// What is recorded of this view with the decision, in the order of [`feature_columns`]. O(hosts).
    #[must_use]
    pub fn features(&self) -> [Option<f64>; 11] {
        let [on, asleep, planned, free] = fleet_features(self.fleet(), self.hosts());
        let overloaded = self.hosts().iter().filter(|host| {
            self.fleet().requested_claim_mips()[host.index()]
                > self.fleet().capacity_mips()[host.index()]
        });
        let [price, most, carbon, dirtiest, own_w, headroom_w] =
            self.sites.features(self.fleet(), self.hosts(), self.now);
        let overloaded = Some(overloaded.count() as f64);
        [on, asleep, planned, free, overloaded, price, most, carbon, dirtiest, own_w, headroom_w]
    }
}

/// What is recorded of each consolidation.
#[must_use]
pub fn feature_columns() -> [ColumnSpec; 11] {
    let [on, asleep, planned, free] = fleet_columns();
    let overloaded =
        ColumnSpec::float("hosts_overloaded", "", "hosts of which more is wanted than they have");
    let [price, most, carbon, dirtiest, own_w, headroom_w] = site_columns();
    [on, asleep, planned, free, overloaded, price, most, carbon, dirtiest, own_w, headroom_w]
}

/// What a policy wants done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsolidationDecision {
    /// Virtual machines to move, and where to, in this order.
    pub moves: Vec<(VmId, HostId)>,
    /// Hosts to put to sleep, now or once they are empty.
    pub sleep: Vec<HostId>,
    /// Hosts to wake.
    pub wake: Vec<HostId>,
}
