//! Amounts as Compose writes them.

use super::super::json::GREATEST_AMOUNT;
use super::super::yaml::YamlAt;

/// How much, where it is said.
#[derive(Default)]
pub(super) struct Amounts {
    pub(super) cores: Option<f64>,
    pub(super) memory_bytes: Option<f64>,
    pub(super) accelerators: Option<f64>,
}

/// What a service needs: what is set aside for it, and what limits it.
#[derive(Default)]
pub(super) struct Needs {
    pub(super) reserved: Amounts,
    pub(super) limit: Amounts,
    pub(super) storage_bytes: f64,
    pub(super) availability: f64,
    pub(super) processing_ms: Option<f64>,
}

/// Tells of variables, which Compose would take from its environment.
fn no_number(at: &YamlAt<'_>, text: &str, expected: &str) {
    let message = format!("found {text:?}, expected {expected}");
    if text.contains("${") {
        at.error_with_help(message, "variables are not set here; `docker compose config` puts them in");
    } else {
        at.error(message);
    }
}

/// A whole number.
pub(super) fn count(at: &YamlAt<'_>) -> Option<u32> {
    let text = at.text()?;
    let count = text.parse().ok();
    if count.is_none() {
        no_number(at, &text, "a whole number of at least 0");
    }
    count
}

/// A number of cores.
pub(super) fn cores(at: &YamlAt<'_>) -> Option<f64> {
    let text = at.text()?;
    let cores = text.parse::<f64>().ok().filter(|cores| (0.0..=GREATEST_AMOUNT).contains(cores));
    if cores.is_none() {
        no_number(at, &text, "a number of cores");
    }
    cores
}

/// A size in bytes as Compose writes it: a number and b, k, kb, m, mb, g or gb, each 1024 times the last.
pub(super) fn bytes(at: &YamlAt<'_>) -> Option<f64> {
    let text = at.text()?;
    let lower = text.trim().to_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match lower[digits.len()..].trim() {
        "" | "b" => Some(1.0),
        "k" | "kb" => Some(1024.0),
        "m" | "mb" => Some(1024.0 * 1024.0),
        "g" | "gb" => Some(1024.0 * 1024.0 * 1024.0),
        _ => None,
    };
    let number =
        digits.trim().parse::<f64>().ok().filter(|number| (0.0..=GREATEST_AMOUNT).contains(number));
    let bytes = factor.zip(number).map(|(factor, number)| factor * number);
    if bytes.is_none() {
        no_number(at, &text, "a size such as 50M (units: b, k, m, g)");
    }
    bytes
}
