//! The shipped scenarios of frequency, reliability and classes of work show what their descriptions promise.

use crate::support::{Run, run_shipped};
use serde_json::Value;
use std::collections::BTreeMap;

fn vms(run: &Run) -> Value {
    run.summary()["workloads"]["virtual_machines"].clone()
}

#[track_caller]
fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} is {}", value[key]))
}

fn governed_by(kind: &str) -> Run {
    run_shipped("cloud/1-energy", &[&format!("policies.frequency.kind={kind}")])
}

#[test]
fn slow_clocks_trade_energy_for_penalties_and_the_governor_that_looks_at_both_costs_least() {
    let kinds = ["powersave", "performance", "sla_aware", "cost_aware"];
    let runs = kinds.map(governed_by);
    for run in &runs {
        assert_eq!(run.summary()["sites"]["datacenter"]["over_cap_s"], 0.0);
        assert_eq!(vms(run)["currency"], "EUR");
    }
    let of = |key: &str| -> [f64; 4] {
        let values: Vec<f64> = runs.iter().map(|run| number(&vms(run), key)).collect();
        values.try_into().unwrap()
    };
    // Each between the extremes, clearly, where the extremes differ clearly.
    for key in ["energy_kwh", "energy_cost"] {
        let [powersave, performance, sla_aware, cost_aware] = of(key);
        assert!(powersave * 1.3 < performance, "{key}: {powersave} {performance}");
        for own in [sla_aware, cost_aware] {
            assert!(powersave * 1.05 < own && own < performance * 0.9, "{key}: {own}");
        }
    }
    for key in ["overall_sla_violation", "penalty"] {
        let [powersave, performance, sla_aware, cost_aware] = of(key);
        assert!(performance < sla_aware && sla_aware < powersave / 100.0, "{key}: {sla_aware}");
        assert!(performance < cost_aware && cost_aware < powersave / 100.0, "{key}: {cost_aware}");
    }
    let [powersave, performance, sla_aware, cost_aware] = of("cost");
    assert!(sla_aware < 0.9 * performance && performance < 0.5 * powersave);
    assert!(cost_aware < sla_aware);
    // The cap does bind: what would be fastest is held back for a while.
    let capped = runs[1].table("frequencies").iter().filter(|row| row.text("capped") == "true").count();
    assert!(capped > 0);
    assert!(runs[1].summary()["frequency"]["refused"].as_u64().unwrap() > 0);
    let uncapped = run_shipped(
        "cloud/1-energy",
        &["policies.frequency.kind=performance", "sites[0].power_cap=700 W"],
    );
    assert_eq!(uncapped.summary()["frequency"]["refused"], 0);
}

/// The long-run availability of the classes of servers, by the faults of the scenario.
fn availability_of(host: &str) -> f64 {
    let (to_failure_h, to_repair_h) =
        if host.starts_with("budget") { (96.0, 6.0) } else { (2880.0, 2.0) };
    to_failure_h / (to_failure_h + to_repair_h)
}

/// Mean availability of the last hosts of the virtual machines of each type.
fn host_availability(run: &Run) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in run.table("vms") {
        let own = sums.entry(row.text("type").to_string()).or_default();
        *own = (own.0 + availability_of(row.text("host")), own.1 + 1.0);
    }
    sums.into_iter().map(|(name, (sum, count))| (name, sum / count)).collect()
}

#[test]
fn tight_contracts_end_up_on_reliable_servers() {
    let placed_by = |kind: &str| {
        run_shipped(
            "cloud/2-sla-and-reliability",
            &[
                &format!("policies.vm_allocation.kind={kind}"),
                &format!("policies.consolidation.placement.kind={kind}"),
            ],
        )
    };
    let aware = run_shipped("cloud/2-sla-and-reliability", &[]);
    let own = host_availability(&aware);
    assert!((own["gold"] - availability_of("premium")).abs() < 1e-12, "{own:?}");
    assert!(own["gold"] > own["silver"] && own["silver"] > own["bronze"], "{own:?}");
    for blind in ["first_fit", "power_aware_best_fit"].map(placed_by) {
        let other = host_availability(&blind);
        assert!(own["gold"] > other["gold"] + 0.02, "{other:?}");
        // The same servers fail at the same times.
        assert_eq!(aware.table("faults").len(), blind.table("faults").len());
        let (own, other) = (vms(&aware), vms(&blind));
        assert!(number(&own, "penalty") < 0.3 * number(&other, "penalty"));
        assert!(number(&own, "energy_cost") > number(&other, "energy_cost"));
        assert!(number(&own, "cost") < 0.7 * number(&other, "cost"));
        let lost = |run: &Value| number(&run["types"]["gold"]["sla"]["violations"], "crash");
        assert!(lost(&own) < 0.3 * lost(&other), "{} {}", lost(&own), lost(&other));
    }
}

/// Joules for a thousand million instructions that were done, over hosts and copies alike.
fn energy_per_work(run: &Run) -> f64 {
    let work_mi: f64 = run.table("vms").iter().map(|row| row.value("allocated_mi")).sum();
    number(&vms(run), "energy_kwh") * 3.6e6 / (work_mi / 1e3)
}

/// Share of the virtual machines of a type whose last host is of a class.
fn share_on(run: &Run, kind: &str, class: &str) -> f64 {
    let rows = run.table("vms");
    let own: Vec<_> = rows.iter().filter(|row| row.text("type") == kind).collect();
    let there = own.iter().filter(|row| row.text("host").starts_with(class)).count();
    there as f64 / own.len() as f64
}

/// Control steps of hosts at which more is wanted than they could do at their fastest clock.
fn overcommitted(run: &Run) -> usize {
    run.table("hosts").iter().filter(|row| row.value("requested_mips") > 8.0 * 2500.0).count()
}

#[test]
fn classes_of_work_meet_the_frequencies_that_fit_them() {
    let scenario = "cloud/3-job-classes";
    let aware = run_shipped(scenario, &[]);
    assert!(share_on(&aware, "simulation", "steady") > 0.7);
    assert!(share_on(&aware, "analytics", "scaling") > 0.65);
    // No slower than said.
    assert!(number(&vms(&aware), "overall_sla_violation") < 0.03);
    for kind in ["power_aware_best_fit", "first_fit", "random"] {
        let blind = run_shipped(
            scenario,
            &[
                &format!("policies.vm_allocation.kind={kind}"),
                &format!("policies.consolidation.placement.kind={kind}"),
            ],
        );
        let (own, other) = (energy_per_work(&aware), energy_per_work(&blind));
        assert!(own < 0.85 * other, "{kind}: {own} {other}");
    }
}

#[test]
fn overcommitted_hosts_are_left() {
    let scenario = "cloud/3-job-classes";
    let first = "policies.vm_allocation.kind=first_fit";
    let stays = run_shipped(scenario, &[first, "policies.consolidation.kind=nothing"]);
    let leaves = run_shipped(scenario, &[first]);
    assert!(overcommitted(&stays) > 100, "{}", overcommitted(&stays));
    assert_eq!(overcommitted(&leaves), 0);
    assert!(number(&vms(&leaves), "migrations") > 0.0);
    let missed = |run: &Run| number(&vms(run), "overall_sla_violation");
    assert!(missed(&leaves) < 0.5 * missed(&stays), "{} {}", missed(&leaves), missed(&stays));
}
