//! Users at any of the instances that there were at the start.

use super::{ControlPlane, OrchestrationView};
use crate::apps::orchestration::{AgentLayout, Answer, Order};
use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Each user, whenever it asks, at a random one of the `instances` that a service is given: no agents, no messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Random {}

impl ControlPlane for Random {
    fn layout(&self) -> AgentLayout {
        AgentLayout::None
    }

    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        let Some(query) = view.query() else { return };
        let services = view.services();
        let instances = services.get(query.service as usize).map_or(&[][..], |own| &own.instances);
        let drawn = (view.random().random::<f64>() * instances.len() as f64) as usize;
        let instance = instances.get(drawn).or(instances.last()).copied();
        orders.extend(Order::answer(view.stimulus(), Answer { instance }));
    }
}
