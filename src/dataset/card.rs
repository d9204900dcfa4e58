//! The data card: what is in a dataset, where it comes from, and what it is not good for.

use super::format::{DatasetSpec, GapsName, SamplesSpec, ScaleName, SplitSpec};
use super::layout::{Layout, OutColumn};
use super::plan::{Engine, Plan, Role};
use super::sources::Run;
use super::split::{Part, Split};
use super::statistics::{Counts, PartCounts};
use super::{DatasetSummary, LabelClasses};
use crate::output::RecorderSummary;
use crate::scenario::format::FormatName;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;

/// What a card tells of.
pub(super) struct Card<'c> {
    pub(super) name: &'c str,
    pub(super) spec: &'c DatasetSpec,
    pub(super) plan: &'c Plan,
    pub(super) runs: &'c [Run],
    pub(super) split: &'c Split,
    pub(super) layout: &'c Layout,
    pub(super) counts: &'c Counts,
    pub(super) tables: &'c RecorderSummary,
}

/// Classes that a card lists of a label.
const MOST_CLASSES: usize = 50;
/// Runs that the Markdown card lists; the JSON has all.
const MOST_RUNS: usize = 50;

impl Card<'_> {
    /// The number of rows of each part that there is.
    fn rows(&self) -> Vec<(Part, u64)> {
        let wanted = self.split.wanted().iter();
        wanted
            .map(|part| (*part, self.tables.table(part.name()).map_or(0, |table| table.rows())))
            .collect()
    }

    /// The labels (or the action), with the counts of their classes.
    fn classes(&self) -> impl Iterator<Item = (&str, Vec<(&String, &PartCounts)>)> {
        let columns = self.plan.values.iter().zip(&self.counts.classes);
        columns
            .filter(|(column, _)| matches!(column.role, Role::Label | Role::Action))
            .map(|(column, classes)| (column.spec.name.as_ref(), classes.iter().collect::<Vec<_>>()))
    }

    pub(super) fn summary(&self, path: &Path) -> DatasetSummary {
        let classes = self.classes().map(|(label, classes)| {
            let classes = classes.into_iter().map(|(name, counts)| (name.clone(), *counts));
            LabelClasses { label: label.to_string(), classes: classes.collect() }
        });
        DatasetSummary {
            path: path.to_path_buf(),
            parts: self.rows().into_iter().map(|(part, rows)| (part.name(), rows)).collect(),
            classes: classes.collect(),
            columns: self.layout.columns.len(),
            purged: self.counts.totals.purged,
            incomplete: self.counts.totals.incomplete,
            fingerprint: self.tables.fingerprint(),
        }
    }

    fn extension(&self) -> &'static str {
        match self.spec.format {
            FormatName::Csv => "csv",
            FormatName::Parquet => "parquet",
        }
    }

    fn kind(&self) -> &'static str {
        match &self.spec.samples {
            SamplesSpec::Windows(_) => "windows",
            SamplesSpec::Classification(_) => "classification",
            SamplesSpec::Decisions(_) => "decisions",
        }
    }

    /// How the parts are held apart, in words.
    fn split_in_words(&self) -> String {
        match &self.spec.split {
            SplitSpec::Run(split) if split.separate_seeds => {
                "By run. Runs of the same seed may be in different parts, although they share their random \
                 numbers: arrivals, movements and faults of the test part may have been trained on."
                    .into()
            }
            SplitSpec::Run(_) => {
                "By run. Runs of the same seed, which share their random numbers, are in the same part.".into()
            }
            SplitSpec::Time(split) => {
                let embargo = split.embargo.as_secs();
                let embargo = if embargo > 0.0 {
                    format!(", and none begins within {embargo} s after one")
                } else {
                    String::new()
                };
                format!(
                    "By time, within each run: training first, test last. Windows that reach over a border are \
                     left out{embargo}."
                )
            }
            SplitSpec::Entity(_) => {
                "By entity: all rows of an entity, over all runs, are in the same part. Entities of different \
                 parts live in the same runs at the same times, and influence each other there."
                    .into()
            }
        }
    }

    /// What the dataset is not good for.
    fn limits(&self) -> Vec<String> {
        let mut limits = vec![
            "The data are simulated: what the models leave out (docs/limitations.md of stratosim) is not in them."
                .to_string(),
        ];
        let seeds: std::collections::BTreeSet<u64> = self.runs.iter().map(|run| run.seed).collect();
        if seeds.len() == 1 {
            limits.push(
                "All runs have one seed: how results vary from seed to seed cannot be seen.".into(),
            );
        }
        match &self.plan.engine {
            Engine::Windows(windows) => {
                if self.plan.rows.sorted.is_some() {
                    limits.push(
                        "Rows are put at a time before they were written: what was known only when they were, \
                         such as an outcome, tells of the future where it is a feature."
                            .into(),
                    );
                }
                if windows.gaps == GapsName::Hold {
                    limits.push("Nulls of features were filled with the last value before them; `window_start_s` is when the oldest of them was taken.".into());
                }
                if windows.stride == 1 {
                    limits.push(
                        "Neighbouring windows share most of their rows: rows of a part are not independent.".into(),
                    );
                }
            }
            Engine::Transitions(_) => {
                limits.push(
                    "The reward is that of the decision's own outcome, which may be known only after the next \
                     decision was made."
                        .into(),
                );
                limits.push(
                    "Actions are those of the recorded policy: what it never does is not in the data. The last \
                     decision of an episode is terminal because the run ends, not because a goal is reached."
                        .into(),
                );
            }
        }
        if self.spec.balance.is_some() {
            limits.push(
                "The training part was balanced: shares of classes in it are not those that occur."
                    .into(),
            );
        }
        limits
    }

    pub(super) fn to_json(&self) -> Value {
        let rows = self.rows();
        let parts: Map<String, Value> = rows
            .iter()
            .map(|(part, rows)| {
                let name = part.name();
                let table = self.tables.table(name);
                let fingerprint = table.map(|table| format!("{:016x}", table.fingerprint()));
                let file = format!("{name}.{}", self.extension());
                let samples = self.counts.totals.samples[*part as usize];
                let value =
                    json!({ "file": file, "rows": rows, "samples": samples, "fingerprint": fingerprint });
                (name.to_string(), value)
            })
            .collect();
        let by_part = |counts: &PartCounts| -> Value {
            let counts =
                rows.iter().map(|(part, _)| (part.name().to_string(), json!(counts[*part as usize])));
            counts.collect::<Map<_, _>>().into()
        };
        let classes: Map<String, Value> = self
            .classes()
            .map(|(label, classes)| {
                let counts: Map<String, Value> =
                    classes.into_iter().map(|(name, counts)| (name.clone(), by_part(counts))).collect();
                (label.to_string(), counts.into())
            })
            .collect();
        let columns: Vec<Value> = self
            .layout
            .columns
            .iter()
            .map(|OutColumn { spec, role, .. }| {
                json!({
                    "name": spec.name,
                    "role": role,
                    "type": spec.kind.to_string(),
                    "unit": spec.unit,
                    "meaning": spec.meaning,
                })
            })
            .collect();
        let totals = &self.counts.totals;
        json!({
            "name": self.name,
            "description": self.spec.description,
            "licence": self.spec.licence,
            "stratosim": env!("CARGO_PKG_VERSION"),
            "kind": self.kind(),
            "table": self.plan.table.name,
            "fingerprint": format!("{:016x}", self.tables.fingerprint()),
            "parts": parts,
            "classes": classes,
            "columns": columns,
            "split": { "spec": self.spec.split, "in_words": self.split_in_words() },
            "scale": self.spec.scale,
            "balance": self.spec.balance,
            "rows_read": totals.rows_read,
            "left_out": {
                "over_a_border": totals.purged,
                "of_no_part": totals.left_out,
                "lacking_a_value": totals.incomplete,
                "rows_without_time": totals.without_time,
                "rows_without_entity": totals.without_entity,
            },
            "provenance": self.runs.iter().map(Run::provenance).collect::<Vec<_>>(),
            "limits": self.limits(),
        })
    }

    pub(super) fn to_markdown(&self) -> String {
        let mut text = format!("# {}\n\n", line(self.name));
        // Writing to a string cannot fail.
        if let Some(description) = &self.spec.description {
            let _ = writeln!(text, "{}\n", line(description));
        }
        let licence = self.spec.licence.as_deref().unwrap_or("none is given");
        let _ = writeln!(
            text,
            "Made by stratosim {} from table `{}` ({}). Licence: {}. Fingerprint: `{:016x}`.\n",
            env!("CARGO_PKG_VERSION"),
            self.plan.table.name,
            self.kind(),
            line(licence),
            self.tables.fingerprint()
        );
        self.parts_in_markdown(&mut text);
        text.push_str(
            "## Columns\n\n| column | role | type | unit | meaning |\n| --- | --- | --- | --- | --- |\n",
        );
        for OutColumn { spec, role, .. } in &self.layout.columns {
            let (name, unit, meaning) = (cell(&spec.name), cell(&spec.unit), cell(&spec.meaning));
            let _ = writeln!(text, "| `{name}` | {role} | {} | {unit} | {meaning} |", spec.kind);
        }
        self.runs_in_markdown(&mut text);
        text.push_str("\n## Known limits\n\n");
        for limit in self.limits() {
            let _ = writeln!(text, "* {limit}");
        }
        text
    }

    fn parts_in_markdown(&self, text: &mut String) {
        let rows = self.rows();
        let _ = writeln!(text, "## Parts\n\n| part | file | rows |\n| --- | --- | ---: |");
        for (part, rows) in &rows {
            let name = part.name();
            let _ = writeln!(text, "| {name} | `{name}.{}` | {rows} |", self.extension());
        }
        let _ = writeln!(text, "\n{}", self.split_in_words());
        let scale = match self.spec.scale {
            ScaleName::None => "Numbers are as they are;",
            ScaleName::Standard => "Numeric features are scaled to mean 0 and standard deviation 1;",
            ScaleName::MinMax => "Numeric features are scaled to the range from 0 to 1;",
            ScaleName::Robust => "Numeric features are scaled to median 0 and interquartile range 1;",
        };
        let _ = writeln!(text, "{scale} `scaling.json` has the statistics of the training part.");
        let totals = &self.counts.totals;
        let _ = writeln!(
            text,
            "Of {} rows read, {} samples were left out because they lack a value, {} because they reach over a \
             border, {} because they belong to no part.",
            totals.rows_read, totals.incomplete, totals.purged, totals.left_out
        );
        for (rows, lack) in [(totals.without_time, "time"), (totals.without_entity, "entity")] {
            if rows > 0 {
                let _ = writeln!(text, "{rows} rows have no {lack}, and were passed over.");
            }
        }
        text.push('\n');
        for (label, classes) in self.classes() {
            let _ = writeln!(text, "## Classes of `{}`\n", cell(label));
            let names: Vec<&str> = rows.iter().map(|(part, _)| part.name()).collect();
            let _ = writeln!(text, "| class | {} |", names.join(" | "));
            let _ = writeln!(text, "| --- |{}", " ---: |".repeat(names.len()));
            for (name, counts) in classes.iter().take(MOST_CLASSES) {
                let counts: Vec<String> =
                    rows.iter().map(|(part, _)| counts[*part as usize].to_string()).collect();
                let _ = writeln!(text, "| {} | {} |", cell(name), counts.join(" | "));
            }
            if classes.len() > MOST_CLASSES {
                let _ = writeln!(text, "\nand {} more, see `card.json`", classes.len() - MOST_CLASSES);
            }
            text.push('\n');
        }
        if self.spec.balance.is_some() {
            text.push_str("These are counts before the training part was balanced.\n\n");
        }
    }

    fn runs_in_markdown(&self, text: &mut String) {
        text.push_str("\n## Provenance\n\n| run | seed | axes | scenario | fingerprint | stratosim |\n");
        text.push_str("| --- | ---: | --- | --- | --- | --- |\n");
        for run in self.runs.iter().take(MOST_RUNS) {
            let provenance = run.provenance();
            let word = |key: &str| cell(provenance[key].as_str().unwrap_or("-"));
            let axes: Vec<String> = run
                .axes
                .iter()
                .map(|(name, value)| {
                    format!(
                        "{name} = {}",
                        value.as_str().map_or_else(|| value.to_string(), str::to_string)
                    )
                })
                .collect();
            let _ = writeln!(
                text,
                "| {} | {} | {} | `{}` | `{}` | {} |",
                word("run"),
                run.seed,
                cell(&axes.join(", ")),
                word("scenario_hash"),
                word("fingerprint"),
                word("stratosim")
            );
        }
        if self.runs.len() > MOST_RUNS {
            let _ = writeln!(text, "\nand {} more, see `card.json`", self.runs.len() - MOST_RUNS);
        }
    }
}

/// Text as one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as it may stand in a cell of a table.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|")
}
