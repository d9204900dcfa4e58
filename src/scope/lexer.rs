//! Tokens of an expression.

use super::ScopeError;
use super::ast::{Name, continues_name, starts_name};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    /// `around` before a parenthesis; a site may have that name in quotes.
    Around,
    /// A number and its unit, as written.
    Quantity(String),
    /// One of `& % ; : , ( )`.
    Mark(char),
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
    pub(super) length: usize,
}

impl Placed {
    /// How a message calls it.
    pub(super) fn described(&self) -> String {
        match &self.token {
            Token::Name(name) => format!("`{}`", Name::new(name)),
            Token::Around => "`around`".into(),
            Token::Quantity(text) => format!("`{text}`"),
            Token::Mark(mark) => format!("`{mark}`"),
            Token::End => "the end".into(),
        }
    }
}

/// The tokens of `text`; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, ScopeError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            '&' | '%' | ';' | ':' | ',' | '(' | ')' => (Token::Mark(first), 1),
            '"' => quoted(text, at)?,
            _ if starts_name(first) => {
                let length = length_while(rest, continues_name);
                let name = &rest[..length];
                let token = if name == "around" { Token::Around } else { Token::Name(name.to_owned()) };
                (token, length)
            }
            _ if first.is_ascii_digit() || matches!(first, '.' | '-' | '+') => {
                let number = length_while(rest, |letter| {
                    letter.is_alphanumeric() || matches!(letter, '.' | '-' | '+')
                });
                let gap = length_while(&rest[number..], |letter| letter == ' ');
                let unit = length_while(&rest[number + gap..], |letter| letter.is_alphabetic());
                let length = if unit > 0 { number + gap + unit } else { number };
                (Token::Quantity(rest[..length].to_owned()), length)
            }
            other => {
                let problem = format!(
                    "`{other}` is no part of a scope; write names, `&`, `%`, `;`, `:`, `,`, parentheses and \
                     around(site, latency), and names with other letters in double quotes"
                );
                return Err(ScopeError::new(text, at, other.len_utf8(), problem));
            }
        };
        tokens.push(Placed { token, at, length });
        at += length;
    }
    tokens.push(Placed { token: Token::End, at: text.trim_end().len(), length: 0 });
    Ok(tokens)
}

fn length_while(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !is_part(letter)).unwrap_or(text.len())
}

/// A name in double quotes, in which `\` takes the next letter as it is.
fn quoted(text: &str, at: usize) -> Result<(Token, usize), ScopeError> {
    let mut name = String::new();
    let mut letters = text[at + 1..].char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            '"' if name.is_empty() => return Err(ScopeError::new(text, at, 2, "a name is empty")),
            '"' => return Ok((Token::Name(name), index + 2)),
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            _ => name.push(letter),
        }
    }
    Err(ScopeError::new(text, at, text.len() - at, "this quote has no end"))
}
