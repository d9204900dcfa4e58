//! The speed of the readers of traces, from text to a trace in memory: rows a second for each format, on
//! generated input and, if they are at hand, on published files.
//!
//! Run with `cargo bench --no-default-features --bench traces`, and without `--no-default-features` for
//! Parquet; figures are in `results/traces.md`. Published files are looked for in the folder
//! `STRATOSIM_DATA`, or `../shared/data`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use stratosim::traces::{Gaps, TraceFormat, TraceOptions, VmTrace};

const SITTINGS: usize = 5;

/// Seconds that this thread has computed, so that other programs do not count; by the clock where the system does
/// not tell.
fn cpu_s(started: Instant) -> f64 {
    let schedule = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let on_cpu_ns = schedule.split_ascii_whitespace().next().and_then(|text| text.parse::<f64>().ok());
    on_cpu_ns.map_or_else(|| started.elapsed().as_secs_f64(), |ns| ns / 1e9)
}

fn main() {
    println!("| input | rows | MB | CPU s, least of {SITTINGS} | M rows/s |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    generated();
    published();
}

/// A line for what is at `path`.
fn measure(name: &str, path: &Path, format: TraceFormat) {
    let options = TraceOptions {
        skip_bad_rows: true,
        gaps: Gaps::Leave,
        machine_cores: Some(64.0),
        machine_memory_bytes: Some(256e9),
        memory_unit_bytes: Some(1e6),
        ..TraceOptions::default()
    };
    let mut least_s = f64::INFINITY;
    let mut rows = 0;
    let started = Instant::now();
    for _ in 0..SITTINGS {
        let before_s = cpu_s(started);
        let trace = match VmTrace::open(path, Some(format), &options) {
            Ok(trace) => trace,
            Err(error) => return println!("| {name} | {error} | | | |"),
        };
        least_s = least_s.min(cpu_s(started) - before_s);
        let report = &trace.report;
        rows = report.samples_read + report.jobs_read + report.vms_read;
    }
    let megabytes = size(path) as f64 / 1e6;
    println!("| {name} | {rows} | {megabytes:.1} | {least_s:.3} | {:.1} |", rows as f64 / least_s / 1e6);
}

/// Bytes of a file, or of all files in a folder.
fn size(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| size(&entry.path())).sum(),
        Err(_) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}

/// A number that looks drawn, without drawing.
fn mixed(index: usize) -> usize {
    index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33
}

fn lines(count: usize, line: impl Fn(&mut String, usize)) -> String {
    let mut text = String::new();
    for index in 0..count {
        line(&mut text, index);
        text.push('\n');
    }
    text
}

/// Writes a line; that to a string cannot fail.
macro_rules! put {
    ($text:expr, $($arguments:tt)*) => {{
        let _ = write!($text, $($arguments)*);
    }};
}

fn generated() {
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => return println!("| generated | {error} | | | |"),
    };
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        let _ = path.parent().map(fs::create_dir_all);
        if let Err(error) = fs::write(&path, text) {
            println!("| {} | {error} | | | |", path.display());
        }
        path
    };
    for vm in 0..2000 {
        let text = lines(288, |text, line| put!(text, "{}", mixed(vm * 288 + line) % 101));
        file(&format!("planetlab/vm-{vm:05}"), text);
    }
    measure("planetlab, 2000 files", &folder.path().join("planetlab"), TraceFormat::PlanetLab);

    let (vms, steps) = (2000, 250);
    let id = |vm: usize| format!("{vm:064}");
    let text = lines(vms, |text, vm| put!(text, "{},s,d,0,2591700,99,3,10,Interactive,4,8", id(vm)));
    file("azure/vmtable.csv", text);
    let text = lines(vms * steps, |text, row| {
        let (step, vm) = (row / vms, row % vms);
        let percent = (mixed(row) % 10_000) as f64 / 100.0;
        put!(text, "{},{},0.5,{percent},{percent}", 300 * step, id(vm));
    });
    file("azure/vm_cpu_readings-file-1-of-1.csv", text);
    measure("azure, interleaved", &folder.path().join("azure"), TraceFormat::Azure);

    let text = lines(vms * steps, |text, row| {
        let (step, vm) = (row / vms, row % vms);
        let start = 600_000_000 + 300_000_000 * step;
        let share = (mixed(row) % 10_000) as f64 / 1e5;
        put!(
            text,
            "{start},{},{vm},0,5,{share},0.01,0.01,0,0,0.01,0,0,{share},0,1.5,0.1,1,0,0.1",
            start + 300_000_000
        );
    });
    let path = file("google/task_usage/part-00000-of-00500.csv", text);
    measure("google2011, task usage", &path, TraceFormat::Google2011);

    let text = lines(vms * steps, |text, row| {
        let task = if row % 3 == 0 { "M1".to_string() } else { format!("R{}_{}", row % 3 + 1, row % 3) };
        put!(
            text,
            "{task},{},j_{},1,Terminated,{},{},100,0.59",
            mixed(row) % 100,
            row / 3,
            row / 10,
            row / 10 + 60
        );
    });
    let path = file("alibaba/batch_task.csv", text);
    measure("alibaba2018, batch tasks", &path, TraceFormat::Alibaba2018);

    let text = lines(vms * steps, |text, row| {
        put!(
            text,
            "{} {row} 5 {} {} -1 -1 16 3600 -1 1 3 1 -1 0 -1 -1 -1",
            row + 1,
            mixed(row) % 9999,
            mixed(row) % 512 + 1
        );
    });
    let path = file("log.swf", text);
    measure("swf", &path, TraceFormat::Swf);

    for vm in 0..50 {
        let text = lines(8640, |text, row| {
            let percent = (mixed(vm * 8640 + row) % 10_000) as f64 / 100.0;
            put!(
                text,
                "{};\t2;\t5199.99;\t1250.5;\t{percent};\t2097152.0;\t110448.53;\t0.0;\t1.46;\t0.0;\t12.5",
                1_376_314_846 + 300 * row
            );
        });
        file(&format!("bitbrains/{vm}.csv"), text);
    }
    measure("bitbrains, 50 files", &folder.path().join("bitbrains"), TraceFormat::Bitbrains);

    let text = lines(vms, |text, vm| put!(text, "{vm},{},75000000,16,33600,100000", 1000 * vm));
    file(
        "opendc/tasks.csv",
        format!("id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n{text}"),
    );
    let text = lines(vms * steps, |text, row| {
        put!(text, "{},300000,{}.{:02}", row / steps, mixed(row) % 33_600, row % 100);
    });
    file("opendc/fragments.csv", format!("id,duration,cpu_usage\n{text}"));
    let opendc = folder.path().join("opendc");
    measure("opendc, CSV", &opendc, TraceFormat::OpenDc);

    let own = folder.path().join("own");
    let written = VmTrace::open(&opendc, None, &TraceOptions::default()).and_then(|trace| {
        let _ = fs::create_dir(&own);
        trace.write(&own, || true)
    });
    match written {
        Ok(()) => measure("stratosim", &own, TraceFormat::Stratosim),
        Err(error) => println!("| stratosim | {error} | | | |"),
    }
}

fn published() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("STRATOSIM_DATA").map_or(beside, PathBuf::from);
    for (name, format) in [
        ("planetlab/20110322.tar.gz", TraceFormat::PlanetLab),
        ("vm-trace/swf_LCG-2005.swf.gz", TraceFormat::Swf),
        ("vm-trace/alibaba2017_batch_task.csv.gz", TraceFormat::Alibaba2017),
        ("vm-trace/bitbrains_50vms_tasks.csv", TraceFormat::OpenDc),
        ("workload/opendc-bitbrains-small", TraceFormat::OpenDc),
        ("workload/opendc-surf-week", TraceFormat::OpenDc),
    ] {
        let path = data.join(name);
        if path.exists() && (cfg!(feature = "parquet") || !name.contains("opendc-")) {
            measure(name, &path, format);
        }
    }
}
