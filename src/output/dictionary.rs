//! Checks of table descriptions, and the data dictionary.

use super::error::OutputError;
use crate::records::TableSpec;
use serde_json::{Map, Value, json};

/// Checks the name, and that there are columns with distinct names.
pub(super) fn check_table(table: &TableSpec) -> Result<(), OutputError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !table.name.starts_with(|c: char| c.is_ascii_lowercase()) || !table.name.chars().all(allowed) {
        return Err(OutputError::TableName { table: table.name.to_string() });
    }
    if table.columns.is_empty() {
        return Err(OutputError::NoColumns { table: table.name.to_string() });
    }
    for (index, column) in table.columns.iter().enumerate() {
        if column.name.is_empty() || table.column(&column.name) != Some(index) {
            return Err(OutputError::ColumnName {
                table: table.name.to_string(),
                column: column.name.to_string(),
            });
        }
    }
    Ok(())
}

/// The data dictionary of these tables: the meaning of each, and of each column type, unit and meaning.
///
/// ```
/// use stratosim::output::dictionary;
/// use stratosim::records::{ColumnSpec, TableSpec};
/// let nodes = TableSpec::new("nodes", "Load of the nodes", [
///     ColumnSpec::float("power_w", "W", "mean power draw of the period"),
/// ]);
/// let dictionary = dictionary([&nodes]);
/// assert_eq!(dictionary["tables"]["nodes"]["columns"]["power_w"]["unit"], "W");
/// ```
#[must_use]
pub fn dictionary<'t>(tables: impl IntoIterator<Item = &'t TableSpec>) -> Value {
    let tables: Map<String, Value> = tables
        .into_iter()
        .map(|table| {
            let columns: Map<String, Value> = table
                .columns
                .iter()
                .map(|column| {
                    let entry = json!({
                        "type": column.kind.to_string(),
                        "unit": column.unit,
                        "meaning": column.meaning,
                    });
                    (column.name.to_string(), entry)
                })
                .collect();
            (table.name.to_string(), json!({ "meaning": table.meaning, "columns": columns }))
        })
        .collect();
    json!({ "tables": tables })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::ColumnSpec;

    fn columns() -> [ColumnSpec; 6] {
        [
            ColumnSpec::float("t_s", "s", "time"),
            ColumnSpec::unsigned("size_bytes", "B", "size"),
            ColumnSpec::signed("margin", "", "margin"),
            ColumnSpec::boolean("lost", "whether it was lost"),
            ColumnSpec::category("node", "node"),
            ColumnSpec::text("note", "note"),
        ]
    }

    #[test]
    fn names_are_checked() {
        let check = |name: &'static str| check_table(&TableSpec::new(name, "", columns()));
        for name in ["tasks", "my-table_2"] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in ["", "2nd", "_x", "Tasks", "../tasks", "a b", "tâches", "a.b"] {
            assert!(matches!(check(name), Err(OutputError::TableName { .. })), "{name}");
        }
        assert!(matches!(check_table(&TableSpec::new("x", "", [])), Err(OutputError::NoColumns { .. })));
        for names in [["a", "a"], ["a", ""]] {
            let columns = names.map(|name| ColumnSpec::float(name, "", ""));
            let table = TableSpec::new("x", "", columns);
            let error = check_table(&table).expect_err("the second column is wrong");
            assert!(error.to_string().contains(&format!("{:?}", names[1])), "{error}");
        }
    }

    /// The dictionary keeps the order of tables and columns and says all of each.
    #[test]
    fn dictionary_describes_every_column() {
        let table = TableSpec::new("tasks", "Tasks", columns());
        let dictionary = dictionary([&table]);
        let columns = dictionary["tables"]["tasks"]["columns"].as_object().expect("it is an object");
        let found: Vec<_> = columns
            .iter()
            .map(|(name, entry)| {
                let field = |key: &str| entry[key].as_str().expect("it is text");
                (name.as_str(), field("type"), field("unit"), field("meaning"))
            })
            .collect();
        assert_eq!(
            found,
            [
                ("t_s", "float", "s", "time"),
                ("size_bytes", "unsigned", "B", "size"),
                ("margin", "signed", "", "margin"),
                ("lost", "boolean", "", "whether it was lost"),
                ("node", "category", "", "node"),
                ("note", "text", "", "note"),
            ]
        );
        assert_eq!(dictionary["tables"]["tasks"]["meaning"], "Tasks");
    }
}
