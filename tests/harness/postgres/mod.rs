//! PostgreSQL for tests: [`server`] for databases on the server that all tests of this process share, [`Cluster`] for
//! the few tests that have to stop and start a server.
//!
//! Both return `None` if PostgreSQL is not installed. With `VKU_REQUIRE_POSTGRES=1` they panic instead.

mod cluster;

use std::env;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use tokio::sync::Mutex;
use url::Url;

pub use self::cluster::Cluster;
pub(crate) use self::cluster::unprivileged_user;

/// Why tests are skipped if there is no server.
pub(crate) const MISSING: &str =
    "PostgreSQL: it is not installed (initdb, pg_ctl and postgres are needed, or VKU_TEST_POSTGRES_URL)";

/// The server that the tests of this process share: the one that `VKU_TEST_POSTGRES_URL` names, or a temporary cluster
/// that ends with this process. The first call blocks for about a second.
pub fn server() -> Option<&'static Server> {
    static GIVEN: OnceLock<Option<Server>> = OnceLock::new();
    static OWN: OnceLock<Option<Cluster>> = OnceLock::new();

    let given = GIVEN.get_or_init(Server::from_environment).as_ref();
    given.or_else(|| OWN.get_or_init(Cluster::start).as_ref().map(Cluster::server))
}

/// A server on which databases may be created.
pub struct Server {
    /// The database to connect to for creating and dropping the others.
    url: Url,
}

impl Server {
    fn from_environment() -> Option<Self> {
        let url = env::var("VKU_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())?;
        match url.parse() {
            Ok(url) => Some(Self { url }),
            Err(error) => panic!("VKU_TEST_POSTGRES_URL is not a URL: {error}"),
        }
    }

    /// The URL of a database of this server, whether or not the database exists.
    pub fn url(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.into()
    }

    /// Creates a database, empty or as a copy of `template`. Nobody should be connected to the template.
    pub async fn create_database(&self, name: &str, template: Option<&str>) {
        let Some(template) = template else {
            return self.expect(&format!("CREATE DATABASE {}", quoted(name))).await;
        };

        // Concurrent copies only slow each other down. A template that is in use (a connection that is closing, a
        // test in another process) is free again a moment later.
        static COPYING: Mutex<()> = Mutex::const_new(());
        let _turn = COPYING.lock().await;
        let statement = format!("CREATE DATABASE {} TEMPLATE {}", quoted(name), quoted(template));
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            match self.execute(&statement).await {
                Err(error) if is_object_in_use(&error) => {
                    tokio::time::sleep(Duration::from_millis(100)).await
                }
                result => return result.unwrap_or_else(|error| panic!("{statement}: {error}")),
            }
        }
        panic!("{statement}: the template is still in use after 30 seconds");
    }

    /// Drops a database and closes its connections. Errors are ignored: the database ends with its server.
    pub async fn drop_database(&self, name: &str) {
        drop(self.execute(&format!("DROP DATABASE {} WITH (FORCE)", quoted(name))).await);
    }

    async fn expect(&self, statement: &str) {
        self.execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    /// Connects for each statement: tests run in many runtimes, and a connection belongs to one.
    async fn execute(&self, statement: &str) -> sqlx::Result<()> {
        let mut connection = PgConnection::connect(self.url.as_str()).await?;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await
    }
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

fn is_object_in_use(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("55006")
}
