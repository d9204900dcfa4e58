//! What rules and models can look at, by name.

use super::view::OffloadingView;
use crate::engine::{SimDuration, SimTime};
use crate::infra::{NodeId, Tier};
use crate::names::did_you_mean;
use crate::placement::ParameterError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A number that can be seen of a decision before it is made, in the unit that its name ends in. Those
/// that the table `decisions` records have the same names there.
///
/// The last ones depend on the node that is looked at; a policy asks them for each node that it
/// compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// Work of the task in million instructions.
    LengthMi,
    /// Bytes of its input.
    UploadBytes,
    /// Bytes of its result.
    DownloadBytes,
    /// Bytes of its input and result together.
    DataBytes,
    /// Cores that it asks for.
    Cores,
    /// Seconds left to its deadline; missing if it has none.
    DeadlineS,
    /// How much its user minds delay, 0 to 1.
    DelaySensitivity,
    /// Tasks decided in the last second, this one not counted.
    RecentTasks,
    /// Share left in the device's battery; missing if it has none.
    BatteryLevel,
    /// Cores asked for on the device, over its cores.
    LocalLoad,
    /// Transfers from devices over the radio of the device's access point; missing without radio.
    RadioUploads,
    /// Transfers to devices over it.
    RadioDownloads,
    /// Transfers on their way in the whole network.
    Transfers,
    /// Cores asked for on the nearest edge node, over its cores; missing without edge.
    NearestEdgeLoad,
    /// Seconds that the upload to the nearest edge node would take; missing if there is no way.
    NearestEdgeUploadS,
    /// Seconds that the download from there would take.
    NearestEdgeDownloadS,
    /// Busy share of the cores of all edge nodes.
    EdgeUtilisation,
    /// Busy share of the cores of all cloud nodes.
    CloudUtilisation,
    /// Seconds that the upload to the nearest cloud node would take; missing if there is no way.
    CloudUploadS,
    /// Seconds that the download from there would take.
    CloudDownloadS,
    /// Bits a second that a message of 128 KiB to the nearest cloud node would get.
    CloudBandwidthBps,
    /// Seconds that a message of 128 KiB takes from the nearest edge node to the node looked at.
    RelayS,
    /// Cores asked for on the node looked at, over its cores.
    NodeLoad,
    /// Million instructions a second of a core of the node looked at.
    NodeMipsPerCore,
    /// Seconds that the upload to the node looked at would take; missing if there is no way.
    UploadS,
    /// Seconds that the task would wait and run there; missing if it is not admitted.
    ExecutionS,
    /// Seconds that the download from there would take; missing if there is no way.
    DownloadS,
    /// Seconds to the arrival of the result from there: the last three together.
    CompletionS,
    /// Joules that the task costs the device if it runs there.
    DeviceEnergyJ,
    /// Work of the task on an accelerator in GFLOP; missing if it has none.
    AcceleratorGflop,
    /// Devices for it that tasks hold or wait for on the nearest edge node, over those there are; missing without any.
    NearestEdgeAcceleratorLoad,
    /// Free bytes of memory of these devices.
    NearestEdgeAcceleratorFreeBytes,
    /// The load of such devices on the nearest cloud node.
    CloudAcceleratorLoad,
    /// The load of such devices on the node looked at.
    NodeAcceleratorLoad,
    /// Free bytes of memory of the devices of the node looked at.
    NodeAcceleratorFreeBytes,
    /// Seconds that the task would wait and run on a device of the node looked at; missing if it is not admitted.
    AcceleratorS,
}

/// All observations.
const ALL: [Observation; 36] = [
    Observation::LengthMi,
    Observation::UploadBytes,
    Observation::DownloadBytes,
    Observation::DataBytes,
    Observation::Cores,
    Observation::DeadlineS,
    Observation::DelaySensitivity,
    Observation::RecentTasks,
    Observation::BatteryLevel,
    Observation::LocalLoad,
    Observation::RadioUploads,
    Observation::RadioDownloads,
    Observation::Transfers,
    Observation::NearestEdgeLoad,
    Observation::NearestEdgeUploadS,
    Observation::NearestEdgeDownloadS,
    Observation::EdgeUtilisation,
    Observation::CloudUtilisation,
    Observation::CloudUploadS,
    Observation::CloudDownloadS,
    Observation::CloudBandwidthBps,
    Observation::RelayS,
    Observation::NodeLoad,
    Observation::NodeMipsPerCore,
    Observation::UploadS,
    Observation::ExecutionS,
    Observation::DownloadS,
    Observation::CompletionS,
    Observation::DeviceEnergyJ,
    Observation::AcceleratorGflop,
    Observation::NearestEdgeAcceleratorLoad,
    Observation::NearestEdgeAcceleratorFreeBytes,
    Observation::CloudAcceleratorLoad,
    Observation::NodeAcceleratorLoad,
    Observation::NodeAcceleratorFreeBytes,
    Observation::AcceleratorS,
];

impl Observation {
    /// The name in rule bases and models.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Observation::LengthMi => "length_mi",
            Observation::UploadBytes => "upload_bytes",
            Observation::DownloadBytes => "download_bytes",
            Observation::DataBytes => "data_bytes",
            Observation::Cores => "cores",
            Observation::DeadlineS => "deadline_s",
            Observation::DelaySensitivity => "delay_sensitivity",
            Observation::RecentTasks => "recent_tasks",
            Observation::BatteryLevel => "battery_level",
            Observation::LocalLoad => "local_load",
            Observation::RadioUploads => "radio_uploads",
            Observation::RadioDownloads => "radio_downloads",
            Observation::Transfers => "transfers",
            Observation::NearestEdgeLoad => "nearest_edge_load",
            Observation::NearestEdgeUploadS => "nearest_edge_upload_s",
            Observation::NearestEdgeDownloadS => "nearest_edge_download_s",
            Observation::EdgeUtilisation => "edge_utilisation",
            Observation::CloudUtilisation => "cloud_utilisation",
            Observation::CloudUploadS => "cloud_upload_s",
            Observation::CloudDownloadS => "cloud_download_s",
            Observation::CloudBandwidthBps => "cloud_bandwidth_bps",
            Observation::RelayS => "relay_s",
            Observation::NodeLoad => "node_load",
            Observation::NodeMipsPerCore => "node_mips_per_core",
            Observation::UploadS => "upload_s",
            Observation::ExecutionS => "execution_s",
            Observation::DownloadS => "download_s",
            Observation::CompletionS => "completion_s",
            Observation::DeviceEnergyJ => "device_energy_j",
            Observation::AcceleratorGflop => "accelerator_gflop",
            Observation::NearestEdgeAcceleratorLoad => "nearest_edge_accelerator_load",
            Observation::NearestEdgeAcceleratorFreeBytes => "nearest_edge_accelerator_free_bytes",
            Observation::CloudAcceleratorLoad => "cloud_accelerator_load",
            Observation::NodeAcceleratorLoad => "node_accelerator_load",
            Observation::NodeAcceleratorFreeBytes => "node_accelerator_free_bytes",
            Observation::AcceleratorS => "accelerator_s",
        }
    }

    /// The observation of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Observation> {
        ALL.into_iter().find(|observation| observation.name() == name)
    }

    /// The names of all observations.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        ALL.into_iter().map(Observation::name).collect()
    }

    /// The observation of this name.
    ///
    /// # Errors
    /// If there is none: with the nearest name, or all of them.
    pub(super) fn known(name: &str) -> Result<Observation, ParameterError> {
        Observation::named(name).ok_or_else(|| {
            let names = Observation::names();
            let error = ParameterError::new(format!("no observation is named {name:?}"));
            match did_you_mean(name, names.iter().copied()) {
                Some(nearest) => error.help(format!("did you mean {nearest:?}?")),
                None => error.help(format!("known: {}", names.join(", "))),
            }
        })
    }
}

/// Looks at decisions, and remembers when the last ones were made.
#[derive(Clone, Debug, Default)]
pub(super) struct Observer {
    recent: VecDeque<SimTime>,
}

impl Observer {
    /// A decision is about to be made: what is older than a second is forgotten. To be called once for
    /// each decision, before anything is observed.
    pub(super) fn begin(&mut self, now: SimTime) {
        let second = SimDuration::from_secs(1.0);
        while self.recent.front().is_some_and(|&earlier| now.since(earlier) > second) {
            self.recent.pop_front();
        }
    }

    /// The decision has been made.
    pub(super) fn end(&mut self, now: SimTime) {
        self.recent.push_back(now);
    }

    /// What is seen; `None` if it is missing.
    pub(super) fn value(
        &self,
        observation: Observation,
        view: &mut OffloadingView<'_>,
        node: NodeId,
    ) -> Option<f64> {
        let request = *view.request();
        let device = request.device;
        let value = match observation {
            Observation::LengthMi => Some(request.job.length_mi),
            Observation::UploadBytes => Some(request.upload_bytes),
            Observation::DownloadBytes => Some(request.download_bytes),
            Observation::DataBytes => Some(request.upload_bytes + request.download_bytes),
            Observation::Cores => Some(f64::from(request.job.cores)),
            Observation::DeadlineS => request.deadline_s,
            Observation::DelaySensitivity => Some(request.delay_sensitivity),
            Observation::RecentTasks => Some(self.recent.len() as f64),
            Observation::BatteryLevel => view.infrastructure().battery_level(device, view.now()),
            Observation::LocalLoad => Some(view.load(device)),
            Observation::RadioUploads => view.radio_transfers().map(|(up, _)| up as f64),
            Observation::RadioDownloads => view.radio_transfers().map(|(_, down)| down as f64),
            Observation::Transfers => Some(view.infrastructure().network().transfers() as f64),
            Observation::NearestEdgeLoad => view.nearest(Tier::Edge).map(|edge| view.load(edge)),
            Observation::NearestEdgeUploadS => {
                view.nearest(Tier::Edge).and_then(|edge| view.upload_s(edge))
            }
            Observation::NearestEdgeDownloadS => {
                view.nearest(Tier::Edge).and_then(|edge| view.download_s(edge))
            }
            Observation::EdgeUtilisation => Some(view.utilisation(Tier::Edge)),
            Observation::CloudUtilisation => Some(view.utilisation(Tier::Cloud)),
            Observation::CloudUploadS => {
                view.nearest(Tier::Cloud).and_then(|cloud| view.upload_s(cloud))
            }
            Observation::CloudDownloadS => {
                view.nearest(Tier::Cloud).and_then(|cloud| view.download_s(cloud))
            }
            Observation::CloudBandwidthBps => view.cloud_bandwidth_bps(),
            Observation::RelayS => view.relay_s(node),
            Observation::NodeLoad => Some(view.load(node)),
            Observation::NodeMipsPerCore => Some(view.mips_per_core(node)),
            Observation::UploadS => view.upload_s(node),
            Observation::ExecutionS => view.execution_s(node),
            Observation::DownloadS => view.download_s(node),
            Observation::CompletionS => view.completion_s(node),
            Observation::DeviceEnergyJ => Some(view.device_energy_j(node)),
            Observation::AcceleratorGflop => request.accelerated.and_then(|part| part.work_gflop),
            Observation::NearestEdgeAcceleratorLoad => {
                view.nearest(Tier::Edge).and_then(|edge| view.accelerator_load(edge))
            }
            Observation::NearestEdgeAcceleratorFreeBytes => view
                .nearest(Tier::Edge)
                .and_then(|edge| view.accelerator_memory(edge))
                .map(|(free, _)| free),
            Observation::CloudAcceleratorLoad => {
                view.nearest(Tier::Cloud).and_then(|cloud| view.accelerator_load(cloud))
            }
            Observation::NodeAcceleratorLoad => view.accelerator_load(node),
            Observation::NodeAcceleratorFreeBytes => view.accelerator_memory(node).map(|(free, _)| free),
            Observation::AcceleratorS => view.accelerator_s(node),
        };
        value.filter(|value| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_scenarios_and_of_the_table_of_decisions() {
        for observation in ALL {
            assert_eq!(serde_json::to_value(observation).unwrap(), observation.name());
            assert_eq!(Observation::named(observation.name()), Some(observation));
        }
        assert_eq!(Observation::named("cpu"), None);
        let more = super::super::accelerator_feature_columns();
        for column in super::super::feature_columns().into_iter().chain(more) {
            assert!(Observation::named(&column.name).is_some(), "{}", column.name);
        }
    }
}
