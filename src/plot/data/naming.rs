//! What columns and metrics are called on axes, and the order of names.

use crate::plot::Axis;
use std::cmp::Ordering;

/// The ends of names that are units, longest first where one ends in another.
const UNITS: [(&str, &str); 14] = [
    ("_m_per_s", "m/s"),
    ("_bytes_per_s", "B/s"),
    ("_bit_per_s", "bit/s"),
    ("_bps", "bit/s"),
    ("_bytes", "B"),
    ("_mips", "MIPS"),
    ("_mi", "MI"),
    ("_dbm", "dBm"),
    ("_db", "dB"),
    ("_hz", "Hz"),
    ("_s", "s"),
    ("_w", "W"),
    ("_j", "J"),
    ("_m", "m"),
];

/// What numbers of a metric are not in the unit that its path names.
const COUNTS: [&str; 3] = ["count", "n", "share"];

/// A name without the unit at its end, and that unit.
fn without_unit(name: &str) -> (&str, &'static str) {
    let found = UNITS.iter().find_map(|(end, unit)| Some((name.strip_suffix(end)?, *unit)));
    found.filter(|(rest, _)| !rest.is_empty()).unwrap_or((name, ""))
}

/// Words that say themselves that they are times.
const TIMES: [&str; 7] = ["deadline", "duration", "period", "interval", "time", "simulated", "warm_up"];

fn in_words(name: &str) -> String {
    name.replace('_', " ").trim().to_string()
}

/// A name without its unit in words: `service` in seconds is a service time.
fn of_unit(name: &str, unit: &str) -> String {
    let words = in_words(name);
    let is_time = TIMES.iter().any(|time| name.ends_with(time));
    if unit == "s" && !is_time { format!("{words} time") } else { words }
}

/// The axis of a table's column.
pub(super) fn column_axis(name: &str, unit: &str) -> Axis {
    if name == "t_s" {
        return Axis::new("time", unit);
    }
    let (rest, own) = without_unit(name);
    // A name that ends like a unit and has none is left whole.
    let words = if own == unit && !unit.is_empty() { of_unit(rest, unit) } else { in_words(name) };
    Axis::new(words, unit)
}

/// The axis of a metric, a path in a summary such as `workloads.tasks.service_s.mean`. The unit is that of
/// the innermost key that names one.
pub(crate) fn metric_axis(path: &str) -> Axis {
    let mut unit = "";
    let keys: Vec<String> = path
        .split('.')
        .enumerate()
        // The first key of many is the same for all metrics.
        .filter(|(index, key)| !(*index == 0 && matches!(*key, "workloads" | "tiers")))
        .map(|(_, key)| {
            let key = key.trim_matches(['[', ']', '"']);
            let (words, own) = without_unit(key);
            if !own.is_empty() {
                unit = own;
            }
            match words {
                "p50" => "median".into(),
                "p95" => "95th percentile".into(),
                "p99" => "99th percentile".into(),
                words => of_unit(words, own),
            }
        })
        .collect();
    let last = path.rsplit('.').next().unwrap_or(path);
    if COUNTS.contains(&last) {
        unit = "";
    }
    Axis::new(keys.join(" "), unit)
}

/// The order of names in which people count: `edge-2` before `edge-10`.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| -> Vec<(bool, u128, String)> {
        let mut parts: Vec<(bool, u128, String)> = Vec::new();
        let characters: Vec<char> = text.chars().collect();
        for chunk in characters.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
            let text: String = chunk.iter().collect();
            match text.parse() {
                Ok(number) => parts.push((false, number, String::new())),
                Err(_) => parts.push((true, 0, text)),
            }
        }
        parts
    };
    parts(a).cmp(&parts(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_named_in_words_with_their_units() {
        for (name, unit, label) in [
            ("service_s", "s", "service time"),
            ("deadline_s", "s", "deadline"),
            ("t_s", "s", "time"),
            ("speed_m_per_s", "m/s", "speed"),
            ("utilisation", "", "utilisation"),
            ("bandwidth_bps", "bit/s", "bandwidth"),
            ("first_s", "", "first s"),
        ] {
            assert_eq!(column_axis(name, unit), Axis::new(label, unit), "{name}");
        }
        for (path, unit, label) in [
            ("workloads.tasks.service_s.mean", "s", "tasks service time mean"),
            ("workloads.tasks.service_s.p95", "s", "tasks service time 95th percentile"),
            ("workloads.tasks.success_share", "", "tasks success share"),
            ("tiers.edge.energy_j", "J", "edge energy"),
            ("handovers", "", "handovers"),
            ("network.sent_bytes", "B", "network sent"),
            ("workloads.tasks.service_s.count", "", "tasks service time count"),
        ] {
            assert_eq!(metric_axis(path), Axis::new(label, unit), "{path}");
        }
    }

    #[test]
    fn names_are_ordered_as_people_count() {
        let mut names = ["edge-10", "edge-2", "cloud", "edge", "edge-2b"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["cloud", "edge", "edge-2", "edge-2b", "edge-10"]);
    }
}
