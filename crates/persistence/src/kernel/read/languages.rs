//! The languages of the texts in a list: CSV has a column for each, and needs them before the first row.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query as Select};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use vku_domain::kernel::error::Error;
use vku_domain::kernel::resource::reference::Key;
use vku_domain::kernel::tabular::{LANGUAGES, Layout};

use super::load::{Parents, visible};
use crate::kernel::database::error::failed;
use crate::kernel::table::any::AnyQuery;
use crate::kernel::table::has_child_row::HasChildRow;
use crate::kernel::transaction::Reader;

impl Reader<'_> {
    /// Returns the languages in addition to the default ones, sorted: one query for each localized member.
    ///
    /// Errors: 404 if the actor does not see the parent.
    pub(crate) fn languages<'a>(
        &'a self,
        query: &'a AnyQuery,
        parent: Option<&'a Key>,
    ) -> LocalBoxFuture<'a, Result<Vec<String>, Error>> {
        async move {
            let table = query.table;
            self.may_list(query)?;
            let parent = self.parent_of_list(query, parent).await?;
            let hidden = (table.resource.hidden_fields)(self.actor().role);
            let mut languages = Vec::new();
            for text in Layout::of(table.resource).localized() {
                let (member, below) =
                    text.split_once('.').map_or((text.as_str(), None), |(it, rest)| (it, Some(rest)));
                if hidden.contains(&member) {
                    continue;
                }
                let column = (table.json_column)(member);
                let rows = Select::select()
                    .expr(table.column(column))
                    .from(table.name())
                    .cond_where(visible(
                        table,
                        self.actor(),
                        Parents::of_list(query, parent, true),
                        query.deleted,
                    ))
                    .cond_where((query.filter)(self.actor()).into_condition(HasChildRow::of_all))
                    .take();
                let texts = Expr::col((Alias::new("rows"), Alias::new(column)));
                let backend = self.tx().get_database_backend();
                let keys = match (backend, below) {
                    (DatabaseBackend::Postgres, None) => Func::cust("jsonb_object_keys").arg(texts),
                    (DatabaseBackend::Postgres, Some(below)) => {
                        let path = [texts].into_iter().chain(below.split('.').map(Expr::val));
                        Func::cust("jsonb_object_keys").arg(Func::cust("jsonb_extract_path").args(path))
                    }
                    (_, None) => Func::cust("json_each").arg(texts),
                    (_, Some(below)) => {
                        Func::cust("json_each").args([texts, Expr::val(format!("$.{below}"))])
                    }
                };
                let found = Select::select()
                    .distinct()
                    .column("key")
                    .from_subquery(rows, "rows")
                    .from_function(keys, "key")
                    .and_where(Expr::col("key").is_not_in(LANGUAGES.iter().copied()))
                    .take();
                for row in self.tx().query_all(&found).await.map_err(failed)? {
                    languages.push(row.try_get("", "key").map_err(failed)?);
                }
            }
            languages.sort_unstable();
            languages.dedup();
            Ok(languages)
        }
        .boxed_local()
    }
}
