//! What every request has at hand: the app, and who asks.

use std::rc::Rc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use ipnet::IpNet;
use uuid::Uuid;
use vku_domain::bilingual;
use vku_domain::kernel::access::actor::Actor;
use vku_domain::kernel::error::{Code, Error};
use vku_domain::kernel::input::draft::InputSource;
use vku_persistence::api_key;
use vku_persistence::kernel::store::Store;
use vku_persistence::kernel::transaction::{Reader, WriteContext, Writer};

use super::cache::{ResponseCache, Snapshot};
use super::config::HttpConfig;
use super::login_throttle::LoginThrottle;
use super::problem::Problem;
use super::rate_limit::RateLimitKey;
use super::request_info::RequestInfo;
use super::token::{SigningKeyCache, invalid};
use crate::export::{ReportingOrg, XlsxLimits};

/// What all requests share.
pub struct AppState {
    /// The data.
    pub store: Store,
    /// The keys that access tokens are signed with.
    pub tokens: SigningKeyCache,
    /// Who tried to sign in of late.
    pub sign_ins: LoginThrottle,
    /// The answers that are kept.
    pub responses: ResponseCache,
    /// The proxies that say truly whom they were asked by.
    pub proxies: Vec<IpNet>,
    /// What it is to the world outside.
    pub site: SiteConfig,
    /// How it treats whoever calls it.
    pub http_config: HttpConfig,
    /// How sheets are made.
    pub sheets: XlsxLimits,
}

/// What the service is to the world outside.
pub struct SiteConfig {
    /// The URL under which it is reached, without a slash at its end.
    pub public_url: String,
    /// Where to tell of security holes, a `mailto:` or `https:` URI.
    pub security_contact: Option<String>,
    /// Who reports to IATI.
    pub reporter: ReportingOrg,
}

/// What somebody showed to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing.
    None,
    /// An access token of this login.
    Login(Uuid),
    /// The API key of this id.
    ApiKey(Uuid),
}

impl AppState {
    /// Who shows this access token or API key, and whether it still counts: a logout, a disabled account or a revoked key
    /// is out at its next request, on every instance: the database is asked each time.
    ///
    /// Errors: 401, without saying why.
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

/// Who asks in this request, once that was found out: the middleware and the handler both want to know.
#[derive(Clone)]
struct Authenticated(Actor, Credentials);

/// A request with who asks.
pub struct Context {
    /// What all requests share.
    pub shared: Data<AppState>,
    /// Who asks.
    pub actor: Actor,
    /// What was shown.
    pub credentials: Credentials,
    /// The request itself.
    pub request: HttpRequest,
    /// What is read now may be kept as of this; `None` where it may not.
    pub snapshot: Option<Snapshot>,
    info: Rc<RequestInfo>,
}

impl Context {
    /// Finds out who asks.
    ///
    /// Errors: 401 for credentials that are not valid; none at all make the public. 429 for whoever asks too much: only
    /// here it is known who that is.
    pub async fn of(request: HttpRequest) -> Result<Self, Problem> {
        let shown = bearer(&request);
        Self::with(request, shown).await
    }

    /// Whoever asks: what is asked for is for anybody, or for who has the secret in its address or its body.
    ///
    /// Errors: 429.
    pub(super) async fn of_anybody(request: HttpRequest) -> Result<Self, Problem> {
        Self::with(request, Ok(None)).await
    }

    async fn with(request: HttpRequest, shown: Result<Option<String>, Problem>) -> Result<Self, Problem> {
        let shared = request.app_data::<Data<AppState>>().cloned();
        let shared = shared.ok_or_else(|| Error::internal("the app was started without its state"))?;
        let info = RequestInfo::of(&request)?;
        // Before anything is read.
        let generation = shared.store.generation().await;
        let known = request.extensions().get::<Authenticated>().cloned();
        let shown = match (shown, known) {
            (Ok(None), _) => Ok((Actor::public(shared.store.now()), Credentials::None)),
            (Ok(Some(_)), Some(Authenticated(actor, credentials))) => Ok((actor, credentials)),
            (Ok(Some(token)), None) => shared.authenticate(&token).await.map_err(Problem),
            (Err(wrong), _) => Err(wrong),
        };
        // Credentials that are not valid count for the address.
        info.charge(&request, &shared, shown.as_ref().ok().and_then(rate_limit_key))?;
        let (actor, credentials) = shown?;
        if credentials != Credentials::None {
            request.extensions_mut().insert(Authenticated(actor.clone(), credentials));
        }
        info.has_account.set(actor.role.is_some());
        let moment = Snapshot::of(generation, &actor);
        Ok(Self { shared, actor, credentials, request, snapshot: moment, info })
    }

    /// Begins to read as whoever asks.
    pub async fn read(&self) -> Result<Reader<'_>, Error> {
        self.shared.store.read(&self.actor).await
    }

    /// Writes as whoever asks: all of `work`, or nothing of it, and nothing at all in a rehearsal.
    pub async fn write<R>(
        &self,
        dry_run: bool,
        work: impl AsyncFnOnce(&mut Writer<'_>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.shared.store.write(&self.writing(dry_run), work).await
    }

    /// A write by whoever asks.
    pub(super) fn writing(&self, dry_run: bool) -> WriteContext<'_> {
        WriteContext { actor: &self.actor, request_id: &self.info.id, dry_run, origin: InputSource::Request }
    }

    /// The account that asks, and the login that it asks in: for what people do for themselves.
    ///
    /// Errors: 401 for nobody, 403 for an API key.
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

    /// Whether nobody in particular asks, so that the answer is anybody's.
    pub fn is_public(&self) -> bool {
        self.actor.role.is_none()
    }

    /// The id of the request.
    pub(crate) fn request_id(&self) -> std::sync::Arc<str> {
        self.info.id.clone()
    }

    /// The decoded pairs of the query string.
    ///
    /// Errors: 400 where it is no UTF-8.
    pub fn parameters(&self) -> Result<Vec<(String, String)>, Problem> {
        parameters(&self.request)
    }
}

/// Whom a request is counted for, where that is not its address.
fn rate_limit_key((actor, credentials): &(Actor, Credentials)) -> Option<RateLimitKey> {
    match credentials {
        Credentials::None => None,
        Credentials::Login(_) => actor.account.map(RateLimitKey::Account),
        Credentials::ApiKey(key) => Some(RateLimitKey::ApiKey(*key)),
    }
}

/// The decoded pairs of a request's query string.
///
/// Errors: 400 where it is no UTF-8.
pub(crate) fn parameters(request: &HttpRequest) -> Result<Vec<(String, String)>, Problem> {
    let query = actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.map_err(|_| {
        let detail = bilingual!("The query string is malformed.", "Der Query-String ist nicht lesbar.");
        Error::new(Code::BadRequest, detail)
    })?;
    Ok(query.into_inner())
}

/// The bearer token; `None` where no credentials are sent.
pub(crate) fn bearer(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let header = request.headers().get(AUTHORIZATION);
    // Outlook sends an empty one where it has no credentials.
    let header = header.filter(|header| !header.as_bytes().trim_ascii().is_empty());
    let Some(header) = header else { return Ok(None) };
    let token = header.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    token.map(Some).ok_or_else(|| {
        let detail = bilingual!(
            "Send `Authorization: Bearer <access token>`.",
            "Senden Sie `Authorization: Bearer <access token>`."
        );
        Error::new(Code::InvalidToken, detail).into()
    })
}

impl FromRequest for Context {
    type Error = Problem;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        Box::pin(Self::of(request.clone()))
    }
}
