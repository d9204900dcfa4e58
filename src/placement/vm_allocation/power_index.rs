//! Hosts of the same power model, grouped by load, so that the least rise of power is found without looking at
//! all hosts.

use super::AllocationView;
use crate::energy::NodePower;
use crate::infra::{Fleet, HostId};

/// Spans of load that a group is divided into: a hundred, so that the deciles at which measured power models bend
/// are bounds of spans.
const SPANS: usize = 100;

/// The place of hosts without virtual machines.
const EMPTY: usize = SPANS;

/// The place of hosts that are full: what wants nothing fits all the same.
const FULL: usize = SPANS + 1;

/// A rise of power in whole microwatts: differences that rounding makes must not decide.
pub(super) fn microwatts(watts: f64) -> i64 {
    (watts * 1e6).round() as i64
}

/// Hosts with the same capacity and power model.
#[derive(Clone, Debug)]
struct Group {
    capacity_mips: f64,
    class: usize,
    /// Power at the bounds of the spans.
    edges_w: Vec<f64>,
    /// Whether power is linear between the bounds.
    is_linear: bool,
    /// The hosts of each span in ascending order.
    spans: Vec<Vec<HostId>>,
}

impl Group {
    fn new(fleet: &Fleet, host: HostId, power: &NodePower) -> Self {
        let at = |place: f64| power.planned_w(place / SPANS as f64);
        let edges_w: Vec<f64> = (0..=SPANS).map(|edge| at(edge as f64)).collect();
        let is_linear = edges_w.windows(2).zip(0..).all(|(edge, span)| {
            let middle = at(f64::from(span) + 0.5);
            (middle - 0.5 * (edge[0] + edge[1])).abs() <= 1e-9 * middle.abs().max(1.0)
        });
        Group {
            capacity_mips: fleet.fastest_capacity_mips(host),
            class: fleet.classes()[host.index()].index(),
            edges_w,
            is_linear,
            spans: vec![Vec::new(); SPANS + 2],
        }
    }

    /// Bounds in microwatts of the rise that a further load of `share` makes at any load of a span. If power is
    /// linear in each span they are attained, but for rounding.
    fn rise(&self, span: usize, share: f64, power: &NodePower) -> (i64, i64) {
        let width = 1.0 / SPANS as f64;
        let (low, high) = (span as f64 * width, (span + 1) as f64 * width);
        if !self.is_linear {
            // Power never falls with load.
            let least = power.planned_w(low + share) - self.edges_w[span + 1];
            return (microwatts(least) - 1, i64::MAX);
        }
        let before = |load: f64| {
            let part = (load - low) / width;
            self.edges_w[span] + (self.edges_w[span + 1] - self.edges_w[span]) * part
        };
        let rise = |load: f64| power.planned_w(load + share) - before(load);
        // Within the span, the load that is reached passes the bound of a span at most twice.
        let (mut least, mut most) = (rise(low), rise(low));
        let first = ((low + share) / width).ceil() * width;
        for load in [high, first - share, first + width - share] {
            if (low..=high).contains(&load) {
                let rise = rise(load);
                (least, most) = (least.min(rise), most.max(rise));
            }
        }
        let error = 1e-9 * self.edges_w[SPANS].abs().max(1.0);
        (microwatts(least - error), microwatts(most + error))
    }
}

/// The groups, and where each host is in them.
#[derive(Clone, Debug, Default)]
pub(super) struct PowerIndex {
    groups: Vec<Group>,
    /// Group and span of each host that is in the index.
    places: Vec<Option<(u32, u32)>>,
    /// The hosts that the index is of.
    hosts: Vec<HostId>,
    seen: Option<u64>,
}

impl PowerIndex {
    pub(super) fn clear(&mut self) {
        self.seen = None;
    }

    /// The span of a host by its load.
    fn span(fleet: &Fleet, host: HostId) -> usize {
        if fleet.vms()[host.index()] == 0 {
            return EMPTY;
        }
        let span = (fleet.fastest_utilisation(host) * SPANS as f64).floor();
        if span >= SPANS as f64 { FULL } else { span.max(0.0) as usize }
    }

    fn rebuild(&mut self, view: &AllocationView<'_>) {
        let fleet = view.fleet();
        self.groups.clear();
        self.places.clear();
        self.places.resize(fleet.len(), None);
        for &host in view.hosts() {
            let class = fleet.classes()[host.index()].index();
            let known = self.groups.iter().position(|group| {
                group.class == class && group.capacity_mips == fleet.fastest_capacity_mips(host)
            });
            let group = known.unwrap_or_else(|| {
                self.groups.push(Group::new(fleet, host, &view.classes()[class].power));
                self.groups.len() - 1
            });
            let span = Self::span(fleet, host);
            self.groups[group].spans[span].push(host);
            self.places[host.index()] = Some((group as u32, span as u32));
        }
        self.hosts.clear();
        self.hosts.extend_from_slice(view.hosts());
    }

    /// Brings the index up to date with the view.
    fn refresh(&mut self, view: &AllocationView<'_>) {
        let fleet = view.fleet();
        let changed = self
            .seen
            .filter(|_| self.places.len() == fleet.len() && self.hosts == view.hosts())
            .and_then(|seen| fleet.changed_since(seen));
        match changed {
            None => self.rebuild(view),
            Some(changed) => {
                for &host in changed {
                    let Some((group, span)) = self.places[host.index()] else { continue };
                    let now = Self::span(fleet, host);
                    if now == span as usize {
                        continue;
                    }
                    let spans = &mut self.groups[group as usize].spans;
                    if let Ok(at) = spans[span as usize].binary_search(&host) {
                        spans[span as usize].remove(at);
                    }
                    if let Err(at) = spans[now].binary_search(&host) {
                        spans[now].insert(at, host);
                    }
                    self.places[host.index()] = Some((group, now as u32));
                }
            }
        }
        self.seen = Some(fleet.changes());
    }

    /// The host with room whose power rises least, in whole microwatts; the first among equals.
    pub(super) fn least_increase(&mut self, view: &mut AllocationView<'_>) -> Option<HostId> {
        self.refresh(view);
        let demand = view.need().demand_mips;
        let mut best: Option<(i64, HostId)> = None;
        for group in &self.groups {
            let power = &view.classes()[group.class].power;
            let share = demand / group.capacity_mips;
            for (span, hosts) in group.spans.iter().enumerate() {
                if hosts.is_empty() {
                    continue;
                }
                let (least, most) = if span == EMPTY {
                    let rise = microwatts(power.planned_w(demand / group.capacity_mips) - power.sleep_w);
                    (rise, rise)
                } else if span.min(SPANS) as f64 / SPANS as f64 + share > 1.0 + 1e-9 {
                    continue;
                } else if span == FULL {
                    (-1, i64::MAX)
                } else {
                    group.rise(span, share, power)
                };
                for &host in hosts {
                    // Nothing that follows in this span can be better than the best.
                    if best.is_some_and(|best| (least, host) >= best) {
                        break;
                    }
                    if !view.fits(host) {
                        continue;
                    }
                    let candidate = (microwatts(view.power_increase_w(host)), host);
                    if best.is_none_or(|best| candidate < best) {
                        best = Some(candidate);
                    }
                    if least == most {
                        break;
                    }
                }
            }
        }
        best.map(|(_, host)| host)
    }
}
