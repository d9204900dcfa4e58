//! Virtual machines as CloudSim 3.0.3 runs them: from the format to the workload.

use super::WorkloadSite;
use crate::apps::Workload;
use crate::apps::virtual_machines::cloudsim::{
    CloudSimWorkload, DemandGrid, Fleet, FleetSpec, HostKind, Management, OverloadDetector, Quirks,
    VmKind, VmSelection,
};
use crate::engine::Distribution;
use crate::infra::NodeId;
use crate::scenario::format::{
    CloudSimHosts, CloudSimManagement, CloudSimOverload, CloudSimSpec, CloudSimTrace, HostOrder,
    OverloadName, QuirkName, SelectionName,
};
use crate::scenario::import::read_planetlab;
use crate::scenario::{BuildWorkload, Site};
use rand::RngExt;
use std::f64::consts::TAU;

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// Most samples of a trace that is made.
const MOST_SAMPLES: f64 = 1e6;

fn host_kind(
    spec: &CloudSimHosts,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> Option<(HostKind, Vec<NodeId>)> {
    let classes = here.nodes.iter();
    let Some(class) = classes.clone().find(|class| class.class_name() == spec.class) else {
        site.key("class").unknown("node class", &spec.class, classes.map(|class| class.class_name()));
        return None;
    };
    let nodes = here.directory.class(&spec.class)?;
    let power = class.power.map_or((0.0, 0.0), |power| (power.idle.as_watts(), power.busy.as_watts()));
    let power_w = std::array::from_fn(|decile| match &spec.power {
        Some(points) => points.get(decile).map_or(0.0, |point| point.as_watts()),
        None => power.0 + (power.1 - power.0) * decile as f64 / 10.0,
    });
    let kind = HostKind {
        name: spec.class.clone(),
        cores: class.cores.unwrap_or_default(),
        mips_per_core: class.mips_per_core.map_or(0.0, |speed| speed.as_mips()),
        memory_mb: class.memory.map_or(0.0, |memory| memory.as_bytes() / 1e6),
        bandwidth_kbps: spec.bandwidth.as_bps() / 1e3,
        power_w,
    };
    Some((kind, (nodes.first..nodes.first + nodes.count).map(NodeId).collect()))
}

/// The hosts as numbers of their kinds, and their nodes.
fn numbered(classes: &[Vec<NodeId>], order: HostOrder) -> (Vec<u16>, Vec<NodeId>) {
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (kind, nodes) in classes.iter().enumerate() {
        places.extend((0..nodes.len()).map(|number| (kind, number)));
    }
    if order == HostOrder::Alternate {
        places.sort_by_key(|&(kind, number)| (number, kind));
    }
    places.into_iter().map(|(kind, number)| (kind as u16, classes[kind][number])).unzip()
}

fn quirks(repairs: &[QuirkName]) -> Quirks {
    let mut quirks = Quirks::CLOUDSIM_3_0_3;
    for repair in repairs {
        let quirk = match repair {
            QuirkName::IdleIsFinished => &mut quirks.idle_is_finished,
            QuirkName::MemoryIsFree => &mut quirks.memory_is_free,
            QuirkName::TargetsAreEvacuated => &mut quirks.targets_are_evacuated,
            QuirkName::PowerFromLastMeasurement => &mut quirks.power_from_last_measurement,
            QuirkName::WakingIsFree => &mut quirks.waking_is_free,
            QuirkName::RegressionIsUnweighted => &mut quirks.regression_is_unweighted,
            QuirkName::EndsAreCut => &mut quirks.ends_are_cut,
            QuirkName::FailedEvacuationBars => &mut quirks.failed_evacuation_bars,
            QuirkName::SumsFollowHashTable => &mut quirks.sums_follow_hash_table,
        };
        *quirk = false;
    }
    quirks
}

fn overload(spec: &CloudSimOverload, site: &Site<'_>) -> OverloadDetector {
    let is_threshold = matches!(spec.kind, OverloadName::Threshold | OverloadName::Thr);
    if is_threshold && spec.safety.is_some() {
        site.key("safety").error_with_help(
            "a threshold has no safety factor",
            "set `utilisation` instead, or choose another `kind`",
        );
    }
    if !is_threshold && spec.utilisation.is_some() {
        site.key("utilisation").error_with_help(
            "only a threshold has a utilisation",
            "set `safety` instead, or choose the `kind` \"threshold\"",
        );
    }
    let safety = |default: f64| spec.safety.unwrap_or(default);
    match spec.kind {
        OverloadName::Threshold | OverloadName::Thr => {
            let utilisation = spec.utilisation.map_or(0.8, |share| share.as_fraction());
            OverloadDetector::Threshold { utilisation }
        }
        OverloadName::InterquartileRange | OverloadName::Iqr => {
            OverloadDetector::InterquartileRange { safety: safety(1.5) }
        }
        OverloadName::MedianAbsoluteDeviation | OverloadName::Mad => {
            OverloadDetector::MedianAbsoluteDeviation { safety: safety(2.5) }
        }
        OverloadName::LocalRegression | OverloadName::Lr | OverloadName::Loess => {
            OverloadDetector::LocalRegression { safety: safety(1.2) }
        }
        OverloadName::RobustLocalRegression | OverloadName::Lrr | OverloadName::RobustLoess => {
            OverloadDetector::RobustLocalRegression { safety: safety(1.2) }
        }
    }
}

fn selection(name: SelectionName) -> VmSelection {
    match name {
        SelectionName::MinimumMigrationTime | SelectionName::Mmt => VmSelection::MinimumMigrationTime,
        SelectionName::MinimumUtilisation | SelectionName::Mu => VmSelection::MinimumUtilisation,
        SelectionName::MaximumCorrelation | SelectionName::Mc => VmSelection::MaximumCorrelation,
        SelectionName::Random | SelectionName::Rs => VmSelection::Random,
        SelectionName::MinimumCost => VmSelection::MinimumCost,
    }
}

/// A trace that is made: each virtual machine a daily wave of its own phase with noise, in whole percents.
fn made_trace(
    spec: &CloudSimTrace,
    name: &str,
    here: &WorkloadSite<'_>,
    site: &Site<'_>,
) -> Option<Vec<Vec<f64>>> {
    let interval_s = spec.interval.as_secs();
    let samples = (here.horizon.as_secs() / interval_s).ceil();
    if samples > MOST_SAMPLES {
        let message = format!("{samples} samples a virtual machine are more than {MOST_SAMPLES}");
        site.key("interval").error(message);
        return None;
    }
    let noise = site.check(Distribution::normal(0.0, 8.0))?;
    let series = |vm| {
        let mut random = here.streams.entity(&format!("{name}/demand"), vm);
        let phase = random.random::<f64>() * TAU;
        let mean = 5.0 + 35.0 * random.random::<f64>();
        (0..samples as u64)
            .map(|sample| {
                let angle = TAU * sample as f64 * interval_s / DAY_S + phase;
                let percent = mean * (1.0 + 0.6 * angle.sin()) + noise.sample(&mut random);
                percent.round().clamp(0.0, 100.0) / 100.0
            })
            .collect()
    };
    Some((0..u64::from(spec.vms)).map(series).collect())
}

impl BuildWorkload for CloudSimSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        let trace_site = site.key("trace");
        if self.period.as_secs() <= 0.0 {
            site.key("period").error("the time between control steps must be above 0");
            return None;
        }
        if self.trace.interval.as_secs() <= 0.0 {
            trace_site.key("interval").error("the time between samples must be above 0");
            return None;
        }
        let hosts = self.hosts.iter().enumerate();
        let hosts: Vec<_> =
            hosts.map(|(index, spec)| host_kind(spec, here, &site.key("hosts").index(index))).collect();
        let overload = overload(&self.overload, &site.key("overload"));
        let series = match &self.trace.path {
            Some(path) => trace_site.key("path").check(read_planetlab(site.file(path)))?,
            None => made_trace(&self.trace, &self.name, here, &trace_site)?,
        };
        if series.is_empty() {
            trace_site.key("path").error_with_help(
                "there are no files in this folder",
                "name a folder with a file for each virtual machine, or leave `path` out",
            );
        }
        for (index, spec) in self.hosts.iter().enumerate() {
            if self.hosts[..index].iter().any(|earlier| earlier.class == spec.class) {
                let site = site.key("hosts").index(index).key("class");
                site.error(format!("the class {:?} is given twice", spec.class));
            }
        }
        let hosts: Option<Vec<_>> = hosts.into_iter().collect();
        let (host_kinds, classes): (Vec<_>, Vec<_>) = hosts?.into_iter().unzip();
        let (hosts, nodes) = numbered(&classes, self.host_order);
        let mut quirks = quirks(&self.repairs);
        if matches!(self.overload.kind, OverloadName::Loess | OverloadName::RobustLoess) {
            quirks.regression_is_unweighted = false;
        }
        if self.selection.kind == SelectionName::MinimumCost
            && self.types.iter().all(|kind| kind.price_per_hour == 0.0)
        {
            site.key("selection").error_with_help(
                "the cheapest migration is wanted, but all types are free",
                "give the `types` a `price_per_hour`",
            );
        }
        let block = series.len().div_ceil(self.types.len()).max(1);
        let spec = FleetSpec {
            host_kinds,
            hosts,
            vm_kinds: self
                .types
                .iter()
                .map(|kind| VmKind {
                    name: kind.name.clone(),
                    mips: kind.mips.as_mips(),
                    memory_mb: kind.memory.as_bytes() / 1e6,
                    bandwidth_kbps: kind.bandwidth.as_bps() / 1e3,
                    price_per_h: kind.price_per_hour,
                })
                .collect(),
            vms: (0..series.len()).map(|vm| (vm / block) as u16).collect(),
            demand: DemandGrid::new(self.trace.interval.as_secs(), &series),
            interval_s: self.period.as_secs(),
            end_s: here.horizon.as_secs(),
            management: match self.management {
                CloudSimManagement::AlwaysFull => Management::AlwaysFull,
                CloudSimManagement::Fixed => Management::Fixed,
                CloudSimManagement::Consolidated => {
                    Management::Consolidated { overload, selection: selection(self.selection.kind) }
                }
            },
            quirks,
        };
        let random = here.streams.stream(&format!("{}/selection", self.name));
        let fleet = site.check(Fleet::new(spec, random))?;
        Some(Box::new(CloudSimWorkload::new(&self.name, nodes, fleet)))
    }
}
