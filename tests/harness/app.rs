//! The real app in this process, started as production starts it, on a port of its own.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use vku_domain::kernel::access::Role;
use vku_domain::kernel::reference::Key;
use vku_http::kernel::context::{Shared, Site};
use vku_http::kernel::token::{SigningKey, TokenKeys};
use vku_persistence::account::NewAccount;
use vku_persistence::kernel::store::Store;

use super::caller::Caller;
use super::database::{self, Private};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// The app, until it is dropped.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) backend: Backend,
    pub(crate) url: String,
    shared: Data<Shared>,
    accounts: HashMap<Role, String>,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
    _database: Option<Private>,
}

/// Runs a test on a copy of the template; says so where the back end is not there.
pub(crate) fn run<F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(TestApp) -> F) {
    let Some(database) = database::copy(backend) else {
        println!("skipped: there is no PostgreSQL here");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let app = TestApp::start(backend, database.url.clone(), Some(database));
    runtime.block_on(test(app));
}

impl TestApp {
    /// Starts the app on a database that holds the demo accounts.
    pub(crate) fn start(backend: Backend, url: String, database: Option<Private>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, receive) = mpsc::channel();
        let opened = url.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let (store, keyring) = database::open(&opened).await;
                let make = || Ok(SigningKey::generate().unwrap().1);
                let key = SigningKey::from_der(&keyring.get("signing", make).await.unwrap()).unwrap();
                let issuer = format!("http://{address}");
                let tokens = TokenKeys::new(key, Vec::new(), issuer, "vku-partnerships".into());
                let site = Site {
                    public_url: "https://partnerships.example".into(),
                    security_contact: Some("mailto:security@partnerships.example".into()),
                };
                let shared = Data::new(Shared { store: store.clone(), tokens, site });
                let accounts = store.accounts().await.unwrap();
                let tokens = accounts.into_iter().map(|account| {
                    let token = shared.tokens.issue(account.id, account.role.as_str(), store.now()).unwrap();
                    (account.role, token.token)
                });
                let tokens: HashMap<_, _> = tokens.collect();
                let server = vku_http::server(listener, shared.clone(), 2).unwrap();
                send.send((store.clone(), shared, tokens, server.handle())).unwrap();
                server.await.unwrap();
                store.database().clone().close().await.unwrap();
            });
        });
        let (store, shared, accounts, server) = receive.recv().unwrap();
        Self {
            address,
            store,
            backend,
            url,
            shared,
            accounts,
            server,
            thread: Some(thread),
            _database: database,
        }
    }

    fn caller(&self, role: Role) -> Caller {
        Caller::new(self.address, self.accounts.get(&role).cloned())
    }

    /// Somebody without an account.
    pub(crate) fn anonymous(&self) -> Caller {
        Caller::new(self.address, None)
    }

    /// Bound to Lvivvodokanal.
    pub(crate) fn partner(&self) -> Caller {
        self.caller(Role::Partner)
    }

    /// Bound to Stadtentwässerung Dresden.
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

    /// Everybody, by name: the columns of "Who may do what".
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

    /// A new account of that role, bound to that utility; its password is never used.
    pub(crate) async fn account(&self, role: Role, utility: &str) -> Caller {
        let account = NewAccount {
            email: format!("{role}-{}@test.example", uuid::Uuid::now_v7()).parse().unwrap(),
            name: "Test".parse().unwrap(),
            role,
            utilities: vec![utility.parse::<Key>().unwrap()],
            password_hash: "$argon2id$none".into(),
        };
        let id = self.store.add_account(account).await.unwrap();
        let token = self.shared.tokens.issue(id, role.as_str(), self.store.now()).unwrap();
        Caller::new(self.address, Some(token.token))
    }

    /// The keys that tokens are signed with.
    pub(crate) fn tokens(&self) -> &TokenKeys {
        &self.shared.tokens
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The stop is sent when the call is made; the thread ends once the server has.
        drop(self.server.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}
