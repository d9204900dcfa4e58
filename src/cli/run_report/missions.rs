//! What missions, vehicles and WiFi came to.

use super::short;
use serde_json::{Value, json};
use std::fmt::Write;

/// A number of things, of which there may be one.
fn counted(value: &Value, one: &str) -> String {
    let ending = if value.as_f64() == Some(1.0) { "" } else { "s" };
    format!("{} {one}{ending}", short(value))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

fn percent(value: &Value) -> String {
    value.as_f64().map_or("-".into(), |share| format!("{:.2} %", 100.0 * share))
}

fn watt_hours(joules: &Value) -> String {
    format!("{} Wh", short(&json!(number(joules) / 3600.0)))
}

/// How often something ended how, as far as it did.
fn ends(ended: &Value) -> String {
    let ends = ended.as_object().into_iter().flatten().filter(|(_, count)| number(count) > 0.0);
    let ends: Vec<String> =
        ends.map(|(name, count)| format!("{} {}", short(count), name.replace('_', " "))).collect();
    ends.join(", ")
}

/// A count and how they ended.
fn with_ends(count: String, ended: &Value) -> String {
    let ends = ends(ended);
    if ends.is_empty() { count } else { format!("{count}: {ends}") }
}

fn write(text: &mut String, lines: Vec<(&str, String)>) {
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<22} {value}");
    }
}

/// What a workload of missions came to, beside their outcomes.
pub(super) fn report_missions(text: &mut String, workload: &Value) {
    let mut lines = Vec::new();
    if number(&workload["missions"]) > 0.0 {
        let covered = match number(&workload["covered_m2"]) {
            0.0 => String::new(),
            area_m2 => format!(", {} ha covered", short(&json!(area_m2 / 1e4))),
        };
        let worked_km = short(&json!(number(&workload["worked_m"]) / 1e3));
        let sorties = counted(&workload["sorties"], "sortie");
        let energy = watt_hours(&workload["energy_j"]);
        lines.push(("  work", format!("{worked_km} km of lines{covered}, {sorties}, {energy}")));
    }
    let (weeds, engagements) = (&workload["weeds"], &workload["engagements"]);
    let has_weeds = number(&weeds["passed"]) > 0.0;
    if has_weeds {
        let seen = format!(
            "{} seen ({} by vehicles, {} by drones)",
            percent(&weeds["detected_share"]),
            short(&weeds["detected_by_vehicle"]),
            short(&weeds["detected_by_drone"])
        );
        let sprayed = short(&weeds["sprayed_l"]);
        lines.push((
            "  weeds",
            format!("{} passed, {seen}, {sprayed} l sprayed", short(&weeds["passed"])),
        ));
    }
    if has_weeds || number(&engagements["count"]) > 0.0 {
        lines.push(("  engagements", with_ends(short(&engagements["count"]), &engagements["ended"])));
    }
    if number(&engagements["count"]) > 0.0 {
        let [station, overhead, gained, value] =
            ["station_s", "overhead_s", "gained_s", "value"].map(|key| short(&engagements[key]));
        let energy = watt_hours(&engagements["energy_j"]);
        lines.push(("  drones", format!("{station} s on station, {overhead} s to get there, {energy}")));
        lines.push(("  gained", format!("{gained} s of perfect detection, value {value} s")));
    }
    let frames = &workload["frames"];
    if number(&frames["created"]) > 0.0 {
        let delay = &frames["delay_s"];
        let [mean, median, most] = ["mean", "p50", "p95"].map(|key| short(&delay[key]));
        lines.push(("  frames", with_ends(short(&frames["created"]), &frames["ended"])));
        lines.push(("  frame delay", format!("mean {mean} s, median {median} s, 95 % {most} s")));
    }
    write(text, lines);
}

/// What drones and rovers came to; nothing without any.
pub(super) fn report_vehicles(text: &mut String, vehicles: &Value) {
    if !vehicles.is_object() {
        return;
    }
    let flights = with_ends(counted(&vehicles["flights"], "flight"), &vehicles["ended"]);
    let distance_km = short(&json!(number(&vehicles["distance_m"]) / 1e3));
    let motion = watt_hours(&vehicles["motion_j"]);
    let other = watt_hours(&vehicles["other_j"]);
    let mut lines = vec![
        ("vehicles", format!("{}, {flights}", short(&vehicles["vehicles"]))),
        ("  distance", format!("{distance_km} km, {motion} of motion, {other} of all else")),
    ];
    if number(&vehicles["reserve_returns"]) > 0.0 {
        lines.push(("  back by reserve", short(&vehicles["reserve_returns"])));
    }
    write(text, lines);
}

/// What modelled WiFi came to; nothing without any.
pub(super) fn report_wifi(text: &mut String, wifi: &Value) {
    if !wifi.is_object() {
        return;
    }
    let [stations, points] = [("stations", "station"), ("access_points", "access point")]
        .map(|(key, one)| counted(&wifi[key], one));
    let share = percent(&wifi["associated_share"]);
    let never = match number(&wifi["never_associated"]) {
        0.0 => String::new(),
        _ => format!(", {} never", short(&wifi["never_associated"])),
    };
    let [down, up] = ["down", "up"].map(|key| short(&json!(number(&wifi["goodput_bps"][key]) / 1e6)));
    let airtime = percent(&wifi["airtime_per_access_point"]);
    let snr = match wifi["snr_db"]["p50"].is_number() {
        true => format!(", median SNR {} dB", short(&wifi["snr_db"]["p50"])),
        false => String::new(),
    };
    let [associations, roams] = ["associations", "roams"].map(|key| short(&wifi[key]));
    write(
        text,
        vec![
            ("wifi", format!("{stations} at {points}, associated {share} of the time{never}")),
            ("  goodput", format!("{down} Mbit/s down, {up} up, each station")),
            ("  channel", format!("{airtime} of the time of each access point taken{snr}")),
            ("  associations", format!("{associations}, {roams} of them from another access point")),
        ],
    );
}
