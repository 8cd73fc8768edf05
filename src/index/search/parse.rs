//! The query language: words (all of them must match), `"phrases"`,
//! `prefix*`, `AND`, `OR`, `NOT` (in capitals) and parentheses. `NOT` binds
//! tightest, then `AND`, then `OR`; `AND NOT` is `NOT`.
//!
//! What the user typed is parsed here and nowhere else; SQLite sees only the
//! words of the tree.

use crate::index::words::tokens;

/// A query as a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// One word or phrase: its tokens in a row.
    Text {
        /// As typed, without quotes and `*`.
        text: String,
        /// Whether the last token may go on.
        prefix: bool,
    },
    /// All of these.
    And(Vec<Expression>),
    /// Any of these.
    Or(Vec<Expression>),
    /// The first, but not the second.
    Not(Box<Expression>, Box<Expression>),
}

/// Text that is not a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {column} of the query: {problem}")]
pub struct QueryError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: &'static str,
    /// What to write instead.
    pub hint: &'static str,
}

/// Longest query, in bytes.
const MAX_BYTES: usize = 4_096;
/// Most words and phrases.
const MAX_TEXTS: usize = 64;
/// Deepest parentheses.
const MAX_DEPTH: usize = 32;

/// Parses a query.
///
/// # Errors
/// [`QueryError`], with the place and a hint.
pub fn parse(text: &str) -> Result<Expression, QueryError> {
    let mut parser = Parser {
        text,
        at: 0,
        texts: 0,
        depth: 0,
    };
    if text.len() > MAX_BYTES {
        return Err(parser.error("it is longer than 4,096 bytes", "search for fewer words"));
    }
    let expression = parser.any()?;
    match parser.peek() {
        Lexeme::End => Ok(expression),
        _ => Err(parser.error(
            "this parenthesis closes nothing",
            "remove it, or put it in quotes",
        )),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    texts: usize,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lexeme {
    End,
    Open,
    Close,
    And,
    Or,
    Not,
    Quote,
    Word,
}

impl<'a> Parser<'a> {
    fn error(&self, problem: &'static str, hint: &'static str) -> QueryError {
        QueryError {
            column: self.text[..self.at].chars().count() + 1,
            problem,
            hint,
        }
    }

    /// What comes next, after white space.
    fn peek(&mut self) -> Lexeme {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        let rest = &self.text[self.at..];
        match rest.chars().next() {
            None => Lexeme::End,
            Some('(') => Lexeme::Open,
            Some(')') => Lexeme::Close,
            Some('"') => Lexeme::Quote,
            Some(_) => match word_of(rest) {
                "AND" => Lexeme::And,
                "OR" => Lexeme::Or,
                "NOT" => Lexeme::Not,
                _ => Lexeme::Word,
            },
        }
    }

    fn any(&mut self) -> Result<Expression, QueryError> {
        let mut parts = vec![self.all()?];
        while self.peek() == Lexeme::Or {
            self.at += 2;
            parts.push(self.all()?);
        }
        Ok(single_or(parts, Expression::Or))
    }

    fn all(&mut self) -> Result<Expression, QueryError> {
        let mut parts = vec![self.primary()?];
        loop {
            let and = self.peek() == Lexeme::And;
            self.at += if and { 3 } else { 0 };
            match self.peek() {
                Lexeme::Not => {
                    self.at += 3;
                    let right = Box::new(self.primary()?);
                    // What stands right before it; there always is something.
                    if let Some(left) = parts.pop() {
                        parts.push(Expression::Not(Box::new(left), right));
                    }
                }
                Lexeme::End | Lexeme::Or | Lexeme::Close if !and => break,
                _ => parts.push(self.primary()?),
            }
        }
        Ok(single_or(parts, Expression::And))
    }

    fn primary(&mut self) -> Result<Expression, QueryError> {
        match self.peek() {
            Lexeme::Open => self.group(),
            Lexeme::Quote => self.phrase(),
            Lexeme::Word => self.word(),
            Lexeme::End => Err(self.error(
                if self.text.trim().is_empty() {
                    "it is empty"
                } else {
                    "something is missing at its end"
                },
                "give at least one word, e.g. `release` or `\"exact phrase\"`",
            )),
            Lexeme::Close => Err(self.error(
                "nothing stands before this parenthesis",
                "write what to search for inside the parentheses",
            )),
            Lexeme::Not => Err(self.error(
                "NOT needs something before it",
                "write `this NOT that`, or `not` in small letters for the word",
            )),
            Lexeme::And | Lexeme::Or => Err(self.error(
                "this operator has nothing before it",
                "write it in small letters or quotes to search for the word",
            )),
        }
    }

    fn group(&mut self) -> Result<Expression, QueryError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("parentheses are nested too deeply", "use at most 32 levels"));
        }
        self.depth += 1;
        let opened = self.at;
        self.at += 1;
        let expression = self.any()?;
        if self.peek() != Lexeme::Close {
            self.at = opened;
            return Err(self.error("this parenthesis is not closed", "add `)`"));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(expression)
    }

    fn phrase(&mut self) -> Result<Expression, QueryError> {
        let opened = self.at;
        let inside = &self.text[opened + 1..];
        let Some(length) = inside.find('"') else {
            return Err(self.error("this quote is not closed", "add `\"`"));
        };
        self.at = opened + length + 2;
        let prefix = self.text[self.at..].starts_with('*');
        self.at += usize::from(prefix);
        self.finish_text(opened, &inside[..length], prefix)
    }

    fn word(&mut self) -> Result<Expression, QueryError> {
        let opened = self.at;
        let word = word_of(&self.text[opened..]);
        self.at += word.len();
        match word.strip_suffix('*') {
            Some(stem) => self.finish_text(opened, stem, true),
            None => self.finish_text(opened, word, false),
        }
    }

    fn finish_text(
        &mut self,
        opened: usize,
        text: &'a str,
        prefix: bool,
    ) -> Result<Expression, QueryError> {
        let after = std::mem::replace(&mut self.at, opened);
        if tokens(text).next().is_none() {
            return Err(self.error(
                "there is no letter or digit to search for",
                "only words and numbers are indexed, not punctuation",
            ));
        }
        self.texts += 1;
        if self.texts > MAX_TEXTS {
            return Err(self.error("it has more than 64 words", "search for fewer words"));
        }
        self.at = after;
        Ok(Expression::Text {
            text: text.to_owned(),
            prefix,
        })
    }
}

/// The word at the start of `text`: up to white space, a quote, or a
/// parenthesis without a partner in the word. So `foo()` is a word, and
/// `foo(a b)` is one before a group.
fn word_of(text: &str) -> &str {
    let mut open = Vec::new();
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        match c {
            '(' => open.push(at),
            ')' if open.pop().is_some() => {}
            c if c.is_whitespace() || matches!(c, ')' | '"') => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let first = open.first().copied().filter(|at| *at > 0);
    &text[..first.unwrap_or(end)]
}

fn single_or(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        many(parts)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::index::search::tests::render;

    fn shown(text: &str) -> String {
        render(&parse(text).unwrap())
    }

    #[test]
    fn operators_bind_as_documented() {
        assert_eq!(shown("a b"), r#"("a" AND "b")"#);
        assert_eq!(shown("a AND b OR c"), r#"(("a" AND "b") OR "c")"#);
        assert_eq!(shown("a OR b c"), r#"("a" OR ("b" AND "c"))"#);
        assert_eq!(shown("a b NOT c d"), r#"("a" AND ("b" NOT "c") AND "d")"#);
        assert_eq!(shown("a AND NOT b"), r#"("a" NOT "b")"#);
        assert_eq!(
            shown("a b AND NOT (c OR d) e"),
            r#"("a" AND ("b" NOT ("c" OR "d")) AND "e")"#
        );
        assert_eq!(shown("a NOT b NOT c"), r#"(("a" NOT "b") NOT "c")"#);
        assert_eq!(shown("f(a, b(c))"), r#"("f" AND ("a," AND "b(c)"))"#);
        assert_eq!(shown("(a OR b) c"), r#"(("a" OR "b") AND "c")"#);
        assert_eq!(
            shown("rel* \"exact phrase\"*"),
            r#"("rel" * AND "exact phrase" *)"#
        );
        assert_eq!(shown("and or not"), r#"("and" AND "or" AND "not")"#);
        assert_eq!(shown("tokio::spawn"), r#""tokio::spawn""#);
        assert_eq!(shown("(main())"), r#""main()""#);
        assert_eq!(shown("C++ std::vec![1]"), r#"("C++" AND "std::vec![1]")"#);
    }

    #[test]
    fn mistakes_are_located() {
        for (text, column, problem) in [
            ("", 1, "empty"),
            ("a AND", 6, "missing"),
            ("a AND OR b", 7, "operator"),
            ("a AND NOT", 10, "missing"),
            ("a OR NOT b", 6, "NOT needs"),
            ("foo(", 5, "missing"),
            ("NOT a", 1, "NOT needs"),
            ("é \"open", 3, "quote"),
            ("a (b", 3, "not closed"),
            ("a)", 2, "closes nothing"),
            ("()", 2, "nothing stands"),
            ("a && b", 3, "letter or digit"),
            ("OR", 1, "operator"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.column, column, "{text}");
            assert!(error.problem.contains(problem), "{text}: {error}");
        }
        let deep = format!("{}a{}", "(".repeat(33), ")".repeat(33));
        assert!(parse(&deep).unwrap_err().problem.contains("deeply"));
        assert!(parse(&"a ".repeat(65)).unwrap_err().problem.contains("64"));
    }
}
