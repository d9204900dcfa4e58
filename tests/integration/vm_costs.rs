//! What virtual machines cost, through scenarios: energy, contracts, copies, and the loss of a part of a datacenter.

use crate::support::{Run, assert_near, attempt, error_text, read_json, root, run};
use serde_json::{Value, json};

/// A host of 4 x 1000 MIPS, 100 W idle and 200 W busy, at a site where a kWh costs 0.36 and emits 720 g, and one without
/// any virtual machine. A has 1 core and uses half of it, B 3 cores and all of them. 1000 s.
fn priced() -> Value {
    json!({
        "duration": "1000 s",
        "nodes": [{
            "tier": "cloud", "name": "host", "count": 2, "cores": 4, "mips_per_core": "1000 MIPS",
            "memory": "16 GB", "power": { "kind": "linear", "idle": "100 W", "busy": "200 W" }
        }],
        "network": { "links": [{ "a": "host-0", "b": "host-1", "bandwidth": "1 Gbps", "latency": 0 }] },
        "signals": {
            "price": { "constant": 360, "unit": "EUR/MWh" }, "carbon": { "constant": 720, "unit": "g/kWh" }
        },
        "sites": [{ "name": "here", "nodes": "host", "price": "price", "carbon": "carbon" }],
        "workloads": [{
            "kind": "virtual_machines", "hosts": ["host"],
            "types": [
                { "name": "a", "demand": { "kind": "constant", "utilisation": "50%" } },
                { "name": "b", "vcpus": 3, "demand": { "kind": "constant", "utilisation": "100%" } }
            ],
            "migration": { "kind": "stop_and_copy" }
        }],
        "policies": { "vm_allocation": { "kind": "first_fit" } }
    })
}

fn own(run: &Run) -> Value {
    run.summary()["workloads"]["virtual_machines"].clone()
}

#[track_caller]
fn number(value: &Value, path: &str) -> f64 {
    let found = path.split('.').fold(value, |value, key| &value[key]);
    found.as_f64().unwrap_or_else(|| panic!("{path} in {value}"))
}

#[test]
fn energy_cost_and_carbon_of_each_by_hand() {
    // Of 187.5 W, A has a quarter of the 100 W idle and a seventh of the rest: 37.5 W. 1e-7 a joule.
    let run = run(&priced());
    let own = own(&run);
    assert_near(number(&own, "types.a.energy_kwh") * 3.6e6, 37_500.0, 1e-6);
    assert_near(number(&own, "types.b.energy_kwh") * 3.6e6, 150_000.0, 1e-6);
    assert_near(number(&own, "types.a.energy_cost"), 37_500.0 * 1e-7, 1e-12);
    assert_near(number(&own, "types.b.carbon_g"), 150_000.0 * 2e-4, 1e-9);
    assert_near(number(&own, "unattributed_kwh") * 3.6e6, 100_000.0, 1e-6);
    assert_near(number(&own, "energy_cost"), 287_500.0 * 1e-7, 1e-12);
    assert_near(number(&own, "cost"), 287_500.0 * 1e-7, 1e-12);
    assert_eq!(own["currency"], "EUR");
    assert!(own["types"]["a"].get("sla").is_none(), "there is no contract");
    let rows = run.table("vms");
    let row = rows.iter().find(|row| row.text("type") == "a").unwrap();
    assert_near(row.value("energy_j"), 37_500.0, 1e-6);
    assert_near(row.value("brown_j"), 37_500.0, 1e-6);
    assert_eq!((row.number("penalty"), row.value("green_j")), (None, 0.0));
}

#[test]
fn a_copy_is_paid_for_and_owed_for() {
    // 1 GiB over 1 Gbit/s in 8.59 s at 300 s, at 0.5 for a GB; the pause costs twice the price of 0.36 an hour.
    let mut scenario = priced();
    let workload = &mut scenario["workloads"][0];
    workload["transfer_price_per_gb"] = json!(0.5);
    workload["types"] = json!([{
        "name": "a", "demand": { "kind": "constant", "utilisation": "50%" },
        "sla": { "price_per_hour": 0.36, "migration": { "kind": "full", "factor": 2 } }
    }]);
    workload["drains"] = json!([{ "hosts": "host-0", "at": "300 s", "until": "900 s" }]);
    let run = run(&scenario);
    let own = own(&run);
    let bytes = 1_073_741_824.0;
    let (paid, penalty) = (bytes / 1e9 * 0.5, 2.0 * 1e-4 * bytes * 8.0 / 1e9);
    assert_near(run.table("migrations")[0].value("cost"), paid, 1e-12);
    assert_near(number(&own, "types.a.migration_cost"), paid, 1e-12);
    assert_near(number(&own, "penalty"), penalty, 1e-9);
    assert_near(number(&own, "sla.bill"), 0.1, 1e-9);
    assert_near(number(&own, "cost"), number(&own, "energy_cost") + paid + penalty, 1e-12);
    assert_eq!(own["sla"]["violations"]["migration"], 1);
    assert_near(run.table("vms")[0].value("migration_violation_s"), bytes * 8.0 / 1e9, 1e-6);
}

#[test]
fn amounts_in_two_currencies_are_not_added_up() {
    let mut scenario = priced();
    scenario["workloads"][0]["currency"] = json!("USD");
    let (result, _) = attempt(&scenario, &[]);
    let text = error_text(&result.failure());
    assert!(text.contains("workloads[0].currency") && text.contains("EUR"), "{text}");
}

/// Of two sites, of which one has three nodes and the other two, a half fails: two and one.
#[test]
fn a_share_of_the_nodes_of_sites_fails_at_once() {
    let mut scenario = priced();
    scenario["nodes"] = json!([
        { "tier": "cloud", "name": "east", "count": 3, "cores": 4, "memory": "16 GB" },
        { "tier": "cloud", "name": "west", "count": 2, "cores": 4, "memory": "16 GB" },
        { "tier": "network", "name": "switch" }
    ]);
    scenario["network"] =
        json!({ "topology": [{ "kind": "star", "center": "switch", "leaves": ["east", "west"] }] });
    scenario["sites"] =
        json!([{ "name": "a", "nodes": "east" }, { "name": "b", "nodes": ["west-0", "west-1"] }]);
    scenario["workloads"][0]["hosts"] = json!(["east", "west"]);
    scenario["faults"] =
        json!([{ "sites": ["a", "b"], "share": "50%", "outages": [{ "fail": "500 s" }] }]);
    let run = run(&scenario);
    let mut failed: Vec<String> =
        run.table("faults").iter().map(|row| row.text("subject").to_string()).collect();
    failed.sort();
    assert_eq!(failed, ["east-0", "east-1", "west-0"]);
    // Both were on east-0, and are on the first of those that are left.
    let vms = run.table("vms");
    assert!(vms.iter().all(|row| row.text("host") == "east-2" && row.value("losses") == 1.0));
}

/// The shipped scenario of a loss, with other faults and drains.
fn node_loss(faults: Option<Value>, drains: Option<Value>) -> Run {
    let mut scenario = read_json(&root().join("scenarios/cloud/4-node-loss.json"));
    if let Some(faults) = faults {
        scenario["faults"] = faults;
    }
    if let Some(drains) = drains {
        scenario["workloads"][0]["drains"] = drains;
    }
    run(&scenario)
}

#[test]
fn a_datacenter_that_loses_nodes_shows_it_in_penalties_and_energy() {
    let [lost, whole] = [None, Some(json!([]))].map(|faults| node_loss(faults, None));
    let [with, without] = [own(&lost), own(&whole)];
    // All virtual machines were in Athens, on the nodes that are lost; each starts again once.
    let vms = number(&with, "vms.requested");
    assert_eq!((number(&with, "vms.losses"), number(&without, "vms.losses")), (vms, 0.0));
    for key in ["running", "waiting"] {
        assert_eq!(with["vms"][key], without["vms"][key], "{key}");
    }
    // After a minute in which hosts wake up and 90 s of boot; gold costs 10 times 0.2 an hour for that.
    assert_near(number(&with, "sla.violated_s.crash"), vms * 150.0, 1e-6);
    let crash = 24.0 * 150.0 / 3600.0 * 0.2 * 10.0;
    assert_near(number(&with, "types.gold.sla.penalty_before_cap.crash"), crash, 1e-9);
    assert_eq!(number(&without, "sla.penalty_before_cap.crash"), 0.0);
    assert!(number(&with, "penalty") > 10.0 * number(&without, "penalty"));
    assert!(number(&with, "sla.availability") < number(&without, "sla.availability"));
    // Some moved to the other datacenter, where power is drawn that was not, and costs more.
    let energy = |run: &Run, site: &str| number(&run.summary()["sites"][site], "energy_j");
    assert!(energy(&lost, "paris") > 2.0 * energy(&whole, "paris"));
    assert!(energy(&lost, "athens") < 0.8 * energy(&whole, "athens"));
    assert!(number(&with, "energy_cost") > number(&without, "energy_cost"));
    assert!(number(&with, "cost") > number(&without, "cost"));
}

#[test]
fn a_loss_that_is_foreseen_costs_copies_instead_of_outages() {
    let hosts: Vec<String> = (0..9).map(|host| format!("athens-{host}")).collect();
    let drains = json!([{ "hosts": hosts, "at": "7.5 h", "until": "16 h" }]);
    let [foreseen, sudden] = [Some(drains), None].map(|drains| own(&node_loss(None, drains)));
    assert_eq!(number(&foreseen, "vms.losses"), 0.0);
    assert_eq!(number(&foreseen, "sla.violated_s.crash"), 0.0);
    assert!(number(&foreseen, "migrations") > number(&sudden, "migrations"));
    assert!(number(&foreseen, "migration_cost") > number(&sudden, "migration_cost"));
    assert!(number(&foreseen, "penalty") < 0.1 * number(&sudden, "penalty"));
}

/// Money and energy of all types, and what is nobody's, are those of the whole.
#[test]
fn types_add_up_to_the_whole() {
    let run = node_loss(None, None);
    let own = own(&run);
    let vms = |key: &str| number(&own, &format!("vms.{key}"));
    assert_eq!(vms("running") + vms("waiting") + vms("stopped"), vms("requested"));
    let sum = |key: &str| {
        number(&own, &format!("types.gold.{key}")) + number(&own, &format!("types.bronze.{key}"))
    };
    let whole = number(&own, "energy_kwh");
    assert_near(sum("energy_kwh") + number(&own, "unattributed_kwh"), whole, 1e-9 * whole);
    for key in ["penalty", "migration_cost", "sla.bill"] {
        assert_near(sum(key), number(&own, key), 1e-9);
    }
    let sites = &run.summary()["sites"];
    let cost = number(&sites["athens"], "cost") + number(&sites["paris"], "cost");
    assert_near(number(&own, "energy_cost"), cost, 1e-9 * cost);
    let rows = run.table("vms");
    let of_rows = |column: &str| rows.iter().map(|row| row.value(column)).sum::<f64>();
    assert_near(of_rows("energy_j") / 3.6e6, sum("energy_kwh"), 1e-9 * whole);
    assert_near(of_rows("penalty"), number(&own, "penalty"), 1e-9);
    let paid: f64 = run.table("migrations").iter().map(|row| row.value("cost")).sum();
    assert_near(paid, number(&own, "migration_cost"), 1e-9);
}
