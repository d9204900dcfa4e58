//! Sweeps that are killed, interrupted and resumed.

use super::{
    finished_runs, policies_and_devices, read, scenario, stratosim, sweep, tables, text_of, write,
};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use stratosim::sweep::{Sweep, SweepError};

/// Long enough to be killed in the midst of it, on any machine.
fn long_sweep() -> String {
    let mut scenario = scenario();
    scenario["duration"] = json!("4 min");
    scenario["nodes"][2]["count"] = json!(60);
    json!({
        "scenario": scenario,
        "axes": [{ "name": "policy", "path": "policies.offloading.kind",
                   "values": ["nearest", "cloud_only", "least_loaded"] }],
        "replications": 8,
        "tables": ["tasks"]
    })
    .to_string()
}

#[test]
fn a_sweep_killed_three_times_ends_with_the_bytes_of_an_undisturbed_one() {
    let directory = tempfile::tempdir().expect("it can be created");
    let file = write(directory.path(), &long_sweep());
    let out = directory.path().join("killed");
    let arguments =
        ["sweep", text_of(&file), "--out", text_of(&out), "--resume", "--quiet", "--jobs", "2"];
    // After a number of finished runs, and at whatever moment this process gets to it.
    for after in [1, 7, 16] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_stratosim"))
            .args(arguments)
            .spawn()
            .expect("it can be started");
        while finished_runs(&out) < after && child.try_wait().expect("it is ours").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("it is ours");
        let status = child.wait().expect("it is ours");
        assert_eq!(status.code(), None, "it ended before it was killed");
        assert!(!out.join("results.csv").exists());
    }
    let before = finished_runs(&out);
    assert!((16..24).contains(&before), "{before}");
    // What a process leaves that dies while it writes.
    fs::write(out.join("runs/.00023-007.json.partial"), "{\"hash\"").expect("the disk has room");
    fs::create_dir_all(out.join("tables/.00023-007.partial")).expect("the disk has room");
    let output = stratosim(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let undisturbed = directory.path().join("undisturbed");
    Sweep::from_file(&file).expect("it is good").out(&undisturbed).run().expect("it runs");
    assert_eq!(tables(&out), tables(&undisturbed));
    for part in ["runs", "tables"] {
        let names = |directory: &Path| -> BTreeSet<_> {
            let entries = fs::read_dir(directory.join(part)).expect("it is there");
            entries.map(|entry| entry.expect("it can be read").file_name()).collect()
        };
        assert_eq!(names(&out), names(&undisturbed));
        assert_eq!(names(&out).len(), 24);
    }
    for point in 0..3 {
        for replication in 0..8 {
            let name = format!("tables/{point:05}-{replication:03}/tasks.csv");
            let table = |directory: &Path| fs::read(directory.join(&name)).expect("it is there");
            assert!(table(&out) == table(&undisturbed), "{name} differs");
        }
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_is_finished_and_says_how_to_go_on() {
    let directory = tempfile::tempdir().expect("it can be created");
    let file = write(directory.path(), &long_sweep());
    let out = directory.path().join("out");
    let mut child = Command::new(env!("CARGO_BIN_EXE_stratosim"))
        .args(["sweep", text_of(&file), "--out", text_of(&out), "--jobs", "1"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be started");
    while finished_runs(&out) < 2 && child.try_wait().expect("it is ours").is_none() {
        std::thread::yield_now();
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("there is kill").success());
    let output = child.wait_with_output().expect("it ends");
    let message = String::from_utf8(output.stderr).expect("it is UTF-8");
    assert_eq!(output.status.code(), Some(1), "{message}");
    let finished = finished_runs(&out);
    assert_eq!(
        message.lines().last().unwrap_or_default(),
        format!(
            "interrupted after {finished} of 24 runs; what is finished is kept, continue with: stratosim \
             sweep {} --out {} --resume",
            file.display(),
            out.display()
        )
    );
    assert_eq!(fs::read_dir(out.join("tables")).expect("it is there").count(), finished);
}

#[test]
fn a_damaged_run_file_is_run_again() {
    let directory = tempfile::tempdir().expect("it can be created");
    let keys = json!({ "axes": policies_and_devices(), "metrics": ["handovers"] });
    read(&sweep(&keys)).out(directory.path()).run().expect("it runs");
    let before = tables(directory.path());
    let damaged = directory.path().join("runs/00002-000.json");
    fs::write(&damaged, "").expect("it is there");
    read(&sweep(&keys)).out(directory.path()).resume().run().expect("it runs");
    assert_eq!(tables(directory.path()), before);
    assert!(fs::read_to_string(damaged).expect("it is there").contains("fingerprint"));
}

#[test]
fn an_existing_directory_is_neither_mixed_nor_lost() {
    let directory = tempfile::tempdir().expect("it can be created");
    let out = directory.path().join("out");
    let keys = json!({ "replications": 2, "metrics": ["handovers"] });
    let mut other = keys.clone();
    other["replications"] = json!(3);
    read(&sweep(&keys)).out(&out).run().expect("it runs");
    let refused = |sweep: Sweep| match sweep.run() {
        Err(SweepError::Refused(message)) => message,
        other => panic!("{other:?}"),
    };
    let message = refused(read(&sweep(&keys)).out(&out));
    assert!(message.contains("--resume") && message.contains("--force"), "{message}");
    let message = refused(read(&sweep(&other)).out(&out).resume());
    assert!(message.contains("sweep.replications is 2 there and 3 here"), "{message}");
    let dear = directory.path().join("dear");
    fs::create_dir(&dear).expect("it is new");
    fs::write(dear.join("thesis.tex"), "dear").expect("the disk has room");
    for sweep in [read(&sweep(&keys)).out(&dear), read(&sweep(&keys)).out(&dear).replace()] {
        let message = refused(sweep);
        assert!(message.contains("neither empty nor the directory of a sweep"), "{message}");
    }
    assert_eq!(fs::read_to_string(dear.join("thesis.tex")).expect("it is there"), "dear");
    let results = read(&sweep(&other)).out(&out).replace().run().expect("it may be replaced");
    assert_eq!((results.rows().len(), finished_runs(&out)), (3, 3));
}
