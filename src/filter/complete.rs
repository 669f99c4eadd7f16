//! Completion of a filter that is being typed.

use std::ops::Range;

use super::field::{Field, Kind};
use super::lexer::{Operator, Token, tokens};

/// A replacement for what is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The bytes to replace.
    pub range: Range<usize>,
    /// The replacement.
    pub text: String,
    /// A description.
    pub help: &'static str,
}

/// What may come next.
enum Expected {
    Field,
    Operator(Field),
    Value(Field),
    Join,
}

/// All possible completions at the cursor, given the text before it.
pub fn complete(text: &str, cursor: usize) -> Vec<Candidate> {
    let before = text.get(..cursor.min(text.len())).unwrap_or_default();
    let Ok(mut lexemes) = tokens(before) else { return Vec::new() };
    // The word at the cursor is still being typed.
    let (range, typed) = match lexemes.last() {
        Some(last) if last.span.end == before.len() => match &last.token {
            Token::Word(word) => {
                let found = (last.span.clone(), word.clone());
                lexemes.pop();
                found
            }
            Token::And
            | Token::Or
            | Token::Not
            | Token::Operator(Operator::In | Operator::Contains | Operator::Matches)
                if before.ends_with(|last: char| last.is_ascii_alphabetic()) =>
            {
                return Vec::new();
            }
            _ => (before.len()..before.len(), String::new()),
        },
        _ => (before.len()..before.len(), String::new()),
    };
    let mut expected = Expected::Field;
    let mut in_set = false;
    for lexeme in &lexemes {
        in_set = lexeme.token == Token::OpenSet || in_set && lexeme.token != Token::CloseSet;
        expected = match (&lexeme.token, expected) {
            (Token::Word(name), Expected::Field) => match Field::parse(name) {
                Some(field) => Expected::Operator(field),
                None => return Vec::new(),
            },
            (Token::Operator(_), Expected::Operator(field))
            | (Token::OpenSet | Token::Comma | Token::To, Expected::Value(field)) => Expected::Value(field),
            (Token::Word(_) | Token::Quoted(_), Expected::Value(_)) if !in_set => Expected::Join,
            (Token::And | Token::Or | Token::Not | Token::Open, _) => Expected::Field,
            (Token::Close | Token::CloseSet, _) => Expected::Join,
            (_, other) => other,
        };
    }
    candidates(&expected, &typed, &range)
}

fn candidates(expected: &Expected, typed: &str, range: &Range<usize>) -> Vec<Candidate> {
    let lower = typed.to_ascii_lowercase();
    let candidate = |text: &str, help| Candidate { range: range.clone(), text: text.to_owned(), help };
    match expected {
        Expected::Field => {
            // Names that begin with the word first, then those that contain it.
            let names = |begins: bool| {
                let lower = lower.clone();
                Field::ALL.iter().copied().filter(move |field| {
                    let name = field.name();
                    if begins {
                        name.starts_with(&lower)
                    } else {
                        !name.starts_with(&lower) && name.contains(&lower)
                    }
                })
            };
            let fields: Vec<Field> = names(true).chain(names(false)).collect();
            // A complete name needs no completion.
            if let [only] = fields.as_slice()
                && only.name() == typed
            {
                return Vec::new();
            }
            fields.into_iter().map(|field| candidate(field.name(), field.help())).collect()
        }
        Expected::Operator(field) if typed.is_empty() => {
            operators(field.kind()).iter().map(|(sign, help)| candidate(sign, help)).collect()
        }
        Expected::Value(field) => field
            .kind()
            .words()
            .into_iter()
            .filter(|word| word.to_ascii_lowercase().starts_with(&lower) && *word != typed)
            .map(|word| candidate(word, field.help()))
            .collect(),
        Expected::Join if typed.is_empty() => vec![candidate("&&", "and"), candidate("||", "or")],
        Expected::Operator(_) | Expected::Join => Vec::new(),
    }
}

const fn operators(kind: Kind) -> &'static [(&'static str, &'static str)] {
    const EQUAL: (&str, &str) = ("==", "any is equal");
    const NOT_EQUAL: (&str, &str) = ("!=", "none is equal");
    const IN: (&str, &str) = ("in", "one of a set: {a, b, c..d}");
    match kind {
        Kind::Text => {
            &[EQUAL, NOT_EQUAL, ("contains", "has this text in it"), ("matches", "regular expression"), IN]
        }
        Kind::Number | Kind::Duration | Kind::Bytes | Kind::Time | Kind::Scale(_) | Kind::Frames => &[
            EQUAL,
            NOT_EQUAL,
            (">=", "at least"),
            ("<=", "at most"),
            (">", "more than"),
            ("<", "less than"),
            IN,
        ],
        Kind::Address | Kind::Ipv4 | Kind::Ipv6 | Kind::Choice(_) | Kind::Code | Kind::Flag => {
            &[EQUAL, NOT_EQUAL, IN]
        }
        Kind::Presence => &[],
    }
}
