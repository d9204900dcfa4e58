//! Numbers as the report writes them, and the numbers of a summary.

use crate::plot::{metric_axis, quantity};
use serde_json::Value;

/// A whole number with its digits in groups of three; thin spaces do not break lines.
pub(super) fn whole(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number of a summary with the unit that its path names; what shares are, in percent.
pub(super) fn of_metric(path: &str, value: &Value) -> String {
    let last = path.rsplit('.').next().unwrap_or(path);
    match (value.as_u64(), value.as_f64()) {
        (Some(count), _) if metric_axis(path).unit.is_empty() => whole(count),
        (_, Some(number)) if is_share(last) => percent(number),
        (_, Some(number)) => quantity(number, &metric_axis(path).unit),
        _ => "–".into(),
    }
}

/// Whether a metric of this name is a share of something.
fn is_share(name: &str) -> bool {
    ["share", "utilisation", "slatah", "pdm", "sla_violation", "availability"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// A share, or the difference of two, in percent with two decimals.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let sign = if percent < 0.0 { "\u{2212}" } else { "" };
    match percent.abs() {
        size if !size.is_finite() => "–".into(),
        0.0 => "0 %".into(),
        size if size < 0.005 => format!("{sign}< 0.01 %"),
        size => format!("{sign}{size:.2} %"),
    }
}

/// The value at a path of keys.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().try_fold(value, |value, key| value.get(key)).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_written_for_people() {
        for (count, expected) in
            [(0, "0"), (999, "999"), (36_016, "36\u{202f}016"), (1_234_567, "1\u{202f}234\u{202f}567")]
        {
            assert_eq!(whole(count), expected);
        }
        for (path, value, expected) in [
            ("workloads.tasks.created", json!(36016), "36\u{202f}016"),
            ("workloads.tasks.success_share", json!(0.96675), "96.67 %"),
            ("tiers.edge.utilisation", json!(-0.1612), "\u{2212}16.12 %"),
            ("tiers.edge.utilisation", json!(-1e-9), "\u{2212}< 0.01 %"),
            ("tiers.edge.utilisation", json!(0.0), "0 %"),
            ("workloads.tasks.service_s.mean", json!(0.8357), "835.7 ms"),
            ("workloads.tasks.service_s.mean", json!(null), "–"),
            ("tiers.edge.energy_j", json!(560_226.0), "560.2 kJ"),
            ("tiers.edge.cores", json!(72.0), "72"),
        ] {
            assert_eq!(of_metric(path, &value), expected, "{path}");
        }
    }
}
