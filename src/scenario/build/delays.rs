//! Link models: from the format to the infrastructure.

use super::shaped::shaped;
use crate::engine::RandomStreams;
use crate::infra::network::{
    CloseIn, DelayModel, LinkModel, Mm1, PopulationQueue, ThroughputTable, WindowedQueue,
};
use crate::infra::{MobileDemand, RelayQueue, SharedWanQueue, WanSlips};
use crate::scenario::format::{
    CloseInSpec, EdgeCloudSimPopulationSpec, EdgeCloudSimRelaySpec, LinkModelSpec, PopulationSpec,
    WindowedQueueSpec,
};
use crate::scenario::import::read_throughput_table;
use crate::scenario::{DataSize, Duration, Site};

/// The models of both directions of a link: of what devices send, and of what they receive if that is another.
#[derive(Clone, Debug)]
pub(super) struct Models {
    pub(super) up: LinkModel,
    pub(super) down: Option<LinkModel>,
}

impl Models {
    fn same(up: LinkModel) -> Self {
        Models { up, down: None }
    }

    pub(super) fn delay(up: impl DelayModel + 'static, down: Option<impl DelayModel + 'static>) -> Self {
        Models {
            up: LinkModel::Delay(Box::new(up)),
            down: down.map(|down| LinkModel::Delay(Box::new(down))),
        }
    }
}

fn longest_s(longest: Option<Duration>) -> f64 {
    longest.map_or(f64::INFINITY, |longest| longest.as_secs())
}

/// The models of a link. Errors go to `site`.
pub(super) fn link_models(
    spec: &LinkModelSpec,
    streams: RandomStreams,
    site: &Site<'_>,
) -> Option<Models> {
    match spec {
        LinkModelSpec::Unshared => Some(Models::same(LinkModel::Unshared)),
        LinkModelSpec::FairShare => Some(Models::same(LinkModel::FairShare)),
        LinkModelSpec::Mm1 { background_load, mean_message, window } => {
            Some(Models::same(LinkModel::Mm1(Mm1 {
                background_load: background_load.as_fraction(),
                mean_message_bytes: mean_message.map(|size| size.as_bytes()),
                window_s: window.as_secs(),
            })))
        }
        LinkModelSpec::Population(own) => population(own, site),
        LinkModelSpec::ThroughputTable(own) => {
            let file = site.key("file");
            let rows = file.check(read_throughput_table(site.file(&own.file)))?;
            let table = if own.factor > 0.0 && own.factor.is_finite() {
                file.check(ThroughputTable::new(&rows, own.factor))?
            } else {
                site.key("factor").error(format!("the factor is {}, but must be above 0", own.factor));
                return None;
            };
            Some(Models::delay(table, None::<ThroughputTable>))
        }
        LinkModelSpec::WindowedQueue(own) => {
            let up = windowed(own, own.mean_message, site)?;
            let down = match own.mean_result {
                None => None,
                Some(size) => Some(windowed(own, size, site)?),
            };
            Some(Models::delay(up, down))
        }
        LinkModelSpec::CloseIn(own) => {
            let cell = site.check(close_in(own, streams).checked())?;
            // Both directions see the same shadowing.
            Some(Models::delay(cell, None::<CloseIn>))
        }
        LinkModelSpec::Shaped(own) => shaped(own, streams, site),
        LinkModelSpec::EdgeCloudSimPopulation(own) => edgecloudsim_population(own, site),
        LinkModelSpec::EdgeCloudSimRelay(own) => edgecloudsim_relay(own, site),
    }
}

fn population(spec: &PopulationSpec, site: &Site<'_>) -> Option<Models> {
    if spec.mean_interval.as_secs() == 0.0 {
        site.key("mean_interval").error("the mean time between messages must be above 0");
        return None;
    }
    let queue = |size: DataSize, key: &str| {
        let (rate, longest_s) = (1.0 / spec.mean_interval.as_secs(), longest_s(spec.longest));
        site.key(key).check(PopulationQueue::new(rate, size.as_bytes(), longest_s))
    };
    let up = queue(spec.mean_message, "mean_message")?;
    let down = match spec.mean_result {
        None => None,
        Some(size) => Some(queue(size, "mean_result")?),
    };
    Some(Models::delay(up, down))
}

fn windowed(spec: &WindowedQueueSpec, mean: DataSize, site: &Site<'_>) -> Option<WindowedQueue> {
    if spec.mean_interval.as_secs() == 0.0 {
        site.key("mean_interval").error("the mean time between messages must be above 0");
        return None;
    }
    let rate = 1.0 / spec.mean_interval.as_secs();
    let mut queue = site.check(WindowedQueue::new(spec.window.as_secs(), rate, mean.as_bytes()))?;
    queue.first_window_s = spec.first_window.as_secs();
    queue.background_messages_per_s = spec.background_messages_per_s;
    queue.background_message_bytes = spec.background_message.as_bytes();
    queue.falling_weight = spec.falling_weight.as_fraction();
    queue.smooth_from_s = spec.smooth_from.as_secs();
    queue.longest_s = longest_s(spec.longest);
    site.check(queue.checked())
}

fn close_in(spec: &CloseInSpec, streams: RandomStreams) -> CloseIn {
    let mut cell = CloseIn::new(streams);
    cell.carrier_hz = spec.carrier.as_hz();
    cell.width_hz = spec.width.as_hz();
    cell.path_loss_exponent = spec.path_loss_exponent;
    cell.shadowing_db = spec.shadowing.as_db();
    cell.transmit_power_dbm = spec.transmit_power.as_dbm();
    cell.antenna_gain_db = spec.antenna_gain.as_db();
    cell.noise_figure_db = spec.noise_figure.as_db();
    cell.threshold_dbm = spec.threshold.as_dbm();
    cell.queue = Mm1 {
        background_load: spec.background_load.as_fraction(),
        mean_message_bytes: spec.mean_message.map(|size| size.as_bytes()),
        window_s: spec.window.as_secs(),
    };
    cell
}

fn edgecloudsim_population(spec: &EdgeCloudSimPopulationSpec, site: &Site<'_>) -> Option<Models> {
    let mut good = true;
    for (index, own) in spec.demand.iter().enumerate() {
        let here = site.key("demand").index(index);
        if own.mean_interval.as_secs() == 0.0 {
            here.key("mean_interval").error("the mean time between tasks must be above 0");
            good = false;
        }
        if own.cloud_share.as_fraction() == 0.0 {
            here.key("cloud_share").error("the share of the cloud is divided by; it must be above 0");
            good = false;
        }
    }
    if !spec.demand.iter().any(|own| own.share.as_fraction() > 0.0) {
        site.key("demand").error("no application has a share above 0");
        good = false;
    }
    let slips = WanSlips {
        divide_by_applications: spec.divide_by_applications,
        wan_mean_accumulates: spec.wan_mean_accumulates,
        overload_is_fast: spec.overload_is_fast,
    };
    let beyond = spec.beyond.as_ref().map(|way| (way.bandwidth.as_bps(), way.latency.as_secs()));
    let queue = |size: fn(&crate::scenario::format::MobileDemandSpec) -> DataSize| {
        let demand: Vec<MobileDemand> = spec
            .demand
            .iter()
            .map(|own| MobileDemand {
                share: own.share.as_fraction(),
                interval_s: own.mean_interval.as_secs(),
                cloud_share: own.cloud_share.as_fraction(),
                message_bytes: size(own).as_bytes(),
            })
            .collect();
        SharedWanQueue::new(&demand, beyond, spec.longest.as_secs(), slips)
    };
    good.then(|| Models::delay(queue(|own| own.upload), Some(queue(|own| own.download))))
}

fn edgecloudsim_relay(spec: &EdgeCloudSimRelaySpec, site: &Site<'_>) -> Option<Models> {
    let here = site.key("queue");
    let relay = |mean| {
        Some(RelayQueue {
            queue: windowed(&spec.queue, mean, &here)?,
            size_never_updates: spec.size_never_updates,
            estimate_counts: spec.estimate_counts,
        })
    };
    let down = match spec.queue.mean_result {
        None => None,
        Some(size) => Some(relay(size)?),
    };
    Some(Models::delay(relay(spec.queue.mean_message)?, down))
}
