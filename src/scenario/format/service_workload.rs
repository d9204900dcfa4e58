//! Applications of services as a workload.

use super::{Names, ServiceApplicationSpec};
use crate::apps::services::Routing;
use crate::scenario::{Duration, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done about a violated requirement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepairName {
    /// The replicas at fault are placed elsewhere.
    #[default]
    Partial,
    /// The whole application is taken off its nodes and placed afresh at the next control step, as ECLYPSE does.
    Whole,
}

/// What becomes of requests at a replica that is being moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovedRequestsName {
    /// They wait for it; what is being processed is processed anew.
    #[default]
    Wait,
    /// They are lost.
    Fail,
}

/// How replicas that serve are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceMigrationName {
    /// Stopped, copied, started.
    #[default]
    Cold,
    /// Started at the new node while they serve, then stopped and copied.
    StopAndCopy,
    /// Started and copied while they serve, then stopped while what has changed is copied.
    PreCopy,
}

/// Moves of replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceMigrationSpec {
    /// How replicas that serve are moved.
    pub kind: ServiceMigrationName,
    /// With `pre_copy`: share of the state that has changed when the first copy has arrived; 10 % if left out.
    pub changed_share: Option<Ratio>,
    /// What becomes of their requests meanwhile.
    pub requests: MovedRequestsName,
}

/// What applications pay for, in any currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServicePricesSpec {
    /// Price of a core that is held for an hour.
    #[schemars(range(min = 0.0))]
    pub core_hour: f64,
    /// Price of a gigabyte of memory that is held for an hour.
    #[schemars(range(min = 0.0))]
    pub memory_gb_hour: f64,
    /// Price of a gigabyte that requests and moved replicas send.
    #[schemars(range(min = 0.0))]
    pub transfer_gb: f64,
    /// Price of a kilowatt-hour of the energy that is attributed to them; that of the nodes' sites if left out.
    #[schemars(range(min = 0.0))]
    pub energy_kwh: Option<f64>,
}

/// Applications made of services, which are placed on nodes and serve requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServicesSpec {
    /// Name in tables and summary.
    pub name: String,
    /// The applications.
    #[schemars(length(min = 1))]
    pub applications: Vec<ServiceApplicationSpec>,
    /// Nodes and classes that services may be placed on; all that have cores if left out.
    pub nodes: Option<Names>,
    /// Time between control steps: audits of all requirements, repairs, and new tries of what has no place.
    pub control_period: Duration,
    /// What is done about a violated requirement.
    pub repair: RepairName,
    /// Which replica of a service a request goes to.
    pub routing: Routing,
    /// How replicas are moved.
    pub migration: ServiceMigrationSpec,
    /// What things cost.
    pub prices: ServicePricesSpec,
}

impl Default for ServicesSpec {
    fn default() -> Self {
        ServicesSpec {
            name: "services".into(),
            applications: vec![ServiceApplicationSpec {
                library: Some("sock_shop".into()),
                ..ServiceApplicationSpec::default()
            }],
            nodes: None,
            control_period: Duration::from_secs(1.0),
            repair: RepairName::default(),
            routing: Routing::default(),
            migration: ServiceMigrationSpec::default(),
            prices: ServicePricesSpec::default(),
        }
    }
}
