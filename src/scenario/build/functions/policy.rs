//! What functions and the policy that allocates their replicas must know of each other.

use super::{Ground, LEAST_TIME_S};
use crate::apps::functions::AgentOptions;
use crate::placement::ParameterError;
use crate::placement::functions::{Fixed, Macro, Static};
use crate::scenario::Duration;
use crate::scenario::format::{Draw, FunctionsSpec};
use serde::de::DeserializeOwned;

/// Policies that are built in and have no agents.
const WITHOUT_AGENTS: [&str; 11] = [
    "lmm",
    "madea",
    "no_offloading",
    "greedy_by_memory",
    "static_replicas",
    "fixed",
    "knative",
    "horizontal",
    "rate",
    "queue",
    "per_request",
];

/// How agents talk; `None` if something is wrong with it.
pub(super) fn agents(spec: &FunctionsSpec, ground: &Ground<'_>) -> Option<Option<AgentOptions>> {
    let Some(own) = &spec.agents else { return Some(None) };
    let site = ground.here.site.key("agents");
    let mut good = true;
    let kind = ground.here.policies.replica_allocation.kind();
    if WITHOUT_AGENTS.contains(&kind) {
        site.error_with_help(
            format!("the policy {kind:?} has no agents that could send messages"),
            "set `policies.replica_allocation` to { \"kind\": \"macro\" }, or leave `agents` out",
        );
        good = false;
    }
    let names = (0..ground.nodes.len()).map(|node| ground.node_name(node));
    let coordinator = match &own.coordinator {
        None => Some(0),
        Some(name) => names.clone().position(|known| known == name.as_str()),
    };
    if let (None, Some(name)) = (coordinator, &own.coordinator) {
        site.key("coordinator").unknown("node of the functions", name, names);
        good = false;
    }
    let takes_time = [
        ("decision_time", spec.decision_time != Draw::Constant(Duration::from_secs(0.0))),
        ("per_iteration", spec.per_iteration.as_secs() > 0.0),
    ];
    for (key, _) in takes_time.iter().filter(|(_, given)| *given) {
        ground.here.site.key(key).error_with_help(
            "agents take the time that their messages need",
            "leave it out, or leave `agents` out",
        );
        good = false;
    }
    if own.timeout.as_secs() < LEAST_TIME_S {
        site.key("timeout").error("it must be at least 1 ms");
        good = false;
    }
    if own.rounds == 0 {
        site.key("rounds").error("it must be at least 1");
        good = false;
    }
    let options = AgentOptions {
        coordinator: coordinator? as u32,
        message_bytes: own.message.as_bytes(),
        bytes_per_function: own.bytes_per_stream.as_bytes(),
        timeout_s: own.timeout.as_secs(),
        rounds: own.rounds,
    };
    good.then_some(Some(options))
}

/// Whether lists among the policy's parameters have as many entries as there are nodes and functions.
pub(super) fn check_lists(ground: &Ground<'_>, functions: usize) -> bool {
    let kind = &ground.here.policies.replica_allocation;
    let nodes = ground.nodes.len();
    let wrong = match kind.kind() {
        "macro" => of::<Macro>(&kind.0).and_then(|own| own.check_lists(functions).err()),
        "static_replicas" => of::<Static>(&kind.0).and_then(|own| own.check_lists(functions).err()),
        "fixed" => of::<Fixed>(&kind.0).and_then(|own| own.check_lists(nodes, functions).err()),
        _ => None,
    };
    let Some(wrong) = wrong else { return true };
    let wrong: ParameterError =
        wrong.help(format!("the workload {:?} has {functions} functions at {nodes} nodes", ground.name));
    ground.here.policies_site.key("replica_allocation").parameter_error(wrong);
    false
}

/// A policy from its parameters; what is wrong with these is told where policies are made.
fn of<P: DeserializeOwned>(value: &serde_json::Value) -> Option<P> {
    let mut parameters = value.as_object()?.clone();
    parameters.remove("kind");
    serde_json::from_value(parameters.into()).ok()
}
