//! What happens when there is no more room. The limit of file sizes stands for the end of the disk: writing
//! beyond it fails in the same way and place.

use crate::support::root;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the program where no file may be longer than `kib`; arguments are separated by spaces.
fn within(kib: u32, arguments: &str) -> Output {
    // Without the trap, the signal that comes with the error would end the process.
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" {arguments}");
    let program = env!("CARGO_BIN_EXE_stratosim");
    Command::new("bash")
        .args(["-c", &script, program])
        .current_dir(root())
        .output()
        .expect("bash is there")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it is UTF-8")
}

#[test]
fn a_run_leaves_nothing_half_written() {
    let parent = tempfile::tempdir().expect("it can be created");
    let out = parent.path().join("run");
    let output = within(16, &format!("run scenarios/minimal.json --out {}", out.display()));
    let told = text(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("cannot write"), "{told}");
    assert!(told.contains(".csv"), "{told}");
    assert_eq!(fs::read_dir(parent.path()).expect("it is there").count(), 0);
}

/// Runs that fit are kept; with more room the sweep goes on to the same bytes as an undisturbed one.
#[test]
fn a_sweep_keeps_what_was_finished_and_goes_on() {
    let parent = tempfile::tempdir().expect("it can be created");
    let file = parent.path().join("study.json");
    // The same runs but for the name of the workload, which is in every row.
    let names = [&"long".repeat(100), "short"];
    let study = json!({
        "scenario": {
            "duration": "60 s",
            "nodes": [{ "tier": "edge" }, { "tier": "device", "count": 20 }],
            "workloads": [{ "kind": "tasks" }]
        },
        "axes": [{ "name": "name", "path": "workloads[0].name", "values": names }],
        "replications": 2,
        "metrics": ["handovers"],
        "tables": ["tasks"]
    });
    fs::write(&file, study.to_string()).expect("there is room");
    let sweep = |directory: &str, options: &str| {
        let out = parent.path().join(directory);
        (format!("sweep {} --jobs 1 --quiet --out {} {options}", file.display(), out.display()), out)
    };
    let (arguments, out) = sweep("out", "");
    let output = within(64, &arguments);
    let told = text(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("--resume"), "{told}");
    let (resume, _) = sweep("out", "--resume");
    // Of runs that seem equally long, that of the later point comes first.
    assert!(out.join("runs/00001-000.json").is_file());
    assert!(!out.join("runs/00000-000.json").exists());
    assert!(!out.join("results.csv").exists());
    let output = within(1_000_000, &resume);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (undisturbed, whole) = sweep("whole", "");
    assert!(within(1_000_000, &undisturbed).status.success());
    let read = |directory: &Path, name: &str| fs::read(directory.join(name)).expect("it was written");
    for name in ["results.csv", "aggregate.csv", "tables/00001-001/tasks.csv"] {
        assert_eq!(read(&out, name), read(&whole, name), "{name}");
    }
}
