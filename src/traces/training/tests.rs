use super::*;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

fn read_with(
    format: TrainingFormat,
    text: &str,
    options: &TrainingTraceOptions,
) -> Result<TrainingTrace, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jobs.csv");
    fs::write(&path, text).unwrap();
    read_training(&path, format, options)
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "jobs.csv"))
}

fn read(format: TrainingFormat, text: &str) -> Result<TrainingTrace, String> {
    read_with(format, text, &TrainingTraceOptions::default())
}

const TIRESIAS: &str = "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n";
const ALIBABA_2023: &str = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n";

#[test]
fn lists_of_tiresias_are_read_by_the_names_of_their_columns() {
    let trace = read(
        TrainingFormat::TiresiasCsv,
        &format!("{TIRESIAS}7,8,30,133,vgg11,147,23\n3,1,0,606,vgg19,164,30\n"),
    )
    .unwrap();
    assert_eq!(trace.jobs.iter().map(|job| job.submit_s).collect::<Vec<_>>(), [0.0, 30.0]);
    let expected = TracedTrainingJob {
        name: "7".into(),
        submit_s: 30.0,
        gpus: 8.0,
        duration_s: Some(147.0),
        steps: Some(133.0),
        model: Some("vgg11".into()),
        owner: None,
    };
    assert_eq!(trace.jobs[1], expected);
    // Alibaba's: two instances of half a GPU, and a job without GPUs.
    let text = "job_id,user,num_gpu,num_inst,submit_time,duration\na,u,0.5,2,10,5\nb,u,,1,11,5\n";
    let trace = read(TrainingFormat::TiresiasCsv, text).unwrap();
    assert_eq!((trace.jobs.len(), trace.left_out, trace.jobs[0].gpus), (1, 1, 1.0));
    assert_eq!(trace.jobs[0].owner.as_deref(), Some("u"));
}

#[test]
fn tables_of_alibaba_have_parts_of_gpus() {
    // 4 instances of a quarter of a GPU; one that has not ended; one without GPUs.
    let text = "j1,worker,4,Terminated,100.0,160.5,600,29,25,V100\nj2,worker,1,Running,120.0,,600,29,100,T4\nj3,ps,1,Terminated,1,2,600,29,,\n";
    let trace = read(TrainingFormat::Alibaba2020Tasks, text).unwrap();
    assert_eq!((trace.jobs.len(), trace.left_out), (1, 2));
    let job = &trace.jobs[0];
    assert_eq!((job.name.as_str(), job.gpus, job.duration_s), ("j1/worker", 1.0, Some(60.5)));
    let rows = "p1,12000,16384,2,1000,,LS,Running,5,100,20\np2,6000,12288,1,460,,LS,Running,6,90,6\np3,6000,12288,0,0,,LS,Running,7,90,7\n";
    let trace = read(TrainingFormat::Alibaba2023Pods, &format!("{ALIBABA_2023}{rows}")).unwrap();
    assert_eq!((trace.jobs.len(), trace.left_out), (2, 1));
    assert_eq!(
        (trace.jobs[0].gpus, trace.jobs[0].submit_s, trace.jobs[0].duration_s),
        (2.0, 5.0, Some(80.0))
    );
    assert_eq!((trace.jobs[1].gpus, trace.jobs[1].whole_gpus()), (0.46, 1));
}

#[test]
fn a_window_and_a_least_size_leave_jobs_out() {
    let text = "job_id,submit_s,gpus,duration_s\na,5,8,1\nb,15,8,1\nc,16,4,1\nd,25,8,1\n";
    let options = TrainingTraceOptions {
        from_s: 10.0,
        until_s: Some(20.0),
        least_gpus: 8.0,
        skip_bad_rows: false,
    };
    let trace = read_with(TrainingFormat::Own, text, &options).unwrap();
    assert_eq!((trace.jobs.len(), trace.left_out), (1, 3));
    assert_eq!((trace.jobs[0].name.as_str(), trace.jobs[0].submit_s), ("b", 5.0));
    let none = TrainingTraceOptions { least_gpus: 9.0, ..TrainingTraceOptions::default() };
    assert_eq!(
        read_with(TrainingFormat::Own, text, &none).unwrap_err(),
        "jobs.csv: no job with GPUs is left: widen the window, or ask for fewer GPUs"
    );
    let empty = TrainingTraceOptions { from_s: 5.0, until_s: Some(5.0), ..none };
    assert_eq!(
        read_with(TrainingFormat::Own, text, &empty).unwrap_err(),
        "the window from 5 s until 5 s is empty"
    );
}

#[test]
fn bad_rows_are_told_with_line_and_column() {
    let own = |row: &str| format!("job_id,submit_s,gpus,duration_s\nok,0,1,1\n{row}\n");
    let cases = [
        (
            TrainingFormat::Own,
            own("a,x,1,1"),
            "jobs.csv:3:2: found \"x\", expected submit_s: a number of at least 0",
        ),
        (
            TrainingFormat::Own,
            own("a,0,0,1"),
            "jobs.csv:3:3: found \"0\", expected gpus: a number above 0",
        ),
        (
            TrainingFormat::Own,
            own("a,0,1,-1"),
            "jobs.csv:3:4: found \"-1\", expected duration_s: a number of at least 0",
        ),
        (TrainingFormat::Own, own(",0,1,1"), "jobs.csv:3:1: found \"\", expected job_id"),
        (
            TrainingFormat::Own,
            own("a,0,1"),
            "jobs.csv:3: found 3 columns, expected 4 (job_id, submit_s, gpus, duration_s, model)",
        ),
        (
            TrainingFormat::Own,
            "job_id,submit_s,gpus,durations\n".into(),
            "jobs.csv:1: found column \"durations\"; did you mean \"duration_s\"?, expected a header with job_id, submit_s, gpus, duration_s[, model]",
        ),
        (
            TrainingFormat::TiresiasCsv,
            format!("{TIRESIAS}0,1,0,1,vgg,nan,1\n"),
            "jobs.csv:2:6: found \"nan\", expected duration: a number of at least 0",
        ),
        (
            TrainingFormat::Alibaba2023Pods,
            format!("{ALIBABA_2023}p,1,1,1,1000,,LS,Running,5,10,20\n"),
            "jobs.csv:2:10: found \"10\", expected deletion_time: at least 20, when it was scheduled",
        ),
        (
            TrainingFormat::Alibaba2020Tasks,
            "j,w,1,Terminated,5,4,1,1,100,T4\n".into(),
            "jobs.csv:1:6: found \"4\", expected end_time: at least 5, that of the start",
        ),
        (
            TrainingFormat::GavelCsv,
            "arrival_s,num_gpus,job_type,total_steps\n0,two,A3C,5\n".into(),
            "jobs.csv:2:2: found \"two\", expected num_gpus: a number of at least 0",
        ),
    ];
    for (format, text, message) in cases {
        assert_eq!(read(format, &text).unwrap_err(), message);
    }
    let skip = TrainingTraceOptions { skip_bad_rows: true, ..TrainingTraceOptions::default() };
    let trace = read_with(TrainingFormat::Own, &own("a,x,1,1"), &skip).unwrap();
    assert_eq!((trace.jobs.len(), trace.skipped.count), (1, 1));
}

fn data(name: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("STRATOSIM_DATA").map(|folder| PathBuf::from(folder).join("gpu-trace"));
    let Some(path) = folder.map(|folder| folder.join(name)).filter(|path| path.exists()) else {
        println!("skipped: there is no gpu-trace/{name} in STRATOSIM_DATA");
        return None;
    };
    Some(path)
}

/// The published counts of pods: 8152, of which 6989 ask for one GPU or a part of it, and 44 for eight.
#[test]
fn the_pods_of_2023_are_as_many_as_published() {
    let Some(path) = data("alibaba_v2023_openb_pod_list_default.csv.gz") else { return };
    let options = TrainingTraceOptions::default();
    let trace = read_training(&path, TrainingFormat::Alibaba2023Pods, &options).unwrap();
    assert_eq!(trace.jobs.len() as u64 + trace.left_out, 8152);
    let with = |least: f64, most: f64| {
        trace.jobs.iter().filter(|job| (least..=most).contains(&job.gpus)).count()
    };
    assert_eq!(with(8.0, 8.0), 44);
    // 6989 asked for one GPU or a part of it, of which some never started.
    assert!((6000..=6989).contains(&with(0.0, 1.0)), "{}", with(0.0, 1.0));
    assert!(trace.jobs.is_sorted_by(|a, b| a.submit_s <= b.submit_s));
}

#[test]
fn the_jobs_of_philly_are_as_many_as_published() {
    let Some(path) = data("gavel_msr_seed0_jobs.csv.gz") else { return };
    let options = TrainingTraceOptions::default();
    let trace = read_training(&path, TrainingFormat::GavelCsv, &options).unwrap();
    let with = |gpus: f64| trace.jobs.iter().filter(|job| job.gpus == gpus).count();
    let counts = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0].map(with);
    assert_eq!(counts, [10_480, 463, 2044, 1916, 255, 91, 1]);
    // Percentiles 50 and 95 of 83 154 run times: 1186 s and 49 948 s.
    let Some(path) = data("alibaba_v2020_philly_runtime.csv.gz") else { return };
    let mut times: Vec<f64> =
        read_samples(&path, SampleColumns::Runtime).unwrap().iter().map(|job| job.duration_s).collect();
    times.sort_by(f64::total_cmp);
    assert_eq!(times.len(), 83_154);
    // One rank further or less is a thousandth here.
    assert!((times[41_577] / 1186.0 - 1.0).abs() <= 1e-3, "{}", times[41_577]);
    assert!((times[78_996] / 49_948.0 - 1.0).abs() <= 1e-3, "{}", times[78_996]);
    // Of 33 192 jobs of an hour and more, 4147 had eight GPUs; the logarithms of their durations have mean 11.07.
    let Some(path) = data("gavel_philly_job_distribution.csv.gz") else { return };
    let jobs = read_samples(&path, SampleColumns::DurationAndGpus).unwrap();
    let eight: Vec<f64> =
        jobs.iter().filter(|job| job.gpus == Some(8.0)).map(|job| job.duration_s.ln()).collect();
    assert_eq!((jobs.len(), eight.len()), (33_192, 4147));
    let mean = eight.iter().sum::<f64>() / eight.len() as f64;
    assert!((mean - 11.07).abs() < 0.01, "{mean}");
}
