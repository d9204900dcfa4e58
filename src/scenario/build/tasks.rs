//! Task workloads: from the format to the workload.

use super::WorkloadSite;
use super::accelerators::{self, Need};
use crate::apps::tasks::{
    Application, Arrival, OnDeadline, OnHandover, TaskOptions, TaskSlips, TaskWorkload, TraceArrival,
};
use crate::apps::{PredictedShares, Workload};
use crate::engine::{Distribution, SimDuration, SimTime};
use crate::infra::{Share, Tier};
use crate::scenario::format::{
    ApplicationSpec, ArrivalSpec, DeadlineRule, Draw, HandoverRule, PredictedUtilisation, Quantity,
    TasksSpec,
};
use crate::scenario::import::read_task_trace;
use crate::scenario::{BuildWorkload, Ratio, Site};

fn draw<Q: Quantity>(spec: &Draw<Q>, site: &Site<'_>) -> Option<Distribution> {
    site.check(spec.distribution())
}

/// When tasks, or what else comes like them, are created.
pub(super) fn arrival(spec: &ArrivalSpec, site: &Site<'_>) -> Option<Arrival> {
    match spec {
        ArrivalSpec::Poisson { mean_interval } => site
            .key("mean_interval")
            .check(Distribution::exponential(mean_interval.as_secs()))
            .map(Arrival::Gaps),
        ArrivalSpec::Intervals { interval } => {
            let gaps = draw(interval, &site.key("interval"))?;
            if gaps.mean() <= 0.0 {
                site.key("interval").error("the mean time between tasks must be above 0");
                return None;
            }
            Some(Arrival::Gaps(gaps))
        }
        ArrivalSpec::Periodic { period } => {
            if period.as_secs() <= 0.0 {
                site.key("period").error("the time between tasks must be above 0");
                return None;
            }
            Some(Arrival::Periodic(period.as_secs()))
        }
        ArrivalSpec::Trace { file } => {
            let rows = site.key("file").check(read_task_trace(site.file(file)))?;
            let rows = rows.into_iter().map(|row| TraceArrival {
                time: SimTime::from_secs(row.time_s),
                device: row.device,
                length_mi: row.length_mi,
                upload_bytes: row.upload_bytes,
                download_bytes: row.download_bytes,
            });
            Some(Arrival::Trace(rows.collect()))
        }
    }
}

/// Most active periods that may pass between two tasks on average.
const MOST_PERIODS_A_TASK: f64 = 1000.0;

/// Reports active periods so short that hardly one of them sees a task.
fn check_gaps(arrival: &Arrival, activity: Option<&(Distribution, Distribution)>, site: &Site<'_>) {
    let gap_s = match arrival {
        Arrival::Gaps(gaps) => gaps.mean(),
        Arrival::Periodic(period_s) => *period_s,
        Arrival::Trace(_) => return,
    };
    if let Some((active, _)) = activity
        && gap_s > MOST_PERIODS_A_TASK * active.mean()
    {
        site.error_with_help(
            format!(
                "a task every {gap_s} s comes less than once in {MOST_PERIODS_A_TASK} active periods of {} s",
                active.mean()
            ),
            "lengthen `active`, or leave `active` and `idle` out",
        );
    }
}

/// The shares of an instance by tier, in the order of [`Tier::ALL`].
fn predicted(spec: PredictedUtilisation) -> PredictedShares {
    let PredictedUtilisation { device, edge, fog, cloud } = spec;
    [device, edge, fog, cloud, Ratio::from_fraction(0.0)].map(|share| Share::of(share.as_fraction()))
}

fn application(spec: &ApplicationSpec, here: &WorkloadSite<'_>, site: &Site<'_>) -> Option<Application> {
    let activity = match (&spec.active, &spec.idle) {
        (Some(active), Some(idle)) => {
            let (active, idle) = (draw(active, &site.key("active"))?, draw(idle, &site.key("idle"))?);
            if active.mean() <= 0.0 {
                site.key("active").error("the mean length of an active period must be above 0");
                return None;
            }
            Some((active, idle))
        }
        (None, None) => None,
        _ => {
            site.error("`active` and `idle` go together");
            return None;
        }
    };
    let (accelerator, accelerated) = match &spec.accelerator {
        None => (None, None),
        Some(own) => match accelerators::need(own, here.directory, &site.key("accelerator"))? {
            Need::Counted(counted) => (Some(counted), None),
            Need::Timed(part) => (None, Some(*part)),
        },
    };
    let deadline_s = match &spec.deadline {
        None => None,
        Some(deadline) => Some(draw(deadline, &site.key("deadline"))?),
    };
    let first_active_s = match &spec.first_active {
        None => None,
        Some(_) if activity.is_none() => {
            site.key("first_active").error("there are no active periods without `active` and `idle`");
            return None;
        }
        Some(first) => Some(draw(first, &site.key("first_active"))?),
    };
    let arrival = arrival(&spec.arrival, &site.key("arrival"))?;
    check_gaps(&arrival, activity.as_ref(), &site.key("arrival"));
    Some(Application {
        name: spec.name.clone(),
        share: spec.share,
        arrival,
        activity,
        length_mi: draw(&spec.length, &site.key("length"))?,
        upload_bytes: draw(&spec.upload, &site.key("upload"))?,
        download_bytes: draw(&spec.download, &site.key("download"))?,
        cores: spec.cores,
        memory_bytes: draw(&spec.memory, &site.key("memory"))?,
        accelerator,
        accelerated,
        class: spec.class,
        deadline_s,
        delay_sensitivity: spec.delay_sensitivity.as_fraction(),
        first_active_s,
        predicted: spec.predicted_utilisation.map(predicted),
        cloud_share: spec.cloud_share.as_fraction(),
    })
}

impl BuildWorkload for TasksSpec {
    fn build(&self, here: &WorkloadSite<'_>) -> Option<Box<dyn Workload>> {
        let site = &here.site;
        let devices = match &self.devices {
            Some(names) => here.directory.nodes(names, &site.key("devices"))?,
            None => here.directory.of_tier(Tier::Device).collect(),
        };
        if devices.is_empty() {
            site.error_with_help(
                "there are no devices to create tasks",
                "add a node class of the tier \"device\", or name the `devices`",
            );
        }
        let specs = self.applications.iter().enumerate();
        let mut names = std::collections::BTreeSet::new();
        for (index, spec) in self.applications.iter().enumerate() {
            if !names.insert(&spec.name) {
                site.key("applications").index(index).error_with_help(
                    format!("another application has the name {:?}", spec.name),
                    "give each application a `name` of its own",
                );
            }
        }
        let applications: Vec<Option<Application>> = specs
            .map(|(index, spec)| application(spec, here, &site.key("applications").index(index)))
            .collect();
        if self.applications.iter().map(|spec| spec.share).sum::<f64>() <= 0.0 {
            site.key("applications").error("no application has a share above 0");
        }
        let options = TaskOptions {
            on_deadline: match self.on_deadline {
                DeadlineRule::Finish => OnDeadline::Finish,
                DeadlineRule::Drop => OnDeadline::Drop,
            },
            on_handover: match self.on_handover {
                HandoverRule::Continue => OnHandover::Continue,
                HandoverRule::Lose => OnHandover::Lose,
                HandoverRule::LoseResultOnAir => OnHandover::LoseResultOnAir,
                HandoverRule::LoseResultElsewhere => OnHandover::LoseResultElsewhere,
            },
            fault_retries: self.fault_retries,
            retry_delay: SimDuration::from_secs(self.retry_delay.as_secs()),
            slips: TaskSlips {
                warm_up_leak: self.edgecloudsim.warm_up_leak,
                nothing_reserved: self.edgecloudsim.nothing_reserved,
                free_upload_relay: self.edgecloudsim.free_upload_relay,
                free_result_relay: self.edgecloudsim.free_result_relay,
                whole_sizes: self.edgecloudsim.whole_sizes,
            },
        };
        let applications = applications.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Box::new(TaskWorkload::new(&self.name, devices, applications, options, here.horizon)))
    }
}
