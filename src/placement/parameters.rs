//! What is wrong with the parameters of a policy, and where.

/// A step into the parameters of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the value of this key.
    Key(String),
    /// To the element at this index, from 0.
    Index(usize),
}

/// Parameters that do not make sense together: what is wrong, and the way to the value at fault.
///
/// ```
/// use stratosim::placement::{ParameterError, Step};
/// let error = ParameterError::new("all weights are 0").at_index(2).at("rules");
/// assert_eq!(error.steps, [Step::Key("rules".into()), Step::Index(2)]);
/// assert_eq!(error.to_string(), "all weights are 0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParameterError {
    /// The way from the parameters to the value at fault; empty if it is all of them.
    pub steps: Vec<Step>,
    /// What is wrong, and what is allowed.
    pub message: String,
    /// What may help to put it right.
    pub help: Option<String>,
}

impl ParameterError {
    /// An error that is about all of the parameters.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        ParameterError { steps: Vec::new(), message: message.into(), help: None }
    }

    /// The same, inside the value of `key`.
    #[must_use]
    pub fn at(mut self, key: impl Into<String>) -> Self {
        self.steps.insert(0, Step::Key(key.into()));
        self
    }

    /// The same, inside the element at `index`.
    #[must_use]
    pub fn at_index(mut self, index: usize) -> Self {
        self.steps.insert(0, Step::Index(index));
        self
    }

    /// The same, with a line of help.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        ParameterError { help: Some(help.into()), ..self }
    }
}
