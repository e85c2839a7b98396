//! Keyset pagination: a page starts beyond the row of its cursor, and is read forwards or backwards.

use sea_orm::Order;
use sea_orm::sea_query::{Expr, ExprTrait};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vku_domain::bilingual;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::violation::Violations;

use crate::kernel::crypto::signed_token::TokenKey;

/// The direction in which a page is read from its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PageDirection {
    /// The rows after the cursor.
    #[serde(rename = "n")]
    Next,
    /// The rows before the cursor.
    #[serde(rename = "p")]
    Previous,
}

impl PageDirection {
    /// The order in which a list that begins with the largest value is read.
    pub(crate) fn descending(self) -> Order {
        match self {
            Self::Next => Order::Desc,
            Self::Previous => Order::Asc,
        }
    }

    /// Selects the rows beyond a value of the column by which such a list is sorted.
    pub(crate) fn beyond(self, column: Expr, value: Expr) -> Expr {
        match self {
            Self::Next => column.lt(value),
            Self::Previous => column.gt(value),
        }
    }
}

/// The page to read: its size, and the direction of its cursor.
pub(crate) struct Keyset {
    cursor: Option<PageDirection>,
    limit: u64,
}

/// The rows of a page in the order of the list, and the cursors of the pages after and before it.
pub(crate) struct KeysetPage<R> {
    pub(crate) rows: Vec<R>,
    pub(crate) next: Option<String>,
    pub(crate) prev: Option<String>,
}

impl Keyset {
    /// Makes the page with the cursor of this direction; without a cursor, the first page of the list.
    pub(crate) fn new(cursor: Option<PageDirection>, limit: u64) -> Self {
        Self { cursor, limit }
    }

    /// The direction in which the rows are read.
    pub(crate) fn direction(&self) -> PageDirection {
        self.cursor.unwrap_or(PageDirection::Next)
    }

    /// The number of rows to read: one more than the page has shows whether there is another page.
    pub(crate) fn rows_to_read(&self) -> u64 {
        self.limit + 1
    }

    /// Whether there are more rows than the page has.
    pub(crate) fn is_exceeded_by<R>(&self, rows: &[R]) -> bool {
        rows.len() > self.size()
    }

    /// Makes the page of the rows that were read. `cursor` makes the cursor of a row.
    pub(crate) fn page<R>(
        &self,
        mut rows: Vec<R>,
        cursor: impl Fn(&R, PageDirection) -> Result<String, Error>,
    ) -> Result<KeysetPage<R>, Error> {
        let has_more = self.is_exceeded_by(&rows);
        rows.truncate(self.size());
        // Beyond the row of a cursor, in the other direction, there is at least that row.
        let (has_next, has_prev) = match self.cursor {
            None => (has_more, false),
            Some(PageDirection::Next) => (has_more, true),
            Some(PageDirection::Previous) => (true, has_more),
        };
        if self.direction() == PageDirection::Previous {
            rows.reverse();
        }
        let next =
            rows.last().filter(|_| has_next).map(|row| cursor(row, PageDirection::Next)).transpose()?;
        let prev =
            rows.first().filter(|_| has_prev).map(|row| cursor(row, PageDirection::Previous)).transpose()?;
        Ok(KeysetPage { rows, next, prev })
    }

    fn size(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

/// Signs a cursor whose position anybody may read. It opens only in the same list.
pub(crate) fn sign(key: &TokenKey, list: &str, position: &impl Serialize) -> Result<String, Error> {
    let payload = serde_json::to_vec(position).map_err(Error::internal)?;
    Ok(key.sign(list.as_bytes(), &payload))
}

/// Opens a signed cursor.
///
/// Errors: 400 if the token was altered or belongs to another list.
pub(crate) fn open<P: DeserializeOwned>(key: &TokenKey, list: &str, token: &str) -> Result<P, Error> {
    let payload = key.open(list.as_bytes(), token);
    payload.and_then(|payload| serde_json::from_slice(&payload).ok()).ok_or_else(invalid_cursor)
}

/// 400: the cursor belongs to another list, or is not a cursor.
pub(crate) fn invalid_cursor() -> Error {
    let mut violations = Violations::default();
    violations.parameter(
        "cursor",
        "invalid_cursor",
        bilingual!(
            "The cursor has been altered, or belongs to another list.",
            "Der Cursor wurde verändert oder gehört zu einer anderen Liste."
        ),
    );
    Error::with_violations(
        Code::InvalidParameters,
        bilingual!("The cursor does not belong to this list.", "Der Cursor gehört nicht zu dieser Liste."),
        violations,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_links_to_its_neighbours() {
        let page = |cursor, rows: Vec<i32>| {
            let page = Keyset::new(cursor, 2)
                .page(rows, |row, direction| Ok(format!("{direction:?} {row}")))
                .unwrap();
            (page.rows, page.next, page.prev)
        };
        let (next, prev) = (|row| Some(format!("Next {row}")), |row| Some(format!("Previous {row}")));
        assert_eq!(page(None, vec![]), (vec![], None, None));
        assert_eq!(page(None, vec![1, 2]), (vec![1, 2], None, None));
        assert_eq!(page(None, vec![1, 2, 3]), (vec![1, 2], next(2), None));
        assert_eq!(page(Some(PageDirection::Next), vec![3, 4]), (vec![3, 4], None, prev(3)));
        assert_eq!(page(Some(PageDirection::Next), vec![3, 4, 5]), (vec![3, 4], next(4), prev(3)));
        assert_eq!(page(Some(PageDirection::Previous), vec![4, 3, 2]), (vec![3, 4], next(4), prev(3)));
        assert_eq!(page(Some(PageDirection::Previous), vec![2, 1]), (vec![1, 2], next(2), None));
    }
}
