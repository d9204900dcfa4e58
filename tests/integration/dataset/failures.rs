//! What cannot be made leaves nothing behind.

use super::{Study, windows, with};
use crate::support::{error_text, stratosim};
use serde_json::json;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use stratosim::dataset::{Dataset, DatasetError};

/// The names in the study's folder that are not of its runs and files.
fn others(study: &Study) -> Vec<String> {
    let entries = fs::read_dir(study.path("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with("run-") && !name.ends_with(".json")).collect()
}

#[test]
fn what_is_there_is_replaced_only_by_force_and_only_if_it_is_a_dataset() {
    let study = Study::with_six_runs();
    let file = study.write("study", &windows());
    let out = study.path("out");
    let run = |options: &[&str]| {
        stratosim()
            .arg("dataset")
            .arg(&file)
            .arg("--out")
            .arg(&out)
            .arg("--quiet")
            .args(options)
            .assert()
    };
    run(&[]).success().stdout("").stderr("");
    let told = error_text(&run(&[]).code(2));
    assert!(told.contains("exists already") && told.contains("--force replaces it"), "{told}");
    run(&["--force"]).success();
    fs::remove_file(out.join("dataset.json")).unwrap();
    let told = error_text(&run(&["--force"]).code(2));
    assert!(told.contains("it has no dataset.json"), "{told}");
    assert_eq!(others(&study), ["out"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let study = Study::with_six_runs();
    let file = study.write("study", &windows());
    let below_a_file = file.join("out");
    let assert = stratosim().arg("dataset").arg(&file).arg("--out").arg(&below_a_file).assert().code(1);
    let told = error_text(&assert);
    assert!(told.starts_with("cannot ") && told.contains("study.json"), "{told}");
    assert!(others(&study).is_empty());
}

/// The limit of file sizes stands for the end of the disk.
#[test]
fn a_full_disk_leaves_nothing() {
    let study = Study::new();
    study.sampled("run-1", 1, 8000);
    let spec =
        with(windows(), &[("split", json!({ "by": "time", "shares": { "train": 0.5, "test": 0.5 } }))]);
    let file = study.write("study", &spec);
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" dataset \"$1\" --out \"$2\"";
    let output = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_stratosim")])
        .args([&file, &study.path("out")])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && told.contains("cannot write"), "{told}");
    assert!(others(&study).is_empty(), "{:?}", others(&study));
}

#[test]
fn an_interrupt_leaves_nothing() {
    let study = Study::with_six_runs();
    let file = study.write("study", &windows());
    let flag = Arc::new(AtomicBool::new(true));
    let result = Dataset::from_file(&file).unwrap().out(study.path("out")).stop_on(flag).run();
    assert!(matches!(result, Err(DatasetError::Interrupted)), "{result:?}");
    assert!(others(&study).is_empty());
}

#[test]
fn damaged_and_differing_runs_are_told_by_name() {
    let study = Study::with_six_runs();
    let table = study.path("run-2b/tables/nodes.csv");
    let whole = fs::read_to_string(&table).unwrap();
    let told = |text: &str| {
        fs::write(&table, text).unwrap();
        study.attempt("damaged", &windows()).err().expect("it is damaged").to_string()
    };
    let error = told(&whole.replacen("7.0,edge-1", "soon,edge-1", 1));
    assert!(error.contains("nodes.csv:24: column \"t_s\" has \"soon\""), "{error}");
    let error = told(&whole.replacen("7.0,edge-1", "5.0,edge-1", 1));
    assert!(error.contains("run-2b: table nodes goes back in time, from 7 s to 5 s"), "{error}");
    fs::write(&table, whole).unwrap();
    let dictionary = study.path("run-2b/dictionary.json");
    let text = fs::read_to_string(&dictionary).unwrap();
    fs::write(&dictionary, text.replace("\"load\"", "\"laod\"")).unwrap();
    let error = study.attempt("differing", &windows()).err().expect("a column is missing").to_string();
    assert!(error.contains("column \"load\" of table \"nodes\" is missing in run-2b"), "{error}");
    fs::write(&dictionary, text.replace("\"nodes\"", "\"ndoes\"")).unwrap();
    let error = study.attempt("differing", &windows()).err().expect("a table is missing").to_string();
    assert!(error.contains("run-2b has no table \"nodes\""), "{error}");
    assert!(others(&study).is_empty());
}
