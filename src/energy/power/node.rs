//! The power of a node in all its states.

use super::{LinearPower, Load, PowerModel};
use std::sync::Arc;

/// What accelerators of one kind draw, beside what the node's model says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AcceleratorPower {
    /// The kind's number, as the accelerators of the node's class have it.
    pub kind: u16,
    /// How many the node has.
    pub count: u32,
    /// Watts of each that is idle.
    pub idle_w: f64,
    /// Watts of each that is held by a job.
    pub busy_w: f64,
}

/// What the nodes of a class draw: by a model while they work, and fixed powers asleep and off.
///
/// ```
/// use stratosim::energy::{LinearPower, Load, NodePower};
/// let mut power: NodePower = LinearPower { idle_w: 100.0, busy_w: 250.0 }.into();
/// power.sleep_w = 8.0;
/// assert_eq!(power.power_w(&Load::of(0.5), |_| 0), 175.0);
/// ```
#[derive(Clone, Debug)]
pub struct NodePower {
    /// Watts over the load.
    pub model: Arc<dyn PowerModel>,
    /// Watts of accelerators, added to the model's; empty if the model has all.
    pub accelerators: Vec<AcceleratorPower>,
    /// Watts asleep.
    pub sleep_w: f64,
    /// Watts switched off.
    pub off_w: f64,
    /// Whether a node of which nothing is busy counts as switched off, as in CloudSim.
    pub off_when_idle: bool,
}

impl Default for NodePower {
    fn default() -> Self {
        LinearPower::default().into()
    }
}

impl<M: PowerModel + 'static> From<M> for NodePower {
    fn from(model: M) -> Self {
        NodePower::new(Arc::new(model))
    }
}

impl NodePower {
    /// The power of this model, and none asleep or off.
    #[must_use]
    pub fn new(model: Arc<dyn PowerModel>) -> Self {
        NodePower { model, accelerators: Vec::new(), sleep_w: 0.0, off_w: 0.0, off_when_idle: false }
    }

    /// Watts of a node that is on, with this share of its cores busy at full clock and no accelerator: what policies
    /// plan with.
    ///
    /// ```
    /// use stratosim::energy::{LinearPower, NodePower};
    /// let power: NodePower = LinearPower { idle_w: 100.0, busy_w: 250.0 }.into();
    /// assert_eq!(power.planned_w(0.5), 175.0);
    /// ```
    #[must_use]
    pub fn planned_w(&self, utilisation: f64) -> f64 {
        self.power_w(&Load::of(utilisation), |_| 0)
    }

    /// Whether a node with this load counts as switched off.
    #[must_use]
    pub fn counts_as_off(&self, load: &Load) -> bool {
        self.off_when_idle && load.utilisation <= 0.0 && load.accelerator_utilisation <= 0.0
    }

    /// Watts of a node that is on; `busy_of` gives the busy accelerators of a kind.
    #[must_use]
    pub fn power_w(&self, load: &Load, busy_of: impl Fn(u16) -> u32) -> f64 {
        if self.counts_as_off(load) {
            return self.off_w;
        }
        let mut watts = self.model.power_w(load);
        for own in &self.accelerators {
            let busy = busy_of(own.kind).min(own.count);
            watts += f64::from(own.count) * own.idle_w + f64::from(busy) * (own.busy_w - own.idle_w);
        }
        watts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accelerators_add_what_they_draw() {
        let mut power: NodePower = LinearPower { idle_w: 100.0, busy_w: 200.0 }.into();
        power.accelerators = vec![
            AcceleratorPower { kind: 0, count: 4, idle_w: 10.0, busy_w: 250.0 },
            AcceleratorPower { kind: 3, count: 1, idle_w: 1.0, busy_w: 5.0 },
        ];
        let busy = |kind| if kind == 0 { 3 } else { 9 };
        // 150 + 4 * 10 + 3 * 240 + 1 + 4, no more accelerators being busy than there are.
        assert_eq!(power.power_w(&Load::of(0.5), busy), 915.0);
        assert_eq!(power.power_w(&Load::of(0.0), |_| 0), 141.0);
    }

    #[test]
    fn an_idle_node_can_count_as_off() {
        let mut power: NodePower = LinearPower { idle_w: 100.0, busy_w: 200.0 }.into();
        (power.off_when_idle, power.off_w) = (true, 2.0);
        assert_eq!(power.power_w(&Load::of(0.0), |_| 0), 2.0);
        assert_eq!(power.power_w(&Load::of(0.01), |_| 0), 101.0);
        let accelerating = Load { accelerator_utilisation: 1.0, ..Load::of(0.0) };
        assert_eq!(power.power_w(&accelerating, |_| 0), 100.0);
    }
}
