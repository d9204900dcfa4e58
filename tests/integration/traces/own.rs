//! Our own tables: what is written is read back to the last digit.

use super::{folder, read, refused};
use proptest::prelude::*;
use std::fs;
use stratosim::traces::{
    Batch, MachineChange, MachineEvent, Sample, SkippedRows, TraceError, TraceJob, TraceVm, VmEnd,
};
use stratosim::traces::{DemandUnit, TraceFormat, TraceOptions, TraceReader, VmTrace, detect};

/// Gives one batch.
struct Rows {
    unit: DemandUnit,
    batch: Option<Batch>,
    skipped: SkippedRows,
}

impl TraceReader for Rows {
    fn demand_unit(&self) -> DemandUnit {
        self.unit
    }

    fn read_batch(&mut self, batch: &mut Batch) -> Result<bool, TraceError> {
        let next = self.batch.take();
        *batch = next.unwrap_or_default();
        Ok(!batch.is_empty())
    }

    fn skipped(&self) -> &SkippedRows {
        &self.skipped
    }
}

fn load(unit: DemandUnit, batch: Batch) -> Result<VmTrace, TraceError> {
    let mut rows = Rows { unit, batch: Some(batch), skipped: SkippedRows::default() };
    VmTrace::read(&mut rows, &TraceOptions::default(), |_| true)
}

/// Writes a trace, reads it back, and checks that all is the same.
fn round_trip(trace: &VmTrace) {
    let folder = tempfile::tempdir().unwrap();
    trace.write(folder.path(), || true).unwrap();
    assert_eq!(detect(folder.path()).unwrap(), TraceFormat::Stratosim);
    let again = read(folder.path(), TraceFormat::Stratosim, &TraceOptions::default()).unwrap();
    assert_eq!(again.demand_unit, trace.demand_unit);
    assert_eq!(again.vms, trace.vms);
    assert_eq!(again.jobs, trace.jobs);
    assert_eq!(again.machines, trace.machines);
    assert_eq!(again.series.step_s(), trace.series.step_s());
    for vm in 0..trace.vms.len() {
        let (before, after) = (trace.series.segments(vm), again.series.segments(vm));
        assert!(before.eq(after), "VM {vm}");
    }
    // Once more, as bytes.
    let twice = tempfile::tempdir().unwrap();
    again.write(twice.path(), || true).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let name = entry.unwrap().file_name();
        let [a, b] = [&folder, &twice].map(|folder| fs::read(folder.path().join(&name)).unwrap());
        assert!(a == b, "{name:?}");
    }
}

/// Any text that is not empty, quotes, commas and line ends among it.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,4}", "[a\",;\r\n é]{1,5}"]
}

fn size() -> impl Strategy<Value = Option<f64>> {
    prop::option::of(prop_oneof![0.0..1e3_f64, 0.0..1e12_f64, Just(0.0), Just(0.1)])
}

fn small() -> impl Strategy<Value = Option<f32>> {
    prop::option::of(prop_oneof![0.0..1.0_f32, 0.0..1e12_f32, Just(1e-30_f32)])
}

prop_compose! {
    fn vm()(
        start_s in 0.0..1e6_f64, length_s in size(), cores in size(), core_mhz in size(), memory_bytes in size(),
        class in prop::option::of(name()), group in prop::option::of(name()), priority in prop::option::of(-9.0..9.0),
        ends in any::<bool>(),
    ) -> TraceVm {
        let end_s = (ends).then_some(start_s + 1.5);
        TraceVm { id: String::new(), group, start_s, end_s, cores, core_mhz, memory_bytes, class, priority, length_s, parents: vec![] }
    }
}

prop_compose! {
    fn job()(
        times in (0.0..1e9_f64, size(), size(), size(), size()), instances in prop::option::of(any::<u32>()),
        cores in size(), memory_bytes in size(),
        labels in (prop::option::of(name()), prop::option::of(name()), prop::option::of(name()), prop::option::of(name())),
    ) -> TraceJob {
        let (submit_s, wait_s, run_time_s, requested_time_s, think_time_s) = times;
        let (group, class, user, status) = labels;
        TraceJob {
            id: String::new(), alias: None, group, submit_s, wait_s, run_time_s, requested_time_s, instances, cores,
            memory_bytes, class, user, status, think_time_s, parents: vec![],
        }
    }
}

prop_compose! {
    /// VMs of different names, samples of any order among VMs, jobs that wait for earlier ones.
    fn trace()(
        vms in prop::collection::vec(vm(), 0..5),
        jobs in prop::collection::vec(job(), 0..5),
        names in prop::collection::btree_set(name(), 10),
        samples in prop::collection::vec(
            (0..5_usize, prop_oneof![Just(0.0), 0.0..1e3_f64], prop_oneof![Just(300.0), 0.001..1e5_f64], small(), small(), small()),
            0..40,
        ),
        regular in any::<bool>(), in_cores in any::<bool>(), parents in prop::collection::vec((0..5_usize, 0..5_usize), 0..6),
        machines in prop::collection::vec((name(), 0.0..1e6_f64, size(), size(), 0..3_usize), 0..3),
    ) -> (DemandUnit, Batch) {
        let names: Vec<String> = names.into_iter().collect();
        let mut batch = Batch { vms, jobs, ..Batch::default() };
        for (vm, name) in batch.vms.iter_mut().zip(&names) {
            vm.id.clone_from(name);
        }
        for (job, name) in batch.jobs.iter_mut().zip(names.iter().rev()) {
            job.id.clone_from(name);
        }
        for (child, parent) in parents {
            let (child, parent) = (child.max(parent), child.min(parent));
            if child != parent && child < batch.jobs.len() {
                let parent = batch.jobs[parent].id.clone();
                batch.jobs[child].parents.push(parent);
            }
            if child != parent && child < batch.vms.len() {
                let parent = batch.vms[parent].id.clone();
                batch.vms[child].parents.push(parent);
            }
        }
        let mut ends_s = vec![0.0; batch.vms.len()];
        for (vm, gap_s, duration_s, cpu, other, more) in samples {
            let Some(end_s) = ends_s.get_mut(vm) else { continue };
            let (t_s, duration_s) = (*end_s + gap_s, if regular { 0.1 } else { duration_s });
            *end_s = t_s + duration_s;
            batch.samples.push(Sample {
                cpu_max: other, sent_bytes_per_s: more,
                ..Sample::of_cpu(vm as u32, t_s, duration_s, cpu.unwrap_or(0.5))
            });
        }
        for (id, t_s, cores, memory_bytes, change) in machines {
            let change = MachineChange::ALL[change];
            batch.machines.push(MachineEvent { id, t_s, change, cores, memory_bytes });
        }
        (if in_cores && !batch.vms.is_empty() { DemandUnit::Cores } else { DemandUnit::Share }, batch)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_is_written_is_read_back((unit, batch) in trace()) {
        round_trip(&load(unit, batch).unwrap());
    }

    /// Packing changes nothing, in whatever order samples of different VMs come.
    #[test]
    fn packing_keeps_every_sample((unit, batch) in trace()) {
        let trace = load(unit, batch.clone()).unwrap();
        prop_assert_eq!(trace.series.len(), batch.samples.len());
        for vm in 0..batch.vms.len() {
            let given: Vec<&Sample> = batch.samples.iter().filter(|sample| sample.vm as usize == vm).collect();
            let packed: Vec<_> = trace.series.segments(vm).collect();
            prop_assert_eq!(packed.len(), given.len());
            for (packed, given) in packed.iter().zip(given) {
                prop_assert!((packed.start_s - given.t_s).abs() < 2e-4, "{packed:?} {given:?}");
                prop_assert_eq!(packed.duration_s, given.duration_s);
                prop_assert_eq!((packed.cpu, packed.cpu_max), (given.cpu, given.cpu_max));
                prop_assert_eq!(packed.sent_bytes_per_s, given.sent_bytes_per_s);
                prop_assert_eq!(trace.series.cpu_at(vm, packed.start_s), Some(given.cpu));
                let middle_s = packed.start_s + packed.duration_s / 2.0;
                prop_assert_eq!(trace.series.cpu_at(vm, middle_s), Some(given.cpu));
            }
        }
    }
}

#[test]
fn ends_may_come_late_and_be_taken_back() {
    let vm = |id: &str| TraceVm { id: id.into(), ..TraceVm::default() };
    let end = |vm, end_s| VmEnd { vm, end_s };
    let batch = Batch {
        vms: vec![vm("a"), vm("b")],
        ends: vec![end(0, Some(5.0)), end(1, Some(6.0)), end(0, Some(7.0)), end(1, None)],
        ..Batch::default()
    };
    assert_eq!(load(DemandUnit::Share, batch).unwrap().vms.end_s, [Some(7.0), None]);
}

/// A reader of someone else that breaks the rules is told so.
#[test]
fn samples_that_overlap_are_refused() {
    for (t_s, duration_s) in [(299.0, 300.0), (f64::NAN, 300.0), (300.0, 0.0), (300.0, f64::INFINITY)] {
        let samples = vec![Sample::of_cpu(0, 0.0, 300.0, 0.1), Sample::of_cpu(0, t_s, duration_s, 0.1)];
        let vms = vec![TraceVm { id: "a".into(), ..TraceVm::default() }];
        let error = load(DemandUnit::Share, Batch { vms, samples, ..Batch::default() }).unwrap_err();
        assert!(error.to_string().contains("expected at least 300 s"), "{error}");
    }
}

const VMS: &str = "vm,start_s,end_s,cores\na,0,600,2\nb,10,,\n";
const SAMPLES: &str = "vm,t_s,duration_s,cpu_cores\na,0,300,1.5\na,300,300,0.5\nb,10,5,1\n";

#[test]
fn tables_written_by_hand() {
    let files = [
        ("vms.csv", VMS),
        ("samples.csv", SAMPLES),
        ("notes.txt", "anything"),
        ("jobs.csv", "job,submit_s\nj,1\n"),
    ];
    let folder = folder(&files);
    let trace = VmTrace::open(folder.path(), None, &TraceOptions::default()).unwrap();
    assert_eq!((trace.vms.len(), trace.jobs.len(), trace.demand_unit), (2, 1, DemandUnit::Cores));
    assert_eq!((trace.series.cpu_of(0), trace.vms.cores[0]), (&[1.5, 0.5][..], Some(2.0)));
    round_trip(&trace);
}

#[test]
fn bad_rows_of_our_own() {
    let options = TraceOptions::default();
    for (row, part) in [
        (
            "a,599,1,1\n",
            "samples.csv:5:2: found \"599\", expected at least 600 s, the end of the VM's sample before",
        ),
        ("c,0,1,1\n", "samples.csv:5:1: found \"c\", expected a VM of vms.csv"),
        ("a,600,0,1\n", "samples.csv:5:3: found \"0\", expected duration_s: a number above 0"),
        ("a,600,1,-1\n", "samples.csv:5:4: found \"-1\", expected cpu_cores: a number of at least 0"),
        ("a,600,1,1e31\n", "samples.csv:5:4: found \"1e31\", expected a number of at most 1e30"),
        ("a,600,1\n", "samples.csv:5: found 3 columns, expected 4"),
    ] {
        let samples = format!("{SAMPLES}{row}");
        let files = [("vms.csv", VMS), ("samples.csv", samples.as_str())];
        refused(TraceFormat::Stratosim, &files, &options, &[part], Some((3, 1)));
    }
    for (row, part) in [
        ("a,0,1,1\n", "vms.csv:4:1: found \"a\", expected a VM that did not occur before"),
        ("c,5,4,1\n", "vms.csv:4:3: found \"4\", expected an end of at least 5 s"),
        (",5,,1\n", "vms.csv:4:1: found \"\", expected vm"),
    ] {
        let vms = format!("{VMS}{row}");
        let files = [("vms.csv", vms.as_str()), ("samples.csv", SAMPLES)];
        refused(TraceFormat::Stratosim, &files, &options, &[part], Some((3, 1)));
    }
    for (files, part) in [
        (
            [("vms.csv", "vm,start\n"), ("x", "")],
            "vms.csv:1: found column \"start\"; did you mean \"start_s\"?",
        ),
        (
            [("vms.csv", "vm\n"), ("x", "")],
            "vms.csv:1: found no column \"start_s\", expected a header with vm, start_s[,",
        ),
        ([("vms.csv", VMS), ("samples.csv", "vm,t_s,duration_s\n")], "either cpu_share or cpu_cores"),
        (
            [("vms.csv", VMS), ("sample.csv", "")],
            "sample.csv: is no table of a trace; did you mean \"samples.csv\"?",
        ),
        ([("samples.csv", SAMPLES), ("x", "")], "has neither vms.csv nor jobs.csv"),
    ] {
        refused(TraceFormat::Stratosim, &files, &options, &[part], None);
    }
}
