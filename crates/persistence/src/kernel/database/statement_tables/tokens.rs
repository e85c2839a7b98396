//! The tokens of SQL.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Keyword(Keyword),
    /// A name without quotes, or a keyword that does not matter here.
    Word(&'a str),
    /// A name in double quotes.
    Quoted(&'a str),
    Symbol(u8),
    /// A string, a number or a parameter.
    Value,
}

/// A keyword that matters for finding tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    As,
    Delete,
    Distinct,
    Do,
    For,
    From,
    In,
    Into,
    Join,
    Key,
    Materialized,
    Not,
    /// `LATERAL` or `ONLY`.
    Only,
    /// What begins a query: `SELECT`, `VALUES` or `WITH`.
    Select,
    Table,
    Update,
    Using,
    /// What ends a list of tables, such as `WHERE`.
    Where,
}

/// The length of the longest keyword.
const LONGEST: usize = 12;

impl Keyword {
    fn of(word: &str) -> Option<Self> {
        let mut letters = [0; LONGEST];
        let letters = letters.get_mut(..word.len())?;
        letters.copy_from_slice(word.as_bytes());
        letters.make_ascii_lowercase();
        Some(match &*letters {
            b"as" => Self::As,
            b"delete" => Self::Delete,
            b"distinct" => Self::Distinct,
            b"do" => Self::Do,
            b"for" => Self::For,
            b"from" => Self::From,
            b"in" => Self::In,
            b"into" => Self::Into,
            b"join" => Self::Join,
            b"key" => Self::Key,
            b"materialized" => Self::Materialized,
            b"not" => Self::Not,
            b"lateral" | b"only" => Self::Only,
            b"select" | b"values" | b"with" => Self::Select,
            b"table" => Self::Table,
            b"update" => Self::Update,
            b"using" => Self::Using,
            b"where" | b"group" | b"order" | b"having" | b"limit" | b"offset" | b"union" | b"intersect"
            | b"except" | b"returning" | b"set" | b"window" | b"fetch" => Self::Where,
            _ => return None,
        })
    }
}

/// Splits a statement into tokens; `None` where it ends.
pub(super) struct Tokens<'a> {
    sql: &'a str,
    at: usize,
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

impl<'a> Tokens<'a> {
    pub(super) fn of(sql: &'a str) -> Self {
        Self { sql, at: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.sql.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, skips: impl Fn(u8) -> bool) {
        while self.byte().is_some_and(&skips) {
            self.at += 1;
        }
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        self.skip(|byte| byte.is_ascii_whitespace());
        let (start, first) = (self.at, self.byte()?);
        match first {
            b'\'' | b'"' => {
                self.at += 1;
                self.skip(|byte| byte != first);
                let inner = self.sql.get(start + 1..self.at)?;
                // A doubled quote stands for itself: a string is then read as two.
                self.at += 1;
                Some(if first == b'"' { Token::Quoted(inner) } else { Token::Value })
            }
            b'$' | b'?' | b'0'..=b'9' => {
                self.at += 1;
                self.skip(is_part);
                Some(Token::Value)
            }
            _ if is_part(first) => {
                self.skip(is_part);
                let word = self.sql.get(start..self.at)?;
                Some(Keyword::of(word).map_or(Token::Word(word), Token::Keyword))
            }
            _ => {
                self.at += 1;
                Some(Token::Symbol(first))
            }
        }
    }

    /// Whether this symbol follows.
    pub(super) fn precede(&self, symbol: u8) -> bool {
        let rest = self.sql.as_bytes().get(self.at..).unwrap_or_default();
        rest.trim_ascii_start().first() == Some(&symbol)
    }
}
