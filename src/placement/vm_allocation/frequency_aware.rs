//! Placement by what the work costs at the frequency that it will run at.

use super::{AllocationView, VmAllocationDecision, VmAllocationPolicy};
use crate::infra::HostId;
use crate::units::Ratio;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which frequency step the governor of the hosts is expected to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedStep {
    /// That of the least power that keeps the service level.
    #[default]
    SlaAware,
    /// The fastest.
    Performance,
    /// The slowest.
    Powersave,
}

/// The host with room on which the virtual machine's work takes the least energy, at the step that the governor is
/// expected to take with it there: what the host draws more, over what the virtual machine gets. Work that is bound by
/// the clock goes to hosts whose fast steps are cheap, work that is not to hosts that have, and run at, cheap slow
/// ones. A host without virtual machines counts as asleep before. Hosts that would be loaded beyond a limit even at their fastest step are left to the last, the least loaded
/// of them first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrequencyAware {
    /// The step that is expected.
    pub governor: ExpectedStep,
    /// Busy share of the cores above which the governor takes a faster step, and above which a host at its fastest
    /// one counts as overcommitted.
    pub max_load: Ratio,
    /// Share of what the virtual machine asks for that the governor lets it have at least.
    pub min_share: Ratio,
}

impl Default for FrequencyAware {
    fn default() -> Self {
        FrequencyAware {
            governor: ExpectedStep::SlaAware,
            max_load: Ratio::from_fraction(0.7),
            min_share: Ratio::from_fraction(1.0),
        }
    }
}

/// What a placement on a host is compared by: whether it is overcommitted then, and its cost or else its load.
type Merit = (bool, f64);

impl FrequencyAware {
    /// The step that the governor is expected to take for what is planned for a host, with the virtual machine or
    /// without.
    fn step(&self, view: &AllocationView<'_>, host: HostId, with: bool) -> usize {
        let last = view.last_step(host);
        match self.governor {
            ExpectedStep::Performance => last,
            ExpectedStep::Powersave => 0,
            ExpectedStep::SlaAware => {
                let enough_mips =
                    self.min_share.as_fraction().min(1.0) * view.alone_mips(host, last) * (1.0 - 1e-9);
                let mut best = (f64::INFINITY, last);
                for step in 0..=last {
                    let load = view.load_at(host, step, with);
                    let serves = !with || view.alone_mips(host, step) >= enough_mips;
                    if serves && load <= self.max_load.as_fraction() {
                        let power_w = view.power_at_w(host, load, step);
                        if power_w < best.0 {
                            best = (power_w, step);
                        }
                    }
                }
                best.1
            }
        }
    }

    fn merit(&self, view: &AllocationView<'_>, host: HostId) -> Merit {
        let step = self.step(view, host, true);
        let most_load = view.load_at(host, view.last_step(host), true);
        if most_load > self.max_load.as_fraction() {
            return (true, most_load);
        }
        let after_w = view.power_at_w(host, view.load_at(host, step, true), step);
        let before_w = if view.fleet().vms()[host.index()] == 0 {
            view.class(host).power.sleep_w
        } else {
            let before = self.step(view, host, false);
            view.power_at_w(host, view.load_at(host, before, false), before)
        };
        let mips = view.alone_mips(host, step);
        // What asks for nothing is compared by power alone.
        (false, (after_w - before_w) / if mips > 0.0 { mips } else { 1.0 })
    }
}

impl VmAllocationPolicy for FrequencyAware {
    fn decide(&mut self, view: &mut AllocationView<'_>) -> VmAllocationDecision {
        let mut best: Option<(Merit, HostId)> = None;
        for &host in view.hosts() {
            let merit = self.merit(view, host);
            let is_better = best.is_none_or(|((crowded, cost), _)| {
                merit.0.cmp(&crowded).then(merit.1.total_cmp(&cost)).is_lt()
            });
            if is_better && view.fits(host) {
                best = Some((merit, host));
            }
        }
        best.map(|(_, host)| host).into()
    }
}
