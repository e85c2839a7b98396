//! Every row struct fits its table: live and deleted rows can be read on both databases.

use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::query::Query;
use vku_domain::kernel::resource::Stored;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::table::Table;
use vku_persistence::{Visitor, collections, visit};

use super::changes::changes_after;
use super::fixtures::FIXTURES;
use crate::harness::database::ask;
use crate::harness::{Backend, on_both};

/// All live rows of a resource, or all deleted ones.
pub(super) async fn all_rows<T: Table>(store: &Store, deleted: bool) -> Vec<Stored<T>> {
    let operator = Actor::operator(store.now());
    let (mut items, mut query) = (Vec::new(), Query::<T>::all());
    query.deleted = deleted;
    loop {
        let page = store.read(&operator).await.unwrap().list_everywhere(&query).await.unwrap();
        items.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return items,
        }
    }
}

/// The numbers of live and of deleted rows.
struct Count<'a>(&'a Store);

impl Visitor for Count<'_> {
    type Output = (usize, usize);

    async fn visit<T: Table>(self) -> Self::Output {
        (all_rows::<T>(self.0, false).await.len(), all_rows::<T>(self.0, true).await.len())
    }
}

on_both! {
    /// PostgreSQL takes a table without statistics for one with a single row.
    async fn the_planner_has_statistics_of_small_tables(app: TestApp) {
        if app.backend == Backend::Sqlite {
            return;
        }
        let left_out = "SELECT relname::text FROM pg_class WHERE relkind = 'r' \
            AND relnamespace = current_schema()::regnamespace \
            AND NOT coalesce('autovacuum_analyze_threshold=5' = ANY (reloptions), false)";
        assert_eq!(ask(&app, left_out).await, Vec::<String>::new());
        let known = "SELECT DISTINCT tablename::text FROM pg_stats WHERE tablename IN ('partnership', 'utility') ORDER BY 1";
        assert_eq!(ask(&app, known).await, ["partnership", "utility"]);
    }

    async fn rows_of_every_table_can_be_read(app: TestApp) {
        for fixture in FIXTURES {
            let path = fixture.create(&app, "Gone").await;
            app.admin().delete(&path, "*").await.expect(204);
            let (live, _) = visit(fixture.collection, Count(&app.store)).await.unwrap();
            if live == 0 {
                fixture.create(&app, "There").await;
            }
        }
        for collection in collections() {
            let (live, deleted) = visit(&collection, Count(&app.store)).await.unwrap();
            assert!(live > 0, "there is no row of {collection}");
            assert_eq!(deleted, 1, "deleted {collection}");
        }
        assert_eq!(app.store.accounts().await.unwrap().len(), 5);
        assert!(!changes_after(&app.store, 0).await.is_empty());
    }
}
