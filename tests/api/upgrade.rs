//! Upgrading the database of an older version: migrations fill new columns from existing rows.

use super::filters::by_country;
use crate::harness::{TestApp, ask, database, on_both};

/// Statements that undo the migrations, apart from indexes that a later one has dropped.
const UNDO: [&str; 5] = [
    "DROP TABLE partnership_country",
    "DROP INDEX partnership_party_field_country_owner_id",
    "ALTER TABLE partnership_party DROP COLUMN country",
    "ALTER TABLE utility DROP COLUMN traits",
    "DELETE FROM seaql_migrations WHERE version IN ('m20261123_figures', 'm20261123_traits', 'm20261130_party_sectors', \
     'm20261201_party_status', 'm20261202_party_order', 'm20261203_country_index')",
];

async fn countries(app: &TestApp) -> Vec<String> {
    ask(app, "SELECT coalesce(country, '-') FROM partnership_party ORDER BY owner_id, field, position").await
}

/// The traits of each utility, sorted, because the databases store a set in different orders.
async fn traits(app: &TestApp) -> Vec<Vec<String>> {
    let of_each = ask(app, "SELECT traits FROM utility ORDER BY id").await;
    let words = |traits: String| {
        let mut words: Vec<_> = traits.split(['|', ' ']).map(str::to_owned).collect();
        words.sort_unstable();
        words
    };
    of_each.into_iter().map(words).collect()
}

on_both! {
    async fn migrations_fill_derived_columns(app: TestApp) {
        let columns = async || (countries(&app).await, traits(&app).await, by_country(&app).await);
        let before = columns().await;
        assert!(before.0.iter().any(|country| country == "UA") && before.0.iter().any(|country| country == "-"));
        assert!(before.1.iter().any(|words| words.iter().any(|word| word.starts_with("sectors:"))));
        assert!(before.2.iter().any(|row| row.starts_with("UA wastewater active public 20")), "{:?}", before.2);
        for statement in UNDO {
            ask(&app, statement).await;
        }
        let (store, _) = database::open(&app.url).await;
        store.database().clone().close().await.unwrap();
        assert_eq!(columns().await, before);
    }
}
