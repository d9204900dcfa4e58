//! What a run came to, for people.

mod geo;
mod missions;

use self::missions::{report_missions, report_vehicles, report_wifi};
use serde_json::{Value, json};
use std::path::Path;

/// A number for people: four significant digits.
fn short(value: &Value) -> String {
    match value.as_f64() {
        None => "-".into(),
        Some(value) if value == value.trunc() && value.abs() < 1e9 => format!("{value}"),
        Some(value) => {
            let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 9);
            format!("{value:.*}", digits as usize)
        }
    }
}

/// Why a run shows nothing although there are applications or workflows: none was ever placed. `None` if one was, or
/// there are none.
pub(super) fn nothing_placed(summary: &Value) -> Option<String> {
    let workloads = summary["workloads"].as_object()?;
    let flows: Vec<&Value> =
        workloads.values().filter(|own| own["arrived"].as_f64() > Some(0.0)).collect();
    let is_refused = |own: &&Value| own["arrived"] == own["outcomes"]["refused_for_capacity"];
    if !flows.is_empty() && flows.iter().all(is_refused) {
        return Some("all workflows were refused: each has a task that fits on no node".into());
    }
    let served = workloads.values().filter(|workload| workload["ever_placed"].is_number());
    let served: Vec<&Value> = served.collect();
    if served.is_empty() || served.iter().any(|workload| workload["ever_placed"] != 0) {
        return None;
    }
    let first = served.iter().find_map(|workload| workload["first_rejection"].as_str());
    Some(match first {
        Some(first) => format!("no application was ever placed; the first try failed: {first}"),
        None => "no application was ever placed".into(),
    })
}

/// What a workload of applications came to, beside its requests.
fn report_services(text: &mut String, workload: &Value) {
    use std::fmt::Write;
    let percent = |value: &Value| match value.as_f64() {
        Some(share) => format!("{:.2} %", 100.0 * share),
        None => "-".into(),
    };
    let response = &workload["response_s"];
    let times = format!(
        "mean {} s, median {} s, 95 % {} s",
        short(&response["mean"]),
        short(&response["p50"]),
        short(&response["p95"])
    );
    let applications = workload["applications"].as_object().map_or(0, |own| own.len());
    let lines = [
        ("  response time", times),
        (
            "  without load",
            format!("{} s (the worst flow)", short(&workload["analytic_response_s"]["mean"])),
        ),
        (
            "  applications",
            format!(
                "{applications}, placed {} of the time, {} s down",
                percent(&workload["placed_share"]),
                short(&workload["downtime_s"])
            ),
        ),
        (
            "  requirements",
            format!(
                "{} violations, {} placements refused",
                short(&workload["violations"]["all"]),
                short(&workload["rejections"])
            ),
        ),
        ("  migrations", short(&workload["migrations"])),
        ("  energy", format!("{} Wh attributed", short(&workload["energy_wh"]["all"]))),
    ];
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

/// What a workload of workflows came to, beside their outcomes.
fn report_workflows(text: &mut String, workload: &Value) {
    use std::fmt::Write;
    let makespan = &workload["makespan_s"];
    let times = format!(
        "mean {} s, median {} s, 95 % {} s",
        short(&makespan["mean"]),
        short(&makespan["p50"]),
        short(&makespan["p95"])
    );
    let (done, retries) = (short(&workload["tasks"]["done"]), short(&workload["retries"]));
    let lines = [
        ("  makespan", times),
        ("  speed-up", short(&workload["speed_up"]["mean"])),
        ("  tasks", format!("{done} done, {retries} tried again")),
        ("  transfers", short(&workload["transfers"])),
    ];
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

/// What a workload of training jobs came to.
fn report_training(text: &mut String, name: &str, workload: &Value) {
    use std::fmt::Write;
    let jobs = &workload["jobs"];
    let share = |value: &Value| format!("{:.2} %", 100.0 * value.as_f64().unwrap_or(0.0));
    let times = |value: &Value| {
        format!(
            "mean {} s, median {} s, 99 % {} s",
            short(&value["mean"]),
            short(&value["p50"]),
            short(&value["p99"])
        )
    };
    let refused = jobs["refused"].as_object().into_iter().flatten();
    let refused: u64 = refused.filter_map(|(_, count)| count.as_u64()).sum();
    let ended = format!(
        "{} finished, {refused} refused, {} run, {} wait",
        short(&jobs["finished"]),
        short(&jobs["running"]),
        short(&jobs["waiting"])
    );
    let used = &workload["utilisation"];
    let circuits = &workload["circuits"];
    let lines = [
        (name, format!("{} training jobs submitted", short(&jobs["submitted"]))),
        ("  jobs", ended),
        (
            "  GPUs",
            format!("{} busy, {} at full rate", share(&used["busy"]), share(&used["at_full_rate"])),
        ),
        ("  wait", times(&workload["wait_s"])),
        ("  completion", times(&workload["completion_s"])),
        (
            "  circuits",
            format!("{} set up, {} moved", short(&circuits["set_up"]), short(&circuits["moved"])),
        ),
        ("  fabric saves", format!("{} W", short(&workload["fabric"]["saved_w"]))),
    ];
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

/// What a workload of virtual machines came to.
fn report_machines(text: &mut String, name: &str, workload: &Value) {
    use std::fmt::Write;
    let vms = &workload["vms"];
    let percent = |value: &Value| match value.as_f64() {
        Some(share) => format!("{:.3} %", 100.0 * share),
        None => "-".into(),
    };
    let lines = [
        (
            name.to_string(),
            format!("{} VMs on {} hosts", short(&vms["requested"]), short(&workload["hosts"])),
        ),
        (
            "  at the end".into(),
            format!(
                "{} running, {} waiting, {} stopped",
                short(&vms["running"]),
                short(&vms["waiting"]),
                short(&vms["stopped"])
            ),
        ),
        ("  energy".into(), format!("{} kWh", short(&workload["energy_kwh"]))),
        (
            "  active hosts".into(),
            format!(
                "{} on average, {} shutdowns",
                short(&workload["active_hosts"]["mean"]),
                short(&workload["host_shutdowns"])
            ),
        ),
        ("  migrations".into(), short(&workload["migrations"])),
        ("  work not served".into(), percent(&workload["overall_sla_violation"])),
        ("  availability".into(), percent(&workload["availability"])),
    ];
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
    if workload["jobs"].is_object() {
        let jobs = &workload["jobs"];
        let (done, submitted) = (short(&jobs["done"]), short(&jobs["submitted"]));
        let _ = writeln!(text, "  {:<22} {done} of {submitted} done", "  jobs");
    }
}

/// What users of services came to.
fn report_sessions(text: &mut String, name: &str, workload: &Value) {
    use std::fmt::Write;
    let [requests, done, refused, lost] =
        ["requests", "done", "refused", "lost"].map(|key| short(&workload[key]));
    let latency = &workload["latency_s"];
    let actions = |key: &str| short(&workload[key]["done"]);
    let share = match workload["violation_share"].as_f64() {
        Some(share) => format!("{:.2} %", 100.0 * share),
        None => "-".into(),
    };
    let lines = [
        (name, format!("{requests} requests of users")),
        ("  done", format!("{done}, {refused} refused, {lost} lost")),
        (
            "  latency",
            format!(
                "mean {} s, median {} s, 95 % {} s",
                short(&latency["mean"]),
                short(&latency["p50"]),
                short(&latency["p95"])
            ),
        ),
        ("  beyond the limit", share),
        (
            "  control",
            format!(
                "{} migrations, {} replications, {} terminations, {} messages",
                actions("migrations"),
                actions("replications"),
                short(&workload["terminations"]),
                short(&workload["messages"])
            ),
        ),
        ("  instances at the end", short(&workload["instances"])),
    ];
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

fn report_cloudsim(text: &mut String, name: &str, workload: &Value) {
    use std::fmt::Write;
    let percent = |key: &str| format!("{:.3} %", 100.0 * workload[key].as_f64().unwrap_or(0.0));
    let lines = [
        (name, format!("{} VMs on {} hosts", short(&workload["vms"]), short(&workload["hosts"]))),
        ("  energy", format!("{} kWh", short(&workload["energy_kwh"]))),
        ("  migrations", short(&workload["migrations"])),
        ("  host shutdowns", short(&workload["host_shutdowns"])),
        ("  SLATAH", percent("slatah")),
        ("  work not served", percent("overall_sla_violation")),
    ];
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

/// What a workload of functions came to, beside the outcomes of its requests.
fn report_functions(text: &mut String, workload: &Value) {
    use std::fmt::Write;
    let percent = |key: &str| match workload[key].as_f64() {
        Some(share) => format!("{:.2} %", 100.0 * share),
        None => "-".into(),
    };
    let [mean, median, most] = ["mean", "p50", "p95"].map(|key| short(&workload["response_s"][key]));
    let ways = ["local_share", "forwarded_share", "cloud_share", "rejected_share"].map(percent);
    let mut lines = vec![
        ("  response time".into(), format!("mean {mean} s, median {median} s, 95 % {most} s")),
        (
            "  ways".into(),
            format!("{} local, {} forwarded, {} cloud, {} rejected", ways[0], ways[1], ways[2], ways[3]),
        ),
        (
            "  cold starts".into(),
            format!("{} ({})", short(&workload["cold_starts"]), percent("cold_start_probability")),
        ),
        (
            "  replicas".into(),
            format!(
                "mean {}, at most {}, {} busy, {} started",
                short(&workload["replicas_mean"]),
                short(&workload["replicas_max"]),
                percent("utilisation"),
                short(&workload["starts"])
            ),
        ),
        (
            "  objective".into(),
            format!(
                "{} computed, {} experienced, {} in time ({} epochs, {} refused)",
                short(&workload["objective_mean"]),
                short(&workload["objective_experienced_mean"]),
                short(&workload["objective_in_time_mean"]),
                short(&workload["epochs"]),
                short(&workload["refused"])
            ),
        ),
    ];
    for (method, objective) in workload["objective_of"].as_object().into_iter().flatten() {
        let deviation = match workload["deviation_of"][method].as_f64() {
            Some(share) if share >= 0.0 => format!("{:.2} % more", 100.0 * share),
            Some(share) => format!("{:.2} % less", -100.0 * share),
            None => "not known".into(),
        };
        lines.push((format!("  by {method}"), format!("{} ({deviation})", short(objective))));
    }
    lines.push((
        "  cost".into(),
        format!("{}, all in the cloud {}", short(&workload["cost"]), short(&workload["cost_all_cloud"])),
    ));
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

/// What 5G cells came to; nothing without any.
fn report_cells(text: &mut String, cells: &Value) {
    use std::fmt::Write;
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let megabits = |value: &Value| short(&json!(number(value) / 1e6));
    if !cells.is_object() {
        return;
    }
    let attached = percent(number(&cells["attached_share"]));
    let goodput = &cells["goodput_bps"];
    let mut lines = vec![
        (
            "cells".to_owned(),
            format!("{} devices, attached {attached} of the time", short(&cells["devices"])),
        ),
        (
            "  goodput".to_owned(),
            format!(
                "{} Mbit/s down, {} up, each device",
                megabits(&goodput["down"]),
                megabits(&goodput["up"])
            ),
        ),
        (
            "  changes of cell".to_owned(),
            format!(
                "{} ({} ping-pongs), {} links failed",
                short(&cells["handovers"]),
                short(&cells["ping_pongs"]),
                short(&cells["link_failures"])
            ),
        ),
    ];
    let jammed_s = number(&cells["jammed_s"]);
    if jammed_s > 0.0 {
        let rates = format!(
            "goodput {} Mbit/s then, {} else",
            megabits(&cells["goodput_jammed_bps"]),
            megabits(&cells["goodput_clear_bps"])
        );
        lines.push((
            "  jammed".to_owned(),
            format!("{} device-seconds, {rates}", short(&cells["jammed_s"])),
        ));
    }
    for (name, counts) in cells["detection"].as_object().into_iter().flatten() {
        let delay = short(&counts["delay_s"]["mean"]);
        let [precision, recall, f1] = ["precision", "recall", "f1"].map(|key| short(&counts[key]));
        lines.push((
            format!("  {name}"),
            format!("precision {precision}, recall {recall}, F1 {f1}, alarm after {delay} s"),
        ));
    }
    let responses: Vec<String> = cells["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, count)| number(count) > 0.0)
        .map(|(name, count)| format!("{} {name}", short(count)))
        .collect();
    if !responses.is_empty() {
        lines.push(("  responses".to_owned(), responses.join(", ")));
    }
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

/// What a run came to, for people.
pub(super) fn report(summary: &Value, run: &Value, path: &Path) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let line = |text: &mut String, name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    };
    let name = run["scenario"]["name"].as_str().unwrap_or_default();
    let _ =
        writeln!(text, "{name}, seed {}: {} s simulated", run["seed"], short(&summary["simulated_s"]));
    for (name, workload) in summary["workloads"].as_object().into_iter().flatten() {
        let created = &workload["created"];
        let has_functions = workload["cold_starts"].is_number();
        if created.is_number() {
            let serves = workload["ever_placed"].is_number() || has_functions;
            let what = if serves { "requests" } else { "tasks" };
            line(&mut text, name, format!("{} {what} created", short(created)));
        }
        let arrived = &workload["arrived"];
        if arrived.is_number() {
            line(&mut text, name, format!("{} workflows arrived", short(arrived)));
        }
        let missions = &workload["missions"];
        if missions.is_number() {
            let what = if missions == 1 { "mission" } else { "missions" };
            line(&mut text, name, format!("{} {what}", short(missions)));
        }
        let all = [arrived, missions].into_iter().find(|all| all.is_number()).unwrap_or(created);
        if workload["stale_s"].is_object() {
            report_sessions(&mut text, name, workload);
        }
        if workload["divergence_s"].is_object() {
            geo::report(&mut text, name, workload);
        }
        if workload["fabric"].is_object() {
            report_training(&mut text, name, workload);
        }
        if workload["vms"].is_object() {
            report_machines(&mut text, name, workload);
        } else if workload["vms"].is_number() {
            report_cloudsim(&mut text, name, workload);
        }
        for (outcome, count) in workload["outcomes"].as_object().into_iter().flatten() {
            if let (Some(count), Some(created)) = (count.as_f64(), all.as_f64())
                && count > 0.0
            {
                let share = 100.0 * count / created;
                line(
                    &mut text,
                    &format!("  {}", outcome.replace('_', " ")),
                    format!("{count} ({share:.2} %)"),
                );
            }
        }
        if workload["ever_placed"].is_number() {
            report_services(&mut text, workload);
        }
        if has_functions {
            report_functions(&mut text, workload);
        }
        if arrived.is_number() {
            report_workflows(&mut text, workload);
        }
        if missions.is_number() {
            report_missions(&mut text, workload);
        }
        let service = &workload["service_s"];
        if service["mean"].is_number() {
            let times = format!(
                "mean {} s, median {} s, 95 % {} s",
                short(&service["mean"]),
                short(&service["p50"]),
                short(&service["p95"])
            );
            line(&mut text, "  service time", times);
        }
    }
    for (tier, load) in summary["tiers"].as_object().into_iter().flatten() {
        let busy = 100.0 * load["utilisation"].as_f64().unwrap_or(0.0);
        let energy = short(&json!(load["energy_j"].as_f64().unwrap_or(0.0) / 3600.0));
        line(&mut text, tier, format!("{} nodes, {busy:.2} % busy, {energy} Wh", short(&load["nodes"])));
    }
    let mobility = &summary["mobility"];
    if mobility["steps"].as_f64() > Some(0.0) {
        let [vehicles, steps, empty, gaps, teleports] =
            ["vehicles", "steps", "empty_steps", "gaps", "teleports"].map(|key| short(&mobility[key]));
        let value = format!(
            "{vehicles} vehicles, {steps} steps ({empty} empty), {gaps} gaps, {teleports} teleports"
        );
        line(&mut text, "traces", value);
    }
    if let (Some(longitude), Some(latitude)) =
        (mobility["origin"]["longitude"].as_f64(), mobility["origin"]["latitude"].as_f64())
    {
        line(&mut text, "origin", format!("longitude {longitude:.6}, latitude {latitude:.6}"));
    }
    line(&mut text, "handovers", short(&summary["handovers"]));
    report_cells(&mut text, &summary["cells"]);
    report_wifi(&mut text, &summary["wifi"]);
    report_vehicles(&mut text, &summary["vehicles"]);
    let rate = run["events_per_s"].as_f64().unwrap_or(0.0) / 1e6;
    let wall = short(&run["wall_s"]);
    line(&mut text, "events", format!("{} in {wall} s ({rate:.2} M/s)", short(&summary["events"])));
    line(&mut text, "fingerprint", run["fingerprint"].as_str().unwrap_or_default().to_string());
    line(&mut text, "written to", path.display().to_string());
    for note in summary["notes"].as_array().into_iter().flatten() {
        let _ = writeln!(text, "  note: {}", note.as_str().unwrap_or_default());
    }
    text
}
