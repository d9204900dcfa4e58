//! Errors that point into the expression.

/// What is wrong with an expression, and where: the line, a caret under the place, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}\n  {source_line}\n  {gap}{caret}", gap = " ".repeat(.column - 1))]
pub struct ScopeError {
    /// Line in the expression, from 1.
    pub line: usize,
    /// Column in the line in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// The line of the expression, with tabs as spaces.
    pub source_line: String,
    /// Carets as wide as what is wrong.
    pub caret: String,
}

impl ScopeError {
    /// The error at `length` bytes of `text` from byte `at`.
    pub(super) fn new(text: &str, at: usize, length: usize, problem: impl Into<String>) -> Self {
        // Places come from the lexer and are boundaries of characters; a constructed name may have any.
        let before = text.get(..at).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let source_line = text[start..].lines().next().unwrap_or_default();
        let column = before[start..].chars().count() + 1;
        let left = (source_line.chars().count() + 1).saturating_sub(column).max(1);
        let width = text.get(before.len()..before.len() + length).unwrap_or_default().chars().count();
        ScopeError {
            line: before.matches('\n').count() + 1,
            column,
            problem: problem.into(),
            source_line: source_line.replace('\t', " "),
            caret: "^".repeat(width.clamp(1, left)),
        }
    }
}
