//! The statements on SQLite, with rusqlite.

use std::cell::RefCell;

use rusqlite::Params;
use rusqlite::types::ValueRef;

use super::schema::{count, of_many, of_one, one, page, select};
use super::{Filters, Participants, Texts, partnership};
use crate::Failure;

pub struct Connection(RefCell<rusqlite::Connection>);

/// A row, copied, because a statement has one row at a time.
struct Row(i64, Vec<Option<String>>);

impl Texts for Row {
    fn key(&self) -> Result<i64, Failure> {
        Ok(self.0)
    }

    fn text(&self, column: usize) -> Result<Option<&str>, Failure> {
        Ok(self.1.get(column.wrapping_sub(1)).and_then(Option::as_deref))
    }
}

impl Texts for rusqlite::Row<'_> {
    fn key(&self) -> Result<i64, Failure> {
        Ok(self.get(0)?)
    }

    fn text(&self, column: usize) -> Result<Option<&str>, Failure> {
        match self.get_ref(column)? {
            ValueRef::Null => Ok(None),
            text => Ok(Some(text.as_str()?)),
        }
    }
}

impl Connection {
    pub fn open(path: &str) -> Result<Self, Failure> {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;
             PRAGMA mmap_size = 1073741824; PRAGMA cache_size = -65536;",
        )?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self(RefCell::new(connection)))
    }

    fn rows(&self, sql: &str, values: impl Params) -> Result<Vec<Row>, Failure> {
        let connection = self.0.borrow();
        let mut statement = connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(values)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let texts = (1..columns).map(|column| Ok(row.text(column)?.map(str::to_owned)));
            all.push(Row(row.key()?, texts.collect::<Result<_, Failure>>()?));
        }
        Ok(all)
    }

    fn participants(&self, sql: &str, values: impl Params) -> Result<Vec<Participants>, Failure> {
        let connection = self.0.borrow();
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            Participants::add(&mut all, row)?;
        }
        Ok(all)
    }

    fn complete(&self, rows: &[Row], total: i64) -> Result<Vec<u8>, Failure> {
        let keys = serde_json::to_string(&rows.iter().map(|row| row.0).collect::<Vec<_>>())?;
        let all = self.participants(&of_many("IN (SELECT value FROM json_each($1))"), [keys])?;
        super::page(rows, &all, total)
    }

    pub fn one(&self, slug: &str) -> Result<Vec<u8>, Failure> {
        let all = self.participants(&of_one(), [slug])?;
        let connection = self.0.borrow();
        let mut statement = connection.prepare_cached(&one())?;
        let mut rows = statement.query([slug])?;
        let mut out = Vec::with_capacity(2_048);
        if let Some(row) = rows.next()? {
            partnership(&mut out, row, &all)?;
        }
        Ok(out)
    }

    pub fn page(&self, Filters { sector, country, status }: &Filters) -> Result<Vec<u8>, Failure> {
        let filters = [sector, country, status];
        let rows = self.rows(&page(), filters)?;
        let total = self.0.borrow().prepare_cached(&count())?.query_row(filters, |row| row.get(0))?;
        self.complete(&rows, total)
    }

    pub fn word(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let found = "FROM limit_word f JOIN limit_partnership p ON p.key = f.rowid WHERE limit_word MATCH $1 \
                     ORDER BY f.rank LIMIT 20";
        let rows = self.rows(&select(found), [text])?;
        let count = "SELECT count(*) FROM limit_word WHERE limit_word MATCH $1";
        let total = self.0.borrow().prepare_cached(count)?.query_row([text], |row| row.get(0))?;
        self.complete(&rows, total)
    }
}
