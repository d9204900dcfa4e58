//! Users at the nearest of the instances that there were at the start.

use super::{ControlPlane, OrchestrationView, PlaceIndex, PlatformList};
use crate::apps::orchestration::{AgentLayout, Answer, Order, ServiceFacts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Each user at the nearest of the `instances` that a service is given, for ever: no agents, no messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nearest {
    /// For each service its instances by place.
    #[serde(skip)]
    instances: Vec<PlaceIndex>,
}

impl ControlPlane for Nearest {
    fn layout(&self) -> AgentLayout {
        AgentLayout::None
    }

    fn begin(&mut self, list: &PlatformList, services: &[ServiceFacts]) {
        let places = |service: &ServiceFacts| {
            let own = service.instances.iter().filter_map(|&node| list.get(node));
            PlaceIndex::new(own.map(|platform| (platform.node, platform.position)))
        };
        self.instances = services.iter().map(places).collect();
    }

    fn on(&mut self, view: &mut OrchestrationView<'_>, orders: &mut Vec<Order>) {
        let Some(query) = view.query() else { return };
        let places = self.instances.get(query.service as usize);
        let instance = places.and_then(|places| places.nearest(query.position));
        orders.extend(Order::answer(view.stimulus(), Answer { instance }));
    }
}
