//! A run that is interrupted leaves nothing that looks complete.
#![cfg(unix)]

use crate::support::root;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts a run that would take years, and waits until it writes its tables.
fn start(directory: &Path) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_stratosim"))
        .current_dir(directory)
        .arg("run")
        .arg(root().join("tests/good/small.json"))
        .args(["--set", "duration=2000000 h", "--set", "output.tables=[\"nodes\"]", "--out", "run"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !has_tables(directory) {
        assert_eq!(child.try_wait().unwrap(), None, "the run has ended by itself");
        std::thread::yield_now();
    }
    child
}

/// Whether a hidden directory beside the final one holds tables.
fn has_tables(directory: &Path) -> bool {
    let tables =
        |path: &Path| fs::read_dir(path.join("tables")).is_ok_and(|mut tables| tables.next().is_some());
    fs::read_dir(directory).unwrap().any(|entry| tables(&entry.unwrap().path()))
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupted_or_terminated_run_leaves_nothing() {
    for name in ["INT", "TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let mut child = start(directory.path());
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(1), "{name}");
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(
            told.starts_with("interrupted at ") && told.ends_with("nothing was written\n"),
            "{told}"
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn a_killed_run_leaves_a_hidden_directory_that_is_in_nobodys_way() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = start(directory.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let names = || -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert!(names().iter().all(|name| name.starts_with(".run.partial-")), "{:?}", names());
    let mut again = crate::support::stratosim();
    again.current_dir(directory.path()).arg("run").arg(root().join("tests/good/small.json"));
    again.args(["--quiet", "--out", "run"]).assert().success();
    assert!(names().contains(&"run".to_owned()));
}
