//! The plan of a set of decisions.

use super::columns::Columns;
use super::{Engine, Plan, Role, ValueColumn, find_table, tie};
use crate::dataset::cells::CellPlan;
use crate::dataset::format::{ActionBy, DecisionsSpec, EpisodeName, GapsName};
use crate::dataset::predicate::is_text;
use crate::dataset::rows::RowPlan;
use crate::dataset::transitions::Transitions;
use crate::records::{ColumnKind, ColumnSpec, TableSpec};
use crate::scenario::Site;

/// What is carried along if nothing is said of it, as far as the table has it.
const INFO: [&str; 3] = ["decision", "policy", "outcome"];
const TIME: &str = "t_s";

pub(super) fn plan(spec: &DecisionsSpec, site: &Site<'_>, tables: &[TableSpec]) -> Option<Plan> {
    let table = find_table(&spec.table, &site.key("table"), tables)?;
    let mut columns = Columns::new(table);
    let time = columns.time(TIME, &site.key("table"))?;
    let (entity, entity_specs) = columns.entity(&spec.entity, site)?;
    if spec.gaps == GapsName::Hold {
        site.key("gaps").error_with_help(
            "what a policy did not see is not made up: decisions have no `hold`",
            "use `drop` or `mark`",
        );
        return None;
    }
    let conditions = columns.conditions(&spec.conditions, site)?;
    let mut values = Vec::new();
    let here = site.key("observation");
    for (index, name) in spec.observation.iter().enumerate() {
        let (_, column) = observed(&mut columns, name, &here.index(index), index)?;
        values.push(ValueColumn {
            spec: ColumnSpec { name: format!("obs_{name}").into(), ..column },
            role: Role::Feature,
        });
    }
    values.push(action(spec, &entity, &mut columns, site)?);
    let (place, reward) = columns.find(&spec.reward, &site.key("reward"))?;
    if is_text(reward.kind) {
        site.key("reward").error(format!("column {:?} is text; a reward is a number", reward.name));
        return None;
    }
    columns.cells.push(CellPlan::Number(place));
    values.push(ValueColumn {
        spec: ColumnSpec { name: "reward".into(), kind: ColumnKind::Float, ..reward },
        role: Role::Reward,
    });
    let info: Vec<String> = match &spec.info {
        Some(info) => info.clone(),
        None => {
            let there = INFO.iter().filter(|name| table.column(name).is_some());
            there.map(ToString::to_string).collect()
        }
    };
    for (index, name) in info.iter().enumerate() {
        let (place, column) = columns.find(name, &site.key("info").index(index))?;
        let text = is_text(column.kind);
        columns.cells.push(if text { CellPlan::Text(place) } else { CellPlan::Number(place) });
        let kind = if text { ColumnKind::Category } else { column.kind };
        values.push(ValueColumn { spec: ColumnSpec { kind, ..column }, role: Role::Info });
    }
    let transitions = Transitions {
        observation: spec.observation.len(),
        cells: columns.cells.len(),
        drop_nulls: spec.gaps == GapsName::Drop,
        by_run: spec.episode == EpisodeName::Run,
    };
    for index in 0..spec.observation.len() {
        let observed = values[index].spec.clone();
        let meaning =
            format!("at the next decision of the episode, null after the last: {}", observed.meaning);
        values.push(ValueColumn {
            spec: ColumnSpec {
                name: format!("next_{}", observed.name).into(),
                meaning: meaning.into(),
                ..observed
            },
            role: Role::Next(index),
        });
    }
    let flag = ColumnSpec::boolean("terminal", "whether it is the last decision of its episode");
    values.push(ValueColumn { spec: flag, role: Role::Info });
    let step = ColumnSpec::unsigned("step", "", "number of the decision in its episode, from 0");
    values.push(ValueColumn { spec: step, role: Role::Info });
    let sorted = tie(table, TIME, &mut columns);
    Some(Plan {
        table: columns.spec(),
        rows: RowPlan {
            columns: columns.names(),
            time,
            entity,
            conditions,
            cells: std::mem::take(&mut columns.cells),
            sorted,
        },
        engine: Engine::Transitions(transitions),
        events: Vec::new(),
        entity: entity_specs,
        values,
        needs_tiers: spec.action.by == ActionBy::Tier,
    })
}

/// The cell of an observed column, whose number is that of the observation.
fn observed(
    columns: &mut Columns<'_>,
    name: &str,
    site: &Site<'_>,
    index: usize,
) -> Option<(usize, ColumnSpec)> {
    let (cell, column) = columns.value(name, site)?;
    if cell != index {
        site.error(format!("{name:?} is given twice"));
        return None;
    }
    let kind = if is_text(column.kind) { ColumnKind::Category } else { ColumnKind::Float };
    Some((cell, ColumnSpec { kind, ..column }))
}

fn action(
    spec: &DecisionsSpec,
    entity: &[usize],
    columns: &mut Columns<'_>,
    site: &Site<'_>,
) -> Option<ValueColumn> {
    let here = site.key("action").key("column");
    let (place, column) = columns.find(&spec.action.column, &here)?;
    let text = is_text(column.kind);
    let (cell, kind, meaning) = match spec.action.by {
        ActionBy::Value if text => (CellPlan::Text(place), ColumnKind::Category, column.meaning),
        ActionBy::Value => (CellPlan::Number(place), ColumnKind::Float, column.meaning),
        ActionBy::Tier if text => {
            let meaning = format!("tier of: {}; local where it was asked for", column.meaning);
            let own = entity.first().copied();
            (CellPlan::Tier { node: place, own }, ColumnKind::Category, meaning.into())
        }
        ActionBy::Tier => {
            here.error(format!("column {:?} is no text, and so names no node", column.name));
            return None;
        }
    };
    columns.cells.push(cell);
    Some(ValueColumn {
        spec: ColumnSpec { name: "action".into(), kind, unit: column.unit, meaning },
        role: Role::Action,
    })
}
