//! What virtual machines are going to want, where that is known.

use super::config::{Demand, VmRequest};
use super::demand::Demands;
use super::workload::Vm;
use crate::apps::FutureDemand;
use crate::engine::{SimDuration, SimTime};
use crate::infra::VmId;

/// The demands to come of a workload: constants and what is on the grid, up to the end of each virtual machine. What
/// jobs and fragments are going to ask for is not told.
#[derive(Debug)]
pub(super) struct KnownDemand<'a> {
    pub(super) requests: &'a [VmRequest],
    pub(super) demands: &'a Demands,
    /// In ascending order of their ids, since that is how they come.
    pub(super) vms: &'a [Vm],
    pub(super) now: SimTime,
    pub(super) period: SimDuration,
}

impl FutureDemand for KnownDemand<'_> {
    fn demand_mips(&self, vm: VmId, steps: usize) -> Option<f64> {
        let number = self.vms.binary_search_by_key(&vm, |own| own.vm).ok()?;
        let (own, request) = (&self.vms[number], &self.requests[number]);
        let ahead = self.period.as_nanos().saturating_mul(steps as u64);
        let time = self.now + SimDuration::from_nanos(ahead);
        let end = own.started.zip(request.lifetime).map(|(started, lifetime)| started + lifetime);
        if own.ended || end.is_some_and(|end| end <= time) {
            return Some(0.0);
        }
        let share = match request.demand {
            Demand::Constant(share) => share,
            Demand::Grid { grid, row } => {
                let grid = self.demands.grids.get(usize::from(grid))?;
                f64::from(grid.share(grid.step_at(time), row as usize))
            }
            Demand::Fragments { .. } | Demand::Jobs => return None,
        };
        Some(share * request.spec.size_mips())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::virtual_machines::DemandGrid;
    use crate::infra::VmSpec;
    use crate::infra::compute::Resources;

    /// Steps of 300 s; the second one ends 700 s after it started at 100 s.
    #[test]
    fn what_is_known_is_told_up_to_the_end() {
        let step = SimDuration::from_secs(300.0);
        let grid = DemandGrid::from_rows(step, &[vec![0.1, 0.2, 0.3], vec![0.5, 0.6, 0.7]]);
        let spec = VmSpec::new(2, 500.0, Resources::default());
        let request = |demand, lifetime_s: Option<f64>| VmRequest {
            spec: spec.clone(),
            time: SimTime::ZERO,
            lifetime: lifetime_s.map(SimDuration::from_secs),
            demand,
        };
        let requests = [
            request(Demand::Grid { grid: 0, row: 0 }, None),
            request(Demand::Grid { grid: 0, row: 1 }, Some(700.0)),
            request(Demand::Constant(0.25), None),
            request(Demand::Jobs, None),
        ];
        let own = |number| Vm {
            vm: VmId(number),
            started: Some(SimTime::from_secs(100.0)),
            ended: false,
            end: None,
            fragment: 0,
            decision: None,
            is_drained: false,
            migration_cost: 0.0,
            unrecorded: None,
        };
        // Their ids have gaps: other workloads have virtual machines, too.
        let vms = [own(2), own(3), own(5), own(8)];
        let known = KnownDemand {
            requests: &requests,
            demands: &Demands { grids: vec![grid], ..Demands::default() },
            vms: &vms,
            now: SimTime::from_secs(300.0),
            period: step,
        };
        let of = |vm, steps| known.demand_mips(VmId(vm), steps).map(f64::round);
        assert_eq!([0, 1, 2, 9].map(|steps| of(2, steps)), [200.0, 300.0, 300.0, 300.0].map(Some));
        assert_eq!([0, 1, 2].map(|steps| of(3, steps)), [600.0, 700.0, 0.0].map(Some));
        assert_eq!((of(5, 1), of(8, 1), of(4, 1)), (Some(250.0), None, None));
    }
}
