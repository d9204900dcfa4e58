//! Applications: what tasks devices create, and when.

use super::accelerated::AcceleratedPart;
use crate::apps::PredictedShares;
use crate::energy::JobClass;
use crate::engine::{Distribution, DistributionError, SimTime};
use crate::infra::compute::Accelerator;
use std::sync::Arc;

/// A task given by a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceArrival {
    /// When it is created.
    pub time: SimTime,
    /// The device's number among those that run the application; `None` to go round them.
    pub device: Option<u32>,
    /// Work in million instructions; `None` to draw it.
    pub length_mi: Option<f64>,
    /// Bytes to upload; `None` to draw them.
    pub upload_bytes: Option<f64>,
    /// Bytes to download; `None` to draw them.
    pub download_bytes: Option<f64>,
}

/// When the devices of an application create tasks.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// After independent gaps of this distribution in seconds; exponential gaps make a Poisson process.
    Gaps(Distribution),
    /// Every so many seconds, from a random phase on.
    Periodic(f64),
    /// At the times of a trace, in order.
    Trace(Arc<[TraceArrival]>),
}

/// A kind of application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Name.
    pub name: String,
    /// Share of the devices that run it, relative to the other applications' shares.
    pub share: f64,
    /// When tasks are created while the device is active.
    pub arrival: Arrival,
    /// Seconds of an active and of an idle period, in turn; `None` is always active.
    pub activity: Option<(Distribution, Distribution)>,
    /// When the first active period begins, in seconds from the start of the device; `None` starts at a random
    /// point of the cycle.
    pub first_active_s: Option<Distribution>,
    /// Work of a task in million instructions.
    pub length_mi: Distribution,
    /// Bytes of its input.
    pub upload_bytes: Distribution,
    /// Bytes of its result.
    pub download_bytes: Distribution,
    /// Cores it asks for.
    pub cores: u32,
    /// Bytes of memory it asks for.
    pub memory_bytes: Distribution,
    /// Counted accelerators that it holds while it is on the cores.
    pub accelerator: Option<Accelerator>,
    /// Its part on an accelerator whose time is modelled, after that on the cores.
    pub accelerated: Option<AcceleratedPart>,
    /// What its speed depends on besides its cores.
    pub class: JobClass,
    /// Seconds within which it should be done.
    pub deadline_s: Option<Distribution>,
    /// How much its user minds delay, in 0..=1.
    pub delay_sensitivity: f64,
    /// The share of an instance that its tasks are admitted by, by tier; `None` to admit them by their cores.
    pub predicted: Option<PredictedShares>,
    /// Share of its tasks that is to go to the cloud, in 0..=1, for policies that go by it.
    pub cloud_share: f64,
}

impl Application {
    /// An application of which each device creates tasks as a Poisson process, a task every
    /// `mean_interval_s` seconds on average, with exponential sizes of these means: work in million
    /// instructions, input and result in bytes. Tasks ask for one core, no memory and no accelerator, and
    /// have no deadline; all fields can be changed.
    ///
    /// ```
    /// use stratosim::apps::tasks::Application;
    /// use stratosim::engine::Distribution;
    /// let mut detection = Application::poisson("detection", 2.0, 3000.0, 500e3, 10e3)?;
    /// detection.deadline_s = Some(Distribution::constant(1.0)?);
    /// assert_eq!(detection.length_mi.mean(), 3000.0);
    /// # Ok::<(), stratosim::engine::DistributionError>(())
    /// ```
    ///
    /// # Errors
    /// If a mean is not positive and finite.
    pub fn poisson(
        name: impl Into<String>,
        mean_interval_s: f64,
        mean_length_mi: f64,
        mean_upload_bytes: f64,
        mean_download_bytes: f64,
    ) -> Result<Self, DistributionError> {
        Ok(Application {
            name: name.into(),
            share: 1.0,
            arrival: Arrival::Gaps(Distribution::exponential(mean_interval_s)?),
            activity: None,
            first_active_s: None,
            length_mi: Distribution::exponential(mean_length_mi)?,
            upload_bytes: Distribution::exponential(mean_upload_bytes)?,
            download_bytes: Distribution::exponential(mean_download_bytes)?,
            cores: 1,
            memory_bytes: Distribution::constant(0.0)?,
            accelerator: None,
            accelerated: None,
            class: JobClass::Compute,
            deadline_s: None,
            delay_sensitivity: 0.5,
            predicted: None,
            cloud_share: 0.0,
        })
    }
}
