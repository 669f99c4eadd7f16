//! Parses tokens into an expression.

use std::ops::Range;

use super::FilterError;
use super::field::{Field, Kind};
use super::lexer::{Lexeme, Operator, Token, tokens};
use super::literal::Literal;
use super::value;
use crate::report::Session;

/// How deep parentheses and negations may be nested.
const DEEPEST: usize = 64;
/// The largest compiled regular expression, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// A parsed filter.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Or(Vec<Self>),
    And(Vec<Self>),
    Not(Box<Self>),
    /// The field occurs.
    Occurs(Field),
    /// A word stands anywhere, in capitals or not.
    Search(regex_lite::Regex),
    Test {
        field: Field,
        operator: Operator,
        operand: Operand,
    },
}

/// What a field is compared with.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    One(Literal),
    Set(Vec<(Literal, Option<Literal>)>),
    Pattern(regex_lite::Regex),
}

impl Expression {
    /// Whether any of its fields is wanted.
    pub(super) fn any_field(&self, is_wanted: &dyn Fn(Field) -> bool) -> bool {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().any(|part| part.any_field(is_wanted)),
            Self::Not(part) => part.any_field(is_wanted),
            Self::Search(_) => false,
            Self::Occurs(field) | Self::Test { field, .. } => is_wanted(*field),
        }
    }

    pub(super) fn holds(&self, session: &Session) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.holds(session)),
            Self::And(parts) => parts.iter().all(|part| part.holds(session)),
            Self::Not(part) => !part.holds(session),
            Self::Occurs(field) => value::any(session, *field, &mut |_| true),
            Self::Search(pattern) => value::mentions(session, pattern),
            Self::Test { field, operator: Operator::NotEqual, operand } => {
                let mut occurs = false;
                let equal = value::any(session, *field, &mut |value| {
                    occurs = true;
                    value::compare(value, Operator::Equal, operand)
                });
                occurs && !equal
            }
            Self::Test { field, operator, operand } => {
                value::any(session, *field, &mut |value| value::compare(value, *operator, operand))
            }
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Expression, FilterError> {
    let lexemes = tokens(text)?;
    let mut parser = Parser { lexemes: &lexemes, at: 0, end: text.trim_end().len() };
    if lexemes.is_empty() {
        return Err(parser.missing("a filter"));
    }
    let expression = parser.or(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(Lexeme { token: Token::Close, span }) => {
            Err(FilterError::new("this parenthesis was never opened", span.clone()))
        }
        Some(Lexeme { span, .. }) => {
            Err(FilterError::new("expected && or || here (text with blanks goes in quotes)", span.clone()))
        }
    }
}

struct Parser<'a> {
    lexemes: &'a [Lexeme],
    at: usize,
    end: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Lexeme> {
        self.lexemes.get(self.at)
    }

    fn next(&mut self) -> Option<&'a Lexeme> {
        let lexeme = self.lexemes.get(self.at)?;
        self.at += 1;
        Some(lexeme)
    }

    /// Takes the next token if it is this one.
    fn eat(&mut self, token: &Token) -> bool {
        let is = self.peek().is_some_and(|lexeme| lexeme.token == *token);
        self.at += usize::from(is);
        is
    }

    fn missing(&self, what: &str) -> FilterError {
        FilterError::new(format!("{what} is missing"), self.end..self.end)
    }

    fn or(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.and(depth)?];
        while self.eat(&Token::Or) {
            parts.push(self.and(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn and(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.not(depth)?];
        while self.eat(&Token::And) {
            parts.push(self.not(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn not(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let Some(lexeme) = self.next() else { return Err(self.missing("a field")) };
        if depth > DEEPEST {
            return Err(FilterError::new("nested too deep", lexeme.span.clone()));
        }
        match &lexeme.token {
            Token::Not => Ok(Expression::Not(Box::new(self.not(depth + 1)?))),
            Token::Open => {
                let inside = self.or(depth + 1)?;
                if self.eat(&Token::Close) {
                    Ok(inside)
                } else if self.peek().is_none() {
                    Err(FilterError::new("this parenthesis is never closed", lexeme.span.clone()))
                } else {
                    let span = self.peek().map_or(self.end..self.end, |lexeme| lexeme.span.clone());
                    Err(FilterError::new("expected &&, || or ) here", span))
                }
            }
            Token::Word(name) => self.test(name, &lexeme.span),
            Token::Quoted(text) => search(text, &lexeme.span),
            Token::Operator(_)
            | Token::And
            | Token::Or
            | Token::Close
            | Token::OpenSet
            | Token::CloseSet
            | Token::Comma
            | Token::To => Err(FilterError::new("expected a field here", lexeme.span.clone())),
        }
    }

    /// A field, alone or compared with something.
    fn test(&mut self, name: &str, span: &Range<usize>) -> Result<Expression, FilterError> {
        let operator = match self.peek() {
            Some(Lexeme { token: Token::Operator(operator), span: at }) => Some((operator, at)),
            Some(_) | None => None,
        };
        let Some(field) = Field::parse(name) else {
            let is_word = operator.is_none() && !is_like_a_field(name);
            return if is_word { search(name, span) } else { Err(unknown(name, span)) };
        };
        let Some((operator, at)) = operator else { return Ok(Expression::Occurs(field)) };
        self.at += 1;
        let kind = field.kind();
        fits(*operator, field).map_err(|message| FilterError::new(message, at.clone()))?;
        let operand = match operator {
            Operator::In => Operand::Set(self.set(field)?),
            Operator::Matches => {
                let (text, span) = self.value(kind)?;
                Operand::Pattern(pattern(&text).map_err(|message| FilterError::new(message, span))?)
            }
            Operator::Contains => Operand::One(Literal::Text(self.value(kind)?.0)),
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => Operand::One(self.literal(field)?),
        };
        Ok(Expression::Test { field, operator: *operator, operand })
    }

    /// The text of a value.
    fn value(&mut self, kind: Kind) -> Result<(String, Range<usize>), FilterError> {
        match self.next() {
            Some(Lexeme { token: Token::Word(text) | Token::Quoted(text), span }) => {
                Ok((text.clone(), span.clone()))
            }
            Some(Lexeme { span, .. }) => {
                Err(FilterError::new(format!("expected {}", kind.wanted()), span.clone()))
            }
            None => Err(FilterError::new(format!("expected {}", kind.wanted()), self.end..self.end)),
        }
    }

    fn literal(&mut self, field: Field) -> Result<Literal, FilterError> {
        let kind = field.kind();
        let (text, span) = self.value(kind)?;
        Literal::parse(&text, kind).ok_or_else(|| {
            let what = match kind {
                Kind::Choice(words) if words.first() == Some(&"PORT") => "not a mode: use ".to_owned(),
                Kind::Choice(_) | Kind::Scale(_) => "use ".to_owned(),
                _ => "expected ".to_owned(),
            };
            FilterError::new(format!("{what}{}", kind.wanted()), span)
        })
    }

    fn set(&mut self, field: Field) -> Result<Vec<(Literal, Option<Literal>)>, FilterError> {
        if !self.eat(&Token::OpenSet) {
            let span = self.peek().map_or(self.end..self.end, |lexeme| lexeme.span.clone());
            return Err(FilterError::new("'in' takes a set: {21, 2121} or {50000..50100}", span));
        }
        let mut items = Vec::new();
        loop {
            let first = self.literal(field)?;
            let last = if self.eat(&Token::To) { Some(self.literal(field)?) } else { None };
            items.push((first, last));
            if self.eat(&Token::CloseSet) {
                return Ok(items);
            }
            // Older versions of Wireshark separate the items by blanks.
            if !self.eat(&Token::Comma)
                && !matches!(self.peek(), Some(Lexeme { token: Token::Word(_) | Token::Quoted(_), .. }))
            {
                let span = self.peek().map_or(self.end..self.end, |lexeme| lexeme.span.clone());
                return Err(FilterError::new("the closing } is missing", span));
            }
        }
    }
}

/// A word without a field, which is searched for.
fn search(text: &str, span: &Range<usize>) -> Result<Expression, FilterError> {
    match pattern(&regex_lite::escape(text)) {
        Ok(pattern) => Ok(Expression::Search(pattern)),
        Err(_) => Err(FilterError::new("too long to be searched for", span.clone())),
    }
}

/// Whether a word was meant to be a field rather than to be searched for: names of files and addresses have points
/// too.
fn is_like_a_field(name: &str) -> bool {
    name.split_once('.').is_some_and(|(family, _)| {
        let of_family = |field: &Field| field.name().split('.').next() == Some(family);
        Field::ALL.iter().any(of_family) || Field::nearest(name).is_some()
    })
}

fn unknown(name: &str, span: &Range<usize>) -> FilterError {
    let message = match Field::nearest(name) {
        Some(near) => format!("there is no field '{name}'; {} is one", near.name()),
        None => format!("there is no field '{name}' (Tab shows them)"),
    };
    FilterError::new(message, span.clone())
}

/// Whether an operator makes sense for a field.
fn fits(operator: Operator, field: Field) -> Result<(), String> {
    let name = field.name();
    match (operator, field.kind()) {
        (_, Kind::Presence) => Err(format!("{name} has no value: it only asks whether it occurs")),
        (Operator::Contains | Operator::Matches, kind) if kind != Kind::Text => {
            Err(format!("{name} is no text"))
        }
        (
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual,
            Kind::Text | Kind::Address | Kind::Ipv4 | Kind::Ipv6 | Kind::Flag | Kind::Choice(_) | Kind::Code,
        ) => Err(format!("{name} has no order")),
        _ => Ok(()),
    }
}

fn pattern(text: &str) -> Result<regex_lite::Regex, String> {
    regex_lite::RegexBuilder::new(text)
        .case_insensitive(true)
        .size_limit(REGEX_SIZE)
        .build()
        .map_err(|error| format!("not a regular expression: {error}"))
}
