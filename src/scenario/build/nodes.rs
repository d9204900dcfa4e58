//! Node classes: from the format to the infrastructure.

use super::NodeDirectory;
use super::accelerators::groups as timed_accelerators;
use super::cells::{self, Cells};
use super::delays::link_models;
use super::network_energy::{interface, radio_energy};
use super::power::{self, PowerSite};
use super::radio::model_in;
use super::wifi::{self, Wifi};
use crate::energy::BatteryModel;
use crate::engine::{RandomStreams, SimDuration};
use crate::infra::compute::{Accelerator, Discipline, Resources};
use crate::infra::network::RadioSpec;
use crate::infra::{
    AccessPointSpec, BatterySpec, Charger, InstanceSpec, NodeClass, RadioEnvironment, UpdateScope,
};
use crate::scenario::format::{
    AcceleratorsSpec, AccessPointChoice, AccessPointSpecification, BatteryModelSpec,
    BatterySpecification, ChargerSpec, InstanceSpecification, LinkModelSpec, NodeClassSpec,
    SchedulingSpec, UpdatesName,
};
use crate::scenario::{Registry, Site};
use std::collections::BTreeMap;

pub(super) fn limit(limit: Option<u32>) -> usize {
    limit.map_or(usize::MAX, |limit| limit as usize)
}

pub(super) fn discipline(scheduling: SchedulingSpec) -> Discipline {
    match scheduling {
        SchedulingSpec::SpaceShared { queue_limit } => {
            Discipline::SpaceShared { queue_limit: limit(queue_limit) }
        }
        SchedulingSpec::TimeShared { job_limit } => {
            Discipline::TimeShared { job_limit: limit(job_limit) }
        }
    }
}

fn accelerators(held: &BTreeMap<String, u32>, directory: &mut NodeDirectory) -> Vec<Accelerator> {
    held.iter()
        .map(|(kind, &count)| Accelerator { kind: directory.add_accelerator(kind), count })
        .collect()
}

fn instances(
    spec: &InstanceSpecification,
    fallback: Discipline,
    directory: &mut NodeDirectory,
) -> InstanceSpec {
    InstanceSpec {
        count: spec.count,
        cores: spec.cores,
        discipline: spec.scheduling.map_or(fallback, discipline),
        resources: Resources {
            memory_bytes: spec.memory.as_bytes(),
            storage_bytes: spec.storage.as_bytes(),
            accelerators: accelerators(&spec.accelerators, directory),
        },
    }
}

fn battery(spec: &BatterySpecification, site: &Site<'_>) -> Option<BatterySpec> {
    if spec.capacity.as_joules() == 0.0 {
        site.key("capacity").error("a battery of 0 J is empty from the start; it must be above 0");
    }
    let level = site.key("level").check(spec.level.distribution())?;
    let mut model = match spec.model {
        BatteryModelSpec::Ideal => BatteryModel::ideal(spec.capacity.as_joules()),
        BatteryModelSpec::TwoWells { available, recovery_per_s } => {
            let share = available.as_fraction();
            if share <= 0.0 || share >= 1.0 {
                site.key("model").key("available").error_with_help(
                    "what is at hand is a part of a battery with two wells, neither none nor all of it",
                    "give a share between 0 % and 100 %, or the kind \"ideal\"",
                );
            }
            if !(recovery_per_s > 0.0 && recovery_per_s.is_finite()) {
                site.key("model")
                    .key("recovery_per_s")
                    .error(format!("{recovery_per_s} is not above 0"));
            }
            BatteryModel::two_wells(spec.capacity.as_joules(), share, recovery_per_s)
        }
    };
    model.dead_level = spec.dead.as_fraction();
    for (key, share) in [("low", spec.low), ("dead", spec.dead)] {
        if share.as_fraction() >= 1.0 {
            site.key(key).error("the share of a full battery is 100 %; it must be below");
        }
    }
    if let Some(restart) = spec.restart {
        if restart.as_fraction() <= spec.dead.as_fraction() || restart.as_fraction() > 1.0 {
            site.key("restart")
                .error("a node starts again above the share `dead`, and at most at 100 %");
        }
        if spec.charger.is_none() {
            site.key("restart").error_with_help("nothing charges the battery", "add a `charger`");
        }
    }
    Some(BatterySpec {
        low_level: spec.low.as_fraction(),
        restart_level: spec.restart.map(|share| share.as_fraction()),
        charger: spec.charger.as_ref().and_then(|own| charger(own, &site.key("charger"))),
        ..BatterySpec::new(model, level)
    })
}

fn charger(spec: &ChargerSpec, site: &Site<'_>) -> Option<Charger> {
    let lasts_s = spec.lasts.map_or(f64::INFINITY, |lasts| lasts.as_secs());
    if let Some(every) = spec.every
        && every.as_secs() <= lasts_s
    {
        site.key("every").error_with_help(
            "the next connection comes before the end of this one",
            "give a time that is longer than `lasts`",
        );
    }
    if lasts_s == 0.0 {
        site.key("lasts").error("a charger that is connected for 0 s charges nothing");
    }
    Some(Charger {
        power_w: spec.power.as_watts(),
        first_s: site.key("first").check(spec.first.distribution())?,
        lasts: spec.lasts.map_or(SimDuration::MAX, |lasts| SimDuration::from_secs(lasts.as_secs())),
        every: spec.every.map_or(SimDuration::ZERO, |every| SimDuration::from_secs(every.as_secs())),
    })
}

/// What the radios of a class are made from.
pub(super) struct Radios<'a> {
    /// The network's model, for radios that do not say.
    pub(super) model: &'a LinkModelSpec,
    pub(super) streams: RandomStreams,
    /// How signals spread, if the scenario says.
    pub(super) environment: Option<RadioEnvironment>,
    /// 5G cells, if there are any.
    pub(super) cells: Option<&'a Cells>,
    /// Modelled WiFi, if there is any.
    pub(super) wifi: Option<&'a Wifi>,
}

fn access_point(
    spec: &AccessPointSpecification,
    radios: &Radios<'_>,
    site: &Site<'_>,
) -> Option<AccessPointSpec> {
    for (key, rate) in [("uplink", spec.uplink), ("downlink", spec.downlink)] {
        if rate.as_bps() == 0.0 {
            site.key(key).error("a rate of 0 carries nothing; it must be above 0");
        }
    }
    let model = spec.model.as_ref().unwrap_or(radios.model);
    let model_site = if spec.model.is_some() { site.key("model") } else { site.clone() };
    let model = &model_in(radios.environment.as_ref(), spec, model, &model_site);
    let models = link_models(model, radios.streams, &model_site)?;
    Some(AccessPointSpec {
        radio: RadioSpec {
            uplink_bps: spec.uplink.as_bps(),
            downlink_bps: spec.downlink.as_bps(),
            half_duplex: spec.half_duplex,
            latency: crate::engine::SimDuration::from_secs(spec.latency.as_secs()),
            model: models.up,
            down_model: models.down,
            transfer_limit: limit(spec.transfer_limit),
            class: spec.counted_to().into(),
            energy: radio_energy(spec.radio_energy.as_ref(), &site.key("radio_energy")),
            idle_w: spec.radio_energy.map_or(0.0, |own| own.idle.as_watts()),
        },
        range_m: spec.range.map(|range| range.as_metres()),
        transmit_power_dbm: spec.power().as_dbm(),
        antenna_gain_db: spec.gain().as_db(),
    })
}

/// The class in SI units. The format's defaults have been filled in.
pub(super) fn node_class(
    spec: &NodeClassSpec,
    count: u32,
    node_names: Vec<String>,
    radios: &Radios<'_>,
    site: &Site<'_>,
    directory: &mut NodeDirectory,
    registry: &Registry,
) -> NodeClass {
    let mut class = NodeClass::new(spec.class_name(), spec.tier.into(), count);
    class.node_names = node_names;
    class.architecture = spec.architecture.as_deref().unwrap_or_default().into();
    class.cores = spec.cores.unwrap_or_default();
    class.mips_per_core = spec.mips_per_core.map_or(0.0, |speed| speed.as_mips());
    if class.cores > 0 && class.mips_per_core == 0.0 {
        site.key("mips_per_core")
            .error("cores of 0 MIPS never finish anything; the speed must be above 0");
    }
    class.resources = Resources {
        memory_bytes: spec.memory.map_or(f64::INFINITY, |memory| memory.as_bytes()),
        storage_bytes: spec.storage.map_or(f64::INFINITY, |storage| storage.as_bytes()),
        accelerators: match &spec.accelerators {
            AcceleratorsSpec::Counted(counted) => accelerators(counted, directory),
            AcceleratorsSpec::Timed(_) => Vec::new(),
        },
    };
    class.discipline = spec.scheduling.map_or(class.discipline, discipline);
    let accelerators_site = site.key("accelerators");
    class.accelerators =
        timed_accelerators(&spec.accelerators, class.discipline, directory, &accelerators_site);
    if class.cores == 0 && !class.accelerators.is_empty() {
        accelerators_site.error_with_help(
            "tasks come to accelerators by way of the cores, of which there are none",
            "give the class `cores`",
        );
    }
    class.instances = spec.instances.as_ref().map(|own| instances(own, class.discipline, directory));
    if let Some(instances) = &class.instances {
        check_instances(&class, instances, directory, &site.key("instances"));
    }
    let frequency = spec.frequency.as_ref();
    class.frequency = frequency.and_then(|own| power::frequency_steps(own, &site.key("frequency")));
    if let Some(own) = &spec.power {
        let power_site = PowerSite {
            site: site.key("power"),
            cores: class.cores,
            fastest: class.frequency.as_ref().map(|steps| steps.points()[steps.last()]),
        };
        class.power = registry.make_power(own, &power_site, directory).unwrap_or_default();
        power::count_accelerators(&mut class, &power_site.site);
    }
    class.battery = spec.battery.as_ref().and_then(|own| battery(own, &site.key("battery")));
    class.interface = interface(&spec.interface, &site.key("interface"));
    if class.interface.rate_limit_bps == 0.0 {
        site.key("interface").key("rate_limit").error("a rate of 0 carries nothing; it must be above 0");
    }
    if let AccessPointChoice::Yes(own) = &spec.access_point {
        let here = site.key("access_point");
        class.access_point = access_point(own, radios, &here);
        if let (Some(cell), Some(cells)) = (&own.cell, radios.cells) {
            class.gnb = cells::base_station(own, cell, cells, &here);
        }
        if let (Some(point), Some(wifi)) = (&own.wifi, radios.wifi) {
            class.wifi_point = wifi::point(own, point, wifi, &here);
        }
    }
    if spec.edgecloudsim_updates.is_some() && spec.frequency.is_some() {
        site.key("edgecloudsim_updates").error_with_help(
            "nodes whose jobs are only seen in steps cannot change their frequency in between",
            "leave out `edgecloudsim_updates` or `frequency`",
        );
    }
    class.updates = spec.edgecloudsim_updates.map(|by| match by {
        UpdatesName::Node => UpdateScope::Node,
        UpdatesName::Class => UpdateScope::Class,
    });
    class.wireless = spec.wireless.unwrap_or(false);
    if class.wireless && class.access_point.is_some() {
        site.key("wireless").error_with_help(
            "an access point cannot attach to access points itself",
            "leave out `wireless`, or set `access_point` to null",
        );
    }
    class.device_radio = radios.cells.and_then(|cells| cells::device_radio(spec, cells, site));
    class.wifi_radio = radios.wifi.and_then(|_| wifi::radio(spec, site));
    class.labels = spec.labels.clone();
    class
}

fn check_instances(
    class: &NodeClass,
    instances: &InstanceSpec,
    directory: &NodeDirectory,
    site: &Site<'_>,
) {
    let count = f64::from(instances.count);
    let cores = count * instances.cores;
    if cores > f64::from(class.cores) {
        site.error(format!(
            "{} instances of {} cores ask for {cores} cores, but a node has {}",
            instances.count, instances.cores, class.cores
        ));
    }
    let shared = matches!(instances.discipline, Discipline::TimeShared { .. });
    if instances.cores.fract() != 0.0 && !shared {
        site.key("cores").error_with_help(
            format!("{} cores cannot be held by one job at a time", instances.cores),
            "give whole cores, or the scheduling \"time_shared\"",
        );
    }
    if count * instances.resources.memory_bytes > class.resources.memory_bytes {
        site.key("memory").error(format!(
            "{} instances ask for {} bytes of memory, but a node has {}",
            instances.count,
            count * instances.resources.memory_bytes,
            class.resources.memory_bytes
        ));
    }
    if count * instances.resources.storage_bytes > class.resources.storage_bytes {
        site.key("storage").error("the instances ask for more storage than a node has");
    }
    for want in &instances.resources.accelerators {
        let (asked, has) =
            (want.count.saturating_mul(instances.count), class.resources.accelerators_of(want.kind));
        if asked <= has {
            continue;
        }
        let name = directory.accelerators().nth(usize::from(want.kind)).unwrap_or_default();
        let site = site.key("accelerators").key(name);
        if class.accelerators.iter().any(|own| own.name == name || own.class_name == name) {
            site.error_with_help(
                format!("{name:?} is the name of listed devices, whose time is modelled; instances hold counted accelerators only"),
                "leave them out here: tasks come to them from any instance of the node",
            );
        } else {
            site.error(format!(
                "the instances ask for {asked} accelerators {name:?}, but a node has {has}"
            ));
        }
    }
}
