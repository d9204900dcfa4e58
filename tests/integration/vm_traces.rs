//! Virtual machines and jobs that a trace drives, through scenarios.

use crate::support::{Run, assert_near, attempt, error_text, run_with};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;
use stratosim::apps::virtual_machines::{Demand, TracedRules, TracedType, TracedVms};
use stratosim::infra::VmSpec;
use stratosim::infra::compute::Resources;
use stratosim::traces::{TraceFormat, TraceOptions, VmTrace};

/// Two hosts of 4 cores of 2000 MIPS and 16 GB, 100 W idle and 200 W busy, on a wire of 1 Gbit/s, for an hour.
fn scenario(types: Value, trace: Value) -> Value {
    json!({
        "duration": "1 h",
        "nodes": [{
            "tier": "cloud", "name": "host", "count": 2, "cores": 4, "mips_per_core": "2000 MIPS",
            "memory": "16 GB", "power": { "kind": "linear", "idle": "100 W", "busy": "200 W" }
        }],
        "network": { "links": [{ "a": "host-0", "b": "host-1", "bandwidth": "1 Gbps", "latency": 0 }] },
        "workloads": [{
            "kind": "virtual_machines", "hosts": ["host"], "types": types, "trace": trace,
            "migration": { "kind": "stop_and_copy" }
        }],
        "policies": { "vm_allocation": { "kind": "first_fit" } }
    })
}

fn vm(run: &Run, column: &str) -> Vec<f64> {
    let mut rows = run.table("vms");
    rows.sort_by_key(|row| row.value("vm") as u64);
    rows.iter().map(|row| row.value(column)).collect()
}

fn own(run: &Run) -> Value {
    run.summary()["workloads"]["virtual_machines"].clone()
}

const VMS: &str = "vm,start_s,end_s,cores,core_mhz,memory_bytes\n\
    a,0,1200,2,1000,4e9\nb,300,900,,,\nc,600,,1,500,2e9\n";
const SAMPLES: &str = "vm,t_s,duration_s,cpu_share,memory_bytes\n\
    a,0,300,0.5,1e9\na,300,300,1,2e9\na,600,300,0.25,\na,900,300,0,\n\
    b,300,300,0.5,\nb,600,300,0.1,\nc,600,300,1,\nc,900,300,0.2,\n";

/// Grid of 300 s. a: 2 x 1000 MIPS for 1200 s; b: the size of its type, 1 x 2000; c: 1 x 500, to the end, its last share holding on.
#[test]
fn a_regular_trace_makes_a_grid_and_knows_sizes_and_lives() {
    let types = json!([{ "name": "traced", "mips_per_vcpu": "2000 MIPS", "memory": "3 GB",
                         "demand": { "kind": "trace" } }]);
    let files = [("trace/vms.csv", VMS), ("trace/samples.csv", SAMPLES)];
    let run = run_with(&scenario(types, json!({ "path": "trace" })), &files);
    assert_eq!(vm(&run, "requested_s"), [0.0, 300.0, 600.0]);
    assert_eq!(vm(&run, "t_s"), [1200.0, 900.0, 3600.0]);
    assert_eq!(vm(&run, "vcpus"), [2.0, 1.0, 1.0]);
    assert_eq!(vm(&run, "size_mips"), [2000.0, 2000.0, 500.0]);
    assert_eq!(vm(&run, "memory_bytes"), [4e9, 3e9, 2e9]);
    let requested = vm(&run, "requested_mi");
    // 300 s of 1000, 2000, 500 and 0 MIPS; of 1000 and 200; of 500 and then 100 for 2700 s.
    for (found, expected) in requested.into_iter().zip([1_050_000.0, 360_000.0, 420_000.0]) {
        assert_near(found, expected, 0.1);
    }
    // What was last known holds: 1 GB for 300 s and 2 GB for 900 s.
    let rows = run.table("vms");
    let of = |number: f64| rows.iter().find(|row| row.value("vm") == number).unwrap();
    assert_near(of(0.0).value("used_memory_bytes"), 1.75e9, 1.0);
    assert_eq!(of(1.0).number("used_memory_bytes"), None);
    // At 300 s: 2 GB of a, and all of b's.
    let hosts = run.table("hosts");
    let first = hosts.iter().find(|row| row.value("t_s") == 300.0).unwrap();
    assert_near(first.value("used_memory_bytes"), 2e9 + 3e9, 1.0);
    let own = own(&run);
    assert_eq!(own["trace"]["format"], "stratosim");
    assert_eq!((&own["trace"]["vms"], &own["trace"]["samples"]), (&json!(3), &json!(8)));
}

/// A trace of OpenDC: fragments of their own lengths, for as long as they last.
#[test]
fn fragments_begin_with_their_virtual_machine_which_ends_with_them() {
    let tasks = "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n\
        7,10000,900000,4,4000,8\n9,5000,60000,1,2000,1\n";
    let fragments = "id,duration,cpu_usage\n7,300000,2000\n9,60000,500\n7,600000,0\n";
    let files = [("surf/tasks.csv", tasks), ("surf/fragments.csv", fragments)];
    let types = json!([{ "demand": { "kind": "trace" } }]);
    let trace = json!({ "path": "surf", "format": "opendc", "memory_unit": "1 GB" });
    let run = run_with(&scenario(types.clone(), trace), &files);
    // By arrival: 9 at 0, 7 at 5 s.
    assert_eq!(vm(&run, "requested_s"), [0.0, 5.0]);
    assert_eq!(vm(&run, "t_s"), [60.0, 905.0]);
    assert_eq!(vm(&run, "memory_bytes"), [1e9, 8e9]);
    assert_eq!(vm(&run, "requested_mi"), [30_000.0, 600_000.0]);
    // Half of the time, and twice of the demand.
    let trace = json!({ "path": "surf", "time_scale": 0.5, "demand_scale": 2 });
    let run = run_with(&scenario(types, trace), &files);
    assert_eq!(vm(&run, "t_s"), [30.0, 452.5]);
    assert_eq!(vm(&run, "requested_mi"), [30_000.0, 600_000.0]);
    assert!(own(&run)["trace"]["notes"][0].as_str().unwrap().contains("mem_capacity"));
}

/// A diamond of four, given in another order than that in which they may run: a, then b and c, then d.
#[test]
fn virtual_machines_wait_for_those_that_must_end_before() {
    let vms = "vm,start_s,cores\nd,0,1\nb,0,1\nc,100,1\na,0,1\n";
    let samples = "vm,t_s,duration_s,cpu_share\n\
        d,0,40,1\nb,0,300,1\nc,100,20,1\na,0,60,1\n";
    let order = "parent,child,table\na,b,vms\na,c,vms\nb,d,vms\nc,d,vms\n";
    let files = [("t/vms.csv", vms), ("t/samples.csv", samples), ("t/dependencies.csv", order)];
    let types = json!([{ "demand": { "kind": "trace" } }]);
    let run = run_with(&scenario(types, json!({ "path": "t" })), &files);
    // By arrival: d, b, a, c. B from 60 s for 300 s, c from its own arrival, d for 40 s when both have ended.
    assert_eq!(vm(&run, "started_s"), [360.0, 60.0, 0.0, 100.0]);
    assert_eq!(vm(&run, "t_s"), [400.0, 360.0, 60.0, 120.0]);
}

/// Three types: of four virtual machines in a row the first one is gold, the other three are bronze.
#[test]
fn types_take_turns_by_their_counts() {
    let files: Vec<(String, String)> =
        (0..8).map(|vm| (format!("day/vm-{vm}"), format!("{}\n{}\n", 10 * vm, vm))).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let small = |name: &str, count: u32| json!({ "name": name, "count": count, "memory": "1 GB", "demand": { "kind": "trace" } });
    let types = json!([small("gold", 1), small("none", 0), small("bronze", 3)]);
    let trace = json!({ "path": "day", "format": "planetlab", "any_length": true });
    let run = run_with(&scenario(types, trace), &files);
    let mut rows = run.table("vms");
    rows.sort_by_key(|row| row.value("vm") as u64);
    let types: Vec<&str> = rows.iter().map(|row| row.text("type")).collect();
    assert_eq!(types.join(" "), "gold bronze bronze bronze gold bronze bronze bronze");
    assert_near(rows[3].value("requested_mi"), 300.0 * (300.0 + 30.0), 0.01);
}

/// A log of jobs, of which one waits for another and one did not say how long it ran.
#[test]
fn jobs_of_a_log_run_as_long_as_they_did_and_wait_for_one_another() {
    // number submit wait run procs . . requested_procs requested_time . status . . . . . preceding think
    let log = "; UnixStartTime: 0\n\
        1 10 2 60 2 -1 -1 2 120 -1 1 3 -1 -1 0 -1 -1 -1\n\
        2 20 0 100 1 -1 -1 1 -1 -1 1 3 -1 -1 0 -1 1 0\n\
        3 30 0 -1 1 -1 -1 1 -1 -1 1 3 -1 -1 0 -1 -1 -1\n";
    let types = json!([{ "vcpus": 4, "demand": { "kind": "jobs" } }]);
    let run = run_with(&scenario(types, json!({ "path": "log.swf" })), &[("log.swf", log)]);
    let rows = run.table("jobs");
    let found: Vec<(f64, f64, f64)> =
        rows.iter().map(|row| (row.value("job"), row.value("started_s"), row.value("t_s"))).collect();
    // The second one waits for the first, which takes 60 s from 10 s on.
    assert_eq!(found, [(0.0, 10.0, 70.0), (1.0, 70.0, 170.0)]);
    assert_eq!((rows[0].value("cores"), rows[0].value("length_mi")), (2.0, 120_000.0));
    let trace = &own(&run)["trace"];
    assert_eq!((&trace["jobs"], &trace["jobs_without_run_time"]), (&json!(2), &json!(1)));
    assert_eq!(trace["vms"], 0);
}

/// Batch tasks of Alibaba: two instances side by side, both of which the next task waits for.
#[test]
fn jobs_wait_for_all_instances() {
    let table = "R2_1,1,j_1,1,Terminated,30,50,100,0.5\nM1,2,j_1,1,Terminated,10,30,100,0.5\n";
    let types = json!([{ "vcpus": 4, "demand": { "kind": "jobs" } }]);
    let trace = json!({ "path": "batch_task.csv", "format": "alibaba2018" });
    let run = run_with(&scenario(types, trace), &[("batch_task.csv", table)]);
    let rows = run.table("jobs");
    let ends: Vec<f64> = rows.iter().map(|row| row.value("t_s")).collect();
    let first = ends[0];
    assert_eq!(ends, [first, first, first + 20.0]);
    assert_eq!(rows[2].value("ready_s"), first);
}

#[test]
fn only_memory_in_use_is_copied_if_that_is_wanted() {
    // 4 GB, of which 1 GB is in use: over 1 Gbit/s in 8 s instead of 32.
    let vms = "vm,start_s,memory_bytes\na,0,4e9\n";
    let samples = "vm,t_s,duration_s,cpu_share,memory_bytes\na,0,3600,0.5,1e9\n";
    let files = [("trace/vms.csv", vms), ("trace/samples.csv", samples)];
    for (memory, bytes) in [("whole", 4e9), ("in_use", 1e9)] {
        let types = json!([{ "demand": { "kind": "trace" } }]);
        let mut scenario = scenario(types, json!({ "path": "trace" }));
        let own = &mut scenario["workloads"][0];
        own["migration"]["memory"] = json!(memory);
        own["drains"] = json!([{ "hosts": "host-0", "at": "10 min", "until": "30 min" }]);
        let run = run_with(&scenario, &files);
        let moved = run.table("migrations");
        assert_eq!(moved.len(), 1);
        assert_eq!(moved[0].value("sent_bytes"), bytes, "{memory}");
        assert_near(moved[0].value("downtime_s"), bytes * 8.0 / 1e9, 1e-6);
    }
}

#[track_caller]
fn refused(types: Value, trace: Value, files: &[(&str, &str)], parts: &[&str]) {
    let (result, _) = attempt(&scenario(types, trace), files);
    let text = error_text(&result.failure());
    for part in parts {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
}

#[test]
fn what_does_not_fit_is_told_with_both_places() {
    let traced = || json!([{ "demand": { "kind": "trace" } }]);
    let files = [("trace/vms.csv", VMS), ("trace/samples.csv", SAMPLES)];
    let path = || json!({ "path": "trace" });
    refused(json!([{}]), path(), &files, &["workloads[0].trace.path", "no type is for them"]);
    let bad = SAMPLES.replace("a,300,300,1,2e9", "a,300,300,x,2e9");
    let bad = [("trace/vms.csv", VMS), ("trace/samples.csv", bad.as_str())];
    refused(traced(), path(), &bad, &["workloads[0].trace.path", "samples.csv:3:4", "found \"x\""]);
    let large = [("trace/vms.csv", "vm,start_s,cores\nhuge,0,64\n")];
    refused(traced(), path(), &large, &["\"huge\"", "64 virtual cores of 1000 MIPS"]);
    refused(
        traced(),
        json!({ "path": "trace", "from": "1 h", "until": "1 h" }),
        &files,
        &["trace.until", "ends before it begins"],
    );
    refused(
        traced(),
        json!({ "path": "trace", "from": "10 h", "until": "11 h", "first": 0 }),
        &files,
        &["nothing of the trace is left"],
    );
    refused(
        traced(),
        json!({ "path": "trace", "first": 1, "sample": "50%" }),
        &files,
        &["trace.first", "cannot both"],
    );
    refused(
        traced(),
        json!({ "path": "trace", "format": "opendcc" }),
        &files,
        &["did you mean \"opendc\"?"],
    );
    let log = "; UnixStartTime: 0\n1 10 2 60 128 -1 -1 128 120 -1 1 3 -1 -1 0 -1 -1 -1\n";
    refused(
        json!([{ "vcpus": 4, "demand": { "kind": "jobs" } }]),
        json!({ "path": "log.swf" }),
        &[("log.swf", log)],
        &["no virtual machine could run the job \"1\"", "128 cores"],
    );
}

#[test]
fn bad_rows_can_be_skipped_and_are_counted() {
    let bad = SAMPLES.replace("a,300,300,1,2e9", "a,300,300,x,2e9");
    let files = [("trace/vms.csv", VMS), ("trace/samples.csv", bad.as_str())];
    let types = json!([{ "demand": { "kind": "trace" } }]);
    let run = run_with(&scenario(types, json!({ "path": "trace", "skip_bad_rows": true })), &files);
    assert_eq!(own(&run)["trace"]["skipped_rows"], 1);
    assert_eq!(own(&run)["trace"]["samples"], 7);
}

/// What a virtual machine of a trace asks for in all, in million instructions, by the requests that were made of it.
fn work_mi(vms: &TracedVms, index: usize) -> f64 {
    let request = &vms.requests[index];
    match request.demand {
        Demand::Grid { row, .. } => {
            let grid = vms.grid.as_ref().unwrap();
            let shares = (0..grid.steps()).map(|step| f64::from(grid.share(step, row as usize)));
            shares.sum::<f64>() * request.spec.size_mips() * grid.step().as_secs()
        }
        Demand::Fragments { first, count } => vms.fragments[first as usize..(first + count) as usize]
            .iter()
            .map(|fragment| f64::from(fragment.demand_mips) * fragment.duration.as_secs())
            .sum(),
        _ => 0.0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever samples, gaps and parts of cores a trace has, on a grid or in fragments: all its work is asked for, and
    /// fragments end when the last sample does.
    #[test]
    fn all_work_of_a_trace_is_asked_for(
        vms in prop::collection::vec(
            (0.25..8.0f64, prop::collection::vec((0u32..3, 1u32..4, 0.0..1.0f64), 1..20)), 1..5),
        is_regular in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut table = String::from("vm,start_s,cores,core_mhz\n");
        let mut samples = String::from("vm,t_s,duration_s,cpu_share\n");
        let mut expected = Vec::new();
        for (vm, (cores, series)) in vms.iter().enumerate() {
            writeln!(table, "vm-{vm},0,{cores},1000").unwrap();
            let (mut time_s, mut work_mi) = (0.0, 0.0);
            for &(gap, length, share) in series {
                let duration_s = if is_regular { 300.0 } else { 100.0 * f64::from(length) };
                time_s += 300.0 * f64::from(gap);
                writeln!(samples, "vm-{vm},{time_s},{duration_s},{share}").unwrap();
                time_s += duration_s;
                work_mi += share * cores * 1000.0 * duration_s;
            }
            expected.push((time_s, work_mi));
        }
        std::fs::write(folder.path().join("vms.csv"), table).unwrap();
        std::fs::write(folder.path().join("samples.csv"), samples).unwrap();
        let options = TraceOptions::default();
        let trace = VmTrace::open(folder.path(), Some(TraceFormat::Stratosim), &options).unwrap();
        let resources = Resources::default();
        let spec = VmSpec::new(1, 1.0, resources);
        let kind = TracedType { spec, weight: 1 };
        let made = TracedVms::new(&trace, &[kind], TracedRules::default()).unwrap();
        for (index, (end_s, work)) in expected.into_iter().enumerate() {
            let found = work_mi(&made, index);
            prop_assert!((found - work).abs() <= 1e-5 * work.max(1.0), "{found} of {work}");
            if let Demand::Fragments { first, count } = made.requests[index].demand {
                let own = &made.fragments[first as usize..(first + count) as usize];
                let length_s: f64 = own.iter().map(|fragment| fragment.duration.as_secs()).sum();
                prop_assert!((length_s - end_s).abs() < 1e-6, "{length_s} of {end_s}");
            }
        }
    }
}
