use super::*;
use std::fmt::Write as _;
use std::fs;
use tempfile::TempDir;

const RATES: &str = "t_s,node,function,rps\n";

fn rates(text: &str) -> Result<RateTable, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rates.csv");
    fs::write(&path, format!("{RATES}{text}")).unwrap();
    read_rates(&path, &["a", "b"], &["resize", "blur"])
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "rates.csv"))
}

#[test]
fn rates_are_by_step_node_and_function() {
    let table = rates("0,b,blur,1.5\n0,a,resize,2\n30,a,blur,4\n60,b,resize,8\n").unwrap();
    assert_eq!(table.step_s, Some(30.0));
    let expected: [[f64; 4]; 3] = [[2.0, 0.0, 0.0, 1.5], [0.0, 4.0, 0.0, 0.0], [0.0, 0.0, 8.0, 0.0]];
    assert_eq!(table.rates_rps, expected.map(Vec::from));
    assert_eq!(rates("0,a,blur,3\n").unwrap().step_s, None);
}

#[test]
fn bad_rates_are_told_with_line_and_column() {
    let cases = [
        (
            "0,a,resize,1\n0,c,blur,1\n",
            "rates.csv:3:2: found \"c\", expected a node of the workload: a, b",
        ),
        (
            "0,a,resise,1\n",
            "rates.csv:2:3: found \"resise\", expected a function of the workload; did you mean \"resize\"?",
        ),
        ("0,a,blur,-1\n", "rates.csv:2:4: found \"-1\", expected rps: a number of at least 0"),
        ("5,a,blur,1\n", "rates.csv:2:1: found \"5\", expected t_s: 0 in the first row"),
        (
            "0,a,blur,1\n60,a,blur,1\n30,a,blur,1\n",
            "rates.csv:4:1: found \"30\", expected t_s: at least 60, that of the row before",
        ),
        (
            "0,a,blur,1\n60,a,blur,1\n90,a,blur,1\n",
            "rates.csv:4:1: found \"90\", expected t_s: 120, the next in steps of 60",
        ),
        (
            "0,a,blur,1\n0,a,blur,1\n",
            "rates.csv:3:3: found \"blur\", expected a node and a function once for each time",
        ),
        ("", "rates.csv: has no rates in it"),
    ];
    for (text, message) in cases {
        assert_eq!(rates(text).unwrap_err(), message);
    }
}

/// A row of a day: these counts at these minutes, from 1.
fn day_row(
    owner: &str,
    application: &str,
    function: &str,
    trigger: &str,
    at: &[(usize, u32)],
) -> String {
    let mut counts = vec![0; 1440];
    at.iter().for_each(|(minute, count)| counts[minute - 1] = *count);
    let mut row = format!("{owner},{application},{function},{trigger}");
    counts.iter().for_each(|count| write!(row, ",{count}").unwrap());
    row + "\n"
}

/// Two days of three functions of two applications, in the published columns.
fn azure_2019(folder: &TempDir) {
    let header: String =
        (1..=1440).fold("HashOwner,HashApp,HashFunction,Trigger".into(), |mut text, minute| {
            write!(text, ",{minute}").unwrap();
            text
        });
    let first = [
        day_row("o", "x", "f", "http", &[(1, 3), (1440, 2)]),
        day_row("o", "x", "g", "timer", &[(2, 1)]),
        day_row("o", "y", "f", "queue", &[(2, 40)]),
    ];
    let second = [day_row("o", "x", "f", "http", &[(1, 7)]), day_row("o", "y", "f", "queue", &[(3, 5)])];
    let file = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    file("invocations_per_function_md.anon.d01.csv", format!("{header}\n{}", first.concat()));
    file("invocations_per_function_md.anon.d02.csv", format!("{header}\n{}", second.concat()));
    file(
        "function_durations_percentiles.anon.d01.csv",
        "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum,percentile_Average_0,percentile_Average_1,\
         percentile_Average_25,percentile_Average_50,percentile_Average_75,percentile_Average_99,percentile_Average_100\n\
         o,x,f,150,5,100,200,100,100,100,100,200,200,200\n\
         o,y,f,0,40,0,0,0,0,0,0,0,0,0\n"
            .into(),
    );
    file(
        "app_memory_percentiles.anon.d01.csv",
        "HashOwner,HashApp,SampleCount,AverageAllocatedMb,AverageAllocatedMb_pct1\no,x,10,170,90\n"
            .into(),
    );
}

#[test]
fn minutes_of_2019_are_those_of_the_window_with_times_and_memory() {
    let folder = TempDir::new().unwrap();
    azure_2019(&folder);
    let all = read_azure_2019(folder.path(), &FunctionTraceOptions::default()).unwrap();
    let named: Vec<(&str, &str, u64)> = all
        .functions
        .iter()
        .map(|own| (own.application.as_str(), own.name.as_str(), own.requests))
        .collect();
    assert_eq!(named, [("y", "f", 45), ("x", "f", 12), ("x", "g", 1)]);
    let minutes = vec![vec![(1, 40), (1442, 5)], vec![(0, 3), (1439, 2), (1440, 7)], vec![(1, 1)]];
    assert_eq!(all.requests, TracedRequests::PerMinute(minutes));
    assert_eq!(all.length_s, 2.0 * 86_400.0);
    // A quarter at 100 ms, a quarter to 200 ms evenly: 0.5 * 100 + 0.25 * 150 + 0.25 * 200.
    assert!((all.functions[1].time_s.as_ref().unwrap().mean() - 0.1375).abs() < 1e-12);
    assert_eq!(all.functions[0].time_s.as_ref().unwrap().mean(), LEAST_S);
    assert_eq!((all.functions[1].memory_mb, all.functions[0].memory_mb), (Some(170.0), None));
    assert_eq!(all.notes[0], "1 of 3 functions have no times in the trace");

    let options =
        FunctionTraceOptions { from_s: 86_400.0, until_s: Some(86_520.0), ..Default::default() };
    let window = read_azure_2019(folder.path(), &options).unwrap();
    assert_eq!(window.requests, TracedRequests::PerMinute(vec![vec![(0, 7)]]));
    assert_eq!(window.length_s, 120.0);
    let triggers = Some(vec!["http".into(), "timer".into()]);
    let options = FunctionTraceOptions { triggers, top: Some(1), ..Default::default() };
    let chosen = read_azure_2019(folder.path(), &options).unwrap();
    assert_eq!((chosen.functions.len(), chosen.functions[0].requests), (1, 12));
}

const LEAST_S: f64 = 1e-3;

#[test]
fn bad_files_of_2019_are_told_with_their_place() {
    let folder = TempDir::new().unwrap();
    let fails = |options: &FunctionTraceOptions| {
        let error = read_azure_2019(folder.path(), options).unwrap_err().to_string();
        error.replace(&format!("{}", folder.path().display()), "")
    };
    let all = FunctionTraceOptions::default();
    fs::write(folder.path().join("readme.txt"), "nothing").unwrap();
    assert!(fails(&all).contains("invocations_per_function_md.anon.d01.csv"), "{}", fails(&all));
    azure_2019(&folder);
    let path = folder.path().join("invocations_per_function_md.anon.d02.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("http,7", "http,7.5", 1)).unwrap();
    assert_eq!(
        fails(&all),
        "/invocations_per_function_md.anon.d02.csv:2:5: found \"7.5\", expected 1: a whole number"
    );
    fs::write(&path, text.replacen("http,7,", "http,", 1)).unwrap();
    assert_eq!(
        fails(&all),
        "/invocations_per_function_md.anon.d02.csv:2: found 1443 columns, expected 1444 (HashOwner, HashApp, \
         HashFunction, Trigger, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ..., 1440)"
    );
    let skipping = FunctionTraceOptions { skip_bad_rows: true, ..Default::default() };
    assert_eq!(read_azure_2019(folder.path(), &skipping).unwrap().skipped.count, 1);
    let window = |from_s, until_s| FunctionTraceOptions { from_s, until_s, ..Default::default() };
    assert!(fails(&window(30.0, None)).contains("whole minute"));
    assert!(fails(&window(60.0, Some(60.0))).contains("is empty"));
    assert!(fails(&window(9e6, None)).contains("no function is left"));
}

fn azure_2021(rows: &str, options: &FunctionTraceOptions) -> Result<FunctionTrace, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("invocations.txt");
    fs::write(&path, format!("app,func,end_timestamp,duration\n{rows}")).unwrap();
    let read = read_azure_2021(folder.path(), options);
    read.map_err(|error| error.to_string().replace(&path.display().to_string(), "invocations.txt"))
}

#[test]
fn requests_of_2021_come_in_the_order_in_which_they_start() {
    let rows = "x,f,10,9\ny,f,11,1\nx,f,12,0.5\nx,f,13,12.9\ny,g,14,20\n";
    let all = azure_2021(rows, &FunctionTraceOptions::default()).unwrap();
    let found = |trace: &FunctionTrace| match &trace.requests {
        TracedRequests::Single(requests) => {
            requests.iter().map(|own| (own.at_s, own.function, own.time_s)).collect::<Vec<_>>()
        }
        TracedRequests::PerMinute(_) => unreachable!("this trace has single requests"),
    };
    let starts = found(&all);
    assert_eq!(starts.len(), 4);
    assert!((starts[0].0 - 0.1).abs() < 1e-9 && starts[0].1 == 0);
    assert_eq!(starts[1..], [(1.0, 0, 9.0), (10.0, 1, 1.0), (11.5, 0, 0.5)]);
    assert_eq!(all.notes, ["1 requests that had started before the window were left out"]);
    let options = FunctionTraceOptions { from_s: 1.0, until_s: Some(11.5), ..Default::default() };
    assert_eq!(found(&azure_2021(rows, &options).unwrap()), [(0.0, 0, 9.0), (9.0, 1, 1.0)]);
    let options = FunctionTraceOptions { top: Some(1), ..Default::default() };
    assert_eq!(found(&azure_2021(rows, &options).unwrap()).len(), 3);
}

#[test]
fn bad_rows_of_2021_are_told_with_line_and_column() {
    let all = FunctionTraceOptions::default();
    assert_eq!(
        azure_2021("x,f,1,-2\n", &all).unwrap_err(),
        "invocations.txt:2:4: found \"-2\", expected duration: a number of at least 0"
    );
    let triggers = FunctionTraceOptions { triggers: Some(vec!["http".into()]), ..Default::default() };
    assert_eq!(azure_2021("", &triggers).unwrap_err(), "the Azure trace of 2021 has no triggers");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trace.rar");
    fs::write(&path, "Rar!").unwrap();
    let error = read_azure_2021(&path, &all).unwrap_err().to_string();
    assert!(error.ends_with("trace.rar: is a RAR archive; extract it first"), "{error}");
}
