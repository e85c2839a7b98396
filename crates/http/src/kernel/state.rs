//! The state that all requests share.

use ipnet::IpNet;
use vku_persistence::kernel::store::Store;
use vku_transfer::export::{ReportingOrg, XlsxLimits};

use super::auth::token::SigningKeyCache;
use super::cache::ResponseCache;
use super::config::HttpConfig;
use super::event_streams::EventStreams;
use super::limits::login_throttle::LoginThrottle;
use super::limits::mail_throttle::MailThrottle;

/// The state that all requests share.
pub struct AppState {
    /// The database.
    pub store: Store,
    /// The keys that sign access tokens.
    pub tokens: SigningKeyCache,
    /// The limits on failed attempts to sign in.
    pub login_throttle: LoginThrottle,
    /// The limits on e-mails that callers without an account request.
    pub mail_throttle: MailThrottle,
    /// The response cache.
    pub responses: ResponseCache,
    /// The trusted proxies, whose `X-Forwarded-For` is used.
    pub proxies: Vec<IpNet>,
    /// The settings of this site.
    pub site: SiteConfig,
    /// The rate limit, CORS, the timeouts and the disk space of exports.
    pub http_config: HttpConfig,
    /// The open streams of changes.
    pub streams: EventStreams,
    /// The limits of XLSX exports.
    pub sheets: XlsxLimits,
}

/// The settings of a site, which differ between operators.
pub struct SiteConfig {
    /// The public URL, without a trailing slash.
    pub public_url: String,
    /// The contact for reporting vulnerabilities, a `mailto:` or `https:` URI.
    pub security_contact: Option<String>,
    /// The organisation that reports to IATI.
    pub reporter: ReportingOrg,
}
