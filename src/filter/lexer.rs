//! Splits the text into tokens, each with its byte range.

use std::ops::Range;

use super::FilterError;

/// The longest filter, in bytes.
const LONGEST: usize = 4096;

/// A piece of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A field, a number, an address, a bare word.
    Word(String),
    /// Text in quotes.
    Quoted(String),
    Operator(Operator),
    And,
    Or,
    Not,
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    To,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    Matches,
    In,
}

/// A token and its position.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// Operators and punctuation, the longest first.
const SIGNS: &[(&str, Token)] = &[
    ("==", Token::Operator(Operator::Equal)),
    ("!=", Token::Operator(Operator::NotEqual)),
    ("<=", Token::Operator(Operator::LessOrEqual)),
    (">=", Token::Operator(Operator::GreaterOrEqual)),
    ("&&", Token::And),
    ("||", Token::Or),
    ("..", Token::To),
    ("<", Token::Operator(Operator::Less)),
    (">", Token::Operator(Operator::Greater)),
    ("~", Token::Operator(Operator::Matches)),
    ("!", Token::Not),
    ("(", Token::Open),
    (")", Token::Close),
    ("{", Token::OpenSet),
    ("}", Token::CloseSet),
    (",", Token::Comma),
];

/// What may stand in a bare word: names, numbers, addresses, times.
const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '.' | '_' | '-' | ':' | '/' | '+' | '*')
        || !character.is_ascii()
}

/// All tokens of a filter.
pub(super) fn tokens(text: &str) -> Result<Vec<Lexeme>, FilterError> {
    if text.len() > LONGEST {
        return Err(FilterError::new(format!("a filter has at most {LONGEST} bytes"), 0..text.len()));
    }
    let mut lexemes = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if first == '"' {
            quoted(rest, at)?
        } else if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            (token.clone(), sign.len())
        } else if is_word(first) {
            word(rest)
        } else {
            return Err(FilterError::new(
                format!("'{first}' has no meaning here"),
                at..at + first.len_utf8(),
            ));
        };
        lexemes.push(Lexeme { token, span: at..at + length });
        at += length;
    }
    Ok(lexemes)
}

/// A word up to what can't be part of it; two dots end it too.
fn word(rest: &str) -> (Token, usize) {
    let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
    let bare = rest.get(..end).unwrap_or_default();
    let bare = bare.find("..").filter(|&at| at > 0).and_then(|at| bare.get(..at)).unwrap_or(bare);
    let token = match bare.to_ascii_lowercase().as_str() {
        "and" => Token::And,
        "or" => Token::Or,
        "not" => Token::Not,
        "eq" => Token::Operator(Operator::Equal),
        "ne" => Token::Operator(Operator::NotEqual),
        "lt" => Token::Operator(Operator::Less),
        "le" => Token::Operator(Operator::LessOrEqual),
        "gt" => Token::Operator(Operator::Greater),
        "ge" => Token::Operator(Operator::GreaterOrEqual),
        "contains" => Token::Operator(Operator::Contains),
        "matches" => Token::Operator(Operator::Matches),
        "in" => Token::Operator(Operator::In),
        _ => Token::Word(bare.to_owned()),
    };
    (token, bare.len())
}

/// Text in double quotes; a backslash escapes a quote or a backslash, before anything else it is kept
/// (so that regular expressions need no doubling).
fn quoted(rest: &str, at: usize) -> Result<(Token, usize), FilterError> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        match character {
            '"' => return Ok((Token::Quoted(text), offset + 1)),
            '\\' => match characters.next() {
                Some((_, next @ ('"' | '\\'))) => text.push(next),
                Some((_, next)) => text.extend(['\\', next]),
                None => break,
            },
            _ => text.push(character),
        }
    }
    Err(FilterError::new("the closing quote is missing", at..at + rest.len()))
}
