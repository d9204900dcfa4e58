//! What a frequency governor can see.

use crate::energy::{FrequencySteps, JobClass};
use crate::engine::{SimTime, Stream};
use crate::infra::{Infrastructure, NodeId};

/// A node as a frequency governor sees it: everything can be asked, nothing changed.
#[derive(Debug)]
pub struct FrequencyView<'a> {
    node: NodeId,
    now: SimTime,
    load: f64,
    steps: &'a FrequencySteps,
    infrastructure: &'a Infrastructure,
    random: &'a mut Stream,
}

impl<'a> FrequencyView<'a> {
    /// A view for one decision; `None` if the node has no frequency steps. `load` is the busy share of its
    /// cores that is to be decided on.
    pub fn new(
        node: NodeId,
        now: SimTime,
        load: f64,
        infrastructure: &'a Infrastructure,
        random: &'a mut Stream,
    ) -> Option<Self> {
        let steps = infrastructure.frequency_steps(node)?;
        Some(FrequencyView { node, now, load, steps, infrastructure, random })
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The governor's own random stream.
    pub fn random(&mut self) -> &mut Stream {
        self.random
    }

    /// The infrastructure.
    #[must_use]
    pub fn infrastructure(&self) -> &Infrastructure {
        self.infrastructure
    }

    /// The frequency steps of the node.
    #[must_use]
    pub fn steps(&self) -> &FrequencySteps {
        self.steps
    }

    /// The number of the present step.
    #[must_use]
    pub fn step(&self) -> usize {
        self.infrastructure.frequency_step(self.node)
    }

    /// Busy share of the cores, in 0..=1: the mean since the last decision if a period has passed, the present
    /// one if the load has just changed.
    #[must_use]
    pub fn load(&self) -> f64 {
        self.load
    }

    /// Cores that running and waiting jobs ask for, divided by the cores there are: above one under overload.
    #[must_use]
    pub fn demand(&self) -> f64 {
        self.infrastructure.demand_share(self.node)
    }

    /// Number of jobs that run.
    #[must_use]
    pub fn running(&self) -> usize {
        let compute = self.infrastructure.compute();
        let processors = self.infrastructure.node(self.node).processors();
        processors.map(|processor| compute.running(processor)).sum()
    }

    /// Number of jobs that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let compute = self.infrastructure.compute();
        let processors = self.infrastructure.node(self.node).processors();
        processors.map(|processor| compute.waiting(processor)).sum()
    }

    /// The [load](Self::load) that the same work would make at another step, above one if that is too slow: the
    /// classes of the running jobs stretch it by their execution times; without any it counts as compute-bound.
    #[must_use]
    pub fn load_at(&self, step: usize) -> f64 {
        let compute = self.infrastructure.compute();
        let present = self.step();
        let (mut asked, mut stretched) = (0.0, 0.0);
        for processor in self.infrastructure.node(self.node).processors() {
            for class in JobClass::ALL {
                let cores = compute.asked_cores(processor, class);
                asked += cores;
                stretched += cores * self.steps.speed(present, class) / self.steps.speed(step, class);
            }
        }
        let bound = JobClass::Compute;
        let stretch = if asked > 0.0 {
            stretched / asked
        } else {
            self.steps.speed(present, bound) / self.steps.speed(step, bound)
        };
        self.load * stretch
    }

    /// Watts of the node at a step with this share of its cores busy.
    #[must_use]
    pub fn power_w(&self, step: usize, utilisation: f64) -> f64 {
        self.infrastructure.power_at_step(self.node, utilisation, step)
    }

    /// The slowest step of at least this frequency in hertz; the fastest if none has it.
    #[must_use]
    pub fn slowest_above(&self, frequency_hz: f64) -> usize {
        let points = self.steps.points();
        // A relative hair below, so that a step is enough for its own frequency after rounding.
        let enough = frequency_hz * (1.0 - 1e-12);
        points.iter().position(|point| point.frequency_hz() >= enough).unwrap_or(self.steps.last())
    }
}
