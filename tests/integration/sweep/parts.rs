//! Sweeps that are divided and joined.

use super::{finished_runs, policies_and_devices, read, stratosim, sweep, tables, text_of, write};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use stratosim::sweep::{RunId, Shard, Sweep, merge};

#[test]
fn parts_are_disjoint_and_complete() {
    let keys = json!({ "axes": policies_and_devices(), "replications": 2, "metrics": ["handovers"] });
    let runs = |sweep: Sweep| -> Vec<RunId> {
        sweep.run().expect("it runs").rows().iter().map(|row| row.run).collect()
    };
    let mut found = Vec::new();
    for part in 1..=5 {
        let own = runs(read(&sweep(&keys)).shard(Shard { part, of: 5 }));
        assert!((2..=3).contains(&own.len()));
        found.extend(own);
    }
    found.sort_unstable();
    let all = runs(read(&sweep(&keys)));
    assert_eq!(all.len(), 12);
    assert_eq!(found, all);
    for bad in ["0/3", "4/3", "3", "a/b", "1/0", "-1/3"] {
        assert!(bad.parse::<Shard>().is_err(), "{bad}");
    }
}

#[test]
fn parts_make_the_same_bytes_as_the_whole_and_are_held_to_be_complete() {
    let directory = tempfile::tempdir().expect("it can be created");
    let at = |name: &str| directory.path().join(name);
    let keys = json!({ "axes": policies_and_devices(), "replications": 3, "tables": ["tasks"],
                       "join_tables": true });
    let file = write(directory.path(), &sweep(&keys));
    let whole = at("whole");
    Sweep::from_file(&file).expect("it is good").out(&whole).run().expect("it runs");
    for part in 1..=3 {
        let (out, shard) = (at(&format!("part-{part}")), format!("{part}/3"));
        let output =
            stratosim(&["sweep", text_of(&file), "--out", text_of(&out), "--shard", &shard, "--quiet"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(finished_runs(&out), 6);
        assert!(!out.join("results.csv").exists());
    }
    let merged = at("merged");
    let parts = ["part-1", "part-2", "part-3"].map(at);
    let run_merge = |parts: &[&PathBuf]| {
        let mut arguments = vec!["merge", text_of(&merged)];
        arguments.extend(parts.iter().map(|part| text_of(part)));
        let output = stratosim(&arguments);
        (output.status.code(), String::from_utf8(output.stderr).expect("it is UTF-8"))
    };

    let (code, message) = run_merge(&[&parts[0], &parts[2]]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.starts_with("6 runs are missing"), "{message}");
    assert!(message.contains("\n  00000-001 (policy = nearest, devices = 6)\n"), "{message}");
    assert!(!merged.exists());

    let mut other = keys.clone();
    other["axes"][1]["values"] = json!([6, 13]);
    let stranger = directory.path().join("stranger");
    read(&sweep(&other)).out(&stranger).shard(Shard { part: 2, of: 3 }).run().expect("it runs");
    let (code, message) = run_merge(&[&parts[0], &stranger, &parts[2]]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("are parts of different sweeps"), "{message}");
    assert!(
        message.contains("sweep.axes.1.values.1 is 12 in the latter and 13 in the former"),
        "{message}"
    );
    assert!(!merged.exists());

    let (code, message) = run_merge(&[&parts[2], &parts[0], &parts[1]]);
    assert_eq!(code, Some(0), "{message}");
    assert_eq!(tables(&merged), tables(&whole));
    let joined = |directory: &Path| fs::read(directory.join("tables/tasks.csv")).expect("it is there");
    assert!(joined(&merged) == joined(&whole), "the joined tables differ");
}

#[test]
fn sequential_stopping_gives_the_same_bytes_for_jobs_and_parts() {
    let directory = tempfile::tempdir().expect("it can be created");
    let keys = json!({
        "axes": policies_and_devices(),
        "until": { "metric": "workloads.tasks.service_s.mean", "half_width": "8 %",
                   "min_replications": 2, "max_replications": 7, "batch": 2 },
    });
    let at = |name: String| directory.path().join(name);
    let [one, three] = [1, 3].map(|jobs| {
        let out = at(format!("jobs-{jobs}"));
        read(&sweep(&keys)).jobs(jobs).out(&out).run().expect("it runs");
        out
    });
    assert_eq!(tables(&one), tables(&three));
    let parts = [1, 2, 3].map(|part| {
        let out = at(format!("part-{part}"));
        read(&sweep(&keys)).shard(Shard { part, of: 3 }).out(&out).run().expect("it runs");
        out
    });
    let whole = at("whole".into());
    merge(&whole, &parts, false).expect("the parts are complete");
    assert_eq!(tables(&one), tables(&whole));
}

/// Replacing a directory must not cost the parts that lie in it.
#[test]
fn parts_inside_the_whole_are_not_replaced_by_it() {
    let directory = tempfile::tempdir().expect("it can be created");
    let keys = json!({ "axes": policies_and_devices(), "metrics": ["handovers"], "tables": ["tasks"] });
    let whole = directory.path().join("whole");
    read(&sweep(&keys)).out(&whole).run().expect("it runs");
    let part = whole.join("part");
    read(&sweep(&keys)).out(&part).run().expect("it runs");
    let arguments = ["merge", text_of(&whole), text_of(&part), "--force"];
    let output = stratosim(&arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("would be replaced"), "{told}");
    assert!(part.join("results.csv").is_file() && whole.join("results.csv").is_file());

    // Nor is a run whose tables are gone joined as if it had none.
    fs::remove_dir_all(part.join("tables/00002-000")).expect("it is there");
    let output = stratosim(&["merge", text_of(&directory.path().join("new")), text_of(&part)]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && told.contains("00002-000"), "{told}");
}
