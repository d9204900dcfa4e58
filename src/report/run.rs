//! The report of a run.

use super::figures::{map_figure, run_figures};
use super::numbers::{at, of_metric, percent, whole};
use super::page::{Cell, Drawing, Section, facts, folded, page as whole_page, table, tiles};
use crate::output::RunReader;
use crate::plot::{PlotError, Source, quantity};
use maud::{Markup, html};
use serde_json::Value;
use std::path::Path;

/// Letters of the scenario that the page shows.
const MOST_SCENARIO: usize = 200_000;

pub(super) fn page(directory: &Path) -> Result<Markup, PlotError> {
    let run = RunReader::open(directory)?;
    let source = Source::open(&[directory.to_path_buf()])?;
    let (record, summary) = (run.run(), run.summary());
    let scenario = &record["scenario"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let name = text(&scenario["name"]);
    let title = format!("{}, seed {}", if name.is_empty() { "A run" } else { &name }, record["seed"]);
    let overrides: Vec<&str> =
        record["overrides"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let seconds = |value: &Value| value.as_f64().map_or(String::new(), |s| quantity(s, "s"));
    let head = facts(&[
        ("Simulated", seconds(&summary["simulated_s"])),
        ("Warm-up, left out of the key figures", seconds(&summary["warm_up_s"])),
        ("Seed", record["seed"].to_string()),
        ("Set on the command line", overrides.join(", ")),
        ("Events", summary["events"].as_u64().map_or(String::new(), whole)),
        ("Wall time", seconds(&record["wall_s"])),
        ("Version", text(&record["stratosim"])),
        ("Fingerprint", text(&record["fingerprint"])),
    ]);
    let mut sections = vec![Section::new("Key figures", key_figures(summary))];
    let mut drawing = Drawing::new(&source);
    for group in run_figures().chunk_by(|a, b| a.section == b.section) {
        let figure = |figure: &super::RunFigure| drawing.figure(&figure.spec(&run)?, figure.caption);
        let body = group.iter().filter_map(figure).collect();
        match sections.iter_mut().find(|section| section.title == group[0].section) {
            Some(section) => section.body.extend::<Vec<Markup>>(body),
            None => sections.push(Section::new(group[0].section, body)),
        }
    }
    let caption = "Nodes and links at the start, what access points cover, and where devices went, in the colour of \
                   the access point that served them.";
    sections.push(Section::new("Map", drawing.figure(&map_figure(), caption).into_iter().collect()));
    sections.push(Section::new("Tables of this run", tables(&run)));
    sections.push(Section::new("Numbers and scenario", everything(&run)));
    Ok(whole_page(&title, &text(&scenario["description"]), &head, &sections))
}

/// Tiles and tables of what the summary counts.
fn key_figures(summary: &Value) -> Vec<Markup> {
    let mut shown: Vec<(String, String)> = Vec::new();
    let mut body = Vec::new();
    let workloads: Vec<(&String, &Value)> =
        summary["workloads"].as_object().into_iter().flatten().collect();
    for (name, workload) in &workloads {
        let wanted: [(&str, &[&str]); 12] = [
            ("created", &["created"]),
            ("success", &["success_share"]),
            ("mean service time", &["service_s", "mean"]),
            ("median service time", &["service_s", "p50"]),
            ("service time of 95 %, at most", &["service_s", "p95"]),
            ("virtual machines", &["vms", "requested"]),
            ("virtual machines", &["vms"]),
            ("energy", &["energy_kwh"]),
            ("migrations", &["migrations"]),
            ("host shutdowns", &["host_shutdowns"]),
            ("SLATAH", &["slatah"]),
            ("work not served", &["overall_sla_violation"]),
        ];
        for (label, path) in wanted {
            let value = at(workload, path);
            if value.is_number() {
                shown.push((format!("{name}: {label}"), of_metric(&path.join("."), value)));
            }
        }
    }
    for (label, key) in [("handovers", "handovers"), ("failures", "failures")] {
        if let Some(count) = summary[key].as_u64() {
            shown.push((label.into(), whole(count)));
        }
    }
    if let Some(made) = at(summary, &["decisions", "made"]).as_u64() {
        shown.push(("decisions".into(), whole(made)));
    }
    body.extend(tiles(&shown));
    for (name, workload) in &workloads {
        body.extend(outcomes(name, workload));
        body.extend(applications(name, workload));
    }
    body.extend(tiers(summary));
    body
}

fn outcomes(name: &str, workload: &Value) -> Option<Markup> {
    let counts = workload["outcomes"].as_object()?;
    let all: f64 = counts.values().filter_map(Value::as_f64).sum();
    let counted = counts.iter().filter_map(|(outcome, count)| Some((outcome, count.as_u64()?)));
    let rows: Vec<Vec<Cell>> = counted
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| {
            let share = count as f64 / all;
            vec![
                Cell::text(outcome.replace('_', " ")),
                Cell::Number(whole(count), count as f64),
                Cell::Number(percent(share), share),
            ]
        })
        .collect();
    let header = ["outcome", "count", "share"].map(String::from);
    table(&format!("How {name} ended"), &header, &rows)
}

/// Numbers of things of one kind, one thing a row.
fn compared(caption: &str, what: &str, things: &Value, columns: &[(&str, &[&str])]) -> Option<Markup> {
    let things = things.as_object()?;
    let has = |path: &[&str]| things.values().any(|thing| at(thing, path).is_number());
    let columns: Vec<_> = columns.iter().filter(|(_, path)| has(path)).collect();
    let mut header = vec![what.to_string()];
    header.extend(columns.iter().map(|(label, _)| (*label).to_string()));
    let rows: Vec<Vec<Cell>> = things
        .iter()
        .map(|(name, thing)| {
            let cell = |(_, path): &&(&str, &[&str])| {
                let value = at(thing, path);
                let shown = of_metric(&path.join("."), value);
                Cell::Number(shown, value.as_f64().unwrap_or(f64::NAN))
            };
            std::iter::once(Cell::text(name)).chain(columns.iter().map(cell)).collect()
        })
        .collect();
    table(caption, &header, &rows)
}

fn applications(name: &str, workload: &Value) -> Option<Markup> {
    compared(
        &format!("{name}, by application"),
        "application",
        &workload["applications"],
        &[
            ("created", &["created"]),
            ("success", &["success_share"]),
            ("mean service", &["service_s", "mean"]),
            ("median", &["service_s", "p50"]),
            ("95 % within", &["service_s", "p95"]),
            ("99 % within", &["service_s", "p99"]),
            ("greatest", &["service_s", "max"]),
            ("mean network", &["network_s", "mean"]),
            ("mean wait", &["wait_s", "mean"]),
            ("mean execution", &["execution_s", "mean"]),
        ],
    )
}

fn tiers(summary: &Value) -> Option<Markup> {
    compared(
        "Tiers",
        "tier",
        &summary["tiers"],
        &[
            ("nodes", &["nodes"]),
            ("cores", &["cores"]),
            ("utilisation", &["utilisation"]),
            ("energy", &["energy_j"]),
        ],
    )
}

fn tables(run: &RunReader) -> Vec<Markup> {
    let rows: Vec<Vec<Cell>> = run
        .tables()
        .map(|spec| {
            let rows = run.summary()["tables"][spec.name.as_ref()].as_u64();
            let columns: Vec<&str> = spec.columns.iter().map(|column| column.name.as_ref()).collect();
            vec![
                Cell::text(spec.name.clone()),
                Cell::Number(rows.map_or("–".into(), whole), rows.map_or(f64::NAN, |rows| rows as f64)),
                Cell::text(spec.meaning.clone()),
                Cell::text(columns.join(", ")),
            ]
        })
        .collect();
    let header = ["table", "rows", "a row says", "columns"].map(String::from);
    table("In the folder tables; dictionary.json says what each column means", &header, &rows)
        .into_iter()
        .collect()
}

fn everything(run: &RunReader) -> Vec<Markup> {
    let mut rows = Vec::new();
    leaves(run.summary(), "", &mut rows);
    let header = ["number", "value", "in full"].map(String::from);
    let numbers = table("All numbers of summary.json", &header, &rows);
    let scenario = format!("{:#}", run.run()["scenario"]);
    let end = (0..=MOST_SCENARIO.min(scenario.len())).rev().find(|&at| scenario.is_char_boundary(at));
    let (shown, rest) = scenario.split_at(end.unwrap_or(0));
    let text = html! {
        pre { (shown) @if !rest.is_empty() { "\n... (the rest is in run.json)" } }
    };
    let mut body: Vec<Markup> = numbers.iter().map(|numbers| folded("All numbers", numbers)).collect();
    body.push(folded("The scenario with all its defaults", &text));
    body
}

/// The numbers of a summary with their paths.
fn leaves(value: &Value, path: &str, rows: &mut Vec<Vec<Cell>>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let inner_path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(inner, &inner_path, rows);
            }
        }
        Value::Array(elements) => {
            for (index, inner) in elements.iter().enumerate() {
                leaves(inner, &format!("{path}[{index}]"), rows);
            }
        }
        Value::Number(number) => {
            let sorted = number.as_f64().unwrap_or(f64::NAN);
            rows.push(vec![
                Cell::text(path),
                Cell::Number(of_metric(path, value), sorted),
                Cell::Number(number.to_string(), sorted),
            ]);
        }
        _ => {}
    }
}
