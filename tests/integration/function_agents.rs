//! FaaS-MACrO by messages between nodes of the world.

use crate::function_policies::{Case, close, number, published, simple};
use stratosim::apps::functions::AgentOptions;
use stratosim::apps::functions::arrivals::WithinStep;
use stratosim::infra::{FaultTarget, LinkId};
use stratosim::placement::functions::{
    CentralisedOptions, DistributedOptions, Lmm, Macro, SortingRule, distribute,
};

fn upstream() -> DistributedOptions {
    DistributedOptions::upstream(SortingRule::Product)
}

/// Without loss, agents agree on what the method finds that knows all at once. Each iteration takes a message of each of the
/// two other nodes and one back, of 1000 bytes and 24 for each of two functions, over links of a millisecond.
#[test]
fn messages_lead_to_what_the_method_finds() {
    let Some(series) = published("g01") else { return };
    let found: Vec<_> =
        (0..3).map(|step| distribute(&series.at(step).unwrap(), &upstream()).unwrap()).collect();
    let iterations: usize = found.iter().map(|own| own.iterations.len()).sum();
    assert_eq!(iterations, 114);
    let agents = Some(AgentOptions { rounds: 100, ..AgentOptions::default() });
    let case = Case { agents, within: WithinStep::Uniform, ..Case::new(series, 4.0) };
    let (asked, summary) = case.run(Macro::new(upstream()));
    assert!(asked.is_empty(), "agents decide, not the policy at once");
    let objective = found.iter().map(|own| own.objective).sum::<f64>() / 3.0;
    close(number(&summary, "objective_mean"), objective, 1e-12);
    close(number(&summary, "iterations_mean"), 38.0, 1e-12);
    assert_eq!(number(&summary, "messages"), 4.0 * 114.0);
    assert_eq!(number(&summary, "message_bytes"), 4.0 * 114.0 * 1048.0);
    assert_eq!(number(&summary, "messages_lost"), 0.0);
    assert_eq!(number(&summary, "refused"), 0.0);
    close(number(&summary, "agreement_s_mean"), 38.0 * 2e-3, 1e-5);
}

/// Node 0 of h01 forwards 2.4 of 4 requests per second to node 1 as soon as both know: all but those of the first 2 ms.
#[test]
fn forwarding_begins_when_both_ends_know() {
    let series = simple(&[100, 1000], &[[0, 1]], 0.9, &[&[4.0, 2.0], &[4.0, 2.0]]);
    let agents = Some(AgentOptions::default());
    let (_, summary) = Case { agents, ..Case::new(series, 500.0) }.run(Macro::new(upstream()));
    close(number(&summary, "objective_mean"), 1.94, 1e-9);
    close(number(&summary, "forwarded_share"), 2.4 / 6.0, 1e-3);
    close(number(&summary, "objective_experienced_mean"), 1.94, 0.01);
}

/// A chain of three nodes which hold two replicas each, for 3.2 of 5 requests per second. The link to the third is down: the
/// coordinator waits for it in each of three rounds, and it gives up after three times twice as long. All serve what they can:
/// 3 (3.2 - 0.18) / 5.
#[test]
fn who_hears_nothing_decides_for_itself() {
    let series = simple(&[200, 200, 200], &[[0, 1], [1, 2]], 0.9, &[&[5.0; 3][..]; 3]);
    let agents = Some(AgentOptions { rounds: 3, timeout_s: 0.5, ..AgentOptions::default() });
    let faults = vec![(FaultTarget::Link(LinkId(1)), vec![1e-6])];
    let case = Case { agents, faults, start_on_demand: false, ..Case::new(series, 100.0) };
    let (_, summary) = case.run(Macro::new(upstream()));
    close(number(&summary, "objective_mean"), 3.0 * (3.2 - 0.18) / 5.0, 1e-9);
    close(number(&summary, "agreement_s_mean"), 3.0, 1e-6);
    assert!(number(&summary, "messages_lost") >= 6.0);
    close(number(&summary, "rejected_share"), 1.8 / 5.0, 0.02);
}

/// A method that knows all at once has no agents: each epoch is refused.
#[test]
fn other_methods_have_no_agents() {
    let series = simple(&[200, 200], &[[0, 1]], 0.9, &[&[1.0, 1.0], &[1.0, 1.0]]);
    let agents = Some(AgentOptions::default());
    let case = Case { agents, ..Case::new(series, 50.0) };
    let (_, summary) = case.run(Lmm(CentralisedOptions::default()));
    assert_eq!(number(&summary, "refused"), 2.0);
    assert_eq!(summary["decisions"]["refused"], 2);
}
