//! What happens to virtual machines where things come together: slow clocks, caps, drains at once, held accelerators.

use crate::support::{Run, assert_near, run};
use serde_json::{Value, json};

/// An hour of hosts of 4 cores of 1000 MIPS and 16 GiB, 100 W idle and 200 W busy, wired to a switch.
fn hosts(count: u32, class: Value, workload: Value) -> Value {
    let mut host = json!({ "tier": "cloud", "name": "host", "count": count, "cores": 4,
        "mips_per_core": "1000 MIPS", "memory": "16 GiB", "power": { "idle": "100 W", "busy": "200 W" } });
    host.as_object_mut().unwrap().extend(class.as_object().unwrap().clone());
    let mut machines = json!({ "kind": "virtual_machines", "hosts": ["host"] });
    machines.as_object_mut().unwrap().extend(workload.as_object().unwrap().clone());
    json!({
        "duration": "1 h",
        "nodes": [host, { "tier": "network", "name": "switch" }],
        "network": { "topology": [{ "kind": "star", "center": "switch", "leaves": "host",
            "link": { "latency": "1 ms", "bandwidth": "1 Gbps" } }] },
        "workloads": [machines]
    })
}

/// 500 MHz and 1 GHz at the same voltage.
fn two_steps() -> Value {
    json!({ "frequency": { "steps": [
        { "frequency": "500 MHz", "voltage": 1 }, { "frequency": "1 GHz", "voltage": 1 } ] } })
}

fn machines(run: &Run) -> Value {
    run.summary()["workloads"]["virtual_machines"].clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// 60 GI on one of two virtual cores, on a core of 500 MIPS: 120 s, since the idle one lends it nothing.
#[test]
fn a_job_is_no_faster_than_the_core_that_it_is_on() {
    let mut scenario = hosts(
        1,
        two_steps(),
        json!({
            "types": [{ "name": "worker", "vcpus": 2, "demand": { "kind": "jobs" } }],
            "jobs": [{ "length": "60 GI", "arrival": { "kind": "at_once", "at": "10 s" } }]
        }),
    );
    scenario["policies"] = json!({ "frequency": { "kind": "powersave" } });
    let run = run(&scenario);
    let [job] = &run.table("jobs")[..] else { panic!("one job") };
    assert_near(job.value("t_s"), 130.0, 1e-6);
    assert_near(number(&machines(&run)["overall_sla_violation"]), 0.5, 1e-9);
}

/// A cap of 165 W allows 4000 MIPS at 1 GHz no longer than all want them: 10 minutes. Then 2400 are wanted, which take
/// 160 W.
#[test]
fn a_host_speeds_up_again_once_the_cap_allows_what_it_has_to_do() {
    let of = |name: &str, mips: u32| {
        json!({ "name": name, "vcpus": 4, "mips_per_vcpu": mips,
            "demand": { "kind": "constant", "utilisation": 1 } })
    };
    let mut short = of("short", 400);
    short["lifetime"] = json!("10 min");
    let mut scenario = hosts(1, two_steps(), json!({ "types": [of("long", 600), short] }));
    scenario["sites"] = json!([{ "name": "hall", "nodes": ["host"], "power_cap": "165 W" }]);
    let summary = machines(&run(&scenario));
    // 4000 MIPS asked for and 2000 done for 600 s, 2400 of both for 3000 s.
    let asked = 4000.0 * 600.0 + 2400.0 * 3000.0;
    assert_near(number(&summary["overall_sla_violation"]), 2000.0 * 600.0 / asked, 1e-9);
    // 150 W at the slow step, all of its cores busy, and 160 W.
    assert_near(number(&summary["energy_kwh"]), (150.0 * 600.0 + 160.0 * 3000.0) / 3.6e6, 1e-9);
    assert_near(number(&summary["slatah"]), 600.0 / 3600.0, 1e-9);
}

fn four_at_half() -> Value {
    json!({ "name": "tenant", "count": 4, "memory": "1 GiB",
        "demand": { "kind": "constant", "utilisation": "50%" } })
}

#[test]
fn nothing_moves_between_hosts_that_are_emptied_at_once() {
    for (drained, moves) in [(json!(["host-0", "host-1"]), 4.0), (json!("host"), 0.0)] {
        let drains = json!([{ "hosts": drained, "at": "1 min", "until": "50 min" }]);
        let summary =
            machines(&run(&hosts(4, json!({}), json!({ "types": [four_at_half()], "drains": drains }))));
        assert_eq!(number(&summary["migrations"]), moves);
    }
}

#[test]
fn a_host_is_closed_as_long_as_any_drain_lasts() {
    let late = json!({ "name": "late", "arrival": { "kind": "at_once", "at": "630 s" } });
    let run = run(&hosts(
        2,
        json!({}),
        json!({
            "types": [late],
            "drains": [
                { "hosts": "host-0", "at": "5 min", "until": "10 min" },
                { "hosts": "host-0", "at": "8 min", "until": "40 min" }
            ]
        }),
    ));
    let [vm] = &run.table("vms")[..] else { panic!("one virtual machine") };
    assert_eq!(vm.text("host"), "host-1");
}

/// Four hosts at an eighth of their load (112.5 W), each with an accelerator of 10 W idle and 250 W held.
#[test]
fn accelerators_are_busy_while_virtual_machines_hold_them() {
    let class = json!({ "accelerators": { "gpu": 1 }, "power": { "idle": "100 W", "busy": "200 W",
        "accelerators": { "gpu": { "idle": "10 W", "busy": "250 W" } } } });
    for (held, watts) in [(1, 250.0), (0, 10.0)] {
        let mut tenants = four_at_half();
        tenants["accelerators"] = json!({ "gpu": held });
        let mut scenario = hosts(4, class.clone(), json!({ "types": [tenants] }));
        scenario["policies"] = json!({ "vm_allocation": { "kind": "worst_fit" } });
        let energy_kwh = number(&machines(&run(&scenario))["energy_kwh"]);
        assert_near(energy_kwh, 4.0 * (112.5 + watts) / 1000.0, 1e-9);
    }
}

/// What a migration takes shows in the reward of the step that wanted it: all virtual machines stand still while they
/// are copied with a degradation of all their speed.
#[test]
fn the_reward_of_a_consolidation_counts_what_its_migrations_cost() {
    let mut scenario = hosts(
        4,
        json!({}),
        json!({ "types": [four_at_half()], "period": "1 min",
            "migration": { "kind": "pre_copy", "degradation": "100%" } }),
    );
    scenario["policies"] = json!({ "vm_allocation": { "kind": "worst_fit" },
        "consolidation": { "kind": "overload_and_underload" } });
    let run = run(&scenario);
    assert!(number(&machines(&run)["pdm"]) > 0.001);
    let least = run
        .table("decisions")
        .iter()
        .filter(|row| row.text("point") == "consolidation")
        .map(|row| row.value("reward"))
        .fold(1.0, f64::min);
    assert!(least < 0.95, "{least}");
}

/// Rounding is no overload: 16 shares of a tenth fill 16 cores of a tenth exactly.
#[test]
fn a_host_that_is_just_full_is_not_overloaded() {
    let full = json!({ "name": "full", "count": 16, "mips_per_vcpu": 0.1, "memory": "1 MB",
        "demand": { "kind": "constant", "utilisation": 1 } });
    let class = json!({ "cores": 16, "mips_per_core": 0.1 });
    let summary = machines(&run(&hosts(1, class, json!({ "types": [full] }))));
    assert_eq!((number(&summary["slatah"]), number(&summary["overall_sla_violation"])), (0.0, 0.0));
}

/// Until the first virtual machine of a front is requested there is nothing that could run its tasks.
#[test]
fn a_front_without_virtual_machines_refuses_tasks() {
    let servers = json!({ "name": "server", "count": 2, "demand": { "kind": "jobs" }, "serves": "gateway",
        "arrival": { "kind": "at_once", "at": "30 min" } });
    let mut scenario = hosts(1, json!({}), json!({ "types": [servers] }));
    let nodes = scenario["nodes"].as_array_mut().unwrap();
    nodes.push(json!({ "tier": "cloud", "name": "gateway", "cores": 1 }));
    nodes.push(json!({ "tier": "edge" }));
    nodes.push(json!({ "tier": "device", "count": 5 }));
    scenario["network"]["topology"][0]["leaves"] = json!(["host", "gateway", "edge"]);
    scenario["workloads"].as_array_mut().unwrap().push(json!({ "kind": "tasks", "applications": [
        { "arrival": { "kind": "poisson", "mean_interval": "20 s" }, "length": "500 MI" } ] }));
    scenario["policies"] = json!({ "offloading": { "kind": "cloud_only" } });
    let run = run(&scenario);
    for task in run.tasks() {
        let expected = if task.value("created_s") < 1800.0 { "refused_for_capacity" } else { "done" };
        if task.value("created_s") < 3590.0 {
            assert_eq!(task.text("outcome"), expected, "at {} s", task.value("created_s"));
        }
    }
}

/// A virtual machine that ends while it is copied: what was sent until then is paid for, in its row as in the summary.
#[test]
fn the_copy_that_an_end_breaks_off_is_paid_for() {
    let mut tenant = four_at_half();
    (tenant["count"], tenant["lifetime"]) = (json!(1), json!("64 s"));
    let workload = json!({ "types": [tenant], "currency": "EUR", "transfer_price_per_gb": 1.0,
        "drains": [{ "hosts": "host-0", "at": "1 min", "until": "50 min" }] });
    let run = run(&hosts(2, json!({}), workload));
    let [migration] = &run.table("migrations")[..] else { panic!("one migration") };
    assert_eq!(migration.text("outcome"), "vm_gone");
    let [vm] = &run.table("vms")[..] else { panic!("one row") };
    // 4 s at 1 Gbit/s: half a GB.
    assert_near(vm.value("migration_cost"), 0.5, 0.001);
    assert_near(number(&machines(&run)["migration_cost"]), vm.value("migration_cost"), 1e-12);
}
