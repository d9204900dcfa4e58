//! Datacenters whose energy differs: placement and consolidation by price and carbon, by hand and as shipped.

use crate::support::{Run, assert_near, read_json, run, stratosim};
use serde_json::{Value, json};

/// Two sites of two hosts of 1000 MIPS, 100 to 200 W, and nothing asleep.
fn two_sites(sites: Value, workload: Value, policies: Value) -> Value {
    let hosts = |name: &str| {
        json!({
            "tier": "cloud", "name": name, "count": 2, "cores": 1, "mips_per_core": "1000 MIPS", "memory": "8 GB",
            "power": { "idle": "100 W", "busy": "200 W", "sleep": "0 W" }
        })
    };
    let mut own = json!({
        "kind": "virtual_machines", "hosts": ["a", "b"], "migration": { "kind": "stop_and_copy" }
    });
    own.as_object_mut().unwrap().extend(workload.as_object().unwrap().clone());
    json!({
        "duration": "12 min",
        "nodes": [hosts("a"), hosts("b"), { "tier": "network", "name": "switch" }],
        "network": { "topology": [
            { "kind": "star", "center": "switch", "leaves": ["a", "b"], "link": { "bandwidth": "10 Gbps" } }
        ] },
        "signals": {
            "dear": { "unit": "EUR/kWh", "constant": 0.5 }, "cheap": { "unit": "EUR/kWh", "constant": 0.1 },
            "negative": { "unit": "EUR/kWh", "constant": -0.1 },
            "dirty": { "unit": "g/kWh", "constant": 400 }, "clean": { "unit": "g/kWh", "constant": 50 },
            "sun": { "unit": "W", "constant": 130 }, "less sun": { "unit": "W", "constant": 100 }
        },
        "sites": sites, "workloads": [own], "policies": policies
    })
}

/// Virtual machines that always want 500 MIPS.
fn vms(count: u32, first_s: u32) -> Value {
    json!({
        "count": count, "mips_per_vcpu": "500 MIPS", "memory": "1 GB",
        "arrival": { "kind": "intervals", "interval": first_s },
        "demand": { "kind": "constant", "utilisation": 1.0 }
    })
}

/// The last hosts of all virtual machines, in order.
fn hosts_of(run: &Run) -> Vec<String> {
    run.table("vms").iter().map(|row| row.text("host").to_string()).collect()
}

fn placed(policy: &str, sites: Value, count: u32) -> Vec<String> {
    let policies = json!({ "vm_allocation": { "kind": policy } });
    let run = run(&two_sites(sites, json!({ "types": [vms(count, 1)] }), policies));
    hosts_of(&run)
}

/// The first one adds 150 W to a sleeping host, 20 W of them not from the sun: 10 against 15 cents an hour in the cheap
/// site. For the second one nothing of the sun is left: 50 W more cost 25 cents an hour, 150 W in the cheap site 15, and
/// for the third one 50 W there 5. With less sun, 100 W, the first one costs 25 cents at a.
#[test]
fn price_aware_counts_what_is_left_of_the_sun() {
    let sites = |sun: &str| {
        json!([
            { "name": "A", "nodes": "a", "price": "dear", "generation": [{ "signal": sun }] },
            { "name": "B", "nodes": "b", "price": "cheap" }
        ])
    };
    assert_eq!(placed("price_aware", sites("sun"), 3), ["a-0", "b-0", "b-0"]);
    assert_eq!(placed("price_aware", sites("less sun"), 3), ["b-0", "b-0", "b-1"]);
    // By power alone all that matters is that hosts in use rise less.
    assert_eq!(placed("power_aware_best_fit", sites("sun"), 3), ["a-0", "a-0", "a-1"]);
}

/// The site that is dear is clean, and an overhead counts: 50 g/kWh times 7.9 is less than 400 g/kWh, times 8.1 more.
#[test]
fn carbon_aware_goes_where_energy_is_clean() {
    let sites = |pue: f64| {
        json!([
            { "name": "A", "nodes": "a", "price": "cheap", "carbon": "dirty" },
            { "name": "B", "nodes": "b", "price": "dear", "carbon": "clean", "pue": pue }
        ])
    };
    assert_eq!(placed("carbon_aware", sites(7.9), 1), ["b-0"]);
    assert_eq!(placed("carbon_aware", sites(8.1), 1), ["a-0"]);
    assert_eq!(placed("price_aware", sites(1.0), 1), ["a-0"]);
}

/// The cheap site may draw 160 W: the 150 W of one virtual machine, not the 200 W of two.
#[test]
fn a_site_whose_cap_leaves_no_room_comes_last() {
    let sites = json!([
        { "name": "A", "nodes": "a", "price": "dear" },
        { "name": "B", "nodes": "b", "price": "cheap", "power_cap": "160 W" }
    ]);
    assert_eq!(placed("price_aware", sites, 2), ["b-0", "a-0"]);
}

/// 900 of 1000 MIPS are wanted of the first host, so that one leaves for a sleeping one: by power the first of its own
/// site, which is dear, by price that of the cheap site.
#[test]
fn what_leaves_an_overloaded_host_goes_by_price_if_placed_so() {
    let target = |placement: &str| {
        let sites = json!([
            { "name": "A", "nodes": "a", "price": "dear" }, { "name": "B", "nodes": "b", "price": "cheap" }
        ]);
        let mut kind = vms(2, 1);
        kind["mips_per_vcpu"] = "450 MIPS".into();
        let policies = json!({ "consolidation": {
            "kind": "overload_and_underload", "empties": false, "placement": { "kind": placement }
        } });
        let run = run(&two_sites(sites, json!({ "types": [kind] }), policies));
        run.table("migrations").iter().map(|row| row.text("to").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(target("power_aware_best_fit"), ["a-1"]);
    assert_eq!(target("price_aware"), ["b-0"]);
}

/// A virtual machine of 1 GB makes its host draw 150 W. For an hour that costs 7.5 cents where it is, 1.5 elsewhere. It
/// moves if 6 cents exceed 1.1 times the copy and a tenth of 7.5 cents: if the copy costs less than 4.7727 cents.
#[test]
fn a_virtual_machine_follows_the_price_if_that_pays_for_the_copy() {
    let moved = |transfer_price_per_gb: f64, factor: f64| {
        let sites = json!([
            { "name": "A", "nodes": "a", "price": "dear" }, { "name": "B", "nodes": "b", "price": "cheap" }
        ]);
        let workload = json!({
            "types": [vms(1, 1)], "transfer_price_per_gb": transfer_price_per_gb,
            "cost_factors": [{ "from": "a", "to": "b", "factor": factor }]
        });
        let policies = json!({ "consolidation": { "kind": "follow_the_price" } });
        let run = run(&two_sites(sites, workload, policies));
        let cost = run.summary()["workloads"]["virtual_machines"]["migration_cost"].as_f64().unwrap();
        (run.table("migrations").len(), hosts_of(&run), cost)
    };
    let (count, hosts, cost) = moved(0.0477, 1.0);
    assert_eq!((count, hosts), (1, vec!["b-0".to_string()]));
    assert_near(cost, 0.0477, 1e-12);
    assert_eq!(moved(0.0478, 1.0), (0, vec!["a-0".to_string()], 0.0));
    // Twice the price between these sites.
    assert_eq!(moved(0.0238, 2.0).0, 1);
    assert_eq!(moved(0.0239, 2.0).0, 0);
}

/// What a user is owed for the pause counts as well: at 1 Gbit/s a GB takes 8 s, in which the price of 18 EUR an hour
/// is given back: 4 cents. With a copy of 0.75 cents it pays, with one of 0.8 cents it does not. So it is if 4 cents are
/// owed for each violation, however short.
#[test]
fn what_is_owed_for_the_copy_counts() {
    let moves = |penalty: &Value, transfer_price_per_gb: f64| {
        let sites = json!([
            { "name": "A", "nodes": "a", "price": "dear" }, { "name": "B", "nodes": "b", "price": "cheap" }
        ]);
        let mut kind = vms(1, 1);
        kind["sla"] = json!({ "price_per_hour": 18, "penalty": penalty });
        let workload = json!({ "types": [kind], "transfer_price_per_gb": transfer_price_per_gb });
        let policies = json!({ "consolidation": { "kind": "follow_the_price" } });
        run(&two_sites(sites, workload, policies)).table("migrations").len()
    };
    for penalty in [json!({ "kind": "full" }), json!({ "kind": "fixed", "amount": 0.04 })] {
        assert_eq!((moves(&penalty, 0.0075), moves(&penalty, 0.0080)), (1, 0), "{penalty}");
    }
}

/// 900 of 1000 MIPS are wanted, 600 of them (60 W) by one of 1 GB, and 300 (30 W) by one of 1.2 GB. What is copied draws
/// its power twice meanwhile: 60 W for 16 s, or 30 W for 19.2 s. If energy brings money, it is the other way round.
/// Without a price of energy, users' prices count: the same for both, so that the sooner copied one leaves; or three
/// times as high for that one.
#[test]
fn minimum_cost_reads_the_price_of_the_site() {
    let leaves = |site: Value, selection: Value| {
        let kind = |name: &str, mips: u32, memory: &str| {
            json!({
                "name": name, "mips_per_vcpu": mips, "memory": memory,
                "demand": { "kind": "constant", "utilisation": 1.0 }
            })
        };
        let workload = json!({ "types": [kind("large", 600, "1 GB"), kind("small", 300, "1.2 GB")] });
        let mut selection = selection;
        selection["kind"] = "minimum_cost".into();
        let policies = json!({ "consolidation": {
            "kind": "overload_and_underload", "empties": false, "selection": selection
        } });
        let run = run(&two_sites(json!([site]), workload, policies));
        run.table("migrations").iter().map(|row| row.value("vm")).collect::<Vec<_>>()
    };
    let at = |price: &str| json!({ "name": "A", "nodes": ["a", "b"], "price": price });
    assert_eq!(leaves(at("dear"), json!({})), [1.0]);
    assert_eq!(leaves(at("negative"), json!({})), [0.0]);
    let free = || json!({ "name": "A", "nodes": ["a", "b"] });
    assert_eq!(leaves(free(), json!({ "prices_per_hour": [1], "slot": 0 })), [0.0]);
    assert_eq!(leaves(free(), json!({ "prices_per_hour": [3, 1], "slot": 0 })), [1.0]);
    // In slots of 20 s both cost the same, and the first one leaves.
    assert_eq!(leaves(free(), json!({ "prices_per_hour": [1], "slot": "20 s" })), [0.0]);
}

/// What a run of the shipped scenario costs: energy, copies; migrations between datacenters, grams of carbon.
fn shipped(changes: &[&str]) -> (f64, f64, usize, f64) {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let mut command = stratosim();
    command.args(["run", "scenarios/cloud/5-multi-datacenter.json", "--quiet", "--out"]).arg(&out);
    for change in changes {
        command.args(["--set", change]);
    }
    command.assert().success();
    let summary = read_json(&out.join("summary.json"));
    let sites = summary["sites"].as_object().unwrap();
    let sum = |key: &str| sites.values().map(|site| site[key].as_f64().unwrap()).sum::<f64>();
    let paid = summary["workloads"]["virtual_machines"]["migration_cost"].as_f64().unwrap();
    let mut table = csv::Reader::from_path(out.join("tables/migrations.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|own| own == name).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let site = |row: &csv::StringRecord, name| row[column(name)].split('-').next().unwrap().to_string();
    let across: Vec<_> = rows.iter().filter(|row| site(row, "from") != site(row, "to")).collect();
    // Copies between datacenters cost 0.4 cents a GB, others nothing.
    let bytes: f64 = across.iter().map(|row| row[column("sent_bytes")].parse::<f64>().unwrap()).sum();
    if changes.is_empty() {
        assert_near(paid, bytes * 0.004e-9, 1e-9);
    }
    (sum("cost"), paid, across.len(), sum("carbon_g"))
}

#[test]
fn extreme_differences_move_virtual_machines_between_datacenters_and_pay_for_it() {
    let (energy, copies, moves, carbon_g) = shipped(&[]);
    assert!(moves > 36 && copies > 0.0, "{moves} {copies}");
    // Each datacenter on its own, since copies are too dear: each machine stays where it started.
    let dear = shipped(&["workloads[0].transfer_price_per_gb=100"]);
    assert_eq!((dear.2, dear.1), (0, 0.0));
    let power_alone = shipped(&["policies.consolidation.kind=overload_and_underload"]);
    let nothing = shipped(&["policies.consolidation.kind=nothing"]);
    assert_eq!(nothing.2, 0);
    for other in [dear, power_alone, nothing] {
        assert!(energy < 0.6 * other.0, "{energy} {other:?}");
        assert!(energy + copies < 0.8 * (other.0 + other.1), "{energy} + {copies}, {other:?}");
    }
    // If a tonne of carbon counts 5000 instead of 80 EUR, there is less of it, and energy costs more.
    let clean = shipped(&["policies.consolidation.carbon_price_per_kg=5"]);
    assert!(clean.3 < 0.5 * carbon_g && clean.0 > energy, "{clean:?} {carbon_g}");
}

/// Device tasks whose cloud is a datacenter that is consolidated, and leaves for another one.
#[test]
fn device_tasks_run_in_a_cloud_that_follows_the_price() {
    let run = |kind: Option<&str>| {
        let mut scenario =
            read_json(&crate::support::root().join("scenarios/continuum-datacenter.json"));
        if let Some(kind) = kind {
            scenario["policies"]["consolidation"] = json!({ "kind": kind });
        }
        run(&scenario)
    };
    let follows = run(None);
    let servers: Vec<f64> = follows
        .table("vms")
        .iter()
        .filter(|row| row.text("type") == "recogniser")
        .map(|row| row.value("vm"))
        .collect();
    assert_eq!(servers.len(), 4);
    let crosses = |row: &&crate::support::Row| {
        row.text("from").starts_with("host")
            && row.text("to").starts_with("far")
            && row.text("outcome") == "done"
    };
    let migrations = follows.table("migrations");
    let done: Vec<f64> = follows
        .tasks()
        .iter()
        .filter(|task| task.text("node") == "gateway" && task.text("outcome") == "done")
        .map(|task| task.value("t_s"))
        .collect();
    for server in servers {
        let own = migrations.iter().find(|row| row.value("vm") == server && crosses(row));
        let span = own.map(|row| row.value("started_s")..row.value("t_s")).unwrap();
        // They go on while they are copied, and afterwards in the other datacenter.
        assert!(done.iter().any(|time| span.contains(time)), "{span:?}");
        assert!(done.iter().filter(|time| **time > span.end).count() > 1000);
    }
    let own_site = run(Some("overload_and_underload"));
    let nothing = run(Some("nothing"));
    let of = |run: &Run| {
        let summary = run.summary();
        let number = |path: &str| summary.pointer(path).unwrap().as_f64().unwrap();
        let cost = |site: &str| number(&format!("/sites/{site}/cost"));
        let paid = number("/workloads/virtual_machines/migration_cost");
        let asleep = number("/workloads/virtual_machines/host_shutdowns");
        (cost("near") + cost("far"), paid, asleep, number("/workloads/tasks/outcomes/done"))
    };
    let [follows, own_site, nothing] = [&follows, &own_site, &nothing].map(of);
    // Hosts sleep in both, energy costs less, and what was saved is more than the copies cost.
    assert!(follows.2 > 4.0 && own_site.2 > 4.0 && nothing.2 == 0.0);
    assert!(follows.1 > 0.0 && follows.0 + follows.1 < 0.9 * own_site.0, "{follows:?} {own_site:?}");
    assert!(own_site.0 < 0.6 * nothing.0, "{own_site:?} {nothing:?}");
    // The tasks do not suffer from it.
    assert!(follows.3 > 0.99 * nothing.3, "{follows:?} {nothing:?}");
}
