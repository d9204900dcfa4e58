//! What the runs of a sweep come to, however they are spread.

use super::{column, policies_and_devices, read, scenario, stratosim, sweep, tables, text_of};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex};
#[cfg(feature = "parquet")]
use stratosim::output::{Cell, ColumnSpec, FileFormat, TableReader};
#[cfg(feature = "parquet")]
use stratosim::sweep::tables_of;
use stratosim::sweep::{Interval, Progress, RunId, SweepResults};

#[test]
fn policies_face_the_same_tasks_in_the_same_replication() {
    let keys = json!({ "axes": policies_and_devices(), "replications": 3 });
    let results = read(&sweep(&keys)).run().expect("it runs");
    let runs = results.rows().iter().map(|row| row.run);
    let created: BTreeMap<RunId, f64> = runs.zip(column(&results, "workloads.tasks.created")).collect();
    let at = |point, replication| created[&RunId { point, replication }];
    for devices in 0..2 {
        for replication in 0..3 {
            for policy in 1..3 {
                assert_eq!(at(2 * policy + devices, replication), at(devices, replication));
            }
        }
        assert_ne!(at(devices, 0), at(devices, 1), "replications are the same");
    }
    let seeds: Vec<u64> = results.rows().iter().map(|row| row.seed).collect();
    assert_eq!(seeds, [40, 41, 42].repeat(6));
    // What is paired is the input, not the outcome.
    let outcome = column(&results, "tiers.cloud.utilisation");
    assert_ne!(outcome[0], outcome[6]);
}

#[test]
fn given_seeds_are_used_and_a_run_is_that_of_the_command_run() {
    let directory = tempfile::tempdir().expect("it can be created");
    let keys = json!({ "axes": policies_and_devices(), "seeds": [7, 3] });
    let results = read(&sweep(&keys)).run().expect("it runs");
    let row = &results.rows()[5];
    assert_eq!((row.run, row.seed), (RunId { point: 2, replication: 1 }, 3));
    let file = directory.path().join("city.json");
    fs::write(&file, scenario().to_string()).expect("the disk has room");
    let out = directory.path().join("run");
    let policy = "policies.offloading.kind=cloud_only";
    let output = stratosim(&[
        "run",
        text_of(&file),
        "--seed",
        "3",
        "--set",
        policy,
        "--set",
        "nodes[2].count=6",
        "--out",
        text_of(&out),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(out.join(name)).expect("it was written");
        serde_json::from_str(&text).expect("it is JSON")
    };
    assert_eq!(read("run.json")["fingerprint"].as_str(), row.fingerprint.as_deref());
    let mean = read("summary.json")["workloads"]["tasks"]["service_s"]["mean"].as_f64();
    assert!(mean.is_some());
    assert_eq!(results.value(row, "workloads.tasks.service_s.mean"), mean);
}

#[test]
fn results_are_the_same_bytes_for_any_number_of_jobs() {
    let directory = tempfile::tempdir().expect("it can be created");
    let keys = json!({ "axes": policies_and_devices(), "replications": 2, "tables": ["tasks"],
                       "join_tables": true });
    let made = [1, 2, 4].map(|jobs| {
        let out = directory.path().join(format!("jobs-{jobs}"));
        read(&sweep(&keys)).jobs(jobs).out(&out).run().expect("it runs");
        let joined = fs::read_to_string(out.join("tables/tasks.csv")).expect("it was written");
        (tables(&out), joined)
    });
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0], made[2]);

    let (tables, joined) = &made[0];
    let results: Vec<&str> = tables["results.csv"].lines().collect();
    assert_eq!(results.len(), 1 + 12);
    assert!(
        results[0].starts_with("point,replication,seed,policy,devices,simulated_s,"),
        "{}",
        results[0]
    );
    assert!(results[0].ends_with(",status,error"), "{}", results[0]);
    assert!(results[12].starts_with("5,1,41,local_only,12,30.0,"), "{}", results[12]);
    assert!(!results[0].contains("wall"));

    // The joined table has the rows of all runs, each behind its point.
    let one = directory.path().join("jobs-1");
    let own = fs::read_to_string(one.join("tables/00005-001/tasks.csv")).expect("it was written");
    let last = joined.lines().filter_map(|line| line.strip_prefix("5,1,41,local_only,12,"));
    assert_eq!(last.collect::<Vec<_>>(), own.lines().skip(1).collect::<Vec<_>>());
    let header = own.lines().next().expect("it has a header");
    assert_eq!(joined.lines().next(), Some(&*format!("point,replication,seed,policy,devices,{header}")));
    let results = SweepResults::read(&one).expect("it is complete");
    let created: f64 = column(&results, "workloads.tasks.created").iter().sum();
    assert_eq!(joined.lines().count() as f64, 1.0 + created);
}

#[test]
fn published_values_are_shown_beside_the_means_and_change_nothing_else() {
    let directory = tempfile::tempdir().expect("it can be created");
    let made = |name: &str, published: Value| {
        let out = directory.path().join(name);
        let keys = json!({ "axes": policies_and_devices(), "replications": 2, "published": published });
        let results = read(&sweep(&keys)).out(&out).run().expect("it runs");
        let own = tables(&out);
        (results, own, fs::read_to_string(out.join("published.csv")).ok())
    };
    let (_, plain, none) = made("plain", json!([]));
    assert_eq!(none, None);
    let metric = "workloads.tasks.created";
    let (results, with, published) = made(
        "beside",
        json!([
            { "where": { "policy": "cloud_only", "devices": { "min": 12 } }, "metric": metric, "value": 50,
              "source": "a table" },
            { "metric": metric, "value": 0, "source": "another" }
        ]),
    );
    assert_eq!(plain["results.csv"], with["results.csv"]);
    assert_eq!(plain["aggregate.csv"], with["aggregate.csv"]);
    let published = published.expect("it was written");
    let rows: Vec<Vec<&str>> = published.lines().map(|line| line.split(',').collect()).collect();
    let header =
        "point,policy,devices,metric,published,source,n,mean,half_width,difference,relative_difference";
    assert_eq!(rows[0].join(","), header);
    // The first is of one point, the second of all six; nothing is relative to nothing.
    assert_eq!(rows.len(), 1 + 1 + 6);
    let (first, others) = (&rows[1], &rows[2..]);
    assert_eq!(first[..7], ["3", "cloud_only", "12", metric, "50.0", "a table", "2"]);
    let mean = results.mean(3, metric).expect("it is there").mean;
    let number = |column: usize| first[column].parse::<f64>().expect("it is a number");
    assert_eq!((number(7), number(9), number(10)), (mean, mean - 50.0, (mean - 50.0) / 50.0));
    assert!(others.iter().all(|row| row[5] == "another" && row[10].is_empty()));
}

#[test]
fn aggregates_are_those_of_the_rows() {
    let directory = tempfile::tempdir().expect("it can be created");
    let metric = "workloads.tasks.created";
    let keys = json!({ "axes": policies_and_devices(), "replications": 4, "metrics": [metric] });
    let results = read(&sweep(&keys)).out(directory.path()).run().expect("it runs");
    let values = column(&results, metric)[4..8].to_vec();
    let mean = values.iter().sum::<f64>() / 4.0;
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
    // t(3) = 3.182446 at 95 %.
    let half_width = 3.182_446 * deviation / 2.0;
    let text = fs::read_to_string(directory.path().join("aggregate.csv")).expect("it was written");
    let cells: Vec<&str> = text.lines().nth(2).expect("there are six points").split(',').collect();
    assert_eq!(cells[..5], ["1", "nearest", "12", metric, "4"]);
    let expected = [mean, deviation, 0.95, half_width, mean - half_width, mean + half_width];
    for (cell, expected) in cells[5..].iter().zip(expected) {
        let found: f64 = cell.parse().expect("a number");
        assert!((found - expected).abs() < 1e-5 * expected, "{found} for {expected}");
    }
    assert_eq!(SweepResults::read(directory.path()).expect("it is complete"), results);
}

#[test]
fn a_point_is_repeated_until_it_is_known_well_enough_and_no_more() {
    let metric = "workloads.tasks.service_s.mean";
    let keys = json!({
        "axes": policies_and_devices(),
        "until": { "metric": metric, "half_width": "6 %", "confidence": 0.9, "min_replications": 3,
                   "max_replications": 12 },
        "metrics": [metric]
    });
    let results = read(&sweep(&keys)).run().expect("it runs");
    let mut counts = BTreeSet::new();
    for point in 0..6 {
        let rows = results.rows().iter().filter(|row| row.run.point == point);
        let values: Vec<f64> =
            rows.map(|row| results.value(row, metric).expect("each run has it")).collect();
        let is_precise = |n: usize| {
            let interval = Interval::of(values[..n].iter().copied(), 0.9).expect("there are values");
            interval.half_width <= 0.06 * interval.mean
        };
        counts.insert(values.len());
        assert!((3..=12).contains(&values.len()));
        assert!(is_precise(values.len()) || values.len() == 12, "point {point} stopped too early");
        assert!((3..values.len()).all(|n| !is_precise(n)), "point {point} stopped too late");
        let mean = results.mean(point, metric).expect("there are values");
        assert_eq!(mean.n, values.len() as u64);
        assert!(values.len() == 12 || mean.half_width <= 0.06 * mean.mean);
    }
    assert!(counts.len() > 1, "all points stopped at {counts:?}, which shows nothing");

    // An absolute width that everything fits into stops at the first look.
    let mut wide = keys;
    wide["until"]["half_width"] = json!(1e6);
    let results = read(&sweep(&wide)).run().expect("it runs");
    assert_eq!((results.rows().len(), results.confidence()), (6 * 3, 0.9));
}

#[test]
fn progress_counts_up_to_the_number_of_runs() {
    let seen = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let told = Arc::clone(&seen);
    let keys = json!({ "axes": policies_and_devices(), "metrics": ["handovers"] });
    read(&sweep(&keys))
        .watch(move |progress| told.lock().expect("nobody panicked").push(*progress))
        .run()
        .expect("it runs");
    let seen = seen.lock().expect("nobody panicked");
    let finished: Vec<usize> = seen.iter().map(|progress| progress.finished).collect();
    assert_eq!(finished, [0, 1, 2, 3, 4, 5, 6]);
    assert!(seen.iter().all(|progress| progress.total == 6 && progress.failed == 0));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_written_beside_csv_if_it_is_asked_for() {
    let directory = tempfile::tempdir().expect("it can be created");
    let keys = json!({ "axes": policies_and_devices(), "tables": ["tasks"], "format": "parquet",
                       "join_tables": true });
    let results = read(&sweep(&keys)).out(directory.path()).run().expect("it runs");
    for name in ["results", "aggregate", "tables/00005-000/tasks"] {
        let bytes = fs::read(directory.path().join(format!("{name}.parquet")));
        assert!(bytes.expect("it was written").starts_with(b"PAR1"), "{name}");
    }
    let own = tables_of(directory.path(), results.rows()[5].run).expect("they are kept");
    let mut spec = own.table("tasks").expect("it is kept").spec().clone();
    spec.columns.insert(0, ColumnSpec::category("policy", ""));
    let file = directory.path().join("tables/tasks.parquet");
    let mut joined = TableReader::open(&file, FileFormat::Parquet, spec).expect("it was written");
    let mut rows = 0;
    while let Some(batch) = joined.next_batch().expect("it is whole") {
        rows += batch.len();
        assert_eq!(batch.cell(0, 0), Cell::Text("nearest"));
        assert_eq!(batch.cell(batch.len() - 1, 0), Cell::Text("local_only"));
    }
    let created: f64 = column(&results, "workloads.tasks.created").iter().sum();
    assert_eq!(rows as f64, created);
    assert_eq!(tables(directory.path())["results.csv"].lines().count(), 7);
}
