use super::{folder, read, refused};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use stratosim::traces::{Sampling, TraceFormat, TraceOptions, VmTrace, detect};

/// A day of 288 lines.
fn day(line: impl Fn(usize) -> String) -> String {
    (0..288).map(|index| line(index) + "\n").collect()
}

fn any_length() -> TraceOptions {
    TraceOptions { any_length: true, ..TraceOptions::default() }
}

#[test]
fn line_i_is_the_sample_from_300_i_seconds_on() {
    let folder = folder(&[("b", &day(|line| (line % 101).to_string())), ("a", &day(|_| "7".into()))]);
    let trace = read(folder.path(), TraceFormat::PlanetLab, &TraceOptions::default()).unwrap();
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(trace.vms.end_s, [Some(86_400.0), Some(86_400.0)]);
    assert_eq!((trace.series.step_s(), trace.series.len()), (Some(300.0), 576));
    assert_eq!(trace.series.cpu_of(0), [0.07; 288]);
    for line in 0..288 {
        let expected = (line % 101) as f32 / 100.0;
        assert_eq!(trace.series.cpu_at(1, 300.0 * line as f64), Some(expected));
        assert_eq!(trace.series.cpu_at(1, 300.0 * line as f64 + 299.9), Some(expected));
    }
    assert_eq!((trace.series.cpu_at(1, 86_400.0), trace.series.cpu_at(1, -0.1)), (None, None));
    let last = trace.series.segments(1).last().unwrap();
    assert_eq!((last.start_s, last.end_s()), (86_100.0, 86_400.0));
}

/// Not by letters, numbers or the order of the file system: `B` is before `a`, `10` before `9`, `é` last.
#[test]
fn vms_are_in_the_byte_order_of_their_files() {
    let names = ["a", "B", "10", "9", "é", "a.b", "a_b", "~"];
    let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "1\n")).collect();
    let folder = folder(&files);
    let trace = read(folder.path(), TraceFormat::PlanetLab, &any_length()).unwrap();
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["10", "9", "B", "a", "a.b", "a_b", "~", "é"]);
}

#[test]
fn archives_are_read_as_folders_are_whatever_the_order_of_their_members() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("day.tar.gz");
    let mut archive =
        tar::Builder::new(GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast()));
    for (name, text) in [("20110303/z", "3\n4\n"), ("20110303/.hidden", "x"), ("20110303/a", "1\n2\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
    assert_eq!(detect(&path).unwrap(), TraceFormat::PlanetLab);
    let trace = VmTrace::open(&path, None, &any_length()).unwrap();
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["a", "z"]);
    assert_eq!(trace.series.cpu_of(1), [0.03, 0.04]);

    let error = detect(directory.path()).unwrap_err().to_string();
    assert!(error.contains("holds archives such as day.tar.gz; give one of them itself"), "{error}");

    // Cut anywhere it is an error that names the archive, whatever is skipped.
    let bytes = fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        fs::write(&path, &bytes[..length]).unwrap();
        let options = TraceOptions { skip_bad_rows: true, ..any_length() };
        let error = read(&path, TraceFormat::PlanetLab, &options).unwrap_err().to_string();
        assert!(error.contains("day.tar.gz") && error.contains("cut short"), "{length}: {error}");
    }
}

#[test]
fn gzipped_files_of_several_members_are_one_text() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    for part in ["1\n2", "\n3\n"] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(part.as_bytes()).unwrap();
        bytes.extend(encoder.finish().unwrap());
    }
    let path = directory.path().join("vm.gz");
    fs::write(&path, &bytes).unwrap();
    let trace = read(directory.path(), TraceFormat::PlanetLab, &any_length()).unwrap();
    assert_eq!((trace.vms.ids.get(0), trace.series.cpu_of(0)), (Some("vm"), &[0.01, 0.02, 0.03][..]));
    fs::write(&path, &bytes[..bytes.len() - 4]).unwrap();
    let error = read(directory.path(), TraceFormat::PlanetLab, &any_length()).unwrap_err().to_string();
    assert!(error.contains("vm.gz:") && error.contains("cut short"), "{error}");
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let default = TraceOptions::default();
    for (line, found) in
        [("101", "\"101\""), ("-1", "\"-1\""), ("1.5", "\"1.5\""), ("", "\"\""), ("1 2", "\"1 2\"")]
    {
        let text = day(|index| if index == 41 { line.into() } else { "5".into() });
        let message = ["bad:42:1: ", found, "one whole number from 0 to 100"];
        refused(TraceFormat::PlanetLab, &[("bad", &text)], &default, &message, Some((287, 1)));
    }
}

/// The sample of a line that is skipped is missing, and those after it keep their times.
#[test]
fn a_skipped_line_leaves_a_gap() {
    let folder = folder(&[("a", "1\nx\n3\n")]);
    let options = TraceOptions { skip_bad_rows: true, ..any_length() };
    let trace = read(folder.path(), TraceFormat::PlanetLab, &options).unwrap();
    assert_eq!(
        trace.series.segments(0).map(|segment| segment.start_s).collect::<Vec<_>>(),
        [0.0, 600.0]
    );
    assert_eq!((trace.series.cpu_at(0, 299.0), trace.series.cpu_at(0, 300.0)), (Some(0.01), None));
    assert_eq!(trace.series.step_s(), Some(300.0));
}

#[test]
fn other_lengths_must_be_allowed() {
    let short = day(|_| "1".into())[2..].to_string();
    let message = ["short:287: found 287 lines, expected 288", "--any-length"];
    let files = [("short", short.as_str())];
    refused(TraceFormat::PlanetLab, &files, &TraceOptions::default(), &message, Some((287, 1)));
    let folder = folder(&files);
    let trace = read(folder.path(), TraceFormat::PlanetLab, &any_length()).unwrap();
    assert_eq!((trace.vms.end_s[0], trace.report.skipped.count), (Some(86_100.0), 0));
}

#[test]
fn cpu_and_memory_percentages() {
    let folder = folder(&[("vm_2", &day(|_| "12.5 50".into()))]);
    let options = TraceOptions {
        machine_cores: Some(8.0),
        machine_memory_bytes: Some(1e9),
        ..TraceOptions::default()
    };
    assert_eq!(detect(folder.path()).unwrap(), TraceFormat::CpuMemory);
    let trace = read(folder.path(), TraceFormat::CpuMemory, &options).unwrap();
    assert_eq!(trace.vms.cores, [Some(8.0)]);
    let segment = trace.series.segments(0).next().unwrap();
    assert_eq!((segment.cpu, segment.memory_bytes), (0.125, Some(5e8)));
    let trace = read(folder.path(), TraceFormat::CpuMemory, &TraceOptions::default()).unwrap();
    assert_eq!(trace.series.segments(0).next().unwrap().memory_bytes, None);
    assert!(
        trace.report.notes.iter().any(|note| note.contains("--machine-memory")),
        "{:?}",
        trace.report
    );
    for (line, part) in [
        ("1", ":1: found"),
        ("1 2 3", "two numbers"),
        ("101 1", ":1:1: found \"101\""),
        ("1 -1", ":1:2: found \"-1\""),
        ("x 1", ":1:1:"),
    ] {
        let text = day(|index| if index == 0 { line.into() } else { "5 5".into() });
        refused(TraceFormat::CpuMemory, &[("a", &text)], &options, &[part], Some((287, 1)));
    }
}

#[test]
fn fractions_with_requests() {
    let files =
        [("run/1", "0.25\n1.0\n"), ("run/2", "0\n"), ("vm_events_2", "1 0.5 0.25 9.0\n2 0.125 0.5 0\n")];
    let folder = folder(&files);
    let options = TraceOptions {
        machine_cores: Some(16.0),
        machine_memory_bytes: Some(64e9),
        ..TraceOptions::default()
    };
    let trace = read(folder.path(), TraceFormat::ExtCloudSim, &options).unwrap();
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(trace.vms.cores, [Some(8.0), Some(2.0)]);
    assert_eq!(trace.vms.memory_bytes, [Some(16e9), Some(32e9)]);
    assert_eq!((trace.vms.priority[0], trace.series.cpu_of(0)), (Some(9.0), &[0.25, 1.0][..]));
    for (line, part) in [("1.01\n", "run/1:1:1: found \"1.01\""), ("NaN\n", "share"), ("\n", "share")] {
        let files = [("run/1", line), ("run/2", "0.5\n")];
        refused(TraceFormat::ExtCloudSim, &files, &options, &[part], Some((1, 1)));
    }
    let files = [("run/1", "0.5\n"), ("vm_events", "1 0.5 -1 9\n")];
    refused(TraceFormat::ExtCloudSim, &files, &options, &["vm_events:1:3: found \"-1\""], Some((1, 1)));
}

/// A VM is taken or not by its name and the seed, whoever else is there.
#[test]
fn samples_do_not_depend_on_the_others() {
    let names: Vec<String> = (0..400).map(|number| format!("vm-{number}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1\n")).collect();
    let options = TraceOptions { sampling: Sampling::Share { share: 0.25, seed: 3 }, ..any_length() };
    let taken = |files: &[(&str, &str)]| -> Vec<String> {
        let folder = folder(files);
        let trace = read(folder.path(), TraceFormat::PlanetLab, &options).unwrap();
        trace.vms.ids.iter().map(String::from).collect()
    };
    let all = taken(&files);
    // Binomial of 400 and 0.25: mean 100, standard deviation 8.7.
    assert!((65..=135).contains(&all.len()), "{}", all.len());
    let half: Vec<String> =
        all.iter().filter(|name| files[200..].iter().any(|(other, _)| other == name)).cloned().collect();
    assert_eq!(taken(&files[200..]), half);
    let first = TraceOptions { sampling: Sampling::First(2), ..any_length() };
    let folder = folder(&files);
    let trace = read(folder.path(), TraceFormat::PlanetLab, &first).unwrap();
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["vm-0", "vm-1"]);
    assert_eq!((trace.report.vms_read, trace.series.len()), (400, 2));
}

/// A window cuts samples at its ends and starts at 0; then times and demands are scaled.
#[test]
fn window_and_scales() {
    let folder = folder(&[("a", "10\n20\n30\n40\n")]);
    let options = TraceOptions {
        from_s: 450.0,
        until_s: Some(1000.0),
        time_scale: 2.0,
        demand_scale: 0.5,
        ..any_length()
    };
    let trace = read(folder.path(), TraceFormat::PlanetLab, &options).unwrap();
    let segments: Vec<(f64, f64, f32)> = trace
        .series
        .segments(0)
        .map(|segment| (segment.start_s, segment.duration_s, segment.cpu))
        .collect();
    assert_eq!(segments, [(0.0, 300.0, 0.1), (300.0, 600.0, 0.15), (900.0, 200.0, 0.2)]);
    assert_eq!(trace.vms.end_s, [None], "it outlives the window");
    let until = TraceOptions { from_s: 300.0, ..any_length() };
    let trace = read(folder.path(), TraceFormat::PlanetLab, &until).unwrap();
    assert_eq!((trace.vms.start_s[0], trace.vms.end_s[0]), (0.0, Some(900.0)));
    assert_eq!((trace.series.step_s(), trace.series.len()), (Some(300.0), 3));
    for (options, part) in [
        (TraceOptions { from_s: -1.0, ..any_length() }, "start of the window is -1"),
        (
            TraceOptions { from_s: 5.0, until_s: Some(5.0), ..any_length() },
            "a time after its start, 5 s",
        ),
        (TraceOptions { time_scale: 0.0, ..any_length() }, "factor of times is 0"),
        (TraceOptions { demand_scale: f64::NAN, ..any_length() }, "factor of demand"),
        (
            TraceOptions { sampling: Sampling::Share { share: 1.5, seed: 1 }, ..any_length() },
            "from 0 to 1",
        ),
    ] {
        let error = read(folder.path(), TraceFormat::PlanetLab, &options).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn nothing_to_read_is_told() {
    let empty = tempfile::tempdir().unwrap();
    let error = VmTrace::open(empty.path(), None, &any_length()).unwrap_err().to_string();
    assert!(error.contains("has no files in it"), "{error}");
    let error = VmTrace::open(empty.path().join("no"), None, &any_length()).unwrap_err().to_string();
    assert!(error.contains("no: cannot be opened"), "{error}");
    let folder = folder(&[("a", "hello world\n")]);
    let error = VmTrace::open(folder.path(), None, &any_length()).unwrap_err().to_string();
    assert!(error.contains("starts with \"hello world\"") && error.contains("planetlab"), "{error}");
}

/// Two days in one folder: names that are alike are told apart by their folder, and else refused.
#[test]
fn names_that_occur_twice() {
    let days = folder(&[("1/a", "1\n"), ("1/b", "2\n"), ("2/a", "3\n")]);
    let trace = read(days.path(), TraceFormat::PlanetLab, &any_length()).unwrap();
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["1/a", "1/b", "2/a"]);
    let row = "Timestamp [ms];1;2;3;4;5;6;7;8;9;10\n";
    let twice = folder(&[("a", row), ("a.csv", row)]);
    let error = read(twice.path(), TraceFormat::Bitbrains, &any_length()).unwrap_err().to_string();
    assert!(error.ends_with("has two files of a VM \"a\""), "{error}");
}
