//! A mixed-integer linear program: its solution, and MPS for other solvers.

use super::error::FunctionsError;
use super::outcome::Status;
use microlp::{
    ComparisonOp, OptimizationDirection, Problem, SolveOptions, SolveOutcome, TerminationReason,
    Variable,
};
use std::fmt::Write;
use std::time::Duration;

/// The program that maximises its objective subject to rows of the form `sum <= limit`.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    /// Added to the objective.
    pub(super) constant: f64,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) objective: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) is_integer: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) terms: Vec<(usize, f64)>,
    pub(super) limit: f64,
}

/// Which solver, and when it may stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) relative_gap: f64,
    pub(super) node_limit: Option<u64>,
    pub(super) time_limit_s: Option<f64>,
    pub(super) backend: Backend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Microlp,
    #[cfg(feature = "highs")]
    Highs,
}

/// The search has shown more than this, relative to the objective, to be left of the gap.
const PROVEN_GAP: f64 = 1e-9;

/// The values of the columns, and what is known about them.
#[derive(Clone, Debug)]
pub(super) struct Solved {
    pub(super) values: Vec<f64>,
    pub(super) objective: f64,
    pub(super) bound: Option<f64>,
    pub(super) status: Status,
    pub(super) search_nodes: u64,
}

impl Program {
    pub(super) fn column(
        &mut self,
        name: String,
        objective: f64,
        (lower, upper): (f64, f64),
        is_integer: bool,
    ) -> usize {
        self.columns.push(Column { name, objective, lower, upper, is_integer });
        self.columns.len() - 1
    }

    pub(super) fn row(&mut self, name: String, terms: Vec<(usize, f64)>, limit: f64) {
        if !terms.is_empty() {
            self.rows.push(Row { name, terms, limit });
        }
    }

    /// Fixes a column to a value.
    pub(super) fn fix(&mut self, column: usize, value: f64) {
        (self.columns[column].lower, self.columns[column].upper) = (value, value);
    }

    /// The same without the demand that values be whole.
    pub(super) fn relaxed(mut self) -> Program {
        for column in &mut self.columns {
            column.is_integer = false;
        }
        self
    }

    /// Solves it; `start` is a solution to begin with.
    ///
    /// `None` if a limit was reached before any solution was found, with the bound known by then.
    pub(super) fn solve(
        &self,
        limits: Limits,
        start: Option<&[f64]>,
    ) -> Result<Option<Solved>, FunctionsError> {
        match limits.backend {
            Backend::Microlp => self.solve_with_microlp(limits, start),
            #[cfg(feature = "highs")]
            Backend::Highs => self.solve_with_highs(limits, start).map(Some),
        }
    }

    /// Solves the relaxation: it has a solution, since all rates may be 0.
    pub(super) fn solve_linear(&self) -> Result<Solved, FunctionsError> {
        let limits = Limits {
            relative_gap: 0.0,
            node_limit: None,
            time_limit_s: None,
            backend: Backend::Microlp,
        };
        let solved = self.solve_with_microlp(limits, None)?;
        solved.ok_or_else(|| FunctionsError::Solver("a linear program was interrupted".into()))
    }

    fn solve_with_microlp(
        &self,
        limits: Limits,
        start: Option<&[f64]>,
    ) -> Result<Option<Solved>, FunctionsError> {
        let mut problem = Problem::new(OptimizationDirection::Maximize);
        let whole = |value: f64| value.clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i32;
        let variables: Vec<Variable> = self
            .columns
            .iter()
            .map(|column| {
                if column.is_integer {
                    let bounds = (whole(column.lower.ceil()), whole(column.upper.floor()));
                    problem.add_integer_var(column.objective, bounds)
                } else {
                    problem.add_var(column.objective, (column.lower, column.upper))
                }
            })
            .collect();
        for row in &self.rows {
            let terms = row.terms.iter().map(|&(column, factor)| (variables[column], factor));
            problem.add_constraint(terms.collect::<Vec<_>>(), ComparisonOp::Le, row.limit);
        }
        let mut options = SolveOptions::default();
        options.time_limit = limits.time_limit_s.and_then(|time| Duration::try_from_secs_f64(time).ok());
        options.node_limit = limits.node_limit;
        options.mip_gap = limits.relative_gap;
        options.warm_start =
            start.map(|values| variables.iter().copied().zip(values.iter().copied()).collect());
        let failed = |error: microlp::Error| FunctionsError::Solver(error.to_string());
        let outcome = problem.solve_with(options).map_err(failed)?;
        let stats = outcome.stats();
        let status = match outcome.termination_reason() {
            TerminationReason::ProvenOptimal => Status::Optimal,
            TerminationReason::MipGap => Status::WithinGap,
            TerminationReason::TimeLimit => Status::TimeLimit,
            // Nodes are all else that is limited.
            _ => Status::NodeLimit,
        };
        let SolveOutcome::Solution(solution) = outcome else { return Ok(None) };
        let objective = solution.objective() + self.constant;
        let bound = if status == Status::Optimal {
            Some(objective)
        } else {
            stats.best_bound.map(|bound| bound + self.constant)
        };
        let status = match (status, bound) {
            (Status::WithinGap, Some(bound)) if bound - objective <= PROVEN_GAP * objective.abs() => {
                Status::Optimal
            }
            (status, _) => status,
        };
        Ok(Some(Solved {
            values: variables.iter().map(|&variable| solution.var_value(variable)).collect(),
            objective,
            bound,
            status,
            search_nodes: stats.nodes_solved,
        }))
    }

    /// HiGHS through `good_lp`, which does not tell its bound: with a proof, the gap that was asked for gives one.
    #[cfg(feature = "highs")]
    fn solve_with_highs(&self, limits: Limits, start: Option<&[f64]>) -> Result<Solved, FunctionsError> {
        use good_lp::{
            Expression, ProblemVariables, Solution, SolutionStatus, SolverModel, WithInitialSolution,
            WithMipGap, WithTimeLimit, variable,
        };
        let failed = |error: String| FunctionsError::Solver(error);
        let mut variables = ProblemVariables::new();
        let own: Vec<good_lp::Variable> = self
            .columns
            .iter()
            .map(|column| {
                let plain = variable().min(column.lower).max(column.upper);
                variables.add(if column.is_integer { plain.integer() } else { plain })
            })
            .collect();
        let sum = |terms: &[(usize, f64)]| {
            terms.iter().map(|&(column, factor)| factor * own[column]).sum::<Expression>()
        };
        let objective: Vec<(usize, f64)> =
            self.columns.iter().enumerate().map(|(index, column)| (index, column.objective)).collect();
        let mut model = variables.maximise(sum(&objective)).using(good_lp::highs);
        model = model.set_threads(1);
        for row in &self.rows {
            model.add_constraint(sum(&row.terms).leq(row.limit));
        }
        // HiGHS has no gap of exactly zero.
        let gap = limits.relative_gap.max(PROVEN_GAP) as f32;
        let mut model = model.with_mip_gap(gap).map_err(|error| failed(error.to_string()))?;
        if let Some(time) = limits.time_limit_s {
            model = model.with_time_limit(time);
        }
        if let Some(values) = start {
            model = model.with_initial_solution(own.iter().copied().zip(values.iter().copied()));
        }
        let solution = model.solve().map_err(|error| failed(error.to_string()))?;
        let values: Vec<f64> = own.iter().map(|&variable| solution.value(variable)).collect();
        let objective = self.value(&values);
        let status = match solution.status() {
            SolutionStatus::Optimal if limits.relative_gap <= PROVEN_GAP => Status::Optimal,
            SolutionStatus::Optimal | SolutionStatus::GapLimit => Status::WithinGap,
            SolutionStatus::TimeLimit => Status::TimeLimit,
        };
        let bound = match status {
            Status::Optimal => Some(objective),
            Status::WithinGap => Some(objective + limits.relative_gap * objective.abs()),
            _ => None,
        };
        Ok(Solved { values, objective, bound, status, search_nodes: 0 })
    }

    /// The objective of these values.
    #[cfg(feature = "highs")]
    pub(super) fn value(&self, values: &[f64]) -> f64 {
        let sum: f64 =
            self.columns.iter().zip(values).map(|(column, value)| column.objective * value).sum();
        self.constant + sum
    }

    /// The program as free-format MPS, with `OBJSENSE MAX`. The constant of the objective is, as usual, the negative
    /// right-hand side of its row.
    pub(super) fn mps(&self, name: &str) -> String {
        let mut text = format!("NAME {name}\nOBJSENSE\n    MAX\nROWS\n N objective\n");
        let mut by_column: Vec<Vec<(&str, f64)>> = vec![Vec::new(); self.columns.len()];
        for row in &self.rows {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, " L {}", row.name);
            for &(column, factor) in &row.terms {
                by_column[column].push((&row.name, factor));
            }
        }
        text.push_str("COLUMNS\n");
        let mut is_marked = false;
        let marker = |text: &mut String, number: usize, what: &str| {
            let _ = writeln!(text, "    MARKER{number} 'MARKER' '{what}'");
        };
        for (number, (column, rows)) in self.columns.iter().zip(&by_column).enumerate() {
            if column.is_integer != is_marked {
                marker(&mut text, number, if is_marked { "INTEND" } else { "INTORG" });
                is_marked = column.is_integer;
            }
            let _ = writeln!(text, "    {} objective {}", column.name, column.objective);
            for (row, factor) in rows {
                let _ = writeln!(text, "    {} {row} {factor}", column.name);
            }
        }
        if is_marked {
            marker(&mut text, self.columns.len(), "INTEND");
        }
        text.push_str("RHS\n");
        if self.constant != 0.0 {
            let _ = writeln!(text, "    RHS objective {}", -self.constant);
        }
        for row in self.rows.iter().filter(|row| row.limit != 0.0) {
            let _ = writeln!(text, "    RHS {} {}", row.name, row.limit);
        }
        text.push_str("BOUNDS\n");
        for column in &self.columns {
            if column.lower != 0.0 {
                let _ = writeln!(text, " LO BOUND {} {}", column.name, column.lower);
            }
            let _ = writeln!(text, " UP BOUND {} {}", column.name, column.upper);
        }
        text.push_str("ENDATA\n");
        text
    }
}
