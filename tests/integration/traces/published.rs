//! The published files: their rows are those that the notes beside them count. They are looked for in the folder
//! `STRATOSIM_DATA`, or `../shared/data`; without it these tests say that they are skipped, and pass.

use crate::real_data::data;
use stratosim::traces::{Gaps, TraceFormat, TraceOptions, VmTrace};

/// Reads a file whose format must be recognised.
#[track_caller]
fn read(folder: &str, name: &str, format: TraceFormat, options: &TraceOptions) -> Option<VmTrace> {
    let path = data(folder)?.join(name);
    assert_eq!(stratosim::traces::detect(&path).unwrap(), format);
    let trace = VmTrace::open(&path, None, options).unwrap();
    assert_eq!(trace.report.samples_read as usize, trace.series.len());
    Some(trace)
}

/// Mean in percent, quartiles in percent and share of zeros of all samples, by the notes of the data.
#[test]
fn days_of_planetlab() {
    for (day, vms, mean, quartiles, zeros) in [
        ("20110303", 1052, 12.31, [2, 6, 15], 0.1499),
        ("20110322", 1516, 9.26, [2, 5, 12], 0.1886),
        ("20110409", 1358, 11.12, [2, 5, 15], 0.1703),
    ] {
        let name = format!("{day}.tar.gz");
        let options = TraceOptions::default();
        let Some(trace) = read("planetlab", &name, TraceFormat::PlanetLab, &options) else { return };
        assert_eq!((trace.vms.len(), trace.series.len()), (vms, 288 * vms));
        assert_eq!(trace.series.step_s(), Some(300.0));
        assert!(trace.vms.ids.iter().is_sorted());
        let mut percent: Vec<u32> = (0..vms)
            .flat_map(|vm| trace.series.cpu_of(vm))
            .map(|share| (share * 100.0).round() as u32)
            .collect();
        percent.sort_unstable();
        let count = percent.len();
        let found = f64::from(percent.iter().sum::<u32>()) / count as f64;
        assert!((found - mean).abs() < 0.005, "{day}: {found}");
        assert_eq!([count / 4, count / 2, 3 * count / 4].map(|rank| percent[rank]), quartiles, "{day}");
        let found = percent.iter().filter(|percent| **percent == 0).count() as f64 / count as f64;
        assert!((found - zeros).abs() < 0.00005, "{day}: {found}");
    }
}

#[test]
fn google_data_summed_by_job() {
    let options = TraceOptions::default();
    let name = "google2011_GCD_1600vms_24h_5min.tar.gz";
    let Some(trace) = read("vm-trace", name, TraceFormat::CpuMemory, &options) else { return };
    assert_eq!((trace.vms.len(), trace.series.len()), (1600, 1600 * 288));
    assert!(trace.report.notes[0].starts_with("memory is left out"), "{:?}", trace.report.notes);
}

#[test]
fn example_of_extcloudsim() {
    let options = TraceOptions { machine_cores: Some(32.0), ..TraceOptions::default() };
    let name = "extcloudsim_google2011_1000vms_5min.tar.gz";
    let Some(trace) = read("vm-trace", name, TraceFormat::ExtCloudSim, &options) else { return };
    assert_eq!((trace.vms.len(), trace.series.len()), (1000, 870_000));
    assert_eq!((trace.vms.cores[0], trace.vms.priority[0]), (Some(0.1875 * 32.0), Some(9.0)));
    assert_eq!(trace.series.cpu_of(0)[0], 0.17024);
}

#[test]
fn fifty_vms_of_bitbrains_in_the_form_of_opendc() {
    let options = TraceOptions::default();
    let name = "bitbrains_50vms_tasks.csv";
    let Some(trace) = read("vm-trace", name, TraceFormat::OpenDc, &options) else { return };
    assert_eq!((trace.vms.len(), trace.series.len()), (50, 276_979));
}

#[test]
fn readings_and_vms_of_azure() {
    let default = TraceOptions::default();
    let name = "azure_v1_vm_cpu_readings_sample100.csv.gz";
    let Some(readings) = read("vm-trace", name, TraceFormat::Azure, &default) else { return };
    assert_eq!(readings.series.len(), 100);
    let name = "azure_v1_vmtable_sample10.csv.gz";
    let Some(vms) = read("vm-trace", name, TraceFormat::Azure, &default) else { return };
    assert_eq!((vms.vms.len(), vms.series.len()), (10, 0));
    assert_eq!((vms.vms.cores[0], vms.vms.end_s[1]), (Some(1.0), Some(1_539_300.0)));
    assert_eq!(vms.vms.memory_bytes[3], Some(56.0 * 1024.0 * 1024.0 * 1024.0));
    assert_eq!(vms.vms.classes.texts(), ["Delay-insensitive", "Interactive", "Unkown"]);
}

#[test]
fn one_vm_of_azure_of_2019() {
    let name = "azure_v2_peaklife_demo_1vm_350.csv.gz";
    let options = TraceOptions::default();
    let Some(trace) = read("vm-trace", name, TraceFormat::Azure, &options) else { return };
    assert_eq!((trace.vms.len(), trace.series.len(), trace.series.step_s()), (1, 350, Some(300.0)));
    let first = trace.series.segments(0).next().unwrap();
    assert_eq!((first.cpu, first.cpu_max), (0.038_238_852, Some(0.059_884_243)));
}

/// A month with 13 gaps, 1 of 1200 s, 1 of 1500 s, 3 of 900 s and 8 of 600 s.
#[test]
fn a_vm_of_bitbrains() {
    let name = "bitbrains_faststorage_raw_1vm_month.csv.gz";
    let Some(path) = data("vm-trace").map(|folder| folder.join(name)) else { return };
    let error = VmTrace::open(&path, None, &TraceOptions::default()).unwrap_err().to_string();
    assert!(error.contains("month.csv.gz:") && error.contains("found a gap of "), "{error}");
    let skipping = TraceOptions { skip_bad_rows: true, ..TraceOptions::default() };
    let Some(trace) = read("vm-trace", name, TraceFormat::Bitbrains, &skipping) else { return };
    assert_eq!((trace.series.len(), trace.report.skipped.count), (8619, 13));
    assert_eq!((trace.vms.cores[0], trace.vms.memory_bytes[0]), (Some(1.0), Some(2_097_152.0 * 1024.0)));
    let segments: Vec<_> = trace.series.segments(0).collect();
    let gaps_s: Vec<f64> = segments
        .windows(2)
        .map(|pair| pair[1].start_s - pair[0].end_s())
        .filter(|gap_s| *gap_s > 1.0)
        .collect();
    assert_eq!(
        (gaps_s.len(), gaps_s.iter().sum::<f64>()),
        (13, 8.0 * 300.0 + 3.0 * 600.0 + 900.0 + 1200.0)
    );
    let holding = TraceOptions { gaps: Gaps::Hold, ..TraceOptions::default() };
    let Some(held) = read("vm-trace", name, TraceFormat::Bitbrains, &holding) else { return };
    assert_eq!(held.report.skipped.count, 0);
    let end_s = held.series.segments(0).last().unwrap().end_s();
    let total_s: f64 = held.series.segments(0).map(|segment| segment.duration_s).sum();
    assert!((total_s - end_s).abs() < 1e-3 && end_s > 29.9 * 86_400.0, "{total_s} of {end_s}");
}

#[test]
fn logs_of_batch_jobs() {
    let options = TraceOptions::default();
    for (name, jobs) in [
        ("swf_NASA-iPSC-1993-3.1-cln.swf.gz", 18_239),
        ("swf_LCG-2005.swf.gz", 188_041),
        ("swf_tiny.swf", 5),
    ] {
        let Some(trace) = read("vm-trace", name, TraceFormat::Swf, &options) else { return };
        assert_eq!((trace.jobs.len(), trace.vms.len()), (jobs, 0), "{name}");
        assert!(trace.jobs.submit_s.is_sorted());
    }
    let Some(trace) = read("vm-trace", "swf_tiny.swf", TraceFormat::Swf, &options) else { return };
    assert_eq!((trace.jobs.run_time_s[1], trace.jobs.cores[1]), (Some(75.0), Some(17.0)));
    assert_eq!(
        (trace.jobs.requested_time_s[1], trace.jobs.statuses.get(2)),
        (Some(300.0), Some("failed"))
    );
    let Some(trace) = read("vm-trace", "gwf_tiny.gwf", TraceFormat::Gwf, &options) else { return };
    assert_eq!(trace.jobs.len(), 70);
    assert_eq!(trace.jobs.dependencies.parents(6), [3, 4, 5]);
}

/// One row ends before it starts.
#[test]
fn batch_tasks_of_alibaba() {
    let name = "alibaba2017_batch_task.csv.gz";
    let skipping = TraceOptions { skip_bad_rows: true, ..TraceOptions::default() };
    let Some(trace) = read("vm-trace", name, TraceFormat::Alibaba2017, &skipping) else { return };
    assert_eq!(trace.jobs.len() as u64 + trace.report.skipped.count, 80_553);
    let message = "task.csv.gz:54988:2: found \"53175\", expected an end of at least 53176 s, the start";
    assert!(trace.report.skipped.messages[0].ends_with(message), "{:?}", trace.report.skipped);
    assert_eq!((trace.jobs.cores[0], trace.jobs.instances[0]), (Some(0.5), Some(15_740)));
    let name = "alibaba_cloudsimpy_jobs.csv.gz";
    let options = TraceOptions::default();
    let Some(trace) = read("vm-trace", name, TraceFormat::CloudSimPy, &options) else { return };
    assert_eq!(trace.jobs.len(), 31_756);
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;

    #[test]
    fn bitbrains_in_parquet_is_that_in_csv() {
        let options = TraceOptions::default();
        let Some(parquet) = read("workload", "opendc-bitbrains-small", TraceFormat::OpenDc, &options)
        else {
            return;
        };
        let Some(csv) = read("vm-trace", "bitbrains_50vms_tasks.csv", TraceFormat::OpenDc, &options)
        else {
            return;
        };
        assert_eq!((parquet.vms.len(), parquet.series.len()), (50, 276_979));
        assert_eq!(parquet.vms, csv.vms);
        for vm in 0..50 {
            let capacity_mhz = parquet.vms.core_mhz[vm].unwrap() * parquet.vms.cores[vm].unwrap();
            for (a, b) in parquet.series.segments(vm).zip(csv.series.segments(vm)) {
                assert_eq!((a.start_s, a.duration_s), (b.start_s, b.duration_s));
                // The CSV has hundredths of MHz, and single precision seven digits.
                let difference_mhz = f64::from(a.cpu - b.cpu) * capacity_mhz;
                assert!(difference_mhz.abs() <= 0.005 + 1e-7 * capacity_mhz, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_week_and_a_month_of_surf() {
        let options = TraceOptions::default();
        let Some(week) = read("workload", "opendc-surf-week", TraceFormat::OpenDc, &options) else {
            return;
        };
        assert_eq!((week.vms.len(), week.series.len()), (6295, 2_323_475));
        assert!(week.vms.cores.iter().all(|cores| *cores == Some(16.0)));
        let Some(month) = read("workload", "opendc-surf-month", TraceFormat::OpenDc, &options) else {
            return;
        };
        assert_eq!((month.vms.len(), month.series.len()), (68_648, 0));
    }

    #[test]
    fn a_workflow_is_a_diamond() {
        let options = TraceOptions::default();
        let name = "opendc-workflow-example";
        let Some(trace) = read("workload", name, TraceFormat::OpenDc, &options) else { return };
        assert_eq!(trace.vms.len(), 4);
        let parents: Vec<usize> = (0..4).map(|vm| trace.vms.dependencies.parents(vm).len()).collect();
        let mut sorted = parents.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 1, 2], "{parents:?}");
    }
}
