//! No reader panics, whatever it is given.

use super::folder;
use proptest::prelude::*;
use std::fs;
use stratosim::traces::{Gaps, Sampling, TraceFormat, TraceOptions, VmTrace, detect, open_source};

/// Names of files that formats look for.
const NAMES: [&str; 16] = [
    "vms.csv",
    "samples.csv",
    "jobs.csv",
    "dependencies.csv",
    "machines.csv",
    "tasks.csv",
    "fragments.csv",
    "vmtable.csv",
    "vm_cpu_readings-file-1-of-2.csv",
    "task_events-1.csv",
    "task_usage-1.csv",
    "container_event.csv",
    "container_usage.csv",
    "container_meta.csv",
    "batch_task.csv",
    "vm_events",
];

/// Text that gets past the first checks more often than random bytes do.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        4 => "-?[0-9]{1,3}",
        1 => "[0-9]{1,3}\\.[0-9]{1,3}",
        1 => "(NaN|inf|-1|1e30|1e308|99999999999999999999|add|Create|Remove|Terminated|M1_2|M2_1|a|vm|t_s|\"a|\"\"|)",
        1 => "(vm,start_s|vm,t_s,duration_s,cpu_share|job,submit_s|parent,child,table|id,duration,cpu_usage)",
        1 => "id,submission_time,cpu_count,cpu_capacity",
    ];
    let line = (
        prop::collection::vec(cell, 1..21),
        prop_oneof![4 => Just(","), 1 => Just(" "), 1 => Just(";")],
    )
        .prop_map(|(cells, delimiter)| cells.join(delimiter));
    let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")];
    prop::collection::vec((line, end), 0..12).prop_map(|lines| {
        lines.into_iter().flat_map(|(line, end)| [line, end.into()]).collect::<String>().into_bytes()
    })
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let gzip = prop::collection::vec(any::<u8>(), 0..40)
        .prop_map(|bytes| [&[0x1f, 0x8b, 8][..], &bytes].concat());
    prop_oneof![4 => plausible(), 2 => prop::collection::vec(any::<u8>(), 0..200), 1 => gzip]
}

fn options() -> impl Strategy<Value = TraceOptions> {
    let gaps = prop_oneof![Just(Gaps::Error), Just(Gaps::Leave), Just(Gaps::Hold)];
    (any::<bool>(), gaps, 0.0..1e4_f64, any::<bool>()).prop_map(|(skip_bad_rows, gaps, from_s, all)| {
        TraceOptions {
            skip_bad_rows,
            gaps,
            any_length: all,
            machine_cores: Some(8.0),
            machine_memory_bytes: all.then_some(1e9),
            memory_unit_bytes: Some(1e3),
            sampling: if all { Sampling::All } else { Sampling::Share { share: 0.5, seed: 1 } },
            from_s: if all { 0.0 } else { from_s },
            ..TraceOptions::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn folders_of_random_files_are_read_or_refused(
        files in prop::collection::vec((0..NAMES.len(), content()), 1..5), options in options(),
    ) {
        let folder = folder(&[]);
        for (name, bytes) in &files {
            fs::write(folder.path().join(NAMES[*name]), bytes).unwrap();
        }
        let _ = detect(folder.path());
        for format in TraceFormat::ALL {
            if let Ok(trace) = VmTrace::open(folder.path(), Some(format), &options) {
                // What was read is in order, and can be written and read again.
                let samples: usize = (0..trace.vms.len()).map(|vm| trace.series.segments(vm).count()).sum();
                prop_assert_eq!(samples, trace.series.len());
                let again = tempfile::tempdir().unwrap();
                trace.write(again.path(), || true).unwrap();
                let read = VmTrace::open(again.path(), Some(TraceFormat::Stratosim), &TraceOptions::default());
                prop_assert!(read.is_ok(), "{format}: {read:?} of {trace:?}");
            }
        }
    }

    #[test]
    fn random_streams_are_read_or_refused(name in 0..NAMES.len(), bytes in content(), options in options()) {
        for format in TraceFormat::ALL {
            let source = std::io::Cursor::new(bytes.clone());
            if let Ok(mut reader) = open_source(format, NAMES[name], source, &options) {
                let _ = VmTrace::read(&mut *reader, &options, |_| true);
            }
        }
    }
}
