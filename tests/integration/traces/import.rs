//! `stratosim import`.

use super::{folder, read};
use crate::support::{error_text, output_text, read_json, stratosim};
use std::fs;
use std::path::Path;
use stratosim::traces::{TraceFormat, TraceOptions, VmTrace};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A folder with a trace `in` of two VMs in the manner of PlanetLab.
fn two_vms() -> tempfile::TempDir {
    folder(&[("in/a", "10\n20\n30\n40\n"), ("in/b", "0\n0\n100\n0\n")])
}

#[test]
fn a_trace_becomes_tables_of_our_own() {
    let folder = two_vms();
    let (source, out) = (folder.path().join("in"), folder.path().join("deep/out"));
    let mut command = stratosim();
    command.arg("import").arg(&source).arg("--out").arg(&out).arg("--any-length");
    let result = command.assert().success();
    let told = output_text(&result);
    for part in [
        "planetlab\n",
        "VMs                    2\n",
        "samples                8\n",
        "300 s\n",
        "deep/out\n",
    ] {
        assert!(told.contains(part), "{told:?} lacks {part:?}");
    }
    assert_eq!(names(&out), ["import.json", "samples.csv", "vms.csv"]);
    let samples = fs::read_to_string(out.join("samples.csv")).unwrap();
    assert!(
        samples.starts_with("vm,t_s,duration_s,cpu_share\na,0,300,0.1\na,300,300,0.2\n"),
        "{samples}"
    );
    let record = read_json(&out.join("import.json"));
    assert_eq!(
        (&record["format"], &record["report"]["samples"]["taken"]),
        (&"planetlab".into(), &8.into())
    );
    let options = TraceOptions { any_length: true, ..TraceOptions::default() };
    let original = read(&source, TraceFormat::PlanetLab, &options).unwrap();
    let imported = VmTrace::open(&out, None, &TraceOptions::default()).unwrap();
    assert_eq!(imported.vms, original.vms);
    assert_eq!(imported.series.cpu_of(1), original.series.cpu_of(1));

    // It is not written twice.
    let error = error_text(&command.assert().code(2));
    assert!(error.contains("out exists already; name another folder with --out"), "{error}");
}

#[test]
fn options_reach_the_reader() {
    let folder = two_vms();
    let (source, out) = (folder.path().join("in"), folder.path().join("out"));
    let mut command = stratosim();
    command.arg("import").arg(&source).arg("--out").arg(&out).arg("--quiet").args([
        "--format=planetlab",
        "--any-length",
        "--first=1",
        "--from=300s",
        "--until=15 min",
        "--scale-time=0.5",
        "--scale-demand=2",
    ]);
    command.assert().success().stdout("").stderr("");
    let samples = fs::read_to_string(out.join("samples.csv")).unwrap();
    assert_eq!(samples, "vm,t_s,duration_s,cpu_share\na,0,150,0.4\na,150,150,0.6\n");
    for (arguments, part) in [
        (&["--format=planetlap"][..], "did you mean \"planetlab\"?"),
        (&["--sample=1.5"], "the share of the sample is 1.5, expected a number from 0 to 1"),
        (&["--until=5 parsecs"], "unit \"parsecs\" is not known"),
        (&["--sample=0.5", "--first=3"], "cannot be used with"),
        (&["--gaps=fill"], "possible values: error, leave, hold"),
        (&["--scale-time=0"], "the factor of times is 0"),
        (&[], "expected 288, a day of samples"),
    ] {
        let mut command = stratosim();
        command.arg("import").arg(&source).arg("--out").arg(folder.path().join("no")).args(arguments);
        let error = error_text(&command.assert().code(2));
        assert!(error.contains(part), "{error:?} lacks {part:?}");
        assert_eq!(names(folder.path()), ["in", "out"], "nothing is left behind");
    }
}

#[test]
fn bad_rows_are_told_or_counted() {
    let folder = folder(&[("in/a", "10\nx\n30\n"), ("in/b", "101\n")]);
    let run = |arguments: &[&str]| {
        let mut command = stratosim();
        let (source, out) = (folder.path().join("in"), folder.path().join("out"));
        command.arg("import").arg(source).arg("--out").arg(out).args([
            "--any-length",
            "--format",
            "planetlab",
        ]);
        command.args(arguments).assert()
    };
    let error = error_text(&run(&[]).code(2));
    assert!(error.contains("in/a:2:1: found \"x\", expected one whole number"), "{error}");
    assert_eq!(names(folder.path()), ["in"]);
    let told = output_text(&run(&["--skip-bad-rows"]).success());
    for part in ["bad rows skipped       2\n", "in/a:2:1: found \"x\"", "in/b:1:1: found \"101\""] {
        assert!(told.contains(part), "{told:?} lacks {part:?}");
    }
    let record = read_json(&folder.path().join("out/import.json"));
    assert_eq!(record["report"]["bad_rows_skipped"], 2);
}

#[test]
fn what_is_missing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = stratosim();
    command.arg("import").arg(folder.path().join("none")).arg("--out").arg(folder.path().join("out"));
    let error = error_text(&command.assert().code(2));
    assert!(error.contains("none: cannot be opened"), "{error}");
    assert!(names(folder.path()).is_empty());
}

/// A log without end is read from a pipe until the signal comes.
#[cfg(unix)]
#[test]
fn an_interrupted_import_leaves_nothing() {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("log.swf");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut child = Command::new(env!("CARGO_BIN_EXE_stratosim"))
            .arg("import")
            .arg(&pipe)
            .arg("--out")
            .arg(folder.path().join("out"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Opens when the program does, which is after it has begun its output.
        let mut log = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        assert_eq!(names(folder.path()).len(), 2, "{:?}", names(folder.path()));
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let mut job = 0_u64;
        while writeln!(log, "{job} {job} 1 1 1 1 1 1 1 1 1 1 1 1 1 1 -1 1").is_ok() {
            job += 1;
        }
        assert_eq!(child.wait().unwrap().code(), Some(1), "{signal}");
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert_eq!(told, "interrupted; nothing was written\n");
        assert_eq!(names(folder.path()), ["log.swf"], "{signal}");
    }
}

/// All formats are named, and an example leads.
#[test]
fn help_names_the_formats() {
    let help = output_text(&stratosim().args(["import", "--help"]).assert().success().stderr(""));
    let (_, example) = help.split_once("Example:\n").unwrap();
    assert!(example.trim_start().starts_with("stratosim import"), "{example}");
    for format in TraceFormat::ALL {
        assert!(example.contains(format.name()), "{format} is missing in {example}");
    }
}
