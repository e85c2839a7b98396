//! A private database for each test, copied from a template that holds the facts of the demo and one account for each role.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use vku_domain::kernel::clock::{Clock, SystemClock};
use vku_persistence::kernel::crypto::encryption::Secret;
use vku_persistence::kernel::crypto::keyring::Keyring;
use vku_persistence::kernel::database::Database;
use vku_persistence::kernel::store::Store;
use vku_server::demo::Extent;

use super::app::{Backend, TestApp};
use super::postgres;
use super::tmpfs::scratch;

/// The secret of every test database. The keys in the template are encrypted with it.
pub(crate) const SECRET: [u8; 32] = [7; 32];

/// A database that is removed when this is dropped.
pub(crate) struct Private {
    pub(crate) url: String,
    _home: Home,
}

/// Where a database lies. Dropping this removes the database, so that a run of all tests needs room only for the few
/// that run at the same time.
enum Home {
    Folder {
        _removes: TempDir,
    },
    Server {
        server: &'static postgres::Server,
        name: String,
    },
    /// Not ours to remove.
    Elsewhere,
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Server { server, name } = self {
            on_runtime(|| server.drop_database(name));
        }
    }
}

impl Private {
    /// A database on a server that removes it.
    pub(crate) fn at(url: String) -> Self {
        Self { url, _home: Home::Elsewhere }
    }
}

/// Opens a store on a database. Migrates the database first.
pub(crate) async fn open(url: &str) -> (Store, Keyring) {
    open_at(url, Arc::new(SystemClock)).await
}

/// Like [`open`], with another clock.
pub(crate) async fn open_at(url: &str, clock: Arc<dyn Clock>) -> (Store, Keyring) {
    let database = Database::connect(url).await.unwrap();
    database.migrate().await.unwrap();
    Store::open(database, Secret::from_bytes(SECRET), clock).await.unwrap()
}

/// The statements that a store executes, in their order.
#[derive(Clone, Default)]
pub(crate) struct RecordedStatements(Arc<Mutex<Vec<RecordedStatement>>>);

/// A statement as it was prepared, and with its values written out.
pub(crate) struct RecordedStatement {
    pub(crate) sql: String,
    pub(crate) with_values: String,
}

impl RecordedStatements {
    /// Opens a store that records its statements from now on. Does not migrate the database.
    pub(crate) async fn open(url: &str) -> (Store, Self) {
        let recorded = Self::default();
        let (store, _) = recorded.open_at(url, Arc::new(SystemClock)).await;
        recorded.take();
        (store, recorded)
    }

    /// The same, with a clock.
    pub(crate) async fn open_at(&self, url: &str, clock: Arc<dyn Clock>) -> (Store, Keyring) {
        let mut database = Database::connect(url).await.unwrap();
        let records = self.clone();
        database.on_statement(move |statement| {
            let (sql, with_values) = (statement.sql.clone(), statement.to_string());
            records.0.lock().unwrap().push(RecordedStatement { sql, with_values });
        });
        Store::open(database, Secret::from_bytes(SECRET), clock).await.unwrap()
    }

    /// Returns the statements since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        self.take_with_values().into_iter().map(|statement| statement.sql).collect()
    }

    /// Returns them with their values.
    pub(crate) fn take_with_values(&self) -> Vec<RecordedStatement> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Migrates an empty database, and fills it with the data of the demo.
pub(crate) async fn fill(url: &str, extent: Extent) {
    let (store, _) = open(url).await;
    vku_server::demo::fill(&store, extent).await.unwrap();
    store.write_missing_json().await.unwrap();
    store.database().clone().close().await.unwrap();
}

/// A copy of the template, or `None` if there is no PostgreSQL.
pub(crate) fn copy(backend: Backend) -> Option<Private> {
    match backend {
        Backend::Sqlite => {
            let folder = TempDir::new_in(scratch()).unwrap();
            let file = folder.path().join("test.db");
            std::fs::copy(sqlite_template(), &file).unwrap();
            Some(Private {
                url: format!("sqlite://{}", file.display()),
                _home: Home::Folder { _removes: folder },
            })
        }
        Backend::Postgres => {
            let server = postgres::server()?;
            let template = postgres_template(server);
            let name = format!("test_{}", uuid::Uuid::now_v7().simple());
            on_runtime(|| server.create_database(&name, Some(template)));
            Some(Private { url: server.url(&name), _home: Home::Server { server, name } })
        }
    }
}

/// An empty database, or `None` if there is no PostgreSQL.
pub(crate) fn empty(backend: Backend) -> Option<Private> {
    match backend {
        Backend::Sqlite => {
            let folder = TempDir::new_in(scratch()).unwrap();
            let url = format!("sqlite://{}", folder.path().join("empty.db").display());
            Some(Private { url, _home: Home::Folder { _removes: folder } })
        }
        Backend::Postgres => {
            let server = postgres::server()?;
            let name = format!("empty_{}", uuid::Uuid::now_v7().simple());
            on_runtime(|| server.create_database(&name, None));
            Some(Private { url: server.url(&name), _home: Home::Server { server, name } })
        }
    }
}

fn on_runtime<R: Send, F: Future<Output = R>>(work: impl FnOnce() -> F + Send) -> R {
    // On a thread of its own, because the caller may be inside a runtime.
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work())
            })
            .join()
            .unwrap()
    })
}

fn sqlite_template() -> &'static Path {
    static TEMPLATE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, file) = TEMPLATE.get_or_init(|| {
        let folder = TempDir::new_in(scratch()).unwrap();
        let file = folder.path().join("template.db");
        let url = format!("sqlite://{}", file.display());
        on_runtime(|| fill(&url, Extent::Facts));
        (folder, file)
    });
    file
}

fn postgres_template(server: &'static postgres::Server) -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("template_{}", uuid::Uuid::now_v7().simple());
        on_runtime(|| server.create_database(&name, None));
        let url = server.url(&name);
        on_runtime(|| fill(&url, Extent::Facts));
        name
    })
}

/// Runs a statement and returns the first column of its rows as text.
pub(crate) async fn ask(app: &TestApp, sql: &str) -> Vec<String> {
    let sql = AssertSqlSafe(sql.to_owned());
    match app.backend {
        Backend::Sqlite => {
            let mut connection = SqliteConnection::connect(&app.url).await.unwrap();
            let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows
        }
        Backend::Postgres => {
            let mut connection = PgConnection::connect(&app.url).await.unwrap();
            let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows
        }
    }
}
