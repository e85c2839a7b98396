//! The baseline `bare`: the statements of the API, hand-written and prepared, over plain sqlx.

/// Defines the same functions for both databases.
macro_rules! bare {
    ($module:ident, $database:ident, $begin:literal, $word:literal, $part:literal) => {
        pub mod $module {
            use chrono::{DateTime, Utc};
            use futures_util::TryStreamExt;
            use sqlx::{AssertSqlSafe, Pool, Row as _, Transaction, $database};
            use uuid::Uuid;

            use crate::baseline::model::{Found, New, Party, ProgrammeSummary, Row, Utility, UtilitySummary};
            use crate::baseline::statements as sql;

            type Tx = Transaction<'static, $database>;
            type Result<T> = sqlx::Result<T>;

            fn row(row: <$database as sqlx::Database>::Row) -> Result<Row> {
                Ok(Row {
                    id: row.try_get(0)?,
                    version: row.try_get(1)?,
                    created_at: row.try_get(2)?,
                    updated_at: row.try_get(3)?,
                    slug: row.try_get(4)?,
                    title: row.try_get(5)?,
                    summary: row.try_get(6)?,
                    status: row.try_get(7)?,
                    start: row.try_get(8)?,
                    end: row.try_get(9)?,
                    based_on: row.try_get(10)?,
                    visibility: row.try_get(11)?,
                    source_url: row.try_get(12)?,
                })
            }

            async fn by_ids(
                tx: &mut Tx,
                statement: &str,
                ids: &[Uuid],
            ) -> Result<Vec<<$database as sqlx::Database>::Row>> {
                if ids.is_empty() {
                    return Ok(Vec::new());
                }
                let statement = AssertSqlSafe(sql::parameters(statement, ids.len()));
                let query = ids.iter().fold(sqlx::query(statement), |query, id| query.bind(*id));
                query.fetch_all(&mut **tx).await
            }

            /// Runs the other statements for these rows.
            async fn complete(tx: &mut Tx, rows: Vec<Row>) -> Result<Found> {
                let mut found = Found { rows, ..Found::default() };
                let ids = found.ids();
                for row in by_ids(tx, sql::SETS, &ids).await? {
                    let set = found.sets.entry(row.try_get(0)?).or_default();
                    set.push((row.try_get(1)?, row.try_get(2)?));
                }
                let mut utilities: Vec<Uuid> = Vec::new();
                for row in by_ids(tx, sql::PARTIES, &ids).await? {
                    let Some(utility) = row.try_get(2)? else { continue };
                    let party = Party {
                        role: row.try_get(1)?,
                        utility,
                        from: row.try_get(4)?,
                        until: row.try_get(5)?,
                    };
                    utilities.push(utility);
                    found.parties.entry(row.try_get(0)?).or_default().push(party);
                }
                utilities.sort_unstable();
                utilities.dedup();
                for row in by_ids(tx, sql::UTILITIES, &utilities).await? {
                    let summary = UtilitySummary {
                        id: row.try_get(3)?,
                        slug: row.try_get(4)?,
                        name: row.try_get(5)?,
                        kind: row.try_get(0)?,
                        country: row.try_get(1)?,
                    };
                    let (latitude, longitude) = (row.try_get(6)?, row.try_get(7)?);
                    found.utilities.insert(summary.id, Utility { summary, latitude, longitude });
                }
                let mut programmes: Vec<Uuid> = Vec::new();
                for row in by_ids(tx, sql::FUNDED, &ids).await? {
                    let (currency, minor): (Option<String>, Option<i64>) = (row.try_get(2)?, row.try_get(3)?);
                    if let Some((currency, minor)) = currency.zip(minor) {
                        let totals = found.totals.entry(row.try_get(0)?).or_default();
                        *totals.entry(currency).or_default() += minor;
                    }
                    let Some(programme) = row.try_get::<Option<Uuid>, _>(1)? else { continue };
                    programmes.push(programme);
                    found.funded.entry(row.try_get(0)?).or_default().push(programme);
                }
                programmes.sort_unstable();
                programmes.dedup();
                for row in by_ids(tx, sql::PROGRAMMES, &programmes).await? {
                    let summary = ProgrammeSummary {
                        id: row.try_get(1)?,
                        slug: row.try_get(2)?,
                        name: row.try_get(3)?,
                        kind: row.try_get(0)?,
                    };
                    found.programmes.insert(summary.id, summary);
                }
                Ok(found)
            }

            /// One partnership by its slug.
            pub async fn one(pool: &Pool<$database>, slug: &str) -> Result<Vec<u8>> {
                let mut tx = pool.begin().await?;
                let statement = AssertSqlSafe(format!("{} {}", sql::COLUMNS, sql::ONE));
                let query = sqlx::query(statement).bind("public").bind("partnership").bind(slug.to_owned());
                let rows = query.fetch_all(&mut *tx).await?.into_iter().map(row).collect::<Result<_>>()?;
                let found = complete(&mut tx, rows).await?;
                tx.rollback().await?;
                Ok(found.one())
            }

            /// A page with three filters.
            pub async fn page(pool: &Pool<$database>) -> Result<Vec<u8>> {
                let mut tx = pool.begin().await?;
                let statement = AssertSqlSafe(format!("{} {}", sql::COLUMNS, sql::PAGE));
                let words = ["public", "active", "partner", "ZM", "sectors", "water"];
                let query =
                    words.iter().fold(sqlx::query(statement), |query, word| query.bind(*word)).bind(51_i64);
                let rows = query.fetch_all(&mut *tx).await?;
                let rows = rows.into_iter().take(50).map(row).collect::<Result<_>>()?;
                let found = complete(&mut tx, rows).await?;
                tx.rollback().await?;
                Ok(found.page())
            }

            /// All partnerships, a few hundred at a time.
            pub async fn export(pool: &Pool<$database>, mut write: impl FnMut(&Found)) -> Result<()> {
                let mut last = Uuid::nil();
                loop {
                    let mut tx = pool.begin().await?;
                    let statement = AssertSqlSafe(format!("{} {}", sql::COLUMNS, sql::AFTER));
                    let query = sqlx::query(statement).bind("public").bind(last).bind(200_i64);
                    let rows: Vec<Row> = query
                        .fetch(&mut *tx)
                        .try_collect::<Vec<_>>()
                        .await?
                        .into_iter()
                        .map(row)
                        .collect::<Result<_>>()?;
                    let Some(row) = rows.last() else { return Ok(()) };
                    last = row.id;
                    let found = complete(&mut tx, rows).await?;
                    tx.rollback().await?;
                    write(&found);
                }
            }

            /// The best fifty matches of a word or of a part of one, found by the database's own search.
            pub async fn search(pool: &Pool<$database>, part: bool, text: &str) -> Result<Vec<u8>> {
                let mut tx = pool.begin().await?;
                let query = sqlx::query(if part { $part } else { $word }).bind(text.to_owned());
                let ids = query.fetch_all(&mut *tx).await?;
                let ids: Vec<Uuid> = ids.into_iter().map(|row| row.try_get(0)).collect::<Result<_>>()?;
                let statement = format!("{} {}", sql::COLUMNS, sql::BY_ID);
                let rows = by_ids(&mut tx, &statement, &ids).await?;
                let rows = rows.into_iter().map(row).collect::<Result<_>>()?;
                let found = complete(&mut tx, rows).await?;
                tx.rollback().await?;
                Ok(found.page())
            }

            async fn insert(tx: &mut Tx, new: &New, at: DateTime<Utc>) -> Result<()> {
                let query = sqlx::query(sql::INSERT).bind(new.id).bind(at);
                query.bind(new.slug.as_str()).bind(new.title.as_str()).execute(&mut **tx).await?;
                sqlx::query(sql::INSERT_SLUG).bind(new.slug.as_str()).bind(new.id).execute(&mut **tx).await?;
                sqlx::query(sql::INSERT_SET).bind(new.id).execute(&mut **tx).await?;
                let query = sqlx::query(sql::INSERT_PARTIES).bind(new.id);
                query.bind(new.lead).bind(new.partner).execute(&mut **tx).await?;
                Ok(())
            }

            /// Creates partnerships in one transaction.
            pub async fn create(pool: &Pool<$database>, new: &[New]) -> Result<()> {
                let mut tx = pool.begin_with($begin).await?;
                for new in new {
                    insert(&mut tx, new, Utc::now()).await?;
                }
                tx.commit().await
            }

            /// The ids of a German and of a Zambian utility.
            pub async fn utilities(pool: &Pool<$database>) -> Result<(Uuid, Uuid)> {
                let of = |country: &'static str| {
                    sqlx::query_scalar(r#"SELECT "id" FROM "utility" WHERE "country" = $1 LIMIT 1"#)
                        .bind(country)
                        .fetch_one(pool)
                };
                Ok((of("DE").await?, of("ZM").await?))
            }
        }
    };
}

bare!(
    sqlite,
    Sqlite,
    "BEGIN IMMEDIATE",
    "SELECT id FROM bare_word WHERE bare_word MATCH $1 ORDER BY rank LIMIT 50",
    "SELECT id FROM bare_part WHERE bare_part MATCH $1 ORDER BY rank LIMIT 50"
);
bare!(
    postgres,
    Postgres,
    "BEGIN",
    "SELECT id FROM bare_text WHERE words @@ to_tsquery('simple', $1)
        ORDER BY ts_rank(words, to_tsquery('simple', $1)) DESC, id LIMIT 50",
    "SELECT id FROM bare_text WHERE body ILIKE '%' || $1 || '%' ORDER BY id LIMIT 50"
);
