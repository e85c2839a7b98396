//! Looks up which resources are linked with others, for many at once.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use uuid::Uuid;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::Error;
use vku_domain::registration::RegistrationStatus;

use crate::kernel::database::error::failed;
use crate::kernel::id::padded_ids;
use crate::kernel::table::any::AnyTable;
use crate::kernel::transaction::connection::Connection;

/// How many ids one statement asks for.
const CHUNK: usize = 1_000;

/// Resources, each with the positions of the changes from which an effect starts.
pub(super) type Sources = HashMap<Uuid, Vec<i64>>;

/// Adds the positions of one source to another.
pub(super) fn add(sources: &mut Sources, id: Uuid, positions: impl IntoIterator<Item = i64>) {
    let all = sources.entry(id).or_default();
    for position in positions {
        if !all.contains(&position) {
            all.push(position);
        }
    }
}

/// Looks up links in one snapshot.
#[derive(Clone, Copy)]
pub(super) struct Links<'a> {
    pub(super) tx: &'a Connection,
    /// Resources that were deleted before are not looked for: nobody has them any more.
    pub(super) since: DateTime<Utc>,
}

impl Links<'_> {
    /// Returns the rows of a table whose column has one of these ids.
    pub(super) async fn rows(self, table: &str, column: &str, of: &Sources) -> Result<Sources, Error> {
        self.linked(
            Query::select().from(table.to_owned()).cond_where(self.kept(table)).take(),
            "id",
            column,
            of,
        )
        .await
    }

    /// Returns the owners of the parties.
    pub(super) async fn owners(self, table: &AnyTable, column: &str, of: &Sources) -> Result<Sources, Error> {
        let all = Query::select().from(format!("{}_party", table.name())).take();
        self.linked(all, "owner_id", column, of).await
    }

    /// Returns a column of the rows of a table whose other column has one of these ids.
    pub(super) async fn column(
        self,
        table: &'static str,
        column: &'static str,
        by: &'static str,
        of: &Sources,
    ) -> Result<Sources, Error> {
        self.linked(Query::select().from(table).take(), column, by, of).await
    }

    /// Returns the ids of all rows of a table, as linked with all sources.
    pub(super) async fn all(self, table: &'static str, positions: &[i64]) -> Result<Sources, Error> {
        if positions.is_empty() {
            return Ok(Sources::new());
        }
        let select =
            Query::select().column("id").from(table).and_where(Expr::col("deleted_at").is_null()).take();
        let rows = self.tx.query_all(&select).await.map_err(failed)?;
        let last = positions.iter().max().copied();
        let pairs = rows.iter().map(|row| Ok((row.try_get("", "id")?, last.into_iter().collect())));
        pairs.collect::<Result<_, sea_orm::DbErr>>().map_err(failed)
    }

    /// Returns the registrations on the waiting lists of these sessions.
    pub(super) async fn waiting(self, sessions: &Sources) -> Result<Sources, Error> {
        let waits = Expr::col("status").eq(RegistrationStatus::Waitlisted.as_str());
        let all = Query::select().from("registration").and_where(waits).take();
        self.linked(all, "id", "session_id", sessions).await
    }

    /// Returns those of these resources that the caller sees.
    pub(super) async fn visible(
        self,
        table: Option<&AnyTable>,
        actor: &Actor,
        ids: &HashSet<Uuid>,
    ) -> Result<HashSet<Uuid>, Error> {
        let Some(table) = table.filter(|table| !ids.is_empty() && table.is_read_by(actor)) else {
            return Ok(HashSet::new());
        };
        let has_id = table.column("id").is_in(ids.iter().copied());
        let select = table.visible_ids(actor).and_where(has_id).take();
        let rows = self.tx.query_all(&select).await.map_err(failed)?;
        rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>().map_err(failed)
    }

    fn kept(self, table: &str) -> Condition {
        let deleted_at = || Expr::col((table.to_owned(), "deleted_at"));
        Condition::any().add(deleted_at().is_null()).add(deleted_at().gte(self.since))
    }

    async fn linked(
        self,
        select: SelectStatement,
        target: &str,
        source: &str,
        of: &Sources,
    ) -> Result<Sources, Error> {
        let ids: Vec<Uuid> = of.keys().copied().collect();
        let mut found = Sources::new();
        for chunk in ids.chunks(CHUNK) {
            let mut select = select.clone();
            select
                .expr_as(Expr::col(target.to_owned()), "target")
                .expr_as(Expr::col(source.to_owned()), "source")
                .and_where(Expr::col(source.to_owned()).is_in(padded_ids(chunk)));
            for row in self.tx.query_all(&select).await.map_err(failed)? {
                let source: Uuid = row.try_get("", "source").map_err(failed)?;
                let target: Uuid = row.try_get("", "target").map_err(failed)?;
                add(&mut found, target, of.get(&source).into_iter().flatten().copied());
            }
        }
        Ok(found)
    }
}
