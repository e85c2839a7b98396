//! The configuration, by flags and environment variables; `--help` documents it.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{ArgAction, Args};
use ipnet::IpNet;
use tracing_subscriber::filter::{LevelFilter, Targets};
use url::Url;
use vku_domain::kernel::value::{Email, WebUrl};
use vku_http::kernel::limits::rate_limit::Quota;
use vku_transfer::export::spool::SpoolSpace;
use vku_transfer::export::{ReportingOrg, XlsxLimits};

use crate::CliError;
use crate::worker::smtp::Smtp;

/// What can be configured. A flag takes precedence over its environment variable.
#[derive(Args, Debug)]
pub(crate) struct Config {
    /// The address or name and the port to listen on (localhost:8080)
    #[arg(long, env = "VKU_BIND", default_value = "127.0.0.1:8080", value_parser = listening, global = true)]
    pub(crate) bind: SocketAddr,
    /// The database: sqlite://path/to/file.db or postgres://user:password@host/database
    /// [default: a SQLite file in the data directory]
    #[arg(long, env = "VKU_DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
    /// A file that contains the database URL, to keep its password out of the environment
    #[arg(long, env = "VKU_DATABASE_URL_FILE", conflicts_with = "database_url", global = true)]
    database_url_file: Option<PathBuf>,
    /// A file that contains only the database password, for a PostgreSQL URL without a password
    #[arg(long, env = "VKU_DATABASE_PASSWORD_FILE", global = true)]
    database_password_file: Option<PathBuf>,
    /// The directory of the SQLite file and the secret file
    #[arg(long, env = "VKU_DATA_DIR", default_value = "data", global = true)]
    pub(crate) data_dir: PathBuf,
    /// The public URL of the service, without a path; also the issuer of its tokens [default: http:// and the address
    /// that the server listens on]
    #[arg(long, env = "VKU_PUBLIC_URL", global = true)]
    public_url: Option<String>,
    /// The contact for reporting vulnerabilities, for /.well-known/security.txt: a mailto: or https: URI
    #[arg(long, env = "VKU_SECURITY_CONTACT", value_parser = security_contact, global = true)]
    pub(crate) security_contact: Option<String>,
    /// The mail server: smtps://user:password@host, smtp://user:password@host?tls=required or smtp://host:25 [default:
    /// none; e-mails stay in the outbox, where the coordination office can read them]
    #[arg(long, env = "VKU_SMTP_URL", hide_env_values = true, global = true)]
    smtp_url: Option<String>,
    /// A file that contains the URL of the mail server, to keep its password out of the environment
    #[arg(long, env = "VKU_SMTP_URL_FILE", conflicts_with = "smtp_url", global = true)]
    smtp_url_file: Option<PathBuf>,
    /// The sender of e-mails: an address, or a name and an address (Office <office@example.org>); required with a mail
    /// server
    #[arg(long, env = "VKU_MAIL_FROM", global = true)]
    mail_from: Option<String>,
    /// The file of the secret that encrypts the keys in the database; created if missing, and readable only by its
    /// owner [default: `secret` in the data directory]
    #[arg(long, env = "VKU_SECRET_FILE", global = true)]
    secret_file: Option<PathBuf>,
    /// An Ed25519 key (PKCS#8, PEM) for signing access tokens, instead of the key in the database
    #[arg(long, env = "VKU_JWT_KEY_FILE", global = true)]
    pub(crate) jwt_key_file: Option<PathBuf>,
    /// The reverse proxies, as addresses or networks (10.0.0.0/8,fd00::/8): X-Forwarded-For is trusted from these
    /// proxies only
    #[arg(long, env = "VKU_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network, global = true)]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The origins (`https://app.example.org,https://other.example.org`) whose pages can use the API with credentials
    /// (CORS); pages of other origins can only read public data
    #[arg(long, env = "VKU_CORS_ORIGINS", value_delimiter = ',', value_parser = origin, global = true)]
    pub(crate) cors_origins: Vec<String>,
    /// The number of requests allowed in a second, a minute or an hour, per API key, account or address (10/1s, 600/1m,
    /// 5000/1h); `off` for no limit
    #[arg(long, env = "VKU_RATE_LIMIT", default_value = "600/1m", value_parser = Quota::from_str, global = true)]
    pub(crate) rate_limit: Quota,
    /// The maximum number of rows of an XLSX export; larger exports are rejected with a hint to use CSV. The limit of
    /// Excel itself is 1048575
    #[arg(long, env = "VKU_XLSX_ROWS", default_value_t = XlsxLimits::ROWS, global = true)]
    pub(crate) xlsx_rows: u64,
    /// The organisation that reports partnerships to IATI, as identifier;type;name (DE-1;10;Ministry of Examples): the
    /// identifier of every activity begins with this identifier, and the type is a code of the list OrganisationType
    #[arg(long, env = "VKU_IATI_REPORTING_ORG", value_parser = ReportingOrg::from_str, global = true)]
    pub(crate) iati_reporting_org: Option<ReportingOrg>,
    /// The size of the response cache in memory, in bytes; 0 disables the cache
    #[arg(long, env = "VKU_CACHE_BYTES", default_value_t = vku_http::kernel::cache::DEFAULT_CACHE_BYTES, global = true)]
    pub(crate) cache_bytes: u64,
    /// The disk space in the temporary directory (`TMPDIR`) for parts of exports that clients have not received yet, in
    /// bytes; an export that needs more is aborted
    #[arg(long, env = "VKU_SPOOL_BYTES", default_value_t = SpoolSpace::DEFAULT_CAPACITY, global = true)]
    pub(crate) spool_bytes: u64,
    /// Whether webhooks may be sent to private and local addresses and by http, for receivers in an intranet: `true` or
    /// `false`. With `true`, whoever may create webhooks can have the server send requests into its own network
    #[arg(long, env = "VKU_WEBHOOK_ALLOW_PRIVATE", default_value_t = false, action = ArgAction::Set, global = true)]
    pub(crate) webhook_allow_private: bool,
    /// The log level, or a list of levels such as `info,vku_http=debug`
    #[arg(long, env = "VKU_LOG", default_value = "info", value_parser = log_filter, global = true)]
    pub(crate) log: String,
}

/// Parses the address to listen on. For a name, it is the first IPv4 address, which every client on this machine
/// tries.
fn listening(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let expected =
        || "expected an address or a name with a port, such as 127.0.0.1:8080 or localhost:8080".to_owned();
    let named = text.rsplit_once(':').is_some_and(|(name, port)| {
        !name.is_empty() && !name.contains([':', '/']) && port.parse::<u16>().is_ok()
    });
    if !named {
        return Err(expected());
    }
    let found: Vec<_> =
        text.to_socket_addrs().map_err(|_| format!("the name cannot be resolved; {}", expected()))?.collect();
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(expected)
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| one())
        .map_err(|_| "expected an address or a network such as 10.0.0.0/8".into())
}

/// Parses an origin, which must be written as browsers send it.
fn origin(text: &str) -> Result<String, String> {
    // Browsers do not send patterns.
    let origin = Url::parse(text.trim()).ok().filter(|_| !text.contains('*'));
    let origin = origin.filter(|url| ["http", "https"].contains(&url.scheme()));
    let origin = origin.map(|url| url.origin().ascii_serialization()).filter(|origin| origin == text.trim());
    origin.ok_or_else(|| {
        "expected an origin such as https://app.example.org, without a path or a trailing slash".into()
    })
}

fn log_filter(text: &str) -> Result<String, String> {
    // A single word that is not a level, such as a mistyped one, would be a target of which everything is logged.
    let levels = text.split(',').filter(|part| !part.contains('='));
    let known = levels.map(str::trim).all(|part| part.parse::<LevelFilter>().is_ok());
    match text.parse::<Targets>() {
        Ok(_) if known => Ok(text.to_owned()),
        _ => {
            Err("expected a level (error, warn, info, debug, trace) or a list such as info,sqlx=warn".into())
        }
    }
}

/// Parses a security contact: a web page or an e-mail address (RFC 9116, section 2.5.3).
fn security_contact(text: &str) -> Result<String, String> {
    let is_valid = match text.split_once(':') {
        Some(("mailto", address)) => address.parse::<Email>().is_ok(),
        Some(("https", _)) => text.parse::<WebUrl>().is_ok(),
        _ => false,
    };
    let wrong = "expected mailto:security@example.org or https://example.org/security";
    if is_valid { Ok(text.to_owned()) } else { Err(wrong.into()) }
}

/// Returns the content of a file without surrounding white space; `variable` is the variable that names the file.
fn read(variable: &str, file: &Path) -> Result<String, CliError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::new(format!("{variable}: {} cannot be read: {error}", file.display())))?;
    Ok(text.trim().to_owned())
}

impl Config {
    /// The database URL.
    pub(crate) fn database_url(&self) -> Result<String, CliError> {
        let default = || format!("sqlite://{}", self.data_dir.join("vku-partnerships.db").display());
        let url = match &self.database_url_file {
            Some(file) => read("VKU_DATABASE_URL_FILE", file)?,
            None => self.database_url.clone().unwrap_or_else(default),
        };
        let Some(file) = &self.database_password_file else { return Ok(url) };
        let misplaced = || {
            let sentence = "VKU_DATABASE_PASSWORD_FILE requires a URL without a password, such as \
                            postgres://user@host/database";
            CliError::new(sentence)
        };
        let mut url = Url::parse(&url).map_err(|_| misplaced())?;
        let postgres = ["postgres", "postgresql"].contains(&url.scheme());
        let password = read("VKU_DATABASE_PASSWORD_FILE", file);
        if !postgres || url.password().is_some() || url.set_password(Some(&password?)).is_err() {
            return Err(misplaced());
        }
        Ok(url.into())
    }

    /// The variable that determines the database.
    pub(crate) fn database_variable(&self) -> &'static str {
        match (&self.database_url_file, &self.database_url) {
            (Some(_), _) => "VKU_DATABASE_URL_FILE",
            (None, Some(_)) => "VKU_DATABASE_URL",
            (None, None) => "VKU_DATA_DIR",
        }
    }

    /// The mail server; `None` if none is configured.
    ///
    /// Errors: the URL or the sender is invalid.
    pub(crate) fn smtp(&self) -> Result<Option<Smtp>, CliError> {
        let (variable, url) = match &self.smtp_url_file {
            Some(file) => ("VKU_SMTP_URL_FILE", Some(read("VKU_SMTP_URL_FILE", file)?)),
            None => ("VKU_SMTP_URL", self.smtp_url.clone()),
        };
        let Some(url) = url else { return Ok(None) };
        let from = self.mail_from.as_deref().ok_or_else(|| {
            let who = "requires VKU_MAIL_FROM: the sender of e-mails, such as office@example.org";
            CliError::new(format!("{variable} {who}"))
        })?;
        let smtp = Smtp::new(&url, from);
        smtp.map(Some).map_err(|sentence| CliError::new(format!("{variable} or VKU_MAIL_FROM: {sentence}")))
    }

    /// The secret file.
    pub(crate) fn secret_file(&self) -> PathBuf {
        self.secret_file.clone().unwrap_or_else(|| self.data_dir.join("secret"))
    }

    /// The variable that determines the secret file.
    pub(crate) fn secret_variable(&self) -> &'static str {
        if self.secret_file.is_some() { "VKU_SECRET_FILE" } else { "VKU_DATA_DIR" }
    }

    /// The public URL of the service, without a trailing slash.
    ///
    /// Errors: it is not an http or https URL, or has more than a host and a port.
    pub(crate) fn public_url(&self) -> Result<String, CliError> {
        let url = self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.bind));
        let wrong = |why: &dyn std::fmt::Display| CliError::new(format!("VKU_PUBLIC_URL is invalid: {why}"));
        let url = url.parse::<WebUrl>().map_err(|fault| wrong(&fault.detail))?;
        let parsed = Url::parse(url.as_str()).map_err(|error| wrong(&error))?;
        let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
        if !bare || !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong(
                &"the URL must end with the host or port, such as https://partnerships.example.org; the service \
                  needs its own host name, and is not served below a path",
            ));
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }

    /// Logs warnings, once at the start, about what a public server still needs.
    pub(crate) fn warn(&self, demo: bool) {
        let is_public = self.public_url.as_ref().is_some_and(|url| url.starts_with("https:"));
        if is_public && self.trusted_proxies.is_empty() {
            tracing::warn!(
                "VKU_PUBLIC_URL is https, so there is a reverse proxy, but VKU_TRUSTED_PROXIES is not set: \
                 all clients share one address and one quota"
            );
        }
        if !demo && self.smtp_url.is_none() && self.smtp_url_file.is_none() {
            tracing::warn!("VKU_SMTP_URL is not set: e-mails are not sent and stay in the outbox");
        }
        #[cfg(unix)]
        if let Ok(folder) = std::fs::metadata(&self.data_dir) {
            let mode = std::os::unix::fs::PermissionsExt::mode(&folder.permissions()) & 0o7777;
            if mode & 0o077 != 0 {
                let (folder, mode) = (self.data_dir.display(), format!("{mode:04o}"));
                tracing::warn!(%folder, mode, "other users can access VKU_DATA_DIR: run `chmod 700` on the directory");
            }
        }
    }
}
