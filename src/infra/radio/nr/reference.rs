//! The tables of reference values in the folder of data, for tests.

/// A row by the names of its columns.
#[derive(Debug)]
pub(super) struct Row {
    columns: std::rc::Rc<Vec<String>>,
    cells: Vec<String>,
}

impl Row {
    pub(super) fn text(&self, column: &str) -> &str {
        let place = self.columns.iter().position(|name| name == column).expect(column);
        &self.cells[place]
    }

    pub(super) fn number(&self, column: &str) -> f64 {
        self.text(column).parse().expect(column)
    }
}

/// The rows of a table; `None`, told in a line, if the data is not at hand.
pub(super) fn rows(file: &str) -> Option<Vec<Row>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    let folder = std::env::var("STRATOSIM_DATA").unwrap_or_else(|_| beside.to_string());
    let path = format!("{folder}/radio/{file}");
    let Ok(mut reader) = csv::Reader::from_path(&path) else {
        println!("skipped: {path} does not exist; set STRATOSIM_DATA");
        return None;
    };
    let texts = |record: &csv::StringRecord| record.iter().map(str::to_string).collect::<Vec<String>>();
    let columns = std::rc::Rc::new(texts(reader.headers().expect("a header")));
    let rows = reader.records().map(|record| Row {
        columns: std::rc::Rc::clone(&columns),
        cells: texts(&record.expect("a row")),
    });
    Some(rows.collect())
}
