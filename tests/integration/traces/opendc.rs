use super::{folder, read, refused};
use stratosim::traces::{TraceFormat, TraceOptions, VmTrace, detect};

const TASKS: &str = "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n\
    7,10000,900000,4,8000,2048\n9,5000,60000,1,2000,1024\n";
const FRAGMENTS: &str = "id,duration,cpu_usage\n7,300000,2000\n9,60000,3000\n7,600000,0\n7,0,9\n";

/// Worked out by hand: the trace starts with the submission of 9, at 5 s.
#[test]
fn fragments_follow_each_other_from_the_submission_on() {
    let folder = folder(&[("tasks.csv", TASKS), ("fragments.csv", FRAGMENTS)]);
    assert_eq!(detect(folder.path()).unwrap(), TraceFormat::OpenDc);
    let options = TraceOptions { memory_unit_bytes: Some(1e3), ..TraceOptions::default() };
    let trace = VmTrace::open(folder.path(), None, &options).unwrap();
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["7", "9"]);
    assert_eq!((trace.vms.start_s[0], trace.vms.end_s[0]), (5.0, Some(905.0)));
    assert_eq!((trace.vms.start_s[1], trace.vms.length_s[1]), (0.0, Some(60.0)));
    assert_eq!((trace.vms.cores[0], trace.vms.core_mhz[0]), (Some(4.0), Some(2000.0)));
    assert_eq!(trace.vms.memory_bytes, [Some(2.048e6), Some(1.024e6)]);
    let segments = |vm| -> Vec<(f64, f64, f32)> {
        let segments = trace.series.segments(vm);
        segments.map(|segment| (segment.start_s, segment.duration_s, segment.cpu)).collect()
    };
    assert_eq!(segments(0), [(5.0, 300.0, 0.25), (305.0, 600.0, 0.0)]);
    assert_eq!(segments(1), [(0.0, 60.0, 1.5)]);
    assert_eq!(trace.series.step_s(), None);
    assert_eq!(trace.series.cpu_at(0, 305.0), Some(0.0));
    let plain = VmTrace::open(folder.path().join("tasks.csv"), None, &TraceOptions::default()).unwrap();
    assert_eq!((plain.series.len(), plain.vms.memory_bytes[0]), (3, None));
    assert!(plain.report.notes[0].contains("--memory-unit"), "{:?}", plain.report.notes);
}

#[test]
fn bad_rows_are_told_with_their_place() {
    let options = TraceOptions::default();
    for (row, part) in [
        ("8,1,1\n", "fragments.csv:6:1: found \"8\", expected a task of the table of tasks"),
        ("7,-1,1\n", "fragments.csv:6:2: found \"-1\", expected duration: a number of at least 0"),
        ("7,1,x\n", "fragments.csv:6:3: found \"x\", expected cpu_usage"),
        ("7,1\n", "fragments.csv:6: found 2 columns, expected 3"),
        ("7.5,1,1\n", "fragments.csv:6:1: found \"7.5\", expected id: a whole number"),
    ] {
        let fragments = format!("{FRAGMENTS}{row}");
        let files = [("tasks.csv", TASKS), ("fragments.csv", fragments.as_str())];
        refused(TraceFormat::OpenDc, &files, &options, &[part], Some((3, 1)));
    }
    for (row, part) in [
        ("7,0,1,1,1,1\n", "tasks.csv:4:1: found \"7\", expected a task that did not occur before"),
        ("8,0,1,1,0,1\n", "tasks.csv:4:5: found \"0\", expected cpu_capacity: a number above 0"),
        ("8,,1,1,1,1\n", "tasks.csv:4:2: found \"\", expected submission_time"),
    ] {
        let tasks = format!("{TASKS}{row}");
        let files = [("tasks.csv", tasks.as_str()), ("fragments.csv", FRAGMENTS)];
        refused(TraceFormat::OpenDc, &files, &options, &[part], Some((3, 1)));
    }
    let files = [("tasks.csv", "id,cpu_count\n")];
    let part =
        "tasks.csv:1: found no column \"submission_time\", expected a header with id, submission_time";
    refused(TraceFormat::OpenDc, &files, &options, &[part], None);
    refused(TraceFormat::OpenDc, &[("tasks.csv", "")], &options, &["tasks.csv:1: found nothing"], None);
    refused(TraceFormat::OpenDc, &[("x.csv", "")], &options, &["has 0 tables of tasks"], None);
}

#[test]
fn tasks_without_fragments_have_no_samples() {
    let folder = folder(&[("tasks.csv", TASKS)]);
    let trace = read(folder.path(), TraceFormat::OpenDc, &TraceOptions::default()).unwrap();
    assert_eq!((trace.vms.len(), trace.series.len()), (2, 0));
    assert!(trace.report.notes.iter().any(|note| note.contains("no table of fragments")));
    assert_eq!((trace.series.segments(0).count(), trace.series.cpu_of(9).len()), (0, 0));
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;
    use polars::prelude::{DataFrame, IntoColumn, NamedFrom, ParquetWriter, Series};
    use std::fs::{self, File};
    use std::path::Path;

    fn write(path: &Path, columns: Vec<Series>) {
        let height = columns[0].len();
        let columns = columns.into_iter().map(IntoColumn::into_column).collect();
        let mut frame = DataFrame::new(height, columns).unwrap();
        ParquetWriter::new(File::create(path).unwrap()).finish(&mut frame).unwrap();
    }

    /// The tasks of `TASKS`, and these fragments.
    fn trace(fragments: Vec<Series>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let tasks = vec![
            Series::new("id".into(), [7_i32, 9]),
            Series::new("submission_time".into(), [10_000_i64, 5000]),
            Series::new("duration".into(), [900_000_i64, 60_000]),
            Series::new("cpu_count".into(), [4_i32, 1]),
            Series::new("cpu_capacity".into(), [8000.0, 2000.0]),
            Series::new("mem_capacity".into(), [2048_i64, 1024]),
        ];
        write(&folder.path().join("tasks.parquet"), tasks);
        write(&folder.path().join("fragments.parquet"), fragments);
        folder
    }

    fn fragments(ids: &[i32], durations: &[Option<i64>], usages: &[f64]) -> Vec<Series> {
        vec![
            Series::new("id".into(), ids),
            Series::new("duration".into(), durations),
            Series::new("cpu_usage".into(), usages),
        ]
    }

    #[test]
    fn it_is_read_as_csv_is() {
        let durations = [300_000, 60_000, 600_000, 0].map(Some);
        let parquet = trace(fragments(&[7, 9, 7, 7], &durations, &[2000.0, 3000.0, 0.0, 9.0]));
        let csv = folder(&[("tasks.csv", TASKS), ("fragments.csv", FRAGMENTS)]);
        assert_eq!(detect(parquet.path()).unwrap(), TraceFormat::OpenDc);
        let [a, b] = [&parquet, &csv]
            .map(|folder| VmTrace::open(folder.path(), None, &TraceOptions::default()).unwrap());
        assert_eq!(a.vms, b.vms);
        for vm in 0..2 {
            assert!(a.series.segments(vm).eq(b.series.segments(vm)));
        }
    }

    #[test]
    fn bad_rows_and_damage_are_told() {
        for (id, duration, usage, part) in [
            (8, Some(1), 1.0, "fragments.parquet:2: found 8, expected id: one of the table of tasks"),
            (
                7,
                None,
                1.0,
                "fragments.parquet:2: found (Some(7), None, Some(1.0)), expected id, duration",
            ),
            (7, Some(-1), 1.0, "fragments.parquet:2: found"),
            (7, Some(1), f64::NAN, "fragments.parquet:2: found"),
        ] {
            let folder =
                trace(fragments(&[7, id, 9], &[Some(5), duration, Some(5)], &[1.0, usage, 1.0]));
            let error = read(folder.path(), TraceFormat::OpenDc, &TraceOptions::default()).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            let skipping = TraceOptions { skip_bad_rows: true, ..TraceOptions::default() };
            let trace = read(folder.path(), TraceFormat::OpenDc, &skipping).unwrap();
            assert_eq!((trace.series.len(), trace.report.skipped.count), (2, 1));
        }
        let folder = trace(vec![Series::new("id".into(), [7_i32])]);
        let error = read(folder.path(), TraceFormat::OpenDc, &TraceOptions::default()).unwrap_err();
        assert!(
            error.to_string().contains("fragments.parquet: has no column \"duration\"; found id"),
            "{error}"
        );
        let path = folder.path().join("fragments.parquet");
        let bytes = fs::read(&path).unwrap();
        for length in [0, 4, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            let error = read(folder.path(), TraceFormat::OpenDc, &TraceOptions::default()).unwrap_err();
            assert!(error.to_string().contains("fragments.parquet"), "{error}");
        }
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_needs_its_feature() {
    let folder = folder(&[("tasks.parquet", "PAR1")]);
    let error =
        read(folder.path(), TraceFormat::OpenDc, &TraceOptions::default()).unwrap_err().to_string();
    assert!(error.contains("tasks.parquet") && error.contains("cargo feature `parquet`"), "{error}");
}
