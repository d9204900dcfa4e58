//! The plan of labels.

use super::columns::Columns;
use super::windows::Maker;
use super::{Role, find_table};
use crate::dataset::cells::CellPlan;
use crate::dataset::event_table::EventPlan;
use crate::dataset::format::{EventsSpec, LabelSpec, OverName, PredicateSpec, SpanSpec, WindowsSpec};
use crate::dataset::windows::{Back, Output, Over, Past};
use crate::records::{ColumnKind, ColumnSpec};
use crate::scenario::Site;

impl Maker<'_> {
    pub(super) fn labels(&mut self, spec: &WindowsSpec, site: &Site<'_>) -> Option<()> {
        let here = site.key("labels");
        let mut good = Some(());
        for (index, label) in spec.labels.iter().enumerate() {
            let here = here.index(index);
            let (horizon, at) = match &label.horizon {
                Some(horizon) => (horizon, here.key("horizon")),
                None => (&spec.horizon, site.key("horizon")),
            };
            if label.horizon.is_some() && label.over != OverName::Horizon {
                here.key("horizon").error("a label looks ahead only with \"over\": \"horizon\"");
                good = None;
                continue;
            }
            good = good.and(self.label(label, horizon, &here, &at));
        }
        good
    }

    fn label(
        &mut self,
        spec: &LabelSpec,
        horizon: &SpanSpec,
        site: &Site<'_>,
        horizon_site: &Site<'_>,
    ) -> Option<()> {
        let ahead = match spec.over {
            OverName::Horizon => Some(self.ahead_span(horizon, horizon_site)?.0),
            OverName::Row | OverName::Window => None,
        };
        if spec.otherwise.is_some() && spec.column.is_none() {
            site.key("otherwise").error("only a label by `column` has a class for nulls");
            return None;
        }
        let place = match (spec.over, ahead) {
            (OverName::Window, _) => "in the window".to_string(),
            (_, Some(span)) => format!("within the next {}", self.in_words(span)),
            _ => "in the row".to_string(),
        };
        let (output, kind, meaning) = match (&spec.column, &spec.when, &spec.events) {
            (Some(name), None, None) => {
                let (mut column, described) = self.columns.value(name, &site.key("column"))?;
                if let Some(otherwise) = &spec.otherwise {
                    column = self.columns.value_or(name, otherwise, site)?;
                }
                let output = match (spec.over, ahead) {
                    (OverName::Window, _) => {
                        site.key("over").error_with_help(
                            "a window has many values of the column",
                            "use `row` or `horizon`, or ask for a condition with `when`",
                        );
                        return None;
                    }
                    (_, Some(span)) => self.last_ahead(column, span),
                    _ => Output::Lag { column, rows: 0 },
                };
                let kind = match described.kind {
                    ColumnKind::Text => ColumnKind::Category,
                    kind => kind,
                };
                (output, kind, described.meaning.to_string())
            }
            (None, Some(when), None) => {
                let condition = self.columns.condition(when, &site.key("when"))?;
                let column = self.columns.cell(CellPlan::Condition(condition));
                let output = match (spec.over, ahead) {
                    (OverName::Window, _) => {
                        self.pasts.push(Past { column, back: Back::Whole, decay: 1.0 });
                        Output::AnyPast { past: self.pasts.len() - 1 }
                    }
                    (_, Some(span)) => Output::AnyAhead { ahead: self.ahead(column, span) },
                    _ => Output::Lag { column, rows: 0 },
                };
                let meaning = format!("whether {place} {}", condition_in_words(when));
                (output, ColumnKind::Boolean, meaning)
            }
            (None, None, Some(events)) => {
                let set = self.event_set(events, &site.key("events"))?;
                let is_instant = events.end.is_none() && events.until.is_none();
                let over = match (spec.over, ahead) {
                    (OverName::Window, _) => Over::Window,
                    (_, Some(span)) => Over::Ahead(span),
                    _ if is_instant => {
                        site.key("over").error_with_help(
                            "events that last no time are not found at the instant of a row",
                            "use `window` or `horizon`, or say with `end` or `until` how long they last",
                        );
                        return None;
                    }
                    _ => Over::Instant,
                };
                let meaning = format!("whether {place} an event of table {} goes on", events.table);
                (Output::Event { set, over }, ColumnKind::Boolean, meaning)
            }
            _ => {
                site.error("a label has exactly one of `column`, `when` and `events`");
                return None;
            }
        };
        self.add(output, Role::Label, ColumnSpec::new(spec.name.clone(), kind, "", meaning));
        Some(())
    }

    fn event_set(&mut self, spec: &EventsSpec, site: &Site<'_>) -> Option<usize> {
        let table = find_table(&spec.table, &site.key("table"), self.tables)?;
        if spec.end.is_some() && spec.until.is_some() {
            site.key("until").error("`end` says already when an event is over");
            return None;
        }
        if spec.end.is_some() && spec.begin.is_none() {
            site.key("end").error("an event that has an `end` needs a `begin`, too");
            return None;
        }
        let mut columns = Columns::new(table);
        let time = columns.time(&spec.time, &site.key("time"))?;
        let key = match &spec.key {
            None => None,
            Some(key) => {
                let (place, _) = columns.find(key, &site.key("key"))?;
                let part = match (&spec.matches, self.entity) {
                    (None, [_]) => 0,
                    (None, _) => {
                        site.key("key").error_with_help(
                            format!("the samples have {} entity columns", self.entity.len()),
                            "say with `matches` which of them it is the same as",
                        );
                        return None;
                    }
                    (Some(name), entity) => {
                        let Some(part) = entity.iter().position(|column| column == name) else {
                            let known = entity.iter().map(String::as_str);
                            site.key("matches").unknown("entity column", name, known);
                            return None;
                        };
                        part
                    }
                };
                Some((place, part))
            }
        };
        let conditions = columns.conditions(&spec.conditions, site)?;
        let mut optional = |spec: &Option<_>, key: &str| match spec {
            Some(spec) => columns.condition(spec, &site.key(key)).map(Some),
            None => Some(None),
        };
        let (begin, end) = (optional(&spec.begin, "begin")?, optional(&spec.end, "end")?);
        let until = match &spec.until {
            Some(until) => Some(columns.time(until, &site.key("until"))?),
            None => None,
        };
        self.events.push(EventPlan {
            table: spec.table.clone(),
            columns: columns.names(),
            time,
            key,
            conditions,
            begin,
            end,
            until,
        });
        Some(self.events.len() - 1)
    }
}

/// A condition as a user has written it.
fn condition_in_words(spec: &PredicateSpec) -> String {
    let mut value = serde_json::to_value(spec).unwrap_or_default();
    let condition = value.as_object_mut().and_then(|object| {
        object.shift_remove("column");
        let (key, value) = object.iter().next()?;
        Some(format!("{} {} {value}", spec.column, key.replace('_', " ")))
    });
    condition.unwrap_or_default()
}
