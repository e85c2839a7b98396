//! The baselines: `static` serves prepared bytes, `bare` runs only the statements of the API, and `limits` the best
//! statements for the same questions, against tables of its own.

pub mod in_process;
mod limits;
mod model;
mod plain_sqlx;
mod statements;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use actix_web::error::ErrorInternalServerError;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool, SqlitePool};
use uuid::Uuid;

use crate::Failure;
use limits::{Filters, Limits, Script};
use model::{Found, New};

/// The connections of a baseline, configured like those of the API.
#[derive(Clone)]
pub enum Pools {
    Sqlite { reading: SqlitePool, writing: SqlitePool },
    Postgres(PgPool),
}

/// Calls a function for the database of the pools.
macro_rules! on {
    ($pools:expr, $which:ident, $function:ident($($argument:expr),*)) => {
        match $pools {
            Pools::Sqlite { $which, .. } => plain_sqlx::sqlite::$function($which, $($argument),*).await,
            Pools::Postgres(pool) => plain_sqlx::postgres::$function(pool, $($argument),*).await,
        }
    };
}

impl Pools {
    /// Connects with the settings of the API.
    pub async fn connect(url: &str) -> Result<Self, Failure> {
        let Some(path) = url.strip_prefix("sqlite://") else {
            let options =
                url.parse::<PgConnectOptions>()?.statement_cache_capacity(256).disable_statement_logging();
            let pool = PgPoolOptions::new().max_connections(10).test_before_acquire(false);
            return Ok(Self::Postgres(pool.connect_with(options).await?));
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("mmap_size", "134217728")
            .pragma("cache_size", "-2000")
            .pragma("temp_store", "memory")
            .statement_cache_capacity(128)
            .disable_statement_logging();
        let pool = |most| SqlitePoolOptions::new().max_connections(most).test_before_acquire(false);
        let writing = pool(1).connect_with(options.clone()).await?;
        Ok(Self::Sqlite { reading: pool(2).connect_with(options).await?, writing })
    }

    /// Creates and fills the tables of the databases' own full-text search.
    pub async fn prepare(&self) -> Result<(), Failure> {
        match self {
            Self::Sqlite { writing, .. } => {
                sqlx::raw_sql(
                    "CREATE VIRTUAL TABLE bare_word USING fts5(id UNINDEXED, title, summary, tokenize = 'unicode61');
                     CREATE VIRTUAL TABLE bare_part USING fts5(id UNINDEXED, title, summary, tokenize = 'trigram');
                     INSERT INTO bare_word SELECT id, title, summary FROM partnership;
                     INSERT INTO bare_part SELECT id, title, summary FROM partnership;",
                )
                .execute(writing)
                .await?;
            }
            Self::Postgres(pool) => {
                sqlx::raw_sql(
                    "CREATE EXTENSION IF NOT EXISTS pg_trgm;
                     CREATE TABLE bare_text AS SELECT id, title || ' ' || coalesce(summary::text, '') AS body,
                         to_tsvector('simple', title || ' ' || coalesce(summary::text, '')) AS words FROM partnership;
                     CREATE INDEX ON bare_text USING gin (words);
                     CREATE INDEX ON bare_text USING gin (body gin_trgm_ops);
                     ANALYZE bare_text;",
                )
                .execute(pool)
                .await?;
            }
        }
        let (mut script, mut added) = (Script::new(matches!(self, Self::Postgres(_))), Ok(()));
        on!(
            self,
            reading,
            export(|found: &Found| {
                added = std::mem::replace(&mut added, Ok(())).and_then(|()| script.add(found));
            })
        )?;
        added?;
        let script = AssertSqlSafe(script.end());
        match self {
            Self::Sqlite { writing, .. } => {
                let mut tx = writing.begin().await?;
                sqlx::raw_sql(script).execute(&mut *tx).await?;
                tx.commit().await?;
            }
            Self::Postgres(pool) => {
                sqlx::raw_sql(script).execute(pool).await?;
            }
        }
        Ok(())
    }

    /// Writes all partnerships, some lines at a time.
    pub async fn export(&self, mut write: impl FnMut(Vec<u8>)) -> Result<(), Failure> {
        Ok(on!(self, reading, export(|found: &Found| write(found.lines())))?)
    }

    /// Creates this many partnerships in one transaction.
    pub async fn insert(&self, count: u64) -> Result<(), Failure> {
        let (lead, partner) = on!(self, reading, utilities())?;
        let new: Vec<_> =
            (0..count).map(|number| New::number(1_000_000_000 + number, lead, partner)).collect();
        Ok(on!(self, writing, create(&new))?)
    }
}

struct State {
    pools: Pools,
    one: Bytes,
    page: Bytes,
    slug: String,
    parties: (Uuid, Uuid),
    made: AtomicU64,
}

#[derive(Deserialize)]
struct Text {
    q: String,
}

fn answer(body: Result<Vec<u8>, impl Into<Failure>>) -> Result<HttpResponse, actix_web::Error> {
    let body = body.map_err(|error| ErrorInternalServerError(error.into().0))?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Serves the baselines with one worker.
pub async fn serve(port: u16, url: &str, slug: String, one: Vec<u8>, page: Vec<u8>) -> Result<(), Failure> {
    let pools = Pools::connect(url).await?;
    let parties = on!(&pools, reading, utilities())?;
    let (one, page) = (Bytes::from(one), Bytes::from(page));
    let state = Data::new(State { pools, one, page, slug, parties, made: AtomicU64::new(0) });
    let url = url.to_owned();
    let server = HttpServer::new(move || {
        let held = |body: fn(&State) -> &Bytes| {
            web::get().to(move |state: Data<State>| async move {
                HttpResponse::Ok().content_type("application/json").body(body(&state).clone())
            })
        };
        let url = url.clone();
        App::new()
            .app_data(state.clone())
            .data_factory(move || {
                let url = url.clone();
                async move { Limits::connect(&url).await }
            })
            .route(
                "/limits/one/{slug}",
                web::get().to(async |limits: Data<Limits>, slug: web::Path<String>| {
                    answer(limits.one(&slug).await)
                }),
            )
            .route(
                "/limits/page",
                web::get().to(async |limits: Data<Limits>, filters: web::Query<Filters>| {
                    answer(limits.page(&filters).await)
                }),
            )
            .route(
                "/limits/word",
                web::get().to(async |limits: Data<Limits>, text: web::Query<Text>| {
                    answer(limits.word(&text.q).await)
                }),
            )
            .route("/static/one", held(|state| &state.one))
            .route("/static/page", held(|state| &state.page))
            .route(
                "/bare/one",
                web::get()
                    .to(async |state: Data<State>| answer(on!(&state.pools, reading, one(&state.slug)))),
            )
            .route(
                "/bare/page",
                web::get().to(async |state: Data<State>| answer(on!(&state.pools, reading, page()))),
            )
            .route(
                "/bare/word",
                web::get().to(async |state: Data<State>, text: web::Query<Text>| {
                    answer(on!(&state.pools, reading, search(false, &text.q)))
                }),
            )
            .route(
                "/bare/part",
                web::get().to(async |state: Data<State>, text: web::Query<Text>| {
                    answer(on!(&state.pools, reading, search(true, &text.q)))
                }),
            )
            .route(
                "/bare/create",
                web::post().to(async |state: Data<State>, _: Bytes| {
                    let (lead, partner) = state.parties;
                    let new = New::number(state.made.fetch_add(1, Relaxed), lead, partner);
                    let made = on!(&state.pools, writing, create(&[new]));
                    made.map_err(ErrorInternalServerError).map(|()| HttpResponse::Created().finish())
                }),
            )
    });
    Ok(server.workers(1).bind(("127.0.0.1", port))?.run().await?)
}
