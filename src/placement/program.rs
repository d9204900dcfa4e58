//! Mixed-integer linear programs as they grow, and what solves them.

use super::minimum_power::Solver;
use good_lp::{
    Constraint, Expression, ProblemVariables, ResolutionError, Solution, SolverModel, Variable, microlp,
};

/// A binary variable is true above this; solvers leave small errors.
pub(super) const HALF: f64 = 0.5;

/// A program that is being written.
pub(super) struct Program {
    pub(super) variables: ProblemVariables,
    /// To be made least.
    pub(super) objective: Expression,
    pub(super) constraints: Vec<Constraint>,
}

impl Program {
    pub(super) fn new() -> Self {
        Program {
            variables: ProblemVariables::new(),
            objective: Expression::from(0.0),
            constraints: Vec::new(),
        }
    }

    /// The value of each variable where the objective is least.
    pub(super) fn solve(self, solver: Solver) -> Result<Box<dyn Fn(Variable) -> f64>, ResolutionError> {
        let Program { variables, objective, constraints } = self;
        let problem = variables.minimise(objective);
        Ok(match solver {
            Solver::Microlp => {
                let solution = problem.using(microlp).with_all(constraints).solve()?;
                Box::new(move |variable| solution.value(variable))
            }
            #[cfg(feature = "highs")]
            Solver::Highs => {
                let solution = problem.using(good_lp::highs).with_all(constraints).solve()?;
                Box::new(move |variable| solution.value(variable))
            }
        })
    }
}
