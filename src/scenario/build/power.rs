//! Power models and frequency steps: from the format to the infrastructure.

use crate::energy::{
    AcceleratorPower, BudgetPower, CmosPower, ExponentPower, FrequencySteps, LinearPower, NodePower,
    OperatingPoint, Performance, PowerModel, TablePower, frequency_preset,
};
use crate::infra::NodeClass;
use crate::scenario::build::NodeDirectory;
use crate::scenario::build::accelerators::unknown_counted;
use crate::scenario::format::{
    BudgetPowerSpec, CmosPowerSpec, CorePowerSpec, CubicPowerSpec, FrequencySpec, LinearPowerSpec,
    OperatingPointSpec, PerformanceSpec, PowerStatesSpec, SquarePowerSpec, SquareRootPowerSpec,
    TablePowerSpec,
};
use crate::scenario::{BuildPower, Frequency, Power, Site};
use std::sync::Arc;

/// Where a power model is built.
#[derive(Clone, Debug)]
pub struct PowerSite<'a> {
    /// Its place in the scenario, to which errors go.
    pub site: Site<'a>,
    /// Cores of each node of the class.
    pub cores: u32,
    /// The fastest of the class's frequency steps, if it has some.
    pub fastest: Option<OperatingPoint>,
}

/// The model as it is shared by the nodes of a class.
type Shared = Arc<dyn PowerModel>;

fn shared(model: impl PowerModel + 'static) -> Option<Shared> {
    Some(Arc::new(model))
}

impl BuildPower for LinearPowerSpec {
    fn build(&self, _: &PowerSite<'_>) -> Option<Shared> {
        shared(LinearPower { idle_w: self.idle.as_watts(), busy_w: self.busy.as_watts() })
    }
}

fn exponent(idle: Power, busy: Power, exponent: f64, here: &PowerSite<'_>) -> Option<Shared> {
    shared(here.site.check(ExponentPower::new(idle.as_watts(), busy.as_watts(), exponent))?)
}

impl BuildPower for SquarePowerSpec {
    fn build(&self, here: &PowerSite<'_>) -> Option<Shared> {
        exponent(self.idle, self.busy, 2.0, here)
    }
}

impl BuildPower for CubicPowerSpec {
    fn build(&self, here: &PowerSite<'_>) -> Option<Shared> {
        exponent(self.idle, self.busy, 3.0, here)
    }
}

impl BuildPower for SquareRootPowerSpec {
    fn build(&self, here: &PowerSite<'_>) -> Option<Shared> {
        exponent(self.idle, self.busy, 0.5, here)
    }
}

impl BuildPower for TablePowerSpec {
    fn build(&self, here: &PowerSite<'_>) -> Option<Shared> {
        let watts: Vec<f64> = self.points.iter().map(|point| point.as_watts()).collect();
        shared(here.site.key("points").check(TablePower::new(&watts))?)
    }
}

/// The point at which nodes without steps run, or the fastest of the steps.
fn fixed_point(
    frequency: Option<Frequency>,
    voltage_v: Option<f64>,
    here: &PowerSite<'_>,
) -> Option<OperatingPoint> {
    match (frequency, voltage_v, here.fastest) {
        (Some(frequency), Some(voltage_v), None) => {
            here.site.check(OperatingPoint::new(frequency.as_hz(), voltage_v))
        }
        (None, None, Some(fastest)) => Some(fastest),
        (_, _, Some(_)) => {
            here.site.error(
                "the class has frequency steps, so `frequency` and `voltage` are not needed here",
            );
            None
        }
        (_, _, None) => {
            here.site.error_with_help(
                "this power depends on frequency and voltage, but the class has no frequency steps",
                "give `frequency` and `voltage` here, or the key `frequency` of the class",
            );
            None
        }
    }
}

impl BuildPower for CmosPowerSpec {
    fn build(&self, here: &PowerSite<'_>) -> Option<Shared> {
        let point = fixed_point(self.frequency, self.voltage, here)?;
        let static_w = self.static_power.as_watts();
        shared(here.site.check(CmosPower::new(self.coefficient_w_per_ghz_v2, static_w, point))?)
    }
}

impl BuildPower for CorePowerSpec {
    fn build(&self, here: &PowerSite<'_>) -> Option<Shared> {
        let point = fixed_point(self.frequency, self.voltage, here)?;
        // uW/(MHz V^2) are mW/(GHz V^2).
        let coefficient = self.coefficient_uw_per_mhz_v2 * f64::from(here.cores) / 1e3;
        shared(here.site.check(CmosPower::new(coefficient, self.static_power.as_watts(), point))?)
    }
}

impl BuildPower for BudgetPowerSpec {
    fn build(&self, here: &PowerSite<'_>) -> Option<Shared> {
        shared(here.site.check(BudgetPower::new(self.idle.as_watts(), self.budget.as_watts()))?)
    }
}

/// A model with what stands beside it.
pub(in crate::scenario) fn node_power(
    model: Shared,
    states: &PowerStatesSpec,
    here: &PowerSite<'_>,
    directory: &NodeDirectory,
) -> NodePower {
    let mut power = NodePower::new(model);
    power.sleep_w = states.sleep.as_watts();
    power.off_w = states.off.as_watts();
    power.off_when_idle = states.off_when_idle;
    for (name, own) in &states.accelerators {
        let Some(kind) = directory.accelerator(name) else {
            let site = here.site.key("accelerators").key(name);
            unknown_counted(
                name,
                "give them `idle_power` and `max_power` where they are listed",
                directory,
                &site,
            );
            continue;
        };
        power.accelerators.push(AcceleratorPower {
            kind,
            count: 0,
            idle_w: own.idle.as_watts(),
            busy_w: own.busy.as_watts(),
        });
    }
    power
}

/// Sets how many accelerators of each kind the nodes of the class have.
pub(super) fn count_accelerators(class: &mut NodeClass, site: &Site<'_>) {
    for own in &mut class.power.accelerators {
        own.count = class.resources.accelerators_of(own.kind);
        if own.count == 0 {
            let site = site.key("accelerators");
            let message = "the class has no accelerators of a kind that is named here";
            if class.accelerators.is_empty() {
                site.error(message);
            } else {
                site.error_with_help(
                    message,
                    "devices that are listed have their `idle_power` and `max_power` there",
                );
            }
        }
    }
}

fn operating_points(specs: &[OperatingPointSpec], site: &Site<'_>) -> Option<Vec<OperatingPoint>> {
    let points: Vec<Option<OperatingPoint>> = specs
        .iter()
        .enumerate()
        .map(|(index, spec)| {
            site.index(index).check(OperatingPoint::new(spec.frequency.as_hz(), spec.voltage))
        })
        .collect();
    points.into_iter().collect()
}

fn performance(spec: &PerformanceSpec) -> Performance {
    match spec {
        PerformanceSpec::Beta { compute, hybrid, memory } => {
            Performance::Beta([compute.as_fraction(), hybrid.as_fraction(), memory.as_fraction()])
        }
        PerformanceSpec::Table { compute, hybrid, memory } => {
            Performance::Table([compute.clone(), hybrid.clone(), memory.clone()])
        }
    }
}

/// The frequency steps of a class.
pub(super) fn frequency_steps(spec: &FrequencySpec, site: &Site<'_>) -> Option<FrequencySteps> {
    let steps = match (&spec.preset, &spec.steps) {
        (Some(name), None) => {
            let steps = site.key("preset").check(frequency_preset(&name.0)?.steps())?;
            match &spec.performance {
                Some(own) => FrequencySteps::new(steps.points().to_vec(), performance(own)),
                None => Ok(steps),
            }
        }
        (None, Some(points)) => {
            let points = operating_points(points, &site.key("steps"))?;
            FrequencySteps::new(
                points,
                spec.performance.as_ref().map_or_else(Performance::default, performance),
            )
        }
        _ => {
            site.error("give either a `preset` or the `steps`");
            return None;
        }
    };
    let steps = site.check(steps)?;
    match spec.initial {
        Some(step) => site.key("initial").check(steps.starting_at(step as usize)),
        None => Some(steps),
    }
}
