//! Contracts on service levels.

use crate::energy::sla::uptime_promises;
use crate::scenario::{Duration, Ratio};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What violations of one cause cost. Amounts are in the currency of the price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PenaltySpec {
    /// Nothing.
    None,
    /// The same for each violation, however long.
    Fixed {
        /// Money for each.
        #[schemars(range(min = 0.0))]
        amount: f64,
    },
    /// By the time that the virtual machine is set back: the missing share times the length, summed up.
    DelayDependent {
        /// Money for each hour of delay.
        #[schemars(range(min = 0.0))]
        rate_per_hour: f64,
        /// Delay that is free.
        #[serde(default)]
        grace: Duration,
    },
    /// A multiple of the price for the time of violation, however much was missing.
    Full {
        /// The multiple.
        #[serde(default = "once")]
        #[schemars(range(min = 0.0))]
        factor: f64,
    },
    /// A multiple of the price for the time of violation, times the missing share.
    Proportional {
        /// The multiple.
        #[serde(default = "once")]
        #[schemars(range(min = 0.0))]
        factor: f64,
    },
    /// By the square of the missing MIPS, times hours.
    Quadratic {
        /// Money for a MIPS squared and an hour.
        #[schemars(range(min = 0.0))]
        rate_per_hour: f64,
    },
}

fn once() -> f64 {
    1.0
}

/// The name of a provider's promise of uptime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UptimePromiseName(pub String);

impl JsonSchema for UptimePromiseName {
    fn schema_name() -> Cow<'static, str> {
        "UptimePromiseName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = uptime_promises().iter().map(|promise| &*promise.name).collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// A share of the bill that is given back below a share of time in service.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UptimeTierSpec {
    /// The share of time in service below which it is due.
    pub below: Ratio,
    /// The share of the bill; of several that are due the greatest counts.
    pub credit: Ratio,
}

/// A promise of uptime of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UptimePromiseSpec {
    /// Share of the time in service that is promised.
    pub commitment: Ratio,
    /// What is given back below it.
    pub tiers: Vec<UptimeTierSpec>,
}

/// A promise of uptime: a provider's by its name, or one of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum UptimeSpec {
    /// A name.
    Name(UptimePromiseName),
    /// A promise.
    Promise(UptimePromiseSpec),
}

/// What is agreed on a virtual machine, from when it first runs until it ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SlaSpec {
    /// Price of the virtual machine for an hour.
    #[schemars(range(min = 0.0))]
    pub price_per_hour: f64,
    /// What violations cost, whatever their cause.
    pub penalty: PenaltySpec,
    /// What violations by an overload of the host cost, if it is something else.
    pub overload: Option<PenaltySpec>,
    /// What violations by a migration cost, if it is something else.
    pub migration: Option<PenaltySpec>,
    /// What violations by the loss of the host cost, if it is something else.
    pub crash: Option<PenaltySpec>,
    /// What a low share of time in service costs, beside that.
    pub uptime: Option<UptimeSpec>,
    /// Greatest share of the bill that is owed; any if left out.
    pub cap: Option<Ratio>,
    /// Share of the time in service that is promised, for policies to know; that of `uptime` if left out.
    pub availability: Option<Ratio>,
}

impl Default for SlaSpec {
    fn default() -> Self {
        SlaSpec {
            price_per_hour: 0.0,
            penalty: PenaltySpec::None,
            overload: None,
            migration: None,
            crash: None,
            uptime: None,
            cap: None,
            availability: None,
        }
    }
}
