//! Shares of a whole, stacked.

use super::PlotError;
use super::axis::{Axis, Fit, Ruler};
use super::frame::{Frame, Head, ROOM_X, Side};
use super::legend::{Entry, Key};
use super::palette::{MOST_SERIES, PAPER, fill};
use super::scene::{Scene, Stroke};

/// How a whole is divided, column by column: for example how the tasks of each minute ended, or of each
/// policy.
#[derive(Clone, Debug, PartialEq)]
pub struct StackedShares {
    /// What the columns are.
    pub x: Axis,
    /// The columns.
    pub columns: Columns,
    /// What the whole is, as `share of tasks`.
    pub whole: String,
    /// The parts, from the lowest, at most 32.
    pub parts: Vec<Part>,
}

/// The columns of stacked shares.
#[derive(Clone, Debug, PartialEq)]
pub enum Columns {
    /// Names, from the left.
    Names(Vec<String>),
    /// Intervals of the axis that touch each other: their ends, one more than there are columns, rising.
    Intervals(Vec<f64>),
}

/// One part of the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its amount in each column, in any unit that all parts share. A column without amounts is left blank.
    pub amounts: Vec<f64>,
}

impl StackedShares {
    fn check(&self) -> Result<usize, PlotError> {
        let columns = match &self.columns {
            Columns::Names(names) => names.len(),
            Columns::Intervals(ends) => ends.len().saturating_sub(1),
        };
        super::check_series(self.parts.len(), MOST_SERIES)?;
        if let Some(part) = self.parts.iter().find(|part| part.amounts.len() != columns) {
            return Err(PlotError::Inconsistent(format!(
                "{:?} has {} amounts for {columns} columns",
                part.name,
                part.amounts.len()
            )));
        }
        let bad = self.parts.iter().flat_map(|part| &part.amounts).find(|a| !a.is_finite() || **a < 0.0);
        if let Some(bad) = bad {
            return Err(PlotError::Inconsistent(format!("{bad} cannot be a part of a whole")));
        }
        if self.parts.iter().flat_map(|part| &part.amounts).all(|amount| *amount == 0.0) {
            return Err(PlotError::Empty("all parts are zero".into()));
        }
        Ok(columns)
    }

    pub(super) fn draw(&self, scene: &mut Scene, head: Head<'_>) -> Result<(), PlotError> {
        let columns = self.check()?;
        let x = match &self.columns {
            Columns::Names(names) => Side::names(&self.x, names.clone()),
            Columns::Intervals(ends) => {
                let fit = Fit { tight: true, ..Fit::default() };
                Side::Numbers(Ruler::new(&self.x, ends.iter().copied(), fit, ROOM_X)?)
            }
        };
        let all: f64 = self.parts.iter().flat_map(|part| &part.amounts).sum();
        let legend: Vec<Entry> = self
            .parts
            .iter()
            .enumerate()
            .map(|(index, part)| {
                let share = percent(part.amounts.iter().sum::<f64>() / all);
                Entry::new(format!("{} ({share})", part.name), Key::Area(fill(index)))
            })
            .collect();
        let frame = Frame::draw(scene, head, &legend, x, Side::shares(&self.whole), 0.0)?;
        let is_touching = matches!(self.columns, Columns::Intervals(_));
        for column in 0..columns {
            let (from, to) = match &self.columns {
                Columns::Intervals(ends) => (frame.x(ends[column]), frame.x(ends[column + 1])),
                Columns::Names(_) => {
                    let half = (0.4 * (frame.right - frame.left) / columns as f64).min(60.0);
                    let middle = frame.x(column as f64);
                    (middle - half, middle + half)
                }
            };
            let whole: f64 = self.parts.iter().map(|part| part.amounts[column]).sum();
            if whole <= 0.0 {
                continue;
            }
            let mut below = 0.0;
            for (index, part) in self.parts.iter().enumerate() {
                let above = below + part.amounts[column] / whole;
                if above > below {
                    // Columns that touch overlap a little, so that no seam shines through.
                    let seam = if column + 1 < columns && is_touching { 0.5 } else { 0.0 };
                    let corners = [(from, frame.y(below)), (to + seam, frame.y(above))];
                    scene.rectangle(corners[0], corners[1], fill(index));
                    // Neighbours differ in grey, too.
                    if corners[0].1 - corners[1].1 > 3.0 {
                        scene.line(
                            vec![(from, corners[1].1), (to, corners[1].1)],
                            Stroke::new(PAPER, 0.8),
                        );
                    }
                }
                below = above;
            }
        }
        Ok(())
    }
}

/// A share in percent: never 0 % of something, nor 100 % of less than all.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match percent {
        _ if share == 0.0 => "0 %".into(),
        _ if share >= 1.0 => "100 %".into(),
        _ if percent < 0.01 => "< 0.01 %".into(),
        _ if percent > 99.99 => "> 99.99 %".into(),
        _ if !(1.0..99.0).contains(&percent) => format!("{percent:.2} %"),
        _ => format!("{percent:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_shares_are_not_hidden() {
        let found = [0.0, 1e-9, 0.0013, 0.033, 0.9655, 0.999_999, 1.0].map(percent);
        assert_eq!(found, ["0 %", "< 0.01 %", "0.13 %", "3.3 %", "96.5 %", "> 99.99 %", "100 %"]);
    }
}
