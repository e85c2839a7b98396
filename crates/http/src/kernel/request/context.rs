//! The context of a request: the shared state, and the caller.

use std::rc::Rc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_persistence::api_key;
use vku_persistence::kernel::transaction::{Reader, WriteContext, Writer};

use super::request_info::RequestInfo;
use super::write_work::WriteWork;
use crate::kernel::auth::token::invalid;
use crate::kernel::cache::Snapshot;
use crate::kernel::limits::rate_limit::RateLimitKey;
use crate::kernel::problem::Problem;
use crate::kernel::query_string::parameters;
use crate::kernel::state::AppState;

/// The kind of credentials in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// No credentials.
    None,
    /// An access token of this login.
    Login(Uuid),
    /// The API key with this id.
    ApiKey(Uuid),
}

impl AppState {
    /// Returns the caller that an access token or API key belongs to. The database is queried each time, so a logout,
    /// a disabled account or a revoked key takes effect with the next request, on every instance.
    ///
    /// Errors: 401, without the reason.
    async fn authenticate(&self, token: &str) -> Result<(Actor, Credentials), Error> {
        if token.starts_with(api_key::PREFIX) {
            let known = self.store.caller_by_key(token).await?;
            let (actor, key) = known.ok_or_else(|| invalid("API key refused"))?;
            return Ok((actor, Credentials::ApiKey(key)));
        }
        let claims = self.tokens.verify(token).await?;
        let known = self.store.caller_by_login(claims.sub, claims.sid).await?;
        let actor = known.ok_or_else(|| invalid("the login has ended, or its account is disabled"))?;
        Ok((actor, Credentials::Login(claims.sid)))
    }
}

/// The caller of this request, stored when it is first authenticated: the middleware and the handler both need it.
#[derive(Clone)]
struct Authenticated(Actor, Credentials);

/// A request and its caller.
pub struct Context {
    /// The state that all requests share.
    pub shared: Data<AppState>,
    /// The caller.
    pub actor: Actor,
    /// The credentials of the caller.
    pub credentials: Credentials,
    /// The request.
    pub request: HttpRequest,
    /// The snapshot for which the response may be cached; `None` if it must not be cached.
    pub snapshot: Option<Snapshot>,
    info: Rc<RequestInfo>,
}

impl Context {
    /// Authenticates the caller; without credentials, the caller is the public.
    ///
    /// Errors: 401 if the credentials are invalid; 429 if the caller's quota is used up, because only here the caller
    /// is known.
    pub fn of(request: HttpRequest) -> LocalBoxFuture<'static, Result<Self, Problem>> {
        let token = bearer(&request);
        Box::pin(Self::with(request, token))
    }

    /// Creates a context without authentication, for what is open to anybody, or to whoever has the secret in the URL
    /// or the body.
    ///
    /// Errors: 429.
    pub(crate) fn unauthenticated(request: HttpRequest) -> LocalBoxFuture<'static, Result<Self, Problem>> {
        Box::pin(Self::with(request, Ok(None)))
    }

    async fn with(request: HttpRequest, token: Result<Option<String>, Problem>) -> Result<Self, Problem> {
        let shared = request.app_data::<Data<AppState>>().cloned();
        let shared = shared.ok_or_else(|| Error::internal("the app was started without its state"))?;
        let info = RequestInfo::of(&request)?;
        // The generation has to be determined before anything is read.
        let generation = shared.store.generation().await;
        let known = request.extensions().get::<Authenticated>().cloned();
        let caller = match (token, known) {
            (Ok(None), _) => Ok((Actor::public(shared.store.now()), Credentials::None)),
            (Ok(Some(_)), Some(Authenticated(actor, credentials))) => Ok((actor, credentials)),
            (Ok(Some(token)), None) => shared.authenticate(&token).await.map_err(Problem),
            (Err(wrong), _) => Err(wrong),
        };
        // Requests with invalid credentials are counted for the address.
        info.charge(&request, &shared, caller.as_ref().ok().and_then(rate_limit_key))?;
        let (actor, credentials) = caller?;
        if credentials != Credentials::None {
            request.extensions_mut().insert(Authenticated(actor.clone(), credentials));
        }
        info.has_account.set(actor.role.is_some());
        let snapshot = Snapshot::of(generation, &actor);
        Ok(Self { shared, actor, credentials, request, snapshot, info })
    }

    /// Starts reading as the caller.
    pub async fn read(&self) -> Result<Reader<'_>, Error> {
        self.shared.store.read(&self.actor).await
    }

    /// Begins to search; see [`Self::read`].
    ///
    /// Errors: 503 if the database is unavailable.
    pub async fn search(&self) -> Result<Reader<'_>, Error> {
        self.shared.store.search(&self.actor).await
    }

    /// Runs `work` as the caller: all of it is written, or nothing, and nothing at all in a dry run.
    pub async fn write<R>(
        &self,
        dry_run: bool,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut result = None;
        let work = async |writer: &mut Writer<'_>| {
            result = Some(work(writer).await?);
            Ok(())
        };
        self.write_boxed(dry_run, Box::new(work)).await?;
        result.ok_or_else(|| Error::internal("a write without a result"))
    }

    async fn write_boxed(&self, dry_run: bool, work: Box<dyn WriteWork<()> + '_>) -> Result<(), Error> {
        self.shared.store.write(&self.writing(dry_run), async |writer| work.run(writer).await).await
    }

    /// The context of a write by the caller.
    pub(crate) fn writing(&self, dry_run: bool) -> WriteContext<'_> {
        WriteContext { actor: &self.actor, request_id: &self.info.id, dry_run, origin: InputSource::Request }
    }

    /// Returns the account and the login of the caller, for what people do with their own account.
    ///
    /// Errors: 401 for the public, 403 for an API key.
    pub fn login(&self) -> Result<(Uuid, Uuid), Error> {
        match (self.actor.account, self.credentials) {
            (Some(account), Credentials::Login(login)) => Ok((account, login)),
            (_, Credentials::ApiKey(_)) => {
                let detail = bilingual!(
                    "This is not possible with an API key: sign in instead.",
                    "Ein API-Schlüssel darf das nicht: Melden Sie sich an."
                );
                Err(Error::new(Code::Forbidden, detail))
            }
            _ => Err(self.actor.refusal()),
        }
    }

    /// Whether the caller has no role, so that the response is the same for everybody.
    pub fn is_public(&self) -> bool {
        self.actor.role.is_none()
    }

    /// The id of the request.
    pub(crate) fn request_id(&self) -> std::sync::Arc<str> {
        self.info.id.clone()
    }

    /// Decodes the query string into names and values.
    ///
    /// Errors: 400 if the query string is malformed.
    pub fn parameters(&self) -> Result<Vec<(String, String)>, Problem> {
        parameters(&self.request)
    }
}

/// The key that a request is counted for; `None` if it is counted for its address.
fn rate_limit_key((actor, credentials): &(Actor, Credentials)) -> Option<RateLimitKey> {
    match credentials {
        Credentials::None => None,
        Credentials::Login(_) => actor.account.map(RateLimitKey::Account),
        Credentials::ApiKey(key) => Some(RateLimitKey::ApiKey(*key)),
    }
}

/// The header in which many services take an API key. Without an error, callers would take what the public sees for all.
const X_API_KEY: &str = "X-API-Key";

/// Returns the access token or the API key; `None` if the request has no credentials.
///
/// Errors: 401 if the header is malformed, or if the API key is in another header.
pub(crate) fn bearer(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let header = request.headers().get(AUTHORIZATION);
    // Outlook sends an empty header if it has no credentials.
    let header = header.filter(|header| !header.as_bytes().trim_ascii().is_empty());
    let token = match header {
        None if request.headers().contains_key(X_API_KEY) => None,
        None => return Ok(None),
        Some(header) => header.to_str().ok().and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            match scheme {
                scheme if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
                scheme if scheme.eq_ignore_ascii_case("basic") => key_in_password(token.trim()),
                _ => None,
            }
        }),
    };
    token.map(Some).ok_or_else(|| {
        let detail = bilingual!(
            "Send `Authorization: Bearer` with an access token or an API key, or `Authorization: Basic` with an API key as the password.",
            "Senden Sie `Authorization: Bearer` mit einem Access-Token oder API-Schlüssel, oder `Authorization: Basic` mit einem API-Schlüssel als Passwort."
        );
        Error::new(Code::InvalidToken, detail).into()
    })
}

/// Returns the API key that is the password of HTTP Basic authentication (RFC 7617), with any user name: spreadsheets and
/// many other tools offer nothing else. The password of an account is not accepted.
fn key_in_password(credentials: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    password.starts_with(api_key::PREFIX).then(|| password.to_owned())
}

impl FromRequest for Context {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        Self::of(request.clone())
    }
}
