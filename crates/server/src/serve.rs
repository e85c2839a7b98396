//! `serve`: serves the API until a shutdown is requested.

use std::net::TcpListener;

use actix_web::web::Data;
use vku_http::kernel::cache::ResponseCache;
use vku_http::kernel::config::{HttpConfig, StreamLimits, Timeouts};
use vku_http::kernel::cors::Origins;
use vku_http::kernel::event_streams::EventStreams;
use vku_http::kernel::limits::login_throttle::LoginThrottle;
use vku_http::kernel::limits::mail_throttle::MailThrottle;
use vku_http::kernel::limits::rate_limit::RateLimiter;
use vku_http::kernel::outbound::TargetPolicy;
use vku_http::kernel::state::{AppState, SiteConfig};
use vku_transfer::export::XlsxLimits;
use vku_transfer::export::spool::SpoolSpace;

use crate::config::Config;
use crate::shutdown::Shutdown;
use crate::{CliError, bootstrap, demo, worker};

/// Serves the API; with `demo`, an empty database is filled first.
pub(crate) async fn serve(config: &Config, demo: bool) -> Result<(), CliError> {
    let loopback = config.bind.ip().is_loopback();
    if demo && !loopback {
        return Err(CliError::new(format!(
            "`--demo` creates accounts with publicly known passwords, so the server does not listen on {}; \
             set VKU_BIND to 127.0.0.1:8080",
            config.bind
        )));
    }
    // Bound before the database is opened, so that a port that is in use is reported at once.
    let listener = TcpListener::bind(config.bind)
        .map_err(|error| CliError::new(format!("VKU_BIND: cannot listen on {}: {error}", config.bind)))?;
    let (store, keyring) = bootstrap::store(config).await?;
    if demo {
        demo::fill(&store, demo::Extent::Everything).await?;
    } else if demo::has_accounts(&store).await? {
        return Err(CliError::new(
            "the database contains demo accounts with publicly known passwords; serve it with `--demo`, or \
             add your own administrator (`user add`) and disable the demo accounts (`user disable`)",
        ));
    }
    let tokens = bootstrap::token_keys(config, keyring).await?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let address = listener.local_addr()?;
    let site = SiteConfig {
        public_url: config.public_url()?,
        security_contact: config.security_contact.clone(),
        reporter: config.iati_reporting_org.clone().unwrap_or_default(),
    };
    let webhook_targets = TargetPolicy::new(config.webhook_allow_private);
    let shared = Data::new(AppState {
        store: store.clone(),
        tokens,
        login_throttle: LoginThrottle::default(),
        mail_throttle: MailThrottle::default(),
        responses: ResponseCache::new(config.cache_bytes),
        streams: EventStreams::default(),
        proxies: config.trusted_proxies.clone(),
        site,
        http_config: HttpConfig {
            limit: RateLimiter::of(config.rate_limit),
            origins: Origins::new(&config.cors_origins),
            timeouts: Timeouts::default(),
            spool: SpoolSpace::of(config.spool_bytes),
            streams: StreamLimits::default(),
            webhook_targets: webhook_targets.clone(),
        },
        sheets: XlsxLimits::limited_to(config.xlsx_rows),
    });
    let server = vku_http::server(listener, shared.clone(), workers)?;
    let (end, ended) = tokio::sync::watch::channel(false);
    let mails = actix_web::rt::spawn(worker::mail::run(store.clone(), config.smtp()?, ended.clone()));
    let client = worker::webhook::Client::new(webhook_targets);
    let webhooks = actix_web::rt::spawn(worker::webhook::run(store.clone(), client, ended));
    let stored_json = actix_web::rt::spawn(store.clone().write_json_in_background());
    // Before the server is reported as serving, because the shutdown may be requested right after.
    let (ending, handle) = (Shutdown::watch()?, server.handle());
    actix_web::rt::spawn(async move {
        let is_graceful = ending.requested().await;
        // A graceful stop waits for open streams.
        shared.streams.close();
        handle.stop(is_graceful).await;
    });
    config.warn(demo);
    tracing::info!(%address, database = store.database().kind(), "serving");
    if demo {
        demo::welcome(&store, address).await?;
    }
    server.await?;
    // JSON that is not written now is written by the next process.
    stored_json.abort();
    // The e-mail and the events that are being sent are finished, so that nobody receives them twice.
    end.send_replace(true);
    mails.await.map_err(|error| CliError::new(format!("sending e-mails was aborted: {error}")))?;
    webhooks.await.map_err(|error| CliError::new(format!("delivering to webhooks was aborted: {error}")))?;
    tracing::info!("stopped");
    let database = store.database().clone();
    database
        .close()
        .await
        .map_err(|error| CliError::new(format!("the database did not close cleanly: {error}")))
}
