//! The real app in the test process, started as in production, on a port of its own.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use tokio::task::AbortHandle;
use uuid::Uuid;
use vku_domain::kernel::access::actor::Role;
use vku_domain::kernel::resource::reference::Key;
use vku_http::kernel::auth::token::{SigningKey, SigningKeyCache, TokenKeys};
use vku_http::kernel::cache;
use vku_http::kernel::cache::ResponseCache;
use vku_http::kernel::config::HttpConfig;
use vku_http::kernel::event_streams::EventStreams;
use vku_http::kernel::limits::login_throttle::LoginThrottle;
use vku_http::kernel::limits::mail_throttle::MailThrottle;
use vku_http::kernel::state::{AppState, SiteConfig};
use vku_persistence::auth::account::NewAccount;
use vku_persistence::kernel::crypto::keyring::Keyring;
use vku_persistence::kernel::store::Store;
use vku_transfer::export::XlsxLimits;

use super::caller::Caller;
use super::clock::MovableClock;
use super::contract::coverage::CoverageRecorder;
use super::database::{self, Private, RecordedStatements};
use super::hosts::Hosts;
use super::{postgres, skip};

/// The database that a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// The maximum number of rows of a sheet in tests: enough for all partnerships, too few for all utilities.
pub(crate) const SHEET_ROWS: u64 = 115;

/// A running app. Dropping it stops the server.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) backend: Backend,
    pub(crate) url: String,
    pub(crate) clock: Arc<MovableClock>,
    pub(crate) keyring: Keyring,
    shared: Data<AppState>,
    accounts: HashMap<Role, String>,
    server: ServerHandle,
    json_writer: Option<AbortHandle>,
    thread: Option<JoinHandle<()>>,
    _database: Option<Private>,
}

/// Runs a test on a copy of the template database, or skips it if there is no PostgreSQL.
pub(crate) fn run<F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(TestApp) -> F) {
    let _recorder = CoverageRecorder::begin();
    let Some(database) = database::copy(backend) else {
        return skip(postgres::MISSING);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let app = TestApp::start(backend, database.url.clone(), Some(database));
    runtime.block_on(test(app));
}

impl TestApp {
    /// Starts the app on a database that holds the demo accounts.
    pub(crate) fn start(backend: Backend, url: String, database: Option<Private>) -> Self {
        let hosts = Arc::<Hosts>::default();
        let config = HttpConfig { webhook_targets: hosts.policy(false), ..HttpConfig::default() };
        Self::with(backend, url, database, config, cache::DEFAULT_CACHE_BYTES, None)
    }

    /// Starts another app on the same database, with this configuration.
    pub(crate) fn another_instance(&self, http_config: HttpConfig) -> Self {
        Self::with(self.backend, self.url.clone(), None, http_config, cache::DEFAULT_CACHE_BYTES, None)
    }

    /// Starts another app on the same database, which caches no responses.
    pub(crate) fn uncached_instance(&self) -> Self {
        Self::with(self.backend, self.url.clone(), None, HttpConfig::default(), 0, None)
    }

    /// The same, with its statements recorded. Executes none but those of requests: it writes no JSON of resources.
    pub(crate) fn recorded_instance(&self) -> (Self, RecordedStatements) {
        let recorded = RecordedStatements::default();
        let (url, to) = (self.url.clone(), Some(recorded.clone()));
        let app = Self::with(self.backend, url, None, HttpConfig::default(), 0, to);
        recorded.take();
        (app, recorded)
    }

    fn with(
        backend: Backend,
        url: String,
        database: Option<Private>,
        http_config: HttpConfig,
        cache_bytes: u64,
        recorded: Option<RecordedStatements>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, receive) = mpsc::channel();
        let opened = url.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let clock = Arc::new(MovableClock::default());
                let (store, keyring) = match &recorded {
                    Some(recorded) => recorded.open_at(&opened, clock.clone()).await,
                    None => database::open_at(&opened, clock.clone()).await,
                };
                let (issuer, audience) = (format!("http://{address}"), AUDIENCE.to_owned());
                let live = SigningKeyCache::open(keyring.clone(), None, issuer, audience).await.unwrap();
                let proxies = vec!["127.0.0.1/32".parse().unwrap()];
                let site = SiteConfig {
                    public_url: "https://partnerships.example".into(),
                    security_contact: Some("mailto:security@partnerships.example".into()),
                    reporter: "XI-TEST;22;Exchange".parse().unwrap(),
                };
                let (tokens, sheets) = (live, XlsxLimits::limited_to(SHEET_ROWS));
                let responses = ResponseCache::new(cache_bytes);
                let shared = Data::new(AppState {
                    store: store.clone(),
                    tokens,
                    login_throttle: LoginThrottle::default(),
                    mail_throttle: MailThrottle::default(),
                    responses,
                    streams: EventStreams::default(),
                    proxies,
                    site,
                    http_config,
                    sheets,
                });
                let mut tokens = HashMap::new();
                for account in store.accounts().await.unwrap() {
                    tokens.insert(account.data.role, token(&shared, account.id).await);
                }
                let server = vku_http::server(listener, shared.clone(), 2).unwrap();
                let writes_json = recorded.is_none();
                let json_writer = writes_json
                    .then(|| actix_web::rt::spawn(store.clone().write_json_in_background()).abort_handle());
                let started = Started {
                    store: store.clone(),
                    shared,
                    clock,
                    keyring,
                    tokens,
                    server: server.handle(),
                    json_writer: json_writer.clone(),
                };
                send.send(started).unwrap_or_else(|_| panic!("nobody waits for the server"));
                server.await.unwrap();
                if let Some(json_writer) = json_writer {
                    json_writer.abort();
                }
                store.database().clone().close().await.unwrap();
            });
        });
        let started = receive.recv().unwrap();
        let Started { store, shared, clock, keyring, tokens, server, json_writer } = started;
        Self {
            address,
            store,
            backend,
            url,
            clock,
            keyring,
            shared,
            accounts: tokens,
            server,
            json_writer,
            thread: Some(thread),
            _database: database,
        }
    }

    /// The number of bytes that exports have on disk.
    pub(crate) fn spooled(&self) -> u64 {
        self.shared.http_config.spool.used()
    }

    /// Writes the JSON that is missing, and then no more in the background.
    pub(crate) async fn stop_writing_json(&self) {
        self.json_writer.as_ref().expect("an app that writes JSON").abort();
        self.store.write_missing_json().await.unwrap();
    }

    /// The number of open streams of changes.
    pub(crate) fn streams(&self) -> usize {
        self.shared.streams.count()
    }

    fn caller(&self, role: Role) -> Caller {
        Caller::new(self.address, self.accounts.get(&role).cloned())
    }

    /// A caller without an account.
    pub(crate) fn anonymous(&self) -> Caller {
        Caller::new(self.address, None)
    }

    /// A partner whose account is bound to Lvivvodokanal.
    pub(crate) fn partner(&self) -> Caller {
        self.caller(Role::Partner)
    }

    /// A member whose account is bound to Stadtentwässerung Dresden.
    pub(crate) fn member(&self) -> Caller {
        self.caller(Role::Member)
    }

    pub(crate) fn reader(&self) -> Caller {
        self.caller(Role::Reader)
    }

    pub(crate) fn coordinator(&self) -> Caller {
        self.caller(Role::Coordinator)
    }

    pub(crate) fn admin(&self) -> Caller {
        self.caller(Role::Admin)
    }

    /// All callers by name, in the order of the columns of `access/policy.txt`.
    pub(crate) fn everybody(&self) -> Vec<(&'static str, Caller)> {
        vec![
            ("public", self.anonymous()),
            ("partner", self.partner()),
            ("member", self.member()),
            ("reader", self.reader()),
            ("coordinator", self.coordinator()),
            ("admin", self.admin()),
        ]
    }

    /// Adds an account with this role, bound to this utility, and returns its caller. Its password is never used.
    pub(crate) async fn account(&self, role: Role, utility: &str) -> Caller {
        let account = NewAccount {
            email: format!("{role}-{}@test.example", Uuid::now_v7()).parse().unwrap(),
            name: "Test".parse().unwrap(),
            role,
            utilities: vec![utility.parse::<Key>().unwrap()],
            password_hash: "$argon2id$none".into(),
        };
        let id = self.store.add_account(account).await.unwrap();
        Caller::new(self.address, Some(token(&self.shared, id).await))
    }

    /// The signing keys of the server, to sign and verify access tokens as the server does.
    pub(crate) async fn tokens(&self) -> TokenKeys {
        let keys = self.keyring.all("signing").await.unwrap();
        let mut keys: Vec<_> = keys.iter().map(|stored| SigningKey::from_der(&stored.key).unwrap()).collect();
        let current = keys.pop().unwrap();
        TokenKeys::new(current, keys, format!("http://{}", self.address), AUDIENCE.into())
    }

    /// Starts a new login of the account and returns its access token.
    pub(crate) async fn token(&self, account: Uuid) -> String {
        token(&self.shared, account).await
    }
}

/// The audience (`aud`) of access tokens.
pub(crate) const AUDIENCE: &str = "vku-partnerships";

/// What the server's thread hands over to the test once the server has started.
struct Started {
    store: Store,
    shared: Data<AppState>,
    clock: Arc<MovableClock>,
    keyring: Keyring,
    tokens: HashMap<Role, String>,
    server: ServerHandle,
    json_writer: Option<AbortHandle>,
}

async fn token(shared: &AppState, account: Uuid) -> String {
    let (account, _) = shared.store.signed_in(account).await.unwrap().unwrap();
    let login = shared.store.begin_login(&account, "test").await.unwrap().unwrap();
    shared.tokens.issue(login.account, login.login, login.role.as_str()).await.unwrap().token
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // `stop` sends the command right away, so its future is not needed. The thread ends when the server has ended.
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}
