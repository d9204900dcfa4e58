//! The formats of comma-separated tables, and the logs of batch jobs: one small file a format, whose values are
//! worked out by hand, and every kind of bad row.

use super::{folder, read, refused};
use stratosim::traces::{
    DemandUnit, Gaps, MachineChange, TraceFormat, TraceOptions, VmTrace, detect, open_source,
};

fn machine() -> TraceOptions {
    TraceOptions {
        machine_cores: Some(32.0),
        machine_memory_bytes: Some(128e9),
        ..TraceOptions::default()
    }
}

fn segments(trace: &VmTrace, vm: usize) -> Vec<(f64, f64, f32)> {
    let segments = trace.series.segments(vm);
    segments.map(|segment| (segment.start_s, segment.duration_s, segment.cpu)).collect()
}

/// Reads a folder whose format must be recognised.
fn recognised(files: &[(&str, &str)], format: TraceFormat, options: &TraceOptions) -> VmTrace {
    let folder = folder(files);
    assert_eq!(detect(folder.path()).unwrap(), format);
    read(folder.path(), format, options).unwrap()
}

// ------------------------------------------------------------------------ Bitbrains

const BITBRAINS: &str = "Timestamp [ms];\tCPU cores;\tCPU capacity provisioned [MHZ];\tCPU usage [MHZ];\t\
    CPU usage [%];\tMemory capacity provisioned [KB];\tMemory usage [KB];\tDisk read throughput [KB/s];\t\
    Disk write throughput [KB/s];\tNetwork received throughput [KB/s];\tNetwork transmitted throughput [KB/s]\n";

fn bitbrains(times: &[i64]) -> String {
    let row = |time: &i64| format!("{time};\t2;\t5000;\t1250;\t25.0;\t1024;\t512;\t0;\t0;\t1;\t2\n");
    BITBRAINS.to_string() + &times.iter().map(row).collect::<String>()
}

#[test]
fn bitbrains_rows_hold_until_the_next() {
    let files = [("2.csv", bitbrains(&[1000, 1300, 1603])), ("10.csv", bitbrains(&[900, 1200]))];
    let files = [("2.csv", files[0].1.as_str()), ("10.csv", files[1].1.as_str())];
    let trace = recognised(&files, TraceFormat::Bitbrains, &TraceOptions::default());
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["10", "2"]);
    assert_eq!((trace.vms.start_s[1], trace.vms.end_s[1]), (100.0, Some(1003.0)));
    assert_eq!((trace.vms.cores[0], trace.vms.core_mhz[0]), (Some(2.0), Some(2500.0)));
    assert_eq!(trace.vms.memory_bytes[0], Some(1024.0 * 1024.0));
    assert_eq!(segments(&trace, 1), [(100.0, 300.0, 0.25), (400.0, 303.0, 0.25), (703.0, 300.0, 0.25)]);
    let first = trace.series.segments(0).next().unwrap();
    assert_eq!((first.memory_bytes, first.received_bytes_per_s), (Some(524_288.0), Some(1024.0)));
    assert_eq!(first.sent_bytes_per_s, Some(2048.0));
}

#[test]
fn gaps_are_told_left_open_or_held() {
    let text = bitbrains(&[0, 300, 1200, 1500]);
    let files = [("a.csv", text.as_str())];
    let message = [
        "a.csv:4: found a gap of 900 s before the sample at 1200 s, expected a sample every 300 s",
        "--gaps",
    ];
    refused(TraceFormat::Bitbrains, &files, &TraceOptions::default(), &message, Some((4, 1)));
    let leave = TraceOptions { gaps: Gaps::Leave, ..TraceOptions::default() };
    let left = recognised(&files, TraceFormat::Bitbrains, &leave);
    let starts_s: Vec<f64> = left.series.segments(0).map(|segment| segment.start_s).collect();
    assert_eq!((starts_s, left.series.step_s()), (vec![0.0, 300.0, 1200.0, 1500.0], Some(300.0)));
    assert_eq!((left.series.cpu_at(0, 599.0), left.series.cpu_at(0, 600.0)), (Some(0.25), None));
    let hold = TraceOptions { gaps: Gaps::Hold, ..TraceOptions::default() };
    let held = recognised(&files, TraceFormat::Bitbrains, &hold);
    assert_eq!(segments(&held, 0)[1], (300.0, 900.0, 0.25));
    assert_eq!((held.report.skipped.count, held.series.cpu_at(0, 1199.0)), (0, Some(0.25)));
}

#[test]
fn bad_rows_of_bitbrains() {
    let good = bitbrains(&[300, 600]);
    let row = |percent: &str| format!("900;2;5000;1250;{percent};1024;512;0;0;1;2\n");
    for (row, part) in [
        (row("100.1"), "a.csv:4:5: found \"100.1\", expected CPU usage [%]: a number from 0 to 100"),
        (row("-1"), "a.csv:4:5: found \"-1\""),
        (row("x"), "a.csv:4:5: found \"x\""),
        (row("inf"), "a.csv:4:5: found \"inf\""),
        (
            "600;2;5000;1250;1;1024;512;0;0;1;2\n".into(),
            "a.csv:4: found a sample at 300 s, expected a time after 300 s",
        ),
        ("500;2;5000;1250;1;1024;512;0;0;1;2\n".into(), "a.csv:4: found a sample at 200 s"),
        ("900;2\n".into(), "a.csv:4: found 2 columns, expected 11 (timestamp, CPU cores"),
    ] {
        let text = format!("{good}{row}");
        refused(
            TraceFormat::Bitbrains,
            &[("a.csv", &text)],
            &TraceOptions::default(),
            &[part],
            Some((2, 1)),
        );
    }
}

// ---------------------------------------------------------------------------- Azure

const VMTABLE: &str = "A,s,d,0,900,90,10,50,Interactive,4,8\nB,s,d,300,600,90,10,50,Unknown,>24,>64\n";
const READINGS: &str = "0,A,1,20,10\n300,A,1,40,30\n300,B,0,100,50\n600,A,1,2,1.5\n600,C,1,2,1\n";

#[test]
fn azure_vms_and_readings() {
    let files = [
        ("vmtable.csv", VMTABLE),
        ("subscriptions.csv", "s,0,2\n"),
        ("vm_cpu_readings-file-10-of-10.csv", "900,A,1,2,2\n"),
        ("vm_cpu_readings-file-2-of-10.csv", READINGS),
    ];
    let trace = recognised(&files, TraceFormat::Azure, &TraceOptions::default());
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!(trace.vms.cores, [Some(4.0), Some(30.0), None]);
    assert_eq!(trace.vms.memory_bytes[1], Some(70.0 * 1_073_741_824.0));
    assert_eq!((trace.vms.start_s[2], trace.vms.end_s[1]), (600.0, Some(600.0)));
    assert_eq!((trace.vms.classes.get(0), trace.vms.groups.get(1)), (Some("Interactive"), Some("d")));
    assert_eq!(trace.series.step_s(), Some(300.0));
    assert_eq!(trace.series.cpu_of(0), [0.1, 0.3, 0.015, 0.02]);
    assert_eq!(trace.series.segments(1).next().unwrap().cpu_max, Some(1.0));
    assert_eq!(trace.demand_unit, DemandUnit::Share);
    assert!(trace.report.notes[0].contains(">24 cores"), "{:?}", trace.report.notes);
}

#[test]
fn azure_readings_with_a_header() {
    let text = ",TimeStamp,VMID,MinCPU,MaxCPU,AvgCPU,more\n0,0,A,1,3,2,x\n1,300,A,1,3,2.5,y\n";
    let trace = recognised(&[("one.csv", text)], TraceFormat::Azure, &TraceOptions::default());
    assert_eq!(trace.series.cpu_of(0), [0.02, 0.025]);
    let files = [("one.csv", ",TimeStamp,VMID,MinCPU\n")];
    let message = ["one.csv:1: found no column \"MaxCPU\", expected a header with TimeStamp, VMID"];
    refused(TraceFormat::Azure, &files, &TraceOptions::default(), &message, None);
}

#[test]
fn bad_rows_of_azure() {
    let options = TraceOptions::default();
    for (row, part) in [
        (
            "A,s,d,0,900,90,10,50,X,4,8\n",
            "vmtable.csv:3:1: found \"A\", expected a VM that did not occur before",
        ),
        (
            "C,s,d,10,9,90,10,50,X,4,8\n",
            "vmtable.csv:3:5: found \"9\", expected VM deleted: a number of at least 10",
        ),
        (
            "C,s,d,0,9,90,10,50,X,>9,8\n",
            "vmtable.csv:3:10: found \">9\", expected core count: a number above 0",
        ),
        ("C,s,d,0,9,101,10,50,X,4,8\n", "vmtable.csv:3:6: found \"101\""),
        ("C,s,d,0,9\n", "vmtable.csv:3: found 5 columns, expected 11"),
    ] {
        let vms = format!("{VMTABLE}{row}");
        let files = [("vmtable.csv", vms.as_str()), ("vm_cpu_readings-file-1-of-1.csv", READINGS)];
        refused(TraceFormat::Azure, &files, &options, &[part], Some((5, 1)));
    }
    for (row, part) in [
        ("600,A,1,2,3\n", "found a sample at 600 s of VM A, expected a time after 600 s"),
        ("1500,A,1,2,3\n", "found a gap of 900 s before the sample at 1500 s of VM A"),
        ("900,A,1,2,100.5\n", ":6:5: found \"100.5\", expected avg CPU: a number from 0 to 100"),
        ("900,A,1,,1\n", ":6:4: found \"\", expected max CPU"),
        ("-300,A,1,1,1\n", ":6:1: found \"-300\""),
        ("900,,1,1,1\n", ":6:2: found \"\", expected vm id"),
        ("900,A,1,2,3,4\n", ":6: found 6 columns, expected 5"),
    ] {
        let readings = format!("{READINGS}{row}");
        let files = [("vm_cpu_readings-file-1-of-1.csv", readings.as_str())];
        // A gap is counted, but its sample is not lost.
        let rows = if part.contains("gap") { 6 } else { 5 };
        refused(TraceFormat::Azure, &files, &options, &[part], Some((rows, 1)));
    }
}

// --------------------------------------------------------------------------- Google

const MACHINE_EVENTS: &str = "0,5,0,P,0.5,0.25\n600000000,6,0,P,1,1\n900000000,5,1,P,,\n";
const TASK_EVENTS: &str = "0,2,77,0,5,0,u,2,9,0.25,0.5,0,0\n700000000,,77,1,,0,u,0,4,0.125,,0,0\n\
    800000000,,77,0,5,4,u,2,9,0.25,0.5,0,0\n850000000,,77,1,5,2,u,0,4,0.125,,0,0\n\
    860000000,,77,1,,0,u,0,4,0.125,,0,0\n";
const TASK_USAGE: &str = "600000000,900000000,77,0,5,0.125,0.25,0,0,0,0,0,0,0.5,0,1,1,1,0,0.1\n\
    900000000,1200000000,77,0,5,0.0625,0.25,0,0,0,0,0,0,0.25,0,1,1,1,0,0.1\n\
    900000000,1200000000,78,3,5,0.5,0.25,0,0,0,0,0,0,0.5,0,1,1,1,0\n";

fn google() -> [(&'static str, &'static str); 3] {
    [
        ("machine_events/part-00000-of-00001.csv", MACHINE_EVENTS),
        ("task_events/part-00000-of-00500.csv", TASK_EVENTS),
        ("task_usage/part-00000-of-00500.csv", TASK_USAGE),
    ]
}

/// Shares of a machine of 32 cores and 128 GB; the trace starts at 600 s of its clock.
#[test]
fn google_tasks_and_machines() {
    let trace = recognised(&google(), TraceFormat::Google2011, &machine());
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["77_0", "77_1", "78_3"]);
    assert_eq!(trace.vms.cores, [Some(8.0), Some(4.0), None]);
    assert_eq!(trace.vms.memory_bytes, [Some(64e9), None, None]);
    assert_eq!(trace.vms.start_s, [0.0, 100.0, 300.0]);
    assert_eq!(trace.vms.end_s, [Some(200.0), None, None], "77_1 was evicted and submitted again");
    assert_eq!((trace.vms.priority[0], trace.vms.classes.get(0)), (Some(9.0), Some("2")));
    assert_eq!((trace.vms.groups.get(1), trace.demand_unit), (Some("77"), DemandUnit::Cores));
    assert_eq!(segments(&trace, 0), [(0.0, 300.0, 4.0), (300.0, 300.0, 2.0)]);
    assert_eq!(segments(&trace, 2), [(300.0, 300.0, 16.0)]);
    let first = trace.series.segments(0).next().unwrap();
    assert_eq!((first.cpu_max, first.memory_bytes), (Some(16.0), Some(32e9)));
    let machines: Vec<_> =
        trace.machines.iter().map(|event| (event.t_s, event.change, event.cores)).collect();
    let (add, remove) = (MachineChange::Add, MachineChange::Remove);
    assert_eq!(machines, [(0.0, add, Some(16.0)), (0.0, add, Some(32.0)), (300.0, remove, None)]);
}

#[test]
fn google_needs_to_know_the_machine() {
    let folder = folder(&google());
    let error = read(folder.path(), TraceFormat::Google2011, &TraceOptions::default()).unwrap_err();
    assert!(error.to_string().contains("--machine-cores"), "{error}");
    let options = TraceOptions { machine_cores: Some(32.0), ..TraceOptions::default() };
    let trace = read(folder.path(), TraceFormat::Google2011, &options).unwrap();
    assert_eq!(trace.vms.memory_bytes[0], None);
    assert!(trace.report.notes[0].contains("--machine-memory"), "{:?}", trace.report.notes);
}

#[test]
fn bad_rows_of_google() {
    let [machines, events, usage] = google();
    for (file, row, part) in [
        (
            0,
            "0,7,3,P,1,1\n",
            "part-00000-of-00001.csv:4:3: found \"3\", expected 0 (add), 1 (remove) or 2",
        ),
        (0, "-5,7,0,P,1,1\n", ":4:1: found \"-5\""),
        (1, "900000000,,77,0,5,9,u,2,9,0.25,0.5,0,0\n", ":6:6: found \"9\", expected an event from 0"),
        (
            1,
            "900000000,,x,0,5,1,u,2,9,0.25,0.5,0,0\n",
            ":6:3: found \"x\", expected job ID: a whole number",
        ),
        (
            1,
            "900000000,,77,-1,5,1,u,2,9,0.25,0.5,0,0\n",
            ":6:4: found \"-1\", expected the index of a task",
        ),
        (1, "900000000,,77,0,5,1\n", ":6: found 6 columns, expected 13"),
        (
            2,
            "1100000000,1400000000,77,0,5,0.1,0,0,0,0,0,0,0,0,0,1,1,1,0\n",
            ":4:1: found \"1100000000\", expected a start of at least 1200000000",
        ),
        (
            2,
            "1500000000,1500000000,77,0,5,0.1,0,0,0,0,0,0,0,0,0,1,1,1,0\n",
            ":4:2: found \"1500000000\", expected an end after",
        ),
        (
            2,
            "1500000000,1800000000,77,0,5,,0,0,0,0,0,0,0,0,0,1,1,1,0\n",
            ":4:6: found \"\", expected CPU rate",
        ),
        (2, "1500000000,1800000000,77\n", ":4: found 3 columns, expected 19 to 20 (start time"),
    ] {
        let mut files = [machines, events, usage].map(|(name, text)| (name, text.to_string()));
        files[file].1 += row;
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        refused(TraceFormat::Google2011, &files, &machine(), &[part], Some((3, 1)));
    }
}

// -------------------------------------------------------------------------- Alibaba

#[test]
fn alibaba_of_2017() {
    let files = [
        ("server_event.csv", "0,1,add,,64,0.69,0.5\n500,1,softerror,disk,,,\n"),
        ("container_event.csv", "0,Create,10,1,8,0.25,0.1,1|2\n900,Remove,10,1,8,0.25,0.1,1|2\n"),
        (
            "container_usage.csv",
            "0,10,50,40,1,1,1,1,,,,\n300,10,25,40,1,1,1,1,,,,\n300,11,5,5,1,1,1,1,,,,\n",
        ),
        ("batch_task.csv", "100,160,3,4,10,Terminated,50,0.125\n200,210,3,5,1,Waiting,,\n"),
        ("server_usage.csv", "nothing is taken from this"),
    ];
    let trace = recognised(&files, TraceFormat::Alibaba2017, &machine());
    assert_eq!((trace.machines.len(), trace.machines[0].cores), (2, Some(64.0)));
    assert_eq!((trace.machines[1].change, trace.machines[1].t_s), (MachineChange::Remove, 500.0));
    assert_eq!(trace.vms.ids.iter().collect::<Vec<_>>(), ["10", "11"]);
    assert_eq!(
        (trace.vms.end_s[0], trace.vms.cores[0], trace.vms.memory_bytes[0]),
        (Some(900.0), Some(8.0), Some(32e9))
    );
    assert_eq!(segments(&trace, 0), [(0.0, 300.0, 0.5), (300.0, 300.0, 0.25)]);
    assert_eq!(trace.series.segments(0).next().unwrap().memory_bytes, Some(12.8e9));
    assert_eq!(trace.jobs.ids.iter().collect::<Vec<_>>(), ["3/4", "3/5"]);
    assert_eq!((trace.jobs.run_time_s[0], trace.jobs.run_time_s[1]), (Some(60.0), None));
    assert_eq!(
        (trace.jobs.cores[0], trace.jobs.instances[0], trace.jobs.memory_bytes[0]),
        (Some(0.5), Some(10), Some(16e9))
    );
    assert_eq!((trace.jobs.groups.get(1), trace.jobs.statuses.get(1)), (Some("3"), Some("Waiting")));
}

const TASKS_2018: &str = "M1,2,j_1,1,Terminated,100,130,100,0.5\nM2,1,j_1,1,Terminated,100,120,50,0.5\n\
    R3_1_2,4,j_1,2,Terminated,130,200,200,1\ntask_abc,1,j_2,1,Running,150,0,100,0.5\n";

#[test]
fn alibaba_of_2018() {
    let files = [
        (
            "machine_meta.csv",
            "m_1,0,1,x,96,100,USING\nm_1,50,1,x,96,100,USING\nm_1,60,1,x,48,100,USING\n",
        ),
        (
            "container_meta.csv",
            "c_1,m_1,0,app_1,started,400,800,1.5\nc_1,m_1,9,app_1,started,400,800,1.5\n",
        ),
        ("container_usage.csv", "c_1,m_1,10,150,50,,,,,,\nc_1,m_1,20,30,50,,,,,,\nc_1,m_1,30,,,,,,,,\n"),
        ("batch_task.csv", TASKS_2018),
    ];
    let trace = recognised(&files, TraceFormat::Alibaba2018, &machine());
    let changes: Vec<_> =
        trace.machines.iter().map(|event| (event.t_s, event.change, event.cores)).collect();
    assert_eq!(
        changes,
        [(0.0, MachineChange::Add, Some(96.0)), (60.0, MachineChange::Update, Some(48.0))]
    );
    assert_eq!(
        (trace.vms.len(), trace.vms.cores[0], trace.vms.groups.get(0)),
        (1, Some(4.0), Some("app_1"))
    );
    assert_eq!(trace.vms.memory_bytes[0], Some(1.92e9));
    assert_eq!(segments(&trace, 0), [(10.0, 10.0, 1.5), (20.0, 300.0, 0.3)]);
    let parents: Vec<&[u32]> = (0..4).map(|job| trace.jobs.dependencies.parents(job)).collect();
    assert_eq!(parents, [&[][..], &[], &[0, 1], &[]]);
    assert_eq!((trace.jobs.run_time_s[2], trace.jobs.run_time_s[3]), (Some(70.0), None));
    assert_eq!((trace.jobs.cores[2], trace.jobs.memory_bytes[2]), (Some(2.0), Some(1.28e9)));
}

#[test]
fn bad_rows_of_alibaba() {
    for (row, part) in [
        (
            "M4,1,j_1,1,Terminated,100,90,1,1\n",
            "batch_task.csv:5:7: found \"90\", expected an end of at least 100 s",
        ),
        (
            "M2,1,j_1,1,Terminated,100,110,1,1\n",
            ":5:1: found \"M2\", expected a task that did not occur before in its job",
        ),
        (
            "M4,x,j_1,1,Terminated,100,110,1,1\n",
            ":5:2: found \"x\", expected instance_num: a whole number",
        ),
        (
            "M4,-1,j_1,1,Terminated,100,110,1,1\n",
            ":5:2: found \"-1\", expected instance_num: a whole number from 0",
        ),
        ("M4,1,,1,Terminated,100,110,1,1\n", ":5:3: found \"\", expected job_name"),
        ("M4,1,j_1,1,Terminated,100,110,1\n", ":5: found 8 columns, expected 9"),
        ("M4_4,1,j_1,1,Terminated,100,110,-1,1\n", ":5:8: found \"-1\", expected plan_cpu"),
    ] {
        let text = format!("{TASKS_2018}{row}");
        refused(
            TraceFormat::Alibaba2018,
            &[("batch_task.csv", &text)],
            &machine(),
            &[part],
            Some((4, 1)),
        );
    }
    for (row, part) in [
        (
            "0,10,100.5,40,1,1,1,1,,,,\n",
            "container_usage.csv:1:3: found \"100.5\", expected cpu percent",
        ),
        ("0,10,5,40,1,1\n", ":1: found 6 columns, expected 12"),
    ] {
        let text = format!("{row}300,10,25,40,1,1,1,1,,,,\n");
        refused(
            TraceFormat::Alibaba2017,
            &[("container_usage.csv", &text)],
            &machine(),
            &[part],
            Some((1, 1)),
        );
    }
    let events = "0,Remove,10,1,8,0.25,0.1,1\n0,Create,11,1,8,0.25,0.1,1\n";
    let files = [("container_event.csv", events), ("container_usage.csv", "0,11,5,5,1,1,1,1,,,,\n")];
    refused(
        TraceFormat::Alibaba2017,
        &files,
        &machine(),
        &["container_event.csv:1:3: found \"10\""],
        Some((1, 1)),
    );
}

/// Tasks that wait for each other, and one that waits for none that exists.
#[test]
fn cycles_and_missing_parents() {
    let text = "M1_2,1,j,1,Terminated,1,2,1,1\nM2_1,1,j,1,Terminated,1,2,1,1\nM3_2,1,j,1,Terminated,1,2,1,1\n\
        M4_9,1,j,1,Terminated,1,2,1,1\nM5_5,1,j,1,Terminated,1,2,1,1\n";
    let folder = folder(&[("batch_task.csv", text)]);
    let error = read(folder.path(), TraceFormat::Alibaba2018, &machine()).unwrap_err().to_string();
    assert!(error.contains("waits for itself, directly or over others"), "{error}");
    let skipping = TraceOptions { skip_bad_rows: true, ..machine() };
    let trace = read(folder.path(), TraceFormat::Alibaba2018, &skipping).unwrap();
    let parents: Vec<&[u32]> = (0..5).map(|job| trace.jobs.dependencies.parents(job)).collect();
    assert_eq!(parents, [&[][..], &[], &[1], &[], &[]]);
    assert_eq!((trace.report.skipped.count, trace.report.dependencies_left_out), (3, 1));
}

// ----------------------------------------------------------------------------- jobs

const SWF: &str = "; Version: 2.2\n\n  1 0 5 100 4 -1 -1 8 200 1000 1 3 1 -1 0 -1 -1 -1\n\
    2 10 -1 50.5 2 1 512 -1 -1 -1 5 -1 -1 -1 -1 -1 1 30\n";

#[test]
fn standard_workload_format() {
    let trace = recognised(&[("log.swf", SWF)], TraceFormat::Swf, &TraceOptions::default());
    let jobs = &trace.jobs;
    assert_eq!(
        (jobs.submit_s.as_slice(), jobs.wait_s[0], jobs.wait_s[1]),
        (&[0.0, 10.0][..], Some(5.0), None)
    );
    assert_eq!(
        (jobs.run_time_s[1], jobs.requested_time_s[0], jobs.requested_time_s[1]),
        (Some(50.5), Some(200.0), None)
    );
    // Requested if it is known, else used; memory for each processor.
    assert_eq!(jobs.cores, [Some(8.0), Some(2.0)]);
    assert_eq!(jobs.memory_bytes, [Some(1000.0 * 1024.0 * 8.0), Some(512.0 * 1024.0 * 2.0)]);
    assert_eq!((jobs.statuses.get(0), jobs.statuses.get(1)), (Some("completed"), Some("cancelled")));
    assert_eq!(
        (jobs.users.get(0), jobs.classes.get(0), jobs.users.get(1)),
        (Some("3"), Some("0"), None)
    );
    assert_eq!((jobs.dependencies.parents(1), jobs.think_time_s[1]), (&[0][..], Some(30.0)));
}

#[test]
fn bad_rows_of_the_standard_workload_format() {
    for (row, part) in [
        ("3 20 1 1 1\n", "log.swf:5: found 5 fields, expected 18"),
        (
            "2 20 -1 5 2 1 512 -1 -1 -1 5 -1 -1 -1 -1 -1 1 30\n",
            "log.swf:5:1: found \"2\", expected a job that did not occur before",
        ),
        (
            "3 5 -1 50 2 1 512 -1 -1 -1 5 -1 -1 -1 -1 -1 1 30\n",
            "log.swf:5:2: found \"5\", expected a submit time of at least 10",
        ),
        (
            "3 20 -1 x 2 1 512 -1 -1 -1 5 -1 -1 -1 -1 -1 1 30\n",
            ":5:4: found \"x\", expected run time: a number of at least 0, or -1",
        ),
        ("3 20 -2 5 2 1 512 -1 -1 -1 5 -1 -1 -1 -1 -1 1 30\n", ":5:3: found \"-2\""),
        (
            "-1 20 -1 5 2 1 512 -1 -1 -1 5 -1 -1 -1 -1 -1 1 30\n",
            ":5:1: found \"-1\", expected job number",
        ),
        (
            "3 20 -1 5 2 1 512 -1 -1 -1 5 -1 -1 -1 -1 NaN 1 30\n",
            ":5:16: found \"NaN\", expected partition",
        ),
    ] {
        let text = format!("{SWF}{row}");
        refused(
            TraceFormat::Swf,
            &[("log.swf", &text)],
            &TraceOptions::default(),
            &[part],
            Some((2, 1)),
        );
    }
}

#[test]
fn grid_workloads_and_cloudsimpy() {
    let text = "WorkflowID, JobID , SubmitTime, RunTime , NProcs, ReqNProcs , Dependencies\n\
        0 , 1 , 16 , 11 , 1 , 2 ,  \n0 , 2 , 40 , 11 , 1 , , 1 \n0 , 3 , 41 , 11 , 1 , 1 , 1 2\n";
    let trace = recognised(&[("a.gwf", text)], TraceFormat::Gwf, &TraceOptions::default());
    assert_eq!(trace.jobs.cores, [Some(2.0), Some(1.0), Some(1.0)]);
    assert_eq!(trace.jobs.dependencies.parents(2), [0, 1]);
    let files = [("a.gwf", format!("{text}0,4,x,1,1,1,\n"))];
    let files = [("a.gwf", files[0].1.as_str())];
    let part = ["a.gwf:5:3: found \"x\", expected SubmitTime: a number of at least 0"];
    refused(TraceFormat::Gwf, &files, &TraceOptions::default(), &part, Some((3, 1)));

    let text = ",submit_time,duration,cpu,memory,job_id,task_id,instances_num,disk\n0,539,116.5,1.0,0.25,1,2,283,0\n";
    let trace = recognised(&[("jobs_files", text)], TraceFormat::CloudSimPy, &machine());
    assert_eq!((trace.jobs.ids.get(0), trace.jobs.run_time_s[0]), (Some("1_2"), Some(116.5)));
    assert_eq!((trace.jobs.instances[0], trace.jobs.memory_bytes[0]), (Some(283), Some(32e9)));
    let bad = format!("{text}1,539,116.5,1.0,1.25,1,3,283,0\n");
    let part = ["jobs_files:3:5: found \"1.25\", expected memory: a number from 0 to 1"];
    refused(TraceFormat::CloudSimPy, &[("jobs_files", &bad)], &machine(), &part, Some((1, 1)));
}

// ---------------------------------------------------------------------- all of them

/// Windows line ends, blank lines, a byte order mark and a header that some copies have: the rows are the same, and
/// lines are counted as an editor counts them.
#[test]
fn text_as_editors_leave_it() {
    let header = "create,end,job,task,instances,status,cpu,memory";
    let text =
        format!("\u{feff}{header}\r\n\r\n100,160,3,4,10,Terminated,50,0.125\r\n\r\n\r\n1,2,3\r\n");
    let message = ["batch_task.csv:6: found 3 columns"];
    refused(TraceFormat::Alibaba2017, &[("batch_task.csv", &text)], &machine(), &message, Some((1, 1)));
    let plain = "\u{feff}100,160,3,4,10,Terminated,50,0.125\r\n";
    let folder = folder(&[("batch_task.csv", plain)]);
    assert_eq!(read(folder.path(), TraceFormat::Alibaba2017, &machine()).unwrap().jobs.len(), 1);
}

/// A file without line ends is refused before it fills the memory.
#[test]
fn endless_lines_are_refused() {
    for format in [TraceFormat::Swf, TraceFormat::Gwf] {
        let mut reader =
            open_source(format, "zeros", std::io::repeat(b'0'), &TraceOptions::default()).unwrap();
        let error =
            VmTrace::read(&mut *reader, &TraceOptions::default(), |_| true).unwrap_err().to_string();
        assert!(error.contains("zeros") && error.contains("a line is longer than"), "{error}");
    }
}

#[test]
fn whoever_watches_can_end_it() {
    let mut reader =
        open_source(TraceFormat::Swf, "log", SWF.as_bytes(), &TraceOptions::default()).unwrap();
    let mut seen = 0;
    let error = VmTrace::read(&mut *reader, &TraceOptions::default(), |progress| {
        seen = progress.jobs;
        false
    });
    assert_eq!((error.unwrap_err().to_string().as_str(), seen), ("interrupted", 2));
}

#[test]
fn streams_need_a_name_that_tells_the_table() {
    let options = machine();
    for (format, name, part) in [
        (
            TraceFormat::Alibaba2018,
            "tasks.csv",
            "tasks.csv: is the name of no table of the format alibaba2018",
        ),
        (TraceFormat::Bitbrains, "1.csv", "the format bitbrains needs a path"),
    ] {
        let error = open_source(format, name, "".as_bytes(), &options).err().unwrap().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = "planetlap".parse::<TraceFormat>().unwrap_err().to_string();
    assert!(error.contains("no format is named \"planetlap\"; did you mean \"planetlab\"?"), "{error}");
}
