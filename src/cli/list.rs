//! `stratosim list`: what can be named by `kind` in a scenario.

use super::{Failure, print};
use crate::scenario::Registry;
use clap::{Args, ValueEnum};
use std::fmt::Write;

/// List the workloads, policies, models and presets of power that a scenario can name, with their parameters.
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
}

impl List {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let mut text = String::new();
        let mut family = "";
        for kind in Registry::with_builtins().kinds() {
            let what = match kind.family {
                "workload" => What::Workloads,
                "power model" | "power preset" | "frequency preset" => What::Power,
                "mobility model" => What::Models,
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
                let default = match default {
                    None => "required".to_string(),
                    Some(serde_json::Value::Null) => "optional".to_string(),
                    Some(value) => value.to_string(),
                };
                let mut default: String = default;
                if default.len() > 48 {
                    default = "...".into();
                }
                let _ = writeln!(text, "      {name} ({default}): {}", first_sentence(meaning));
            }
        }
        print(&text);
        Ok(())
    }
}

fn first_sentence(text: &str) -> &str {
    match text.find(". ") {
        Some(end) => &text[..=end],
        None => text,
    }
}
