//! `serve`: the API, until it is asked to end.

use std::net::TcpListener;

use actix_web::web::Data;
use vku_http::export::Sheets;
use vku_http::kernel::cache::Responses;
use vku_http::kernel::context::{Shared, Site};
use vku_http::kernel::cors::Origins;
use vku_http::kernel::limit::Limit;
use vku_http::kernel::manners::{Manners, Patience};
use vku_http::kernel::throttle::SignIns;

use crate::config::Config;
use crate::ending::Ending;
use crate::{Failure, demo, open, worker};

/// Serves; with `demo`, an empty database is filled first.
pub(crate) async fn serve(config: &Config, demo: bool) -> Result<(), Failure> {
    let loopback = config.bind.ip().is_loopback();
    if demo && !loopback {
        return Err(Failure::new(format!(
            "`--demo` has accounts whose passwords everybody knows, so it does not listen on {}; set VKU_BIND to 127.0.0.1:8080",
            config.bind
        )));
    }
    // Bound before the database is touched: a port that is taken is told at once.
    let listener = TcpListener::bind(config.bind)
        .map_err(|error| Failure::new(format!("VKU_BIND: cannot listen on {}: {error}", config.bind)))?;
    let (store, keyring) = open::store(config).await?;
    if demo {
        demo::fill(&store).await?;
    } else if demo::has_accounts(&store).await? {
        return Err(Failure::new(
            "the database has demo accounts, whose passwords everybody knows; serve it with `--demo`, or add an \
             administrator of your own (`user add`) and disable them (`user disable`)",
        ));
    }
    let tokens = open::token_keys(config, keyring).await?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let address = listener.local_addr()?;
    let site = Site {
        public_url: config.public_url()?,
        security_contact: config.security_contact.clone(),
        reporter: config.iati_reporting_org.clone().unwrap_or_default(),
    };
    let shared = Data::new(Shared {
        store: store.clone(),
        tokens,
        sign_ins: SignIns::default(),
        responses: Responses::new(config.cache_bytes),
        proxies: config.trusted_proxies.clone(),
        site,
        manners: Manners {
            limit: Limit::of(config.rate_limit),
            origins: Origins::new(&config.cors_origins),
            patience: Patience::default(),
        },
        sheets: Sheets::up_to(config.xlsx_rows),
    });
    let server = vku_http::server(listener, shared, workers)?;
    let (end, ended) = tokio::sync::watch::channel(false);
    let mails = actix_web::rt::spawn(worker::mail::run(store.clone(), config.smtp()?, ended));
    // Before anybody is told that it serves: who is told may ask it to end.
    let (ending, handle) = (Ending::watch()?, server.handle());
    actix_web::rt::spawn(async move { handle.stop(ending.asked().await).await });
    config.warn(demo);
    tracing::info!(%address, database = store.database().kind(), "serving");
    if demo {
        demo::welcome(&store, address).await?;
    }
    server.await?;
    // The mail that is under way is finished, so that nobody gets it twice.
    end.send_replace(true);
    mails.await.map_err(|error| Failure::new(format!("the sending of mails broke off: {error}")))?;
    tracing::info!("ended");
    let database = store.database().clone();
    database
        .close()
        .await
        .map_err(|error| Failure::new(format!("the database did not close cleanly: {error}")))
}
