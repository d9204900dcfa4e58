//! `stratosim allocate`.

use crate::support::stratosim;
use std::fs;

/// h01 of the published kind: two linked nodes; 1.94 is worked out where the methods are.
const INSTANCE: &str = r#"{"Nn": 2, "Nf": 1, "memory_capacity": [100, 1000], "memory_requirement": [100],
    "max_utilization": [0.8], "demand": [[0.5], [0.5]], "edges": [[0, 1]], "alpha": [[1], [1]],
    "beta": [[[0.9], [0.9]], [[0.9], [0.9]]], "gamma": [[0.1], [0.1]], "delta": [[0.9], [0.9]],
    "steps": [{"t": 0, "load": [[4], [2]]}, {"t": 1, "load": [[1], [2]]}]}"#;

#[test]
fn an_instance_is_allocated_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("h01.json");
    fs::write(&file, INSTANCE).unwrap();
    let (published, mps) = (folder.path().join("published"), folder.path().join("h01.mps"));
    let output = stratosim()
        .args(["allocate", "--method", "lmm", "--method", "no-offloading", "--step", "0"])
        .arg(&file)
        .arg("--write-published")
        .arg(&published)
        .arg("--mps")
        .arg(&mps)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert_eq!(rows[1][..4], ["0", "lmm", "1.940000", "1.940000"]);
    // (1.6 - 0.1 * 2.4) / 4 + 1, and no bound.
    assert_eq!(rows[2][..5], ["0", "no-offloading", "1.340000", "-", "-"]);
    assert!(fs::read_to_string(&mps).unwrap().starts_with("NAME FRALB\n"));
    // The published files are the same instance.
    let again = stratosim().arg("allocate").arg(&published).output().unwrap();
    let text = String::from_utf8(again.stdout).unwrap();
    assert!(text.lines().nth(1).unwrap().contains("1.940000"), "{text}");
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn what_is_wrong_with_an_instance_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.json");
    let message = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        let output = stratosim().arg("allocate").arg(&file).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let heavy = INSTANCE.replace("\"memory_requirement\": [100]", "\"memory_requirement\": [5000]");
    let error = message(&heavy, &[]);
    assert!(error.contains("memory_requirement[0]: a replica of function 0 needs 5000 MB"), "{error}");
    assert!(message(INSTANCE, &["--step", "2"]).contains("there is no step 2; the last is 1"));
    assert!(message(INSTANCE, &["--method", "macr"]).contains("macro"));
    assert!(message("{", &[]).contains("bad.json"));
}
