//! The page: its frame, figures and tables. Markup escapes whatever text is put into it.

use crate::plot::{Chart, Figure, FigureSpec, PlotError, Source};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Figures stop when they have taken this much, so that any browser opens the page at once.
const MOST_BYTES: usize = 2_500_000;
/// Rows of a table that the page shows.
const MOST_ROWS: usize = 500;

/// A cell of a table.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Text(String),
    /// A number as it is shown, and as it sorts.
    Number(String, f64),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }
}

/// A section of the page, which is left out if it is empty.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) body: Vec<Markup>,
}

impl Section {
    pub(super) fn new(title: impl Into<String>, body: Vec<Markup>) -> Section {
        Section { title: title.into(), body }
    }
}

/// The whole page.
pub(super) fn page(title: &str, lead: &str, head: &Markup, sections: &[Section]) -> Markup {
    let filled: Vec<&Section> = sections.iter().filter(|section| !section.body.is_empty()).collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content=(concat!("stratosim ", env!("CARGO_PKG_VERSION")));
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    h1 { (title) }
                    @if !lead.is_empty() { p.lead { (lead) } }
                    (head)
                    nav aria-label="Sections" {
                        @for (index, section) in filled.iter().enumerate() {
                            a href=(format!("#s{index}")) { (section.title) }
                        }
                    }
                }
                main {
                    @for (index, section) in filled.iter().enumerate() {
                        section id=(format!("s{index}")) {
                            h2 { (section.title) }
                            @for part in &section.body { (part) }
                        }
                    }
                }
                footer { "Made by stratosim " (env!("CARGO_PKG_VERSION")) ". This page loads nothing." }
                script { (PreEscaped(include_str!("sort.js"))) }
            }
        }
    }
}

/// Facts by name.
pub(super) fn facts(facts: &[(&str, String)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}

/// Key figures: a number and what it is.
pub(super) fn tiles(tiles: &[(String, String)]) -> Option<Markup> {
    (!tiles.is_empty()).then(|| {
        html! {
            ul.tiles {
                @for (label, value) in tiles {
                    li { span.value { (value) } span.label { (label) } }
                }
            }
        }
    })
}

/// A table that sorts by a click on a column, where scripts run.
pub(super) fn table(caption: &str, header: &[String], rows: &[Vec<Cell>]) -> Option<Markup> {
    if rows.is_empty() {
        return None;
    }
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    Some(html! {
        div.scroll role="region" tabindex="0" aria-label=(caption) {
            table.sortable {
                caption {
                    (caption)
                    @if left_out > 0 { " (the first " (MOST_ROWS) " of " (rows.len()) " rows)" }
                }
                thead {
                    tr {
                        @for (index, name) in header.iter().enumerate() {
                            @if rows[0].get(index).is_some_and(|cell| matches!(cell, Cell::Number(..))) {
                                th.n scope="col" { (name) }
                            } @else {
                                th scope="col" { (name) }
                            }
                        }
                    }
                }
                tbody {
                    @for row in rows.iter().take(MOST_ROWS) {
                        tr {
                            @for cell in row {
                                @match cell {
                                    Cell::Text(text) => td { (text) },
                                    Cell::Number(text, value) => td.n data-v=(value) { (text) },
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// Something long that is folded up.
pub(super) fn folded(title: &str, body: &Markup) -> Markup {
    html! { details { summary { (title) } (body) } }
}

/// A remark on what is not there.
fn remark(text: &str) -> Markup {
    html! { p.remark { (text) } }
}

/// Draws figures as long as there is room.
pub(super) struct Drawing<'s> {
    source: &'s Source,
    bytes: usize,
}

impl<'s> Drawing<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Drawing { source, bytes: 0 }
    }

    /// A figure with its caption; nothing if there are no data for it, a remark if it cannot be drawn.
    pub(super) fn figure(&mut self, spec: &FigureSpec, caption: &str) -> Option<Markup> {
        let drawn = self.source.figure(spec).and_then(|figure| Ok((figure.svg()?, figure)));
        let name = spec.title.as_deref().unwrap_or("A figure");
        match drawn {
            // A whole of one part says nothing.
            Ok((_, Figure { chart: Chart::StackedShares(shares), .. })) if shares.parts.len() < 2 => {
                None
            }
            Ok((svg, _)) if self.bytes + svg.len() > MOST_BYTES => Some(remark(&format!(
                "{name} is left out, so that the page stays small; draw it with stratosim plot."
            ))),
            Ok((svg, figure)) => {
                self.bytes += svg.len();
                Some(with_caption(&svg, &figure, caption))
            }
            Err(PlotError::Empty(_)) => None,
            Err(error) => Some(remark(&format!("{name} is not drawn: {error}."))),
        }
    }
}

fn with_caption(svg: &str, figure: &Figure, caption: &str) -> Markup {
    let description = format!("{}. {caption} {}", figure.title, figure.note);
    html! {
        figure {
            div.plot role="img" aria-label=(description) { (PreEscaped(svg)) }
            figcaption { (caption) }
        }
    }
}
