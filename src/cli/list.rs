//! `stratosim list`: what can be named by `kind` or from the `library` in a scenario.

use super::{Failure, print};
use crate::scenario::format::InfrastructureSpec;
use crate::scenario::library::{APPLICATIONS, application};
use crate::scenario::{Registry, schema_of};
use clap::{Args, ValueEnum};
use serde_json::Value;
use std::fmt::Write;

/// List the workloads, policies, models, presets of power, applications and infrastructures that a scenario can
/// name, with their parameters.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stratosim list policies")]
pub(super) struct List {
    /// What to list; everything if left out.
    what: Option<What>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    Workloads,
    Policies,
    Models,
    Dynamics,
    Power,
    Applications,
    Infrastructures,
}

impl List {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let mut text = String::new();
        let mut family = "";
        for kind in Registry::with_builtins().kinds() {
            let what = match kind.family {
                "workload" => What::Workloads,
                "power model" | "power preset" | "frequency preset" => What::Power,
                "mobility model" | "path loss model" => What::Models,
                "change of dynamics" => What::Dynamics,
                _ => What::Policies,
            };
            if self.what.is_some_and(|wanted| wanted != what) {
                continue;
            }
            if kind.family != family {
                let gap = if family.is_empty() { "" } else { "\n" };
                family = kind.family;
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{gap}{family}:");
            }
            let _ = writeln!(text, "  {:<18} {}", kind.name, first_sentence(&kind.summary));
            for (name, meaning, default) in &kind.parameters {
                parameter(&mut text, name, meaning, default.as_ref());
            }
        }
        for (what, list) in [
            (What::Applications, applications as fn() -> String),
            (What::Infrastructures, infrastructures),
        ] {
            if self.what.is_none_or(|wanted| wanted == what) {
                let gap = if text.is_empty() { "" } else { "\n" };
                text = format!("{text}{gap}{}", list());
            }
        }
        print(&text);
        Ok(())
    }
}

/// A parameter; `None` as the default of one that is required.
fn parameter(text: &mut String, name: &str, meaning: &str, default: Option<&Value>) {
    let mut default = match default {
        None => "required".to_string(),
        Some(Value::Null) => "optional".to_string(),
        Some(value) => value.to_string(),
    };
    if default.len() > 48 {
        default = "...".into();
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "      {name} ({default}): {}", first_sentence(meaning));
}

/// The applications of the library.
fn applications() -> String {
    let mut text = "application:\n".to_owned();
    for listed in APPLICATIONS {
        let Ok(read) = application(listed.name) else { continue };
        let counts = format!(
            "{} services, {} interactions, {} flows",
            read.services.len(),
            read.interactions.iter().map(|way| 1 + usize::from(way.symmetric)).sum::<usize>(),
            read.flows.len()
        );
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:<24} {} {counts}.", listed.name, listed.summary);
    }
    text
}

/// The infrastructures of the library, as the schema describes them.
fn infrastructures() -> String {
    let mut text = "infrastructure:\n".to_owned();
    let schema = schema_of::<InfrastructureSpec>();
    let line = |value: &Value| value.as_str().unwrap_or_default().replace('\n', " ");
    for one in schema["oneOf"].as_array().into_iter().flatten() {
        let name = line(&one["properties"]["library"]["const"]);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<18} {}", first_sentence(&line(&one["description"])));
        let required = one["required"].as_array().cloned().unwrap_or_default();
        for (key, property) in one["properties"].as_object().into_iter().flatten() {
            if key != "library" {
                let must = required.iter().any(|name| name == key);
                let default = (!must).then_some(&property["default"]);
                parameter(&mut text, key, &line(&property["description"]), default);
            }
        }
    }
    text
}

fn first_sentence(text: &str) -> &str {
    match text.find(". ") {
        Some(end) => &text[..=end],
        None => text,
    }
}
