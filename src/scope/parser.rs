//! Recursive descent over the tokens.
//!
//! ```text
//! scope     = [ part { "," part } ]
//! part      = name ":" otherwise
//! otherwise = joined { ";" joined }
//! joined    = atom { "&" atom } | atom { "%" atom }
//! atom      = name | "around" "(" name "," duration ")" | "(" otherwise ")"
//! ```

use super::ScopeError;
use super::ast::{Location, Name, Part, Scope};
use super::lexer::{Placed, Token, tokens};
use crate::units::Duration;
use std::str::FromStr;

/// Parentheses within parentheses; more is a mistake, and would cost stack.
const DEEPEST: usize = 64;

impl Scope {
    /// Reads an expression. An empty one is wholly local.
    ///
    /// # Errors
    /// If it is none; the message has line, column and a caret.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let mut parser = Parser { text, tokens: tokens(text)?, next: 0, depth: 0 };
        parser.scope()
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Scope::parse(text)
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Placed>,
    /// Index of the token to look at; that of the end stays.
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Placed {
        &self.tokens[self.next]
    }

    fn take(&mut self) -> Placed {
        let token = self.tokens[self.next].clone();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn is_mark(&self, mark: char) -> bool {
        self.peek().token == Token::Mark(mark)
    }

    fn error(&self, found: &Placed, problem: impl Into<String>) -> ScopeError {
        ScopeError::new(self.text, found.at, found.length, problem)
    }

    fn expect(&mut self, mark: char, what_for: &str) -> Result<(), ScopeError> {
        let found = self.take();
        if found.token == Token::Mark(mark) {
            return Ok(());
        }
        Err(self.error(&found, format!("expected `{mark}` {what_for}, found {}", found.described())))
    }

    fn name(&mut self, what: &str) -> Result<Name, ScopeError> {
        let found = self.take();
        match found.token {
            Token::Name(text) => Ok(Name { text, at: found.at, length: found.length }),
            Token::Around => {
                Err(self
                    .error(&found, format!("expected {what}; one called around is written \"around\"")))
            }
            _ => Err(self.error(&found, format!("expected {what}, found {}", found.described()))),
        }
    }

    fn scope(&mut self) -> Result<Scope, ScopeError> {
        let mut scope = Scope { parts: Vec::new(), source: self.text.to_owned() };
        if self.peek().token == Token::End {
            return Ok(scope);
        }
        loop {
            let service = self.name("the name of a service")?;
            if scope.parts.iter().any(|part| part.service == service) {
                let problem = format!("the service `{service}` is named twice");
                return Err(ScopeError::new(self.text, service.at, service.length, problem));
            }
            self.expect(':', &format!("and a location after the service `{service}`"))?;
            let location = self.otherwise()?;
            scope.parts.push(Part { service, location });
            let found = self.take();
            match found.token {
                Token::End => return Ok(scope),
                Token::Mark(',') => {}
                _ => {
                    let problem = format!(
                        "expected `&`, `%`, `;`, or `,` and the next service, found {}",
                        found.described()
                    );
                    return Err(self.error(&found, problem));
                }
            }
        }
    }

    fn otherwise(&mut self) -> Result<Location, ScopeError> {
        let mut list = Vec::new();
        loop {
            match self.joined()? {
                Location::Otherwise(inner) => list.extend(inner),
                other => list.push(other),
            }
            if !self.is_mark(';') {
                return Ok(one_or(list, Location::Otherwise));
            }
            self.take();
        }
    }

    fn joined(&mut self) -> Result<Location, ScopeError> {
        let mut list = vec![self.atom()?];
        let Token::Mark(operator @ ('&' | '%')) = self.peek().token else {
            return Ok(one_or(list, Location::Both));
        };
        while self.is_mark(operator) {
            self.take();
            list.push(self.atom()?);
        }
        let found = self.peek();
        if let Token::Mark(other @ ('&' | '%')) = found.token {
            let problem =
                format!("`{operator}` and `{other}` bind equally: put one of the two into parentheses");
            return Err(self.error(found, problem));
        }
        let mut flat = Vec::with_capacity(list.len());
        for location in list {
            match location {
                Location::Both(inner) if operator == '&' => flat.extend(inner),
                Location::Across(inner) if operator == '%' => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Ok(if operator == '&' { Location::Both(flat) } else { Location::Across(flat) })
    }

    fn atom(&mut self) -> Result<Location, ScopeError> {
        match self.peek().token {
            Token::Around => self.around(),
            Token::Mark('(') => {
                let open = self.take();
                if self.depth == DEEPEST {
                    return Err(
                        self.error(&open, format!("parentheses are nested more than {DEEPEST} deep"))
                    );
                }
                self.depth += 1;
                let inner = self.otherwise()?;
                self.depth -= 1;
                self.expect(')', "to close a parenthesis")?;
                Ok(inner)
            }
            _ => Ok(Location::Site(self.name("a site, around(site, latency) or a parenthesis")?)),
        }
    }

    fn around(&mut self) -> Result<Location, ScopeError> {
        self.take();
        self.expect('(', "after `around`")?;
        let site = self.name("the name of a site")?;
        self.expect(',', "and a latency after the site")?;
        let found = self.take();
        let Token::Quantity(text) = &found.token else {
            let problem = format!("expected a latency such as 10 ms, found {}", found.described());
            return Err(self.error(&found, problem));
        };
        let radius = text.parse::<Duration>().map_err(|error| self.error(&found, error.to_string()))?;
        self.expect(')', "after the latency")?;
        Ok(Location::Around { site, radius })
    }
}

/// The only one of a list, or the list as `form`.
fn one_or(mut list: Vec<Location>, form: fn(Vec<Location>) -> Location) -> Location {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        last => {
            list.extend(last);
            form(list)
        }
    }
}

#[cfg(test)]
#[path = "tests/parsing.rs"]
mod tests;
