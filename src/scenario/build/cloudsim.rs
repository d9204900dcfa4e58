//! Virtual machines as CloudSim runs them: from the format to the workload.

use super::WorkloadSite;
use crate::apps::Workload;
use crate::apps::virtual_machines::cloudsim::{
    CloudSimWorkload, DemandGrid, Fleet, FleetSpec, HostKind, Management, OverloadDetector, Quirks,
    VmKind, VmSelection,
};
use crate::energy::Load;
use crate::engine::Distribution;
use crate::infra::NodeId;
use crate::placement::consolidation::{
    InterquartileRange, LocalRegression, MedianAbsoluteDeviation, MinimumCost, RobustLocalRegression,
    Threshold,
};
use crate::scenario::format::{
    CloudSimHosts, CloudSimPower, CloudSimSpec, CloudSimTrace, ComposedSpec, HostOrder, OverloadKind,
    QuirkName, SelectionKind, VmProfile,
};
use crate::scenario::registry::parameters;
use crate::scenario::{BuildWorkload, Site};
use crate::traces::{TraceFormat, TraceOptions, VmTrace};
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
    let own = here.infrastructure.class_of(NodeId(nodes.first)).map(|class| &class.power.model);
    let power_w = std::array::from_fn(|decile| match &spec.power {
        Some(points) => points.get(decile).map_or(0.0, |point| point.as_watts()),
        None => own.map_or(0.0, |model| model.power_w(&Load::of(decile as f64 / 10.0))),
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

fn quirks(profile: VmProfile, repairs: &[QuirkName]) -> Quirks {
    let mut quirks = match profile {
        VmProfile::CloudSim303 => Quirks::CLOUDSIM_3_0_3,
        VmProfile::Corrected => Quirks::REPAIRED,
    };
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

/// A policy of the family's kinds that CloudSim knows.
fn unknown<T>(site: &Site<'_>, what: &str, kind: &str, known: &[&str]) -> Option<T> {
    site.key("kind").unknown(&format!("{what} of CloudSim"), kind, known.iter().copied());
    None
}

fn overload(kind: &OverloadKind, site: &Site<'_>) -> Option<OverloadDetector> {
    let value = &kind.0;
    Some(match kind.kind() {
        "threshold" => {
            let utilisation = site.check(parameters::<Threshold>(value))?.utilisation.as_fraction();
            OverloadDetector::Threshold { utilisation }
        }
        "interquartile_range" => {
            let safety = site.check(parameters::<InterquartileRange>(value))?.safety;
            OverloadDetector::InterquartileRange { safety }
        }
        "median_absolute_deviation" => {
            let safety = site.check(parameters::<MedianAbsoluteDeviation>(value))?.safety;
            OverloadDetector::MedianAbsoluteDeviation { safety }
        }
        "local_regression" => {
            let safety = site.check(parameters::<LocalRegression>(value))?.safety;
            OverloadDetector::LocalRegression { safety }
        }
        "robust_local_regression" => {
            let safety = site.check(parameters::<RobustLocalRegression>(value))?.safety;
            OverloadDetector::RobustLocalRegression { safety }
        }
        other => {
            const KNOWN: [&str; 5] = [
                "threshold",
                "interquartile_range",
                "median_absolute_deviation",
                "local_regression",
                "robust_local_regression",
            ];
            return unknown(site, "overload detection", other, &KNOWN);
        }
    })
}

/// The selection, and what an hour of each of `types` costs.
fn selection(kind: &SelectionKind, types: usize, site: &Site<'_>) -> Option<(VmSelection, Vec<f64>)> {
    let mut prices = vec![0.0; types];
    let selection = match kind.kind() {
        "minimum_migration_time" => VmSelection::MinimumMigrationTime,
        "minimum_utilisation" => VmSelection::MinimumUtilisation,
        "maximum_correlation" => VmSelection::MaximumCorrelation,
        "random" => VmSelection::Random,
        "minimum_cost" => {
            let costs = site.check(parameters::<MinimumCost>(&kind.0))?;
            if costs.prices_per_hour.is_empty() {
                site.error_with_help(
                    "without prices all virtual machines cost the same",
                    "give `prices_per_hour`: what users pay an hour for each type, in the order of the types",
                );
                return None;
            }
            prices = (0..types).map(|class| costs.price_per_hour(class)).collect();
            VmSelection::MinimumCost
        }
        other => {
            const KNOWN: [&str; 5] = [
                "minimum_migration_time",
                "minimum_utilisation",
                "maximum_correlation",
                "random",
                "minimum_cost",
            ];
            return unknown(site, "VM selection", other, &KNOWN);
        }
    };
    Some((selection, prices))
}

/// Who moves virtual machines, by the scenario's policies, and what an hour of each type costs.
fn management(spec: &CloudSimSpec, here: &WorkloadSite<'_>) -> Option<(Management, Vec<f64>)> {
    let (policy, site) = (&here.policies.consolidation, here.policies_site.key("consolidation"));
    let free = vec![0.0; spec.types.len()];
    match (policy.kind(), spec.power) {
        ("nothing", CloudSimPower::FollowsLoad) => Some((Management::Fixed, free)),
        ("nothing", CloudSimPower::AlwaysFull) => Some((Management::AlwaysFull, free)),
        ("overload_and_underload", CloudSimPower::FollowsLoad) => {
            let parts = site.check(parameters::<ComposedSpec>(&policy.0))?;
            let overload = overload(&parts.overload, &site.key("overload"))?;
            let (selection, prices) =
                selection(&parts.selection, spec.types.len(), &site.key("selection"))?;
            Some((Management::Consolidated { overload, selection }, prices))
        }
        ("overload_and_underload", CloudSimPower::AlwaysFull) => {
            here.site.key("power").error_with_help(
                "nothing is gained by consolidation if all hosts always draw their full power",
                "set policies.consolidation.kind to \"nothing\", or `power` to \"follows_load\"",
            );
            None
        }
        (other, _) => {
            unknown(&site, "consolidation policy", other, &["nothing", "overload_and_underload"])
        }
    }
}

/// The shares of a trace of PlanetLab, to the last digit: samples are in single precision, but whole percentages.
fn read_trace(path: &str, site: &Site<'_>) -> Option<Vec<Vec<f64>>> {
    let options = TraceOptions { any_length: true, ..TraceOptions::default() };
    let trace = VmTrace::open(site.file(path), Some(TraceFormat::PlanetLab), &options);
    let trace = site.check(trace)?;
    let exact = |share: &f32| (f64::from(*share) * 1e6).round() / 1e6;
    let series = |vm| trace.series.cpu_of(vm).iter().map(exact).collect();
    Some((0..trace.vms.len()).map(series).collect())
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
        let managed = management(self, here);
        let series = match &self.trace.path {
            Some(path) => read_trace(path, &trace_site.key("path"))?,
            None => made_trace(&self.trace, &self.name, here, &trace_site)?,
        };
        for (index, spec) in self.hosts.iter().enumerate() {
            if self.hosts[..index].iter().any(|earlier| earlier.class == spec.class) {
                let site = site.key("hosts").index(index).key("class");
                site.error(format!("the class {:?} is given twice", spec.class));
            }
        }
        let hosts: Option<Vec<_>> = hosts.into_iter().collect();
        let (host_kinds, classes): (Vec<_>, Vec<_>) = hosts?.into_iter().unzip();
        let (hosts, nodes) = numbered(&classes, self.host_order);
        let quirks = quirks(self.profile, &self.repairs);
        let (management, prices) = managed?;
        let block = series.len().div_ceil(self.types.len()).max(1);
        let spec = FleetSpec {
            host_kinds,
            hosts,
            vm_kinds: self
                .types
                .iter()
                .zip(prices)
                .map(|(kind, price_per_h)| VmKind {
                    name: kind.name.clone(),
                    mips: kind.mips.as_mips(),
                    memory_mb: kind.memory.as_bytes() / 1e6,
                    bandwidth_kbps: kind.bandwidth.as_bps() / 1e3,
                    price_per_h,
                })
                .collect(),
            vms: (0..series.len()).map(|vm| (vm / block) as u16).collect(),
            demand: DemandGrid::new(self.trace.interval.as_secs(), &series),
            interval_s: self.period.as_secs(),
            end_s: here.horizon.as_secs(),
            management,
            quirks,
        };
        let random = here.streams.stream(&format!("{}/selection", self.name));
        let fleet = site.check(Fleet::new(spec, random))?;
        Some(Box::new(CloudSimWorkload::new(&self.name, nodes, fleet)))
    }
}
