//! Which tables a statement reads and writes, by its text.
//!
//! Names of tables are where SQL has them: after `FROM`, `JOIN`, `INTO`, `UPDATE`, `USING`, `IN` and `TABLE`, and after
//! commas of a `FROM`. Whatever is not understood counts as all tables: an unknown name, an unknown kind of statement.

mod tokens;

use std::cell::RefCell;
use std::collections::HashMap;

use self::tokens::{Keyword, Token, Tokens};
use super::table_set::{KnownTable, TableSet};

/// The tables that a statement names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementTables {
    pub(crate) read: TableSet,
    pub(crate) written: TableSet,
    /// Whether it reads the slugs, which belong to the resources that its values name.
    pub(crate) reads_slugs: bool,
    /// Whether it writes slugs.
    pub(crate) writes_slugs: bool,
}

/// How many statements a thread remembers.
const MAX_REMEMBERED: usize = 256;
/// The longest text that is remembered, in bytes: longer statements are rarely repeated.
const MAX_TEXT: usize = 8 * 1024;

thread_local! {
    static REMEMBERED: RefCell<HashMap<Box<str>, StatementTables>> = RefCell::default();
}

impl StatementTables {
    const ALL: Self =
        Self { read: TableSet::ALL, written: TableSet::ALL, reads_slugs: true, writes_slugs: true };

    /// Reads the text of a statement, or of several separated by semicolons; of one that is repeated, only once.
    pub fn of(sql: &str) -> Self {
        REMEMBERED.with_borrow_mut(|remembered| {
            if let Some(known) = remembered.get(sql) {
                return *known;
            }
            let tables = Self::scan(sql);
            if sql.len() <= MAX_TEXT {
                if remembered.len() >= MAX_REMEMBERED {
                    remembered.clear();
                }
                remembered.insert(sql.into(), tables);
            }
            tables
        })
    }

    fn scan(sql: &str) -> Self {
        Scanner::new(sql).scan().unwrap_or(Self::ALL)
    }

    /// Whether the table counts as read.
    pub fn reads(&self, table: &str) -> bool {
        match KnownTable::find(table) {
            Some(KnownTable::Set(set)) => self.read.contains(set),
            Some(KnownTable::Slugs) => self.reads_slugs,
            None => self.read == TableSet::ALL,
        }
    }

    /// Whether the table counts as written.
    pub fn writes(&self, table: &str) -> bool {
        match KnownTable::find(table) {
            Some(KnownTable::Set(set)) => self.written.contains(set),
            Some(KnownTable::Slugs) => self.writes_slugs,
            None => self.written == TableSet::ALL,
        }
    }

    /// Whether the statement is understood, so that not all tables count as read or written.
    pub fn is_understood(&self) -> bool {
        self.read != TableSet::ALL && self.written != TableSet::ALL
    }

    fn add(&mut self, access: Access, name: &str) -> bool {
        match (KnownTable::find(name), access) {
            (None, _) => return false,
            (Some(KnownTable::Slugs), Access::Read) => self.reads_slugs = true,
            (Some(KnownTable::Slugs), Access::Write) => self.writes_slugs = true,
            (Some(KnownTable::Set(set)), Access::Read) => self.read |= set,
            (Some(KnownTable::Set(set)), Access::Write) => self.written |= set,
        }
        true
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// How deep parentheses are followed.
const MAX_DEPTH: u32 = 64;

struct Scanner<'a> {
    tokens: Tokens<'a>,
    found: StatementTables,
    /// Names that are no tables, unless they are defined by `WITH`.
    unknown: Vec<(Access, &'a str)>,
    /// The names that `WITH` defines.
    defined: Vec<&'a str>,
    /// The last name, and for each depth the last one before it.
    name: &'a str,
    names: Vec<&'a str>,
    /// Whether the next name is a table.
    expected: Option<Access>,
    depth: u32,
    /// For each depth, one bit: whether commas separate tables.
    lists: u64,
}

impl<'a> Scanner<'a> {
    fn new(sql: &'a str) -> Self {
        Self {
            tokens: Tokens::of(sql),
            found: StatementTables::default(),
            unknown: Vec::new(),
            defined: Vec::new(),
            name: "",
            names: Vec::new(),
            expected: None,
            depth: 0,
            lists: 0,
        }
    }

    fn scan(mut self) -> Option<StatementTables> {
        let (mut before, mut begins) = (None, true);
        while let Some(token) = self.tokens.next() {
            if std::mem::take(&mut begins) {
                begins = !self.begin(token)?;
            }
            match token {
                Token::Keyword(keyword) => self.keyword(keyword, before),
                Token::Word(word) | Token::Quoted(word) => {
                    self.table(word);
                    self.name = word;
                }
                Token::Symbol(symbol) => {
                    begins |= symbol == b';';
                    self.symbol(symbol)?;
                }
                Token::Value if self.expected.is_some() => return None,
                Token::Value => {}
            }
            before = if let Token::Keyword(keyword) = token { Some(keyword) } else { None };
        }
        for (access, name) in std::mem::take(&mut self.unknown) {
            if !self.defined.iter().any(|defined| defined.eq_ignore_ascii_case(name)) {
                match access {
                    Access::Read => self.found.read = TableSet::ALL,
                    Access::Write => return None,
                }
            }
        }
        Some(self.found)
    }

    /// Begins a statement; returns whether it begins with this token, and `None` if its kind is unknown.
    fn begin(&mut self, token: Token<'_>) -> Option<bool> {
        const OTHERS: [&str; 9] =
            ["insert", "savepoint", "release", "rollback", "set", "pragma", "analyze", "discard", "lock"];
        match token {
            Token::Symbol(b'(' | b';') => Some(false),
            Token::Keyword(Keyword::Select | Keyword::Update | Keyword::Delete | Keyword::Where) => {
                Some(true)
            }
            Token::Word(word) => OTHERS.iter().any(|known| known.eq_ignore_ascii_case(word)).then_some(true),
            _ => None,
        }
    }

    /// Takes a keyword.
    fn keyword(&mut self, keyword: Keyword, before: Option<Keyword>) {
        let is_next = |symbol| self.tokens.precede(symbol);
        match keyword {
            Keyword::From if before == Some(Keyword::Distinct) => {}
            Keyword::From if before == Some(Keyword::Delete) => self.expected = Some(Access::Write),
            Keyword::From | Keyword::Join => {
                self.expected = Some(Access::Read);
                self.set_list(true);
            }
            Keyword::In | Keyword::Using if is_next(b'(') => {}
            Keyword::In | Keyword::Using => {
                self.expected = Some(Access::Read);
                self.set_list(keyword == Keyword::Using || self.is_list());
            }
            Keyword::Into => self.expected = Some(Access::Write),
            // Not in `FOR UPDATE`, `FOR NO KEY UPDATE` and `DO UPDATE`.
            Keyword::Update if matches!(before, Some(Keyword::For | Keyword::Key | Keyword::Do)) => {}
            Keyword::Update => self.expected = Some(Access::Write),
            Keyword::Table => self.expected = Some(Access::Read),
            Keyword::As | Keyword::Materialized if is_next(b'(') => self.defined.push(self.name),
            Keyword::Select | Keyword::Where | Keyword::For => {
                self.expected = None;
                self.set_list(false);
            }
            Keyword::As
            | Keyword::Delete
            | Keyword::Distinct
            | Keyword::Do
            | Keyword::Key
            | Keyword::Materialized
            | Keyword::Not
            | Keyword::Only => {}
        }
    }

    fn symbol(&mut self, symbol: u8) -> Option<()> {
        match symbol {
            b'(' => {
                self.depth += 1;
                if self.depth >= MAX_DEPTH || self.expected == Some(Access::Write) {
                    return None;
                }
                self.set_list(self.expected.is_some());
                self.names.push(self.name);
            }
            b')' => {
                self.expected = None;
                self.depth = self.depth.checked_sub(1)?;
                self.name = self.names.pop()?;
            }
            b',' if self.is_list() => self.expected = Some(Access::Read),
            b';' => (self.expected, self.lists) = (None, 0),
            // A comment may hide anything.
            b'-' if self.tokens.precede(b'-') => return None,
            b'/' if self.tokens.precede(b'*') => return None,
            _ if self.expected.is_some() => return None,
            _ => {}
        }
        Some(())
    }

    /// Takes a name: of a table, if one is expected.
    fn table(&mut self, mut name: &'a str) {
        let Some(access) = self.expected.take() else { return };
        while self.tokens.precede(b'.') {
            self.tokens.next();
            if let Some(Token::Word(word) | Token::Quoted(word)) = self.tokens.next() {
                name = word;
            }
        }
        // A function.
        if access == Access::Read && self.tokens.precede(b'(') {
            return;
        }
        if !self.found.add(access, name) {
            self.unknown.push((access, name));
        }
    }

    fn is_list(&self) -> bool {
        self.lists & (1 << self.depth) != 0
    }

    fn set_list(&mut self, is_list: bool) {
        self.lists = (self.lists & !(1 << self.depth)) | (u64::from(is_list) << self.depth);
    }
}

#[cfg(test)]
mod tests;
