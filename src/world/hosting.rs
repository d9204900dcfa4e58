//! The decision points about virtual machines: asking, checking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::{
    ConsolidationChoice, ConsolidationRequest, DecisionPoint, VmAllocationChoice, VmAllocationRequest,
};
use crate::engine::SimTime;
use crate::infra::{HostId, VmId, VmState};
use crate::placement::SiteSignals;
use crate::placement::consolidation::ConsolidationView;
use crate::placement::vm_allocation::{AllocationView, VmAllocationDecision, VmNeed, fleet_features};

/// Asks the allocation policy. A host that is none of the request's, or cannot take the virtual machine, counts
/// as refused.
pub(super) fn decide_vm_allocation(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &VmAllocationRequest<'_>,
) -> VmAllocationChoice {
    core.decisions.count();
    let machines = core.infrastructure.virtual_machines();
    let fleet = machines.fleet();
    let spec = machines.spec(request.vm);
    let features = core.decisions.enabled(DecisionPoint::VmAllocation).then(|| {
        let [on, asleep, planned, free] = fleet_features(fleet, request.hosts);
        let memory = spec.resources.memory_bytes;
        let vcpus = f64::from(spec.vcpus);
        let sites = SiteSignals::new(&core.infrastructure).features(fleet, request.hosts, now);
        let [price, most, carbon, dirtiest, own_w, headroom_w] = sites;
        let [mips, memory, vcpus] = [request.expected_mips, memory, vcpus].map(Some);
        [
            mips, memory, vcpus, on, asleep, planned, free, price, most, carbon, dirtiest, own_w,
            headroom_w,
        ]
    });
    let need = VmNeed { vm: request.vm, spec, demand_mips: request.expected_mips };
    let classes = core.infrastructure.classes();
    let random = &mut core.vm_allocation_random;
    let mut view = AllocationView::new(now, need, request.hosts, fleet, classes, random)
        .at_sites(SiteSignals::new(&core.infrastructure));
    let host = match core.vm_allocation.decide(&mut view) {
        VmAllocationDecision::Wait => None,
        VmAllocationDecision::Place(host) => {
            let known = request.hosts.binary_search(&host).is_ok();
            let good = known && fleet.admits(host, spec).is_ok();
            core.counts.refused_decisions += u64::from(!good);
            good.then_some(host)
        }
    };
    let choice = host.map(|host| fleet.nodes()[host.index()]);
    let workload = core.workload_symbols.get(usize::from(workload)).copied();
    let decision = features.map(|features| {
        let made = Made {
            time: now,
            point: DecisionPoint::VmAllocation,
            workload,
            policy: None,
            subject: u64::from(request.vm.0),
            device: None,
            choice,
        };
        core.decisions.add(made, None, Some(&features))
    });
    VmAllocationChoice { host, decision }
}

/// Asks the consolidation policy. What names no host of the request or no virtual machine that could be moved
/// is left out and counts as refused.
pub(super) fn decide_consolidation(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &ConsolidationRequest<'_>,
) -> ConsolidationChoice {
    core.decisions.count();
    let machines = core.infrastructure.virtual_machines();
    let classes = core.infrastructure.classes();
    let mut view =
        ConsolidationView::new(request, now, machines, classes, &mut core.consolidation_random)
            .at_sites(SiteSignals::new(&core.infrastructure));
    let features = core.decisions.enabled(DecisionPoint::Consolidation).then(|| view.features());
    let mut decision = core.consolidation.decide(&mut view);
    let known = |host: HostId| request.hosts.binary_search(&host).is_ok();
    let wanted = decision.moves.len() + decision.sleep.len() + decision.wake.len();
    decision.moves.retain(|&(vm, host)| {
        let exists = vm.index() < machines.len();
        known(host) && exists && machines.state(vm) == VmState::Running && !machines.is_migrating(vm)
    });
    let mut seen: Vec<VmId> = decision.moves.iter().map(|(vm, _)| *vm).collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        let mut moved = std::collections::BTreeSet::new();
        decision.moves.retain(|(vm, _)| moved.insert(*vm));
    }
    decision.sleep.retain(|&host| known(host));
    decision.wake.retain(|&host| known(host));
    let left = decision.moves.len() + decision.sleep.len() + decision.wake.len();
    core.counts.refused_decisions += (wanted - left) as u64;
    let workload = core.workload_symbols.get(usize::from(workload)).copied();
    let id = features.map(|features| {
        let made = Made {
            time: now,
            point: DecisionPoint::Consolidation,
            workload,
            policy: None,
            subject: request.step,
            device: None,
            choice: None,
        };
        core.decisions.add(made, None, Some(&features))
    });
    ConsolidationChoice {
        moves: decision.moves,
        sleep: decision.sleep,
        wake: decision.wake,
        decision: id,
    }
}
